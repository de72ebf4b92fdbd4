"""A joint interview that one hand wrote down: what contradicts itself, the partner's own word, and a second record."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from flask import Flask

from nrm.actions.shelter import consents, identifications
from nrm.actions.shelter.identifications import Conclusion
from nrm.domain.accounts.accounts import NotVisible
from nrm.domain.shelter.consents import Topic
from nrm.domain.shelter.identifications import Basis, IdentificationRefused, PartnerSaid, State
from nrm.store.shelter import identifications as store
from tests import factories
from tests import factories_referrals as people
from tests.client import Person
from tests.integration.shelter.test_identifications import (
    DUTY,
    NO,
    POLICE,
    RA,
    SECOND,
    YES,
    colleague,
    found,
    held,
    interviewed,
    looked,
    read,
)
from tests.integration.shelter.test_identifications import _member as member_id
from tests.world import World

Planted = tuple[Flask, World]
SHOWN = Basis.ACT_MEANS_PURPOSE


def typed(**changed: Any) -> dict[str, Any]:
    """What an officer types on the page of the joint interview."""
    return {
        "partner": str(member_id(POLICE)),
        "held": "today",
        "place": "shelter",
        "language": "shqip",
        "interpreter": "nobody",
        "account": "she drew the house",
        "outcome": "not_a_victim",
        "bases": ["element_missing"],
        "reasons": "no element of means",
        **changed,
    }


@pytest.mark.slow
@pytest.mark.parametrize(
    ("outcome", "bases"),
    [
        ("not_a_victim", ["act_means_purpose"]),
        ("not_a_victim", ["another_offence", "child_act_purpose"]),
        ("identified", ["own_account", "element_missing"]),
    ],
)
def test_a_conclusion_that_contradicts_its_ground_is_refused_with_what_to_do(
    world_app: Planted, outcome: str, bases: list[str]
) -> None:
    app, world = world_app
    ra = Person(app.test_client(), RA)
    page = ra.post(
        f"/identifications/{world.own_case}/interview?lang=en",
        typed(outcome=outcome, bases=bases, sure="y", account="a long account"),
        422,
    )
    assert "What you conclude and what it rests on contradict each other" in page
    assert "a long account" in page
    assert found(world.own_case).state == State.ASKED
    with pytest.raises(IdentificationRefused, match="contradicts"):
        interviewed(world.own_case, Conclusion(outcome, [Basis(each) for each in bases], "x"))
    interviewed(world.own_case)
    second = colleague(SECOND, "STATE_POLICE", POLICE)
    read(world.own_case, second)
    with pytest.raises(IdentificationRefused, match="contradicts"):
        identifications.look(
            case_id=world.own_case, concluded=Conclusion(outcome, [Basis(each) for each in bases], "x"), by=second
        )
    look = Person(app.test_client(), SECOND).post(
        f"/identifications/{world.own_case}/look?lang=en",
        {"outcome": outcome, "bases": bases, "reasons": "mine", "sure": "y"},
        422,
    )
    assert "contradict each other" in look


def test_not_a_victim_is_asked_about_once_more(world_app: Planted) -> None:
    app, world = world_app
    ra = Person(app.test_client(), RA)
    address = f"/identifications/{world.own_case}/interview?lang=en"
    assert 'name="sure"' not in ra.get(address)
    page = ra.post(address, typed(), 422)
    assert "You conclude that the person is not a victim" in page
    assert 'name="sure"' in page
    assert "she drew the house" in page
    assert found(world.own_case).state == State.ASKED
    ra.post(address, typed(sure="y"))
    assert found(world.own_case).state == State.FIRST_LOOK
    colleague(SECOND, "STATE_POLICE", POLICE)
    second = Person(app.test_client(), SECOND)
    second.post(f"/identifications/{world.own_case}/open", {"part": "joint_interview"})
    look = f"/identifications/{world.own_case}/look?lang=en"
    answers: dict[str, object] = {"outcome": "not_a_victim", "bases": "element_missing", "reasons": "as told"}
    assert "You conclude that the person is not a victim" in second.post(look, answers, 422)
    second.post(look, {**answers, "sure": "y"})
    assert found(world.own_case).status == "not_a_victim"


@pytest.mark.slow
def test_the_partner_reads_what_was_written_in_her_name_and_says_so_herself(world_app: Planted) -> None:
    app, world = world_app
    interviewed(world.own_case, NO)
    address = f"/identifications/{world.own_case}"
    waits = "has not confirmed it in the program"
    vatra = Person(app.test_client(), "vatra.case_worker")
    for page in (
        vatra.get(f"/cases/{world.own_case}/identification?lang=en"),
        vatra.get(f"/cases/{world.own_case}?lang=en"),
        Person(app.test_client(), DUTY).get(f"{address}?lang=en"),
    ):
        assert f"Written down by {RA}. {POLICE} {waits}" in page
    partner = Person(app.test_client(), POLICE)
    assert "You are named in an interview" in partner.get("/?lang=en")
    shown = partner.get(f"{address}?lang=en")
    assert f"{RA} wrote down that you held this interview together" in shown
    assert "not a victim (An element of trafficking is missing)" in shown  # what is said to be hers, too
    for login in (RA, DUTY):
        with pytest.raises(NotVisible):
            identifications.answer(case_id=world.own_case, agrees=True, by=factories.actor(login))
    partner.post(f"{address}/answer", {}, 422)
    partner.post(f"{address}/answer", {"says": "agree"})
    assert f"{POLICE} read it and agrees" in vatra.get(f"/cases/{world.own_case}/identification?lang=en")
    assert "You are named in an interview" not in partner.get("/?lang=en")
    colleague(SECOND, "STATE_POLICE", POLICE)
    second = factories.actor(SECOND)
    assert store.of_case(world.own_case, by=second).said == PartnerSaid.AGREES
    assert looked(world.own_case, NO, second) is State.DECIDED


@pytest.mark.slow
def test_where_the_partner_does_not_agree_two_looks_do_not_decide(world_app: Planted) -> None:
    app, world = world_app
    interviewed(world.own_case, NO)
    partner = Person(app.test_client(), POLICE)
    partner.post(f"/identifications/{world.own_case}/answer", {"says": "object"})
    said = f"{POLICE} says: I was not there, or I do not agree"
    vatra = Person(app.test_client(), "vatra.case_worker")
    assert said in vatra.get(f"/cases/{world.own_case}/identification?lang=en")
    assert said in vatra.get(f"/cases/{world.own_case}?lang=en")
    duty = Person(app.test_client(), DUTY)
    assert said in duty.get("/?lang=en")
    second = colleague(SECOND, "STATE_POLICE", POLICE)
    read(world.own_case, second)
    look = Person(app.test_client(), SECOND).get(f"/identifications/{world.own_case}/look?lang=en")
    assert said in look
    assert looked(world.own_case, NO, second) is State.DIFFERING
    assert found(world.own_case).status == "possible"
    third = factories.actor(DUTY)
    assert looked(world.own_case, YES, third) is State.DECIDED
    assert found(world.own_case).status == "identified"


def test_who_looks_reads_that_the_partner_has_not_confirmed(world_app: Planted) -> None:
    app, world = world_app
    interviewed(world.own_case)
    read(world.own_case, colleague(SECOND, "STATE_POLICE", POLICE))
    page = Person(app.test_client(), SECOND).get(f"/identifications/{world.own_case}/look?lang=en")
    assert f"Written down by {RA}. {POLICE} has not confirmed it in the program" in page


def test_an_interview_that_a_colleague_recorded_first_gives_the_text_back(world_app: Planted) -> None:
    app, world = world_app
    police = Person(app.test_client(), POLICE)
    address = f"/identifications/{world.own_case}/interview?lang=en"
    police.get(address)
    interviewed(world.own_case)
    mine = typed(partner=str(member_id(RA)), account="my own long account", reasons="my reasons", outcome="identified")
    page = police.post(address, {**mine, "bases": ["own_account"]}, 409)
    assert f"{RA} recorded the joint interview already" in page
    assert "my own long account" in page
    assert "my reasons" in page
    assert f"/identifications/{world.own_case}" in page
    assert "say there whether you agree" in page
    ra = Person(app.test_client(), RA)
    again = ra.post(address, typed(account="once more"), 409)
    assert "You recorded the joint interview already" in again
    assert "once more" in again


def test_a_look_that_somebody_recorded_first_gives_the_text_back(world_app: Planted) -> None:
    app, world = world_app
    interviewed(world.own_case)
    second = colleague(SECOND, "STATE_POLICE", POLICE)
    looked(world.own_case, YES, second)
    page = Person(app.test_client(), SECOND).post(
        f"/identifications/{world.own_case}/look?lang=en",
        {"outcome": "identified", "bases": "own_account", "reasons": "typed for an hour"},
        409,
    )
    assert "typed for an hour" in page


def test_nobody_answers_for_an_interview_that_is_not_recorded(world_app: Planted) -> None:
    _, world = world_app
    with pytest.raises(NotVisible):
        identifications.answer(case_id=world.own_case, agrees=True, by=factories.actor(POLICE))
    with pytest.raises(NotVisible):
        identifications.answer(case_id=uuid.uuid4(), agrees=True, by=factories.actor(POLICE))
    assert held().partner_id == member_id(POLICE)


@pytest.mark.slow
def test_within_the_reflection_period_the_person_must_want_it_now(world_app: Planted) -> None:
    app, world = world_app
    nrc = Person(app.test_client(), "nrc.case_worker")
    address = f"/cases/{world.case}/identification/ask?lang=en"
    readers: list[str] = [str(people.organisation(code)) for code in ("STATE_POLICE", "RA")]
    assert "The person wants this now" in nrc.get(address)
    page = nrc.post(address, {"readers": readers, "agreed": "y"}, 422)
    assert "The reflection period runs until" in page
    assert "nobody decides anything for the person" not in nrc.get(f"/cases/{world.case}?lang=en")
    nrc.post(address, {"readers": readers, "agreed": "y", "wants_now": "y"})
    ra, interview = Person(app.test_client(), RA), f"/identifications/{world.case}/interview?lang=en"
    whole = typed(outcome="identified", bases=["own_account"])
    assert "The reflection period runs until" in ra.post(interview, whole, 422)
    assert found(world.case).state == State.ASKED
    with pytest.raises(IdentificationRefused, match="time"):
        interviewed(world.case)
    ra.post(interview, {**whole, "wants_now": "y"})
    assert found(world.case).state == State.FIRST_LOOK
    # Who has no such period, or whose period is over, is asked nothing.
    assert "The person wants this now" not in ra.get(f"/identifications/{world.own_case}/interview?lang=en")


@pytest.mark.slow
def test_nobody_concludes_about_a_person_whose_record_they_did_not_open(world_app: Planted) -> None:
    """A second look could be made without reading a word of what the person told."""
    app, world = world_app
    interviewed(world.own_case)
    by, address = colleague(SECOND, "STATE_POLICE", POLICE), f"/identifications/{world.own_case}"
    second, told = Person(app.test_client(), SECOND), "Open the record first, and read what the person told"
    page = second.get(f"{address}?lang=en")
    assert told in page
    assert "Look at the record and conclude" not in page
    assert told in second.get(f"{address}/look?lang=en", 409)
    typed: dict[str, object] = {"outcome": "identified", "bases": "own_account", "reasons": "x"}
    assert told in second.post(f"{address}/look?lang=en", typed, 409)
    with pytest.raises(IdentificationRefused, match="unread"):
        identifications.look(case_id=world.own_case, concluded=YES, by=by)
    assert found(world.own_case).state == State.FIRST_LOOK
    assert "waits for you" in second.get("/identifications?lang=en")
    second.post(f"{address}/open", {"part": "joint_interview"})
    assert "Look at the record and conclude" in second.get(f"{address}?lang=en")
    second.post(f"{address}/look", typed)
    assert found(world.own_case).state == State.DECIDED


@pytest.mark.slow
def test_an_objection_that_is_taken_back_stays_before_the_duty_desk(world_app: Planted) -> None:
    """Whoever was talked round took the line away from the duty desk, which had not called yet."""
    app, world = world_app
    interviewed(world.own_case)
    partner, duty = Person(app.test_client(), POLICE), Person(app.test_client(), DUTY)
    said, back = f"{POLICE} says: I was not there, or I do not agree", "this was taken back"
    partner.post(f"/identifications/{world.own_case}/answer", {"says": "object"})
    assert said in duty.get("/?lang=en")
    assert back not in duty.get("/?lang=en")
    partner.post(f"/identifications/{world.own_case}/answer", {"says": "agree"})
    home = duty.get("/?lang=en")
    assert said in home
    assert back in home
    factories.later(days=8)
    assert said not in Person(app.test_client(), DUTY).get("/?lang=en")


@pytest.mark.slow
def test_what_waits_for_two_weeks_is_asked_about_by_the_shelter_alone(world_app: Planted) -> None:
    """An appeal, or a look, that nobody made was on nobody's list."""
    app, world = world_app
    waits = "waits for the joint interview since"
    assert waits not in Person(app.test_client(), "vatra.case_worker").get("/?lang=en")
    factories.later(days=15)
    for path in ("/", "/to-do"):
        page = Person(app.test_client(), "vatra.case_worker").get(f"{path}?lang=en")
        assert waits in page
        assert f"/cases/{world.own_case}/identification" in page
    assert waits not in Person(app.test_client(), "nrc.case_worker").get("/to-do?lang=en")
    interviewed(world.own_case)
    assert "Formal identification:" not in Person(app.test_client(), "vatra.case_worker").get("/to-do?lang=en")
    factories.later(days=15)
    page = Person(app.test_client(), "vatra.case_worker").get("/to-do?lang=en")
    assert "Formal identification: waits for the second look since" in page
    for party in ("STATE_POLICE", "RA"):  # nobody reads the record any more
        consents.withdraw(
            case_id=world.own_case, what=Topic.SHARING, party=party, by=factories.actor("vatra.case_worker")
        )
    assert "Formal identification:" not in Person(app.test_client(), "vatra.case_worker").get("/to-do?lang=en")
