"""Interviews that were not sent yet, as lines of a list and as a list of parts; and who is told of one that was."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import render_template

from nrm import clock
from nrm.actions.interviews.interviews import Draft
from nrm.domain.interviews.endings import LAST_WORDS
from nrm.domain.words import N_
from nrm.store.countries import country
from nrm.store.interviews.child_alerts import AlertLine, is_denied
from nrm.store.interviews.interviews import ToldLine, UnsentLine
from nrm.web import access
from nrm.web.language import text_in

DAY = 24 * 3600


@dataclass(frozen=True, slots=True)
class DraftLine:
    """One interview that was not sent yet; `days_left` None: it does not run out.

    `child`: `asked` while the child authority is asked whether it may end, then `answered`; `denied`: it is asked
    again, because it did not give the answer that was written down.
    """

    id: Any
    code: str
    started_at: datetime
    days_left: int | None
    warn: bool
    child: str = ""
    waits: bool = False  # for the child authority's last word: until then it does not run out
    alone: bool = False  # no key of the post opens it
    lost: bool = False
    age: str = ""  # in words, as the page
    page: str = ""  # where none was saved yet: the language, or that nothing was answered
    urgent: bool = False  # begun as an urgent hand-over


@dataclass(frozen=True, slots=True)
class Told:
    """Who has to be told by when, and when they said that they were. `has_desk`: the program sent a notice there."""

    name: str
    telephone: str
    due_at: datetime | None
    done_at: datetime | None
    has_desk: bool


def draft_line(row: UnsentLine, age: str = "", page: str = "") -> DraftLine:
    """The line of a list for one unsent interview; `age` and `page`: in words, if they are known."""
    child = "" if row.asked_at is None else "answered" if row.answer else "asked"
    if child == "asked" and is_denied(row):
        child = "denied"
    waits = row.asked_at is not None and row.answer not in list(LAST_WORDS)
    rest = (child, waits, row.alone, row.lost, age, page)
    if row.expires_at is None or waits:
        return DraftLine(row.id, row.pseudonym, row.started_at, None, False, *rest)
    left = max(0, math.ceil((row.expires_at - clock.now()).total_seconds() / DAY))
    kept = country().retention
    warn = left <= kept.draft_days - kept.draft_warning_days and not row.lost
    return DraftLine(row.id, row.pseudonym, row.started_at, left, warn, *rest)


def tasks(draft: Draft, alert: AlertLine | None) -> str:
    """The list of parts; `alert`: what the child authority was told."""
    to_do = draft.page_to_do
    lines = []
    for place, page in enumerate(draft.pages):
        sends = page is draft.pages[-1]  # nothing was sent yet
        done = page.id in draft.visited and page.id not in draft.journey.lacking and not sends
        reachable = place <= draft.pages.index(to_do)
        status, kind = (
            (N_("Done"), "ok") if done else (N_("To do"), "todo") if reachable else (N_("Cannot start yet"), "ok")
        )
        lines.append((page, reachable, status, kind))
    return render_template(
        "interviews/interviews/tasks.html",
        draft=draft,
        lines=lines,
        to_do=to_do,
        line=_line_of(draft, alert),
        alert=alert,
        mine=draft.owner_id == access.actor().member_id,
    )


def _line_of(draft: Draft, alert: AlertLine | None) -> DraftLine:
    asked_at = alert.opinion_at if alert is not None and not alert.withdrawn_why else None
    answer = alert.answer if alert is not None else ""
    kept = (draft.interview_id, draft.pseudonym, draft.started_at, draft.expires_at)
    return draft_line(UnsentLine(*kept, asked_at, answer))


def told(rows: Sequence[ToldLine]) -> list[Told]:
    """Who has to be told of a case that was sent."""
    parties = country().in_force(clock.now()).parties
    return [
        Told(
            text_in(parties[row.party].names) if row.party in parties else row.party,
            parties[row.party].on_call if row.party in parties else "",
            row.due_at,
            row.done_at,
            row.has_desk,
        )
        for row in rows
    ]
