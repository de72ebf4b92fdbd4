"""Suspending an organisation: nobody of it comes in, nobody waits for it, and what it holds stays sealed to it."""

from __future__ import annotations

import uuid
from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import func, select

from nrm import audit
from nrm.actions import tending
from nrm.actions.accounts import accounts, organisations
from nrm.actions.referrals import referrals
from nrm.actions.shelter import cases
from nrm.db import db
from nrm.domain.accounts.accounts import (
    NotPermitted,
    NotVisible,
    OwnOrganisation,
    Role,
    SignInRefused,
    UnusableInvitation,
)
from nrm.domain.referrals.referrals import ReferralStatus
from nrm.domain.shelter.cases import Compartment, Purpose
from nrm.models.accounts.accounts import Member, MemberSession
from nrm.models.referrals.referrals import Referral
from nrm.steps.shelter import cases as case_steps
from nrm.store.rows.agreement import agreements as agreement_rows
from nrm.vault import grants
from tests import factories
from tests import factories_referrals as people
from tests.conftest import Person


@pytest.fixture(params=["app", "postgres_app"])
def instance(request: pytest.FixtureRequest) -> Flask:
    found: Flask = request.getfixturevalue(request.param)
    return found


def chain(case_id: uuid.UUID) -> list[tuple[uuid.UUID, str]]:
    rows = db.session.execute(
        select(Referral.receiver_id, Referral.status).where(Referral.case_id == case_id).order_by(Referral.position)
    )
    return [(receiver, status) for receiver, status in rows]


def test_a_suspended_organisation_reaches_nothing_and_who_waits_is_asked_of_the_next(instance: Flask) -> None:
    rinas, worker, admin = (
        factories.actor(login) for login in ("rinas.border_officer", "nrc.case_worker", "administrator")
    )
    held, waits = people.sent(rinas), people.sent(rinas)
    referrals.accept(referral_id=held.referral_id, place_id=people.bed("NRC"), by=worker)
    cookie = accounts.sign_in(login="nrc.case_worker", password=factories.PASSWORD)
    token = accounts.invite(
        organisation_id=people.organisation("NRC"), login="nrc.new", name="New", role=Role.CASE_WORKER, by=worker
    )
    nrc = people.organisation("NRC")

    organisations.suspend(organisation_id=nrc, by=admin)
    assert accounts.resume(cookie) is None
    people_of = select(Member.id).where(Member.organisation_id == nrc)
    assert not db.session.scalar(select(func.count()).where(MemberSession.member_id.in_(people_of)))
    for login in ("nrc.case_worker", "nrc.shelter_manager"):
        with pytest.raises(SignInRefused):
            accounts.sign_in(login=login, password=factories.PASSWORD)
    with pytest.raises(UnusableInvitation):
        accounts.join(token=token, password=factories.PASSWORD)
    assert "NRC" not in agreement_rows.desks()
    # The order of the route goes on without the sender; the next one can accept; nobody answers for the suspended.
    assert tending.tend()["referrals_expired"] == 1
    (first, status), *following = chain(waits.case_id)
    assert (first, status) == (nrc, ReferralStatus.EXPIRED)
    assert [status for _, status in following] in ([ReferralStatus.SENT], [])
    assert nrc not in grants.waiting(db.session(), waits.case_id)
    assert grants.holders_of(db.session(), held.case_id, "identity") == {nrc}

    organisations.suspend(organisation_id=nrc, by=admin)  # nothing more happens
    organisations.readmit(organisation_id=nrc, by=admin)
    back = factories.actor("nrc.case_worker")
    cases.open_compartment(case_id=held.case_id, compartment=Compartment.IDENTITY, purpose=Purpose.CARE, by=back)
    assert case_steps.opened(case_id=held.case_id, by=back)[Compartment.IDENTITY].value["given"] == people.PLANTED
    assert list(audit.verify(db.session())) == []


def test_what_was_sent_to_it_in_the_same_instant_moves_on_too(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    rinas, admin = factories.actor("rinas.border_officer"), factories.actor("administrator")
    monkeypatch.setattr(organisations, "pass_over", lambda: 0)
    late = people.sent(rinas)
    organisations.suspend(organisation_id=people.organisation("NRC"), by=admin)
    assert chain(late.case_id) == [(people.organisation("NRC"), ReferralStatus.SENT)]
    monkeypatch.undo()
    assert tending.tend()["referrals_expired"] == 1


def test_only_an_administrator_suspends_and_never_the_own_organisation(app: Flask) -> None:
    admin = factories.actor("administrator")
    for login in ("nrc.shelter_manager", "ra.duty_officer", "molsa.statistician"):
        with pytest.raises(NotPermitted):
            organisations.suspend(organisation_id=people.organisation("VATRA"), by=factories.actor(login))
        with pytest.raises(NotPermitted):
            organisations.readmit(organisation_id=people.organisation("VATRA"), by=factories.actor(login))
    with pytest.raises(OwnOrganisation):
        organisations.suspend(organisation_id=people.organisation("OPERATOR"), by=admin)
    with pytest.raises(NotVisible):
        organisations.suspend(organisation_id=uuid.uuid4(), by=admin)


def test_an_administrator_suspends_and_lets_in_again_from_the_home_page(
    app: Flask, sign_in: Callable[[str], Person]
) -> None:
    admin, worker = sign_in("administrator"), sign_in("vatra.case_worker")
    vatra = people.organisation("VATRA")
    page = f"/organisations/{vatra}/suspend"
    assert page in admin.get("/")
    worker.get(page, 403)
    worker.post(page, status=403)
    admin.get(f"/organisations/{uuid.uuid4()}/suspend", 404)
    admin.post(f"/organisations/{people.organisation('OPERATOR')}/suspend", status=409)
    assert admin.post(page) == "/"
    assert worker.client.get("/").status_code != 200
    assert "/readmit" in admin.get(page)
    admin.post(f"/organisations/{vatra}/readmit")
    assert sign_in("vatra.case_worker").get("/")
