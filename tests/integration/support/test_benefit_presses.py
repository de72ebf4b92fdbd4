"""What was called off and is asked for again, what somebody put back in the database, and presses that come twice."""

from __future__ import annotations

import re
import uuid

import pytest
from flask import Flask
from sqlalchemy import func, inspect, select, update

from nrm.actions.support import benefits
from nrm.db import db, transaction
from nrm.domain.accounts.accounts import Actor
from nrm.domain.support.benefits import BenefitRefusal, State
from nrm.models.support.benefits import Benefit
from nrm.store import days
from nrm.store.countries import country
from nrm.store.shelter import stays
from nrm.store.support import benefits as store
from tests import factories
from tests.conftest import Person
from tests.factories_stays import admitted
from tests.integration.support.test_benefits import (
    DESK,
    MANAGER,
    SignIn,
    ask,
    nothing_is_paid,
    opened,
    opened_by,
    refused,
    resident,
    says_known,
    says_seen,
    second_of,
    state,
)
from tests.integration.support.test_follow_ups import leaves

WORKER = "vatra.case_worker"
AGAIN = "1 benefit that was called off is asked for again"
OFF = "1 benefit of the shelter was called off"
CARE = {"compartment": "care", "purpose": "care"}


@pytest.fixture
def vatra(app: Flask) -> Actor:
    assert app
    return factories.actor(MANAGER)


def line_of(code: str, by: Actor) -> store.BenefitLine:
    db.session.rollback()
    return store.by_codes([code], by=by)[0]


def main_of(page: str) -> str:
    return page.partition("<main")[2].partition("</main>")[0]


# --- called off, and asked for again


@pytest.mark.slow  # two of a house, the desk, and each press of them
def test_what_two_agreed_to_and_one_called_off_is_paid_only_when_two_agree_again(vatra: Actor, sign_in: SignIn) -> None:
    """The second one agreed by mistake and stops it; the first asker alone cannot have it paid."""
    worker = factories.actor(WORKER)
    case_id = resident(worker)
    opened(case_id, vatra)
    code, path = ask(case_id, worker, country().benefit_limits.alone + 1), f"/cases/{case_id}/benefits"
    benefits.agree(case_id=case_id, code=code, by=vatra)
    manager, asker, desk = sign_in(MANAGER), sign_in(WORKER), sign_in(DESK)
    for page in (manager, asker):
        page.post(f"/cases/{case_id}/open", CARE)
    assert code in desk.get("/benefits")
    manager.post(f"{path}/call-off", {"code": code})
    says_seen(manager, "off-seen", "looked")
    assert "a second one of you has to agree" in asker.get(f"{path}/again?lang=en")
    asker.post(f"{path}/again", {"code": code})
    assert line_of(code, vatra).second == "wanted"
    assert code not in desk.get("/benefits")
    desk.get(f"/benefits/{code}", 404)
    refused(BenefitRefusal.OWN, benefits.agree, case_id=case_id, code=code, by=worker)
    # Who called it off reads so at home, also after she had said that she saw it; her list says which.
    for page in (manager, asker):
        assert AGAIN in page.get("/?lang=en")
        house = page.get("/benefits/of-house?lang=en")
        assert code in house.partition('id="again"')[2].partition("</div>")[0]
    assert OFF not in manager.get("/?lang=en")
    assert AGAIN not in sign_in("iom.shelter_manager").get("/?lang=en")
    # As long as it waits for a second one nobody puts that by.
    assert "Nothing is new" in manager.get("/benefits/of-house/off-seen?lang=en")
    assert benefits.off_seen(codes=[code], by=vatra) == 0
    assert AGAIN in manager.get("/?lang=en")
    manager.post(f"{path}/agree", {"code": code})
    assert "by two members" in desk.get(f"/benefits/{code}?lang=en")
    assert AGAIN in manager.get("/?lang=en")
    says_seen(manager, "off-seen", "looked")
    for page in (manager, asker):
        assert AGAIN not in page.get("/?lang=en")
    # Nor does it help to call it off oneself in between.
    asker.post(f"{path}/call-off", {"code": code})
    asker.post(f"{path}/again", {"code": code})
    assert line_of(code, vatra).second == "wanted"
    assert AGAIN in manager.get("/?lang=en")


def test_what_another_one_called_off_waits_for_a_second_member_however_small_it_is(
    vatra: Actor, sign_in: SignIn
) -> None:
    worker = factories.actor(WORKER)
    case_id = resident(worker)
    opened(case_id, vatra)
    code = ask(case_id, worker, 10)
    assert line_of(code, vatra).second == ""
    # Who asked called it off and asks again: nobody else said anything.
    benefits.call_off(case_id=case_id, code=code, by=worker)
    benefits.bring_back(case_id=case_id, code=code, by=worker)
    assert line_of(code, vatra).second == ""
    assert AGAIN not in sign_in(MANAGER).get("/?lang=en")
    # Another one called it off, and who asked calls that a mistake: also once they call it off themselves in between.
    benefits.call_off(case_id=case_id, code=code, by=vatra)
    for _ in range(2):
        benefits.bring_back(case_id=case_id, code=code, by=worker)
        assert line_of(code, vatra).second == "wanted"
        assert AGAIN in sign_in(MANAGER).get("/?lang=en")
        benefits.call_off(case_id=case_id, code=code, by=worker)
    benefits.bring_back(case_id=case_id, code=code, by=worker)
    benefits.agree(case_id=case_id, code=code, by=vatra)
    assert line_of(code, vatra).second == "given"


# --- put back in the database by another hand


@pytest.mark.slow
def test_a_paid_benefit_whose_older_row_is_put_back_is_shown_as_changed_before_anybody_pays(
    vatra: Actor, sign_in: SignIn
) -> None:
    """By its own mark the older row is right; the audit chain knows better."""
    code, other = ask(resident(vatra), vatra), ask(resident(vatra, 1), vatra)
    desk, manager = sign_in(DESK), sign_in(MANAGER)
    asked, paid_one = _row(code), f"/benefits/{code}"
    desk.post(paid_one, {"to": "paid"})
    paid = _row(code)
    _put_back(code, asked)
    assert "1 benefit waits to be paid" in desk.get("/?lang=en")  # the other one alone
    assert "1 benefit was changed in the database by another hand" in desk.get("/?lang=en")
    nothing_is_paid(code, desk, manager)
    assert code not in desk.get("/benefits").partition('id="waiting"')[2].partition("</table>")[0]
    assert other in desk.get("/benefits").partition('id="waiting"')[2].partition("</table>")[0]
    assert "<form" not in main_of(desk.get(paid_one))
    refused(BenefitRefusal.PUT_BACK, benefits.settle, code=code, to=State.PAID, by=factories.actor(DESK))
    # Nobody is told to ask for it again: it was paid.
    house = manager.get("/benefits/of-house?lang=en").partition('role="alert"')[2].partition("</div>")[0]
    assert "do not ask for them again" in house
    assert "ask for them again there" not in house
    assert "under a new code" not in desk.get(f"{paid_one}?lang=en")
    # Called off by the house, it is not believed either; and the right row is right again.
    month = days.today().replace(day=1)
    _put_back(code, paid)
    assert 'id="foreign"' not in desk.get("/benefits")
    assert "changed in the database" not in desk.get("/?lang=en")
    # It came back; the row that says "paid" is put back: what the desk could take back of it would make it wait again.
    desk.post(paid_one, {"to": "returned"})
    returned = _row(code)
    _put_back(code, paid)
    nothing_is_paid(code, desk, manager)
    assert "changed in the database by another hand" in desk.post(f"{paid_one}/undo?lang=en", {}, 409)
    _put_back(code, returned)
    # What the desk itself took back waits again, rightly.
    for _ in range(2):
        desk.post(f"{paid_one}/undo")
        desk.post(paid_one, {"to": "returned"})
    desk.post(f"{paid_one}/undo")
    assert state(code) == "paid"
    assert 'id="foreign"' not in desk.get("/benefits")
    # An invented row counts at home as changed, and not as one that waits.
    with transaction() as session:
        session.execute(update(Benefit).where(Benefit.code == other).values(amount=900_000))
    page = desk.get("/?lang=en")
    assert "waits to be paid" not in page
    assert "1 benefit was changed in the database by another hand" in page
    assert month == days.today().replace(day=1)


def _row(code: str) -> dict[str, object]:
    db.session.rollback()
    row = db.session.get_one(Benefit, code, populate_existing=True)
    return {name: getattr(row, name) for name in inspect(Benefit).columns.keys()}  # noqa: SIM118


def _put_back(code: str, was: dict[str, object]) -> None:
    with transaction() as session:
        session.execute(update(Benefit).where(Benefit.code == code).values(**was))


# --- what is said of what was called off


def test_what_the_desk_answered_is_not_said_to_be_asked_for_again(vatra: Actor, sign_in: SignIn) -> None:
    case_id = resident(vatra)
    code, open_one = ask(case_id, vatra), ask(case_id, vatra)
    for each in (code, open_one):
        benefits.call_off(case_id=case_id, code=each, by=vatra)
    benefits.settle(code=code, to=State.RETURNED, by=factories.actor(DESK))
    manager = sign_in(MANAGER)
    answered = "it cannot be asked for again under this code"
    for address, end in (("/benefits/of-house", "</div>"), ("/benefits/of-house/off-seen", "</ul>")):
        page = main_of(manager.get(f"{address}?lang=en"))
        note = page.partition('id="off"')[2].partition(end)[0] if end == "</div>" else page
        assert "there it can be asked for again" not in page
        assert answered in note.partition(code)[2].partition("P-")[0]
        assert answered not in note.partition(open_one)[2].partition("P-")[0]
        assert "can be asked for again until" in note.partition(open_one)[2].partition("P-")[0]


def test_what_the_desk_took_back_twice_was_taken_back_already(vatra: Actor, sign_in: SignIn) -> None:
    code, desk = ask(resident(vatra), vatra), sign_in(DESK)
    path = f"/benefits/{code}"
    desk.post(path, {"to": "paid"})
    assert 'name="stands" value="paid"' in desk.get(path).partition(f'action="{path}/undo"')[2]
    for data in ({"stands": "paid"}, {"stands": "paid"}, {}):
        if state(code) == "paid":
            assert desk.post(f"{path}/undo", data).endswith(path)
            continue
        page = main_of(desk.post(f"{path}/undo?lang=en", data, 409))
        assert "It was taken back already" in page
        assert "A day is over" not in page
        assert "What became of it?" in page
    # That it was returned is taken back: the second press does not take back that it was paid.
    for said in ("paid", "returned"):
        desk.post(path, {"to": said})
    desk.post(f"{path}/undo", {"stands": "returned"})
    page = main_of(desk.post(f"{path}/undo?lang=en", {"stands": "returned"}, 409))
    assert "It was taken back already" in page
    assert state(code) == "paid"
    # Another one of the desk said something else meanwhile.
    desk.post(path, {"to": "returned"})
    page = desk.post(f"{path}/undo?lang=en", {"stands": "paid"}, 409)
    assert "it stands otherwise since you opened the page" in page
    assert state(code) == "returned"


# --- that the person knows it


@pytest.mark.slow
def test_that_she_knows_is_said_of_what_the_page_showed_by_name_and_taken_back_for_a_day(
    vatra: Actor, sign_in: SignIn
) -> None:
    code, new = ask(case_id := resident(vatra), vatra), "The payment desk said something new of 1 benefit"
    path, manager, desk, worker = f"/cases/{case_id}/benefits", sign_in(MANAGER), sign_in(DESK), sign_in(WORKER)
    manager.post(f"/cases/{case_id}/open", CARE)
    worker.post(f"/cases/{case_id}/open", CARE)
    desk.post(f"/benefits/{code}", {"to": "returned"})
    (old_tab,) = re.findall(r'name="shown" value="([^"]+)"', worker.get(path))
    desk.post(f"/benefits/{code}/undo")
    desk.post(f"/benefits/{code}", {"to": "paid"})
    for shown in (old_tab, "", "P-2222-2222-2222=paid"):
        page = worker.post(f"{path}/told?lang=en", {"shown": shown}, 409)
        assert "it stands otherwise since you opened the page" in page
        assert "The person knows" in page
        assert f'value="{code}=paid"' in page
    assert new in worker.get("/?lang=en")
    says_known(worker, path)
    said = f"{WORKER} said that the person knows what became of it"
    for page in (worker, manager):
        assert new not in page.get("/?lang=en")
        assert said in page.get(f"{path}?lang=en")
    assert worker.post(f"{path}/told", {"shown": f"{code}=paid"}).endswith(path)  # pressed twice, it is said once
    assert main_of(worker.get(f"{path}?lang=en")).count(said) == 1
    # It was a mistake: whoever reads it takes it back, and the house is told again.
    assert "The person does not know it yet" in manager.get(f"{path}?lang=en")
    for _ in range(2):
        manager.post(f"{path}/not-told", {"code": code})
    page = main_of(worker.get(f"{path}?lang=en"))
    assert page.count(f"{MANAGER} took back that the person knows it") == 1
    assert said in page
    assert new in worker.get("/?lang=en")
    manager.post(f"{path}/not-told", {"code": "P-2222-2222-2222"}, 409)
    says_known(manager, path)
    factories.later(days=1, hours=1)
    manager = sign_in(MANAGER)
    manager.post(f"/cases/{case_id}/open", CARE)
    assert "The person does not know it yet" not in manager.get(f"{path}?lang=en")
    assert "can be taken back for a day" in manager.post(f"{path}/not-told?lang=en", {"code": code}, 409)
    assert new not in manager.get("/?lang=en")


def test_who_told_her_asks_for_nothing_and_agrees_to_nothing(vatra: Actor) -> None:
    """What is called off by who asked for it concerns nobody else, whoever told her of it."""
    worker = factories.actor(WORKER)
    case_id = resident(worker)
    opened(case_id, vatra)
    code = ask(case_id, worker, 10)
    benefits.call_off(case_id=case_id, code=code, by=worker)
    desk = factories.actor(DESK)
    benefits.settle(code=code, to=State.RETURNED, by=desk)
    benefits.told(case_id=case_id, stands={code: "returned"}, by=vatra)
    benefits.undo(code=code, by=desk)
    benefits.bring_back(case_id=case_id, code=code, by=worker)
    assert line_of(code, vatra).second == ""


# --- the case is closed


@pytest.mark.slow
def test_what_waits_for_a_second_one_is_said_at_the_closing_and_agreed_to_afterwards(
    vatra: Actor, sign_in: SignIn
) -> None:
    worker = factories.actor(WORKER)
    case_id = resident(worker)
    opened(case_id, vatra)
    codes = [ask(case_id, worker, country().benefit_limits.alone + more) for more in (1, 2)]
    stay = stays.of_case(case_id, by=worker).current
    assert stay is not None
    leaves(stay.id, worker)
    page, case = sign_in(WORKER), f"/cases/{case_id}"
    page.post(f"{case}/open", CARE)
    assert "waits for a second one of you" in (first := page.get(f"{case}/close?lang=en"))
    assert "waits to be paid" not in first
    answers = {"follow_up": "not_asked", "documents": "none_held", "debts": "none"}
    assert "waits for a second one of you" in page.post(f"{case}/close?lang=en", answers, 200)
    page.post(f"{case}/close", {**answers, "step": "2"})
    manager, desk = sign_in(MANAGER), sign_in(DESK)
    manager.post(f"{case}/open", CARE)
    assert "2 benefits wait for a second one of you" in manager.get("/?lang=en")
    assert codes[0] not in desk.get("/benefits")
    refused(BenefitRefusal.OWN, benefits.agree, case_id=case_id, code=codes[0], by=worker)
    manager.post(f"{case}/benefits/agree", {"code": codes[0]})
    manager.post(f"{case}/benefits/call-off", {"code": codes[1]})
    assert "for a second one of you" not in manager.get("/?lang=en")
    assert "agreed to by" in manager.get(f"{case}/benefits?lang=en")
    assert codes[0] in desk.get("/benefits")
    assert codes[1] not in desk.get("/benefits")
    refused(BenefitRefusal.CLOSED, ask, case_id=case_id, by=vatra)  # nothing new


# --- the same press twice


def test_who_asks_twice_while_care_is_not_open_reads_that_it_was_asked_for(vatra: Actor, sign_in: SignIn) -> None:
    path = f"/cases/{admitted(vatra).case_id}/benefits"
    manager = sign_in(MANAGER)
    (once,) = re.findall(r'name="once" value="([0-9a-f-]{36})"', manager.get(f"{path}/ask"))
    data = {"once": once, "amount": "12000", "first": f"{days.today():%Y-%m}", "months": "1", "channel": "account"}
    manager.post(f"{path}/ask", dict(data), 200)
    second = manager.post(f"{path}/ask?lang=en", dict(data), 409)
    assert "Nothing was done yet" not in second
    assert "Your first press asked for it already" in second
    assert "/open/care?to=benefits" in second
    assert db.session.scalar(select(func.count()).select_from(Benefit)) == 1
    # Another form, while what is there is not open, asks for nothing, and says so.
    other = manager.post(f"{path}/ask?lang=en", {**data, "once": str(uuid.uuid4())}, 409)
    assert "Nothing was done yet" in other
    assert "Your first press" not in other


@pytest.mark.slow
def test_the_second_press_says_that_it_is_done_already(vatra: Actor, sign_in: SignIn) -> None:
    """And names no other code as if that was meant."""
    worker = factories.actor(WORKER)
    case_id, most = resident(worker), country().benefit_limits.alone
    opened(case_id, vatra)
    code, others = ask(case_id, worker, most + 1), ask(case_id, worker, most + 2)
    path, manager, desk = f"/cases/{case_id}/benefits", sign_in(MANAGER), sign_in(DESK)
    manager.post(f"/cases/{case_id}/open", CARE)

    def twice(press: str, said: str) -> None:
        assert manager.post(f"{path}/{press}", {"code": code}).endswith(path)
        _says(manager, f"{path}/{press}", code, said, others)

    twice("agree", "A second one of you agreed to it already")
    benefits.agree(case_id=case_id, code=others, by=opened_by(case_id))
    twice("call-off", "It is called off already")
    benefits.call_off(case_id=case_id, code=others, by=vatra)
    twice("again", "It is asked for again already")
    paid = ask(case_id, vatra, 1)
    desk.post(f"/benefits/{paid}", {"to": "paid"})
    for press in ("agree", "call-off", "again"):
        _says(manager, f"{path}/{press}", paid, "It is paid, returned or called off already", others)
    manager.post(f"{path}/call-off", {"code": "P-2222-2222-2222"}, 422)
    # Nobody finds the person: said twice, it is said once.
    benefits.bring_back(case_id=case_id, code=others, by=vatra)
    manager.post("/benefits/of-house/call-off", {"code": others})
    page = manager.post("/benefits/of-house/call-off?lang=en", {"code": others}, 409)
    assert "It is said already that nobody finds whose it is" in page


def _says(person: Person, address: str, code: str, said: str, not_named: str) -> None:
    page = person.post(f"{address}?lang=en", {"code": code}, 409)
    assert said in page
    assert not_named not in page


# --- sums


def test_what_waits_for_a_second_one_is_counted_apart_from_what_the_desk_is_asked_for(
    vatra: Actor, sign_in: SignIn
) -> None:
    case_id, most = resident(vatra), country().benefit_limits.alone
    assert (second_of(case_id, vatra, 1_234), second_of(case_id, vatra, most + 7)) == ("", "wanted")
    table = sign_in(MANAGER).get("/benefits/of-house?lang=en").partition('id="sums"')[2].partition("</table>")[0]
    assert "Waits for a second one of you" in table
    cells = re.findall(r'<td class="n"[^>]*>([^<]+)</td>', table.replace("\u00a0", ","))
    assert cells == ["1,234", f"{most + 7:,}"]
    assert state(store.of_house(by=vatra)[0].code) == "asked"
