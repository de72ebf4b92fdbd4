"""What a shelter owes that took in somebody whom a clause sends elsewhere: whom to ask, where, and when it is done."""

from __future__ import annotations

import uuid
from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import select

from nrm.actions.referrals import next_receiver
from nrm.actions.shelter.direct_intake import Opened
from nrm.db import db
from nrm.domain.referrals.referrals import OverrideReason
from nrm.domain.referrals.transfers import HandOver, MoveReason
from nrm.domain.shelter.consents import ByName
from nrm.domain.shelter.direct_intake import REFER_ON
from nrm.models.referrals.referrals import Obligation
from tests import factories
from tests import factories_referrals as people
from tests.client import Person, words
from tests.factories_stays import MOLDOVAN, admitted

WORKER = "vatra.case_worker"


@pytest.fixture
def own(app: Flask) -> Opened:
    """A Moldovan woman whom Vatra took in, and whom a clause sends to the National Reception Centre."""
    assert app
    return admitted(factories.actor(WORKER), MOLDOVAN)


def owed(own: Opened) -> uuid.UUID | None:
    db.session.rollback()
    here = (Obligation.case_id == own.case_id, Obligation.kind == REFER_ON, Obligation.done_at.is_(None))
    return db.session.scalar(select(Obligation.id).where(*here))


def ask(own: Opened, code: str) -> None:
    next_receiver.refer(
        case_id=own.case_id,
        receiver_id=people.organisation(code),
        reason=OverrideReason.OTHER,
        by_name=ByName.YES,
        hand_over=HandOver(MoveReason.OTHER, doctor=False, needs="rest", risk="none"),
        by=factories.actor(WORKER),
    )


def test_the_page_names_party_clause_and_number_and_leads_to_where_it_is_asked(
    own: Opened, sign_in: Callable[[str], Person]
) -> None:
    worker, refer = sign_in(WORKER), f'href="/cases/{own.case_id}/refer"'
    page = worker.get(f"/obligations/{owed(own)}/acknowledge?lang=en")
    assert refer in page
    assert page.index(refer) < page.index(">We asked by telephone</button>")
    assert "National Reception Cent" in page
    assert 'href="tel:' in page.partition("<main")[2].partition("</main>")[0]
    assert "Clause " in words(page)
    assert "only if you have asked it by telephone" in page
    assert f"{refer}>Ask the party that the clause names" in worker.get(f"/cases/{own.case_id}")
    assert f"{refer}>Ask the party that the clause names" in worker.get("/to-do")


def test_asking_that_party_in_the_program_is_what_was_owed(own: Opened) -> None:
    assert owed(own)
    ask(own, "NRC")
    assert owed(own) is None


def test_asking_another_one_is_not(own: Opened) -> None:
    ask(own, "TJETER_VIZION")
    assert owed(own)


def test_the_page_to_hand_on_says_what_each_why_asks(own: Opened, sign_in: Callable[[str], Person]) -> None:
    page = sign_in(WORKER).get(f"/cases/{own.case_id}/refer?lang=en")
    assert "Why you ask this shelter and no other." in page
    assert "Why the person leaves your shelter." in page
