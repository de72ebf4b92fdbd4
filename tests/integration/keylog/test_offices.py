"""Offices without keys and who runs the machine are in the key log, too: a role in a row makes nobody anything else."""

from __future__ import annotations

import uuid

import pytest
from flask import Flask
from sqlalchemy import select, update

from nrm import clock
from nrm.actions import tending
from nrm.actions.accounts import accounts, beginning_anew, joining, members, organisations, words
from nrm.actions.accounts import key_log as actions
from nrm.db import db, transaction
from nrm.domain.accounts.accounts import Actor, NotPermitted, NotVisible, OrganisationKind, Role
from nrm.domain.accounts.key_log_entries import hour_of
from nrm.domain.accounts.suspensions import OrganisationReason
from nrm.domain.accounts.words import CannotVouch, NoOccasion
from nrm.models.accounts.accounts import Member, Organisation
from nrm.store.accounts import occasions
from nrm.vault.keylog import log
from tests import factories
from tests.conftest import Person

OFFICE = "molsa"


def member(login: str) -> Member:
    db.session.rollback()
    return db.session.scalars(select(Member).where(Member.login == login)).one()


def organisation(code: str) -> uuid.UUID:
    return db.session.scalars(select(Organisation.id).where(Organisation.code == code)).one()


def invited(login: str, code: str, role: Role) -> uuid.UUID:
    """Somebody whom the administrator invites into an office, and who has joined."""
    admin = factories.actor("administrator")
    token = joining.invite(organisation_id=organisation(code), login=login, name="New", role=role, by=admin)
    assert factories.join(token).waiting
    return member(login).id


def test_every_office_and_its_people_are_founded(app: Flask) -> None:
    state = log.state(db.session)
    kinds = {OrganisationKind(each.kind) for each in state.organisations.values()}
    assert {OrganisationKind.MINISTRY, OrganisationKind.OPERATOR} <= kinds
    outside = db.session.scalars(
        select(Member.login).where(Member.status == "active", Member.id.not_in(list(state.members)))
    ).all()
    assert outside == []
    office = state.organisations[organisation("MOLSA")]
    assert (office.version, office.public, office.spent) == (0, b"", False)


@pytest.mark.parametrize(
    ("login", "other"),
    [("molsa.reader", "statistician"), ("administrator", "administrator")],
    ids=["office", "operator"],
)
def test_a_role_in_a_row_of_an_office_makes_nobody_anything_else(
    app: Flask, caplog: pytest.LogCaptureFixture, login: str, other: str
) -> None:
    right = member(login).role
    with transaction() as session:
        session.execute(update(Member).where(Member.login == login).values(role=other))
        if login == "administrator":  # an organisation that is another in the row: their own is what was signed
            session.execute(update(Organisation).where(Organisation.code == "OPERATOR").values(kind="ministry"))
    by = factories.actor(login)
    assert (by.role, str(by.kind)) == (Role(right), "operator" if login == "administrator" else "ministry")
    assert "member" in caplog.text


def test_who_is_planted_in_an_office_by_hand_is_nobody_there(app: Flask) -> None:
    """A row for a member and one for an invitation, active and with the role of who counts."""
    factories.join(factories.invited_by_hand("molsa.intruder", "MOLSA", marked=True, role="reader"))
    with transaction() as session:
        session.execute(
            update(Member)
            .where(Member.login == "molsa.intruder")
            .values(status="active", role="statistician", code_checked_at=clock.now())
        )
    me = Person(app.test_client(), "molsa.intruder")
    page = me.get("/?lang=en")
    assert "Waiting for a colleague" in page
    me.get("/reports", 403)
    assert 'href="/guide"' in page  # which may be read meanwhile, and leads nowhere
    assert 'href="/register"' not in me.get("/guide")


def said(login: str) -> list[str]:
    """What stands on the own page of somebody who waits."""
    shown = words.shown(by=factories.actor(login))
    assert shown is not None
    return list(shown.words)


FIELDS = ("first", "second", "third", "fourth")


def test_a_colleague_lets_somebody_in_and_nobody_from_outside_does(app: Flask) -> None:
    new = invited("molsa.new", "MOLSA", Role.READER)
    me = Person(app.test_client(), "molsa.new")
    me.get("/reports", 403)
    read = said("molsa.new")
    for login in ("vatra.case_worker", "customs.focal_point", "administrator", "ra.duty_officer"):
        by = factories.actor(login)
        assert occasions.to_attest(by=by) == []
        with pytest.raises((NotVisible, CannotVouch)):
            words.type_words(member_id=new, typed=read, called_back=True, by=by)
    colleague = factories.actor("molsa.statistician")  # may read reports, and more
    (line,) = occasions.waiting(by=colleague)
    assert (line.name, line.role) == ("New", Role.READER)
    assert words.type_words(member_id=new, typed=read, by=colleague)
    assert log.state(db.session).members[new].vouched_by == {colleague.member_id}
    me.get("/reports")


def test_a_role_with_more_rights_waits_for_a_second_hand_who_types_the_same_words(app: Flask) -> None:
    new = invited("molsa.new", "MOLSA", Role.STATISTICIAN)
    reader, focal = Person(app.test_client(), "molsa.reader"), Person(app.test_client(), "molsa.focal_point")
    typed = dict(zip(FIELDS, said("molsa.new"), strict=True))
    assert f"/members/{new}/words" in reader.get("/?lang=en")
    assert reader.post(f"/members/{new}/words", typed) == "/members?typed=once"
    assert "a second colleague has to type the same words" in reader.get("/members?typed=once&lang=en")
    assert member("molsa.new").status == "waiting"
    assert "others have to agree" in reader.get("/key-log?lang=en")
    assert "You typed these words already" in reader.post(f"/members/{new}/words?lang=en", typed, 409)
    address = log.state(db.session).open_proposals(hour_of(clock.now()))[-1].digest.hex()
    assert "I compared this" not in reader.get(f"/key-log/{address}?lang=en")
    # Of another office nobody reads it, and no other organisation; and nobody is let in by a tick.
    for login in ("customs.focal_point", "vatra.case_worker"):
        stranger = Person(app.test_client(), login)
        stranger.get(f"/key-log/{address}", 404)
        stranger.post(f"/key-log/{address}/agree", {"compared": "y"}, 404)
        stranger.post(f"/members/{new}/words", typed, 404)
    assert "Your hand is asked for" in focal.get("/?lang=en")
    assert f"/members/{new}/words" in focal.get(f"/key-log/{address}?lang=en")
    focal.post(f"/key-log/{address}/agree", {"compared": "y"}, 409)
    with pytest.raises(NotPermitted):
        actions.agree(proposal=bytes.fromhex(address), by=factories.actor("molsa.focal_point"))
    assert member("molsa.new").status == "waiting"
    assert focal.post(f"/members/{new}/words", typed) == "/members?typed=yes"
    assert member("molsa.new").status == "active"
    assert factories.actor("molsa.new").role is Role.STATISTICIAN


def test_the_only_one_of_an_office_who_lost_everything_comes_back_by_two_who_attest(app: Flask) -> None:
    admin, login = factories.actor("administrator"), "vatc.focal_point"
    for each in db.session.scalars(select(Member.login).where(Member.organisation_id == organisation("VATC"))).all():
        if each != login:
            members.disable(member_id=member(each).id, by=admin)
            factories.later(hours=25)  # administrators end few accounts a day
            admin = factories.actor("administrator")
    lost = member(login).id
    token = beginning_anew.begin_again(member_id=lost, by=admin)
    factories.later(hours=25)
    tending.tend()
    factories.join(token)
    assert member(login).status == "waiting"
    read = said(login)

    def types(by: Actor, *, called_back: bool = True) -> bool:
        return words.type_words(member_id=lost, typed=read, called_back=called_back, by=by)

    for by in (factories.actor(each) for each in ("molsa.focal_point", "administrator")):
        with pytest.raises((NotVisible, CannotVouch)):
            types(by)
    desk, shelter = Person(app.test_client(), "ra.duty_officer"), factories.actor("nrc.case_worker")
    assert f"/members/{lost}/words" in desk.get("/key-log")
    typed = dict(zip(FIELDS, read, strict=True))
    desk.post(f"/members/{lost}/words", typed, 422)  # not called back
    desk.post(f"/members/{lost}/words", {**typed, "called_back": "y"})
    assert member(login).status == "waiting"
    assert not types(factories.actor("ra.identification_officer"))  # two of one house
    assert types(shelter)
    assert factories.actor(login).role is Role.FOCAL_POINT


def test_who_left_an_office_comes_back_through_a_colleague(app: Flask) -> None:
    admin, gone = factories.actor("administrator"), member("molsa.reader").id
    members.disable(member_id=gone, by=admin)
    assert log.state(db.session).members[gone].left
    members.bring_back(member_id=gone, by=admin)
    me = Person(app.test_client(), "molsa.reader")
    me.get("/reports", 403)
    factories.confirm("molsa.reader", by=factories.actor("molsa.statistician"))
    me.get("/reports")


def test_what_the_administrator_suspends_stands_in_the_log(app: Flask) -> None:
    """By rows alone an organisation that was suspended could be put back; now the log says so, too."""
    admin = factories.actor("administrator")
    suspended = organisation("TJETER_VIZION")
    organisations.suspend(organisation_id=suspended, reason=OrganisationReason.ASKED, by=admin)
    assert log.state(db.session).organisations[suspended].suspended
    with transaction() as session:
        session.execute(update(Organisation).where(Organisation.id == suspended).values(enabled=True))
    cookie = accounts.sign_in(login="tjeter_vizion.case_worker", password=factories.PASSWORD)
    assert accounts.resume(cookie) is None
    with transaction() as session:
        session.execute(update(Organisation).where(Organisation.id == suspended).values(enabled=False))
    organisations.readmit(organisation_id=suspended, by=admin)
    assert factories.actor("tjeter_vizion.case_worker").role is Role.CASE_WORKER


def test_an_office_of_one_is_founded_by_that_one_and_two_who_attest(app: Flask) -> None:
    """As a real instance does it, with `nrm keylog found` and without a colleague."""
    office = Organisation(
        id=uuid.uuid4(), code="NEW", kind="ministry", party="", crossing_point="", names={"sq": "E re", "en": "New"}
    )
    with transaction() as session:
        session.add(office)
    admin = factories.actor("administrator")
    token = joining.invite(organisation_id=office.id, login="new.focal", name="Focal", role=Role.FOCAL_POINT, by=admin)
    assert not factories.join(token).waiting  # before its founding it is what the rows say
    founder = factories.actor("new.focal")
    digest = actions.found(other="", further=(), by=founder)
    sheet = factories.sheets(founder)
    desk, shelter = factories.actor("ra.duty_officer"), factories.actor("nrc.case_worker")
    assert not actions.agree(proposal=digest, typed=sheet, by=desk)
    # On the page: the words of the sheet, or nothing is signed.
    page = Person(app.test_client(), "nrc.case_worker")
    address = f"/key-log/{digest.hex()}"
    shown = page.get(f"{address}?lang=en")
    assert "Words of Focal" in shown
    assert 'name="second"' not in shown
    assert "Focal, RA" in shown  # who signed already
    assert "Not the words of Focal" in page.post(f"{address}/agree?lang=en", {"compared": "y", "first": "x"}, 422)
    (line,) = sheet.values()
    assert " ".join(line) in Person(app.test_client(), "new.focal").get("/accession-sheet")
    with transaction() as session:  # somebody puts other keys in the row
        right = member("new.focal").kem_public
        session.execute(update(Member).where(Member.login == "new.focal").values(kem_public=bytes(32)))
    with pytest.raises(NoOccasion):
        actions.agree(proposal=digest, typed=sheet, by=shelter)
    db.session.rollback()
    with transaction() as session:
        session.execute(update(Member).where(Member.login == "new.focal").values(kem_public=right))
    page.post(f"{address}/agree", {"compared": "y", "first": " ".join(line)})
    known = log.state(db.session).organisations[office.id]
    assert (known.code, known.version) == ("NEW", 0)
    assert factories.actor("new.focal").role is Role.FOCAL_POINT
