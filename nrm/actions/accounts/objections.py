"""A holder says "I do not know her" or "I did not ask for this": whom it favours waits for 72 hours (ADR 0159)."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy.exc import IntegrityError

from nrm import audit, clock
from nrm.db import transaction
from nrm.domain.accounts.accounts import Actor, NotPermitted, NotVisible, OrganisationKind
from nrm.domain.accounts.members import OBJECTIONABLE, KeyHappening, favours_doer
from nrm.domain.accounts.suspensions import OF_HOLDER, SuspensionReason
from nrm.domain.accounts.vouching import OBJECTED_FOR, ObjectionRefusal, ObjectionRefused, check_objecting
from nrm.domain.accounts.words import OccasionStatus
from nrm.models.accounts.accounts import KeyEvent, Member, Organisation
from nrm.steps.accounts import leaving, roles
from nrm.steps.accounts import members as member_steps
from nrm.steps.accounts.key_events import happened
from nrm.store.rows.accounts import members as member_rows
from nrm.store.rows.accounts import occasions as occasion_rows
from nrm.store.rows.accounts import suspensions as suspension_rows


def object_to(*, event_id: uuid.UUID, by: Actor) -> datetime | None:
    """Object to what made or changed a colleague's account: whom it favours opens and signs nothing for 72 hours.

    That is the account, as a rule; who took a role away, or changed a name, where a colleague did. A name is put back.

    Returns until when. Once for each event, by a holder whose own account is older than it; in offices without keys by
    an active member. If the colleague is to begin anew, that ends; an objection to that alone suspends nobody, and None
    is returned: the colleague did not ask for it. Raises NotVisible, NotPermitted, ObjectionRefused.
    """
    with transaction() as session:
        event = session.get(KeyEvent, event_id)
        if event is None or event.organisation_id != by.organisation_id or event.event not in OBJECTIONABLE:
            raise NotVisible
        organisation = session.get_one(
            Organisation, event.organisation_id, with_for_update={"key_share": True}, populate_existing=True
        )
        own = session.get(Member, by.member_id, populate_existing=True)
        if own is None or by.keys is None or own.status != "active" or event.member_id is None:
            raise NotPermitted("to object")
        if OrganisationKind(organisation.kind).holds_keys and not member_rows.holds_newest(own.id):
            raise NotPermitted("to object")
        member = session.get_one(Member, event.member_id, populate_existing=True)
        # As `suspensions.suspend`: of two objections at once the second counts the first.
        session.get_one(Member, own.id, with_for_update={"key_share": True}, populate_existing=True)
        ends = event.event == KeyHappening.ANEW_ASKED
        stopped = session.get_one(Member, _favoured(event), populate_existing=True)
        if stopped.organisation_id != organisation.id:
            raise ObjectionRefused(ObjectionRefusal.ELSEWHERE)
        suspends, now = stopped.status == "active" and not ends, clock.now()
        bound = suspends and not occasion_rows.is_of_stopped(stopped.id)
        check_objecting(
            occasion_rows.standing(own.id),
            about=event.member_id,
            by_id=event.by_id,
            at=event.at,
            objected=occasion_rows.objected(session, event_id),
            now=now,
            alone=bound and occasion_rows.would_be_alone(stopped, own.id),
            newcomer=suspends and occasion_rows.is_new_to(own.id, stopped.id),
            many=bound and suspension_rows.taken(own.id) >= OF_HOLDER,
        )
        waits = occasion_rows.going_on(session, member.id)
        begins = waits is not None and waits.status == OccasionStatus.WAITS
        if ends and not begins:
            raise ObjectionRefused(ObjectionRefusal.OVER)  # it was ended, or has happened and is told of by itself
        if begins:
            member_steps.stop(session, member, by)
        if ends:
            return None
        if event.event == KeyHappening.RENAMED:
            roles.give_name_back(session, member, event.before, by)
        try:
            leaving.suspend(session, stopped, SuspensionReason.OBJECTED, OBJECTED_FOR, by, event_id=event_id)
        except IntegrityError:
            raise ObjectionRefused(ObjectionRefusal.ONCE) from None
        happened(session, KeyHappening.OBJECTED, stopped, by=by)
        session.flush()
        audit.append(session, audit.Event.OBJECTED, by=by, member_id_suspended=stopped.id)
    return now + OBJECTED_FOR


def _favoured(event: KeyEvent) -> uuid.UUID | None:
    """Whose account waits when somebody objects to what happened."""
    doer = favours_doer(KeyHappening(event.event), event.before, event.after) and event.by_id is not None
    return event.by_id if doer else event.member_id
