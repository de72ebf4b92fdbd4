"""Parties that leave, join late or are gone; answers that nobody can give; words that nobody checks (ADR 0181)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from nrm.domain.agreement.agreement_checks import Finding, FindingKind, check
from nrm.domain.agreement.agreement_differences import diff
from nrm.domain.agreement.agreement_documents import MalformedAgreement, parse_agreement
from nrm.domain.agreement.changed_words import changed_words
from nrm.domain.agreement.comparisons import DifferenceKind, compare, live
from nrm.domain.agreement.routing_diagrams import as_on
from nrm.domain.agreement.safeguard_checks import weakenings
from tests.unit.domain.agreement.agreement_facts import AGREEMENT, document
from tests.unit.domain.agreement.sabotage import thinned
from tests.unit.domain.agreement.test_safeguards import SAFEGUARDS, Change, clause, party, step, weakened

HOUSES = ("VATRA", "TJETER_VIZION", "IOM")
LAST = date(2006, 12, 15)
NEXT = date(2006, 12, 16)


def bound(codes: tuple[str, ...], **days: date) -> Change:
    """The parties end (`until`) or begin (`from`) on another day than the text."""
    named = {name.rstrip("_"): day for name, day in days.items()}
    return lambda data: [party(data, code).update(named) for code in codes]


def of(number: str, change: Change) -> list[Finding]:
    return [each for each in weakened(change) if each.number == number]


def said(number: str, change: Change) -> list[str]:
    return [str(each.text) for each in of(number, change)]


def without(code: str) -> Change:
    """The party is gone from the text, wherever it stands."""

    def cut(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: cut(each) for key, each in value.items()}
        if isinstance(value, list):
            return [cut(each) for each in value if each != code]
        return value

    def change(data: dict[str, Any]) -> None:
        parties = [each for each in data["party"] if each["code"] != code]
        data.update({key: cut(value) for key, value in data.items()}, party=cut(parties))

    return change


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (bound(HOUSES, until=LAST), "is a party until 2006-12-15 alone"),
        (bound(HOUSES, from_=date(2040, 1, 1)), "is a party from 2040-01-01 on alone"),
        (bound(("VATRA",), from_=date(2027, 6, 1)), "is a party from 2027-06-01 on alone"),
        (without("VATRA"), "VATRA is no party any more"),
    ],
    ids=["until", "from", "one from", "gone"],
)
def test_a_party_that_goes_or_comes_late_or_is_gone_stands_first_by_name_and_day(change: Change, words: str):
    found = weakened(change)
    assert found[0].number == "39"
    assert words in str(found[0])


def test_what_changes_for_people_is_asked_on_each_day_on_which_a_party_begins_or_ends():
    data = document()
    bound(HOUSES, until=LAST)(data)
    text = parse_agreement(data)
    sent = [each for each in compare(AGREEMENT, text).differences if each.kind is DifferenceKind.SENT]
    assert sent
    for each in sent:
        assert each.day == NEXT
        on = [live(each.person, as_on(which, NEXT)) for which in (AGREEMENT, text)]
        assert on[0] != on[1]
    assert {each.day for each in diff(AGREEMENT, text).rerouted} == {NEXT}
    people = [each for each in compare(AGREEMENT, text).people if each.day == NEXT]
    assert people
    assert any(each.before != each.after for each in people)
    # On the first day nobody is sent elsewhere, and nothing at all is where all of them stay.
    assert compare(AGREEMENT, parse_agreement(document())).differences == ()


def test_fewer_than_two_to_ask_and_nobody_left_are_said_with_the_day_and_for_whom():
    def another(data: dict[str, Any]) -> None:
        """What is accepted of the shipped text counts for no other one."""
        data.update(version="2006")
        bound(HOUSES, until=LAST)(data)

    late = [each for each in of("17", another) if "2006-12-16" in str(each.text)]
    assert late
    assert all(each.example is not None and each.cubes for each in late)
    nobody = [each for each in of("22", bound(("NRC",), until=LAST)) if "2006-12-16" in str(each.text)]
    assert nobody
    data = document()
    bound(("NRC",), until=LAST)(data)
    gaps = [each for each in check(parse_agreement(data), before=AGREEMENT).findings if each.kind is FindingKind.GAP]
    assert gaps
    assert all("2006-12-16" in str(each.text) for each in gaps)


def test_parties_that_were_to_leave_anyway_leave_as_before():
    data = document()
    bound(HOUSES, until=LAST)(data)
    before = parse_agreement(data)
    found = check(before, safeguards=SAFEGUARDS, before=before).findings
    assert {each.number for each in found} <= {"17"}
    assert compare(before, before).differences == ()


@pytest.mark.parametrize(
    ("change", "number", "words"),
    [
        (lambda data: data["fact"]["official_involved"]["values"].remove("yes"), "40", "`official_involved: yes`"),
        (lambda data: data["fact"]["refused_parties"].update(values=["IOM"]), "40", "nobody can strike out VATRA"),
        (
            lambda data: party(data, "VATRA").update(
                competence={
                    "and": [party(data, "VATRA")["competence"], {"in": ["official_involved", ["no", "unknown"]]}]
                }
            ),
            "41",
            "VATRA is not asked any more",
        ),
        (lambda data: party(data, "VATRA")["languages"].pop(), "39", "VATRA does not offer"),
        (lambda data: party(data, "VATRA")["regions"].pop(), "39", "VATRA is not said to lie in"),
    ],
    ids=["official", "strike out", "official excluded", "language", "region"],
)
def test_an_answer_that_is_gone_and_a_receiver_that_excludes_somebody_is_a_weakening(
    change: Change, number: str, words: str
):
    found = of(number, change)
    assert any(words in str(each.text) for each in found), found
    if number == "41":
        assert all(each.example is not None and each.example["official_involved"] == "yes" for each in found)
    if words.startswith("`official"):
        (first,) = found
        assert first.example is not None
        assert first.example["official_involved"] == "yes"


SQ, EN = "Policia Kufitare njoftohet me telefon.", "The Border Police is told by telephone."


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (
            lambda data: clause(data, "5.1")["text"].update(sq="Njoftohet pika kufitare ku është personi."),
            ["clause 5.1: the words are changed in sq, and not in en"],
        ),
        (
            lambda data: clause(data, "5.1")["text"].update(
                sq="Njoftohet pika kufitare ku është personi.", en=document_text("5.1", "en").replace(" ", ",  ", 1)
            ),
            ["clause 5.1: the words are changed in sq, and not in en"],
        ),
        (
            lambda data: clause(data, "4.3")["text"].update(sq=SQ, en=EN),
            ["clause 4.3: the words name BORDER_POLICE, and did not"],
        ),
        (
            lambda data: data["title"].update(
                {code: f"{text} Call +355 69 222 3333" for code, text in data["title"].items()}
            ),
            ["version: the words have +355 69 222 3333, which is no number of a party"],
        ),
        (
            lambda data: data["title"].update(
                {code: f"０６９２２２３３３３ {text}" for code, text in data["title"].items()}
            ),
            ["version: the words have 0692223333, which is no number of a party"],
        ),
        (
            lambda data: data["reporting"][0]["text"].update(
                {code: f"{text} www.example.com/x" for code, text in data["reporting"][0]["text"].items()}
            ),
            ["the words have an address, www.example.com/x"],
        ),
        (
            lambda data: step(data, "tell_child_authority")["names"].update(sq="x", en="Telling the Border Police"),
            ["path step tell_child_authority: the words name BORDER_POLICE, and did not"],
        ),
    ],
    ids=["one language", "a stroke in the other", "a party", "a number", "other digits", "an address", "a step"],
)
def test_words_that_a_machine_can_doubt_have_to_be_accepted(change: Change, words: list[str]):
    found = said("42", change)
    for each in words:
        assert any(each in line for line in found), found


def test_words_that_are_changed_in_every_language_are_shown_and_are_no_finding():
    def change(data: dict[str, Any]) -> None:
        clause(data, "4.3")["text"].update(
            sq=f"Sipas ligjit nr. 1085/2006, nga 18.07.2005: {document_text('4.3', 'sq')}",
            en=f"By law no. 1085/2006, from 18.07.2005: {document_text('4.3', 'en')}",
        )

    assert said("42", change) == []
    data = document()
    change(data)
    (only,) = changed_words(AGREEMENT, parse_agreement(data))
    assert (only.noun, only.key, only.unchanged) == ("clause", "4.3", ())


def document_text(number: str, language: str) -> str:
    text: str = clause(document(), number)["text"][language]
    return text


def test_every_kind_of_word_of_a_text_is_shown_when_it_changes():
    changes: list[tuple[str, Callable[[dict[str, Any]], object]]] = [
        ("version", lambda data: data["title"].update(en="Another")),
        ("clause", lambda data: clause(data, "5.5")["text"].update(en="Another.")),
        ("path step", lambda data: step(data, "answer")["names"].update(en="Another")),
        ("report of", lambda data: data["reporting"][0]["text"].update(en="Another")),
        ("party", lambda data: party(data, "VATRA")["names"].update(en="Another")),
        ("receives", lambda data: party(data, "VATRA").update(receives={"en": "Another", "sq": "Tjetër"})),
    ]
    for noun, change in changes:
        data = document()
        change(data)
        assert [each.noun for each in changed_words(AGREEMENT, parse_agreement(data))] == [noun]
    assert changed_words(AGREEMENT, AGREEMENT) == []


@pytest.mark.slow  # some two hundred documents: a value that nobody drops here is one that somebody hostile drops
def test_every_value_of_every_list_that_is_dropped_is_a_weakening_or_is_nothing_to_anybody():
    tried, missed = 0, []
    for name, data in thinned():
        try:
            text = parse_agreement(data)
        except MalformedAgreement:
            continue  # it names what is not there any more
        tried += 1
        found = [each for each in weakenings(text, SAFEGUARDS, AGREEMENT) if each.safeguard.number != "17"]
        if not found and compare(AGREEMENT, text).differences:
            missed.append(name)
    assert tried > 150
    assert missed == []
