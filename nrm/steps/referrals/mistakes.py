"""Taking back what was recorded of a referral by mistake, inside the transaction of an action (ADR 0086)."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from nrm import clock
from nrm.audit import Event
from nrm.domain.accounts.accounts import Actor, NotVisible
from nrm.domain.referrals.crossing_points import meeting_ends
from nrm.domain.referrals.mistakes import Kind
from nrm.domain.referrals.referrals import TOO_EARLY, ReferralStatus
from nrm.domain.shelter.corrections import Why
from nrm.domain.shelter.places import Span
from nrm.domain.shelter.stays import ExitReason, ImpossibleStay
from nrm.models.referrals.mistakes import ReferralMistake
from nrm.models.referrals.referrals import Obligation, Referral
from nrm.models.shelter.stays import Stay
from nrm.steps.shelter import arrivals as arrival_steps
from nrm.steps.shelter import corrections as correction_steps
from nrm.steps.shelter import places as place_steps
from nrm.store import days
from nrm.store.rows.referrals import mistakes as rows
from nrm.store.rows.referrals import referrals as referral_rows
from nrm.store.rows.shelter import places as place_rows
from nrm.store.rows.shelter import stays as stay_rows
from nrm.vault.rows import mistake_mark

_AWAITED = ("expected_at", "missed_at", "owed_at")
_SENT = (Event.REFERRAL_SENT, Event.REFERRAL_ASSIGNED)


def append(session: Session, referral: Referral, kind: Kind, why: Why, by: Actor) -> None:
    """Keep what is taken back, before the row says anything else."""
    if by.member_id is None:
        raise NotVisible
    number = select(func.count()).select_from(ReferralMistake).where(ReferralMistake.referral_id == referral.id)
    made = ReferralMistake(
        id=uuid.uuid4(),
        referral_id=referral.id,
        position=(session.scalar(number) or 0) + 1,
        kind=str(kind),
        why=str(why),
        escort=referral.escort if kind is Kind.DEPARTURE else "",
        known_on=days.today(),
        entered_by_id=by.member_id,
        settled=False,
        mark=b"",
    )
    made.mark = mistake_mark(made)
    session.add(made)
    session.flush()


def settle(session: Session, referral_id: uuid.UUID) -> None:
    """Something else happened to the referral: nothing follows any more from what was taken back of it."""
    found = rows.newest(referral_id)
    if found is not None:
        found.settled = True
        found.mark = mistake_mark(found)
        session.flush()


def alarm_before(referral: Referral) -> datetime | None:
    """The hour at which the alarm stood before it was said that the person did not arrive; as it stands for all else.

    Said before the hour, that press is the alarm (`actions.referrals.not_arrived`), and the audit chain marks it. With
    so much said since that the mark is not found, the alarm stays at the press.
    """
    if referral.status != ReferralStatus.NOT_ARRIVED or referral.missed_at is None:
        return referral.missed_at
    said = referral_rows.last_said_not_to_come(referral.id)
    return None if said is not None and TOO_EARLY in said.said else referral.missed_at


def strike_arrival(session: Session, referral: Referral, why: Why, by: Actor) -> uuid.UUID | None:
    """The stay that the arrival of a move began, if there is one, never was; returns it. Raises CorrectionRefused where
    it has ended since."""
    begun = select(Stay).where(Stay.referral_id == referral.id, Stay.taken_back_on.is_(None)).with_for_update()
    stay = session.scalar(begun.execution_options(populate_existing=True))
    if stay is None:
        return None
    arrival_steps.strike_stay(session, stay, why, by)
    return stay.id


def arrival_owed(session: Session, case_id: uuid.UUID, due_at: datetime | None = None) -> None:
    """Whoever accepted the person waits for the arrival again: by `due_at`, or from now on."""
    session.execute(
        update(Obligation)
        .where(Obligation.case_id == case_id, Obligation.kind == "arrival")
        .values(done_at=None, done_by_id=None, due_at=due_at or clock.now())
    )
    session.flush()


def as_awaited(session: Session, referral: Referral) -> dict[str, str]:
    """By which hours a person is awaited, as the entry of the arrival keeps them: a wrong one is taken back to them,
    and the row has the quarter alone (ADR 0276)."""
    owed = select(Obligation.due_at).where(
        Obligation.case_id == referral.case_id, Obligation.kind == "arrival", Obligation.done_at.is_(None)
    )
    hours = (referral.expected_at, alarm_before(referral), session.scalar(owed.limit(1)))
    return {name: at.isoformat() if at is not None else "" for name, at in zip(_AWAITED, hours, strict=True)}


def await_as_before(session: Session, referral: Referral) -> None:
    """The arrival was wrong: the person is awaited by the hours from before it, and the row has those again that the
    audit chain tells. An hour after which nobody can say any more where they meet is one that passed: they are awaited
    from now on, and the alarm stands at it. Of an arrival whose entry keeps no hours they are awaited from now on."""
    now = clock.now()
    referral.arrived_at, referral.expected_at = None, now
    said = referral_rows.hours_of(referral.id)
    kept: Mapping[str, str] = next((each.said for event, each in reversed(said) if event == Event.REFERRAL_ARRIVED), {})
    if not set(_AWAITED) <= set(kept):
        arrival_owed(session, referral.case_id)
        return
    for event, entry in said:
        if event in _SENT:
            # By when the answer was due is not known any more: no time to answer says so (`Leg.is_exact`).
            referral.sent_at = referral.due_at = referral.expires_at = entry.at
        elif event in (Event.REFERRAL_ACCEPTED, Event.ACCEPTED_AFTER_ALL):
            referral.decided_at = entry.at
    if referral.departed_at is not None:
        left = None
        for event, entry in said:
            if event == Event.DEPARTURE_TAKEN_BACK:
                left = None
            elif event == Event.REFERRAL_DEPARTED:
                left = left or entry.at
        referral.departed_at = left or referral.departed_at
    expected, missed, owed = (datetime.fromisoformat(kept[each]) if kept[each] else None for each in _AWAITED)
    over = meeting_ends(expected, referral.decided_at or referral.sent_at) <= now
    referral.expected_at = now if over else expected
    referral.missed_at = missed or (expected if over else None)
    arrival_owed(session, referral.case_id, owed)


def stays_on(session: Session, referral: Referral, why: Why, by: Actor) -> None:
    """The stay that a departure ended goes on, in its place if that is free; else the person has none until somebody
    gives them one. Raises ImpossibleStay if somebody takes the place in the same instant."""
    ended = select(Stay).where(
        Stay.case_id == referral.case_id,
        Stay.organisation_id == referral.sender_id,
        Stay.exit_reason == ExitReason.TRANSFERRED,
        Stay.ended_on.is_not(None),
    )
    newest = ended.order_by(Stay.ended_on.desc(), Stay.admitted_on.desc()).limit(1).with_for_update()
    stay = session.scalar(newest.execution_options(populate_existing=True))
    if stay is None or stay.ended_on is None:
        return
    ended_on = stay.ended_on
    others = stay_rows.periods_of(referral.case_id, but=stay.id)
    if any(each.exited_on is None or each.exited_on > ended_on for each in others):
        return
    had = place_rows.last_places([stay.id]).get(stay.id)
    correction_steps.strike_end(session, stay, why, by)
    if had is None or had.place_id is None:
        return
    try:
        place_steps.check_free(had.place_id, Span(ended_on), by, planned_end_on=stay.anticipated_end_on)
    except (ImpossibleStay, NotVisible):
        return
    place_steps.begin(session, stay, place_id=had.place_id, from_on=ended_on, by=by)
