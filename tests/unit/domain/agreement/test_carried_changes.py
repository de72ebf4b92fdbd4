"""What a draft changed is written into the text that was signed meanwhile, or named."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from datetime import date, time, timedelta

from nrm import countries
from nrm.domain.accounts.accounts import OrganisationKind
from nrm.domain.agreement import agreement_drafts as texts
from nrm.domain.agreement.agreement_documents import parse_agreement
from nrm.domain.agreement.agreement_drafts import PartyText
from nrm.domain.agreement.agreements import Agreement
from nrm.domain.agreement.carried_changes import Carried, Change, carried

BASE = (countries.FOLDER / "albania" / "mou-2005.toml").read_text("utf-8")


def vatra(on_call: str = "+355 33 000 103", opens: int = 8, receives: str = "") -> Callable[[str], str]:
    said = PartyText(time(opens), time(20), True, "+355 33 000 203", on_call, ["vlore"], None, receives)
    return lambda text: texts.with_party(text, "VATRA", said)


def joins(code: str, asked_before: str = "") -> Callable[[str], str]:
    said = PartyText(time(0), time(0), True, "", "+355 33 000 777", ["shkoder"], None, "TJETER_VIZION", ["sq"])
    kind, names = OrganisationKind.NGO_SHELTER, {"sq": code, "en": code}
    return lambda text: texts.with_new_party(text, code, kind, names, date(2030, 1, 1), said, asked_before)


def answer(minutes: int) -> Callable[[str], str]:
    return lambda text: texts.with_time(text, "answer", timedelta(minutes=minutes))


def made(*changes: Callable[[str], str]) -> str:
    text = BASE
    for each in changes:
        text = each(text)
    return text


def read(found: Carried) -> Agreement:
    return parse_agreement(tomllib.loads(found.text))


def test_what_forms_changed_is_carried_beside_what_the_newer_text_brought() -> None:
    words = {"sq": "Përgjigjet.", "en": "It answers."}
    draft = made(vatra(opens=9, receives=texts.EVERYONE), joins("AGIMI"), answer(30))
    draft = texts.with_words(draft, "1.3", words)
    found = carried(BASE, draft, made(vatra("+355 33 000 999"), joins("SHPRESA")))
    assert (found.other, found.in_file) == ((), ())
    assert {(each.part, each.key, each.what) for each in found.kept} == {
        ("party", "VATRA", "desk.opens"),
        ("party", "VATRA", "competence"),
        ("party", "AGIMI", ""),
        ("path", "answer", "within"),
        ("clause", "1.3", "deadline.0.within"),
        ("clause", "1.3", "text.sq"),
        ("clause", "1.3", "text.en"),
    }
    both = read(found)
    assert [duty.within for duty in both.clause("1.3").duties] == [timedelta(minutes=30), timedelta(days=1)]
    drafted = parse_agreement(tomllib.loads(draft))
    assert (both.parties["VATRA"].desk.opens, both.parties["VATRA"].on_call) == (time(9), "+355 33 000 999")
    assert both.parties["VATRA"].competence == drafted.parties["VATRA"].competence
    assert both.parties["AGIMI"] == drafted.parties["AGIMI"]
    assert "SHPRESA" in both.parties
    assert [each.who for each in both.reporting[2:]] == [("SHPRESA",), ("AGIMI",)]
    assert both.clause("1.3").text == words
    assert both.path == drafted.path


def test_what_both_changed_stays_as_the_newer_text_has_it_and_is_named() -> None:
    draft = made(vatra("+355 33 000 555"), answer(30), joins("AGIMI", "TJETER_VIZION"))
    newest = made(vatra("+355 33 000 999"), answer(30), joins("AGIMI"))
    found = carried(BASE, draft, newest)
    assert Change("party", "VATRA", "on_call") in found.other
    assert Change("party", "AGIMI") in found.other
    assert Change("path", "answer", "within") in found.kept
    assert read(found).parties["VATRA"].on_call == "+355 33 000 999"


def test_what_was_changed_in_the_file_is_named_and_not_carried() -> None:
    assert "must = true" in BASE
    clause = tomllib.loads(BASE)["clause"]
    number = next(each["number"] for each in clause if each.get("must"))
    start = BASE.index("must = true")
    draft = BASE[:start] + BASE[start:].replace("must = true", "must = false", 1)
    found = carried(BASE, draft, made(joins("SHPRESA")))
    assert found.kept == ()
    assert found.in_file == (Change("clause", number),)
    assert carried(BASE, draft, draft).in_file == ()
    assert read(found).clause(number).must


def test_a_time_of_a_clause_that_says_something_else_in_the_newer_text_stays() -> None:
    """In its place another step has the time now, or another party."""
    first = '{ step = "answer", party = "receiver", within = "PT1H" },'
    newest = BASE.replace(first, first.replace("receiver", "NRC"), 1)
    found = carried(BASE, made(answer(30)), newest)
    assert Change("clause", "1.3", "deadline.0.within") in found.other
    assert read(found).clause("1.3").duties[0].within == timedelta(hours=1)
