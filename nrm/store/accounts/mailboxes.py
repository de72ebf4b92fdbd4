"""The address of a desk for its own people, and which desks have something waiting, for the program."""

from __future__ import annotations

from nrm.db import db
from nrm.domain.accounts.accounts import Actor, NotVisible, Permission
from nrm.models.accounts.mailboxes import Mailbox


def own(*, by: Actor) -> Mailbox | None:
    """The mailbox of the actor's desk, if one was set; raises NotVisible for who works at no desk."""
    if by.organisation_id is None or not by.may(Permission.OBLIGATION_ACKNOWLEDGE):
        raise NotVisible
    return db.session.get(Mailbox, by.organisation_id, populate_existing=True)
