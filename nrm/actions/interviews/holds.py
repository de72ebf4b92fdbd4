"""Interviews that ended and are not destroyed yet: taken back, opened by the duty desk, destroyed when their time is
over.

Decided in ADR 0057.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from nrm import audit, clock
from nrm.db import db, transaction
from nrm.domain.accounts.accounts import Actor, Permission
from nrm.domain.interviews.draft_owners import DRAFT
from nrm.domain.interviews.endings import ChildWaits, Holding
from nrm.domain.interviews.interviews import Answers, Questionnaire
from nrm.domain.interviews.questionnaire_flow import settled
from nrm.domain.shelter.cases import Purpose
from nrm.models.shelter.cases import Reading
from nrm.steps.interviews import holds as steps
from nrm.steps.interviews.drafts import questionnaire_called
from nrm.store.interviews import holds as store
from nrm.store.rows.interviews import interviews as interview_rows
from nrm.vault import compartments as vault
from nrm.vault import keyrings, shredding

CannotOpen = keyrings.CannotOpen
_BATCH = 50


class NoPurpose(ValueError):
    """Nobody said why the interview is opened."""


def take_back(*, interview_id: uuid.UUID, by: Actor) -> Holding:
    """The interview goes on, with all its answers, and this session may read it; returns how it had ended.

    For the interviewer and whoever ended it. Raises NotVisible, NoLongerDraft when its time is over.
    """
    by.must(Permission.INTERVIEW_CONDUCT)
    with transaction() as session:
        store.mine(interview_id, by=by)
        ending = steps.take_back(session, interview_id, by=by)
        vault.allow(session, interview_id, DRAFT, "interview", by=by)
    shredding.work_off()
    return ending


def open_held(*, interview_id: uuid.UUID, why: str, by: Actor) -> None:
    """Let this session of the duty desk read the interview for a quarter of an hour; `why` is sealed with it.

    It is recorded as an opening, and counts for the alarms about openings. Raises NotPermitted, NotVisible,
    NoPurpose, CannotOpen.
    """
    by.must(Permission.REFERRAL_DIRECT)
    with transaction() as session:
        line = store.to_open(interview_id, by=by)
        if not why.strip():
            raise NoPurpose
        session.add(
            Reading(
                case_id=interview_id,
                compartment=DRAFT,
                purpose=Purpose.HELD,
                member_id=by.member_id,
                organisation_id=by.organisation_id,
                # Where an official took part, the post is not shown that somebody looked.
                holder_id=by.organisation_id if line.official else line.post_id,
                opened_at=clock.now(),
            )
        )
        vault.allow(session, interview_id, DRAFT, Purpose.HELD, by=by)
        held = dict(vault.read(session, interview_id, DRAFT, by=by).value["held"])
        said = {"why": why.strip(), "at": clock.now().isoformat(), "member": str(by.member_id)}
        vault.merge(session, interview_id, DRAFT, {"held": {**held, "opened": [*held.get("opened", ()), said]}}, by=by)
        audit.append(session, audit.Event.HELD_OPENED, by=by, interview_id=interview_id)


@dataclass(frozen=True, slots=True, repr=False)
class OpenedHold:
    """What the duty desk opened; `sentence`: why the post ended it."""

    questionnaire: Questionnaire
    answers: Answers
    sentence: str


def read_held(*, interview_id: uuid.UUID, by: Actor) -> OpenedHold | None:
    """The interview, if this session of the duty desk may read it now. Raises NotPermitted, NotVisible."""
    by.must(Permission.REFERRAL_DIRECT)
    line = store.to_open(interview_id, by=by)
    try:
        found = vault.read(db.session(), interview_id, DRAFT, by=by)
    except CannotOpen:
        return None
    questionnaire = questionnaire_called(line.questionnaire)
    answers = settled(questionnaire, found.value["answers"])
    return OpenedHold(questionnaire, answers, found.value["held"]["sentence"])


def give_back(*, interview_id: uuid.UUID, by: Actor) -> None:
    """The duty desk, which has read it, lets the interview go on at its post; the desk's own key to it ends.

    Raises NotPermitted, NotVisible, CannotOpen if this session has not opened it, NoLongerDraft.
    """
    by.must(Permission.REFERRAL_DIRECT)
    with transaction() as session:
        store.to_open(interview_id, by=by)
        vault.read(session, interview_id, DRAFT, by=by)
        steps.take_back(session, interview_id, by=by)
    shredding.work_off()


def finish_due(*, by: Actor) -> int:
    """Destroy and count the interviews whose hold is over; returns how many. Each is a transaction of its own."""
    finished = 0
    for interview_id in interview_rows.over_holds(clock.now(), _BATCH):
        try:
            with transaction() as session:
                finished += steps.finish(session, interview_id, by=by)
        except ChildWaits:
            continue
    if finished:
        shredding.work_off()
    return finished
