"""What was answered, shown before it is sent: in parts that fold, very long texts cut."""

from __future__ import annotations

import re
from dataclasses import dataclass

from nrm import clock
from nrm.actions.interviews.interviews import Draft
from nrm.domain.interviews.facts import asked_whole, beside
from nrm.domain.interviews.interviews import Page
from nrm.store.countries import country
from nrm.web.language import text_in
from nrm.web.opened import answer_rows

SHOWN_OF_A_TEXT = 2_000


FOLDED_AFTER = 180
"""Of a text on a summary: about four lines; the rest opens."""


@dataclass(frozen=True, slots=True)
class Aside:
    """What was said on the way before: question, answer and the folded part of it; the questions of which nothing is
    sent. `goes`: it is told with the hand-over; else it waits until the receiver has asked."""

    rows: list[tuple[str, str, str]]
    left_out: list[str]
    goes: bool


def summary(draft: Draft, here: Page) -> list[tuple[Page, list[tuple[str, str, str]]]]:
    """The pages before this one on which something was answered: question, answer, and the part of it that is folded.

    Very long texts are cut, the page itself has them whole.
    """
    names = {code: text_in(party.names) for code, party in country().in_force(clock.now()).parties.items()}
    rows: list[tuple[Page, list[tuple[str, str, str]]]] = []
    for page in draft.pages:
        if page is here:
            return rows
        own = {name: draft.answers[name] for name in page.questions if name in draft.answers}
        shown = [
            (question, *_folded(_cut(answer))) for question, answer in answer_rows(draft.questionnaire, own, names)
        ]
        if shown:
            rows.append((page, shown))
    return rows


def aside(draft: Draft, consent: str | None) -> Aside:
    """What was said before the age or the haste was changed; and the questions of it whose answers are not sent."""
    names = {code: text_in(party.names) for code, party in country().in_force(clock.now()).parties.items()}
    questionnaire = draft.questionnaire
    sent = beside(questionnaire, draft.aside, consent or "")
    told = sent["identity"] | sent["story"]
    rows = [(question, *_folded(_cut(answer))) for question, answer in answer_rows(questionnaire, told, names)]
    left = [text_in(each.text) for name, each in questionnaire.questions.items() if name in draft.aside.keys() - told]
    return Aside(rows, left, asked_whole(questionnaire, draft.answers, consent or ""))


def _folded(text: str) -> tuple[str, str]:
    """The beginning of a text and the rest, which is empty for one of up to four lines."""
    lines = text.split("\n")
    kept = "\n".join(lines[:4])
    if len(kept) > FOLDED_AFTER:
        kept = re.sub(r"\s\S*$", "", kept[:FOLDED_AFTER])
    return kept, text[len(kept) :].strip()


def _cut(text: str) -> str:
    return text if len(text) <= SHOWN_OF_A_TEXT else text[:SHOWN_OF_A_TEXT].rstrip() + "…"
