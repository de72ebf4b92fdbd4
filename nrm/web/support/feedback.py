"""How it is in a house: the pages and slips of those who live there, and the pages of the house and of who types paper.

The pages without an account speak every language that is read out; what they say stands in the country's
`handouts.toml`. Their addresses hold no number and no answer, and nothing of them is kept in the browser but the token
of the form.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, Response, current_app, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from forms import SelectChoice
from forms.support.feedback import REFUSED, NoteForm, PrintSlipsForm, replies_in
from nrm.actions.accounts import accounts
from nrm.actions.support import feedback as actions
from nrm.domain.accounts.accounts import Actor, NotVisible, OrganisationKind, Permission
from nrm.domain.accounts.failed_attempts import network_of
from nrm.domain.interviews.handouts import Handout
from nrm.domain.roles import MechanismRole
from nrm.domain.support.feedback import (
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
from nrm.domain.words import N_
from nrm.render.pdf import PdfUnavailable, to_pdf
from nrm.store import names
from nrm.store.countries import country
from nrm.store.support import feedback as store
from nrm.web import access, errors, sessions
from nrm.web.floods import Few
from nrm.web.language import current_language, gettext, isolated, text_in

blueprint = Blueprint("feedback", __name__)
Answer = BaseResponse | tuple[str, int] | str

NO_PDF = N_("No PDF can be made on this server now, so no slips were made.")
BUSY = N_("Somebody else wrote in the same moment. Send it again.")
WRONG_CODES = (30, 600.0)
"""So many numbers that are on no slip, of one network in so many seconds."""


@dataclass(frozen=True, slots=True)
class Spoken:
    """What a page without an account speaks: the language, its texts, the others, and whose page it is (`at`)."""

    say: str
    texts: Handout
    others: list[tuple[str, str]]
    at: str
    house: actions.HousePage | None


def limit(name: str, most: int, seconds: float) -> Few:
    """The limit of this application that has this name."""
    found: Few = current_app.extensions.setdefault(f"nrm.few.{name}", Few(most, seconds))
    return found


def network() -> str:
    """The network that asks; it goes nowhere but into a limit."""
    return network_of(request.remote_addr)


def spoken() -> Spoken:
    """The language that was chosen on the page, else that of the browser; raises NotVisible where there are no such
    pages, and for a token of no house."""
    handouts = country().handouts
    if not handouts.feedback:
        raise NotVisible
    asked = request.values.get("in", current_language())
    say = asked if asked in handouts.feedback else next(iter(handouts.feedback))
    at = request.values.get("at", "")
    others = [(code, handouts.greetings[code].parts["name"]) for code in handouts.feedback]
    return Spoken(say, handouts.feedback[say], others, at, actions.house_page(at) if at else None)


def said(texts: Handout) -> dict[str, str]:
    """The parts of the texts with names and telephones in them."""
    emergency, others = country().emergency, country().complaints
    authority = names.names_by_code(texts.language).get(_authority(), "")
    at_others = f"{text_in(others.names, texts.language)} {isolated(others.telephone)}" if others is not None else ""
    values = {
        "office": authority,
        "others": at_others or isolated(emergency.helpline),
        "helpline": isolated(emergency.helpline),
        "police": isolated(emergency.police),
    }
    return {part: text.format_map(values) if "{" in text else text for part, text in texts.parts.items()}


def _authority() -> str:
    party = country().party_in(MechanismRole.AUTHORITY)
    found = [each for each in names.organisations_by_id().values() if each.party == party and party]
    return found[0].code if found else ""


def kept(here: Spoken) -> dict[str, Any]:
    """What every address of these pages keeps."""
    return {"in": here.say, **({"at": here.at} if here.at else {})}


def page(template: str, here: Spoken, status: int = 200, **values: Any) -> BaseResponse:
    """A page without an account, with a fresh token for its form."""
    nonce = sessions.nonce()
    shown = render_template(
        f"support/{template}",
        here=here,
        say=here.say,
        t=said(here.texts),
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
    return page("feedback/answer.html", here, status, asked=list(Question), **_typed(replies, code, wrong))


def _typed(replies: Replies, code: str, wrong: str) -> dict[str, Any]:
    return {"replies": replies, "offered": list(Reply), "code": code, "wrong": wrong}


@blueprint.post("/feedback/answer")
def answer() -> Answer:
    """Put the answers in. Of a number that does not count one thing is said, whatever the reason."""
    here, replies, code = spoken(), replies_in(request.form), request.form.get("code", "")[:60]
    if sessions.is_stale():
        return _answer_page(here, replies, code, "again", 400)
    if is_empty(replies):
        return _answer_page(here, replies, code, "none", 422)
    few = limit("codes", *WRONG_CODES)
    if few.is_over(network()):
        return _answer_page(here, replies, code, "wait", 429)
    try:
        actions.answer(code=parse_code(code), replies=replies)
    except MistypedCode:
        return _answer_page(here, replies, code, "wrong", 422)
    except NotValid:
        few.count(network())
        return _answer_page(here, replies, code, "wrong", 422)
    except actions.Busy:
        return _answer_page(here, replies, code, "wait", 409)
    return redirect(url_for("feedback.thanks", **kept(here)), 303)


@blueprint.get("/feedback/thanks")
def thanks() -> Answer:
    return page("feedback/thanks.html", spoken(), sent=False)


# ---- the house


@blueprint.get("/feedback/house")
@access.requires(Permission.STAY_MANAGE)
def house() -> Answer:
    """What people said, what the house did, and slips to print."""
    return _house_page(_note_form(typed=False), _slips_form(typed=False))


def _languages() -> list[tuple[str, str]]:
    handouts = country().handouts
    return [(code, handouts.greetings[code].parts["name"]) for code in handouts.feedback]


def _offered() -> list[SelectChoice]:
    """The languages of these pages to choose from, after an empty line."""
    return [SelectChoice(value=code, label=name) for code, name in (("", ""), *_languages())]


def _note_form(*, typed: bool = True) -> NoteForm:
    form = NoteForm(request.form if typed else None)
    form.language.choices = _offered()
    return form


def _slips_form(*, typed: bool = True) -> PrintSlipsForm:
    form = PrintSlipsForm(request.form if typed else None)
    form.slip_language.choices = _offered()
    return form


def _house_page(note: NoteForm, slips: PrintSlipsForm, status: int = 200) -> tuple[str, int]:
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
        note=note,
        slips=slips,
        form=note if note.errors else slips,
        manages=by.may(Permission.FEEDBACK_MANAGE),
        language_names=dict(_languages()),
        wrote=request.args.get("wrote"),
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
        return _house_page(form, _slips_form(typed=False), 422)
    try:
        actions.write_note(note=Note(form.language.data, form.text.data or ""), by=by)
    except FeedbackRefused as error:
        return errors.error_page(409, REFUSED[error.reason])
    except actions.Busy:
        return errors.error_page(409, BUSY)
    return redirect(url_for("feedback.house", wrote="yes", _anchor="notes"), 303)


@blueprint.post("/feedback/house/notes/off")
@access.requires(Permission.FEEDBACK_MANAGE)
def take_off_note() -> Answer:
    """Show a note no more."""
    by = access.actor()
    store.house(by=by)
    try:
        actions.take_off_note(note=Note(request.form.get("language", ""), request.form.get("text", "")), by=by)
    except actions.Busy:
        return errors.error_page(409, BUSY)
    return redirect(url_for("feedback.house", _anchor="notes"), 303)


@blueprint.post("/feedback/house/slips")
@access.requires(Permission.FEEDBACK_MANAGE)
def print_slips() -> Answer:
    """New slips as a PDF, whose numbers are shown this once; none counts unless the file was made."""
    by = access.actor()
    store.house(by=by)
    form = _slips_form()
    if not form.validate():
        return _house_page(_note_form(typed=False), form, 422)
    texts = country().handouts.feedback[form.slip_language.data]
    try:
        codes = actions.draw(number=int(form.number.data), by=by)
        content = to_pdf(slips_html(codes, texts))
        actions.keep(codes=codes, by=by)
    except PdfUnavailable:
        return errors.error_page(503, NO_PDF)
    except FeedbackRefused as error:
        return errors.error_page(409, REFUSED[error.reason])
    response = Response(content, content_type="application/pdf")
    response.headers.set("Content-Disposition", "attachment", filename="slips.pdf")
    return response


def slips_html(codes: list[str], texts: Handout) -> str:
    """The sheet: two slips on a page, each with its number and the questions."""
    return render_template(
        "support/feedback/slips.html",
        codes=codes,
        say=texts.language,
        t=said(texts),
        asked=list(Question),
        offered=list(Reply),
        address=url_for("feedback.index", _external=True).split("//", 1)[-1],
    )


# ---- paper that came in an envelope


@blueprint.get("/feedback/paper")
@access.requires(Permission.FEEDBACK_TYPE)
def paper_page() -> Answer:
    _desk(access.actor())
    return _paper_page({}, "", typed=request.args.get("typed") == "yes")


def _desk(by: Actor) -> None:
    if by.kind is not OrganisationKind.RESPONSIBLE_AUTHORITY or not country().handouts.feedback:
        raise NotVisible


def _paper_page(
    replies: Replies, code: str, wrong: str = "", status: int = 200, *, typed: bool = False
) -> tuple[str, int]:
    feedback: Mapping[str, Handout] = country().handouts.feedback
    texts = feedback.get(current_language()) or next(iter(feedback.values()))
    values = _typed(replies, code, wrong)
    shown = render_template(
        "support/feedback/paper.html", t=said(texts), say=texts.language, asked=list(Question), typed=typed, **values
    )
    return shown, status


@blueprint.post("/feedback/paper")
@access.requires(Permission.FEEDBACK_TYPE)
def paper() -> Answer:
    """Put in what stands on a slip."""
    by = access.actor()
    _desk(by)
    replies, code = replies_in(request.form), request.form.get("code", "")[:60]
    if is_empty(replies):
        return _paper_page(replies, code, "none", 422)
    try:
        actions.type_paper(code=parse_code(code), replies=replies, by=by)
    except (MistypedCode, NotValid):
        return _paper_page(replies, code, "wrong", 422)
    except actions.Busy:
        return errors.error_page(409, BUSY)
    return redirect(url_for("feedback.paper_page", typed="yes"), 303)
