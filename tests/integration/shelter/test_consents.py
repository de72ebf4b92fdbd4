"""Consent answer by answer: what is written down at Send, what a withdrawal does in the vault, what time does."""

from __future__ import annotations

import re
import shutil
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select

from nrm import audit, clock
from nrm import db as database
from nrm.actions import tending
from nrm.actions.referrals import next_receiver, referrals, supplements
from nrm.actions.shelter import absences, away, cases, consents, data_requests, direct_intake, stays
from nrm.db import db, transaction
from nrm.domain.accounts.accounts import NotPermitted, NotVisible
from nrm.domain.quarters import Quarter
from nrm.domain.referrals.referrals import OverrideReason, ReferralRefused
from nrm.domain.shelter.absences import Feared
from nrm.domain.shelter.cases import SUPPLEMENT, CaseRefused, Compartment, Purpose
from nrm.domain.shelter.consents import EVERYTHING, Answer, Asking, ByName, ConsentRefused, Naming, Said, Topic, Weighed
from nrm.domain.shelter.data_requests import RequestKind, RequestStatus
from nrm.domain.shelter.direct_intake import OwnCase
from nrm.domain.shelter.stays import Destination, ExitReason, Source
from nrm.models.referrals.referrals import Obligation, Referral
from nrm.models.shelter.cases import Case, Erasure, Grant, SealedCompartment, ShredKey
from nrm.models.shelter.consents import Consent
from nrm.models.shelter.data_requests import PersonRequest
from nrm.steps.lost_records import lost
from nrm.steps.shelter import cases as case_steps
from nrm.steps.shelter import consent_records
from nrm.store import days as stay_store
from nrm.store.referrals import supplements as supplement_store
from nrm.store.reports import counting
from nrm.store.rows.referrals import next_receiver as next_receiver_rows
from nrm.store.rows.shelter import consents as consent_rows
from nrm.store.shelter import cases as case_store
from nrm.store.shelter import consents as store
from nrm.vault.compartments import CannotOpen
from tests import factories
from tests import factories_referrals as people
from tests import second_hands as hands
from tests.conftest import Person
from tests.factories_stays import admitted
from tests.thief import Files, opened
from tests.world import World

SignIn = Callable[[str], Person]
Planted = tuple[Flask, World]
OTHERS = ("vatra.case_worker", "ra.duty_officer", "trp_unit.trp_officer", "rinas.border_officer")
ASKED = Asking("returnee-1", "ro", "telephone")


def said(case_id: uuid.UUID, *, ended: bool = False) -> dict[tuple[str, str], str]:
    """(topic, party) -> what was said, of the answers that hold (or of all)."""
    db.session.rollback()
    rows = db.session.scalars(select(Consent).where(Consent.case_id == case_id)).all()
    return {(each.topic, each.party): each.said for each in rows if ended or not each.ended}


def there(case_id: uuid.UUID) -> set[str]:
    db.session.rollback()
    return set(db.session.scalars(select(SealedCompartment.compartment).where(SealedCompartment.case_id == case_id)))


def left(stay_id: uuid.UUID, login: str) -> None:
    stays.end(
        stay_id=stay_id,
        ended_on=stay_store.today(),
        exit_reason=ExitReason.INDEPENDENT_LIVING,
        destination=Destination.OWN_HOME,
        where="home",
        by=factories.actor(login),
    )


def test_sending_writes_each_answer_down_with_the_wording_that_was_read(app: Flask) -> None:
    assert app
    rinas = factories.actor("rinas.border_officer")
    sent = people.sent(rinas, language="ro", interpreter="present", parties=["VATRA"], consent_statistics="no")
    found = said(sent.case_id)
    assert found[Topic.SERVICES, ""] == found[Topic.SHARING, "NRC"] == Said.GIVEN
    assert found[Topic.SHARING, "VATRA"] == found[Topic.STATISTICS, ""] == Said.REFUSED
    rows = db.session.scalars(select(Consent).where(Consent.case_id == sent.case_id)).all()
    assert {(each.wording, each.wording_version, each.language, each.interpreter) for each in rows} == {
        ("consent", 2, "ro", "present")
    }
    assert {len(each.wording_sha256) for each in rows} == {64}
    assert {each.read_by_id for each in rows} == {rinas.member_id}
    assert {each.topic for each in rows if each.due_on} == {Topic.SERVICES, Topic.SHARING}
    assert "VATRA" in next_receiver_rows.only_with_a_new_yes(sent.case_id)


@pytest.mark.parametrize(
    "answers", [{"age": "child"}, {"age": "unsure"}, {"urgent": True, "consent_urgent": "not_asked"}]
)
def test_of_a_child_and_of_who_could_not_be_asked_no_consent_is_made_up(app: Flask, answers: dict[str, object]) -> None:
    assert app
    sent = people.sent(factories.actor("rinas.border_officer"), override_reason="other", **answers)  # type: ignore[arg-type]
    assert said(sent.case_id, ended=True) == {}


def test_the_page_tells_the_holder_in_words_and_nobody_else(world_app: Planted) -> None:
    app, world = world_app
    nrc = Person(app.test_client(), "nrc.case_worker")
    page = nrc.get(f"/cases/{world.case}/consents")
    assert "Njoftimi i organizatës" in page
    assert "Teksti consent" not in page
    assert re.search("Teksti “[^”]+”, versioni 2", page)
    assert "Pëlqimi" in nrc.get(f"/cases/{world.case}")
    for login in ("vatra.case_worker", "ra.duty_officer", "trp_unit.trp_officer"):
        Person(app.test_client(), login).get(f"/cases/{world.case}/consents", 404)
    for login in ("oms.monitor", "molsa.statistician", "administrator"):
        Person(app.test_client(), login).get(f"/cases/{world.case}/consents", 403)


@pytest.mark.parametrize("login", OTHERS)
def test_nobody_but_the_holder_asks_or_takes_back(world_app: Planted, login: str) -> None:
    _, world = world_app
    by = factories.actor(login)
    for act in (
        lambda: consents.withdraw(case_id=world.case, what=EVERYTHING, by=by),
        lambda: consents.ask(case_id=world.case, answers=[Answer(Topic.SERVICES, Said.GIVEN)], asking=ASKED, by=by),
        lambda: consents.narrow(case_id=world.case, by=by),
    ):
        with pytest.raises((NotVisible, CaseRefused)):
            act()
    with pytest.raises(NotPermitted):
        consents.withdraw(case_id=world.case, what=EVERYTHING, by=factories.actor("oms.monitor"))
    assert people.PLANTED in str(_read(world.case, Compartment.IDENTITY))


def _read(case_id: uuid.UUID, compartment: Compartment, login: str = "nrc.case_worker") -> object:
    by = factories.actor(login)
    cases.open_compartment(case_id=case_id, compartment=compartment, purpose=Purpose.CORRECTION, by=by)
    return case_steps.opened(case_id=case_id, by=by)[compartment].value


def _stolen(app: Flask, tmp_path: Path, name: str) -> Path:
    """All files of the server as they lie on its disk now."""
    database.disconnect()
    folder = Path(str(app.extensions["nrm.config"].directory))
    shutil.copytree(folder, tmp_path / name)
    return tmp_path / name


def test_a_share_that_is_taken_back_opens_nothing_also_not_with_an_old_backup(
    world_app: Planted, tmp_path: Path
) -> None:
    app, world = world_app
    nrc = factories.actor("nrc.case_worker")
    before = _stolen(app, tmp_path, "before")
    assert opened(Files(before, before), "TRP_UNIT")
    assert said(world.case)[Topic.SHARING, "TRP_UNIT"] == Said.GIVEN
    consents.withdraw(case_id=world.case, what=Topic.SHARING, party="TRP_UNIT", by=nrc)
    assert (Topic.SHARING, "TRP_UNIT") not in said(world.case)
    after = _stolen(app, tmp_path, "after")
    assert not opened(Files(after, after), "TRP_UNIT")
    assert not opened(Files(before, after), "TRP_UNIT")
    Person(app.test_client(), "trp_unit.trp_officer").get(f"/cases/{world.case}", 404)
    assert people.PLANTED in str(_read(world.case, Compartment.IDENTITY))
    with pytest.raises(ConsentRefused, match="nothing"):
        consents.withdraw(case_id=world.case, what=Topic.SHARING, party="TRP_UNIT", by=nrc)


def test_who_can_read_a_part_is_not_among_those_told_before_anybody_told_it(world_app: Planted) -> None:
    """The list is read out to the person."""
    app, world = world_app
    waits, names = "To be told: can read a part, and nobody has told it yet", "Responsible Authority"
    owed = db.session.scalars(
        select(Obligation).where(
            Obligation.case_id == world.case, Obligation.party == "RA", Obligation.kind == "notify"
        )
    ).one()
    assert owed.done_at is None
    worker, address = Person(app.test_client(), "nrc.case_worker"), f"/cases/{world.case}/consents?lang=en"

    def listed(word: str) -> str:
        found = re.search(rf"<dt>{word}</dt><dd>([^<]*)</dd>", worker.get(address))
        return found[1] if found else ""

    assert listed(waits) == names
    assert names not in listed("Told")
    for page in (f"/cases/{world.case}/consents", f"/cases/{world.case}"):
        assert "Për t’u njoftuar" in worker.get(f"{page}?lang=sq")
    referrals.acknowledge(obligation_id=owed.id, by=factories.actor("ra.duty_officer"))
    assert listed(waits) == ""
    assert names in listed("Told")


def test_of_an_adult_nothing_is_shared_with_whoever_is_there_for_children(world_app: Planted) -> None:
    app, world = world_app
    worker, address = Person(app.test_client(), "nrc.case_worker"), f"/cases/{world.case}/share"
    page = worker.get(f"{address}?lang=en")
    assert "PROSECUTION:legal" in page
    assert "CHILD_PROTECTION" not in page
    assert "Child protection needs no yes" not in page
    for what in ("CHILD_PROTECTION:identity", "CHILD_PROTECTION:joint_interview"):
        worker.post(address, {"what": what, "agreed": "yes", "sure": "y"}, 422)
    office, by = people.organisation("CHILD_PROTECTION"), factories.actor("nrc.case_worker")
    for agreed in (True, False):
        with pytest.raises(CaseRefused, match="not_shareable"):
            cases.share(
                case_id=world.case, organisation_id=office, compartments=[Compartment.IDENTITY], agreed=agreed, by=by
            )
    assert "Tick that the person was told" in worker.post(address, {"what": "PROSECUTION:legal", "sure": "y"}, 422)
    assert {office} & {each.organisation_id for each in case_store.shares(world.case, by=by)} == set()


@pytest.mark.slow
def test_a_part_that_was_shared_by_mistake_is_no_word_of_the_person(world_app: Planted) -> None:
    app, world = world_app
    factories.later(minutes=16)
    by = factories.actor("nrc.shelter_manager")
    worker, party = Person(app.test_client(), "nrc.case_worker"), "PROSECUTION"
    address, prosecution = f"/cases/{world.case}/share", people.organisation(party)
    what = next(each for each in re.findall(r'value="(\w+:[\w+]+)"', worker.get(address)) if each.startswith(party))
    before, lists = said(world.case), store.lists(world.case, by=factories.actor("nrc.case_worker"))
    assert (Topic.SHARING, party) not in before

    def shared() -> None:
        before = said(world.case)
        assert "will read of" in worker.post(f"{address}?lang=en", {"what": what, "agreed": "yes"}, 200)
        assert said(world.case) == before  # who will read what is said before anybody reads
        worker.post(address, {"what": what, "agreed": "yes", "sure": "y"})
        assert said(world.case)[Topic.SHARING, party] == Said.GIVEN

    shared()
    shared()  # pressed twice: neither is the person's word
    page = worker.get(f"{address}?lang=en")
    assert page.count("Shared by mistake: nobody had asked the person") == 1  # the older share has no such button
    with pytest.raises(CaseRefused, match="no_mistake"):  # somebody else pressed it
        cases.end_share(case_id=world.case, organisation_id=prosecution, mistake=True, by=by)
    done = worker.get(worker.post(f"{address}/{prosecution}/end", {"mistake": "yes"}))
    assert "no yes and no no of the person is kept of it" in done
    assert "Shared by mistake" not in done
    assert said(world.case) == before
    assert store.lists(world.case, by=factories.actor("nrc.case_worker")) == lists
    assert party not in consent_rows.struck_out(world.case)
    assert "recorded by mistake: the person had not said it" in worker.get(f"/cases/{world.case}/consents?lang=en")
    assert prosecution not in {
        each.organisation_id for each in case_store.shares(world.case, by=factories.actor("nrc.case_worker"))
    }
    # What was really said is taken back as before, and after some minutes it counts as said.
    shared()
    factories.later(minutes=16)
    worker = Person(app.test_client(), "nrc.case_worker")
    assert "Shared by mistake" not in worker.get(address)
    worker.post(f"{address}/{prosecution}/end", {"mistake": "yes"}, 409)
    worker.post(f"{address}/{prosecution}/end")
    db.session.rollback()
    assert party in consent_rows.struck_out(world.case)
    assert party in store.lists(world.case, by=factories.actor("nrc.case_worker"))[Naming.NAMED]


@pytest.mark.slow
@pytest.mark.parametrize("gone", ["away", "missing"])
def test_nobody_writes_down_that_somebody_agreed_today_who_is_away_or_missing(sign_in: SignIn, gone: str) -> None:
    """A worker let the prosecution read the legal file "because she agrees", of somebody who was away overnight."""
    noon = datetime(2026, 3, 3, 11, 0, tzinfo=UTC)
    clock.set_clock(lambda: noon)
    by = factories.actor("vatra.case_worker")
    opened, today = admitted(by, days_ago=10), stay_store.today()
    factories.later(minutes=20)
    worker, address = sign_in("vatra.case_worker"), f"/cases/{opened.case_id}/share"
    page = worker.get(address)
    what = next(each for each in re.findall(r'value="(\w+:[\w+]+)"', page) if each.startswith("PROSECUTION:legal"))
    before = said(opened.case_id)
    if gone == "away":
        went = today - timedelta(days=1)
        away_id = away.record(stay_id=opened.stay_id, since_on=went, expected_on=today, reason="", by=by)
    else:
        missing_id = absences.report(
            case_id=opened.case_id, since=noon - timedelta(hours=20), feared=Feared.NOT_KNOWN, by=by
        )
    for sure in ({}, {"sure": "y"}):
        page = worker.post(f"{address}?lang=en", {"what": what, "agreed": "yes", **sure}, 422)
        assert "This person is recorded as away or missing: nobody can have asked them today" in page
    with pytest.raises(CaseRefused, match="not_here"):
        cases.share(
            case_id=opened.case_id,
            organisation_id=people.organisation("PROSECUTION"),
            compartments=[Compartment.LEGAL],
            agreed=True,
            by=by,
        )
    db.session.rollback()
    assert said(opened.case_id) == before
    assert not any(each.by_consent for each in case_store.shares(opened.case_id, by=by))
    if gone == "away":
        away.back(away_id=away_id, back_on=today, by=by)
    else:
        absences.found(missing_id=missing_id, by=by)
    # Days away that were entered ahead refuse nothing yet.
    ahead = today + timedelta(days=2)
    away.record(stay_id=opened.stay_id, since_on=ahead, expected_on=ahead, reason="", by=by)
    worker.post(address, {"what": what, "agreed": "yes", "sure": "y"})
    assert said(opened.case_id)[Topic.SHARING, "PROSECUTION"] == Said.GIVEN


@pytest.mark.slow
def test_a_share_that_was_ended_by_mistake_is_taken_up_again_with_the_yes_of_before(world_app: Planted) -> None:
    app, world = world_app
    worker, unit = Person(app.test_client(), "nrc.case_worker"), people.organisation("TRP_UNIT")
    address, button = f"/cases/{world.case}/share", "Ended by mistake: the yes holds on"
    again, before = f"{address}/{unit}/again", store.of_case(world.case, by=factories.actor("nrc.case_worker"))
    shares = case_store.shares(world.case, by=factories.actor("nrc.case_worker"))
    held = select(Grant.compartment, Grant.until_on).where(Grant.organisation_id == unit, Grant.case_id == world.case)
    days_held = sorted(db.session.execute(held))
    assert days_held
    worker.post(again, {}, 409)  # nothing was ended
    assert button not in worker.get(f"{address}?lang=en")
    assert worker.post(f"{address}/{unit}/end") == address
    Person(app.test_client(), "trp_unit.trp_officer").get(f"/cases/{world.case}", 404)
    assert button in worker.get(address)
    colleague = Person(app.test_client(), "nrc.shelter_manager")
    assert button not in colleague.get(f"{address}?lang=en")
    colleague.post(again, {}, 409)
    Person(app.test_client(), "vatra.case_worker").post(again, {}, 404)
    assert "the yes of the person holds as before" in worker.get(worker.post(again))
    Person(app.test_client(), "trp_unit.trp_officer").get(f"/cases/{world.case}")
    assert store.of_case(world.case, by=factories.actor("nrc.case_worker")) == before
    assert case_store.shares(world.case, by=factories.actor("nrc.case_worker")) == shares
    db.session.rollback()
    assert sorted(db.session.execute(held)) == days_held
    worker.post(again, {}, 409)  # pressed twice
    # What was said since, and what was ended longer ago, is the person's word.
    worker.post(f"{address}/{unit}/end")
    nrc = factories.actor("nrc.case_worker")
    with transaction() as session:
        no = [Answer(Topic.SHARING, Said.REFUSED, "TRP_UNIT")]
        consent_records.record(session, world.case, no, Asking("", "", ""), nrc)
    worker.post(again, {}, 409)
    assert button not in worker.get(address)


def test_a_share_is_taken_up_again_for_fifteen_minutes(world_app: Planted) -> None:
    app, world = world_app
    address, unit = f"/cases/{world.case}/share", people.organisation("TRP_UNIT")
    Person(app.test_client(), "nrc.case_worker").post(f"{address}/{unit}/end")
    factories.later(minutes=16)
    late = Person(app.test_client(), "nrc.case_worker")
    assert "Ended by mistake" not in late.get(f"{address}?lang=en")
    late.post(f"{address}/{unit}/again", {}, 409)
    Person(app.test_client(), "trp_unit.trp_officer").get(f"/cases/{world.case}", 404)


def test_taking_everything_back_destroys_at_once_and_keeps_the_bed_safe_until_the_stay_ends(
    world_app: Planted, tmp_path: Path
) -> None:
    app, world = world_app
    vatra = factories.actor("vatra.case_worker")
    before = _stolen(app, tmp_path, "before")
    facts = dict(db.session.get_one(Case, world.own_case).facts)
    hands.withdrawn(world.own_case, vatra)
    assert there(world.own_case) == {"hand_over"}
    after = _stolen(app, tmp_path, "after")
    left_over = {each for each in opened(Files(before, after), "VATRA") if each[0] == world.own_case.hex}
    assert left_over == set()  # the hand-over has a new epoch, and the rest no key at all
    case = db.session.get_one(Case, world.own_case)
    assert (case.status, case.consent, dict(case.facts)) == ("open", "refused", facts)
    assert tending.tend()["consents_lapsed"] == 0
    left(world.own_stay, "vatra.case_worker")
    assert tending.tend()["consents_lapsed"] == 1
    assert there(world.own_case) == set()
    db.session.rollback()
    assert db.session.get_one(Case, world.own_case, populate_existing=True).status == "closed"
    gone = set(db.session.scalars(select(Erasure.compartment).where(Erasure.case_id == world.own_case)))
    assert {"hand_over", "identity", "story"} <= gone
    assert db.session.scalars(select(ShredKey).where(ShredKey.case_id == world.own_case)).all() == []
    assert tending.tend()["consents_lapsed"] == 0
    assert list(audit.verify(db.session())) == []


def test_a_witness_keeps_the_legal_file(world_app: Planted) -> None:
    _, world = world_app
    nrc = factories.actor("nrc.case_worker")
    hands.withdrawn(world.case, nrc)
    assert there(world.case) == {"hand_over", "legal"}
    held = select(Grant.organisation_id).where(Grant.case_id == world.case)
    assert set(db.session.scalars(held)) == {nrc.organisation_id}


def test_while_a_shelter_is_asked_everything_is_taken_back_and_the_referral_first(world_app: Planted) -> None:
    _, world = world_app
    nrc = factories.actor("nrc.case_worker")
    next_receiver.refer(
        case_id=world.case,
        receiver_id=people.organisation("IOM"),
        reason=OverrideReason.PERSON_WISHES,
        hand_over=people.HAND_OVER,
        by=nrc,
        by_name=ByName.YES,
    )
    with pytest.raises(CaseRefused, match="asked"):
        consents.withdraw(case_id=world.case, what=Topic.SERVICES, by=nrc)
    hands.withdrawn(world.case, nrc)
    assert "identity" not in there(world.case)
    statuses = select(Referral.status).where(Referral.case_id == world.case, Referral.receiver_id == iom())
    assert db.session.scalars(statuses).all() == ["withdrawn"]


def iom() -> uuid.UUID:
    return people.organisation("IOM")


def test_who_takes_back_being_counted_is_not_counted_from_then_on(world_app: Planted) -> None:
    _, world = world_app
    quarter = Quarter.of(stay_store.today())

    def counted() -> set[str]:
        with db.engine.connect() as connection:
            return {each.person for each in counting.people(connection, quarter, by=counting.RELEASE)}

    assert world.own_case.hex in counted()
    vatra = factories.actor("vatra.case_worker")
    consents.withdraw(case_id=world.own_case, what=Topic.STATISTICS, by=vatra)
    assert world.own_case.hex not in counted()
    db.session.rollback()
    assert db.session.get_one(Case, world.own_case).facts["statistics"] == "no"
    consents.destroy_particulars(case_id=world.own_case, by=factories.actor("vatra.shelter_manager"))
    db.session.rollback()
    case = db.session.get_one(Case, world.own_case, populate_existing=True)
    assert (case.age_band, case.citizenship, case.exploited_in) == ("99", "99", "99")
    assert (case.facts, case.citizenship_class) == ({"statistics": "no"}, "home")  # the gates go on
    assert people.PLANTED in str(_read(world.own_case, Compartment.IDENTITY, "vatra.case_worker"))


def test_who_takes_back_the_yes_to_help_is_not_handed_on_without_a_new_one(world_app: Planted) -> None:
    app, world = world_app
    nrc = factories.actor("nrc.case_worker")
    consents.withdraw(case_id=world.case, what=Topic.SERVICES, by=nrc)
    iom = people.organisation("IOM")
    with pytest.raises(ReferralRefused, match="no_help"):
        next_receiver.refer(
            case_id=world.case, receiver_id=iom, reason=OverrideReason.PERSON_WISHES, hand_over=people.HAND_OVER, by=nrc
        )
    data = {"receiver": str(iom), "reason": "person_wishes", "agreed_anew": "y", **people.HAND_OVER_FORM}
    page = Person(app.test_client(), "nrc.case_worker").post(f"/cases/{world.case}/refer", data, 409)
    assert "Kërkoni së pari sërish pëlqimin" in page
    yes = [Answer(Topic.SERVICES, Said.GIVEN), Answer(Topic.SHARING, Said.GIVEN)]
    consents.ask(case_id=world.case, answers=yes, asking=ASKED, by=nrc)
    assert next_receiver.refer(
        case_id=world.case,
        receiver_id=iom,
        reason=OverrideReason.PERSON_WISHES,
        hand_over=people.HAND_OVER,
        by=nrc,
        by_name=ByName.YES,
    )


def test_a_party_struck_out_later_is_asked_only_with_a_new_yes(world_app: Planted) -> None:
    _, world = world_app
    nrc = factories.actor("nrc.case_worker")
    no = [Answer(Topic.SHARING, Said.REFUSED, "IOM")]
    consents.ask(case_id=world.case, answers=no, asking=ASKED, by=nrc)
    iom = people.organisation("IOM")
    with pytest.raises(ReferralRefused, match="struck_out"):
        next_receiver.refer(
            case_id=world.case, receiver_id=iom, reason=OverrideReason.PERSON_WISHES, hand_over=people.HAND_OVER, by=nrc
        )


def test_sharing_that_nobody_asked_about_again_ends_by_itself_and_is_sealed_anew_by_the_holder(
    world_app: Planted, tmp_path: Path
) -> None:
    app, world = world_app
    before = _stolen(app, tmp_path, "before")
    factories.later(days=151)
    nrc = factories.actor("nrc.case_worker")
    [line] = [each for each in store.to_ask_again(by=nrc) if each.case_id == world.case]
    assert not line.waits
    assert "pyetni sërish për pëlqim" in Person(app.test_client(), "nrc.case_worker").get("/")
    factories.later(days=30)
    assert tending.tend()["consents_lapsed"] >= 1
    assert tending.tend()["consents_lapsed"] == 0
    after = _stolen(app, tmp_path, "after")
    assert not opened(Files(after, after), "TRP_UNIT")
    trp = factories.actor("trp_unit.trp_officer")
    with pytest.raises((NotVisible, CannotOpen)):
        cases.open_compartment(case_id=world.case, compartment=Compartment.LEGAL, purpose=Purpose.PERMIT, by=trp)
    nrc = factories.actor("nrc.case_worker")
    [line] = [each for each in store.to_ask_again(by=nrc) if each.case_id == world.case]
    assert line.waits
    assert "vulosni sërish" in Person(app.test_client(), "nrc.case_worker").get("/")
    # The limit that the holder's first act removes: an old main file with a shred file of today.
    assert opened(Files(before, after), "TRP_UNIT")
    assert people.PLANTED in str(_read(world.case, Compartment.IDENTITY))
    sealed = _stolen(app, tmp_path, "sealed")
    assert not opened(Files(before, sealed), "TRP_UNIT")
    assert not [each for each in store.to_ask_again(by=factories.actor("nrc.case_worker")) if each.waits]


def test_asked_again_in_time_it_goes_on(world_app: Planted) -> None:
    _, world = world_app
    factories.later(days=170)
    nrc = factories.actor("nrc.case_worker")
    yes = [Answer(Topic.SHARING, Said.GIVEN, "TRP_UNIT")]
    consents.ask(case_id=world.case, answers=yes, asking=ASKED, by=nrc)
    factories.later(days=100)
    tending.tend()
    held = select(Grant.compartment).where(
        Grant.case_id == world.case, Grant.organisation_id == people.organisation("TRP_UNIT")
    )
    assert set(db.session.scalars(held)) == {"identity", "legal"}
    ended = select(Consent.ended).where(Consent.case_id == world.case, Consent.party == "TRP_UNIT")
    assert sorted(db.session.scalars(ended)) == ["", "asked_again"]


def _urgent(consent: str) -> tuple[uuid.UUID, uuid.UUID]:
    rinas, nrc = factories.actor("rinas.border_officer"), factories.actor("nrc.case_worker")
    sent = people.sent(rinas, urgent=True, consent_urgent=consent, override_reason="other")
    referrals.accept(referral_id=sent.referral_id, place_id=people.bed("NRC", 3), by=nrc)
    return sent.case_id, sent.referral_id


def test_who_could_not_be_asked_is_asked_first_and_a_no_destroys_what_was_added(app: Flask) -> None:
    case_id, _ = _urgent("not_asked")
    rinas, nrc = factories.actor("rinas.border_officer"), factories.actor("nrc.case_worker")
    [line] = supplement_store.open_now(by=rinas)
    supplements.send(supplement_id=line.id, answers={"given": people.PLANTED, "story": people.TOLD}, by=rinas)
    page = Person(app.test_client(), "nrc.case_worker").get("/")
    assert f"/cases/{case_id}/consents/ask" in page
    assert SUPPLEMENT in there(case_id)
    no = [Answer(Topic.SERVICES, Said.REFUSED), Answer(Topic.SHARING, Said.REFUSED)]
    act_id = hands.asked(lambda: consents.ask(case_id=case_id, answers=no, asking=ASKED, by=nrc))
    assert SUPPLEMENT in there(case_id)
    hands.agreed(act_id, factories.actor("nrc.shelter_manager"))
    assert there(case_id) == {"hand_over"}
    db.session.rollback()
    assert db.session.get_one(Case, case_id, populate_existing=True).consent == "refused"
    owed = select(Obligation.kind).where(Obligation.case_id == case_id, Obligation.done_at.is_(None))
    assert not set(db.session.scalars(owed)) & {"ask_consent", "read_supplement", "complete_interview"}
    assert lost() == ""  # the duties ended by a second hand
    with pytest.raises(CaseRefused, match="consent_first"):
        supplements.complete(case_id=case_id, answers={"given": people.PLANTED}, by=nrc)


def test_a_yes_later_opens_the_way_to_the_name(app: Flask) -> None:
    assert app
    case_id, _ = _urgent("not_asked")
    nrc = factories.actor("nrc.case_worker")
    yes = [
        Answer(Topic.SERVICES, Said.GIVEN),
        Answer(Topic.SHARING, Said.GIVEN),
        Answer(Topic.STATISTICS, Said.REFUSED),
    ]
    consents.ask(case_id=case_id, answers=yes, asking=ASKED, by=nrc)
    supplements.complete(case_id=case_id, answers={"given": people.PLANTED}, by=nrc)
    assert "identity" in there(case_id)
    db.session.rollback()
    case = db.session.get_one(Case, case_id, populate_existing=True)
    assert (case.consent, case.facts["statistics"]) == ("given", "no")


def test_a_childs_wish_is_heard_and_weighed_and_no_consent_is_asked(world_app: Planted) -> None:
    app, _ = world_app
    vatra = factories.actor("vatra.case_worker")
    opened_case = direct_intake.open_case(
        case=OwnCase(
            source=Source.OWN,
            age_class="child",
            age=15,
            gender="feminine",
            citizenship="AL",
            consent="not_asked_child",
            statistics="not_asked",
            home="AL",
        ),
        place_id=people.bed("VATRA", 4),
        admitted_on=stay_store.today(),
        anticipated_end_on=stay_store.today() + timedelta(days=30),
        by=vatra,
    )
    case_id = opened_case.case_id
    assert said(case_id) == {}
    with pytest.raises(ConsentRefused, match="child"):
        consents.ask(case_id=case_id, answers=[Answer(Topic.SERVICES, Said.GIVEN)], asking=ASKED, by=vatra)
    with pytest.raises(ConsentRefused, match="weighed"):
        consents.ask(case_id=case_id, answers=[Answer(Topic.WISH, Said.AGAINST)], asking=ASKED, by=vatra)
    person = Person(app.test_client(), "vatra.case_worker")
    address = f"/cases/{case_id}/consents/ask"
    data = {"wish": "against", "language": "shqip", "interpreter": "nobody"}
    assert "Zgjidhni si u vendos" in person.post(address, data, 422)
    person.post(address, {**data, "weighed": Weighed.NOT_SAFE})
    page = person.get(f"/cases/{case_id}/consents")
    assert "nuk e dëshiron" in page
    assert "nuk do të ishte e sigurt" in page
    with pytest.raises(ConsentRefused, match="child"):
        consents.withdraw(case_id=case_id, what=Topic.SERVICES, by=vatra)


def test_what_was_read_in_no_language_of_the_person_was_interpreted_and_says_so(world_app: Planted) -> None:
    """Asked in Bulgarian, of which there is no text, without an interpreter; and "wording, version 1" stood there."""
    app, world = world_app
    nrc = Person(app.test_client(), "nrc.case_worker")
    address, link = f"/cases/{world.case}/consents/ask", f"/cases/{world.case}/consents/link"
    form: dict[str, object] = {"services": "yes", "sharing": "yes", "statistics": "no", "language": "bg"}
    refused = nrc.post(f"{address}?lang=en", {**form, "interpreter": "nobody"}, 422)
    assert "There is no text in Bulgarian: somebody interprets, or read it in another language" in refused
    nrc.post(address, {**form, "interpreter": "telephone"})
    page = nrc.get(f"/cases/{world.case}/consents?lang=en")
    assert page.count("interpreted from Albanian: Wording") == 3
    stands = re.findall('name="stands" value="([^"]*)"', nrc.get(link))[0]
    of_link: dict[str, object] = {"link": "yes", "language": "bg", "interpreter": "nobody", "stands": stands}
    assert "There is no text in Bulgarian" in nrc.post(f"{link}?lang=en", of_link, 422)
    nrc.post(link, {**of_link, "interpreter": "present"})
    # A text in the person's own language was read, and nobody had to interpret it.
    nrc.post(address, {**form, "language": "ro", "interpreter": "nobody"})
    page = nrc.get(f"/cases/{world.case}/consents?lang=en")
    now = page.partition("asked again")[0]
    assert "interpreted from" not in now.partition("Romanian")[2].partition("</tr>")[0]


def test_the_page_asks_each_question_for_itself_and_keeps_what_was_chosen(world_app: Planted) -> None:
    app, world = world_app
    nrc = Person(app.test_client(), "nrc.case_worker")
    address = f"/cases/{world.case}/consents/ask"
    assert 'lang="ro"' in nrc.get(address + "?read=ro")
    page = nrc.post(address, {"services": "yes", "language": "klingon of the north", "struck": "IOM"}, 422)
    for missing in ("nëse çfarë tregoi personi mund të ruhet", "nëse personi pranon të numërohet"):
        assert page.count(missing) >= 2  # each error names its question, in the summary and beside it
    assert "nëse personi e pranon ndihmën" not in page  # it was answered
    assert "klingon of the north" in page
    full = {"services": "yes", "sharing": "yes", "statistics": "no", "language": "rumanisht", "interpreter": "present"}
    nrc.post(address, {**full, "struck": ["IOM"]})
    found = said(world.case)
    assert found[Topic.SHARING, "IOM"] == found[Topic.STATISTICS, ""] == Said.REFUSED
    nrc.post(address, full)
    assert said(world.case)[Topic.SHARING, "IOM"] == Said.GIVEN
    last = db.session.scalars(
        select(Consent).where(Consent.case_id == world.case, Consent.topic == "services", Consent.ended == "")
    ).one()
    assert (last.language, last.interpreter, last.wording) == ("ro", "present", "consent_again")


def test_a_no_that_closes_the_case_asks_once_more_and_back_keeps_the_answers(world_app: Planted) -> None:
    """Nothing is recorded by the first press; and the reason says that she had said yes before."""
    app, world = world_app
    nrc, address = Person(app.test_client(), "nrc.case_worker"), f"/cases/{world.case}/consents/ask"
    before = said(world.case)
    no = {"services": "yes", "sharing": "no", "statistics": "no", "language": "rumanisht", "interpreter": "present"}
    page = nrc.post(f"{address}?lang=en", no, 200)
    assert "nothing is recorded yet" in page
    back = nrc.post(address, {**no, "back": "1"}, 200)
    assert re.search(r'name="sharing" value="no"[^>]* checked', back)
    assert said(world.case) == before
    waits = nrc.post(address, {**no, "sure": "y"})
    assert "The person takes everything back" in nrc.get(f"{waits}?lang=en")
    assert said(world.case)[Topic.SHARING, ""] == Said.REFUSED
    # Given back as a mistake: what was said before holds again, and the page says what the no was.
    nrc.post(f"{waits}/undo", {"why": "mistake"})
    assert said(world.case) == before
    page = nrc.get(f"/cases/{world.case}/consents?lang=en")
    assert "recorded by mistake: the person had not said it" in page
    db.session.rollback()
    assert db.session.get_one(Case, world.case, populate_existing=True).consent == "given"


def test_taking_back_asks_for_a_fresh_proof_and_for_what(world_app: Planted) -> None:
    app, world = world_app
    nrc = Person(app.test_client(), "nrc.case_worker")
    address = f"/cases/{world.case}/consents/withdraw"
    assert "TRP_UNIT" in nrc.get(address)
    assert "Zgjidhni çfarë tërheq personi" in nrc.post(address, {"what": "sharing:NOBODY", "told": "y"}, 422)
    assert "Shënoni që personit" in nrc.post(address, {"what": "statistics:"}, 422)
    factories.later(minutes=6)
    assert 'name="step_up"' in nrc.get(address)


def test_it_can_be_asked_for_at_the_help_line_and_is_answered_by_doing_it(world_app: Planted) -> None:
    app, world = world_app
    pseudonym = db.session.get_one(Case, world.own_case).pseudonym
    request_id = uuid.uuid4()
    helpline = factories.actor("helpline.helpline_operator")
    data_requests.record(request_id=request_id, pseudonym=pseudonym, kind=RequestKind.WITHDRAWAL, by=helpline)
    vatra = Person(app.test_client(), "vatra.case_worker")
    assert f"/cases/{world.own_case}/consents/withdraw" in vatra.get(f"/requests/{request_id}")
    vatra.post(f"/cases/{world.own_case}/consents/withdraw", {"what": "statistics:", "told": "y"})
    db.session.rollback()
    assert db.session.get_one(PersonRequest, request_id).status == RequestStatus.WITHDRAWN
    assert "u tërhoq" in Person(app.test_client(), "helpline.helpline_operator").get("/requests")
