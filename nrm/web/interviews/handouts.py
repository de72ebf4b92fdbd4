"""What a person may be handed: the wallet leaflet, the receipt of what was agreed to; and the sheet for the driver.

None names a person. The leaflet and the receipt have no code either, and no title that tells what they are about.
"""

from __future__ import annotations

import uuid
from typing import Any

from flask import Blueprint, Response, after_this_request, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from forms.names import language_name
from nrm import clock
from nrm.actions.interviews import interviews
from nrm.actions.interviews.interviews import Draft, NoLongerDraft, OpeningEnded
from nrm.domain.accounts.accounts import NotVisible, Permission
from nrm.domain.interviews.facts import struck_out
from nrm.domain.interviews.handouts import Handout
from nrm.domain.interviews.interviews import Answers
from nrm.domain.interviews.understanding import doubts
from nrm.domain.interviews.wordings import language_question, reading_language
from nrm.domain.referrals.crossing_points import POSTS
from nrm.domain.referrals.referrals import ReferralStatus
from nrm.domain.shelter.consents import asked_in_interview
from nrm.domain.words import N_
from nrm.render.pdf import PdfUnavailable, to_pdf
from nrm.store import names as organisation_names
from nrm.store.countries import country
from nrm.store.interviews import interviews as store
from nrm.store.referrals import referrals as referral_store
from nrm.store.referrals.referrals import ReferralLine
from nrm.store.shelter import consents
from nrm.web import access, errors, formats, sessions
from nrm.web.language import current_language, gettext, text_in

blueprint = Blueprint("handouts", __name__)
Answer = BaseResponse | tuple[str, int] | str
NO_PDF = N_("This server cannot make the file now. Read the text out instead; the help line is on every page.")
# What a receipt tells of, by the question that was asked; the urgent way asks for two at once.
ASKED = {
    "consent_services": ("services",),
    "consent_sharing": ("sharing",),
    "consent_statistics": ("statistics",),
    "consent_urgent": ("services", "sharing"),
}
LEAFLET, UNSAFE = ("leaflet", "leaflet_read"), "unsafe"
"""The questions whether the leaflet was offered, or read out by telephone; and the answer that it was not safe."""
NONE_SAFE = "none"
KEPT_SECONDS = 3600
Leaflets = list[tuple[str, str, str, bool]]
YES = frozenset({"yes", "given"})
NO = frozenset({"no", "refused"})


def leaflets(first: str = "") -> Leaflets:
    """(language, its name, the language of the name, whether a draft) of every leaflet, `first` before the others, in
    the order of the names. Languages in which nothing else is there have the name that the officer knows."""
    handouts, mine = country().handouts, current_language()
    found = [
        (code, handouts.greetings[code].parts["name"], code, leaflet.status == "draft")
        if code in handouts.receipts
        else (code, language_name(code, mine).capitalize(), mine, leaflet.status == "draft")
        for code, leaflet in handouts.leaflets.items()
    ]
    return sorted(found, key=lambda each: (each[0] != first, formats.sort_key(each[1], current_language())))


def of_talk(draft: Draft, answers: Answers) -> Leaflets | None:
    """The leaflets, that in the language of the talk first; None where the officer wrote that none is safe to have."""
    if _is_unsafe(answers):
        return None
    return leaflets(str(answers.get(language_question(draft.questionnaire)) or ""))


def _is_unsafe(answers: Answers) -> bool:
    return any(answers.get(name) == UNSAFE for name in LEAFLET)


def remember(draft: Draft, answers: Answers) -> None:
    """Let the pages after this interview offer leaflets as `of_talk` does, when its answers are sealed: the browser
    keeps for an hour the language, or that none is safe, and nothing is kept on the server. That none is safe is kept
    of each interview on its own: another one that ends meanwhile does not replace it."""
    unsafe = _is_unsafe(answers)
    language = str(answers.get(language_question(draft.questionnaire)) or "")
    value = f"{draft.interview_id} {NONE_SAFE if unsafe else language}"

    @after_this_request
    def _keep(response: BaseResponse) -> BaseResponse:
        own = _cookie(draft.interview_id)
        _set(response, _cookie(), value)
        if unsafe:
            _set(response, own, NONE_SAFE)
        elif own in request.cookies:
            response.delete_cookie(own, secure=sessions.is_secure(), httponly=True, samesite="Strict", path="/")
        return response


def _set(response: BaseResponse, name: str, value: str) -> None:
    secure = sessions.is_secure()
    response.set_cookie(name, value, KEPT_SECONDS, secure=secure, httponly=True, samesite="Strict", path="/")


def after_talk(interview_id: uuid.UUID | None) -> Leaflets | None:
    """The leaflets on a page after an interview, as `remember` said of it; None for `interview_id`: of whichever ended
    last. All of them where nothing is known."""
    if interview_id is not None and _cookie(interview_id) in request.cookies:
        return None
    known, _, what = request.cookies.get(_cookie(), "").partition(" ")
    if interview_id is not None and known != str(interview_id):
        return leaflets()
    return None if what == NONE_SAFE else leaflets(what)


def _cookie(interview_id: uuid.UUID | None = None) -> str:
    """The name of the cookie of whichever interview ended last, or of one in which no leaflet is safe."""
    name = "__Host-nrm-leaflet" if sessions.is_secure() else "nrm-leaflet"
    return f"{name}-{interview_id.hex}" if interview_id is not None else name


def duty_of(line: ReferralLine) -> list[tuple[str, str]]:
    """(name, telephone) of those to call when nobody answers about a case: the duty desks, or the help line if the
    person struck these out. The caller has checked that the actor sees the case."""
    struck = consents.struck_out(line)
    desks = [
        (text_in(each.names), each.telephone)
        for each in organisation_names.organisations_by_id().values()
        if each.kind == "responsible_authority" and not struck & {each.party, each.code}
    ]
    return desks or [(gettext("Help line"), country().emergency.helpline)]


def closed_desk(line: ReferralLine) -> str:
    """The number to be called now while nobody has answered and the desk of who is asked is closed; empty otherwise,
    and where the actor is not told who that is."""
    waits = line.status is ReferralStatus.SENT and line.told
    return organisation_names.number_while_closed(line.receiver_code) if waits else ""


@blueprint.get("/leaflets")
@access.requires(Permission.INTERVIEW_CONDUCT)
def index() -> str:
    return render_template("interviews/handouts/index.html", leaflets=leaflets())


@blueprint.get("/leaflets/<language>")
@access.requires(Permission.INTERVIEW_CONDUCT)
def leaflet(language: str) -> Answer:
    """The wallet leaflet as a file: four fields of a card's size on one side, to be cut out and folded twice."""
    found = country().handouts.leaflets.get(language)
    if found is None:
        raise NotVisible
    return _pdf("interviews/handouts/leaflet.html", "numbers.pdf", leaflet=found, emergency=country().emergency)


@blueprint.get("/interviews/<uuid:interview_id>/receipt/pdf")
@access.requires(Permission.INTERVIEW_CONDUCT)
def receipt(interview_id: uuid.UUID) -> Answer:
    """What the person agreed to and refused, in their language, as long as the interview is not sent.

    With `names` also who was named to them and struck out: for a person who can keep the paper to themselves.
    """
    try:
        draft = interviews.read(interview_id=interview_id, by=access.actor())
    except (OpeningEnded, NoLongerDraft):
        return redirect(url_for("interviews.tasks", interview_id=interview_id), 303)
    agreed, refused = consent_parts(draft)
    if not agreed and not refused:
        raise NotVisible
    found = _receipt_of(draft)
    return _pdf(
        "interviews/handouts/receipt.html",
        "note.pdf",
        receipt=found,
        agreed=[found.parts[part] for part in agreed],
        refused=[found.parts[part] for part in refused],
        read=_wording_version(draft),
        **_named(draft),
        day=clock.today(country().timezone),
        emergency=country().emergency,
    )


def _named(draft: Draft) -> dict[str, list[str]]:
    """The names of those named to the person and of those struck out, if they are asked for."""
    if "names" not in request.args:
        return {"named": [], "struck": []}
    known = country().in_force(clock.now()).parties
    struck = struck_out(draft.questionnaire, draft.answers)
    lists = {"named": draft.named | struck, "struck": struck}
    return {
        each: [text_in(known[code].names) for code in sorted(codes & known.keys())] for each, codes in lists.items()
    }


def consent_parts(draft: Draft) -> tuple[list[str], list[str]]:
    """(what was agreed to, what was refused) as parts of a receipt; nothing where consent was not asked, or not
    decided, or where the yes is only a wish. Being counted needs a yes."""
    doubtful = bool(doubts(draft.questionnaire, draft.answers))
    agreed: list[str] = []
    refused: list[str] = []
    for question, parts in ASKED.items():
        answer = draft.answers.get(question)
        if answer in YES and not doubtful:
            agreed.extend(parts)
        elif answer in NO:
            refused.extend(parts)
    return agreed, refused


def _receipt_of(draft: Draft) -> Handout:
    receipts = country().handouts.receipts
    spoken = reading_language(
        draft.questionnaire, draft.answers.get(language_question(draft.questionnaire)), staff=current_language()
    )
    return receipts[spoken]


def _wording_version(draft: Draft) -> int | None:
    return asked_in_interview(draft.questionnaire, draft.answers).version or None


@blueprint.get("/interviews/<uuid:interview_id>/transport/pdf")
@access.requires(Permission.INTERVIEW_CONDUCT)
def transport(interview_id: uuid.UUID) -> Answer:
    """The sheet for the driver: whom to call, what to observe on the way. No name, no address of the destination, and
    from a post no number of it."""
    by = access.actor()
    newest = store.hand_over_referral(interview_id, by=by)
    line = referral_store.referral(newest.id, by=by)
    return _pdf(
        "interviews/handouts/transport.html",
        "sheet.pdf",
        code=line.pseudonym,
        telephone="" if by.kind in POSTS else line.receiver_telephone,
        duty=[number for _, number in duty_of(line)],
        emergency=country().emergency,
    )


def _pdf(template: str, name: str, **values: Any) -> Answer:
    try:
        content = to_pdf(render_template(template, **values))
    except PdfUnavailable:
        return errors.error_page(503, NO_PDF)
    response = Response(content, content_type="application/pdf")
    response.headers.set("Content-Disposition", "attachment", filename=name)
    return response
