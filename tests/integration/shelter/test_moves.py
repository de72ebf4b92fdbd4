"""A person moves: from one shelter to another, back to where they came from, on the way, and out of the system."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import func, select, update
from sqlalchemy.exc import IntegrityError

from nrm import clock
from nrm.actions.referrals import next_receiver, notification_calls, outside_referrals, referrals
from nrm.actions.shelter import cases, permits, stays
from nrm.db import db, transaction
from nrm.domain.accounts.accounts import Actor, NotPermitted, NotVisible
from nrm.domain.referrals.critical_path import DECISION
from nrm.domain.referrals.notification_calls import CallRefused, MadeCall
from nrm.domain.referrals.outside_referrals import OutsideKind, OutsideReason, OutsideReferralRefused
from nrm.domain.referrals.referrals import DeclineReason, Escort, IllegalTransition, OverrideReason, ReferralRefused
from nrm.domain.shelter.cases import CaseRefused, Compartment, Purpose
from nrm.domain.shelter.consents import ByName
from nrm.domain.shelter.permits import GateClosed, PermitEvent
from nrm.models.referrals.outside_referrals import OutsideReferral
from nrm.models.referrals.referrals import Call, Obligation, Referral
from nrm.models.shelter.cases import CareNote, Grant, PendingGrant
from nrm.models.shelter.stays import Stay
from nrm.steps.shelter import cases as case_steps
from nrm.store import days
from nrm.store.referrals import duty as duty_store
from nrm.store.referrals import obligations
from nrm.store.referrals import referrals as store
from nrm.store.rows.referrals import next_receiver as next_receiver_rows
from nrm.store.shelter import cases as case_store
from nrm.store.shelter import stays as stay_store
from nrm.vault import compartments as vault
from nrm.vault import members, shredding
from nrm.vault.unattended import call_names
from tests import factories
from tests import factories_referrals as people
from tests.conftest import Person
from tests.factories_stays import CHILD, MOLDOVAN, admitted, may_go
from tests.races import race

REFUSALS = (IllegalTransition, ReferralRefused, CaseRefused, NotVisible)
BOTH = pytest.mark.parametrize("database", ["app", "postgres_app"])


@pytest.fixture
def instance(database: str, request: pytest.FixtureRequest) -> Flask:
    app: Flask = request.getfixturevalue(database)
    return app


@pytest.fixture
def vatra(app: Flask) -> Actor:
    assert app
    return factories.actor("vatra.shelter_manager")


def move(case_id: uuid.UUID, to: str, by: Actor, **more: object) -> uuid.UUID:
    return next_receiver.refer(
        case_id=case_id,
        receiver_id=people.organisation(to),
        reason=OverrideReason.PERSON_WISHES,
        by=by,
        **{"by_name": ByName.YES, "hand_over": people.HAND_OVER, **more},  # type: ignore[arg-type]
    )


def take_over(referral_id: uuid.UUID, code: str, by: Actor, bed: int = 7) -> uuid.UUID:
    """Accept, arrive and admit; returns the new stay."""
    case_id = referrals.accept(referral_id=referral_id, place_id=people.bed(code, bed), by=by)
    referrals.arrive(referral_id=referral_id, by=by)
    today = days.today()
    return stays.admit(
        case_id=case_id,
        place_id=people.bed(code, bed),
        admitted_on=today,
        anticipated_end_on=today + timedelta(days=30),
        by=by,
    )


def opens(case_id: uuid.UUID, compartment: Compartment, by: Actor) -> dict[str, object]:
    cases.open_compartment(case_id=case_id, compartment=compartment, purpose=Purpose.CARE, by=by)
    return case_steps.opened(case_id=case_id, by=by)[compartment].value


def opens_nothing(case_id: uuid.UUID, by: Actor) -> None:
    for compartment in Compartment:
        with pytest.raises((members.CannotOpen, NotVisible, NotPermitted)):
            cases.open_compartment(case_id=case_id, compartment=compartment, purpose=Purpose.CARE, by=by)
        with pytest.raises(members.CannotOpen), transaction() as session:
            vault.allow(session, case_id, compartment, "test", by=by)


# --- transfers and returns


def test_a_transfer_takes_everything_from_the_old_shelter_and_keeps_the_case(vatra: Actor) -> None:
    nrc = factories.actor("nrc.case_worker")
    own = admitted(vatra, identity={"given": people.PLANTED}, story=people.TOLD, days_ago=3)
    cases.add_note(case_id=own.case_id, text="sleeps badly", by=vatra)
    referral_id = move(own.case_id, "NRC", vatra)
    assert opens(own.case_id, Compartment.IDENTITY, vatra)["given"] == people.PLANTED  # theirs until the answer
    with pytest.raises(ReferralRefused, match="already_open"):
        move(own.case_id, "IOM", vatra)
    new_stay = take_over(referral_id, "NRC", nrc)
    opens_nothing(own.case_id, vatra)
    with pytest.raises(NotVisible):
        case_store.case(own.case_id, by=vatra)
    assert opens(own.case_id, Compartment.IDENTITY, nrc)["given"] == people.PLANTED
    opens(own.case_id, Compartment.CARE, nrc)
    noted, handed_over = case_steps.notes(case_id=own.case_id, by=nrc)
    assert (noted["text"], people.SECRET_NEED in handed_over["text"]) == ("sleeps badly", True)
    old = stay_store.stay(own.stay_id, by=vatra)
    assert (old.exit_reason, old.destination, old.ended_on) == ("transferred", "other_shelter", days.today())
    assert stay_store.stay(new_stay, by=nrc).case_id == own.case_id
    assert db.session.scalar(select(func.count()).select_from(Stay).where(Stay.case_id == own.case_id)) == 2


def test_the_old_shelters_backup_opens_nothing_after_a_transfer(vatra: Actor) -> None:
    """The main database of before, with everything the old shelter holds, and the shred database of after."""
    nrc = factories.actor("nrc.case_worker")
    own = admitted(vatra, identity={"given": people.PLANTED})
    before = {
        (row.compartment, row.epoch, row.revision): bytes(row.sealed_value)
        for row in vault.sealed_of(db.session(), own.case_id)
    }
    grants = [
        {column.key: getattr(row, column.key) for column in Grant.__table__.columns}
        for row in db.session.scalars(select(Grant).where(Grant.case_id == own.case_id))
    ]
    take_over(move(own.case_id, "NRC", vatra), "NRC", nrc)
    for compartment, epoch, _ in before:
        assert shredding.shred_key(own.case_id, compartment, epoch) is None
    with transaction() as session:
        for row in vault.sealed_of(session, own.case_id):
            for old in (key for key in before if key[0] == row.compartment):
                row.epoch, row.revision, row.sealed_value = old[1], old[2], before[old]
        session.flush()
        for grant in grants:
            session.merge(Grant(**grant))
    opens_nothing(own.case_id, vatra)


def test_a_person_goes_back_to_where_they_came_from(vatra: Actor) -> None:
    nrc = factories.actor("nrc.case_worker")
    own = admitted(vatra, identity={"given": people.PLANTED})
    take_over(move(own.case_id, "NRC", vatra), "NRC", nrc)
    assert people.organisation("VATRA") in next_receiver_rows.were_with(own.case_id)
    back = move(own.case_id, "VATRA", nrc)
    take_over(back, "VATRA", vatra)
    opens_nothing(own.case_id, nrc)
    assert opens(own.case_id, Compartment.IDENTITY, vatra)["given"] == people.PLANTED
    ended = db.session.scalars(select(Stay).where(Stay.case_id == own.case_id, Stay.ended_on.is_not(None))).all()
    assert [row.exit_reason for row in ended] == ["transferred", "transferred"]


def test_who_reads_by_consent_is_decided_again_before_the_move(vatra: Actor) -> None:
    nrc, unit = factories.actor("nrc.case_worker"), factories.actor("trp_unit.trp_officer")
    for goes_on in (True, False):
        own = admitted(vatra, MOLDOVAN, identity={"given": people.PLANTED}, bed=0)
        today = days.today()
        permits.record(case_id=own.case_id, event=PermitEvent.INFORM, on=today, language="ro", by=vatra)
        permits.record(case_id=own.case_id, event=PermitEvent.APPLY, on=today, by=vatra)
        assert unit.organisation_id is not None
        cases.share(
            case_id=own.case_id,
            organisation_id=unit.organisation_id,
            compartments={Compartment.IDENTITY, Compartment.LEGAL},
            agreed=True,
            by=vatra,
        )
        referral_id = move(own.case_id, "NRC", vatra, go_on_reading=[unit.organisation_id] if goes_on else [])
        take_over(referral_id, "NRC", nrc, bed=7 if goes_on else 8)
        if goes_on:
            assert opens(own.case_id, Compartment.IDENTITY, unit)["given"] == people.PLANTED
        else:
            opens_nothing(own.case_id, unit)
        opens_nothing(own.case_id, vatra)


def test_who_was_struck_out_at_the_border_stays_struck_out_in_every_later_move(app: Flask) -> None:
    assert app
    rinas, nrc = factories.actor("rinas.border_officer"), factories.actor("nrc.case_worker")
    sent = people.sent(rinas, parties=["VATRA"], avoid=["elbasan"])
    take_over(sent.referral_id, "NRC", nrc)
    for code in ("VATRA", "TJETER_VIZION"):
        with pytest.raises(ReferralRefused, match="struck_out"):
            move(sent.case_id, code, nrc, by_name=None)
    move(sent.case_id, "VATRA", nrc, by_name=ByName.YES)


def test_after_two_declines_of_a_move_the_duty_officer_decides_within_half_an_hour(vatra: Actor) -> None:
    nrc, iom, duty = (factories.actor(login) for login in ("nrc.case_worker", "iom.case_worker", "ra.duty_officer"))
    own = admitted(vatra)
    with pytest.raises(NotVisible):  # nobody's to decide while its holder has not been refused
        next_receiver.direct(
            case_id=own.case_id, receiver_id=people.organisation("NRC"), reason=OverrideReason.SAFETY, by=duty
        )
    for code, by in (("NRC", nrc), ("IOM", iom)):
        referrals.decline(referral_id=move(own.case_id, code, vatra), reason=DeclineReason.FULL, by=by)
    with pytest.raises(ReferralRefused, match="duty_officer_decides"):
        move(own.case_id, "TJETER_VIZION", vatra)
    (line,) = [
        each for each in duty_store.waiting(by=duty).rows if (each.case_id, each.kind) == (own.case_id, DECISION)
    ]
    assert timedelta(minutes=29) < line.due_at - clock.now() <= timedelta(minutes=30)
    assert not line.late
    factories.later(minutes=31)
    duty = factories.actor("ra.duty_officer")
    (line,) = [
        each for each in duty_store.waiting(by=duty).rows if (each.case_id, each.kind) == (own.case_id, DECISION)
    ]
    assert line.late
    directed = next_receiver.direct(
        case_id=own.case_id, receiver_id=people.organisation("NRC"), reason=OverrideReason.SAFETY, by=duty
    )
    assert not [
        each for each in duty_store.waiting(by=duty).rows if (each.case_id, each.kind) == (own.case_id, DECISION)
    ]
    manager = factories.actor("vatra.shelter_manager")
    with pytest.raises(ReferralRefused, match="no_hand_over"):
        next_receiver.offer(referral_id=directed, by=manager)
    next_receiver.offer(referral_id=directed, hand_over=people.HAND_OVER, by=manager)
    take_over(directed, "NRC", factories.actor("nrc.case_worker"))


@BOTH
def test_of_two_moves_at_once_one_is_sent(instance: Flask) -> None:
    vatra = factories.actor("vatra.shelter_manager")
    own = admitted(vatra, identity={"given": people.PLANTED})
    receivers = [people.organisation(code) for code in ("NRC", "IOM", "TJETER_VIZION")]

    def ask(receiver: uuid.UUID) -> object:
        return next_receiver.refer(
            case_id=own.case_id,
            receiver_id=receiver,
            reason=OverrideReason.SAFETY,
            hand_over=people.HAND_OVER,
            by=vatra,
            by_name=ByName.YES,
        )

    won = race(instance, *[lambda receiver=each: ask(receiver) for each in receivers], refusals=REFUSALS)
    assert len(won) == 1
    waiting = set(db.session.scalars(select(PendingGrant.organisation_id).where(PendingGrant.case_id == own.case_id)))
    assert len(waiting) == 1


@BOTH
def test_a_move_is_accepted_while_the_stay_is_ended(instance: Flask) -> None:
    vatra, nrc = factories.actor("vatra.shelter_manager"), factories.actor("nrc.case_worker")
    own = admitted(vatra, identity={"given": people.PLANTED})
    referral_id, bed = move(own.case_id, "NRC", vatra), people.bed("NRC", 7)
    from nrm.domain.shelter.stays import Destination, ExitReason, ImpossibleStay

    def leave() -> object:
        return stays.end(
            stay_id=own.stay_id,
            ended_on=days.today(),
            exit_reason=ExitReason.TRANSFERRED,
            destination=Destination.OTHER_SHELTER,
            where="home",
            by=vatra,
        )

    def accept() -> object:
        return referrals.accept(referral_id=referral_id, place_id=bed, by=nrc)

    def shut() -> object:
        return cases.close(case_id=own.case_id, by=vatra)

    race(instance, leave, accept, shut, refusals=(*REFUSALS, ImpossibleStay))
    referrals.arrive(referral_id=referral_id, by=nrc)
    opens_nothing(own.case_id, vatra)
    assert db.session.scalar(select(Stay.id).where(Stay.case_id == own.case_id, Stay.ended_on.is_(None))) is None
    assert opens(own.case_id, Compartment.IDENTITY, nrc)["given"] == people.PLANTED


# --- on the way


def test_a_woman_or_girl_goes_with_a_woman_and_the_stay_ends_when_she_leaves(vatra: Actor) -> None:
    nrc = factories.actor("nrc.case_worker")
    own = admitted(vatra)
    referral_id = move(own.case_id, "NRC", vatra)
    soon = clock.now() + timedelta(hours=2)
    with pytest.raises(IllegalTransition, match="state"):
        referrals.depart(referral_id=referral_id, escort=Escort.WOMAN_STAFF, expected_at=soon, by=vatra)
    referrals.accept(referral_id=referral_id, place_id=people.bed("NRC", 7), by=nrc)
    with pytest.raises(IllegalTransition, match="escort"):
        referrals.depart(referral_id=referral_id, escort=Escort.MAN_OFFICER, expected_at=soon, by=vatra)
    with pytest.raises(NotVisible):
        referrals.depart(
            referral_id=referral_id,
            escort=Escort.WOMAN_STAFF,
            expected_at=soon,
            by=factories.actor("iom.case_worker"),
        )
    assert stay_store.stay(own.stay_id, by=vatra).ended_on is None
    referrals.depart(referral_id=referral_id, escort=Escort.WOMAN_STAFF, expected_at=soon, by=vatra)
    assert stay_store.stay(own.stay_id, by=vatra).exit_reason == "transferred"
    assert store.referral(referral_id, by=nrc).escort == "woman_staff"


def test_an_hour_after_the_expected_arrival_sender_and_duty_desk_are_warned(
    app: Flask, sign_in: Callable[[str], Person]
) -> None:
    assert app
    rinas, nrc = factories.actor("rinas.border_officer"), factories.actor("nrc.case_worker")
    sent = people.sent(rinas)
    referrals.accept(referral_id=sent.referral_id, place_id=people.bed("NRC"), by=nrc)
    post = sign_in("rinas.border_officer")
    page = post.get(f"/referrals/{sent.referral_id}?lang=en")
    assert "A woman officer" in page
    assert "A man officer" not in page
    refused = post.post(f"/referrals/{sent.referral_id}/depart", {"escort": "man_officer", "expected": "1"}, 422)
    assert "Choose who escorts the person" in refused
    post.post(f"/referrals/{sent.referral_id}/depart", {"escort": "woman_officer", "expected": "1", "without": "y"})
    assert not store.referral(sent.referral_id, by=rinas).late
    factories.later(minutes=121)
    assert store.referral(sent.referral_id, by=rinas).late
    assert "should have arrived" in sign_in("rinas.border_officer").get(f"/referrals/{sent.referral_id}?lang=en")
    assert "Late" in sign_in("rinas.border_officer").get("/?lang=en")
    assert sent.pseudonym in sign_in("ra.duty_officer").get("/?lang=en")


def test_a_promise_names_the_colleague_and_forgets_the_name_on_arrival(
    app: Flask, sign_in: Callable[[str], Person]
) -> None:
    assert app
    rinas, nrc = factories.actor("rinas.border_officer"), factories.actor("nrc.case_worker")
    sent = people.sent(rinas)
    post = sign_in("rinas.border_officer")
    assert "Enter the name" in post.post(f"/referrals/{sent.referral_id}/promise?lang=en", {"name": " "}, 422)
    post.post(f"/referrals/{sent.referral_id}/promise", {"name": "Arta"})
    assert "Arta" in post.get(f"/referrals/{sent.referral_id}")
    post.post(f"/referrals/{sent.referral_id}/promise", {"name": "Arta"}, 409)  # once: no bed is held for ever
    referrals.accept(referral_id=sent.referral_id, place_id=people.bed("NRC"), by=nrc)
    referrals.arrive(referral_id=sent.referral_id, by=nrc)
    assert db.session.get_one(Referral, sent.referral_id, populate_existing=True).promised_by == ""


# --- told by telephone


def _owed(case_id: uuid.UUID, party: str) -> Obligation:
    return db.session.scalars(
        select(Obligation).where(Obligation.case_id == case_id, Obligation.party == party, Obligation.kind == "notify")
    ).one()


def test_nobody_is_told_until_somebody_answered_and_the_directory_says_whom_to_call_next(
    app: Flask, sign_in: Callable[[str], Person]
) -> None:
    assert app
    rinas, duty = factories.actor("rinas.border_officer"), factories.actor("ra.duty_officer")
    sent = people.sent(rinas, age="child")
    owed = _owed(sent.case_id, "CHILD_PROTECTION")
    post = sign_in("rinas.border_officer")
    address = f"/obligations/{owed.id}/call"
    page = post.get(f"{address}?lang=en")
    order = ["+355 4 000 0109", "+355 4 000 0311", "+355 4 000 0220", "+355 4 000 0105"]
    # The authority's own number, the unit of the prefecture (Tirana for Rinas), State Social Services, the duty desk.
    assert [number for number in order if number in page] == order
    assert sorted(order, key=page.rindex) == order
    assert f"tel:{order[0].replace(' ', '')}" in page
    for bad in ({}, {"number": "129", "answer": "nobody", "when": "0"}, {"number": order[0], "answer": "answered"}):
        post.post(address, bad, 422)
    post.post(address, {"number": order[0], "answer": "nobody", "when": "0"})
    assert _owed(sent.case_id, "CHILD_PROTECTION").done_at is None
    assert f"tel:{order[1].replace(' ', '')}" in post.get(address)
    told = notification_calls.tell(
        obligation_id=owed.id, call=MadeCall(order[1], "Mira", answered=True, at=clock.now()), by=duty
    )
    # The authority reads at once who wrote that down, whom they spoke with, and says that it does not know.
    authority, back = sign_in("child_protection.case_worker"), f"/obligations/{owed.id}/known/back"
    home = authority.get("/?lang=en").partition("Written down as told to you by telephone")[2]
    assert "Mira" in home
    assert back in home
    post.post(back, {}, 404)
    assert authority.post(back) == "/"
    db.session.expire_all()
    assert _owed(sent.case_id, "CHILD_PROTECTION").done_at is None
    assert back not in authority.get("/")
    told = notification_calls.tell(
        obligation_id=owed.id, call=MadeCall(order[1], "Mira", answered=True, at=clock.now()), by=duty
    )
    assert told
    db.session.expire_all()
    assert _owed(sent.case_id, "CHILD_PROTECTION").done_at is not None
    calls = db.session.scalars(select(Call).order_by(Call.called_at)).all()
    assert not [call for call in calls if "Mira" in call.name]  # it lies under seal (ADR 0242)
    assert [(call.number, call_names.opened(call.subject_id, call.name)) for call in calls] == [
        (order[0], ""),
        (order[1], "Mira"),
        (order[1], "Mira"),
    ]
    with pytest.raises(IllegalTransition):
        notification_calls.tell(
            obligation_id=owed.id, call=MadeCall(order[1], "M", answered=True, at=clock.now()), by=duty
        )
    post.get(address, 409)


def test_only_the_duty_desk_and_the_post_that_still_has_the_person_tell_others(app: Flask) -> None:
    assert app
    rinas, nrc = factories.actor("rinas.border_officer"), factories.actor("nrc.case_worker")
    sent = people.sent(rinas, age="child")
    owed = _owed(sent.case_id, "CHILD_PROTECTION")
    call = MadeCall("+355 4 000 0109", "Mira", answered=True, at=clock.now())
    for login in ("nrc.case_worker", "durres.border_officer", "trp_unit.trp_officer", "child_protection.case_worker"):
        with pytest.raises((NotVisible, NotPermitted)):
            notification_calls.tell(obligation_id=owed.id, call=call, by=factories.actor(login))
    for at in (clock.now() + timedelta(minutes=1), clock.now() - timedelta(days=2)):
        with pytest.raises(CallRefused, match="time"):
            notification_calls.tell(obligation_id=owed.id, call=replace(call, at=at), by=rinas)
    referrals.accept(referral_id=sent.referral_id, place_id=people.bed("NRC"), by=nrc)
    with pytest.raises(NotVisible):
        notification_calls.tell(obligation_id=owed.id, call=call, by=rinas)
    assert [line.may_acknowledge for line in obligations.of_case(sent.case_id, by=nrc) if line.id == owed.id] == [False]


# --- out of the system


def write(case_id: uuid.UUID, by: Actor, **more: object) -> uuid.UUID:
    values: dict[str, object] = {
        "kind": OutsideKind.HOSPITAL,
        "addressee": "University hospital, burns",
        "reason": OutsideReason.TREATMENT,
        "needs": ["medical"],
        "language": "sq",
        "agreed": True,
        "closes": False,
        **more,
    }
    return outside_referrals.refer_out(case_id=case_id, by=by, **values)  # type: ignore[arg-type]


@pytest.mark.slow
def test_a_letter_names_nobody_and_its_addressee_is_sealed(vatra: Actor, sign_in: Callable[[str], Person]) -> None:
    own = admitted(vatra, identity={"given": people.PLANTED}, story=people.TOLD)
    person = sign_in("vatra.shelter_manager")
    where = f"/cases/{own.case_id}/letter"
    form: dict[str, object] = {
        "kind": "hospital",
        "addressee": "University hospital, burns",
        "reason": "treatment",
        "needs": ["medical"],
        "language": "en",
        "closes": "open",
        "agreed": "y",
    }
    for missing in form:
        page = person.post(where, {name: value for name, value in form.items() if name != missing}, 422)
        assert 'class="errors"' in page, missing
        if missing != "addressee":
            assert "University hospital" in page
    address = person.post(where, form)
    page = person.get(f"{address}?lang=en")
    assert "University hospital, burns" in page
    pseudonym = case_store.case(own.case_id, by=vatra).pseudonym
    for words in (people.PLANTED, people.TOLD, pseudonym):
        assert words not in page
    answer = person.client.get(f"{address}/pdf")
    assert (answer.status_code, answer.data[:5]) == (200, b"%PDF-")
    letter = db.session.scalars(select(OutsideReferral)).one()
    assert b"University" not in b"".join(row.sealed_note for row in db.session.scalars(select(CareNote)))
    assert "University" not in repr([getattr(letter, column.key) for column in OutsideReferral.__table__.columns])
    stranger = sign_in("nrc.case_worker")
    stranger.get(address, 404)
    stranger.get(f"{address}/pdf", 404)
    later = sign_in("vatra.case_worker")  # has not opened care: reads to whom only after saying why
    assert "University hospital" not in later.get(address)
    assert later.client.get(f"{address}/pdf").status_code == 303


def test_a_letter_that_closes_the_case_needs_the_stay_ended_first(vatra: Actor) -> None:
    from nrm.domain.shelter.stays import Destination, ExitReason

    own = admitted(vatra)
    with pytest.raises(CaseRefused, match="stay_open"):
        write(own.case_id, vatra, closes=True)
    assert db.session.scalar(select(func.count()).select_from(OutsideReferral)) == 0
    stays.end(
        stay_id=own.stay_id,
        ended_on=days.today(),
        exit_reason=ExitReason.TRANSFERRED,
        destination=Destination.HOSPITAL,
        where="home",
        by=vatra,
    )
    write(own.case_id, vatra, closes=True)
    assert case_store.case(own.case_id, by=vatra).status == "closed"
    with pytest.raises(CaseRefused):
        write(own.case_id, vatra)


def test_no_letter_abroad_before_the_permits_options_were_explained(
    vatra: Actor, sign_in: Callable[[str], Person]
) -> None:
    own = admitted(vatra, MOLDOVAN, days_ago=40)
    for abroad in (
        {"kind": OutsideKind.EMBASSY},
        {"kind": OutsideKind.ORGANISATION_ABROAD},
        {"reason": OutsideReason.RETURN_ABROAD},
    ):
        with pytest.raises(GateClosed, match="not_informed"):
            write(own.case_id, vatra, **abroad)
    form = {
        "kind": "embassy",
        "addressee": "Embassy",
        "reason": "return_abroad",
        "needs": ["legal"],
        "language": "en",
        "closes": "open",
        "agreed": "y",
    }
    page = sign_in("vatra.shelter_manager").post(f"/cases/{own.case_id}/letter", form, 422)
    assert f"/cases/{own.case_id}/permit" in page  # what is missing, and the way there
    today = days.today()
    permits.record(case_id=own.case_id, event=PermitEvent.INFORM, on=today, language="ro", by=vatra)
    write(own.case_id, vatra, kind=OutsideKind.EMBASSY)
    permits.record(case_id=own.case_id, event=PermitEvent.APPLY, on=today, by=vatra)
    with pytest.raises(GateClosed, match="application_open"):
        write(own.case_id, vatra, kind=OutsideKind.EMBASSY)


@pytest.mark.slow
@pytest.mark.parametrize("database", ["app", "postgres_app"])
def test_a_letter_that_leads_a_child_abroad_keeps_what_opened_the_gate(
    database: str, request: pytest.FixtureRequest
) -> None:
    request.getfixturevalue(database)
    vatra = factories.actor("vatra.shelter_manager")
    child, adult = admitted(vatra, CHILD), admitted(vatra)
    may_go(child.case_id)
    abroad = {"kind": OutsideKind.EMBASSY, "reason": OutsideReason.RETURN_ABROAD}
    of_child, of_adult = (write(each.case_id, vatra, **abroad) for each in (child, adult))
    here = write(child.case_id, vatra)
    kept = {each.id: each for each in db.session.scalars(select(OutsideReferral))}
    assert [kept[each].child_gate for each in (of_child, of_adult, here)] == ["assessed", "adult", ""]
    letter = kept[of_child]
    assert letter.child_decision_id is not None
    assert letter.safe_on == letter.looked_on == letter.decided_on == days.today()
    assert letter.assessed_by_id != letter.looked_by_id == vatra.organisation_id
    assert (kept[of_adult].child_decision_id, kept[here].child_decision_id) == (None, None)
    for by_hand, check in (
        ({"child_gate": ""}, "child_abroad_by_the_gate"),
        ({"child_gate": "x"}, "known_child_gate"),
        ({"child_decision_id": None}, "decided_before_abroad"),
        ({"looked_by_id": letter.assessed_by_id}, "decided_before_abroad"),
        ({"decided_on": days.today() + timedelta(days=1)}, "decided_before_abroad"),
    ):
        with pytest.raises(IntegrityError, match=check), transaction() as session:
            session.execute(update(OutsideReferral).where(OutsideReferral.id == of_child).values(**by_hand))
    turned = (
        update(OutsideReferral)
        .where(OutsideReferral.id == here)
        .values(kind="embassy", repatriation_gate="home_citizen")
    )
    with pytest.raises(IntegrityError, match="child_abroad_by_the_gate"), transaction() as session:
        session.execute(turned)


def test_an_adult_agrees_to_a_letter_and_a_child_is_protected_first(vatra: Actor) -> None:
    adult, child = admitted(vatra), admitted(vatra, CHILD, bed=0)
    with pytest.raises(OutsideReferralRefused, match="not_agreed"):
        write(adult.case_id, vatra, agreed=False)
    for broken, why in (({"addressee": ""}, "addressee"), ({"needs": []}, "needs"), ({"needs": ["gold"]}, "needs")):
        with pytest.raises(OutsideReferralRefused, match=why):
            write(adult.case_id, vatra, **broken)
    write(child.case_id, vatra, agreed=False, kind=OutsideKind.CHILD_SERVICES)
    for login in ("nrc.case_worker", "ra.duty_officer", "rinas.border_officer", "molsa.statistician", "administrator"):
        with pytest.raises((NotVisible, NotPermitted, CaseRefused)):
            write(adult.case_id, factories.actor(login))


@pytest.mark.slow
def test_of_a_case_a_shelter_opened_the_page_names_who_the_clause_names_and_calls_no_other_against_it(
    sign_in: Callable[[str], Person], app: Flask
) -> None:
    assert app
    foreign = admitted(factories.actor("vatra.case_worker"), MOLDOVAN)
    worker = sign_in("vatra.case_worker")
    assert f"/cases/{foreign.case_id}/refer" in worker.get("/to-do?lang=en")
    page = worker.get(f"/cases/{foreign.case_id}/refer?lang=en")
    shelters = re.findall(r"<label[^>]*>([^<]+)<small>([^<]+)", page)
    assert shelters[0] == (
        "National Reception Centre for Victims of Trafficking",
        "Clause 2.1 names this shelter for this person",
    )
    assert "goes against the clause" not in page
