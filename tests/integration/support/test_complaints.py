"""Complaints about staff: anybody writes one, the Responsible Authority alone reads it, and nothing says who it was."""

from __future__ import annotations

import html
import itertools
import re
import sqlite3
import uuid
from collections.abc import Callable
from contextlib import closing
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from nrm import clock
from nrm.actions import tending
from nrm.actions.accounts import suspensions
from nrm.actions.shelter import cases
from nrm.actions.support import complaint_sending, complaints
from nrm.actions.support import feedback as slips
from nrm.db import db, transaction
from nrm.domain.accounts.accounts import NotPermitted
from nrm.domain.accounts.suspensions import SuspensionReason
from nrm.domain.shelter.cases import Purpose
from nrm.domain.support.complaints import COMPLAINT, KEPT_FOR, LONGEST, MOST_WAITING, AlreadySo, Came, CannotTake
from nrm.models.audit import AuditEntry
from nrm.models.shelter.cases import Grant, Reading, SealedCompartment
from nrm.models.support.complaints import Complaint, ComplaintTaken
from nrm.store import days
from nrm.store.rows.support import complaints as complaint_rows
from nrm.store.rows.support import feedback as feedback_rows
from nrm.vault import compartments as vault
from nrm.vault import epochs
from nrm.vault import rows as marked
from nrm.vault.unattended import complaint_marks
from nrm.web import floods
from nrm.web.support import complaints as pages
from tests import factories
from tests.conftest import Person, token_in
from tests.factories_referrals import organisation
from tests.factories_stays import admitted
from tests.integration.accounts.test_invitations import member, one_more
from tests.integration.support.test_feedback import changed, raw_rows, typed

DESK, MANAGER = "ra.duty_officer", "vatra.shelter_manager"
WORDS = "Roja e natës hyn në dhomë pa trokitur."
DIFFERENT = (
    "Bërtet në darkë kur fëmijët flenë",
    "E mori telefonin tim dhe nuk ma ktheu",
    "Gjella ishte e prishur tri ditë",
    "Nuk më la të thërras avokaten",
    "Qeshi kur qaja para të tjerave",
    "Dera e banjës nuk mbyllet",
    "Më tha se do të më kthejë te vëllai",
    "Ilaçet m’i dha me vonesë dhe pa ujë",
)
SignIn = Callable[[str], Person]
NOT_FOR = marked.MOST_MARKS * marked.MARK_BYTES


def the_one() -> uuid.UUID:
    db.session.rollback()
    found = db.session.scalars(select(Complaint.id)).one()
    db.session.rollback()
    return found


def test_it_is_sealed_to_the_authority_alone_and_no_entry_or_hour_says_that_it_came(app: Flask) -> None:
    assert app
    before = raw_rows()
    complaint_sending.complain(text=WORDS, reach="Motra ime", house_id=organisation("VATRA"))
    after = raw_rows()
    assert {name for name in after if len(after[name]) != len(before[name])} == {
        "complaints",
        "grants",
        "sealed_compartments",
    }
    assert not any(word in repr(rows) for rows in after.values() for word in ("Roja", "Motra"))
    ((*row, not_for, _),) = after["complaints"]
    assert row == [the_one().hex, None, None, 0]  # no day, no house, no number of its place
    assert isinstance(not_for, bytes)
    assert len(not_for) == NOT_FOR
    holders = db.session.scalars(select(Grant.organisation_id).where(Grant.compartment == COMPLAINT)).all()
    assert holders == [organisation("RA")]
    for login in (MANAGER, "vatra.case_worker", "molsa.statistician", "oms.monitor"):
        by = factories.actor(login)
        assert vault.glance(db.session(), the_one(), COMPLAINT, by=by) is None or by.kind == "responsible_authority"
        for refused in (
            lambda by: complaints.heard(by=by),
            lambda by: complaints.one(complaint_id=the_one(), by=by),
            lambda by: complaints.open_words(complaint_id=the_one(), purpose=Purpose.SAFETY, by=by),
            lambda by: complaints.deal(complaint_id=the_one(), done="", by=by),
            lambda by: complaints.take(complaint_id=the_one(), by=by),
            lambda by: complaint_sending.take_down(text="", where="", reach="", house="", came=Came.PAPER, by=by),
        ):
            with pytest.raises(NotPermitted):
                refused(by)


def test_the_place_of_a_row_does_not_tell_between_which_others_a_complaint_came(app: Flask) -> None:
    """Rows beside it have their hour in the audit chain: by them it would be known who stood at the tablet."""
    assert app

    def places(table: str, session: Session) -> dict[str, int]:
        ours = text(f"SELECT case_id, rowid FROM {table} WHERE compartment = :complaint")
        return {each.case_id: each.rowid for each in session.execute(ours.bindparams(complaint=COMPLAINT))}

    for number in range(4):
        complaint_sending.complain(text=DIFFERENT[number], reach="", house_id=None)
    db.session.rollback()
    came = sorted(places("sealed_compartments", db.session()).values())
    assert len(came) == 4
    assert came[-1] < 0  # below every row that was numbered as it came
    assert max(later - earlier for earlier, later in itertools.pairwise(came)) > 1000
    assert all(at < 0 for at in places("grants", db.session()).values())
    with closing(sqlite3.connect(app.extensions["nrm.config"].directory / "shred.db")) as second:
        keys = second.execute("SELECT rowid FROM shred_keys WHERE compartment = ?", [COMPLAINT]).fetchall()
    assert len(keys) == 4
    assert all(at < 0 for (at,) in keys)
    desk = factories.actor(DESK)
    assert len(complaints.heard(by=desk)) == 4  # each opens as before
    complaints.open_words(
        complaint_id=uuid.UUID(next(iter(places("grants", db.session())))), purpose=Purpose.SAFETY, by=desk
    )


def test_rows_from_before_are_given_a_random_place_once_and_open_as_before(app: Flask) -> None:
    complaint_sending.complain(text=WORDS, reach="", house_id=None)
    main = app.extensions["nrm.config"].directory / "main.db"
    second = main.with_name("shred.db")
    places = [(main, "sealed_compartments"), (main, "grants"), (second, "shred_keys")]

    def numbers() -> list[int]:
        found = []
        for path, table in places:
            with closing(sqlite3.connect(path)) as connection:
                found += connection.execute(f"SELECT rowid FROM {table} WHERE compartment = ?", [COMPLAINT]).fetchall()
        return [number for (number,) in found]

    db.session.rollback()
    for path, table in places:  # as an older program left them
        with closing(sqlite3.connect(path)) as connection:
            connection.execute(f"UPDATE {table} SET rowid = 700000 WHERE compartment = ?", [COMPLAINT])
            connection.commit()
    assert numbers() == [700000] * 3
    assert tending.tend()["complaints_moved"] == 1
    moved = numbers()
    assert all(number < 0 for number in moved)
    begun = clock.now()
    clock.set_clock(lambda: begun + timedelta(hours=2))
    assert tending.tend()["complaints_moved"] == 0
    assert numbers() == moved
    complaints.open_words(complaint_id=the_one(), purpose=Purpose.SAFETY, by=factories.actor(DESK))


@pytest.mark.slow
def test_in_postgresql_no_place_and_no_writer_of_a_row_tells_between_which_others_one_came(postgres_app: Flask) -> None:
    """Every hour all of them are written anew, in one transaction and in a random order."""
    by = factories.actor("vatra.case_worker")
    other = admitted(by).case_id
    came = []
    for number in range(8):
        complaint_sending.complain(text=DIFFERENT[number], reach="", house_id=organisation("VATRA"))
        now = set(db.session.scalars(select(Complaint.id)))
        came += [each for each in now if each not in came]
        cases.add_note(case_id=other, text="Hëngri mirë", by=by)

    def placed(session: Session, table: str, key: str, where: str) -> list[tuple[uuid.UUID, str]]:
        found = session.execute(text(f"SELECT {key}, xmin::text FROM {table} WHERE {where} ORDER BY ctid")).all()
        session.rollback()
        return [(each[0], each[1]) for each in found]

    ours = f"compartment = '{COMPLAINT}'"
    three = [("complaints", "id", "true"), *((each, "case_id", ours) for each in ("sealed_compartments", "grants"))]
    db.session.rollback()
    before = [placed(db.session(), *each) for each in three]
    assert [each for each, _ in before[0]] == came  # what is mended: one transaction each, in the order of their hours
    assert len({writer for _, writer in before[0]}) == 8
    assert tending.tend()["complaints_moved"] == 8
    with db.engines["shred"].connect() as second:
        found = second.execute(text(f"SELECT case_id, xmin::text FROM shred_keys WHERE {ours} ORDER BY ctid")).all()
    after = [*(placed(db.session(), *each) for each in three), [(each[0], each[1]) for each in found]]
    for rows in after:
        assert {each for each, _ in rows} == set(came)
        assert len({writer for _, writer in rows}) == 1
        assert [each for each, _ in rows] not in (came, came[::-1])  # one chance in 20,160
    assert {each[1] for each in before[1]}.isdisjoint(each[1] for each in after[1])
    assert tending.tend()["complaints_moved"] == 0  # not before an hour is over, whatever comes meanwhile
    desk = factories.actor(DESK)
    assert len(complaints.heard(by=desk)) == 8
    assert complaints.waiting(by=desk) == complaints.Waiting(8, 0)
    complaints.open_words(complaint_id=came[0], purpose=Purpose.SAFETY, by=desk)
    complaints.take(complaint_id=came[0], by=desk)  # its row is referred to
    begun = clock.now()
    clock.set_clock(lambda: begun + timedelta(hours=1, minutes=1))
    assert tending.tend()["complaints_moved"] == 8
    assert postgres_app


def test_the_desk_opens_it_with_a_purpose_that_is_recorded_and_a_year_after_it_is_destroyed(app: Flask) -> None:
    assert app
    complaint_sending.complain(text=WORDS, reach="", house_id=None)
    complaint_id, desk = the_one(), factories.actor(DESK)
    (line,) = complaints.heard(by=desk)
    assert (line.words, line.house, line.on) == (None, "", days.today())
    assert complaints.one(complaint_id=complaint_id, by=desk).words is None
    with pytest.raises(complaints.CannotOpen):
        complaints.deal(complaint_id=complaint_id, done="Folëm me të.", by=desk)
    complaints.open_words(complaint_id=complaint_id, purpose=Purpose.DUTY_DECISION, by=desk)
    assert complaints.one(complaint_id=complaint_id, by=desk).words == complaints.Words(WORDS, "")
    assert WORDS not in repr(complaints.one(complaint_id=complaint_id, by=desk))
    read = db.session.scalars(select(Reading).where(Reading.case_id == complaint_id)).one()
    assert (read.compartment, read.purpose, read.member_id) == (COMPLAINT, "duty_decision", desk.member_id)
    complaints.take(complaint_id=complaint_id, by=desk)
    complaints.deal(complaint_id=complaint_id, done="Folëm me të.", by=desk)
    for again in (
        lambda: complaints.deal(complaint_id=complaint_id, done="Folëm me të.", by=desk),
        lambda: complaints.take(complaint_id=complaint_id, by=desk),
    ):
        with pytest.raises(AlreadySo):
            again()
    complaints.take_up(complaint_id=complaint_id, by=desk)
    complaints.deal(complaint_id=complaint_id, done="Roja u zhvendos.", by=desk)
    words = complaints.one(complaint_id=complaint_id, by=desk).words
    assert words is not None
    assert (words.done, words.done_by) == ("Roja u zhvendos.", DESK)
    assert "zhvendos" not in repr(raw_rows())
    events = db.session.scalars(
        select(AuditEntry.event).where(AuditEntry.details.contains(str(complaint_id))).order_by(AuditEntry.id)
    ).all()
    assert sorted(events) == [
        "compartment_opened",
        "complaint_dealt",
        "complaint_dealt",
        "complaint_taken",
        "complaint_taken_up",
    ]
    begun = clock.now()
    for later, left in ((KEPT_FOR, 1), (KEPT_FOR + timedelta(days=1), 0)):
        clock.set_clock(lambda after=later: begun + after)
        assert tending.tend()["complaints_forgotten"] == 1 - left
        sealed = select(SealedCompartment).where(SealedCompartment.compartment == COMPLAINT)
        assert len(db.session.scalars(sealed).all()) == len(db.session.scalars(select(Complaint)).all()) == left
        db.session.rollback()


def test_nobody_can_bury_one_under_thousands(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(complaint_rows, "number_waiting", lambda: MOST_WAITING)
    with pytest.raises(CannotTake):
        complaint_sending.complain(text=WORDS, reach="", house_id=None)
    status, page = typed(app.test_client(), "/feedback/complain?in=en", {"what": WORDS})
    assert status == 503
    assert "It cannot be sent now. Please call: \u2066116\xa0006\u2069" in page
    assert WORDS in page
    at = feedback_rows.token_of(organisation("VATRA"))  # the page of a house does not close with it
    assert typed(app.test_client(), f"/feedback/complain?at={at}", {"what": WORDS})[0] == 303
    monkeypatch.setattr(complaint_rows, "authorities", set)
    monkeypatch.setattr(complaint_rows, "number_waiting", int)
    with pytest.raises(CannotTake):  # nobody there has a key
        complaint_sending.complain(text=WORDS, reach="", house_id=None)


@pytest.mark.slow
def test_an_address_sends_few_and_closes_it_for_nobody_else_and_nothing_of_it_is_written_down(app: Flask) -> None:
    client = app.test_client()
    most = pages.FEW.most
    assert "Where was it?" in client.get("/feedback/complain?in=en").text
    statuses = [typed(client, "/feedback/complain", {"what": WORDS})[0] for _ in range(most + 1)]
    assert statuses == [303] * most + [429]
    before = raw_rows()
    status, page = typed(client, "/feedback/complain?in=en", {"what": WORDS})
    assert (status, WORDS in page) == (429, True)
    assert "Wait 10 minutes, then send it again" in page
    assert changed(before) == {}
    token = token_in(client.get("/feedback/complain").text)
    data = {"csrf_token": token, "what": WORDS}
    for elsewhere in ("198.51.100.7", "127.0.0.2"):
        asks = {"REMOTE_ADDR": elsewhere}
        assert client.post("/feedback/complain", data=data, environ_overrides=asks).status_code == 303
    at = feedback_rows.token_of(organisation("VATRA"))
    assert typed(client, f"/feedback/complain?at={at}", {"what": WORDS})[0] == 303
    # Who has a slip of a house gets through a network that somebody else has filled; used or not is not said, and the
    # slip is not used up.
    _, limit_page = typed(client, "/feedback/complain?in=en", {"what": WORDS})
    assert "Or write the number on your slip below" in limit_page
    assert 'name="slip"' in limit_page
    assert 'name="slip"' not in client.get("/feedback/complain?in=en").text
    manager = factories.actor(MANAGER)
    drawn = slips.draw(number=2, by=manager)
    made_up = slips.draw(number=1, by=manager)[0]
    slips.keep(codes=drawn, by=manager)
    for code in ("", "1234", made_up):
        assert typed(client, "/feedback/complain", {"what": WORDS, "slip": code})[0] == 429
    before = raw_rows()
    most_of_slip = pages.FEW_OF_SLIP.most
    for code in drawn:
        sent = [typed(client, "/feedback/complain", {"what": WORDS, "slip": code})[0] for _ in range(most_of_slip + 1)]
        assert sent == [303] * most_of_slip + [429]
    assert raw_rows()["feedback_slips"] == before["feedback_slips"]
    # At the desk what says the same is one line, apart for each house.
    desk = factories.actor(DESK)
    assert {each.alike for each in complaints.heard(by=desk)} == {0}  # nothing is held beside another before
    complaints.open_all(purpose=Purpose.SAFETY, by=desk)
    lines = complaints.heard(by=desk)
    by_slip = 2 * most_of_slip
    assert sorted((each.house, each.alike) for each in lines) == [("", most + 1 + by_slip), ("VATRA", 0)]


@pytest.mark.slow
def test_those_that_differ_by_a_letter_hide_no_other_and_each_that_is_opened_is_recorded(
    app: Flask, sign_in: SignIn
) -> None:
    """Nothing is held beside another unread, and one tick ends only what stood on the page."""
    assert app
    house = organisation("VATRA")
    real = "Ai më ndjek deri te dera e dhomës dhe më kërkon para."
    hidden = "Këtu ushqimi është i keq dhe askush nuk na dëgjon, dhe drejtuesja na rreh"
    for number in range(12):
        noise = f"{number} Këtu ushqimi është i keq dhe askush nuk na dëgjon{'!' * number} {chr(97 + number)}"
        complaint_sending.complain(text=noise, reach=f"motra {number}", house_id=house)
        if number == 6:
            complaint_sending.complain(text=real, reach="", house_id=house)
            complaint_sending.complain(text=hidden, reach="", house_id=house)
    page = sign_in(DESK)
    shown = page.get("/complaints?lang=en")
    assert "nearly the same</small>" not in shown
    assert "Ai më ndjek" not in shown
    page.post("/complaints/open", {}, 422)
    sign_in(MANAGER).post("/complaints/open", {"purpose": "safety"}, 403)
    assert page.post("/complaints/open", {"purpose": "safety"}) == "/complaints"
    shown = page.get("/complaints?lang=en")
    assert "11 more say nearly the same" in shown
    assert "Ai më ndjek deri te dera" in shown
    assert "drejtuesja na rreh" in shown
    assert "Open all that wait" not in shown
    db.session.rollback()
    read = db.session.scalars(select(Reading).where(Reading.compartment == COMPLAINT)).all()
    assert [each.purpose for each in read] == ["safety"] * 14
    opened = select(AuditEntry.details).where(AuditEntry.event == "compartment_opened")
    recorded = " ".join(db.session.scalars(opened))
    assert all(str(each) in recorded for each in db.session.scalars(select(Complaint.id)))
    assert "Ai më ndjek" not in sign_in(DESK).get("/complaints")  # another session opens anew
    (noisy,) = [at for at in _addresses(shown) if "11 more" in page.get(f"{at}?lang=en")]
    shown = page.get(f"{noisy}?lang=en")
    beside = re.findall(r'name="beside" value="([^"]+)"', shown)
    assert {f"/complaints/{each}" for each in beside} == set(_addresses(shown)) - {noisy}
    assert len(beside) == 11
    assert shown.count("motra ") == 12
    assert len(re.findall(r"it has:.*?<span[^>]*>[^<]*!* ?[a-l]<", shown)) == 11
    (other,) = [at for at in _addresses(page.get("/complaints")) if "drejtuesja" in page.get(at)]
    more = {
        "done": "Zhurmë",
        "how": "acted",
        "with_alike": "y",
        "beside": [*beside[:8], other[-36:], "x", str(uuid.uuid4())],
    }
    page.post(f"{noisy}/dealt", more)
    db.session.rollback()
    waiting = select(Complaint.id).where(Complaint.dealt_on.is_(None))
    left = {str(each) for each in db.session.scalars(waiting)}
    assert len(left) == 5  # three of the noise were not on the page that was sent
    assert {*beside[8:], other[-36:]} < left
    assert "Zhurmë" in page.get(f"/complaints/{beside[0]}")


def _addresses(shown: str) -> list[str]:
    return list(dict.fromkeys(re.findall(r'href="(/complaints/[0-9a-f-]{36})"', shown)))


@pytest.mark.slow
def test_who_is_named_does_not_end_it_nor_a_newcomer_of_theirs_and_two_end_what_is_about_the_office(
    app: Flask, sign_in: SignIn
) -> None:
    factories.later(days=15)
    one_more("ra.second", DESK)
    name = member(DESK).name
    texts = (f"Më kërcënoi {name.split()[0]} i zyrës.", "Zyra e gatishmërisë nuk e ngre telefonin.", WORDS)
    for each in texts:
        complaint_sending.complain(text=each, reach="motra ime", house_id=None)
    desk, done = sign_in(DESK), {"done": "Asgjë.", "how": "acted"}
    desk.post("/complaints/open", {"purpose": "safety"})
    shown = {at: desk.get(f"{at}?lang=en") for at in _addresses(desk.get("/complaints"))}
    office, other = (next(at for at, page in shown.items() if each in page) for each in texts[1:])
    db.session.rollback()
    (named,) = {f"/complaints/{each}" for each in db.session.scalars(select(Complaint.id))} - {office, other}
    # How many bytes stand there does not show whether somebody is named, and no byte whom.
    assert {len(each or b"") for each in db.session.scalars(select(Complaint.not_for))} == {NOT_FOR}
    # Who is named is offered nothing of it and does not learn that it is there, opened or not; a colleague can.
    assert "2 complaints about staff wait" in desk.get("/?lang=en")
    assert set(shown) == {office, other}
    desk.get(named, 404)
    for act in ("open", "mine", "dealt", "again"):
        desk.post(f"{named}/{act}?lang=en", {"purpose": "safety", **done}, 404)
    assert "3 complaints about staff wait" in sign_in("ra.second").get("/?lang=en")
    assert "deals with it" not in sign_in("ra.second").get(f"{named}?lang=en")
    assert "motra ime" in shown[office]
    assert "two of you end it" in shown[office]
    assert "People’s Advocate" not in shown[other]
    # With the name changed it is still theirs.
    desk.post(f"/members/{member(DESK).id}/name", {"name": "Arben Muka"})
    desk.post(f"{named}/open", {"purpose": "safety"}, 404)
    assert "Choose how it ends" in desk.post(f"{other}/dealt?lang=en", {"done": "x"}, 422)
    # What is called unfounded waits for a second reader, whoever it is about.
    unfounded = {"done": "Nuk e gjeta.", "how": "unfounded"}
    assert desk.post(f"{other}/dealt", unfounded) == other
    assert "You said it first" in desk.post(f"{other}/dealt?lang=en", unfounded, 409)
    # Nor does who called it so end it alone by saying that something was done: and is not offered to.
    assert "You said it first" in desk.post(f"{other}/dealt?lang=en", done, 409)
    shown = desk.get(f"{other}?lang=en")
    assert "You said it first" in shown
    assert f'action="{other}/dealt"' not in shown
    assert desk.post(f"{office}/dealt", done) == office
    assert "a second one of you ends it" in desk.get("/complaints?lang=en")
    assert "You said it first" in desk.post(f"{office}/dealt?lang=en", done, 409)
    newcomer = sign_in("ra.second")
    newcomer.post("/complaints/open", {"purpose": "safety"})
    for address in (named, office):
        assert "less than 14 days ago" in newcomer.post(f"{address}/dealt?lang=en", done, 409)
    db.session.rollback()
    assert len(db.session.scalars(select(Complaint.id).where(Complaint.dealt_on.is_(None))).all()) == 3
    factories.later(days=15)
    second = Person(app.test_client(), "ra.second")
    second.post("/complaints/open", {"purpose": "safety"})
    page = second.get(f"{office}?lang=en")
    assert f"{DESK} says that it is dealt with" in page
    assert "Asgjë." in page
    assert "motra ime" in second.get(named)
    for address in (named, office):
        assert second.post(f"{address}/dealt", done) == "/complaints?done=yes"
    # A second one does something about what the first one called unfounded: both stand there.
    assert second.post(f"{other}/dealt", done) == "/complaints?done=yes"
    page = second.get(f"{other}?lang=en")
    assert f"{DESK} called it unfounded:" in page
    assert "Nuk e gjeta." in page
    assert "by two of you" not in page
    # Taken up again, two agree anew.
    assert second.post(f"{office}/again") == office
    assert second.post(f"{office}/dealt", done) == office
    db.session.rollback()
    event = select(AuditEntry.details).where(AuditEntry.event == "complaint_agreed")
    ends = [next(at for at in (office, other) if at[-36:] in each) for each in db.session.scalars(event)]
    assert sorted(ends) == sorted([office, office, other])
    later = Person(app.test_client(), DESK)
    assert set(_addresses(later.get("/complaints"))) == {office, other}


@pytest.mark.slow
def test_where_only_the_named_are_there_somebody_else_of_the_office_stands_in(app: Flask, sign_in: SignIn) -> None:
    """A colleague who is suspended is none of the others, and who suspended them gains nothing by it."""
    stands_in = "ra.identification_officer"
    factories.later(days=15)
    one_more("ra.second", DESK)
    factories.later(days=15)
    complaint_sending.complain(
        text="Më kërcënoi Duty i zyrës.", reach="", house_id=None
    )  # her name is Test duty_officer
    address = f"/complaints/{the_one()}"
    third = Person(app.test_client(), stands_in)
    assert "/complaints" not in third.get("/")
    third.get(address, 404)
    third.post(f"{address}/mine", {}, 404)
    suspensions.suspend(member_id=member("ra.second").id, reason=SuspensionReason.MISUSE, by=factories.actor(DESK))
    desk = Person(app.test_client(), DESK)
    assert "complaint about staff waits" not in desk.get("/?lang=en")
    desk.get(address, 404)
    assert "1 complaint about staff waits" in third.get("/?lang=en")
    assert address in third.get("/complaints")
    assert third.post(f"{address}/open", {"purpose": "safety"}) == address
    assert third.post(f"{address}/dealt", {"done": "Folëm.", "how": "acted"}) == "/complaints?done=yes"
    sign_in(MANAGER).get(address, 403)


def test_it_is_not_taken_where_everybody_who_could_read_it_is_named(app: Flask) -> None:
    named = " ".join(member(each).name for each in (DESK, "ra.identification_officer"))
    status, page = typed(app.test_client(), "/feedback/complain?in=en", {"what": f"{named} janë një."})
    assert status == 503
    assert "It cannot be sent now. Please call" in page
    assert typed(app.test_client(), "/feedback/complain", {"what": "Duty më tha."})[0] == 303


def test_a_page_without_an_account_leaves_no_line_in_the_log_and_gives_no_code(
    app: Flask, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(floods, "_written", {})  # else a line of a test before may hold back that of this one
    client = app.test_client()
    answer = client.post("/feedback/complain", data={"what": WORDS})
    assert answer.status_code == 400
    assert not re.search(r"<strong>[0-9a-f]{8}</strong>", answer.text)
    assert "feedback" not in caplog.text
    answer = client.post("/sign-in/nothing")
    assert re.search(r"<strong>[0-9a-f]{8}</strong>", answer.text)  # every other page has one
    assert caplog.text == ""  # a stranger who finds nothing warns of nothing
    assert client.post("/languages").status_code == 405
    assert "answered 405: no such page" in caplog.text


@pytest.mark.slow
def test_who_lives_in_a_house_complains_without_a_number_and_the_desk_deals_with_it(
    app: Flask, sign_in: SignIn
) -> None:
    client = app.test_client()
    at = feedback_rows.token_of(organisation("VATRA"))
    page = client.get(f"/feedback/complain?in=en&at={at}").text
    for said in (
        "Nobody in the house can read it. You need no number and no name.",
        "They also see from which house",
        "can see that this page was opened, and when. They cannot see what you write.",
        "Is it about this office itself: Responsible Authority? Call People’s Advocate",
        "You can also write it on paper",
    ):
        assert said in page
    assert "Where was it?" not in page
    assert "They also see from which house" not in client.get("/feedback/complain?in=en").text
    status, page = typed(client, f"/feedback/complain?in=en&at={at}", {"what": WORDS, "reach": "Motra", "change": "el"})
    assert (status, '<html lang="el">' in page, WORDS in page, "Motra" in page) == (200, True, True, True)
    left = client.post("/hide-screen", data={"hidden_at": "/feedback", "in": "el"})
    page = client.get(left.headers["Location"]).text
    assert "Η οθόνη είναι κρυμμένη" in page
    assert 'href="/feedback?in=el"' in page
    # Who leaves the page of a house leads the next one there, in the language of the page.
    shown = client.get(f"/feedback/complain?in=el&at={at}").text
    (sent,) = re.findall(r'<form method="post" action="/hide-screen".*?</form>', shown)
    left = client.post("/hide-screen", data=dict(re.findall(r'name="(\w+)" value="([^"]+)"', sent)))
    page = client.get(left.headers["Location"]).text
    (on,) = re.findall(r'<a href="([^"]+)"', page)
    assert html.unescape(on) == f"/feedback?in=el&at={at}"
    assert "at=" not in client.post("/hide-screen", data={"in": "el", "at": "x y<"}).headers["Location"]
    for junk in ("/blank?in=tlh&at=x", "/blank?at=x", "/blank?in=el&at=%00"):
        assert ('href="/"' in client.get(junk).text) == ("in=el" not in junk)
    assert client.post("/hide-screen", data={"in": "//x"}).headers["Location"] == "/blank"
    assert "Write what happened." in typed(client, f"/feedback/complain?in=en&at={at}", {"what": " \u202e\r\n"})[1]
    status, page = typed(client, "/feedback/complain?in=en", {"what": "a" * (LONGEST + 1)})
    assert (status, "Write less" in page) == (422, True)
    sent = typed(client, f"/feedback/complain?in=en&at={at}", {"what": WORDS, "reach": "Motra ime"})
    assert sent == (303, f"/feedback/sent?in=en&at={at}")
    assert "It was sent to: Responsible Authority. Nobody else can read it." in client.get(sent[1]).text
    desk = sign_in(DESK)
    assert "1 complaint about staff waits" in desk.get("/?lang=en")
    page = desk.get("/complaints?lang=en")
    assert "Vatra" in page
    assert WORDS not in page
    address = f"/complaints/{the_one()}"
    desk.post(f"{address}/open", {}, 422)
    assert desk.post(f"{address}/open", {"purpose": "safety"}) == address
    page = desk.get(address)
    assert WORDS in page
    assert "Motra ime" in page
    assert WORDS not in desk.get("/openings?lang=en")
    one, colleague = the_one(), member("ra.identification_officer").id
    db.session.rollback()
    with transaction() as session:
        session.add(ComplaintTaken(complaint_id=one, member_id=colleague, mark=marked.taken_mark(one, colleague)))
    assert "I deal with it in place of this colleague" in desk.get(f"{address}?lang=en")
    assert desk.post(f"{address}/mine") == address
    assert "I deal with it" not in desk.get(f"{address}?lang=en")
    assert "deals with it" in desk.get("/complaints?lang=en")
    done = {"done": "Folëm me drejtuesen.", "how": "acted"}
    assert "Write what was done" in desk.post(f"{address}/dealt?lang=en", {}, 422)
    assert desk.post(f"{address}/dealt", done) == "/complaints?done=yes"
    assert done["done"] in desk.get(address)
    desk.post(f"{address}/dealt", done, 409)
    assert desk.post(f"{address}/again") == address
    assert "dealt with on" not in re.sub(r"<title>.*?</title>", "", desk.get(address))
    desk.get(f"/complaints/{uuid.uuid4()}", 404)
    desk.get("/complaints/new")
    paper = {"came": "paper", "text": "Dera nuk mbyllet.", "house": "IOM", "where": "", "reach": ""}
    desk.post("/complaints/new", {**paper, "text": ""}, 422)
    desk.post("/complaints/new", {**paper, "house": "MOLSA"}, 422)
    assert desk.post("/complaints/new", paper) == "/complaints?typed=yes"
    (typed_in,) = [each for each in complaints.heard(by=factories.actor(DESK)) if each.house == "IOM"]
    desk.post(f"/complaints/{typed_in.id}/open", {"purpose": "duty_decision"})
    page = desk.get(f"/complaints/{typed_in.id}?lang=en")
    assert "Dera nuk mbyllet." in page
    assert f"typed by {DESK}" in page
    # About no house: chosen, and not left out.
    left_out = desk.post("/complaints/new?lang=en", {**paper, "house": "", "where": "Spitali"}, 422)
    assert "or “no shelter, or not known” if it is about the place below" in left_out
    assert "if it is about" not in desk.post("/complaints/new?lang=en", {**paper, "house": ""}, 422).partition("<h1")[0]
    (none,) = re.findall(r'<option value="([^"]+)"[^>]*>no shelter, or not known', desk.get("/complaints/new?lang=en"))
    elsewhere = {**paper, "text": "Mjeku më bërtiti.", "house": none, "where": "Spitali"}
    assert desk.post("/complaints/new", elsewhere) == "/complaints?typed=yes"
    (typed_in,) = [each for each in complaints.heard(by=factories.actor(DESK)) if each.house == ""]
    desk.post(f"/complaints/{typed_in.id}/open", {"purpose": "duty_decision"})
    page = desk.get(f"/complaints/{typed_in.id}?lang=en")
    assert "Mjeku më bërtiti." in page
    assert "Spitali" in page
    house = sign_in(MANAGER)
    house.get("/complaints/new", 403)
    for page in ("/complaints", address):
        house.get(page, 403)
    assert "complaint" not in house.get("/?lang=en").lower()


@pytest.mark.slow
def test_what_was_typed_of_how_one_ends_stands_there_again_in_another_language_and_after_hiding(
    app: Flask, sign_in: SignIn
) -> None:
    complaint_sending.complain(text=WORDS, reach="", house_id=None)
    desk, address, typed = (
        sign_in(DESK),
        f"/complaints/{the_one()}",
        {"how": "unfounded", "done": "Fola me “Lulen” <b>"},
    )
    # Before it is opened, what was chosen.
    speak = f"/spoken/en{address}"
    assert f"form=sheet formaction={speak}" in desk.get(f"{address}?lang=sq").replace('"', "")
    assert re.search(r'value="safety"[^>]* checked', desk.get(desk.post(speak, {"purpose": "safety"})))
    desk.post(f"{address}/open", {"purpose": "safety"})
    pages = (
        lambda: desk.get(f"{address}?lang=sq"),
        lambda: desk.post(f"{address}/dealt?lang=sq", {**typed, "how": ""}, 422),
    )
    for shown in pages:
        page = str(shown()).replace('"', "")
        assert f"form=sheet formaction={speak}" in page
        again = html.unescape(desk.get(desk.post(speak, dict(typed))))
        assert '<html lang="en"' in again
        assert f">\n{typed['done']}</textarea>" in again
        assert re.search(r'value="unfounded"[^>]* checked', again)
        (hides,) = re.findall(r"<button name=hidden_at value=(\S+) form=sheet formaction=/hide-screen", page)
        desk.client.post("/hide-screen", data={**typed, "hidden_at": hides, "csrf_token": desk.csrf_token})
        unlock = desk.client.get("/unlock").text
        data = {"password": factories.PASSWORD, "csrf_token": token_in(unlock)}
        back = desk.client.post("/unlock", data=data).headers["Location"]
        assert back == f"{address}?kept=1"
        desk.csrf_token = token_in(desk.get(address))
        again = html.unescape(desk.get(back))
        assert f">\n{typed['done']}</textarea>" in again
        assert re.search(r'value="unfounded"[^>]* checked', again)
    assert complaints.one(complaint_id=the_one(), by=factories.actor(DESK)).dealt_on is None


def by_hand(statement: str, **values: object) -> None:
    """What somebody does who writes the main database and has no key."""
    db.session.rollback()
    with closing(sqlite3.connect(str(db.engine.url.database))) as insider:
        assert insider.execute(statement, values).rowcount == 1
        insider.commit()


@pytest.mark.slow
def test_a_row_that_another_hand_wrote_is_not_dealt_with_and_one_that_it_deleted_is_missed(
    app: Flask, sign_in: SignIn, caplog: pytest.LogCaptureFixture
) -> None:
    complaint_sending.complain(text=WORDS, reach="", house_id=organisation("VATRA"))
    one = the_one()
    complaint_sending.complain(text=DIFFERENT[1], reach="", house_id=None)
    desk = sign_in(DESK)
    assert "another hand" not in desk.get("/?lang=en") + desk.get("/complaints?lang=en")
    # Said to be dealt with long ago by a colleague: it waits on top, opens as before, and nobody destroys it.
    by_hand(
        "UPDATE complaints SET dealt_on = '2020-01-01', dealt_by_id = :her WHERE id = :one",
        her=member(DESK).id.hex,
        one=one.hex,
    )
    taken = "INSERT INTO complaints_taken (complaint_id, member_id) VALUES (:one, :her)"
    by_hand(taken, her=member("ra.identification_officer").id.hex, one=one.hex)
    home, listed = desk.get("/?lang=en"), desk.get("/complaints?lang=en")
    assert "2 complaints about staff wait" in home
    assert "1 complaint about staff was changed or deleted by another hand" in home
    assert _addresses(listed)[0] == f"/complaints/{one}"
    assert "changed by another hand" in listed
    assert "dealt with on" not in listed
    assert "deals with it" not in listed
    assert f"the complaint of {one} was not made by this program" in caplog.text
    assert tending.tend()["complaints_forgotten"] == 0
    address = f"/complaints/{one}"
    assert "Treat it as not dealt with" in desk.get(f"{address}?lang=en")
    desk.post(f"{address}/open", {"purpose": "safety"})
    assert WORDS in desk.get(address)
    desk.post(f"{address}/again", {}, 409)  # it was never dealt with
    desk.post(f"{address}/mine", {})
    assert desk.post(f"{address}/dealt", {"done": "Folëm.", "how": "acted"}) == "/complaints?done=yes"
    assert "another hand" not in desk.get("/?lang=en") + desk.get("/complaints?lang=en")
    # A row that is deleted leaves what was sealed, or a grant to it.
    for table, key in (("complaints_taken", "complaint_id"), ("complaints", "id")):
        by_hand(f"DELETE FROM {table} WHERE {key} = :one", one=one.hex)
    assert "1 complaint was deleted by another hand" in desk.get("/complaints?lang=en")
    assert "1 complaint about staff was changed or deleted by another hand" in desk.get("/?lang=en")
    assert f"the absence of the row of the complaint of {one}" in caplog.text
    by_hand("DELETE FROM sealed_compartments WHERE case_id = :one", one=one.hex)
    assert "1 complaint was deleted by another hand" in desk.get("/complaints?lang=en")
    assert "another hand" not in sign_in(MANAGER).get("/?lang=en")


def all_of(one: uuid.UUID) -> dict[str, list[tuple[object, ...]]]:
    """Every row of a complaint in the main database."""
    db.session.rollback()
    with closing(sqlite3.connect(str(db.engine.url.database))) as insider:
        places = {"sealed_compartments": "case_id", "grants": "case_id", "complaints": "id"}
        return {
            table: insider.execute(f"SELECT * FROM {table} WHERE {key} = ?", [one.hex]).fetchall()
            for table, key in places.items()
        }


def put_back(rows: dict[str, list[tuple[object, ...]]]) -> None:
    """Write these rows, by hand."""
    db.session.rollback()
    with closing(sqlite3.connect(str(db.engine.url.database))) as insider:
        for table, found in rows.items():
            for row in found:
                marks = ", ".join("?" * len(row))
                insider.execute(f"INSERT OR REPLACE INTO {table} VALUES ({marks})", row)
        insider.commit()


@pytest.mark.slow
def test_a_complaint_of_which_everything_was_deleted_by_hand_is_missed_by_the_desk(
    app: Flask, sign_in: SignIn, caplog: pytest.LogCaptureFixture
) -> None:
    """Half of its key is in the second database: it is missed for as long as that is kept."""
    complaint_sending.complain(text=WORDS, reach="", house_id=None)
    one, desk = the_one(), sign_in(DESK)
    missed, changed = (
        "1 complaint was deleted by another hand",
        "1 complaint about staff was changed or deleted by another",
    )
    tending.tend()
    assert "another hand" not in desk.get("/?lang=en") + desk.get("/complaints?lang=en")
    whole = all_of(one)
    by_hand("DELETE FROM complaints WHERE id = :one", one=one.hex)
    by_hand("DELETE FROM sealed_compartments WHERE case_id = :one", one=one.hex)
    by_hand("DELETE FROM grants WHERE case_id = :one", one=one.hex)
    # A row of something else, and a line that has its key destroyed, hide nothing.
    by_hand(
        "INSERT INTO sealed_compartments (case_id, compartment, epoch, revision, sealed_value, step)"
        " VALUES (:other, 'care', 1, 1, x'00', '')",
        other=uuid.uuid4().hex,
    )
    by_hand(
        "INSERT INTO destructions (id, kind, case_id, compartment, epoch) VALUES (:id, 'shred', :one, 'complaint', 1)",
        id=uuid.uuid4().hex,
        one=one.hex,
    )
    assert all_of(one) == {"sealed_compartments": [], "grants": [], "complaints": []}
    tending.tend()
    assert changed in desk.get("/?lang=en")
    page = desk.get("/complaints?lang=en")
    assert missed in page
    assert "within a week" in page
    assert f"the absence of the row of the complaint of {one}" in caplog.text
    assert "another hand" not in sign_in(MANAGER).get("/?lang=en")
    # A grant that is put back makes no second one of it; all of it put back, nothing is missed and it opens.
    put_back({"grants": whole["grants"]})
    assert missed in desk.get("/complaints?lang=en")
    put_back(whole)
    assert missed not in desk.get("/complaints?lang=en")
    tending.tend()
    assert "another hand" not in desk.get("/?lang=en")
    complaints.open_words(complaint_id=one, purpose=Purpose.SAFETY, by=factories.actor(DESK))
    # What the program destroys itself is missed by nobody.
    desk.post(f"/complaints/{one}/open", {"purpose": "safety"})
    desk.post(f"/complaints/{one}/dealt", {"done": "Folëm.", "how": "acted"})
    factories.later(days=KEPT_FOR.days + 1)
    assert tending.tend()["complaints_forgotten"] == 1
    tending.tend()
    later = Person(app.test_client(), DESK)
    assert "another hand" not in later.get("/?lang=en") + later.get("/complaints?lang=en")


@pytest.mark.slow
def test_an_earlier_state_of_a_complaint_that_is_put_back_is_seen_and_destroys_nothing(
    app: Flask, sign_in: SignIn
) -> None:
    """Dealt with, and then taken up again: the row that said so, alone or with its words, says nothing any more."""
    complaint_sending.complain(text=WORDS, reach="", house_id=None)
    one, desk = the_one(), sign_in(DESK)
    address, changed = f"/complaints/{one}", "1 complaint about staff was changed or deleted by another hand"
    desk.post(f"{address}/open", {"purpose": "safety"})
    states = [all_of(one)]
    desk.post(f"{address}/dealt", {"done": "Folëm.", "how": "acted"})
    states.append(all_of(one))
    desk.post(f"{address}/again")
    now = all_of(one)
    assert "another hand" not in desk.get("/?lang=en") + desk.get("/complaints?lang=en")
    assert WORDS in desk.get(address)
    for state in states:
        for tables in (("complaints",), ("sealed_compartments",), ("sealed_compartments", "grants"), tuple(state)):
            put_back({name: state[name] for name in tables})
            assert changed in desk.get("/?lang=en"), tables
            listed = desk.get("/complaints?lang=en")
            assert "changed by another hand" in listed
            assert "dealt with on" not in listed
            begun = clock.now()
            clock.set_clock(lambda begun=begun: begun + KEPT_FOR + timedelta(days=1))
            assert complaints.forget(by=factories.actor(DESK)) == 0
            clock.set_clock(lambda begun=begun: begun)
            put_back(now)
            assert "another hand" not in desk.get("/?lang=en") + desk.get("/complaints?lang=en")
    clock.set_clock(None)
    assert complaints.one(complaint_id=one, by=factories.actor(DESK)).dealt_on is None


def test_a_complaint_stays_right_when_everything_of_the_office_gets_a_new_key(app: Flask) -> None:
    assert app
    complaint_sending.complain(text=WORDS, reach="", house_id=None)
    desk = factories.actor(DESK)
    with transaction() as session:
        epochs.seal_again(session, [(the_one_in(session), COMPLAINT)], by=desk)
    (line,) = complaints.heard(by=desk)
    assert (line.changed, line.house) == (False, "")


def the_one_in(session: Session) -> uuid.UUID:
    return session.scalars(select(Complaint.id)).one()


@pytest.mark.slow
def test_no_row_that_somebody_changes_makes_their_home_page_count_what_names_them(app: Flask, sign_in: SignIn) -> None:
    factories.later(days=15)
    one_more("ra.second", DESK)
    complaint_sending.complain(text=WORDS, reach="", house_id=None)
    other = the_one()
    complaint_sending.complain(
        text="Më kërcënoi Duty i zyrës.", reach="", house_id=None
    )  # her name is Test duty_officer
    db.session.rollback()
    (named,) = set(db.session.scalars(select(Complaint.id))) - {other}
    desk, second = sign_in(DESK), sign_in("ra.second")
    marks = "SELECT not_for FROM complaints WHERE id = :other"
    for given in ("NULL", "x''", f"({marks})"):
        by_hand(
            f"UPDATE complaints SET not_for = {given} WHERE id = :named",
            named=named.hex,
            **({"other": other.hex} if "other" in given else {}),
        )
        home = desk.get("/?lang=en")
        assert "1 complaint about staff waits" in home
        assert "another hand" not in home
        assert _addresses(desk.get("/complaints")) == [f"/complaints/{other}"]
        assert "2 complaints about staff wait" in second.get("/?lang=en")
        assert _addresses(second.get("/complaints"))[0] == f"/complaints/{named}"
    # Whoever read it marks it anew, and for whom it is not is seen by the text.
    second.post("/complaints/open", {"purpose": "safety"})
    done = {"done": "Folëm.", "how": "acted"}
    factories.later(days=15)
    second = Person(app.test_client(), "ra.second")
    second.post("/complaints/open", {"purpose": "safety"})
    assert second.post(f"/complaints/{named}/dealt", done) == "/complaints?done=yes"
    db.session.rollback()
    row = db.session.get(Complaint, named)
    assert row is not None
    assert complaint_marks.is_sound(row, complaint_marks.epoch_of(db.session(), named))
    assert marked.is_not_for(row.not_for, named, member(DESK).id)
    # A deleted one is missed by those alone who could read it.
    by_hand("DELETE FROM complaints WHERE id = :named", named=named.hex)
    assert "another hand" not in (later := Person(app.test_client(), DESK)).get("/?lang=en")
    assert "another hand" not in later.get("/complaints?lang=en")
    assert "1 complaint was deleted by another hand" in second.get("/complaints?lang=en")
