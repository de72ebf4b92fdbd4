"""Calls to the help line: codes in clear, notes under seal, and from a call to an interview without a trace between."""

from __future__ import annotations

import dataclasses
import re
import uuid
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from nrm import audit, clock
from nrm.actions import tending
from nrm.actions.accounts import joining
from nrm.actions.interviews import helpline as actions
from nrm.actions.interviews import interview_sending, interviews
from nrm.db import db
from nrm.domain.accounts.accounts import Actor, NotPermitted, NotVisible, Role
from nrm.domain.interviews.helpline import (
    LONGEST_NOTE,
    Caller,
    CameOf,
    HelplineRefused,
    Outcome,
    PartOfDay,
    Topic,
    part_of_day,
)
from nrm.domain.shelter.cases import Purpose
from nrm.models.interviews.helpline import HelplineCall
from nrm.models.interviews.interviews import Interview
from nrm.models.referrals.referrals import Referral
from nrm.models.shelter.cases import Case, Erasure, Grant, ShredKey
from nrm.store import names
from nrm.store.countries import country
from nrm.store.interviews import helpline as store
from nrm.store.rows import entries
from tests import factories
from tests import factories_referrals as people
from tests.conftest import Person
from tests.factories_interviews import example, fields, walk

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
NOTE = "069 555 Planted, only before noon"


@pytest.fixture
def operator(app: Flask) -> Actor:
    assert app
    clock.set_clock(lambda: NOON)
    return factories.actor("helpline.helpline_operator")


def called(by: Actor, **changed: Any) -> uuid.UUID:
    call_id = uuid.uuid4()
    values: dict[str, Any] = {
        "language": "sq",
        "caller": Caller.FAMILY,
        "topic": Topic.MISSING,
        "outcome": Outcome.ADVICE,
        "by": by,
        **changed,
    }
    actions.record(call_id=call_id, **values)
    return call_id


def row(call_id: uuid.UUID) -> HelplineCall:
    return db.session.get_one(HelplineCall, call_id, populate_existing=True)


@pytest.mark.parametrize(
    ("hour", "part"), [(0, "night"), (5, "night"), (6, "morning"), (12, "afternoon"), (18, "evening"), (23, "evening")]
)
def test_parts_of_the_day(hour: int, part: str) -> None:
    assert part_of_day(datetime(2026, 3, 2, hour, 59)) is PartOfDay(part)  # noqa: DTZ001 - the country's clocks


def test_a_call_without_a_name_keeps_day_and_part_of_the_day_and_no_hour(operator: Actor) -> None:
    call_id = called(operator)
    kept = row(call_id)
    assert (kept.called_on, kept.part, kept.language, kept.noted) == (date(2026, 3, 2), "afternoon", "sq", False)
    assert not [
        column for column in HelplineCall.__table__.columns if (name := column.name).endswith("_at") or "member" in name
    ]
    assert db.session.scalars(select(Grant).where(Grant.case_id == call_id)).all() == []


def test_a_note_is_sealed_to_the_help_line_opened_on_record_and_destroyed_when_dealt_with(operator: Actor) -> None:
    call_id = called(operator, outcome=Outcome.CALL_BACK, note=NOTE)
    held = db.session.scalars(select(Grant.organisation_id).where(Grant.case_id == call_id)).all()
    assert held == [operator.organisation_id]
    assert actions.opened(call_id=call_id, by=operator) is None
    actions.open_note(call_id=call_id, purpose=Purpose.SAFETY, by=operator)
    assert actions.opened(call_id=call_id, by=operator) == NOTE
    db.session.rollback()
    with db.engine.connect() as connection:
        raw = connection.connection.driver_connection
        assert raw is not None
        assert "Planted" not in "\n".join(raw.iterdump())
    actions.settle(call_id=call_id, came=CameOf.NOT_REACHED, by=operator)
    assert actions.opened(call_id=call_id, by=operator) == NOTE
    assert store.not_reached(store.one(call_id, by=operator), by=operator) == [NOON]
    actions.settle(call_id=call_id, came=CameOf.SPOKE, by=operator)
    assert actions.opened(call_id=call_id, by=operator) is None
    assert db.session.get(Erasure, (call_id, "identity")) is not None
    with db.engines["shred"].connect() as connection:
        assert connection.execute(select(ShredKey.key).where(ShredKey.case_id == call_id)).all() == []
    with pytest.raises(HelplineRefused, match="over"):
        actions.settle(call_id=call_id, came=CameOf.SPOKE, by=operator)
    with pytest.raises(NotVisible):
        actions.open_note(call_id=call_id, purpose=Purpose.SAFETY, by=operator)


def test_after_thirty_days_neither_note_nor_day_is_left(operator: Actor) -> None:
    noted, plain = called(operator, outcome=Outcome.CALL_BACK, note=NOTE), called(operator)
    clock.set_clock(lambda: NOON + timedelta(days=29))
    assert tending.tend()["calls_forgotten"] == 0
    clock.set_clock(lambda: NOON + timedelta(days=30))
    assert tending.tend()["calls_forgotten"] == 2
    assert tending.tend()["calls_forgotten"] == 0
    for call_id in (noted, plain):
        kept = row(call_id)
        assert (kept.called_on, kept.part, kept.noted, kept.quarter_on) == (None, "", False, date(2026, 1, 1))
    assert db.session.get(Erasure, (noted, "identity")) is not None
    assert store.calls(by=operator) == []


def test_a_call_becomes_an_interview_and_a_referral_and_nothing_leads_from_one_to_the_other(operator: Actor) -> None:
    interview_id, call_id = uuid.uuid4(), uuid.uuid4()
    for _ in range(2):  # pressed twice, begun once
        begun = actions.record(
            call_id=call_id,
            language="el",
            caller=Caller.PERSON,
            topic=Topic.SHELTER,
            outcome=Outcome.REFERRAL,
            interview_id=interview_id,
            by=operator,
        )
        assert begun == interview_id
    draft = interviews.read(interview_id=interview_id, by=operator)
    assert draft.answers == {"urgent": "no", "language": "el", "by_telephone": "yes"}
    assert len(db.session.scalars(select(Interview)).all()) == 1
    kept = row(call_id)
    written = {each.name: str(getattr(kept, each.name)) for each in HelplineCall.__table__.columns}
    assert str(interview_id) not in written.values()
    sent = people.sent(operator)  # the help line's own interview goes the way of every referral
    assert db.session.get_one(Case, sent.case_id).source == "helpline"
    assert interview_sending.FIRST_INTERVIEW


def test_an_urgent_call_begins_the_urgent_way(operator: Actor) -> None:
    interview_id = uuid.uuid4()
    called(operator, outcome=Outcome.URGENT, interview_id=interview_id, language="other")
    assert interviews.read(interview_id=interview_id, by=operator).answers == {
        "urgent": "yes",
        "by_telephone": "yes",
    }


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"outcome": Outcome.CALL_BACK}, "note"),
        ({"note": "x" * (LONGEST_NOTE + 1)}, "note"),
        ({"language": "xx"}, "language"),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_is_kept(operator: Actor, changed: dict[str, Any], why: str) -> None:
    with pytest.raises(HelplineRefused, match=why):
        called(operator, **changed)
    assert db.session.scalars(select(HelplineCall)).all() == []


@pytest.mark.parametrize(
    "login",
    [
        "rinas.border_officer",
        "ra.duty_officer",
        "nrc.case_worker",
        "consular.consular_officer",
        "molsa.statistician",
        "oms.monitor",
        "administrator",
    ],
)
def test_nobody_else_sees_a_call(operator: Actor, login: str) -> None:
    call_id = called(operator, outcome=Outcome.CALL_BACK, note=NOTE)
    by = factories.actor(login)
    for attempt in (
        lambda: store.calls(by=by),
        lambda: store.one(call_id, by=by),
        lambda: actions.open_note(call_id=call_id, purpose=Purpose.SAFETY, by=by),
        lambda: actions.opened(call_id=call_id, by=by),
        lambda: actions.settle(call_id=call_id, came=CameOf.SPOKE, by=by),
        lambda: called(by),
    ):
        with pytest.raises((NotPermitted, NotVisible)):
            attempt()
        db.session.rollback()


def on_the_line(**changed: Any) -> dict[str, Any]:
    """Answers to the urgent way of the help line."""
    said = {"consent_urgent": "not_asked", "meet_where": "", "reach": "number", "leaflet_read": "heard"}
    return example(**{**said, "leaflet": None, **changed})


def corrected(call_id: uuid.UUID, by: Actor, **changed: Any) -> uuid.UUID | None:
    values: dict[str, Any] = {
        "language": "sq",
        "caller": Caller.FAMILY,
        "topic": Topic.MISSING,
        "outcome": Outcome.ADVICE,
        "interview_id": uuid.uuid4(),
        "by": by,
        **changed,
    }
    return actions.correct(call_id=call_id, **values)


def test_who_recorded_a_call_corrects_it_within_a_day_and_the_chain_names_what_it_was(operator: Actor) -> None:
    call_id = called(operator)
    corrected(call_id, operator, topic=Topic.CHILD, outcome=Outcome.CALL_BACK, note=NOTE)
    corrected(call_id, operator, topic=Topic.CHILD, outcome=Outcome.CALL_BACK)  # the same again: nothing
    kept = row(call_id)
    assert (kept.topic, kept.outcome, kept.noted) == ("child", "call_back", True)
    [said] = [each.said for each in entries.since(entries.EVER, audit.Event.CALL_CORRECTED)]
    assert said == {
        "call_id": str(call_id),
        "outcome": "call_back",
        "was_topic": "missing",
        "was_outcome": "advice",
    }
    actions.open_note(call_id=call_id, purpose=Purpose.SAFETY, by=operator)
    assert actions.opened(call_id=call_id, by=operator) == NOTE
    begun = corrected(call_id, operator, topic=Topic.CHILD, outcome=Outcome.URGENT)
    assert begun is not None
    assert interviews.read(interview_id=begun, by=operator).answers["urgent"] == "yes"
    assert row(call_id).noted  # the note stays where it was, until somebody says what came of it
    assert corrected(call_id, operator, outcome=Outcome.URGENT, interview_id=begun) == begun  # pressed twice
    assert corrected(call_id, operator, topic=Topic.CHILD, outcome=Outcome.REFERRAL) is None  # one was begun already
    clock.set_clock(lambda: NOON + timedelta(days=1, minutes=1))
    with pytest.raises(HelplineRefused, match="late"):
        corrected(call_id, operator)
    assert row(call_id).outcome == "referral"


def test_what_a_correction_cannot_be(operator: Actor) -> None:
    call_id = called(operator, outcome=Outcome.CALL_BACK, note=NOTE)
    actions.settle(call_id=call_id, came=CameOf.SPOKE, by=operator)
    with pytest.raises(HelplineRefused, match="over"):
        corrected(call_id, operator)
    corrected(call_id, operator, outcome=Outcome.CALL_BACK, topic=Topic.CHILD)
    other = called(operator)
    with pytest.raises(HelplineRefused, match="note"):
        corrected(other, operator, outcome=Outcome.CALL_BACK)
    with pytest.raises(HelplineRefused, match="language"):
        corrected(other, operator, language="xx")
    with pytest.raises((NotPermitted, NotVisible)):
        corrected(other, factories.actor("rinas.border_officer"), outcome=Outcome.ENDED)
    with pytest.raises((NotPermitted, NotVisible)):
        actions.follow(call_id=other, done=True, by=factories.actor("rinas.border_officer"))
    with pytest.raises(HelplineRefused, match="over"):
        actions.follow(call_id=other, done=True, by=operator)
    assert row(other).outcome == "advice"


def test_a_call_back_that_was_ticked_by_mistake_is_ended_by_true_words(
    operator: Actor, sign_in: Callable[[str], Person]
) -> None:
    """There was only that somebody called back, or that somebody else cares for it."""
    call_id = called(operator, outcome=Outcome.CALL_BACK, note=NOTE)
    corrected(call_id, operator, outcome=Outcome.ADVICE)
    person, address = sign_in("helpline.helpline_operator"), f"/helpline/calls/{call_id}"
    person.post(f"{address}/open", {"purpose": "call_back"})
    assert "No call back was agreed" in person.get(f"{address}?lang=en")
    asked = person.client.post(
        f"{address}/settled?lang=en", data={"came": "not_agreed", "csrf_token": person.csrf_token}
    )
    assert row(call_id).noted
    assert "Is the note to be destroyed?" in asked.text
    person.post(f"{address}/settled", {"came": "not_agreed", "sure": "yes"})
    db.session.rollback()
    assert not row(call_id).noted
    assert str(call_id) not in person.get("/")


@pytest.mark.slow
def test_a_call_is_corrected_on_its_page_by_its_writer_and_by_no_colleague(
    operator: Actor, sign_in: Callable[[str], Person]
) -> None:
    call_id = called(operator)
    address = f"/helpline/calls/{call_id}"
    person = sign_in("helpline.helpline_operator")
    assert f'href="{address}"' in person.get("/helpline/calls")
    assert f'href="{address}/correct"' in person.get(address)
    page = person.get(f"{address}/correct?lang=en")
    assert re.search(r'value="advice" checked', page)
    assert re.search(r'value="missing" checked', page)
    [interview] = re.findall(r'name="interview" value="([0-9a-f-]+)"', page)
    form: dict[str, object] = {"interview": interview, "topic": "danger", "caller": "family", "language": "sq"}
    assert "how the person can be called back" in person.post(
        f"{address}/correct?lang=en", {**form, "outcome": "call_back"}, status=422
    )
    person.post(f"{address}/correct", {**form, "outcome": ""}, status=422)
    assert "do you know any number" in person.post(
        f"{address}/correct?lang=en", {**form, "outcome": "ended"}, status=422
    )
    after = person.post(f"{address}/correct", {**form, "outcome": "police"})
    assert "the call is corrected." in person.get(f"{after}&lang=en")
    page = person.get(f"{address}?lang=en")
    assert "Passed to the emergency number" in page
    assert "Corrected: 2 March 2026" in page
    assert "Before: Somebody is missing, Advice was enough" in page
    assert person.post(f"{address}/correct", {**form, "outcome": "urgent"}) == f"/interviews/{interview}"
    factories.join(
        joining.invite(
            organisation_id=operator.organisation_id,
            login="helpline.second",
            name="Second Operator",
            role=Role.HELPLINE_OPERATOR,
            by=operator,
        )
    )
    factories.confirm("helpline.second", by=operator)
    colleague = sign_in("helpline.second")
    assert f"{address}/correct" not in colleague.get(address)
    colleague.get(f"{address}/correct", status=409)
    colleague.post(f"{address}/correct", {**form, "outcome": "advice"}, status=409)
    sign_in("rinas.border_officer").get(f"{address}/correct", status=403)


@pytest.mark.slow
def test_danger_that_is_corrected_away_is_read_by_the_next_shift(
    operator: Actor, sign_in: Callable[[str], Person]
) -> None:
    """ "Danger now" of the person herself became "information" of a friend: the next shift read only the last."""
    call_id = called(operator, topic=Topic.DANGER, caller=Caller.PERSON, outcome=Outcome.CALL_BACK, note=NOTE)
    other = called(operator, topic=Topic.RIGHTS, outcome=Outcome.CALL_BACK, note=NOTE)
    person = sign_in("helpline.helpline_operator")
    assert "Before:" not in person.get("/?lang=en")
    corrected(call_id, operator, topic=Topic.INFORMATION, caller=Caller.FRIEND, outcome=Outcome.ADVICE)
    home = person.get("/?lang=en")
    assert home.count("(Before: Danger now)") == 1
    assert "Before:" not in person.get(f"/helpline/calls/{other}?lang=en")
    page = person.get(f"/helpline/calls/{call_id}?lang=en")
    assert "<strong>To be called back</strong>" in page
    assert "(helpline.helpline_operator). Before: Danger now, The person" in page


@pytest.mark.slow
def test_what_a_call_led_to_stands_on_the_home_page_until_it_is_done(
    operator: Actor, sign_in: Callable[[str], Person]
) -> None:
    urgent = called(operator, outcome=Outcome.URGENT, interview_id=uuid.uuid4())
    wish = called(operator, outcome=Outcome.REFERRAL, interview_id=uuid.uuid4())
    address = f"/helpline/calls/{urgent}"
    person = sign_in("helpline.helpline_operator")
    home = person.get("/?lang=en")
    assert "Calls of which something still has to be done" in home
    assert f'href="{address}"' in home
    assert str(wish) not in home
    assert "Urgent hand-over: still to be done" in person.get("/helpline/calls")
    assert "The hand-over was done" in person.get(address)
    person.post(f"{address}/followed", status=422)
    person.post(f"{address}/followed", {"done": "yes"})
    assert address not in person.get("/")
    assert "Urgent hand-over: done" in person.get("/helpline/calls")
    assert "It is not done after all" in person.get(address)
    person.post(f"{address}/followed", {"done": "no"})
    assert address in person.get("/")
    said = [each.said["followed"] for each in entries.since(entries.EVER, audit.Event.CALL_FOLLOWED)]
    assert said == ["done", "owed"]
    person.post(f"/helpline/calls/{wish}/followed", {"done": "yes"}, status=409)
    sign_in("rinas.border_officer").post(f"{address}/followed", {"done": "yes"}, status=403)


@pytest.mark.slow
def test_the_return_that_a_call_announces_is_said_to_be_done_by_announcing_it(
    operator: Actor, sign_in: Callable[[str], Person]
) -> None:
    call_id = called(operator, outcome=Outcome.NOTICE)
    person = sign_in("helpline.helpline_operator")
    page = person.get(f"/helpline/calls/{call_id}?lang=en")
    assert f'href="/notices/new?call={call_id}"' in page
    form = person.get(f"/notices/new?call={call_id}")
    assert f'action="/notices?call={call_id}"' in form
    [new] = re.findall(r'name="id" value="([0-9a-f-]+)"', form)
    sent: dict[str, object] = {
        "id": new, "origin": "helpline", "country": "Italia", "post": "RINAS", "child": "no", "name": "Lule Planted",
        "day-day": "9", "day-month": "3", "day-year": "2026", "hour": "10",
    }  # fmt: skip
    person.post(f"/notices?call={call_id}", {**sent, "name": ""}, status=422)
    assert row(call_id).followed == "owed"
    db.session.rollback()
    person.post(f"/notices?call={call_id}", sent)
    assert row(call_id).followed == "done"
    other = {**sent, "id": str(uuid.uuid4()), "name": "Drita Lamaj", "child": "unknown", "day-day": "12"}
    person.post("/notices?call=junk", other)


def test_who_sent_an_urgent_hand_over_is_led_to_the_call(operator: Actor, sign_in: Callable[[str], Person]) -> None:
    call_id = called(operator, outcome=Outcome.URGENT, interview_id=uuid.uuid4())
    sent = people.sent(operator)
    interview_id = db.session.scalars(select(Interview.id).where(Interview.status == "sent")).one()
    assert sent
    page = sign_in("helpline.helpline_operator").get(f"/interviews/{interview_id}/sent?lang=en")
    assert "Was this an urgent call of the list?" in page
    assert f'href="/helpline/calls/{call_id}"' in page


def test_after_thirty_days_nothing_is_owed(operator: Actor) -> None:
    call_id = called(operator, outcome=Outcome.NOTICE)
    clock.set_clock(lambda: NOON + timedelta(days=30))
    tending.tend()
    assert row(call_id).followed == ""


def test_no_call_takes_the_id_of_an_interview_and_no_interview_that_of_a_call(operator: Actor) -> None:
    draft = interviews.start(interview_id=uuid.uuid4(), by=operator)
    values: dict[str, Any] = {"language": "sq", "caller": Caller.FAMILY, "topic": Topic.OTHER, "by": operator}
    with pytest.raises(NotVisible):
        actions.record(call_id=draft, outcome=Outcome.ADVICE, **values)
    same = uuid.uuid4()
    with pytest.raises(NotVisible):
        actions.record(call_id=same, interview_id=same, outcome=Outcome.REFERRAL, **values)
    call_id = called(operator)
    with pytest.raises(NotVisible):
        interviews.start(interview_id=call_id, by=operator)
    with pytest.raises(NotVisible):
        actions.record(call_id=uuid.uuid4(), interview_id=draft, outcome=Outcome.REFERRAL, **values)


@pytest.mark.slow
def test_by_pages(app: Flask, sign_in: Callable[[str], Person]) -> None:
    assert app
    operator = sign_in("helpline.helpline_operator")
    assert 'href="/helpline/calls/new"' in operator.get("/")
    page = operator.get("/helpline/calls/new")
    ids = dict(re.findall(r'name="(id|interview)" value="([0-9a-f-]+)"', page))
    form: dict[str, object] = {**ids, "outcome": "call_back", "topic": "missing", "caller": "family", "language": "it"}
    for wrong, said in (
        ({"note": ""}, "Shkruani si mund të telefonohet"),
        ({"note": "kept", "topic": ""}, "Zgjidhni për çfarë bëhet fjalë"),
        ({"note": "kept", "outcome": "nothing"}, "Zgjidhni çfarë vjen prej saj"),
        ({"note": "kept", "language": "xx"}, "Zgjidhni gjuhën"),
        ({"note": "kept" * 200}, "Shkruani më së shumti"),
    ):
        refused = operator.post("/helpline/calls", {**form, **wrong}, status=422)
        assert said in refused
        assert "kept" in refused or not wrong.get("note")
    operator.post("/helpline/calls", {**form, "id": "junk"}, status=422)
    for _ in range(2):
        operator.post("/helpline/calls", {**form, "note": NOTE})
    home = operator.get("/")
    [address] = set(re.findall(r'href="(/helpline/calls/[0-9a-f-]{36})"', home))
    assert home.count(f'href="{address}"') == 1
    assert "Planted" not in home + operator.get("/helpline/calls") + operator.get(address)
    assert "Italiano" in operator.get("/helpline/calls")
    operator.post(f"{address}/open", {}, status=422)
    operator.post(f"{address}/open", {"purpose": "safety"})
    assert NOTE in operator.get(address)
    operator.post(f"{address}/settled", status=422)
    operator.post(f"{address}/settled", {"came": "spoke"}, status=200)
    operator.post(f"{address}/settled", {"came": "spoke", "sure": "yes"})
    operator.post(f"{address}/settled", {"came": "spoke"}, status=409)
    assert address not in operator.get("/")
    urgent = {**form, "id": str(uuid.uuid4()), "outcome": "urgent"}
    begun = operator.post("/helpline/calls", urgent)
    assert begun == f"/interviews/{ids['interview']}"
    operator.get(begun)
    assert operator.post("/helpline/calls", urgent) == begun
    led = operator.post("/helpline/calls", {**form, "id": str(uuid.uuid4()), "outcome": "notice"})
    assert re.fullmatch(r"/notices/new\?call=[0-9a-f-]{36}", led)
    operator.get(led)
    sign_in("rinas.border_officer").get(address, status=403)


def test_a_call_in_danger_that_breaks_off_is_on_a_list_or_somebody_says_that_nothing_can_be_done(
    app: Flask, sign_in: Callable[[str], Person]
) -> None:
    assert app
    operator = sign_in("helpline.helpline_operator")
    page = operator.get("/helpline/calls/new?lang=en")
    assert "no way to call back" not in page
    ids = dict(re.findall(r'name="(id|interview)" value="([0-9a-f-]+)"', page))
    form: dict[str, object] = {**ids, "outcome": "ended", "topic": "danger", "caller": "person", "language": "it"}
    assert "do you know any number or way?" in operator.post("/helpline/calls?lang=en", form, status=422)
    assert "There is no way to call back" in operator.post("/helpline/calls?lang=en", form, status=422)
    operator.post("/helpline/calls", {**form, "no_way": "y"})
    operator.post("/helpline/calls", {**form, "id": str(uuid.uuid4()), "topic": "information"})


@pytest.mark.slow
def test_a_note_goes_by_no_press_alone_and_the_home_page_and_the_list_say_what_came_of_it(
    operator: Actor, sign_in: Callable[[str], Person]
) -> None:
    calls = [called(operator, outcome=Outcome.CALL_BACK, note=f"{NOTE} {each}") for each in range(2)]
    person, (address, other) = sign_in("helpline.helpline_operator"), [f"/helpline/calls/{each}" for each in calls]
    person.post(f"{address}/open", {"purpose": "safety"})
    page = person.get(f"{address}?lang=en")
    assert re.findall(r'name="came" value="(\w+)"', page) == ["spoke", "passed_on", "not_agreed", "not_reached"]
    refused = person.post(f"{address}/settled?lang=en", status=422)
    assert "Choose what came of the call back" in refused
    assert NOTE in refused
    after = person.post(f"{address}/settled", {"came": "not_reached"})
    home = person.get(after)
    assert "its note is kept" in home
    assert address in home
    assert "Not reached: 2 March 2026" in person.get(f"{address}?lang=en")
    asked = person.post(f"{address}/settled?lang=en", {"came": "passed_on"}, status=200)
    assert "Is the note to be destroyed?" in asked
    assert calls[0].hex[:4].upper() in asked
    assert "Somebody is missing" in asked
    assert "Planted" not in asked
    assert NOTE in person.get(address)
    after = person.post(f"{address}/settled", {"came": "passed_on", "sure": "yes"})
    home = person.get(after)
    assert "the call is dealt with, and its note is destroyed" in home
    assert address not in home
    assert other in home
    listed = person.get("/helpline/calls?lang=en")
    assert listed.count("Call back: dealt with") == 1
    assert listed.count("To be called back") == 1
    assert "note is destroyed" not in person.get(f"{after}&lang=en")  # said once


def test_two_calls_of_one_night_and_topic_are_told_apart_without_an_hour(
    operator: Actor, sign_in: Callable[[str], Person]
) -> None:
    codes = [
        call_id.hex[:4].upper() for call_id in (called(operator, outcome=Outcome.CALL_BACK, note=NOTE) for _ in "ab")
    ]
    person = sign_in("helpline.helpline_operator")
    for page in (person.get("/"), person.get("/helpline/calls")):
        assert all(code in page for code in codes)


def test_the_record_says_what_came_of_a_call_and_not_what_to_do_next(
    operator: Actor, sign_in: Callable[[str], Person]
) -> None:
    for outcome in (Outcome.URGENT, Outcome.REFERRAL, Outcome.NOTICE):
        called(operator, outcome=outcome, interview_id=uuid.uuid4())
    person = sign_in("helpline.helpline_operator")
    listed = person.get("/helpline/calls?lang=en")
    assert "begin" not in listed.partition("<tbody>")[2].partition("</tbody>")[0]
    assert "next:" not in listed
    assert "next: the notice" in person.get("/helpline/calls/new?lang=en")


@pytest.mark.slow
def test_drafts_are_told_apart_and_the_urgent_one_stands_first_on_the_home_page_and_the_list(
    operator: Actor, sign_in: Callable[[str], Person]
) -> None:
    called(operator, outcome=Outcome.URGENT, interview_id=uuid.uuid4(), language="other")
    clock.set_clock(lambda: NOON + timedelta(minutes=5))
    called(operator, outcome=Outcome.REFERRAL, interview_id=uuid.uuid4(), language="it")
    person = sign_in("helpline.helpline_operator")
    for address in ("/?lang=en", "/interviews/unsent/draft?lang=en"):
        rows = (
            person.get(address)
            .partition("My drafts</span>")[2]
            .partition("<tbody>")[2]
            .partition("</tbody>")[0]
            .split("</tr>")
        )
        assert "urgent" in rows[0]
        assert "nothing answered yet" in rows[0]
        assert "urgent" not in rows[1]
        assert "Italiano" in rows[1]


@pytest.mark.slow
def test_the_urgent_hand_over_that_a_call_began_settles_the_call_by_being_sent(
    operator: Actor, sign_in: Callable[[str], Person]
) -> None:
    person, elsewhere = sign_in("helpline.helpline_operator"), sign_in("helpline.helpline_operator")
    calls: list[uuid.UUID] = []
    waits = "Not sent yet? Whoever took the call"
    for browser in (person, elsewhere):
        page = person.get("/helpline/calls/new?lang=en")
        ids = dict(re.findall(r'name="(id|interview)" value="([0-9a-f-]+)"', page))
        form = {**ids, "outcome": "urgent", "topic": "danger", "caller": "person", "language": "sq"}
        begun = person.post("/helpline/calls", form)
        db.session.rollback()
        calls += [each.id for each in store.calls(by=operator) if each.id not in calls]
        address = f"/helpline/calls/{calls[-1]}?lang=en"
        assert waits in person.get(address)
        assert "Nothing personal is kept" not in person.get(address)
        browser.get(begun)
        browser.post(f"{begun}/resume") if browser is elsewhere else None
        loaded = walk(browser, on_the_line(), f"{begun}/urgent_first")
        assert loaded[-1] == "sent"
    db.session.rollback()
    assert [row(each).followed for each in calls] == ["done", "owed"]  # of another browser the operator says it
    assert waits not in person.get(f"/helpline/calls/{calls[0]}?lang=en")
    home = person.get("/?lang=en")
    assert str(calls[0]) not in home
    assert str(calls[1]) in home
    sent = [each.id for each in db.session.scalars(select(Interview).where(Interview.status == "sent"))]
    said = [each.said for each in entries.since(entries.EVER, audit.Event.CALL_FOLLOWED)]
    assert len(sent) == 2
    assert not any(str(each) in str(said) for each in sent)


def test_a_call_back_says_why_the_note_is_opened_that_it_is_needed_and_presets_no_language(
    operator: Actor, sign_in: Callable[[str], Person]
) -> None:
    person = sign_in("helpline.helpline_operator")
    for language in ("en", "sq"):
        page = person.get(f"/helpline/calls/new?lang={language}")
        assert "(optional)" not in page
        assert "detyrueshme" not in page
        assert re.search(r'<option value="" selected>', page) or "selected" not in page
    ids = dict(re.findall(r'name="(id|interview)" value="([0-9a-f-]+)"', page))
    form: dict[str, object] = {**ids, "outcome": "call_back", "topic": "danger", "caller": "family", "note": NOTE}
    assert "Zgjidhni gjuhën" in person.post("/helpline/calls", {**form, "language": ""}, status=422)
    person.post("/helpline/calls", {**form, "language": "it"})
    address = f"/helpline/calls/{store.calls(by=operator)[0].id}"
    assert "To call back" in person.get(f"{address}?lang=en")
    assert "To answer a referral" not in person.get(f"{address}?lang=en")
    person.post(f"{address}/open", {"purpose": "call_back"})
    assert NOTE in person.get(address)


@pytest.mark.slow
def test_the_urgent_hand_over_of_a_call_asks_where_the_person_is_and_how_she_is_reached(
    operator: Actor, sign_in: Callable[[str], Person]
) -> None:
    person = sign_in("helpline.helpline_operator")
    there, number, hours = "Planted Square 9", "069 111 Planted", "Planted, till noon"
    begun, first = urgent_call(person)
    page = person.get(f"{first}?lang=en")
    for words in ("Where can the person be met?", "How is the person reached safely?", "At which number?"):
        assert words in page
    assert "You talk by telephone. Ask where" not in page
    told = on_the_line(consent_urgent="given", meet_where=there, reach="number", reach_number=number, reach_hours=hours)
    lacking = person.post(first, fields("urgent_first", person.get(first), {**told, "reach": None}), status=422)
    assert 'href="#reach"' in lacking
    walk(person, told, first, until="urgent_send")
    last = person.get(f"{begun}/urgent_send?lang=en")
    assert "Did you offer the leaflet?" not in last
    assert "Did you read the leaflet out by telephone?" in last
    assert "The leaflet itself is given on arrival." in last
    assert "hand over only if the person wants it" not in last
    sent = walk(person, told, f"{begun}/urgent_send")
    assert sent == ["urgent_send", "sent"]
    after = person.get(f"{begun}/sent?lang=en")
    assert "You talk by telephone: read the leaflet out" in after
    assert "Leaflet for the wallet" not in after
    db.session.rollback()
    with db.engine.connect() as connection:
        raw = connection.connection.driver_connection
        assert raw is not None
        assert "Planted" not in "\n".join(raw.iterdump())
    address = f"/referrals/{db.session.scalars(select(Referral)).one().id}"
    worker = sign_in("nrc.case_worker")
    assert there not in worker.get(address)
    worker.post(f"{address}/open", {"compartment": "hand_over", "purpose": "answer"})
    opened = worker.get(f"{address}?lang=en")
    for words in (there, number, hours):
        assert words in opened
    reached = opened.partition("How the person is found")[2].partition("What else was handed over")[0]
    assert there in reached
    assert number in reached
    assert "Is it a talk by telephone" not in opened
    assert opened.index(there) < opened.index('id="sheet"')
    sign_in("vatra.case_worker").get(address, status=404)


def test_who_has_no_place_and_no_way_is_asked_once_more(operator: Actor, sign_in: Callable[[str], Person]) -> None:
    person = sign_in("helpline.helpline_operator")
    _, first = urgent_call(person)
    told = on_the_line(reach="no_way")
    asked = person.post(first, fields("urgent_first", person.get(f"{first}?lang=sq"), told), status=200)
    assert "qendra nuk e gjen dot personin" in asked
    person.post(first, fields("urgent_first", asked, told))


def test_a_call_that_is_not_urgent_is_asked_it_too_and_back_on_the_whole_way_it_stays_one_by_telephone(
    operator: Actor, sign_in: Callable[[str], Person]
) -> None:
    person = sign_in("helpline.helpline_operator")
    begun, first = urgent_call(person)
    seen = re.search(r'name="seen" value="(\d+)"', person.get(first))
    assert seen
    person.post(f"{begun}/start", {"whole": "1", "seen": seen.group(1)})
    walk(person, example(), f"{begun}/screen", until="signs")
    assert "name=reach " in person.get(f"{begun}/signs")


def test_the_short_way_begun_anywhere_on_the_help_line_is_by_telephone(
    operator: Actor, sign_in: Callable[[str], Person]
) -> None:
    person, draft = sign_in("helpline.helpline_operator"), str(uuid.uuid4())
    assert "name=reach " in person.get(person.post("/interviews", {"id": draft, "urgent": "yes"}))


def urgent_call(person: Person) -> tuple[str, str]:
    """(interview, its first page) of an urgent call."""
    ids = dict(re.findall(r'name="(id|interview)" value="([0-9a-f-]+)"', person.get("/helpline/calls/new")))
    form = {**ids, "outcome": "urgent", "topic": "danger", "caller": "person", "language": "sq"}
    begun = person.post("/helpline/calls", form)
    return begun, f"{begun}/urgent_first"


def test_a_team_that_meets_people_is_asked_of_a_telephone_only_where_a_call_led_to_it(
    operator: Actor, sign_in: Callable[[str], Person], monkeypatch: pytest.MonkeyPatch
) -> None:
    known = country().organisations
    teams = {**known, "HELPLINE": dataclasses.replace(known["HELPLINE"], face_to_face=True)}
    meeting = dataclasses.replace(country(), organisations=teams)
    monkeypatch.setattr(names, "country", lambda: meeting)
    person, draft = sign_in("helpline.helpline_operator"), str(uuid.uuid4())
    begun = person.post("/interviews", {"id": draft, "urgent": "yes"})
    assert "name=reach " not in person.get(begun)
    assert "name=reach " in person.get(urgent_call(person)[1])


def test_at_a_crossing_point_nobody_is_asked_of_a_telephone(sign_in: Callable[[str], Person]) -> None:
    officer, draft = sign_in("rinas.border_officer"), str(uuid.uuid4())
    begun = officer.post("/interviews", {"id": draft, "urgent": "yes"})
    page = officer.get(f"{begun}?lang=en")
    assert "Urgent hand-over" in page
    for name in ("by_telephone", "meet_where", "reach", "reach_hours", "leaflet_read"):
        assert f"name={name}" not in page
