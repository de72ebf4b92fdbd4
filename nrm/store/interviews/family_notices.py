"""Family notices, as the post that wrote them, the child authority and the duty desk see them: nobody else does."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Select, and_, bindparam, case, exists, func, literal, select

from nrm import clock
from nrm.db import UtcDateTime, db
from nrm.domain.accounts.accounts import Actor, NotVisible, OrganisationKind, Permission
from nrm.domain.interviews.endings import DUTY_DESK_AFTER
from nrm.domain.interviews.family_notices import DeskAnswer
from nrm.domain.referrals.duty import PRESSED_WRONG_WITHIN
from nrm.domain.referrals.notification_calls import LONGEST_AGO
from nrm.models.accounts.accounts import Organisation
from nrm.models.interviews.family_notices import FamilyNotice
from nrm.models.referrals.referrals import Call
from nrm.store.rows.interviews import family_notices as rows
from nrm.store.rows.referrals.obligations import TELEPHONE
from nrm.vault.unattended import call_names

MOST = 50
_OPEN = case((FamilyNotice.answer == str(DeskAnswer.SEEN), 1), else_=0)


@dataclass(frozen=True, slots=True)
class FamilyLine:
    """The children of one parent at a post. `answer`: what the desk said last; empty while it said nothing."""

    id: uuid.UUID
    post: dict[str, str]
    telephone: str  # the post's
    party: str
    ages: tuple[int, ...]
    told_at: datetime
    answer: str
    answered_at: datetime | None

    @property
    def to_call(self) -> bool:
        """Whether the desk asks the post to call."""
        return self.answer == DeskAnswer.CALL

    @property
    def seen(self) -> bool:
        """Whether the desk has said that nothing more is to be done."""
        return self.answer == DeskAnswer.SEEN


def of_post(family_id: uuid.UUID, *, by: Actor) -> FamilyLine:
    """One notice of the actor's own post; raises NotPermitted, NotVisible."""
    found = _lines(_rows().where(_written(by), FamilyNotice.id == family_id))
    if not found:
        raise NotVisible
    return found[0]


def written(*, by: Actor, size: int) -> list[FamilyLine]:
    """The notices of the actor's own post: those about which the desk asks to be called, then the newest."""
    to_call = case((FamilyNotice.answer == str(DeskAnswer.CALL), 0), else_=1)
    order = (to_call, FamilyNotice.told_at.desc(), FamilyNotice.id)
    return _lines(_rows().where(_written(by)).order_by(*order).limit(size))


def has_written(by: Actor) -> ColumnElement[bool]:
    """Whether the actor's post wrote any, as a column of another statement; no for who writes none."""
    if by.organisation_id is None or not by.may(Permission.FAMILY_NOTICE_WRITE):
        return literal(False)
    return exists(select(FamilyNotice.id).where(_written(by)))


def of_desk(*, by: Actor, size: int = MOST) -> list[FamilyLine]:
    """The notices to the actor's own desk of the child authority: those not seen yet, then the newest. Raises
    NotVisible."""
    order = (_OPEN, FamilyNotice.told_at.desc(), FamilyNotice.id)
    return _lines(_rows().where(_told(by)).order_by(*order).limit(size))


def row(family_id: uuid.UUID, *, by: Actor) -> FamilyNotice:
    """A notice that the actor's own desk may answer; raises NotVisible."""
    return _row(FamilyNotice.id == family_id, _told(by))


def to_tell(family_id: uuid.UUID, *, by: Actor) -> FamilyNotice:
    """A notice that the child authority has not answered for a day, for the duty desk; raises NotPermitted,
    NotVisible."""
    by.must(Permission.REFERRAL_DIRECT)
    late = FamilyNotice.told_at <= clock.now() - DUTY_DESK_AFTER
    return _row(FamilyNotice.id == family_id, FamilyNotice.answer == "", late)


@dataclass(frozen=True, slots=True)
class FamilyCalledLine:
    """What the actor wrote down lately as told by telephone to `party`, of a notice of this post. `answered`: whom they
    spoke with, under `number`."""

    id: uuid.UUID
    post: dict[str, str]
    party: str
    answered: str
    at: datetime
    number: str


def number_called(by: Actor) -> ColumnElement[int]:
    """How many notices the actor may have told by telephone so short a time ago that `called_lately` has them; a column
    of another statement, with `moment`."""
    if not by.may(Permission.REFERRAL_DIRECT):
        return literal(0)
    # A call may have been made some hours before it was written down.
    lately = FamilyNotice.answered_at > bindparam("family_called_since", type_=UtcDateTime())
    return select(func.count()).select_from(FamilyNotice).where(lately, *_told_by(by)).scalar_subquery()


def moment(by: Actor) -> dict[str, datetime]:
    """The value of `number_called`; none for who tells nobody."""
    if not by.may(Permission.REFERRAL_DIRECT):
        return {}
    return {"family_called_since": clock.now() - PRESSED_WRONG_WITHIN - LONGEST_AGO}


def called_lately(*, by: Actor, family_id: uuid.UUID | None = None) -> list[FamilyCalledLine]:
    """What the actor wrote down some minutes ago as told by telephone, of one notice or of all: each may be taken back.

    By the hour of the press, which stands in the audit chain: that of a call is earlier.
    """
    if not by.may(Permission.REFERRAL_DIRECT):
        return []
    said = rows.telephoned_since(by.member_id, clock.now() - PRESSED_WRONG_WITHIN)
    wanted = [each for each in said if family_id in (None, each)]
    if not wanted:
        return []
    statement = (
        select(FamilyNotice.id, Organisation.names, FamilyNotice.party, Call.name, Call.called_at, Call.number)
        .join(Organisation, Organisation.id == FamilyNotice.organisation_id)
        .join(Call, and_(Call.subject_id == FamilyNotice.id, Call.called_by_id == FamilyNotice.answered_by_id))
        .where(FamilyNotice.id.in_(wanted), Call.answered, *_told_by(by))
        .order_by(Call.called_at, Call.id)
    )
    found = {
        id_: FamilyCalledLine(id_, post, party, call_names.opened(id_, name), at, number)
        for id_, post, party, name, at, number in db.session.execute(statement)
    }
    return list(found.values())


def just_called(family_id: uuid.UUID, *, by: Actor) -> FamilyNotice:
    """What the actor wrote down some minutes ago as told by telephone; raises NotVisible for everything else."""
    if not called_lately(by=by, family_id=family_id):
        raise NotVisible
    return _row(FamilyNotice.id == family_id)


def taken_back_lately(family_id: uuid.UUID, *, by: Actor) -> bool:
    """Whether the actor said some minutes ago that the desk has not seen this after all."""
    since = clock.now() - PRESSED_WRONG_WITHIN
    return by.may(Permission.REFERRAL_DIRECT) and rows.is_open_again(family_id, by.member_id, since)


def _told_by(by: Actor) -> tuple[ColumnElement[bool], ...]:
    return (
        FamilyNotice.answer == str(DeskAnswer.SEEN),
        FamilyNotice.answer_how == TELEPHONE,
        FamilyNotice.answered_by_id == by.member_id,
    )


def _row(*wanted: ColumnElement[bool]) -> FamilyNotice:
    found = db.session.scalar(select(FamilyNotice).where(*wanted).execution_options(populate_existing=True))
    if found is None:
        raise NotVisible
    return found


def _written(by: Actor) -> ColumnElement[bool]:
    by.must(Permission.FAMILY_NOTICE_WRITE)
    if by.organisation_id is None:
        raise NotVisible
    return FamilyNotice.organisation_id == by.organisation_id


def _told(by: Actor) -> ColumnElement[bool]:
    if by.kind is not OrganisationKind.CHILD_PROTECTION or by.organisation_id is None:
        raise NotVisible
    by.must(Permission.OBLIGATION_ACKNOWLEDGE)
    own = select(Organisation.party).where(Organisation.id == by.organisation_id).scalar_subquery()
    return FamilyNotice.party == own


def _rows() -> Select[FamilyNotice, Organisation]:
    return select(FamilyNotice, Organisation).join(Organisation, Organisation.id == FamilyNotice.organisation_id)


def _lines(statement: Select[FamilyNotice, Organisation]) -> list[FamilyLine]:
    found = db.session.execute(statement, execution_options={"populate_existing": True})
    return [
        FamilyLine(
            notice.id,
            post.names,
            post.telephone,
            notice.party,
            tuple(notice.ages),
            notice.told_at,
            notice.answer,
            notice.answered_at,
        )
        for notice, post in found
    ]
