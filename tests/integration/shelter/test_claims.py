"""Claims for compensation by the actions and by the pages: who sees them, what is kept, which quarter counts them."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from datetime import date

import pytest
from flask import Flask
from sqlalchemy import delete, func, select, update
from sqlalchemy.exc import IntegrityError

from nrm import audit
from nrm.actions.shelter import cases
from nrm.actions.shelter import claims as actions
from nrm.db import db, transaction
from nrm.domain.accounts.accounts import Actor, NotPermitted, NotVisible
from nrm.domain.quarters import Quarter
from nrm.domain.shelter.cases import Compartment
from nrm.domain.shelter.claims import ClaimEvent, ClaimRefused, Forum, Outcome, Paid, Standing
from nrm.models.audit import AuditEntry
from nrm.models.shelter.cases import Case, Grant
from nrm.models.shelter.claims import Claim, ClaimEntry
from nrm.store import days as stay_store
from nrm.store import names
from nrm.store.rows.shelter import claims as claim_rows
from nrm.store.shelter import claims as store
from tests import accommodated, factories
from tests.conftest import Person
from tests.factories_referrals import organisation
from tests.factories_stays import admitted
from tests.races import race

SignIn = Callable[[str], Person]
FILE_NUMBER = "Padia 417-2026, gjykata"
Q1, Q2, Q3 = Quarter(2026, 1), Quarter(2026, 2), Quarter(2026, 3)


@pytest.fixture
def vatra(app: Flask) -> Actor:
    assert app
    return factories.actor("vatra.shelter_manager")


def now() -> Quarter:
    return Quarter.of(stay_store.today())


def asked(case_id: uuid.UUID, by: Actor, happened: Quarter | None = None, band: str = "up_to_1000000") -> uuid.UUID:
    claim_id = uuid.uuid4()
    actions.ask(
        claim_id=claim_id,
        case_id=case_id,
        forum=Forum.STATE_SCHEME,
        asked=band,
        happened=happened or now(),
        by=by,
    )
    return claim_id


def share(case_id: uuid.UUID, by: Actor) -> None:
    cases.share(
        case_id=case_id,
        organisation_id=organisation("PROSECUTION"),
        compartments=[Compartment.LEGAL],
        agreed=True,
        by=by,
    )


# --- what is recorded


def test_a_claim_is_asked_decided_and_paid_and_its_history_stays(vatra: Actor) -> None:
    case_id = admitted(vatra).case_id
    claim_id = asked(case_id, vatra)
    for seen, event in ((1, ClaimEvent.GRANT_IN_PART), (2, ClaimEvent.PAY_PART), (3, ClaimEvent.PAY)):
        actions.record(claim_id=claim_id, event=event, happened=now(), seen=seen, granted="up_to_500000", by=vatra)
    (claim,) = store.of_case(case_id, by=vatra)
    part = Outcome.GRANTED_IN_PART
    assert claim.standing == Standing(Forum.STATE_SCHEME, "up_to_1000000", part, "up_to_500000", Paid.YES)
    assert [entry.event for entry in claim.history] == ["ask", "grant_in_part", "pay_part", "pay"]
    assert claim.following == ()
    entries = db.session.scalars(select(AuditEntry).where(AuditEntry.event == "claim_recorded")).all()
    assert len(entries) == 4
    assert "500000" not in "".join(entry.details for entry in entries)
    assert list(audit.verify(db.session())) == []


def test_a_claim_goes_on_after_the_case_is_closed_but_only_with_its_holder(vatra: Actor) -> None:
    case_id = admitted(vatra).case_id
    claim_id = asked(case_id, vatra)
    share(case_id, vatra)
    with transaction() as session:
        session.execute(update(Case).where(Case.id == case_id).values(status="closed"))
    actions.record(claim_id=claim_id, event=ClaimEvent.REJECT, happened=now(), seen=1, by=vatra)
    with pytest.raises(NotVisible):
        store.one(claim_id, by=factories.actor("prosecution.witness_liaison"))


def test_a_button_pressed_twice_records_one_claim_and_no_claim_takes_anothers_id(vatra: Actor) -> None:
    mine, other = admitted(vatra).case_id, admitted(vatra).case_id
    claim_id = uuid.uuid4()
    words = {"claim_id": claim_id, "forum": Forum.ABROAD, "asked": "not_stated", "happened": now(), "by": vatra}
    actions.ask(case_id=mine, **words)  # type: ignore[arg-type]
    actions.ask(case_id=mine, **words)  # type: ignore[arg-type]
    with pytest.raises(NotVisible):
        actions.ask(case_id=other, **words)  # type: ignore[arg-type]
    assert db.session.scalar(select(func.count()).select_from(ClaimEntry)) == 1
    assert db.session.scalars(select(Claim.case_id)).all() == [mine]


def test_who_has_not_seen_the_last_entry_adds_none(vatra: Actor) -> None:
    claim_id = asked(admitted(vatra).case_id, vatra)
    actions.record(claim_id=claim_id, event=ClaimEvent.REJECT, happened=now(), seen=1, by=vatra)
    mistaken = Standing(Forum.STATE_SCHEME, "not_stated", Outcome.MISTAKEN)
    for seen in (0, 1, 3):
        with pytest.raises(ClaimRefused, match="state"):
            actions.record(claim_id=claim_id, event=ClaimEvent.APPEAL, happened=now(), seen=seen, by=vatra)
        with pytest.raises(ClaimRefused, match="state"):
            actions.correct(claim_id=claim_id, standing=mistaken, happened=now(), seen=seen, by=vatra)
    assert store.one(claim_id, by=vatra).seen == 2


@pytest.mark.parametrize("fixture", ["app", "postgres_app"])
def test_of_two_decisions_at_once_one_is_recorded(fixture: str, request: pytest.FixtureRequest) -> None:
    app: Flask = request.getfixturevalue(fixture)
    by = factories.actor("vatra.case_worker")
    case_id = admitted(by).case_id
    claim_id = uuid.uuid4()

    def ask() -> object:
        return actions.ask(
            claim_id=claim_id, case_id=case_id, forum=Forum.CIVIL_SUIT, asked="not_stated", happened=now(), by=by
        )

    def decide(event: ClaimEvent) -> Callable[[], object]:
        return lambda: actions.record(claim_id=claim_id, event=event, happened=now(), seen=1, by=by)

    assert len(race(app, ask, ask, ask)) == 3
    steps = [decide(ClaimEvent.REJECT), decide(ClaimEvent.WITHDRAW), decide(ClaimEvent.REJECT)]
    assert len(race(app, *steps, refusals=(ClaimRefused,))) == 1
    assert store.one(claim_id, by=by).seen == 2
    assert list(audit.verify(db.session())) == []


@pytest.mark.parametrize(
    "values",
    [
        {"outcome": "granted"},
        {"granted": "up_to_500000"},
        {"paid": "yes"},
        {"event": "grant"},
        {"event": "bribe"},
        {"forum": "moon"},
        {"asked": ""},
    ],
)
def test_the_table_itself_refuses_what_does_not_go_together(vatra: Actor, values: dict[str, str]) -> None:
    claim_id = asked(admitted(vatra).case_id, vatra)
    with pytest.raises(IntegrityError), transaction() as session:
        session.execute(update(ClaimEntry).where(ClaimEntry.claim_id == claim_id).values(**values))


# --- which quarter counts it


@pytest.fixture
def manager(closed: Flask) -> Actor:
    assert closed
    return factories.actor("vatra.shelter_manager")


def a_case() -> uuid.UUID:
    with transaction() as session:
        return accommodated.person(session, names.organisation_by_code("VATRA").id)


def counts(claim_id: uuid.UUID) -> list[date]:
    return [row.counts_on for row in claim_rows.entries(claim_id)]


def test_what_becomes_known_of_a_closed_quarter_counts_in_the_first_that_is_open(manager: Actor) -> None:
    claim_id = asked(a_case(), manager, Q1)
    actions.record(claim_id=claim_id, event=ClaimEvent.GRANT, happened=Q2, seen=1, by=manager)
    assert counts(claim_id) == [Q3.start, Q3.start]
    assert [row.happened_on for row in claim_rows.entries(claim_id)] == [Q1.start, Q2.start]


def test_a_correction_of_what_a_closed_quarter_counted_is_not_counted_again(manager: Actor) -> None:
    claim_id = asked(a_case(), manager, Q3)
    with transaction() as session:
        session.execute(update(ClaimEntry).values(happened_on=Q2.start, counts_on=Q2.start))
    larger = Standing(Forum.CIVIL_SUIT, "over_3000000")
    actions.correct(claim_id=claim_id, standing=larger, happened=Q1, seen=1, by=manager)
    assert counts(claim_id) == [Q2.start, Q2.start]
    assert store.one(claim_id, by=manager).standing == larger
    # In a quarter that is open it moves.
    other = asked(a_case(), manager, Q3)
    mistaken = Standing(Forum.STATE_SCHEME, "up_to_1000000", Outcome.MISTAKEN)
    actions.correct(claim_id=other, standing=mistaken, happened=Q3, seen=1, by=manager)
    assert counts(other) == [Q3.start, Q3.start]


# --- who sees it


def test_to_another_shelter_there_is_no_such_claim(vatra: Actor, sign_in: SignIn) -> None:
    case_id = admitted(vatra).case_id
    claim_id = asked(case_id, vatra)
    nrc = factories.actor("nrc.case_worker")
    for attempt in (
        lambda: store.of_case(case_id, by=nrc),
        lambda: store.one(claim_id, by=nrc),
        lambda: asked(case_id, nrc),
        lambda: actions.record(claim_id=claim_id, event=ClaimEvent.REJECT, happened=now(), seen=1, by=nrc),
    ):
        with pytest.raises(NotVisible):
            attempt()
        db.session.rollback()
    person = sign_in("nrc.case_worker")
    for path in (f"/claims/{claim_id}", f"/claims/{claim_id}/correct"):
        person.get(path, 404)
        person.post(path, {"seen": "1", "event": "reject", "on": str(now())}, 404)
    form = {"id": uuid.uuid4(), "forum": "abroad", "asked": "not_stated", "on": str(now())}
    person.get(f"/cases/{case_id}/claims/new", 404)
    person.post(f"/cases/{case_id}/claims/new", form, 404)
    assert db.session.scalar(select(func.count()).select_from(ClaimEntry)) == 1


@pytest.mark.parametrize(
    "login",
    ["molsa.statistician", "oms.reader", "oms.monitor", "administrator", "ra.duty_officer", "rinas.border_officer",
     "trp_unit.trp_officer", "state_police.identification_officer"],
)  # fmt: skip
def test_who_works_on_no_claims_is_refused(vatra: Actor, sign_in: SignIn, login: str) -> None:
    case_id = admitted(vatra).case_id
    claim_id = asked(case_id, vatra)
    by = factories.actor(login)
    with pytest.raises(NotVisible):
        store.one(claim_id, by=by)
    with pytest.raises(NotPermitted):
        asked(case_id, by)
    db.session.rollback()
    person = sign_in(login)
    for path in (f"/claims/{claim_id}", f"/claims/{claim_id}/correct", f"/cases/{case_id}/claims/new"):
        person.get(path, 403)
        person.post(path, {}, 403)


def test_claims_go_with_the_case_to_the_next_holder(vatra: Actor) -> None:
    case_id = admitted(vatra).case_id
    claim_id = asked(case_id, vatra)
    with transaction() as session:
        session.execute(update(Case).where(Case.id == case_id).values(holder_id=organisation("NRC")))
    nrc = factories.actor("nrc.case_worker")
    actions.record(claim_id=claim_id, event=ClaimEvent.REJECT, happened=now(), seen=1, by=nrc)
    assert [claim.id for claim in store.of_case(case_id, by=nrc)] == [claim_id]
    with transaction() as session:
        session.execute(delete(Grant).where(Grant.case_id == case_id))  # as a transfer leaves it to the old shelter
    for attempt in (lambda: store.one(claim_id, by=vatra), lambda: store.of_case(case_id, by=vatra)):
        with pytest.raises(NotVisible):
            attempt()


def test_the_prosecution_records_while_the_legal_file_is_shared_and_no_longer(vatra: Actor, sign_in: SignIn) -> None:
    case_id = admitted(vatra).case_id
    claim_id = asked(case_id, vatra)
    liaison = factories.actor("prosecution.witness_liaison")
    with pytest.raises(NotVisible):
        store.one(claim_id, by=liaison)
    share(case_id, vatra)
    actions.record(claim_id=claim_id, event=ClaimEvent.GRANT, happened=now(), seen=1, by=liaison)
    assert store.one(claim_id, by=vatra).standing.outcome is Outcome.GRANTED
    db.session.rollback()
    page = sign_in("prosecution.witness_liaison").get(f"/cases/{case_id}")
    assert f"/claims/{claim_id}" in page
    assert "Vatra" not in page, "which shelter it is says where the person is"
    cases.end_share(case_id=case_id, organisation_id=organisation("PROSECUTION"), by=vatra)
    with pytest.raises(NotVisible):
        actions.record(claim_id=claim_id, event=ClaimEvent.PAY, happened=now(), seen=2, by=liaison)


def test_file_number_and_exact_amount_go_under_seal_and_stand_in_no_file(vatra: Actor, sign_in: SignIn) -> None:
    case_id = admitted(vatra).case_id
    asked(case_id, vatra)
    person = sign_in("vatra.shelter_manager")
    person.post(f"/cases/{case_id}/write/legal", {"revision": "0", "compensation": FILE_NUMBER})
    person = sign_in("vatra.case_worker")  # who wrote it sees it still
    assert FILE_NUMBER not in person.get(f"/cases/{case_id}")
    person.post(f"/cases/{case_id}/open", {"compartment": "legal", "purpose": "legal_help"})
    assert FILE_NUMBER in person.get(f"/cases/{case_id}")
    db.session.rollback()
    for engine in db.engines.values():
        with engine.connect() as connection:
            raw = connection.connection.driver_connection
            assert raw is not None
            dump = "\n".join(raw.iterdump())
        assert "417-2026" not in dump
        assert b"417-2026".hex() not in dump.lower()


# --- the pages


def test_by_pages(vatra: Actor, sign_in: SignIn) -> None:
    case_id = admitted(vatra).case_id
    person = sign_in("vatra.case_worker")
    assert "Nuk është regjistruar asnjë kërkesë." in person.get(f"/cases/{case_id}")
    new = f"/cases/{case_id}/claims/new"
    found = re.search(r'name="id"[^>]* value="([0-9a-f-]+)"', person.get(new))
    assert found
    form: dict[str, object] = {
        "id": found.group(1),
        "forum": "civil_suit",
        "asked": "not_stated",
        "on": str(now().previous),
    }
    for wrong, said in (
        ({"forum": ""}, "Zgjidhni ku u kërkua"),
        ({"asked": "12 345"}, "Zgjidhni sa u kërkua"),
        ({"on": str(now().next)}, "Zgjidhni tremujorin"),
        ({"on": "1999Q1"}, "Zgjidhni tremujorin"),
    ):
        assert said in person.post(new, {**form, **wrong}, 422)
    person.post(new, {**form, "id": "x"}, 422)
    for _ in range(2):
        assert person.post(new, form).endswith(f"/cases/{case_id}?part=claims#claims")
    page = person.get(f"/cases/{case_id}")
    claim = f"/claims/{found.group(1)}"
    assert page.count(claim) == 1
    assert "Padi civile më vete" in page
    waits = person.get(f"{claim}/correct")
    assert 'value="mistaken"' in waits
    assert 'value="granted"' not in waits, "what happened next is a step and no correction"

    step = {"seen": "1", "event": "grant", "on": str(now())}
    assert "Zgjidhni çfarë ndodhi" in person.post(claim, {**step, "event": "pay"}, 422)
    assert "Zgjidhni sa u pranua" in person.post(claim, step, 422)
    assert "Zgjidhni tremujorin" in person.post(claim, {**step, "on": str(now().previous.previous)}, 422)
    person.post(claim, {**step, "granted": "over_3000000"})
    again = person.post(claim, {**step, "event": "pay"}, 409)
    assert "Kërkesa është ndryshuar" in again
    person.post(claim, {**step, "event": "pay", "seen": "٢"}, 409)
    person.post(claim, {**step, "event": "pay", "seen": "2"})
    page = person.get(claim)
    assert "Paguar plotësisht" in page
    assert 'name="event"' not in page

    correction = f"{claim}/correct"
    page = person.get(correction)
    assert 'value="over_3000000" checked' in page
    right = {"seen": "3", "forum": "civil_suit", "asked": "up_to_500000", "outcome": "granted", "on": str(now())}
    assert "Zgjidhni sa u pranua" in person.post(correction, {**right, "paid": "no"}, 422)
    too_much = {**right, "granted": "over_3000000", "paid": "no"}
    assert "nuk është më shumë se sa u kërkua" in person.post(correction, too_much, 422)
    same = {**right, "asked": "not_stated", "granted": "over_3000000", "paid": "yes"}
    assert "Asgjë nuk ndryshon" in person.post(correction, same, 422)
    # What is chosen under another outcome is not read.
    person.post(correction, {**right, "outcome": "withdrawn", "granted": "over_3000000", "paid": "yes"})
    page = person.get(claim)
    assert "U korrigjua shënimi i mëparshëm" in page
    assert "Tërhequr" in page
    assert store.one(uuid.UUID(found.group(1)), by=vatra).standing.granted == ""


JUNK: list[object] = ["", "junk", "\0", "x" * 100_000, "\u202e", "9" * 30, ["1", "2"], "-1", "٣"]


@pytest.mark.parametrize("value", JUNK, ids=range(len(JUNK)))
def test_junk_in_any_field_is_refused_and_never_an_error_of_the_server(
    vatra: Actor, sign_in: SignIn, value: object
) -> None:
    case_id = admitted(vatra).case_id
    claim_id = asked(case_id, vatra, band="not_stated")
    paid = asked(case_id, vatra, band="not_stated")
    for seen, event in ((1, ClaimEvent.GRANT), (2, ClaimEvent.PAY_PART)):
        actions.record(claim_id=paid, event=event, happened=now(), seen=seen, granted="up_to_500000", by=vatra)
    person = sign_in("vatra.case_worker")
    forms: dict[str, dict[str, object]] = {
        f"/cases/{case_id}/claims/new": {
            "id": str(uuid.uuid4()), "forum": "abroad", "asked": "not_stated", "on": str(now())
        },
        f"/claims/{claim_id}": {"seen": "1", "event": "grant", "granted": "up_to_500000", "on": str(now())},
        f"/claims/{paid}/correct": {
            "seen": "3", "forum": "abroad", "asked": "not_stated", "outcome": "granted", "granted": "up_to_500000",
            "paid": "no", "on": str(now()),
        },
    }  # fmt: skip
    for path, fields in forms.items():
        for name in fields:
            answer = person.client.post(path, data={**fields, name: value, "csrf_token": person.csrf_token})
            assert answer.status_code in (409, 422), (path, name)
    assert (store.one(claim_id, by=vatra).seen, store.one(paid, by=vatra).seen) == (1, 3)
    for path, fields in forms.items():
        person.post(path, fields)
