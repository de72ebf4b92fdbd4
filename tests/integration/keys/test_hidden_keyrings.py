"""The second database knows the newest key of every organisation: who writes to the main one alone makes no other.

The attack is done with rows of the main database, an account that joins by the web, and honest people who go on
working. What then opens is computed from the files (`tests/thief.py`).
"""

from __future__ import annotations

import re
import shutil
import uuid
from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.exc import OperationalError

from nrm import audit, clock, crypto, schema
from nrm.actions import backups, instances, tending
from nrm.actions.accounts import accounts, members
from nrm.actions.referrals import next_receiver, proposals
from nrm.actions.shelter import cases
from nrm.db import db, disconnect, transaction
from nrm.domain.referrals.referrals import OverrideReason
from nrm.domain.shelter.cases import Compartment
from nrm.domain.shelter.consents import ByName
from nrm.models.accounts.accounts import Keyring, KeyringWrap, Member, Organisation
from nrm.models.audit import AuditEntry
from nrm.models.shelter.cases import Grant, KnownKeyring, PendingGrant
from nrm.vault import grants, marks, shredding
from tests import factories
from tests import factories_referrals as people
from tests.conftest import Person, token_in
from tests.integration.accounts.test_invitations import founder, new_shelter
from tests.thief import MEMBERS, Files, Key, opened
from tests.world import World

Planted = tuple[Flask, World]
Rows = list[dict[str, object]]
INTRUDER = "nrc.intruder"
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
    return factories.invited_by_hand(INTRUDER, code)


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
    members.renew_keyring(by=by)
    assert members.move_grants(by=by).done
    assert members.seal_again(by=by).done


def test_the_refusal_stands_in_the_chain_and_the_link_stays_good(app: Flask) -> None:
    before = audit.length(db.session())
    rings, wraps = taken_away()
    token = planted_link()
    assert joins(app, token)[0] == 409
    db.session.rollback()
    last = db.session.scalars(select(AuditEntry).order_by(AuditEntry.id.desc()).limit(1)).one()
    assert (audit.length(db.session()), last.event) == (before + 1, "keyring_refused")
    assert last.organisation_id == str(people.organisation("NRC"))
    assert rows_of(Keyring) == []
    assert tending.tend()["keyrings_disagree"] == 1
    put_back(rings, wraps)
    assert tending.tend()["keyrings_disagree"] == 0
    assert joins(app, token)[0] == 200  # and waits: the colleague who checks the identity decides
    db.session.rollback()
    assert db.session.scalar(select(Member.status).where(Member.login == INTRUDER)) == "waiting"


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
        lambda: members.renew_keyring(by=worker),
        lambda: members.move_grants(by=worker),
        lambda: members.seal_again(by=worker),
        lambda: accounts.confirm(member_id=waiting_at_nrc(), by=worker),
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
    """VATRA's own case, to one more organisation."""
    cases.share(
        case_id=world.own_case,
        organisation_id=people.organisation(code),
        compartments={Compartment.LEGAL},
        agreed=True,
        by=factories.actor("vatra.case_worker"),
    )


def waiting_at_nrc() -> uuid.UUID:
    token = planted_link()
    accounts.join(token=token, password=factories.PASSWORD)
    found = db.session.scalar(select(Member.id).where(Member.login == INTRUDER))
    assert found is not None
    return found


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
            members.renew_keyring(by=worker)
    db.session.rollback()
    assert known() == [(1, True), (2, False)]
    assert grants.recipients(db.session(), [people.organisation("NRC")])[0].version == 1
    db.session.rollback()
    assert members.renew_keyring(by=worker) == 2
    assert known() == [(2, True)]
    with monkeypatch.context() as broken:
        broken.setattr(members.audit, "append", failing)
        with pytest.raises(OperationalError):
            members.renew_keyring(by=other)
    assert tending.tend()["keyrings_settled"] == 1
    assert known("VATRA") == [(1, True)]
    assert tending.tend()["keyrings_settled"] == 0
    assert tending.tend()["keyrings_disagree"] == 0


def test_between_the_commit_and_its_confirmation_all_goes_on(instance: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """As after a process that was killed there, or while the second database is away."""
    worker = factories.actor("nrc.case_worker")
    with monkeypatch.context() as broken:
        broken.setattr(shredding, "confirm_keyring", failing)
        assert members.renew_keyring(by=worker) == 2
    assert known() == [(1, True), (2, False)]
    assert grants.recipients(db.session(), [people.organisation("NRC")])[0].version == 2
    db.session.rollback()
    assert tending.tend()["keyrings_disagree"] == 0
    assert known() == [(2, True)]
    assert members.move_grants(by=worker).done


def test_a_founder_whose_joining_failed_joins_again(instance: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    shelter = new_shelter()
    token = founder(shelter, "new.one")
    with monkeypatch.context() as broken:
        broken.setattr(accounts.audit, "append", failing)
        with pytest.raises(OperationalError):
            accounts.join(token=token, password=factories.PASSWORD)
    assert not factories.join(token).waiting
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
    members.renew_keyring(by=factories.actor("nrc.case_worker"))
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
