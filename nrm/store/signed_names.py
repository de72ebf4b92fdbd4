"""Names as people signed them: a name in a row that has another digest than the key log is not shown, but a code.

Who writes rows could otherwise give an accomplice the name of a colleague, on the page on which somebody decides whom
to trust. Whoever the log does not have yet is called as in the row: the words that they read cover the name.

Decided in ADR 0116.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping

from flask import g
from sqlalchemy import select

from nrm.db import db
from nrm.models.accounts.accounts import Member, Organisation
from nrm.store.countries import country
from nrm.vault.keylog import entries, log, people

_FOUND = "nrm_unsigned_names"


def codes(member_ids: Iterable[uuid.UUID | None]) -> Mapping[uuid.UUID | None, str]:
    """Of these members the codes of those whose name or sign-in name in the row is not what was signed; none as a rule.

    The page then says so in one sentence (`unsigned`).
    """
    asked = {each for each in member_ids if each is not None}
    known = log.last_state(db.session).members
    columns = (Member.id, Member.login, Member.name, Member.name_salt, Member.sign_public, Member.status)
    rows = db.session.execute(select(*columns).where(Member.id.in_(asked & known.keys()))).all() if asked else []
    found: dict[uuid.UUID | None, str] = {
        row.id: people.code_of(known[row.id], log.last_state(db.session))
        for row in rows
        if not entries.comes_in(known[row.id], row) and not people.is_named_so(row, known[row.id].name_digest)
    }
    _tell(found.values())
    return found


def name_of(member: Member) -> str:
    """The name of one member whose row was read; a code as of `codes`."""
    return codes([member.id]).get(member.id, member.name)


def organisation_names(row: Organisation) -> Mapping[str, str]:
    """The names of an organisation by language; its code for each where the row has others than its people signed."""
    known = log.last_state(db.session).organisations.get(row.id)
    if known is None or known.names_digest == people.names_digest(row):
        return row.names
    _tell([known.code])
    return dict.fromkeys(country().languages, known.code)


def unsigned() -> list[str]:
    """The codes that this page shows in place of names."""
    return sorted(g.get(_FOUND, ()))


def _tell(found: Iterable[str]) -> None:
    if shown := set(found):
        setattr(g, _FOUND, g.get(_FOUND, set()) | shown)
