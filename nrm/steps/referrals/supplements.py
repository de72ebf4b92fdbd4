"""Beginning, reading and forgetting a supplement inside the transaction of an action."""

from __future__ import annotations

import uuid
from datetime import timedelta

from sqlalchemy import update
from sqlalchemy.orm import Session

from nrm import clock
from nrm.db import db, hit_one, rows_hit
from nrm.domain.accounts.accounts import Actor, NotVisible, Permission
from nrm.domain.agreement.agreements import RECEIVER
from nrm.domain.shelter.cases import SUPPLEMENT, SUPPLEMENT_HOURS
from nrm.models.referrals.referrals import Obligation, Referral
from nrm.models.shelter.cases import Case, Supplement
from nrm.store.referrals import obligations
from nrm.store.rows.referrals import supplements as supplement_rows
from nrm.store.shelter import cases as case_store
from nrm.vault import compartments as vault
from nrm.vault import rows

Opened = vault.Opened


def promised(case_id: uuid.UUID, post: uuid.UUID | None, pseudonym: str) -> Supplement:
    """The supplement that the post may add for the case with that code, once its urgent hand-over is accepted."""
    supplement = Supplement(id=uuid.uuid4(), case_id=case_id, organisation_id=post, status="waiting")
    supplement.mark = rows.supplement_mark(supplement, pseudonym, None)
    return supplement


def begin(session: Session, referral: Referral) -> None:
    """An urgent hand-over was accepted: let its sender add something, and make the rest a task of the receiver."""
    supplement = supplement_rows.of_case(referral.case_id)
    if supplement is None or supplement.status != "waiting":
        return
    code = session.get_one(Case, referral.case_id).pseudonym
    if not rows.is_supplement(supplement, code):
        return  # somebody pointed the row to this case by hand: that must not prevent the acceptance
    until = clock.now() + timedelta(hours=SUPPLEMENT_HOURS)
    hit = hit_one(
        session,
        update(Supplement)
        .where(Supplement.id == supplement.id, Supplement.case_id == referral.case_id, Supplement.status == "waiting")
        .values(status="open", open_until=until, mark=rows.supplement_mark(supplement, code, until)),
    )
    if hit:
        session.add(owed(referral.case_id, obligations.COMPLETE_INTERVIEW, referral.clause))


def owed(case_id: uuid.UUID, kind: str, clause: str) -> Obligation:
    return Obligation(case_id=case_id, kind=kind, party=RECEIVER, clause=clause)


def read(*, case_id: uuid.UUID, by: Actor) -> Opened | None:
    """What was added, for the holder's session that opened it; None before. Raises NotPermitted, NotVisible."""
    by.must(Permission.CASE_OPEN)
    held_case(case_id, by)
    session = db.session()
    if not vault.is_allowed(session, case_id, SUPPLEMENT, by=by):
        return None
    return vault.read(session, case_id, SUPPLEMENT, by=by)


def held_case(case_id: uuid.UUID, by: Actor, *, lock: bool = False) -> Case:
    case = case_store.row(case_id, by=by, lock=lock)
    if case.holder_id != by.organisation_id or case.status == "referred":
        raise NotVisible
    return case


def forget(session: Session, case_id: uuid.UUID, by: Actor) -> None:
    """The person does not agree: close the supplement and its tasks. The caller destroys what was added."""
    session.execute(
        update(Supplement)
        .where(Supplement.case_id == case_id, Supplement.status.in_(("open", "sent")))
        .values(status="lapsed", open_until=None)
    )
    for kind in (obligations.READ_SUPPLEMENT, obligations.COMPLETE_INTERVIEW):
        done(session, case_id, kind, by)


def done(session: Session, case_id: uuid.UUID, kind: str, by: Actor) -> bool:
    """Mark the task as done; returns whether it was still open (False for the second of two at once)."""
    changed = rows_hit(
        session,
        update(Obligation)
        .where(Obligation.case_id == case_id, Obligation.kind == kind, Obligation.done_at.is_(None))
        .values(done_at=clock.now(), done_by_id=by.member_id),
    )
    return changed > 0
