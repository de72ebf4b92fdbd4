"""Whom of the desk a complaint is about, who of it reads it, and whether somebody of it ends it (ADR 0175, 0188)."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy.orm import Session

from nrm import catalogues
from nrm.db import db
from nrm.domain.accounts.accounts import Actor, Permission
from nrm.domain.support.complaints import BY_TWO, COMPLAINT, Ending, Said, SoFar, Step
from nrm.domain.support.complaints_about import CannotEnd, EndRefusal, names_office, names_somebody
from nrm.domain.words import N_
from nrm.models.support.complaints import Complaint
from nrm.store import names
from nrm.store.countries import country
from nrm.store.rows.accounts import accounts as account_rows
from nrm.store.rows.accounts import occasions
from nrm.store.rows.support import complaints as rows
from nrm.store.shelter.cases import login_of
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

    def needs_two(self, how: str, so_far: SoFar, login: str) -> bool:
        """Whether this one ends it so only with a second one: it is about the office or an officer and names nobody of
        it, or is called unfounded or typed in twice: also if the first of two said that and it ends otherwise now, or
        if this one, or the first of two, said that and took it back."""
        again = so_far.called_unfounded & {login, so_far.first}
        return (self.office and not self.named) or bool(BY_TWO & {how, so_far.first_how}) or bool(again)


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


_FIRST = ("first_done", "first_by", "first_how")
_LAST = ("done", "done_by", "how")


def so_far(value: Mapping[str, Any]) -> SoFar:
    """What lies under the seal of how it ends."""
    first, first_how = (str(value.get(name, "")) for name in ("first_by", "first_how"))
    return SoFar(first, first_how, tuple(Said(**each) for each in value.get("before", ())))


def ended(value: Mapping[str, Any]) -> Said | None:
    """How it ended last, if it did."""
    done, by, how = (str(value.get(name, "")) for name in _LAST)
    return Said(Step.ENDED, by, how, done) if done else None


def past(value: Mapping[str, Any], *now: Said, dealt: bool = False) -> dict[str, Any]:
    """The parts to write, so that what was said last is of before, and then `now`. `dealt`: it was dealt with; else how
    it ended is from before it was reopened."""
    first, done, by = (str(value.get(name, "")) for name in ("first_how", "first_done", "first_by"))
    agreed, last = Said(Step.AGREED, by, first, done) if by else None, ended(value)
    said = (*so_far(value).before, *((agreed, last) if dealt else (last, agreed)), *now)
    return {**dict.fromkeys((*_FIRST, *_LAST)), "before": [asdict(each) for each in said if each is not None]}


def behind(value: Mapping[str, Any]) -> dict[str, Any]:
    """The part to write where it ends: how it ended before an older program reopened it is of before."""
    last = ended(value)
    return {"before": [asdict(each) for each in (*so_far(value).before, last)]} if last is not None else {}


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


def check_end(found: About, said: SoFar, how: str, *, by: Actor) -> None:
    """Nobody ends a complaint about who let them in a short time ago; nor is one person, with a newcomer of theirs,
    both of the two, or both who called it unfounded and who ends it. Raises CannotEnd."""
    if any(_is_newcomer_of(by.member_id, each) for each in found.named):
        raise CannotEnd(EndRefusal.NEWCOMER)
    first = {said.first} if said.first and found.needs_two(how, said, login_of(by)) else set()
    others = {member.id for each in first | said.called_unfounded if (member := account_rows.member_by_login(each))}
    if login_of(by) in first:
        raise CannotEnd(EndRefusal.SAME)
    if any(_is_newcomer_of(by.member_id, each) or _is_newcomer_of(each, by.member_id) for each in others):
        raise CannotEnd(EndRefusal.NEWCOMER)


def end_refusal(found: About, said: SoFar, *, by: Actor) -> EndRefusal | None:
    """Why the actor ends it in no way; None if they do in one."""
    refused = None
    for how in Ending:
        try:
            check_end(found, said, how, by=by)
        except CannotEnd as error:
            refused = error.reason
        else:
            return None
    return refused


def _is_newcomer_of(member_id: uuid.UUID | None, other_id: uuid.UUID | None) -> bool:
    if member_id is None or member_id == other_id:
        return False
    return occasions.was_let_in_by(member_id, other_id) and not occasions.is_seasoned(member_id)
