"""Sending: who is asked, what is sealed to whom, and what must not be found anywhere."""

from __future__ import annotations

import base64
import uuid
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, update

from nrm import clock
from nrm.actions.interviews import interview_sending, interviews
from nrm.actions.referrals import proposals
from nrm.db import db, transaction
from nrm.domain.accounts.accounts import Actor, NotPermitted, NotVisible
from nrm.domain.interviews.questionnaire_flow import prune
from nrm.domain.referrals.referrals import ReferralRefusal, ReferralRefused
from nrm.domain.shelter.cases import UNKNOWN
from nrm.models.accounts.accounts import Organisation
from nrm.models.referrals.referrals import Obligation, Referral, RouteCandidate
from nrm.models.shelter.cases import Case, Grant, PendingGrant
from nrm.models.shelter.places import Place
from nrm.store import days
from nrm.vault import compartments as vault
from nrm.vault.members import CannotOpen
from tests import factories_referrals as people
from tests import screened
from tests.conftest import Person
from tests.factories import actor
from tests.factories_interviews import LOGIN, example, questionnaire
from tests.factories_referrals import NAMED

PLANTED = ("Shpresëdashura", "Kryemadhi", "Zhvarritja e pashembullt")


def _held(by: Actor, answers: dict[str, Any]) -> uuid.UUID:
    interview_id = interviews.start(interview_id=uuid.uuid4(), by=by, urgent=answers.get("urgent") == "yes")
    interviews.save_answers(interview_id=interview_id, answers=prune(questionnaire(), answers), named=NAMED, by=by)
    return interview_id


def _code_of(organisation_id: uuid.UUID) -> str:
    return db.session.get_one(Organisation, organisation_id).code


def _holders(case_id: uuid.UUID, compartment: str) -> set[str]:
    rows = select(Grant.organisation_id).where(Grant.case_id == case_id, Grant.compartment == compartment)
    return {_code_of(each) for each in db.session.scalars(rows)}


def test_the_sender_and_the_authority_hold_the_hand_over_and_the_sender_alone_the_rest(app: Flask) -> None:
    by = actor(LOGIN)
    interview_id = _held(by, example())
    sent = interview_sending.send(interview_id=interview_id, party="NRC", by=by)
    assert _holders(sent.case_id, "hand_over") == {"RINAS", "RA"}
    assert _holders(sent.case_id, "identity") == {"RINAS"}
    assert _holders(sent.case_id, "story") == {"RINAS"}
    pending = select(PendingGrant.organisation_id).where(PendingGrant.compartment == "identity")
    candidates = db.session.scalars(select(RouteCandidate.organisation_id)).all()
    assert set(db.session.scalars(pending)) == set(candidates)
    with pytest.raises(CannotOpen):
        vault.allow(db.session(), sent.case_id, "identity", "test", by=actor("nrc.case_worker"))


def test_a_childs_identity_goes_to_child_protection_by_the_clause(app: Flask) -> None:
    by = actor(LOGIN)
    answers = example(age="child", age_stated=None, birth="2012", child_with="nëna", noticed_child=["alone"])
    sent = interview_sending.send(interview_id=_held(by, answers), party="NRC", by=by)
    assert _holders(sent.case_id, "identity") == {"RINAS", "CHILD_PROTECTION"}
    assert _holders(sent.case_id, "story") == {"RINAS"}


def test_files_of_the_instance_hold_none_of_the_planted_names(app: Flask, tmp_path: Path) -> None:
    by = actor(LOGIN)
    answers = example(given=PLANTED[0], family=PLANTED[1], story=PLANTED[2])
    waiting = _held(by, answers)
    interview_sending.send(interview_id=_held(by, answers), party="NRC", by=by)
    interviews.save_answers(interview_id=waiting, answers=prune(questionnaire(), answers), named=NAMED, by=by)
    looked_at = 0
    for file in (tmp_path / "instance").rglob("*"):
        if file.is_file():
            content = file.read_bytes()
            looked_at += 1
            for name in PLANTED:
                for plain in (name, name.lower(), name.encode("unicode_escape").decode()):
                    raw = plain.encode()
                    for form in (raw, plain.encode("utf-16-le"), plain.encode("utf-16-be"), raw.hex().encode()):
                        assert form not in content, file.name
                for shift in range(3):
                    middle = base64.b64encode(b"x" * shift + name.encode())[4:-4]
                    assert middle not in content, file.name
    assert looked_at > 3


def test_sent_twice_is_sent_once(app: Flask) -> None:
    by = actor(LOGIN)
    interview_id = _held(by, example())
    first = interview_sending.send(interview_id=interview_id, party="NRC", by=by)
    second = interview_sending.send(interview_id=interview_id, party="IOM", by=by)
    assert (second.referral_id, second.receiver, second.again) == (first.referral_id, "NRC", True)


def test_an_interview_with_something_missing_is_not_sent(app: Flask) -> None:
    by = actor(LOGIN)
    interview_id = interviews.start(interview_id=uuid.uuid4(), by=by)
    with pytest.raises(interview_sending.Incomplete):
        interview_sending.send(interview_id=interview_id, party="NRC", by=by)
    assert db.session.scalars(select(Case)).all() == []


@pytest.mark.parametrize(
    ("changed", "ending"), [({"assessment": "none"}, "none"), ({"consent_sharing": "no"}, "refused")]
)
def test_what_ends_without_a_referral_is_not_sent(app: Flask, changed: dict[str, str], ending: str) -> None:
    by = actor(LOGIN)
    answers = example(**changed, refusal_reason="fear")
    with pytest.raises(interview_sending.NothingToSend) as refused:
        interview_sending.send(interview_id=_held(by, answers), party="NRC", by=by)
    assert refused.value.ending == ending


def test_a_party_that_was_disabled_or_has_no_key_is_no_candidate(app: Flask) -> None:
    by = actor(LOGIN)
    interview_id = _held(by, example())
    with transaction() as session:
        session.execute(update(Organisation).where(Organisation.code == "NRC").values(enabled=False))
    proposed = proposals.propose(interview_id=interview_id, by=by)
    assert "NRC" not in {choice.party for choice in proposed.choices}
    assert "telephone" in proposed.unreachable["NRC"]["en"]
    with pytest.raises(ReferralRefused, match="no_shelter"):
        interview_sending.send(interview_id=interview_id, party="NRC", override_reason="safety", by=by)
    with pytest.raises(ReferralRefused, match="no_shelter"):
        interview_sending.send(interview_id=interview_id, party="RA", override_reason="safety", by=by)


def test_a_full_shelter_is_asked_only_with_a_reason(app: Flask) -> None:
    by = actor(LOGIN)
    interview_id = _held(by, example())
    with transaction() as session:
        session.execute(update(Place).values(until_on=days.today(), closed_why="repairs"))
    proposed = proposals.propose(interview_id=interview_id, by=by)
    assert proposed.proposed == ()
    assert proposed.route.fallback == "no_room"
    with pytest.raises(ReferralRefused, match="no_reason"):
        interview_sending.send(interview_id=interview_id, party="NRC", by=by)
    interview_sending.send(interview_id=interview_id, party="NRC", override_reason="medical_need", by=by)
    referral = db.session.scalars(select(Referral)).one()
    assert (referral.overrides, referral.override_reason) == ("", "medical_need")


def test_the_answers_hour_and_the_obligations_come_from_the_agreement(app: Flask) -> None:
    by = actor(LOGIN)
    at = clock.now()
    clock.set_clock(lambda: at)
    interview_sending.send(interview_id=_held(by, example()), party="NRC", by=by)
    referral = db.session.scalars(select(Referral)).one()
    assert (referral.due_at - at).total_seconds() == 3600
    assert (referral.expires_at - at).total_seconds() == 4 * 3600
    owed = {(row.kind, row.party) for row in db.session.scalars(select(Obligation))}
    assert ("notify", "RA") in owed
    assert ("arrival", "receiver") in owed
    assert not any(kind == "answer" for kind, _ in owed)
    assert not any(party == "NRC" for _, party in owed)


def test_the_chosen_party_stands_first_in_the_stored_route(app: Flask) -> None:
    by = actor(LOGIN)
    interview_id = _held(by, example(citizenship_class="albanian", proceedings="none"))
    proposed = [choice.party for choice in proposals.propose(interview_id=interview_id, by=by).proposed]
    assert len(proposed) > 1
    interview_sending.send(interview_id=interview_id, party=proposed[-1], by=by)
    stored = db.session.scalars(select(RouteCandidate).order_by(RouteCandidate.position)).all()
    assert [_code_of(row.organisation_id) for row in stored][:2] == [proposed[-1], proposed[0]]
    assert [row.position for row in stored] == list(range(1, len(stored) + 1))


def test_where_an_official_took_part_no_exclusion_gives_its_reason(app: Flask) -> None:
    by = actor(LOGIN)
    interview_id = _held(by, example(official="yes", official_what="Mori para"))
    proposed = proposals.propose(interview_id=interview_id, by=by)
    reasons = [proposed.reason_of(each.party, each.reason) for each in proposed.route.excluded]
    assert all(reason == {"sq": "", "en": ""} for reason in reasons)
    told = {each.party for each in proposed.route.obligations if each.kind == "notify"}
    assert "BORDER_POLICE" not in told


def test_the_case_in_clear_holds_closed_codes_only(app: Flask) -> None:
    by = actor(LOGIN)
    sent = interview_sending.send(interview_id=_held(by, example(given=PLANTED[0])), party="NRC", by=by)
    case = db.session.get_one(Case, sent.case_id)
    assert (case.status, case.source, case.holder_id) == ("referred", "crossing_point", by.organisation_id)
    assert case.pseudonym == sent.pseudonym
    for name, value in case.facts.items():
        assert len(str(value)) < 200, name
    (screening,) = screened.counted().elements()
    assert screening.crossing_point == "rinas"
    assert screening.processed == "referred_nrc"
    assert screening.gender != UNKNOWN


def test_only_who_conducts_interviews_proposes_and_sends(app: Flask) -> None:
    by = actor(LOGIN)
    interview_id = _held(by, example())
    with pytest.raises(NotVisible):
        proposals.propose(interview_id=interview_id, by=actor("durres.border_officer"))
    with pytest.raises(NotVisible):
        interview_sending.send(interview_id=interview_id, party="NRC", by=actor("vatra.case_worker"))
    with pytest.raises(NotPermitted):
        interview_sending.send(interview_id=interview_id, party="NRC", by=actor("ra.duty_officer"))
    with pytest.raises(interview_sending.OpeningEnded):
        interview_sending.send(interview_id=interview_id, party="NRC", by=actor(LOGIN))  # another session, not resumed


def test_a_sending_that_failed_halfway_can_be_repeated(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    by = actor(LOGIN)
    interview_id = _held(by, example())
    with monkeypatch.context() as broken:
        broken.setattr("nrm.audit.append", _fail)
        with pytest.raises(OSError, match="disk full"):
            interview_sending.send(interview_id=interview_id, party="NRC", by=by)
    assert db.session.scalars(select(Case)).all() == []
    assert interviews.read(interview_id=interview_id, by=by).status == "draft"
    sent = interview_sending.send(interview_id=interview_id, party="NRC", by=by)
    vault.allow(db.session(), sent.case_id, "identity", "test", by=by)
    assert vault.read(db.session(), sent.case_id, "identity", by=by).value["given"] == example()["given"]


def _fail(*_: object, **__: object) -> None:
    raise OSError("disk full")


def test_who_is_asked_when_everybody_of_the_route_was_struck_out_owes_what_a_receiver_owes(app: Flask) -> None:
    by = actor(LOGIN)
    struck = ["NRC", "VATRA", "TJETER_VIZION", "RA"]
    sent = people.sent(by, "IOM", override_reason="safety", urgent=True, consent_urgent="undecided", parties=struck)
    referral = db.session.get_one(Referral, sent.referral_id)
    assert referral.due_at - referral.sent_at == timedelta(minutes=30)
    owed = db.session.scalars(select(Obligation).where(Obligation.case_id == sent.case_id)).all()
    assert ("ask_consent", "receiver", timedelta(days=1)) in {
        (each.kind, each.party, each.due_at and each.due_at - referral.sent_at) for each in owed
    }
    assert "RA" not in {each.party for each in owed}


URGENT = {"consent_urgent": "given", "alone": "yes"}


def test_the_urgent_way_asks_why_another_shelter_than_the_first_is_asked(app: Flask) -> None:
    """One officer's urgent hand-overs went to one house each time, and no row said why."""
    assert app
    by = actor(LOGIN)
    held_id = people.interview(by, urgent=True, **URGENT)
    route = proposals.propose(interview_id=held_id, by=by)
    first, other = route.named[0], route.named[1]
    assert [each.party for each in route.proposed] == [first.party]
    with pytest.raises(ReferralRefused) as refused:
        interview_sending.send(interview_id=held_id, party=other.party, by=by)
    assert refused.value.reason is ReferralRefusal.NO_REASON
    sent = interview_sending.send(interview_id=held_id, party=other.party, override_reason="safety", by=by)
    referral = db.session.get_one(Referral, sent.referral_id)
    assert (referral.override_reason, referral.must) == ("safety", False)
    assert referral.overrides
    # The first one is asked as before, without a word.
    sent = people.sent(by, first.party, urgent=True, **URGENT)
    assert db.session.get_one(Referral, sent.referral_id).override_reason == ""


def test_without_haste_each_shelter_of_the_route_is_asked_without_a_reason(app: Flask) -> None:
    assert app
    by = actor(LOGIN)
    route = proposals.propose(interview_id=people.interview(by), by=by)
    assert len(route.proposed) > 1
    sent = people.sent(by, route.proposed[-1].party)
    assert db.session.get_one(Referral, sent.referral_id).override_reason == ""


@pytest.mark.slow
def test_the_desk_and_the_house_read_why_another_shelter_was_asked(app: Flask) -> None:
    assert app
    by = actor(LOGIN)
    route = proposals.propose(interview_id=people.interview(by, urgent=True, **URGENT), by=by)
    code = route.named[1].organisation.code
    sent = people.sent(by, route.named[1].party, override_reason="no_road_tonight", urgent=True, **URGENT)
    people.sent(by, route.proposed[0].party, urgent=True, **URGENT)
    words = "Not asked in the order of the agreement: No way to travel tonight"
    assert Person(app.test_client(), "ra.duty_officer").get("/?lang=en").count(words) == 1
    house = Person(app.test_client(), f"{code.lower()}.case_worker")
    assert words in house.get(f"/referrals/{sent.referral_id}?lang=en")
