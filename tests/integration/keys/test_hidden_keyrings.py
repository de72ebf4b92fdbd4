"""The second database knows the newest key of every organisation: who writes to the main one alone makes no other.

The attack is done with rows of the main database, an account that joins by the web, and honest people who go on
working. What then opens is computed from the files (`tests/thief.py`).
"""

from __future__ import annotations

import re
import shutil
import uuid
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.exc import OperationalError

from nrm import audit, clock, crypto, schema
from nrm.actions import backups, instances, tending
from nrm.actions.accounts import accounts, joining, members, sealing_again, words
from nrm.actions.referrals import next_receiver, proposals
from nrm.actions.shelter import away, cases
from nrm.db import db, disconnect, transaction
from nrm.domain.accounts.accounts import Actor, Role, UnusableInvitation
from nrm.domain.referrals.referrals import OverrideReason
from nrm.domain.shelter.cases import Compartment
from nrm.domain.shelter.consents import ByName
from nrm.models.accounts.accounts import Invitation, Keyring, KeyringWrap, Member, Organisation
from nrm.models.audit import AuditEntry
from nrm.models.shelter.cases import Grant, KnownKeyring, PendingGrant
from nrm.steps.accounts import ceremonies
from nrm.store import days
from nrm.store.rows.shelter import away as away_rows
from nrm.vault import grants, marks, shredding
from nrm.vault.members import invitation_digest
from tests import factories
from tests import factories_referrals as people
from tests.conftest import Person, token_in
from tests.integration.accounts.test_invitations import founder, new_shelter
from tests.thief import MEMBERS, Files, Key, opened
from tests.world import World

Planted = tuple[Flask, World]
Rows = list[dict[str, object]]
INTRUDER, ACCOMPLICE = "nrc.intruder", "nrc.accomplice"
EARLIER = "0030_counting"


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
    """The link of an intruder in an organisation, written by hand."""
    return factories.invited_by_hand(INTRUDER, code, marked=True)


def joins(app: Flask, token: str) -> tuple[int, str]:
    """The intruder opens the link and chooses a password: status and page, of the one that shows the recovery code."""
    client = app.test_client()
    page = client.get(f"/invitations/{token}?lang=en")
    if page.status_code != 200:
        return page.status_code, page.text
    fields = {"password": factories.PASSWORD, "again": factories.PASSWORD, "csrf_token": token_in(page.text)}
    answer = client.post(f"/invitations/{token}?lang=en", data=fields)
    return answer.status_code, client.get("/shown/code").text if answer.status_code == 303 else answer.text


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


def test_who_hides_a_keyring_and_founds_the_organisation_again_opens_nothing(
    world_app: Planted, caplog: pytest.LogCaptureFixture
) -> None:
    """With the keyring's rows hidden the organisation looks as if it were not founded: two intruders do it, as
    founders, and the genuine keyring is put back beside theirs."""
    app, world = world_app
    before = opens(app, "NRC")
    assert before
    rings, wraps = taken_away()
    links = {INTRUDER: planted_link(), ACCOMPLICE: factories.invited_by_hand(ACCOMPLICE, "NRC", marked=True)}
    for link in links.values():
        status, page = joins(app, link)
        assert status == 303
        members.check_code_of_invitation(token=link, code=_code_in(page))
    intruder, accomplice = (factories.actor(login) for login in links)
    factories.let_in(intruder, by=accomplice)
    with pytest.raises(accounts.KeyringDisagrees):
        factories.let_in(accomplice, by=intruder)
    # On the page: refused in words, and told to the log, to the audit chain, and every minute until somebody looks.
    shown = words.shown(by=accomplice)
    assert shown is not None
    typed = dict(zip(("first", "second", "third", "fourth"), shown.words, strict=True))
    signed_in = Person(app.test_client(), INTRUDER)
    before_refusal = audit.length(db.session())
    page = signed_in.post(f"/members/{accomplice.member_id}/words?lang=en", typed, 409)
    assert "The key of this organisation or the key log is not as it should be" in page
    db.session.rollback()
    last = db.session.scalars(select(AuditEntry).order_by(AuditEntry.id.desc()).limit(1)).one()
    assert (audit.length(db.session()), last.event) == (before_refusal + 1, "keyring_refused")
    assert last.organisation_id == str(people.organisation("NRC"))
    assert tending.tend()["keyrings_disagree"] == 1
    put_back(rings, wraps)
    honest(world, lambda login: Person(app.test_client(), login))
    assert list(audit.verify(db.session())) == []
    assert not opens_as_intruder(app)
    assert "keyring" in caplog.text
    assert str(people.organisation("NRC")) in caplog.text
    assert opens(app, "NRC") == before


def _code_in(page: str) -> str:
    found = re.search(r"[A-Z2-7]{4}(?:-[A-Z2-7]{4}){7}", page)
    assert found
    return found[0]


@pytest.fixture(params=["app", "postgres_app"])
def instance(request: pytest.FixtureRequest) -> Flask:
    found: Flask = request.getfixturevalue(request.param)
    return found


def known(code: str = "NRC") -> list[tuple[int, bool]]:
    """(version, confirmed) of what the second database knows of an organisation."""
    where = KnownKeyring.organisation_id == people.organisation(code)
    with db.engines["shred"].connect() as connection:
        found = connection.execute(select(KnownKeyring.version, KnownKeyring.confirmed).where(where))
        return sorted((row.version, row.confirmed) for row in found)


def renewed(code: str = "NRC") -> None:
    by = factories.actor(f"{code.lower()}.case_worker")
    sealing_again.renew_keyring(by=by)
    assert sealing_again.move_grants(by=by).done
    assert sealing_again.seal_again(by=by).done


def test_a_link_that_was_written_by_hand_does_not_work(app: Flask, caplog: pytest.LogCaptureFixture) -> None:
    """Nor does a genuine one whose row names another sign-in name, a later end, or another one who made it."""
    assert joins(app, factories.invited_by_hand(INTRUDER, "NRC"))[0] == 404
    assert "the invitation of" in caplog.text
    manager = factories.actor("nrc.shelter_manager")
    nrc = people.organisation("NRC")
    token = joining.invite(organisation_id=nrc, login="nrc.new", name="New", role=Role.CASE_WORKER, by=manager)
    assert joining.invited(token).login == "nrc.new"
    stored = Invitation.digest == invitation_digest(token)
    was = db.session.execute(select(Invitation.expires_at, Invitation.by_id).where(stored)).one()
    worker = db.session.scalar(select(Member.id).where(Member.login == "nrc.case_worker"))
    for change in ({"expires_at": was.expires_at + timedelta(days=300)}, {"by_id": worker}, {"mark": None}):
        before = db.session.execute(select(Invitation.mark).where(stored)).scalar_one()
        with transaction() as session:
            session.execute(update(Invitation).where(stored).values(**change))
        with pytest.raises(UnusableInvitation):
            joining.invited(token)
        with transaction() as session:
            values = {"expires_at": was.expires_at, "by_id": was.by_id, "mark": before}
            session.execute(update(Invitation).where(stored).values(**values))
    with transaction() as session:
        session.execute(update(Member).where(Member.login == "nrc.new").values(login="nrc.other"))
    with pytest.raises(UnusableInvitation):
        joining.invited(token)


@pytest.mark.slow
def test_an_older_version_that_is_put_in_the_place_of_the_newest_is_not_sealed_to(
    world_app: Planted, caplog: pytest.LogCaptureFixture
) -> None:
    """Somebody left with a copy of version 1; the rows of version 2 are hidden, so that it would be the newest."""
    app, world = world_app
    old_rings, old_wraps = rows_of(Keyring), rows_of(KeyringWrap)
    renewed()
    assert known() == [(2, True)]
    taken_away()
    put_back(old_rings, old_wraps)
    caplog.clear()
    worker = factories.actor("nrc.case_worker")
    rinas = factories.actor("rinas.border_officer")
    before = sealed_to_nrc()
    # It is not on the route, in words; asked all the same, or sealed to by its own people, nothing is sealed to it.
    draft = people.interview(rinas)
    proposed = proposals.propose(interview_id=draft, by=rinas)
    assert "NRC" not in {each.party for each in proposed.proposed}
    assert "not the one that is known here" in proposed.unreachable["NRC"]["en"]
    vatra = factories.actor("vatra.case_worker")
    for act in (
        lambda: next_receiver.refer(
            case_id=world.own_case,
            receiver_id=people.organisation("NRC"),
            reason=OverrideReason.SAFETY,
            hand_over=people.HAND_OVER,
            by_name=ByName.YES,
            by=vatra,
        ),
        lambda: sealing_again.renew_keyring(by=worker),
        lambda: sealing_again.move_grants(by=worker),
        lambda: sealing_again.seal_again(by=worker),
        lambda: factories.let_in(waiting_at_nrc(), by=worker),
    ):
        with pytest.raises(accounts.KeyringDisagrees):
            act()
    assert sealed_to_nrc() == before
    assert f"newest keyring of {people.organisation('NRC')}" in caplog.text
    manager = Person(app.test_client(), "nrc.shelter_manager")
    page = manager.post("/members/keys?lang=en", status=409)
    assert "not the one that is known here" in page
    assert tending.tend()["keyrings_disagree"] == 1
    # Others go on.
    share(world, "PROSECUTION")


def share(world: World, code: str) -> None:
    """VATRA's own case, to one more organisation; the person is back, and can agree."""
    worker = factories.actor("vatra.case_worker")
    if away_rows.is_away(world.own_case):
        away.back(away_id=world.away, back_on=days.today(), by=worker)
    cases.share(
        case_id=world.own_case,
        organisation_id=people.organisation(code),
        compartments={Compartment.LEGAL},
        agreed=True,
        by=worker,
    )


def waiting_at_nrc() -> Actor:
    factories.join(planted_link())
    return factories.actor(INTRUDER)


def sealed_to_nrc() -> int:
    nrc = people.organisation("NRC")
    return sum(
        db.session.scalar(select(func.count()).select_from(kind).where(kind.organisation_id == nrc)) or 0
        for kind in (Grant, PendingGrant)
    )


def test_a_keyring_with_a_right_mark_that_was_made_elsewhere_is_not_sealed_to(app: Flask) -> None:
    """By a second instance with the same key files, say a restored one."""
    organisation = db.session.get_one(Organisation, people.organisation("NRC"))
    _, public = crypto.key_pair()
    for version in (1, 2):
        made = marks.row_mac("keyring", organisation.id, organisation.kind, organisation.party, version, public)
        with transaction() as session:
            if version == 1:
                session.execute(
                    update(Keyring).where(Keyring.organisation_id == organisation.id).values(public=public, mark=made)
                )
            else:
                values = {"id": uuid.uuid4(), "organisation_id": organisation.id, "created_at": clock.now()}
                session.execute(insert(Keyring).values(version=version, public=public, mark=made, **values))
        with pytest.raises(accounts.KeyringDisagrees):
            grants.recipients(db.session(), [organisation.id])
        db.session.rollback()


def failing(*_: object, **__: object) -> None:
    raise OperationalError("the second database is away", None, Exception())


def test_a_new_version_that_failed_leaves_nothing_that_stands_in_the_way(
    instance: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    worker, other = factories.actor("nrc.case_worker"), factories.actor("vatra.case_worker")
    with monkeypatch.context() as broken:
        broken.setattr(members.audit, "append", failing)
        with pytest.raises(OperationalError):
            sealing_again.renew_keyring(by=worker)
    db.session.rollback()
    assert known() == [(1, True), (2, False)]
    assert grants.recipients(db.session(), [people.organisation("NRC")])[0].version == 1
    db.session.rollback()
    assert sealing_again.renew_keyring(by=worker) == 2
    assert known() == [(2, True)]
    with monkeypatch.context() as broken:
        broken.setattr(members.audit, "append", failing)
        with pytest.raises(OperationalError):
            sealing_again.renew_keyring(by=other)
    assert tending.tend()["keyrings_settled"] == 1
    assert known("VATRA") == [(1, True)]
    assert tending.tend()["keyrings_settled"] == 0
    assert tending.tend()["keyrings_disagree"] == 0


def test_between_the_commit_and_its_confirmation_all_goes_on(instance: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """As after a process that was killed there, or while the second database is away."""
    worker = factories.actor("nrc.case_worker")
    with monkeypatch.context() as broken:
        broken.setattr(shredding, "confirm_keyring", failing)
        assert sealing_again.renew_keyring(by=worker) == 2
    assert known() == [(1, True), (2, False)]
    assert grants.recipients(db.session(), [people.organisation("NRC")])[0].version == 2
    db.session.rollback()
    assert tending.tend()["keyrings_disagree"] == 0
    assert known() == [(2, True)]
    assert sealing_again.move_grants(by=worker).done


def test_founders_whose_founding_failed_found_it_again(instance: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    shelter = new_shelter()
    for login in ("new.one", "new.two"):
        factories.join(founder(shelter, login))
    one, two = factories.actor("new.one"), factories.actor("new.two")
    factories.let_in(one, by=two)
    shown = words.shown(by=two)
    assert shown is not None
    assert two.member_id is not None
    with monkeypatch.context() as broken:
        broken.setattr(words.audit, "append", failing)
        broken.setattr(ceremonies.audit, "append", failing)
        with pytest.raises(OperationalError):
            words.type_words(member_id=two.member_id, typed=shown.words, by=one)
    db.session.rollback()
    factories.let_in(two, by=one)
    assert known("NEW") == [(1, True)]


def test_an_older_main_database_beside_a_newer_second_one_seals_nothing_and_is_told(
    world_app: Planted, tmp_path: Path
) -> None:
    """By hand: `nrm restore` takes the two files of one backup alone."""
    app, _ = world_app
    disconnect()
    here = Path(app.extensions["nrm.config"].directory)
    shutil.copytree(here, tmp_path / "older")
    renewed()
    disconnect()
    shutil.copy(here / "shred.db", tmp_path / "older" / "shred.db")
    with factories.open_instance(tmp_path / "older").app_context():
        assert any("newest keyring" in each for each in backups.findings(None, None))
        with pytest.raises(accounts.KeyringDisagrees):
            grants.recipients(db.session(), [people.organisation("NRC")])
        disconnect()


@pytest.mark.slow
def test_an_upgrade_takes_what_is_there_if_it_was_made_here(instance: Flask) -> None:
    sealing_again.renew_keyring(by=factories.actor("nrc.case_worker"))
    with transaction() as session:
        vatra = people.organisation("VATRA")
        session.execute(update(Keyring).where(Keyring.organisation_id == vatra).values(public=crypto.key_pair()[1]))
    db.session.remove()
    schema.downgrade(EARLIER)
    factories.upgraded()
    assert instances.keep_what_was_before() == 0  # written once
    assert known() == [(2, True)]
    assert known("RINAS") == [(1, True)]
    assert known("VATRA") == []
    assert known("MOLSA") == []
    assert tending.tend()["keyrings_disagree"] == 0
    assert grants.recipients(db.session(), [people.organisation("NRC")])[0].version == 2
