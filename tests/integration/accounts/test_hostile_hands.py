"""One hostile or stolen account destroys nobody's case, closes no shelter, and stages no act for somebody absent."""

from __future__ import annotations

import uuid

import pytest
from flask import Flask
from sqlalchemy import func, select, update

from nrm import audit
from nrm.actions import tending
from nrm.db import db, transaction
from nrm.domain.accounts.accounts import OrganisationKind
from nrm.models.accounts.accounts import Member, Organisation
from nrm.models.accounts.second_hands import HeavyAct
from nrm.models.shelter.cases import ParkedGrant
from nrm.vault import rows
from tests import factories
from tests import factories_referrals as people
from tests import second_hands as hands
from tests.conftest import Person
from tests.integration.accounts.test_invitations import one_more
from tests.integration.accounts.test_second_hands import EVERYTHING, MANAGER, WORKER, code, kept, opened, status_of

WEEKS = 2


def member_id(login: str) -> uuid.UUID:
    db.session.rollback()
    return db.session.scalars(select(Member.id).where(Member.login == login)).one()


@pytest.mark.slow
def test_a_case_worker_alone_destroys_nothing_in_any_time(app: Flask) -> None:
    """Everything of twelve cases in seconds, and the manager's account: the attack from outside."""
    cases = opened(12)
    worker = Person(app.test_client(), WORKER)
    for case_id in cases:
        worker.post(f"/cases/{case_id}/consents/withdraw", dict(EVERYTHING))
    worker.post(f"/members/{member_id(MANAGER)}/disable", {"reason": "left"})
    assert all(map(kept, cases))
    assert status_of(MANAGER) == "active"
    for _ in range(WEEKS * 7):
        factories.later(days=1)
        tending.tend()
    assert all(map(kept, cases))
    assert status_of(MANAGER) == "active"
    closed = select(func.count(ParkedGrant.case_id.distinct()))
    assert db.session.scalar(closed) == 2  # and no more than two are closed to the house
    assert list(audit.verify(db.session())) == []


def test_an_accomplice_whom_the_worker_let_in_is_no_second_hand(app: Flask) -> None:
    """She invites somebody, types their words herself, and lets them agree: it would be one hand."""
    one_more("v.accomplice", WORKER)
    one_more("v.newcomer", MANAGER)
    (case_id,) = opened(1)
    act = Person(app.test_client(), WORKER).post(f"/cases/{case_id}/consents/withdraw", dict(EVERYTHING))
    accomplice, newcomer = (Person(app.test_client(), login) for login in ("v.accomplice", "v.newcomer"))
    for person, why in ((accomplice, "that is one hand"), (newcomer, "less than 14 days")):
        page = person.get(f"{act}?lang=en")
        assert f"{act}/agree" not in page
        assert f"{act}/see" not in page
        assert why in page
        assert f"Who could agree: Test shelter_manager ({MANAGER})." in page
        assert why in person.post(f"{act}/see?lang=en", status=409)
        assert why in person.post(f"{act}/agree?lang=en", {"heard": "spoke"}, 409)
    for _ in range(15):
        factories.later(days=1)
        tending.tend()
    assert "that is one hand" in Person(app.test_client(), "v.accomplice").post(f"{act}/see?lang=en", status=409)
    assert kept(case_id)
    assert Person(app.test_client(), "v.newcomer").post(f"{act}/see") == act
    factories.later(hours=73)
    tending.tend()
    assert not kept(case_id)


def test_who_let_the_asker_in_and_two_accomplices_of_one_are_one_hand(app: Flask) -> None:
    """A hostile walk: the accomplice asks and the old account agrees; later two accomplices ask and agree."""
    one_more("v.first", WORKER)
    factories.later(days=15)
    one_more("v.later", "v.first")
    cases = opened(2)
    act = Person(app.test_client(), "v.later").post(f"/cases/{cases[0]}/consents/withdraw", dict(EVERYTHING))
    for login in (WORKER, "v.first"):
        person = Person(app.test_client(), login)
        assert f"{act}/agree" not in person.get(act)
        person.post(f"{act}/agree", {"heard": "spoke"}, 409)
        person.post(f"{act}/see", status=409)
    for _ in range(15):
        factories.later(days=1)
        tending.tend()
    assert kept(cases[0])
    other = Person(app.test_client(), "v.first").post(f"/cases/{cases[1]}/consents/withdraw", dict(EVERYTHING))
    Person(app.test_client(), "v.later").post(f"{other}/agree", {"heard": "spoke"}, 409)
    Person(app.test_client(), WORKER).post(f"{other}/agree", {"heard": "spoke"}, 409)
    assert kept(cases[1])
    # The manager is another hand, and what nobody said is signed is not read.
    manager = Person(app.test_client(), MANAGER)
    assert 'value="signed"' not in manager.get(other)
    manager.post(f"{other}/agree", {"heard": "signed"}, 422)
    manager.post(f"{other}/agree", {"heard": "spoke"})
    assert not kept(cases[1])


def test_the_only_other_hand_is_not_put_out_by_whoever_let_all_the_others_in(app: Flask) -> None:
    one_more("v.first", WORKER)
    factories.later(days=15)
    one_more("v.later", "v.first")
    act = Person(app.test_client(), WORKER).post(f"/members/{member_id(MANAGER)}/disable", {"reason": "left"})
    assert act.startswith("/second-hands/")
    # Who is no hand reads that it waits for somebody else, and for whom.
    home = Person(app.test_client(), "v.first").get("/?lang=en")
    assert "asks that somebody else agrees" in home and "asks that you agree" not in home  # noqa: PT018
    assert "The duty desk is" in Person(app.test_client(), "v.first").get(f"{act}?lang=en")
    assert status_of(MANAGER) == "active"
    for login in ("v.first", "v.later"):
        Person(app.test_client(), login).post(f"{act}/agree", {"sure": "y"}, 409)
    assert act in Person(app.test_client(), "ra.duty_officer").get("/")
    assert status_of(MANAGER) == "active"


def test_what_waits_at_the_old_holder_does_not_stand_in_the_way_of_the_new_one(app: Flask) -> None:
    """The third of a week waits for a second hand; the case moves; she takes everything back at the new house."""
    *_, third = cases = opened(3)
    worker = Person(app.test_client(), WORKER)
    acts = [worker.post(f"/cases/{each}/consents/withdraw", dict(EVERYTHING)) for each in cases]
    assert status_of_act(acts[2]) == "asked"
    with transaction() as session:  # as after a move: the new holder holds it, and has its keys
        other = session.scalars(select(Organisation.id).where(Organisation.code == "NRC")).one()
        session.execute(update(HeavyAct).where(HeavyAct.case_id == third).values(organisation_id=other))
        for each in session.scalars(select(HeavyAct).where(HeavyAct.case_id == third)):
            each.mark = rows.act_mark(each)
    again = Person(app.test_client(), MANAGER).post(f"/cases/{third}/consents/withdraw", dict(EVERYTHING))
    assert again.startswith("/second-hands/")
    assert status_of_act(acts[2]) == "expired"


def status_of_act(address: str) -> str:
    db.session.rollback()
    return db.session.scalars(select(HeavyAct.status).where(HeavyAct.id == uuid.UUID(address[-36:]))).one()


def test_where_only_newcomers_are_left_the_duty_desk_is_the_second_hand(app: Flask) -> None:
    one_more("v.accomplice", WORKER)
    (case_id,) = opened(1)
    hands.ended(member_id(MANAGER), factories.actor(WORKER))
    act = Person(app.test_client(), WORKER).post(f"/cases/{case_id}/consents/withdraw", dict(EVERYTHING))
    desk = Person(app.test_client(), "ra.duty_officer")
    assert act in desk.get("/")
    assert f"{act}/agree" in desk.get(act)


def test_the_manager_sees_it_and_gives_the_cases_back_with_two_presses(app: Flask) -> None:
    cases = opened(3)
    worker, manager = Person(app.test_client(), WORKER), Person(app.test_client(), MANAGER)
    acts = [worker.post(f"/cases/{each}/consents/withdraw", dict(EVERYTHING)) for each in cases]
    home = manager.get("/?lang=en")
    for case_id, act in zip(cases, acts, strict=True):
        assert code(case_id) in home
        assert act in home
    for act in acts[:2]:
        assert "opens for nobody" in manager.get(f"{act}?lang=en")
        manager.post(f"{act}/undo", {"why": "mistake"})
    for case_id in cases[:2]:
        manager.post(f"/cases/{case_id}/open", {"compartment": "identity", "purpose": "care"})
        assert people.PLANTED in manager.get(f"/cases/{case_id}")


def test_an_administrator_ends_no_account_of_those_who_hold_keys(app: Flask) -> None:
    """Fourteen accounts in a minute, so that no shelter of the country could accept anybody."""
    administrator = Person(app.test_client(), "administrator")
    holding = [str(kind) for kind in OrganisationKind if kind.holds_keys]
    holders = db.session.scalars(
        select(Member.login)
        .join(Organisation, Organisation.id == Member.organisation_id)
        .where(Organisation.kind.in_(holding))
        .order_by(Member.login)
    ).all()
    assert len(holders) >= 14
    for login in holders:
        administrator.post(f"/members/{member_id(login)}/disable", status=403)
    assert {status_of(each) for each in holders} == {"active"}


@pytest.mark.slow
def test_an_administrator_suspends_few_and_leaves_two_who_open(app: Flask) -> None:
    administrator = Person(app.test_client(), "administrator")
    everybody = select(Member.login).where(Member.role != "administrator").order_by(Member.login)
    answers = {
        login: administrator.client.post(
            f"/members/{member_id(login)}/suspend",
            data={"csrf_token": administrator.csrf_token, "reason": "misuse", "sure": "y"},
        ).status_code
        for login in db.session.scalars(everybody).all()
    }
    suspended = [login for login, status in answers.items() if status == 303]
    assert len(suspended) == 3
    assert len({each.partition(".")[0] for each in suspended}) == 3
    for login in suspended:
        organisation = db.session.scalars(select(Member.organisation_id).where(Member.login == login)).one()
        kind = db.session.get_one(Organisation, organisation).kind
        if OrganisationKind(kind).holds_keys:
            left = select(func.count()).where(Member.organisation_id == organisation, Member.status == "active")
            assert (db.session.scalar(left) or 0) - 1 >= 2
    factories.later(hours=24)
    for login in suspended:
        assert "/sign-out" in Person(app.test_client(), login).get("/")


@pytest.mark.parametrize("path", ["/cases/{}/consents/withdraw", "/cases/{}/erase"])
def test_a_dead_cookie_stages_nothing_that_a_sign_in_would_carry_out(app: Flask, path: str) -> None:
    [case_id] = opened(1)
    path = path.format(case_id)
    worker = Person(app.test_client(), WORKER)
    factories.later(minutes=20)
    page = worker.post(path, {**EVERYTHING, "asked": "y"}, 401)
    carried = page.partition('name="carried" value="')[2].partition('"')[0]
    token = page.partition('name="csrf_token" value="')[2].partition('"')[0]
    data = {"login": WORKER, "password": factories.PASSWORD, "carried": carried, "csrf_token": token}
    answer = worker.client.post("/sign-in", data=data)
    assert answer.status_code in (200, 303)
    assert f'action="{path}"' not in answer.text
    assert kept(case_id)
    assert db.session.scalar(select(func.count()).select_from(ParkedGrant)) == 0
