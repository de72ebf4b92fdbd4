"""Rows of the main database that make the program act against honest people: what is destroyed, agreed to, sent.

The person who writes them has that database alone, neither the second one nor the key files.
"""

from __future__ import annotations

import uuid
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import delete, insert, select, update

from nrm import clock
from nrm.actions import tending
from nrm.actions.accounts import members, second_hands
from nrm.actions.referrals import referrals, supplements
from nrm.actions.shelter import cases
from nrm.db import db, transaction
from nrm.domain.accounts.accounts import NotVisible
from nrm.domain.accounts.second_hands import ActStatus, WaitsForSecond
from nrm.domain.shelter.cases import Purpose
from nrm.models.accounts.accounts import Member
from nrm.models.accounts.second_hands import HeavyAct
from nrm.models.shelter.cases import Case, Destruction, Erasure, SealedCompartment, Supplement
from nrm.steps.shelter import erasures as erasure_steps
from nrm.store.accounts import second_hands as acts
from nrm.store.referrals import supplements as open_supplements
from nrm.vault import compartments, shredding
from tests import factories
from tests import factories_referrals as people
from tests import second_hands as hands
from tests.conftest import Person
from tests.integration.accounts.test_second_hands import (
    MANAGER,
    WORKER,
    colleagues,
    kept,
    opened,
    status,
    status_of,
    waits,
)
from tests.world import World

Planted = tuple[Flask, World]
PATIENCE = timedelta(days=7)


def places(case_id: uuid.UUID) -> list[tuple[str, int]]:
    where = SealedCompartment.case_id == case_id
    found = db.session.execute(select(SealedCompartment.compartment, SealedCompartment.epoch).where(where)).all()
    db.session.rollback()
    return [(compartment, epoch) for compartment, epoch in found]


def keys_left(case_id: uuid.UUID, there: list[tuple[str, int]]) -> int:
    return sum(shredding.shred_key(case_id, *place) is not None for place in there)


def hidden(case_id: uuid.UUID) -> list[dict[str, object]]:
    """The sealed rows of the case, which are taken away."""
    with transaction() as session:
        where = SealedCompartment.case_id == case_id
        rows = [dict(row._mapping) for row in session.execute(select(SealedCompartment.__table__).where(where))]
        session.execute(delete(SealedCompartment).where(where))
    return rows


def put_back(rows: list[dict[str, object]]) -> None:
    with transaction() as session:
        session.execute(insert(SealedCompartment), rows)


def opens(case_id: uuid.UUID, login: str) -> bool:
    return compartments.opens(db.session(), case_id, "identity", by=factories.actor(login))


# What is destroyed


def test_a_destruction_that_was_written_by_hand_destroys_nothing_and_is_reported(
    world_app: Planted, caplog: pytest.LogCaptureFixture
) -> None:
    _, world = world_app
    there = places(world.case)
    assert len(there) > 3
    with transaction() as session:
        for compartment, epoch in there:
            session.add(Destruction(kind="shred", case_id=world.case, compartment=compartment, epoch=epoch))
    done = tending.tend()
    assert keys_left(world.case, there) == len(there)
    assert (done["keys_destroyed"], done["keys_left_over"]) == (0, 0)
    assert str(world.case) in caplog.text
    assert opens(world.case, "nrc.case_worker")
    assert db.session.scalars(select(Destruction)).all() == []  # nor does it keep a key from being missed


def test_more_planted_destructions_than_are_looked_at_at_once_do_not_hold_up_an_honest_one(
    world_app: Planted, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, world = world_app
    with transaction() as session:
        for number in range(450):
            session.add(Destruction(kind="shred", case_id=world.case, compartment="identity", epoch=number))
    old = shredding.shred_key(world.asked_case, "identity", 1)
    with monkeypatch.context() as patched:
        patched.setattr(shredding, "work_off", lambda: 0)
        referrals.accept(referral_id=world.asked, place_id=world.bed, by=factories.actor("nrc.case_worker"))
    assert old == shredding.shred_key(world.asked_case, "identity", 1)
    assert tending.tend()["keys_destroyed"] > 3
    assert shredding.shred_key(world.asked_case, "identity", 1) is None
    assert opens(world.case, "nrc.case_worker")


def test_a_destruction_that_was_turned_to_another_case_destroys_nothing(
    world_app: Planted, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, world = world_app
    there = places(world.case)
    with monkeypatch.context() as patched:
        patched.setattr(shredding, "work_off", lambda: 0)
        referrals.accept(referral_id=world.asked, place_id=world.bed, by=factories.actor("nrc.case_worker"))
    with transaction() as session:
        session.execute(update(Destruction).values(case_id=world.case, epoch=dict(there)["identity"]))
    tending.tend()
    assert keys_left(world.case, there) == len(there)


def test_an_erasure_that_was_written_by_hand_is_not_listed_and_is_reported(
    world_app: Planted, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    _, world = world_app
    tending.tend()
    listed = (tmp_path / "world" / erasure_steps.LIST).read_text()
    with transaction() as session:
        for compartment, _ in places(world.case):
            session.add(Erasure(case_id=world.case, compartment=compartment, erased_at=clock.now()))
    caplog.clear()
    assert tending.tend()["erased_listed"] == 0
    assert (tmp_path / "world" / erasure_steps.LIST).read_text() == listed
    assert str(world.case) in caplog.text


def test_a_planted_erasure_does_not_keep_an_honest_one_from_the_list(world_app: Planted, tmp_path: Path) -> None:
    _, world = world_app
    case_id = opened(1, first_place=1)[0]
    with transaction() as session:
        session.add(Erasure(case_id=case_id, compartment="identity", erased_at=clock.now()))
    hands.withdrawn(case_id, factories.actor(WORKER))
    listed = (tmp_path / "world" / erasure_steps.LIST).read_text().splitlines()
    assert sum(str(case_id) in line and "identity" in line for line in listed) == 1
    assert world


def test_a_line_of_the_list_that_was_read_before_is_still_looked_at_when_it_changes(
    world_app: Planted, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    _, world = world_app
    first, second = opened(2, first_place=1)
    hands.withdrawn(first, factories.actor(WORKER))
    listed = tmp_path / "world" / erasure_steps.LIST
    before = listed.read_text()
    assert (erasure_steps.complete_lists(), listed.read_text()) == (0, before)
    for changed in (before.replace(str(first), str(uuid.uuid4())), before[len(before) // 2 :], ""):
        listed.write_text(changed)
        caplog.clear()
        added = erasure_steps.complete_lists()
        # What is cut off is written again; what another hand wrote is neither continued nor taken.
        assert (added > 0) == (changed == "")
        assert ("cannot be continued: ForgedList" in caplog.text) == (changed != "")
    assert sorted(listed.read_text().splitlines()) == sorted(before.splitlines())
    hands.withdrawn(second, factories.actor(WORKER))
    assert listed.read_text().count(str(second)) == before.count(str(first))
    assert world


def test_the_keys_of_rows_that_were_taken_away_wait_until_they_are_put_back(
    world_app: Planted, caplog: pytest.LogCaptureFixture
) -> None:
    _, world = world_app
    there = places(world.case)
    rows = hidden(world.case)
    for _ in range(2):
        assert tending.tend()["keys_left_over"] == len(there)
    assert str(world.case) in caplog.text
    factories.later(PATIENCE - timedelta(hours=1))
    assert tending.tend()["keys_left_over"] == len(there)
    assert keys_left(world.case, there) == len(there)
    put_back(rows)
    assert opens(world.case, "nrc.case_worker")
    assert tending.tend()["keys_left_over"] == 0


def test_keys_that_nothing_was_for_all_that_time_are_destroyed(world_app: Planted) -> None:
    _, world = world_app
    there = places(world.case)
    hidden(world.case)
    assert tending.tend()["keys_left_over"] == len(there)
    factories.later(PATIENCE)
    assert tending.tend()["keys_left_over"] == len(there)
    assert keys_left(world.case, there) == 0
    assert tending.tend()["keys_left_over"] == 0


def test_the_time_begins_again_with_every_time_that_the_rows_are_taken_away(world_app: Planted) -> None:
    _, world = world_app
    there = places(world.case)
    rows = hidden(world.case)
    tending.tend()
    put_back(rows)
    tending.tend()
    factories.later(PATIENCE + timedelta(days=1))
    tending.tend()
    hidden(world.case)
    tending.tend()
    assert keys_left(world.case, there) == len(there)


def test_a_row_that_says_another_epoch_destroys_no_key(world_app: Planted) -> None:
    """An old epoch's key dies at once only if this program made a newer one, and committed it."""
    _, world = world_app
    there = places(world.case)
    with transaction() as session:
        session.execute(
            update(SealedCompartment)
            .where(SealedCompartment.case_id == world.case)
            .values(epoch=SealedCompartment.epoch + 1)
        )
    other = places(world.own_case)
    hidden(world.own_case)  # otherwise the numbers agree, and nothing is looked at
    assert tending.tend()["keys_left_over"] == len(there) + len(other)
    assert keys_left(world.case, there) == len(there)


# What somebody else is said to have asked for


def asked_by_hand(case_id: uuid.UUID, asker: str, **changed: object) -> uuid.UUID:
    act_id, by = uuid.uuid4(), factories.actor(asker)
    now = clock.now()
    row = {
        "id": act_id,
        "organisation_id": by.organisation_id,
        "asked_by_id": by.member_id,
        "asked_at": now,
        "kind": "withdraw",
        "reason": "taken_back",
        "case_id": case_id,
        "member_id": None,
        "status": "asked",
        "expires_at": now + timedelta(hours=70),
    }
    with transaction() as session:
        session.execute(insert(HeavyAct).values(**{**row, **changed}))
    return act_id


def test_an_act_that_nobody_asked_for_is_neither_shown_nor_agreed_to(
    app: Flask, caplog: pytest.LogCaptureFixture
) -> None:
    (case_id,) = opened(1)
    act_id = asked_by_hand(case_id, WORKER)
    manager = Person(app.test_client(), MANAGER)
    assert str(act_id) not in manager.get("/")
    manager.get(f"/second-hands/{act_id}", 404)
    manager.post(f"/second-hands/{act_id}/agree", {"heard": "spoke"}, 404)
    with pytest.raises(NotVisible):
        hands.agreed(act_id, factories.actor(MANAGER))
    assert kept(case_id)
    assert str(act_id) in caplog.text


@pytest.mark.parametrize("changed", ["case", "asker", "reason", "kind", "hour", "time"])
def test_an_act_that_was_changed_by_hand_is_not_agreed_to(app: Flask, changed: str) -> None:
    found = opened(4)
    worker, manager = factories.actor(WORKER), factories.actor(MANAGER)
    for each in found[:2]:
        waits(worker, each)
    act_id = waits(worker, found[2])
    (third,) = colleagues("v.third")
    values: dict[str, dict[str, object]] = {
        "case": {"case_id": found[3]},
        "asker": {"asked_by_id": third},
        "reason": {"reason": "refused"},
        "kind": {"kind": "erase"},
        "hour": {"asked_at": clock.now() - timedelta(hours=2)},
        "time": {"expires_at": clock.now() + timedelta(days=30)},
    }
    with transaction() as session:
        session.execute(update(HeavyAct).where(HeavyAct.id == act_id).values(**values[changed]))
    with pytest.raises(NotVisible):
        hands.agreed(act_id, manager)
    assert kept(found[2])
    assert kept(found[3])
    assert app


def test_what_was_over_or_declined_does_not_wait_again_because_a_row_says_so(app: Flask) -> None:
    found = opened(3)
    worker, manager = factories.actor(WORKER), factories.actor(MANAGER)
    for each in found[:2]:
        waits(worker, each)
    act_id = waits(worker, found[2])
    second_hands.decline(act_id=act_id, by=manager)
    with transaction() as session:
        session.execute(
            update(HeavyAct).where(HeavyAct.id == act_id).values(status="asked", decided_at=None, decided_by_id=None)
        )
    # The mark of a row that waits says so; here it is the one of a row that was declined.
    with pytest.raises(NotVisible):
        hands.agreed(act_id, manager)
    assert kept(found[2])
    assert app


def test_a_planted_act_does_not_stand_in_the_way_of_an_honest_one(app: Flask) -> None:
    found = opened(3)
    planted = asked_by_hand(found[2], MANAGER)
    worker = factories.actor(WORKER)
    for each in found[:2]:
        waits(worker, each)
    act_id = waits(worker, found[2])
    assert act_id != planted
    hands.agreed(act_id, factories.actor(MANAGER))
    assert not kept(found[2])
    assert app


def test_a_planted_act_goes_within_a_minute(app: Flask, caplog: pytest.LogCaptureFixture) -> None:
    (case_id,) = opened(1)
    act_id = asked_by_hand(case_id, WORKER)
    tending.tend()
    assert db.session.scalars(select(HeavyAct)).all() == []
    assert str(act_id) in caplog.text
    assert app


def test_taking_the_rows_away_does_not_let_one_member_close_more_in_seven_days(app: Flask) -> None:
    found = opened(3)
    worker = factories.actor(WORKER)
    for each in found[:2]:
        waits(worker, each)
        with transaction() as session:
            session.execute(delete(HeavyAct))
    assert status(waits(worker, found[2])) == ActStatus.ASKED
    assert kept(found[2])
    assert app


def test_taking_the_rows_away_does_not_let_one_member_end_more_accounts_in_a_day(app: Flask) -> None:
    others = colleagues("v.one", "v.two", "v.three")
    for each in others[:2]:
        members.disable(member_id=each, by=factories.actor(WORKER))
        with transaction() as session:
            session.execute(delete(HeavyAct))
    with pytest.raises(WaitsForSecond):
        members.disable(member_id=others[2], by=factories.actor(WORKER))
    assert status_of("v.three") == "active"
    assert app


def test_after_seven_days_it_counts_no_more(app: Flask) -> None:
    found = opened(3)
    for each in found[:2]:
        waits(factories.actor(WORKER), each)
    with transaction() as session:
        session.execute(delete(HeavyAct))
    factories.later(days=7)
    tending.tend()
    assert status(waits(factories.actor(WORKER), found[2])) == ActStatus.PARKED
    assert app


def test_acts_that_a_colleague_is_said_to_have_done_do_not_keep_them_from_anything(app: Flask) -> None:
    found = opened(3)
    for each in found[:2]:
        asked_by_hand(each, WORKER, status="done", decided_at=clock.now())
    assert status(waits(factories.actor(WORKER), found[2])) == ActStatus.PARKED
    assert app


# To which case a post adds


def turned(world: World) -> None:
    """The supplement of the urgent case to VATRA's own case, and the codes of the two exchanged."""
    with transaction() as session:
        codes = {
            each: session.scalars(select(Case.pseudonym).where(Case.id == each)).one()
            for each in (world.own_case, world.urgent_case)
        }
        session.execute(update(Supplement).where(Supplement.id == world.supplement).values(case_id=world.own_case))
        for case_id, code in (
            (world.own_case, "X"),
            (world.urgent_case, codes[world.own_case]),
            (world.own_case, codes[world.urgent_case]),
        ):
            session.execute(update(Case).where(Case.id == case_id).values(pseudonym=code))


def add(world: World) -> None:
    by = factories.actor("rinas.border_officer")
    supplements.send(supplement_id=world.supplement, answers={"story": people.TOLD}, by=by)


def sees(world: World) -> bool:
    return world.supplement in {
        each.id for each in open_supplements.open_now(by=factories.actor("rinas.border_officer"))
    }


def test_a_supplement_that_was_turned_to_another_case_takes_nothing(
    world_app: Planted, caplog: pytest.LogCaptureFixture
) -> None:
    app, world = world_app
    # The accomplice holds a hand-over of its own: what it was handed, it may be given more of.
    accomplice = opened_hand_over(world)
    with transaction() as session:
        session.execute(update(Supplement).where(Supplement.id == world.supplement).values(case_id=accomplice))
    assert not sees(world)
    with pytest.raises(NotVisible):
        add(world)
    assert "supplement" not in dict(places(accomplice))
    assert str(world.supplement) in caplog.text
    Person(app.test_client(), "rinas.border_officer").get(f"/supplements/{world.supplement}", 404)


def opened_hand_over(world: World) -> uuid.UUID:
    """A case that NRC holds by an honest hand-over, with a live grant of it."""
    return world.case


def test_codes_that_were_exchanged_let_nothing_be_added(world_app: Planted, caplog: pytest.LogCaptureFixture) -> None:
    _, world = world_app
    turned(world)
    assert not sees(world)
    with pytest.raises(NotVisible):
        add(world)
    assert str(world.supplement) in caplog.text


@pytest.mark.parametrize("what", ["code", "post", "hours"])
def test_a_supplement_that_was_changed_by_hand_takes_nothing(world_app: Planted, what: str) -> None:
    _, world = world_app
    login = "rinas.border_officer"
    with transaction() as session:
        if what == "code":
            session.execute(update(Case).where(Case.id == world.urgent_case).values(pseudonym="AL-2026-XXXX"))
        elif what == "post":
            login = "durres.border_officer"
            durres = people.organisation("DURRES")
            session.execute(update(Supplement).values(organisation_id=durres))
        else:
            session.execute(
                update(Supplement)
                .where(Supplement.id == world.supplement)
                .values(open_until=clock.now() + timedelta(days=30))
            )
    by = factories.actor(login)
    assert world.supplement not in {each.id for each in open_supplements.open_now(by=by)}
    with pytest.raises(NotVisible):
        supplements.send(supplement_id=world.supplement, answers={"story": people.TOLD}, by=by)


def test_a_supplement_that_was_turned_before_the_acceptance_is_not_opened_and_holds_nobody_up(app: Flask) -> None:
    rinas, nrc = factories.actor("rinas.border_officer"), factories.actor("nrc.case_worker")
    urgent = people.sent(rinas, urgent=True, consent_urgent="given")
    other = people.sent(rinas)
    with transaction() as session:
        session.execute(update(Supplement).values(case_id=other.case_id))
    referrals.accept(referral_id=other.referral_id, place_id=people.bed("NRC", 0), by=nrc)
    referrals.accept(referral_id=urgent.referral_id, place_id=people.bed("NRC", 1), by=nrc)
    assert db.session.scalars(select(Supplement.status)).all() == ["waiting"]
    db.session.rollback()
    assert open_supplements.open_now(by=rinas) == []
    assert app


def test_what_is_honest_goes_on(world_app: Planted) -> None:
    """Otherwise the tests above might pass because nothing can be added, agreed to or destroyed at all."""
    _, world = world_app
    assert sees(world)
    add(world)
    assert "supplement" in dict(places(world.urgent_case))
    assert acts.waiting(by=factories.actor("nrc.case_worker")) == []
    cases.open_compartment(
        case_id=world.case, compartment="identity", purpose=Purpose.CARE, by=factories.actor("nrc.case_worker")
    )
    assert db.session.scalars(select(Member.id)).first()
