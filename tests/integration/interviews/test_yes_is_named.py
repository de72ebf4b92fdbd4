"""No yes is written down to an organisation that was not named to the person, on any way a case can come and go."""

from __future__ import annotations

import json
import uuid
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from nrm import clock
from nrm.actions.interviews import interview_imports, interview_sending, interviews, paper_forms
from nrm.actions.referrals import next_receiver, referrals
from nrm.actions.shelter import cases, consents, direct_intake
from nrm.db import db
from nrm.domain.accounts.accounts import Actor, NotPermitted, NotVisible
from nrm.domain.interviews.questionnaire_flow import prune
from nrm.domain.referrals.referrals import DeclineReason, IllegalTransition, OverrideReason, ReferralRefused
from nrm.domain.shelter.cases import CaseRefused, Compartment
from nrm.domain.shelter.consents import Answer, Asking, ByName, ConsentRefused, Naming, Said, Topic
from nrm.domain.shelter.direct_intake import OwnCase
from nrm.domain.shelter.stays import Source
from nrm.models.interviews.interviews import Interview
from nrm.models.referrals.referrals import Referral
from nrm.models.shelter.cases import Case
from nrm.models.shelter.consents import Consent, NamedParty
from nrm.models.shelter.places import Place
from nrm.steps.interviews.drafts import LastPage
from nrm.steps.shelter import consent_records
from nrm.store import days
from nrm.vault.keyrings import CannotOpen
from tests.factories import actor
from tests.factories_interviews import LOGIN, example, questionnaire
from tests.factories_referrals import HAND_OVER, NAMED, organisation

WAYS = ("screen", "urgent", "import", "paper", "own")
BY_NAME = st.sampled_from((None, *ByName))
PARTY = st.sampled_from(NAMED)
SAID: dict[str, Sequence[str]] = {
    "consent_services": ("yes", "yes", "dont_know"),
    "consent_sharing": ("yes", "yes", "no_answer"),
    "consent_urgent": ("given", "given", "not_asked"),
    "purpose_read": ("understood", "understood", "partly"),
    "alone": ("yes", "yes", "no"),
    "interpreter": ("nobody", "telephone", "not_found"),
    "language": ("sq", "ro", "bn"),
    "risk": ("low", "high"),
    "proceedings": ("none", "tirana"),
}
REFUSED = (
    ReferralRefused,
    CaseRefused,
    ConsentRefused,
    IllegalTransition,
    NotVisible,
    NotPermitted,
    CannotOpen,
)
LATER = st.lists(
    st.tuples(
        st.sampled_from(("decline", "expire", "withdraw", "refer", "direct", "accept", "ask", "share")), PARTY, BY_NAME
    ),
    max_size=5,
)


@st.composite
def person(draw: st.DrawFn) -> dict[str, Any]:
    return {name: draw(st.sampled_from(codes)) for name, codes in SAID.items()} | {
        "gender": "feminine",
        "parties": draw(st.lists(PARTY, unique=True, max_size=2)),
    }


@pytest.mark.slow
def test_no_yes_is_written_down_to_who_was_not_named(app: Flask) -> None:
    assert app

    @settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.sampled_from(WAYS), person(), st.frozensets(PARTY), PARTY, BY_NAME, LATER)
    def each(
        way: str,
        answers: dict[str, Any],
        screen: frozenset[str],
        party: str,
        by_name: ByName | None,
        later: list[tuple[str, str, ByName | None]],
    ) -> None:
        heard = set(screen) if way in ("screen", "urgent") else set()
        heard |= set(answers["parties"])  # the person struck them out, so their names were said
        case_id = _own() if way == "own" else _sent(way, answers, screen, party, by_name)
        if case_id is None:
            return
        if way != "own" and by_name in (ByName.YES, ByName.NO):
            heard.add(party)
        _check(case_id, heard)
        for act, other, said in later:
            heard |= _act(case_id, act, other, said)
            _check(case_id, heard)

    each()


def _check(case_id: uuid.UUID, heard: set[str]) -> None:
    db.session.rollback()
    yes = (Consent.case_id == case_id, Consent.topic == "sharing", Consent.said == "given", Consent.party != "")
    given_to = set(db.session.scalars(select(Consent.party).where(*yes)))
    on_list = select(NamedParty.party).where(NamedParty.case_id == case_id, NamedParty.naming == Naming.NAMED)
    assert given_to <= set(db.session.scalars(on_list)) <= heard


def _sent(
    way: str, answers: dict[str, Any], screen: frozenset[str], party: str, by_name: ByName | None
) -> uuid.UUID | None:
    """The case of somebody interviewed so and sent to the party; None if it was refused. The names on a screen are
    sent along whatever the way is, as a form made by hand does."""
    by = actor(LOGIN)
    whole = prune(questionnaire(), example(urgent="yes" if way == "urgent" else "no", **answers))
    interview_id = _begun(way, whole, screen, by)
    draft = interviews.read(interview_id=interview_id, by=by)
    page = draft.pages[-1]
    last = LastPage(
        page.id, {name: draft.answers[name] for name in page.questions if name in draft.answers}, draft.revision, screen
    )
    try:
        sent = interview_sending.send(
            interview_id=interview_id, party=party, override_reason="other", by_name=by_name, last=last, by=by
        )
    except ReferralRefused:
        return None
    return sent.case_id


def _begun(way: str, answers: dict[str, Any], screen: frozenset[str], by: Actor) -> uuid.UUID:
    if way in ("screen", "urgent"):
        interview_id = interviews.start(interview_id=uuid.uuid4(), urgent=way == "urgent", by=by)
        interviews.save_answers(interview_id=interview_id, answers=answers, named=screen, by=by)
        return interview_id
    if way == "import":
        line = {
            "questionnaire": "returnee-1",
            "interviewed_at": "2026-01-02T10:30",
            "answers": {**answers, "story": uuid.uuid4().hex},
        }
        code = interview_imports.take_in(line=json.loads(json.dumps(line)), by=by)
        found = db.session.scalars(select(Interview.id).where(Interview.pseudonym == code)).one()
        interviews.resume(interview_id=found, by=by)
        return found
    (number,) = paper_forms.drawn(1)
    paper_forms.issue(numbers=[number], questionnaire=questionnaire(), staff="sq", spoken="sq", by=by)
    interview_id = paper_forms.begin(interview_id=uuid.uuid4(), number=number, at=clock.now(), again=False, by=by)
    seen = paper_forms.read(interview_id=interview_id, by=by).revision
    paper_forms.keep(interview_id=interview_id, answers=answers, seen=seen, complete=True, by=by)
    return interview_id


def _own() -> uuid.UUID:
    """The own case of a shelter whose person agrees to everything."""
    case = OwnCase(
        source=Source.OWN,
        age_class="adult",
        age=30,
        gender="feminine",
        citizenship="AL",
        consent="given",
        statistics="yes",
        home="AL",
    )
    today = days.today()
    end = today + timedelta(days=30)
    by = actor("vatra.case_worker")
    return direct_intake.open_case(
        case=case, place_id=_bed("VATRA"), admitted_on=today, anticipated_end_on=end, by=by
    ).case_id


def _bed(code: str) -> uuid.UUID:
    """A new bed: examples never run out of beds."""
    bed = Place(id=uuid.uuid4(), organisation_id=organisation(code), label=uuid.uuid4().hex[:8])
    db.session.add(bed)
    db.session.commit()
    return bed.id


def _act(case_id: uuid.UUID, act: str, party: str, by_name: ByName | None) -> set[str]:
    """Try to do it; who was named to the person by it."""
    db.session.rollback()
    case = db.session.get_one(Case, case_id)
    newest = db.session.scalars(
        select(Referral).where(Referral.case_id == case_id).order_by(Referral.position.desc()).limit(1)
    ).first()
    asked = next((each for each in NAMED if newest is not None and newest.receiver_id == organisation(each)), "NRC")
    holder = next((each for each in NAMED if case.holder_id == organisation(each)), None)
    custodian = actor(f"{holder.lower()}.case_worker") if holder else actor(LOGIN)
    to: dict[str, Any] = {"case_id": case_id, "receiver_id": organisation(party), "reason": OverrideReason.OTHER}
    try:
        if act in ("decline", "accept", "withdraw", "expire") and newest is None:
            return set()
        if act == "decline":
            desk = actor(f"{asked.lower()}.case_worker")
            referrals.decline(referral_id=newest.id, reason=DeclineReason.FULL, by=desk)
        elif act == "expire":
            referrals.expire_unanswered(limit=10, by=actor("ra.duty_officer"))
        elif act == "withdraw":
            referrals.withdraw(referral_id=newest.id, by=actor(LOGIN))
        elif act == "accept":
            referrals.accept(referral_id=newest.id, place_id=_bed(asked), by=actor(f"{asked.lower()}.case_worker"))
        elif act == "refer":
            next_receiver.refer(**to, by=custodian, by_name=by_name, hand_over=HAND_OVER)
        elif act == "direct":
            next_receiver.direct(**to, by=actor("ra.duty_officer"), by_name=by_name)
        elif act == "ask":
            yes = [Answer(topic, Said.GIVEN) for topic in (Topic.SERVICES, Topic.SHARING, Topic.STATISTICS)]
            both = [*yes, Answer(Topic.SHARING, Said.REFUSED, party)]
            consents.ask(case_id=case_id, answers=both, asking=Asking("returnee-1", "sq", "nobody"), by=custodian)
        else:
            told = {"organisation_id": organisation("PROSECUTION"), "compartments": {Compartment.LEGAL}}
            cases.share(case_id=case_id, **told, agreed=True, by=custodian)  # type: ignore[arg-type]
            return {"PROSECUTION"}
    except REFUSED:  # and so nothing was written, as the check that follows sees
        return set()
    return {party} if act == "ask" or (act in ("refer", "direct") and by_name is ByName.YES) else set()


def test_a_yes_to_who_was_not_named_cannot_be_written_down(app: Flask) -> None:
    assert app
    case_id = _own()
    by = actor("vatra.case_worker")
    yes = [Answer(Topic.SHARING, Said.GIVEN, "IOM")]
    with pytest.raises(consent_records.NotNamed):
        consent_records.record(db.session(), case_id, yes, Asking("", "", ""), by)
    db.session.rollback()
    consent_records.name(db.session(), case_id, ["IOM"], by)
    consent_records.record(db.session(), case_id, yes, Asking("", "", ""), by)
