"""Telling that a witness is threatened without any other step, saying what a desk does, and taking back either.

That a desk has seen an alarm is taken back while it stands on the home page: then the alarm waits again. That it was
told twice, or by mistake, is said beside the alarm, which stands until each desk has seen it: no word of who told it
makes a threat vanish.
"""

from __future__ import annotations

import uuid

from sqlalchemy import delete, update
from sqlalchemy.exc import IntegrityError

from nrm import audit, clock
from nrm.db import hit_one, transaction
from nrm.domain.accounts.accounts import Actor, Permission
from nrm.domain.support.threats import SEEN_IS_SHOWN, Acts, Doubt, ThreatRefusal, ThreatRefused
from nrm.models.shelter.cases import Case
from nrm.models.support.threats import ThreatAlarm, ThreatSeen
from nrm.steps.support import threats as steps
from nrm.store.shelter import permits
from nrm.store.support import threats as store
from nrm.store.support import witnesses as witness_store


def tell(*, case_id: uuid.UUID, by: Actor) -> None:
    """Tell the holder and the duty desk that the person of the case is threatened as a witness; nothing more is said.
    Sent again within minutes, it is told once.

    Raises NotPermitted, NotVisible.
    """
    by.must(Permission.TESTIMONY_RECORD)
    with transaction() as session:
        permits.shared_case(case_id, Permission.TESTIMONY_RECORD, by=by)
        session.get_one(Case, case_id, populate_existing=True, with_for_update=True)
        if not steps.is_sent_again(session, by, ThreatAlarm.case_id == case_id):
            steps.tell(session, by, case_id=case_id)


def tell_of_witness(*, witness_id: uuid.UUID, by: Actor) -> None:
    """As `tell`, of a witness who is no victim: for the duty desk alone. Raises NotPermitted, NotVisible."""
    by.must(Permission.TESTIMONY_RECORD)
    with transaction() as session:
        witness_store.row(witness_id, by=by, lock=True)
        if not steps.is_sent_again(session, by, ThreatAlarm.witness_id == witness_id):
            steps.tell(session, by, witness_id=witness_id)


def seen(*, alarm_id: uuid.UUID, what: Acts, by: Actor) -> None:
    """The actor's desk has seen it, and does this; a second time changes nothing. Raises NotVisible."""
    try:
        with transaction() as session:
            if store.one(alarm_id, by=by).said is not None:
                return
            session.add(
                ThreatSeen(
                    alarm_id=alarm_id,
                    organisation_id=by.organisation_id,
                    member_id=by.member_id,
                    seen_at=clock.now(),
                    what=str(what),
                )
            )
            session.flush()
            audit.append(session, audit.Event.THREAT_SEEN, by=by, alarm_id=alarm_id, what=str(what))
    except IntegrityError:
        return  # a colleague said it in the same moment


def take_back(*, alarm_id: uuid.UUID, by: Actor) -> None:
    """That the actor's desk has seen it was pressed by mistake: the alarm waits again. Raises NotVisible, ThreatRefused
    (`not_seen`)."""
    with transaction() as session:
        store.one(alarm_id, by=by)
        mine = (ThreatSeen.alarm_id == alarm_id, ThreatSeen.organisation_id == by.organisation_id)
        lately = ThreatSeen.seen_at > clock.now() - SEEN_IS_SHOWN
        if not hit_one(session, delete(ThreatSeen).where(*mine, lately)):
            raise ThreatRefused(ThreatRefusal.NOT_SEEN)
        audit.append(session, audit.Event.THREAT_NOT_SEEN, by=by, alarm_id=alarm_id)


def doubt(*, alarm_id: uuid.UUID, why: Doubt, by: Actor) -> None:
    """Say of an alarm that the actor told that it was told twice, or by mistake; it stands until each desk has seen it.
    No colleague says so in the name of who told it. Raises NotPermitted, NotVisible, ThreatRefused (`doubted`)."""
    by.must(Permission.TESTIMONY_RECORD)
    with transaction() as session:
        store.own(alarm_id, by=by)
        there = update(ThreatAlarm).where(ThreatAlarm.id == alarm_id, ThreatAlarm.doubt == "")
        if not hit_one(session, there.values(doubt=str(why), doubted_at=clock.now())):
            raise ThreatRefused(ThreatRefusal.DOUBTED)
        audit.append(session, audit.Event.THREAT_DOUBTED, by=by, alarm_id=alarm_id, why=str(why))


def stands(*, alarm_id: uuid.UUID, by: Actor) -> None:
    """Take back what `doubt` said: the alarm was no mistake. Raises NotPermitted, NotVisible, ThreatRefused
    (`not_doubted`)."""
    by.must(Permission.TESTIMONY_RECORD)
    with transaction() as session:
        store.own(alarm_id, by=by)
        there = update(ThreatAlarm).where(ThreatAlarm.id == alarm_id, ThreatAlarm.doubt != "")
        if not hit_one(session, there.values(doubt="", doubted_at=None)):
            raise ThreatRefused(ThreatRefusal.NOT_DOUBTED)
        audit.append(session, audit.Event.THREAT_STANDS, by=by, alarm_id=alarm_id)
