"""What follows when somebody counts as an adult or as a child, inside the transaction of an action (ADR 0070)."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from datetime import date

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from nrm import audit, clock
from nrm.domain.accounts.accounts import Actor, OrganisationKind
from nrm.domain.agreement.agreements import RECEIVER
from nrm.domain.shelter.ages import ADULT, CONSENT_WITHIN, Kind
from nrm.domain.shelter.findings import CHILD_FILE
from nrm.models.referrals.referrals import Obligation
from nrm.models.shelter.ages import CaseAge
from nrm.models.shelter.cases import Case
from nrm.steps.shelter import child_files
from nrm.store import days
from nrm.store.countries import country
from nrm.store.referrals.obligations import ASK_CONSENT
from nrm.store.rows.accounts import accounts as account_rows
from nrm.vault import compartments as vault
from nrm.vault import epochs, grants, sharing

_ASSESS = ("assess_risk", "assess_security", "assess_family")


def add(
    session: Session,
    case: Case,
    kind: Kind,
    by: Actor,
    *,
    month: date | None = None,
    age_class: str = "",
    on: date | None = None,
    new_keys: bool = True,
) -> None:
    """Append an entry."""
    number = session.scalar(select(func.count()).where(CaseAge.case_id == case.id)) or 0
    session.add(
        CaseAge(
            case_id=case.id,
            position=number + 1,
            kind=str(kind),
            adult_month=month,
            from_on=on,
            age_class=age_class,
            was=case.age_class if age_class else "",
            new_keys=new_keys,
            recorded_on=days.today(),
            organisation_id=by.organisation_id,
            member_id=by.member_id,
        )
    )
    session.flush()


def turn(
    session: Session, case: Case, age_class: str, on: date, kind: Kind, by: Actor, *, agrees: bool = False
) -> None:
    """From `on` the person counts as `age_class`. As an adult: what the child authority may read ends, unless she
    agrees (`agrees`), and her own consent is asked within seven days. As a child: what is owed to a child is owed.

    Where the actor is not the holder, who has the keys, the new keys follow when her consent is asked. Call
    `shredding.work_off` after the transaction.
    """
    holder = by.organisation_id is not None and by.organisation_id == case.holder_id
    new_keys = True
    if age_class == ADULT and not agrees:
        new_keys = _end_reading(session, case, by, with_keys=holder)
    add(session, case, kind, by, age_class=age_class, on=on, new_keys=new_keys)
    case.age_class = age_class
    if age_class == ADULT:
        _ask_consent(session, case)
    else:
        _assess(session, case)
    session.flush()
    audit.append(session, audit.Event.AGE_RECORDED, by=by, case_id=case.id, kind=str(kind), age_class=age_class)


def _end_reading(session: Session, case: Case, by: Actor, *, with_keys: bool) -> bool:
    """End what organisations of child protection may read; returns whether it has new keys, or needs none."""
    authorities = {each.id for each in account_rows.of_kind(OrganisationKind.CHILD_PROTECTION)} - {case.holder_id}
    read = _read_by(session, case.id, authorities)
    if with_keys and read:
        _new_keys(session, case.id, {each: holders - authorities for each, holders in read.items()}, by)
    for organisation_id in sorted(authorities, key=str):
        grants.take_back(session, case.id, organisation_id, list(read))
        file_id = child_files.of(session, case.id)
        if file_id is not None:
            grants.take_back(session, file_id, organisation_id, [CHILD_FILE])
    if read:
        audit.append(session, audit.Event.ACCESS_NARROWED, by=by, case_id=case.id)
    return with_keys or not read


def _read_by(session: Session, case_id: uuid.UUID, organisations: Collection[uuid.UUID]) -> dict[str, set[uuid.UUID]]:
    """The compartments that one of these organisations reads, with everybody who does."""
    found = {each: grants.holders_of(session, case_id, each) for each in vault.compartments_of(session, case_id)}
    return {each: holders for each, holders in found.items() if holders & set(organisations)}


def _new_keys(session: Session, case_id: uuid.UUID, keep: dict[str, set[uuid.UUID]], by: Actor) -> None:
    asked = grants.waiting(session, case_id)
    epochs.rotate(session, case_id, keep, by=by)
    sharing.offer(session, case_id, asked, by=by, compartments=keep)


def seal_anew(session: Session, case: Case, by: Actor) -> None:
    """Give new keys to what the child authority read, where that ended without the holder. The actor is the holder."""
    waits = (CaseAge.case_id == case.id, CaseAge.new_keys.is_(False))
    if session.scalar(select(CaseAge.id).where(*waits).limit(1)) is None:
        return
    there = vault.compartments_of(session, case.id)
    _new_keys(session, case.id, {each: grants.holders_of(session, case.id, each) for each in there}, by)
    session.execute(update(CaseAge).where(*waits).values(new_keys=True))


def _ask_consent(session: Session, case: Case) -> None:
    """Her own consent is owed within seven days; what was owed to a child is no longer owed."""
    session.execute(
        update(Obligation)
        .where(Obligation.case_id == case.id, Obligation.kind.in_(_ASSESS), Obligation.done_at.is_(None))
        .values(done_at=clock.now())
    )
    due_at = clock.now() + CONSENT_WITHIN
    mine = (Obligation.case_id == case.id, Obligation.kind == ASK_CONSENT, Obligation.party == RECEIVER)
    found = session.scalar(select(Obligation).where(*mine).with_for_update())
    if found is None:
        session.add(Obligation(case_id=case.id, kind=ASK_CONSENT, party=RECEIVER, clause="", due_at=due_at))
        return
    found.due_at, found.done_at, found.done_by_id = due_at, None, None


def _assess(session: Session, case: Case) -> None:
    """Child protection assesses risk, security and family, as the clauses say of a child."""
    now = clock.now()
    agreement = country().in_force(now)
    there = set(session.scalars(select(Obligation.kind).where(Obligation.case_id == case.id)))
    for clause in agreement.of_referral:
        for duty in clause.duties:
            party = agreement.parties.get(duty.party)
            of_children = party is not None and party.kind is OrganisationKind.CHILD_PROTECTION
            if duty.kind in _ASSESS and duty.kind not in there and of_children:
                there.add(duty.kind)
                due_at = now + duty.within if duty.within is not None else None
                session.add(
                    Obligation(case_id=case.id, kind=duty.kind, party=duty.party, clause=clause.number, due_at=due_at)
                )
    session.execute(
        update(Obligation)
        .where(Obligation.case_id == case.id, Obligation.kind.in_(_ASSESS))
        .values(done_at=None, done_by_id=None)
    )
