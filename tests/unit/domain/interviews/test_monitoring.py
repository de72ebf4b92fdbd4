"""The draw, the score and the comparison of two monitors, without a database."""

from __future__ import annotations

import tomllib
import uuid
from collections import Counter
from datetime import date, timedelta
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nrm import countries
from nrm.domain.documents import MalformedDocument, Table
from nrm.domain.interviews import monitoring as rules
from nrm.domain.quarters import Quarter

Q3 = Quarter(2026, 3)
SEED = bytes(range(32))
FILE = countries.FOLDER / "albania" / "monitoring.toml"


def frame(number: int, salt: int = 0) -> list[uuid.UUID]:
    chance = Random(salt)
    return [uuid.UUID(int=chance.getrandbits(128)) for _ in range(number)]


@settings(max_examples=60)
@given(st.sets(st.uuids(), max_size=120), st.binary(min_size=32, max_size=32), st.randoms(use_true_random=False))
def test_the_draw_is_the_same_in_whatever_order_the_records_come_and_takes_none_twice(
    records: set[uuid.UUID], seed: bytes, chance: Random
) -> None:
    ordered = list(records)
    chance.shuffle(ordered)
    drawn = rules.draw(seed, Q3, "RINAS", ordered)
    assert drawn == rules.draw(seed, Q3, "RINAS", sorted(records))
    assert len(set(drawn)) == len(drawn) == rules.size_of(len(records))
    assert set(drawn) <= records
    assert drawn == rules.draw(seed, Q3, "RINAS", [*ordered, *ordered])  # a record named twice has one ticket


@settings(max_examples=60)
@given(st.sets(st.uuids(), min_size=6, max_size=49), st.binary(min_size=32, max_size=32))
def test_who_is_drawn_stays_drawn_when_a_record_that_was_not_is_taken_away(
    records: set[uuid.UUID], seed: bytes
) -> None:
    drawn = rules.draw(seed, Q3, "RINAS", records)
    for other in records - set(drawn):
        assert rules.draw(seed, Q3, "RINAS", records - {other}) == drawn


@pytest.mark.parametrize(
    ("records", "size"), [(0, 0), (4, 0), (5, 5), (50, 5), (51, 10), (100, 10), (101, 15), (151, 20), (9999, 20)]
)
def test_the_size_says_no_exact_number(records: int, size: int) -> None:
    assert rules.size_of(records) == size
    assert size % 5 == 0


def test_every_record_is_equally_likely() -> None:
    """30 records, 5 drawn, 6,000 seeds: each is expected 1,000 times, with a standard deviation of 29."""
    records, chance = frame(30), Random(7)
    seen = Counter(record for _ in range(6000) for record in rules.draw(chance.randbytes(32), Q3, "RINAS", records))
    assert set(seen) == set(records)
    assert all(abs(number - 1000) < 5 * 29 for number in seen.values())
    # Summed over all records: chi-squared with 29 degrees of freedom is above 60 less than once in a thousand.
    assert sum((number - 1000) ** 2 / 1000 for number in seen.values()) < 60


def test_another_seed_quarter_or_post_draws_another_sample() -> None:
    records = frame(40)
    first = rules.draw(SEED, Q3, "RINAS", records)
    assert first != rules.draw(bytes(32), Q3, "RINAS", records)
    assert first != rules.draw(SEED, Q3.next, "RINAS", records)
    assert first != rules.draw(SEED, Q3, "DURRES", records)


def test_the_commitment_is_of_this_seed_and_the_draw_is_what_the_guide_says() -> None:
    """Written a second time, from the operator's guide alone."""
    import hashlib

    assert rules.commitment(SEED) == hashlib.sha256(b"nrm monitoring seed 1\0" + SEED).hexdigest()
    assert rules.commitment(SEED) != rules.commitment(bytes(32))
    records = frame(60)
    by_ticket = sorted(
        records,
        key=lambda each: hashlib.sha256(b"nrm monitoring ticket 1\0" + SEED + f"2026Q3 RINAS {each}".encode()).digest(),
    )
    assert rules.draw(SEED, Q3, "RINAS", records) == by_ticket[:10]


def test_a_fifth_is_scored_by_two() -> None:
    assert [rules.scored_twice(size) for size in (0, 5, 10, 20)] == [0, 1, 2, 4]


@pytest.mark.parametrize(
    ("marks", "share"),
    [
        ([], None),
        (["not_applicable"], None),
        (["met", "met", "not_applicable"], 100),
        (["met", "not_met"], 50),
        (["met", "met", "not_met"], 65),
        (["not_met"] * 9 + ["met"], 10),
    ],
)
def test_a_score_is_the_share_of_what_could_be_judged_to_the_nearest_five(marks: list[str], share: int | None) -> None:
    assert rules.share_met(marks) == share


def test_kappa_by_hand() -> None:
    """Of 50 items both said met 20 times, not met 15 times; one alone 5 and 10 times: 0.7 agreed, 0.5 by chance."""
    pairs = [("met", "met")] * 20 + [("not_met", "not_met")] * 15 + [("met", "not_met")] * 5 + [("not_met", "met")] * 10
    assert rules.kappa(pairs) == pytest.approx(0.4)
    assert rules.agreement_class(rules.kappa(pairs)) == "fair"
    assert rules.kappa([]) is None
    assert rules.kappa([("met", "met")] * 3) == 1.0
    assert rules.kappa([("met", "not_met"), ("not_met", "met")]) == -1.0
    assert [rules.agreement_class(each) for each in (None, 0.39, 0.4, 0.6, 0.8, 1.0)] == [
        "none",
        "weak",
        "fair",
        "good",
        "very_good",
        "very_good",
    ]


@settings(max_examples=60)
@given(
    st.lists(st.tuples(st.sampled_from(list(rules.Mark)), st.sampled_from(list(rules.Mark))), min_size=1, max_size=40)
)
def test_kappa_lies_between_minus_one_and_one_and_does_not_care_who_is_first(
    pairs: list[tuple[rules.Mark, rules.Mark]],
) -> None:
    value = rules.kappa(pairs)
    assert value is not None
    assert -1.0001 <= value <= 1.0001
    assert value == pytest.approx(rules.kappa([(other, one) for one, other in pairs]), abs=1e-5)


@pytest.mark.parametrize(
    ("pairs", "said"),
    [
        ({("suspected", "none"): 12, ("none", "none"): 12}, "milder"),
        ({("none", "suspected"): 12, ("none", "none"): 12}, "stricter"),
        ({("suspected", "none"): 12, ("none", "none"): 7}, ""),  # 19 interviews
        ({("suspected", "none"): 12, ("none", "possible"): 12}, ""),  # as often the one as the other
        ({("suspected", "none"): 5, ("none", "none"): 45}, ""),  # by chance once in sixteen
        ({("possible", "none"): 6, ("none", "none"): 44}, "milder"),  # by chance once in thirty-two
        ({("possible", "none"): 6, ("none", "none"): 94}, ""),  # less than a tenth
        ({("", ""): 50}, ""),
        ({}, ""),
    ],
)
def test_a_post_is_named_only_beyond_chance(pairs: dict[tuple[str, str], int], said: str) -> None:
    assert rules.differs(pairs) == said


def test_a_mark_for_every_item_and_no_other() -> None:
    items = [rules.Item(name, {}, {}, frozenset()) for name in ("a", "b")]
    rules.check_marks({"a": "met", "b": "not_met"}, items)
    for marks in ({"a": "met"}, {"a": "met", "b": "maybe"}, {"a": "met", "b": "met", "c": "met"}, {}):
        with pytest.raises(rules.MonitoringRefused, match="answers"):
            rules.check_marks(marks, items)


def test_what_is_to_be_mended_is_due_within_a_year() -> None:
    today = date(2026, 3, 2)
    rules.check_due(today, today)
    rules.check_due(today + timedelta(days=366), today)
    for day in (today - timedelta(days=1), today + timedelta(days=367)):
        with pytest.raises(rules.MonitoringRefused, match="due"):
            rules.check_due(day, today)


def read(text: str) -> rules.Checklist:
    return rules.parse_checklist(Table(tomllib.loads(text)), countries.load("albania").questionnaires)


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("version = 1", "version = 0", "version: must be a whole number, 1 or more"),
        ('language = "language"', 'language = "story"', "record: `story` is no closed question of returnee-1"),
        ('"alone", "purpose', '"aloone", "purpose', "record: `aloone` is no closed question of returnee-1"),
        ('id = "alone"', 'id = "language"', "item[2].id: `language` stands twice"),
        ('routes = ["child"]', 'routes = ["children"]', "item[5].routes: `children` is none of child, not_asked, "),
        ("keep_days", "kept_days", "keep_days: missing"),
    ],
)
def test_a_checklist_that_cannot_be_used_names_the_key(old: str, new: str, reason: str) -> None:
    text = Path(FILE).read_text("utf-8")
    assert old in text
    with pytest.raises(MalformedDocument) as caught:
        read(text.replace(old, new, 1))
    assert str(caught.value).startswith(reason)


def test_the_shipped_checklist_has_items_for_every_way_that_leaves_a_record() -> None:
    checklist = read(Path(FILE).read_text("utf-8"))
    assert {item.id for item in checklist.asked_of("child")} >= {"child_authority", "alone"}
    assert "child_authority" not in {item.id for item in checklist.asked_of("standard")}
    assert "consent" not in {item.id for item in checklist.asked_of("child")}
    assert all(item.basis["sq"] and item.basis["en"] for item in checklist.items.values())
    assert checklist.asked_of("urgent")
