"""An intruder who writes both databases, and the file of the key log, and has no key file and no honest password.

Whatever is put back, cut off or grown anew: a browser that saw an end of the key log that is no part of what stands
there says so within one sign-in, seals nothing to another organisation in it, and is not talked out of it. No browser
says so of a log that goes on from what it saw.
"""

from __future__ import annotations

import shutil
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any, ClassVar

import pytest
from flask import Flask, current_app
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test
from sqlalchemy import delete, func, insert, select
from sqlalchemy.exc import SQLAlchemyError

from nrm import clock, crypto
from nrm.actions.accounts import accounts, joining, sealing_again
from nrm.db import db, disconnect, transaction
from nrm.domain.accounts.accounts import Actor, Role
from nrm.domain.accounts.key_log_entries import EntryKind, NewName
from nrm.models.accounts.key_log import KeyLogEntry, KeyLogHead
from nrm.models.audit import AuditEntry
from nrm.vault import grants
from nrm.vault.keylog import log
from nrm.vault.members import browser_head
from tests import factories
from tests import factories_referrals as people
from tests.integration.keylog.test_intruder import PICK, REFUSED, RUNS, by_hand, rows_of

HONEST = ("nrc.case_worker", "vatra.shelter_manager", "rinas.border_officer", "ra.duty_officer", "molsa.statistician")
FILES = ("main.db", "shred.db", "keylog.log")


def digests() -> dict[int, bytes]:
    """The rows of the log as they stand, whatever they are worth."""
    return {row["number"]: bytes(row["digest"]) for row in rows_of(KeyLogEntry)}


def heads_by_hand(number: int, digest: bytes) -> None:
    with db.engines["shred"].begin() as connection:
        connection.execute(delete(KeyLogHead))
        connection.execute(insert(KeyLogHead).values(number=number, digest=digest, confirmed=True))


class IntruderOfBoth(RuleBasedStateMachine):
    """Honest people sign in with their browsers and work; in between anything is done with both databases."""

    template: ClassVar[Path]
    folder: ClassVar[Path]
    told: ClassVar[set[str]] = set()  # what happened at least once: a run that never meets it tests nothing

    @initialize()
    def begin(self) -> None:
        disconnect()
        self._clean()
        for name in FILES:
            shutil.copy(self.template / name, self.folder / name)
        self._machine_that_never_saw_it(file=False)
        self.nrc, self.vatra = (people.organisation(code) for code in ("NRC", "VATRA"))
        db.session.rollback()
        self.browsers: dict[str, str] = {}
        self.friends = 0
        self.copies: list[dict[str, bytes]] = []
        self.remember()

    def _clean(self) -> None:
        for name in FILES:
            for file in self.folder.glob(f"{name}*"):
                file.unlink()

    def _machine_that_never_saw_it(self, *, file: bool = True) -> None:
        current_app.extensions.pop("nrm.keylog", None)
        (self.folder / "keylog.state").unlink(missing_ok=True)
        if file:
            (self.folder / "keylog.log").unlink(missing_ok=True)

    # Honest people.

    def signed_in(self, login: str) -> Actor | None:
        db.session.rollback()
        asker = accounts.Asker(browsers=self.browsers.get(login, ""))
        with suppress(accounts.SignInRefused, crypto.CannotOpen):
            found = accounts.resume(accounts.sign_in(login=login, password=factories.PASSWORD, asker=asker))
            return found.actor if isinstance(found, accounts.SignedIn) and not found.waiting else None
        return None

    @rule(pick=PICK)
    def an_honest_person_signs_in_with_the_browser(self, pick: int) -> None:
        login = HONEST[pick % len(HONEST)]
        cookie = self.browsers.get(login, "")
        seen, there = browser_head(login, cookie), digests()
        contradicts = bool(seen and seen.number) and there.get(seen.number, b"")[: len(seen.digest)] != seen.digest
        before = db.session.scalar(select(func.count()).where(AuditEntry.event == "key_log_contradicted")) or 0
        with current_app.app_context():  # as a request: what it distrusts ends with it
            by = self.signed_in(login)
            if by is not None:
                right = self._judged(by, contradicts=contradicts)
                self.browsers[login] = accounts.remember_browser(login=login, browsers=cookie)
                if contradicts:
                    db.session.rollback()
                    event = select(func.count()).where(AuditEntry.event == "key_log_contradicted")
                    assert not right or (db.session.scalar(event) or 0) > before, "not reported at the sign-in"
                    assert browser_head(login, self.browsers[login]) == seen, "talked out of it"
            db.session.rollback()

    def _judged(self, by: Actor, *, contradicts: bool) -> bool:
        """Whether the log itself is right, as far as the machine can tell."""
        try:
            log.state(db.session)
            right = True
        except log.LogWrong:
            right = False
        try:
            log.must_be_trusted()
            trusted = True
        except log.LogWrong:
            trusted = False
        if contradicts:
            self.told.add("contradicts" if right else "contradicts, and is wrong")
            assert not (right and trusted), "a browser that knows another log says nothing"
            for other in (self.nrc, self.vatra):
                if other != by.organisation_id:
                    with pytest.raises(grants.Disagrees):
                        grants.recipients(db.session(), [other], by=by)
                    db.session.rollback()
        elif right:
            self.told.add("goes on")
            assert trusted, "a browser contradicts a log that goes on from what it saw"
        return right

    @rule(pick=PICK)
    def an_honest_person_signs_something(self, pick: int) -> None:
        with current_app.app_context():
            by = self.signed_in(HONEST[pick % len(HONEST)])
            if by is not None and by.member_id is not None:
                with suppress(*REFUSED), transaction() as session:
                    log.must_be_trusted()
                    log.append(session, EntryKind.RENAMED, NewName(by.member_id, crypto.new_key()), by=by)
            db.session.rollback()

    @rule()
    def an_honest_person_makes_a_keyring(self) -> None:
        with current_app.app_context():
            by = self.signed_in("nrc.case_worker")
            if by is not None:
                with suppress(*REFUSED):
                    sealing_again.renew_keyring(by=by)
            db.session.rollback()

    # The intruder.

    @rule()
    def remember(self) -> None:
        """Both databases and the file of the log as they are now, to be put back later."""
        disconnect()
        there = [name for name in FILES if (self.folder / name).is_file()]
        self.copies.append({name: (self.folder / name).read_bytes() for name in there})

    @rule(pick=PICK, file=st.booleans())
    def put_everything_back(self, pick: int, file: bool) -> None:
        disconnect()
        self._clean()
        for name, content in self.copies[pick % len(self.copies)].items():
            (self.folder / name).write_bytes(content)
        self._machine_that_never_saw_it(file=file)

    @rule(pick=PICK, signs=PICK)
    def put_everything_back_when_a_browser_has_seen_more(self, pick: int, signs: int) -> None:
        self.an_honest_person_signs_something(signs)
        self.an_honest_person_signs_in_with_the_browser(pick)
        self.put_everything_back(0, file=True)
        self.an_honest_person_signs_in_with_the_browser(pick)

    @rule(pick=PICK)
    def cut_the_log_off_in_both(self, pick: int) -> None:
        there = digests()
        if len(there) > 2:
            number = max(there) - pick % 4
            if number in there:
                by_hand(delete(KeyLogEntry).where(KeyLogEntry.number > number))
                heads_by_hand(number, there[number])
                self._machine_that_never_saw_it()

    @rule(pick=PICK)
    def grow_another_log_with_their_own_account(self, pick: int) -> None:
        """From wherever it stands now: each entry is right, signed by somebody who may, and known to both databases."""
        with current_app.app_context():
            by = self.signed_in("iom.case_worker")
            if by is not None and by.member_id is not None and by.organisation_id is not None:
                self.friends += 1
                with suppress(*REFUSED):
                    if pick % 2:
                        with transaction() as session:
                            for _ in range(1 + pick % 3):
                                log.append(session, EntryKind.RENAMED, NewName(by.member_id, crypto.new_key()), by=by)
                    else:
                        login = f"iom.friend{self.friends}"
                        factories.join(
                            joining.invite(
                                organisation_id=by.organisation_id,
                                login=login,
                                name="Friend",
                                role=Role.CASE_WORKER,
                                by=by,
                            )
                        )
            db.session.rollback()

    @rule(pick=PICK, other=PICK)
    def swap_entries_and_say_that_it_is_right(self, pick: int, other: int) -> None:
        rows: list[dict[str, Any]] = sorted(rows_of(KeyLogEntry), key=lambda row: int(row["number"]))
        if len(rows) < 3:
            return
        one, two = rows[-1 - pick % 3], rows[-1 - other % 3]
        parts = ("kind", "body", "signer_id", "signature", "digest")
        for to, of in ((one, two), (two, one)):
            values = {name: of[name] for name in parts}
            by_hand(KeyLogEntry.__table__.update().where(KeyLogEntry.number == to["number"]).values(values))
        with suppress(SQLAlchemyError):
            heads_by_hand(rows[-1]["number"], digests()[rows[-1]["number"]])
        self._machine_that_never_saw_it()

    @rule()
    def the_process_starts_anew(self) -> None:
        current_app.extensions.pop("nrm.keylog", None)


@pytest.mark.slow
def test_whoever_writes_both_databases_is_reported_by_the_first_honest_browser(
    template: Path,
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        IntruderOfBoth.template, IntruderOfBoth.folder = template, Path(folder) / "instance"
        IntruderOfBoth.told = set()
        app: Flask = factories.copy_instance(template, IntruderOfBoth.folder)
        app.logger.disabled = True
        chosen = (
            settings(max_examples=RUNS, stateful_step_count=50)
            if RUNS
            else settings(
                max_examples=10, stateful_step_count=25, phases=[Phase.generate], derandomize=True, database=None
            )
        )
        try:
            with app.app_context():
                run_state_machine_as_test(
                    IntruderOfBoth,
                    settings=settings(chosen, suppress_health_check=list(HealthCheck), print_blob=True, deadline=None),
                )
                disconnect()
        finally:
            app.logger.disabled = False
            clock.set_clock(None)
    assert {"contradicts", "goes on"} <= IntruderOfBoth.told
