"""Contracts with centres: one of the office asks and says why, a second one agrees; until then nothing is different."""

from __future__ import annotations

import dataclasses
import uuid
from collections.abc import Callable
from datetime import date, timedelta

import pytest
from flask import Flask
from sqlalchemy import delete, select, update

from nrm import clock
from nrm.actions.agreement import contracts
from nrm.db import db, transaction
from nrm.domain.accounts.vouching import Standing
from nrm.domain.support.contracts import ContractRefusal, Terms
from nrm.models.agreement.agreements import Contract, ContractChange, ContractVersion
from nrm.models.audit import AuditEntry
from nrm.steps.agreement import contracts as steps
from nrm.store import names
from nrm.store.rows.accounts import occasions
from nrm.vault import rows as marked
from tests import contracts_by_two, factories
from tests import factories_agreements as texts
from tests.conftest import Person

SignIn = Callable[[str], Person]


CONTRACT = {"centre": "VATRA", "number": "12/2026", "subject": "Accommodation", "amount": "1 200 000"}


def contract_form(**changes: object) -> dict[str, object]:
    year = texts.today().year
    days = {"starts": (1, 1, year), "ends": (31, 12, year), "ended": ("", "", "")}
    parts = {
        f"{name}-{part}": value
        for name, three in days.items()
        for part, value in zip(("day", "month", "year"), three, strict=True)
    }
    return {"id": str(uuid.uuid4()), "why": "signed", **CONTRACT, **parts, **changes}


def terms(**changes: object) -> Terms:
    year = texts.today().year
    said: dict[str, object] = {"amount": 1_200_000, "subject": "Accommodation", **changes}
    return Terms(number="12/2026", from_on=date(year, 1, 1), until_on=date(year, 12, 31), **said)  # type: ignore[arg-type]


def recorded() -> Contract:
    contract_id = contracts_by_two.recorded(names.organisation_by_code("VATRA").id, terms())
    db.session.rollback()
    return db.session.get_one(Contract, contract_id)


@pytest.mark.slow  # a colleague joins, and two of the office, the house and who pays look at each step
def test_a_contract_is_made_and_changed_by_two_of_the_office(app: Flask, sign_in: SignIn) -> None:
    colleague = contracts_by_two.joins()
    first, other = sign_in(texts.COORDINATOR), sign_in(colleague)
    form = contract_form(quarter_nights="400", quarter_amount="300 000")
    asked = first.post("/contracts", form)
    assert first.post("/contracts", form) == asked  # sent twice, asked once
    again = first.post("/contracts?lang=en", contract_form(), 422)
    assert "this centre has a contract, or one that waits, with this one already" in again
    # Nothing is there yet: both read it at once, and who asked cannot agree.
    assert contracts_said() == []
    for page in (first, other):
        assert "Contracts that wait for a second one of you" in page.get("/?lang=en")
        assert asked in page.get("/contracts")
    assert "No contract is recorded" in first.get("/contracts?lang=en")
    assert f"{asked}/agree" not in first.get(asked)
    # Who asks reads before typing, and on what waits, that nobody may agree yet.
    for page in ("/contracts/new", asked):
        assert 'id="no-second"' in first.get(page)
    assert "Who asked for it does not decide it" in first.post(f"{asked}/agree?lang=en", {}, 409)
    first.post(f"{asked}/decline", {}, 409)
    # Nor somebody who came today, as the first has been there for longer.
    assert f"{asked}/agree" not in other.get(asked)
    assert "within 14 days" in other.get(f"{asked}?lang=en")
    assert "within 14 days" in other.post(f"{asked}/agree?lang=en", {}, 409)
    assert contracts_said() == []
    factories.later(days=15)
    first, other = sign_in(texts.COORDINATOR), sign_in(colleague)
    for page in ("/contracts/new", asked):
        assert 'id="no-second"' not in first.get(page)
    assert "400, 300,000" in other.get(f"{asked}?lang=en")
    other.post(f"{asked}/agree", {})
    assert contracts_said() == [1_200_000]
    for what in ("agree", "decline"):
        assert "declined or taken back already" in other.post(f"{asked}/{what}?lang=en", {}, 409)
    first.post(f"{asked}/take-back", {}, 409)
    (row,) = db.session.scalars(select(Contract))
    path = f"/contracts/{row.id}"
    # A change waits, too: another one does not push it away, only who asked takes it back, the other one declines it.
    same = {"quarter_nights": "400", "quarter_amount": "300 000"}
    dear = contract_form(amount="9 000 000", why="annex", words="Aneksi 1", **same)
    for wrong in ({"why": "signed"}, {"why": ""}, {"why": "other", "words": ""}):
        first.post(path, {**dear, **wrong}, 422)
    assert first.post(path, {**dear, "amount": "1 200 000"}) == path  # it says so already
    asked = first.post(path, dear)
    assert contracts_said() == [1_200_000]
    assert "Until then it says what it said" in first.get(f"{path}?lang=en")
    assert 'name="amount"' not in first.get(path)
    assert "waits already" in other.post(f"{path}?lang=en", contract_form(why="annex", amount="5"), 409)
    told = other.get(f"{asked}?lang=en")
    assert "<td>1,200,000</td><td><strong>9,000,000</strong></td>" in told
    assert "<dd>The state and the centre signed a change of it</dd>" in told
    assert "<dd>Aneksi 1</dd>" in told
    assert "Only who asked for it takes it back" in other.post(f"{asked}/take-back?lang=en", {}, 409)
    first.post(f"{asked}/take-back", {})
    asked = first.post(path, {**dear, "id": str(uuid.uuid4())})
    other.post(f"{asked}/decline", {})
    for address in ("/?lang=en", "/contracts?lang=en"):
        ended = first.get(address).partition('id="ended-changes"')[2].partition("</ul>")[0]
        assert "Declined, Test colleague" in ended
        assert "Asked for by Test coordinator: 9,000,000 " in ended
    told = first.get(f"{asked}?lang=en").partition("What it says, and what was asked for and not done")[2]
    assert "Asked for, and not done" in told
    assert "<td>1,200,000</td><td><strong>9,000,000</strong></td>" in told
    assert "Declined, Test colleague" in first.get(f"{path}?lang=en")
    assert "Taken back, Test coordinator" in first.get(f"{path}?lang=en")
    assert contracts_said() == [1_200_000]
    for page in (sign_in("vatra.shelter_manager"), sign_in("molsa.payment_officer")):
        assert "Contracts that were changed" not in page.get("/payment?lang=en")
        page.get(asked, 403)
    asked = other.post(path, {**dear, "id": str(uuid.uuid4()), "amount": "900 000"})
    first.post(f"{asked}/agree", {})
    assert contracts_said() == [900_000]
    told = first.get(f"{asked}?lang=en")
    assert "It said before" in told
    assert "It shall say" not in told
    assert "<td>1,200,000</td><td><strong>900,000</strong></td>" in told
    # Old and new amounts, by whom and why: at the office, at the house and at who pays.
    history = first.get(f"{path}?lang=en").partition('id="versions"')[2]
    assert history.index("900,000") < history.index("1,200,000")
    assert "Test colleague<br>agreed to by Test coordinator</td><td>The state and the centre" in history
    assert "Test coordinator<br>agreed to by Test colleague</td><td>A new contract was signed</td>" in history
    for login in ("vatra.shelter_manager", "molsa.payment_officer"):
        told = sign_in(login).get("/payment?lang=en").partition("Contracts that were changed")[2]
        assert told.count("asked for by Test colleague, agreed to by Test coordinator on") == 1
        assert 'Why: The state and the centre signed a change of it: <span dir="auto">Aneksi 1</span>' in told
        assert "1,200,000" in told.partition("It says:")[0]
        assert "900,000" in told.partition("It says:")[2]
    assert "Contracts that were changed" not in sign_in("tjeter_vizion.shelter_manager").get("/payment?lang=en")
    db.session.rollback()
    events = [
        each
        for each in db.session.scalars(select(AuditEntry.event).order_by(AuditEntry.id))
        if each.startswith("contract_")
    ]
    assert events == [
        "contract_asked", "contract_recorded", "contract_asked", "contract_taken_back", "contract_asked",
        "contract_declined", "contract_asked", "contract_changed",
    ]  # fmt: skip
    # It ended early: a day, and two people as before.
    early = {"over": "y", "ended-day": 1, "ended-month": 1, "ended-year": texts.today().year}
    asked = first.post(path, contract_form(amount="900 000", why="ended", **early))
    other.post(f"{asked}/agree", {})
    db.session.rollback()
    assert db.session.get_one(Contract, row.id, populate_existing=True).ended_on is not None
    factories.later(days=8)
    assert 'id="ended-changes"' not in sign_in(texts.COORDINATOR).get("/contracts")


def contracts_said() -> list[int]:
    db.session.rollback()
    return list(db.session.scalars(select(Contract.amount)))


def test_who_is_one_hand_with_who_asked_does_not_agree(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    by, hand = factories.actor(texts.COORDINATOR), contracts_by_two.second()
    change_id = uuid.uuid4()
    contracts.record(
        change_id=change_id,
        organisation_id=names.organisation_by_code("VATRA").id,
        terms=terms(),
        reason=contracts_by_two.REASON,
        by=by,
    )
    asked = db.session.get_one(ContractChange, change_id)
    now, long_ago = clock.now(), clock.now() - timedelta(days=15)
    third = uuid.UUID(int=1)

    def refusal(who: dict[uuid.UUID | None, frozenset[uuid.UUID | None]], *, new: object = None) -> object:
        monkeypatch.setattr(occasions, "hangs_on", lambda each, _: frozenset({each}) | who.get(each, frozenset()))
        monkeypatch.setattr(occasions, "standing", lambda each: Standing(each, now if each == new else long_ago))
        monkeypatch.setattr(occasions, "is_seasoned", lambda each: each != new)
        return steps.hand_refusal(asked, hand)

    assert refusal({}) is None
    assert refusal({hand.member_id: frozenset({by.member_id})}) is ContractRefusal.OWN
    assert refusal({by.member_id: frozenset({hand.member_id})}) is ContractRefusal.OWN
    assert refusal({}, new=hand.member_id) is ContractRefusal.NEW
    # Two who are there by the same third one: once both are there for 14 days.
    same = {by.member_id: frozenset({third}), hand.member_id: frozenset({third})}
    assert refusal(same) is None
    assert refusal(same, new=by.member_id) is ContractRefusal.OWN
    assert steps.hand_refusal(asked, contracts_by_two.second("molsa.statistician")) is ContractRefusal.OTHER_OFFICE
    with transaction() as session:
        session.execute(update(ContractChange).values(amount=9_000_000))
    db.session.expire_all()
    assert refusal({}) is ContractRefusal.FORGED
    contracts.decline(change_id=change_id, by=hand)
    assert steps.hand_refusal(asked, hand) is ContractRefusal.OVER


BAD = {
    "amount": ({"amount": "-5"}, "as a whole number"),
    "no amount": ({"amount": "0"}, "as a whole number"),
    "huge": ({"amount": "9" * 19}, "This is too much: enter at most"),
    "backwards": ({"ends-year": 1999}, "not before the first day"),
    "no day": ({"starts-day": "31", "starts-month": "2"}, "a day that exists"),
    "no centre": ({"centre": "RA"}, "Choose the centre"),
    "no number": ({"number": ""}, "Enter the number of the contract"),
    "no subject": ({"subject": ""}, "Enter what is paid for"),
    "no reason": ({"why": ""}, "Choose why"),
    "a reason of changes": ({"why": "annex"}, "Choose why"),
    "no words": ({"why": "other", "words": " "}, "Write why in a line"),
}


@pytest.mark.parametrize("what", BAD)
def test_a_bad_contract_is_told_what_to_do_and_keeps_what_was_typed(app: Flask, sign_in: SignIn, what: str) -> None:
    changes, message = BAD[what]
    page = sign_in(texts.COORDINATOR).post("/contracts?lang=en", contract_form(**changes), status=422)
    assert message in page
    assert "12/2026" in page or what == "no number"
    assert db.session.scalars(select(ContractChange)).all() == []


@pytest.mark.parametrize(
    "login", ["vatra.case_worker", "molsa.statistician", "administrator", "oms.monitor", "molsa.payment_officer"]
)
def test_nobody_else_sees_the_contracts(app: Flask, sign_in: SignIn, login: str) -> None:
    person = sign_in(login)
    person.get("/contracts", status=403)
    person.post("/contracts", contract_form(), status=403)
    person.get(f"/contracts/changes/{uuid.uuid4()}", status=403)
    for what in ("agree", "decline", "take-back"):
        person.post(f"/contracts/changes/{uuid.uuid4()}/{what}", {}, status=403)


@pytest.mark.parametrize("what", ["a version", "who wrote it", "the contract", "a row is gone", "why"])
def test_a_history_of_a_contract_that_another_hand_wrote_is_said_and_not_believed(
    app: Flask, sign_in: SignIn, what: str
) -> None:
    coordinator, row = sign_in(texts.COORDINATOR), recorded()
    contracts_by_two.changed(row.id, terms(amount=900_000))
    first = ContractVersion.position == 1
    with transaction() as session:
        if what == "a version":
            session.execute(update(ContractVersion).where(first).values(amount=5))
        elif what == "who wrote it":
            session.execute(update(ContractVersion).where(first).values(by_id=None))
        elif what == "why":
            session.execute(update(ContractChange).values(words="x"))
        elif what == "the contract":
            session.execute(update(Contract).values(amount=5))
        else:
            session.execute(delete(ContractVersion).where(first))
    page = coordinator.get(f"/contracts/{row.id}?lang=en")
    assert "was changed in the database by another hand" in page
    assert (">5<" in page) is False
    for address in ("/", "/contracts"):
        assert "What is kept of 1 contract was changed in the database" in coordinator.get(f"{address}?lang=en")
    asked = coordinator.post(f"/contracts/{row.id}", contract_form(amount="700 000", why="annex"))
    assert "What is kept of this contract was changed in the database" in coordinator.get(f"{asked}?lang=en")


def test_a_contract_from_before_versions_were_kept_keeps_what_it_said(app: Flask, sign_in: SignIn) -> None:
    """As the upgrade leaves one behind to which no two people agreed: its first version has no name."""
    coordinator, (row, first) = sign_in(texts.COORDINATOR), _from_before()
    for address in (f"/contracts/{row.id}", "/contracts", "/"):
        assert "another hand" not in coordinator.get(f"{address}?lang=en")
    contracts_by_two.changed(row.id, terms(amount=900_000))
    db.session.rollback()
    kept, second = db.session.scalars(select(ContractVersion).order_by(ContractVersion.position))
    assert (kept.id, kept.by_id, kept.amount, second.amount) == (first.id, None, 1_200_000, 900_000)
    assert "not kept" in coordinator.get(f"/contracts/{row.id}?lang=en")


def _from_before() -> tuple[Contract, ContractVersion]:
    organisation_id, at = names.organisation_by_code("VATRA").id, clock.now()
    said = dataclasses.asdict(terms()) | {"quarter_nights": None, "quarter_amount": None}
    del said["nights"]
    row = Contract(id=uuid.uuid4(), organisation_id=organisation_id, recorded_at=at, **said)
    first = ContractVersion(id=uuid.uuid4(), contract_id=row.id, position=1, at=at, by_id=None, **said)
    first.mark = marked.contract_version_mark(first)
    with transaction() as session:
        session.add(row)
        session.flush()
        session.add(first)
    return row, first


@pytest.mark.parametrize(
    "what", ["all it said", "all of it", "the newest version", "to another centre", "one from before"]
)
def test_what_another_hand_took_out_or_put_back_is_said(app: Flask, sign_in: SignIn, what: str) -> None:
    """An older state with its own marks: the audit chain tells to what two people agreed last."""
    coordinator = sign_in(texts.COORDINATOR)
    row = _from_before()[0] if what == "one from before" else recorded()
    if what == "the newest version":
        contracts_by_two.changed(row.id, terms(amount=900_000))
    assert "another hand" not in coordinator.get("/contracts?lang=en")
    with transaction() as session:
        if what == "the newest version":
            session.execute(delete(ContractVersion).where(ContractVersion.position == 2))
            session.execute(delete(ContractChange).where(ContractChange.position == 2))
            session.execute(update(Contract).values(amount=1_200_000))
        elif what == "to another centre":
            session.execute(update(Contract).values(organisation_id=names.organisation_by_code("NRC").id))
        else:
            session.execute(delete(ContractVersion))
            session.execute(delete(ContractChange))
            if what == "all of it":
                session.execute(delete(Contract))
    for address in ("/contracts", "/") + (() if what == "all of it" else (f"/contracts/{row.id}",)):
        assert "was changed in the database by another hand" in coordinator.get(f"{address}?lang=en"), address


@pytest.mark.slow
def test_a_night_that_costs_many_times_as_much_is_asked_about_at_both_ends(app: Flask, sign_in: SignIn) -> None:
    """46 nights in place of 4,600 made a night a hundred times as dear, and neither of the two read what it costs."""
    colleague = contracts_by_two.joins()
    factories.later(days=15)
    first, other = sign_in(texts.COORDINATOR), sign_in(colleague)
    nights = {"quarter_nights": "4600", "quarter_amount": "300 000"}
    other.post(f"{first.post('/contracts', contract_form(**nights))}/agree", {})
    (row,) = db.session.scalars(select(Contract))
    path = f"/contracts/{row.id}"
    typed = contract_form(quarter_nights="46", quarter_amount="300 000", why="mistyped")
    asks = "One night costs 65 now, and then 6522: look at the paper again"
    page = first.post(f"{path}?lang=en", typed, 422)
    assert asks in page
    assert 'name="price"' in page
    asked = first.post(path, {**typed, "price": "y"})
    shown = other.get(f"{asked}?lang=en")
    assert "<strong>6,522 " in shown
    assert 'name="price"' in shown
    assert "It also counts for quarters since the first day of the contract" in shown
    assert asks in other.post(f"{asked}/agree?lang=en", {}, 422)
    db.session.rollback()
    assert db.session.get_one(Contract, row.id, populate_existing=True).quarter_nights == 4600
    other.post(f"{asked}/agree", {"price": "y"})
    db.session.rollback()
    assert db.session.get_one(Contract, row.id, populate_existing=True).quarter_nights == 46
    # A price that moves a little is asked about by nobody.
    near = contract_form(quarter_nights="45", quarter_amount="300 000", why="mistyped")
    assert "/contracts/changes/" in first.post(path, near)
