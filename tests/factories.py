"""A populated instance for tests: every organisation with its people, cheap passwords, synthetic."""

from __future__ import annotations

import contextvars
import dataclasses
import os
import shutil
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from flask import Flask, current_app
from flask.testing import FlaskClient
from sqlalchemy import delete, insert, select, update

from config import Config, load_config
from nrm import clock, create_app, schema
from nrm.actions import instances
from nrm.actions.accounts import accounts, joining, members, second_factor
from nrm.actions.accounts import key_log as key_log_actions
from nrm.actions.accounts import words as words_actions
from nrm.actions.interviews import holds
from nrm.cli.instance import make_instance
from nrm.db import db, disconnect, transaction
from nrm.demo import staff
from nrm.domain.accounts.accounts import Actor, KeyHolder, OrganisationKind, Role
from nrm.domain.accounts.key_log_entries import Agreed, EntryKind, Founding, Genesis, Person, Proposed
from nrm.domain.roles import MechanismRole
from nrm.models.accounts.accounts import Invitation, KeyEvent, KeyringWrap, Member, MemberSession, Organisation
from nrm.models.accounts.key_log import KeyLogEntry
from nrm.models.accounts.occasions import Occasion
from nrm.store.accounts import accounts as store
from nrm.store.countries import country
from nrm.vault import keyrings
from nrm.vault.keylog import log as key_log
from nrm.vault.keylog import people
from nrm.vault.keylog import words as words_vault
from nrm.vault.members import new_invitation
from tests import keylogs

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
        keep_state()
        disconnect()


def keep_state() -> None:
    """Store the verified end of the key log: no copy of the instance verifies the same signatures again."""
    key_log_actions.state()
    key_log.store()


def populate() -> None:
    """One member per organisation and role of the instance, all for longer than a fortnight; needs an application
    context."""
    with at(clock.now() - timedelta(days=20)):
        administrator = joining.invite_first(login="administrator", name="Administrator")
        join(administrator)
        admin = actor("administrator")
        hands: dict[str, Actor] = {"administrator": admin}
        for organisation in store.organisations(by=admin):
            if _roles(organisation):  # else it is who runs the machine: the administrator alone
                _first_people(organisation, admin, hands)
        founded_country(hands)
        for organisation in _with_people():
            for role in _roles(organisation)[2:]:
                first, other = (hands[login_of(organisation.code, each)] for each in _two(organisation))
                inviting = first if OrganisationKind(organisation.kind).holds_keys else admin
                let_in(_member(organisation, role, inviting), by=first, second=other)


def _roles(organisation: Organisation) -> list[Role]:
    known = country().roles_of(organisation.code, OrganisationKind(organisation.kind))
    return [role for role in sorted(known) if role != Role.ADMINISTRATOR]


def _two(organisation: Organisation) -> tuple[Role, Role]:
    """The roles of the two founders."""
    roles = _roles(organisation)
    return roles[0], roles[1] if roles[1:] else roles[0]


def _first_people(organisation: Organisation, admin: Actor, hands: dict[str, Actor]) -> None:
    """The founders, who type each other's words; in an office without keys the first lets the second in.

    Where there is one role, one of the founders is forgotten afterwards: those organisations have one key holder.
    """
    one_role, other_role = _two(organisation)
    single, holds_keys = one_role is other_role, OrganisationKind(organisation.kind).holds_keys
    first = hands[login_of(organisation.code, one_role)] = _member(organisation, one_role, admin)
    if single and not holds_keys:
        return
    other = _member(organisation, other_role, admin, ".founder" if single else "")
    if holds_keys:
        let_in(first, by=other)
    let_in(other, by=first)
    if single:
        _forget(other)
    else:
        hands[login_of(organisation.code, other_role)] = other


def found(organisation: Organisation, roles: tuple[Role, Role], admin: Actor) -> None:
    """Two founders of an organisation that comes later type each other's words; then all four agree in the key log."""
    first, other = (_member(organisation, role, admin) for role in roles)
    let_in(first, by=other)
    let_in(other, by=first)
    [proposal] = key_log_actions.waiting(by=other)
    attestors = [actor(login) for login in ("ra.duty_officer", "nrc.case_worker")]
    said = sheets(first, other)
    agreed = [key_log_actions.agree(proposal=proposal.digest, typed=said, by=each) for each in (other, *attestors)]
    assert agreed == [False, False, True]


def sheets(*founders: Actor) -> dict[uuid.UUID, Sequence[str]]:
    """What stands on the accession sheets of these founders."""
    said = {}
    for each in founders:
        shown = words_actions.shown(by=each)
        assert shown is not None
        assert each.member_id is not None
        said[each.member_id] = shown.words
    return said


@contextmanager
def at(moment: datetime) -> Iterator[None]:
    """Stop the clock at a moment; afterwards it shows what it showed before."""
    read = clock._read
    clock.set_clock(lambda: moment)
    try:
        yield
    finally:
        clock.set_clock(read)


def forget_key_log(app: Flask) -> None:
    """As a machine that never saw the log: what the process and the file beside the databases know of it is gone."""
    app.extensions.pop("nrm.keylog", None)
    for name in ("keylog.log", "keylog.state"):
        (app.extensions["nrm.config"].directory / name).unlink(missing_ok=True)


def without_key_log(app: Flask) -> None:
    """An instance whose people have keys, and no log yet."""
    disconnect()
    with transaction() as session:
        session.execute(delete(KeyLogEntry))
    with db.engines["shred"].begin() as connection:
        connection.exec_driver_sql("DELETE FROM keylog_heads")
    forget_key_log(app)


def upgraded() -> None:
    """`nrm upgrade` on an instance that was taken down: its key log is gone, what was there before is listed."""
    schema.upgrade()
    forget_key_log(current_app._get_current_object())  # type: ignore[attr-defined]
    instances.keep_what_was_before()
    db.session.remove()


def founded_country(hands: dict[str, Actor] | None = None) -> None:
    """The key log of a populated instance: genesis of the authority and the state's shelter, then the founders of the
    others and of the offices; each entry is signed with its person's own key, in one transaction. Genesis is twenty
    days older.

    An organisation with one account gets a second founder without a row: nobody who works, only a hand at the founding.
    `hands`: who is signed in already, by their login.
    """
    hands = {} if hands is None else hands
    standing = {organisation.id: _founders(organisation, hands) for organisation in _with_people()}
    by_code = {organisation.code: organisation.id for organisation in _with_people()}
    beginning = [by_code[code] for code in _who_begin()]
    first, second = (standing[each] for each in beginning)
    now = clock.now()
    with transaction() as session:
        with at(now - timedelta(days=20)):
            begins = [_founding_of(session, people) for people in (first, second)]
            _all_sign(session, EntryKind.GENESIS, Genesis(tuple(begins)), [*first, *second])
        for organisation_id, people in standing.items():
            if organisation_id not in beginning:
                all_four = [*people, first[0], second[0]]
                _all_sign(session, EntryKind.FOUNDED, _founding_of(session, people), all_four)


def _who_begin() -> tuple[str, str]:
    """The codes of the authority and of the state's shelter."""
    organisations = country().organisations.values()
    shelter = next(each.code for each in organisations if each.kind is OrganisationKind.STATE_SHELTER)
    return country().roles[MechanismRole.AUTHORITY], shelter


def _with_people() -> list[Organisation]:
    """Every organisation of which somebody is active: those that hold keys, offices, and who runs the machine."""
    there = select(Member.organisation_id).where(Member.status == "active")
    return list(db.session.scalars(select(Organisation).where(Organisation.id.in_(there)).order_by(Organisation.code)))


@dataclasses.dataclass(frozen=True)
class Founder:
    """Somebody who signs: as the log has them, and the private half."""

    person: Person
    private: bytes


def _founders(organisation: Organisation, hands: dict[str, Actor]) -> list[Founder]:
    active = (Member.organisation_id == organisation.id, Member.status == "active")
    members = db.session.scalars(select(Member).where(*active).order_by(Member.created_at, Member.login)).all()
    found = []
    for member in members[:2]:
        if member.login not in hands:
            hands[member.login] = actor(member.login)
        keys = hands[member.login].keys
        assert keys is not None
        db.session.refresh(member)
        found.append(Founder(people.person_of(member), keys.sign_private))
    if len(found) == 1 and OrganisationKind(organisation.kind).holds_keys:
        made = keylogs.holder(key_log.instance_id(), organisation.id, found[0].person.role)
        found.append(Founder(made.person, made.signing))
    return found


def _founding_of(session: Any, founders: list[Founder]) -> Founding:
    organisation = session.get_one(Organisation, founders[0].person.organisation_id)
    holds_keys = OrganisationKind(organisation.kind).holds_keys
    public = keyrings.newest(session, organisation).public if holds_keys else b""
    return people.founding_of(organisation, bytes(public), [each.person for each in founders])


def _all_sign(session: Any, kind: EntryKind, body: Any, hands: list[Founder]) -> None:
    """Proposed by the first and agreed to by the others."""
    for place, hand in enumerate(hands):
        whose = {"signer_id": hand.person.member_id, "private": hand.private}
        if not place:
            digest = key_log.append_as(session, EntryKind.PROPOSED, Proposed(kind, body), **whose).digest
        else:
            key_log.append_as(session, EntryKind.AGREED, Agreed(digest), **whose)


def _member(organisation: Organisation, role: Role, inviting: Actor, more: str = "") -> Actor:
    login = login_of(organisation.code, role) + more
    token = joining.invite(organisation_id=organisation.id, login=login, name=f"Test {role}", role=role, by=inviting)
    join(token)
    return actor(login)


def let_in(reader: Actor, *, by: Actor, second: Actor | None = None) -> None:
    """One reads the words of the own page, the other types them; `second`, too, if the role may do more."""
    staff.read_to(reader, by, *([second] if second is not None else []))


def confirm(login: str, *, by: Actor, second: Actor | None = None) -> None:
    """Somebody who has joined signs in and reads their words to a colleague, who types them."""
    let_in(actor(login), by=by, second=second)


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


SECRETS: dict[str, str] = {}


def code_of(login: str) -> str:
    """The code of a person's telephone now; empty where none was set up."""
    return second_factor.code_now(SECRETS[login]) if login in SECRETS and second_factor.demanded() else ""


def later(by: timedelta = timedelta(0), **duration: float) -> None:
    """Stop the clock that much later than it shows, or now; the `app` fixtures start it again.

    A test of the last second before a deadline stops it before the deadline is set: a second is short on a busy day.
    """
    moment = clock.now() + by + timedelta(**duration)
    clock.set_clock(lambda: moment)


def on_day(day: date) -> None:
    """Stop the clock on that day of the country, at the hour it shows there now.

    So many times 24 hours end on another day, where the clocks are changed in between and it is nearly midnight.
    """
    moment = datetime.combine(day, clock.now().astimezone(country().timezone).timetz())
    clock.set_clock(lambda: moment.astimezone(UTC))


def end_holds() -> int:
    """As the hours after which what was ended is destroyed and counted; the clock stays there. How many there were."""
    db.session.rollback()
    later(hours=13)
    return finish_holds()


def finish_holds() -> int:
    """Destroy and count what was ended and is due; how many there were."""
    return holds.finish_due(by=Actor.system("tend"))


def join(token: str) -> joining.Joined:
    """Accept an invitation and re-type the recovery code, as everybody is asked to."""
    joined = joining.join(token=token, password=PASSWORD)
    members.check_code_of_invitation(token=token, code=joined.recovery_code)
    return joined


def actor(login: str) -> Actor:
    """A signed-in actor with a session of their own; the first time, with a telephone where one is asked for."""
    cookie = accounts.sign_in(login=login, password=PASSWORD, code=code_of(login))
    found = accounts.resume(cookie)
    assert isinstance(found, accounts.SignedIn)
    if found.enrolling:
        SECRETS[login] = second_factor.propose(by=found.actor).secret
        assert found.enrolling_as is not None
        second_factor.set_up(code=code_of(login), by=found.enrolling_as)
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


def invited_by_hand(login: str, code: str, *, marked: bool = False, role: str = "case_worker") -> str:
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
                name=f"Test {role}",
                role=role,
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
            row.mark = words_vault.invitation_mark(row, session.get_one(Member, member_id))
    return token
