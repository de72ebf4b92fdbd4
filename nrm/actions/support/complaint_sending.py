"""Complaints as they come: from anybody, without an account, or typed at the desk from paper or a call (ADR 0158).

The audit chain has no entry of one that came: its hour would lead to who stood at the tablet.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime, timedelta

from flask import current_app
from sqlalchemy.orm import Session

from nrm import clock
from nrm.db import db, transaction
from nrm.domain.accounts.accounts import Actor, NotVisible, Permission
from nrm.domain.support import request_limits as limits
from nrm.domain.support.complaints import (
    COMPLAINT,
    LONGEST,
    LONGEST_REACH,
    MOST_WAITING,
    Came,
    CannotTake,
)
from nrm.models.support.complaints import Complaint
from nrm.models.support.request_limits import RequestLimits
from nrm.steps.support import complaints as steps
from nrm.steps.support import request_limits as limits_steps
from nrm.store import days, names
from nrm.store.rows.accounts import accounts as account_rows
from nrm.store.rows.support import complaints as rows
from nrm.store.shelter.cases import login_of
from nrm.store.support import complaints as store
from nrm.vault import compartments as vault
from nrm.vault import keyrings
from nrm.vault import rows as row_marks
from nrm.vault.unattended import complaint_marks as marks
from nrm.vault.unattended import request_limits, unplaced

_TRIES = 5
_STIRS_EVERY = timedelta(hours=1)
_STIRRED = "nrm.complaints.stirred"


class _Faster(Exception):
    """Somebody else wrote what was sent lately in the same moment."""


def complain(*, text: str, reach: str, where: str = "", house_id: uuid.UUID | None, once: str = "") -> None:
    """Seal what somebody wrote to the Responsible Authority alone. `house_id`: from which house's page; without one
    `where` is what the person said. `once`: the random number of the page; what was sent from it already is not sent
    again (ADR 0199). Raises CannotTake."""
    said = _said(text, reach, where, house_id)
    if not said["house"] and rows.number_waiting() >= MOST_WAITING:
        raise CannotTake
    _seal_once(said, without_house=not said["house"], once=once)


def _seal_once(said: Mapping[str, str], *, without_house: bool, once: str) -> None:
    for _ in range(_TRIES):
        with suppress(_Faster):
            _seal(said, without_house=without_house, once=once)
            return
    _seal(said, without_house=without_house)  # rather twice than not at all


def was_sent(*, text: str, reach: str, where: str = "", house_id: uuid.UUID | None, once: str) -> bool:
    """Whether the same was sent from the same page in the last hour. Writes nothing."""
    if not once:
        return False
    found = request_limits.read(db.session())
    db.session.rollback()
    what = _what(found, once, _said(text, reach, where, house_id))
    return not limits.keep_sent(found.sent, what, clock.now())


def _said(text: str, reach: str, where: str, house_id: uuid.UUID | None) -> dict[str, str]:
    house = names.organisation(house_id).code if house_id is not None else ""
    return {"text": text, "reach": reach, "where": "" if house else where, "house": house}


def _what(found: request_limits.Limits, once: str, said: Mapping[str, str]) -> str:
    """The digest of a press. What was written is part of it: who learned the number of a page before somebody wrote on
    it, and sends something with it, silences nobody."""
    return found.who("complaint", json.dumps([once, *sorted(said.items())]))


def _keep_sent(session: Session, once: str, said: Mapping[str, str]) -> bool:
    """Keep, in the transaction that seals it, that it was sent; False where it was."""
    found = request_limits.read(session, lock=True)
    if not limits.keep_sent(found.sent, _what(found, once, said), clock.now()):
        return False
    if not request_limits.put(session, found):
        raise _Faster
    return True


def take_down(*, text: str, reach: str, where: str, house: str, came: Came, by: Actor, once: str = "") -> None:
    """Seal what came to the desk on paper or by telephone, as what is written on the page; who typed it lies under the
    seal. `once`: as for `complain`. Raises NotPermitted, NotVisible, CannotTake."""
    if not by.may(Permission.COMPLAINT_STAND_IN):
        by.must(Permission.COMPLAINT_READ)
    houses = {each.code for each in store.houses(by=by)}
    if house and house not in houses:
        raise NotVisible
    said = {"text": text, "reach": reach, "where": where, "house": house}
    _seal_once({**said, "came": str(came), "typed_by": login_of(by)}, without_house=False, once=once)


def _seal(said: Mapping[str, str], *, without_house: bool, once: str = "") -> None:
    most = {"text": LONGEST, "reach": LONGEST_REACH, "where": LONGEST_REACH}
    value = {name: each[: most.get(name)] for name, each in said.items()}
    try:
        with transaction() as session:
            if once and not _keep_sent(session, once, said):
                return
            holders = rows.authorities() & account_rows.with_keyring()
            said_of = f"{value['text']}\n{value['where']}"
            found = {each: steps.about(each)(said_of) for each in holders}
            if not any(steps.is_read(about, each) for each, about in found.items()):
                raise CannotTake
            complaint = Complaint(id=uuid.uuid4(), dealt_on=None, dealt_by_id=None, without_house=without_house)
            named = frozenset[uuid.UUID]().union(*(about.named for about in found.values()))
            complaint.not_for = row_marks.not_for(complaint.id, named & steps.desk(found))
            complaint.mark = marks.mark(complaint, 1)
            session.add(complaint)
            session.flush()
            vault.create_unplaced(
                session, complaint.id, {COMPLAINT: {**value, "on": days.today().isoformat()}}, holders
            )
    except (keyrings.HoldsNoKeys, keyrings.CannotOpen):
        raise CannotTake from None


def stir() -> int:
    """Once an hour, whether or not one came: give the rows of all complaints a place that says nothing of when they
    came. Returns how many were moved."""
    now, before = clock.now(), current_app.extensions.get(_STIRRED)
    if isinstance(before, datetime) and before <= now < before + _STIRS_EVERY:
        return 0
    current_app.extensions[_STIRRED] = now
    with transaction() as session:
        limits_steps.seal_anew(session)
    return unplaced.stir(COMPLAINT, Complaint.__tablename__, RequestLimits.__tablename__)
