"""What is asked, the numbers of slips, and when a house is told apart."""

from __future__ import annotations

from datetime import date

import pytest

from nrm.domain.quarters import Quarter
from nrm.domain.support.feedback import (
    FROM,
    RANDOM_BYTES,
    MistypedCode,
    Question,
    Reply,
    combination,
    counted,
    is_empty,
    is_kept,
    new_code,
    parse_code,
    replies_of,
    valid_until,
)

HAPPY = dict.fromkeys(Question, Reply.YES)


def test_a_number_is_read_however_it_is_typed_and_a_slip_of_the_finger_is_seen() -> None:
    code = new_code(bytes(range(RANDOM_BYTES)))
    assert len(code) == 19
    assert parse_code(code.replace(" ", "-")) == parse_code(f"  {code.replace(' ', '')} ") == code
    assert parse_code(code.translate(str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩"))) == code
    digits = code.replace(" ", "")
    for place in range(len(digits)):
        other = str((int(digits[place]) + 1) % 10)
        with pytest.raises(MistypedCode):
            parse_code(digits[:place] + other + digits[place + 1 :])
    for wrong in ("", digits[:-1], digits + "0", digits[:-1] + "x", "²" * 16):
        with pytest.raises(MistypedCode):
            parse_code(wrong)
    with pytest.raises(ValueError, match="64 random bytes"):
        new_code(bytes(32))


def test_letters_that_look_like_0_and_1_are_read_as_these() -> None:
    """A slip has no letter, so there is no doubt; every other letter is refused."""
    written = new_code(bytes([0, 1, 1, 0, 4, 7] * 11))
    assert {"0", "1"} < set(written)
    for zero, one in (("O", "I"), ("o", "l"), ("О", "|"), ("Ο", "i")):
        assert parse_code(written.replace("0", zero).replace("1", one)) == written
    for other in "SBZsGqàÄ":
        with pytest.raises(MistypedCode):
            parse_code(written.replace("0", other, 1))


def test_every_digit_of_a_number_is_as_likely_as_any_other() -> None:
    """Bytes from 250 on are passed over: 0 to 5 would come more often."""
    assert new_code(bytes([255] * 20 + [7] * 44)) == new_code(bytes([7] * 64))


def test_all_slips_of_a_quarter_end_on_one_day() -> None:
    assert {valid_until(each) for each in (date(2026, 1, 1), date(2026, 3, 31))} == {date(2026, 6, 30)}
    assert valid_until(date(2026, 12, 2)) == date(2027, 3, 31)


def test_answers_are_kept_as_one_line_in_the_order_of_the_questions() -> None:
    said = {**HAPPY, Question.PRIVATE: Reply.NO}
    assert replies_of(combination(said)) == said
    assert combination(dict(reversed(said.items()))) == combination(said)
    assert combination({Question.SAFE: Reply.NO}) == "no no_answer no_answer no_answer no_answer"
    assert is_empty(dict.fromkeys(Question, Reply.NO_ANSWER))
    assert not is_empty(said)


def test_a_house_is_told_apart_from_five_answers_on() -> None:
    alike = combination(HAPPY)
    by_house = {"NRC": {alike: FROM}, "VATRA": {alike: FROM - 1}, "NEW": {alike: FROM}, "IOM": {}}
    found = counted(by_house, ["NRC", "VATRA", "IOM", "other"], "other")
    assert sorted(house for house, _ in found) == ["NRC"] * FROM + ["other"] * (2 * FROM - 1)
    assert all(replies == HAPPY for _, replies in found)


def test_answers_do_not_wait_for_ever_for_a_report() -> None:
    today = date(2026, 5, 4)
    assert is_kept(Quarter(2023, 2), today)
    assert not is_kept(Quarter(2023, 1), today)
