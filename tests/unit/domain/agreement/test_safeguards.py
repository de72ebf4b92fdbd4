"""Safeguards: the file, what a text weakens and for whom, each kind of harm by its name."""

from __future__ import annotations

import copy
import tomllib
from collections.abc import Callable
from datetime import date
from time import process_time
from typing import Any

import pytest

from nrm.countries import FOLDER
from nrm.domain.agreement.agreement_checks import Finding, FindingKind, check
from nrm.domain.agreement.agreement_documents import parse_agreement
from nrm.domain.agreement.routing import Capacity, route
from nrm.domain.agreement.routing_diagrams import everyone_signed
from nrm.domain.agreement.routing_facts import parse_facts
from nrm.domain.agreement.safeguards import MalformedSafeguards, Safeguards, parse_safeguards
from nrm.domain.agreement.safeguards_beside import Called
from nrm.domain.documents import Table
from nrm.domain.roles import KIND_OF_ROLE, MechanismRole
from tests.unit.domain.agreement.agreement_facts import AGREEMENT, NOON, document
from tests.unit.domain.agreement.sabotage import FOREIGN_BOYS, later, replaced, without_place

_FILE = tomllib.loads((FOLDER / "albania" / "safeguards.toml").read_text("utf-8"))
Change = Callable[[dict[str, Any]], object]
ROLES = {
    MechanismRole.AUTHORITY: "RA",
    MechanismRole.CHILD_AUTHORITY: "CHILD_PROTECTION",
    MechanismRole.TRP_UNIT: "TRP_UNIT",
    MechanismRole.PROSECUTION: "PROSECUTION",
}


def read(data: dict[str, Any]) -> Safeguards:
    table = Table(data, error=MalformedSafeguards)
    return parse_safeguards(table, AGREEMENT.facts, AGREEMENT.parties, {AGREEMENT.version}, ROLES)


CALLED = [Called("ASHP", "", {"sq": "Policia e Shtetit, Tiranë", "en": "State Police"})]
SAFEGUARDS = read(copy.deepcopy(_FILE))


def weakened(change: Change) -> list[Finding]:
    """What the shipped document weakens after the change, but what was accepted for it."""
    data = document()
    change(data)
    found = check(parse_agreement(data), safeguards=SAFEGUARDS, before=AGREEMENT, called=CALLED).findings
    return [each for each in found if each.kind is FindingKind.WEAKENED]


def clause(data: dict[str, Any], number: str) -> dict[str, Any]:
    (found,) = (each for each in data["clause"] if each["number"] == number)
    return found


def party(data: dict[str, Any], code: str) -> dict[str, Any]:
    (found,) = (each for each in data["party"] if each["code"] == code)
    return found


def step(data: dict[str, Any], name: str) -> dict[str, Any]:
    (found,) = (each for each in data["path"] if each["step"] == name)
    return found


def nothing_but_arrived(data: dict[str, Any]) -> None:
    """What the words say and what the rules do are two things."""
    data["clause"].append(
        {
            "number": "5.6",
            "text": {
                "sq": "Policia Kufitare merr vesh që personi mbërriti.",
                "en": "The Border Police learns that the person arrived.",
            },
            "origin": "proposal",
            "notify": [{"party": "BORDER_POLICE", "within": "P1D", "grant": ["story", "identity", "care"]}],
        }
    )
    clause(data, "3.1")["notify"][0]["within"] = "P1D"
    step(data, "tell_child_authority")["within"] = "P1D"
    del step(data, "answer")["escalation"]


def test_words_that_say_one_thing_while_the_rules_do_another_are_found():
    found = {each.number: each for each in weakened(nothing_but_arrived)}
    assert set(found) == {"1", "7", "11", "12", "21", "23"}
    assert str(found["1"]).startswith(
        "weakened: safeguard 1: CHILD_PROTECTION is told within P1D; must be within PT15M: age_class child or unsure"
    )
    assert str(found["7"]).startswith("weakened: safeguard 7: BORDER_POLICE reads care, identity, story; must never")
    assert str(found["12"]) == "weakened: safeguard 12: `answer` climbs to nobody when it is late"
    assert found["1"].example is not None
    assert found["1"].example["age_class"] in ("child", "unsure")


def test_the_shipped_document_weakens_what_was_accepted_for_it_with_a_reason_and_nothing_else():
    started = process_time()
    checked = check(AGREEMENT, safeguards=SAFEGUARDS)
    assert process_time() - started < 2
    assert checked.findings == ()
    assert {each.number for each in checked.accepted} == {each.number for each in SAFEGUARDS.accepted} == {"17"}
    assert all(set(each.reason) == {"sq", "en"} for each in SAFEGUARDS.accepted)


def test_the_same_document_under_another_name_has_to_be_accepted_again():
    assert {each.number for each in weakened(lambda data: data.update(version="2027"))} == {"17"}


CHILD = {"1", "2", "3", "4", "19", "21"}


def new_house(data: dict[str, Any]) -> None:
    """A house that nobody knows yet, asked before all others."""
    new = {**copy.deepcopy(party(data, "NRC")), "code": "NRC_2", "names": {"sq": "E reja", "en": "The new one"}}
    data["party"].append(new)
    for each in data["clause"]:
        if each.get("refer_to"):
            each["refer_to"] = ["NRC_2", *each["refer_to"]]


def no_time(data: dict[str, Any]) -> None:
    del clause(data, "1.3")["deadline"][0]
    step(data, "answer")["within"] = "P1D"


LAST_OF_HARMS = 22
"""The safeguards after it are held against the text before alone; SILENT has those that no other safeguard finds."""

HARMS: list[tuple[str, Change, set[str]]] = [
    (
        "a grant to the police",
        lambda data: clause(data, "5.2")["notify"][0].update(party="BORDER_POLICE", grant=["identity"]),
        {"7", "11", "21"},
    ),
    ("a grant to the consular service", lambda data: clause(data, "5.2")["notify"][0].update(grant=["story"]), {"7"}),
    (
        "a grant to the permit unit",
        lambda data: clause(data, "5.1")["notify"].append({"party": "TRP_UNIT", "within": "PT1H", "grant": ["legal"]}),
        {"9", "11"},
    ),
    ("care of children", lambda data: clause(data, "3.1")["notify"][0].update(grant=["identity", "care"]), {"8"}),
    ("identity of adults", lambda data: clause(data, "3.1").pop("when"), {"8"}),
    ("everything to the duty desk", lambda data: clause(data, "5.1")["notify"][0].update(grant=["story"]), {"10"}),
    (
        "the police is given the story of a missing child",
        lambda data: clause(data, "5.5")["notify"][1].update(grant=["identity", "story"]),
        {"7", "11"},
    ),
    ("the police is given missing adults", lambda data: clause(data, "5.5").pop("when"), {"7", "8", "11"}),
    (
        "the police receives people",
        lambda data: (
            party(data, "BORDER_POLICE").update(competence="everyone"),
            clause(data, "4.3")["refer_to"].append("BORDER_POLICE"),
        ),
        {"7", "11"},
    ),
    (
        "the child authority is told late",
        lambda data: clause(data, "3.1")["notify"][0].update(within="P1D"),
        {"1", "21"},
    ),
    (
        "the child authority is told of one half of the children",
        lambda data: clause(data, "3.1").update(when={"eq": ["age_class", "child"]}),
        {"1", "21"},
    ),
    (
        "no risk is assessed",
        lambda data: clause(data, "3.2").update(require=clause(data, "3.2")["require"][1:]),
        {"2"},
    ),
    (
        "no assessments",
        lambda data: data.update(clause=[each for each in data["clause"] if each["number"] != "3.2"]),
        {"2", "3", "4"},
    ),
    (
        "assessments after the return",
        lambda data: [each.update(before="closing") for each in clause(data, "3.2")["require"]],
        {"2", "3", "4"},
    ),
    (
        "the stateless are told of no permit",
        lambda data: clause(data, "6.1").update(when={"in": ["citizenship_class", ["third_country", "unknown"]]}),
        {"5"},
    ),
    (
        "an application holds nothing back",
        lambda data: data.update(clause=[each for each in data["clause"] if each["number"] != "6.2"]),
        {"6"},
    ),
    ("no time to answer", no_time, {"13", "21"}),
    (
        "high risk waits an hour",
        lambda data: clause(data, "1.4").update(
            when={"or": [{"eq": ["urgent", True]}, {"in": ["age_class", ["child", "unsure"]]}]}
        ),
        {"14", "21"},
    ),
    ("nobody to climb to", lambda data: step(data, "arrival").pop("escalation"), {"12", "21"}),
    (
        "nobody to climb to in time",
        lambda data: step(data, "arrival")["escalation"][0].update(after="P2D"),
        {"12", "21"},
    ),
    (
        "a step is off the path",
        lambda data: data.update(path=[each for each in data["path"] if each["step"] != "arrival"]),
        {"12", "21"},
    ),
    ("nothing follows a must", lambda data: [each.pop("then", None) for each in data["clause"]], set()),
    (
        "one centre alone",
        lambda data: [
            each.update(refer_to=["NRC"]) or each.pop("then", None) for each in data["clause"] if each.get("refer_to")
        ],
        {"17"},
    ),
    (
        "a party goes before its time",
        lambda data: party(data, "CHILD_PROTECTION").update(until=date(2027, 1, 1)),
        {"1", "19", "21"},
    ),
    (
        "nobody is told of a referral",
        lambda data: data.update(clause=[each for each in data["clause"] if each["number"] != "5.1"]),
        {"16", "21"},
    ),
    (
        "another of the kind stands in place of the child authority",
        lambda data: replaced(data, "CHILD_PROTECTION"),
        CHILD,
    ),
    ("another of the kind stands in place of the duty desk", lambda data: replaced(data, "RA"), {"16", "20", "21"}),
    (
        "the child authority stays a party, and another of the kind does its work",
        lambda data: replaced(data, "CHILD_PROTECTION", stays=True),
        CHILD - {"19"},
    ),
    ("another of the kind decides on permits", lambda data: replaced(data, "TRP_UNIT", stays=True), {"6"}),
    ("another house stands in place of the state's", lambda data: replaced(data, "NRC", stays=True), {"18", "22"}),
    (
        "the child authority joins in some years",
        lambda data: party(data, "CHILD_PROTECTION").update({"from": date(2035, 1, 1)}),
        {"1", "19", "21"},
    ),
    ("a step and its rung come later together", lambda data: later(data, "arrival", "P9D"), {"21"}),
    ("the child authority is called much later", lambda data: later(data, "tell_child_authority", "P2D"), {"21"}),
    (
        "the next number alone comes later",
        lambda data: step(data, "answer")["escalation"][0].update(after="PT29M"),
        {"21"},
    ),
    (
        "one rung is gone",
        lambda data: step(data, "answer").update(escalation=step(data, "answer")["escalation"][1:]),
        {"21"},
    ),
    ("an unanswered referral waits", lambda data: data.update(referral_expires="P9D"), {"21"}),
    (
        "the police is told of a missing child later",
        lambda data: clause(data, "5.5")["notify"][1].update(within="PT16M"),
        {"21"},
    ),
    ("no house takes foreign boys", lambda data: without_place(data, *FOREIGN_BOYS), {"22"}),
    (
        "a new house takes foreign boys, and no other",
        lambda data: (new_house(data), without_place(data, *FOREIGN_BOYS, but="NRC_2")),
        {"22"},
    ),
    (
        "the houses that take boys are parties for a week",
        lambda data: [party(data, code).update(until=date(2005, 7, 25)) for code in ("NRC", "TJETER_VIZION")],
        {"18", "22"},
    ),
]


def accomplice(data: dict[str, Any]) -> None:
    """A new house that everybody must be sent to; each count of receivers is better than before."""
    data["party"].append(house())
    first = {"number": "0.1", "text": {"sq": "Së pari.", "en": "First."}, "origin": "proposal", "must": True}
    data["clause"].insert(0, {**first, "refer_to": ["HOUSE", "NRC", "IOM", "VATRA", "TJETER_VIZION"]})


def told(party_code: str, *grant: str, **more: Any) -> Change:
    """One more clause tells a party of everybody."""
    words = {"sq": "Merr vesh.", "en": "Learns."}
    notify = [{"party": party_code, "within": "P1D", "grant": [*grant]}]
    clause = {"number": "5.6", "text": words, "origin": "proposal", "notify": notify, **more}
    return lambda data: data["clause"].append(clause)


def desk(code: str, **changed: Any) -> Change:
    return lambda data: party(data, code)["desk"].update(changed)


def swapped(data: dict[str, Any]) -> None:
    """The telephones stay: whoever calls one house reads the name of the other."""
    one, other = party(data, "VATRA"), party(data, "TJETER_VIZION")
    one["names"], other["names"] = other["names"], one["names"]


def words(number: str, **said: str) -> Change:
    return lambda data: clause(data, number)["text"].update(said)


def house(**changed: Any) -> dict[str, Any]:
    """A party that is new, to be sent to by no clause."""
    new = {**copy.deepcopy(party(document(), "NRC")), "code": "HOUSE", "on_call": "+355 4 000 0191"}
    said = {**new, "names": {"sq": "Shtëpia", "en": "The house"}, **changed}
    return {key: value for key, value in said.items() if value is not None}


def asked_last(data: dict[str, Any], code: str) -> None:
    data["party"].append(house())
    data["reporting"][0]["who"].append(code)
    clause(data, "4.3")["refer_to"].append(code)


def told_too(data: dict[str, Any], code: str, on: str = "") -> None:
    """A clause of its own tells the party of everybody; it receives nobody."""
    if code == "HOUSE":
        data["party"].append(house(competence=None))
    notice = {"notify": [{"party": code, "within": "PT15M"}], **({"on": on} if on else {})}
    words = {"sq": "Njoftohet.", "en": "It is told."}
    data["clause"].append({"number": "5.6", "text": words, "origin": "proposal", **notice})


def receives(**said: str) -> Change:
    return lambda data: party(data, "VATRA").update(receives=said)


def named_like(name: str) -> Change:
    return lambda data: data["party"].append(house(competence=None, names={"sq": name, "en": "A house"}))


SILENT: list[tuple[str, Change, set[str]]] = [
    ("a shelter reads everybody", told("VATRA", "identity", "story", "care", "legal", "hand_over"), {"23"}),
    ("an organisation reads everybody", told("IOM", "identity"), {"23"}),
    ("the consular service is given the legal file", told("CONSULAR", "legal", "hand_over"), {"23"}),
    ("the prosecution is given what was handed over", told("PROSECUTION", "hand_over"), {"23"}),
    ("a shelter reads of the missing", told("VATRA", "care", on="missing"), {"23"}),
    ("told of a child, and may read nothing", lambda data: clause(data, "3.1")["notify"][0].pop("grant"), {"24"}),
    ("the duty desk is told and may read nothing", lambda data: clause(data, "5.1")["notify"][0].pop("grant"), {"24"}),
    ("nobody can answer in time", lambda data: data.update(referral_expires="PT1M"), {"25"}),
    ("a referral expires before the answer is late", lambda data: data.update(referral_expires="PT59M"), {"25"}),
    (
        "a minute to answer",
        lambda data: [each.update(within="PT1M") for each in clause(data, "1.4")["deadline"]],
        {"25", "35"},
    ),
    ("the text ends the day after", lambda data: data.update(until=date(2005, 7, 19)), {"26"}),
    ("a desk for a minute", desk("NRC", opens="10:00", closes="10:01", weekends=False), {"27"}),
    ("a desk that closes at weekends", desk("VATRA", weekends=False), {"27"}),
    (
        "the child authority has another number",
        lambda data: party(data, "CHILD_PROTECTION").update(on_call="+355 4 000 0190"),
        {"28"},
    ),
    ("a shelter has another number", lambda data: party(data, "VATRA").update(on_call="+355 69 111 1111"), {"28"}),
    (
        "the desk of a shelter is the child authority",
        lambda data: data["party"].append(
            {**house(competence=None), "on_call": party(data, "CHILD_PROTECTION")["on_call"]}
        ),
        {"28"},
    ),
    ("two parties change their names", swapped, {"34"}),
    (
        "words of one language say another time",
        words("3.1", en="Child protection is told within a week."),
        {"35", "42"},
    ),
    (
        "words of each language say another time",
        words("1.4", en="Within 45 minutes.", sq="Brenda 45 minutash."),
        {"35"},
    ),
    ("words of one language say no time", words("1.4", en="The answer is given soon."), {"35", "42"}),
    ("a proposal is said to be law", lambda data: clause(data, "3.1").update(origin="agreement"), {"36"}),
    ("law is said to be a proposal", lambda data: clause(data, "2.1").update(origin="proposal"), {"36"}),
    (
        "a party is called as an organisation that is no party",
        lambda data: party(data, "NRC").update(names={"sq": "Policia e Shtetit", "en": "State Police"}),
        {"34"},
    ),
    (
        "a new party is called as an organisation that is no party",
        lambda data: data["party"].append(
            house(competence=None, names={"sq": "Policia e Shtetlt, Tiranë", "en": "A house"})
        ),
        {"34"},
    ),
    ("a desk of the help line has another number", desk("HELPLINE", telephone="+355 4 000 0190"), {"28"}),
    ("a new house for everybody", accomplice, {"29", "32", "38"}),
    ("a new house that is asked last", lambda data: asked_last(data, "HOUSE"), {"37"}),
    ("a new party is told of everybody", lambda data: told_too(data, "HOUSE"), {"37"}),
    ("a new party is told of a missing child", lambda data: told_too(data, "HOUSE", on="missing"), {"37"}),
    ("a party that was there is told of everybody", lambda data: told_too(data, "HELPLINE"), {"37"}),
    (
        "people at high risk are sent to other houses first",
        lambda data: clause(data, "2.3").update(refer_to=["ngo_shelter", "NRC", "IOM"]),
        {"38"},
    ),
    ("another order", lambda data: clause(data, "4.3").update(refer_to=["IOM", "NRC", "ngo_shelter"]), {"38"}),
    ("a house says that it receives everybody", receives(en="Everybody who pays", sq="Këdo që paguan"), {"35"}),
    ("a house words otherwise whom it receives", receives(en="Women and girls.", sq="Gra dhe vajza."), {"35"}),
    (
        "a house receives other people by its rule",
        lambda data: party(data, "VATRA").update(competence={"eq": ["gender", "feminine"]}),
        {"35", "41"},
    ),
    (
        "a new house hides whom it receives",
        lambda data: data["party"].append(house(receives={"en": "Women and girls.", "sq": "Gra dhe vajza."})),
        {"32", "35"},
    ),
    ("a new house reports to nobody", lambda data: data["party"].append(house()), {"32"}),
    *(
        (f"a new party is called nearly as another one: {name}", named_like(name), {"34"})
        for name in (
            "Border Police Support Centre",
            "Responsible Authority, night desk",
            "Qendra Mbështetëse e Policisë së Shtetit",
            "National Reception Home",
            "Child Protection Fund",
            "Friends of Vatra",
        )
    ),
    (
        "a step has another name",
        lambda data: clause(data, "6.1")["require"][1].update(step="legal_counse1"),
        {"30"},
    ),
    (
        "another party gives the dates",
        lambda data: clause(data, "5.3")["require"][0].update(party="HELPLINE"),
        {"30"},
    ),
    (
        "a deadline that is never true",
        lambda data: clause(data, "1.5").update(
            when={"and": [{"eq": ["consent", "given"]}, {"eq": ["consent", "refused"]}]}
        ),
        {"30"},
    ),
    (
        "another house keeps the emergency place",
        lambda data: step(data, "answer")["escalation"][2].update(party="TJETER_VIZION"),
        {"31"},
    ),
    ("another party answers for the arrival", lambda data: step(data, "arrival").update(responsible="RA"), {"31"}),
    ("a report is gone", lambda data: data["reporting"].pop(), {"32"}),
    ("a report comes once a year", lambda data: data["reporting"][0].update(every="P1Y"), {"32"}),
]


@pytest.mark.parametrize(("change", "numbers"), [each[1:] for each in SILENT], ids=[each[0] for each in SILENT])
def test_what_no_count_is_worse_by_is_found_beside_the_text_before(change: Change, numbers: set[str]):
    assert {each.number for each in weakened(change)} - {"17"} == numbers


def test_what_is_no_weakening_beside_the_text_before_is_none():
    def better(data: dict[str, Any]) -> None:
        """Longer hours, a number written otherwise, a shorter wait, a text for a year."""
        desk("VATRA", opens="00:00", closes="00:00")(data)
        party(data, "CHILD_PROTECTION").update(on_call="+355 4 0000109")
        words("1.4", en="Within thirty minutes.", sq="Brenda gjysmë ore.")(data)
        data.update(referral_expires="PT1H", until=date(2006, 7, 17))

    assert {each.number for each in weakened(better)} - {"17"} == set()


def test_a_step_that_is_shorter_and_climbs_as_before_weakens_nothing_and_one_that_climbs_later_does():
    shorter = weakened(lambda data: step(data, "arrival").update(within="PT12H"))
    assert {each.number for each in shorter} - {"17"} == set()
    rungs = [{"after": "P2D", "to": "duty_officer"}]
    later = weakened(lambda data: step(data, "arrival").update(within="PT12H", escalation=rungs))
    assert {each.number for each in later} - {"17"} == {"12", "21"}


def test_what_the_text_before_weakens_for_the_same_people_is_said_to_be_there_before():
    def version(data: dict[str, Any]) -> None:
        data.update(version="2027")

    assert {each.number: each.before for each in weakened(version)} == {"17": True}

    def one_centre(data: dict[str, Any]) -> None:
        version(data)
        clause(data, "4.3").update(refer_to=["NRC"])

    assert not all(each.before for each in weakened(one_centre) if each.number == "17")


def test_a_clause_that_goes_before_one_that_sends_nobody_is_found():
    data = document()
    clause(data, "2.1")["overrides"] = ["5.1"]
    assert "dead: clause 2.1 goes before 5.1, which sends nobody" in map(str, check(parse_agreement(data)).findings)


@pytest.mark.parametrize(("change", "numbers"), [each[1:] for each in HARMS], ids=[each[0] for each in HARMS])
def test_each_harm_is_found_by_the_number_of_its_safeguard(change: Change, numbers: set[str]):
    found = {each.number for each in weakened(change)}
    assert {each for each in found if int(each) <= LAST_OF_HARMS} - {"17"} == numbers - {"17"}


def test_fewer_receivers_are_found_for_whom_there_are_fewer():
    """Counted as the route goes on, held against routing: the example has one party to ask, or none."""

    def one_centre(data: dict[str, Any]) -> None:
        for each in data["clause"]:
            each.pop("then", None)

    data = document()
    data["version"] = "2027"
    one_centre(data)
    agreement = parse_agreement(data)
    found = [each for each in check(agreement, safeguards=SAFEGUARDS).findings if each.number == "17"]
    assert found
    signed = everyone_signed(agreement)
    for each in found:
        assert each.example is not None
        answer = route(parse_facts(each.example, agreement), signed, NOON, dict.fromkeys(signed.parties, Capacity.FREE))
        assert len({one.party for one in (*answer.candidates, *answer.reserve)}) == each.text.values["number"]


def test_a_place_that_a_condition_forgot_is_found():
    data = document()
    points = data["fact"]["entry_point"]["values"]
    clause(data, "5.2")["when"] = {"in": ["entry_point", [each for each in points if each != "kakavija"]]}
    (found,) = check(parse_agreement(data), safeguards=SAFEGUARDS).findings
    assert str(found) == "forgotten: clause 5.2 leaves out kakavija of `entry_point`"
    clause(data, "5.4")["when"] = {"eq": ["entry_point", "kakavija"]}
    assert check(parse_agreement(data), safeguards=SAFEGUARDS).findings == ()


def _entry(**rule: Any) -> Change:
    words = {"sq": "Fjalë.", "en": "Words."}
    return lambda data: data["safeguard"].append({"number": "99", "words": words, "source": words, **rule})


NAMED = {*AGREEMENT.parties, *MechanismRole, *map(str, KIND_OF_ROLE.values())}
LAST = len(_FILE["safeguard"]) + 1
RULES = (
    "told, before, never_reads, at_most, escalates, receivers_at_least, stays_party, no_later, still_received, "
    "reads_no_more, reads_no_less, time_to_answer, lasts, same_hours, same_numbers, same_names, words_agree, "
    "same_origin, known_first, learns_no_more, same_order, steps_stay, same_hands, reports_stay, "
    "parties_stay, answers_stay, still_asked, same_words, newest_text"
)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda data: data.pop("safeguard"), "safeguard: missing"),
        (lambda data: data.update(more=1), "more: is not a key of this table"),
        (lambda data: data["safeguard"][0].pop("source"), "safeguard[1].source: missing"),
        (lambda data: data["safeguard"][1].update(number="1"), "safeguard[5].number: `1` stands twice"),
        (
            _entry(),
            f"safeguard[{LAST}]: has exactly one of {RULES}",
        ),
        (
            _entry(stays_party={"code": "NRC"}, escalates={"steps": ["answer"]}),
            f"safeguard[{LAST}]: has exactly one of {RULES}",
        ),
        (
            _entry(stays_party={"code": "NRX"}),
            f"safeguard[{LAST}].stays_party.code: `NRX` is none of {', '.join(sorted(AGREEMENT.parties))}",
        ),
        (
            _entry(at_most={"step": "answer", "duration": "1 h"}),
            f"safeguard[{LAST}].at_most.duration: `1 h` is not a duration such as PT30M or P1D",
        ),
        (
            _entry(told={"whom": "HELPLINE", "within": "PT1H", "when": {"eq": ["age", "child"]}}),
            f"safeguard[{LAST}].told.when: `age` is not a declared fact",
        ),
        (
            _entry(never_reads={"kinds": ["police"], "compartments": ["first_decision"]}),
            f"safeguard[{LAST}].never_reads.compartments: `first_decision` is none of "
            "care, hand_over, identity, legal, story",
        ),
        (
            _entry(receivers_at_least={"number": 0}),
            f"safeguard[{LAST}].receivers_at_least.number: must be a whole number, 1 or more",
        ),
        (
            _entry(escalates={"steps": ["answer"], "soon": True}),
            f"safeguard[{LAST}].escalates.soon: is not a key of this table",
        ),
        (
            _entry(told={"whom": "helpline", "within": "PT1H"}),
            f"safeguard[{LAST}].told.whom: `helpline` is none of {', '.join(sorted(NAMED))}",
        ),
        (_entry(no_later={"soon": True}), f"safeguard[{LAST}].no_later.soon: is not a key of this table"),
        (
            lambda data: data["accepted"][0]["reason"].update(sq="ok"),
            "accepted[1].reason.sq: say why: 20 characters or more, and two words",
        ),
        (lambda data: data["accepted"][0].update(version="2004"), "accepted[1].version: `2004` is none of 2005"),
        (lambda data: data["accepted"][0].pop("reason"), "accepted[1].reason: missing"),
    ],
)
def test_a_broken_file_is_refused_by_key_and_reason(change: Change, message: str):
    data = copy.deepcopy(_FILE)
    change(data)
    with pytest.raises(MalformedSafeguards) as caught:
        read(data)
    assert str(caught.value) == message
