"""Names as people signed them: a name in a row that has another digest than the key log is not shown, but a code.

Who writes rows could otherwise give an accomplice the name of a colleague, on the page on which somebody decides whom
to trust. Whoever the log does not have yet is called as in the row: the words that they read cover the name.

Whoever has another name since a short time is called by the present one, and the page says what they were called, and
until when: what they did before stands under the present name, too.

Decided in ADR 0116 and ADR 0159.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import g
from sqlalchemy import ScalarSelect, select

from nrm import clock
from nrm.db import db
from nrm.domain.accounts.members import KeyHappening
from nrm.domain.accounts.vouching import TOLD_FOR
from nrm.models.accounts.accounts import KeyEvent, Member, Organisation
from nrm.store.countries import country
from nrm.vault.keylog import entries, log, people

_FOUND, _BEFORE = "nrm_unsigned_names", "nrm_names_before"


@dataclass(frozen=True, slots=True)
class Before:
    """What somebody whom a page names was called until lately."""

    name: str
    login: str
    before: str
    until: datetime


def codes(member_ids: Iterable[uuid.UUID | None]) -> Mapping[uuid.UUID | None, str]:
    """Of these members the codes of those whose name or sign-in name in the row is not what was signed; none as a rule.

    The page then says so in one sentence (`unsigned`).
    """
    asked = {each for each in member_ids if each is not None}
    known = log.last_state(db.session).members
    columns = (
        Member.id,
        Member.login,
        Member.name,
        Member.name_salt,
        Member.sign_public,
        Member.status,
        _last_change(KeyEvent.before).label("before"),
        _last_change(KeyEvent.at).label("until"),
    )
    rows = db.session.execute(select(*columns).where(Member.id.in_(asked & known.keys()))).all() if asked else []
    found: dict[uuid.UUID | None, str] = {
        row.id: people.code_of(known[row.id], log.last_state(db.session))
        for row in rows
        if not entries.comes_in(known[row.id], row) and not people.is_named_so(row, known[row.id].name_digest)
    }
    _tell(found.values())
    _tell_before([row for row in rows if row.before and row.id not in found])
    return found


def _last_change(what: Any) -> ScalarSelect[Any]:
    """A column of the last change of the name of the query's member, within the time in which colleagues are told."""
    changed = (KeyEvent.member_id == Member.id, KeyEvent.event == str(KeyHappening.RENAMED))
    lately = select(what).where(*changed, KeyEvent.at > clock.now() - TOLD_FOR)
    return lately.order_by(KeyEvent.at.desc()).limit(1).correlate(Member).scalar_subquery()


def who(codes_of: Mapping[uuid.UUID | None, str], id_: uuid.UUID | None, name: str | None, login: str | None) -> str:
    """How a page calls who did something: by name and sign-in name, or by the code of `codes`; empty for nobody."""
    if id_ in codes_of:
        return codes_of[id_]
    return f"{name} ({login})" if name and login else name or ""


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


def before() -> list[Before]:
    """Whom this page names and who has another name since lately."""
    found: dict[str, Before] = g.get(_BEFORE, {})
    return sorted(found.values(), key=lambda each: each.login)


def unsigned() -> list[str]:
    """The codes that this page shows in place of names."""
    return sorted(g.get(_FOUND, ()))


def _tell(found: Iterable[str]) -> None:
    if shown := set(found):
        setattr(g, _FOUND, g.get(_FOUND, set()) | shown)


def _tell_before(rows: Iterable[Any]) -> None:
    found = {row.login: Before(row.name, row.login, row.before, row.until) for row in rows}
    if found:
        setattr(g, _BEFORE, g.get(_BEFORE, {}) | found)
