"""What happened with the keys of an organisation's members. It is recorded in the transaction of the change itself."""

from __future__ import annotations

import uuid

from sqlalchemy.orm import Session

from nrm import clock
from nrm.domain.accounts.accounts import Actor
from nrm.domain.accounts.alarms import AlarmKind
from nrm.domain.accounts.members import KeyHappening
from nrm.models.accounts.accounts import KeyEvent, Member
from nrm.steps.accounts import many_acts

_ENDINGS = (KeyHappening.DISABLED, KeyHappening.SUSPENDED, KeyHappening.BEGINS_ANEW)


def happened(
    session: Session,
    event: KeyHappening,
    member: Member | None,
    *,
    by: Actor,
    organisation_id: uuid.UUID | None = None,
    version: int | None = None,
    before: str = "",
    after: str = "",
) -> None:
    """Record it for the members of an organisation: that of `member`, else the given one, else the actor's. `before`,
    `after`: the roles or names of a change."""
    session.add(
        KeyEvent(
            organisation_id=member.organisation_id if member is not None else organisation_id or by.organisation_id,
            at=clock.now(),
            event=str(event),
            member_id=member.id if member is not None else None,
            by_id=by.member_id,
            version=version,
            before=before,
            after=after,
        )
    )
    if event in _ENDINGS:
        many_acts.look(session, AlarmKind.ENDINGS, by)
