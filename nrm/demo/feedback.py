"""What people say about houses in a demo country: slips, answers, what was done, and two complaints."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime, time, timedelta
from functools import partial
from typing import Protocol

from nrm.actions.support import complaint_sending, complaints, feedback, feedback_notes
from nrm.demo.cast import cast
from nrm.domain.accounts.accounts import Actor, Role
from nrm.domain.quarters import Quarter
from nrm.domain.shelter.cases import Purpose
from nrm.domain.support.feedback import FeedbackRefused, Note, Question, Reply
from nrm.store.countries import country

ANSWERS = 8
"""So many people of a house answer in a quarter; there are two slips more."""
_OFTEN = {Reply.YES: 6, Reply.PARTLY: 3, Reply.NO: 1, Reply.NO_ANSWER: 1}


class Life(Protocol):
    """What happens, and who acts."""

    actors: Mapping[str, Actor]

    def at(self, moment: datetime, happens: Callable[[], None]) -> None: ...


def add_feedback(life: Life, quarters: Sequence[Quarter], last: datetime, seed: int) -> None:
    """In each of these quarters, and in the one that goes on, the managers print slips and people answer."""
    chance = random.Random(seed + 3)  # noqa: S311 - plausible, not secret
    managers = [actor for name, actor in life.actors.items() if name.endswith(f"/{Role.SHELTER_MANAGER}")]
    for quarter in (*quarters, quarters[-1].next):
        when = datetime.combine(quarter.start + timedelta(days=60), time(15), UTC)
        for manager in managers:
            life.at(min(when, last - timedelta(minutes=6)), partial(_answered, life, manager, chance.random()))
    for days, words in ((40, "complained"), (3, "complained_again")):
        life.at(last - timedelta(days=days), partial(_complained, life, managers[days % len(managers)], words, days))


def _answered(life: Life, manager: Actor, luck: float) -> None:
    chance = random.Random(luck)  # noqa: S311 - as above
    codes = feedback.draw(number=ANSWERS + 2, by=manager)
    feedback.keep(codes=codes, by=manager)
    for code in codes[:ANSWERS]:
        replies = {each: chance.choices(list(_OFTEN), list(_OFTEN.values()))[0] for each in Question}
        if set(replies.values()) != {Reply.NO_ANSWER}:
            feedback.answer(code=code, replies=replies)
    note = Note(country().language, cast().writes["done"])
    if chance.random() < 0.5:
        feedback_notes.write(note=note, by=manager)
        assert manager.organisation_id is not None
        with suppress(FeedbackRefused):  # who is new at the desk shows nothing yet
            feedback_notes.show(house_id=manager.organisation_id, note=note, by=life.actors[cast().authority])


def _complained(life: Life, of: Actor, words: str, days: int) -> None:
    complaint_sending.complain(text=cast().writes[words], reach="", house_id=of.organisation_id)
    desk = life.actors[cast().authority]
    if days > 30:
        for each in complaints.heard(by=desk):
            if each.dealt_on is None:
                complaints.open_words(complaint_id=each.id, purpose=Purpose.DUTY_DECISION, by=desk)
                complaints.deal(complaint_id=each.id, done=cast().writes["done"], by=desk)
