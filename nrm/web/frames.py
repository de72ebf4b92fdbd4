"""A page's frame, rendered once and kept: the parts that are the same for everybody, with slots for the others.

Most of an interview page is the same each time: header, headings, buttons. Rendering it takes longer than opening the
sealed answers. So the template is rendered once with a mark in place of each value that differs, and cut at the marks;
from then on the pieces are joined with the values. Values are escaped as the template would have escaped them.
"""

from __future__ import annotations

import re
import secrets
import uuid
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field
from itertools import chain

from markupsafe import Markup, escape

_MOST = 512  # far more than pages times languages; a limit so that nothing can fill the memory


@dataclass(frozen=True, slots=True)
class Marks:
    """The text that marks each slot in a frame; random, so that no answer can be mistaken for it."""

    by_slot: Mapping[str, str]
    cut: re.Pattern[str]


def marks(*slots: str) -> Marks:
    """Marks for these slots. The slot `id` gets a UUID, because addresses are made of it."""
    by_slot = {slot: str(uuid.uuid4()) if slot == "id" else f"m{secrets.token_hex(12)}" for slot in slots}
    return Marks(by_slot, re.compile("|".join(f"(?:{re.escape(mark)})" for mark in by_slot.values())))


@dataclass(slots=True)
class Frames:
    """The frames of one kind of page by whatever tells them apart."""

    marks: Marks
    _kept: dict[Hashable, tuple[list[str], list[str]]] = field(default_factory=dict)

    def fill(self, key: Hashable, render: Callable[[Mapping[str, str]], str], values: Mapping[str, object]) -> str:
        """The page for `values` (slot -> text, escaped here, or Markup); `render` gets the marks by slot."""
        frame = self._kept.get(key)
        if frame is None:
            page = render(self.marks.by_slot)
            slot_of = {mark: slot for slot, mark in self.marks.by_slot.items()}
            frame = self.marks.cut.split(page), [slot_of[mark] for mark in self.marks.cut.findall(page)]
            # A page in which an address was made without the marks is of this one alone.
            is_of_all = not any(str(values[slot]) in page for slot in ("id", "token") if slot in values)
            if is_of_all and len(self._kept) < _MOST:
                self._kept[key] = frame
        texts, slots = frame
        filled = {slot: value if isinstance(value, Markup) else escape(value) for slot, value in values.items()}
        return "".join(chain.from_iterable(zip(texts, [filled[slot] for slot in slots] + [""], strict=True)))
