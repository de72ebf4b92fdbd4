"""Reading the hearings of a witness: the entries are sealed, and opened for who may record testimony."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from nrm import clock
from nrm.db import db
from nrm.domain.accounts.accounts import Actor, OrganisationKind
from nrm.domain.shelter.strikes import StrikeReason
from nrm.domain.support.hearings import (
    KEPT,
    CalledOff,
    Hearing,
    HearingEntryKind,
    Measure,
    hearing_of,
    is_ahead,
    measures_of,
)
from nrm.store import days
from nrm.store.countries import country
from nrm.store.rows.support import hearings as rows
from nrm.store.support import hearings as store
from nrm.store.support.hearings import Person
from nrm.vault import compartments
from nrm.vault import hearings as vault
from nrm.vault.keyrings import CannotOpen


@dataclass(frozen=True, slots=True)
class EntryView:
    """One entry in words of codes. `hearing` of an announcement, `ordered` and `called_off` of the other two kinds."""

    id: uuid.UUID
    kind: HearingEntryKind
    hearing: Hearing | None
    ordered: tuple[Measure, ...]
    called_off: CalledOff | None
    entered_on: date
    struck_on: date | None
    struck_why: StrikeReason | None
    entered_by: uuid.UUID | None  # the organisation; not known of what was entered before that was kept
    words: str = ""
    """Of a hearing that was called off: which other reason there is."""
    wrote: uuid.UUID | None = None
    """Who entered it; not known of what was entered before that was kept."""
    struck_by: uuid.UUID | None = None

    def may_be_struck(self, *, by: Actor) -> bool:
        """Whether the actor may correct it: a shelter takes away nothing that another office entered (ADR 0268)."""
        return by.kind is OrganisationKind.PROSECUTION or self.entered_by in (None, by.organisation_id)


@dataclass(frozen=True, slots=True)
class HearingView:
    """One hearing: how it was announced, and all that was entered of it, struck or not."""

    announced: EntryView
    entries: tuple[EntryView, ...]

    @property
    def id(self) -> uuid.UUID:
        """That of the announcement."""
        return self.announced.id

    @property
    def hearing(self) -> Hearing:
        """As it was announced."""
        assert self.announced.hearing is not None
        return self.announced.hearing

    def entry(self, entry_id: uuid.UUID) -> EntryView:
        """The announcement or one of the entries; raises StopIteration for none of them."""
        return next(each for each in (self.announced, *self.entries) if each.id == entry_id)

    def standing(self, kind: HearingEntryKind) -> EntryView | None:
        """What stands of this kind; None for nothing."""
        return next((each for each in self.entries if each.kind is kind and each.struck_why is None), None)

    @property
    def refused(self) -> EntryView | None:
        """What stands and says that the court ordered nothing, though protection was asked for."""
        order = self.standing(HearingEntryKind.ORDERED)
        return order if order is not None and not order.ordered and self.hearing.asked else None

    def refused_lately(self, *, by: Actor) -> EntryView | None:
        """The same, where somebody else wrote it down in the last seven days."""
        order = self.refused
        lately = order is not None and days.today() - order.entered_on < store.TOLD_FOR
        return order if order is not None and lately and order.wrote != by.member_id else None

    @property
    def takes_place(self) -> bool:
        """Whether it was neither struck nor called off."""
        return self.announced.struck_why is None and self.standing(HearingEntryKind.CALLED_OFF) is None


def of(person: Person, *, by: Actor) -> list[HearingView]:
    """The hearings of somebody whom the actor sees, by day, what was struck last; raises CannotOpen."""
    return _views(rows.with_strikes([person.id])[person.id], by)


def _views(found: rows.Entries, by: Actor) -> list[HearingView]:
    values = vault.values(db.session(), [entry for entry, _ in found], by=by)
    announced: list[EntryView] = []
    further: dict[uuid.UUID, list[EntryView]] = defaultdict(list)
    for (entry, strike), value in zip(found, values, strict=True):
        kind = HearingEntryKind(entry.kind)
        view = EntryView(
            entry.id,
            kind,
            hearing_of(value) if kind is HearingEntryKind.ANNOUNCED else None,
            measures_of(value["ordered"]) if kind is HearingEntryKind.ORDERED else (),
            CalledOff(value["why"]) if kind is HearingEntryKind.CALLED_OFF else None,
            entry.entered_on,
            clock.day_of(strike.struck_at, country().timezone) if strike else None,
            StrikeReason(strike.reason) if strike else None,
            uuid.UUID(value["by"]) if "by" in value else None,
            value.get("words", ""),
            uuid.UUID(value["member"]) if "member" in value else None,
            strike.member_id if strike else None,
        )
        if entry.hearing_id is None:
            announced.append(view)
        else:
            further[entry.hearing_id].append(view)
    views = [HearingView(each, tuple(further[each.id])) for each in announced]
    return sorted(views, key=lambda each: (each.announced.struck_why is not None, each.hearing.on, each.hearing.court))


def ahead(*, by: Actor, later: bool = False) -> Sequence[tuple[Person, HearingView]]:
    """The hearings of the next thirty days of everybody whom the actor sees, by day; `later`: all that lie ahead.
    Raises NotVisible.

    What does not open for this actor is left out: the page of the person says so.
    """
    today = days.today()
    found = []
    people = store.people(by=by)
    entries = rows.with_strikes([person.id for person in people])
    for person in people:
        try:
            views = _views(entries[person.id], by)
        except CannotOpen:
            continue
        found += [(person, each) for each in views if _lies_ahead(each, today, later=later)]
    return sorted(found, key=lambda each: (each[1].hearing.on, each[0].code))


def ahead_of(person: Person, *, by: Actor) -> list[HearingView]:
    """The hearings that lie ahead of somebody whom the actor sees, by day; raises CannotOpen."""
    return [each for each in of(person, by=by) if _lies_ahead(each, days.today(), later=True)]


def _lies_ahead(view: HearingView, today: date, *, later: bool) -> bool:
    return view.takes_place and (view.hearing.on >= today if later else is_ahead(view.hearing.on, today))


def one(hearing_id: uuid.UUID, *, by: Actor) -> tuple[Person, HearingView]:
    """One hearing, with whom it is about; raises NotVisible, CannotOpen."""
    person, entry = store.of_entry(hearing_id, by=by)
    wanted = entry.hearing_id or entry.id
    return person, next(each for each in of(person, by=by) if each.id == wanted)


@dataclass(frozen=True, slots=True)
class KeptView:
    """A hearing of a case that the prosecution reads no more. `ordered`: None where nothing was."""

    id: uuid.UUID
    code: str
    hearing: Hearing
    ordered: tuple[Measure, ...] | None

    @property
    def is_over(self) -> bool:
        """Whether the day is over, so that nothing needs to be kept of it any more."""
        return self.hearing.on < days.today()


def kept(*, by: Actor) -> list[KeptView]:
    """What the actor's prosecution keeps, by day; what does not open for this actor is left out."""
    found = []
    for row, code in store.kept(by=by):
        value = compartments.glance(db.session(), row.id, KEPT, by=by)
        if value is not None:
            ordered = measures_of(value["ordered"]) if value["ordered"] is not None else None
            found.append(KeptView(row.id, code, hearing_of(value), ordered))
    return sorted(found, key=lambda each: (each.hearing.on, each.code))
