"""What a draft of the agreement would have done with the cases of past quarters; published like any statistic.

A proposal is simulated before the Minister of State approves it: by the coordinator from the page (`begin_trial`), or
by a person who runs `nrm mou simulate` on the same text.

Decided in ADR 0014, ADR 0096, ADR 0110 and ADR 0126.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from nrm import audit, clock, extras
from nrm.countries import draft_of
from nrm.db import db, transaction
from nrm.domain.accounts.accounts import Actor, NotPermitted, Permission
from nrm.domain.agreement import agreement_simulation as rules
from nrm.domain.agreement.agreement_versions import TRIED, IllegalVersionStep, VersionStatus, VersionStepRefusal
from nrm.domain.agreement.agreements import Agreement
from nrm.domain.quarters import Quarter, UnreadableQuarter
from nrm.domain.reports.report_list import MAIN
from nrm.domain.reports.reports import Window, bits_told
from nrm.models.agreement.agreements import AgreementVersion
from nrm.statistics import description as statistics
from nrm.statistics.tables import SIZES, TOTAL
from nrm.steps import background
from nrm.store.agreement import agreement_simulation as store
from nrm.store.agreement import agreement_versions as versions
from nrm.store.countries import country
from nrm.store.reports import reports
from nrm.store.rows.agreement import agreement_versions as agreement_version_rows
from nrm.vault import agreements as vault
from nrm.vault import signing

MOST_QUARTERS = 4
MOST_TRIALS = 5
"""How many proposals can be tried from the page over quarters with the same end. Each answer adds new noise to the same
people, and the mean of many answers would remove the noise."""


class TextChanged(Exception):
    """The text that is tried was changed or withdrawn meanwhile: what the trial finds would be of a text that nobody
    can approve."""


class NoWholeQuarter(Exception):
    """The period holds no quarter that is over, or more than can be protected together."""


@dataclass(frozen=True, slots=True)
class Simulated:
    """The protected tables (`{"name", "dimensions", "rows"}`) of the days `first` to `last`, and how fine they are.
    `enough`: where nothing but the number in all is told, how many people would have to be printed for more; 0 where
    more than that are there already."""

    first: date
    last: date
    step: str
    tables: tuple[dict[str, Any], ...]
    one_person: Mapping[str, float] = field(default_factory=dict)
    enough: int = 0

    def to_json(self) -> dict[str, Any]:
        """As it is printed, and kept with a proposal. Those kept before it was tried lack `one_person`."""
        tables = [{name: table[name] for name in ("name", "dimensions", "rows")} for table in self.tables]
        said = {"from": self.first.isoformat(), "to": self.last.isoformat(), "step": self.step, "tables": tables}
        return said | {"one_person": dict(self.one_person)} | ({"enough": self.enough} if self.enough else {})


@dataclass(frozen=True, slots=True)
class Withheld:
    """No tables could be made that survive the attack."""

    first: date
    last: date

    def to_json(self) -> dict[str, Any]:
        """As it is kept with a proposal: without a figure."""
        return {"from": self.first.isoformat(), "to": self.last.isoformat(), "step": "withheld", "tables": []}


def whole_quarters(first: date, last: date, today: date) -> tuple[date, date]:
    """(first day, last day) of the quarters that the days touch and that are over; raises NoWholeQuarter.

    Only whole quarters are simulated: two periods that differ by a week would reveal who came in that week.
    """
    try:
        start, end = Quarter.of(first), min(Quarter.of(last), Quarter.of(today).previous)
    except UnreadableQuarter:
        raise NoWholeQuarter("a year has four digits and lies before 3000") from None
    if end < start:
        raise NoWholeQuarter("no quarter of this period is over")
    if 4 * (end.year - start.year) + end.number - start.number >= MOST_QUARTERS:
        raise NoWholeQuarter(f"at most {MOST_QUARTERS} quarters can be simulated together")
    return start.start, end.end


def simulate(
    draft: Agreement,
    first: date,
    last: date,
    *,
    by: Actor,
    text: str = "",
    progress: Callable[[str], None] = lambda _: None,
    part: Callable[[int, int], None] = lambda _, __: None,
) -> Simulated | Withheld:
    """Route the cases of the period under the draft, whose text is `text`; `part` is told how far it is.

    The figures are attacked together with those that were kept of other drafts over the same quarters, and of the same
    nights in other quarters. Where nothing but the number in all can be told with the nights of `windows`, fewer nights
    are told of (ADR 0126). Raises NotPermitted (a person), NoWholeQuarter.
    """
    extras.needed()
    # The solvers take long to import and much memory.
    from nrm.statistics import linked_reports, release
    from nrm.statistics.printed import history_of
    from nrm.statistics.verdicts import Draft, Refused

    first, last = whole_quarters(first, last, clock.today(country().timezone))
    progress("reading the cases")
    windows = rules.windows(first, last)
    part(1, 1 + len(windows))
    past = store.past(first, last, country(), by=by)
    places = store.places(last, by=by)
    texts = {each.version: each for each in country().agreements}
    placed = rules.simulate(draft, past, texts, places, first, last, progress)
    receiving = [code for code, party in draft.parties.items() if party.competence is not None]
    parties = list(dict.fromkeys([*receiving, *places, *(stay.party for case in past for stay in case.stays)]))
    quarters = Window(Quarter.of(first), Quarter.of(last))
    others = [each for each in agreement_version_rows.simulations(besides=text) if quarters.meets(_quarters(each))]
    told = [reports.told_of_one_person(MAIN.name, quarters, by=reports.RELEASE), *map(bits_told, others)]

    def make(nights: Sequence[date], together: Collection[str]) -> Draft | Refused:
        printed = []
        for each in others:
            if _quarters(each) == quarters:
                names, rest = rules.happened_names(nights), ""
            else:  # of other people, too: but a night that both tell of is the same night
                names, rest = rules.night_names(nights), rules.ELSEWHERE
            found = linked_reports.printed_of_the_same("simulation", each["tables"], names, rest=rest)
            printed += [found] if found is not None else []
        return release.make(
            statistics.parse(rules.tables(parties, nights, together)),
            rules.rows(placed, parties, nights, together),
            seed=signing.repeatable_seed(
                "simulation", repr(draft), first.isoformat(), last.isoformat(), *sorted(together)
            ),
            # What happened is the same for every draft: its figures stay as they were printed, as far as they can.
            history=[history_of(_last_printed(printed, others))] if printed else [],
            linked_reports=printed,
            told_elsewhere=told,
            progress=progress,
        )

    for number, nights in enumerate(windows, start=1):
        progress(f"nights: {len(nights)}")
        part(1 + number, 1 + len(windows))
        made = make(nights, frozenset())
        few = isinstance(made, Draft) and rules.counted_together(_figures(made.tables, "simulated"))
        made = make(nights, few) if few else made
        says_more = isinstance(made, Draft) and any(table["dimensions"] for table in made.tables)
        if says_more:
            break
    if isinstance(made, Refused):
        return Withheld(first, last)
    late = _figures(made.tables, "late_simulated")
    hidden = ["late_simulated"] if min(late.values(), default=0) < rules.FEWEST else []
    tables = tuple(table for table in made.tables if table["dimensions"] != hidden or not hidden)
    enough = SIZES[1] if not says_more and _total(made.tables) < SIZES[1] else 0
    return Simulated(first, last, made.step, tables, made.verdict.one_person.to_json(), enough)


def _last_printed(printed: Sequence[Any], others: Sequence[Mapping[str, Any]]) -> dict[Any, int]:
    """Of each figure of what happened, what was printed last; the number in all is that of the last simulation, which
    the next one keeps where it is near the truth, whoever is counted."""
    found: dict[Any, int] = {}
    for each in printed:
        found |= each.releases[0][1]
    return {**found, (): _total(next(each["tables"] for each in reversed(others) if each["tables"]))}


def _total(tables: Sequence[Mapping[str, Any]]) -> int:
    """The number in all; every table has it."""
    return next(
        int(row["value"]) for row in tables[0]["rows"] if all(row[name] == TOTAL for name in tables[0]["dimensions"])
    )


def _figures(tables: Sequence[Mapping[str, Any]], dimension: str) -> dict[str, int]:
    """The printed figures of a dimension by itself; none where it is not printed."""
    found = next((table for table in tables if dimension in table["dimensions"]), None)
    if found is None:
        return {}
    others = [name for name in found["dimensions"] if name != dimension]
    return {
        row[dimension]: row["value"]
        for row in found["rows"]
        if row[dimension] != TOTAL and all(row[name] == TOTAL for name in others)
    }


def _quarters(simulation: Mapping[str, Any]) -> Window:
    """The quarters of a simulation that was kept."""
    first, last = (Quarter.of(date.fromisoformat(simulation[key])) for key in ("from", "to"))
    return Window(first, last)


def begin_trial(*, version: str, by: Actor, quarters: int = MOST_QUARTERS) -> None:
    """Simulate a proposal over the last `quarters` that are over, in the background of this process. The result is
    kept with the proposal.

    Raises IllegalVersionStep (`state`; `tries`: too many were tried), background.Busy, NotVisible, CannotOpen,
    NoWholeQuarter.
    """
    by.must(Permission.AGREEMENT_MANAGE)
    extras.needed()
    if not 1 <= quarters <= MOST_QUARTERS:
        raise NoWholeQuarter(f"at most {MOST_QUARTERS} quarters can be simulated together")
    row = versions.version(version, by=by)
    vault.check_version(row)
    first, last = last_quarters(quarters)
    if row.status != VersionStatus.PROPOSED or row.simulation is not None:
        raise IllegalVersionStep(VersionStepRefusal.STATE)
    if not may_be_tried():
        raise IllegalVersionStep(VersionStepRefusal.TRIES)
    text = row.text
    held = background.lock()
    db.session.rollback()  # nothing is held open while the figures are worked on
    background.go_on(
        lambda: try_text(text, first, last, lambda part, of: background.tell(held, part, of)),
        name_of_trial(version, vault.digest(text)),
        held,
    )


def may_be_tried() -> bool:
    """Whether another proposal can be tried: fewer than MOST_TRIALS were over quarters that end as the last one did."""
    _, last = last_quarters(1)
    return agreement_version_rows.tried_until(last) < MOST_TRIALS


def is_under_way(version: str, digest: str = "") -> bool:
    """Whether the version is being tried now, as the text with this digest, or without one as any text of its."""
    if not digest:
        return background.what().startswith(name_of_trial(version, "").removesuffix(")"))
    return background.what() == name_of_trial(version, digest)


def name_of_trial(version: str, digest: str) -> str:
    """How the long work is called that tries a text of a version."""
    return f"simulating {version} ({digest[:12]})"


def last_quarters(number: int) -> tuple[date, date]:
    """The first and the last day of that many quarters that are over."""
    end = start = Quarter.of(clock.today(country().timezone)).previous
    for _ in range(number - 1):
        start = start.previous
    return start.start, end.end


def try_text(text: str, first: date, last: date, part: Callable[[int, int], None] = lambda _, __: None) -> None:
    """Simulate a text and keep the result with the proposals that have this text; for the program itself. It ends
    without one where no proposal has the text any more: another one can be tried then."""

    def go_on(*_: object) -> None:
        if not agreement_version_rows.is_there(text):
            raise TextChanged

    def next_part(number: int, of: int) -> None:
        go_on()
        part(number, of)

    draft = draft_of(text, country(), "")
    try:
        made = simulate(draft, first, last, by=store.SIMULATION, text=text, progress=go_on, part=next_part)
    except TextChanged:
        return
    keep(text=text, simulated=made.to_json(), by=store.SIMULATION)


def keep(*, text: str, simulated: dict[str, Any], by: Actor) -> str | None:
    """Keep the result of a simulation with the proposal that has this text; its version, None where there is none."""
    if by.member_id is not None:
        raise NotPermitted
    text = text.replace("\r\n", "\n")
    for row, version in agreement_version_rows.with_text(text):
        with transaction() as session:
            kept = session.get(AgreementVersion, row, with_for_update=True, populate_existing=True)
            if kept is None or kept.text != text:
                continue  # changed since it was looked for: this is no trial of what is there now
            kept.simulation = {**simulated, TRIED: vault.digest(text)}
            audit.append(session, audit.Event.AGREEMENT_SIMULATED, by=by, version_id=row)
        return version
    return None
