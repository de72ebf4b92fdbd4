"""What the duty desk reads of stays that rest on one hand alone (ADR 0260): who ended the stay and closed the case
within 14 days, whose stay ended while they were away and expected back, or after days away were struck when they were
late, or after the same member said that the person, who was missing, was found (ADR 0271), and who was excluded to
nobody knows where (ADR 0262). The code, and nothing more of the person.

Who ended a stay is read from the audit chain; who closed the case stands in its row.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Date, and_, bindparam, exists, func, literal, or_, select
from sqlalchemy.orm import aliased

from nrm import clock
from nrm.audit import Event
from nrm.db import db
from nrm.domain.accounts.accounts import Actor, Permission
from nrm.domain.shelter.absences import Outcome
from nrm.domain.shelter.away import Over
from nrm.domain.shelter.stays import Destination, ExitReason
from nrm.models.accounts.accounts import Member, Organisation
from nrm.models.shelter.absences import Missing
from nrm.models.shelter.away import Away
from nrm.models.shelter.cases import Case
from nrm.models.shelter.closings import Closing
from nrm.models.shelter.stays import Stay
from nrm.store import days, names, signed_names
from nrm.store.countries import country
from nrm.store.rows import entries

SHOWN_FOR = timedelta(days=14)
"""How long a line stands, and how soon after the end of the stay the case was closed."""
_ENDED_WITHIN = timedelta(days=366)  # before that: an end may be entered late
_LOOKED_THROUGH = 50_000
_MOST = 100
_READ_ELSEWHERE = (ExitReason.LEFT_ALONE, ExitReason.DIED, ExitReason.MISSING)
"""Two members said so, or an alarm ended: the desk has lists of them."""
_EXCLUDED = and_(Stay.exit_reason == str(ExitReason.EXPELLED), Stay.destination == str(Destination.UNKNOWN))


@dataclass(frozen=True, slots=True)
class StruckLine:
    """Days away that were struck before the stay ended: by whom and when, until when they were, and why."""

    name: str
    on: date
    was: date
    why: str


@dataclass(frozen=True, slots=True)
class OneHandLine:
    """One stay: who ended it, when, and where. `expected_on`: the person was away, and was expected back on that day;
    `closed_on`: the same member closed the case; `struck`: days away had been struck when the person was late;
    `found`: the same member had said that the person was found, who was missing since then, and on which day;
    `reason`: of all but the first two, and `nowhere`, whether nobody wrote where to."""

    pseudonym: str
    house: Mapping[str, str]
    telephone: str
    name: str
    ended_on: date
    expected_on: date | None
    closed_on: date | None
    struck: StruckLine | None = None
    found: tuple[date, date] | None = None
    reason: str = ""
    nowhere: bool = False


def number(by: Actor) -> ColumnElement[int]:
    """How many stays `lately` has to look at, as a column of another statement with the values of `moment`; 0 for
    everybody else."""
    if not by.may(Permission.REFERRAL_DIRECT):
        return literal(0)
    since, earliest = (bindparam(each, type_=Date()) for each in ("one_hand_since", "one_hand_earliest"))
    return select(func.count()).select_from(Stay).where(*_ended(since, earliest)).scalar_subquery()


def moment(by: Actor) -> dict[str, date]:
    """The values that `number` needs."""
    if not by.may(Permission.REFERRAL_DIRECT):
        return {}
    since = days.today() - SHOWN_FOR
    return {"one_hand_since": since, "one_hand_earliest": since - _ENDED_WITHIN}


def _closed(closing: type[Closing], since: Any) -> tuple[ColumnElement[bool], ...]:
    """A closing by somebody, lately, that stands, of the case and the shelter of a stay."""
    return (
        closing.case_id == Stay.case_id,
        closing.organisation_id == Stay.organisation_id,
        closing.closed_by_id.is_not(None),
        closing.reopened_on.is_(None),
        closing.closed_on > since,
    )


def _ended(since: Any, earliest: Any) -> tuple[ColumnElement[bool], ...]:
    """Stays that ended by the word of one member, and the case was closed lately, the person was away or missing, or
    was excluded to nobody knows where. Those that ended before `earliest` are not looked at: the home page of the desk
    reads no whole table."""
    gone = (str(Over.LEFT), str(Over.STRUCK))  # struck before the stay ended, or after that
    was_away = exists().where(Away.stay_id == Stay.id, Away.outcome.in_(gone), Stay.end_known_on > since)
    found = (Missing.stay_id == Stay.id, Missing.outcome == str(Outcome.FOUND))
    was_missing = exists().where(*found, Stay.end_known_on > since)
    excluded = and_(_EXCLUDED, Stay.end_known_on > since)
    return (
        Stay.ended_on > earliest,
        Stay.taken_back_on.is_(None),
        *(Stay.exit_reason != str(each) for each in _READ_ELSEWHERE),
        or_(exists().where(*_closed(aliased(Closing), since)), was_away, was_missing, excluded),
    )


def lately(*, by: Actor) -> list[OneHandLine]:
    """Of all shelters, the stay that ended last first. Raises NotPermitted."""
    by.must(Permission.REFERRAL_DIRECT)
    since = days.today() - SHOWN_FOR
    found = db.session.execute(
        select(Stay, Case.pseudonym, Organisation, Closing.closed_on, Closing.closed_by_id)
        .join(Case, Case.id == Stay.case_id)
        .join(Organisation, Organisation.id == Stay.organisation_id)
        .outerjoin(Closing, and_(*_closed(Closing, since)))
        .where(*_ended(since, since - _ENDED_WITHIN))
        .order_by(Stay.ended_on.desc(), Case.pseudonym)
        .limit(_MOST)
    ).all()
    if not found:
        return []
    longest = clock.now() - SHOWN_FOR - SHOWN_FOR - timedelta(days=1)
    told = entries.since(longest, Event.STAY_ENDED, newest=_LOOKED_THROUGH)
    ends = {each.said.get("stay_id"): each for each in told}  # the last one: it may have been corrected and ended anew
    told_of = [ends[str(stay.id)] for stay, *_ in found if str(stay.id) in ends]
    hands = {each.member_id for each in told_of} - {None}
    hands |= {uuid.UUID(each.said["struck_by"]) for each in told_of if "struck_by" in each.said}
    members = {each.id: each for each in db.session.scalars(select(Member).where(Member.id.in_(hands)))}
    codes = signed_names.codes(members)
    lines = []
    for stay, code, house, closed_on, closed_by in found:
        end = ends.get(str(stay.id))
        if end is None or end.member_id not in members or stay.ended_on is None:
            continue
        said = clock.day_of(end.at, country().timezone)
        expected = date.fromisoformat(end.said["expected"]) if "expected" in end.said and said > since else None
        alone = closed_on is not None and closed_by == end.member_id and closed_on - said <= SHOWN_FOR
        struck = _struck(end.said, members, codes) if said > since else None
        found_alone = _found(end.said) if said > since else None
        nowhere = stay.destination == Destination.UNKNOWN
        excluded = nowhere and stay.exit_reason == ExitReason.EXPELLED and said > since
        if not (expected or struck or found_alone or alone or excluded):
            continue
        lines.append(
            OneHandLine(
                code,
                house.names,
                names.number_of(house),
                _name(members[end.member_id], codes),
                stay.ended_on,
                expected,
                closed_on if alone else None,
                struck,
                found_alone,
                stay.exit_reason if struck or found_alone or excluded else "",
                nowhere,
            )
        )
    return lines


def _name(member: Member, codes: Mapping[uuid.UUID | None, str]) -> str:
    return signed_names.who(codes, member.id, member.name, member.login)


def _found(said: Mapping[str, Any]) -> tuple[date, date] | None:
    if "missed" not in said:
        return None
    return date.fromisoformat(said["missed"]), date.fromisoformat(said["found_on"])


def _struck(
    said: Mapping[str, Any], members: Mapping[uuid.UUID, Member], codes: Mapping[uuid.UUID | None, str]
) -> StruckLine | None:
    member = members.get(uuid.UUID(said["struck_by"])) if "struck_by" in said else None
    if member is None:
        return None
    on, was = (date.fromisoformat(said[each]) for each in ("struck_on", "struck"))
    return StruckLine(_name(member, codes), on, was, said["struck_why"])
