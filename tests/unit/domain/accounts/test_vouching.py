"""Who types whose words, who is a second hand, who may object."""

from __future__ import annotations

import uuid
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from nrm.domain.accounts.failed_attempts import TooSoon, check_all
from nrm.domain.accounts.vouching import (
    HandRefusal,
    ObjectionRefusal,
    ObjectionRefused,
    Standing,
    Typist,
    check_objecting,
    check_typing,
    hangs_on,
    refusal_of_hand,
)
from nrm.domain.accounts.words import TRIES, CannotVouch, WordPurpose

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
HER, FIRST, OTHER = uuid.uuid4(), uuid.uuid4(), uuid.uuid4()
HOLDER = Typist(
    same_organisation=True,
    oneself=False,
    active=True,
    holds=True,
    founder=False,
    alone=False,
    keeps_accounts=False,
    duty_desk=False,
)
STRANGER = replace(HOLDER, same_organisation=False, holds=False)
DESK = replace(STRANGER, duty_desk=True, alone=True, called_back=True)
KEEPER = replace(STRANGER, keeps_accounts=True, alone=True, called_back=True)
FOUNDER = replace(HOLDER, active=False, holds=False, founder=True)


@pytest.mark.parametrize(
    ("who", "purposes", "keyless"),
    [
        (HOLDER, {"joined", "anew", "factor"}, {"joined", "anew", "factor"}),
        (replace(HOLDER, holds=False), set(), {"joined", "anew", "factor"}),
        (replace(HOLDER, oneself=True), set(), set()),
        (STRANGER, set(), set()),
        (FOUNDER, {"founded"}, {"founded"}),
        (DESK, {"factor"}, set()),
        (replace(DESK, called_back=False), set(), set()),
        (replace(DESK, alone=False), set(), set()),
        (KEEPER, set(), {"factor"}),
    ],
)
def test_who_types_which_words(who: Typist, purposes: set[str], keyless: set[str]) -> None:
    for holds_keys, allowed in ((True, purposes), (False, keyless)):
        found = set()
        for purpose in WordPurpose:
            try:
                check_typing(purpose, who, holds_keys=holds_keys)
                found.add(str(purpose))
            except CannotVouch:
                continue
        assert found == allowed


@pytest.mark.parametrize(
    ("hand", "refusal"),
    [
        (Standing(OTHER, NOW - timedelta(days=14)), None),
        (Standing(OTHER, NOW - timedelta(days=14), frozenset({HER})), None),
        (Standing(OTHER, NOW - timedelta(days=14), frozenset({HER, FIRST})), None),
        (Standing(OTHER, NOW - timedelta(days=14) + timedelta(seconds=1)), HandRefusal.NEW),
        (Standing(OTHER, NOW - timedelta(days=900), frozenset({FIRST})), HandRefusal.VOUCHED),
        (Standing(FIRST, NOW - timedelta(days=900)), HandRefusal.OWN),
        (Standing(HER, NOW - timedelta(days=900)), HandRefusal.OWN),
    ],
)
def test_a_second_hand_is_another_one_and_14_days_old_and_not_let_in_by_the_first(
    hand: Standing, refusal: HandRefusal | None
) -> None:
    def known(member_id: uuid.UUID) -> frozenset[uuid.UUID]:
        return hand.vouched_by if member_id == hand.member_id else frozenset()

    assert refusal_of_hand(hand, first_id=FIRST, subject_id=HER, now=NOW, vouched_by=known) is refusal


@pytest.mark.parametrize(
    ("hand", "age", "given_", "reason"),
    [
        (Standing(OTHER, NOW - timedelta(days=20)), timedelta(days=13), {}, None),
        (Standing(OTHER, NOW - timedelta(days=20)), timedelta(days=14), {}, ObjectionRefusal.LATE),
        (Standing(OTHER, NOW - timedelta(days=13)), timedelta(days=13), {}, ObjectionRefusal.NEWER),
        (Standing(OTHER, NOW - timedelta(days=20)), timedelta(days=1), {"objected": True}, ObjectionRefusal.ONCE),
        (Standing(OTHER, NOW - timedelta(days=20)), timedelta(days=1), {"alone": True}, ObjectionRefusal.LEFT_ALONE),
        (Standing(OTHER, NOW - timedelta(days=2)), timedelta(days=1), {"newcomer": True}, ObjectionRefusal.NEWCOMER),
        (Standing(OTHER, NOW - timedelta(days=20)), timedelta(days=1), {"many": True}, ObjectionRefusal.MANY),
        (Standing(HER, NOW - timedelta(days=20)), timedelta(days=1), {}, ObjectionRefusal.OWN),
        (Standing(FIRST, NOW - timedelta(days=20)), timedelta(days=1), {}, ObjectionRefusal.OWN),
    ],
)
def test_who_is_older_objects_once_within_14_days(
    hand: Standing, age: timedelta, given_: dict[str, bool], reason: ObjectionRefusal | None
) -> None:
    def check() -> None:
        facts = {"objected": False, "alone": False, **given_}
        check_objecting(hand, about=HER, by_id=FIRST, at=NOW - age, now=NOW, **facts)

    if reason is None:
        check()
        return
    with pytest.raises(ObjectionRefused) as refused:
        check()
    assert refused.value.reason is reason


def test_ten_wrong_entries_an_hour_and_then_one_each_six_minutes() -> None:
    check_all(9, NOW, NOW, TRIES)
    with pytest.raises(TooSoon):
        check_all(10, NOW, NOW, TRIES)
    with pytest.raises(TooSoon):
        check_all(10, NOW, NOW + timedelta(minutes=6, seconds=-1), TRIES)
    check_all(10, NOW, NOW + timedelta(minutes=6), TRIES)
    check_all(10, NOW, NOW + timedelta(hours=1), TRIES)


def test_whoever_all_ways_pass_is_who_somebody_hangs_on() -> None:
    """Letters are people; a letter's value says who let them in."""
    ids = {each: uuid.uuid4() for each in "abcdefgh"}
    let_in = {"b": "a", "c": "b", "d": "ab", "e": "ag", "f": "h", "h": "f"}
    by_id = {ids[each]: frozenset(ids[one] for one in by) for each, by in let_in.items()}

    def hangs(name: str) -> str:
        found = hangs_on(ids[name], lambda each: by_id.get(each, frozenset()))
        return "".join(sorted(each for each, id_ in ids.items() if id_ in found))

    assert [hangs(each) for each in "abcdeg"] == ["a", "ab", "abc", "ad", "e", "g"]
    assert hangs("f") == "fh"  # who let each other in, one after the other
