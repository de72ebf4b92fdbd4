"""A suspended person opens, signs and does nothing, reads why and whom to call; time or a second hand ends it."""

from __future__ import annotations

import uuid

import pytest
from flask import Flask
from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError

from nrm import audit, clock
from nrm.actions.accounts import accounts, members, organisations, suspensions
from nrm.actions.shelter import cases
from nrm.db import db, transaction
from nrm.domain.accounts.accounts import NotPermitted, NotVisible
from nrm.domain.accounts.members import OwnAccount
from nrm.domain.accounts.suspensions import OrganisationReason, SuspensionReason, SuspensionRefused
from nrm.domain.shelter.cases import Compartment, Purpose
from nrm.models.accounts.accounts import Member, Organisation
from nrm.models.accounts.suspensions import Suspension
from nrm.store import names
from tests import factories
from tests.conftest import Command, Person, token_in
from tests.integration.accounts.test_invitations import one_more
from tests.integration.accounts.test_second_hands import MANAGER, WORKER, colleagues, kept, opened, waits
from tests.second_hands import agreed, asked

DESK = "ra.duty_officer"


def id_of(login: str) -> uuid.UUID:
    db.session.rollback()
    return db.session.scalars(select(Member.id).where(Member.login == login)).one()


def suspend(login: str, by: str) -> uuid.UUID:
    return suspensions.suspend(member_id=id_of(login), reason=SuspensionReason.LOST_DEVICE, by=factories.actor(by))


def test_who_is_suspended_reads_why_and_whom_to_call_and_reaches_no_other_page(app: Flask) -> None:
    [case_id] = opened(1)
    worker, manager = Person(app.test_client(), WORKER), Person(app.test_client(), MANAGER)
    assert 'href="#reason' in manager.post(f"/members/{id_of(WORKER)}/suspend", {}, 422)
    manager.post(f"/members/{id_of(WORKER)}/suspend", {"reason": "because"}, 422)
    address = manager.post(f"/members/{id_of(WORKER)}/suspend", {"reason": "lost_device"})
    with transaction() as session:
        session.execute(update(Organisation).where(Organisation.code == "RA").values(telephone="04 222 1111"))
    home = worker.get("/?lang=en")
    number = names.number_now("RA")
    for words in ("Your account is suspended", "Test shelter_manager", "lost or stolen", number):
        assert words in home
    assert "04 222 1111" not in home  # of a row, which nobody signed
    assert "/cases" not in home  # no navigation, and nothing of a case
    for path in ("/cases", f"/cases/{case_id}", "/members", "/alarms", "/openings", address, "/password"):
        assert "Your account is suspended" in worker.get(path, 403)
    worker.post(f"/cases/{case_id}/notes", {"note": "a note"}, 403)
    worker.post(f"/cases/{case_id}/consents/withdraw", {"what": "everything:", "told": "y", "sure": "y"}, 403)
    worker.post("/sign-out")
    again = Person(app.test_client(), WORKER)  # signing in works, and leads to the same page
    assert "suspended" in again.get("/?lang=en")
    assert "suspended until" in manager.get("/?lang=en")
    assert list(audit.verify(db.session())) == []
    # Who changes the row, so that it is none any more, lets nobody work and leaves nobody before a bare sign-in page.
    with transaction() as session:
        session.execute(update(Suspension).values(until=clock.now().replace(year=clock.now().year + 1)))
    for page in (again.get("/?lang=en"), Person(app.test_client(), WORKER).get("/?lang=en")):
        assert "The key log says that you are suspended" in page
        assert number in page
        assert "changed without this program" in page
    assert "Your account is suspended" in again.get("/cases", 403)


def test_no_action_works_for_a_suspended_person_and_no_command(app: Flask, command: Command) -> None:
    [case_id] = opened(1)
    by = factories.actor(WORKER)
    suspend(WORKER, MANAGER)
    found = accounts.resume(accounts.sign_in(login=WORKER, password=factories.PASSWORD))
    assert isinstance(found, accounts.SignedIn)
    assert (found.actor.role, found.actor.keys) == (None, None)
    for act in (
        lambda: cases.open_compartment(
            case_id=case_id, compartment=Compartment.IDENTITY, purpose=Purpose.CARE, by=found.actor
        ),
        lambda: members.disable(member_id=id_of(MANAGER), by=found.actor),
        lambda: cases.add_note(case_id=case_id, text="x", by=found.actor),
    ):
        with pytest.raises((NotPermitted, NotVisible)):
            act()
    code, _, said = command(app, "keys", "rotate", "--organisation", "VATRA", "--as", WORKER)
    assert code == 2
    assert "suspended" in said
    assert said.count("\n") == 1
    assert by.keys is not None


def test_time_undoes_it_and_nobody_suspends_the_same_person_alone_again(app: Flask) -> None:
    suspend(WORKER, MANAGER)
    factories.later(hours=71.9)
    assert "pezulluar" in Person(app.test_client(), WORKER).get("/")
    factories.later(hours=0.2)
    assert "/sign-out" in Person(app.test_client(), WORKER).get("/cases")
    with pytest.raises(SuspensionRefused, match="again"):
        suspend(WORKER, MANAGER)
    one_more("v.third", WORKER)
    with pytest.raises(SuspensionRefused, match="again"):
        suspend(WORKER, "administrator")
    factories.later(days=14)
    suspend(WORKER, MANAGER)


@pytest.mark.parametrize("login", ["v.third", DESK, MANAGER])
def test_a_colleague_the_desk_or_who_did_it_ends_it_and_never_the_person(app: Flask, login: str) -> None:
    colleagues("v.third")
    one_more("v.fourth", WORKER)  # whom the manager did not let in: so he is not alone
    factories.later(days=15)
    suspension_id = suspend(WORKER, MANAGER)
    address = f"/suspensions/{suspension_id}"
    Person(app.test_client(), "nrc.shelter_manager").get(address, 404)
    Person(app.test_client(), "nrc.shelter_manager").post(f"{address}/end", status=404)
    Person(app.test_client(), WORKER).post(f"{address}/end", status=403)
    person = Person(app.test_client(), login)
    assert address in person.get("/")
    assert f"{address}/end" in person.get(address)
    person.post(f"{address}/end")
    assert "/sign-out" in Person(app.test_client(), WORKER).get("/cases")
    person.post(f"{address}/end", status=409)
    how = {DESK: "authority", MANAGER: "taken_back"}.get(login, "colleague")
    db.session.rollback()
    assert db.session.get_one(Suspension, suspension_id).how_ended == how


def test_a_second_hand_makes_it_longer_once_and_never_who_did_it(app: Flask) -> None:
    one_more("v.third", WORKER)
    factories.later(days=15)
    suspension_id = suspend(WORKER, MANAGER)
    address = f"/suspensions/{suspension_id}/longer"
    Person(app.test_client(), MANAGER).post(address, status=409)
    Person(app.test_client(), "v.third").post(address)
    Person(app.test_client(), DESK).post(address, status=409)
    factories.later(days=13)
    assert "pezulluar" in Person(app.test_client(), WORKER).get("/")
    factories.later(days=1.1)
    assert "/sign-out" in Person(app.test_client(), WORKER).get("/cases")


def test_a_member_suspends_two_a_day_never_themselves_and_only_who_holds_the_key(app: Flask) -> None:
    colleagues("v.one", "v.two", "v.three")
    with pytest.raises(OwnAccount):
        suspend(WORKER, WORKER)
    with pytest.raises(NotVisible):
        suspend("nrc.case_worker", WORKER)
    with pytest.raises(NotPermitted):
        suspend(WORKER, "molsa.reader")
    suspend("v.one", WORKER)
    with pytest.raises(SuspensionRefused, match="already"):
        suspend("v.one", MANAGER)
    suspend("v.two", WORKER)
    with pytest.raises(SuspensionRefused, match="many"):
        suspend("v.three", WORKER)
    assert app


def test_a_row_that_was_written_by_hand_suspends_nobody_and_one_that_was_changed_neither(
    app: Flask, caplog: pytest.LogCaptureFixture
) -> None:
    now = clock.now()
    with transaction() as session:
        session.add(
            Suspension(
                id=uuid.uuid4(),
                organisation_id=db.session.scalars(select(Member.organisation_id).where(Member.login == WORKER)).one(),
                member_id=session.scalars(select(Member.id).filter_by(login=WORKER)).one(),
                by_id=session.scalars(select(Member.id).filter_by(login=MANAGER)).one(),
                by_administrator=False,
                reason="misuse",
                at=now,
                until=now.replace(year=now.year + 1),
                how_ended="",
                mark=b"by hand",
            )
        )
    assert "/sign-out" in Person(app.test_client(), WORKER).get("/cases")
    assert "suspension of" in caplog.text


def test_the_table_knows_the_rule_too(app: Flask) -> None:
    suspension_id = suspend(WORKER, MANAGER)
    for values in (
        {"longer_by_id": id_of(MANAGER)},
        {"longer_by_id": id_of(WORKER)},
        {"by_id": id_of(WORKER)},
        {"ended_at": clock.now()},
        {"ended_at": clock.now(), "ended_by_id": id_of(WORKER), "how_ended": "colleague"},
    ):
        with pytest.raises(IntegrityError), transaction() as session:
            session.execute(update(Suspension).where(Suspension.id == suspension_id).values(**values))
    assert app


def test_a_suspended_colleague_is_no_second_hand_and_the_desk_is(app: Flask) -> None:
    """Who suspends the manager first does not keep a withdrawal from everybody's eyes."""
    [case_id] = opened(1)
    suspend(MANAGER, WORKER)
    act_id = waits(factories.actor(WORKER), case_id)
    desk = Person(app.test_client(), DESK)
    assert f"/second-hands/{act_id}" in desk.get("/")
    desk.post(f"/second-hands/{act_id}/see")
    factories.later(hours=71)
    assert kept(case_id)


def test_who_was_let_in_lately_suspends_nobody_who_was_there_before(app: Flask) -> None:
    factories.later(days=30)
    colleagues("v.third")
    factories.later(minutes=3)
    third = Person(app.test_client(), "v.third")
    for login in (WORKER, MANAGER):
        with pytest.raises(SuspensionRefused, match="newcomer"):
            suspend(login, "v.third")
        page = third.get(f"/members/{id_of(login)}/suspend?lang=en")
        assert "less than 14 days" in page
        assert names.number_now("RA") in page
        assert 'name="reason"' not in page
    suspend("v.third", WORKER)


def test_nobody_is_left_alone_with_the_cases_of_a_house_in_which_more_people_hold_the_key(app: Flask) -> None:
    one_more("v.third", WORKER)
    factories.later(days=30)
    suspension_id = suspend(WORKER, "v.third")
    with pytest.raises(SuspensionRefused, match="left_alone"):
        suspend(MANAGER, "v.third")
    suspensions.end(suspension_id=suspension_id, by=factories.actor(DESK))
    with pytest.raises(SuspensionRefused, match="left_alone"):
        suspend(MANAGER, "v.third")  # the worker let them in: one hand (ADR 0163)
    colleagues("v.fourth")
    suspend(MANAGER, "v.third")


def test_a_suspension_that_was_ended_binds_who_did_it_and_not_a_colleague(app: Flask) -> None:
    one_more("v.third", WORKER)
    factories.later(days=30)
    suspension_id = suspend(WORKER, MANAGER)
    factories.later(hours=2)
    suspensions.end(suspension_id=suspension_id, by=factories.actor(MANAGER))
    with pytest.raises(SuspensionRefused, match="again"):
        suspend(WORKER, MANAGER)
    suspension_id = suspend(WORKER, "v.third")
    suspensions.end(suspension_id=suspension_id, by=factories.actor("v.third"))
    suspend(WORKER, "v.third")  # a slip, taken back at once


def test_the_suspension_of_an_account_that_was_ended_is_over(app: Flask) -> None:
    """Ended afterwards it would say "works again" of who left, and the key log would contradict it."""
    colleagues("v.third", "v.fourth")
    one_more("v.fifth", WORKER)
    factories.later(days=30)
    address = f"/suspensions/{suspend(WORKER, MANAGER)}"
    manager = factories.actor(MANAGER)  # who suspended them, and does not end the account alone
    agreed(asked(lambda: members.disable(member_id=id_of(WORKER), by=manager)), factories.actor(DESK))
    third = Person(app.test_client(), "v.third")
    assert address not in third.get("/")
    assert f"{address}/end" not in third.get(address)
    third.post(f"{address}/end", status=409)
    third.post(f"{address}/longer", status=409)
    assert "nobody signed" not in third.get("/members/keys?lang=en").lower()


def test_who_ends_an_account_says_why_and_whoever_agrees_or_lets_in_again_reads_it(app: Flask) -> None:
    factories.later(days=30)
    manager, path = Person(app.test_client(), MANAGER), f"/members/{id_of(WORKER)}"
    assert 'href="#reason' in manager.post(f"{path}/disable", {}, 422)
    act = manager.post(f"{path}/disable", {"reason": "suspected"})
    desk = Person(app.test_client(), DESK)
    page = desk.get(f"{act}?lang=en")
    assert "must be looked into" in page
    assert "reads on their own home page that this was asked for" in page
    desk.post(f"{act}/agree", {"sure": "y"})
    page = manager.get(f"{path}/back?lang=en")
    for words in ("must be looked into", "Test shelter_manager", "Agreed to by"):
        assert words in page
    manager.post(f"{path}/back")
    Person(app.test_client(), "nrc.shelter_manager").get(f"{path}/back", 404)


def test_who_was_suspended_with_the_organisation_reads_so_with_the_right_password_alone(app: Flask) -> None:
    vatra = db.session.scalars(select(Organisation.id).where(Organisation.code == "VATRA")).one()
    client, wrong = app.test_client(), "do not belong together"

    def tried(login: str, password: str) -> str:
        token = token_in(client.get("/sign-in?lang=en").text)
        answer = client.post("/sign-in", data={"csrf_token": token, "login": login, "password": password})
        assert answer.status_code == 422
        return answer.text

    organisations.suspend(
        organisation_id=vatra, reason=OrganisationReason.KEY_LOST, by=factories.actor("administrator")
    )
    page = tried(WORKER, factories.PASSWORD)
    assert "Your organisation is suspended" in page
    assert names.number_now("RA") in page
    assert wrong in tried(WORKER, "something else entirely")
    assert wrong in tried("nobody.at_all", factories.PASSWORD)
