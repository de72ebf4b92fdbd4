"""Whether a benefit of a person is not over yet, as far as this session can tell (ADR 0182)."""

from __future__ import annotations

import uuid

from nrm.actions.support import benefits as actions
from nrm.domain.accounts.accounts import NotVisible
from nrm.domain.shelter.cases import CaseRefused
from nrm.domain.support.benefits import BenefitRefused, State
from nrm.store.support import benefits as store
from nrm.web import access

SECOND, OPEN, SEALED = "second", "open", "sealed"


def of_case(case_id: uuid.UUID) -> list[str]:
    """`SECOND`: one waits for a second member of the house; `OPEN`: one waits to be paid, or the person has not been
    told what became of it; `SEALED`: one of the house is so, and whose it is lies under a seal that this session has
    not opened."""
    by = access.actor()
    if not any(_is_open(line) for line in store.of_house(by=by)):
        return []
    try:
        mine = actions.of_person(case_id=case_id, by=by)
    except actions.CannotOpen:
        return [SEALED]
    except (CaseRefused, BenefitRefused, NotVisible):
        return []
    found = {SECOND if line.waits_for_second else OPEN for _, line in mine if line is not None and _is_open(line)}
    return sorted(found, reverse=True)


def _is_open(line: store.BenefitLine) -> bool:
    return line.state is State.ASKED or line.is_new
