"""Rows that the migrations since 0021 move, fill, rewrite or delete: up, down and up again, on both engines."""

from __future__ import annotations

import json
import uuid
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from flask import current_app
from sqlalchemy.exc import IntegrityError

from nrm import crypto
from tests.migrations.ladder import AT, DAY, SECRET, Before, Databases, Row, mark, refused

LATER = AT + timedelta(hours=1)


def of_each(data: Databases, table: str, *names: str) -> dict[Any, Any]:
    """What the rows of a table say in these columns, by their id."""
    return {row["id"]: tuple(row[name] for name in names) for row in data.rows(table)}


def test_what_was_filed_opens_for_nobody_on_the_way_down(before: Before) -> None:
    data = before("0021_filed_tables")
    data.add("sealed_compartments", compartment="identity")
    kept = data.rows("sealed_compartments")
    data.up()
    data.add("filings")
    data.add("sealed_compartments", compartment="filed")
    data.down()
    assert data.rows("sealed_compartments") == kept
    data.up()
    assert data.rows("sealed_compartments") == kept
    assert data.rows("filings") == []


def test_an_interview_stays_when_the_paper_it_was_typed_from_is_forgotten(before: Before) -> None:
    data = before("0022_papers")
    data.add("interviews", pseudonym="A", import_mark=b"line")
    was = data.rows("interviews")
    data.up()
    assert data.one("interviews")["paper_mark"] is None
    data.add("interviews", pseudonym="B", paper_mark=b"paper")
    data.add("paper_forms")
    data.down()
    assert [row for row in data.rows("interviews") if row["pseudonym"] == "A"] == was
    assert len(data.rows("interviews")) == 2
    data.up()
    assert {row["paper_mark"] for row in data.rows("interviews")} == {None}
    with refused("uq_interviews_pseudonym|interviews.pseudonym"):
        data.add("interviews", pseudonym="B")


def test_of_a_screening_from_before_no_agency_is_known(before: Before) -> None:
    data = before("0024_returns_with_an_agency")
    data.add("screenings", import_mark=b"line")
    was = data.rows("screenings")
    data.up()
    assert data.one("screenings") == {**was[0], "agency": "99"}
    known = data.add("screenings", agency="1")["id"]
    data.down()
    assert [row for row in data.rows("screenings") if row["id"] != known] == was
    data.up()
    assert {row["agency"] for row in data.rows("screenings")} == {"99"}


def test_openings_of_notices_go_on_the_way_down_and_those_of_cases_stay(before: Before) -> None:
    data = before("0025_openings_of_notices")
    data.add("readings")
    was = data.rows("readings")
    with refused("(?i)foreign key"):
        data.add("readings", case_id=uuid.uuid4())
    data.up()
    assert data.rows("readings") == was
    data.add("readings", case_id=data.add("notices")["id"])
    data.down()
    assert data.rows("readings") == was
    with refused("(?i)foreign key"):
        data.add("readings", case_id=uuid.uuid4())
    data.up()
    assert data.rows("readings") == was


def test_requests_stay_and_those_to_take_a_consent_back_go_on_the_way_down(before: Before) -> None:
    data = before("0026_consents")
    data.add("person_requests", pseudonym="A")
    data.add("person_requests", kind="erasure", status="refused", reason="danger", answered_on=DAY)
    was = data.rows("person_requests")
    with refused("known_kind"):
        data.add("person_requests", kind="withdrawal")
    data.up()
    assert data.rows("person_requests") == was
    assert data.rows("consents") == []
    data.add("consents")
    data.add("person_requests", kind="withdrawal")
    data.add("person_requests", kind="withdrawal", status="withdrawn", answered_on=DAY)
    data.down()
    assert data.rows("person_requests") == was
    with refused("known_status"):
        data.add("person_requests", status="withdrawn", answered_on=DAY)
    data.up()
    assert data.rows("person_requests") == was


CODES: Row = {
    "citizenship_class": "albanian",
    "crossing_point": "RINAS",
    "outcome": "none",
    "processed": "released",
    "age_class": "adult",
    "gender": "female",
    "returned_from": "IT",
    "announced": "no",
    "agency": "99",
    "profile": "none",
    "assessment": "none",
    "reason": "",
}
BESIDE = ("profile", "assessment", "reason")
MARCH, APRIL = date(2026, 3, 1), date(2026, 4, 1)


def _counted(data: Databases) -> dict[tuple[date, str, str], int]:
    kinds = {row["id"]: row for row in data.rows("screening_kinds")}
    assert len(kinds) == len({tuple(row[name] for name in CODES if name in row) for row in kinds.values()})
    for row in data.rows("screening_counts"):
        found = {**kinds[row["kind_id"]], **row}
        assert {name: found[name] for name in CODES} == {**CODES, **{n: found[n] for n in ("outcome", "reason")}}
    return {
        (row["month"], kinds[row["kind_id"]]["outcome"], row["reason"]): row["number"]
        for row in data.rows("screening_counts")
    }


@pytest.mark.slow
def test_screenings_become_numbers_and_numbers_screenings(before: Before) -> None:
    data = before("0030_counting")
    for month, outcome, reason, line in (
        (MARCH, "none", "", b"1"),
        (MARCH, "none", "", b"2"),
        (MARCH, "none", "", None),
        (MARCH, "none", "no_signs", None),
        (APRIL, "none", "", None),
        (APRIL, "suspected", "", None),
    ):
        data.add("screenings", **{**CODES, "month": month, "outcome": outcome, "reason": reason}, import_mark=line)
    was = [{name: row[name] for name in row if name != "id"} for row in data.rows("screenings")]
    expected = {(MARCH, "none", ""): 3, (MARCH, "none", "no_signs"): 1, (APRIL, "none", ""): 1}
    expected[APRIL, "suspected", ""] = 1
    for _ in range(2):
        data.up()
        assert _counted(data) == expected
        assert {row["mark"] for row in data.rows("screened_lines")} == {b"1", b"2"}
        assert "screenings" not in data.names()
        with refused("child_never_to_family"):
            child = {"age_class": "child", "processed": "returned_to_family"}
            data.add("screening_kinds", **{name: CODES[name] for name in CODES if name not in BESIDE} | child)
        data.down()
        rows = data.rows("screenings")
        assert {row["import_mark"] for row in rows if row["outcome"] == "none"} == {b"1", b"2", None}
        assert len({row["id"] for row in rows}) == len(rows)
        assert _without_marks(rows) == _without_marks(was)


def _without_marks(rows: list[Row]) -> list[str]:
    return sorted(repr(sorted((name, row[name]) for name in (*CODES, "month"))) for row in rows)


def test_alarms_of_children_stay_and_who_was_answered_has_ended_on_the_way_down(before: Before) -> None:
    data = before("0031_children_are_answered")
    waiting = data.add("child_alerts")["id"]
    ended = data.add("child_alerts", withdrawn_at=AT, withdrawn_why="ended")["id"]
    was = data.rows("child_alerts")
    with refused("withdrawn_with_reason"):
        data.add("child_alerts", withdrawn_at=AT, withdrawn_why="answered")
    data.up()
    asked = ("withdrawn_why", "opinion_why", "answer", "answer_how", "answered_name", "opinion_at", "answered_by_id")
    expected = {waiting: ("", "", "", "", "", None, None), ended: ("ended", "", "", "", "", None, None)}
    assert of_each(data, "child_alerts", *asked) == expected
    answer = {"answer": "nothing", "answer_how": "system", "answered_at": LATER}
    answered = data.add(
        "child_alerts",
        opinion_at=AT,
        answer_due_at=LATER,
        opinion_why="explained",
        answered_by_id=data.first("members")["id"],
        withdrawn_at=LATER,
        withdrawn_why="answered",
        **answer,
    )["id"]
    with refused("ended_only_when_answered"):
        data.add("child_alerts", withdrawn_at=AT, withdrawn_why="answered")
    data.down()
    assert [row for row in data.rows("child_alerts") if row["id"] != answered] == was
    assert data.one("child_alerts", id=answered)["withdrawn_why"] == "ended"
    data.up()
    assert of_each(data, "child_alerts", *asked) == {**expected, answered: expected[ended]}


def _child(data: Databases, done: datetime | None, by: uuid.UUID | None = None, status: str = "open") -> uuid.UUID:
    """A child's case whose assessment of risk is done, or owed."""
    case_id: uuid.UUID = data.add("cases", age_class="child", status=status)["id"]
    data.add("obligations", case_id=case_id, kind="assess_risk", done_at=done, done_by_id=by)
    return case_id


def _done(data: Databases) -> dict[uuid.UUID, tuple[datetime | None, uuid.UUID | None]]:
    return {row["case_id"]: (row["done_at"], row["done_by_id"]) for row in data.rows("obligations")}


def test_an_assessment_that_only_says_done_is_not_yet_clear_and_owed_again(before: Before) -> None:
    data = before("0032_gates_of_a_stay")
    member = data.add("members")
    open_, owed = _child(data, AT, member["id"]), _child(data, None)
    closed = _child(data, AT, member["id"], "closed")
    other = data.add("obligations", case_id=open_, kind="offer_permit", done_at=AT)
    returned = data.add("child_returns", assessments=["risk", "family"])["id"]
    data.add("child_return_steps", return_id=returned, position=1, happened_on=DAY - timedelta(days=3))
    data.add("child_return_steps", return_id=returned, position=2, happened_on=DAY - timedelta(days=2))
    data.add("child_returns", assessments=["risk"], state="refused")
    data.add("child_returns", assessments=[])
    for _ in range(2):
        data.up()
        found = {(row["subject_id"], row["kind"]): row for row in data.rows("child_findings")}
        assert {key: row["found_on"] for key, row in found.items()} == {
            (open_, "risk"): DAY,
            (closed, "risk"): DAY,
            (returned, "risk"): DAY - timedelta(days=2),
            (returned, "family"): DAY - timedelta(days=2),
        }
        assert {(row["found"], row["assessor"], row["position"]) for row in found.values()} == {
            ("not_yet_clear", "", 1)
        }
        by = (found[open_, "risk"]["member_id"], found[open_, "risk"]["organisation_id"])
        assert by == (member["id"], member["organisation_id"])
        assert found[returned, "risk"]["member_id"] is None
        done = {row["case_id"]: row["done_at"] for row in data.rows("obligations", kind="assess_risk")}
        assert done == {open_: None, owed: None, closed: AT}
        assert data.one("obligations", id=other["id"])["done_at"] == AT
        data.down()
        done = {row["case_id"]: row["done_at"] for row in data.rows("obligations", kind="assess_risk")}
        # The day is kept, the hour is not: it is noon. Of a closed case nothing was changed.
        assert done == {open_: AT.replace(hour=12, minute=0), owed: None, closed: AT}
        assert {row["done_by_id"] for row in data.rows("obligations", case_id=open_, kind="assess_risk")} == {
            member["id"]
        }


def test_what_was_found_decides_on_the_way_down_whether_a_step_is_done(before: Before) -> None:
    data = before("0032_gates_of_a_stay")
    data.up()
    member = data.add("members")["id"]
    by = {"member_id": member, "kind": "risk", "found_on": DAY, "assessor": "a social worker"}
    safe, reopened, unclear = (_child(data, None) for _ in range(3))
    data.add("child_findings", subject_id=safe, found="safe", **by)
    data.add("child_findings", subject_id=reopened, found="safe", **by)
    data.add("child_findings", subject_id=reopened, found="not_yet_clear", position=2, **by)
    data.add("child_findings", subject_id=unclear, found="not_yet_clear", **by)
    data.down()
    assert _done(data) == {safe: (AT.replace(hour=12, minute=0), member), reopened: (None, None), unclear: (None, None)}


# Which gates a stay had before, and has now: (age, reason, destination), (repatriation, child) before and after.
STAYS = {
    "gone home": (("adult", "left_voluntarily", "own_home"), ("", ""), ("former_rule", "adult", "")),
    "adult to family": (("adult", "reintegrated_with_family", "family"), ("", "adult"), ("former_rule", "adult", "")),
    "child to family": (
        ("child", "reintegrated_with_family", "family"),
        ("", "assessed"),
        ("former_rule", "former_rule", ""),
    ),
    "child to a shelter": (("child", "transferred", "other_shelter"), ("", ""), ("former_rule", "former_rule", "")),
    "abroad": (("adult", "repatriated", "other_country"), ("albanian", ""), ("albanian", "adult", "unknown")),
    "missing": (("adult", "missing", "unknown"), ("", ""), ("former_rule", "former_rule", "")),
    "died": (("child", "died", "none"), ("", ""), ("former_rule", "died", "")),
}


def test_a_stay_that_ended_keeps_by_which_rule_it_ended(before: Before) -> None:
    data = before("0032_gates_of_a_stay")
    ids: dict[str, uuid.UUID] = {}
    for name, ((age, reason, destination), (repatriation, child), _) in STAYS.items():
        ids[name] = data.add(
            "stays",
            case_id=data.add("cases", age_class=age)["id"],
            ended_on=DAY,
            exit_reason=reason,
            destination=destination,
            repatriation_gate=repatriation,
            child_gate=child,
        )["id"]
    there = data.add("stays")["id"]
    was = data.rows("stays")
    above = {ids[name]: after for name, (_, _, after) in STAYS.items()} | {there: ("", "", "")}
    for _ in range(2):
        data.up()
        assert of_each(data, "stays", "repatriation_gate", "child_gate", "destination_country") == above
        assert {row["safe_on"] for row in data.rows("stays")} == {None}
        with refused("left_alone_by_two"):
            alone = {"exit_reason": "left_alone", "repatriation_gate": "left_alone", "destination": "friends"}
            data.add("stays", ended_on=DAY, child_gate="adult", destination_country="home", **alone)
        data.down()
        # A child of whom nothing more is known than the former rule was assessed by it.
        assert data.rows("stays") == was


@pytest.mark.slow
def test_words_for_how_a_stay_ended_become_the_nearest_that_there_were(before: Before) -> None:
    data = before("0032_gates_of_a_stay")
    data.up()
    first, second = (data.add("members")["id"] for _ in range(2))
    alone = {
        "exit_reason": "left_alone",
        "repatriation_gate": "left_alone",
        "left_recorded_by_id": first,
        "left_confirmed_by_id": second,
    }
    home = {"repatriation_gate": "home", "destination_country": "home"}
    after = {"child_gate": "assessed", "safe_on": DAY}
    ends: list[tuple[Row, tuple[str, str, str, str]]] = [
        (
            {**alone, "destination": "other_country", "child_gate": "adult", "destination_country": "unknown"},
            ("left_voluntarily", "unknown", "", ""),
        ),
        (
            {**alone, "destination": "friends", "child_gate": "adult", "destination_country": "home"},
            ("left_voluntarily", "unknown", "", ""),
        ),
        (
            {**home, "exit_reason": "left_voluntarily", "destination": "friends", "child_gate": "adult"},
            ("left_voluntarily", "unknown", "", ""),
        ),
        (
            {**home, **after, "exit_reason": "reintegrated_with_family", "destination": "family"},
            ("reintegrated_with_family", "family", "", "assessed"),
        ),
        (
            {**home, **after, "exit_reason": "foster_or_extended_family", "destination": "foster_family"},
            ("foster_or_extended_family", "foster_family", "", ""),
        ),
    ]
    expected = {data.add("stays", case_id=data.add("cases")["id"], ended_on=DAY, **end)["id"]: of for end, of in ends}
    there = data.add("stays")["id"]
    data.add("missing", stay_id=there)
    data.add("left_alone", stay_id=there)
    data.down()
    words = ("exit_reason", "destination", "repatriation_gate", "child_gate")
    assert of_each(data, "stays", *words) == {**expected, there: ("", "", "", "")}
    assert not data.names() & {"missing", "left_alone", "child_findings"}
    data.up()
    assert len(data.rows("stays")) == len(ends) + 1
    assert data.rows("missing") == data.rows("left_alone") == []


def test_the_second_database_learns_the_newest_keyring_that_has_a_right_mark(before: Before) -> None:
    data = before("0033_joining")
    trusted, planted = (data.add("organisations", kind="ngo_shelter", party=party)["id"] for party in ("A", "B"))

    def keyring(organisation: uuid.UUID, version: int, right: bool = True) -> None:
        public = f"public {version}".encode()
        party = "A" if organisation == trusted else "B"
        made = mark("keyring", organisation, "ngo_shelter", party, version, public)
        data.add(
            "keyrings", organisation_id=organisation, version=version, public=public, mark=made if right else b"no"
        )

    for version in (1, 2):
        keyring(trusted, version)
    keyring(trusted, 3, right=False)
    keyring(planted, 1, right=False)
    data.add("invitations")
    invited = data.rows("invitations")
    digest = crypto.digest(crypto.ctx("known keyring", trusted, 2, b"public 2"))
    known = {"organisation_id": trusted, "version": 2, "digest": digest, "confirmed": True}
    for _ in range(2):
        data.up()
        assert data.rows("known_keyrings") == [known]
        assert data.one("invitations") == {**invited[0], "by_id": None}
        assert {row["suspended_at"] for row in data.rows("organisations")} == {None}
        data.down()
        assert "known_keyrings" not in data.names()
        assert data.rows("invitations") == invited
        assert len(data.rows("keyrings")) == 4


def test_alarms_from_before_are_about_openings_and_others_go_on_the_way_down(before: Before) -> None:
    data = before("0034_second_hands")
    told = data.add("alarms")["id"]
    data.add("alarm_acknowledgements", alarm_id=told)
    was = {name: data.rows(name) for name in ("alarms", "alarm_acknowledgements")}
    data.up()
    assert data.one("alarms")["kind"] == "openings"
    data.add("alarm_acknowledgements", alarm_id=data.add("alarms", kind="erasures")["id"])
    data.add("heavy_acts")
    with refused("known_kind"):
        data.add("alarms", kind="something")
    data.down()
    assert {name: data.rows(name) for name in was} == was
    data.up()
    assert data.one("alarms")["kind"] == "openings"
    assert data.rows("heavy_acts") == []


def test_a_bed_from_before_came_from_the_file_under_its_name(before: Before) -> None:
    data = before("0035_beds")
    for label, out in (("V01", False), ("V02", True)):
        data.add("beds", label=label, out_of_use=out)
    data.add("stays", bed_id=data.first("beds")["id"])
    was = data.rows("beds")
    data.up()
    new = ("label", "file_label", "out_of_use", "closed_from", "closed_why", "opened_on")
    assert sorted(of_each(data, "beds", *new).values()) == [
        ("V01", "V01", False, None, "", None),
        ("V02", "V02", True, None, "", None),
    ]
    with refused("closed_with_reason"):
        data.add("beds", label="V03", out_of_use=True, closed_from=DAY)
    closed = data.add("beds", label="V03", out_of_use=True, closed_from=DAY, closed_why="repairs", opened_on=DAY)["id"]
    data.down()
    assert [row for row in data.rows("beds") if row["id"] != closed] == was
    assert data.one("beds", id=closed)["out_of_use"] is True
    data.up()
    # Whether a shelter entered it is forgotten: it counts as one of the file.
    assert of_each(data, "beds", *new)[closed] == ("V03", "V03", True, None, "", None)


def test_sessions_end_and_a_signing_key_is_marked_where_the_other_key_is(before: Before) -> None:
    data = before("0036_sessions_are_marked")
    organisation = data.add("organisations")["id"]

    def member(login: str, kem_mark: bytes | None, **keys: bytes | None) -> uuid.UUID:
        number = uuid.uuid4()
        right = mark("member", number, organisation, b"kem")
        made = right if kem_mark == b"right" else kem_mark
        row = {"kem_public": b"kem", "sign_public": b"sign", **keys, "kem_mark": made}
        data.add("members", id=number, login=login, **row)
        return number

    trusted, planted, keyless = member("a", b"right"), member("b", b"wrong"), member("c", None, kem_public=None)
    half = member("d", b"right", sign_public=None)
    data.add("member_sessions", member_id=trusted)
    data.add("grants")
    was = {name: data.rows(name) for name in ("members", "grants")}
    sign_mark = mark("signing key", trusted, organisation, b"sign")
    for _ in range(2):
        data.up()
        assert data.rows("member_sessions") == []
        marks = {row["id"]: row["sign_mark"] for row in data.rows("members")}
        assert marks == {trusted: sign_mark, planted: None, keyless: None, half: None}
        assert data.one("grants")["since_mark"] is None
        data.add("member_sessions", member_id=trusted)
        data.down()
        assert {name: data.rows(name) for name in was} == was
        assert len(data.rows("member_sessions")) == 1


def test_what_is_destroyed_asked_and_added_is_marked(before: Before) -> None:
    data = before("0037_rows_by_hand")
    case = data.add("cases", pseudonym="KX-17")
    gone = data.add("destructions", case_id=case["id"], compartment="identity", epoch=3)
    release = data.add("destructions", kind="release", organisation_id=case["opened_by_id"], epoch=1)
    erased = data.add("erasures", case_id=case["id"], compartment="identity", erased_at=AT)
    member = data.add("members")["id"]
    act = data.add("heavy_acts", case_id=case["id"], asked_by_id=member, expires_at=LATER)
    done = data.add("heavy_acts", case_id=case["id"], status="done", decided_at=LATER, expires_at=LATER)
    adding = data.add("supplements", case_id=case["id"], status="open", open_until=LATER)
    over = data.add("supplements", case_id=data.add("cases", pseudonym="KX-18")["id"], status="sent")
    names = ("destructions", "erasures", "heavy_acts", "supplements")
    was = {name: data.rows(name) for name in names}
    at, later = "2026-03-02T09:30:00.000000+00:00", "2026-03-02T10:30:00.000000+00:00"

    def of_act(row: Row, status: str, decided: str) -> bytes:
        whose = (row["organisation_id"], row["asked_by_id"], at, "erase", "erasure_asked")
        return mark("act", row["id"], *whose, case["id"], "", later, status, decided, "")

    for _ in range(2):
        data.up()
        assert of_each(data, "destructions", "mark") == {
            gone["id"]: (mark("destruction of identity", case["id"], "shred", 3, ""),),
            release["id"]: (mark("destruction of identity", release["case_id"], "release", 1, case["opened_by_id"]),),
        }
        assert data.one("erasures")["mark"] == mark("erased", erased["case_id"], "identity", AT.isoformat())
        assert of_each(data, "heavy_acts", "mark") == {
            act["id"]: (of_act(act, "asked", ""),),
            done["id"]: (of_act(done, "done", later),),
        }
        supplement = ("supplement", adding["id"], case["id"], adding["organisation_id"], "KX-17", later)
        assert of_each(data, "supplements", "mark") == {adding["id"]: (mark(*supplement),), over["id"]: (None,)}
        assert data.rows("left_keys") == data.rows("counted_acts") == []
        data.add("left_keys")
        data.add("counted_acts")
        data.down()
        assert {name: data.rows(name) for name in names} == was


@pytest.mark.parametrize("revision", ["0033_joining", "0037_rows_by_hand"])
def test_a_machine_that_stopped_before_it_was_written_down_may_begin_again(before: Before, revision: str) -> None:
    """The second database has the new tables and rows, and says that it has not."""
    data = before(revision)
    organisation = data.add("organisations", kind="ngo_shelter", party="A")["id"]
    right = mark("keyring", organisation, "ngo_shelter", "A", 1, b"public")
    data.add("keyrings", organisation_id=organisation, public=b"public", mark=right)
    data.up()
    shred = {name: data.rows(name) for name in data.second()}
    data.forget_that_the_second_database_was_migrated()
    assert data.at() == {data.before, revision}
    data.up()
    assert data.at() == {revision}
    assert {name: data.rows(name) for name in shred} == shred


def test_who_was_told_of_as_a_child_waits_on_as_one_of_unsure_age(before: Before) -> None:
    data = before("0038_age_changed")
    asked = {"opinion_at": AT, "answer_due_at": LATER}
    waits = data.add("child_alerts", opinion_why="mistaken", **asked)["id"]
    was = data.rows("child_alerts")
    with refused("known_age_class"):
        data.add("child_alerts", age_class="adult")
    data.up()
    assert data.rows("child_alerts") == was
    adult = {"age_class": "adult", "opinion_why": "age_changed"}
    changed = data.add("child_alerts", **adult, **asked)["id"]
    said = {
        "answer": "adult",
        "answer_how": "system",
        "answered_at": LATER,
        "answered_by_id": data.add("members")["id"],
    }
    gone = {"withdrawn_at": LATER, "withdrawn_why": "age_changed"}
    agreed = data.add("child_alerts", **adult, **asked, **said, **gone)["id"]
    with refused("adult_only_when_agreed"):
        data.add("child_alerts", **adult, **asked, **gone)
    expected = {
        waits: ("child", "mistaken", "", ""),
        changed: ("unsure", "other", "", ""),
        agreed: ("unsure", "other", "nothing", "age_changed"),
    }
    for step in (data.down, data.up):
        step()
        assert of_each(data, "child_alerts", "age_class", "opinion_why", "answer", "withdrawn_why") == expected
    assert [row for row in data.rows("child_alerts") if row["id"] == waits] == was


def test_a_draft_stays_when_the_group_it_belonged_to_is_forgotten(before: Before) -> None:
    data = before("0042_groups")
    draft = data.add("interviews")["id"]
    sent = data.add("interviews", status="sent")["id"]
    was = data.rows("interviews")
    for step in (data.up, data.down, data.up):
        step()
        shown = [{name: row[name] for name in was[0]} for row in data.rows("interviews")]
        assert shown == was
    group = data.add("return_groups", begun=3, done=1)["id"]
    third = data.add("interviews", group_id=group, group_number=3)["id"]
    for wrong in ({"status": "sent"}, {"status": "ended"}, {"group_number": None}):
        with refused("only_a_draft_in_a_group"):
            data.add("interviews", **{"group_id": group, "group_number": 2, **wrong})
    with refused("group_number"):
        data.add("interviews", group_id=group, group_number=3)
    with refused("done_after_begun"):
        data.add("return_groups", begun=3, done=4)
    with refused("known_step"):
        data.add("screen_steps", step="refused")
    assert of_each(data, "interviews", "group_number") == {draft: (None,), sent: (None,), third: (3,)}
    data.down()
    assert {row["id"] for row in data.rows("interviews")} == {draft, sent, third}
    data.up()
    assert of_each(data, "interviews", "group_id") == {draft: (None,), sent: (None,), third: (None,)}


def test_what_is_held_is_a_draft_again_on_the_way_down(before: Before) -> None:
    data = before("0039_holds")
    post, desk = (data.add("organisations", kind="border_police", code=code)["id"] for code in ("P", "RA"))
    drafts = [
        data.add("interviews", organisation_id=post, pseudonym=code, expires_at=LATER, paper_mark=code.encode())["id"]
        for code in "AB"
    ]
    for each in drafts:
        data.add("sealed_compartments", case_id=each, compartment="draft")
        data.add("grants", case_id=each, compartment="draft", organisation_id=post)
    papers = [data.add("paper_forms", organisation_id=post, mark=code, used=False)["id"] for code in (b"A", b"B")]
    data.add("sealed_compartments", compartment="identity")
    names = ("interviews", "sealed_compartments", "grants", "paper_forms")
    was = {name: data.rows(name) for name in names}
    with refused("known_status"):
        data.add("interviews", pseudonym="C", status="held")
    for _ in range(2):
        data.up()
        assert {name: data.rows(name) for name in names} == was
        held = drafts[0]
        data.change("interviews", held, status="held", expires_at=AT)
        data.change("paper_forms", papers[0], used=True)
        data.add("interview_holds", id=held, kept_until=LATER, desk=True)
        data.add("sealed_compartments", case_id=held, compartment="count")
        data.add("grants", case_id=held, compartment="draft", organisation_id=desk)
        with refused("nobody_opens_a_no"):
            data.add("interview_holds", id=drafts[1], ending="refused", desk=True)
        data.down()
        assert {name: data.rows(name) for name in names} == was


def test_what_is_withheld_is_gone_on_the_way_down(before: Before) -> None:
    data = before("0040_named_parties")
    data.add("sealed_compartments", compartment="identity")
    data.add("pending_grants", compartment="identity")
    kept = {name: data.rows(name) for name in ("sealed_compartments", "pending_grants")}
    for _ in range(2):  # up, down, and up again
        data.up()
        assert {name: data.rows(name) for name in kept} == kept
        assert data.rows("withheld") == data.rows("named_parties") == []
        withheld = data.add("withheld")["id"]
        for name in kept:
            data.add(name, case_id=withheld, compartment="withheld")
        data.add("named_parties", naming="told")
        with refused("known_naming"):
            data.add("named_parties", naming="asked")
        data.down()
        assert {name: data.rows(name) for name in kept} == kept


def test_whose_an_interview_is_is_marked(before: Before) -> None:
    data = before("0041_draft_owners")
    one, other = data.add("interviews", pseudonym="A"), data.add("interviews", pseudonym="B", status="sent")
    data.add("alarm_acknowledgements", alarm_id=data.add("alarms", kind="openings")["id"])
    names = ("interviews", "alarms", "alarm_acknowledgements")
    was = {name: data.rows(name) for name in names}
    with refused("known_kind"):
        data.add("alarms", kind="drafts")
    for _ in range(2):
        data.up()
        assert of_each(data, "interviews", "owner_mark") == {
            row["id"]: (mark("interviewer", row["id"], row["organisation_id"], row["member_id"]),)
            for row in (one, other)
        }
        data.add("member_grants", case_id=one["id"], compartment="draft")
        data.add("alarm_acknowledgements", alarm_id=data.add("alarms", kind="drafts")["id"])
        data.down()
        assert {name: data.rows(name) for name in names} == was


@pytest.mark.slow
def test_a_procedure_record_from_before_has_no_warnings(before: Before) -> None:
    data = before("0043_warnings_seen")
    data.add("procedure_records", answers='{"purpose_read": "partly"}')
    was = data.rows("procedure_records")
    for _ in range(2):
        data.up()
        assert [row["warned"] for row in data.rows("procedure_records")] == [[]]
        data.down()
        assert data.rows("procedure_records") == was


@pytest.mark.slow
def test_family_notices_go_on_the_way_down_and_screenings_stay(before: Before) -> None:
    data = before("0044_family_notices")
    data.add("screen_steps", number=61)
    was = data.rows("screen_steps")
    with refused("known_step"):
        data.add("screen_steps", step="families")
    for _ in range(2):
        data.up()
        assert data.rows("screen_steps") == was
        assert data.rows("family_notices") == []
        data.add("screen_steps", step="families", number=2)
        data.add("screen_steps", step="family_children", number=5)
        data.add("family_notices", ages="[3, 9]")
        for wrong in ({"answer": "gone"}, {"answer": "seen"}, {"answered_at": AT}):
            with refused("known_answer|answered_by_somebody"):
                data.add("family_notices", **wrong)
        with refused("known_step"):
            data.add("screen_steps", step="children")
        data.down()
        assert data.rows("screen_steps") == was


@pytest.mark.slow
def test_what_was_told_of_others_is_gone_on_the_way_down(before: Before) -> None:
    data = before("0045_others_there")
    names = ("sealed_compartments", "grants", "readings")
    for name in names:
        data.add(name, compartment="identity")
    kept = {name: data.rows(name) for name in names}
    for _ in range(2):
        data.up()
        assert data.rows("others_there") == []
        notice = data.add("others_there", seen_on=None, seen_by_id=None)["id"]
        with refused("seen_by_somebody"):
            data.add("others_there", whose_mark=b"other", seen_on=DAY, seen_by_id=None)
        for name in names:
            data.add(name, case_id=notice, compartment="others")
        data.down()
        assert {name: data.rows(name) for name in names} == kept


def test_beds_become_places_and_places_beds(before: Before) -> None:
    data = before("0046_places")
    ours, theirs = data.add("organisations")["id"], data.add("organisations", code="THEIRS", party="IOM")["id"]
    beds = {
        label: data.add("beds", organisation_id=of, label=label, **more)["id"]
        for label, of, more in (
            ("V1", ours, {"file_label": "V1"}),
            ("V2", ours, {"out_of_use": True}),
            ("V3", ours, {"out_of_use": True, "closed_from": DAY, "closed_why": "repairs"}),
            ("I1", theirs, {"opened_on": DAY}),
        )
    }
    day = {number: DAY + timedelta(days=number) for number in (1, 5, 9)}
    ended = {"ended_on": day[5], "end_known_on": day[5], "exit_reason": "transferred", "destination": "other_shelter"}
    ended |= {"destination_country": "home", "repatriation_gate": "home", "child_gate": "adult"}
    both = {"organisation_id": ours, "bed_id": beds["V1"], "admitted_on": DAY, "anticipated_end_on": day[9]}
    gone = data.add("stays", **both, **ended)["id"]
    # She moved into the bed of somebody who left on the fifth day: the old form says that both slept in it.
    here = data.add(
        "stays",
        case_id=data.add("cases")["id"],
        **both,
        ended_on=None,
        end_known_on=None,
        exit_reason="",
        destination="",
    )["id"]
    kept = data.add(
        "referrals", case_id=data.add("cases")["id"], status="accepted", receiver_id=theirs, bed_id=beds["I1"]
    )["id"]
    past = data.add(
        "referrals", case_id=data.add("cases")["id"], status="not_arrived", receiver_id=theirs, bed_id=beds["I1"]
    )["id"]
    unkept = data.add("referrals", case_id=data.add("cases")["id"], status="sent", receiver_id=theirs, bed_id=None)[
        "id"
    ]
    was = {table: data.rows(table) for table in ("beds", "stays", "referrals")}
    for _ in range(2):  # up, down, and up again
        data.up()
        assert of_each(data, "places", "label", "file_label", "from_on", "until_on", "closed_why") == {
            beds["V1"]: ("V1", "V1", None, None, ""),
            beds["V2"]: ("V2", None, None, None, ""),
            beds["V3"]: ("V3", None, None, DAY, "repairs"),
            beds["I1"]: ("I1", None, DAY, None, ""),
        }
        assert [(row["label"], row["for_whom"]) for row in data.rows("units")] == [("Ndërtesa", "everybody")] * 2
        assert len(data.rows("places_in_units")) == 4
        assert [(row["place_id"], row["until_on"]) for row in data.rows("out_of_service")] == [(beds["V2"], None)]
        rows = {row["stay_id"]: (row["place_id"], row["from_on"], row["until_on"]) for row in data.rows("occupancies")}
        assert rows == {gone: (beds["V1"], DAY, day[5]), here: (beds["V1"], day[5], None)}
        promises = {row["referral_id"]: (row["place_id"], row["over_on"] is None) for row in data.rows("promises")}
        assert promises == {kept: (beds["I1"], True), past: (beds["I1"], False)}
        assert unkept not in promises
        with pytest.raises(IntegrityError):  # a row that is written by hand
            data.add("occupancies", stay_id=gone, place_id=beds["V1"], from_on=day[1], until_on=day[9])
        data.down()
        assert {table: data.rows(table) for table in was} == was
    data.up()
    # A child with its mother has no place, and an extra place is one: an earlier version knows neither.
    case = {"organisation_id": ours, "ended_on": None, "end_known_on": None, "exit_reason": "", "destination": ""}
    child = data.add("stays", case_id=data.add("cases")["id"], **case)["id"]
    data.add("occupancies", stay_id=child, place_id=None, with_stay_id=here, from_on=DAY, until_on=None)
    data.add(
        "places", organisation_id=ours, label="X1", from_on=DAY, until_on=day[9], closed_why="extra", extra_why="other"
    )
    data.down()
    own = data.one("stays", id=child)["bed_id"]
    assert data.one("beds", id=own)["closed_why"] == "other"
    assert [row["closed_why"] for row in data.rows("beds") if row["label"] == "X1"] == ["other"]


GOING_ON: Row = {"ended_on": None, "end_known_on": None, "exit_reason": "", "destination": ""}


def test_corrections_are_forgotten_and_a_stay_that_never_was_is_one_of_no_night_below(before: Before) -> None:
    data = before("0047_stay_corrections")
    there = data.add("stays", **GOING_ON)["id"]
    first, second = (data.add("members")["id"] for _ in range(2))
    left = {"stay_id": there, "recorded_by_id": first, "confirmed_by_id": None, "withdrawn_on": None}
    data.add("left_alone", **left)
    was = {table: data.rows(table) for table in ("stays", "left_alone")}
    ended = {**GOING_ON, "ended_on": DAY, "end_known_on": DAY, "destination": "none", "child_gate": "not_there"}
    with refused("destination_fits_reason|child_leaves"):
        data.add("stays", case_id=data.add("cases")["id"], **{**ended, "exit_reason": "entered_by_mistake"})
    for _ in range(2):  # up, down, and up again
        data.up()
        assert {(row["taken_back_on"]) for row in data.rows("stays")} == {None}
        assert {(row["struck_on"]) for row in data.rows("left_alone")} == {None}
        with refused("uq_left_alone_stay|left_alone.stay_id"):
            data.add("left_alone", **left, struck_on=None)
        data.down()
        assert {table: data.rows(table) for table in was} == was
    data.up()
    mistake = {**ended, "exit_reason": "entered_by_mistake", "taken_back_on": DAY, "admitted_on": DAY}
    never = data.add("stays", case_id=data.add("cases")["id"], **mistake, referral_id=data.add("referrals")["id"])["id"]
    data.add("stay_corrections", stay_id=never, kind="arrival")
    other = data.add("stays", case_id=data.add("cases")["id"], **GOING_ON)["id"]
    struck = {**left, "stay_id": other, "confirmed_by_id": second}
    with refused("struck_after_it_was_confirmed"):
        data.add("left_alone", **{**struck, "confirmed_by_id": None}, struck_on=DAY)
    data.add("left_alone", **struck, struck_on=DAY)
    data.down()
    assert of_each(data, "stays", "exit_reason", "ended_on")[never] == ("transferred", DAY)
    assert data.rows("left_alone") == was["left_alone"]
    data.up()


def test_the_history_of_a_planned_end_begins_with_the_one_that_stands(before: Before) -> None:
    data = before("0049_planned_ends")
    stay = data.add("stays", **GOING_ON, anticipated_end_on=DAY + timedelta(days=9), known_on=DAY)["id"]
    was = data.rows("stays")
    for _ in range(2):  # up, down, and up again
        data.up()
        row = data.one("planned_ends")
        assert (row["stay_id"], row["planned_on"], row["entered_on"]) == (stay, DAY + timedelta(days=9), DAY)
        assert (row["position"], row["why"], row["entered_by_id"]) == (1, "admission", None)
        with refused("begins_with_the_admission"):
            data.add("planned_ends", stay_id=stay, position=2, why="admission")
        data.down()
        assert data.rows("stays") == was


@pytest.mark.slow
def test_an_end_after_findings_alone_is_of_a_former_rule(before: Before) -> None:
    data = before("0051_best_interests")
    ended = {
        "ended_on": DAY,
        "exit_reason": "independent_living",
        "destination": "own_home",
        "destination_country": "home",
        "repatriation_gate": "home",
    }
    child = data.add("stays", **ended, child_gate="assessed", safe_on=DAY)["id"]
    adult = data.add("stays", **ended, child_gate="adult")["id"]
    there = data.add("stays")["id"]
    old = data.add("child_findings")["id"]
    kept = {name: data.add(name, compartment="identity") and data.rows(name) for name in ("grants", "readings")}
    for _ in range(2):
        data.up()
        assert of_each(data, "stays", "child_gate") == {child: ("former_rule",), adult: ("adult",), there: ("",)}
        assert of_each(data, "child_findings", "household_id") == {old: (None,)}
        with refused("decided_before_leaving"):
            data.add("stays", **ended, child_gate="assessed", safe_on=DAY)
        assessor, looker = (data.add("organisations")["id"] for _ in range(2))
        home = {"household_id": data.add("child_households")["id"]}
        look = data.add("child_looks", **home)["id"]
        decided = data.add("child_decisions", **home, look_id=look)["id"]
        whole = {
            **ended, "child_gate": "assessed", "safe_on": DAY, "looked_on": DAY, "decided_on": DAY,
            "child_decision_id": decided, "assessed_by_id": assessor, "looked_by_id": looker,
        }  # fmt: skip
        for name in ("looked_on", "decided_on", "child_decision_id", "assessed_by_id", "looked_by_id"):
            with refused("decided_before_leaving"):
                data.add("stays", **{**whole, name: None})
        with refused("decided_before_leaving"):
            data.add("stays", **{**whole, "looked_by_id": assessor})
        with refused("goes_after_a_second_look"):
            data.add("child_decisions", **home, look_id=look, outcome="stays", position=2)
        with refused("by_another_organisation"):
            data.add("child_looks", **home, organisation_id=looker, assessed_by_id=looker, position=2)
        with refused("without_conflict"):
            data.add("child_guardians", no_companion=False)
        for name in kept:
            data.add(name, compartment="child_file")
            data.add(name, compartment="second_look")
        data.down()
        assert {name: data.rows(name) for name in kept} == kept


@pytest.mark.slow
def test_since_when_somebody_is_an_adult_is_forgotten_on_the_way_down(before: Before) -> None:
    data = before("0052_ages")
    data.add("cases", age_class="unsure")
    was = data.rows("cases")
    for _ in range(2):
        data.up()
        assert [row["adult_month"] for row in data.rows("cases")] == [None]
        data.add("case_ages")
        for wrong in (
            {"kind": "month"}, {"age_class": "child"}, {"from_on": None}, {"adult_month": DAY}, {"was": ""},
        ):  # fmt: skip
            with refused("a_month_or_a_class"):
                data.add("case_ages", position=2, **wrong)
        with refused("a_birthday_makes_an_adult"):
            data.add("case_ages", position=2, kind="birthday", age_class="child", was="unsure")
        data.down()
        assert data.rows("cases") == was


@pytest.mark.slow
def test_who_was_received_is_asked_for_from_that_month_on(before: Before) -> None:
    data = before("0053_outcomes_of_returns")
    received, forgotten = (data.add("child_returns", state="received")["id"] for _ in range(2))
    open_still = data.add("child_returns")["id"]
    data.add("child_return_steps", return_id=received, step="received", happened_on=date(2026, 3, 17))
    data.add("child_return_steps", return_id=open_still)
    was = data.rows("child_returns")
    month = date(2026, 3, 1)
    for _ in range(2):
        data.up()
        assert of_each(data, "child_returns", "sex", "direction", "returned_month") == {
            received: ("", "here", month),
            forgotten: ("", "here", None),
            open_still: ("", "here", None),
        }
        for wrong, why in (
            ({"sex": "x"}, "known_sex"), ({"direction": "away"}, "known_direction"),
            ({"returned_month": month}, "returned_once_received"),
        ):  # fmt: skip
            with refused(why):
                data.add("child_returns", **wrong)
        with refused("known_months"):
            data.add("child_return_outcomes", return_id=received, months=4)
        with refused("known_outcome"):
            data.add("child_return_outcomes", return_id=received, outcome="gone")
        data.add("child_return_outcomes", return_id=received)
        data.down()
        assert data.rows("child_returns") == was


@pytest.mark.slow
def test_a_case_that_was_closed_before_stays_closed_and_can_be_opened_again(before: Before) -> None:
    data = before("0058_closings")
    shut = data.add("cases", status="closed", closed_month=DAY)["id"]
    wished = data.add("cases", status="closed", closed_month=DAY)["id"]
    data.add("erasures", case_id=wished, compartment="identity")
    open_ = data.add("cases", status="open")["id"]
    was = data.rows("cases")
    for _ in range(2):
        data.up()
        rows = {row["case_id"]: row for row in data.rows("closings")}
        assert {each: (row["way"], row["closed_on"], row["by_her_wish"]) for each, row in rows.items()} == {
            shut: ("before", DAY, False),
            wished: ("before", DAY, True),
        }
        for wrong, check in (
            ({"way": "checklist"}, "answered_in_the_checklist"),
            ({"way": "letter", "closed_by_id": None}, "closed_by_somebody"),
            ({"reason": "court"}, "reopened_by_somebody_for_a_reason"),
            ({"way": "erased"}, "erased_by_her_wish"),
            ({"case_id": shut}, "standing|case_id"),
        ):
            with refused(check):
                data.add("closings", **{"case_id": open_, **wrong})
        data.down()
        assert data.rows("cases") == was


@pytest.mark.slow
def test_a_missing_child_may_be_told_of_and_what_one_member_struck_says_so(before: Before) -> None:
    data = before("0059_missing")
    stands = {"since_on": DAY, "since_at": AT, "reported_on": DAY, "outcome": "", "over_on": None}
    adult, child = (
        data.add("missing", case_id=data.add("cases")["id"], age_class=each, party="", **stands)["id"]
        for each in ("adult", "unsure")
    )
    first, second = (data.add("members")["id"] for _ in range(2))
    two = {"kind": "left", "recorded_by_id": first, "confirmed_by_id": second, "left_on": DAY, "withdrawn_on": None}
    struck = data.add("left_alone", **two, struck_on=DAY)["id"]
    kept = data.add("left_alone", **two, struck_on=None)["id"]
    was = data.rows("missing"), data.rows("left_alone")
    for _ in range(2):
        data.up()
        assert {row["id"]: row["police_ground"] for row in data.rows("missing")} == {adult: "", child: "child"}
        assert {row["id"]: row["doubted_why"] for row in data.rows("left_alone")} == {struck: "former_rule", kept: ""}
        share = {"missing_id": child, "way": "share", "reached": None, "number": "", "told_on": DAY, "over_on": None}
        told = data.add("missing_told", **share)["id"]
        data.add("sealed_compartments", case_id=told, compartment="alarm")
        for wrong, check in (
            ({"way": "letter"}, "known_way"),
            ({"way": "telephone"}, "call_has_an_end"),
            ({"over_on": DAY - timedelta(days=1)}, "ended_after_it_was_told"),
        ):
            with refused(check):
                data.add("missing_told", **{**share, **wrong})
        data.down()
        assert (data.rows("missing"), data.rows("left_alone")) == was
        assert not [row for row in data.rows("sealed_compartments") if row["compartment"] == "alarm"]


def _permit(data: Databases, state: str, **said: object) -> Row:
    told = {"informed_on": DAY, "informed_language": "ro", "informed_by_id": data.first("organisations")["id"]}
    case_id = data.add("cases")["id"]
    return data.add("permits", case_id=case_id, state=state, recorded_at=AT, **{**told, **said})


def test_a_permit_becomes_its_entries_and_one_row_again(before: Before) -> None:
    data = before("0054_permit_entries")
    first, second, third = (DAY + timedelta(days=days) for days in (1, 5, 9))
    until = DAY + timedelta(days=4000)
    given = {"issued_from": second, "issued_until": until, "ground": "legal"}
    over = {"issued_from": first, "issued_until": third, "ground": "recuperative"}
    nobody = data.add("permits", case_id=data.add("cases")["id"])
    rows = {
        "informed": _permit(data, "informed"),
        "applied": _permit(data, "applied", applied_on=first),
        "issued": _permit(data, "issued", applied_on=first, decided_on=second, **given),
        "refused": _permit(data, "refused", applied_on=first, decided_on=second),
        "appealed": _permit(data, "appealed", applied_on=first, decided_on=second),
        "withdrawn": _permit(data, "withdrawn", applied_on=first, decided_on=second),
        "expired": _permit(data, "expired", applied_on=first, decided_on=third + timedelta(days=1), **over),
        "again": _permit(data, "applied", applied_on=until, decided_on=third, **given),
    }
    ended = {"ended_on": DAY, "exit_reason": "repatriated", "destination": "other_country", "child_gate": "adult"}
    gate = {"repatriation_gate": "informed", "destination_country": "MD", "informed_on": DAY}
    stay = data.add("stays", **ended, **gate, permit_state="refused")
    letter = {"kind": "embassy", "reason": "return_abroad", "repatriation_gate": "informed", "informed_on": DAY}
    data.add("departures", **letter, written_on=DAY, permit_state="refused")
    was = data.rows("permits")
    for _ in range(2):
        data.up()
        found: dict[object, list[tuple[str, date]]] = {}
        for row in sorted(data.rows("permit_entries"), key=lambda row: row["position"]):
            found.setdefault(row["case_id"], []).append((row["event"], row["happened_on"]))
        told, asked = ("inform", DAY), ("apply", first)
        assert found == {
            rows["informed"]["case_id"]: [told],
            rows["applied"]["case_id"]: [told, asked],
            rows["issued"]["case_id"]: [told, asked, ("issue", second)],
            rows["refused"]["case_id"]: [told, asked, ("refuse", second)],
            rows["appealed"]["case_id"]: [told, asked, ("refuse", second), ("appeal", second)],
            rows["withdrawn"]["case_id"]: [told, asked, ("withdraw", second)],
            rows["expired"]["case_id"]: [told, asked, ("issue", first)],
            rows["again"]["case_id"]: [told, ("apply", second), ("issue", second), ("apply", until)],
        }
        assert {row["permit_state"] for name in ("stays", "departures") for row in data.rows(name)} == {
            "refused_formerly"
        }
        with refused("refused_with_appeal_period"):
            data.change("stays", stay["id"], permit_state="refused")
        with refused("repatriated_after_appeal_period"):
            data.change("stays", stay["id"], appeal_until=DAY)
        data.down()
        kept = {row["case_id"]: {**row, "id": None} for row in data.rows("permits")}
        lost = ("id", "decided_on") if kept[rows["again"]["case_id"]]["decided_on"] == second else ("id",)
        for row in was:
            if row["id"] == nobody["id"]:
                assert row["case_id"] not in kept, "a row that said nothing"
                continue
            after = kept[row["case_id"]]
            names = [name for name in row if name not in (lost if row["id"] == rows["again"]["id"] else ("id",))]
            assert {name: after[name] for name in names} == {name: row[name] for name in names}
        assert {row["permit_state"] for name in ("stays", "departures") for row in data.rows(name)} == {"refused"}


def test_what_was_struck_or_waits_is_gone_on_the_way_down(before: Before) -> None:
    data = before("0054_permit_entries")
    data.up()
    case_id, by = data.add("cases")["id"], data.first("organisations")["id"]
    entry = {"case_id": case_id, "happened_on": DAY, "counts_on": DAY, "organisation_id": by}
    member = data.add("members")["id"]
    data.add("permit_entries", **entry, event="inform", language="ro", position=1)
    asked = data.add("permit_entries", **entry, event="apply", position=2)["id"]
    data.add("permit_entries", **entry, event="refuse", paper=True, member_id=member, position=3)
    wrong = data.add("permit_entries", **entry, event="counsel", position=4)["id"]
    data.add("permit_marks", entry_id=wrong, kind="struck", reason="twice")
    data.add("permit_marks", entry_id=asked, kind="struck", reason="twice")
    data.down()
    assert data.one("permits")["state"] == "applied", "one alone strikes no application"
    data.up()
    data.down()
    assert data.one("permits")["applied_on"] == DAY


def test_a_struck_step_never_happened_on_the_way_down(before: Before) -> None:
    data = before("0055_testimony_strikes")
    kept = data.add("testimony", position=1)
    was = data.rows("testimony")
    for _ in range(2):
        data.up()
        wrong = data.add("testimony", position=2)
        data.add("testimony_strikes", step_id=wrong["id"], reason="wrong_person")
        assert data.one("testimony", id=kept["id"])["counts_on"] is None
        with refused("known_reason"):
            data.add("testimony_strikes", step_id=kept["id"], reason="")
        data.down()
        assert data.rows("testimony") == was


@pytest.mark.slow
def test_key_workers_and_house_labels_go_on_the_way_down(before: Before) -> None:
    data = before("0056_key_workers")
    names = ("sealed_compartments", "grants", "openings", "readings")
    for name in names:
        data.add(name, compartment="care")
    data.add("alarm_acknowledgements", alarm_id=data.add("alarms")["id"])
    kept = {name: data.rows(name) for name in (*names, "alarms", "alarm_acknowledgements", "organisations")}
    for _ in range(2):
        data.up()
        assert {row["cover_minutes"] for row in data.rows("organisations")} == {5}
        with refused("covers_soon"):
            data.add("organisations", cover_minutes=60)
        place = data.add("key_workers")
        case, house = place["case_id"], place["organisation_id"]
        whose = {"case_id": case, "organisation_id": house}
        with refused("one_of_a_place|key_workers.case_id"):
            data.add("key_workers", **whose, member_id=data.add("members")["id"])
        with refused("one_place|key_workers.case_id"):
            data.add("key_workers", **whose, member_id=place["member_id"], place="deputy")
        with refused("ended_with_reason"):
            data.add("key_workers", ended_at=AT)
        data.add("key_workers", **whose, member_id=place["member_id"], ended_at=AT, ended_why="replaced")
        data.add("alarm_acknowledgements", alarm_id=data.add("alarms", kind="places")["id"])
        for name in names:
            data.add(name, compartment="house_label")
        data.down()
        still = {name: data.rows(name) for name in kept}
        still["organisations"] = [row for row in still["organisations"] if row in kept["organisations"]]
        assert still == kept


@pytest.mark.slow
def test_shifts_and_their_sessions_go_on_the_way_down_and_others_stay(before: Before) -> None:
    data = before("0057_shifts")
    data.add("member_sessions", locked=True)
    data.add("readings", compartment="care")
    kept = {name: data.rows(name) for name in ("member_sessions", "readings")}
    for _ in range(2):
        data.up()
        assert [row["wrong_proofs"] for row in data.rows("member_sessions")] == [0]
        data.add("member_sessions", digest=b"with a shift", covers_after=5)
        data.add("member_sessions", digest=b"after a wrong password", wrong_proofs=1)
        shift = data.add("shifts")
        data.add("readings", case_id=shift["id"], compartment="shift")
        data.add("shift_pages", shift_id=shift["id"], pages=3)
        with refused("lasts"):
            data.add("shifts", until_at=AT)
        with refused("ends_in_time"):
            data.add("shifts", ended_at=AT + timedelta(hours=9))
        with refused("known_kind"):
            data.add("shifts", kind="night")
        data.down()
        assert {name: data.rows(name) for name in kept} == kept


@pytest.mark.slow
def test_a_move_that_was_called_off_is_withdrawn_on_the_way_down(before: Before) -> None:
    data = before("0050_transfers")
    names = ("sealed_compartments", "grants", "readings")
    for name in names:
        data.add(name, compartment="identity")
    data.add("referrals", status="accepted", receiver_id=data.add("organisations")["id"])
    kept = {name: data.rows(name) for name in (*names, "referrals")}
    with refused("known_status"):
        data.add("referrals", status="called_off")
    over: set[Any] = set()
    for _ in range(2):
        data.up()
        assert of_each(data, "referrals", "epoch_due")[kept["referrals"][0]["id"]] == (False,)
        off = data.add("referrals", status="called_off", epoch_due=False, sealed_tags=None, tags_version=None)["id"]
        for name, wrong in (
            ("tags_with_version", {"sealed_tags": b"sealed", "tags_version": None, "epoch_due": False}),
            ("epoch_due_once_taken", {"epoch_due": True, "sealed_tags": None, "tags_version": None}),
            ("known_status", {"status": "over", "epoch_due": False, "sealed_tags": None, "tags_version": None}),
        ):
            with refused(name):
                data.add("referrals", **wrong)
        for name in names:
            data.add(name, case_id=off, compartment="transfer")
            data.add(name, case_id=off, compartment="meeting")
        data.down()
        assert {name: data.rows(name) for name in names} == {name: kept[name] for name in names}
        assert of_each(data, "referrals", "status")[off] == ("withdrawn",)
        over.add(off)
        assert [row for row in data.rows("referrals") if row["id"] not in over] == kept["referrals"]


@pytest.mark.slow
def test_a_letter_abroad_from_before_says_of_no_child_what_opened_the_gate(before: Before) -> None:
    data = before("0060_letters_pass_the_child_gate")
    abroad = {"kind": "embassy", "reason": "return_abroad", "repatriation_gate": "albanian", "written_on": DAY}
    letters = {
        gate: data.add("departures", case_id=data.add("cases", age_class=age)["id"], **said)["id"]
        for gate, age, said in (("adult", "adult", abroad), ("former_rule", "unsure", abroad), ("", "child", {}))
    }
    was = data.rows("departures")
    for _ in range(2):
        data.up()
        assert {row["child_gate"]: row["id"] for row in data.rows("departures")} == letters
        for gate, wrong, check in (
            ("adult", {"child_gate": ""}, "child_abroad_by_the_gate"),
            ("adult", {"child_gate": "assessed"}, "decided_before_abroad"),
            ("", {"child_gate": "else"}, "known_child_gate"),
        ):
            with refused(check):
                data.change("departures", letters[gate], **wrong)
        data.down()
        assert data.rows("departures") == was


@pytest.mark.slow
def test_marks_of_contributors_go_and_the_figures_of_a_release_stay(before: Before) -> None:
    data = before("0061_figures_alone")
    figures = {"format": 1, "base": 5, "step": "one_way", "figures": [[[], 6]]}
    marked = figures | {"contributors": [[[], "ab" * 32]]}

    def sealed(value: Row, *context: str) -> bytes:
        return crypto.seal(SECRET, json.dumps(value).encode(), crypto.ctx("memory", *context))

    def opened(value: bytes, *context: str) -> object:
        return json.loads(crypto.unseal(SECRET, value, crypto.ctx("memory", *context)))

    quarters = ("2025Q4", "2026Q1", "2026Q2")
    for place, (quarter, kept) in enumerate(zip(quarters, (figures, marked, marked), strict=True)):
        release = data.add("releases", report="ix", quarter=quarter, position=place)["id"]
        good = sealed({"kept": kept, "present": {"a": {}}}, "ix", quarter)
        data.add("release_memories", release_id=release, sealed_memory=b"broken" if quarter == "2026Q2" else good)
    waiting = {"value": {"tables": []}, "memory": {"kept": marked, "present": {}}}
    data.add("release_drafts", report="vi", quarter="2026Q2", sealed_draft=sealed(waiting, "draft", "vi", "2026Q2"))
    was = {row["release_id"]: row["sealed_memory"] for row in data.rows("release_memories")}
    data.up()
    rows = {row["quarter"]: row["id"] for row in data.rows("releases")}
    now = {row["release_id"]: row["sealed_memory"] for row in data.rows("release_memories")}
    assert all(now[rows[quarter]] == was[rows[quarter]] for quarter in ("2025Q4", "2026Q2"))
    assert opened(now[rows["2026Q1"]], "ix", "2026Q1") == {"kept": figures, "present": {"a": {}}}
    draft = data.one("release_drafts")["sealed_draft"]
    assert opened(draft, "draft", "vi", "2026Q2") == {
        "value": {"tables": []},
        "memory": {"kept": figures, "present": {}},
    }
    data.down()
    data.up()
    assert {row["release_id"]: row["sealed_memory"] for row in data.rows("release_memories")} == now
    assert data.one("release_drafts")["sealed_draft"] == draft


@pytest.mark.slow
def test_a_reason_is_of_figures_that_are_in_clear_and_goes_on_the_way_down(before: Before) -> None:
    data = before("0062_reasons")
    data.add("filings")
    was = data.rows("filings")
    for _ in range(2):
        data.up()
        assert [row["reason"] for row in data.rows("filings")] == [""]
        with refused("reason_for_figures_in_clear"):
            data.add("filings", reason="several")
        data.down()
        assert data.rows("filings") == was


@pytest.mark.slow
def test_nights_that_were_of_few_people_are_withheld_and_others_are_payable(before: Before) -> None:
    data = before("0063_few_residents")
    planned = {"anticipated_end_on": date(2027, 1, 1)}
    home = {"exit_reason": "left_voluntarily", "destination": "friends", "repatriation_gate": "home"}
    left = {**home, "child_gate": "adult", "destination_country": "home"}
    small, large = data.add("organisations")["id"], data.add("organisations")["id"]
    for shelter, own, others in ((small, 4, 3), (large, 5, 0)):
        for source in ["referral"] * own + ["with_a_victim"] * others:
            case_id = data.add("cases", source=source)["id"]
            data.add("stays", case_id=case_id, organisation_id=shelter, admitted_on=date(2026, 4, 1), **planned)
    gone = data.add("cases", source="referral")["id"]  # on the first day of the quarter, which is no night of it
    days = {"admitted_on": date(2026, 1, 1), "ended_on": date(2026, 4, 1), **planned}
    data.add("stays", case_id=gone, organisation_id=small, **days, **left)
    for shelter in (small, large):
        data.add("payment_lines", organisation_id=shelter, quarter="2026Q2", nights=40, earlier=-3)
    was = data.rows("payment_lines")
    for _ in range(2):
        data.up()
        found = {row["organisation_id"]: (row["basis"], row["payable"]) for row in data.rows("payment_lines")}
        assert found == {small: ("withheld", 37), large: ("nights", 37)}
        with refused("known_basis"):
            data.add("payment_lines", quarter="2026Q3", basis="beds", payable=1)
        data.down()
        assert data.rows("payment_lines") == was


@pytest.mark.slow
def test_an_alarm_by_mistake_is_found_on_the_way_down(before: Before) -> None:
    data = before("0066_alarms_by_mistake")
    kept = {"since_on": DAY, "reported_on": DAY, "party": ""}
    stands = data.add("missing", case_id=data.add("cases")["id"], outcome="", since_at=AT, over_on=None, **kept)["id"]
    over = {**kept, "since_at": None, "over_on": DAY}
    found = data.add("missing", outcome="found", **over)["id"]
    data.add("missing_told", missing_id=stands)
    was = data.rows("missing")
    for _ in range(2):
        data.up()
        found_now = {row["id"]: (row["outcome"], row["mistake_why"]) for row in data.rows("missing")}
        assert (found_now[stands], found_now[found]) == (("", ""), ("found", ""))
        said = {"mistake_why": "other_person", "mistake_on": DAY, "mistake_by_id": data.add("members")["id"]}
        for wrong, check in (
            ({"outcome": "mistake"}, "mistake_by_somebody"),
            ({"outcome": "found", **said}, "mistake_by_somebody"),
            ({"outcome": "mistake", **said, "mistake_why": "because"}, "mistake_for_a_reason"),
        ):
            with refused(check):
                data.add("missing", **{**over, **wrong})
        struck = data.add("missing", **over, outcome="mistake", **said)["id"]
        data.down()
        assert {row["id"]: row["outcome"] for row in data.rows("missing")}[struck] == "found"
        assert [row for row in data.rows("missing") if row["id"] in (stands, found)] == was


@pytest.mark.slow
def test_a_person_accepted_by_mistake_did_not_arrive_on_the_way_down(before: Before) -> None:
    data = before("0067_referral_mistakes")
    kept = data.add("referrals", status="accepted")["id"]
    was = data.rows("referrals")
    with refused("known_status"):
        data.add("referrals", status="mistaken", case_id=data.add("cases")["id"])
    for _ in range(2):
        data.up()
        case_id = data.add("cases")["id"]
        plain = {"epoch_due": False, "sealed_tags": None, "tags_version": None}
        wrong = data.add("referrals", status="mistaken", case_id=case_id, **plain)["id"]
        data.add("referral_mistakes", referral_id=wrong)
        for said, check in (
            ({"kind": "departure", "escort": ""}, "departure_with_escort"),
            ({"escort": "woman_staff"}, "departure_with_escort"),
            ({"kind": "answer"}, "known_kind"),
            ({"why": "because"}, "known_why"),
            ({"position": 0}, "counted_from_one"),
        ):
            with refused(check):
                data.add("referral_mistakes", **{"referral_id": kept, "position": 1, **said})
        data.down()
        assert of_each(data, "referrals", "status")[wrong] == ("not_arrived",)
        assert [row for row in data.rows("referrals") if row["id"] == kept] == was


@pytest.mark.slow
def test_that_nobody_came_by_mistake_is_forgotten_on_the_way_down(before: Before) -> None:
    data = before("0096_not_come_by_mistake")
    first = {"referral_id": data.add("referrals")["id"], "position": 1, "kind": "acceptance", "escort": ""}
    data.add("referral_mistakes", **first)
    was = data.rows("referral_mistakes")
    wrong = {**first, "position": 2, "kind": "not_come"}
    with refused("known_kind"):
        data.add("referral_mistakes", **wrong)
    for _ in range(2):
        data.up()
        data.add("referral_mistakes", **wrong)
        data.down()
        assert data.rows("referral_mistakes") == was


@pytest.mark.slow
def test_what_fell_with_its_asker_was_taken_back_by_them_on_the_way_down(before: Before) -> None:
    data = before("0097_dies_with_its_asker")
    plain = {"many": False, "heard": "", "expires_at": LATER}
    fell = {**plain, "status": "expired", "decided_at": AT, "kind": "withdraw", "case_id": data.add("cases")["id"]}
    back = {**plain, "kind": "let_back", "reason": "comes_back", "case_id": None, "undone": ""}
    with refused("known_undone"):
        data.add("heavy_acts", **fell, undone="fell")
    kept = data.add("heavy_acts", **fell, undone="authority")["id"]
    data.up()
    fallen = data.add("heavy_acts", **fell, undone="fell")["id"]
    one, other = data.add("members")["id"], data.add("members")["id"]
    data.add("heavy_acts", **back, status="asked", decided_at=None, asked_by_id=one, member_id=other)
    with refused("about_a_case_or_a_member"):
        data.add("heavy_acts", **{**back, "kind": "withdraw"}, status="asked", decided_at=None, member_id=other)
    data.down()
    assert of_each(data, "heavy_acts", "undone") == {kept: ("authority",), fallen: ("asker",)}


@pytest.mark.slow
def test_a_case_that_opens_for_nobody_is_an_act_that_ran_out_on_the_way_down(before: Before) -> None:
    data = before("0070_parked_cases")
    asked = data.add("heavy_acts", expires_at=LATER)["id"]
    request = data.add("person_requests")["id"]
    was, requests, ends = data.rows("heavy_acts"), data.rows("person_requests"), {asked: ("asked",)}
    for _ in range(2):
        data.up()
        plain = {"many": False, "heard": "", "undone": ""}
        acts = {**plain, "case_id": data.add("cases")["id"], "expires_at": LATER}
        for wrong, check in (
            ({"status": "parked"}, "parked_at_some_time"),
            ({"final_at": LATER}, "parked_at_some_time"),
            ({"status": "parked", "parked_at": AT, "decided_at": LATER}, "decided_at_some_time"),
            ({"seen_at": LATER}, "seen_by_another"),
            ({"heard": "guessed"}, "known_heard"),
            ({"undone": "nobody"}, "known_undone"),
        ):
            with refused(check):
                data.add("heavy_acts", **{**acts, **wrong})
        parked = data.add("heavy_acts", **acts, status="parked", parked_at=AT)["id"]
        with refused("case_id"):  # one open act of a case
            data.add("heavy_acts", **acts)
        data.add("person_requests", kind="keep", status="passed_on", answered_on=DAY)
        data.add("parked_grants", compartment="identity")
        data.down()
        ends[parked] = ("expired",)
        assert of_each(data, "heavy_acts", "status") == ends
        assert [row for row in data.rows("heavy_acts") if row["id"] == asked] == was
        assert [row["id"] for row in data.rows("person_requests")] == [request]
        assert data.rows("person_requests") == requests


@pytest.mark.slow
def test_nobody_is_suspended_on_the_way_down_and_nothing_says_that_they_were(before: Before) -> None:
    data = before("0071_leaving_and_suspensions")
    joined = data.add("key_events", event="joined")["id"]
    was, members = data.rows("key_events"), data.rows("members")
    for _ in range(2):
        data.up()
        data.add("key_events", event="suspended")
        data.add("key_events", event="came_back")
        member = data.first("members")["id"]
        for wrong, check in (
            ({"until": AT}, "for_a_time"),
            ({"by_id": member, "member_id": member}, "by_another"),
            ({"longer_by_id": member, "member_id": member}, "longer_by_another"),
            ({"ended_at": LATER}, "ended_by_somebody"),
            ({"ended_at": LATER, "ended_by_id": member, "member_id": member, "how_ended": "colleague"}, "never_ended"),
            ({"reason": "because"}, "known_reason"),
        ):
            with refused(check):
                data.add("suspensions", **{"at": AT, **wrong})
        data.add("suspensions", at=AT)
        data.down()
        assert data.rows("key_events") == was
        assert [row["id"] for row in data.rows("key_events")] == [joined]
        assert data.rows("members")[: len(members)] == members or members == []


@pytest.mark.slow
def test_what_a_password_costs_is_what_the_settings_say_on_the_day_of_the_upgrade(before: Before) -> None:
    data = before("0072_sign_ins")
    joined = data.add("members", salt=bytes(16))["id"]
    invited = data.add("members", login="invited", salt=None)["id"]
    data.add("member_sessions", member_id=joined)
    was = data.rows("members"), data.rows("member_sessions")
    config = current_app.extensions["nrm.config"]
    for _ in range(2):
        data.up()
        costs = of_each(data, "members", "argon2_kib", "argon2_passes", "failed_elsewhere", "waits_at")
        assert costs[joined] == (config.argon2_kib, config.argon2_passes, 0, None)
        assert costs[invited] == (None, None, 0, None)
        assert data.one("member_sessions")["asks_password"] is False
        asked = data.add("member_sessions", digest=b"asked", member_id=joined, asks_password=True)
        assert asked["asks_password"]
        data.down()
        assert (data.rows("members"), data.rows("member_sessions")) == was


@pytest.mark.slow
def test_a_grant_holds_until_the_last_day_of_its_consent_and_old_marks_end(before: Before) -> None:
    data = before("0073_marks_of_days")
    reader = data.add("organisations", code="PROSECUTION", kind="prosecution", party="PROSECUTION")["id"]
    case_id = data.add("cases")["id"]

    def made(compartment: str, whose: uuid.UUID, right: bool = True) -> tuple[str, uuid.UUID]:
        values = mark("grant", case_id, compartment, 1, whose) if right else b"by hand"
        place = {"case_id": case_id, "compartment": compartment, "organisation_id": whose, "epoch": 1}
        data.add("grants", **place, mark=values)
        return compartment, whose

    shared, by_clause = made("legal", reader), made("hand_over", reader)
    forged, own = made("identity", reader, right=False), made("legal", data.add("organisations")["id"])
    data.add("consents", case_id=case_id, topic="sharing", party="PROSECUTION", said="given", due_on=DAY, ended_on=None)
    instance = data.add("instances", synthetic=False, second_factor=True, created_at=AT)["id"]
    was = {name: data.rows(name) for name in ("grants", "consents", "instances")}
    for _ in range(2):
        data.up()
        found = {
            (row["compartment"], row["organisation_id"]): (row["until_on"], row["mark"]) for row in data.rows("grants")
        }

        def held(place: tuple[str, uuid.UUID], day: str) -> bytes:
            return mark("grant held", case_id, place[0], 1, place[1], day)

        assert found[shared] == (DAY, held(shared, DAY.isoformat()))
        assert found[by_clause] == (None, held(by_clause, ""))
        assert found[own] == (None, held(own, ""))
        assert found[forged] == (None, b"by hand")
        at = AT.isoformat(timespec="microseconds")
        assert data.one("instances")["mark"] == mark("instance", instance, "albania", 0, 1, at)
        consent = data.one("consents")
        said = ("sharing", "PROSECUTION", "given", "", "")
        assert consent["mark"] == mark("consent", consent["id"], case_id, *said)
        data.down()
        assert {name: data.rows(name) for name in was} == was


def test_members_from_before_the_key_log_have_signed_nothing_yet(before: Before) -> None:
    data = before("0068_key_log")
    member = data.add("members", login="ana")["id"]
    was = data.rows("members")
    for _ in range(2):
        data.up()
        assert of_each(data, "members", "serial", "own_signature", "name_salt")[member] == (0, None, None)
        with refused("known_kind"):
            data.add("key_log", kind="said")
        with refused("counted_from_one"):
            data.add("key_log", kind="joined", number=0)
        data.down()
        assert data.rows("members") == was


def test_what_happened_with_keys_by_words_is_forgotten_below(before: Before) -> None:
    data = before("0075_words")
    kept = data.add("key_events", event="confirmed")["id"]
    link = data.add("invitations")["id"]
    session = data.add("member_sessions")["digest"]
    was, links = data.rows("key_events"), data.rows("invitations")
    with refused("known_event"):
        data.add("key_events", event="founded")
    for _ in range(2):
        data.up()
        assert of_each(data, "invitations", "mark")[link] == (None,)  # it does not work any more
        assert not any(row["code_due"] for row in data.rows("members"))
        event = data.add("key_events", event="recovered")["id"]
        lacking = data.add("member_sessions", lacks_factor=True)["digest"]
        whose, by = data.add("members")["id"], data.add("members")["id"]
        there = {"member_id": whose, "by_id": by, "effective_at": AT, "typed_at": None, "typed_by_id": None}
        data.add("occasions", **there, second_id=None)
        objected = {"member_id": whose, "by_id": by, "at": AT, "until": LATER, "reason": "objected"}
        data.add("suspensions", **objected, event_id=kept)
        for table, said, check in (
            ("occasions", {**there, "typed_by_id": whose}, "never_by_oneself"),
            ("occasions", {**there, "second_id": by}, "another_second_hand"),
            ("occasions", {**there, "effective_at": None}, "anew_waits"),
            ("occasions", {**there, "typed_at": AT}, "typed_at_some_time"),
            ("occasions", {**there, "status": "over", "purpose": "other"}, "known_purpose"),
            ("occasions", {**there, "status": "known"}, "known_status"),
            ("suspensions", {**objected, "event_id": None}, "objected_to_something"),
            ("suspensions", {**objected, "event_id": event, "reason": "asked"}, "objected_to_something"),
            ("suspensions", {**objected, "event_id": kept}, "event_id"),
        ):
            with refused(check):
                data.add(table, **said)
        data.down()
        assert {row["id"] for row in data.rows("key_events")} == {kept}
        assert [row for row in data.rows("key_events") if row["id"] == kept] == was
        assert data.rows("invitations") == links
        digests = {row["digest"] for row in data.rows("member_sessions")}
        assert session in digests
        assert lacking not in digests
        assert not data.rows("suspensions")


@pytest.mark.slow
def test_another_role_or_name_is_forgotten_below(before: Before) -> None:
    data = before("0077_roles_and_names")
    kept = data.add("key_events", event="objected")["id"]
    was = data.rows("key_events")
    with refused("known_event"):
        data.add("key_events", event="role_changed")
    for _ in range(2):
        data.up()
        data.add("key_events", event="role_changed")
        data.add("key_events", event="renamed")
        data.down()
        assert data.rows("key_events") == was
        assert [row["id"] for row in data.rows("key_events")] == [kept]


@pytest.mark.slow
def test_who_does_not_hold_the_key_is_forgotten_below_but_for_the_log(before: Before) -> None:
    data = before("0085_who_does_not_hold_the_key")
    data.add("key_events", event="renamed")
    was = data.rows("key_events")
    with refused("known_event"):
        data.add("key_events", event="lacks_key")
    for _ in range(2):
        data.up()
        for event in ("lacks_key", "key_given", "holds_again"):
            data.add("key_events", event=event)
        data.down()
        assert data.rows("key_events") == was
    with refused("known_kind"):
        data.add("key_log", kind="holding")
    data.up()
    data.add("key_log", kind="holding")
    with pytest.raises(RuntimeError, match="the older program cannot read it"):
        data.down()


@pytest.mark.slow
def test_from_what_to_what_is_forgotten_below_and_who_does_not_agree_stays_in_the_log(before: Before) -> None:
    data = before("0090_who_does_not_agree")
    data.add("key_events", event="renamed")
    was = data.rows("key_events")
    for _ in range(2):
        data.up()
        [row] = data.rows("key_events")
        assert (row["before"], row["after"]) == ("", "")
        data.down()
        assert data.rows("key_events") == was
    with refused("known_kind"):
        data.add("key_log", kind="declined")
    data.up()
    data.add("key_log", kind="declined")
    with pytest.raises(RuntimeError, match="the older program cannot read it"):
        data.down()


@pytest.mark.slow
def test_alarms_of_questions_are_forgotten_on_the_way_down(before: Before) -> None:
    data = before("0083_alarms_of_questions")
    data.add("alarms", kind="shares")
    was = data.rows("alarms")
    with refused("known_kind"):
        data.add("alarms", kind="questions")
    for _ in range(2):
        data.up()
        for kind in ("questions", "of_all_questions"):
            data.add("alarm_acknowledgements", alarm_id=data.add("alarms", kind=kind)["id"])
        data.down()
        assert data.rows("alarms") == was
        assert data.rows("alarm_acknowledgements") == []


@pytest.mark.slow
def test_alarms_of_refusals_are_forgotten_on_the_way_down(before: Before) -> None:
    data = before("0113_alarms_of_refusals")
    data.add("alarms", kind="questions")
    was = data.rows("alarms")
    with refused("known_kind"):
        data.add("alarms", kind="refusals")
    for _ in range(2):
        data.up()
        data.add("alarm_acknowledgements", alarm_id=data.add("alarms", kind="refusals")["id"])
        data.down()
        assert data.rows("alarms") == was
        assert data.rows("alarm_acknowledgements") == []


@pytest.mark.slow
def test_what_was_called_albanian_is_a_home_citizen(before: Before) -> None:
    data = before("0079_home_citizens")
    cases = {each: data.add("cases", citizenship_class=each)["id"] for each in ("albanian", "third_country")}
    for number, each in enumerate(cases, start=1):
        data.add("screening_kinds", id=number, citizenship_class=each)
    ended = {"ended_on": DAY, "exit_reason": "repatriated", "destination": "other_country", "child_gate": "adult"}
    stay = data.add("stays", repatriation_gate="albanian", destination_country="IT", **ended)["id"]
    letter = {"kind": "embassy", "reason": "return_abroad", "written_on": DAY, "child_gate": "adult"}
    letter_id = data.add("departures", repatriation_gate="albanian", **letter)["id"]
    struck = {"repatriation_gate": "albanian", "destination": "other_country"}
    correction = data.add("stay_corrections", was=struck, kind="admission")["id"]
    study = {"findings": [{"profile": [["citizenship_class", "is", ["albanian", "unknown"]], ["needs", "has", ["x"]]]}]}
    version = data.add("agreement_versions", study=study)["id"]
    names = ("cases", "screening_kinds", "stays", "departures", "stay_corrections", "agreement_versions")
    was = {name: data.rows(name) for name in names}
    for _ in range(2):
        data.up()
        said = of_each(data, "cases", "citizenship_class")
        assert (said[cases["albanian"]], said[cases["third_country"]]) == (("home",), ("third_country",))
        assert of_each(data, "screening_kinds", "citizenship_class") == {1: ("home",), 2: ("third_country",)}
        assert of_each(data, "stays", "repatriation_gate")[stay] == ("home_citizen",)
        assert of_each(data, "departures", "repatriation_gate")[letter_id] == ("home_citizen",)
        assert "home_citizen" in str(of_each(data, "stay_corrections", "was")[correction])
        assert "albanian" not in str(of_each(data, "agreement_versions", "study")[version])
        with refused("repatriated_after_permit_information|gate_looks_at_the_country"):
            data.add("stays", repatriation_gate="albanian", destination_country="IT", **ended)
        with refused("abroad_after_permit_information"):
            data.add("departures", repatriation_gate="albanian", **letter)
        data.down()
        assert {name: data.rows(name) for name in names} == was
        with refused("repatriated_after_permit_information|gate_looks_at_the_country"):
            data.add("stays", repatriation_gate="home_citizen", destination_country="IT", **ended)


@pytest.mark.slow
def test_names_are_texts_by_language_and_two_of_them_columns_on_the_way_down(before: Before) -> None:
    data = before("0087_names_by_language")
    ours = data.add("organisations", name_sq="Vatra, Vlorë", name_en="Hearth")["id"]
    first = data.add("route_candidates", reason_sq="Nuk ka vend.", reason_en="No place.")["id"]
    out = data.add("route_exclusions", reason_sq="", reason_en="")["id"]
    names = ("organisations", "route_candidates", "route_exclusions")
    data.add("mailboxes", language="en", organisation_id=ours)
    was = {name: of_each(data, name, *_both(name)) for name in names}
    with refused("known_language"):
        data.add("mailboxes", language="mk")
    for _ in range(2):
        data.up()
        assert of_each(data, "organisations", "names")[ours] == ({"sq": "Vatra, Vlorë", "en": "Hearth"},)
        assert of_each(data, "route_candidates", "reason")[first] == ({"sq": "Nuk ka vend.", "en": "No place."},)
        assert of_each(data, "route_exclusions", "reason")[out] == ({"sq": "", "en": ""},)
        theirs = data.add("organisations", names={"mk": "Отворена порта", "en": "Open Gate"})["id"]
        data.add("mailboxes", language="mk", organisation_id=theirs)
        data.down()
        said = {name: of_each(data, name, *_both(name)) for name in names}
        assert said["organisations"].pop(theirs) == ("Отворена порта", "Open Gate")
        assert {name: {each: said[name][each] for each in was[name]} for name in names} == was
        assert {row["language"] for row in data.rows("mailboxes")} == {"en"}


@pytest.mark.slow
def test_why_an_account_ended_is_leaving_on_the_way_down(before: Before) -> None:
    data = before("0088_why_an_account_ends")

    def ended(reason: str) -> uuid.UUID:
        whose, by = (data.add("members")["id"] for _ in range(2))
        about = {"kind": "end_account", "case_id": None, "member_id": whose, "asked_by_id": by, "expires_at": LATER}
        added: uuid.UUID = data.add("heavy_acts", **about, reason=reason)["id"]
        return added

    ended("left")
    was = data.rows("heavy_acts")
    with refused("known_reason"):
        ended("suspected")
    for _ in range(2):
        data.up()
        other = ended("suspected")
        data.down()
        assert of_each(data, "heavy_acts", "reason")[other] == ("left",)
        assert all(row in data.rows("heavy_acts") for row in was)


def _both(table: str) -> tuple[str, str]:
    column = "name" if table == "organisations" else "reason"
    return f"{column}_sq", f"{column}_en"


@pytest.mark.slow
def test_who_left_the_programme_and_who_agreed_to_a_code_are_forgotten_on_the_way_down(before: Before) -> None:
    data = before("0091_witnesses")
    kept = data.add("testimony", position=1, status="in_witness_protection")
    data.add("testimony", position=2, status="testimony_withdrawn", reason="trauma")
    data.add("consents")
    data.add("sealed_compartments", compartment="legal")
    names = ("testimony", "testimony_strikes", "consents", "sealed_compartments")
    was = {name: data.rows(name) for name in names}
    with refused("known_status"):
        data.add("testimony", position=3, status="left_witness_protection")
    with refused("said_fits_topic"):
        data.add("consents", topic="link")
    for _ in range(2):
        data.up()
        with refused("withdrawn_with_reason"):
            data.add("testimony", position=3, status="left_witness_protection")
        left = data.add(
            "testimony", position=3, case_id=kept["case_id"], status="left_witness_protection", reason="threat"
        )
        data.add("testimony_strikes", step_id=left["id"], reason="wrong_day")
        data.add("threat_alarms", case_id=kept["case_id"], step_id=left["id"])
        data.add("consents", topic="link")
        for compartment in ("link", "link_number", "witness"):
            data.add("sealed_compartments", compartment=compartment)
        data.add("link_numbers", link_id=data.add("link_codes")["id"])
        data.add("hearing_entries")
        data.down()
        assert {name: data.rows(name) for name in names} == was


@pytest.mark.slow
def test_what_was_agreed_for_the_months_after_is_gone_on_the_way_down(before: Before) -> None:
    data = before("0093_follow_ups")
    names = ("sealed_compartments", "grants", "openings", "readings")
    for name in names:
        data.add(name, compartment="identity")
    data.add("person_requests", kind="keep")
    kept = {name: data.rows(name) for name in (*names, "person_requests")}
    for _ in range(2):
        data.up()
        assert data.rows("follow_ups") == []
        agreed = data.add("follow_ups")
        with refused("UNIQUE|uq_follow_ups_standing"):
            data.add("follow_ups", case_id=agreed["case_id"])
        with refused("ended_with_reason"):
            data.add("follow_ups", ended_why="moved")
        data.add("follow_up_dates", follow_up_id=agreed["id"])
        for wrong in ({"state": "reached"}, {"outcome": "settled"}, {"outcome": "x"}, {"months": 0}):
            with refused("settled_in_a_quarter|outcome_of_who_was_reached|known_outcome|counted"):
                data.add("follow_up_dates", follow_up_id=agreed["id"], **{"months": 3, **wrong})
        data.add("person_requests", kind="no_follow_up")
        for name in names:
            data.add(name, case_id=agreed["id"], compartment="follow_up")
        data.down()
        assert {name: data.rows(name) for name in kept} == kept


@pytest.mark.slow
def test_nights_that_were_frozen_before_need_no_signature_and_none_is_left_on_the_way_down(before: Before) -> None:
    data = before("0094_benefits_and_nights")
    frozen = data.add("payment_lines", quarter="2026Q2", basis="nights")
    of_nights, other = (
        data.add("contract_versions", contract_id=data.add("contracts", number=each)["id"], position=1) for each in "12"
    )
    names = ("payment_lines", "contracts", "contract_versions")
    kept = {name: data.rows(name) for name in names}
    for _ in range(2):
        data.up()
        assert [bool(row["to_sign"]) for row in data.rows("payment_lines")] == [False]
        assert {row["quarter_nights"] for name in names[1:] for row in data.rows(name)} == {None}
        data.add("night_statements", organisation_id=frozen["organisation_id"], quarter="2026Q2", position=1)
        with refused("counted_from_one"):
            data.add("night_statements", quarter="2026Q3", position=0)
        month = {"from_month": date(2026, 11, 1), "months": 1}
        data.add("benefits", code="P-1", amount=1, channel="account", voucher="", state="asked", **month)
        for wrong in (
            {"amount": 0},
            {"months": 13},
            {"channel": "person"},
            {"voucher": "1"},
            {"channel": "voucher"},
            {"state": "paid"},
            {"state": "x"},
        ):
            sound = {"amount": 1, "channel": "account", "voucher": "", "state": "asked", **month}
            checks = "an_amount|some_months|known_channel|a_number_of_a_voucher|known_state|settled_in_a_month"
            with refused(checks):
                data.add("benefits", code="P-2", **{**sound, **wrong})
        data.down()
        assert {name: data.rows(name) for name in names} == kept
    data.up()
    newer = data.add("contract_versions", contract_id=of_nights["contract_id"], position=2, quarter_nights=9)
    assert newer["contract_id"] != other["contract_id"]
    data.down()
    assert [row["id"] for row in data.rows("contract_versions")] == [other["id"]]


def test_what_people_said_about_a_house_is_gone_on_the_way_down(before: Before) -> None:
    data = before("0095_feedback")
    names = ("sealed_compartments", "grants", "openings", "readings")
    for name in names:
        data.add(name, compartment="identity")
    kept = {name: data.rows(name) for name in names}
    for _ in range(2):
        data.up()
        box = data.add("feedback_boxes")
        with refused("UNIQUE|uq_feedback_boxes_organisation_id"):
            data.add("feedback_boxes", organisation_id=box["organisation_id"])
        data.add("feedback_slips", organisation_id=box["organisation_id"])
        complaint = data.add("complaints", dealt_on=None, dealt_by_id=None)
        with refused("dealt_with_by_somebody"):
            data.add("complaints", dealt_on=None, dealt_by_id=data.add("members")["id"])
        for name in names:
            for id_, compartment in ((box["id"], "feedback"), (complaint["id"], "complaint")):
                data.add(name, case_id=id_, compartment=compartment)
        data.down()
        assert {name: data.rows(name) for name in kept} == kept


@pytest.mark.slow
def test_what_was_paid_and_who_deals_with_a_complaint_is_forgotten_on_the_way_down(before: Before) -> None:
    data = before("0098_paid_and_heard")
    names = ("benefits", "complaints", "feedback_slips")
    data.add("benefits", state="asked", settled_month=None, voucher="", channel="account", amount=5, months=1)
    data.add("complaints", dealt_on=None, dealt_by_id=None)
    data.add("feedback_slips")
    was = {name: data.rows(name) for name in names}
    for _ in range(2):
        data.up()
        (benefit,) = data.rows("benefits")
        assert (benefit["was"], benefit["settled_on"], benefit["untold"]) == ("", None, False)
        (complaint,) = data.rows("complaints")
        data.add("complaints_taken", complaint_id=complaint["id"])
        with refused("counted_from_one"):
            data.add("night_payments", position=0)
        data.add("night_payments", position=1, amount=-12)
        data.down()
        assert {name: data.rows(name) for name in names} == was


@pytest.mark.slow
def test_what_was_asked_for_before_waits_for_no_second_member_and_reasons_go_on_the_way_down(before: Before) -> None:
    data = before("0099_agreed_by_two")
    names = ("benefits", "night_payments")
    plain = {"settled_month": None, "voucher": "", "channel": "account", "months": 1, "was": "", "settled_on": None}
    data.add("benefits", **plain, state="asked", amount=900_000)
    data.add("night_payments", position=1, amount=-12)
    was = {name: data.rows(name) for name in names}
    for _ in range(2):
        data.up()
        assert [each["second"] for each in data.rows("benefits")] == [""]
        assert [each["reason"] for each in data.rows("night_payments")] == [""]
        data.down()
        assert {name: data.rows(name) for name in names} == was


@pytest.mark.slow
def test_alarms_wait_again_and_all_nights_count_on_the_way_down(before: Before) -> None:
    data = before("0100_acted_on")
    data.add("stays", exit_reason="", destination="")
    data.add("follow_up_dates", state="open", months=1, tries=0, outcome="", alarm_on=date(2026, 1, 2))
    was = {name: data.rows(name) for name in ("follow_up_dates", "stays")}
    for _ in range(2):
        data.up()
        (contact,), (stay,) = data.rows("follow_up_dates"), data.rows("stays")
        assert (contact["alarm_on"], contact["acted_what"], contact["acted_at"]) == (date(2026, 1, 2), "", None)
        assert stay["counts_from"] is None
        data.down()
        assert {name: data.rows(name) for name in was} == was


@pytest.mark.slow
def test_what_waits_of_a_contract_is_forgotten_on_the_way_down_and_what_it_says_stays(before: Before) -> None:
    data = before("0101_contract_hands")
    data.add("contract_versions", contract_id=data.add("contracts")["id"], position=1)
    data.add("benefits", channel="account", voucher="", state="called_off", settled_month=DAY, months=1, second="")
    was = {name: data.rows(name) for name in ("contracts", "contract_versions", "benefits")}
    for _ in range(2):
        data.up()
        (benefit,) = data.rows("benefits")
        assert (benefit["state"], benefit["off_unseen"]) == ("called_off", False)
        assert (data.rows("contract_changes"), data.rows("benefit_reviews")) == ([], [])
        data.down()
        assert {name: data.rows(name) for name in was} == was


@pytest.mark.slow
def test_the_row_of_limits_is_there_before_anybody_sends_something(before: Before) -> None:
    data = before("0102_voices")
    data.add("left_alone", kind="left", destination="unknown", country="unknown", desk_knows=True)
    data.add("feedback_boxes")
    data.add("complaints", without_house=False)
    was = {name: data.rows(name) for name in ("left_alone", "missing", "feedback_boxes", "complaints")}
    for _ in range(2):
        data.up()
        ((row,), (left,)) = data.rows("request_limits"), data.rows("left_alone")
        assert (row["id"], row["sealed_counts"][:1], len(row["sealed_counts"])) == (1, b"\x01", 64 * 1024 + 29)
        assert (left["desk_knows"], left["desk_known_on"], left["authority_known_on"]) == (True, None, None)
        (box,), (said,) = data.rows("feedback_boxes"), data.rows("complaints")
        assert (box["notes_to_read"], box["notes_by_id"], bool(box["notes_watched"])) == (0, None, False)
        assert said["not_for"] is None
        data.down()
        assert {name: data.rows(name) for name in was} == was


@pytest.mark.slow
def test_a_benefit_that_is_there_is_marked(before: Before) -> None:
    data = before("0103_benefits_are_marked")
    month = date(2026, 3, 1)
    asked = {"amount": 5000, "from_month": month, "months": 2, "channel": "voucher", "voucher": "1-2", "state": "asked"}
    paid = {**asked, "channel": "account", "voucher": "", "state": "paid"}
    data.add("benefits", **asked, code="P-A", was="", second="wanted", nobody_on=DAY, untold=False)
    data.add("benefits", **paid, code="P-B", was="asked", settled_month=month, settled_on=DAY, untold=True)
    was = {row["code"]: row for row in data.rows("benefits")}
    days = {"P-A": ("", "", DAY.isoformat()), "P-B": ("2026-03-01", DAY.isoformat(), "")}
    for _ in range(2):
        data.up()
        for row in data.rows("benefits"):
            said = (row["code"], 5000, "2026-03-01", 2, row["channel"], row["voucher"], row["state"], row["second"])
            told = (row["was"], *days[row["code"]], row["nobody_by_id"] or "", int(row["untold"]), 0)
            assert row["mark"] == mark("benefit", row["organisation_id"], *said, *told)
        data.down()
        assert {row["code"]: row for row in data.rows("benefits")} == was


@pytest.mark.slow
def test_a_complaint_and_a_box_from_before_are_taken_to_be_right(before: Before) -> None:
    data = before("0104_voices_are_marked")
    data.add("feedback_boxes")
    data.add("complaints", dealt_on=None, dealt_by_id=None, not_for=None)
    dealt = data.add("complaints", dealt_on=date(2026, 11, 28), dealt_by_id=data.add("members")["id"])
    data.add("complaints_taken", complaint_id=dealt["id"])
    was = {name: data.rows(name) for name in ("feedback_boxes", "complaints", "complaints_taken")}
    for _ in range(2):
        data.up()
        ((box,), (taken,)) = data.rows("feedback_boxes"), data.rows("complaints_taken")
        assert box["mark"] == mark("feedback box", box["id"], box["organisation_id"])
        assert taken["mark"] == mark("complaint taken", taken["complaint_id"], taken["member_id"])
        for row in data.rows("complaints"):
            dealt = ("2026-11-28", row["dealt_by_id"]) if row["id"] == taken["complaint_id"] else ("", "")
            rest = (int(row["without_house"]), row["not_for"] or b"")
            assert row["mark"] == mark("complaint", row["id"], *dealt, *rest)
        data.down()
        assert {name: data.rows(name) for name in was} == was


@pytest.mark.slow
def test_nights_from_before_are_taken_to_be_right(before: Before) -> None:
    data = before("0105_nights_are_marked")
    data.add("payment_lines", quarter="2026Q2", nights=40, earlier=-3, payable=37, basis="nights", to_sign=True)
    data.add("payment_lines", quarter="2026Q3", nights=7, earlier=0, payable=180, basis="places", to_sign=False)
    data.add("night_payments", quarter="2026Q2", position=1, amount=-12, statement=2, paid_on=DAY, reason="called")
    added = data.add("contracts", number="7", subject="x", amount=5, quarter_nights=3, quarter_amount=4)
    (contract,) = [row for row in data.rows("contracts") if row["id"] == added["id"]]
    kept = data.add("contract_versions", contract_id=data.add("contracts")["id"], position=1)
    was = {name: data.rows(name) for name in ("payment_lines", "night_payments", "contracts")}
    for _ in range(2):
        data.up()
        versions = {row["contract_id"]: row for row in data.rows("contract_versions")}
        assert len(versions) == 2
        assert kept.items() <= versions[kept["contract_id"]].items()
        first = versions[contract["id"]]
        assert (first["position"], first["by_id"], first["at"]) == (1, None, contract["recorded_at"])
        days = tuple(
            contract[name].isoformat() if contract[name] else "" for name in ("from_on", "until_on", "ended_on")
        )
        at = contract["recorded_at"].astimezone(UTC).isoformat(timespec="microseconds")
        said = (contract["id"], 1, "7", "x", 5, *days, 3, 4, "", at)
        assert first["mark"] == mark("contract version", first["id"], *said)
        for row in data.rows("payment_lines"):
            nights = (str(row["nights"]), str(row["earlier"]), str(row["payable"]))
            said = (row["organisation_id"], row["quarter"], *nights, row["basis"], int(row["to_sign"]))
            assert row["mark"] == mark("nights of a quarter", *said)
        (paid,) = data.rows("night_payments")
        said = (paid["organisation_id"], "2026Q2", 1, "-12", 2, DAY.isoformat(), "called", paid["member_id"])
        assert paid["mark"] == mark("nights paid", *said)
        data.down()
        assert {name: data.rows(name) for name in was} == was


def test_a_complaint_that_is_right_is_marked_with_the_key_of_its_words(before: Before) -> None:
    """One that another hand changed stays wrong, and so does one of which the words are gone."""
    data = before("0106_complaints_stay_as_they_are")
    marks: dict[object, tuple[object, object]] = {}
    for right, there in ((True, True), (False, True), (True, False)):
        row = data.add("complaints", dealt_on=None, dealt_by_id=None, not_for=None, without_house=False, mark=b"x")
        parts = ("complaint", row["id"], "", "", 0, b"")
        was = mark(*parts) if right else b"y"
        data.change("complaints", row["id"], mark=was)
        if there:
            data.add("sealed_compartments", case_id=row["id"], compartment="complaint", epoch=3)
        marks[row["id"]] = was, mark(*parts, 3) if right and there else was
    for _ in range(2):
        data.up()
        assert {row["id"]: row["mark"] for row in data.rows("complaints")} == {
            key: now for key, (_, now) in marks.items()
        }
        data.down()
        assert {row["id"]: row["mark"] for row in data.rows("complaints")} == {
            key: was for key, (was, _) in marks.items()
        }


@pytest.mark.slow
def test_what_was_seen_of_a_threat_stays_seen_and_what_is_kept_of_hearings_goes_on_the_way_down(
    before: Before,
) -> None:
    data = before("0107_seen_and_taken_back")
    data.add("threat_alarms")
    data.add("threats_seen")
    tables = ("threat_alarms", "threats_seen", "sealed_compartments", "grants")
    was = {name: data.rows(name) for name in tables}
    for _ in range(2):
        data.up()
        (alarm,), (seen,) = data.rows("threat_alarms"), data.rows("threats_seen")
        assert (alarm["doubt"], alarm["doubted_at"], seen["what"]) == ("", None, "")
        kept = data.add("kept_hearings")
        for table in ("sealed_compartments", "grants"):
            data.add(table, case_id=kept["id"], compartment="kept_hearing", epoch=1)
        data.down()
        assert {name: data.rows(name) for name in tables} == was


def test_of_places_from_before_nobody_knows_when_they_were_entered(before: Before) -> None:
    data = before("0108_places_entered_on")
    data.add("places", label="R1", from_on=None)
    was = data.rows("places")
    for _ in range(2):
        data.up()
        assert [row["entered_on"] for row in data.rows("places")] == [None]
        data.down()
        assert data.rows("places") == was


def test_nights_by_day_go_on_the_way_down_and_a_quarter_that_is_right_stays_right(before: Before) -> None:
    data = before("0109_nights_by_day")
    shelter = data.add("organisations")["id"]
    parts = ("nights of a quarter", shelter, "2026Q2", "40", "0", "40", "nights", 1)
    figures = {"nights": 40, "earlier": 0, "payable": 40, "basis": "nights", "to_sign": True}
    data.add("payment_lines", organisation_id=shelter, quarter="2026Q2", mark=mark(*parts), **figures)
    (was,) = data.rows("payment_lines")
    data.up()
    assert data.one("payment_lines")["by_day"] is None
    for quarter, made in (("2026Q3", mark(*parts[:2], "2026Q3", *parts[3:], "0 20 20")), ("2026Q4", b"another hand")):
        own = {"organisation_id": shelter, "quarter": quarter, "mark": made}
        data.add("payment_lines", by_day="0 20 20", **own, **figures)
    data.down()
    marks = {row["quarter"]: row["mark"] for row in data.rows("payment_lines")}
    assert marks == {
        "2026Q2": was["mark"],
        "2026Q3": mark(*parts[:2], "2026Q3", *parts[3:]),
        "2026Q4": b"another hand",
    }


def test_places_of_a_quarter_that_nobody_signed_are_counted_by_the_day(before: Before) -> None:
    data = before("0109_nights_by_day")
    shelter, other = (data.add("organisations")["id"] for _ in range(2))
    days: dict[str, date | None] = {"from_on": None, "until_on": None, "entered_on": None}
    for more in ({}, {"entered_on": date(2026, 9, 30)}, {"from_on": date(2026, 8, 1), "until_on": date(2026, 8, 11)}):
        why = "given_up" if "until_on" in more else ""
        data.add("places", organisation_id=shelter, extra_why="", closed_why=why, **{**days, **more})
    extra = {"from_on": date(2026, 7, 1), "until_on": date(2026, 7, 8), "closed_why": "extra"}
    data.add("places", organisation_id=shelter, extra_why="building_full", **extra)
    lines = {}
    for whose, quarter, payable, right in (
        *((shelter, "2026Q3", 92 + 1 + 10, True), (shelter, "2026Q2", 91, True), (shelter, "2026Q1", 90, False)),
        *((shelter, "2025Q4", 91, True), (other, "2026Q3", 92, True)),
    ):
        parts = ("nights of a quarter", whose, quarter, "7", "0", str(payable), "places", 1)
        own = {"organisation_id": whose, "quarter": quarter, "payable": payable}
        made = mark(*parts) if right else b"another hand"
        data.add("payment_lines", nights=7, earlier=0, basis="places", to_sign=True, mark=made, **own)
        lines[whose, quarter] = parts
    data.add("night_statements", organisation_id=shelter, quarter="2026Q2", position=1)
    was = data.rows("payment_lines")
    for _ in range(2):
        data.up()
        found = {(row["organisation_id"], row["quarter"]): row for row in data.rows("payment_lines")}
        counted = {key: row for key, row in found.items() if row["by_day"] is not None}
        assert counted.keys() == {(shelter, "2026Q3")}  # one that adds up, is right, and is not signed
        row = counted[shelter, "2026Q3"]
        assert row["by_day"] == " ".join(["0", *["1"] * 31, *["2"] * 10, *["1"] * 50, "2"])
        assert row["mark"] == mark(*lines[shelter, "2026Q3"], row["by_day"])
        data.down()
        assert data.rows("payment_lines") == was


@pytest.mark.slow
def test_calls_about_who_did_not_come_are_forgotten_on_the_way_down(before: Before) -> None:
    data = before("0111_calls_about_not_come")
    data.add("chases", kind="arrival")
    was = data.rows("chases")
    for kind in ("not_come", "move"):
        with refused("known_kind"):
            data.add("chases", kind=kind)
    for _ in range(2):
        data.up()
        for kind in ("not_come", "move"):
            data.add("chases", kind=kind)
        data.down()
        assert data.rows("chases") == was


@pytest.mark.slow
def test_of_returns_from_before_nobody_knows_who_said_what(before: Before) -> None:
    data = before("0112_said_of_returns")
    data.add("notices", expected_on=date(2026, 3, 2), hour=8, companions=1)
    data.add("referrals", status="accepted")
    was = {name: data.rows(name) for name in ("notices", "referrals")}
    for _ in range(2):
        data.up()
        (notice,), (referral,) = data.rows("notices"), data.rows("referrals")
        assert (notice["said"], notice["said_at"], notice["interview_id"], notice["why"]) == ("", None, None, "")
        assert (referral["missed_at"], referral["put_off"]) == (None, 0)
        data.down()
        assert {name: data.rows(name) for name in was} == was
    data.up()
    under_way = data.add("notices", status="arrived", interview_id=uuid.uuid4(), said="", said_at=None)
    with pytest.raises(IntegrityError):
        data.add("notices", status="cancelled", expected_on=date(2026, 3, 2), interview_id=None, said="", said_at=None)
    data.down()
    (row,) = [row for row in data.rows("notices") if row["id"] == under_way["id"]]
    assert (row["status"], row["expected_on"], row["hour"]) == ("arrived", None, None)


@pytest.mark.slow
def test_whose_interview_ended_is_expected_again_on_the_way_down(before: Before) -> None:
    data = before("0114_ends_of_returns")
    data.add("notices", expected_on=date(2026, 3, 2), hour=8, companions=1)
    was, told = data.rows("notices"), {"said": "ended", "said_at": datetime(2026, 3, 2, 9, tzinfo=UTC)}
    with refused("known_word|coarse_once_over"):
        data.add("notices", status="arrived", expected_on=date(2026, 3, 2), interview_id=None, **told)
    for _ in range(2):
        data.up()
        (notice,) = data.rows("notices")
        assert (notice["untold"], notice["announced_by_id"]) == (0, None)
        data.down()
        assert data.rows("notices") == was
    data.up()
    ended = data.add("notices", status="arrived", expected_on=date(2026, 3, 2), interview_id=None, **told)
    with refused("coarse_once_over"):
        data.add("notices", status="arrived", expected_on=date(2026, 3, 2), interview_id=None, said="", said_at=None)
    data.down()
    (row,) = [row for row in data.rows("notices") if row["id"] == ended["id"]]
    assert (row["status"], row["said"], row["expected_on"]) == ("announced", "destroyed", date(2026, 3, 2))


@pytest.mark.slow
def test_numbers_of_months_are_added_up_to_quarters(before: Before) -> None:
    data = before("0115_numbers_of_a_quarter")
    for month, number in (("2026-01-01", 1), ("2026-03-01", 2), ("2026-04-01", 4), ("2025-12-01", 8)):
        of = date.fromisoformat(month)
        data.add("screen_steps", month=of, crossing_point="rinas", number=number)
        data.add("screen_steps", month=of, crossing_point="durres", number=1)
    data.add("screening_kinds", id=7)
    for month, reason in (("2026-05-01", ""), ("2026-06-01", ""), ("2026-06-01", "fear")):
        codes = {"kind_id": 7, "profile": "none", "assessment": "none", "reason": reason}
        data.add("screening_counts", month=date.fromisoformat(month), **codes, number=3)
    data.up()
    steps = {(str(row["quarter_on"])[:10], row["crossing_point"]): row["number"] for row in data.rows("screen_steps")}
    assert steps == {
        ("2025-10-01", "rinas"): 8,
        ("2026-01-01", "rinas"): 3,
        ("2026-04-01", "rinas"): 4,
        ("2025-10-01", "durres"): 1,
        ("2026-01-01", "durres"): 2,
        ("2026-04-01", "durres"): 1,
    }
    counts = {(str(row["quarter_on"])[:10], row["reason"]): row["number"] for row in data.rows("screening_counts")}
    assert counts == {("2026-04-01", ""): 6, ("2026-04-01", "fear"): 3}
    was = data.rows("screen_steps"), data.rows("screening_counts")
    data.down()
    steps_of_months = {
        (str(row["month"])[:10], row["crossing_point"]): row["number"] for row in data.rows("screen_steps")
    }
    assert steps_of_months == steps
    data.up()
    assert (data.rows("screen_steps"), data.rows("screening_counts")) == was


@pytest.mark.slow
def test_of_calls_from_before_nobody_knows_whether_it_was_done_and_a_mistake_is_taken_back_on_the_way_down(
    before: Before,
) -> None:
    data = before("0117_calls_and_requests")
    data.add("helpline_calls", outcome="urgent")
    was = data.rows("helpline_calls")
    for _ in range(2):
        data.up()
        assert [row["followed"] for row in data.rows("helpline_calls")] == [""]
        data.down()
        assert data.rows("helpline_calls") == was
    data.up()
    with refused("known_followed"):
        data.add("helpline_calls", outcome="urgent", followed="perhaps")
    request = data.add("person_requests", status="mistaken", answered_on=date(2026, 3, 2))
    act = data.add("heavy_acts", undone="wrong_person")
    data.down()
    (row,) = [row for row in data.rows("person_requests") if row["id"] == request["id"]]
    assert (row["status"], row["reason"]) == ("refused", "taken_back")
    (row,) = [row for row in data.rows("heavy_acts") if row["id"] == act["id"]]
    assert row["undone"] == "holder"


@pytest.mark.slow
def test_who_left_against_a_yes_is_thrown_away_on_the_way_down(before: Before) -> None:
    data = before("0118_ended_against_a_yes")
    was = data.add("interview_holds", ending="undecided", reason="")
    with refused("known_ending"):
        data.add("interview_holds", ending="left")
    data.up()
    left = data.add("interview_holds", ending="left", reason="took_back", desk=True)
    said_no = data.add("interview_holds", ending="retracted", reason="took_back", desk=True)
    data.down()
    rows = {row["id"]: (row["ending"], row["reason"]) for row in data.rows("interview_holds")}
    assert rows == {
        was["id"]: ("undecided", ""),
        left["id"]: ("discarded", "other"),
        said_no["id"]: ("discarded", "other"),
    }
