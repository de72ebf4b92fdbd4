"""The process is killed in the middle of an acceptance: nothing is lost, and nothing stays readable for the sender."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from flask import Flask

from nrm import audit, db
from nrm.actions import cases, referrals, tending
from nrm.db import db as database
from nrm.domain.cases import Compartment, Purpose
from nrm.models.referrals import Referral
from tests import factories
from tests import factories_referrals as people
from tests.integration.test_key_closure import Closure, Files, keys, opened
from tests.world import World

TOP = Path(__file__).resolve().parents[2]
# Accepts a referral and dies as `kill -9` would have it: after (or, for work_off, before) the function that is named.
ACCEPTING = """
import os, signal, sys, uuid
from pathlib import Path
from nrm.actions import referrals
from nrm.vault import shredding
from tests import factories

folder, referral, bed, function, when = sys.argv[1:]
real = getattr(shredding, function)

def dying(*given):
    if when == "after":
        real(*given)
    os.kill(os.getpid(), signal.SIGKILL)

with factories.open_instance(Path(folder)).app_context():
    nrc = factories.actor("nrc.case_worker")
    setattr(shredding, function, dying)
    referrals.accept(referral_id=uuid.UUID(referral), bed_id=uuid.UUID(bed), by=nrc)
"""
# Where: the new keys lie in the second database but the main one did not commit; it committed but no old key is gone;
# the old keys are gone but still stand on the list.
PLACES = {"before the commit": ("store", "after"), "after it": ("work_off", "before"), "later": ("_destroy", "after")}


@pytest.mark.parametrize("place", PLACES)
def test_a_process_killed_while_accepting_loses_nothing_and_leaves_nothing_readable(
    world_app: tuple[Flask, World], tmp_path: Path, place: str
) -> None:
    _, world = world_app
    told = keys(world.asked_case, "hand_over", "identity", "story")
    closure = Closure(tmp_path / "world", tmp_path / "stolen")
    before = closure.now("before")
    arguments = [str(tmp_path / "world"), str(world.asked), str(world.bed), *PLACES[place]]
    done = subprocess.run(
        [sys.executable, "-c", ACCEPTING, *arguments],
        cwd=TOP,
        env={**os.environ, "PYTHONPATH": str(TOP)},
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == -signal.SIGKILL, done.stderr.decode()

    killed = closure.now("killed")
    accepted = database.session.get_one(Referral, world.asked).status == "accepted"
    database.session.rollback()
    assert accepted == (place != "before the commit")
    assert told <= set(opened(killed, "NRC" if accepted else "RINAS"))  # nothing is lost
    if accepted:
        assert not told & set(opened(killed, "RINAS"))
    else:
        referrals.accept(referral_id=world.asked, bed_id=world.bed, by=factories.actor("nrc.case_worker"))
    tending.tend()
    db.disconnect()

    after = closure.now("after")
    assert told <= set(opened(after, "NRC"))
    for main in (after, before, killed):
        assert not told & set(opened(Files(main.main, after.main), "RINAS", "IOM", "VATRA", "TRP_UNIT"))
    nrc = factories.actor("nrc.case_worker")
    cases.open_compartment(
        case_id=world.asked_case, compartment=Compartment.IDENTITY, purpose=Purpose.ADMISSION, by=nrc
    )
    assert cases.opened(case_id=world.asked_case, by=nrc)[Compartment.IDENTITY].value["given"] == people.PLANTED
    assert list(audit.verify(database.session())) == []
    assert tending.tend()["keys_destroyed"] == 0
