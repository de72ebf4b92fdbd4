"""Questions whether people were here before, with what was found: for steps and actions, and for the store."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Executable,
    Uuid,
    and_,
    bindparam,
    exists,
    func,
    literal,
    null,
    or_,
    select,
    type_coerce,
    union_all,
)
from sqlalchemy.orm import aliased

from nrm import clock
from nrm.db import db
from nrm.domain.accounts.second_hands import ActStatus
from nrm.domain.shelter.matching import MOST_PAIRS, YES_BACK_WITHIN, Gone, House, MatchRefusal, Pair, Said, Where
from nrm.models.accounts.accounts import Organisation
from nrm.models.accounts.second_hands import HeavyAct
from nrm.models.referrals.referrals import Referral
from nrm.models.shelter.cases import Case, Erasure
from nrm.models.shelter.matching import MatchAsked, MatchEncoding, MatchKey, MatchQuestion, SeenByMember
from nrm.models.shelter.stays import Stay
from nrm.prepared import Prepared
from nrm.store.rows import entries
from nrm.store.rows.accounts.occasions import has_seen_beside
from nrm.store.rows.shelter import consents as consent_rows
from nrm.vault import matching as vault

PARTY = select(Organisation.party).where(Organisation.id == Case.holder_id).correlate(Case).scalar_subquery()
STRUCK_OUT = consent_rows.STRUCK_OUT
_PARKED = exists().where(HeavyAct.case_id == Case.id, HeavyAct.status == ActStatus.PARKED).correlate(Case)
SENT = exists().where(Referral.case_id == Case.id, Referral.status == "arrived").correlate(Case)
LIVES_THERE = exists().where(Stay.case_id == Case.id, Stay.ended_on.is_(None)).correlate(Case)


@dataclass(frozen=True, slots=True)
class Asked:
    """One question that was answered, whose case it is now, and what was found: nothing after a no. `row`: the columns
    of `MatchQuestion`; `number`, `gone`: as `vault.Found`."""

    row: Any
    holder_id: uuid.UUID | None
    house: House
    pairs: list[Pair]
    number: int = 0
    gone: tuple[Gone, ...] = ()


def with_pairs() -> Iterator[Asked]:
    """Every question to which the answer was yes. What does not open, because the key file `match` was lost, has no
    pairs."""
    statement = (
        select(MatchQuestion.__table__, Case.holder_id, PARTY, STRUCK_OUT)
        .join(Case, Case.id == MatchQuestion.case_id)
        .where(MatchQuestion.said == "yes")
    )
    # Put in order here: the database would sort the sealed values with them, which costs as much as reading them.
    for row in sorted(db.session.execute(statement).all(), key=lambda each: (each.asked_on, each.case_id)):
        yield _asked(row, row.holder_id, house(row.holder_id, row[-2], row[-1]))


def _asked(row: Any, holder_id: uuid.UUID | None, holder: House) -> Asked:
    found = sealed(row)
    return Asked(row, holder_id, holder, list(found.pairs), found.number, found.gone)


def house(holder_id: uuid.UUID | None, party: str | None, struck_out: str | None) -> House:
    """Who holds a case, of these columns."""
    return House(holder_id or uuid.UUID(int=0), party or "", frozenset((struck_out or "").split()))


def house_of(case_id: uuid.UUID) -> House:
    """The house that holds a case, with what the person struck out."""
    return house(*db.session.execute(select(Case.holder_id, PARTY, STRUCK_OUT).where(Case.id == case_id)).one())


def sealed(row: Any) -> vault.Found:
    """What lies sealed with the question; nothing where it does not open."""
    try:
        return vault.found_of(row)
    except vault.CannotOpen:
        return vault.Found()


def opened(row: Any) -> list[Pair]:
    """What was found for the case; nothing where it does not open."""
    return list(sealed(row).pairs)


def question(case_id: uuid.UUID) -> MatchQuestion | None:
    """The question to the person of a case."""
    statement = select(MatchQuestion).where(MatchQuestion.case_id == case_id)
    return db.session.scalar(statement.execution_options(populate_existing=True))


def asking(pair_id: uuid.UUID) -> tuple[Asked, Pair] | None:
    """The question that has this pair, and the pair."""
    for each in with_pairs():
        for pair in each.pairs:
            if pair.id == pair_id:
                return each, pair
    return None


@dataclass(frozen=True, slots=True)
class Known:
    """A case as a pair names it: whose it is now, its code, and whether the person is there."""

    holder_id: uuid.UUID | None
    pseudonym: str
    where: Where
    house: House


@dataclass(frozen=True, slots=True)
class AtHouse:
    """A case whose person was asked, whoever holds it, with what was found; or one of the house whose person lives
    there since `admitted_on` and was not asked: then `asked` is None. `asking_since`: since when anybody is asked;
    `parked`: the case is closed to everybody; `left_out`: the person said yes and is encoded under no key."""

    id: uuid.UUID
    case: Known
    asked: Asked | None
    admitted_on: date | None
    asking_since: date | None
    parked: bool
    left_out: bool


def at_house(organisation_id: uuid.UUID) -> list[AtHouse]:
    """All that a house has to look at, in one statement whatever there is: its home page says nothing by its cost of
    who was found."""
    found = []
    row: Any
    for row in _at_house().all(db.session, {_HOUSE.key: organisation_id}):
        holder = house(row[1], row[-3], row[-2])
        of = Known(row[1], row[2], Where(lives_here=bool(row[4]), followed=row[3] != "closed"), holder)
        asked = _asked(row, row[1], holder) if row[5] is None else None  # of who said no there are no pairs
        found.append(AtHouse(row[0], of, asked, row[5], row[6], bool(row[-1]), bool(row[-4])))
    return found


_HOUSE = bindparam("house_id", type_=Uuid())


@cache
def _at_house() -> Prepared:
    """Built once: building it costs as much as reading what it finds in a small country."""
    columns = [column for column in MatchQuestion.__table__.columns if column.name not in _NOT_READ]
    since = select(MatchKey.made_on).order_by(MatchKey.version).limit(1).scalar_subquery()
    case = (Case.id.label("case_id"), Case.holder_id, Case.pseudonym, Case.status)
    house_columns = (PARTY.label("party"), STRUCK_OUT.label("struck_out"), _PARKED.label("parked"))
    came = type_coerce(null(), Stay.admitted_on.type).label("admitted_on")
    left_out = _left_out().label("left_out")
    were_asked = select(*case, LIVES_THERE, came, since, *columns, left_out, *house_columns).join(
        MatchQuestion, MatchQuestion.case_id == Case.id
    )
    not_asked = (
        select(
            *case,
            literal(True),
            Stay.admitted_on,
            since,
            *(null().label(column.name) for column in columns),
            literal(False),
            *house_columns,
        )
        .join(Stay, Stay.case_id == Case.id)
        .where(
            Stay.organisation_id == _HOUSE,
            Stay.ended_on.is_(None),
            Case.holder_id == _HOUSE,  # whose case somebody else holds already is asked there
            ~exists().where(MatchQuestion.case_id == Case.id).correlate(Case),
        )
    )
    return Prepared(union_all(were_asked, not_asked), heard=True)


_NOT_READ = ("case_id", "asked_by_id", "with_guardian", "searched")
"""Columns of a question that a home page does not need; the case is named by its own row."""


_KNOWN = select(Case.id, Case.holder_id, Case.pseudonym, Case.status, LIVES_THERE, PARTY, STRUCK_OUT)


def known(case_ids: Collection[uuid.UUID]) -> dict[uuid.UUID, Known]:
    """The cases with these ids, which are those of one question. However few they are, as many are looked for: how long
    it takes says nothing of who was found."""
    wanted = [*case_ids, *(uuid.uuid4() for _ in range(len(case_ids), MOST_PAIRS))]
    return _known(_KNOWN.where(Case.id.in_(wanted)))


def all_known() -> dict[uuid.UUID, Known]:
    """All cases that a pair can name: those whose person was asked. One statement with no list of ids, which would be
    longer than a database takes; by what they said, which has an index: never through the cases of others."""
    asked = MatchQuestion.said.in_([str(each) for each in Said])
    return _known(_KNOWN.join(MatchQuestion, MatchQuestion.case_id == Case.id).where(asked))


def _known(statement: Executable) -> dict[uuid.UUID, Known]:
    return {
        row[0]: Known(
            row[1], row[2], Where(lives_here=bool(row[4]), followed=row[3] != "closed"), house(row[1], row[5], row[6])
        )
        for row in db.session.execute(statement)
    }


def may_not_ask(case_id: uuid.UUID, organisation_id: uuid.UUID, member_id: uuid.UUID, today: date) -> str | None:
    """Why the member may not ask for this person, as a code of `MatchRefusal`; None if they may.

    Somebody who came by a referral was seen by two organisations: one recorded night is enough. A case of the house's
    own needs a second member who has seen the person, who has been there for 14 days, and neither of the two let the
    other one in (ADR 0162): no day of admission that one member wrote down replaces that. Nobody is asked while the
    wish to withdraw everything, or to be erased, waits for an answer.
    """
    open_act = or_(
        HeavyAct.status == ActStatus.PARKED,
        and_(HeavyAct.status == ActStatus.ASKED, HeavyAct.expires_at > clock.now()),
    )
    if db.session.scalar(select(exists().where(HeavyAct.case_id == case_id, open_act))):
        return str(MatchRefusal.GOES)
    came = (Referral.case_id == case_id, Referral.receiver_id == organisation_id, Referral.status == "arrived")
    if db.session.scalar(select(exists().where(*came))):
        slept = exists().where(
            Stay.case_id == case_id,
            Stay.organisation_id == organisation_id,
            Stay.taken_back_on.is_(None),
            Stay.admitted_on < func.coalesce(Stay.ended_on, today),
            Stay.known_on < today,  # a day of admission that was entered today is one member's word
        )
        return None if db.session.scalar(select(slept)) else str(MatchRefusal.NO_NIGHT)
    seers = select(SeenByMember.member_id).where(SeenByMember.case_id == case_id, SeenByMember.member_id != member_id)
    seen = db.session.scalars(seers).all()
    if any(has_seen_beside(each, member_id) for each in seen):
        return None
    return str(MatchRefusal.NO_HAND if seen else MatchRefusal.NOT_SEEN)


def seen_by(case_id: uuid.UUID, member_id: uuid.UUID) -> bool:
    """Whether this member said that they have seen the person."""
    here = exists().where(SeenByMember.case_id == case_id, SeenByMember.member_id == member_id)
    return db.session.scalar(select(here)) is True


def last_asked(case_id: uuid.UUID) -> MatchAsked | None:
    """The last check of the person: after a yes, or compared once more."""
    mine = select(MatchAsked).where(MatchAsked.case_id == case_id).order_by(MatchAsked.at.desc()).limit(1)
    return db.session.scalar(mine)


def said_at(case_id: uuid.UUID, since: datetime) -> datetime | None:
    """When the yes that holds was written down: the first check of the day of the yes (`since`: its beginning), after
    a yes of the same day that was taken back, if there was one. Later ones compared the person once more."""
    times = select(MatchAsked.at).where(MatchAsked.case_id == case_id, MatchAsked.at >= since).order_by(MatchAsked.at)
    found = db.session.scalars(times).all()
    if len(found) < 2:
        return next(iter(found), None)
    back = [each.at for each in _of_case(case_id, since, "match_refused")]
    undone = [each.at for each in _of_case(case_id, since, "match_yes_back")]
    back = [no for no in back if not any(no < yes <= no + YES_BACK_WITHIN for yes in undone)]
    return next((each for each in found if all(each > no for no in back)), found[-1])


def _of_case(case_id: uuid.UUID, since: datetime, event: str) -> Iterator[entries.Entry]:
    return (each for each in entries.since(since, event) if each.said["case_id"] == str(case_id))


def yes_back_until(case_id: uuid.UUID, member_id: uuid.UUID | None) -> datetime | None:
    """Until when this member may say that taking the yes back was a mistake: theirs was the last word."""
    last = list(_of_case(case_id, clock.now() - YES_BACK_WITHIN, "match_refused"))[-1:]
    mine = [each.at for each in last if each.member_id == member_id and each.said.get("taken_back")]
    return mine[0] + YES_BACK_WITHIN if mine else None


def yes_holds(case_id: uuid.UUID) -> bool:
    """Whether the yes of before is still the person's word: not after she wanted everything withdrawn or erased, and
    nobody answered in time."""
    unanswered = HeavyAct.status.in_((ActStatus.ASKED, ActStatus.EXPIRED))
    since = exists().where(MatchAsked.case_id == case_id, MatchAsked.at > HeavyAct.asked_at).correlate(HeavyAct)
    said_yes = exists().where(MatchQuestion.case_id == case_id, MatchQuestion.said == "yes")
    void = exists().where(HeavyAct.case_id == case_id, unanswered, ~since)
    return db.session.scalar(select(and_(said_yes, ~void))) is True


def number_asked(member_id: uuid.UUID, since: datetime) -> int:
    """How many checks the member began since then."""
    counted = select(func.count()).select_from(MatchAsked)
    return db.session.scalar(counted.where(MatchAsked.member_id == member_id, MatchAsked.at >= since)) or 0


def number_again(member_id: uuid.UUID, since: datetime) -> int:
    """How many of these checks were of people who had been compared before."""
    before = aliased(MatchAsked)
    earlier = exists().where(before.case_id == MatchAsked.case_id, before.at < MatchAsked.at)
    counted = select(func.count()).select_from(MatchAsked)
    return db.session.scalar(counted.where(MatchAsked.member_id == member_id, MatchAsked.at >= since, earlier)) or 0


def not_encoded(organisation_id: uuid.UUID, version: int) -> ColumnElement[bool]:
    """The condition for cases of the organisation whose person said yes and is not encoded under this version.

    Who withdrew everything, or asks for erasure, is not encoded again while that is open. If nobody answered in time,
    nobody undid it either: the yes from before does not come back by itself, and the person is asked again.
    """
    newest = exists().where(MatchEncoding.case_id == Case.id, MatchEncoding.key_version == version)
    return and_(Case.holder_id == organisation_id, ~newest, _to_encode())


def _to_encode() -> ColumnElement[bool]:
    """Whether the person said yes, and nothing prevents that somebody encodes them."""
    said_yes = exists().where(MatchQuestion.case_id == Case.id, MatchQuestion.said == "yes").correlate(Case)
    since = exists().where(MatchAsked.case_id == Case.id, MatchAsked.at > HeavyAct.asked_at).correlate(Case, HeavyAct)
    unanswered = HeavyAct.status.in_((ActStatus.ASKED, ActStatus.EXPIRED))
    going = or_(HeavyAct.status == ActStatus.PARKED, and_(unanswered, ~since))
    goes = exists().where(HeavyAct.case_id == Case.id, going).correlate(Case)
    return and_(said_yes, ~goes)


def is_left_out(case_id: uuid.UUID) -> bool:
    """Whether the person's yes holds, and they are encoded under no key."""
    return db.session.scalar(select(exists().where(Case.id == case_id, _left_out()))) is True


def _left_out() -> ColumnElement[bool]:
    """Of who is erased there is no name, and nobody is left out."""
    encoded = exists().where(MatchEncoding.case_id == Case.id).correlate(Case)
    erased = exists().where(Erasure.case_id == Case.id, Erasure.compartment == "identity").correlate(Case)
    return and_(~encoded, ~erased, _to_encode())


def due_for_search(version: int, most: int) -> list[uuid.UUID]:
    """The cases that are encoded under this version and have not been compared since."""
    statement = (
        select(MatchQuestion.case_id)
        .join(MatchEncoding, MatchEncoding.case_id == MatchQuestion.case_id)
        .where(MatchQuestion.said == "yes", MatchQuestion.searched.is_(False), MatchEncoding.key_version == version)
        .order_by(MatchQuestion.asked_on, MatchQuestion.case_id)
        .limit(most)
    )
    return list(db.session.scalars(statement))
