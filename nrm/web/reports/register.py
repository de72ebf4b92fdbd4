"""The register of reporting requirements: what is outstanding, filing a table by form or by file, what was filed.

The joint report of a quarter: `nrm/web/reports/joint_report.py`.
"""

from __future__ import annotations

import contextlib
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from flask import Blueprint, Response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from forms import SelectChoice
from forms.reports.filings import ANSWER_LABELS, FileTableForm, names, typed
from nrm import parsing
from nrm.actions.reports import filings as actions
from nrm.domain.accounts.accounts import NotVisible, Permission, Role
from nrm.domain.quarters import Quarter
from nrm.domain.reports import filings as rules
from nrm.domain.reports import grids
from nrm.domain.reports import register as register_rules
from nrm.domain.reports.filings import Fault, Faulty, Figures, Missing, Typed
from nrm.domain.reports.register import Answer, Matrix
from nrm.domain.words import N_
from nrm.render.sheets import csv_bytes, xlsx_bytes
from nrm.store import days
from nrm.store.countries import country
from nrm.store.reports import register as store
from nrm.store.reports import reports
from nrm.web import access, errors, home, sessions
from nrm.web.language import current_language, gettext, text_in, translated
from nrm.web.reports.late_tables import agency_names
from nrm.web.reports.reports import quarter_of

blueprint = Blueprint("register", __name__)

STATES: Mapping[str, str] = {
    "filed": N_("Filed"),
    "zero": N_("Zero"),
    "no_report": N_("No report"),
    "not_applicable": N_("Does not apply"),
    "due": N_("Not filed yet"),
    "late": N_("Late"),
}
MISSING: Mapping[str, str] = {Missing.NO_REPORT: N_("no report"), Missing.NOT_APPLICABLE: N_("does not apply")}
MOST_SHOWN = 15
QUARTERS_SHOWN = 2
_TABLE = "/register/<string(length=6):quarter>/<matrix>"
_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@dataclass(frozen=True, slots=True)
class Shown:
    """A table on a page: the words over its columns; per line its words and cells (field, text, message or "")."""

    columns: Sequence[str]
    lines: Sequence[tuple[str, Sequence[tuple[str, str, str]]]]


@blueprint.get("/register")
@access.requires(Permission.REGISTER_READ)
def index() -> str:
    """Every table and quarter that the reader may see; the late ones first."""
    by = access.actor()
    lines = store.lines(by=by)
    late: dict[str, list[store.Line]] = {}
    for line in lines:
        if line.open and line.days_late:
            late.setdefault(line.matrix.code, []).append(line)
    return render_template(
        "reports/register/index.html",
        register=country().register,
        quarters=sorted({line.quarter for line in lines}, reverse=True)[:QUARTERS_SHOWN],
        lines={(str(line.quarter), line.matrix.code): line for line in lines},
        late=sorted(late.values(), key=lambda found: -max(line.days_late for line in found)),
        states=STATES,
        agencies=agency_names(),
        files=by.may(Permission.REGISTER_FILE),
        offered=_offered({line.quarter for line in lines if line.open}) if by.may(Permission.REGISTER_JOIN) else None,
        closed=days.span().closed,
    )


def _offered(quarters: Iterable[Quarter]) -> Quarter | None:
    """The quarter whose joint report comes next: the first that is released, else the oldest."""
    released = {line.quarter for line in reports.releases(by=access.actor())}
    in_order = sorted(quarters)
    return next((quarter for quarter in in_order if quarter in released), in_order[0] if in_order else None)


@home.page(Role.FOCAL_POINT)
def focal_point_home() -> str:
    """The tables of the agency that can be filed, the late ones first, and those that are."""
    lines = store.lines(by=access.actor())
    return render_template(
        "home/focal_point.html",
        open=[line for line in lines if line.open and line.filing_id is None],
        filed=[line for line in reversed(lines) if line.filing_id],
        states=STATES,
    )


@blueprint.get(_TABLE)
@access.requires(Permission.REGISTER_FILE)
def file_page(quarter: str, matrix: str) -> errors.Answer:
    table, which = _table(matrix, quarter)
    if (answer := _closed(table, which)) is not None:
        return answer
    return _form_page(table, which, FileTableForm(), _filed(table, which))


def _filed(table: Matrix, quarter: Quarter) -> Typed:
    """The cells as they were filed last, so that a correction changes what is wrong; none where figures are sealed, or
    were changed by hand."""
    last, figures = store.newest(table, quarter, by=access.actor()), None
    if last is not None:
        with contextlib.suppress(NotVisible):
            _, figures = actions.read(last.id, by=access.actor())
    return Typed({key: _written(figure) for key, figure in rules.cells(table, figures)} if figures else {})


@blueprint.post(_TABLE)
@access.requires(Permission.REGISTER_FILE)
def check(quarter: str, matrix: str) -> errors.Answer:
    """What was typed, to be read once more before it is signed; or the form with what to mend."""
    table, which = _table(matrix, quarter)
    if (answer := _closed(table, which)) is not None:
        return answer
    form = FileTableForm(request.form)
    cells, figures, faults = _read(table, form)
    if "change" in request.form:
        form.validate()
        form.answer.errors = []
        return _form_page(table, which, form, cells)
    if not form.validate() or faults:
        return _form_page(table, which, form, cells, faults), 422
    return _check_page(table, which, Answer(form.answer.data), figures, _reason(form))


@blueprint.post(f"{_TABLE}/upload")
@access.requires(Permission.REGISTER_FILE)
def upload(quarter: str, matrix: str) -> errors.Answer:
    """A filled template: the same checks, cell by cell, and the same page to read it once more."""
    table, which = _table(matrix, quarter)
    if (answer := _closed(table, which)) is not None:
        return answer
    form = FileTableForm(data={"answer": str(Answer.FIGURES)})
    sent = request.files.get("file")
    cells = Typed({})
    try:
        cells = rules.from_grid(
            table, quarter.upper(), parsing.grid(sent.read(grids.LARGEST_FILE + 1) if sent else b"")
        )
        return _check_page(table, which, Answer.FIGURES, rules.read(table, cells))
    except grids.UnreadableFile as error:
        return _form_page(table, which, form, cells, problem=str(error.args[0])), 422
    except Faulty as error:
        if error.may_have_reason:
            _offer_reasons(form)
        return _form_page(table, which, form, cells, error.faults, of_file=True), 422


@blueprint.post(f"{_TABLE}/sign")
@access.requires(Permission.REGISTER_FILE)
@sessions.step_up
def sign(quarter: str, matrix: str) -> errors.Answer:
    """File it, signed with the key of the focal point's session."""
    table, which = _table(matrix, quarter)
    form = FileTableForm(request.form)
    cells, figures, faults = _read(table, form)
    if not form.validate() or faults:
        return _form_page(table, which, form, cells, faults), 422
    filing_id = _id("id")
    if filing_id is None:
        return errors.error_page(422)
    try:
        actions.file(
            filing_id=filing_id,
            code=table.code,
            quarter=which,
            answer=Answer(form.answer.data),
            figures=figures,
            seen=_id("seen"),
            reason=_reason(form),
            by=access.actor(),
        )
    except register_rules.FiledMeanwhile:
        problem = N_(
            "A colleague filed this table in the meantime. Read what they filed, then send yours as a correction"
        )
        return _form_page(table, which, form, cells, problem=problem), 409
    except (register_rules.QuarterIsClosed, register_rules.NotOverYet):
        return _closed(table, which) or errors.error_page(409)
    return redirect(url_for("register.show", filing_id=filing_id), 303)


@blueprint.get(f"{_TABLE}/template.<any('csv', 'xlsx'):ending>")
@access.requires(Permission.REGISTER_FILE)
def template(quarter: str, matrix: str, ending: str) -> BaseResponse:
    """The table to be filled in elsewhere: codes that never change, words in the reader's language."""
    table, which = _table(matrix, quarter)
    rows = rules.template(table, str(which), current_language(), gettext("Total"))
    content = csv_bytes(rows) if ending == "csv" else xlsx_bytes(rows, title=f"{table.code} {which}")
    response = Response(content, content_type="text/csv; charset=utf-8" if ending == "csv" else _XLSX)
    response.headers.set("Content-Disposition", "attachment", filename=f"{table.code}-{which}.{ending}")
    return response


@blueprint.get("/register/filings/<uuid:filing_id>")
@access.requires(Permission.REGISTER_READ)
def show(filing_id: uuid.UUID) -> str:
    """What was filed, by which office, when; and everything that was filed for it before."""
    by = access.actor()
    row, figures = actions.read(filing_id, by=by)
    table = country().register.tables[row.matrix]
    quarter = Quarter.parse(row.quarter)
    history = store.history(table, quarter, by=by)
    return render_template(
        "reports/register/show.html",
        row=row,
        table=table,
        quarter=quarter,
        shown=_with_totals(table, figures) if figures is not None else None,
        broken=_broken_rules(table, figures),
        why=country().register.reasons.get(row.reason),
        history=history,
        answers={**ANSWER_LABELS, "sealed": N_("Filed, sealed")},
        office=text_in(agency_names()[table.filed_by]),
        may_correct=by.may(Permission.REGISTER_FILE) and row.id == history[0].id and _closed(table, quarter) is None,
    )


def _table(code: str, quarter: str) -> tuple[Matrix, Quarter]:
    return store.matrix(code, by=access.actor()), quarter_of(quarter)


def _closed(table: Matrix, quarter: Quarter) -> errors.Answer | None:
    """The page that says why the table cannot be filed now; None when it can."""
    try:
        days.check_open(table, quarter)
    except register_rules.NotOverYet:
        raise NotVisible from None
    except register_rules.QuarterIsClosed:
        last = store.newest(table, quarter, by=access.actor())
        return render_template("reports/register/closed.html", table=table, quarter=quarter, last=last), 409
    return None


def _read(table: Matrix, form: FileTableForm) -> tuple[Typed, Figures | None, Sequence[Fault]]:
    """(what was typed, its figures, faults to correct); figures only with the answer that asks for them.

    The form offers reasons where one is needed or was given.
    """
    try:
        cells = typed(table, request.form)
    except Faulty as error:
        return Typed({}), None, error.faults
    if form.answer.data != Answer.FIGURES:
        form.filled = any(text.strip(" 0") for text in cells.cells.values())
        return cells, None, ()
    try:
        figures = rules.read(table, cells, empty_is_zero=bool(form.empty_zero.data), reason=bool(_reason(form)))
    except Faulty as error:
        if error.may_have_reason:
            _offer_reasons(form)
        return cells, None, error.faults
    if rules.broken(table, figures):
        _offer_reasons(form)
    return cells, figures, ()


def _reason(form: FileTableForm) -> str:
    """The reason that was given, if it is one of the register."""
    return form.reason.data if form.reason.data in country().register.reasons else ""


def _offer_reasons(form: FileTableForm) -> None:
    form.reason.choices = [
        SelectChoice(value=code, label=text_in(words)) for code, words in country().register.reasons.items()
    ]


def _id(name: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(request.form.get(name, "")[:36])
    except ValueError:
        return None


def _form_page(
    table: Matrix,
    quarter: Quarter,
    form: FileTableForm,
    cells: Typed,
    faults: Sequence[Fault] = (),
    *,
    problem: str = "",
    of_file: bool = False,
) -> str:
    fields = names(table)
    told = [fault for fault in faults[:MOST_SHOWN] if fault.line or not of_file]
    messages = {fault.key: translated(fault.message) for fault in told}
    more = [("file", problem)] if problem else []
    more += [
        (fields.get(fault.key, "file") if fault.line or not of_file else "file", _fault_words(fault))
        for fault in faults[:MOST_SHOWN]
    ]
    if len(faults) > MOST_SHOWN:
        next_one = "file" if of_file else fields.get(faults[MOST_SHOWN].key, "file")
        more.append((next_one, gettext("And %(number)s more", number=len(faults) - MOST_SHOWN)))
    last = store.newest(table, quarter, by=access.actor())
    return render_template(
        "reports/register/file.html",
        table=table,
        requirement=_requirement(table),
        quarter=quarter,
        form=form,
        more=more,
        problem=problem,
        shown=_shown(table, cells.cells, messages),
        last=last,
        due_on=table.due_on(quarter),
        days_late=0 if last is not None else table.days_late(quarter, days.today()),
    )


def _fault_words(fault: Fault) -> str:
    """Where and what to do: `Smuggling, Arrested (cell C5): Enter ...`."""
    where = [" / ".join(text_in(words) for words in fault.line), text_in(fault.column) if fault.column else ""]
    if (fault.line or fault.column) and not all(where):
        where[where.index("")] = gettext("Total")
    place = ", ".join(filter(None, where))
    if fault.cell:
        cell = gettext("cell %(cell)s", cell=fault.cell)
        place = f"{place} ({cell})" if place else cell
    return f"{place}: {translated(fault.message)}" if place else translated(fault.message)


def _check_page(table: Matrix, quarter: Quarter, answer: Answer, figures: Figures | None, reason: str = "") -> str:
    fields = names(table)
    broken = rules.broken(table, figures) if figures is not None else []
    kept = [("reason", reason)] if broken else []
    hidden = [(fields[key], _written(figure)) for key, figure in rules.cells(table, figures)] if figures else []
    last = store.newest(table, quarter, by=access.actor())
    return render_template(
        "reports/register/check.html",
        table=table,
        requirement=_requirement(table),
        quarter=quarter,
        answer=answer,
        answers=ANSWER_LABELS,
        shown=_with_totals(table, figures) if figures is not None else None,
        zero=figures is not None and rules.is_zero(figures),
        hidden=[
            *(("answer", str(answer)), ("id", str(uuid.uuid4())), ("seen", str(last.id) if last else "")),
            *kept,
            *hidden,
        ],
        broken=_broken_rules(table, figures),
        why=country().register.reasons.get(reason) if broken else None,
        last=last,
    )


def _broken_rules(table: Matrix, figures: Figures | None) -> list[tuple[str, str, int, int]]:
    """(line, whole, its number, the number of its parts) of each rule that does not hold, in the reader's language."""
    found = rules.broken(table, figures) if figures is not None else []
    return [
        (
            " / ".join(text_in(words) for words in table.lines[each.line]),
            text_in(table.columns.members[each.rule.whole]),
            each.whole,
            each.parts,
        )
        for each in found
    ]


def _written(figure: rules.Figure) -> str:
    back = {word: text for text, word in rules.WRITTEN.items()}
    return back[figure] if isinstance(figure, Missing) else str(figure)


def _requirement(table: Matrix) -> register_rules.Requirement:
    return country().register.requirements[table.requirement - 1]


def _with_totals(table: Matrix, figures: Figures) -> Shown:
    """The figures as they are read, with the sums that hold."""
    texts: dict[rules.Key, str] = {}
    filed = rules.cells(table, figures)
    for key, figure in filed:
        texts[key] = translated(MISSING[figure]) if isinstance(figure, Missing) else str(figure)
    for key, total in rules.totals(table, figures).items():
        short = rules.is_short(key, filed)
        texts[key] = gettext("%(total)s, without “no report”", total=str(total)) if short else str(total)
    return _shown(table, texts, {})


def _shown(table: Matrix, texts: Mapping[rules.Key, str], messages: Mapping[rules.Key, str]) -> Shown:
    fields = names(table)
    columns = list(dict.fromkeys(column for _, column in fields))
    lines = []
    for line in dict.fromkeys(line for line, _ in fields):
        label = " / ".join(text_in(words) for words in table.lines.get(line, ())) or gettext("Total")
        cells = []
        for column in columns:
            text = texts.get((line, column), "")
            cells.append(
                (fields[line, column], "" if text == grids.FORMULA else text, messages.get((line, column), ""))
            )
        lines.append((label, cells))
    return Shown([text_in(table.columns.members.get(column, "")) or gettext("Total") for column in columns], lines)
