"""The parts of a case page that fold (ADR 0075).

Each module gives its own by `summary(case_id)`. To add one, write such a function and name the module in `PARTS` of
nrm/web/shelter/cases.py.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any

from flask import render_template, url_for
from markupsafe import Markup


@dataclass(frozen=True, slots=True)
class Part:
    """One part. `id`: its anchor; `state`: how it stands, in one line beside the heading, so that nobody has to unfold
    it to know; `due`: what somebody has to do now, in one sentence, which the page says on top with a link to it.

    Titles inside `body` begin at level 3.
    """

    id: str
    title: str
    state: str
    body: Markup
    due: str = ""

    @classmethod
    def rendered(cls, id_: str, title: str, state: str, template: str, /, *, due: str = "", **values: Any) -> Part:
        """A part whose body is this template."""
        page = render_template(template, **values)
        return cls(id_, title, state, Markup(page), due)  # noqa: S704 - a template of ours, its values are escaped


def address(case_id: uuid.UUID, part_id: str) -> str:
    """The case page with this part unfolded: the server opens it, so no script and no young browser is needed."""
    return url_for("cases.show", case_id=case_id, part=part_id, _anchor=part_id)
