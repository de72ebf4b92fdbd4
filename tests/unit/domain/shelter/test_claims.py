"""Claims for compensation: what follows from what, what a correction may say, and which period counts a claim."""

from __future__ import annotations

from itertools import pairwise, permutations, product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nrm.domain.quarters import Quarter
from nrm.domain.reports import counting
from nrm.domain.shelter import claims
from nrm.domain.shelter.claims import (
    GIVEN,
    NOT_STATED,
    ClaimEvent,
    ClaimRefused,
    Counted,
    Entry,
    Forum,
    Outcome,
    Paid,
    Standing,
    counted,
    effective,
    following,
    foremost,
    step,
)

BANDS = ("small", "middle", "large")
Q1, Q2, Q3, Q4 = (Quarter(2026, number) for number in (1, 2, 3, 4))
ASKED = Standing(Forum.STATE_SCHEME, "middle")
LEGAL = {
    ("pending", ""): {"grant", "grant_in_part", "reject", "withdraw"},
    ("granted", "no"): {"pay", "pay_part", "appeal"},
    ("granted", "partly"): {"pay"},
    ("granted", "yes"): set(),
    ("granted_in_part", "no"): {"pay", "pay_part", "appeal"},
    ("granted_in_part", "partly"): {"pay"},
    ("granted_in_part", "yes"): set(),
    ("rejected", ""): {"appeal"},
    ("withdrawn", ""): set(),
    ("mistaken", ""): set(),
}


@pytest.mark.parametrize(("state", "event"), list(product(LEGAL, ClaimEvent)))
def test_every_step_is_legal_exactly_when_it_was_worked_out_so(state: tuple[str, str], event: ClaimEvent) -> None:
    outcome, paid = state
    before = Standing(Forum.CIVIL_SUIT, "middle", Outcome(outcome), "small" if paid else "", paid)
    assert claims.check(before, BANDS) == before
    if event in LEGAL[state]:
        after = step(before, event, BANDS, granted="small")
        assert event in following(before)
        assert claims.check(after, BANDS) == after
        return
    with pytest.raises(ClaimRefused, match=r"^state$"):
        step(before, event, BANDS, granted="small")


def test_what_is_granted_in_full_is_what_was_asked_unless_that_was_not_stated() -> None:
    assert step(ASKED, ClaimEvent.GRANT, BANDS, granted="small").granted == "middle"
    open_amount = Standing(Forum.CIVIL_SUIT, NOT_STATED)
    assert step(open_amount, ClaimEvent.GRANT, BANDS, granted="large").granted == "large"
    with pytest.raises(ClaimRefused, match=r"^granted$"):
        step(open_amount, ClaimEvent.GRANT, BANDS)


def test_no_more_is_granted_than_was_asked_and_only_in_bands_of_the_country() -> None:
    for granted in ("large", "", "1 234 567"):
        with pytest.raises(ClaimRefused, match=r"^granted$"):
            step(ASKED, ClaimEvent.GRANT_IN_PART, BANDS, granted=granted)
    with pytest.raises(ClaimRefused, match=r"^asked$"):
        claims.check(Standing(Forum.ABROAD, "1 234 567"), BANDS)
    for wrong, why in (
        (Standing(Forum.ABROAD, "small", Outcome.REJECTED, "small"), "granted"),
        (Standing(Forum.ABROAD, "small", Outcome.PENDING, "", Paid.YES), "paid"),
        (Standing(Forum.ABROAD, "small", Outcome.GRANTED, "small"), "paid"),
    ):
        with pytest.raises(ClaimRefused, match=rf"^{why}$"):
            claims.check(wrong, BANDS)


def test_a_step_is_neither_in_the_future_nor_before_the_one_it_follows() -> None:
    claims.check_quarter(Q2, today=Q2, last=Q2)
    with pytest.raises(ClaimRefused, match=r"^in_future$"):
        claims.check_quarter(Q3, today=Q2, last=None)
    with pytest.raises(ClaimRefused, match=r"^before_last_step$"):
        claims.check_quarter(Q1, today=Q2, last=Q2)


standings = st.builds(
    Standing,
    st.sampled_from(Forum),
    st.sampled_from((*BANDS, NOT_STATED)),
    st.sampled_from(Outcome),
    st.sampled_from(("", *BANDS, NOT_STATED)),
    st.sampled_from(("", *Paid)),
)
actions = st.lists(
    st.tuples(st.sampled_from(ClaimEvent), st.sampled_from(("", *BANDS)), standings, st.integers(0, 2)), max_size=9
)


def history_of(did: list[tuple[ClaimEvent, str, Standing, int]]) -> list[Entry]:
    """What would be recorded of it, each step so many quarters after the one before; a quarter later it is closed."""
    history = [Entry(ClaimEvent.ASK, ASKED, Q1, Q1)]
    for event, granted, wanted, pause in did:
        quarter = history[-1].happened
        for _ in range(pause):
            quarter = quarter.next
        try:
            if event is ClaimEvent.CORRECT:
                after = claims.check_correction(history, wanted, history[-1].happened, BANDS)
                history.append(Entry(event, after, history[-1].happened, history[-1].counts))
            else:
                after = step(history[-1].standing, event, BANDS, granted=granted)
                history.append(Entry(event, after, quarter, max(quarter, history[-1].counts)))
        except ClaimRefused:
            continue
    return history


@given(actions)
def test_whatever_was_recorded_goes_together(did: list[tuple[ClaimEvent, str, Standing, int]]) -> None:
    history = history_of(did)
    for before, entry in pairwise(history):
        standing = entry.standing
        assert (standing.granted != "") == (standing.paid != "") == (standing.outcome in GIVEN)
        assert standing.outcome is not Outcome.MISTAKEN or entry.event is ClaimEvent.CORRECT
        assert entry.event is ClaimEvent.CORRECT or (standing.forum, standing.asked) == (
            before.standing.forum,
            before.standing.asked,
        )
    assert claims.before_last(history) is None or len(effective(history)) > 1


@given(actions)
def test_a_claim_is_new_in_one_period_and_waits_only_in_the_one_in_which_it_is_new(
    did: list[tuple[ClaimEvent, str, Standing, int]],
) -> None:
    history = history_of(did)
    halves = [(Quarter(year, half), Quarter(year, half + 1)) for year in range(2026, 2032) for half in (1, 3)]
    found = [each for each in (counted(history, *window) for window in halves) if each is not None]
    assert sum(each.new for each in found) <= 1
    assert all(each.new or each.standing.outcome is not Outcome.PENDING for each in found)
    assert all(each.standing.outcome is not Outcome.MISTAKEN for each in found)
    if all(entry.event is not ClaimEvent.CORRECT for entry in history):
        assert sum(each.new for each in found) == 1
    last = history[-1].standing
    if last.outcome not in (Outcome.PENDING, Outcome.MISTAKEN):
        assert last in [each.standing for each in found]  # no decision and no payment goes uncounted


def test_a_claim_counts_when_it_is_asked_decided_and_paid_and_not_in_between() -> None:
    granted = step(ASKED, ClaimEvent.GRANT, BANDS)
    history = [
        Entry(ClaimEvent.ASK, ASKED, Q1, Q1),
        Entry(ClaimEvent.GRANT, granted, Q3, Q3),
        Entry(ClaimEvent.PAY, step(granted, ClaimEvent.PAY, BANDS), Quarter(2027, 1), Quarter(2027, 1)),
    ]
    assert counted(history, Q1, Q2) == Counted(ASKED, new=True)
    assert counted(history, Q3, Q4) == Counted(granted, new=False)
    assert counted(history, Q1, Q4) == Counted(granted, new=True)
    assert counted(history, Quarter(2027, 1), Quarter(2027, 2)) == Counted(history[2].standing, new=False)
    assert counted(history, Quarter(2027, 3), Quarter(2027, 4)) is None
    assert counted(history, Quarter(2025, 3), Quarter(2025, 4)) is None


def test_what_is_known_late_counts_late_and_a_correction_stands_in_the_place_of_what_it_corrects() -> None:
    assert counted([Entry(ClaimEvent.ASK, ASKED, Q1, Q3)], Q1, Q2) is None
    assert counted([Entry(ClaimEvent.ASK, ASKED, Q1, Q3)], Q3, Q4) == Counted(ASKED, new=True)
    larger = Standing(Forum.STATE_SCHEME, "large")
    moved = [Entry(ClaimEvent.ASK, ASKED, Q3, Q3), Entry(ClaimEvent.CORRECT, larger, Q2, Q2)]
    assert counted(moved, Q3, Q4) is None
    assert counted(moved, Q1, Q2) == Counted(larger, new=True)
    never = [moved[0], Entry(ClaimEvent.CORRECT, Standing(Forum.STATE_SCHEME, "middle", Outcome.MISTAKEN), Q3, Q3)]
    assert counted(never, Q3, Q4) is None


def test_a_correction_must_correct_something() -> None:
    history = [Entry(ClaimEvent.ASK, ASKED, Q1, Q1)]
    with pytest.raises(ClaimRefused, match=r"^nothing_changed$"):
        claims.check_correction(history, ASKED, Q1, BANDS)
    assert claims.check_correction(history, ASKED, Quarter(2025, 4), BANDS) == ASKED


def test_what_happened_next_is_no_correction() -> None:
    history = [Entry(ClaimEvent.ASK, ASKED, Q1, Q1)]
    for outcome in set(Outcome) - {Outcome.PENDING, Outcome.MISTAKEN}:
        granted = ("middle", Paid.NO) if outcome in GIVEN else ("", "")
        with pytest.raises(ClaimRefused, match=r"^outcome$"):
            claims.check_correction(history, Standing(ASKED.forum, "middle", outcome, *granted), Q1, BANDS)
    history.append(Entry(ClaimEvent.GRANT, step(ASKED, ClaimEvent.GRANT, BANDS), Q2, Q2))
    paid = Standing(ASKED.forum, "middle", Outcome.GRANTED, "middle", Paid.PARTLY)
    with pytest.raises(ClaimRefused, match=r"^paid$"):
        claims.check_correction(history, paid, Q2, BANDS)
    history.append(Entry(ClaimEvent.PAY_PART, paid, Q2, Q2))
    whole = step(paid, ClaimEvent.PAY, BANDS)
    assert claims.check_correction(history, whole, Q2, BANDS) == whole


valid = standings.filter(lambda each: each.outcome is not Outcome.MISTAKEN).map(
    lambda each: Standing(
        each.forum,
        each.asked,
        each.outcome,
        (each.granted or NOT_STATED) if each.outcome in GIVEN else "",
        (each.paid or Paid.NO) if each.outcome in GIVEN else "",
    )
)


@given(st.lists(st.builds(Counted, valid, st.booleans()), min_size=1, max_size=4))
def test_of_several_claims_the_one_that_brought_most_counts_whatever_their_order(found: list[Counted]) -> None:
    most = foremost(found, BANDS)
    assert {foremost(order, BANDS) for order in permutations(found)} == {most}
    if any(each.standing.paid == Paid.YES for each in found):
        assert most.standing.paid == Paid.YES
    elif any(each.standing.outcome in GIVEN for each in found):
        assert most.standing.outcome in GIVEN


def test_a_band_that_the_country_has_no_more_is_counted_as_not_stated() -> None:
    old = Counted(Standing(Forum.ABROAD, "huge", Outcome.GRANTED, "huge", Paid.NO), new=True)
    codes = {"sex": ["feminine"], "age_band": ["unknown"]}
    row = counting.claimant("p", [old], BANDS, "feminine", "99", codes)
    assert row is not None
    assert (row["asked"], row["granted"], row["paid"], row["age_band"]) == (NOT_STATED, NOT_STATED, "no", "unknown")
    assert counting.claimant("p", [], BANDS, "feminine", "99", codes) is None
