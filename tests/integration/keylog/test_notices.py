"""What home pages say of the key log, to whom."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import delete, func, select, update

from nrm import clock
from nrm.actions.accounts import joining, key_log, members, roles, suspensions
from nrm.db import db, transaction
from nrm.domain.accounts.accounts import Role
from nrm.domain.accounts.suspensions import SuspensionReason
from nrm.models.accounts.accounts import KeyEvent, Member
from nrm.models.accounts.key_log import KeyLogEntry
from nrm.vault.keylog import belief
from tests import factories
from tests.conftest import Person

SignIn = Callable[[str], Person]


def test_nothing_is_said_while_all_is_well(app: Flask, sign_in: SignIn) -> None:
    for login in ("nrc.case_worker", "ra.duty_officer", "molsa.reader", "administrator"):
        assert "key log" not in sign_in(login).get("/?lang=en")


def test_a_log_that_is_wrong_is_told_on_every_home_page(app: Flask, sign_in: SignIn) -> None:
    people = [sign_in(login) for login in ("nrc.case_worker", "rinas.border_officer", "molsa.reader")]
    with transaction() as session:
        last = session.scalar(select(func.max(KeyLogEntry.number)))
        session.execute(delete(KeyLogEntry).where(KeyLogEntry.number == last))
    for each in people:
        assert "The key log is wrong" in each.get("/?lang=en")


def test_an_organisation_from_before_reads_how_many_days_are_left_and_who_is_asked_to_agree_that_they_are(
    app: Flask, sign_in: SignIn
) -> None:
    factories.without_key_log(app)
    nrc = sign_in("nrc.case_worker")
    assert "it is asked nothing" in nrc.get("/?lang=en")
    with transaction() as session:
        assert belief.freeze(session)
    assert "it is still asked for 60 days" in nrc.get("/?lang=en")
    assert "vouched" not in sign_in("molsa.reader").get("/?lang=en")  # holds no key
    # The log begins with one organisation alone, and everybody reads it.
    logins = ("ra.duty_officer", "ra.identification_officer")
    first, second = (factories.actor(each) for each in logins)
    said = factories.sheets(first, second)
    digest = key_log.found(other=logins[1], further=(), typed=said, by=first)
    assert "Your hand is asked for" in sign_in(logins[1]).get("/?lang=en")
    assert key_log.agree(proposal=digest, typed=said, by=second)
    assert "rests on one organisation alone" in nrc.get("/?lang=en")
    assert db.session.scalar(select(func.count()).select_from(Member))


@pytest.mark.slow
def test_rows_of_what_happened_are_held_against_what_was_signed(app: Flask) -> None:
    """Who writes the database takes out who was let in and by whom, and writes in what nobody signed."""
    factories.later(hours=2)
    manager = factories.actor("vatra.shelter_manager")
    assert manager.organisation_id is not None
    token = joining.invite(
        organisation_id=manager.organisation_id, login="vatra.new", name="Nora", role=Role.CASE_WORKER, by=manager
    )
    factories.join(token)
    factories.let_in(factories.actor("vatra.new"), by=manager)
    me, worker = Person(app.test_client(), "vatra.case_worker"), factories.actor("vatra.case_worker")
    new = db.session.scalars(select(Member.id).where(Member.login == "vatra.new")).one()
    assert not roles.change(member_id=new, role=Role.SHELTER_MANAGER, by=worker)  # another hand than who let her in
    assert roles.change(member_id=new, role=Role.SHELTER_MANAGER, by=manager)
    until = suspensions.suspend(member_id=new, reason=SuspensionReason.ASKED, by=manager)
    suspensions.end(suspension_id=until, by=worker)
    members.disable(member_id=new, by=worker)  # who did not suspend her; and the next key of the organisation is made
    page = me.get("/members/keys?lang=en")
    for event in ("was let in", "has another role", "was suspended", "works again", "left: the account", "a new key"):
        assert event in page
    assert "was let in" in page and "the list does not tell it" not in page  # noqa: PT018
    assert "not in the key log" not in page
    entries = me.get("/key-log/own?lang=en")
    assert "Somebody joins" in entries and "Nora" in entries and "Test shelter_manager" in entries  # noqa: PT018
    # One row is taken out, and one is made up.
    with transaction() as session:
        session.execute(delete(KeyEvent).where(KeyEvent.event == "confirmed", KeyEvent.member_id == new))
        session.add(
            KeyEvent(
                organisation_id=manager.organisation_id,
                at=clock.now(),
                event="disabled",
                member_id=manager.member_id,
                by_id=worker.member_id,
            )
        )
    page = me.get("/members/keys?lang=en")
    told = page[page.index("the list does not tell it") :].partition("</ul>")[0]
    assert "Somebody joins, Nora; signed by Test shelter_manager" in told
    assert page.count("not in the key log") == 1
    assert "Nobody signed what is marked" in page
    # All of it is taken out: what was signed stays.
    with transaction() as session:
        session.execute(delete(KeyEvent))
    assert "Somebody joins, Nora; signed by Test shelter_manager" in me.get("/members/keys?lang=en")
    assert "Nora" in me.get("/key-log/own?lang=en")
    # Nobody of another organisation reads it there.
    other = Person(app.test_client(), "nrc.case_worker").get("/key-log/own?lang=en")
    assert "The key log begins" in other and "Nora" not in other  # noqa: PT018
    # An entry that is changed in the middle is named by the page, although the process has verified the log before.
    with transaction() as session:
        number = session.scalar(select(func.max(KeyLogEntry.number)).where(KeyLogEntry.kind == "joined"))
        session.execute(update(KeyLogEntry).where(KeyLogEntry.number == number).values(signer_id=worker.member_id))
    me.get("/key-log/own", 409)
    assert "could not be held against it" in me.get("/members/keys?lang=en")
