"""Holding an interview that ended, taking it back, and its end, inside the transaction of an action.

Decided in ADR 0057.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Date, Uuid, select, update
from sqlalchemy.orm import Session

from nrm import audit, clock
from nrm.db import Model, hit_one
from nrm.domain.accounts.accounts import Actor, OrganisationKind
from nrm.domain.interviews.draft_owners import DRAFT
from nrm.domain.interviews.endings import OF_THE_PERSON, Holding
from nrm.domain.interviews.facts import struck_out
from nrm.domain.interviews.interviews import Answers, Questionnaire
from nrm.domain.interviews.screenings import Screening
from nrm.domain.referrals.announced_returns import Said
from nrm.models.accounts.accounts import Organisation
from nrm.models.interviews.interviews import Hold, Interview
from nrm.models.interviews.monitoring import NegativeScreen, ProcedureRecord
from nrm.models.shelter.cases import SealedCompartment
from nrm.steps.interviews import child_alerts as child_alert_steps
from nrm.steps.interviews import groups as group_steps
from nrm.steps.interviews import paper_entries
from nrm.steps.interviews.drafts import ENDED_STAYS, UNSENT, Draft, NoLongerDraft
from nrm.steps.referrals import announced_returns as announced_return_steps
from nrm.store.countries import country
from nrm.store.rows.interviews import child_alerts as child_alert_rows
from nrm.store.rows.interviews import screenings as screening_rows
from nrm.vault import compartments as vault
from nrm.vault import epochs, grants, sharing, shredding
from nrm.vault.keyrings import HoldsNoKeys
from nrm.vault.unattended import held_counts

_OFFICIAL = "official_involved"
_PERHAPS = ("yes", "dont_know")
_EVENTS = {
    Holding.NONE: audit.Event.INTERVIEW_ENDED,
    Holding.NOT_ASKED: audit.Event.INTERVIEW_ENDED,
    Holding.UNDECIDED: audit.Event.INTERVIEW_ENDED,
    Holding.LEFT: audit.Event.INTERVIEW_ENDED,
    Holding.RETRACTED: audit.Event.HELP_REFUSED,
    Holding.REFUSED: audit.Event.HELP_REFUSED,
    Holding.DISCARDED: audit.Event.INTERVIEW_DISCARDED,
}
_KEPT: dict[str, type[Model]] = {"procedure": ProcedureRecord, "negative": NegativeScreen}


def hold(
    session: Session,
    interview: Interview,
    draft: Draft,
    answers: Answers,
    ending: Holding,
    *,
    screenings: Iterable[Screening] = (),
    steps: Sequence[str] = (),
    kept: Sequence[Model] = (),
    reason: str = "",
    sentence: str = "",
    child: bool = False,
    by: Actor,
) -> datetime:
    """Seal the interview until its time is over, which is returned; nobody reads it meanwhile without opening it.

    `screenings`, `steps`, `kept`: what is counted and kept of it then. `child`: it waits for the child authority to
    confirm or deny what was written down as its answer, which takes longer (ADR 0283); the duty desk has no part in it.
    Raises NoLongerDraft, ChildWaits.
    """
    child_alert_steps.check_may_go(interview.id)
    group_steps.leave(session, interview, done=ending is not Holding.DISCARDED)
    now, until = clock.now(), clock.now() + (_of_child(interview.id) if child else _of_adult(ending))
    was, kept_until = interview.status, interview.expires_at
    hit = hit_one(
        session,
        update(Interview)
        .where(Interview.id == interview.id, Interview.status.in_(UNSENT))
        .values(status="held", expires_at=until),
    )
    if not hit:
        raise NoLongerDraft("held")
    # Written even without a sentence: the number of the revision is then another at each hold, as `seal` asks.
    vault.merge(session, interview.id, DRAFT, {"held": {"sentence": sentence.strip()}}, by=by)
    held_counts.seal(session, interview.id, draft.revision, _to_count(screenings, steps, kept))
    against = ending not in OF_THE_PERSON and not child
    desk = against and _share(session, draft, answers, by=by)
    unseen = against and not desk and not _strikes_help_line(session, draft, answers)
    session.add(
        Hold(
            id=interview.id,
            member_id=by.member_id,
            ending=ending,
            reason=reason,
            held_at=now,
            was=was,
            kept_until=kept_until,
            official=_official(draft.questionnaire, {**draft.aside, **answers}),
            desk=desk,
        )
    )
    vault.end_leave(session, interview.id, DRAFT)
    audit.append(
        session,
        audit.Event.INTERVIEW_HELD,
        by=by,
        interview_id=interview.id,
        ending=ending,
        why=reason or None,
        told=str(OrganisationKind.HELPLINE) if unseen else None,
    )
    return until


def _of_adult(ending: Holding) -> timedelta:
    kept = country().retention
    return timedelta(minutes=kept.refused_minutes) if ending in OF_THE_PERSON else timedelta(hours=kept.hold_hours)


def _of_child(interview_id: uuid.UUID) -> timedelta:
    """Also where a child said no: the short time is promised to adults alone."""
    kept = country().retention
    return timedelta(hours=kept.hold_hours if child_alert_rows.is_confirmed(interview_id) else kept.child_word_hours)


def confirmed(session: Session, interview_id: uuid.UUID) -> None:
    """The child authority says that it did give the answer by which the interview ended: the ordinary time is left from
    now on, in which a colleague there can still say no. Nothing where it is not held, or ends sooner."""
    until = clock.now() + timedelta(hours=country().retention.hold_hours)
    held = (Interview.id == interview_id, Interview.status == "held", Interview.expires_at > until)
    session.execute(update(Interview).where(*held).values(expires_at=until))


def _official(questionnaire: Questionnaire, answers: Answers) -> bool:
    """Whether an official took part, or the person does not know."""
    asked = (each.id for each in questionnaire.questions.values() if each.routing == _OFFICIAL)
    return any(answers.get(name) in _PERHAPS for name in asked)


def _share(session: Session, draft: Draft, answers: Answers, *, by: Actor) -> bool:
    """Seal the key to the duty desk; not if the person struck it out, or if it has no key of its own yet."""
    struck = struck_out(draft.questionnaire, answers)
    desks = [each for each in _desks(session) if each.party not in struck]
    try:
        for desk in desks:
            sharing.share(session, draft.interview_id, DRAFT, [desk.id], by=by)
    except HoldsNoKeys:
        return False
    return bool(desks)


def _strikes_help_line(session: Session, draft: Draft, answers: Answers) -> bool:
    """Whether the person does not want a help line to know."""
    parties = session.scalars(select(Organisation.party).where(Organisation.kind == OrganisationKind.HELPLINE))
    return not struck_out(draft.questionnaire, answers).isdisjoint(parties)


def _desks(session: Session) -> Sequence[Organisation]:
    authority = Organisation.kind == OrganisationKind.RESPONSIBLE_AUTHORITY
    return session.scalars(select(Organisation).where(authority, Organisation.enabled)).all()


def _to_count(screenings: Iterable[Screening], steps: Sequence[str], kept: Iterable[Model]) -> dict[str, Any]:
    value: dict[str, Any] = {"screenings": [_plain(asdict(each)) for each in screenings], "steps": list(steps)}
    for row in kept:
        name = next(name for name, model in _KEPT.items() if isinstance(row, model))
        columns = {each.key: getattr(row, each.key) for each in row.__table__.columns}
        value[name] = _plain({key: given for key, given in columns.items() if given is not None})
    return value


def _plain(columns: dict[str, Any]) -> dict[str, Any]:
    return {key: str(given) if isinstance(given, date | uuid.UUID) else given for key, given in columns.items()}


def _row(model: type[Model], value: dict[str, Any]) -> Model:
    read: dict[str, Callable[[str], Any]] = {}
    for column in model.__table__.columns:
        if isinstance(column.type, Date | Uuid):
            read[column.key] = date.fromisoformat if isinstance(column.type, Date) else uuid.UUID
    return model(**{key: read[key](given) if key in read else given for key, given in value.items()})


def take_back(session: Session, interview_id: uuid.UUID, *, by: Actor, opens: bool = True) -> Holding:
    """The interview goes on as it was; the duty desk's key to it ends. Returns how it had ended.

    `opens`: the actor has a key to it; without one `seal_anew` follows (ADR 0231). Raises NoLongerDraft if its time is
    over, or if it is not held.
    """
    held = session.get(Hold, interview_id, populate_existing=True, with_for_update=True)
    interview = session.get_one(Interview, interview_id, populate_existing=True)
    if held is None:
        raise NoLongerDraft(interview.status)
    # It may not be held again and again until its days are over, but there must be time to go on.
    least = clock.now() + timedelta(hours=country().retention.hold_hours)
    kept_until = None if held.kept_until is None else max(held.kept_until, least)
    hit = hit_one(
        session,
        update(Interview)
        .where(Interview.id == interview_id, Interview.status == "held", Interview.expires_at > clock.now())
        .values(status=held.was, expires_at=kept_until),
    )
    if not hit:
        raise NoLongerDraft("ended")
    ending = Holding(held.ending)
    session.delete(held)
    session.flush()
    held_counts.forget(session, interview_id)
    paper_entries.give_back(session, interview)
    if held.desk:
        vault.end_leave(session, interview_id, DRAFT)
        if opens:
            _seal_for_whose_it_was(session, interview_id, by=by)
        else:
            for desk in _desks(session):
                grants.take_back(session, interview_id, desk.id, [DRAFT])
    audit.append(session, audit.Event.INTERVIEW_TAKEN_BACK, by=by, interview_id=interview_id, ending=ending)
    return ending


def seal_anew(session: Session, interview_id: uuid.UUID, *, by: Actor) -> bool:
    """A new epoch of an interview that goes on, where the duty desk's key to the present one ended and nobody who could
    open it was there; returns whether that was so."""
    place = (interview_id, DRAFT)
    epoch = session.scalar(
        select(SealedCompartment.epoch).where(
            SealedCompartment.case_id == interview_id, SealedCompartment.compartment == DRAFT
        )
    )
    if not any(each[2] == epoch for each in shredding.ended([place])):
        return False
    _seal_for_whose_it_was(session, interview_id, by=by)
    return True


def _seal_for_whose_it_was(session: Session, interview_id: uuid.UUID, *, by: Actor) -> None:
    """A new epoch without the duty desk: for the post, or for the interviewer alone if only they could open it."""
    members = grants.granted_to_members(session, [(interview_id, DRAFT)]).get((interview_id, DRAFT), [])
    if members:
        place = (SealedCompartment.case_id == interview_id, SealedCompartment.compartment == DRAFT)
        seen = session.scalars(select(SealedCompartment.revision).where(*place)).one()
        epochs.give_to_members(session, interview_id, DRAFT, members, seen=seen, by=by)
    else:
        holders = grants.holders_of(session, interview_id, DRAFT) - {each.id for each in _desks(session)}
        epochs.rotate(session, interview_id, {DRAFT: holders}, by=by)


def is_held(session: Session, interview_id: uuid.UUID) -> bool:
    """Whether the interview is held; its hold is locked."""
    return session.get(Hold, interview_id, populate_existing=True, with_for_update=True) is not None


def finish(session: Session, interview_id: uuid.UUID, *, by: Actor) -> bool:
    """Destroy the interview and count it, once; whether it was done now. Only after its time."""
    held = session.get(Hold, interview_id, populate_existing=True, with_for_update=True)
    hit = hit_one(
        session,
        update(Interview)
        .where(Interview.id == interview_id, Interview.status == "held", Interview.expires_at <= clock.now())
        .values(status="ended", expires_at=clock.now() + ENDED_STAYS),
    )
    if held is None or not hit:
        return False
    counted = held_counts.read(session, interview_id) or {"screenings": [], "steps": []}
    answered = child_alert_steps.let_go(session, interview_id, child=False, by=by)
    session.add_all(_row(model, counted[name]) for name, model in _KEPT.items() if name in counted)
    held_counts.forget(session, interview_id)
    epochs.erase(session, interview_id, [DRAFT])
    ending = Holding(held.ending)
    lost = None if answered else Said.DESTROYED if ending is Holding.DISCARDED else Said.ENDED
    announced_return_steps.interview_over(session, interview_id, lost, by=held.member_id, who=by)
    session.delete(held)
    audit.append(session, _EVENTS[ending], by=by, interview_id=interview_id, why=held.reason or None)
    screenings = [Screening(**{**each, "month": date.fromisoformat(each["month"])}) for each in counted["screenings"]]
    screening_rows.count(session, screenings)
    screening_rows.count_steps(session, screenings, counted["steps"])
    return True
