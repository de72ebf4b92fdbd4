"""What a consent gave ends with it, also for somebody who kept the row and writes into the main database."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import insert, select, update

from nrm import clock
from nrm.actions.accounts import sealing_again
from nrm.actions.shelter import cases, consents
from nrm.db import db, transaction
from nrm.domain.accounts.accounts import Actor
from nrm.domain.shelter.cases import Compartment
from nrm.domain.shelter.consents import Answer, Asking, Narrowing, Said, Topic
from nrm.models.shelter.cases import Case, Grant
from nrm.models.shelter.consents import Consent, NamedParty
from nrm.steps.shelter import consent_records
from nrm.store import days
from nrm.store.countries import country
from nrm.vault import compartments, epochs, grants, shredding
from tests import factories
from tests import factories_referrals as people
from tests.world import World

Planted = tuple[Flask, World]
READER = "prosecution.witness_liaison"


def opens(login: str, case_id: uuid.UUID, compartment: str = "legal") -> bool:
    db.session.rollback()
    return compartments.opens(db.session(), case_id, compartment, by=factories.actor(login))


@pytest.fixture
def shared(world_app: Planted) -> World:
    """NRC lets the prosecution read the legal file, because the person agrees."""
    _, world = world_app
    cases.share(
        case_id=world.case,
        organisation_id=people.organisation("PROSECUTION"),
        compartments={Compartment.LEGAL},
        agreed=True,
        by=factories.actor("nrc.case_worker"),
    )
    assert opens(READER, world.case)
    return world


def rows_of(case_id: uuid.UUID) -> list[dict[str, object]]:
    where = (Grant.case_id == case_id, Grant.organisation_id == people.organisation("PROSECUTION"))
    found = [dict(row._mapping) for row in db.session.execute(select(Grant.__table__).where(*where))]
    db.session.rollback()
    return found


def put_back(rows: list[dict[str, object]]) -> None:
    with transaction() as session:
        session.execute(insert(Grant), rows)


def past_the_last_day() -> None:
    factories.later(days=country().validity.sharing_days + 1)


def test_a_grant_that_a_consent_took_back_by_time_cannot_be_put_back_by_its_row(
    shared: World, caplog: pytest.LogCaptureFixture
) -> None:
    kept = rows_of(shared.case)
    assert kept
    past_the_last_day()
    assert consents.lapse(by=Actor.system("tend"))
    assert not opens(READER, shared.case)
    put_back(kept)
    assert not opens(READER, shared.case)
    assert f"grant of legal of {shared.case} was not made" in caplog.text
    assert people.organisation("PROSECUTION") not in grants.holders_of(db.session(), shared.case, "legal")
    assert opens("nrc.case_worker", shared.case)


def test_nor_does_it_open_before_the_program_ended_it_or_with_a_later_day_of_the_consent(shared: World) -> None:
    with transaction() as session:
        session.execute(update(Consent).values(due_on=days.today() + timedelta(days=10_000)))
    past_the_last_day()
    consents.lapse(by=Actor.system("tend"))
    assert rows_of(shared.case), "the consent does not run out: its row was changed"
    assert not opens(READER, shared.case)


@pytest.mark.parametrize("days_more", [None, 10_000])
def test_another_last_day_in_the_row_is_not_believed(shared: World, days_more: int | None) -> None:
    until_on = None if days_more is None else days.today() + timedelta(days=days_more)
    with transaction() as session:
        where = (Grant.case_id == shared.case, Grant.organisation_id == people.organisation("PROSECUTION"))
        session.execute(update(Grant).where(*where).values(until_on=until_on))
    assert not opens(READER, shared.case)


def test_the_day_goes_along_when_the_holder_seals_again(shared: World) -> None:
    by = factories.actor("nrc.case_worker")
    sealing_again.renew_keyring(by=by)
    sealing_again.move_grants(by=by)
    assert sealing_again.seal_again(by=by).done
    assert opens(READER, shared.case)
    kept = rows_of(shared.case)
    assert kept[0]["epoch"] > 1
    assert kept[0]["until_on"] is not None
    past_the_last_day()
    consents.lapse(by=Actor.system("tend"))
    put_back(kept)
    assert not opens(READER, shared.case)


def test_who_is_asked_again_in_time_lets_it_be_read_on(shared: World) -> None:
    factories.later(days=country().validity.sharing_days - 1)
    yes = Answer(Topic.SHARING, Said.GIVEN, "PROSECUTION")
    consents.ask(case_id=shared.case, answers=[yes], asking=Asking("", "", ""), by=factories.actor("nrc.case_worker"))
    factories.later(days=30)
    assert opens(READER, shared.case)
    factories.later(days=country().validity.sharing_days)
    assert not opens(READER, shared.case)


def taken_back(case_id: uuid.UUID, code: str, names: list[str]) -> None:
    with transaction() as session:
        assert grants.take_back(session, case_id, people.organisation(code), names)


@pytest.mark.parametrize("from_epoch", [1, 2])
def test_a_grant_that_was_taken_back_for_any_reason_cannot_be_put_back_by_its_row(
    world_app: Planted, from_epoch: int
) -> None:
    """Also of a shelter that a person left, and of the child authority of somebody who came of age: of no consent."""
    _, world = world_app
    by = factories.actor("nrc.case_worker")
    if from_epoch > 1:
        sealing_again.renew_keyring(by=by)
        sealing_again.move_grants(by=by)
        assert sealing_again.seal_again(by=by).done
    unit = people.organisation("TRP_UNIT")
    where = (Grant.case_id == world.case, Grant.organisation_id == unit)
    kept = [dict(row._mapping) for row in db.session.execute(select(Grant.__table__).where(*where))]
    db.session.rollback()
    assert opens("trp_unit.trp_officer", world.case)
    taken_back(world.case, "TRP_UNIT", [str(row["compartment"]) for row in kept])
    put_back(kept)
    assert not opens("trp_unit.trp_officer", world.case)
    assert unit not in grants.holders_of(db.session(), world.case, "legal")
    db.session.rollback()
    cases.share(case_id=world.case, organisation_id=unit, compartments={Compartment.LEGAL}, agreed=True, by=by)
    assert opens("trp_unit.trp_officer", world.case), "the holder gives it again"
    taken_back(world.case, "TRP_UNIT", ["legal"])
    with transaction() as session:
        epochs.rotate(session, world.case, {"legal": {by.organisation_id}}, by=by)  # type: ignore[arg-type]
    shredding.work_off()
    assert shredding.ended([(world.case, "legal")]) == set(), "what ended with its key needs no word"


def test_a_row_of_a_version_whose_marks_had_no_day_is_not_right(shared: World) -> None:
    from nrm.vault.marks import row_mac

    unit = people.organisation("PROSECUTION")
    epoch = rows_of(shared.case)[0]["epoch"]
    assert isinstance(epoch, int)
    with transaction() as session:
        session.execute(
            update(Grant)
            .where(Grant.case_id == shared.case, Grant.organisation_id == unit)
            .values(until_on=None, mark=row_mac("grant", shared.case, "legal", epoch, unit))
        )
    assert not opens(READER, shared.case)


# Rows without a mark: what they give


def test_a_consent_written_by_hand_is_no_yes(world_app: Planted, caplog: pytest.LogCaptureFixture) -> None:
    _, world = world_app
    by = factories.actor("nrc.case_worker")
    with transaction() as session:
        case = session.get_one(Case, world.asked_case)
        case.consent = "given"
        before = consent_records.agreed_parties(session, case) or set()
        yes = {"topic": "sharing", "party": "KOMBETARE", "said": "given", "asked_on": days.today()}
        read = {"read_by_id": by.member_id, "read_at_id": by.organisation_id}
        session.execute(insert(Consent), [{"id": uuid.uuid4(), "case_id": case.id, **yes, **read}])
        assert consent_records.agreed_parties(session, case) == before
    assert "was not made by this program" in caplog.text


def test_a_consent_written_by_hand_lets_no_case_be_destroyed(
    world_app: Planted, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`tend` destroys what was kept for a stay that is over: this says so of somebody who took back no word, and that
    the stay is over was written by hand, too."""
    _, world = world_app
    case_id = world.case
    monkeypatch.setattr(consents.steps, "is_with_somebody", lambda *_: False)
    by = factories.actor("nrc.case_worker")
    with transaction() as session:
        session.execute(update(Consent).where(Consent.case_id == case_id).values(ended_on=days.today(), ended="lapsed"))
        no = {"topic": "sharing", "party": "", "said": "refused", "asked_on": days.today(), "narrowing": "waits"}
        session.execute(
            insert(Consent),
            [
                {
                    "id": uuid.uuid4(),
                    "case_id": case_id,
                    **no,
                    "read_by_id": by.member_id,
                    "read_at_id": by.organisation_id,
                }
            ],
        )
    there = set(compartments.compartments_of(db.session(), case_id))
    db.session.rollback()
    consents.lapse(by=Actor.system("tend"))
    assert set(compartments.compartments_of(db.session(), case_id)) == there
    assert "was not made by this program" in caplog.text


def test_a_party_that_was_named_by_hand_alone_is_given_nothing(world_app: Planted) -> None:
    """The list of the named only keeps a yes from being written down; it is none."""
    _, world = world_app
    with transaction() as session:
        case = session.get_one(Case, world.asked_case)
        case.consent = "given"
        before = consent_records.agreed_parties(session, case) or set()
        session.add(NamedParty(case_id=case.id, party="KOMBETARE", naming="named", noted_on=days.today()))
        session.flush()
        assert consent_records.agreed_parties(session, case) == before
        assert Narrowing.WAITS not in {each.narrowing for each in consent_records.current(session, case.id)}
    assert clock.now()
