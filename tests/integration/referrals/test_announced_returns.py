"""Returns announced before they happen: who learns what, what becomes of them, and what is left."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from nrm import clock
from nrm.actions import tending
from nrm.actions.interviews import interview_sending, interviews
from nrm.actions.referrals import announced_returns
from nrm.db import db
from nrm.domain.accounts.accounts import Actor, NotPermitted, NotVisible
from nrm.domain.referrals.announced_returns import AnnouncedReturnRefused, Announcement, Origin, late_from
from nrm.domain.shelter.cases import Purpose
from nrm.models.audit import AuditEntry
from nrm.models.referrals.announced_returns import AnnouncedReturn
from nrm.models.shelter.cases import Erasure, Grant, SealedCompartment, ShredKey
from nrm.store.countries import country
from nrm.store.referrals import announced_returns as store
from tests import factories
from tests import factories_referrals as people
from tests.conftest import Person
from tests.races import race
from tests.told import seen

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
TODAY = date(2026, 3, 2)
WHO = {"name": "Lule Planted", "birth": "1999"}


class Desks:
    """The people a notice concerns, at noon."""

    def __init__(self) -> None:
        clock.set_clock(lambda: NOON)
        self.consul = factories.actor("consular.consular_officer")
        self.rinas = factories.actor("rinas.border_officer")
        self.authority = factories.actor("ra.duty_officer")

    def announced(self, **changed: Any) -> uuid.UUID:
        notice_id = uuid.uuid4()
        values: dict[str, Any] = {
            "origin": Origin.CONSULATE,
            "country": "IT",
            "expected_on": TODAY,
            "child": "yes",
            "hour": 20,
            "companions": 2,
            "needs": frozenset({"medical"}),
            **changed,
        }
        by = values.pop("by", self.consul)
        post = people.organisation(values.pop("post", "RINAS"))
        identity = values.pop("identity", WHO)
        announced = Announcement(**values)
        announced_returns.announce(notice_id=notice_id, post_id=post, announced=announced, identity=identity, by=by)
        return notice_id


@pytest.fixture
def desks(app: Flask) -> Desks:
    assert app
    return Desks()


def row(notice_id: uuid.UUID) -> AnnouncedReturn:
    return db.session.get_one(AnnouncedReturn, notice_id, populate_existing=True)


def opened(notice_id: uuid.UUID, by: Actor) -> dict[str, str] | None:
    announced_returns.open_identity(notice_id=notice_id, purpose=Purpose.ADMISSION, by=by)
    return announced_returns.opened(notice_id=notice_id, by=by)


def nothing_is_left(notice_id: uuid.UUID, child: str = "yes") -> None:
    """No key, no sealed text, no day; the erasure is replayed after a restore."""
    assert db.session.scalars(select(Grant).where(Grant.case_id == notice_id)).all() == []
    assert db.session.get(SealedCompartment, (notice_id, "identity")) is None
    assert db.session.get(Erasure, (notice_id, "identity")) is not None
    with db.engines["shred"].connect() as connection:
        assert connection.execute(select(ShredKey.key).where(ShredKey.case_id == notice_id)).all() == []
    kept = row(notice_id)
    assert (kept.expected_on, kept.hour, kept.companions, kept.needs) == (None, None, None, None)
    assert (kept.country, kept.quarter_on, kept.child, kept.origin) == ("IT", date(2026, 1, 1), child, "consulate")


def test_the_post_and_the_authority_see_the_hour_and_open_the_name_which_is_recorded(desks: Desks) -> None:
    notice_id = desks.announced()
    for by in (desks.rinas, desks.authority):
        (line,) = store.expected(by=by)
        assert (line.id, line.expected_on, line.hour, line.child, line.companions) == (notice_id, TODAY, 20, "yes", 2)
        assert announced_returns.opened(notice_id=notice_id, by=by) is None
        assert opened(notice_id, by) == WHO
    told = db.session.scalars(select(AuditEntry.event).where(AuditEntry.event == "compartment_opened")).all()
    assert len(told) == 2
    held = set(db.session.scalars(select(Grant.organisation_id).where(Grant.case_id == notice_id)))
    assert held == {desks.rinas.organisation_id, desks.authority.organisation_id}


@pytest.mark.parametrize(
    "login", ["consular.consular_officer", "nrc.case_worker", "molsa.statistician", "administrator", "oms.monitor"]
)
def test_who_announced_it_and_everybody_else_opens_nothing(desks: Desks, login: str) -> None:
    notice_id = desks.announced()
    with pytest.raises(NotPermitted):
        announced_returns.open_identity(notice_id=notice_id, purpose=Purpose.ADMISSION, by=factories.actor(login))


def test_another_post_does_not_know_of_it(desks: Desks) -> None:
    notice_id = desks.announced()
    durres = factories.actor("durres.border_officer")
    assert store.expected(by=durres) == []
    for act in (
        lambda: announced_returns.open_identity(notice_id=notice_id, purpose=Purpose.ADMISSION, by=durres),
        lambda: announced_returns.not_come(notice_id=notice_id, by=durres),
        lambda: announced_returns.arrive(notice_id=notice_id, interview_id=uuid.uuid4(), by=durres),
    ):
        with pytest.raises(NotVisible):
            act()


def test_on_arrival_the_interview_begins_announced_and_who_it_was_is_closed_and_then_destroyed(desks: Desks) -> None:
    notice_id, interview_id = desks.announced(child="no"), uuid.uuid4()
    opened(notice_id, desks.rinas)
    for _ in range(2):  # pressed twice, begun once
        announced_returns.arrive(notice_id=notice_id, interview_id=interview_id, by=desks.rinas)
    draft = interviews.read(interview_id=interview_id, by=desks.rinas)
    assert draft.answers["announced"] == "yes"
    assert "given" not in draft.answers  # consent comes before any name
    assert row(notice_id).status == "arrived"
    assert announced_returns.opened(notice_id=notice_id, by=desks.rinas) is None
    people.interview(desks.rinas, begun=interview_id)
    interview_sending.send(interview_id=interview_id, party="NRC", by=desks.rinas)
    nothing_is_left(notice_id, child="no")
    assert announced_returns.opened(notice_id=notice_id, by=desks.rinas) is None
    with pytest.raises(AnnouncedReturnRefused, match="state"):
        announced_returns.arrive(notice_id=notice_id, interview_id=uuid.uuid4(), by=desks.rinas)
    assert [(line.status, line.expected_on) for line in store.recorded(by=desks.consul)] == [("arrived", None)]


def test_taking_it_back_destroys_it_and_only_who_announced_it_can(desks: Desks) -> None:
    notice_id = desks.announced(child="no")
    with pytest.raises(NotVisible):
        announced_returns.cancel(notice_id=notice_id, by=factories.actor("helpline.helpline_operator"))
    with pytest.raises(NotPermitted):
        announced_returns.cancel(notice_id=notice_id, by=desks.rinas)
    announced_returns.cancel(notice_id=notice_id, by=desks.consul)
    nothing_is_left(notice_id, "no")
    assert store.expected(by=desks.authority) == []
    with pytest.raises(AnnouncedReturnRefused, match="state"):
        announced_returns.cancel(notice_id=notice_id, by=desks.consul)


def test_who_did_not_come_is_the_authoritys_to_look_for_until_30_days_after(desks: Desks) -> None:
    notice_id = desks.announced(hour=12)
    announced_returns.not_come(notice_id=notice_id, by=desks.rinas)
    for who in (desks.rinas, desks.authority):
        assert [line.status for line in store.expected(by=who)] == ["not_come"], "the post knows who may come late"
    assert opened(notice_id, desks.authority) == WHO
    clock.set_clock(lambda: NOON + timedelta(days=7))
    assert store.expected(by=desks.rinas) == []
    assert [line.status for line in store.expected(by=desks.authority)] == ["not_come"]
    clock.set_clock(lambda: NOON + timedelta(days=29))
    assert tending.tend()["notices_over"] == 0
    clock.set_clock(lambda: NOON + timedelta(days=30))
    assert tending.tend()["notices_over"] == 1
    assert row(notice_id).status == "not_come"
    nothing_is_left(notice_id)
    assert store.expected(by=desks.authority) == []
    assert tending.tend()["notices_over"] == 0


def test_nobody_fails_to_come_before_the_day(desks: Desks, sign_in: Callable[[str], Person]) -> None:
    notice_id = desks.announced(expected_on=TODAY + timedelta(days=1))
    with pytest.raises(AnnouncedReturnRefused, match="early"):
        announced_returns.not_come(notice_id=notice_id, by=desks.rinas)
    post, address = sign_in("rinas.border_officer"), f"/notices/{notice_id}/not-come?lang=en"
    assert "from 3 March 2026, 21:00 on" in post.get(address, 409)
    assert "from 3 March 2026, 21:00 on" in post.post(address, status=409)
    assert row(notice_id).status == "announced"


def test_what_was_entered_by_mistake_is_taken_back_also_after_nobody_came(
    desks: Desks, sign_in: Callable[[str], Person]
) -> None:
    notice_id = desks.announced(hour=12)
    announced_returns.not_come(notice_id=notice_id, by=desks.rinas)
    consul, address = sign_in("consular.consular_officer"), f"/notices/{notice_id}/cancel"
    home = consul.get("/?lang=en")
    assert f'href="{address}"' in home
    assert "Entered by mistake: take it back" in home
    going = consul.get(f"{address}?lang=en")
    assert "may be looked for" in going
    assert "announce it again" in going
    consul.post(address, {"why": "mistake"})
    seen(sign_in("ra.duty_officer"), f"/notices/{notice_id}")
    nothing_is_left(notice_id)


def test_somebody_who_comes_after_all_can_still_be_received(desks: Desks) -> None:
    notice_id = desks.announced(hour=12)
    announced_returns.not_come(notice_id=notice_id, by=desks.authority)
    announced_returns.arrive(notice_id=notice_id, interview_id=uuid.uuid4(), by=desks.rinas)
    assert row(notice_id).status == "arrived"


def test_nobody_said_anything_and_after_30_days_it_counts_as_not_come(desks: Desks) -> None:
    notice_id = desks.announced()
    clock.set_clock(lambda: NOON + timedelta(days=31))
    assert tending.tend()["notices_over"] == 1
    assert row(notice_id).status == "not_come"


@pytest.mark.parametrize(
    ("hour", "now", "late"),
    [
        (20, datetime(2026, 3, 2, 20, 59, tzinfo=UTC), False),
        (20, datetime(2026, 3, 2, 21, 0, tzinfo=UTC), True),
        (0, datetime(2026, 3, 2, 1, 0, tzinfo=UTC), True),
        (None, datetime(2026, 3, 2, 23, 59, tzinfo=UTC), False),
        (None, datetime(2026, 3, 3, 0, 0, tzinfo=UTC), True),
    ],
)
def test_late_is_an_hour_after_the_hour_or_the_next_day(hour: int | None, now: datetime, late: bool) -> None:
    assert (now >= late_from(TODAY, hour, now.tzinfo)) is late


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"expected_on": TODAY - timedelta(days=1)}, "past"),
        ({"expected_on": TODAY + timedelta(days=181)}, "too_far"),
        ({"origin": Origin.HELPLINE}, "origin"),
        ({"country": "Italy"}, "country"),
        ({"post": "NRC"}, "post"),
        ({"post": "MOLSA"}, "post"),
        ({"companions": 21}, "companions"),
        ({"needs": frozenset({"gold"})}, "need"),
        ({"hour": 24}, "hour"),
        ({"identity": {}}, "name"),
    ],
)
def test_what_cannot_be_is_refused_with_the_reason(desks: Desks, changed: dict[str, Any], why: str) -> None:
    with pytest.raises(AnnouncedReturnRefused, match=f"^{why}$"):
        desks.announced(**changed)
    assert db.session.scalars(select(AnnouncedReturn)).all() == []


@pytest.mark.parametrize("login", ["helpline.helpline_operator", "ra.duty_officer"])
def test_the_help_line_and_the_authority_record_what_partners_abroad_announce(desks: Desks, login: str) -> None:
    notice_id = desks.announced(by=factories.actor(login), origin=Origin.FOREIGN_NGO)
    assert row(notice_id).origin == "foreign_ngo"


@pytest.mark.parametrize(
    "login", ["rinas.border_officer", "nrc.case_worker", "molsa.statistician", "trp_unit.trp_officer"]
)
def test_nobody_else_announces(desks: Desks, login: str) -> None:
    with pytest.raises(NotPermitted):
        desks.announced(by=factories.actor(login))


@pytest.mark.parametrize("fixture", ["app", "postgres_app"])
def test_received_and_taken_back_in_one_instant_only_one_happens(fixture: str, request: pytest.FixtureRequest) -> None:
    app: Flask = request.getfixturevalue(fixture)
    desks = Desks()
    notice_id, interview_id = desks.announced(child="no"), uuid.uuid4()

    def attempt(act: Callable[[], object], name: str) -> str:
        try:
            act()
        except AnnouncedReturnRefused:
            return "refused"
        return name

    done = race(
        app,
        lambda: attempt(
            lambda: announced_returns.arrive(notice_id=notice_id, interview_id=interview_id, by=desks.rinas), "arrived"
        ),
        lambda: attempt(lambda: announced_returns.cancel(notice_id=notice_id, by=desks.consul), "cancelled"),
    )
    assert "refused" in done
    (won,) = set(map(str, done)) - {"refused"}
    assert row(notice_id).status == won
    if won == "cancelled":
        nothing_is_left(notice_id, "no")
    else:
        assert row(notice_id).interview_id == interview_id


def test_by_pages(app: Flask, sign_in: Callable[[str], Person]) -> None:
    assert app
    consul, post, authority = (
        sign_in(login) for login in ("consular.consular_officer", "rinas.border_officer", "ra.duty_officer")
    )
    page = consul.get("/notices/new")
    found = re.search(r'name="id" value="([0-9a-f-]+)"', page)
    assert found
    day = clock.today(country().timezone) + timedelta(days=1)
    form: dict[str, object] = {
        "id": found.group(1),
        "origin": "consulate",
        "country": "Italia",
        "post": "RINAS",
        "day-day": day.day,
        "day-month": day.month,
        "day-year": day.year,
        "hour": "",
        "child": "unknown",
        "needs": ["medical", "legal"],
        "name": "Lule Planted",
        "note": "kept text",
    }
    for wrong, said in (
        ({"country": "Nowhere"}, "Shkruani emrin e vendit"),
        ({"day-year": "1999"}, "Shkruani një ditë që nuk ka kaluar"),
        ({"name": ""}, "Shkruani emrin, si në dokument"),
        ({"companions": "many"}, "Shkruani sa janë"),
        ({"post": ""}, "Zgjidhni pikën kufitare"),
        ({"origin": "helpline"}, "Zgjidhni kush e njofton kthimin"),
    ):
        refused = consul.post("/notices", {**form, **wrong}, status=422)
        assert said in refused
        assert "kept text" in refused
    for _ in range(2):
        led = consul.post("/notices", form)
        assert "Kthimi u regjistrua" in consul.get(led)
        assert "Kthimi u regjistrua" not in consul.get(led), "it is said once"
    home = consul.get("/")
    [notice_id] = re.findall(r'href="/notices/([0-9a-f-]{36})/cancel"', home)
    going = consul.get(f"/notices/{notice_id}/cancel")
    assert "Itali" in going, "what is destroyed is named on the page that asks"
    assert "Rinas" in going
    assert "Lule" not in home
    address = f"/notices/{notice_id}"
    consul.get(address, status=403)
    for person in (post, authority):
        assert f'href="{address}"' in person.get("/")
        assert "Lule" not in person.get(address)
        person.post(f"{address}/open", {}, status=422)
        person.post(f"{address}/open", {"purpose": "admission"})
        assert "Lule Planted" in person.get(address)
    sign_in("durres.border_officer").get(address, status=404)
    assert "nuk ka ardhur ende" in post.get(f"{address}/not-come", 409)  # the day is to come
    authority.post(f"{address}/arrived", {"id": str(uuid.uuid4())}, status=403)
    begun = post.post(f"{address}/arrived", {"id": str(uuid.uuid4())})
    assert "/interviews/" in begun
    post.get(begun)
    post.get(address, status=404)
    assert "Mbërriti" in consul.get("/")
    consul.get(f"{address}/cancel", status=409)
    consul.post(f"{address}/cancel", status=409)


def test_no_notice_takes_the_id_of_an_interview_and_no_interview_that_of_a_notice(desks: Desks) -> None:
    """What is sealed is found by the id alone: ending the one would destroy what belongs to the other."""
    draft = interviews.start(interview_id=uuid.uuid4(), by=desks.rinas)
    announced = Announcement(Origin.CONSULATE, "IT", TODAY, "yes", hour=20)
    with pytest.raises(NotVisible):
        announced_returns.announce(
            notice_id=draft, post_id=people.organisation("RINAS"), announced=announced, identity=WHO, by=desks.consul
        )
    notice_id = desks.announced(child="no")
    announced_returns.cancel(notice_id=notice_id, by=desks.consul)
    with pytest.raises(NotVisible):
        interviews.start(interview_id=notice_id, by=desks.rinas)
    assert interviews.read(interview_id=draft, by=desks.rinas).status == "draft"


@pytest.mark.slow
def test_the_post_keeps_reading_that_a_child_was_taken_back_until_the_day_has_passed(
    desks: Desks, sign_in: Callable[[str], Person]
) -> None:
    """A child that was announced for tomorrow was gone from the page of the post without a word."""
    notice_id = desks.announced(expected_on=TODAY + timedelta(days=1))
    other = desks.announced(expected_on=TODAY + timedelta(days=1), post="DURRES")
    sign_in("consular.consular_officer").post(f"/notices/{notice_id}/cancel", {"why": "mistake"})
    said = "Taken back by "
    for address in ("/?lang=en", "/notices?lang=en"):
        page = sign_in("rinas.border_officer").get(address)
        assert said in page
        name = re.findall(r"Taken back by ([^<]*)\. Is that right\? Call the duty desk\.", page)[0]
        assert "2 March 2026" in name
        assert "Tirana" in name or "onsul" in name, "the organisation"
        assert ": " in name, "and the reason"
        assert f"/notices/{notice_id}" not in page, "who it was is not opened by the post any more"
        assert said not in sign_in("durres.border_officer").get(address)
    sign_in("rinas.border_officer").get(f"/notices/{notice_id}", status=404)
    assert [line.id for line in store.expected(by=desks.rinas)] == []
    assert [line.id for line in store.expected(by=factories.actor("durres.border_officer"))] == [other]
    assert opened(other, desks.authority) == WHO
    clock.set_clock(lambda: NOON + timedelta(days=1))
    assert said in sign_in("rinas.border_officer").get("/?lang=en")
    clock.set_clock(lambda: NOON + timedelta(days=2))
    assert said not in sign_in("rinas.border_officer").get("/?lang=en")
