"""Places that are promised for days to come, renewed, and released; an accepted referral keeps one by itself."""

from __future__ import annotations

import uuid
from datetime import date, timedelta

from sqlalchemy import update
from sqlalchemy.orm import Session

from nrm import audit
from nrm.db import hit_one, transaction
from nrm.domain.accounts.accounts import Actor, NotVisible, Permission
from nrm.domain.shelter.cases import MistypedPseudonym, parse_pseudonym
from nrm.domain.shelter.places import LONGEST_KEPT, Kept, PlaceRefusal, PlaceRefused, check_kept, check_span
from nrm.models.shelter.places import Promise
from nrm.steps.shelter import places as steps
from nrm.store import days
from nrm.store.countries import country
from nrm.store.rows.shelter import places as rows
from nrm.store.shelter import places as store


def promise(*, place_id: uuid.UUID, code: str, from_on: date, until_on: date, by: Actor) -> uuid.UUID:
    """Keep a place for the code of a case from a day on, until a day; returns the promise.

    Whether there is a case of that code is not looked up: so one member keeps few, for each code one, and not for
    long. Raises NotPermitted, NotVisible, PlaceRefused.
    """
    by.must(Permission.STAY_MANAGE)
    try:
        written = parse_pseudonym(code)
    except MistypedPseudonym:
        raise PlaceRefused(PlaceRefusal.CODE) from None
    with transaction() as session:
        store.place(place_id, by=by)  # locked
        assert by.organisation_id is not None
        overdue = days.today() - timedelta(days=country().building.kept_overdue_days)
        kept = rows.kept_for_codes(by.organisation_id, overdue)
        check_kept(written, from_on, until_on, kept=kept, by_id=by.member_id)
        return steps.promise(session, place_id, written, from_on, until_on, by)


def renew(*, promise_id: uuid.UUID, until_on: date, by: Actor) -> uuid.UUID:
    """Keep the place until a later day; returns it. Raises NotPermitted, NotVisible, PlaceRefused."""
    by.must(Permission.STAY_MANAGE)
    with transaction() as session:
        line, kept = store.kept_line(promise_id, by=by)
        store.place(line.id, by=by)  # locked
        today = days.today()
        check_span(max(today, kept.from_on), until_on, today=today)
        if until_on < kept.until_on:
            raise PlaceRefused(PlaceRefusal.ENDS_BEFORE_IT_BEGINS)
        if until_on > max(today, kept.from_on) + LONGEST_KEPT:
            raise PlaceRefused(PlaceRefusal.KEPT_TOO_LONG)
        steps.check_renewal(line.id, Kept(kept.from_on, until_on, country().building.kept_overdue_days, kept.code), by)
        _change(session, promise_id, until_on=until_on)
        audit.append(session, audit.Event.PROMISE_RENEWED, by=by, place_id=line.id, promise_id=promise_id)
        return line.id


def release(*, promise_id: uuid.UUID, by: Actor) -> uuid.UUID:
    """The place is kept no longer; returns it. The referral that kept it, if there is one, stays as it is.

    Raises NotPermitted, NotVisible.
    """
    by.must(Permission.STAY_MANAGE)
    with transaction() as session:
        line, _ = store.kept_line(promise_id, by=by)
        _change(session, promise_id, over_on=days.today(), over_by_id=by.member_id)
        audit.append(session, audit.Event.PROMISE_RELEASED, by=by, place_id=line.id, promise_id=promise_id)
        return line.id


def _change(session: Session, promise_id: uuid.UUID, **values: object) -> None:
    statement = update(Promise).where(Promise.id == promise_id, Promise.over_on.is_(None)).values(**values)
    if not hit_one(session, statement):
        raise NotVisible
