"""A sheet that opened a case and is sent again leads to that case: one person never becomes two cases."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from functools import partial

import pytest
from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from nrm.actions.shelter import direct_intake
from nrm.db import db
from nrm.models.shelter.cases import Case
from tests import factories
from tests.client import Person
from tests.factories_stays import admitted
from tests.races import all_at_once

SignIn = Callable[[str], Person]
WORKER = "vatra.case_worker"
WHO: dict[str, object] = {
    "age_class": "child",
    "age": "15",
    "gender": "feminine",
    "citizenship": "AL",
    "official": "no",
}
PLACED: dict[str, object] = {"step": "2", "given": "Zamira", "bed": "V07", "admitted": "today", "planned": "30"}
SHEETS = ("/cases/new", "child")


@pytest.fixture(params=SHEETS)
def sheet(request: pytest.FixtureRequest, app: Flask) -> tuple[str, dict[str, object]]:
    """(address, what is sent on the first page): of somebody who came alone, and of a child who came along."""
    assert app
    if request.param == "child":
        return f"/cases/{admitted(factories.actor(WORKER)).case_id}/child", WHO
    return str(request.param), {**WHO, "source": "own"}


def once_of(page: str) -> str:
    found = re.search(r'name="once" value="([0-9a-f-]{36})"', page)
    assert found
    return found[1]


def cases() -> int:
    db.session.rollback()
    return db.session.scalar(select(func.count()).select_from(Case)) or 0


def case_of(address: str) -> str:
    found = re.search(r"/cases/([0-9a-f-]{36})/opened", address)
    assert found, address
    return found[1]


@pytest.mark.slow
def test_the_sheet_sent_again_leads_to_the_case_that_it_opened_whatever_place_was_chosen(
    sign_in: SignIn, sheet: tuple[str, dict[str, object]]
) -> None:
    path, who = sheet
    person, before = sign_in(WORKER), cases()
    first_page = {**who, "once": once_of(person.get(path))}
    second_page = {**first_page, **PLACED, "once": once_of(person.post(path, first_page, 200))}
    opened = person.post(path, second_page)
    assert cases() == before + 1
    # The first page again: "send the form again?" after the browser's way back.
    for again in (first_page, second_page, {**second_page, "bed": "V08"}, {**second_page, "given": "Drita"}):
        where = person.post(path, again)
        assert case_of(where) == case_of(opened)
        said = person.get(f"{where}&lang=en")
        assert "The case is open already" in said
        assert f"/cases/{case_of(opened)}" in said
    assert "already" not in person.get(f"{opened}?lang=en")
    assert cases() == before + 1


@pytest.mark.slow
def test_both_presses_at_once_open_one_case(app: Flask, sign_in: SignIn, sheet: tuple[str, dict[str, object]]) -> None:
    path, who = sheet
    person, before = sign_in(WORKER), cases()
    sent = {**who, **PLACED, "once": once_of(person.get(path)), "csrf_token": person.csrf_token}
    cookies = [(each.key, each.value) for each in person.client._cookies.values()]

    def press(bed: str) -> Callable[[], tuple[int, str]]:
        def send() -> tuple[int, str]:
            client = app.test_client()
            for name, value in cookies:
                client.set_cookie(name, value)
            answer = client.post(path, data={**sent, "bed": bed})
            return answer.status_code, case_of(answer.headers.get("Location", answer.text[:3000]))

        return send

    given, raised = all_at_once(app, press("V07"), press("V08"), press("V07"))
    assert raised == []
    assert len(set(given)) == 1
    assert cases() == before + 1


@pytest.mark.slow
def test_the_next_person_has_a_sheet_of_their_own(sign_in: SignIn, sheet: tuple[str, dict[str, object]]) -> None:
    path, who = sheet
    person, before = sign_in(WORKER), cases()
    for bed in ("V07", "V08"):
        person.post(path, {**who, **PLACED, "bed": bed, "once": once_of(person.get(path))})
    assert cases() == before + 2


@pytest.mark.slow
def test_a_sheet_that_was_refused_or_gone_back_from_stays_the_same_sheet(
    sign_in: SignIn, sheet: tuple[str, dict[str, object]]
) -> None:
    path, who = sheet
    person = sign_in(WORKER)
    sent = {**who, **PLACED, "once": once_of(person.get(path))}
    for page, status in (({"bed": "V99"}, 422), ({"back": "1"}, 200), ({"age": "x"}, 422)):
        assert once_of(person.post(path, {**sent, **page}, status)) == sent["once"]


@pytest.mark.parametrize("database", ["app", "postgres_app"])
def test_no_second_case_is_opened_in_the_same_instant_on_either_database(
    request: pytest.FixtureRequest, database: str
) -> None:
    app = request.getfixturevalue(database)
    case_id, worker = uuid.uuid4(), factories.actor(WORKER)
    given, raised = all_at_once(app, *(partial(admitted, worker, bed=bed, case_id=case_id) for bed in range(4)))
    assert [type(each) for each in raised] == [direct_intake.OpenedAlready] * 3
    assert len(given) == 1


def test_another_error_of_the_database_is_not_said_to_be_the_same_sheet(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert app
    worker = factories.actor(WORKER)
    taken = admitted(worker).pseudonym
    monkeypatch.setattr(direct_intake, "_unused_pseudonym", lambda: taken)
    with pytest.raises(IntegrityError):
        admitted(worker, case_id=uuid.uuid4())
