"""Whether people were here before: asking them, answering for others, and what two sides say (ADR 0130)."""

from __future__ import annotations

import uuid
from collections.abc import Callable

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from forms.shelter.cases import CASE_REFUSED
from forms.shelter.matching import (
    ANSWERS,
    BAND_LABELS,
    BREAK_WHY,
    COURSES,
    ONLY_NO,
    REFUSED,
    WORD_LABELS,
    AnswerPairForm,
    AskPersonForm,
    BreakForm,
    ConfirmPairForm,
    CourseForm,
    Offers,
    WordForm,
)
from nrm import extras
from nrm.actions.shelter import match_desk
from nrm.actions.shelter import matching as actions
from nrm.domain.accounts.accounts import NotVisible, Permission
from nrm.domain.shelter.cases import CaseRefused
from nrm.domain.shelter.matching import BreakWhy, Course, MatchRefusal, MatchRefused, Opinion, PairStand, Said, Word
from nrm.domain.words import N_
from nrm.store.countries import country
from nrm.store.shelter import cases as case_store
from nrm.store.shelter import match_lines
from nrm.store.shelter import matching as store
from nrm.web import access, errors
from nrm.web.accounts import told_once
from nrm.web.language import gettext, translated
from nrm.web.parts import Part

blueprint = Blueprint("matching", __name__)
Answer = BaseResponse | tuple[str, int] | str

ENCODED_AT_ONCE = 100
"""How many people one press of a button encodes."""
SHUT = N_("The identity part of this case does not open for you, so nobody can be compared.")
STANDS = {
    PairStand.WAITS: N_("waits for your answer"),
    PairStand.CONFIRM: N_("you said: the same person; the other side has not yet"),
    PairStand.MAY_BE: N_("you said: it may be the same person; whoever asks may call you, and nothing is linked yet"),
    PairStand.UNTOLD: N_("you said: the same person; whoever asks was told nothing"),
    PairStand.LINKED: N_("linked: the same person"),
    PairStand.REJECTED: N_("another person"),
    PairStand.UNSURE: N_("nobody can tell"),
    PairStand.BROKEN: N_("the link was broken"),
    PairStand.PROPOSED: N_("the other side says: the same person; waits for your answer"),
}
"""As the side reads it that knows the person who was found."""
OUR_STANDS = {
    **STANDS,
    PairStand.CONFIRM: N_("the other side says: the same person; waits for your answer"),
    PairStand.MAY_BE: N_("the other side says: it may be the same person; call it"),
    PairStand.PROPOSED: N_("you said: the same person; the other side has not yet"),
    PairStand.WAITS: N_("the other side took its answer back, and has not answered yet"),
}
"""As whoever asked reads it."""
DONE = {
    "yes": N_(
        "The yes is recorded. Names are compared within some minutes; if somebody is alike, the other shelter is asked."
    ),
    "again": N_(
        "The person is compared once more, within some minutes. What was said stays as it was, with its day and its "
        "end."
    ),
    "no": N_("The no is recorded. Nobody is compared."),
    "taken_back": N_("The yes is taken back: nobody compares this person any more."),
    "word": N_("Recorded."),
    "yes_back": N_("The yes holds again, as it was said. The person is compared anew within some minutes."),
    "encoded": N_("Whoever can be compared is compared within some minutes."),
    "seen": N_("Recorded: you have seen the person. Now a colleague asks."),
    "unseen": N_("Taken back: it is not recorded any more that you have seen the person."),
    "mended": N_("Your answer is recorded, and can be changed until both sides say that it is the same person."),
    "answered": N_("Your answer is recorded, and can be changed for twelve hours, until the other side answers."),
    "may_be": N_(
        "Recorded: it may be the same person. Whoever asks reads which shelter you are, and may call you. Nothing is "
        "linked before you say here yourself that it is the same person."
    ),
    "told": N_("Recorded: the same person. Now the other side is asked; you read here what it says."),
    "untold": N_("Recorded: the same person. Whoever asks is told nothing; the duty desk reads your answer."),
    "linked": N_("Recorded: both sides say the same. The two cases are linked."),
    "broken": N_("The link is broken. The other side reads that you did it, when and why."),
    "read": N_("Noted: you have read it."),
}
"""What a page says once after something was done."""
MOST_LINES = 200


def _done() -> str:
    return DONE.get(told_once.word("done"), "")


@blueprint.get("/who-was-here")
@access.requires(Permission.MATCH_CHECK)
def index() -> str:
    """For whom others ask, what is to be confirmed or said, who is looked for, and who has not been asked."""
    by = access.actor()
    board, due = store.board(by=by), store.due(by=by)
    return render_template(
        "shelter/matching/index.html",
        to_answer=[line for line in board.to_answer if not line.settled],
        linked=board.linked[:MOST_LINES],
        settled=[line for line in board.to_answer if line.settled][:MOST_LINES],
        to_confirm=board.to_confirm,
        under_way=board.under_way[:MOST_LINES],
        gone=board.gone[:MOST_LINES],
        to_say=[line for line in due if line.what is match_lines.Due.SAY][:MOST_LINES],
        unasked=[line for line in due if line.what is match_lines.Due.ASK][:MOST_LINES],
        to_encode=store.number_to_encode(by=by),
        compares=extras.installed(),
        bands=BAND_LABELS,
        stands=STANDS,
        our_stands=OUR_STANDS,
        done=_done(),
    )


@blueprint.post("/who-was-here/encode")
@access.requires(Permission.MATCH_CHECK)
def encode() -> BaseResponse:
    """Encode the next of the house's own people under the newest key; pressed again it goes on."""
    actions.encode_due(by=access.actor(), most=ENCODED_AT_ONCE)
    case_id = request.form.get("case", type=uuid.UUID)
    return _to_case(case_id, "encoded") if case_id is not None else redirect(url_for("matching.index"), 303)


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
    why_not = REFUSED[stands.refusal] if stands.refusal is not None else None
    if not extras.installed():
        why_not = errors.WITHOUT_STATISTICS
    if why_not is not None:  # a yes would be refused, after a no, too
        form.said.choices = ONLY_NO
    form.read.data = str(stands.said or "")
    page = render_template(
        "shelter/matching/of_case.html",
        case=case_store.case(case_id, by=by),
        stands=stands,
        form=form,
        word=word,
        refused=refused,
        why_not=translated(why_not) if why_not is not None else "",
        compares=extras.installed(),
        needs_second=extras.installed() and stands.refusal in (MatchRefusal.NOT_SEEN, MatchRefusal.NO_HAND),
        words=WORD_LABELS,
        our_stands=OUR_STANDS,
        their_stands=STANDS,
        rules=country().matching,
        done=_done() if status == 200 else "",
    )
    return page, status


@blueprint.post("/cases/<uuid:case_id>/who-was-here")
@access.requires(Permission.MATCH_CHECK)
def ask(case_id: uuid.UUID) -> Answer:
    """Write down what the person says. The answer is the same, and takes as long, whoever is known."""
    form = AskPersonForm(request.form)
    if not form.validate():
        return _page_of_case(case_id, form, WordForm(), 422)
    said = Said(form.said.data)
    try:
        actions.ask(
            case_id=case_id,
            said=said,
            with_guardian=bool(form.guardian.data),
            by=access.actor(),
            read=request.form.get("read"),
        )
    except CaseRefused as error:
        return _page_of_case(case_id, form, WordForm(), 409, translated(CASE_REFUSED[error.reason]))
    except actions.CannotOpen:
        return _page_of_case(case_id, form, WordForm(), 409, translated(SHUT))
    except MatchRefused as error:
        if error.reason is MatchRefusal.GUARDIAN:
            form.guardian.errors = [REFUSED[error.reason]]
            return _page_of_case(case_id, form, WordForm(), 422)
        words = translated(REFUSED[error.reason])
        if error.reason in (
            MatchRefusal.NO_NIGHT,
            MatchRefusal.NOT_SEEN,
            MatchRefusal.NO_HAND,
        ):  # the page says why itself
            words = gettext("Nothing was recorded.")
        return _page_of_case(case_id, AskPersonForm(), WordForm(), 409, words)
    compared = said is Said.YES and request.form.get("read") == said
    return _to_case(case_id, "again" if compared else "yes" if said is Said.YES else "no")


def _to_case(case_id: uuid.UUID, done: str) -> BaseResponse:
    return told_once.lead(url_for("matching.of_case", case_id=case_id, done=done))


@blueprint.get("/cases/<uuid:case_id>/who-was-here/take-back")
@access.requires(Permission.MATCH_CHECK)
def take_back_page(case_id: uuid.UUID) -> Answer:
    """What goes when the person takes the yes back."""
    by = access.actor()
    stands = store.of_case(case_id, by=by)
    if stands.said is not Said.YES:
        return redirect(url_for("matching.of_case", case_id=case_id), 303)
    return render_template("shelter/matching/take_back.html", case=case_store.case(case_id, by=by), stands=stands)


@blueprint.post("/cases/<uuid:case_id>/who-was-here/take-back")
@access.requires(Permission.MATCH_CHECK)
def take_back(case_id: uuid.UUID) -> Answer:
    """The person takes the yes back."""
    try:
        actions.take_back(case_id=case_id, by=access.actor())
    except CaseRefused as error:
        return errors.error_page(409, translated(CASE_REFUSED[error.reason]))
    except MatchRefused as error:
        return errors.error_page(409, translated(REFUSED[error.reason]))
    return _to_case(case_id, "taken_back")


@blueprint.post("/cases/<uuid:case_id>/who-was-here/take-back/undo")
@access.requires(Permission.MATCH_CHECK)
def give_yes_back(case_id: uuid.UUID) -> Answer:
    """The yes was taken back by mistake."""
    try:
        actions.give_yes_back(case_id=case_id, by=access.actor())
    except CaseRefused as error:
        return errors.error_page(409, translated(CASE_REFUSED[error.reason]))
    except actions.CannotOpen:
        return errors.error_page(409, translated(SHUT))
    except MatchRefused as error:
        return errors.error_page(409, translated(REFUSED[error.reason]))
    return _to_case(case_id, "yes_back")


@blueprint.post("/cases/<uuid:case_id>/who-was-here/seen")
@access.requires(Permission.MATCH_CHECK)
def seen(case_id: uuid.UUID) -> Answer:
    """A second member has seen the person of a case that the house opened itself, or pressed that by mistake."""
    taken_back = "taken_back" in request.form
    try:
        actions.seen(case_id=case_id, by=access.actor(), taken_back=taken_back)
    except CaseRefused as error:
        return errors.error_page(409, translated(CASE_REFUSED[error.reason]))
    except MatchRefused as error:
        return errors.error_page(409, translated(REFUSED[error.reason]))
    return _to_case(case_id, "unseen" if taken_back else "seen")


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
    return _to_case(case_id, "word")


def _or_gone(page: Callable[[], Answer], pair_id: uuid.UUID, status: int = 200) -> Answer:
    """A page of a pair; for who was part of it and is asked no more, a sentence that says so. Nobody else learns that
    it ever was: both are looked for in any case."""
    try:
        return page()
    except NotVisible:
        line = store.gone(pair_id, by=access.actor())
        return render_template("shelter/matching/gone.html", line=line), status


@blueprint.get("/who-was-here/theirs/<uuid:pair_id>")
@access.requires(Permission.MATCH_CHECK)
def theirs(pair_id: uuid.UUID) -> Answer:
    """Somebody asks for a person who may be one of ours: by whom, how likely, whether she is here."""
    return _or_gone(lambda: _theirs_page(pair_id, AnswerPairForm(), 200), pair_id)


def _theirs_page(pair_id: uuid.UUID, form: AnswerPairForm, status: int, refused: str = "") -> tuple[str, int]:
    line = store.theirs(pair_id, by=access.actor())
    form.read.data = line.mark
    form.offer(_offered(line))
    page = render_template(
        "shelter/matching/theirs.html",
        line=line,
        form=form,
        band=BAND_LABELS[line.band],
        stand=STANDS[line.stand],
        said=_said(line.theirs),
        # What whoever asked said is shown once both have: before, nobody is led by the other.
        other_said=_said(line.ours) if line.theirs is not None or line.broken is not None else "",
        why=BREAK_WHY[line.broken.why] if line.broken is not None and line.broken.why is not None else "",
        refused=refused,
    )
    return page, status


def _offered(line: match_lines.TheirLine) -> Offers:
    """What can be said of the person found: whoever does not know who asks has called nobody."""
    if line.own:
        return Offers.OWN
    if line.asked_by is not None:
        return Offers.CALLED
    if line.stand is PairStand.PROPOSED:
        return Offers.PROPOSED
    return Offers.KEPT if line.kept else Offers.UNNAMED


def _said(opinion: Opinion | None) -> str:
    return translated(ANSWERS[opinion.answer, opinion.why]) if opinion is not None else ""


@blueprint.post("/who-was-here/theirs/<uuid:pair_id>")
@access.requires(Permission.MATCH_CHECK)
def answer(pair_id: uuid.UUID) -> Answer:
    """Say whether it is the same person."""
    return _or_gone(lambda: _answer(pair_id), pair_id, 409)


def _answer(pair_id: uuid.UUID) -> Answer:
    form, by = AnswerPairForm(request.form), access.actor()
    form.offer(_offered(store.theirs(pair_id, by=by)))
    if not form.validate():
        return _theirs_page(pair_id, form, 422)
    said, why = form.answer
    read, twice = request.form.get("read"), bool(form.twice.data)
    try:
        actions.answer(pair_id=pair_id, answer=said, why=why, by=by, read=read, twice=twice)
    except MatchRefused as error:
        if error.reason is MatchRefusal.TWICE:
            form.twice.errors = [REFUSED[error.reason]]
            return _theirs_page(pair_id, form, 422)
        return _theirs_page(pair_id, AnswerPairForm(), 409, translated(REFUSED[error.reason]))
    return _to_list(store.theirs(pair_id, by=by))


def _to_list(line: match_lines.Common) -> BaseResponse:
    stand = line.stand
    if line.broken is not None and stand in (PairStand.REJECTED, PairStand.UNSURE):
        return told_once.lead(url_for("matching.index", done="mended"))
    done = {PairStand.CONFIRM: "told", PairStand.PROPOSED: "told", PairStand.UNTOLD: "untold"}
    done |= {PairStand.LINKED: "linked", PairStand.MAY_BE: "may_be"}
    return told_once.lead(url_for("matching.index", done=done.get(stand, "answered")))


@blueprint.get("/who-was-here/ours/<uuid:pair_id>")
@access.requires(Permission.MATCH_CHECK)
def ours(pair_id: uuid.UUID) -> Answer:
    """The other side says that it is the same person: whoever asked says so, too, or not."""
    return _or_gone(lambda: _ours_page(pair_id, ConfirmPairForm(), 200), pair_id)


def _ours_page(
    pair_id: uuid.UUID, form: ConfirmPairForm, status: int, refused: str = "", *, other: CourseForm | None = None
) -> tuple[str, int]:
    line = store.ours(pair_id, by=access.actor())
    form.read.data = line.mark
    form.offer(Offers.OWN if line.own else Offers.CALLED)
    of_course = other or CourseForm()
    of_course.read.data = line.mark
    page = render_template(
        "shelter/matching/ours.html",
        line=line,
        form=form,
        of_course=of_course,
        band=BAND_LABELS[line.band],
        stand=OUR_STANDS[line.stand],
        said=_said(line.ours),
        other_said=_said(line.theirs),
        course=COURSES[line.ours.course] if line.ours is not None and line.ours.course is not None else "",
        why=BREAK_WHY[line.broken.why] if line.broken is not None and line.broken.why is not None else "",
        refused=refused,
    )
    return page, status


@blueprint.post("/who-was-here/ours/<uuid:pair_id>")
@access.requires(Permission.MATCH_CHECK)
def confirm(pair_id: uuid.UUID) -> Answer:
    """Say it for the side that asked; two *same* link the cases."""
    return _or_gone(lambda: _confirm(pair_id), pair_id, 409)


def _confirm(pair_id: uuid.UUID) -> Answer:
    form, by = ConfirmPairForm(request.form), access.actor()
    form.offer(Offers.OWN if store.ours(pair_id, by=by).own else Offers.CALLED)
    if not form.is_whole():
        return _ours_page(pair_id, form, 422)
    said, why = form.answer
    read, twice = request.form.get("read"), bool(form.twice.data)
    try:
        actions.confirm(pair_id=pair_id, answer=said, why=why, course=form.chosen_course, by=by, read=read, twice=twice)
    except MatchRefused as error:
        if error.reason is MatchRefusal.TWICE:
            form.twice.errors = [REFUSED[error.reason]]
            return _ours_page(pair_id, form, 422)
        return _ours_page(pair_id, ConfirmPairForm(), 409, translated(REFUSED[error.reason]))
    return _to_list(store.ours(pair_id, by=by))


@blueprint.post("/who-was-here/ours/<uuid:pair_id>/course")
@access.requires(Permission.MATCH_CHECK)
def change_course(pair_id: uuid.UUID) -> Answer:
    """Say that the linked case is something else; the link stays."""
    return _or_gone(lambda: _change_course(pair_id), pair_id, 409)


def _change_course(pair_id: uuid.UUID) -> Answer:
    form, by = CourseForm(request.form), access.actor()
    if not form.validate():
        return _ours_page(pair_id, ConfirmPairForm(), 422, other=form)
    try:
        actions.change_course(pair_id=pair_id, course=Course(form.course.data), read=request.form.get("read"), by=by)
    except MatchRefused as error:
        blank = ConfirmPairForm()
        return _ours_page(pair_id, blank, 409, translated(REFUSED[error.reason]), other=CourseForm())
    return redirect(url_for("matching.ours", pair_id=pair_id), 303)


@blueprint.get("/who-was-here/<uuid:pair_id>/break")
@access.requires(Permission.MATCH_CHECK)
def break_page(pair_id: uuid.UUID) -> Answer:
    """What follows when a link is said to be a mistake, and why it is."""
    return _or_gone(lambda: _break_page(pair_id, BreakForm(), 200), pair_id)


def _break_page(pair_id: uuid.UUID, form: BreakForm, status: int) -> Answer:
    line, side = _either(pair_id)
    if line.stand is not PairStand.LINKED:
        return redirect(url_for(side, pair_id=pair_id), 303)
    back = url_for(side, pair_id=pair_id)
    return render_template("shelter/matching/break.html", line=line, form=form, back=back), status


def _either(pair_id: uuid.UUID) -> tuple[match_lines.TheirLine | match_lines.OurLine, str]:
    """The pair as the actor's side sees it, and the page of that side."""
    by = access.actor()
    try:
        return store.theirs(pair_id, by=by), "matching.theirs"
    except NotVisible:
        return store.ours(pair_id, by=by), "matching.ours"


@blueprint.post("/who-was-here/<uuid:pair_id>/break")
@access.requires(Permission.MATCH_CHECK)
def break_link(pair_id: uuid.UUID) -> Answer:
    """Say that a link was a mistake."""
    return _or_gone(lambda: _break(pair_id), pair_id, 409)


def _break(pair_id: uuid.UUID) -> Answer:
    form = BreakForm(request.form)
    if not form.validate():
        return _break_page(pair_id, form, 422)
    try:
        actions.break_link(pair_id=pair_id, why=BreakWhy(form.why.data), by=access.actor())
    except MatchRefused as error:
        return errors.error_page(409, translated(REFUSED[error.reason]))
    return told_once.lead(url_for("matching.index", done="broken"))


@blueprint.post("/who-was-here/<uuid:pair_id>/read")
@access.requires(Permission.MATCH_CHECK)
def read(pair_id: uuid.UUID) -> Answer:
    """A member has read what the other side did."""
    return _or_gone(lambda: _read(pair_id), pair_id, 409)


def _read(pair_id: uuid.UUID) -> Answer:
    try:
        actions.read(pair_id=pair_id, by=access.actor())
    except MatchRefused as error:
        return errors.error_page(409, translated(REFUSED[error.reason]))
    return told_once.lead(url_for("matching.index", done="read"))


@blueprint.post("/duty/who-was-here/<uuid:pair_id>")
@access.requires(Permission.REFERRAL_DIRECT)
def looked(pair_id: uuid.UUID) -> Answer:
    """The duty desk dealt with the alarm, or takes that back."""
    try:
        match_desk.looked(
            pair_id=pair_id,
            by=access.actor(),
            taken_back=request.form.get("undo") == "yes",
            ask=request.form.get("ask") == "yes",
        )
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
        our_stands=OUR_STANDS,
        their_stands=STANDS,
    )


def _state(stands: match_lines.OfCase) -> str:
    if any(not line.settled for line in stands.theirs):
        return gettext("somebody asks for this person")
    if stands.linked:
        return gettext("the same person as in another case")
    if stands.said is None:
        return gettext("not asked yet")
    if stands.said is Said.REFUSED:
        return gettext("the person does not want to be looked for")
    if stands.said_same:
        return gettext("an answer is to be confirmed")
    if stands.parked:
        return gettext("nobody is compared: the case is closed to everybody")
    if stands.under_way:
        return gettext("a check is under way")
    return translated(WORD_LABELS[stands.word]) if stands.word is not None else gettext("the check is over")
