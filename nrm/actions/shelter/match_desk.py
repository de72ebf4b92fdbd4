"""What the duty desk does with an alarm about somebody who is asked for (ADR 0141, ADR 0174)."""

from __future__ import annotations

import uuid
from dataclasses import replace

from nrm import audit
from nrm.db import transaction
from nrm.domain.accounts.accounts import Actor, NotVisible, Permission
from nrm.domain.shelter.matching import MatchRefusal, MatchRefused
from nrm.steps.shelter import matching as steps
from nrm.store import days
from nrm.store.rows.shelter import matching as rows


def looked(*, pair_id: uuid.UUID, by: Actor, taken_back: bool = False, ask: bool = False) -> None:
    """The duty desk dealt with the alarm that somebody asks for a person who is there, or that the case that was found
    could have been made up; `ask`: it holds such a case for a real one, and lets its house be asked; `taken_back`: it
    pressed the wrong button, and says so on the same day, before that house has answered. A second time changes
    nothing. Raises NotPermitted, NotVisible, MatchRefused."""
    by.must(Permission.REFERRAL_DIRECT)
    with transaction() as session:
        found = rows.asking(pair_id)
        if found is None:
            raise NotVisible
        asked, pair = found
        if (pair.looked_on is None) is taken_back:
            return
        answered = pair.released and pair.theirs is not None
        if (taken_back and (pair.looked_on != days.today() or answered)) or (ask and not pair.held):
            raise MatchRefused(MatchRefusal.DECIDED)
        after = replace(pair, looked_on=None if taken_back else days.today(), released=ask)
        if ask:  # the days of its house run from now on
            after = replace(after, found_on=days.today())
        steps.put_pair(session, asked.row, after)
        audit.append(session, audit.Event.MATCH_LOOKED, by=by, pair_id=pair_id, taken_back=taken_back)
