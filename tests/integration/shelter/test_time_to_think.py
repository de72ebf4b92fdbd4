"""Who does not know yet: what was told waits sealed for a recorded yes, 72 hours at most, and then is gone."""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select

from nrm import clock
from nrm import db as database
from nrm.actions import tending
from nrm.actions.referrals import next_receiver, referrals, supplements
from nrm.actions.shelter import cases, consents
from nrm.db import db
from nrm.domain.referrals.referrals import DeclineReason, OverrideReason
from nrm.domain.shelter.cases import SUPPLEMENT, Compartment, Purpose
from nrm.domain.shelter.consents import Answer, Asking, ByName, Said, Topic
from nrm.models.referrals.referrals import Obligation, Referral
from nrm.models.shelter.cases import Case, Grant, PendingGrant, ReleaseKey, SealedCompartment, ShredKey, Withheld
from nrm.steps.shelter import cases as case_steps
from nrm.steps.shelter.erasures import LIST
from nrm.vault import withheld as vault
from nrm.vault.keyrings import CannotOpen
from tests import factories
from tests import factories_referrals as people
from tests import second_hands as hands
from tests.thief import Files, opened

ASKED = Asking("returnee-1", "sq", "nobody")
YES = [Answer(Topic.SERVICES, Said.GIVEN), Answer(Topic.SHARING, Said.GIVEN), Answer(Topic.STATISTICS, Said.GIVEN)]
NO = [Answer(topic, Said.REFUSED) for topic in (Topic.SERVICES, Topic.SHARING, Topic.STATISTICS)]
UNDECIDED = {"consent_sharing": "dont_know"}
POST, NRC, IOM, DUTY = "rinas.border_officer", "nrc.case_worker", "iom.case_worker", "ra.duty_officer"


@pytest.fixture(autouse=True)
def _clock() -> Iterator[None]:
    yield
    clock.set_clock(None)


def _row(case_id: uuid.UUID) -> Withheld | None:
    db.session.rollback()
    return db.session.scalar(select(Withheld).where(Withheld.case_id == case_id))


def _could_open(case_id: uuid.UUID) -> set[str]:
    """The codes of the parties that could open it after a yes."""
    row = _row(case_id)
    if row is None:
        return set()
    ids = set(db.session.scalars(select(PendingGrant.organisation_id).where(PendingGrant.case_id == row.id)))
    return {code for code in people.NAMED if people.organisation(code) in ids}


def _there(case_id: uuid.UUID) -> set[str]:
    db.session.rollback()
    return set(db.session.scalars(select(SealedCompartment.compartment).where(SealedCompartment.case_id == case_id)))


def _left_of(withheld_id: uuid.UUID) -> list[object]:
    """Every row and key that is still there of what was withheld."""
    db.session.rollback()
    found: list[object] = []
    for model in (SealedCompartment, Grant, PendingGrant, ShredKey, ReleaseKey):
        found += db.session.scalars(select(model).where(model.case_id == withheld_id)).all()
    return found


def _later(**by: int) -> None:
    now = clock.now() + timedelta(**by)
    clock.set_clock(lambda: now)


def _sent(**answers: object) -> tuple[uuid.UUID, uuid.UUID]:
    """(case, referral) of somebody who does not know, sent to NRC."""
    sent = people.sent(factories.actor(POST), **{**UNDECIDED, **answers})
    return sent.case_id, sent.referral_id


def _accepted(case_id: uuid.UUID, referral_id: uuid.UUID, code: str = "NRC") -> None:
    login = f"{code.lower()}.case_worker"
    referrals.accept(referral_id=referral_id, place_id=people.bed(code), by=factories.actor(login))


def test_what_was_told_waits_and_neither_the_post_nor_a_shelter_opens_it_before_the_yes(app: Flask) -> None:
    assert app
    case_id, referral_id = _sent()
    row = _row(case_id)
    assert row is not None
    assert timedelta(hours=71) < row.until - clock.now() <= timedelta(hours=72)
    assert _there(case_id) == {"hand_over"}
    assert db.session.scalars(select(Grant).where(Grant.case_id == row.id)).all() == []
    assert "NRC" in _could_open(case_id)
    with pytest.raises(CannotOpen):
        vault.opened(db.session(), row.id, by=factories.actor(POST))
    _accepted(case_id, referral_id)
    assert _could_open(case_id) == {"NRC"}  # nobody else of the route any more
    nrc = factories.actor(NRC)
    cases.open_compartment(case_id=case_id, compartment=Compartment.HAND_OVER, purpose=Purpose.ADMISSION, by=nrc)
    read = case_steps.opened(case_id=case_id, by=nrc)
    assert set(read) == {Compartment.HAND_OVER}
    assert people.TOLD not in str(read)
    for compartment in (Compartment.STORY, Compartment.IDENTITY, SUPPLEMENT):
        with pytest.raises(Exception):  # noqa: B017, PT011 - whatever the reason, it does not open
            cases.open_compartment(case_id=case_id, compartment=compartment, purpose=Purpose.CARE, by=nrc)  # type: ignore[arg-type]


def test_no_thief_opens_it_with_the_keys_of_the_post_or_once_its_hours_are_over(app: Flask, tmp_path: Path) -> None:
    case_id, referral_id = _sent()
    row = _row(case_id)
    assert row is not None
    place = (row.id.hex, vault.WITHHELD)
    before = _stolen(app, tmp_path, "before")
    assert place not in opened(Files(before, before), "RINAS")
    _accepted(case_id, referral_id)
    _later(hours=73)
    tending.tend()
    after = _stolen(app, tmp_path, "after")
    assert place not in opened(Files(before, after), "NRC")


def _stolen(app: Flask, tmp_path: Path, name: str) -> Path:
    """All files of the server as they lie on its disk now."""
    database.disconnect()
    shutil.copytree(Path(str(app.extensions["nrm.config"].directory)), tmp_path / name)
    return tmp_path / name


def test_after_the_yes_it_follows_as_a_supplement_and_nobody_types_it_again(app: Flask) -> None:
    assert app
    case_id, referral_id = _sent()
    _accepted(case_id, referral_id)
    row = _row(case_id)
    assert row is not None
    withheld_id = row.id
    nrc = factories.actor(NRC)
    consents.ask(case_id=case_id, answers=YES, asking=ASKED, by=nrc)
    assert _row(case_id) is None
    assert _left_of(withheld_id) == []
    assert _there(case_id) == {"hand_over", SUPPLEMENT}
    owed = select(Obligation.kind).where(Obligation.case_id == case_id, Obligation.done_at.is_(None))
    assert "read_supplement" in db.session.scalars(owed).all()
    cases.open_compartment(case_id=case_id, compartment=SUPPLEMENT, purpose=Purpose.CARE, by=nrc)  # type: ignore[arg-type]
    supplements.take_over(case_id=case_id, by=nrc)
    assert _there(case_id) == {"hand_over", "story"}
    cases.open_compartment(case_id=case_id, compartment=Compartment.STORY, purpose=Purpose.CARE, by=nrc)
    story = case_steps.opened(case_id=case_id, by=nrc)[Compartment.STORY].value
    assert story["story"] == people.TOLD
    assert story["wordings"]


def _said_no(case_id: uuid.UUID) -> None:
    """The first answer is a no, and a colleague heard it, too."""
    nrc = factories.actor(NRC)
    act_id = hands.asked(lambda: consents.ask(case_id=case_id, answers=NO, asking=ASKED, by=nrc))
    hands.agreed(act_id, hands.another(nrc))


def test_after_the_no_it_is_destroyed_with_its_keys(app: Flask) -> None:
    assert app
    case_id, referral_id = _sent()
    _accepted(case_id, referral_id)
    row = _row(case_id)
    assert row is not None
    withheld_id = row.id
    _said_no(case_id)
    assert _row(case_id) is None
    assert _left_of(withheld_id) == []


@pytest.mark.parametrize("accepted", [True, False])
def test_after_72_hours_it_is_destroyed_with_its_keys_whoever_has_the_person(app: Flask, *, accepted: bool) -> None:
    assert app
    case_id, referral_id = _sent()
    if accepted:
        _accepted(case_id, referral_id)
    row = _row(case_id)
    assert row is not None
    withheld_id = row.id
    _later(hours=71)
    assert tending.tend()["thinking_ended"] == 0
    _later(hours=2)
    assert tending.tend()["thinking_ended"] == 1
    assert _row(case_id) is None
    assert _left_of(withheld_id) == []
    assert tending.tend()["thinking_ended"] == 0


def test_a_yes_after_the_hours_brings_nothing_back_even_if_nothing_was_tended(app: Flask) -> None:
    assert app
    case_id, referral_id = _sent()
    _accepted(case_id, referral_id)
    _later(hours=73)
    consents.ask(case_id=case_id, answers=YES, asking=ASKED, by=factories.actor(NRC))
    assert _row(case_id) is None
    assert _there(case_id) == {"hand_over"}


def test_a_row_that_was_written_by_hand_destroys_nothing_and_opens_nothing(app: Flask) -> None:
    assert app
    case_id, referral_id = _sent()
    _accepted(case_id, referral_id)
    row = _row(case_id)
    assert row is not None
    row.until = clock.now() - timedelta(hours=1)
    withheld_id = row.id
    db.session.commit()
    assert tending.tend()["thinking_ended"] == 0
    assert _left_of(withheld_id) != []
    consents.ask(case_id=case_id, answers=YES, asking=ASKED, by=factories.actor(NRC))
    assert _there(case_id) == {"hand_over"}
    _said_no(case_id)
    assert _left_of(withheld_id) != []


def test_a_row_that_was_turned_to_another_case_gives_it_nothing_and_is_not_destroyed_with_it(app: Flask) -> None:
    assert app
    case_id, _ = _sent()
    row = _row(case_id)
    assert row is not None
    withheld_id = row.id
    other = people.sent(factories.actor(POST))
    row.case_id = other.case_id
    db.session.commit()
    _accepted(other.case_id, other.referral_id)
    consents.ask(case_id=other.case_id, answers=YES, asking=ASKED, by=factories.actor(NRC))
    assert SUPPLEMENT not in _there(other.case_id)
    assert _left_of(withheld_id) != []


def test_who_declines_can_open_nothing_of_it_and_the_next_one_can(app: Flask) -> None:
    assert app
    case_id, referral_id = _sent()
    referrals.decline(referral_id=referral_id, reason=DeclineReason.FULL, by=factories.actor(NRC))
    assert "NRC" not in _could_open(case_id)
    newest = select(Referral.id, Referral.receiver_id).where(Referral.case_id == case_id, Referral.status == "sent")
    (following,) = db.session.execute(newest).all()
    code = next(each for each in people.NAMED if people.organisation(each) == following.receiver_id)
    assert code in _could_open(case_id)
    _accepted(case_id, following.id, code)
    assert _could_open(case_id) == {code}


def test_what_was_not_sealed_to_the_receiver_is_destroyed_when_they_take_the_person(app: Flask) -> None:
    assert app
    case_id, referral_id = _sent(risk="high")  # IOM is not of this route
    assert "IOM" not in _could_open(case_id)
    referrals.withdraw(referral_id=referral_id, by=factories.actor(POST))
    assert "NRC" not in _could_open(case_id)
    following = next_receiver.refer(
        case_id=case_id,
        receiver_id=people.organisation("IOM"),
        reason=OverrideReason.SAFETY,
        hand_over=people.HAND_OVER,
        by=factories.actor(POST),
        by_name=ByName.NOT_ASKED,
    )
    assert _row(case_id) is not None
    _accepted(case_id, following, "IOM")
    assert _row(case_id) is None


def test_a_wish_waits_as_well_and_an_urgent_hand_over_has_nothing_to_wait(app: Flask) -> None:
    assert app
    wish, _ = _sent(consent_sharing="yes", purpose_read="partly")
    assert db.session.scalar(select(Case.consent).where(Case.id == wish)) == "not_asked_urgent"
    assert _row(wish) is not None
    urgent = people.sent(factories.actor(POST), urgent=True, consent_urgent="undecided")
    assert _row(urgent.case_id) is None
    yes, _ = _sent(consent_sharing="yes")
    assert _row(yes) is None


def test_closing_the_case_destroys_it_and_the_list_outside_the_databases_knows(app: Flask) -> None:
    case_id, referral_id = _sent()
    _accepted(case_id, referral_id)
    row = _row(case_id)
    assert row is not None
    withheld_id = row.id
    referrals.arrive(referral_id=referral_id, by=factories.actor(NRC))
    cases.close(case_id=case_id, by=factories.actor("nrc.shelter_manager"))
    assert _row(case_id) is None
    assert _left_of(withheld_id) == []
    listed = (Path(str(app.extensions["nrm.config"].directory)) / LIST).read_text("utf-8")
    assert str(withheld_id) in listed or withheld_id.hex in listed
