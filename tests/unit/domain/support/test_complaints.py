"""Which complaints say nearly the same, and what was said of one before."""

from __future__ import annotations

import time

import pytest

from nrm.domain.support.complaints import Ending, Said, SoFar, Step, both_ends, differing, folded, to_type_again

REAL = "The guard follows me to the door of my room and asks me for money."
NOISE = "The food here is bad and nobody listens to us, so we complain again"


@pytest.mark.parametrize(
    "other",
    [
        NOISE + ", and the manager beats us",
        "The manager beats us. " + NOISE,
        NOISE.replace("bad", "bad and she rapes us"),
        NOISE * 2,
        NOISE + " +355 69 222 3344",
        NOISE.replace("food", "manager"),
    ],
)
def test_a_part_that_the_others_lack_keeps_a_line_of_its_own(other: str) -> None:
    """Also at the end of a long text."""
    assert folded([("VATRA", NOISE), ("VATRA", other)]) == [0, 1]
    assert folded([("VATRA", other), ("VATRA", NOISE)]) == [0, 1]
    long = " ".join(f"On day {word} the soup was cold in room {word[::-1]}." for word in ("abc", "xyz", "kmn")) * 20
    assert folded([("VATRA", long + NOISE), ("VATRA", long + other), ("VATRA", long + NOISE + " x")])[:2] == [0, 1]


def test_what_one_has_and_the_other_lacks_is_named() -> None:
    assert differing("The soup is cold every day 1", "The soup is very cold every day 2!") == "very … 2!"
    assert differing(NOISE, NOISE) == differing(NOISE, NOISE[:20]) == ""
    assert both_ends("word " * 10) == " ".join(["word"] * 10)
    assert both_ends("a" * 500 + " the manager beats us").endswith("a the manager beats us")


@pytest.mark.parametrize(
    "other",
    [NOISE + " 17", NOISE.upper() + "!!!", NOISE.replace("bad", "very bad"), "  ".join(NOISE.split()), NOISE + " xq"],
)
def test_a_figure_a_sign_a_capital_or_a_word_makes_no_other_text(other: str) -> None:
    assert folded([("VATRA", NOISE), ("VATRA", REAL), ("VATRA", other)]) == [0, 1, 0]


def test_what_is_about_another_house_or_says_something_else_stands_alone() -> None:
    said = [("VATRA", NOISE), ("IOM", NOISE), ("VATRA", REAL), ("VATRA", NOISE), ("VATRA", ""), ("VATRA", "No")]
    assert folded(said) == [0, 1, 2, 0, 4, 5]


@pytest.mark.slow
def test_a_thousand_long_ones_are_held_beside_each_other_in_no_time() -> None:
    said = [
        ("VATRA", " ".join(f"{word * number:b}".translate({48: "ab", 49: "cde"}) for word in range(40, 90)))
        for number in range(1000)
    ]
    begun = time.process_time()
    assert len(folded(said)) == 1000
    assert time.process_time() - begun < 5


def test_who_called_it_unfounded_is_known_until_it_is_reopened_also_when_they_took_that_back() -> None:
    said = Said(Step.AGREED, "her", Ending.UNFOUNDED, "why")
    back = Said(Step.TAKEN_BACK, "her")
    assert SoFar(before=(said, back)).called_unfounded == {"her"}
    assert SoFar(before=(said, Said(Step.STAYS, "him"))).called_unfounded == {"her"}
    assert SoFar(before=(Said(Step.AGREED, "her", Ending.ACTED, "why"), back)).called_unfounded == frozenset()
    reopened = (said, Said(Step.ENDED, "him", Ending.UNFOUNDED, "why"), Said(Step.REOPENED, "him"))
    assert SoFar(before=reopened).called_unfounded == frozenset()
    assert SoFar(before=(*reopened, Said(Step.AGREED, "him", Ending.UNFOUNDED, "why"), back)).called_unfounded == {
        "him"
    }
    assert to_type_again((said, back), "her") == said
    assert to_type_again((said, back), "him") is None
    assert to_type_again((said, back, Said(Step.REOPENED, "him")), "her") is None
    assert "why" not in repr(said)
