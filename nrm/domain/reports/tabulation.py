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


@dataclass(frozen=True, slots=True)
class StayRecord:
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


@dataclass(frozen=True, slots=True)
class PersonRecord:
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
    told: Told = field(default_factory=Told)


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
    # Who was there at the end of a release that did not count by this yet: it is not known of them.
    waiting = {case: {**_NOT_TOLD, **was} for case, was in (before or {}).items()}
    for each in people:
        was = waiting.pop(each.person, None)
        known = [stay for stay in each.stays if stay.known_on <= quarter.end and stay.admitted_on <= quarter.end]
        if not any(_counts(stay, quarter) for stay in known):
            if was is not None:
                rows.append((each.person, _row_after_leaving(was)))
            continue
        row = _stay_row(each, known, quarter, classification)
        if was is not None and classification.margin(was) == classification.margin(row):
            rows.append((each.person, {**row, "person": was["person"], "arrival": "opening"}))
        elif was is not None:
            rows.append((each.person, _row_after_leaving(was)))
            rows.append((each.person, {**row, "person": was["person"] + CORRECTED, "arrival": "admitted"}))
        else:
            there = before is None and any(_present_at_opening(stay, quarter) for stay in known)
            rows.append((each.person, {**row, "arrival": "opening" if there else "admitted"}))
    rows += [(case, _row_after_leaving(was)) for case, was in waiting.items()]
    return rows


def still_there(rows: Iterable[tuple[str, Row]]) -> dict[str, Row]:
    """What the next quarter must know of this one: the people there at its end, by case."""
    return {case: row for case, row in rows if row["stay_status"] == "still_there"}


def _counts(stay: StayRecord, quarter: Quarter) -> bool:
    touches = stay.ended_on is None or stay.ended_on >= quarter.start
    return touches or stay.known_on >= quarter.start


def _present_at_opening(stay: StayRecord, quarter: Quarter) -> bool:
    known = stay.known_on < quarter.start and stay.admitted_on < quarter.start
    return known and (stay.ended_on is None or stay.ended_on >= quarter.start)


def _row_after_leaving(was: Row) -> Row:
    return {**was, "arrival": "opening", "stay_status": "left"}


def _stay_row(each: PersonRecord, known: Sequence[StayRecord], quarter: Quarter, classification: Classification) -> Row:
    stays = sorted(known, key=lambda stay: (stay.admitted_on, stay.ended_on or date.max))
    last = stays[-1]
    there = last.ended_on is None or last.ended_on > quarter.end
    day = quarter.end if there else last.ended_on or quarter.end
    # A person who stays longer than planned stays at least until now.
    end = max(last.anticipated_end_on, quarter.end) if there else day
    nationality = _listed(each.citizenship, classification.nationalities)
    return {
        "person": each.person,
        "nationality": nationality,
        "sex": each.gender if each.gender in GENDERS else "unknown",
        "age_band": each.age_band if each.age_band in AGE_BANDS else "unknown",
        "country_of_trafficking": _listed(each.exploited_in, classification.countries),
        "stay_bucket": length_bucket((end - _first_day(stays)).days),
        "stay_status": "still_there" if there else "left",
        "protection": _protection(each, day, foreign=nationality != classification.home),
        "repeat": each.repeat if each.repeat in set(Repeat) else str(Repeat.NOT_CHECKED),
        **exploitation.codes(each.told),
    }


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
