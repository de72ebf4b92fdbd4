"""Common changes of a text: what is not changed stays letter for letter."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from dataclasses import replace
from datetime import date, time, timedelta
from difflib import ndiff

import pytest

from nrm import countries
from nrm.domain.accounts.accounts import OrganisationKind
from nrm.domain.agreement import agreement_drafts as texts
from nrm.domain.agreement.agreement_changes import studied
from nrm.domain.agreement.agreement_documents import parse_agreement
from nrm.domain.agreement.agreement_drafts import NotInText, PartyText

SHIPPED = (countries.FOLDER / "albania" / "mou-2005.toml").read_text("utf-8")
BEFORE = parse_agreement(tomllib.loads(SHIPPED))
VATRA = PartyText(time(8), time(20), True, "+355 33 000 203", "+355 33 000 103", ["vlore"])


def changed(text: str) -> list[str]:
    """The lines that went or came, and the text is still an agreement."""
    parse_agreement(tomllib.loads(text))
    return [line for line in ndiff(SHIPPED.splitlines(), text.splitlines()) if line[0] in "+-"]


def test_a_text_begins_as_the_one_before() -> None:
    assert changed(texts.begun(SHIPPED, "2027", date(2027, 1, 1))) == [
        '- version = "2005"',
        '+ version = "2027"',
        "- from = 2005-07-18",
        "+ from = 2027-01-01",
    ]


def test_a_party_that_changes_nothing_changes_no_letter() -> None:
    assert texts.with_party(SHIPPED, "VATRA", VATRA) == SHIPPED


def test_a_telephone_that_changes_tonight_is_one_line() -> None:
    tonight = PartyText(time(8), time(20), True, "+355 33 000 203", "+355 33 000 999", ["vlore"])
    assert changed(texts.with_party(SHIPPED, "VATRA", tonight)) == [
        '- on_call = "+355 33 000 103"',
        '+ on_call = "+355 33 000 999"',
    ]


def test_a_party_leaves_changes_its_regions_and_whom_it_receives() -> None:
    said = PartyText(time(8), time(20), True, "", "+355 33 000 103", [], date(2027, 5, 1), "TJETER_VIZION")
    read = parse_agreement(tomllib.loads(texts.with_party(SHIPPED, "VATRA", said)))
    party, other = read.parties["VATRA"], read.parties["TJETER_VIZION"]
    assert (party.until, party.regions, party.desk.telephone) == (date(2027, 5, 1), (), "")
    assert party.competence == other.competence
    nobody = PartyText(time(8), time(20), True, "", "+355 33 000 103", [], None, texts.NOBODY)
    assert (
        parse_agreement(tomllib.loads(texts.with_party(SHIPPED, "VATRA", nobody))).parties["VATRA"].competence is None
    )


def test_a_party_joins_and_the_headings_of_the_file_stay_where_they_are() -> None:
    said = PartyText(time(8), time(16), False, "", "+355 22 000 123", ["shkoder"], None, "VATRA", ["sq", "it"])
    names = {"sq": "Shpresa, Shkodër", "en": 'The "Hope", Shkodër'}
    text = texts.with_new_party(SHIPPED, "SHPRESA", OrganisationKind.NGO_SHELTER, names, date(2027, 2, 1), said)
    read = parse_agreement(tomllib.loads(text))
    assert read.parties["SHPRESA"].names == names
    assert read.parties["SHPRESA"].joined_on == date(2027, 2, 1)
    assert read.parties["SHPRESA"].languages == ("sq", "it")
    assert read.parties["SHPRESA"].signed_on is None  # nobody knows yet
    assert read.parties["SHPRESA"].competence == read.parties["VATRA"].competence
    assert read.parties["SHPRESA"].place == 3  # of three: it is last for who reads the number, too
    reports = [(each.who, each.through, each.to, each.every) for each in read.reporting]
    assert reports[2:] == [(("SHPRESA",), *reports[0][1:])]  # as the others that receive people
    assert all(line.startswith("+") for line in changed(text))
    comments = [line for line in SHIPPED.splitlines() if line.startswith("#")]
    assert [line for line in text.splitlines() if line.startswith("#")] == comments


def test_what_a_party_reports_goes_with_its_code_and_with_the_party() -> None:
    everyone = PartyText(time(8), time(16), False, "", "+355 22 000 123", ["shkoder"], None, texts.EVERYONE)
    nobody = replace(everyone, receives=texts.NOBODY)
    names = {"sq": "Shpresa", "en": "Shpresa"}
    joined = texts.with_new_party(SHIPPED, "SHPRESA", OrganisationKind.NGO_SHELTER, names, None, everyone)
    renamed = texts.with_joining(joined, "SHPRESA", "AGIMI", names, date(2030, 1, 1))
    assert parse_agreement(tomllib.loads(renamed)).reporting[-1].who == ("AGIMI",)
    without = parse_agreement(tomllib.loads(texts.without_party(renamed, "AGIMI")))
    assert without.reporting == BEFORE.reporting
    silent = texts.with_new_party(SHIPPED, "SHPRESA", OrganisationKind.HELPLINE, names, None, nobody)
    assert parse_agreement(tomllib.loads(silent)).reporting == BEFORE.reporting


def test_a_form_that_has_languages_in_another_order_changes_none() -> None:
    iom = PartyText(
        time(8),
        time(17),
        False,
        "+355 4 000 0202",
        "+355 4 000 0999",
        ["tirane"],
        languages=["it", "sq", "en", "ru", "ro"],
    )
    assert changed(texts.with_party(SHIPPED, "IOM", iom)) == [
        '- on_call = "+355 4 000 0102"',
        '+ on_call = "+355 4 000 0999"',
    ]


def test_a_time_and_the_words_of_a_clause() -> None:
    assert changed(texts.with_time(SHIPPED, "answer", timedelta(minutes=30))) == [
        '-   { step = "answer", party = "receiver", within = "PT1H" },',
        '+   { step = "answer", party = "receiver", within = "PT30M" },',
        '- within = "PT1H"',
        '+ within = "PT30M"',
    ]
    words = {"sq": 'Një "fjalë"\nmë shumë', "en": "More # words ]"}
    read = parse_agreement(tomllib.loads(texts.with_words(SHIPPED, "1.3", words)))
    assert read.clause("1.3").text == words
    assert read.clause("1.3").when == parse_agreement(tomllib.loads(SHIPPED)).clause("1.3").when


@pytest.mark.parametrize(
    "change",
    [
        lambda: texts.with_party(SHIPPED, "NOBODY", VATRA),
        lambda: texts.with_time(SHIPPED, "none", timedelta(1)),
        lambda: texts.with_words(SHIPPED, "99", {"sq": "", "en": ""}),
    ],
)
def test_what_is_not_in_the_text_is_refused(change: Callable[[], str]) -> None:
    with pytest.raises(NotInText):
        change()


def asked(text: str) -> list[str]:
    """The private shelters in the order in which a clause that names their kind asks them."""
    parties = parse_agreement(tomllib.loads(text)).parties.values()
    there = [each for each in parties if each.kind is OrganisationKind.NGO_SHELTER]
    return [each.code for each in sorted(there, key=lambda each: each.asked)]


def test_a_party_that_joins_is_asked_last_or_before_another_one_and_the_rest_keep_their_order() -> None:
    names = {"sq": "Agimi", "en": "Dawn"}

    def joined(text: str, code: str, asked_before: str = "") -> str:
        kind = OrganisationKind.NGO_SHELTER
        return texts.with_new_party(text, code, kind, names, None, VATRA, asked_before)

    there = asked(SHIPPED)
    assert len(there) > 1
    last = joined(SHIPPED, "AGIMI")  # before all others by its code
    assert asked(last) == [*there, "AGIMI"]
    assert [line for line in changed(last) if "place" in line] == ["+ place = 3"]
    for at, other in enumerate(there):
        for code in ("AGIMI", "ZERI"):
            assert asked(joined(SHIPPED, code, other)) == [*there[:at], code, *there[at:]]
    again = joined(joined(last, "ZERI", "AGIMI"), "BESA", "ZERI")
    assert asked(again) == [*there, "BESA", "ZERI", "AGIMI"]
    with pytest.raises(NotInText):
        joined(SHIPPED, "AGIMI", "RA")


@pytest.mark.slow  # each step of the path is held against the text in force
def test_a_shorter_time_reaches_the_clauses_and_the_climbing_and_weakens_nothing() -> None:
    safeguards = countries.load("albania").safeguards
    for step, short, clauses in (
        ("first_interview", timedelta(hours=12), {"1.2": timedelta(hours=12)}),
        ("tell_child_authority", timedelta(minutes=10), {"3.1": timedelta(minutes=10)}),
        ("answer", timedelta(minutes=45), {"1.3": timedelta(minutes=45), "1.4": timedelta(minutes=30)}),
        ("answer", timedelta(minutes=20), {"1.3": timedelta(minutes=20), "1.4": timedelta(minutes=20)}),
        ("arrival", timedelta(hours=12), {"1.3": timedelta(hours=12)}),
        ("ask_consent", timedelta(hours=12), {"1.5": timedelta(hours=12)}),
    ):
        text = texts.with_time(SHIPPED, step, short)
        read = parse_agreement(tomllib.loads(text))
        (there,) = (each for each in read.path if each.step == step)
        assert texts.times_of_clauses(read, there) == clauses
        assert there.within == short
        assert there.escalation[0].after <= short
        # The words of these clauses still say the time from before.
        found = studied(BEFORE, read, safeguards).findings
        assert {each.number for each in found} == {"17"} | ({"35"} if {*clauses} & {"1.2", "1.3"} else set()), step
        if step != "answer" or short > timedelta(minutes=30):
            assert texts.with_time(text, step, {each.step: each for each in BEFORE.path}[step].within) == SHIPPED


def test_a_clause_gets_the_time_that_was_typed_for_it() -> None:
    own = {"1.3": timedelta(hours=1), "1.4": timedelta(minutes=20)}
    text = texts.with_time(SHIPPED, "answer", timedelta(minutes=45), own)
    assert changed(text) == [
        '-   { step = "answer", party = "receiver", within = "PT1H" },',
        '+   { step = "answer", party = "receiver", within = "PT45M" },',
        '- deadline = [{ step = "answer", party = "receiver", within = "PT30M" }]',
        '+ deadline = [{ step = "answer", party = "receiver", within = "PT20M" }]',
        '- within = "PT1H"',
        '+ within = "PT45M"',
    ]
