"""What a person may be handed: the wallet leaflet, the receipt of what was agreed to; and the sheet for the driver.

None names a person. The leaflet and the receipt have no code either, and no title that tells what they are about.
"""

from __future__ import annotations

import uuid
from typing import Any

from flask import Blueprint, Response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from forms.names import language_name
from nrm import clock
from nrm.actions.interviews import interviews
from nrm.actions.interviews.interviews import Draft, NoLongerDraft, OpeningEnded
from nrm.domain.accounts.accounts import NotVisible, Permission
from nrm.domain.interviews.facts import struck_out
from nrm.domain.interviews.handouts import Handout
from nrm.domain.interviews.understanding import doubts
from nrm.domain.interviews.wordings import language_question, reading_language
from nrm.domain.referrals.crossing_points import POSTS
from nrm.domain.shelter.consents import asked_in_interview
from nrm.domain.words import N_
from nrm.render.pdf import PdfUnavailable, to_pdf
from nrm.store import names as organisation_names
from nrm.store.countries import country
from nrm.store.interviews import interviews as store
from nrm.store.referrals import referrals as referral_store
from nrm.store.referrals.referrals import ReferralLine
from nrm.store.shelter import consents
from nrm.web import access, errors, formats
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
YES = frozenset({"yes", "given"})
NO = frozenset({"no", "refused"})


def leaflets() -> list[tuple[str, str, str, bool]]:
    """(language, its name, the language of the name, whether a draft) of every leaflet, in the Albanian order of the
    names. Languages in which nothing else is there have the name that the officer knows."""
    handouts, mine = country().handouts, current_language()
    found = [
        (code, handouts.greetings[code].parts["name"], code, leaflet.status == "draft")
        if code in handouts.receipts
        else (code, language_name(code, mine).capitalize(), mine, leaflet.status == "draft")
        for code, leaflet in handouts.leaflets.items()
    ]
    return sorted(found, key=lambda each: formats.sort_key(each[1], current_language()))


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
