"""Permits as entries that are never overwritten, and what the permit unit's desk sees of whom."""

from __future__ import annotations

import re
import uuid
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, text, update
from sqlalchemy.exc import IntegrityError

from config import Config
from nrm import clock
from nrm.actions.referrals import outside_referrals
from nrm.actions.shelter import cases, permits, stays
from nrm.db import db, transaction
from nrm.domain.accounts.accounts import Actor, NotVisible
from nrm.domain.referrals.outside_referrals import OutsideKind, OutsideReason
from nrm.domain.shelter.cases import Compartment, Purpose
from nrm.domain.shelter.permits import GateClosed, Ground, PermitEvent, PermitRefused, PermitStatus
from nrm.domain.shelter.stays import Destination, ExitReason
from nrm.domain.shelter.strikes import StrikeReason
from nrm.models.accounts.mailboxes import Mailbox
from nrm.models.referrals.referrals import Obligation
from nrm.models.shelter.permits import PermitEntry, PermitMark
from nrm.models.shelter.stays import Stay
from nrm.steps.shelter import cases as case_steps
from nrm.store import days
from nrm.store.rows.accounts import mailboxes
from nrm.store.rows.shelter import permits as rows
from nrm.store.shelter import permits as store
from tests import factories
from tests.conftest import Person
from tests.factories_referrals import organisation
from tests.factories_stays import MOLDOVAN, admitted

UNIT = "trp_unit.trp_officer"
NUMBER = "LP-77812/2026"
ABROAD: dict[str, Any] = {"exit_reason": ExitReason.REPATRIATED, "destination": Destination.COUNTRY_OF_CITIZENSHIP}


@pytest.fixture
def vatra(app: Flask) -> Actor:
    assert app
    return factories.actor("vatra.shelter_manager")


@pytest.fixture
def other(app: Flask) -> Actor:
    assert app
    return factories.actor("vatra.case_worker")


@pytest.fixture
def unit(app: Flask) -> Actor:
    assert app
    return factories.actor(UNIT)


def later(days_more: float) -> None:
    """The clock stands so many days later."""
    at = clock.now() + timedelta(days=days_more)
    clock.set_clock(lambda: at)


def applied(by: Actor, *, shared: bool = True, days_ago: int = 40, number: str = "") -> uuid.UUID:
    """A foreigner who was told and applied today, and agreed that the unit reads; past her reflection period."""
    case_id = admitted(by, MOLDOVAN, days_ago=days_ago).case_id
    today = days.today()
    permits.record(case_id=case_id, event=PermitEvent.INFORM, on=today, language="ro", by=by)
    permits.record(case_id=case_id, event=PermitEvent.APPLY, on=today, number=number, by=by)
    if shared:
        _share(case_id, by)
    return case_id


def _share(case_id: uuid.UUID, by: Actor) -> None:
    unit = organisation("TRP_UNIT")
    cases.share(case_id=case_id, organisation_id=unit, compartments=[Compartment.LEGAL], agreed=True, by=by)


def issue(case_id: uuid.UUID, by: Actor, *, until: date, event: PermitEvent = PermitEvent.ISSUE, **more: Any) -> None:
    today = days.today()
    permits.record(
        case_id=case_id,
        event=event,
        on=today,
        issued_from=today,
        issued_until=until,
        ground=Ground.LEGAL,
        by=by,
        **more,
    )


def leave(case_id: uuid.UUID, by: Actor, **more: Any) -> None:
    stay_id = db.session.scalars(select(Stay.id).where(Stay.case_id == case_id)).one()
    stays.end(stay_id=stay_id, by=by, **{"ended_on": days.today(), **ABROAD, **more})


def events(case_id: uuid.UUID, by: Actor) -> list[tuple[str, bool]]:
    return [(str(each.event), each.counts) for each in store.of_case(case_id, by=by).entries]


def entry(case_id: uuid.UUID, event: PermitEvent) -> uuid.UUID:
    """The newest entry of that kind."""
    found = select(PermitEntry.id).where(PermitEntry.case_id == case_id, PermitEntry.event == event)
    return db.session.scalars(found.order_by(PermitEntry.position.desc())).first() or uuid.uuid4()


# --- nothing is overwritten


def test_a_refusal_stays_when_the_appeal_is_granted_and_so_does_a_permit_that_ended(
    app: Flask, vatra: Actor, unit: Actor
) -> None:
    case_id = applied(vatra)
    today = days.today()
    permits.record(case_id=case_id, event=PermitEvent.REFUSE, on=today, by=unit)
    permits.record(case_id=case_id, event=PermitEvent.APPEAL, on=today, by=vatra)
    issue(case_id, unit, until=today + timedelta(days=5))
    assert [event for event, _ in events(case_id, vatra)] == ["inform", "apply", "refuse", "appeal", "issue"]
    page = Person(app.test_client(), UNIT).get(f"/cases/{case_id}/permit")
    assert "Leja u refuzua" in page
    later(7)
    assert store.of_case(case_id, by=unit).status is PermitStatus.EXPIRED
    code = store.of_case(case_id, by=unit).pseudonym
    for login in (UNIT, "vatra.case_worker"):
        person = Person(app.test_client(), login)
        for path in ("/", "/permits"):
            page = person.get(path)
            assert (
                "Mbaruan, por personi është ende këtu" in page or "Leja ka mbaruar dhe personi është ende këtu" in page
            )
            assert code in page


def test_a_renewal_is_asked_for_while_the_permit_is_valid_and_closes_the_way_home(vatra: Actor, unit: Actor) -> None:
    case_id = applied(vatra)
    until = days.today() + timedelta(days=60)
    issue(case_id, unit, until=until)
    later(30)
    permits.record(case_id=case_id, event=PermitEvent.APPLY, on=days.today(), by=vatra)
    assert rows.facts(case_id).status is PermitStatus.RENEWAL_APPLIED
    with pytest.raises(GateClosed, match="application_open"):
        leave(case_id, vatra)
    issue(case_id, unit, until=until + timedelta(days=90), event=PermitEvent.RENEW)
    assert rows.facts(case_id).issued_until == until + timedelta(days=90)


def test_an_entry_is_struck_by_a_mark_and_what_is_right_is_another_entry(vatra: Actor, unit: Actor) -> None:
    case_id = applied(vatra)
    today = days.today()
    issue(case_id, unit, until=today + timedelta(days=30))
    wrong = entry(case_id, PermitEvent.ISSUE)
    was = db.session.execute(select(*PermitEntry.__table__.columns).where(PermitEntry.id == wrong)).one()
    with pytest.raises(PermitRefused, match="others_entry"):
        permits.strike(entry_id=wrong, reason=StrikeReason.WRONG_DAY, by=vatra)
    until = today + timedelta(days=90)
    permits.strike(
        entry_id=wrong, reason=StrikeReason.WRONG_DAY, on=today, issued_from=today, issued_until=until, by=unit
    )
    assert events(case_id, vatra) == [("inform", True), ("apply", True), ("issue", False), ("issue", True)]
    assert rows.facts(case_id).issued_until == until
    assert db.session.execute(select(*PermitEntry.__table__.columns).where(PermitEntry.id == wrong)).one() == was
    struck = store.of_case(case_id, by=vatra).entries[2]
    assert (struck.struck_why, struck.struck_on) == (StrikeReason.WRONG_DAY, today)
    mark = db.session.scalars(select(PermitMark).where(PermitMark.entry_id == wrong)).one()
    assert (mark.member_id, mark.organisation_id) == (unit.member_id, unit.organisation_id)
    with pytest.raises(PermitRefused, match="state"):
        permits.strike(entry_id=wrong, reason=StrikeReason.OTHER, by=unit)


def test_what_follows_keeps_an_entry_from_being_struck_but_its_day_can_be_mended(vatra: Actor) -> None:
    case_id = applied(vatra)
    told = entry(case_id, PermitEvent.INFORM)
    with pytest.raises(PermitRefused, match="later_steps"):
        permits.strike(entry_id=told, reason=StrikeReason.WRONG_PERSON, by=vatra)
    before = days.today() - timedelta(days=3)
    permits.strike(entry_id=told, reason=StrikeReason.WRONG_DAY, on=before, by=vatra)
    facts = rows.facts(case_id)
    assert facts.informed is not None
    assert (facts.informed.on, facts.informed.language, facts.status) == (before, "ro", PermitStatus.APPLIED)
    with pytest.raises(PermitRefused, match="in_future"):
        permits.strike(
            entry_id=entry(case_id, PermitEvent.INFORM),
            reason=StrikeReason.WRONG_DAY,
            on=days.today() + timedelta(days=1),
            by=vatra,
        )


def test_what_the_agreement_asks_for_is_owed_again_when_it_was_struck(vatra: Actor) -> None:
    case_id = admitted(vatra, MOLDOVAN).case_id
    done = select(Obligation.done_at).where(Obligation.case_id == case_id, Obligation.kind == "inform_of_trp_options")
    permits.record(case_id=case_id, event=PermitEvent.INFORM, on=days.today(), language="ro", by=vatra)
    assert db.session.scalar(done) is not None
    permits.strike(entry_id=entry(case_id, PermitEvent.INFORM), reason=StrikeReason.WRONG_PERSON, by=vatra)
    assert db.session.scalar(done) is None
    with pytest.raises(GateClosed, match="not_informed"):
        leave(case_id, vatra)


# --- who decides


def test_a_holder_decides_nothing_and_enters_the_units_paper_by_two(vatra: Actor, other: Actor, unit: Actor) -> None:
    case_id = applied(vatra)
    today = days.today()
    with pytest.raises(PermitRefused, match="unit_decides"):
        permits.record(case_id=case_id, event=PermitEvent.REFUSE, on=today, by=vatra)
    with pytest.raises(PermitRefused, match="number"):
        permits.record(case_id=case_id, event=PermitEvent.REFUSE, on=today, paper=True, by=vatra)
    permits.record(case_id=case_id, event=PermitEvent.REFUSE, on=today, paper=True, number=NUMBER, by=vatra)
    paper = entry(case_id, PermitEvent.REFUSE)
    assert store.desk(by=unit).papers == [], "until a second member confirmed it, the unit is not asked"
    with pytest.raises(PermitRefused, match="same_member"):
        permits.second(entry_id=paper, by=vatra)
    with pytest.raises(PermitRefused, match="waits"):
        permits.record(case_id=case_id, event=PermitEvent.WITHDRAW, on=today, by=unit)
    permits.second(entry_id=paper, by=other)
    assert [line.case_id for line in store.desk(by=unit).papers] == [case_id]
    assert rows.facts(case_id).status is PermitStatus.APPLIED
    with pytest.raises(NotVisible):
        permits.answer_paper(entry_id=paper, confirmed=True, by=other)
    assert permits.answer_paper(entry_id=paper, confirmed=True, by=unit) is PermitStatus.REFUSED
    with pytest.raises(PermitRefused, match="nothing_waits"):
        permits.answer_paper(entry_id=paper, confirmed=False, by=unit)


def test_a_paper_counts_after_five_working_days_without_objection_where_the_unit_could_object(
    vatra: Actor, other: Actor, unit: Actor
) -> None:
    at = clock.datetime(2027, 6, 4, 9, tzinfo=clock.UTC)  # a Friday
    clock.set_clock(lambda: at)
    hidden = applied(vatra, shared=False, days_ago=0)
    today = days.today()
    refusal: dict[str, Any] = {"event": PermitEvent.REFUSE, "on": today, "paper": True, "number": NUMBER, "by": vatra}
    with pytest.raises(PermitRefused, match="unit_cannot_object"):
        permits.record(case_id=hidden, **refusal)
    shown, denied = (applied(vatra, days_ago=0) for _ in range(2))
    for case_id in (shown, denied):
        permits.record(case_id=case_id, **refusal)
        permits.second(entry_id=entry(case_id, PermitEvent.REFUSE), by=other)
    permits.answer_paper(entry_id=entry(denied, PermitEvent.REFUSE), confirmed=False, by=unit)
    later(7)  # Friday again: the fifth working day
    assert rows.facts(shown).status is PermitStatus.APPLIED
    later(1)
    assert rows.facts(shown).status is PermitStatus.REFUSED
    assert rows.facts(denied).status is PermitStatus.APPLIED
    owed = select(Obligation.done_at).where(Obligation.case_id == shown, Obligation.kind == "trp_decision")
    assert db.session.scalar(owed) is None
    assert permits.settle_papers(by=permits.TEND) == 1
    assert db.session.scalar(owed) is not None
    assert permits.settle_papers(by=permits.TEND) == 0
    with pytest.raises(NotVisible):
        permits.settle_papers(by=unit)
    cases.end_share(case_id=shown, organisation_id=organisation("TRP_UNIT"), by=vatra)
    assert rows.facts(shown).status is PermitStatus.APPLIED, "silence of a unit that sees nothing says nothing"


def test_what_opens_the_way_home_takes_two_members(vatra: Actor, other: Actor) -> None:
    case_id = applied(vatra)
    with pytest.raises(GateClosed, match="application_open"):
        leave(case_id, vatra)
    permits.strike(entry_id=entry(case_id, PermitEvent.APPLY), reason=StrikeReason.WRONG_PERSON, by=vatra)
    with pytest.raises(GateClosed, match="application_open"):
        leave(case_id, vatra)
    with pytest.raises(PermitRefused, match="same_member"):
        permits.second(entry_id=entry(case_id, PermitEvent.APPLY), by=vatra)
    permits.second(entry_id=entry(case_id, PermitEvent.APPLY), by=other)
    assert rows.facts(case_id).status is PermitStatus.INFORMED
    permits.record(case_id=case_id, event=PermitEvent.APPLY, on=days.today(), by=vatra)
    permits.record(case_id=case_id, event=PermitEvent.WITHDRAW, on=days.today(), by=vatra)
    with pytest.raises(GateClosed, match="application_open"):
        leave(case_id, vatra)
    permits.second(entry_id=entry(case_id, PermitEvent.WITHDRAW), by=other)
    leave(case_id, vatra)


def test_a_mark_written_by_hand_by_the_same_member_or_by_a_shelter_opens_nothing(vatra: Actor, other: Actor) -> None:
    case_id = applied(vatra)
    permits.record(case_id=case_id, event=PermitEvent.REFUSE, on=days.today(), paper=True, number=NUMBER, by=vatra)
    paper = entry(case_id, PermitEvent.REFUSE)
    with transaction() as session:
        for kind, member in (("seconded", vatra), ("confirmed", other)):
            session.add(
                PermitMark(
                    entry_id=paper,
                    kind=kind,
                    organisation_id=vatra.organisation_id,
                    member_id=member.member_id,
                    marked_at=clock.now(),
                )
            )
    later(60)
    assert rows.facts(case_id).status is PermitStatus.APPLIED


# --- the gate


def test_the_period_for_an_appeal_keeps_the_way_home_shut(vatra: Actor, unit: Actor) -> None:
    case_id = applied(vatra)
    permits.record(case_id=case_id, event=PermitEvent.REFUSE, on=days.today(), by=unit)
    refused_on = days.today()
    letter: dict[str, Any] = {
        "kind": OutsideKind.EMBASSY,
        "addressee": "La Strada",
        "reason": OutsideReason.RETURN_ABROAD,
        "needs": ["medical"],
        "language": "en",
        "agreed": True,
        "closes": False,
    }
    for _ in range(2):
        with pytest.raises(GateClosed, match="appeal_period"):
            leave(case_id, vatra)
        with pytest.raises(GateClosed, match="appeal_period"):
            leave(case_id, vatra, exit_reason=ExitReason.LEFT_VOLUNTARILY, destination=Destination.FAMILY, where="MD")
        with pytest.raises(GateClosed, match="appeal_period"):
            outside_referrals.refer_out(case_id=case_id, by=vatra, **letter)
        later(15)
    later(1)
    with pytest.raises(GateClosed, match="appeal_period"):  # on a day on which it still ran
        leave(case_id, vatra, ended_on=days.today() - timedelta(days=1))
    outside_referrals.refer_out(case_id=case_id, by=vatra, **letter)
    leave(case_id, vatra)
    ended = db.session.scalars(select(Stay).where(Stay.case_id == case_id)).one()
    assert (ended.permit_state, ended.appeal_until) == ("refused", refused_on + timedelta(days=30))


def test_nobody_left_on_a_day_on_which_an_application_was_open(vatra: Actor, unit: Actor) -> None:
    case_id = applied(vatra)
    later(5)
    permits.record(case_id=case_id, event=PermitEvent.WITHDRAW, on=days.today(), by=unit)
    with pytest.raises(GateClosed, match="application_open"):
        leave(case_id, vatra, ended_on=days.today() - timedelta(days=2))
    leave(case_id, vatra)


@pytest.mark.parametrize("database", ["app", "postgres_app"])
def test_no_row_of_a_permit_is_written_that_no_action_writes(database: str, request: pytest.FixtureRequest) -> None:
    assert request.getfixturevalue(database)
    by = factories.actor("vatra.shelter_manager")
    case_id = admitted(by, MOLDOVAN).case_id
    today = days.today()
    row: dict[str, Any] = {
        "case_id": case_id,
        "position": 1,
        "event": "inform",
        "happened_on": today,
        "counts_on": today,
        "language": "ro",
        "organisation_id": by.organisation_id,
        "recorded_at": clock.now(),
    }
    given = {"event": "issue", "language": "", "issued_from": today, "issued_until": today, "ground": "legal"}
    for broken in (
        {"organisation_id": None},
        {"language": ""},
        {"event": "expire"},
        {**given, "issued_until": None},
        {**given, "issued_from": None},
        {**given, "ground": ""},
        {**given, "issued_until": today - timedelta(days=1)},
        {**given, "paper": True},
        {"event": "apply", "paper": True, "member_id": by.member_id},
        {"event": "apply", "ground": "legal"},
    ):
        with pytest.raises(IntegrityError), transaction() as session:
            session.add(PermitEntry(**{**row, **broken}))
    with transaction() as session:
        session.add(PermitEntry(**row))
    with pytest.raises(IntegrityError), transaction() as session:
        session.add(PermitEntry(**row))


# --- what the unit sees


def test_until_she_applies_and_agrees_the_unit_sees_nothing_of_her(app: Flask, vatra: Actor, unit: Actor) -> None:
    opened = admitted(vatra, MOLDOVAN, days_ago=40)
    case_id, code = opened.case_id, opened.pseudonym
    with transaction() as session:  # an agreement that fixes an hour for the decision
        session.execute(
            update(Obligation).where(Obligation.kind == "trp_decision").values(due_at=clock.now() - timedelta(hours=1))
        )
        session.add(
            Mailbox(
                organisation_id=unit.organisation_id,
                address="unit@example.al",
                language="sq",
                next_at=clock.now() - timedelta(hours=1),
            )
        )
    desk = Person(app.test_client(), UNIT)

    def hidden() -> None:
        for path in ("/", "/permits", "/obligations", "/cases/shared"):
            assert code not in desk.get(path)
        desk.get(f"/cases/{case_id}", 404)
        desk.get(f"/cases/{case_id}/permit", 404)
        assert code not in desk.post("/cases/find", {"code": code}, 422).split("<form")[0]
        for each in rows.entries(case_id):
            desk.get(f"/permits/entries/{each.id}", 404)
            desk.get(f"/permits/entries/{each.id}/strike", 404)
            desk.post(f"/permits/entries/{each.id}/second", status=404)
        assert unit.organisation_id not in mailboxes.to_be_told(clock.now(), 50)

    hidden()
    today = days.today()
    permits.record(case_id=case_id, event=PermitEvent.INFORM, on=today, language="ro", by=vatra)
    hidden()
    permits.record(case_id=case_id, event=PermitEvent.APPLY, on=today, by=vatra)
    hidden()
    _share(case_id, vatra)
    for path in ("/", "/permits", "/cases/shared"):
        page = desk.get(path)
        assert code in page
        assert "Vatra" not in page, "where she is, is the shelter's knowledge"
    assert "Vatra" not in desk.get(f"/cases/{case_id}/permit")
    permits.strike(entry_id=entry(case_id, PermitEvent.APPLY), reason=StrikeReason.WRONG_PERSON, by=vatra)
    permits.second(entry_id=entry(case_id, PermitEvent.APPLY), by=factories.actor("vatra.case_worker"))
    hidden()


def test_another_shelter_and_the_prosecution_see_nothing_of_a_permit(app: Flask, vatra: Actor) -> None:
    case_id = applied(vatra)
    told = entry(case_id, PermitEvent.INFORM)
    for login in ("nrc.case_worker", "rinas.border_officer", "prosecution.witness_liaison"):
        person = Person(app.test_client(), login)
        status = 404 if login == "nrc.case_worker" else 403
        for path in (f"/cases/{case_id}/permit", f"/permits/entries/{told}", f"/permits/entries/{told}/strike"):
            assert person.client.get(path).status_code in (404, status)
        person.post(f"/permits/entries/{told}/strike", {"reason": "other"}, status)
    assert store.desk(by=factories.actor("nrc.case_worker")).applications == []


def test_the_desk_is_in_the_order_of_days(vatra: Actor, unit: Actor) -> None:
    # In the middle of a month: on its first day nobody is entered who came 40 days before.
    tenth = (clock.now() + timedelta(days=31)).replace(day=10)
    clock.set_clock(lambda: tenth)
    today = days.today()
    made = {}
    for name, until in (("ended", 1), ("week", 7), ("month", 30), ("two", 60), ("far", 61)):
        made[name] = applied(vatra)
        issue(made[name], unit, until=today + timedelta(days=until + 2))
    made["asked"] = applied(vatra)
    later(2)
    made["ended"], ended = applied(vatra), made["ended"]
    later(2)
    desk = store.desk(by=unit)
    assert desk == store.desk(by=vatra)
    assert [line.case_id for line in desk.applications] == [made["asked"], made["ended"]]
    assert desk.applications[0].day == today + timedelta(days=30)
    assert [(within, [line.case_id for line in lines]) for within, lines in desk.ending] == [
        (0, [ended]),
        (7, [made["week"]]),
        (30, [made["month"]]),
        (60, [made["two"], made["far"]]),
    ]


# --- numbers


def test_numbers_are_sealed_and_read_only_by_who_opened_the_legal_file(app: Flask, vatra: Actor, unit: Actor) -> None:
    case_id = applied(vatra, number=NUMBER)
    issue(case_id, unit, until=days.today() + timedelta(days=90), number="P-4471")
    config: Config = app.extensions["nrm.config"]
    db.session.remove()
    for stored in Path(config.directory).rglob("*.db*"):
        assert NUMBER.encode() not in stored.read_bytes()
    officer = Person(app.test_client(), UNIT)
    assert NUMBER not in officer.get(f"/cases/{case_id}/permit")
    officer.post(f"/cases/{case_id}/open", {"compartment": "legal", "purpose": "permit"})
    page = officer.get(f"/cases/{case_id}/permit")
    assert NUMBER in page
    assert "P-4471" in page
    # Writing the legal file keeps them.
    cases.open_compartment(case_id=case_id, compartment=Compartment.LEGAL, purpose=Purpose.LEGAL_HELP, by=vatra)
    seen = case_steps.opened(case_id=case_id, by=vatra)[Compartment.LEGAL].revision
    cases.write(case_id=case_id, compartment=Compartment.LEGAL, value={"counsel": "A. D."}, seen=seen, by=vatra)
    kept = case_steps.opened(case_id=case_id, by=vatra)[Compartment.LEGAL].value
    assert NUMBER in kept.values()
    assert kept["counsel"] == "A. D."
    with db.engine.connect() as connection:
        assert NUMBER not in str(connection.execute(text("SELECT * FROM permit_entries")).all())


# --- the pages


def test_a_paper_goes_its_way_over_the_pages_and_is_corrected_there(app: Flask, vatra: Actor) -> None:
    case_id = applied(vatra)
    address = f"/cases/{case_id}/permit"
    first, second = (Person(app.test_client(), login) for login in ("vatra.shelter_manager", "vatra.case_worker"))
    officer = Person(app.test_client(), UNIT)
    said: dict[str, object] = {"event": "refuse", "on": "today"}
    assert "Shkruani numrin që është në letrën e njësisë" in first.post(address, said, 422)
    first.post(address, {**said, "number": NUMBER})
    paper = entry(case_id, PermitEvent.REFUSE)
    page = first.get(address)
    assert "nga letra" in page
    assert "pret një koleg të dytë" in page
    first.post(f"/permits/entries/{paper}/second", status=409)
    assert f"/permits/entries/{paper}" not in first.get(address).replace(f"{paper}/strike", "")
    assert "/second" in second.get(f"/permits/entries/{paper}")
    assert second.post(f"/permits/entries/{paper}/second") == address
    assert "pret njësinë" in second.get(address)
    officer.post(f"/permits/entries/{paper}/answer", {}, 422)
    officer.post(f"/permits/entries/{paper}/answer", {"answer": "object"})
    page = first.get(address)
    assert "njësia kundërshtoi" in page
    assert re.search(r"Ka aplikuar", page)
    application = entry(case_id, PermitEvent.APPLY)
    strike = f"/permits/entries/{application}/strike"
    assert "Zgjidhni" in first.post(strike, {}, 422)
    first.post(strike, {"reason": "wrong_day", "instead": "same"}, 422)
    first.post(strike, {"reason": "wrong_person", "instead": "nothing"})
    assert "për t’u anuluar" in second.get(address)
    second.post(f"/permits/entries/{application}/second")
    assert "Është informuar" in second.get(address)
    officer.get(address, 404)
