"""People say how it is in a house, and nothing that is kept tells who, when, or after whom."""

from __future__ import annotations

import json
import os
import re
import sqlite3
import uuid
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import delete, func, select, update

from nrm import clock
from nrm.actions import backups, tending
from nrm.actions.support import feedback, feedback_notes
from nrm.application import create_app
from nrm.db import db, transaction
from nrm.domain.accounts.accounts import NotPermitted, NotVisible
from nrm.domain.quarters import Quarter
from nrm.domain.support.feedback import (
    MOST_NOTES,
    MOST_SLIPS,
    FeedbackRefused,
    Note,
    NotValid,
    Question,
    Replies,
    Reply,
    combination,
    new_code,
    parse_code,
)
from nrm.models.audit import AuditEntry
from nrm.models.shelter.cases import SealedCompartment, ShredKey
from nrm.models.support.feedback import FeedbackBox, FeedbackSlip
from nrm.models.support.request_limits import RequestLimits
from nrm.render.pdf import PdfUnavailable
from nrm.steps.reports import release_building
from nrm.store import days
from nrm.store.reports import care_counting, counting
from nrm.store.reports.reports import release_file
from nrm.store.rows.support import feedback as rows
from nrm.store.support import feedback as store
from nrm.vault import rows as marked
from nrm.vault.unattended import feedback_boxes, request_limits
from nrm.web.support import feedback as pages
from nrm.web.support import slips as paper
from tests import accommodated, factories
from tests.conftest import Person, token_in
from tests.factories_referrals import organisation
from tests.integration.accounts.test_invitations import one_more

MANAGER, DESK = "vatra.shelter_manager", "ra.duty_officer"
HAPPY: Replies = dict.fromkeys(Question, Reply.YES)
AFRAID: Replies = {**HAPPY, Question.SAFE: Reply.NO}
Q1, Q2 = Quarter(2026, 1), Quarter(2026, 2)
SignIn = Callable[[str], Person]


def slips(number: int, login: str = MANAGER) -> list[str]:
    """Numbers of slips that a house printed."""
    by = factories.actor(login)
    codes = feedback.draw(number=number, by=by)
    feedback.keep(codes=codes, by=by)
    return codes


def raw_rows() -> dict[str, list[tuple[object, ...]]]:
    """Every row of the main database's file, as a thief reads it, with the number of its place where it has one."""
    with closing(sqlite3.connect(str(db.engine.url.database))) as thief:
        names = [name for (name,) in thief.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        found = {}
        for name in names:
            try:
                found[name] = thief.execute(f'SELECT rowid, * FROM "{name}"').fetchall()
            except sqlite3.OperationalError:  # a table that has no such numbers
                found[name] = thief.execute(f'SELECT * FROM "{name}"').fetchall()
        return found


def changed(before: dict[str, list[tuple[object, ...]]]) -> dict[str, list[tuple[object, ...]]]:
    """What is otherwise than it was, by table."""
    after = raw_rows()
    found = {name: [row for row in after[name] if row not in before[name]] for name in after}
    assert all(len(after[name]) == len(before[name]) for name in after)
    return {name: rows for name, rows in found.items() if rows}


def box(code: str = "VATRA") -> feedback_boxes.Box:
    """What is in the box of a house."""
    db.session.rollback()
    of = select(FeedbackBox.id).where(FeedbackBox.organisation_id == organisation(code))
    found = feedback_boxes.read(db.session(), db.session.scalars(of).one())
    db.session.rollback()
    return found


def test_an_answer_changes_one_sealed_value_and_not_its_size_and_no_other_row_has_an_hour_of_it(app: Flask) -> None:
    assert app
    codes = slips(10)
    slips(4, "iom.shelter_manager")
    for place, code in enumerate(codes[:5]):
        before = raw_rows()
        feedback.answer(code=code, replies=AFRAID if place % 3 else HAPPY)
        found = changed(before)
        assert set(found) == {"sealed_compartments"}  # no slip, no entry of the chain, no failed try
        (row,) = found["sealed_compartments"]
        (was,) = [each for each in before["sealed_compartments"] if each[:3] == row[:3]]
        assert [new == old for new, old in zip(row, was, strict=True)].count(False) == 1
        sealed, old = next((new, old) for new, old in zip(row, was, strict=True) if new != old)
        assert isinstance(sealed, bytes)
        assert isinstance(old, bytes)
        assert len(sealed) == len(old) > feedback_boxes.STEP_BYTES
    said = box()
    assert said.answers == {str(Quarter.of(days.today())): {combination(AFRAID): 3, combination(HAPPY): 2}}
    assert len(said.used) == 5


def test_what_is_in_a_box_says_nothing_of_the_order_in_which_it_came(app: Flask) -> None:
    assert app
    codes = slips(10)
    replies: list[Replies] = [HAPPY, AFRAID, {Question.HELP: Reply.PARTLY}, HAPPY, AFRAID]
    for code, said in zip(codes, replies, strict=False):
        feedback.answer(code=code, replies=said)
    one = box().value()
    again = slips(10, "iom.shelter_manager")
    for code, said in zip(again, reversed(replies), strict=False):
        feedback.answer(code=code, replies=said)
    other = box("IOM").value()
    assert json.dumps(one["answers"]) == json.dumps(other["answers"])
    assert one["used"] == sorted(one["used"])
    # A slip has no place in its table either: all of a house and a quarter are alike but for their marks.
    there = raw_rows()["feedback_slips"]
    assert [row[0] for row in there] == sorted(row[0] for row in there)  # by their marks, not as they were made
    assert len({row[1:] for row in there}) == 2


def test_two_backups_differ_in_every_box_whether_or_not_somebody_answered(app: Flask, tmp_path: Path) -> None:
    assert app
    slips(4)
    slips(4, "iom.shelter_manager")
    first, second = (backups.recipient_in(backups.new_key_files()[1].encode()) for _ in range(2))
    before = raw_rows()
    (tmp_path / "kept").mkdir()
    backups.take(tmp_path / "kept", (first, second), tell=lambda _: None)
    sealed = [row for row in raw_rows()["sealed_compartments"] if row not in before["sealed_compartments"]]
    assert len(sealed) == 2
    assert box().value() == {"answers": {}, "used": [], "notes": []}


def test_a_slip_counts_once_and_nothing_else_counts_at_all(app: Flask) -> None:
    assert app
    first, other = slips(4)[:2]
    feedback.answer(code=first, replies=HAPPY)
    for code in (first, new_code(bytes(64)), parse_code(new_code(bytes(range(64))))):
        with pytest.raises(NotValid):
            feedback.answer(code=code, replies=HAPPY)
    later = clock.now() + timedelta(days=200)
    clock.set_clock(lambda: later)
    with pytest.raises(NotValid):
        feedback.answer(code=other, replies=HAPPY)
    assert tending.tend()["feedback_counted"] == 1  # the used slip is forgotten with its row
    assert db.session.scalar(select(func.count()).select_from(FeedbackSlip)) == 0
    assert box().used == []
    clock.set_clock(None)


def test_who_is_no_manager_of_a_house_prints_and_writes_nothing(app: Flask) -> None:
    assert app
    for login in ("vatra.case_worker", "rinas.border_officer", "molsa.statistician", DESK):
        with pytest.raises(NotPermitted):
            feedback.draw(number=4, by=factories.actor(login))
    with pytest.raises(NotPermitted):
        feedback.type_paper(code=new_code(bytes(64)), replies=HAPPY, by=factories.actor(MANAGER))
    with pytest.raises(NotVisible):
        store.of_house(by=factories.actor("child_protection.case_worker"))
    slips(MOST_SLIPS)
    with pytest.raises(FeedbackRefused):
        slips(4)


def test_the_desk_types_paper_by_the_number_of_the_slip_and_nothing_is_recorded_of_it(app: Flask) -> None:
    assert app
    (code, *_), desk = slips(4), factories.actor(DESK)
    entries = db.session.scalar(select(func.count()).select_from(AuditEntry))
    db.session.rollback()
    feedback.type_paper(code=code, replies=AFRAID, by=desk)
    assert db.session.scalar(select(func.count()).select_from(AuditEntry)) == entries
    assert sum(box().answers[str(Quarter.of(days.today()))].values()) == 1


def test_what_was_done_is_written_by_the_house_and_stays_sealed_until_it_is_taken_off(app: Flask) -> None:
    assert app
    manager = factories.actor(MANAGER)
    for number in range(MOST_NOTES + 1):
        feedback_notes.write(note=Note("sq", f" Dritë e re në korridor {number} "), by=manager)
    notes = store.of_house(by=factories.actor("vatra.case_worker")).notes
    assert [each.text for each in notes] == [f"Dritë e re në korridor {each}" for each in range(MOST_NOTES, 0, -1)]
    assert not any("korridor" in repr(each) for each in raw_rows().values())
    worker = factories.actor("vatra.case_worker")
    for each in notes[1:]:
        feedback_notes.show(house_id=organisation("VATRA"), note=each, by=worker)
    feedback_notes.hide(note=notes[0], by=manager)
    feedback_notes.hide(note=notes[0], by=manager)
    notes = store.of_house(by=worker).notes
    token = rows.token_of(organisation("VATRA"))
    assert [each.state for each in notes] == ["hidden", *[""] * (MOST_NOTES - 1)]  # nothing is destroyed by one hand
    assert feedback.house_page(token).notes == notes[1:]
    for number in range(MOST_NOTES + 1):  # nor by writing more
        feedback_notes.write(note=Note("sq", f"Pa parë {number}."), by=manager)
    assert feedback.house_page(token).notes == notes[1:]
    for wrong in ("", "x" * 24, token[:-1], rows.token_of(organisation("RINAS"))):
        with pytest.raises(NotVisible):
            feedback.house_page(wrong)


def say_much(number: int, login: str, wrong: Question) -> None:
    """So many answers of a house; every third says no to one question."""
    for place, code in enumerate(slips(number, login)):
        replies: Replies = {**HAPPY, wrong: Reply.NO} if place % 3 == 0 else HAPPY
        feedback.answer(code=code, replies=replies)


@pytest.mark.slow
def test_it_is_published_with_the_other_reports_and_a_house_sees_its_own_row_from_five_on(app: Flask) -> None:
    """What is published leaves the boxes, and their old keys are destroyed."""
    assert app
    accommodated.at(date(2026, 5, 4))
    say_much(40, MANAGER, Question.SAFE)
    say_much(40, "iom.shelter_manager", Question.HELP)
    say_much(4, "tjeter_vizion.shelter_manager", Question.PRIVATE)
    accommodated.many(60, seed=4)
    accommodated.at(date(2026, 7, 20))
    by = factories.actor("molsa.statistician")
    accommodated.release(Q1, by=by)
    outcome = accommodated.release(Q2, by=by)
    assert isinstance(outcome.others["feedback"], release_building.Released)
    tables = json.loads(release_file(Q2, "json", by=by, report="feedback"))["tables"]
    values = [row["value"] for table in tables for row in table["rows"] if row["value"] is not None]
    assert all(value % 5 == 0 for value in values)
    vatra = store.of_house(by=factories.actor("vatra.case_worker"))
    (said,) = vatra.said
    assert said.total in (80, 85)
    assert said.of_house is not None
    assert said.of_all is not None
    assert abs(said.of_house[Question.SAFE]["no"] - 14) < 10
    assert abs(said.of_house[Question.HELP]["yes"] - 40) < 10
    (few,) = store.of_house(by=factories.actor("tjeter_vizion.shelter_manager")).said
    assert few.of_house is None
    assert few.of_all == said.of_all
    with db.engines["shred"].connect() as connection:
        of_boxes = select(ShredKey.case_id, ShredKey.epoch).where(ShredKey.compartment == "feedback")
        keys = set(connection.execute(of_boxes))
    tending.tend()
    assert box().answers == box("IOM").answers == {}
    with db.engines["shred"].connect() as connection:
        assert keys.isdisjoint(set(connection.execute(of_boxes)))
    counted = care_counting.answered(db.session.connection(), Q2, Q2, {"house": ()}, by=counting.RELEASE)
    assert counted == []


def typed(client: FlaskClient, address: str, data: dict[str, str]) -> tuple[int, str]:
    """Send a form without an account; (status, page or address)."""
    token = token_in(client.get(address).text)
    answer = client.post(address, data={"csrf_token": token, **data})
    return answer.status_code, answer.headers.get("Location", answer.text)


def test_who_has_a_slip_answers_on_a_tablet_without_an_account_in_their_own_language(
    app: Flask, caplog: pytest.LogCaptureFixture
) -> None:
    (code, *_) = slips(4)
    client = app.test_client()
    page = client.get("/feedback?in=ro").text
    assert '<html lang="ro">' in page
    assert "Nimeni nu va ști" in page
    assert "internetul" in page  # what the house can see is said
    answers = {"safe": "no", "help": "partly", "respect": "nonsense"}
    for wrong in ("", "123", "1111 1111 1111 1118", code[:-1] + "x"):
        status, said = typed(client, "/feedback/answer?in=ro", {**answers, "code": wrong})
        assert status == 422
        assert "Acest număr nu este corect" in said
        assert re.search(r'id="safe-2" name="safe" value="no" checked', said)
    asked = {**answers, "code": code, "change": "ru"}
    status, said = typed(
        client, "/feedback/answer?in=ro", asked
    )  # another language keeps what was typed, and sends nothing
    assert (status, '<html lang="ru">' in said, code in said) == (200, True, True)
    assert re.search(r'id="safe-2" name="safe" value="no" checked', said)
    assert box().answers == {}
    assert typed(client, "/feedback/answer?in=ro", {"code": code})[0] == 422  # nothing is answered
    assert typed(client, "/feedback/answer?in=ro", {**answers, "code": code}) == (303, "/feedback/thanks?in=ro")
    # Who printed the slip learns nothing by its number: used, of no slip, or of a slip, the answer is the same.
    before = raw_rows()
    for again in (code, new_code(os.urandom(64))):
        assert typed(client, "/feedback/answer?in=ro", {**answers, "code": again}) == (303, "/feedback/thanks?in=ro")
    assert set(changed(before)) == {"request_limits"}  # as with any number
    assert box().answers == {str(Quarter.of(days.today())): {"no no_answer no_answer no_answer partly": 1}}
    # A form of a page from before keeps what was typed, and the log has no line with its minute, nor a code to quote.
    caplog.clear()
    stale = client.post("/feedback/answer?in=en", data={**answers, "code": f"{code}<"})
    assert stale.status_code == 400
    assert "because the page had been open for a long time" in stale.text
    assert f'value="{code}&lt;"' in stale.text
    assert re.search(r'id="safe-2" name="safe" value="no" checked', stale.text)
    complaint = client.post(
        "/feedback/complain?in=en", data={"csrf_token": "x", "what": "Roja <e natës", "reach": "Motra"}
    )
    assert complaint.status_code == 400
    assert "because the page had been open for a long time" in complaint.text
    assert "\nRoja &lt;e natës</textarea>" in complaint.text
    assert 'value="Motra"' in complaint.text
    assert caplog.records == []
    assert box().answers == {str(Quarter.of(days.today())): {"no no_answer no_answer no_answer partly": 1}}
    again = {"csrf_token": token_in(complaint.text), "what": "Roja e natës"}
    assert client.post("/feedback/complain?in=en", data=again).headers["Location"] == "/feedback/sent?in=en"
    wrong = client.get("/feedback?at=nobody&in=el")  # an old address on the wall: the page without a house
    assert (wrong.status_code, '<html lang="el">' in wrong.text, "at=" in wrong.text) == (200, True, False)
    assert '<html lang="sq">' in client.get("/feedback?in=tlh").text


@pytest.mark.slow
def test_numbers_cannot_be_tried_out_and_no_row_says_from_where_they_were(app: Flask) -> None:
    codes = slips(4)
    client = app.test_client()
    before = raw_rows()
    other = create_app(app.extensions["nrm.config"], synchronous="OFF").test_client()  # another worker
    tokens = [token_in(each.get("/feedback/answer").text) for each in (client, other)]
    for place in range(pages.NUMBERS.most):
        data = {"csrf_token": tokens[place % 2], "safe": "yes", "code": new_code(os.urandom(64))}
        assert (client, other)[place % 2].post("/feedback/answer", data=data).status_code == 303, place
    counted = raw_rows()["request_limits"]
    assert typed(other, "/feedback/answer", {"safe": "yes", "code": codes[0]})[0] == 429
    assert typed(client, "/feedback/answer", {"safe": "yes", "code": codes[0]})[0] == 429
    elsewhere = {"REMOTE_ADDR": "198.51.100.7"}
    token = token_in(client.get("/feedback/answer").text)
    data = {"csrf_token": token, "safe": "yes", "code": codes[0]}
    assert client.post("/feedback/answer", data=data, environ_overrides=elsewhere).status_code == 303
    # One row that was there, other bytes of it, as many: nothing says when, how often or from where.
    assert set(changed(before)) == {"sealed_compartments", "request_limits"}
    now = raw_rows()["request_limits"]
    ((*_, first),) = before["request_limits"]
    for ((*place, sealed),) in (now, counted):
        assert place == [1, 1]
        assert isinstance(first, bytes)
        assert isinstance(sealed, bytes)
        assert len(sealed) == len(first)
        assert b"198.51" not in sealed
    tending.tend()  # once an hour, whether or not somebody sent something
    assert raw_rows()["request_limits"] != now
    factories.later(minutes=11)
    assert typed(client, "/feedback/answer", {"safe": "yes", "code": codes[1]})[0] == 303


@pytest.mark.slow
def test_a_house_prints_slips_and_writes_what_it_did_and_the_desk_types_what_came(
    app: Flask, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    printed: list[str] = []

    def to_pdf(html: str) -> bytes:
        printed.append(html)
        return b"%PDF-"

    monkeypatch.setattr(paper, "to_pdf", to_pdf)
    manager = sign_in(MANAGER)
    manager.post("/feedback/house/slips", {"number": "4"}, 422)
    manager.post("/feedback/house/slips", {"number": "4", "slip_language": "ru"}, 200)
    codes = re.findall(r"\d{4} \d{4} \d{4} \d{4}", printed[0])
    assert len(set(codes)) == 4
    assert "236 more can be printed" in manager.get("/feedback/house?lang=en")
    # The file was lost: as many new ones in its place, and the lost ones count no more.
    assert "Its 4 slips are made again" in manager.get("/feedback/house/slips/again?lang=en")
    manager.post("/feedback/house/slips/again", {}, 422)
    manager.post("/feedback/house/slips/again", {"again_language": "ru"}, 200)
    lost, codes = codes, re.findall(r"\d{4} \d{4} \d{4} \d{4}", printed[1])
    told = db.session.scalars(select(AuditEntry.details).where(AuditEntry.event == "feedback_slips_printed")).all()
    assert ["instead_of" in each for each in told] == [False, True]
    assert (len(codes), set(codes) & set(lost)) == (4, set())
    assert "236 more can be printed" in manager.get("/feedback/house?lang=en")
    with pytest.raises(NotValid):
        feedback.answer(code=lost[0], replies=HAPPY)
    manager.post("/feedback/house/complaint-sheet", {}, 422)
    manager.post("/feedback/house/complaint-sheet", {"sheet_language": "en"}, 200)
    assert "What happened?" in printed[2]
    assert not re.search(r"\d{4} \d{4} \d{4}", printed[2])  # no number, and the same for everybody
    assert "Responsible Authority, Rruga 1, Tirana" not in printed[2]
    here = app.extensions["nrm.country"]
    assert here.complaints is not None
    elsewhere = replace(here.complaints, post="Rruga 1, Tirana")
    monkeypatch.setitem(app.extensions, "nrm.country", replace(here, complaints=elsewhere))
    manager.post("/feedback/house/complaint-sheet", {"sheet_language": "en"}, 200)
    assert "Responsible Authority, Rruga 1, Tirana" in printed[3]
    monkeypatch.setitem(app.extensions, "nrm.country", here)
    assert "Вы чувствуете себя здесь в безопасности?" in printed[0]
    # Another language of the page keeps what was typed.
    assert re.search(r"formaction=.?/spoken/\w+/feedback/house", manager.get("/feedback/house"))
    kept = manager.post("/spoken/en/feedback/house", {"language": "sq", "text": "Ka dritë."})
    page = manager.get(kept)
    assert "What was done about it" in page
    assert re.search(r"<textarea[^>]*>\s*Ka dritë\.</textarea>", page)
    assert re.search(r'<option value="sq" selected', page)
    manager.post("/feedback/house/notes", {"language": "sq", "text": ""}, 422)
    # No number, no address and no code: whoever reads the page cannot tell whose it is.
    for wrong, why in (("Thirrni 069 123 45 67", "no telephone number"), ("Shkruani te a@b.al", "no e-mail address")):
        page = manager.post("/feedback/house/notes?lang=en", {"language": "sq", "text": wrong}, 422)
        assert f"Write {why}" in page
        assert wrong in page
    note = {"language": "sq", "text": "Ka dritë në korridor."}
    manager.post("/feedback/house/notes", dict(note))
    page = manager.get("/feedback/house")
    address = re.search(r'href="(/feedback\?at=[0-9a-f]+)"', page)
    assert address is not None
    # Who writes does not show it: another one of the house, or the Responsible Authority, has read it before.
    house_id = organisation("VATRA")
    show = f"/feedback/notes/{house_id}/seen"
    assert note["text"] not in app.test_client().get(address[1]).text
    manager.post(show, dict(note), 409)
    sign_in("tjeter_vizion.shelter_manager").post(show, dict(note), 404)
    assert note["text"] in sign_in(DESK).get("/feedback/notes")
    worker = sign_in("vatra.case_worker")
    assert show in worker.get("/feedback/house")
    worker.post(show, {**note, "text": "Tjetër."}, 404)
    worker.post(show, dict(note))
    shown = app.test_client().get(address[1]).text
    assert note["text"] in shown
    numbers = [each.start() for each in re.finditer("129|116", shown)]
    assert numbers
    assert max(numbers) < shown.index(note["text"])  # the official numbers stand above it
    worker.post("/feedback/house/notes", {"language": "sq", "text": "Jo."}, 403)
    desk = sign_in(DESK)
    # The desk, which prints none, is told whether to type again or to destroy the slip.
    assert "is mistyped" in desk.post("/feedback/paper?lang=en", {"safe": "yes", "code": "1"}, 422)
    assert "of no slip that counts" in desk.post("/feedback/paper?lang=en", {"safe": "yes", "code": lost[0]}, 422)
    assert desk.post("/feedback/paper", {"safe": "yes", "code": codes[0]}) == "/feedback/paper?typed=yes"
    desk.get("/feedback/paper?typed=yes")
    manager.get("/feedback/paper", 403)
    worker.post(
        "/feedback/house/notes/off", {"language": "sq", "text": "Ka dritë në korridor."}
    )  # not the manager alone
    assert "Ka dritë" not in app.test_client().get(address[1]).text

    def no_pdf(_: str) -> bytes:
        raise PdfUnavailable

    monkeypatch.setattr(paper, "to_pdf", no_pdf)
    before = raw_rows()["feedback_slips"]
    manager.post("/feedback/house/slips", {"number": "4", "slip_language": "ru"}, 503)
    assert raw_rows()["feedback_slips"] == before


@pytest.mark.slow
def test_a_note_is_hidden_by_one_put_back_by_two_and_taken_down_by_the_authority(app: Flask, sign_in: SignIn) -> None:
    manager, worker, desk = (sign_in(each) for each in (MANAGER, "vatra.case_worker", DESK))
    note, house_id = {"language": "sq", "text": "Ka dritë në korridor."}, organisation("VATRA")
    tablet = f"/feedback?at={rows.token_of(house_id)}"

    def is_shown() -> bool:
        return note["text"] in app.test_client().get(tablet).text

    address = f"/feedback/notes/{house_id}"
    waits = "A note for those who live here waits"
    # Home pages say that it waits, to those who can read it, and to nobody else.
    assert waits not in worker.get("/?lang=en")
    manager.post("/feedback/house/notes", dict(note))
    assert waits in worker.get("/?lang=en")
    assert waits not in manager.get("/?lang=en")
    assert waits not in sign_in("tjeter_vizion.shelter_manager").get("/?lang=en")
    assert "1 note for those who live in a shelter waits to be read" in desk.get("/?lang=en")
    assert "to be read" not in sign_in("molsa.statistician").get("/?lang=en")
    worker.post(f"{address}/seen", dict(note))
    assert is_shown()
    assert waits not in worker.get("/?lang=en")
    assert "waits to be read" not in desk.get("/?lang=en")
    # Shown by mistake: anybody of the house hides it, nobody alone puts it back.
    worker.post("/feedback/house/notes/off", dict(note))
    assert not is_shown()
    assert "Hidden by vatra.case_worker" in manager.get("/feedback/house?lang=en")
    worker.post(f"{address}/seen", dict(note))  # nothing waits to be shown
    worker.post(f"{address}/back", dict(note))
    assert not is_shown()
    worker.post(f"{address}/seen", dict(note), 409)
    assert waits in manager.get("/?lang=en")
    manager.post(f"{address}/seen", dict(note))
    assert is_shown()
    # The Responsible Authority takes it down with a reason; the house puts it back in no way.
    manager.post(f"{address}/down", {**note, "reason": "names"}, 403)
    assert "Choose why you take it down" in desk.post(f"{address}/down?lang=en", dict(note), 422)
    assert is_shown()
    desk.post(f"{address}/down", {**note, "reason": "names"})
    assert not is_shown()
    page = manager.get("/feedback/house?lang=en")
    assert "Taken down by the Responsible Authority:" in page
    assert "It names somebody, or shows who somebody is" in page
    assert "took a note of the shelter down" in manager.post("/feedback/house/notes?lang=en", dict(note), 422)
    manager.post(f"{address}/back", dict(note), 409)
    other = {**note, "text": "Ka dritë te korridori."}
    manager.post("/feedback/house/notes", dict(other))
    worker.post(f"{address}/seen", dict(other), 409)
    assert waits not in worker.get("/?lang=en")
    desk.post(f"{address}/seen", dict(other))
    assert other["text"] in app.test_client().get(tablet).text
    desk.post(f"{address}/back", dict(note))
    desk.post(f"{address}/seen", dict(note), 409)
    assert not is_shown()
    worker.post(f"{address}/seen", dict(note))
    assert is_shown()
    sign_in("tjeter_vizion.shelter_manager").post(f"{address}/back", dict(note), 404)


@pytest.mark.slow
def test_a_note_of_two_lines_is_shown_hidden_put_back_and_taken_down_as_a_browser_sends_it(
    app: Flask, sign_in: SignIn
) -> None:
    """A browser ends a line with two characters in everything that it sends, also in what stood hidden on the page."""
    manager, worker, desk = (sign_in(each) for each in (MANAGER, "vatra.case_worker", DESK))
    house_id = organisation("VATRA")
    tablet, address = f"/feedback?at={rows.token_of(house_id)}", f"/feedback/notes/{house_id}"
    note = {"language": "sq", "text": "Ka dritë në korridor.\r\nDera mbyllet."}

    def is_shown() -> bool:
        return "Dera mbyllet" in app.test_client().get(tablet).text

    manager.post("/feedback/house/notes", dict(note))
    worker.post(f"{address}/seen", dict(note))
    assert is_shown()
    worker.post("/feedback/house/notes/off", dict(note))
    assert not is_shown()
    worker.post(f"{address}/back", dict(note))
    manager.post(f"{address}/seen", dict(note))
    assert is_shown()
    assert "<details open>" in desk.post(f"{address}/down", dict(note), 422)  # beside the note itself
    desk.post(f"{address}/down", {**note, "reason": "names"})
    assert not is_shown()
    desk.post(f"{address}/back", dict(note))
    worker.post(f"{address}/seen", dict(note))
    assert is_shown()


def test_a_note_of_two_lines_from_before_is_found_by_its_words(app: Flask) -> None:
    """Boxes have notes whose lines end as a browser sent them."""
    assert app
    house_id, manager = organisation("VATRA"), factories.actor(MANAGER)
    feedback_notes.write(note=Note("sq", "Dritë."), by=manager)
    with transaction() as session:
        found = feedback_boxes.read(session, session.scalars(select(FeedbackBox.id)).one())
        found.notes[:] = [["sq", "Dritë.\r\nDera.", MANAGER, "", ""]]
        feedback_boxes.put(session, found)
    (note,) = rows.notes(house_id)
    feedback_notes.show(house_id=house_id, note=note, by=factories.actor("vatra.case_worker"))
    assert [each.is_shown for each in rows.notes(house_id)] == [True]


def test_rows_that_another_hand_deleted_silence_no_tablet_and_stop_nothing_else(app: Flask) -> None:
    """The one row of limits is written again by whoever sends next; a house whose box is gone is left out by `tend`."""
    codes = slips(2)
    with transaction() as session:
        session.execute(delete(RequestLimits))
    assert typed(app.test_client(), "/feedback/answer", {"safe": "yes", "code": codes[0]})[0] == 303
    assert len(raw_rows()["request_limits"]) == 1
    with transaction() as session:
        session.execute(update(RequestLimits).values(sealed_counts=b"garbage"))
    assert typed(app.test_client(), "/feedback/answer", {"safe": "yes", "code": codes[1]})[0] == 303
    with transaction() as session:
        session.execute(delete(SealedCompartment).where(SealedCompartment.compartment == "feedback"))
    clock.set_clock(lambda: datetime.now(UTC) + timedelta(days=200))
    assert "openings_lapsed" in tending.tend()


@pytest.mark.slow
def test_nobody_is_offered_a_note_that_they_may_not_show_and_who_may_learns_of_it_on_their_home_page(
    app: Flask, sign_in: SignIn
) -> None:
    waits, of_desk = "A note for those who live here waits", "1 note for those who live in a shelter waits to be read"
    house_id = organisation("VATRA")
    note = {"language": "sq", "text": "Ka dritë në korridor."}
    factories.later(days=15)
    one_more("vatra.newcomer", "vatra.case_worker")
    one_more("ra.newcomer", DESK)
    manager, worker, desk = (sign_in(each) for each in (MANAGER, "vatra.case_worker", DESK))
    manager.post("/feedback/house/notes", dict(note))
    seen = f"/feedback/notes/{house_id}/seen"
    for login, page in (("vatra.newcomer", "/feedback/house"), ("ra.newcomer", "/feedback/notes")):
        person = sign_in(login)
        shown = person.get(f"{page}?lang=en")
        assert note["text"] in shown
        assert seen not in shown
        home = person.get("/?lang=en")
        assert waits not in home
        assert of_desk not in home
        person.post(seen, dict(note), 409)
    assert seen in worker.get("/feedback/house")
    assert seen in desk.get("/feedback/notes")
    assert waits in worker.get("/?lang=en")
    assert of_desk in desk.get("/?lang=en")
    # A note from before rows said what waits, or a row that another hand changed: said again a minute later.
    by_hand("UPDATE feedback_boxes SET notes_to_read = 0, notes_by_id = NULL, notes_watched = 0")
    assert waits not in worker.get("/?lang=en")
    tending.tend()
    assert waits in worker.get("/?lang=en")
    assert of_desk in desk.get("/?lang=en")
    assert waits not in manager.get("/?lang=en")
    before = raw_rows()
    feedback.pass_time()
    assert changed(before) == {}


def test_a_row_of_limits_that_was_emptied_or_deleted_is_reported_and_closes_no_tablet(
    app: Flask, caplog: pytest.LogCaptureFixture
) -> None:
    codes, client = slips(4), app.test_client()

    def send(code: str) -> None:
        """The answer is taken, and so is the next; the row is as long as ever."""
        caplog.clear()
        assert typed(client, "/feedback/answer", {"safe": "yes", "code": code})[0] == 303
        db.session.rollback()
        (sealed,) = db.session.scalars(select(RequestLimits.sealed_counts))
        db.session.rollback()
        assert len(sealed) == 1 + 12 + request_limits.TEXT_BYTES + 16

    send(codes[0])  # nobody has sent anything yet: what lies in the row opens for nobody, and nobody did that
    assert "sent lately" not in caplog.text
    by_hand("UPDATE request_limits SET sealed_counts = x''")
    send(codes[1])
    assert "the row of what was sent lately of 1 was not made by this program" in caplog.text
    send(codes[2])
    assert "sent lately" not in caplog.text
    by_hand("DELETE FROM request_limits")
    send(codes[3])
    assert "the absence of what was sent lately of 1 was not made by this program" in caplog.text
    assert sum(sum(each.values()) for each in box().answers.values()) == 4


def by_hand(statement: str, **values: object) -> None:
    """What somebody does who writes the main database and has no key."""
    db.session.rollback()
    with closing(sqlite3.connect(str(db.engine.url.database))) as insider:
        assert insider.execute(statement, values).rowcount == 1
        insider.commit()


def sealed(box_id: str) -> tuple[int, bytes]:
    """What lies in the row of a box: the number of its key, and the sealed bytes."""
    db.session.rollback()
    with closing(sqlite3.connect(str(db.engine.url.database))) as insider:
        of = "SELECT epoch, sealed_value FROM sealed_compartments WHERE case_id = ?"
        (found,) = insider.execute(of, [box_id]).fetchall()
    return int(found[0]), bytes(found[1])


@pytest.mark.slow
def test_a_box_that_another_hand_moves_shows_nothing_and_what_was_taken_down_stays_down(
    app: Flask, sign_in: SignIn, caplog: pytest.LogCaptureFixture
) -> None:
    manager, worker, desk = (sign_in(each) for each in (MANAGER, "vatra.case_worker", DESK))
    tablet = app.test_client()
    codes, house, other = slips(4), organisation("VATRA"), organisation("TJETER_VIZION")
    note = {"language": "sq", "text": "Ka dritë në korridor."}
    manager.post("/feedback/house/notes", dict(note))
    # A second one while the first waits, and one that is refused: what became of it is said, and nothing typed is lost.
    second = {"language": "en", "text": "There is light on the stairs."}
    assert manager.post("/feedback/house/notes", dict(second)) == "/feedback/house?wrote=yes#notes"
    shown = manager.get("/feedback/house?wrote=yes&lang=en")
    assert shown.index("It is written.") > shown.index('id="notes"')  # where the address leads
    street = {**note, "text": "Ejani te rruga e Durrësit, shtëpia pesë."}
    refused = manager.post("/feedback/house/notes?lang=en", street, 422)
    assert "Write no street" in refused
    assert street["text"] in refused
    address, text = f"/feedback/notes/{house}", note["text"]
    worker.post(f"{address}/seen", dict(note))
    at = {each: f"/feedback?at={rows.token_of(each)}" for each in (house, other)}
    assert text in tablet.get(at[house]).text
    # Taken down, it opens nowhere any more: an earlier sealed value shows nothing.
    db.session.rollback()
    box_id = db.session.scalars(select(FeedbackBox.id)).one().hex
    before = sealed(box_id)
    desk.post(f"{address}/down", {**note, "reason": "presses"})
    after = sealed(box_id)
    for put_back in ("epoch = :epoch, sealed_value = :value", "sealed_value = :value, epoch = epoch + 0 * :epoch"):
        by_hand(f"UPDATE sealed_compartments SET {put_back} WHERE case_id = :box", **_row(box_id, before))
        assert text not in tablet.get(at[house]).text
        assert "changed, deleted or put back in the database by another hand" in manager.get("/feedback/house?lang=en")
        assert "its box was changed, deleted" in desk.get("/feedback/notes?lang=en")
        assert "another hand" in manager.post("/feedback/house/notes?lang=en", dict(second), 503)
    by_hand(
        "UPDATE sealed_compartments SET epoch = :epoch, sealed_value = :value WHERE case_id = :box",
        **_row(box_id, after),
    )
    assert "Taken down by the Responsible Authority" in manager.get("/feedback/house?lang=en")
    desk.post(f"{address}/back", dict(note))
    worker.post(f"{address}/seen", dict(note))
    assert text in tablet.get(at[house]).text
    # Hidden by the house it stays hidden, too.
    before = sealed(box_id)
    worker.post("/feedback/house/notes/off", dict(note))
    after = sealed(box_id)
    assert before[0] < after[0]
    # Moved to another house it shows nothing there, nor here, and takes no answer and no slip.
    by_hand("UPDATE feedback_boxes SET organisation_id = :other WHERE id = :box", other=other.hex, box=box_id)
    for each in at.values():
        assert "dritë" not in tablet.get(each).text
        assert "light" not in tablet.get(each).text
    lists = desk.get("/feedback/notes?lang=en")
    assert lists.count("its box was changed, deleted") == 2
    assert text not in lists
    theirs = sign_in("tjeter_vizion.shelter_manager").get("/feedback/house?lang=en")
    assert "changed, deleted or put back in the database by another hand" in theirs
    assert f"the feedback box of {uuid.UUID(box_id)} was not made by this program" in caplog.text
    form = {"code": codes[0], "safe": "yes"}
    assert typed(tablet, f"/feedback/answer?at={rows.token_of(house)}&in=en", form)[0] == 503
    assert feedback.pass_time() == 0  # and stops nobody else's
    by_hand("UPDATE feedback_boxes SET organisation_id = :house WHERE id = :box", house=house.hex, box=box_id)
    feedback.answer(code=codes[1], replies=HAPPY)
    # What was printed for one house counts for no other one.
    marks = _mark_of(codes[2])
    by_hand("UPDATE feedback_slips SET organisation_id = :other WHERE mark = :mark", other=other.hex, mark=marks)
    feedback.answer(code=codes[2], replies=HAPPY)
    assert sum(sum(each.values()) for each in box().answers.values()) == 2
    # With the box or what lies in it gone, who has a slip reads that nothing was taken and whom to call.
    for gone in ("feedback_boxes WHERE id", "sealed_compartments WHERE case_id"):
        by_hand(f"DELETE FROM {gone} = :box", box=box_id)
        status, page = typed(tablet, "/feedback/answer?in=en", form)
        assert status == 503
        assert "It cannot be sent now. Please call:" in page
        assert "another hand" in desk.post("/feedback/paper?lang=en", dict(form), 503)
        assert "changed, deleted or put back in the database by another hand" in manager.get("/feedback/house?lang=en")
        if gone.startswith("feedback_boxes"):
            mark = marked.box_mark(uuid.UUID(box_id), house)
            whole = "INSERT INTO feedback_boxes (id, organisation_id, mark) VALUES (:box, :house, :mark)"
            by_hand(whole, box=box_id, house=house.hex, mark=mark)


def _row(box_id: str, found: tuple[int, bytes]) -> dict[str, object]:
    return {"box": box_id, "epoch": found[0], "value": found[1]}


def _mark_of(code: str) -> bytes:
    """The mark of a slip."""
    return marked.slip_mark(organisation("VATRA"), code)
