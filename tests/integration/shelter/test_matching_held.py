"""Whether somebody was here before: what is held back from a house whose case could have been made up, what the duty
desk hears of it (ADR 0174), and presses that are taken back."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select

from nrm.actions.accounts import second_hands
from nrm.actions.shelter import consents
from nrm.actions.shelter import matching as actions
from nrm.actions.shelter.direct_intake import Opened
from nrm.db import db
from nrm.domain.accounts.accounts import Actor
from nrm.domain.shelter.consents import EVERYTHING
from nrm.domain.shelter.matching import Answer, Course, PairStand, Said, Why
from nrm.models.shelter.matching import MatchEncoding
from nrm.store.shelter import match_lines
from nrm.store.shelter import matching as store
from tests import factories
from tests import second_hands as hands
from tests.conftest import Person
from tests.integration.shelter import test_matching as there
from tests.integration.shelter.test_matching import AGAIN, MIRA, NRC, VATRA, a_repeat, later, said_yes
from tests.integration.shelter.test_matching_told import linked, shown

SignIn = Callable[[str], Person]
_now, nrc, vatra = there._now, there.nrc, there.vatra


def short_case(by: Actor, identity: dict[str, Any], **more: Any) -> Opened:
    """A case that its house opened and closed on one day, with a day of admission that was typed."""
    opened = there.taken_in(by, identity, known_elsewhere=False, days_ago=12, **more)
    actions.ask(case_id=opened.case_id, said=Said.YES, with_guardian=False, by=by)
    there.left(opened, by)
    return opened


@pytest.mark.slow
def test_a_made_up_case_that_is_closed_again_tells_its_house_nothing_and_the_desk_is_alarmed(
    nrc: Actor, vatra: Actor, sign_in: SignIn
) -> None:
    """Before she came, and closed within minutes: its house learns neither that she is in a shelter nor in which."""
    bait = short_case(vatra, MIRA)
    actions.search_due()
    later(days=5)
    nrc = factories.actor(NRC)
    resident = said_yes(nrc, AGAIN)
    actions.search_due()
    insider, desk = sign_in(VATRA), factories.actor("ra.duty_officer")
    (alarm,) = store.desk(by=desk)
    assert (alarm.alarm, alarm.thin, alarm.asked, alarm.dealt) == (True, True, False, False)
    pair = f"/who-was-here/theirs/{alarm.id}"

    def says_nothing() -> None:
        for address in (
            "/",
            "/to-do",
            "/who-was-here",
            f"/cases/{bait.case_id}",
            f"/cases/{bait.case_id}/who-was-here",
        ):
            page = shown(insider, address)
            assert not re.search(r"ebody asks|Centre[^<]* asks|may be this one", page), address
            assert "National Reception" not in page.split("<footer")[0], address
        insider.get(pair, 404)
        insider.post(pair, {"said": "same-papers"}, 404)

    says_nothing()
    officer = sign_in("ra.duty_officer")
    page = shown(officer, "/").split('id="asked-for"')[1].split("</section>")[0]
    assert "no other organisation ever saw the person" in page
    assert "has not been told that anybody asks" in page
    assert "National Reception Centre" in page
    press = f"/duty/who-was-here/{alarm.id}"
    insider.post(press, {"ask": "yes"}, 403)
    # The desk doubts it: nobody is asked, and nothing waits for an answer.
    officer.post(press, {}, 303)
    says_nothing()
    assert there.counted(resident.case_id) == "pending"
    later(days=20)
    nrc, officer, insider = factories.actor(NRC), sign_in("ra.duty_officer"), sign_in(VATRA)
    assert store.desk(by=factories.actor("ra.duty_officer")) == []
    says_nothing()
    sign_in(NRC).post(f"/cases/{resident.case_id}/who-was-here/word", {"word": "new"}, 303)
    assert there.counted(resident.case_id) == "new"


@pytest.mark.slow
def test_a_short_stay_that_was_real_is_asked_about_once_the_desk_says_so(
    nrc: Actor, vatra: Actor, sign_in: SignIn
) -> None:
    before = short_case(vatra, MIRA)
    actions.search_due()
    later(days=5)
    nrc = factories.actor(NRC)
    now = said_yes(nrc, AGAIN)
    actions.search_due()
    (alarm,) = store.desk(by=factories.actor("ra.duty_officer"))
    officer, press = sign_in("ra.duty_officer"), f"/duty/who-was-here/{alarm.id}"
    officer.post(press, {"ask": "yes"}, 303)
    assert "That shelter is asked now" in shown(officer, "/")
    assert [each.id for each in store.to_answer(by=factories.actor(VATRA))] == [alarm.id]
    officer.post(press, {"undo": "yes"}, 303)
    assert store.to_answer(by=factories.actor(VATRA)) == []
    officer.post(press, {"ask": "yes"}, 303)
    holder = sign_in(VATRA)
    page = shown(holder, f"/who-was-here/theirs/{alarm.id}")
    assert "National Reception" not in page
    assert "same-may_be" in page
    assert "not_reached" not in page  # it called nobody
    holder.post(f"/who-was-here/theirs/{alarm.id}", {"said": "cannot_tell-not_reached"}, 422)
    holder.post(f"/who-was-here/theirs/{alarm.id}", {"said": "same-may_be"}, 303)
    page = shown(holder, f"/who-was-here/theirs/{alarm.id}")
    assert "calls you" in page
    assert "National Reception" not in page
    officer.post(press, {"undo": "yes"}, 409)
    asker, ours = sign_in(NRC), f"/who-was-here/ours/{alarm.id}"
    assert "whoever asks may call us" in shown(asker, ours)
    assert "Vatra" in shown(asker, ours)
    asker.post(ours, {"said": "same-may_be", "course": "again"}, 422)
    asker.post(ours, {"said": "same-papers", "course": "again"}, 303)
    assert "National Reception" not in shown(holder, f"/who-was-here/theirs/{alarm.id}")  # it has not said so itself
    holder.post(f"/who-was-here/theirs/{alarm.id}", {"said": "same-papers"}, 303)
    page = shown(holder, f"/who-was-here/theirs/{alarm.id}")
    assert "National Reception Centre" in page  # both said it
    assert "not shown here" in page  # where the same person lives now
    assert there.counted(now.case_id) == "repeat_again"
    assert before.case_id


@pytest.mark.slow
def test_it_may_be_links_nothing_before_who_knows_the_person_says_same_itself_in_either_order(
    nrc: Actor, vatra: Actor, sign_in: SignIn
) -> None:
    now = a_repeat(nrc, vatra)[1].case_id
    (line,) = store.to_answer(by=nrc)
    theirs, ours = f"/who-was-here/theirs/{line.id}", f"/who-was-here/ours/{line.id}"
    sign_in(NRC).post(theirs, {"said": "same-may_be"}, 303)
    later(hours=13)
    asker = sign_in(VATRA)
    assert "says: it may be the same person" in shown(asker, ours)
    said = asker.post(ours, {"said": "same-known_to_us", "course": "same_case"}, 303)
    assert "linked" not in shown(asker, said).split("<details")[0]
    assert there.counted(now) == "pending"
    holder = sign_in(NRC)
    assert "Somebody asks for a person who may be this one" in shown(holder, "/")  # it is asked once more
    page = shown(holder, theirs)
    assert "Vatra" not in page
    assert "may_be" not in page
    later(minutes=1)
    holder.post(theirs, {"said": "different-other_story"}, 303)
    assert there.counted(now) == "pending"
    holder.post(theirs, {"said": "same-known_to_us"}, 303)  # the wrong button, within twelve hours
    assert there.counted(now) == "repeat_same"
    holder.post(theirs, {"said": "different-other_story"}, 409)  # a link is broken, not answered


def test_after_it_may_be_the_house_that_knows_the_person_may_say_same_first(nrc: Actor, vatra: Actor) -> None:
    now = a_repeat(nrc, vatra)[1].case_id
    (line,) = store.to_answer(by=nrc)
    actions.answer(pair_id=line.id, answer=Answer.SAME, why=Why.MAY_BE, by=nrc)
    later(days=2)
    actions.answer(pair_id=line.id, answer=Answer.SAME, why=Why.PAPERS, by=nrc)
    assert there.counted(now) == "pending"
    actions.confirm(pair_id=line.id, answer=Answer.SAME, why=Why.SHE_SAYS, course=Course.AGAIN, by=vatra)
    assert there.counted(now) == "repeat_again"


def test_of_a_stay_of_weeks_or_of_who_came_by_a_referral_there_is_no_alarm_and_who_asks_is_not_named(
    nrc: Actor, vatra: Actor, sign_in: SignIn
) -> None:
    before, _ = a_repeat(nrc, vatra)
    (line,) = store.to_answer(by=nrc)
    assert (line.case_id, line.asked_by, line.alarm, line.kept) == (before.case_id, None, False, False)
    assert store.desk(by=factories.actor("ra.duty_officer")) == []
    page = shown(sign_in(NRC), f"/who-was-here/theirs/{line.id}")
    assert "Vatra" not in page
    assert "You read who asks once both sides say" in page


@pytest.mark.slow
def test_an_answer_after_the_desk_dealt_with_an_alarm_brings_it_back(nrc: Actor, vatra: Actor, sign_in: SignIn) -> None:
    said_yes(nrc, MIRA)
    actions.search_due()
    later(days=1)
    said_yes(factories.actor(VATRA), AGAIN)
    actions.search_due()
    (alarm,) = store.desk(by=factories.actor("ra.duty_officer"))
    officer, house, theirs = sign_in("ra.duty_officer"), sign_in(NRC), f"/who-was-here/theirs/{alarm.id}"
    house.post(theirs, {"said": "cannot_tell-too_little"}, 303)
    assert "has been told that somebody asks, and reads your answer" in shown(house, theirs)
    officer.post(f"/duty/who-was-here/{alarm.id}", {}, 303)
    db.session.rollback()
    assert [each.dealt for each in store.desk(by=factories.actor("ra.duty_officer"))] == [True]
    page = shown(house, theirs)
    assert "was told that somebody asks, and has dealt with it" in page
    assert "is told once you say" not in page
    house.post(theirs, {"said": "same-known_to_us"}, 303)
    db.session.rollback()
    (again,) = store.desk(by=factories.actor("ra.duty_officer"))
    assert (again.dealt, again.stand) == (False, PairStand.UNTOLD)
    officer.post(f"/duty/who-was-here/{alarm.id}", {}, 303)
    later(days=1)
    assert store.desk(by=factories.actor("ra.duty_officer")) == []


@pytest.mark.slow
def test_after_closed_by_mistake_the_person_is_compared_again_by_itself_or_it_is_a_task(
    nrc: Actor, vatra: Actor, sign_in: SignIn
) -> None:
    gone, other = said_yes(nrc, MIRA), said_yes(nrc, there.OTHER, bed=1)
    actions.search_due()
    for each, by in ((gone, nrc), (other, factories.actor("ra.duty_officer"))):
        act = hands.asked(lambda each=each: consents.withdraw(case_id=each.case_id, what=EVERYTHING, by=nrc))
        second_hands.undo(act_id=act, by=by)
    db.session.rollback()
    encoded = set(db.session.scalars(select(MatchEncoding.case_id)))
    assert encoded == {gone.case_id}  # the duty desk has no key: the house is told
    assert actions.search_due() == 1
    due = [each.case_id for each in store.due(by=factories.actor(NRC)) if each.what is match_lines.Due.ENCODE]
    assert due == [other.case_id]
    worker, page = sign_in(NRC), f"/cases/{other.case_id}/who-was-here"
    assert "is not compared: let it be done" in shown(worker, "/to-do")
    assert "but the person is not compared" in shown(worker, page)
    assert "Whoever can be compared" in shown(worker, worker.post("/who-was-here/encode", {"case": other.case_id}, 303))
    assert "but the person is not compared" not in shown(worker, page)
    assert actions.search_due() == 1
    # What a colleague had seen stays: the name can be written anew, and compared.
    later(minutes=2)
    said = worker.post(f"/cases/{gone.case_id}/who-was-here", {"said": "yes", "read": "yes"}, 303)
    assert "What was said stays as it was" in shown(worker, said)


@pytest.mark.slow
def test_a_yes_that_was_taken_back_by_mistake_holds_again_for_some_minutes(
    nrc: Actor, vatra: Actor, sign_in: SignIn
) -> None:
    found = linked(nrc, vatra)
    worker, page = sign_in(VATRA), f"/cases/{found.now.case_id}/who-was-here"
    stood = store.of_case(found.now.case_id, by=vatra)
    assert "for 15 minutes" in shown(worker, f"{page}/take-back")
    later(minutes=3)
    worker.post(f"{page}/take-back/undo", {}, 303)  # nothing was taken back: nothing changes
    assert there.counted(found.now.case_id) == "repeat_again"
    said = worker.post(f"{page}/take-back", {}, 303)
    told = shown(worker, said)
    assert "the person said yes, and the yes was taken back since" in told
    assert "does not want to be looked for" not in told
    assert "Pressed by mistake" in told
    assert "Pressed by mistake" not in shown(sign_in("vatra.shelter_manager"), page)
    sign_in("vatra.shelter_manager").post(f"{page}/take-back/undo", {}, 409)
    sign_in(NRC).post(f"{page}/take-back/undo", {}, 404)
    later(minutes=3)
    for _ in range(2):
        back = worker.post(f"{page}/take-back/undo", {}, 303)
    assert "The yes holds again" in shown(worker, back)
    db.session.rollback()
    stands = store.of_case(found.now.case_id, by=vatra)
    assert (stands.said, stands.asked_on, stands.at) == (Said.YES, stood.asked_on, stood.at)
    assert actions.search_due() == 1
    assert [each.id != found.pair and each.open for each in store.to_answer(by=nrc)] == [True]  # asked anew
    later(minutes=2)
    worker.post(page, {"said": "yes", "read": "yes"}, 303)  # who had seen the person has not to say it again
    worker.post(f"{page}/take-back", {}, 303)
    later(minutes=16)
    worker = sign_in(VATRA)
    assert "Pressed by mistake" not in shown(worker, page)
    worker.post(f"{page}/take-back/undo", {}, 409)


@pytest.mark.slow
def test_two_cases_of_one_house_are_both_named_and_nobody_else_is_spoken_of(nrc: Actor, sign_in: SignIn) -> None:
    before = said_yes(nrc, MIRA)
    later(days=1)
    now = said_yes(nrc, AGAIN, bed=2)
    actions.search_due()
    manager = factories.actor("nrc.shelter_manager")
    (line,) = store.to_answer(by=manager)
    theirs, ours = f"/who-was-here/theirs/{line.id}", f"/who-was-here/ours/{line.id}"
    first, second = sign_in("nrc.shelter_manager"), sign_in(NRC)
    page = shown(first, theirs)
    for each in (before, now):
        assert f'href="/cases/{each.case_id}"' in page
        assert each.pseudonym in page
    assert "not_reached" not in page
    assert "may_be" not in page
    first.post(theirs, {"said": "cannot_tell-not_reached"}, 422)
    first.post(theirs, {"said": "same-papers"}, 303)
    page = shown(second, ours)
    assert "not_reached" not in page
    for each in (before, now):
        assert f'href="/cases/{each.case_id}"' in page
    second.post(ours, {"said": "cannot_tell-not_reached", "course": "none"}, 422)


@pytest.mark.slow
def test_another_language_after_an_error_keeps_what_was_chosen(nrc: Actor, vatra: Actor, sign_in: SignIn) -> None:
    found = linked(nrc, vatra)
    said_yes(vatra, AGAIN, bed=4)
    actions.search_due()
    (line,) = [each for each in store.to_answer(by=nrc) if each.case_id == found.before.case_id and each.open]
    holder, theirs = sign_in(NRC), f"/who-was-here/theirs/{line.id}"
    refused = holder.post(f"{theirs}?lang=en", {"said": "same-papers"}, 422)  # the same was said of another person
    assert "/language/" not in refused
    (speak,) = re.findall(r'formaction="?(/spoken/sq/[^" >]+)', refused)
    to = holder.post(speak, {"said": "same-papers", "twice": "y"}, 303)
    page = holder.get(to)
    assert "<html lang=sq" in page.replace('"', "")
    checked = re.findall(r"<input[^>]*checked[^>]*>", page)
    assert len(checked) == 2
    assert any("same-papers" in each for each in checked)
    assert store.theirs(line.id, by=nrc).theirs is None


@pytest.mark.slow
def test_a_language_that_is_changed_twice_leads_to_the_form_that_was_sent(vatra: Actor, sign_in: SignIn) -> None:
    worker = sign_in(VATRA)
    carried = worker.post("/language/en/cases/find", {"code": "no code"}, 200)
    assert "/language/sq/cases/find" in carried
    assert "/language/sq/language" not in carried
    assert "no code" in worker.post("/language/sq/cases/find", {"code": "no code"}, 200)
