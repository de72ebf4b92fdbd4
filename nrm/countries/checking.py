"""What is wrong with a country's folder, all of it: one line each, `FILE: KEY: what to do` (ADR 0122).

`countries.load` stops at the first mistake, because nothing works with it. Whoever writes a country wants every file's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from nrm import countries, parsing
from nrm.countries.country import Country
from nrm.countries.questionnaires import read_toml, texts_in
from nrm.domain.agreement import agreement_checks
from nrm.domain.agreement.deceiving import deceiving
from nrm.domain.agreement.fact_diagrams import TooManyClasses
from nrm.domain.agreement.safeguards import lacking
from nrm.domain.interviews.questionnaire_checks import incomplete
from nrm.domain.shelter.cases import HOME_CITIZEN

MARK = "?"
"""A text that begins with it (alone, or before a blank and what another country says) is to be written."""
Read = TypeVar("Read")


@dataclass(frozen=True, slots=True)
class Checked:
    """What is to be done, in the order of the files; and how many rules are proposals that nobody has confirmed."""

    findings: tuple[str, ...]
    proposals: int


def check(folder: Path) -> Checked:
    """Hold the files of a folder against each other; raises CountryError where it has no `country.toml`."""
    code, place = countries.place_of(str(folder))
    place = place or countries.FOLDER / code
    documents = dict(_documents(place))
    found = [
        f"{name}: {key}: write it in place of `{MARK}`" + (f" (elsewhere: {hint})" if hint else "")
        for name, key, hint in _marks(documents)
    ]
    found += (each for each in _faults(place, code) if f"`{MARK}" not in each)  # a mark is said once
    return Checked(tuple(dict.fromkeys(found)), sum(_proposals(each) for each in documents.values()))


def _documents(place: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every file that can be read; what cannot is said by `_faults`."""
    for file in sorted(place.glob("*.toml")):
        try:
            yield file.name, read_toml(file)
        except (parsing.BeyondLimits, parsing.Damaged, UnicodeDecodeError, OSError):
            continue


def _marks(documents: dict[str, dict[str, Any]]) -> Iterator[tuple[str, str, str]]:
    """(file, key, what stands behind the mark) of every mark."""
    for name, document in documents.items():
        for key, text in texts_in(document):
            if text == MARK or text.startswith(f"{MARK} "):
                yield name, key, text[2:]


def _proposals(document: dict[str, Any]) -> int:
    return sum(key.rpartition(".")[2] == "origin" and text == "proposal" for key, text in texts_in(document))


def _faults(place: Path, code: str) -> Iterator[str]:
    found: list[str] = []

    def attempt(read: Callable[[], Read]) -> Read | None:
        try:
            return read()
        except countries.CountryError as error:
            found.extend(error.findings)
            return None

    whole = countries.assemble(place, code, attempt)
    yield from found
    if whole is not None:
        yield from _of_the_whole(whole)


def _of_the_whole(country: Country) -> Iterator[str]:
    yield from countries.disagreements(country)
    yield from countries.unsaid(country)
    for questionnaire in country.questionnaires.values():
        file = f"questionnaire-{questionnaire.id}.toml"
        for key, reason in incomplete(questionnaire):
            yield f"{file}: {key}: {reason}"
        asked = [each for each in questionnaire.questions.values() if each.routing == "citizenship_class"]
        if not any(option.stands_for == HOME_CITIZEN for each in asked for option in each.options):
            key = f"question.{asked[0].id}.options" if asked else "question"
            yield f'{file}: {key}: give one answer `means = "{HOME_CITIZEN}"`: nobody could be a citizen'
    newest = country.agreements[-1]
    for key, reason in deceiving(newest):
        yield f"mou-{newest.version}.toml: {key}: {reason}"
    for name in lacking(country.safeguards) if country.safeguards.all else ():
        yield f"safeguards.toml: safeguard: add one with `{name}`, as the shipped countries have it"
    for agreement in country.agreements:
        try:
            for finding in agreement_checks.check(agreement).findings:
                yield f"mou-{agreement.version}.toml: clause: {finding}"
        except TooManyClasses:
            yield f"mou-{agreement.version}.toml: clause: tell apart fewer facts: there are too many combinations"
