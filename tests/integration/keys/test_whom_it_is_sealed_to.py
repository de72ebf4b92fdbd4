"""Rows written by hand that say who holds, waits, sends or acts for whom: no next key is sealed to an accomplice.

The accomplice has an account and a keyring of its own, and somebody writes for it into the main database. A row alone
opens nothing (`tests/invariants/test_forged.py`); here honest people go on working afterwards, and their steps seal
again. What then opens is computed from the files (`tests/thief.py`).
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import delete, insert, select, update

from nrm import clock
from nrm.actions.accounts import sealing_again
from nrm.actions.interviews import interview_sending
from nrm.actions.referrals import next_receiver, referrals, supplements
from nrm.actions.shelter import cases
from nrm.db import db, disconnect, transaction
from nrm.domain.referrals.referrals import DeclineReason, OverrideReason
from nrm.models.accounts.accounts import Organisation
from nrm.models.referrals.referrals import Referral, RouteCandidate
from nrm.models.shelter.cases import Case, Grant, PendingGrant
from nrm.steps.shelter import cases as case_steps
from nrm.vault import compartments
from tests import factories
from tests import factories_referrals as people
from tests.thief import Files, Key, opened
from tests.world import World

Planted = tuple[Flask, World]
ACCOMPLICE = "VATRA"


def opens(app: Flask, *codes: str, released: bool = True) -> set[Key]:
    """What these organisations open together with every file of the server and all their passwords."""
    disconnect()
    here = Path(app.extensions["nrm.config"].directory)
    return set(opened(Files(here, here), *codes, released=released))


def of(case_id: uuid.UUID, *names: str) -> set[Key]:
    return {(case_id.hex, name) for name in names}


def granted_by_hand(case_id: uuid.UUID, code: str = ACCOMPLICE, **changed: object) -> None:
    """A copy of a real grant of each compartment, in the name of the accomplice."""
    with transaction() as session:
        rows = [dict(row._mapping) for row in session.execute(select(Grant.__table__).where(Grant.case_id == case_id))]
        new = {row["compartment"]: row | {"organisation_id": people.organisation(code)} | changed for row in rows}
        session.execute(insert(Grant), list(new.values()))


def accepted(world: World) -> None:
    referrals.accept(referral_id=world.asked, place_id=world.bed, by=factories.actor("nrc.case_worker"))


def withdrawn(world: World) -> None:
    referrals.withdraw(referral_id=world.asked, by=factories.actor("rinas.border_officer"))


def sealed_again(world: World) -> None:
    """A colleague of the post left, and everything the post holds gets a new epoch."""
    by = factories.actor("rinas.border_officer")
    sealing_again.renew_keyring(by=by)
    sealing_again.move_grants(by=by)
    assert sealing_again.seal_again(by=by).done


@pytest.mark.parametrize("step", [accepted, withdrawn, sealed_again])
def test_a_grant_written_by_hand_is_not_renewed(
    world_app: Planted, caplog: pytest.LogCaptureFixture, step: Callable[[World], None]
) -> None:
    app, world = world_app
    granted_by_hand(world.asked_case)
    step(world)
    told = of(world.asked_case, "hand_over", "identity", "story")
    assert not told & opens(app, ACCOMPLICE, released=False)  # the route may still come to it
    assert told <= opens(app, "NRC" if step is accepted else "RINAS")
    assert str(world.asked_case) in caplog.text


def test_a_share_that_ended_and_was_put_back_is_not_renewed(world_app: Planted) -> None:
    app, world = world_app
    nrc, unit = factories.actor("nrc.case_worker"), people.organisation("TRP_UNIT")
    where = (Grant.case_id == world.case, Grant.organisation_id == unit)
    before = [dict(row._mapping) for row in db.session.execute(select(Grant.__table__).where(*where))]
    cases.end_share(case_id=world.case, organisation_id=unit, by=nrc)
    with transaction() as session:
        session.execute(insert(Grant), [row | {"epoch": row["epoch"] + number} for number, row in enumerate(before)])
    placed = next_receiver.refer(
        case_id=world.case,
        receiver_id=people.organisation("IOM"),
        reason=OverrideReason.SAFETY,
        hand_over=people.HAND_OVER,
        by=nrc,
    )
    referrals.accept(referral_id=placed, place_id=people.bed("IOM"), by=factories.actor("iom.case_worker"))
    assert not {key for key in opens(app, "TRP_UNIT") if key[0] == world.case.hex}


def test_a_row_by_hand_does_not_keep_the_holder_from_sharing(world_app: Planted) -> None:
    app, world = world_app
    nrc, prosecution = factories.actor("nrc.case_worker"), people.organisation("PROSECUTION")
    granted_by_hand(world.case, "PROSECUTION")
    cases.share(
        case_id=world.case, organisation_id=prosecution, compartments={cases.Compartment.LEGAL}, agreed=True, by=nrc
    )
    assert of(world.case, "legal") | of(world.witness, "witness") == opens(app, "PROSECUTION")


def pending_by_hand(case_id: uuid.UUID, rows: list[dict[str, object]]) -> None:
    with transaction() as session:
        session.execute(insert(PendingGrant), rows)
        hit = session.execute(
            update(Referral)
            .where(Referral.case_id == case_id, Referral.receiver_id == people.organisation(ACCOMPLICE))
            .values(status="sent", expires_at=clock.now() + timedelta(hours=1))
        )
        assert hit.rowcount == 1  # type: ignore[attr-defined]


@pytest.mark.parametrize("step", ["a share ends", "sealed again"])
def test_who_declined_is_not_offered_again_with_its_rows_put_back(
    world_app: Planted, caplog: pytest.LogCaptureFixture, step: str
) -> None:
    app, world = world_app
    nrc, vatra = factories.actor("nrc.case_worker"), people.organisation(ACCOMPLICE)
    asked = next_receiver.refer(
        case_id=world.case, receiver_id=vatra, reason=OverrideReason.SAFETY, hand_over=people.HAND_OVER, by=nrc
    )
    where = (PendingGrant.case_id == world.case, PendingGrant.organisation_id == vatra)
    waited = [dict(row._mapping) for row in db.session.execute(select(PendingGrant.__table__).where(*where))]
    assert {each["compartment"] for each in waited} == {"hand_over", "identity", "story", "care", "legal"}
    assert len(waited) == 5
    referrals.decline(referral_id=asked, reason=DeclineReason.FULL, by=factories.actor("vatra.case_worker"))
    pending_by_hand(world.case, waited)
    caplog.clear()
    if step == "a share ends":
        cases.end_share(case_id=world.case, organisation_id=world.organisation, by=nrc)
    else:
        sealing_again.renew_keyring(by=nrc)
        sealing_again.move_grants(by=nrc)
        sealing_again.seal_again(by=nrc)
    assert not {key for key in opens(app, ACCOMPLICE) if key[0] == world.case.hex}
    assert str(world.case) in caplog.text


def test_a_party_written_into_the_route_by_hand_is_not_asked_next(world_app: Planted) -> None:
    _, world = world_app
    with transaction() as session:
        session.execute(delete(RouteCandidate).where(RouteCandidate.case_id == world.asked_case))
        session.execute(
            insert(RouteCandidate).values(
                id=uuid.uuid4(),
                case_id=world.asked_case,
                position=1,
                organisation_id=people.organisation(ACCOMPLICE),
                clause="1",
                must=False,
                reason={},
            )
        )
        pending = select(PendingGrant.__table__).where(
            PendingGrant.case_id == world.asked_case, PendingGrant.organisation_id == people.organisation("NRC")
        )
        rows = [dict(row._mapping) for row in session.execute(pending)]
        session.execute(delete(PendingGrant).where(PendingGrant.organisation_id == people.organisation(ACCOMPLICE)))
        session.execute(insert(PendingGrant), [r | {"organisation_id": people.organisation(ACCOMPLICE)} for r in rows])
    with db.engines["shred"].begin() as connection:  # it never was a candidate
        connection.exec_driver_sql(
            "DELETE FROM release_keys WHERE organisation_id = ?", (people.organisation(ACCOMPLICE).hex,)
        )
    nrc = factories.actor("nrc.case_worker")
    assert referrals.decline(referral_id=world.asked, reason=DeclineReason.FULL, by=nrc) is None


def test_a_sender_who_is_said_to_be_somebody_else_does_not_keep_the_case(
    world_app: Planted, caplog: pytest.LogCaptureFixture
) -> None:
    """Acceptance ends the sender's grants: with another name in the row, whose would it end?"""
    app, world = world_app
    with transaction() as session:
        session.execute(
            update(Referral).where(Referral.id == world.asked).values(sender_id=people.organisation("DURRES"))
        )
    with pytest.raises(case_steps.CannotOpen):
        accepted(world)
    assert str(world.asked) in caplog.text
    with transaction() as session:
        session.execute(
            update(Referral).where(Referral.id == world.asked).values(sender_id=people.organisation("RINAS"))
        )
    accepted(world)
    assert not of(world.asked_case, "hand_over", "identity", "story") & opens(app, "RINAS", "DURRES")


@pytest.mark.parametrize("code", [ACCOMPLICE, "RA", "RINAS"])
def test_what_a_post_adds_goes_to_nobody_who_was_made_the_holder_by_hand(
    world_app: Planted, caplog: pytest.LogCaptureFixture, code: str
) -> None:
    app, world = world_app
    rinas = factories.actor("rinas.border_officer")
    granted_by_hand(world.urgent_case, ACCOMPLICE)
    with transaction() as session:
        session.execute(update(Case).where(Case.id == world.urgent_case).values(holder_id=people.organisation(code)))

    def add() -> None:
        supplements.send(supplement_id=world.supplement, answers={"story": people.TOLD}, by=rinas)

    with pytest.raises(case_steps.CannotOpen):
        add()
    assert str(world.urgent_case) in caplog.text
    assert not of(world.urgent_case, "supplement") & opens(app, code, "RINAS")
    with transaction() as session:
        session.execute(
            update(Case).where(Case.id == world.urgent_case).values(holder_id=people.organisation("TJETER_VIZION"))
        )
    add()
    assert of(world.urgent_case, "supplement") <= opens(app, "TJETER_VIZION")


def test_an_organisation_that_was_made_another_party_by_hand_is_told_nothing(
    app: Flask, caplog: pytest.LogCaptureFixture
) -> None:
    """A clause gives a child's name to the party that acts as the authority for children."""
    rinas, durres = factories.actor("rinas.border_officer"), people.organisation("DURRES")
    with transaction() as session:
        session.execute(update(Organisation).where(Organisation.id == durres).values(party="CHILD_PROTECTION"))
    interview_id = people.interview(rinas, age="child")
    with pytest.raises(case_steps.CannotOpen):
        interview_sending.send(interview_id=interview_id, party="NRC", by=rinas)
    assert str(durres) in caplog.text
    assert opens(app, "DURRES") == set()


def test_what_is_written_by_honest_people_is_believed(world_app: Planted) -> None:
    """Otherwise the tests above might pass because nothing is renewed at all."""
    app, world = world_app
    nrc = factories.actor("nrc.case_worker")
    sealing_again.renew_keyring(by=nrc)
    sealing_again.move_grants(by=nrc)
    assert sealing_again.seal_again(by=nrc).done
    assert of(world.case, "legal", "identity") <= opens(app, "TRP_UNIT")
    assert compartments.opens(db.session(), world.case, "identity", by=factories.actor("nrc.case_worker"))
