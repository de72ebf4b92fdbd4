"""How many clicks a page costs: a radio, a box, a link, a button and a text 1, a list 2, opening what is folded 1."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any

COSTS = {"radio": 1, "checkbox": 1, "text": 1, "select": 2}


@dataclass
class _Controls(HTMLParser):
    """What can be filled in on a page, and what stands in it."""

    kinds: dict[str, str] = field(default_factory=dict)
    stands: dict[str, set[str]] = field(default_factory=dict)
    folded: dict[str, int] = field(default_factory=dict)  # control -> which closed fold it lies in

    def __post_init__(self) -> None:
        super().__init__()
        self._select = ""
        self._folds: list[int] = []
        self._seen = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        has = dict(attrs)
        name = has.get("name") or ""
        if tag == "details":
            self._seen += 1
            self._folds.append(0 if "open" in has else self._seen)
        elif tag == "input" and name:
            kind = has.get("type") or "text"
            if kind in COSTS:
                self._note(name, kind)
                value = has.get("value") or ""
                if ("checked" in has) if kind != "text" else value:
                    self.stands[name].add(value)
        elif tag == "textarea" and name:
            self._note(name, "text")
        elif tag == "select" and name:
            self._select = name
            self._note(name, "select")
        elif tag == "option" and "selected" in has and has.get("value"):
            self.stands[self._select].add(has["value"] or "")

    def handle_endtag(self, tag: str) -> None:
        if tag == "details" and self._folds:
            self._folds.pop()

    def _note(self, name: str, kind: str) -> None:
        self.kinds[name] = kind
        self.stands.setdefault(name, set())
        if any(self._folds):
            self.folded[name] = next(fold for fold in self._folds if fold)


def standing(body: str) -> dict[str, set[str]]:
    """What stands ticked, chosen or typed on a page: control -> values, without those in which nothing stands."""
    page = _Controls()
    page.feed(body)
    return {name: values for name, values in page.stands.items() if values}


def on(body: str, sent: Mapping[str, Any]) -> int:
    """The clicks until the page holds what is sent, without the button that sends it."""
    page = _Controls()
    page.feed(body)
    cost, opened = 0, set()
    for name, kind in page.kinds.items():
        given = sent.get(name, ())
        wanted = {str(each) for each in (given if isinstance(given, list | tuple | set) else [given]) if str(each)}
        changed = page.stands[name] ^ wanted if kind == "checkbox" else wanted - page.stands[name]
        if changed:
            cost += COSTS[kind] * (len(changed) if kind == "checkbox" else 1)
            opened |= {page.folded[name]} if name in page.folded else set()
    return cost + len(opened)
