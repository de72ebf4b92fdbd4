"""Telling one desk, under seal, that others are still where a person came from (ADR 0064).

It is sealed to the organisation of the desk; the shelter keeps no key to it, and the desk does not learn from whom it
comes.
"""

from __future__ import annotations

import uuid
from datetime import timedelta

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError

from nrm import audit, clock
from nrm.db import db, hit_one, transaction
from nrm.domain.accounts.accounts import Actor, Permission
from nrm.domain.shelter import first_talks as rules
from nrm.domain.shelter.cases import CaseRefusal, CaseRefused, Compartment, Purpose
from nrm.domain.shelter.others_there import OTHERS, OthersRefusal, OthersRefused, StillThere, of_value
from nrm.models.shelter.cases import Case, Reading
from nrm.models.shelter.others_there import OthersThere
from nrm.steps.shelter import cases as case_steps
from nrm.steps.shelter import erasures as erasure_steps
from nrm.steps.shelter import others_there as steps
from nrm.store import days
from nrm.store.countries import country
from nrm.store.rows.agreement import agreements as agreement_rows
from nrm.store.shelter import others_there as store
from nrm.vault import compartments as vault
from nrm.vault import epochs, members, rows

CannotOpen = members.CannotOpen
_BATCH = 100


def tell(*, case_id: uuid.UUID, there: StillThere, by: Actor) -> None:
    """Seal it to the desk that the story in the case allows; the actor's session must have opened the story.

    Raises NotPermitted, NotVisible, CannotOpen, CaseRefused, OthersRefused.
    """
    by.must(Permission.CASE_OPEN)
    try:
        with transaction() as session:
            case_steps.held_open_case(case_id, by)
            case = session.get_one(Case, case_id)
            if not rules.may_ask(case.consent):
                raise CaseRefused(CaseRefusal.CONSENT_FIRST)
            story = vault.read(session, case_id, Compartment.STORY, by=by).value
            party = country().party_in(rules.whom_to_tell(country().questionnaires[case.questionnaire], story))
            if not party:
                raise OthersRefused(OthersRefusal.NOT_WANTED)
            desks = agreement_rows.every_desk(party)
            if not desks:
                raise OthersRefused(OthersRefusal.NO_DESK)
            desk = min(desks, key=lambda each: each.code)
            notice = OthersThere(
                id=uuid.uuid4(), organisation_id=desk.id, told_on=days.today(), whose_mark=rows.others_mark(case_id)
            )
            session.add(notice)
            session.flush()
            vault.create(session, notice.id, {OTHERS: dict(there.value)}, [desk.id])
            # With neither the case nor the id of the notice: nothing says in clear which case it comes from.
            audit.append(session, audit.Event.OTHERS_TOLD, by=by)
    except IntegrityError:
        raise OthersRefused(OthersRefusal.STANDS) from None


def take_back(*, case_id: uuid.UUID, by: Actor) -> bool:
    """The person does not want it told any more: it is destroyed, seen or not. Returns whether there was anything.

    Raises NotPermitted, NotVisible, CaseRefused.
    """
    by.must(Permission.CASE_OPEN)
    with transaction() as session:
        store.of_case(case_id, by=by)
        gone = steps.take_back(session, case_id, by)
    erasure_steps.carry_out()
    return gone


def open_notice(*, notice_id: uuid.UUID, purpose: Purpose, by: Actor) -> None:
    """Let the actor's session read it for a quarter of an hour; recorded first.

    Raises NotPermitted, NotVisible, CannotOpen.
    """
    by.must(Permission.CASE_OPEN)
    store.of_desk_one(notice_id, by=by)
    with transaction() as session:
        session.add(
            Reading(
                case_id=notice_id,
                compartment=OTHERS,
                purpose=purpose,
                member_id=by.member_id,
                organisation_id=by.organisation_id,
                holder_id=by.organisation_id,  # the shelter is nowhere named
                opened_at=clock.now(),
            )
        )
        vault.allow(session, notice_id, OTHERS, purpose, by=by)


def opened(*, notice_id: uuid.UUID, by: Actor) -> StillThere | None:
    """What was told, for a session that opened it; else None. Raises NotPermitted, NotVisible."""
    by.must(Permission.CASE_OPEN)
    store.of_desk_one(notice_id, by=by)
    try:
        return of_value(vault.read(db.session(), notice_id, OTHERS, by=by).value)
    except CannotOpen:
        return None


def seen(*, notice_id: uuid.UUID, by: Actor) -> None:
    """The desk has seen it and acts; for a session that opened it. The first who says it is kept.

    Raises NotPermitted, NotVisible, CannotOpen.
    """
    by.must(Permission.CASE_OPEN)
    with transaction() as session:
        store.of_desk_one(notice_id, by=by)
        vault.read(session, notice_id, OTHERS, by=by)
        first = hit_one(
            session,
            update(OthersThere)
            .where(OthersThere.id == notice_id, OthersThere.seen_on.is_(None))
            .values(seen_on=days.today(), seen_by_id=by.member_id),
        )
        if first:
            audit.append(session, audit.Event.OTHERS_SEEN, by=by, notice_id=notice_id)


def expire(*, by: Actor) -> int:
    """Destroy what was told as long ago as an announced return is kept; returns how many. It needs no key."""
    last = days.today() - timedelta(days=country().retention.notice_days)
    with transaction() as session:
        over = session.scalars(select(OthersThere).where(OthersThere.told_on <= last).limit(_BATCH)).all()
        for notice in over:
            epochs.erase(session, notice.id, [OTHERS])
            session.delete(notice)
            audit.append(session, audit.Event.OTHERS_OVER, by=by, notice_id=notice.id)
    if over:
        erasure_steps.carry_out()
    return len(over)
