"""The route that the agreement proposes for an interview, and the parties the officer can pick. Writes nothing."""

from __future__ import annotations

import uuid

from nrm.db import db
from nrm.domain.accounts.accounts import Actor, Permission
from nrm.steps.interviews import drafts
from nrm.steps.referrals import proposals as steps
from nrm.steps.referrals.proposals import Proposal
from nrm.store.interviews import interviews as store


def propose(*, interview_id: uuid.UUID, by: Actor, before_consent: bool = False) -> Proposal:
    """The route for a draft as it is now; writes nothing.

    `before_consent`: as if an adult agreed, for the page that asks. Raises NotVisible, OpeningEnded, NoLongerDraft,
    countries.NoAgreement.
    """
    by.must(Permission.INTERVIEW_CONDUCT)
    draft = drafts.opened(db.session(), store.interview(interview_id, by=by), by=by)
    return steps.proposal(draft.questionnaire, draft.answers, by=by, before_consent=before_consent)
