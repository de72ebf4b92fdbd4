"""An intruder who writes every row of the main database, and has the administrator's account and one of a shelter.

Not theirs: the second database, the key files, anybody else's password. Whatever they do, in any order and between any
acts of honest people: nobody honest seals to a key that no honest person vouched for, and the intruder's own accounts
open what their own shelter was granted, and nothing else.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import uuid
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, ClassVar

import pytest
from flask import Flask, current_app
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import delete, insert, select, update
from sqlalchemy.exc import OperationalError, SQLAlchemyError

from nrm import clock, crypto
from nrm.actions.accounts import (
    accounts,
    beginning_anew,
    holding,
    joining,
    members,
    organisations,
    sealing_again,
    words,
)
from nrm.db import db, disconnect, transaction
from nrm.domain.accounts.accounts import Actor, Role
from nrm.domain.accounts.suspensions import OrganisationReason
from nrm.models.accounts.accounts import Invitation, Keyring, KeyringWrap, Member, MemberSession, Organisation
from nrm.models.accounts.key_log import KeyLogEntry
from nrm.vault import grants
from nrm.vault.keylog import heads, log
from tests import factories
from tests import factories_referrals as people
from tests.thief import MEMBERS, Files, opened
from tests.world import World

OWN = "IOM"  # the intruder works there
HONEST = ("RINAS", "NRC", "VATRA", "RA", "TRP_UNIT")
TABLES: tuple[Any, ...] = (Member, Invitation, Keyring, KeyringWrap, Organisation, KeyLogEntry, MemberSession)
CHANGED: tuple[type[Exception], ...] = (SQLAlchemyError, ValueError)
REFUSED = (Exception,)
RUNS = int(os.environ.get("NRM_HISTORIES", "0"))
PICK = st.integers(0, 10_000)


def rows_of(table: Any) -> list[dict[str, Any]]:
    with db.engine.connect() as connection:
        return [dict(row._mapping) for row in connection.execute(select(table.__table__))]


def by_hand(*statements: Any) -> bool:
    """Statements of a person who has the database; what its constraints refuse does nothing."""
    try:
        with db.engine.begin() as connection:
            for each in statements:
                connection.execute(each)
    except SQLAlchemyError:
        return False
    return True


class Intruder(RuleBasedStateMachine):
    """Honest people work; the intruder does anything with the rows in between."""

    template: ClassVar[Path]
    folder: ClassVar[Path]
    world: ClassVar[World]

    @initialize()
    def begin(self) -> None:
        disconnect()
        for name in ("main.db", "shred.db"):
            for file in self.folder.glob(f"{name}*"):
                file.unlink()
            shutil.copy(self.template / name, self.folder / name)
        factories.forget_key_log(current_app._get_current_object())  # type: ignore[attr-defined]
        state = log.state(db.session)
        self.ids = {code: people.organisation(code) for code in (*HONEST, OWN)}
        self.good = {code: {state.organisations[of].public} for code, of in self.ids.items()}
        self.good_members = {each.sealing for each in state.members.values()}
        db.session.rollback()
        self.before: list[dict[Any, list[dict[str, Any]]]] = []
        self.logins: set[str] = {"iom.case_worker", "iom.shelter_manager", "administrator"}
        self.planted = 0
        self.said: dict[str, tuple[Sequence[str], bytes]] = {}
        self.remember()

    # Honest people.

    def seals(self, code: str, by: Actor | None = None) -> None:
        """What an honest session would seal to: a good key, or nothing."""
        db.session.rollback()
        with suppress(grants.Disagrees, grants.HoldsNoKeys, crypto.CannotOpen):
            (to,) = grants.recipients(db.session(), [self.ids[code]], by=by)
            assert to.organisation_id == self.ids[code]
            assert to.public in self.good[code], f"sealed to a key of {code} that nobody honest vouched for"
        db.session.rollback()

    @invariant()
    def nobody_seals_to_a_bad_key(self) -> None:
        if hasattr(self, "good"):
            for code in HONEST:
                self.seals(code)

    @rule(pick=PICK)
    def an_honest_person_signs_in_and_their_rights_are_theirs(self, pick: int) -> None:
        login, role = (
            ("nrc.shelter_manager", Role.SHELTER_MANAGER),
            ("vatra.case_worker", Role.CASE_WORKER),
            ("rinas.border_officer", Role.BORDER_OFFICER),
            ("ra.duty_officer", Role.DUTY_OFFICER),
        )[pick % 4]
        by = self.signed_in(login)
        if by is not None and by.keys is not None:
            assert by.role == role
            self.seals(login.partition(".")[0].upper(), by)

    def signed_in(self, login: str) -> Actor | None:
        db.session.rollback()
        with suppress(accounts.SignInRefused, crypto.CannotOpen):
            found = accounts.resume(accounts.sign_in(login=login, password=factories.PASSWORD))
            return found.actor if isinstance(found, accounts.SignedIn) and not found.waiting else None
        return None

    @rule(pick=PICK)
    def an_honest_person_makes_a_keyring_because_the_page_says_so(self, pick: int) -> None:
        code, login = (("NRC", "nrc.shelter_manager"), ("VATRA", "vatra.case_worker"))[pick % 2]
        by = self.signed_in(login)
        if by is None:
            return
        before = {row["id"] for row in rows_of(Keyring)}
        with transaction() as session:
            session.execute(
                update(Organisation).where(Organisation.id == self.ids[code]).values(keyring_due_at=clock.now())
            )
        try:
            sealing_again.renew_keyring(by=by)
        except REFUSED:
            db.session.rollback()
            return
        self.made(code, before)

    def made(self, code: str, before: set[uuid.UUID]) -> None:
        """What an honest person just made is good, and wrapped to nobody else than who was let in."""
        new = [row for row in rows_of(Keyring) if row["id"] not in before and row["organisation_id"] == self.ids[code]]
        self.good[code] |= {bytes(row["public"]) for row in new}
        wrapped = [row for row in rows_of(KeyringWrap) if row["keyring_id"] in {each["id"] for each in new}]
        keys = {row["id"]: bytes(row["kem_public"]) for row in rows_of(Member) if row["kem_public"]}
        assert {keys[row["member_id"]] for row in wrapped} <= self.good_members, "wrapped to somebody nobody let in"

    @rule(pick=PICK)
    def an_honest_person_does_not_hold_the_key_and_says_so(self, pick: int) -> None:
        """A colleague gives it, or they make the next one."""
        code, login, colleague = (
            ("NRC", "nrc.case_worker", "nrc.shelter_manager"),
            ("VATRA", "vatra.case_worker", "vatra.shelter_manager"),
        )[pick % 2]
        by = self.signed_in(login)
        if by is None or by.member_id is None:
            return
        by_hand(delete(KeyringWrap).where(KeyringWrap.member_id == by.member_id))
        before = {row["id"] for row in rows_of(Keyring)}
        giving = self.signed_in(colleague) if pick % 4 < 2 else None
        try:
            holding.say_lacks(by=by)
            if giving is None:
                holding.make_next(by=by)
            else:
                holding.give(member_id=by.member_id, by=giving)
        except REFUSED:
            db.session.rollback()
        self.made(code, before)

    @rule()
    def an_honest_colleague_joins_and_is_let_in(self) -> None:
        by = self.signed_in("vatra.shelter_manager")
        if by is None:
            return
        self.planted += 1
        login = f"vatra.honest{self.planted}"
        with suppress(*REFUSED):
            token = joining.invite(
                organisation_id=self.ids["VATRA"], login=login, name="Honest", role=Role.CASE_WORKER, by=by
            )
            factories.join(token)
            self.reads(login)
        db.session.rollback()

    def reads(self, login: str) -> None:
        """What this person's own page shows now is what they will read, whatever the rows say when it is typed."""
        db.session.rollback()
        found = accounts.resume(accounts.sign_in(login=login, password=factories.PASSWORD))
        if isinstance(found, accounts.SignedIn) and (shown := words.shown(by=found.actor)) is not None:
            keys = found.actor.keys
            assert keys is not None
            self.said[login] = (shown.words, crypto.public_key_of(keys.kem_private))
        db.session.rollback()

    @rule(pick=PICK)
    def an_honest_colleague_types_what_was_read_to_her(self, pick: int) -> None:
        honest = sorted(each for each in self.said if each.startswith("vatra.honest"))
        by = self.signed_in("vatra.shelter_manager")
        if not honest or by is None:
            return
        login = honest[pick % len(honest)]
        said, key = self.said[login]
        with suppress(*REFUSED):
            (row,) = [row for row in rows_of(Member) if row["login"] == login]
            if words.type_words(member_id=row["id"], typed=said, by=by):
                assert bytes(row["kem_public"]) == key, "the words of other keys were as good"
                self.good_members.add(key)
        db.session.rollback()

    # The intruder.

    @rule()
    def remember(self) -> None:
        """Rows as they are now, to be put back later."""
        db.session.rollback()
        self.before.append({table: rows_of(table) for table in TABLES})

    @rule(pick=PICK, which=PICK)
    def put_back_a_table(self, pick: int, which: int) -> None:
        table = TABLES[which % len(TABLES)]
        rows = self.before[pick % len(self.before)][table]
        by_hand(delete(table), *([insert(table).values(row) for row in rows]))

    @rule(pick=PICK)
    def put_everything_back(self, pick: int) -> None:
        earlier = self.before[pick % len(self.before)]
        order = (MemberSession, KeyringWrap, Keyring, Invitation, KeyLogEntry)
        by_hand(
            *(delete(table) for table in order),
            *(insert(table).values(row) for table in reversed(order) for row in earlier[table]),
            *(update(Member).where(Member.id == row["id"]).values(row) for row in earlier[Member]),
            *(update(Organisation).where(Organisation.id == row["id"]).values(row) for row in earlier[Organisation]),
        )

    @rule(pick=PICK, which=PICK)
    def delete_a_row(self, pick: int, which: int) -> None:
        table = TABLES[which % len(TABLES)]
        rows = rows_of(table)
        if rows:
            key = next(iter(table.__table__.primary_key))
            by_hand(delete(table).where(key == rows[pick % len(rows)][key.name]))

    @rule(pick=PICK, other=PICK, which=PICK)
    def swap_a_column(self, pick: int, other: int, which: int) -> None:
        table, names = (
            (Member, ("kem_public", "kem_mark", "sign_public", "sign_mark")),
            (Keyring, ("public", "mark", "version")),
            (Member, ("organisation_id",)),
            (KeyLogEntry, ("body", "signer_id", "signature", "digest", "kind")),
            (KeyringWrap, ("sealed_private", "voucher")),
        )[which % 5]
        rows = rows_of(table)
        if len(rows) < 2:
            return
        one, two = rows[pick % len(rows)], rows[other % len(rows)]
        key = next(iter(table.__table__.primary_key))
        by_hand(
            *(
                update(table).where(key == a[key.name]).values({name: b[name] for name in names})
                for a, b in ((one, two), (two, one))
            )
        )

    @rule(pick=PICK)
    def append_an_old_entry_again(self, pick: int) -> None:
        rows = sorted(rows_of(KeyLogEntry), key=lambda row: int(row["number"]))
        if rows:
            copy = rows[pick % len(rows)]
            by_hand(insert(KeyLogEntry).values({**copy, "number": rows[-1]["number"] + 1}))

    @rule(pick=PICK)
    def put_in_a_keyring_of_their_own(self, pick: int) -> None:
        code = HONEST[pick % len(HONEST)]
        newest = max(
            (row["version"] for row in rows_of(Keyring) if row["organisation_id"] == self.ids[code]), default=0
        )
        right = [row for row in rows_of(Keyring) if row["organisation_id"] == self.ids[OWN]]
        if right:
            values = {**right[-1], "id": uuid.uuid4(), "organisation_id": self.ids[code], "version": newest + 1}
            by_hand(insert(Keyring).values(values))

    @rule(code=st.sampled_from(("NRC", "VATRA", "RINAS", "TRP_UNIT")), hides=st.booleans(), marked=st.booleans())
    def join_somewhere_by_hand(self, code: str, hides: bool, marked: bool) -> None:
        """Rows for a member and an invitation; then the web. `marked`: as if the link were one of the program's."""
        self.planted += 1
        login = f"planted{self.planted}"
        self.logins.add(login)
        if hides:
            ours = [row["id"] for row in rows_of(Keyring) if row["organisation_id"] == self.ids[code]]
            by_hand(
                delete(KeyringWrap).where(KeyringWrap.keyring_id.in_(ours)), delete(Keyring).where(Keyring.id.in_(ours))
            )
        with suppress(*REFUSED):
            db.session.rollback()
            factories.join(factories.invited_by_hand(login, code, marked=marked))
            self.reads(login)
        db.session.rollback()
        by_hand(update(Member).where(Member.login == login).values(status="active", code_checked_at=clock.now()))

    @rule(pick=PICK)
    def work_with_a_planted_account(self, pick: int) -> None:
        login = f"planted{pick % max(self.planted, 1) + 1}"
        by = self.signed_in(login)
        if by is None:
            return
        for act in (
            lambda: sealing_again.renew_keyring(by=by),
            lambda: sealing_again.move_grants(by=by),
            lambda: sealing_again.seal_again(by=by),
        ):
            with suppress(*REFUSED):
                act()
            db.session.rollback()
        for row in rows_of(Member):
            if row["login"] in self.said:
                with suppress(*REFUSED):
                    words.type_words(member_id=row["id"], typed=self.said[row["login"]][0], by=by)
                db.session.rollback()

    @rule(pick=PICK, role=st.sampled_from(sorted(Role)))
    def change_a_role_or_what_an_organisation_is(self, pick: int, role: Role) -> None:
        rows = rows_of(Member)
        if rows:
            by_hand(
                update(Member).where(Member.id == rows[pick % len(rows)]["id"]).values(role=str(role), status="active")
            )
        code = HONEST[pick % len(HONEST)]
        by_hand(
            update(Organisation).where(Organisation.id == self.ids[code]).values(party="IOM", crossing_point="durres")
        )

    @rule(pick=PICK)
    def act_as_the_administrator(self, pick: int) -> None:
        admin = self.signed_in("administrator")
        if admin is None:
            return
        rows = [row for row in rows_of(Member) if row["organisation_id"] in self.ids.values()]
        if not rows:
            return
        whom, code = rows[pick % len(rows)], HONEST[pick % len(HONEST)]
        self.planted += 1
        self.logins.add(f"planted{self.planted}")
        acts: tuple[Callable[[], Any], ...] = (
            lambda: factories.join(beginning_anew.begin_again(member_id=whom["id"], by=admin)),
            lambda: members.disable(member_id=whom["id"], by=admin),
            lambda: organisations.suspend(organisation_id=self.ids[code], reason=OrganisationReason.ASKED, by=admin),
            lambda: organisations.readmit(organisation_id=self.ids[code], by=admin),
            lambda: factories.join(
                joining.invite(
                    organisation_id=self.ids[code],
                    login=f"planted{self.planted}",
                    name="Planted",
                    role=Role.CASE_WORKER,
                    by=admin,
                )
            ),
        )
        with suppress(*REFUSED):
            acts[pick % len(acts)]()
        db.session.rollback()

    @rule(pick=PICK)
    def work_in_their_own_shelter(self, pick: int) -> None:
        """There they may do what any member may: let in whom they like, and make keyrings."""
        by = self.signed_in("iom.case_worker")
        if by is None:
            return
        self.planted += 1
        login = f"planted{self.planted}"
        self.logins.add(login)
        with suppress(*REFUSED):
            if pick % 2:
                sealing_again.renew_keyring(by=by)
            else:
                token = joining.invite(
                    organisation_id=self.ids[OWN], login=login, name="Friend", role=Role.CASE_WORKER, by=by
                )
                factories.join(token)
                self.reads(login)
                (row,) = [row for row in rows_of(Member) if row["login"] == login]
                words.type_words(member_id=row["id"], typed=self.said[login][0], by=by)
        db.session.rollback()

    @rule()
    def the_process_starts_anew(self) -> None:
        current_app.extensions.pop("nrm.keylog", None)

    @rule()
    @precondition(lambda self: hasattr(self, "good"))
    def a_confirmation_is_lost(self) -> None:
        """The machine stops between the commit and the confirmation of the next entry."""
        real = heads.confirm

        def failing(_: heads.Head) -> None:
            raise OperationalError("the second database is away", None, Exception())

        heads.confirm = failing
        try:
            self.an_honest_person_makes_a_keyring_because_the_page_says_so(0)
        finally:
            heads.confirm = real

    def teardown(self) -> None:
        if not hasattr(self, "logins"):
            return
        disconnect()
        files = Files(self.folder, self.folder)
        files.tables[MEMBERS] = [row for row in files.table(*MEMBERS) if row[1] in self.logins]
        assert not set(opened(files, *HONEST)), "the intruder's accounts open what was granted to others"


@pytest.mark.slow
def test_whoever_writes_the_main_database_becomes_nobody_else(
    world_template: tuple[Path, World], tmp_path: Path
) -> None:
    template, world = world_template
    with tempfile.TemporaryDirectory() as folder:
        Intruder.template, Intruder.folder, Intruder.world = template, Path(folder) / "instance", world
        app: Flask = factories.copy_instance(template, Intruder.folder)
        app.logger.disabled = True
        chosen = (
            settings(max_examples=RUNS, stateful_step_count=50)
            if RUNS
            else settings(
                max_examples=8, stateful_step_count=25, phases=[Phase.generate], derandomize=True, database=None
            )
        )
        try:
            with app.app_context():
                run_state_machine_as_test(
                    Intruder,
                    settings=settings(chosen, suppress_health_check=list(HealthCheck), print_blob=True, deadline=None),
                )
                disconnect()
        finally:
            app.logger.disabled = False
            clock.set_clock(None)
