"""A broken agreement of each kind, and its exact message."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from nrm.domain.agreement.agreement_documents import MalformedAgreement, parse_agreement
from tests.unit.domain.agreement.agreement_facts import AGREEMENT, document

Change = Callable[[dict[str, Any]], object]
KINDS = (
    "border_police, child_protection, coalition, consular_service, helpline, international_organisation, ministry, "
    "ngo_shelter, operator, police, prosecution, responsible_authority, state_shelter, trp_unit"
)


def _set(*path: str | int, to: object) -> Change:
    """Put a value at a path of keys and positions."""

    def change(data: Any) -> None:
        for step in path[:-1]:
            data = data[step]
        data[path[-1]] = to

    return change


def _drop(*path: str | int) -> Change:
    def change(data: Any) -> None:
        for step in path[:-1]:
            data = data[step]
        del data[path[-1]]

    return change


def _both(*changes: Change) -> Change:
    return lambda data: [change(data) for change in changes]


def _clause(**more: object) -> Change:
    """One more clause; the document has 20."""
    clause = {"number": "9.9", "text": {"sq": "Nen.", "en": "Clause."}, "origin": "proposal", **more}
    return lambda data: data["clause"].append({key: value for key, value in clause.items() if value is not None})


COALITION = {
    "code": "SOUTH",
    "kind": "coalition",
    "names": {"sq": "Jugu", "en": "South"},
    "desk": {"opens": "08:00", "closes": "16:00", "weekends": False},
    "on_call": "1",
    "members": ["VATRA"],
}


def _coalition(**more: object) -> Change:
    return lambda data: data["party"].append({**COALITION, **more})


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (_drop("version"), "version: missing"),
        (_set("version", to="  "), "version: must be text"),
        (_set("versoin", to="1"), "versoin: is not a key of this table"),
        (_drop("title", "sq"), "title.sq: missing"),
        (_set("title", "it", to="x"), "title.it: is not a key of this table"),
        (_set("from", to="2005-07-18"), "from: must be a date such as 2005-07-18"),
        (_set("until", to=date(2004, 1, 1)), "until: lies before `from`"),
        (_set("timezone", to="Europe/Atlantis"), "timezone: `Europe/Atlantis` is not a time zone"),
        (_set("timezone", to="../x"), "timezone: `../x` is not a time zone"),
        (_set("referral_expires", to="4h"), "referral_expires: `4h` is not a duration such as PT30M or P1D"),
        # facts
        (_drop("fact", "needs"), "fact.needs: missing"),
        (_set("fact", "colour", to={"values": ["red"]}), "fact.colour: is not a routing fact"),
        (_set("fact", "gender", "values", to=[]), "fact.gender.values: is empty"),
        (_set("fact", "gender", "values", to=["a", "a"]), "fact.gender.values: `a` stands twice"),
        (_set("fact", "gender", "values", to="all"), "fact.gender.values: must be a list of texts"),
        (_set("fact", "urgent", "values", to=["yes", "no"]), "fact.urgent.values: must be [true, false]"),
        (_set("fact", "urgent", to=True), "fact.urgent: must be a table"),
        # parties
        (_set("party", to=[]), "party: must be a list of tables"),
        (_set("party", 0, "code", to="nrc"), "party[1].code: has capital letters, digits and _"),
        (_set("party", 1, "code", to="NRC"), "party[2].code: `NRC` stands twice"),
        (_set("party", 0, "kind", to="shelter"), f"party[1].kind: `shelter` is none of {KINDS}"),
        (_set("party", 0, "from", to=date(2005, 1, 1)), "party[1].from: a party joins on the day it signs or later"),
        (_set("party", 0, "until", to=date(2005, 1, 1)), "party[1].until: lies before the party joined"),
        (
            _both(_drop("party", 0, "signed_on"), _set("party", 0, "until", to=date(2006, 1, 1))),
            "party[1].until: lies before the party joined",
        ),
        (_set("party", 2, "regions", to=["vlora"]), None),
        (_set("party", 0, "desk", "opens", to="8"), "party[1].desk.opens: `8` is not a time such as 08:00"),
        (_set("party", 1, "desk", "closes", to="07:00"), "party[2].desk.closes: lies before `opens`"),
        (_set("party", 0, "desk", "weekends", to="no"), "party[1].desk.weekends: must be true or false"),
        (
            _set("party", 0, "competence", to="all"),
            "party[1].competence: a condition is a table with one of eq, in, has, lt, and, or, not",
        ),
        (
            _set("party", 0, "members", to=["IOM"]),
            "party[1].members: a coalition, and nothing else, is made of members",
        ),
        (_coalition(members=[]), "party[12].members: a coalition, and nothing else, is made of members"),
        (_coalition(members=["SOUTH"]), "party[12].members: `SOUTH` is a coalition itself"),
        (_coalition(competence="everyone"), "party[12].competence: a coalition receives nobody itself; its members do"),
        (_set("party", 2, "receives", "en", to=""), "party[3].receives.en: must be text"),
        (_drop("party", 2, "receives", "sq"), "party[3].receives.sq: missing"),
        # conditions
        (_set("clause", 0, "when", to={"eq": ["colour", "red"]}), "clause[1].when: `colour` is not a declared fact"),
        (_set("clause", 0, "when", to={"eq": ["gender", "red"]}), "clause[1].when: `red` is not a value of `gender`"),
        (
            _set("clause", 0, "when", to={"in": ["gender", ["feminine", "red"]]}),
            "clause[1].when: `red` is not a value of `gender`",
        ),
        (
            _set("clause", 0, "when", to={"eq": ["needs", "medical"]}),
            "clause[1].when: `eq` does not fit the fact `needs`",
        ),
        (
            _set("clause", 0, "when", to={"has": ["gender", "feminine"]}),
            "clause[1].when: `has` does not fit the fact `gender`",
        ),
        (
            _set("clause", 0, "when", to={"lt": ["children_with", 2]}),
            "clause[1].when: `lt` does not fit the fact `children_with`",
        ),
        (
            _set("clause", 0, "when", to={"eq": ["urgent", "yes"]}),
            "clause[1].when: `urgent` is compared with true or false",
        ),
        (
            _set("clause", 0, "when", to={"eq": ["gender", True]}),
            "clause[1].when: `True` is not a value of `gender`",
        ),
        (
            _set("clause", 0, "when", to={"near": ["gender", "x"]}),
            "clause[1].when: `near` is none of eq, in, has, lt, and, or, not",
        ),
        # clauses
        (_set("clause", to="none"), "clause: must be a list of tables"),
        (_clause(), "clause[22]: nothing follows from this clause"),
        (_clause(must=True, ends=True), "clause[22].must: says nothing without `refer_to`"),
        (
            _clause(ends=True, refer_to=["NRC"]),
            "clause[22].ends: a clause that ends the way refers to nobody",
        ),
        (_clause(number="1.1", refer_to=["NRC"]), "clause[22].number: `1.1` stands twice"),
        (_clause(origin=None, refer_to=["NRC"]), "clause[22].origin: missing"),
        (_clause(origin="law", refer_to=["NRC"]), "clause[22].origin: `law` is none of agreement, proposal"),
        (_clause(refer_to=["NRX"]), "clause[22].refer_to: `NRX` is neither a party nor a kind of party"),
        (_clause(refer_to=["coalition"]), "clause[22].refer_to: `coalition` is neither a party nor a kind of party"),
        (_clause(refer_to=["NRC", "NRC"]), "clause[22].refer_to: `NRC` stands twice"),
        (_clause(refer_to=["SOUTH/VATRA"]), "clause[22].refer_to: `SOUTH/VATRA` is not a coalition and its member"),
        (
            _both(_coalition(), _clause(refer_to=["SOUTH/NRC"])),
            "clause[22].refer_to: `SOUTH/NRC` is not a coalition and its member",
        ),
        (
            _both(_coalition(), _clause(refer_to=["SOUTH"])),
            "clause[22].refer_to: `SOUTH` is a coalition; name its member as in `SOUTH/VATRA`",
        ),
        (
            _clause(refer_to=["NRC"], then=["IOM"]),
            "clause[22].then: follows a must; who may be asked stands in `refer_to`",
        ),
        (
            _clause(refer_to=["NRC"], on="missing"),
            "clause[22].on: a clause of an event says who is told and what is done, and sends nobody anywhere",
        ),
        (_clause(on="found", ends=True), "clause[22].on: `found` is none of missing"),
        (
            _clause(notify=[{"party": "police", "within": "PT1H"}]),
            f"clause[22].notify[1].party: `police` is none of {', '.join(sorted(AGREEMENT.parties))}",
        ),
        (_clause(forbid=["police", "x"]), "clause[22].forbid: `x` is neither a party nor a kind of party"),
        (_clause(refer_to=["NRC"], must="yes"), "clause[22].must: must be true or false"),
        (_clause(refer_to=["NRC"], overrides=["8.8"]), "clause[22].overrides: there is no clause `8.8`"),
        (
            _clause(refer_to=["NRC"], overrides=["9.9"]),
            "clause[22].overrides: `9.9` and `9.9` override each other",
        ),
        (
            _both(_set("clause", 5, "overrides", to=["9.9"]), _clause(refer_to=["NRC"], overrides=["2.1"])),
            "clause[6].overrides: `2.1` and `9.9` override each other",
        ),
        # duties
        (_clause(notify=[{"party": "RA"}]), "clause[22].notify[1].within: missing"),
        (
            _clause(notify=[{"party": "RA", "within": "1 hour"}]),
            "clause[22].notify[1].within: `1 hour` is not a duration such as PT30M or P1D",
        ),
        (
            _clause(notify=[{"party": "RA", "within": "PT1H", "grant": ["name"]}]),
            "clause[22].notify[1].grant: `name` is none of care, hand_over, identity, legal, story",
        ),
        (
            _clause(require=[{"step": "notify", "party": "RA", "before": "x"}]),
            "clause[22].require[1].step: to tell a party is written as `notify`",
        ),
        (_clause(require=[{"step": "assess", "party": "RA"}]), "clause[22].require[1].before: missing"),
        (_clause(deadline=[{"step": "answer", "party": "receiver"}]), "clause[22].deadline[1].within: missing"),
        (_clause(deadline=[]), "clause[22].deadline: must be a list of tables"),
        # conditions
        (_set("clause", 5, "when", to={"and": []}), "clause[6].when: `and` takes a list of conditions"),
        (_set("clause", 5, "when", to={"or": {}}), "clause[6].when: `or` takes a list of conditions"),
        (_set("clause", 5, "when", to={"eq": "adult"}), "clause[6].when: `eq` takes a name and a value"),
        (_set("clause", 5, "when", to={"eq": ["age_class", 1.5]}), "clause[6].when: `eq` takes a name and a code"),
        (
            _set("clause", 5, "when", to={"in": ["gender", "x"]}),
            "clause[6].when: `in` takes a name and a list of codes",
        ),
        (_set("clause", 5, "when", to={"has": ["needs", True]}), "clause[6].when: `has` takes a name and a code"),
        (_set("clause", 5, "when", to={"lt": ["needs", True]}), "clause[6].when: `lt` takes a name and a whole number"),
        # path and reporting
        (_drop("path"), "path: missing"),
        (
            _set("path", 2, "escalation", 1, "after", to="PT10M"),
            "path[3].escalation[2].after: must be later than the rung before",
        ),
        (
            _set("path", 2, "escalation", 0, "to", to="nobody"),
            "path[3].escalation[1].to: `nobody` is none of duty_officer, emergency_bed, next_number",
        ),
        (_set("reporting", 0, "every", to="P90D"), "reporting[1].every: `P90D` is not a period such as P3M or P1Y"),
        (_drop("reporting", 1, "text", "en"), "reporting[2].text.en: missing"),
    ],
)
def test_a_broken_document_is_refused_by_key_and_reason(change: Change, message: str | None):
    broken = document()
    change(broken)
    with pytest.raises(MalformedAgreement) as caught:
        parse_agreement(broken, ("sq", "en"))
    regions = ", ".join(sorted(AGREEMENT.facts["avoid_regions"]))
    assert str(caught.value) == (message or f"party[3].regions: `vlora` is none of {regions}")


def test_a_text_that_was_signed_may_lack_a_language_and_never_all_of_them():
    lacking = document()
    del lacking["title"]["sq"]
    assert parse_agreement(lacking).title.keys() == {"en"}
    lacking["title"] = {}
    with pytest.raises(MalformedAgreement, match=r"^title: needs a text in some language$"):
        parse_agreement(lacking)


def test_an_unknown_party_in_a_duty_is_refused_with_the_parties_there_are():
    broken = document()
    _clause(notify=[{"party": "receiver", "within": "PT1H"}])(broken)
    with pytest.raises(MalformedAgreement) as caught:
        parse_agreement(broken)
    parties = ", ".join(sorted(AGREEMENT.parties))
    assert str(caught.value) == f"clause[22].notify[1].party: `receiver` is none of {parties}"


def test_the_shipped_document_holds_what_the_agreement_of_2005_says():
    assert list(AGREEMENT.parties) == [
        "NRC",
        "IOM",
        "VATRA",
        "TJETER_VIZION",
        "RA",
        "TRP_UNIT",
        "PROSECUTION",
        "CONSULAR",
        "HELPLINE",
        "CHILD_PROTECTION",
        "BORDER_POLICE",
    ]
    assert {clause.number for clause in AGREEMENT.clauses if clause.must} == {"2.1", "2.2"}
    assert all(clause.origin == "agreement" for clause in AGREEMENT.clauses if clause.must)
    assert AGREEMENT.clause("1.1").ends
    with pytest.raises(KeyError):
        AGREEMENT.clause("7.7")


def test_every_clause_of_the_shipped_document_reads_differently_in_its_two_languages():
    for clause in AGREEMENT.clauses:
        assert clause.text["sq"] != clause.text["en"]
        assert all(clause.text[language].endswith(".") for language in ("sq", "en"))


def test_every_party_is_reached_by_some_clause():
    reached = {duty.party for clause in AGREEMENT.clauses for duty in clause.duties}
    targets = [target for clause in AGREEMENT.clauses for target in clause.refer_to]
    for code, party in AGREEMENT.parties.items():
        if any(target.party == code or target.kind is party.kind for target in targets):
            reached.add(code)
    assert set(AGREEMENT.parties) <= reached


def test_no_deadline_is_longer_than_the_critical_path_allows():
    longest = {step.step: step.within for step in AGREEMENT.path}
    for clause in AGREEMENT.clauses:
        for duty in clause.duties:
            if duty.within is not None and duty.kind in longest:
                assert duty.within <= longest[duty.kind]
