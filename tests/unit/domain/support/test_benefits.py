"""The rules of benefits: codes that follow from nothing, months that are possible, what the desk can say when."""

from __future__ import annotations

import os
import re
from datetime import UTC, date, datetime, timedelta

import pytest

from nrm.domain.shelter.cases import new_pseudonym
from nrm.domain.support import benefits as rules
from nrm.domain.support.benefits import (
    AGREED,
    BACK,
    BENEFIT,
    CALLED_OFF,
    AskedAlone,
    BenefitRefusal,
    BenefitRefused,
    Channel,
    Deed,
    Entry,
    Limits,
    Second,
    State,
    Wanted,
    check,
    check_settled,
    entries,
    lately,
    month_after,
    months,
    new_code,
    new_voucher,
    paid_since,
    parse_code,
    second_for,
)

TODAY = date(2026, 11, 29)
WANTED = Wanted(12_000, date(2026, 12, 1), 3, Channel.ACCOUNT)


def test_a_code_and_a_voucher_are_drawn_and_look_like_no_code_of_a_case() -> None:
    drawn = {new_code(os.urandom(24)) for _ in range(200)}
    assert len(drawn) == 200
    assert all(re.fullmatch(r"P(-[2-9A-Z]{4}){3}", each) for each in drawn)
    assert not any(new_pseudonym(os.urandom(16)) in drawn for _ in range(50))
    vouchers = [new_voucher(os.urandom(24)) for _ in range(200)]
    assert all(re.fullmatch(r"\d{4}-\d{4}", each) for each in vouchers)
    assert vouchers != sorted(vouchers)
    for make in (new_code, new_voucher):
        with pytest.raises(ValueError, match="24 random bytes"):
            make(bytes(8))


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("P-7K4Q-M2TX-9DHR", "P-7K4Q-M2TX-9DHR"),
        ("p 7k4q m2tx 9dhr", "P-7K4Q-M2TX-9DHR"),
        ("7K4QM2TX9DHR", "P-7K4Q-M2TX-9DHR"),
        ("P-7K4Q-MZTX-9DHR", "P-7K4Q-M2TX-9DHR"),  # of Z and 2 the alphabet has one
        ("P-SB6G-M2TX-9DHR", "P-5866-M2TX-9DHR"),
        ("P-7K4Q-M0TX-9DHR", ""),  # neither O nor 0 is, and nobody knows what was meant
        ("P-7K4Q-M1TX-9DHR", ""),
        ("2741-9036", "2741-9036"),
        ("2741 9O36", "2741-9036"),
        ("274l–9o36", "2741-9036"),
        ("Z74I.9036", "2741-9036"),
        ("2741-903", ""),
        ("2741-903A", ""),
        ("", ""),
        ("P-", ""),
        ("٢٧٤١-٩٠٣٦", ""),
    ],
)
def test_what_is_typed_from_a_paper_is_read_as_what_was_meant_where_there_is_no_doubt(typed: str, meant: str) -> None:
    assert parse_code(typed) == meant


def test_every_drawn_code_and_voucher_is_read_back_also_in_small_letters() -> None:
    for make in (new_code, new_voucher):
        for _ in range(50):
            written = make(os.urandom(24))
            assert parse_code(written.lower().replace("-", " ")) == written


def test_what_one_member_asks_for_is_bounded_for_a_person_and_for_the_house_by_sum_and_by_number() -> None:
    limits = Limits(alone=30, together=120, number=8)
    assert second_for(30, AskedAlone(0, 90, 7), limits) is Second.NONE
    assert second_for(31, AskedAlone(0, 0, 0), limits) is Second.WANTED
    assert second_for(1, AskedAlone(30, 30, 1), limits) is Second.WANTED
    assert second_for(30, AskedAlone(0, 91, 4), limits) is Second.WANTED
    assert second_for(1, AskedAlone(0, 8, 8), limits) is Second.WANTED
    # Whatever was asked for within 30 days and is paid was paid in this month or later.
    for today in (TODAY, date(2026, 3, 1), date(2026, 12, 31), date(2026, 1, 1)):
        assert paid_since(today) <= today - timedelta(days=30)
        assert paid_since(today).day == 1


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"amount": 0}, BenefitRefusal.AMOUNT),
        ({"amount": -1}, BenefitRefusal.AMOUNT),
        ({"amount": 10**7 + 1}, BenefitRefusal.AMOUNT),
        ({"months": 0}, BenefitRefusal.PERIOD),
        ({"months": 13}, BenefitRefusal.PERIOD),
        ({"from_month": date(2026, 12, 2)}, BenefitRefusal.PERIOD),
        ({"from_month": date(2026, 7, 1)}, BenefitRefusal.PERIOD),
        ({"from_month": date(2027, 12, 1)}, BenefitRefusal.PERIOD),
    ],
)
def test_no_impossible_amount_or_month_is_asked_for(changed: dict[str, object], why: BenefitRefusal) -> None:
    check(WANTED, today=TODAY)
    values = {name: getattr(WANTED, name) for name in ("amount", "from_month", "months", "channel")}
    with pytest.raises(BenefitRefused) as refused:
        check(Wanted(**{**values, **changed}), today=TODAY)  # type: ignore[arg-type]
    assert refused.value.reason is why


def test_months_are_first_days_and_go_over_the_year() -> None:
    assert (months(TODAY)[0], months(TODAY)[-1]) == (date(2026, 8, 1), date(2027, 11, 1))
    assert [month_after(TODAY, number) for number in (-11, 0, 1, 2)] == [
        date(2025, 12, 1),
        date(2026, 11, 1),
        date(2026, 12, 1),
        date(2027, 1, 1),
    ]


def test_the_desk_says_paid_of_what_waits_and_that_it_came_back_of_what_was_paid() -> None:
    can = {(before, after) for before in State for after in State if not _refused(before, after)}
    assert can == {
        (State.ASKED, State.PAID),
        (State.ASKED, State.RETURNED),
        (State.PAID, State.RETURNED),
        (State.CALLED_OFF, State.PAID),  # the money was out already
        (State.CALLED_OFF, State.RETURNED),  # it was not
    }


def _refused(before: State, after: State) -> bool:
    try:
        check_settled(before, after)
    except BenefitRefused:
        return True
    return False


def test_entries_are_those_of_benefits_in_the_order_of_their_hours() -> None:
    def note(plan: str, code: str, at: str) -> dict[str, object]:
        return {"plan": plan, "code": code, "once": "o", "at": at, "login": "vatra.case_worker"}

    notes = [note(BENEFIT, "P-2", "2026-11-02"), note(CALLED_OFF, "P-2", "2026-11-03"), note("goal", "x", "2026-11-01")]
    assert [each.code for each in entries([*notes, note(BENEFIT, "P-1", "2026-11-01")])] == ["P-1", "P-2"]


def test_what_is_asked_for_again_is_asked_for_then_and_by_both() -> None:
    now = datetime(2026, 3, 1, tzinfo=UTC)
    long_ago, today = "2026-01-10T09:00:00+00:00", "2026-03-01T08:00:00+00:00"
    once = Entry("P-A", "1", long_ago, "a", (Deed(CALLED_OFF, "2026-01-11T09:00:00+00:00", "a"),))
    again = Entry("P-B", "2", long_ago, "a", (*once.deeds, Deed(BACK, today, "b"), Deed(AGREED, today, "c")))
    assert lately([once, again], now) == ["P-B"]
    assert (once.askers, again.askers) == ({"a"}, {"a", "b"})


# --- who had a part in it


@pytest.mark.parametrize(
    ("deeds", "concerned"),
    [
        ("off Ana", False),
        ("off Ana, back Ana, off Ana", False),
        ("off Ben", True),
        ("off Ben, back Ana, off Ana", True),
        ("agreed Ben, off Ana", True),
        ("off Ana, back Ben, off Ben", False),  # Ben asked for it last, and nobody else stopped that
        ("off Ana, back Ben, off Ana", True),
        ("", True),  # called off by no press that stands under seal
        ("off Ana, back Ana", True),
        ("back Ana, off Ana", True),
    ],
)
def test_what_another_one_had_a_part_in_is_known_by_what_stands_under_seal(deeds: str, concerned: bool) -> None:
    said = {"off": rules.CALLED_OFF, "back": rules.BACK, "agreed": rules.AGREED}
    pairs = [each.split() for each in deeds.split(", ") if each]
    done = tuple(rules.Deed(said[what], f"2026-11-{day:02}", login) for day, (what, login) in enumerate(pairs, 1))
    assert rules.Entry("P-2222-2222-2222", "", "2026-11-01", "Ana", done).concerns_another is concerned
