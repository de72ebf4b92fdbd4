"""The lines of a passport or card: read as they were made, and every wrong character is found where it stands."""

from __future__ import annotations

import contextlib
from datetime import date

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from mrz.generator.td1 import TD1CodeGenerator
from mrz.generator.td2 import TD2CodeGenerator
from mrz.generator.td3 import TD3CodeGenerator

from forms.interviews.passports import CHECKERS, Person, UnreadableLines, read_lines

TODAY = date(2026, 3, 1)
# The specimens of ICAO Doc 9303, parts 4, 5 and 6.
PASSPORT = "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<\nL898902C36UTO7408122F1204159ZE184226B<<<<<10"
CARD = "I<UTOD231458907<<<<<<<<<<<<<<<\n7408122F1204159UTO<<<<<<<<<<<6\nERIKSSON<<ANNA<MARIA<<<<<<<<<<"
SMALL = "I<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<\nD231458907UTO7408122F1204159<<<<<<<6"


def problems(text: str) -> list[str]:
    with pytest.raises(UnreadableLines) as caught:
        read_lines(text, today=TODAY)
    return [str(each) for each in caught.value.problems]


@pytest.mark.parametrize(
    ("text", "document", "passport"),
    [(PASSPORT, "L898902C3", True), (CARD, "D23145890", False), (SMALL, "D23145890", False)],
)
def test_the_specimens_of_the_standard_are_read(text: str, document: str, passport: bool) -> None:
    expected = Person("ANNA MARIA", "ERIKSSON", "1974-08-12", "f", None, document, "UTO", passport)
    assert read_lines(text, today=TODAY) == expected


@pytest.mark.parametrize(
    "change", [str.lower, lambda t: t.replace("<<", "« "[:1]), lambda t: "  " + t.replace("\n", "\r\n\r\n ")]
)
def test_how_they_are_pasted_does_not_matter(change: object) -> None:
    assert callable(change)
    assert read_lines(change(PASSPORT), today=TODAY).family == "ERIKSSON"
    assert read_lines(PASSPORT.replace("\n", ""), today=TODAY).family == "ERIKSSON"
    assert read_lines(" ".join(CARD.replace("\n", "")), today=TODAY).given == "ANNA MARIA"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "Enter all lines: two of 44 characters, two of 36 or three of 30. There are now 0 with 0"),
        (PASSPORT[:-1], "There are now 2 with 44, 43"),
        (PASSPORT.split("\n", maxsplit=1)[0], "There are now 1 with 44"),
        ("x" * 5000, "There are now 1 with 1000"),
        (PASSPORT.replace("ANNA", "ANN-"), "Line 1: enter only letters from A to Z, digits and the sign <"),
        (PASSPORT.replace("L898902C3", "Λ898902C3"), "Line 2: enter only letters"),
        ("V" + PASSPORT[1:], "These are the lines of a visa."),
        (PASSPORT.replace("L898902C3", "L898902C4"), "Line 2, number of the document: the check digit does not fit"),
        (PASSPORT.replace("7408122", "7408132"), "Line 2, date of birth: the check digit does not fit"),
        (PASSPORT.replace("1204159", "1304159"), "Line 2, date of expiry: the check digit does not fit"),
        (PASSPORT.replace("ZE184226B", "ZE184226C"), "Line 2, personal number: the check digit does not fit"),
        (PASSPORT[:-1] + "1", "Line 2, the whole: the check digit does not fit"),
        (CARD.replace("D23145890", "D23145891"), "Line 1, number of the document: the check digit does not fit"),
        (CARD.replace("UTO<<<<<<<<<<<6", "UTO<<<<<<<<<<<7"), "Line 1–2, the whole: the check digit does not fit"),
        (CARD.replace("ERIKSSON", "ER1KSSON"), "Line 3, names: this cannot be so"),
    ],
)
def test_what_is_wrong_says_the_line_and_the_field_and_repeats_nothing(text: str, said: str) -> None:
    (problem,) = problems(text)
    assert problem.startswith(said) or said in problem
    assert "898902" not in problem
    assert "ERIKSSON" not in problem


def test_a_long_number_goes_on_in_the_place_of_other_data() -> None:
    """ICAO Doc 9303-5, note j: the check digit stands after the rest of the number."""
    from mrz.base.functions import hash_string

    number = "D23145890734"
    first = f"I<BEL{number[:9]}<{number[9:]}{hash_string(number)}".ljust(30, "<")
    second = "7408122F1204159BEL<<<<<<<<<<<"
    whole = hash_string(first[5:] + second[:7] + second[8:15] + second[18:29])
    found = read_lines(f"{first}\n{second}{whole}\n{CARD.splitlines()[2]}", today=TODAY)
    assert (found.document, found.citizenship) == (number, "BE")


@pytest.mark.parametrize(
    ("code", "country"),
    [("ALB", "AL"), ("D<<", "DE"), ("RKS", "XK"), ("GBD", "GB"), ("UKR", "UA"), ("XXA", None), ("UTO", None)],
)
def test_citizenship_is_a_code_of_two_letters_or_nothing(code: str, country: str | None) -> None:
    assert read_lines(PASSPORT.replace("UTO7408", f"{code}7408"), today=TODAY).citizenship == country


def _passport(birth: str, sex: str = "F") -> str:
    from mrz.base.functions import hash_string

    body = f"L898902C36ALB{birth}{hash_string(birth)}{sex}1204159ZE184226B<<<<<1"
    return f"{PASSPORT.splitlines()[0]}\n{body}{hash_string(body[:10] + body[13:20] + body[21:43])}"


@pytest.mark.parametrize(
    ("birth", "date_"),
    [("740812", "1974-08-12"), ("74<<<<", "1974"), ("7408<<", "1974-08"), ("<<<<<<", None), ("260301", "2026-03-01"),
     ("260302", "1926-03-02"), ("000229", "2000-02-29")],
)  # fmt: skip
def test_of_a_birth_what_is_known_is_taken(birth: str, date_: str | None) -> None:
    assert read_lines(_passport(birth), today=TODAY).birth == date_


@pytest.mark.parametrize("birth", ["741312", "740230", "010229", "7A0812"])
def test_a_birth_that_no_calendar_has_is_named(birth: str) -> None:
    assert problems(_passport(birth)) == [
        "Line 2, date of birth: this cannot be so. Compare it with the document and enter the line again"
    ]


@pytest.mark.parametrize(("letter", "sex"), [("F", "f"), ("M", "m"), ("X", "x"), ("<", None)])
def test_sex_is_what_stands_there(letter: str, sex: str | None) -> None:
    assert read_lines(_passport("740812", letter), today=TODAY).sex == sex


LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
names = st.text(LETTERS, min_size=1, max_size=11)
numbers = st.from_regex(r"[A-Z0-9]{5,9}", fullmatch=True)
births = st.dates(date(1927, 1, 1), date(2026, 2, 28))
MAKERS = {"TD1": TD1CodeGenerator, "TD2": TD2CodeGenerator, "TD3": TD3CodeGenerator}


@pytest.mark.slow
@given(st.sampled_from(["TD1", "TD2", "TD3"]), names, names, numbers, births, st.sampled_from("FM"))
def test_what_a_generator_made_is_read_back(
    kind: str, family: str, given_: str, number: str, born: date, sex: str
) -> None:
    day, expiry = born.strftime("%y%m%d"), "300101"
    if kind == "TD1":
        text = str(TD1CodeGenerator("I", "ALB", number, day, sex, expiry, "ALB", family, given_))
    elif kind == "TD2":
        text = str(TD2CodeGenerator("I", "ALB", family, given_, number, "ALB", day, sex, expiry))
    else:
        text = str(TD3CodeGenerator("P", "ALB", family, given_, number, "ALB", day, sex, expiry))
    found = read_lines(text, today=TODAY)
    assert (found.family, found.given, found.document) == (family, given_, number)
    assert (found.birth, found.sex, found.citizenship) == (born.isoformat(), sex.lower(), "AL")


@pytest.mark.slow
@given(st.integers(0, 8), st.sampled_from("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"))
def test_one_wrong_character_of_the_number_is_found_unless_its_weight_is_the_same(place: int, character: str) -> None:
    """The digit counts modulo ten: A and K, which differ by ten, are alike to it. That is the standard's limit."""
    line = PASSPORT.splitlines()[1]
    values = LETTERS
    value = lambda c: int(c) if c.isdigit() else values.index(c) + 10  # noqa: E731
    assume((value(line[place]) - value(character)) % 10 != 0)
    wrong = PASSPORT.splitlines()[0] + "\n" + line[:place] + character + line[place + 1 :]
    assert any("number of the document" in each for each in problems(wrong))


@pytest.mark.slow
@given(st.sampled_from(list(CHECKERS)), st.data())
def test_whatever_stands_in_lines_of_the_right_shape_they_are_read_or_refused(
    shape: tuple[int, int], data: st.DataObject
) -> None:
    many, long = shape
    lines = [data.draw(st.text("AZ09<", min_size=long, max_size=long)) for _ in range(many)]
    try:
        found = read_lines("\n".join(lines), today=TODAY)
    except UnreadableLines as error:
        assume(error.problems)
    else:
        assert "<" not in found.family + found.given


@given(st.text(max_size=300))
def test_whatever_is_pasted_is_read_or_refused(text: str) -> None:
    with contextlib.suppress(UnreadableLines):
        assert read_lines(text, today=TODAY).family
