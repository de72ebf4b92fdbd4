"""What one press of a form writes has an id of its own: the same again for the same words, so that a second press
writes nothing, and another one for other words, which somebody typed after going back (ADR 0227)."""

from __future__ import annotations

import json
import uuid


def id_of(whose: uuid.UUID, press: uuid.UUID, *said: str) -> uuid.UUID:
    """The id of what is written to a case or a house. `press`, which showing of the form was pressed, is random and
    kept nowhere, so the id says nothing of the words."""
    return uuid.uuid5(whose, json.dumps([str(press), *said], ensure_ascii=False, separators=(",", ":")))
