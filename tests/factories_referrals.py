"""People on their way: interviews that were held and sent, as an officer would have done it."""

from __future__ import annotations

import dataclasses
import uuid
from collections.abc import Sequence
from typing import Any

from sqlalchemy import select

from nrm.actions.interviews import interview_sending, interviews
from nrm.actions.interviews.interview_sending import Sent
from nrm.db import db
from nrm.domain.accounts.accounts import Actor
from nrm.domain.interviews.interviews import Question
from nrm.domain.interviews.questionnaire_flow import pages, prune
from nrm.domain.referrals.transfers import HandOver, MoveReason
from nrm.models.shelter.places import Place
from nrm.store import names as organisation_names

PLANTED = "Zamira"
TOLD = "a man called Besnik took the passport"
# An Albanian woman who was abroad, without proceedings and without a wish: NRC, then IOM, then the other centres.
ANSWERS: dict[str, Any] = {
    "language": "sq",
    "age": "adult",
    "gender": "feminine",
    "given": PLANTED,
    "family": "Planted",
    "story": TOLD,
}


NAMED = ("NRC", "IOM", "VATRA", "TJETER_VIZION")
"""Whom the officer named to the person: every shelter."""


def interview(
    by: Actor,
    *,
    urgent: bool = False,
    named: Sequence[str] = NAMED,
    begun: uuid.UUID | None = None,
    **answers: Any,
) -> uuid.UUID:
    """A finished draft: the answers given, and the first possible answer to whatever else must be answered.

    `named`: the shelters that the officer named; `begun`: a draft that is there already.
    """
    interview_id = begun or interviews.start(interview_id=uuid.uuid4(), urgent=urgent, by=by)
    draft = interviews.read(interview_id=interview_id, by=by)
    given = dict(draft.answers)
    wanted = {**ANSWERS, **answers}
    for _ in range(40):
        before = dict(given)
        for page in pages(draft.questionnaire, given):
            for name in page.questions:
                question = draft.questionnaire.questions[name]
                if name in wanted:
                    given[name] = wanted[name]
                elif question.required and name not in given:
                    given[name] = _first(question)
        given = prune(draft.questionnaire, given)
        if given == before:
            break
    interviews.save_answers(interview_id=interview_id, answers=given, named=named, by=by)
    return interview_id


def _first(question: Question) -> Any:
    preferred = {
        "consent_services": "yes",
        "consent_sharing": "yes",
        "consent_statistics": "yes",
        "assessment": "suspected",
        "citizenship": "AL",
        "danger": "no",
        "could_leave": "dont_know",  # goes on and names nothing
        "risk": "low",
        "proceedings": "none",
        "alone": "yes",
    }
    if question.id in preferred:
        return preferred[question.id]
    match question.kind:
        case "some_of":
            return ["none"] if question.option("none") else [question.options[0].code]
        case "yes_no":
            return "no"
        case "country":
            return "IT"
        case "language":
            return "sq"
        case "number":
            return question.lowest
        case "partial_date":
            return "2024"
        case "parties":
            return []
        case "one_of":
            return question.options[0].code
    return "said"


def sent(by: Actor, party: str = "NRC", *, override_reason: str = "", urgent: bool = False, **answers: Any) -> Sent:
    """Somebody handed over to a party."""
    return interview_sending.send(
        interview_id=interview(by, urgent=urgent, **answers), party=party, override_reason=override_reason, by=by
    )


SECRET_NEED = "she needs insulin twice a day"
HAND_OVER = HandOver(
    reason=MoveReason.OWN_WISH,
    doctor=True,
    needs=SECRET_NEED,
    risk="her brother in law looks for her",
    children="a boy of four, with her",
    wishes="near her sister",
)
"""What a shelter writes for the one that it asks to take somebody over."""
HAND_OVER_FORM = {"why": "own_wish", "needs": SECRET_NEED, "doctor": "yes", "risk": "her brother in law"}
"""The same as fields of the page."""
NOT_SAFE = dataclasses.replace(HAND_OVER, reason=MoveReason.NOT_SAFE_HERE)


def bed(code: str, number: int = 0) -> uuid.UUID:
    """The id of one of a shelter's beds."""
    organisation = organisation_names.organisation_by_code(code)
    beds = db.session.scalars(
        select(Place.id).where(Place.organisation_id == organisation.id).order_by(Place.label)
    ).all()
    return beds[number]


def organisation(code: str) -> uuid.UUID:
    """The id of an organisation."""
    return organisation_names.organisation_by_code(code).id
