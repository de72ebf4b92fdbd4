"""Databases at any revision of the tables, and rows in them that no model of today describes.

A migration is read years after it was written, when the models say something else. Its tests therefore put rows in by
the names that the tables have at that revision: `Databases.add` looks the table up in the database, and fills what the
test does not name.
"""

from __future__ import annotations

import shutil
import types
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic.script import ScriptDirectory
from flask import Flask
from sqlalchemy.exc import IntegrityError

from nrm import crypto, db, revisions, schema
from tests import postgres

Row = dict[str, Any]
AT = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
DAY = date(2026, 3, 2)
SECRET = bytes(range(32))

# What a row of a table must say so that its checks let it in; a function is called with the databases. A table or a
# column that is not named gets what its type allows: an empty text, 1, `AT`, `DAY`.
USUAL: dict[str, Row] = {
    "organisations": {"kind": "ngo_shelter", "party": "VATRA", "enabled": True},
    "members": {"role": "case_worker", "status": "active"},
    "instances": {"singleton": 1, "country": "albania"},
    "key_log": {"kind": "joined", "number": 1},
    "cases": {"status": "open", "age_class": "adult"},
    "interviews": {"status": "draft"},
    "screen_steps": {"step": "screened"},
    "obligations": {"kind": "assess_risk", "party": "VATRA"},
    "permits": {"state": "not_informed"},
    "permit_entries": {"event": "apply", "position": 1},
    "permit_marks": {"kind": "seconded"},
    "testimony_strikes": {"reason": "wrong_day", "step_id": lambda data: data.first("testimony")["id"]},
    "referrals": {"status": "sent", "receiver_id": lambda data: data.add("organisations")["id"]},
    "testimony": {"status": "willing"},
    "contract_changes": {"amount": 1, "why": "annex", "state": "waits"},
    "benefits": {"amount": 1, "months": 1, "channel": "account", "voucher": "", "state": "asked"},
    "witnesses": {"gender": "unknown", "age_class": "adult"},
    "witness_steps": {
        "status": "willing",
        "position": 1,
        "witness_id": lambda data: data.first("witnesses")["id"],
    },
    "link_numbers": {"link_id": lambda data: data.first("link_codes")["id"]},
    "witness_step_strikes": {"reason": "wrong_day", "step_id": lambda data: data.first("witness_steps")["id"]},
    "hearing_entries": {
        "kind": "announced",
        "hearing_id": None,
        "witness_id": None,
        "case_id": lambda data: data.first("cases")["id"],
    },
    "hearing_strikes": {"reason": "wrong_day", "entry_id": lambda data: data.first("hearing_entries")["id"]},
    "threat_alarms": {
        "witness_id": None,
        "step_id": None,
        "witness_step_id": None,
        "case_id": lambda data: data.first("cases")["id"],
    },
    "kept_hearings": {"case_id": lambda data: data.first("cases")["id"]},
    "threats_seen": {"alarm_id": lambda data: data.first("threat_alarms")["id"]},
    "destructions": {"kind": "shred", "compartment": "identity", "epoch": 1},
    "screenings": {"age_class": "adult", "outcome": "none", "processed": "released"},
    "child_alerts": {"age_class": "child", "party": "CHILD_PROTECTION"},
    "family_notices": {"answer": "", "answer_how": "", "ages": [4]},
    "supplements": {"status": "waiting"},
    "notices": {"origin": "consulate", "status": "announced", "child": "no"},
    "key_events": {"event": "joined"},
    "quarter_parts": {"answer": "confirmed"},
    "alarms": {"hours": 1, "cases": 3},
    "calls": {"number": "+355 4 000 000", "answered": False},
    "places": {"until_on": None},
    "units": {"until_on": None},
    "out_of_service": {"reason": "repairs"},
    "promises": {"until_on": date(2026, 3, 4), "code": "K7QM-4T2X-9"},
    "departures": {"kind": "hospital", "reason": "treatment"},
    "chases": {"kind": "answer"},
    "match_questions": {"said": "refused", "sealed_pairs": None},
    "repeat_values": {"value": "new"},
    "mailboxes": {"language": "sq"},
    "agreement_versions": {"status": "proposed"},
    "agreement_signatures": {"place": 1},
    "agreement_withdrawals": {"reason": "another text was agreed on"},
    "accepted_weakenings": {"reason": "no other centre is a party yet"},
    "contracts": {"amount": 1},
    "person_requests": {"kind": "copy", "status": "open"},
    "monitoring_draws": {"quarter": "2026-Q1", "sealed_seed": b"sealed"},
    "procedure_records": {"in_time": "yes"},
    "remedies": {"action": "train", "owner": "post_chief"},
    "monitoring_scores": {"round": 1},
    "directive_acknowledgements": {"version": 1},
    "filings": {"answer": "zero", "position": 1},
    "child_returns": {"asked": "both", "state": "requested", "received_on": DAY, "due_on": DAY},
    "child_return_outcomes": {"position": 1, "months": 3, "outcome": "family"},
    "child_return_steps": {"position": 1, "step": "requested"},
    "helpline_calls": {"called_on": DAY, "caller": "person", "topic": "rights", "outcome": "advice"},
    "consents": {"topic": "services", "said": "given"},
    "named_parties": {"naming": "named", "party": "VATRA"},
    "identifications": {"state": "asked", "status": "possible"},
    "identification_looks": {"position": 1, "outcome": "identified"},
    "stay_corrections": {"position": 1, "kind": "admission", "why": "mistyped", "was": {}},
    "away": {"over_on": None, "outcome": ""},
    "planned_ends": {"position": 1, "why": "admission"},
    "plan_steps": {"outcome": ""},
    "service_answers": {"services": []},
    "claim_entries": {
        "position": 1,
        "event": "ask",
        "forum": "civil_suit",
        "outcome": "pending",
        "asked": "under_1000",
    },
    "screening_kinds": {"age_class": "adult", "outcome": "none", "processed": "released"},
    "screening_counts": {"number": 1},
    "child_findings": {"kind": "risk", "found": "not_yet_clear", "position": 1},
    "case_ages": {"kind": "assessed", "age_class": "adult", "was": "child", "from_on": DAY},
    "child_looks": {
        "found": "safe",
        "assessed_by_id": lambda data: data.add("organisations")["id"],
    },
    "child_decisions": {
        "outcome": "goes",
        "decided_by": "authority",
        "household_id": lambda data: data.first("child_households")["id"],
        "look_id": lambda data: data.first("child_looks")["id"],
    },
    "child_guardians": {"no_companion": True, "not_of_household": True},
    "referral_mistakes": {"kind": "acceptance", "escort": "", "why": "mistyped"},
    "passkey_challenges": {"purpose": "prove"},
    "missing_told": {"way": "telephone", "number": "129", "reached": True},
    "missing": {
        "feared": "no",
        "age_class": "adult",
        "since_at": AT,
        "stay_id": lambda data: data.first("stays")["id"],
    },
    "left_alone": {"kind": "left", "destination": "unknown"},
    "heavy_acts": {
        "kind": "erase",
        "reason": "erasure_asked",
        "status": "asked",
        "case_id": lambda data: data.first("cases")["id"],
    },
    "suspensions": {
        "reason": "misuse",
        "until": AT + timedelta(hours=72),
        "how_ended": "",
        "by_id": lambda data: data.add("members")["id"],
    },
    "known_keyrings": {"version": 1},
    "occasions": {
        "purpose": "anew",
        "status": "waits",
        "effective_at": AT,
        "typed_at": None,
        "typed_by_id": None,
        "second_id": None,
        "member_id": lambda data: data.add("members")["id"],
    },
    "closings": {
        "way": "letter",
        "reopened_on": None,
        "reopened_by_id": None,
        "by_her_wish": False,
        "closed_by_id": lambda data: data.first("members")["id"],
    },
    "interview_holds": {
        "ending": "none",
        "was": "draft",
        "desk": False,
        "id": lambda data: data.add("interviews")["id"],
    },
    "key_workers": {"place": "key"},
    "follow_ups": {"ended_on": None, "ended_why": ""},
    "follow_up_dates": {"state": "open", "outcome": "", "counts_on": None, "months": 1, "tries": 0},
    "shifts": {"kind": "people", "until_at": AT + timedelta(hours=8)},
}


def scripts() -> ScriptDirectory:
    """The migrations of the tree."""
    return ScriptDirectory.from_config(schema.alembic_config())


def order() -> list[str]:
    """Every revision, the oldest first."""
    return [each.revision for each in scripts().walk_revisions()][::-1]


def mark(*parts: crypto.Part) -> bytes:
    """The mark that `nrm.vault` gives such a row, under the key of these databases."""
    return crypto.mac(crypto.expand(SECRET, crypto.ctx("mark")), crypto.ctx(*parts))


Tables = dict[tuple[str, str], sa.Table]


def refused(why: str) -> pytest.RaisesExc[IntegrityError]:
    """What is done inside is refused by the database; `why` is in its message: the name of a check or a column."""
    return pytest.raises(IntegrityError, match=why)


class Databases:
    """Both databases at one revision, with the step to the next one."""

    def __init__(self, revision: str, before: str, tables: Tables) -> None:
        self.revision, self.before = revision, before
        self._now = before
        self._tables = tables
        self._first: dict[str, Row] = {}
        self._second: dict[str, set[str]] = {}

    def up(self, revision: str = "") -> None:
        """Migrate to the revision under test, or a named one."""
        schema.upgrade(revision or self.revision)
        self._now = revision or self.revision

    def down(self, revision: str = "") -> None:
        """Migrate to the revision before that, or a named one."""
        schema.downgrade(revision or self.before)
        self._now = revision or self.before

    def forget_that_the_second_database_was_migrated(self) -> None:
        """As after a machine that stopped between its tables and the line that says so."""
        with db.db.engines["shred"].begin() as connection:
            connection.execute(sa.text("UPDATE alembic_version SET version_num = :name"), {"name": self.before})

    def at(self) -> set[str]:
        """The revisions at which the two databases say that they are."""
        found = set()
        for engine in db.db.engines.values():
            with engine.connect() as connection:
                found.add(revisions.revision(connection))
        return found

    def add(self, name: str, **values: Any) -> Row:
        """Put a row in, with a row of every table that it must refer to; gives the row."""
        table = self.table(name)
        if unknown := values.keys() - table.columns.keys():
            raise AttributeError(f"{name} has no {', '.join(sorted(unknown))} at this revision")
        row = {column.name: self._value(column, values) for column in table.columns if self._wanted(column, values)}
        with self._engine(name).begin() as connection:
            connection.execute(table.insert(), row)
        self._first.setdefault(name, row)
        return row

    def change(self, name: str, id: uuid.UUID, **values: Any) -> None:
        """Change the row with that id."""
        table = self.table(name)
        with self._engine(name).begin() as connection:
            connection.execute(table.update().where(table.c.id == id).values(**values))

    def first(self, name: str) -> Row:
        """The first row that was put into that table; made where there is none."""
        return self._first[name] if name in self._first else self.add(name)

    def rows(self, name: str, **where: Any) -> list[Row]:
        """What a table holds, in the order of its primary key."""
        table = self.table(name)
        found = table.select().order_by(*table.primary_key.columns)
        for column, value in where.items():
            found = found.where(table.c[column] == value)
        with self._engine(name).connect() as connection:
            return [dict(row) for row in connection.execute(found).mappings()]

    def as_they_lie(self, name: str) -> list[Row]:
        """What a table holds as the driver gives it, without looking up of what types it is."""
        with self._engine(name).connect() as connection:
            found = connection.exec_driver_sql(f"SELECT * FROM {name}").mappings()
            return [dict(row) for row in found]

    def one(self, name: str, **where: Any) -> Row:
        """The one row there is."""
        (row,) = self.rows(name, **where)
        return row

    def names(self) -> set[str]:
        """The tables of both databases."""
        found = {name for engine in db.db.engines.values() for name in sa.inspect(engine).get_table_names()}
        return found - {"alembic_version"}

    def second(self) -> set[str]:
        """The tables of the second database."""
        if self._now not in self._second:
            found = sa.inspect(db.db.engines["shred"]).get_table_names()
            self._second[self._now] = set(found) - {"alembic_version"}
        return self._second[self._now]

    def table(self, name: str) -> sa.Table:
        """The table as it is now."""
        place = (self._now, name)
        if place not in self._tables:
            metadata = sa.MetaData()
            sa.event.listen(metadata, "column_reflect", _with_types_of_ours)
            self._tables[place] = sa.Table(name, metadata, autoload_with=self._engine(name), resolve_fks=False)
        return self._tables[place]

    def _engine(self, name: str) -> sa.Engine:
        return db.db.engines["shred"] if name in self.second() else db.db.engine

    def _wanted(self, column: sa.Column[Any], values: Row) -> bool:
        named = column.name in values or column.name in USUAL.get(column.table.name, {})
        return named or not (column.nullable or column.server_default is not None)

    def _value(self, column: sa.Column[Any], values: Row) -> Any:
        usual = USUAL.get(column.table.name, {})
        if column.name in values:
            return values[column.name]
        if column.name in usual:
            return usual[column.name](self) if callable(usual[column.name]) else usual[column.name]
        for key in column.foreign_keys:
            name, _, other = key.target_fullname.partition(".")
            return self.first(name)[other]
        return _filling(column)


def _filling(column: sa.Column[Any]) -> Any:
    kind = column.type
    number = uuid.uuid4()
    unique = column.primary_key or any(
        isinstance(each, sa.UniqueConstraint) and column.name in each.columns
        for each in getattr(column.table, "constraints", ())
    )
    fillings: list[tuple[type[Any], Any]] = [
        (sa.Uuid, number),
        (db.UtcDateTime, AT),
        (sa.Date, DAY),
        (sa.Boolean, False),
        (sa.Integer, 1),
        (sa.LargeBinary, number.bytes if unique else b"sealed"),
        (sa.JSON, {}),
        (sa.String, number.hex if unique else ""),
    ]
    return next(value for known, value in fillings if isinstance(kind, known))


def _with_types_of_ours(inspector: Any, table: Any, column: Any) -> None:
    """SQLite keeps ids as text of 32 digits, and instants without their zone."""
    kind = column["type"]
    if isinstance(kind, sa.CHAR) and kind.length == 32:
        column["type"] = sa.Uuid()
    elif isinstance(kind, sa.DateTime):
        column["type"] = db.UtcDateTime()


class Copies:
    """SQLite files at each revision that a test asks for: made once, each from the one before, and copied."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._rungs: dict[str, Path] = {}
        self._tables: Tables = {}

    @contextmanager
    def before(self, revision: str) -> Iterator[Databases]:
        """Databases that stand just before a revision, empty, in an application context."""
        before = _before(revision)
        with _opened(_files(self._copy(self._rung(before), str(uuid.uuid4())))):
            yield Databases(revision, before, self._tables)

    def _rung(self, revision: str) -> Path:
        if revision not in self._rungs:
            every = ["base", *order()]
            lower = [each for each in every[: every.index(revision)] if each in self._rungs]
            made = self._copy(self._rungs[lower[-1]] if lower else None, revision)
            if revision != "base":
                with _opened(_files(made)):
                    schema.upgrade(revision)
            self._rungs[revision] = made
        return self._rungs[revision]

    def _copy(self, of: Path | None, name: str) -> Path:
        made = self.folder / name
        if of is None:
            made.mkdir()
        else:
            shutil.copytree(of, made)
        return made


class OnePair:
    """Two PostgreSQL databases that each test empties and brings to its revision: a step, for tests in their order.

    A copy for each test is as quick to make, but a server with a hundred databases takes minutes to stop.
    """

    def __init__(self, server: postgres.Server) -> None:
        self._addresses = (server.new_database(), server.new_database())
        self._tables: Tables = {}

    @contextmanager
    def before(self, revision: str) -> Iterator[Databases]:
        """Databases that stand just before a revision, empty, in an application context."""
        before = _before(revision)
        with _opened(self._addresses):
            for engine in db.db.engines.values():
                names = set(sa.inspect(engine).get_table_names()) - {"alembic_version"}
                if names:
                    with engine.begin() as connection:
                        connection.execute(sa.text(f"TRUNCATE {', '.join(names)}"))
            if before != "base":
                schema.upgrade(before)
            schema.downgrade(before)
            yield Databases(revision, before, self._tables)


Ladder = Copies | OnePair


def _before(revision: str) -> str:
    every = ["base", *order()]
    return every[every.index(revision) - 1]


def _files(folder: Path) -> tuple[str, str]:
    return f"sqlite:///{folder}/main.db", f"sqlite:///{folder}/shred.db"


@contextmanager
def _opened(addresses: tuple[str, str]) -> Iterator[None]:
    main, shred = addresses
    app = Flask("migrated")
    # All that a migration asks an instance for, beside its databases.
    app.extensions["nrm.config"] = types.SimpleNamespace(
        secrets=types.SimpleNamespace(store=SECRET), argon2_kib=19456, argon2_passes=2
    )
    db.init_app(app, database=main, shred_database=shred, synchronous="OFF")
    with app.app_context():
        yield
        db.disconnect()


@contextmanager
def files_read_once() -> Iterator[None]:
    """Alembic reads all migrations for each step; they do not change under a run of tests."""
    found = scripts()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ScriptDirectory, "from_config", lambda settings: found)
        yield


Before = Callable[[str], Databases]
