"""What is refused to a signed-in member is counted, without what it was (ADR 0236).

Each process of the server remembers for an hour which addresses were refused to whom, as numbers that lead nowhere, and
writes down ten different ones at a time, and once more where the next one is one too many (ADR 0239): who has one
broken bookmark is never counted, and a page that is answered costs nothing.
"""

from __future__ import annotations

import threading
import time
import uuid
from dataclasses import dataclass, field

from flask import Flask, Response, current_app, request
from flask_login import current_user
from sqlalchemy.exc import SQLAlchemyError

from nrm import faults
from nrm.actions.accounts import refusals
from nrm.domain.accounts.accounts import Actor
from nrm.domain.accounts.alarms import HOUR, REFUSED
from nrm.web.accounts.access_log import UNWRITTEN

STATUSES = (403, 404, 405)
AT_ONCE = 10
"""So many different addresses are written down together; what is left of an hour is forgotten."""
_MOST = 2_000  # addresses of one account that are remembered; then they count anew
_lock = threading.Lock()


@dataclass(slots=True)
class _Seen:
    since: float
    addresses: set[int] = field(default_factory=set)
    told: int = 0
    left: int = AT_ONCE
    """How many more are one too many, as the last count said; so many are not left unwritten."""


def note(about: str = "") -> None:
    """The request is answered with one of STATUSES, or as one `about` nothing that this member sees: count it for who
    is signed in. Never fails."""
    if request.path in UNWRITTEN or request.endpoint == "assets.file":
        return
    try:
        signed_in = getattr(current_user, "signed_in", None)
        by: Actor | None = signed_in.actor if signed_in is not None else None
        if by is None or by.member_id is None:
            return
        seen = current_app.extensions.setdefault("nrm.refused", {})
        number = _counted(seen, by.member_id, hash((request.path, about)), time.monotonic())
        if number:
            total = refusals.count(number=number, by=by)
            seen[by.member_id].left = REFUSED.free + 1 - total if total <= REFUSED.free else AT_ONCE
    except SQLAlchemyError as error:  # the page of the refusal is shown all the same
        current_app.logger.warning("what was refused is not counted: %s", faults.described(error))


def _counted(seen: dict[uuid.UUID, _Seen], member_id: uuid.UUID, address: int, now: float) -> int:
    """How many different addresses are to be written down now; mostly none."""
    hour = HOUR.total_seconds()
    with _lock:
        mine = seen.get(member_id)
        if mine is None or now - mine.since >= hour or len(mine.addresses) >= _MOST:
            for other in [each for each, kept in seen.items() if now - kept.since >= hour]:
                del seen[other]
            mine = seen[member_id] = _Seen(now, left=mine.left if mine is not None else AT_ONCE)
        mine.addresses.add(address)
        new = len(mine.addresses) - mine.told
        if not new or (new < mine.left and len(mine.addresses) % AT_ONCE):
            return 0
        mine.told += new
        return new


def _look(response: Response) -> Response:
    if response.status_code in STATUSES:
        note()
    return response


def register(app: Flask) -> None:
    """Count what is refused, whoever answered it: also the page of a link that is spent, and a method that a page does
    not have."""
    app.after_request(_look)
