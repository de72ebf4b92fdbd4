"""A form whose second press must not record twice, and must not lose what was changed before it (ADR 0242)."""

from __future__ import annotations

import uuid
from collections.abc import Collection

from flask import request
from wtforms import Field

from nrm.domain.presses import Press, press_of
from nrm.domain.words import N_
from nrm.web import access

SENT_ALREADY = N_(
    "This form was sent already, and what it said then is recorded. What you changed was not recorded. Is it needed, "
    "too? Then press the button once more."
)
_BESIDE = frozenset({"csrf_token", "id", "once"})


def pressed(once: str | None, *, beside: Collection[str] = ()) -> Press:
    """The press of the form that this request sends. `once`: the number that it carries; `beside`: fields that say
    nothing. Raises ValueError for a number that no form carries."""
    number = uuid.UUID((once or "")[:36])
    words = [(name, text) for name, text in request.form.items(multi=True) if name not in _BESIDE.union(beside)]
    return press_of(number, access.actor().member_id, words)


def sent_already(field: Field) -> uuid.UUID:
    """Say so at the first question; the number that the form carries from now on, so that one more press records it."""
    field.errors = [SENT_ALREADY]
    return uuid.uuid4()
