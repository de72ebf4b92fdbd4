"""A line of a table about somebody who was in the shelter before the program was: what it says, or what to put right.

One line is one person. What may be kept follows what the person agreed to, as on the pages.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType

from nrm.domain.interviews.answers import COUNTRIES
from nrm.domain.interviews.interviews import Texts
from nrm.domain.languages import ByLanguage
from nrm.domain.shelter.cases import CODES
from nrm.domain.shelter.direct_intake import OwnCase, fits
from nrm.domain.shelter.stays import Source, StayRefusal

NEEDED = ("place", "admitted_on", "planned_end_on", "age_class", "gender", "citizenship", "consent", "statistics")
"""Columns that every line answers; `consent` and `statistics` are those of an adult, empty for a child."""
ASKED_OF_ADULTS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {"consent": ("given", "refused"), "statistics": ("yes", "no")}
)
NAMING = ("given", "family", "known_as", "birth", "contact", "story")
"""Columns that are sealed with who the person is; empty for an adult who did not agree that they are kept."""
COLUMNS = (*NEEDED, "age", "exploited_in", "exploitation", "needs", "needs_note", "official_involved", *NAMING)
MOST_LINES = 2000
LONGEST_CELL = 10_000
REMARK = "#"


def notes(codes: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """What each column may hold, as a row that begins with `#` and is left out when the file is taken in."""
    text = {name: ", ".join(each) for name, each in {**codes, **ASKED_OF_ADULTS}.items()}
    return {
        "place": "# a place that is entered",
        "admitted_on": "2026-01-15",
        "planned_end_on": "2026-12-31",
        "age_class": "adult, child, unsure",
        "gender": text["gender"],
        "citizenship": "AL, RO ... (ISO 3166), stateless, unknown",
        "consent": f"of an adult: {text['consent']}",
        "statistics": f"of an adult: {text['statistics']}",
        "age": "years, or empty",
        "exploited_in": "IT; GR ..., or empty",
        "exploitation": f"several with semicolons, or empty: {text['exploitation']}",
        "needs": f"several with semicolons, or empty: {text['needs']}",
        "needs_note": "sealed",
        "official_involved": "yes, no, unknown",
        "given": "sealed; empty without consent, like all that follow",
        "birth": "2004, 2004-03 or 2004-03-15",
    }


EXAMPLE: Mapping[str, str] = MappingProxyType(
    {
        "place": "V01",
        "admitted_on": "2026-01-15",
        "planned_end_on": "2026-12-31",
        "age_class": "adult",
        "gender": "feminine",
        "citizenship": "AL",
        "consent": "given",
        "statistics": "yes",
        "age": "24",
        "exploited_in": "IT; GR",
        "exploitation": "sexual_exploitation",
        "needs": "medical",
        "official_involved": "unknown",
    }
)
"""A line that can be taken in where a place is called V01."""

MESSAGES: Mapping[str, ByLanguage] = MappingProxyType(
    {
        "head": ByLanguage("Take the template: its first row has the names of the columns, %(columns)s"),
        "utf8": ByLanguage("Save the file as CSV in UTF-8"),
        "csv": ByLanguage("Close each quotation mark that is opened, and have no more cells than columns"),
        "lines": ByLanguage("Divide the file: %(most)s lines at most"),
        "longer": ByLanguage("Enter fewer than %(most)s characters"),
        "place": ByLanguage("Enter the name of the place where they sleep"),
        "day": ByLanguage("Enter a day, such as 2026-01-15"),
        "one_of": ByLanguage("Enter one of: %(codes)s"),
        "country": ByLanguage("Enter the code of a country (ISO 3166), `stateless` or `unknown`"),
        "countries": ByLanguage("Enter codes of countries (ISO 3166) with semicolons"),
        "age": ByLanguage("Enter completed years that fit `age_class`, or nothing"),
        "adult": ByLanguage("Enter it of adults only: a child is not asked"),
        "names_refused": ByLanguage("Leave it out: the person did not agree that it is kept"),
        "birth": ByLanguage("Enter the year, month or day of birth: 2004, 2004-03, 2004-03-15"),
        "birth_fits": ByLanguage("Enter a day of birth that exists, is not in the future and fits `age_class`"),
        "no_place": ByLanguage(
            "Enter a place that the shelter has; its manager adds them under “Places”, “Units of the building”"
        ),
        "place_taken": ByLanguage(
            "Enter another place: somebody has this one or had it on those days, or it is out of use"
        ),
        "place_not_there": ByLanguage(
            "This place was not in the building yet on that day: the manager adds places that “were "
            "there before”, under another name, or enter a later day in `admitted_on`"
        ),
        "admission": ByLanguage("Enter a day that is not in the future and not before 2000"),
        "planned": ByLanguage("Enter a day after the admission, within three years from today"),
        "control": ByLanguage("Take out characters that cannot be seen"),
    }
)


@dataclass(frozen=True, slots=True)
class Resident:
    """One person as the line says it; `place`: its name in the shelter."""

    case: OwnCase
    place: str
    admitted_on: date
    planned_end_on: date
    identity: Mapping[str, str]
    story: str
    needs_note: str


Findings = dict[str, Texts]


class UnreadableResident(ValueError):
    """A line that cannot be taken in; `findings`: column -> what to do, by staff language."""

    def __init__(self, findings: Findings) -> None:
        super().__init__(", ".join(findings))
        self.findings = findings


def said(message: str, **values: object) -> Texts:
    """The message in any language."""
    return MESSAGES[message].filled(**values)


_ADMISSION = frozenset({StayRefusal.ADMISSION_IN_FUTURE, StayRefusal.ADMISSION_BEFORE_CASE})
_PLANNED = frozenset({StayRefusal.ANTICIPATED_BEFORE_ADMISSION, StayRefusal.ANTICIPATED_TOO_LATE})


def refused(reason: StayRefusal | None) -> UnreadableResident:
    """What to put right in a line whose stay is refused; None: the shelter has no such place."""
    if reason is None:
        return UnreadableResident({"place": said("no_place")})
    if reason in _ADMISSION:
        return UnreadableResident({"admitted_on": said("admission")})
    if reason in _PLANNED:
        return UnreadableResident({"planned_end_on": said("planned")})
    there = reason is not StayRefusal.PLACE_NOT_THERE
    return UnreadableResident({"place": said("place_taken" if there else "place_not_there")})


def codes(lists: Mapping[str, Mapping[str, object]]) -> dict[str, tuple[str, ...]]:
    """The codes that the columns with closed lists take, from the lists of the country."""
    return {"gender": tuple(lists["genders"]), "needs": tuple(lists["needs"]), "exploitation": CODES["exploitation"]}


def check_head(names: Sequence[str] | None) -> None:
    """Raise UnreadableResident unless the first row names every column that is needed, and none twice or unknown."""
    found = list(names or ())
    if len(set(found)) != len(found) or not set(NEEDED) <= set(found) <= set(COLUMNS):
        raise UnreadableResident({"line": said("head", columns=", ".join(COLUMNS))})


_BIRTH = re.compile(r"(19|20)\d\d(-(0[1-9]|1[0-2])(-(0[1-9]|[12]\d|3[01]))?)?")


def read(cells: Mapping[str, str], *, codes: Mapping[str, Sequence[str]], home: str, today: date) -> Resident:
    """The person of a line. `codes`: what the closed lists have, by column (`gender`, `exploitation`, `needs`).
    `home`: the country's own code.

    Raises UnreadableResident with everything that is to be put right.
    """
    line = {name: (cells.get(name) or "").strip() for name in COLUMNS}
    found: Findings = {}
    for name, text in line.items():
        if len(text) > LONGEST_CELL:
            found[name] = said("longer", most=LONGEST_CELL)
        elif not all(character.isprintable() or character in "\n\t" for character in text):
            found[name] = said("control")
    adult = line["age_class"] == "adult"
    if not line["place"]:
        found.setdefault("place", said("place"))
    days = {name: _day(line[name], name, found) for name in ("admitted_on", "planned_end_on")}
    known = {"age_class": ("adult", "child", "unsure"), "gender": tuple(codes["gender"]), **ASKED_OF_ADULTS}
    known |= {"official_involved": ("yes", "no", "unknown")}
    for name, choices in known.items():
        if name in ASKED_OF_ADULTS and not adult:
            if line[name]:
                found.setdefault(name, said("adult"))
        elif (line[name] or name in NEEDED) and line[name] not in choices:
            found.setdefault(name, said("one_of", codes=", ".join(choices)))
    several = {name: _several(line[name]) for name in ("exploited_in", "exploitation", "needs")}
    for name in ("exploitation", "needs"):
        if not set(several[name]) <= set(codes[name]):
            found.setdefault(name, said("one_of", codes=", ".join(codes[name])))
    if not all(each in COUNTRIES for each in several["exploited_in"]):
        found.setdefault("exploited_in", said("countries"))
    if line["citizenship"] not in ("stateless", "unknown") and line["citizenship"] not in COUNTRIES:
        found.setdefault("citizenship", said("country"))
    if line["birth"] and not _BIRTH.fullmatch(line["birth"]):
        found.setdefault("birth", said("birth"))
    elif line["birth"] and not fits(line["birth"], line["age_class"], today):
        found.setdefault("birth", said("birth_fits"))
    age = _age(line["age"], line["age_class"], found)
    if line["consent"] == "refused":
        for name in NAMING:
            if line[name]:
                found.setdefault(name, said("names_refused"))
    if found:
        raise UnreadableResident({name: found[name] for name in COLUMNS if name in found})
    assert days["admitted_on"] is not None
    assert days["planned_end_on"] is not None
    case = OwnCase(
        source=Source.ALREADY_THERE,
        age_class=line["age_class"],
        age=age,
        gender=line["gender"],
        citizenship=line["citizenship"],
        consent=line["consent"] if adult else "not_asked_child",
        statistics=line["statistics"] if adult else "not_asked",
        home=home,
        exploited_in=tuple(sorted(set(several["exploited_in"]))),
        exploitation=tuple(several["exploitation"]),
        needs=frozenset(several["needs"]),
        official_involved=line["official_involved"] or "unknown",
    )
    identity = {name: line[name] for name in NAMING if name != "story" and line[name]}
    return Resident(
        case, line["place"], days["admitted_on"], days["planned_end_on"], identity, line["story"], line["needs_note"]
    )


def _several(text: str) -> list[str]:
    return [each.strip() for each in text.split(";") if each.strip()]


def _day(text: str, name: str, found: Findings) -> date | None:
    try:
        return date.fromisoformat(text) if len(text) == len("2026-01-15") else _no_day()
    except ValueError:
        found.setdefault(name, said("day"))
        return None


def _no_day() -> date:
    raise ValueError("not a day")


def _age(text: str, age_class: str, found: Findings) -> int | None:
    if not text:
        return None
    number = int(text) if text.isascii() and text.isdigit() and len(text) <= 3 else -1
    fits = age_class not in ("adult", "child") or (number >= 18) == (age_class == "adult")
    if not 0 <= number <= 120 or not fits:
        found.setdefault("age", said("age"))
    return number
