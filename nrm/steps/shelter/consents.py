"""Taking back everything a person agreed to, inside the transaction of an action."""

from __future__ import annotations

import uuid

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from nrm.domain.accounts.accounts import Actor, Permission
from nrm.domain.shelter.cases import CaseRefusal, CaseRefused, Compartment
from nrm.domain.shelter.closings import Way
from nrm.domain.shelter.consents import Answer, Asking, ConsentRefusal, ConsentRefused, Narrowing, Said, Topic
from nrm.domain.shelter.data_requests import RequestKind, RequestStatus
from nrm.models.referrals.referrals import Referral
from nrm.models.shelter.absences import Missing
from nrm.models.shelter.cases import Case
from nrm.models.shelter.consents import Consent
from nrm.models.shelter.stays import Stay
from nrm.steps.referrals import hand_overs
from nrm.steps.referrals import supplements as supplement_steps
from nrm.steps.shelter import child_files, consent_records
from nrm.steps.shelter import closings as closing_steps
from nrm.steps.shelter import data_requests as data_request_steps
from nrm.steps.shelter import erasures as erasure_steps
from nrm.steps.shelter import others_there as others_steps
from nrm.steps.shelter import withheld as withheld_steps
from nrm.store.shelter import consents as store
from nrm.vault import compartments as vault
from nrm.vault import epochs

REFUSED = Answer(Topic.SHARING, Said.REFUSED)


def take_back_everything(session: Session, case_id: uuid.UUID, by: Actor) -> None:
    """Take back everything, for the second member who agreed to it. Call `carry_out` after the transaction."""
    by.must(Permission.CASE_OPEN)
    case = held_case(session, case_id, by)
    check_takes_back(case)
    withdraw_everything(session, case, by)


def check_takes_back(case: Case) -> None:
    """Raise ConsentRefused for a child, or a person who may be one.

    A child's wish is weighed; a share ends by `cases.end_share`. What protects a child is not destroyed because
    somebody says that the child takes everything back.
    """
    if case.age_class != "adult":
        raise ConsentRefused(ConsentRefusal.CHILD)


def withdraw_everything(session: Session, case: Case, by: Actor) -> None:
    consent_records.end_all(session, case.id, by)
    case.consent = "refused"
    destroy(session, case, by)
    data_request_steps.answer_by_doing(session, case.id, RequestKind.WITHDRAWAL, RequestStatus.WITHDRAWN, by)


def held_case(session: Session, case_id: uuid.UUID, by: Actor) -> Case:
    """The case of the actor's organisation, open or closed, while nobody is being asked to take the person."""
    case = store.held(case_id, by=by, lock=True)
    if session.scalar(select(exists().where(Referral.case_id == case_id, Referral.status == "sent"))):
        raise CaseRefused(CaseRefusal.ASKED)
    return case


def destroy(session: Session, case: Case, by: Actor) -> None:
    """Destroy what is sealed. During a stay the hand-over stays; it is destroyed automatically when the stay ends."""
    stays_on = is_with_somebody(session, case.id)
    going = [
        each for each in erasure_steps.to_erase(session, case.id) if not (stays_on and each == Compartment.HAND_OVER)
    ]
    erasure_steps.destroy(session, case.id, going, by)
    supplement_steps.forget(session, case.id, by)
    withheld_steps.destroy(session, case.id, by)
    hand_overs.forget_all(session, case.id)
    others_steps.take_back(session, case.id, by)
    child_files.destroy(session, case.id)
    whole = (Consent.topic == Topic.SHARING, Consent.party == "")
    if not consent_records.current(session, case.id, *whole, Consent.said == Said.REFUSED):
        consent_records.record(session, case.id, [REFUSED], Asking("", "", ""), by)
    if stays_on:
        [waiting] = consent_records.current(session, case.id, *whole)
        consent_records.set_narrowing(waiting, Narrowing.WAITS)
    else:
        close(session, case, by)
    keep = {each: [case.holder_id] for each in vault.compartments_of(session, case.id) if case.holder_id}
    epochs.rotate(session, case.id, keep, by=by)


def is_with_somebody(session: Session, case_id: uuid.UUID) -> bool:
    """Whether the person sleeps in a shelter, is on the way to one, or is missing."""
    stay = exists().where(Stay.case_id == case_id, Stay.ended_on.is_(None))
    coming = exists().where(Referral.case_id == case_id, Referral.status.in_(("sent", "accepted")))
    missing = exists().where(Missing.case_id == case_id, Missing.outcome == "")
    return bool(session.scalar(select(stay | coming | missing)))


def close(session: Session, case: Case, by: Actor) -> None:
    if case.status == "open":
        closing_steps.close(session, case, Way.WITHDRAWN, by)
