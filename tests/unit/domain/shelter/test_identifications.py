"""Formal identification: every triple of the table, who may look when, and the reflection period."""

from __future__ import annotations

import itertools
import uuid
from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nrm import countries
from nrm.domain.accounts.accounts import OrganisationKind as Kind
from nrm.domain.quarters import Quarter
from nrm.domain.shelter.cases import IdentificationStatus
from nrm.domain.shelter.identifications import (
    TRANSITIONS,
    Basis,
    Course,
    Event,
    IdentificationRefused,
    Look,
    ReflectionPeriod,
    Reviewer,
    State,
    Who,
    after_second,
    check_appeal_decision,
    check_asked,
    check_conclusion,
    check_event,
    check_joint,
    check_look,
    counted,
    decided_by,
    opposite,
)
from nrm.domain.shelter.permits import GateClosed, check_reflection

ANA, BEN, CIU, DEA = (uuid.UUID(int=number) for number in range(1, 5))
POLICE, AUTHORITY, CHILD = (uuid.UUID(int=number) for number in range(11, 14))
YES, NO = IdentificationStatus.IDENTIFIED, IdentificationStatus.NOT_A_VICTIM
DAY = date(2026, 3, 1)


@pytest.mark.parametrize(("state", "event", "who"), list(itertools.product(State, Event, Who)))
def test_every_triple_is_in_the_table_or_refused(state: State, event: Event, who: Who) -> None:
    allowed = {
        ("not_asked", "ask", "holder"),
        ("asked", "interview", "reviewer"),
        ("first_look", "second", "reviewer"),
        ("differing", "third", "reviewer"),
        ("decided", "appeal", "holder"),
        ("appealed", "decide_appeal", "reviewer"),
        ("appealed", "no_appeal", "reviewer"),
    }
    if (state, event, who) in allowed:
        check_event(state, event, who)
    else:
        with pytest.raises(IdentificationRefused, match="state"):
            check_event(state, event, who)
    assert {tuple(map(str, each)) for each in TRANSITIONS} == allowed


@pytest.mark.parametrize(
    ("kinds", "why"),
    [
        ((Kind.POLICE, Kind.RESPONSIBLE_AUTHORITY), ""),
        ((Kind.POLICE, Kind.CHILD_PROTECTION, Kind.RESPONSIBLE_AUTHORITY), ""),
        ((Kind.POLICE,), "sides"),
        ((Kind.RESPONSIBLE_AUTHORITY,), "sides"),
        ((), "sides"),
        ((Kind.POLICE, Kind.RESPONSIBLE_AUTHORITY, Kind.NGO_SHELTER), "sides"),
        ((Kind.POLICE, Kind.RESPONSIBLE_AUTHORITY, Kind.MINISTRY), "sides"),
    ],
)
def test_police_and_social_services_read_the_record_and_nobody_else(kinds: tuple[Kind, ...], why: str) -> None:
    with pytest.raises(IdentificationRefused, match="not_agreed"):
        check_asked(kinds, agreed=False)
    if why:
        with pytest.raises(IdentificationRefused, match=why):
            check_asked(kinds, agreed=True)
    else:
        check_asked(kinds, agreed=True)


def test_a_joint_interview_is_held_by_two_people_one_of_each_side() -> None:
    check_joint((ANA, Kind.POLICE), (BEN, Kind.RESPONSIBLE_AUTHORITY))
    for police, social in (
        ((ANA, Kind.POLICE), (BEN, Kind.POLICE)),
        ((ANA, Kind.CHILD_PROTECTION), (BEN, Kind.RESPONSIBLE_AUTHORITY)),
        ((ANA, Kind.POLICE), (ANA, Kind.RESPONSIBLE_AUTHORITY)),
        ((ANA, Kind.BORDER_POLICE), (BEN, Kind.RESPONSIBLE_AUTHORITY)),
    ):
        with pytest.raises(IdentificationRefused, match="sides"):
            check_joint(police, social)


FIRST = Look(ANA, AUTHORITY, YES)


@pytest.mark.parametrize(
    ("reviewer", "why"),
    [
        (Reviewer(CIU, POLICE), ""),
        (Reviewer(CIU, CHILD), ""),
        (Reviewer(ANA, AUTHORITY), "took_part"),
        (Reviewer(ANA, POLICE), "took_part"),  # also from another desk
        (Reviewer(BEN, POLICE), "took_part"),  # held the interview
        (Reviewer(CIU, AUTHORITY), "same_organisation"),
        (Reviewer(CIU, POLICE, has_seen=True), "has_seen"),
    ],
)
def test_the_second_look_is_by_somebody_else_of_another_organisation_who_has_not_seen_the_first(
    reviewer: Reviewer, why: str
) -> None:
    if why:
        with pytest.raises(IdentificationRefused, match=why):
            check_look(reviewer, [FIRST], {ANA, BEN})
    else:
        check_look(reviewer, [FIRST], {ANA, BEN})


def test_the_third_look_is_by_somebody_who_looked_neither_first_nor_second() -> None:
    looks = [FIRST, Look(CIU, POLICE, NO)]
    check_look(Reviewer(DEA, AUTHORITY), looks, {ANA, BEN})
    for reviewer in (Reviewer(ANA, AUTHORITY), Reviewer(BEN, POLICE), Reviewer(CIU, POLICE)):
        with pytest.raises(IdentificationRefused, match="took_part"):
            check_look(reviewer, looks, {ANA, BEN})
    with pytest.raises(IdentificationRefused, match="has_seen"):
        check_look(Reviewer(DEA, AUTHORITY, has_seen=True), looks, {ANA, BEN})


@given(st.sampled_from([YES, NO]), st.sampled_from([YES, NO]))
@settings(max_examples=8)
def test_two_that_agree_decide_and_two_that_differ_need_a_third(
    first: IdentificationStatus, second: IdentificationStatus
) -> None:
    assert after_second(first, second) is (State.DECIDED if first == second else State.DIFFERING)


def test_an_appeal_is_decided_by_somebody_who_had_no_part() -> None:
    looks = [FIRST, Look(CIU, POLICE, YES)]
    check_appeal_decision(DEA, looks, {ANA, BEN})
    for member in (ANA, BEN, CIU):
        with pytest.raises(IdentificationRefused, match="took_part"):
            check_appeal_decision(member, looks, {ANA, BEN})
    assert (opposite(YES), opposite(NO)) == (NO, YES)


@pytest.mark.parametrize(
    ("outcome", "bases", "why"),
    [
        ("identified", [Basis.OWN_ACCOUNT], ""),
        ("not_a_victim", [Basis.ELEMENT_MISSING, Basis.INDICATORS], ""),
        ("possible", [Basis.OWN_ACCOUNT], "outcome"),
        ("", [Basis.OWN_ACCOUNT], "outcome"),
        ("identified", [], "basis"),
        ("identified", ["gut feeling"], "basis"),
    ],
)
def test_a_conclusion_decides_and_rests_on_something(outcome: str, bases: list[str], why: str) -> None:
    if why:
        with pytest.raises(IdentificationRefused, match=why):
            check_conclusion(outcome, bases)
    else:
        check_conclusion(outcome, bases)


def test_the_deciding_organisation_is_a_code_of_the_list() -> None:
    assert decided_by(Kind.POLICE) == "police"
    assert decided_by(Kind.RESPONSIBLE_AUTHORITY) == decided_by(Kind.CHILD_PROTECTION) == "other_government"


@given(st.integers(0, 90))
@settings(max_examples=30)
def test_no_step_towards_another_country_before_the_period_is_over(days: int) -> None:
    period = ReflectionPeriod(30, frozenset({"third_country", "unknown"}), {"en": "a text"})
    until = period.until("third_country", DAY)
    on = DAY + timedelta(days=days)
    if days <= 30:
        with pytest.raises(GateClosed, match="reflection"):
            check_reflection(until, on=on)
    else:
        check_reflection(until, on=on)
    check_reflection(period.until("home", DAY), on=on)
    check_reflection(period.until("third_country", None), on=on)


def test_the_period_of_the_country_names_its_source_and_covers_who_is_not_recorded_as_a_national() -> None:
    period = countries.load("albania").reflection
    assert period.days >= 30
    assert "article 13" in period.source["en"]
    assert period.citizenship_classes == {"third_country", "stateless", "unknown"}


DAYS = [date(2026, 2, 10), date(2026, 5, 10), date(2026, 8, 10)]


@pytest.mark.parametrize(
    ("course", "quarter", "expected"),
    [
        (Course(DAYS[0], False, [(DAYS[0], "identified")], "possible"), 1, ("possible", "none")),
        (Course(DAYS[0], False, [(DAYS[0], "identified")], "possible"), 2, None),
        (Course(DAYS[0], True, [(DAYS[0], "identified"), (DAYS[1], "identified")], "identified"), 1,
         ("possible", "none")),
        (Course(DAYS[0], True, [(DAYS[0], "identified"), (DAYS[1], "identified")], "identified"), 2,
         ("identified", "two_looks")),
        (Course(DAYS[0], True, [(DAYS[0], "identified"), (DAYS[0], "not_a_victim"), (DAYS[1], "not_a_victim")],
                "not_a_victim"), 2, ("not_a_victim", "third_look")),
        (Course(DAYS[0], True, [(DAYS[0], "not_a_victim"), (DAYS[1], "not_a_victim")], "identified", DAYS[2]), 2,
         ("not_a_victim", "two_looks")),
        (Course(DAYS[0], True, [(DAYS[0], "not_a_victim"), (DAYS[1], "not_a_victim")], "identified", DAYS[2]), 3,
         ("identified", "appeal")),
        (Course(DAYS[0], True, [(DAYS[0], "identified"), (DAYS[1], "identified")], "identified"), 4, None),
    ],
)  # fmt: skip
def test_a_period_counts_an_identification_as_it_stood_at_its_end(
    course: Course, quarter: int, expected: tuple[str, str] | None
) -> None:
    period = Quarter(2026, quarter)
    assert counted(course, period.start, period.end) == expected
