"""The process is killed in the middle: nothing is lost, and nothing stays readable that should not be."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from nrm import audit, crypto, db
from nrm.actions import backups, tending
from nrm.actions.accounts import second_hands
from nrm.actions.referrals import referrals
from nrm.actions.shelter import cases, consents, erasures
from nrm.db import db as database
from nrm.domain.accounts.second_hands import Heard
from nrm.domain.shelter.cases import CaseRefused, Compartment, Purpose
from nrm.domain.shelter.consents import EVERYTHING
from nrm.models.accounts.second_hands import HeavyAct
from nrm.models.referrals.referrals import Referral
from nrm.steps.shelter import cases as case_steps
from nrm.steps.shelter import erasures as erasure_steps
from nrm.vault.backup_files import backups as files
from tests import factories
from tests import factories_referrals as people
from tests import second_hands as hands
from tests.conftest import Person
from tests.integration.keys.test_key_closure import Closure, Files, keys, opened
from tests.integration.test_backups import closed
from tests.killing import dies, killed
from tests.world import World

SHREDDING, ERASURES = "nrm.vault.shredding", "nrm.steps.shelter.erasures"
# Where: the new keys lie in the second database but the main one did not commit; it committed but no old key is gone;
# the old keys are gone but still stand on the list.
PLACES = {"before the commit": ("store", "after"), "after it": ("work_off", "before"), "later": ("_destroy", "after")}


@pytest.mark.slow
@pytest.mark.parametrize("place", PLACES)
def test_a_process_killed_while_accepting_loses_nothing_and_leaves_nothing_readable(
    world_app: tuple[Flask, World], tmp_path: Path, place: str
) -> None:
    app, world = world_app
    told = keys(world.asked_case, "hand_over", "identity", "story")
    closure = Closure(tmp_path / "world", tmp_path / "stolen")
    before = closure.now("before")

    def accept() -> None:
        nrc = factories.actor("nrc.case_worker")
        dies(SHREDDING, *PLACES[place])
        referrals.accept(referral_id=world.asked, place_id=world.bed, by=nrc)

    killed(tmp_path / "world", accept)

    then = closure.now("killed")
    accepted = database.session.get_one(Referral, world.asked).status == "accepted"
    database.session.rollback()
    assert accepted == (place != "before the commit")
    page = Person(app.test_client(), "nrc.case_worker").get(f"/referrals/{world.asked}")
    assert (f'action="/referrals/{world.asked}/accept"' in page) == (not accepted)  # it says which
    database.session.rollback()
    assert told <= set(opened(then, "NRC" if accepted else "RINAS"))  # nothing is lost
    if accepted:
        assert not told & set(opened(then, "RINAS"))
    else:
        referrals.accept(referral_id=world.asked, place_id=world.bed, by=factories.actor("nrc.case_worker"))
    tending.tend()
    db.disconnect()

    after = closure.now("after")
    assert told <= set(opened(after, "NRC"))
    for main in (after, before, then):
        assert not told & set(opened(Files(main.main, after.main), "RINAS", "IOM", "VATRA", "TRP_UNIT"))
    nrc = factories.actor("nrc.case_worker")
    cases.open_compartment(
        case_id=world.asked_case, compartment=Compartment.IDENTITY, purpose=Purpose.ADMISSION, by=nrc
    )
    assert case_steps.opened(case_id=world.asked_case, by=nrc)[Compartment.IDENTITY].value["given"] == people.PLANTED
    assert list(audit.verify(database.session())) == []
    assert tending.tend()["keys_destroyed"] == 0


# As above; an erasure is also written to the list outside the databases, before its keys go.
ENDINGS = {
    "share, before the commit": ("share", SHREDDING, "store", "after"),
    "share, after it": ("share", SHREDDING, "work_off", "before"),
    "share, keys gone but listed": ("share", SHREDDING, "_destroy", "after"),
    "erasure, before the commit": ("erasure", ERASURES, "destroy", "after"),
    "erasure, after it": ("erasure", ERASURES, "complete_lists", "before"),
    "erasure, on the list": ("erasure", ERASURES, "complete_lists", "after"),
    "erasure, keys gone but listed": ("erasure", SHREDDING, "_destroy", "after"),
}


@pytest.mark.slow
@pytest.mark.parametrize("place", ENDINGS)
def test_a_process_killed_while_ending_a_share_or_erasing_leaves_all_or_nothing(
    world_app: tuple[Flask, World], tmp_path: Path, place: str
) -> None:
    _, world = world_app
    what, module, function, when = ENDINGS[place]
    if what == "erasure":
        closed(world, witness=False)
    closure = Closure(tmp_path / "world", tmp_path / "stolen")
    before = closure.now("before")
    shared = {key for key in opened(before, "TRP_UNIT") if key[0] == world.case.hex}
    held = {key for key in opened(before, "NRC") if key[0] == world.case.hex}
    assert held > shared > set()
    about = world.case
    if what == "erasure":
        worker = factories.actor("nrc.case_worker")
        about = hands.asked(lambda: erasures.erase(case_id=world.case, by=worker))
        db.disconnect()

    def end() -> None:
        nrc = factories.actor("nrc.shelter_manager")
        dies(module, function, when)
        if what == "share":
            cases.end_share(case_id=about, organisation_id=world.organisation, by=nrc)
        else:
            second_hands.agree(act_id=about, by=nrc, heard=Heard.SPOKE)

    killed(tmp_path / "world", end)

    committed = not place.endswith("before the commit")
    then = closure.now("killed")
    assert (shared <= set(opened(then, "TRP_UNIT"))) != (committed or what == "erasure")
    if what == "share" or not committed:
        assert held <= set(opened(then, "NRC"))  # nothing is lost
    tending.tend()
    db.disconnect()
    after = closure.now("after")
    gone = ("TRP_UNIT", "RINAS", "IOM", "RA") if what == "share" else ("NRC", "TRP_UNIT", "RINAS", "IOM", "RA")
    if committed:
        for main in (before, then, after):
            # With the second database as it is now, also an old main database opens nothing that was ended.
            assert not shared & set(opened(Files(main.main, after.main), *gone))
        assert (what == "share") == (held <= set(opened(after, "NRC")))
    else:
        assert held <= set(opened(after, "NRC"))
    listed = (tmp_path / "world" / erasure_steps.LIST).read_text()
    assert (str(world.case) in listed) == (committed and what == "erasure")
    assert list(audit.verify(database.session())) == []
    assert tending.tend()["keys_destroyed"] == 0


PARKINGS = {
    "closing, before the commit": ("close", SHREDDING, "store", "after"),
    "closing, after it": ("close", SHREDDING, "work_off", "before"),
    "closing, keys gone but listed": ("close", SHREDDING, "_destroy", "after"),
    "giving back, before the commit": ("undo", "nrm.vault.parking", "give_back", "after"),
    "giving back, after it": ("undo", SHREDDING, "work_off", "before"),
    "giving back, keys gone but listed": ("undo", SHREDDING, "_destroy", "after"),
}


@pytest.mark.slow
@pytest.mark.parametrize("place", PARKINGS)
def test_a_process_killed_while_closing_a_case_to_everybody_or_giving_it_back_loses_nothing(
    world_app: tuple[Flask, World], tmp_path: Path, place: str
) -> None:
    _, world = world_app
    what, module, function, when = PARKINGS[place]
    told = keys(world.case, "identity", "story")
    closure = Closure(tmp_path / "world", tmp_path / "stolen")
    before, about = closure.now("before"), world.case
    worker = factories.actor("nrc.case_worker")
    if what == "undo":
        about = hands.asked(lambda: consents.withdraw(case_id=world.case, what=EVERYTHING, by=worker))
        db.disconnect()

    def close_or_undo() -> None:
        nrc = factories.actor("nrc.case_worker")
        dies(module, function, when)
        if what == "close":
            consents.withdraw(case_id=about, what=EVERYTHING, by=nrc)
        else:
            second_hands.undo(act_id=about, by=nrc)

    killed(tmp_path / "world", close_or_undo)
    then = closure.now("killed")
    assert told <= set(opened(then, "NRC"))  # with every file: nothing is lost
    tending.tend()
    # A transaction that failed leaves its new keys, which open nothing and go after seven days (ADR 0051).
    assert tending.tend()["keys_left_over"] == (3 if place == "closing, before the commit" else 0)
    closed_now = not place.endswith("before the commit") if what == "close" else place.endswith("before the commit")
    nrc, where = factories.actor("nrc.case_worker"), {"case_id": world.case, "compartment": Compartment.IDENTITY}
    if closed_now:
        with pytest.raises(CaseRefused, match="parked"):
            cases.open_compartment(**where, purpose=Purpose.CARE, by=nrc)
        db.disconnect()
        after = closure.now("after")
        assert not told & set(opened(Files(before.main, after.main), "NRC", "TRP_UNIT", "RINAS", "RA"))
        act = database.session.scalars(select(HeavyAct.id).where(HeavyAct.status == "parked")).one()
        database.session.rollback()
        second_hands.undo(act_id=act, by=factories.actor("nrc.shelter_manager"))
    cases.open_compartment(**where, purpose=Purpose.CARE, by=nrc)
    found = case_steps.opened(case_id=world.case, by=nrc)[Compartment.IDENTITY]
    assert found.value["given"] == people.PLANTED
    assert list(audit.verify(database.session())) == []


@pytest.mark.slow
def test_a_process_killed_while_backing_up_leaves_no_backup_and_holds_nobody_up(
    world_app: tuple[Flask, World], tmp_path: Path
) -> None:
    _, world = world_app
    folder = tmp_path / "backups"
    folder.mkdir()

    def back_up() -> None:
        real, begun = crypto.seal_stream, []

        def dying(*given: Any) -> Iterator[bytes]:
            begun.append(given)
            for number, chunk in enumerate(real(*given)):
                if len(begun) == 2 and number == 1:
                    os.kill(os.getpid(), signal.SIGKILL)  # the shred file is written, the main file half
                yield chunk

        crypto.seal_stream = dying
        keys = tuple(files.recipient_in(files.new_key_files()[1].encode()) for _ in range(2))
        backups.take(folder, (keys[0], keys[1]), tell=print)

    killed(tmp_path / "world", back_up)
    assert backups.newest_pair(folder) is None
    assert {path.suffix for path in folder.glob("*-*")} == {".partial"}
    referrals.accept(referral_id=world.asked, place_id=world.bed, by=factories.actor("nrc.case_worker"))
    recipients = [files.recipient_in(files.new_key_files()[1].encode()) for _ in range(2)]
    written = backups.take(folder, (recipients[0], recipients[1]), tell=str)
    assert backups.newest_pair(folder) == (written.main, written.shred)
    assert not list(folder.glob("*.partial"))


def test_work_that_is_not_killed_fails_and_says_why(app: Flask, tmp_path: Path) -> None:
    """Of `tests/killing.py`: a function that was renamed would else be a process that nobody killed."""
    with pytest.raises(AssertionError, match="it did all its work"):
        killed(tmp_path / "instance", lambda: None)
    with pytest.raises(AssertionError, match="ZeroDivisionError"):
        killed(tmp_path / "instance", lambda: 1 // 0)
    with pytest.raises(AssertionError, match="no_such_function"):
        killed(tmp_path / "instance", lambda: dies(SHREDDING, "no_such_function", "after"))
