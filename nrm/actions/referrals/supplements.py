"""What the sender of an urgent hand-over adds afterwards, and what the holder does with it (ADR 0016).

The sender seals it to the present holder of the case and keeps no key, not even to what it wrote. It is a compartment
of the case: it is handed on, closed and erased with the others.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from nrm import audit, clock
from nrm.db import hit_one, transaction
from nrm.domain.accounts.accounts import Actor, NotVisible, Permission
from nrm.domain.interviews.interviews import Answers
from nrm.domain.referrals.referrals import IllegalTransition, TransitionRefusal
from nrm.domain.referrals.supplements import AGREED, against_age, by_compartment
from nrm.domain.shelter.ages import CHILD
from nrm.domain.shelter.cases import SUPPLEMENT, CaseRefusal, CaseRefused
from nrm.models.referrals.referrals import Obligation
from nrm.models.shelter.cases import Case, Supplement
from nrm.steps.referrals import supplements as steps
from nrm.steps.shelter import cases as case_steps
from nrm.store import days
from nrm.store.countries import country
from nrm.store.referrals import obligations
from nrm.store.referrals import supplements as store
from nrm.store.rows.referrals import supplements as supplement_rows
from nrm.vault import compartments as vault
from nrm.vault import epochs, rows, sharing, shredding

_BATCH = 200


def send(*, supplement_id: uuid.UUID, answers: Answers, by: Actor) -> None:
    """Seal the answers to the present holder of the case; the sender can no longer read them or add any.

    Raises NotPermitted, NotVisible (another's, pointed to another case by hand, or the time is over),
    IllegalTransition (sent before), CaseRefused (`nothing_added`, `closed`).
    """
    by.must(Permission.INTERVIEW_CONDUCT)
    if not answers:
        raise CaseRefused(CaseRefusal.NOTHING_ADDED)
    with transaction() as session:
        supplement = store.row(supplement_id, by=by)
        case = session.get_one(Case, supplement.case_id, with_for_update=True, populate_existing=True)
        if supplement.status == "open" and not rows.is_supplement(supplement, case.pseudonym):
            raise NotVisible
        hit = hit_one(
            session,
            update(Supplement)
            .where(
                Supplement.id == supplement_id,
                Supplement.case_id == case.id,
                Supplement.status == "open",
                Supplement.open_until > clock.now(),
            )
            .values(status="sent", open_until=None),
        )
        if not hit:
            if supplement.status == "open":
                raise NotVisible
            raise IllegalTransition(TransitionRefusal.STATE)
        if case.status == "closed" or case.holder_id is None:
            raise CaseRefused(CaseRefusal.CLOSED)
        also = case_steps.having(session, case.id)
        sharing.hand_in(session, case.id, SUPPLEMENT, {"answers": dict(answers)}, case.holder_id, also=also)
        begun = session.scalar(
            select(Obligation.clause).where(
                Obligation.case_id == case.id, Obligation.kind == obligations.COMPLETE_INTERVIEW
            )
        )
        session.add(steps.owed(case.id, obligations.READ_SUPPLEMENT, begun or ""))
        audit.append(session, audit.Event.SUPPLEMENT_SENT, by=by, case_id=case.id, holder_id=case.holder_id)


def take_over(*, case_id: uuid.UUID, by: Actor) -> None:
    """Write the answers into the compartments they belong to, for a session that opened the supplement; it is then
    destroyed.

    Raises NotPermitted, NotVisible, CannotOpen, CaseRefused (`consent_first`: the person has not said yes; `closed`;
    `born_later`: by the date of birth the adult of the case is a child, which is recorded first), StaleRevision.
    """
    by.must(Permission.CASE_OPEN)
    with transaction() as session:
        case = _writable(case_id, by)
        value = vault.read(session, case_id, SUPPLEMENT, by=by).value
        _merge(session, case, value["answers"], by, wordings=value.get("wordings"))
        epochs.shred(session, case_id, [SUPPLEMENT])
        _dealt_with(session, case_id, "taken", by)
        audit.append(session, audit.Event.SUPPLEMENT_TAKEN, by=by, case_id=case_id)
    shredding.work_off()


def file(*, case_id: uuid.UUID, by: Actor) -> None:
    """Keep it sealed in the case as it is; the task is done. Raises NotPermitted, NotVisible, CaseRefused."""
    by.must(Permission.CASE_OPEN)
    with transaction() as session:
        steps.held_case(case_id, by, lock=True)
        _dealt_with(session, case_id, "filed", by)
        audit.append(session, audit.Event.SUPPLEMENT_FILED, by=by, case_id=case_id)


def complete(*, case_id: uuid.UUID, answers: Answers, by: Actor) -> None:
    """The holder itself adds what the urgent interview left out; then its task is done. This is possible once.

    Raises NotPermitted, NotVisible, CannotOpen, CaseRefused (as `take_over`; `nothing_added`; `completed`: what was
    completed is not overwritten).
    """
    by.must(Permission.CASE_OPEN)
    if not answers:
        raise CaseRefused(CaseRefusal.NOTHING_ADDED)
    with transaction() as session:
        case = _writable(case_id, by)
        if supplement_rows.of_case(case_id) is None:
            raise NotVisible
        if not steps.done(session, case_id, obligations.COMPLETE_INTERVIEW, by):
            raise CaseRefused(CaseRefusal.COMPLETED)
        _merge(session, case, answers, by)
        audit.append(session, audit.Event.OWED_PART_WRITTEN, by=by, case_id=case_id)


def lapse(*, by: Actor) -> int:
    """Close the supplements whose time is over: nothing can be added any more. Returns how many."""
    with transaction() as session:
        over = supplement_rows.over(clock.now(), _BATCH)
        for supplement in over:
            supplement.status, supplement.open_until = "lapsed", None
            audit.append(session, audit.Event.SUPPLEMENT_LAPSED, by=by, case_id=supplement.case_id)
        return len(over)


def _writable(case_id: uuid.UUID, by: Actor) -> Case:
    """The open case of the actor's organisation, if the person said yes."""
    case = steps.held_case(case_id, by, lock=True)
    if case.status == "closed":
        raise CaseRefused(CaseRefusal.CLOSED)
    if case.consent not in AGREED:
        raise CaseRefused(CaseRefusal.CONSENT_FIRST)
    return case


def _merge(
    session: Session, case: Case, answers: Mapping[str, Any], by: Actor, *, wordings: Mapping[str, Any] | None = None
) -> None:
    """Write each answer into its compartment; a missing compartment is begun for the holder alone.

    Raises CaseRefused for a child's date of birth in an adult's case. `wordings`: which texts were read
    out, of an interview that is taken over whole.
    """
    questionnaire = country().questionnaires[case.questionnaire]
    if against_age(questionnaire, answers, case.age_class, today=days.today()) == CHILD:
        raise CaseRefused(CaseRefusal.BORN_LATER)  # else nobody is told that it is a child (ADR 0252)
    parts = by_compartment(questionnaire, answers)
    if wordings:
        parts.setdefault("story", {})["wordings"] = dict(wordings)
    case_steps.merge(session, case.id, parts, by)


def _dealt_with(session: Session, case_id: uuid.UUID, status: str, by: Actor) -> None:
    hit = hit_one(
        session,
        update(Supplement).where(Supplement.case_id == case_id, Supplement.status == "sent").values(status=status),
    )
    if not hit:
        raise NotVisible
    steps.done(session, case_id, obligations.READ_SUPPLEMENT, by)
