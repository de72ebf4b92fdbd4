"""The groups that a post has under way, with the drafts of each by number; nothing of another post."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, func, literal, select

from nrm import clock
from nrm.db import db
from nrm.domain.accounts.accounts import Actor, NotVisible, Permission
from nrm.models.interviews.groups import ReturnGroup
from nrm.models.interviews.interviews import Interview


@dataclass(frozen=True, slots=True)
class OpenDraft:
    """A person of the group whose interview is not over."""

    interview_id: uuid.UUID
    number: int
    mine: bool


@dataclass(frozen=True, slots=True)
class GroupLine:
    """One group: coded facts by question; how many of its people were begun and are done; the drafts by number."""

    id: uuid.UUID
    questionnaire: str
    facts: Mapping[str, Any]
    begun: int
    done: int
    begun_at: datetime
    expires_at: datetime
    drafts: tuple[OpenDraft, ...]

    @property
    def thrown_away(self) -> int:
        """How many drafts were destroyed without an outcome, or ran out."""
        return self.begun - self.done - len(self.drafts)


def live(*, by: Actor) -> list[GroupLine]:
    """The groups of the actor's post whose shift is not over, the newest first."""
    by.must(Permission.INTERVIEW_CONDUCT)
    return _lines(_ours(by).order_by(ReturnGroup.begun_at.desc(), ReturnGroup.id), by)


def number_there(by: Actor) -> ColumnElement[int]:
    """How many groups of the actor's post there are, as a column of another statement; 0 for who interviews nobody.
    Those whose shift is over are counted until they are destroyed."""
    if not by.may(Permission.INTERVIEW_CONDUCT):
        return literal(0)
    counted = select(func.count()).select_from(ReturnGroup)
    return counted.where(ReturnGroup.organisation_id == by.organisation_id).scalar_subquery()


def one(group_id: uuid.UUID, *, by: Actor) -> GroupLine:
    """One of them; raises NotVisible for another post's, and once its shift is over."""
    by.must(Permission.INTERVIEW_CONDUCT)
    found = _lines(_ours(by).where(ReturnGroup.id == group_id), by)
    if not found:
        raise NotVisible
    return found[0]


def row(group_id: uuid.UUID, *, by: Actor) -> ReturnGroup:
    """The row of such a group, held until the transaction ends; raises NotVisible."""
    by.must(Permission.INTERVIEW_CONDUCT)
    statement = _ours(by).where(ReturnGroup.id == group_id).with_for_update()
    found = db.session.scalar(statement, execution_options={"populate_existing": True})
    if found is None:
        raise NotVisible
    return found


def _ours(by: Actor) -> Select[ReturnGroup]:
    if by.organisation_id is None:
        raise NotVisible
    return select(ReturnGroup).where(
        ReturnGroup.organisation_id == by.organisation_id, ReturnGroup.expires_at > clock.now()
    )


def _lines(statement: Select[ReturnGroup], by: Actor) -> list[GroupLine]:
    groups = db.session.scalars(statement, execution_options={"populate_existing": True}).all()
    if not groups:
        return []
    places = (
        select(Interview.group_id, Interview.id, Interview.group_number, Interview.member_id)
        .where(Interview.group_id.in_([each.id for each in groups]))
        .order_by(Interview.group_number)
    )
    open_drafts: dict[uuid.UUID, list[OpenDraft]] = {each.id: [] for each in groups}
    for group_id, interview_id, number, member_id in db.session.execute(places):
        if group_id is not None and number is not None:
            open_drafts[group_id].append(OpenDraft(interview_id, number, member_id == by.member_id))
    return [
        GroupLine(
            each.id,
            each.questionnaire,
            each.facts,
            each.begun,
            each.done,
            each.begun_at,
            each.expires_at,
            tuple(open_drafts[each.id]),
        )
        for each in groups
    ]
