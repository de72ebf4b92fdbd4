"""The rules of the months after a shelter."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from nrm.domain.support.follow_ups import (
    EARLY,
    Contact,
    Ended,
    FollowUpRefusal,
    FollowUpRefused,
    FollowUpRules,
    How,
    Living,
    Occupation,
    Outcome,
    Result,
    Safe,
    Stand,
    after,
    check_agreed,
    check_closing,
    check_contact,
    contacts_before,
    due_on,
    is_late,
    is_tried_again,
    outcome_at_the_end,
    why_not_ended,
)

DAY = date(2026, 11, 28)
WELL = Contact(Result.REACHED, How.TELEPHONE, Living.FAMILY, Occupation.WORK, Safe.YES)


def test_a_contact_is_due_on_the_same_day_or_on_the_last_of_a_shorter_month() -> None:
    assert [due_on(date(2026, 11, 30), each) for each in (1, 3, 6, 12)] == [
        date(2026, 12, 30),
        date(2027, 2, 28),
        date(2027, 5, 30),
        date(2027, 11, 30),
    ]


def test_a_missed_contact_is_tried_again_until_the_country_calls_it_missed() -> None:
    rules = FollowUpRules(tries=3)
    assert [after(Result.NOT_REACHED, tries, rules) for tries in (1, 2, 3)] == [
        Stand.OPEN,
        Stand.OPEN,
        Stand.NOT_REACHED,
    ]
    assert after(Result.NOT_REACHED, 1, rules, corrects=True) is Stand.NOT_REACHED
    assert after(Result.REACHED, 1, rules) is Stand.REACHED
    assert after(Result.NO_LONGER, 1, rules) is Stand.ENDED


def test_the_manager_is_told_after_the_days_of_the_country() -> None:
    rules = FollowUpRules(late_days=7)
    assert not is_late(DAY, rules, DAY + timedelta(days=7))
    assert is_late(DAY, rules, DAY + timedelta(days=8))


@pytest.mark.parametrize(
    ("contact", "changed", "reason"),
    [
        (WELL, {"state": Stand.ENDED}, FollowUpRefusal.ENDED),
        (WELL, {"today": DAY - EARLY - timedelta(days=1)}, FollowUpRefusal.NOT_YET),
        (WELL, {"earlier_open": True}, FollowUpRefusal.EARLIER_FIRST),
        (Contact(Result.REACHED, How.VISIT), {}, FollowUpRefusal.ANSWERS),
        (WELL, {"last": True}, FollowUpRefusal.OUTCOME),
    ],
)
def test_a_contact_that_cannot_be_entered_is_refused(
    contact: Contact, changed: dict[str, object], reason: FollowUpRefusal
) -> None:
    usual = {"state": Stand.OPEN, "due": DAY, "last": False, "earlier_open": False, "today": DAY - EARLY}
    check_contact(WELL, **usual)  # type: ignore[arg-type]
    check_contact(Contact(Result.NOT_REACHED, How.VISIT), **{**usual, "last": True})  # type: ignore[arg-type]
    with pytest.raises(FollowUpRefused) as refused:
        check_contact(contact, **{**usual, **changed})  # type: ignore[arg-type]
    assert refused.value.reason is reason


def test_who_is_not_safe_or_needs_help_now_alarms_and_nobody_else() -> None:
    assert not WELL.alarms
    assert Contact(Result.REACHED, How.VISIT, Living.FAMILY, Occupation.WORK, Safe.NO).alarms
    assert Contact(Result.REACHED, How.VISIT, Living.FAMILY, Occupation.WORK, Safe.YES, help_now=True).alarms
    assert not Contact(Result.REACHED, How.VISIT, Living.FAMILY, Occupation.WORK, Safe.NOT_SURE).alarms
    assert not Contact(Result.NOT_REACHED, How.VISIT, help_now=True).alarms


def test_what_is_agreed_needs_a_way_to_reach_her_and_nothing_that_stands() -> None:
    check_agreed(stands=False, channel="069 111", child_return=False)
    for wrong, reason in (
        ({"stands": True}, FollowUpRefusal.STANDS),
        ({"channel": "  "}, FollowUpRefusal.CHANNEL),
        ({"child_return": True}, FollowUpRefusal.CHILD_RETURN),
    ):
        with pytest.raises(FollowUpRefused) as refused:
            check_agreed(**{"stands": False, "channel": "x", "child_return": False, **wrong})  # type: ignore[arg-type]
        assert refused.value.reason is reason


@pytest.mark.parametrize(
    ("stands", "reason"),
    [
        ({"alarm": False}, None),
        ({"alarm": False, "leads": False, "acted": False}, None),
        ({"alarm": False, "adult": False}, None),
        ({"alarm": False, "adult": False, "leads": False}, FollowUpRefusal.CHILD_MANAGER),
        ({}, None),
        ({"acted": False}, FollowUpRefusal.ACT_FIRST),
        ({"leads": False}, FollowUpRefusal.MANAGER_ENDS),
        ({"leads": False, "acted": False}, FollowUpRefusal.MANAGER_ENDS),
        ({"adult": False}, FollowUpRefusal.CHILD_NOT_SAFE),
        ({"adult": False, "leads": False, "acted": False}, FollowUpRefusal.CHILD_NOT_SAFE),
    ],
)
def test_who_is_not_safe_is_let_go_by_the_manager_alone_after_acting_and_a_child_by_nobody(
    stands: dict[str, bool], reason: FollowUpRefusal | None
) -> None:
    assert why_not_ended(**{"alarm": True, "acted": True, "adult": True, "leads": True, **stands}) is reason


def test_what_was_reached_by_mistake_is_tried_again_unless_it_is_over_or_a_later_one_was_made() -> None:
    assert is_tried_again(ended=False, later_settled=False)
    assert not is_tried_again(ended=True, later_settled=False)
    assert not is_tried_again(ended=False, later_settled=True)


def test_a_closing_says_of_staying_in_touch_what_was_agreed() -> None:
    check_closing(agreed=True, stands=True)
    check_closing(agreed=False, stands=False)
    for agreed, reason in ((True, FollowUpRefusal.NOT_AGREED), (False, FollowUpRefusal.AGREED)):
        with pytest.raises(FollowUpRefused) as refused:
            check_closing(agreed=agreed, stands=not agreed)
        assert refused.value.reason is reason


def test_the_report_keeps_apart_who_was_not_reached_who_did_not_want_it_and_what_nobody_wrote() -> None:
    assert outcome_at_the_end(Stand.REACHED, Outcome.SETTLED, Ended.FINISHED) == "settled"
    assert outcome_at_the_end(Stand.NOT_REACHED, "", Ended.FINISHED) == "not_reached"
    assert outcome_at_the_end(Stand.ENDED, "", Ended.NO_LONGER) == "no_longer"
    assert outcome_at_the_end(Stand.ENDED, "", Ended.CAME_BACK) == "came_back"
    assert outcome_at_the_end(Stand.ENDED, "", Ended.LAPSED) == "not_recorded"
    assert outcome_at_the_end(Stand.OPEN, "", None) == "not_recorded"
    reached, missed = Stand.REACHED, Stand.NOT_REACHED
    assert contacts_before([reached, reached]) == "all"
    assert contacts_before([reached, missed]) == "some"
    assert contacts_before([missed, Stand.OPEN]) == contacts_before([]) == "none"
