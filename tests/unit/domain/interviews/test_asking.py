"""Who is asked next, what may be shared, and what is kept of an hour."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nrm.domain.accounts.accounts import OrganisationKind
from nrm.domain.referrals.referrals import Asked, ReferralStatus, chain_since_holder, coarsened, next_asked
from nrm.domain.shelter.cases import BY_CONSENT, SHAREABLE, CaseRefused, Compartment, check_share

TIRANE = ZoneInfo("Europe/Tirane")
DECLINED, EXPIRED = ReferralStatus.DECLINED, ReferralStatus.EXPIRED
parties = st.lists(st.sampled_from("ABCDE"), unique=True, min_size=1)


@given(parties, st.data())
def test_nobody_is_asked_twice_and_nobody_after_the_second_decline(order: list[str], data: st.DataObject) -> None:
    musts = data.draw(st.lists(st.booleans(), min_size=len(order), max_size=len(order)))
    chain: list[Asked] = []
    while True:
        party = next_asked(list(zip(order, musts, strict=True)), chain)
        if party is None:
            break
        assert party not in {each.party for each in chain}
        assert sum(each.status is DECLINED for each in chain) < 2
        chain.append(
            Asked(party, data.draw(st.sampled_from([DECLINED, EXPIRED])), data.draw(st.sampled_from(["full", "other"])))
        )
    assert len(chain) <= len(order)


def test_who_is_no_must_is_asked_only_when_every_party_under_one_declined_for_a_reason_that_counts() -> None:
    route = [("NRC", True), ("IOM", False)]
    assert next_asked(route, []) == "NRC"
    assert next_asked(route, [Asked("NRC", DECLINED, "full")]) == "IOM"
    assert next_asked(route, [Asked("NRC", DECLINED, "cannot_keep_safe")]) == "IOM"
    assert next_asked(route, [Asked("NRC", DECLINED, "conflict_with_resident")]) == "IOM"
    assert next_asked(route, [Asked("NRC", DECLINED, "other")]) is None
    assert next_asked(route, [Asked("NRC", EXPIRED)]) is None


def test_a_chain_begins_again_with_each_holder() -> None:
    before = [Asked("A", DECLINED), Asked("B", ReferralStatus.ARRIVED)]
    after = [Asked("C", DECLINED)]
    assert chain_since_holder([*before, *after]) == after


@given(st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001
def test_all_hours_of_a_quarter_become_the_same(at: datetime) -> None:
    kept = coarsened(at, TIRANE)
    assert kept <= at
    assert coarsened(kept, TIRANE) == kept
    local = kept.astimezone(TIRANE)
    assert (local.day, local.hour, local.minute, local.second, local.microsecond) == (1, 0, 0, 0, 0)
    assert local.month in (1, 4, 7, 10)
    assert at - kept < timedelta(days=93)


@pytest.mark.parametrize("kind", list(OrganisationKind))
@pytest.mark.parametrize("compartment", list(Compartment))
@pytest.mark.parametrize("agreed", [True, False])
def test_only_the_table_is_shared_and_by_consent_where_it_needs_one(
    kind: OrganisationKind, compartment: Compartment, agreed: bool
) -> None:
    def refused(age_class: str, granted: tuple[Compartment, ...]) -> str:
        try:
            check_share(kind, [compartment], age_class=age_class, agreed=agreed, granted=granted)
        except CaseRefused as error:
            return str(error.reason)
        return ""

    by_consent = kind in BY_CONSENT or compartment is Compartment.JOINT_INTERVIEW
    there = compartment in SHAREABLE.get(kind, ())
    for age_class in ("child", "unsure"):
        assert refused(age_class, (compartment,)) == (
            "not_shareable" if not there else "" if agreed or not by_consent else "not_agreed"
        )
        assert refused(age_class, ()) == ("not_shareable" if not there else "" if agreed else "not_agreed")
    there = there and kind is not OrganisationKind.CHILD_PROTECTION
    assert refused("adult", ()) == ("not_shareable" if not there else "" if agreed else "not_agreed")


def test_narratives_care_and_hand_over_are_shared_with_nobody() -> None:
    shared = set().union(*SHAREABLE.values())
    assert shared == {Compartment.IDENTITY, Compartment.LEGAL, Compartment.JOINT_INTERVIEW}
    assert not any(kind.takes_people_in or not kind.holds_keys for kind in SHAREABLE)


def test_sharing_nothing_is_no_share() -> None:
    with pytest.raises(CaseRefused):
        check_share(OrganisationKind.TRP_UNIT, [], age_class="adult", agreed=True)
