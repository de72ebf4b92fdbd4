"""Hearings of a witness: sealed, on the desk by day, corrected by strikes; and a threat that is told at once."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import date, timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from nrm import clock
from nrm.actions.accounts import mailboxes
from nrm.actions.shelter import cases, testimony
from nrm.actions.support import hearings, threats
from nrm.db import db, transaction
from nrm.domain.accounts.accounts import Actor, NotPermitted, NotVisible
from nrm.domain.shelter.cases import Compartment
from nrm.domain.shelter.strikes import StrikeReason
from nrm.domain.shelter.testimony import WithdrawalReason, WitnessStatus
from nrm.domain.support.hearings import CalledOff, Hearing, HearingRefused, Measure, is_weekend
from nrm.models.support.hearings import HearingEntry
from nrm.models.support.threats import ThreatAlarm
from nrm.steps.shelter import erasures
from nrm.steps.support import hearings as steps
from nrm.store import days
from nrm.store.rows.accounts import mailboxes as mailbox_rows
from nrm.store.support import hearings as store
from nrm.store.support import threats as threat_store
from nrm.web import formats
from tests import factories
from tests.conftest import Person
from tests.factories_referrals import organisation
from tests.factories_stays import admitted

COURT = "serious_crimes"
SignIn = Callable[[str], Person]


@pytest.fixture
def vatra(app: Flask) -> Actor:
    assert app
    return factories.actor("vatra.case_worker")


def witness(by: Actor) -> uuid.UUID:
    """The person of a case whose legal file the prosecution reads."""
    case_id = admitted(by).case_id
    cases.share(
        case_id=case_id,
        organisation_id=organisation("PROSECUTION"),
        compartments=[Compartment.LEGAL],
        agreed=True,
        by=by,
    )
    return case_id


def heard(case_id: uuid.UUID, by: Actor, *, days_from_now: int) -> uuid.UUID:
    hearing = Hearing(COURT, days.today() + timedelta(days=days_from_now), (Measure.SCREEN,))
    return hearings.announce(person=store.of_case(case_id, by=by), hearing=hearing, by=by)


def fields(day: date) -> dict[str, object]:
    return {"day-day": day.day, "day-month": day.month, "day-year": day.year}


def test_hearings_are_sealed_and_the_holder_and_the_liaison_alone_see_them(vatra: Actor) -> None:
    liaison, nrc = factories.actor("prosecution.witness_liaison"), factories.actor("nrc.case_worker")
    case_id = witness(vatra)
    far = heard(case_id, liaison, days_from_now=31)
    near = heard(case_id, liaison, days_from_now=30)
    first = heard(case_id, vatra, days_from_now=0)  # the shelter announces as well
    for by in (vatra, liaison):
        assert [each.id for each in steps.of(store.of_case(case_id, by=by), by=by)] == [first, near, far]
        assert [each.id for _, each in steps.ahead(by=by)] == [first, near]
    with pytest.raises(NotVisible):
        store.of_case(case_id, by=nrc)
    assert steps.ahead(by=nrc) == []
    for login in ("state_police.identification_officer", "oms.monitor", "ra.duty_officer", "molsa.statistician"):
        with pytest.raises(NotVisible):
            store.of_entry(near, by=factories.actor(login))
        with pytest.raises(NotPermitted):
            hearings.order(hearing_id=near, measures=[], by=factories.actor(login))
    # No day, court or measure lies in the clear.
    day = (days.today() + timedelta(days=30)).isoformat()
    for table in db.metadatas[None].sorted_tables:
        for row in db.session.execute(select(table)).all():
            said = repr(tuple(row))
            assert day not in said or table.name in ("grants", "consents"), table.name
            assert COURT not in said, table.name

    hearings.order(hearing_id=near, measures=[Measure.VIDEO_LINK], by=liaison)
    with pytest.raises(HearingRefused, match="state"):
        hearings.order(hearing_id=near, measures=[], by=vatra)
    [(_, _), (_, view)] = steps.ahead(by=liaison)
    ordered = next(iter(view.entries))
    assert (view.hearing.asked, ordered.ordered) == ((Measure.SCREEN,), (Measure.VIDEO_LINK,))
    hearings.strike(entry_id=ordered.id, reason=StrikeReason.WRONG_STEP, by=vatra)
    hearings.order(hearing_id=near, measures=[], by=vatra)
    hearings.call_off(hearing_id=first, why=CalledOff.POSTPONED, by=liaison)
    assert [each.id for _, each in steps.ahead(by=vatra)] == [near]
    _, view = steps.one(near, by=vatra)
    assert [(each.struck_why is None, each.ordered) for each in view.entries] in (
        [(False, (Measure.VIDEO_LINK,)), (True, ())],
        [(True, ()), (False, (Measure.VIDEO_LINK,))],
    )
    # A new key is made when the prosecution stops reading: the holder reads on, the prosecution nothing.
    cases.end_share(case_id=case_id, organisation_id=organisation("PROSECUTION"), by=vatra)
    assert [each.id for _, each in steps.ahead(by=vatra)] == [near]
    assert steps.ahead(by=liaison) == []
    with pytest.raises(NotVisible):
        store.of_case(case_id, by=liaison)
    # With the legal file its hearings go.
    with transaction() as session:
        erasures.destroy(session, case_id, [Compartment.LEGAL], vatra)
    assert db.session.scalars(select(HearingEntry)).all() == []


@pytest.mark.slow
def test_a_hearing_is_announced_ordered_called_off_and_corrected_on_pages(vatra: Actor, sign_in: SignIn) -> None:
    case_id = witness(vatra)
    liaison = sign_in("prosecution.witness_liaison")
    path = f"/cases/{case_id}/hearings"
    assert "Zgjidhni gjykatën" in liaison.post(path, {}, 422)
    tomorrow = next(day for ahead in range(1, 4) if not is_weekend(day := days.today() + timedelta(days=ahead)))
    typed = {"court": COURT, "protection": "some", "measures": ["screen", "escort"]}
    assert "nuk ka kaluar" in liaison.post(path, {**typed, **fields(days.today() - timedelta(days=1))}, 422)
    assert "dy viteve" in liaison.post(path, {**typed, **fields(days.today() + timedelta(days=900))}, 422)
    liaison.post(path, {**typed, **fields(tomorrow), "court": "no_such"}, 422)
    assert "Zgjidhni çfarë u kërkua" in liaison.post(path, {**typed, "measures": [], **fields(tomorrow)}, 422)
    liaison.post(path, {**typed, **fields(tomorrow)})
    # The same day, court and witness a second time contradicts the first; a day on which no court sits is asked about.
    assert "është njoftuar tashmë" in liaison.post(path, {**typed, "protection": "none", **fields(tomorrow)}, 422)
    sunday = next(day for ahead in range(1, 9) if (day := tomorrow + timedelta(days=ahead)).weekday() == 6)
    assert "e shtunë ose e diel" in liaison.post(path, {**typed, **fields(sunday)}, 422)
    assert len(db.session.scalars(select(HearingEntry)).all()) == 1
    db.session.rollback()
    shelter = sign_in("vatra.case_worker")
    assert "Gjykata e Shkallës së Parë për Krimet e Rënda" in shelter.get("/")
    page = liaison.get(path)
    assert "Gjykata e Shkallës së Parë për Krimet e Rënda" in page
    home = liaison.get("/")
    assert home.index("Seancat e 30 ditëve të ardhshme") < home.index("Rastet")
    assert "ende asgjë e urdhëruar" in home
    assert "ende asgjë e urdhëruar" in liaison.get("/hearings")
    [entry] = db.session.scalars(select(HearingEntry)).all()
    db.session.rollback()
    order = f"/hearings/{entry.id}/order"
    liaison.get(order)
    liaison.post(order, {}, 422)
    liaison.post(order, {"protection": "none"})
    liaison.get(order, 409)
    assert "Gjykata urdhëroi: asnjë" in liaison.get(path)
    off = f"/hearings/{entry.id}/call-off"
    liaison.get(off)
    liaison.post(off, {}, 422)
    liaison.post(off, {"why": "postponed"})
    liaison.get(off, 409)
    liaison.post(off, {"why": "postponed"}, 409)
    assert "Gjykata e Shkallës së Parë për Krimet e Rënda" not in shelter.get("/")
    liaison.post(path, {**typed, "weekend": "y", **fields(tomorrow + timedelta(days=40))})
    far = formats.day(tomorrow + timedelta(days=40), "sq")
    assert far in liaison.get("/hearings")  # a hearing of later than thirty days is in a list as well
    assert far not in liaison.get("/")
    assert "Nuk është njoftuar asnjë seancë për 30 ditët" in liaison.get("/")
    strike = f"/hearings/{entry.id}/strike"
    assert "Gjykata e Shkallës së Parë për Krimet e Rënda" in liaison.get(strike)
    liaison.post(strike, {}, 422)
    liaison.post(strike, {"reason": "wrong_person"})
    liaison.get(strike, 409)
    assert "u anulua" in liaison.get(path)
    other = sign_in("nrc.case_worker")
    for address in (path, order, off, strike):
        other.get(address, 404)
    other.post(path, {**typed, **fields(tomorrow)}, 404)
    sign_in("state_police.identification_officer").get(path, 403)


def mailed() -> set[uuid.UUID]:
    """The desks that are sent an e-mail now."""
    db.session.rollback()  # what was read before is old
    return set(mailbox_rows.to_be_told(clock.now() + timedelta(minutes=1), 10))


@pytest.mark.slow
def test_a_threat_is_told_to_the_holder_and_the_duty_desk_at_once_and_no_word_more(
    vatra: Actor, sign_in: SignIn
) -> None:
    liaison, desk = factories.actor("prosecution.witness_liaison"), factories.actor("ra.duty_officer")
    case_id = witness(vatra)
    today = days.today()
    testimony.record(case_id=case_id, status=WitnessStatus.STATEMENT_GIVEN, happened_on=today, by=liaison)
    assert threat_store.of_desk(by=desk) == []
    for each in (vatra, desk, factories.actor("nrc.case_worker")):
        mailboxes.set_address(address="desk@example.al", language="sq", by=each)
    assert organisation("VATRA") not in mailed()
    testimony.record(
        case_id=case_id,
        status=WitnessStatus.TESTIMONY_WITHDRAWN,
        happened_on=today,
        reason=WithdrawalReason.THREAT_TO_FAMILY,
        by=liaison,
    )
    assert organisation("VATRA") in mailed()  # an e-mail that says nothing but that something waits
    assert organisation("NRC") not in mailed()
    [line] = threat_store.of_desk(by=desk)
    assert [each.case_id for each in threat_store.of_desk(by=vatra)] == [case_id]
    # Nobody else is told, and no threat is in words.
    for login in ("nrc.case_worker", "state_police.identification_officer", "oms.monitor", "oms.payment_officer"):
        assert not threat_store.of_desk(by=factories.actor(login))
        with pytest.raises(NotVisible):
            threats.seen(alarm_id=line.id, by=factories.actor(login))
    duty, shelter = sign_in("ra.duty_officer"), sign_in("vatra.case_worker")
    case = shelter.get(f"/cases/{case_id}")
    assert "Dëshmitari po kërcënohet: thoni se e patë" in case
    assert f"/threats/{line.id}/seen" in case
    track, asked = sign_in("prosecution.witness_liaison"), f"/cases/{case_id}/testimony?lang=en"
    assert "The duty desk has not seen it yet." in track.get(asked)
    for person in (duty, shelter):
        page = person.get("/")
        assert f'formaction="/threats/{line.id}/seen"' in page  # a button, and not the text of one
        assert "Një dëshmitar po kërcënohet" in page
        assert line.pseudonym in page
        assert "Kërcënim ndaj familjes" not in page
    duty.post(f"/threats/{line.id}/seen")
    page = track.get(asked)
    assert "The duty desk has seen it:" in page
    assert "The shelter has not seen it yet." in page
    assert "Një dëshmitar po kërcënohet" not in duty.get("/")
    assert "Një dëshmitar po kërcënohet" in shelter.get("/")  # each desk says it for itself
    sign_in("nrc.case_worker").post(f"/threats/{line.id}/seen", status=404)
    # A step that was struck told nothing.
    step = db.session.scalars(select(ThreatAlarm.step_id)).one()
    testimony.strike(step_id=step, reason=StrikeReason.WRONG_PERSON, by=liaison)
    assert "Një dëshmitar po kërcënohet" not in shelter.get("/")
    # A threat without any step is told by one press, after one page.
    told = sign_in("prosecution.witness_liaison")
    told.get(f"/cases/{case_id}/threat")
    assert "It is told." in told.get(told.post(f"/cases/{case_id}/threat") + "&lang=en")
    assert "A threat was told on" in told.get(f"/cases/{case_id}/threat?lang=en")  # before it is told twice
    assert "Një dëshmitar po kërcënohet" in duty.get("/")
    assert organisation("VATRA") in mailed()
    shelter.post(f"/threats/{threat_store.of_desk(by=vatra)[0].id}/seen")
    assert organisation("VATRA") not in mailed()
    assert "Një dëshmitar po kërcënohet" not in shelter.get("/")


def test_who_leaves_the_programme_says_why_and_a_threat_there_is_told(vatra: Actor, sign_in: SignIn) -> None:
    case_id = witness(vatra)
    liaison = sign_in("prosecution.witness_liaison")
    path = f"/cases/{case_id}/testimony"
    for status in ("statement_given", "in_witness_protection", "evidence_district_court"):
        liaison.post(path, {"status": status, "happened": "today"})
    left = {"status": "left_witness_protection", "happened": "today"}
    assert "Zgjidhni arsyen" in liaison.post(path, left, 422)
    assert "Zgjidhni arsyen" in liaison.post(path, {**left, "reason": "trauma"}, 422)
    liaison.post(path, {**left, "leaving": "threat"})
    page = liaison.get(path)
    assert "Doli nga programi i mbrojtjes së dëshmitarëve" in page
    assert "Kërcënim: vendi ose identiteti i ri u bë i njohur" in page
    assert len(threat_store.of_desk(by=factories.actor("ra.duty_officer"))) == 1


def test_a_hearing_reaches_the_house_in_which_the_witness_sleeps_and_its_list_of_the_day(
    vatra: Actor, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    case_id = witness(vatra)
    heard(case_id, factories.actor("prosecution.witness_liaison"), days_from_now=0)
    court = "Serious Crimes Court of First Instance"
    monkeypatch.setattr("nrm.web.support.day_lists.to_pdf", str.encode)
    for login in ("vatra.case_worker", "vatra.shelter_manager"):
        shelter = sign_in(login)
        for address in ("/", "/to-do", "/day", f"/cases/{case_id}", "/hearings"):
            assert court in shelter.get(f"{address}?lang=en"), address
        assert "There is a hearing today" in shelter.get(f"/cases/{case_id}?lang=en")
        shelter.post("/shifts/duty")
        sheet = shelter.client.get("/day/pdf?lang=en").text
        assert court not in sheet  # who finds the sheet does not learn that somebody is a witness
        assert "Hearing" not in sheet
        assert sheet.count("<li>") == 1
    other = sign_in("nrc.case_worker")
    for address in ("/", "/to-do", "/day", "/tasks", "/hearings"):
        assert court not in other.get(f"{address}?lang=en"), address
