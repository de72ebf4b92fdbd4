"""The questionnaire on paper: printed with numbers, typed in again, and two entries of one paper compared."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from datetime import UTC
from typing import Any

from flask import Blueprint, Response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from forms import SelectChoice
from forms.interviews.paper_forms import FIELD_OF, REFUSED, NumberForm, PrintForm, TypedForm, typed_form
from nrm import clock
from nrm.actions.interviews import paper_forms as actions
from nrm.domain.accounts.accounts import NotVisible, Permission
from nrm.domain.interviews import answer_warnings
from nrm.domain.interviews.draft_owners import Lost, NotTheirsToEnd, OnlyTheirs
from nrm.domain.interviews.interviews import AnswerWarning, Question, Questionnaire
from nrm.domain.interviews.paper_forms import PEOPLE_ON_ONE, PaperRefusal, PaperRefused, plan
from nrm.domain.words import N_
from nrm.render.pdf import PdfUnavailable, to_pdf
from nrm.steps.interviews import drafts
from nrm.steps.interviews.drafts import Draft, NoLongerDraft, OpeningEnded, StaleAnswers
from nrm.store.countries import country
from nrm.store.interviews import paper_forms as store
from nrm.web import access, errors, formats
from nrm.web.accounts import told_once
from nrm.web.interviews import interview_pages, paper_print
from nrm.web.interviews.interview_pages import WARNED
from nrm.web.language import current_language, gettext, text_in
from nrm.web.opened import answer_rows

blueprint = Blueprint("paper_forms", __name__)
Answer = BaseResponse | tuple[str, int] | str
ENTRY_CLOSED = N_(
    "Only the person who typed in the other entry can open it. Ask them to hand it over to you; then compare the two."
)
ENTRY_THEIRS = N_(
    "The second entry is a colleague’s, and nobody else destroys it. Ask them to make one record of the two."
)
NO_PDF = N_("This server cannot make the papers now. No number was issued.")


def _questionnaire() -> Questionnaire:
    """The one that the asker's crossing point uses today."""
    return drafts.questionnaire_called(drafts.used_by(access.actor()))


def spoken_languages(questionnaire: Questionnaire) -> list[tuple[str, str]]:
    """(code, own name) of every language anything is read out in, in the Albanian order of the names."""
    found = [(code, questionnaire.language_names[code]) for code in (*questionnaire.languages, *questionnaire.reading)]
    return sorted(found, key=lambda each: formats.sort_key(each[1], current_language()))


@blueprint.get("/papers")
@access.requires(Permission.INTERVIEW_CONDUCT)
def index() -> Answer:
    """Print papers, type one in; which blocks were printed."""
    form = _print_form()
    form.staff.data, form.papers.data, form.layout.data = current_language(), "1", "long"
    return _index(form)


def _print_form() -> PrintForm:
    form, questionnaire = PrintForm(request.form), _questionnaire()
    languages = spoken_languages(questionnaire)
    form.spoken.choices = [SelectChoice(value=code, label=name) for code, name in languages]
    form.staff.choices = [
        SelectChoice(value=code, label=name) for code, name in languages if code in questionnaire.languages
    ]
    return form


def _index(form: PrintForm, status: int = 200) -> tuple[str, int]:
    names = _questionnaire().language_names
    lines = store.blocks(by=access.actor())
    return render_template("interviews/paper_forms/index.html", form=form, blocks=lines, names=names), status


@blueprint.post("/papers")
@access.requires(Permission.INTERVIEW_CONDUCT)
def issue() -> Answer:
    """The papers as one file. A number exists only on the paper: if the file is lost, other papers must be printed."""
    form = _print_form()
    if not form.validate():
        return _index(form, 422)
    by, data, questionnaire = access.actor(), country(), _questionnaire()
    point = data.crossing_points.get(by.crossing_point or "")
    staff, spoken = form.staff.data, form.spoken.data
    layout, people = form.layout.data, PEOPLE_ON_ONE if form.layout.data == "screen" else 1
    numbers = actions.drawn(int(form.papers.data or "1") * people)
    region = point.region if point else None
    sheet = paper_print.sheet(questionnaire, staff, spoken, data, region, clock.now(), layout=layout)
    first, *following = [
        paper_print.html(sheet, numbers[place : place + people]) for place in range(0, len(numbers), people)
    ]
    try:
        content = to_pdf(first, following=following)
    except PdfUnavailable:
        return errors.error_page(503, NO_PDF)
    actions.issue(numbers=numbers, questionnaire=questionnaire, staff=staff, spoken=spoken, by=by)
    response = Response(content, content_type="application/pdf")
    response.headers.set("Content-Disposition", "attachment", filename="form.pdf")
    return response


@blueprint.get("/papers/type-in")
@access.requires(Permission.INTERVIEW_CONDUCT)
def number_page() -> Answer:
    return _number_page(NumberForm(), str(uuid.uuid4()))


def _number_page(form: NumberForm, new_id: str, status: int = 200, keyed: str = "") -> tuple[str, int]:
    return render_template("interviews/paper_forms/number.html", form=form, new_id=new_id, keyed=keyed), status


@blueprint.post("/papers/type-in")
@access.requires(Permission.INTERVIEW_CONDUCT)
def begin() -> Answer:
    """Begin to type in the paper, unless it was sent already; a person who types it in a second time is told first."""
    form = NumberForm(request.form)
    try:
        interview_id = uuid.UUID(request.form.get("id", "")[:36])
    except ValueError:
        return errors.error_page(422)
    if not form.validate():
        return _number_page(form, str(interview_id), 422)
    at = form.at.replace(tzinfo=country().timezone).astimezone(UTC)
    again = request.form.get("again") == "yes"
    try:
        actions.begin(interview_id=interview_id, number=form.number.data or "", at=at, again=again, by=access.actor())
    except PaperRefused as error:
        message = gettext(REFUSED[error.reason])
        if error.pseudonym:
            message += " " + gettext("(code %(code)s)", code=error.pseudonym)
        form[FIELD_OF.get(error.reason, "number")].errors = [message]
        return _number_page(form, str(interview_id), 422, error.pseudonym if error.reason is PaperRefusal.KEYED else "")
    return redirect(url_for("paper_forms.answers_page", interview_id=interview_id), 303)


@blueprint.get("/papers/<uuid:interview_id>/answers")
@access.requires(Permission.INTERVIEW_CONDUCT)
def answers_page(interview_id: uuid.UUID) -> Answer:
    """Everything on the paper in its order, each box by its code."""
    try:
        draft = actions.read(interview_id=interview_id, by=access.actor())
    except OpeningEnded:
        return _ask_to_continue(interview_id)
    except NoLongerDraft as error:
        return _address_after_ending(interview_id, error)
    if not actions.is_same_version(draft, by=access.actor()):
        return redirect(url_for("interviews.tasks", interview_id=interview_id), 303)
    form = typed_form(draft.questionnaire, current_language())().know(_printed(draft))
    form.fill(draft.answers)
    return _answers_page(draft, form)


def _ask_to_continue(interview_id: uuid.UUID) -> Answer:
    return redirect(url_for("interviews.tasks", interview_id=interview_id), 303)


def _address_after_ending(interview_id: uuid.UUID, error: NoLongerDraft) -> BaseResponse:
    if error.status == "sent":
        return redirect(url_for("interviews.sent", interview_id=interview_id), 303)
    return told_once.lead_to(url_for("interviews.ended", ending="before"))


def _printed(draft: Draft) -> list[str]:
    """The organisations in the order in which they have numbers on the paper of the draft."""
    return list(country().in_force(actions.printed_at(draft, by=access.actor())).parties)


def _answers_page(
    draft: Draft,
    form: TypedForm,
    status: int = 200,
    *,
    stale: bool = False,
    warnings: Sequence[AnswerWarning] = (),
) -> tuple[str, int]:
    names = country().in_force(actions.printed_at(draft, by=access.actor())).parties
    seen = answer_warnings.seen_of(draft.questionnaire, request.form.getlist(WARNED))
    page = render_template(
        "interviews/paper_forms/answers.html",
        draft=draft,
        form=form,
        paper=plan(draft.questionnaire),
        stale=stale,
        warnings=warnings,
        warned=answer_warnings.codes(warnings, seen),
        warning_numbers=country().emergency,
        here_asked=form.question_fields(),
        parties=[(number, text_in(names[code].names)) for number, code in paper_print.numbered(names)],
    )
    return page, status


@blueprint.post("/papers/<uuid:interview_id>/answers")
@access.requires(Permission.INTERVIEW_CONDUCT)
def type_in(interview_id: uuid.UUID) -> Answer:
    """Keep the paper: complete, so that its answers are checked and sent like any interview; or as far as it is
    typed."""
    by = access.actor()
    try:
        draft = interview_pages.draft_of_form(interview_id, actions.read)
        form = typed_form(draft.questionnaire, current_language())(request.form).know(_printed(draft))
        given = form.read(country().in_force(clock.now()).parties)
        complete = "leave" not in request.form
        kept = form.accept(given, today=_local_day(draft)) if complete else given
        if kept is None or (not complete and form.errors):
            return _answers_page(draft, form, 422)
        seen = interview_pages.revision_of_form()
        warned = answer_warnings.seen_of(draft.questionnaire, request.form.getlist(WARNED))
        if complete and draft.revision == seen:
            warnings = answer_warnings.unseen(draft.questionnaire, kept, {**draft.warned, **warned})
            if warnings:
                return _answers_page(draft, form, warnings=warnings)
        actions.keep(interview_id=interview_id, answers=kept, seen=seen, complete=complete, by=by, warned=warned)
    except StaleAnswers as error:
        return _answers_page(error.current, form, 409, stale=True)
    except NoLongerDraft as error:
        return _address_after_ending(interview_id, error)
    if not complete:
        return redirect(url_for("home.index"), 303)
    return _go_on(interview_id)


def _local_day(draft: Draft) -> Any:
    return clock.day_of(draft.started_at, country().timezone)


def _go_on(interview_id: uuid.UUID) -> BaseResponse:
    """To the page with all answers, where the interview has one, else to its last page.

    First to the other entry of the same paper, if there is one.
    """
    by = access.actor()
    try:
        store.twins(interview_id, by=by)
    except NotVisible:
        draft = actions.read(interview_id=interview_id, by=by)
        page = next((each for each in draft.pages if each.summary), draft.page_to_do)
        return redirect(url_for("interviews.page", interview_id=interview_id, page=page.id), 303)
    return redirect(url_for("paper_forms.twin_page", interview_id=interview_id), 303)


@blueprint.get("/papers/<uuid:interview_id>/twin")
@access.requires(Permission.INTERVIEW_CONDUCT)
def twin_page(interview_id: uuid.UUID) -> Answer:
    """Both entries, question by question where they differ; closed until this session may read both."""
    try:
        pair = actions.read_pair(interview_id=interview_id, by=access.actor())
    except OpeningEnded:
        first, second = store.twins(interview_id, by=access.actor())
        codes = [first.pseudonym, second.pseudonym]
        return render_template("interviews/paper_forms/twin.html", interview_id=interview_id, codes=codes, pair=None)
    return _compared(interview_id, pair)


def _compared(interview_id: uuid.UUID, pair: actions.Pair, missing: tuple[str, ...] = ()) -> Answer:
    rows = [
        (question.id, plan(pair.first.questionnaire).numbers[question.id], text_in(question.text),
         _words(pair.first, question), _words(pair.second, question))
        for question in pair.differing
    ]  # fmt: skip
    page = render_template(
        "interviews/paper_forms/twin.html",
        interview_id=interview_id,
        codes=[pair.first.pseudonym, pair.second.pseudonym],
        pair=pair,
        rows=rows,
        picked=request.form,
        missing=missing,
    )
    return (page, 422) if missing else page


def _words(draft: Draft, question: Question) -> str:
    if question.id not in draft.answers:
        return gettext("not answered")
    parties = {code: text_in(party.names) for code, party in country().in_force(clock.now()).parties.items()}
    rows = answer_rows(draft.questionnaire, {question.id: draft.answers[question.id]}, parties)
    return rows[0][1] if rows else ""


@blueprint.post("/papers/<uuid:interview_id>/twin")
@access.requires(Permission.INTERVIEW_CONDUCT)
def open_twin(interview_id: uuid.UUID) -> Answer:
    try:
        actions.open_pair(interview_id=interview_id, by=access.actor())
    except (OnlyTheirs, Lost):
        return errors.error_page(409, gettext(ENTRY_CLOSED))
    return redirect(url_for("paper_forms.twin_page", interview_id=interview_id), 303)


@blueprint.post("/papers/<uuid:interview_id>/twin/one")
@access.requires(Permission.INTERVIEW_CONDUCT)
def reconcile(interview_id: uuid.UUID) -> Answer:
    """Make one record of the answers that were picked; then it is checked and sent like any other."""
    by = access.actor()
    try:
        pair = actions.read_pair(interview_id=interview_id, by=by)
    except OpeningEnded:
        return redirect(url_for("paper_forms.twin_page", interview_id=interview_id), 303)
    asked = [each.id for each in pair.differing]
    if pair.first.started_at != pair.second.started_at:
        asked.append("time")
    picked: Callable[[str], str] = lambda name: request.form.get(f"pick-{name}", "")  # noqa: E731 - read twice below
    missing = tuple(name for name in asked if picked(name) not in (actions.FIRST, actions.SECOND))
    if missing:
        return _compared(interview_id, pair, missing)
    picks = {each.id: picked(each.id) for each in pair.differing}
    try:
        one = actions.reconcile(interview_id=interview_id, picks=picks, time=picked("time"), by=by)
    except NotTheirsToEnd:
        return errors.error_page(409, gettext(ENTRY_THEIRS))
    except ValueError:  # somebody saved one of the two meanwhile: there is another difference
        return redirect(url_for("paper_forms.twin_page", interview_id=interview_id), 303)
    return _go_on(one.interview_id)
