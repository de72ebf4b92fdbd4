"""Children who are with their own parent: one notice at the child authority's desk, no interview and no name."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from nrm import clock
from nrm.actions import tending
from nrm.actions.interviews import family_notices as actions
from nrm.actions.interviews import groups
from nrm.actions.referrals import notification_calls
from nrm.db import db, transaction
from nrm.domain.accounts.accounts import Actor, NotPermitted, NotVisible, Permission
from nrm.domain.interviews.family_notices import (
    ALLOWS,
    AgesRefused,
    DeskAnswer,
    InterviewNeeded,
    NobodyToTell,
)
from nrm.domain.quarters import Quarter
from nrm.domain.referrals.notification_calls import MadeCall
from nrm.domain.referrals.referrals import IllegalTransition
from nrm.models.accounts.mailboxes import Mailbox
from nrm.models.audit import AuditEntry
from nrm.models.interviews.family_notices import FamilyNotice
from nrm.models.interviews.interviews import Interview
from nrm.models.interviews.screenings import ScreenStep
from nrm.models.referrals.referrals import Call, ChildAlert
from nrm.models.shelter.cases import SealedCompartment
from nrm.steps.interviews import child_alerts as child_steps
from nrm.store.interviews import family_notices as store
from nrm.store.interviews import screenings
from nrm.store.referrals import duty
from nrm.store.rows.accounts import mailboxes as mailbox_rows
from nrm.store.rows.interviews import screenings as screening_rows
from tests import factories
from tests import factories_referrals as people
from tests.conftest import Person
from tests.integration.test_races import instance
from tests.races import race

__all__ = ["instance"]

SignIn = Callable[[str], Person]
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
POST, ELSEWHERE, DUTY = "rinas.border_officer", "durres.border_officer", "ra.duty_officer"
DESK, DESK_NUMBER = "child_protection.child_protection_officer", "+355 4 000 0109"
MET = {str(name): answer for name, answer in ALLOWS.items()}
NEW = "/family-notices/new"


@pytest.fixture(autouse=True)
def at_noon(request: pytest.FixtureRequest) -> None:
    if "instance" not in request.fixturenames:
        request.getfixturevalue("app")
        clock.set_clock(lambda: NOON)


def typed(person: Person, address: str = NEW, **changed: object) -> dict[str, object]:
    """The form of three children as the page gives it, filled in."""
    found = re.search(r'<input type="hidden" name="id" value="([0-9a-f-]+)">\n?<div class="q', person.get(address))
    assert found
    return {"id": found.group(1), "children": "3", "ages": "9, 2 5", **MET, **changed}


def sent(person: Person, **changed: object) -> uuid.UUID:
    """The notice that the page wrote."""
    address = person.post(NEW, typed(person, **changed))
    return uuid.UUID(address.rsplit("/", 1)[1])


def written(login: str = POST, ages: tuple[int, ...] = (2, 5, 9)) -> uuid.UUID:
    by = factories.actor(login)
    return actions.write(family_id=uuid.uuid4(), children=len(ages), ages=ages, said=MET, by=by)


def rows() -> list[FamilyNotice]:
    db.session.rollback()
    return list(db.session.scalars(select(FamilyNotice).execution_options(populate_existing=True)))


def number_of(model: Any) -> int:
    db.session.rollback()
    return db.session.scalar(select(func.count()).select_from(model)) or 0


def events(*names: str) -> list[tuple[str, str]]:
    db.session.rollback()
    found = select(AuditEntry.event, AuditEntry.details).where(AuditEntry.event.in_(names)).order_by(AuditEntry.id)
    return [(row.event, row.details) for row in db.session.execute(found)]


def section(page: str, heading: str) -> str:
    """What stands under a heading, to the next one; empty without it."""
    return page.partition(heading)[2].partition("<h2")[0]


def test_one_notice_stands_for_all_children_and_no_interview_is_made(sign_in: SignIn) -> None:
    officer = sign_in(POST)
    assert f'href="{NEW}"' in officer.get("/")
    before = [number_of(model) for model in (Interview, SealedCompartment, ChildAlert)]
    family_id = sent(officer)
    assert [number_of(model) for model in (Interview, SealedCompartment, ChildAlert)] == before
    (row,) = rows()
    assert (row.id, row.ages, row.told_at, row.party) == (family_id, [2, 5, 9], NOON, "CHILD_PROTECTION")
    by = factories.actor(POST)
    assert (row.organisation_id, row.member_id, row.answer) == (by.organisation_id, by.member_id, "")
    page = officer.get(f"/family-notices/{family_id}?lang=en")
    assert "The child authority was told of 3 children" in page
    assert "2, 5, 9" in page
    assert DESK_NUMBER in page
    ((_, details),) = events("family_notice_written")
    assert str(family_id) in details
    assert '"children":3' in details
    assert not re.search(r"\b9\b", details)  # no age: the chain is kept for ever
    assert "3 children" in section(officer.get("/?lang=en"), "Family notices</h2>")


def test_the_desk_reads_one_line_and_says_seen_with_one_press(sign_in: SignIn) -> None:
    family_id = written()
    desk = sign_in(DESK)
    line = section(desk.get("/?lang=en"), "Children with their own parent")
    assert "3: 2, 5, 9" in line
    assert "Rinas airport" in line
    assert "tel:" in line
    address = f"/family-notices/{family_id}/answer"
    assert line.count(address) == 2
    assert desk.post(address, {"answer": "seen"}) == "/"
    line = section(desk.get("/?lang=en"), "Children with their own parent")
    assert "Seen" in line
    assert address not in line
    desk.post(address, {"answer": "seen"}, status=409)
    desk.post(address, {"answer": "call"}, status=409)
    assert [row.answer for row in rows()] == ["seen"]
    post = sign_in(POST)
    assert "Seen" in section(post.get("/?lang=en"), "Family notices</h2>")
    # Whoever doubts later still has the number.
    assert "tel:" in post.get(f"/family-notices/{family_id}?lang=en").partition("<main")[2]
    assert [name for name, _ in events("family_notice_written", "family_notice_answered")] == [
        "family_notice_written",
        "family_notice_answered",
    ]


def test_the_desk_asks_to_be_called_and_every_officer_of_the_post_reads_it(sign_in: SignIn) -> None:
    family_id = written()
    desk, officer = sign_in(DESK), sign_in(POST)
    address = f"/family-notices/{family_id}/answer"
    desk.post(address, {"answer": "call"})
    desk.post(address, {"answer": "call"}, status=409)  # it is asked already
    home = officer.get("/?lang=en")
    waiting = section(home, "What waits for me")
    assert f'href="/family-notices/{family_id}"' in waiting
    assert "call the child authority" in waiting
    shown = officer.get(f"/family-notices/{family_id}?lang=en")
    assert "asks you to call about these children" in shown
    assert DESK_NUMBER in shown
    line = section(desk.get("/?lang=en"), "Children with their own parent")
    assert "The post is asked to call" in line
    assert line.count(address) == 1
    desk.post(address, {"answer": "seen"}, status=409)  # from a page that was opened before a colleague said "Call us"
    assert "asks you to call about these children" in officer.get(f"/family-notices/{family_id}?lang=en")
    assert f'formaction="{address}?stood=call"' in line
    desk.post(f"{address}?stood=call", {"answer": "seen"})  # after the call
    assert f'href="/family-notices/{family_id}"' not in section(officer.get("/?lang=en"), "What waits for me")


@pytest.mark.parametrize("condition", MET)
def test_a_condition_that_is_not_met_leads_to_the_interview_and_writes_nothing(sign_in: SignIn, condition: str) -> None:
    officer = sign_in(POST)
    other = {"yes": "no", "no": "yes"}[MET[condition]]
    page = officer.post(f"{NEW}?lang=en", typed(officer, **{condition: other}), status=422)
    assert rows() == []
    assert events("family_notice_written") == []
    assert "No notice was written" in page
    assert "9, 2 5" in page  # nothing that was typed is lost
    assert f'href="#{condition}"' in page
    assert ("tel:129" in page) == (condition == "danger")
    found = re.search(r'action="/interviews">.*?name="id" value="([0-9a-f-]+)"', page, re.DOTALL)
    assert found
    assert "/interviews/" in officer.post("/interviews", {"id": found.group(1)})


@pytest.mark.parametrize("answer", [None, "", "dont_know", "YES"])
def test_a_condition_that_was_not_answered_is_asked_for(sign_in: SignIn, answer: str | None) -> None:
    officer = sign_in(POST)
    fields = {name: each for name, each in typed(officer, papers=answer).items() if each is not None}
    page = officer.post(f"{NEW}?lang=en", fields, status=422)
    assert "Answer yes or no" in page
    assert "No notice was written" not in page
    assert rows() == []


@pytest.mark.parametrize(
    ("children", "ages", "said"),
    [
        ("0", "", "Enter a number from 1 to 20"),
        ("21", " ".join(["4"] * 21), "Enter a number from 1 to 20"),
        ("-1", "4", "Enter a number from 1 to 20"),
        ("two", "4 5", "Enter a number from 1 to 20"),
        ("٣", "1 2 3", "Enter a number from 1 to 20"),
        ("", "4", "Enter a number from 1 to 20"),
        ("2", "4", "Enter one age for each child"),
        ("2", "4 5 6", "Enter one age for each child"),
        ("2", "", "Enter one age for each child"),
        ("2", "4 18", "Enter ages from 0 to 17"),
        ("2", "4 x", "Enter each age in whole years"),
        ("1", "Ana", "Enter each age in whole years"),
    ],
)
def test_other_numbers_and_ages_are_refused_in_words(sign_in: SignIn, children: str, ages: str, said: str) -> None:
    officer = sign_in(POST)
    page = officer.post(f"{NEW}?lang=en", typed(officer, children=children, ages=ages), status=422)
    assert said in page
    assert rows() == []


@pytest.mark.parametrize(("children", "ages"), [("1", "0"), ("20", " ".join(["17"] * 20)), (" 2 ", "0;17")])
def test_the_limits_themselves_are_taken(sign_in: SignIn, children: str, ages: str) -> None:
    sent(sign_in(POST), children=children, ages=ages)
    (row,) = rows()
    assert len(row.ages) == int(children)


def test_a_second_press_writes_nothing_twice(sign_in: SignIn) -> None:
    officer = sign_in(POST)
    fields = typed(officer)
    first = officer.post(NEW, fields)
    assert officer.post(NEW, fields) == first
    refused = officer.post(f"{NEW}?lang=en", {**fields, "children": "1", "ages": "4"}, status=409)
    assert "What you changed was not recorded" in refused
    (row,) = rows()
    assert row.ages == [2, 5, 9]
    assert steps() == {"families": 1, "family_children": 3}
    assert len(events("family_notice_written")) == 1


def test_two_presses_in_the_same_instant_write_one(instance: Flask) -> None:
    by, family_id = factories.actor(POST), uuid.uuid4()

    def press() -> uuid.UUID:
        return actions.write(family_id=family_id, children=1, ages=[4], said=MET, by=by)

    assert race(instance, press, press, press) == [family_id] * 3
    assert len(rows()) == 1
    assert steps() == {"families": 1, "family_children": 1}
    desk = factories.actor(DESK)

    def seen() -> str:
        actions.answer(family_id=family_id, said=DeskAnswer.SEEN, by=desk)
        return "seen"

    assert race(instance, seen, seen) == ["seen"]
    assert len(events("family_notice_answered")) == 1


def test_an_id_of_another_post_is_of_nothing(sign_in: SignIn) -> None:
    family_id = written()
    other = sign_in(ELSEWHERE)
    other.get(f"/family-notices/{family_id}", status=404)
    own = other.post(NEW, typed(other, id=str(family_id)))  # what a page carries is no id of a row (ADR 0232)
    assert "/family-notices/" + str(family_id) not in own + other.get("/")
    assert len(rows()) == 2
    other.post(NEW, typed(other, id="junk"), status=422)


@pytest.mark.parametrize(
    "login", ["oms.monitor", "molsa.statistician", "oms.coordinator", "nrc.case_worker", "helpline.helpline_operator"]
)
def test_no_ministry_and_no_shelter_reads_or_writes_any(sign_in: SignIn, login: str) -> None:
    family_id = written()
    person = sign_in(login)
    person.get(NEW, status=403)
    person.get(f"/family-notices/{family_id}", status=403)
    by = factories.actor(login)
    with pytest.raises(NotPermitted):
        actions.write(family_id=uuid.uuid4(), children=1, ages=[4], said=MET, by=by)
    for question in (store.of_desk, store.written):
        with pytest.raises((NotPermitted, NotVisible)):
            question(by=by, size=5)
    with pytest.raises((NotPermitted, NotVisible)):
        actions.answer(family_id=family_id, said=DeskAnswer.SEEN, by=by)
    status = 404 if by.may(Permission.OBLIGATION_ACKNOWLEDGE) else 403
    person.post(f"/family-notices/{family_id}/answer", {"answer": "seen"}, status=status)
    person.get("/family-notices", status=status)
    assert rows()[0].answer == ""


def test_the_post_cannot_answer_its_own_notice(sign_in: SignIn) -> None:
    family_id = written()
    officer = sign_in(POST)
    officer.post(f"/family-notices/{family_id}/answer", {"answer": "seen"}, status=404)
    officer.get("/family-notices", status=404)
    sign_in(DESK).post(f"/family-notices/{family_id}/answer", {"answer": "junk"}, status=422)
    assert rows()[0].answer == ""


def test_the_action_asks_for_the_conditions_itself() -> None:
    by = factories.actor(POST)
    for said in ({}, {**MET, "danger": "yes"}, {name: each for name, each in MET.items() if name != "papers"}):
        with pytest.raises(InterviewNeeded):
            actions.write(family_id=uuid.uuid4(), children=1, ages=[4], said=said, by=by)
    with pytest.raises(AgesRefused):
        actions.write(family_id=uuid.uuid4(), children=2, ages=[4], said=MET, by=by)
    assert rows() == []


def test_where_the_agreement_names_no_child_authority_each_child_is_interviewed(
    sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(child_steps, "clause_that_tells", lambda _: None)
    officer = sign_in(POST)
    assert "names no child authority" in officer.post(f"{NEW}?lang=en", typed(officer), status=422)
    with pytest.raises(NobodyToTell):
        written()
    assert rows() == []


def test_the_duty_desk_sees_it_after_a_day_without_an_answer_and_tells_by_telephone(sign_in: SignIn) -> None:
    family_id = written()
    by = factories.actor(DUTY)
    address = f"/family-notices/{family_id}/call"
    clock.set_clock(lambda: NOON + timedelta(hours=24) - timedelta(seconds=1))
    assert duty.counts(by=by) == duty.Counts(without_places=duty.counts(by=by).without_places)
    sign_in(DUTY).get(address, status=404)
    clock.set_clock(lambda: NOON + timedelta(hours=24))
    officer = sign_in(DUTY)
    for page in (officer.get("/?lang=en"), officer.get("/duty?lang=en")):
        assert f'href="{address}"' in page
        assert "A family notice that the child authority has not seen" in page
        assert DESK_NUMBER in page
    counted = duty.counts(by=by)
    assert (counted.due, counted.late, counted.later, counted.post, counted.children) == (1, 1, 0, 0, 0)
    assert DESK_NUMBER in officer.get(address)
    call: dict[str, object] = {"number": DESK_NUMBER, "answer": "answered", "name": "Drita Hoxha", "when": "5"}
    officer.post(address, {**call, "name": ""}, status=422)
    both = officer.post(f"{address}?lang=en", {**call, "answer": "nobody"}, status=422)
    assert "You chose “No answer”, and a name stands below" in both
    assert re.findall(r'name="answer"[^>]* value="(\w+)"[^>]* checked', both) == ["nobody"], "what was chosen stays"
    assert 'value="Drita Hoxha"' in both, "what was typed stays"
    assert number_of(Call) == 0
    assert officer.post(address, {**call, "answer": "nobody", "name": ""}) == address
    assert officer.post(address, call) == "/"
    (row,) = rows()
    assert (row.answer, row.answer_how) == ("seen", "telephone")
    assert row.answered_at == clock.now() - timedelta(minutes=5)
    assert number_of(Call) == 2
    assert address not in officer.get("/duty")
    officer.get(address, status=404)
    made = MadeCall(DESK_NUMBER, "X", answered=True, at=clock.now())
    with pytest.raises(NotPermitted):
        notification_calls.tell_of_family(family_id=family_id, call=made, by=factories.actor(POST))


@pytest.mark.slow
def test_a_call_about_a_family_that_nobody_made_is_taken_back_for_ten_minutes_by_who_recorded_it(
    sign_in: SignIn,
) -> None:
    family_id = written()
    address = f"/family-notices/{family_id}/call"
    back = f"{address}/back"
    clock.set_clock(lambda: NOON + timedelta(hours=26))
    officer = sign_in(DUTY)
    officer.post(back, {}, status=404)
    call: dict[str, object] = {"number": DESK_NUMBER, "answer": "answered", "name": "Drita Hoxha", "when": "120"}
    assert officer.post(address, {**call, "answer": "nobody", "name": "", "when": "0"}) == address
    assert back not in officer.get("/")
    assert officer.post(address, call) == "/"
    assert officer.post(address, call) == "/", "pressed twice: the home page says what was recorded"
    assert number_of(Call) == 2
    home = officer.get("/?lang=en")
    assert back in home
    assert "You recorded that Drita Hoxha answered" in home
    assert "Pressed by mistake: nobody was told" in home
    for login in (POST, DESK):
        sign_in(login).post(back, {}, status=403)
        assert back not in sign_in(login).get("/")
    stranger = replace(factories.actor(DUTY), member_id=uuid.uuid4())
    with pytest.raises(NotVisible):
        notification_calls.take_back_of_family(family_id=family_id, by=stranger)
    assert officer.post(back) == "/"
    assert officer.post(back) == "/", "pressed twice: it is taken back"
    (row,) = rows()
    assert (row.answer, row.answer_how, row.answered_at, row.answered_by_id) == ("", "", None, None)
    assert [each.name for each in db.session.scalars(select(Call))] == ["", ""], "it stays, unanswered"
    assert [name for name, _ in events("family_notice_answered", "family_notice_open_again")] == [
        "family_notice_answered",
        "family_notice_open_again",
    ]
    assert back not in officer.get("/")
    assert f'href="{address}"' in officer.get("/duty"), "what is owed comes back"
    # What the child authority says itself is not taken back here, and a call not for longer than ten minutes.
    officer.post(address, {**call, "when": "0"})
    clock.set_clock(lambda: NOON + timedelta(hours=26, minutes=10))
    officer = sign_in(DUTY)
    assert back not in officer.get("/")
    officer.post(back, {}, status=404)
    (row,) = rows()
    assert row.answer == "seen"


def test_every_list_of_the_duty_desk_has_it_on_both_databases(instance: Flask) -> None:
    assert instance
    family_id = written()
    factories.later(days=1)
    by = factories.actor(DUTY)
    desk = duty.desk(by=by, size=5)
    assert [line.id for line in desk.due] == [family_id]
    assert (desk.post, desk.counts.late) == ((), 1)
    (line,) = duty.waiting(by=by).rows
    assert (line.kind, line.late, line.age_class, line.pseudonym) == ("family", True, "", "")
    assert duty.waiting(by=by, clause=line.clause).rows == [line]
    assert (line.clause, 1, 1) in duty.clauses(by=by)
    assert duty.line("family", family_id, by=by) == line


def test_after_a_day_the_e_mail_that_says_nothing_goes_to_both_desks() -> None:
    written()
    desks = {code: people.organisation(code) for code in ("RA", "CHILD_PROTECTION", "NRC")}
    with transaction() as session:
        for each in desks.values():
            session.add(Mailbox(organisation_id=each, address="desk@example.org", language="sq", next_at=NOON))
    day = NOON + timedelta(days=1)
    assert mailbox_rows.to_be_told(day - timedelta(seconds=1), 9) == []
    assert set(mailbox_rows.to_be_told(day, 9)) == {desks["RA"], desks["CHILD_PROTECTION"]}


@pytest.mark.parametrize("answer", DeskAnswer)
def test_what_the_desk_answered_is_no_affair_of_the_duty_desk(answer: DeskAnswer) -> None:
    family_id = written()
    actions.answer(family_id=family_id, said=answer, by=factories.actor(DESK))
    factories.later(days=2)
    by = factories.actor(DUTY)
    assert duty.waiting(by=by).rows == []
    with pytest.raises(NotVisible):
        store.to_tell(family_id, by=by)


def test_what_was_seen_is_deleted_after_a_day_and_what_nobody_saw_after_thirty() -> None:
    seen, unseen, to_call = written(), written(), written()
    desk = factories.actor(DESK)
    actions.answer(family_id=seen, said=DeskAnswer.SEEN, by=desk)
    actions.answer(family_id=to_call, said=DeskAnswer.CALL, by=desk)
    clock.set_clock(lambda: NOON + timedelta(days=1) - timedelta(seconds=1))
    assert actions.forget() == 0
    clock.set_clock(lambda: NOON + timedelta(days=1))
    assert tending.tend()["families_forgotten"] == 1
    assert {row.id for row in rows()} == {unseen, to_call}
    clock.set_clock(lambda: NOON + timedelta(days=30) - timedelta(seconds=1))
    assert actions.forget() == 0
    clock.set_clock(lambda: NOON + timedelta(days=30))
    assert actions.forget() == 2
    assert rows() == []


def test_a_group_under_way_leads_to_the_notice_and_back(sign_in: SignIn) -> None:
    officer, by = sign_in(POST), factories.actor(POST)
    group_id = uuid.uuid4()
    groups.begin(group_id=group_id, interview_id=uuid.uuid4(), by=by)
    address = f"{NEW}?group={group_id}"
    assert f'href="{address}"' in officer.get(f"/groups/{group_id}")
    assert f'href="/groups/{group_id}"' in officer.get(address)
    page = officer.post(address, typed(officer, address, danger="yes"), status=422)
    assert f'action="/groups/{group_id}/next"' in page
    shown = officer.post(address, typed(officer, address))
    assert shown.endswith(f"?group={group_id}")
    assert f'href="/groups/{group_id}"' in officer.get(shown)
    other = sign_in(ELSEWHERE)
    assert f"/groups/{group_id}" not in other.get(address)
    assert 'href="/"' in other.get(f"{NEW}?group=junk")


def steps() -> dict[str, int]:
    db.session.rollback()
    found = select(ScreenStep.step, ScreenStep.number).where(ScreenStep.crossing_point == "rinas")
    return {row.step: row.number for row in db.session.execute(found)}


def test_the_monitor_sees_families_and_children_as_rounded_shares_of_the_post() -> None:
    with transaction() as session:
        for _ in range(9):
            screening_rows.count_family(session, date(2026, 2, 1), "rinas", 3)
        screening_rows.count_family(session, date(2026, 2, 1), "durres", 5)
    for _ in range(2):
        written(ages=(1, 2))
    db.session.rollback()
    first = select(ScreenStep.step, ScreenStep.number).where(
        ScreenStep.quarter_on == date(2026, 1, 1), ScreenStep.crossing_point == "rinas"
    )
    assert dict(map(tuple, db.session.execute(first))) == {"families": 11, "family_children": 31}
    by, quarter = factories.actor("oms.monitor"), Quarter(2026, 1)
    found = screenings.shares(quarter, quarter, by=by)
    assert (found["rinas"].families, found["rinas"].family_children) == (None, None)  # nobody was screened
    with transaction() as session:
        session.add(ScreenStep(quarter_on=date(2026, 2, 1), crossing_point="rinas", step="screened", number=61))
    found = screenings.shares(quarter, quarter, by=by)
    assert (found["rinas"].families, found["rinas"].family_children) == (20, 50)  # of 11 and 31
    assert found["durres"].families is None


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    ages=st.lists(st.integers(0, 17), min_size=1, max_size=20),
    said=st.fixed_dictionaries({name: st.sampled_from(["yes", "no", ""]) for name in MET}) | st.just(MET),
)
def test_a_notice_exists_exactly_where_every_condition_was_met(
    app: Flask, ages: list[int], said: Mapping[str, str]
) -> None:
    by, family_id = officer_of(app), uuid.uuid4()
    if said == MET:
        assert actions.write(family_id=family_id, children=len(ages), ages=ages, said=said, by=by) == family_id
        line = store.of_post(family_id, by=by)
        assert list(line.ages) == sorted(ages)
        return
    with pytest.raises(InterviewNeeded):
        actions.write(family_id=family_id, children=len(ages), ages=ages, said=said, by=by)
    with pytest.raises(NotVisible):
        store.of_post(family_id, by=by)


def officer_of(app: Flask) -> Actor:
    """One session for all examples."""
    found: Actor = app.extensions.setdefault("officer of this test", None) or factories.actor(POST)
    app.extensions["officer of this test"] = found
    return found


def test_the_last_word_cannot_be_said_twice() -> None:
    family_id, desk = written(), factories.actor(DESK)
    actions.answer(family_id=family_id, said=DeskAnswer.CALL, by=desk)
    actions.answer(family_id=family_id, said=DeskAnswer.SEEN, stood=DeskAnswer.CALL, by=desk)
    for again in DeskAnswer:
        with pytest.raises(IllegalTransition):
            actions.answer(family_id=family_id, said=again, by=desk)
