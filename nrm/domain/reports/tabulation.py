"""Who counts in report ix of a quarter, and as what (Action Plan II.1(b)(ix), ADR 0009).

A stay counts in a quarter if it touches it; a stay that became known late counts, as an admission, in the quarter it
became known. A person is counted once, however many stays there were, with the values of the last day present.
A case is a person.

The opening of a quarter is the closing of the release before, not of the records as they are now: a person who was
counted as still there is there at the opening. A record that was corrected or deleted since counts as having left, and
a corrected one also as admitted.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import NamedTuple

from nrm.domain.quarters import Quarter
from nrm.domain.reports import exploitation
from nrm.domain.reports.exploitation import Told
from nrm.domain.shelter.cases import AGE_BANDS, GENDERS
from nrm.domain.shelter.matching import Repeat
from nrm.domain.shelter.permits import UNDECIDED, PermitStatus
from nrm.domain.shelter.stays import length_bucket
from nrm.domain.shelter.testimony import WitnessStatus

Row = dict[str, str]
"""Codes of one person by dimension, and an opaque `person`."""

DIMENSIONS = (
    "nationality",
    "sex",
    "age_band",
    "country_of_trafficking",
    "stay_bucket",
    "stay_status",
    "arrival",
    "protection",
    "repeat",
    *exploitation.DIMENSIONS,
)
"""What a person is counted by; the tables of a country use these."""

NOT_WITNESSES = frozenset({WitnessStatus.NOT_A_WITNESS, WitnessStatus.TESTIMONY_WITHDRAWN})
CORRECTED = "~"
_NOT_TOLD = exploitation.codes(Told())


class StayRecord(NamedTuple):
    """One stay; `known_on` is the day it was entered."""

    admitted_on: date
    known_on: date
    anticipated_end_on: date
    ended_on: date | None = None


@dataclass(frozen=True, slots=True)
class PermitRecord:
    """What is known of a residence permit now."""

    state: str
    applied_on: date | None = None
    issued_from: date | None = None
    issued_until: date | None = None


class PersonRecord(NamedTuple):
    """One case: its closed codes, stays, permit, and steps as a witness (status, day) in their order."""

    person: str
    citizenship: str
    gender: str
    age_band: str
    exploited_in: str
    repeat: str
    stays: Sequence[StayRecord]
    permit: PermitRecord | None = None
    testimony: Sequence[tuple[str, date]] = ()
    told: Told = Told()


@dataclass(frozen=True, slots=True)
class Classification:
    """The codes a report prints, and the country's own nationality.

    `groups` and `genders` map codes to what stock and flow are printed by.
    """

    home: str
    nationalities: Collection[str]
    countries: Collection[str]
    groups: Mapping[str, str] = field(default_factory=dict)
    genders: Mapping[str, str] = field(default_factory=dict)

    def margin(self, row: Mapping[str, str]) -> tuple[str, str]:
        """Where stock and flow count the person: a change of it is a correction, an out and an in."""
        nationality, sex = row["nationality"], row["sex"]
        return self.groups.get(nationality, nationality), self.genders.get(sex, sex)


def tabulate(
    people: Iterable[PersonRecord],
    quarter: Quarter,
    classification: Classification,
    before: Mapping[str, Row] | None = None,
) -> list[tuple[str, Row]]:
    """(case, row) of everyone who counts in the quarter; a corrected case has two rows, the second one by correction.

    `before` holds, by case, the rows of the last release that were still there at its end; None when there is none.
    """
    rows: list[tuple[str, Row]] = []
    start, end = quarter.start, quarter.end
    codes = _Codes(classification)
    # Who was there at the end of a release that did not count by this yet: it is not known of them.
    waiting = {case: {**_NOT_TOLD, **was} for case, was in (before or {}).items()}
    for each in people:
        was = waiting.pop(each.person, None)
        known = [stay for stay in each.stays if stay.known_on <= end and stay.admitted_on <= end]
        if not any(_counts(stay, start) for stay in known):
            if was is not None:
                rows.append((each.person, _row_after_leaving(was)))
            continue
        row = _stay_row(each, known, end, codes)
        if was is not None and classification.margin(was) == classification.margin(row):
            rows.append((each.person, {**row, "person": was["person"], "arrival": "opening"}))
        elif was is not None:
            rows.append((each.person, _row_after_leaving(was)))
            rows.append((each.person, {**row, "person": was["person"] + CORRECTED, "arrival": "admitted"}))
        else:
            there = before is None and any(_present_at_opening(stay, start) for stay in known)
            row["arrival"] = "opening" if there else "admitted"
            rows.append((each.person, row))
    rows += [(case, _row_after_leaving(was)) for case, was in waiting.items()]
    return rows


def still_there(rows: Iterable[tuple[str, Row]]) -> dict[str, Row]:
    """What the next quarter must know of this one: the people there at its end, by case."""
    return {case: row for case, row in rows if row["stay_status"] == "still_there"}


def _counts(stay: StayRecord, start: date) -> bool:
    touches = stay.ended_on is None or stay.ended_on >= start
    return touches or stay.known_on >= start


def _present_at_opening(stay: StayRecord, start: date) -> bool:
    known = stay.known_on < start and stay.admitted_on < start
    return known and (stay.ended_on is None or stay.ended_on >= start)


class _Codes:
    """What is printed of the codes of people. Many have the same ones, and they are looked up once for all of them."""

    def __init__(self, classification: Classification) -> None:
        self._classification = classification
        self._found: dict[tuple[str, ...], tuple[Row, bool]] = {}
        self._told: dict[Told, dict[str, str]] = {}

    def of(self, each: PersonRecord) -> tuple[Row, bool]:
        """The codes, and whether the person is a foreigner as printed."""
        key = (each.citizenship, each.gender, each.age_band, each.exploited_in, each.repeat)
        found = self._found.get(key)
        if found is None:
            found = self._found[key] = self._listed(each)
        return found

    def told(self, told: Told) -> dict[str, str]:
        """What was done to the person."""
        found = self._told.get(told)
        if found is None:
            found = self._told[told] = exploitation.codes(told)
        return found

    def _listed(self, each: PersonRecord) -> tuple[Row, bool]:
        nationality = _listed(each.citizenship, self._classification.nationalities)
        row = {
            "nationality": nationality,
            "sex": each.gender if each.gender in GENDERS else "unknown",
            "age_band": each.age_band if each.age_band in AGE_BANDS else "unknown",
            "country_of_trafficking": _listed(each.exploited_in, self._classification.countries),
            "repeat": each.repeat if each.repeat in set(Repeat) else str(Repeat.NOT_CHECKED),
        }
        return row, nationality != self._classification.home


def _row_after_leaving(was: Row) -> Row:
    return {**was, "arrival": "opening", "stay_status": "left"}


def _stay_row(each: PersonRecord, known: Sequence[StayRecord], until: date, codes: _Codes) -> Row:
    """`until`: the last day of the quarter."""
    stays = sorted(known, key=_in_time) if len(known) > 1 else known
    last = stays[-1]
    ended = last.ended_on
    there = ended is None or ended > until
    day = until if there else ended or until
    # A person who stays longer than planned stays at least until now.
    end = max(last.anticipated_end_on, until) if there else day
    listed, foreign = codes.of(each)
    return {
        "person": each.person,
        **listed,
        "stay_bucket": length_bucket((end - _first_day(stays)).days),
        "stay_status": "still_there" if there else "left",
        "protection": _protection(each, day, foreign=foreign),
        **codes.told(each.told),
    }


def _in_time(stay: StayRecord) -> tuple[date, date]:
    return stay.admitted_on, stay.ended_on or date.max


def _first_day(stays: Sequence[StayRecord]) -> date:
    """The admission of the last stay, or of the stay it was moved from on the same day, and so on."""
    first = stays[-1].admitted_on
    for stay in reversed(stays[:-1]):
        if stay.ended_on == first:
            first = stay.admitted_on
    return first


def _listed(code: str, codes: Collection[str]) -> str:
    """The code as printed: countries that are not listed are `other`, missing values `unknown`."""
    if code in codes:
        return code
    is_country = len(code) == 2 and code.isalpha() and code.isupper()
    return "other" if is_country else "unknown"


def _protection(each: PersonRecord, day: date, *, foreign: bool) -> str:
    # A residence permit is for foreigners: whatever the file says, nationals have none.
    permit = _permit(each.permit, day) if each.permit and foreign else "none"
    if not each.testimony:
        return permit
    left = WitnessStatus.LEFT_WITNESS_PROTECTION  # changes nothing of what was said in court
    steps = [status for status, happened_on in each.testimony if happened_on <= day and status != left]
    if not steps or steps[-1] in NOT_WITNESSES:
        return permit
    return "witness_and_trp" if permit == "trp" else "witness"


def _permit(permit: PermitRecord, day: date) -> str:
    if permit.issued_from and permit.issued_until and permit.issued_from <= day <= permit.issued_until:
        return "trp"
    asked = permit.applied_on is not None and permit.applied_on <= day
    decided_later = permit.issued_from is not None and permit.issued_from > day
    waiting = permit.state in UNDECIDED or (permit.state == PermitStatus.ISSUED and decided_later)
    return "trp_in_process" if asked and waiting else "none"
