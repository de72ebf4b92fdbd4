"""An amount is read as people and this program write it, and nothing is made a thousand times as much in silence."""

from __future__ import annotations

import pytest
from werkzeug.datastructures import MultiDict
from wtforms import Form, StringField

from forms.typed import PARTS, check_amount, whole_number


class AmountForm(Form):
    amount = StringField()

    def validate_amount(self, field: StringField) -> None:
        check_amount(field, 10_000_000, 12_000)


def typed(text: str) -> AmountForm:
    return AmountForm(MultiDict({"amount": text}))


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("12000", 12_000), ("12,000", 12_000), ("12.000", 12_000), ("12 000", 12_000), ("12\u00a0000", 12_000),
        ("12\u202f000", 12_000), ("1,200,000", 1_200_000), ("1.200.000", 1_200_000), (" 5 ", 5),
        ("10000000", 10_000_000),
    ],
)  # fmt: skip
def test_a_whole_amount_is_read_whatever_stands_between_its_figures(text: str, amount: int) -> None:
    form = typed(text)
    assert form.validate()
    assert whole_number(form.amount) == amount


@pytest.mark.parametrize("text", ["12.50", "12,5", "1.5", "12,000.00", "12.000,5", "0.5"])
def test_what_may_have_parts_of_a_whole_is_asked_about(text: str) -> None:
    form = typed(text)
    assert not form.validate()
    assert form.errors["amount"] == [PARTS]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("99 000 000", "too much"), ("9" * 14, "too much"), ("10,000,001", "too much"), ("", "whole number"),
        ("0", "whole number"), ("-5", "whole number"), ("x", "whole number"), ("1.2,000", "whole number"),
        ("12 00", "whole number"), ("1,20,000", "whole number"), ("1200,000", "whole number"), ("٥", "whole number"),
    ],
)  # fmt: skip
def test_too_much_says_so_and_anything_else_says_how_to_write_it(text: str, said: str) -> None:
    form = typed(text)
    assert not form.validate()
    assert said in str(form.errors["amount"][0])
