"""Destroying what is sealed inside the transaction of an action, and the list of what was erased after it."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from datetime import date
from pathlib import Path

from flask import current_app
from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from config import Config
from nrm import audit, clock, faults
from nrm.domain.accounts.accounts import Actor
from nrm.domain.referrals.referrals import ReferralStatus
from nrm.domain.shelter.cases import CaseRefusal, CaseRefused, Compartment
from nrm.domain.shelter.closings import Way
from nrm.domain.shelter.data_requests import RequestKind, RequestStatus
from nrm.models.referrals.referrals import Referral
from nrm.models.shelter.cases import Case, SealedCompartment
from nrm.models.shelter.stays import Stay
from nrm.steps.referrals import hand_overs
from nrm.steps.shelter import cases as case_steps
from nrm.steps.shelter import child_files, consent_records
from nrm.steps.shelter import closings as closing_steps
from nrm.steps.shelter import data_requests as data_request_steps
from nrm.steps.shelter import matching as matching_steps
from nrm.steps.shelter import missing_told as told_steps
from nrm.steps.shelter import others_there as others_steps
from nrm.steps.shelter import withheld as withheld_steps
from nrm.steps.support import follow_ups as follow_up_steps
from nrm.steps.support import kept_hearings
from nrm.steps.support import threats as threat_steps
from nrm.store.countries import country
from nrm.store.rows.shelter import absences as absence_rows
from nrm.store.rows.shelter import testimony as testimony_rows
from nrm.store.rows.support import plans as plan_rows
from nrm.store.shelter import cases as store
from nrm.vault import epochs, erased, shredding
from nrm.vault.backup_files import backups

LIST = "erased.jsonl"


def erasable_now(session: Session, case_id: uuid.UUID, by: Actor) -> Case:
    """The case, locked, if it can be erased now; raises NotVisible, CaseRefused, GateClosed."""
    case = store.row(case_id, by=by, lock=True)
    if case.holder_id is None or case.holder_id != by.organisation_id or case.status == "referred":
        raise CaseRefused(CaseRefusal.NOT_HOLDER)
    if session.scalar(select(exists().where(Stay.case_id == case_id, Stay.ended_on.is_(None)))):
        raise CaseRefused(CaseRefusal.STAY_OPEN)
    waiting = (ReferralStatus.SENT, ReferralStatus.ACCEPTED)
    if session.scalar(select(exists().where(Referral.case_id == case_id, Referral.status.in_(waiting)))):
        raise CaseRefused(CaseRefusal.REFERRAL_OPEN)
    if case.status == "open":
        if absence_rows.stands(case_id) is not None:
            raise CaseRefused(CaseRefusal.MISSING)
        if case.age_class != "adult":
            case_steps.check_child_left(case, by)
        if (owed := closing_steps.word_owed(session, case_id)) is not None:
            raise CaseRefused(owed)
    if closing_steps.nobody_found(case_id):
        raise CaseRefused(CaseRefusal.NOT_FOUND)
    if not to_erase(session, case_id):
        raise CaseRefused(CaseRefusal.NOTHING_TO_ERASE)
    return case


def erase_case(session: Session, case: Case, by: Actor, *, asked_by_id: uuid.UUID) -> None:
    """Destroy what a case that is closed to everybody keeps, and close it. Needs no key; raises CaseRefused.
    `asked_by_id`: the member of the holder who asked for it. Call `carry_out` after the transaction."""
    erased_now = to_erase(session, case.id)
    if case.status == "open":
        closing_steps.close(session, case, Way.ERASED, by, closed_by_id=asked_by_id)
    else:
        closing_steps.nothing_is_kept(session, case)
    destroy(session, case.id, erased_now, by)
    withheld_steps.destroy(session, case.id, by)
    hand_overs.forget_all(session, case.id)
    others_steps.take_back(session, case.id, by)
    threat_steps.forget(session, case.id, by)
    told_steps.end(session, case.id, by)
    child_files.destroy(session, case.id)
    follow_up_steps.forget(session, case.id, by)
    consent_records.end_all(session, case.id, by)
    data_request_steps.answer_by_doing(session, case.id, RequestKind.ERASURE, RequestStatus.ERASED, by)
    data_request_steps.answer_by_doing(session, case.id, RequestKind.WITHDRAWAL, RequestStatus.ERASED, by)


def to_erase(session: Session, case_id: uuid.UUID) -> list[str]:
    """The compartments that erasing the case would destroy: all, except a witness's legal file."""
    there = session.scalars(select(SealedCompartment.compartment).where(SealedCompartment.case_id == case_id)).all()
    witness = testimony_rows.is_witness(case_id)
    return sorted(each for each in there if not (witness and each == Compartment.LEGAL))


def destroy(session: Session, case_id: uuid.UUID, compartments: Iterable[str], by: Actor) -> None:
    """Erase these compartments in the caller's transaction. Needs no key. Call `carry_out` after the transaction."""
    gone = list(compartments)
    epochs.erase(session, case_id, gone)
    for compartment in gone:
        follow(session, case_id, compartment)
        audit.append(session, audit.Event.KEYS_DESTROYED, by=by, case_id=case_id, compartment=compartment)


def follow(session: Session, case_id: uuid.UUID, compartment: str) -> None:
    """What goes with an erased compartment: with the identity, the encoding by which the person was looked for; with
    care, the days and owners of the steps whose words were there; with the legal file, what is kept of its hearings."""
    if compartment == Compartment.IDENTITY:
        matching_steps.forget(session, case_id)
        matching_steps.end(session, case_id)
    if compartment == Compartment.LEGAL:
        kept_hearings.forget(session, case_id)
    if compartment == Compartment.CARE:
        plan_rows.forget(session, case_id)


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
        if folder != config.directory and (other := backups.foreign(Path(str(folder)))) is not None:
            current_app.logger.error("nothing is written beside %s: it is a backup of another instance", other)
            continue
        try:
            added += erased.complete(Path(str(folder)) / LIST)
        except (OSError, erased.ForgedList) as error:
            current_app.logger.error("the list of what was erased cannot be continued: %s", faults.described(error))
    return added


def wrong_lists() -> str:
    """What is wrong with a list outside the databases, and what to do: it is then neither continued nor taken."""
    config: Config = current_app.extensions["nrm.config"]
    if config.backups is not None and (other := backups.foreign(config.backups)) is not None:
        return f"{other} is of another instance: set NRM_BACKUPS to a folder that is this one's alone"
    for folder in (config.directory, *([config.backups] if config.backups else [])):
        try:
            erased.read(folder / LIST)
        except OSError:
            continue  # nothing was erased yet, or its folder is gone, which is told of the disk
        except erased.ForgedList as forged:
            return (
                f"line {forged} of {folder / LIST} was not written by this instance: what is erased is not noted there "
                "any more, and no restore takes it. Move it away as evidence; `nrm tend` writes it anew"
            )
    return ""


def today() -> date:
    return clock.today(country().timezone)
