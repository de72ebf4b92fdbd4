"""One report of one quarter: count, protect, attack. Nobody can see anything in between.

The program itself counts people, on a connection of its own. Only figures that survive the attack are stored: as a
draft that nobody can change, which waits for its signatures (`release_signing.py`). A refusal leaves only the audit
entry. No count and no code of a person reaches a log or an error.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC
from typing import Any

from sqlalchemy.orm import Session

from nrm import audit, clock
from nrm.db import db
from nrm.domain.accounts.accounts import Actor
from nrm.domain.quarters import Quarter
from nrm.domain.reports import reports as rules
from nrm.domain.reports import tabulation, year
from nrm.domain.reports.filings import figures_of, records
from nrm.domain.reports.register import Answer
from nrm.domain.reports.report_list import MAIN, FiledReport, Report
from nrm.domain.reports.reports import Window
from nrm.models.reports.filings import SEALED
from nrm.models.reports.reports import ReleaseDraft
from nrm.render import reports as render
from nrm.statistics.tables import MalformedMicrodata, TableSet
from nrm.store import days
from nrm.store.countries import country
from nrm.store.reports import contributions
from nrm.store.reports import counting as counts
from nrm.store.reports import register as register_store
from nrm.store.reports import reports as store
from nrm.store.reports.ways_of_counting import COUNTING
from nrm.store.rows.accounts import accounts as account_rows
from nrm.store.rows.reports import register as register_rows
from nrm.store.rows.reports import reports as report_rows
from nrm.store.shelter import payment_lines
from nrm.vault import filings, signing

Progress = Callable[[str], None]
RELEASE = Actor.system("release")


class CannotTabulate(Exception):
    """A record does not fit the country's tables; the argument is the dimension, and nothing of the record."""


@dataclass(frozen=True, slots=True)
class Released:
    """The figures are stored and wait for signatures, or the report is published; `already`: it was so before."""

    step: str
    already: bool = False


@dataclass(frozen=True, slots=True)
class ReportRefused:
    """The figures did not survive the attack: nothing was stored. `findings` are (table, scenario, guarantee)."""

    findings: tuple[rules.Finding, ...]


@dataclass(frozen=True, slots=True)
class Waits:
    """Too few people for a release of their own: they will be published with the quarters that follow."""


ReportOutcome = Released | ReportRefused | Waits


@dataclass(frozen=True, slots=True)
class _Counted:
    """One report before it is protected; never leaves this module.

    `present`: who is still there, by case. `filed`: the filings that were counted.
    """

    rows: list[tabulation.Row]
    history: list[dict[str, Any]]
    last_id: uuid.UUID | None
    present: dict[str, tabulation.Row] = field(default_factory=dict)
    filed: frozenset[uuid.UUID] = frozenset()


@dataclass(frozen=True, slots=True)
class Built:
    """What came of one report and is to be recorded: figures that survived the attack, a refusal, or that it waits.

    Exactly one of `draft`, `verdict` and neither (it waits) is there. `payment` are lines of nights, for report ix.
    """

    report: Report | FiledReport
    quarter: Quarter
    window: Window
    counted: _Counted
    draft: Any = None
    verdict: Mapping[str, Any] | None = None
    payment: Sequence[Any] = ()


def build(report: Report | FiledReport, quarter: Quarter, *, by: Actor, tell: Progress) -> Built | ReportOutcome | None:
    """Count, protect and attack one report. The caller holds the lock and has checked who asks and which quarter it is.

    Takes seconds to minutes and holds no transaction open; what it gives as `Built` is written down by `record`. An
    outcome: it was so before. None: no release of this report ends with the quarter. Raises CannotTabulate.
    """
    # Two solvers and their numerics are slow to import and need much memory: import them only to close a quarter.
    from nrm.statistics import release as statistics
    from nrm.statistics.one_person import FEWEST
    from nrm.statistics.verdicts import Refused

    table_set = country().tables[report.name]
    lines = store.releases(by=by, report=report.name)
    for line in lines:
        if line.first_quarter <= quarter <= line.quarter:
            return Released(line.step, already=True)
    waiting = report_rows.draft(report.name)
    if waiting is not None:
        return Released(waiting.step, already=True) if waiting.quarter == str(quarter) else None
    before = store.attempt(quarter, by=by, report=report.name)
    released = [Window(line.first_quarter, line.quarter) for line in lines]
    window, may_wait = rules.window_ending(quarter, table_set.windows, released)
    invented = account_rows.instance().synthetic
    db.session.rollback()  # nothing is held open while the figures are worked on
    if window is None or any(line.quarter > quarter for line in lines):
        return None
    if before is not None and before[0] == "waits":
        return Waits()
    if isinstance(report, FiledReport) and not _is_filed(report, window):
        return None
    counted = _count(report, window, table_set)
    try:
        draft = statistics.make(
            table_set,
            counted.rows,
            seed=signing.secret_seed(),
            history=counted.history,
            linked_reports=_linked_reports(table_set, window),
            quarters=_quarters_of_year(table_set, window, counted.rows),
            told_elsewhere=[
                store.told_of_one_person(name, window, by=RELEASE)
                for name in sorted({*(link.report for link in table_set.linked), table_set.quarters_of} - {""})
            ],
            people=FEWEST if invented else None,
            progress=tell,
        )
    except MalformedMicrodata as error:
        raise CannotTabulate(error.dimension) from None
    if may_wait and (isinstance(draft, Refused) or draft.step == "total"):
        return Built(report, quarter, window, counted)
    if isinstance(draft, Refused):
        return Built(report, quarter, window, counted, verdict=draft.verdict.public())
    payment = payment_lines.lines(window.last, by=RELEASE) if report is MAIN else ()
    return Built(report, quarter, window, counted, draft=draft, payment=payment)


def record(session: Session, built: Built, *, by: Actor) -> ReportOutcome:
    """Write down what came of a report, in the caller's transaction. Raises BeingClosed if it was closed meanwhile.

    After figures of a filed report `shredding.work_off` must follow: the filings that were counted are destroyed.
    """
    if built.draft is not None:
        return _keep(session, built, by)
    if built.verdict is not None:
        return _refuse(session, built.report.name, built.quarter, built.verdict, by)
    # Recorded, so that nobody can repeat the random decision until it turns out differently.
    audit.append(session, audit.Event.QUARTER_WAITS, by=by, report=built.report.name, quarter=str(built.quarter))
    return Waits()


def _keep(session: Session, built: Built, by: Actor) -> Released:
    report, window, draft, counted = built.report, built.window, built.draft, built.counted
    released_at = clock.now().astimezone(UTC).replace(microsecond=0)
    if isinstance(report, FiledReport):
        register_rows.hold(session)
    last = report_rows.last_release(report.name)
    if (last.id if last else None) != counted.last_id or report_rows.draft(report.name) is not None:
        raise rules.BeingClosed
    if isinstance(report, FiledReport):
        _destroy_filed(session, report, window, counted.filed)
    late = _silent(report, window, by)
    value = render.tables_of(
        released_at.isoformat(),
        window,
        report.name,
        draft.tables,
        country().tables[report.name],
        no_report_from=late,
        confirmed=contributions.confirmations(report, window, by=by) if isinstance(report, Report) else (),
        # Where only a total is published there are no tables that could be missed.
        not_recorded=country().tables[report.name].unrecorded if draft.step != "total" else (),
    )
    kept = {"value": value, "memory": {"kept": draft.kept, "present": counted.present}}
    row = ReleaseDraft(
        id=uuid.uuid4(),
        report=report.name,
        quarter=str(window.last),
        first_quarter=str(window.first),
        released_at=released_at,
        step=draft.step,
        verdict=draft.verdict.public(),
        sealed_draft=signing.seal_memory(kept, "draft", report.name, str(window.last)),
    )
    session.add_all([row, *built.payment])
    audit.append(
        session,
        audit.Event.QUARTER_CLOSED,
        by=by,
        report=report.name,
        quarter=str(window.last),
        step=draft.step,
        release_id=row.id,
    )
    return Released(draft.step)


def _is_filed(report: FiledReport, window: Window) -> bool:
    """Whether there is something to count: something is filed, and what is not is late."""
    found = register_store.filed_for(report.name, window, by=RELEASE)
    table, today = country().register.tables[report.name], days.today()
    for quarter in window.quarters:
        if quarter not in found and not table.days_late(Quarter.parse(quarter), today):
            return False
    return any(row.answer == SEALED for row in found.values())


def _destroy_filed(session: Session, report: FiledReport, window: Window, counted: frozenset[uuid.UUID]) -> None:
    """What was counted is not kept: the figures stand. Raises BeingClosed when something was filed since."""
    found = register_store.filed_for(report.name, window, by=RELEASE).values()
    if {row.id for row in found} != counted:
        raise rules.BeingClosed
    for row in found:
        if row.answer == SEALED:
            filings.destroy(session, row.id)


def _silent(report: Report | FiledReport, window: Window, by: Actor) -> tuple[str, ...]:
    """Who contributes to the report and did not for each of its quarters."""
    if isinstance(report, Report):
        return contributions.silent(report, window, by=by)
    found = register_store.filed_for(report.name, window, by=RELEASE)
    answered = [quarter in found and found[quarter].answer != Answer.NO_REPORT for quarter in window.quarters]
    return () if all(answered) else (country().register.tables[report.name].filed_by,)


def _filed_rows(report: FiledReport, window: Window) -> tuple[list[tabulation.Row], frozenset[uuid.UUID]]:
    """(one row per person of what was filed, the filings); what is not sealed has no figures."""
    table = country().register.tables[report.name]
    rows: list[tabulation.Row] = []
    found = register_store.filed_for(report.name, window, by=RELEASE)
    for quarter, row in found.items():
        filings.check(row)
        if row.answer == SEALED:
            value = filings.open_sealed(db.session(), row, by=RELEASE)
            rows += records(table, figures_of(value["figures"], table), quarter)
    return rows, frozenset(row.id for row in found.values())


def _count(report: Report | FiledReport, window: Window, table_set: TableSet) -> _Counted:
    by = Actor.system("release")
    memories = store.memories(by=by, report=report.name)
    opened = [signing.open_memory(memory.sealed, report.name, memory.quarter) for memory in memories]
    last = report_rows.last_release(report.name)
    last_id = last.id if last else None
    # Figures of half a year say nothing of what a quarter is expected to be.
    lines = store.releases(by=by, report=report.name)
    alike = rules.of_same_length(window, [Window(line.first_quarter, line.quarter) for line in lines])
    history = [value["kept"] for memory, value in zip(memories, opened, strict=True) if memory.quarter in alike]
    if isinstance(report, FiledReport):
        rows_of, counted_filings = _filed_rows(report, window)
        db.session.rollback()
        return _Counted(rows_of, history, last_id, filed=counted_filings)
    db.session.rollback()
    with db.engine.connect() as connection:
        if report.goes_on:
            before = opened[-1]["present"] if opened else None
            people = counts.people(connection, window.last, also=[uuid.UUID(key) for key in before or ()], by=by)
            rows = tabulation.tabulate(people, window.last, _classification(table_set), before)
            return _Counted([row for _, row in rows], history, last_id, tabulation.still_there(rows))
        codes = {
            name: (*table_set.dimensions[name].codes, *table_set.dimensions[name].recode) for name in table_set.roots
        }
        rows_of = COUNTING[report](connection, window.first, window.last, codes, by=by)
    return _Counted(rows_of, history, last_id)


def _linked_reports(table_set: TableSet, window: Window) -> list[Any]:
    """The releases of other reports on people who may be the same, if they cover exactly these quarters.

    It may be one release, or several for the quarters in turn; signed or not yet.
    """
    from nrm.statistics.attack import figures_of
    from nrm.statistics.printed import at_step
    from nrm.statistics.reading import LinkedReleases

    found = []
    for link in table_set.linked:
        other = country().tables[link.report]
        releases = {
            each: (at_step(other.of_release(tables), step), tables)
            for each, step, tables in _standing(link.report)
            if each.first in window and each.last in window
        }
        if {quarter for each in releases for quarter in each.quarters} == set(window.quarters):
            found.append(
                LinkedReleases(link, tuple((tables_of, figures_of(other, t)) for tables_of, t in releases.values()))
            )
    db.session.rollback()
    return found


def _quarters_of_year(table_set: TableSet, window: Window, rows: Sequence[tabulation.Row]) -> list[Any]:
    """The releases of the quarters of a year that count the same people, signed or not yet; none for other reports."""
    from nrm.statistics.attack import figures_of
    from nrm.statistics.printed import at_step
    from nrm.statistics.quarters_of_year import QuarterOfYear

    if not table_set.quarters_of:
        return []
    other, found = country().tables[table_set.quarters_of], {}
    for each, step, tables in _standing(table_set.quarters_of):
        if each.first == each.last and each.last in window:
            name = str(each.last)
            held = year.states(rows, name)
            found[name] = QuarterOfYear(name, at_step(other.of_release(tables), step), figures_of(other, tables), held)
    db.session.rollback()
    return [found[name] for name in sorted(found)]


def _standing(report: str) -> Iterator[tuple[Window, str, list[dict[str, Any]]]]:
    """(quarters, step, tables) of every release of a report, and of its draft."""
    for line in store.releases(by=RELEASE, report=report):
        content = store.release_file(line.quarter, "json", by=RELEASE, report=report)
        yield Window(line.first_quarter, line.quarter), line.step, rules.filled(json.loads(content))
    draft = report_rows.draft(report)
    if draft is not None:
        kept = signing.open_memory(draft.sealed_draft, "draft", report, draft.quarter)
        quarters = Window(Quarter.parse(draft.first_quarter), Quarter.parse(draft.quarter))
        yield quarters, draft.step, rules.filled(kept["value"])


def _classification(table_set: TableSet) -> tabulation.Classification:
    nationality, sex = table_set.dimensions["nationality"], table_set.dimensions["sex"]
    return tabulation.Classification(
        home=country().iso,
        nationalities=frozenset(nationality.codes),
        countries=frozenset(table_set.dimensions["country_of_trafficking"].codes),
        groups={code: group for group, codes in nationality.groups.items() for code in codes},
        genders=sex.recode,
    )


def _refuse(session: Session, report: str, quarter: Quarter, verdict: Mapping[str, Any], by: Actor) -> ReportRefused:
    findings = tuple((each["table"], each["scenario"], each["guarantee"]) for each in verdict["findings"])
    audit.append(
        session,
        audit.Event.QUARTER_REFUSED,
        by=by,
        report=report,
        quarter=str(quarter),
        findings=rules.findings_code(findings),
    )
    return ReportRefused(findings)
