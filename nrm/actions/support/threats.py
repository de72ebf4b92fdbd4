"""Telling that a witness is threatened without any other step, and saying that a desk has seen it."""

from __future__ import annotations

import uuid

from sqlalchemy.exc import IntegrityError

from nrm import audit, clock
from nrm.db import transaction
from nrm.domain.accounts.accounts import Actor, Permission
from nrm.models.support.threats import ThreatSeen
from nrm.steps.support import threats as steps
from nrm.store.shelter import permits
from nrm.store.support import threats as store
from nrm.store.support import witnesses as witness_store


def tell(*, case_id: uuid.UUID, by: Actor) -> None:
    """Tell the holder and the duty desk that the person of the case is threatened as a witness; nothing more is said.

    Raises NotPermitted, NotVisible.
    """
    by.must(Permission.TESTIMONY_RECORD)
    with transaction() as session:
        permits.shared_case(case_id, Permission.TESTIMONY_RECORD, by=by)
        steps.tell(session, by, case_id=case_id)


def tell_of_witness(*, witness_id: uuid.UUID, by: Actor) -> None:
    """As `tell`, of a witness who is no victim: for the duty desk alone. Raises NotPermitted, NotVisible."""
    by.must(Permission.TESTIMONY_RECORD)
    with transaction() as session:
        witness_store.row(witness_id, by=by)
        steps.tell(session, by, witness_id=witness_id)


def seen(*, alarm_id: uuid.UUID, by: Actor) -> None:
    """The actor's desk has seen it and acts; a second time changes nothing. Raises NotVisible."""
    try:
        with transaction() as session:
            if store.one(alarm_id, by=by).seen:
                return
            session.add(
                ThreatSeen(
                    alarm_id=alarm_id,
                    organisation_id=by.organisation_id,
                    member_id=by.member_id,
                    seen_at=clock.now(),
                )
            )
            session.flush()
            audit.append(session, audit.Event.THREAT_SEEN, by=by, alarm_id=alarm_id)
    except IntegrityError:
        return  # a colleague said it in the same moment
