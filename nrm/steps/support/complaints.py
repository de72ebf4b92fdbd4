"""Whom of the desk a complaint is about, and whether somebody of it ends it (ADR 0175)."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass

from nrm import catalogues
from nrm.domain.accounts.accounts import Actor
from nrm.domain.support.complaints_about import CannotEnd, EndRefusal, names_office, names_somebody
from nrm.domain.words import N_
from nrm.store import names
from nrm.store.countries import country
from nrm.store.rows.accounts import accounts as account_rows
from nrm.store.rows.accounts import occasions
from nrm.store.rows.support import complaints as rows

_DESK = N_("Duty desk")


@dataclass(frozen=True, slots=True)
class About:
    """Who of the desk is named in a complaint, and whether the office is."""

    named: frozenset[uuid.UUID] = frozenset()
    office: bool = False

    @property
    def needs_two(self) -> bool:
        """Whether two members end it: it is about the office, and names nobody of it."""
        return self.office and not self.named


NOBODY = About()


def about(by: Actor) -> Callable[[str], About]:
    """What says of a text whom of the actor's office it is about."""
    assert by.organisation_id is not None
    people = rows.of_office(by.organisation_id)
    spoken = [catalogues.said(_DESK, each) for each in country().languages if each != catalogues.SOURCE]
    offices = [*names.organisation(by.organisation_id).names.values(), _DESK, *filter(None, spoken)]

    def of(text: str) -> About:
        named = frozenset(member_id for member_id, called in people if names_somebody(text, called))
        return About(named, names_office(text, offices))

    return of


def is_for_others(found: About, by: Actor) -> bool:
    """Whether a complaint names the actor, and somebody of the office whom it does not name can read it (ADR 0182)."""
    assert by.organisation_id is not None
    return by.member_id in found.named and bool(rows.readers(by.organisation_id) - found.named)


def check_end(found: About, first: str, *, by: Actor) -> None:
    """Nobody ends a complaint that names them, nor who is there by them since a short time; nor is one person, with a
    newcomer of theirs, both of the two. `first`: the sign-in name of the one who agreed before. Raises CannotEnd."""
    if by.member_id in found.named:
        raise CannotEnd(EndRefusal.NAMED)
    if any(_is_newcomer_of(by.member_id, each) for each in found.named):
        raise CannotEnd(EndRefusal.NEWCOMER)
    before = account_rows.member_by_login(first) if found.needs_two and first else None
    if before is None:
        return
    if before.id == by.member_id:
        raise CannotEnd(EndRefusal.SAME)
    if _is_newcomer_of(by.member_id, before.id) or _is_newcomer_of(before.id, by.member_id):
        raise CannotEnd(EndRefusal.NEWCOMER)


def _is_newcomer_of(member_id: uuid.UUID | None, other_id: uuid.UUID | None) -> bool:
    if member_id is None or member_id == other_id:
        return False
    return occasions.was_let_in_by(member_id, other_id) and not occasions.is_seasoned(member_id)
