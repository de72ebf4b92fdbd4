"""People who come back together: what they share is asked once, nobody is lost, and nothing that is kept says so."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, inspect, select, text

from nrm.actions import tending
from nrm.actions.accounts import joining
from nrm.actions.interviews import groups as actions
from nrm.actions.interviews import interviews
from nrm.db import db
from nrm.domain.accounts.accounts import NotVisible, Role
from nrm.models.audit import AuditEntry
from nrm.models.interviews.directives import DirectiveAcknowledgement
from nrm.models.interviews.groups import ReturnGroup
from nrm.models.interviews.interviews import Interview
from nrm.store.interviews import groups as store
from tests import clicks, factories, screened
from tests.conftest import Person
from tests.factories_interviews import confirmation, example, fields, naming_nothing, page_id, questionnaire
from tests.integration.test_races import instance
from tests.races import race

__all__ = ["instance"]

SignIn = Callable[[str], Person]
LOGIN, COLLEAGUE, ELSEWHERE = "rinas.border_officer", "rinas.second_officer", "durres.border_officer"
FERRY = {
    "language": "sq",
    "citizenship_class": "albanian",
    "returned_from": "GR",
    "return_manner": "deported",
    "announced": "yes",
}
SHARED = (*FERRY, "interpreter")
WORDS = ("Shqip", "Shqiptare", "Greqi", "Me dëbim nga autoritetet", "A u njoftua kthimi më parë? Po")


def ordinary(**changed: Any) -> dict[str, Any]:
    """An adult deported from Greece who names nothing."""
    none = {
        "age": "adult",
        "alone": "yes",
        "hurt": "no",
        "interpreter": None,
        "could_leave": "yes",
        "assessment": "none",
    }
    answers = {**example(**naming_nothing()), **FERRY, **none, **changed}
    return {name: value for name, value in answers.items() if value is not None}


def begin_group(person: Person) -> str:
    """Press the buttons that begin a group; the address of the first person's first page."""
    body = person.get("/groups/new")
    return person.post("/groups", _hidden(body, "group", "id"))


def _hidden(body: str, *names: str) -> dict[str, object]:
    found = {name: re.search(rf'name="{name}" value="([0-9a-f-]+)"', body) for name in names}
    assert all(found.values()), body[:3000]
    return {name: each.group(1) for name, each in found.items() if each}


def button(body: str) -> tuple[str, dict[str, object]]:
    """The form of the button for the next person: where it goes, and what it sends."""
    found = re.search(r'action="(/groups/[0-9a-f-]+/next)">(.*?)</form>', body, re.DOTALL)
    assert found, body[:5000]
    return found.group(1), _hidden(found.group(2), "id")


def next_person(person: Person, body: str) -> str:
    """Press it; the address of the next person's first page."""
    return person.post(*button(body))


def stands_on(body: str) -> dict[str, str]:
    """What of the shared questions stands ticked or chosen on a page."""
    return {name: next(iter(values)) for name, values in clicks.standing(body).items() if name in SHARED}


def without_shared(answers: dict[str, Any]) -> dict[str, Any]:
    """The answers that are typed for a next person: what the group shares stands there already."""
    return {name: value for name, value in answers.items() if name not in SHARED}


def walk(person: Person, address: str, answers: dict[str, Any]) -> str:
    """Fill in page after page as a browser would, with what stands on them; the page after the last."""
    for _ in range(20):
        body = person.get(address)
        page = page_id(address).split("?")[0]
        if page == "end":
            address = person.post(address.split("?", maxsplit=1)[0], confirmation(body))
        elif page in questionnaire().pages:
            address = person.post(address, fields(page, body, {**stands_on(body), **answers}))
        else:
            return body
    raise AssertionError(address)


def number_on(body: str) -> int | None:
    """The number of the person, as the page says it."""
    found = re.search(r"Grupi, personi (\d+)", body)
    return int(found.group(1)) if found else None


def join_the_post() -> None:
    """A second officer of the post, who joins and is confirmed."""
    by = factories.actor(LOGIN)
    assert by.organisation_id is not None
    token = joining.invite(
        organisation_id=by.organisation_id, login=COLLEAGUE, name="Second", role=Role.BORDER_OFFICER, by=by
    )
    factories.join(token)
    factories.confirm(COLLEAGUE, by=by)


def the_group() -> ReturnGroup:
    db.session.rollback()
    return db.session.scalars(select(ReturnGroup)).one()


def places() -> dict[int | None, str]:
    """The drafts that have a place in a group: number -> the id of the interview."""
    db.session.rollback()
    rows = db.session.execute(select(Interview.group_number, Interview.id).where(Interview.group_id.is_not(None)))
    return {number: str(interview_id) for number, interview_id in rows}


# -- what is shared


@pytest.mark.slow
def test_what_the_first_says_for_all_is_filled_in_for_the_next(app: Flask, sign_in: SignIn) -> None:
    assert app
    person = sign_in(LOGIN)
    first = begin_group(person)
    assert stands_on(person.get(first)) == {}
    body = walk(person, first, ordinary())
    body = person.get(next_person(person, body))
    assert number_on(body) == 2
    assert all(word in body for word in WORDS)
    assert stands_on(body) == FERRY
    assert the_group().facts == FERRY


@pytest.mark.slow
def test_an_interpreter_is_shared_and_appears_when_one_person_speaks_another_language(
    app: Flask, sign_in: SignIn
) -> None:
    assert app
    person = sign_in(LOGIN)
    foreign = {"language": "el", "interpreter": "telephone"}
    body = walk(person, begin_group(person), ordinary(**foreign))
    assert the_group().facts == {**FERRY, **foreign}
    body = walk(person, next_person(person, body), without_shared(ordinary()))
    address = next_person(person, body)
    body = person.get(address)
    sent = fields(page_id(address), body, {**without_shared(ordinary()), **FERRY, "language": "sq"})
    assert "interpreter" not in sent
    body = walk(person, person.post(address, sent), ordinary())  # who speaks the officer's language needs none
    walk(person, next_person(person, body), without_shared(ordinary()))
    assert (the_group().begun, the_group().done) == (4, 4)


def test_a_group_that_needs_no_interpreter_can_have_one_person_who_does(app: Flask, sign_in: SignIn) -> None:
    assert app
    person = sign_in(LOGIN)
    body = walk(person, begin_group(person), ordinary())
    address = next_person(person, body)
    body = person.get(address)
    inside = body.partition('<details class="shared">')[2].partition("</details>")[0]
    assert "name=interpreter" in inside  # opened by the language, in the same fold
    sent = fields(page_id(address), body, {**without_shared(ordinary()), **FERRY, "language": "el"})
    again = person.post(address, sent, status=422)
    inside = again.partition('<details class="shared" open>')[2].partition("</details>")[0]
    assert "id=interpreter-error" in inside
    walk(
        person, person.post(address, {**sent, "interpreter": "present"}), ordinary(language="el", interpreter="present")
    )
    assert the_group().facts == FERRY


def test_a_change_for_one_person_is_of_that_person_alone(app: Flask, sign_in: SignIn) -> None:
    assert app
    person = sign_in(LOGIN)
    body = walk(person, begin_group(person), ordinary())
    body = walk(person, next_person(person, body), {**without_shared(ordinary()), "returned_from": "IT"})
    assert the_group().facts == FERRY
    walk(person, next_person(person, body), without_shared(ordinary()))
    found = {one.returned_from: number for one, number in screened.counted().items()}
    assert found == {"GR": 2, "IT": 1}


def test_while_only_the_first_was_begun_what_is_mended_there_is_mended_for_all(app: Flask, sign_in: SignIn) -> None:
    assert app
    person = sign_in(LOGIN)
    address = begin_group(person)
    for country in ("IT", "GR"):
        for name in ("language", "returned_from"):
            page = next(each.id for each in interview_pages(address) if name in each.questions)
            here = f"{address.rsplit('/', 1)[0]}/{page}"
            person.post(here, fields(page, person.get(here), ordinary(returned_from=country)))
        assert the_group().facts["returned_from"] == country


def interview_pages(address: str) -> tuple[Any, ...]:
    """The pages of the draft at that address."""
    by = factories.actor(LOGIN)
    interviews.resume(interview_id=uuid.UUID(address.split("/")[2]), by=by)
    return interviews.read(interview_id=uuid.UUID(address.split("/")[2]), by=by).pages


def test_what_the_first_does_not_know_is_asked_of_the_next_and_then_shared(app: Flask, sign_in: SignIn) -> None:
    assert app
    person = sign_in(LOGIN)
    body = walk(person, begin_group(person), ordinary(returned_from="dont_know", return_manner=None))
    assert {"returned_from", "return_manner"}.isdisjoint(the_group().facts)
    answers = {**without_shared(ordinary()), "returned_from": "GR", "return_manner": "deported"}
    body = walk(person, next_person(person, body), answers)
    assert the_group().facts == FERRY
    walk(person, next_person(person, body), without_shared(ordinary()))


def test_a_mistake_in_what_is_folded_opens_it(app: Flask, sign_in: SignIn) -> None:
    assert app
    person = sign_in(LOGIN)
    body = walk(person, begin_group(person), ordinary())
    address = next_person(person, body)
    body = person.get(address)
    assert '<details class="shared"><summary>' in body
    sent = fields(page_id(address), body, {**stands_on(body), **without_shared(ordinary())})
    again = person.post(address, {**sent, "language": "xx"}, status=422)
    assert '<details class="shared" open><summary>' in again
    assert number_on(again) == 2


# -- nobody is lost


def counted_walk(person: Person, address: str, answers: dict[str, Any]) -> tuple[str, int, int]:
    """As `walk`: the page after the last, the clicks on the way, and how many pages were loaded."""
    cost = 0
    for loads in range(1, 20):
        body = person.get(address)
        page = page_id(address).split("?")[0]
        if page not in questionnaire().pages:
            return body, cost, loads
        sent = fields(page, body, {**stands_on(body), **answers})
        cost += clicks.on(body, sent) + 1
        address = person.post(address, sent)
    raise AssertionError(address)


def test_the_first_of_a_group_costs_24_clicks_and_each_next_one_14(app: Flask, sign_in: SignIn) -> None:
    assert app
    person = sign_in(LOGIN)
    required = dict.fromkeys(("noticed", "hurt_what", "companions_who"))
    body, cost, loads = counted_walk(person, begin_group(person), ordinary(**required))
    assert cost + 2 <= 24  # the link on the home page and the button that begins
    assert loads == 3
    for _ in range(2):
        body, cost, loads = counted_walk(person, next_person(person, body), without_shared(ordinary(**required)))
        assert cost + 1 <= 14
        assert loads == 3


@pytest.mark.slow
def test_forty_come_back_and_forty_are_counted(app: Flask, sign_in: SignIn) -> None:
    assert app
    person = sign_in(LOGIN)
    body = walk(person, begin_group(person), ordinary())
    for number in range(2, 41):
        address = next_person(person, body)
        assert number_on(person.get(address)) == number
        body = walk(person, address, without_shared(ordinary()))
    group = the_group()
    assert (group.begun, group.done) == (40, 40)
    assert sum(screened.counted().values()) == 40
    assert places() == {}
    assert "U mbarua me 40 persona" in person.get("/")


def test_pressed_twice_or_after_going_back_begins_one_person(app: Flask, sign_in: SignIn) -> None:
    assert app
    person = sign_in(LOGIN)
    new = person.get("/groups/new")
    first = person.post("/groups", _hidden(new, "group", "id"))
    assert person.post("/groups", _hidden(new, "group", "id")) == first
    body = walk(person, first, ordinary())
    second = next_person(person, body)
    assert next_person(person, body) == second  # the same button, pressed twice
    assert next_person(person, person.get("/interviews/ended/none")) == second  # back, and the page made anew
    assert the_group().begun == 2
    walk(person, second, without_shared(ordinary()))
    # The old button of a person who is done: nobody is begun by it.
    assert next_person(person, body) == f"/groups/{the_group().id}"
    assert (the_group().begun, the_group().done) == (2, 2)


def test_who_is_not_done_stands_by_number_on_every_page_that_has_the_button(app: Flask, sign_in: SignIn) -> None:
    assert app
    person = sign_in(LOGIN)
    body = walk(person, begin_group(person), ordinary())
    second = next_person(person, body)
    page = page_id(second)
    left = {**fields(page, person.get(second), {**FERRY, **without_shared(ordinary())}), "leave": "1"}
    assert person.post(second, left) == "/"
    assert next_person(person, person.get("/")) != second
    for shown in (person.get("/"), person.get(f"/groups/{the_group().id}"), person.get("/interviews/ended/none")):
        assert re.findall(r"Personi (\d+): <button", shown) == ["2", "3"]
    body = person.get("/")
    going_on = re.search(r'action="(/interviews/[0-9a-f-]+/resume)">[^/]*?Personi 2:', body)
    assert going_on
    walk(person, person.post(going_on.group(1)), without_shared(ordinary()))
    assert list(places()) == [3]


def test_a_draft_that_was_thrown_away_is_not_done_and_is_said(app: Flask, sign_in: SignIn) -> None:
    assert app
    person = sign_in(LOGIN)
    body = walk(person, begin_group(person), ordinary())
    second = next_person(person, body)
    discard = f"{second.rsplit('/', 1)[0]}/discard"
    person.post(discard, confirmation(person.get(discard)))
    group = the_group()
    assert (group.begun, group.done, places()) == (2, 1, {})
    assert "1 draft i hedhur" in person.get("/")


@pytest.mark.slow
def test_a_second_officer_of_the_post_goes_on_with_the_same_group(app: Flask, sign_in: SignIn) -> None:
    assert app
    join_the_post()
    one, other = sign_in(LOGIN), sign_in(COLLEAGUE)
    body = walk(one, begin_group(one), ordinary())
    mine = next_person(one, body)
    theirs = next_person(other, other.get("/"))
    assert (number_on(one.get(mine)), number_on(other.get(theirs))) == (2, 3)
    assert "(te një koleg)" in other.get("/")
    walk(other, theirs, without_shared(ordinary()))
    walk(one, mine, without_shared(ordinary()))
    assert (the_group().begun, the_group().done) == (3, 3)


@pytest.mark.slow
def test_in_the_same_instant_two_officers_get_two_numbers_and_a_double_click_one(instance: Flask) -> None:
    join_the_post()
    one, other = factories.actor(LOGIN), factories.actor(COLLEAGUE)
    group, first = uuid.uuid4(), uuid.uuid4()
    race(instance, *[lambda: actions.begin(group_id=group, interview_id=first, by=one)] * 2)
    assert (the_group().begun, places()) == (1, {1: str(first)})
    untold = uuid.uuid4()
    pressed = race(instance, *[lambda: actions.next_person(group_id=group, interview_id=untold, by=other)] * 2)
    assert (pressed, places()[2]) == ([untold, untold], str(untold))
    for each, number in ((one, 1), (other, 2)):
        interview_id = uuid.UUID(places()[number])
        draft = interviews.read(interview_id=interview_id, by=each)
        page = draft.page_to_do.id
        interviews.save_page(draft=draft, page=page, given={"language": "sq"}, seen=draft.revision, by=each)
    both = [
        lambda who=who: actions.next_person(group_id=group, interview_id=uuid.uuid4(), by=who) for who in (one, other)
    ]
    assert len(set(race(instance, *both))) == 2
    assert sorted(number or 0 for number in places()) == [1, 2, 3, 4]
    assert the_group().begun == 4


# -- whose group it is, and for how long


def test_another_post_finds_no_group(app: Flask, sign_in: SignIn) -> None:
    assert app
    person, stranger = sign_in(LOGIN), sign_in(ELSEWHERE)
    walk(person, begin_group(person), ordinary())
    group = the_group().id
    assert str(group) not in stranger.get("/")
    stranger.get(f"/groups/{group}", status=404)
    stranger.post(f"/groups/{group}/next", {"id": str(uuid.uuid4())}, status=404)
    stranger.post("/groups", {"group": str(group), "id": str(uuid.uuid4())}, status=404)
    by = factories.actor(ELSEWHERE)
    for asked in (store.one, store.row):
        with pytest.raises(NotVisible):
            asked(group, by=by)
    assert store.live(by=by) == []
    assert the_group().begun == 1


@pytest.mark.parametrize("login", ["oms.monitor", "oms.coordinator"])
def test_who_holds_no_interviews_has_no_groups(login: str, app: Flask, sign_in: SignIn) -> None:
    assert app
    person = sign_in(login)
    person.get("/groups/new", status=403)
    person.post("/groups", {"group": str(uuid.uuid4()), "id": str(uuid.uuid4())}, status=403)


def test_after_the_shift_the_group_is_over_and_its_drafts_stay(app: Flask, sign_in: SignIn) -> None:
    assert app
    person = sign_in(LOGIN)
    body = walk(person, begin_group(person), ordinary())
    second = next_person(person, body)
    group = the_group().id
    factories.later(hours=11, minutes=50)
    assert tending.tend()["groups_forgotten"] == 0
    factories.later(minutes=11)
    person = sign_in(LOGIN)  # the session ended meanwhile
    assert str(group) not in person.get("/")
    for answer in (person.get(f"/groups/{group}", 404), person.post(*button(body), status=404)):
        assert "Ky grup ka mbaruar" in answer
    assert list(places()) == [2]
    assert tending.tend()["groups_forgotten"] == 1
    assert db.session.scalar(select(func.count()).select_from(ReturnGroup)) == 0
    assert places() == {}
    person.get("/")
    interview = second.split("/")[2]
    body = person.get(person.post(f"/interviews/{interview}/resume"))
    assert number_on(body) is None  # a draft like any other now, with everything that stood in it
    assert stands_on(body)


@pytest.mark.parametrize("sent", [{}, {"id": "x"}, {"group": "1", "id": "2"}, {"group": str(uuid.uuid4())}])
def test_a_form_without_proper_ids_begins_nothing(sent: dict[str, object], app: Flask, sign_in: SignIn) -> None:
    assert app
    person = sign_in(LOGIN)
    person.post("/groups", sent, status=422)
    walk(person, begin_group(person), ordinary())
    group = the_group().id
    person.post(f"/groups/{group}/next", {"id": str(sent.get("id", ""))}, status=422)
    assert the_group().begun == 1


# -- what is kept


def everything(engine_text: str) -> list[tuple[str, str]]:
    """(table and column, row) of every row of both databases in which the text stands, as bytes or in any writing."""
    found = []
    for bind, engine in db.engines.items():
        with engine.connect() as connection:
            for table in inspect(engine).get_table_names():
                for row in connection.execute(text(f'SELECT * FROM "{table}"')).mappings():
                    for column, value in row.items():
                        written = value.hex() if isinstance(value, bytes) else str(value)
                        if engine_text in written.replace("-", ""):
                            found.append((f"{bind}.{table}.{column}", str(row.get("id", ""))))
    return found


@pytest.mark.slow
def test_nothing_that_is_kept_of_a_person_says_of_which_group_they_were(app: Flask, sign_in: SignIn) -> None:
    assert app
    person = sign_in(LOGIN)
    body = walk(person, begin_group(person), ordinary())
    group = the_group().id
    walk(person, next_person(person, body), {**without_shared(example()), "assessment": "possible"})
    left = next_person(person, person.get("/"))
    discard = f"{left.rsplit('/', 1)[0]}/discard"
    person.post(discard, confirmation(person.get(discard)))
    fourth = next_person(person, person.get("/"))
    db.session.rollback()
    ended = db.session.scalars(select(Interview.id).where(Interview.status != "draft")).all()
    assert len(ended) == 3  # ended, sent, thrown away
    at = everything(group.hex)
    assert {where for where, _ in at} == {"None.return_groups.id", "None.interviews.group_id"}
    assert {row.replace("-", "") for where, row in at if where.endswith("group_id")} == {
        fourth.split("/")[2].replace("-", "")
    }
    rows = db.session.execute(select(Interview.group_id, Interview.group_number).where(Interview.id.in_(ended)))
    assert {tuple(row) for row in rows} == {(None, None)}
    entries = db.session.scalars(select(AuditEntry)).all()
    assert entries
    assert not any("group" in str(vars(entry)) for entry in entries)
    factories.later(hours=13)
    tending.tend()
    assert everything(group.hex) == []


def test_what_is_written_of_a_group_is_codes(app: Flask, sign_in: SignIn) -> None:
    assert app
    person = sign_in(LOGIN)
    walk(person, begin_group(person), ordinary())
    asked = questionnaire()
    for name, value in the_group().facts.items():
        assert asked.questions[name].option(value) is not None


# -- the directive


def test_the_directive_stands_on_the_page_of_the_group_and_is_ticked_there(app: Flask, sign_in: SignIn) -> None:
    assert app
    person = sign_in(LOGIN)
    new = person.get("/groups/new")
    assert "Të gjithë njësoj, për të njëjtën kohë" in new
    address = person.post("/groups", {**_hidden(new, "group", "id"), "directive": "one_row.1"})
    db.session.rollback()
    assert db.session.scalars(select(DirectiveAcknowledgement.directive)).all() == ["one_row"]
    shown = person.get(f"/groups/{the_group().id}")
    assert "<summary>Udhëzim: Të gjithë njësoj" in shown.replace("&#34;", '"')
    assert "one_row" not in person.get(address)  # not before each person once more
    assert not re.search(r"name=.?(none_of_all|all_none)", shown + new)
