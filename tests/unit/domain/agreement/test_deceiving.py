"""A text that its signers would read otherwise than it is meant: names, characters and numbers that deceive the eye."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType

import pytest

from forms.agreement.agreements import STEP_LABELS
from nrm import countries
from nrm.domain.agreement.agreements import Agreement, Party
from nrm.domain.agreement.deceiving import STEPS, deceiving, steps_of, unknown_steps
from nrm.domain.look_alikes import look_alike
from nrm.domain.unseen import fault_of_name


def newest(code: str) -> Agreement:
    return max(countries.load(code).agreements, key=lambda each: each.starts_on)


def with_party(agreement: Agreement, code: str, **changed: object) -> Agreement:
    party: Party = replace(agreement.parties[code], **changed)  # type: ignore[arg-type]
    return replace(agreement, parties=MappingProxyType({**agreement.parties, code: party}))


@pytest.mark.parametrize("code", ["albania", "north_macedonia"])
def test_the_shipped_texts_deceive_nobody(code: str) -> None:
    for agreement in countries.load(code).agreements:
        assert list(deceiving(agreement)) == []


@pytest.mark.parametrize(
    "name", ["Vatra", "VATRA", "V atra", "Vаtra", "Vatrа", "V\u200batra", "Vatra.", "Vätra", "V4tra"]
)
def test_a_name_that_looks_like_another_partys_is_found(name: str) -> None:
    agreement = newest("albania")
    one, other = list(agreement.parties)[:2]
    twins = with_party(agreement, one, names={"sq": "Vatra", "en": "First"})
    twins = with_party(twins, other, names={"sq": name, "en": "Second"})
    found = dict(deceiving(twins))
    assert "party[2].names.sq" in found
    assert "party[2].names.en" not in found


@pytest.mark.parametrize("hidden", ["\u202e", "\u2066", "\u200b", "\u00ad", "\n", "\x1b", "\u2028"])
def test_what_nobody_sees_is_found_in_every_text(hidden: str) -> None:
    agreement = newest("albania")
    words = {"sq": f"Fjalë{hidden}.", "en": "Words."}
    first = replace(agreement.clauses[0], text=words)
    path = replace(agreement.path[0], names=words)
    spoilt = replace(agreement, title=words, clauses=(first, *agreement.clauses[1:]), path=(path, *agreement.path[1:]))
    spoilt = with_party(spoilt, next(iter(spoilt.parties)), names=words)
    assert {key for key, _ in deceiving(spoilt)} == {
        "title.sq",
        "party[1].names.sq",
        "clause[1].text.sq",
        "path[1].names.sq",
    }


@pytest.mark.parametrize("name", ["<b>Vatra</b>", "V" * 121, "Vatra\u3164", "Vatra\u2800", "Vatra\ufe0f"])
def test_a_name_of_a_party_is_held_to_the_rule_of_every_name_of_a_country(name: str) -> None:
    agreement = newest("albania")
    spoilt = with_party(agreement, next(iter(agreement.parties)), names={"sq": name, "en": "First"})
    ((key, reason),) = deceiving(spoilt)
    assert key == "party[1].names.sq"
    assert fault_of_name(name) == reason


@pytest.mark.parametrize("number", ["javascript:alert(1)", "call Ana", "+355 4 000 0105\n1", "x" * 99, "+"])
def test_what_is_no_telephone_number_is_found(number: str) -> None:
    agreement = newest("albania")
    code = next(iter(agreement.parties))
    assert [key for key, _ in deceiving(with_party(agreement, code, on_call=number))] == ["party[1].on_call"]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("National Reception Centre", "National Reception Center"),
        ("Qendra Kombëtare Pritëse", "Qendra Kombetare Pritese"),
        ("Qendra Kombëtare Pritëse", "Qеndra Kombёtare  Pritеse"),
        ("2027", "2O27"),
        ("2027-1", "2027-l"),
        ("legal_counsel", "legal_counse1"),
        ("СОС", "COC"),
    ],
)
def test_names_that_the_eye_takes_for_each_other_look_alike(one: str, other: str) -> None:
    assert look_alike(one, other)
    assert look_alike(other, one)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Сенка", "Vatra"),
        ("2027", "2028"),
        ("2026", "2029"),
        ("20270101", "20271001"),
        ("Streha 12 Tiranë", "Streha 21 Tiranë"),
        ("Vatra", "Varta"),
        ("Qendra Kombëtare", "Qendra Rajonale"),
    ],
)
def test_other_names_do_not(one: str, other: str) -> None:
    assert not look_alike(one, other)


def test_a_name_in_one_language_is_no_other_partys_name_in_another() -> None:
    agreement = newest("albania")
    spoilt = with_party(agreement, "HELPLINE", names={"sq": "National Reception Centre", "en": "SOS help line"})
    assert [key for key, _ in deceiving(spoilt)] == ["party[9].names.sq"]


@pytest.mark.parametrize("number", ["3․1", "３.1", "3.1 ", "3.l", "03.1", "3.O", "", "3.1-"])
def test_a_clause_has_a_number_that_looks_like_no_other(number: str) -> None:
    agreement = newest("albania")
    spoilt = replace(agreement, clauses=(replace(agreement.clauses[0], number=number), *agreement.clauses[1:]))
    assert [key for key, _ in deceiving(spoilt)] == ["clause[1].number"]


@pytest.mark.parametrize("code", ["albania", "north_macedonia"])
def test_a_step_that_nobody_knows_is_found_and_what_it_looks_like(code: str) -> None:
    agreement = newest(code)
    assert {step for _, step in steps_of(agreement)} == STEPS
    assert list(unknown_steps(agreement, ())) == []
    position = next(place for place, each in enumerate(agreement.clauses) if each.number == "6.1")
    clause = agreement.clauses[position]
    duties = tuple(replace(duty, kind=duty.kind.replace("legal_counsel", "legal_counse1")) for duty in clause.duties)
    clauses = [*agreement.clauses]
    clauses[position] = replace(clause, duties=duties)
    renamed = replace(agreement, clauses=tuple(clauses))
    assert list(unknown_steps(renamed, ())) == [
        (f"clause[{position + 1}]", "`legal_counse1` is no known step, and looks like `legal_counsel`")
    ]
    assert list(unknown_steps(renamed, {"legal_counse1"})) == []


def test_every_step_that_the_program_knows_has_words() -> None:
    assert set(STEP_LABELS) - {"notify"} == STEPS
