"""The third case destroyed, or account ended, in an hour by one member waits for a second one."""

from __future__ import annotations

import uuid
from datetime import timedelta

from flask import Flask
from sqlalchemy import select

from nrm.actions import accounts, admissions
from nrm.db import db
from nrm.domain.admissions import OwnCase
from nrm.domain.stays import Source
from nrm.models.accounts import Member
from nrm.models.cases import Case, SealedCompartment
from nrm.store import stays as stay_store
from tests import factories
from tests import factories_referrals as people
from tests.conftest import Person
from tests.integration.test_members import invited

WORKER, MANAGER = "vatra.case_worker", "vatra.shelter_manager"
EVERYTHING = {"what": "everything:", "told": "y"}


def opened(number: int, login: str = WORKER) -> list[uuid.UUID]:
    """So many cases of VATRA's own, each with somebody who sleeps there."""
    by, today = factories.actor(login), stay_store.today()
    own = OwnCase(
        source=Source.OWN,
        age_class="adult",
        age=25,
        gender="feminine",
        citizenship="AL",
        consent="given",
        statistics="yes",
    )
    return [
        admissions.open_case(
            case=own,
            bed_id=people.bed("VATRA", each),
            admitted_on=today,
            anticipated_end_on=today + timedelta(days=30),
            identity={"given": people.PLANTED},
            story=people.TOLD,
            by=by,
        ).case_id
        for each in range(number)
    ]


def kept(case_id: uuid.UUID) -> bool:
    """Whether the person's name and story are still there."""
    db.session.rollback()
    there = set(db.session.scalars(select(SealedCompartment.compartment).where(SealedCompartment.case_id == case_id)))
    return {"identity", "story"} <= there


def code(case_id: uuid.UUID) -> str:
    db.session.rollback()
    return db.session.get_one(Case, case_id).pseudonym


def status_of(login: str) -> str:
    db.session.rollback()
    return db.session.scalars(select(Member.status).where(Member.login == login)).one()


def colleagues(*names: str, code: str = "VATRA") -> list[uuid.UUID]:
    """More people of the organisation, who hold its key."""
    manager = factories.actor(f"{code.lower()}.shelter_manager")
    found = []
    for name in names:
        factories.join(invited(name, code))
        member = db.session.scalars(select(Member).where(Member.login == name)).one()
        accounts.confirm(member_id=member.id, by=manager)
        found.append(member.id)
    return found


def withdraw(person: Person, case_id: uuid.UUID) -> str:
    return person.post(f"/cases/{case_id}/consents/withdraw", dict(EVERYTHING))


def test_the_third_withdrawal_of_everything_in_an_hour_destroys_nothing(app: Flask) -> None:
    cases = opened(12)
    worker = Person(app.test_client(), WORKER)
    for case_id in cases:
        withdraw(worker, case_id)
    assert [kept(each) for each in cases] == [False] * 2 + [True] * 10


def test_the_third_account_that_is_ended_in_an_hour_goes_on(app: Flask) -> None:
    others = colleagues("v.one", "v.two", "v.three")
    worker = Person(app.test_client(), WORKER)
    for member_id in others:
        worker.post(f"/members/{member_id}/disable")
    assert [status_of(each) for each in ("v.one", "v.two", "v.three")] == ["disabled", "disabled", "active"]
