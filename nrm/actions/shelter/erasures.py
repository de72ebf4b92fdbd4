"""Erasing what is sealed: because its time is over, or because the person asks. Facts for the statistics stay.

Erased means: the rows and the shred keys are deleted, and the list outside the databases says so. An older backup that
is restored with that list opens nothing of it.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from sqlalchemy import select

from nrm.db import db, transaction
from nrm.domain.accounts.accounts import Actor, NotVisible, Permission
from nrm.domain.accounts.second_hands import ActKind, ActReason, WaitsForSecond
from nrm.domain.shelter.cases import HOUSE_LABEL, CaseRefused
from nrm.domain.shelter.permits import GateClosed
from nrm.models.shelter.cases import Case
from nrm.steps.shelter import cases as case_steps
from nrm.steps.shelter import child_files, clear_rows, parked
from nrm.steps.shelter import erasures as steps
from nrm.steps.support import follow_ups as follow_up_steps
from nrm.store.rows.accounts import second_hands as act_rows
from nrm.store.rows.shelter import closings as closing_rows
from nrm.store.shelter import cases as store
from nrm.vault import compartments as vault

_BATCH = 200


@dataclass(slots=True)
class Count:
    """What `erase_expired` found: cases and compartments whose time is over, and those kept as a court file."""

    cases: int = 0
    compartments: int = 0
    kept_as_court_file: int = 0


def erase_expired(*, dry_run: bool = False, tell: Callable[[Count], None] = lambda _: None) -> Count:
    """Erase what the country's retention periods no longer cover; `dry_run` only counts.

    Each case has its own transaction, so that it can be stopped and started again. It needs no key.
    """
    by = Actor.system("retention")
    count = Count()
    for case_id in db.session.scalars(select(Case.id).where(Case.closed_month.is_not(None)).order_by(Case.id)).all():
        over, kept = _compartments_due(case_id)
        db.session.rollback()
        count.kept_as_court_file += kept
        if over:
            count.cases += 1
            count.compartments += len(over)
            if not dry_run:
                _erase_over(case_id, by)
        tell(count)
    if not dry_run:
        steps.carry_out()
    return count


def _compartments_due(case_id: uuid.UUID, *, lock: bool = False) -> tuple[list[str], int]:
    """(the compartments of a closed case whose time is over, how many are kept as long as the court file). `lock`:
    nobody opens the case again before the transaction ends."""
    case = db.session.get(Case, case_id, populate_existing=True, with_for_update=lock or None)
    if case is None or case.status != "closed" or case.closed_month is None:
        return [], 0
    over, kept = [], 0
    for compartment in vault.compartments_of(db.session(), case_id):
        if compartment == HOUSE_LABEL:
            over.append(compartment)
            continue
        ends = closing_rows.ends_on(case, compartment)
        kept += ends is None
        if ends is not None and ends <= steps.today():
            over.append(compartment)
    return over, kept


def _erase_over(case_id: uuid.UUID, by: Actor) -> None:
    with transaction() as session:
        over, _ = _compartments_due(case_id, lock=True)
        steps.destroy(session, case_id, over, by)
        if over:
            child_files.destroy(session, case_id)
        clear_rows.forget(session, case_id)


def forget_rows() -> int:
    """Keep in clear only what something needs, of people of whom nothing is kept under seal; of how many anything was
    left to take (ADR 0242). It needs no key."""
    due = clear_rows.due(_BATCH)
    db.session.rollback()
    done = 0
    for case_id in due:
        with transaction() as session:
            session.get(Case, case_id, with_for_update=True, populate_existing=True)
            done += clear_rows.forget(session, case_id)
    return done


def erase(*, case_id: uuid.UUID, by: Actor, signed_on: date | None = None) -> None:
    """The person no longer agrees that anything is kept: close the case to everybody at once. What is sealed is
    destroyed when a second hand says so, or in time (ADR 0102).

    `signed_on`: the day on the form that she signed. The legal file of a witness is kept as long as the court file.
    Raises NotPermitted, NotVisible, CaseRefused (`not_holder`, `stay_open`, `referral_open`, `missing`,
    `not_come`, `mistaken`, `nothing_to_erase`); and WaitsForSecond always: the act's page says what is done and what
    waits. From the third in seven days on nothing is closed before a second hand agrees, but nobody reads by the
    person's consent any more.

    Erasing closes an open case, so a child, or a person who may be one, must pass the child gate (GateClosed). The gate
    of the residence permit does not block an adult: what is kept is hers, and nothing here sends her abroad. Her stay
    ended before, through its own gate, and is not changed; nor is the row that says whether she was told of the permit.
    """
    by.must(Permission.STAY_MANAGE)
    with transaction() as session:
        store.row(case_id, by=by, lock=True)
        case = None if act_rows.parking(case_id) else parked.able(session, case_id, ActKind.ERASE, by)
        act_id = parked.ask(session, ActKind.ERASE, ActReason.ERASURE_ASKED, case_id, case, by, signed_on=signed_on)
    steps.carry_out()
    raise WaitsForSecond(act_id)


def why_not_erased(*, case_id: uuid.UUID, by: Actor) -> CaseRefused | GateClosed | None:
    """Why `erase` would refuse now, or `parked` where the case is closed to everybody already; None if nothing stands
    against it. Raises NotPermitted, NotVisible."""
    by.must(Permission.STAY_MANAGE)
    try:
        case_steps.check_not_parked(case_id)
        steps.erasable_now(db.session(), case_id, by)
        follow_up_steps.check_forgetting(case_id)
    except (CaseRefused, GateClosed) as refused:
        return refused
    return None


def erasable(*, case_id: uuid.UUID, by: Actor) -> tuple[list[str], bool]:
    """(what `erase` would destroy, whether a legal file stays), for its page; raises NotPermitted, NotVisible."""
    by.must(Permission.STAY_MANAGE)
    if store.row(case_id, by=by).holder_id != by.organisation_id:
        raise NotVisible
    session = db.session()
    going = steps.to_erase(session, case_id)
    return going, len(going) < len(vault.compartments_of(session, case_id))
