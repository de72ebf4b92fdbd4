"""Formal identification in the vault and on the pages: who reads what, who looks when, what is told to whom."""

from __future__ import annotations

import shutil
import uuid
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError

from nrm import audit
from nrm import db as database
from nrm.actions.accounts import joining
from nrm.actions.referrals import outside_referrals, referrals
from nrm.actions.shelter import cases, consents, identifications, permits, stays
from nrm.actions.shelter.identifications import Conclusion, JointInterview
from nrm.db import db
from nrm.domain.accounts.accounts import Actor, NotPermitted, NotVisible, Role
from nrm.domain.referrals.outside_referrals import OutsideKind, OutsideReason
from nrm.domain.shelter.cases import CaseRefused, Compartment, Purpose
from nrm.domain.shelter.consents import ByName, Topic
from nrm.domain.shelter.identifications import Appellant, Basis, IdentificationRefused, PlaceKind, State
from nrm.domain.shelter.permits import GateClosed, PermitEvent
from nrm.domain.shelter.stays import Destination, ExitReason
from nrm.models.shelter.cases import Case, Grant
from nrm.models.shelter.consents import Consent
from nrm.models.shelter.identifications import Identification, IdentificationLook
from nrm.models.shelter.stays import Stay
from nrm.steps.shelter import cases as case_steps
from nrm.store import days as stay_store
from nrm.store.rows.accounts import accounts as account_rows
from nrm.store.shelter import identifications as store
from tests import factories
from tests import factories_referrals as people
from tests.conftest import Person
from tests.thief import Files, opened
from tests.world import World

Planted = tuple[Flask, World]
ACCOUNT = "she drew the house with the locked door"
REASONS = "the debt was never told before the journey"
YES = Conclusion("identified", [Basis.OWN_ACCOUNT, Basis.INDICATORS], REASONS)
NO = Conclusion("not_a_victim", [Basis.ELEMENT_MISSING], "no element of means")
POLICE, RA, DUTY = "state_police.identification_officer", "ra.identification_officer", "ra.duty_officer"
SECOND = "state_police.second"


def colleague(login: str, organisation: str, confirmer: str) -> Actor:
    """One more identification officer of an organisation."""
    token = joining.invite(
        organisation_id=people.organisation(organisation),
        login=login,
        name="One more",
        role=Role.IDENTIFICATION_OFFICER,
        by=factories.actor(confirmer),
    )
    factories.join(token)
    factories.confirm(login, by=factories.actor(confirmer))
    return factories.actor(login)


def held(partner: str = POLICE, **changed: object) -> JointInterview:
    member = account_rows.member_by_login(partner)
    assert member is not None
    values: dict[str, object] = {
        "partner_id": member.id,
        "held_on": stay_store.today(),
        "place": PlaceKind.SHELTER,
        "language": "sq",
        "interpreter": "nobody",
        "account": ACCOUNT,
    }
    return JointInterview(**{**values, **changed})  # type: ignore[arg-type]


def interviewed(case_id: uuid.UUID, concluded: Conclusion = YES) -> None:
    """The Responsible Authority records the interview it held with the police."""
    identifications.interview(case_id=case_id, held=held(), concluded=concluded, by=factories.actor(RA))


def read(case_id: uuid.UUID, by: Actor) -> None:
    """Open what the person told."""
    identifications.open_part(case_id=case_id, compartment=Compartment.JOINT_INTERVIEW, by=by)


def looked(case_id: uuid.UUID, concluded: Conclusion, by: Actor) -> State:
    """Read the record, and conclude."""
    read(case_id, by)
    return identifications.look(case_id=case_id, concluded=concluded, by=by)


def found(case_id: uuid.UUID) -> Identification:
    db.session.rollback()
    return db.session.scalars(
        select(Identification).where(Identification.case_id == case_id).execution_options(populate_existing=True)
    ).one()


def test_asking_lets_police_and_social_services_read_the_record_and_nothing_else(world_app: Planted) -> None:
    _, world = world_app
    held_by = select(Grant.compartment).where(
        Grant.case_id == world.own_case, Grant.organisation_id == people.organisation("STATE_POLICE")
    )
    assert set(db.session.scalars(held_by)) == {"joint_interview"}
    said = select(Consent.party).where(Consent.case_id == world.own_case, Consent.topic == Topic.SHARING)
    assert {"STATE_POLICE", "RA"} <= set(db.session.scalars(said))
    with pytest.raises(IdentificationRefused, match="state"):
        identifications.ask(
            case_id=world.own_case,
            organisations=[people.organisation("RA")],
            agreed=True,
            by=factories.actor("vatra.case_worker"),
        )


@pytest.mark.parametrize(
    "login",
    [
        "nrc.case_worker",
        "iom.case_worker",
        "trp_unit.trp_officer",
        "prosecution.witness_liaison",
        "rinas.border_officer",
        "child_protection.identification_officer",
        "oms.monitor",
        "molsa.statistician",
        "administrator",
    ],
)
def test_nobody_else_knows_that_there_is_one(world_app: Planted, login: str) -> None:
    app, world = world_app
    person = Person(app.test_client(), login)
    for address in (f"/cases/{world.own_case}/identification", f"/identifications/{world.own_case}"):
        assert person.client.get(address).status_code in (403, 404)
    by = factories.actor(login)
    for act in (
        lambda: identifications.open_part(case_id=world.own_case, compartment=Compartment.JOINT_INTERVIEW, by=by),
        lambda: identifications.look(case_id=world.own_case, concluded=YES, by=by),
        lambda: identifications.interview(case_id=world.own_case, held=held(), concluded=YES, by=by),
        lambda: identifications.decide_appeal(case_id=world.own_case, changed=True, reasons="x", by=by),
    ):
        with pytest.raises((NotVisible, NotPermitted)):
            act()


def test_an_officer_of_the_authority_reaches_no_case_by_the_keys_of_the_duty_desk(world_app: Planted) -> None:
    app, world = world_app
    officer = Person(app.test_client(), RA)
    officer.get(f"/cases/{world.asked_case}", 403)
    officer.get(f"/identifications/{world.case}", 404)
    with pytest.raises(NotPermitted):
        cases.open_compartment(
            case_id=world.own_case, compartment=Compartment.HAND_OVER, purpose=Purpose.SAFETY, by=factories.actor(RA)
        )
    with pytest.raises(NotVisible):
        identifications.open_part(case_id=world.own_case, compartment=Compartment.HAND_OVER, by=factories.actor(RA))


def test_what_the_first_concluded_is_sealed_from_who_looks_second(world_app: Planted, tmp_path: Path) -> None:
    app, world = world_app
    interviewed(world.own_case)
    database.disconnect()
    folder = Path(str(app.extensions["nrm.config"].directory))
    shutil.copytree(folder, tmp_path / "stolen")
    stolen = Files(tmp_path / "stolen", tmp_path / "stolen")
    mine = {place[1] for place in opened(stolen, "STATE_POLICE") if place[0] == world.own_case.hex}
    assert mine == {"joint_interview"}
    theirs = {place[1] for place in opened(stolen, "RA") if place[0] == world.own_case.hex}
    assert theirs == {"hand_over", "joint_interview", "first_decision"}
    assert {place for place in opened(stolen, "NRC") if place[0] == world.own_case.hex} == set()
    raw = (tmp_path / "stolen" / "main.db").read_bytes()
    assert ACCOUNT.encode() not in raw
    assert REASONS.encode() not in raw
    second = colleague(SECOND, "STATE_POLICE", POLICE)
    seen = store.of_case(world.own_case, by=second)
    assert [(each.outcome, each.bases) for each in seen.looks] == [(None, None)]
    assert seen.holder == {}  # the police are not told which shelter it is
    identifications.open_part(case_id=world.own_case, compartment=Compartment.JOINT_INTERVIEW, by=second)
    assert identifications.opened(case_id=world.own_case, by=second)[Compartment.JOINT_INTERVIEW].value == {
        "account": ACCOUNT
    }
    with pytest.raises(case_steps.CannotOpen):
        identifications.open_part(case_id=world.own_case, compartment=Compartment.FIRST_DECISION, by=second)
    page = Person(app.test_client(), SECOND).get(f"/identifications/{world.own_case}")
    assert "viktimë e identifikuar" not in page
    assert "nuk tregohet para se" in page
    holder = Person(app.test_client(), "vatra.case_worker").get(f"/cases/{world.own_case}/identification")
    assert "viktimë e identifikuar" not in holder


def test_two_looks_that_agree_decide_and_the_coded_facts_say_so(world_app: Planted) -> None:
    app, world = world_app
    interviewed(world.own_case)
    second = colleague(SECOND, "STATE_POLICE", POLICE)
    assert looked(world.own_case, YES, second) is State.DECIDED
    decided = found(world.own_case)
    assert (decided.status, decided.decided_on) == ("identified", stay_store.today())
    facts = db.session.get_one(Case, world.own_case, populate_existing=True).facts
    assert (facts["identification"], facts["decided_by"]) == ("identified", "police")
    page = Person(app.test_client(), "vatra.case_worker").get(f"/cases/{world.own_case}")
    assert "viktimë e identifikuar" in page
    assert list(audit.verify(db.session())) == []


def test_nobody_looks_twice_and_nobody_who_took_part_or_has_seen_looks_later(world_app: Planted) -> None:
    app, world = world_app
    interviewed(world.own_case)
    for login, why in ((RA, "took_part"), (POLICE, "took_part"), (DUTY, "same_organisation")):
        with pytest.raises(IdentificationRefused, match=why):
            identifications.look(case_id=world.own_case, concluded=YES, by=factories.actor(login))
    page = Person(app.test_client(), DUTY).get(f"/identifications/{world.own_case}")
    assert "Vlerësimin e dytë e bën një organizatë tjetër" in page
    person = Person(app.test_client(), DUTY)
    person.get(f"/identifications/{world.own_case}/look", 404)
    data = {"outcome": "identified", "bases": "own_account", "reasons": "x"}
    assert "organizatë tjetër" in person.post(f"/identifications/{world.own_case}/look", data, 409)
    assert found(world.own_case).state == State.FIRST_LOOK
    # Opening the first decision is possible for a colleague of the first, recorded, and bars from the third look.
    second = colleague(SECOND, "STATE_POLICE", POLICE)
    looked(world.own_case, NO, second)
    person.post(f"/identifications/{world.own_case}/open", {"part": "first_decision"})
    assert REASONS in person.get(f"/identifications/{world.own_case}")
    with pytest.raises(IdentificationRefused, match="has_seen"):
        identifications.look(case_id=world.own_case, concluded=YES, by=factories.actor(DUTY))
    assert found(world.own_case).state == State.DIFFERING
    with pytest.raises(IntegrityError), database.transaction() as session:
        session.execute(
            update(IdentificationLook).where(IdentificationLook.position == 2).values(member_id=_member(RA))
        )


def _member(login: str) -> uuid.UUID:
    member = account_rows.member_by_login(login)
    assert member is not None
    return member.id


def test_two_that_differ_are_decided_by_a_third(world_app: Planted) -> None:
    _, world = world_app
    interviewed(world.own_case)
    second = colleague(SECOND, "STATE_POLICE", POLICE)
    assert looked(world.own_case, NO, second) is State.DIFFERING
    assert found(world.own_case).status == "possible"
    seen = store.of_case(world.own_case, by=factories.actor(DUTY))
    assert [each.outcome for each in seen.looks] == [None, None]
    assert looked(world.own_case, NO, factories.actor(DUTY)) is State.DECIDED
    decided = found(world.own_case)
    assert (decided.status, decided.decided_by_id) == ("not_a_victim", people.organisation("RA"))


@pytest.mark.slow
def test_the_list_says_for_whom_each_record_waits_and_what_waits_stands_first(world_app: Planted) -> None:
    app, world = world_app

    def row(login: str) -> str:
        page = Person(app.test_client(), login).get("/identifications?lang=en")
        return page.partition(f'href="/identifications/{world.own_case}"')[2].partition("</tr>")[0]

    assert "waits for you" in row(RA)
    interviewed(world.own_case)
    second = colleague(SECOND, "STATE_POLICE", POLICE)
    assert "waits for you" in row(SECOND)
    for login in (RA, DUTY, POLICE):
        assert "waits for you" not in row(login)
    for login in (RA, DUTY):
        assert "Not for you: you or your office had a part in it" in row(login)
    assert "Not for you: you or your office had a part in it" not in row(POLICE)  # is named, and says whether it was so
    assert store.to_review(by=second)[0].case_id == world.own_case
    orders = [each.order for each in store.to_review(by=factories.actor(RA))]
    assert orders == sorted(orders)
    looked(world.own_case, YES, second)
    for login in (RA, SECOND):
        assert "waits for you" not in row(login)
        assert "Not for you: you or your office had a part in it" not in row(login)


def test_an_appeal_is_decided_by_somebody_who_had_no_part_and_can_change_the_outcome(world_app: Planted) -> None:
    app, world = world_app
    interviewed(world.own_case, NO)
    second = colleague(SECOND, "STATE_POLICE", POLICE)
    looked(world.own_case, NO, second)
    vatra = Person(app.test_client(), "vatra.case_worker")
    assert "not a victim. Tell the person, and that an appeal is possible." in vatra.get("/?lang=en")
    vatra.post(f"/cases/{world.own_case}/identification/appeal", {"appellant": "counsel", "on": "today"})
    for login in (RA, POLICE):
        with pytest.raises(IdentificationRefused, match="took_part"):
            identifications.decide_appeal(case_id=world.own_case, changed=True, reasons="x", by=factories.actor(login))
    with pytest.raises(IdentificationRefused, match="took_part"):
        identifications.decide_appeal(case_id=world.own_case, changed=True, reasons="x", by=second)
    duty, address = Person(app.test_client(), DUTY), f"/identifications/{world.own_case}"
    unread = "Open the record first, and read what the person told"
    assert unread in duty.get(f"{address}?lang=en")
    assert unread in duty.get(f"{address}/appeal?lang=en", 409)
    assert unread in duty.post(f"{address}/appeal?lang=en", {"outcome": "changed", "reasons": "x"}, 409)
    duty.post(f"{address}/open", {"part": "joint_interview"})
    assert unread not in duty.get(f"{address}?lang=en")
    assert "Zgjidhni çfarë vendosni" in duty.post(f"{address}/appeal?lang=sq", {}, 422)
    assert "Enter the reasons" in duty.post(f"{address}/appeal?lang=en", {"outcome": "changed"}, 422)
    duty.post(f"{address}/appeal", {"outcome": "changed", "reasons": "the debt is a means"})
    vatra.post(f"/cases/{world.own_case}/identification/open", {"part": "joint_interview"})
    told = vatra.get(f"/cases/{world.own_case}/identification?lang=en")
    assert "Why the appeal was decided so" in told
    assert "the debt is a means" in told
    final = found(world.own_case)
    assert (final.state, final.status, final.appeal_outcome) == ("final", "identified", "changed")
    with pytest.raises(IdentificationRefused, match="state"):
        identifications.appeal(
            case_id=world.own_case,
            appellant=Appellant.PERSON,
            on=stay_store.today(),
            by=factories.actor("vatra.case_worker"),
        )


@pytest.mark.slow
def test_nobody_loses_her_status_by_an_appeal_of_somebody_else_and_two_tired_presses(world_app: Planted) -> None:
    app, world = world_app
    interviewed(world.own_case, YES)
    second = colleague(SECOND, "STATE_POLICE", POLICE)
    looked(world.own_case, YES, second)
    vatra, duty = Person(app.test_client(), "vatra.case_worker"), Person(app.test_client(), DUTY)
    duty.post(f"/identifications/{world.own_case}/open", {"part": "joint_interview"})
    address = f"/cases/{world.own_case}/identification/appeal"
    appealed = {"appellant": "counsel", "on": "today"}
    asked = vatra.post(f"{address}?lang=en", appealed, 422)
    assert "This person is identified as a victim. Is it this person who wants that changed? Then tick this" in asked
    assert found(world.own_case).state == "decided"
    vatra.post(address, {**appealed, "sure": "y"})
    page, decide = (
        duty.get(f"/identifications/{world.own_case}/appeal?lang=en"),
        f"/identifications/{world.own_case}/appeal",
    )
    assert "The outcome stays: identified victim" in page
    assert "The outcome is changed to: not a victim" in page
    asked = duty.post(f"{decide}?lang=en", {"outcome": "changed", "reasons": "x"}, 422)
    assert "The person is not a victim from then on, and it is not recorded yet." in asked
    assert found(world.own_case).status == "identified"
    with pytest.raises(IdentificationRefused, match="took_part"):
        identifications.no_appeal(case_id=world.own_case, by=second)
    home = vatra.get("/?lang=en")
    assert "it was decided: identified victim. Tell the person." in home
    duty.post(decide, {"outcome": "none"})
    assert "it was said that nobody appealed: it had been entered by mistake. Is that so?" in vatra.get("/?lang=en")
    after = found(world.own_case)
    assert (after.state, after.status, after.appellant, after.appealed_on) == ("decided", "identified", "", None)
    assert "decided" in vatra.get(f"/cases/{world.own_case}/identification?lang=en")
    vatra.post(address, {**appealed, "sure": "y"})
    duty.post(decide, {"outcome": "changed", "reasons": "x", "sure": "y"})
    assert (found(world.own_case).state, found(world.own_case).status) == ("final", "not_a_victim")
    told = vatra.get("/?lang=en").partition("it was decided: not a victim. Tell the person.")  # an appeal was decided
    assert 'href="tel:' in told[2].partition("</li>")[0]
    assert "it was decided" not in Person(app.test_client(), "nrc.case_worker").get("/?lang=en")


def test_the_record_names_both_sides_and_a_day_that_can_be(world_app: Planted) -> None:
    _, world = world_app
    ra = factories.actor(RA)
    for changed, why in (
        ({"partner_id": _member(DUTY)}, "sides"),
        ({"partner_id": ra.member_id}, "sides"),
        ({"held_on": stay_store.today() + timedelta(days=1)}, "day"),
        ({"held_on": stay_store.today() - timedelta(days=1)}, "day"),
    ):
        with pytest.raises(IdentificationRefused, match=why):
            identifications.interview(case_id=world.own_case, held=held(**changed), concluded=YES, by=ra)
    assert found(world.own_case).state == State.ASKED
    interviewed(world.own_case)
    row = found(world.own_case)
    assert (row.police_member_id, row.social_member_id) == (_member(POLICE), ra.member_id)


def test_taking_back_the_share_ends_the_review_also_with_an_old_backup(world_app: Planted, tmp_path: Path) -> None:
    app, world = world_app
    interviewed(world.own_case)
    folder = Path(str(app.extensions["nrm.config"].directory))
    database.disconnect()
    shutil.copytree(folder, tmp_path / "before")
    assert opened(Files(tmp_path / "before", tmp_path / "before"), "STATE_POLICE")
    vatra = factories.actor("vatra.case_worker")
    consents.withdraw(case_id=world.own_case, what=Topic.SHARING, party="STATE_POLICE", by=vatra)
    consents.withdraw(case_id=world.own_case, what=Topic.SHARING, party="RA", by=vatra)
    database.disconnect()
    shutil.copytree(folder, tmp_path / "after")
    for main in ("before", "after"):
        files = Files(tmp_path / main, tmp_path / "after")
        assert not {place for place in opened(files, "STATE_POLICE") if place[0] == world.own_case.hex}
    mine = {
        place[1]
        for place in opened(Files(tmp_path / "after", tmp_path / "after"), "RA")
        if place[0] == world.own_case.hex
    }
    assert mine == {"hand_over"}  # by a clause; the rest was by consent
    for login in (POLICE, RA):
        Person(app.test_client(), login).get(f"/identifications/{world.own_case}", 404)
    assert world.own_case.hex


def test_a_case_that_moves_keeps_its_review_and_while_asked_nothing_is_recorded(world_app: Planted) -> None:
    from nrm.actions.referrals import next_receiver
    from nrm.domain.referrals.referrals import OverrideReason

    _, world = world_app
    next_receiver.refer(
        case_id=world.own_case,
        receiver_id=people.organisation("IOM"),
        reason=OverrideReason.PERSON_WISHES,
        hand_over=people.HAND_OVER,
        by=factories.actor("vatra.case_worker"),
        by_name=ByName.YES,
        go_on_reading=[people.organisation("STATE_POLICE"), people.organisation("RA")],
    )
    with pytest.raises(CaseRefused, match="asked"):
        interviewed(world.own_case)
    assert found(world.own_case).state == State.ASKED


def test_until_the_reflection_period_is_over_nobody_leaves_for_another_country(world_app: Planted) -> None:
    app, world = world_app
    nrc = factories.actor("nrc.shelter_manager")
    unit = factories.actor("trp_unit.trp_officer")
    permits.record(case_id=world.case, event=PermitEvent.WITHDRAW, on=stay_store.today(), by=unit)
    leaving = {"exit_reason": ExitReason.REPATRIATED, "destination": Destination.COUNTRY_OF_CITIZENSHIP}
    with pytest.raises(GateClosed, match="reflection"):
        stays.end(stay_id=world.stay, ended_on=stay_store.today(), by=nrc, **leaving)
    with pytest.raises(GateClosed, match="reflection"):
        outside_referrals.refer_out(
            case_id=world.case,
            kind=OutsideKind.EMBASSY,
            addressee="x",
            reason=OutsideReason.RETURN_ABROAD,
            needs=["legal"],
            language="sq",
            agreed=True,
            closes=False,
            by=nrc,
        )
    person = Person(app.test_client(), "nrc.case_worker")
    assert "Periudha e reflektimit ende vazhdon" in person.get(f"/cases/{world.case}")
    until = stay_store.today() + timedelta(days=30)
    factories.later(days=31)
    nrc = factories.actor("nrc.shelter_manager")
    stays.end(stay_id=world.stay, ended_on=stay_store.today(), by=nrc, **leaving)
    db.session.rollback()
    stay = db.session.get_one(Stay, world.stay, populate_existing=True)
    assert stay.reflected_until == until
    with pytest.raises(IntegrityError), database.transaction() as session:
        session.execute(update(Stay).where(Stay.id == world.stay).values(reflected_until=stay.ended_on))


def test_the_pages_of_the_interview_and_of_the_second_look(world_app: Planted) -> None:
    app, world = world_app
    ra = Person(app.test_client(), RA)
    assert f"/identifications/{world.own_case}" in ra.get("/")
    address = f"/identifications/{world.own_case}/interview"
    assert "state_police.identification_officer" in ra.get(address)
    page = ra.post(address, {"account": "typed before"}, 422)
    assert "typed before" in page
    assert "Zgjidhni ku u zhvillua" in page
    data = {
        "partner": str(_member(POLICE)),
        "held": "today",
        "place": "shelter",
        "language": "shqip",
        "interpreter": "nobody",
        "account": ACCOUNT,
        "outcome": "identified",
        "bases": ["own_account", "indicators"],
        "reasons": REASONS,
    }
    ra.post(address, data)
    ra.get(address, 404)
    ra.post(address, data, 409)
    colleague(SECOND, "STATE_POLICE", POLICE)
    second = Person(app.test_client(), SECOND)
    assert ACCOUNT not in second.get(f"/identifications/{world.own_case}")
    second.post(f"/identifications/{world.own_case}/open", {"part": "joint_interview"})
    assert ACCOUNT in second.get(f"/identifications/{world.own_case}")
    second.post(f"/identifications/{world.own_case}/open", {"part": "first_decision"}, 404)
    second.post(f"/identifications/{world.own_case}/open", {"part": "story"}, 404)
    look = f"/identifications/{world.own_case}/look"
    assert "Shkruani arsyet" in second.post(look, {"outcome": "identified", "bases": "own_account"}, 422)
    second.post(look, {"outcome": "identified", "bases": "own_account", "reasons": "as told"})
    assert "viktimë e identifikuar" in second.get(f"/identifications/{world.own_case}")


def test_a_holder_asks_with_both_sides_and_the_persons_yes(world_app: Planted) -> None:
    app, world = world_app
    nrc = Person(app.test_client(), "nrc.case_worker")
    address = f"/cases/{world.case}/identification/ask"
    police, ra = people.organisation("STATE_POLICE"), people.organisation("RA")
    assert "Zgjidhni një nga policia" in nrc.post(address, {"readers": [str(police)], "agreed": "y"}, 422)
    assert "Shënoni se personit" in nrc.post(address, {"readers": [str(police), str(ra)]}, 422)
    nrc.post(address, {"readers": [str(police), str(ra)], "agreed": "y", "wants_now": "y"})
    nrc.get(address, 404)
    assert found(world.case).state == State.ASKED
    assert "Kush e lexon procesverbalin" in nrc.get(f"/cases/{world.case}/identification")
    page = nrc.get(f"/cases/{world.case}/identification?lang=en")
    assert "the person is a possible victim, also where the interview ended with “suspected”" in page


@pytest.mark.slow
def test_who_opens_the_story_reads_that_a_joint_interview_is_needed_and_no_row_in_clear_tells_it(
    world_app: Planted,
) -> None:
    app, world = world_app
    wanted = "once the person agrees: the interview at the crossing point ended with"
    nrc, page = Person(app.test_client(), "nrc.case_worker"), f"/cases/{world.case}?lang=en"
    assert wanted not in nrc.get(page)  # nobody opened it
    nrc.post(f"/cases/{world.case}/open", {"compartment": "story", "purpose": "care"})
    shown = nrc.get(page)
    assert wanted in shown
    assert "Suspected, a joint interview is needed" in shown
    for table in db.metadata.sorted_tables:
        if "case_id" in table.columns:
            rows = db.session.execute(select(table).where(table.c.case_id == world.case)).all()
            assert not [row for row in rows if "suspected" in map(str, row)], table.name
    identifications.ask(
        case_id=world.case,
        organisations=[people.organisation("STATE_POLICE"), people.organisation("RA")],
        agreed=True,
        by=factories.actor("nrc.case_worker"),
        wants_now=True,
    )
    shown = nrc.get(page)
    assert wanted not in shown
    assert "Suspected, a joint interview is needed" in shown


def test_of_a_possible_victim_the_page_asks_for_no_joint_interview_by_itself(world_app: Planted) -> None:
    app, _ = world_app
    sent = people.sent(factories.actor("rinas.border_officer"), assessment="possible")
    nrc = factories.actor("nrc.case_worker")
    referrals.accept(referral_id=sent.referral_id, place_id=people.bed("NRC", 2), by=nrc)
    referrals.arrive(referral_id=sent.referral_id, by=nrc)
    worker = Person(app.test_client(), "nrc.case_worker")
    worker.post(f"/cases/{sent.case_id}/open", {"compartment": "story", "purpose": "care"})
    shown = worker.get(f"/cases/{sent.case_id}?lang=en")
    assert "Possible victim" in shown
    assert "once the person agrees: the interview at the crossing point ended" not in shown
