"""The child gate: nobody under 18, or who may be, leaves a shelter but for another one before three safe findings."""

from __future__ import annotations

import dataclasses
import uuid
from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError

from nrm.actions import cases, referrals, stays
from nrm.db import db, transaction
from nrm.domain.accounts import Actor, NotVisible
from nrm.domain.permits import GateClosed
from nrm.domain.stays import DESTINATIONS, Destination, ExitReason
from nrm.models.referrals import Obligation
from nrm.models.stays import Stay
from nrm.store import stays as store
from tests import factories
from tests.conftest import Person
from tests.factories_referrals import bed, sent
from tests.factories_stays import CHILD, admitted

SignIn = Callable[[str], Person]
KINDS = ("risk", "security", "family")
OUT = [
    (reason, destination)
    for reason, fitting in DESTINATIONS.items()
    for destination in sorted(fitting)
    if destination is not Destination.NONE and reason not in (ExitReason.MISSING, ExitReason.REPATRIATED)
]
"""Every way out of a shelter but death, a repatriation (which has a gate of its own, too) and the alarm of a missing
person."""


@pytest.fixture
def vatra(app: Flask) -> Actor:
    assert app
    return factories.actor("vatra.shelter_manager")


@pytest.fixture
def service(app: Flask) -> Actor:
    assert app
    return factories.actor("child_protection.child_protection_officer")


def _end(stay_id: uuid.UUID, reason: ExitReason, destination: Destination, by: Actor) -> uuid.UUID:
    return stays.end(stay_id=stay_id, ended_on=store.today(), exit_reason=reason, destination=destination, by=by)


def owed(case_id: uuid.UUID, kind: str) -> uuid.UUID:
    """The assessment as the agreement asks it of child protection."""
    wanted = (Obligation.case_id == case_id, Obligation.kind == f"assess_{kind}")
    return db.session.scalars(select(Obligation.id).where(*wanted)).one()


@pytest.mark.parametrize("age_class", ["child", "unsure"])
def test_no_road_leads_out_before_anybody_assessed_anything(vatra: Actor, age_class: str) -> None:
    opened = admitted(vatra, dataclasses.replace(CHILD, age_class=age_class))
    for reason, destination in OUT:
        with pytest.raises(GateClosed):
            _end(opened.stay_id, reason, destination, vatra)
    assert store.stay(opened.stay_id, by=vatra).ended_on is None


def test_done_in_a_list_opens_nothing(vatra: Actor, service: Actor) -> None:
    opened = admitted(vatra, CHILD)
    for kind in KINDS:
        with pytest.raises(NotVisible):
            referrals.acknowledge(obligation_id=owed(opened.case_id, kind), by=service)
    with pytest.raises(GateClosed):
        _end(opened.stay_id, ExitReason.REINTEGRATED_WITH_FAMILY, Destination.FAMILY, vatra)


def test_who_never_got_a_bed_is_not_let_go_by_closing_the_case(app: Flask) -> None:
    assert app
    nrc = factories.actor("nrc.case_worker")
    line = sent(factories.actor("rinas.border_officer"), "NRC", age="child", age_stated="15", consent=None)
    case_id = referrals.accept(referral_id=line.referral_id, bed_id=bed("NRC"), by=nrc)
    referrals.arrive(referral_id=line.referral_id, by=nrc)
    with pytest.raises(GateClosed):
        cases.close(case_id=case_id, by=nrc)


@pytest.mark.parametrize(
    ("reason", "destination"),
    [
        ("foster_or_extended_family", "foster_family"),
        ("foster_or_extended_family", "extended_family"),
        ("independent_living", "own_home"),
        ("transferred", "institution"),
        ("left_voluntarily", "unknown"),
    ],
)
def test_no_row_ends_without_what_opened_the_gate(vatra: Actor, reason: str, destination: str) -> None:
    opened = admitted(vatra, CHILD)
    with pytest.raises(IntegrityError), transaction() as session:
        session.execute(
            update(Stay)
            .where(Stay.id == opened.stay_id)
            .values(ended_on=store.today(), exit_reason=reason, destination=destination)
        )


def test_the_page_of_the_desk_has_no_button_that_says_done(vatra: Actor, sign_in: SignIn) -> None:
    opened = admitted(vatra, CHILD)
    page = sign_in("child_protection.child_protection_officer").get("/")
    for kind in KINDS:
        assert f"/obligations/{owed(opened.case_id, kind)}/acknowledge" not in page
