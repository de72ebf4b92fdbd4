"""Complaints about people who work in the mechanism: the page without an account, and the desk that reads them."""

from __future__ import annotations

import math
import secrets
import uuid
from dataclasses import dataclass
from datetime import date

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from forms import SelectChoice
from forms.support.complaints import (
    CAME_LABELS,
    CorrectHouseForm,
    DealForm,
    OpenComplaintForm,
    StaysForm,
    TakeBackForm,
    TypeComplaintForm,
)
from forms.support.feedback import Written, complaint_in
from nrm.actions.support import complaint_sending as sending
from nrm.actions.support import complaints as actions
from nrm.actions.support import feedback as feedback_actions
from nrm.actions.support import request_limits as limits
from nrm.domain.accounts.accounts import NotVisible, Permission
from nrm.domain.shelter.cases import Purpose
from nrm.domain.support.complaints import (
    AlreadySo,
    Came,
    CannotTake,
    Ending,
    SoFar,
    both_ends,
    differing,
    to_type_again,
)
from nrm.domain.support.complaints_about import CannotEnd, EndRefusal
from nrm.domain.support.feedback import MistypedCode, parse_code
from nrm.domain.support.request_limits import Few
from nrm.domain.words import N_
from nrm.steps.support import complaints as steps
from nrm.store import names
from nrm.store.countries import country
from nrm.store.support import complaints as store
from nrm.web import access, errors, sessions
from nrm.web.accounts import told_once
from nrm.web.language import current_language, gettext, isolated, text_in
from nrm.web.support import feedback
from nrm.web.support.feedback import Spoken

blueprint = Blueprint("complaints", __name__)
Answer = Response | tuple[str, int] | str

FEW, FEW_OF_SLIP = Few("complaints", 10, 600), Few("complaints by slip", 2, 3600)
MOST_OF_HOUSE = 20
"""So many complaints of one address in so many seconds: from the page that is of no house, and, apart, from that of
each house; and where that is reached, by one slip. Nobody closes it for another address, who closes the one does not
close the other, and who has a slip gets through a network that somebody else has filled."""
MOST_BESIDE = 50
"""So many others stand on the page of one, and end with it."""
NO_HOUSE = "-"
"""What is chosen for a complaint that is about no house; no organisation has this code."""
NOT_OPEN = N_("It does not open for you: a colleague who can open it reads it to you.")
OPEN_FIRST = N_("Open it first: the quarter of an hour is over.")
ALREADY = N_("It is marked so already.")
CANNOT_END = {
    EndRefusal.SAME: N_("You said it first: another member of your office ends it. Until then you can take it back."),
    EndRefusal.NOT_FIRST: N_("Only who said it takes it back. You can say on its page that it is not so."),
    EndRefusal.NEWCOMER: N_(
        "One of you let the other one in less than 14 days ago: somebody else of your office ends it. Until then it "
        "waits."
    ),
}
NOT_TAKEN = N_(
    "It could not be sealed: nobody at your office holds its key, or everybody who could read it is named in it. "
    "Nothing was saved. Tell the person who else can be called."
)


@blueprint.errorhandler(AlreadySo)
def _already(_: AlreadySo) -> Answer:
    return errors.error_page(409, ALREADY)


@blueprint.errorhandler(CannotEnd)
def _cannot_end(error: CannotEnd) -> Answer:
    return errors.error_page(409, CANNOT_END[error.reason])


@blueprint.get("/feedback/complain")
def complain_page() -> Answer:
    return _complain_page(feedback.spoken(), Written())


def _complain_page(here: Spoken, written: Written, wrong: str = "", status: int = 200, *, minutes: int = 0) -> Response:
    once = written.once or secrets.token_hex(16)
    values = {"once": once, "what": written.text, "where": written.where, "reach": written.reach, "wrong": wrong}
    return feedback.page("complaints/complain.html", here, status, minutes=minutes, asks=True, **values)


@blueprint.post("/feedback/complain")
def complain() -> Answer:
    """Seal it to the Responsible Authority. Needs no number; how often an address may is limited."""
    here, written = feedback.spoken(), complaint_in(request.form)
    if feedback.only_speaks():
        return _complain_page(here, written)
    if sessions.is_stale():
        return _complain_page(here, written, "again", 400)
    if written.wrong:
        return _complain_page(here, written, written.wrong, 422)
    house_id = here.house.organisation_id if here.house else None
    said = {"text": written.text, "where": written.where, "reach": written.reach}
    if sending.was_sent(**said, house_id=house_id, once=written.once):
        return _sent(here)
    few = Few(f"complaints {house_id}", MOST_OF_HOUSE, FEW.seconds) if house_id else FEW
    wait = limits.take(few=few, sender=feedback.address())
    if wait and not _has_slip(request.form.get("slip", "")[:60]):
        return _complain_page(here, written, "slow", 429, minutes=max(1, math.ceil(wait / 60)))
    try:
        sending.complain(**said, house_id=house_id, once=written.once)
    except CannotTake:
        return _complain_page(here, written, "closed", 503)
    return _sent(here)


def _sent(here: Spoken) -> Answer:
    return redirect(url_for("complaints.sent", **feedback.kept(here)), 303)


def _has_slip(code: str) -> bool:
    """Whether somebody with a slip of a house writes, used or not, who has not sent much by it: whoever fills the limit
    of the house's network has no such number, or not that one. The slip is not used up, and nothing of it is kept."""
    try:
        number = parse_code(code)
    except MistypedCode:
        return False
    return feedback_actions.is_printed(number) and not limits.take(few=FEW_OF_SLIP, sender=number)


@blueprint.get("/feedback/sent")
def sent() -> Answer:
    return feedback.page("feedback/thanks.html", feedback.spoken(), sent=True)


# ---- the desk


@blueprint.get("/complaints")
@access.requires(Permission.COMPLAINT_READ, Permission.COMPLAINT_STAND_IN)
def index() -> Answer:
    """Every complaint: on which day, from which house's page; how it begins and ends only for who opened it."""
    return _index(OpenComplaintForm())


def _index(form: OpenComplaintForm, status: int = 200) -> tuple[str, int]:
    by = access.actor()
    lines = actions.heard(by=by)
    shown = render_template(
        "support/complaints/index.html",
        lines=lines,
        deleted=actions.number_deleted(by=by),
        begins={each.id: both_ends(each.words.text) for each in lines if each.words and each.dealt_on is None},
        types=by.may(Permission.FEEDBACK_TYPE),
        unopened=sum(each.dealt_on is None and each.on is not None and each.words is None for each in lines),
        form=form,
        houses=names.names_by_code(current_language()),
        done=told_once.word("done"),
        typed=told_once.word("typed"),
        said=told_once.word("said"),
    )
    return shown, status


@blueprint.post("/complaints/open")
@access.requires(Permission.COMPLAINT_READ, Permission.COMPLAINT_STAND_IN)
def open_all() -> Answer:
    """Show how each one that waits begins and ends; every opening is recorded first."""
    form = OpenComplaintForm(request.form)
    if not form.validate():
        return _index(form, 422)
    actions.open_all(purpose=Purpose(form.purpose.data), by=access.actor())
    return redirect(url_for("complaints.index"), 303)


@blueprint.get("/complaints/new")
@access.requires(Permission.COMPLAINT_READ, Permission.COMPLAINT_STAND_IN)
def type_page() -> Answer:
    form = _type_form(typed=False)
    form.once.data = secrets.token_hex(16)
    return _type_page(form)


def _type_form(*, typed: bool = True) -> TypeComplaintForm:
    form = TypeComplaintForm(request.form if typed else None)
    form.house.choices = _houses()
    return form


def _houses() -> list[SelectChoice]:
    houses = [SelectChoice(value=each.code, label=text_in(each.names)) for each in store.houses(by=access.actor())]
    none = SelectChoice(value=NO_HOUSE, label=gettext("no shelter, or not known"))
    return [SelectChoice(value="", label=""), none, *houses]


def _type_page(form: TypeComplaintForm, status: int = 200) -> tuple[str, int]:
    return render_template("support/complaints/type.html", form=form), status


@blueprint.post("/complaints/new")
@access.requires(Permission.COMPLAINT_READ, Permission.COMPLAINT_STAND_IN)
def take_down() -> Answer:
    """Seal what came on paper or by telephone."""
    form = _type_form()
    if not form.validate():
        return _type_page(form, 422)
    said = {name: (form[name].data or "").strip() for name in ("text", "where", "house", "reach")}
    if said["house"] == NO_HOUSE:
        said["house"] = ""
    try:
        once = (form.once.data or "")[:64]
        sending.take_down(**said, came=Came(form.came.data), by=access.actor(), once=once)
    except CannotTake:
        return errors.error_page(503, NOT_TAKEN)
    return told_once.lead(url_for("complaints.index", typed="yes"))


@blueprint.get("/complaints/<uuid:complaint_id>")
@access.requires(Permission.COMPLAINT_READ, Permission.COMPLAINT_STAND_IN)
def show(complaint_id: uuid.UUID) -> Answer:
    return _page(complaint_id)


@dataclass(frozen=True, slots=True, repr=False)
class _Beside:
    """Another one that says nearly the same, on the page of one: what it alone has, what it lacks, and how its writer
    can be reached. `repr` hides it."""

    id: uuid.UUID
    on: date | None
    own: str
    lacks: str
    reach: str

    @classmethod
    def of(cls, other: actions.Heard, shown: actions.Words | None) -> _Beside:
        """Beside the one that is shown."""
        text, words = shown.text if shown else "", other.words or actions.Words("", "")
        return cls(other.id, other.on, differing(text, words.text), differing(words.text, text), words.reach)


def _page(
    complaint_id: uuid.UUID,
    *,
    opening: OpenComplaintForm | None = None,
    dealing: DealForm | None = None,
    correcting: CorrectHouseForm | None = None,
    status: int = 200,
) -> tuple[str, int]:
    """One complaint, with what was sent last of one of its forms."""
    by, me = access.actor(), access.visitor().login
    found = actions.one(complaint_id=complaint_id, by=by)
    beyond = country().complaints
    elsewhere = f"{text_in(beyond.names)} {isolated(beyond.telephone)}" if beyond is not None else ""
    waits = found.dealt_on is None and found.words is not None
    others = actions.alike(complaint_id=complaint_id, by=by) if waits else []
    so_far = found.words.so_far if found.words is not None else SoFar()
    refused = steps.end_refusal(found.about, so_far, by=by) if waits else None
    again = to_type_again(so_far.before, me) if waits and dealing is None else None
    alike_mine = [each.id for each in others if each.words is not None and each.words.first_by == me]
    here = url_for("complaints.show", complaint_id=complaint_id)
    ending = dealing or (DealForm(how=again.how, done=again.said) if again else DealForm())
    ending.offer(typed=bool(found.came))
    if actions.may_correct_house(found, by=by):
        correcting = correcting or CorrectHouseForm(house=found.house or NO_HOUSE)
        correcting.house.choices = _houses()
    shown = render_template(
        "support/complaints/show.html",
        here=here,  # where what was typed stands again, also after an answer to one of the forms
        lang_page=here,
        found=found,
        others=[_Beside.of(each, found.words) for each in others[:MOST_BESIDE]],
        houses=names.names_by_code(current_language()),
        form=dealing or opening or correcting or OpenComplaintForm(),
        correcting=correcting,
        opening=opening or OpenComplaintForm(),
        dealing=ending,
        came=CAME_LABELS,
        me=access.visitor().name,
        mine=so_far.first == me,
        alike_mine=alike_mine[:MOST_BESIDE],
        called=me in so_far.called_unfounded,
        elsewhere=elsewhere,
        refused=CANNOT_END[refused] if refused is not None else "",
    )
    return shown, status


@blueprint.post("/complaints/<uuid:complaint_id>/open")
@access.requires(Permission.COMPLAINT_READ, Permission.COMPLAINT_STAND_IN)
def open_words(complaint_id: uuid.UUID) -> Answer:
    """Show what was written; the opening is recorded first."""
    by = access.actor()
    actions.one(complaint_id=complaint_id, by=by)
    form = OpenComplaintForm(request.form)
    if not form.validate():
        return _page(complaint_id, opening=form, status=422)
    try:
        actions.open_words(complaint_id=complaint_id, purpose=Purpose(form.purpose.data), by=by)
    except actions.CannotOpen:
        return errors.error_page(409, NOT_OPEN)
    return redirect(url_for("complaints.show", complaint_id=complaint_id), 303)


@blueprint.post("/complaints/<uuid:complaint_id>/dealt")
@access.requires(Permission.COMPLAINT_READ, Permission.COMPLAINT_STAND_IN)
def deal(complaint_id: uuid.UUID) -> Answer:
    """It was dealt with, and how."""
    by = access.actor()
    found = actions.one(complaint_id=complaint_id, by=by)
    form = DealForm(request.form)
    form.offer(typed=bool(found.came))
    if not form.validate():
        return _page(complaint_id, dealing=form, status=422)
    try:
        how = Ending(form.how.data)
        ended = actions.deal(complaint_id=complaint_id, done=form.done.data or "", how=how, seen=form.seen, by=by)
    except actions.CannotOpen:
        return errors.error_page(409, OPEN_FIRST)
    if not ended:
        return redirect(url_for("complaints.show", complaint_id=complaint_id), 303)
    return told_once.lead(url_for("complaints.index", done="yes"))


@blueprint.post("/complaints/<uuid:complaint_id>/back")
@access.requires(Permission.COMPLAINT_READ, Permission.COMPLAINT_STAND_IN)
def take_back(complaint_id: uuid.UUID) -> Answer:
    """The first of two takes back what they said."""
    try:
        actions.take_back(complaint_id=complaint_id, seen=TakeBackForm(request.form).seen, by=access.actor())
    except actions.CannotOpen:
        return errors.error_page(409, OPEN_FIRST)
    return redirect(url_for("complaints.show", complaint_id=complaint_id), 303)


@blueprint.post("/complaints/<uuid:complaint_id>/stays")
@access.requires(Permission.COMPLAINT_READ, Permission.COMPLAINT_STAND_IN)
def keep_open(complaint_id: uuid.UUID) -> Answer:
    """A second one says that it is not so: it stays open."""
    by = access.actor()
    actions.one(complaint_id=complaint_id, by=by)
    form, dealing = StaysForm(request.form), DealForm(request.form)
    if not form.validate():
        dealing.done.errors = form.done.errors
        return _page(complaint_id, dealing=dealing, status=422)
    try:
        actions.keep_open(complaint_id=complaint_id, said=form.done.data or "", by=by)
    except actions.CannotOpen:
        return errors.error_page(409, OPEN_FIRST)
    return _afterwards(complaint_id)


def _afterwards(complaint_id: uuid.UUID) -> Answer:
    """The page of the complaint; the list, where it is the actor's to read no more: who stood in has done so."""
    try:
        actions.one(complaint_id=complaint_id, by=access.actor())
    except NotVisible:
        return told_once.lead(url_for("complaints.index", said="yes"))
    return redirect(url_for("complaints.show", complaint_id=complaint_id), 303)


@blueprint.post("/complaints/<uuid:complaint_id>/mine")
@access.requires(Permission.COMPLAINT_READ, Permission.COMPLAINT_STAND_IN)
def take(complaint_id: uuid.UUID) -> Answer:
    """The actor deals with it, and colleagues see it."""
    actions.take(complaint_id=complaint_id, by=access.actor())
    return redirect(url_for("complaints.show", complaint_id=complaint_id), 303)


@blueprint.post("/complaints/<uuid:complaint_id>/not-mine")
@access.requires(Permission.COMPLAINT_READ, Permission.COMPLAINT_STAND_IN)
def give_back(complaint_id: uuid.UUID) -> Answer:
    """The actor does not deal with it after all."""
    actions.give_back(complaint_id=complaint_id, by=access.actor())
    return redirect(url_for("complaints.show", complaint_id=complaint_id), 303)


@blueprint.post("/complaints/<uuid:complaint_id>/house")
@access.requires(Permission.COMPLAINT_READ, Permission.COMPLAINT_STAND_IN)
def correct_house(complaint_id: uuid.UUID) -> Answer:
    """Who typed it in chose the wrong house."""
    by, form = access.actor(), CorrectHouseForm(request.form)
    found = actions.one(complaint_id=complaint_id, by=by)
    if found.words is None:
        return errors.error_page(409, OPEN_FIRST)
    form.house.choices = _houses()
    if not form.validate():
        return _page(complaint_id, correcting=form, status=422)
    house = "" if form.house.data == NO_HOUSE else form.house.data
    actions.correct_house(complaint_id=complaint_id, house=house, by=by)
    return redirect(url_for("complaints.show", complaint_id=complaint_id), 303)


@blueprint.post("/complaints/<uuid:complaint_id>/again")
@access.requires(Permission.COMPLAINT_READ, Permission.COMPLAINT_STAND_IN)
def take_up(complaint_id: uuid.UUID) -> Answer:
    """It is not dealt with after all."""
    try:
        actions.take_up(complaint_id=complaint_id, by=access.actor())
    except actions.CannotOpen:
        return errors.error_page(409, NOT_OPEN)
    return _afterwards(complaint_id)
