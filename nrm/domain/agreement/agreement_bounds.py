"""How large a text of the agreement may be. Whoever writes texts could else keep the program busy for minutes: what a
text does to people is looked at for all of them at once, and each part is held against each other part.

The real texts have 11 parties, 21 clauses and 5 steps. A text that was accepted before is not asked.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from nrm.domain.documents import keyed
from nrm.domain.words import N_, Phrase

MOST: Mapping[str, int] = {"party": 60, "clause": 150, "path": 40, "reporting": 60}
MOST_VALUES = 200
"""Of one fact."""
MOST_COMPARISONS = 500
MOST_DUTIES = 400
MOST_NAMED = 500
"""Parties and clauses that the clauses name."""
MOST_LANGUAGES = 40
_COMPARING = ("eq", "in", "has", "lt")
_DUTIES = ("notify", "require", "deadline")
_NAMING = ("refer_to", "then", "forbid", "overrides")


def beyond(data: Mapping[str, Any]) -> Iterator[Phrase]:
    """`KEY: reason` for every bound that the tables of a text go beyond; of what is malformed, nothing."""
    clauses, parties = _entries(data, "clause"), _entries(data, "party")
    for name, most in MOST.items():
        if (number := len(_entries(data, name))) > most:
            values = {"most": most, "number": number}
            said = N_("a text of the agreement has at most %(most)s of these; this one has %(number)s", **values)
            yield keyed(name, said)
    facts = data.get("fact")
    for name, fact in facts.items() if isinstance(facts, dict) else ():
        if (number := _length(fact.get("values")) if isinstance(fact, dict) else 0) > MOST_VALUES:
            values = {"most": MOST_VALUES, "number": number}
            said = N_("a fact has at most %(most)s values; this one has %(number)s", **values)
            yield keyed(f"fact.{name}.values", said)
    conditions = [*(each.get("when") for each in clauses), *(each.get("competence") for each in parties)]
    if (number := sum(map(_comparisons, conditions))) > MOST_COMPARISONS:
        values = {"most": MOST_COMPARISONS, "number": number}
        said = N_("all conditions of a text compare facts at most %(most)s times; this one %(number)s times", **values)
        yield keyed("clause", said)
    number = sum(_length(each.get(name)) for each in clauses for name in _DUTIES)
    number += sum(_length(each.get("escalation")) for each in _entries(data, "path"))
    if number > MOST_DUTIES:
        values = {"most": MOST_DUTIES, "number": number}
        said = N_("a text has at most %(most)s duties and steps to climb; this one has %(number)s", **values)
        yield keyed("clause", said)
    if (number := sum(_length(each.get(name)) for each in clauses for name in _NAMING)) > MOST_NAMED:
        values = {"most": MOST_NAMED, "number": number}
        said = N_(
            "all clauses of a text name at most %(most)s parties and clauses; this one names %(number)s", **values
        )
        yield keyed("clause", said)
    for position, party in enumerate(parties, start=1):
        names = party.get("names")
        if isinstance(names, dict) and len(names) > MOST_LANGUAGES:
            values = {"most": MOST_LANGUAGES, "number": len(names)}
            said = N_("a party has a name in at most %(most)s languages; this one has %(number)s", **values)
            yield keyed(f"party[{position}].names", said)


def _entries(data: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
    entries = data.get(name)
    return [each for each in entries if isinstance(each, dict)] if isinstance(entries, list) else []


def _length(value: Any) -> int:
    return len(value) if isinstance(value, list) else 0


def _comparisons(condition: Any) -> int:
    """How many comparisons stand in a condition, however deep. Does not recurse."""
    found, waiting = 0, [condition]
    while waiting:
        each = waiting.pop()
        if isinstance(each, list):
            waiting += each
        elif isinstance(each, dict):
            found += sum(name in _COMPARING for name in each)
            waiting += [part for name, part in each.items() if name not in _COMPARING]
    return found
