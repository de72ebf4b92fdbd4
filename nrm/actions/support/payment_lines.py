"""Reading the nights by which shelters are paid. Taking them as a file is recorded in the audit chain."""

from __future__ import annotations

from nrm import audit
from nrm.db import transaction
from nrm.domain.accounts.accounts import Actor, Permission
from nrm.store.support import subsidies as store
from nrm.store.support.subsidies import Line


def read(*, by: Actor) -> list[Line]:
    """The nights that the actor may see; raises NotPermitted."""
    return store.lines(by=by)


def take(*, by: Actor) -> list[Line]:
    """As `read`, for a file; it is recorded in the audit chain. Raises NotPermitted."""
    by.must(Permission.PAYMENT_READ)
    with transaction() as session:
        audit.append(session, audit.Event.PAYMENT_READ, by=by)
        return store.lines(by=by)
