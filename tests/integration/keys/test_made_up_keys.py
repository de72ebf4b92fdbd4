"""Keys, sessions and counts that somebody makes up, who writes into the main database alone: none of them is believed.

They know the published rules, hold an account that waits or none at all, and no key file. Each attack is done with raw
rows, and honest people go on working.
"""

from __future__ import annotations

import base64
import os
import uuid
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import insert, select, update

from nrm import clock, crypto
from nrm.actions.accounts import accounts, joining, members, screen_lock, sealing_again, second_factor
from nrm.db import db, disconnect, transaction
from nrm.domain.accounts.accounts import Actor, KeyHolder, Role, SignInRefused
from nrm.models.accounts.accounts import Keyring, KeyringWrap, Member, MemberSession
from nrm.models.shelter.cases import Grant, SealedCompartment
from nrm.steps.accounts import credentials
from nrm.vault import compartments, grants, shredding, signing
from nrm.vault.members import read_cookie
from nrm.vault.members import unlock_by_code as by_code
from tests import factories
from tests import factories_referrals as people
from tests import second_hands as hands
from tests.conftest import Person
from tests.integration.keys.test_hidden_keyrings import (
    INTRUDER,
    honest,
    joins,
    known,
    opens,
    opens_as_intruder,
    planted_link,
    rows_of,
    waiting_at_nrc,
)
from tests.world import World

Planted = tuple[Flask, World]


def member(login: str) -> Member:
    db.session.rollback()
    return db.session.scalars(
        select(Member).where(Member.login == login).execution_options(populate_existing=True)
    ).one()


def ring(code: str = "NRC", version: int = 1) -> Keyring:
    where = (Keyring.organisation_id == people.organisation(code), Keyring.version == version)
    return db.session.scalars(select(Keyring).where(*where)).one()


def voucher(of: Member, private: bytes) -> bytes:
    """The published rule, under whatever half."""
    assert of.kem_public
    return crypto.mac(crypto.expand(private, crypto.ctx("voucher")), crypto.ctx("member", of.id, of.kem_public))


def wrapped_by_hand(login: str, private: bytes, version: int = 1) -> dict[str, object]:
    """The columns of a wrap of any 32 bytes to the member's own public key."""
    whom, keyring = member(login), ring(version=version)
    assert whom.kem_public
    info = crypto.ctx("keyring", keyring.organisation_id, version, whom.id)
    return {"sealed_private": crypto.wrap(whom.kem_public, private, info), "voucher": voucher(whom, private)}


def made_up_half() -> tuple[uuid.UUID, bytes]:
    """A member who joined and waits is active by hand and holds a made-up half; all are vouched for by it."""
    new, private = member(INTRUDER).id, os.urandom(32)
    wrap, keyring = wrapped_by_hand(INTRUDER, private), ring()
    under, context = crypto.ctx("import key"), crypto.ctx("import key", keyring.organisation_id, 1)
    vouched = {login: voucher(member(login), private) for login in ("nrc.case_worker", "nrc.shelter_manager")}
    whose, ring_id = {login: member(login).id for login in vouched}, keyring.id
    with transaction() as session:
        session.execute(update(Member).where(Member.id == new).values(status="active", code_checked_at=clock.now()))
        session.execute(insert(KeyringWrap).values(id=uuid.uuid4(), keyring_id=ring_id, member_id=new, **wrap))
        sealed = crypto.seal(crypto.expand(private, under), os.urandom(32), context)
        session.execute(update(Keyring).where(Keyring.id == ring_id).values(sealed_import_key=sealed))
        for login, made in vouched.items():
            session.execute(
                update(KeyringWrap)
                .where(KeyringWrap.keyring_id == ring_id, KeyringWrap.member_id == whose[login])
                .values(voucher=made)
            )
    return new, private


@pytest.mark.slow
def test_nobody_makes_a_keyring_with_a_made_up_half_of_the_one_before(
    world_app: Planted, caplog: pytest.LogCaptureFixture
) -> None:
    app, world = world_app
    before = opens(app, "NRC")
    assert joins(app, planted_link())[0] == 303
    rings, wraps = rows_of(Keyring), rows_of(KeyringWrap)
    new, _ = made_up_half()
    intruder = Person(app.test_client(), INTRUDER)
    caplog.clear()
    answer = intruder.client.post("/members/keys", data={"csrf_token": intruder.csrf_token})
    db.session.rollback()
    assert [row["version"] for row in rows_of(Keyring)] == [1]
    assert known() == [(1, True)]
    assert answer.status_code == 403  # whatever the row says: nobody let them in, so they wait
    # The rows are tidied up, so that honest people find nothing, and go on.
    with transaction() as session:
        session.execute(update(KeyringWrap).where(KeyringWrap.member_id == new).values(voucher=None))
        for row in wraps:
            session.execute(update(KeyringWrap).where(KeyringWrap.id == row["id"]).values(voucher=row["voucher"]))
        session.execute(update(Keyring).values(sealed_import_key=Keyring.sealed_import_key))
        session.execute(
            update(Keyring).where(Keyring.id == rings[0]["id"]).values(sealed_import_key=rings[0]["sealed_import_key"])
        )
    honest(world, lambda login: Person(app.test_client(), login))
    assert not opens_as_intruder(app)
    assert opens(app, "NRC") == before


@pytest.mark.parametrize("where", ["in a wrap", "in the session"])
def test_a_made_up_half_renews_and_shares_nothing_and_stands_in_nobodys_way(app: Flask, where: str) -> None:
    """Otherwise the second database knew a version that nobody holds, and the organisation were locked for good."""
    waiting_at_nrc()
    new, private = made_up_half()
    by = factories.actor(INTRUDER)
    if where == "in the session":
        assert by.keys
        by.keys.keyrings[1] = private
    factories_waiting()
    for act in (
        lambda: sealing_again.renew_keyring(by=by),
        lambda: factories.confirm("nrc.later", by=by),
    ):
        with pytest.raises(accounts.CannotOpen):
            act()
    assert known() == [(1, True)]
    assert [row["version"] for row in rows_of(Keyring)] == [1]
    assert member("nrc.later").status == "waiting"
    assert new


def factories_waiting() -> uuid.UUID:
    """One more who joined and waits."""
    by = factories.actor("nrc.shelter_manager")
    nrc = people.organisation("NRC")
    token = joining.invite(organisation_id=nrc, login="nrc.later", name="Later", role=Role.CASE_WORKER, by=by)
    factories.join(token)
    return member("nrc.later").id


def test_a_forged_renewal_leaves_the_genuine_one_possible(app: Flask) -> None:
    """An import key that is taken away, and a session with a made-up half: then the rows of before are put back."""
    rings = rows_of(Keyring)
    with transaction() as session:
        session.execute(update(Keyring).where(Keyring.id == rings[0]["id"]).values(sealed_import_key=None))
    manager = factories.actor("nrc.shelter_manager")
    assert manager.keys
    held = dict(manager.keys.keyrings)
    manager.keys.keyrings[1] = os.urandom(32)
    with pytest.raises(accounts.CannotOpen):
        sealing_again.renew_keyring(by=manager)
    assert known() == [(1, True)]
    with transaction() as session:
        session.execute(
            update(Keyring).where(Keyring.id == rings[0]["id"]).values(sealed_import_key=rings[0]["sealed_import_key"])
        )
    manager.keys.keyrings.update(held)
    assert sealing_again.renew_keyring(by=manager) == 2
    assert sealing_again.move_grants(by=manager).done


def test_who_acts_needs_a_voucher_like_everybody(app: Flask) -> None:
    worker = factories.actor("nrc.case_worker")
    with transaction() as session:
        session.execute(
            update(KeyringWrap).where(KeyringWrap.member_id == worker.member_id).values(voucher=os.urandom(32))
        )
    with pytest.raises(accounts.CannotOpen):
        sealing_again.renew_keyring(by=worker)
    assert known() == [(1, True)]
    assert sealing_again.renew_keyring(by=factories.actor("nrc.shelter_manager")) == 2
    # The key log has them: the next version is theirs, too.
    assert member("nrc.case_worker").status == "active"
    assert factories.actor("nrc.case_worker").keys.keyrings.keys() == {1, 2}  # type: ignore[union-attr]


def test_who_holds_a_made_up_half_of_an_older_version_drops_nobodys_wraps(world_app: Planted) -> None:
    app, _ = world_app
    before = opens(app, "NRC")
    manager = factories.actor("nrc.shelter_manager")
    sealing_again.renew_keyring(by=manager)
    wrap, worker = wrapped_by_hand("nrc.case_worker", os.urandom(32)), member("nrc.case_worker").id
    first = ring().id
    with transaction() as session:
        session.execute(
            update(KeyringWrap)
            .where(KeyringWrap.member_id == worker, KeyringWrap.keyring_id == first)
            .values(sealed_private=wrap["sealed_private"])
        )
    with pytest.raises(accounts.CannotOpen):
        sealing_again.move_grants(by=factories.actor("nrc.case_worker"))
    db.session.rollback()
    wraps = select(KeyringWrap.member_id).where(KeyringWrap.keyring_id == first)
    assert manager.member_id in set(db.session.scalars(wraps))
    done = sealing_again.move_grants(by=factories.actor("nrc.shelter_manager"))
    assert (done.done, done.unopenable) == (True, 0)
    assert opens(app, "NRC") == before


def test_a_wrap_under_a_public_key_that_was_put_there_is_not_used(app: Flask) -> None:
    """The public half is changed with it: then it bears no right mark."""
    private, public = crypto.key_pair()
    wrap, worker, first = wrapped_by_hand("nrc.case_worker", private), member("nrc.case_worker").id, ring().id
    with transaction() as session:
        session.execute(update(Keyring).where(Keyring.id == first).values(public=public))
        session.execute(update(KeyringWrap).where(KeyringWrap.member_id == worker).values(**wrap))
    found = factories.actor("nrc.case_worker")
    assert found.keys
    assert found.keys.keyrings == {}


def test_a_key_given_by_hand_to_an_accomplice_opens_nothing(
    world_app: Planted, caplog: pytest.LogCaptureFixture
) -> None:
    """Somebody has the compartment's key, from a theft of long ago, and seals it to an organisation without a mark."""
    _, world = world_app
    nrc, vatra = factories.actor("nrc.case_worker"), factories.actor("vatra.case_worker")
    row, key, _ = compartments.keys(db.session, world.case, "identity", by=nrc)
    epoch = row.epoch
    db.session.rollback()
    to = grants.recipients(db.session(), [people.organisation("VATRA")])[0]
    db.session.rollback()
    sealed = crypto.wrap(to.public, key, grants.grant_context(world.case, "identity", epoch, to))
    place = {"case_id": world.case, "compartment": "identity", "organisation_id": to.organisation_id}
    with transaction() as session:
        values = {"epoch": epoch, "keyring_version": 1, "since_version": 1, "sealed_key": sealed}
        session.execute(insert(Grant).values(**place, **values, mark=os.urandom(32)))
    caplog.clear()
    with pytest.raises(compartments.CannotOpen):
        compartments.keys(db.session, world.case, "identity", by=vatra)
    assert f"of {world.case}" in caplog.text
    assert compartments.keys(db.session, world.case, "identity", by=nrc)


def epochs_of_nrc() -> dict[tuple[uuid.UUID, str], int]:
    nrc = people.organisation("NRC")
    db.session.rollback()
    here = (Grant.case_id == SealedCompartment.case_id, Grant.compartment == SealedCompartment.compartment)
    statement = (
        select(SealedCompartment.case_id, SealedCompartment.compartment, SealedCompartment.epoch)
        .join(Grant, here[0] & here[1])
        .where(Grant.organisation_id == nrc)
    )
    return {(row.case_id, row.compartment): row.epoch for row in db.session.execute(statement)}


@pytest.mark.parametrize("since", [1000, 2, 0])
@pytest.mark.parametrize("when", ["before the account ends", "before the press"])
def test_a_version_written_by_hand_keeps_no_epoch_from_being_sealed_anew(
    world_app: Planted, caplog: pytest.LogCaptureFixture, since: int, when: str
) -> None:
    app, _ = world_app
    before = epochs_of_nrc()
    assert before
    old = {place: bytes(shredding.shred_key(*place, epoch) or b"") for place, epoch in before.items()}
    nrc = people.organisation("NRC")

    def written() -> None:
        with transaction() as session:
            session.execute(update(Grant).where(Grant.organisation_id == nrc).values(since_version=since))

    if when == "before the account ends":
        written()
    manager = factories.actor("nrc.shelter_manager")
    hands.ended(member("nrc.case_worker").id, manager)
    if when == "before the press":
        written()
    assert sealing_again.move_grants(by=manager).done
    caplog.clear()
    done = sealing_again.seal_again(by=manager)
    assert (done.done, done.unopenable, done.left) == (True, 0, 0)
    after = epochs_of_nrc()
    assert {place: epoch - before[place] for place, epoch in after.items()} == dict.fromkeys(before, 1)
    # So the leaver's rows open nothing, wherever they are put: the other half of the old key is gone.
    assert all(old.values())
    disconnect()
    here = Path(app.extensions["nrm.config"].directory)
    content = b"".join(path.read_bytes() for path in here.glob("shred.db*"))
    assert not [place for place, key in old.items() if key in content]
    assert str(next(iter(before))[0]) in caplog.text
    # Once all was sealed again, nothing is sealed a second time.
    assert sealing_again.seal_again(by=factories.actor("nrc.shelter_manager")).sealed == 0


def forged_session(login: str) -> str:
    """A row with random keys, by the published rules: no password, no second factor. The cookie of it."""
    whom, number, key = member(login).id, os.urandom(16), os.urandom(32)
    digest = crypto.digest(number + crypto.expand(key, crypto.ctx("session row")))
    sealed = crypto.seal(key, os.urandom(64), crypto.ctx("session", digest, whom))
    now = clock.now()
    with transaction() as session:
        session.execute(
            insert(MemberSession).values(
                digest=digest,
                member_id=whom,
                sealed_keys=sealed,
                created_at=now,
                seen_at=now,
                expires_at=now + timedelta(hours=7),
                proved_at=now,
            )
        )
    return base64.urlsafe_b64encode(number + key).decode()


@pytest.mark.parametrize(
    "login",
    ["nrc.shelter_manager", "ra.duty_officer", "oms.coordinator", "molsa.statistician", "rinas.border_officer"],
)
def test_a_session_written_by_hand_is_none(app: Flask, caplog: pytest.LogCaptureFixture, login: str) -> None:
    cookie, whom = forged_session(login), str(member(login).id)
    assert accounts.resume(cookie) is None
    assert whom in caplog.text
    client = app.test_client()
    client.set_cookie("nrm", cookie)
    assert client.get("/").status_code in (302, 303)


def signed_in(login: str) -> tuple[str, bytes, accounts.SignedIn]:
    cookie = accounts.sign_in(login=login, password=factories.PASSWORD, code=factories.code_of(login))
    parts, found = read_cookie(cookie), accounts.resume(cookie)
    assert parts
    assert isinstance(found, accounts.SignedIn)
    return cookie, parts[0], found


CHANGED: dict[str, dict[str, object]] = {
    "lasts longer": {"expires_at": clock.now() + timedelta(days=300)},
    "was proved": {"proved_at": clock.now() + timedelta(minutes=1)},
    "was seen": {"seen_at": clock.now() + timedelta(minutes=1)},
    "began": {"created_at": clock.now() + timedelta(minutes=1)},
    "another's": {"member_id": "nrc.shelter_manager"},
    "ended": {"sealed_keys": None, "member_id": "nrc.shelter_manager"},
    "locked": {"sealed_keys": None, "locked": True},
}


@pytest.mark.parametrize("what", list(CHANGED))
def test_a_session_that_was_changed_by_hand_is_none(app: Flask, what: str) -> None:
    cookie, digest, _ = signed_in("nrc.case_worker")
    values = dict(CHANGED[what])
    if "member_id" in values:
        values["member_id"] = member(str(values["member_id"])).id
    with transaction() as session:
        session.execute(update(MemberSession).where(MemberSession.digest == digest).values(**values))
    assert accounts.resume(cookie) is None
    with pytest.raises(SignInRefused):
        screen_lock.unlock(cookie=cookie, password=factories.PASSWORD)


def test_a_session_that_was_proved_again_hidden_and_unlocked_goes_on(app: Flask) -> None:
    cookie, digest, found = signed_in("nrc.case_worker")
    clock_before = found.proved_at
    second_factor.prove_again(password=factories.PASSWORD, by=found.actor)
    again = accounts.resume(cookie)
    assert isinstance(again, accounts.SignedIn)
    assert clock_before
    assert again.proved_at
    assert again.proved_at > clock_before
    screen_lock.hide(path="/", fields=[], by=found.actor)
    ended = accounts.resume(cookie)
    assert isinstance(ended, accounts.Ended)
    assert ended.locked
    following = accounts.resume(screen_lock.unlock(cookie=cookie, password=factories.PASSWORD))
    assert isinstance(following, accounts.SignedIn)
    assert following.proved_at == again.proved_at
    accounts.sign_out(by=following.actor)
    assert digest


def test_a_page_that_is_late_does_not_undo_what_was_proved_meanwhile(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two requests of one session: the one that only says that it was seen read the row before the other wrote it."""
    cookie, digest, found = signed_in("nrc.case_worker")
    with transaction() as session:  # so that both are due to say that it was seen
        monkeypatch.setattr(accounts, "_SEEN_EVERY", timedelta(0))
        assert session
    real = accounts.vault.open_session

    def meanwhile(*args: object) -> KeyHolder:
        monkeypatch.setattr(accounts.vault, "open_session", real)
        db.session.rollback()
        second_factor.prove_again(password=factories.PASSWORD, by=found.actor)
        return real(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(accounts.vault, "open_session", meanwhile)
    assert isinstance(accounts.resume(cookie), accounts.SignedIn)
    again = accounts.resume(cookie)
    assert isinstance(again, accounts.SignedIn)
    assert found.proved_at
    assert again.proved_at
    assert again.proved_at > found.proved_at
    assert digest


def test_nobody_signs_with_a_key_that_is_not_the_members(app: Flask, caplog: pytest.LogCaptureFixture) -> None:
    by = factories.actor("molsa.statistician")
    assert by.keys
    signature, public = signing.sign_as(by, b"a release")
    assert signing.is_signed(signature, b"a release", public)
    made_up, its_public = crypto.signing_pair()
    other = Actor(by.member_id, by.organisation_id, by.role, keys=KeyHolder(by.keys.kem_private, made_up))
    with pytest.raises(crypto.CannotOpen):
        signing.sign_as(other, b"a release")
    # Also with the public half put into the member's row: it bears no mark.
    with transaction() as session:
        session.execute(update(Member).where(Member.id == by.member_id).values(sign_public=its_public))
    with pytest.raises(crypto.CannotOpen):
        signing.sign_as(other, b"a release")
    assert str(by.member_id) in caplog.text


@pytest.mark.parametrize("also", ["nothing else", "the public keys"])
def test_a_planted_recovery_code_recovers_nothing(app: Flask, caplog: pytest.LogCaptureFixture, also: str) -> None:
    whom = member("nrc.shelter_manager")
    raw, (kem, kem_public), (sign, sign_public) = os.urandom(20), crypto.key_pair(), crypto.signing_pair()
    under = crypto.expand(raw, crypto.ctx("recovery"))
    values: dict[str, object] = {
        "sealed_kem_recovery": crypto.seal(under, kem, crypto.ctx("kem recovery", whom.id)),
        "sealed_sign_recovery": crypto.seal(under, sign, crypto.ctx("sign recovery", whom.id)),
    }
    if also == "the public keys":
        values |= {"kem_public": kem_public, "sign_public": sign_public}
    whose = whom.id
    with transaction() as session:
        session.execute(update(Member).where(Member.id == whose).values(**values))
    code = base64.b32encode(raw).decode()
    with pytest.raises(SignInRefused):
        accounts.recover(login="nrc.shelter_manager", code=code, new_password="a second life of a cat")
    with pytest.raises(SignInRefused):
        accounts.sign_in(login="nrc.shelter_manager", password="a second life of a cat")
    assert by_code(credentials.account_now("nrc.shelter_manager"), code) is None
    assert str(whose) in caplog.text


def test_a_genuine_recovery_code_goes_on(app: Flask) -> None:
    code = members.make_code(password=factories.PASSWORD, by=factories.actor("nrc.case_worker"))
    assert accounts.recover(login="nrc.case_worker", code=code, new_password="a second life of a cat")
    assert accounts.sign_in(login="nrc.case_worker", password="a second life of a cat")


def test_a_member_who_was_moved_by_hand_gets_no_session(app: Flask) -> None:
    """An accomplice with a genuine account, whose row names another organisation from now on."""
    cookie, _, _ = signed_in("vatra.case_worker")
    nrc = people.organisation("NRC")
    with transaction() as session:
        session.execute(update(Member).where(Member.login == "vatra.case_worker").values(organisation_id=nrc))
    assert accounts.resume(cookie) is None
    with pytest.raises(SignInRefused):
        accounts.sign_in(login="vatra.case_worker", password=factories.PASSWORD)
