"""Whether people were here before: asking them, answering for others, and what two sides say (ADR 0130)."""

from __future__ import annotations

import uuid

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from forms.shelter.cases import CASE_REFUSED
from forms.shelter.matching import (
    AFTERWARDS,
    ANSWERS,
    BAND_LABELS,
    COURSES,
    REFUSED,
    WORD_LABELS,
    AnswerPairForm,
    AskPersonForm,
    ConfirmPairForm,
    WordForm,
)
from nrm.actions.shelter import matching as actions
from nrm.domain.accounts.accounts import NotVisible, Permission
from nrm.domain.shelter.cases import CaseRefused
from nrm.domain.shelter.matching import MatchRefusal, MatchRefused, Opinion, PairStand, Said, Word
from nrm.domain.words import N_
from nrm.store.countries import country
from nrm.store.shelter import cases as case_store
from nrm.store.shelter import matching as store
from nrm.web import access, errors
from nrm.web.language import gettext, translated
from nrm.web.parts import Part, address

blueprint = Blueprint("matching", __name__)
Answer = BaseResponse | tuple[str, int] | str

ENCODED_AT_ONCE = 100
"""How many people one press of a button encodes."""
SHUT = N_("The identity part of this case does not open for you, so nobody can be compared.")
STANDS = {
    PairStand.WAITS: N_("waits for your answer"),
    PairStand.CONFIRM: N_("you said: the same person; the other side has not yet"),
    PairStand.UNTOLD: N_("you said: the same person; whoever asks was told nothing"),
    PairStand.LINKED: N_("linked: the same person"),
    PairStand.REJECTED: N_("another person"),
    PairStand.UNSURE: N_("nobody can tell"),
    PairStand.BROKEN: N_("was linked by mistake; answer again to mend it"),
}
MOST_LINES = 200


@blueprint.get("/who-was-here")
@access.requires(Permission.MATCH_CHECK)
def index() -> str:
    """For whom others ask, what is to be confirmed or said, and who has not been asked."""
    by = access.actor()
    board, due = store.board(by=by), store.due(by=by)
    return render_template(
        "shelter/matching/index.html",
        to_answer=[line for line in board.to_answer if not line.settled],
        linked=board.linked[:MOST_LINES],
        settled=[line for line in board.to_answer if line.settled][:MOST_LINES],
        to_confirm=board.to_confirm,
        to_say=[line for line in due if line.what is store.Due.SAY][:MOST_LINES],
        unasked=[line for line in due if line.what is store.Due.ASK][:MOST_LINES],
        to_encode=store.number_to_encode(by=by),
        bands=BAND_LABELS,
        stands=STANDS,
    )


@blueprint.post("/who-was-here/encode")
@access.requires(Permission.MATCH_CHECK)
def encode() -> BaseResponse:
    """Encode the next of the house's own people under the newest key; pressed again it goes on."""
    actions.encode_due(by=access.actor(), most=ENCODED_AT_ONCE)
    return redirect(url_for("matching.index"), 303)


@blueprint.get("/cases/<uuid:case_id>/who-was-here")
@access.requires(Permission.MATCH_CHECK)
def of_case(case_id: uuid.UUID) -> Answer:
    """How it stands with the question to this person, and the form that is due."""
    return _page_of_case(case_id, AskPersonForm(), WordForm(), 200)


def _page_of_case(
    case_id: uuid.UUID, form: AskPersonForm, word: WordForm, status: int, refused: str = ""
) -> tuple[str, int]:
    by = access.actor()
    stands = store.of_case(case_id, by=by)
    if stands.closed:
        form.said.choices = AFTERWARDS
    page = render_template(
        "shelter/matching/of_case.html",
        case=case_store.case(case_id, by=by),
        stands=stands,
        form=form,
        word=word,
        refused=refused,
        why_not=translated(REFUSED[stands.refusal]) if stands.refusal is not None else "",
        needs_second=stands.refusal is MatchRefusal.NOT_SEEN,
        words=WORD_LABELS,
        rules=country().matching,
    )
    return page, status


@blueprint.post("/cases/<uuid:case_id>/who-was-here")
@access.requires(Permission.MATCH_CHECK)
def ask(case_id: uuid.UUID) -> Answer:
    """Write down what the person says. The answer is the same, and takes as long, whoever is known."""
    form = AskPersonForm(request.form)
    if not form.validate():
        return _page_of_case(case_id, form, WordForm(), 422)
    try:
        actions.ask(
            case_id=case_id, said=Said(form.said.data), with_guardian=bool(form.guardian.data), by=access.actor()
        )
    except CaseRefused as error:
        return _page_of_case(case_id, form, WordForm(), 409, translated(CASE_REFUSED[error.reason]))
    except actions.CannotOpen:
        return _page_of_case(case_id, form, WordForm(), 409, translated(SHUT))
    except MatchRefused as error:
        if error.reason is MatchRefusal.GUARDIAN:
            form.guardian.errors = [REFUSED[error.reason]]
            return _page_of_case(case_id, form, WordForm(), 422)
        return _page_of_case(case_id, form, WordForm(), 409, translated(REFUSED[error.reason]))
    return redirect(address(case_id, "who-was-here"), 303)


@blueprint.post("/cases/<uuid:case_id>/who-was-here/seen")
@access.requires(Permission.MATCH_CHECK)
def seen(case_id: uuid.UUID) -> Answer:
    """A second member has seen the person of a case that the house opened itself."""
    try:
        actions.seen(case_id=case_id, by=access.actor())
    except CaseRefused as error:
        return errors.error_page(409, translated(CASE_REFUSED[error.reason]))
    return redirect(url_for("matching.of_case", case_id=case_id), 303)


@blueprint.post("/cases/<uuid:case_id>/who-was-here/word")
@access.requires(Permission.MATCH_CHECK)
def say(case_id: uuid.UUID) -> Answer:
    """Say whether this is a new person, once the check is over."""
    form = WordForm(request.form)
    if not form.validate():
        return _page_of_case(case_id, AskPersonForm(), form, 422)
    try:
        actions.say(case_id=case_id, word=Word(form.word.data), by=access.actor())
    except CaseRefused as error:
        return errors.error_page(409, translated(CASE_REFUSED[error.reason]))
    except MatchRefused as error:
        return _page_of_case(case_id, AskPersonForm(), form, 409, translated(REFUSED[error.reason]))
    return redirect(address(case_id, "who-was-here"), 303)


@blueprint.get("/who-was-here/theirs/<uuid:pair_id>")
@access.requires(Permission.MATCH_CHECK)
def theirs(pair_id: uuid.UUID) -> Answer:
    """Somebody asks for a person who may be one of ours: by whom, how likely, whether she is here."""
    return _theirs_page(pair_id, AnswerPairForm(), 200)


def _theirs_page(pair_id: uuid.UUID, form: AnswerPairForm, status: int, refused: str = "") -> tuple[str, int]:
    line = store.theirs(pair_id, by=access.actor())
    page = render_template(
        "shelter/matching/theirs.html",
        line=line,
        form=form,
        band=BAND_LABELS[line.band],
        stand=STANDS[line.stand],
        said=_said(line.theirs),
        linked=line.stand is PairStand.LINKED,
        refused=refused,
    )
    return page, status


def _said(opinion: Opinion | None) -> str:
    return translated(ANSWERS[opinion.answer, opinion.why]) if opinion is not None else ""


@blueprint.post("/who-was-here/theirs/<uuid:pair_id>")
@access.requires(Permission.MATCH_CHECK)
def answer(pair_id: uuid.UUID) -> Answer:
    """Say whether it is the same person."""
    form = AnswerPairForm(request.form)
    if not form.validate():
        return _theirs_page(pair_id, form, 422)
    said, why = form.answer
    try:
        actions.answer(pair_id=pair_id, answer=said, why=why, by=access.actor())
    except MatchRefused as error:
        return _theirs_page(pair_id, form, 409, translated(REFUSED[error.reason]))
    return redirect(url_for("matching.index"), 303)


@blueprint.get("/who-was-here/ours/<uuid:pair_id>")
@access.requires(Permission.MATCH_CHECK)
def ours(pair_id: uuid.UUID) -> Answer:
    """The other side says that it is the same person: whoever asked says so, too, or not."""
    return _ours_page(pair_id, ConfirmPairForm(), 200)


def _ours_page(pair_id: uuid.UUID, form: ConfirmPairForm, status: int, refused: str = "") -> tuple[str, int]:
    line = store.ours(pair_id, by=access.actor())
    page = render_template(
        "shelter/matching/ours.html",
        line=line,
        form=form,
        said=_said(line.ours),
        course=COURSES[line.ours.course] if line.ours is not None and line.ours.course is not None else "",
        linked=line.stand is PairStand.LINKED,
        refused=refused,
    )
    return page, status


@blueprint.post("/who-was-here/ours/<uuid:pair_id>")
@access.requires(Permission.MATCH_CHECK)
def confirm(pair_id: uuid.UUID) -> Answer:
    """Say it for the side that asked; two *same* link the cases."""
    form = ConfirmPairForm(request.form)
    if not form.is_whole():
        return _ours_page(pair_id, form, 422)
    said, why = form.answer
    try:
        actions.confirm(pair_id=pair_id, answer=said, why=why, course=form.chosen_course, by=access.actor())
    except MatchRefused as error:
        return _ours_page(pair_id, form, 409, translated(REFUSED[error.reason]))
    return redirect(url_for("matching.index"), 303)


@blueprint.get("/who-was-here/<uuid:pair_id>/break")
@access.requires(Permission.MATCH_CHECK)
def break_page(pair_id: uuid.UUID) -> Answer:
    """What follows when a link is said to be a mistake."""
    by = access.actor()
    line: store.TheirLine | store.OurLine
    try:
        line, back = store.theirs(pair_id, by=by), "matching.theirs"
    except NotVisible:
        line, back = store.ours(pair_id, by=by), "matching.ours"
    if line.stand is not PairStand.LINKED:
        return errors.error_page(409, translated(REFUSED[MatchRefusal.DECIDED]))
    return render_template("shelter/matching/break.html", line=line, back=url_for(back, pair_id=pair_id))


@blueprint.post("/who-was-here/<uuid:pair_id>/break")
@access.requires(Permission.MATCH_CHECK)
def break_link(pair_id: uuid.UUID) -> Answer:
    """Say that a link was a mistake."""
    try:
        actions.break_link(pair_id=pair_id, by=access.actor())
    except MatchRefused as error:
        return errors.error_page(409, translated(REFUSED[error.reason]))
    return redirect(url_for("matching.index"), 303)


@blueprint.post("/duty/who-was-here/<uuid:pair_id>")
@access.requires(Permission.REFERRAL_DIRECT)
def looked(pair_id: uuid.UUID) -> Answer:
    """The duty desk dealt with the alarm, or takes that back."""
    try:
        actions.looked(pair_id=pair_id, by=access.actor(), taken_back=request.form.get("undo") == "yes")
    except MatchRefused as error:
        return errors.error_page(409, translated(REFUSED[error.reason]))
    return redirect(url_for("home.index"), 303)


def summary(case_id: uuid.UUID) -> Part | None:
    """For the case page of the holder, where it takes people in."""
    if not access.actor().may(Permission.MATCH_CHECK):
        return None
    try:
        stands = store.of_case(case_id, by=access.actor())
    except NotVisible:
        return None
    return Part.rendered(
        "who-was-here",
        gettext("Here before?"),
        _state(stands),
        "shelter/matching/summary.html",
        case_id=case_id,
        stands=stands,
        words=WORD_LABELS,
    )


def _state(stands: store.OfCase) -> str:
    if stands.said is None:
        return gettext("not asked yet")
    if stands.said is Said.REFUSED:
        return gettext("the person does not want to be looked for")
    if stands.linked:
        return gettext("the same person as in an earlier case")
    if stands.said_same:
        return gettext("an answer is to be confirmed")
    if stands.under_way:
        return gettext("a check is under way")
    return translated(WORD_LABELS[stands.word]) if stands.word is not None else gettext("the check is over")
