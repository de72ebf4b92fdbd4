"""Telling desks by e-mail that they have a task (ADR 0022).

A message is sent outside every request and transaction. First a conditional UPDATE takes its turn, so that only one of
two programs sends it; whether it was delivered is recorded afterwards. Nothing else waits for it.
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Collection

from flask import current_app
from sqlalchemy import delete, select, update

from config import Smtp
from nrm import audit, clock, smtp
from nrm.db import db, hit_one, transaction
from nrm.domain.accounts.accounts import Actor, Permission
from nrm.domain.accounts.mailboxes import BODY, EVERY, SUBJECT, is_address, pause_after
from nrm.models.accounts.mailboxes import Mailbox
from nrm.store.rows.accounts import mailboxes as rows

_AT_ONCE = 50
_log = logging.getLogger(__name__)


class NotAnAddress(ValueError):
    """The text is not an e-mail address."""


def set_address(*, address: str, language: str, by: Actor) -> None:
    """Set the address to which the actor's desk gets a message about tasks; empty: none.

    Raises NotPermitted, NotAnAddress.
    """
    by.must(Permission.OBLIGATION_ACKNOWLEDGE)
    if address and not is_address(address):
        raise NotAnAddress
    with transaction() as session:
        session.execute(delete(Mailbox).where(Mailbox.organisation_id == by.organisation_id))
        if address:
            session.add(
                Mailbox(
                    organisation_id=by.organisation_id,
                    address=address,
                    language=language,
                    next_at=clock.now(),
                    failures=0,
                )
            )
        audit.append(session, audit.Event.MAILBOX_CHANGED, by=by, set=int(bool(address)))


def send_due(signing: Collection[str] = ()) -> int:
    """Send a message to every desk whose turn it is; returns how many the mail server took. Without a server:
    nothing. `signing`: the parties of whom somebody has to sign the agreement, which are reminded once a day."""
    server: Smtp | None = current_app.extensions["nrm.config"].smtp
    if server is None:
        return 0
    ready = [each for each in rows.to_be_told(clock.now(), _AT_ONCE, signing=signing) if _take_turn(each)]
    boxes = db.session.execute(
        select(Mailbox.organisation_id, Mailbox.address, Mailbox.language).where(Mailbox.organisation_id.in_(ready))
    ).all()
    db.session.remove()  # no connection and no lock is held while the server is waited for
    if not boxes:
        return 0
    messages = [
        smtp.Message(box.address, SUBJECT[box.language], BODY.of(box.language, home=server.home)) for box in boxes
    ]
    try:
        taken = smtp.deliver(server, messages)
    except smtp.NotDelivered as error:
        _log.warning("no e-mail was sent: %s", error)
        taken = [False] * len(messages)
    for box, delivered in zip(boxes, taken, strict=True):
        _note(box.organisation_id, delivered)
    return sum(taken)


def _take_turn(organisation_id: uuid.UUID) -> bool:
    now = clock.now()
    with transaction() as session:
        return hit_one(
            session,
            update(Mailbox)
            .where(Mailbox.organisation_id == organisation_id, rows.has_its_turn(now))
            .values(next_at=now + EVERY)
            .execution_options(synchronize_session=False),
        )


def _note(organisation_id: uuid.UUID, delivered: bool) -> None:
    with transaction() as session:
        box = session.get(Mailbox, organisation_id, populate_existing=True)
        if box is None:  # taken away meanwhile
            return
        box.failures = 0 if delivered else box.failures + 1
        if not delivered:
            box.next_at = clock.now() + pause_after(box.failures)
