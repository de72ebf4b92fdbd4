"""A form that is sent again with other words, or by somebody else, says that these were not recorded (ADR 0232)."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import func, select

from nrm import clock
from nrm.db import Model, db
from nrm.models.interviews.family_notices import FamilyNotice
from nrm.models.interviews.helpline import HelplineCall
from nrm.models.referrals.announced_returns import AnnouncedReturn
from nrm.models.shelter.data_requests import PersonRequest
from nrm.store.countries import country
from tests import factories
from tests.conftest import Person
from tests.factories_stays import admitted

SignIn = Callable[[str], Person]
SAID = "What you changed was not recorded"
MET = {"parent": "yes", "papers": "yes", "noticed": "no", "danger": "no", "looked_for": "no"}


def hidden(page: str, *names: str) -> dict[str, object]:
    """What the form on the page carries, without being asked."""
    return {name: re.search(rf'name="{name}" value="([0-9a-f-]{{36}})"', page)[1] for name in names}  # type: ignore[index]


def ticked(page: str) -> dict[str, object]:
    """What the page has ticked for one more press, with what it was asked about (ADR 0257)."""
    asked = re.findall(r'name="asked_alike" type="hidden" value="([0-9a-f-]{36})"', page)
    return (
        {"asked_alike": asked[0], "is_another": "y"} if asked and 'name="is_another" value="y" checked' in page else {}
    )


def notice() -> tuple[str, str, str, dict[str, object], dict[str, object], type[Model]]:
    day = clock.today(country().timezone) + timedelta(days=1)
    said: dict[str, object] = {
        "origin": "consulate",
        "country": "Italia",
        "post": "RINAS",
        "hour": "",
        "child": "unknown",
    }
    said |= {f"day-{part}": getattr(day, part) for part in ("day", "month", "year")} | {"name": "Lule Planted"}
    return (
        "consular.consular_officer",
        "/notices/new",
        "/notices",
        said,
        {"name": "Drita Lamaj"},
        AnnouncedReturn,
    )


def call() -> tuple[str, str, str, dict[str, object], dict[str, object], type[Model]]:
    said: dict[str, object] = {"outcome": "call_back", "topic": "missing", "caller": "family", "language": "it"}
    said |= {"note": "the first"}
    new = "/helpline/calls/new"
    return "helpline.helpline_operator", new, "/helpline/calls", said, {"note": "the second"}, HelplineCall


def asked() -> tuple[str, str, str, dict[str, object], dict[str, object], type[Model]]:
    by = factories.actor("vatra.shelter_manager")
    first, second = (admitted(by, bed=bed, days_ago=3).pseudonym for bed in (0, 1))
    new, said = "/requests/new", {"code": first, "kind": "erasure"}
    return "helpline.helpline_operator", new, new, dict(said), {"code": second}, PersonRequest


def family() -> tuple[str, str, str, dict[str, object], dict[str, object], type[Model]]:
    new = "/family-notices/new"
    said: dict[str, object] = {**MET, "children": "2", "ages": "2, 5"}
    return "rinas.border_officer", new, new, said, {"children": "1", "ages": "9"}, FamilyNotice


def number(of: type[Model]) -> int:
    db.session.rollback()
    return db.session.scalar(select(func.count()).select_from(of)) or 0


@pytest.mark.slow
@pytest.mark.parametrize("form", [notice, call, asked, family])
def test_other_words_under_the_same_number_are_said_not_to_be_recorded_and_one_more_press_records_them(
    app: Flask,
    sign_in: SignIn,
    form: Callable[[], tuple[str, str, str, dict[str, object], dict[str, object], type[Model]]],
) -> None:
    assert app
    login, new, address, said, other, rows = form()
    person = sign_in(login)
    names = ("id", "interview") if rows is HelplineCall else ("id",)
    sent = {**hidden(person.get(new), *names), **said}
    first = person.post(address, sent)
    assert person.post(address, sent) == first  # the same words: as the first time
    assert number(rows) == 1
    page = person.post(f"{address}?lang=en", {**sent, **other}, status=409)
    assert SAID in page
    for text in other.values():
        assert f'value="{text}"' in page or f">{text}<" in page.replace("\n", "")
    assert number(rows) == 1
    anew = hidden(page, *names)
    assert anew["id"] != sent["id"]
    person.post(address, {**sent, **other, **anew, **ticked(page)})
    assert number(rows) == 2
    assert person.post(address, sent) == first


@pytest.mark.slow
def test_another_member_who_sends_the_same_form_does_not_get_the_first_one(app: Flask, sign_in: SignIn) -> None:
    assert app
    _, new, address, said, _, rows = family()
    one, other = sign_in("rinas.border_officer"), sign_in("durres.border_officer")
    sent = {**hidden(one.get(new), "id"), **said}
    one.post(address, sent)
    assert SAID in other.post(f"{address}?lang=en", sent, status=409)
    assert number(rows) == 1
