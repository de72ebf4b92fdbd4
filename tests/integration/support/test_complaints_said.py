"""What those who end a complaint say of it: taken back, contradicted, kept with both reasons; and one press is one."""

from __future__ import annotations

import html
import re
import threading
import uuid

import pytest
from flask import Flask
from sqlalchemy import select

from nrm.actions.accounts import suspensions
from nrm.actions.support import complaint_sending
from nrm.actions.support import request_limits as limits
from nrm.db import db
from nrm.domain.accounts.suspensions import SuspensionReason
from nrm.models.audit import AuditEntry
from nrm.models.support.complaints import Complaint
from nrm.store.rows.support import feedback as feedback_rows
from nrm.web.support import complaints as pages
from tests import factories
from tests.conftest import Person, token_in
from tests.factories_referrals import organisation
from tests.integration.accounts.test_invitations import member, one_more
from tests.integration.support.test_complaints import DESK, DIFFERENT, WORDS, SignIn, the_one
from tests.integration.support.test_feedback import raw_rows

UNFOUNDED = {"how": "unfounded", "done": "Nuk e gjeta."}
AGREES = {"how": "unfounded", "done": "Dhe unë."}
ACTED = {"how": "acted", "done": "Folëm me të."}


def two_of_the_desk(app: Flask) -> tuple[Person, Person]:
    """Two who can end one together, each signed in."""
    factories.later(days=15)
    one_more("ra.second", DESK)
    factories.later(days=15)
    return Person(app.test_client(), DESK), Person(app.test_client(), "ra.second")


def opened(*people: Person) -> str:
    """The address of the one that is there, open to each of them."""
    address = f"/complaints/{the_one()}"
    for each in people:
        each.post(f"{address}/open", {"purpose": "safety"})
    return address


def events(address: str) -> list[str]:
    db.session.rollback()
    of_it = AuditEntry.details.contains(address[-36:]) & AuditEntry.event.startswith("complaint_")
    found = list(db.session.scalars(select(AuditEntry.event).where(of_it).order_by(AuditEntry.id)))
    db.session.rollback()
    return found


@pytest.mark.slow
def test_who_called_it_unfounded_takes_that_back_with_everything_typed_until_a_second_one_agreed(app: Flask) -> None:
    complaint_sending.complain(text=WORDS, reach="", house_id=None)
    first, second = two_of_the_desk(app)
    address = opened(first, second)
    assert "Take that back" not in first.get(f"{address}?lang=en")
    first.post(f"{address}/dealt", UNFOUNDED)
    # The page says who said what, and has a button; a colleague has none of it.
    page = first.get(f"{address}?lang=en")
    assert "You said it first" in page
    assert "agreed already" not in page
    assert f'action="{address}/back"' in page
    assert f'action="{address}/dealt"' not in page
    assert f"{address}/back" not in second.get(f"{address}?lang=en")
    assert "Only who said it" in second.post(f"{address}/back?lang=en", {}, 409)
    assert "You said it first" in first.post(f"{address}/dealt?lang=en", ACTED, 409)
    # Taken back, twice by one hand: the form stands there again as it was typed.
    for _ in range(2):
        assert first.post(f"{address}/back") == address
    page = html.unescape(first.get(f"{address}?lang=en"))
    assert re.search(r'value="unfounded"[^>]* checked', page)
    assert f">\n{UNFOUNDED['done']}</textarea>" in page
    assert f"{DESK} called it unfounded:" in page
    assert f"{DESK} took that back." in page
    assert events(address) == ["complaint_agreed", "complaint_taken_back"]
    assert "a second one of you ends it" not in first.get("/complaints?lang=en")
    assert "Nuk e gjeta" not in repr(raw_rows())
    # To others it is an empty form, and what was said is not said to them any more, but stands there.
    page = html.unescape(second.get(f"{address}?lang=en"))
    assert f"{DESK} took that back." in page
    assert "</textarea>" in page
    assert f"{UNFOUNDED['done']}</textarea>" not in page
    assert "Read it yourself" not in page
    # Another ending: but who called it unfounded ends it with a second one all the same, as the page says (ADR 0195).
    assert "You called it unfounded, or typed in twice: a second one of you ends it" in first.get(f"{address}?lang=en")
    assert first.post(f"{address}/dealt", ACTED) == address
    db.session.rollback()
    assert db.session.scalars(select(Complaint.dealt_on)).one() is None
    assert second.post(f"{address}/dealt", ACTED) == "/complaints?done=yes"
    # Nobody takes back what two have said.
    assert "It is marked so already" in first.post(f"{address}/back?lang=en", {}, 409)
    assert "Take that back" not in first.get(f"{address}?lang=en")
    assert events(address)[2:] == ["complaint_agreed", "complaint_dealt"]


@pytest.mark.slow
def test_a_second_one_says_that_it_is_not_so_and_both_read_who_did_it(app: Flask) -> None:
    complaint_sending.complain(text=WORDS, reach="", house_id=None)
    first, second = two_of_the_desk(app)
    address = opened(first, second)
    assert "It is not so: it stays open" not in second.get(f"{address}?lang=en")
    first.post(f"{address}/dealt", UNFOUNDED)
    assert "It is not so: it stays open" in second.get(f"{address}?lang=en")
    assert "It is not so: it stays open" not in first.get(f"{address}?lang=en")
    assert "You said it first" in first.post(f"{address}/stays?lang=en", {}, 409)
    long = second.post(f"{address}/stays?lang=en", {"done": "x" * 601}, 422)
    assert "Enter at most 600 characters" in long
    for _ in range(2):  # a double press is one
        assert second.post(f"{address}/stays", {"done": "E pashë vetë."}) == address
    assert events(address) == ["complaint_agreed", "complaint_kept_open"]
    for each in (first, second):
        page = html.unescape(each.get(f"{address}?lang=en"))
        assert f"{DESK} called it unfounded:" in page
        assert UNFOUNDED["done"] in page
        assert "ra.second says that it is not so: it stays open." in page
        assert "E pashë vetë." in page
        assert f'action="{address}/dealt"' in page
        assert "ra.second says that it is not so" in html.unescape(each.get("/complaints?lang=en"))
    # Who called it unfounded does not end it alone now, either; the second one, who contradicted, does.
    assert first.post(f"{address}/dealt", ACTED) == address
    assert second.post(f"{address}/dealt", ACTED) == "/complaints?done=yes"


@pytest.mark.slow
def test_both_reasons_stay_and_what_was_said_before_it_was_reopened_stands_apart(app: Flask) -> None:
    complaint_sending.complain(text=WORDS, reach="", house_id=None)
    first, second = two_of_the_desk(app)
    address = opened(first, second)
    first.post(f"{address}/dealt", UNFOUNDED)
    assert second.post(f"{address}/dealt", AGREES) == "/complaints?done=yes"
    page = html.unescape(first.get(f"{address}?lang=en"))
    assert "It was called unfounded, by two of you." in page
    for said in (UNFOUNDED["done"], AGREES["done"], DESK, "ra.second"):
        assert said in page
    assert first.post(f"{address}/again") == address
    page = html.unescape(first.get(f"{address}?lang=en"))
    assert "What was done</h2>" not in page
    now, _, before = page.partition("What was said before")
    assert "It was reopened" in now
    assert UNFOUNDED["done"] not in now
    for said in (UNFOUNDED["done"], AGREES["done"], "ra.second ended it as unfounded:", f"{DESK} reopened it."):
        assert said in before
    assert f"{DESK} reopened it" in html.unescape(first.get("/complaints?lang=en"))
    # Ended again, both are there: what was done now, and what was said before.
    assert first.post(f"{address}/dealt", ACTED) == "/complaints?done=yes"
    page = html.unescape(second.get(f"{address}?lang=en"))
    now, _, before = page.partition("What was said before")
    assert ACTED["done"] in now
    assert "It was reopened" not in now
    assert AGREES["done"] in before
    assert len(page.encode()) < 15 * 1024


@pytest.mark.slow
def test_what_one_press_called_unfounded_of_several_is_taken_back_of_all_of_them(app: Flask) -> None:
    for number in range(3):
        complaint_sending.complain(text=f"{WORDS}{'!' * number}", reach="", house_id=None)
    first, second = two_of_the_desk(app)
    for each in (first, second):
        each.post("/complaints/open", {"purpose": "safety"})
    (address,) = set(re.findall(r'href="(/complaints/[0-9a-f-]{36})"', first.get("/complaints")))
    beside = re.findall(r'name="beside" value="([^"]+)"', first.get(address))
    assert len(beside) == 2
    first.post(f"{address}/dealt", {**UNFOUNDED, "with_alike": "y", "beside": beside})
    page = first.get(f"{address}?lang=en")
    assert "Take it back of the others, too: you said it of 2 more" in page
    assert set(re.findall(r'name="beside" value="([^"]+)"', page)) == set(beside)
    second.post(f"/complaints/{beside[0]}/stays", {})
    assert first.post(f"{address}/back", {"with_alike": "y", "beside": [*beside, "x", str(uuid.uuid4())]}) == address
    said = [events(each) for each in (address, *(f"/complaints/{each}" for each in beside))]
    assert said == [
        ["complaint_agreed", "complaint_taken_back"],
        ["complaint_agreed", "complaint_kept_open"],
        ["complaint_agreed", "complaint_taken_back"],
    ]


@pytest.mark.slow
def test_who_stands_in_says_that_it_is_not_so_and_is_led_back_to_the_list(app: Flask, sign_in: SignIn) -> None:
    """It is theirs to read no more then: the desk has it."""
    complaint_sending.complain(text=WORDS, reach="", house_id=None)
    first, third = sign_in(DESK), sign_in("ra.identification_officer")
    address = opened(first)
    third.get(address, 404)
    first.post(f"{address}/dealt", UNFOUNDED)
    third.post(f"{address}/open", {"purpose": "safety"})
    assert third.post(f"{address}/stays", {}) == "/complaints?said=yes"
    assert "It is said, and stands with the complaint." in third.get("/complaints?said=yes&lang=en")
    third.get(address, 404)
    assert "ra.identification_officer says that it is not so" in html.unescape(first.get(f"{address}?lang=en"))


@pytest.mark.slow
def test_who_is_suspended_or_has_not_opened_it_takes_nothing_back(app: Flask) -> None:
    complaint_sending.complain(text=WORDS, reach="", house_id=None)
    first, second = two_of_the_desk(app)
    address = opened(first)
    first.post(f"{address}/dealt", UNFOUNDED)
    later = Person(app.test_client(), DESK)
    assert f"{address}/back" not in later.get(address)
    assert "Open it first" in later.post(f"{address}/back?lang=en", {}, 409)
    assert "Open it first" in second.post(f"{address}/stays?lang=en", {}, 409)
    suspensions.suspend(member_id=member(DESK).id, reason=SuspensionReason.MISUSE, by=factories.actor("ra.second"))
    assert later.client.post(f"{address}/back", data={"csrf_token": later.csrf_token}).status_code in (401, 403)
    assert events(address) == ["complaint_agreed"]


@pytest.mark.slow
def test_one_press_is_one_complaint_and_the_same_words_of_another_page_are_another(app: Flask) -> None:
    client = app.test_client()
    at = feedback_rows.token_of(organisation("VATRA"))
    address = f"/feedback/complain?in=en&at={at}"

    def page() -> dict[str, str]:
        shown = client.get(address).text
        (once,) = re.findall(r'name="once" value="([0-9a-f]{32})"', shown)
        return {"csrf_token": token_in(shown), "once": once}

    def number() -> int:
        db.session.rollback()
        return len(db.session.scalars(select(Complaint.id)).all())

    one = page()
    before = raw_rows()
    for _ in range(2):
        sent = client.post(address, data={**one, "what": WORDS})
        assert (sent.status_code, sent.headers["Location"]) == (303, f"/feedback/sent?in=en&at={at}")
    assert number() == 1
    after = raw_rows()
    assert {name for name in after if after[name] != before[name]} == {
        "complaints",
        "grants",
        "sealed_compartments",
        "request_limits",
    }
    assert one["once"] not in repr(raw_rows())  # no row has it
    ((*_, was),), ((*_, now),) = before["request_limits"], after["request_limits"]
    assert isinstance(was, bytes)
    assert isinstance(now, bytes)
    assert len(was) == len(now)
    # Who knows the number of a page, and sends something with it first, silences nobody: other words are another one.
    client.post(address, data={**one, "what": DIFFERENT[0]})
    assert number() == 2
    # The same words from another page are of another person.
    client.post(address, data={**page(), "what": WORDS})
    assert number() == 3
    # Without a number (a page from before) nothing is held against anything.
    for _ in range(2):
        client.post(address, data={"csrf_token": one["csrf_token"], "what": WORDS})
    assert number() == 5
    # A press that is repeated is not counted, and where the limit is reached it is not refused.
    last = page()
    while client.post(address, data={**last, "what": WORDS}).status_code == 303 and number() < pages.MOST_OF_HOUSE + 1:
        last = page()
    assert number() == pages.MOST_OF_HOUSE
    assert client.post(address, data={**one, "what": WORDS}).status_code == 303
    refused = client.post(address, data={**last, "what": WORDS})
    assert refused.status_code == 429
    assert f'name="once" value="{last["once"]}"' in refused.text
    # After an hour nothing of it is kept.
    factories.later(minutes=61)
    client.post(address, data={**one, "what": WORDS})
    assert number() == pages.MOST_OF_HOUSE + 1


@pytest.mark.slow
def test_what_was_refused_counts_as_no_press(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    client = app.test_client()
    shown = client.get("/feedback/complain?in=en").text
    (once,) = re.findall(r'name="once" value="([0-9a-f]{32})"', shown)
    data = {"csrf_token": token_in(shown), "once": once, "what": WORDS}
    with monkeypatch.context() as patched:
        patched.setattr(complaint_sending.rows, "authorities", set)
        assert client.post("/feedback/complain?in=en", data=data).status_code == 503
    assert client.post("/feedback/complain?in=en", data=data).status_code == 303
    assert the_one()
    assert limits.left(few=pages.FEW, sender="127.0.0.1") == 0


@pytest.mark.slow
def test_two_presses_at_one_moment_are_one_complaint_in_postgresql(postgres_app: Flask) -> None:
    begin = threading.Barrier(2)

    def send() -> None:
        with postgres_app.app_context():
            begin.wait(10)
            complaint_sending.complain(text=WORDS, reach="", house_id=None, once="a" * 32)
            db.session.remove()

    both = [threading.Thread(target=send) for _ in range(2)]
    for each in both:
        each.start()
    for each in both:
        each.join(30)
    assert the_one()


def test_paper_speaks_of_the_number_on_the_slip_to_whom_it_is_said(sign_in: SignIn) -> None:
    desk = sign_in(DESK)
    page = desk.get("/feedback/paper?lang=en")
    assert "Number on the slip" in page
    assert "your slip" not in page
    assert "nothing about you" not in page
    for data in ({"safe": "yes", "code": "12"}, {}):
        again = desk.post("/feedback/paper?lang=en", data, 422)
        assert "Number on the slip" in again
        assert "your slip" not in again


# --- typed in at the desk


PAPER = {"came": "paper", "text": "Dera e banjës nuk mbyllet.", "house": "IOM", "where": "", "reach": ""}


@pytest.mark.slow
def test_one_press_types_in_one_complaint_and_who_typed_it_puts_the_house_right(app: Flask) -> None:
    first, second = two_of_the_desk(app)
    (once,) = re.findall(r'name="once"[^>]*value="([0-9a-f]{32})"', first.get("/complaints/new"))
    for _ in range(2):
        assert first.post("/complaints/new", {**PAPER, "once": once}) == "/complaints?typed=yes"
    address = opened(first, second)
    page = html.unescape(first.get(f"{address}?lang=en"))
    assert "It came to the desk, about: " in page
    assert "From the page of" not in page
    assert "Correct the shelter" in page
    # Nobody else puts it right, and it stays to be read what stood there.
    assert "Correct the shelter" not in second.get(f"{address}?lang=en")
    second.post(f"{address}/house", {"house": "VATRA"}, 404)
    first.post(f"{address}/house", {"house": ""}, 422)
    first.post(f"{address}/house", {"house": "MOLSA"}, 422)
    assert first.post(f"{address}/house", {"house": "VATRA"}) == address
    first.post(f"{address}/house", {"house": "VATRA"}, 409)
    page = html.unescape(second.get(f"{address}?lang=en"))
    assert re.search(r"about: [^.]*Vatra", page)
    assert re.search(rf"{DESK} corrected the shelter\. Before, it was: [^<]*Migration", page)
    assert PAPER["text"] in page
    assert events(address) == ["complaint_house_corrected"]
    factories.later(days=2)
    first = Person(app.test_client(), DESK)
    first.post(f"{address}/open", {"purpose": "safety"})
    assert "Correct the shelter" not in first.get(f"{address}?lang=en")
    first.post(f"{address}/house", {"house": "IOM"}, 404)


@pytest.mark.slow
def test_that_it_was_typed_in_twice_is_said_by_two_and_of_none_from_the_page(app: Flask) -> None:
    first, second = two_of_the_desk(app)
    for _ in range(2):
        first.post("/complaints/new", PAPER)
    db.session.rollback()
    ids = list(db.session.scalars(select(Complaint.id)))
    for person in (first, second):
        for each in ids:
            person.post(f"/complaints/{each}/open", {"purpose": "safety"})
    address, twice = f"/complaints/{ids[0]}", {"how": "twice", "done": "Dy herë.", "with_alike": "y"}
    assert "It was typed in twice" in first.get(f"{address}?lang=en")
    assert first.post(f"{address}/dealt", {**twice, "beside": str(ids[1])}) == address
    assert "says that it was typed in twice" in html.unescape(second.get(f"{address}?lang=en"))
    # Nobody ends it alone, also after taking that back.
    first.post(f"{address}/back")
    assert first.post(f"{address}/dealt", ACTED) == address
    first.post(f"{address}/back")
    first.post(f"{address}/dealt", twice)
    db.session.rollback()
    assert set(db.session.scalars(select(Complaint.dealt_on))) == {None}
    # The second one ends this one, and never the other one with it.
    assert second.post(f"{address}/dealt", {**twice, "beside": str(ids[1])}) == "/complaints?done=yes"
    db.session.rollback()
    ended = {row.id: row.dealt_on is not None for row in db.session.scalars(select(Complaint))}
    assert ended == {ids[0]: True, ids[1]: False}
    # Of one that came by the page nobody says so.
    complaint_sending.complain(text=WORDS, reach="", house_id=None)
    db.session.rollback()
    (third,) = db.session.scalars(select(Complaint.id).where(Complaint.id.not_in(ids)))
    first.post(f"/complaints/{third}/open", {"purpose": "safety"})
    assert "typed in twice" not in first.get(f"/complaints/{third}?lang=en")
    first.post(f"/complaints/{third}/dealt", twice, 422)


def test_who_said_that_they_deal_with_it_gives_it_back(app: Flask, sign_in: SignIn) -> None:
    assert app
    complaint_sending.complain(text=WORDS, reach="", house_id=None)
    address, desk = f"/complaints/{the_one()}", sign_in(DESK)
    desk.post(f"{address}/not-mine", status=409)
    desk.post(f"{address}/mine")
    assert "I do not deal with it after all" in desk.get(f"{address}?lang=en")
    assert desk.post(f"{address}/not-mine") == address
    page = desk.get(f"{address}?lang=en")
    assert "deals with it" not in page
    assert ">I deal with it<" in page
    desk.post(f"{address}/not-mine", status=409)
    assert events(address) == ["complaint_taken", "complaint_given_back"]
