"""Twenty at once over HTTP: one wins, nineteen are told that it is over (409), on both databases."""

from __future__ import annotations

import threading
import uuid
from collections import Counter

import pytest
from flask import Flask
from sqlalchemy import func, select

from nrm import audit, clock
from nrm.actions import tending
from nrm.db import db
from nrm.models.audit import AuditEntry
from nrm.models.referrals.referrals import Referral
from nrm.store.shelter import places as place_store
from tests import factories
from tests import factories_referrals as people
from tests.conftest import Person
from tests.integration.test_races import consistent, instance, statuses
from tests.races import race

__all__ = ["instance"]
TWENTY = 20


def at_once(app: Flask, login: str, path: str, bodies: list[dict[str, str]]) -> list[int]:
    """The statuses of these forms, each sent by a browser of its own in the same instant."""
    visitors = [Person(app.test_client(), login) for _ in bodies]
    gate, got = threading.Barrier(len(bodies)), []

    def send(person: Person, body: dict[str, str]) -> None:
        gate.wait()
        answer = person.client.post(path, data={"csrf_token": person.csrf_token, **body})
        got.append(answer.status_code)

    threads = [threading.Thread(target=send, args=pair) for pair in zip(visitors, bodies, strict=True)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return got


@pytest.mark.slow
@pytest.mark.parametrize("act", ["accept", "decline", "withdraw"])
def test_of_twenty_at_once_one_wins_and_nineteen_are_told_that_it_is_over(instance: Flask, act: str) -> None:
    sent = people.sent(factories.actor("rinas.border_officer"))
    beds = [str(bed) for bed, _ in place_store.free_places(by=factories.actor("nrc.case_worker"))]
    db.session.remove()
    fields = {
        "accept": [{"bed": beds[number % len(beds)]} for number in range(TWENTY)],
        "decline": [{"reason": "full", "though_free": "y"}] * TWENTY,
        "withdraw": [{}] * TWENTY,
    }[act]
    login = "rinas.border_officer" if act == "withdraw" else "nrc.case_worker"
    got = at_once(instance, login, f"/referrals/{sent.referral_id}/{act}", fields)
    assert Counter(got) == {303: 1, 409: TWENTY - 1}
    assert statuses(uuid.UUID(str(sent.case_id))) in (["accepted"], ["declined", "sent"], ["withdrawn"])
    consistent(sent.case_id)


@pytest.mark.slow
def test_twenty_tend_at_once_and_one_expiry_happens_and_one_party_is_asked_next(instance: Flask) -> None:
    sent = people.sent(factories.actor("rinas.border_officer"))
    deadline = db.session.get_one(Referral, sent.referral_id).expires_at
    db.session.rollback()
    clock.set_clock(lambda: deadline)
    ended = race(instance, *[tending.tend] * TWENTY)
    assert sum(done["referrals_expired"] for done in ended if isinstance(done, dict)) == 1
    assert statuses(sent.case_id) == ["expired", "sent"]
    expired = AuditEntry.event == str(audit.Event.REFERRAL_EXPIRED)
    assert db.session.scalar(select(func.count()).select_from(AuditEntry).where(expired)) == 1
    consistent(sent.case_id)
