"""Cases a shelter opens itself: what is kept, and what the agreement asks from then on."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nrm import countries
from nrm.domain.agreement.agreements import RECEIVER
from nrm.domain.shelter.cases import CITIZENSHIP_CLASSES, GENDERS, UnknownCode
from nrm.domain.shelter.direct_intake import (
    REFER_ON,
    ImpossibleCase,
    OwnCase,
    belongs_elsewhere,
    check,
    check_birth,
    columns,
    further_facts,
    obligations,
    sealed,
)
from nrm.domain.shelter.stays import Source
from tests.factories_stays import ALBANIAN, CHILD, MOLDOVAN

AT = datetime(2026, 3, 10, 12, tzinfo=UTC)
AGREEMENT = countries.load("albania").in_force(AT)


def _owed(case: OwnCase, party: str = "VATRA") -> set[tuple[str, str]]:
    return {(each.kind, each.party) for each in obligations(case, AGREEMENT, AT, party=party)}


def test_who_came_with_a_victim_as_their_child_is_no_adult() -> None:
    with pytest.raises(ImpossibleCase, match="dependant"):
        check(dataclasses.replace(ALBANIAN, source=Source.WITH_A_VICTIM), named=True)
    check(dataclasses.replace(CHILD, source=Source.WITH_A_VICTIM), named=True)


def test_a_foreign_victim_is_owed_the_permit_options_by_the_shelter_that_received_them() -> None:
    assert ("inform_of_trp_options", RECEIVER) in _owed(MOLDOVAN)
    assert ("inform_of_trp_options", RECEIVER) not in _owed(ALBANIAN)


def test_a_shelter_that_is_not_the_one_the_clause_names_must_refer_on() -> None:
    assert (REFER_ON, RECEIVER) in _owed(MOLDOVAN, "VATRA")
    assert (REFER_ON, RECEIVER) not in _owed(MOLDOVAN, "NRC")
    clause = belongs_elsewhere(MOLDOVAN, AGREEMENT, party="VATRA")
    assert clause is not None
    assert clause.number == "2.1"


def test_the_child_protection_service_is_told_of_a_child_within_a_quarter_of_an_hour_with_the_identity() -> None:
    told = [each for each in obligations(CHILD, AGREEMENT, AT, party="VATRA") if each.party == "CHILD_PROTECTION"]
    notify = next(each for each in told if each.kind == "notify")
    assert notify.within == timedelta(minutes=15)
    assert "identity" in notify.grant
    assert {each.kind for each in told} >= {"assess_risk", "assess_security", "assess_family"}


def test_nobody_is_told_of_an_adult_who_did_not_agree() -> None:
    refused = dataclasses.replace(MOLDOVAN, consent="refused")
    assert "notify" in {kind for kind, _ in _owed(MOLDOVAN)}
    assert "notify" not in {kind for kind, _ in _owed(refused)}
    assert ("inform_of_trp_options", RECEIVER) in _owed(refused)


def test_the_steps_of_a_referral_are_not_owed_without_one() -> None:
    assert not {"first_interview", "answer", "arrival"} & {kind for kind, _ in _owed(CHILD)}


@given(
    st.sampled_from(["child", "adult", "unsure"]),
    st.sampled_from(GENDERS),
    st.sampled_from(["AL", "MD", "stateless", "unknown"]),
)
def test_every_profile_has_its_obligations(age_class: str, gender: str, citizenship: str) -> None:
    adult = age_class == "adult"
    case = OwnCase(
        Source.OWN,
        age_class,
        None,
        gender,
        citizenship,
        "given" if adult else "not_asked_child",
        "yes" if adult else "not_asked",
        "AL",
    )
    check(case, named=True)
    assert case.citizenship_class in CITIZENSHIP_CLASSES
    assert ("notify", "RA") in _owed(case)


@pytest.mark.parametrize(
    ("change", "named", "why"),
    [
        ({"age": 121}, False, "age"),
        ({"age": 17}, False, "age"),
        ({"age_class": "child", "age": 18, "consent": "not_asked_child", "statistics": "not_asked"}, False, "age"),
        ({"consent": "not_asked_child"}, False, "consent"),
        ({"age_class": "child", "age": None}, False, "consent"),
        ({"statistics": "not_asked"}, False, "statistics"),
        ({"consent": "refused"}, True, "names_refused"),
    ],
)
def test_answers_that_contradict_each_other_are_refused(change: dict[str, object], named: bool, why: str) -> None:
    with pytest.raises(ImpossibleCase) as refused:
        check(dataclasses.replace(ALBANIAN, **change), named=named)  # type: ignore[arg-type]
    assert refused.value.reason == why


@pytest.mark.parametrize(
    ("birth", "age_class"),
    [
        ("2012-05-01", "adult"),
        ("2008-03-11", "adult"),  # 18 tomorrow
        ("1990", "child"),
        ("2008-03-09", "child"),  # 18 yesterday
        ("2099", "unsure"),
        ("2026-03-11", "child"),
        ("2004-02-31", "adult"),
    ],
)
def test_a_birth_of_another_age_class_or_of_no_day_is_refused(birth: str, age_class: str) -> None:
    with pytest.raises(ImpossibleCase, match="birth"):
        check_birth(birth, age_class, today=AT.date())


def test_a_birth_that_can_be_is_taken() -> None:
    for birth, age_class in (("", "adult"), ("2008-03-10", "adult"), ("2008", "adult"), ("2008", "child")):
        check_birth(birth, age_class, today=AT.date())
    for birth in ("2008-03-11", "2026-03-10"):
        check_birth(birth, "child", today=AT.date())
    for birth in ("1990", "2015"):  # who is not sure may be either
        check_birth(birth, "unsure", today=AT.date())


def test_who_does_not_wish_to_be_counted_leaves_no_particulars_in_clear() -> None:
    case = dataclasses.replace(MOLDOVAN, statistics="no")
    kept = columns(case)
    assert {kept["age_band"], kept["citizenship"], kept["exploited_in"]} == {"99"}
    assert further_facts(case) == {"statistics": "no"}
    assert columns(MOLDOVAN)["citizenship"] == "MD"


def test_several_countries_are_several() -> None:
    assert columns(dataclasses.replace(ALBANIAN, exploited_in=("GR", "IT")))["exploited_in"] == "several"
    assert columns(dataclasses.replace(ALBANIAN, exploited_in=()))["exploited_in"] == "99"


def test_an_unknown_code_is_refused() -> None:
    with pytest.raises(UnknownCode):
        columns(dataclasses.replace(ALBANIAN, gender="x"))
    with pytest.raises(UnknownCode):
        further_facts(dataclasses.replace(ALBANIAN, exploitation=("tourism",)))


def test_without_consent_only_the_hand_over_is_sealed() -> None:
    refused = dataclasses.replace(ALBANIAN, consent="refused")
    assert set(sealed(refused, {}, "", "")) == {"hand_over"}
    agreed = sealed(ALBANIAN, {"given": "Ana", "family": ""}, "told", "insulin")
    assert agreed["identity"] == {"given": "Ana"}
    assert agreed["story"] == {"story": "told", "age_stated": 24}
    assert agreed["hand_over"] == {"needs": ["medical"], "needs_note": "insulin"}
