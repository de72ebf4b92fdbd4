"""Which complaints say nearly the same."""

from __future__ import annotations

import time

import pytest

from nrm.domain.support.complaints import folded

REAL = "The guard follows me to the door of my room and asks me for money."
NOISE = "The food here is bad and nobody listens to us, so we complain again"


@pytest.mark.parametrize(
    "other",
    [NOISE + " 17", NOISE.upper() + "!!!", NOISE.replace("bad", "very bad"), "  ".join(NOISE.split()), NOISE + " xq"],
)
def test_a_figure_a_sign_a_capital_or_a_word_makes_no_other_text(other: str) -> None:
    assert folded([("VATRA", NOISE), ("VATRA", REAL), ("VATRA", other)]) == [0, 1, 0]


def test_what_is_about_another_house_or_says_something_else_stands_alone() -> None:
    said = [("VATRA", NOISE), ("IOM", NOISE), ("VATRA", REAL), ("VATRA", NOISE), ("VATRA", ""), ("VATRA", "No")]
    assert folded(said) == [0, 1, 2, 0, 4, 5]


def test_a_thousand_long_ones_are_held_beside_each_other_in_no_time() -> None:
    said = [
        ("VATRA", " ".join(f"{word * number:b}".translate({48: "ab", 49: "cde"}) for word in range(40, 90)))
        for number in range(1000)
    ]
    begun = time.process_time()
    assert len(folded(said)) == 1000
    assert time.process_time() - begun < 5
