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
from nrm.domain.support.threats import Acts, Doubt, ThreatRefused
from nrm.models.accounts.accounts import Member
from nrm.models.shelter.stays import Stay
from nrm.models.support.hearings import HearingEntry
from nrm.models.support.threats import ThreatAlarm
from nrm.steps.shelter import erasures
from nrm.steps.support import hearings as steps
from nrm.store import days, names
from nrm.store.rows.accounts import mailboxes as mailbox_rows
from nrm.store.support import hearings as store
from nrm.store.support import threats as threat_store
from nrm.web import formats
from tests import factories
from tests.conftest import Person
from tests.factories_agreements import colleague
from tests.factories_referrals import organisation
from tests.factories_stays import admitted
from tests.integration.shelter.test_closings import leaves

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
    hearings.strike(entry_id=ordered.id, reason=StrikeReason.WRONG_STEP, by=liaison)
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
    assert [each.hearing.on for each in steps.kept(by=liaison)] == [
        days.today() + timedelta(days=each) for each in (30, 31)
    ]
    with pytest.raises(NotVisible):
        store.of_case(case_id, by=liaison)
    # With the legal file its hearings go, and what is kept of them.
    with transaction() as session:
        erasures.destroy(session, case_id, [Compartment.LEGAL], vatra)
    assert steps.kept(by=liaison) == []
    assert db.session.scalars(select(HearingEntry)).all() == []


@pytest.mark.slow
def test_a_hearing_is_announced_ordered_called_off_and_corrected_on_pages(vatra: Actor, sign_in: SignIn) -> None:
    case_id = witness(vatra)
    liaison = sign_in("prosecution.witness_liaison")
    path = f"/cases/{case_id}/hearings"
    assert "Zgjidhni gjykatën" in liaison.post(path, {}, 422)
    tomorrow, too_late = (
        next(day for ahead in range(1, 4) if not is_weekend(day := days.today() + timedelta(days=most + ahead)))
        for most in (0, 900)
    )
    typed = {"court": COURT, "protection": "some", "measures": ["screen", "escort"]}
    assert "nuk ka kaluar" in liaison.post(path, {**typed, **fields(days.today() - timedelta(days=1))}, 422)
    assert "dy viteve" in liaison.post(path, {**typed, **fields(too_late)}, 422)
    liaison.post(path, {**typed, **fields(tomorrow), "court": "no_such"}, 422)
    assert "Zgjidhni çfarë u kërkua" in liaison.post(path, {**typed, "measures": [], **fields(tomorrow)}, 422)
    # Ticked protection is not dropped without a word because "no" was pressed below it.
    refused = liaison.post(path, {**typed, "protection": "none", **fields(tomorrow)}, 422)
    assert "U shënua mbrojtje" in refused
    assert "checked" not in refused.partition('value="screen"')[2].partition(">")[0]
    liaison.post(path, {**typed, **fields(tomorrow)})
    # The same day, court and witness a second time contradicts the first; a day on which no court sits is asked about.
    again = {**typed, "protection": "none", "measures": [], **fields(tomorrow)}
    assert "është njoftuar tashmë" in liaison.post(path, again, 422)
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
    assert "U shënua mbrojtje" in liaison.post(order, {"protection": "none", "measures": ["screen"]}, 422)
    liaison.post(order, {"protection": "none"}, 422)
    liaison.post(order, {"protection": "none", "none": "y"})
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
            threats.seen(alarm_id=line.id, what=Acts.POLICE, by=factories.actor(login))
    duty, shelter = sign_in("ra.duty_officer"), sign_in("vatra.case_worker")
    case = shelter.get(f"/cases/{case_id}")
    assert "Dëshmitari po kërcënohet: thoni se e patë" in case
    assert f"/threats/{line.id}" in case
    track, asked = sign_in("prosecution.witness_liaison"), f"/cases/{case_id}/testimony?lang=en"
    assert "The duty desk has not seen it yet." in track.get(asked)
    for person in (duty, shelter):
        page = person.get("/")
        assert f'href="/threats/{line.id}"' in page
        assert "Një dëshmitar po kërcënohet" in page
        assert line.pseudonym in page
        assert "Kërcënim ndaj familjes" not in page
    duty.post(f"/threats/{line.id}/seen", {}, 422)  # what is done is said
    duty.post(f"/threats/{line.id}/seen", {"what": "police"})
    page = track.get(asked)
    assert "The duty desk has seen it:" in page
    assert "The shelter has not seen it yet." in page
    assert "Një dëshmitar po kërcënohet" not in duty.get("/")
    assert "Një dëshmitar po kërcënohet" in shelter.get("/")  # each desk says it for itself
    sign_in("nrc.case_worker").post(f"/threats/{line.id}/seen", {"what": "police"}, 404)
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
    shelter.post(f"/threats/{threat_store.of_desk(by=vatra)[0].id}/seen", {"what": "here"})
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


@pytest.mark.slow
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


@pytest.mark.slow
def test_hearings_of_a_closed_case_and_threats_that_nobody_saw_stay_with_who_must_act(
    vatra: Actor, sign_in: SignIn
) -> None:
    liaison = factories.actor("prosecution.witness_liaison")
    case_id = witness(vatra)
    announced = heard(case_id, liaison, days_from_now=3)
    own = heard(case_id, vatra, days_from_now=4)
    hearings.order(hearing_id=announced, measures=[Measure.ESCORT], by=vatra)
    threats.tell(case_id=case_id, by=liaison)
    stay_id = db.session.scalars(select(Stay.id).where(Stay.case_id == case_id)).one()
    leaves(stay_id, factories.actor("vatra.shelter_manager"))
    shelter, court = sign_in("vatra.case_worker"), "Serious Crimes Court of First Instance"
    page = shelter.get(f"/cases/{case_id}/close?lang=en")
    assert page.count("A hearing lies ahead:") == 2
    assert "A threat was told on" in page
    assert "Nothing else is open in this case." not in page
    cases.close(case_id=case_id, by=vatra)
    assert [each.id for _, each in steps.ahead(by=vatra)] == [announced, own]
    for login in ("vatra.case_worker", "vatra.shelter_manager"):
        for address in ("/hearings", "/to-do"):
            assert court in sign_in(login).get(f"{address}?lang=en"), (login, address)
    # The prosecution keeps what it announced itself, and reads nothing of the case.
    [kept] = steps.kept(by=liaison)
    assert (kept.hearing.on, kept.ordered) == (days.today() + timedelta(days=3), (Measure.ESCORT,))
    desk = sign_in("prosecution.witness_liaison")
    for address in ("/", "/hearings"):
        assert desk.get(f"{address}?lang=en").count(court) == 1
    for address in ("", "/hearings", "/threat", "/testimony"):
        desk.get(f"/cases/{case_id}{address}", 404)
    with pytest.raises(NotVisible):
        hearings.forget_kept(kept_id=kept.id, by=vatra)
    # The duty desk has an open page that says whom to telephone.
    duty = sign_in("ra.duty_officer")
    [line] = threat_store.of_desk(by=factories.actor("ra.duty_officer"))
    assert f'href="/threats/{line.id}"' in duty.get("/")
    page = duty.get(f"/threats/{line.id}?lang=en")
    assert "The shelter that has, or had last, this person" in page
    assert "tel:" in page
    assert 'name="despite"' in desk.get(f"/hearings/kept/{kept.id}/forget")
    assert 'id="despite-error"' in desk.post(f"/hearings/kept/{kept.id}/forget", {}, 422)  # its day lies ahead
    assert [each.id for each in steps.kept(by=liaison)] == [kept.id]
    desk.post(f"/hearings/kept/{kept.id}/forget", {"despite": "y"})
    desk.get(f"/hearings/kept/{kept.id}/forget", 404)
    assert court not in desk.get("/hearings?lang=en")


@pytest.mark.slow
def test_that_a_threat_was_seen_is_taken_back_and_says_who_does_what(vatra: Actor, sign_in: SignIn) -> None:
    case_id, liaison = witness(vatra), factories.actor("prosecution.witness_liaison")
    threats.tell(case_id=case_id, by=liaison)
    [line] = threat_store.of_desk(by=vatra)
    for login, other in (("vatra.case_worker", "ra.duty_officer"), ("ra.duty_officer", "vatra.shelter_manager")):
        person, name = sign_in(login), db.session.scalars(select(Member.name).where(Member.login == login)).one()
        person.post(f"/threats/{line.id}/seen/undo", status=409)
        person.get(person.post(f"/threats/{line.id}/seen", {"what": "police"}))
        home = person.get("/?lang=en")
        assert "Threats that were seen here" in home
        assert name in home
        assert "The police are called" in home
        assert "not seen yet" not in home
        assert name in sign_in(other).get(f"/threats/{line.id}?lang=en")  # the other desk reads who acts
        assert "We have seen it and act" in sign_in(other).get("/?lang=en")
        person.post(f"/threats/{line.id}/seen/undo")
        assert "not seen yet" in person.get("/?lang=en")
    assert threat_store.of_desk(by=vatra)


@pytest.mark.slow
def test_a_threat_sent_twice_is_one_alarm_and_one_too_many_is_said_beside_it(vatra: Actor, sign_in: SignIn) -> None:
    case_id, liaison = witness(vatra), factories.actor("prosecution.witness_liaison")
    desk = factories.actor("ra.duty_officer")
    for _ in range(2):
        threats.tell(case_id=case_id, by=liaison)
    assert len(threat_store.of_desk(by=desk)) == 1
    threats.tell(case_id=case_id, by=vatra)  # another desk that tells it is heard
    first, second = threat_store.of_desk(by=desk)
    assert first.mark != second.mark
    teller, duty = sign_in("prosecution.witness_liaison"), sign_in("ra.duty_officer")
    assert first.mark in teller.get(f"/cases/{case_id}/threat")
    assert first.mark in duty.get("/")
    sign_in("vatra.case_worker").get(f"/threats/{first.id}/doubt", 404)
    teller.get(f"/threats/{first.id}/doubt")
    teller.post(f"/threats/{first.id}/doubt", {}, 422)
    teller.post(f"/threats/{first.id}/doubt", {"why": "twice"})
    with pytest.raises(ThreatRefused):
        threats.doubt(alarm_id=first.id, why=Doubt.MISTAKE, by=liaison)
    assert "It was told twice" in duty.get("/?lang=en")
    # No colleague says it in the name of who told it; and who told it takes the word back.
    colleague = sign_in("vatra.shelter_manager")
    assert "/doubt" not in colleague.get(f"/cases/{case_id}/threat")
    for path in ("doubt", "doubt/undo"):
        colleague.post(f"/threats/{second.id}/{path}", {"why": "mistake"}, 404)
    assert "It was no mistake" in teller.get(f"/threats/{first.id}/doubt?lang=en")
    teller.post(f"/threats/{first.id}/doubt/undo")
    assert "It was told twice" not in duty.get("/?lang=en")
    teller.post(f"/threats/{first.id}/doubt/undo", {}, 409)
    teller.post(f"/threats/{first.id}/doubt", {"why": "twice"})
    assert len(threat_store.of_desk(by=desk)) == 2  # no alarm vanishes by a word of who told it
    threats.tell(case_id=case_id, by=liaison)  # a real one after a mistake is told
    assert len(threat_store.of_desk(by=desk)) == 3


@pytest.mark.slow
@pytest.mark.parametrize("way", ["call-off", "strike"])
def test_after_a_day_is_put_off_the_page_asks_for_the_new_one(vatra: Actor, sign_in: SignIn, way: str) -> None:
    case_id, liaison = witness(vatra), sign_in("prosecution.witness_liaison")
    hearing_id = heard(case_id, factories.actor("prosecution.witness_liaison"), days_from_now=3)
    assert f"/hearings/{hearing_id}/call-off" in liaison.get(f"/hearings/{hearing_id}/strike")
    sent = {"call-off": {"why": "postponed"}, "strike": {"reason": "wrong_day"}}[way]
    following = liaison.post(f"/hearings/{hearing_id}/{way}", sent)
    page = liaison.get(following.replace("#", "&lang=en#"))
    assert "Is there another day?" in page
    assert f'<option value="{COURT}" selected' in page
    assert "Is there another day?" not in liaison.get(f"/cases/{case_id}/hearings?lang=en")
    guide = liaison.get("/guide?lang=en")
    assert "The page that follows asks for the new day" in guide


@pytest.mark.slow
@pytest.mark.parametrize("way", ["called off", "struck"])
def test_a_hearing_that_one_liaison_takes_away_is_read_by_the_others_for_a_week(
    vatra: Actor, sign_in: SignIn, way: str
) -> None:
    """The colleague read "No hearing is announced", and nothing of who said so."""
    case_id, liaison = witness(vatra), factories.actor("prosecution.witness_liaison")
    other = colleague(names.organisation_by_code("PROSECUTION"), "prosecution.witness_liaison", liaison)
    code = store.of_case(case_id, by=liaison).code
    hearing_id = heard(case_id, liaison, days_from_now=3)
    words = "wrote on" if way == "called off" else "struck out on"
    assert words not in sign_in(other).get("/?lang=en")
    if way == "called off":
        hearings.call_off(hearing_id=hearing_id, why=CalledOff.NOT_NEEDED, by=liaison)
    else:
        hearings.strike(entry_id=hearing_id, reason=StrikeReason.WRONG_DAY, by=liaison)
    page = sign_in(other).get("/?lang=en").partition("What colleagues changed")[2].partition("</ul>")[0]
    assert code in page
    assert words in page
    for login in ("prosecution.witness_liaison", "nrc.case_worker"):
        assert "What colleagues changed" not in sign_in(login).get("/?lang=en")
    with pytest.raises(NotVisible):
        store.told_lately(by=factories.actor("molsa.statistician"))
    factories.later(days=8)
    assert "What colleagues changed" not in sign_in(other).get("/?lang=en")


@pytest.mark.slow
def test_the_shelter_reads_that_a_hearing_was_taken_away_and_the_office_that_the_shelter_struck_one(
    vatra: Actor, sign_in: SignIn
) -> None:
    """Whoever brings the witness learnt nothing; and a liaison nothing of what a shelter struck."""
    case_id, person = witness(vatra), factories.actor("prosecution.witness_liaison")
    first, second = (heard(case_id, person, days_from_now=each) for each in (7, 8))
    third = heard(case_id, vatra, days_from_now=9)
    shelter, liaison, other = (
        sign_in("vatra.case_worker"),
        sign_in("prosecution.witness_liaison"),
        sign_in("nrc.case_worker"),
    )
    assert "of a hearing" not in shelter.get("/?lang=en")
    liaison.post(f"/hearings/{first}/call-off", {"why": "postponed"})
    hearings.strike(entry_id=second, reason=StrikeReason.OTHER, by=person)
    home = shelter.get("/?lang=en")
    assert "Prosecution" in home
    assert "that a hearing does not take place" in home
    assert "what was written of a hearing" in home
    assert home.partition("what was written of a hearing")[2].partition("</li>")[0].count('href="tel:') == 1
    assert "of a hearing" not in other.get("/?lang=en")
    hearings.strike(entry_id=third, reason=StrikeReason.OTHER, by=vatra)
    told = liaison.get("/?lang=en").partition("What colleagues changed")[2].partition("</ul>")[0]
    assert "Somebody of the shelter struck out on" in told
    assert home.count("what was written of a hearing") == shelter.get("/?lang=en").count(
        "what was written of a hearing"
    )
    factories.later(days=8)
    assert "of a hearing" not in sign_in("vatra.case_worker").get("/?lang=en")


@pytest.mark.slow
def test_a_second_court_on_the_same_day_is_asked_about_once(vatra: Actor, sign_in: SignIn) -> None:
    """Two hearings of one witness at two courts stood on one day, and nobody was asked which of them was right."""
    case_id, person = witness(vatra), factories.actor("prosecution.witness_liaison")
    liaison, path = sign_in("prosecution.witness_liaison"), f"/cases/{case_id}/hearings"
    day = next(day for ahead in range(7, 10) if not is_weekend(day := days.today() + timedelta(days=ahead)))
    hearings.announce(person=store.of_case(case_id, by=person), hearing=Hearing(COURT, day, ()), by=person)
    typed = {"court": "district_berat", "protection": "none", **fields(day)}
    asked = "On this day the person is heard at Serious Crimes Court of First Instance already"
    assert asked in liaison.post(path + "?lang=en", typed, 422)
    assert "same_day" not in liaison.get(path)
    other = next(each for ahead in range(11, 14) if not is_weekend(each := days.today() + timedelta(days=ahead)))
    liaison.post(path, {**typed, **fields(other)})
    liaison.post(path, {**typed, "same_day": "y"})
    assert [each.hearing.on for each in steps.of(store.of_case(case_id, by=person), by=person)] == [day, day, other]


def test_another_reason_why_a_hearing_was_called_off_is_said_in_words_under_seal(vatra: Actor, sign_in: SignIn) -> None:
    """ "Another reason", by one hand and without a word, told nobody anything."""
    case_id, person = witness(vatra), factories.actor("prosecution.witness_liaison")
    first, second = (heard(case_id, person, days_from_now=each) for each in (7, 8))
    liaison = sign_in("prosecution.witness_liaison")
    off = f"/hearings/{first}/call-off?lang=en"
    for words in ("", "   "):
        assert "Write which other reason there is" in liaison.post(off, {"why": "other", "words": words}, 422)
    liaison.post(off, {"why": "other", "words": "The judge is ill"})
    liaison.post(f"/hearings/{second}/call-off", {"why": "not_needed", "words": "left over"})
    page = liaison.get(f"/cases/{case_id}/hearings?lang=en")
    assert "(The judge is ill)" in page
    assert "left over" not in page
    assert not [row for row in db.session.scalars(select(HearingEntry)) if b"judge" in row.sealed_entry]


@pytest.mark.slow
def test_a_shelter_strikes_no_hearing_of_the_prosecution_and_the_page_names_who_struck(
    vatra: Actor, sign_in: SignIn
) -> None:
    """A worker of the shelter alone took a hearing of the court away, and no page named anybody."""
    case_id, person = witness(vatra), factories.actor("prosecution.witness_liaison")
    hearing_id = heard(case_id, person, days_from_now=7)
    hearings.order(hearing_id=hearing_id, measures=[Measure.SCREEN], by=person)
    shelter, liaison = sign_in("vatra.case_worker"), sign_in("prosecution.witness_liaison")
    pages = {each: each.get(f"/cases/{case_id}/hearings?lang=en") for each in (shelter, liaison)}
    assert "call its office where something is wrong" in pages[shelter]
    assert "/strike" not in pages[shelter]
    assert pages[liaison].count("/strike") == 2  # the announcement, and what was ordered
    (order,) = (each for each in steps.of(store.of_case(case_id, by=vatra), by=vatra)[0].entries)
    for entry_id in (hearing_id, order.id):
        assert "The prosecution entered this" in shelter.get(f"/hearings/{entry_id}/strike?lang=en", 409)
        shelter.post(f"/hearings/{entry_id}/strike", {"reason": "other"}, 409)
    own = heard(case_id, vatra, days_from_now=8)
    shelter.post(f"/hearings/{own}/strike", {"reason": "other"})
    liaison.post(f"/hearings/{hearing_id}/strike", {"reason": "wrong_person"})
    struck = {each: each.get(f"/cases/{case_id}/hearings?lang=en") for each in (shelter, liaison)}
    assert "It is about another person" in struck[shelter]
    names = [name_of(each) for each in (person, vatra)]
    assert all(name in struck[shelter] for name in names)
    assert names[0] in struck[liaison]
    assert names[1] not in struck[liaison]  # it would say in which shelter the person is


def name_of(who: Actor) -> str:
    assert who.member_id
    return db.session.get_one(Member, who.member_id).name


def test_a_hearing_that_was_struck_by_mistake_is_entered_again_by_two_presses(vatra: Actor, sign_in: SignIn) -> None:
    case_id, person = witness(vatra), factories.actor("prosecution.witness_liaison")
    liaison, path = sign_in("prosecution.witness_liaison"), f"/cases/{case_id}/hearings?lang=en"
    hearing_id = heard(case_id, person, days_from_now=7)
    hearings.strike(entry_id=hearing_id, reason=StrikeReason.OTHER, by=person)
    assert f"?again={hearing_id}#sheet" in liaison.get(path)
    on = days.today() + timedelta(days=7)
    again = liaison.get(f"{path}&again={hearing_id}")
    assert f'<option value="{COURT}" selected' in again
    assert f'name="day-day" value="{on.day}"' in again
    assert "Is there another day?" not in again
    typed = {"court": COURT, "protection": "some", "measures": "screen", **fields(on), "weekend": "y"}
    liaison.post(path, typed)
    assert "?again=" not in liaison.get(path)
