"""A link code ties a number of the police to a witness at the prosecution, and gives the police nothing."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import func, select

from nrm import clock
from nrm.actions.shelter import cases, consents
from nrm.actions.support import link_codes
from nrm.db import db, transaction
from nrm.domain.accounts.accounts import Actor, NotPermitted, NotVisible
from nrm.domain.accounts.failed_attempts import TooSoon
from nrm.domain.shelter.consents import Answer, Asking, Ended, Said, Topic
from nrm.domain.support.link_codes import (
    LinkRefused,
    MistypedCode,
    MistypedNumber,
    NotValid,
    new_code,
    parse_code,
)
from nrm.models.audit import AuditEntry
from nrm.models.shelter.cases import Case, SealedCompartment, ShredKey
from nrm.models.support.link_codes import LinkCode, LinkNumber
from nrm.steps.shelter import consent_records, erasures
from nrm.store.shelter import consents as consent_store
from tests import factories
from tests.conftest import Person
from tests.factories_referrals import organisation
from tests.integration.support.test_hearings import witness

LIAISON, POLICE = "prosecution.witness_liaison", "state_police.identification_officer"
NUMBER = "1234/2026-KZ"
UNKNOWN = "2345-6789-CDFH-JKMN"
SignIn = Callable[[str], Person]


@pytest.fixture
def vatra(app: Flask) -> Actor:
    assert app
    return factories.actor("vatra.case_worker")


def says(case_id: uuid.UUID, said: Said, by: Actor) -> None:
    how = Asking("returnee-1", "sq", "nobody")
    consents.ask(case_id=case_id, answers=[Answer(Topic.LINK, said)], asking=how, by=by)


def linked(by: Actor) -> tuple[uuid.UUID, str]:
    """A witness who said yes, and the code."""
    case_id = witness(by)
    liaison = factories.actor(LIAISON)
    says(case_id, Said.GIVEN, by)
    link_codes.make(case_id=case_id, by=liaison)
    found = link_codes.link(case_id=case_id, by=liaison)
    assert found is not None
    return case_id, found.code


def is_gone() -> bool:
    """Whether nothing of a link is left, in rows or keys."""
    of_links = ("link", "link_number")
    rows = [db.session.scalar(select(func.count()).select_from(each)) for each in (LinkCode, LinkNumber)]
    sealed = select(func.count()).select_from(SealedCompartment).where(SealedCompartment.compartment.in_(of_links))
    rows.append(db.session.scalar(sealed))
    db.session.rollback()
    with db.engines["shred"].connect() as connection:
        keys = select(func.count()).select_from(ShredKey).where(ShredKey.compartment.in_(of_links))
        rows.append(connection.scalar(keys))
    return rows == [0, 0, 0, 0]


def test_a_code_is_read_however_it_is_typed_and_nothing_else_is() -> None:
    code = new_code(bytes(range(24)))
    assert parse_code(code.lower().replace("-", " ")) == code
    for wrong in ("", code[:-1], code + "2", code[:-1] + "O", "K7QM-4T2X-9"):
        with pytest.raises(MistypedCode):
            parse_code(wrong)
    with pytest.raises(ValueError, match="24 random bytes"):
        new_code(bytes(16))


def test_only_a_yes_makes_a_code_and_the_prosecution_alone_reads_what_is_tied(vatra: Actor) -> None:
    liaison, police = factories.actor(LIAISON), factories.actor(POLICE)
    case_id = witness(vatra)
    with pytest.raises(LinkRefused, match="no_yes"):
        link_codes.make(case_id=case_id, by=liaison)
    says(case_id, Said.REFUSED, vatra)
    with pytest.raises(LinkRefused, match="no_yes"):
        link_codes.make(case_id=case_id, by=liaison)
    says(case_id, Said.GIVEN, vatra)
    link_codes.make(case_id=case_id, by=liaison)
    with pytest.raises(LinkRefused, match="stands"):
        link_codes.make(case_id=case_id, by=liaison)
    found = link_codes.link(case_id=case_id, by=liaison)
    assert found is not None
    assert found.numbers == []
    for name in ("Elira Hoxha 44/2026", "Elira 44/2026", "wrong", "44 Elira", "", "4" * 41):
        with pytest.raises(MistypedNumber):
            link_codes.tie(code=found.code, number=name, by=police)
    link_codes.tie(code=found.code, number="PP 1/2026", by=police)
    link_codes.tie(code=found.code, number=NUMBER, by=police)  # a number is added, and none is changed
    found = link_codes.link(case_id=case_id, by=liaison)
    assert found is not None
    assert [number for number, _, _ in found.numbers] == ["PP 1/2026", NUMBER]
    # A wrong one is removed by the prosecution, and by nobody else.
    wrong = found.numbers[0][2]
    for login in ("vatra.case_worker", POLICE, "ra.duty_officer"):
        with pytest.raises((NotPermitted, NotVisible)):
            link_codes.remove_number(case_id=case_id, number_id=wrong, by=factories.actor(login))
    with pytest.raises(NotVisible):
        link_codes.remove_number(case_id=case_id, number_id=uuid.uuid4(), by=liaison)
    link_codes.remove_number(case_id=case_id, number_id=wrong, by=liaison)
    found = link_codes.link(case_id=case_id, by=liaison)
    assert found is not None
    assert [number for number, _, _ in found.numbers] == [NUMBER]
    # Nobody else makes, reads or ties one: the holder, other police, the ministry, the duty desk.
    for login in ("vatra.case_worker", POLICE, "oms.monitor", "molsa.statistician", "ra.duty_officer"):
        for act in (link_codes.make, link_codes.link):
            with pytest.raises((NotPermitted, NotVisible)):
                act(case_id=case_id, by=factories.actor(login))  # type: ignore[operator]
    for login in (LIAISON, "vatra.case_worker", "ra.identification_officer", "child_protection.identification_officer"):
        with pytest.raises((NotPermitted, NotVisible)):
            link_codes.tie(code=found.code, number=NUMBER, by=factories.actor(login))


def test_a_stolen_main_database_ties_no_number_to_a_case_and_tells_no_code(vatra: Actor) -> None:
    case_id, code = linked(vatra)
    link_codes.tie(code=code, number=NUMBER, by=factories.actor(POLICE))
    whose = {case_id.hex, str(case_id), db.session.get_one(Case, case_id).pseudonym}
    [link] = db.session.scalars(select(LinkCode)).all()
    [number] = db.session.scalars(select(LinkNumber)).all()
    ids = {each for row in (link, number) for each in (row.id.hex, str(row.id))}
    for table in db.metadatas[None].sorted_tables:
        for row in db.session.execute(select(table)).all():
            said = repr(tuple(row))
            assert NUMBER not in said, table.name
            assert code not in said, table.name
            if any(each in said for each in ids):
                assert not [each for each in whose if each in said], table.name
    # The chain has the hour, and therefore neither the case nor the link.
    entries = db.session.scalars(select(AuditEntry).where(AuditEntry.event.like("link_%"))).all()
    assert [each.event for each in entries] == ["link_made", "link_tied"]
    assert not [each for entry in entries for each in (*ids, *whose) if each in repr(entry.__dict__)]


@pytest.mark.parametrize("how", ["no", "withdrawn", "share", "everything", "closed", "lapsed"])
def test_what_ends_the_yes_ends_the_code_and_all_that_is_tied_to_it(vatra: Actor, how: str) -> None:
    case_id, code = linked(vatra)
    police = factories.actor(POLICE)
    link_codes.tie(code=code, number=NUMBER, by=police)
    if how == "no":
        says(case_id, Said.REFUSED, vatra)
    elif how == "withdrawn":
        consents.withdraw(case_id=case_id, what=Topic.LINK, by=vatra)
    elif how == "share":
        cases.end_share(case_id=case_id, organisation_id=organisation("PROSECUTION"), by=vatra)
    elif how == "lapsed":
        now = clock.now()
        clock.set_clock(lambda: now + timedelta(days=400))
        consents.lapse(by=consents.TEND)
    else:
        ends = consent_records.end_with_case if how == "closed" else consent_records.end_all
        with transaction() as session:
            ends(session, case_id, vatra)
        erasures.carry_out()
    assert is_gone()
    with pytest.raises(NotValid):
        link_codes.tie(code=code, number=NUMBER, by=police)
    held = [each for each in consent_store.of_case(case_id, by=vatra) if each.topic is Topic.LINK]
    assert how == "share" or any(each.ended in set(Ended) or each.said is Said.REFUSED for each in held)


def test_asking_again_with_a_yes_keeps_the_code(vatra: Actor) -> None:
    case_id, code = linked(vatra)
    says(case_id, Said.GIVEN, vatra)
    link_codes.tie(code=code, number=NUMBER, by=factories.actor(POLICE))
    found = link_codes.link(case_id=case_id, by=factories.actor(LIAISON))
    assert found is not None
    assert [number for number, _, _ in found.numbers] == [NUMBER]


@pytest.mark.slow
def test_the_police_see_one_answer_and_have_ten_tries_an_hour(vatra: Actor, sign_in: SignIn) -> None:
    case_id, code = linked(vatra)
    pseudonym = db.session.get_one(Case, case_id).pseudonym
    police, liaison = sign_in(POLICE), sign_in(LIAISON)
    assert "/link" in police.get("/")
    police.post("/link", {"code": "ABC", "number": NUMBER}, 422)
    police.post("/link", {"code": code, "number": ""}, 422)
    assert "vetëm numrin" in police.post("/link", {"code": code, "number": "Elira Hoxha 44/2026"}, 422)
    police.post("/link", {"code": code.lower(), "number": NUMBER})
    page = police.get("/link?tied=yes")
    assert "Prokuroria e sheh tani numrin tuaj" in page
    for each in (pseudonym, str(case_id), "Vatra", "VATRA", NUMBER):
        assert each not in page
    assert NUMBER in liaison.get(f"/cases/{case_id}/link")
    assert code in liaison.get(f"/cases/{case_id}/link")
    police.post("/link", {"code": code, "number": "ZZ 9/2026"})
    [remove] = re.findall(
        r'href="([^"]+/remove)"[^>]*>[^<]*<span class="vh">: ZZ', liaison.get(f"/cases/{case_id}/link")
    )
    assert "ZZ 9/2026" in liaison.get(remove)
    liaison.post(remove)
    liaison.get(remove, 404)
    assert "ZZ 9/2026" not in liaison.get(f"/cases/{case_id}/link")
    unknown = police.post("/link", {"code": UNKNOWN, "number": NUMBER}, 422)
    consents.withdraw(case_id=case_id, what=Topic.LINK, by=vatra)
    withdrawn = police.post("/link", {"code": code, "number": NUMBER}, 422)
    assert "Ky kod lidhjeje nuk vlen, ose nuk vlen më" in withdrawn
    assert withdrawn.replace(code, UNKNOWN) == unknown
    assert NUMBER not in liaison.get(f"/cases/{case_id}/link")
    for _ in range(8):
        police.post("/link", {"code": UNKNOWN, "number": NUMBER}, 422)
    police.post("/link", {"code": UNKNOWN, "number": NUMBER}, 429)
    with pytest.raises(TooSoon):
        link_codes.tie(code=UNKNOWN, number=NUMBER, by=factories.actor(POLICE))
    # Of other desks nobody comes here, and the police nowhere else.
    for login, status in (("ra.identification_officer", 404), (LIAISON, 403), ("vatra.case_worker", 403)):
        sign_in(login).get("/link", status)
    for path in (f"/cases/{case_id}/link", f"/cases/{case_id}/testimony", "/hearings", "/witnesses"):
        police.get(path, 403)


@pytest.mark.slow
def test_the_shelter_asks_and_the_liaison_makes_the_code_on_pages(vatra: Actor, sign_in: SignIn) -> None:
    case_id = witness(vatra)
    shelter, liaison = sign_in("vatra.case_worker"), sign_in(LIAISON)
    link, ask = f"/cases/{case_id}/link", f"/cases/{case_id}/consents/link"
    assert "Qendra e pyet personin" in liaison.get(link)
    liaison.post(link, status=409)
    assert f'href="{ask}"' in shelter.get(f"/cases/{case_id}/consents")
    shelter.get(ask)
    shelter.post(ask, {}, 422)
    shelter.post(
        ask, {"link": "yes", "language": "shqip", "interpreter": "nobody", "stands": in_page(shelter.get(ask))}
    )
    assert "Kod lidhjeje për policinë" in shelter.get(f"/cases/{case_id}/consents")
    liaison.post(link)
    liaison.post(link, status=409)
    assert "Numrat e policisë" in liaison.get(link)
    shelter.get(link, 403)
    liaison.get(ask, 404)
    sign_in("nrc.case_worker").get(ask, 404)


@pytest.mark.slow
def test_a_no_that_destroys_a_code_is_asked_once_more_and_an_old_page_is_refused(vatra: Actor, sign_in: SignIn) -> None:
    case_id, code = linked(vatra)
    link_codes.tie(code=code, number="PP 12/2026", by=factories.actor(POLICE))
    shelter, ask = sign_in("vatra.case_worker"), f"/cases/{case_id}/consents/link"
    how = {"language": "shqip", "interpreter": "nobody"}
    page = shelter.get(f"{ask}?lang=en")
    assert "There is a code, and the police tied the number of a case to it." in page
    seen = {"stands": in_page(page)}
    assert "tick that the person says no all the same" in shelter.post(
        f"{ask}?lang=en", {"link": "no", **how, **seen}, 422
    )
    # Of an old page nothing is taken, neither a no nor a yes, and it says what stands now.
    for said in ("no", "yes"):
        page = shelter.post(f"{ask}?lang=en", {"link": said, "sure": "y", **how, "stands": ".0.0"}, 409)
        assert "since you opened the page" in page
        assert "The person said yes on" in page
    assert link_codes.link(case_id=case_id, by=factories.actor(LIAISON)) is not None
    shelter.post(ask, {"link": "no", "sure": "y", **how, **seen})
    db.session.rollback()  # what was read before is old
    assert is_gone()
    assert "The person said no on" in shelter.get(f"{ask}?lang=en")


@pytest.mark.slow
def test_the_liaison_voids_a_code_that_went_to_the_wrong_officer_and_makes_another(
    vatra: Actor, sign_in: SignIn
) -> None:
    case_id, code = linked(vatra)
    liaison, path = sign_in(LIAISON), f"/cases/{case_id}/link"
    sign_in("vatra.case_worker").post(f"{path}/void", status=403)
    assert f'href="{path}/void"' in liaison.get(path)
    liaison.get(f"{path}/void")
    liaison.post(f"{path}/void")
    liaison.get(f"{path}/void", 404)
    db.session.rollback()  # what was read before is old
    assert is_gone()
    with pytest.raises(NotValid):
        link_codes.tie(code=code, number="PP 12/2026", by=factories.actor(POLICE))
    liaison.post(path)
    found = link_codes.link(case_id=case_id, by=factories.actor(LIAISON))
    assert found is not None
    assert found.code != code


def in_page(page: str) -> str:
    """How a link code stood when the page was shown."""
    found = re.search(r'name="stands" value="([^"]*)"', page)
    assert found is not None
    return found[1]
