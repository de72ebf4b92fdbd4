"""At what age somebody counts, what a referral came to, whether a duty is done, what the child authority was told and
what people agreed to, changed by another hand: the doctor names it (ADR 0235)."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, update

from nrm import clock
from nrm.actions.interviews import child_alerts
from nrm.actions.referrals import referrals
from nrm.actions.shelter import consents
from nrm.audit import Event, details_of
from nrm.db import db, transaction
from nrm.domain.health import Part, State
from nrm.domain.interviews.endings import ChildAnswer
from nrm.models.audit import AuditEntry
from nrm.models.interviews.interviews import Interview
from nrm.models.referrals.referrals import ChildAlert, Obligation, Referral
from nrm.models.shelter.cases import Case
from nrm.models.shelter.consents import Consent
from nrm.steps.lost_records import lost
from tests import factories
from tests import factories_referrals as people
from tests.conftest import Command
from tests.integration.interviews.test_child_alerts import answer_age
from tests.integration.test_health import parts_of
from tests.integration.test_lost_records import changed, code, rows, taken_out
from tests.world import World

AGES, REFERRALS, DUTIES = "at what age somebody counts", "referrals (", "duties that are done or owed"
TOLD, AGREED = "what the child authority was told at a post", "what people agreed to"
ALL = (AGES, REFERRALS, DUTIES, TOLD, AGREED)


def of_interview(interview_id: uuid.UUID) -> str:
    return db.session.scalars(select(Interview.pseudonym).where(Interview.id == interview_id)).one()


@pytest.mark.slow
def test_each_fact_that_another_hand_changes_is_named_by_the_doctor_with_its_case_and_no_other(
    world_app: tuple[Flask, World], command: Command
) -> None:
    app, world = world_app
    post, desk = factories.actor("rinas.border_officer"), factories.actor("ra.duty_officer")
    authority = factories.actor("child_protection.case_worker")
    child = answer_age(post, "child")
    known = answer_age(post, "unsure")
    child_alerts.acknowledge(interview_id=known, by=authority)
    referrals.acknowledge(obligation_id=world.obligation, by=desk)
    owed = next(each["id"] for each in rows(Obligation, Obligation.case_id == world.coming_case) if not each["done_at"])
    yes = next(
        each["id"]
        for each in rows(Consent, Consent.case_id == world.case, Consent.topic == "services")
        if each["ended"] == ""
    )
    now, by_desk, by_post = clock.now(), {"done_by_id": desk.member_id}, {"done_by_id": post.member_id}
    done = {"done_at": now, **by_desk}
    assert lost() == ""
    attacks: list[tuple[Iterator[None], str, str]] = [
        (changed(Case, Case.id == world.own_case, age_class="child"), AGES, code(world.own_case)),
        (changed(Case, Case.id == world.asked_case, age_class="unsure"), AGES, code(world.asked_case)),
        (changed(Referral, Referral.id == world.coming, status="arrived"), REFERRALS, code(world.coming_case)),
        (changed(Referral, Referral.id == world.asked, status="accepted"), REFERRALS, code(world.asked_case)),
        (changed(Referral, Referral.id == world.arrived, status="not_arrived"), REFERRALS, code(world.case)),
        (changed(Obligation, Obligation.id == owed, **done), DUTIES, code(world.coming_case)),
        (changed(Obligation, Obligation.id == world.obligation, **by_post), DUTIES, code(world.asked_case)),
        (
            changed(Obligation, Obligation.id == world.obligation, done_at=None, done_by_id=None),
            DUTIES,
            code(world.asked_case),
        ),
        (changed(ChildAlert, ChildAlert.id == child, **done), TOLD, of_interview(child)),
        (changed(ChildAlert, ChildAlert.id == child, age_class="adult"), TOLD, of_interview(child)),
        (
            changed(ChildAlert, ChildAlert.id == child, withdrawn_at=now, withdrawn_why="not_named"),
            TOLD,
            of_interview(child),
        ),
        (taken_out(ChildAlert, ChildAlert.id == child), TOLD, of_interview(child)),
        (changed(ChildAlert, ChildAlert.id == known, done_at=None, done_by_id=None), TOLD, of_interview(known)),
        (changed(ChildAlert, ChildAlert.id == known, **by_post), TOLD, of_interview(known)),
        (changed(Consent, Consent.id == yes, said="refused", due_on=None), AGREED, code(world.case)),
        (changed(Consent, Consent.id == yes, ended="lapsed", ended_on=now.date()), AGREED, code(world.case)),
        (taken_out(Consent, Consent.id == yes), AGREED, code(world.case)),
    ]
    for attack, words, named in attacks:
        next(attack)
        told = lost()
        assert words in told, (words, named, told)
        assert named in told, told
        assert sum(each in told for each in ALL) == 1, told
        next(attack)
        assert lost() == "", (words, named)
    with transaction() as session:
        session.execute(update(Case).where(Case.id == world.own_case).values(age_class="child"))
    told_of = parts_of(app, command)[Part.RECORDS]
    assert (told_of["state"], AGES in told_of["why"], code(world.own_case) in told_of["why"]) == (
        State.WRONG,
        True,
        True,
    )


def test_a_yes_that_was_taken_back_and_is_put_back_with_its_old_mark_is_named(
    world_app: tuple[Flask, World],
) -> None:
    app, world = world_app
    assert app
    shelter = factories.actor("nrc.shelter_manager")
    sharing = rows(Consent, Consent.case_id == world.case, Consent.topic == "sharing", Consent.ended == "")
    yes = next(each for each in sharing if each["said"] == "given" and each["party"])
    consents.withdraw(case_id=world.case, what="sharing", party=yes["party"], by=shelter)
    assert lost() == ""
    with transaction() as session:
        old = {name: yes[name] for name in ("ended", "ended_on", "ended_by_id", "narrowing", "mark")}
        session.execute(update(Consent).where(Consent.id == yes["id"]).values(**old))
    assert AGREED in lost()


def test_what_people_say_themselves_about_a_child_at_a_post_is_missed_by_nobody(app: Flask) -> None:
    assert app
    post, authority = factories.actor("rinas.border_officer"), factories.actor("child_protection.case_worker")
    interview_id = answer_age(post, "child")
    child_alerts.acknowledge(interview_id=interview_id, by=authority)
    child_alerts.take_back_known(interview_id=interview_id, by=authority)
    assert lost() == ""
    answer_age(post, "adult", interview_id)
    assert lost() == ""
    child_alerts.answer_child(interview_id=interview_id, answer=ChildAnswer.ADULT, by=authority)
    assert lost() == ""
    answer_age(post, "unsure", interview_id)
    assert lost() == ""


def test_a_referral_tells_the_chain_of_what_age_the_person_is_and_one_from_before_is_not_missed(app: Flask) -> None:
    assert app
    sent = people.sent(factories.actor("rinas.border_officer"))
    entry = db.session.scalars(select(AuditEntry).where(AuditEntry.event == Event.REFERRAL_SENT)).one()
    assert details_of(entry.details)["age_class"] == "adult"
    before: dict[str, Any] = {"details": entry.details.replace('"age_class":"adult",', "")}
    with transaction() as session:  # as an earlier program wrote it
        session.execute(update(AuditEntry).where(AuditEntry.id == entry.id).values(**before))
        session.execute(update(Case).where(Case.id == sent.case_id).values(age_class="unsure"))
    assert AGES not in lost()
