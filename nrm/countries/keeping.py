"""What a new version of a country must keep of the ones before it, because records hold its codes (ADR 0136).

A code may be sealed where nobody can count it, so no code is taken away, used or not: it is closed by its day, or what
has it is suspended, or another file begins beside it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from nrm.countries.comparing import Difference, Kind

_PLACE = re.compile(r"(region|crossing_point)\.(\w+)")
_KEPT_CODES = re.compile(r"(crossing_group|court|compensation\.band|building\.for_whom)\.\w+")
_CODE = re.compile(r"dimension\.[\w-]+\.codes\.[\w-]+")
_FIXED = ("code", "iso", "timezone")
_ORGANISATION = re.compile(r"organisation\[\w+\]")
_QUESTION = re.compile(r"question\[\w+\](\.(kind|compartment|fact|options(\[\w+\](\.means)?)?))?")
_READ_LATER = re.compile(r"questionnaire-.*\.toml|tables-.*\.toml|register\.toml|monitoring\.toml|country\.toml")


def broken(changes: Iterable[Difference]) -> Iterator[str]:
    """`FILE: KEY: what to do` of each difference that would take something from records that are there."""
    for each in changes:
        if (reason := _reason(each)) is not None:
            yield f"{each.file}: {each.key}: {reason}"


def _reason(each: Difference) -> str | None:
    if each.file.startswith("mou-"):
        return "its parties change a text of the agreement, and no file: put it back, and propose a new version"
    if each.key == "file":
        gone = each.kind is Kind.REMOVED and _READ_LATER.fullmatch(each.file)
        return "keep the file: what was recorded or published is read by it" if gone else None
    if each.file == "country.toml":
        return _of_the_country(each)
    if each.file == "directives.toml" and each.kind is not Kind.ADDED and each.key.startswith("directive["):
        is_end = each.key.endswith(".ends_on")
        return None if is_end else "who read it read these words: keep it, and write its next version"
    if each.file == "monitoring.toml" and each.kind is Kind.REMOVED and each.key.startswith("item["):
        return "keep it: interviews were scored by it"
    if each.file == "register.toml" and _is_part_of_a_table(each):
        return "keep it: tables that were filed are read by it"
    if each.file.startswith("questionnaire-") and each.file.count(".") == 1:
        return _of_a_questionnaire(each)
    return None


def _of_the_country(each: Difference) -> str | None:
    if each.key.startswith("training"):
        return "is said when an instance is made, and never later: a training stays one, and nothing else becomes one"
    if each.key in _FIXED:
        return "never changes: what was recorded says it, or was counted by it"
    if each.key == "languages" and not (
        each.after and each.before[0] == each.after[0] and set(each.before) <= set(each.after)
    ):
        return "keep every language, and the first one: what was released has an address in each"
    if each.kind is Kind.REMOVED and (place := _PLACE.fullmatch(each.key)):
        kind, code = place.groups()
        return f"records name it: keep it, and say from when it is closed: [closed.{kind}] {code} = DAY"
    if each.kind is Kind.REMOVED and _KEPT_CODES.fullmatch(each.key):
        return "records name it: keep it"
    if each.kind is Kind.REMOVED and _ORGANISATION.fullmatch(each.key):
        return "records name it: keep it; the administrator suspends an organisation that ends (page Organisations)"
    organisation, _, part = each.key.partition("].")
    if organisation.startswith("organisation[") and part in ("kind", "party"):
        return "every key is made for it: put it back, and add an organisation with another code"
    return None


def _is_part_of_a_table(each: Difference) -> bool:
    """Whether the lines or columns of a filed table change, or it is gone; words and rules may change."""
    if each.key.startswith("dimension."):
        return _CODE.fullmatch(each.key) is not None and each.kind in (Kind.ADDED, Kind.REMOVED)
    last = each.key.rpartition(".")[2]
    gone = each.kind is Kind.REMOVED and re.fullmatch(r"(requirement|table)\[.*\]", last) is not None
    return ".table[" in each.key and (gone or last in ("rows", "columns", "joined", "filed_by", "protected"))


def _of_a_questionnaire(each: Difference) -> str | None:
    """Answers are sealed under its codes, and papers are printed with its questions."""
    taken = each.kind is Kind.REMOVED or not each.key.endswith("]")
    if each.key == "id" or (_QUESTION.fullmatch(each.key) and taken):
        return (
            "sealed answers hold it: put it back, or begin a questionnaire with another id in a file of its own, from "
            "a day that rollout.toml says"
        )
    return None
