"""Rows that the migrations since 0021 move, fill, rewrite or delete: up, down and up again, on both engines."""

from __future__ import annotations

import uuid
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from nrm import crypto
from tests.migrations.ladder import AT, DAY, Before, Databases, Row, mark, refused

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


@pytest.mark.slow
def test_a_move_that_was_called_off_is_withdrawn_on_the_way_down(before: Before) -> None:
    data = before("0051_transfers")
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
