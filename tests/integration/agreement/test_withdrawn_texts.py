"""A text that was open for signature is withdrawn: its signers are told why, and nothing that it alone made is left."""

from __future__ import annotations

import html
from collections.abc import Callable
from datetime import date

import pytest
from flask import Flask
from sqlalchemy import select, update

from nrm.actions.accounts import joining, organisations
from nrm.actions.agreement import agreement_drafting
from nrm.actions.agreement import agreement_versions as actions
from nrm.db import db, transaction
from nrm.domain.accounts.accounts import Role, UnusableInvitation
from nrm.domain.accounts.suspensions import OrganisationReason
from nrm.models.accounts.accounts import Member, Organisation
from nrm.models.agreement.agreements import AgreementVersion, AgreementWithdrawal
from nrm.steps.agreement import known_versions
from nrm.store.agreement import agreement_versions as store
from tests import factories
from tests import factories_agreements as texts
from tests.conftest import Person

SignIn = Callable[[str], Person]
REASON = "The ministry asks for another clause 4.3"
NEW = (
    '[[party]]\ncode = "RA"',
    '[[party]]\ncode = "SHPRESA"\nkind = "ngo_shelter"\nnames = { sq = "Shpresa", en = "Hope, Shkodër" }\n'
    'desk = { opens = "00:00", closes = "00:00", weekends = true }\non_call = "+355 1"\n'
    'regions = ["shkoder"]\ncompetence = "everyone"\n\n[[party]]\ncode = "RA"',
)


def status() -> str:
    db.session.rollback()
    return db.session.scalars(select(AgreementVersion.status)).one()


@pytest.mark.slow
def test_who_signed_is_told_who_withdrew_it_when_and_why_until_they_have_read_it(app: Flask, sign_in: SignIn) -> None:
    version = texts.opened(texts.draft())
    signer, other = texts.signers("VATRA")
    texts.sign(version, signer)
    coordinator = sign_in(texts.COORDINATOR)
    page = coordinator.get("/agreement/2027/withdraw?lang=en")
    assert "Vatra, Vlorë: Test case_worker" in html.unescape(page)
    assert "This cannot be undone." in page
    factories.later(minutes=6)
    for wrong in (
        {},
        {"reason": "  "},
        {"reason": "x" * 501},
        {"reason": "a mistake"},
        {"reason": "Call us: 069 123 4567 at once"},
    ):
        # What is wrong is said before a password is asked for.
        said = coordinator.post("/agreement/2027/withdraw?lang=en", wrong, status=422)
        assert "Enter why, in two words or more" in said
    assert status() == "open"
    assert 'name="step_up"' in coordinator.post("/agreement/2027/withdraw", {"reason": REASON}, status=401)
    assert status() == "open"
    coordinator.post("/agreement/2027/withdraw", {"reason": REASON, "step_up": factories.PASSWORD})
    assert status() == "withdrawn"
    # Who begins from it, or looks at the list, reads why.
    assert f": {REASON}" in coordinator.get("/?lang=en")
    assert f"withdrawn: {REASON}" in coordinator.get("/agreements/begin?withdrawn=2027&lang=en")
    coordinator.get("/agreements/begin?withdrawn=none", status=404)
    told = "Version 2027 of the agreement, which you signed, was withdrawn on"
    person = sign_in("vatra.case_worker")
    home = html.unescape(person.get("/?lang=en"))
    assert told in home
    assert "by Test coordinator (" in home
    assert f"The reason: {REASON}" in home
    assert f"Arsyeja: {REASON}" in html.unescape(person.get("/?lang=sq"))
    assert other.member_id is not None
    login = db.session.scalars(select(Member.login).where(Member.id == other.member_id)).one()
    colleague = sign_in(login)
    page = html.unescape(colleague.get("/?lang=en"))
    assert told not in page
    # Who was asked to sign and had not is told for a week; whoever had no signature to give is told nothing.
    asked = "which your party was asked to sign, was withdrawn: it waits for nobody any more."
    assert asked in page
    assert f"The reason: {REASON}" in page
    assert asked not in home
    assert asked not in html.unescape(coordinator.get("/?lang=en"))
    withdrawal = db.session.scalars(select(AgreementWithdrawal.id)).one()
    colleague.post(f"/agreements/withdrawn/{withdrawal}/read", status=404)
    coordinator.post(f"/agreements/withdrawn/{withdrawal}/read", status=403)
    with transaction() as session:
        session.execute(update(AgreementWithdrawal).values(reason="Nothing"))
    forged = html.unescape(person.get("/?lang=en"))
    assert "Why and by whom was changed in the database by another hand" in forged
    assert REASON not in forged
    assert "The reason:" not in forged
    person.post(f"/agreements/withdrawn/{withdrawal}/read")
    assert "which you signed" not in person.get("/?lang=en")
    person.post(f"/agreements/withdrawn/{withdrawal}/read", status=404)
    page = html.unescape(colleague.get("/?lang=en"))
    assert asked in page
    assert REASON not in page
    factories.later(days=8)
    known_versions.refresh()
    assert known_versions.known().recalled == {}


@pytest.mark.slow
def test_a_withdrawn_text_can_be_read_and_begun_from_again_and_its_name_is_not_given_again(
    app: Flask, sign_in: SignIn
) -> None:
    version = texts.opened(texts.draft("2027", None, NEW))
    signer, _ = texts.signers("VATRA")
    texts.sign(version, signer)
    by = factories.actor(texts.COORDINATOR)
    actions.withdraw(version=version, reason=REASON, by=by)
    coordinator, person = sign_in(texts.COORDINATOR), sign_in("vatra.case_worker")
    assert "/agreement/2027" in coordinator.get("/")
    for reader in (coordinator, person):
        page = html.unescape(reader.get("/agreement/2027?lang=en"))
        assert "It binds nobody, and nobody can sign it." in page
        assert REASON in page
        assert "Test case_worker" in reader.get("/agreement/2027/parties?lang=en")
        reader.get("/agreement/2027/changes")
    assert "/agreements/begin?withdrawn=2027" in coordinator.get("/agreement/2027")
    assert "/agreements/begin" not in person.get("/agreement/2027")
    for step in ("sign", "edit", "open", "approve", "withdraw"):
        (person if step == "sign" else coordinator).get(f"/agreement/2027/{step}", status=409)
    # A text that was never shown to the parties is still nothing to them.
    agreement_drafting.begin(version="2029", starts_on=date(2029, 1, 1), by=by)
    actions.withdraw(version="2029", reason=REASON, by=by)
    person.get("/agreement/2029", status=404)
    again = {"version": "2027", "starts_on-day": 1, "starts_on-month": 1, "starts_on-year": 2031}
    address = "/agreements/begin?withdrawn=2027&lang=en"
    assert "is the name of another version" in coordinator.post(address, again, status=422)
    assert coordinator.post(address, {**again, "version": "2031"}) == "/agreement/2031/edit"
    assert "SHPRESA" in known_versions.document("2031", by=by).parties
    coordinator.post("/agreements/begin?withdrawn=2031", {**again, "version": "2032"}, status=409)
    coordinator.post("/agreements/begin?withdrawn=1999", {**again, "version": "2032"}, status=404)


@pytest.mark.slow
def test_who_has_signed_is_told_so_and_who_does_not_wish_to_whom_to_call(app: Flask, sign_in: SignIn) -> None:
    version = texts.opened(texts.draft())
    person = sign_in("vatra.case_worker")
    page = html.unescape(person.get("/agreement/2027/sign?lang=en"))
    assert "If you do not sign" in page
    assert "Call Office of the Minister of State, which proposed it" in page
    texts.sign(version, factories.actor("vatra.case_worker"))
    assert "You have signed this version already." in person.get("/agreement/2027/sign?lang=en", status=409)


def organisation() -> Organisation | None:
    db.session.rollback()
    return db.session.scalar(select(Organisation).where(Organisation.code == "SHPRESA"))


@pytest.mark.slow
def test_a_withdrawn_text_leaves_no_organisation_and_a_list_says_which_are_proposed(
    app: Flask, sign_in: SignIn
) -> None:
    texts.opened(texts.draft("2027", None, NEW))
    administrator, coordinator = sign_in("administrator"), sign_in(texts.COORDINATOR)
    proposed = "of a proposed text, not in force"
    assert proposed in administrator.get("/?lang=en").partition("Hope, Shkodër")[2].partition("</tr>")[0]
    assert f"Hope, Shkodër ({proposed})" in html.unescape(administrator.get("/members/invite?lang=en"))
    assert proposed in coordinator.get("/parties?lang=en").partition("Hope, Shkodër")[2].partition("</tr>")[0]
    assert administrator.get("/?lang=en").count(proposed) == 1
    # Nobody has a contract with it, and no list of shelters has it: nobody has signed for it.
    by = factories.actor(texts.COORDINATOR)
    assert "SHPRESA" not in {each.code for each in store.centres(by=by)}
    assert "Hope, Shkodër" in html.unescape(coordinator.get("/agreement/2027/withdraw?lang=en"))
    coordinator.post("/agreement/2027/withdraw", {"reason": REASON})
    assert organisation() is None
    for page in (administrator.get("/"), administrator.get("/members/invite"), coordinator.get("/parties")):
        assert "Shpresa" not in page


def invited(login: str) -> str:
    made = organisation()
    assert made is not None
    by = factories.actor("administrator")
    return joining.invite(organisation_id=made.id, login=login, name="Founder", role=Role.SHELTER_MANAGER, by=by)


@pytest.mark.slow
def test_who_was_invited_for_a_withdrawn_text_joins_and_signs_nothing_until_a_text_brings_it_back(app: Flask) -> None:
    texts.opened(texts.draft("2027", None, NEW))
    token = invited("new.one")
    by = factories.actor(texts.COORDINATOR)
    actions.withdraw(version="2027", reason=REASON, by=by)
    left = organisation()
    assert left is not None
    assert (left.party, left.enabled) == ("", False)
    with pytest.raises(UnusableInvitation):
        joining.invited(token)
    other = (NEW[0], NEW[1].replace("ngo_shelter", "state_shelter"))
    with pytest.raises(agreement_drafting.Unusable, match=r"kind: SHPRESA is a ngo_shelter"):
        agreement_drafting.propose(text=texts.draft("2028", None, other), by=by)
    texts.opened(texts.draft("2028", None, NEW))
    back = organisation()
    assert back is not None
    assert (back.party, back.enabled) == ("SHPRESA", True)
    assert joining.invited(token).login == "new.one"


@pytest.mark.slow
def test_what_another_open_text_needs_stays_and_what_is_recorded_of_it_too(app: Flask) -> None:
    texts.opened(texts.draft("2027", None, NEW))
    texts.opened(texts.draft("2028", None, NEW))
    by = factories.actor(texts.COORDINATOR)
    actions.withdraw(version="2027", reason=REASON, by=by)
    kept = organisation()
    assert kept is not None
    assert kept.enabled
    reason = OrganisationReason.ASKED
    organisations.suspend(organisation_id=kept.id, reason=reason, by=factories.actor("administrator"))
    actions.withdraw(version="2028", reason=REASON, by=by)
    left = organisation()
    assert left is not None
    assert (left.party, left.enabled) == ("", False)
    assert db.session.scalar(select(Organisation.enabled).where(Organisation.code == "VATRA"))


@pytest.mark.parametrize("kind", ["responsible_authority", "border_police", "police", "child_protection"])
def test_an_office_that_acts_by_what_it_is_does_not_come_by_a_text(app: Flask, kind: str) -> None:
    new = (NEW[0], NEW[1].replace("ngo_shelter", kind).replace('competence = "everyone"\n', ""))
    with pytest.raises(agreement_drafting.Unusable, match=f"a {kind} joins by the country’s files"):
        agreement_drafting.propose(text=texts.draft("2027", None, new), by=factories.actor(texts.COORDINATOR))
