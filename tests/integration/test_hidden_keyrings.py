"""The second database knows the newest key of every organisation: who writes to the main one alone makes no other.

The attack is done with rows of the main database, an account that joins by the web, and honest people who go on
working. What then opens is computed from the files (`tests/thief.py`).
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import delete, insert, select, update

from nrm import audit, clock
from nrm.actions import accounts, members
from nrm.db import db, disconnect, transaction
from nrm.models.accounts import Invitation, Keyring, KeyringWrap, Member
from nrm.vault.members import new_invitation
from tests import factories
from tests import factories_referrals as people
from tests.conftest import Person, token_in
from tests.thief import MEMBERS, Files, Key, opened
from tests.world import World

Planted = tuple[Flask, World]
Rows = list[dict[str, object]]
INTRUDER = "nrc.intruder"


def rows_of(table: type[Keyring] | type[KeyringWrap], code: str = "NRC") -> Rows:
    rings = select(Keyring.id).where(Keyring.organisation_id == people.organisation(code))
    statement = select(table.__table__)
    if table is KeyringWrap:
        statement = statement.where(KeyringWrap.keyring_id.in_(rings))
    else:
        statement = statement.where(Keyring.id.in_(rings))
    return [dict(row._mapping) for row in db.session.execute(statement)]


def taken_away(code: str = "NRC") -> tuple[Rows, Rows]:
    """The keyrings and wraps of an organisation, which are gone from the main database now."""
    db.session.rollback()
    rings, wraps = rows_of(Keyring, code), rows_of(KeyringWrap, code)
    with transaction() as session:
        session.execute(delete(KeyringWrap).where(KeyringWrap.keyring_id.in_([row["id"] for row in rings])))
        session.execute(delete(Keyring).where(Keyring.organisation_id == people.organisation(code)))
    return rings, wraps


def put_back(rings: Rows, wraps: Rows) -> None:
    with transaction() as session:
        session.execute(insert(Keyring), rings)
        session.execute(insert(KeyringWrap), wraps)


def planted_link(code: str = "NRC") -> str:
    """A member and an invitation by hand."""
    token, digest = new_invitation()
    new = uuid.uuid4()
    with transaction() as session:
        session.execute(
            insert(Member).values(
                id=new,
                organisation_id=people.organisation(code),
                login=INTRUDER,
                name="Test case_worker",
                role="case_worker",
                status="invited",
                created_at=clock.now(),
            )
        )
        session.execute(
            insert(Invitation).values(
                id=uuid.uuid4(), member_id=new, digest=digest, expires_at=clock.now() + timedelta(hours=20)
            )
        )
    return token


def joins(app: Flask, token: str) -> tuple[int, str]:
    """The intruder opens the link and chooses a password: status and page."""
    client = app.test_client()
    page = client.get(f"/invitations/{token}?lang=en")
    if page.status_code != 200:
        return page.status_code, page.text
    fields = {"password": factories.PASSWORD, "again": factories.PASSWORD, "csrf_token": token_in(page.text)}
    answer = client.post(f"/invitations/{token}?lang=en", data=fields)
    return answer.status_code, answer.text


def opens(app: Flask, *codes: str) -> set[Key]:
    disconnect()
    here = Path(app.extensions["nrm.config"].directory)
    return set(opened(Files(here, here), *codes))


def opens_as_intruder(app: Flask) -> set[Key]:
    """What the intruder's own password opens with every file of the server."""
    disconnect()
    here = Path(app.extensions["nrm.config"].directory)
    files = Files(here, here)
    files.tables[MEMBERS] = [row for row in files.table(*MEMBERS) if row[1] == INTRUDER]
    return set(opened(files, "NRC"))


def honest(world: World, sign_in: Callable[[str], Person]) -> None:
    """What the manager finds on the home page, and presses until nothing is left of it."""
    manager = sign_in("nrc.shelter_manager")
    for _ in range(3):
        manager.client.post("/members/keys", data={"csrf_token": manager.csrf_token})


def test_who_hides_a_keyring_joins_as_the_first_and_puts_it_back_opens_nothing(
    world_app: Planted, caplog: pytest.LogCaptureFixture
) -> None:
    app, world = world_app
    before = opens(app, "NRC")
    assert before
    rings, wraps = taken_away()
    token = planted_link()
    status, page = joins(app, token)
    joined = status == 200
    if joined:  # the server made a first keyring, marked by itself; the intruder makes a second, and goes on
        members.check_code_of_invitation(token=token, code=_code_in(page))
        intruder = factories.actor(INTRUDER)
        members.renew_keyring(by=intruder)
        made, held = rows_of(Keyring), rows_of(KeyringWrap)
        with transaction() as session:
            session.execute(delete(KeyringWrap).where(KeyringWrap.keyring_id.in_([row["id"] for row in made])))
            session.execute(delete(Keyring).where(Keyring.id.in_([row["id"] for row in made])))
        later = [row for row in made if row["version"] == 2]
        put_back(rings + later, wraps + [row for row in held if row["keyring_id"] == later[0]["id"]])
        # The intruder's key is the newest: the genuine staff are confirmed to it, so that they find a key to go on to.
        with transaction() as session:
            session.execute(
                update(Member)
                .where(Member.login.in_(["nrc.case_worker", "nrc.shelter_manager"]))
                .values(status="waiting")
            )
        for login in ("nrc.case_worker", "nrc.shelter_manager"):
            found = db.session.scalar(select(Member.id).where(Member.login == login))
            assert found is not None
            accounts.confirm(member_id=found, by=factories.actor(INTRUDER))
    else:
        put_back(rings, wraps)
    honest(world, lambda login: Person(app.test_client(), login))
    assert list(audit.verify(db.session())) == []
    assert not opens_as_intruder(app)
    # Refused in words, and told: to the log, to the audit chain, and every minute until somebody looks.
    assert status == 409
    assert "The key of this organisation is not where it should be" in page
    assert "keyring" in caplog.text
    assert str(people.organisation("NRC")) in caplog.text
    assert opens(app, "NRC") == before


def _code_in(page: str) -> str:
    found = re.search(r"[A-Z2-7]{4}(?:-[A-Z2-7]{4}){7}", page)
    assert found
    return found[0]
