"""Make a release: round, attack, try who comes and leaves, and print less until nothing is found; or refuse.

`make` never returns figures that did not survive the gate for differences (`one_person.py`) and the attack
(`attack.py`). Each step is drawn until a draft survives or its draws are used up, the one with most detail
first. What is needed from one release to the next is `Draft.kept`, a JSON-able value: the printed figures and nothing
else (ADR 0079).
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from nrm.statistics import sums
from nrm.statistics.attack import Audit, Finding, PrintedSums, audit
from nrm.statistics.cells import Layout, lay_out
from nrm.statistics.next_rounding import NextRoundings
from nrm.statistics.one_person import NOTHING_TOLD, Method, NoNextRelease, OnePerson, examine
from nrm.statistics.printed import FORMAT, STEPS, at_step, in_people, in_units, read_history, render, scaled
from nrm.statistics.protect import (
    NOTHING_PRINTED,
    CannotRound,
    Figures,
    round_jointly,
    round_total,
    secret_stream,
)
from nrm.statistics.quarters_of_year import (
    QuarterOfYear,
    YearWithQuarters,
    few,
    last_printed,
    people_of,
    printed_alike,
)
from nrm.statistics.reading import EarlierRelease, LinkedReleases, Record
from nrm.statistics.tables import BASE, TOTAL, Cell, TableSet
from nrm.statistics.verdicts import Draft, Refused, Verdict, mean_error_non_empty

DRAWS, FEWEST_DRAWS = 20, 3
WORK = 20_000  # figures drawn at one step: a step of so many figures or more has fewer draws
OF_YEAR = 5  # to attack a year with its quarters is so much more work

Rows = Sequence[Mapping[str, str]]


def make(
    table_set: TableSet,
    microdata: Rows,
    *,
    seed: bytes,
    history: Sequence[Mapping[str, Any]] = (),
    linked_reports: Sequence[LinkedReleases] = (),
    quarters: Sequence[QuarterOfYear] = (),
    sample: int | None = None,
    told_elsewhere: Sequence[float] = (),
    people: int | None = None,
    progress: Callable[[str], None] | None = None,
    open_questions: Callable[[int], None] | None = None,
) -> Draft | Refused:
    """Protect one release. `history` holds the kept values of the releases before, the oldest first; `linked_reports`
    holds releases of other reports on people who may be the same; `quarters` those of the quarters of a year, if this
    is a release of the whole year. `told_elsewhere`: what other releases on these people tell of one person (`p95_bits`
    of their verdicts). `people`: see `one_person.examine`.

    A record maps dimensions to codes and may name its `person` (opaque: records of one person are counted once).
    `progress` is told what is being done, never a number; `open_questions` how many questions the attack has left,
    which is for the statistician's own tool. With `sample` the attack asks about at most so many groups and so many
    records, if more are open; the verdict says so. Raises MalformedMicrodata and MalformedHistory.
    """
    started = time.monotonic()
    tell = progress or (lambda _: None)
    records, persons = table_set.records(microdata)
    last, earlier = read_history(history)
    maker = _Maker(table_set, records, seed, last, earlier, linked_reports, told_elsewhere, tell)
    maker.amounts, maker.sums_before = table_set.amounts(microdata), sums.of_history(history)
    maker.year = YearWithQuarters.of(quarters, persons) if quarters else None
    maker.sample, maker.open_questions, maker.people = sample, open_questions, people
    made = maker.run()
    return maker.finish(made, time.monotonic() - started)


@dataclass(frozen=True)
class _Made:
    step: str
    layout: Layout
    figures: dict[Cell, int]
    tables: tuple[dict[str, Any], ...]
    audit: Audit
    one_person: OnePerson
    sums: tuple[PrintedSums, ...] = ()
    added: Mapping[str, Figures] = field(default_factory=dict)  # the sums in units, by column


class _Maker:
    def __init__(
        self,
        table_set: TableSet,
        records: list[tuple[str, ...]],
        seed: bytes,
        last: Figures,
        earlier: tuple[EarlierRelease, ...],
        linked_reports: Sequence[LinkedReleases],
        told_elsewhere: Sequence[float],
        tell: Callable[[str], None],
    ) -> None:
        self.table_set, self.records = table_set, records
        self.seed, self.last, self.earlier, self.tell = seed, last, earlier, tell
        self.linked_reports, self.told_elsewhere = linked_reports, told_elsewhere
        self.sample: int | None = None
        self.people: int | None = None
        self.amounts: Mapping[str, Sequence[int]] = {}
        self.sums_before: tuple[sums.SumsPrinted, ...] = ()
        self.year: YearWithQuarters | None = None
        self.open_questions: Callable[[int], None] | None = None
        self.attempts: list[tuple[str, str]] = []
        self.findings: tuple[Finding, ...] = ()
        self.scenarios: Mapping[str, bool] = {}
        self.one_person = NOTHING_TOLD

    def run(self) -> _Made | None:
        """Try the steps, the finest tables first; None when none survives."""
        # The total is drawn once: a total that changed with the attempts would say something about them.
        total = round_total(len(self.records), secret_stream(self.seed, "total"), self.last)
        widest = self.table_set.ways_for(BASE * total)
        widest = min(widest, max(len(table.by) for table in self.table_set.tables))
        for step, ways, _ in STEPS:
            if ways > widest:
                continue
            layout = lay_out(at_step(self.table_set, step))
            work = WORK if self.year is None else WORK // OF_YEAR
            draws = max(FEWEST_DRAWS, min(DRAWS, work // len(layout.cells)))
            for draw in range(draws):
                self.tell(f"step {step}, draw {draw + 1} of {draws}")
                made = self._attempt(step, draw, layout, total)
                if made is not None:
                    return made
        return None

    def _attempt(self, step: str, draw: int, layout: Layout, total: int) -> _Made | None:
        noise = secret_stream(self.seed, "figures", step, draw)
        counts = layout.membership(self.records).sum(axis=1).astype(np.int64)
        self.tell("rounding")
        try:
            figures = round_jointly(layout, counts, total, noise, last=self._inertia(layout))
        except CannotRound:
            self.attempts.append((step, "cannot be rounded"))
            return None
        tables = render(layout, figures)
        columns = sums.columns(layout.table_set, self.amounts, self.sums_before, self.seed)
        try:
            added = {each.name: sums.rounded(each, self.records, step, draw) for each in columns}
        except CannotRound:
            self.attempts.append((step, "sums cannot be rounded"))
            return None
        printed_sums = tuple(
            PrintedSums(
                each.name,
                each.most,
                each.table_set,
                scaled(render(lay_out(each.table_set), added[each.name]), each.most),
                each.amounts,
            )
            for each in columns
        )
        tried = int.from_bytes(hashlib.sha256(repr((step, draw)).encode()).digest()[:4], "big")
        # The gate for differences refuses more drafts than the attack, and is the quicker of the two.
        printed = [*(release.figures for release in reversed(self.earlier)), in_people(figures)]
        try:
            after = self._after(layout, step, draw)
            told = self._told_by(layout.table_set, self.records, printed, after, tried)
            of_sums = [
                sums.told(each, self.records, added[each.name], step, draw, seed=tried, people=self.people)
                for each in columns
            ]
            if self.year is not None and told.ok_beside(self.told_elsewhere):
                told = told.and_also(self._beside_quarters(layout, self.year, step, draw, tried))
        except NoNextRelease:
            self.attempts.append((step, "no release can follow"))
            self.findings = (Finding("audit", "A4", TOTAL),)
            return None
        self.one_person = told
        # Sums have noise of their own: what they tell of one person multiplies with what the counts tell.
        bits = [*self.told_elsewhere, *(each.p95_bits for each in of_sums)]
        if not told.ok_beside(bits) or not all(each.ok_beside(self.told_elsewhere) for each in of_sums):
            self.attempts.append((step, "told of one person"))
            self.findings = (Finding("G7", "A4", TOTAL),)
            return None
        seen = audit(
            layout.table_set,
            tables,
            self.records,
            earlier=self.earlier,
            linked_reports=self.linked_reports,
            seed=tried,
            sample=self.sample,
            sums=printed_sums,
            year=self.year,
            progress=self.tell,
            open_questions=self.open_questions,
        )
        self.scenarios = seen.scenarios
        if not seen.ok:
            self.attempts.append((step, "failed the attack"))
            self.findings = seen.findings
            return None
        return _Made(step, layout, figures, tables, seen, told, printed_sums, added)

    def _told_by(
        self,
        table_set: TableSet,
        people: Sequence[Record],
        printed: Sequence[Mapping[Cell, int]],
        after: Method,
        seed: int,
    ) -> OnePerson:
        return examine(
            table_set,
            people,
            printed,
            after,
            seed=seed,
            people=self.people,
            elsewhere=self.told_elsewhere,
            tell=self.tell,
        )

    def _after(self, layout: Layout, step: str, draw: int) -> Method:
        """How the release after a draft would be made of these people: with other noise, and the same openings."""
        following = NextRoundings(layout, self.records, self.last)

        def after(
            records: Sequence[Record], printed: Sequence[Mapping[Cell, int]], fresh: int
        ) -> dict[Cell, int] | None:
            last = {cell: figure // BASE for cell, figure in printed[-1].items()} if printed else NOTHING_PRINTED
            try:
                return in_people(following.round(records, last, self.seed, ("after", step, draw, fresh)))
            except CannotRound:
                return None

        return after

    def _inertia(self, layout: Layout) -> Figures:
        """What the figures have inertia towards: the last release, or quarters of the year, where they say little."""
        if self.year is None:
            return self.last
        printed = last_printed(self.year, layout.table_set, layout.cells)
        return {**self.last, **{cell: figure // BASE for cell, figure in printed.items()}}

    def _beside_quarters(self, layout: Layout, year: YearWithQuarters, step: str, draw: int, tried: int) -> OnePerson:
        """What the year tells of somebody beside a quarter: of who is in the one and not in the other, all else equal.

        Everybody else of the quarter is the year; nobody can know more of who was there.
        """
        found, own = NOTHING_TOLD, self._inertia(layout)
        for place, quarter in enumerate(year.quarters):
            people = people_of(year, place, self.records)
            printed = printed_alike(layout.table_set, quarter, layout.cells)
            if not people or () not in printed:
                continue

            following = NextRoundings(layout, people, NOTHING_PRINTED)

            def of_year(
                records: Sequence[Record],
                before: Sequence[Mapping[Cell, int]],
                fresh: int,
                place: int = place,
                printed: Mapping[Cell, int] = printed,
                following: NextRoundings = following,
            ) -> dict[Cell, int] | None:
                if before and before[0] is printed and len(before) == 1:
                    last = own
                elif len(before) == 1:  # the quarter, made for other people
                    last = in_units(few(before[0]))
                else:
                    last = in_units(before[-1]) if before else NOTHING_PRINTED
                try:
                    return in_people(following.round(records, last, self.seed, ("beside", step, draw, place, fresh)))
                except CannotRound:
                    return None

            self.tell(f"beside {quarter.name}")
            found = self._told_by(layout.table_set, people, [printed], of_year, tried + place).and_also(found)
            if not found.ok_beside(self.told_elsewhere):
                break
        return found

    def _errors(self, printed: PrintedSums) -> dict[str, float]:
        layout = lay_out(printed.table_set)
        true = layout.membership(self.records) @ np.array(printed.amounts, dtype=np.int64)
        shown = {
            row.cell: line["value"]
            for (_, rows), table in zip(layout.rows, printed.tables, strict=True)
            for row, line in zip(rows, table["rows"], strict=True)
        }
        figures = np.array([shown[number] for number in range(len(layout.cells))])
        errors = np.abs(figures - true)
        return {
            "base": BASE * printed.most,
            "mean_abs_error_non_empty": round(mean_error_non_empty(true, figures), 3),
            "mean_abs_error": round(float(errors.mean()), 3),
            "max_abs_error": int(errors.max()),
        }

    def finish(self, made: _Made | None, seconds: float) -> Draft | Refused:
        """The result with its verdict and its errors."""
        attempts = tuple(self.attempts)
        if made is None:
            return Refused(
                Verdict(
                    False,
                    "refused",
                    self.findings,
                    self.scenarios,
                    attempts,
                    (),
                    0,
                    0,
                    0.0,
                    0.0,
                    0,
                    seconds,
                    self.one_person,
                )
            )
        true = made.layout.membership(self.records).sum(axis=1)
        printed = np.array([BASE * made.figures[cell] for cell in made.layout.cells])
        errors = np.abs(printed - true)
        verdict = Verdict(
            True,
            made.step,
            (),
            made.audit.scenarios,
            attempts,
            tuple(table["name"] for table in made.tables),
            len(true),
            int(((true > 0) & (true < BASE)).sum()),
            round(float(errors.mean()), 3),
            round(mean_error_non_empty(true, printed), 3),
            int(errors.max()),
            round(seconds, 3),
            made.one_person,
            made.audit.questions,
            made.audit.untried,
            {each.column: self._errors(each) for each in made.sums},
        )
        kept = {
            "format": FORMAT,
            "base": BASE,
            "step": made.step,
            "figures": [[cell, figure] for cell, figure in made.figures.items()],
            **sums.kept(made.sums, made.added),
        }
        return Draft(made.tables, made.step, verdict, kept, {each.column: each.tables for each in made.sums})
