"""Routing: cases worked by hand from the Agreement, and properties over all facts."""

from __future__ import annotations

import copy
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import product
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nrm.domain.agreement.agreement_documents import parse_agreement
from nrm.domain.agreement.agreements import Agreement
from nrm.domain.agreement.routes import Exclusion, Fallback, Route
from nrm.domain.agreement.routing import NOT_READY, Capacity, route
from nrm.domain.agreement.routing_facts import RoutingFacts, UnknownFact, parse_facts
from nrm.domain.shelter.cases import Compartment
from tests.unit.domain.agreement.agreement_facts import (
    AGREEMENT,
    PLAIN,
    ROOM,
    SHELTERS,
    capacities,
    document,
    profile,
    profiles,
    raw_profiles,
)

TIRANE = ZoneInfo("Europe/Tirane")
NOON = datetime(2026, 3, 4, 12, tzinfo=TIRANE)
CANNOT_TONIGHT = {Capacity.NONE_FREE, *NOT_READY}


def _route(facts: RoutingFacts, capacity: dict[str, Capacity] | None = None, at: datetime = NOON) -> Route:
    return route(facts, AGREEMENT, at, {**ROOM, **(capacity or {})})


def _asked(answer: Route) -> list[tuple[str, str, bool]]:
    return [(each.party, each.clause, each.must) for each in answer.candidates]


def _owed(answer: Route) -> dict[tuple[str, str], tuple[str, str | None]]:
    return {(each.kind, each.party): (each.clause, each.within_text) for each in answer.obligations}


def _excluded(answer: Route) -> dict[str, Exclusion]:
    return {each.party: each.reason for each in answer.excluded}


def test_a_moldovan_woman_at_rinas_goes_to_the_national_reception_centre_and_learns_of_the_permit_first():
    answer = _route(profile(citizenship_class="third_country", needs=["interpreter"], announced=True))
    assert _asked(answer) == [("NRC", "2.1", True)]
    assert answer.fallback is None
    assert _owed(answer) == {
        ("first_interview", "BORDER_POLICE"): ("1.2", "P1D"),
        ("answer", "NRC"): ("1.3", "PT1H"),
        ("arrival", "NRC"): ("1.3", "P1D"),
        ("notify", "RA"): ("5.1", "PT1H"),
        ("notify", "CONSULAR"): ("5.2", "P1D"),
        ("interpret", "HELPLINE"): ("5.4", "PT1H"),
        ("inform_of_trp_options", "NRC"): ("6.1", None),
        ("legal_counsel", "NRC"): ("6.1", None),
        ("trp_decision", "TRP_UNIT"): ("6.2", None),
    }
    before = {each.kind: each.before for each in answer.obligations}
    assert before["inform_of_trp_options"] == before["trp_decision"] == "repatriation"


def test_an_albanian_girl_of_16_back_from_greece_alone_is_told_to_child_protection_at_once():
    answer = _route(
        profile(
            age_class="child",
            entry_point="kakavija",
            region_of_entry="gjirokaster",
            consent="not_asked_child",
            needs=["schooling"],
        )
    )
    assert _asked(answer) == [("TJETER_VIZION", "4.2", False), ("VATRA", "4.2", False), ("NRC", "4.3", False)]
    owed = _owed(answer)
    assert owed["notify", "CHILD_PROTECTION"] == ("3.1", "PT15M")
    assert owed["answer", "NRC"] == ("1.4", "PT30M")
    for step in ("assess_risk", "assess_security", "assess_family"):
        assert owed[step, "CHILD_PROTECTION"] == ("3.2", None)
    granted = [each.grant for each in answer.obligations if each.party == "CHILD_PROTECTION" and each.grant]
    assert granted == [(Compartment.IDENTITY,)]
    assert not any(each.party == "TRP_UNIT" for each in answer.obligations)
    assert _excluded(answer) == {"IOM": Exclusion.NOT_COMPETENT}


def test_an_albanian_man_who_must_testify_in_tirana_goes_to_the_national_reception_centre_and_nowhere_else():
    man = profile(gender="masculine", proceedings_in="capital", wish_region="vlore")
    answer = _route(man)
    assert _asked(answer) == [("NRC", "2.2", True)]
    assert [each.party for each in answer.reserve] == ["IOM"]
    assert ("dates_and_protection", "PROSECUTION") in _owed(answer)


def test_an_albanian_man_without_proceedings_goes_to_the_national_reception_centre_then_to_iom():
    answer = _route(profile(gender="masculine"))
    assert _asked(answer) == [("NRC", "4.3", False), ("IOM", "4.3", False)]
    assert _excluded(answer) == {"VATRA": Exclusion.NOT_COMPETENT, "TJETER_VIZION": Exclusion.NOT_COMPETENT}


def test_a_woman_with_two_children_who_wishes_to_be_near_vlora_is_offered_vatra_first():
    answer = _route(profile(children_with=2, wish_region="vlore"))
    assert _asked(answer) == [
        ("VATRA", "4.1", False),
        ("TJETER_VIZION", "4.1", False),
        ("NRC", "4.3", False),
        ("IOM", "4.3", False),
    ]


def test_who_may_be_a_child_is_treated_as_one_and_never_sent_among_adults_only():
    answer = _route(profile(age_class="unsure", gender="masculine", consent="not_asked_child"))
    assert _asked(answer) == [("NRC", "4.3", False)]
    assert ("notify", "CHILD_PROTECTION") in _owed(answer)


def test_an_adult_who_refuses_help_is_referred_to_nobody_and_nobody_is_told():
    answer = _route(profile(consent="refused"))
    assert (answer.candidates, answer.excluded, answer.obligations) == ((), (), ())
    assert (answer.fallback, answer.ended_by) == (Fallback.ENDED, "1.1")


def test_a_child_cannot_end_its_own_way_by_refusing():
    assert _route(profile(age_class="child", consent="refused")).candidates


def test_no_bed_anywhere_is_for_the_duty_officer():
    full = dict.fromkeys(SHELTERS, Capacity.NONE_FREE)
    for facts in (profile(), profile(citizenship_class="third_country")):
        answer = _route(facts, full)
        assert answer.candidates == ()
        assert answer.fallback is Fallback.NO_ROOM
        assert _excluded(answer)["NRC"] is Exclusion.NO_ROOM


def test_a_must_lost_on_room_alone_leaves_the_others_in_the_interim_and_tells_the_duty_officer():
    answer = _route(profile(citizenship_class="third_country"), {"NRC": Capacity.NONE_FREE})
    assert _asked(answer) == [("IOM", "2.1", False), ("TJETER_VIZION", "2.1", False), ("VATRA", "2.1", False)]
    assert _owed(answer)["tell_duty_officer", "RA"] == ("2.1", None)
    assert _excluded(answer) == {"NRC": Exclusion.NO_ROOM}
    assert answer.fallback is None


@pytest.mark.parametrize("why", [{"refused_parties": ["NRC"]}, {"avoid_regions": ["tirane"]}])
def test_a_must_that_the_person_does_not_want_leaves_those_that_its_clause_names_then(why: dict[str, list[str]]):
    foreign = profile(citizenship_class="third_country", **why)
    answer = _route(foreign)
    others = [each for each in ("IOM", "TJETER_VIZION", "VATRA") if each != "IOM" or "refused_parties" in why]
    assert _asked(answer) == [(each, "2.1", False) for each in others]
    assert _owed(answer)["tell_duty_officer", "RA"] == ("2.1", None)
    without = document()
    for clause in without["clause"]:
        clause.pop("then", None)
    answer = route(foreign, parse_agreement(without), NOON, ROOM)
    assert answer.candidates == ()
    assert answer.fallback is Fallback.EXCLUDED


def test_a_party_that_signed_a_day_later_receives_from_that_day_of_the_country():
    changed = document()
    (vatra,) = [party for party in changed["party"] if party["code"] == "VATRA"]
    vatra["signed_on"] = date(2026, 3, 5)
    agreement = parse_agreement(changed)
    wish = profile(wish_region="vlore")
    before = route(wish, agreement, datetime(2026, 3, 4, 22, 59, tzinfo=UTC), ROOM)
    after = route(wish, agreement, datetime(2026, 3, 4, 23, 0, tzinfo=UTC), ROOM)
    assert before.candidates[0].party == "TJETER_VIZION"
    assert _excluded(before)["VATRA"] is Exclusion.NOT_SIGNED
    assert after.candidates[0].party == "VATRA"


def test_a_party_that_left_receives_until_its_last_day():
    changed = document()
    (vatra,) = [party for party in changed["party"] if party["code"] == "VATRA"]
    vatra["until"] = date(2026, 3, 4)
    agreement = parse_agreement(changed)
    wish = profile(wish_region="vlore")
    assert route(wish, agreement, datetime(2026, 3, 4, 23, 59, tzinfo=TIRANE), ROOM).candidates[0].party == "VATRA"
    gone = route(wish, agreement, datetime(2026, 3, 5, 0, 0, tzinfo=TIRANE), ROOM)
    assert _excluded(gone)["VATRA"] is Exclusion.NOT_IN_FORCE


def test_high_risk_goes_first_where_security_is_high_and_never_to_iom():
    answer = _route(profile(security_risk="high", wish_region="vlore"))
    assert _asked(answer)[:2] == [("NRC", "2.3", False), ("VATRA", "2.3", False)]
    assert _excluded(answer) == {"IOM": Exclusion.NOT_COMPETENT}


def test_a_kind_of_party_stands_for_the_one_with_a_free_bed_first_then_by_code():
    answer = _route(profile(wish_region="korce"), {"TJETER_VIZION": Capacity.ASK})
    assert [party for party, _, _ in _asked(answer)][:2] == ["VATRA", "TJETER_VIZION"]
    answer = _route(profile(wish_region="korce"))
    assert [party for party, _, _ in _asked(answer)][:2] == ["TJETER_VIZION", "VATRA"]


def test_a_closed_desk_stays_a_candidate_with_its_number_on_call():
    night = _route(profile(), at=datetime(2026, 3, 4, 23, 30, tzinfo=TIRANE))
    desks = {each.party: (each.desk_open, each.on_call) for each in night.candidates}
    assert desks["NRC"] == (True, "+355 4 000 0101")
    assert desks["IOM"] == (False, "+355 4 000 0102")
    assert {each.party: each.desk_open for each in _route(profile()).candidates}["IOM"] is True
    saturday = _route(profile(), at=datetime(2026, 3, 7, 12, tzinfo=TIRANE))
    assert {each.party: each.desk_open for each in saturday.candidates}["IOM"] is False


def test_where_an_official_took_part_no_police_side_party_is_told_and_no_exclusion_says_why():
    changed = document()
    changed["clause"].append(
        {
            "number": "9.1",
            "text": {"sq": "Policia njoftohet.", "en": "The police is told."},
            "origin": "proposal",
            "notify": [{"party": "BORDER_POLICE", "within": "PT1H"}, {"party": "TRP_UNIT", "within": "PT1H"}],
            "refer_to": ["BORDER_POLICE"],
        }
    )
    (police,) = [party for party in changed["party"] if party["code"] == "BORDER_POLICE"]
    police["competence"] = "everyone"
    agreement = parse_agreement(changed)
    told = route(profile(official_involved="no"), agreement, NOON, ROOM)
    assert ("notify", "BORDER_POLICE") in _owed(told)
    assert "BORDER_POLICE" in [each.party for each in told.candidates]
    silent = route(profile(official_involved="yes", gender="masculine"), agreement, NOON, ROOM)
    assert {party for kind, party in _owed(silent) if kind == "notify"} == {"RA"}
    assert "BORDER_POLICE" not in [each.party for each in silent.candidates]
    assert set(_excluded(silent)) == {"BORDER_POLICE", "VATRA", "TJETER_VIZION"}
    assert set(_excluded(silent).values()) == {Exclusion.WITHHELD}
    assert {each["reason"] for each in silent.to_json()["excluded"]} == {""}


def test_an_adult_can_strike_out_who_is_told_but_the_child_authority_always_hears_of_a_child():
    woman = _route(profile(announced=True, refused_parties=["CONSULAR"]))
    assert ("notify", "CONSULAR") not in _owed(woman)
    girl = _route(profile(age_class="child", refused_parties=["CHILD_PROTECTION"]))
    (told,) = [each for each in girl.obligations if (each.kind, each.party) == ("notify", "CHILD_PROTECTION")]
    assert told.grant == ()


# Small documents for the rules the shipped one does not need.


def _with(*clauses: dict[str, Any], **parties: dict[str, Any]) -> Agreement:
    """The shipped document with these clauses alone, and parties changed by code."""
    changed = document()
    for party in changed["party"]:
        party.update(parties.get(party["code"], {}))
    text = {"sq": "Nen.", "en": "Clause."}
    changed["clause"] = [{"text": text, "origin": "proposal", **clause} for clause in clauses]
    return parse_agreement(changed)


def _first(agreement: Agreement, facts: RoutingFacts, **capacity: Capacity) -> Route:
    return route(facts, agreement, NOON, {**ROOM, **capacity})


def test_several_musts_leave_their_intersection_in_document_order():
    agreement = _with(
        {"number": "1", "refer_to": ["IOM", "NRC", "VATRA"], "must": True},
        {"number": "2", "refer_to": ["NRC", "IOM"], "must": True},
    )
    assert _asked(_first(agreement, profile())) == [("IOM", "1", True), ("NRC", "1", True)]


def test_musts_without_a_common_party_are_a_contradiction_for_the_duty_officer():
    agreement = _with(
        {"number": "1", "refer_to": ["IOM"], "must": True}, {"number": "2", "refer_to": ["NRC"], "must": True}
    )
    assert _first(agreement, profile()).fallback is Fallback.CONTRADICTION


def test_a_named_override_settles_a_conflict_and_an_overridden_clause_overrides_nothing():
    musts = [
        {"number": str(n), "refer_to": [party], "must": True} for n, party in enumerate(("IOM", "NRC", "VATRA"), 1)
    ]
    two = _with(musts[0], {**musts[1], "overrides": ["1"]})
    assert _asked(_first(two, profile())) == [("NRC", "2", True)]
    three = _with(
        musts[0] | {"refer_to": ["IOM", "VATRA"]}, {**musts[1], "overrides": ["1"]}, {**musts[2], "overrides": ["2"]}
    )
    assert _asked(_first(three, profile())) == [("VATRA", "1", True)]


def test_forbid_beats_a_must_and_names_its_clause():
    agreement = _with(
        {"number": "1", "refer_to": ["NRC"], "must": True},
        {"number": "2", "forbid": ["state_shelter"], "when": {"eq": ["gender", "feminine"]}},
    )
    answer = _first(agreement, profile())
    assert answer.fallback is Fallback.EXCLUDED
    assert [(each.party, each.clause) for each in answer.excluded if each.reason is Exclusion.FORBIDDEN] == [
        ("NRC", "2")
    ]
    assert _asked(_first(agreement, profile(gender="masculine"))) == [("NRC", "1", True)]


def test_forbidden_comes_before_incompetent_and_incompetent_before_full():
    agreement = _with(
        {"number": "1", "refer_to": ["VATRA", "IOM"]}, {"number": "2", "forbid": ["VATRA"]}
    )  # fmt: skip
    full = dict.fromkeys(SHELTERS, Capacity.NONE_FREE)
    answer = _first(agreement, profile(gender="masculine", security_risk="high"), **full)
    assert (_excluded(answer)["VATRA"], _excluded(answer)["IOM"]) == (Exclusion.FORBIDDEN, Exclusion.NOT_COMPETENT)


def test_a_kind_without_a_party_is_no_contradiction():
    agreement = _with({"number": "1", "refer_to": ["ministry"], "must": True})
    assert _first(agreement, profile()).fallback is Fallback.EXCLUDED


def test_a_profile_no_clause_speaks_of_is_for_the_duty_officer():
    agreement = _with({"number": "1", "refer_to": ["NRC"], "when": {"eq": ["gender", "masculine"]}})
    assert _first(agreement, profile()).fallback is Fallback.NO_CLAUSE


def test_the_shortest_time_wins_for_one_party_and_kind_and_grants_add_up():
    agreement = _with(
        {"number": "1", "refer_to": ["NRC"], "notify": [{"party": "RA", "within": "PT2H", "grant": ["identity"]}]},
        {"number": "2", "notify": [{"party": "RA", "within": "PT1H", "grant": ["hand_over"]}]},
        {"number": "3", "notify": [{"party": "RA", "within": "P1D"}]},
    )
    (told,) = _first(agreement, profile()).obligations
    assert (told.clause, told.within) == ("2", timedelta(hours=1))
    assert told.grant == (Compartment.HAND_OVER, Compartment.IDENTITY)


def test_a_coalition_sends_to_the_member_its_clause_names_and_only_while_it_is_bound():
    changed = document()
    changed["party"].append(
        {
            "code": "SOUTH",
            "kind": "coalition",
            "names": {"sq": "Koalicioni i Jugut", "en": "Coalition of the South"},
            "signed_on": date(2026, 3, 4),
            "regions": ["vlore"],
            "desk": {"opens": "08:00", "closes": "16:00", "weekends": False},
            "on_call": "+355 33 000 200",
            "members": ["VATRA"],
        }
    )
    text = {"sq": "Nen.", "en": "Clause."}
    changed["clause"] = [{"number": "1", "text": text, "origin": "proposal", "refer_to": ["SOUTH/VATRA"]}]
    agreement = parse_agreement(changed)
    assert _asked(route(profile(), agreement, NOON, ROOM)) == [("VATRA", "1", False)]
    assert route(profile(), agreement, NOON - timedelta(days=1), ROOM).candidates == ()


def test_a_time_without_a_zone_is_the_time_of_the_country():
    late = datetime(2026, 3, 4, 23, 30, tzinfo=TIRANE)
    assert _route(profile(), at=late.replace(tzinfo=None)) == _route(profile(), at=late.astimezone(UTC))


# The interface.


def test_the_json_has_exactly_the_agreed_keys():
    answer = _route(profile(gender="masculine")).to_json()
    assert list(answer) == ["candidates", "excluded", "obligations", "fallback"]
    assert answer["candidates"][0] == {
        "party": "NRC",
        "clause": "4.3",
        "must": False,
        "reason": "Everybody else is received by the National Reception Centre, then IOM, then the other centres, "
        "each within its competence.",
    }
    assert answer["excluded"][0] == {"party": "VATRA", "reason": "Does not receive people in this situation."}
    assert answer["obligations"][0] == {
        "kind": "first_interview",
        "party": "BORDER_POLICE",
        "clause": "1.2",
        "within": "P1D",
    }
    assert answer["fallback"] is None


def test_the_fallback_is_a_sentence_in_either_language():
    nobody = _route(profile(), dict.fromkeys(SHELTERS, Capacity.NONE_FREE))
    assert nobody.to_json()["fallback"] == "The duty officer decides: no party that may receive has a free place."
    assert nobody.to_json("sq")["fallback"].startswith("Vendos zyra e gatishmërisë")


@pytest.mark.parametrize("name", PLAIN)
def test_every_fact_must_be_there(name: str):
    with pytest.raises(UnknownFact) as caught:
        parse_facts({key: value for key, value in PLAIN.items() if key != name}, AGREEMENT)
    assert str(caught.value) == f"{name}: missing"


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"colour": "red"}, "colour: is not a routing fact"),
        ({"gender": "female"}, "gender: `female` is none of feminine, masculine, transgender_feminine, "
         "transgender_masculine, non_conforming, unknown"),
        ({"gender": None}, "gender: `None` is none of feminine, masculine, transgender_feminine, "
         "transgender_masculine, non_conforming, unknown"),
        ({"urgent": "no"}, "urgent: must be true or false"),
        ({"urgent": 0}, "urgent: must be true or false"),
        ({"needs": "medical"}, "needs: must be a list of codes"),
        ({"age_class": "a\nb\ud800"}, "age_class: `a b?` is none of child, adult, unsure"),
        ({"children_with": True}, "children_with: `True` is none of 0, 1, 2+, unknown"),
    ],
)  # fmt: skip
def test_a_fact_that_is_not_its_own_is_refused_by_name(changed: dict[str, Any], message: str):
    with pytest.raises(UnknownFact) as caught:
        parse_facts({**PLAIN, **changed}, AGREEMENT)
    assert str(caught.value) == message


def test_facts_are_an_object():
    with pytest.raises(UnknownFact, match="must be an object"):
        parse_facts([PLAIN], AGREEMENT)


def test_children_may_be_counted_by_number():
    assert [profile(children_with=number).children_with for number in (0, 1, 2, 7)] == ["0", "1", "2+", "2+"]


@given(raw_profiles)
def test_facts_survive_json(data: dict[str, Any]):
    facts = parse_facts(data, AGREEMENT)
    assert parse_facts(facts.to_json(), AGREEMENT) == facts


# Properties over all facts.


def _receives(party: str, facts: RoutingFacts) -> bool:
    """Whom the shelters receive, told again in Python."""
    woman = facts.gender in ("feminine", "transgender_feminine")
    boy = facts.age_class == "child" and facts.gender in ("masculine", "transgender_masculine")
    return {
        "NRC": True,
        "IOM": facts.age_class == "adult" and facts.security_risk in ("low", "medium"),
        "VATRA": woman,
        "TJETER_VIZION": woman or boy,
    }.get(party, False)


REGION = {"NRC": "tirane", "IOM": "tirane", "VATRA": "vlore", "TJETER_VIZION": "elbasan"}


@pytest.mark.parametrize(
    ("room", "reason"),
    [
        (Capacity.NOT_VOUCHED, Exclusion.NOT_VOUCHED),
        (Capacity.NO_KEY, Exclusion.NO_KEY),
        (Capacity.NO_PLACES, Exclusion.NO_PLACES),
    ],
)
def test_a_party_that_is_not_ready_is_left_out_with_what_is_missing_and_that_is_not_no_room(
    room: Capacity, reason: Exclusion
):
    answer = _route(profile(), {"NRC": room})
    assert "NRC" not in [each.party for each in answer.candidates]
    assert _excluded(answer)["NRC"] is reason
    nobody = _route(profile(), dict.fromkeys(SHELTERS, room))
    assert (nobody.candidates, nobody.fallback) == ((), Fallback.EXCLUDED)
    # Under a must the others are asked meanwhile, and the duty officer is told, as when it is full.
    foreign = _route(profile(citizenship_class="third_country"), {"NRC": room})
    full = _route(profile(citizenship_class="third_country"), {"NRC": Capacity.NONE_FREE})
    assert foreign.candidates == full.candidates
    assert [each.kind for each in foreign.obligations] == [each.kind for each in full.obligations]
    assert "not ready" in foreign.to_json()["excluded"][0]["reason"]


@pytest.mark.slow
@settings(max_examples=400)
@given(profiles, capacities)
def test_there_is_a_receiver_or_a_reason_and_never_a_receiver_who_must_not_be(
    facts: RoutingFacts, capacity: dict[str, Capacity]
):
    answer = route(facts, AGREEMENT, NOON, capacity)
    assert bool(answer.candidates) != (answer.fallback is not None)
    for each in (*answer.candidates, *answer.reserve):
        assert _receives(each.party, facts)
        assert capacity.get(each.party) not in CANNOT_TONIGHT
        assert REGION[each.party] not in facts.avoid_regions
        assert each.party not in facts.refused_parties
        assert each.party not in {one.party for one in answer.excluded}
    assert len({each.party for each in answer.candidates}) == len(answer.candidates)
    assert route(copy.deepcopy(facts), AGREEMENT, NOON, dict(reversed(capacity.items()))) == answer


_DAYS = st.sampled_from([-400, -1, 0, 1, 400])


@pytest.mark.slow
@settings(max_examples=200)
@given(profiles, capacities, st.dictionaries(st.sampled_from([*AGREEMENT.parties]), st.tuples(_DAYS, _DAYS, _DAYS)))
def test_nobody_receives_or_is_told_who_is_not_bound_on_that_day(
    facts: RoutingFacts, capacity: dict[str, Capacity], days: dict[str, tuple[int, int, int]]
):
    """Signed, joins and leaves some days before or after the day of the referral."""
    today = AGREEMENT.local(NOON).date()
    parties = dict(AGREEMENT.parties)
    bound = set(parties)
    for code, (signed, joins, leaves) in days.items():
        signed_on, joined_on, until = (today + timedelta(days=each) for each in (signed, joins, leaves))
        parties[code] = replace(parties[code], signed_on=signed_on, joined_on=joined_on, until=until)
        if max(signed, joins) > 0 or leaves < 0:
            bound.discard(code)
    answer = route(facts, replace(AGREEMENT, parties=parties), NOON, capacity)
    assert bool(answer.candidates) != (answer.fallback is not None)
    assert {each.party for each in (*answer.candidates, *answer.reserve, *answer.obligations)} <= bound
    unbound = {each.party for each in answer.excluded if each.reason in (Exclusion.NOT_SIGNED, Exclusion.NOT_IN_FORCE)}
    assert not unbound & bound


@given(profiles)
def test_with_room_everywhere_and_nothing_struck_out_everybody_has_a_receiver_but_who_refused(facts: RoutingFacts):
    free = replace(facts, avoid_regions=frozenset(), refused_parties=frozenset())
    answer = _route(free)
    refused = facts.age_class == "adult" and facts.consent == "refused"
    assert answer.fallback is (Fallback.ENDED if refused else None)


@pytest.mark.slow
def test_every_combination_the_clauses_tell_apart_has_a_receiver_unless_an_adult_refused():
    space = {name: AGREEMENT.facts[name] for name in ("age_class", "gender", "citizenship_class", "security_risk")}
    space |= {"proceedings_in": AGREEMENT.facts["proceedings_in"], "wish_region": ("none", "tirane", "vlore")}
    space |= {"children_with": ("0", "1"), "consent": ("given", "refused")}
    for codes in product(*space.values()):
        facts = replace(profile(), **dict(zip(space, codes, strict=True)))
        answer = _route(facts)
        refused = facts.age_class == "adult" and facts.consent == "refused"
        assert answer.fallback is (Fallback.ENDED if refused else None)
        assert all(_receives(each.party, facts) for each in answer.candidates)


@given(profiles, capacities)
def test_the_foreign_and_the_witness_in_tirana_never_go_elsewhere_while_the_centre_has_room(
    facts: RoutingFacts, capacity: dict[str, Capacity]
):
    answer = route(facts, AGREEMENT, NOON, capacity)
    bound = facts.citizenship_class in ("third_country", "stateless") or facts.proceedings_in == "capital"
    unwanted = "NRC" in facts.refused_parties or "tirane" in facts.avoid_regions
    if bound and not unwanted and capacity.get("NRC") not in CANNOT_TONIGHT:
        assert {each.party for each in answer.candidates} <= {"NRC"}
        assert all(each.must for each in answer.candidates)
    if not bound:
        assert not any(each.must for each in answer.candidates)


@given(profiles)
def test_a_child_or_perhaps_a_child_is_always_told_and_an_adult_never(facts: RoutingFacts):
    told = ("notify", "CHILD_PROTECTION") in _owed(_route(facts))
    assert told == (facts.age_class != "adult")


@given(profiles, capacities, st.sampled_from(["ngo_shelter", "state_shelter", "international_organisation"]))
def test_one_more_party_never_takes_anothers_must_away(facts: RoutingFacts, capacity: dict[str, Capacity], kind: str):
    musts = (
        {"number": "1", "refer_to": ["NRC", "ngo_shelter"], "must": True},
        {"number": "2", "refer_to": ["ngo_shelter", "state_shelter"], "must": True},
    )
    small = _with(*musts)
    newcomer = replace(small.parties["NRC"], code="NEW", kind=small.parties["NRC"].kind.__class__(kind))
    larger = replace(small, parties={**small.parties, "NEW": newcomer})
    before = {each.party for each in route(facts, small, NOON, capacity).candidates if each.must}
    after = {each.party for each in route(facts, larger, NOON, capacity).candidates if each.must}
    assert before <= after
