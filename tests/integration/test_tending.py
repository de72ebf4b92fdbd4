"""What time brings, done twice and at once."""

from __future__ import annotations

import threading
import uuid
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import func, select, update

from nrm import clock
from nrm.actions import tending
from nrm.actions.interviews import interviews
from nrm.actions.referrals import referrals
from nrm.actions.shelter import cases
from nrm.db import db, transaction
from nrm.domain.referrals.referrals import ReferralStatus
from nrm.domain.shelter.cases import Compartment, Purpose
from nrm.models.accounts.accounts import MemberSession
from nrm.models.referrals.referrals import Referral
from nrm.models.shelter.cases import Destruction, Opening, ShredKey
from nrm.steps.referrals import transitions
from nrm.steps.shelter import cases as case_steps
from nrm.store.countries import country
from nrm.store.referrals import duty as duty_store
from nrm.store.referrals import referrals as store
from nrm.store.rows.referrals import next_receiver as next_receiver_rows
from nrm.store.rows.referrals import referrals as referral_rows
from nrm.vault import shredding
from tests import factories
from tests import factories_referrals as people

NOTHING = {
    "people_compared": 0,
    "consents_lapsed": 0,
    "thinking_ended": 0,
    "particulars_destroyed": 0,
    "follow_ups_on": 0,
    "feedback_counted": 0,
    "complaints_forgotten": 0,
    "complaints_moved": 0,
    "benefits_forgotten": 0,
    "grown_up": 0,
    "referrals_expired": 0,
    "drafts_expired": 0,
    "groups_forgotten": 0,
    "holds_over": 0,
    "papers_settled": 0,
    "sessions_ended": 0,
    "alarms_raised": 0,
    "acts_expired": 0,
    "keys_forgotten": 0,
    "begun_anew": 0,
    "openings_lapsed": 0,
    "erased_listed": 0,
    "alerts_forgotten": 0,
    "families_forgotten": 0,
    "supplements_lapsed": 0,
    "notices_over": 0,
    "others_over": 0,
    "tags_forgotten": 0,
    "meetings_over": 0,
    "places_ended": 0,
    "sessions_covered": 0,
    "keys_destroyed": 0,
    "keyrings_settled": 0,
    "key_log_settled": 0,
    "key_log_changed": 0,
    "country_followed": 0,
    "rows_followed": 0,
    "keyrings_due": 0,
    "keyrings_disagree": 0,
    "keys_left_over": 0,
    "shred_files_deleted": 0,
    "child_returns_forgotten": 0,
    "hearings_forgotten": 0,
    "calls_forgotten": 0,
    "screens_forgotten": 0,
    "records_forgotten": 0,
    "seeds_committed": 0,
    "rows_coarsened": 0,
    "names_sealed": 0,
}


def test_with_nothing_due_nothing_happens(app: Flask) -> None:
    # The seed of the running quarter; and in a long run the sessions of when the instance was made are over.
    assert {**tending.tend(), "sessions_ended": 0} == {**NOTHING, "seeds_committed": 1}
    assert tending.tend() == NOTHING


def test_an_unanswered_referral_expires_and_the_next_party_is_asked_without_any_key(app: Flask) -> None:
    factories.later()
    rinas = factories.actor("rinas.border_officer")
    sent = people.sent(rinas)
    expires_within = country().in_force(clock.now()).expires_within
    factories.later(expires_within - timedelta(seconds=1))
    assert tending.tend()["referrals_expired"] == 0
    factories.later(seconds=1)
    assert tending.tend()["referrals_expired"] == 1
    assert tending.tend() == NOTHING
    assert [(each.party, str(each.status)) for each in next_receiver_rows.chain(sent.case_id)] == [
        ("NRC", "expired"),
        ("IOM", "sent"),
    ]
    iom = factories.actor("iom.case_worker")
    referral = store.received(by=iom).rows[0]
    referrals.accept(referral_id=referral.id, place_id=people.bed("IOM"), by=iom)
    cases.open_compartment(case_id=sent.case_id, compartment=Compartment.IDENTITY, purpose=Purpose.CARE, by=iom)
    assert case_steps.opened(case_id=sent.case_id, by=iom)[Compartment.IDENTITY].value["given"] == people.PLANTED


def test_when_nobody_is_left_the_duty_officer_has_the_case(app: Flask) -> None:
    sent = people.sent(factories.actor("rinas.border_officer"))
    for _ in range(4):
        factories.later(country().in_force(clock.now()).expires_within)
        assert tending.tend()["referrals_expired"] == 1
    factories.later(days=1)
    assert tending.tend()["referrals_expired"] == 0
    duty = factories.actor("ra.duty_officer")
    decisions = [line for line in duty_store.waiting(by=duty).rows if line.kind == "decision"]
    assert [(line.case_id, line.late) for line in decisions] == [(sent.case_id, True)]


def test_eight_at_once_expire_a_referral_once(app: Flask) -> None:
    people.sent(factories.actor("rinas.border_officer"))
    factories.later(country().in_force(clock.now()).expires_within)
    db.session.rollback()
    counts: list[int] = []
    errors: list[BaseException] = []
    start = threading.Barrier(8)

    def tend() -> None:
        with app.app_context():
            start.wait()
            try:
                counts.append(tending.tend()["referrals_expired"])
            except BaseException as error:
                errors.append(error)
            finally:
                db.session.remove()

    threads = [threading.Thread(target=tend) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert sum(counts) == 1
    assert db.session.scalar(select(func.count()).select_from(Referral)) == 2


def test_a_draft_too_old_is_destroyed_with_its_keys(app: Flask) -> None:
    factories.later()
    rinas = factories.actor("rinas.border_officer")
    interview_id = interviews.start(interview_id=uuid.uuid4(), by=rinas)
    days = country().retention.draft_days
    factories.later(timedelta(days=days) - timedelta(seconds=1))
    assert tending.tend()["drafts_expired"] == 0
    factories.later(seconds=1)
    assert tending.tend()["drafts_expired"] == 1
    with db.engines["shred"].connect() as connection:
        left = connection.scalar(select(func.count()).where(ShredKey.case_id == interview_id))
    assert left == 0
    assert tending.tend() == NOTHING


def test_openings_that_lapsed_go_and_ended_sessions_lose_their_keys(app: Flask) -> None:
    rinas = factories.actor("rinas.border_officer")
    interviews.start(interview_id=uuid.uuid4(), by=rinas)
    factories.later(minutes=15)
    done = tending.tend()
    assert done["openings_lapsed"] >= 1
    assert done["sessions_ended"] >= 1
    assert db.session.scalar(select(func.count()).select_from(Opening)) == 0
    with_keys = select(func.count()).where(MemberSession.sealed_keys.is_not(None))
    assert db.session.scalar(with_keys) == 0


def test_keys_left_on_the_list_by_a_crash_are_destroyed(app: Flask) -> None:
    with transaction() as session:
        listed = Destruction(kind="shred", case_id=uuid.uuid4(), compartment="story", epoch=1)
        shredding.list_for_destruction(session, [listed])
    assert tending.tend()["keys_destroyed"] == 1
    assert tending.tend() == NOTHING


def test_a_referral_promised_by_telephone_is_not_expired_before_its_new_time(app: Flask) -> None:
    rinas = factories.actor("rinas.border_officer")
    sent = people.sent(rinas)
    within = country().in_force(clock.now()).expires_within
    factories.later(within / 2)
    rinas = factories.actor("rinas.border_officer")
    referrals.promise(referral_id=sent.referral_id, promised_by="Arta", by=rinas)
    factories.later(within / 2)
    assert tending.tend()["referrals_expired"] == 0
    factories.later(within / 2)
    assert tending.tend()["referrals_expired"] == 1


def test_a_row_whose_hour_was_put_forward_by_hand_is_left_alone(app: Flask) -> None:
    sent = people.sent(factories.actor("rinas.border_officer"))
    with transaction() as session:
        session.execute(update(Referral).values(expires_at=clock.now() + timedelta(days=9)))
    factories.later(days=1)
    assert tending.tend()["referrals_expired"] == 0
    assert [str(each.status) for each in next_receiver_rows.chain(sent.case_id)] == ["sent"]


def test_a_referral_that_is_gone_does_not_keep_the_others_from_expiring(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the list and its turn the row of a referral can go, with the case it belongs to."""
    sent = people.sent(factories.actor("rinas.border_officer"))
    factories.later(country().in_force(clock.now()).expires_within)
    monkeypatch.setattr(referral_rows, "unanswered", lambda *_: [uuid.uuid4(), sent.referral_id])
    assert tending.tend()["referrals_expired"] == 1


def test_a_referral_that_changes_after_it_was_judged_is_not_expired(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A promise that came in after the hours were read gives a new deadline: the old one ends nothing."""
    sent = people.sent(factories.actor("rinas.border_officer"))
    factories.later(country().in_force(clock.now()).expires_within)

    def judged(*args: object, **terms: object) -> ReferralStatus:
        promised = update(Referral).values(expires_at=clock.now() + timedelta(hours=2))
        db.session().execute(promised.execution_options(synchronize_session=False))
        return ReferralStatus.EXPIRED

    monkeypatch.setattr(transitions, "decide", judged)
    assert tending.tend()["referrals_expired"] == 0
    assert [str(each.status) for each in next_receiver_rows.chain(sent.case_id)] == ["sent"]
