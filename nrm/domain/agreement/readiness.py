"""Whether a party of the agreement can be asked to take somebody in, and what is still missing before it can.

What is `Missing` leaves the party out of the route; a `Caution` is a warning beside a party that is still asked. A
contract is no part of being ready.

Decided in ADR 0125.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from nrm.domain.accounts.accounts import SHELTERS, OrganisationKind
from nrm.domain.accounts.members import KEY_HOLDERS_NEEDED
from nrm.domain.agreement.agreements import Desk
from nrm.domain.documents import Words

TRIED_WITHIN = timedelta(days=90)
"""A number that was not tried for longer may be another's by now."""


class Missing(StrEnum):
    """Why a party is not asked, in the order in which it is done."""

    NOT_IN_FORCE = "not_in_force"  # no text binds it today
    NOT_VOUCHED = "not_vouched"  # nobody vouches for its key
    KEY_DIFFERS = "key_differs"  # its newest key is not the known one, or somebody left who held it
    NO_KEY = "no_key"  # nobody holds it
    NO_BUILDING = "no_building"


class Caution(StrEnum):
    """What to know of a party that is asked all the same."""

    ONE_HOLDER = "one_holder"  # it can promise a place by telephone, and accepts once two hold the key
    TELEPHONE = "telephone"  # a number was never tried, not lately, or in vain
    DIRECTIVES = "directives"  # somebody has not read one


class Tried(StrEnum):
    """What the newest call to a number says of it."""

    NEVER = "never"
    LONG_AGO = "long_ago"
    IN_VAIN = "in_vain"
    ANSWERED = "answered"


@dataclass(frozen=True, slots=True)
class Number:
    """A telephone number of a party, and the newest call that tried it: when, of which organisation the caller was, and
    `who` says so."""

    telephone: str
    tried: Tried
    at: datetime | None = None
    by: Words | None = None
    who: str = ""


def tried(at: datetime | None, reached: bool, now: datetime) -> Tried:
    """What a call says; `at` None: there was none."""
    if at is None:
        return Tried.NEVER
    if not reached:
        return Tried.IN_VAIN
    return Tried.ANSWERED if now - at <= TRIED_WITHIN else Tried.LONG_AGO


@dataclass(frozen=True, slots=True)
class Unread:
    """A directive that binds the party: how many of its `officers` have read it."""

    title: Words
    read: int
    officers: int


@dataclass(frozen=True, slots=True)
class Readiness:
    """What is there of a party. `binds_from`: the day from which a signed text binds it, None for none; `holders`: how
    many hold its newest key; `desk`: of the text that binds it."""

    kind: OrganisationKind
    binds_from: date | None
    vouched: bool
    key_agrees: bool
    holders: int
    has_building: bool
    desk: Desk | None
    numbers: tuple[Number, ...]
    unread: tuple[Unread, ...]

    @property
    def is_shelter(self) -> bool:
        """Whether people sleep there: only then it needs a building."""
        return self.kind in SHELTERS

    def is_bound(self, today: date) -> bool:
        """Whether a text binds it today."""
        return self.binds_from is not None and self.binds_from <= today

    def missing(self, today: date) -> tuple[Missing, ...]:
        """What keeps it out of the route."""
        return tuple(self._missing(today))

    def _missing(self, today: date) -> Iterable[Missing]:
        if not self.is_bound(today):
            yield Missing.NOT_IN_FORCE
        if not self.vouched:
            yield Missing.NOT_VOUCHED
        elif not self.key_agrees:
            yield Missing.KEY_DIFFERS
        if not self.holders:
            yield Missing.NO_KEY
        if self.is_shelter and not self.has_building:
            yield Missing.NO_BUILDING

    @property
    def cautions(self) -> tuple[Caution, ...]:
        """What to warn of."""
        found = []
        if 0 < self.holders < KEY_HOLDERS_NEEDED:
            found.append(Caution.ONE_HOLDER)
        if not self.numbers or any(each.tried is not Tried.ANSWERED for each in self.numbers):
            found.append(Caution.TELEPHONE)
        if self.unread:
            found.append(Caution.DIRECTIVES)
        return tuple(found)
