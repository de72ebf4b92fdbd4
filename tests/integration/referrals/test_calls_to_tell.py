"""Calls by which somebody is told what they have to know: from which hour on, and taken back when nobody was called."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import delete, func, select

from nrm import clock
from nrm.actions import tending
from nrm.actions.interviews import interview_sending, interviews
from nrm.actions.referrals import notification_calls, referrals
from nrm.db import db, transaction
from nrm.domain.accounts.accounts import NotPermitted, NotVisible
from nrm.models.accounts.accounts import Organisation
from nrm.models.audit import AuditEntry
from nrm.models.referrals.referrals import Call, Obligation
from nrm.store.referrals import critical_path
from nrm.vault.unattended import call_names
from nrm.web.formats import moment
from tests import factories
from tests import factories_referrals as people
from tests.conftest import Person
from tests.factories_agreements import colleague
from tests.factories_stays import CHILD, admitted

SignIn = Callable[[str], Person]
OFFICER, POST, AUTHORITY = "ra.duty_officer", "rinas.border_officer", "child_protection.case_worker"
SINCE = datetime.now(UTC).replace(second=40, microsecond=0) + timedelta(minutes=1)
"""When the case is opened, or the child authority told."""


@pytest.fixture(autouse=True)
def instance(app: Flask) -> Flask:
    clock.set_clock(lambda: SINCE)
    return app


def at(**after: float) -> None:
    """That much after the case was opened."""
    now = SINCE + timedelta(**after)
    clock.set_clock(lambda: now)


def owed(case_id: uuid.UUID) -> Obligation:
    db.session.rollback()
    mine = (Obligation.case_id == case_id, Obligation.party == "CHILD_PROTECTION", Obligation.kind == "notify")
    return db.session.scalars(select(Obligation).where(*mine)).one()


def address_of(case_id: uuid.UUID) -> str:
    return f"/obligations/{owed(case_id).id}/call"


def numbers(page: str) -> list[str]:
    return re.findall(r'name="number" value="([^"]+)"', page)


def offered(page: str) -> list[str]:
    return re.findall(r'name="when" value="([^"]+)"', page)


def answered(person: Person, address: str, when: str) -> dict[str, object]:
    return {"number": numbers(person.get(address))[0], "answer": "answered", "name": "Drita Hoxha", "when": when}


@pytest.mark.slow
@pytest.mark.parametrize("opened", ["by a shelter", "by a post"])
def test_nobody_was_told_of_a_case_before_there_was_one(sign_in: SignIn, opened: str) -> None:
    if opened == "by a shelter":
        case_id = admitted(factories.actor("nrc.case_worker"), CHILD).case_id
    else:
        case_id = people.sent(factories.actor(POST), age="child").case_id
    at(minutes=6)
    person, address = sign_in(OFFICER), address_of(case_id)
    page = person.get(f"{address}?lang=en")
    assert offered(page) == ["0", "5"], "what is too early is not offered"
    assert "before that there was nothing to tell" in page
    for early in ("15", "120"):
        refused = person.post(f"{address}?lang=en", answered(person, address, early), 422)
        (said,) = re.findall(r'id="when-error">.*?</span>([^<]+)<', refused)
        assert said == f"Choose a time from {moment(SINCE, 'en')} on: before that there was nothing to tell"
    assert owed(case_id).done_at is None
    assert db.session.scalars(select(Call)).all() == []
    call = answered(person, address, "5")
    assert person.post(address, call) == "/"
    assert person.post(address, call) == "/", "pressed twice: the home page says what was recorded"
    at(minutes=17)
    person.post(address, call, 409)
    assert owed(case_id).done_at == SINCE + timedelta(minutes=1)
    db.session.rollback()
    assert len(db.session.scalars(select(Call)).all()) == 1


def test_a_call_that_was_made_within_the_minute_is_not_refused_for_its_rounding(sign_in: SignIn) -> None:
    case_id = people.sent(factories.actor(POST), age="child").case_id
    at(minutes=4, seconds=20)  # called 10 seconds after it was sent, and "5 minutes ago"
    person, address = sign_in(OFFICER), address_of(case_id)
    assert offered(person.get(address)) == ["0", "5"]
    assert person.post(address, answered(person, address, "5")) == "/"
    assert owed(case_id).done_at == SINCE, "never before there was anything to tell"
    (step,) = [
        step
        for step in critical_path.of_case(case_id, by=factories.actor(OFFICER)).steps
        if step.kind == "notify" and step.party == "CHILD_PROTECTION"
    ]
    assert step.at == SINCE


def test_what_was_told_of_the_child_at_the_post_may_have_been_told_before_the_case_was_sent(sign_in: SignIn) -> None:
    by = factories.actor(POST)
    interview_id = people.interview(by, age="child")
    draft = interviews.read(interview_id=interview_id, by=by)
    page = next(each for each in draft.questionnaire.pages.values() if "age" in each.questions)
    given = {name: draft.answers[name] for name in page.questions if name in draft.answers}
    interviews.save_page(draft=draft, page=page.id, given=given, seen=draft.revision, by=by)
    at(minutes=6)
    person, child = sign_in(OFFICER), f"/children/{interview_id}/call"
    assert offered(person.get(child)) == ["0", "5"]
    refused = person.post(f"{child}?lang=en", answered(person, child, "15"), 422)
    assert f"Choose a time from {moment(SINCE, 'en')} on" in refused
    at(minutes=12)
    sent = interview_sending.send(interview_id=interview_id, party="NRC", override_reason="", by=by)
    at(minutes=31)
    person, address = sign_in(OFFICER), address_of(sent.case_id)
    assert offered(person.get(address)) == ["0", "5", "15", "30"], "from when the child authority was told on"
    assert person.post(address, answered(person, address, "30")) == "/"


def test_of_a_case_of_long_ago_no_hour_is_too_early(sign_in: SignIn) -> None:
    case_id = people.sent(factories.actor(POST), age="child").case_id
    at(hours=3)
    assert len(offered(sign_in(OFFICER).get(address_of(case_id)))) == 6
    at(minutes=1)
    with transaction() as session:  # its entry is too far from the end of the audit chain to be looked at
        session.execute(delete(AuditEntry).where(AuditEntry.details.contains(str(case_id))))
    assert len(offered(sign_in(OFFICER).get(address_of(case_id)))) == 6


@pytest.mark.slow
@pytest.mark.parametrize("login", [OFFICER, POST])
def test_who_recorded_a_call_that_nobody_made_takes_it_back_for_some_minutes(sign_in: SignIn, login: str) -> None:
    case_id = people.sent(factories.actor(POST), age="child").case_id
    at(hours=2, minutes=5)
    person, address = sign_in(login), address_of(case_id)
    back = f"{address}/back"
    person.post(back, {}, 404)
    person.post(address, {"number": numbers(person.get(address))[0], "answer": "nobody", "when": "0"})
    assert back not in person.get("/")
    assert person.post(address, answered(person, address, "120")) == "/"  # a call is written down some hours later
    home = person.get("/?lang=en")
    assert back in home
    assert "You recorded that Drita Hoxha answered" in home
    assert "Pressed by mistake: nobody was told" in home
    other = sign_in(POST if login == OFFICER else OFFICER)
    assert back not in other.get("/")
    other.post(back, {}, 404)
    for stranger in ("nrc.case_worker", "molsa.statistician"):
        with pytest.raises((NotVisible, NotPermitted)):
            notification_calls.take_back(obligation_id=owed(case_id).id, by=factories.actor(stranger))
    assert person.post(back) == "/"
    assert owed(case_id).done_at is None
    calls = [(call.answered, call.name) for call in db.session.scalars(select(Call))]
    assert calls == [(False, ""), (False, "")], "nobody answered: that stays of the call"
    assert back not in person.get("/")
    assert address in sign_in(OFFICER).get("/duty")
    assert person.post(back) == "/", "pressed twice: it is taken back"
    assert owed(case_id).done_at is None
    assert [call.answered for call in db.session.scalars(select(Call))] == [False, False]
    sign_in(POST if login == OFFICER else OFFICER).post(back, {}, 404)
    at(hours=2, minutes=15, seconds=30)
    person = sign_in(login)
    person.post(back, {}, 404)
    events = list(db.session.scalars(select(AuditEntry.event).order_by(AuditEntry.id)))
    assert events[-2:] != ["called", "obligation_acknowledged"]
    assert "obligation_open_again" in events
    # And not for longer.
    person.post(address, answered(person, address, "0"))
    at(hours=2, minutes=26)
    person = sign_in(login)
    assert back not in person.get("/")
    person.post(back, {}, 404)


def test_a_call_is_taken_back_after_the_person_arrived_too(sign_in: SignIn) -> None:
    sent = people.sent(factories.actor(POST), age="child")
    nrc = factories.actor("nrc.case_worker")
    referrals.accept(referral_id=sent.referral_id, place_id=people.bed("NRC"), by=nrc)
    referrals.arrive(referral_id=sent.referral_id, by=nrc)
    at(minutes=5)
    person, address = sign_in(OFFICER), address_of(sent.case_id)
    assert offered(person.get(address)) == ["0", "5"]
    person.post(address, answered(person, address, "0"))
    assert f"{address}/back" in person.get("/")
    person.post(f"{address}/back")
    assert owed(sent.case_id).done_at is None


def test_a_call_during_which_a_shelter_accepted_is_not_lost(sign_in: SignIn) -> None:
    """The officer was on the telephone: 404, what was typed was gone, and the post had no place to write it."""
    sent = people.sent(factories.actor(POST), age="child")
    post, address = sign_in(POST), address_of(sent.case_id)
    typed = answered(post, address, "0")
    referrals.accept(referral_id=sent.referral_id, place_id=people.bed("NRC"), by=factories.actor("nrc.case_worker"))
    page = post.post(f"{address}?lang=en", typed, 409)
    assert f"You typed: {typed['name']}, {typed['number']}" in page
    assert "+355 4 000 0105" in page
    assert "Ju shkruat" in page  # who is called to help may read the other language
    assert "You typed" not in post.get(f"{address}?lang=en", 409)
    assert owed(sent.case_id).done_at is None
    for stranger in ("durres.border_officer", "helpline.helpline_operator"):
        sign_in(stranger).post(address, typed, 404)


def test_a_call_that_was_recorded_before_a_shelter_accepted_leads_home_when_it_is_pressed_again(
    sign_in: SignIn,
) -> None:
    sent = people.sent(factories.actor(POST), age="child")
    post, address = sign_in(POST), address_of(sent.case_id)
    typed = answered(post, address, "0")
    assert post.post(address, typed) == "/"
    referrals.accept(referral_id=sent.referral_id, place_id=people.bed("NRC"), by=factories.actor("nrc.case_worker"))
    assert post.post(address, typed) == "/"


@pytest.mark.slow
def test_who_denies_that_it_was_told_is_not_told_by_the_same_post_again(sign_in: SignIn) -> None:
    """A call that nobody made took the late child off the duty desk, and again as often as the authority denied it."""
    case_id = people.sent(factories.actor(POST), age="child").case_id
    at(hours=3)
    post, authority, desk = sign_in(POST), sign_in(AUTHORITY), sign_in(OFFICER)
    address, denied = address_of(case_id), f"/obligations/{owed(case_id).id}/known/back"
    assert "they say that nobody told them" not in desk.get("/duty?lang=en")
    assert post.post(address, answered(post, address, "0")) == "/"
    assert address not in desk.get("/duty")
    assert authority.post(denied) == "/"
    page = desk.get("/duty?lang=en")
    assert address in page
    assert "they say that nobody told them" in page
    refused = post.post(f"{address}?lang=en", answered(post, address, "0"), 422)
    assert "it counts once they say themselves that they know, or the duty desk calls" in refused
    assert 'value="Drita Hoxha"' in refused, "what was typed stays"
    assert owed(case_id).done_at is None
    assert "It was written down that Drita Hoxha answered" in post.get(f"{address}?lang=en")
    assert post.post(address, {**answered(post, address, "0"), "answer": "nobody", "name": ""}) == address
    assert "they say that nobody told them" in desk.get("/duty?lang=en")
    assert "write down who answers" in desk.get(f"{address}?lang=en")
    assert desk.post(address, answered(desk, address, "0")) == "/"
    assert owed(case_id).done_at is not None


@pytest.mark.slow
def test_the_whole_post_reads_that_child_protection_denies_its_call_until_it_knows(sign_in: SignIn) -> None:
    made = people.sent(factories.actor(POST), age="child")
    organisation = db.session.scalars(select(Organisation).where(Organisation.code == "RINAS")).one()
    second = colleague(organisation, POST, factories.actor(POST))
    at(hours=3)
    post, authority, desk = sign_in(POST), sign_in(AUTHORITY), sign_in(OFFICER)
    address, denied = address_of(made.case_id), f"/obligations/{owed(made.case_id).id}/known/back"
    post.post(address, answered(post, address, "0"))
    page, said = f"/referrals/{made.referral_id}?lang=en", "says that nobody told them: call them and the duty desk now"
    assert said not in post.get("/?lang=en") + post.get(page)
    authority.post(denied)
    for login in (POST, second):
        assert sign_in(login).get("/?lang=en").count(said) == 1
        assert said in sign_in(login).get(page)
    for login in (AUTHORITY, OFFICER, "durres.border_officer"):
        assert said not in sign_in(login).get("/?lang=en")
    desk.post(address, answered(desk, address, "0"))
    for login in (POST, second):
        assert said not in sign_in(login).get("/?lang=en") + sign_in(login).get(page)


def test_two_answers_in_one_form_are_refused_with_what_was_typed(sign_in: SignIn) -> None:
    """ "Nobody answered" beside a name wrote nobody down, and of two names the first."""
    case_id = people.sent(factories.actor(POST), age="child").case_id
    post, address = sign_in(POST), address_of(case_id)
    right = answered(post, address, "0")
    for wrong, said in (
        ({"answer": "nobody"}, "You chose “No answer”, and a name stands below"),
        ({"answer": ["answered", "nobody"]}, "Give one answer to this question"),
        ({"name": ["Drita Hoxha", "Ana"]}, "Give one answer to this question"),
    ):
        refused = post.post(f"{address}?lang=en", {**right, **wrong}, 422)
        assert said in refused
        assert 'value="Drita Hoxha"' in refused, "what was typed stays"
    assert owed(case_id).done_at is None
    assert not db.session.scalar(select(func.count()).select_from(Call))
    assert post.post(address, right) == "/"


def checked(page: str) -> list[str]:
    """What is ticked of "Did somebody answer?"."""
    return re.findall(r'name="answer"[^>]* value="(\w+)"[^>]* checked', page)


def hidden(page: str, name: str) -> str:
    return re.findall(rf'name="{name}"[^>]* value="([^"]*)"', page)[0]


@pytest.mark.slow
@pytest.mark.parametrize("login", [OFFICER, POST])
def test_no_answer_beside_a_name_stays_no_answer(sign_in: SignIn, login: str) -> None:
    """The page came back with "Yes, and now they know", and the next press recorded as told whom nobody had told."""
    case_id = people.sent(factories.actor(POST), age="child").case_id
    person, address = sign_in(login), address_of(case_id)
    typed = {**answered(person, address, "0"), "answer": "nobody", "name": "nobody took it"}
    page = person.post(f"{address}?lang=en", typed, 422)
    assert checked(page) == ["nobody"]
    assert not db.session.scalar(select(func.count()).select_from(Call))
    assert person.post(address, {**typed, "beside": hidden(page, "beside")}) == address
    db.session.rollback()
    assert [(call.answered, call.name) for call in db.session.scalars(select(Call))] == [(False, "")]
    assert owed(case_id).done_at is None


@pytest.mark.slow
def test_after_a_call_that_nobody_answered_the_page_says_so_and_an_empty_form_is_told_what_to_choose(
    sign_in: SignIn,
) -> None:
    """The form stood there empty, as if nothing had been recorded."""
    case_id = people.sent(factories.actor(POST), age="child").case_id
    at(minutes=20)
    post, address = sign_in(POST), address_of(case_id)
    assert "Recorded: nobody answered" not in post.get(f"{address}?lang=en")
    number, following = numbers(post.get(address))[:2]
    assert post.post(address, {"number": number, "answer": "nobody", "when": "5"}) == address
    page = post.get(f"{address}?lang=en")
    [said] = re.findall(r"Recorded: nobody answered at ([^,]+), on ([^.]+)\.", page)
    assert said == (number, moment(SINCE + timedelta(minutes=15), "en"))
    assert f"tel:{following.replace(' ', '')}" in page.split("Call now:")[1].split("</p>")[0].replace(" ", "")
    refused = post.post(f"{address}?lang=en", {}, 422)
    for words in ("Choose the number you called", "Choose whether somebody answered", "Choose when it was"):
        assert refused.count(words) == 2, "above the page and at the question"
    assert "Recorded: nobody answered" in refused
    db.session.rollback()
    assert db.session.scalar(select(func.count()).select_from(Call)) == 1
    assert post.post(address, {"number": following, "answer": "nobody", "when": "0"}) == address
    [(last, _)] = re.findall(r"Recorded: nobody answered at ([^,]+), on ([^.]+)\.", post.get(f"{address}?lang=en"))
    assert last == following


@pytest.mark.slow
def test_the_duty_desk_reads_that_a_post_wrote_down_that_it_knows_and_can_deny_it(sign_in: SignIn) -> None:
    case_id = people.sent(factories.actor(POST)).case_id
    mine = (Obligation.case_id == case_id, Obligation.party == "RA", Obligation.kind == "notify")
    obligation_id = db.session.scalars(select(Obligation.id).where(*mine)).one()
    post, desk = sign_in(POST), sign_in(OFFICER)
    at(minutes=6)
    heading = "Written down as told to you by telephone"
    assert heading not in desk.get("/?lang=en")
    address = f"/obligations/{obligation_id}/call"
    post.post(address, answered(post, address, offered(post.get(address))[0]))
    page = desk.get("/?lang=en")
    assert heading in page
    assert "says that Drita Hoxha knows of it" in page
    assert heading not in sign_in(AUTHORITY).get("/?lang=en"), "another desk was not told"
    desk.post(f"/obligations/{obligation_id}/known/back")
    db.session.rollback()
    assert db.session.get_one(Obligation, obligation_id, populate_existing=True).done_at is None
    assert heading not in desk.get("/?lang=en")


@pytest.mark.slow
def test_who_is_said_to_have_answered_is_read_by_desks_and_by_nobody_who_has_the_rows(sign_in: SignIn) -> None:
    case_id = admitted(factories.actor("nrc.case_worker"), CHILD).case_id
    at(minutes=20)
    person, address = sign_in(OFFICER), address_of(case_id)
    person.post(address, answered(person, address, "5"))
    db.session.rollback()

    def lies() -> str:
        with db.engine.connect() as connection:
            return str(connection.exec_driver_sql("SELECT name FROM calls").scalar_one())

    first = lies()
    assert "Drita" not in first
    assert first.startswith(call_names.SEALED)
    assert len(call_names.seal(case_id, "A")) == len(call_names.seal(case_id, "Ž" * 60)), "nor how long it is"
    home = sign_in(AUTHORITY).get("/?lang=en")
    assert "Drita Hoxha" in home
    # One that an earlier program wrote in clear is sealed in time, and is read as before.
    with db.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE calls SET name = 'Drita Hoxha'")
    assert "Drita Hoxha" in sign_in(AUTHORITY).get("/?lang=en")
    assert tending.tend()["names_sealed"] == 1
    assert lies().startswith(call_names.SEALED)
    assert tending.tend()["names_sealed"] == 0
    assert "Drita Hoxha" in sign_in(AUTHORITY).get("/?lang=en")
    # Of another call, or changed by hand, it opens nowhere.
    assert call_names.opened(uuid.uuid4(), first) == ""
    assert call_names.opened(owed(case_id).id, first[:-8] + "AAAAAAA=") == ""


DESK_NUMBER = "+355 4 000 0105"


@pytest.mark.slow
def test_a_call_to_the_duty_desk_tells_the_child_authority_nothing(sign_in: SignIn) -> None:
    """The number of the duty desk, "answered", a name: and "To be told: child protection" was done."""
    case_id = people.sent(factories.actor(POST), age="child").case_id
    at(minutes=6)
    post, desk, address = sign_in(POST), sign_in(OFFICER), address_of(case_id)
    assert numbers(post.get(address))[-1] == DESK_NUMBER
    call = {"number": DESK_NUMBER, "answer": "answered", "name": "Gentiana", "when": "0"}
    assert post.post(address, call) == address
    assert owed(case_id).done_at is None
    page = post.get(f"{address}?lang=en")
    for words in ("and Gentiana answered", "The duty desk goes on calling now", "Nobody else is told yet", DESK_NUMBER):
        assert words in page
    assert "Keep the child with you" in page
    assert "Call now:" not in page
    assert "It was written down that" not in page, "nobody denied anything"
    home = sign_in(AUTHORITY).get("/?lang=en")
    assert "Gentiana" not in home
    shown = desk.get("/duty?lang=en")
    assert address in shown
    assert "they say that nobody told them" not in shown
    page = desk.get(f"{address}?lang=en")
    assert "and Gentiana answered" in page
    assert "They wait for you: go on calling." in page
    assert "Call now:" in page
    assert "says that nobody told them" not in post.get("/?lang=en")
    # Whoever reaches the authority afterwards is the one of whom it reads, with the number.
    authority = numbers(post.get(address))[0]
    assert post.post(address, {**call, "number": authority, "name": "Drita Hoxha"}) == "/"
    home = sign_in(AUTHORITY).get("/?lang=en")
    assert "says that Drita Hoxha knows of it" in home
    assert f"Number called: {authority}" in re.sub(r"<[^>]+>", "", home)
    assert "Gentiana" not in home
    assert post.post(f"{address}/back") == "/"
    assert owed(case_id).done_at is None
    assert "and Gentiana answered" in post.get(f"{address}?lang=en")


@pytest.mark.slow
def test_after_a_denial_a_post_is_offered_what_it_can_record_and_the_duty_desk(sign_in: SignIn) -> None:
    """The page offered "Yes, and now they know" and refused it."""
    made = people.sent(factories.actor(POST), age="child")
    at(hours=3)
    post, authority, desk = sign_in(POST), sign_in(AUTHORITY), sign_in(OFFICER)
    address, denied = address_of(made.case_id), f"/obligations/{owed(made.case_id).id}/known/back"
    assert 'value="answered"' in post.get(address)
    post.post(address, answered(post, address, "0"))
    authority.post(denied)
    page = post.get(f"{address}?lang=en")
    assert re.findall(r'name="answer" value="(\w+)"', page) == ["nobody"]
    assert "record the next call below" not in page
    assert DESK_NUMBER in page.split("Call the duty desk, it tells them:")[1].split("</p>")[0]
    post.post(address, {"number": numbers(page)[0], "answer": "nobody", "when": "0"})
    page = post.get(f"{address}?lang=en")
    assert "Recorded: nobody answered" in page
    assert "record the next call below" not in page
    assert 'value="answered"' in desk.get(address)
    shown = post.get(f"/referrals/{made.referral_id}?lang=en")
    note = shown.split("says that nobody told them")[1].split("</div>")[0]
    assert numbers(page)[0] in re.sub(r"<[^>]+>", "", note)
    assert DESK_NUMBER in re.sub(r"<[^>]+>", "", note)


@pytest.mark.slow
@pytest.mark.parametrize("age", ["child", "adult"])
def test_every_link_of_the_critical_path_of_a_post_leads_somewhere(sign_in: SignIn, age: str) -> None:
    """ "Legal counsel is found" led to "There is nothing here for you": who receives the person does it."""
    made = people.sent(factories.actor(POST), age=age, citizenship="MD", citizenship_class="third_country")
    post = sign_in(POST)
    page = post.get(f"/referrals/{made.referral_id}?lang=en")
    links = re.findall(r'(?:href|formaction)="(/obligations/[^"]+)"', page)
    assert links
    for link in links:
        assert link.endswith("/call"), link
        post.get(link)


def press(page: str) -> str:
    return re.findall(r'name="once"[^>]* value="([^"]+)"', page)[0]


@pytest.mark.slow
@pytest.mark.parametrize("answer", ["nobody", "answered"])
def test_a_call_to_the_duty_desk_that_is_pressed_twice_is_one_call(sign_in: SignIn, answer: str) -> None:
    case_id = people.sent(factories.actor(POST), age="child").case_id
    at(minutes=6)
    post, address = sign_in(POST), address_of(case_id)
    name = "Gentiana" if answer == "answered" else ""
    call = {"number": DESK_NUMBER, "answer": answer, "name": name, "when": "0"}
    made = select(func.count()).select_from(Call).where(Call.number == DESK_NUMBER)
    first = {**call, "once": press(post.get(address))}
    for _ in range(2):
        assert post.post(address, first) == address
    db.session.rollback()
    assert db.session.scalar(made) == 1
    # Another showing of the form is another call, and so are other words.
    assert post.post(address, {**call, "once": press(post.get(address))}) == address
    assert post.post(address, {**first, "when": "5"}) == address
    db.session.rollback()
    assert db.session.scalar(made) == 3


@pytest.mark.slow
def test_a_call_that_was_taken_back_is_written_down_again_from_the_same_form(sign_in: SignIn) -> None:
    case_id = people.sent(factories.actor(POST), age="child").case_id
    at(minutes=6)
    post, address = sign_in(POST), address_of(case_id)
    page = post.get(address)
    call = {"number": numbers(page)[0], "answer": "answered", "name": "Drita Hoxha", "when": "0", "once": press(page)}
    post.post(address, call)
    post.post(f"{address}/back")
    assert owed(case_id).done_at is None
    post.post(address, call)
    assert owed(case_id).done_at is not None
    about = select(Call.answered).where(Call.subject_id == owed(case_id).id)
    assert sorted(db.session.scalars(about)) == [False, True]
