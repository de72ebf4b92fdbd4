"""A member who does not hold the newest version of their organisation's keyring says so; a colleague gives it to them.

What is said is an entry of the key log. Who said it can also make the next version, which everybody is given: so nobody
makes a key for themselves alone.

Decided in ADR 0134.
"""

from __future__ import annotations

import uuid

from sqlalchemy.orm import Session

from nrm import audit
from nrm.db import transaction
from nrm.domain.accounts.accounts import Actor, NotVisible, Permission
from nrm.domain.accounts.key_log_entries import EntryKind, EntryRefused, Holding
from nrm.domain.accounts.members import HoldingRefusal, HoldingRefused, KeyHappening
from nrm.models.accounts.accounts import Member, Organisation
from nrm.steps.accounts import members as steps
from nrm.steps.accounts.key_events import happened
from nrm.vault import keyrings
from nrm.vault.keylog import log


def say_lacks(*, by: Actor) -> None:
    """The actor says, signed, that they do not hold the newest version. Raises NotVisible, HoldingRefused."""
    _say(holds=False, by=by)


def say_holds(*, by: Actor) -> None:
    """Who said that they do not hold it was given it, and says so. Raises NotVisible, HoldingRefused."""
    _say(holds=True, by=by)


def _say(*, holds: bool, by: Actor) -> None:
    with transaction() as session:
        organisation, version, _ = _held(session, by)
        if holds is keyrings.lacks_newest(session, by=by):
            raise HoldingRefused(HoldingRefusal.LACKS if holds else HoldingRefusal.HOLDS)
        try:
            log.append(session, EntryKind.HOLDING, Holding(organisation.id, version, holds), by=by)
        except EntryRefused:
            raise HoldingRefused(HoldingRefusal.SAID) from None
        event = KeyHappening.HOLDS_AGAIN if holds else KeyHappening.LACKS_KEY
        happened(session, event, session.get_one(Member, by.member_id), by=by, version=version)
        session.flush()
        audit.append(session, audit.Event.HOLDING_SAID, by=by, version=version, holds=holds)


def give(*, member_id: uuid.UUID, by: Actor) -> None:
    """Wrap what the actor holds to a colleague who said that they do not hold it; no words are typed, as the key log
    has the colleague's keys. Raises NotVisible for anybody else, CannotOpen, Disagrees."""
    with transaction() as session:
        _, version, lacking = _held(session, by)
        if member_id not in lacking or member_id == by.member_id:
            raise NotVisible
        member = session.get_one(Member, member_id, populate_existing=True)
        if member.status != "active":
            raise NotVisible  # they begin anew since: who lets them in gives the key to the new ones
        keyrings.give_again(session, member, by=by)
        happened(session, KeyHappening.KEY_GIVEN, member, by=by, version=version)
        session.flush()
        audit.append(session, audit.Event.KEYRING_GIVEN, by=by, version=version, member_id_given=member.id)


def make_next(*, by: Actor) -> int:
    """Who said that they do not hold the newest version makes the next one, for every active colleague; returns it.

    What was sealed to the versions that they do not hold waits for a colleague who does. Raises NotPermitted,
    NotVisible, HoldingRefused, CannotOpen, Disagrees.
    """
    by.must(Permission.ACCOUNT_CONFIRM)
    with transaction() as session:
        organisation, _, lacking = _held(session, by)
        if by.member_id not in lacking:
            raise HoldingRefused(HoldingRefusal.SAID)
        if not keyrings.lacks_newest(session, by=by):
            raise HoldingRefused(HoldingRefusal.HOLDS)
        return steps.renew(session, organisation, by, lacking=True)


def _held(session: Session, by: Actor) -> tuple[Organisation, int, frozenset[uuid.UUID]]:
    """(the actor's organisation, held until the end; the version that the log has; who said that they lack it).

    Raises NotVisible where no key is held, Disagrees while the log is wrong."""
    if by.organisation_id is None:
        raise NotVisible
    organisation = session.get_one(
        Organisation, by.organisation_id, with_for_update={"key_share": True}, populate_existing=True
    )
    try:
        known = log.state(session).organisations.get(organisation.id)
    except log.LogWrong:
        raise keyrings.Disagrees from None
    if known is None or not known.version:
        raise NotVisible
    return organisation, known.version, known.lacking
