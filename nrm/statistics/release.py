"""Make a release: round, attack, and print less until the attack fails; or refuse.

`make` never returns figures that did not survive the attack. What it needs from one release to the next is
`Draft.kept`, a JSON-able value without counts: the printed figures, and HMACs of who is in which cell. The HMACs are
for the next release only; `without_contributors` removes them afterwards.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nrm.statistics.attack import Audit, Finding, audit
from nrm.statistics.cells import Layout, lay_out
from nrm.statistics.protect import (
    NOTHING_FROZEN,
    CannotRound,
    Frozen,
    contributor_codes,
    round_jointly,
    round_total,
    secret_stream,
)
from nrm.statistics.reading import EarlierRelease, LinkedReleases
from nrm.statistics.tables import BASE, Cell, TableSet

DRAWS = 3
STEPS = (
    ("three_way", 3, False),
    ("two_way", 2, False),
    ("two_way_groups", 2, True),
    ("one_way", 1, False),
    ("total", 0, False),
)
FORMAT = 1

Rows = Sequence[Mapping[str, str]]


class MalformedHistory(ValueError):
    """A kept value of an earlier release cannot be read; the message says what is wrong with it."""


@dataclass(frozen=True)
class Verdict:
    """`operator()` tells everything and stays with the statistician's own tool; `public()` no cell and no count.

    Errors are |printed - true| in people: the mean over all cells, the mean over the cells that hold anybody (most
    cells of fine tables hold nobody and are rightly printed 0, so that the first mean says little), and the largest.
    """

    ok: bool
    step: str
    findings: tuple[Finding, ...]
    scenarios: Mapping[str, bool]
    attempts: tuple[tuple[str, str], ...]  # (step, why it was left), in order
    tables: tuple[str, ...]
    cells: int
    small_cells: int
    mean_abs_error: float
    mean_abs_error_non_empty: float
    max_abs_error: int
    seconds: float

    def public(self) -> dict[str, Any]:
        """The verdict without cells and counts, for an instance."""
        findings = sorted({(f.table, f.scenario, f.guarantee) for f in self.findings})
        return {
            "ok": self.ok,
            "step": self.step,
            "findings": [{"table": t, "scenario": s, "guarantee": g} for t, s, g in findings],
            "scenarios": dict(self.scenarios),
            "tables": list(self.tables),
        }

    def operator(self) -> dict[str, Any]:
        """The whole verdict, for the statistician's own tool."""
        return {
            "ok": self.ok,
            "findings": [
                {
                    "table": f.table,
                    "scenario": f.scenario,
                    "guarantee": f.guarantee,
                    "cell": dict(f.cell or ()),
                    "learns": f.learns,
                }
                for f in self.findings
            ],
            "cells": self.cells,
            "small_cells": self.small_cells,
            "mean_abs_error": self.mean_abs_error,
            "mean_abs_error_non_empty": self.mean_abs_error_non_empty,
            "max_abs_error": self.max_abs_error,
            "seconds": self.seconds,
            "step": self.step,
            "tables": list(self.tables),
            "scenarios": dict(self.scenarios),
            "attempts": [list(attempt) for attempt in self.attempts],
        }


@dataclass(frozen=True)
class Draft:
    """Tables that survived the attack: `{"name", "dimensions", "title", "rows": [{dimension: member, "value"}]}`."""

    tables: tuple[dict[str, Any], ...]
    step: str
    verdict: Verdict
    kept: dict[str, Any]


@dataclass(frozen=True)
class Refused:
    """Nothing may be printed, not even the total."""

    verdict: Verdict


def make(
    table_set: TableSet,
    microdata: Rows,
    *,
    seed: bytes,
    contributor_key: bytes,
    history: Sequence[Mapping[str, Any]] = (),
    linked_reports: Sequence[LinkedReleases] = (),
    progress: Callable[[str], None] | None = None,
) -> Draft | Refused:
    """Protect one release. `history` holds the kept values of the releases before, the oldest first; `linked_reports`
    holds releases of other reports on people who may be the same.

    A record maps dimensions to codes and may name its `person` (opaque; needed for stickiness). `progress` is told
    what is being done, never a number. Raises MalformedMicrodata and MalformedHistory.
    """
    started = time.monotonic()
    tell = progress or (lambda _: None)
    records, people = table_set.records(microdata)
    frozen, earlier = read_history(history)
    maker = _Maker(table_set, records, people, seed, contributor_key, frozen, earlier, linked_reports, tell)
    made = maker.run()
    return maker.finish(made, time.monotonic() - started)


def mean_error_non_empty(true: NDArray[np.int64], printed: NDArray[np.int64]) -> float:
    """The mean of |printed - true|, in people, over the cells whose true number is not 0; 0 if there is none."""
    held = true > 0
    return float(np.abs(printed - true)[held].mean()) if held.any() else 0.0


def read_history(history: Sequence[Mapping[str, Any]]) -> tuple[Frozen, tuple[EarlierRelease, ...]]:
    """What the last release fixes, and all of them as an attacker reads them, the newest first."""
    releases = []
    frozen = NOTHING_FROZEN
    for number, kept in enumerate(history, 1):
        if not isinstance(kept, Mapping) or kept.get("format") != FORMAT or kept.get("base") != BASE:
            raise MalformedHistory(f"release {number}: not a kept value of format {FORMAT} and base {BASE}")
        try:
            figures = {_cell(cell): int(figure) for cell, figure in kept["figures"]}
            contributors = {_cell(cell): str(code) for cell, code in kept.get("contributors", [])}
        except (KeyError, TypeError, ValueError) as error:
            raise MalformedHistory(f"release {number}: the figures cannot be read") from error
        if () not in figures or any(figure < 0 for figure in figures.values()):
            raise MalformedHistory(f"release {number}: the figures are not those of a release")
        frozen = Frozen(figures, contributors)
        releases.append(EarlierRelease({cell: BASE * figure for cell, figure in figures.items()}))
    return frozen, tuple(reversed(releases))


def at_step(table_set: TableSet, step: str) -> TableSet:
    """The tables as they are printed at a step."""
    ways, coarse = next((ways, coarse) for name, ways, coarse in STEPS if name == step)
    return table_set.reduced(ways, coarse=coarse)


def without_contributors(kept: Mapping[str, Any]) -> dict[str, Any]:
    """The kept value once the next release is out: figures only."""
    return {key: value for key, value in kept.items() if key != "contributors"}


def render(layout: Layout, figures: Mapping[Cell, int]) -> tuple[dict[str, Any], ...]:
    """Plain rows in the order of the classification, totals first; `figures` in units of 5."""
    tables = []
    for table, rows in layout.rows:
        tables.append(
            {
                "name": table.name,
                "dimensions": list(table.by),
                "title": dict(table.title),
                "rows": [
                    {**dict(zip(table.by, row.members, strict=True)), "value": BASE * figures[layout.cells[row.cell]]}
                    for row in rows
                ],
            }
        )
    return tuple(tables)


def _cell(data: Any) -> Cell:
    return tuple((str(root), str(member)) for root, member in data)


@dataclass(frozen=True)
class _Made:
    step: str
    layout: Layout
    figures: dict[Cell, int]
    tables: tuple[dict[str, Any], ...]
    contributors: dict[Cell, str]
    audit: Audit


class _Maker:
    def __init__(
        self,
        table_set: TableSet,
        records: list[tuple[str, ...]],
        people: list[str],
        seed: bytes,
        key: bytes,
        frozen: Frozen,
        earlier: tuple[EarlierRelease, ...],
        linked_reports: Sequence[LinkedReleases],
        tell: Callable[[str], None],
    ) -> None:
        self.table_set, self.records, self.people = table_set, records, people
        self.seed, self.key, self.frozen, self.earlier, self.tell = seed, key, frozen, earlier, tell
        self.linked_reports = linked_reports
        self.attempts: list[tuple[str, str]] = []
        self.findings: tuple[Finding, ...] = ()
        self.scenarios: Mapping[str, bool] = {}

    def run(self) -> _Made | None:
        """Try the steps, the finest tables first; None when none survives."""
        # The total is drawn once: a total that changed with the attempts would say something about them.
        total = round_total(len(self.records), secret_stream(self.seed, "total"))
        widest = self.table_set.ways_for(BASE * total)
        widest = min(widest, max(len(table.by) for table in self.table_set.tables))
        for step, ways, _ in STEPS:
            if ways > widest:
                continue
            self.tell(f"step {step}")
            layout = lay_out(at_step(self.table_set, step))
            for draw in range(DRAWS):
                made = self._attempt(step, draw, layout, total)
                if made is not None:
                    return made
        return None

    def _attempt(self, step: str, draw: int, layout: Layout, total: int) -> _Made | None:
        noise = secret_stream(self.seed, "figures", step, draw)
        membership = layout.membership(self.records)
        contributors = contributor_codes(layout, membership, self.people, self.key, noise)
        self.tell("rounding")
        try:
            figures = round_jointly(
                layout,
                membership.sum(axis=1).astype(np.int64),
                total,
                noise,
                contributors=contributors,
                frozen=self.frozen,
            )
        except CannotRound:
            self.attempts.append((step, "cannot be rounded"))
            return None
        tables = render(layout, figures)
        tried = int.from_bytes(hashlib.sha256(repr((step, draw)).encode()).digest()[:4], "big")
        seen = audit(
            layout.table_set,
            tables,
            self.records,
            earlier=self.earlier,
            linked_reports=self.linked_reports,
            seed=tried,
            progress=self.tell,
        )
        self.scenarios = seen.scenarios
        if not seen.ok:
            self.attempts.append((step, "failed the attack"))
            self.findings = seen.findings
            return None
        return _Made(step, layout, figures, tables, contributors, seen)

    def finish(self, made: _Made | None, seconds: float) -> Draft | Refused:
        """The result with its verdict and its errors."""
        attempts = tuple(self.attempts)
        if made is None:
            return Refused(
                Verdict(False, "refused", self.findings, self.scenarios, attempts, (), 0, 0, 0.0, 0.0, 0, seconds)
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
        )
        kept = {
            "format": FORMAT,
            "base": BASE,
            "step": made.step,
            "figures": [[cell, figure] for cell, figure in made.figures.items()],
            "contributors": [[cell, code] for cell, code in made.contributors.items()],
        }
        return Draft(made.tables, made.step, verdict, kept)
