"""What `check` and `diff` find, held against walking every combination of facts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, time
from itertools import chain, product
from itertools import combinations as subsets
from time import process_time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.agreements import grown
from nrm.domain.agreement.agreement_checks import FindingKind, check, combinations
from nrm.domain.agreement.agreement_differences import diff
from nrm.domain.agreement.agreement_documents import parse_agreement
from nrm.domain.agreement.agreements import FACTS, Agreement
from nrm.domain.agreement.fact_diagrams import NOWHERE, Cube, Profiles, TooManyClasses, described, variables
from nrm.domain.agreement.routes import Fallback, Route
from nrm.domain.agreement.routing import Capacity, not_overridden, route
from nrm.domain.agreement.routing_diagrams import Receiving, Way, deciding_conditions, everyone_signed, neutral
from nrm.domain.agreement.routing_facts import RoutingFacts
from nrm.domain.conditions import Condition
from tests.unit.domain.agreement.agreement_facts import AGREEMENT, document
from tests.unit.domain.agreement.agreement_facts import profiles as everybody

TEXT = {"sq": "Nen.", "en": "Clause."}
SMALL: dict[str, list[str]] = {
    "age_class": ["child", "adult", "unsure"],
    "gender": ["feminine", "masculine"],
    "citizenship_class": ["home", "third_country"],
    "entry_point": ["rinas"],
    "region_of_entry": ["tirane"],
    "exploited_in": ["abroad"],
    "needs": ["security", "schooling"],
    "security_risk": ["low", "high"],
    "proceedings_in": ["capital", "none"],
    "wish_region": ["vlore", "none"],
    "avoid_regions": ["tirane", "vlore", "elbasan"],
    "children_with": ["0"],
    "official_involved": ["yes", "no"],
    "consent": ["given", "refused"],
}


def _small(*clauses: dict[str, Any], **parties: dict[str, Any]) -> Agreement:
    """The shipped parties over a fact space small enough to be walked, with these clauses."""
    data = document()
    for name, codes in SMALL.items():
        data["fact"][name] = {"values": codes}
    for party in data["party"]:
        party.update(parties.get(party["code"], {}))
        if party["code"] == "IOM":
            party["competence"] = {"and": [{"eq": ["age_class", "adult"]}, {"eq": ["security_risk", "low"]}]}
        elif party["code"] in ("VATRA", "TJETER_VIZION") and party["code"] not in parties:
            party["competence"] = {"eq": ["gender", "feminine"]}
    data["clause"] = [{"number": str(n), "text": TEXT, "origin": "proposal", **c} for n, c in enumerate(clauses, 1)]
    return parse_agreement(data)


def _space(agreement: Agreement, flags: bool = False) -> Iterator[RoutingFacts]:
    """Every combination of facts, whatever nobody strikes out or avoids."""
    values: dict[str, list[Any]] = {}
    for name, shape in FACTS.items():
        codes = agreement.facts[name]
        if shape == "flag":
            values[name] = [False, True] if flags else [False]
        elif shape == "one":
            values[name] = list(codes)
        elif name == "needs":
            sets = chain.from_iterable(subsets(codes, size) for size in range(len(codes) + 1))
            values[name] = [frozenset(each) for each in sets]
        else:
            values[name] = [frozenset()]
    for each in product(*values.values()):
        yield RoutingFacts(**dict(zip(values, each, strict=True)))


def _in(cube: Cube, facts: RoutingFacts) -> bool:
    profile = facts.values()
    for variable, allowed in cube:
        value: Any = profile[variable.fact]
        if (variable.code in value if variable.code else value) not in allowed:
            return False
    return True


_LEAVES = st.sampled_from(
    [
        *(Condition("eq", name, code) for name in ("age_class", "gender", "consent") for code in SMALL[name]),
        Condition("in", "citizenship_class", frozenset({"third_country"})),
        Condition("has", "needs", "security"),
        Condition("has", "needs", "schooling"),
        Condition("eq", "urgent", True),
        Condition("eq", "official_involved", "yes"),
    ]
)
conditions = st.recursive(
    _LEAVES,
    lambda inner: st.one_of(
        st.builds(lambda parts: Condition("and", parts=tuple(parts)), st.lists(inner, min_size=1, max_size=3)),
        st.builds(lambda parts: Condition("or", parts=tuple(parts)), st.lists(inner, min_size=1, max_size=3)),
        st.builds(lambda part: Condition("not", parts=(part,)), inner),
    ),
    max_leaves=6,
)
BASE = _small({"refer_to": ["NRC"]})
EVERY_PROFILE = [facts for facts in _space(BASE, flags=True) if facts.security_risk == "low" and not facts.announced]


@pytest.mark.slow
@settings(max_examples=60)
@given(st.lists(conditions, min_size=1, max_size=4))
def test_a_diagram_says_of_every_profile_what_the_condition_says(several: list[Condition]):
    profiles = Profiles(several, BASE.facts)
    diagrams = [profiles.where(each) for each in several]
    for facts in EVERY_PROFILE:
        values = facts.values()
        held = [each.holds(values) for each in several]
        assert [profiles.outcome(each, values) for each in diagrams] == held
        assert profiles.outcome(profiles.all_of(diagrams), values) == all(held)
        assert profiles.outcome(profiles.any_of(diagrams), values) == any(held)


@settings(max_examples=60)
@given(conditions)
def test_a_profile_is_found_exactly_where_there_is_one(condition: Condition):
    profiles = Profiles([condition], BASE.facts)
    found = profiles.satisfied(profiles.where(condition), neutral(BASE))
    assert (found is None) == (not any(condition.holds(facts.values()) for facts in EVERY_PROFILE))
    assert found is None or condition.holds(found)


@pytest.mark.slow
@settings(max_examples=60)
@given(conditions)
def test_the_descriptions_of_an_outcome_cover_its_profiles_and_no_other(condition: Condition):
    profiles = Profiles([condition], BASE.facts)
    where = profiles.choose(profiles.where(condition), profiles.always("yes"), profiles.always(None))
    cubes = profiles.cubes(where).get("yes", [])
    for facts in EVERY_PROFILE:
        assert any(_in(cube, facts) for cube in cubes) == condition.holds(facts.values())


REFERRALS: tuple[dict[str, Any], ...] = (
    {"when": {"and": [{"eq": ["age_class", "adult"]}, {"eq": ["consent", "refused"]}]}, "ends": True},
    {"when": {"eq": ["citizenship_class", "third_country"]}, "refer_to": ["NRC"], "must": True},
    {"when": {"eq": ["proceedings_in", "capital"]}, "refer_to": ["NRC", "IOM"], "must": True, "then": ["ngo_shelter"]},
    {"when": {"eq": ["wish_region", "vlore"]}, "refer_to": ["ngo_shelter"]},
    {"when": {"has": ["needs", "schooling"]}, "refer_to": ["VATRA"]},
    {"when": {"has": ["needs", "security"]}, "forbid": ["IOM", "VATRA"]},
    {"when": {"eq": ["age_class", "child"]}, "refer_to": ["TJETER_VIZION"], "must": True, "overrides": ["2"]},
)


def _numbered(chosen: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The clauses with the override of the last pointing at the second, if both were chosen."""
    numbers = {id(each): str(n) for n, each in enumerate(chosen, 1)}
    second = next((numbers[id(each)] for each in chosen if each is REFERRALS[1]), None)
    return [
        {key: [second] if key == "overrides" else value for key, value in each.items() if second or key != "overrides"}
        for each in chosen
    ]


def _routed(facts: RoutingFacts, agreement: Agreement) -> Route:
    """The route on the first day of the agreement at noon, with room everywhere."""
    at = datetime.combine(agreement.starts_on, time(12))
    return route(facts, agreement, at, dict.fromkeys(agreement.parties, Capacity.FREE))


def _way(answer: Route) -> Way:
    return answer.fallback or tuple((each.party, each.must) for each in answer.candidates)


@pytest.mark.slow
@settings(max_examples=25)
@given(st.lists(st.sampled_from(REFERRALS), min_size=1, unique_by=repr))
def test_who_receives_whom_is_what_routing_says_of_every_combination(chosen: list[dict[str, Any]]):
    signed = everyone_signed(_small(*_numbered(chosen)))
    profiles = Profiles(deciding_conditions(signed), signed.facts)
    receiving = Receiving(signed, profiles)
    ways = receiving.ways()
    cubes = profiles.cubes(ways)
    met: dict[Way, int] = {}
    asked: set[str] = set()
    standing: set[str] = set()
    for facts in _space(signed):
        values, answer = facts.values(), _routed(facts, signed)
        way = _way(answer)
        assert profiles.outcome(ways, values) == way
        met[way] = met.get(way, 0) + 1
        asked.update(each.party for each in (*answer.candidates, *answer.reserve))
        if answer.ended_by is None:
            applying = [clause for clause in signed.clauses if clause.when.holds(values)]
            standing.update(clause.number for clause in not_overridden(applying))
    assert set(cubes) >= set(met)
    assert {code for code in signed.parties if receiving.reached(code) != NOWHERE} == asked
    stands = {number for number in receiving.named if profiles.without(receiving.stands(number), receiving.ended)}
    assert stands == standing


@pytest.mark.slow
@settings(max_examples=25)
@given(st.lists(st.sampled_from(REFERRALS), min_size=1, unique_by=repr), st.sampled_from([["NRC"], ["NRC", "IOM"]]))
def test_who_is_asked_where_the_person_wants_none_of_a_must(chosen: list[dict[str, Any]], refused: list[str]):
    signed = everyone_signed(_small(*_numbered(chosen)))
    own = [Condition("has", "refused_parties", "NRC"), Condition("has", "refused_parties", "IOM")]
    profiles = Profiles([*deciding_conditions(signed), *own], signed.facts)
    ways = Receiving(signed, profiles).ways()
    for each in _space(signed):
        facts = replace(each, refused_parties=frozenset(refused))
        assert profiles.outcome(ways, facts.values()) == _way(_routed(facts, signed))


@pytest.mark.slow
@settings(max_examples=25)
@given(st.lists(st.sampled_from(REFERRALS), min_size=1, unique_by=repr))
def test_gaps_and_contradictions_are_those_that_walking_every_combination_finds(chosen: list[dict[str, Any]]):
    agreement = _small(*_numbered(chosen))
    signed = everyone_signed(agreement)
    found = [each for each in check(agreement).findings if each.profile is not None]
    gaps = [each.profile for each in found if each.kind is FindingKind.GAP]
    conflicts = [each.profile for each in found if each.kind is FindingKind.CONTRADICTION]
    for facts in _space(signed):
        fallback = _routed(facts, signed).fallback
        missed = fallback in (Fallback.EXCLUDED, Fallback.NO_CLAUSE, Fallback.NO_ROOM)
        assert any(_in(cube, facts) for cube in gaps if cube is not None) == missed
        assert any(_in(cube, facts) for cube in conflicts if cube is not None) == (fallback is Fallback.CONTRADICTION)


@settings(max_examples=150)
@given(facts=everybody)
def test_the_shipped_document_sends_everybody_where_the_diagram_says(facts: RoutingFacts):
    facts = replace(facts, avoid_regions=frozenset(), refused_parties=frozenset())
    assert SHIPPED_PROFILES.outcome(SHIPPED_WAYS, facts.values()) == _way(_routed(facts, SHIPPED))


SHIPPED = everyone_signed(AGREEMENT)
SHIPPED_PROFILES = Profiles(deciding_conditions(SHIPPED), SHIPPED.facts)
SHIPPED_WAYS = Receiving(SHIPPED, SHIPPED_PROFILES).ways()


def test_the_shipped_document_has_no_finding_and_is_checked_in_two_seconds():
    started = process_time()
    checked = check(AGREEMENT)
    assert checked.findings == ()
    assert checked.combinations == combinations(AGREEMENT) > 10**15
    assert process_time() - started < 2


def test_a_check_grows_with_the_document_and_not_with_its_square():
    """Counted in parts of diagrams, not in seconds: a rule more for each place adds as much as the rule before."""
    parts = []
    for times in (5, 10):
        signed = everyone_signed(parse_agreement(grown(document(), times)))
        profiles = Profiles(deciding_conditions(signed), signed.facts)
        Receiving(signed, profiles).fallbacks()
        parts.append(profiles.size)
    assert parts[1] < 3 * parts[0]


EVERYBODY = {"number": "9", "refer_to": ["NRC"]}
TELL_ALL = {
    "notify": [
        {"party": code, "within": "PT1H"}
        for code in ("IOM", "VATRA", "TJETER_VIZION", "RA", "TRP_UNIT", "PROSECUTION", "CONSULAR", "HELPLINE",
                     "CHILD_PROTECTION", "BORDER_POLICE")
    ]
}  # fmt: skip
WOMEN = {"eq": ["gender", "feminine"]}


@pytest.mark.parametrize(
    ("clauses", "finding"),
    [
        (
            [{"refer_to": ["NRC"], "when": WOMEN}, TELL_ALL],
            "gap: no clause names a party: gender masculine",
        ),
        (
            [{"refer_to": ["VATRA"]}, {"refer_to": ["NRC"], "when": WOMEN}, TELL_ALL],
            "gap: nobody who is named may receive: gender masculine",
        ),
        (
            [{"refer_to": ["NRC"]}, {"forbid": ["state_shelter"], "when": WOMEN}, TELL_ALL],
            "gap: nobody who is named may receive: gender feminine",
        ),
        (
            [{"refer_to": ["NRC"], "must": True}, {"refer_to": ["IOM"], "must": True, "when": WOMEN}, TELL_ALL],
            "contradiction: clauses 1 and 2 name no party in common: gender feminine",
        ),
        (
            [EVERYBODY, {"refer_to": ["IOM"], "when": {"and": [WOMEN, {"eq": ["gender", "masculine"]}]}}, TELL_ALL],
            "dead: clause 2 never applies",
        ),
        (
            [{"ends": True, "when": WOMEN}, EVERYBODY, {"refer_to": ["IOM"], "when": WOMEN}, TELL_ALL],
            "dead: clause 3 never applies",
        ),
        (
            [{"ends": True, "when": WOMEN}, {"ends": True, "when": WOMEN}, EVERYBODY, TELL_ALL],
            "dead: clause 2 never applies",
        ),
        (
            [{"refer_to": ["IOM"], "when": WOMEN}, {"refer_to": ["NRC"], "overrides": ["1"]}, TELL_ALL],
            "dead: clause 1 is overridden wherever it applies",
        ),
        (
            [EVERYBODY, {"notify": TELL_ALL["notify"][1:]}],
            "unreached: party IOM never receives, is never told, and owes nothing",
        ),
        (
            [EVERYBODY, TELL_ALL, {"deadline": [{"step": "answer", "party": "receiver", "within": "PT2H"}]}],
            "deadline: clause 3: `answer` of receiver within PT2H is longer than the step `answer` of the path (PT1H)",
        ),
        (
            [EVERYBODY, TELL_ALL, {"deadline": [{"step": "counsel", "party": "NRC", "within": "P30D"}]}],
            "deadline: clause 3: `counsel` of NRC within P30D is longer than the whole path (P3DT1H15M)",
        ),
        (
            [EVERYBODY, TELL_ALL, {"require": [{"step": "a", "party": "RA", "before": "a"}]}],
            "deadline: step `a` waits for itself",
        ),
    ],
)  # fmt: skip
def test_each_kind_of_finding_and_its_words(clauses: list[dict[str, Any]], finding: str):
    numbered = [{key: value for key, value in clause.items() if key != "number"} for clause in clauses]
    assert [str(each) for each in check(_small(*numbered)).findings] == [finding]


def test_refused_consent_ended_by_its_clause_is_no_gap_but_without_the_clause_it_would_be_none_either():
    ended = _small({"ends": True, "when": {"eq": ["consent", "refused"]}}, EVERYBODY_ELSE, TELL_ALL)
    assert check(ended).findings == ()
    without = _small(EVERYBODY_ELSE, TELL_ALL)
    assert [each.kind for each in check(without).findings] == [FindingKind.GAP]


EVERYBODY_ELSE = {"refer_to": ["NRC"], "when": {"eq": ["consent", "given"]}}


def test_what_a_person_strikes_out_is_no_gap_of_the_document():
    agreement = _small(
        {"refer_to": ["NRC"]}, {"refer_to": ["IOM"], "when": {"has": ["refused_parties", "NRC"]}}, TELL_ALL
    )
    assert check(agreement).findings == ()


def test_a_party_that_has_not_signed_yet_counts_as_signed_in_a_check():
    agreement = _small({"refer_to": ["NRC"]}, TELL_ALL)
    unsigned = replace(agreement.parties["NRC"], signed_on=None)
    assert check(replace(agreement, parties={**agreement.parties, "NRC": unsigned})).findings == ()


def test_only_a_party_of_the_police_is_a_gap_where_an_official_took_part():
    agreement = _small({"refer_to": ["BORDER_POLICE"]}, TELL_ALL, BORDER_POLICE={"competence": "everyone"})
    findings = [str(each) for each in check(agreement).findings]
    assert "gap: nobody who is named may receive: official_involved yes" in findings


def test_too_many_profiles_are_refused(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("nrm.domain.agreement.fact_diagrams.LARGEST", 20)
    with pytest.raises(TooManyClasses):
        check(AGREEMENT)


# What a new version changes.


def test_the_same_document_differs_in_nothing():
    same = diff(AGREEMENT, parse_agreement(document()))
    assert (same.rerouted, same.changes) == ((), ())


def test_a_must_that_becomes_a_may_is_told_by_profile_and_by_clause():
    changed = document()
    (clause,) = [each for each in changed["clause"] if each["number"] == "2.2"]
    clause["must"] = False
    del clause["then"]
    found = diff(AGREEMENT, parse_agreement(changed))
    assert tuple(map(str, found.changes)) == ("clause 2.2 changes: must, then",)
    assert {each.before for each in found.rerouted} == {"NRC (must)"}
    assert all("proceedings_in capital" in profile for each in found.rerouted for profile in each.profiles)


def test_the_profiles_of_a_difference_are_those_that_walking_every_combination_finds():
    old = _small(*REFERRALS)
    new = _small(*REFERRALS[:3], {"refer_to": ["ngo_shelter", "NRC"]}, *REFERRALS[4:])
    found = diff(old, new)
    before, after = everyone_signed(old), everyone_signed(new)
    pairs = {(each.before, each.after) for each in found.rerouted}
    walked = set()
    for facts in _space(old):
        one, two = _routed(facts, before), _routed(facts, after)
        if [(c.party, c.must) for c in one.candidates] != [(c.party, c.must) for c in two.candidates]:
            walked.add(
                tuple(", ".join(c.party + " (must)" * c.must for c in r.candidates) or "nobody" for r in (one, two))
            )
    assert {tuple("nobody" if side.startswith("nobody") else side for side in pair) for pair in pairs} == walked


def test_what_is_new_and_what_is_gone_stands_among_the_changes():
    changed = document()
    changed["fact"]["needs"]["values"][-1] = "housing"
    changed["clause"] = [each for each in changed["clause"] if each["number"] != "5.4"]
    changed["clause"].append({"number": "9.9", "text": TEXT, "origin": "proposal", "refer_to": ["NRC"]})
    changed["party"][0]["on_call"] = "1"
    changed["path"][0]["within"] = "PT12H"
    found = diff(AGREEMENT, parse_agreement(changed))
    assert tuple(map(str, found.changes)) == (
        "fact needs: `other` is gone",
        "fact needs: `housing` is new",
        "party NRC changes: on call",
        "clause 5.4 is gone",
        "clause 9.9 is new",
        "path step first_interview (BORDER_POLICE) changes: within",
    )
    assert found.rerouted == ()


def test_a_description_names_the_fewer_codes():
    (one,) = variables([Condition("eq", "gender", "unknown")], AGREEMENT.facts)
    assert described(((one, ("unknown",)),)) == "gender unknown"
    assert described(((one, one.values[:-1]),)) == "gender other than unknown"
    assert described(()) == "every profile"
