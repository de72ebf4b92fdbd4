"""Every endpoint, who may reach it, and what none of them may ever do."""

from __future__ import annotations

import dataclasses
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Engine, event

from nrm.domain.accounts import PERMISSIONS, Role
from nrm.domain.quarters import Quarter
from nrm.store import register
from nrm.web import access
from tests.conftest import Person, token_in
from tests.world import PLANTED, World

PUBLIC, MEMBER = "public", "any member"
# Each endpoint with the access it must have: one that is not here, or is not there any more, fails.
ACCESS = {
    "absences.confirm_left": "stay:manage",
    "absences.died_page": "stay:manage",
    "absences.end": "stay:manage",
    "absences.end_page": "stay:manage",
    "absences.found": "stay:manage",
    "absences.known": "obligation:acknowledge",
    "absences.left_known": "obligation:acknowledge",
    "absences.left_one": "stay:manage",
    "absences.left_page": "stay:manage",
    "absences.missing_page": "stay:manage",
    "absences.record_death": "stay:manage",
    "absences.record_left": "stay:manage",
    "absences.report": "stay:manage",
    "absences.take_back_left": "stay:manage",
    "accounts.blank": PUBLIC,
    "accounts.confirm": "account:confirm",
    "accounts.hide_screen": PUBLIC,
    "accounts.invitation": PUBLIC,
    "accounts.invite": "account:invite",
    "accounts.invite_page": "account:invite",
    "accounts.join": PUBLIC,
    "accounts.members": MEMBER,
    "accounts.password": MEMBER,
    "accounts.password_page": MEMBER,
    "accounts.recover": PUBLIC,
    "accounts.recover_page": PUBLIC,
    "accounts.sign_in": PUBLIC,
    "accounts.sign_in_page": PUBLIC,
    "accounts.sign_out": MEMBER,
    "admissions.child_page": "stay:manage",
    "admissions.open_case": "stay:manage",
    "admissions.open_child": "stay:manage",
    "admissions.open_page": "stay:manage",
    "admissions.opened": "stay:manage",
    "agreements.approve": "agreement:manage",
    "agreements.approve_page": "agreement:manage",
    "agreements.changes": "agreement:read",
    "agreements.open_for_signature": "agreement:manage",
    "agreements.open_page": "agreement:manage",
    "agreements.parties": "agreement:read",
    "agreements.propose": "agreement:manage",
    "agreements.propose_page": "agreement:manage",
    "agreements.show": "agreement:read",
    "agreements.sign": "agreement:sign",
    "agreements.sign_page": "agreement:sign",
    "agreements.try_it": "agreement:manage",
    "agreements.withdraw": "agreement:manage",
    "agreements.withdraw_page": "agreement:manage",
    "claims.ask": "claim:record",
    "claims.ask_page": "claim:record",
    "claims.correct": "claim:record",
    "claims.correct_page": "claim:record",
    "claims.record": "claim:record",
    "claims.show": "claim:record",
    "child_returns.index": "child_return:read",
    "child_returns.open_identity": "child_return:read",
    "child_returns.record": "child_return:record",
    "child_returns.record_page": "child_return:record",
    "child_returns.show": "child_return:read",
    "child_returns.step_page": "child_return:read",
    "child_returns.take_step": "child_return:read",
    "contracts.change": "contract:manage",
    "contracts.change_page": "contract:manage",
    "contracts.index": "contract:manage",
    "contracts.record": "contract:manage",
    "contracts.record_page": "contract:manage",
    "assets.file": PUBLIC,
    "beds.add": "bed:manage",
    "beds.add_page": "bed:manage",
    "beds.close": "bed:manage",
    "beds.close_page": "bed:manage",
    "beds.index": "stay:manage",
    "beds.rename": "bed:manage",
    "beds.rename_page": "bed:manage",
    "beds.reopen": "bed:manage",
    "calls.child_answer": "referral:direct",
    "calls.child_answer_page": "referral:direct",
    "calls.child_page": "referral:direct",
    "calls.obligation_page": "obligation:acknowledge",
    "calls.tell": "obligation:acknowledge",
    "calls.tell_of_child": "referral:direct",
    "cards.aloud": "interview:conduct",
    "cards.card": "interview:conduct",
    "cards.greetings": "interview:conduct",
    "cases.add_note": "case:open",
    "cases.close": "stay:manage",
    "cases.close_page": "stay:manage",
    "cases.end_share": "case:open",
    "cases.erase": "stay:manage",
    "cases.erase_page": "stay:manage",
    "cases.find": "case:read",
    "cases.index": "case:read",
    "cases.open_case": "case:open",
    "cases.open_page": "case:open",
    "cases.openings": "case:read",
    "cases.share": "case:open",
    "cases.share_page": "case:open",
    "cases.shared": "case:read",
    "cases.show": "case:read",
    "cases.write": "case:open",
    "cases.write_page": "case:open",
    "consents.ask": "case:open",
    "consents.ask_page": "case:open",
    "consents.narrow": "case:open",
    "consents.show": "case:open",
    "consents.withdraw": "case:open",
    "consents.withdraw_page": "case:open",
    "departures.pdf": "stay:manage",
    "departures.show": "stay:manage",
    "departures.write": "stay:manage",
    "departures.write_page": "stay:manage",
    "desks.child_answer": "obligation:acknowledge",
    "desks.child_answer_page": "obligation:acknowledge",
    "desks.child_known": "obligation:acknowledge",
    "desks.directory": "obligation:acknowledge",
    "contributions.answer": "quarter:answer",
    "contributions.answer_page": "quarter:answer",
    "directives.acknowledge": "interview:conduct",
    "directives.index": "interview:conduct",
    "duty.call": "referral:direct",
    "duty.index": "referral:direct",
    "duty.old": "referral:direct",
    "duty.system_map": "referral:direct",
    "factors.prove": MEMBER,
    "factors.reset": "account:reset",
    "factors.reset_page": "account:reset",
    "factors.set_up": MEMBER,
    "factors.set_up_page": MEMBER,
    "findings.case_page": "obligation:acknowledge",
    "findings.of_case": "obligation:acknowledge",
    "findings.of_return": "child_return:answer",
    "findings.return_page": "child_return:answer",
    "handouts.index": "interview:conduct",
    "handouts.leaflet": "interview:conduct",
    "handouts.receipt": "interview:conduct",
    "handouts.transport": "interview:conduct",
    "helpline.index": "call:record",
    "helpline.open_note": "call:record",
    "helpline.record": "call:record",
    "helpline.record_page": "call:record",
    "helpline.settle": "call:record",
    "helpline.show": "call:record",
    "hidden.unlock": PUBLIC,
    "hidden.unlock_page": PUBLIC,
    "home.index": MEMBER,
    "identifications.appeal": "case:open",
    "identifications.appeal_page": "case:open",
    "identifications.ask": "case:open",
    "identifications.ask_page": "case:open",
    "identifications.decide": "identification:decide",
    "identifications.decide_page": "identification:decide",
    "identifications.index": "identification:decide",
    "identifications.interview": "identification:decide",
    "identifications.interview_page": "identification:decide",
    "identifications.look": "identification:decide",
    "identifications.look_page": "identification:decide",
    "identifications.of_case": "case:open",
    "identifications.open_part": "case:open",
    "identifications.open_record": "identification:decide",
    "identifications.show": "identification:decide",
    "interviews.discard": "interview:conduct",
    "interviews.discard_page": "interview:conduct",
    "interviews.end": "interview:conduct",
    "interviews.end_page": "interview:conduct",
    "interviews.ended": "interview:conduct",
    "interviews.page": "interview:conduct",
    "interviews.resume": "interview:conduct",
    "interviews.save": "interview:conduct",
    "interviews.sent": "interview:conduct",
    "interviews.start": "interview:conduct",
    "interviews.tasks": "interview:conduct",
    "interviews.unsent": "interview:conduct",
    "interviews.without": "interview:conduct",
    "interviews.without_page": "interview:conduct",
    "mailboxes.address_page": "obligation:acknowledge",
    "mailboxes.set_address": "obligation:acknowledge",
    "monitoring.after": "monitoring:score",
    "monitoring.check": "monitoring:score",
    "monitoring.check_page": "monitoring:score",
    "monitoring.draw": "monitoring:score",
    "monitoring.mend": "monitoring:score",
    "monitoring.mend_page": "monitoring:score",
    "monitoring.ours": "monitoring:own",
    "monitoring.quarter_page": "monitoring:score",
    "monitoring.sample_page": "monitoring:score",
    "monitoring.score": "monitoring:score",
    "monitoring.scores": "monitoring:score",
    "monitoring.screens": "monitoring:score",
    "notices.announce": "notice:announce",
    "notices.announce_page": "notice:announce",
    "notices.arrived": "interview:conduct",
    "notices.cancel": "notice:announce",
    "notices.cancel_page": "notice:announce",
    "notices.index": "notice:receive",
    "notices.not_come": "notice:receive",
    "notices.not_come_page": "notice:receive",
    "notices.open_identity": "notice:receive",
    "notices.show": "notice:receive",
    "openings.acknowledge": "case:read",
    "openings.alarm_list": "case:read",
    "openings.index": "case:read",
    "members.anew": "account:disable",
    "members.anew_page": "account:disable",
    "members.check_code": MEMBER,
    "members.check_joined": PUBLIC,
    "members.code_page": MEMBER,
    "members.disable": "account:disable",
    "members.disable_page": "account:disable",
    "members.joined_page": PUBLIC,
    "members.keys": MEMBER,
    "members.new_code": MEMBER,
    "members.new_code_page": MEMBER,
    "members.renew": "account:confirm",
    "organisations.readmit": "organisation:suspend",
    "organisations.suspend": "organisation:suspend",
    "organisations.suspend_page": "organisation:suspend",
    "papers.answers_page": "interview:conduct",
    "papers.begin": "interview:conduct",
    "papers.index": "interview:conduct",
    "papers.issue": "interview:conduct",
    "papers.number_page": "interview:conduct",
    "papers.open_twin": "interview:conduct",
    "papers.reconcile": "interview:conduct",
    "papers.twin_page": "interview:conduct",
    "papers.type_in": "interview:conduct",
    "permits.record": "permit:record",
    "permits.record_page": "permit:record",
    "referrals.accept": "referral:decide",
    "referrals.acknowledge": "obligation:acknowledge",
    "referrals.arrive": "referral:decide",
    "referrals.coming": "referral:decide",
    "referrals.decline": "referral:decide",
    "referrals.decline_page": "referral:decide",
    "placing.direct": "referral:direct",
    "placing.direct_page": "referral:direct",
    "referrals.depart": "case:read",
    "referrals.depart_page": "case:read",
    "referrals.expire": "referral:direct",
    "referrals.not_arrived": "case:read",
    "referrals.not_arrived_page": "case:read",
    "referrals.offer": "referral:send",
    "referrals.open_hand_over": "case:open",
    "referrals.owed": "obligation:acknowledge",
    "referrals.promise": "case:read",
    "referrals.promise_page": "case:read",
    "referrals.received": "referral:decide",
    "placing.refer": "referral:send",
    "placing.refer_page": "referral:send",
    "referrals.sent": "referral:send",
    "referrals.show": "case:read",
    "referrals.withdraw": "referral:send",
    "referrals.withdraw_page": "referral:send",
    "payment.download": "payment:read",
    "payment.index": "payment:read",
    "joint.download": "report:read",
    "joint.in_work": "register:join",
    "joint.make": "register:join",
    "joint.make_page": "register:join",
    "joint.show": "report:read",
    "register.check": "register:file",
    "register.file_page": "register:file",
    "register.index": "register:read",
    "register.show": "register:read",
    "register.sign": "register:file",
    "register.template": "register:file",
    "register.upload": "register:file",
    "reports.close": "report:close",
    "reports.closing": "report:close",
    "reports.countersign": "report:countersign",
    "reports.download": "report:read",
    "reports.draft": "report:read",
    "reports.earlier": "report:read",
    "reports.methods": "report:read",
    "reports.releases": "report:read",
    "reports.sealing_page": "report:countersign",
    "reports.show": "report:read",
    "reports.sign": "report:close",
    "reports.state_of_quarter": "report:read",
    "requests.copy": "request:answer",
    "requests.give": "request:answer",
    "requests.index": "request:record",
    "requests.open_copy": "request:answer",
    "requests.record": "request:record",
    "requests.record_page": "request:record",
    "requests.refuse": "request:answer",
    "requests.refuse_page": "request:answer",
    "requests.show": "request:answer",
    "rollout.assessments": "assessment:read",
    "rollout.index": "rollout:read",
    "second_hands.agree": MEMBER,
    "second_hands.decline": MEMBER,
    "second_hands.show": MEMBER,
    "stays.admit": "stay:manage",
    "stays.admit_page": "stay:manage",
    "stays.beds": "stay:manage",
    "stays.change": "stay:manage",
    "stays.change_page": "stay:manage",
    "stays.end": "stay:manage",
    "stays.end_page": "stay:manage",
    "stays.index": "stay:manage",
    "stays.put_back": "bed:manage",
    "stays.show": "stay:manage",
    "stays.take_out_of_use": "bed:manage",
    "supplements.complete": "case:open",
    "supplements.complete_page": "case:open",
    "supplements.file": "case:open",
    "supplements.open_supplement": "case:open",
    "supplements.send": "interview:conduct",
    "supplements.sent": "interview:conduct",
    "supplements.show": "case:open",
    "supplements.take_over": "case:open",
    "supplements.write_page": "interview:conduct",
    "testimony.record": "testimony:record",
    "testimony.record_page": "testimony:record",
    "trends.lengths": "report:read",
    "trends.lengths_now": "report:read",
    "trends.notice": "report:read",
    "trends.over": "report:read",
    "trends.show": "report:read",
    "years.show": "report:read",
}
LOGINS = {
    Role.BORDER_OFFICER: "rinas.border_officer",
    Role.DUTY_OFFICER: "ra.duty_officer",
    Role.CASE_WORKER: "nrc.case_worker",
    Role.SHELTER_MANAGER: "nrc.shelter_manager",
    Role.TRP_OFFICER: "trp_unit.trp_officer",
    Role.WITNESS_LIAISON: "prosecution.witness_liaison",
    Role.CONSULAR_OFFICER: "consular.consular_officer",
    Role.HELPLINE_OPERATOR: "helpline.helpline_operator",
    Role.MONITOR: "oms.monitor",
    Role.STATISTICIAN: "molsa.statistician",
    Role.PAYMENT_OFFICER: "molsa.payment_officer",
    Role.READER: "oms.reader",
    Role.CHILD_PROTECTION_OFFICER: "child_protection.child_protection_officer",
    Role.ADMINISTRATOR: "administrator",
    Role.COORDINATOR: "oms.coordinator",
    Role.IDENTIFICATION_OFFICER: "state_police.identification_officer",
    Role.FOCAL_POINT: "mopo.focal_point",
}
# Closing a quarter works for seconds; what it refuses is tested with the reports.
SLOW = {"reports.close"}


def addresses(app: Flask, world: World | None, method: str) -> Iterator[tuple[str, str]]:
    """(endpoint, address) of every rule with that method; ids are the world's, or of nothing that exists."""
    ids = {f"{field.name}": getattr(world, field.name) for field in dataclasses.fields(World)} if world else {}
    known: dict[str, list[Any]] = {
        "interview_id": [ids.get("draft")],
        "referral_id": [ids.get("asked"), ids.get("coming"), ids.get("arrived")],
        "case_id": [ids.get("asked_case"), ids.get("case"), ids.get("own_case")],
        "supplement_id": [ids.get("supplement")],
        "notice_id": [ids.get("notice")],
        "departure_id": [ids.get("letter")],
        "act_id": [ids.get("act")],
        "request_id": [ids.get("request")],
        "left_id": [ids.get("left")],
        "missing_id": [ids.get("missing")],
        "stay_id": [ids.get("stay"), ids.get("own_stay")],
        "bed_id": [ids.get("bed")],
        "obligation_id": [ids.get("obligation")],
        "member_id": [ids.get("member")],
        "organisation_id": [ids.get("organisation")],
        "compartment": ["identity", "care"],
        "language": ["sq"],
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
        "claim_id": [ids.get("claim")],
        "step": ["assessed", "received"],
        "call_id": [ids.get("call")],
        "remedy_id": [ids.get("remedy")],
        "token": ["junk"],
        "version": ["2005", "2027", "2028"],
        "directive": ["apart"],
        "contract_id": [ids.get("contract")],
        "matrix": ["arrests", "victims"],
        "filing_id": [ids.get("filing")],
        "name": ["junk.css"],
    }
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
                if rule.endpoint in ("reports.download", "payment.download", "register.template", "joint.download"):
                    values["ending"] = "csv"
                if rule.endpoint.startswith("register.") and "quarter" in values:
                    values["quarter"] = str(Quarter.of(register.today()).previous)
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
        if ACCESS[endpoint] != PUBLIC:
            assert (answer.status_code, answer.headers["Location"]) == (303, "/sign-in"), endpoint
    for endpoint, address in addresses(app, None, "POST"):
        if ACCESS[endpoint] != PUBLIC:
            assert client.post(address, data={"csrf_token": "0" * 64}).status_code == 401, endpoint


@pytest.mark.parametrize("role", LOGINS)
def test_a_role_reaches_what_it_may_and_nothing_else(app: Flask, role: Role) -> None:
    client = Person(app.test_client(), LOGINS[role]).client
    allowed = {str(permission) for permission in PERMISSIONS[role]} | {PUBLIC, MEMBER}
    for endpoint, address in addresses(app, None, "GET"):
        status = client.get(address).status_code
        if ACCESS[endpoint] not in allowed:
            assert status == 403, (endpoint, status)
        else:
            assert status in (200, 303, 404), (endpoint, status)


@pytest.mark.parametrize("role", LOGINS)
def test_a_get_changes_nothing_and_shows_no_name(world_app: tuple[Flask, World], role: Role) -> None:
    app, world = world_app
    client = Person(app.test_client(), LOGINS[role]).client
    with writes() as seen:
        for endpoint, address in addresses(app, world, "GET"):
            answer = client.get(address)
            assert answer.status_code < 500, (endpoint, address)
            # Nothing was opened in this session, so nothing sealed can be on any page, nor in any address.
            for words in PLANTED:
                assert words.encode() not in answer.data, (endpoint, address)
    assert seen == []


STRANGERS = ("molsa.statistician", "oms.monitor", "administrator", "iom.case_worker", "durres.border_officer")


@pytest.mark.parametrize("login", STRANGERS)
def test_to_a_stranger_the_cases_do_not_exist(world_app: tuple[Flask, World], login: str) -> None:
    """The same answer for a real id as for one that never was: nobody learns that the person is known."""
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


@pytest.mark.parametrize("body", BODIES)
@pytest.mark.parametrize(
    "login", ["rinas.border_officer", "nrc.shelter_manager", "ra.duty_officer", "administrator", "mopo.focal_point"]
)
def test_no_form_however_bad_makes_the_server_fail(world_app: tuple[Flask, World], login: str, body: str) -> None:
    app, world = world_app
    client = app.test_client()
    person = Person(client, login)
    for endpoint, address in addresses(app, world, "POST"):
        if endpoint in ("accounts.sign_out", "accounts.hide_screen", "accounts.sign_in"):
            continue
        data = [("csrf_token", person.csrf_token), *BODIES[body]]
        answer = client.post(address, data=_encoded(data), content_type="application/x-www-form-urlencoded")
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
