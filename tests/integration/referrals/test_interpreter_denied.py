"""Who waits for an interpreter says that there is none, after somebody said that there is."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import select

from nrm.actions.referrals import referrals
from nrm.db import db
from nrm.models.referrals.referrals import Obligation
from nrm.store.rows import lost_facts
from tests import factories
from tests import factories_referrals as people
from tests.conftest import Person

SignIn = Callable[[str], Person]
POST, LINE, OFFICER = "kakavija.border_officer", "helpline.helpline_operator", "ra.duty_officer"
DENY, DENIED = "Say that no interpreter is on the telephone", "they say that no interpreter is on the telephone"


@pytest.fixture
def made(app: Flask) -> people.Sent:
    """Somebody at a crossing point who needs an interpreter, handed over to the National Reception Centre."""
    return people.sent(factories.actor(POST), needs=["interpreter"])


def owed(case_id: uuid.UUID) -> Obligation:
    db.session.rollback()
    mine = (Obligation.case_id == case_id, Obligation.kind == "interpret")
    return db.session.scalars(select(Obligation).where(*mine)).one()


def denial(page: str) -> dict[str, object]:
    """What the press on the page of the post sends."""
    found = re.search(r'name="seen" value="([^"]+)">' + DENY, page)
    assert found is not None, page
    return {"seen": found[1]}


@pytest.mark.slow
def test_a_post_without_an_interpreter_says_so_and_the_line_stands_at_the_desk_again(
    sign_in: SignIn, made: people.Sent
) -> None:
    helpline, post, officer = sign_in(LINE), sign_in(POST), sign_in(OFFICER)
    page, duty = f"/referrals/{made.referral_id}", owed(made.case_id).id
    assert DENY not in post.get(f"{page}?lang=en")
    confirm = helpline.get(f"/obligations/{duty}/acknowledge?lang=en")
    assert "reads your name" in confirm
    helpline.post(f"/obligations/{duty}/acknowledge")
    assert "Provide an interpreter" not in officer.get("/?lang=en")
    shown = post.get(f"{page}?lang=en")
    assert LINE in shown
    assert post.post(f"/obligations/{duty}/known/back", denial(shown)) == page
    shown = post.get(f"{page}?lang=en")
    assert DENY not in shown
    assert LINE in shown
    assert 'href="tel:' in shown.partition("Critical path")[2]
    desk = officer.get("/?lang=en")
    line = desk.partition(DENIED)[2].partition("</tr>")[0]
    assert DENIED in desk
    assert LINE in line
    assert 'href="tel:' in line
    assert DENIED in helpline.get("/?lang=en")
    assert made.case_id not in lost_facts.duties()
    helpline.post(f"/obligations/{duty}/acknowledge")
    assert DENIED not in officer.get("/?lang=en")
    assert made.case_id not in lost_facts.duties()
    assert "seen" in denial(post.get(f"{page}?lang=en"))


@pytest.mark.slow
def test_whoever_is_asked_and_strangers_deny_nothing_and_an_old_page_denies_nothing(
    sign_in: SignIn, made: people.Sent
) -> None:
    helpline, post, stranger = sign_in(LINE), sign_in(POST), sign_in("rinas.border_officer")
    duty = owed(made.case_id).id
    address, page = f"/obligations/{duty}/known/back", f"/referrals/{made.referral_id}"
    referrals.acknowledge(obligation_id=duty, by=factories.actor(LINE))
    seen = denial(post.get(f"{page}?lang=en"))
    helpline.post(address, seen, status=404)
    stranger.post(address, seen, status=404)
    post.post(address, {"seen": "x"}, status=409)
    assert owed(made.case_id).done_at is not None
    post.post(address, seen, status=303)
    post.post(address, seen, status=404)
    referrals.acknowledge(obligation_id=duty, by=factories.actor(LINE))
    post.post(address, seen, status=409)


@pytest.mark.slow
def test_the_doctor_names_a_denial_that_nobody_said(made: people.Sent) -> None:
    duty = owed(made.case_id)
    duty.done_by_id = factories.actor(LINE).member_id
    db.session.commit()
    assert made.case_id in lost_facts.duties()


@pytest.mark.slow
def test_what_waits_with_an_hour_stands_above_all_else_on_the_page_of_the_line_but_a_call(
    sign_in: SignIn, made: people.Sent
) -> None:
    assert made
    main = sign_in(LINE).get("/?lang=en").partition("<main")[2]
    at = main.index("Provide an interpreter by telephone")
    assert main.index("A call is on the line") < at
    assert main.count("Provide an interpreter by telephone") == 1
    for later in ("directive to read", "New interview", "Announce a return", "Sent referrals"):
        assert at < main.index(later), later
