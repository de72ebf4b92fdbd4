"""Announced returns. The post and the Responsible Authority see whom to expect; the organisation that announced a
return sees only its outcome. The Responsible Authority reads what was said of one, when and by whom; the post only, on
the page of one, that an interview of who was said to have arrived told nothing."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from sqlalchemy import ColumnElement, Date, Select, and_, bindparam, literal, or_, select
from sqlalchemy.orm import aliased

from nrm import clock
from nrm.audit import Event
from nrm.db import db
from nrm.domain.accounts.accounts import Actor, NotVisible, OrganisationKind, Permission
from nrm.domain.referrals.announced_returns import (
    LATE_FOR,
    OPEN,
    UNTOLD,
    AnnouncedReturnStatus,
    Said,
    is_late,
    late_from,
    may_be_the_one,
)
from nrm.models.accounts.accounts import Member, Organisation
from nrm.models.interviews.interviews import Interview
from nrm.models.referrals.announced_returns import AnnouncedReturn
from nrm.models.shelter.cases import Case
from nrm.store import days, signed_names
from nrm.store.countries import country
from nrm.store.referrals import notices_told
from nrm.store.rows import entries
from nrm.store.statements import built_once

_MOST = 100
_Post = aliased(Organisation)
_Recorder = aliased(Organisation)


@dataclass(frozen=True, slots=True)
class ExpectedLine:
    """A person who is expected, or did not come. The identity is sealed."""

    id: uuid.UUID
    post: dict[str, str]
    post_telephone: str
    recorder: dict[str, str]
    recorder_telephone: str
    origin: str
    country: str
    expected_on: date
    hour: int | None
    child: str
    companions: int
    needs: tuple[str, ...]
    status: str
    late: bool
    late_from: datetime  # from then on it can be said that the person did not come
    sent_begun_at: datetime | None  # when the interview began that was sent, and said later to be this person's
    held: bool  # the interview that began with it was ended, and tells nothing of the person
    said: str  # what was said of it last; empty where there is nothing to be told
    said_at: datetime | None
    said_by: str
    why: str
    untold: int  # how often it was said that the person arrived, and the interview told nothing
    early: bool  # that the person arrived was said before the announced day
    before_at: datetime | None = None  # when it was said that the person did not come, where something was said since
    before_by: str = ""
    announced_at: datetime | None = None  # where a page needs it, and the audit chain tells it within reach
    announced_by: str = ""  # for the Responsible Authority


@dataclass(frozen=True, slots=True)
class RecordedLine:
    """A notice of the actor's office: until it is over with the day, who comes, and who announced it and when;
    afterwards with the quarter and the outcome. Of one that was taken back and that the duty desk has not seen also who
    did so, when and why."""

    id: uuid.UUID
    post: dict[str, str]
    country: str
    quarter_on: date
    expected_on: date | None
    hour: int | None
    child: str
    companions: int | None
    status: str
    goes_on: bool  # the post says that the person arrived; its interview, or the duty desk, tells nothing yet
    announced_at: datetime | None
    announced_by: str
    said_at: datetime | None
    said_by: str
    why: str

    @property
    def is_open(self) -> bool:
        """Whether it can be taken back: the person is expected, or is looked for."""
        return self.expected_on is not None and self.status in OPEN


def row(notice_id: uuid.UUID, *, by: Actor, lock: bool = False) -> AnnouncedReturn:
    """One notice the actor is expected to receive; raises NotVisible."""
    return _notice_row(AnnouncedReturn.id == notice_id, _received(by), lock=lock)


def own(notice_id: uuid.UUID, *, by: Actor, lock: bool = False) -> AnnouncedReturn:
    """One notice the actor's organisation recorded; raises NotVisible."""
    if by.organisation_id is None or not by.may(Permission.NOTICE_ANNOUNCE):
        raise NotVisible
    return _notice_row(
        AnnouncedReturn.id == notice_id, AnnouncedReturn.organisation_id == by.organisation_id, lock=lock
    )


def openable(notice_id: uuid.UUID, *, by: Actor) -> AnnouncedReturn:
    """One of which the actor may open who it is; raises NotVisible."""
    notice = row(notice_id, by=by)
    if not is_openable(notice, by=by):
        raise NotVisible
    return notice


def is_openable(notice: AnnouncedReturn, *, by: Actor) -> bool:
    """Whether the person is expected or did not come; for the Responsible Authority also, whether it was taken back
    and is not seen yet, or an interview began with it and it is late, or ended with nobody handed over. Raises
    NotPermitted."""
    by.must(Permission.NOTICE_RECEIVE)
    if notice.expected_on is None or notice.status not in _shown(by):
        return False
    return notice.status != AnnouncedReturnStatus.ARRIVED or notice.said == Said.ENDED or _is_late(notice)


def _is_late(notice: AnnouncedReturn) -> bool:
    assert notice.expected_on is not None
    due = late_from(notice.expected_on, notice.hour, country().timezone)
    return is_late(notice.status, due, said=notice.said, now=clock.now())


def _shown(by: Actor) -> tuple[AnnouncedReturnStatus, ...]:
    """Ended ones have no day any more, so only an arrival that tells nothing yet, or with which nobody was handed over
    and the duty desk has not seen it, is among them (ADR 0234, ADR 0237)."""
    return tuple(AnnouncedReturnStatus) if by.may(Permission.REFERRAL_DIRECT) else OPEN


def _notice_row(*wanted: ColumnElement[bool], lock: bool) -> AnnouncedReturn:
    statement = select(AnnouncedReturn).where(*wanted).execution_options(populate_existing=True)
    found = db.session.scalar(statement.with_for_update() if lock else statement)
    if found is None:
        raise NotVisible
    return found


def expected(*, by: Actor) -> list[ExpectedLine]:
    """Whom the post expects, the next first, and for a week who did not come: they may come late. The Responsible
    Authority sees all who did not come, and last of all whose interview ended with nobody handed over."""
    return [line for line in listed(by=by) if by.may(Permission.REFERRAL_DIRECT) or line.status in OPEN]


def listed(*, by: Actor) -> list[ExpectedLine]:
    """As `expected`; the post also reads, until the announced day has passed, who took back whom, when and why, as long
    as the duty desk has not seen it (ADR 0248). Where one was taken back, when each was announced tells it from others
    that look alike, for the Responsible Authority with who announced it (ADR 0257)."""
    today = days.today()
    found, tells = list(_expected(by)(late_since=today - LATE_FOR, today=today)), by.may(Permission.REFERRAL_DIRECT)
    told = [notice.said_by_id for notice, *_ in found if tells or notice.said == Said.TAKEN_BACK]
    codes = signed_names.codes(told) if told else {}
    lines = [
        _expected_line(*each, codes=codes, tells=tells or each[0].status == AnnouncedReturnStatus.CANCELLED)
        for each in found
    ]
    back = any(line.status == AnnouncedReturnStatus.CANCELLED for line in lines)
    return _announced([each[0] for each in found], lines, by=by) if back else lines


@built_once
def _expected(
    by: Actor,
) -> Select[AnnouncedReturn, Organisation, Organisation, Member | None, str | None, datetime | None]:
    late = or_(
        AnnouncedReturn.status != AnnouncedReturnStatus.NOT_COME,
        AnnouncedReturn.expected_on > bindparam("late_since", type_=Date()),
        literal(by.may(Permission.REFERRAL_DIRECT)),
    )
    back = and_(
        AnnouncedReturn.status == AnnouncedReturnStatus.CANCELLED,
        AnnouncedReturn.said == Said.TAKEN_BACK,
        AnnouncedReturn.expected_on >= bindparam("today", type_=Date()),
    )
    shown = or_(AnnouncedReturn.status.in_(_shown(by)), back)
    return (
        _notice_rows()
        .where(_received(by), shown, AnnouncedReturn.expected_on.is_not(None), late)
        .order_by(
            AnnouncedReturn.said == "ended", AnnouncedReturn.expected_on, AnnouncedReturn.hour, AnnouncedReturn.id
        )
        .limit(_MOST)
    )


def one_expected(notice_id: uuid.UUID, *, by: Actor) -> ExpectedLine:
    """One that is still open, or did not come and is not yet over; raises NotVisible."""
    wanted = (AnnouncedReturn.id == notice_id, _received(by), AnnouncedReturn.status.in_(_shown(by)))
    found = db.session.execute(_notice_rows().where(*wanted, AnnouncedReturn.expected_on.is_not(None))).first()
    if found is None:
        raise NotVisible
    tells = by.may(Permission.REFERRAL_DIRECT) or found[0].said in ("", *UNTOLD)
    line = _expected_line(*found, codes=signed_names.codes([found[0].said_by_id]), tells=tells)
    (line,) = _announced([found[0]], [line], by=by)
    return _with_word_before(line) if by.may(Permission.REFERRAL_DIRECT) else line


def _announced(notices: Sequence[AnnouncedReturn], lines: Sequence[ExpectedLine], *, by: Actor) -> list[ExpectedLine]:
    """The lines with when each was announced, and, for the Responsible Authority, by whom."""
    made = notices_told.announcements((each.id for each in notices), by=by)
    tells = by.may(Permission.REFERRAL_DIRECT)
    called = notices_told.names_of((each.announced_by_id for each in notices), by=by) if tells else {}
    return [
        replace(
            line,
            announced_at=made[line.id].at if line.id in made else None,
            announced_by=called.get(notice.announced_by_id, ""),
        )
        for notice, line in zip(notices, lines, strict=True)
    ]


def _with_word_before(line: ExpectedLine) -> ExpectedLine:
    """What the audit chain tells of "did not come", which a later word stands over (ADR 0237)."""
    if line.said in ("", Said.NOT_COME):
        return line
    found = entries.newest_of(entries.EVER, (Event.NOTICE_NOT_COME,), entries.about(line.id))
    member = db.session.get(Member, found[1].member_id) if found and found[1].member_id else None
    if found is None or member is None:
        return line
    name = signed_names.codes([member.id]).get(member.id, member.name)
    return replace(line, before_at=found[1].at, before_by=name)


def may_be_of(interview_id: uuid.UUID, *, by: Actor) -> list[ExpectedLine]:
    """Who is expected at the post and may be the person of an interview that was sent, as far as day and age tell; of a
    closed case nobody (ADR 0240)."""
    found = db.session.execute(
        select(Interview.started_at, Case.age_class)
        .join(Case, Case.id == Interview.id)
        .where(Interview.id == interview_id, Interview.organisation_id == by.organisation_id, Case.status != "closed")
    ).first()
    if found is None:
        return []
    asked = {"interviewed_on": clock.day_of(found.started_at, country().timezone), "age_class": found.age_class}
    return [line for line in expected(by=by) if may_be_the_one(expected_on=line.expected_on, child=line.child, **asked)]


def said_of_sent(interview_id: uuid.UUID, *, by: Actor) -> AnnouncedReturn | None:
    """The return of which the post said that the person is the one of an interview that had been sent before, until the
    duty desk has seen it."""
    return db.session.scalar(
        select(AnnouncedReturn).where(
            AnnouncedReturn.interview_id == interview_id, AnnouncedReturn.said == Said.ENDED, _received(by)
        )
    )


def begun_by_me(notice_id: uuid.UUID, *, by: Actor) -> AnnouncedReturn | None:
    """One of which the actor said that the person arrived, or whose interview they ended, as long as that is kept; the
    post sees it no more, and other members of it learn nothing."""
    return db.session.scalar(
        select(AnnouncedReturn).where(
            AnnouncedReturn.id == notice_id,
            AnnouncedReturn.status == AnnouncedReturnStatus.ARRIVED,
            AnnouncedReturn.said.in_((Said.ARRIVED, Said.ENDED)),
            AnnouncedReturn.said_by_id == by.member_id,
            _received(by),
        )
    )


def recorded(*, by: Actor) -> list[RecordedLine]:
    """What the actor's organisation announced, the latest quarter first."""
    if by.organisation_id is None or not by.may(Permission.NOTICE_ANNOUNCE):
        return []
    statement = (
        select(AnnouncedReturn, _Post)
        .join(_Post, _Post.id == AnnouncedReturn.post_id)
        .where(AnnouncedReturn.organisation_id == by.organisation_id)
        .order_by(AnnouncedReturn.quarter_on.desc(), AnnouncedReturn.expected_on.desc(), AnnouncedReturn.id)
        .limit(_MOST)
    )
    return _recorded_lines([(notice, post) for notice, post in db.session.execute(statement)], by=by)


def own_line(notice_id: uuid.UUID, *, by: Actor) -> RecordedLine:
    """One notice of the actor's office as `recorded` tells it; raises NotVisible."""
    notice = own(notice_id, by=by)
    (line,) = _recorded_lines([(notice, db.session.get_one(Organisation, notice.post_id))], by=by)
    return line


def _recorded_lines(found: Sequence[tuple[AnnouncedReturn, Organisation]], *, by: Actor) -> list[RecordedLine]:
    kept = [notice for notice, _ in found if notice.status in OPEN or notice.said == Said.TAKEN_BACK]
    made = notices_told.announcements((notice.id for notice in kept), by=by)
    hands = [member for notice in kept for member in (notice.announced_by_id, notice.said_by_id)]
    called = notices_told.names_of(hands, by=by)
    return [_recorded_line(notice, post, notice in kept, made.get(notice.id), called) for notice, post in found]


def _recorded_line(
    notice: AnnouncedReturn,
    post: Organisation,
    kept: bool,
    made: entries.Entry | None,
    called: Mapping[uuid.UUID | None, str],
) -> RecordedLine:
    back = kept and notice.said == Said.TAKEN_BACK
    return RecordedLine(
        notice.id,
        post.names,
        notice.country,
        notice.quarter_on,
        notice.expected_on if kept else None,
        notice.hour if kept else None,
        notice.child,
        notice.companions if kept else None,
        notice.status,
        notice.interview_id is not None or notice.said == Said.ENDED,
        made.at if made is not None else None,
        called.get(notice.announced_by_id, "") if kept else "",
        notice.said_at if back else None,
        called.get(notice.said_by_id, "") if back else "",
        notice.why if back else "",
    )


def _received(by: Actor) -> ColumnElement[bool]:
    if by.organisation_id is None or not by.may(Permission.NOTICE_RECEIVE):
        raise NotVisible
    if by.kind is OrganisationKind.RESPONSIBLE_AUTHORITY:
        return AnnouncedReturn.status != ""
    return AnnouncedReturn.post_id == by.organisation_id


def _notice_rows() -> Select[AnnouncedReturn, Organisation, Organisation, Member | None, str | None, datetime | None]:
    return (
        select(AnnouncedReturn, _Post, _Recorder, Member, Interview.status, Interview.started_at)
        .join(_Post, _Post.id == AnnouncedReturn.post_id)
        .join(_Recorder, _Recorder.id == AnnouncedReturn.organisation_id)
        .outerjoin(Member, Member.id == AnnouncedReturn.said_by_id)
        .outerjoin(Interview, Interview.id == AnnouncedReturn.interview_id)
    )


def _expected_line(
    notice: AnnouncedReturn,
    post: Organisation,
    recorder: Organisation,
    said_by: Member | None,
    interview: str | None,
    began: datetime | None,
    *,
    codes: Mapping[uuid.UUID | None, str],
    tells: bool,
) -> ExpectedLine:
    assert notice.expected_on is not None
    told = notice.said if tells else ""
    name = codes.get(said_by.id, said_by.name) if told and said_by is not None else ""
    zone = country().timezone
    said_at = notice.said_at if told in (Said.ARRIVED, Said.ENDED, *UNTOLD) else None
    return ExpectedLine(
        notice.id,
        post.names,
        post.telephone,
        recorder.names,
        recorder.telephone,
        notice.origin,
        notice.country,
        notice.expected_on,
        notice.hour,
        notice.child,
        notice.companions or 0,
        tuple(notice.needs or ()),
        notice.status,
        _is_late(notice),
        late_from(notice.expected_on, notice.hour, zone),
        began if notice.said == Said.ENDED else None,
        interview == "held",
        told,
        notice.said_at if told else None,
        name,
        notice.why if told else "",
        notice.untold if tells else 0,
        said_at is not None and clock.day_of(said_at, zone) < notice.expected_on,
    )
