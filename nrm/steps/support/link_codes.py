"""The end of a link code, inside the transaction of an action. Needs no key."""

from __future__ import annotations

import uuid

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from nrm import audit
from nrm.domain.accounts.accounts import Actor
from nrm.domain.support.link_codes import LINK, NUMBER
from nrm.models.support.link_codes import LinkCode, LinkNumber
from nrm.vault import epochs, rows


def end(session: Session, case_id: uuid.UUID, by: Actor, event: audit.Event = audit.Event.LINK_ENDED) -> bool:
    """Destroy the code of the case and every number that was tied to it; returns whether there was one.

    Nothing that is left says that there was: the police are answered as for a code that never was. Call
    `erasures.carry_out` or `shredding.work_off` after the transaction.
    """
    link_id = session.scalar(select(LinkCode.id).where(LinkCode.whose_mark == rows.link_mark(case_id)))
    if link_id is None:
        return False
    for number_id in session.scalars(select(LinkNumber.id).where(LinkNumber.link_id == link_id)).all():
        epochs.erase(session, number_id, [NUMBER])
    epochs.erase(session, link_id, [LINK])
    session.execute(delete(LinkNumber).where(LinkNumber.link_id == link_id))
    session.execute(delete(LinkCode).where(LinkCode.id == link_id))
    # Without the case and without the link: the police know when they typed a code.
    audit.append(session, event, by=by)
    return True
