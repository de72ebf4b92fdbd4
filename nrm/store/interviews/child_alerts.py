"""Children at a post now, as the child authority, the duty desk and the post itself see them: nothing sealed."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, bindparam, case, func, literal, or_, select
from sqlalchemy.orm import aliased

from nrm import clock
from nrm.db import db
from nrm.domain.accounts.accounts import Actor, NotVisible, OrganisationKind, Permission
from nrm.domain.interviews.endings import (
    BY_TELEPHONE,
    CALL_TAKE_BACK_WITHIN,
    DUTY_DESK_AFTER,
    FINAL,
    TAKE_BACK_WITHIN,
    ChildAnswer,
    as_answered,
)
from nrm.domain.referrals.duty import OLD_AFTER
from nrm.models.accounts.accounts import Member, Organisation
from nrm.models.referrals.referrals import Call, ChildAlert
from nrm.store.interviews.interviews import UnsentLine
from nrm.store.rows.interviews import child_alerts as rows
from nrm.vault.unattended import call_names

_MOST = 50
WITHOUT_THE_DESK = ("age_changed", "not_named")
"""Why a notice is taken back of an interview that is sent, or can be, without the child authority."""
_ASKED = case(
    (ChildAlert.opinion_at.is_not(None) & (ChildAlert.answer == "") & ChildAlert.withdrawn_at.is_(None), 1), else_=0
)


def _waits(now: datetime) -> ColumnElement[int]:
    """0 of what is late, 1 of what the desk has not said yet that it knows, has not answered, or may not have said, 2
    of all else."""
    stands = ChildAlert.withdrawn_at.is_(None)
    unknown, asked = and_(ChildAlert.done_at.is_(None), stands), _ASKED == 1
    late = or_(and_(unknown, ChildAlert.due_at <= now), and_(asked, ChildAlert.answer_due_at <= now))
    return case((late, 0), (or_(unknown, asked, ChildAlert.answer_how == BY_TELEPHONE), 1), else_=2)


_OF_RECORDER = aliased(Organisation)
"""The organisation of whoever wrote down that the child authority knows."""
_DUE = case(
    (ChildAlert.answer_how == BY_TELEPHONE, ChildAlert.answered_at),
    else_=func.coalesce(ChildAlert.answer_due_at, ChildAlert.due_at, type_=ChildAlert.due_at.type),
)
"""From when on it becomes old: what others wrote down waits for a yes from then on, whenever it was asked."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """Who wrote down, after a call, that child protection knows. `answered`: whom they spoke with, under `number`."""

    by_id: uuid.UUID
    by: str
    answered: str
    organisation: dict[str, str]
    of_duty: bool
    number: str


@dataclass(frozen=True, slots=True)
class AlertLine:
    """One child at a post. `withdrawn_why` is empty unless it was taken back."""

    id: uuid.UUID
    post: dict[str, str]
    telephone: str
    party: str
    age_class: str
    told_at: datetime
    due_at: datetime
    done_at: datetime | None
    withdrawn_why: str
    late: bool
    opinion_at: datetime | None
    answer_due_at: datetime | None  # by when the post should have its answer
    opinion_why: str
    answer: str
    answer_how: str
    answered_at: datetime | None
    answered_name: str
    answer_late: bool
    recorded: Recorded | None  # None where the child authority said itself that it knows
    number: str  # under which somebody answered last, as was written down; empty where nobody did
    confirmed_at: datetime | None = None  # when it said that it gave the answer that others wrote down
    confirmed_by: str = ""

    @property
    def may_take_back(self) -> bool:
        """Whether the desk can still take back that it knows; what others wrote down, until it says something."""
        recent = self.done_at is not None and self.done_at > clock.now() - TAKE_BACK_WITHIN
        return (recent or self.recorded is not None) and not self.answer and not self.withdrawn_why

    @property
    def call_may_be_taken_back(self) -> bool:
        """Whether the duty desk can still take back that somebody answered its call."""
        recent = self.done_at is not None and self.done_at > clock.now() - CALL_TAKE_BACK_WITHIN
        of_duty = self.recorded is not None and self.recorded.of_duty
        return recent and of_duty and not self.answer and not self.withdrawn_why

    @property
    def asked(self) -> bool:
        """Whether the post waits for an answer."""
        return self.opinion_at is not None and not self.answer and not self.withdrawn_why

    @property
    def doubted(self) -> bool:
        """Whether the post says 18 or over, and the desk has not agreed."""
        return self.age_class == "adult" and self.answer != ChildAnswer.ADULT

    @property
    def denied(self) -> bool:
        """Whether the desk said lately that it did not give the answer that was written down, and gave none since."""
        return self.asked and self.id in rows.denied()

    @property
    def contradictable(self) -> bool:
        """Whether somebody else wrote down what the desk answered, and the interview is not destroyed; of one that was
        sent, while the notice of it is kept."""
        if self.answer_how != BY_TELEPHONE:
            return False
        return not self.withdrawn_why or self.sent or (self.answer == ChildAnswer.ADULT and rows.goes_on(self.id))

    @property
    def to_confirm(self) -> bool:
        """Whether the desk has said neither yes nor no to an answer that somebody else wrote down (ADR 0243)."""
        return self.confirmed_at is None and self.contradictable

    @property
    def sent(self) -> bool:
        """Whether the notice was taken back, and the interview was sent as one of which the desk is owed nothing."""
        return self.withdrawn_why in WITHOUT_THE_DESK and rows.is_sent(self.id)

    @property
    def unanswered_long(self) -> bool:
        """Whether the post has waited so long that it calls the duty desk."""
        return self.asked and self.opinion_at is not None and self.opinion_at <= clock.now() - DUTY_DESK_AFTER

    @property
    def answerable(self) -> bool:
        """Whether the desk can still answer: it is asked, and has not given a final answer."""
        return self.opinion_at is not None and self.answer not in list(FINAL) and not self.withdrawn_why


def is_denied(line: UnsentLine) -> bool:
    """Whether the child authority said lately that it did not give the answer that somebody wrote down."""
    return line.id in rows.denied()


def is_doubted(interview_id: uuid.UUID, *, by: Actor) -> bool:
    """Whether the post says 18 or over of somebody of whom the child authority was told as a child, and has not agreed;
    while the notice is kept, also of a case. Raises NotPermitted."""
    by.must(Permission.REFERRAL_DIRECT)
    told = (ChildAlert.id == interview_id, ChildAlert.age_class == "adult", ChildAlert.answer != ChildAnswer.ADULT)
    return db.session.scalar(select(ChildAlert.id).where(*told)) is not None


def row(interview_id: uuid.UUID, *, by: Actor, lock: bool = False) -> ChildAlert:
    """One alert the actor may acknowledge; raises NotVisible. `lock`: nobody changes it before the transaction ends."""
    statement = select(ChildAlert).where(ChildAlert.id == interview_id, _visible_alerts(by))
    if lock:
        statement = statement.with_for_update()
    found = db.session.scalar(statement.execution_options(populate_existing=True))
    if found is None:
        raise NotVisible
    return found


def row_to_answer(interview_id: uuid.UUID, *, by: Actor, lock: bool = False) -> ChildAlert:
    """One alert of which the actor may write down what was answered by telephone: the duty desk any, a post its own;
    raises NotVisible. `lock` as of `row`."""
    if by.may(Permission.REFERRAL_DIRECT):
        return row(interview_id, by=by, lock=lock)
    by.must(Permission.INTERVIEW_CONDUCT)
    own = select(ChildAlert).where(ChildAlert.id == interview_id, ChildAlert.organisation_id == by.organisation_id)
    found = db.session.scalar((own.with_for_update() if lock else own).execution_options(populate_existing=True))
    if found is None:
        raise NotVisible
    return found


def of_desk(interview_id: uuid.UUID, *, by: Actor) -> AlertLine:
    """An alert to the actor's own desk of the child authority, answered or not; raises NotVisible."""
    if by.kind is not OrganisationKind.CHILD_PROTECTION:
        raise NotVisible
    found = db.session.execute(_alert_rows().where(ChildAlert.id == interview_id, _visible_alerts(by))).first()
    if found is None:
        raise NotVisible
    return _with_words([_alert_line(*found)])[0]


def of_duty(interview_id: uuid.UUID, *, by: Actor) -> AlertLine:
    """An alert as the duty desk sees it, known of or not; raises NotPermitted, NotVisible."""
    by.must(Permission.REFERRAL_DIRECT)
    found = db.session.execute(_alert_rows().where(ChildAlert.id == interview_id, _visible_alerts(by))).first()
    if found is None:
        raise NotVisible
    return _alert_line(*found)


def recorded(*, by: Actor) -> list[AlertLine]:
    """The calls of the duty desk about a child at a post that it can still take back, the last one first."""
    by.must(Permission.REFERRAL_DIRECT)
    rows = db.session.execute(_alert_rows().where(*_recorded_lately()).order_by(ChildAlert.done_at.desc()).limit(_MOST))
    return [_alert_line(*found) for found in rows]


def number_recorded(by: Actor) -> ColumnElement[int]:
    """How many `recorded` gives, as a column of another statement; 0 for everybody else."""
    if not by.may(Permission.REFERRAL_DIRECT):
        return literal(0)
    counted = select(func.count()).select_from(ChildAlert).join(Member, Member.id == ChildAlert.done_by_id)
    return (
        counted.join(_OF_RECORDER, _OF_RECORDER.id == Member.organisation_id)
        .where(*_recorded_lately(bindparam("call_recorded_since")))
        .scalar_subquery()
    )


def moment(by: Actor) -> dict[str, datetime]:
    """The value that `number_recorded` needs."""
    if not by.may(Permission.REFERRAL_DIRECT):
        return {}
    return {"call_recorded_since": clock.now() - CALL_TAKE_BACK_WITHIN}


def _recorded_lately(since: Any = None) -> tuple[ColumnElement[bool], ...]:
    return (
        ChildAlert.done_at > (clock.now() - CALL_TAKE_BACK_WITHIN if since is None else since),
        ChildAlert.answer == "",
        ChildAlert.withdrawn_at.is_(None),
        _OF_RECORDER.kind == OrganisationKind.RESPONSIBLE_AUTHORITY,
    )


def answered_by(line: AlertLine) -> str:
    """The name of the colleague who answered, here or by telephone; empty while nobody did."""
    signed = (
        select(Member.name).join(ChildAlert, ChildAlert.answered_by_id == Member.id).where(ChildAlert.id == line.id)
    )
    return line.answered_name or db.session.scalar(signed) or ""


def alerts(*, by: Actor, old: bool = False) -> list[AlertLine]:
    """Alerts that have not become a case yet: first those that are late, then those that wait for the desk, then those
    that wait for nothing; the newest first.

    The duty desk gets those that are not acknowledged. `old`: only those that were due more than seven days ago.
    """
    order = (_waits(clock.now()), _ASKED.desc(), ChildAlert.told_at.desc(), ChildAlert.id)
    border = clock.now() - OLD_AFTER
    statement = (
        _alert_rows().where(_visible_alerts(by), border >= _DUE if old else border < _DUE).order_by(*order).limit(_MOST)
    )
    if by.may(Permission.REFERRAL_DIRECT):
        statement = statement.where(ChildAlert.done_at.is_(None), ChildAlert.withdrawn_at.is_(None))
    lines = _with_words([_alert_line(*found) for found in db.session.execute(statement)])
    return sorted(lines, key=lambda line: line.answer_how == BY_TELEPHONE and not line.to_confirm)  # due before calm


def _with_words(lines: list[AlertLine]) -> list[AlertLine]:
    """The lines with what the desk said to answers that others wrote down; asks nothing where nobody did."""
    if not any(line.answer_how == BY_TELEPHONE for line in lines):
        return lines
    said = rows.confirmed()
    found = {line.id: said.get((line.id, as_answered(line.answer, line.answered_at))) for line in lines}
    return [
        replace(line, confirmed_at=entry.at, confirmed_by=_name(entry.member_id)) if entry is not None else line
        for line in lines
        for entry in (found[line.id],)
    ]


def _name(member_id: uuid.UUID | None) -> str:
    member = db.session.get(Member, member_id) if member_id is not None else None
    return member.name if member is not None else ""


def of_interview(interview_id: uuid.UUID, *, by: Actor) -> AlertLine | None:
    """What the post told about its own interview, if anything."""
    wanted = (ChildAlert.id == interview_id, ChildAlert.organisation_id == by.organisation_id)
    found = db.session.execute(_alert_rows().where(*wanted)).first()
    return _with_words([_alert_line(*found)])[0] if found is not None else None


def _visible_alerts(by: Actor) -> ColumnElement[bool]:
    if by.may(Permission.REFERRAL_DIRECT):
        return ChildAlert.party != ""
    if by.kind is not OrganisationKind.CHILD_PROTECTION or by.organisation_id is None:
        raise NotVisible
    own = select(Organisation.party).where(Organisation.id == by.organisation_id).scalar_subquery()
    return ChildAlert.party == own


def _alert_rows() -> Select[
    ChildAlert, Organisation, uuid.UUID | None, str | None, Organisation | None, str | None, str | None
]:
    """Rows for `_alert_line`."""
    spoken_with, number = (
        select(column)
        .where(Call.subject_id == ChildAlert.id, Call.answered.is_(True))
        .order_by(Call.called_at.desc(), Call.id)
        .limit(1)
        .scalar_subquery()
        for column in (Call.name, Call.number)
    )
    return (
        select(ChildAlert, Organisation, Member.id, Member.name, _OF_RECORDER, spoken_with, number)
        .join(Organisation, Organisation.id == ChildAlert.organisation_id)
        .outerjoin(Member, Member.id == ChildAlert.done_by_id)
        .outerjoin(_OF_RECORDER, _OF_RECORDER.id == Member.organisation_id)
    )


def _alert_line(
    alert: ChildAlert,
    post: Organisation,
    by_id: uuid.UUID | None,
    name: str | None,
    of_recorder: Organisation | None,
    spoken_with: str | None,
    number: str | None,
) -> AlertLine:
    recorded = None
    if by_id is not None and of_recorder is not None and of_recorder.kind != OrganisationKind.CHILD_PROTECTION:
        of_duty = of_recorder.kind == OrganisationKind.RESPONSIBLE_AUTHORITY
        with_whom = call_names.opened(alert.id, spoken_with or "")
        recorded = Recorded(by_id, name or "", with_whom, of_recorder.names, of_duty, number or "")
    withdrawn = alert.withdrawn_at is not None
    return AlertLine(
        alert.id,
        post.names,
        post.telephone,
        alert.party,
        alert.age_class,
        alert.told_at,
        alert.due_at,
        alert.done_at,
        alert.withdrawn_why,
        alert.done_at is None and not withdrawn and alert.due_at <= clock.now(),
        alert.opinion_at,
        alert.answer_due_at,
        alert.opinion_why,
        alert.answer,
        alert.answer_how,
        alert.answered_at,
        call_names.opened(alert.id, alert.answered_name),
        alert.answer_due_at is not None and not alert.answer and alert.answer_due_at <= clock.now(),
        recorded,
        number or "",
    )
