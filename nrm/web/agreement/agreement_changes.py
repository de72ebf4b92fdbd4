"""What a version of the agreement changes, in the reader's words: the study that the store keeps as codes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from forms.agreement.agreements import FACT_LABELS, NOUN_LABELS, PART_LABELS, VALUE_LABELS, WHAT_LABELS
from nrm.domain.agreement.routes import FALLBACKS, Fallback
from nrm.domain.words import N_, Phrase
from nrm.store.countries import country
from nrm.web.language import gettext, text_in, translated

LISTS = {
    "age_class": "age_classes",
    "gender": "genders",
    "citizenship_class": "citizenship_classes",
    "needs": "needs",
}
"""Which list of the country puts the codes of a fact into words."""

DESCRIPTIONS = 3
"""How many descriptions of people, the widest first, the page shows of each change of the way."""


def concerns(party: str, each: Mapping[str, Any]) -> bool:
    """Whether the party is on the way that was, or on the one that would be."""
    ways = [way for way in (each["before"], each["after"]) if not isinstance(way, str)]
    return any(party == code for way in ways for code, _ in way)


def rerouted(each: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    """The two ways, and the first descriptions of who would take the other one."""
    return {
        "before": _way_in_words(each["before"], names),
        "after": _way_in_words(each["after"], names),
        "profiles": [_profile(profile, names) for profile in each["profiles"][:DESCRIPTIONS]],
        "more": each["more"] + max(0, len(each["profiles"]) - DESCRIPTIONS),
    }


def _way_in_words(way: list[list[Any]] | str, names: Mapping[str, str]) -> str:
    if isinstance(way, str):
        return text_in(FALLBACKS[Fallback(way)])
    return gettext(", then ").join(
        gettext("%(party)s (must)", party=names.get(code, code)) if must else names.get(code, code)
        for code, must in way
    )


def finding(found: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    """One finding about profiles without a home, and who has that profile."""
    return {
        "kind": found["kind"],
        "text": translated(Phrase(found["text"], found["values"])),
        "profile": None if found["profile"] is None else _profile(found["profile"], names),
        "more": found["more"],
    }


def _profile(profile: list[list[Any]], names: Mapping[str, str]) -> str:
    """A kind of profiles in words, such as `Age group: child or not sure; Needs: without schooling`."""
    if not profile:
        return gettext("everybody")
    return "; ".join(_term(fact, how, codes, names) for fact, how, codes in profile)


def _term(fact: str, how: str, codes: list[str], names: Mapping[str, str]) -> str:
    words = [_code(fact, code, names) for code in codes]
    joined = ", ".join(words) if how in ("with", "without") else gettext(" or ").join(words)
    values = {"fact": translated(FACT_LABELS[fact]), "what": joined}
    if how == "not":
        return gettext("%(fact)s: other than %(what)s", **values)
    if how == "without":
        return gettext("%(fact)s: without %(what)s", **values)
    return gettext("%(fact)s: %(what)s", **values)


def _code(fact: str, code: str, names: Mapping[str, str]) -> str:
    data = country()
    lists: Mapping[str, Any] = data.lists[LISTS[fact]] if fact in LISTS else {}
    if code in lists:
        return text_in(lists[code])
    if code in data.regions:
        return text_in(data.regions[code])
    if code in data.crossing_points:
        return text_in(data.crossing_points[code].names)
    return translated(VALUE_LABELS[code]) if code in VALUE_LABELS else names.get(code, code)


def change(made: Mapping[str, Any], names: Mapping[str, str]) -> str:
    """One difference between the texts, such as `Clause nrc: added`."""
    noun = made["noun"]
    if noun in NOUN_LABELS:
        label = translated(NOUN_LABELS[noun])
    else:
        fact = noun.removeprefix("fact ").rstrip(":")
        label = translated(FACT_LABELS.get(fact, N_("Fact")))
    key = names.get(made["key"], made["key"]) if noun == "party" else made["key"]
    parts = ", ".join(translated(PART_LABELS[part]) if part in PART_LABELS else part for part in made["parts"])
    return f"{label} {key} {translated(WHAT_LABELS[made['what']])}{': ' + parts if parts else ''}"
