"""Steps of a victim-witness."""

from __future__ import annotations

from itertools import product

import pytest

from nrm.domain.shelter.testimony import IllegalStep, WithdrawalReason, WitnessStatus, step

EVIDENCE = {"evidence_serious_crimes_court", "evidence_district_court"}
HEARD = EVIDENCE | {"in_witness_protection", "testimony_withdrawn"}
LEGAL = {
    "not_a_witness": {"willing", "statement_given"},
    "willing": {"not_a_witness", "statement_given"},
    "statement_given": HEARD,
    "evidence_serious_crimes_court": HEARD,
    "evidence_district_court": HEARD,
    "in_witness_protection": EVIDENCE | {"testimony_withdrawn"},
    "testimony_withdrawn": {"statement_given"},
}


@pytest.mark.parametrize(("before", "after"), list(product(WitnessStatus, WitnessStatus)))
def test_every_step_is_legal_exactly_when_it_was_worked_out_so(before: WitnessStatus, after: WitnessStatus):
    reason = WithdrawalReason.TRAUMA if after is WitnessStatus.TESTIMONY_WITHDRAWN else None
    if after.value in LEGAL[before.value]:
        assert step(before, after, reason) is after
        return
    with pytest.raises(IllegalStep) as caught:
        step(before, after, reason)
    assert caught.value.reason == "state"


def test_a_withdrawal_needs_its_reason():
    with pytest.raises(IllegalStep) as caught:
        step(WitnessStatus.STATEMENT_GIVEN, WitnessStatus.TESTIMONY_WITHDRAWN)
    assert caught.value.reason == "reason_missing"


def test_nothing_but_a_withdrawal_has_a_reason():
    with pytest.raises(IllegalStep) as caught:
        step(WitnessStatus.WILLING, WitnessStatus.STATEMENT_GIVEN, WithdrawalReason.OTHER)
    assert caught.value.reason == "reason_unexpected"
