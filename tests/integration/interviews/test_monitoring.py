"""Random monitoring: what interviews leave, the draw, scores and remedies; and what nobody learns from them."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import uuid
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, update

from nrm import clock
from nrm.actions import tending
from nrm.actions.accounts import joining
from nrm.actions.interviews import interview_sending, interviews, monitoring
from nrm.cli.monitoring import verify
from nrm.cli.telling import json_keys
from nrm.db import db, transaction
from nrm.domain.accounts.accounts import Actor, NotPermitted, NotVisible, Role
from nrm.domain.interviews.monitoring import (
    DrawRefused,
    MonitoringRefused,
    RemedyAction,
    RemedyOutcome,
    RemedyOwner,
    commitment,
)
from nrm.domain.interviews.questionnaire_flow import pages
from nrm.domain.interviews.screenings import Screening
from nrm.domain.quarters import Quarter
from nrm.models.audit import AuditEntry
from nrm.models.interviews.interviews import Interview
from nrm.models.interviews.monitoring import (
    MonitoringDraw,
    MonitoringSample,
    MonitoringScore,
    NegativeScreen,
    ProcedureRecord,
)
from nrm.models.shelter.cases import Case
from nrm.store import names as account_store
from nrm.store.interviews import monitoring as store
from tests import factories, screened
from tests import factories_interviews as screens
from tests import factories_referrals as people
from tests.conftest import Command, Person

NOON = datetime(2026, 6, 30, 10, tzinfo=UTC)
Q2 = Quarter(2026, 2)
MONITOR = "oms.monitor"


@pytest.fixture
def rinas(app: Flask) -> Actor:
    assert app
    clock.set_clock(lambda: NOON)
    return factories.actor("rinas.border_officer")


def records() -> list[ProcedureRecord]:
    return list(db.session.scalars(select(ProcedureRecord).execution_options(populate_existing=True)))


def filled(post: str, number: int, quarter: Quarter = Q2, **changed: Any) -> list[uuid.UUID]:
    """Records of a post as interviews leave them, without the interviews."""
    ids = [uuid.uuid4() for _ in range(number)]
    values: dict[str, Any] = {
        "organisation_id": people.organisation(post),
        "quarter_on": quarter.start,
        "questionnaire": "returnee-1",
        "route": "standard",
        "language": "sq",
        "duration": "10_30",
        "profile": "suspected",
        "assessment": "suspected",
        "in_time": "yes",
        "child_told": "",
        "answers": {"alone": "yes"},
        "wordings": [],
        "asked": ["language"],
        "not_asked": [],
        "pages": {"screen": "1_5"},
        **changed,
    }
    with transaction() as session:
        session.add_all(ProcedureRecord(id=each, **values) for each in ids)
    return ids


def drawn(post: str = "RINAS", number: int = 7) -> Actor:
    """The monitor, after the draw of a quarter in which the post had so many interviews."""
    clock.set_clock(lambda: NOON)
    filled(post, number)
    tending.tend()
    clock.set_clock(lambda: NOON + timedelta(days=1))
    by = factories.actor(MONITOR)
    monitoring.draw(Q2, by=by)
    return by


def second_monitor(app: Flask) -> str:
    """A colleague of the monitor; returns the login."""
    admin = factories.actor("administrator")
    office = account_store.organisation_by_code("OMS").id
    factories.join(
        joining.invite(organisation_id=office, login="oms.monitor.2", name="Second", role=Role.MONITOR, by=admin)
    )
    return "oms.monitor.2"


def marks(sample: store.Sample, **changed: str) -> dict[str, str]:
    return {item.id: "met" for item in monitoring.items_of(sample)} | changed


# What interviews leave


def test_an_interview_that_is_sent_leaves_how_it_was_led_and_no_way_back_to_it(rinas: Actor) -> None:
    sent = people.sent(rinas)
    (record,) = records()
    assert (record.route, record.language, record.in_time, record.child_told) == ("standard", "sq", "yes", "")
    assert record.quarter_on == Q2.start
    assert {"alone", "consent_services", "consent_sharing", "consent_statistics"} <= set(record.answers)
    assert record.assessment == "suspected"
    written = json.dumps({column.name: str(getattr(record, column.name)) for column in record.__table__.columns})
    case, interview = db.session.get_one(Case, sent.case_id), db.session.get_one(Interview, sent.case_id)
    for telling in (str(sent.case_id), sent.case_id.hex, case.pseudonym, str(interview.member_id), people.PLANTED):
        assert telling not in written
    assert "2026-06" not in written  # the quarter, not the month
    columns = {column.name for table in (ProcedureRecord, NegativeScreen) for column in table.__table__.columns}
    assert not {name for name in columns if name.endswith("_at") or "member" in name or "case" in name}
    said = db.session.scalars(select(AuditEntry.details)).all()
    assert str(record.id) not in " ".join(map(str, said))


def test_a_child_leaves_whether_the_authority_was_told_and_an_urgent_one_only_its_few_questions(rinas: Actor) -> None:
    people.sent(rinas, age="child")
    assert [(each.route, each.child_told) for each in records()] == [("child", "told")]
    people.sent(rinas, "TJETER_VIZION", urgent=True, consent_urgent="given", override_reason="other")
    urgent = next(each for each in records() if each.route == "urgent")
    assert urgent.answers["consent_urgent"] == "given"
    assert urgent.assessment == urgent.profile == ""


def holds_end() -> None:
    """What was ended against what was said, or after a no, is destroyed and counted some hours later."""
    clock.set_clock(lambda: NOON + timedelta(hours=13))
    assert tending.tend()["holds_over"] == 1
    clock.set_clock(lambda: NOON)


def test_who_refused_help_leaves_nothing_and_who_is_not_counted_no_finding(rinas: Actor) -> None:
    interviews.end(interview_id=people.interview(rinas, consent_services="no"), by=rinas)
    holds_end()
    assert records() == []
    assert db.session.scalars(select(NegativeScreen)).all() == []
    uncounted = people.interview(rinas, consent_statistics="no", assessment="none")
    interviews.end(interview_id=uncounted, reason="explained", sentence="Fjali.", by=rinas)
    holds_end()
    (record,) = records()
    assert (record.profile, record.assessment) == ("", "")
    assert db.session.scalars(select(NegativeScreen)).all() == []


def test_a_negative_screen_keeps_its_coded_answers_without_place_and_hour_for_180_days(rinas: Actor) -> None:
    interview_id = people.interview(rinas, assessment="none")
    interviews.end(interview_id=interview_id, reason="explained", sentence="Fjali.", by=rinas)
    holds_end()
    (screen,) = db.session.scalars(select(NegativeScreen)).all()
    assert {column.name for column in NegativeScreen.__table__.columns} == {
        "id",
        "goes_on",
        "questionnaire",
        "profile",
        "answers",
    }
    assert set(screen.answers) <= set(screens.questionnaire().questions)
    assert "gender" not in screen.answers
    clock.set_clock(lambda: datetime.combine(screen.goes_on, NOON.time(), UTC) - timedelta(days=1))
    assert tending.tend()["screens_forgotten"] == 0
    assert screen.goes_on <= (NOON + timedelta(days=180)).date()
    clock.set_clock(lambda: datetime.combine(screen.goes_on, NOON.time(), UTC))
    assert tending.tend()["screens_forgotten"] == 1
    assert db.session.scalars(select(NegativeScreen)).all() == []
    assert len(records()) == 1  # how it was led is kept for longer


def test_records_go_after_two_years_and_scores_stay(app: Flask) -> None:
    by = drawn()
    line = store.to_score(by=by)[0]
    monitoring.score(sample_id=line.id, marks=marks(store.sample(line.id, by=by)), by=by)
    clock.set_clock(lambda: NOON + timedelta(days=740 + 92))
    assert tending.tend()["records_forgotten"] == 7
    assert db.session.scalars(select(MonitoringScore)).all()
    by = factories.actor(MONITOR)
    assert store.to_score(by=by) == []
    assert store.sample(line.id, by=by).record is None
    other = db.session.scalars(select(MonitoringSample.id).where(MonitoringSample.id != line.id)).first()
    assert other is not None
    with pytest.raises(NotVisible):
        monitoring.score(sample_id=other, marks={}, by=by)


def test_each_page_leaves_how_long_it_took(app: Flask, sign_in: Callable[[str], Person]) -> None:
    assert app
    officer = sign_in("rinas.border_officer")
    screens.walk(officer, screens.example(assessment="possible"), screens.begin(officer))
    (record,) = records()
    assert list(record.pages) == [page.id for page in pages(screens.questionnaire(), screens.example())]
    assert set(record.pages.values()) == {"under_1"}
    assert record.duration == "under_10"
    assert [each["id"] for each in record.wordings] == ["consent", "purpose", "six"]
    assert {len(each["sha256"]) for each in record.wordings} == {64}


# The draw


def test_the_seed_is_fixed_before_shown_after_and_the_draw_can_be_made_again(app: Flask, command: Command) -> None:
    clock.set_clock(lambda: NOON)
    filled("RINAS", 51)
    filled("DURRES", 4)
    assert tending.tend()["seeds_committed"] == 1
    before = db.session.get_one(MonitoringDraw, "2026Q2")
    hashed, sealed = before.commitment, before.sealed_seed
    assert before.seed is None
    assert sealed is not None
    monitor = factories.actor(MONITOR)
    with pytest.raises(DrawRefused, match="running"):
        monitoring.draw(Q2, by=monitor)
    assert command(app, "monitoring", "verify", "2026Q2")[0] == 3
    clock.set_clock(lambda: NOON + timedelta(days=1))
    assert monitoring.draw(Q2, by=monitor) == 10
    with pytest.raises(DrawRefused, match="drawn"):
        monitoring.draw(Q2, by=monitor)
    after = db.session.get_one(MonitoringDraw, "2026Q2", populate_existing=True)
    assert after.commitment == hashed == commitment(bytes.fromhex(after.seed or ""))
    assert bytes.fromhex(after.seed or "") not in sealed
    assert after.sealed_seed is None
    assert after.waiting == [str(people.organisation("DURRES"))]
    db.session.rollback()
    code, out, _ = command(app, "monitoring", "verify", "2026Q2")
    assert (code, out.decode()) == (0, "2026Q2: the sample is the one this seed draws\n")
    code, out, _ = command(app, "monitoring", "verify", "2026Q2", "--frame")
    told = json.loads(out)
    keys = json_keys(verify)
    for more, posts in (((), None), (("--frame",), told["posts"])):
        code, answered, _ = command(app, "monitoring", "verify", "2026Q2", *more, "--json")
        value = json.loads(answered)
        assert (code, tuple(value), answered.count(b"\n")) == (0, keys, 1)
        assert value == {**told, "problems": [], "posts": posts}
    assert tuple(told) == keys
    assert set(told["posts"]) == {"RINAS"}
    assert (len(told["posts"]["RINAS"]["records"]), len(told["posts"]["RINAS"]["drawn"])) == (51, 10)
    guide = (Path(__file__).resolve().parents[3] / "docs" / "operator.md").read_text("utf-8")
    script = re.search(r"```python\n(import hashlib, json, sys\n.*?)```", guide, re.S)
    assert script
    for document, code in ((out, 0), (out.replace(told["seed"].encode(), b"00" * 32), 1)):
        ran = subprocess.run([sys.executable, "-c", script.group(1)], input=document, capture_output=True, check=False)
        assert ran.returncode == code, ran.stderr


@pytest.mark.parametrize("forged", ["seed", "sample", "record"])
def test_a_sample_that_was_picked_by_hand_is_found_out(app: Flask, command: Command, forged: str) -> None:
    drawn(number=12)
    with transaction() as session:
        if forged == "seed":
            session.execute(update(MonitoringDraw).where(MonitoringDraw.seed.is_not(None)).values(seed="00" * 32))
        elif forged == "sample":
            taken = select(MonitoringSample.record_id)
            other = session.scalars(select(ProcedureRecord.id).where(ProcedureRecord.id.not_in(taken))).first()
            session.execute(update(MonitoringSample).where(MonitoringSample.number == 3).values(record_id=other))
        else:
            first = session.scalars(select(MonitoringSample.record_id)).first()
            session.execute(update(ProcedureRecord).where(ProcedureRecord.id == first).values(considered_in=None))
    code, out, err = command(app, "monitoring", "verify", "2026Q2")
    assert code == 1
    assert "2026Q2: " in out.decode()
    assert "RINAS" in out.decode()
    assert err.count("\n") == 1


def test_a_post_with_too_few_waits_for_the_next_quarter(app: Flask) -> None:
    drawn("DURRES", 4)
    assert db.session.scalars(select(MonitoringSample)).all() == []
    filled("DURRES", 1, Q2.next)
    tending.tend()
    clock.set_clock(lambda: NOON + timedelta(days=93))
    assert monitoring.draw(Q2.next, by=factories.actor(MONITOR)) == 5
    assert {each.considered_in for each in records()} == {"2026Q3"}
    assert monitoring.redraw(Q2.next).problems == ()


def test_a_quarter_that_has_no_seed_is_not_drawn(app: Flask, command: Command) -> None:
    clock.set_clock(lambda: NOON)
    with pytest.raises(DrawRefused, match="no_seed"):
        monitoring.draw(Quarter(2025, 4), by=factories.actor(MONITOR))
    code, _, err = command(app, "monitoring", "draw", "2025Q4", "--as", MONITOR)
    assert (code, err) == (2, "nrm: 2025Q4 has no seed yet; `nrm tend` makes it\n")
    assert command(app, "monitoring", "draw", "2025Q9", "--as", MONITOR)[0] == 2
    assert command(app, "monitoring", "draw", "2025Q4", "--as", "molsa.statistician")[0] == 2


def test_posts_that_judge_otherwise_than_the_profile_are_named_without_a_figure(
    app: Flask, sign_in: Callable[[str], Person]
) -> None:
    screened.count(
        Screening(
            month=Q2.start,
            crossing_point=point,
            outcome="none",
            processed="no_indicator",
            age_class="adult",
            gender="feminine",
            citizenship_class="home",
            returned_from="IT",
            announced="no",
            profile="suspected" if number < milder else "none",
            assessment="none",
        )
        for point, milder in (("durres", 12), ("kakavija", 1))
        for number in range(30)
    )
    drawn()
    differing = db.session.get_one(MonitoringDraw, "2026Q2", populate_existing=True).differing
    assert differing == {str(people.organisation("DURRES")): "milder"}
    db.session.rollback()
    page = sign_in(MONITOR).get("/monitoring/quarters/2026Q2")
    assert "Durrës" in page
    assert "punonjësit gjykojnë më butë" in page
    assert not re.search(r"\b(12|18)\b", re.sub(r"<[^>]+>|[0-9a-f]{64}", " ", page))


# Scores


def test_scored_once_by_one_and_the_first_of_a_sample_by_two_who_do_not_see_each_other(app: Flask) -> None:
    by = drawn()
    other = factories.actor(second_monitor(app))
    lines = store.to_score(by=by)
    assert [line.number for line in lines] == [1, 2, 3, 4, 5]
    for line in lines:
        monitoring.score(sample_id=line.id, marks=marks(store.sample(line.id, by=by), alone="not_met"), by=by)
        with pytest.raises(MonitoringRefused, match="own"):
            monitoring.score(sample_id=line.id, marks=marks(store.sample(line.id, by=by)), by=by)
    assert store.to_score(by=by) == []
    (second,) = store.to_score(by=other)
    assert (second.number, second.second) == (1, True)
    assert store.sample(second.id, by=other).mine is None
    assert "not_met" not in repr(store.sample(second.id, by=other))
    monitoring.score(sample_id=second.id, marks=marks(store.sample(second.id, by=other), alone="not_met"), by=other)
    with pytest.raises(MonitoringRefused, match="scored"):
        monitoring.score(sample_id=lines[1].id, marks=marks(store.sample(lines[1].id, by=other)), by=other)
    table = store.scores(by=by)
    assert table.agreement == "very_good"
    assert [(line.shares, table.weakest[line.organisation_id]) for line in table.lines] == [
        ({"2026Q2": 90}, ("alone",))
    ]


def test_marks_for_other_items_are_refused(app: Flask) -> None:
    by = drawn()
    line = store.to_score(by=by)[0]
    for wrong in ({}, {"alone": "met"}, marks(store.sample(line.id, by=by), child_authority="met")):
        with pytest.raises(MonitoringRefused, match="answers"):
            monitoring.score(sample_id=line.id, marks=wrong, by=by)
    assert db.session.scalars(select(MonitoringScore)).all() == []


# Who learns what

OTHERS = (
    "rinas.border_officer",
    "ra.duty_officer",
    "nrc.case_worker",
    "molsa.statistician",
    "oms.reader",
    "oms.coordinator",
    "administrator",
    "consular.consular_officer",
)


@pytest.mark.parametrize("login", OTHERS)
def test_nobody_but_a_monitor_sees_a_record_or_draws(app: Flask, login: str) -> None:
    drawn()
    by = factories.actor(login)
    sample_id = db.session.scalars(select(MonitoringSample.id)).first()
    assert sample_id is not None
    for question in (
        lambda: store.to_score(by=by),
        lambda: store.sample(sample_id, by=by),
        lambda: store.draws(by=by),
        lambda: store.negative_screens(by=by),
        lambda: store.frames(Q2, by=by),
        lambda: monitoring.score(sample_id=sample_id, marks={}, by=by),
        lambda: monitoring.draw(Q2, by=by),
    ):
        with pytest.raises((NotPermitted, NotVisible)):
            question()
        db.session.rollback()
    person = Person(app.test_client(), login)
    for address in (f"/monitoring/samples/{sample_id}", "/monitoring/scores", "/monitoring/screens"):
        person.get(address, status=403)
    person.get("/monitoring/ours", status=200 if login == "rinas.border_officer" else 403)


def test_the_monitor_opens_nothing_and_meets_no_case(app: Flask) -> None:
    clock.set_clock(lambda: NOON)
    sent = people.sent(factories.actor("rinas.border_officer"))
    pseudonym = db.session.get_one(Case, sent.case_id).pseudonym
    by = drawn(number=4)  # and the one that was sent
    assert by.keys is not None
    assert by.keys.keyrings == {}
    db.session.rollback()
    person = Person(app.test_client(), MONITOR)
    addresses = {"/", "/monitoring/scores", "/monitoring/screens", "/monitoring/quarters/2026Q2"}
    addresses |= {f"/monitoring/samples/{line.id}" for line in store.to_score(by=by)}
    assert len(addresses) == 9
    for address in addresses:
        page = person.get(address)
        for telling in (pseudonym, str(sent.case_id), people.PLANTED, people.TOLD, "rinas.border_officer"):
            assert telling not in page
    for address in (f"/cases/{sent.case_id}", f"/referrals/{sent.referral_id}", "/cases"):
        assert person.client.get(address).status_code in (403, 404)


def test_a_post_sees_its_own_scores_and_not_anothers(app: Flask, sign_in: Callable[[str], Person]) -> None:
    filled("DURRES", 5)
    by = drawn()
    for line in store.to_score(by=by):
        monitoring.score(sample_id=line.id, marks=marks(store.sample(line.id, by=by)), by=by)
    asked_of: dict[str, Any] = {
        "quarter": Q2,
        "item": "alone",
        "action": RemedyAction.ROOM,
        "owner": RemedyOwner.POST_CHIEF,
        "due_on": (NOON + timedelta(days=30)).date(),
        "by": by,
    }
    for post in ("RINAS", "DURRES"):
        monitoring.ask_to_mend(remedy_id=uuid.uuid4(), organisation_id=people.organisation(post), **asked_of)
    for login, own, other in (
        ("rinas.border_officer", "Rinas", "Durrës"),
        ("durres.border_officer", "Durrës", "Rinas"),
    ):
        actor = factories.actor(login)
        assert [line.organisation_id for line in store.scores(by=actor).lines] == [actor.organisation_id]
        assert [line.organisation_id for line in store.remedies(by=actor)] == [actor.organisation_id]
        db.session.rollback()
        page = sign_in(login).get("/monitoring/ours").split("<main")[1]
        assert own in page
        assert other not in page
        assert "100" in page
    assert store.scores(by=factories.actor("kakavija.border_officer")).lines == ()


# What is to be mended


def test_what_is_asked_is_checked_once(app: Flask) -> None:
    by = drawn()
    remedy_id, post = uuid.uuid4(), people.organisation("RINAS")
    today = (NOON + timedelta(days=1)).date()
    for day, item, organisation, error, why in (
        (today - timedelta(days=1), "alone", post, MonitoringRefused, "due"),
        (today, "nothing", post, MonitoringRefused, "item"),
        (today, "alone", people.organisation("DURRES"), NotVisible, None),
    ):
        with pytest.raises(error, match=why):
            monitoring.ask_to_mend(
                remedy_id=remedy_id,
                organisation_id=organisation,
                quarter=Q2,
                item=item,
                action=RemedyAction.TRAIN,
                owner=RemedyOwner.TRAINING_CENTRE,
                due_on=day,
                by=by,
            )
    for _ in range(2):
        monitoring.ask_to_mend(
            remedy_id=remedy_id,
            organisation_id=post,
            quarter=Q2,
            item="alone",
            action=RemedyAction.TRAIN,
            owner=RemedyOwner.TRAINING_CENTRE,
            due_on=today,
            by=by,
        )
    assert [line.id for line in store.remedies(by=by, open_only=True)] == [remedy_id]
    monitoring.check_mended(remedy_id=remedy_id, outcome=RemedyOutcome.PARTLY, by=by)
    with pytest.raises(MonitoringRefused, match="checked"):
        monitoring.check_mended(remedy_id=remedy_id, outcome=RemedyOutcome.DONE, by=by)
    (line,) = store.remedies(by=by)
    assert (line.outcome, line.checked_on) == ("partly", today)
    with pytest.raises(NotVisible):
        monitoring.check_mended(remedy_id=uuid.uuid4(), outcome=RemedyOutcome.DONE, by=by)


def test_by_pages(app: Flask, sign_in: Callable[[str], Person]) -> None:
    clock.set_clock(lambda: NOON)
    filled("RINAS", 6)
    tending.tend()
    monitor = sign_in(MONITOR)
    assert "vazhdon ende" in monitor.get("/")
    monitor.post("/monitoring/quarters/2026Q2/draw", status=409)
    clock.set_clock(lambda: NOON + timedelta(days=1))
    monitor = sign_in(MONITOR)
    assert "Hidhni shortin" in monitor.get("/monitoring/quarters/2026Q2")
    monitor.get("/monitoring/quarters/2030Q2", status=404)
    monitor.get("/monitoring/quarters/junk", status=404)
    monitor.get(monitor.post("/monitoring/quarters/2026Q2/draw"))
    found = re.search(r'href="(/monitoring/samples/[0-9a-f-]+)"', monitor.get("/"))
    assert found
    address = found.group(1)
    names = set(re.findall(r'type="radio" id="[^"]+" name="(\w+)"', monitor.get(address)))
    assert "consent" in names
    assert "child_authority" not in names
    given: dict[str, object] = dict.fromkeys(names, "met")
    refused = monitor.post(address, {**given, "alone": "perhaps"}, status=422)
    assert "Zgjidhni çfarë gjetët" in refused
    assert refused.count(" checked>") == len(names) - 1  # what was chosen stays
    after = monitor.get(monitor.post(address, {**given, "alone": "not_met"}))
    monitor.post(address, given, status=409)
    asked = re.search(r'href="(/monitoring/remedies/new\?[^"]+)"', after)
    assert asked
    page = monitor.get(asked.group(1).replace("&amp;", "&"))
    assert '<option value="alone" selected>' in page
    form: dict[str, object] = {
        "id": str(uuid.uuid4()),
        "post": str(people.organisation("RINAS")),
        "item": "alone",
        "action": "room",
        "owner": "post_chief",
        "due-day": "1",
        "due-month": "9",
        "due-year": "2026",
    }
    for wrong, said in (
        ({"due-year": "2020"}, "Shkruani një ditë nga sot"),
        ({"post": ""}, "Zgjidhni pikën"),
        ({"item": ""}, "Zgjidhni çfarë nuk u përmbush"),
        ({"action": ""}, "Zgjidhni çfarë kërkohet"),
        ({"post": str(uuid.uuid4())}, "Zgjidhni pikën"),
    ):
        assert said in monitor.post("/monitoring/remedies", {**form, **wrong}, status=422)
    for _ in range(2):
        monitor.post("/monitoring/remedies", form)
    home = monitor.get("/")
    check = f"/monitoring/remedies/{form['id']}"
    assert home.count(f'href="{check}"') == 1
    assert "Zgjidhni çfarë gjetët" in monitor.post(check, status=422)
    monitor.post(check, {"outcome": "done"})
    monitor.post(check, {"outcome": "done"}, status=409)
    assert "<form id=" not in monitor.get(check)  # the answer stands there, the question no more
    assert "90%" in monitor.get("/monitoring/scores")


@pytest.mark.slow
def test_the_home_of_the_monitor_begins_with_what_is_urgent_and_asks_on_the_day(
    app: Flask, sign_in: Callable[[str], Person]
) -> None:
    drawn()
    form: dict[str, object] = {
        **{"id": str(uuid.uuid4()), "post": str(people.organisation("RINAS")), "item": "alone", "action": "room"},
        **{"owner": "post_chief", "due-day": "1", "due-month": "9", "due-year": "2026"},
    }
    monitor = sign_in(MONITOR)
    monitor.post("/monitoring/remedies", form)
    home, check = monitor.get("/?lang=en"), f"/monitoring/remedies/{form['id']}?lang=en"
    assert "its day comes on 1 September 2026" in home
    assert home.index("Interviews to score") < home.index("To be checked")
    early = monitor.get(check)
    assert "Its day has not come: on 1 September 2026" in early
    assert early.index("<details>") < early.index("<form id=")  # the answer is there, behind the word "earlier"
    assert monitoring.commit_seeds() == 1  # of the quarter that runs, which is over later
    clock.set_clock(lambda: datetime(2026, 10, 5, 12, tzinfo=UTC))
    monitor = sign_in(MONITOR)
    home = monitor.get("/?lang=en")
    assert home.index("Samples to be drawn") < home.index("To be checked") < home.index("Interviews to score")
    assert home.index("July–September 2026") < home.index("To be checked")
    late = monitor.get(check)
    assert "Its day has not come" not in late
    assert "<details>" not in late[late.index("<main") : late.index("</main>")]
    monitor.post(check, {"outcome": "done"})
    assert check.partition("?")[0] not in monitor.get("/?lang=en")


@pytest.mark.slow
def test_no_page_names_a_post_that_had_one_to_four_interviews(app: Flask, sign_in: Callable[[str], Person]) -> None:
    """A list of them said that somebody was interviewed there in the quarter: of a small post, one person."""
    filled("DURRES", 4)
    drawn()
    assert db.session.get_one(MonitoringDraw, "2026Q2").waiting == [str(people.organisation("DURRES"))]
    db.session.rollback()
    page = sign_in(MONITOR).get("/monitoring/quarters/2026Q2?lang=en")
    assert "Rinas airport" in page
    assert "Durrës" not in page
    assert "fewer than five interviews waited, or none" in page


@pytest.mark.slow
def test_each_quarter_stands_once_at_home_however_many_wait_to_be_drawn(
    app: Flask, sign_in: Callable[[str], Person]
) -> None:
    clock.set_clock(lambda: NOON)
    filled("RINAS", 7)
    quarters = [f"{year}Q{number}" for year in (2023, 2024, 2025) for number in (1, 2, 3, 4)]
    with transaction() as session:
        for each in quarters:
            session.add(
                MonitoringDraw(quarter=each, commitment="0" * 64, committed_on=date(2023, 1, 1), sealed_seed=b"-")
            )
    home = sign_in(MONITOR).get("/?lang=en")
    listed = [home.count(f'href="/monitoring/quarters/{each}"') for each in quarters]
    assert listed == [1] * len(quarters)


def test_an_interview_that_is_not_sent_leaves_nothing(rinas: Actor) -> None:
    """A record is written in the transaction of sending: no send, no record."""
    interview_id = people.interview(rinas)
    with pytest.raises(interview_sending.ReferralRefused):
        interview_sending.send(interview_id=interview_id, party="NOBODY", by=rinas)
    assert records() == []


def test_old_quarters_that_nobody_drew_do_not_bury_the_work_of_today(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ten of them, in most of which no post had five interviews, stood above the interviews to score."""
    years = [
        SimpleNamespace(quarter=f"{year}Q1", committed_on=date(2025, 1, 1), drawn_on=None)
        for year in (2025, 2024, 2023)
    ]
    monkeypatch.setattr(store, "draws", lambda **_: years)
    home = Person(app.test_client(), "oms.monitor").get("/?lang=en")
    folded = home.partition("1 earlier quarter</summary>")
    assert all(f"/monitoring/quarters/{year}Q1" in folded[0] for year in (2025, 2024))
    assert "/monitoring/quarters/2023Q1" in folded[2].partition("</details>")[0]
    assert "/monitoring/quarters/2023Q1" not in folded[0]
