"""Erasing what is sealed: because its time is over, or because the person asks. Facts for the statistics stay.

Erased means: the rows and the shred keys are deleted, and the list outside the databases says so. An older backup that
is restored with that list opens nothing of it.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from flask import current_app
from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from config import Config
from nrm import audit, clock, faults
from nrm.actions import alone, cases, consenting, requests
from nrm.db import db, transaction
from nrm.domain.accounts import Actor, NotVisible, Permission
from nrm.domain.cases import SUPPLEMENT, CaseRefusal, CaseRefused, Compartment
from nrm.domain.referrals import ReferralStatus
from nrm.domain.requests import RequestKind, RequestStatus
from nrm.domain.retention import ends_on
from nrm.domain.second_hands import ActKind, ActReason, WaitsForSecond
from nrm.models.cases import Case, SealedCompartment
from nrm.models.referrals import Referral
from nrm.models.stays import Stay
from nrm.models.testimony import Testimony
from nrm.store import absences
from nrm.store import cases as store
from nrm.store.countries import country
from nrm.vault import compartments as vault
from nrm.vault import epochs, erased, shredding

LIST = "erased.jsonl"


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
        carry_out()
    return count


def _compartments_due(case_id: uuid.UUID) -> tuple[list[str], int]:
    """(the compartments of a closed case whose time is over, how many are kept as long as the court file)."""
    case = db.session.get(Case, case_id, populate_existing=True)
    if case is None or case.status != "closed" or case.closed_month is None:
        return [], 0
    rules = country().retention
    over, kept = [], 0
    for compartment in vault.compartments_of(db.session(), case_id):
        # A supplement contains the same things as the story, and is kept no longer.
        told = Compartment.STORY if compartment == SUPPLEMENT else Compartment(compartment)
        years = rules.years_after_closing[told]
        ends = ends_on(
            years,
            closed_month=case.closed_month,
            registered_month=case.registered_month,
            age_class=case.age_class,
            age_band=case.age_band,
            children_until_age=rules.children_until_age,
        )
        kept += years is None
        if ends is not None and ends <= _today():
            over.append(compartment)
    return over, kept


def _erase_over(case_id: uuid.UUID, by: Actor) -> None:
    with transaction() as session:
        over, _ = _compartments_due(case_id)
        destroy(session, case_id, over, by)


def erase(*, case_id: uuid.UUID, by: Actor) -> None:
    """The person no longer agrees that anything is kept: destroy everything that is sealed, and close the case.

    The legal file of a witness is kept as long as the court file. Raises NotPermitted, NotVisible, CaseRefused
    (`not_holder`, `stay_open`, `referral_open`, `missing`, `nothing_to_erase`); WaitsForSecond for the third in an
    hour: then nothing is destroyed, but nobody reads by the person's consent any more.

    Erasing closes an open case, so a child, or a person who may be one, must pass the child gate (GateClosed). The gate
    of the residence permit does not block an adult: what is kept is hers, and nothing here sends her abroad. Her stay
    ended before, through its own gate, and is not changed; nor is the row that says whether she was told of the permit.
    """
    by.must(Permission.STAY_MANAGE)
    with transaction() as session:
        case = _erasable_now(session, case_id, by)
        waits = alone.goes(session, ActKind.ERASE, ActReason.ERASURE_ASKED, case_id, by)
        if waits is None:
            _erase_whole(session, case, by)
            alone.count(session, ActKind.ERASE, case_id, by)
        else:
            consenting.end_all_reading(session, case_id, by)
    carry_out()
    if waits is not None:
        raise WaitsForSecond(waits)


def erase_whole(session: Session, case_id: uuid.UUID, by: Actor) -> None:
    """`erase` in the transaction of the second member who agrees; raises the same. Call `carry_out` afterwards."""
    by.must(Permission.STAY_MANAGE)
    _erase_whole(session, _erasable_now(session, case_id, by), by)


def _erasable_now(session: Session, case_id: uuid.UUID, by: Actor) -> Case:
    case = store.row(case_id, by=by, lock=True)
    if case.holder_id is None or case.holder_id != by.organisation_id or case.status == "referred":
        raise CaseRefused(CaseRefusal.NOT_HOLDER)
    if session.scalar(select(exists().where(Stay.case_id == case_id, Stay.ended_on.is_(None)))):
        raise CaseRefused(CaseRefusal.STAY_OPEN)
    waiting = (ReferralStatus.SENT, ReferralStatus.ACCEPTED)
    if session.scalar(select(exists().where(Referral.case_id == case_id, Referral.status.in_(waiting)))):
        raise CaseRefused(CaseRefusal.REFERRAL_OPEN)
    if case.status == "open" and case.age_class != "adult":
        if absences.stands(case_id) is not None:
            raise CaseRefused(CaseRefusal.MISSING)
        cases.check_child_left(case, by)
    if not to_erase(session, case_id):
        raise CaseRefused(CaseRefusal.NOTHING_TO_ERASE)
    return case


def _erase_whole(session: Session, case: Case, by: Actor) -> None:
    erased_now = to_erase(session, case.id)
    if case.status == "open":
        case.status, case.closed_month = "closed", _today().replace(day=1)
        audit.append(session, audit.Event.CASE_CLOSED, by=by, case_id=case.id)
    destroy(session, case.id, erased_now, by)
    consenting.end_all(session, case.id, by)
    requests.answer_by_doing(session, case.id, RequestKind.ERASURE, RequestStatus.ERASED, by)
    requests.answer_by_doing(session, case.id, RequestKind.WITHDRAWAL, RequestStatus.ERASED, by)
    # What is kept is sealed to the holder alone.
    keep = {each: [case.holder_id] for each in vault.compartments_of(session, case.id) if case.holder_id}
    epochs.rotate(session, case.id, keep, by=by)


def to_erase(session: Session, case_id: uuid.UUID) -> list[str]:
    """The compartments that erasing the case would destroy: all, except a witness's legal file."""
    there = session.scalars(select(SealedCompartment.compartment).where(SealedCompartment.case_id == case_id)).all()
    witness = session.scalar(select(exists().where(Testimony.case_id == case_id)))
    return sorted(each for each in there if not (witness and each == Compartment.LEGAL))


def erasable(*, case_id: uuid.UUID, by: Actor) -> tuple[list[str], bool]:
    """(what `erase` would destroy, whether a legal file stays), for its page; raises NotPermitted, NotVisible."""
    by.must(Permission.STAY_MANAGE)
    if store.row(case_id, by=by).holder_id != by.organisation_id:
        raise NotVisible
    session = db.session()
    going = to_erase(session, case_id)
    return going, len(going) < len(vault.compartments_of(session, case_id))


def destroy(session: Session, case_id: uuid.UUID, compartments: Iterable[str], by: Actor) -> None:
    """Erase these compartments in the caller's transaction. Needs no key. Call `carry_out` after the transaction."""
    gone = list(compartments)
    epochs.erase(session, case_id, gone)
    for compartment in gone:
        audit.append(session, audit.Event.KEYS_DESTROYED, by=by, case_id=case_id, compartment=compartment)


def carry_out() -> None:
    """Write the lists outside the databases, then destroy the keys: the lists must know of every destroyed key."""
    complete_lists()
    shredding.work_off()


def complete_lists(also: Path | None = None) -> int:
    """Bring the lists outside the databases up to date; returns how many lines were missing.

    A folder that cannot be written is reported and tried again by the next `tend`.
    """
    config: Config = current_app.extensions["nrm.config"]
    added = 0
    for folder in {config.directory, config.backups, also} - {None}:
        try:
            added += erased.complete(Path(str(folder)) / LIST)
        except (OSError, erased.ForgedList) as error:
            current_app.logger.error("the list of what was erased cannot be continued: %s", faults.described(error))
    return added


def _today() -> date:
    return clock.today(country().timezone)
