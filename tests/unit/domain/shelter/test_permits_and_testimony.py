"""The life of a permit, the two gates, and the witness track."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nrm.domain.shelter import permits, testimony
from nrm.domain.shelter.permits import (
    REPATRIATION_DESTINATIONS,
    UNDECIDED,
    ChildFacts,
    GateClosed,
    Ground,
    Informing,
    PermitEvent,
    PermitFacts,
    PermitRefused,
    PermitStatus,
    check_leaving,
)
from nrm.domain.shelter.stays import DESTINATIONS, Destination, ExitReason
from nrm.domain.shelter.testimony import IllegalStep, WithdrawalReason, WitnessStatus
from tests.unit.domain.shelter.gates import decided

DAY = date(2026, 3, 10)
TOLD = Informing(date(2026, 3, 1), "NRC", "ro")
CLASSES = st.sampled_from(["home", "third_country", "stateless", "unknown"])
AGES = st.sampled_from(["child", "adult", "unsure"])
EXITS = st.sampled_from([(reason, to) for reason, fitting in DESTINATIONS.items() for to in sorted(fitting)])
EVENTS = st.lists(st.sampled_from(PermitEvent), max_size=12)


def _after(event: PermitEvent, facts: PermitFacts) -> PermitFacts:
    until = date(2027, 3, 10) if facts.issued_until is None else date(facts.issued_until.year + 1, 3, 10)
    return permits.record(
        facts,
        event,
        citizenship_class="third_country",
        on=DAY,
        informed=TOLD,
        issued_from=DAY,
        issued_until=until,
        ground=Ground.LEGAL,
    )


@given(EVENTS)
def test_whatever_was_recorded_the_person_was_told_first(events: list[PermitEvent]) -> None:
    facts = PermitFacts()
    for event in events:
        try:
            facts = _after(event, facts)
        except PermitRefused:
            continue
    assert facts.status is PermitStatus.NOT_INFORMED or facts.informed is not None
    if facts.status is PermitStatus.ISSUED:
        assert facts.ground is not None
        assert facts.issued_from is not None
        assert facts.issued_until is not None
        assert facts.issued_from <= DAY <= facts.issued_until


@given(
    CLASSES,
    AGES,
    EXITS,
    st.sampled_from(PermitStatus),
    st.booleans(),
    st.sampled_from([None, DAY - timedelta(days=1), DAY, DAY + timedelta(days=1)]),
    st.booleans(),
    st.sampled_from(["home", "GR", "unknown"]),
)
def test_the_gates_open_only_by_what_opens_them(
    citizenship: str,
    age: str,
    leaving: tuple[ExitReason, Destination],
    status: PermitStatus,
    told: bool,
    safe_since: date | None,
    handed_over: bool,
    country: str,
) -> None:
    reason, destination = leaving
    facts = PermitFacts(status, TOLD if told else None)
    abroad = destination in REPATRIATION_DESTINATIONS or (country != "home" and destination is not Destination.NONE)
    child = {Destination.NONE: True, Destination.OTHER_SHELTER: handed_over}.get(
        destination, safe_since is not None and safe_since <= DAY
    )
    shut = status in UNDECIDED or status is PermitStatus.REFUSED  # of which the last day for an appeal is not known
    # In the country one member alone lets no foreigner out before the person was told (ADR 0271); of a child whose way
    # was decided, and who is taken over, not where it is said that no support is needed or wanted (ADR 0260).
    one_word = reason in ("left_voluntarily", "refused_service", "no_longer_eligible", "no_longer_needs_support")
    taken_over = destination is Destination.OTHER_SHELTER and handed_over
    alone = one_word or (age == "adult" and not taken_over)
    untold = alone and not abroad and destination is not Destination.NONE and citizenship != "home" and not told
    may = (not abroad or citizenship == "home" or (told and not shut)) and (age == "adult" or child) and not untold
    try:
        kept = check_leaving(
            reason,
            destination,
            child=ChildFacts(age, decided(safe_since), handed_over=handed_over),
            citizenship_class=citizenship,
            permit=facts,
            on=DAY,
            country=country,
        )
    except GateClosed:
        assert not may
        return
    assert may
    assert (kept[0] in ("home_citizen", "informed")) == abroad
    assert (kept[1] == "adult") == (age == "adult")


def test_nobody_recorded_as_albanian_gets_a_permit() -> None:
    with pytest.raises(PermitRefused, match="not_third_country"):
        permits.record(PermitFacts(), PermitEvent.INFORM, citizenship_class="home", on=DAY, informed=TOLD)


def test_a_step_is_neither_in_the_future_nor_before_the_last() -> None:
    permits.check_day(DAY, today=DAY, last_step=DAY)
    with pytest.raises(PermitRefused, match="in_future"):
        permits.check_day(date(2026, 3, 11), today=DAY, last_step=None)
    with pytest.raises(PermitRefused, match="before_last_step"):
        permits.check_day(date(2026, 3, 9), today=DAY, last_step=DAY)
    with pytest.raises(IllegalStep, match="in_future"):
        testimony.check_day(date(2026, 3, 11), today=DAY, last_step=None)
    with pytest.raises(IllegalStep, match="before_last_step"):
        testimony.check_day(date(2026, 3, 9), today=DAY, last_step=DAY)


@given(st.lists(st.tuples(st.sampled_from(WitnessStatus), st.booleans()), max_size=15))
def test_nobody_gives_evidence_before_a_statement_and_every_withdrawal_has_its_reason(
    steps: list[tuple[WitnessStatus, bool]],
) -> None:
    taken: list[WitnessStatus] = []
    for wanted, with_reason in steps:
        reason = next(iter(testimony.REASONS.get(wanted, WithdrawalReason))) if with_reason else None
        try:
            taken.append(status := testimony.step(taken, wanted, reason))
        except IllegalStep:
            continue
        told = WitnessStatus.STATEMENT_GIVEN in taken
        assert (status in testimony.REASONS) == with_reason
        assert told or status in (WitnessStatus.WILLING, WitnessStatus.NOT_A_WITNESS)
