"""`nrm keylog restored`: the log goes on from a copy although more of it is known, as its people meet it by command."""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import delete, func, select

from nrm.actions import backups
from nrm.actions.accounts import accounts, joining
from nrm.db import db, disconnect, transaction
from nrm.domain.accounts.accounts import Role
from nrm.models.accounts.accounts import Member
from nrm.models.accounts.key_log import KeyLogEntry
from nrm.vault.keylog import log
from tests import factories
from tests import second_hands as hands
from tests.conftest import Command, Person

WRONG, WHO_LEFT = "The key log is wrong", "Who has left since"


def entries_there() -> int:
    db.session.rollback()
    return db.session.scalar(select(func.count()).select_from(KeyLogEntry)) or 0


def known_browser(client_of: Person) -> str:
    found = client_of.client.get_cookie("nrm-known")
    assert found is not None
    return str(found.value)


def in_browser(app: Flask, login: str, cookie: str) -> Person:
    """The person signs in with the browser that remembers what they saw before."""
    client = app.test_client()
    client.set_cookie("nrm-known", cookie)
    return Person(client, login)


@pytest.fixture
def restored(app: Flask, tmp_path: Path) -> Iterator[tuple[Flask, dict[str, str], int]]:
    """An instance that was put back from a backup of before, with no copy of its key log: a colleague left since, and
    two browsers saw that. With it: the browsers' cookies, and the number of the last entry that was lost."""
    made = [backups.new_key_files() for _ in range(2)]
    (tmp_path / "backups").mkdir()
    first, second = (backups.recipient_in(public.encode()) for _, public in made)
    written = backups.take(tmp_path / "backups", (first, second), tell=lambda _: None)
    gone = db.session.scalars(select(Member.id).where(Member.login == "vatra.case_worker")).one()
    hands.ended(gone, factories.actor("vatra.shelter_manager"))
    lost = entries_there()
    cookies = {
        login: known_browser(Person(app.test_client(), login)) for login in ("nrc.case_worker", "ra.duty_officer")
    }
    disconnect()
    here, there = Path(app.extensions["nrm.config"].directory), tmp_path / "restored"
    there.mkdir()
    shutil.copytree(here / "keys", there / "keys")
    shutil.copy(here / "instance.toml", there)
    with factories.open_instance(there).app_context():
        privates = [backups.private_key_in(private.encode()) for private, _ in made]
        backups.fill(written.main, written.shred, privates)
        backups.settle(None, [])
        disconnect()
    new = factories.open_instance(there)
    with new.app_context():
        yield new, cookies, lost
        disconnect()


def invited() -> str:
    by = factories.actor("nrc.case_worker")
    assert by.organisation_id is not None
    token = joining.invite(
        organisation_id=by.organisation_id, login="nrc.new", name="New", role=Role.CASE_WORKER, by=by
    )
    factories.join(token)
    return "nrc.new"


def confirmed(login: str) -> None:
    factories.confirm(login, by=factories.actor("nrc.case_worker"))


def test_two_organisations_agree_to_go_on_without_what_is_lost(
    restored: tuple[Flask, dict[str, str], int], command: Command
) -> None:
    app, cookies, lost = restored
    number = entries_there()
    assert number < lost
    # The log itself is whole; the browsers remember more.
    assert command(app, "keylog", "verify")[0] == 0
    assert WRONG in in_browser(app, "nrc.case_worker", cookies["nrc.case_worker"]).get("/?lang=en")
    new = invited()
    # Nobody proposes less than is there, or alone; nobody of an office that holds no keys.
    assert command(app, "keylog", "restored", str(number), "--as", "ra.duty_officer")[0] == 2
    assert command(app, "keylog", "restored", str(lost), "--as", "molsa.statistician")[0] == 2
    # Nor more than a browser knew: one password would stop everybody from joining.
    code, _, err = command(app, "keylog", "restored", "99999", "--as", "ra.duty_officer")
    assert (code, "nobody signed in with a browser that knows such an entry" in err) == (2, True)
    code, out, _ = command(app, "keylog", "restored", str(lost), "--as", "ra.duty_officer")
    assert code == 0
    digest = out.decode().strip()
    # Until somebody of another organisation agrees, nobody joins; people work on, and the browsers still say it.
    with pytest.raises(accounts.KeyringDisagrees):
        confirmed(new)
    db.session.rollback()
    assert factories.actor("nrc.case_worker").role is Role.CASE_WORKER
    assert WRONG in in_browser(app, "ra.duty_officer", cookies["ra.duty_officer"]).get("/?lang=en")
    _, out, _ = command(app, "keylog", "proposals", "--as", "nrc.case_worker")
    assert out.decode().startswith(f"{digest} restored")
    assert b"yours is wanted" in out
    code, out, _ = command(app, "keylog", "agree", digest, "--as", "ra.identification_officer")
    assert (code, out) == (0, b"agreed; others have to agree too\n")  # of the same organisation
    assert command(app, "keylog", "agree", digest, "--as", "nrc.case_worker")[1] == b"holds now\n"
    confirmed(new)
    assert factories.actor(new).role is Role.CASE_WORKER
    # The browsers go on from here; every home page asks who left since.
    for login, cookie in cookies.items():
        page = in_browser(app, login, cookie).get("/?lang=en")
        assert WRONG not in page
        assert WHO_LEFT in page
    assert WHO_LEFT in Person(app.test_client(), "molsa.reader").get("/?lang=en")
    app.extensions.pop("nrm.keylog")
    assert log.state(db.session).lost  # by the file of the state, and from nothing
    factories.forget_key_log(app)
    assert [(each.after, each.number) for each in log.state(db.session).lost] == [(number, lost)]
    factories.later(days=15)
    assert WHO_LEFT not in Person(app.test_client(), "nrc.case_worker").get("/?lang=en")


def test_a_browser_that_saw_more_than_was_agreed_to_be_lost_still_says_so(
    restored: tuple[Flask, dict[str, str], int], command: Command
) -> None:
    app, cookies, lost = restored
    in_browser(app, "ra.duty_officer", cookies["ra.duty_officer"]).get("/")
    _, out, _ = command(app, "keylog", "restored", str(lost - 1), "--as", "ra.duty_officer")
    assert command(app, "keylog", "agree", out.decode().strip(), "--as", "nrc.case_worker")[1] == b"holds now\n"
    assert WRONG in in_browser(app, "nrc.case_worker", cookies["nrc.case_worker"]).get("/?lang=en")


def test_an_older_main_database_beside_newer_heads_is_mended_from_a_copy_and_not_agreed_away(
    app: Flask, command: Command, tmp_path: Path
) -> None:
    """Only the main database was put back: the second one knows the end, and nobody's signature makes up for it."""
    before = entries_there()
    rows = db.session.scalars(select(Member.id).where(Member.login == "vatra.case_worker")).one()
    hands.ended(rows, factories.actor("vatra.shelter_manager"))
    whole = tmp_path / "copy"
    shutil.copy(log.here(), whole)
    with transaction() as session:
        session.execute(delete(KeyLogEntry).where(KeyLogEntry.number > before))
    factories.forget_key_log(app)  # another machine, without the file
    code, out, _ = command(app, "keylog", "verify")
    assert code == 1
    assert f"entry {before + 1}: is missing: the second database knows it" in out.decode()
    code, _, err = command(app, "keylog", "restored", str(before + 9), "--as", "ra.duty_officer")
    assert code == 2
    assert "the key log is wrong" in err
    assert entries_there() == before
    code, out, _ = command(app, "keylog", "verify", str(whole))
    assert f"nrm keylog mend {whole}" in out.decode()
    assert command(app, "keylog", "mend", str(whole))[0] == 0
    assert command(app, "keylog", "verify")[0] == 0
    assert uuid.UUID(str(rows)) in log.state(db.session).members
    assert log.state(db.session).members[rows].left
