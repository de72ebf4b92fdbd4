"""What a version of the agreement changes and weakens, in the reader's words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from forms.agreement.agreements import FACT_LABELS, GROUP_LABELS, NOUN_LABELS, RUNG_LABELS
from forms.names import language_name
from nrm.domain.accounts.accounts import Actor, NotVisible
from nrm.domain.agreement.agreement_changes import Study
from nrm.domain.agreement.agreement_checks import Finding, FindingKind, check
from nrm.domain.agreement.agreement_differences import Rerouted
from nrm.domain.agreement.agreements import Agreement
from nrm.domain.agreement.changed_words import changed_words
from nrm.domain.agreement.routes import Fallback
from nrm.domain.durations import UnreadableDuration, parse_duration
from nrm.domain.shelter.cases import Compartment
from nrm.domain.words import N_, Phrase
from nrm.steps.agreement import version_studies
from nrm.store.countries import country
from nrm.web import formats
from nrm.web.agreement import agreement_words as words
from nrm.web.language import current_language, text_in, translated

RECEIVES_LABEL = N_("Whom it receives, in words:")
DESCRIPTIONS = 3
"""How many descriptions of people, the widest first, the page shows of each change of the way."""


@dataclass(frozen=True, slots=True)
class Weakened:
    """A safeguard that the version weakens: its words, what the text does in its place, and why that was accepted.

    `reason` is empty while nobody accepted it; not `sound`: another program changed what was accepted. `before`: the
    text whose place it takes has all of it, too.
    """

    number: str
    words: str
    source: str
    lines: list[dict[str, Any]]
    reason: str = ""
    name: str = ""
    at: datetime | None = None
    sound: bool = True
    before: bool = False


def weakened(agreement: Agreement, *, by: Actor) -> list[Weakened]:
    """The safeguards that a version weakens, in order; of a version of the country's data those that it accepts."""
    names = words.names_of(agreement)
    try:
        study = version_studies.study_of(agreement.version, by=by)
        findings, names = study.findings, words.names_of(agreement, study.against)
        accepted = {each.number: each for each in version_studies.accepted_of(agreement.version, by=by)}
        shipped: Mapping[str, Any] = {}
    except NotVisible:
        checked = check(agreement, safeguards=country().safeguards)
        findings, accepted = (*checked.accepted, *checked.findings), {}
        shipped = country().safeguards.accepted_in(agreement.version)
    found = []
    for safeguard in country().safeguards.all:
        mine = [each for each in findings if each.number == safeguard.number]
        lines = [_weakening(each, agreement, names) for each in mine]
        if lines:
            line = accepted.get(safeguard.number)
            reason = text_in(shipped[safeguard.number]) if safeguard.number in shipped else ""
            found.append(
                Weakened(
                    safeguard.number,
                    text_in(safeguard.words),
                    text_in(safeguard.source),
                    lines,
                    line.reason if line is not None and line.sound else reason,
                    line.name if line is not None else "",
                    line.at if line is not None else None,
                    line is None or line.sound,
                    all(each.before for each in mine),
                )
            )
    return found


def _weakening(each: Finding, agreement: Agreement, names: Mapping[str, str]) -> dict[str, Any]:
    example = "" if each.example is None else words.person(each.example, agreement, names)
    return {**finding(each, names), "example": example}


def concerns(party: str, each: Rerouted) -> bool:
    """Whether the party is on the way that was, or on the one that would be."""
    ways = [way for way in each.ways if not isinstance(way, Fallback)]
    return any(party == code for way in ways for code, _ in way)


def rerouted(each: Rerouted, names: Mapping[str, str]) -> dict[str, Any]:
    """The two ways, and the first descriptions of who would take the other one."""
    return {
        "before": words.way(each.ways[0], names),
        "after": words.way(each.ways[1], names),
        "profiles": [words.profile(cube, names) for cube in each.shown[:DESCRIPTIONS]],
        "more": each.more + max(0, len(each.shown) - DESCRIPTIONS),
        "day": each.day,
    }


def reworded(version: str, *, by: Actor) -> list[dict[str, Any]]:
    """The words of a version that are not those of the text whose place it takes, in each language; none of a version
    that came with the country's data."""
    try:
        before, after = version_studies.texts_compared(version, by=by)
    except NotVisible:
        return []
    names = words.names_of(after, before)
    return [
        {
            "heading": _part(f"{each.noun} {each.key}", names),
            "new": not each.before,
            "alone": bool(each.before and each.unchanged),
            "said": [
                (
                    language,
                    language_name(language, current_language()),
                    each.before.get(language, ""),
                    each.after.get(language, ""),
                )
                for language in each.languages
            ],
        }
        for each in changed_words(before, after)
    ]


def _part(text: str, names: Mapping[str, str]) -> str:
    """A part of the text that has words, such as `clause 5.1`."""
    for noun, label in {**NOUN_LABELS, "receives": RECEIVES_LABEL}.items():
        if text == noun or text.startswith(f"{noun} "):
            key = text.removeprefix(noun).strip()
            if noun == "path step":
                key = words.step(key)
            elif noun != "clause":
                key = ", ".join(names.get(each, each) for each in key.split(", "))
            return f"{translated(label)} {key}".strip()
    return text


def others(study: Study) -> list[Finding]:
    """The findings that are no weakenings."""
    return [each for each in study.findings if each.kind is not FindingKind.WEAKENED]


def finding(found: Finding, names: Mapping[str, str]) -> dict[str, Any]:
    """One finding, and who has that profile."""
    said = {key: _said(key, value, names) for key, value in found.text.values.items()}
    return {
        "kind": str(found.kind),
        "text": translated(Phrase(found.text.message, said)),
        "profile": None if found.profile is None else words.profile(found.profile, names),
        "more": found.more,
    }


def _said(key: str, value: object, names: Mapping[str, str]) -> object:
    """A value of a finding in words, by its key."""
    text = str(value)
    if key == "part":
        return _part(text, names)
    if key == "day":
        return formats.day(text, current_language())
    if key == "spoken":
        return language_name(text, current_language())
    if key == "region":
        return words.code("avoid_regions", text, names)
    if key == "answer":
        fact, _, code = text.partition(": ")
        return f"{translated(FACT_LABELS[fact])}: {words.code(fact, code, names)}"
    if key in ("party", "whom", "code"):
        return names.get(text, text)
    if key in ("step", "other"):
        return words.step(text)
    if key in ("language", "lacking"):
        return language_name(text, current_language())
    if key == "compartments":
        return words.compartments([Compartment(each) for each in text.split(", ")])
    if key == "group":
        return translated(GROUP_LABELS[text])
    if key == "to":
        return translated(RUNG_LABELS[text])
    if key in ("within", "allowed", "after", "was", "least"):
        try:
            return words.span(parse_duration(text))
        except UnreadableDuration:
            return text
    return value
