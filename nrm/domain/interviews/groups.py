"""People who come back together, on one ferry or one bus: what they share is asked once (ADR 0055).

Each of them is interviewed like anybody else, one after the other, and nobody is called out of the row.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nrm.domain.interviews.answers import is_unknown
from nrm.domain.interviews.interviews import Answers, Page, Questionnaire

PAGE = "group"
"""Where a directive stands that is read before the first of a group; no page of a questionnaire has this name."""


def learned(
    questionnaire: Questionnaire, known: Mapping[str, Any], page: Page, given: Answers, *, begun: int
) -> dict[str, Any]:
    """What the group shares after one of its people was asked a page.

    The first person says it for all. Later answers are of that person alone, but for what nobody knew before; of
    somebody who differs from the group nothing is learned.
    """
    said = {name: given[name] for name in questionnaire.group.questions if name in page.questions and name in given}
    if begun > 1 and any(known.get(name, value) != value for name, value in said.items()):
        return dict(known)
    new = {name: value for name, value in said.items() if not is_unknown(value) and (begun == 1 or name not in known)}
    return {**known, **new}
