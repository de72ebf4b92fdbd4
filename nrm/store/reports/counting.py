"""The people, returns and referrals of a period, as coarse codes, for closing a quarter.

Read by the program itself and by nobody with an account: every function here refuses any other actor.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Collection, Mapping, Sequence
from datetime import date
from itertools import groupby
from operator import itemgetter
from typing import Any

from sqlalchemy import (
    ColumnElement,
    CompoundSelect,
    Connection,
    Executable,
    String,
    and_,
    func,
    select,
    type_coerce,
    union,
)

from nrm.domain.accounts.accounts import Actor, NotPermitted
from nrm.domain.quarters import Quarter
from nrm.domain.reports import exploitation
from nrm.domain.reports.tabulation import PermitRecord, PersonRecord, StayRecord
from nrm.domain.shelter.ages import band_on, class_on
from nrm.domain.shelter.corrections import Struck, as_known
from nrm.domain.shelter.matching import Repeat
from nrm.domain.shelter.permit_entries import stand
from nrm.domain.shelter.stays import Period, Source
from nrm.models.shelter.cases import Case
from nrm.models.shelter.matching import RepeatValue
from nrm.models.shelter.permits import PermitEntry
from nrm.models.shelter.stays import Stay
from nrm.models.shelter.testimony import Testimony
from nrm.store.countries import country
from nrm.store.rows.shelter import ages as age_rows
from nrm.store.rows.shelter import corrections as correction_rows
from nrm.store.rows.shelter import permits as permit_rows
from nrm.store.rows.shelter.testimony import OF_CASES

RELEASE = Actor.system("release")
# A person who was asked and does not wish to be counted is left out.
AGREES = func.coalesce(Case.facts["statistics"].as_string(), "") != "no"


_TOLD = ("exploitation", "labour", "sexual", "means_of_control", "recruiter_relation")  # the last one is no list


def must_count(by: Actor) -> None:
    """Raise NotPermitted unless the program itself counts."""
    if by != RELEASE:
        raise NotPermitted("people are counted by the program alone")


class Ages:
    """The age bands of a day: who turned 18, or was assessed, is printed as what they counted on that day."""

    def __init__(self, connection: Connection) -> None:
        self._changes = age_rows.all_changes(connection)
        self._keys = {case.hex for case in self._changes}

    def __contains__(self, key: str) -> bool:
        """Whether the person, by the id of the case, ever counted as something else than before."""
        return key in self._keys

    def band(self, case_id: uuid.UUID, band: str, day: date) -> str:
        """The band of the person on that day; `band`: of the first answer."""
        changes = self._changes.get(case_id)
        return band_on(band, class_on("", changes, day)) if changes else band


def people(
    connection: Connection, quarter: Quarter, *, also: Collection[uuid.UUID] = (), by: Actor
) -> list[PersonRecord]:
    """Every victim with a stay that may count in the quarter, and the cases in `also`: coarse codes and dates alone.

    For closing a quarter; any person, whatever the role, gets NotPermitted.
    """
    must_count(by)
    struck = {stay.hex: each for stay, each in correction_rows.known_after(connection, quarter.end).items()}
    ages = Ages(connection)
    wanted = _in_question(quarter, also)
    permits_then = _permits_at(connection, quarter, PermitEntry.case_id.in_(wanted))
    repeats = _repeats_at(connection, quarter, RepeatValue.case_id.in_(wanted))
    steps = _steps_at(connection, quarter, Testimony.case_id.in_(wanted))
    told: dict[Sequence[str | None], exploitation.Told] = {}
    records = []
    for case_id, found in groupby(connection.execute(_people(wanted)), itemgetter(0)):
        key, rows = _hex(case_id), list(found)
        citizenship, gender, band, exploited_in, repeat, *_ = values = rows[0][7:]
        facts = values[5:]
        if facts not in told:
            told[facts] = _as_told(facts)
        stays = _stays_at(rows, struck, quarter.end)
        records.append(
            PersonRecord(
                key,
                citizenship,
                gender,
                _band_at(key, band, ages, stays, quarter.end) if key in ages else band,
                exploited_in,
                repeats.get(key) or repeat,
                stays,
                permits_then.get(key),
                steps.get(key, ()),
                told[facts],
            )
        )
    return records


def _hex(id_: uuid.UUID | str) -> str:
    """An id that was read as the database gives it: SQLite has no ids, and making one takes long for many people."""
    return id_ if isinstance(id_, str) else id_.hex


def _as_told(values: Sequence[str | None]) -> exploitation.Told:
    """What was done to a person, from the texts of these facts."""
    *lists, recruiter = values
    named = {name: json.loads(value) for name, value in zip(_TOLD, lists, strict=False) if value is not None}
    return exploitation.as_told({**named, _TOLD[-1]: recruiter})


def _repeats_at(connection: Connection, quarter: Quarter, wanted: ColumnElement[bool]) -> dict[str, str]:
    """Whether people were here before, as it stood at the end of the quarter, by the id of the case: what two
    organisations confirm later counts from that day on, and changes no quarter before (ADR 0131)."""
    statement = select(RepeatValue.case_id, RepeatValue.from_on, RepeatValue.value).where(wanted)
    stood: dict[str, str] = {}
    for case_id, from_on, value in connection.execute(statement.order_by(RepeatValue.from_on)):
        if from_on <= quarter.end:
            stood[case_id.hex] = value
        else:
            stood.setdefault(case_id.hex, str(Repeat.NOT_CHECKED))
    return stood


def _permits_at(connection: Connection, quarter: Quarter, wanted: ColumnElement[bool]) -> dict[str, PermitRecord]:
    """How permits stood at the end of a quarter, from what is counted until then; by the id of the case."""
    known = permit_rows.entries_where(and_(wanted, PermitEntry.counts_on <= quarter.end), connection)
    stood = {case.hex: stand(entries, country().permits, today=quarter.end) for case, entries in known.items()}
    return {
        key: PermitRecord(facts.status, facts.applied_on, facts.issued_from, facts.issued_until)
        for key, facts in stood.items()
    }


def _steps_at(
    connection: Connection, quarter: Quarter, wanted: ColumnElement[bool]
) -> dict[str, tuple[tuple[str, date], ...]]:
    """The steps as a witness until the end of a quarter as they happened, but for those that were struck; by the id of
    the case."""
    statement = (
        select(Testimony.case_id, Testimony.status, Testimony.happened_on)
        .where(wanted, Testimony.happened_on <= quarter.end, OF_CASES.stands)
        .order_by(Testimony.case_id, Testimony.happened_on, Testimony.position)
    )
    found = groupby(connection.execute(statement), itemgetter(0))
    return {case.hex: tuple((status, on) for _, status, on in steps) for case, steps in found}


def _people(in_question: CompoundSelect[uuid.UUID]) -> Executable:
    """One row per stay of these cases. In the order of their random ids, so that nothing depends on the order of
    admission."""
    return (
        select(
            type_coerce(Stay.case_id, String),
            type_coerce(Stay.id, String).label("stay_id"),
            Stay.admitted_on,
            Stay.known_on,
            Stay.anticipated_end_on,
            Stay.ended_on,
            Stay.taken_back_on,
            Case.citizenship,
            Case.gender,
            Case.age_band,
            Case.exploited_in,
            Case.repeat,
            *(Case.facts[name].as_string() for name in _TOLD),
        )
        .select_from(Stay)
        .join(Case, Case.id == Stay.case_id)
        .where(Stay.case_id.in_(in_question), AGREES, Case.source != Source.WITH_A_VICTIM)
        .order_by(Stay.case_id)
    )


def _in_question(quarter: Quarter, also: Collection[uuid.UUID]) -> CompoundSelect[uuid.UUID]:
    # Each condition has its own index, so that the cost of a quarter does not grow with earlier stays. This may find
    # too many stays; `tabulate` decides who counts.
    ways = (Stay.ended_on.is_(None), Stay.ended_on >= quarter.start, Stay.known_on.between(quarter.start, quarter.end))
    found = [select(Stay.case_id).where(Stay.admitted_on <= quarter.end, way) for way in ways]
    found.append(select(Stay.case_id).where(Stay.id.in_(correction_rows.stays_known_after(quarter.end))))
    return union(*found, *([select(Stay.case_id).where(Stay.case_id.in_(also))] if also else []))


def _band_at(key: str, band: str, ages: Ages, stays: Sequence[StayRecord], until: date) -> str:
    """The age band on the last day until then on which the person was present, by the stays as they are known then."""
    present = max((min(each.ended_on or until, until) for each in stays), default=until)
    return ages.band(uuid.UUID(key), band, present)


def _stays_at(
    rows: Sequence[Sequence[Any]], struck: Mapping[str, Sequence[Struck]], until: date
) -> tuple[StayRecord, ...]:
    """From the rows of one case. Corrections that became known after `until` are not known yet."""
    stays = []
    for row in rows:
        stay_id, admitted_on, known_on, planned, ended_on, taken_back_on = row[1:7]
        stands = taken_back_on is None
        if struck and (corrections := struck.get(_hex(stay_id))):
            was = as_known(Period(admitted_on, ended_on) if stands else None, corrections, until)
            stands = was is not None
            admitted_on, ended_on = (was.admitted_on, was.exited_on) if was else (admitted_on, ended_on)
        if stands:
            stays.append(StayRecord(admitted_on, known_on, max(planned, admitted_on), ended_on))
    return tuple(stays)
