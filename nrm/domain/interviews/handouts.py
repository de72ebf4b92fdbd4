"""What people may be handed in their own language: the wallet leaflet, the receipt, the card of greetings,
and the pages on which people say how it is in a shelter.

Read strictly from the country's `handouts.toml`. Nothing here knows of a person. Decided in ADR 0061.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from nrm.domain.documents import MalformedDocument, Table

STATUSES = ("draft", "approved")
LEAFLET = ("title", "when", "call", "free", "danger", "keep")
RECEIPT = (
    *("title", "agreed", "refused", "services", "sharing", "statistics"),
    *("named", "struck_out", "told", "change", "keep", "wording"),
)
FEEDBACK = (
    *("title", "nobody", "seen", "paper", "answer", "slip", "slip_hint"),
    *("safe", "respect", "explained", "private", "help", "yes", "partly", "no", "no_answer"),
    *("send", "none", "wrong", "wait", "again", "thanks"),
    *("complain", "goes", "what", "what_hint", "where", "where_hint", "reach", "reach_hint"),
    *("empty", "long", "house", "about", "call", "sent", "closed", "slow", "post"),
    *("done", "nothing", "choose", "back", "leave", "hidden", "go_on", "problem"),
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
OF_FEEDBACK: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        **{part: frozenset({"office"}) for part in ("paper", "goes", "sent", "post")},
        "about": frozenset({"office", "others"}),
        "call": frozenset({"helpline", "police"}),
        "closed": frozenset({"helpline"}),
        "slow": frozenset({"minutes"}),
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
    feedback: Mapping[str, Handout] = field(default_factory=dict)
    """What the pages and slips say on which people tell how it is in a shelter; empty in a folder from before."""


def parse_handouts(data: Mapping[str, Any], languages: Collection[str]) -> Handouts:
    """Read the file: the receipt is there in exactly `languages`, in which questions are read out; leaflet and greeting
    at least in these, and every leaflet has a greeting; what is said about feedback likewise, where the file has it.

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
        _by_language(
            table.table("feedback"),
            FEEDBACK,
            languages,
            among=greetings,
            otherwise="has no greeting",
            filled=OF_FEEDBACK,
        )
        if table.has("feedback")
        else MappingProxyType({}),
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
    filled: Mapping[str, frozenset[str]] = FILLED,
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
        texts = {part: _text(entry, part, filled.get(part, frozenset())) for part in parts}
        entry.close()
        read[language] = Handout(language, status, translator, MappingProxyType(texts))
    return MappingProxyType(read)


def _text(entry: Table, part: str, wanted: frozenset[str]) -> str:
    text = entry.text(part)
    if set(_PLACE.findall(text)) != wanted or "{" in _PLACE.sub("", text) or "}" in _PLACE.sub("", text):
        named = ", ".join(sorted(f"{{{name}}}" for name in wanted)) or "nothing"
        entry.wrong(part, f"must have {named} to fill in, and nothing else")
    return text


__all__ = ["Handout", "Handouts", "MalformedDocument", "parse_handouts"]
