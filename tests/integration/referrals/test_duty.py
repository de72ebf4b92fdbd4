"""The duty desk: its one list, its calls, its map; and who never sees how many beds there are."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from nrm import clock
from nrm.actions.referrals import referrals, reminder_calls
from nrm.actions.shelter import corrections
from nrm.db import db, transaction
from nrm.domain.accounts.accounts import Actor, NotPermitted, NotVisible
from nrm.domain.referrals.critical_path import numbers_of
from nrm.domain.referrals.referrals import NO_SHOW_AFTER, DeclineReason
from nrm.domain.shelter.corrections import Why
from nrm.models.referrals.reminder_calls import ReminderCall
from nrm.models.shelter.places import Place
from nrm.store.countries import country
from nrm.store.referrals import critical_path, duty, system
from nrm.store.rows.referrals import notification_calls as call_rows
from nrm.web import formats
from tests import factories
from tests import factories_referrals as people
from tests.conftest import Person
from tests.invariants.test_routes import addresses

SignIn = Callable[[str], Person]
BOTH = ["app", "postgres_app"]


def ra() -> Actor:
    return factories.actor("ra.duty_officer")


def lines(by: Actor, size: int = 40, clause: str | None = None) -> list[duty.DutyLine]:
    """The whole list, page by page."""
    found: list[duty.DutyLine] = []
    after = ""
    while True:
        page = duty.waiting(by=by, clause=clause, after=after, size=size)
        assert len(page.rows) <= size
        found += page.rows
        after = page.after
        if not after:
            return found


@pytest.mark.slow
@pytest.mark.parametrize("fixture", BOTH)
def test_one_list_of_everything_children_first_then_the_first_due_and_page_by_page(
    fixture: str, request: pytest.FixtureRequest
) -> None:
    assert request.getfixturevalue(fixture)
    rinas, nrc = factories.actor("rinas.border_officer"), factories.actor("nrc.case_worker")
    asked = people.sent(rinas)
    child = people.sent(rinas, age="child")
    coming = people.sent(rinas)
    referrals.accept(
        referral_id=coming.referral_id,
        place_id=people.bed("NRC"),
        by=nrc,
        expected_at=clock.now() + 2 * NO_SHOW_AFTER,
    )
    declined = people.sent(rinas)
    second = referrals.decline(referral_id=declined.referral_id, reason=DeclineReason.OTHER, by=nrc)
    assert second is not None
    iom = factories.actor("iom.case_worker")
    assert referrals.decline(referral_id=second, reason=DeclineReason.FULL, by=iom) is None
    whole = lines(ra())
    places = [(not (line.tags and line.part == "post"), line.due_at) for line in whole]
    assert places == sorted(places), "children and people with a tag who wait at a post first, then the first due"
    found = {(line.kind, line.case_id) for line in whole}
    assert {("answer", asked.case_id), ("answer", child.case_id), ("arrival", coming.case_id)} <= found
    assert ("decision", declined.case_id) in found
    assert sum(line.step == "arrival" and line.case_id == coming.case_id for line in whole) == 1, "once, by its hour"
    assert not any(line.late for line in whole)
    for size in (1, 3):
        assert [line.id for line in lines(ra(), size)] == [line.id for line in whole]
    counted = {clause: number for clause, number, _ in duty.clauses(by=ra())}
    assert sum(counted.values()) == len(whole)
    for clause, number in counted.items():
        assert len(lines(ra(), clause=clause)) == number
    factories.later(hours=30)
    assert all(line.late for line in lines(ra()))
    assert all(late == number for _, number, late in duty.clauses(by=ra()))
    for forged in ("x", "2026-01-01~y", "0~", "2~2026-01-01T00:00:00+00:00~y", "1~x~y"):
        with pytest.raises(NotVisible):
            duty.waiting(by=ra(), after=forged)


@pytest.mark.parametrize("login", ["rinas.border_officer", "nrc.case_worker", "molsa.statistician", "administrator"])
def test_nobody_else_has_the_list_the_map_or_the_calls(app: Flask, sign_in: SignIn, login: str) -> None:
    by = factories.actor(login)
    for ask in (duty.waiting, duty.clauses, system.places):
        with pytest.raises(NotPermitted):
            ask(by=by)
    with pytest.raises(NotPermitted):
        reminder_calls.record(kind="answer", subject_id=uuid.uuid4(), party="NRC", telephone="1", reached=True, by=by)
    person = sign_in(login)
    for path in ("/duty", "/duty/map"):
        person.get(path, 403)


@pytest.mark.slow
def test_a_call_is_one_press_and_a_double_click_is_one_call(app: Flask, sign_in: SignIn) -> None:
    sent = people.sent(factories.actor("rinas.border_officer"), "VATRA", override_reason="other")
    person = sign_in("ra.duty_officer")
    (line,) = [each for each in lines(ra()) if each.kind == "answer"]
    assert line.call is not None
    first = line.call.telephone
    data: dict[str, object] = {"call": f"no|VATRA|{first}"}
    both: dict[str, object] = {"call": [f"yes|VATRA|{first}", f"no|VATRA|{first}"]}
    refused = person.post(f"/duty/calls/answer/{sent.referral_id}?lang=en", both, 422)
    assert "Two answers were sent about one call, and nothing is recorded" in refused
    for _ in range(2):
        person.post(f"/duty/calls/answer/{sent.referral_id}", data)
    db.session.rollback()  # what was read before is forgotten
    (call,) = db.session.scalars(select(ReminderCall)).all()
    assert (call.reached, call.telephone, call.subject_id) == (False, first, sent.referral_id)
    (line,) = [each for each in lines(ra()) if each.kind == "answer"]
    assert line.call is not None
    assert line.call.rung == "next_number"
    assert line.call.telephone != first, "nobody answered there: the next number at once"
    assert first in person.get("/?lang=en")
    # Who pressed it takes it back for some minutes, and the order is as before.
    back = f"/duty/calls/{call.id}/back"
    assert back in person.get("/duty")
    other = Actor(uuid.uuid4(), ra().organisation_id, ra().role, kind=ra().kind)
    with pytest.raises(NotVisible):
        reminder_calls.take_back(call_id=call.id, by=other)
    assert person.post(back, {"list": "1"}) == "/duty"
    person.post(back, {}, 404)
    (line,) = [each for each in lines(ra()) if each.kind == "answer"]
    assert line.call is not None
    assert (line.call.telephone, line.calls) == (first, ())
    person.post(f"/duty/calls/answer/{sent.referral_id}", data)
    db.session.rollback()
    (call,) = db.session.scalars(select(ReminderCall)).all()
    factories.later(minutes=11)
    assert "/back" not in person.get("/duty")
    person.post(f"/duty/calls/{call.id}/back", {}, 409)
    for bad in ("", "yes", "yes|NRC|+355 4 000 9999", "yes|NOBODY|", f"maybe|VATRA|{first}"):
        person.post(f"/duty/calls/answer/{sent.referral_id}", {"call": bad}, 422)
    person.post(f"/duty/calls/answer/{uuid.uuid4()}", data, 404)
    person.post(f"/duty/calls/dance/{sent.referral_id}", data, 404)


def test_who_is_next_in_the_order_is_not_told_to_call_their_own_desk(app: Flask, sign_in: SignIn) -> None:
    sent = people.sent(factories.actor("rinas.border_officer"))
    factories.later(minutes=45)
    (line,) = [each for each in lines(ra()) if each.kind == "answer"]
    assert line.call is not None
    assert line.call.rung == "duty_officer"
    person = sign_in("ra.duty_officer")
    # Nothing is offered that would be refused: before the answer is late nobody else can be asked, and who is asked is
    # called, whether or not anybody called before.
    page = person.get("/duty?lang=en")
    assert "Now it is your turn." not in page
    assert line.call.telephone not in page
    assert line.again is not None
    assert line.again.telephone in row_of(page, f"/referrals/{sent.referral_id}")
    assert "Call now:" in page
    assert f"/duty/calls/answer/{sent.referral_id}" in page
    assert "the one that is asked may still answer. From then on you ask" in page
    expire = f"/referrals/{sent.referral_id}/expire"
    assert expire not in page
    person.post(expire, {}, 409)
    factories.later(minutes=70)
    person = sign_in("ra.duty_officer")
    assert f'href="{expire}">Ask the next party' in person.get("/duty?lang=en")
    # What is not taken back says before it is pressed whom it asks.
    page = person.get(f"{expire}?lang=en")
    assert "Ask the next party" in page
    assert "Asked at once, and this is not taken back: <strong>International Organization for Migration, Tirana" in page
    assert person.post(expire) != expire
    (following,) = [each for each in lines(ra()) if each.kind == "answer"]
    assert following.organisation["en"] == "International Organization for Migration, Tirana"


def test_before_the_last_of_the_route_is_passed_over_it_says_that_the_desk_decides(app: Flask, sign_in: SignIn) -> None:
    sent = people.sent(factories.actor("rinas.border_officer"))
    referral_id = sent.referral_id
    for _ in range(9):
        factories.later(hours=2)
        person = sign_in("ra.duty_officer")
        page = person.get(f"/referrals/{referral_id}/expire?lang=en")
        address = person.post(f"/referrals/{referral_id}/expire")
        if "/direct" in address:
            break
        assert "Asked at once" in page
        referral_id = uuid.UUID(address.rsplit("/", 1)[1])
    assert "/direct" in address
    assert "Nobody of the route is asked then: you decide where the person goes." in page
    assert "Asked at once" not in page


def test_who_is_late_to_be_told_stands_there_with_a_number_and_nobody_before(app: Flask, sign_in: SignIn) -> None:
    people.sent(factories.actor("rinas.border_officer"), age="child")
    owed = [each for each in lines(ra()) if each.kind == "owed" and each.telling]
    assert owed
    assert {each.tell_number for each in owed} == {""}
    factories.later(hours=30)
    late = [each for each in lines(ra()) if each.kind == "owed" and each.telling and each.late]
    assert late
    page = sign_in("ra.duty_officer").get("/duty?lang=en")
    for each in late:
        assert each.tell_number
        assert f">{each.tell_number}</a>" in page


def test_a_call_goes_back_to_the_list_it_was_made_from(app: Flask, sign_in: SignIn) -> None:
    sent = people.sent(factories.actor("rinas.border_officer"))
    person = sign_in("ra.duty_officer")
    (line,) = [each for each in lines(ra()) if each.kind == "answer"]
    assert line.call is not None
    call = f"no|{line.call.party}|{line.call.telephone}"
    address = f"/duty/calls/answer/{sent.referral_id}"
    for where, fields in (("/", {}), ("/duty", {"list": "1"}), ("/duty?clause=4.1", {"list": "1", "clause": "4.1"})):
        assert person.post(address, {"call": call, **fields}) == where


def test_once_the_person_arrived_only_the_quarter_of_a_call_is_kept(app: Flask) -> None:
    sent = people.sent(factories.actor("rinas.border_officer"))
    reminder_calls.record(
        kind="answer", subject_id=sent.referral_id, party="NRC", telephone="+355 4 000 0101", reached=True, by=ra()
    )
    nrc = factories.actor("nrc.case_worker")
    referrals.accept(referral_id=sent.referral_id, place_id=people.bed("NRC"), by=nrc)
    referrals.arrive(referral_id=sent.referral_id, by=nrc)
    (call,) = db.session.scalars(select(ReminderCall).execution_options(populate_existing=True)).all()
    assert (call.called_at.minute, call.called_at.second, call.called_at.microsecond) == (0, 0, 0)


def test_the_path_is_for_the_holder_the_sender_until_acceptance_and_the_duty_desk(app: Flask) -> None:
    rinas, nrc = factories.actor("rinas.border_officer"), factories.actor("nrc.case_worker")
    sent = people.sent(rinas)
    kinds = {step.kind for step in critical_path.of_case(sent.case_id, by=rinas).steps}
    assert {"first_interview", "answer", "arrival", "notify"} <= kinds
    assert critical_path.of_case(sent.case_id, by=ra()).steps
    for stranger in ("nrc.case_worker", "vatra.case_worker", "durres.border_officer", "molsa.statistician"):
        with pytest.raises(NotVisible):
            critical_path.of_case(sent.case_id, by=factories.actor(stranger))
    referrals.accept(referral_id=sent.referral_id, place_id=people.bed("NRC"), by=nrc)
    assert critical_path.of_case(sent.case_id, by=nrc).steps
    with pytest.raises(NotVisible):
        critical_path.of_case(sent.case_id, by=rinas)


def test_the_pages_show_how_late_in_words_and_no_name(app: Flask, sign_in: SignIn) -> None:
    sent = people.sent(factories.actor("rinas.border_officer"))
    factories.later(hours=3, minutes=5)
    for login, address in (
        ("rinas.border_officer", f"/referrals/{sent.referral_id}"),
        ("ra.duty_officer", f"/cases/{sent.case_id}"),
        ("ra.duty_officer", "/"),
    ):
        page = sign_in(login).get(f"{address}?lang=en")
        assert "2 hours late" in page, address
        assert people.PLANTED not in page
        assert "2 orë vonesë" in sign_in(login).get(f"{address}?lang=sq")


@pytest.mark.slow
def test_numbers_of_beds_are_for_the_duty_desk_and_the_shelter_itself_alone(app: Flask, sign_in: SignIn) -> None:
    people.sent(factories.actor("rinas.border_officer"))
    with transaction() as session:
        session.add_all(Place(organisation_id=people.organisation("NRC"), label=f"X{each}") for each in range(700))
    (nrc,) = [place for place in system.places(by=ra()) if place.code == "NRC"]
    assert nrc.room is not None
    numbers = {str(nrc.room.places), str(nrc.room.free)}
    assert all(len(number) == 3 for number in numbers)
    page = sign_in("ra.duty_officer").get("/duty/map?lang=en")
    assert all(number in page for number in numbers)
    assert str(nrc.room.places) in sign_in("nrc.case_worker").get("/?lang=en")
    for login in ("rinas.border_officer", "vatra.shelter_manager", "molsa.statistician"):
        client = sign_in(login).client
        for endpoint, address in addresses(app, None, "GET"):
            if endpoint == "assets.file":
                continue
            answer = client.get(address)
            text = answer.data.decode("utf-8", "replace")  # some are PDF
            words = set(text.replace("<", " ").replace(">", " ").replace(",", " ").split())
            assert not words & numbers, address


def test_the_map_needs_no_style_of_its_own_and_says_the_same_as_its_table(app: Flask, sign_in: SignIn) -> None:
    people.sent(factories.actor("rinas.border_officer"))
    factories.later(hours=2)
    page = sign_in("ra.duty_officer").get("/duty/map?lang=en")
    tiles = page[page.index('class="map"') : page.index("<table")]
    assert "style=" not in tiles
    (tirana,) = [tile for tile in tiles.split("<div") if tile.startswith(' class="late"')]
    assert "<strong>Tirana</strong>" in tirana
    assert "1 waits, 1 late" in tirana
    (nrc,) = [place for place in system.places(by=ra()) if place.code == "NRC"]
    assert (nrc.waiting, nrc.late) == (1, 1)


def row_of(page: str, what: str) -> str:
    """The one row of the list that says this."""
    (found,) = [row for row in page.split("<tr>") if what in row]
    return found


@pytest.mark.slow
def test_a_call_is_shown_with_what_it_was_about_and_never_with_an_hour_that_nobody_pressed(
    app: Flask, sign_in: SignIn
) -> None:
    """A referral whose answer was hurried, and whose arrival waits then."""
    sent = people.sent(factories.actor("rinas.border_officer"))
    person, nrc = sign_in("ra.duty_officer"), factories.actor("nrc.case_worker")
    (line,) = [each for each in lines(ra()) if each.kind == "answer"]
    assert line.call is not None
    called = f"yes|{line.call.party}|{line.call.telephone}"
    person.post(f"/duty/calls/answer/{sent.referral_id}", {"call": called})
    referrals.accept(
        referral_id=sent.referral_id, place_id=people.bed("NRC"), expected_at=clock.now() + timedelta(hours=1), by=nrc
    )
    page = person.get("/duty?lang=en")
    arrival = row_of(page, f"/referrals/{sent.referral_id}")
    assert "Last call" not in arrival
    assert "/back" not in arrival
    # A call about the answer is no call about the arrival, be it within the same minute.
    factories.later(seconds=20)
    reminder_calls.record(
        kind="arrival", subject_id=sent.referral_id, party="NRC", telephone=line.call.telephone, reached=True, by=ra()
    )
    assert formats.clock(clock.now()) in row_of(person.get("/duty"), f"/referrals/{sent.referral_id}")
    # Of its hour the quarter alone is kept once the person arrived: then no hour is shown.
    referrals.arrive(referral_id=sent.referral_id, by=nrc)
    corrections.take_back_arrival(referral_id=sent.referral_id, why=Why.MISTOLD, by=nrc)
    (again,) = [each for each in lines(ra()) if each.case_id == sent.case_id and each.step == "arrival"]
    assert [call.exact for call in again.calls] == [False]
    page = person.get("/duty?lang=en")
    assert f"Last call, {line.call.telephone}: reached" in page


def test_after_nobody_answered_both_buttons_stay_and_after_reached_the_words_say_so(
    app: Flask, sign_in: SignIn
) -> None:
    sent = people.sent(factories.actor("rinas.border_officer"))
    person = sign_in("ra.duty_officer")
    address = f"/duty/calls/answer/{sent.referral_id}"

    def buttons() -> list[str]:
        return re.findall(rf'formaction="{address}" name="call" value="([^"]+)"', person.get("/duty?lang=en"))

    pressed = 0
    while "the one that is asked may still answer" not in person.get("/duty?lang=en"):
        assert len(buttons()) == 2
        pressed += 1
        person.post(address, {"call": buttons()[1]})
        assert pressed < 5
    page = person.get("/duty?lang=en")
    assert "the one that is asked may still answer: call again" in page
    assert "Call again:" in page
    assert [each.partition("|")[0] for each in buttons()] == ["yes", "no"]
    factories.later(minutes=2)
    person.post(address, {"call": buttons()[0]})  # the second call is answered
    (line,) = [each for each in lines(ra()) if each.kind == "answer"]
    assert [each.reached for each in line.calls] == [False] * pressed + [True]
    row = row_of(person.get("/duty?lang=en"), f'{address}" name')
    assert "The call was made, and somebody was reached." in row
    assert "Now it is your turn" not in row
    # And whoever was reached by the first call was called: the line does not say to do so now.
    other = people.sent(factories.actor("rinas.border_officer"))
    address = f"/duty/calls/answer/{other.referral_id}"
    assert "Call now:" in row_of(person.get("/duty?lang=en"), f'{address}" name')
    person.post(address, {"call": buttons()[0]})
    row = row_of(person.get("/duty?lang=en"), f'{address}" name')
    assert "Call now:" not in row
    assert "The call was made, and somebody was reached." in row
    assert len(buttons()) == 2


def test_only_a_number_of_the_order_of_a_line_is_recorded(sign_in: SignIn) -> None:
    """A call to the NRC about what waits at VATRA stood there as "reached"."""
    sent = people.sent(factories.actor("rinas.border_officer"))
    factories.later(minutes=5)
    (line,) = [each for each in lines(ra()) if each.kind == "answer"]
    assert line.call is not None
    person, address = sign_in("ra.duty_officer"), f"/duty/calls/answer/{sent.referral_id}"
    parties = country().in_force(clock.now()).parties
    asked = parties[line.call.party]
    for code, party in parties.items():
        for number in {party.on_call, party.desk.telephone} - {""}:
            if (code, number) not in line.numbers:
                person.post(address, {"call": f"yes|{code}|{number}"}, 422)
    assert db.session.scalars(select(ReminderCall)).all() == []
    for number in {asked.on_call, asked.desk.telephone} - {""}:
        assert (asked.code, number) in line.numbers
        person.post(address, {"call": f"no|{asked.code}|{number}"})
    assert len({code for code, _ in line.numbers}) < len(parties) / 2


@pytest.mark.slow
@pytest.mark.parametrize("hour", [10, 22])
def test_every_page_names_the_same_number_as_now_or_says_that_it_is_the_second(sign_in: SignIn, hour: int) -> None:
    """By day the desk of VATRA has a number of its own, by night the one on call; the agreement turns to the other
    number after 15 minutes without an answer."""
    begun = datetime(2026, 3, 4, hour, tzinfo=UTC)
    clock.set_clock(lambda: begun)
    sent = people.sent(factories.actor("rinas.border_officer"), "VATRA", override_reason="safety")
    agreement = country().in_force(begun)
    first, second = numbers_of(agreement.parties["VATRA"], agreement.local(begun))

    def of_desk() -> str:
        page = sign_in("ra.duty_officer").get("/duty?lang=en")
        return re.sub(
            r"\s+", " ", re.sub(r"<[^>]+>", " ", row_of(page, f'/duty/calls/answer/{sent.referral_id}" name'))
        )

    listed = re.findall(re.escape(first) + "|" + re.escape(second), sign_in("ra.duty_officer").get("/directory"))
    assert listed == [first, second]
    assert first in sign_in("rinas.border_officer").get(f"/interviews/{sent.case_id}/sent?lang=en")
    assert first in of_desk().partition("Call now:")[2]
    assert second not in of_desk()
    clock.set_clock(lambda: begun + timedelta(minutes=16))
    row = of_desk()
    assert "Call now:" not in row
    assert "The first number brought no answer in time. Call the second number now:" in row
    assert second in row
    assert first not in row.partition("Call the second")[2]


@pytest.mark.slow
def test_the_page_to_call_names_the_number_of_now_first(sign_in: SignIn) -> None:
    for hour in (10, 22):
        begun = datetime(2026, 3, 4, hour, tzinfo=UTC)
        clock.set_clock(lambda begun=begun: begun)
        agreement = country().in_force(begun)
        party = agreement.parties["TRP_UNIT"]
        desk = people.organisation("RA")
        listed = call_rows.numbers("TRP_UNIT", people.organisation("RINAS"), uuid.uuid4(), desk)
        assert [each.telephone for each in listed[:2]] == list(numbers_of(party, agreement.local(begun)))
    assert sign_in


def test_where_the_order_has_come_to_its_end_nothing_says_that_nobody_is_left_and_whom_to_call(
    sign_in: SignIn,
) -> None:
    sent = people.sent(factories.actor("rinas.border_officer"))
    nrc = factories.actor("nrc.case_worker")
    later = clock.now() + timedelta(hours=2)
    referrals.accept(referral_id=sent.referral_id, place_id=people.bed("NRC"), expected_at=later, by=nrc)
    factories.later(days=3)
    page = sign_in("ra.duty_officer").get("/duty?lang=en")
    assert "Nobody is left to call" not in page
    assert "Now it is your turn." in page
    assert "The time of every number in the agreement is over: open this line and do what it says." in page
    assert "You can still call:" in page
