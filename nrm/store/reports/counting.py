"""The people, returns and referrals of a period, as coarse codes, for closing a quarter.

Read by the program itself and by nobody with an account: every function here refuses any other actor.
"""

from __future__ import annotations

import json
import uuid
from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from itertools import groupby
from operator import itemgetter
from typing import Any

from sqlalchemy import (
    ColumnElement,
    CompoundSelect,
    Connection,
    Date,
    Executable,
    Row,
    String,
    and_,
    bindparam,
    case,
    func,
    or_,
    select,
    type_coerce,
    union,
)

from nrm.db import Writer
from nrm.domain.accounts.accounts import Actor, NotPermitted
from nrm.domain.interviews.screenings import PROCESSED_WITHOUT_HELP
from nrm.domain.quarters import Quarter
from nrm.domain.referrals.referrals import answer_class
from nrm.domain.reports import counting, exploitation
from nrm.domain.reports.reports import Window
from nrm.domain.reports.tabulation import PermitRecord, PersonRecord, StayRecord
from nrm.domain.shelter import claims as rules
from nrm.domain.shelter import identifications as identification_rules
from nrm.domain.shelter.ages import band_on, class_on
from nrm.domain.shelter.cases import HOME_CITIZEN
from nrm.domain.shelter.child_returns import Direction, integration
from nrm.domain.shelter.corrections import Struck, as_known
from nrm.domain.shelter.identifications import Course, State
from nrm.domain.shelter.matching import Repeat
from nrm.domain.shelter.permit_entries import stand
from nrm.domain.shelter.permits import ASKED_OR_DECIDED
from nrm.domain.shelter.stays import Period, Source
from nrm.domain.support import feedback as feedback_rules
from nrm.domain.support.follow_ups import Ended, Stand, contacts_before, outcome_at_the_end
from nrm.domain.support.witnesses import AGE_BANDS
from nrm.models.accounts.accounts import Organisation
from nrm.models.interviews.screenings import ScreeningCount, ScreeningKind
from nrm.models.referrals.referrals import Referral
from nrm.models.shelter.cases import Case
from nrm.models.shelter.child_returns import ChildReturn, ChildReturnOutcome
from nrm.models.shelter.claims import Claim, ClaimEntry
from nrm.models.shelter.identifications import Identification, IdentificationLook
from nrm.models.shelter.matching import RepeatValue
from nrm.models.shelter.permits import PermitEntry
from nrm.models.shelter.stays import Stay
from nrm.models.shelter.testimony import Testimony
from nrm.models.support.feedback import FeedbackBox
from nrm.models.support.follow_ups import FollowUp, FollowUpDate
from nrm.models.support.plans import ServiceAnswer
from nrm.models.support.witnesses import RecordedStep, Witness
from nrm.prepared import Prepared
from nrm.store.countries import country
from nrm.store.rows.shelter import ages as age_rows
from nrm.store.rows.shelter import corrections as correction_rows
from nrm.store.rows.shelter import permits as permit_rows
from nrm.store.rows.shelter.claims import as_history
from nrm.store.rows.shelter.testimony import OF_CASES
from nrm.store.rows.support.witnesses import OF_WITNESSES
from nrm.vault import rows as marked
from nrm.vault.keyrings import CannotOpen
from nrm.vault.unattended import feedback_boxes

RELEASE = Actor.system("release")
# A person who was asked and does not wish to be counted is left out.
AGREES = func.coalesce(Case.facts["statistics"].as_string(), "") != "no"


_TOLD = ("exploitation", "labour", "sexual", "means_of_control", "recruiter_relation")  # the last one is no list


def _must_count(by: Actor) -> None:
    if by != RELEASE:
        raise NotPermitted("people are counted by the program alone")


def people(
    connection: Connection, quarter: Quarter, *, also: Collection[uuid.UUID] = (), by: Actor
) -> list[PersonRecord]:
    """Every victim with a stay that may count in the quarter, and the cases in `also`: coarse codes and dates alone.

    For closing a quarter; any person, whatever the role, gets NotPermitted.
    """
    _must_count(by)
    struck = {stay.hex: each for stay, each in correction_rows.known_after(connection, quarter.end).items()}
    ages = _Ages(connection)
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


def _touches(first: Quarter, last: Quarter) -> ColumnElement[bool]:
    """The condition for stays of the period; one that became known late belongs to the period in which it did."""
    now = and_(
        Stay.admitted_on <= last.end,
        or_(Stay.ended_on.is_(None), Stay.ended_on >= first.start, Stay.known_on >= first.start),
        Stay.taken_back_on.is_(None),
        Stay.id.not_in(correction_rows.stays_known_after(last.end)),
    )
    return and_(Stay.known_on <= last.end, or_(now, Stay.id.in_(correction_rows.touching(first.start, last.end))))


class _Ages:
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


def _band_at(key: str, band: str, ages: _Ages, stays: Sequence[StayRecord], until: date) -> str:
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


def _returnees() -> Prepared:
    kind = ScreeningKind
    number = (
        select(func.sum(ScreeningCount.number))
        .where(
            ScreeningCount.kind_id == kind.id,
            ScreeningCount.month.between(bindparam("first", type_=Date()), bindparam("last", type_=Date())),
        )
        .scalar_subquery()
    )
    return Prepared(
        select(
            kind.crossing_point,
            kind.outcome,
            kind.processed,
            kind.age_class,
            kind.gender,
            kind.returned_from,
            kind.announced,
            kind.agency,
            number,
        ).where(
            kind.citizenship_class == HOME_CITIZEN,
            or_(kind.crossing_point != "", kind.outcome.in_(tuple(PROCESSED_WITHOUT_HELP))),
        )
    )


_RETURNEES = _returnees()


def returnees(connection: Connection, first: Quarter, last: Quarter, *, by: Actor) -> Counter[tuple[str, ...]]:
    """How many screenings of nationals at crossing points, by their values in the order of counting.RETURNEE.

    The cost depends on the kinds of screenings and the months, not on how many screenings there were (ADR 0226).
    """
    _must_count(by)
    driver = Writer(connection.connection.dbapi_connection, connection.dialect)
    rows = _RETURNEES.all(driver, {"first": first.start, "last": last.end})
    return Counter({row[:-1]: int(row[-1]) for row in rows if row[-1] is not None})


def returns(
    connection: Connection, first: Quarter, last: Quarter, codes: counting.Codes, *, by: Actor
) -> list[counting.Row]:
    """The screenings that `returnees` counts, as one row each."""
    counted = returnees(connection, first, last, by=by)
    return counting.returnees(counted.items(), codes, quarters=Window(first, last).quarters)


def witnesses(
    connection: Connection, first: Quarter, last: Quarter, codes: counting.Codes, *, by: Actor
) -> list[counting.Row]:
    """The people with a step as a witness in the period: those of a case who agreed to be counted, and the witnesses
    who are no victims, of whom there are codes alone."""
    _must_count(by)
    statement = (
        select(Testimony.case_id, Testimony.status, Testimony.reason, Case.gender, Case.age_band)
        .join(Case, Case.id == Testimony.case_id)
        .where(OF_CASES.counts_on.between(first.start, last.end), OF_CASES.stands, AGREES)
        .order_by(Testimony.case_id, Testimony.happened_on, Testimony.position)
    )
    steps: dict[str, list[tuple[str, str]]] = {}
    ages = _Ages(connection)
    people: dict[str, tuple[str, str]] = {}
    for row in connection.execute(statement):
        steps.setdefault(row.case_id.hex, []).append((row.status, row.reason))
        people[row.case_id.hex] = (row.gender, ages.band(row.case_id, row.age_band, last.end))
    rows = [counting.witness(person, steps[person], *people[person], codes) for person in sorted(people)]
    rows += _other_witnesses(connection, first, last, codes)
    return [row for row in rows if row is not None]


def _other_witnesses(
    connection: Connection, first: Quarter, last: Quarter, codes: counting.Codes
) -> list[counting.Row | None]:
    statement = (
        select(RecordedStep.witness_id, RecordedStep.status, RecordedStep.reason, Witness.gender, Witness.age_class)
        .join(Witness, Witness.id == RecordedStep.witness_id)
        .where(OF_WITNESSES.counts_on.between(first.start, last.end), OF_WITNESSES.stands)
        .order_by(RecordedStep.witness_id, RecordedStep.happened_on, RecordedStep.position)
    )
    steps: dict[str, list[tuple[str, str]]] = {}
    people: dict[str, tuple[str, str]] = {}
    for row in connection.execute(statement):
        steps.setdefault(row.witness_id.hex, []).append((row.status, row.reason))
        people[row.witness_id.hex] = (row.gender, AGE_BANDS[row.age_class])
    return [
        counting.witness(person, steps[person], *people[person], codes, kind=counting.NOT_VICTIM)
        for person in sorted(people)
    ]


def permits(
    connection: Connection, first: Quarter, last: Quarter, codes: counting.Codes, *, by: Actor
) -> list[counting.Row]:
    """The people whose permit was asked for or decided in the period, as it stood at its end."""
    _must_count(by)
    in_question = select(PermitEntry.case_id).where(PermitEntry.counts_on.between(first.start, last.end))
    known = permit_rows.entries_where(
        and_(PermitEntry.case_id.in_(in_question), PermitEntry.counts_on <= last.end), connection
    )
    ages = _Ages(connection)
    periods = country().permits
    asked = select(PermitEntry.id).where(
        PermitEntry.counts_on.between(first.start, last.end), PermitEntry.event.in_(sorted(ASKED_OR_DECIDED))
    )
    in_period = set(connection.scalars(asked))
    people = select(Case.id, Case.gender, Case.age_band).where(Case.id.in_(in_question), AGREES).order_by(Case.id)
    rows = []
    for person in connection.execute(people):
        counted = [each for each in known[person.id] if each.counts(periods, today=last.end)]
        if not any(each.id in in_period for each in counted):
            continue
        facts = stand(counted, periods, today=last.end)
        ground = str(facts.ground or "")
        band = ages.band(person.id, person.age_band, last.end)
        rows.append(counting.permit(person.id.hex, facts.status, ground, person.gender, band, codes))
    return [row for row in rows if row is not None]


def claims(
    connection: Connection, first: Quarter, last: Quarter, codes: counting.Codes, *, by: Actor
) -> list[counting.Row]:
    """The people whose claim for compensation was made, decided or paid in the period, as it stood at its end."""
    _must_count(by)
    in_question = select(ClaimEntry.claim_id).where(ClaimEntry.counts_on.between(first.start, last.end))
    statement = (
        select(*ClaimEntry.__table__.columns, Claim.case_id, Case.gender, Case.age_band)
        .select_from(ClaimEntry)
        .join(Claim, Claim.id == ClaimEntry.claim_id)
        .join(Case, Case.id == Claim.case_id)
        .where(ClaimEntry.claim_id.in_(in_question), ClaimEntry.counts_on <= last.end, AGREES)
        .order_by(Claim.case_id, ClaimEntry.claim_id, ClaimEntry.position)
    )
    ages = _Ages(connection)
    entries: dict[str, dict[uuid.UUID, list[Row[*tuple[Any, ...]]]]] = {}
    people: dict[str, tuple[str, str]] = {}
    for row in connection.execute(statement):
        entries.setdefault(row.case_id.hex, {}).setdefault(row.claim_id, []).append(row)
        people[row.case_id.hex] = (row.gender, ages.band(row.case_id, row.age_band, last.end))
    rows = []
    for person, histories in entries.items():
        found = [rules.counted(as_history(history), first, last) for history in histories.values()]
        counts = [each for each in found if each is not None]
        rows.append(counting.claimant(person, counts, tuple(country().amount_bands), *people[person], codes))
    return [row for row in rows if row is not None]


def identifications(
    connection: Connection, first: Quarter, last: Quarter, codes: counting.Codes, *, by: Actor
) -> list[counting.Row]:
    """The people whose formal identification was asked for or decided in the period, as it stood at its end."""
    _must_count(by)
    asked, appealed = Identification.asked_on, Identification.appeal_decided_on
    looked_at = select(IdentificationLook.identification_id).where(
        IdentificationLook.looked_on.between(first.start, last.end)
    )
    statement = (
        select(
            Identification.case_id,
            Identification.state,
            Identification.status,
            asked,
            appealed,
            IdentificationLook.looked_on,
            IdentificationLook.outcome,
            Case.citizenship_class,
            Case.gender,
            Case.age_band,
        )
        .join(Case, Case.id == Identification.case_id)
        .outerjoin(IdentificationLook, IdentificationLook.identification_id == Identification.id)
        .where(
            or_(
                asked.between(first.start, last.end),
                appealed.between(first.start, last.end),
                Identification.id.in_(looked_at),
            ),
            AGREES,
        )
        .order_by(Identification.case_id, IdentificationLook.position)
    )
    found: dict[uuid.UUID, list[Row[*tuple[Any, ...]]]] = {}
    for row in connection.execute(statement):
        found.setdefault(row.case_id, []).append(row)
    ages = _Ages(connection)
    return [
        counting.identified(
            case_id.hex,
            *stood,
            one.citizenship_class,
            one.gender,
            ages.band(case_id, one.age_band, last.end),
            codes,
        )
        for case_id, (one, *_), stood in ((key, rows, _course(rows, first, last)) for key, rows in found.items())
        if stood is not None
    ]


def _course(rows: Sequence[Row[*tuple[Any, ...]]], first: Quarter, last: Quarter) -> tuple[str, str] | None:
    """How one identification stood, from a row for each look at it, or one row without a look."""
    one = rows[0]
    looks = [(row.looked_on, row.outcome) for row in rows if row.looked_on is not None]
    course = Course(one.asked_on, State(one.state).is_decided, looks, one.status, one.appeal_decided_on)
    return identification_rules.counted(course, first.start, last.end)


def referrals(
    connection: Connection, first: Quarter, last: Quarter, codes: counting.Codes, *, by: Actor
) -> list[counting.Row]:
    """The referrals sent in the period."""
    _must_count(by)
    begins = [datetime.combine(day, time.min, country().timezone) for day in (first.start, last.next.start)]
    statement = (
        select(
            Referral.id,
            Organisation.code,
            Referral.status,
            Referral.answered_in,
            Referral.sent_at,
            Referral.due_at,
            Referral.decided_at,
        )
        .join(Organisation, Organisation.id == Referral.receiver_id)
        .join(Case, Case.id == Referral.case_id)
        .where(Referral.sent_at >= begins[0], Referral.sent_at < begins[1], AGREES)
        .order_by(Referral.id)
    )
    return [
        counting.referral(
            row.id.hex,
            row.code,
            row.status,
            row.answered_in or answer_class(row.status, row.sent_at, row.due_at, row.decided_at),
            codes,
        )
        for row in connection.execute(statement)
    ]


def dependants(
    connection: Connection, first: Quarter, last: Quarter, codes: counting.Codes, *, by: Actor
) -> list[counting.Row]:
    """The children accommodated in the period with somebody who is a victim, each once; they are not in report ix."""
    _must_count(by)
    then = Stay.id.in_(correction_rows.stays_known_after(last.end))
    now = ~then & or_(Stay.ended_on.is_(None), Stay.ended_on > last.end)
    there = or_(now, Stay.id.in_(correction_rows.touching(last.end + timedelta(days=1), last.end)))
    statement = (
        select(Case.id, Case.gender, Case.age_band, func.max(case((there, 1), else_=0)).label("there"))
        .join(Stay, Stay.case_id == Case.id)
        .where(_touches(first, last), Case.source == Source.WITH_A_VICTIM, AGREES)
        .group_by(Case.id, Case.gender, Case.age_band)
        .order_by(Case.id)
    )
    return [
        counting.dependant(row.id.hex, row.gender, row.age_band, not row.there, codes)
        for row in connection.execute(statement)
    ]


def services(
    connection: Connection, first: Quarter, last: Quarter, codes: counting.Codes, *, by: Actor
) -> list[counting.Row]:
    """The people of whom the holder answered in the period which services they received, each with all of them."""
    _must_count(by)
    statement = (
        select(ServiceAnswer.case_id, ServiceAnswer.services)
        .join(Case, Case.id == ServiceAnswer.case_id)
        .where(ServiceAnswer.counts_on.between(first.start, last.end), AGREES)
        .order_by(ServiceAnswer.case_id)
    )
    received: dict[str, set[str]] = {}
    for row in connection.execute(statement):
        received.setdefault(row.case_id.hex, set()).update(set(row.services) & codes.keys())
    return [counting.served(person, kinds) for person, kinds in received.items()]


def followed_up(
    connection: Connection, first: Quarter, last: Quarter, codes: counting.Codes, *, by: Actor
) -> list[counting.Row]:
    """The people whose last contact after the shelter was due in the period, as it was known at its end. Of several
    agreements with one person the newest counts; one that went elsewhere with the case is nobody's to answer."""
    _must_count(by)
    final = select(FollowUpDate.follow_up_id, func.max(FollowUpDate.months).label("months"))
    final_of = final.group_by(FollowUpDate.follow_up_id).subquery()
    in_question = (
        select(FollowUpDate.follow_up_id)
        .join(
            final_of,
            and_(final_of.c.follow_up_id == FollowUpDate.follow_up_id, final_of.c.months == FollowUpDate.months),
        )
        .where(FollowUpDate.due_on.between(first.start, last.end))
    )
    statement = (
        select(
            FollowUp.id,
            FollowUp.case_id,
            FollowUp.begins_on,
            FollowUp.ended_on,
            FollowUp.ended_why,
            FollowUpDate.state,
            FollowUpDate.outcome,
            FollowUpDate.counts_on,
            Case.gender,
            Case.age_band,
        )
        .join(FollowUpDate, FollowUpDate.follow_up_id == FollowUp.id)
        .join(Case, Case.id == FollowUp.case_id)
        .where(FollowUp.id.in_(in_question), FollowUp.ended_why != Ended.MOVED, AGREES)
        .order_by(FollowUp.case_id, FollowUp.begins_on, FollowUp.id, FollowUpDate.months)
    )
    agreements: dict[uuid.UUID, dict[uuid.UUID, list[Row[*tuple[Any, ...]]]]] = defaultdict(lambda: defaultdict(list))
    for row in connection.execute(statement):
        agreements[row.case_id][row.id].append(row)
    ages = _Ages(connection)
    found = []
    for case_id, each in agreements.items():
        *before, final_one = list(each.values())[-1]
        why = Ended(final_one.ended_why) if final_one.ended_on is not None and final_one.ended_on <= last.end else None
        outcome = outcome_at_the_end(_known(final_one, last), final_one.outcome, why)
        contacts = contacts_before([_known(contact, last) for contact in before])
        band = ages.band(case_id, final_one.age_band, last.end)
        found.append(counting.afterwards(case_id.hex, outcome, contacts, final_one.gender, band, codes))
    return found


def _known(contact: Row[*tuple[Any, ...]], last: Quarter) -> Stand:
    """How a contact stood at the end of a period: what was settled later is open still."""
    settled = contact.counts_on is not None and contact.counts_on <= last.end
    return Stand(contact.state) if settled else Stand.OPEN


def answered(
    connection: Connection, first: Quarter, last: Quarter, codes: counting.Codes, *, by: Actor
) -> list[counting.Row]:
    """The slips that were answered in the period, by house; one with fewer than five is not told apart (ADR 0158)."""
    _must_count(by)
    houses = select(FeedbackBox.__table__, Organisation.code).join(
        Organisation, Organisation.id == FeedbackBox.organisation_id
    )
    by_house: dict[str, Counter[str]] = {}
    for box in connection.execute(houses.order_by(Organisation.code)).all():
        if not marked.is_box(box):
            raise CannotOpen  # nothing is published before it is known whose answers they are
        answers = feedback_boxes.read(connection, box.id).answers
        by_house[box.code] = sum((Counter(answers.get(each, {})) for each in Window(first, last).quarters), Counter())
    slips = feedback_rules.counted(by_house, codes["house"], rest="other")
    return [counting.feedback(f"{number}", house, replies) for number, (house, replies) in enumerate(slips)]


def returned_children(
    connection: Connection, first: Quarter, last: Quarter, codes: counting.Codes, *, by: Actor
) -> list[counting.Row]:
    """The children that returned from another country in the period, or of whom it was entered in it what became of
    them, each once, as it was known at its end."""
    _must_count(by)
    told = select(ChildReturnOutcome.return_id).where(ChildReturnOutcome.quarter_on.between(first.start, last.end))
    here = (ChildReturn.direction == Direction.HERE, ChildReturn.sex != "")
    counts = or_(ChildReturn.returned_month.between(first.start, last.end), ChildReturn.id.in_(told))
    children = connection.execute(
        select(ChildReturn.id, ChildReturn.country, ChildReturn.sex, ChildReturn.guardian).where(*here, counts)
    ).all()
    entries: dict[uuid.UUID, list[tuple[int, str]]] = defaultdict(list)
    known = (
        select(ChildReturnOutcome.return_id, ChildReturnOutcome.months, ChildReturnOutcome.outcome)
        .where(
            ChildReturnOutcome.quarter_on <= last.end, ChildReturnOutcome.return_id.in_([each.id for each in children])
        )
        .order_by(ChildReturnOutcome.return_id, ChildReturnOutcome.position)
    )
    for return_id, months, outcome in connection.execute(known):
        entries[return_id].append((months, outcome))
    return [
        counting.returned_child(
            each.id.hex, each.country, each.sex, integration(each.guardian, entries[each.id]), codes
        )
        for each in sorted(children, key=lambda each: each.id.hex)
    ]
