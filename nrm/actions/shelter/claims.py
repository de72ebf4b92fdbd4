"""Claims for compensation: recording that one was made, what happened next, and correcting what was recorded."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from nrm import audit
from nrm.db import transaction
from nrm.domain.accounts.accounts import Actor, NotVisible, Permission
from nrm.domain.quarters import Quarter
from nrm.domain.shelter import claims as rules
from nrm.domain.shelter.claims import ClaimEvent, ClaimRefusal, ClaimRefused, Entry, Forum, Standing
from nrm.models.shelter.claims import Claim, ClaimEntry
from nrm.store import days
from nrm.store.countries import country
from nrm.store.rows.reports import reports as report_rows
from nrm.store.rows.shelter import claims as claim_rows
from nrm.store.shelter import claims as store
from nrm.store.shelter import permits


def ask(*, claim_id: uuid.UUID, case_id: uuid.UUID, forum: Forum, asked: str, happened: Quarter, by: Actor) -> None:
    """Record a claim under an id the caller chose; the same id again records nothing twice. `asked` is a band.

    Raises NotPermitted, NotVisible (also for an id that is another's), ClaimRefused.
    """
    by.must(Permission.CLAIM_RECORD)
    standing = rules.check(Standing(forum, asked), _bands())
    rules.check_quarter(happened, today=_this_quarter(), last=None)
    try:
        with transaction() as session:
            permits.shared_case(case_id, Permission.CLAIM_RECORD, by=by)
            known = session.get(Claim, claim_id)
            if known is None:
                session.add(Claim(id=claim_id, case_id=case_id))
                session.flush()
                entry = Entry(ClaimEvent.ASK, standing, happened, report_rows.first_open(happened))
                _add(session, claim_id, case_id, 1, entry, by)
            elif known.case_id != case_id:
                raise NotVisible
    except IntegrityError:
        if store.one(claim_id, by=by).case_id != case_id:  # the same button, pressed twice at once
            raise NotVisible from None


def record(
    *, claim_id: uuid.UUID, event: ClaimEvent, happened: Quarter, seen: int, by: Actor, granted: str = ""
) -> None:
    """Record what happened next; `seen`: the number of the last entry that the caller saw.

    Raises NotPermitted, NotVisible, ClaimRefused.
    """
    by.must(Permission.CLAIM_RECORD)
    with _following(claim_id, seen, by) as (session, case_id, history):
        standing = rules.step(history[-1].standing, event, _bands(), granted=granted)
        rules.check_quarter(happened, today=_this_quarter(), last=history[-1].happened)
        entry = Entry(event, standing, happened, report_rows.first_open(happened))
        _add(session, claim_id, case_id, seen + 1, entry, by)


def correct(*, claim_id: uuid.UUID, standing: Standing, happened: Quarter, seen: int, by: Actor) -> None:
    """Replace the last entry by another one; the replaced entry stays in the history.

    What a closed quarter has counted is not counted again. Raises NotPermitted, NotVisible, ClaimRefused.
    """
    by.must(Permission.CLAIM_RECORD)
    with _following(claim_id, seen, by) as (session, case_id, history):
        rules.check_correction(history, standing, happened, _bands())
        rules.check_quarter(happened, today=_this_quarter(), last=rules.before_last(history))
        before = history[-1].counts
        counts = before if days.is_closed(before) else report_rows.first_open(happened)
        entry = Entry(ClaimEvent.CORRECT, standing, happened, counts)
        _add(session, claim_id, case_id, seen + 1, entry, by)


@contextmanager
def _following(claim_id: uuid.UUID, seen: int, by: Actor) -> Iterator[tuple[Session, uuid.UUID, list[Entry]]]:
    """A transaction for one more entry of a claim; gives (case id, history). Raises ClaimRefused if the last entry is
    not the one that the caller saw."""
    try:
        with transaction() as session:
            case = store.case_of(claim_id, by=by)
            history = claim_rows.as_history(claim_rows.entries(claim_id))
            if len(history) != seen:
                raise ClaimRefused(ClaimRefusal.STATE)
            yield session, case.id, history
    except IntegrityError:
        # Two people added an entry at the same moment: the one that the second person saw is no longer the last.
        raise ClaimRefused(ClaimRefusal.STATE) from None


def _add(session: Session, claim_id: uuid.UUID, case_id: uuid.UUID, position: int, entry: Entry, by: Actor) -> None:
    session.add(
        ClaimEntry(
            claim_id=claim_id,
            position=position,
            event=str(entry.event),
            forum=str(entry.standing.forum),
            asked=entry.standing.asked,
            outcome=str(entry.standing.outcome),
            granted=entry.standing.granted,
            paid=str(entry.standing.paid),
            happened_on=entry.happened.start,
            counts_on=entry.counts.start,
        )
    )
    session.flush()
    audit.append(session, audit.Event.CLAIM_RECORDED, by=by, case_id=case_id, claim_id=claim_id, step=str(entry.event))


def _bands() -> tuple[str, ...]:
    return tuple(country().amount_bands)


def _this_quarter() -> Quarter:
    return Quarter.of(days.today())
