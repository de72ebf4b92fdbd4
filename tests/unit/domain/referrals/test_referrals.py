"""Every (state, event, actor) triple, and the clock of a referral."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nrm.domain.referrals.referrals import (
    REASONS_UNDER_MUST,
    TRANSITIONS,
    DeclineReason,
    IllegalTransition,
    OverrideReason,
    ReferralEvent,
    ReferralRefused,
    ReferralStatus,
    Relation,
    Terms,
    actors_of,
    check_new,
    decide,
    duty_officer_decides,
    next_candidate,
)

SENT = datetime(2026, 3, 4, 23, 30, tzinfo=UTC)
TERMS = Terms(SENT, timedelta(hours=1), timedelta(hours=4))
MINUTE = timedelta(minutes=1)

# Worked by hand from the agreement, independent of the table in the program.
LEGAL = {
    ("sent", "accept", "receiver"): "accepted",
    ("sent", "decline", "receiver"): "declined",
    ("sent", "withdraw", "sender"): "withdrawn",
    ("sent", "take_back_direction", "duty_officer"): "withdrawn",  # its own alone (ADR 0183)
    ("sent", "expire", "system"): "expired",
    ("sent", "expire", "duty_officer"): "expired",
    ("sent", "promise", "sender"): "sent",
    ("sent", "promise", "duty_officer"): "sent",
    ("sent", "deny_promise", "receiver"): "sent",
    ("sent", "deny_promise", "duty_officer"): "sent",
    ("accepted", "depart", "sender"): "accepted",
    ("accepted", "depart", "duty_officer"): "accepted",
    ("accepted", "arrive", "receiver"): "arrived",
    ("accepted", "not_arrive", "receiver"): "not_arrived",
    ("accepted", "not_arrive", "duty_officer"): "not_arrived",
    ("not_arrived", "arrive", "receiver"): "arrived",
    ("accepted", "call_off", "sender"): "called_off",
    ("accepted", "call_off", "receiver"): "called_off",
    ("arrived", "take_back_arrival", "receiver"): "accepted",
    # Recorded by mistake (ADR 0086): nobody had left, or the wrong referral was accepted.
    ("accepted", "take_back_departure", "sender"): "accepted",
    ("accepted", "take_back_departure", "duty_officer"): "accepted",
    ("not_arrived", "take_back_departure", "sender"): "accepted",
    ("not_arrived", "await_again", "receiver"): "accepted",  # the person is still on the way (ADR 0162)
    ("accepted", "take_back_acceptance", "receiver"): "mistaken",
    ("mistaken", "take_after_all", "receiver"): "accepted",
    ("mistaken", "arrive", "receiver"): "arrived",
}


def _when(event: ReferralEvent) -> datetime:
    return SENT + timedelta(hours=4) if event is ReferralEvent.EXPIRE else SENT + MINUTE


@pytest.mark.parametrize("status", ReferralStatus)
@pytest.mark.parametrize("event", ReferralEvent)
@pytest.mark.parametrize("relation", Relation)
def test_every_triple_is_legal_exactly_when_it_stands_in_the_table(
    status: ReferralStatus, event: ReferralEvent, relation: Relation
):
    expected = LEGAL.get((status.value, event.value, relation.value))
    if expected is not None:
        after = decide(status, event, relation, terms=TERMS, at=_when(event), reason=DeclineReason.FULL)
        assert after == expected
        assert relation in actors_of(status, event)
        return
    assert relation not in actors_of(status, event)
    with pytest.raises(IllegalTransition) as caught:
        decide(status, event, relation, terms=TERMS, at=_when(event), reason=DeclineReason.FULL)
    somebody_may = any((status.value, event.value, other.value) in LEGAL for other in Relation)
    assert caught.value.reason == ("actor" if somebody_may else "state")


def test_nothing_happens_to_a_referral_that_is_over_but_that_something_was_a_mistake():
    over = [status for status in ReferralStatus if not status.is_open]
    assert len(over) == 7
    undone = [key for key in TRANSITIONS if key[0] in over]
    assert undone == [
        (ReferralStatus.NOT_ARRIVED, ReferralEvent.ARRIVE, Relation.RECEIVER),
        (ReferralStatus.NOT_ARRIVED, ReferralEvent.AWAIT_AGAIN, Relation.RECEIVER),
        (ReferralStatus.ARRIVED, ReferralEvent.TAKE_BACK_ARRIVAL, Relation.RECEIVER),
        (ReferralStatus.NOT_ARRIVED, ReferralEvent.TAKE_BACK_DEPARTURE, Relation.SENDER),
        (ReferralStatus.MISTAKEN, ReferralEvent.TAKE_AFTER_ALL, Relation.RECEIVER),
        (ReferralStatus.MISTAKEN, ReferralEvent.ARRIVE, Relation.RECEIVER),
    ]


def test_an_outsider_can_do_nothing():
    assert not [key for key in TRANSITIONS if key[2] is Relation.OUTSIDER]


def _refusal(event: ReferralEvent, relation: Relation, *, terms: Terms, at: datetime, **more: DeclineReason) -> str:
    with pytest.raises(IllegalTransition) as caught:
        decide(ReferralStatus.SENT, event, relation, terms=terms, at=at, reason=more.get("reason"))
    return caught.value.reason


@pytest.mark.parametrize("event", [ReferralEvent.ACCEPT, ReferralEvent.DECLINE])
def test_an_answer_counts_until_the_referral_expires_and_not_at_that_instant(event: ReferralEvent):
    last = TERMS.expires_at - timedelta(microseconds=1)
    assert decide(
        ReferralStatus.SENT, event, Relation.RECEIVER, terms=TERMS, at=last, reason=DeclineReason.FULL
    ) in (ReferralStatus.ACCEPTED, ReferralStatus.DECLINED)  # fmt: skip
    refused = _refusal(event, Relation.RECEIVER, terms=TERMS, at=TERMS.expires_at, reason=DeclineReason.FULL)
    assert refused == "late"


def test_the_system_expires_only_when_the_time_has_come():
    assert _refusal(ReferralEvent.EXPIRE, Relation.SYSTEM, terms=TERMS, at=TERMS.expires_at - MINUTE) == "early"


def test_the_duty_officer_ends_a_referral_once_its_answer_is_late_but_not_before():
    due = SENT + timedelta(hours=1)
    assert _refusal(ReferralEvent.EXPIRE, Relation.DUTY_OFFICER, terms=TERMS, at=due - MINUTE) == "early"
    ended = decide(ReferralStatus.SENT, ReferralEvent.EXPIRE, Relation.DUTY_OFFICER, terms=TERMS, at=due)
    assert ended is ReferralStatus.EXPIRED


def test_a_telephone_promise_stops_the_first_deadline_and_starts_the_expiry_afresh():
    promised = Terms(SENT, timedelta(hours=1), timedelta(hours=4), promised_at=SENT + timedelta(hours=3))
    assert promised.answer_due_at is None
    assert not promised.is_late(ReferralStatus.SENT, SENT + timedelta(hours=6))
    assert promised.expires_at == SENT + timedelta(hours=7)
    early = SENT + timedelta(hours=6)
    assert _refusal(ReferralEvent.EXPIRE, Relation.DUTY_OFFICER, terms=promised, at=early) == "early"


@pytest.mark.parametrize("reason", DeclineReason)
def test_under_a_must_three_reasons_count_and_no_other(reason: DeclineReason):
    must = Terms(SENT, timedelta(hours=1), timedelta(hours=4), must=True)
    if reason.value in {"full", "cannot_keep_safe", "conflict_with_resident"}:
        assert reason in REASONS_UNDER_MUST
        decide(ReferralStatus.SENT, ReferralEvent.DECLINE, Relation.RECEIVER, terms=must, at=SENT, reason=reason)
    else:
        assert _refusal(ReferralEvent.DECLINE, Relation.RECEIVER, terms=must, at=SENT, reason=reason) == "must"
    decide(ReferralStatus.SENT, ReferralEvent.DECLINE, Relation.RECEIVER, terms=TERMS, at=SENT, reason=reason)


def test_a_decline_needs_a_reason():
    assert _refusal(ReferralEvent.DECLINE, Relation.RECEIVER, terms=TERMS, at=SENT) == "reason"


def test_a_direction_of_the_duty_officer_cannot_be_declined_but_can_be_accepted():
    assigned = Terms(SENT, timedelta(hours=1), timedelta(hours=4), assigned=True)
    why = _refusal(ReferralEvent.DECLINE, Relation.RECEIVER, terms=assigned, at=SENT, reason=DeclineReason.FULL)
    assert why == "assigned"
    accepted = decide(ReferralStatus.SENT, ReferralEvent.ACCEPT, Relation.RECEIVER, terms=assigned, at=SENT)
    assert accepted is ReferralStatus.ACCEPTED


def test_late_is_derived_from_the_times():
    assert not TERMS.is_late(ReferralStatus.SENT, SENT + timedelta(minutes=59))
    assert TERMS.is_late(ReferralStatus.SENT, SENT + timedelta(minutes=60))
    assert not TERMS.is_late(ReferralStatus.DECLINED, SENT + timedelta(days=9))


def test_who_does_not_arrive_an_hour_after_the_expected_time_is_late():
    expected = Terms(SENT, timedelta(hours=1), timedelta(hours=4), expected_at=SENT + timedelta(hours=5))
    assert not expected.is_late(ReferralStatus.ACCEPTED, SENT + timedelta(hours=5, minutes=59))
    assert expected.is_late(ReferralStatus.ACCEPTED, SENT + timedelta(hours=6))
    assert not TERMS.is_late(ReferralStatus.ACCEPTED, SENT + timedelta(days=9))


def _refused(*chain: str, relation: Relation = Relation.SENDER, follows_route: bool = True, **more: object) -> str:
    with pytest.raises(ReferralRefused) as caught:
        check_new([ReferralStatus(each) for each in chain], relation, follows_route=follows_route, **more)  # type: ignore[arg-type]
    return caught.value.reason


@pytest.mark.parametrize("status", [ReferralStatus.SENT, ReferralStatus.ACCEPTED])
@pytest.mark.parametrize("relation", [Relation.SENDER, Relation.DUTY_OFFICER, Relation.SYSTEM])
def test_a_second_referral_is_refused_while_one_is_open(status: ReferralStatus, relation: Relation):
    assert _refused("declined", status.value, relation=relation) == "already_open"


def test_after_one_decline_the_sender_goes_on_and_after_the_second_the_duty_officer_decides():
    check_new([ReferralStatus.DECLINED], Relation.SENDER, follows_route=True)
    check_new([ReferralStatus.DECLINED, ReferralStatus.EXPIRED], Relation.SYSTEM, follows_route=True)
    two = ("declined", "expired", "declined")
    for relation in (Relation.SENDER, Relation.SYSTEM):
        assert _refused(*two, relation=relation) == "duty_officer_decides"
    check_new([ReferralStatus(each) for each in two], Relation.DUTY_OFFICER, follows_route=True)


def test_an_override_needs_a_reason_from_everybody():
    for relation in (Relation.SENDER, Relation.DUTY_OFFICER):
        assert _refused(relation=relation, follows_route=False) == "no_reason"
        check_new([], relation, follows_route=False, override=OverrideReason.SAFETY)


def test_nobody_sends_a_person_to_a_party_struck_out_without_a_new_yes():
    assert _refused(struck_out=True, override=OverrideReason.SAFETY, relation=Relation.DUTY_OFFICER) == "struck_out"
    check_new([], Relation.DUTY_OFFICER, follows_route=True, struck_out=True, agreed_again=True)


@given(st.lists(st.sampled_from(ReferralStatus)))
def test_the_duty_officer_decides_exactly_from_the_second_decline(chain: list[ReferralStatus]):
    assert duty_officer_decides(chain) == (chain.count(ReferralStatus.DECLINED) >= 2)


@given(st.lists(st.sampled_from("ABCDE"), unique=True), st.sets(st.sampled_from("ABCDE")))
def test_the_next_candidate_is_the_first_that_was_not_asked(candidates: list[str], asked: set[str]):
    left = [party for party in candidates if party not in asked]
    assert next_candidate(candidates, asked) == (left[0] if left else None)


def test_the_hand_worked_triples_are_a_small_part_of_all():
    assert len(LEGAL) == len(TRANSITIONS) == 26
    assert len(list(product(ReferralStatus, ReferralEvent, Relation))) == 720
