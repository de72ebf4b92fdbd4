"""Every member of an enum that a page names has its words."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum

import pytest

import forms
import nrm.domain
import nrm.web
from tests.invariants.test_refusals import modules

# Members that no page names, and why.
NEVER_SHOWN = {
    "forms.agreement.agreements.KIND_LABELS": {"ministry", "operator"},  # never a party of an agreement
    # What the permit unit does not decide is entered from no paper of it.
    "forms.shelter.permits.PAPER_LABELS": {"inform", "counsel", "apply", "appeal", "withdraw"},
    # From these nothing can be withdrawn.
    "forms.shelter.permits.WITHDRAWN_LABELS": {"not_informed", "informed", "refused", "withdrawn", "expired"},
    "forms.support.benefits.CALLED_OFF_LABELS": {"asked", "called_off"},  # it is called off already
    "forms.support.benefits.SETTLE_LABELS": {"asked", "called_off"},  # the house says these, and not the desk
    "nrm.web.shelter.child_returns.STEP_LABELS": {"requested"},  # how a return begins, so nobody steps to it
}


def labels() -> dict[str, Mapping[Enum, object]]:
    """Every table of labels whose keys are members of an enum, by the module that it is written in."""
    found: dict[str, Mapping[Enum, object]] = {}
    known: set[int] = set()
    for package in (nrm.domain, forms, nrm.web):
        for module in modules(package):
            for name, value in vars(module).items():
                if not name.endswith("_LABELS") or not isinstance(value, Mapping) or id(value) in known:
                    continue
                known.add(id(value))
                if all(isinstance(key, Enum) for key in value):
                    found[f"{module.__name__}.{name}"] = value
    return found


@pytest.mark.parametrize("name", sorted(labels()))
def test_a_table_of_labels_has_one_for_every_member(name: str) -> None:
    """A form offers what its table has: a member without a label is a choice that nobody can make."""
    table = labels()[name]
    (kind,) = {type(key) for key in table}
    assert {str(each) for each in set(kind) - set(table)} == NEVER_SHOWN.get(name, set())
    assert all(str(each).strip() for each in table.values())


def test_tables_are_found() -> None:
    """A table that is not found would not be looked at."""
    assert len(labels()) > 20
    assert set(labels()) >= set(NEVER_SHOWN)
