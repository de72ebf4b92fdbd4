"""Nights of a quarter: counted, signed by the manager with her key, paid against the contract, and not without her."""

from __future__ import annotations

import csv
import io
import json
import re
import uuid
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import delete, insert, select, update

from nrm.actions.shelter import absences, away, corrections, stays
from nrm.actions.shelter import places as place_actions
from nrm.actions.support import subsidies
from nrm.db import db, transaction
from nrm.domain.accounts.accounts import Actor, NotPermitted, NotVisible
from nrm.domain.quarters import Quarter
from nrm.domain.reports import reports as rules
from nrm.domain.shelter.absences import Feared
from nrm.domain.shelter.corrections import Why
from nrm.domain.shelter.places import ExtraReason
from nrm.domain.shelter.stays import Destination, ExitReason
from nrm.domain.support.contracts import ContractRefusal, ContractRefused, Terms
from nrm.domain.support.subsidies import NightsRefusal, NightsRefused, PaymentRefused, Stand
from nrm.models.agreement.agreements import Contract, ContractChange, ContractVersion
from nrm.models.audit import AuditEntry
from nrm.models.reports.reports import PaymentLine
from nrm.models.support.subsidies import NightPayment, NightStatement
from nrm.store import days, names
from nrm.store.countries import country
from nrm.store.shelter import payment_lines, places
from nrm.store.support import subsidies as store
from nrm.vault import rows as marked
from nrm.vault import signing
from tests import accommodated, contracts_by_two, factories
from tests.conftest import Command, Person
from tests.factories_stays import admitted
from tests.integration.reports.test_report_commands import verify_alone

SignIn = Callable[[str], Person]
MANAGER, DESK, COORDINATOR = "vatra.shelter_manager", "molsa.payment_officer", "oms.coordinator"
Q2, Q3, Q4 = Quarter(2026, 2), Quarter(2026, 3), Quarter(2026, 4)
RELEASE = Actor.system("release")


def on(day: date, login: str = MANAGER) -> Actor:
    accommodated.at(day)
    return factories.actor(login)


def freeze(quarter: Quarter, **of_vatra: object) -> None:
    with transaction() as session:
        lines = payment_lines.lines(quarter, by=RELEASE)
        own = next(each for each in lines if each.organisation_id == names.organisation_by_code("VATRA").id)
        if "payable" in of_vatra:  # whatever the days
            own.by_day = " ".join([str(of_vatra["payable"]), *["0"] * (quarter.end - quarter.start).days, "0"])
        for name, value in of_vatra.items():
            setattr(own, name, value)
        own.mark = marked.payment_line_mark(own)
        session.add_all(lines)


def contract(nights: int, amount: int, /, **more: object) -> uuid.UUID:
    terms: dict[str, object] = {
        "number": f"{uuid.uuid4().hex[:6]}/2026",
        "subject": "Accommodation",
        "amount": 4 * amount,
        "from_on": date(2026, 1, 1),
        "until_on": date(2026, 12, 31),
        "nights": (nights, amount),
    }
    organisation_id = names.organisation_by_code("VATRA").id
    return contracts_by_two.recorded(organisation_id, Terms(**{**terms, **more}))  # type: ignore[arg-type]


def line(quarter: Quarter, by: Actor) -> store.Line:
    db.session.rollback()
    return store.line(quarter, "VATRA", by=by)


def sign(quarter: Quarter, by: Actor) -> None:
    found = line(quarter, by)
    subsidies.sign(quarter, seen=subsidies.version(found) if found.waits else "", by=by)


def span(first: date, after: date) -> set[date]:
    return {first + timedelta(days=number) for number in range((after - first).days)}


@pytest.mark.slow
def test_what_is_paid_is_what_one_counts_day_by_day(app: Flask) -> None:
    assert app
    by = on(date(2026, 4, 2))
    contract(600, 1_200_000)
    price = 2_000
    people = [admitted(by, bed=0) for _ in range(6)]
    slept = {number: span(date(2026, 4, 2), date(2026, 10, 1)) for number in range(6)}
    # One does not come back, and is found a week later: the night of the first day is none.
    by = on(date(2026, 4, 20))
    alarm = absences.report(
        case_id=people[0].case_id, since=datetime(2026, 4, 20, 8, tzinfo=UTC), feared=Feared.NO, by=by
    )
    by = on(date(2026, 4, 27))
    absences.found(missing_id=alarm, by=by)
    slept[0] -= span(date(2026, 4, 20), date(2026, 4, 27))
    # One is at the hospital for longer than the nights that the country counts.
    by = on(date(2026, 5, 4))
    gone = away.record(
        stay_id=people[1].stay_id, since_on=date(2026, 5, 4), expected_on=date(2026, 6, 30), reason="", by=by
    )
    by = on(date(2026, 6, 15))
    away.back(away_id=gone, back_on=date(2026, 6, 15), by=by)
    counted = country().away_nights_counted
    slept[1] -= span(date(2026, 5, 4) + timedelta(days=counted), date(2026, 6, 15))
    # Somebody for whom an extra place is made, for three nights.
    unit = places.units(by=by)[0].id
    extra = place_actions.extra(
        unit_id=unit, from_on=date(2026, 6, 15), until_on=date(2026, 6, 20), why=ExtraReason.BUILDING_FULL, by=by
    )
    free = [each for each, *_ in places.free_places(by=by)]
    people.append(admitted(by, bed=free.index(extra)))
    by = on(date(2026, 6, 18))
    leaves(people[6].stay_id, date(2026, 6, 18), by)
    slept[6] = span(date(2026, 6, 15), date(2026, 6, 18))
    # One leaves, the day of the exit is none.
    by = on(date(2026, 6, 20))
    leaves(people[2].stay_id, date(2026, 6, 20), by)
    slept[2] = span(date(2026, 4, 2), date(2026, 6, 20))
    by = on(date(2026, 7, 10))
    freeze(Q2)
    second = span(Q2.start, Q3.start)
    naive = sum(len(each & second) for each in slept.values())
    sign(Q2, by)
    found = line(Q2, factories.actor(DESK))
    assert (found.base.paid, found.to_pay, found.stand) == (naive, naive * price, Stand.SIGNED)
    # What becomes known later is in the next quarter, and stands there as such for the shelter.
    corrections.correct_admission(stay_id=people[3].stay_id, admitted_on=date(2026, 4, 12), why=Why.MISTYPED, by=by)
    slept[3] -= span(date(2026, 4, 2), date(2026, 4, 12))
    by = on(date(2026, 10, 10))
    freeze(Q3)
    third = span(Q3.start, date(2026, 10, 1))
    own = line(Q3, by)
    assert (own.base.nights, own.base.earlier) == (sum(len(each & third) for each in slept.values()), -10)
    sign(Q3, by)
    desk = factories.actor(DESK)
    paid = [line(each, desk) for each in (Q2, Q3)]
    total = sum(len(each & (second | third)) for each in slept.values())
    assert sum(each.base.paid or 0 for each in paid) == total
    assert sum(each.to_pay or 0 for each in paid) == total * price
    assert [(each.base.nights, each.base.earlier) for each in paid] == [(None, None)] * 2


@pytest.mark.slow
@pytest.mark.parametrize("residents", [1, 6])
def test_a_contract_that_is_recorded_after_the_closing_pays_for_its_days_on_each_page_and_in_the_file(
    app: Flask, sign_in: SignIn, residents: int
) -> None:
    """Nights of the whole quarter filled the few of five days: twice what was due was paid."""
    assert app
    by = on(date(2026, 8, 1))
    people = [admitted(by, bed=0) for _ in range(residents)]
    by = on(date(2026, 9, 28))
    leaves(people[0].stay_id, date(2026, 9, 28), by)
    by = on(date(2026, 10, 10))
    freeze(Q3)
    desk, kept_each_day = factories.actor(DESK), len(places.free_places(by=by)) + residents - 1
    whole = line(Q3, desk).base.paid
    contract(4_600, 460_000, from_on=date(2026, 9, 26))
    days_of_it = span(date(2026, 9, 26), Q4.start)
    slept = [span(date(2026, 8, 1), date(2026, 9, 28)), *[span(date(2026, 8, 1), Q4.start)] * (residents - 1)]
    naive = sum(len(each & days_of_it) for each in slept) if residents == 6 else kept_each_day * len(days_of_it)
    assert whole is not None
    assert whole > 4 * naive
    manager = sign_in(MANAGER)
    before = manager.get("/payment/2026Q3/sign?lang=en")
    assert f"<dt>Counted for payment</dt><dd>{naive}</dd>" in before
    assert "beyond the contract" not in before
    put_right = "a correction of a stay changes nothing of it" if residents == 1 else "you correct at the stay"
    part = "what is counted are those of the days that it covers"
    assert (put_right in before, part in before) == (True, True)
    sign(Q3, by)
    assert put_right in manager.get("/payment/2026Q3/sign?lang=en")
    found = line(Q3, desk)
    assert (found.stand, found.base.paid, found.agreed_nights) == (Stand.SIGNED, naive, 250)
    assert (found.to_pay, found.over) == (naive * 100, 0)
    said = json.loads(subsidies.take(Q3, "VATRA", by=desk))
    assert (said["nights"], said["to_pay"]) == (naive, naive * 100)
    for page in (sign_in(DESK).get("/payment?lang=en"), manager.get("/payment?lang=en")):
        assert f'data-l="Counted for payment">{naive}<' in page
        assert (page.count(part), "beyond the contract" in page) == (1, False)
    assert f",{naive},250," in sign_in(DESK).post("/payment/csv?lang=en", {}, 200)
    # It ends before the quarter does: what was signed stays, and what is signed next is that of fewer days.
    (made,) = db.session.scalars(select(Contract.id))
    factories.later(minutes=1)
    ended = Terms("8", "x", 1, date(2026, 9, 26), date(2026, 12, 31), date(2026, 9, 27), (4_600, 460_000))
    contracts_by_two.changed(made, ended)
    found, fewer = line(Q3, desk), 12 if residents == 6 else 2 * kept_each_day
    assert (found.stand, found.base.paid, found.counted_now) == (Stand.CHANGED, naive, fewer)
    sign(Q3, factories.actor(MANAGER))
    assert line(Q3, desk).to_pay == fewer * 100
    on(date(2027, 1, 12))
    freeze(Q4)
    later = next(each for each in db.session.scalars(select(PaymentLine).where(_vatra())) if each.quarter == "2026Q4")
    assert residents == 1 or later.payable == 5 * 92  # nothing is added or taken off for days that are not paid for


def leaves(stay_id: uuid.UUID, day: date, by: Actor) -> None:
    stays.end(
        stay_id=stay_id,
        ended_on=day,
        exit_reason=ExitReason.INDEPENDENT_LIVING,
        destination=Destination.OWN_HOME,
        where="home",
        by=by,
    )


@pytest.mark.slow
def test_who_signs_nights_that_no_contract_pays_for_is_not_told_that_they_are_paid(app: Flask, sign_in: SignIn) -> None:
    on(date(2026, 10, 10))
    freeze(Q3, payable=450, basis="nights")
    manager, task = sign_in(MANAGER), "/payment/2026Q3/sign"
    home = manager.get("/?lang=en")
    assert "Sign the nights of July–September 2026: no contract pays for them" in home
    assert "unsigned they are not paid" not in home
    page = manager.get(f"{task}?lang=en")
    assert "Without your signature the quarter is not paid" not in page
    seen = re.findall(r'name="seen"[^>]*value="([0-9a-f]{64})"', page)[0]
    manager.post(task, {"seen": seen, "agreed": "y"})
    page = manager.get(f"{task}?lang=en")
    assert "No contract pays for nights: there is nothing to pay." in page
    assert "can pay" not in page


def test_a_quarter_is_paid_when_its_manager_signed_and_the_file_is_checked_with_her_key_alone(
    app: Flask, sign_in: SignIn, command: Command, tmp_path: Path
) -> None:
    by = on(date(2026, 10, 10))
    contract(400, 800_000)
    freeze(Q3, payable=450, basis="nights")
    desk, manager, worker = sign_in(DESK), sign_in(MANAGER), sign_in("vatra.case_worker")
    page = desk.get("/payment?lang=en")
    assert "not signed: not paid" in page
    assert 'id="next-to-sign"' not in page
    assert "800 000" in page.replace("\u00a0", " ").replace(",", " ")
    task = "/payment/2026Q3/sign"
    for path in ("/", "/to-do", "/tasks"):
        assert task in manager.get(path)
        assert task not in worker.get(path)
    note = "Sign the nights of July–September 2026: unsigned they are not paid"
    assert note in manager.get("/?lang=en")
    assert note not in worker.get("/?lang=en")
    worker.get(task, 403)
    desk.get(task, 403)
    page = manager.get(f"{task}?lang=en")
    assert "50 nights are beyond the contract" in page
    seen = re.findall(r'name="seen"[^>]*value="([0-9a-f]{64})"', page)[0]
    desk.post("/payment/2026Q3/VATRA/file", {}, 404)
    manager.post(task, {"seen": seen}, 422)
    manager.post(task, {"seen": "0" * 64, "agreed": "y"}, 409)
    assert manager.post(task, {"seen": seen, "agreed": "y"}) == task
    assert note not in manager.get("/?lang=en")
    assert "The payment desk sees it and can pay" in manager.get(f"{task}?lang=en")
    manager.post(task, {"seen": seen, "agreed": "y"}, 409)
    for path in ("/", "/to-do", "/tasks"):
        assert task not in manager.get(path)
    assert "Signed on" in manager.get(f"{task}?lang=en")
    found = line(Q3, factories.actor(DESK))
    assert (found.to_pay, found.over, found.stand) == (800_000, 50, Stand.SIGNED)
    rows = list(csv.reader(io.StringIO(desk.client.post("/payment/csv?lang=en", data=_token(desk)).text)))
    paid = ["450", "400", "800000", "400", "800000", "", "signed"]
    assert [row[-7:] for row in rows if row[1] == "VATRA"] == [paid]
    # Both take the same file away; it opens with her public key, and with no other one.
    files = [each.client.post("/payment/2026Q3/VATRA/file", data=_token(each)) for each in (desk, manager)]
    assert files[0].data == files[1].data
    assert "filename=nights-VATRA-2026Q3.json" in files[0].headers["Content-Disposition"]
    value, file = json.loads(files[0].data), tmp_path / "nights.json"
    assert set(value) == {
        "format", "statement", "shelter", "quarter", "basis", "nights", "contracts", "to_pay", "signatures",
    }  # fmt: skip
    file.write_bytes(files[0].data)
    (entry,) = value["signatures"]
    printed = command(app, "report", "keys")[1].decode().splitlines()
    assert f"{entry['public_key']} shelter_manager VATRA" in printed
    others = [each.split()[0] for each in printed if not each.endswith("shelter_manager VATRA")]

    def alone(*keys: str) -> int:
        return verify_alone(file, *map(bytes.fromhex, keys))[0]

    assert alone(entry["public_key"]) == 0
    assert alone(others[0], entry["public_key"]) == 0
    assert {alone(key) for key in others[:3]} == {1}
    assert command(app, "report", "verify", str(file))[0] == 0
    for changed in (
        {"nights": 451},
        {"to_pay": 900_000},
        {"quarter": "2026Q2"},
        {"signatures": [{**entry, "signed_at": "2026-01-01T00:00:00+00:00"}]},
        {"signatures": [{**entry, "office": "NRC"}]},
        {"signatures": [entry, entry]},
        {"signatures": []},
        {"signatures": ["x"]},
    ):
        file.write_text(json.dumps({**value, **changed}))
        assert command(app, "report", "verify", str(file))[0] == 1, changed
        assert changed == {"signatures": [entry, entry]} or alone(entry["public_key"]) == 1, changed
    db.session.rollback()
    events = db.session.scalars(
        select(AuditEntry.event).where(AuditEntry.event.in_(("nights_signed", "payment_read"))).order_by(AuditEntry.id)
    )
    assert sorted(events) == ["nights_signed", "payment_read", "payment_read", "payment_read"]
    assert by.organisation_code == "VATRA"


def _token(person: Person) -> dict[str, str]:
    return {"csrf_token": person.csrf_token}


@pytest.mark.slow
def test_what_was_signed_keeps_its_figures_and_is_paid_once_and_by_another_hand_nothing_is(
    app: Flask, sign_in: SignIn, command: Command, tmp_path: Path
) -> None:
    by = on(date(2026, 10, 10))
    coordinator = factories.actor(COORDINATOR)
    made = contract(400, 800_000)
    freeze(Q3, payable=100)
    sign(Q3, by)
    desk = factories.actor(DESK)
    first = subsidies.take(Q3, "VATRA", by=desk)
    page, address = sign_in(DESK), "/payment/2026Q3/VATRA/paid"
    listed = page.get("/payment?lang=en")
    assert "nothing to pay: no contract pays for nights" in listed  # of every other shelter
    assert "not signed: not paid" not in listed
    assert "nothing to pay: no contract pays for nights" in page.post("/payment/csv?lang=en", {}, 200)
    seen = {"seen": subsidies.left_of(line(Q3, desk))}
    assert "200,000 lek was paid" in page.get(f"{address}?lang=en").replace("\u00a0", ",")
    assert "1 signed quarter waits for what was paid:" in listed
    page.post(address, seen, 422)
    page.post(address, {**seen, "what": "mistake"}, 422)
    for login in (MANAGER, COORDINATOR):
        sign_in(login).get(address, 403)
    assert page.post(address, {**seen, "what": "paid"}) == address
    done = page.get(f"{address}?lang=en")
    assert "Recorded: nothing is left to be paid of this quarter." in done
    assert "If it was a mistake" in done
    assert "waits for what was paid" not in page.get("/payment?lang=en")
    assert "Something else stands here now" in page.post(f"{address}?lang=en", {**seen, "what": "mistake"}, 409)
    page.post(address, {**seen, "what": "paid"}, 409)  # nothing is left: no second payment
    assert (line(Q3, desk).paid_amount, line(Q3, desk).left) == (200_000, 0)
    # The contract says something else now. What was signed stays; the difference counts once she signs again.
    terms = Terms("9/2026", "x", 1, date(2026, 1, 1), date(2026, 12, 31), nights=(400, 400_000))
    factories.later(minutes=1)
    contracts_by_two.changed(made, terms)
    by, desk = factories.actor(MANAGER), factories.actor(DESK)
    found = line(Q3, desk)
    assert (found.stand, found.amount, found.to_pay, found.left) == (Stand.CHANGED, 200_000, 200_000, 0)
    assert (found.agreed_amount, found.amount_now) == (800_000, 100_000)
    assert "by the contract of now: 100,000" in page.get("/payment?lang=en").replace("\u00a0", ",")
    # What is not paid yet is paid by what she signed only with a yes and a reason, beside the contract of now. A
    # transfer that came back is no mistake of who recorded it.
    page.post(address, {"seen": subsidies.left_of(found), "what": "returned"})
    shown = page.get(f"{address}?lang=en").replace("\u00a0", ",")
    assert "<small>it came back</small>" in shown
    assert "stands in the contract on paper" in shown
    assert re.search(r"By the contract of now in [Ll]ek</dt><dd>100,000", shown)
    assert "ask the coordinator first" in shown
    again = {"seen": subsidies.left_of(line(Q3, desk)), "what": "paid"}
    assert "Write why it is paid all the same" in page.post(f"{address}?lang=en", {**again, "reason": " "}, 422)
    assert "Enter at most 300 characters" in page.post(f"{address}?lang=en", {**again, "reason": "x" * 301}, 422)
    with pytest.raises(PaymentRefused):
        subsidies.pay(Q3, "VATRA", seen=again["seen"], by=desk)
    assert line(Q3, desk).paid_amount == 0
    page.post(address, {**again, "reason": "Koordinatori: me kontratën e vjetër"})
    assert "me kontratën e vjetër" in page.get(address)
    assert line(Q3, desk).left == 0
    settled = page.get(f"{address}?lang=en")  # nobody is asked why it is paid where nothing is left to be paid
    assert "ask the coordinator first" not in settled
    assert 'name="reason"' not in settled
    assert "Look, or take back" in page.get("/payment?lang=en")
    assert subsidies.take(Q3, "VATRA", by=desk) == first
    assert "/payment/2026Q3/sign" in sign_in(MANAGER).get("/")
    with pytest.raises(NightsRefused) as refused:
        subsidies.sign(Q3, seen="other", by=by)
    assert refused.value.reason is NightsRefusal.CHANGED
    manager = sign_in(MANAGER)
    factories.later(minutes=6)
    shown = {"seen": subsidies.version(line(Q3, by)), "agreed": "y"}
    proof = manager.post("/payment/2026Q3/sign?lang=en", shown, 401)
    assert "Show that it is you" in proof
    assert "who can open what" not in proof
    assert "<dt>Quarter" in proof  # which one, and of which house
    assert "<dt>Organisation" in proof
    assert line(Q3, desk).stand is Stand.CHANGED  # whoever sits down at her open computer signs nothing
    sign(Q3, factories.actor(MANAGER))
    desk = factories.actor(DESK)
    assert (line(Q3, desk).to_pay, line(Q3, desk).left) == (100_000, -100_000)
    old, new = (tmp_path / name for name in ("old.json", "new.json"))
    old.write_bytes(first)
    new.write_bytes(subsidies.take(Q3, "VATRA", by=desk))
    key = json.loads(first)["signatures"][0]["public_key"]
    for file, is_old in ((old, True), (new, False)):
        code, said, told = command(app, "report", "verify", str(file))
        assert (code, "overtaken" in told) == (int(is_old), is_old), told  # a script pays by none
        assert f"by the manager of VATRA, with the key {key}".encode() in said
    seen = subsidies.left_of(line(Q3, desk))
    subsidies.pay(Q3, "VATRA", seen=seen, by=desk)
    subsidies.take_back(Q3, "VATRA", seen=subsidies.left_of(line(Q3, desk)), by=desk)
    assert [each.amount for each in line(Q3, desk).paid] == [200_000, -200_000, 200_000, -100_000, 100_000]
    for refuse in (subsidies.pay, subsidies.take_back):
        with pytest.raises(PaymentRefused):
            refuse(Q3, "VATRA", seen=seen, by=desk)
        with pytest.raises(NotPermitted):
            refuse(Q3, "VATRA", seen=seen, by=factories.actor(MANAGER))
    # By another hand, in the database: other nights; a file that somebody else signed, or nobody.
    rows = db.session.scalars(select(NightStatement).order_by(NightStatement.position)).all()
    assert [each.position for each in rows] == [1, 2]
    sound, own = rows[-1].content, PaymentLine.quarter == "2026Q3"
    for values in ({"payable": 101}, {"basis": "nights"}):
        before = db.session.execute(select(PaymentLine.payable, PaymentLine.basis).where(own, _vatra())).one()
        _write(update(PaymentLine).where(own, _vatra()).values(**values))
        assert line(Q3, desk).stand is Stand.FOREIGN
        _write(update(PaymentLine).where(own, _vatra()).values(payable=before.payable, basis=before.basis))
    worker = factories.actor("vatra.case_worker")
    value = json.loads(sound)
    for forger in (worker, factories.actor("nrc.shelter_manager"), coordinator):
        _write(update(NightStatement).values(content=_signed_by(forger, value)))
        assert line(Q3, desk).stand is Stand.BROKEN
    # She herself, with what no contract ever said of nights.
    dear = {**value, "contracts": [{**value["contracts"][0], "amount": 9_000_000}], "to_pay": 2_250_000}
    _write(update(NightStatement).values(content=_signed_by(factories.actor(MANAGER), dear)))
    assert line(Q3, desk).stand is Stand.BROKEN
    for content in (b"", b"[]", b"{}", json.dumps({**value, "signatures": []}).encode()):
        _write(update(NightStatement).values(content=content))
        assert line(Q3, desk).stand is Stand.BROKEN
        with pytest.raises(NotVisible):
            subsidies.take(Q3, "VATRA", by=desk)
    assert "call the technical operator" in sign_in(DESK).get("/payment?lang=en")
    assert "is not what you signed, so it is not paid" in sign_in(MANAGER).get("/payment/2026Q3/sign?lang=en")
    _write(update(NightStatement).values(content=sound))
    assert line(Q3, desk).to_pay == 100_000


def test_nights_that_another_hand_wrote_are_neither_signed_nor_paid(app: Flask, sign_in: SignIn) -> None:
    """Seen before there were marks: the manager signed 9,000 nights in place of 90, and the desk paid them."""
    on(date(2026, 10, 10))
    contract(9_999, 9_999_000)
    freeze(Q3, nights=90, payable=90, basis="nights")
    own = (_vatra(), PaymentLine.quarter == "2026Q3")
    _write(update(PaymentLine).where(*own).values(nights=9_000, payable=9_000))
    by, desk = factories.actor(MANAGER), factories.actor(DESK)
    for reader in (by, desk):
        found = line(Q3, reader)
        assert (found.stand, found.waits, found.to_pay, found.left) == (Stand.FOREIGN, False, None, None)
    with pytest.raises(NightsRefused) as refused:
        sign(Q3, by)
    assert refused.value.reason is NightsRefusal.FOREIGN
    with pytest.raises(PaymentRefused):
        subsidies.pay(Q3, "VATRA", seen=subsidies.left_of(line(Q3, desk)), by=desk)
    manager = sign_in(MANAGER)
    page = manager.get("/payment/2026Q3/sign?lang=en")
    assert "Sign, pay and record nothing of it" in page
    assert "Signed on" not in page
    shown = (page, manager.get("/payment?lang=en"), manager.post("/payment/csv", {}, 200))
    assert not any(re.search(r"9[,.\u00a0\u202f ]?000", each) for each in shown)  # nobody reads what another hand wrote
    assert "I have compared these nights" not in page
    sent = {"seen": "", "agreed": "y"}
    assert "Sign, pay and record nothing of it" in manager.post("/payment/2026Q3/sign?lang=en", sent, 409)
    assert "changed in the database by another hand: not paid" in manager.get("/payment?lang=en")
    office = sign_in(DESK)
    assert "changed in the database by another hand: not paid" in office.get("/payment?lang=en")
    assert "Sign, pay and record nothing of it" in office.get("/payment/2026Q3/VATRA/paid?lang=en")
    paid = {"seen": subsidies.left_of(line(Q3, desk)), "what": "paid"}
    assert "Sign, pay and record nothing of it" in office.post("/payment/2026Q3/VATRA/paid?lang=en", paid, 409)
    # Of another shelter nothing is said, and put right it can be signed.
    assert {each.stand for each in store.lines(by=desk) if each.base.code != "VATRA"} == {Stand.UNSIGNED}
    _write(update(PaymentLine).where(*own).values(nights=90, payable=90))
    sign(Q3, by)
    assert line(Q3, desk).to_pay == 90_000


def test_by_a_contract_that_another_hand_changed_nothing_is_signed_and_what_was_signed_stays(
    app: Flask, sign_in: SignIn
) -> None:
    """Seen before contracts were looked at here: the manager signed nine times the amount, and the desk paid it."""
    on(date(2026, 10, 10))
    contract(100, 100_000)
    freeze(Q2, nights=80, payable=80, basis="nights")
    sign(Q2, factories.actor(MANAGER))
    freeze(Q3, nights=90, payable=90, basis="nights")
    before = db.session.execute(select(Contract.quarter_amount)).scalar_one()
    _write(update(Contract).values(quarter_amount=9 * before))
    by, desk = factories.actor(MANAGER), factories.actor(DESK)
    assert (line(Q3, desk).stand, line(Q3, desk).left) == (Stand.FOREIGN, None)
    with pytest.raises(NightsRefused):
        sign(Q3, by)
    assert "changed in the database by another hand: not paid" in sign_in(MANAGER).get("/payment?lang=en")
    signed = line(Q2, desk)
    assert (signed.stand, signed.to_pay, signed.differs) == (Stand.SIGNED, 80_000, False)
    subsidies.pay(Q2, "VATRA", seen=subsidies.left_of(signed), by=desk)
    _write(update(Contract).values(quarter_amount=before))
    sign(Q3, by)
    assert line(Q3, desk).to_pay == 90_000
    # A higher amount of before, put back with its own mark.
    factories.later(minutes=1)
    (id_,) = db.session.scalars(select(Contract.id))
    terms = {"number": "1/2026", "subject": "x", "amount": 400_000, "from_on": date(2026, 1, 1)}
    contracts_by_two.changed(id_, Terms(**terms, until_on=date(2026, 12, 31), nights=(100, 50_000)))  # type: ignore[arg-type]
    assert line(Q3, desk).stand is Stand.CHANGED
    number = db.session.scalars(select(ContractVersion.number).where(ContractVersion.position == 1)).one()
    _write(delete(ContractVersion).where(ContractVersion.position == 2))
    _write(delete(ContractChange).where(ContractChange.position == 2))
    _write(update(Contract).values(quarter_amount=before, number=number, subject="Accommodation"))
    assert (line(Q3, desk).stand, line(Q3, desk).to_pay) == (Stand.SIGNED, 90_000)  # as it was signed
    freeze(Quarter(2026, 4), nights=1, payable=1, basis="nights")
    assert line(Quarter(2026, 4), desk).stand is Stand.FOREIGN


def test_a_contract_that_is_changed_after_a_second_signature_is_no_false_alarm(app: Flask, sign_in: SignIn) -> None:
    """A tired office changes a contract by mistake, the manager signs again, and the office puts the contract right."""
    assert app
    on(date(2026, 10, 10))
    id_ = contract(100, 300_000)
    number = db.session.scalars(select(Contract.number)).one()
    freeze(Q3, nights=90, payable=90, basis="nights")
    by, desk = factories.actor(MANAGER), factories.actor(DESK)
    sign(Q3, by)
    terms = {"number": number, "subject": "Accommodation", "amount": 1_200_000}
    days_of = {"from_on": date(2026, 1, 1), "until_on": date(2026, 12, 31)}
    # Also within the second in which she signed: a file tells no less of its hour.
    for amount, minutes in ((30_000, 0), (300_000, 1), (60_000, 0), (300_000, 0), (60_000, 1)):
        before = line(Q3, desk).to_pay
        factories.later(minutes=minutes)
        contracts_by_two.changed(id_, Terms(**terms, **days_of, nights=(100, amount)))  # type: ignore[arg-type]
        assert (line(Q3, desk).stand, line(Q3, desk).to_pay) == (Stand.CHANGED, before)
        home = sign_in(MANAGER).get("/?lang=en")
        assert "The contract was changed after you signed the nights of July–September 2026" in home
        assert "unsigned they are not paid" not in home
        factories.later(minutes=minutes)
        sign(Q3, by)
        assert (line(Q3, desk).stand, line(Q3, desk).to_pay) == (Stand.SIGNED, amount * 9 // 10)


def test_a_quarter_is_not_paid_twice_because_somebody_took_the_record_out(app: Flask, sign_in: SignIn) -> None:
    on(date(2026, 10, 10))
    contract(100, 100_000)
    freeze(Q3, nights=90, payable=90, basis="nights")
    sign(Q3, factories.actor(MANAGER))
    desk = factories.actor(DESK)
    subsidies.pay(Q3, "VATRA", seen=subsidies.left_of(line(Q3, desk)), by=desk)
    assert line(Q3, desk).left == 0
    (row,) = db.session.execute(select(NightPayment.__table__)).mappings().all()
    kept = dict(row)
    # Taken out; another amount; said to be of another day; one put in beside it.
    _write(delete(NightPayment))
    assert (line(Q3, desk).stand, line(Q3, desk).left) == (Stand.FOREIGN, None)
    for changed in ({"amount": 1}, {"paid_on": date(2026, 1, 1)}, {"reason": "called"}, {"mark": None}):
        _write(insert(NightPayment).values({**kept, **changed}))
        assert line(Q3, desk).stand is Stand.FOREIGN, changed
        _write(delete(NightPayment))
    _write(insert(NightPayment).values(kept))
    assert line(Q3, desk).stand is Stand.SIGNED
    for position in (2, 3):
        _write(insert(NightPayment).values({**kept, "position": position}))
        assert line(Q3, desk).stand is Stand.FOREIGN
        _write(delete(NightPayment).where(NightPayment.position == position))
    # Two records, and the last of them taken out.
    subsidies.take_back(Q3, "VATRA", seen=subsidies.left_of(line(Q3, desk)), by=desk)
    assert (line(Q3, desk).stand, line(Q3, desk).left) == (Stand.SIGNED, 90_000)
    _write(delete(NightPayment).where(NightPayment.position == 1))
    assert line(Q3, desk).stand is Stand.FOREIGN
    office = sign_in(DESK)
    assert "Sign, pay and record nothing of it" in office.get("/payment/2026Q3/VATRA/paid?lang=en")
    with pytest.raises(NotVisible):
        subsidies.take(Q3, "VATRA", by=desk)


def test_an_older_signed_file_does_not_count_because_somebody_took_the_newest_out(app: Flask) -> None:
    assert app
    on(date(2026, 10, 10))
    id_ = contract(100, 300_000)
    number = db.session.scalars(select(Contract.number)).one()
    freeze(Q3, nights=90, payable=90, basis="nights")
    by, desk = factories.actor(MANAGER), factories.actor(DESK)
    sign(Q3, by)
    factories.later(minutes=1)
    terms = {"number": number, "subject": "Accommodation", "amount": 1_200_000}
    days_of = {"from_on": date(2026, 1, 1), "until_on": date(2026, 12, 31)}
    contracts_by_two.changed(id_, Terms(**terms, **days_of, nights=(100, 30_000)))  # type: ignore[arg-type]
    sign(Q3, by)
    assert line(Q3, desk).to_pay == 27_000
    _write(delete(NightStatement).where(NightStatement.position == 2))
    assert (line(Q3, desk).stand, line(Q3, desk).left) == (Stand.FOREIGN, None)
    _write(delete(NightStatement))
    assert line(Q3, by).stand is Stand.FOREIGN


def test_what_is_recorded_twice_is_said_to_be_recorded_and_takes_nothing_back(app: Flask, sign_in: SignIn) -> None:
    on(date(2026, 10, 10))
    contract(100, 100_000)
    freeze(Q3, nights=90, payable=90, basis="nights")
    sign(Q3, factories.actor(MANAGER))
    office, path = sign_in(DESK), "/payment/2026Q3/VATRA/paid?lang=en"
    sent = {"seen": subsidies.left_of(line(Q3, factories.actor(DESK))), "what": "paid"}
    office.post(path, sent)
    again = office.post(path, sent, 409)
    assert "It is recorded already, as it stands above: record nothing more" in again
    assert not re.search(r"<input[^>]*value=.?mistake[^>]* checked", again)
    assert [each.amount for each in line(Q3, factories.actor(DESK)).paid] == [90_000]
    fresh = {"seen": subsidies.left_of(line(Q3, factories.actor(DESK)))}
    assert "Choose what you record" in office.post(path, fresh, 422)


@pytest.mark.slow
def test_that_a_payment_came_back_is_called_a_mistake_and_nothing_is_paid_twice(app: Flask, sign_in: SignIn) -> None:
    by = on(date(2026, 10, 10))
    contract(400, 800_000)
    freeze(Q3, payable=100)
    sign(Q3, by)
    desk, page, address = factories.actor(DESK), sign_in(DESK), "/payment/2026Q3/VATRA/paid"

    def record(what: str) -> None:
        page.post(address, {"seen": subsidies.left_of(line(Q3, desk)), "what": what})

    record("paid")
    record("returned")
    shown = page.get(f"{address}?lang=en")
    assert "That it came back was a mistake" in shown
    assert 'value="returned"' not in shown
    page.post(address, {"seen": subsidies.left_of(line(Q3, desk)), "what": "returned"}, 422)
    record("mistake")
    assert (line(Q3, desk).paid_amount, line(Q3, desk).left) == (200_000, 0)
    shown = page.get(f"{address}?lang=en")
    assert "it did not come back after all" in shown
    assert 'value="paid"' not in shown
    record("returned")  # this time it did
    record("paid")
    record("mistake")
    assert [each.amount for each in line(Q3, desk).paid] == [200_000, -200_000] * 3
    assert line(Q3, desk).left == 200_000
    told = db.session.scalars(
        select(AuditEntry.details).where(AuditEntry.event == "nights_paid").order_by(AuditEntry.id)
    )
    assert [json.loads(each).get("why") for each in told] == [
        *(None, "returned", "not_returned", "returned", None, "mistake")
    ]


def test_what_became_known_of_earlier_quarters_waits_until_rows_that_another_hand_changed_are_put_right(
    app: Flask,
) -> None:
    """Lower nights of a quarter, written by hand, came back as nights "from earlier quarters" of the next one."""
    assert app
    by = on(date(2026, 6, 20))
    person = admitted(by, bed=0)
    by = on(date(2026, 7, 10))
    freeze(Q2)
    honest = db.session.execute(
        select(PaymentLine.nights).where(_vatra(), PaymentLine.quarter == "2026Q2")
    ).scalar_one()
    assert honest == 11
    # Known since: the stay began three nights earlier.
    corrections.correct_admission(stay_id=person.stay_id, admitted_on=date(2026, 6, 17), why=Why.MISTYPED, by=by)
    own = (_vatra(), PaymentLine.quarter == "2026Q2")
    _write(update(PaymentLine).where(*own).values(nights=honest - 400))
    by = on(date(2026, 10, 10))
    freeze(Q3)
    assert (line(Q3, by).base.earlier, line(Q3, by).base.nights) == (0, 92)
    _write(update(PaymentLine).where(*own).values(nights=honest))
    by = on(date(2027, 1, 10))
    freeze(Q3.next)
    assert line(Q3.next, by).base.earlier == 3


def test_a_contract_for_the_wrong_centre_costs_nothing_once_its_nights_are_emptied_and_it_ended(
    app: Flask, sign_in: SignIn
) -> None:
    on(date(2026, 10, 10))
    id_ = contract(100, 300_000)
    freeze(Q3, nights=90, payable=90, basis="nights")
    assert "For the wrong centre, or never made?" in sign_in(COORDINATOR).get(f"/contracts/{id_}?lang=en")
    said = {"number": "1/2026", "subject": "Accommodation", "amount": 1_200_000, "from_on": date(2026, 1, 1)}
    nothing = Terms(**said, until_on=date(2026, 12, 31), ended_on=date(2026, 1, 1), nights=None)  # type: ignore[arg-type]
    contracts_by_two.changed(id_, nothing)
    found = line(Q3, factories.actor(DESK))
    assert (found.agreed, found.amount, found.nothing) == ((), None, True)


def _vatra() -> object:
    return PaymentLine.organisation_id == names.organisation_by_code("VATRA").id


def _write(statement: object) -> None:
    with transaction() as session:
        session.execute(statement)  # type: ignore[call-overload]


def _signed_by(by: Actor, value: dict[str, object]) -> bytes:
    """As if they led the shelter, with their own key."""
    at = days.clock.now().replace(microsecond=0).isoformat()
    signature, key = signing.sign_as(by, rules.signed_message(value, "shelter_manager", "VATRA", at))
    return json.dumps(
        {**value, "signatures": [rules.signature_of("shelter_manager", "VATRA", at, key, signature)]}
    ).encode()


@pytest.mark.slow
def test_nobody_signs_for_another_house_and_what_was_paid_before_asks_for_nothing(app: Flask, sign_in: SignIn) -> None:
    by = on(date(2026, 10, 10))
    freeze(Q3, to_sign=False)
    contract(400, 800_000)
    assert line(Q3, by).stand is Stand.BEFORE
    assert (line(Q3, by).agreed, line(Q3, by).to_pay) == ((), None)  # a contract of today says nothing of it
    assert "/payment/2026Q3/sign" not in sign_in(MANAGER).get("/")
    sign_in(MANAGER).get("/payment/2026Q3/sign", 404)
    page = sign_in(MANAGER).get("/payment?lang=en")  # nothing can be signed: from when on, and what comes next
    assert "Nights are signed from the quarter October–December 2026 on." in page
    assert "The next quarter is October–December 2026: its last day is 31 December 2026" in page
    for wrong in ("2026Q2", "2026q3", "x", "2026Q5"):
        sign_in(MANAGER).get(f"/payment/{wrong}/sign", 404)
    for login in (DESK, "vatra.case_worker", "molsa.statistician", "oms.monitor", COORDINATOR):
        with pytest.raises(NotPermitted):
            subsidies.sign(Q3, seen="", by=factories.actor(login))
    with pytest.raises(NotVisible):
        subsidies.take(Q3, "VATRA", by=factories.actor("nrc.shelter_manager"))


def test_two_contracts_never_pay_for_one_night(app: Flask, sign_in: SignIn) -> None:
    on(date(2026, 10, 10))
    first = contract(400, 800_000, until_on=date(2026, 9, 30))
    with pytest.raises(ContractRefused) as twice:
        contract(10, 10, from_on=date(2026, 9, 30))
    assert twice.value.reason is ContractRefusal.NIGHTS
    contract(10, 10, from_on=date(2026, 9, 30), nights=None)
    second = contract(100, 100, from_on=date(2026, 10, 1))
    terms = Terms("n", "x", 1, date(2026, 9, 1), date(2026, 12, 31), nights=(1, 1))
    with pytest.raises(ContractRefused):
        contracts_by_two.changed(second, terms)
    page = sign_in(COORDINATOR)
    sent = {
        "id": str(uuid.uuid4()), "why": "annex", "number": "7", "subject": "x", "amount": "2 000 000",
        "starts-day": "1", "starts-month": "1", "starts-year": "2026",
        "ends-day": "31", "ends-month": "12", "ends-year": "2026",
    }  # fmt: skip
    cheap = {"quarter_nights": "5", "quarter_amount": "9", "price": "y"}
    typed = page.post(f"/contracts/{first}?lang=en", {**sent, **cheap}, 422)
    assert "Another contract of this centre pays for nights" in typed
    for nights, amount in (("5", ""), ("", "5"), ("0", "5"), ("x", "5"), ("5", "-1")):
        page.post(f"/contracts/{first}", {**sent, "quarter_nights": nights, "quarter_amount": amount}, 422)
    sent |= {"ends-month": "9", "ends-day": "30"}
    more = page.post(f"/contracts/{first}?lang=en", {**sent, "quarter_nights": "5", "quarter_amount": "2000001"}, 422)
    assert "This is more than the amount of the whole contract" in more
    day = {"ended-day": "3", "ended-month": "5", "ended-year": "2026"}
    for early in (day, {"ended-day": "3"}):  # a day without the tick is asked about, and not dropped
        assert "A day is entered below" in page.post(f"/contracts/{first}?lang=en", {**sent, **early}, 422)
    asked = page.post(f"/contracts/{first}", {**sent, "quarter_nights": "1 000", "quarter_amount": "2.000.000"})
    assert "1 000, 2 000 000" in page.get(f"{asked}?lang=en").replace("\u00a0", " ").replace(",000", " 000")


def test_places_by_days_are_not_called_nights_of_people_and_each_sign_is_explained(app: Flask, sign_in: SignIn) -> None:
    on(date(2026, 10, 20))
    contract(400, 800_000)
    freeze(Q3, nights=7, earlier=2, payable=390, basis="places")
    manager, desk = sign_in(MANAGER), sign_in(DESK)
    page = manager.get("/payment/2026Q3/sign?lang=en")
    assert "<dt>Nights that people slept in the quarter</dt><dd>7</dd>" in page
    assert "<dt>Counted for payment</dt><dd>390</dd>" in page
    assert "I have compared these places, kept day by day" in page
    assert "I have compared these nights" not in page
    listed = manager.get("/payment?lang=en")
    assert 'data-l="Counted for payment">390<br><small>Places kept, each by the day</small>' in listed
    for each in (listed, desk.get("/payment?lang=en")):
        assert "Nights counted" not in each
        assert "–</td>" not in each
        assert each.count("No figure: not signed yet, no contract, or not shown any more.") == 1
        assert ":</td>" not in each
    assert "Nights counted" in desk.post("/payment/csv?lang=en", {}, 200)  # others read the file by its heads
    # The line of what is to be done has the day on which the quarter is due, not whichever day it is.
    home = manager.get("/?lang=en")
    line_there = home[: home.index("Sign the nights of July")].rpartition("<tr")[2]
    assert "14 October 2026" in line_there
    assert "20 October 2026" not in line_there


def test_nights_that_could_not_be_signed_before_are_not_late_on_the_day_of_the_closing(
    app: Flask, sign_in: SignIn
) -> None:
    """The quarter was closed weeks after its day; the manager read that hers had passed, the moment she could sign."""
    on(date(2026, 12, 2))
    contract(400, 800_000)
    freeze(Q3, payable=450, basis="nights")

    def line_there() -> str:
        home = sign_in(MANAGER).get("/?lang=en")
        return home[: home.index("Sign the nights of July")].rpartition("<tr")[2]

    assert "passed" not in line_there()
    on(date(2026, 12, 8))
    assert "passed" not in line_there()
    on(date(2026, 12, 9))
    assert '14 October 2026</span> <span class="tag late">passed' in line_there()


def test_nights_of_people_are_signed_as_nights(app: Flask, sign_in: SignIn) -> None:
    on(date(2026, 10, 10))
    contract(400, 800_000)
    freeze(Q3, payable=450, basis="nights")
    page = sign_in(MANAGER).get("/payment/2026Q3/sign?lang=en")
    assert "I have compared these nights" in page
    assert "these places" not in page
