"""A person's place in a group: given when the interview begins, taken away when it is a draft no more."""

from __future__ import annotations

import uuid

from sqlalchemy import update
from sqlalchemy.orm import Session

from nrm.domain.interviews.groups import learned
from nrm.domain.interviews.interviews import Answers, Questionnaire
from nrm.models.interviews.groups import ReturnGroup
from nrm.models.interviews.interviews import Interview
from nrm.store.rows.interviews import groups as rows


def learn(session: Session, group_id: uuid.UUID, questionnaire: Questionnaire, page: str, given: Answers) -> None:
    """Take over from a person's page what the group shares; a group whose shift is over is left as it is."""
    if not set(questionnaire.group.questions).intersection(questionnaire.pages[page].questions):
        return
    group = rows.locked(group_id)
    if group is not None:
        group.facts = learned(questionnaire, group.facts, questionnaire.pages[page], given, begun=group.begun)
        session.flush()


def leave(session: Session, interview: Interview, *, done: bool) -> None:
    """Forget of which group the person was. `done`: the interview was sent or ended, and not thrown away."""
    if interview.group_id is None:
        return
    if done:
        session.execute(
            update(ReturnGroup).where(ReturnGroup.id == interview.group_id).values(done=ReturnGroup.done + 1)
        )
    session.execute(update(Interview).where(Interview.id == interview.id).values(group_id=None, group_number=None))
