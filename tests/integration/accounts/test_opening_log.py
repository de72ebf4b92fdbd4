"""Who opened an organisation's cases, and the alarm about many of them; each with who must not see it."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import func, select, update

from nrm import clock
from nrm.actions import tending
from nrm.actions.accounts import alarms
from nrm.actions.referrals import announced_returns, referrals
from nrm.actions.shelter import cases
from nrm.db import db, transaction
from nrm.domain.accounts.accounts import Actor, NotPermitted, NotVisible
from nrm.domain.referrals.announced_returns import BackReason
from nrm.domain.shelter.cases import Compartment, Purpose
from nrm.models.accounts.accounts import KeyringWrap, Member
from nrm.models.accounts.alarms import Alarm, AlarmAcknowledgement
from nrm.models.audit import AuditEntry
from nrm.models.shelter.cases import Case, Reading
from nrm.steps.shelter import cases as case_steps
from nrm.store.accounts import alarms as alarm_store
from nrm.store.accounts import opening_log as store
from nrm.store.accounts.opening_log import Whose
from tests import factories
from tests import factories_referrals as people
from tests.conftest import Person
from tests.world import PLANTED, World

SignIn = Callable[[str], Person]


def opens(case_id: uuid.UUID, login: str, compartment: Compartment = Compartment.HAND_OVER) -> None:
    by = factories.actor(login)
    cases.open_compartment(case_id=case_id, compartment=compartment, purpose=Purpose.CARE, by=by)


def seen(login: str, whose: Whose = Whose.CASES, **named: uuid.UUID) -> list[tuple[uuid.UUID, str]]:
    """(case, login of who opened it), newest first; a post is not told who of others did (ADR 0106)."""
    logins = {row.id: row.login for row in db.session.execute(select(Member.id, Member.login))}
    rows = store.openings(whose, by=factories.actor(login), **named).rows
    return [(line.case_id, logins[line.member_id] if line.member_id is not None else "") for line in rows]


@pytest.fixture
def handed_over(app: Flask) -> uuid.UUID:
    """A case that Rinas sent to NRC: opened by the sender, the duty desk and NRC before and after the acceptance."""
    sent = people.sent(factories.actor("rinas.border_officer"))
    opens(sent.case_id, "rinas.border_officer", Compartment.STORY)
    opens(sent.case_id, "ra.duty_officer")
    opens(sent.case_id, "nrc.case_worker")
    referrals.accept(referral_id=sent.referral_id, place_id=people.bed("NRC"), by=factories.actor("nrc.case_worker"))
    opens(sent.case_id, "nrc.shelter_manager", Compartment.IDENTITY)
    return sent.case_id


def test_an_organisation_sees_what_was_opened_while_the_case_was_its_own(handed_over: uuid.UUID) -> None:
    at_the_post = ["", "", "rinas.border_officer"]
    assert [login for _, login in seen("rinas.border_officer")] == at_the_post
    # Before the acceptance it was not NRC's; what its people opened then is under "by us".
    assert seen("nrc.case_worker") == [(handed_over, "nrc.shelter_manager")]
    assert [login for _, login in seen("nrc.case_worker", Whose.COLLEAGUES)] == [
        "nrc.shelter_manager",
        "nrc.case_worker",
    ]
    assert [login for _, login in seen("nrc.case_worker", Whose.MINE)] == ["nrc.case_worker"]
    assert [login for _, login in seen("ra.duty_officer", Whose.COLLEAGUES)] == ["ra.duty_officer"]
    for stranger in ("vatra.case_worker", "durres.border_officer", "iom.shelter_manager", "trp_unit.trp_officer"):
        for whose in Whose:
            assert seen(stranger, whose) == []


def test_one_member_or_one_case_is_picked_out_and_never_beyond_ones_own(handed_over: uuid.UUID) -> None:
    manager = db.session.scalars(select(Member.id).where(Member.login == "nrc.shelter_manager")).one()
    assert len(seen("nrc.case_worker", Whose.COLLEAGUES, member_id=manager)) == 1
    assert seen("nrc.case_worker", case_id=uuid.uuid4()) == []
    assert len(seen("rinas.border_officer", case_id=handed_over)) == 3
    for named in ({"member_id": manager}, {"case_id": handed_over}):
        assert seen("vatra.case_worker", **named) == []
        assert seen("ra.duty_officer", Whose.CASES, **named) == []


def test_who_holds_no_key_sees_their_own_openings_alone(app: Flask, handed_over: uuid.UUID, sign_in: SignIn) -> None:
    manager = sign_in("nrc.shelter_manager")
    assert "Test case_worker" in manager.get("/openings?whose=colleagues")
    with transaction() as session:
        member = session.scalars(select(Member).where(Member.login == "nrc.shelter_manager")).one()
        for wrap in session.scalars(select(KeyringWrap).where(KeyringWrap.member_id == member.id)):
            session.delete(wrap)
    for whose in ("cases", "colleagues"):
        manager.get(f"/openings?whose={whose}", 404)
    page = manager.get("/openings")
    assert "Test shelter_manager" in page
    assert "Test case_worker" not in page


@pytest.mark.parametrize("login", ["molsa.statistician", "oms.monitor", "administrator", "consular.consular_officer"])
def test_ministry_operator_and_consulate_see_no_openings_and_no_alarms(app: Flask, sign_in: SignIn, login: str) -> None:
    person = sign_in(login)
    for path in ("/openings", "/alarms"):
        person.get(path, 403)
    by = factories.actor(login)
    with pytest.raises(NotPermitted):
        store.openings(Whose.CASES, by=by)
    with pytest.raises(NotPermitted):
        alarm_store.alarms(by=by)


def test_the_page_shows_codes_and_never_a_name_of_a_victim(handed_over: uuid.UUID, sign_in: SignIn) -> None:
    page = sign_in("rinas.border_officer").get("/openings?lang=en")
    assert db.session.get_one(Case, handed_over).pseudonym in page
    assert "Test border_officer" in page
    for untold in ("Responsible Authority", "National Reception Centre", "Test case_worker"):
        assert untold not in page
    assert people.PLANTED not in page


@pytest.mark.parametrize("query", ["whose=all", "member=x", "case=1", "after=x", "after=2026-01-01~x", "case=%00"])
def test_an_address_that_nobody_was_given_does_not_exist(app: Flask, sign_in: SignIn, query: str) -> None:
    sign_in("nrc.case_worker").get(f"/openings?{query}", 404)


def test_pages_of_openings_leave_nothing_out_and_repeat_nothing(world_app: tuple[Flask, World]) -> None:
    _, world = world_app
    nrc = factories.actor("nrc.case_worker")
    many(nrc, world.case, 7)
    found, after = [], ""
    while True:
        part = store.openings(Whose.CASES, by=nrc, after=after, size=3)
        found += [line.id for line in part.rows]
        after = part.after
        if not after:
            break
    assert len(found) == len(set(found)) == 7


# Alarms


def many(by: Actor, template: uuid.UUID, count: int, *, ago: timedelta = timedelta()) -> None:
    """So many different cases like this one, each opened once, two minutes apart."""
    with transaction() as session:
        like = session.get_one(Case, template)
        columns = [column.name for column in Case.__table__.columns if column.name not in ("id", "pseudonym")]
        for number in range(count):
            case_id = uuid.uuid4()
            values = {name: getattr(like, name) for name in columns}
            session.add(Case(id=case_id, pseudonym=str(case_id), **values))
            session.flush()
            session.add(reading(by, case_id, clock.now() - ago - timedelta(minutes=2 * number)))


def reading(by: Actor, case_id: uuid.UUID, at: object) -> Reading:
    return Reading(
        case_id=case_id,
        compartment="identity",
        purpose="care",
        member_id=by.member_id,
        organisation_id=by.organisation_id,
        holder_id=by.organisation_id,
        opened_at=at,
    )


@pytest.fixture
def alarmed(world_app: tuple[Flask, World]) -> uuid.UUID:
    """NRC's case worker opened twelve cases within an hour."""
    _, world = world_app
    many(factories.actor("nrc.case_worker"), world.case, 12)
    assert tending.tend()["alarms_raised"] == 1
    return db.session.scalars(select(Alarm.id)).one()


def test_eleven_cases_or_one_case_opened_often_raise_nothing(world_app: tuple[Flask, World]) -> None:
    _, world = world_app
    nrc = factories.actor("nrc.case_worker")
    many(nrc, world.case, 11)
    with transaction() as session:
        for _ in range(30):
            session.add(reading(nrc, world.case, clock.now() - timedelta(hours=2)))
    assert tending.tend()["alarms_raised"] == 0


def test_what_is_usual_for_somebody_raises_nothing_until_it_is_three_times_the_watch(
    world_app: tuple[Flask, World],
) -> None:
    _, world = world_app
    # What is usual is counted by days of the country: in the first hour of one these openings would lie in two.
    noon = (clock.now() + timedelta(days=1)).replace(hour=11)
    clock.set_clock(lambda: noon)
    nrc = factories.actor("nrc.case_worker")
    many(nrc, world.case, 20, ago=timedelta(days=3))
    many(nrc, world.case, 25)
    assert tending.tend()["alarms_raised"] == 0
    many(nrc, world.case, 11)
    assert tending.tend()["alarms_raised"] == 1


def test_an_alarm_is_raised_once_and_grows(alarmed: uuid.UUID, world_app: tuple[Flask, World]) -> None:
    _, world = world_app
    assert tending.tend()["alarms_raised"] == 0
    many(factories.actor("nrc.case_worker"), world.case, 5)
    assert tending.tend()["alarms_raised"] == 0
    alarm = db.session.get_one(Alarm, alarmed, populate_existing=True)
    assert (alarm.cases, alarm.hours) == (17, 1)
    then = clock.now() + timedelta(hours=2)
    clock.set_clock(lambda: then)
    assert tending.tend()["alarms_raised"] == 0  # over, and fewer than forty in the day


def test_colleagues_and_the_duty_desk_are_told_the_person_and_strangers_are_not(
    alarmed: uuid.UUID, world_app: tuple[Flask, World]
) -> None:
    app, _ = world_app
    for login in ("nrc.shelter_manager", "ra.duty_officer"):
        person = Person(app.test_client(), login)
        assert "/alarms" in person.get("/")
        page = person.get("/alarms?lang=en")
        assert "12 different cases" in page
        assert "nrc.case_worker" in page
        assert str(alarmed) in page
        # The desk is told how many; which cases they were is the organisation's to look at.
        assert ("What this person opened" in page) == (login == "nrc.shelter_manager")
    for login in ("nrc.case_worker", "vatra.case_worker", "rinas.border_officer"):
        person = Person(app.test_client(), login)
        assert "/alarms" not in person.get("/")
        assert str(alarmed) not in person.get("/alarms")
        person.post(f"/alarms/{alarmed}/acknowledge/12", status=404)
    assert db.session.scalars(select(AlarmAcknowledgement)).all() == []


def test_each_side_looks_into_it_for_itself_and_again_when_it_grew(
    alarmed: uuid.UUID, world_app: tuple[Flask, World]
) -> None:
    app, world = world_app
    manager, duty = (Person(app.test_client(), login) for login in ("nrc.shelter_manager", "ra.duty_officer"))
    for _ in range(2):  # a double click
        manager.post(f"/alarms/{alarmed}/acknowledge/12")
    assert "Looked into by nrc.shelter_manager" in manager.get("/alarms?lang=en")
    assert "/alarms" not in manager.get("/")
    assert "/alarms" in duty.get("/")  # a colleague who helps to hide it hides it from nobody else
    many(factories.actor("nrc.case_worker"), world.case, 5)
    tending.tend()
    assert "/alarms" in manager.get("/")
    events = db.session.scalars(
        select(AuditEntry.event).where(AuditEntry.event.like("alarm%")).order_by(AuditEntry.id)
    ).all()
    assert events == ["alarm_raised", "alarm_acknowledged"]


def test_nobody_acknowledges_more_than_was_told(alarmed: uuid.UUID, world_app: tuple[Flask, World]) -> None:
    app, _ = world_app
    manager = Person(app.test_client(), "nrc.shelter_manager")
    for cases_ in (0, 13, 2**40):
        manager.post(f"/alarms/{alarmed}/acknowledge/{cases_}", status=404)
    manager.post(f"/alarms/{uuid.uuid4()}/acknowledge/1", status=404)
    with pytest.raises(NotVisible):
        alarms.acknowledge(alarm_id=alarmed, cases=12, by=factories.actor("nrc.case_worker"))


def test_an_alarm_keeps_nobody_out(alarmed: uuid.UUID, world_app: tuple[Flask, World]) -> None:
    _, world = world_app
    opens(world.case, "nrc.case_worker", Compartment.IDENTITY)
    assert Compartment.IDENTITY in case_steps.opened(case_id=world.case, by=_again("nrc.case_worker", world.case))


def _again(login: str, case_id: uuid.UUID) -> Actor:
    by = factories.actor(login)
    cases.open_compartment(case_id=case_id, compartment=Compartment.IDENTITY, purpose=Purpose.CARE, by=by)
    return by


def test_a_duty_officers_own_alarm_is_for_the_other_duty_officers_alone(world_app: tuple[Flask, World]) -> None:
    _, world = world_app
    duty = factories.actor("ra.duty_officer")
    many(duty, world.case, 12)
    assert tending.tend()["alarms_raised"] == 1
    assert alarm_store.waiting(by=duty) == 0
    assert alarm_store.waiting(by=factories.actor("nrc.case_worker")) == 0
    nrc = factories.actor("nrc.case_worker")
    with transaction() as session:
        session.execute(update(Alarm).values(member_id=nrc.member_id))
    assert alarm_store.waiting(by=duty) == 1


def test_the_chain_tells_of_an_alarm_by_counts_and_ids(alarmed: uuid.UUID) -> None:
    details = db.session.scalars(select(AuditEntry.details).where(AuditEntry.event == "alarm_raised")).one()
    assert str(alarmed) in details
    assert '"cases":12' in details
    assert "nrc" not in details


def test_alarms_are_counted_alike_on_postgresql(postgres_app: Flask) -> None:
    sent = people.sent(factories.actor("rinas.border_officer"))
    opens(sent.case_id, "ra.duty_officer")
    many(factories.actor("ra.duty_officer"), sent.case_id, 12)
    assert tending.tend()["alarms_raised"] == 1
    assert tending.tend()["alarms_raised"] == 0
    alarm = db.session.scalars(select(Alarm)).one()
    assert (alarm.cases, alarm.first_at < alarm.last_at) == (13, True)
    assert [line.case_id for line in store.openings(Whose.CASES, by=factories.actor("rinas.border_officer")).rows]
    assert db.session.execute(select(func.count()).select_from(Alarm)).scalar_one() == 1


def test_who_opened_an_announced_return_is_shown_to_the_post_that_expects_it(
    world_app: tuple[Flask, World],
) -> None:
    _, world = world_app
    rinas, authority = factories.actor("rinas.border_officer"), factories.actor("ra.duty_officer")
    for by in (rinas, authority):
        announced_returns.open_identity(notice_id=world.notice, purpose=Purpose.ADMISSION, by=by)
    of_post = store.openings(Whose.CASES, by=rinas, case_id=world.notice).rows
    assert [(line.member_id, line.compartment, line.pseudonym) for line in of_post] == [
        (None, "identity", ""),
        (rinas.member_id, "identity", ""),
    ]
    assert [line.member_id for line in store.openings(Whose.COLLEAGUES, by=authority, case_id=world.notice).rows] == [
        authority.member_id
    ]
    for login in ("durres.border_officer", "nrc.case_worker"):
        assert store.openings(Whose.CASES, by=factories.actor(login), case_id=world.notice).rows == []
    why, consul = BackReason.MISTAKE, factories.actor("consular.consular_officer")
    announced_returns.cancel(notice_id=world.notice, why=why, by=consul)
    announced_returns.back_seen(notice_id=world.notice, by=authority)
    assert len(store.openings(Whose.CASES, by=rinas, case_id=world.notice).rows) == 2  # it stays known who looked


def test_the_page_of_openings_names_an_announced_return_and_nobody(
    world_app: tuple[Flask, World],
) -> None:
    app, world = world_app
    rinas = Person(app.test_client(), "rinas.border_officer")
    rinas.post(f"/notices/{world.notice}/open", {"purpose": "admission"})
    page = rinas.get("/openings?whose=cases")
    assert f"case={world.notice}" in page
    for planted in PLANTED:
        assert planted not in page
