"""Benefits by payment codes: who learns what, what becomes of them, and that no row ties a code to a case."""

from __future__ import annotations

import itertools
import re
import sqlite3
import uuid
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import delete, func, insert, inspect, select, text, update

from config import Config
from nrm import clock
from nrm.actions import tending
from nrm.actions.shelter import cases, data_requests
from nrm.actions.support import benefits, follow_ups
from nrm.db import db, transaction
from nrm.domain.accounts.accounts import Actor, NotPermitted, NotVisible
from nrm.domain.accounts.vouching import Standing
from nrm.domain.shelter.cases import CaseRefused, Compartment, Purpose
from nrm.domain.shelter.data_requests import RequestKind
from nrm.domain.support.benefits import BenefitRefusal, BenefitRefused, Channel, Limits, State, Wanted, month_after
from nrm.domain.support.follow_ups import Ended
from nrm.models.audit import AuditEntry
from nrm.models.shelter.cases import Case, SealedCompartment
from nrm.models.support.benefits import Benefit
from nrm.models.support.follow_ups import FollowUp
from nrm.steps.support import follow_ups as follow_up_steps
from nrm.store import days
from nrm.store.countries import country
from nrm.store.rows.accounts import occasions
from nrm.store.support import benefits as store
from nrm.vault import rows as marks
from tests import factories
from tests import second_hands as hands
from tests.conftest import Person
from tests.factories_referrals import organisation
from tests.factories_stays import admitted
from tests.integration.support.test_follow_ups import WORDS, followed, leaves
from tests.invariants.test_sealed import writings
from tests.races import race

SignIn = Callable[[str], Person]
MANAGER, DESK = "vatra.shelter_manager", "molsa.payment_officer"
CLEAR = {
    "code", "organisation_id", "amount", "from_month", "months", "channel", "voucher", "state", "settled_month",
    "was", "settled_on", "untold", "second", "nobody_on", "nobody_by_id", "off_unseen", "mark",
}  # fmt: skip


@pytest.fixture
def vatra(app: Flask) -> Actor:
    assert app
    return factories.actor(MANAGER)


def opened(case_id: uuid.UUID, by: Actor) -> uuid.UUID:
    cases.open_compartment(case_id=case_id, compartment=Compartment.CARE, purpose=Purpose.CARE, by=by)
    return case_id


def resident(by: Actor, bed: int = 0) -> uuid.UUID:
    case_id = admitted(by, bed=bed).case_id
    cases.add_note(case_id=case_id, text="Hëngri mirë", by=by)
    return opened(case_id, by)


def ask(case_id: uuid.UUID, by: Actor, amount: int = 5_000, channel: Channel = Channel.ACCOUNT) -> str:
    wanted = Wanted(amount, days.today().replace(day=1), 3, channel)
    return benefits.ask(case_id=case_id, wanted=wanted, once=uuid.uuid4(), by=by)


def says_seen(manager: Person, what: str = "seen", tick: str = "known") -> None:
    """The manager ticks and presses what the page asks, for the codes that it shows."""
    (shown,) = re.findall(r'name="shown" value="([^"]+)"', manager.get(f"/benefits/of-house/{what}"))
    manager.post(f"/benefits/of-house/{what}", {"shown": shown}, 422)
    manager.post(f"/benefits/of-house/{what}", {"shown": shown, tick: "y"})


def says_known(page: Person, path: str, status: int = 303) -> str:
    """Somebody presses that the person knows it, for the codes that her page shows."""
    shown = re.findall(r'name="shown" value="([^"]+)"', page.get(path))
    return page.post(f"{path}/told?lang=en", {"shown": "".join(shown)}, status)


def state(code: str) -> str:
    db.session.rollback()
    return db.session.get_one(Benefit, code, populate_existing=True).state


def refused(reason: BenefitRefusal, act: Callable[..., object], **more: object) -> None:
    with pytest.raises(BenefitRefused) as found:
        act(**more)
    assert found.value.reason is reason


@pytest.mark.slow
def test_a_benefit_from_the_page_of_a_person_to_the_desk_and_back(vatra: Actor, sign_in: SignIn) -> None:
    opened_ = admitted(vatra)
    cases.add_note(case_id=opened_.case_id, text="Hëngri mirë", by=vatra)
    case, path = f"/cases/{opened_.case_id}", f"/cases/{opened_.case_id}/benefits"
    pseudonym = db.session.get_one(Case, opened_.case_id).pseudonym
    manager, desk = sign_in(MANAGER), sign_in(DESK)
    assert path in manager.get(case)
    assert f"{case}/open/care?to=benefits" in manager.get(path)
    for closed in ("ask", "call-off"):
        page = manager.get(f"{path}/{closed}?lang=en", 409)
        assert "Nothing was done yet" in page
        assert f"{case}/open/care?to=benefits" in page
    assert "waits to be paid" not in desk.get("/?lang=en")
    assert 'name="to" value="benefits"' in manager.get(f"{case}/open/care?to=benefits")
    assert 'name="to"' not in manager.get(f"{case}/open/care?to=//x")
    assert 'name="to" value="benefits"' in manager.post(f"{case}/open", {"compartment": "care", "to": "benefits"}, 422)
    assert manager.post(f"{case}/open", {"compartment": "care", "purpose": "care", "to": "//x"}).startswith(case)
    assert manager.post(f"{case}/open", {"compartment": "care", "purpose": "care", "to": "benefits"}) == path
    page = manager.get(f"{path}/ask?lang=en")
    assert "selected" not in page.split('name="first"')[1].split("</select>")[0]  # no month of the asking beforehand
    (once,) = re.findall(r'name="once" value="([0-9a-f-]{36})"', page)
    month = f"{days.today():%Y-%m}"
    good = {"once": once, "amount": "12,000", "first": month, "months": "3", "channel": "voucher"}
    for wrong in (
        {"amount": ""}, {"amount": "x"}, {"amount": "-5"}, {"amount": "0"}, {"amount": "9999999999"},
        {"amount": "12.50"}, {"first": "2026-1"},
        {"first": ""}, {"months": "13"}, {"months": "x"}, {"channel": "AL47 2121"}, {"channel": ""},
    ):  # fmt: skip
        manager.post(f"{path}/ask", {**good, **wrong}, 422)
    assert "Is there a part of a whole in it" in manager.post(f"{path}/ask?lang=en", {**good, "amount": "1.5"}, 422)
    assert "enter at most 10,000,000" in manager.post(f"{path}/ask?lang=en", {**good, "amount": "99 000 000"}, 422)
    refused_amount = [
        manager.post(f"{path}/ask?lang=sq", {**good, "amount": each}, 422) for each in ("1.5", "x", "9" * 9)
    ]
    for page, said in zip(refused_amount, (("12,50", "12 000"), ("12 000",), ("10 000 000",)), strict=True):
        for each in said:  # as Albanians write it
            assert each in page.replace("\u00a0", " ")
    manager.get("/?lang=en")
    manager.post(f"{path}/ask", {**good, "once": "x"}, 422)
    assert manager.post(f"{path}/ask", dict(good)).endswith(path)
    assert manager.post(f"{path}/ask", dict(good)).endswith(path)  # the same form again asks for nothing
    db.session.rollback()
    (row,) = db.session.scalars(select(Benefit)).all()
    assert (row.amount, row.months, row.channel, row.state) == (12_000, 3, "voucher", "asked")
    code, voucher = row.code, row.voucher
    assert code in manager.get(path)
    # Closing says that it is not over; whose it is, only to a session that opened it.
    page = manager.get(f"{case}/close?lang=en")
    assert "a benefit of this person waits to be paid" in page
    assert "Nothing else is open" not in page
    assert "whose it is lies under seal" in sign_in("vatra.case_worker").get(f"{case}/close?lang=en")
    # What the desk sees: amount, period and channel.
    assert "1 benefit waits to be paid" in desk.get("/?lang=en")
    pages = [desk.get("/benefits?lang=en"), desk.get(f"/benefits/{code}?lang=en")]
    for page in pages:
        assert code in page
        assert voucher in page
        assert "12,000" in page.replace("\u00a0", ",").replace(" ", ",")
        for hidden in (pseudonym, str(opened_.case_id), "/cases/", MANAGER, f"{days.today():%d}.", "Test shelter"):
            assert hidden not in page, hidden
    desk.post(f"/benefits/{code}", {}, 422)
    desk.post(f"/benefits/{code}", {"to": "called_off"}, 422)
    desk.post("/benefits/P-2222-2222-2222", {"to": "paid"}, 404)
    desk.post(f"/benefits/{code}", {"to": "paid"})
    # What it said stays on the home page of everybody until the person knows, or the manager says that nobody has to.
    worker = sign_in("vatra.case_worker")
    new = "The payment desk said something new of 1 benefit"
    worker.post("/benefits/of-house/seen", status=403)
    says_known(worker, path, 409)  # she does not know whose it is
    assert new in manager.get("/?lang=en")
    assert new in worker.get("/?lang=en")
    assert "The person knows" in manager.get(f"{path}?lang=en")
    says_known(manager, path)
    for page in (manager.get("/?lang=en"), worker.get("/?lang=en")):
        assert new not in page
    desk.post(f"/benefits/{code}/undo")
    assert new in manager.get("/?lang=en")
    taken_back = "asked for: the desk took back what it had recorded"
    assert taken_back in manager.get("/benefits/of-house?lang=en")
    assert taken_back in manager.get(f"{path}?lang=en")
    desk.post(f"/benefits/{code}", {"to": "paid"})
    assert taken_back not in manager.get("/benefits/of-house?lang=en")
    desk.post(f"/benefits/{code}", {"to": "returned"})
    desk.post(f"/benefits/{code}/undo")
    assert new in manager.get("/?lang=en")  # it was told neither that it was paid nor that it came back
    says_seen(manager)
    assert new not in manager.get("/?lang=en")
    # Pressed by mistake: the page of the person keeps what became of it and who said so, and she can still be told.
    put_by, after_all = "said on", {"code": code}
    assert put_by in manager.get("/benefits/of-house?lang=en")
    page = manager.get(f"{path}?lang=en")
    assert put_by in page
    assert "Nothing is new" in manager.get("/benefits/of-house/seen?lang=en")
    worker.post("/benefits/of-house/found", after_all, 403)
    manager.post("/benefits/of-house/found", after_all)
    manager.post("/benefits/of-house/found", after_all, 409)
    assert new in worker.get("/?lang=en")
    (shown,) = re.findall(r'name="shown" value="([^"]+)"', manager.get("/benefits/of-house/seen"))
    desk.post(f"/benefits/{code}", {"to": "returned"})
    stale = {"shown": shown, "known": "y"}
    assert "it stands otherwise" in manager.post("/benefits/of-house/seen?lang=en", stale, 409)  # not what she read
    assert new in manager.get("/?lang=en")
    desk.post(f"/benefits/{code}/undo")
    says_seen(manager)
    assert "The person knows" in manager.get(f"{path}?lang=en")
    says_known(manager, path)
    page = manager.get(f"{path}?lang=en")
    assert "The person knows" not in page
    assert put_by not in page
    assert put_by not in manager.get("/benefits/of-house?lang=en")
    assert "paid" in page
    desk.post(f"/benefits/{code}", {"to": "paid"}, 422)
    desk.post(f"/benefits/{code}", {"to": "returned"})
    desk.post(f"/benefits/{code}", {"to": "returned"}, 409)
    # Pressed by mistake: taken back for a day, and the house is told what stands now.
    assert "Take back what was recorded" in desk.get(f"/benefits/{code}?lang=en")
    desk.post(f"/benefits/{code}/undo")
    assert state(code) == "paid"
    desk.post(f"/benefits/{code}/undo", status=409)
    manager.post(f"/benefits/{code}/undo", status=403)
    desk.post(f"/benefits/{code}", {"to": "returned"})
    assert "came back" in manager.get("/benefits/of-house?lang=en")
    assert pseudonym not in manager.get("/benefits/of-house")
    assert "Nothing waits to be paid" in manager.get(f"{path}/call-off?lang=en")
    manager.post(f"{path}/call-off", {"code": code}, 409)
    # Another one, called off before it was paid.
    second = ask(opened(opened_.case_id, vatra), vatra)
    assert second in manager.get(f"{path}/call-off")
    manager.post(f"{path}/call-off", {"code": second})
    manager.post(f"{path}/call-off", {"code": second}, 409)
    assert state(second) == "called_off"
    # The money was out already when it was called off: that is recorded, and the house reads it.
    assert "do not pay it" in desk.get(f"/benefits/{second}?lang=en")
    refused(BenefitRefusal.OVER, benefits.settle, code=second, to=State.ASKED, by=factories.actor(DESK))
    asked = "Called off: say whether the money had gone out"
    for said, stands in (("paid", "paid"), ("returned", "returned")):
        assert asked in desk.get("/benefits?lang=en")
        assert "1 benefit was called off: say whether the money had gone out" in desk.get("/?lang=en")
        desk.post(f"/benefits/{second}", {"to": said})
        assert state(second) == stands
        said_off = "called off, but the money had gone out" in desk.get(f"/benefits/{second}?lang=en")
        assert said_off == (said == "paid")
        assert said_off == ("called off, but the money had gone out" in manager.get(f"{path}?lang=en"))
        assert "was called off: say" not in desk.get("/?lang=en")
        assert asked not in desk.get("/benefits?lang=en")
        desk.post(f"/benefits/{second}/undo")
        assert state(second) == "called_off"
    refused(BenefitRefusal.OVER, benefits.call_off, case_id=opened_.case_id, code=code, by=vatra)
    # Of the desk the chain says which code, of the house only that something was written under seal.
    entries = db.session.execute(select(AuditEntry.event, AuditEntry.details)).all()
    for of in (code, second):
        assert {event for event, details in entries if of in details} == {"benefit_settled"}
    assert not any(voucher in details for _, details in entries)
    # She reads of it in the copy of all that is kept, and in no other note.
    request = uuid.uuid4()
    data_requests.record(request_id=request, pseudonym=pseudonym, kind=RequestKind.COPY, by=vatra)
    data_requests.open_copy(request_id=request, by=vatra)
    copy = data_requests.copy(request_id=request, by=vatra)
    assert copy is not None
    assert {each.code for each in copy.benefits} == {code, second}
    assert not any(code in str(note) for note in copy.notes)


@pytest.mark.slow
def test_after_the_shelter_it_is_asked_for_under_the_key_of_the_follow_up_and_goes_with_it(
    vatra: Actor, sign_in: SignIn
) -> None:
    case_id, nobody = followed(vatra), followed(vatra, bed=1)
    follow_ups.end(case_id=nobody, by=vatra)
    refused(BenefitRefusal.CLOSED, ask, case_id=nobody, by=vatra)
    factories.later(days=8)
    tending.tend()
    vatra = factories.actor(MANAGER)
    with pytest.raises(benefits.CannotOpen):
        ask(case_id, vatra)
    manager = sign_in(MANAGER)
    path = f"/cases/{case_id}/benefits"
    assert f"/cases/{case_id}/follow-up" in manager.get(path)
    assert path in manager.get(f"/cases/{case_id}/follow-up")
    # Nothing is kept in which one could lie: to read that is no error, and nothing can be asked for.
    page = manager.get(f"/cases/{nobody}/benefits?lang=en")
    assert "What said which payment codes are hers is destroyed, or was never written" in page
    assert f"/cases/{nobody}/benefits/ask" not in page
    manager.get(f"/cases/{nobody}/benefits/ask", 409)
    follow_ups.open_words(case_id=case_id, by=vatra)
    code = ask(case_id, vatra)
    assert [entry.code for entry, _ in benefits.of_person(case_id=case_id, by=vatra)] == [code]
    manager.post(f"/cases/{case_id}/follow-up/open")
    assert code in manager.get(path)
    page = manager.get(f"/cases/{case_id}/follow-up")
    assert WORDS["channel"] in page
    assert code not in page  # it is no contact
    refused(BenefitRefusal.GONE, benefits.call_off, case_id=case_id, code="P-2222-2222-2222", by=vatra)
    second = ask(case_id, vatra)
    benefits.call_off(case_id=case_id, code=second, by=vatra)
    assert (state(code), state(second)) == ("asked", "called_off")
    # Who ends it reads before that a benefit waits, and what to do; what waits is called off by the same press.
    address = f"/cases/{case_id}/follow-up/end"
    page = manager.get(f"{address}?lang=en")
    assert "1 benefit waits to be paid and is called off by this" in page
    assert "Ask the payment desk first whether the money has gone out already" in page
    assert re.findall(r'name="seen" value="([^"]+)"', page) == [code]
    # Another one was asked for in a second tab: nothing ends, and the page names both.
    third = ask(case_id, vatra)
    for seen in ([code], [], [code, third, second], ["x"]):
        page = manager.post(f"{address}?lang=en", {"seen": seen, "compared": "y"}, 409)
        assert "What waits to be paid has changed since this page was shown" in page
    assert (state(code), state(third)) == ("asked", "asked")
    assert sorted(re.findall(r'name="seen" value="([^"]+)"', page)) == sorted([code, third])
    other = sign_in("vatra.case_worker")  # has not opened it: nothing says what waits, and nothing ends
    page = other.get(f"{address}?lang=en")
    assert "only who has read it can end this" in page
    page += other.post(f"{address}?lang=en", {"compared": "y"}, 409)
    assert "you have not read it: nothing ended" in page
    assert code not in page
    manager.post(address, {"seen": [code, third], "compared": "y"})
    assert (state(code), state(third)) == ("called_off", "called_off")
    assert {each.code for each in store.of_house(by=vatra)} == {code, second, third}


@pytest.mark.slow
def test_whose_a_code_is_stays_readable_until_the_desk_has_said_whether_its_money_went_out(
    vatra: Actor, sign_in: SignIn
) -> None:
    """The contact ends while the payment is in the hands of the desk, which records only then that it was paid."""
    case_id, late = followed(vatra), followed(vatra, bed=1)
    codes = {}
    for each in (case_id, late):
        follow_ups.open_words(case_id=each, by=vatra)
        codes[each] = ask(each, vatra, channel=Channel.VOUCHER)
        assert _sealed_of(each) == [1]
        follow_ups.end(case_id=each, seen=[codes[each]], by=vatra)
        assert _sealed_of(each) == [1, 1], "the code, and for a week all of it"
    # After a week how she is reached is gone with its key; of what was sealed the code alone is there, under its own.
    factories.later(days=8)
    tending.tend()
    vatra = factories.actor(MANAGER)
    for each in (case_id, late):
        assert _sealed_of(each) == [1]
        follow_ups.open_words(case_id=each, by=vatra)
        found = follow_ups.opened(case_id=each, by=vatra)
        assert found is not None
        assert [each["code"] for each in found[0].values()] == [codes[each]]
    refused(BenefitRefusal.CLOSED, ask, case_id=case_id, by=vatra)
    factories.later(days=2)
    tending.tend()
    benefits.settle(code=codes[case_id], to=State.PAID, by=factories.actor(DESK))
    factories.later(days=2)
    tending.tend()
    manager = sign_in(MANAGER)
    assert "The payment desk said something new of 1 benefit" in manager.get("/?lang=en")
    page = manager.get(f"/cases/{case_id}/follow-up?lang=en")
    assert "Payment codes alone are kept" in page
    assert codes[case_id] not in page
    manager.post(f"/cases/{case_id}/follow-up/open")
    page = manager.get(f"/cases/{case_id}/follow-up?lang=en")
    assert f"/cases/{case_id}/benefits" in page
    assert WORDS["channel"] not in page
    assert codes[case_id] in manager.get(f"/cases/{case_id}/benefits")
    # The house has read it, and of the other one the desk says that nothing went out: then nothing of them is kept.
    says_seen(manager)
    tending.tend()
    assert _sealed_of(case_id), "the desk owes the house an answer about the other one"
    benefits.settle(code=codes[late], to=State.RETURNED, by=factories.actor(DESK))
    says_seen(sign_in(MANAGER))
    tending.tend()
    assert _sealed_of(late), "what the desk said can still be taken back"
    factories.later(days=2)
    tending.tend()
    tending.tend()
    assert not _sealed_of(case_id)
    assert not _sealed_of(late)
    # Where the desk says nothing, it ends by itself.
    vatra = factories.actor(MANAGER)
    third = followed(vatra, bed=2)
    follow_ups.open_words(case_id=third, by=vatra)
    follow_ups.end(case_id=third, seen=[ask(third, vatra)], by=vatra)
    factories.later(days=88)
    tending.tend()
    assert _sealed_of(third)
    factories.later(days=3)
    tending.tend()
    assert not _sealed_of(third)


def _sealed_of(case_id: uuid.UUID) -> list[int]:
    """The epochs of what is sealed of the follow-ups of a case."""
    db.session.rollback()
    ids = select(FollowUp.id).where(FollowUp.case_id == case_id)
    return list(db.session.scalars(select(SealedCompartment.epoch).where(SealedCompartment.case_id.in_(ids))))


@pytest.mark.slow
def test_what_waits_is_read_and_called_off_when_nothing_can_be_asked_for_any_more(
    vatra: Actor, sign_in: SignIn
) -> None:
    """After the last contact, until the words are destroyed; that waits for what waits, and not for ever."""
    case_id = followed(vatra)
    follow_ups.open_words(case_id=case_id, by=vatra)
    codes = [ask(case_id, vatra) for _ in range(2)]
    with transaction() as session:
        follow_up_steps.end(session, case_id, Ended.FINISHED, vatra)
    refused(BenefitRefusal.CLOSED, ask, case_id=case_id, by=vatra)
    assert {entry.code for entry, _ in benefits.of_person(case_id=case_id, by=vatra)} == set(codes)
    benefits.call_off(case_id=case_id, code=codes[0], by=vatra)
    assert [state(each) for each in codes] == ["called_off", "asked"]
    factories.later(days=40)
    tending.tend()
    follow_ups.open_words(case_id=case_id, by=vatra)
    assert {entry.code for entry, _ in benefits.of_person(case_id=case_id, by=vatra)} == set(codes)
    factories.later(days=90)
    tending.tend()
    refused(BenefitRefusal.CLOSED, benefits.of_person, case_id=case_id, by=vatra)
    # Nobody finds the person any more: the manager of the house calls the code off, by name, and nobody else.
    sign_in("vatra.case_worker").post("/benefits/of-house/call-off", {"code": codes[1]}, 403)
    manager = sign_in(MANAGER)
    manager.post("/benefits/of-house/call-off", {"code": codes[0]}, 422)
    sign_in("iom.shelter_manager").post("/benefits/of-house/call-off", {"code": codes[1]}, 422)
    manager.post("/benefits/of-house/call-off", {"code": codes[1]})
    # Not at once: for a week everybody of the house reads who says so, and whoever knows the person stops it.
    assert state(codes[1]) == "asked"
    manager.post("/benefits/of-house/call-off", {"code": codes[1]}, 409)
    worker = sign_in("vatra.case_worker")
    for page in ("/?lang=en", "/tasks?lang=en"):
        assert f"says that nobody knows whose {codes[1]} is" in worker.get(page)
    sign_in("iom.shelter_manager").post("/benefits/of-house/found", {"code": codes[1]}, 404)
    worker.post("/benefits/of-house/found", {"code": codes[1]})
    worker.post("/benefits/of-house/found", {"code": codes[1]}, 409)
    factories.later(days=8)
    tending.tend()
    assert state(codes[1]) == "asked"
    sign_in(MANAGER).post("/benefits/of-house/call-off", {"code": codes[1]})
    factories.later(days=6)
    tending.tend()
    assert state(codes[1]) == "asked"
    factories.later(days=1)
    tending.tend()
    assert state(codes[1]) == "called_off"


@pytest.mark.slow
def test_who_asks_while_care_is_not_open_reads_code_and_voucher_once(vatra: Actor, sign_in: SignIn) -> None:
    """Nothing was written in care before, so there was nothing to open; what is asked for begins it."""
    path = f"/cases/{admitted(vatra).case_id}/benefits"
    manager = sign_in(MANAGER)
    (once,) = re.findall(r'name="once" value="([0-9a-f-]{36})"', manager.get(f"{path}/ask"))
    data = {"once": once, "amount": "12000", "first": f"{days.today():%Y-%m}", "months": "1", "channel": "voucher"}
    page = manager.post(f"{path}/ask?lang=en", data, 200)
    db.session.rollback()
    (row,) = db.session.scalars(select(Benefit)).all()
    for shown in (row.code, row.voucher, "is not shown again before you open them"):
        assert shown in page
    again = manager.get(f"{path}?lang=en")
    assert "Open care to read them" in again
    assert row.code not in again
    assert row.code not in manager.post(f"{path}/ask", data, 409)  # the page loaded again asks for nothing
    assert db.session.scalar(select(func.count()).select_from(Benefit)) == 1


@pytest.mark.slow
def test_above_an_amount_a_second_one_of_the_house_agrees_before_the_desk_sees_it(
    vatra: Actor, sign_in: SignIn
) -> None:
    case_id = admitted(vatra).case_id
    cases.add_note(case_id=case_id, text="Hëngri mirë", by=vatra)
    case, path = f"/cases/{case_id}", f"/cases/{case_id}/benefits"
    most = country().benefit_limits.alone
    worker, manager, desk = sign_in("vatra.case_worker"), sign_in(MANAGER), sign_in(DESK)
    for page in (worker, manager):
        page.post(f"{case}/open", {"compartment": "care", "purpose": "care"})
    assert "a second one of you has to agree" in worker.get(f"{path}/ask?lang=en")
    good = {"first": f"{days.today():%Y-%m}", "months": "1", "channel": "voucher"}
    for amount in (most, most + 1):
        worker.post(f"{path}/ask", {**good, "once": str(uuid.uuid4()), "amount": str(amount)})
    db.session.rollback()
    found = {row.amount: row for row in db.session.scalars(select(Benefit))}
    alone, both = found[most].code, found[most + 1].code
    assert (found[most].second, found[most + 1].second) == ("", "wanted")
    # The desk sees nothing of it, and cannot pay it; nor does who asked agree.
    assert alone in desk.get("/benefits")
    assert both not in desk.get("/benefits")
    assert "1 benefit waits to be paid" in desk.get("/?lang=en")
    desk.get(f"/benefits/{both}", 404)
    desk.post(f"/benefits/{both}", {"to": "paid"}, 404)
    assert "1 benefit waits for a second one of you" in manager.get("/?lang=en")
    assert f"{path}/agree" not in worker.get(path)
    assert "Tell a colleague for whom it is" in worker.get(f"{path}?lang=en")
    assert both not in worker.get(f"{path}/agree")
    worker.post(f"{path}/agree", {"code": both}, 409)
    sign_in("iom.shelter_manager").post(f"{path}/agree", {"code": both}, 404)
    assert "1 benefit waits for a second one of you" not in sign_in("iom.shelter_manager").get("/?lang=en")
    assert f"{path}/agree" in manager.get(path)
    assert "(vatra.case_worker)" in manager.get(f"{path}/agree")
    manager.post(f"{path}/agree", {"code": alone}, 422)
    manager.post(f"{path}/agree", {"code": both})
    manager.post(f"{path}/agree", {"code": both}, 409)
    assert "by two members" in desk.get(f"/benefits/{both}?lang=en")
    assert "by one member" in desk.get(f"/benefits/{alone}?lang=en")
    assert "for a second one of you" not in manager.get("/?lang=en")
    # Who agreed stands under seal alone, and the sums of the quarter on the page of the manager.
    db.session.rollback()
    chain = db.session.scalars(select(AuditEntry.details)).all()
    assert not any(both in details for details in chain)
    sums = manager.get("/benefits/of-house?lang=en").replace("\u00a0", ",")
    assert f"{2 * most + 1:,}" in sums
    assert "by the quarter of the first month" not in worker.get("/benefits/of-house?lang=en")
    # Not who was let in by the one who asked: that would be one hand. Who let them in may.
    entry = next(each for each, _ in benefits.of_person(case_id=case_id, by=opened_by(case_id)) if each.code == both)
    newcomer = factories.actor(MANAGER)
    asker = factories.actor("vatra.case_worker").member_id
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(occasions, "hangs_on", lambda member_id, _: frozenset({member_id, asker}))
        assert not benefits.may_agree(entry, by=newcomer)
    assert benefits.may_agree(entry, by=newcomer)
    # Nor who let the asker in alone a few days ago: an invented colleague asks, and their maker agrees.
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(occasions, "hangs_on", lambda member_id, _: frozenset({member_id, newcomer.member_id}))
        assert benefits.may_agree(entry, by=newcomer) is occasions.is_seasoned(asker)
        patch.setattr(occasions, "is_seasoned", lambda _: False)
        assert not benefits.may_agree(entry, by=newcomer)
        # A newcomer beside somebody who was there before agrees to nothing.
        now = clock.now()
        patch.setattr(
            occasions,
            "standing",
            lambda each: Standing(each, now if each == newcomer.member_id else now - timedelta(days=15)),
        )
        patch.setattr(occasions, "hangs_on", lambda member_id, _: frozenset({member_id}))
        assert not benefits.may_agree(entry, by=newcomer)
        patch.setattr(occasions, "standing", lambda each: Standing(each, now))
        assert benefits.may_agree(entry, by=newcomer)
        # Two who are there by one colleague are one hand in their first days, and two later.
        patch.setattr(occasions, "hangs_on", lambda member_id, _: frozenset({member_id, uuid.UUID(int=1)}))
        assert not benefits.may_agree(entry, by=newcomer)
        patch.setattr(occasions, "is_seasoned", lambda _: True)
        assert benefits.may_agree(entry, by=newcomer)
    # Called off before anybody agreed: the desk is never asked about it.
    third = ask(opened(case_id, vatra), vatra, amount=most + 5)
    benefits.call_off(case_id=case_id, code=third, by=vatra)
    assert third not in desk.get("/benefits")
    manager.post(f"{case}/open", {"compartment": "care", "purpose": "care"})
    assert "called off already" in manager.post(f"{path}/agree?lang=en", {"code": third}, 409)
    # The desk answers to the page that it read: an answer to another one records nothing.
    old = {"to": "paid", "stands": "asked"}
    benefits.call_off(case_id=opened(case_id, vatra), code=both, by=vatra)
    assert "stands otherwise since" in desk.post(f"/benefits/{both}?lang=en", old, 409)
    assert state(both) == "called_off"
    desk.post(f"/benefits/{both}", {"to": "paid", "stands": "called_off"})
    second = opened_by(case_id, "vatra.case_worker")
    refused(BenefitRefusal.OVER, benefits.agree, case_id=case_id, code=third, by=second)


@pytest.mark.slow
def test_parts_of_an_amount_are_no_way_around_the_second_one(vatra: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    first, other = resident(vatra), resident(vatra, 1)
    limits = country().benefit_limits
    assert (second_of(first, vatra, limits.alone - 1), second_of(first, vatra, 1)) == ("", "")
    assert second_of(first, vatra, 1) == "wanted"
    assert second_of(other, vatra, limits.alone) == ""
    benefits.call_off(case_id=first, code=large(first, vatra), by=vatra)
    assert second_of(first, vatra, limits.alone - 1) == ""
    factories.later(days=31)  # the month is over for the person; what waits to be paid still counts for the house
    assert second_of(first, vatra, limits.alone) == ""
    short = replace(country(), benefit_limits=Limits(limits.alone, 3 * limits.alone))
    monkeypatch.setattr(benefits, "country", lambda: short)
    assert second_of(other, vatra, 1) == "wanted"
    benefits.settle(code=large(other, vatra), to=State.PAID, by=factories.actor(DESK))
    assert second_of(other, vatra, 1) == "wanted"  # what was paid lately counts as what waits
    factories.later(days=62)
    assert second_of(other, vatra, limits.alone) == ""


@pytest.mark.slow  # five people, and three months of them
def test_five_invented_people_below_the_limit_are_not_paid_by_one_hand_and_the_manager_reads_of_it(
    app: Flask, sign_in: SignIn
) -> None:
    assert app
    worker, desk = factories.actor("vatra.case_worker"), factories.actor(DESK)
    limits, house = country().benefit_limits, "/benefits/of-house/months"
    people = [resident(worker, bed) for bed in range(5)]
    for case_id in people[:4]:
        assert second_of(case_id, worker, limits.alone) == ""
        (line,) = [each for each in store.of_house(by=worker) if each.state is State.ASKED]
        benefits.settle(code=line.code, to=State.PAID, by=desk)
    assert second_of(people[4], worker, 1) == "wanted"
    alarm = "4 benefits were asked for by one of you alone lately: do you know whose they are?"
    manager, page = sign_in(MANAGER), sign_in("vatra.case_worker")
    assert alarm in manager.get("/?lang=en")
    assert "by one of you alone lately" not in page.get("/?lang=en")
    assert "of you alone: 120,000" in manager.get(f"{house}?lang=en").replace("\u00a0", ",")
    # The month after: a list of codes, with no case and no worker, and a press.
    month = f"{days.today():%Y-%m}"
    manager.post(house, {"month": month}, 409)  # it is not over
    factories.later(days=31)
    manager, page = sign_in(MANAGER), sign_in("vatra.case_worker")
    home = "Look through what became of 4 benefits last month"
    assert home in manager.get("/?lang=en")
    assert home not in page.get("/?lang=en")
    shown = manager.get(f"{house}?lang=en")
    assert shown.count("by one of you alone</td>") == 4
    for case_id in people:
        assert db.session.get_one(Case, case_id).pseudonym not in shown
    assert "vatra.case_worker" not in shown
    for wrong in ("", "x", "2026-13", "99999-1"):
        manager.post(house, {"month": wrong}, 422)
    for other in (page, sign_in(DESK), sign_in("ra.duty_officer"), sign_in("oms.coordinator"), sign_in("oms.monitor")):
        other.get(house, 403)
        other.post(house, {"month": month}, 403)
    for _ in range(2):
        manager.post(house, {"month": month})
    assert home not in manager.get("/?lang=en")
    assert "Looked through by Test shelter_manager on" in manager.get(f"{house}?lang=en")
    db.session.rollback()
    looked = select(AuditEntry.details).where(AuditEntry.event == "benefits_looked_through")
    assert db.session.scalars(looked).all() == [f'{{"month":"{month}"}}']
    factories.later(days=31)
    assert second_of(people[4], worker, limits.alone - 1) == ""


@pytest.mark.parametrize("fixture", ["app", "postgres_app"])
def test_looked_through_pressed_twice_at_once_is_said_once(fixture: str, request: pytest.FixtureRequest) -> None:
    app: Flask = request.getfixturevalue(fixture)
    by = factories.actor(MANAGER)
    month = month_after(days.today(), -1)
    race(app, *[lambda: benefits.look_through(month=month, by=by)] * 4)
    looked = select(AuditEntry.details).where(AuditEntry.event == "benefits_looked_through")
    assert len(db.session.scalars(looked).all()) == 1


@pytest.mark.slow  # two of the house, the desk, and each press of them
def test_who_called_a_voucher_off_is_said_and_it_is_asked_for_again(vatra: Actor, sign_in: SignIn) -> None:
    case_id, most = resident(vatra), country().benefit_limits.alone
    code = ask(case_id, vatra, most, Channel.VOUCHER)
    voucher = store.by_codes([code], by=vatra)[0].voucher
    path, open_care = f"/cases/{case_id}/benefits", {"compartment": "care", "purpose": "care"}
    manager, worker, desk = sign_in(MANAGER), sign_in("vatra.case_worker"), sign_in(DESK)
    for page in (manager, worker):
        page.post(f"/cases/{case_id}/open", open_care)
    assert "the manager is told" in worker.get(f"{path}/call-off?lang=en")
    worker.post(f"{path}/call-off", {"code": code})
    off = "1 benefit of the shelter was called off"
    assert off in manager.get("/?lang=en")
    assert off not in worker.get("/?lang=en")
    assert code in manager.get("/benefits/of-house").partition('id="off"')[2].partition("</form>")[0]
    assert 'id="off"' not in worker.get("/benefits/of-house")
    assert "called off by vatra.case_worker," in manager.get(f"{path}?lang=en")
    # What the desk and the chain read is nobody's name.
    assert "case_worker" not in desk.get(f"/benefits/{code}")
    assert not any(code in details for details in db.session.scalars(select(AuditEntry.details)))
    # Asked for again under the same code, with the same voucher.
    assert code in manager.get(f"{path}/again")
    manager.post(f"{path}/again", {"code": "P-2222-2222-2222"}, 422)
    sign_in("iom.shelter_manager").post(f"{path}/again", {"code": code}, 404)
    for person in (desk, sign_in("oms.monitor")):
        person.get(f"{path}/again", 403)
        person.post("/benefits/of-house/off-seen", {}, 403)
    worker.post("/benefits/of-house/off-seen", {}, 403)
    manager.post(f"{path}/again", {"code": code})
    db.session.rollback()
    (line,) = store.by_codes([code], by=vatra)
    assert (line.state, line.second, line.voucher) == (State.ASKED, "wanted", voucher)  # another one called it off
    assert "asked for again by vatra.shelter_manager," in worker.get(f"{path}?lang=en")
    assert off not in manager.get("/?lang=en")
    manager.post(f"{path}/again", {"code": code}, 409)
    # A press says that the manager saw it; meanwhile something else was asked for, so a second one agrees now.
    worker.post(f"{path}/call-off", {"code": code})
    says_seen(manager, "off-seen", "looked")
    assert off not in manager.get("/?lang=en")
    assert "can be asked for again until" in manager.get("/benefits/of-house?lang=en")
    running = manager.get("/benefits/of-house/months?lang=en")  # the month in which the mistake lies
    assert code in running
    assert "The month is not over" in running
    assert "I looked through this month" not in running
    other = ask(opened(case_id, vatra), vatra, most)
    benefits.bring_back(case_id=case_id, code=code, by=vatra)
    assert store.by_codes([code], by=vatra)[0].second == "wanted"
    assert desk.get(f"/benefits/{code}", 404)
    assert manager.get(f"{path}?lang=en").count("called off by vatra.case_worker,") == 2
    # Once the desk has said what became of it, it stays.
    benefits.call_off(case_id=case_id, code=other, by=vatra)
    desk.post(f"/benefits/{other}", {"to": "returned"})
    refused(BenefitRefusal.OVER, benefits.bring_back, case_id=case_id, code=other, by=vatra)
    assert "Nothing was called off lately" in manager.get(f"{path}/again?lang=en")


def test_the_desk_finds_a_benefit_by_what_stands_on_the_paper(vatra: Actor, sign_in: SignIn) -> None:
    code = ask(resident(vatra), vatra, channel=Channel.VOUCHER)
    with transaction() as session:
        session.execute(update(Benefit).values(voucher="2041-9016"))
    desk, found = sign_in(DESK), f"/benefits/{code}"
    for typed in (code.lower().replace("-", " "), "2O4l 9o1G", code[2:], "2041-9016"):
        assert desk.post("/benefits/find", {"code": typed}).endswith(found), typed
    for typed, told in (
        ("", "Enter the code or the number"),
        ("P-0000-1111-OOOO", "neither a payment code nor"),
        ("2041-9017", "No benefit has this code"),
        ("x" * 41, "at most 40"),
    ):
        page = desk.post("/benefits/find?lang=en", {"code": typed}, 422)
        assert told in page
        assert not typed or typed in page
    with transaction() as session:
        session.execute(update(Benefit).values(second="wanted"))
    assert "No benefit has this code" in desk.post("/benefits/find?lang=en", {"code": code}, 422)
    sign_in(MANAGER).post("/benefits/find", {"code": code}, 403)


def large(case_id: uuid.UUID, by: Actor) -> str:
    return next(each.code for each, line in benefits.of_person(case_id=case_id, by=by) if line and line.amount > 1)


def second_of(case_id: uuid.UUID, by: Actor, amount: int) -> str:
    """Ask for so much; whether it waits for a second one."""
    code = ask(opened(case_id, by), by, amount=amount)
    return next(line.second for each, line in benefits.of_person(case_id=case_id, by=by) if line and each.code == code)


def opened_by(case_id: uuid.UUID, login: str = MANAGER) -> Actor:
    by = factories.actor(login)
    opened(case_id, by)
    return by


@pytest.mark.slow
def test_when_everything_is_taken_back_nothing_says_whose_a_code_was(app: Flask, vatra: Actor, sign_in: SignIn) -> None:
    case_id, other = resident(vatra), resident(vatra, 1)
    code, others = ask(case_id, vatra), ask(other, vatra)
    before = _rows()
    stay = db.session.scalar(text("SELECT id FROM stays WHERE case_id = :id").bindparams(id=case_id.hex))
    leaves(uuid.UUID(stay), vatra)
    hands.withdrawn(case_id, vatra)
    assert _rows() == before  # a row of nobody; whose it was, nobody can read any more
    with pytest.raises((CaseRefused, BenefitRefused, NotVisible, benefits.CannotOpen)):
        benefits.of_person(case_id=case_id, by=vatra)
    notes = "SELECT count(*) FROM care_notes WHERE case_id = :id"
    assert db.session.scalar(text(notes).bindparams(id=case_id.hex)) == 0
    assert [entry.code for entry, _ in benefits.of_person(case_id=other, by=vatra)] == [others]
    # The desk still says what became of it; after the time for accounts the row goes, too.
    benefits.settle(code=code, to=State.RETURNED, by=factories.actor(DESK))
    factories.on_day(month_after(days.today(), 26))  # it was for three months
    assert tending.tend()["benefits_forgotten"] == 0
    factories.later(days=31)
    assert tending.tend()["benefits_forgotten"] == 2
    assert db.session.scalar(select(func.count()).select_from(Benefit)) == 0
    assert app


def _rows() -> list[tuple[Any, ...]]:
    db.session.rollback()
    return sorted(tuple(row) for row in db.session.execute(text("SELECT * FROM benefits")))


# --- what the tables say


@pytest.mark.slow
def test_no_row_of_either_database_ties_a_payment_code_to_a_case(app: Flask, vatra: Actor) -> None:
    """Everything outside of the payment table, and what is in it: a thief has both databases and no key."""
    people = [resident(vatra, 0) for _ in range(4)]
    asked = [(case_id, ask(case_id, vatra, amount=10_000 + number)) for number, case_id in enumerate(people)]
    asked += [(case_id, ask(case_id, vatra, 17_771 + n, Channel.VOUCHER)) for n, case_id in enumerate(people)]
    benefits.settle(code=asked[0][1], to=State.PAID, by=factories.actor(DESK))
    benefits.call_off(case_id=people[1], code=asked[1][1], by=vatra)
    db.session.rollback()
    config: Config = app.extensions["nrm.config"]
    rows = {row["code"]: row for row in _table(config.directory / "main.db", "benefits")}
    assert set(next(iter(rows.values()))) == CLEAR
    # Nothing in a row but who holds the money is anywhere else: no id, no mark, no day, no hour, no member.
    words = {str(rows[code][name]) for _, code in asked for name in ("code", "voucher", "amount")} - {""}
    settled = {asked[0][1]}  # what the desk did stands in the audit chain with its code
    for path, name in _tables(config.directory):
        for row in _table(path, name):
            cells = {str(cell) for cell in row.values()}
            assert not cells & words, name
            for cell, word in itertools.product(map(str, row.values()), words - settled):
                assert len(word) < 8 or word not in cell, (name, word)
    for each in rows.values():
        assert (each["from_month"], each["settled_month"] or each["from_month"]) == (_month(), _month())
        assert each["organisation_id"] == vatra.organisation_id.hex if vatra.organisation_id else None
    # Files of the databases hold no code under another name, and sealed entries none in clear.
    main = (config.directory / "main.db").read_bytes() + (config.directory / "main.db-wal").read_bytes()
    case_of = {code: case_id for case_id, code in asked}
    for code, case_id in case_of.items():
        pseudonym = db.session.get_one(Case, case_id).pseudonym
        found = [match.start() for match in re.finditer(re.escape(code.encode()), main)]
        for place in found:
            near = main[max(0, place - 60) : place + 60]
            assert not any(written in near for word in (case_id.hex, pseudonym) for written in writings(word))
            assert case_id.bytes not in near
    # Neither does the order say anything: there is no number of a row, and what is read comes by the random code.
    with (
        closing(sqlite3.connect(config.directory / "main.db")) as connection,
        pytest.raises(sqlite3.OperationalError, match="rowid"),
    ):
        connection.execute("SELECT rowid FROM benefits")
    assert list(rows) == sorted(code for _, code in asked)
    # The chain says of the house what it says of any entry of a plan.
    own = AuditEntry.event.in_(("plan_written", "benefit_settled"))
    said = db.session.execute(select(AuditEntry.event, AuditEntry.details).where(own)).all()
    assert {tuple(sorted(re.findall(r'"(\w+)":', details))) for event, details in said if event == "plan_written"} == {
        ("case_id", "entry_id")
    }
    assert not db.session.scalars(select(AuditEntry.event).where(AuditEntry.event.like("benefit%") & ~own)).all()


def _month() -> str:
    return days.today().replace(day=1).isoformat()


def _tables(directory: Path) -> Iterator[tuple[Path, str]]:
    for file in ("main.db", "shred.db"):
        with closing(sqlite3.connect(directory / file)) as connection:
            for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'").fetchall():
                if name != "benefits":
                    yield directory / file, name


def _table(path: Path, name: str) -> list[dict[str, Any]]:
    with closing(sqlite3.connect(path)) as connection:
        connection.row_factory = sqlite3.Row
        return [dict(row) for row in connection.execute(f"SELECT * FROM {name}")]


@pytest.mark.slow
def test_in_postgresql_what_waits_was_written_by_one_transaction_in_a_random_order(postgres_app: Flask) -> None:
    assert postgres_app
    vatra = factories.actor(MANAGER)
    person = resident(vatra)
    asked = [ask(person, vatra, 1_000 + number) for number in range(8)]
    db.session.rollback()
    by_place = "SELECT code, xmin::text FROM benefits ORDER BY ctid"
    found = db.session.execute(text(by_place)).all()
    assert {code for code, _ in found} == set(asked)
    assert len({writer for _, writer in found}) == 1
    assert [code for code, _ in found] != asked  # one chance in 40,320 each way
    assert [code for code, _ in found] != asked[::-1]
    # Nor is what was called off tied to the note that says so: it was written with what waits.
    benefits.call_off(case_id=person, code=asked[3], by=vatra)
    found = db.session.execute(text(by_place)).all()
    assert len({writer for _, writer in found}) == 1
    db.session.rollback()
    columns = {column["name"] for column in inspect(db.session.connection()).get_columns("benefits")}
    assert columns == CLEAR


# --- who sees nothing


@pytest.mark.slow
def test_nobody_else_sees_asks_or_settles(vatra: Actor, sign_in: SignIn) -> None:
    case_id = resident(vatra)
    code = ask(case_id, vatra)
    path = f"/cases/{case_id}/benefits"
    others = (
        DESK, "molsa.statistician", "oms.monitor", "oms.reader", "oms.coordinator", "ra.duty_officer", "administrator",
        "state_police.identification_officer", "nrc.shelter_manager", "rinas.border_officer",
        "prosecution.witness_liaison",
    )  # fmt: skip
    for login in others:
        by, person = factories.actor(login), sign_in(login)
        for address in (path, f"{path}/ask", f"{path}/call-off"):
            assert person.client.get(address).status_code in (403, 404), (login, address)
        for address, data in ((f"{path}/ask", {"amount": "1"}), (f"{path}/call-off", {"code": code})):
            sent = {"csrf_token": person.csrf_token, **data}
            assert person.client.post(address, data=sent).status_code in (403, 404), (login, address)
        with pytest.raises((NotVisible, NotPermitted)):
            ask(case_id, by)
        with pytest.raises((NotVisible, NotPermitted)):
            benefits.of_person(case_id=case_id, by=by)
        with pytest.raises((NotVisible, NotPermitted)):
            benefits.call_off(case_id=case_id, code=code, by=by)
        if login != DESK:
            person.get("/benefits", 403)
            person.get(f"/benefits/{code}", 403)
            person.post(f"/benefits/{code}", {"to": "paid"}, 403)
            with pytest.raises(NotPermitted):
                benefits.settle(code=code, to=State.PAID, by=by)
            for question in (store.of_desk, store.number_asked):
                with pytest.raises(NotPermitted):
                    question(by=by)
        if login == "nrc.shelter_manager":
            assert code not in person.get("/benefits/of-house")
        else:
            person.get("/benefits/of-house", 403)
    assert state(code) == "asked"
    manager = sign_in(MANAGER)
    manager.get("/benefits", 403)
    manager.get(f"/benefits/{code}", 403)
    for pressed in ("/benefits/x", "/benefits/%00", f"/benefits/{code.lower()}"):
        sign_in(DESK).get(pressed, 404)


def test_the_desk_says_no_day_and_the_house_no_hour_in_clear(vatra: Actor) -> None:
    code = ask(resident(vatra), vatra)
    benefits.settle(code=code, to=State.PAID, by=factories.actor(DESK))
    line = store.line(code, by=factories.actor(DESK))
    assert line.settled_month == days.today().replace(day=1)
    assert line.last_month == month_after(days.today(), 2)
    assert isinstance(line.from_month, date)


@pytest.mark.slow
def test_who_writes_rows_by_hand_has_nothing_paid(app: Flask, vatra: Actor, sign_in: SignIn) -> None:
    """Each change, an invented row, and an older row that is put back with its mark."""
    case_id = resident(vatra)
    limit = country().benefit_limits.alone
    large_, code = ask(case_id, vatra, amount=limit + 1), ask(case_id, vatra)
    desk, manager = sign_in(DESK), sign_in(MANAGER)
    assert desk.get(f"/benefits/{code}?lang=en").count('name="to"') > 0
    was = {name: getattr(db.session.get_one(Benefit, code), name) for name in inspect(Benefit).columns.keys()}  # noqa: SIM118
    for change in ({"second": ""}, {"second": "given"}):
        with transaction() as session:
            session.execute(update(Benefit).where(Benefit.code == large_).values(**change))
        nothing_is_paid(large_, desk, manager)
    other = factories.actor("nrc.case_worker").organisation_id
    for change in (
        {"amount": 900_000}, {"months": 12}, {"voucher": "1111-2222", "channel": "voucher"}, {"organisation_id": other},
        {"from_month": date(2020, 1, 1)}, {"state": "called_off", "settled_month": days.today().replace(day=1)},
        {"nobody_on": days.today()}, {"mark": None}, {"mark": b""},
    ):  # fmt: skip
        with transaction() as session:
            session.execute(update(Benefit).where(Benefit.code == code).values(**change))
        nothing_is_paid(code, desk, None if "organisation_id" in change else manager)
        with transaction() as session:
            session.execute(update(Benefit).where(Benefit.code == code).values(**was))
    with transaction() as session:
        session.execute(insert(Benefit).values(**{**was, "code": "P-AAAA-BBBB-CCCC"}))
    nothing_is_paid("P-AAAA-BBBB-CCCC", desk, manager)
    with transaction() as session:
        session.execute(update(Benefit).where(Benefit.code.in_([code, large_])).values(amount=7, second="wanted"))
    worker = factories.actor("vatra.case_worker")
    opened(case_id, worker)
    refused(BenefitRefusal.FOREIGN, benefits.call_off, case_id=case_id, code=code, by=vatra)
    refused(BenefitRefusal.FOREIGN, benefits.agree, case_id=case_id, code=large_, by=worker)
    # It counts in no bound of the house: nobody has to agree to more because of it.
    with transaction() as session:
        session.execute(insert(Benefit).values(**{**was, "code": "P-AAAA-BBBB-DDDD", "amount": 9_000_000}))
    assert second_of(resident(vatra, 1), vatra, limit) == ""
    with transaction() as session:
        session.execute(update(Benefit).where(Benefit.code == code).values(**was))
    desk.post(f"/benefits/{code}", {"to": "paid"})
    with transaction() as session:
        session.execute(update(Benefit).where(Benefit.code == code).values(**was))
    assert "changed in the database by another hand" in desk.post(f"/benefits/{code}?lang=en", {"to": "paid"}, 409)
    paid = [each for each in entries() if each.event == "benefit_settled"]
    assert len(paid) == 1


@pytest.mark.slow
def test_who_asks_again_is_no_second_hand_and_another_house_asks_for_none_of_ours(
    app: Flask, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert app
    manager, worker = factories.actor(MANAGER), factories.actor("vatra.case_worker")
    case_id = resident(worker)
    opened(case_id, manager)
    most = country().benefit_limits.alone
    code = ask(case_id, worker, most)
    benefits.call_off(case_id=case_id, code=code, by=worker)
    assert second_of(case_id, worker, 1) == ""
    benefits.bring_back(case_id=case_id, code=code, by=manager)  # with what was asked for since, it is over the bound
    (line,) = store.by_codes([code], by=manager)
    assert line.second == "wanted"
    for by in (worker, manager):
        refused(BenefitRefusal.OWN, benefits.agree, case_id=case_id, code=code, by=by)
    # The person moved here with her notes: what the house before asked for stays its own.
    benefits.call_off(case_id=case_id, code=code, by=manager)
    with transaction() as session:
        row = session.get_one(Benefit, code)
        row.organisation_id = organisation("NRC")
        row.mark = marks.benefit_mark(row)
    refused(BenefitRefusal.GONE, benefits.bring_back, case_id=case_id, code=code, by=manager)
    page = sign_in(MANAGER)
    page.post(f"/cases/{case_id}/open", {"compartment": "care", "purpose": "care"})
    assert code not in page.get(f"/cases/{case_id}/benefits/again")
    assert code in page.get(f"/cases/{case_id}/benefits")


def nothing_is_paid(code: str, desk: Person, manager: Person | None) -> None:
    """The desk reads that another hand changed it and can record nothing; the house reads it, too."""
    page = desk.get(f"/benefits/{code}?lang=en")
    assert "changed in the database by another hand" in page
    assert "<form" not in page.split("<main")[1].split("</main>")[0]
    assert "changed in the database by another hand" in desk.post(f"/benefits/{code}?lang=en", {"to": "paid"}, 409)
    listed = desk.get("/benefits?lang=en")
    assert code in listed.split('id="foreign"')[1].split("</table>")[0]
    assert code not in listed.split('id="foreign"')[1].split("</table>")[1]
    if manager is not None:
        told = manager.get("/benefits/of-house?lang=en").split('role="alert"')[1].split("</div>")[0]
        assert code in told


def entries() -> list[AuditEntry]:
    db.session.rollback()
    return list(db.session.scalars(select(AuditEntry)))


def test_what_was_typed_of_a_benefit_stays_while_the_seal_is_closed_and_a_code_that_was_taken_out_is_missed(
    vatra: Actor, sign_in: SignIn
) -> None:
    """Somebody hid the screen in another window; and rows are deleted by who can write to the main database alone."""
    case_id = admitted(vatra).case_id
    cases.add_note(case_id=case_id, text="Hëngri mirë", by=vatra)
    case, path, manager = f"/cases/{case_id}", f"/cases/{case_id}/benefits", sign_in(MANAGER)
    month = f"{days.today():%Y-%m}"
    typed = {"once": str(uuid.uuid4()), "amount": "4321", "first": month, "months": "2", "channel": "voucher"}
    kept = manager.post(f"{path}/ask?lang=en", typed, 409)
    assert "What you typed stays on this page" in kept
    assert f'href="{case}/open/care?to=benefits" target="_blank"' in kept
    assert 'value="4321"' in kept
    assert f'value="{typed["once"]}"' in kept
    manager.post(f"{case}/open", {"compartment": "care", "purpose": "care", "to": "benefits"})
    assert manager.post(f"{path}/ask", typed).endswith(path)
    code = db.session.scalars(select(Benefit.code)).one()
    lost = "not in the list of the payment desk: another hand took it out"
    assert lost not in manager.get(f"{path}?lang=en")
    with transaction() as session:
        session.execute(delete(Benefit).where(Benefit.code == code))
    assert lost in manager.get(f"{path}?lang=en")
    factories.later(days=28 * 20 + 1)  # it may be old enough to be forgotten
    browser = sign_in(MANAGER)
    browser.post(f"{case}/open", {"compartment": "care", "purpose": "care", "to": "benefits"})
    page = browser.get(f"{path}?lang=en")
    assert code in page
    assert lost not in page
    assert "kept no longer" in page
