"""What comes of making a release: tables that survived, or a refusal, each with the verdict on them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nrm.statistics.attack import Finding
from nrm.statistics.one_person import NOTHING_TOLD, OnePerson


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
    one_person: OnePerson = NOTHING_TOLD
    questions: int = 0  # things that must stay open, over all scenarios
    untried: int = 0  # of them left out of a sample
    sums: Mapping[str, Mapping[str, float]] = field(default_factory=dict)  # base and errors of sums, by column

    def public(self) -> dict[str, Any]:
        """The verdict without cells and counts, for an instance."""
        findings = sorted({(f.table, f.scenario, f.guarantee) for f in self.findings})
        return {
            "ok": self.ok,
            "step": self.step,
            "findings": [{"table": t, "scenario": s, "guarantee": g} for t, s, g in findings],
            "scenarios": dict(self.scenarios),
            "tables": list(self.tables),
            "one_person": self.one_person.to_json(),
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
            "possible_worlds": "sample" if self.untried else "all",
            "questions": self.questions,
            "questions_untried": self.untried,
            "sums": {column: dict(each) for column, each in self.sums.items()},
            "one_person": self.one_person.to_json(),
        }


@dataclass(frozen=True)
class Draft:
    """Tables that survived the attack: `{"name", "dimensions", "title", "rows": [{dimension: member, "value"}]}`."""

    tables: tuple[dict[str, Any], ...]
    step: str
    verdict: Verdict
    kept: dict[str, Any]
    sums: Mapping[str, Sequence[Mapping[str, Any]]] = field(default_factory=dict)  # tables of sums, by column


@dataclass(frozen=True)
class Refused:
    """Nothing may be printed, not even the total."""

    verdict: Verdict


def mean_error_non_empty(true: NDArray[Any], printed: NDArray[np.int64]) -> float:
    """The mean of |printed - true| over the cells whose true number or sum is not 0; 0 if there is none."""
    held = true > 0
    return float(np.abs(printed - true)[held].mean()) if held.any() else 0.0
