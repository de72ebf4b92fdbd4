"""Whether somebody was here before: who is told nothing, and what each side is told of what the other one did."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from nrm import clock, crypto
from nrm.actions.referrals import referrals
from nrm.actions.shelter import consents, corrections, stays
from nrm.actions.shelter import matching as actions
from nrm.actions.shelter.direct_intake import Opened
from nrm.db import db, transaction
from nrm.domain.accounts.accounts import Actor
from nrm.domain.shelter.consents import EVERYTHING, Asking, Topic
from nrm.domain.shelter.consents import Answer as Told
from nrm.domain.shelter.consents import Said as Says
from nrm.domain.shelter.corrections import Why as WhyCorrected
from nrm.domain.shelter.matching import (
    Answer,
    BreakWhy,
    Broken,
    Course,
    Gone,
    MatchRefusal,
    Opinion,
    Pair,
    PairStand,
    Said,
    Side,
    Why,
)
from nrm.domain.shelter.stays import ImpossibleStay
from nrm.models.shelter.matching import MatchEncoding, MatchQuestion
from nrm.steps.shelter import matching as steps
from nrm.store import days
from nrm.store.countries import country
from nrm.store.rows.shelter import matching as rows
from nrm.store.shelter import match_lines
from nrm.store.shelter import matching as store
from nrm.vault import matching as vault
from tests import factories
from tests import factories_referrals as people
from tests import second_hands as hands
from tests.conftest import Person
from tests.integration.shelter import test_matching as there
from tests.integration.shelter.test_matching import AGAIN, MIRA, NRC, VATRA, a_repeat, later, refused, said_yes, stayed

SignIn = Callable[[str], Person]
_now, nrc, vatra = there._now, there.nrc, there.vatra


def strikes_out(case_id: uuid.UUID, party: str, by: Actor, said: Says = Says.REFUSED) -> None:
    """What the person says of a house: that it is told nothing, or may be."""
    consents.ask(
        case_id=case_id, answers=[Told(Topic.SHARING, said, party)], asking=Asking("returnee-1", "sq", "nobody"), by=by
    )


@pytest.mark.slow
def test_a_house_that_was_struck_out_is_neither_asked_nor_told(nrc: Actor, vatra: Actor, sign_in: SignIn) -> None:
    """Before the yes, after it, and after the house answered; until the person takes that back."""
    before = said_yes(nrc, MIRA)
    stayed(before, nrc)
    later(days=200)
    now = there.taken_in(vatra, AGAIN)
    strikes_out(now.case_id, "NRC", vatra)
    actions.ask(case_id=now.case_id, said=Said.YES, with_guardian=False, by=vatra)
    assert actions.search_due() == 2
    assert store.to_answer(by=nrc) == []
    strikes_out(now.case_id, "NRC", vatra, Says.GIVEN)
    assert actions.search_due() == 1
    (line,) = store.to_answer(by=nrc)
    actions.answer(pair_id=line.id, answer=Answer.SAME, why=Why.KNOWN_TO_US, by=nrc)
    consents.withdraw(case_id=now.case_id, what=Topic.SHARING, party="NRC", by=vatra)
    assert store.to_answer(by=nrc) == []
    assert store.of_case(now.case_id, by=vatra).pairs == ()
    assert [each for each in store.due(by=nrc) if each.pair_id] == []
    assert [each for each in store.due(by=vatra) if each.pair_id] == []
    later(days=20)
    assert store.desk(by=factories.actor("ra.duty_officer")) == []
    for login, side in ((NRC, "theirs"), (VATRA, "ours")):
        sign_in(login).get(f"/who-was-here/{side}/{line.id}", 404)
    worker, page = sign_in(VATRA), f"/cases/{now.case_id}/who-was-here"
    assert "it was not asked" in worker.get(f"{page}?lang=en")
    worker.post(f"{page}/word", {"word": "new"}, 303)
    assert there.counted(now.case_id) == "not_checkable"  # nobody can say that she is new


@pytest.mark.slow
def test_who_was_found_can_strike_out_who_asks_and_a_link_stays_with_the_other_side(nrc: Actor, vatra: Actor) -> None:
    before = said_yes(nrc, MIRA)
    strikes_out(before.case_id, "VATRA", nrc)
    stayed(before, nrc)
    later(days=200)
    said_yes(vatra, AGAIN)
    assert actions.search_due() == 2
    assert store.to_answer(by=nrc) == []
    other = linked(nrc, vatra, there.OTHER, bed=3)
    strikes_out(other.now.case_id, "NRC", vatra)
    assert store.to_answer(by=nrc) == []
    assert [each.stand for each in store.of_case(other.now.case_id, by=vatra).pairs] == [PairStand.LINKED]
    assert there.counted(other.now.case_id) == "repeat_again"  # both said it: it is a fact


@dataclass(frozen=True)
class Linked:
    """Two cases of one person: the earlier one at NRC, and the one at VATRA that asked."""

    before: Opened
    now: Opened
    pair: uuid.UUID


def linked(nrc: Actor, vatra: Actor, identity: dict[str, Any] = MIRA, bed: int = 0) -> Linked:
    before = said_yes(nrc, identity, bed=bed)
    stayed(before, nrc)
    later(days=1)
    now = said_yes(vatra, identity, bed=bed)
    actions.search_due()
    (line,) = [each for each in store.to_answer(by=nrc) if each.case_id == before.case_id]
    actions.answer(pair_id=line.id, answer=Answer.SAME, why=Why.KNOWN_TO_US, by=nrc)
    actions.confirm(pair_id=line.id, answer=Answer.SAME, why=Why.SHE_SAYS, course=Course.AGAIN, by=vatra)
    return Linked(before, now, line.id)


def shown(who: Person, address: str, status: int = 200) -> str:
    """The main part of a page in English."""
    return who.get(f"{address}{'&' if '?' in address else '?'}lang=en", status).split("<main")[1].split("</main")[0]


@pytest.mark.slow
def test_a_link_is_broken_with_a_reason_the_other_side_reads_it_and_either_mends_it(
    nrc: Actor, vatra: Actor, sign_in: SignIn
) -> None:
    pair = linked(nrc, vatra).pair
    theirs, ours, page = f"/who-was-here/theirs/{pair}", f"/who-was-here/ours/{pair}", f"/who-was-here/{pair}/break"
    holder, asker = sign_in(NRC), sign_in(VATRA)
    assert "Another organisation answered" in shown(holder, "/")  # that the two are linked
    holder.post(f"/who-was-here/{pair}/read", {}, 303)
    assert "Another organisation answered" not in shown(holder, "/")
    asker.post(page, {}, 422)
    asker.post(page, {"why": "because"}, 422)
    assert store.ours(pair, by=vatra).stand is PairStand.LINKED
    said = asker.post(page, {"why": "both_there"}, 303)
    assert "The other side reads that you did it" in shown(asker, said)
    assert "or broke a link" in shown(holder, "/")
    assert "or broke a link" not in shown(asker, "/")
    page_of_theirs = shown(holder, theirs)
    assert "mended" not in page_of_theirs
    assert re.search(r"Vatra[^<]* broke the link on 24 March 2026", page_of_theirs)
    assert "Both were seen at one time in two places" in page_of_theirs
    assert 'name="said"' in shown(asker, ours)  # who broke it can say that it was a mistake
    asker.post(ours, {"said": "same-papers", "course": "again"}, 303)
    assert "the other side says: the same person" in shown(holder, "/who-was-here")
    db.session.rollback()
    assert [each.what for each in store.due(by=nrc) if each.pair_id] == [match_lines.Due.ANSWER]
    assert there.counted(store.ours(pair, by=vatra).case_id) == "pending"
    holder.post(theirs, {"said": "same-papers"}, 303)
    assert there.counted(store.ours(pair, by=vatra).case_id) == "repeat_again"
    assert all("It was mended since" in each for each in (shown(holder, theirs), shown(asker, ours)))
    sign_in("iom.case_worker").get(theirs, 404)
    sign_in("iom.case_worker").post(f"/who-was-here/{pair}/read", {}, 404)


@pytest.mark.slow
def test_what_a_linked_case_is_can_be_changed_alone_for_twelve_hours(nrc: Actor, vatra: Actor, sign_in: SignIn) -> None:
    pair = linked(nrc, vatra).pair
    line = store.ours(pair, by=vatra)
    asker, holder, ours = sign_in(VATRA), sign_in(NRC), f"/who-was-here/ours/{pair}"
    assert there.counted(line.case_id) == "repeat_again"
    page = shown(asker, ours)
    assert "The link stays." in page
    change = f"{ours}/course"
    assert "Choose what this case is" in asker.post(f"{change}?lang=en", {}, 422)
    asker.post(change, {"course": "no"}, 422)
    holder.post(change, {"course": "same_case"}, 404)  # the other side said nothing of it
    sign_in("iom.case_worker").post(change, {"course": "same_case"}, 404)
    for _ in range(2):
        asker.post(change, {"course": "same_case", "read": mark_of(page)}, 303)
    db.session.rollback()
    after = store.ours(pair, by=vatra)
    assert (there.counted(line.case_id), after.stand) == ("repeat_same", PairStand.LINKED)
    assert after.course_until == line.course_until  # no press prolongs the hours
    asker.post(change, {"course": "again", "read": mark_of(page)}, 409)  # from another window
    assert there.counted(line.case_id) == "repeat_same"
    later(hours=13)
    late = sign_in(VATRA)
    assert "The link stays." not in shown(late, ours)
    late.post(change, {"course": "again"}, 409)
    assert store.ours(pair, by=factories.actor(VATRA)).stand is PairStand.LINKED


@pytest.mark.slow
def test_an_answer_that_changed_while_the_other_side_looked_is_told_and_nothing_is_recorded(
    nrc: Actor, vatra: Actor, sign_in: SignIn
) -> None:
    a_repeat(nrc, vatra)
    holder, asker = sign_in(NRC), sign_in(VATRA)
    (line,) = store.to_answer(by=factories.actor(NRC))
    theirs, ours = f"/who-was-here/theirs/{line.id}", f"/who-was-here/ours/{line.id}"
    stale = mark_of(shown(holder, theirs))
    said = holder.post(theirs, {"said": "same-papers", "read": stale}, 303)
    assert "Now the other side is asked" in shown(holder, said)
    assert re.search(r"It can be changed until 20 September 2026[^.]*0?1:00", shown(holder, theirs))  # twelve hours
    holder.post(theirs, {"said": "different-other_story", "read": stale}, 409)  # from another window
    assert store.theirs(line.id, by=factories.actor(NRC)).stand is PairStand.CONFIRM
    page = shown(asker, ours)
    assert "Papers agree" in page or "papers agree" in page  # what the other side said, and how much alike
    assert "Very much alike" in page
    holder.post(theirs, {"said": "different-other_papers", "read": mark_of(shown(holder, theirs))}, 303)
    again = asker.post(f"{ours}?lang=en", {"said": "same-papers", "course": "again", "read": mark_of(page)}, 409)
    assert "Nothing was recorded" in again
    assert "took that back" in again
    assert "or broke a link" in shown(asker, "/")
    assert [each.what for each in store.due(by=factories.actor(VATRA)) if each.pair_id] == [match_lines.Due.READ_OURS]
    asker.post(ours, {"said": "different-other_story", "course": "again"}, 422)  # the two do not fit
    later(hours=13)
    holder = sign_in(NRC)
    assert 'name="said"' not in shown(holder, theirs)
    holder.post(theirs, {"said": "same-papers"}, 409)


def mark_of(page: str) -> str:
    found = re.search(r'name="read"[^>]*value="(\w+)"', page)
    assert found, page
    return found[1]


@pytest.mark.slow
def test_taking_the_yes_back_has_a_page_that_says_what_goes_and_the_other_side_reads_that_it_is_over(
    nrc: Actor, vatra: Actor, sign_in: SignIn
) -> None:
    found = linked(nrc, vatra)
    holder, asker = sign_in(NRC), sign_in(VATRA)
    question, theirs = f"/cases/{found.now.case_id}/who-was-here", f"/who-was-here/theirs/{found.pair}"
    page = shown(asker, question)
    assert 'value="refused"' not in page
    asker.post(question, {"said": "refused", "read": ""}, 409)  # a stale page
    assert there.counted(found.now.case_id) == "repeat_again"
    page = shown(asker, f"{question}/take-back")
    assert "is removed on both sides" in page
    assert "National Reception Centre" in page
    assert f'href="{question}/take-back"' in shown(asker, f"/cases/{found.now.case_id}/consents")
    said = asker.post(f"{question}/take-back", {}, 303)
    assert "The yes is taken back" in shown(asker, said)
    assert there.counted(found.now.case_id) == "not_checkable"
    assert "This question is no longer asked" in shown(holder, theirs)
    assert "no longer asked since" in shown(holder, "/who-was-here")
    assert "no longer asked" in holder.post(f"{theirs}?lang=en", {"said": "same-papers"}, 409)
    assert "This question is no longer asked" in shown(asker, f"/who-was-here/ours/{found.pair}")
    other = sign_in("iom.case_worker")
    for address in (theirs, f"/who-was-here/ours/{found.pair}", f"/who-was-here/{found.pair}/break"):
        other.get(address, 404)
    sizes = {len(row) for row in db.session.scalars(select(MatchQuestion.sealed_pairs)) if row is not None}
    assert len(sizes) == 1


@pytest.mark.slow
def test_one_person_who_is_said_to_be_two_is_asked_about_on_both_sides(
    nrc: Actor, vatra: Actor, sign_in: SignIn
) -> None:
    first = linked(nrc, vatra)
    second = said_yes(vatra, AGAIN, bed=4)
    actions.search_due()
    (line,) = [each for each in store.to_answer(by=nrc) if each.case_id == first.before.case_id and each.open]
    holder, asker = sign_in(NRC), sign_in(VATRA)
    theirs, ours = f"/who-was-here/theirs/{line.id}", f"/who-was-here/ours/{line.id}"
    assert "The same was said of another person, too" in shown(holder, theirs)
    holder.post(theirs, {"said": "same-papers"}, 422)
    holder.post(theirs, {"said": "same-papers", "twice": "y"}, 303)
    page = shown(asker, ours)
    assert first.now.pseudonym in page  # which of its own cases it is
    asker.post(ours, {"said": "same-papers", "course": "again"}, 422)
    assert there.counted(second.case_id) == "pending"
    asker.post(ours, {"said": "same-papers", "course": "again", "twice": "y"}, 303)
    numbers = {each.number for each in store.to_answer(by=nrc)}
    assert len(numbers) == len(store.to_answer(by=nrc))
    assert "the same was said of" in shown(holder, "/who-was-here")
    number = store.of_case(second.case_id, by=vatra).number
    assert re.fullmatch(r"\d{3}\u00a0\d{3}", number)
    assert store.ours(line.id, by=vatra).number.startswith(f"{number}-")
    assert 'href="tel:+' in shown(holder, theirs)


def test_a_case_that_is_closed_to_everybody_asks_nothing_and_the_yes_can_be_taken_back(
    app: Flask, nrc: Actor, sign_in: SignIn
) -> None:
    assert app
    gone = said_yes(nrc, MIRA)
    hands.asked(lambda: consents.withdraw(case_id=gone.case_id, what=EVERYTHING, by=nrc))
    later(days=country().matching.check_days + 1)
    nrc, worker = factories.actor(NRC), sign_in(NRC)
    assert [each for each in store.due(by=nrc) if each.case_id == gone.case_id] == []
    page = f"/cases/{gone.case_id}/who-was-here"
    assert "nobody is compared while it is" in shown(worker, page)
    assert 'name="word"' not in shown(worker, page)
    worker.post(f"{page}/take-back", {}, 303)
    assert there.counted(gone.case_id) == "not_checkable"
    assert db.session.scalar(select(func.count()).select_from(MatchEncoding)) == 0


@pytest.mark.slow
def test_the_desk_reads_what_the_house_of_a_resident_says_and_once_of_one_house(
    app: Flask, nrc: Actor, vatra: Actor, sign_in: SignIn
) -> None:
    assert app
    resident = said_yes(nrc, MIRA)
    later(days=1)
    said_yes(nrc, AGAIN, bed=2)
    actions.search_due()
    desk = factories.actor("ra.duty_officer")
    assert store.desk(by=desk) == []  # both cases are of one house, which holds both
    manager = factories.actor("nrc.shelter_manager")
    (own,) = store.to_answer(by=manager)
    assert (own.own, own.alarm, own.asked_by is not None) == (True, False, True)
    assert "Another organisation says" not in shown(sign_in("nrc.shelter_manager"), f"/who-was-here/theirs/{own.id}")
    later(days=1)
    vatra = factories.actor(VATRA)
    weak(said_yes(vatra, there.OTHER, bed=5).case_id, resident.case_id)
    nrc = factories.actor(NRC)
    (line,) = [each for each in store.to_answer(by=nrc) if not each.own]
    assert (line.alarm, line.asked_by) == (False, None)
    assert store.desk(by=desk) == []
    house = sign_in(NRC)
    assert "The duty desk is told once you say" in shown(house, f"/who-was-here/theirs/{line.id}")
    house.post(f"/who-was-here/theirs/{line.id}", {"said": "same-known_to_us"}, 303)
    db.session.rollback()
    (told,) = store.desk(by=desk)
    assert (told.alarm, told.stand, told.number) == (True, PairStand.UNTOLD, line.number)
    page = shown(sign_in("ra.duty_officer"), "/")
    assert line.number in page
    assert "The shelter where she is says: the same person." in page
    assert resident.pseudonym not in page.split('id="asked-for"')[1].split("</section>")[0]


@pytest.mark.slow
def test_whoever_asks_for_a_resident_does_not_take_the_alarm_back_with_the_question(
    app: Flask, nrc: Actor, vatra: Actor, sign_in: SignIn
) -> None:
    assert app
    said_yes(nrc, MIRA)
    later(days=1)
    vatra = factories.actor(VATRA)
    asks = said_yes(vatra, AGAIN)
    actions.search_due()
    desk = factories.actor("ra.duty_officer")
    (line,) = store.desk(by=desk)
    actions.take_back(case_id=asks.case_id, by=vatra)
    (stays,) = store.desk(by=factories.actor("ra.duty_officer"))
    assert (stays.id, stays.alarm, stays.stand, stays.number) == (line.id, True, None, line.number)
    assert (stays.asked_by.names, stays.holder.names) == (line.asked_by.names, line.holder.names)
    page = shown(sign_in("ra.duty_officer"), "/")
    assert "The alarm stands here for a week" in page
    assert asks.pseudonym not in page.split('id="asked-for"')[1].split("</section>")[0]
    later(days=7)
    assert store.desk(by=factories.actor("ra.duty_officer")) == []


def weak(case_id: uuid.UUID, found_id: uuid.UUID) -> None:
    """The two are a little alike."""
    pair = Pair(uuid.uuid4(), found_id, "weak", days.today(), there=True)
    with transaction() as session:
        steps.put_pairs(session, rows.question(case_id), [pair], searched=True)


def test_who_was_not_reached_is_tried_again_tomorrow(nrc: Actor, vatra: Actor, sign_in: SignIn) -> None:
    a_repeat(nrc, vatra)
    nrc = factories.actor(NRC)
    (line,) = store.to_answer(by=nrc)
    assert [each.day for each in store.due(by=nrc) if each.pair_id] == [days.today() + timedelta(days=7)]
    holder = sign_in(NRC)
    assert "may be this one: answer" in shown(holder, "/")  # also where it has a week
    assert "Checks under way" in shown(sign_in(VATRA), "/who-was-here")
    actions.answer(pair_id=line.id, answer=Answer.CANNOT_TELL, why=Why.NOT_REACHED, by=nrc)
    (due,) = [each for each in store.due(by=nrc) if each.pair_id]
    assert (due.what, due.day) == (match_lines.Due.ANSWER, days.today() + timedelta(days=1))
    assert [each.settled for each in store.to_answer(by=nrc)] == [False]
    actions.answer(pair_id=line.id, answer=Answer.SAME, why=Why.PAPERS, by=nrc)
    (due,) = [each for each in store.due(by=factories.actor(VATRA)) if each.pair_id]
    assert (due.what, due.day) == (match_lines.Due.CONFIRM, days.today() + timedelta(days=7))  # they are to call first


def test_what_she_hears_before_her_yes_is_all_that_happens(vatra: Actor, sign_in: SignIn) -> None:
    asked = there.taken_in(vatra, MIRA)
    worker, page = sign_in(VATRA), f"/cases/{asked.case_id}/who-was-here"
    told = shown(worker, page)
    for said in ("all shelters that take people in", "and not which shelter", "struck out is told nothing"):
        assert said in told
    said = worker.post(page, {"said": "yes", "read": ""}, 303)
    assert "within some minutes" in shown(worker, said)
    assert "a check is open" in shown(worker, f"/cases/{asked.case_id}/close")
    worker.post(f"/cases/{asked.case_id}/open", {"compartment": "identity", "purpose": "here_before"}, 303)


def test_what_was_found_is_opened_once_and_a_row_that_was_put_back_or_moved_does_not_open(
    nrc: Actor, vatra: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, now = a_repeat(nrc, vatra)
    row = rows.question(now.case_id)
    assert row is not None
    found, opened = vault.found_of(row), list[bytes]()
    unseal = crypto.unseal

    def told(key: bytes, sealed: bytes, aad: bytes) -> bytes:
        opened.append(sealed)
        return unseal(key, sealed, aad)

    monkeypatch.setattr(crypto, "unseal", told)
    assert vault.found_of(row) == found
    assert opened == []
    row.revision += 1
    with pytest.raises(vault.CannotOpen):
        vault.found_of(row)
    row.revision, row.case_id = row.revision - 1, before.case_id
    with pytest.raises(vault.CannotOpen):
        vault.found_of(row)
    assert len(opened) == 2
    db.session.rollback()


def test_a_question_of_before_gets_no_number_by_what_the_other_side_does(nrc: Actor, vatra: Actor) -> None:
    """Else whoever asked would see that somebody was found."""
    _, now = a_repeat(nrc, vatra)
    (line,) = store.to_answer(by=nrc)
    with transaction() as session:
        row = rows.question(now.case_id)
        assert row is not None
        row.sealed_pairs = vault.sealed_pairs(now.case_id, row.revision, replace(rows.sealed(row), number=0))
        session.flush()
    actions.answer(pair_id=line.id, answer=Answer.CANNOT_TELL, why=Why.TOO_LITTLE, by=nrc)
    assert store.of_case(now.case_id, by=vatra).number == ""
    actions.ask(case_id=now.case_id, said=Said.YES, with_guardian=False, by=vatra)
    assert re.fullmatch(r"\d{3}\u00a0\d{3}", store.of_case(now.case_id, by=vatra).number)


def test_what_is_sealed_has_room_for_ten_pairs_with_all_that_was_said(app: Flask) -> None:
    """And for what is asked no more, as far as it fits; what older versions sealed is read."""
    assert app
    at, id_ = clock.now(), uuid.uuid4()
    opinion = Opinion(Answer.CANNOT_TELL, Why.KNOWN_TO_US, id_, at, Course.SAME_CASE)
    how = Broken(id_, at, BreakWhy.WRONG_BUTTON)
    pairs = tuple(
        Pair(uuid.uuid4(), id_, "possible", days.today(), opinion, opinion, how, days.today(), True, True, True)
        for _ in range(10)
    )
    full = tuple(replace(each, unread=frozenset(Side), found_at=at) for each in pairs)
    gone = tuple(Gone(uuid.uuid4(), (id_, id_), days.today(), 123456) for _ in range(9))
    row = SimpleNamespace(
        case_id=id_, revision=1, sealed_pairs=vault.sealed_pairs(id_, 1, vault.Found(full, 123456, gone))
    )
    found = vault.found_of(row)
    assert [each.to_list() for each in found.pairs] == [each.to_list() for each in full]
    assert gone[-len(found.gone) :] == found.gone != ()
    assert found.number == 123456
    assert 100_000 <= vault.numbered(vault.Found()).number < 1_000_000
    old = [id_.hex, id_.hex, "weak", "2026-03-01", ["same", "papers", id_.hex, "2026-03-02", ""], [], "2026-03-04", ""]
    read = Pair.of(old)
    assert read.theirs is not None
    assert read.theirs.at == datetime(2026, 3, 2, tzinfo=UTC)
    assert read.broken == Broken(None, datetime(2026, 3, 4, tzinfo=UTC), None)


def test_a_day_before_the_person_was_sent_is_no_day_of_admission(nrc: Actor) -> None:
    sent = people.sent(factories.actor("rinas.border_officer"), given="Mirela", family="Xhaferi")
    case_id = referrals.accept(referral_id=sent.referral_id, place_id=people.bed("NRC", 5), by=nrc)
    referrals.arrive(referral_id=sent.referral_id, by=nrc)
    today = days.today()
    stay_id = stays.admit(
        case_id=case_id,
        place_id=people.bed("NRC", 5),
        admitted_on=today,
        anticipated_end_on=today + timedelta(days=30),
        by=nrc,
    )
    with pytest.raises(ImpossibleStay):
        corrections.correct_admission(
            stay_id=stay_id, admitted_on=today - timedelta(days=2), why=WhyCorrected.MISTYPED, by=nrc
        )
    with refused(MatchRefusal.NO_NIGHT):
        actions.ask(case_id=case_id, said=Said.YES, with_guardian=False, by=nrc)


@pytest.mark.slow
@pytest.mark.parametrize("wrong", ["different-other_story", "cannot_tell-too_little"])
def test_what_is_said_of_a_link_that_was_broken_can_be_changed_until_both_say_the_same(
    nrc: Actor, vatra: Actor, sign_in: SignIn, wrong: str
) -> None:
    """Either side answers wrongly after the break: nobody is shut out of putting it right."""
    pair = linked(nrc, vatra).pair
    theirs, ours = f"/who-was-here/theirs/{pair}", f"/who-was-here/ours/{pair}"
    holder, asker = sign_in(NRC), sign_in(VATRA)
    holder.post(f"/who-was-here/{pair}/break", {"why": "wrong_button"}, 303)
    asker.post(ours, {"said": "same-papers", "course": "again"}, 303)
    said = holder.post(theirs, {"said": wrong}, 303)
    assert "until both sides say that it is the same person" in shown(holder, said)
    later(hours=13)
    holder, asker = sign_in(NRC), sign_in(VATRA)
    assert 'name="said"' in shown(holder, theirs)
    assert "It can be changed until both sides say" in shown(holder, theirs)
    asker.post(ours, {"said": wrong, "course": "none"}, 303)  # now the other side is wrong, too
    holder.post(theirs, {"said": "same-papers"}, 303)
    assert store.ours(pair, by=factories.actor(VATRA)).stand is not PairStand.LINKED
    asker.post(ours, {"said": "same-papers", "course": "again"}, 303)
    assert there.counted(store.ours(pair, by=factories.actor(VATRA)).case_id) == "repeat_again"
    assert 'name="said"' not in shown(holder, theirs)  # a link is broken, not answered
    holder.post(theirs, {"said": wrong}, 409)
