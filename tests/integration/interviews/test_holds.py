"""An ended interview is not gone with one press: it is held, taken back, opened by the duty desk, or destroyed."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from nrm import audit, clock, db
from nrm.actions import tending
from nrm.actions.accounts import joining
from nrm.actions.interviews import holds, interviews
from nrm.actions.referrals import notification_calls
from nrm.db import db as database
from nrm.domain.accounts.accounts import Actor, NotPermitted, NotVisible, Role
from nrm.domain.interviews.interviews import Questionnaire
from nrm.domain.interviews.questionnaire_flow import pages
from nrm.domain.quarters import Quarter
from nrm.domain.referrals.notification_calls import MadeCall
from nrm.models.audit import AuditEntry
from nrm.models.interviews.interviews import Hold, Interview
from nrm.models.interviews.monitoring import NegativeScreen, ProcedureRecord
from nrm.models.referrals.referrals import ChildAlert
from nrm.models.shelter.cases import Grant, Opening, Reading, SealedCompartment, ShredKey
from nrm.store.countries import country
from nrm.store.interviews import holds as store
from tests import factories, screened
from tests import factories_referrals as people
from tests.conftest import Person
from tests.factories_interviews import (
    LOGIN,
    begin,
    confirmation,
    example,
    fields,
    naming_nothing,
    page_id,
    questionnaire,
    walk,
)
from tests.integration.interviews.test_ending import asked_about, told_long_ago
from tests.integration.keys.test_key_closure import Closure, Files, keys, opened
from tests.integration.test_races import instance
from tests.killing import dies, killed
from tests.races import race

__all__ = ["instance"]

SignIn = Callable[[str], Person]
DESK = "ra.duty_officer"
NAMED = {"forms": ["sexual_exploitation"], "still": "yes", "danger": "yes", "risk": "high"}
REFUSED = {"consent_services": "no", "refusal_reason": "fear"}


def last_page(answers: dict[str, Any]) -> str:
    """The last page of the interview that these answers make, found by what it asks."""
    asked: Questionnaire = questionnaire()
    return pages(asked, answers)[-1].id


def end_page(person: Person, answers: dict[str, Any], **more: str) -> tuple[str, str]:
    """An interview led up to the page that asks before it ends; (its address, that page)."""
    address = begin(person)
    page = last_page(answers)
    walk(person, answers, address, until=page)
    interview = f"/interviews/{address.split('/')[2]}"
    sent = {**fields(page, person.get(f"{interview}/{page}"), answers), "end": "1", **more}
    if "party" not in more:
        sent.pop("party", None)
    asked = person.post(f"{interview}/{page}", sent)
    assert page_id(asked).split("?")[0] == "end"
    return interview, person.get(asked)


def ended(person: Person, **changed: Any) -> str:
    """An interview that was ended and is held; its address."""
    answers = example(**{"assessment": "none", **changed})
    interview, body = end_page(person, answers)
    assert person.post(f"{interview}/end", confirmation(body)) == f"{interview}/held"
    return interview


def id_of(interview: str) -> uuid.UUID:
    return uuid.UUID(interview.rsplit("/", 1)[1])


def row(interview: str) -> Interview:
    database.session.rollback()
    return database.session.get_one(Interview, id_of(interview), populate_existing=True)


def shred_places(interview_id: uuid.UUID) -> list[tuple[str, int]]:
    with database.engines["shred"].connect() as connection:
        found = connection.execute(select(ShredKey.compartment, ShredKey.epoch).where(ShredKey.case_id == interview_id))
        return [tuple(each) for each in found]


def stored(interview_id: uuid.UUID) -> dict[str, int]:
    """How many rows about the interview there are, by table; those of the second database are counted too."""
    database.session.rollback()
    found = {
        model.__tablename__: len(database.session.execute(select(model).where(model.case_id == interview_id)).all())
        for model in (SealedCompartment, Grant, Opening)
    }
    held = database.session.execute(select(Hold).where(Hold.id == interview_id)).all()
    return {**found, "holds": len(held), "shred_keys": len(shred_places(interview_id))}


def readings() -> list[Reading]:
    database.session.rollback()
    return list(database.session.scalars(select(Reading)))


NOTHING = {"sealed_compartments": 0, "grants": 0, "openings": 0, "holds": 0, "shred_keys": 0}


def colleague(login: str = "rinas.second") -> None:
    """A second officer at the same post."""
    first = factories.actor(LOGIN)
    assert first.organisation_id is not None
    token = joining.invite(
        organisation_id=first.organisation_id, login=login, name="Second", role=Role.BORDER_OFFICER, by=first
    )
    factories.join(token)
    factories.confirm(login, by=factories.actor(LOGIN))


def struck(*parties: str) -> dict[str, Any]:
    return {"parties": list(parties)}


# --- "no indicator" against what was said


@pytest.mark.slow
def test_no_indicator_over_danger_high_risk_and_a_shelter_is_held_twelve_hours_and_taken_back_whole(
    app: Flask, sign_in: SignIn
) -> None:
    """Second of the eight: one press destroyed it."""
    person = sign_in(LOGIN)
    interview, body = end_page(person, example(assessment="none", **NAMED), party="NRC")
    assert "Shërbime seksuale" in body
    held = person.post(f"{interview}/end", confirmation(body))
    assert held == f"{interview}/held"
    page = person.get(held)
    assert "Mbyllur kundër asaj që u tha" in page
    assert row(interview).status == "held"
    assert screened.counted().total() == 0
    assert database.session.scalars(select(ProcedureRecord)).all() == []
    # No page of it opens, and no second press does anything else.
    for path in ("", "/end", "/discard", f"/{last_page(example())}"):
        assert person.client.get(interview + path).headers["Location"] == held, path
    assert person.post(f"{interview}/end", confirmation(body)) == held
    assert person.post(f"{interview}/discard", confirmation(body)) == held
    assert person.post(f"{interview}/resume") == held
    assert held in person.get("/")
    back = person.post(held)
    assert "Shërbime seksuale" in person.get(back)
    assert row(interview).status == "draft"
    assert "count" not in dict(shred_places(id_of(interview)))
    assert screened.counted().total() == 0
    factories.later(hours=13)
    assert tending.tend()["holds_over"] == 0
    assert screened.counted().total() == 0


@pytest.mark.slow
def test_a_hold_ends_in_nothing_and_is_counted_once_in_the_interviews_quarter(app: Flask, sign_in: SignIn) -> None:
    person = sign_in(LOGIN)
    began = row(interview := ended(person, **NAMED)).started_at
    quarter = Quarter.of(clock.day_of(began, country().timezone)).start
    assert set(dict(shred_places(id_of(interview)))) == {"draft", "count"}
    factories.later(hours=11, minutes=59)
    assert tending.tend()["holds_over"] == 0
    factories.later(days=40)
    assert tending.tend()["holds_over"] == 1
    assert tending.tend()["holds_over"] == 0
    ((line, number),) = screened.counted().items()
    assert (number, line.outcome, line.assessment, line.profile, line.month) == (
        1,
        "none",
        "none",
        "suspected",
        quarter,
    )
    assert len(database.session.scalars(select(ProcedureRecord)).all()) == 1
    (screen,) = database.session.scalars(select(NegativeScreen)).all()
    assert screen.profile == "suspected"
    assert {**stored(id_of(interview)), "openings": 0} == NOTHING
    person = sign_in(LOGIN)
    assert "Koha mbaroi" in person.get(f"{interview}/held", status=409)
    assert "Koha mbaroi" in person.post(f"{interview}/held", status=409)


def test_an_ordinary_returnee_is_ended_and_counted_at_once(app: Flask, sign_in: SignIn) -> None:
    person = sign_in(LOGIN)
    answers = example(**{**naming_nothing(), "risk": "low", "hurt": "no", "assessment": "none"})
    address = begin(person)
    page = last_page(answers)
    walk(person, answers, address, until=page)
    interview = f"/interviews/{address.split('/')[2]}"
    sent = {**fields(page, person.get(f"{interview}/{page}"), answers), "end": "1"}
    sent.pop("party", None)
    assert person.post(f"{interview}/{page}", sent) == "/interviews/ended/none"
    assert {**stored(id_of(interview)), "openings": 0} == NOTHING
    assert screened.counted().total() == 1


def test_a_draft_with_something_named_is_not_thrown_away_at_once(app: Flask, sign_in: SignIn) -> None:
    person = sign_in(LOGIN)
    address = begin(person)
    walk(person, example(**NAMED), address, until=last_page(example()))
    interview = f"/interviews/{address.split('/')[2]}"
    body = person.get(f"{interview}/discard")
    assert person.post(f"{interview}/discard", confirmation(body)) == f"{interview}/held"
    assert row(interview).status == "held"
    factories.later(hours=13)
    tending.tend()
    assert screened.counted().total() == 0
    assert stored(id_of(interview)) == NOTHING


# --- who sees and opens it


@pytest.mark.slow
def test_colleagues_see_code_and_hour_and_open_nothing(app: Flask, sign_in: SignIn) -> None:
    colleague()
    person, other = sign_in(LOGIN), sign_in("rinas.second")
    interview = ended(person, **NAMED)
    code, path = row(interview).pseudonym, f"{interview}/held"
    home = other.get("/")
    assert code in home
    assert interview not in home
    section = home.split("ende pa u asgjësuar")[1].split("</section>")[0]
    assert "kundër" not in section
    other.get(path, status=404)
    other.post(path, status=404)
    assert other.client.get(interview).headers["Location"] == "/"
    assert other.post(f"{interview}/resume") == "/"
    assert row(interview).status == "held"
    # Nobody else: another post, shelters, the ministry; nor by the address of the duty desk.
    look = f"/duty/held/{id_of(interview)}"
    for login in ("durres.border_officer", "nrc.shelter_manager", "child_protection.case_worker"):
        stranger = sign_in(login)
        stranger.get(path, status=404)
        stranger.post(path, status=404)
        stranger.get(look, status=403)
        stranger.post(look, {"why": "x"}, status=403)
        assert code not in stranger.get("/")
    ministry = sign_in("oms.monitor")
    for address in (path, look):
        ministry.get(address, status=403)
        ministry.post(address, {"why": "x"}, status=403)
    for one in (person, other):
        one.get(look, status=403)
        one.post(look, {"why": "x"}, status=403)
        one.post(f"{look}/give-back", status=403)
    by = factories.actor("rinas.second")
    with pytest.raises(NotVisible):
        holds.take_back(interview_id=id_of(interview), by=by)
    with pytest.raises(NotPermitted):
        holds.open_held(interview_id=id_of(interview), why="x", by=by)


@pytest.mark.slow
@pytest.mark.parametrize("official", ["yes", "dont_know"])
def test_where_an_official_is_involved_colleagues_see_no_line(app: Flask, sign_in: SignIn, official: str) -> None:
    colleague()
    person, other, desk = sign_in(LOGIN), sign_in("rinas.second"), sign_in(DESK)
    interview = ended(person, **NAMED, official=official)
    code = row(interview).pseudonym
    assert code in person.get("/")
    assert code not in other.get("/")
    look = f"/duty/held/{id_of(interview)}"
    assert look in desk.get("/")
    desk.post(look, {"why": "Rrezik për personin"})
    # Nor do they see that somebody looked.
    (reading,) = readings()
    assert reading.holder_id == reading.organisation_id
    assert code not in other.get("/openings")
    assert code in desk.get("/openings")


@pytest.mark.slow
def test_the_duty_desk_opens_it_with_a_reason_and_gives_it_back(app: Flask, sign_in: SignIn) -> None:
    person, desk = sign_in(LOGIN), sign_in(DESK)
    interview = ended(person, **NAMED)
    interview_id, look = id_of(interview), f"/duty/held/{id_of(interview)}"
    assert "kundër profilit" in desk.get("/")
    closed = desk.get(look)
    assert "Shërbime seksuale" not in closed
    assert "Fjali." not in closed
    assert "Shkruani pse e hapni" in desk.post(look, {"why": " "}, status=422)
    assert "500" in desk.post(look, {"why": "a" * 501}, status=422)
    desk.post(f"{look}/give-back", status=409)  # nobody looked yet
    assert readings() == []
    desk.post(look, {"why": "Rrezik për personin"})
    shown = desk.get(look)
    assert "Shërbime seksuale" in shown
    assert "<dt>Emri</dt>" not in shown  # who the person is helps nothing here
    assert str(example()["given"]) not in shown
    assert "Fjali." in shown
    (reading,) = readings()
    assert (reading.purpose, reading.compartment, reading.case_id) == ("held", "draft", interview_id)
    log = person.get("/openings")
    assert row(interview).pseudonym in log
    assert "Për të parë si u mbyll një intervistë" in log
    # Leave is for one session and a quarter of an hour.
    assert "Shërbime seksuale" not in sign_in(DESK).get(look)
    desk.post(f"{look}/give-back")
    assert row(interview).status == "draft"
    desk.get(look, status=404)
    holders = database.session.scalars(select(Grant.organisation_id).where(Grant.case_id == interview_id)).all()
    assert holders == [row(interview).organisation_id]
    by = factories.actor(DESK)
    with pytest.raises(NotVisible):
        holds.read_held(interview_id=interview_id, by=by)
    person.post(f"{interview}/resume")
    body = person.get(f"{interview}/{last_page(example())}")
    assert "Shërbime seksuale" in body
    assert [each.event for each in database.session.scalars(select(AuditEntry)) if "held" in each.event] == [
        "interview_held",
        "held_opened",
    ]


@pytest.mark.slow
def test_the_desk_that_was_struck_out_gets_no_key_and_no_line(app: Flask, sign_in: SignIn) -> None:
    person, desk = sign_in(LOGIN), sign_in(DESK)
    by = factories.actor(LOGIN)
    interview_id = people.interview(by, **NAMED, assessment="none", parties=["RA"])
    interviews.end(interview_id=interview_id, reason="explained", sentence="Fjali.", by=by)
    database.session.rollback()
    hold = database.session.get_one(Hold, interview_id)
    assert not hold.desk
    assert len(database.session.scalars(select(Grant).where(Grant.case_id == interview_id)).all()) == 1
    assert str(interview_id) not in desk.get("/")
    desk.get(f"/duty/held/{interview_id}", status=404)
    desk.post(f"/duty/held/{interview_id}", {"why": "x"}, status=404)
    assert "askush tjetër nuk e hap dot" in person.get(f"/interviews/{interview_id}/held")


@pytest.mark.slow
def test_what_a_thief_has_opens_no_hold_that_is_over(app: Flask, tmp_path: Path) -> None:
    folder = Path(app.extensions["nrm.config"].directory)
    by = factories.actor(LOGIN)
    closure = Closure(folder, tmp_path / "stolen")
    interview_id = people.interview(by, **NAMED, assessment="none")
    interviews.end(interview_id=interview_id, reason="explained", sentence="Fjali.", by=by)
    during = closure.now("during")
    draft = keys(interview_id, "draft")
    assert draft <= set(opened(during, "RA"))
    assert draft <= set(opened(during, "RINAS"))
    assert not draft & set(opened(during, *(set(during.organisations().values()) - {"RA", "RINAS"})))
    factories.later(hours=13)
    tending.tend()
    after = closure.now("after")
    everybody = after.organisations().values()
    assert not draft & set(opened(after, *everybody))
    assert not draft & set(opened(Files(during.main, after.main), *everybody))  # an older main database too


def test_taking_back_ends_the_desks_key_in_old_backups_too(app: Flask, tmp_path: Path) -> None:
    folder = Path(app.extensions["nrm.config"].directory)
    by = factories.actor(LOGIN)
    closure = Closure(folder, tmp_path / "stolen")
    interview_id = people.interview(by, **NAMED, assessment="none")
    interviews.end(interview_id=interview_id, reason="explained", sentence="Fjali.", by=by)
    during = closure.now("during")
    holds.take_back(interview_id=interview_id, by=by)
    after = closure.now("after")
    draft = keys(interview_id, "draft")
    assert draft <= set(opened(after, "RINAS"))
    for files in (after, Files(during.main, after.main)):
        assert not draft & set(opened(files, "RA"))


# --- a no


@pytest.mark.slow
def test_a_no_is_opened_by_nobody_and_taken_back_by_the_persons_word_alone(app: Flask, sign_in: SignIn) -> None:
    colleague()
    person, other, desk = sign_in(LOGIN), sign_in("rinas.second"), sign_in(DESK)
    interview = ended(person, **NAMED, **REFUSED)
    held = f"{interview}/held"
    page = person.get(held)
    assert "Personi thotë: megjithatë e dua" in page
    assert "Vazhdoni intervistën" not in page
    assert len(database.session.scalars(select(Grant).where(Grant.case_id == id_of(interview))).all()) == 1
    assert str(id_of(interview)) not in desk.get("/")
    desk.get(f"/duty/held/{id_of(interview)}", status=404)
    other.post(held, status=404)
    factories.later(minutes=29)
    person = sign_in(LOGIN)
    consent = person.post(held)
    assert re.search(r'name="?consent_services"? value="?no"? checked', person.get(consent))
    assert screened.counted().total() == 0
    # Changed to yes, it goes on as if nothing had been.
    answers = example(**NAMED)
    loaded = walk(person, answers, consent, until=last_page(answers))
    assert loaded[-1] == last_page(answers)


@pytest.mark.slow
def test_a_no_is_destroyed_after_thirty_minutes_and_only_what_was_told_is_counted(app: Flask, sign_in: SignIn) -> None:
    person = sign_in(LOGIN)
    interview = ended(person, **NAMED, **REFUSED)
    factories.later(minutes=30, seconds=1)
    # Even before `tend`: the person was told 30 minutes.
    person = sign_in(LOGIN)
    assert "Koha mbaroi" in person.post(f"{interview}/held", status=409)
    assert str(id_of(interview)) not in person.get("/")
    with pytest.raises(interviews.NoLongerDraft):
        holds.take_back(interview_id=id_of(interview), by=factories.actor(LOGIN))
    assert tending.tend()["holds_over"] == 1
    (line,) = screened.counted().elements()
    assert (line.outcome, line.reason, line.profile, line.crossing_point) == ("refused", "fear", "", "")
    assert database.session.scalars(select(ProcedureRecord)).all() == []
    assert {**stored(id_of(interview)), "openings": 0} == NOTHING


@pytest.mark.slow
@pytest.mark.parametrize(
    ("asked", "instead"), [("texts", "lexoni të dy tekstet"), ("alone", "Veçojeni"), ("understood", "përkthyes")]
)
def test_the_officer_is_asked_how_the_no_was_asked_for(app: Flask, sign_in: SignIn, asked: str, instead: str) -> None:
    """Fourth of the eight: a no whose only button destroyed."""
    person = sign_in(LOGIN)
    interview, body = end_page(person, example(**NAMED, **REFUSED, assessment="none"))
    right = confirmation(body)
    assert {"texts", "alone", "understood"} <= right.keys()
    told = person.post(f"{interview}/end", {**right, asked: "no"}, status=422)
    assert instead in told
    assert re.search(rf'name="?{asked}"? value="?no"?[^>]* checked', told)
    assert "Përgjigjuni me po ose jo" in person.post(f"{interview}/end", {**right, asked: ""}, status=422)
    assert "Përgjigjuni me po ose jo" in person.post(f"{interview}/end", {**right, asked: "<b>"}, status=422)
    assert row(interview).status == "draft"
    by = factories.actor(LOGIN)
    interviews.resume(interview_id=id_of(interview), by=by)
    with pytest.raises(interviews.NotAskedProperly):
        interviews.end(interview_id=id_of(interview), asked_properly=False, by=by)


@pytest.mark.slow
def test_who_left_without_a_shelter_may_come_back_within_thirty_minutes(app: Flask, sign_in: SignIn) -> None:
    person = sign_in(LOGIN)
    answers = example(**naming_nothing(), risk="low", consent_services="dont_know", consent_sharing="dont_know")
    address = begin(person)
    walk(person, answers, address, until=last_page(answers))
    interview = f"/interviews/{address.split('/')[2]}"
    assert "name=reason" not in person.get(f"{interview}/without").replace('"', "")
    assert "pas 30 minutash" in person.get(f"{interview}/without")
    assert person.post(f"{interview}/without") == f"{interview}/held"
    assert person.post(f"{interview}/without") == f"{interview}/held"
    assert screened.counted().total() == 0
    assert re.search('name="?consent_services', person.get(person.post(f"{interview}/held")))
    assert person.post(f"{interview}/without") == f"{interview}/held"
    factories.later(minutes=31)
    assert tending.tend()["holds_over"] == 1
    (line,) = screened.counted().elements()
    assert (line.outcome, line.processed) == ("undecided", "did_not_decide")
    assert stored(id_of(interview)) == NOTHING


def test_the_hours_are_data_of_the_country(app: Flask) -> None:
    kept = country().retention
    assert (kept.hold_hours, kept.refused_minutes) == (12, 30)
    read_out = questionnaire().wordings["consent"]
    assert set(read_out.text) >= {"sq", "en", "el", "it", "ro", "ru", "sr", "tr"}
    for language, text in read_out.text.items():
        assert f" {kept.refused_minutes} " in text, language


# --- never twice, never lost


def test_taken_back_and_ended_again_is_counted_once(app: Flask) -> None:
    by = factories.actor(LOGIN)
    interview_id = people.interview(by, **REFUSED)
    for _ in range(3):
        interviews.end(interview_id=interview_id, by=by)
        holds.take_back(interview_id=interview_id, by=by)
    interviews.end(interview_id=interview_id, by=by)
    factories.later(minutes=31)
    assert tending.tend()["holds_over"] == 1
    assert screened.counted().total() == 1
    assert stored(interview_id) == NOTHING
    assert list(audit.verify(database.session())) == []


def test_an_interview_from_a_file_waits_again_as_one_when_it_is_taken_back(app: Flask) -> None:
    by = factories.actor(LOGIN)
    interview_id = people.interview(by, **REFUSED)
    with db.transaction() as session:
        imported = session.get_one(Interview, interview_id)
        imported.status, imported.expires_at = "completed", None
    interviews.end(interview_id=interview_id, by=by)
    factories.later(minutes=29)
    holds.take_back(interview_id=interview_id, by=by)
    found = row(f"/{interview_id}")
    assert (found.status, found.expires_at) == ("completed", None)


def test_a_draft_at_the_end_of_its_days_has_time_to_go_on_when_it_is_taken_back(app: Flask) -> None:
    by = factories.actor(LOGIN)
    interview_id = people.interview(by, **REFUSED)
    factories.later(days=6, hours=23, minutes=50)
    by = factories.actor(LOGIN)
    interviews.resume(interview_id=interview_id, by=by)
    interviews.end(interview_id=interview_id, by=by)
    factories.later(minutes=29)
    holds.take_back(interview_id=interview_id, by=by)
    assert tending.tend()["drafts_expired"] == 0
    assert row(f"/{interview_id}").status == "draft"
    factories.later(hours=13)
    assert tending.tend()["drafts_expired"] == 1


def test_two_that_tend_and_one_that_takes_back_at_once(instance: Flask) -> None:
    officer, system = factories.actor(LOGIN), Actor.system("tend")
    interview_id = people.interview(officer, **REFUSED)
    interviews.end(interview_id=interview_id, by=officer)
    factories.later(minutes=31)
    given = race(
        instance,
        lambda: holds.finish_due(by=system),
        lambda: holds.finish_due(by=system),
        lambda: holds.take_back(interview_id=interview_id, by=officer),
    )
    assert sum(each for each in given if isinstance(each, int)) == 1
    assert screened.counted().total() == 1


def test_two_that_take_it_back_at_once(instance: Flask) -> None:
    officer = factories.actor(LOGIN)
    interview_id = people.interview(officer, **NAMED, assessment="none")
    interviews.end(interview_id=interview_id, reason="explained", sentence="Fjali.", by=officer)
    race(instance, *[lambda: holds.take_back(interview_id=interview_id, by=officer)] * 2)
    assert interviews.read(interview_id=interview_id, by=officer).answers["danger"] == "yes"
    assert screened.counted().total() == 0


# What is done, and after (or before) which function it dies.
PLACES = {
    "finish, before the commit": ("finish", "nrm.store.rows.interviews.screenings", "count", "after", "held"),
    "finish, after it": ("finish", "nrm.vault.shredding", "work_off", "before", "ended"),
    "finish, keys gone but listed": ("finish", "nrm.vault.shredding", "_destroy", "after", "ended"),
    "hold, before the commit": ("hold", "nrm.vault.shredding", "store", "after", "draft"),
}


@pytest.mark.slow
@pytest.mark.parametrize("place", PLACES)
def test_a_killed_process_neither_loses_nor_doubles_what_is_counted(app: Flask, place: str) -> None:
    folder = Path(app.extensions["nrm.config"].directory)
    what, module, function, when, status = PLACES[place]
    by = factories.actor(LOGIN)
    interview_id = people.interview(by, **NAMED, assessment="none")
    if what == "finish":
        interviews.end(interview_id=interview_id, reason="explained", sentence="Fjali.", by=by)

    def finish_or_hold() -> None:
        if what == "finish":
            factories.later(hours=13)
            dies(module, function, when)
            holds.finish_due(by=Actor.system("tend"))
        else:
            officer = factories.actor(LOGIN)
            interviews.resume(interview_id=interview_id, by=officer)
            dies(module, function, when)
            interviews.end(interview_id=interview_id, reason="explained", sentence="Fjali.", by=officer)

    killed(folder, finish_or_hold)
    assert database.session.get_one(Interview, interview_id, populate_existing=True).status == status
    assert screened.counted().total() == (status == "ended")
    database.session.rollback()
    if what == "hold":
        interviews.resume(interview_id=interview_id, by=by)
        interviews.end(interview_id=interview_id, reason="explained", sentence="Fjali.", by=by)
    factories.later(hours=13)
    tending.tend()
    assert screened.counted().total() == 1
    assert {**stored(interview_id), "openings": 0} == NOTHING
    assert list(audit.verify(database.session())) == []


def test_what_cannot_be_read_is_destroyed_all_the_same(app: Flask) -> None:
    """Somebody who writes to the main database alone cannot keep a person's no alive by spoiling what is counted."""
    by = factories.actor(LOGIN)
    interview_id = people.interview(by, **REFUSED)
    interviews.end(interview_id=interview_id, by=by)
    place = (SealedCompartment.case_id == interview_id, SealedCompartment.compartment == "count")
    with db.transaction() as session:
        session.scalars(select(SealedCompartment).where(*place)).one().sealed_value = b"spoiled" * 40
    factories.later(minutes=31)
    assert tending.tend()["holds_over"] == 1
    assert stored(interview_id) == NOTHING
    assert screened.counted().total() == 0


def test_the_store_tells_the_desk_and_the_post_what_is_theirs(app: Flask) -> None:
    by, desk = factories.actor(LOGIN), factories.actor(DESK)
    interview_id = people.interview(by, **NAMED, assessment="none")
    interviews.end(interview_id=interview_id, reason="mistaken", sentence="Fjali.", by=by)
    (mine,) = store.of_post(by=by)
    assert (mine.mine, mine.ending, mine.desk) == (True, "none", True)
    (line,) = store.of_desk(by=desk)
    assert (line.reason, line.ending, line.official) == ("mistaken", "none", False)
    assert store.of_post(by=factories.actor("durres.border_officer")) == []
    for ask in (store.of_desk, store.of_post):
        with pytest.raises(NotPermitted):
            ask(by=factories.actor("oms.monitor"))


# --- a child: what the child authority said by telephone


def by_telephone(person: Person, interview: str, decision: str = "parents") -> None:
    """The post writes down what somebody of the child authority said to it."""
    told_long_ago(interview)
    address = f"/children/{id_of(interview)}/answer/call"
    assert address in person.get(f"{interview}/end")
    number = re.findall(r'name="number" value="([^"]+)"', person.get(address))[0]
    call = {"number": number, "answer": "answered", "name": "Drita Hoxha", "when": "15"}
    assert "Zgjidhni çfarë ndodh" in person.post(address, call, status=422)
    assert "Shkruani emrin" in person.post(address, {**call, "name": "", "decision": decision}, status=422)
    assert person.post(address, {**call, "decision": decision}) == "/"


@pytest.mark.slow
def test_the_post_writes_down_an_answer_by_telephone_and_the_child_authority_contradicts_it(
    app: Flask, sign_in: SignIn
) -> None:
    person, desk = sign_in(LOGIN), sign_in("child_protection.case_worker")
    interview = asked_about(person)
    address = f"/children/{id_of(interview)}/answer"
    for login in ("durres.border_officer", "nrc.case_worker"):
        sign_in(login).get(f"{address}/call", status=404)
    by_telephone(person, interview)
    body = person.get(f"{interview}/end")
    assert "mbetet e vulosur jo më shumë se 72 orë, dhe 12 orë pasi të konfirmohet" in body
    assert person.post(f"{interview}/end", confirmation(body)) == f"{interview}/held"
    assert "Intervista e fëmijës u mbyll" in person.get(f"{interview}/held")
    assert row(interview).status == "held"
    assert screened.counted().total() == 0
    assert "Drita Hoxha" in desk.get("/")
    shown = desk.get(address)
    assert "Nuk e thamë ne" in shown
    assert "Drita Hoxha" in shown
    # One press on that page says nothing yet: what follows is repeated first, with the answer and who wrote it down.
    sure = f"/children/{id_of(interview)}/contradict"
    assert f'action="{sure}"' not in shown
    assert f'href="{sure}"' in shown
    asked = desk.get(f"{sure}?lang=en")
    assert "Nobody here said that" in asked
    assert "Drita Hoxha" in asked
    assert row(interview).status == "held"
    for login, status in (("nrc.case_worker", 404), (LOGIN, 404), ("oms.monitor", 403)):
        sign_in(login).get(sure, status=status)
    for login, status in (("nrc.case_worker", 404), (LOGIN, 404), ("oms.monitor", 403)):
        sign_in(login).post(f"/children/{id_of(interview)}/contradict", status=status)
    desk.post(f"/children/{id_of(interview)}/contradict")
    desk.post(f"/children/{id_of(interview)}/contradict", status=409)
    desk.get(sure, status=409)
    assert row(interview).status == "draft"
    told = database.session.get_one(ChildAlert, id_of(interview), populate_existing=True)
    assert (told.answer, told.answered_name, told.withdrawn_at) == ("", "", None)
    person.post(f"{interview}/resume", {"page": "end"})
    assert "Fëmija qëndron këtu" in person.get(f"{interview}/end")
    # Whoever could still find the child reads at once that nobody gave that answer, and for a day.
    denied, found = "did not say what was written down", "find the child now"
    duty, row_of_duty = sign_in("ra.duty_officer"), "the answer that was written down is denied"
    assert found in person.get(f"{interview}/end?lang=en")
    assert denied in person.get("/?lang=en")
    assert row_of_duty in duty.get("/?lang=en")
    # After a denial the post writes no other answer down: the duty desk does (ADR 0228).
    number = re.findall(r'name="number" value="([^"]+)"', duty.get(f"{address}/call"))[0]
    call = {"number": number, "answer": "answered", "name": "Drita Hoxha", "when": "0", "decision": "parents"}
    person.post(f"{address}/call", call, status=422)
    duty.post(f"{address}/call", call)
    assert row_of_duty not in duty.get("/?lang=en")
    desk.post(f"/children/{id_of(interview)}/contradict")
    person.post(f"{interview}/end", confirmation(body), status=409)
    assert factories.end_holds() == 0


@pytest.mark.slow
def test_what_was_said_by_telephone_and_neither_confirmed_nor_denied_ends_after_three_days(
    app: Flask, sign_in: SignIn
) -> None:
    """One officer invents what child protection said on a Friday night: by Saturday noon nothing was left of the
    child (ADR 0283)."""
    person = sign_in(LOGIN)
    interview = asked_about(person)
    by_telephone(person, interview, "nothing")
    person.post(f"{interview}/end", confirmation(person.get(f"{interview}/end")))
    desk, look = sign_in(DESK), f"/duty/held/{id_of(interview)}"
    assert f"{look}" in desk.get("/")
    shown = desk.get(f"{look}?lang=en")
    assert "the post wrote down itself" in shown
    assert "Drita Hoxha" in shown
    assert 'name="why"' not in shown  # it has no key to a child's interview
    desk.post(look, {"why": "x"}, status=404)
    desk.post(f"{look}/give-back", status=404)
    assert factories.end_holds() == 0
    assert look in sign_in(DESK).get("/")
    assert "Did you say that?" in sign_in("child_protection.case_worker").get("/?lang=en")
    factories.later(hours=60)
    assert factories.end_holds() == 1
    assert look not in sign_in(DESK).get("/")
    (line,) = screened.counted().elements()
    assert (line.outcome, line.age_class) == ("none", "child")
    assert {**stored(id_of(interview)), "openings": 0} == NOTHING
    told = database.session.get_one(ChildAlert, id_of(interview), populate_existing=True)
    assert told.withdrawn_why == "answered"
    sign_in("child_protection.case_worker").post(f"/children/{id_of(interview)}/contradict", status=409)


@pytest.mark.slow
def test_a_post_cannot_write_down_that_a_child_is_an_adult(app: Flask, sign_in: SignIn) -> None:
    person = sign_in(LOGIN)
    interview = asked_about(person)
    address = f"/children/{id_of(interview)}/answer/call"
    body = person.get(address)
    assert 'value="adult"' not in body
    number = re.findall(r'name="number" value="([^"]+)"', body)[0]
    call = {"number": number, "answer": "answered", "name": "Drita Hoxha", "when": "0", "decision": "adult"}
    person.post(address, call, status=422)
    made = MadeCall(number, "D", answered=True, at=clock.now())
    with pytest.raises(NotVisible):
        notification_calls.answer_for_child(
            interview_id=id_of(interview), call=made, decision="adult", by=factories.actor(LOGIN)
        )


def test_after_a_day_without_an_answer_the_post_is_sent_to_the_duty_desk(app: Flask, sign_in: SignIn) -> None:
    interview = asked_about(sign_in(LOGIN))
    assert f"/children/{id_of(interview)}/answer/call" in sign_in(DESK).get("/")
    factories.later(hours=24, minutes=1)
    person = sign_in(LOGIN)
    person.post(f"{interview}/resume", {"page": "end"})
    assert "telefonojini tani zyrës së gatishmërisë" in person.get(f"{interview}/end")
