"""Announcing a return before it happens, and what becomes of it.

The person's identity is sealed like that of a case, to the named post and the Responsible Authority; the organisation
that announces the return cannot open it. It is destroyed when the interview of who arrived told what became of them,
when the duty desk has seen that nobody was handed over, or that it was taken back (ADR 0230, ADR 0237), and 30 days
after the day.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import date, timedelta

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from nrm import audit, clock
from nrm.db import db, hit_one, transaction
from nrm.domain.accounts.accounts import Actor, NotVisible, OrganisationKind, Permission
from nrm.domain.presses import Press
from nrm.domain.quarters import Quarter
from nrm.domain.referrals.announced_returns import (
    OPEN,
    TO_SEE,
    UNTOLD,
    AnnouncedReturnRefusal,
    AnnouncedReturnRefused,
    AnnouncedReturnStatus,
    Announcement,
    BackReason,
    Said,
    check,
)
from nrm.domain.shelter.cases import Purpose
from nrm.models.accounts.accounts import Organisation
from nrm.models.referrals.announced_returns import AnnouncedReturn
from nrm.models.shelter.cases import Reading
from nrm.steps import presses
from nrm.steps.interviews import child_alerts as child_alert_steps
from nrm.steps.interviews import drafts
from nrm.steps.referrals import announced_returns as steps
from nrm.store import days, names
from nrm.store.countries import country
from nrm.store.interviews import interviews as interview_store
from nrm.store.referrals import announced_returns as store
from nrm.store.rows.accounts import accounts as account_rows
from nrm.store.rows.interviews import interviews as interview_rows
from nrm.store.rows.referrals import announced_returns as announced_return_rows
from nrm.vault import compartments as vault
from nrm.vault import epochs, members, shredding

CannotOpen = members.CannotOpen
_IDENTITY = steps.IDENTITY
_BATCH = 100
AFTER_SENDING = "after_sending"
"""In the audit chain: said of an interview that had been sent already."""


def announce(
    *,
    notice_id: uuid.UUID,
    post_id: uuid.UUID,
    announced: Announcement,
    identity: Mapping[str, str],
    press: Press | None = None,
    by: Actor,
) -> None:
    """Record a return under an id the caller chose; the same id again records nothing twice. `press`: of the form.

    `identity` needs `name`. Raises NotPermitted, AnnouncedReturnRefused, SentAlready, NotVisible for an id that is
    another's.
    """
    by.must(Permission.NOTICE_ANNOUNCE)
    needs = frozenset(country().lists["needs"])
    check(announced, kind=by.kind, today=days.today(), needs=needs, home=country().iso)
    if not identity.get("name"):
        raise AnnouncedReturnRefused(AnnouncedReturnRefusal.NAME)
    try:
        with transaction() as session:
            if announced_return_rows.is_known(notice_id):
                store.own(notice_id, by=by)
                return
            presses.check(press, audit.Event.NOTICE_ANNOUNCED)
            if interview_rows.is_known(notice_id):
                raise NotVisible
            holders = _holders(session, post_id, announced.expected_on)
            session.add(
                AnnouncedReturn(
                    id=notice_id,
                    organisation_id=by.organisation_id,
                    post_id=post_id,
                    origin=str(announced.origin),
                    country=announced.country,
                    quarter_on=Quarter.of(announced.expected_on).start,
                    child=announced.child,
                    status=str(AnnouncedReturnStatus.ANNOUNCED),
                    expected_on=announced.expected_on,
                    hour=announced.hour,
                    companions=announced.companions,
                    needs=sorted(announced.needs),
                    announced_by_id=by.member_id,
                )
            )
            session.flush()
            vault.create(session, notice_id, {_IDENTITY: dict(identity)}, holders)
            audit.append(
                session,
                audit.Event.NOTICE_ANNOUNCED,
                by=by,
                notice_id=notice_id,
                post_id=post_id,
                press=press.mark if press else None,
            )
    except IntegrityError:
        store.own(notice_id, by=by)  # the same button, pressed twice at once


def _holders(session: Session, post_id: uuid.UUID, expected_on: date) -> set[uuid.UUID]:
    """The post, if it is open on that day, and the Responsible Authority, if somebody there holds a key; raises
    AnnouncedReturnRefused."""
    authority = select(Organisation.id).where(
        Organisation.kind == OrganisationKind.RESPONSIBLE_AUTHORITY, Organisation.enabled
    )
    if post_id not in {post.id for post in names.posts(expected_on)}:
        raise AnnouncedReturnRefused(AnnouncedReturnRefusal.POST)
    holders = ({*session.scalars(authority)} | {post_id}) & account_rows.with_keyring()
    if post_id not in holders:
        raise AnnouncedReturnRefused(AnnouncedReturnRefusal.POST)
    return holders


def cancel(*, notice_id: uuid.UUID, why: BackReason | None = None, by: Actor) -> None:
    """The organisation that announced it takes it back, also after it was said that nobody came; the identity is
    destroyed. From its hour on, of who may be a child, where an interview of who was said to have arrived told nothing,
    and of what a colleague announced, `why` is needed, and it stays, closed to the post, until the duty desk saw it.

    Raises NotPermitted, NotVisible, AnnouncedReturnRefused (`state`, `reason`).
    """
    by.must(Permission.NOTICE_ANNOUNCE)
    with transaction() as session:
        notice = store.own(notice_id, by=by, lock=True)
        seen = notice.status in OPEN and steps.needs_reason(notice, by=by)
        if seen and why is None:
            raise AnnouncedReturnRefused(AnnouncedReturnRefusal.REASON)
        if seen:
            said = _said(Said.TAKEN_BACK, by)
            _change(session, notice_id, AnnouncedReturnStatus.CANCELLED, OPEN, **said, why=str(why))
        else:
            _end(session, notice_id, AnnouncedReturnStatus.CANCELLED, OPEN)
        audit.append(session, audit.Event.NOTICE_CANCELLED, by=by, notice_id=notice_id, why=why if seen else None)
    shredding.work_off()


def back_seen(*, notice_id: uuid.UUID, read: str = "", by: Actor) -> None:
    """The duty desk has seen that it was taken back, or that its interview ended with nobody handed over: who it was is
    destroyed; or that its interview told nothing: the person is expected as before. `read`: the instant of what the
    page said, as text. A second time does nothing.

    Raises NotPermitted, NotVisible, AnnouncedReturnRefused (`state`; `own`: whoever said it sees it not alone).
    """
    by.must(Permission.REFERRAL_DIRECT)
    with transaction() as session:
        notice = store.row(notice_id, by=by, lock=True)
        seen, status = notice.said, AnnouncedReturnStatus(notice.status)
        if (notice.untold and not seen) if status in OPEN else notice.expected_on is None:
            return
        if seen not in TO_SEE or notice.said_at is None or (read and read != notice.said_at.isoformat()):
            raise AnnouncedReturnRefused(AnnouncedReturnRefusal.STATE)
        if notice.said_by_id == by.member_id:
            raise AnnouncedReturnRefused(AnnouncedReturnRefusal.OWN)
        if status in OPEN:
            _change(session, notice_id, status, (status,), said="", said_at=None, said_by_id=None)
        else:
            _end(session, notice_id, status, (status,))
        audit.append(session, audit.Event.NOTICE_BACK_SEEN, by=by, notice_id=notice_id, what=seen)
    shredding.work_off()


def open_identity(*, notice_id: uuid.UUID, purpose: Purpose, by: Actor) -> None:
    """Let the actor's session read the identity for a quarter of an hour; recorded first.

    Raises NotPermitted, NotVisible, CannotOpen.
    """
    by.must(Permission.NOTICE_RECEIVE)
    notice = store.openable(notice_id, by=by)
    reading = Reading(
        case_id=notice_id,
        compartment=_IDENTITY,
        purpose=purpose,
        member_id=by.member_id,
        organisation_id=by.organisation_id,
        holder_id=notice.post_id,
        opened_at=clock.now(),
    )
    try:
        with transaction() as session:
            session.add(reading)
            vault.allow(session, notice_id, _IDENTITY, purpose, by=by)
    except CannotOpen:
        with transaction() as session:
            audit.append(session, audit.Event.OPENING_FAILED, by=by, case_id=notice_id, compartment=_IDENTITY)
        raise


def opened(*, notice_id: uuid.UUID, by: Actor) -> dict[str, str] | None:
    """The identity, for a session that opened it; else, and once it is destroyed, None.

    Raises NotPermitted, NotVisible.
    """
    by.must(Permission.NOTICE_RECEIVE)
    if not store.is_openable(store.row(notice_id, by=by), by=by):
        return None
    session = db.session()
    if not vault.is_allowed(session, notice_id, _IDENTITY, by=by):
        return None
    try:
        return dict(vault.read(session, notice_id, _IDENTITY, by=by).value)
    except CannotOpen:  # it was destroyed in between
        return None


def arrive(*, notice_id: uuid.UUID, interview_id: uuid.UUID, by: Actor) -> uuid.UUID:
    """The person is at the post: the interview begins, with the answer that the return was announced, and, of who is or
    may be a child, the age class, so that the child authority is told at once. What was announced is kept until it has
    ended.

    The same interview id again begins nothing twice. Also possible after "the person did not come". Raises
    NotPermitted, NotVisible, AnnouncedReturnRefused (`state`).
    """
    by.must(Permission.NOTICE_RECEIVE)
    by.must(Permission.INTERVIEW_CONDUCT)
    with transaction() as session:
        notice = store.row(notice_id, by=by, lock=True)
        if notice.status == AnnouncedReturnStatus.ARRIVED and interview_rows.is_known(interview_id):
            return interview_store.interview(interview_id, by=by).id
        if interview_rows.is_known(interview_id):  # a draft under a case's id would be a part of that case
            raise NotVisible
        said = _said(Said.ARRIVED, by)
        _change(session, notice_id, AnnouncedReturnStatus.ARRIVED, OPEN, interview_id=interview_id, **said)
        asked = drafts.questionnaire_called(drafts.CURRENT)
        announced = next(each.id for each in asked.questions.values() if each.fact == "announced")
        answers = {asked.home.questions[0]: "no", announced: "yes"}
        if notice.child != "no":
            answers[asked.derive["age"]] = "child" if notice.child == "yes" else "unsure"
        drafts.begin(session, interview_id, asked, clock.now(), answers, by=by)
        child_alert_steps.tell(session, interview_id, asked, {}, answers, by=by)
        audit.append(session, audit.Event.NOTICE_ARRIVED, by=by, notice_id=notice_id)
    return interview_id


def sent_otherwise(*, notice_id: uuid.UUID, interview_id: uuid.UUID, by: Actor) -> None:
    """Somebody who is expected at the post was handed over with an interview that did not begin with "has arrived"
    (ADR 0240). What was announced is kept until the duty desk has seen it, as of whose interview ended.

    The same again does nothing. Raises NotPermitted, NotVisible (also of an interview that was not sent),
    AnnouncedReturnRefused (`state`, also where the interview was said to be another announced person's, and where the
    day or the age says that it is nobody's who is expected).
    """
    by.must(Permission.INTERVIEW_CONDUCT)
    with transaction() as session:
        notice = store.row(notice_id, by=by, lock=True)
        if interview_store.interview(interview_id, by=by, lock=True).status != "sent":
            raise NotVisible
        already = store.said_of_sent(interview_id, by=by)
        if already is not None:
            if already.id == notice.id:
                return
            raise AnnouncedReturnRefused(AnnouncedReturnRefusal.STATE)
        if notice.id not in {line.id for line in store.may_be_of(interview_id, by=by)}:
            raise AnnouncedReturnRefused(AnnouncedReturnRefusal.STATE)
        said = _said(Said.ENDED, by)
        _change(session, notice_id, AnnouncedReturnStatus.ARRIVED, OPEN, interview_id=interview_id, **said)
        audit.append(session, audit.Event.NOTICE_ARRIVED, by=by, notice_id=notice_id, what=AFTER_SENDING)


def another_was_sent(*, notice_id: uuid.UUID, by: Actor) -> uuid.UUID:
    """It was another person who was handed over: the return is expected again. Returns the id of the interview.

    Raises NotPermitted, NotVisible, AnnouncedReturnRefused (`state`: the duty desk has seen it already).
    """
    by.must(Permission.INTERVIEW_CONDUCT)
    with transaction() as session:
        notice = store.row(notice_id, by=by, lock=True)
        interview_id = notice.interview_id
        if interview_id is None or notice.said != Said.ENDED:
            raise AnnouncedReturnRefused(AnnouncedReturnRefusal.STATE)
        nothing = {"interview_id": None, "said": "", "said_at": None, "said_by_id": None, "untold": notice.untold + 1}
        _change(session, notice_id, AnnouncedReturnStatus.ANNOUNCED, (AnnouncedReturnStatus.ARRIVED,), **nothing)
        audit.append(session, audit.Event.NOTICE_EXPECTED_AGAIN, by=by, notice_id=notice_id, what=AFTER_SENDING)
    return interview_id


def not_come(*, notice_id: uuid.UUID, by: Actor) -> None:
    """The person did not come. The identity stays sealed, for those who look for the person, until its time is over.

    A second time does nothing. Raises NotPermitted, NotVisible, AnnouncedReturnRefused (`state`; `early`: not late
    yet; `said`: it was said that the person arrived, which the duty desk has not seen).
    """
    by.must(Permission.NOTICE_RECEIVE)
    with transaction() as session:
        notice = store.row(notice_id, by=by, lock=True)
        if notice.status == AnnouncedReturnStatus.NOT_COME:
            return
        if notice.status == AnnouncedReturnStatus.ANNOUNCED and not steps.is_overdue(notice):
            raise AnnouncedReturnRefused(AnnouncedReturnRefusal.EARLY)
        if notice.said in UNTOLD:
            raise AnnouncedReturnRefused(AnnouncedReturnRefusal.SAID)
        said = _said(Said.NOT_COME, by)
        _change(session, notice_id, AnnouncedReturnStatus.NOT_COME, (AnnouncedReturnStatus.ANNOUNCED,), **said)
        audit.append(session, audit.Event.NOTICE_NOT_COME, by=by, notice_id=notice_id)


def expire(*, by: Actor) -> int:
    """Destroy the identity in notices whose day was 30 days ago; returns how many."""
    last = days.today() - timedelta(days=country().retention.notice_days)
    with transaction() as session:
        overdue = announced_return_rows.over(last, _BATCH)
        for notice in overdue:
            arrived = notice.said == Said.ENDED
            after = AnnouncedReturnStatus.ARRIVED if arrived else AnnouncedReturnStatus.NOT_COME
            _end(session, notice.id, after, (after,) if arrived else (*OPEN, AnnouncedReturnStatus.CANCELLED))
            audit.append(session, audit.Event.NOTICE_EXPIRED, by=by, notice_id=notice.id)
        return len(overdue)


def _end(
    session: Session, notice_id: uuid.UUID, after: AnnouncedReturnStatus, before: tuple[AnnouncedReturnStatus, ...]
) -> None:
    """Keep only the coarse facts; the keys to the identity are listed for destruction."""
    _change(session, notice_id, after, before, **steps.COARSE, **steps.NOTHING_SAID)
    epochs.erase(session, notice_id, [_IDENTITY])


def _said(what: Said, by: Actor) -> dict[str, object]:
    return {"said": str(what), "said_at": clock.now(), "said_by_id": by.member_id}


def _change(
    session: Session,
    notice_id: uuid.UUID,
    after: AnnouncedReturnStatus,
    before: tuple[AnnouncedReturnStatus, ...],
    **values: object,
) -> None:
    hit = hit_one(
        session,
        update(AnnouncedReturn)
        .where(
            AnnouncedReturn.id == notice_id,
            AnnouncedReturn.status.in_(before),
            AnnouncedReturn.expected_on.is_not(None),
        )
        .values(status=str(after), **values)
        .execution_options(synchronize_session=False),
    )
    if not hit:
        raise AnnouncedReturnRefused(AnnouncedReturnRefusal.STATE)
