"""Whom of the desk a complaint is about, who of it reads it, and whether somebody of it ends it (ADR 0175, 0188)."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from nrm import catalogues
from nrm.db import db
from nrm.domain.accounts.accounts import Actor, Permission
from nrm.domain.support.complaints import COMPLAINT, Ending
from nrm.domain.support.complaints_about import CannotEnd, EndRefusal, names_office, names_somebody
from nrm.domain.words import N_
from nrm.models.support.complaints import Complaint
from nrm.store import names
from nrm.store.countries import country
from nrm.store.rows.accounts import accounts as account_rows
from nrm.store.rows.accounts import occasions
from nrm.store.rows.support import complaints as rows
from nrm.vault import compartments, epochs, grants, keyrings
from nrm.vault import rows as marked
from nrm.vault.unattended import complaint_marks

_DESK = N_("Duty desk")
_OFFICERS = (N_("officer"), N_("official"))
_AS_SAID = ("oficer",)  # as people say it, which no page does


@dataclass(frozen=True, slots=True)
class About:
    """Who of the desk is named in a complaint, and whether the office is, or an officer without a name."""

    named: frozenset[uuid.UUID] = frozenset()
    office: bool = False

    def needs_two(self, how: str, first_how: str = "") -> bool:
        """Whether two members end it so: it is about the office or an officer and names nobody of it, or is called
        unfounded, also if the first of the two said that (`first_how`) and it ends otherwise now."""
        return (self.office and not self.named) or Ending.UNFOUNDED in (how, first_how)


NOBODY = About()


def about(organisation_id: uuid.UUID | None) -> Callable[[str], About]:
    """What says of a text whom of the office it is about."""
    assert organisation_id is not None
    people = rows.of_office(organisation_id)
    spoken = [
        catalogues.said(word, each)
        for word in (_DESK, *_OFFICERS)
        for each in country().languages
        if each != catalogues.SOURCE
    ]
    offices = [*names.organisation(organisation_id).names.values(), _DESK, *_OFFICERS, *_AS_SAID, *filter(None, spoken)]

    def of(text: str) -> About:
        named = frozenset(member_id for member_id, called in people if names_somebody(text, called))
        return About(named, names_office(text, offices))

    return of


def reads(found: About, first: str, *, by: Actor) -> bool:
    """Whether the actor reads a complaint, and learns that it is there: never who is named in it. Who stands in does
    where nobody else of the desk can end it now: all are named, suspended, or were the `first` of two (its sign-in
    name); but not who stopped a colleague lately, who would have made that so."""
    assert by.organisation_id is not None
    if by.member_id in found.named:
        return False
    if by.may(Permission.COMPLAINT_READ):
        return True
    before = account_rows.member_by_login(first) if first else None
    others = rows.readers(by.organisation_id) - found.named - ({before.id} if before is not None else set())
    return not others and not occasions.has_stopped_a_colleague(by.member_id, by.organisation_id)


def is_dealt(row: Complaint) -> bool:
    """Whether it was dealt with, and by nobody's hand but this program's."""
    return row.dealt_on is not None and is_sound(row)


def is_sound(row: Complaint) -> bool:
    """Whether this program wrote the row as it is now, and it is no earlier state."""
    return complaint_marks.is_sound(row, complaint_marks.epoch_of(db.session(), row.id))


def write(session: Session, complaint_id: uuid.UUID, part: Mapping[str, Any], *, by: Actor) -> None:
    """Put these parts under the seal, under a new key: what lay there before opens no more once the old one, which is
    listed, is destroyed. None takes a part away. Raises CannotOpen, StaleRevision."""
    before = compartments.glance(session, complaint_id, COMPLAINT, by=by)
    if before is None:
        raise keyrings.CannotOpen
    value = {name: each for name, each in {**before, **part}.items() if each is not None}
    epochs.replace(session, complaint_id, COMPLAINT, value, *grants.holders_of(session, complaint_id, COMPLAINT), by=by)


def mend(row: Complaint, found: About, value: Mapping[str, Any], *, by: Actor) -> None:
    """What another hand can have changed in the row is set by what lies under the seal, before somebody who read it
    marks it anew."""
    if by.organisation_id is not None and not is_sound(row):
        row.not_for = marked.not_for(row.id, found.named & desk([by.organisation_id]))
        row.without_house = not value.get("house") and not value.get("came")


def desk(offices: Iterable[uuid.UUID]) -> set[uuid.UUID]:
    """Who of these offices could read a complaint that does not name them, now or once a suspension is over."""
    both = (Permission.COMPLAINT_READ, Permission.COMPLAINT_STAND_IN)
    return {each for office in offices for permission in both for each in rows.readers(office, permission, now=False)}


def is_read(found: About, organisation_id: uuid.UUID) -> bool:
    """Whether somebody of the office could read it, now or once a suspension is over."""
    return not found.named or bool(desk([organisation_id]) - found.named)


def check_end(found: About, first: str, first_how: str, how: str, *, by: Actor) -> None:
    """Nobody ends a complaint about who let them in a short time ago; nor is one person, with a newcomer of theirs,
    both of the two. `first`: the sign-in name of the one who agreed before, `first_how`: to what. Raises CannotEnd."""
    if any(_is_newcomer_of(by.member_id, each) for each in found.named):
        raise CannotEnd(EndRefusal.NEWCOMER)
    before = account_rows.member_by_login(first) if found.needs_two(how, first_how) and first else None
    if before is None:
        return
    if before.id == by.member_id:
        raise CannotEnd(EndRefusal.SAME)
    if _is_newcomer_of(by.member_id, before.id) or _is_newcomer_of(before.id, by.member_id):
        raise CannotEnd(EndRefusal.NEWCOMER)


def end_refusal(found: About, first: str, first_how: str, *, by: Actor) -> EndRefusal | None:
    """Why the actor ends it in no way; None if they do in one."""
    refused = None
    for how in Ending:
        try:
            check_end(found, first, first_how, how, by=by)
        except CannotEnd as error:
            refused = error.reason
        else:
            return None
    return refused


def _is_newcomer_of(member_id: uuid.UUID | None, other_id: uuid.UUID | None) -> bool:
    if member_id is None or member_id == other_id:
        return False
    return occasions.was_let_in_by(member_id, other_id) and not occasions.is_seasoned(member_id)
