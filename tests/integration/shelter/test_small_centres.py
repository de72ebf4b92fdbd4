"""Nights of a centre with fewer than five residents tell somebody's stay: the payment desk sees places kept instead."""

from __future__ import annotations

import csv
import io
import re
from datetime import date

import pytest
from flask import Flask
from sqlalchemy import select, update

from nrm import clock
from nrm.actions.shelter import places as actions
from nrm.db import transaction
from nrm.domain.accounts.accounts import Actor
from nrm.domain.quarters import Quarter
from nrm.domain.support.contracts import Terms
from nrm.models.reports.reports import PaymentLine
from nrm.models.shelter.places import Occupancy, Place
from nrm.models.shelter.stays import Stay
from nrm.store import names
from nrm.store.shelter import payment_lines as payments
from nrm.store.shelter.payment_lines import Base
from nrm.store.support import subsidies
from nrm.vault import rows as marked
from tests import accommodated, contracts_by_two, factories
from tests.conftest import Person

Q1, Q2, Q3 = Quarter(2026, 1), Quarter(2026, 2), Quarter(2026, 3)
RELEASE = Actor.system("release")


def centre() -> object:
    """One with two places, a third from 1 June on, and an extra place that was made for somebody."""
    nrc = names.organisation_by_code("NRC").id
    with transaction() as session:
        places = session.scalars(select(Place).where(Place.organisation_id == nrc).order_by(Place.label)).all()
        session.execute(
            update(Place).where(Place.organisation_id == nrc).values(until_on=date(2020, 1, 1), closed_why="given_up")
        )
        for place, since in zip(places, (None, None, date(2026, 6, 1)), strict=False):
            place.from_on, place.until_on, place.closed_why = since, None, ""
        session.add(
            Place(
                organisation_id=nrc, label="X1", file_label=None, from_on=date(2026, 5, 1), until_on=date(2026, 5, 8),
                closed_why="extra", extra_why="building_full",
            )
        )  # fmt: skip
    return nrc


def resident(nrc: object, admitted_on: date, ended_on: date | None = None, **codes: object) -> None:
    with transaction() as session:
        person = accommodated.person(session, nrc, **codes)  # type: ignore[arg-type]
        accommodated.stay(session, person, nrc, admitted_on, ended_on)  # type: ignore[arg-type]
        own = session.scalars(select(Occupancy.place_id).join(Stay, Stay.id == Occupancy.stay_id))
        given = {
            "until_on": date(2020, 1, 1),
            "closed_why": "given_up",
        }  # the place that the helper makes for each stay
        session.execute(update(Place).where(Place.id.in_(own.all()), Place.closed_why == "").values(**given))


def freeze(quarter: Quarter) -> None:
    with transaction() as session:
        session.add_all(payments.lines(quarter, by=RELEASE))


def line(login: str, quarter: Quarter) -> Base:
    found = payments.bases(by=factories.actor(login))
    return next(each for each in found if (each.quarter, each.code) == (quarter, "NRC"))


@pytest.fixture
def nrc(app: Flask) -> object:
    assert app
    accommodated.at(date(2026, 10, 20))
    return centre()


def test_one_resident_is_paid_by_places_and_the_desk_sees_no_nights(app: Flask, nrc: object) -> None:
    resident(nrc, date(2026, 4, 27))  # 65 nights
    freeze(Q2)
    seen = line("molsa.payment_officer", Q2)
    # Two places of 91 days and one of 30; the extra place, which says that somebody was in it, is none that is kept.
    assert (seen.basis, seen.nights, seen.earlier, seen.paid) == ("places", None, None, 212)
    own = line("nrc.shelter_manager", Q2)
    assert (own.basis, own.nights, own.earlier, own.paid) == ("places", 65, 0, 212)
    desk = Person(app.test_client(), "molsa.payment_officer")
    sheet = desk.client.post("/payment/csv", data={"csrf_token": desk.csrf_token}).data.decode("utf-8-sig")
    rows = [row for row in csv.reader(io.StringIO(sheet)) if row[1] == "NRC"]
    assert rows[0][4:8] == ["212", "", "", ""]
    for text in (desk.get("/payment"), sheet):
        assert re.search(r"\b65\b", text) is None
    manager = Person(app.test_client(), "nrc.shelter_manager").get("/payment")
    assert re.search(r">65\b", manager)
    assert re.search(r">212\b", manager)
    assert "<small>Vende të mbajtura, secili për çdo ditë</small></td>" in manager


def test_children_who_came_with_their_mother_do_not_make_a_centre_large(nrc: object) -> None:
    resident(nrc, date(2026, 4, 27))
    for _ in range(4):
        resident(nrc, date(2026, 4, 27), source="with_a_victim")
    freeze(Q2)
    assert line("molsa.payment_officer", Q2).basis == "places"


def test_five_residents_are_paid_by_nights_and_the_desk_sees_one_sum(nrc: object) -> None:
    for day in range(1, 6):
        resident(nrc, date(2026, 4, day), date(2026, 4, 11))
    freeze(Q2)
    assert (line("molsa.payment_officer", Q2).basis, line("molsa.payment_officer", Q2).paid) == ("nights", 40)
    resident(nrc, date(2026, 6, 1), date(2026, 6, 8))  # known late: 7 nights
    for day in range(1, 6):
        resident(nrc, date(2026, 7, day), date(2026, 7, 11))
    freeze(Q3)
    seen = line("molsa.payment_officer", Q3)
    assert (seen.nights, seen.earlier, seen.paid) == (None, None, 47)
    own = line("nrc.shelter_manager", Q3)
    assert (own.nights, own.earlier, own.paid) == (40, 7, 47)


def test_what_becomes_known_of_a_quarter_paid_by_places_is_paid_by_no_later_one(nrc: object) -> None:
    for day in range(1, 6):
        resident(nrc, date(2026, 1, day), date(2026, 1, 11))
    freeze(Q1)
    resident(nrc, date(2026, 3, 1), date(2026, 3, 4))  # of the first quarter, known in the second: 3 nights
    resident(nrc, date(2026, 4, 27), date(2026, 5, 7))
    freeze(Q2)
    assert line("molsa.payment_officer", Q2).paid == 212
    resident(nrc, date(2026, 6, 1), date(2026, 6, 8))  # of the second, known in the third
    for day in range(1, 6):
        resident(nrc, date(2026, 7, day), date(2026, 7, 11))
    freeze(Q3)
    assert line("molsa.payment_officer", Q3).paid == 40 + 3
    assert (line("nrc.shelter_manager", Q3).nights, line("nrc.shelter_manager", Q3).earlier) == (40, 7)


def test_what_was_frozen_for_few_before_is_not_shown_to_the_desk_any_more(nrc: object) -> None:
    figures = {"nights": 65, "earlier": 0, "payable": 65, "basis": "withheld", "frozen_at": clock.now()}
    with transaction() as session:
        frozen = PaymentLine(organisation_id=nrc, quarter="2026Q2", to_sign=False, **figures)
        frozen.mark = marked.payment_line_mark(frozen)
        session.add(frozen)
    seen = line("molsa.payment_officer", Q2)
    assert (seen.basis, seen.nights, seen.earlier, seen.paid) == ("withheld", None, None, None)
    assert line("nrc.shelter_manager", Q2).nights == 65


def contract(first: date, last: date = date(2026, 12, 31)) -> None:
    terms = Terms(f"{first}", "Accommodation", 4_000, first, last, nights=(910, 91_000))
    contracts_by_two.recorded(names.organisation_by_code("NRC").id, terms)


def test_of_a_contract_that_begins_within_a_quarter_only_its_days_are_counted(nrc: object) -> None:
    """The nights of the whole quarter were counted against its share."""
    contract(date(2026, 6, 26))
    for day in range(1, 6):
        resident(nrc, date(2026, 4, day), date(2026, 6, 28))
    freeze(Q2)
    assert (line("molsa.payment_officer", Q2).basis, line("molsa.payment_officer", Q2).paid) == ("nights", 5 * 2)
    assert line("nrc.shelter_manager", Q2).nights == sum(
        (date(2026, 6, 28) - date(2026, 4, day)).days for day in range(1, 6)
    )
    resident(nrc, date(2026, 6, 1), date(2026, 6, 29))  # known late: three of its nights are of days that are paid for
    for day in range(1, 6):
        resident(nrc, date(2026, 7, day), date(2026, 7, 11))
    freeze(Q3)
    assert line("molsa.payment_officer", Q3).paid == 40 + 3
    assert line("nrc.shelter_manager", Q3).earlier == 28


def test_places_that_are_kept_are_paid_for_on_the_days_of_a_contract_too(nrc: object) -> None:
    contract(date(2026, 6, 26))
    resident(nrc, date(2026, 4, 27))
    freeze(Q2)
    assert line("molsa.payment_officer", Q2).paid == 3 * 5


def test_a_contract_that_is_recorded_later_takes_nothing_off_in_the_next_quarter(nrc: object) -> None:
    for day in range(1, 6):
        resident(nrc, date(2026, 4, day), date(2026, 4, 11))
    freeze(Q2)
    accommodated.at(date(2026, 10, 21))
    contract(date(2026, 6, 26))
    for day in range(1, 6):
        resident(nrc, date(2026, 7, day), date(2026, 7, 11))
    freeze(Q3)
    assert (line("nrc.shelter_manager", Q2).paid, line("nrc.shelter_manager", Q3).paid) == (40, 40)
    assert subsidies.line(Q2, "NRC", by=factories.actor("nrc.shelter_manager")).base.paid == 0  # none on its days


def test_places_entered_as_there_before_count_from_that_day_and_the_desk_reads_that_they_grew(
    app: Flask, nrc: object
) -> None:
    """One manager entered fifty places in a minute, and they counted for the whole quarter."""
    accommodated.at(date(2026, 9, 21))
    resident(nrc, date(2026, 4, 27))
    freeze(Q2)
    manager = factories.actor("nrc.shelter_manager")
    actions.add(name="Z1", number=50, there_already=True, by=manager)
    freeze(Q3)
    assert line("molsa.payment_officer", Q3).paid == 3 * 92 + 50 * 10
    desk = Person(app.test_client(), "molsa.payment_officer")
    page = desk.get("/payment?lang=en")
    said = "The shelter kept 8 places by the day, and 2 in the quarter before."
    assert page.count(said) == 1
    assert "The shelter kept 8 places by the day" in Person(app.test_client(), "nrc.shelter_manager").get(
        "/payment?lang=en"
    )
    page = desk.get("/payment/2026Q3/NRC/paid?lang=en")
    assert said in page
    assert "in the quarter before" not in desk.get("/payment/2026Q2/NRC/paid?lang=en")
    # Of a contract of five days, recorded after the closing: all fifty stood there on each of them.
    contract(date(2026, 9, 26))
    page = desk.get("/payment/2026Q3/NRC/paid?lang=en")
    assert "The shelter kept 53 places by the day, and 2 in the quarter before." in page


def test_the_same_places_over_a_part_of_a_quarter_are_no_more_than_before(app: Flask, nrc: object) -> None:
    """Those of all days, divided by five, were read as eighteen times as many."""
    resident(nrc, date(2026, 4, 27))
    accommodated.at(date(2027, 1, 20))
    for quarter in (Q3, Q3.next):
        freeze(quarter)
    contract(date(2026, 12, 27))
    desk = Person(app.test_client(), "molsa.payment_officer")
    assert "places by the day" not in desk.get("/payment/2026Q4/NRC/paid?lang=en")
