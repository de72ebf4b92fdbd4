"""Whether somebody was here before: who asks, what each side sees and when, and what is counted (ADR 0130)."""

from __future__ import annotations

import json
import re
import sqlite3
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import delete, event, func, select, update

from bench import before as many
from nrm import clock
from nrm.actions.accounts import second_hands
from nrm.actions.referrals import referrals
from nrm.actions.shelter import cases, consents, direct_intake, stays
from nrm.actions.shelter import matching as actions
from nrm.db import db, transaction
from nrm.domain.accounts.accounts import Actor, NotPermitted, NotVisible
from nrm.domain.accounts.vouching import Standing
from nrm.domain.quarters import Quarter
from nrm.domain.shelter.closings import ReopenReason
from nrm.domain.shelter.consents import EVERYTHING
from nrm.domain.shelter.matching import (
    Answer,
    BreakWhy,
    Course,
    MatchRefusal,
    MatchRefused,
    PairStand,
    Said,
    Why,
)
from nrm.domain.shelter.stays import Destination, ExitReason
from nrm.linkage import encoding
from nrm.linkage.matching import Register
from nrm.linkage.people import Person as Compared
from nrm.models.accounts.alarms import Alarm
from nrm.models.accounts.second_hands import HeavyAct
from nrm.models.referrals.referrals import Referral
from nrm.models.shelter.cases import Case, Grant
from nrm.models.shelter.matching import MatchAsked, MatchEncoding, MatchKey, MatchQuestion, SeenByMember
from nrm.models.shelter.stays import Stay
from nrm.steps.shelter import matching as steps
from nrm.store import days
from nrm.store.countries import country
from nrm.store.reports import counting
from nrm.store.rows.accounts import occasions
from nrm.store.rows.shelter import matching as rows
from nrm.store.shelter import match_lines
from nrm.store.shelter import matching as store
from nrm.vault import matching as vault
from tests import factories
from tests import factories_referrals as people
from tests import second_hands as hands
from tests.conftest import Command, Person
from tests.factories_stays import CHILD, admitted
from tests.integration.accounts.test_carried_forms import forms, signed_in_with

SignIn = Callable[[str], Person]
NRC, VATRA = "nrc.case_worker", "vatra.case_worker"
NOW = datetime(2026, 3, 3, 11, tzinfo=UTC)
MIRA = {"given": "Mirela", "family": "Xhaferi", "father": "Agron", "birth": "1999-04-17", "origin": "Kukës"}
AGAIN = {"given": "Mirella", "family": "Dzaferi", "father": "Agron", "birth": "1999-04-17", "origin": "Kukes"}
OTHER = {"given": "Valbona", "family": "Shtylla", "father": "Petrit", "birth": "1984-11-02", "origin": "Korçë"}


@pytest.fixture(autouse=True)
def _now(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    clock.set_clock(lambda: NOW)
    of = occasions.standing  # the world of the tests is founded today, and here it is a day before that
    monkeypatch.setattr(occasions, "standing", lambda each: replace(of(each), since=NOW - timedelta(days=400)))
    yield
    clock.set_clock(None)


def later(**time: int) -> None:
    then = clock.now() + timedelta(**time)
    clock.set_clock(lambda: then)


@pytest.fixture
def vatra(app: Flask) -> Actor:
    assert app
    return factories.actor("vatra.case_worker")


@pytest.fixture
def second(vatra: Actor) -> Actor:
    assert vatra
    return factories.actor("vatra.shelter_manager")


@pytest.fixture
def nrc(app: Flask) -> Actor:
    assert app
    return factories.actor("nrc.case_worker")


def taken_in(by: Actor, identity: dict[str, Any], *, known_elsewhere: bool = True, **more: Any) -> direct_intake.Opened:
    """Somebody whom the house took in itself, and whom a second member has seen. `known_elsewhere`: another
    organisation handed the person over once; else the case could be made up (`test_matching_decoys.py`)."""
    opened = admitted(by, identity=identity, **more)
    if known_elsewhere:
        db.session.add(arrived_at(opened.case_id, "IOM"))
        db.session.commit()
    code = by.organisation_code.lower()
    actions.seen(case_id=opened.case_id, by=factories.actor(f"{code}.shelter_manager"))
    return opened


def arrived_at(case_id: uuid.UUID, receiver: str) -> Referral:
    """The row of a referral of a crossing point whose receiver wrote down that the person arrived."""
    then = clock.now() - timedelta(days=30)
    return Referral(
        id=uuid.uuid4(),
        case_id=case_id,
        sender_id=people.organisation("RA"),
        receiver_id=people.organisation(receiver),
        position=0,
        status="arrived",
        agreement=country().agreements[0].version,
        clause="1",
        must=False,
        sent_at=then,
        due_at=then,
        expires_at=then,
        arrived_at=then,
        mark=b"",
    )


def said_yes(by: Actor, identity: dict[str, Any], **more: Any) -> direct_intake.Opened:
    opened = taken_in(by, identity, **more)
    actions.ask(case_id=opened.case_id, said=Said.YES, with_guardian=False, by=by)
    return opened


def left(opened: direct_intake.Opened, by: Actor) -> None:
    """The person left, and the case is closed."""
    stays.end(
        stay_id=opened.stay_id,
        ended_on=days.today(),
        exit_reason=ExitReason.INDEPENDENT_LIVING,
        destination=Destination.OWN_HOME,
        where="home",
        by=by,
    )
    cases.close(case_id=opened.case_id, by=by)


def stayed(opened: direct_intake.Opened, by: Actor) -> None:
    """The person was there for some weeks, and left."""
    later(days=20)
    left(opened, by)


def known_since(opened: direct_intake.Opened, ago: int) -> None:
    """As if the first night had been entered so many days ago."""
    entered = update(Stay).where(Stay.id == opened.stay_id).values(known_on=days.today() - timedelta(days=ago))
    db.session.execute(entered)
    db.session.commit()


def a_repeat(nrc: Actor, vatra: Actor) -> tuple[direct_intake.Opened, direct_intake.Opened]:
    """(the earlier case at NRC, which is closed; the new one at VATRA), compared."""
    before = said_yes(nrc, MIRA)
    stayed(before, nrc)
    later(days=180)
    now = said_yes(vatra, AGAIN)
    assert actions.search_due() == 2  # of two that wait, the later one finds the earlier
    return before, now


def counted(case_id: uuid.UUID) -> str:
    db.session.rollback()
    return db.session.get_one(Case, case_id, populate_existing=True).repeat


def test_two_same_of_two_houses_link_and_a_link_is_broken_and_mended(nrc: Actor, vatra: Actor, second: Actor) -> None:
    before, now = a_repeat(nrc, vatra)
    (line,) = store.to_answer(by=nrc)
    assert (line.case_id, line.band, line.stand, line.alarm) == (before.case_id, "strong", PairStand.WAITS, False)
    assert store.of_case(now.case_id, by=vatra).pairs == ()
    assert counted(now.case_id) == "pending"
    actions.answer(pair_id=line.id, answer=Answer.SAME, why=Why.KNOWN_TO_US, by=nrc)
    (ours,) = store.of_case(now.case_id, by=vatra).pairs
    assert ours.other.names["en"].startswith("National Reception Centre")
    actions.confirm(pair_id=line.id, answer=Answer.SAME, why=Why.SHE_SAYS, course=Course.AGAIN, by=vatra)
    assert counted(now.case_id) == "repeat_again"
    actions.break_link(pair_id=line.id, why=BreakWhy.OTHER_STORY, by=nrc)
    assert counted(now.case_id) == "pending"
    assert [each.stand for each in store.of_case(now.case_id, by=vatra).pairs] == [PairStand.BROKEN]
    actions.answer(pair_id=line.id, answer=Answer.SAME, why=Why.PAPERS, by=nrc)
    actions.confirm(pair_id=line.id, answer=Answer.SAME, why=Why.PAPERS, course=Course.SAME_CASE, by=second)
    assert counted(now.case_id) == "repeat_same"


def test_many_pairs_need_no_list_that_is_longer_than_a_database_takes(nrc: Actor, vatra: Actor) -> None:
    many.fill(nrc, 140)
    _, now = a_repeat(nrc, vatra)
    connection = db.session.connection().connection.dbapi_connection
    if isinstance(connection, sqlite3.Connection):
        connection.setlimit(sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER, 60)
    lines = store.to_answer(by=nrc)
    assert [line.stand for line in lines] == [PairStand.WAITS, *[PairStand.REJECTED] * 70]
    assert [each.pair_id for each in store.due(by=nrc) if each.what is match_lines.Due.ANSWER] == [lines[0].id]
    assert store.desk(by=factories.actor("ra.duty_officer")) == []
    actions.new_key(by=factories.actor("nrc.shelter_manager"))
    assert store.number_to_encode(by=nrc) == 141
    assert actions.encode_due(by=nrc) == actions.Encoded(1, 140)  # of the others no name opens
    assert counted(now.case_id) == "pending"


@pytest.mark.slow
def test_breaking_a_link_has_a_page_for_both_sides_and_for_nobody_else(
    nrc: Actor, vatra: Actor, sign_in: SignIn
) -> None:
    a_repeat(nrc, vatra)
    (line,) = store.to_answer(by=nrc)
    address = f"/who-was-here/{line.id}/break"
    assert sign_in(NRC).client.get(address).status_code == 303  # nothing is linked yet
    actions.answer(pair_id=line.id, answer=Answer.SAME, why=Why.KNOWN_TO_US, by=nrc)
    actions.confirm(pair_id=line.id, answer=Answer.SAME, why=Why.SHE_SAYS, course=Course.AGAIN, by=vatra)
    for login, side in ((NRC, "theirs"), (VATRA, "ours")):
        assert f'href="{address}"' in sign_in(login).get(f"/who-was-here/{side}/{line.id}")
        assert "until both sides say the same once more" in sign_in(login).get(f"{address}?lang=en")
    sign_in("iom.case_worker").get(address, 404)
    sign_in("molsa.statistician").get(address, 403)


def test_a_rejected_pair_never_comes_back(nrc: Actor, vatra: Actor) -> None:
    _, now = a_repeat(nrc, vatra)
    (line,) = store.to_answer(by=nrc)
    actions.answer(pair_id=line.id, answer=Answer.DIFFERENT, why=Why.OTHER_PAPERS, by=nrc)
    later(days=1)
    nrc, vatra = factories.actor(NRC), factories.actor(VATRA)
    actions.ask(case_id=now.case_id, said=Said.YES, with_guardian=False, by=vatra)
    assert actions.search_due() == 1
    assert [each.stand for each in store.to_answer(by=nrc)] == [PairStand.REJECTED]
    with refused(MatchRefusal.DECIDED):
        actions.answer(pair_id=line.id, answer=Answer.SAME, why=Why.PAPERS, by=nrc)
    assert store.of_case(now.case_id, by=vatra).pairs == ()


@contextmanager
def refused(reason: MatchRefusal) -> Iterator[None]:
    with pytest.raises(MatchRefused) as found:
        yield
    assert found.value.reason is reason


def test_nobody_answers_both_sides(nrc: Actor, vatra: Actor) -> None:
    before = said_yes(vatra, MIRA)
    left(before, vatra)
    later(days=40)
    now = said_yes(vatra, AGAIN)
    assert actions.search_due() == 2
    (line,) = store.to_answer(by=vatra)
    assert not line.may_answer
    with refused(MatchRefusal.SAME_MEMBER):
        actions.answer(pair_id=line.id, answer=Answer.SAME, why=Why.KNOWN_TO_US, by=vatra)
    manager = factories.actor("vatra.shelter_manager")
    actions.answer(pair_id=line.id, answer=Answer.SAME, why=Why.KNOWN_TO_US, by=manager)
    with refused(MatchRefusal.SAME_MEMBER):
        actions.confirm(pair_id=line.id, answer=Answer.SAME, why=Why.PAPERS, course=Course.AGAIN, by=manager)
    actions.confirm(pair_id=line.id, answer=Answer.SAME, why=Why.PAPERS, course=Course.AGAIN, by=vatra)
    assert counted(now.case_id) == "repeat_again"
    with pytest.raises(NotVisible):
        actions.break_link(pair_id=line.id, why=BreakWhy.WRONG_BUTTON, by=nrc)


def test_only_who_was_seen_by_two_or_slept_there_is_asked(nrc: Actor, vatra: Actor) -> None:
    own = admitted(vatra, identity=MIRA)
    with refused(MatchRefusal.NOT_SEEN):
        actions.ask(case_id=own.case_id, said=Said.YES, with_guardian=False, by=vatra)
    actions.seen(case_id=own.case_id, by=vatra)  # herself alone is not enough
    with refused(MatchRefusal.NOT_SEEN):
        actions.ask(case_id=own.case_id, said=Said.YES, with_guardian=False, by=vatra)
    actions.ask(case_id=own.case_id, said=Said.YES, with_guardian=False, by=factories.actor("vatra.shelter_manager"))
    sent = people.sent(factories.actor("rinas.border_officer"), given="Mirela", family="Xhaferi")
    case_id = referrals.accept(referral_id=sent.referral_id, place_id=people.bed("NRC", 5), by=nrc)
    referrals.arrive(referral_id=sent.referral_id, by=nrc)
    with refused(MatchRefusal.NO_NIGHT):
        actions.ask(case_id=case_id, said=Said.YES, with_guardian=False, by=nrc)
    stays.admit(
        case_id=case_id,
        place_id=people.bed("NRC", 5),
        admitted_on=days.today(),
        anticipated_end_on=days.today() + timedelta(days=30),
        by=nrc,
    )
    with refused(MatchRefusal.NO_NIGHT):
        actions.ask(case_id=case_id, said=Said.YES, with_guardian=False, by=nrc)
    later(days=1)
    actions.ask(case_id=case_id, said=Said.YES, with_guardian=False, by=nrc)
    assert db.session.scalar(select(func.count()).select_from(MatchEncoding)) == 2


@pytest.mark.slow
def test_seen_by_mistake_is_taken_back_until_a_yes_stands_on_it(vatra: Actor, second: Actor, sign_in: SignIn) -> None:
    own = admitted(vatra, identity=MIRA)
    page, press = f"/cases/{own.case_id}/who-was-here", f"/cases/{own.case_id}/who-was-here/seen"
    manager = sign_in("vatra.shelter_manager")
    manager.post(press, {}, 303)
    assert "I have not seen this person" in manager.get(f"{page}?lang=en")
    # Who has seen the person is offered no yes, after a no either: it would be refused.
    for _ in range(2):
        shown = manager.get(page)
        assert 'name="said" value="refused"' in shown
        assert 'name="said" value="yes"' not in shown
        manager.post(page, {"said": "refused"}, 303)
    said = manager.post(press, {"taken_back": "yes"}, 303)
    assert "it is not recorded any more that you have seen" in manager.get(f"{said}&lang=en")
    with refused(MatchRefusal.NOT_SEEN):
        actions.ask(case_id=own.case_id, said=Said.YES, with_guardian=False, by=vatra)
    manager.post(press, {}, 303)
    actions.ask(case_id=own.case_id, said=Said.YES, with_guardian=False, by=vatra)
    manager.post(press, {"taken_back": "yes"}, 409)
    assert "I have not seen this person" not in manager.get(f"{page}?lang=en")


def test_who_has_seen_a_person_does_not_hang_on_who_asks(
    app: Flask, vatra: Actor, second: Actor, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody let in minutes ago, or by whoever asks, is no second member, whichever of the two asks."""
    own = admitted(vatra, identity=MIRA)
    actions.seen(case_id=own.case_id, by=second)
    of = occasions.standing
    long_ago = clock.now() - timedelta(days=400)

    def letting_in(one: Actor, other: Actor | None, since: datetime) -> None:
        """As if the second member was let in by that one, then."""

        def standing(member_id: uuid.UUID) -> Standing:
            vouched = frozenset({other.member_id}) if other is not None and other.member_id is not None else frozenset()
            return Standing(member_id, since, vouched) if member_id == one.member_id else of(member_id)

        monkeypatch.setattr(occasions, "standing", standing)

    for one, other, since in ((second, None, clock.now()), (second, vatra, long_ago), (vatra, second, long_ago)):
        letting_in(one, other, since)
        with refused(MatchRefusal.NO_HAND):
            actions.ask(case_id=own.case_id, said=Said.YES, with_guardian=False, by=vatra)
    page = sign_in("vatra.case_worker").get(f"/cases/{own.case_id}/who-was-here?lang=en")
    assert "does not count beside you" in page
    letting_in(second, None, long_ago)
    actions.ask(case_id=own.case_id, said=Said.YES, with_guardian=False, by=vatra)


def test_what_was_said_at_the_end_of_a_check_can_be_changed(vatra: Actor, sign_in: SignIn) -> None:
    own = said_yes(vatra, MIRA)
    actions.search_due()
    later(days=20)
    worker, page = sign_in("vatra.case_worker"), f"/cases/{own.case_id}/who-was-here"
    worker.post(f"{page}/word", {"word": "new"}, 303)
    assert counted(own.case_id) == "new"
    shown = worker.get(f"{page}?lang=en")
    assert 'name="word"' in shown
    assert "Say something else of it" in shown
    worker.post(f"{page}/word", {"word": "unknown"}, 303)
    assert counted(own.case_id) == "not_checkable"


def test_a_no_is_kept_and_nothing_is_encoded_and_a_yes_can_be_taken_back(nrc: Actor, vatra: Actor) -> None:
    _, now = a_repeat(nrc, vatra)
    assert len(store.to_answer(by=nrc)) == 1
    with refused(MatchRefusal.CHANGED):  # a yes is taken back on a page of its own
        actions.ask(case_id=now.case_id, said=Said.REFUSED, with_guardian=False, by=vatra)
    for _ in range(2):
        actions.take_back(case_id=now.case_id, by=vatra)
    assert counted(now.case_id) == "not_checkable"
    assert store.to_answer(by=nrc) == []
    assert db.session.scalars(select(MatchEncoding.case_id)).all() != [now.case_id]
    assert now.case_id not in db.session.scalars(select(MatchEncoding.case_id)).all()
    before = admitted(vatra, bed=3, identity=OTHER)
    actions.ask(case_id=before.case_id, said=Said.REFUSED, with_guardian=False, by=vatra)  # a no needs no second member
    assert counted(before.case_id) == "not_checkable"


@pytest.mark.slow
def test_a_yes_of_a_child_needs_the_guardian_and_a_no_or_taking_it_back_does_not(vatra: Actor, sign_in: SignIn) -> None:
    child = taken_in(vatra, {"given": "Era", "family": "Lleshi"}, case=CHILD)
    worker, page = sign_in(VATRA), f"/cases/{child.case_id}/who-was-here"
    assert "A yes of a child needs the guardian" in worker.post(f"{page}?lang=en", {"said": "yes", "read": ""}, 422)
    worker.post(page, {"said": "refused", "read": ""}, 303)
    assert counted(child.case_id) == "not_checkable"
    worker.post(page, {"said": "yes", "guardian": "y", "read": "refused"}, 303)
    assert "guardian" not in worker.get(f"{page}/take-back?lang=en").split("<form")[-1]
    worker.post(f"{page}/take-back", {}, 303)
    assert counted(child.case_id) == "not_checkable"


def test_whoever_has_no_name_is_not_compared(vatra: Actor) -> None:
    nameless = taken_in(vatra, {"birth": "1990"})
    with refused(MatchRefusal.NO_NAME):
        actions.ask(case_id=nameless.case_id, said=Said.YES, with_guardian=False, by=vatra)
    assert counted(nameless.case_id) == "not_checked"


@pytest.mark.slow
def test_a_member_asks_for_so_many_in_a_day_and_a_burst_is_seen(app: Flask, vatra: Actor, sign_in: SignIn) -> None:
    assert app
    limit = country().matching.questions_a_day
    opened = [taken_in(vatra, {"given": f"Emri{each}", "family": "Prova"}, bed=0) for each in range(limit + 1)]
    for each in opened[:limit]:
        later(minutes=1)
        actions.ask(case_id=each.case_id, said=Said.YES, with_guardian=False, by=vatra)
    with refused(MatchRefusal.TOO_MANY):
        actions.ask(case_id=opened[limit].case_id, said=Said.YES, with_guardian=False, by=vatra)
    alarm = db.session.scalars(select(Alarm).where(Alarm.kind == "questions")).one()
    assert (alarm.member_id, alarm.cases) == (vatra.member_id, limit)
    said = f"Nisi {limit} verifikime nëse njerëzit kanë qenë këtu më parë"
    for login in ("vatra.shelter_manager", "ra.duty_officer"):
        assert said in sign_in(login).get("/alarms")
    later(days=1)
    actions.ask(case_id=opened[limit].case_id, said=Said.YES, with_guardian=False, by=vatra)


@pytest.mark.slow
def test_a_member_compares_people_once_more_so_often_in_a_day(vatra: Actor, sign_in: SignIn) -> None:
    """The name of a case can be written anew as often as one likes: each comparison would try out another person."""
    one, other = said_yes(vatra, MIRA), taken_in(vatra, OTHER, bed=3)
    page, again = f"/cases/{one.case_id}/who-was-here", {"said": "yes", "read": "yes"}
    worker, most = sign_in("vatra.case_worker"), country().matching.again_a_day
    worker.post(page, again, 303)  # at once: one press
    written = select(MatchQuestion.asked_on, MatchQuestion.asked_by_id).where(MatchQuestion.case_id == one.case_id)
    said, stood = db.session.execute(written).one(), store.of_case(one.case_id, by=vatra)
    for each in range(most):
        later(minutes=2)
        worker.post(page, again, 303)
        if each:  # also before anybody was compared
            actions.search_due()
    later(minutes=2)
    encoded = db.session.scalars(select(MatchEncoding.id)).all()
    assert "as often as one member may" in worker.post(f"{page}?lang=en", again, 409)
    db.session.rollback()
    assert db.session.scalars(select(MatchEncoding.id)).all() == encoded
    worker.post(f"/cases/{other.case_id}/who-was-here", {"said": "yes", "read": ""}, 303)  # who is new is asked
    later(days=1)
    # Nobody was asked: the yes is that of yesterday, with its hour and its end, whoever pressed.
    vatra = factories.actor("vatra.shelter_manager")
    db.session.execute(delete(SeenByMember))  # as after everything was to be taken back by mistake
    db.session.commit()
    second = sign_in("vatra.shelter_manager")
    second.post(page, again, 409)
    assert "I have seen this person" in second.get(f"{page}?lang=en")  # else nobody could compare her any more
    second.post(f"{page}/seen", {}, 303)
    assert "now a colleague asks" in second.get(f"{page}?lang=en")
    actions.seen(case_id=one.case_id, by=factories.actor("vatra.case_worker"))
    for login in ("vatra.case_worker", "vatra.shelter_manager"):
        colleague = sign_in(login)
        assert "What was said stays as it was" in colleague.get(f"{colleague.post(page, again)}&lang=en")
        db.session.rollback()
        assert db.session.execute(written).one() == said
        stands = store.of_case(one.case_id, by=vatra)
        assert (stands.at, stands.over_on) == (stood.at, stood.over_on)
        later(minutes=2)
    # Taken back and said anew, it is a new yes.
    actions.take_back(case_id=one.case_id, by=vatra)
    later(minutes=2)
    actions.seen(case_id=one.case_id, by=factories.actor("vatra.case_worker"))
    actions.ask(case_id=one.case_id, said=Said.YES, with_guardian=False, by=factories.actor("vatra.shelter_manager"))
    stands = store.of_case(one.case_id, by=factories.actor("vatra.shelter_manager"))
    assert stands.asked_on == days.today()
    assert stands.at is not None
    assert stands.at > clock.now() - timedelta(minutes=1)


def test_what_is_erased_is_forgotten(nrc: Actor, vatra: Actor) -> None:
    before, now = a_repeat(nrc, vatra)
    with transaction() as session:
        steps.forget(session, before.case_id)
    assert store.to_answer(by=nrc) == []
    assert db.session.scalars(select(MatchEncoding.case_id)).all() == [now.case_id]


def test_every_erasure_forgets_the_encoding(nrc: Actor, vatra: Actor) -> None:
    before, now = a_repeat(nrc, vatra)
    hands.erased(before.case_id, by=nrc)
    assert db.session.scalars(select(MatchEncoding.case_id)).all() == [now.case_id]
    later(days=country().matching.check_days)
    assert counted(before.case_id) == "pending"
    assert [each for each in store.due(by=factories.actor(NRC)) if each.case_id == before.case_id] == []


@pytest.mark.slow
def test_after_the_case_is_closed_a_yes_is_taken_back_and_the_check_ended(
    nrc: Actor, vatra: Actor, sign_in: SignIn
) -> None:
    """She left before the check was over, and a page that asks for a word has a form for it."""
    says_new, takes_back = said_yes(vatra, OTHER), said_yes(vatra, MIRA, bed=3)
    child = taken_in(vatra, {"given": "Era", "family": "Lleshi"}, case=CHILD, bed=4)
    left(says_new, vatra)
    left(takes_back, vatra)
    later(days=country().matching.check_days)
    worker = sign_in(VATRA)
    due = [each.case_id for each in store.due(by=factories.actor(VATRA)) if each.what is match_lines.Due.SAY]
    assert set(due) == {says_new.case_id, takes_back.case_id}
    page = f"/cases/{says_new.case_id}/who-was-here"
    assert 'name="word"' in worker.get(page)
    worker.post(f"{page}/word", {"word": "new"}, 303)
    assert counted(says_new.case_id) == "new"
    page = f"/cases/{takes_back.case_id}/who-was-here"
    assert 'value="yes"' not in worker.get(page)
    worker.post(page, {"said": "yes"}, 409)  # nobody is asked any more
    worker.post(page, {}, 422)
    assert f'href="{page}/take-back"' in worker.get(page)
    worker.post(f"{page}/take-back", {}, 303)
    assert counted(takes_back.case_id) == "not_checkable"
    assert takes_back.case_id not in db.session.scalars(select(MatchEncoding.case_id)).all()
    assert 'name="said"' not in worker.get(page)
    assert 'name="said"' in worker.get(f"/cases/{child.case_id}/who-was-here")


def test_a_link_to_somebody_who_takes_the_yes_back_stays_and_nothing_more_is_asked(nrc: Actor, vatra: Actor) -> None:
    before, now = a_repeat(nrc, vatra)
    (line,) = store.to_answer(by=nrc)
    actions.answer(pair_id=line.id, answer=Answer.SAME, why=Why.KNOWN_TO_US, by=nrc)
    actions.confirm(pair_id=line.id, answer=Answer.SAME, why=Why.PAPERS, course=Course.AGAIN, by=vatra)
    actions.take_back(case_id=before.case_id, by=nrc)
    later(days=country().matching.check_days)
    assert counted(now.case_id) == "repeat_again"
    assert [each.stand for each in store.of_case(now.case_id, by=factories.actor(VATRA)).pairs] == [PairStand.LINKED]
    assert [each for each in store.due(by=factories.actor(VATRA)) if each.what is not match_lines.Due.ASK] == []


def the_same(page: str, opened: direct_intake.Opened) -> str:
    """A page without what differs between any two cases: ids, codes, and what is new on each page."""
    for own in (str(opened.case_id), str(opened.stay_id), opened.pseudonym):
        page = page.replace(own, "-" * len(own))
    page = re.sub(r"\bV\d\d\b", "V--", page)
    page = re.sub(r"\b\d{3}\u00a0\d{3}\b", "------", page)
    return re.sub(r'(name="?(?:csrf_token|once)"? value=)"?[^" >]+"?', r"\1", page)


@pytest.mark.slow
def test_a_fake_case_learns_nothing_whether_somebody_is_found_or_not(
    app: Flask, sign_in: SignIn, nrc: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In content, status and size; and in time: a request runs the same statements and compares nobody."""
    assert app
    lives_there = said_yes(nrc, MIRA)
    assert actions.search_due() == 1
    vatra = factories.actor("vatra.case_worker")
    found, nobody = taken_in(vatra, AGAIN), taken_in(vatra, OTHER)
    statements: list[str] = []

    def note(*each: Any) -> None:
        if "FROM agreement_versions" not in each[2]:  # looked at every few seconds, by whichever request comes then
            statements.append(each[2])

    event.listen(db.engine, "before_cursor_execute", note)
    asker, pages, asked = sign_in("vatra.case_worker"), {}, {}

    def look(when: str) -> None:
        for opened in (found, nobody):
            for address in (f"/cases/{opened.case_id}/who-was-here", f"/cases/{opened.case_id}"):
                statements.clear()
                page = the_same(asker.get(address), opened)
                pages[when, address.replace(str(opened.case_id), ""), opened is found] = (page, list(statements))
        board = asker.get("/who-was-here")
        assert (found.pseudonym in board) == (nobody.pseudonym in board), when
        for _, address, _ in [key for key in pages if key[0] == when]:
            (one, of_one), (other, of_other) = pages[when, address, True], pages[when, address, False]
            assert one == other, (when, address)
            assert len(of_one) == len(of_other), (when, address)

    def never(*_: object) -> None:
        raise AssertionError("compared within a request")

    with monkeypatch.context() as patch:
        patch.setattr(steps, "search", never)
        for opened in (found, nobody):
            statements.clear()
            answer = asker.client.post(
                f"/cases/{opened.case_id}/who-was-here",
                data={"said": "yes", "csrf_token": asker.csrf_token},
            )
            asked[opened.case_id] = (answer.status_code, len(answer.data), len(statements))
    assert asked[found.case_id] == asked[nobody.case_id]
    assert asked[found.case_id][0] == 303
    look("before it was compared")
    assert actions.search_due() == 2
    sizes = {len(row) for (row,) in db.session.execute(select(MatchQuestion.sealed_pairs))}
    assert len(sizes) == 1
    look("after it was compared")
    (line,) = store.to_answer(by=nrc)
    assert line.alarm
    assert line.where.lives_here
    assert line.case_id == lives_there.case_id
    actions.answer(pair_id=line.id, answer=Answer.SAME, why=Why.KNOWN_TO_US, by=nrc)
    look("after the other side said that it is the same person")
    asker.get(f"/who-was-here/ours/{line.id}", 404)
    asker.get(f"/who-was-here/theirs/{line.id}", 404)
    later(days=20)
    asker = sign_in("vatra.case_worker")
    look("after the check is over")
    for opened in (found, nobody):
        asker.post(f"/cases/{opened.case_id}/who-was-here/word", {"word": "new"}, 303)
    look("after a word of the asker")
    assert (counted(found.case_id), counted(nobody.case_id)) == ("pending", "new")


@pytest.mark.slow
def test_both_desks_are_alarmed_when_somebody_asks_for_a_resident(
    app: Flask, sign_in: SignIn, nrc: Actor, vatra: Actor
) -> None:
    assert app
    resident = said_yes(nrc, MIRA)
    assert actions.search_due() == 1
    said_yes(vatra, AGAIN)
    assert actions.search_due() == 1
    desk, house = sign_in("ra.duty_officer"), sign_in("nrc.case_worker")
    said = "pyet për një person që jeton te Qendra Kombëtare"
    assert said in desk.get("/")
    assert resident.pseudonym not in desk.get("/").split('id="asked-for"')[1].split("</section>")[0]
    home = house.get("/")
    assert "Dikush pyet për një person që është te ju" in home
    (line,) = store.to_answer(by=nrc)
    page = house.get(f"/who-was-here/theirs/{line.id}")
    assert "Dikush pyet për një person që jeton këtu." in page
    assert "zyra e gatishmërisë" in page
    assert "Vatra" not in page.split("<footer")[0]
    house.post(f"/who-was-here/theirs/{line.id}", {}, 422)
    house.post(f"/who-was-here/theirs/{line.id}", {"said": "same-because"}, 422)
    desk.post(f"/duty/who-was-here/{line.id}", {}, 303)
    assert "u trajtua sot" in desk.get("/")
    assert "që është te ju" not in house.get("/")
    later(days=1)
    assert said not in sign_in("ra.duty_officer").get("/")


def test_who_withdrew_everything_is_looked_for_no_more_also_while_a_second_look_is_awaited(
    app: Flask, nrc: Actor, vatra: Actor
) -> None:
    assert app
    gone = said_yes(nrc, MIRA)
    assert actions.search_due() == 1
    act = hands.asked(lambda: consents.withdraw(case_id=gone.case_id, what=EVERYTHING, by=nrc))
    said_yes(vatra, AGAIN)
    assert actions.search_due() == 1
    assert list(store.to_answer(by=nrc)) == []
    assert actions.encode_due(by=nrc).encoded == 0
    assert not db.session.scalars(select(MatchEncoding).where(MatchEncoding.case_id == gone.case_id)).all()
    db.session.rollback()
    second_hands.undo(act_id=act, by=nrc)
    assert actions.encode_due(by=nrc).encoded == 0  # they are encoded again by that press
    assert actions.search_due() == 1
    (line,) = store.to_answer(by=vatra)
    assert line.alarm


def encoded(of: direct_intake.Opened) -> bool:
    found = db.session.scalar(select(MatchEncoding.case_id).where(MatchEncoding.case_id == of.case_id)) is not None
    db.session.rollback()
    return found


@pytest.mark.slow
def test_a_withdrawal_that_is_only_asked_for_stops_the_search_and_its_time_brings_no_yes_back(
    app: Flask, sign_in: SignIn, nrc: Actor
) -> None:
    """From the third in seven days on a second hand comes first: the case stays open meanwhile (ADR 0102)."""
    asked = [said_yes(nrc, each) for each in (OTHER, MIRA, {**MIRA, "given": "Drita"}, {**MIRA, "given": "Era"})]
    assert actions.search_due() == 4
    acts = [
        hands.asked(lambda each=each: consents.withdraw(case_id=each.case_id, what=EVERYTHING, by=nrc))
        for each in asked
    ]
    statuses = list(db.session.scalars(select(HeavyAct.status).order_by(HeavyAct.asked_at)))
    assert statuses == ["parked", "parked", "asked", "asked"]
    db.session.rollback()
    waits, undone = asked[2], asked[3]
    assert not encoded(waits)
    assert store.number_to_encode(by=nrc) == 0
    assert actions.encode_due(by=nrc).encoded == 0
    # Nor is the person asked anew before somebody has answered.
    me = sign_in(NRC)
    address = f"/cases/{waits.case_id}/who-was-here"
    assert "wants everything withdrawn or erased" in me.get(f"{address}?lang=en")
    me.post(f"{address}?lang=en", {"said": "yes"}, 409)
    assert not encoded(waits)
    # Somebody undoes the one, whose yes holds again; of the other the time runs out, and nobody undid it.
    second_hands.decline(act_id=acts[3], by=factories.actor("nrc.shelter_manager"))
    assert actions.encode_due(by=nrc).encoded == 1
    assert (encoded(undone), encoded(waits)) == (True, False)
    later(hours=73)
    nrc = factories.actor(NRC)
    assert store.number_to_encode(by=nrc) == 0
    assert actions.encode_due(by=nrc).encoded == 0
    # A yes after it is a new one; without the encoding it is encoded again under each new key, as others are.
    actions.seen(case_id=waits.case_id, by=factories.actor("nrc.shelter_manager"))
    sign_in(NRC).post(address, {"said": "yes"}, 303)
    assert encoded(waits)
    db.session.execute(delete(MatchEncoding).where(MatchEncoding.case_id == waits.case_id))
    db.session.commit()
    assert store.number_to_encode(by=nrc) == 1


@pytest.mark.slow
def test_a_made_up_case_does_not_tell_its_house_where_the_person_has_come_to(
    app: Flask, sign_in: SignIn, nrc: Actor, vatra: Actor
) -> None:
    """A case with the name of somebody who is looked for, made before she comes with the help of a second organisation:
    its house reads that somebody asks, and not who. All that is left to a decoy (ADR 0180)."""
    assert app
    bait = said_yes(vatra, MIRA)
    assert actions.search_due() == 1
    later(days=5)
    nrc = factories.actor(NRC)
    said_yes(nrc, AGAIN)
    assert actions.search_due() == 1
    insider = sign_in(VATRA)
    (line,) = store.to_answer(by=vatra)
    assert (line.case_id, line.alarm, line.asked_by) == (bait.case_id, True, None)

    def says_nothing() -> None:
        for address in ("/", "/who-was-here", f"/who-was-here/theirs/{line.id}", f"/cases/{bait.case_id}"):
            page = insider.get(address)
            page = page.split("<footer")[0]
            assert "Qendra Kombëtare" not in page, address
            assert not re.search(r"\bNRC\b", page), address  # a random token may hold these letters

    says_nothing()
    actions.answer(pair_id=line.id, answer=Answer.SAME, why=Why.KNOWN_TO_US, by=factories.actor(VATRA))
    says_nothing()
    left(bait, factories.actor(VATRA))  # who closes the case to be told is not told, either
    says_nothing()
    desk = sign_in("ra.duty_officer").get("/")
    assert "Qendra Kombëtare" in desk.split('id="asked-for"')[1].split("</section>")[0]


def test_what_whoever_asked_sees_does_not_change_with_where_the_person_is(nrc: Actor, vatra: Actor) -> None:
    resident = said_yes(nrc, MIRA)
    assert actions.search_due() == 1
    later(days=1)
    vatra = factories.actor(VATRA)
    now = said_yes(vatra, AGAIN)
    assert actions.search_due() == 1
    (line,) = store.to_answer(by=nrc)
    actions.answer(pair_id=line.id, answer=Answer.SAME, why=Why.KNOWN_TO_US, by=factories.actor(NRC))
    assert store.of_case(now.case_id, by=vatra).pairs == ()
    later(days=3)
    nrc, vatra = factories.actor(NRC), factories.actor(VATRA)
    left(resident, nrc)
    assert store.of_case(now.case_id, by=vatra).pairs == ()  # else they learn the day on which she left
    with pytest.raises(NotVisible):
        store.ours(line.id, by=vatra)
    assert counted(now.case_id) == "pending"
    (line,) = store.to_answer(by=nrc)
    assert (line.stand, line.open, line.asked_by) == (PairStand.UNTOLD, True, None)
    actions.answer(pair_id=line.id, answer=Answer.SAME, why=Why.KNOWN_TO_US, by=nrc)
    actions.confirm(pair_id=line.id, answer=Answer.SAME, why=Why.SHE_SAYS, course=Course.AGAIN, by=vatra)
    assert counted(now.case_id) == "repeat_again"
    (line,) = store.to_answer(by=nrc)
    assert line.asked_by is not None  # both said *same*
    cases.reopen(case_id=resident.case_id, reason=ReopenReason.CAME_BACK, by=nrc)
    (ours,) = store.of_case(now.case_id, by=vatra).pairs
    assert ours.stand is PairStand.LINKED  # that it went would tell that she is there again


@pytest.mark.slow
def test_the_wrong_button_can_be_changed_on_the_day_and_not_later(nrc: Actor, vatra: Actor, sign_in: SignIn) -> None:
    a_repeat(nrc, vatra)
    nrc, vatra = factories.actor(NRC), factories.actor(VATRA)
    (line,) = store.to_answer(by=nrc)
    actions.answer(pair_id=line.id, answer=Answer.DIFFERENT, why=Why.OTHER_PAPERS, by=nrc)
    holder = sign_in(NRC)
    assert "Shtypët butonin e gabuar?" in holder.get(f"/who-was-here/theirs/{line.id}")
    holder.post(f"/who-was-here/theirs/{line.id}", {"said": "same-papers"})
    asker = sign_in(VATRA)
    for wrong in ("different-other_papers", "cannot_tell-not_reached"):
        asker.post(f"/who-was-here/ours/{line.id}", {"said": wrong})
        assert 'name="said"' in asker.get(f"/who-was-here/ours/{line.id}")
    with refused(MatchRefusal.DECIDED):  # the other side has answered meanwhile
        actions.answer(pair_id=line.id, answer=Answer.DIFFERENT, why=Why.OTHER_PAPERS, by=nrc)
    later(days=3)
    nrc, vatra = factories.actor(NRC), factories.actor(VATRA)
    actions.confirm(
        pair_id=line.id, answer=Answer.DIFFERENT, why=Why.OTHER_STORY, course=None, by=vatra
    )  # could not tell
    later(days=1)
    vatra = factories.actor(VATRA)
    with refused(MatchRefusal.DECIDED):
        actions.confirm(pair_id=line.id, answer=Answer.SAME, why=Why.PAPERS, course=Course.AGAIN, by=vatra)


def test_what_nobody_answers_climbs_to_the_duty_desk(app: Flask, sign_in: SignIn, nrc: Actor, vatra: Actor) -> None:
    assert app
    a_repeat(nrc, vatra)
    said = "nuk është përgjigjur që më"
    assert said not in sign_in("ra.duty_officer").get("/")
    later(days=country().matching.answer_days + 1)
    desk = sign_in("ra.duty_officer").get("/")
    assert said in desk
    assert "ngjash" not in desk  # nothing of how likely it is


@pytest.mark.parametrize(
    "login",
    [
        "molsa.statistician",
        "oms.monitor",
        "administrator",
        "oms.coordinator",
        "ra.duty_officer",
        "rinas.border_officer",
        "child_protection.case_worker",
        "prosecution.witness_liaison",
    ],
)
def test_nobody_else_asks_or_sees_a_band(app: Flask, sign_in: SignIn, nrc: Actor, vatra: Actor, login: str) -> None:
    assert app
    _, now = a_repeat(nrc, vatra)
    (line,) = store.to_answer(by=nrc)
    somebody = sign_in(login)
    for address in ("/who-was-here", f"/cases/{now.case_id}/who-was-here", f"/who-was-here/theirs/{line.id}"):
        assert somebody.client.get(address).status_code in (403, 404), address
    by = factories.actor(login)
    with pytest.raises((NotPermitted, NotVisible)):
        actions.ask(case_id=now.case_id, said=Said.YES, with_guardian=False, by=by)
    with pytest.raises((NotPermitted, NotVisible)):
        actions.answer(pair_id=line.id, answer=Answer.SAME, why=Why.PAPERS, by=by)
    assert vault.link(db.session(), by=by) is None


def test_a_new_key_is_made_and_each_house_encodes_its_own_again(nrc: Actor, vatra: Actor, command: Command) -> None:
    a_repeat(nrc, vatra)
    manager = factories.actor("vatra.shelter_manager")
    with pytest.raises(NotPermitted):
        actions.new_key(by=vatra)
    assert actions.new_key(by=manager) == 2
    with pytest.raises(actions.TooSoon):
        actions.new_key(by=manager)
    assert [store.number_to_encode(by=each) for each in (nrc, vatra)] == [1, 1]
    fresh = said_yes(vatra, {**MIRA, "given": "Mirela"}, bed=4)
    assert actions.search_due() == 1
    assert len(store.to_answer(by=nrc)) == 1  # nobody of another version is compared
    steps_done: list[int] = []
    assert actions.encode_due(by=nrc, progress=steps_done.append) == actions.Encoded(1, 0)
    assert steps_done == [1]
    assert actions.encode_due(by=vatra, most=10) == actions.Encoded(1, 0)
    assert actions.encode_due(by=vatra) == actions.Encoded(0, 0)  # taken up again: nothing is left
    assert set(db.session.scalars(select(MatchEncoding.key_version))) == {2}
    assert actions.search_due() == 2
    assert fresh.case_id in {each.row.case_id for each in rows.with_pairs() if each.pairs} | {
        pair.case_id for each in rows.with_pairs() for pair in each.pairs
    }


def test_a_house_that_waits_for_the_key_encodes_later(
    app: Flask, nrc: Actor, vatra: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert app
    said_yes(nrc, MIRA)
    key_id = db.session.scalars(select(MatchKey.id)).one()
    with transaction() as session:
        session.execute(delete(Grant).where(Grant.case_id == key_id, Grant.organisation_id == vatra.organisation_id))
    now = said_yes(vatra, AGAIN)
    assert store.number_to_encode(by=vatra) == 1
    assert actions.encode_due(by=vatra) == actions.Encoded(0, 1)
    said_yes(nrc, OTHER, bed=1)  # who has the key hands it on
    assert actions.encode_due(by=vatra) == actions.Encoded(1, 0)
    assert actions.search_due() == 3
    assert [each.case_id for each in store.to_answer(by=nrc)] != [now.case_id]


def test_stolen_rows_say_nothing_and_the_key_file_alone_makes_no_encoding(nrc: Actor, vatra: Actor) -> None:
    before, now = a_repeat(nrc, vatra)
    sealed = {row.case_id: row.sealed_encoding for row in db.session.scalars(select(MatchEncoding))}
    plain = {row.case_id: vault.opened_encoding(row) for row in db.session.scalars(select(MatchEncoding))}
    for case_id, stolen in sealed.items():
        assert plain[case_id] not in stolen
        assert len(stolen) == len(sealed[now.case_id])
    # Unequal even for one name twice: the noise of a record and the nonce differ.
    assert sealed[before.case_id][13:200] != sealed[now.case_id][13:200]
    link = vault.link(db.session(), by=nrc)
    assert link is not None
    assert repr(link) == "<hidden>"
    assert link.key == vault.link(db.session(), by=vatra).key
    wrong = encoding.encode(Compared(MIRA["given"], MIRA["family"]), b"k" * 32, uuid.uuid4())
    register = Register.of([(case_id, each, "", "") for case_id, each in plain.items()])
    assert register.candidates(wrong) == []
    for row in db.session.scalars(select(MatchQuestion)):
        assert before.case_id.bytes not in row.sealed_pairs
        assert before.case_id.hex.encode() not in row.sealed_pairs
    row = db.session.get_one(MatchEncoding, db.session.scalars(select(MatchEncoding.id)).first())
    row.key_version += 1
    with pytest.raises(vault.CannotOpen):
        vault.opened_encoding(row)
    db.session.rollback()


def test_no_file_and_no_log_has_a_name_after_a_full_run(
    app: Flask, nrc: Actor, vatra: Actor, caplog: pytest.LogCaptureFixture
) -> None:
    a_repeat(nrc, vatra)
    (line,) = store.to_answer(by=nrc)
    actions.answer(pair_id=line.id, answer=Answer.SAME, why=Why.KNOWN_TO_US, by=nrc)
    actions.confirm(pair_id=line.id, answer=Answer.SAME, why=Why.PAPERS, course=Course.AGAIN, by=vatra)
    db.session.rollback()
    names = [text.encode() for each in (MIRA, AGAIN) for text in each.values()]
    folder = app.extensions["nrm.config"].directory
    for file in folder.rglob("*"):
        if file.is_file():
            content = file.read_bytes()
            assert not [name for name in names if name in content], file.name
    assert not [name for name in names if name.decode() in caplog.text]


def test_a_late_confirmation_counts_from_its_quarter_on(nrc: Actor, vatra: Actor) -> None:
    before = said_yes(nrc, MIRA)
    stayed(before, nrc)
    later(days=1)  # of two who are asked on one day either may be found
    now = said_yes(vatra, AGAIN)
    assert actions.search_due() == 2
    (line,) = store.to_answer(by=nrc)
    later(days=60)
    actions.answer(pair_id=line.id, answer=Answer.SAME, why=Why.KNOWN_TO_US, by=factories.actor(NRC))
    vatra = factories.actor(VATRA)
    actions.confirm(pair_id=line.id, answer=Answer.SAME, why=Why.PAPERS, course=Course.AGAIN, by=vatra)

    def values(quarter: str) -> dict[str, str]:
        with db.engine.connect() as connection:
            people = counting.people(connection, Quarter.parse(quarter), by=Actor.system("release"))
        return {each.person: each.repeat for each in people}

    db.session.rollback()
    assert values("2026Q1") == {before.case_id.hex: "pending", now.case_id.hex: "pending"}
    assert values("2026Q2") == {now.case_id.hex: "repeat_again"}


@pytest.mark.slow
def test_people_are_encoded_again_from_the_command_line(
    app: Flask, nrc: Actor, vatra: Actor, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NRM_PASSWORD", factories.PASSWORD)
    a_repeat(nrc, vatra)
    db.session.rollback()
    code, out, _ = command(app, "keys", "matching", "--new", "--as", "nrc.shelter_manager")
    assert (code, json.loads(out)) == (0, {"organisation": "NRC", "encoded": 1, "left": 0})
    code, _, said = command(app, "keys", "matching", "--new", "--as", "vatra.shelter_manager")
    assert (code, said.count("\n")) == (2, 1)
    assert "90 days ago" in said
    code, _, said = command(app, "keys", "matching", "--as", "ra.duty_officer")
    assert code == 2
    assert "takes people in" in said


@pytest.mark.slow
def test_who_is_tired_presses_twice_and_the_wrong_button_and_loses_nothing(
    app: Flask, nrc: Actor, vatra: Actor, sign_in: SignIn
) -> None:
    """Each step of a link, pressed twice, reloaded, and after the session was ended in another window."""
    before, resident = said_yes(nrc, MIRA), said_yes(nrc, OTHER, bed=1)
    stayed(before, nrc)
    later(days=200)
    opened, asked_for = taken_in(vatra, AGAIN), taken_in(vatra, {**OTHER, "given": "Valbone"}, bed=1)
    assert actions.search_due() == 2
    asker, holder, desk = sign_in(VATRA), sign_in(NRC), sign_in("ra.duty_officer")
    for each in (opened, asked_for):
        page = f"/cases/{each.case_id}/who-was-here"
        for _ in range(2):
            asker.post(page, {"said": "yes"}, 303)
        assert "<details" in asker.get(page)  # what was asked stands above the question, which is folded
    assert db.session.scalar(select(func.count()).select_from(MatchAsked)) == 4  # not six: two of them are the earlier
    assert actions.search_due() == 2
    alarm, line = store.to_answer(by=factories.actor(NRC))
    assert (alarm.case_id, line.case_id) == (resident.case_id, before.case_id)
    theirs, ours, broken = (
        f"/who-was-here/{each}" for each in (f"theirs/{line.id}", f"ours/{line.id}", f"{line.id}/break")
    )
    holder.post(theirs, {}, 422)
    for wrong in ("cannot_tell-too_little", "different-other_story", "same-papers", "same-papers"):
        holder.post(theirs, {"said": wrong}, 303)
    assert f'href="{theirs}"' in unfolded(holder.get("/who-was-here"))  # today it can still be changed
    asker.post(ours, {"said": "same-papers"}, 422)  # what this case is
    for _ in range(2):
        asker.post(ours, {"said": "same-papers", "course": "again"}, 303)
    assert counted(opened.case_id) == "repeat_again"
    holder.post(theirs, {"said": "different-other_story"}, 409)  # too late: now the link is broken instead
    assert "linked: the same person" in asker.get(f"/cases/{opened.case_id}/who-was-here?lang=en")
    for who in (asker, holder):
        for _ in range(2):
            who.post(f"{broken}", {"why": "wrong_button"}, 303 if who is asker else 409)
    assert counted(opened.case_id) == "pending"
    sign_in("iom.case_worker").post(broken, {}, 404)
    said = "Call both:"
    for undo, there in (("", False), ("", False), ("yes", True), ("yes", True)):
        desk.post(f"/duty/who-was-here/{alarm.id}", {"undo": undo}, 303)
        page = desk.get("/?lang=en")
        assert said in page
        assert ("dealt with today" in page) is not there
    desk.post(f"/duty/who-was-here/{alarm.id}", {}, 303)
    later(days=1)
    desk = sign_in("ra.duty_officer")
    assert said not in desk.get("/?lang=en")
    desk.post(f"/duty/who-was-here/{alarm.id}", {"undo": "yes"}, 409)


def unfolded(page: str) -> str:
    """What of a page is seen before anything is pressed."""
    return re.sub(r"<details.*?</details>", "", page, flags=re.DOTALL)


@pytest.mark.slow
def test_who_signed_out_in_the_middle_sends_what_was_chosen_and_no_answer_of_a_person(
    app: Flask, nrc: Actor, vatra: Actor, sign_in: SignIn
) -> None:
    _, now = a_repeat(nrc, vatra)
    (line,) = store.to_answer(by=factories.actor(NRC))
    theirs, question = f"/who-was-here/theirs/{line.id}", f"/cases/{now.case_id}/who-was-here"

    def back_again(login: str, address: str, chosen: str, *, signs_out: bool = False) -> str:
        """What is read after signing in again, when an answer came too late."""
        worker = sign_in(login)
        token = worker.csrf_token
        if signs_out:
            worker.post("/sign-out", {}, 303)
        later(minutes=20)
        late = worker.client.post(address, data={"said": chosen, "csrf_token": token})
        assert late.status_code == 401
        return signed_in_with(worker.client, late.text, login)

    assert "same-known_to_us" not in back_again(NRC, theirs, "same-known_to_us", signs_out=True)
    page = back_again(NRC, theirs, "same-known_to_us")
    assert forms(page) == [theirs]
    assert 'value="same-known_to_us"' in page
    assert [each.stand for each in store.to_answer(by=factories.actor(NRC))] == [PairStand.WAITS]  # until it is pressed
    assert 'value="refused"' not in back_again(VATRA, question, "refused")
    assert counted(now.case_id) == "pending"


@pytest.mark.slow
def test_who_is_new_finds_how_to_ask_what_the_answer_means_and_how_to_break_a_link(
    app: Flask, nrc: Actor, vatra: Actor, sign_in: SignIn
) -> None:
    """By the links of the pages alone, from the home page on; the README names the first one."""
    a_repeat(nrc, vatra)
    unasked = admitted(vatra, bed=3, identity=OTHER)
    asker, holder = sign_in(VATRA), sign_in(NRC)
    readme = " ".join((Path(__file__).parents[3] / "README.md").read_text("utf-8").split())
    assert "*Here before?*" in readme
    assert "*Who was here before*" in readme

    def follows(who: Person, page: str, address: str) -> str:
        assert f'href="{address}"' in page, address
        return who.get(f"{address}?lang=en")

    question = f"/cases/{unasked.case_id}/who-was-here"
    page = follows(asker, follows(asker, asker.get("/?lang=en"), "/who-was-here"), question)
    assert "nothing depends on it" in page
    assert "I have seen this person" in page
    assert f'href="{question}"' in asker.get(f"/cases/{unasked.case_id}")
    (line,) = store.to_answer(by=factories.actor(NRC))
    theirs, ours, broken = (
        f"/who-was-here/{each}" for each in (f"theirs/{line.id}", f"ours/{line.id}", f"{line.id}/break")
    )
    page = follows(holder, follows(holder, holder.get("/?lang=en"), "/who-was-here"), theirs)
    assert "it is no proof" in page
    assert "only then are the two cases linked" in page
    holder.post(theirs, {"said": "same-papers"}, 303)
    asker.post(ours, {"said": "same-papers", "course": "same_case"}, 303)
    for login, side in ((NRC, theirs), (VATRA, ours)):
        later(days=1)
        who = sign_in(login)
        page = follows(who, follows(who, who.get("/who-was-here?lang=en"), side), broken)
        assert "until both sides say the same once more" in page
        assert "the same person as in a case of" in page
