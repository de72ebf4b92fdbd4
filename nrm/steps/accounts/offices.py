"""The row of somebody whom the key log has let into an office without keys, in the transaction of that entry."""

from __future__ import annotations

from sqlalchemy import update
from sqlalchemy.orm import Session

from nrm import audit
from nrm.db import hit_one
from nrm.domain.accounts.accounts import Actor, OrganisationKind
from nrm.domain.accounts.key_log_entries import Person
from nrm.domain.accounts.members import KeyHappening
from nrm.models.accounts.accounts import Member, Organisation
from nrm.steps.accounts import key_log
from nrm.steps.accounts.key_events import happened


def take_in(session: Session, member: Member, by: Actor) -> None:
    """The row follows what the log says now, in the transaction that completed it; nothing for other organisations,
    whose colleagues also wrap their keyring."""
    office = session.get_one(Organisation, member.organisation_id)
    if OrganisationKind(office.kind).holds_keys or not key_log.is_in(session, member):
        return
    waits = (Member.id == member.id, Member.status == "waiting")
    if hit_one(session, update(Member).where(*waits).values(status="active")):
        session.refresh(member)
        happened(session, KeyHappening.CONFIRMED, member, by=by)
        audit.append(session, audit.Event.MEMBER_CONFIRMED, by=by, member_id_confirmed=member.id)


def take_in_whom(session: Session, body: object, by: Actor) -> None:
    """`take_in` for whom the body of an agreed act lets in, if it lets in anybody."""
    if isinstance(body, Person):
        member = session.get(Member, body.member_id, populate_existing=True)
        if member is not None:
            take_in(session, member, by)
