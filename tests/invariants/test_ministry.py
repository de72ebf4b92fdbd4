"""The ministry's roles ask every question the store answers about people, and are told nothing."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import uuid
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import create_engine, make_url, select
from sqlalchemy import inspect as inspect_database
from sqlalchemy.event import listen
from sqlalchemy.exc import DBAPIError, ProgrammingError

from nrm import clock
from nrm import store as package
from nrm.db import Model, db, disconnect
from nrm.domain.accounts.accounts import ROLES_OF, NotPermitted, NotVisible, OrganisationKind, Permission
from nrm.domain.accounts.members import Keys
from nrm.domain.accounts.second_hands import ActKind
from nrm.domain.presses import Press
from nrm.domain.quarters import Quarter
from nrm.domain.referrals.referrals import ReferralStatus, Relation
from nrm.domain.referrals.transfers import Stand
from nrm.domain.shelter.cases import Compartment
from nrm.domain.shelter.permits import PermitEvent
from nrm.domain.support.feedback import Note
from nrm.models.accounts.accounts import Member
from nrm.models.accounts.alarms import Alarm
from nrm.models.referrals.announced_returns import AnnouncedReturn
from nrm.models.referrals.referrals import Obligation, Referral
from nrm.models.shelter.cases import Case
from nrm.store import days
from nrm.store.home import Top
from nrm.store.paging import Page
from nrm.store.referrals.transfers import MoveLine
from nrm.store.reports import reports
from nrm.store.shelter.cases import CaseRelation
from nrm.store.shelter.stays import StaysOfCase
from nrm.store.support.hearings import Person
from tests import factories
from tests.invariants.test_routes import LOGINS
from tests.world import World

MINISTRY = [LOGINS[role] for role in sorted(ROLES_OF[OrganisationKind.MINISTRY])]
# What speaks of accounts, of the agreement or of what is published, and of nobody in a case.
NOT_OF_PEOPLE = {
    "accounts.accounts",
    "accounts.members",
    "accounts.own_entries",
    "agreement.agreement_versions",
    "agreement.agreements",
    "agreement.parties",  # of organisations; whether one holds a case it does not say
    "agreement.readiness",  # of organisations; neither how many places one has nor who is there
    "countries",
    "days",
    "interviews.directives",
    "names",
    "paging",
    "reports.contributions",
    "reports.register",
    "reports.reports",
    "shelter.payment_lines",
    "support.subsidies",  # nights of a shelter, as `payment_lines`
}


def modules() -> Iterator[ModuleType]:
    """Every module of the store but those; `rows` asks nobody, and no page may import it."""
    for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        name = found.name.removeprefix(f"{package.__name__}.")
        if not found.ispkg and name not in NOT_OF_PEOPLE and not name.startswith("rows."):
            yield importlib.import_module(found.name)


def questions() -> list[Callable[..., Any]]:
    """Every public function of the store that answers somebody (`by`) about people."""
    return [
        function
        for module in modules()
        for name, function in inspect.getmembers(module, inspect.isfunction)
        if function.__module__ == module.__name__
        and not name.startswith("_")
        and "by" in inspect.signature(function).parameters
        and not is_part(function)
    ]


def is_part(function: Callable[..., Any]) -> bool:
    """Whether it only says how to ask, for a question that is asked elsewhere in the store."""
    return str(function.__annotations__["return"]).startswith("ColumnElement[")


ALL = questions()
# The asker's own sign-in name; the telephones of desks; whether a post interviews at all, and for the monitor how its
# assessments compare, and in rounded shares how far screenings came, over quarters that are over
# (tests/integration/interviews/test_rollout.py says who is refused).
HARMLESS = {
    # What the payment desk is asked for by payment codes (tests/integration/support/test_benefits.py).
    ("benefits", "line"),
    ("benefits", "of_desk"),
    ("benefits", "number_asked"),
    ("cases", "login_of"),
    ("key_log", "is_founded"),  # the own organisation
    ("holding", "stands"),  # of the key of the own organisation, and nothing where none is held
    ("referrals", "directory"),
    ("screenings", "last_counted"),
    ("screenings", "against_profile"),
    ("screenings", "shares"),
    ("suspensions", "duty_desks"),  # whom anybody may call
    ("suspensions", "whom_to_call"),
    # Contracts, and nobody in a house, to the ministry that pays by them (tests/integration/support/test_subsidies.py).
    ("contract_changes", "asked"),
    ("contract_changes", "changed_since"),
    ("contract_changes", "of_contract"),
    ("contract_changes", "row"),
    ("contract_changes", "version_before"),
    ("contract_changes", "waiting"),
    # Of accounts: who else works in the own office, and whether a hand of the asker would count.
    ("typists", "works_with_others"),
    ("typists", "is_of_another"),
    ("typists", "is_elsewhere"),
    ("feedback", "is_other"),
    ("typists", "log_takes"),
    ("age_words", "may_answer"),  # of a word that was read for the asker: whether another organisation said it
}


def values(app: Flask, world: World) -> dict[str, Any]:
    """By the name of an argument, something that is really there."""
    first = db.session.scalars
    return {
        "official": False,
        "digest": bytes(32),
        "act": ActKind.ERASE,
        "act_id": uuid.uuid4(),
        "about": world.member,
        "asker_id": world.member,
        "member": db.session.get(Member, world.member),
        "occasion": None,
        "code": db.session.get_one(Case, world.case).pseudonym,
        "at": clock.now(),
        "suspension_id": uuid.uuid4(),
        "event_id": uuid.uuid4(),
        "away_id": world.away,
        "hearing_id": world.hearing,
        "house_id": world.organisation,
        "moment": clock.now(),
        "writer_id": world.member,
        "witness_id": world.witness,
        "complaint_id": world.complaint,
        "person": Person(world.case, "", has_case=True),
        "acts": True,
        "line": MoveLine(uuid.uuid4(), world.case, "", Stand.BOTH, True, {}, "", None),
        "alarm": Alarm(member_id=world.member, organisation_id=world.organisation),
        "alarm_id": uuid.uuid4(),
        "kept_id": uuid.uuid4(),
        "place_id": world.bed,
        "unit_id": world.building_unit,
        "out_id": world.out,
        "promise_id": world.promise,
        "case_id": world.case,
        "case_ids": [world.case, world.own_case],
        "case": db.session.get_one(Case, world.case),
        "cases": 1,
        "codes": {},
        "notes": [Note("en", "The lamp works again", "vatra.case_worker")],
        "compartment": Compartment.HAND_OVER,
        "country": app.extensions["nrm.country"],
        "departure_id": world.letter,
        "family_id": world.family,
        "first": date(2000, 1, 1),
        "found": select(Case).where(Case.id == world.case),
        "group_id": world.group,
        "interview_id": world.draft,
        "keys": Keys(1, None, 0, False, 2, True, True),
        "kind": "answer",
        "label": "1",
        "lines": [SimpleNamespace(id=world.away, since_on=date(2000, 1, 1))],
        "last": date(2099, 12, 31),
        "left_id": uuid.uuid4(),
        "mark": b"mark",
        "member_id": world.member,
        "alert": SimpleNamespace(id=world.own_case, party="CHILD_PROTECTION"),
        "missing_id": uuid.uuid4(),
        "passkey_id": uuid.uuid4(),
        "told_id": uuid.uuid4(),
        "name": "Test border_officer",
        "notice_id": world.notice,
        "obligation": first(select(Obligation)).first(),
        "obligation_id": world.obligation,
        "organisation_id": world.organisation,
        "pair_id": world.pair,
        "permit": SimpleNamespace(case_id=world.case, entries=()),
        "event": PermitEvent.INFORM,
        "permission": Permission.PERMIT_RECORD,
        "pseudonym": first(select(Case.pseudonym)).first(),
        "quarter": Quarter(2026, 2),
        "referral": first(select(Referral)).first(),
        "received": SimpleNamespace(id=world.coming, relation=Relation.RECEIVER),
        "sent": SimpleNamespace(id=world.coming, relation=Relation.SENDER, status=ReferralStatus.WITHDRAWN),
        "notice": db.session.get_one(AnnouncedReturn, world.notice),
        "mine": CaseRelation.SHARED,
        "did": "left",
        "stay": SimpleNamespace(id=world.stay, case_id=world.own_case),
        "referral_": first(select(Referral)).first(),
        "referral_id": world.asked,
        "remedy_id": world.remedy,
        "return_id": world.child_return,
        "claim_id": world.claim,
        "entry_id": world.entry,
        "step_id": world.witness_step,
        "plan_step_id": world.plan_step,
        "day": days.today() + timedelta(days=1),
        "until": date(2099, 12, 31),
        "call_id": world.call,
        "call": SimpleNamespace(id=world.call, noted=True, called_on=date(2026, 1, 1)),
        "calls": [SimpleNamespace(id=world.call, noted=True, called_on=date(2026, 1, 1))],
        "announced": db.session.get_one(AnnouncedReturn, world.notice),
        "but": uuid.uuid4(),
        "post_id": world.organisation,
        "call_ids": [world.call],
        "months": 1,
        "notice_ids": [world.notice],
        "request_ids": [world.request],
        "member_ids": [world.member],
        "obligation_ids": [world.obligation],
        "press": Press(uuid.uuid4(), world.notice),
        "request_id": world.request,
        "sample_id": world.sample,
        "size": 5,
        "status": "draft",
        "stay_id": world.stay,
        "subject": world.own_case,
        "promised": {world.asked: datetime(2026, 1, 1, tzinfo=UTC)},
        "subject_id": world.asked,
        "supplement_id": world.supplement,
        "today": date(2026, 1, 1),
        "whose": "organisation",
    }


def told(answer: object) -> bool:
    """Whether an answer says anything."""
    if answer is Relation.OUTSIDER:
        return False
    if isinstance(answer, StaysOfCase):
        return bool(answer.current or answer.past or answer.may_admit)
    if isinstance(answer, Top):
        return bool(answer.alarms or answer.to_countersign or answer.act_alarms or answer.acts)
    if isinstance(answer, tuple):
        return any(answer)
    return bool(answer.rows) if isinstance(answer, Page) else bool(answer)


@pytest.fixture(scope="module")
def people(world_template: tuple[Path, World], tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """The arguments of every question, in an instance with one of everything."""
    app = factories.copy_instance(world_template[0], tmp_path_factory.mktemp("ministry") / "instance")
    with app.app_context():
        yield values(app, world_template[1])
        disconnect()


@pytest.mark.parametrize("function", ALL, ids=lambda each: f"{each.__module__.split('.')[-1]}.{each.__name__}")
def test_every_question_about_people_is_refused(people: dict[str, Any], function: Callable[..., Any]) -> None:
    if (function.__module__.split(".")[-1], function.__name__) in HARMLESS:
        return
    with db.engine.connect() as connection:
        for login in MINISTRY:
            if login == "oms.monitor" and function.__module__.endswith("monitoring"):
                continue  # records of procedure; tests/integration/interviews/test_monitoring.py looks at what they say
            arguments = {
                name: {**people, "connection": connection}[name]
                for name, each in inspect.signature(function).parameters.items()
                if name != "by" and each.default is inspect.Parameter.empty
            }
            if function.__module__.endswith("counting"):
                arguments |= {name: Quarter(2026, 2) for name in ("first", "last") if name in arguments}
            try:
                answer = function(**arguments, by=factories.actor(login))
            except (NotPermitted, NotVisible):
                continue
            assert not told(answer), (login, answer)
            db.session.rollback()


def test_the_search_finds_the_questions_and_the_same_ones_are_answered_to_who_may_ask(people: dict[str, Any]) -> None:
    assert len(ALL) > 60
    assert {module.__name__.split(".")[-1] for module in modules()} >= {"cases", "stays", "referrals", "permits"}
    answered = 0
    by = factories.actor("nrc.case_worker")
    for module, name in (("cases", "case"), ("stays", "stay"), ("permits", "of_case"), ("case_lists", "held")):
        wanted = (f"nrm.store.shelter.{module}", name)
        function = next(each for each in ALL if (each.__module__, each.__name__) == wanted)
        arguments = {key: people[key] for key in inspect.signature(function).parameters if key in people}
        answered += told(function(**arguments, by=by))
    assert answered == 4


# On PostgreSQL, a role that can read what is released and nothing else.

READER = "nrm_release_reader"
SCRIPT = Path(__file__).resolve().parents[2] / "docs" / "release-reader.sql"


def as_reader(address: str) -> str:
    return make_url(address).set(username=READER).render_as_string(hide_password=False)


def test_the_database_role_of_releases_reads_no_other_table_and_writes_none(
    postgres_app: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with db.engine.connect() as connection:
        connection.exec_driver_sql(SCRIPT.read_text("utf-8"))
        connection.exec_driver_sql(SCRIPT.read_text("utf-8"))  # run again after every upgrade
        connection.commit()
    address = as_reader(db.engine.url.render_as_string(hide_password=False))
    engine = create_engine(address)
    refused = set()
    for table in inspect_database(db.engine).get_table_names():
        with engine.connect() as connection:
            with suppress(ProgrammingError):
                connection.exec_driver_sql(f"SELECT * FROM {table}")
                continue
            refused.add(table)
    assert {table.name for table in Model.metadata.sorted_tables} - refused == {"releases", "release_files"}
    for statement in (
        "DELETE FROM releases",
        "UPDATE release_files SET content = ''",
        "INSERT INTO releases (report) VALUES ('ix')",
        "CREATE TABLE mine (id int)",
        "SET ROLE postgres",
    ):
        with engine.connect() as connection, pytest.raises(DBAPIError):
            connection.exec_driver_sql(statement)
    assert refused >= {"filings", "claims", "claim_entries", "identifications", "sealed_compartments", "release_drafts"}
    engine.dispose()
    with db.engines["shred"].connect() as connection:
        name = connection.engine.url.database
        connection.exec_driver_sql(f"REVOKE CONNECT ON DATABASE {name} FROM PUBLIC")  # as the script's head says
        connection.commit()
    shred = create_engine(as_reader(db.engines["shred"].url.render_as_string(hide_password=False)))
    with pytest.raises(DBAPIError):
        shred.connect()
    shred.dispose()
    monkeypatch.setenv("NRM_RELEASE_DATABASE", address)
    folder = postgres_app.extensions["nrm.config"].directory
    with factories.open_instance(folder).app_context():
        by = factories.actor("oms.reader")
        asked: list[str] = []
        listen(db.engines["releases"], "before_cursor_execute", lambda _, __, statement, *___: asked.append(statement))
        assert reports.releases(by=by) == []
        with pytest.raises(NotVisible):
            reports.release_file(Quarter(2026, 2), "json", by=by)
        assert len(asked) >= 2
        disconnect()
