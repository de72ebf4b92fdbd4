"""What signing in, unlocking, recovering and proving again share: failures are counted, a code works once."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import NoReturn, cast

from sqlalchemy import CursorResult, update
from sqlalchemy.orm import Session

from nrm import audit
from nrm.db import transaction
from nrm.domain.accounts import Actor, Credentials, SignInRefused, UnusableLogin, normalise_login
from nrm.domain.limits import ACCOUNT, NETWORK
from nrm.models.accounts import Member
from nrm.store.tries import Counter, count
from nrm.vault import factors, members


@dataclass(frozen=True, slots=True)
class Asker:
    """From where somebody tries. `browsers`: the cookie of a browser in which people signed in before."""

    network: str = ""
    browsers: str = ""


COMMAND = Asker()


class CodeUsed(Exception):
    """Somebody used the same code in the same instant."""


def folded(login: str) -> str:
    """The sign-in name as accounts have it; empty, which none has, for what cannot be one."""
    try:
        return normalise_login(login)
    except UnusableLogin:
        return ""


def counters(login: str, asker: Asker) -> list[Counter]:
    """Under what a failure counts: the browser if this person signed in there before, else the name and the network."""
    number = members.known_browser(login, asker.browsers)
    if number is not None:
        return [Counter(factors.try_mark("browser", number), ACCOUNT)]
    found = [Counter(factors.try_mark("account", login), ACCOUNT)]
    if asker.network:
        found.append(Counter(factors.try_mark("network", asker.network), NETWORK))
    return found


def refuse(account: Credentials | None, how: str, tries: list[Counter]) -> NoReturn:
    """Count the failure and record it, with whom they said they were if there is such an account."""
    known = account if account is not None and account.known else None
    with transaction() as session:
        by = Actor(known.id if known else None, known.organisation_id if known else None, None, duty=how)
        audit.append(session, audit.Event.SIGN_IN_REFUSED, by=by)
        count(session, tries)
    raise SignInRefused


def use_code(session: Session, member_id: uuid.UUID, step: int | None) -> None:
    """Accept a code for good: none of its step or before works again. Raises CodeUsed."""
    hit = session.execute(
        update(Member)
        .where(Member.id == member_id, Member.sealed_totp.is_not(None))
        .where(Member.totp_step.is_(None) | (Member.totp_step < step))
        .values(totp_step=step)
    )
    if step is None or rows(hit) != 1:
        raise CodeUsed


def rows(result: object) -> int:
    """How many rows a statement hit."""
    return cast("CursorResult[object]", result).rowcount
