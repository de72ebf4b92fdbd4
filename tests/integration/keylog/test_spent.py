"""After somebody left, the version of the keyring that they held is handed nothing that it did not hold before."""

from __future__ import annotations

import re
import uuid

import pytest
from flask import Flask
from sqlalchemy import func, select

from nrm.actions.accounts import sealing_again
from nrm.actions.referrals import proposals, referrals
from nrm.actions.shelter import cases
from nrm.db import db, transaction
from nrm.domain.accounts.key_log_entries import EntryKind, Standing
from nrm.domain.shelter.cases import Compartment
from nrm.models.accounts.accounts import Keyring, KeyringWrap, Member, Organisation
from nrm.models.shelter.cases import Grant
from nrm.steps.accounts import leaving
from nrm.store import days
from nrm.store.accounts import members as store
from nrm.vault import epochs, grants
from nrm.vault.keylog import log
from nrm.vault.keyrings import Spent, not_known
from tests import factories
from tests import factories_referrals as people
from tests import second_hands as hands
from tests.conftest import Person
from tests.world import World

World_ = tuple[Flask, World]


def organisation(code: str) -> uuid.UUID:
    db.session.rollback()
    return db.session.scalars(select(Organisation.id).where(Organisation.code == code)).one()


def leaves(login: str, by: str) -> None:
    """The duty desk is the second hand, and can make no keyring of the organisation: none is made yet."""
    member_id = db.session.scalars(select(Member.id).where(Member.login == login)).one()
    hands.ended(member_id, factories.actor(by), renews=False)


def somebody_left(code: str, by: str) -> None:
    """The second founder, who never had an account here: for the log they held the version."""
    actor = factories.actor(by)
    state = log.state(db.session)
    (gone,) = (
        each.id
        for each in state.members.values()
        if each.organisation_id == organisation(code) and each.id != actor.member_id
    )
    with transaction() as session:
        log.append(session, EntryKind.LEFT, Standing(gone, "left"), by=actor)


def version_of(code: str) -> int:
    of = organisation(code)
    return db.session.scalars(select(func.max(Keyring.version)).where(Keyring.organisation_id == of)).one()


def granted(code: str) -> int:
    of = organisation(code)
    return db.session.scalars(select(func.count()).select_from(Grant).where(Grant.organisation_id == of)).one()


@pytest.fixture
def spent(app: Flask) -> Flask:
    """VATRA's manager is alone, and the case worker's version of the keyring is still the newest."""
    leaves("vatra.case_worker", "vatra.shelter_manager")
    return app


def test_nobody_seals_anything_new_to_a_version_that_somebody_held_who_left(world_app: World_) -> None:
    _, world = world_app
    worker, before = factories.actor("nrc.case_worker"), granted("PROSECUTION")
    somebody_left("PROSECUTION", "prosecution.witness_liaison")
    state = log.state(db.session).organisations[organisation("PROSECUTION")]
    assert (state.spent, state.version) == (True, version_of("PROSECUTION"))
    share = {
        "case_id": world.case,
        "organisation_id": organisation("PROSECUTION"),
        "compartments": [Compartment.LEGAL],
        "agreed": True,
    }
    with pytest.raises(Spent):
        cases.share(**share, by=worker)  # type: ignore[arg-type]
    db.session.rollback()
    assert granted("PROSECUTION") == before
    assert not_known(db.session(), [organisation("PROSECUTION")]) == {organisation("PROSECUTION")}
    # The next version gets it.
    sealing_again.renew_keyring(by=factories.actor("prosecution.witness_liaison"))
    cases.share(**share, by=worker)  # type: ignore[arg-type]
    row = db.session.scalars(
        select(Grant).where(Grant.organisation_id == organisation("PROSECUTION"), Grant.case_id == world.case)
    ).one()
    assert row.since_version == version_of("PROSECUTION") == state.version + 1


def test_a_route_leaves_the_organisation_out_and_says_whom_to_call(spent: Flask) -> None:
    officer = factories.actor("rinas.border_officer")
    interview = people.interview(officer)
    found = proposals.propose(interview_id=interview, by=officer)
    assert "somebody left who held it" in found.unreachable["VATRA"]["en"]
    assert "VATRA" not in {each.party for each in found.choices}
    db.session.rollback()
    sealing_again.renew_keyring(by=factories.actor("vatra.shelter_manager"))
    found = proposals.propose(interview_id=interview, by=officer)
    assert "VATRA" not in found.unreachable
    (choice,) = [each for each in found.choices if each.party == "VATRA"]
    assert choice.proposed
    assert choice.caution is not None
    assert "can promise a place by telephone" in choice.caution["en"]


def test_who_would_share_reads_whom_to_call_and_a_post_reads_no_name(world_app: World_) -> None:
    app, world = world_app
    me, post = Person(app.test_client(), "nrc.case_worker"), Person(app.test_client(), "rinas.border_officer")
    somebody_left("PROSECUTION", "prosecution.witness_liaison")
    page = me.post(f"/cases/{world.case}/share?lang=en", {"what": "PROSECUTION:legal", "agreed": "y", "sure": "y"}, 409)
    assert "somebody left" in page and "Prosecut" in page and "Show that it is you" not in page  # noqa: PT018
    # A post that adds something later: the case is held by a shelter, and which one it is it does not learn here.
    leaves("tjeter_vizion.case_worker", "tjeter_vizion.shelter_manager")
    page = post.post(f"/supplements/{world.supplement}?lang=en", {"story": "added"}, 409)
    assert "Call the duty desk" in page and "izion" not in page  # noqa: PT018


def test_its_own_people_make_the_new_key_and_what_they_typed_goes_on(app: Flask) -> None:
    sent = people.sent(factories.actor("rinas.border_officer"))
    referrals.accept(referral_id=sent.referral_id, place_id=people.bed("NRC"), by=factories.actor("nrc.case_worker"))
    leaves("nrc.shelter_manager", "nrc.case_worker")
    me, before = Person(app.test_client(), "nrc.case_worker"), version_of("NRC")
    path = f"/cases/{sent.case_id}/write/care"
    page = me.post(f"{path}?lang=en", {"revision": "0", "health": "", "plan": "what I typed"}, 409)
    assert "somebody left who held the key of your organisation" in page
    fields = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', page))
    assert fields["plan"] == "what I typed"
    factories.later(minutes=6)  # the proof of the sign-in is too old
    me.post(path, {**fields, "step_up": "not it"}, 422)
    me.post(path, {name: value for name, value in fields.items() if name != "renew_first"}, 409)
    assert version_of("NRC") == before
    me.post(path, {**fields, "step_up": factories.PASSWORD})
    assert version_of("NRC") == before + 1
    assert not log.state(db.session).organisations[organisation("NRC")].spent
    assert "what I typed" in me.get(f"/cases/{sent.case_id}")
    me.post(path, {"revision": "1", "health": "", "plan": "more", "renew_first": "1"})  # no second key is made
    assert version_of("NRC") == before + 1


def test_who_asks_for_a_benefit_reads_that_a_new_key_is_due_and_keeps_the_amount(app: Flask) -> None:
    sent = people.sent(factories.actor("rinas.border_officer"))
    referrals.accept(referral_id=sent.referral_id, place_id=people.bed("NRC"), by=factories.actor("nrc.case_worker"))
    leaves("nrc.shelter_manager", "nrc.case_worker")
    me, path = Person(app.test_client(), "nrc.case_worker"), f"/cases/{sent.case_id}/benefits/ask"
    month = f"{days.today():%Y-%m}"
    typed = {"once": str(uuid.uuid4()), "amount": "12000", "first": month, "months": "1", "channel": "voucher"}
    page = me.post(f"{path}?lang=en", typed, 409)
    assert "somebody left who held the key of your organisation" in page
    fields = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', page))
    assert fields["amount"] == "12000"


def test_who_holds_a_part_keeps_it_when_somebody_else_loses_it(world_app: World_) -> None:
    """The person takes back what the permit unit reads: that waits for nobody, also while the holder's key is spent."""
    _, world = world_app
    leaves("nrc.shelter_manager", "nrc.case_worker")
    worker, unit = factories.actor("nrc.case_worker"), organisation("TRP_UNIT")
    assert unit in grants.holders_of(db.session(), world.case, "legal")
    cases.end_share(case_id=world.case, organisation_id=unit, by=worker)
    assert grants.holders_of(db.session(), world.case, "legal") == {worker.organisation_id}


def test_a_new_epoch_gives_a_part_to_nobody_who_did_not_hold_it(world_app: World_) -> None:
    _, world = world_app
    leaves("vatra.case_worker", "vatra.shelter_manager")
    worker = factories.actor("nrc.case_worker")
    with pytest.raises(Spent), transaction() as session:
        epochs.rotate(session, world.case, {"legal": [worker.organisation_id, organisation("VATRA")]}, by=worker)


def test_who_left_without_wraps_makes_a_new_key_due_too(app: Flask) -> None:
    """The log says that they held it, whatever the rows say: else nothing would ever be sealed to it again."""
    worker = factories.actor("vatra.shelter_manager")
    gone = db.session.scalars(select(Member).where(Member.login == "vatra.case_worker")).one()
    before = version_of("VATRA")
    with transaction() as session:
        session.execute(KeyringWrap.__table__.delete().where(KeyringWrap.member_id == gone.id))
    with transaction() as session:
        member = session.get_one(Member, gone.id)
        assert leaving.leave(session, member, session.get_one(Organisation, member.organisation_id), worker)
    assert version_of("VATRA") == before + 1
    assert store.keys(by=worker).due_at is None
    assert not log.state(db.session).organisations[organisation("VATRA")].spent
