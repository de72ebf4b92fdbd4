"""Who writes to the main database alone becomes nobody else, and brings nobody to seal to a key of their own.

Each attack writes rows as somebody may who controls the database server, and then lets honest people go on.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import delete, func, insert, select, update

from nrm import clock
from nrm.actions import tending
from nrm.actions.accounts import accounts, beginning_anew, joining, sealing_again, words
from nrm.actions.accounts import key_log as actions
from nrm.actions.shelter import cases
from nrm.db import db, disconnect, transaction
from nrm.domain.accounts.accounts import Role, UnusableInvitation
from nrm.domain.accounts.key_log_entries import EntryKind, EntryRefused, NewName, hour_of
from nrm.domain.accounts.words import TypedBefore, WrongWords
from nrm.domain.shelter.cases import Compartment
from nrm.models.accounts.accounts import Keyring, KeyringWrap, Member, MemberSession, Organisation
from nrm.models.accounts.key_log import KeyLogEntry
from nrm.models.audit import AuditEntry
from nrm.store.accounts import members as keys_store
from nrm.store.rows.accounts import accounts as account_rows
from nrm.vault import grants
from nrm.vault.keylog import belief, entries, log, people
from tests import factories
from tests import factories_referrals as on_their_way
from tests import second_hands as hands
from tests.conftest import Person
from tests.thief import MEMBERS, Files, opened
from tests.world import World

World_ = tuple[Flask, World]


def rows_of(member: str) -> dict[str, object]:
    row = db.session.execute(select(Member.__table__).where(Member.login == member)).one()
    db.session.rollback()
    return dict(row._mapping)


def with_second_database(app: Flask, codes: tuple[str, ...], login: str) -> set[object]:
    """What the password of one account opens with every file of the server."""
    disconnect()
    here = Path(app.extensions["nrm.config"].directory)
    files = Files(here, here)
    files.tables[MEMBERS] = [row for row in files.table(*MEMBERS) if row[1] == login]
    return set(opened(files, *codes))


def unfounded(kind: str = "prosecution") -> Organisation:
    """An organisation with nobody in it yet, written by hand or come with the country's file."""
    made = Organisation(
        id=uuid.uuid4(), code="NEW", kind=kind, party="NEW", crossing_point="", names={"sq": "E re", "en": "New"}
    )
    with transaction() as session:
        session.add(made)
    return made


def founded_by_intruders(role: Role) -> None:
    """Both founders are one, with links that are marked as if this program had made them."""
    logins = ("new.intruder", "new.accomplice")
    for login in logins:
        assert factories.join(factories.invited_by_hand(login, "NEW", marked=True, role=role)).waiting
    one, other = map(factories.actor, logins)
    factories.let_in(one, by=other)
    factories.let_in(other, by=one)


def test_the_first_member_of_an_organisation_that_nobody_founded_is_sealed_nothing(world_app: World_) -> None:
    """Attack 2 of an audit: rows for members and invitations; then the server itself makes a first key.

    The intruder is both founders, with links that are marked as if this program had made them.
    """
    app, world = world_app
    organisation = unfounded()
    with pytest.raises(UnusableInvitation):
        factories.join(factories.invited_by_hand("new.first", "NEW"))
    founded_by_intruders(Role.WITNESS_LIAISON)
    assert db.session.scalar(select(func.count()).where(Keyring.organisation_id == organisation.id)) == 1
    worker = factories.actor("nrc.case_worker")
    with pytest.raises(accounts.KeyringDisagrees):
        cases.share(
            case_id=world.case,
            organisation_id=organisation.id,
            compartments=[Compartment.LEGAL],
            agreed=True,
            by=worker,
        )
    db.session.rollback()
    assert not with_second_database(app, ("NEW",), "new.intruder")


def test_a_role_in_a_row_makes_nobody_anything_else(app: Flask, caplog: pytest.LogCaptureFixture) -> None:
    with transaction() as session:
        session.execute(update(Member).where(Member.login == "rinas.border_officer").values(role="duty_officer"))
        session.execute(update(Organisation).where(Organisation.code == "RINAS").values(crossing_point="durres"))
    by = factories.actor("rinas.border_officer")
    assert (by.role, by.crossing_point) == (Role.BORDER_OFFICER, "rinas")
    assert "member" in caplog.text


def test_who_left_does_not_come_back_with_their_old_rows(app: Flask) -> None:
    """All rows as they were: account, wraps, sessions. The key log says that they left."""
    login = "vatra.case_worker"
    before, me = rows_of(login), Person(app.test_client(), login)
    wraps = [
        dict(row._mapping)
        for row in db.session.execute(select(KeyringWrap.__table__).where(KeyringWrap.member_id == before["id"]))
    ]
    sessions = [
        dict(row._mapping)
        for row in db.session.execute(select(MemberSession.__table__).where(MemberSession.member_id == before["id"]))
    ]
    hands.ended(before["id"], factories.actor("vatra.shelter_manager"))
    with transaction() as session:
        session.execute(
            update(Member).where(Member.id == before["id"]).values(**{k: v for k, v in before.items() if k != "id"})
        )
        session.execute(insert(KeyringWrap), wraps)
        session.execute(delete(MemberSession).where(MemberSession.member_id == before["id"]))
        session.execute(insert(MemberSession), sessions)
    assert me.client.get("/").status_code == 303
    assert accounts.resume(accounts.sign_in(login=login, password=factories.PASSWORD)) is None
    # Nor are they wrapped the next version of the keyring.
    manager = factories.actor("vatra.shelter_manager")
    with transaction() as session:
        session.execute(update(Organisation).where(Organisation.code == "VATRA").values(keyring_due_at=clock.now()))
    version = sealing_again.renew_keyring(by=manager)
    newest = select(Keyring.id).where(Keyring.organisation_id == manager.organisation_id, Keyring.version == version)
    held = db.session.scalars(select(KeyringWrap.member_id).where(KeyringWrap.keyring_id.in_(newest))).all()
    assert held == [manager.member_id]


def test_a_member_put_into_a_founded_organisation_waits_whatever_the_rows_say(app: Flask) -> None:
    factories.join(factories.invited_by_hand("vatra.intruder", "VATRA", marked=True))
    with transaction() as session:
        session.execute(update(Member).where(Member.login == "vatra.intruder").values(status="active"))
    found = accounts.resume(accounts.sign_in(login="vatra.intruder", password=factories.PASSWORD))
    assert isinstance(found, accounts.SignedIn)
    assert found.waiting
    with pytest.raises(accounts.CannotOpen):
        sealing_again.renew_keyring(by=found.actor)


@pytest.mark.parametrize("lost", [1, 5])
def test_a_log_that_lost_its_end_seals_to_nobody_and_lets_people_work(app: Flask, lost: int) -> None:
    """The last entries are deleted, as if they had never been; a process that starts anew sees it, too."""
    worker = factories.actor("vatra.case_worker")
    draft = on_their_way.interview(factories.actor("rinas.border_officer"))
    assert draft
    with transaction() as session:
        last = session.scalar(select(func.max(KeyLogEntry.number))) or 0
        session.execute(delete(KeyLogEntry).where(KeyLogEntry.number > last - lost))
    for fresh in (False, True):
        if fresh:
            factories.forget_key_log(app)
        with pytest.raises(log.LogWrong) as raised:
            log.state(db.session)
        assert raised.value.number == last - lost + 1
        with pytest.raises(accounts.KeyringDisagrees):
            grants.recipients(db.session(), [on_their_way.organisation("NRC")])
        db.session.rollback()
    # Who is signed in reads on, and an account can be ended.
    assert isinstance(
        accounts.resume(accounts.sign_in(login="nrc.case_worker", password=factories.PASSWORD)), accounts.SignedIn
    )
    hands.ended(rows_of("vatra.shelter_manager")["id"], worker, renews=False)
    assert keys_store.keys(by=worker).due_at is not None


def test_entries_that_others_wrote_are_never_believed(app: Flask) -> None:
    last = db.session.scalar(select(func.max(KeyLogEntry.number))) or 0
    genuine = db.session.execute(select(KeyLogEntry.__table__).where(KeyLogEntry.number == last)).one()
    db.session.rollback()
    with transaction() as session:
        session.execute(insert(KeyLogEntry).values({**genuine._mapping, "number": last + 1}))
    with pytest.raises(log.LogWrong) as raised:
        log.state(db.session)
    assert raised.value.number == last + 1
    with transaction() as session:
        session.execute(delete(KeyLogEntry).where(KeyLogEntry.number == last + 1))
    assert log.state(db.session).number == last


def test_an_entry_that_is_right_but_not_announced_is_not_believed(app: Flask) -> None:
    """Signed by somebody with their own key, and inserted by hand: the second database does not know it."""
    by = factories.actor("vatra.case_worker")
    assert by.keys
    assert by.member_id
    signed, after = entries.sign(
        log.state(db.session),
        log.instance_id(),
        EntryKind.RENAMED,
        NewName(by.member_id, bytes(32)),
        at=hour_of(clock.now()),
        signer_id=by.member_id,
        private=by.keys.sign_private,
    )
    with transaction() as session:
        session.execute(
            insert(KeyLogEntry).values(
                number=signed.number,
                kind=signed.kind,
                body=signed.body,
                signer_id=signed.signer_id,
                signature=signed.signature,
                digest=after.digest,
            )
        )
    with pytest.raises(log.LogWrong) as raised:
        log.state(db.session)
    assert (raised.value.fault, raised.value.number) == (log.LogFault.UNKNOWN, signed.number)


def test_a_session_that_saw_a_longer_log_seals_to_nobody_else(app: Flask, sign_in: Callable[[str], Person]) -> None:
    """Both databases and the files were put back; the browser's session still knows the end that it saw."""
    disconnect()
    here = Path(app.extensions["nrm.config"].directory)
    older = {name: (here / name).read_bytes() for name in ("main.db", "shred.db", "keylog.log")}
    waiting = factories.join(
        joining.invite(
            organisation_id=on_their_way.organisation("VATRA"),
            login="vatra.new",
            name="New",
            role=Role.CASE_WORKER,
            by=factories.actor("vatra.case_worker"),
        )
    )
    assert waiting.waiting
    factories.confirm("vatra.new", by=factories.actor("vatra.case_worker"))
    cookie = accounts.sign_in(login="nrc.case_worker", password=factories.PASSWORD)
    row = dict(
        db.session.execute(select(MemberSession.__table__).order_by(MemberSession.created_at.desc()).limit(1))
        .one()
        ._mapping
    )
    disconnect()
    for name, content in older.items():
        (here / name).write_bytes(content)
    for name in ("main.db-wal", "main.db-shm"):
        (here / name).unlink(missing_ok=True)
    factories.forget_key_log(app)
    with transaction() as session:
        session.execute(insert(MemberSession), [row])
    found = accounts.resume(cookie)
    assert isinstance(found, accounts.SignedIn)  # people read and write what they hold
    with pytest.raises(accounts.KeyringDisagrees):
        grants.recipients(db.session(), [on_their_way.organisation("VATRA")])


def test_for_sixty_days_after_an_upgrade_the_list_of_before_is_believed_and_nothing_is_added(app: Flask) -> None:
    factories.without_key_log(app)
    nrc = on_their_way.organisation("NRC")
    with transaction() as session:
        vatra = on_their_way.organisation("VATRA")
        session.execute(update(Keyring).where(Keyring.organisation_id == vatra).values(public=bytes(32)))
    with pytest.raises(accounts.KeyringDisagrees):
        grants.recipients(db.session(), [nrc])
    db.session.rollback()
    with transaction() as session:
        assert belief.freeze(session) == 20
    assert grants.recipients(db.session(), [nrc])[0].version == 1
    db.session.rollback()
    assert belief.days_left(db.session, nrc) == 60
    assert belief.days_left(db.session, vatra) is None  # its row was no genuine one
    later = unfounded()
    founded_by_intruders(Role.WITNESS_LIAISON)
    with transaction() as session:
        assert belief.freeze(session) == 0
    with pytest.raises(accounts.KeyringDisagrees):
        grants.recipients(db.session(), [later.id])
    db.session.rollback()
    # A row of the list that was changed is none.
    with db.engines["shred"].begin() as connection:
        connection.exec_driver_sql("UPDATE keylog_before SET frozen_at = '2099-01-01 00:00:00.000000'")
    with pytest.raises(accounts.KeyringDisagrees):
        grants.recipients(db.session(), [nrc])


def test_the_list_of_before_ends_after_sixty_days(app: Flask) -> None:
    factories.without_key_log(app)
    with transaction() as session:
        belief.freeze(session)
    nrc, now = on_their_way.organisation("NRC"), clock.now()
    clock.set_clock(lambda: now + timedelta(days=60, seconds=-5))
    assert grants.recipients(db.session(), [nrc])
    db.session.rollback()
    clock.set_clock(lambda: now + timedelta(days=60, seconds=5))
    with pytest.raises(accounts.KeyringDisagrees):
        grants.recipients(db.session(), [nrc])


def test_founding_a_new_organisation_by_its_people_and_two_who_attest(app: Flask) -> None:
    organisation = unfounded("ngo_shelter")
    admin = factories.actor("administrator")
    for login, role in (("new.one", Role.CASE_WORKER), ("new.two", Role.SHELTER_MANAGER)):
        factories.join(joining.invite(organisation_id=organisation.id, login=login, name=login, role=role, by=admin))
    one, two = factories.actor("new.one"), factories.actor("new.two")
    factories.let_in(two, by=one)
    assert not account_rows.has_keyring(organisation.id)
    factories.let_in(one, by=two)
    assert account_rows.has_keyring(organisation.id)
    [proposed] = actions.waiting(by=one)
    digest = proposed.digest
    assert not actions.agree(proposal=digest, by=one)
    with pytest.raises(accounts.KeyringDisagrees):
        grants.recipients(db.session(), [organisation.id])
    db.session.rollback()
    sheets = factories.sheets(one, two)
    with pytest.raises(WrongWords):  # nobody attests without the words of the accession sheets
        actions.agree(proposal=digest, by=factories.actor("ra.duty_officer"))
    swapped = dict(zip(sheets, reversed(list(sheets.values())), strict=True))
    with pytest.raises(WrongWords) as wrong:
        actions.agree(proposal=digest, typed=swapped, by=factories.actor("ra.duty_officer"))
    assert len(wrong.value.groups) == 8
    assert not actions.agree(proposal=digest, typed=sheets, by=factories.actor("ra.duty_officer"))
    # Too new in the log to attest.
    newcomer = joining.invite(
        organisation_id=on_their_way.organisation("VATRA"),
        login="vatra.new",
        name="New",
        role=Role.CASE_WORKER,
        by=factories.actor("vatra.case_worker"),
    )
    factories.join(newcomer)
    factories.confirm("vatra.new", by=factories.actor("vatra.case_worker"))
    with pytest.raises(EntryRefused):
        actions.agree(proposal=digest, typed=sheets, by=factories.actor("vatra.new"))
    assert actions.agree(proposal=digest, typed=sheets, by=factories.actor("nrc.shelter_manager"))
    assert grants.recipients(db.session(), [organisation.id])[0].organisation_id == organisation.id
    db.session.rollback()
    # From now on their own people let in, and a role with more rights needs both.
    third = joining.invite(
        organisation_id=organisation.id, login="new.three", name="Three", role=Role.SHELTER_MANAGER, by=one
    )
    assert factories.join(third).waiting
    three = db.session.scalar(select(Member).where(Member.login == "new.three"))
    assert three
    reader = factories.actor("new.three")
    shown = words.shown(by=reader)
    assert shown
    assert not words.type_words(member_id=three.id, typed=shown.words, by=one)
    with pytest.raises(TypedBefore):
        words.type_words(member_id=three.id, typed=shown.words, by=one)
    assert accounts.resume(accounts.sign_in(login="new.three", password=factories.PASSWORD)).waiting  # type: ignore[union-attr]
    assert words.type_words(member_id=three.id, typed=shown.words, by=two)
    assert people.person_of(three).member_id == three.id
    assert factories.actor("new.three").role is Role.SHELTER_MANAGER


def test_who_begins_anew_is_an_entry_with_a_higher_serial(app: Flask) -> None:
    manager = factories.actor("vatra.shelter_manager")
    mine = rows_of("vatra.case_worker")["id"]
    token = beginning_anew.begin_again(member_id=mine, by=manager)  # type: ignore[arg-type]
    factories.later(days=14)
    tending.tend()
    assert factories.join(token).waiting
    # It came by time alone, so the desk agrees first, and where only one is there, types a day later (ADR 0172).
    beginning_anew.agree_to_anew(member_id=mine, called_back=True, by=factories.actor(hands.DESK))  # type: ignore[arg-type]
    factories.later(hours=25)
    manager = factories.actor("vatra.shelter_manager")
    said = words.shown(by=factories.actor("vatra.case_worker"))
    assert said is not None
    desk = factories.actor(hands.DESK)  # nobody else works there than who asked: the desk hears the words, too
    for typist in (desk, manager):
        words.type_words(member_id=mine, typed=said.words, called_back=True, by=typist)  # type: ignore[arg-type]
    known = log.state(db.session).members[mine]  # type: ignore[index]
    assert (known.serial, known.vouched_by) == (2, frozenset({desk.member_id, manager.member_id}))
    assert factories.actor("vatra.case_worker").role is Role.CASE_WORKER


def test_a_browser_that_remembers_a_longer_log_says_so_at_the_first_sign_in(
    app: Flask, caplog: pytest.LogCaptureFixture
) -> None:
    """Who writes both databases and has no key file puts everything back; honest browsers still know the end."""
    login, here = "nrc.case_worker", Path(app.extensions["nrm.config"].directory)
    older = log.state(db.session)
    disconnect()
    before = {name: (here / name).read_bytes() for name in ("main.db", "shred.db", "keylog.log")}
    hands.ended(rows_of("vatra.case_worker")["id"], factories.actor("vatra.shelter_manager"))
    browser = accounts.remember_browser(login=login, browsers="")
    assert accounts.remember_browser(login=login, browsers=browser) == browser
    disconnect()
    for name, content in before.items():
        (here / name).write_bytes(content)
    for name in ("main.db-wal", "main.db-shm"):
        (here / name).unlink(missing_ok=True)
    factories.forget_key_log(app)
    assert log.state(db.session) == older  # for the machine all is well
    nrc, vatra = (on_their_way.organisation(code) for code in ("NRC", "VATRA"))
    for browsers, trusted in (("", True), (browser, False)):
        caplog.clear()
        with app.app_context():
            asker = accounts.Asker(browsers=browsers)
            found = accounts.resume(accounts.sign_in(login=login, password=factories.PASSWORD, asker=asker))
            assert isinstance(found, accounts.SignedIn)
            if trusted:
                assert grants.recipients(db.session(), [nrc, vatra], by=found.actor)
            else:
                with pytest.raises(accounts.KeyringDisagrees):
                    grants.recipients(db.session(), [nrc, vatra], by=found.actor)
                db.session.rollback()
                assert grants.recipients(db.session(), [nrc], by=found.actor)  # what they hold goes on
                assert "the key log is wrong" in caplog.text
            db.session.rollback()
    db.session.rollback()
    last = db.session.scalars(select(AuditEntry.event).order_by(AuditEntry.id.desc()).limit(1)).one()
    assert last == "key_log_contradicted"
    # The browser goes on to remember it: it is not talked out of it by signing in again.
    assert accounts.remember_browser(login=login, browsers=browser) == browser


def test_a_session_whose_end_of_the_log_was_taken_away_has_ended(app: Flask, caplog: pytest.LogCaptureFixture) -> None:
    """Without a memory a session would take any log. Only those from before the upgrade never had one."""

    def forgets(cookie: str) -> None:
        with transaction() as session:
            session.execute(update(MemberSession).values(sealed_head=None))

    cookie = accounts.sign_in(login="nrc.case_worker", password=factories.PASSWORD)
    assert isinstance(accounts.resume(cookie), accounts.SignedIn)
    forgets(cookie)
    assert accounts.resume(cookie) is None
    assert "end of the key log in a session" in caplog.text
    # As `nrm upgrade` finds it: no log, and sessions that began before there was one.
    factories.without_key_log(app)
    before = accounts.sign_in(login="nrc.case_worker", password=factories.PASSWORD)
    forgets(before)
    factories.later(minutes=1)
    with transaction() as session:
        assert belief.freeze(session)
    assert isinstance(accounts.resume(before), accounts.SignedIn)
    factories.later(minutes=2)
    after = accounts.sign_in(login="nrc.case_worker", password=factories.PASSWORD)
    forgets(after)
    assert accounts.resume(after) is None
