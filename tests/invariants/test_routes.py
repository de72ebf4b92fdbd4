"""Every endpoint, who may reach it, and what none of them may ever do."""

from __future__ import annotations

import dataclasses
import re
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from markupsafe import escape
from sqlalchemy import Engine, event

from nrm.actions.accounts import refusals
from nrm.domain.accounts.accounts import PERMISSIONS, Permission, Role
from nrm.domain.quarters import Quarter
from nrm.store import days
from nrm.web import access, page_help
from nrm.web.language import translated
from tests.conftest import Person, token_in
from tests.factories import login_of
from tests.world import NOTED, PLANTED, World

PUBLIC, MEMBER = "public", "any member"
DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "access.md"
_ROW = re.compile(r"\| `(?P<endpoint>[\w.]+)` \| (?P<access>[^|]+) \|")


def documented() -> dict[str, str]:
    """Each endpoint with the access it must have, as docs/access.md says."""
    rows = map(_ROW.match, DOCUMENT.read_text("utf-8").splitlines())
    return {row["endpoint"]: row["access"] for row in rows if row}


ACCESS = documented()
# Where a role that people of several organisations have is asked; a role that is not named here sits at the office
# of the Minister of State.
_SEATS = {
    Role.BORDER_OFFICER: "rinas",
    Role.DUTY_OFFICER: "ra",
    Role.CASE_WORKER: "nrc",
    Role.SHELTER_MANAGER: "nrc",
    Role.TRP_OFFICER: "trp_unit",
    Role.WITNESS_LIAISON: "prosecution",
    Role.CONSULAR_OFFICER: "consular",
    Role.HELPLINE_OPERATOR: "helpline",
    Role.STATISTICIAN: "molsa",
    Role.PAYMENT_OFFICER: "molsa",
    Role.CHILD_PROTECTION_OFFICER: "child_protection",
    Role.IDENTIFICATION_OFFICER: "state_police",
    Role.FOCAL_POINT: "mopo",
}
LOGINS = {
    role: "administrator" if role is Role.ADMINISTRATOR else login_of(_SEATS.get(role, "oms"), role) for role in Role
}


def allowed(role: Role, endpoint: str) -> bool:
    """Whether the role has any of the permissions that the endpoint asks for by the table."""
    return reaches(role, ACCESS[endpoint])


def reaches(role: Role, asked: str) -> bool:
    """Whether the role has any of the permissions in `asked`."""
    granted = {str(each) for each in PERMISSIONS[role]} | {PUBLIC, MEMBER}
    return any(each in granted for each in asked.split(access.OR))


# Closing a quarter works for seconds; what it refuses is tested with the reports.
SLOW = {"reports.close"}


def addresses(app: Flask, world: World | None, method: str) -> Iterator[tuple[str, str]]:
    """(endpoint, address) of every rule with that method; ids are the world's, or of nothing that exists."""
    yield from each_address(app, known_ids(world), method)


def known_ids(world: World | None) -> dict[str, list[Any]]:
    """What stands in addresses, by the name of the argument; None: an id of nothing that exists."""
    ids = {f"{field.name}": getattr(world, field.name) for field in dataclasses.fields(World)} if world else {}
    return {
        "interview_id": [ids.get("draft")],
        "referral_id": [ids.get("asked"), ids.get("coming"), ids.get("arrived")],
        "case_id": [ids.get("asked_case"), ids.get("case"), ids.get("own_case")],
        "supplement_id": [ids.get("supplement")],
        "notice_id": [ids.get("notice")],
        "family_id": [ids.get("family")],
        "departure_id": [ids.get("letter")],
        "act_id": [ids.get("act")],
        "suspension_id": [ids.get("suspension")],
        "event_id": [ids.get("event")],
        "request_id": [ids.get("request")],
        "left_id": [ids.get("left")],
        "away_id": [ids.get("away")],
        "pair_id": [ids.get("pair")],
        "missing_id": [ids.get("missing")],
        "told_id": [ids.get("told")],
        "stay_id": [ids.get("stay"), ids.get("own_stay")],
        "place_id": [ids.get("bed")],
        "unit_id": [ids.get("building_unit")],
        "out_id": [ids.get("out")],
        "promise_id": [ids.get("promise")],
        "obligation_id": [ids.get("obligation")],
        "member_id": [ids.get("member")],
        "organisation_id": [ids.get("organisation")],
        "compartment": ["identity", "care"],
        "place": ["key", "deputy"],
        "language": ["sq"],
        "form": ["cases/find"],
        "question": ["forms"],
        "page": ["happened", "check", "consent", "way"],
        "quarter": ["2026Q1"],
        "report": ["ix"],
        "ending": ["pdf", "refused"],
        "status": ["draft"],
        "alarm_id": [ids.get("alarm")],
        "cases": [12],
        "cell": ["all"],
        "number": [1],
        "year": [2026],
        "kind": ["answer", "owed"],
        "subject_id": [ids.get("asked"), ids.get("obligation")],
        "sample_id": [ids.get("sample")],
        "return_id": [ids.get("child_return")],
        "household_id": [None],
        "finding_id": [None],
        "passkey_id": [None],
        "months": [3],
        "hearing_id": [ids.get("hearing")],
        "number_id": [None],
        "kept_id": [None],
        "witness_id": [ids.get("witness")],
        "complaint_id": [ids.get("complaint")],
        "claim_id": [ids.get("claim")],
        "entry_id": [ids.get("entry")],
        "step_id": [ids.get("witness_step")],
        "note_id": [None],
        "plan_entry_id": [ids.get("plan_entry")],
        "plan_step_id": [ids.get("plan_step")],
        "end": ["done", "dropped"],
        "days": [1],
        "step": ["assessed", "received"],
        "call_id": [ids.get("call")],
        "remedy_id": [ids.get("remedy")],
        "token": ["junk"],
        "version": ["2005", "2027", "2028"],
        "code": ["VATRA"],
        "path_step": ["answer"],
        "clause_number": ["1.3"],
        "directive": ["apart"],
        "digest": ["00" * 32, "junk"],
        "contract_id": [ids.get("contract")],
        "change_id": [ids.get("contract_change")],
        "matrix": ["arrests", "victims"],
        "filing_id": [ids.get("filing")],
        "group_id": [ids.get("group")],
        "name": ["junk.css"],
        "session_id": [None],
        "withdrawal_id": [None],
        "payment_code": ["P-2222-2222-2222"],
        "role": ["border_officer"],
        "exercise": ["ferry"],
    }


def each_address(app: Flask, known: dict[str, list[Any]], method: str) -> Iterator[tuple[str, str]]:
    """(endpoint, address) of every rule with that method, once for each of the values that are known of its
    arguments."""
    with app.test_request_context():
        for rule in app.url_map.iter_rules():
            if method not in (rule.methods or ()) or rule.endpoint in SLOW:
                continue
            longest = max((len(known[name]) for name in rule.arguments), default=1)
            for index in range(longest):
                values = {}
                for name in rule.arguments:
                    value = known[name][index % len(known[name])]
                    values[name] = uuid.uuid4() if value is None else value
                if rule.endpoint in (
                    "reports.download",
                    "payment_lines.download",
                    "register.template",
                    "joint_report.download",
                ):
                    values["ending"] = "csv"
                if rule.endpoint.startswith("register.") and "quarter" in values:
                    values["quarter"] = str(Quarter.of(days.today()).previous)
                yield rule.endpoint, app.url_for(rule.endpoint, **values)


@contextmanager
def writes() -> Iterator[list[str]]:
    """The statements that change something while this is open."""
    seen: list[str] = []

    def note(_: Any, __: Any, statement: str, *___: Any) -> None:
        if not statement.lstrip().upper().startswith(("SELECT", "PRAGMA", "BEGIN", "COMMIT", "ROLLBACK", "WITH")):
            seen.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(Engine, "before_cursor_execute", note)


def test_every_endpoint_stands_in_the_table(app: Flask) -> None:
    found = {rule.endpoint: access.access_of(app, rule.endpoint) for rule in app.url_map.iter_rules()}
    assert found == ACCESS


def test_without_a_session_nothing_is_reached(app: Flask) -> None:
    client = app.test_client()
    for endpoint, address in addresses(app, None, "GET"):
        answer = client.get(address)
        if endpoint.startswith("training."):
            assert answer.status_code == 404, endpoint  # this is no training: as an address that there is not
        elif ACCESS[endpoint] != PUBLIC:
            assert (answer.status_code, answer.headers["Location"]) == (303, "/sign-in"), endpoint
    for endpoint, address in addresses(app, None, "POST"):
        if ACCESS[endpoint] != PUBLIC:
            asked = client.post(address, data={"csrf_token": "0" * 64}).status_code
            assert asked == (404 if endpoint.startswith("training.") else 401), endpoint


@pytest.mark.slow
@pytest.mark.parametrize("role", LOGINS)
def test_a_get_changes_nothing_and_shows_no_name(
    world_app: tuple[Flask, World], role: Role, monkeypatch: pytest.MonkeyPatch
) -> None:
    """But for how many pages were refused, which is counted (ADR 0236)."""
    app, world = world_app
    monkeypatch.setattr(refusals, "count", lambda **_: 0)
    client = Person(app.test_client(), LOGINS[role]).client
    in_house = Permission.STAY_MANAGE in PERMISSIONS[role]
    with writes() as seen:
        for endpoint, address in addresses(app, world, "GET"):
            answer = client.get(address)
            assert answer.status_code < 500, (endpoint, address)
            # Nothing was opened in this session, so nothing sealed can be on any page, nor in any address.
            # But for what a house is to hang out: whoever looks at it before reads that, and nothing else.
            to_be_read = NOTED if endpoint == "feedback_notes.index" else ""
            for words in PLANTED:
                assert words == to_be_read or words.encode() not in answer.data, (endpoint, address)
            # What the page is for stands wherever there is a way to the guide.
            if answer.status_code == 200 and b"href=/guide" in answer.data:
                said = translated(page_help.of(endpoint, in_house=in_house), "sq")
                assert str(escape(said)) in answer.text, (endpoint, address)
    assert seen == []


STRANGERS = ("molsa.statistician", "oms.monitor", "administrator", "iom.case_worker", "durres.border_officer")


@pytest.mark.slow
@pytest.mark.parametrize("login", STRANGERS)
def test_to_a_stranger_the_cases_do_not_exist(world_app: tuple[Flask, World], login: str) -> None:
    """A real id and one that never was get the same answer, so nobody learns that the person is known."""
    app, world = world_app
    person = Person(app.test_client(), login)
    unknown = dict(addresses(app, None, "GET"))
    for endpoint, address in addresses(app, world, "GET"):
        if not any(str(getattr(world, field.name)) in address for field in dataclasses.fields(World)):
            continue
        if login == "oms.monitor" and ACCESS[endpoint] == "monitoring:score":
            continue  # what was drawn is there for every monitor, and is nobody's case
        if login == "administrator" and ACCESS[endpoint] in ("account:disable", "organisation:suspend"):
            continue  # accounts and organisations are what an administrator sees of everybody
        if login == "molsa.statistician" and endpoint == "register.show":
            continue  # who files is no secret from who sees the whole register; what it says of people is sealed
        there, not_there = (person.client.get(each).status_code for each in (address, unknown[endpoint]))
        assert there == not_there, (endpoint, address)
        assert there in (403, 404), (endpoint, address)


JUNK = "\u202e\x00\ud800’;--<script>{{7*7}}%s%n\r\n"
BODIES: dict[str, list[tuple[str, str]]] = {
    "nothing": [],
    "junk": [(name, "junk") for name in ("id", "bed", "reason", "purpose", "party", "seen", "text", "gender", "page")],
    "strange": [(name, JUNK[:2] + "x") for name in ("id", "bed", "reason", "story", "text", "login", "name", "code")],
    "doubled": [(name, value) for name in ("bed", "reason", "seen", "on", "age", "gender") for value in ("1", "2")],
    "huge": [("text", "x" * 400_000), ("story", "y")],
    "too much": [("text", "x" * 1_100_000)],
    "many": [(f"field{number}", "1") for number in range(800)],
}


@pytest.mark.slow
@pytest.mark.parametrize("body", BODIES)
@pytest.mark.parametrize(
    "login", ["rinas.border_officer", "nrc.shelter_manager", "ra.duty_officer", "administrator", "mopo.focal_point"]
)
def test_no_form_however_bad_makes_the_server_fail(world_app: tuple[Flask, World], login: str, body: str) -> None:
    app, world = world_app
    client = app.test_client()
    person = Person(client, login)
    data = _encoded([("csrf_token", person.csrf_token), *BODIES[body]])
    for endpoint, address in addresses(app, world, "POST"):
        if endpoint in ("accounts.sign_out", "accounts.hide_screen", "accounts.sign_in"):
            continue
        answer = client.post(address, data=data, content_type="application/x-www-form-urlencoded")
        assert answer.status_code < 500, (endpoint, address, answer.text[:500])
        assert "Traceback" not in answer.text
    assert client.get("/").status_code == 200


def _encoded(data: list[tuple[str, str]]) -> bytes:
    from urllib.parse import urlencode

    return urlencode(data, errors="surrogatepass").encode()


def test_signing_in_survives_junk(app: Flask) -> None:
    client = app.test_client()
    token = token_in(client.get("/sign-in").text)
    for login in ("", JUNK[:2], "x" * 100_000, "\ud800"):
        for name in ("login", "password", "code", "carried"):
            data = [("csrf_token", token), ("login", "a.b"), (name, login), (name, login)]
            answer = client.post("/sign-in", data=_encoded(data), content_type="application/x-www-form-urlencoded")
            assert answer.status_code in (413, 422, 429), (name, login[:10])


def test_an_unknown_address_says_the_same_to_everybody(app: Flask) -> None:
    inside = Person(app.test_client(), "nrc.case_worker").client.get("/no/such/page")
    outside = app.test_client().get("/no/such/page")
    assert inside.status_code == outside.status_code == 404


def test_the_watch_over_writes_sees_one(app: Flask) -> None:
    person = Person(app.test_client(), "nrc.case_worker")
    with writes() as seen:
        person.post("/sign-out")
    assert seen
