"""What a shelter's home page, its list and the duty desk's page read of who was here before: 10,000 said yes.

The anchor of the same run is to unseal as many values of the same length and do nothing with them.
"""

from __future__ import annotations

import gc
import os
import tempfile
import time
import uuid
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import insert, select

from nrm import clock, create_app, crypto
from nrm.db import db, disconnect, transaction
from nrm.domain.accounts.accounts import Actor
from nrm.domain.shelter.matching import Answer, Opinion, Pair, Why
from nrm.models.shelter.cases import Case
from nrm.models.shelter.matching import MatchQuestion
from nrm.store import days
from nrm.store.shelter import matching as store
from nrm.vault import matching as vault
from tests import factories
from tests.factories_stays import admitted

PEOPLE = 10_000
OLD = timedelta(days=90)


def _milliseconds(work: Callable[[], Any], times: int = 3) -> float:
    """Processor time of the fastest run."""
    best = float("inf")
    for _ in range(times):
        db.session.rollback()
        began = time.process_time()
        work()
        best = min(best, time.process_time() - began)
    return 1e3 * best


def fill(by: Actor, people: int) -> None:
    """Closed cases of one house that said yes; every second one is like the one before it, and was rejected."""
    assert by.member_id is not None
    like = admitted(by, identity={"given": "Ana"})
    with transaction() as session:
        case = session.execute(select(Case.__table__).where(Case.id == like.case_id)).mappings().one()
        ids = [uuid.uuid4() for _ in range(people)]
        own = {"holder_id": by.organisation_id, "status": "closed", "closed_month": days.today().replace(day=1)}
        session.execute(insert(Case), [{**case, **own, "id": id_, "pseudonym": f"B{id_.hex[:12]}"} for id_ in ids])
        asked_on, questions = days.today() - OLD, []
        said = Opinion(Answer.DIFFERENT, Why.OTHER_PAPERS, by.member_id, clock.now() - OLD)
        for place, id_ in enumerate(ids):
            found = [Pair(uuid.uuid4(), ids[place - 1], "weak", asked_on, said)] if place % 2 else []
            row = {"case_id": id_, "said": "yes", "asked_on": asked_on, "asked_by_id": by.member_id, "word": "new"}
            row |= {"with_guardian": False, "searched": True, "revision": 1}
            questions.append({**row, "sealed_pairs": vault.sealed_pairs(id_, 1, vault.Found(tuple(found)))})
        session.execute(insert(MatchQuestion), questions)


def measure() -> None:
    """Print the milliseconds, beside the anchor's; the tables are filled."""
    by = factories.actor("nrc.case_worker")
    gc.collect()
    gc.freeze()  # as `nrm serve` does
    key, context = crypto.new_key(), b"bench"
    sealed = [crypto.seal(key, bytes(4096), context) for _ in range(PEOPLE)]
    anchor = _milliseconds(lambda: [crypto.unseal(key, each, context) for each in sealed])
    print(f"unseal {PEOPLE:,} values of 4,096 bytes      {anchor:8.0f} ms   anchor")
    desk = factories.actor("ra.duty_officer")
    for what, work in (
        ("what a house has to do, on its home page", lambda: store.due(by=by)),
        ("who asks for people of a house, its list", lambda: store.board(by=by)),
        ("what the duty desk is told, on its page", lambda: store.desk(by=desk)),
    ):
        took = _milliseconds(work)
        print(f"{what}   {took:8.0f} ms   {took / anchor:5.1f} x")


def main() -> None:
    """Make an instance, fill it, and print."""
    with tempfile.TemporaryDirectory() as folder:
        instance = Path(folder) / "instance"
        factories.build_instance(instance)
        with create_app(factories.cheap_config({**os.environ, "NRM_DIR": str(instance)})).app_context():
            fill(factories.actor("nrc.case_worker"), PEOPLE)
            measure()
            disconnect()
