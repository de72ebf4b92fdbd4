"""Steps of a witness."""

from __future__ import annotations

from itertools import product

import pytest

from nrm.domain.shelter.testimony import (
    REASONS,
    THREATS,
    IllegalStep,
    LeavingReason,
    Reason,
    WithdrawalReason,
    WitnessStatus,
    check_track,
    following,
    stands,
    step,
)

_S = WitnessStatus
EVIDENCE = {"evidence_serious_crimes_court", "evidence_district_court"}
HEARD = EVIDENCE | {"in_witness_protection", "testimony_withdrawn"}
LEGAL = {
    "not_a_witness": {"willing", "statement_given"},
    "willing": {"not_a_witness", "statement_given"},
    "statement_given": HEARD,
    "evidence_serious_crimes_court": HEARD,
    "evidence_district_court": HEARD,
    "in_witness_protection": EVIDENCE | {"testimony_withdrawn", "left_witness_protection"},
    "left_witness_protection": EVIDENCE | {"in_witness_protection", "testimony_withdrawn"},
    "testimony_withdrawn": {"statement_given"},
}
BEFORE: dict[WitnessStatus, list[WitnessStatus]] = {
    _S.NOT_A_WITNESS: [],
    _S.LEFT_WITNESS_PROTECTION: [_S.IN_WITNESS_PROTECTION, _S.LEFT_WITNESS_PROTECTION],
}


def usual_reason(status: WitnessStatus) -> Reason | None:
    return next(iter(REASONS[status])) if status in REASONS else None


@pytest.mark.parametrize(("before", "after"), list(product(WitnessStatus, WitnessStatus)))
def test_every_step_is_legal_exactly_when_it_was_worked_out_so(before: WitnessStatus, after: WitnessStatus):
    reason = usual_reason(after)
    if after.value in LEGAL[before.value]:
        assert step(BEFORE.get(before, [before]), after, reason) is after
        return
    with pytest.raises(IllegalStep) as caught:
        step(BEFORE.get(before, [before]), after, reason)
    assert caught.value.reason == "state"


def test_who_is_in_the_programme_is_heard_in_court_and_may_leave_it_before_and_after() -> None:
    inside = [_S.STATEMENT_GIVEN, _S.IN_WITNESS_PROTECTION, _S.EVIDENCE_DISTRICT_COURT]
    assert stands(inside) == (_S.EVIDENCE_DISTRICT_COURT, True)
    assert _S.LEFT_WITNESS_PROTECTION in following(inside)
    left = [*inside, _S.LEFT_WITNESS_PROTECTION]
    assert stands(left) == (_S.EVIDENCE_DISTRICT_COURT, False)
    assert _S.LEFT_WITNESS_PROTECTION not in following(left)
    assert _S.IN_WITNESS_PROTECTION in following(left)
    # Leaving the programme is no new statement of who withdrew.
    withdrew = [_S.STATEMENT_GIVEN, _S.IN_WITNESS_PROTECTION, _S.TESTIMONY_WITHDRAWN, _S.LEFT_WITNESS_PROTECTION]
    assert following(withdrew) == (_S.STATEMENT_GIVEN,)


def test_nobody_leaves_the_programme_who_did_not_enter_it() -> None:
    left = (_S.LEFT_WITNESS_PROTECTION, LeavingReason.OWN_WISH)
    with pytest.raises(IllegalStep, match="later_steps"):
        check_track([(_S.STATEMENT_GIVEN, None), left])
    check_track([(_S.STATEMENT_GIVEN, None), (_S.IN_WITNESS_PROTECTION, None), left])


@pytest.mark.parametrize(
    ("before", "after", "reason"),
    [
        (_S.STATEMENT_GIVEN, _S.TESTIMONY_WITHDRAWN, None),
        (_S.STATEMENT_GIVEN, _S.TESTIMONY_WITHDRAWN, LeavingReason.OTHER),
        (_S.IN_WITNESS_PROTECTION, _S.LEFT_WITNESS_PROTECTION, None),
        (_S.IN_WITNESS_PROTECTION, _S.LEFT_WITNESS_PROTECTION, WithdrawalReason.OTHER),
    ],
)
def test_a_withdrawal_and_leaving_need_a_reason_of_their_own_list(
    before: WitnessStatus, after: WitnessStatus, reason: Reason | None
):
    with pytest.raises(IllegalStep) as caught:
        step([before], after, reason)
    assert caught.value.reason == "reason_missing"


def test_nothing_but_a_withdrawal_and_leaving_has_a_reason():
    with pytest.raises(IllegalStep) as caught:
        step([WitnessStatus.WILLING], WitnessStatus.STATEMENT_GIVEN, WithdrawalReason.OTHER)
    assert caught.value.reason == "reason_unexpected"


def test_a_threat_is_told_whatever_it_made_the_witness_do() -> None:
    assert {str(each) for each in THREATS} == {"threat_to_self", "threat_to_family", "threat"}
    assert not THREATS & {WithdrawalReason.TRAUMA, LeavingReason.OWN_WISH}
