"""Who does not hold the newest key says so, and a colleague gives it; nobody keeps a key for himself alone."""

from __future__ import annotations

import uuid
from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import delete, select, update

from nrm import audit, crypto
from nrm.actions.accounts import beginning_anew, holding, sealing_again
from nrm.actions.referrals import referrals
from nrm.actions.shelter import cases
from nrm.db import db, transaction
from nrm.domain.accounts.accounts import NotVisible
from nrm.domain.accounts.members import HoldingRefusal, HoldingRefused
from nrm.domain.shelter.cases import Compartment, Purpose
from nrm.models.accounts.accounts import Keyring, KeyringWrap, Member
from nrm.models.accounts.key_log import KeyLogEntry
from nrm.steps.shelter import cases as case_steps
from nrm.store.accounts import members as store
from nrm.vault.keylog import log
from nrm.vault.keyrings import CannotOpen
from tests import factories
from tests import factories_referrals as people
from tests.conftest import Person

SignIn = Callable[[str], Person]
MANAGER, WORKER = "nrc.shelter_manager", "nrc.case_worker"
UNSAID, SAID, GIVEN = "I do not hold this key", "You said that you do not hold", "I hold it again"


def id_of(login: str) -> uuid.UUID:
    return db.session.scalars(select(Member.id).where(Member.login == login)).one()


def take_wraps(login: str) -> None:
    """Who writes every row deletes what is wrapped to somebody; whatever session they had is over."""
    with transaction() as session:
        session.execute(delete(KeyringWrap).where(KeyringWrap.member_id == id_of(login)))


def taken_in(place: int, by: str) -> uuid.UUID:
    sent = people.sent(factories.actor("rinas.border_officer"))
    referrals.accept(referral_id=sent.referral_id, place_id=people.bed("NRC", place), by=factories.actor(by))
    return sent.case_id


def reads(case_id: uuid.UUID, login: str) -> bool:
    by = factories.actor(login)
    try:
        cases.open_compartment(case_id=case_id, compartment=Compartment.IDENTITY, purpose=Purpose.CARE, by=by)
        found = case_steps.opened(case_id=case_id, by=by)[Compartment.IDENTITY]
    except CannotOpen:
        return False
    return bool(found.value["given"] == people.PLANTED)


def lacking() -> set[uuid.UUID]:
    return set(log.state(db.session).organisations[people.organisation("NRC")].lacking)


def test_a_colleague_gives_the_key_to_who_says_so_and_everything_opens_again(app: Flask, sign_in: SignIn) -> None:
    case = taken_in(0, WORKER)
    assert UNSAID not in sign_in(WORKER).get("/?lang=en")
    take_wraps(WORKER)
    assert not reads(case, WORKER)
    me, colleague = sign_in(WORKER), sign_in(MANAGER)
    assert UNSAID in me.get("/?lang=en")
    me.post("/members/keys/lacking")
    assert lacking() == {id_of(WORKER)}
    assert SAID in me.get("/?lang=en")
    assert "Test shelter_manager" in me.get("/members/keys?lang=en")
    me.post("/members/keys/lacking", status=409)  # said already
    assert "Does not hold the newest key" in colleague.get("/?lang=en")
    colleague.post(f"/members/keys/give/{id_of(WORKER)}")
    assert "has not said yet that it opens" in colleague.get("/members/keys?lang=en")
    assert "Does not hold the newest key" not in colleague.get("/?lang=en")
    assert reads(case, WORKER)
    again = sign_in(WORKER)
    assert GIVEN in again.get("/?lang=en")
    again.post("/members/keys/holding")
    assert lacking() == set()
    assert UNSAID not in again.get("/?lang=en") and GIVEN not in again.get("/?lang=en")  # noqa: PT018
    assert "Does not hold the newest key" not in colleague.get("/?lang=en")
    colleague.post(f"/members/keys/give/{id_of(WORKER)}", status=404)  # nothing is asked any more
    told = [str(each.event) for each in store.key_events(by=factories.actor(WORKER))]
    assert told[:3] == ["holds_again", "key_given", "lacks_key"]
    assert list(audit.verify(db.session())) == []


def test_who_holds_it_says_nothing_and_no_stranger_gives_or_says(app: Flask, sign_in: SignIn) -> None:
    worker = factories.actor(WORKER)
    for act, reason in ((holding.say_lacks, HoldingRefusal.HOLDS), (holding.say_holds, HoldingRefusal.SAID)):
        with pytest.raises(HoldingRefused) as refused:
            act(by=worker)
        assert refused.value.reason is reason
        db.session.rollback()
    with pytest.raises(HoldingRefused):
        holding.make_next(by=worker)
    db.session.rollback()
    take_wraps(WORKER)
    sign_in(WORKER).post("/members/keys/lacking")
    address = f"/members/keys/give/{id_of(WORKER)}"
    sign_in("vatra.shelter_manager").post(address, status=404)
    for outside in ("administrator", "molsa.statistician"):
        person = sign_in(outside)
        assert UNSAID not in person.get("/?lang=en")
        person.post("/members/keys/lacking", status=404)
    sign_in("molsa.statistician").post(address, status=403)
    assert lacking() == {id_of(WORKER)}


def test_what_somebody_wrapped_in_its_place_is_found_and_told(app: Flask, sign_in: SignIn) -> None:
    """A wrap of another key to the right person: anybody can make one who writes rows."""
    with transaction() as session:
        other = session.scalars(select(KeyringWrap).where(KeyringWrap.member_id == id_of(MANAGER))).first()
        assert other is not None
        session.execute(
            update(KeyringWrap)
            .where(KeyringWrap.member_id == id_of(WORKER))
            .values(sealed_private=other.sealed_private)
        )
    me = sign_in(WORKER)
    assert UNSAID in me.get("/?lang=en")
    me.post("/members/keys/lacking")
    sign_in(MANAGER).post(f"/members/keys/give/{id_of(WORKER)}")
    assert GIVEN in sign_in(WORKER).get("/?lang=en")


def test_a_key_goes_to_the_key_of_the_log_whatever_somebody_wrote_into_the_row(app: Flask, sign_in: SignIn) -> None:
    """Given by a colleague, or with the next version: and nobody is put out by the press of another."""
    take_wraps(WORKER)
    me = sign_in(WORKER)
    me.post("/members/keys/lacking")
    own = factories.actor(WORKER).keys
    stranger = factories.actor("vatra.case_worker").member_id
    with transaction() as session:
        theirs = session.get_one(Member, stranger)
        worker = session.get_one(Member, id_of(WORKER))
        worker.kem_public = theirs.kem_public
    manager = sign_in(MANAGER)
    for act in (f"/members/keys/give/{id_of(WORKER)}", "/members/keys"):
        manager.post(act)
        db.session.rollback()
        found = db.session.execute(
            select(KeyringWrap.sealed_private, Keyring.version, Keyring.public)
            .join(Keyring, Keyring.id == KeyringWrap.keyring_id)
            .where(KeyringWrap.member_id == id_of(WORKER))
        ).all()
        assert found
        for row in found:
            context = crypto.ctx("keyring", people.organisation("NRC"), row.version, id_of(WORKER))
            assert own is not None
            private = crypto.unwrap(own.kem_private, row.sealed_private, context)
            assert crypto.public_key_of(private) == row.public
    assert db.session.get_one(Member, id_of(WORKER)).status == "active"


def test_nobody_keeps_a_key_for_himself(app: Flask, sign_in: SignIn) -> None:
    """A worker makes a new key, and an accomplice deletes what is wrapped to the others: what comes then opens for the
    worker alone. Who does not hold it makes the next one, without anybody's help, and nothing is lost by that."""
    before = taken_in(0, WORKER)
    worker = factories.actor(WORKER)
    sealing_again.renew_keyring(by=worker)
    assert sealing_again.move_grants(by=worker).done
    take_wraps(MANAGER)
    hidden = people.sent(factories.actor("rinas.border_officer"))
    me = sign_in(MANAGER)
    assert "/members/keys/next" not in me.get("/members/keys")
    assert me.client.get("/members/keys/next").headers["Location"] == "/members/keys"
    me.post("/members/keys/next", status=409)  # first she says so
    # Nothing ends in a page that is not there: she is told what she lacks.
    assert "You do not hold the newest key" in me.post(
        f"/cases/{before}/open?lang=en", {"compartment": "identity", "purpose": "care"}, 409
    )
    me.post("/members/keys/lacking")
    assert "stays closed for you" in me.get("/members/keys/next?lang=en")
    me.post("/members/keys/next")
    stands = store.keys(by=factories.actor(MANAGER))
    assert (stands.version, stands.holders) == (3, 2)
    assert lacking() == set()
    assert not reads(before, MANAGER)
    me = sign_in(MANAGER)
    assert UNSAID not in me.get("/?lang=en")
    for page in ("/", "/members/keys"):
        told = me.get(f"{page}?lang=en")
        assert "once a colleague who holds it presses" in told and "Test case_worker" in told  # noqa: PT018
        assert "goes_on" not in told
    # What is sealed to the key between stays: she cannot take it from who holds it, and is told who goes on.
    assert "only colleagues hold" in me.post("/members/keys?lang=en", status=409)
    after = people.sent(factories.actor("rinas.border_officer"))
    referrals.accept(referral_id=after.referral_id, place_id=people.bed("NRC", 1), by=factories.actor(MANAGER))
    assert reads(after.case_id, MANAGER)
    # The worker presses "Go on", as every home page asks, and everything opens for both.
    assert sealing_again.move_grants(by=factories.actor(WORKER)).done
    assert reads(before, MANAGER)
    referrals.accept(referral_id=hidden.referral_id, place_id=people.bed("NRC", 2), by=factories.actor(MANAGER))
    assert reads(hidden.case_id, MANAGER)
    assert list(audit.verify(db.session())) == []


def test_who_presses_go_on_after_a_colleague_did_makes_no_other_key(app: Flask, sign_in: SignIn) -> None:
    one, other = sign_in(MANAGER), sign_in(WORKER)
    seen = {"seen": "1"}
    one.post("/members/keys", seen)
    other.post("/members/keys", seen)  # the page from before
    other.post("/members/keys", {"goes_on": "2"})
    one.post("/members/keys", {"goes_on": "2"})
    assert store.keys(by=factories.actor(WORKER)).version == 2


def test_who_lacks_it_is_put_out_by_nobody_who_makes_a_new_key(app: Flask, sign_in: SignIn) -> None:
    """The wrong button, beside "Give the key": the new key goes to her, too."""
    case = taken_in(0, WORKER)
    take_wraps(WORKER)
    me = sign_in(WORKER)
    me.post("/members/keys/lacking")
    sign_in(MANAGER).post("/members/keys")
    assert me.get("/?lang=en")
    assert (lacking(), reads(case, WORKER)) == (set(), True)


def test_who_loses_it_again_is_given_it_again_by_the_page(app: Flask, sign_in: SignIn) -> None:
    take_wraps(WORKER)
    sign_in(WORKER).post("/members/keys/lacking")
    manager, address = sign_in(MANAGER), f"/members/keys/give/{id_of(WORKER)}"
    manager.post(address)
    assert address in manager.get("/members/keys")  # also where something else was put in its place
    take_wraps(WORKER)
    assert "Does not hold the newest key" in manager.get("/?lang=en")
    assert address in manager.get("/members/keys")
    manager.post(address)
    assert GIVEN in sign_in(WORKER).get("/?lang=en")


def test_nothing_is_given_to_the_old_keys_of_who_begins_anew(app: Flask, sign_in: SignIn) -> None:
    take_wraps(WORKER)
    sign_in(WORKER).post("/members/keys/lacking")
    manager = sign_in(MANAGER)
    beginning_anew.begin_again(member_id=id_of(WORKER), by=factories.actor(MANAGER))
    db.session.rollback()
    beginning_anew.agree_to_anew(member_id=id_of(WORKER), called_back=True, by=factories.actor("ra.duty_officer"))
    db.session.rollback()
    manager.post(f"/members/keys/give/{id_of(WORKER)}", status=404)  # the page from before
    manager.post("/members/keys")  # nor with the next version
    assert db.session.scalars(select(KeyringWrap).where(KeyringWrap.member_id == id_of(WORKER))).all() == []


def test_a_false_older_key_leads_to_who_holds_the_right_one(app: Flask, sign_in: SignIn) -> None:
    """A wrap that was exchanged, and then the next version: she holds that, and the older row opens nothing."""
    case = taken_in(0, MANAGER)
    with transaction() as session:
        other = session.scalars(select(KeyringWrap).where(KeyringWrap.member_id == id_of(MANAGER))).one()
        mine = update(KeyringWrap).where(KeyringWrap.member_id == id_of(WORKER))
        session.execute(mine.values(sealed_private=other.sealed_private))
    me = sign_in(WORKER)
    me.post("/members/keys/lacking")
    me.post("/members/keys/next")
    me = sign_in(WORKER)
    assert "Test shelter_manager" in me.get("/members/keys?lang=en")
    assert "only colleagues hold" in me.post("/members/keys?lang=en", {"goes_on": "2"}, 409)
    with pytest.raises(sealing_again.HeldByOthers):
        sealing_again.move_grants(by=factories.actor(WORKER))
    db.session.rollback()
    assert sealing_again.move_grants(by=factories.actor(MANAGER)).done
    assert reads(case, WORKER)


def test_what_is_no_moment_to_say_give_or_make_it(app: Flask, sign_in: SignIn) -> None:
    for login in (WORKER, MANAGER):
        take_wraps(login)
        sign_in(login).post("/members/keys/lacking")
    worker, manager = factories.actor(WORKER), factories.actor(MANAGER)
    with pytest.raises(HoldingRefused) as refused:
        holding.say_holds(by=worker)  # it does not open yet
    assert refused.value.reason is HoldingRefusal.LACKS
    db.session.rollback()
    for whom, by, error in (
        (worker.member_id, worker, NotVisible),  # to oneself
        (worker.member_id, manager, CannotOpen),  # who lacks it has nothing to give
        (uuid.uuid4(), manager, NotVisible),
    ):
        assert whom is not None
        with pytest.raises(error):
            holding.give(member_id=whom, by=by)
        db.session.rollback()
    holding.make_next(by=worker)
    db.session.rollback()
    for again in (worker, manager):  # a new version: nobody said anything of it
        with pytest.raises(HoldingRefused) as refused:
            holding.make_next(by=again)
        assert refused.value.reason is HoldingRefusal.SAID
        db.session.rollback()


def test_what_is_sealed_to_a_key_that_nobody_holds_is_not_called_well(app: Flask, sign_in: SignIn) -> None:
    taken_in(0, WORKER)
    for login in (WORKER, MANAGER):
        take_wraps(login)
    me = sign_in(WORKER)
    me.post("/members/keys/lacking")
    me.post("/members/keys/next")
    assert "open for nobody" in sign_in(MANAGER).get("/members/keys?lang=en")


def test_a_member_who_signed_nothing_is_not_written_among_those_who_lack_it(app: Flask, sign_in: SignIn) -> None:
    """An entry without the signature of the one whom it names stops the log, and is no reason for another key."""
    take_wraps(WORKER)
    sign_in(WORKER).post("/members/keys/lacking")
    with transaction() as session:
        last = session.scalars(select(KeyLogEntry).order_by(KeyLogEntry.number.desc()).limit(1)).one()
        last.signer_id = id_of(MANAGER)
    app.extensions.pop("nrm.keylog")
    with pytest.raises(log.LogWrong):
        log.state(db.session)
