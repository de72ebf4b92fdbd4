"""The life of a version as rules: every state and event, who is needed, and when it begins for whom."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nrm import countries
from nrm.domain.accounts.accounts import OrganisationKind
from nrm.domain.agreement.agreement_versions import (
    TRANSITIONS,
    IllegalVersionStep,
    Signed,
    VersionEvent,
    VersionStatus,
    as_signed,
    decide,
    is_complete,
    missing,
    needed,
    signing_parties,
)

AGREEMENT = countries.load("albania").agreements[0]
DAY = AGREEMENT.starts_on
LEGAL = {
    ("proposed", "approve"): "approved",
    ("proposed", "withdraw"): "withdrawn",
    ("approved", "open"): "open",
    ("approved", "withdraw"): "withdrawn",
    ("open", "sign"): "open",
    ("open", "complete"): "signed",
    ("open", "withdraw"): "withdrawn",
    ("signed", "sign"): "signed",
}


def signed(day=DAY, but=()):
    return [Signed(code, day) for code in signing_parties(AGREEMENT) if code not in but for _ in range(2)]


@pytest.mark.parametrize(("status", "event"), [*product(VersionStatus, VersionEvent)])
def test_what_is_not_in_the_table_is_refused(status, event):
    if (str(status), str(event)) in LEGAL:
        assert decide(status, event) == LEGAL[str(status), str(event)]
    else:
        with pytest.raises(IllegalVersionStep):
            decide(status, event)
    assert len(TRANSITIONS) == len(LEGAL)


def test_nothing_is_signed_that_was_not_approved():
    """No way leads from a proposal to signatures but through approval and opening."""
    ways = {(before, after) for (before, _), after in TRANSITIONS.items() if after in ("open", "signed")}
    assert ways == {("approved", "open"), ("open", "open"), ("open", "signed"), ("signed", "signed")}


def test_one_missing_signature_keeps_the_whole_from_beginning():
    for code in needed(AGREEMENT):
        given_ones = [*signed(but=(code,)), Signed(code, DAY)]
        assert missing(AGREEMENT, given_ones) == {code: 1}
        assert not is_complete(AGREEMENT, given_ones)
        assert as_signed(AGREEMENT, given_ones) is None


def test_it_begins_on_its_day_or_on_the_day_after_the_last_signature():
    early = as_signed(AGREEMENT, signed(DAY - timedelta(days=9)))
    assert early is not None
    assert early.starts_on == DAY
    late = as_signed(AGREEMENT, [*signed(DAY - timedelta(days=9), but=("RA",)), Signed("RA", DAY), Signed("RA", DAY)])
    assert late is not None
    assert (late.starts_on, late.signed_on) == (DAY + timedelta(days=1), DAY)


def test_the_days_of_signature_written_in_the_text_count_for_nothing():
    lying = replace(
        AGREEMENT,
        parties={code: replace(each, signed_on=date(1999, 1, 1)) for code, each in AGREEMENT.parties.items()},
    )
    found = as_signed(lying, signed())
    assert found is not None
    assert {party.signed_on for party in found.parties.values()} == {DAY}


def test_a_party_that_joins_later_is_not_waited_for_and_not_bound_until_two_of_it_signed():
    later = DAY + timedelta(days=30)
    parties = {**AGREEMENT.parties, "VATRA": replace(AGREEMENT.parties["VATRA"], joined_on=later)}
    joining = replace(AGREEMENT, parties=parties)
    without = signed(but=("VATRA",))
    begun = as_signed(joining, without)
    assert begun is not None
    assert not begun.parties["VATRA"].in_force(later)
    both = as_signed(joining, [*without, Signed("VATRA", DAY), Signed("VATRA", later + timedelta(days=2))])
    assert both is not None
    assert not both.parties["VATRA"].in_force(later + timedelta(days=1))
    assert both.parties["VATRA"].in_force(later + timedelta(days=2))


def test_a_coalition_is_bound_when_every_member_is():
    coalition = replace(
        AGREEMENT.parties["VATRA"],
        code="SOUTH",
        kind=OrganisationKind.COALITION,
        members=("VATRA", "TJETER_VIZION"),
        competence=None,
    )
    agreement = replace(AGREEMENT, parties={**AGREEMENT.parties, "SOUTH": coalition})
    assert "SOUTH" not in signing_parties(agreement)
    found = as_signed(agreement, [*signed(but=("VATRA",)), Signed("VATRA", DAY), Signed("VATRA", DAY)])
    assert found is not None
    assert found.parties["SOUTH"].in_force(DAY)


DAYS = st.lists(st.integers(-20, 20), min_size=1, max_size=3)


@given(st.fixed_dictionaries(dict.fromkeys(AGREEMENT.parties, DAYS)))
def test_whatever_was_signed_nobody_is_bound_before_their_second_signature(offsets):
    given_ones = [Signed(code, DAY + timedelta(days=each)) for code, days in offsets.items() for each in days]
    found = as_signed(AGREEMENT, given_ones)
    assert (found is None) == any(len(days) < 2 for days in offsets.values())
    if found is not None:
        second = {code: DAY + timedelta(days=sorted(days)[1]) for code, days in offsets.items()}
        assert {code: party.signed_on for code, party in found.parties.items()} == second
        assert found.starts_on == max(DAY, max(second.values()) + timedelta(days=1))
