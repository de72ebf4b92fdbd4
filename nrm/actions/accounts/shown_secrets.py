"""A recovery code or an invitation link stays readable for some minutes in the browser in which it was made.

Loading the page again shows the same one and makes no other; so does coming back to a screen that was hidden.

Decided in ADR 0118.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from datetime import timedelta

from sqlalchemy import ColumnElement, delete, or_

from nrm import clock
from nrm.db import db, transaction
from nrm.domain.accounts.accounts import SHOWN_MINUTES
from nrm.models.accounts.accounts import ShownSecret
from nrm.vault import shown_secrets as vault
from nrm.vault.marks import report

_LASTS = timedelta(minutes=SHOWN_MINUTES)


def keep(secret: Mapping[str, object], *, member_id: uuid.UUID | None = None, beside: str = "") -> str:
    """Keep what a page shows, for this member, or without one for whoever has the cookie; returns what that holds.

    `beside`: the session's cookie, which must be the same when it is shown. What was kept for the member before is
    gone: only the newest is shown.
    """
    token = vault.new_token()
    with transaction() as session:
        if member_id is not None:
            session.execute(delete(ShownSecret).where(ShownSecret.member_id == member_id))
        sealed = vault.seal(token, json.dumps(secret).encode(), member_id=member_id, beside=beside)
        session.add(
            ShownSecret(digest=vault.digest(token), member_id=member_id, sealed_secret=sealed, made_at=clock.now())
        )
    return token


def shown(token: str, *, member_id: uuid.UUID | None = None, beside: str = "") -> dict[str, object] | None:
    """What was kept under the cookie for this member, or for nobody who is signed in; None when it is gone."""
    row = db.session.get(ShownSecret, vault.digest(token), populate_existing=True) if token else None
    if row is None or row.member_id != member_id or clock.now() - row.made_at >= _LASTS:
        return None
    try:
        found = json.loads(vault.unseal(token, row.sealed_secret, member_id=member_id, beside=beside))
    except vault.CannotOpen:
        if member_id is not None:  # else somebody else has signed in here meanwhile
            report("what a page shows", member_id)
        return None
    assert isinstance(found, dict)
    return found


def forget(token: str, *, member_id: uuid.UUID | None = None) -> None:
    """Show no more what was kept under the cookie for nobody who is signed in, or in any browser for this member."""
    which: list[ColumnElement[bool]] = []
    if token:
        which.append((ShownSecret.digest == vault.digest(token)) & ShownSecret.member_id.is_(None))
    if member_id is not None:
        which.append(ShownSecret.member_id == member_id)
    if which:
        with transaction() as session:
            session.execute(delete(ShownSecret).where(or_(*which)))
