"""What a focal point files: one of four answers, and the cells of a table."""

from __future__ import annotations

from collections.abc import Mapping

from werkzeug.datastructures import MultiDict
from wtforms import BooleanField, Field, RadioField, ValidationError
from wtforms.validators import InputRequired

from forms import SelectChoice
from forms.typed import Offered, OnceForm
from nrm.domain.reports.filings import TOTAL, Fault, Faulty, Key, Typed, keys
from nrm.domain.reports.register import Answer, Matrix
from nrm.domain.words import N_

CHOOSE = N_("Choose what you report for this quarter")
ONCE = N_("Give one answer to this question")
FILLED = N_("There are figures in the boxes: choose “Figures”, or empty the boxes")

ANSWER_LABELS: Mapping[str, str] = {
    Answer.FIGURES: N_("Figures"),
    Answer.ZERO: N_("Zero: we looked, and there was nothing"),
    Answer.NO_REPORT: N_("No report: the figures are not at hand"),
    Answer.NOT_APPLICABLE: N_("Does not apply: the question does not arise for us"),
}


class FileTableForm(OnceForm):
    """The answer, never preselected, and what empty boxes mean."""

    answer = RadioField(
        N_("What do you report for this quarter?"),
        validate_choice=False,
        validators=[InputRequired(CHOOSE), Offered(CHOOSE)],
        choices=[SelectChoice(value=str(code), label=label) for code, label in ANSWER_LABELS.items()],
    )
    empty_zero = BooleanField(N_("Every box I left empty is a zero"))
    reason = RadioField(N_("Why are the parts more than the whole?"), validate_choice=False, choices=[])
    filled = False
    """Whether boxes hold figures that the answer would leave out."""

    def validate_answer(self, _: Field) -> None:
        """Raise ValidationError when what was typed would be lost by the answer."""
        if self.filled:
            raise ValidationError(FILLED)


def names(matrix: Matrix) -> dict[Key, str]:
    """The name of each cell's field: `r0c0` by position, `t` for a total."""
    lines = {TOTAL: "t", **{line: f"r{number}" for number, line in enumerate(matrix.lines)}}
    columns = {TOTAL: "t", **{column: f"c{number}" for number, column in enumerate(matrix.columns.members)}}
    return {(line, column): lines[line] + columns[column] for line, column in keys(matrix)}


def typed(matrix: Matrix, form: MultiDict[str, str]) -> Typed:
    """The cells as they were sent; fields that are no cell are ignored. Raises Faulty for a cell that came twice."""
    cells: dict[Key, str] = {}
    faults = []
    for key, name in names(matrix).items():
        values = form.getlist(name)
        cells[key] = values[0][:40] if values else ""
        if len(values) > 1:
            line, column = key
            faults.append(Fault(key, ONCE, matrix.lines.get(line, ()), matrix.columns.members.get(column)))
    if faults:
        raise Faulty(faults)
    return Typed(cells)
