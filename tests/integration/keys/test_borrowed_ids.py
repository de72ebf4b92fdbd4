"""Sealed things are found by their id alone: nobody begins one under the id of another's case, interview or call."""

from __future__ import annotations

import uuid
from datetime import date

import pytest
from flask import Flask
from sqlalchemy import select

from nrm.actions.referrals import announced_returns, referrals
from nrm.actions.reports import filings
from nrm.db import db
from nrm.domain.accounts.accounts import NotVisible
from nrm.domain.quarters import Quarter
from nrm.domain.referrals.announced_returns import Announcement, Origin
from nrm.domain.reports.register import Answer
from nrm.models.referrals.announced_returns import AnnouncedReturn
from nrm.models.reports.filings import Filing
from nrm.models.shelter.cases import SealedCompartment
from nrm.store.days import today
from tests import factories
from tests import factories_filings as filed
from tests import factories_referrals as people
from tests.world import World


def compartments(case_id: uuid.UUID) -> set[str]:
    asked = select(SealedCompartment.compartment).where(SealedCompartment.case_id == case_id)
    return set(db.session.scalars(asked))


def test_a_focal_point_files_nothing_under_the_id_of_a_case(app: Flask) -> None:
    """It was accepted, and nobody could take the person in any more."""
    filed.begin(date(2026, 7, 20))
    sent = people.sent(factories.actor("rinas.border_officer"))
    before = compartments(sent.case_id)
    with pytest.raises(NotVisible):
        filings.file(
            filing_id=sent.case_id,
            code="victims",
            quarter=Quarter(2026, 2),
            answer=Answer.ZERO,
            figures=None,
            seen=None,
            by=factories.actor("mopo.focal_point"),
        )
    db.session.rollback()
    assert db.session.scalars(select(Filing)).all() == []
    assert compartments(sent.case_id) == before
    nrc = factories.actor("nrc.case_worker")
    assert referrals.accept(referral_id=sent.referral_id, place_id=people.bed("NRC"), by=nrc) == sent.case_id


def test_an_announced_person_does_not_arrive_in_another_case(world_app: tuple[Flask, World]) -> None:
    """A draft under a case's id made the holder's pages fail; under another post's interview it ended with a 500."""
    _, world = world_app
    rinas, consul = factories.actor("rinas.border_officer"), factories.actor("consular.consular_officer")
    for other in (world.own_case, world.case, world.draft, world.call, world.child_return, world.notice):
        notice_id = uuid.uuid4()
        announced = Announcement(Origin.CONSULATE, "IT", today(), "unknown", hour=20)
        announced_returns.announce(
            notice_id=notice_id,
            post_id=people.organisation("RINAS"),
            announced=announced,
            identity={"name": "Arta Deda"},
            by=consul,
        )
        before = compartments(other)
        with pytest.raises(NotVisible):
            announced_returns.arrive(notice_id=notice_id, interview_id=other, by=rinas)
        db.session.rollback()
        assert compartments(other) == before
        assert db.session.get_one(AnnouncedReturn, notice_id, populate_existing=True).status == "announced"
