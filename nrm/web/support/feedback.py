"""How it is in a house: the pages and slips of those who live there, and the pages of the house and of who types paper.

The pages without an account speak every language that is read out; what they say stands in the country's
`handouts.toml`. Their addresses hold no number and no answer, and nothing of them is kept in the browser but the token
of the form.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import Blueprint, Response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from forms import SelectChoice
from forms.support.feedback import DOWN_LABELS, REFUSED, NoteForm, PrintSlipsForm, SheetForm, replies_in
from nrm.actions.accounts import accounts
from nrm.actions.support import feedback as actions
from nrm.actions.support import feedback_notes as note_actions
from nrm.actions.support import request_limits as limits
from nrm.domain.accounts.accounts import NotVisible, Permission
from nrm.domain.accounts.failed_attempts import network_of
from nrm.domain.interviews.handouts import Handout
from nrm.domain.roles import MechanismRole
from nrm.domain.support.feedback import (
    DOWN,
    MOST_SLIPS,
    FeedbackRefused,
    MistypedCode,
    Note,
    NotValid,
    Question,
    Replies,
    Reply,
    is_empty,
    parse_code,
)
from nrm.domain.support.request_limits import Few
from nrm.domain.words import N_
from nrm.store import names
from nrm.store.countries import country
from nrm.store.support import feedback as store
from nrm.web import access, errors, sessions
from nrm.web.accounts import told_once
from nrm.web.language import current_language, gettext, isolated, text_in, translated

blueprint = Blueprint("feedback", __name__)
Answer = BaseResponse | tuple[str, int] | str

BUSY = N_("Somebody else wrote in the same moment. Send it again.")
CHANGED = N_(
    "The box of the shelter was changed, deleted or put back in the database by another hand. Nothing was saved. Keep "
    "what is on paper, and call the technical operator."
)
NUMBERS = Few("codes", 60, 600)
"""So many answers with a number that may be one, of one network in so many seconds, whether or not they count: else the
limit would say which numbers did."""
CHANGE = "change"
"""The field of a button that shows the form in another language."""
BY_POST = frozenset({"paper", "post"})
"""The parts of the texts that say where a letter goes."""


@dataclass(frozen=True, slots=True)
class Spoken:
    """What a page without an account speaks: the language, its texts, the others, and whose page it is (`at`)."""

    say: str
    texts: Handout
    others: list[tuple[str, str]]
    at: str
    house: actions.HousePage | None


@blueprint.errorhandler(actions.CannotOpen)
def box_changed(_: accounts.CannotOpen) -> Answer:
    """A box that does not open, or is of another house."""
    return errors.error_page(503, CHANGED)


def network() -> str:
    """The network that asks; it goes nowhere but into a limit."""
    return network_of(request.remote_addr)


def address() -> str:
    """The address that asks, by the network of it where one has many; it goes nowhere but into a limit."""
    asks = request.remote_addr or ""
    return network_of(asks) if ":" in asks else asks


def spoken() -> Spoken:
    """The language that was chosen on the page, else that of the browser; raises NotVisible where there are no such
    pages. A token of no house is left out: the page is then one without a house."""
    handouts = country().handouts
    if not handouts.feedback:
        raise NotVisible
    asked = request.form.get(CHANGE) or request.values.get("in", current_language())
    say = asked if asked in handouts.feedback else next(iter(handouts.feedback))
    at = request.values.get("at", "")
    others = [(code, handouts.greetings[code].parts["name"]) for code in handouts.feedback]
    house = _house_at(at)
    return Spoken(say, handouts.feedback[say], others, at if house is not None else "", house)


def _house_at(at: str) -> actions.HousePage | None:
    """The page of the house with this token; None without one, or for one that is wrong or too old."""
    try:
        return actions.house_page(at) if at else None
    except NotVisible:
        return None


def only_speaks() -> bool:
    """Whether a form came to be shown in another language, with what was typed: nothing is sent by it."""
    return bool(request.form.get(CHANGE))


def said(texts: Handout, minutes: int = 0) -> dict[str, str]:
    """The parts of the texts with names and telephones in them, and for how many minutes somebody has to wait."""
    emergency, others = country().emergency, country().complaints
    authority = names.names_by_code(texts.language).get(_authority(), "")
    at_others = f"{text_in(others.names, texts.language)} {isolated(others.telephone)}" if others is not None else ""
    values = {
        "office": authority,
        "others": at_others or isolated(emergency.helpline),
        "helpline": isolated(emergency.helpline),
        "police": isolated(emergency.police),
        "minutes": str(minutes),
    }
    by_post = {**values, "office": ", ".join((authority, *_address()))}
    return {
        part: text.format_map(by_post if part in BY_POST else values) if "{" in text else text
        for part, text in texts.parts.items()
    }


def _address() -> tuple[str, ...]:
    """Where letters to the Responsible Authority go, where the country's file says it."""
    elsewhere = country().complaints
    return (elsewhere.post,) if elsewhere is not None and elsewhere.post else ()


def _authority() -> str:
    party = country().party_in(MechanismRole.AUTHORITY)
    found = [each for each in names.organisations_by_id().values() if each.party == party and party]
    return found[0].code if found else ""


def kept(here: Spoken) -> dict[str, Any]:
    """What every address of these pages keeps."""
    return {"in": here.say, **({"at": here.at} if here.at else {})}


def page(template: str, here: Spoken, status: int = 200, *, minutes: int = 0, **values: Any) -> BaseResponse:
    """A page without an account, with a fresh token for its form."""
    nonce = sessions.nonce()
    shown = render_template(
        f"support/{template}",
        here=here,
        say=here.say,
        t=said(here.texts, minutes),
        kept=kept(here),
        csrf_token=accounts.sign_in_token(nonce),
        **values,
    )
    response = Response(shown, status)
    sessions.remember_nonce(response, nonce)
    return response


@blueprint.get("/feedback")
def index() -> Answer:
    """What can be done here, and, on the page of a house, what it did."""
    here = spoken()
    notes = here.house.notes if here.house else ()
    return page("feedback/index.html", here, notes=sorted(notes, key=lambda each: each.language != here.say))


@blueprint.get("/feedback/answer")
def answer_page() -> Answer:
    return _answer_page(spoken(), {}, "")


def _answer_page(here: Spoken, replies: Replies, code: str, wrong: str = "", status: int = 200) -> BaseResponse:
    """`wrong`: the part of the texts that says what is to be done, empty for nothing."""
    return page("feedback/answer.html", here, status, asks=True, asked=list(Question), **_typed(replies, code, wrong))


def _typed(replies: Replies, code: str, wrong: str) -> dict[str, Any]:
    return {"replies": replies, "offered": list(Reply), "code": code, "wrong": wrong}


@blueprint.post("/feedback/answer")
def answer() -> Answer:
    """Put the answers in. Whether the number counts is not said: who printed the slip would know by it who answered."""
    here, replies, code = spoken(), replies_in(request.form), request.form.get("code", "")[:60]
    if only_speaks():
        return _answer_page(here, replies, code)
    if sessions.is_stale():
        return _answer_page(here, replies, code, "again", 400)
    if is_empty(replies):
        return _answer_page(here, replies, code, "none", 422)
    if limits.left(few=NUMBERS, sender=network()):
        return _answer_page(here, replies, code, "wait", 429)
    try:
        number = parse_code(code)
    except MistypedCode:
        return _answer_page(here, replies, code, "wrong", 422)
    if limits.take(few=NUMBERS, sender=network()):
        return _answer_page(here, replies, code, "wait", 429)
    try:
        actions.answer(code=number, replies=replies)
    except NotValid:
        pass
    except actions.Busy:
        return _answer_page(here, replies, code, "wait", 409)
    except actions.CannotOpen:
        return _answer_page(here, replies, code, "closed", 503)
    return redirect(url_for("feedback.thanks", **kept(here)), 303)


@blueprint.get("/feedback/thanks")
def thanks() -> Answer:
    return page("feedback/thanks.html", spoken(), sent=False)


# ---- the house


@blueprint.get("/feedback/house")
@access.requires(Permission.STAY_MANAGE)
def house() -> Answer:
    """What people said, what the house did, and slips to print."""
    return house_page()


def _languages() -> list[tuple[str, str]]:
    handouts = country().handouts
    return [(code, handouts.greetings[code].parts["name"]) for code in handouts.feedback]


def offered() -> list[SelectChoice]:
    """The languages of these pages to choose from, after an empty line."""
    return [SelectChoice(value=code, label=name) for code, name in (("", ""), *_languages())]


def _note_form(*, typed: bool = True) -> NoteForm:
    form = NoteForm(request.form if typed else None)
    form.language.choices = offered()
    return form


def slips_form(*, typed: bool = True) -> PrintSlipsForm:
    """How many slips, of as many as the house can still have."""
    form = PrintSlipsForm(request.form if typed else None)
    form.slip_language.choices = offered()
    form.offer(store.number_left(by=access.actor()))
    return form


def sheet_form(*, typed: bool = True) -> SheetForm:
    """A sheet for a complaint."""
    form = SheetForm(request.form if typed else None)
    form.sheet_language.choices = offered()
    return form


def house_page(
    *,
    note: NoteForm | None = None,
    slips: PrintSlipsForm | None = None,
    sheet: SheetForm | None = None,
    status: int = 200,
) -> tuple[str, int]:
    """The page of the house; one of the forms as it was sent."""
    by = access.actor()
    found = store.of_house(by=by)
    if not country().handouts.feedback:
        raise NotVisible
    texts = country().handouts.feedback.get(current_language()) or next(iter(country().handouts.feedback.values()))
    shown = render_template(
        "support/feedback/house.html",
        found=found,
        labels=texts.parts,
        asked=list(Question),
        offered=list(Reply),
        headings=[gettext("Question"), *((texts.parts[each], "n") for each in Reply)],
        note=note or _note_form(typed=False),
        slips=slips or slips_form(typed=False),
        sheet_form=sheet or sheet_form(typed=False),
        form=note or slips or sheet or _note_form(typed=False),
        most=MOST_SLIPS,
        manages=by.may(Permission.FEEDBACK_MANAGE),
        language_names=dict(_languages()),
        wrote=told_once.word("wrote"),
        house_id=by.organisation_id,
        down_reasons=DOWN_LABELS,
        watched=any(each.state == DOWN for each in found.notes),
    )
    return shown, status


@blueprint.post("/feedback/house/notes")
@access.requires(Permission.FEEDBACK_MANAGE)
def write_note() -> Answer:
    """Show those who live here what was done."""
    by = access.actor()
    store.house(by=by)
    form = _note_form()
    if not form.validate():
        return house_page(note=form, status=422)
    try:
        note_actions.write(note=Note(form.language.data, form.text.data or ""), by=by)
    except FeedbackRefused as error:
        form.text.errors = [translated(REFUSED[error.reason])]
        return house_page(note=form, status=422)
    except actions.Busy:
        return errors.error_page(409, BUSY)
    return told_once.lead(url_for("feedback.house", wrote="yes", _anchor="notes"))


@blueprint.post("/feedback/house/notes/off")
@access.requires(Permission.STAY_MANAGE)
def take_off_note() -> Answer:
    """Show a note no more: anybody of the house, at once."""
    by = access.actor()
    store.house(by=by)
    try:
        note_actions.hide(note=Note(request.form.get("language", ""), request.form.get("text", "")), by=by)
    except actions.Busy:
        return errors.error_page(409, BUSY)
    return redirect(url_for("feedback.house", _anchor="notes"), 303)
