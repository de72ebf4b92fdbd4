"""The kinds of things that can wait on the duty desk, each as a statement over its own tables, for the store's lists.

Nothing here is run and nothing sealed is read. A new kind of thing needs one more `Source`, with the tags that it gives
(`marks`); the lists that are made of them are in `store/referrals/duty.py`, its words and its page in
`web/referrals/duty.py`.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    ScalarSelect,
    Select,
    String,
    and_,
    bindparam,
    case,
    exists,
    false,
    func,
    literal,
    null,
    or_,
    select,
)
from sqlalchemy.orm import aliased

from nrm import clock
from nrm.db import UtcDateTime, db
from nrm.domain.interviews.endings import DUTY_DESK_AFTER
from nrm.domain.referrals.critical_path import (
    ANSWER,
    ARRIVAL,
    DECISION,
    NOTIFY,
)
from nrm.domain.referrals.crossing_points import MEETING_WITHIN
from nrm.domain.referrals.duty import (
    CHILD,
    CHILD_ANSWER,
    CHILDREN,
    FAMILY,
    MOVE,
    NO_MEETING,
    NOT_COME,
    OWED,
    UNSAFE,
    Tag,
    clauses_of_danger,
)
from nrm.domain.referrals.referrals import (
    DECISION_WITHIN,
    DECLINES_UNTIL_DIRECTION,
    NO_SHOW_AFTER,
    TAKEN,
    ReferralStatus,
)
from nrm.domain.referrals.transfers import BOTH_WRITE
from nrm.models.interviews.family_notices import FamilyNotice
from nrm.models.interviews.interviews import Interview
from nrm.models.referrals.referrals import Call, ChildAlert, Obligation, Referral
from nrm.models.shelter.cases import Case
from nrm.store.countries import country
from nrm.store.rows.referrals import transfers as transfer_rows
from nrm.store.rows.referrals.obligations import denied, is_waited_for
from nrm.store.rows.referrals.referrals import handed_over_urgently, not_come, promise_denied, promise_denied_before

MARKED = (Tag.DANGER, Tag.URGENT, Tag.NOT_TOLD, Tag.NOT_DONE, Tag.NO_PLACE, Tag.NOT_PROMISED)
"""The tags that a source can give; a child is seen by the age class, what is late by the hour."""
LAST = 3
"""The place of whatever comes by its hour alone (`Source.first`)."""
_ENDED = (ReferralStatus.DECLINED, ReferralStatus.EXPIRED, ReferralStatus.WITHDRAWN)


@dataclass(frozen=True, slots=True)
class Source:
    """One kind of thing. `due` plus `shift` is its hour; `statement` has the columns that all sources have.

    `put_off`: how often the hour was changed on the way, and `put_off_to`: the hour that was said last.
    `why`: the reason with which the sender asked another party than the route does; `asked`: how many were asked.
    `at_post`: whether somebody waits at a post for it; `marks`: for a tag, the condition under which it applies.
    """

    kind: str
    statement: Select[Any]
    due: Any
    id: Any
    clause: Any
    age_class: Any
    at_post: ColumnElement[bool]
    shift: timedelta = timedelta()
    marks: Mapping[Tag, ColumnElement[bool]] = field(default_factory=dict)
    put_off: Any = field(default_factory=lambda: literal(0))
    put_off_to: Any = field(default_factory=null)
    why: Any = field(default_factory=lambda: literal(""))
    asked: Any = field(default_factory=lambda: literal(0))

    @property
    def at_once(self) -> ColumnElement[bool]:
        """Whether it stands among what is due now, whatever its hour: who left without a meeting place."""
        return self.marks.get(Tag.NO_PLACE, false())

    @property
    def first(self) -> ColumnElement[int]:
        """0 for a child in danger who waits at a post; 1 for who is one of both, for who did not arrive, and for who
        left without a meeting place; 2 for who has another tag there; `LAST` for all else (ADR 0254)."""
        child = self.age_class.in_(tuple(CHILDREN))
        danger = self.marks.get(Tag.DANGER, false())
        if self.kind == NOT_COME:
            return case((and_(child, danger), 0), else_=1)
        comes = or_(and_(self.at_post, or_(child, *self.marks.values())), self.at_once)
        return case(
            (and_(comes, child, danger), 0),
            (and_(comes, or_(child, danger, self.at_once)), 1),
            (comes, 2),
            else_=LAST,
        )

    @property
    def tagged(self) -> Select[Any]:
        """The statement with a column for each tag a source can give, and what was put off."""
        marks = ((tag, self.marks.get(tag, false())) for tag in MARKED)
        return (
            self.statement.add_columns(*(mark.label(f"is_{tag}") for tag, mark in marks))
            .add_columns(self.put_off.label("put_off"), self.put_off_to.label("put_off_to"), self.why.label("why"))
            .add_columns(self.asked.label("asked"))
        )


def _referred(step: str, outcome: Any = None, since: Any = None) -> Select[Any]:
    """`since`: from when on it is counted whom to call; the sending where it is not given."""
    return (
        select(Referral.id, Referral.case_id, Case.pseudonym, Case.age_class, Referral.clause, literal(step))
        .add_columns(Referral.receiver_id, literal(""), Case.opened_by_id, Case.holder_id)
        .add_columns(
            Referral.sent_at if since is None else since,
            Referral.promised_at,
            literal("") if outcome is None else outcome,
            Referral.agreement,
        )
        .join(Case, Case.id == Referral.case_id)
    )


def is_on_the_way() -> ColumnElement[bool]:
    """Whether the arrival of a case is awaited by an hour that was said, or did not come about: then the referral is on
    the list, and not what is owed."""
    said = or_(Referral.expected_at.is_not(None), Referral.missed_at.is_not(None))
    return exists().where(Referral.case_id == Case.id, or_((Referral.status == "accepted") & said, not_come()))


def awaited_at() -> ColumnElement[datetime]:
    """The hour at which an accepted person is expected, the first one that passed: late `NO_SHOW_AFTER` that."""
    return func.coalesce(Referral.missed_at, Referral.expected_at, type_=Referral.expected_at.type)


@cache
def sources() -> tuple[Source, ...]:
    nothing = literal("")
    owed = (
        select(Obligation.id, Obligation.case_id, Case.pseudonym, Case.age_class, Obligation.clause, Obligation.kind)
        .add_columns(null(), Obligation.party, Case.opened_by_id, Case.holder_id)
        .add_columns(null(), null(), case((Case.status == "closed", literal("closed")), else_=nothing), nothing)
        .join(Case, Case.id == Obligation.case_id)
    )
    newest, later = aliased(Referral), aliased(Referral)
    ended_at = func.coalesce(newest.decided_at, newest.expires_at, Interview.started_at, type_=Referral.sent_at.type)
    unplaced = (
        select(Case.id, Case.id, Case.pseudonym, Case.age_class, func.coalesce(newest.clause, ""), literal(DECISION))
        .add_columns(func.coalesce(newest.sender_id, Case.opened_by_id), nothing, Case.opened_by_id, Case.holder_id)
        .add_columns(ended_at, null(), func.coalesce(newest.status, "none"), func.coalesce(newest.agreement, ""))
        .outerjoin(Interview, Interview.id == Case.id)
        .outerjoin(newest, newest.case_id == Case.id)
        .where(
            # A person with a holder waits for the duty officer only after two shelters declined the move.
            or_(Case.status == "referred", (Case.status == "open") & (_declines() >= DECLINES_UNTIL_DIRECTION)),
            or_(newest.id.is_(None), newest.status.in_(_ENDED)),
            ~exists().where(later.case_id == Case.id, later.position > newest.position),
        )
    )
    marks = _marks_of_case()
    # A move is on the list only once its seven days are over; before that there is nothing to be done about it here.
    accepted_before = bindparam("moves_since", type_=UtcDateTime(), callable_=lambda: clock.now() - BOTH_WRITE)
    overdue = _referred(MOVE).where(transfer_rows.before_leaving(), Referral.decided_at <= accepted_before)
    sending = Case.status == "referred"
    asked = ChildAlert.opinion_at.is_not(None) & (ChildAlert.answer == "")
    child_step = case((asked, literal(CHILD_ANSWER)), else_=literal(NOTIFY))
    # Of whom the post said first that it is a child, and then that it is none, nobody knows it before the authority.
    may_be_child = case((ChildAlert.age_class == "adult", literal("unsure")), else_=ChildAlert.age_class)
    children = (
        select(ChildAlert.id, ChildAlert.id, nothing, may_be_child, ChildAlert.clause, child_step)
        .add_columns(null(), ChildAlert.party, ChildAlert.organisation_id, null())
        .add_columns(ChildAlert.told_at, null(), nothing, nothing)
        .where(ChildAlert.withdrawn_at.is_(None), asked | ChildAlert.done_at.is_(None))
    )
    # The hour is asked for whenever the statement runs: before it there is nothing on the list, not even as due later.
    since = bindparam("families_since", type_=UtcDateTime(), callable_=lambda: clock.now() - DUTY_DESK_AFTER)
    families = (
        select(FamilyNotice.id, FamilyNotice.id, nothing, nothing, FamilyNotice.clause, literal(NOTIFY))
        .add_columns(null(), FamilyNotice.party, FamilyNotice.organisation_id, null())
        .add_columns(FamilyNotice.told_at, null(), nothing, nothing)
        .where(FamilyNotice.answer == "", FamilyNotice.told_at <= since)
    )
    accepted_at = func.coalesce(Referral.decided_at, Referral.sent_at, type_=Referral.sent_at.type)
    by_now = bindparam("not_come_by", type_=UtcDateTime(), callable_=clock.now)
    awaited = case(
        (Referral.missed_at <= by_now, Referral.missed_at),
        (and_(Referral.missed_at.is_not(None), Referral.expected_at > by_now), accepted_at),
        else_=func.coalesce(Referral.expected_at, accepted_at, type_=Referral.sent_at.type),
    )
    why = case((Referral.assigned, literal("")), else_=Referral.override_reason)
    alarm_at = awaited_at()
    answer_due = case((Referral.promised_at.is_(None), Referral.due_at), else_=Referral.expires_at)
    return (
        Source(
            ANSWER,
            _referred(ANSWER).where(Referral.status == "sent"),
            answer_due,
            Referral.id,
            Referral.clause,
            Case.age_class,
            sending,
            marks={Tag.NOT_PROMISED: or_(promise_denied(), promise_denied_before()), **marks},
            why=why,
            asked=Referral.position,
        ),
        Source(
            ARRIVAL,
            _referred(ARRIVAL).where(Referral.status == "accepted", alarm_at.is_not(None)),
            # Another hour, or none, said when one had passed, takes nothing off the list.
            alarm_at,
            Referral.id,
            Referral.clause,
            Case.age_class,
            transfer_rows.post_waits(),
            NO_SHOW_AFTER,
            {**marks, Tag.NO_PLACE: transfer_rows.left_without_meeting()},
            Referral.put_off,
            Referral.expected_at,
            why,
        ),
        # From the hour of the alarm, or at which the person was awaited; else from the acceptance.
        Source(
            NOT_COME,
            _referred(NOT_COME, Referral.status).where(not_come()),
            awaited,
            Referral.id,
            Referral.clause,
            Case.age_class,
            false(),
            marks=marks,
            why=why,
        ),
        # Accepted without an hour, and still at the post: nobody sets off before it is said where they meet. With an
        # hour it is the row of the arrival that stands there.
        Source(
            NO_MEETING,
            _referred(NO_MEETING, since=accepted_at).where(transfer_rows.post_waits(), alarm_at.is_(None)),
            accepted_at,
            Referral.id,
            Referral.clause,
            Case.age_class,
            literal(1) == 1,
            MEETING_WITHIN,
            marks,
            why=why,
        ),
        Source(
            MOVE,
            overdue,
            Referral.decided_at,
            Referral.id,
            Referral.clause,
            Case.age_class,
            false(),
            BOTH_WRITE,
            marks,
        ),
        Source(
            OWED,
            owed.where(
                Obligation.done_at.is_(None),
                Obligation.due_at.is_not(None),
                is_waited_for(),
                # An arrival is awaited from acceptance on; where an hour was said, that is the hour.
                or_(Obligation.kind != ARRIVAL, and_(Case.status == "open", ~is_on_the_way())),
            ),
            Obligation.due_at,
            Obligation.id,
            Obligation.clause,
            Case.age_class,
            false(),
            marks={
                **marks,
                Tag.NOT_TOLD: exists().where(Call.subject_id == Obligation.id, Call.answered),
                Tag.NOT_DONE: denied(),
            },
        ),
        Source(
            DECISION,
            unplaced,
            ended_at,
            Case.id,
            func.coalesce(newest.clause, ""),
            Case.age_class,
            sending,
            DECISION_WITHIN,
            {Tag.NOT_PROMISED: and_(newest.status == ReferralStatus.WITHDRAWN, promise_denied(newest)), **marks},
            asked=func.coalesce(newest.position, 0),
        ),
        # An answer about the child also acknowledges: once it is asked for, only the answer is waited for.
        Source(
            CHILD,
            children,
            case((asked, ChildAlert.answer_due_at), else_=ChildAlert.due_at),
            ChildAlert.id,
            ChildAlert.clause,
            may_be_child,
            literal(1) == 1,
        ),
        Source(
            FAMILY,
            families,
            FamilyNotice.told_at,
            FamilyNotice.id,
            FamilyNotice.clause,
            nothing,
            false(),
            DUTY_DESK_AFTER,
        ),
    )


def _marks_of_case() -> dict[Tag, ColumnElement[bool]]:
    """Conditions on unsealed columns that give a tag: the kind of hand-over, the clause, the reason of a decline."""
    said = bindparam("clauses_of_danger", type_=String(), expanding=True)
    return {Tag.DANGER: in_danger(said), Tag.URGENT: handed_over_urgently()}


def in_danger(clauses: Any) -> ColumnElement[bool]:
    """Whether the person of the case of a statement is in danger, as a clause or the decline of a shelter says it;
    `clauses`: those of `said_of_danger`."""
    referral = aliased(Referral)
    danger = or_((referral.agreement + " " + referral.clause).in_(clauses), referral.decline_reason == UNSAFE)
    return exists().where(referral.case_id == Case.id, danger).correlate(Case)


def said_of_danger() -> tuple[str, ...]:
    """Each clause that is for people in danger alone, with its version."""
    return tuple(" ".join(each) for each in clauses_of_danger(country().agreements))


def is_pressing(case_id: uuid.UUID) -> bool:
    """Whether the person of a case is a child or may be one, is in danger, or was handed over urgently."""
    said = or_(Case.age_class.in_(tuple(CHILDREN)), *_marks_of_case().values())
    return db.session.scalar(select(Case.id).where(Case.id == case_id, said), values_of_all()) is not None


def values_of_all() -> dict[str, Any]:
    """The values that every statement about the sources has."""
    return {"clauses_of_danger": list(said_of_danger())}


def _declines() -> ScalarSelect[int]:
    """How many declined since the last holder of the case."""
    taken, declined = aliased(Referral), aliased(Referral)
    holding = (
        select(func.coalesce(func.max(taken.position), 0))
        .where(taken.case_id == Case.id, taken.status.in_(TAKEN))
        .correlate(Case)
        .scalar_subquery()
    )
    return (
        select(func.count())
        .where(declined.case_id == Case.id, declined.status == "declined", declined.position > holding)
        .correlate(Case)
        .scalar_subquery()
    )
