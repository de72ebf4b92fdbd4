"""What every other desk learns of the people of one shelter: nothing but what its own part in a case gives it."""

from __future__ import annotations

import io
import uuid
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pypdf
import pytest
from flask import Flask
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from nrm import clock, db
from nrm.actions.referrals import next_receiver, referrals
from nrm.actions.shelter import absences, away, direct_intake, house_labels, key_workers, units
from nrm.domain.accounts.accounts import Role
from nrm.domain.quarters import Quarter
from nrm.domain.referrals.referrals import OverrideReason
from nrm.domain.shelter.absences import Feared
from nrm.domain.shelter.cases import parse_pseudonym
from nrm.domain.shelter.consents import ByName
from nrm.domain.shelter.key_workers import Place
from nrm.models.accounts.accounts import Member
from nrm.store import days
from nrm.store.rows.shelter import findings as finding_rows
from nrm.store.shelter import places as place_store
from tests import factories
from tests.conftest import Person, once
from tests.factories_referrals import HAND_OVER, bed, organisation
from tests.factories_stays import ALBANIAN, CHILD, MOLDOVAN, may_go
from tests.invariants.test_routes import ACCESS, SLOW, reaches
from tests.world import World

PEOPLE = {"resident": ALBANIAN, "missing": ALBANIAN, "away": MOLDOVAN, "moves": ALBANIAN, "child": CHILD}
NICKNAME, ROOM, UNIT, PLACES = "Zogu i Natës", "Dhoma nën kulm", "Krahu Vjollcë", "QXV"
WORKER, SHELTER = "Agnesa Kyçi", "Vatra"


@dataclass(frozen=True)
class House:
    """Five people of Vatra. `ids`: person -> name of an id in an address -> the id; `codes`: of their cases."""

    codes: dict[str, str] = field(default_factory=dict)
    ids: dict[str, dict[str, uuid.UUID]] = field(default_factory=dict)


def _build() -> House:
    manager, worker = factories.actor("vatra.shelter_manager"), factories.actor("vatra.case_worker")
    assert worker.member_id is not None
    with db.transaction() as session:
        session.get_one(Member, worker.member_id).name = WORKER
    unit_id = units.add(
        label=UNIT, for_whom="women", name=f"{PLACES}1", number=len(PEOPLE), there_already=True, by=manager
    )
    places = [line.id for line in place_store.places(by=manager) if line.unit_id == unit_id]
    today, house = days.today(), House()
    for (name, person), place_id in zip(PEOPLE.items(), places, strict=True):
        opened = direct_intake.open_case(
            case=person,
            place_id=place_id,
            admitted_on=today - timedelta(days=5),
            anticipated_end_on=today + timedelta(days=30),
            by=worker,
        )
        key_workers.appoint(case_id=opened.case_id, place=Place.KEY, member_id=worker.member_id, by=manager)
        house_labels.write(case_id=opened.case_id, nickname=NICKNAME, room=ROOM, by=worker)
        house.codes[name] = opened.pseudonym
        ids = {"case_id": opened.case_id, "stay_id": opened.stay_id, "place_id": place_id, "unit_id": unit_id}
        house.ids[name] = ids
    case = {name: ids["case_id"] for name, ids in house.ids.items()}
    since = clock.now() - timedelta(hours=3)
    house.ids["missing"]["missing_id"] = absences.report(
        case_id=case["missing"], since=since, feared=Feared.YES, by=worker
    )
    house.ids["away"]["away_id"] = away.record(
        stay_id=house.ids["away"]["stay_id"],
        since_on=today,
        expected_on=today + timedelta(days=3),
        reason=ROOM,
        by=worker,
    )
    house.ids["child"]["household_id"] = may_go(case["child"])
    assert finding_rows.households(case["child"])
    nrc = factories.actor("nrc.case_worker")
    referral_id = next_receiver.refer(
        case_id=case["moves"],
        receiver_id=organisation("NRC"),
        reason=OverrideReason.PERSON_WISHES,
        by_name=ByName.YES,
        hand_over=HAND_OVER,
        by=worker,
    )
    referrals.accept(referral_id=referral_id, place_id=bed("NRC", 6), by=nrc)
    return house


@pytest.fixture(scope="module")
def house_template(world_template: tuple[Path, World], tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, House]:
    """The world with these people in it: made once, and only read."""

    def make(folder: Path) -> House:
        with factories.copy_instance(world_template[0], folder).app_context():
            house = _build()
            db.disconnect()
        return house

    return once(tmp_path_factory, "house", make)


@pytest.fixture(scope="module")
def house_app(
    house_template: tuple[Path, House], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Flask, House]]:
    """One copy for all desks: they only read."""
    app = factories.copy_instance(house_template[0], tmp_path_factory.mktemp("desks") / "house")
    with app.app_context():
        yield app, house_template[1]
        db.disconnect()


NOBODY: frozenset[str] = frozenset()
# Whose code a desk may see, because it was asked or told. Who of them is in which shelter it learns as well only where
# it is named in the second table.
DESKS = {
    "iom.shelter_manager": NOBODY,
    "tjeter_vizion.case_worker": NOBODY,
    "nrc.case_worker": frozenset({"moves"}),
    "rinas.border_officer": NOBODY,
    "durres.border_officer": NOBODY,
    "molsa.statistician": NOBODY,
    "molsa.payment_officer": NOBODY,
    "mopo.focal_point": NOBODY,
    "oms.reader": NOBODY,
    "oms.monitor": NOBODY,
    "trp_unit.trp_officer": NOBODY,  # she from abroad has not applied
    "prosecution.witness_liaison": NOBODY,
    "state_police.identification_officer": NOBODY,
    "child_protection.child_protection_officer": frozenset({"child"}),
    "consular.consular_officer": NOBODY,
    "helpline.helpline_operator": NOBODY,
    "administrator": NOBODY,
    "ra.duty_officer": frozenset(PEOPLE),
}
LEARNS_WHERE = {"nrc.case_worker", "child_protection.child_protection_officer", "ra.duty_officer"}


def _rules(app: Flask) -> list[Rule]:
    return [rule for rule in app.url_map.iter_rules() if "GET" in (rule.methods or ()) and rule.endpoint not in SLOW]


def _of_the_shelter(app: Flask, rule: Rule) -> bool:
    return app.view_functions[rule.endpoint].__module__.startswith("nrm.web.shelter")


def _about(app: Flask, house: House, name: str) -> Iterator[tuple[str, str]]:
    """(endpoint, address) of every page of the shelter that is about this person, their stay, place or alarm."""
    for rule in _rules(app):
        ids = house.ids[name]
        if _of_the_shelter(app, rule) and rule.arguments & ids.keys():
            other = {"compartment": "care", "place": "key", "months": 3, "step": "assessed", "ending": "csv"}
            given = {each: ids.get(each, other.get(each, uuid.uuid4())) for each in rule.arguments}
            yield rule.endpoint, app.url_for(rule.endpoint, **given)


def _lists(app: Flask) -> Iterator[tuple[str, str]]:
    """(endpoint, address) of every page and file of the program that is about nobody in particular."""
    quarter = Quarter.of(days.today()).previous
    given = {"report": "ix", "quarter": str(quarter), "year": quarter.year, "ending": "csv", "number": 1}
    for rule in _rules(app):
        if rule.arguments <= given.keys():
            yield rule.endpoint, app.url_for(rule.endpoint, **{each: given[each] for each in rule.arguments})


def _text(answer: TestResponse) -> str:
    """What somebody reads in a page or in a file."""
    if answer.data.startswith(b"%PDF"):
        return "\n".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(answer.data)).pages)
    if answer.data.startswith(b"PK"):
        with zipfile.ZipFile(io.BytesIO(answer.data)) as parts:
            return "\n".join(parts.read(name).decode("utf-8", "replace") for name in parts.namelist())
    return answer.text


@pytest.mark.slow
@pytest.mark.parametrize("login", DESKS)
def test_a_desk_sees_of_the_people_of_a_house_what_its_part_gives_it(
    house_app: tuple[Flask, House], login: str
) -> None:
    app, house = house_app
    role = Role(login.partition(".")[2] or login)
    person = Person(app.test_client(), login)
    with app.test_request_context():
        asked = [each for name in PEOPLE.keys() - DESKS[login] for each in _about(app, house, name)]
        lists = [*_lists(app)]
    for endpoint, address in asked:
        if reaches(role, ACCESS[endpoint]):  # the others are refused at the door, as docs/access.md says
            assert person.client.get(address).status_code == 404, (endpoint, address)
    hidden = {house.codes[name] for name in PEOPLE.keys() - DESKS[login]}
    told = {house.codes[name] for name in DESKS[login]}
    for endpoint, address in lists:
        if not reaches(role, ACCESS[endpoint]):
            continue
        page = _text(person.client.get(address))
        # The administrator keeps the accounts, and learns of nobody who is whose key worker.
        names = () if login == "administrator" else (WORKER,)
        for words in (*hidden, NICKNAME, ROOM, UNIT, PLACES, *names):
            assert words not in page, (endpoint, words)
        if any(code in page for code in told):
            assert login in LEARNS_WHERE or SHELTER not in page, endpoint
    if reaches(role, ACCESS["cases.find"]):
        for code in hidden:
            assert parse_pseudonym(code) == code
            person.post("/cases/find", {"code": code}, 422)


def test_who_works_in_the_house_sees_all_of_them_there(house_app: tuple[Flask, House]) -> None:
    """What the other test looks for can be found."""
    app, house = house_app
    person = Person(app.test_client(), "vatra.shelter_manager")
    seen = "".join(person.get(page) for page in ("/", "/cases", "/stays", "/beds", "/beds/list", "/key-workers"))
    for words in (*house.codes.values(), UNIT, PLACES, WORKER):
        assert words in seen, words
    with app.test_request_context():
        pages = [*_about(app, house, "resident")]
    assert len(pages) > 40
    found = [person.client.get(address).status_code for _, address in pages]
    assert sum(status == 200 for status in found) > 20
