"""Taking back everything a person agreed to, inside the transaction of an action."""

from __future__ import annotations

import uuid

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from nrm.domain.accounts.accounts import Actor
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
from nrm.steps.shelter import cases as case_steps
from nrm.steps.shelter import child_files, consent_records
from nrm.steps.shelter import closings as closing_steps
from nrm.steps.shelter import data_requests as data_request_steps
from nrm.steps.shelter import erasures as erasure_steps
from nrm.steps.shelter import others_there as others_steps
from nrm.steps.shelter import withheld as withheld_steps
from nrm.steps.support import follow_ups as follow_up_steps
from nrm.steps.support import threats as threat_steps
from nrm.store.rows.referrals import referrals as referral_rows
from nrm.store.shelter import consents as store

REFUSED = Answer(Topic.SHARING, Said.REFUSED)


def check_takes_back(case: Case) -> None:
    """Raise ConsentRefused for a child, or a person who may be one.

    A child's wish is weighed; a share ends by `cases.end_share`. What protects a child is not destroyed because
    somebody says that the child takes everything back.
    """
    if case.age_class != "adult":
        raise ConsentRefused(ConsentRefusal.CHILD)


def withdraw_everything(session: Session, case: Case, by: Actor, *, heard_by: Actor) -> None:
    """Carry out that everything is taken back, in a case that is closed to everybody. Needs no key. `heard_by`: the
    member of the holder to whom the person said it. Call `carry_out` after the transaction."""
    consent_records.end_all(session, case.id, by)
    case.consent = "refused"
    _destroy(session, case, by, heard_by)
    data_request_steps.answer_by_doing(session, case.id, RequestKind.WITHDRAWAL, RequestStatus.WITHDRAWN, by)


def held_case(session: Session, case_id: uuid.UUID, by: Actor) -> Case:
    """The case of the actor's organisation, open or closed, while nobody is being asked to take the person."""
    case = store.held(case_id, by=by, lock=True)
    case_steps.check_not_parked(case_id)
    if session.scalar(select(exists().where(Referral.case_id == case_id, Referral.status == "sent"))):
        raise CaseRefused(CaseRefusal.ASKED)
    return case


def going(session: Session, case_id: uuid.UUID) -> list[str]:
    """What is destroyed when everything is taken back. During a stay the hand-over stays, until the stay ends."""
    stays_on = is_with_somebody(session, case_id)
    return [
        each for each in erasure_steps.to_erase(session, case_id) if not (stays_on and each == Compartment.HAND_OVER)
    ]


def _destroy(session: Session, case: Case, by: Actor, heard_by: Actor) -> None:
    stays_on = is_with_somebody(session, case.id)
    erasure_steps.destroy(session, case.id, going(session, case.id), by)
    supplement_steps.forget(session, case.id, by)
    withheld_steps.destroy(session, case.id, by)
    hand_overs.forget_all(session, case.id)
    others_steps.take_back(session, case.id, by)
    threat_steps.forget(session, case.id, by)
    child_files.destroy(session, case.id)
    follow_up_steps.forget(session, case.id, by)
    whole = (Consent.topic == Topic.SHARING, Consent.party == "")
    if not consent_records.current(session, case.id, *whole, Consent.said == Said.REFUSED):
        consent_records.record(session, case.id, [REFUSED], Asking("", "", ""), by, read_by=heard_by)
    if stays_on:
        [waiting] = consent_records.current(session, case.id, *whole)
        consent_records.set_narrowing(waiting, Narrowing.WAITS)
    else:
        close(session, case, by)


def is_with_somebody(session: Session, case_id: uuid.UUID) -> bool:
    """Whether the person sleeps in a shelter, is on the way to one, did not arrive there, or is missing, or was not
    found before the case was closed (ADR 0238)."""
    stay = exists().where(Stay.case_id == case_id, Stay.ended_on.is_(None))
    coming = exists().where(Referral.case_id == case_id, Referral.status.in_(("sent", "accepted")))
    missing = exists().where(Missing.case_id == case_id, Missing.outcome == "")
    if session.scalar(select(stay | coming | missing)) or referral_rows.waits_for_word(case_id) is not None:
        return True
    return closing_steps.nobody_found(case_id) and session.get_one(Case, case_id).status == "open"


def close(session: Session, case: Case, by: Actor) -> None:
    if case.status == "open":
        closing_steps.close(session, case, Way.WITHDRAWN, by)
