"""Who is not safe after the shelter: told between two contacts, under a wrong code, and on a page that is old."""

from __future__ import annotations

import re
import uuid
from datetime import timedelta

import pytest
from sqlalchemy import select

from nrm import clock
from nrm.actions import tending
from nrm.actions.shelter import cases, corrections, stays
from nrm.actions.support import follow_up_alarms as alarms
from nrm.actions.support import follow_ups
from nrm.db import db
from nrm.domain.accounts.accounts import Actor
from nrm.domain.shelter.closings import ReopenReason
from nrm.domain.shelter.corrections import Why
from nrm.domain.support.follow_ups import Acts, FollowUpRefusal, Stand
from nrm.models.shelter.cases import Case
from nrm.models.shelter.stays import Stay
from nrm.steps.lost_records import lost
from nrm.store import days
from nrm.store.shelter import places as place_store
from nrm.store.support import follow_ups as store
from nrm.web.support.follow_up_words import told
from tests import factories
from tests.factories_stays import admitted
from tests.integration.support.test_follow_ups import (
    CHANNEL,
    MANAGER,
    MISSED,
    NOT_SAFE,
    TEXT,
    WELL,
    WORDS,
    WORKER,
    SignIn,
    _typed,
    dates,
    followed,
    is_let_go,
    on,
    refused,
    sealed,
    vatra,
)
from tests.integration.support.test_not_safe import DESK, STANDS, alarm_stands, code_of, unsafe

__all__ = ["vatra"]


def _manager() -> Actor:
    return factories.actor(MANAGER)


def _admitted_again(case_id: uuid.UUID, by: Actor) -> uuid.UUID:
    cases.reopen(case_id=case_id, reason=ReopenReason.CAME_BACK, by=by)
    today = days.today()
    return stays.admit(
        case_id=case_id,
        place_id=place_store.free_places(by=by)[3][0],
        admitted_on=today,
        anticipated_end_on=today + timedelta(days=9),
        by=by,
    )


@pytest.mark.slow
def test_who_wrote_it_down_of_the_wrong_person_says_so_with_true_words(vatra: Actor, sign_in: SignIn) -> None:
    """One press on the neighbour: there was "we act on it" and "the person is safe", and nobody had spoken with her."""
    case_id = followed(vatra)
    page = f"/cases/{case_id}/follow-up"
    another, sure = "I wrote it down here, and it was another person", {"compared": "y"}
    alarms.tell(case_id=case_id, text=TEXT, by=factories.actor(WORKER))
    assert alarm_stands(case_id)
    worker, manager = sign_in(WORKER), sign_in(MANAGER)
    assert another in worker.get(f"{page}?lang=en")
    assert another not in manager.get(f"{page}?lang=en")  # she did not write it down
    manager.get(f"{page}/not-safe/another", 409)
    manager.post(f"{page}/not-safe/another", sure, 409)
    assert "no alarm stands then" in worker.get(f"{page}/not-safe/another?lang=en")
    assert "else the alarm stands" in worker.post(f"{page}/not-safe/another?lang=en", {}, 422)
    assert alarm_stands(case_id)
    assert worker.post(f"{page}/not-safe/another", sure) == page
    assert not alarm_stands(case_id)
    assert STANDS not in manager.get("/?lang=en")
    assert "it was about another person." in manager.get("/?lang=en")
    worker.post(f"{page}/not-safe/another", sure, 409)  # pressed twice
    # Said by two, or acted on: then it is the manager's.
    alarms.tell(case_id=case_id, text=TEXT, by=factories.actor(WORKER))
    alarms.tell(case_id=case_id, text="", by=_manager())
    worker.post(f"{page}/not-safe/another", sure, 409)
    assert another not in sign_in(MANAGER).get(f"{page}?lang=en")
    assert alarm_stands(case_id)


@pytest.mark.slow
@pytest.mark.parametrize("since", ["acted", "a day", "child", "contact"])
def test_an_alarm_that_is_older_acted_on_or_of_a_child_stays(vatra: Actor, sign_in: SignIn, since: str) -> None:
    case_id = followed(vatra)
    if since == "contact":  # said at a contact, which is corrected there
        first = min(dates(case_id))
        by = on(dates(case_id)[first].due_on, WORKER)
        follow_ups.record(case_id=case_id, months=first, contact=NOT_SAFE, text=TEXT, by=by)
    else:
        alarms.tell(case_id=case_id, text=TEXT, by=factories.actor(WORKER))
    if since == "acted":
        alarms.act(case_id=case_id, what=Acts.MET, text="Vera", by=_manager())
    elif since == "a day":
        factories.later(days=1, minutes=1)
    elif since == "child":
        db.session.get_one(Case, case_id).age_class = "unsure"
        db.session.commit()
    worker, page = sign_in(WORKER), f"/cases/{case_id}/follow-up"
    assert "/not-safe/another" not in worker.get(page)
    refused = worker.post(f"{page}/not-safe/another?lang=en", {"compared": "y"}, 409)
    reasons = {
        "acted": "because somebody acts on it already",
        "a day": "because it is older than a day",
        "child": "because it is of a child",
        "contact": "because it was said at a contact",
    }
    assert "The alarm stands" in refused
    assert [each for each, words in reasons.items() if words in refused] == [since]
    assert alarm_stands(case_id)


@pytest.mark.slow
def test_an_admission_under_a_wrong_code_takes_nobody_who_is_not_safe_off_the_lists(
    vatra: Actor, sign_in: SignIn
) -> None:
    case_id = unsafe(vatra)
    page_of = f"/cases/{case_id}/follow-up"
    stay_id = _admitted_again(case_id, factories.actor(WORKER))
    assert alarm_stands(case_id)
    manager = sign_in(MANAGER)
    assert STANDS in manager.get("/?lang=en")
    page = manager.get(f"/cases/{case_id}?lang=en")
    assert STANDS in page
    assert "The person is not safe, or needs help now." in manager.get(f"{page_of}?lang=en")
    # It was another person: struck, and all of it is as it was.
    corrections.opened_by_mistake(stay_id=stay_id, why=Why.OTHER_PERSON, by=factories.actor(WORKER))
    assert alarm_stands(case_id)
    manager = sign_in(MANAGER)
    page = manager.get(f"{page_of}?lang=en")
    assert "lived in a shelter again" not in page
    assert "The person is not safe, or needs help now." in page
    manager.post(f"{page_of}/open")
    assert CHANNEL in manager.get(page_of)


@pytest.mark.slow
def test_of_who_came_back_and_was_not_safe_it_ends_once_the_manager_records_that_she_is_safe(
    vatra: Actor, sign_in: SignIn
) -> None:
    case_id = unsafe(vatra)
    page_of = f"/cases/{case_id}/follow-up"
    cases.reopen(case_id=case_id, reason=ReopenReason.CAME_BACK, by=_manager())
    page = sign_in(WORKER).get(f"/cases/{case_id}/admit?lang=en")
    assert "until the manager records that the person is safe" in page
    assert "destroyed for good" not in page
    stays.admit(
        case_id=case_id,
        place_id=place_store.free_places(by=_manager())[3][0],
        admitted_on=days.today(),
        anticipated_end_on=days.today() + timedelta(days=9),
        by=_manager(),
    )
    manager = sign_in(MANAGER)
    manager.post(f"{page_of}/acting", {"what": "met", "text": "Vera"})
    assert "destroyed" in manager.get(f"{page_of}/safe?lang=en")
    manager.post(f"{page_of}/safe", {"sure": "y", "text": "Vera, here"})
    found = store.of_case(case_id, by=_manager())
    assert found is not None
    assert (found.ended_why, found.alarms) == ("came_back", False)
    assert case_id not in {each.case_id for each in store.of_house(by=_manager())}
    assert "kept for a week" in manager.get(f"{page_of}?lang=en")
    assert f"{page_of}/1" not in manager.get(page_of)  # nothing of it is corrected any more
    manager.get(f"{page_of}/1", 409)
    for later, kept in ((7, True), (2, False)):
        factories.later(days=later)
        tending.tend()
        assert sealed(case_id) is kept


@pytest.mark.slow
def test_safe_now_that_was_pressed_by_mistake_after_a_mistaken_admission_destroys_nothing(
    vatra: Actor, sign_in: SignIn
) -> None:
    """Taken back, the alarm stood there with nothing to read and no number to call."""
    case_id = unsafe(vatra)
    page_of = f"/cases/{case_id}/follow-up"
    alarms.tell(case_id=case_id, text="Ai është te dera", by=factories.actor(WORKER))
    stay_id = _admitted_again(case_id, factories.actor(WORKER))
    manager = sign_in(MANAGER)
    manager.post(f"{page_of}/acting", {"what": "met", "text": "Vera"})
    manager.post(f"{page_of}/safe", {"sure": "y", "text": "Vera, këtu"})
    assert {each.state for each in dates(case_id).values()} == {"reached", "ended"}
    manager.post(f"{page_of}/safe/undo")
    assert alarm_stands(case_id)
    assert {each.state for each in dates(case_id).values()} == {"reached", "open"}
    manager.post(f"{page_of}/open")
    page = manager.get(f"{page_of}?lang=en")
    for words in (CHANNEL, TEXT, "Ai është te dera"):
        assert words in page
    assert "after 3 months" not in page.split("The person is not safe, or needs help now.")[2].split("</p>")[0]
    assert lost() == ""
    # Struck, the admission takes nothing of it; and what ends it later is destroyed as ever.
    corrections.opened_by_mistake(stay_id=stay_id, why=Why.OTHER_PERSON, by=factories.actor(WORKER))
    assert alarm_stands(case_id)
    manager.post(f"{page_of}/acting", {"what": "met", "text": "Vera"})
    manager.post(f"{page_of}/end", {"not_safe": "y", "compared": "y"})
    assert is_let_go(case_id)


def test_where_nothing_is_left_of_what_was_said_an_alarm_says_so_and_what_to_do(vatra: Actor, sign_in: SignIn) -> None:
    case_id = followed(vatra)
    _admitted_again(case_id, vatra)  # which destroys it: the person was not known to be in danger
    row = dates(case_id)[3]
    row.alarm_on, row.alarm_by_id = days.today(), vatra.member_id
    db.session.commit()
    page = sign_in(MANAGER).get(f"/cases/{case_id}/follow-up?lang=en")
    assert "Nothing is left of what was said" in page
    assert "Read what was said, call" not in page
    assert "at the contact" not in page


def test_what_ended_by_an_admission_that_was_struck_does_not_say_that_she_lived_in_a_shelter(
    vatra: Actor, sign_in: SignIn
) -> None:
    case_id = followed(vatra)
    stay_id = _admitted_again(case_id, vatra)
    page_of = f"/cases/{case_id}/follow-up?lang=en"
    assert "The person lived in a shelter again." in sign_in(MANAGER).get(page_of)
    corrections.opened_by_mistake(stay_id=stay_id, why=Why.OTHER_PERSON, by=vatra)
    page = sign_in(MANAGER).get(page_of)
    assert "The person lived in a shelter again." not in page
    assert "admitted under this code by mistake" in page


@pytest.mark.slow
def test_while_the_stay_goes_on_after_a_wrong_end_no_page_asks_for_a_contact(vatra: Actor, sign_in: SignIn) -> None:
    case_id = followed(vatra, closes=False)
    by = on(dates(case_id)[1].due_on + timedelta(days=9))
    page_of = f"/cases/{case_id}/follow-up?lang=en"
    page = sign_in(MANAGER).get(page_of)
    assert "Enter what came of it" in page
    assert ">late<" in page
    place_id = place_store.free_places(by=by)[0][0]
    corrections.reopen(stay_id=_stay_of(case_id), place_id=place_id, why=Why.MISTOLD, by=by)
    manager = sign_in(MANAGER)
    page = manager.get(page_of)
    assert "Enter what came of it" not in page
    assert ">late<" not in page
    assert "when the stay ends" in page
    page = manager.get(f"/cases/{case_id}?lang=en")
    assert "goes on when the stay ends" in page
    assert "next contact on" not in page


def _stay_of(case_id: uuid.UUID) -> uuid.UUID:
    found = db.session.scalars(select(Stay.id).where(Stay.case_id == case_id)).one()
    db.session.rollback()
    return found


@pytest.mark.slow
@pytest.mark.parametrize("lang", ["sq", "en"])
def test_danger_is_told_between_two_contacts_and_uses_none_up(vatra: Actor, sign_in: SignIn, lang: str) -> None:
    case_id, child = followed(vatra), followed(vatra, bed=1)
    db.session.execute(Case.__table__.update().where(Case.id == child).values(age_class="child"))
    db.session.commit()
    page_of = f"/cases/{case_id}/follow-up"
    worker = sign_in(WORKER)
    worker.get(f"{page_of}/1", 409)  # too early for the contact
    address = f"{page_of}/not-safe"
    assert address in worker.get(page_of)
    words = {"en": "The next contact stays to be done", "sq": "Kontakti i radhës mbetet"}[lang]
    assert words in worker.get(f"{address}?lang={lang}")
    worker.post(address, {"text": TEXT})
    sign_in(WORKER).post(f"/cases/{child}/follow-up/not-safe", {})
    assert alarm_stands(case_id)
    assert {each.state for each in dates(case_id).values()} == {"open"}
    assert {each.tries for each in dates(case_id).values()} == {0}
    manager = sign_in(MANAGER)
    assert manager.get("/?lang=en").count(STANDS) == 2
    assert code_of(child) in sign_in(DESK).get("/?lang=en")
    manager.post(f"{page_of}/open")
    page = manager.get(f"{page_of}?lang=en")
    assert TEXT in page
    assert "at the contact" not in page
    # It is settled as any alarm, and the contact is made on its day.
    manager.post(f"{page_of}/acting", {"what": "met", "text": "Vera"})
    manager.post(f"{page_of}/safe", {"sure": "y", "text": "Vera"})
    found = store.of_case(case_id, by=_manager())
    assert found is not None
    assert (found.alarms, found.ended_on) == (False, None)
    by = on(dates(case_id)[1].due_on)
    follow_ups.record(case_id=case_id, months=1, contact=WELL, by=by)
    assert dates(case_id)[1].state == Stand.REACHED


@pytest.mark.slow
def test_a_contact_that_is_due_stays_a_task_while_the_house_acts_on_what_was_told_before(vatra: Actor) -> None:
    case_id = followed(vatra)
    alarms.tell(case_id=case_id, text="", by=vatra)
    alarms.act(case_id=case_id, what=Acts.MET, text="Vera", by=vatra)
    by = on(dates(case_id)[1].due_on)
    (line,) = (each for each in store.of_house(by=by) if each.case_id == case_id)
    assert line.acted is not None
    assert line.is_due(days.today())


def test_danger_is_told_of_nobody_who_has_not_left_or_whose_follow_up_is_over(vatra: Actor, sign_in: SignIn) -> None:
    opened = admitted(vatra, days_ago=3)
    address = f"/cases/{opened.case_id}/follow-up/not-safe"
    sign_in(WORKER).get(address, 404)
    follow_ups.agree(case_id=opened.case_id, words=WORDS, by=vatra)
    sign_in(WORKER).get(address, 409)
    refused(FollowUpRefusal.NOT_BEGUN, alarms.tell, case_id=opened.case_id, text=TEXT, by=vatra)
    case_id = followed(vatra, bed=1)
    follow_ups.end(case_id=case_id, by=vatra)
    factories.later(days=8)
    vatra = factories.actor(MANAGER)
    sign_in(WORKER).get(f"/cases/{case_id}/follow-up/not-safe", 409)
    refused(FollowUpRefusal.ENDED, alarms.tell, case_id=case_id, text=TEXT, by=vatra)


@pytest.mark.slow
def test_a_page_of_what_is_done_that_is_older_than_a_danger_covers_nothing(vatra: Actor, sign_in: SignIn) -> None:
    case_id = unsafe(vatra)
    page_of = f"/cases/{case_id}/follow-up"
    acting, safe = f"{page_of}/acting", f"{page_of}/safe"
    manager = sign_in(MANAGER)
    old = _seen(manager.get(acting))
    alarms.tell(case_id=case_id, text=TEXT, by=factories.actor(WORKER))
    typed = {"what": "police", "text": "Komisariati 2, Agimi", "seen": old}
    page = manager.post(f"{acting}?lang=en", typed, 409)
    assert "somebody wrote something about this person after this page was shown" in page
    assert "Komisariati 2, Agimi" in page
    assert manager.get("/?lang=en").count(STANDS) == 2
    manager.post(acting, {**typed, "seen": _seen(page)})
    assert STANDS not in manager.get("/?lang=en")
    # So does an old page that says that the person is safe.
    old = _seen(manager.get(safe))
    alarms.tell(case_id=case_id, text=TEXT, by=factories.actor(WORKER))
    said = {"sure": "y", "text": "Te motra", "seen": old}
    page = manager.post(f"{safe}?lang=en", said, 409)
    assert "somebody wrote once more that the person is not safe" in page
    assert "Nobody said yet that the shelter acts" not in page
    assert "Te motra" in page
    assert acting in page
    assert "somebody wrote once more" in manager.get(f"{safe}?lang=en", 409)
    assert alarm_stands(case_id)


@pytest.mark.slow
def test_a_page_that_the_person_is_safe_says_what_was_told_since_however_often_it_is_sent(
    vatra: Actor, sign_in: SignIn
) -> None:
    case_id = followed(vatra)
    page_of = f"/cases/{case_id}/follow-up"
    alarms.tell(case_id=case_id, text=TEXT, by=factories.actor(WORKER))
    alarms.act(case_id=case_id, what=Acts.MET, text="Vera", by=vatra)
    manager = sign_in(MANAGER)
    said = {"sure": "y", "text": "Te motra", "seen": _seen(manager.get(f"{page_of}/safe"))}
    alarms.tell(case_id=case_id, text=TEXT, by=factories.actor(WORKER))
    for _ in range(2):
        page = manager.post(f"{page_of}/safe?lang=en", said, 409)
        assert "after this page was shown, somebody wrote that the person is not safe" in page
        assert "Nobody said yet that the shelter acts" not in page
        assert f"{page_of}/acting" in page
        assert "Te motra" in page
        said["seen"] = _seen(page)


def _seen(page: str) -> str:
    found = re.search(r'name="?seen"?[^>]*value="([^"]*)"', page)
    assert found is not None
    return found.group(1)


@pytest.mark.slow
def test_of_tries_in_the_same_second_none_is_lost(vatra: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    case_id = followed(vatra)
    by = on(dates(case_id)[1].due_on)
    at = clock.now()
    monkeypatch.setattr(clock, "now", lambda: at)
    texts = [f"try {number}" for number in range(4)]
    for text in texts:
        follow_ups.record(case_id=case_id, months=1, contact=MISSED, text=text, by=by)
    follow_ups.open_words(case_id=case_id, by=by)
    opened = follow_ups.opened(case_id=case_id, by=by)
    assert opened is not None
    assert sorted(each["text"] for each in opened[0].values() if isinstance(each, dict)) == texts
    assert len(told(opened[0])) == len(texts)


@pytest.mark.slow
@pytest.mark.parametrize("lang", ["sq", "en"])
def test_what_was_typed_of_how_she_is_reached_stays_where_a_colleague_was_faster(
    vatra: Actor, sign_in: SignIn, lang: str
) -> None:
    case_id = followed(vatra)
    address = f"/cases/{case_id}/follow-up/agree"
    manager, worker = sign_in(MANAGER), sign_in(WORKER)
    for each in (manager, worker):
        each.post(f"/cases/{case_id}/follow-up/open")
    old = _revision(manager.get(address))
    worker.post(address, {**WORDS, "channel": "069 555 0111", "revision": old})
    page = manager.post(f"{address}?lang={lang}", {**WORDS, "channel": "069 555 0222", "revision": old}, 409)
    assert "069 555 0222" in page
    assert "069 555 0111" in page
    assert {"en": "Somebody else wrote here in the meantime", "sq": "dikush tjetër"}[lang] in page
    manager.post(address, {**WORDS, "channel": "069 555 0222", "revision": _revision(page)})
    # The ways of before stay readable, each with who changed it, and go with the rest.
    page = manager.get(f"/cases/{case_id}/follow-up?lang=en")
    assert "069 555 0222" in page.split("What was agreed before")[0]
    before = page.split("What was agreed before")[1].split("</details>")[0]
    assert before.index("069 555 0111") < before.index("changed it") < before.index(CHANNEL)
    assert before.count("changed it") == 2
    manager.post(address, {**WORDS, "channel": "069 555 0222", "revision": _revision(manager.get(address))})
    assert manager.get(f"/cases/{case_id}/follow-up?lang=en").count("changed it") == 2  # nothing was changed
    on(dates(case_id)[1].due_on)
    sign_in(MANAGER).post(f"/cases/{case_id}/follow-up/1", _typed(WELL))
    manager = sign_in(MANAGER)
    manager.post(f"/cases/{case_id}/follow-up/open")
    assert "069 555 0111" in manager.get(f"/cases/{case_id}/follow-up")
    manager.post(f"/cases/{case_id}/follow-up/end", {"compared": "y"})
    assert is_let_go(case_id)


def _revision(page: str) -> str:
    found = re.search(r'name="?revision"?[^>]*value="?(\d+)', page)
    assert found is not None
    return found.group(1)


@pytest.mark.slow
def test_an_empty_line_about_who_is_safe_asks_who_spoke_with_the_person(vatra: Actor, sign_in: SignIn) -> None:
    case_id = unsafe(vatra)
    alarms.act(case_id=case_id, what=Acts.MET, text="Vera", by=_manager())
    page = sign_in(MANAGER).post(f"/cases/{case_id}/follow-up/safe?lang=en", {"sure": "y", "text": " "}, 422)
    assert "Write in one line who spoke with the person" in page
    # A page that another press made old keeps what was typed, too.
    alarms.say_safe(case_id=case_id, text="Vera", by=_manager())
    page = sign_in(MANAGER).post(f"/cases/{case_id}/follow-up/safe?lang=en", {"sure": "y", "text": "Te tezja"}, 409)
    assert "Te tezja" in page
    assert "recorded already that the person is safe" in page
