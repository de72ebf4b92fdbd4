"""Who is told to call an office reads its number where that is asked, from the country's data and the agreement."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pytest
from flask import Flask

from nrm.domain.accounts.accounts import OrganisationKind
from nrm.domain.quarters import Quarter
from nrm.domain.reports.register import Answer
from nrm.store import names
from nrm.store.countries import country
from nrm.web import telephones
from tests import accommodated, factories_filings
from tests.client import Person

SignIn = Callable[[str], Person]
Q1 = Quarter(2026, 1)


def link(number: str) -> str:
    assert number
    return f'<a href="tel:{number.replace(" ", "")}">{number}</a>'


@pytest.mark.slow
def test_each_agency_that_is_late_stands_with_its_number(app: Flask, sign_in: SignIn) -> None:
    factories_filings.begin(date(2026, 7, 10))
    agencies = {each.filed_by for each in country().register.tables.values()}
    for login in ("molsa.statistician", "oms.coordinator"):
        person = sign_in(login)
        for code in agencies:
            assert link(telephones.of_office(code)) in person.get("/register?lang=en"), code
        assert person.get("/?lang=en").count('days late <a href="tel:') == 5
    for code in country().register.tables:
        factories_filings.file(code, Q1, Answer.NO_REPORT)
    assert "tel:" not in sign_in("molsa.statistician").get("/register?lang=en")


@pytest.mark.slow
def test_who_has_not_confirmed_their_part_stands_with_the_number_of_the_agreement(app: Flask, sign_in: SignIn) -> None:
    accommodated.at(date(2026, 7, 20))
    accommodated.many(2, seed=3)
    statistician = sign_in("molsa.statistician")
    with app.test_request_context():
        number = names.number_now("VATRA")
    for address in ("/?lang=en", "/reports/quarter/2026Q2?lang=en"):
        assert link(number) in statistician.get(address), address
    refused = statistician.post("/reports/ix/2026Q2/close?lang=en", status=409)
    assert link(number) in refused


@pytest.mark.slow
def test_the_coordinator_is_the_office_that_the_reports_go_to(app: Flask, sign_in: SignIn) -> None:
    office = country().organisations[country().calendar.recipient]
    with app.test_request_context():
        assert telephones.coordinator()[0].number == office.on_call
        assert telephones.of_office("NOBODY") == ""
    page = sign_in("ra.duty_officer").get("/directory?lang=en")
    line = page[page.index(office.names["en"]) :]
    assert link(office.on_call) in line[: line.index("</tr>")]
    assert "Coordinator" in line[: line.index("</tr>")]
    own = sign_in("vatra.shelter_manager")
    assert link(office.on_call) in own.get("/directory?lang=en")
    moved = own.client.get("/readiness/own").headers["Location"]
    assert link(office.on_call) in own.get(moved + "?lang=en")


def test_a_country_without_a_number_of_the_coordinator_says_none(
    app: Flask, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(telephones, "of_office", lambda code: "")
    with app.test_request_context():
        assert telephones.coordinator() == ()
    assert ">Coordinator<" not in sign_in("ra.duty_officer").get("/directory?lang=en")


def test_every_agency_of_the_shipped_country_that_somebody_is_told_to_call_has_a_number(app: Flask) -> None:
    with app.test_request_context():
        for code, each in country().organisations.items():
            if each.kind is OrganisationKind.MINISTRY:
                assert telephones.of_office(code), code
