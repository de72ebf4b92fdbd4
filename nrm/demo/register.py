"""The demo country's register: what the focal points filed, one table that is late, one joint report."""

from __future__ import annotations

import random
import uuid
from collections.abc import Callable, Mapping, Sequence

from nrm.actions.reports import filings, joint_report
from nrm.demo.cast import cast
from nrm.demo.progress import Progress
from nrm.domain.accounts.accounts import Actor
from nrm.domain.quarters import Quarter
from nrm.domain.reports.filings import Figures
from nrm.domain.reports.register import Answer, JointTooEarly, Matrix
from nrm.store import days as calendar
from nrm.store.countries import country

FEW = (0, 0, 0, 1, 1, 2, 3)
SOME = (0, 0, 0, 1, 1, 2, 4)


def file_all(quarter: Quarter, actors: Mapping[str, Actor], *, complete: bool) -> Callable[[], None]:
    """Every agency files its tables of a quarter; an incomplete one lacks a table."""

    def happens() -> None:
        dice = random.Random(str(quarter))  # noqa: S311 - invented figures
        for table in country().register.tables.values():
            if not complete and table.code == cast().late:
                continue
            answer = Answer.FIGURES if not complete else cast().in_words.get(table.code, Answer.FIGURES)
            filings.file(
                filing_id=uuid.uuid4(),
                code=table.code,
                quarter=quarter,
                answer=answer,
                figures=_figures(table, dice) if answer is Answer.FIGURES else None,
                seen=None,
                by=actors[f"{table.filed_by}/focal_point"],
            )

    return happens


def _figures(table: Matrix, dice: random.Random) -> Figures:
    """Invented ones that hold: the parts of something together are no more than it."""
    lines = []
    for _ in table.lines:
        line = {column: dice.choice(SOME if table.protected else FEW) for column in table.columns.members}
        for rule in table.rules:  # in the order of the file, which names a whole before its parts
            left = line[rule.whole]
            for part in rule.parts:
                line[part] = min(line[part], left)
                left -= line[part]
        lines.append(tuple(line.values()))
    return tuple(lines)


def join(quarters: Sequence[Quarter], actors: Mapping[str, Actor], progress: Progress) -> Callable[[], None]:
    """The joint report of the last of these quarters; where its reports were refused there is none."""

    def happens() -> None:
        for quarter in quarters[-1:]:
            progress.close("joint report", quarter)
            if quarter in calendar.span().quarters:
                try:
                    joint_report.make(quarter, by=actors[f"{cast().coordinating}/coordinator"])
                except JointTooEarly:
                    continue

    return happens
