"""What a new version of the questionnaire changes: questions, options, texts, gates, and the weights of indicators."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from typing import Any

from nrm.domain.agreement.agreement_differences import Change
from nrm.domain.interviews.interviews import Indicator, Option, Questionnaire

# What a reader calls a part of the data file.
CALLED = {"when": "gate", "reads": "read out", "depends_on": "depends on", "not_collected": "not collected"}
WHOLE = (
    *("id", "version", "title", "languages", "derive", "countries", "language_names", "language_words", "reading"),
    "group",
)


def diff(old: Questionnaire, new: Questionnaire) -> tuple[Change, ...]:
    """Every change, in the order of the file; texts with the languages in which they differ."""
    return tuple(_changes(old, new))


def _changes(old: Questionnaire, new: Questionnaire) -> Iterator[Change]:
    yield from _change_of(
        "questionnaire", old.id, old, new, [name for name in WHOLE if name != "id" or old.id != new.id]
    )
    yield from _members("dimension", old.dimensions, new.dimensions)
    yield from _members("fact", old.facts, new.facts)
    yield from _members("consent", _consent(old), _consent(new))
    yield from _members("check", _checks(old), _checks(new))
    yield from _members("warning", {each.id: each for each in old.warnings}, {each.id: each for each in new.warnings})
    yield from _members("wording", old.wordings, new.wordings)
    yield from _members("route", {each.id: each for each in old.routes}, {each.id: each for each in new.routes})
    yield from _members("page", old.pages, new.pages)
    yield from _members("question", old.questions, new.questions, apart=("options",))
    yield from _members("option", _options(old), _options(new), apart=("indicators", "help"))
    for key, (before, after) in _in_both(_options(old), _options(new)):
        names = [{each.id for each in option.indicators} for option in (before, after)]
        if names[0] != names[1]:
            yield Change("option", key, "changes", ("indicator",))
    yield from _indicators(_weights(old), _weights(new))


def _members(
    noun: str, old: Mapping[str, Any], new: Mapping[str, Any], apart: tuple[str, ...] = ()
) -> Iterator[Change]:
    for key in old:
        if key not in new:
            yield Change(noun, key, "gone")
    for key, (before, after) in _in_both(old, new):
        names = [each.name for each in fields(before) if each.name not in apart]
        yield from _change_of(noun, key, before, after, names)
    for key in new:
        if key not in old:
            yield Change(noun, key, "new")


def _in_both(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[tuple[str, tuple[Any, Any]]]:
    return ((key, (old[key], new[key])) for key in old if key in new)


def _change_of(noun: str, key: str, old: object, new: object, names: list[str]) -> Iterator[Change]:
    parts = [_part(name, getattr(old, name), getattr(new, name)) for name in names]
    if any(parts):
        yield Change(noun, key, "changes", tuple(part for part in parts if part))


def _part(name: str, before: object, after: object) -> str:
    """What the part is called, with the keys in which a mapping differs; empty when it is the same."""
    if before == after:
        return ""
    called = CALLED.get(name, name.replace("_", " "))
    if before is None or after is None or not (isinstance(before, Mapping) and isinstance(after, Mapping)):
        return called
    different = [key for key in dict.fromkeys([*before, *after]) if before.get(key) != after.get(key)]
    return f"{called} ({' '.join(different)})"


@dataclass(frozen=True, slots=True)
class _Gate:
    when: object
    text: object = None


def _consent(questionnaire: Questionnaire) -> Mapping[str, _Gate]:
    return {f"{number} {code}": _Gate(when) for number, (code, when) in enumerate(questionnaire.consent, start=1)}


def _checks(questionnaire: Questionnaire) -> Mapping[str, _Gate]:
    return {
        f"{number} {each.question}": _Gate(each.when, each.text)
        for number, each in enumerate(questionnaire.checks, start=1)
    }


def _options(questionnaire: Questionnaire) -> Mapping[str, Option]:
    return {
        f"{question.id}.{option.code}": option
        for question in questionnaire.questions.values()
        for option in question.options
    }


def _weights(questionnaire: Questionnaire) -> Mapping[str, Indicator]:
    return {each.id: each for option in _options(questionnaire).values() for each in option.indicators}


def _indicators(old: Mapping[str, Indicator], new: Mapping[str, Indicator]) -> Iterator[Change]:
    for key in [*old, *(key for key in new if key not in old)]:
        if key not in new or key not in old:
            yield Change("indicator", key, "new" if key in new else "gone")
            continue
        parts = []
        for name in ("adult", "child", "source", "weight_source"):
            before, after = getattr(old[key], name), getattr(new[key], name)
            if before != after:
                parts.append(f"{name.replace('_', ' ')} {before} -> {after}")
        if parts:
            yield Change("indicator", key, "changes", tuple(parts))
