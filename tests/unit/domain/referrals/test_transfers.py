"""Where a move stands, by which reasons the keys move at once, and what a report makes of one that was called off."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from nrm import countries
from nrm.domain.referrals.referrals import Asked, ReferralStatus, chain_since_holder
from nrm.domain.referrals.transfers import HandOver, MoveReason, Stand, as_note, is_at_once, stand
from nrm.domain.reports import counting

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)


@pytest.mark.parametrize(
    ("status", "accepted_ago", "left", "keys", "expected"),
    [
        ("sent", None, False, True, Stand.ASKED),
        ("accepted", timedelta(days=7) - timedelta(seconds=1), False, True, Stand.BOTH),
        ("accepted", timedelta(days=7), False, True, Stand.OVERDUE),
        ("accepted", timedelta(days=9), False, False, Stand.AT_ONCE),
        ("accepted", timedelta(days=9), True, False, Stand.ON_THE_WAY),
        *((status, timedelta(), False, True, None) for status in ("declined", "arrived", "not_arrived", "called_off")),
    ],
)
def test_where_a_move_stands(
    status: str, accepted_ago: timedelta | None, left: bool, keys: bool, expected: Stand | None
) -> None:
    accepted_at = None if accepted_ago is None else NOW - accepted_ago
    found = stand(status, departed_at=NOW if left else None, accepted_at=accepted_at, sender_holds_keys=keys, at=NOW)
    assert found is expected


def test_the_keys_move_at_once_for_two_reasons_and_for_one_that_nobody_knows() -> None:
    at_once = {reason for reason in MoveReason if is_at_once({"reason": str(reason)})}
    assert at_once == {MoveReason.NOT_SAFE_HERE, MoveReason.COMPLAINT}
    assert is_at_once({"reason": "made_up"})
    assert is_at_once({})


def test_a_hand_over_becomes_a_note_under_the_name_of_who_wrote_it() -> None:
    written = HandOver(MoveReason.OWN_WISH, True, "insulin", "a brother", wishes="the sea")
    value = written.to_value("vatra.manager", NOW)
    assert as_note(value) == {
        "text": "insulin\n\na brother\n\nthe sea",
        "at": NOW.isoformat(),
        "login": "vatra.manager",
    }
    assert as_note({**value, "words": "All of it."})["text"] == "All of it."


def test_a_move_that_was_called_off_was_taken_and_begins_a_new_chain() -> None:
    declined = [Asked("IOM", ReferralStatus.DECLINED), Asked("NRC", ReferralStatus.CALLED_OFF)]
    assert chain_since_holder(declined) == []


def test_every_outcome_of_a_referral_is_a_code_of_the_report() -> None:
    codes = {"party": ("NRC", "other")}
    printed = countries.load("albania").tables["referrals"].dimensions["outcome"].codes
    for status in ReferralStatus:
        assert counting.referral("1", "NRC", str(status), "1h", codes)["outcome"] in printed, status
