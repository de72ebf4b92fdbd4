"""Whether who asked for something may still ask: a request dies with its asker. Rows, for steps, actions and pages.

Decided in ADR 0163.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import datetime, timedelta

from sqlalchemy import exists, select

from nrm.db import db
from nrm.domain.accounts.accounts import INVITATION_HOURS
from nrm.domain.accounts.members import KeyHappening
from nrm.domain.accounts.second_hands import ActKind, ActStatus
from nrm.domain.accounts.suspensions import SuspensionEnd
from nrm.domain.accounts.vouching import ANEW_BY_ONE
from nrm.models.accounts.accounts import Invitation, KeyEvent, Member
from nrm.models.accounts.occasions import Occasion
from nrm.models.accounts.second_hands import HeavyAct
from nrm.models.accounts.suspensions import Suspension
from nrm.store.rows.accounts import suspensions as suspension_rows
from nrm.vault import rows
from nrm.vault.keylog import log

_LINK = timedelta(hours=INVITATION_HOURS)


def may_ask(member_id: uuid.UUID | None, since: datetime | None = None) -> bool:
    """Whether what this member asked for still stands: their account works, and nobody has suspended it.

    `since`: when they asked; then nobody may have suspended or ended it after that either, unless who suspended took it
    back. What was asked for by nobody, or by who runs the machine, stands.
    """
    if member_id is None:
        return True
    member = db.session.get(Member, member_id, populate_existing=True)
    if member is None or member.status != "active" or suspension_rows.standing(member_id) is not None:
        return False
    return since is None or not _was_stopped(member_id, since)


def _was_stopped(member_id: uuid.UUID, since: datetime) -> bool:
    suspended = exists().where(
        Suspension.member_id == member_id,
        Suspension.at >= since,
        Suspension.how_ended != str(SuspensionEnd.TAKEN_BACK),
    )
    ended = exists().where(
        KeyEvent.member_id == member_id, KeyEvent.event == str(KeyHappening.DISABLED), KeyEvent.at >= since
    )
    return bool(db.session.scalar(select(suspended | ended)))


def was_there(member: Member) -> bool:
    """Whether colleagues let the member in, and no entry of the key log says that they left: so also who begins anew,
    and opened nothing with the new keys yet."""
    known = log.last_state(db.session).members.get(member.id)
    return known is not None and not known.left


def makes_new_keys(member: Member) -> bool:
    """Whether somebody who waits begins anew with other keys than the key log had, and does not come back with their
    own. Also once the log has them, until a colleague has given them the organisation's key."""
    known = log.last_state(db.session).members.get(member.id)
    if known is None:
        return False
    began = _last(member.id, KeyHappening.BEGINS_ANEW, KeyHappening.CAME_BACK)
    let_in = _last(member.id, KeyHappening.CONFIRMED, KeyHappening.FOUNDED)
    since = began is not None and (let_in is None or began.at >= let_in.at)
    anew = since and began is not None and began.event == KeyHappening.BEGINS_ANEW
    return known.signing != member.sign_public or anew


def who_let_begin_anew(member: Member, occasion: Occasion | None) -> Iterator[tuple[uuid.UUID, datetime]]:
    """By whose word somebody is to be let in once more, each with since when: who asked, and who made the link; of who
    comes back with their own keys, who let them come back."""
    if not makes_new_keys(member):
        back = _last(member.id, KeyHappening.CAME_BACK)
        let_in = _last(member.id, KeyHappening.CONFIRMED, KeyHappening.FOUNDED)
        if back is not None and back.by_id is not None and (let_in is None or back.at > let_in.at):
            yield back.by_id, back.at
            act = agreed(ActKind.LET_BACK, member.id)
            if act is not None and act.decided_at is not None and act.decided_at >= back.at - timedelta(minutes=1):
                yield act.asked_by_id, act.asked_at
        return
    if occasion is not None and occasion.by_id is not None and occasion.effective_at is not None:
        yield occasion.by_id, occasion.effective_at - ANEW_BY_ONE
    link = last_link(member.id)
    if link is not None and link.by_id is not None:
        asked = _last(member.id, KeyHappening.ANEW_ASKED, KeyHappening.BEGINS_ANEW, by_id=link.by_id)
        yield link.by_id, asked.at if asked is not None else link.expires_at - _LINK
    act = agreed(ActKind.BEGIN_ANEW, member.id)
    if act is None or act.decided_at is None or link is None:
        return
    if link.expires_at <= act.decided_at + _LINK + timedelta(minutes=1):
        yield act.asked_by_id, act.asked_at


def _last(member_id: uuid.UUID, *events: KeyHappening, by_id: uuid.UUID | None = None) -> KeyEvent | None:
    found = select(KeyEvent).where(KeyEvent.member_id == member_id, KeyEvent.event.in_(list(map(str, events))))
    if by_id is not None:
        found = found.where(KeyEvent.by_id == by_id)
    return db.session.scalar(found.order_by(KeyEvent.at.desc()).limit(1))


def agreed_at(member_id: uuid.UUID, by_id: uuid.UUID | None) -> datetime | None:
    """When this second hand agreed the last time that the member begins anew."""
    found = _last(member_id, KeyHappening.ANEW_AGREED, by_id=by_id) if by_id is not None else None
    return found.at if found is not None else None


def last_link(member_id: uuid.UUID) -> Invitation | None:
    """The last link that was made for the member, used or not."""
    last = select(Invitation).where(Invitation.member_id == member_id).order_by(Invitation.expires_at.desc()).limit(1)
    return db.session.scalar(last.execution_options(populate_existing=True))


def made_at(link: Invitation) -> datetime:
    """When somebody made a link that worked at once."""
    return link.expires_at - _LINK


def agreed(kind: ActKind, member_id: uuid.UUID) -> HeavyAct | None:
    """The last request about this account to which a second hand agreed."""
    newest = select(HeavyAct).where(
        HeavyAct.member_id == member_id, HeavyAct.kind == str(kind), HeavyAct.status == str(ActStatus.AGREED)
    )
    found = db.session.scalar(
        newest.order_by(HeavyAct.decided_at.desc()).limit(1).execution_options(populate_existing=True)
    )
    return found if found is not None and rows.is_act(found) else None
