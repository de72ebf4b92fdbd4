"""Beginning anew with time and a second hand, recovering, objecting, and an organisation that is founded again."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select, update

from nrm import audit, clock
from nrm.actions import tending
from nrm.actions.accounts import accounts, beginning_anew, joining, members, objections, organisations, words
from nrm.actions.referrals import referrals
from nrm.actions.shelter import cases
from nrm.db import db, transaction
from nrm.domain.accounts.accounts import Actor, NotPermitted, NotVisible, Role, SignInRefused, UnusableInvitation
from nrm.domain.accounts.failed_attempts import TooSoon
from nrm.domain.accounts.members import KeyHappening
from nrm.domain.accounts.suspensions import OrganisationReason
from nrm.domain.accounts.vouching import HandRefusal, NoSecondHand, NotYet, ObjectionRefused
from nrm.domain.accounts.words import NoOccasion, WrongWords
from nrm.models.accounts.accounts import KeyEvent, Member
from nrm.models.accounts.occasions import Occasion
from nrm.models.accounts.suspensions import Suspension
from nrm.store import names
from nrm.store.accounts import changes
from nrm.store.rows.accounts import members as member_rows
from tests import factories
from tests import factories_referrals as people
from tests.conftest import Person, token_in
from tests.integration.accounts.test_invitations import FIELDS, invited, member, new_shelter, one_more, reads, shown_to

SignIn = Callable[[str], Person]
WORKER, MANAGER = "vatra.case_worker", "vatra.shelter_manager"


def typed(by: Person, reader: Actor) -> str:
    """Type the words of this reader by the pages; the answer's place."""
    return by.post(f"/members/{reader.member_id}/words", dict(zip(FIELDS, shown_to(reader), strict=True)))


# Ten tries, and what the pages never say


def test_ten_wrong_entries_an_hour_and_the_right_one_waits_too(app: Flask, sign_in: SignIn) -> None:
    factories.later()
    factories.join(invited("vatra.new", WORKER))
    new, by = factories.actor("vatra.new"), factories.actor(MANAGER)
    said = shown_to(new)
    assert new.member_id is not None
    for _ in range(10):
        with pytest.raises(WrongWords):
            words.type_words(member_id=new.member_id, typed=["x"] * 4, by=by)
    with pytest.raises(TooSoon):
        words.type_words(member_id=new.member_id, typed=said, by=by)
    page = sign_in(MANAGER).post(f"/members/{new.member_id}/words?lang=en", {"first": "x"}, 429)
    assert "Ten wrong entries" in page
    # Another holder has tries of their own; an hour later so has this one.
    with pytest.raises(WrongWords):
        words.type_words(member_id=new.member_id, typed=["x"] * 4, by=factories.actor(WORKER))
    factories.later(minutes=60)
    words.type_words(member_id=new.member_id, typed=said, by=factories.actor(MANAGER))
    refused = [each for each in db.session.scalars(select(audit.AuditEntry.event)) if each == "words_refused"]
    assert len(refused) == 11
    assert list(audit.verify(db.session())) == []


def test_nobody_is_shown_the_words_of_keys_that_somebody_put_in_the_place_of_theirs(
    app: Flask, sign_in: SignIn, caplog: pytest.LogCaptureFixture
) -> None:
    """She has signed in and waits; then her row gets the keys of an intruder, with the intruder's own signature."""
    for login in ("vatra.new", "vatra.intruder"):
        factories.join(invited(login, WORKER))
    new = sign_in("vatra.new")
    assert re.search(r'class="code"', new.get("/"))
    theirs = ("kem_public", "kem_mark", "sign_public", "sign_mark", "own_signature", "name_salt", "sealed_kem")
    intruder = member("vatra.intruder")
    with transaction() as session:
        values = {each: getattr(intruder, each) for each in theirs}
        session.execute(update(Member).where(Member.login == "vatra.new").values(values))
    assert not re.search(r'class="code"', new.client.get("/").text)
    assert "keys" in caplog.text
    with pytest.raises((words.CannotOpen, NoOccasion, WrongWords)):
        words.type_words(member_id=member("vatra.new").id, typed=["x"] * 4, by=factories.actor(MANAGER))


def test_words_are_shown_after_the_recovery_code_and_hold_for_two_days(app: Flask, sign_in: SignIn) -> None:
    factories.later()
    token = invited("vatra.new", WORKER)
    joined = joining.join(token=token, password=factories.PASSWORD)
    new = sign_in("vatra.new")
    page = new.get("/?lang=en")
    assert "/recovery-code" in page
    assert not re.search(r'class="code"', page)
    with pytest.raises(NoOccasion):
        words.type_words(member_id=member("vatra.new").id, typed=["x"] * 4, by=factories.actor(WORKER))
    members.check_code_of_invitation(token=token, code=joined.recovery_code)
    first = shown_to(factories.actor("vatra.new"))
    assert " ".join(first) in new.get("/")
    assert shown_to(factories.actor("vatra.new")) == first
    factories.later(hours=48)
    with pytest.raises(NoOccasion):
        words.type_words(member_id=member("vatra.new").id, typed=first, by=factories.actor(WORKER))
    again = shown_to(factories.actor("vatra.new"))
    assert not set(again) & set(first)
    factories.confirm("vatra.new", by=factories.actor(WORKER))
    assert words.shown(by=factories.actor("vatra.new")) is None


@pytest.mark.parametrize(
    "change",
    [{"random": bytes(16)}, {"serial": 7}, {"purpose": "anew"}, {"mark": b"x"}, {"by_id": None, "head_number": 1}],
)
def test_an_occasion_by_hand_is_none(app: Flask, change: dict[str, object]) -> None:
    factories.join(invited("vatra.new", WORKER))
    said = shown_to(factories.actor("vatra.new"))
    new = member("vatra.new").id
    with transaction() as session:
        session.execute(update(Occasion).where(Occasion.member_id == new).values(**change))
    with pytest.raises(NoOccasion):
        words.type_words(member_id=new, typed=said, by=factories.actor(WORKER))
    # It does not stand in the way of a real one.
    factories.confirm("vatra.new", by=factories.actor(WORKER))
    assert member("vatra.new").status == "active"


def test_another_name_role_or_organisation_reads_other_words(app: Flask) -> None:
    factories.join(invited("vatra.new", WORKER))
    said = shown_to(factories.actor("vatra.new"))
    new = member("vatra.new")
    for change in ({"name": "Somebody Else"}, {"login": "vatra.other"}, {"role": "shelter_manager"}):
        was = {name: getattr(new, name) for name in change}
        with transaction() as session:
            session.execute(update(Member).where(Member.id == new.id).values(**change))
        with pytest.raises(WrongWords) as error:
            words.type_words(member_id=new.id, typed=said, by=factories.actor(WORKER))
        assert error.value.groups == (0, 1, 2, 3)
        with transaction() as session:
            session.execute(update(Member).where(Member.id == new.id).values(**was))
    words.type_words(member_id=new.id, typed=said, by=factories.actor(WORKER))


# Beginning anew


@pytest.mark.slow
def test_a_colleague_ends_it_with_a_tick_and_reads_what_to_do_if_that_was_wrong(app: Flask, sign_in: SignIn) -> None:
    assert app
    worker, manager = member(WORKER).id, sign_in(MANAGER)
    manager.made(f"/members/{worker}/anew", lang="en")
    stop = f"/members/{worker}/anew/stop"
    assert "Then tick the box first" in manager.post(f"{stop}?lang=en", {}, 422)
    assert "who says that your password" in sign_in(WORKER).get("/?lang=en")
    said = manager.post(stop, {"ends": "y"}, 303)
    assert "That gives a new link" in manager.get(f"{said}&lang=en")
    assert "who says that your password" not in sign_in(WORKER).get("/?lang=en")
    manager.post(stop, {}, 409)


def test_for_24_hours_the_old_account_goes_on_says_so_on_every_page_and_ends_it_by_one_press(
    app: Flask, sign_in: SignIn
) -> None:
    worker = member(WORKER).id
    manager, her = sign_in(MANAGER), sign_in(WORKER)
    page = manager.made(f"/members/{worker}/anew", lang="en")
    assert "begins to work in 14 days" in page  # two work there
    link = re.search(r"/invitations/([\w-]+)", page)
    assert link
    for path in ("/", "/cases", "/members", "/password"):
        shown = her.get(f"{path}?lang=en")
        assert f"Test shelter_manager ({MANAGER}), who says" in shown
        assert f'action="/members/{worker}/anew/stop"' in shown
    assert "This link does not work yet" in app.test_client().get(f"/invitations/{link[1]}?lang=en").text
    db.session.rollback()
    with pytest.raises(NotYet):
        joining.join(token=link[1], password=factories.PASSWORD)
    her.post(f"/members/{worker}/anew/stop")
    db.session.rollback()
    assert "who says that your password" not in her.get("/?lang=en")
    with pytest.raises(UnusableInvitation):
        joining.invited(link[1])
    factories.later(hours=30)
    assert tending.tend()["begun_anew"] == 0
    assert accounts.sign_in(login=WORKER, password=factories.PASSWORD)
    # Told to the colleagues with names, and to the duty desk without.
    assert "does not begin anew: it was ended" in sign_in(MANAGER).get("/?lang=en")
    desk = sign_in("ra.duty_officer").get("/?lang=en")
    assert "somebody there was to begin anew" in desk
    assert "Test case_worker: somebody" not in desk
    assert "somebody ended" not in sign_in("nrc.shelter_manager").get("/?lang=en")


def test_a_second_hand_makes_it_happen_at_once_and_the_words_let_back_in(app: Flask, sign_in: SignIn) -> None:
    sent = people.sent(factories.actor("rinas.border_officer"), "VATRA")
    place = people.bed("VATRA")
    referrals.accept(referral_id=sent.referral_id, place_id=place, by=factories.actor(MANAGER))
    with factories.at(clock.now() - timedelta(days=15)):
        third = one_more("vatra.third", WORKER)
    worker = member(WORKER).id
    token = beginning_anew.begin_again(member_id=worker, by=factories.actor(MANAGER))
    hand = sign_in("vatra.third")
    home = hand.get("/?lang=en")
    assert f"/members/{worker}/anew/agree" in home
    hand.post(f"/members/{worker}/anew/agree?lang=en", {}, 422)
    hand.post(f"/members/{worker}/anew/agree", {"sure": "y"})
    with pytest.raises(SignInRefused):
        accounts.sign_in(login=WORKER, password=factories.PASSWORD)
    assert not member_rows.holds_newest(worker)
    assert factories.join(token).waiting
    sign_in(MANAGER).get(f"/members/{worker}/words", 403)  # who asked: the other one types them (ADR 0163)
    assert typed(sign_in("vatra.third"), factories.actor(WORKER)) == "/members?typed=yes"
    assert reads(sent.case_id, WORKER)
    assert third
    assert list(audit.verify(db.session())) == []


def test_who_is_no_second_hand_is_told_why(app: Flask) -> None:
    one_more("vatra.third", MANAGER)
    one_more("vatra.fourth", WORKER)
    worker = member(WORKER).id
    beginning_anew.begin_again(member_id=worker, by=factories.actor(MANAGER))
    for login, reason in (
        (MANAGER, HandRefusal.OWN),
        (WORKER, HandRefusal.OWN),
        ("vatra.third", HandRefusal.VOUCHED),
        ("vatra.fourth", HandRefusal.NEW),
        ("ra.duty_officer", HandRefusal.NOT_CALLED),
    ):
        with pytest.raises(NoSecondHand) as error:
            beginning_anew.agree_to_anew(member_id=worker, by=factories.actor(login))
        assert error.value.reason is reason, login
    factories.later(days=14.1)
    with pytest.raises(NoSecondHand) as error:  # 14 days do not make up for who let her in
        beginning_anew.agree_to_anew(member_id=worker, by=factories.actor("vatra.third"))
    assert error.value.reason is HandRefusal.VOUCHED
    with pytest.raises(NoSecondHand) as error:  # now there is one, and the desk is none
        beginning_anew.agree_to_anew(member_id=worker, called_back=True, by=factories.actor("ra.duty_officer"))
    assert error.value.reason is HandRefusal.ELSEWHERE
    for login in ("nrc.shelter_manager", "molsa.statistician"):
        with pytest.raises(NotVisible):
            beginning_anew.agree_to_anew(member_id=worker, called_back=True, by=factories.actor(login))
    beginning_anew.agree_to_anew(member_id=worker, by=factories.actor("vatra.fourth"))
    assert member(WORKER).status == "invited"


def test_where_an_organisation_has_no_second_hand_the_duty_desk_is_after_a_call_back(
    app: Flask, sign_in: SignIn
) -> None:
    worker = member(WORKER).id
    beginning_anew.begin_again(member_id=worker, by=factories.actor(MANAGER))
    desk = sign_in("ra.duty_officer")
    home = desk.get("/?lang=en")
    assert "A second hand is missing there" in home
    address = f"/members/{worker}/anew/agree?lang=en"
    page = desk.get(address)
    assert "at a number of their own that was known before" in page
    # Where the one who asks may answer: the number of the organisation is not on the page.
    assert names.number_now("VATRA") not in page
    assert "Test case_worker (vatra.case_worker), Case worker, here since" in page
    assert "Test shelter_manager (vatra.shelter_manager), Shelter manager, here since" in page
    desk.post(address, {}, 422)
    desk.post(address, {"sure": "y"})
    assert member(WORKER).status == "invited"
    desk.get(address, 404)


def test_nobody_else_ends_or_asks_for_it(app: Flask) -> None:
    worker = member(WORKER).id
    factories.join(invited("vatra.new", WORKER))
    new = factories.actor("vatra.new")
    with pytest.raises(NotPermitted):  # who waits has the role, and not the key
        beginning_anew.begin_again(member_id=worker, by=new)
    beginning_anew.begin_again(member_id=worker, by=factories.actor(MANAGER))
    for login, refused in (
        ("nrc.shelter_manager", NotVisible),
        ("vatra.new", NotPermitted),
        ("administrator", NotPermitted),
    ):
        with pytest.raises(refused):
            beginning_anew.stop_anew(member_id=worker, by=factories.actor(login))
    beginning_anew.stop_anew(member_id=worker, by=factories.actor(MANAGER))
    with pytest.raises(NoOccasion):
        beginning_anew.stop_anew(member_id=worker, by=factories.actor(MANAGER))


def test_a_row_by_hand_lets_nobody_begin_anew_earlier(app: Flask) -> None:
    worker = member(WORKER).id
    token = beginning_anew.begin_again(member_id=worker, by=factories.actor(MANAGER))
    with transaction() as session:
        session.execute(update(Occasion).where(Occasion.member_id == worker).values(effective_at=clock.now()))
    assert tending.tend()["begun_anew"] == 0
    with pytest.raises(UnusableInvitation):
        joining.invited(token)
    assert accounts.sign_in(login=WORKER, password=factories.PASSWORD)


# Recovering


def test_after_a_recovery_nothing_opens_before_the_next_code_is_typed_in(app: Flask, sign_in: SignIn) -> None:
    code = members.make_code(password=factories.PASSWORD, by=factories.actor(WORKER))
    following = accounts.recover(login=WORKER, code=code, new_password=factories.PASSWORD[::-1])
    with pytest.raises(SignInRefused):
        accounts.recover(login=WORKER, code=code, new_password=factories.PASSWORD)
    cookie = accounts.sign_in(login=WORKER, password=factories.PASSWORD[::-1])
    found = accounts.resume(cookie)
    assert isinstance(found, accounts.SignedIn)
    assert found.code_due
    assert found.actor.keys is None
    client = app.test_client()
    client.set_cookie("nrm", cookie)
    for path in ("/", "/cases", "/members", "/members/invite"):
        assert client.get(path).headers["Location"] == "/recovery-code"
    page = client.get("/recovery-code?lang=en")
    token = token_in(page.text)
    assert client.post("/recovery-code", data={"code": code, "csrf_token": token}).status_code == 422
    assert client.post("/recovery-code", data={"code": following, "csrf_token": token}).status_code == 303
    assert client.get("/cases").status_code == 200
    assert "set a new password by the recovery code" in sign_in(MANAGER).get("/?lang=en")


# Objecting


def the_event(login: str, event: KeyHappening) -> uuid.UUID:
    db.session.rollback()
    whose = select(Member.id).where(Member.login == login).scalar_subquery()
    found = select(KeyEvent.id).where(KeyEvent.member_id == whose, KeyEvent.event == str(event))
    return db.session.scalars(found.order_by(KeyEvent.at.desc())).first() or uuid.UUID(int=0)


def test_an_older_holder_objects_once_and_the_account_waits_72_hours(app: Flask, sign_in: SignIn) -> None:
    factories.later()
    one_more("vatra.third", MANAGER)
    new, older = sign_in("vatra.third"), sign_in(WORKER)
    home = older.get("/?lang=en")
    assert "was let in: a colleague typed their words" in home
    address = re.search(r'href="(/members/changes/[0-9a-f-]+)"', home)
    assert address
    assert "If a beginning anew of this person waits, it ends by this" in older.get(f"{address[1]}?lang=en")
    # Not the one who let her in, nor herself, nor another organisation.
    assert address[1] not in sign_in(MANAGER).get("/")
    assert address[1] not in new.get("/")
    sign_in(MANAGER).post(address[1], status=409)
    new.post(address[1], status=409)
    sign_in("nrc.shelter_manager").post(address[1], status=404)
    older.post(address[1])
    page = new.get("/?lang=en")
    assert "A colleague objected to a change of the account" in page
    new.get("/cases", 403)
    cookie = accounts.sign_in(login="vatra.third", password=factories.PASSWORD)
    found = accounts.resume(cookie)
    assert isinstance(found, accounts.SignedIn)
    assert found.actor.keys is None
    older.post(address[1], status=409)  # once
    factories.later(hours=72)
    sign_in("vatra.third").get("/cases")
    with pytest.raises(ObjectionRefused):
        objections.object_to(event_id=the_event("vatra.third", KeyHappening.CONFIRMED), by=factories.actor(WORKER))
    assert list(audit.verify(db.session())) == []


def test_who_came_after_the_event_does_not_object_and_after_14_days_nobody_does(app: Flask) -> None:
    factories.later()
    one_more("vatra.third", MANAGER)
    factories.later(hours=1)
    one_more("vatra.fourth", MANAGER)
    event = the_event("vatra.third", KeyHappening.CONFIRMED)
    with pytest.raises(ObjectionRefused):
        objections.object_to(event_id=event, by=factories.actor("vatra.fourth"))
    assert any(each.may_object for each in changes.told(by=factories.actor(WORKER)))
    factories.later(days=14)
    assert changes.told(by=factories.actor(WORKER)) == []
    with pytest.raises(ObjectionRefused):
        objections.object_to(event_id=event, by=factories.actor(WORKER))


def test_objecting_ends_that_a_colleague_begins_anew(app: Flask) -> None:
    with factories.at(clock.now() - timedelta(days=15)):
        one_more("vatra.third", MANAGER)
    worker = member(WORKER).id
    beginning_anew.begin_again(member_id=worker, by=factories.actor(MANAGER))
    objections.object_to(event_id=the_event(WORKER, KeyHappening.ANEW_ASKED), by=factories.actor("vatra.third"))
    factories.later(hours=30)
    assert tending.tend()["begun_anew"] == 0
    assert member(WORKER).status == "active"


def test_an_objection_by_hand_suspends_nobody(app: Flask, sign_in: SignIn) -> None:
    one_more("vatra.third", MANAGER)
    event, now = the_event("vatra.third", KeyHappening.CONFIRMED), clock.now()
    with transaction() as session:
        session.add(
            Suspension(
                id=uuid.uuid4(),
                organisation_id=member(WORKER).organisation_id,
                event_id=event,
                member_id=member(WORKER).id,
                by_id=member(MANAGER).id,
                by_administrator=False,
                reason="objected",
                at=now,
                until=now + timedelta(days=9),
                mark=b"x" * 32,
            )
        )
    sign_in(WORKER).get("/cases")


# All holders lost


def test_an_organisation_that_lost_all_holders_is_founded_anew_as_another_and_the_old_one_is_left_out(
    app: Flask, sign_in: SignIn
) -> None:
    rinas = factories.actor("rinas.border_officer")
    sent = people.sent(rinas, "VATRA")
    admin = factories.actor("administrator")
    old = people.organisation("VATRA")
    # The administrator brings nobody back into the old one.
    with pytest.raises(NotPermitted):
        joining.invite(organisation_id=old, login="v.new", name="New", role=Role.CASE_WORKER, by=admin)
    for login in (WORKER, MANAGER):
        with pytest.raises(NotPermitted):
            beginning_anew.begin_again(member_id=member(login).id, by=admin)
    organisations.suspend(organisation_id=old, reason=OrganisationReason.ASKED, by=admin)
    assert tending.tend()["referrals_expired"] == 1  # asked of the next
    shelter = new_shelter()
    for number in range(2):
        factories.join(
            joining.invite(organisation_id=shelter, login=f"new.{number}", name="New", role=Role.CASE_WORKER, by=admin)
        )
    one, other = (factories.actor(f"new.{number}") for number in range(2))
    sheet = sign_in("new.0").get("/accession-sheet")
    assert " ".join(shown_to(one)) in sheet
    assert 'lang="sq"' in sheet
    assert 'lang="en"' in sheet
    factories.let_in(one, by=other)
    factories.let_in(other, by=one)
    with pytest.raises((NotVisible, cases.CannotOpen)):
        reads(sent.case_id, "new.0")
    # The sheet is there until others have attested the founding.
    assert " ".join(factories.sheets(factories.actor("new.0"))[one.member_id]) in sign_in("new.0").get(
        "/accession-sheet"
    )
    sign_in("nrc.case_worker").get("/accession-sheet", 404)
