"""Opening an interview that a colleague began, and handing one's own over to a colleague (ADR 0059)."""

from __future__ import annotations

import uuid

from nrm import audit
from nrm.db import transaction
from nrm.domain.accounts.accounts import Actor, Permission
from nrm.domain.interviews.draft_owners import CHOSEN, NoSuchColleague, OpenReason, ReasonMissing
from nrm.steps.interviews import draft_openings, drafts
from nrm.steps.interviews.drafts import NoLongerDraft, StaleAnswers
from nrm.store.interviews import draft_owners as owner_store
from nrm.store.interviews import interviews as store
from nrm.vault import shredding


def open_anothers(*, interview_id: uuid.UUID, reason: str, by: Actor) -> None:
    """Let this session read a colleague's interview for a quarter of an hour. One's own is resumed, without a reason.

    Raises ReasonMissing, NotVisible, NoLongerDraft, Lost, OnlyTheirs.
    """
    by.must(Permission.INTERVIEW_CONDUCT)
    with transaction() as session:
        interview = store.interview(interview_id, by=by, lock=True)
        if interview.status not in drafts.UNSENT:
            raise NoLongerDraft(interview.status)
        if drafts.is_owner(interview, by=by):
            drafts.lend(session, interview, "interview", by=by)
            return
        if reason not in list(CHOSEN):
            raise ReasonMissing
        draft_openings.open_anothers(session, interview, OpenReason(reason), by=by)


def hand_over(*, interview_id: uuid.UUID, name: str, why: str, seen: int, by: Actor) -> None:
    """Make one's own interview a named colleague's. From then on the actor does not open it.

    `name`: as it was typed, the colleague's name or sign-in name. `why`: sealed in the draft, for the colleague.
    Raises NoSuchColleague, ReasonMissing, StaleAnswers, Anothers, NotVisible, OpeningEnded, NoLongerDraft, CannotOpen.
    """
    by.must(Permission.INTERVIEW_CONDUCT)
    if not why.strip():
        raise ReasonMissing
    with transaction() as session:
        interview = store.interview(interview_id, by=by, lock=True)
        if interview.status not in drafts.UNSENT:
            raise NoLongerDraft(interview.status)
        drafts.must_own(interview, by=by)
        draft = drafts.opened_last(session, interview, by=by)
        if draft.revision != seen:
            raise StaleAnswers(draft)
        to = owner_store.colleague_called(name, by=by)
        if to is None:
            raise NoSuchColleague
        drafts.hand_over(session, interview, draft, to.id, why.strip(), by=by)
        audit.append(session, audit.Event.INTERVIEW_HANDED_OVER, by=by, interview_id=interview_id, to_member_id=to.id)
    shredding.work_off()
