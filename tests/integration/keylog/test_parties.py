"""Who takes part in the agreement and who does no more, signed by the coordinator and the Responsible Authority."""

from __future__ import annotations

import uuid
from datetime import datetime, time, timedelta

import pytest
from flask import Flask
from sqlalchemy import delete, func, select, update

from nrm import clock, countries, crypto
from nrm.actions.accounts import accounts
from nrm.actions.accounts import key_log as actions
from nrm.actions.agreement import parties
from nrm.db import db, transaction
from nrm.domain.accounts.accounts import NotPermitted, NotVisible
from nrm.domain.accounts.key_log_entries import EntryKind, PartyState, hour_of
from nrm.domain.agreement.parties import PartyRefusal, PartyRefused
from nrm.models.accounts.accounts import Member, Organisation
from nrm.models.accounts.key_log import KeyLogEntry
from nrm.models.shelter.cases import Case
from nrm.store.countries import country
from nrm.vault import grants
from nrm.vault.keylog import belief, log
from nrm.vault.keyrings import Disagrees
from tests import factories
from tests import factories_agreements as texts
from tests.conftest import Person

DESK = "ra.duty_officer"


def organisation(code: str) -> uuid.UUID:
    db.session.rollback()
    return db.session.scalars(select(Organisation.id).where(Organisation.code == code)).one()


def state_of(code: str) -> str:
    return log.state(db.session).organisations[organisation(code)].party_state


def waiting() -> str:
    """The address of the proposal that waits."""
    (found,) = log.state(db.session).open_proposals(hour_of(clock.now()))
    assert found.kind is EntryKind.PARTY
    return f"/key-log/{found.digest.hex()}"


def without(code: str, shelter: str = "") -> None:
    """A signed version in which that party is bound until tomorrow; the clock stands after it."""
    until = texts.today() + timedelta(days=11)
    version = texts.opened(texts.draft("2027", None, (f'code = "{code}"\n', f'code = "{code}"\nuntil = {until}\n')))
    texts.sign_all(version)
    local = datetime.combine(until + timedelta(days=1), time(9), country().timezone)
    clock.set_clock(lambda: local)


def refused(reason: PartyRefusal, act: object, code: str) -> None:
    with pytest.raises(PartyRefused) as raised:
        act(organisation_id=organisation(code), by=factories.actor(texts.COORDINATOR))  # type: ignore[operator]
    assert raised.value.reason is reason


def test_the_coordinator_and_one_of_the_authority_say_that_a_party_takes_part(app: Flask) -> None:
    coordinator, desk = Person(app.test_client(), texts.COORDINATOR), Person(app.test_client(), DESK)
    vatra = organisation("VATRA")
    # Nothing is offered for parties that take part already: it was pressed, and asked others for what stands.
    page = coordinator.get("/parties?lang=en")
    assert "Propose: it takes part" not in page
    assert "Propose: strike it off" not in page
    coordinator.post(f"/parties/{vatra}/open")
    assert state_of("VATRA") == ""
    assert "Waits for the Responsible Authority" in coordinator.get("/parties?lang=en")
    coordinator.post(f"/parties/{vatra}/open", {}, 409)  # they have signed
    page = desk.get(f"{waiting()}?lang=en")
    digest = crypto.digest(countries.text_of_file(countries.load("albania"), "2005").encode())
    assert "takes part" in page and digest.hex() in page  # noqa: PT018
    for login in ("vatra.case_worker", "nrc.shelter_manager", "administrator"):
        Person(app.test_client(), login).get(waiting(), 404)
    desk.post(f"{waiting()}/agree", {"compared": "y"})
    known = log.state(db.session).organisations[vatra]
    assert (known.party_state, known.party_agreement) == (PartyState.OPENED, digest)
    refused(PartyRefusal.SAID, parties.open_party, "VATRA")
    # The file of the verified state has it, too.
    log.store()
    app.extensions.pop("nrm.keylog")
    assert log.state(db.session).organisations[vatra] == known


def test_nobody_else_says_who_takes_part(app: Flask) -> None:
    vatra = organisation("VATRA")
    for login in (DESK, "vatra.shelter_manager", "administrator", "molsa.statistician"):
        with pytest.raises(NotPermitted):
            parties.open_party(organisation_id=vatra, by=factories.actor(login))
        Person(app.test_client(), login).get("/parties", 403)
        Person(app.test_client(), login).get(f"/parties/{vatra}/strike-off", 403)
        Person(app.test_client(), login).post(f"/parties/{vatra}/strike-off", {}, 403)
    Person(app.test_client(), texts.COORDINATOR).get(f"/parties/{organisation('MOLSA')}/strike-off", 404)
    with pytest.raises(NotVisible):
        parties.open_party(organisation_id=organisation("MOLSA"), by=factories.actor(texts.COORDINATOR))
    # Who is coordinator in a row alone signs nothing: they are what the log says.
    with transaction() as session:
        session.execute(update(Member).where(Member.login == "molsa.reader").values(role="coordinator"))
    with pytest.raises(NotPermitted):
        parties.open_party(organisation_id=vatra, by=factories.actor("molsa.reader"))


def test_a_party_that_is_bound_or_holds_somebody_is_not_struck_off(app: Flask) -> None:
    refused(PartyRefusal.STILL_BOUND, parties.strike_off, "NRC")
    without("NRC")
    refused(PartyRefusal.NOT_BOUND, parties.open_party, "NRC")
    case = Case(
        pseudonym="K-1",
        status="open",
        source="shelter",
        opened_by_id=organisation("NRC"),
        holder_id=organisation("NRC"),
        registered_month=texts.today().replace(day=1),
        questionnaire="returnee-1",
        age_class="adult",
        age_band="18_20",
        gender="female",
        citizenship="AL",
        citizenship_class="home",
        exploited_in="IT",
        consent="given",
        facts={},
    )
    with transaction() as session:
        session.add(case)
    # The coordinator, of a ministry, does not learn whether somebody is there: it waits for who may know.
    assert not parties.strike_off(organisation_id=organisation("NRC"), by=factories.actor(texts.COORDINATOR))
    desk = Person(app.test_client(), DESK)
    assert "has open cases" in desk.post(f"{waiting()}/agree?lang=en", {"compared": "y"}, 409)
    assert state_of("NRC") == ""
    case_id = db.session.scalars(select(Case.id).where(Case.pseudonym == "K-1")).one()
    with transaction() as session:
        session.execute(update(Case).where(Case.id == case_id).values(status="closed"))
    desk.post(f"{waiting()}/agree", {"compared": "y"})
    assert state_of("NRC") == PartyState.STRUCK_OFF


def test_striking_off_has_a_page_that_says_what_follows_before_anything_is_signed(app: Flask) -> None:
    without("NRC")
    coordinator = Person(app.test_client(), texts.COORDINATOR)
    address = f"/parties/{organisation('NRC')}/strike-off"
    assert f'href="{address}"' in coordinator.get("/parties?lang=en")
    page = coordinator.get(f"{address}?lang=en")
    assert "National Reception Centre" in page
    assert "its people cannot sign in" in page
    assert log.state(db.session).open_proposals(hour_of(clock.now())) == []
    coordinator.post(address, {}, 303)
    assert waiting()
    assert f'href="{address}"' not in coordinator.get("/parties?lang=en")
    coordinator.post(address, {}, 409)


def test_who_is_struck_off_is_sealed_nothing_and_opens_nothing(app: Flask) -> None:
    code = "TJETER_VIZION"
    me, keyring = Person(app.test_client(), "tjeter_vizion.case_worker"), organisation(code)
    without(code)
    assert not parties.strike_off(organisation_id=keyring, by=factories.actor(texts.COORDINATOR))
    me = Person(app.test_client(), "tjeter_vizion.case_worker")
    me.get("/")  # one hand alone changes nothing
    with transaction() as session:
        assert grants.recipients(session, [keyring])
    assert actions.agree(proposal=bytes.fromhex(waiting().rpartition("/")[2]), by=factories.actor(DESK))
    assert state_of(code) == PartyState.STRUCK_OFF
    with pytest.raises(Disagrees), transaction() as session:
        grants.recipients(session, [keyring])
    assert me.client.get("/").status_code == 303
    cookie = accounts.sign_in(login="tjeter_vizion.case_worker", password=factories.PASSWORD)
    assert accounts.resume(cookie) is None
    refused(PartyRefusal.SAID, parties.strike_off, code)
    # Where a version in force names it, it can be proposed that it takes part: for it alone.
    local = clock.now() - timedelta(days=2)
    clock.set_clock(lambda: local)
    page = Person(app.test_client(), texts.COORDINATOR).get("/parties?lang=en")
    assert page.count("Propose: it takes part<") == 1


def test_a_party_that_nobody_vouched_for_is_founded_first(app: Flask) -> None:
    made = Organisation(
        id=uuid.uuid4(),
        code="NEW",
        kind="ngo_shelter",
        party="VATRA",
        crossing_point="",
        names={"sq": "E re", "en": "New"},
    )
    with transaction() as session:
        session.add(made)
    refused(PartyRefusal.NOT_FOUNDED, parties.open_party, "NEW")
    assert "nobody vouched for it yet" in Person(app.test_client(), texts.COORDINATOR).get("/parties?lang=en")


def test_a_new_name_of_an_organisation_is_signed_by_its_people(app: Flask) -> None:
    """`nrm upgrade` renames the row; that it is theirs only they can say."""
    nrc = organisation("NRC")
    with transaction() as session:
        session.execute(
            update(Organisation).where(Organisation.id == nrc).values(names={"sq": "Qendra", "en": "Another Centre"})
        )
    me, desk = Person(app.test_client(), "nrc.case_worker"), Person(app.test_client(), DESK)
    assert "Nobody of it has signed its present name yet" in desk.get("/key-log/organisations?lang=en")
    assert "Sign this name" not in Person(app.test_client(), "vatra.case_worker").get("/key-log?lang=en")
    assert "Another Centre" in me.get("/key-log?lang=en")
    before = log.state(db.session).organisations[nrc].names_digest
    me.post("/key-log/name")
    assert log.state(db.session).organisations[nrc].names_digest != before
    assert "Sign this name" not in me.get("/key-log?lang=en")
    assert "Nobody of it has signed" not in desk.get("/key-log/organisations?lang=en")
    number = log.state(db.session).number
    me.post("/key-log/name")  # nothing to sign any more
    assert log.state(db.session).number == number


def test_the_duty_desk_sees_who_is_not_vouched_for_and_nobody_else_does(app: Flask) -> None:
    for login in ("nrc.case_worker", "rinas.border_officer", "administrator", "ra.identification_officer"):
        Person(app.test_client(), login).get("/key-log/organisations", 403)
    page = Person(app.test_client(), DESK).get("/key-log/organisations?lang=en")
    assert "vouched for since" in page and "not vouched" not in page  # noqa: PT018
    factories.without_key_log(app)
    with transaction() as session:
        assert belief.freeze(session)
    desk = Person(app.test_client(), DESK)
    page = desk.get("/key-log/organisations?lang=en")
    assert "not vouched for yet: 60 days" in page and "vouched for since" not in page  # noqa: PT018
    factories.later(days=59)
    assert "not vouched for yet: 1 day" in Person(app.test_client(), DESK).get("/key-log/organisations?lang=en")
    factories.later(days=2)
    page = Person(app.test_client(), DESK).get("/key-log/organisations?lang=en")
    assert "not vouched for: it is asked nothing" in page and "1 day" not in page  # noqa: PT018


def test_a_log_that_is_wrong_is_said_in_place_of_the_pages(app: Flask) -> None:
    people = {login: Person(app.test_client(), login) for login in (DESK, texts.COORDINATOR)}
    with transaction() as session:
        session.execute(
            delete(KeyLogEntry).where(KeyLogEntry.number == select(func.max(KeyLogEntry.number)).scalar_subquery())
        )
    for login, path in ((DESK, "/key-log"), (DESK, "/key-log/organisations"), (texts.COORDINATOR, "/parties")):
        assert "nothing is signed before it is put right" in people[login].get(f"{path}?lang=en", 409)
