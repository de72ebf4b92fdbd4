"""What people may be handed in their own language: the wallet leaflet, the receipt, the card of greetings.

Read strictly from the country's `handouts.toml`. Nothing here knows of a person. Decided in ADR 0061.
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
GREETING = ("name", "text", "which", "calling")
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
    """One text in one language, part by part; `status` is draft or approved, `translator` who wrote or checked it."""

    language: str
    status: str
    translator: str
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
    """Read the file: the receipt is there in exactly `languages`, in which questions are read out; leaflet and greeting
    at least in these, and every leaflet has a greeting.

    Raises MalformedDocument with key and reason.
    """
    table = Table(data)
    greetings = _by_language(table.table("greeting"), GREETING, languages)
    read = Handouts(
        _by_language(table.table("leaflet"), LEAFLET, languages, among=greetings, otherwise="has no greeting"),
        _by_language(
            table.table("receipt"),
            RECEIPT,
            languages,
            among=languages,
            otherwise="is no language that questions are read out in",
        ),
        greetings,
    )
    table.close()
    return read


def _by_language(
    table: Table,
    parts: tuple[str, ...],
    languages: Collection[str],
    *,
    among: Collection[str] | None = None,
    otherwise: str = "",
) -> Mapping[str, Handout]:
    """The texts by language: all of `languages`, and none that is not `among`; `otherwise` says why not."""
    for language in languages:
        if not table.has(language):
            table.wrong(language, "missing")
    read: dict[str, Handout] = {}
    for language in table.data:
        if among is not None and language not in among:
            table.wrong(language, otherwise)
        entry = table.table(language)
        status, translator = entry.one_of("status", STATUSES), entry.text("translator")
        texts = {part: _text(entry, part) for part in parts}
        entry.close()
        read[language] = Handout(language, status, translator, MappingProxyType(texts))
    return MappingProxyType(read)


def _text(entry: Table, part: str) -> str:
    text = entry.text(part)
    wanted = FILLED.get(part, frozenset())
    if set(_PLACE.findall(text)) != wanted or "{" in _PLACE.sub("", text) or "}" in _PLACE.sub("", text):
        named = ", ".join(sorted(f"{{{name}}}" for name in wanted)) or "nothing"
        entry.wrong(part, f"must have {named} to fill in, and nothing else")
    return text


__all__ = ["Handout", "Handouts", "MalformedDocument", "parse_handouts"]
