"""The child gate of a case: what was found, looked at and decided, for the service that assesses, the holder and the
duty desk. Nobody else learns that there is anything.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, bindparam, exists, func, literal, or_, select

from nrm import clock
from nrm.audit import Event
from nrm.db import db
from nrm.domain.accounts.accounts import Actor, NotVisible, OrganisationKind, Permission
from nrm.domain.shelter import findings as rules
from nrm.domain.shelter.cases import UNFINISHED
from nrm.domain.shelter.child_returns import Assessment
from nrm.domain.shelter.corrections import Kind, Why
from nrm.domain.shelter.findings import CHILD_FILE, Found, Outcome
from nrm.domain.shelter.permits import GateRefusal, Opening
from nrm.models.accounts.accounts import Member, Organisation
from nrm.models.audit import AuditEntry
from nrm.models.referrals.referrals import Obligation
from nrm.models.shelter.ages import CaseAge
from nrm.models.shelter.cases import Case
from nrm.models.shelter.corrections import StayCorrection
from nrm.models.shelter.findings import ChildDecision, ChildFile, ChildFinding, ChildGuardian, ChildLook
from nrm.models.shelter.stays import Stay
from nrm.store import days, signed_names
from nrm.store.countries import country
from nrm.store.rows import entries
from nrm.store.rows.shelter import findings as rows
from nrm.store.shelter import cases
from nrm.store.shelter.cases import CaseRelation
from nrm.store.shelter.child_returns import ReturnLine
from nrm.vault import grants

FindingLine = rows.FindingLine

_MOST = 50
_LOOKED_THROUGH = 100_000
"""Of so many entries of the chain it is looked who wrote a finding down."""
STEPS = tuple(f"assess_{kind}" for kind in Assessment)
"""The steps of the agreement that a finding fulfils."""


@dataclass(frozen=True, slots=True)
class HouseholdLine:
    """A household by its number, with what was found of it. `looked`: the last second look; `stands`: it says safe, and
    nothing after it says otherwise."""

    id: uuid.UUID
    number: int
    findings: tuple[FindingLine, ...]
    looked: FindingLine | None
    stands: bool
    to_look: bool  # all three are found safe, and the asker may look


@dataclass(frozen=True, slots=True)
class DecisionLine:
    """The last best-interest decision, without its words."""

    id: uuid.UUID
    outcome: Outcome
    household: int | None
    decided_by: str
    on: date


@dataclass(frozen=True, slots=True)
class GuardianLine:
    """The guardian of today, without the name."""

    id: uuid.UUID
    since_on: date
    organisation: dict[str, str]


@dataclass(frozen=True, slots=True)
class Gate:
    """The child gate of a case: what was found and decided, whether that opens it, and what the asker may record."""

    households: tuple[HouseholdLine, ...]
    older: tuple[FindingLine, ...]  # of no household: they open nothing
    decision: DecisionLine | None
    guardian: GuardianLine | None
    opening: Opening | None  # None, too, once the findings are too old
    shut_by: GateRefusal
    may_record: bool
    may_decide: bool
    may_name_guardian: bool
    holder_reads: bool  # whether who holds the case can open the names

    @property
    def open_for(self) -> int | None:
        """The number of the household to which the child may go."""
        decided = self.opening.household if self.opening else None
        return next((each.number for each in self.households if each.id == decided), None)


@dataclass(frozen=True, slots=True)
class WrittenLine:
    """A finding that a colleague wrote down, with the reader as the assessor. `denied`: the reader said that it was
    none of theirs."""

    id: uuid.UUID
    case_id: uuid.UUID
    pseudonym: str
    kind: Assessment
    found: Found
    on: date
    name: str
    denied: bool = False


def written_in_my_name(*, by: Actor) -> list[WrittenLine]:
    """The findings of the last 14 days that a colleague wrote down as assessed by the asker, as the audit chain tells,
    the last first (ADR 0249); empty for everybody who assesses no child."""
    if not _assesses(by) or by.member_id is None:
        return []
    me = db.session.get_one(Member, by.member_id).name
    live = (Case.status.in_(UNFINISHED), Case.age_class != "adult", _asked(by))
    statement = (
        select(ChildFinding, Case, Member.name)
        .join(Case, Case.id == ChildFinding.subject_id)
        .join(Member, Member.id == ChildFinding.member_id)
        .where(Member.organisation_id == by.organisation_id, Member.id != by.member_id, *live)
    )
    found = {
        each.id: (each, case, name)
        for each, case, name in db.session.execute(statement)
        if rules.is_of(each.assessor, me) and not rules.is_of(each.assessor, name)
    }
    if not found:  # as a rule: the chain is not looked through for nothing
        return []
    since = clock.now() - rules.WRITTEN_SHOWN_FOR
    told = entries.since(since, Event.CHILD_FINDING_RECORDED, newest=_LOOKED_THROUGH)
    ids = [uuid.UUID(each.said["finding_id"]) for each in told if "finding_id" in each.said]
    own = AuditEntry.member_id == str(by.member_id)
    said = entries.since(since, Event.CHILD_FINDING_DENIED, own, newest=_LOOKED_THROUGH)
    denied = {uuid.UUID(each.said["finding_id"]) for each in said}
    return [
        WrittenLine(
            id_, case.id, case.pseudonym, Assessment(each.kind), Found(each.found), each.found_on, name, id_ in denied
        )
        for id_, each, case, name in ((id_, *found[id_]) for id_ in reversed(ids) if id_ in found)
    ]


@dataclass(frozen=True, slots=True)
class EndLine:
    """The end of a child's stay by a best-interest decision. `open`: the case is not closed, so the file can be read.
    Where the child lived is not said."""

    case_id: uuid.UUID
    pseudonym: str
    ended_on: date
    reason: str
    destination: str
    destination_country: str
    decided_on: date | None
    open: bool


def ended_lately(*, by: Actor) -> list[EndLine]:
    """The children whom the actor's child protection service assesses and whose stay ended by a decision, the last one
    first; empty for everybody else."""
    if not _assesses(by):
        return []
    since = days.today() - rules.END_SHOWN_FOR
    statement = (
        select(Case, Stay)
        .join(Stay, Stay.case_id == Case.id)
        .where(Stay.child_gate == "assessed", Stay.end_known_on > since, _asked(by))
        .order_by(Stay.end_known_on.desc(), Stay.ended_on.desc(), Stay.id)
        .limit(_MOST)
    )
    return [
        EndLine(
            case.id,
            case.pseudonym,
            stay.ended_on,
            stay.exit_reason,
            stay.destination,
            stay.destination_country,
            stay.decided_on,
            _has_file(case),
        )
        for case, stay in db.session.execute(statement)
        if stay.ended_on is not None
    ]


@dataclass(frozen=True, slots=True)
class StruckLine:
    """A stay of a child that its house struck as entered by mistake: from which day on it was entered, when it was
    struck, and why. `open` as of EndLine; where the child lived is not said. `seen_by`, `seen_on`: who of child
    protection said that it has seen this; nobody while it waits."""

    stay_id: uuid.UUID
    case_id: uuid.UUID
    pseudonym: str
    admitted_on: date
    struck_on: date
    why: Why
    open: bool
    seen_by: str = ""
    seen_on: date | None = None


def struck_lately(*, by: Actor) -> list[StruckLine]:
    """The children whom the actor's child protection service assesses and of whom a house says that they were never
    there, the last one first; empty for everybody else. Who counted as a child when it was struck stays in the list
    (ADR 0233); what nobody has seen waits there longer (ADR 0239)."""
    if not _assesses(by):
        return []
    border = days.today() - rules.END_SHOWN_FOR
    return [line for line in _struck_lines(by, _asked(by)) if line.seen_on is None or line.struck_on > border]


def struck_unseen(*, by: Actor) -> list[StruckLine]:
    """What waits since a day before for child protection to say that it has seen it, also of a child whom nobody is
    asked to assess; for the duty desk, and empty for everybody else."""
    if not by.may(Permission.REFERRAL_DIRECT):
        return []
    return [line for line in _struck_lines(by, StayCorrection.known_on < days.today()) if line.seen_on is None]


def number_struck(by: Actor) -> ColumnElement[int]:
    """How many stays of children were struck of which the duty desk may have something to read, seen or not, as a
    column of another statement with the values of `strikes_moment`; 0 for everybody else."""
    if not by.may(Permission.REFERRAL_DIRECT):
        return literal(0)
    counted = select(func.count()).select_from(StayCorrection).join(Stay, Stay.id == StayCorrection.stay_id)
    counted = counted.join(Case, Case.id == Stay.case_id)
    return counted.where(*_struck(bindparam("strikes_since"))).scalar_subquery()


def strikes_moment(by: Actor) -> dict[str, date]:
    """The value that `number_struck` needs."""
    return {"strikes_since": _strikes_since()} if by.may(Permission.REFERRAL_DIRECT) else {}


def _strikes_since() -> date:
    return days.today() - rules.STRIKE_WAITS


def _struck(since: Any) -> tuple[ColumnElement[bool], ...]:
    grew_up = exists().where(
        CaseAge.case_id == Case.id, CaseAge.age_class == "adult", CaseAge.recorded_on >= StayCorrection.known_on
    )
    return (
        StayCorrection.kind == str(Kind.ARRIVAL),
        StayCorrection.known_on > since,
        Stay.taken_back_on.is_not(None),
        or_(Case.age_class != "adult", grew_up),
    )


def _struck_lines(by: Actor, *where: ColumnElement[bool]) -> list[StruckLine]:
    statement = (
        select(Case, Stay.id, Stay.admitted_on, StayCorrection.known_on, StayCorrection.why)
        .join(Stay, Stay.case_id == Case.id)
        .join(StayCorrection, StayCorrection.stay_id == Stay.id)
        .where(*_struck(_strikes_since()), *where)
        .order_by(StayCorrection.known_on.desc(), Stay.id)
        .limit(_MOST)
    )
    found = db.session.execute(statement).all()
    seen = strikes_seen(by=by) if found else {}
    return [
        StruckLine(
            stay_id,
            case.id,
            case.pseudonym,
            admitted_on,
            struck_on,
            Why(why),
            _has_file(case),
            *seen.get(stay_id, ("", None)),
        )
        for case, stay_id, admitted_on, struck_on, why in found
    ]


@dataclass(frozen=True, slots=True)
class ChangedLine:
    """The end of a child's stay by a decision that its house took back, or changed, on `changed_on`: what it said, and
    what holds now. `ended_on` is None where the stay goes on. `open` as of EndLine; where the child is, is not said."""

    case_id: uuid.UUID
    pseudonym: str
    was_ended_on: date
    was_reason: str
    was_destination: str
    changed_on: date
    why: Why
    ended_on: date | None
    reason: str
    destination: str
    open: bool


def changed_lately(*, by: Actor) -> list[ChangedLine]:
    """The children whom the actor's child protection service assesses and of whom a house says that an end by a
    decision was wrong, the last one first; empty for everybody else (ADR 0238)."""
    if not _assesses(by):
        return []
    since = days.today() - rules.END_SHOWN_FOR
    statement = (
        select(Case, Stay, StayCorrection)
        .join(Stay, Stay.case_id == Case.id)
        .join(StayCorrection, (StayCorrection.stay_id == Stay.id) & (StayCorrection.kind == str(Kind.EXIT)))
        .where(StayCorrection.known_on > since, StayCorrection.was["child_gate"].as_string() == "assessed")
        .where(Stay.taken_back_on.is_(None), _asked(by))
        .order_by(StayCorrection.known_on.desc(), StayCorrection.stay_id, StayCorrection.position.desc())
        .limit(_MOST)
    )
    return [
        ChangedLine(
            case.id,
            case.pseudonym,
            struck.was_ended_on,
            struck.was["exit_reason"],
            struck.was["destination"],
            struck.known_on,
            Why(struck.why),
            stay.ended_on,
            stay.exit_reason,
            stay.destination,
            _has_file(case),
        )
        for case, stay, struck in db.session.execute(statement)
        if struck.was_ended_on is not None
    ]


def strikes_seen(of: str = "stay_id", *, by: Actor) -> dict[uuid.UUID, tuple[str, date]]:
    """Strikes that child protection has seen: stay, or days away (`away_id`) -> (by whom, when); for it and the duty
    desk, and empty for everybody else."""
    told = rows.strikes_seen(of) if _assesses(by) or by.may(Permission.REFERRAL_DIRECT) else {}
    ids = {member_id for member_id, _ in told.values()}
    people = {each.id: each for each in db.session.scalars(select(Member).where(Member.id.in_(ids)))} if ids else {}
    codes = signed_names.codes(people)
    called: dict[uuid.UUID | None, str] = {
        id_: signed_names.who(codes, id_, each.name, each.login) for id_, each in people.items()
    }
    return {struck: (called.get(member_id, ""), on) for struck, (member_id, on) in told.items()}


def _assesses(by: Actor) -> bool:
    """Whether the actor is of a child protection service, and answers what it is asked."""
    return by.kind is OrganisationKind.CHILD_PROTECTION and by.may(Permission.OBLIGATION_ACKNOWLEDGE)


def _asked(by: Actor) -> ColumnElement[bool]:
    """Whether the actor's service is asked to assess the child of a case; a part of another statement."""
    party = select(Organisation.party).where(Organisation.id == by.organisation_id).scalar_subquery()
    return exists().where(Obligation.case_id == Case.id, Obligation.kind.in_(STEPS), Obligation.party == party)


def _has_file(case: Case) -> bool:
    """Whether the service can still read the file of the child."""
    return case.status in UNFINISHED and case.age_class != "adult"


def to_assess(case_id: uuid.UUID, *, by: Actor, lock: bool = False) -> Case:
    """A case of a child in hand that the actor's child protection service assesses; raises NotVisible."""
    if not _assesses(by):
        raise NotVisible
    live = (Case.status.in_(UNFINISHED), Case.age_class != "adult")
    statement = select(Case).where(Case.id == case_id, *live, _asked(by))
    if lock:
        statement = statement.with_for_update()
    found = db.session.scalar(statement.execution_options(populate_existing=True))
    if found is None:
        raise NotVisible
    return found


def relation(case_id: uuid.UUID, *, by: Actor) -> CaseRelation:
    """What the asker is to a case whose child gate may be read: the holder, the duty desk, or the service that assesses
    (`shared`). Raises NotVisible."""
    try:
        to_assess(case_id, by=by)
    except NotVisible:
        found = cases.visible(case_id, by=by)
        if found not in (CaseRelation.HOLDER, CaseRelation.DUTY_OFFICER):
            raise
        return found
    return CaseRelation.SHARED


def code_of(case_id: uuid.UUID, *, by: Actor) -> str:
    """The code of a case whose child gate may be read; raises NotVisible."""
    relation(case_id, by=by)
    return db.session.get_one(Case, case_id).pseudonym


def file_of(case_id: uuid.UUID, *, by: Actor) -> uuid.UUID | None:
    """The id under which the words of the assessments are sealed; None where nothing is yet. Raises NotVisible."""
    relation(case_id, by=by)
    return db.session.scalar(select(ChildFile.id).where(ChildFile.case_id == case_id))


def of_case(case_id: uuid.UUID, *, by: Actor) -> Gate | None:
    """The gate of a child's case, for the holder, the duty desk and the assessing service; None for an adult's case.

    Raises NotVisible.
    """
    mine = relation(case_id, by=by)
    case = db.session.get_one(Case, case_id)
    if case.age_class == "adult":
        return None
    record = rows.record(case_id)
    found = rules.opening(record, country().findings_hold_days)
    opening = found if isinstance(found, Opening) else None
    shut_by = found if isinstance(found, GateRefusal) else GateRefusal.ASSESSED_TOO_OLD
    if opening is not None and opening.safe_until < clock.today(country().timezone):
        opening = None
    numbers = {each.id: each.position for each in rows.households(case_id)}
    live = case.status in UNFINISHED
    file_id = db.session.scalar(select(ChildFile.id).where(ChildFile.case_id == case_id))
    return Gate(
        tuple(_household(case_id, id_, number, record, mine, live, by) for id_, number in numbers.items()),
        rows.lines(case_id),
        _decision(case_id, numbers),
        _guardian(case_id),
        opening,
        shut_by,
        may_record=mine is CaseRelation.SHARED,
        may_decide=live and by.may(Permission.REFERRAL_DIRECT),
        may_name_guardian=live and (by.may(Permission.REFERRAL_DIRECT) or mine is CaseRelation.SHARED),
        holder_reads=file_id is None
        or case.status != "open"
        or case.holder_id in grants.holders_of(db.session(), file_id, CHILD_FILE),
    )


def _household(
    case_id: uuid.UUID, id_: uuid.UUID, number: int, record: rules.Record, mine: CaseRelation, live: bool, by: Actor
) -> HouseholdLine:
    last = rules.of_household(record.entries, id_)
    independent = (
        by.organisation_id is not None
        and by.member_id is not None
        and rules.is_independent(by.organisation_id, by.member_id, last.values())
    )
    looks = live and mine is not CaseRelation.SHARED and independent
    return HouseholdLine(
        id_,
        number,
        rows.lines(case_id, id_),
        _looked(case_id, id_),
        rules.standing_look(record, id_) is not None,
        looks and rules.safe_since(last) is not None,
    )


def _looked(case_id: uuid.UUID, household_id: uuid.UUID) -> FindingLine | None:
    statement = (
        select(ChildLook, Organisation)
        .join(Organisation, Organisation.id == ChildLook.organisation_id)
        .where(ChildLook.case_id == case_id, ChildLook.household_id == household_id)
        .order_by(ChildLook.position.desc())
    )
    found = db.session.execute(statement).first()
    if found is None:
        return None
    look, who = found
    return FindingLine(Assessment.RISK, Found(look.found), look.looked_on, "", who.names, look.id)


def _decision(case_id: uuid.UUID, numbers: Mapping[uuid.UUID, int]) -> DecisionLine | None:
    statement = select(ChildDecision).where(ChildDecision.case_id == case_id).order_by(ChildDecision.position.desc())
    found = db.session.scalars(statement.limit(1)).first()
    if found is None:
        return None
    number = numbers.get(found.household_id) if found.household_id else None
    return DecisionLine(found.id, Outcome(found.outcome), number, found.decided_by, found.decided_on)


def _guardian(case_id: uuid.UUID) -> GuardianLine | None:
    statement = (
        select(ChildGuardian, Organisation)
        .join(Organisation, Organisation.id == ChildGuardian.organisation_id)
        .where(ChildGuardian.case_id == case_id)
        .order_by(ChildGuardian.position.desc())
    )
    found = db.session.execute(statement).first()
    return GuardianLine(found[0].id, found[0].since_on, found[1].names) if found is not None else None


def lines(subject: Case | ReturnLine) -> tuple[FindingLine, ...]:
    """The last finding of each kind, of a case (`to_assess`) or of a return that was read before."""
    return rows.lines(subject.id)
