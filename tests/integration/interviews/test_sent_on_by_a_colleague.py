"""Who has no key to a case of their post is told who can send it on, and never why they cannot."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import delete, select, update

from nrm.actions.referrals import referrals
from nrm.actions.shelter import cases
from nrm.db import db, transaction
from nrm.domain.referrals.referrals import OverrideReason
from nrm.domain.shelter.cases import Compartment, Purpose
from nrm.models.accounts.accounts import KeyringWrap, Organisation
from nrm.models.referrals.referrals import Referral
from nrm.models.shelter.cases import Grant
from nrm.steps.shelter import cases as case_steps
from nrm.store.rows.accounts import accounts as account_rows
from tests import factories
from tests import factories_referrals as people
from tests.conftest import Person
from tests.factories_agreements import colleague
from tests.factories_interviews import LOGIN

SignIn = Callable[[str], Person]


@pytest.fixture
def second(app: Flask) -> str:
    """A second officer of the post."""
    organisation = db.session.scalar(select(Organisation).where(Organisation.code == "RINAS"))
    assert organisation is not None
    return colleague(organisation, LOGIN, factories.actor(LOGIN))


def refused(person: Person, official: str, *, damaged: bool = False) -> str:
    """What a member of the post reads who sends on a case that was withdrawn, without what differs each time."""
    by = factories.actor(LOGIN)
    sent = people.sent(by, official=official)
    referrals.withdraw(referral_id=sent.referral_id, by=by)
    if damaged:
        with transaction() as session:
            session.execute(update(Grant).where(Grant.case_id == sent.case_id).values(sealed_key=b"damaged"))
    address = f"/cases/{sent.case_id}/refer"
    assert "<form" in person.get(address)
    chosen = {"receiver": str(people.organisation("IOM")), "reason": str(OverrideReason.SAFETY), "by_name": "yes"}
    body = person.post(address, {**chosen, "by_name_of": chosen["receiver"]}, status=409)
    open_now = select(Referral).where(Referral.case_id == sent.case_id, Referral.status == "sent")
    assert db.session.scalars(open_now).all() == []
    return body.split("<main")[1]


def test_a_colleague_is_told_who_can_and_the_same_whatever_the_reason(app: Flask, sign_in: SignIn, second: str) -> None:
    another = sign_in(second)
    official = refused(another, "yes")
    for words in ("nuk bëhet dot nga llogaria juaj", "personi i organizatës suaj që e dërgoi", "116 006"):
        assert words in official
    assert "zyrtar" not in official
    assert refused(another, "no", damaged=True) == official


def test_who_does_not_hold_the_key_of_the_post_is_told_that_and_nothing_of_the_case(
    app: Flask, sign_in: SignIn, second: str
) -> None:
    another = sign_in(second)
    member = account_rows.member_by_login(second)
    assert member is not None
    with transaction() as session:
        session.execute(delete(KeyringWrap).where(KeyringWrap.member_id == member.id))
    yes, no = (re.sub(r"<strong>[0-9a-f]{8}</strong>", "", refused(another, each)) for each in ("yes", "no"))
    assert "nuk e keni çelësin më të ri" in yes
    assert yes == no


def test_a_colleague_does_not_take_it_back_either(app: Flask, sign_in: SignIn, second: str) -> None:
    sent = people.sent(factories.actor(LOGIN), official="yes")
    body = sign_in(second).post(f"/referrals/{sent.referral_id}/withdraw", status=409)
    assert "nuk bëhet dot nga llogaria juaj" in body
    assert db.session.get_one(Referral, sent.referral_id, populate_existing=True).status == "sent"


def test_the_interviewer_sends_it_on_after_a_withdrawal_and_it_can_be_opened(app: Flask, sign_in: SignIn) -> None:
    by = factories.actor(LOGIN)
    sent = people.sent(by, official="yes")
    referrals.withdraw(referral_id=sent.referral_id, by=by)
    chosen = {"receiver": str(people.organisation("IOM")), "reason": str(OverrideReason.SAFETY), "by_name": "yes"}
    person = sign_in(LOGIN)
    address = person.post(f"/cases/{sent.case_id}/refer", {**chosen, "by_name_of": chosen["receiver"]})
    referral_id = uuid.UUID(address.rsplit("/", 1)[1])
    iom = factories.actor("iom.case_worker")
    referrals.accept(referral_id=referral_id, place_id=people.bed("IOM"), by=iom)
    part = Compartment.STORY
    cases.open_compartment(case_id=sent.case_id, compartment=part, purpose=Purpose.CARE, by=iom)
    assert case_steps.opened(case_id=sent.case_id, by=iom)[part].value["official"] == "yes"


def test_who_withdrew_what_a_colleague_sent_is_named_to_the_post_and_the_duty_desk(
    app: Flask, sign_in: SignIn, second: str
) -> None:
    """The sender read "You withdrew this referral", whoever had done it."""
    sent = people.sent(factories.actor(LOGIN))
    address = f"/referrals/{sent.referral_id}"
    sign_in(second).post(f"{address}/withdraw")
    member = account_rows.member_by_login(second)
    assert member is not None
    for login in (LOGIN, second, "ra.duty_officer"):
        assert f"{member.name} withdrew this referral on " in sign_in(login).get(f"{address}?lang=en"), login
    asked = sign_in("nrc.case_worker").get(f"{address}?lang=en")
    assert "withdrew this referral" not in asked
    assert "Taken back: nobody is expected here" in asked
