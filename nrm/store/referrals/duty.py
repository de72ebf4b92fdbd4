"""What waits or is late anywhere, as the Responsible Authority's desk sees it (ADR 0022).

By the hour due; before that the children and the people in danger who wait at a post (ADR 0064).

Each source is asked for its own part of the page, from the same place on, and the parts are merged, because the hour by
which a thing is late is not a column of all tables. Nothing sealed is read here. A new kind of thing needs one more
`Source` (`store/rows/referrals/duty.py`); its words and its page are in `web/referrals/duty.py`.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any, cast

from sqlalchemy import (
    Integer,
    Select,
    String,
    Uuid,
    and_,
    bindparam,
    case,
    func,
    literal,
    or_,
    select,
    tuple_,
    union_all,
)

from nrm import clock
from nrm.db import UtcDateTime, db
from nrm.domain.accounts.accounts import SHELTERS, Actor, NotVisible, OrganisationKind, Permission
from nrm.domain.agreement.agreements import RECEIVER, Agreement, Party, PathStep
from nrm.domain.referrals.critical_path import (
    ANSWER,
    ARRIVAL,
    DECISION,
    DUTY_OFFICER,
    Number,
    call_again,
    call_now,
    escalation,
    numbers_of,
    path_step,
)
from nrm.domain.referrals.duty import (
    AHEAD,
    CHILD,
    CHILD_ANSWER,
    CHILDREN,
    FAMILY,
    NOT_COME,
    OLD_AFTER,
    OWED,
    PRESSED_WRONG_WITHIN,
    Part,
    Tag,
    part_of,
)
from nrm.domain.referrals.referrals import ReferralStatus, coarsened
from nrm.domain.roles import MechanismRole
from nrm.models.accounts.accounts import Organisation
from nrm.models.referrals.reminder_calls import KINDS, ReminderCall
from nrm.store import names
from nrm.store.countries import country
from nrm.store.paging import MOST, PAGE, Page, place_after
from nrm.store.referrals import obligations, promises
from nrm.store.referrals.critical_path import CallLine
from nrm.store.referrals.obligations import SaidDone
from nrm.store.referrals.promises import WrittenPromise
from nrm.store.rows.interviews import child_alerts as child_alert_rows
from nrm.store.rows.referrals.duty import LAST, MARKED, Source, sources, values_of_all
from nrm.store.rows.shelter import places as place_rows


@dataclass(frozen=True, slots=True)
class DutyLine:
    """One thing that waits. `step`: what it is; `organisation`: who has it; `sender`: the post that handed over, or
    other sender.

    `tags`: why it comes before others, the gravest first; `part`: where on the desk it stands. `call` is whom to call
    now, None while there is no need; `again` whom to call where the order has come to the duty officer; `calls` those
    already made about it, oldest first; `tell_number`: of whoever is late to be told, empty before and for all others.
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
    part: Part
    tags: tuple[Tag, ...]
    promised_at: datetime | None
    promise: WrittenPromise | None  # who is said to have promised, and who wrote that down
    outcome: str  # how the last referral ended, where nobody is being asked
    mistaken: bool  # of who is not there: accepted by mistake
    call: Number | None
    again: Number | None
    call_names: dict[str, str]  # of whom to call: of `again`, where there is one
    calls: tuple[CallLine, ...]
    may_acknowledge: bool  # of `telling`: by telephone, on its own page
    closed: bool  # the case is, and the desk sees nothing more of it
    telling: bool
    tell_number: str
    put_off: int  # how often another hour was said on the way
    put_off_to: datetime | None
    override_reason: str  # of a post that asked another party than the route does (ADR 0244)
    numbers: frozenset[tuple[str, str]]  # (party, telephone) of everybody in the order of whom to call
    asked: int  # of who waits at a post: how often somebody was asked, also where it was withdrawn (ADR 0254)
    waits_since: datetime | None  # when somebody was asked first, where it was more than once
    withdrawn_promise: WrittenPromise | None  # what was written down last for a referral that was withdrawn
    said_by: SaidDone | None  # of what is denied: who said that it is done

    @property
    def records_calls(self) -> bool:
        """Whether a call about it can be written down: of some kinds of things there is no place for it."""
        return self.kind in KINDS


@dataclass(frozen=True, slots=True)
class Counts:
    """Numbers of things: at a post now (`children` of them), due soon and how many of these are late, later, and
    old."""

    post: int = 0
    children: int = 0
    due: int = 0
    late: int = 0
    later: int = 0
    old: int = 0
    without_places: tuple[str, ...] = ()  # codes of shelters that never entered one: asked in the same statement


@dataclass(frozen=True, slots=True)
class Desk:
    """The first page: the first of those who wait at a post, the first of what is due, and how much there is."""

    post: tuple[DutyLine, ...]
    due: tuple[DutyLine, ...]
    counts: Counts
    without_places: tuple[dict[str, str], ...]  # shelters bound by the agreement that never entered a place


def desk(*, by: Actor, size: int) -> Desk:
    """The first page, at most `size` lines in each part. Raises NotPermitted."""
    by.must(Permission.REFERRAL_DIRECT)
    now = clock.now()
    much, kinds = _how_much(now)
    found: list[_Found] = []
    for number, source in enumerate(sources()):
        if source.kind not in kinds:
            continue
        bounds = {"old": now - OLD_AFTER - source.shift, "ahead": now + AHEAD - source.shift}
        bounds["tonight"] = now - AHEAD - source.shift
        for row in db.session.execute(_on_first_page(number), {**values_of_all(), **bounds, "most": size}):
            found.append(_Found(source, row))
    found.sort(key=lambda each: each.on_first_page(now - AHEAD))
    parts = [[each for each in found if each.at_post is at_post][:size] for at_post in (True, False)]
    lines = _Lines([each for part in parts for each in part], by)
    post, due = (tuple(lines.line(each) for each in part) for part in parts)
    day = clock.day_of(now, country().timezone)
    empty = [each for each in lines.organisations.values() if each.code in much.without_places]
    bound = (each for each in sorted(empty, key=lambda each: each.code) if country().binds(each.party, day))
    return Desk(post, due, much, tuple(_names(each) for each in bound))


@dataclass(frozen=True, slots=True)
class _Found:
    """A row of a source. Its last columns are: how often somebody was asked, at a post, how far it comes first
    (`Source.first`), its hour without the shift."""

    source: Source
    row: Any

    @property
    def due(self) -> datetime:
        return cast("datetime", self.row[-1]) + self.source.shift

    @property
    def id(self) -> uuid.UUID:
        return cast("uuid.UUID", self.row[0])

    @property
    def at_post(self) -> bool:
        return bool(self.row[-3])

    @property
    def asked(self) -> int:
        """How often somebody was asked for a person who waits at a post; 0 for all else."""
        return cast("int", self.row[-4]) if self.at_post else 0

    @property
    def place(self) -> tuple[int, datetime, uuid.UUID]:
        return self.row[-2], self.due, self.id

    def on_first_page(self, tonight: datetime) -> tuple[bool, bool, int, datetime, uuid.UUID]:
        """First who comes first: at a post what is of tonight before what is late for days, then a child in danger
        before who is one of both, then by hour."""
        return self.row[-2] == LAST, self.at_post and self.due <= tonight, *self.place


def _with_place(source: Source) -> Select[Any]:
    return source.tagged.add_columns(
        source.at_post.label("at_post"), source.first.label("comes_first"), source.due.label("hour")
    )


@cache
def _on_first_page(number: int) -> Select[*tuple[Any, ...]]:
    source = sources()[number]
    hour = bindparam("ahead", type_=UtcDateTime())
    older = case((and_(source.at_post, source.due <= bindparam("tonight", type_=UtcDateTime())), 1), else_=0)
    last = case((source.first == LAST, 1), else_=0)
    rows = (
        _with_place(source)
        .add_columns(
            func.row_number()
            .over(partition_by=source.at_post, order_by=(last, older, source.first, source.due, source.id))
            .label("number")
        )
        .where(
            source.due > bindparam("old", type_=UtcDateTime()), or_(source.at_post, source.at_once, source.due <= hour)
        )
        .subquery()
    )
    columns = list(rows.c)
    return select(*columns[:-1]).where(columns[-1] <= MOST)


def waiting(
    *, by: Actor, clause: str | None = None, old: bool = False, after: str = "", size: int = PAGE
) -> Page[DutyLine]:
    """Everything that has a due hour or is late, of one `clause` if given; `old`: what the desk sums up in one line.

    Children and people with a tag who wait at a post first, a child in danger before all, then the first due. Raises
    NotPermitted, NotVisible for a forged `after`.
    """
    by.must(Permission.REFERRAL_DIRECT)
    ranked, _, mark = after.partition("~")
    if after and ranked not in map(str, range(LAST + 1)):
        raise NotVisible
    place = place_after(mark)
    if after and place is None:
        raise NotVisible
    found: list[_Found] = []
    for number, source in enumerate(sources()):
        values = {**values_of_all(), "clause": clause, "most": size + 1, "old": clock.now() - OLD_AFTER - source.shift}
        if place is not None:
            values |= {"place_first": int(ranked), "place_at": place[0] - source.shift, "place_id": place[1]}
        rows = db.session.execute(_listed(number, clause is not None, old, place is not None), values)
        found += [_Found(source, row) for row in rows]
    found.sort(key=lambda each: each.place)
    shown = found[:size]
    lines = _Lines(shown, by)
    further = ""
    if len(found) > size:
        first, at, id_ = shown[-1].place
        further = f"{first}~{at.isoformat()}~{id_}"
    return Page([lines.line(each) for each in shown], further)


_PLACE = tuple_(
    bindparam("place_first", type_=Integer()),
    bindparam("place_at", type_=UtcDateTime()),
    bindparam("place_id", type_=Uuid()),
)


@cache
def _listed(number: int, of_clause: bool, old: bool, further: bool) -> Select[*tuple[Any, ...]]:
    source = sources()[number]
    border = bindparam("old", type_=UtcDateTime())
    statement = _with_place(source).where(source.due <= border if old else source.due > border)
    if of_clause:
        statement = statement.where(source.clause == bindparam("clause", type_=String()))
    if further:
        statement = statement.where(tuple_(source.first, source.due, source.id) > _PLACE)
    return statement.order_by(source.first, source.due, source.id).limit(MOST)


def counts(*, by: Actor) -> Counts:
    """How much there is in each part. Raises NotPermitted."""
    by.must(Permission.REFERRAL_DIRECT)
    return _how_much(clock.now())[0]


def _how_much(now: datetime) -> tuple[Counts, frozenset[str]]:
    """How much there is in each part; the kinds of things of which there is any, so that no other is asked for."""
    hours = {
        f"{name}_{source.kind}": at - source.shift
        for source in sources()
        for name, at in (("old", now - OLD_AFTER), ("now", now), ("ahead", now + AHEAD))
    }
    number: dict[str, int] = dict.fromkeys(("post", "children", "due", "late", "later", "old"), 0)
    empty, kinds = [], set()
    for kind, part, child, late, found in db.session.execute(_counted_parts(), hours):
        if part.startswith(_EMPTY):
            empty.append(part.removeprefix(_EMPTY))
            continue
        kinds.add(kind)
        number[part] += found
        number["children"] += found if part == Part.POST and child else 0
        number["late"] += found if part == Part.DUE and late else 0
    return Counts(**number, without_places=tuple(empty)), frozenset(kinds)


_WITHDRAWN = str(ReferralStatus.WITHDRAWN)
_EMPTY = "without places: "


@cache
def _counted_parts() -> Select[*tuple[Any, ...]]:
    parts = []
    for source in sources():
        old, now, ahead = (bindparam(f"{name}_{source.kind}", type_=UtcDateTime()) for name in ("old", "now", "ahead"))
        where = case(
            (source.due <= old, str(Part.OLD)),
            (source.at_post, str(Part.POST)),
            (or_(source.at_once, source.due <= ahead), str(Part.DUE)),
            else_=str(Part.LATER),
        )
        parts.append(
            source.statement.with_only_columns(
                literal(source.kind).label("kind"),
                where.label("part"),
                case((source.age_class.in_(tuple(CHILDREN)), 1), else_=0).label("child"),
                case((source.due <= now, 1), else_=0).label("late"),
            )
        )
    shelters = [str(kind) for kind in SHELTERS]
    empty = select(literal(""), literal(_EMPTY) + Organisation.code, literal(0), literal(0)).where(
        Organisation.kind.in_(shelters), Organisation.enabled, ~place_rows.has_entered_any()
    )
    rows = union_all(*parts, empty).subquery()
    codes = (rows.c.kind, rows.c.part, rows.c.child, rows.c.late)
    return select(*codes, func.count()).group_by(*codes)


def clauses(*, by: Actor) -> list[tuple[str, int, int]]:
    """(clause, how much waits under it, how much of that is late), by clause. Raises NotPermitted."""
    by.must(Permission.REFERRAL_DIRECT)
    now = clock.now()
    due_by = {f"due_by_{source.kind}": now - source.shift for source in sources()}
    return sorted((clause, number, int(late)) for clause, number, late in db.session.execute(_counted(), due_by))


@cache
def _counted() -> Select[*tuple[Any, ...]]:
    parts = union_all(
        *(
            source.statement.with_only_columns(
                source.clause.label("clause"),
                case((source.due <= bindparam(f"due_by_{source.kind}", type_=UtcDateTime()), 1), else_=0).label("late"),
            )
            for source in sources()
        )
    ).subquery()
    return select(parts.c.clause, func.count(), func.sum(parts.c.late)).group_by(parts.c.clause)


def line(kind: str, subject_id: uuid.UUID, *, by: Actor) -> DutyLine:
    """One thing of the list; raises NotPermitted, NotVisible once it is no longer there."""
    by.must(Permission.REFERRAL_DIRECT)
    for source in sources():
        if source.kind == kind:
            row = db.session.execute(_with_place(source).where(source.id == subject_id), values_of_all()).first()
            if row is not None:
                found = _Found(source, row)
                return _Lines([found], by).line(found)
    raise NotVisible


class _Lines:
    """What all lines of a page share: the organisations, the agreement, the calls made. Lives as long as the page."""

    def __init__(self, found: Sequence[_Found], by: Actor) -> None:
        self.by = by
        self.organisations = names.organisations_by_id()
        self.by_party: dict[str, Organisation] = {}
        for each in sorted(self.organisations.values(), key=lambda each: each.code):
            self.by_party.setdefault(each.party or each.code, each)
        self.calls = _calls_about([each.row[1] for each in found], by)
        asked = any(each.row[5] == CHILD_ANSWER for each in found)
        self.denied = child_alert_rows.denied() if asked else frozenset()
        promised = {each.id: each.row[10] for each in found if each.source.kind == ANSWER and each.row[11] is not None}
        self.promises = promises.written(promised, by=by)
        again = {each.row[1] for each in found if each.asked > 1 or (each.asked and each.row[12] == _WITHDRAWN)}
        self.before = promises.before(again, by=by)
        at = 14 + MARKED.index(Tag.NOT_DONE)
        self.said_done = obligations.said_done([each.id for each in found if each.row[at]], by=by)
        self.now = clock.now()
        self.agreement = country().in_force(self.now)
        self.authority = country().party_in(MechanismRole.AUTHORITY)

    def line(self, found: _Found) -> DutyLine:
        kind, id_, due, row = found.source.kind, found.id, found.due, found.row
        _, case_id, pseudonym, age_class, clause, step, with_id, party, opener, holder, since, promised, outcome, *_ = (
            row
        )
        version, marks = row[13], row[14 : 14 + len(MARKED)]
        put_off, put_off_to, override_reason = row[14 + len(MARKED) : 17 + len(MARKED)]
        before = self.before.get(case_id) if found.asked else None
        organisation = self._responsible(with_id, party, opener, holder)
        calls = tuple(self.calls.get((kind, id_), ()))
        rung = self._rung(kind, step, organisation, version)
        order = self._order(kind, step, organisation, rung)
        call, again = self._call(order, rung, kind, since, due, promised, calls)
        named = again or call
        owner = organisation.party if organisation is not None else ""
        tags = _tags(age_class, marks, denied=id_ in self.denied)
        telling = kind in (CHILD, FAMILY) or (step in obligations.TELLING and owner != self.authority)
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
            part=part_of(due, self.now, at_post=found.at_post, at_once=Tag.NO_PLACE in tags),
            tags=tags,
            promised_at=promised if kind == ANSWER else None,
            promise=self.promises.get(id_) if kind == ANSWER else None,
            outcome=outcome if kind == DECISION else "",
            mistaken=kind == NOT_COME and outcome == ReferralStatus.MISTAKEN,
            call=call,
            again=again,
            call_names=dict(self.agreement.parties[named.party].names) if named is not None else {},
            calls=calls,
            may_acknowledge=kind in (CHILD, FAMILY)
            or (
                kind == OWED
                and step not in obligations.RECORDED_ELSEWHERE
                and (step in obligations.TELLING or owner == self.authority)
            ),
            closed=kind == OWED and outcome == "closed",
            telling=telling,
            tell_number=names.number_now(owner or party)
            if (telling and due <= self.now) or (id_ in self.said_done and call is None)
            else "",
            put_off=put_off,
            put_off_to=put_off_to,
            override_reason=override_reason,
            numbers=self._numbers(order),
            asked=found.asked,
            waits_since=before.since if before is not None and found.asked > 1 else None,
            withdrawn_promise=before.promise if before is not None and not promised else None,
            said_by=self.said_done.get(id_),
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

    def _rung(self, kind: str, step: str, organisation: Organisation | None, version: str) -> PathStep | None:
        """The step of the critical path that it is; None where the path has none, and for a decision."""
        if organisation is None or kind == DECISION:
            return None
        rules: Agreement = country().agreement(version) if version else self.agreement
        return path_step(rules, step, organisation.party)

    def _order(
        self, kind: str, step: str, organisation: Organisation | None, rung: PathStep | None
    ) -> tuple[Number, ...]:
        """Whom to call, in order; nobody of what is told on the page of calls, which says whom to call next, and of
        what the desk owes itself."""
        if organisation is None or kind in (CHILD, FAMILY) or step in obligations.TELLING:
            return ()
        responsible = self._party(organisation.party)
        authority = self._party(self.authority)
        if responsible is None or authority is None or responsible is authority:
            return ()
        local = self.agreement.local(self.now)
        return escalation(rung, responsible, self.agreement.parties, local, authority=authority)

    def _numbers(self, order: Sequence[Number]) -> frozenset[tuple[str, str]]:
        """The numbers of an order but the desk's own, with both of whoever is responsible: a page may be of before the
        desk there was closed."""
        if not order:
            return frozenset()
        first = self.agreement.parties[order[0].party]
        both = ((first.code, number) for number in numbers_of(first, self.agreement.local(self.now)))
        return frozenset((*both, *((each.party, each.telephone) for each in order if each.rung != DUTY_OFFICER)))

    def _call(
        self,
        order: Sequence[Number],
        rung: PathStep | None,
        kind: str,
        since: datetime | None,
        due: datetime,
        promised: datetime | None,
        calls: Sequence[CallLine],
    ) -> tuple[Number | None, Number | None]:
        """(whom to call now, whom to call again). From the first minute for an answer; for the rest once it is late."""
        if not order or not (due <= self.now or (kind == ANSWER and promised is None)):
            return None, None
        # A step without a beginning of its own began before its hour by the time that the critical path allows.
        begun = since if kind != ARRIVAL and since else due - rung.within if rung is not None else due
        reached = {each.telephone: each.reached for each in calls}  # by the last call of each number
        call = call_now(order, self.now - begun, {each for each, answered in reached.items() if not answered})
        if call.rung != DUTY_OFFICER:
            return call, None
        return call, call_again(order, [each.telephone for each in calls])


def _tags(age_class: str, marks: Sequence[Any], *, denied: bool) -> tuple[Tag, ...]:
    given = {tag for tag, mark in zip(MARKED, marks, strict=True) if mark}
    if denied:
        given.add(Tag.DENIED)
    if age_class in CHILDREN:
        given.add(CHILDREN[age_class])
    return tuple(tag for tag in Tag if tag in given)


def _names(organisation: Organisation | None) -> dict[str, str]:
    return organisation.names if organisation is not None else {}


def _calls_about(case_ids: Iterable[uuid.UUID], by: Actor) -> dict[tuple[str, uuid.UUID], list[CallLine]]:
    """(kind, id) of what waits -> the calls about it: of one referral the answer may wait, and then the arrival."""
    wanted = set(case_ids)
    if not wanted:
        return {}
    statement = (
        select(
            ReminderCall.kind,
            ReminderCall.subject_id,
            ReminderCall.party,
            ReminderCall.telephone,
            ReminderCall.reached,
            ReminderCall.called_at,
            ReminderCall.id,
            ReminderCall.member_id,
        )
        .where(ReminderCall.case_id.in_(wanted))
        .order_by(ReminderCall.called_at, ReminderCall.id)
    )
    found: dict[tuple[str, uuid.UUID], list[CallLine]] = {}
    zone = country().timezone
    lately = clock.now() - PRESSED_WRONG_WITHIN
    for row in db.session.execute(statement):
        own_id = row.id if row.member_id == by.member_id and row.called_at > lately else None
        exact = row.called_at != coarsened(row.called_at, zone)
        line = CallLine(row.subject_id, row.party, row.telephone, row.reached, row.called_at, exact, own_id)
        found.setdefault((row.kind, row.subject_id), []).append(line)
    return found
