"""Wrong entries about a stay: struck by a new one, never overwritten, through the same gates as any end."""

from __future__ import annotations

import dataclasses
import uuid
from collections.abc import Callable
from datetime import date, timedelta

import pytest
from flask import Flask, current_app
from sqlalchemy import func, select, update
from sqlalchemy.exc import IntegrityError

from nrm import clock
from nrm.actions.referrals import mistakes, next_receiver, referrals
from nrm.actions.shelter import absences, cases, corrections, stays
from nrm.actions.support import what_desks_know
from nrm.db import db, transaction
from nrm.domain.accounts.accounts import Actor, NotVisible
from nrm.domain.quarters import Quarter
from nrm.domain.referrals.referrals import OverrideReason
from nrm.domain.referrals.transfers import HandOver
from nrm.domain.shelter.cases import CaseRefused
from nrm.domain.shelter.consents import ByName
from nrm.domain.shelter.corrections import CorrectionRefused, Why
from nrm.domain.shelter.permits import GateClosed
from nrm.domain.shelter.stays import Destination, ExitReason, ImpossibleStay, Source
from nrm.models.referrals.referrals import Referral
from nrm.models.shelter.absences import LeftAlone
from nrm.models.shelter.cases import Case
from nrm.models.shelter.corrections import StayCorrection
from nrm.models.shelter.places import Occupancy
from nrm.models.shelter.stays import Stay
from nrm.steps.shelter.leaving import Exit
from nrm.store import days
from nrm.store.referrals.mistakes import MistakeLine
from nrm.store.reports import counting
from nrm.store.rows.shelter import places
from nrm.store.shelter import absences as absence_store
from nrm.store.shelter import payment_lines
from nrm.store.shelter import places as place_store
from nrm.store.shelter import stay_history as history_store
from nrm.store.shelter import stays as store
from tests import factories
from tests.conftest import Person
from tests.factories_referrals import HAND_OVER, NOT_SAFE, bed, organisation, sent
from tests.factories_stays import ALBANIAN, CHILD, MOLDOVAN, admitted, informed

SignIn = Callable[[str], Person]
FAMILY = (ExitReason.REINTEGRATED_WITH_FAMILY, Destination.FAMILY)


@pytest.fixture
def vatra(app: Flask) -> Actor:
    assert app
    return factories.actor("vatra.shelter_manager")


def _left(
    stay_id: uuid.UUID, by: Actor, on: date, how: tuple[ExitReason, Destination] = FAMILY, where: str = "home"
) -> None:
    stays.end(stay_id=stay_id, ended_on=on, exit_reason=how[0], destination=how[1], where=where, by=by)


def _row(stay_id: uuid.UUID) -> Stay:
    return db.session.get_one(Stay, stay_id, populate_existing=True)


def _place(stay_id: uuid.UUID) -> uuid.UUID:
    """The place that the stay had last."""
    found = places.last_places([stay_id])[stay_id].place_id
    assert found is not None
    return found


def _history(stay_id: uuid.UUID) -> list[StayCorrection]:
    found = select(StayCorrection).where(StayCorrection.stay_id == stay_id).order_by(StayCorrection.position)
    return list(db.session.scalars(found))


def test_a_wrong_day_of_admission_is_struck_and_kept(vatra: Actor) -> None:
    opened = admitted(vatra, days_ago=5)
    today = days.today()
    corrections.correct_admission(
        stay_id=opened.stay_id, admitted_on=today - timedelta(days=9), why=Why.MISTYPED, by=vatra
    )
    assert store.stay(opened.stay_id, by=vatra).nights == 9
    (struck,) = _history(opened.stay_id)
    assert (struck.kind, struck.why, struck.known_on) == ("admission", "mistyped", today)
    assert struck.was_admitted_on == today - timedelta(days=5)
    assert struck.corrected_by_id == vatra.member_id
    with pytest.raises(CorrectionRefused, match="same"):
        corrections.correct_admission(
            stay_id=opened.stay_id, admitted_on=today - timedelta(days=9), why=Why.MISTYPED, by=vatra
        )
    corrections.correct_admission(stay_id=opened.stay_id, admitted_on=today, why=Why.MISTOLD, by=vatra)
    assert [each.was_admitted_on for each in _history(opened.stay_id)] == [
        today - timedelta(days=5),
        today - timedelta(days=9),
    ]


def test_no_night_in_two_places_nor_two_people_in_one_bed_by_a_correction(vatra: Actor) -> None:
    today = days.today()
    first = admitted(vatra, days_ago=9)
    _left(first.stay_id, vatra, today - timedelta(days=4))
    second = admitted(vatra, days_ago=4)
    assert _place(first.stay_id) == _place(second.stay_id)
    with pytest.raises(ImpossibleStay, match="place_taken"):
        corrections.correct_admission(
            stay_id=second.stay_id, admitted_on=today - timedelta(days=6), why=Why.MISTYPED, by=vatra
        )
    with pytest.raises(ImpossibleStay, match="place_taken_later"):
        corrections.correct_exit(
            stay_id=first.stay_id, exit_=Exit(today - timedelta(days=2), *FAMILY, "home"), why=Why.MISTYPED, by=vatra
        )
    with pytest.raises(ImpossibleStay, match="place_taken"):
        corrections.reopen(stay_id=first.stay_id, place_id=_place(first.stay_id), why=Why.CAME_BACK, by=vatra)
    assert _history(first.stay_id) == _history(second.stay_id) == []


def test_a_wrong_end_is_struck_and_the_stay_goes_on(vatra: Actor) -> None:
    today = days.today()
    opened = admitted(vatra, days_ago=3)
    place = _place(opened.stay_id)
    _left(opened.stay_id, vatra, today - timedelta(days=1))
    corrections.reopen(stay_id=opened.stay_id, place_id=place, why=Why.OTHER_PERSON, by=vatra)
    line = store.stay(opened.stay_id, by=vatra)
    assert (line.ended_on, line.exit_reason, line.nights) == (None, "", 3)
    (struck,) = _history(opened.stay_id)
    assert struck.was_ended_on == today - timedelta(days=1)
    assert (struck.was["exit_reason"], struck.was["destination"]) == (str(FAMILY[0]), str(FAMILY[1]))
    with pytest.raises(CorrectionRefused, match="still_open"):
        corrections.reopen(stay_id=opened.stay_id, place_id=place, why=Why.OTHER_PERSON, by=vatra)


def test_a_corrected_end_passes_the_same_gates(vatra: Actor) -> None:
    today = days.today()
    foreign = admitted(vatra, MOLDOVAN, days_ago=3)
    informed(foreign.case_id, vatra, on=today - timedelta(days=1))
    _left(foreign.stay_id, vatra, today)
    untold = today - timedelta(days=2)
    home = Exit(untold, ExitReason.REPATRIATED, Destination.COUNTRY_OF_CITIZENSHIP, "")
    abroad = Exit(untold, *FAMILY, "MD")
    with pytest.raises(GateClosed, match="untold"):
        corrections.correct_exit(
            stay_id=foreign.stay_id, exit_=Exit(untold, *FAMILY, "home"), why=Why.KNOWN_LATER, by=vatra
        )
    for exit_ in (home, abroad, Exit(untold, *FAMILY, "unknown")):
        with pytest.raises(GateClosed, match="not_informed"):
            corrections.correct_exit(stay_id=foreign.stay_id, exit_=exit_, why=Why.KNOWN_LATER, by=vatra)
    for reason in (ExitReason.MISSING, ExitReason.LEFT_ALONE, ExitReason.DIED, ExitReason.ENTERED_BY_MISTAKE):
        with pytest.raises(ImpossibleStay, match=r"missing|left_alone|died|taken_back"):
            corrections.correct_exit(
                stay_id=foreign.stay_id, exit_=Exit(today, reason, Destination.UNKNOWN), why=Why.KNOWN_LATER, by=vatra
            )
    assert _row(foreign.stay_id).destination_country == "home"
    assert _history(foreign.stay_id) == []
    own = Exit(today - timedelta(days=1), ExitReason.INDEPENDENT_LIVING, Destination.OWN_HOME, "home")
    corrections.check_exit(stay_id=foreign.stay_id, exit_=own, by=vatra)
    assert _history(foreign.stay_id) == []
    corrections.correct_exit(stay_id=foreign.stay_id, exit_=own, why=Why.KNOWN_LATER, by=vatra)
    row = _row(foreign.stay_id)
    assert (row.exit_reason, row.ended_on) == ("independent_living", today - timedelta(days=1))
    assert _history(foreign.stay_id)[0].was["exit_reason"] == "reintegrated_with_family"


def test_who_left_alone_by_mistake_is_back_and_the_desk_is_told(vatra: Actor) -> None:
    worker, desk = factories.actor("vatra.case_worker"), factories.actor("ra.duty_officer")
    opened = admitted(vatra, ALBANIAN, days_ago=2)
    left_id = absences.record_left(
        stay_id=opened.stay_id, left_on=days.today(), destination=Destination.UNKNOWN, where="unknown", by=vatra
    )
    absences.confirm_left(left_id=left_id, by=worker)
    what_desks_know.left_known(left_id=left_id, by=desk)
    assert [each.known for each in absence_store.left(by=desk)] == [True]
    with pytest.raises(CorrectionRefused, match="two_members"):
        corrections.correct_exit(
            stay_id=opened.stay_id, exit_=Exit(days.today(), *FAMILY, "home"), why=Why.KNOWN_LATER, by=vatra
        )
    place = _place(opened.stay_id)
    corrections.doubt(stay_id=opened.stay_id, why=Why.CAME_BACK, by=worker)
    corrections.reopen(stay_id=opened.stay_id, place_id=place, why=Why.CAME_BACK, by=vatra)
    assert [(each.struck, each.known) for each in absence_store.left(by=desk)] == [(True, False)]
    assert _history(opened.stay_id)[0].was["left_confirmed_by_id"] == str(worker.member_id)
    # The record can be made again, and again by two.
    again = absences.record_left(
        stay_id=opened.stay_id, left_on=days.today(), destination=Destination.UNKNOWN, where="unknown", by=vatra
    )
    absences.confirm_left(left_id=again, by=worker)
    assert _row(opened.stay_id).exit_reason == "left_alone"


def test_a_later_stay_or_an_alarm_keeps_an_end_as_it_is(vatra: Actor) -> None:
    today = days.today()
    opened = admitted(vatra, days_ago=5)
    place = _place(opened.stay_id)
    _left(opened.stay_id, vatra, today - timedelta(days=4))
    again = stays.admit(
        case_id=opened.case_id,
        place_id=place,
        admitted_on=today - timedelta(days=2),
        anticipated_end_on=today + timedelta(days=9),
        by=vatra,
    )
    with pytest.raises(CorrectionRefused, match="later_stay"):
        corrections.reopen(stay_id=opened.stay_id, place_id=place, why=Why.CAME_BACK, by=vatra)
    with pytest.raises(ImpossibleStay, match="overlaps_later"):
        corrections.correct_exit(
            stay_id=opened.stay_id, exit_=Exit(today, *FAMILY, "home"), why=Why.KNOWN_LATER, by=vatra
        )
    with pytest.raises(ImpossibleStay, match="overlaps"):
        corrections.correct_admission(stay_id=again, admitted_on=today - timedelta(days=5), why=Why.MISTYPED, by=vatra)


# --- an arrival that never was


def _arrived(by: Actor) -> tuple[uuid.UUID, uuid.UUID, uuid.UUID]:
    """(referral, case, stay) of somebody who was referred and is said to have arrived."""
    line = sent(factories.actor("rinas.border_officer"), by.organisation_code)
    place = bed(by.organisation_code, 4)
    case_id = referrals.accept(referral_id=line.referral_id, place_id=place, by=by)
    referrals.arrive(referral_id=line.referral_id, by=by)
    today = days.today()
    stay_id = stays.admit(
        case_id=case_id, place_id=place, admitted_on=today, anticipated_end_on=today + timedelta(days=10), by=by
    )
    return line.referral_id, case_id, stay_id


def test_what_is_kept_as_a_quarter_is_told_as_a_quarter(vatra: Actor, sign_in: Callable[[str], Person]) -> None:
    """Once the person has arrived no more is kept: "1 October" was a day on which nothing had happened."""
    assert vatra
    nrc, rinas = factories.actor("nrc.case_worker"), sign_in("rinas.border_officer")
    line = sent(factories.actor("rinas.border_officer"))
    later = clock.now() + timedelta(hours=2)
    referrals.accept(referral_id=line.referral_id, place_id=bed("NRC", 4), expected_at=later, by=nrc)
    referrals.not_arrived(referral_id=line.referral_id, by=nrc)
    mistakes.await_again(referral_id=line.referral_id, why=Why.MISTYPED, by=nrc)
    referrals.arrive(referral_id=line.referral_id, by=nrc)
    corrections.take_back_arrival(referral_id=line.referral_id, why=Why.MISTYPED, by=nrc)
    said = rinas.get(f"/referrals/{line.referral_id}?lang=en").split("Recorded by mistake, and taken back")[1]
    quarter = Quarter.of(days.today())
    assert f"{quarter.start.day} {quarter.start:%B %Y}" not in said.split("</ul>")[0]
    assert str(quarter.year) in said.split("</ul>")[0]
    kept = MistakeLine("not_come", "mistyped", "", date(2026, 10, 1))
    assert kept.quarter == "2026Q4"
    assert MistakeLine("not_come", "mistyped", "", date(2026, 11, 29)).quarter == ""


def test_an_arrival_that_was_wrong_is_taken_back_and_she_is_expected_again(vatra: Actor) -> None:
    nrc = factories.actor("nrc.case_worker")
    referral_id, case_id, stay_id = _arrived(nrc)
    with pytest.raises(NotVisible):
        corrections.take_back_arrival(referral_id=referral_id, why=Why.OTHER_PERSON, by=vatra)
    assert corrections.take_back_arrival(referral_id=referral_id, why=Why.OTHER_PERSON, by=nrc) == case_id
    row = _row(stay_id)
    assert (row.exit_reason, row.ended_on, row.child_gate) == ("entered_by_mistake", row.admitted_on, "not_there")
    referral = db.session.get_one(Referral, referral_id, populate_existing=True)
    assert (referral.status, referral.arrived_at) == ("accepted", None)
    room = place_store.room(by=nrc)
    assert (room.taken, room.held) == (0, 1)
    assert not store.of_case(case_id, by=nrc).may_admit
    assert _history(stay_id)[0].kind == "arrival"
    # She comes after all: one stay of hers counts, and it came with this referral.
    referrals.arrive(referral_id=referral_id, by=nrc)
    assert store.of_case(case_id, by=nrc).may_admit
    again = stays.admit(
        case_id=case_id,
        place_id=_place(stay_id),
        admitted_on=days.today(),
        anticipated_end_on=days.today() + timedelta(days=3),
        by=nrc,
    )
    assert _row(again).referral_id == referral_id


def test_a_child_does_not_leave_by_an_arrival_that_is_taken_back(vatra: Actor) -> None:
    nrc = factories.actor("nrc.case_worker")
    referral_id, case_id, _ = _arrived(nrc)
    db.session.execute(update(Case).where(Case.id == case_id).values(age_class="child"))
    db.session.commit()
    corrections.take_back_arrival(referral_id=referral_id, why=Why.MISTOLD, by=nrc)
    with pytest.raises(CaseRefused, match="referral_open"):
        cases.close(case_id=case_id, by=nrc)
    # Said not to have come, she is still nobody's to close without the findings.
    referrals.not_arrived(referral_id=referral_id, by=nrc)
    with pytest.raises(GateClosed, match="assessments_missing"):
        cases.close(case_id=case_id, by=nrc)
    opened = admitted(vatra, CHILD)
    leaving = Exit(days.today(), ExitReason.ENTERED_BY_MISTAKE, Destination.NONE)
    with pytest.raises(ImpossibleStay, match="taken_back"):
        stays.end(
            stay_id=opened.stay_id,
            ended_on=leaving.ended_on,
            exit_reason=leaving.reason,
            destination=leaving.destination,
            by=vatra,
        )


def test_an_arrival_stays_once_more_has_happened(vatra: Actor) -> None:
    assert vatra
    nrc = factories.actor("nrc.case_worker")
    referral_id, _, stay_id = _arrived(nrc)
    today = days.today()
    db.session.execute(update(Stay).where(Stay.id == stay_id).values(known_on=today - timedelta(days=8)))
    db.session.commit()
    with pytest.raises(CorrectionRefused, match="too_late"):
        corrections.take_back_arrival(referral_id=referral_id, why=Why.MISTOLD, by=nrc)
    _left(stay_id, nrc, today, (ExitReason.INDEPENDENT_LIVING, Destination.OWN_HOME))
    with pytest.raises(CorrectionRefused, match="no_arrival"):
        corrections.take_back_arrival(referral_id=referral_id, why=Why.MISTOLD, by=nrc)


@pytest.mark.parametrize(
    ("values", "check"),
    [
        ({"exit_reason": "entered_by_mistake", "destination": "none", "child_gate": "adult"}, "taken_back"),
        ({"exit_reason": "entered_by_mistake", "destination": "none", "child_gate": "not_there"}, "taken_back"),
        ({"exit_reason": "expelled", "destination": "family", "child_gate": "not_there"}, "child_leaves|taken_back"),
        (
            {
                "exit_reason": "entered_by_mistake",
                "destination": "none",
                "child_gate": "not_there",
                "taken_back_on": date(2026, 1, 1),
            },
            "taken_back",  # she came without a referral, so no arrival was taken back
        ),
        (
            {
                "exit_reason": "entered_by_mistake",
                "destination": "family",
                "child_gate": "not_there",
                "taken_back_on": date(2026, 1, 1),
            },
            "destination_fits|taken_back",
        ),
    ],
)
def test_no_row_written_by_hand_lets_anybody_out_as_never_there(
    vatra: Actor, values: dict[str, object], check: str
) -> None:
    opened = admitted(vatra, CHILD)
    on = _row(opened.stay_id).admitted_on
    by_hand = update(Stay).where(Stay.id == opened.stay_id).values(ended_on=on, destination_country="home", **values)
    with pytest.raises(IntegrityError, match=check):
        db.session.execute(by_hand)
    db.session.rollback()


# --- what counts, and when


def test_a_report_says_what_was_known_at_its_end_and_a_payment_corrects_the_next(
    vatra: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    quarter = Quarter.parse("2026Q1")
    opened = admitted(vatra, dataclasses.replace(ALBANIAN, source=Source.ALREADY_THERE))
    values = {"admitted_on": date(2026, 2, 1), "known_on": date(2026, 2, 1), "anticipated_end_on": date(2026, 12, 31)}
    db.session.execute(update(Stay).where(Stay.id == opened.stay_id).values(**values))
    db.session.execute(update(Case).where(Case.id == opened.case_id).values(registered_month=date(2026, 2, 1)))
    db.session.commit()
    paid = _frozen(quarter)
    assert paid == (59, 0)
    corrections.correct_admission(stay_id=opened.stay_id, admitted_on=date(2026, 2, 11), why=Why.MISTYPED, by=vatra)
    monkeypatch.setattr(days, "today", lambda: date(2026, 9, 1))
    _left(opened.stay_id, vatra, date(2026, 3, 11))
    corrections.reopen(stay_id=opened.stay_id, place_id=_place(opened.stay_id), why=Why.CAME_BACK, by=vatra)
    (person,) = counting.people(db.session.connection(), quarter, by=counting.RELEASE)
    assert [(stay.admitted_on, stay.ended_on) for stay in person.stays] == [(date(2026, 2, 1), None)]
    later = Quarter.parse("2027Q1")
    (person,) = counting.people(db.session.connection(), later, by=counting.RELEASE)
    assert [(stay.admitted_on, stay.ended_on) for stay in person.stays] == [(date(2026, 2, 11), None)]
    assert _frozen(Quarter.parse("2026Q2")) == (91, -10)


def _frozen(quarter: Quarter) -> tuple[int, int]:
    """The nights of VATRA and those of earlier quarters, as they are frozen with this one."""
    found = payment_lines.lines(quarter, by=counting.RELEASE)
    own = [line for line in found if line.organisation_id == organisation("VATRA")]
    db.session.add_all(found)
    db.session.commit()
    return own[0].nights, own[0].earlier


def test_an_arrival_that_was_taken_back_was_counted_nowhere(vatra: Actor) -> None:
    assert vatra
    nrc = factories.actor("nrc.case_worker")
    referral_id, case_id, _ = _arrived(nrc)
    quarter = Quarter.of(days.today())
    corrections.take_back_arrival(referral_id=referral_id, why=Why.OTHER_PERSON, by=nrc)
    found = counting.people(db.session.connection(), quarter, by=counting.RELEASE)
    assert [person.stays for person in found if person.person == case_id.hex] in ([], [()])


# --- the place


def _nights(stay_id: uuid.UUID) -> list[tuple[uuid.UUID | None, date, date | None]]:
    """Where the person of a stay slept, as it is known now."""
    found = select(Occupancy).where(Occupancy.stay_id == stay_id, Occupancy.struck_on.is_(None))
    rows = db.session.scalars(found.order_by(Occupancy.from_on).execution_options(populate_existing=True))
    return [(row.place_id, row.from_on, row.until_on) for row in rows]


def test_a_wrong_place_is_struck_from_the_day_on_and_no_place_has_two(vatra: Actor) -> None:
    today = days.today()
    first, second = admitted(vatra, days_ago=6), admitted(vatra, days_ago=2)
    wrong, others = _place(first.stay_id), _place(second.stay_id)
    free = place_store.free_places(by=vatra)[0][0]
    from_on = today - timedelta(days=4)
    with pytest.raises(ImpossibleStay, match="place_taken"):
        corrections.correct_place(
            stay_id=first.stay_id, place_id=others, from_on=from_on, why=Why.OTHER_PERSON, by=vatra
        )
    for day in (today - timedelta(days=7), today + timedelta(days=1)):
        with pytest.raises(CorrectionRefused, match="not_there"):
            corrections.correct_place(stay_id=first.stay_id, place_id=free, from_on=day, why=Why.MISTYPED, by=vatra)
    with pytest.raises(CorrectionRefused, match="same"):
        corrections.correct_place(stay_id=first.stay_id, place_id=wrong, from_on=from_on, why=Why.MISTYPED, by=vatra)
    corrections.correct_place(stay_id=first.stay_id, place_id=free, from_on=from_on, why=Why.MISTYPED, by=vatra)
    assert _nights(first.stay_id) == [
        (wrong, today - timedelta(days=6), from_on),
        (free, from_on, None),
    ]
    everything = select(func.count()).select_from(Occupancy).where(Occupancy.stay_id == first.stay_id)
    assert db.session.scalar(everything) == 3
    assert [each.kind for each in _history(first.stay_id)] == ["place"]
    (line,) = history_store.corrections(first.stay_id, by=vatra)
    label = next(each.label for each in place_store.places(by=vatra) if each.id == wrong)
    assert line.places == ((from_on, label),)
    page = Person(current_app.test_client(), "vatra.case_worker").get(f"/stays/{first.stay_id}?lang=en")
    assert f"{label} from" in page[page.index("<h2>Corrected</h2>") :]
    # Her admission cannot come after the day on which she has the other place, and an earlier one keeps the first.
    with pytest.raises(CorrectionRefused, match="before_move"):
        corrections.correct_admission(stay_id=first.stay_id, admitted_on=from_on, why=Why.MISTYPED, by=vatra)
    earlier = today - timedelta(days=8)
    corrections.correct_admission(stay_id=first.stay_id, admitted_on=earlier, why=Why.MISTYPED, by=vatra)
    assert _nights(first.stay_id)[0] == (wrong, earlier, from_on)


def test_the_nights_of_a_place_follow_a_corrected_end(vatra: Actor) -> None:
    today = days.today()
    opened = admitted(vatra, days_ago=9)
    place = _place(opened.stay_id)
    _left(opened.stay_id, vatra, today - timedelta(days=3))
    begun = today - timedelta(days=9)
    for on in (today - timedelta(days=6), today - timedelta(days=1)):
        corrections.correct_exit(stay_id=opened.stay_id, exit_=Exit(on, *FAMILY, "home"), why=Why.MISTYPED, by=vatra)
        assert _nights(opened.stay_id) == [(place, begun, on)]
    corrections.check_exit(stay_id=opened.stay_id, exit_=Exit(today, *FAMILY, "home"), by=vatra)
    assert _nights(opened.stay_id) == [(place, begun, today - timedelta(days=1))]
    corrections.reopen(stay_id=opened.stay_id, place_id=place, why=Why.CAME_BACK, by=vatra)
    assert _nights(opened.stay_id) == [
        (place, begun, today - timedelta(days=1)),
        (place, today - timedelta(days=1), None),
    ]


# --- the arrival of a move, and ends of two members


def _moved(vatra: Actor, hand_over: HandOver) -> tuple[uuid.UUID, uuid.UUID, uuid.UUID]:
    """(referral, case, stay at Vatra) of somebody who moved from there to the reception centre, and has arrived."""
    nrc = factories.actor("nrc.case_worker")
    opened = admitted(vatra, days_ago=3)
    referral_id = next_receiver.refer(
        case_id=opened.case_id,
        receiver_id=organisation("NRC"),
        reason=OverrideReason.PERSON_WISHES,
        by_name=ByName.YES,
        hand_over=hand_over,
        by=vatra,
    )
    referrals.accept(referral_id=referral_id, place_id=bed("NRC", 4), by=nrc)
    referrals.arrive(referral_id=referral_id, by=nrc)
    return referral_id, opened.case_id, opened.stay_id


@pytest.mark.parametrize("hand_over", [HAND_OVER, NOT_SAFE], ids=["both write", "at once"])
def test_the_arrival_of_a_move_stays_and_its_page_says_what_to_do(
    vatra: Actor, sign_in: SignIn, hand_over: HandOver
) -> None:
    referral_id, case_id, stay_id = _moved(vatra, hand_over)
    nrc = factories.actor("nrc.case_worker")
    with pytest.raises(CorrectionRefused, match="of_a_move"):
        corrections.take_back_arrival(referral_id=referral_id, why=Why.OTHER_PERSON, by=nrc)
    assert db.session.get_one(Referral, referral_id, populate_existing=True).status == "arrived"
    db.session.rollback()
    person, address = sign_in("nrc.case_worker"), f"/referrals/{referral_id}/arrival/back"
    page = str(person.get(f"{address}?lang=en", 409))
    assert "<textarea" not in page
    assert 'name="why"' not in page
    assert f"/cases/{case_id}/refer" in page
    assert f"/cases/{case_id}/missing" in page
    person.post(address, {"why": "mistold"}, 409)
    sign_in("tjeter_vizion.case_worker").get(address, 404)
    # The way that the page shows: the shelter in which the person still is takes them again.
    back = next_receiver.refer(
        case_id=case_id,
        receiver_id=vatra.organisation_id,
        reason=OverrideReason.PERSON_WISHES,
        by_name=ByName.YES,
        hand_over=HAND_OVER,
        by=nrc,
    )
    referrals.accept(referral_id=back, place_id=bed("VATRA", 3), by=vatra)
    referrals.arrive(referral_id=back, by=vatra)
    assert db.session.get_one(Case, case_id, populate_existing=True).holder_id == vatra.organisation_id
    assert store.of_case(case_id, by=vatra).may_admit
    assert _row(stay_id).exit_reason == "transferred"


@pytest.mark.parametrize("kind", ["left", "died"])
def test_an_end_that_two_members_recorded_is_struck_by_two(vatra: Actor, sign_in: SignIn, kind: str) -> None:
    opened = admitted(vatra, days_ago=5)
    place, today = _place(opened.stay_id), days.today()
    worker = factories.actor("vatra.case_worker")
    if kind == "died":
        left_id = absences.record_death(stay_id=opened.stay_id, died_on=today, by=vatra)
    else:
        left_id = absences.record_left(
            stay_id=opened.stay_id, left_on=today, destination=Destination.UNKNOWN, where="unknown", by=vatra
        )
    absences.confirm_left(left_id=left_id, by=worker)
    back = {"stay_id": opened.stay_id, "place_id": place, "why": Why.CAME_BACK}
    with pytest.raises(CorrectionRefused, match="two_strike"):
        corrections.reopen(**back, by=vatra)
    with pytest.raises(NotVisible):
        corrections.doubt(stay_id=opened.stay_id, why=Why.CAME_BACK, by=factories.actor("nrc.case_worker"))
    db.session.rollback()
    first, second = sign_in("vatra.shelter_manager"), sign_in("vatra.case_worker")
    address = f"/stays/{opened.stay_id}/correct/reopen"
    assert 'name="bed"' not in first.get(address)
    first.post(address, {}, 422)
    first.post(address, {"why": "came_back"})
    assert f"/left/{left_id}" in second.get("/")
    assert "ask a second member" not in second.get(f"{address}?lang=en")
    label = store.stay(opened.stay_id, by=vatra).place
    db.session.rollback()
    first.post(address, {"bed": label, "why": "came_back"}, 409)
    sign_in("nrc.case_worker").post(f"{address}/back", {}, 404)
    second.post(f"{address}/back", {})
    second.post(f"{address}/back", {}, 409)
    with pytest.raises(CorrectionRefused, match="two_strike"):
        corrections.reopen(**back, by=worker)
    db.session.rollback()
    first.post(address, {"why": "came_back"})
    second.post(address, {"bed": label, "why": "came_back"})
    db.session.rollback()
    assert store.stay(opened.stay_id, by=vatra).ended_on is None
    with pytest.raises(IntegrityError, match="struck_by_two"), transaction() as session:
        session.execute(update(LeftAlone).where(LeftAlone.id == left_id).values(struck_by_id=LeftAlone.doubted_by_id))


def test_the_page_says_before_the_form_that_it_is_too_late_to_take_an_arrival_back(app: Flask, sign_in: SignIn) -> None:
    assert app
    referral_id, _, _ = _arrived(factories.actor("nrc.case_worker"))
    address = f"/referrals/{referral_id}/arrival/back?lang=en"
    assert 'name="why"' in sign_in("nrc.case_worker").get(address)
    factories.later(days=60)
    page = sign_in("nrc.case_worker").get(address, 409)
    assert "more than seven days ago" in page
    assert 'name="why"' not in page
