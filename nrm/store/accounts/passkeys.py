"""A member's own passkeys, as their page lists them."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime

from nrm.domain.accounts.accounts import Actor, NotVisible
from nrm.store.rows.accounts import passkeys as rows
from nrm.vault import passkeys as vault


@dataclass(frozen=True, slots=True)
class PasskeyLine:
    """One passkey. `went_back_at`: its count did not rise then, so there may be a copy; `elsewhere`: the host for which
    it was made, if that is not this one; `genuine`: whether it is one at all, or a row that somebody wrote by hand."""

    id: uuid.UUID
    name: str
    made_at: datetime
    used_at: datetime | None
    went_back_at: datetime | None
    elsewhere: str
    genuine: bool


def own(*, by: Actor) -> list[PasskeyLine]:
    """The actor's passkeys, the oldest first. Raises NotVisible where none are made."""
    site = vault.site()
    if by.member_id is None or site is None:
        raise NotVisible
    found = rows.of_member(by.member_id)
    genuine = {each.id for each in vault.genuine(found)}
    return [
        PasskeyLine(
            each.id,
            each.name,
            each.made_at,
            each.used_at,
            each.went_back_at,
            each.host if each.host != site.host else "",
            each.id in genuine,
        )
        for each in found
    ]


def one(passkey_id: uuid.UUID, *, by: Actor) -> PasskeyLine:
    """One of the actor's own; raises NotVisible."""
    for each in own(by=by):
        if each.id == passkey_id:
            return each
    raise NotVisible
