"""A party joins and leaves by date: from then on it is asked, or is asked no more and receives nothing."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from flask import Flask
from sqlalchemy import func, select

from nrm import clock
from nrm.actions import tending
from nrm.actions.interviews import interview_sending
from nrm.actions.referrals import next_receiver, proposals, referrals
from nrm.actions.shelter import cases
from nrm.db import db
from nrm.domain.accounts.accounts import NotPermitted, NotVisible
from nrm.domain.agreement.routes import Exclusion
from nrm.domain.referrals.referrals import IllegalTransition, OverrideReason, ReferralRefused
from nrm.domain.shelter.cases import Compartment, Purpose
from nrm.models.accounts.accounts import Organisation
from nrm.models.referrals.referrals import Referral
from nrm.models.shelter.cases import PendingGrant
from nrm.steps.shelter import cases as case_steps
from nrm.store.agreement import agreements as store
from nrm.store.countries import country
from tests import factories
from tests import factories_agreements as texts
from tests import factories_referrals as people
from tests.conftest import Person

LAST_DAY = 12
FIRST = datetime.now(ZoneInfo("Europe/Tirane")).date()


@pytest.fixture
def leaving(app: Flask) -> Flask:
    """A version in which the National Reception Centre is bound until its twelfth day from now, signed by everybody."""
    until = FIRST + timedelta(days=LAST_DAY)
    version = texts.opened(texts.draft("2027", None, ('code = "NRC"\n', f'code = "NRC"\nuntil = {until}\n')))
    texts.sign_all(version)
    return app


def at(days: int, hour: int, minute: int = 0) -> None:
    """Let it be that time of the country's clocks, that many days from now."""
    local = datetime.combine(FIRST + timedelta(days=days), time(hour, minute), country().timezone)
    clock.set_clock(lambda: local)


def pending(code: str) -> int:
    statement = select(func.count()).where(PendingGrant.organisation_id == people.organisation(code))
    return db.session.scalar(statement) or 0


def asked(case_id: object) -> list[tuple[str, str]]:
    db.session.rollback()
    statement = select(Organisation.code, Referral.status).join(Referral, Referral.receiver_id == Organisation.id)
    rows = db.session.execute(statement.where(Referral.case_id == case_id).order_by(Referral.position))
    return [(row.code, row.status) for row in rows]


def test_who_left_takes_over_nobody_and_the_next_is_asked(leaving: Flask) -> None:
    rinas, nrc, duty = (
        factories.actor(each) for each in ("rinas.border_officer", "nrc.case_worker", "ra.duty_officer")
    )
    at(LAST_DAY, 23)
    waiting, coming = people.sent(rinas), people.sent(rinas)
    referrals.accept(referral_id=coming.referral_id, place_id=people.bed("NRC"), by=nrc)
    assert pending("NRC") == pending("IOM") > 0
    cases.open_compartment(
        case_id=waiting.case_id, compartment=Compartment.HAND_OVER, purpose=Purpose.ADMISSION, by=nrc
    )

    at(LAST_DAY + 1, 0)
    before = asked(waiting.case_id)
    with pytest.raises(NotVisible):
        case_steps.opened(case_id=waiting.case_id, by=nrc)
    with pytest.raises(NotVisible):
        cases.open_compartment(
            case_id=waiting.case_id, compartment=Compartment.HAND_OVER, purpose=Purpose.ADMISSION, by=nrc
        )
    with pytest.raises(IllegalTransition, match="left"):
        referrals.accept(referral_id=waiting.referral_id, place_id=people.bed("NRC", 1), by=nrc)
    with pytest.raises(IllegalTransition, match="left"):
        referrals.promise(referral_id=waiting.referral_id, promised_by="Somebody", by=rinas)
    assert asked(waiting.case_id) == before == [("NRC", "sent")]

    tending.tend()
    assert asked(waiting.case_id) == [("NRC", "expired"), ("IOM", "sent")]
    assert pending("NRC") == 0
    assert pending("IOM") > 0
    # Who was accepted while the centre was bound is on the way to it, and is received.
    referrals.arrive(referral_id=coming.referral_id, by=nrc)
    assert asked(coming.case_id) == [("NRC", "arrived")]

    interview = people.interview(rinas)
    proposal = proposals.propose(interview_id=interview, by=rinas)
    assert {each.party: each.reason for each in proposal.route.excluded}["NRC"] is Exclusion.NOT_IN_FORCE
    assert "NRC" not in {each.party for each in proposal.choices}
    with pytest.raises(ReferralRefused, match="no_shelter"):
        interview_sending.send(interview_id=interview, party="NRC", override_reason="safety", by=rinas)
    referrals.withdraw(
        referral_id=db.session.scalars(select(Referral.id).where(Referral.status == "sent")).one(), by=rinas
    )
    with pytest.raises(ReferralRefused, match="no_shelter"):
        next_receiver.direct(
            case_id=waiting.case_id, receiver_id=people.organisation("NRC"), reason=OverrideReason.SAFETY, by=duty
        )


def test_what_was_sealed_in_case_it_would_be_asked_goes_too(leaving: Flask) -> None:
    at(LAST_DAY, 23)
    sent = people.sent(factories.actor("rinas.border_officer"), "IOM", override_reason="safety")
    assert pending("NRC") > 0
    at(LAST_DAY + 1, 0)
    tending.tend()
    assert pending("NRC") == 0
    assert asked(sent.case_id) == [("IOM", "sent")]


def test_the_duty_desk_and_the_shelter_itself_are_told_and_nobody_else(leaving: Flask) -> None:
    nrc, vatra, duty = (factories.actor(each) for each in ("nrc.case_worker", "vatra.case_worker", "ra.duty_officer"))
    at(LAST_DAY, 20)
    sent = people.sent(factories.actor("rinas.border_officer"))
    referrals.accept(referral_id=sent.referral_id, place_id=people.bed("NRC"), by=nrc)
    last_day = FIRST + timedelta(days=LAST_DAY)
    for by in (nrc, duty):
        (line,) = store.leaving(by=by)
        assert (line.names["en"], line.last_day, line.over, line.people) == (
            "National Reception Centre for Victims of Trafficking",
            last_day,
            False,
            1,
        )
    assert store.leaving(by=vatra) == []
    for login in ("rinas.border_officer", "molsa.statistician", "administrator", "oms.coordinator"):
        with pytest.raises(NotPermitted):
            store.leaving(by=factories.actor(login))
    at(LAST_DAY + 1, 9)
    assert [each.over for each in store.leaving(by=duty)] == [True]
    assert "Aty ndodhet 1 person." in Person(leaving.test_client(), "ra.duty_officer").get("/")
    assert "nuk na detyron më" in Person(leaving.test_client(), "nrc.case_worker").get("/")
    assert "nuk na dërgohet" not in Person(leaving.test_client(), "vatra.case_worker").get("/")


@pytest.mark.slow
def test_who_joins_on_a_day_is_asked_from_that_day_on(app: Flask) -> None:
    joins = FIRST + timedelta(days=LAST_DAY)
    version = texts.opened(texts.draft("2027", None, ('code = "VATRA"\n', f'code = "VATRA"\nfrom = {joins}\n')))
    texts.sign_all(version)
    for by in texts.signers("VATRA"):
        texts.sign(version, by)
    rinas = factories.actor("rinas.border_officer")
    near_vlora = {"wish_region": "vlore"}
    for days, expected in ((LAST_DAY - 1, False), (LAST_DAY, True)):
        at(days, 9)
        proposal = proposals.propose(interview_id=people.interview(rinas, **near_vlora), by=rinas)
        assert ("VATRA" in {each.party for each in proposal.proposed}) is expected
