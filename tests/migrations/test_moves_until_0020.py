"""Rows that the migrations until 0020 move, fill, rewrite or delete: up, down and up again, on both engines."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest

from tests.migrations.ladder import AT, DAY, Before, Databases, Row, mark, refused

LATER = AT + timedelta(hours=1)
YESTERDAY = DAY - timedelta(days=1)


def test_whose_case_it_was_is_who_holds_it_now_or_who_opened_it(before: Before) -> None:
    data = before("0002_openings_and_alarms")
    opener, holder = (data.add("organisations")["id"] for _ in range(2))
    held = data.add("cases", opened_by_id=opener, holder_id=holder)["id"]
    referred = data.add("cases", opened_by_id=opener, holder_id=None, status="referred")["id"]
    for case_id in (held, referred):
        data.add("readings", case_id=case_id, opened_at=AT)
    was = data.rows("readings")
    for _ in range(2):
        data.up()
        assert {row["case_id"]: row["holder_id"] for row in data.rows("readings")} == {held: holder, referred: opener}
        with refused("holder_id"):
            data.add("readings", holder_id=None)
        data.down()
        assert data.rows("readings") == was


def test_erasures_are_told_once_for_each_case_on_the_way_down_and_not_at_all_on_the_way_up(before: Before) -> None:
    data = before("0003_erased_compartments")
    case_id = data.add("erasures")["case_id"]
    data.up()
    assert data.rows("erasures") == []
    other = uuid.uuid4()
    data.add("erasures", case_id=case_id, compartment="identity", erased_at=LATER)
    data.add("erasures", case_id=case_id, compartment="hand_over", erased_at=AT)
    data.add("erasures", case_id=other, compartment="identity", erased_at=AT)
    data.down()
    assert {row["case_id"]: row["erased_at"] for row in data.rows("erasures")} == {case_id: LATER, other: AT}
    assert len(data.rows("erasures")) == 2
    data.up()
    assert data.rows("erasures") == []


ENDED = {"ended_on": DAY, "exit_reason": "repatriated", "destination": "other_country"}


def _stay(data: Databases, informed_on: object, gate: str = "informed", **more: object) -> Row:
    case_id = data.add("cases")["id"]
    if informed_on is not None:
        said = {
            "informed_on": informed_on,
            "informed_language": "sq",
            "informed_by_id": data.first("organisations")["id"],
        }
        data.add("permits", case_id=case_id, state="informed", **said)
    return data.add("stays", case_id=case_id, repatriation_gate=gate, **ENDED, **more)


def test_what_opened_a_gate_is_put_beside_the_stay_and_never_after_its_end(before: Before) -> None:
    data = before("0004_gates_keep_their_proof")
    told = _stay(data, YESTERDAY, admitted_on=YESTERDAY)
    told_later = _stay(data, DAY + timedelta(days=3))
    without_permit = _stay(data, None)
    albanian = _stay(data, YESTERDAY, "albanian")
    there = data.add("stays", bed_id=data.add("beds", label="2")["id"])
    data.add("screenings")
    was = {name: data.rows(name) for name in ("stays", "permits", "screenings")}
    for _ in range(2):
        data.up()
        found = {row["id"]: (row["permit_state"], row["informed_on"]) for row in data.rows("stays")}
        assert found == {
            told["id"]: ("informed", YESTERDAY),
            told_later["id"]: ("informed", DAY),
            without_permit["id"]: ("informed", DAY),
            albanian["id"]: ("", None),
            there["id"]: ("", None),
        }
        assert (data.rows("permits"), data.rows("screenings")) == (was["permits"], was["screenings"])
        with refused("informed_before_repatriated"):
            after = {"informed_on": DAY + timedelta(days=1), "permit_state": "informed"}
            data.add("stays", repatriation_gate="informed", **ENDED, **after)
        data.down()
        assert {name: data.rows(name) for name in was} == was


@pytest.mark.parametrize(
    ("table", "row", "why"),
    [
        ("permits", {"state": "informed", "informed_on": DAY, "informed_language": "sq"}, "informed_by_somebody"),
        ("screenings", {"age_class": "child", "processed": "returned_to_family"}, "child_never_to_family"),
    ],
)
def test_rows_that_no_action_wrote_stop_the_way_up_and_stay_as_they_are(
    before: Before, table: str, row: Row, why: str
) -> None:
    data = before("0004_gates_keep_their_proof")
    data.add(table, **row)
    was = data.rows(table)
    with refused(why):
        data.up()
    assert data.at() == {"0003_erased_compartments"}
    assert data.rows(table) == was


@pytest.mark.parametrize("synthetic", [True, False])
def test_a_demo_country_is_not_asked_for_a_second_factor_and_a_real_one_is(before: Before, synthetic: bool) -> None:
    data = before("0005_second_factor")
    data.add("instances", synthetic=synthetic)
    data.add("member_sessions")
    was = {name: data.rows(name) for name in ("instances", "members", "member_sessions")}
    for _ in range(2):
        data.up()
        assert data.one("instances")["second_factor"] is not synthetic
        assert (data.one("member_sessions")["locked"], data.one("member_sessions")["proved_at"]) == (False, None)
        assert data.one("members")["sealed_totp"] is None
        data.down()
        assert {name: data.rows(name) for name in was} == was


def test_nobody_owes_a_first_interview_any_more(before: Before) -> None:
    data = before("0006_child_alerts")
    data.add("obligations", kind="first_interview")
    kept = data.add("obligations", kind="assess_risk", due_at=AT)
    for _ in range(2):
        data.up()
        assert data.one("obligations")["id"] == kept["id"]
        data.add("child_alerts")
        data.down()
        # What nobody could fulfil does not come back.
        assert data.one("obligations")["due_at"] == AT


def test_who_was_announced_goes_with_the_notices_on_the_way_down(before: Before) -> None:
    data = before("0008_notices")
    case_id = data.add("cases")["id"]
    sealed = ("sealed_compartments", "grants", "pending_grants")
    for name in sealed:
        data.add(name, case_id=case_id, compartment="identity")
    was = {name: data.rows(name) for name in sealed}
    data.up()
    notice_id = data.add("notices")["id"]
    for name in sealed:
        data.add(name, case_id=notice_id, compartment="identity")
    data.down()
    assert {name: data.rows(name) for name in sealed} == was
    data.up()
    assert {name: data.rows(name) for name in sealed} == was
    assert data.rows("notices") == []


def test_a_release_from_before_is_of_one_quarter_and_becomes_so_again_on_the_way_down(before: Before) -> None:
    data = before("0010_reports_beside_ix")
    data.add("releases", report="ix", quarter="2026-Q1", position=1)
    data.add("referrals")
    data.add("screenings")
    was = {name: data.rows(name) for name in ("referrals", "screenings")}
    data.up()
    assert data.one("releases")["first_quarter"] == "2026-Q1"
    assert data.one("referrals")["answered_in"] == ""
    data.add("releases", report="survival", quarter="2026-Q1", position=1, first_quarter="2025-Q2")
    data.down()
    assert {row["report"] for row in data.rows("releases")} == {"ix", "survival"}
    assert {name: data.rows(name) for name in was} == was
    data.up()
    assert {row["first_quarter"] for row in data.rows("releases")} == {"2026-Q1"}


def test_who_has_a_role_that_is_not_known_has_no_account_on_the_way_down(before: Before) -> None:
    data = before("0011_signed_releases")
    worker = data.add("members", login="worker")["id"]
    with refused("known_role"):
        data.add("members", login="coordinator", role="coordinator")
    data.up()
    coordinator = data.add("members", login="coordinator", role="coordinator")["id"]
    for name in ("release_drafts", "quarter_parts", "payment_lines"):
        data.add(name)
    data.down()
    expected = {worker: ("case_worker", "active"), coordinator: ("monitor", "disabled")}
    assert {row["id"]: (row["role"], row["status"]) for row in data.rows("members")} == expected
    with refused("known_role"):
        data.add("members", login="reader", role="reader")
    data.up()
    assert {row["id"]: (row["role"], row["status"]) for row in data.rows("members")} == expected
    assert data.rows("release_drafts") == []
    assert data.add("members", login="reader", role="reader")


def test_a_grant_from_before_is_known_since_the_first_version_and_sealing_again_is_forgotten_below(
    before: Before,
) -> None:
    data = before("0012_sealing_anew")
    data.add("grants", keyring_version=3)
    joined = data.add("key_events", event="joined")
    grants = data.rows("grants")
    data.up()
    assert data.one("grants")["since_version"] == 1
    data.add("key_events", event="sealed_anew")
    data.add("grants", since_version=2, keyring_version=3)
    data.down()
    assert [row["id"] for row in data.rows("key_events")] == [joined["id"]]
    assert [row for row in data.rows("grants") if row in grants] == grants
    with refused("known_event"):
        data.add("key_events", event="sealed_anew")
    data.up()
    assert {row["since_version"] for row in data.rows("grants")} == {1}
    assert data.one("key_events")["event"] == "joined"


def test_leave_to_read_is_asked_for_again_in_both_directions(before: Before) -> None:
    data = before("0013_leave_is_marked")
    data.add("openings")
    data.up()
    assert data.rows("openings") == []
    data.add("openings", mark=b"mark")
    data.down()
    assert data.rows("openings") == []
    data.up()
    assert data.rows("openings") == []


def test_a_referral_from_before_has_not_departed(before: Before) -> None:
    data = before("0014_on_the_way")
    data.add("referrals")
    was = data.rows("referrals")
    data.up()
    row = data.one("referrals")
    assert (row["promised_by"], row["departed_at"], row["escort"]) == ("", None, "")
    with refused("departed_with_escort"):
        data.add("referrals", status="arrived", departed_at=AT)
    departed = data.add("referrals", status="arrived", departed_at=AT, escort="woman_staff")["id"]
    data.down()
    assert [row for row in data.rows("referrals") if row["id"] != departed] == was
    data.up()
    assert {(row["departed_at"], row["escort"]) for row in data.rows("referrals")} == {(None, "")}


def test_what_lies_there_is_marked_by_the_rules_of_each_direction(before: Before) -> None:
    data = before("0020_grants_are_marked")
    organisation = data.add("organisations", kind="ngo_shelter", party="VATRA")["id"]
    data.add("grants", compartment="identity", organisation_id=organisation, epoch=2)
    data.add("keyrings", organisation_id=organisation, version=4, public=b"public")
    referral = data.add("referrals", sender_id=organisation)
    grant, keyring = data.one("grants"), data.one("keyrings")
    of_keyring = ("keyring", organisation, "ngo_shelter")
    for _ in range(2):
        data.up()
        assert data.one("grants")["mark"] == mark("grant", grant["case_id"], "identity", 2, organisation)
        assert data.one("keyrings")["mark"] == mark(*of_keyring, "VATRA", 4, b"public")
        both = (organisation, referral["receiver_id"])
        assert data.one("referrals")["mark"] == mark("referral", referral["id"], referral["case_id"], *both)
        with refused("mark"):
            data.add("grants", mark=None)
        data.down()
        assert data.one("grants") == grant
        assert data.one("keyrings") == {**keyring, "mark": mark(*of_keyring, 4, b"public")}
        below = mark("referral", referral["id"], referral["case_id"], referral["receiver_id"])
        assert data.one("referrals")["mark"] == below
