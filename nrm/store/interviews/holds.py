"""Interviews that ended and are held: for who ended them, for colleagues of the post, and for the duty desk.

A colleague sees the code and the hour; nothing at all where an official took part. The duty desk sees what it was given
a key to.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Select, and_, func, literal, or_, select

from nrm import clock
from nrm.db import db
from nrm.domain.accounts.accounts import Actor, NotVisible, Permission
from nrm.domain.interviews.endings import BY_TELEPHONE, is_child
from nrm.models.accounts.accounts import Member, Organisation
from nrm.models.interviews.interviews import Hold, Interview
from nrm.models.referrals.referrals import ChildAlert
from nrm.models.shelter.cases import Grant
from nrm.store import names
from nrm.store.rows.interviews import holds as rows
from nrm.vault.unattended import call_names

_MOST = 50


@dataclass(frozen=True, slots=True)
class HeldLine:
    """One interview of the post. `mine`: the asker may take it back; else `ending` and `until` are not told."""

    id: uuid.UUID
    pseudonym: str
    held_at: datetime
    mine: bool
    ending: str = ""
    until: datetime | None = None
    desk: bool = False


@dataclass(frozen=True, slots=True)
class DeskLine:
    """One interview that ended at a post and that the duty desk looks at. `openable`: it has a key; `was_child`: under
    18 or not sure was chosen before, and is no more; `answered`: who gave, by the post, the answer of the child
    authority by telephone that it wrote down itself (ADR 0231)."""

    id: uuid.UUID
    pseudonym: str
    post_id: uuid.UUID
    post: dict[str, str]
    telephone: str
    questionnaire: str
    ending: str
    reason: str
    held_at: datetime
    until: datetime
    official: bool
    openable: bool
    was_child: bool
    answered: str


def of_post(*, by: Actor) -> list[HeldLine]:
    """What is held at the actor's post, the first to be destroyed first."""
    by.must(Permission.INTERVIEW_CONDUCT)
    statement = (
        _of_post(by).where(Interview.expires_at > clock.now()).order_by(Interview.expires_at, Interview.id).limit(_MOST)
    )
    return [_held_line(*row, by) for row in db.session.execute(statement)]


def number_held(by: Actor) -> ColumnElement[int]:
    """How many interviews are held at the actor's post, as a column of another statement; 0 for who interviews nobody.
    Those whose time is over are counted until they are destroyed."""
    if not by.may(Permission.INTERVIEW_CONDUCT):
        return literal(0)
    counted = select(func.count()).select_from(Interview)
    return counted.where(Interview.organisation_id == by.organisation_id, Interview.status == "held").scalar_subquery()


def mine(interview_id: uuid.UUID, *, by: Actor) -> HeldLine:
    """One that the actor may take back, or could until a moment ago; raises NotVisible."""
    by.must(Permission.INTERVIEW_CONDUCT)
    row = db.session.execute(_of_post(by).where(Interview.id == interview_id)).first()
    line = None if row is None else _held_line(*row, by)
    if line is None or not line.mine:
        raise NotVisible
    return line


def is_over(interview_id: uuid.UUID, *, by: Actor) -> bool:
    """Whether the time of one of the actor's own interviews is over, destroyed already or not."""
    by.must(Permission.INTERVIEW_CONDUCT)
    gone = Interview.status == "ended"
    late = (Interview.status == "held") & (Interview.expires_at <= clock.now())
    own = (Interview.id == interview_id, Interview.member_id == by.member_id, or_(gone, late))
    return db.session.scalar(select(Interview.id).where(*own)) is not None


def _of_post(by: Actor) -> Select[Hold, Interview]:
    own = or_(Hold.member_id == by.member_id, Interview.member_id == by.member_id)
    return (
        select(Hold, Interview)
        .join(Interview, Interview.id == Hold.id)
        .where(
            Interview.organisation_id == by.organisation_id,
            Interview.status == "held",
            or_(own, Hold.official.is_(False)),
        )
    )


def _held_line(hold: Hold, interview: Interview, by: Actor) -> HeldLine:
    if by.member_id not in (hold.member_id, interview.member_id):
        return HeldLine(hold.id, interview.pseudonym, hold.held_at, False)
    until = interview.expires_at
    return HeldLine(hold.id, interview.pseudonym, hold.held_at, True, hold.ending, until, hold.desk)


def of_desk(*, by: Actor) -> list[DeskLine]:
    """What the duty desk may open or asks about, the first to be destroyed first. Raises NotPermitted."""
    statement = _of_desk(by).order_by(Interview.expires_at, Interview.id).limit(_MOST)
    return [_desk_line(*row) for row in db.session.execute(statement)]


def of_desk_one(interview_id: uuid.UUID, *, by: Actor) -> DeskLine:
    """One of them; raises NotPermitted, NotVisible."""
    row = db.session.execute(_of_desk(by).where(Interview.id == interview_id)).first()
    if row is None:
        raise NotVisible
    return _desk_line(*row)


@dataclass(frozen=True, slots=True)
class UnseenLine:
    """One interview that ended at a post against what was said, and that the duty desk does not see: the person struck
    it out. Nothing of what was said (ADR 0284)."""

    id: uuid.UUID
    pseudonym: str
    post: dict[str, str]
    telephone: str
    ending: str
    reason: str
    held_at: datetime
    until: datetime


def of_help_line(*, by: Actor) -> list[UnseenLine]:
    """What the help line asks the posts about, the first to be destroyed first; empty for everybody else."""
    if not names.talks_by_telephone(by):
        return []
    told = rows.held_unseen()
    if not told:
        return []
    statement = (
        select(Hold, Interview, Organisation)
        .join(Interview, Interview.id == Hold.id)
        .join(Organisation, Organisation.id == Interview.organisation_id)
        .where(Hold.id.in_(told), Interview.status == "held", Interview.expires_at > clock.now())
        .order_by(Interview.expires_at, Interview.id)
        .limit(_MOST)
    )
    found = []
    for hold, interview, post in db.session.execute(statement):
        assert interview.expires_at is not None
        found.append(
            UnseenLine(
                hold.id,
                interview.pseudonym,
                post.names,
                post.telephone,
                hold.ending,
                hold.reason,
                hold.held_at,
                interview.expires_at,
            )
        )
    return found


def is_told_to_help_line(line: HeldLine) -> bool:
    """Whether the help line reads that it ended."""
    return line.id in rows.held_unseen()


def to_open(interview_id: uuid.UUID, *, by: Actor) -> DeskLine:
    """One to which the desk has a key; raises NotPermitted, NotVisible."""
    line = of_desk_one(interview_id, by=by)
    if not line.openable:
        raise NotVisible
    return line


def _of_desk(by: Actor) -> Select[Hold, Interview, Organisation, uuid.UUID | None, ChildAlert | None, uuid.UUID | None]:
    by.must(Permission.REFERRAL_DIRECT)
    key = (Grant.case_id == Hold.id, Grant.compartment == "draft", Grant.organisation_id == by.organisation_id)
    written_down = and_(
        ChildAlert.answer_how == BY_TELEPHONE,
        ChildAlert.withdrawn_at.is_(None),
        Member.organisation_id == Interview.organisation_id,
    )
    return (
        select(Hold, Interview, Organisation, Grant.case_id, ChildAlert, Member.organisation_id)
        .join(Interview, Interview.id == Hold.id)
        .join(Organisation, Organisation.id == Interview.organisation_id)
        .outerjoin(Grant, and_(*key, Hold.desk))
        .outerjoin(ChildAlert, ChildAlert.id == Hold.id)
        .outerjoin(Member, Member.id == ChildAlert.answered_by_id)
        .where(
            Grant.case_id.is_not(None) | written_down,
            Interview.status == "held",
            Interview.expires_at > clock.now(),
        )
    )


def _desk_line(
    hold: Hold,
    interview: Interview,
    post: Organisation,
    key: uuid.UUID | None,
    alert: ChildAlert | None,
    recorder_id: uuid.UUID | None,
) -> DeskLine:
    assert interview.expires_at is not None
    by_post = alert is not None and alert.answer_how == BY_TELEPHONE and recorder_id == post.id
    return DeskLine(
        hold.id,
        interview.pseudonym,
        post.id,
        post.names,
        post.telephone,
        interview.questionnaire,
        hold.ending,
        hold.reason,
        hold.held_at,
        interview.expires_at,
        hold.official,
        key is not None,
        alert is not None and not is_child(alert.age_class),
        call_names.opened(alert.id, alert.answered_name) if alert is not None and by_post else "",
    )
