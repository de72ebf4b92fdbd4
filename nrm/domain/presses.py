"""Which showing of a form was sent, and whether it is the same that was sent before (ADRs 0223, 0227, 0232): the same
words of the same showing are one press; other words, which somebody typed after going back, are another."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable
from dataclasses import dataclass

_OF_WHAT, _OF_PRESS = (uuid.uuid5(uuid.NAMESPACE_OID, f"{each} of a form") for each in ("words", "press"))


class SentAlready(Exception):
    """This showing of the form was sent before, by somebody else or with other words; these are not recorded."""


@dataclass(frozen=True, slots=True)
class Press:
    """One press of a form. `id`: what it records is known by it: the same for the same words of the same member, and
    another one for others. `mark`: the same for every press of this showing of the form.

    The number that the form carries is random and kept nowhere, so neither says anything of the words.
    """

    id: uuid.UUID
    mark: uuid.UUID


def press_of(once: uuid.UUID, member_id: uuid.UUID | None, words: Iterable[tuple[str, str]]) -> Press:
    """The press of a form that carries the number `once`, with all that was typed into it."""
    said = json.dumps([str(once), str(member_id), sorted(words)], ensure_ascii=False, separators=(",", ":"))
    return Press(uuid.uuid5(_OF_WHAT, said), uuid.uuid5(_OF_PRESS, str(once)))


def id_of(whose: uuid.UUID, press: uuid.UUID, *said: str) -> uuid.UUID:
    """The id of what is written to a case or a house, where that alone says that it was written already. `press`: which
    showing of the form was pressed (ADR 0227)."""
    return uuid.uuid5(whose, json.dumps([str(press), *said], ensure_ascii=False, separators=(",", ":")))
