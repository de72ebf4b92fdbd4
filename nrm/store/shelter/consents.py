"""What people agreed to, for the holder of the case alone."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import ColumnElement, Select, and_, bindparam, exists, func, literal, or_, select

from nrm.db import db
from nrm.domain.accounts.accounts import Actor, NotVisible, OrganisationKind, Permission
from nrm.domain.accounts.second_hands import ActStatus
from nrm.domain.referrals.referrals import Relation
from nrm.domain.shelter.cases import BY_CONSENT, CaseRefusal, CaseRefused, Compartment, shareable
from nrm.domain.shelter.consents import MISTAKEN, Ended, Naming, Narrowing, Said, Topic, is_due
from nrm.models.accounts.accounts import Member, Organisation
from nrm.models.accounts.second_hands import HeavyAct
from nrm.models.shelter.cases import Case
from nrm.models.shelter.consents import Consent
from nrm.store import days, names
from nrm.store.countries import country
from nrm.store.referrals.referrals import ReferralLine
from nrm.store.rows.shelter import consents as rows
from nrm.store.shelter import cases as case_store
from nrm.store.shelter.cases import SeenCase
from nrm.store.statements import built_once

_MOST = 50


@dataclass(frozen=True, slots=True)
class ConsentLine:
    """One answer. `due`: the holder is to ask again by now, also where it ended without a word of the person; `waits`:
    its end waits for a new key, or for a stay; `mistaken`: a yes that the person had not said."""

    id: uuid.UUID
    topic: Topic
    party: str
    said: Said
    weighed: str
    wording: str
    wording_version: int
    wording_sha256: str
    language: str
    interpreter: str
    read_by: str
    read_at: dict[str, str]
    asked_on: date
    due_on: date | None
    ended: str
    ended_on: date | None
    due: bool
    waits: bool
    mistaken: bool

    @property
    def holds(self) -> bool:
        """Whether it is the present answer."""
        return not self.ended


@dataclass(frozen=True, slots=True)
class DueLine:
    """A case in which the person must be asked again, or in which a share ran out and needs a new key."""

    case_id: uuid.UUID
    pseudonym: str
    due_on: date | None
    waits: bool


def held(case_id: uuid.UUID, *, by: Actor, lock: bool = False) -> Case:
    """A case that the actor's organisation holds, open or closed; raises NotVisible, CaseRefused (`not_holder`)."""
    case = case_store.row(case_id, by=by, lock=lock)
    if case.holder_id is None or case.holder_id != by.organisation_id or case.status == "referred":
        raise CaseRefused(CaseRefusal.NOT_HOLDER)
    return case


def read_nothing(
    case_id: uuid.UUID, *, answers: Sequence[ConsentLine] | None = None, by: Actor
) -> list[dict[str, str]]:
    """Whom the person's yes still lets read a part, and who reads nothing: what they read ended when everything was
    taken back, and giving it back gives nobody else a key (ADR 0102). `answers`: what `of_case` gave, if it was read
    already. Names by language; for the holder, else NotVisible."""
    lines = of_case(case_id, by=by) if answers is None else answers
    parties = {each.party for each in lines if each.holds and each.topic is Topic.SHARING and each.said is Said.GIVEN}
    parties.discard("")
    if not parties:
        return []
    reading = {each.organisation_id for each in case_store.shares(case_id, by=by)}
    found: dict[str, list[Organisation]] = {}
    for each in db.session.scalars(select(Organisation).where(Organisation.party.in_(parties), Organisation.enabled)):
        if OrganisationKind(each.kind) in BY_CONSENT:
            found.setdefault(each.party, []).append(each)
    return [
        dict(organisations[0].names)
        for _, organisations in sorted(found.items())
        if not reading & {each.id for each in organisations}
    ]


def shared_lately(case_id: uuid.UUID, *, by: Actor) -> frozenset[uuid.UUID]:
    """The organisations of whose share the actor can still say that it was a mistake; for the holder, else
    NotVisible."""
    _seen_by_holder(case_id, by)
    return frozenset(rows.shared_lately(case_id, by.member_id))


def share_choices(case_id: uuid.UUID, *, by: Actor) -> list[tuple[Organisation, frozenset[Compartment]]]:
    """(organisation, what the holder may share with it of this person), of those with which anything may be shared; for
    the holder, else NotVisible."""
    case = _seen_by_holder(case_id, by)
    found = (
        (each, shareable(OrganisationKind(each.kind), case.age_class)) for each in names.organisations_by_id().values()
    )
    return [(each, parts) for each, parts in found if parts]


def ended_lately(case_id: uuid.UUID, *, by: Actor) -> dict[uuid.UUID, tuple[Organisation, tuple[str, ...]]]:
    """Organisation -> (it, what it read), of those whose reading the actor ended some minutes ago by a yes that can
    hold on; for the holder, else NotVisible."""
    _seen_by_holder(case_id, by)
    there = names.organisations_by_id()
    return {
        each: (there[each], read)
        for each, read in rows.ended_lately(case_id, by.member_id).items()
        if rows.ended_yes(case_id, there[each].party or there[each].code, by.member_id, days.today()) is not None
    }


def of_case(case_id: uuid.UUID, *, by: Actor) -> list[ConsentLine]:
    """Every answer of one case, what holds now first, then the newest first; for the holder, else NotVisible."""
    case = _seen_by_holder(case_id, by)
    statement = (
        select(Consent, Member.login, Organisation)
        .join(Member, Member.id == Consent.read_by_id)
        .join(Organisation, Organisation.id == Consent.read_at_id)
        .where(Consent.case_id == case_id)
        .order_by(Consent.ended_on.is_not(None), Consent.asked_on.desc(), Consent.topic, Consent.party)
        .execution_options(populate_existing=True)
    )
    today = days.today()
    found = db.session.execute(statement).all()
    now = [each for each, *_ in found if not each.ended]
    return [
        ConsentLine(
            id=each.id,
            topic=Topic(each.topic),
            party=each.party,
            said=Said(each.said),
            weighed=each.weighed,
            wording=each.wording,
            wording_version=each.wording_version,
            wording_sha256=each.wording_sha256,
            language=each.language,
            interpreter=each.interpreter,
            read_by=login,
            read_at=organisation.names,
            asked_on=each.asked_on,
            due_on=each.due_on,
            ended=each.ended,
            ended_on=each.ended_on,
            due=_asks_again(each, now, today) and case.status == "open",
            waits=each.narrowing == Narrowing.WAITS and each.topic != Topic.STATISTICS,
            mistaken=(each.said, each.ended, each.narrowing) == MISTAKEN,
        )
        for each, login, organisation in found
    ]


def _asks_again(line: Consent, now: list[Consent], today: date) -> bool:
    """Whether an answer runs out soon, or ended by itself and nobody asked about the same since."""
    if line.ended == Ended.LAPSED:
        return not any(each.topic == line.topic and each.asked_on >= (line.ended_on or today) for each in now)
    return not line.ended and is_due(line.due_on, today, country().validity)


def to_ask_again(*, by: Actor) -> list[DueLine]:
    """The open cases of the actor's desk in which an answer runs out soon or has, the first due first."""
    if not by.may(Permission.CASE_OPEN):
        return []
    found: dict[uuid.UUID, DueLine] = {}
    for case_id, pseudonym, due_on, narrowing in _to_ask_again(by)(
        soon=days.today() + timedelta(days=country().validity.ask_again_days)
    ):
        first = found.get(case_id)
        waits = narrowing == Narrowing.WAITS or (first is not None and first.waits)
        found[case_id] = DueLine(case_id, pseudonym, first.due_on if first else due_on, waits)
    return list(found.values())


def number_to_ask_again(by: Actor) -> ColumnElement[int]:
    """How many answers `to_ask_again` looks at, as a column of a statement with the parameter `soon`."""
    if by.organisation_id is None or not by.may(Permission.CASE_OPEN):
        return literal(0)
    counted = select(func.count()).select_from(Consent).join(Case, Case.id == Consent.case_id)
    return counted.where(*_due(by)).scalar_subquery()


def _due(by: Actor) -> tuple[ColumnElement[bool], ...]:
    due = and_(Consent.ended_on.is_(None), Consent.due_on <= bindparam("soon"))
    # Of a case that is closed to everybody nobody is asked, and nothing is sealed anew.
    parked = exists().where(HeavyAct.case_id == Case.id, HeavyAct.status == ActStatus.PARKED)
    return Case.holder_id == by.organisation_id, Case.status == "open", or_(due, _needs_key()), ~parked


@built_once
def _to_ask_again(by: Actor) -> Select[uuid.UUID, str, date | None, str]:
    return (
        select(Case.id, Case.pseudonym, Consent.due_on, Consent.narrowing)
        .join(Case, Case.id == Consent.case_id)
        .where(*_due(by))
        .order_by(Consent.due_on, Case.id)
        .limit(_MOST)
    )


def _needs_key() -> ColumnElement[bool]:
    return and_(Consent.narrowing == Narrowing.WAITS, Consent.ended == Ended.LAPSED)


def lists(case_id: uuid.UUID, *, by: Actor) -> dict[Naming, list[str]]:
    """The three lists of one person, as codes of parties; for the holder, else NotVisible."""
    _seen_by_holder(case_id, by)
    return rows.lists(case_id)


def not_told_yet(case_id: uuid.UUID, *, by: Actor) -> list[str]:
    """Of the parties on the list of those told, as codes, those that can read a part and have not been told; for the
    holder, else NotVisible."""
    _seen_by_holder(case_id, by)
    waiting = rows.not_told_yet(case_id)
    return [party for party in rows.lists(case_id)[Naming.TOLD] if party in waiting]


def withheld_until(case_id: uuid.UUID, *, by: Actor) -> datetime | None:
    """Until when what was told waits for a yes, None where nothing waits; for the holder, else NotVisible."""
    _seen_by_holder(case_id, by)
    return rows.withheld_until(case_id)


def _seen_by_holder(case_id: uuid.UUID, by: Actor) -> Case:
    by.must(Permission.CASE_READ)
    try:
        return held(case_id, by=by)
    except CaseRefused:
        raise NotVisible from None


def struck_out(seen: SeenCase | ReferralLine) -> set[str]:
    """The parties that the person does not want to know, by what was said last, of a case or referral read before.

    For the sender of a referral by what was said until it was sent: what the person takes back later is no news.
    """
    if isinstance(seen, ReferralLine) and seen.relation is Relation.SENDER:
        return rows.struck_out_when_sent(seen.id)
    return rows.struck_out(seen.id if isinstance(seen, SeenCase) else seen.case_id)
