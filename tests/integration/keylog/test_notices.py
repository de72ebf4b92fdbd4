"""What home pages say of the key log, to whom."""

from __future__ import annotations

from collections.abc import Callable

from flask import Flask
from sqlalchemy import delete, func, select

from nrm.actions.accounts import key_log
from nrm.db import db, transaction
from nrm.models.accounts.accounts import Member
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
    assert "1 proposal in the key log waits for you" in sign_in(logins[1]).get("/?lang=en")
    assert key_log.agree(proposal=digest, typed=said, by=second)
    assert "rests on one organisation alone" in nrc.get("/?lang=en")
    assert db.session.scalar(select(func.count()).select_from(Member))
