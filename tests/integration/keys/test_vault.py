"""Who can open what: the vault's rules, each with what must not open."""

from __future__ import annotations

import sqlite3
import uuid
from contextlib import closing
from datetime import date, timedelta
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import delete, select, update

from nrm import clock, crypto
from nrm.actions.accounts import sealing_again
from nrm.db import db, transaction
from nrm.domain.accounts.accounts import Actor
from nrm.models.accounts.accounts import Keyring, KeyringWrap
from nrm.models.referrals.referrals import Referral
from nrm.models.shelter.cases import Case, Destruction, Grant, PendingGrant, SealedCompartment
from nrm.store import names as organisation_names
from nrm.vault import compartments as vault
from nrm.vault import epochs, grants, keyrings, sharing, shredding
from tests import factories

SECRET = "Zamira Planted-Name"


def organisation(code: str) -> uuid.UUID:
    return organisation_names.organisation_by_code(code).id


def sealed_case(by: Actor, *holders: str) -> uuid.UUID:
    """A case with one sealed compartment `identity`."""
    case_id = uuid.uuid4()
    with transaction() as session:
        session.add(
            Case(
                id=case_id,
                pseudonym=case_id.hex[:9],
                status="referred",
                source="crossing_point",
                opened_by_id=by.organisation_id,
                registered_month=date(2026, 1, 1),
                questionnaire="returnee-1",
                age_class="adult",
                age_band="24-26",
                gender="feminine",
                citizenship="AL",
                citizenship_class="home",
                exploited_in="IT",
                consent="given",
                facts={},
            )
        )
        session.flush()
        vault.create(session, case_id, {"identity": {"name": SECRET}}, [organisation(code) for code in holders])
    return case_id


def read(case_id: uuid.UUID, by: Actor, compartment: str = "identity") -> vault.Opened:
    with transaction() as session:
        vault.allow(session, case_id, compartment, "test", by=by)
    return vault.read(db.session(), case_id, compartment, by=by)


def cannot_read(case_id: uuid.UUID, by: Actor, compartment: str = "identity") -> None:
    with pytest.raises(vault.CannotOpen) as raised:
        read(case_id, by, compartment)
    assert SECRET not in str(raised.value)
    db.session.rollback()


def refer(case_id: uuid.UUID, sender: Actor, receiver: str) -> None:
    now, referral_id = clock.now(), uuid.uuid4()
    assert sender.organisation_id is not None
    with transaction() as session:
        session.add(
            Referral(
                id=referral_id,
                mark=grants.mark_of(referral_id, case_id, sender.organisation_id, organisation(receiver)),
                case_id=case_id,
                sender_id=sender.organisation_id,
                receiver_id=organisation(receiver),
                position=1,
                status="sent",
                agreement="2005",
                clause="1",
                must=False,
                sent_at=now,
                due_at=now + timedelta(hours=1),
                expires_at=now + timedelta(hours=2),
            )
        )


def test_a_holder_opens_and_everybody_else_does_not(app: Flask) -> None:
    rinas, vatra, molsa = (
        factories.actor(login) for login in ("rinas.border_officer", "vatra.case_worker", "molsa.statistician")
    )
    case_id = sealed_case(rinas, "RINAS")
    assert read(case_id, rinas).value == {"name": SECRET}
    for stranger in (vatra, molsa, factories.actor("administrator"), factories.actor("ra.duty_officer")):
        cannot_read(case_id, stranger)


def test_without_an_opening_nothing_is_read_and_after_a_quarter_of_an_hour_no_more(app: Flask) -> None:
    rinas = factories.actor("rinas.border_officer")
    case_id = sealed_case(rinas, "RINAS")
    with pytest.raises(vault.CannotOpen):
        vault.read(db.session(), case_id, "identity", by=rinas)
    read(case_id, rinas)
    other_session_of_the_same_person = factories.actor("rinas.border_officer")
    with pytest.raises(vault.CannotOpen):
        vault.read(db.session(), case_id, "identity", by=other_session_of_the_same_person)
    later = clock.now() + timedelta(minutes=vault.OPENING_MINUTES)
    clock.set_clock(lambda: later)
    with pytest.raises(vault.CannotOpen):
        vault.read(db.session(), case_id, "identity", by=rinas)


@pytest.mark.parametrize("code", ["MOLSA", "OMS", "OPERATOR"])
def test_a_ministry_and_the_operator_can_never_be_sealed_to(app: Flask, code: str) -> None:
    rinas = factories.actor("rinas.border_officer")
    with pytest.raises(keyrings.HoldsNoKeys):
        sealed_case(rinas, "RINAS", code)
    case_id = sealed_case(rinas, "RINAS")
    with pytest.raises(keyrings.HoldsNoKeys), transaction() as session:
        sharing.share(session, case_id, "identity", [organisation(code)], by=rinas)


def test_no_file_holds_a_sealed_name(app: Flask, tmp_path: Path) -> None:
    rinas = factories.actor("rinas.border_officer")
    read(sealed_case(rinas, "RINAS"), rinas)
    for file in (tmp_path / "instance").rglob("*"):
        if file.is_file():
            content = file.read_bytes()
            for written in (SECRET.encode(), SECRET.encode("utf-16-le"), SECRET.encode().hex().encode()):
                assert written not in content, file


def test_a_pending_party_opens_nothing_even_with_the_status_flipped_by_hand(app: Flask) -> None:
    rinas, nrc = factories.actor("rinas.border_officer"), factories.actor("nrc.case_worker")
    case_id = sealed_case(rinas, "RINAS")
    with transaction() as session:
        sharing.offer(session, case_id, [organisation("VATRA"), organisation("NRC")], by=rinas)
    refer(case_id, rinas, "VATRA")
    cannot_read(case_id, nrc)
    with transaction() as session:  # the asked party still does not read identity before it accepts
        session.execute(update(Referral).values(receiver_id=organisation("NRC"), status="accepted"))
    cannot_read(case_id, nrc)


def test_a_grant_that_was_opened_stays_in_an_own_envelope_bound_to_the_same_place(app: Flask) -> None:
    rinas, vatra = factories.actor("rinas.border_officer"), factories.actor("vatra.case_worker")
    mine, other = (sealed_case(rinas, "RINAS", "VATRA") for _ in range(2))
    grant = select(Grant.case_id, Grant.sealed_key).where(Grant.organisation_id == vatra.organisation_id)
    assert {bytes(row.sealed_key[:1]) for row in db.session.execute(grant)} == {b"\x01"}
    assert [read(case_id, vatra).value for case_id in (mine, other)] == [{"name": SECRET}] * 2
    own = {row.case_id: bytes(row.sealed_key) for row in db.session.execute(grant)}
    assert {each[:1] for each in own.values()} == {b"\x03"}
    # Another key holder of the organisation opens it, the other organisation opens its own grant as before.
    assert read(mine, factories.actor("vatra.shelter_manager")).value == read(mine, rinas).value
    assert {row.case_id: bytes(row.sealed_key) for row in db.session.execute(grant)} == own
    with transaction() as session:
        places = (Grant.case_id == mine, Grant.organisation_id == vatra.organisation_id)
        session.execute(update(Grant).where(*places).values(sealed_key=own[other]))
    cannot_read(mine, vatra)
    with transaction() as session:  # the other post's own envelope
        theirs = session.get_one(Grant, (mine, "identity", rinas.organisation_id)).sealed_key
        assert theirs[:1] == b"\x03"
        session.execute(update(Grant).where(*places).values(sealed_key=theirs))
    cannot_read(mine, vatra)


def test_an_own_envelope_moves_to_a_new_keyring(app: Flask) -> None:
    rinas, vatra = factories.actor("rinas.border_officer"), factories.actor("vatra.case_worker")
    case_id = sealed_case(rinas, "VATRA")
    read(case_id, vatra)
    sealing_again.renew_keyring(by=vatra)
    assert sealing_again.move_grants(by=vatra).moved == 1
    moved = db.session.scalars(select(Grant).where(Grant.case_id == case_id)).one()
    assert (moved.keyring_version, bytes(moved.sealed_key[:1])) == (2, b"\x01")
    assert read(case_id, factories.actor("vatra.case_worker")).value == {"name": SECRET}


def test_accepting_moves_the_key_and_old_files_open_nothing(app: Flask, tmp_path: Path) -> None:
    rinas, vatra = factories.actor("rinas.border_officer"), factories.actor("vatra.case_worker")
    case_id = sealed_case(rinas, "RINAS")
    with transaction() as session:
        sharing.offer(session, case_id, [organisation("VATRA"), organisation("NRC")], by=rinas)
    refer(case_id, rinas, "VATRA")
    old_grant = bytes(db.session.scalars(select(Grant).where(Grant.case_id == case_id)).one().sealed_key)
    old_key = bytes(shredding.shred_key(case_id, "identity", 1) or b"")
    assert len(old_key) == 32
    db.session.rollback()
    with transaction() as session:
        epochs.rotate(session, case_id, {"identity": [organisation("VATRA")]}, by=vatra)
    assert shredding.work_off() == 3  # one shred key, two release keys
    assert read(case_id, vatra).value == {"name": SECRET}
    cannot_read(case_id, rinas)
    cannot_read(case_id, factories.actor("nrc.case_worker"))
    assert db.session.scalars(select(PendingGrant)).all() == []
    # The sender's old grant still unwraps to the old key, but its other half is gone from the live files.
    ring = db.session.scalars(select(Keyring).where(Keyring.organisation_id == rinas.organisation_id)).one()
    private = keyrings.keyring_private(db.session(), ring.version, by=rinas)
    info = crypto.ctx("grant", case_id, "identity", 1, rinas.organisation_id, "border_police", 1)  # type: ignore[arg-type]
    assert len(grants.opened(private, old_grant, info)) == 32
    assert shredding.shred_key(case_id, "identity", 1) is None
    for file in (tmp_path / "instance").glob("shred.db*"):
        assert old_key not in file.read_bytes()


def test_forged_rows_never_open(app: Flask) -> None:
    rinas, vatra = factories.actor("rinas.border_officer"), factories.actor("vatra.case_worker")
    mine, other = sealed_case(rinas, "RINAS"), sealed_case(rinas, "RINAS")
    with transaction() as session:  # a copied grant
        grant = session.get_one(Grant, (mine, "identity", rinas.organisation_id))
        session.add(
            Grant(
                case_id=mine,
                compartment="identity",
                organisation_id=vatra.organisation_id,
                epoch=1,
                keyring_version=1,
                sealed_key=grant.sealed_key,
                mark=grant.mark,
            )
        )
    cannot_read(mine, vatra)
    with transaction() as session:  # a swapped blob
        blob = session.get_one(SealedCompartment, (other, "identity")).sealed_value
        session.execute(update(SealedCompartment).where(SealedCompartment.case_id == mine).values(sealed_value=blob))
    with pytest.raises(vault.CannotOpen):
        read(mine, rinas)


def test_an_old_revision_put_back_does_not_open(app: Flask) -> None:
    rinas = factories.actor("rinas.border_officer")
    case_id = sealed_case(rinas, "RINAS")
    old = bytes(db.session.get_one(SealedCompartment, (case_id, "identity")).sealed_value)
    read(case_id, rinas)
    with transaction() as session:
        vault.write(session, case_id, "identity", {"name": "newer"}, seen=1, by=rinas)
    assert read(case_id, rinas).value == {"name": "newer"}
    with transaction() as session:
        session.execute(update(SealedCompartment).values(sealed_value=old))
    with pytest.raises(vault.CannotOpen):
        read(case_id, rinas)


def test_a_write_over_a_newer_revision_is_refused(app: Flask) -> None:
    rinas = factories.actor("rinas.border_officer")
    case_id = sealed_case(rinas, "RINAS")
    with transaction() as session:
        vault.write(session, case_id, "identity", {"name": "first"}, seen=1, by=rinas)
    with pytest.raises(vault.StaleRevision), transaction() as session:
        vault.write(session, case_id, "identity", {"name": "second"}, seen=1, by=rinas)
    assert read(case_id, rinas).value == {"name": "first"}


def test_shredding_ends_every_access_and_leaves_no_key_behind(app: Flask, tmp_path: Path) -> None:
    rinas = factories.actor("rinas.border_officer")
    case_id = sealed_case(rinas, "RINAS")
    key = bytes(shredding.shred_key(case_id, "identity", 1) or b"")
    with transaction() as session:
        epochs.shred(session, case_id, ["identity"])
    shredding.work_off()
    cannot_read(case_id, rinas)
    db.session.remove()
    db.engines["shred"].dispose()
    with closing(sqlite3.connect(tmp_path / "instance" / "shred.db")) as second:
        assert second.execute("select count(*) from shred_keys").fetchone() == (0,)
    for file in (tmp_path / "instance").glob("shred.db*"):
        assert key not in file.read_bytes()


def test_keys_listed_before_a_crash_are_destroyed_later(app: Flask) -> None:
    rinas = factories.actor("rinas.border_officer")
    case_id = sealed_case(rinas, "RINAS")
    with transaction() as session:
        epochs.shred(session, case_id, ["identity"])
    assert shredding.shred_key(case_id, "identity", 1) is not None  # the process died here
    assert db.session.scalars(select(Destruction)).all()
    db.session.rollback()
    assert shredding.work_off() == 1
    assert shredding.work_off() == 0
    assert shredding.shred_key(case_id, "identity", 1) is None


def test_a_transaction_that_fails_leaves_neither_grant_nor_listing(app: Flask) -> None:
    rinas = factories.actor("rinas.border_officer")
    case_id = sealed_case(rinas, "RINAS")
    with pytest.raises(ZeroDivisionError), transaction() as session:
        epochs.shred(session, case_id, ["identity"]) or 1 / 0
    assert read(case_id, rinas).value == {"name": SECRET}
    assert shredding.work_off() == 0


def test_another_members_wrap_of_the_keyring_is_of_no_use(app: Flask) -> None:
    vatra, nrc = factories.actor("vatra.case_worker"), factories.actor("nrc.case_worker")
    with transaction() as session:
        wrap = session.scalars(select(KeyringWrap).where(KeyringWrap.member_id == vatra.member_id)).one()
        session.execute(
            update(KeyringWrap).where(KeyringWrap.member_id == nrc.member_id).values(sealed_private=wrap.sealed_private)
        )
    again = factories.actor("nrc.case_worker")
    with pytest.raises(vault.CannotOpen):
        keyrings.keyring_private(db.session(), 1, by=again)
    assert keyrings.keyring_private(db.session(), 1, by=nrc) == nrc.keys.keyrings[1]  # carried from before


def test_what_a_session_carries_ends_with_the_wrap(app: Flask) -> None:
    rinas = factories.actor("rinas.border_officer")
    case_id = sealed_case(rinas, "RINAS")
    assert set(rinas.keys.keyrings) == {1}
    with transaction() as session:
        session.execute(delete(KeyringWrap).where(KeyringWrap.member_id == rinas.member_id))
    with pytest.raises(vault.CannotOpen):
        read(case_id, rinas)
    with pytest.raises(vault.CannotOpen):
        keyrings.keyring_private(db.session(), 1, by=rinas)


def test_the_length_of_a_story_is_not_seen(app: Flask) -> None:
    rinas = factories.actor("rinas.border_officer")
    lengths = set()
    for words in ("no", "no and nothing more was said about it"):
        case_id = uuid.uuid4()
        with transaction() as session:
            vault.create(session, case_id, {"story": {"told": words}}, [organisation("RINAS")])
        lengths.add(len(db.session.get_one(SealedCompartment, (case_id, "story")).sealed_value))
        db.session.rollback()
    assert len(lengths) == 1
    assert rinas


def test_what_one_person_opened_seals_nothing_for_another(app: Flask) -> None:
    rinas, vatra = factories.actor("rinas.border_officer"), factories.actor("vatra.case_worker")
    case_id = sealed_case(rinas, "RINAS")
    opened = read(case_id, rinas)
    assert SECRET not in repr(opened)
    with pytest.raises(vault.CannotOpen):
        vault.sealed_after(db.session(), opened, {"name": "theirs"}, by=vatra)
    db.session.rollback()
    assert vault.sealed_after(db.session(), opened, {"name": "mine"}, by=rinas)
