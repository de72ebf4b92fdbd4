"""What people may be handed in their own language: the wallet leaflet, the receipt, the card of greetings.

Read strictly from the country's `handouts.toml`. Nothing here knows of a person.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from nrm.domain.documents import MalformedDocument, Table

STATUSES = ("draft", "approved")
LEAFLET = ("title", "when", "call", "free", "danger", "keep")
RECEIPT = (
    *("title", "agreed", "refused", "services", "sharing", "statistics"),
    *("named", "struck_out", "told", "change", "keep", "wording"),
)
GREETING = ("name", "text")
# The places to fill in that a text must have; it has no other.
FILLED: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "danger": frozenset({"police", "ambulance"}),
        "change": frozenset({"helpline"}),
        "wording": frozenset({"version"}),
    }
)
_PLACE = re.compile(r"\{(\w*)\}")


@dataclass(frozen=True, slots=True)
class Handout:
    """One text in one language, part by part; `status` is draft or approved."""

    language: str
    status: str
    parts: Mapping[str, str]

    def said(self, part: str, **values: object) -> str:
        """The part with its places filled in."""
        return self.parts[part].format_map(values)


@dataclass(frozen=True, slots=True)
class Handouts:
    """All of them by language, in the order of the file."""

    leaflets: Mapping[str, Handout]
    receipts: Mapping[str, Handout]
    greetings: Mapping[str, Handout]


def parse_handouts(data: Mapping[str, Any], languages: Collection[str]) -> Handouts:
    """Read the file; leaflet and receipt are there in exactly `languages`, the greeting at least.

    Raises MalformedDocument with key and reason.
    """
    table = Table(data)
    read = Handouts(
        _by_language(table.table("leaflet"), LEAFLET, languages, exactly=True),
        _by_language(table.table("receipt"), RECEIPT, languages, exactly=True),
        _by_language(table.table("greeting"), GREETING, languages, exactly=False),
    )
    table.close()
    return read


def _by_language(
    table: Table, parts: tuple[str, ...], languages: Collection[str], *, exactly: bool
) -> Mapping[str, Handout]:
    for language in languages:
        if not table.has(language):
            table.wrong(language, "missing")
    read: dict[str, Handout] = {}
    for language in table.data:
        if exactly and language not in languages:
            table.wrong(language, "is no language that questions are read out in")
        entry = table.table(language)
        status = entry.one_of("status", STATUSES)
        texts = {part: _text(entry, part) for part in parts}
        entry.close()
        read[language] = Handout(language, status, MappingProxyType(texts))
    return MappingProxyType(read)


def _text(entry: Table, part: str) -> str:
    text = entry.text(part)
    wanted = FILLED.get(part, frozenset())
    if set(_PLACE.findall(text)) != wanted or "{" in _PLACE.sub("", text) or "}" in _PLACE.sub("", text):
        named = ", ".join(sorted(f"{{{name}}}" for name in wanted)) or "nothing"
        entry.wrong(part, f"must have {named} to fill in, and nothing else")
    return text


__all__ = ["Handout", "Handouts", "MalformedDocument", "parse_handouts"]
