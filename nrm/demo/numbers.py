"""A number for what has a random id: the same for the same seed, so that a demo country is the same one each time."""

from __future__ import annotations

import random
import uuid


class Numbers:
    """What is drawn from the number of an id hangs on when that id first came, and not on the id."""

    def __init__(self) -> None:
        self._places: dict[uuid.UUID, int] = {}

    def of(self, of_id: uuid.UUID) -> int:
        """A number of 64 bits, the same at each call for the same id."""
        place = self._places.setdefault(of_id, len(self._places))
        return random.Random(place).getrandbits(64)  # noqa: S311 - plausible, not secret
