"""Returns that somebody announced before they happen: what is kept of them, when they are late, and what remains."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta, tzinfo
from enum import StrEnum

from nrm.domain.accounts.accounts import OrganisationKind
from nrm.domain.interviews.answers import COUNTRIES

LATE_AFTER = timedelta(hours=1)
"""An expected arrival alarms an hour after it was due (the agreement's path, proposal)."""
FURTHEST = timedelta(days=180)
LATE_FOR = timedelta(days=7)
"""So long a post is shown who did not come, as they may come late."""
SOONEST = timedelta(days=1)
"""So long before the announced day somebody may come who was announced for it."""
TOLD_FOR = timedelta(days=7)
"""So long an office reads what a colleague took back (ADR 0257)."""
ALIKE_WITHIN = timedelta(minutes=30)
"""Within that time one that looks the same is asked about: the same person may have been entered twice."""
MOST_COMPANIONS = 20
LONGEST_TEXT = 300


class Origin(StrEnum):
    """Who announced the return. Others than the consulate and the help line are recorded by one of our desks."""

    CONSULATE = "consulate"
    FOREIGN_AUTHORITY = "foreign_authority"
    FOREIGN_NGO = "foreign_ngo"
    INTERNATIONAL_ORGANISATION = "international_organisation"
    HELPLINE = "helpline"


class AnnouncedReturnStatus(StrEnum):
    """What became of it."""

    ANNOUNCED = "announced"
    ARRIVED = "arrived"
    NOT_COME = "not_come"
    CANCELLED = "cancelled"


class Said(StrEnum):
    """What was said last of a return that is not over, or, of one that was taken back late or whose interview ended
    with nobody handed over, until the desk saw it."""

    ARRIVED = "arrived"
    NOT_COME = "not_come"
    DESTROYED = "destroyed"  # somebody said that the person arrived, and the interview was destroyed
    RAN_OUT = "ran_out"  # somebody said that the person arrived, and the interview was never finished
    ENDED = "ended"  # somebody said that the person arrived, and the interview ended with nobody handed over
    TAKEN_BACK = "taken_back"


class BackReason(StrEnum):
    """Why a return is taken back before the eyes of the duty desk."""

    MISTAKE = "mistake"
    NOT_RETURNING = "not_returning"
    ELSEWHERE = "elsewhere"


UNTOLD = (Said.DESTROYED, Said.RAN_OUT)
"""It was said that the person arrived, and the interview told nothing: the person is expected again."""
TO_SEE = (*UNTOLD, Said.ENDED, Said.TAKEN_BACK)
"""Of whom nothing tells where they are; the duty desk says that it has seen it."""
OPEN = (AnnouncedReturnStatus.ANNOUNCED, AnnouncedReturnStatus.NOT_COME)
"""The person is expected, or is looked for."""
ORIGINS_OF = {
    OrganisationKind.CONSULAR_SERVICE: tuple(origin for origin in Origin if origin is not Origin.HELPLINE),
    OrganisationKind.HELPLINE: tuple(origin for origin in Origin if origin is not Origin.CONSULATE),
    OrganisationKind.RESPONSIBLE_AUTHORITY: tuple(Origin),
}
"""Which origins a desk records; a desk that is not here records none."""
CHILD = ("yes", "no", "unknown")


class AnnouncedReturnRefusal(StrEnum):
    """Why the notice of a return is refused."""

    PAST = "past"
    TOO_FAR = "too_far"
    ORIGIN = "origin"
    POST = "post"
    COUNTRY = "country"
    HOME = "home"
    NAME = "name"
    NEED = "need"
    COMPANIONS = "companions"
    HOUR = "hour"
    STATE = "state"
    EARLY = "early"
    REASON = "reason"
    OWN = "own"
    SAID = "said"


class AnnouncedReturnRefused(Exception):
    """Nothing is recorded; `reason` says why."""

    def __init__(self, reason: AnnouncedReturnRefusal) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Announcement:
    """A return as it is announced, without who it is. `hour` 0 to 23 on the country's clocks, None: not known."""

    origin: Origin
    country: str
    expected_on: date
    child: str
    hour: int | None = None
    companions: int = 0
    needs: frozenset[str] = field(default_factory=frozenset)


def check(
    announced: Announcement, *, kind: OrganisationKind | None, today: date, needs: frozenset[str], home: str
) -> None:
    """Raise AnnouncedReturnRefused unless the desk may record it so. `needs`: the codes there are; `home`: the country
    to which people return."""
    if kind is None or announced.origin not in ORIGINS_OF.get(kind, ()):
        raise AnnouncedReturnRefused(AnnouncedReturnRefusal.ORIGIN)
    if announced.country not in COUNTRIES:
        raise AnnouncedReturnRefused(AnnouncedReturnRefusal.COUNTRY)
    if announced.country == home:
        raise AnnouncedReturnRefused(AnnouncedReturnRefusal.HOME)
    if announced.expected_on < today:
        raise AnnouncedReturnRefused(AnnouncedReturnRefusal.PAST)
    if announced.expected_on > today + FURTHEST:
        raise AnnouncedReturnRefused(AnnouncedReturnRefusal.TOO_FAR)
    if announced.child not in CHILD or not announced.needs <= needs:
        raise AnnouncedReturnRefused(AnnouncedReturnRefusal.NEED)
    if not 0 <= announced.companions <= MOST_COMPANIONS:
        raise AnnouncedReturnRefused(AnnouncedReturnRefusal.COMPANIONS)
    if announced.hour is not None and not 0 <= announced.hour <= 23:
        raise AnnouncedReturnRefused(AnnouncedReturnRefusal.HOUR)


def may_be_the_one(*, expected_on: date, child: str, interviewed_on: date, age_class: str) -> bool:
    """Whether somebody who was handed over may be who was announced, as far as day and age tell: nobody comes more than
    a day before the announced one, and an adult is no announced child, nor a child an adult (ADR 0240)."""
    if interviewed_on < expected_on - SOONEST:
        return False
    return {child, age_class} not in ({"yes", "adult"}, {"no", "child"})


def due_from(expected_on: date, hour: int | None, zone: tzinfo | None) -> datetime:
    """From when on somebody may be there: the hour, or, where none was said, the beginning of the day."""
    return datetime.combine(expected_on, time(hour or 0), zone)


def late_from(expected_on: date, hour: int | None, zone: tzinfo | None) -> datetime:
    """From when on somebody expected then should have come, and it can be said that nobody came: an hour after the
    hour, or once the day is over."""
    return due_from(expected_on, hour, zone) + (LATE_AFTER if hour is not None else timedelta(days=1))


def is_late(status: str, due: datetime, *, said: str, now: datetime) -> bool:
    """Whether somebody should have come (`late_from` is `due`) and nothing tells that they did; that an interview began
    tells nothing (ADR 0237)."""
    expected = status == AnnouncedReturnStatus.ANNOUNCED
    return now >= due and (expected or (status == AnnouncedReturnStatus.ARRIVED and said != Said.ENDED))
