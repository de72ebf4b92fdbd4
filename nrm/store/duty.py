"""What waits or is late anywhere, as the Responsible Authority's desk sees it: one list, longest late first.

Each source is asked for its own part of the page, by the same mark, and the parts are merged: the hour by which a thing
is late is not a column in all of them. Nothing sealed is here.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import (
    ScalarSelect,
    Select,
    String,
    and_,
    bindparam,
    case,
    exists,
    func,
    literal,
    null,
    or_,
    select,
    tuple_,
    union_all,
)
from sqlalchemy.orm import aliased

from nrm import clock
from nrm.db import UtcDateTime, db
from nrm.domain.accounts import Actor, NotVisible, OrganisationKind, Permission
from nrm.domain.agreements import RECEIVER, Agreement, Party
from nrm.domain.cases import UNFINISHED
from nrm.domain.endings import ANSWER_WITHIN
from nrm.domain.paths import ANSWER, ARRIVAL, DECISION, NOTIFY, Number, call_now, escalation, path_step
from nrm.domain.referrals import DECISION_WITHIN, DECLINES_UNTIL_DIRECTION, NO_SHOW_AFTER, ReferralStatus
from nrm.models.accounts import Organisation
from nrm.models.cases import Case
from nrm.models.chases import Chase
from nrm.models.interviews import Interview
from nrm.models.referrals import ChildAlert, Obligation, Referral
from nrm.store import accounts, obligations
from nrm.store.countries import country
from nrm.store.paging import MOST, PAGE, PLACE, Page, page, place_after, values_of
from nrm.store.paths import CallLine

OWED, CHILD, CHILD_ANSWER = "owed", "child", "child_answer"
AUTHORITY = "RA"
_ENDED = (ReferralStatus.DECLINED, ReferralStatus.EXPIRED, ReferralStatus.WITHDRAWN)


@dataclass(frozen=True, slots=True)
class DutyLine:
    """One thing that waits. `step`: what it is; `with_id`: the organisation it waits for; `since`: when it began.

    `call` is whom to call now, None while there is no need; `calls` those already made about it, oldest first.
    """

    kind: str
    id: uuid.UUID
    case_id: uuid.UUID
    pseudonym: str  # empty for a child at a post: there is no case yet
    age_class: str
    clause: str
    step: str
    organisation: dict[str, str]
    sender: dict[str, str]
    due_at: datetime
    late: bool
    promised_at: datetime | None
    outcome: str  # how the last referral ended, where nobody is being asked
    call: Number | None
    call_names: dict[str, str]
    calls: tuple[CallLine, ...]
    may_acknowledge: bool  # of `telling`: by telephone, on its own page
    telling: bool


@dataclass(frozen=True, slots=True)
class _Source:
    """One kind of thing. `due` is its hour but for `shift`; `more` are the columns all sources have."""

    kind: str
    statement: Select[Any]
    due: Any
    id: Any
    clause: Any
    shift: timedelta = timedelta()


def _referred(step: str) -> Select[Any]:
    return (
        select(Referral.id, Referral.case_id, Case.pseudonym, Case.age_class, Referral.clause, literal(step))
        .add_columns(Referral.receiver_id, literal(""), Case.opened_by_id, Case.holder_id)
        .add_columns(Referral.sent_at, Referral.promised_at, literal(""), Referral.agreement)
        .join(Case, Case.id == Referral.case_id)
    )


@cache
def _sources() -> tuple[_Source, ...]:
    nothing = literal("")
    owed = (
        select(Obligation.id, Obligation.case_id, Case.pseudonym, Case.age_class, Obligation.clause, Obligation.kind)
        .add_columns(null(), Obligation.party, Case.opened_by_id, Case.holder_id)
        .add_columns(null(), null(), nothing, nothing)
        .join(Case, Case.id == Obligation.case_id)
    )
    on_the_way = exists().where(
        Referral.case_id == Case.id, Referral.status == "accepted", Referral.expected_at.is_not(None)
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
            # Whoever has a holder waits for the duty officer only after two shelters declined the move.
            or_(Case.status == "referred", (Case.status == "open") & (_declines() >= DECLINES_UNTIL_DIRECTION)),
            or_(newest.id.is_(None), newest.status.in_(_ENDED)),
            ~exists().where(later.case_id == Case.id, later.position > newest.position),
        )
    )
    asked = ChildAlert.opinion_at.is_not(None) & (ChildAlert.answer == "")
    child_step = case((asked, literal(CHILD_ANSWER)), else_=literal(NOTIFY))
    children = (
        select(ChildAlert.id, ChildAlert.id, nothing, ChildAlert.age_class, ChildAlert.clause, child_step)
        .add_columns(null(), ChildAlert.party, ChildAlert.organisation_id, null())
        .add_columns(ChildAlert.told_at, null(), nothing, nothing)
        .where(ChildAlert.withdrawn_at.is_(None), asked | ChildAlert.done_at.is_(None))
    )
    answer_due = case((Referral.promised_at.is_(None), Referral.due_at), else_=Referral.expires_at)
    return (
        _Source(ANSWER, _referred(ANSWER).where(Referral.status == "sent"), answer_due, Referral.id, Referral.clause),
        _Source(
            ARRIVAL,
            _referred(ARRIVAL).where(Referral.status == "accepted", Referral.expected_at.is_not(None)),
            Referral.expected_at,
            Referral.id,
            Referral.clause,
            NO_SHOW_AFTER,
        ),
        _Source(
            OWED,
            owed.where(
                Obligation.done_at.is_(None),
                Obligation.due_at.is_not(None),
                Case.status.in_(UNFINISHED),
                # An arrival is awaited from acceptance on; where an hour was said, that is the hour.
                or_(Obligation.kind != ARRIVAL, and_(Case.status == "open", ~on_the_way)),
            ),
            Obligation.due_at,
            Obligation.id,
            Obligation.clause,
        ),
        _Source(DECISION, unplaced, ended_at, Case.id, func.coalesce(newest.clause, ""), DECISION_WITHIN),
        # Whoever says what happens with the child knows of it: then only that is waited for.
        _Source(
            CHILD,
            children,
            case((asked, ChildAlert.opinion_at), else_=ChildAlert.due_at),
            ChildAlert.id,
            ChildAlert.clause,
        ),
    )


def _declines() -> ScalarSelect[int]:
    """How many declined since the last holder of the case."""
    taken, declined = aliased(Referral), aliased(Referral)
    had = (ReferralStatus.ACCEPTED, ReferralStatus.ARRIVED, ReferralStatus.NOT_ARRIVED)
    holding = (
        select(func.coalesce(func.max(taken.position), 0))
        .where(taken.case_id == Case.id, taken.status.in_(had))
        .correlate(Case)
        .scalar_subquery()
    )
    return (
        select(func.count())
        .where(declined.case_id == Case.id, declined.status == "declined", declined.position > holding)
        .correlate(Case)
        .scalar_subquery()
    )


def waiting(*, by: Actor, clause: str | None = None, after: str = "", size: int = PAGE) -> Page[DutyLine]:
    """Everything that waits by an hour or is late, the longest late first; `clause` narrows it. Raises NotPermitted."""
    by.must(Permission.REFERRAL_DIRECT)
    place = place_after(after)
    found: list[tuple[datetime, uuid.UUID, str, Any]] = []
    for number, source in enumerate(_sources()):
        values = {"clause": clause, "most": size + 1}
        if place is not None:
            values |= values_of((place[0] - source.shift, place[1]))
        rows = db.session.execute(_listed(number, clause is not None, place is not None), values)
        found += [(row[-1] + source.shift, row[0], source.kind, row) for row in rows]
    found.sort(key=lambda each: each[:2])
    desk = _Desk(found[:size], by)
    lines = [desk.line(*each) for each in found[:size]]
    rest = [each[:2] for each in found]
    return Page(lines, page(rest, lambda each: each, size).after)


@cache
def _listed(number: int, of_clause: bool, further: bool) -> Select[*tuple[Any, ...]]:
    source = _sources()[number]
    statement = source.statement.add_columns(source.due)
    if of_clause:
        statement = statement.where(source.clause == bindparam("clause", type_=String()))
    if further:
        statement = statement.where(tuple_(source.due, source.id) > PLACE)
    return statement.order_by(source.due, source.id).limit(MOST)


def clauses(*, by: Actor) -> list[tuple[str, int, int]]:
    """(clause, how much waits under it, how much of that is late), by clause. Raises NotPermitted."""
    by.must(Permission.REFERRAL_DIRECT)
    now = clock.now()
    due_by = {f"due_by_{source.kind}": now - source.shift for source in _sources()}
    return sorted((clause, number, int(late)) for clause, number, late in db.session.execute(_counted(), due_by))


@cache
def _counted() -> Select[*tuple[Any, ...]]:
    parts = union_all(
        *(
            source.statement.with_only_columns(
                source.clause.label("clause"),
                case((source.due <= bindparam(f"due_by_{source.kind}", type_=UtcDateTime()), 1), else_=0).label("late"),
            )
            for source in _sources()
        )
    ).subquery()
    return select(parts.c.clause, func.count(), func.sum(parts.c.late)).group_by(parts.c.clause)


def line(kind: str, subject_id: uuid.UUID, *, by: Actor) -> DutyLine:
    """One thing of the list; raises NotPermitted, NotVisible once it is no longer there."""
    by.must(Permission.REFERRAL_DIRECT)
    for source in _sources():
        if source.kind == kind:
            statement = source.statement.add_columns(source.due).where(source.id == subject_id)
            row = db.session.execute(statement).first()
            if row is not None:
                found = (row[-1] + source.shift, row[0], kind, row)
                return _Desk([found], by).line(*found)
    raise NotVisible


class _Desk:
    """What all lines of a page share: the organisations, the agreement, the calls made. Lives as long as the page."""

    def __init__(self, found: Sequence[tuple[datetime, uuid.UUID, str, Any]], by: Actor) -> None:
        self.by = by
        self.organisations = accounts.organisations_by_id()
        self.by_party: dict[str, Organisation] = {}
        for each in sorted(self.organisations.values(), key=lambda each: each.code):
            self.by_party.setdefault(each.party or each.code, each)
        self.calls = _calls_about([row[1] for *_, row in found])
        self.now = clock.now()
        self.agreement = country().in_force(self.now)

    def line(self, due: datetime, id_: uuid.UUID, kind: str, row: Any) -> DutyLine:
        _, case_id, pseudonym, age_class, clause, step, with_id, party, opener, holder, since, promised, outcome, *_ = (
            row
        )
        if step == CHILD_ANSWER:  # found by when it was asked
            due += ANSWER_WITHIN
        version = row[13]
        organisation = self._responsible(with_id, party, opener, holder)
        calls = tuple(self.calls.get(id_, ()))
        call = self._call(kind, step, organisation, since, due, promised, calls, version)
        owner = organisation.party if organisation is not None else ""
        return DutyLine(
            kind=kind,
            id=id_,
            case_id=case_id,
            pseudonym=pseudonym,
            age_class=age_class,
            clause=clause,
            step=step,
            organisation=_names(organisation),
            sender=_names(self.organisations.get(opener)),
            due_at=due,
            late=due <= self.now,
            promised_at=promised if kind == ANSWER else None,
            outcome=outcome if kind == DECISION else "",
            call=call,
            call_names=dict(self.agreement.parties[call.party].names) if call is not None else {},
            calls=calls,
            may_acknowledge=kind == CHILD
            or (
                kind == OWED
                and step not in obligations.RECORDED_ELSEWHERE
                and (step in obligations.TELLING or owner == AUTHORITY)
            ),
            telling=kind == CHILD or (step in obligations.TELLING and owner != AUTHORITY),
        )

    def _responsible(
        self, with_id: uuid.UUID | None, party: str, opener: uuid.UUID, holder: uuid.UUID | None
    ) -> Organisation | None:
        if with_id is not None:
            return self.organisations.get(with_id)
        if party == RECEIVER:
            return self.organisations.get(holder) if holder is not None else None
        found = self.by_party.get(party)
        if found is not None and found.kind == OrganisationKind.BORDER_POLICE:
            return self.organisations.get(opener)
        return found

    def _party(self, code: str) -> Party | None:
        return self.agreement.parties.get(code)

    def _call(
        self,
        kind: str,
        step: str,
        organisation: Organisation | None,
        since: datetime | None,
        due: datetime,
        promised: datetime | None,
        calls: Sequence[CallLine],
        version: str,
    ) -> Number | None:
        """Whom to call now. From the first minute for an answer; for the rest once it is late."""
        if organisation is None or not (due <= self.now or (kind == ANSWER and promised is None)):
            return None
        # Told on the page of calls, which says whom to call next.
        if kind == CHILD or step in obligations.TELLING:
            return None
        responsible = self._party(organisation.party)
        authority = self._party(AUTHORITY)
        if responsible is None or authority is None or responsible is authority:
            return None
        rules: Agreement = country().agreement(version) if version else self.agreement
        rung = path_step(rules, step, organisation.party) if kind != DECISION else None
        # What has no beginning of its own began as long before its hour as the path gives it.
        begun = since if kind != ARRIVAL and since else due - rung.within if rung is not None else due
        order = escalation(
            rung, responsible, self.agreement.parties, self.agreement.local(self.now), authority=authority
        )
        return call_now(order, self.now - begun, {each.telephone for each in calls if not each.reached})


def _names(organisation: Organisation | None) -> dict[str, str]:
    return {"sq": organisation.name_sq, "en": organisation.name_en} if organisation is not None else {}


def _calls_about(case_ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, list[CallLine]]:
    wanted = set(case_ids)
    if not wanted:
        return {}
    statement = (
        select(Chase.subject_id, Chase.party, Chase.telephone, Chase.reached, Chase.called_at)
        .where(Chase.case_id.in_(wanted))
        .order_by(Chase.called_at, Chase.id)
    )
    found: dict[uuid.UUID, list[CallLine]] = {}
    for row in db.session.execute(statement):
        found.setdefault(row.subject_id, []).append(CallLine(*row))
    return found
