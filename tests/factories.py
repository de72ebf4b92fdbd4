"""A populated instance for tests: every organisation with its people, cheap passwords, synthetic."""

from __future__ import annotations

import contextvars
import dataclasses
import os
import shutil
import uuid
from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import delete, insert, select, update

from config import Config, load_config
from nrm import clock, create_app
from nrm.actions.accounts import accounts, members, second_factor
from nrm.actions.interviews import holds
from nrm.cli.instance import make_instance
from nrm.db import db, disconnect, transaction
from nrm.demo import staff
from nrm.domain.accounts.accounts import ROLES_OF, Actor, KeyHolder, OrganisationKind, Role
from nrm.models.accounts.accounts import (
    Invitation,
    KeyEvent,
    KeyringWrap,
    Member,
    MemberSession,
    Organisation,
)
from nrm.models.accounts.occasions import Occasion
from nrm.store.accounts import accounts as store
from nrm.vault import words as words_vault
from nrm.vault.members import new_invitation

PASSWORD = "nine lives of a border cat"
# Tests do not need a password to be expensive to guess.
CHEAP = {"argon2_kib": 64, "argon2_passes": 1}


def cheap_config(env: Mapping[str, str]) -> Config:
    """The configuration with Argon2id far below the floor that load_config keeps."""
    return dataclasses.replace(load_config(env), **CHEAP)


def login_of(organisation: str, role: Role) -> str:
    """`vatra.case_worker`, `rinas.border_officer` ..."""
    return f"{organisation.lower()}.{role}"


def build_instance(folder: Path) -> None:
    """An instance with one member per organisation and role, all active."""
    with make_instance(folder, "albania", language="sq", synthetic=True, synchronous="OFF").app_context():
        disconnect()
    with open_instance(folder).app_context():
        populate()
        disconnect()


def populate() -> None:
    """One member per organisation and role of the instance; needs an application context."""
    administrator = accounts.invite_first(login="administrator", name="Administrator")
    join(administrator)
    admin = actor("administrator")
    for organisation in store.organisations(by=admin):
        roles = [role for role in sorted(ROLES_OF[OrganisationKind(organisation.kind)]) if role != Role.ADMINISTRATOR]
        if OrganisationKind(organisation.kind).holds_keys:
            found(organisation, roles, admin)
            continue
        first: Actor | None = None
        for role in roles:
            new = _member(organisation, role, admin)
            if first is not None:
                let_in(new, by=first)
            first = first or new
    _long_ago()


def found(organisation: Organisation, roles: Sequence[Role], admin: Actor) -> None:
    """The administrator invites two founders, who type each other's words; a holder invites the others.

    Where there is one role, one of the founders is forgotten afterwards: those organisations have one key holder.
    """
    first = _member(organisation, roles[0], admin)
    other = _member(organisation, roles[1] if roles[1:] else roles[0], admin, "" if roles[1:] else ".founder")
    let_in(first, by=other)
    let_in(other, by=first)
    for role in roles[2:]:
        let_in(_member(organisation, role, first), by=first)
    if not roles[1:]:
        _forget(other)


def _member(organisation: Organisation, role: Role, inviting: Actor, more: str = "") -> Actor:
    login = login_of(organisation.code, role) + more
    token = accounts.invite(organisation_id=organisation.id, login=login, name=f"Test {role}", role=role, by=inviting)
    join(token)
    return actor(login)


def let_in(reader: Actor, *, by: Actor) -> None:
    """One reads the words of the own page, the other types them."""
    staff.read_to(by, reader)


def confirm(login: str, *, by: Actor) -> None:
    """Somebody who has joined signs in and reads their words to a colleague, who types them."""
    let_in(actor(login), by=by)


def _forget(member: Actor) -> None:
    """As if there had never been this member: rows of no other table name them."""
    with transaction() as session:
        for table, columns in _NAMING.items():
            for column in columns:
                session.execute(delete(table).where(getattr(table, column) == member.member_id))
        session.execute(update(KeyEvent).where(KeyEvent.by_id == member.member_id).values(by_id=None))
        for each in session.scalars(select(Occasion).where(Occasion.typed_by_id == member.member_id)).all():
            each.typed_by_id = None
            words_vault.mark(each)
        session.flush()
        session.execute(delete(Member).where(Member.id == member.member_id))


_NAMING: Mapping[Any, tuple[str, ...]] = {
    MemberSession: ("member_id",),
    Invitation: ("member_id",),
    KeyringWrap: ("member_id",),
    KeyEvent: ("member_id",),
    Occasion: ("member_id",),
}


def _long_ago() -> None:
    """All that happened with keys until now happened two years ago: everybody is a second hand, and nothing is told."""
    with transaction() as session:
        ago = timedelta(days=730)
        for event in session.scalars(select(KeyEvent)).all():
            event.at -= ago
        for occasion in session.scalars(select(Occasion)).all():
            occasion.began_at -= ago
            occasion.typed_at = occasion.typed_at and occasion.typed_at - ago
            words_vault.mark(occasion)


SECRETS: dict[str, str] = {}


def code_of(login: str) -> str:
    """The code of a person's telephone now; empty where none was set up."""
    return second_factor.code_now(SECRETS[login]) if login in SECRETS and second_factor.demanded() else ""


def later(by: timedelta = timedelta(0), **duration: float) -> None:
    """Stop the clock that much later than it shows, or now; the `app` fixtures start it again.

    A test of the last second before a deadline stops it before the deadline is set: a second is short on a busy day.
    """
    at = clock.now() + by + timedelta(**duration)
    clock.set_clock(lambda: at)


def end_holds() -> int:
    """As the hours after which what was ended is destroyed and counted; the clock stays there. How many there were."""
    db.session.rollback()
    later(hours=13)
    return holds.finish_due(by=Actor.system("tend"))


def join(token: str) -> accounts.Joined:
    """Accept an invitation and re-type the recovery code, as everybody is asked to."""
    joined = accounts.join(token=token, password=PASSWORD)
    members.check_code_of_invitation(token=token, code=joined.recovery_code)
    return joined


def actor(login: str) -> Actor:
    """A signed-in actor with a session of their own; the first time, with a telephone where one is asked for."""
    cookie = accounts.sign_in(login=login, password=PASSWORD, code=code_of(login))
    found = accounts.resume(cookie)
    assert isinstance(found, accounts.SignedIn)
    if found.enrolling:
        SECRETS[login] = second_factor.propose(by=found.actor).secret
        second_factor.set_up(code=code_of(login), by=found.actor)
        found = accounts.resume(cookie)
        assert isinstance(found, accounts.SignedIn)
    assert isinstance(found.actor.keys, KeyHolder)
    return found.actor


class OutsideClient(FlaskClient):
    """A browser that shares nothing with the application context a test holds open."""

    def open(self, *args: Any, **kwargs: Any) -> Any:
        return contextvars.Context().run(super().open, *args, **kwargs)


def copy_instance(template: Path, folder: Path) -> Flask:
    """An application on a copy of a populated instance."""
    shutil.copytree(template, folder)
    return open_instance(folder)


def open_instance(folder: Path) -> Flask:
    """An application on an instance, with the databases the environment names, if any."""
    app = create_app(cheap_config({**os.environ, "NRM_DIR": str(folder)}), synchronous="OFF")
    app.test_client_class = OutsideClient
    return app


def invited_by_hand(login: str, code: str, *, marked: bool = False) -> str:
    """A member and an invitation written into the main database alone, as by its case worker; the token of the link.

    `marked`: with the mark that only the program can make; then the link works, and nobody but a colleague lets in.
    """
    token, digest = new_invitation()
    member_id, moment = uuid.uuid4(), clock.now()
    organisation_id = select(Organisation.id).where(Organisation.code == code).scalar_subquery()
    colleague = select(Member.id).where(Member.login == f"{code.lower()}.case_worker").scalar_subquery()
    with transaction() as session:
        session.execute(
            insert(Member).values(
                id=member_id,
                organisation_id=organisation_id,
                login=login,
                name="Test case_worker",
                role="case_worker",
                status="invited",
                created_at=moment,
            )
        )
        session.execute(
            insert(Invitation).values(
                id=uuid.uuid4(),
                member_id=member_id,
                digest=digest,
                expires_at=moment + timedelta(hours=20),
                by_id=colleague,
            )
        )
    if marked:
        with transaction() as session:
            row = session.scalars(select(Invitation).where(Invitation.digest == digest)).one()
            row.mark = words_vault.invitation_mark(row, login)
    return token
