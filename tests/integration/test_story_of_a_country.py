"""The main way through the mechanism, in every country: from a crossing point to a shelter, and into report ix.

Every code is taken from the country's files: what the story says is said of no country (ADR 0142).
"""

from __future__ import annotations

import io
import tomllib
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pypdf
import pytest
from flask import Flask

from nrm import clock, parsing
from nrm.actions.interviews import interview_sending
from nrm.actions.referrals import proposals, referrals
from nrm.actions.shelter import stays
from nrm.countries import FOLDER
from nrm.db import db, disconnect
from nrm.domain.accounts.accounts import Actor, OrganisationKind, Role
from nrm.domain.quarters import Quarter
from nrm.domain.shelter.permits import GateClosed, PermitFacts, check_repatriation
from nrm.models.referrals.referrals import Referral
from nrm.models.shelter.cases import Case
from nrm.models.shelter.stays import Stay
from nrm.store.countries import country
from nrm.store.reports import counting, crossing_counting
from nrm.store.reports import reports as report_store
from tests import accommodated, country_files, factories
from tests import factories_interviews as interviews
from tests import factories_referrals as people
from tests.conftest import CLOSED, CLOSED_ON, Person, only_the_first, papers

COUNTING = Actor.system("release")
SHIPPED = sorted(file.parent.name for file in FOLDER.glob("*/country.toml"))


@pytest.fixture(scope="module", params=[*SHIPPED, "third"])
def anywhere(
    request: pytest.FixtureRequest, template: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Flask]:
    """A populated instance of each shipped country, and of one that only its folder knows."""
    place = tmp_path_factory.mktemp(request.param)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(parsing, "toml", tomllib.loads)  # apart, it would take a process a file
        if request.param == "albania":
            app = factories.copy_instance(template, place / "made")
        elif request.param == "third":
            app = country_files.populated(place, "third", country_files.third(place / "data"))
        else:
            app = country_files.populated(place, request.param, FOLDER / request.param)
        with app.app_context():
            yield app
            disconnect()
    clock.set_clock(None)


def works(code: str, role: Role) -> Actor:
    """Somebody of an organisation, signed in."""
    return factories.actor(factories.login_of(code, role))


def code_of(question: str, meaning: str) -> str:
    """The answer of the country's questionnaire that stands for a code of the mechanism."""
    (asked,) = country().questionnaires.values()
    return next(each.code for each in asked.questions[question].options if each.stands_for == meaning)


def interviewed(post: str, meaning: str, citizenship: str) -> interview_sending.Sent:
    """An adult woman at a crossing point, sent to whom the country's agreement names first."""
    officer = works(post, Role.BORDER_OFFICER)
    answers = {
        "language": country().language,
        "citizenship_class": code_of("citizenship_class", meaning),
        "citizenship": citizenship,
        "returned_from": "DE",
        "proceedings": code_of("proceedings", "none"),
    }
    shelters = [code for code, each in country().organisations.items() if each.kind.takes_people_in]
    interview_id = people.interview(officer, named=shelters, **answers)
    first = proposals.propose(interview_id=interview_id, by=officer).proposed[0]
    return interview_sending.send(interview_id=interview_id, party=first.party, by=officer)


def taken_in(sent: interview_sending.Sent, bed: int = 0) -> Stay:
    """The shelter that was asked accepts, sees the person arrive and admits them."""
    receiver = country().organisations[sent.receiver].code
    by = works(receiver, Role.CASE_WORKER)
    kept, today = people.bed(receiver, bed), clock.today(country().timezone)
    referrals.accept(referral_id=sent.referral_id, place_id=kept, by=by)
    referrals.arrive(referral_id=sent.referral_id, by=by)
    stay_id = stays.admit(
        case_id=sent.case_id,
        place_id=kept,
        admitted_on=today,
        anticipated_end_on=today + timedelta(days=30),
        by=by,
    )
    return db.session.get_one(Stay, stay_id)


@pytest.mark.slow
def test_from_a_crossing_point_to_a_shelter_and_into_the_reports_of_the_quarter(anywhere: Flask) -> None:
    here, agreement = country(), country().agreements[0]
    post = next(each for each in here.organisations.values() if each.crossing_point)
    abroad = "AL" if here.iso != "AL" else "MK"
    own, foreign = interviewed(post.code, "home", here.iso), interviewed(post.code, "third_country", abroad)
    row = db.session.get_one(Referral, own.referral_id)
    assert row.due_at - row.sent_at == {each.step: each.within for each in agreement.path}["answer"]
    assert row.expires_at - row.sent_at == agreement.expires_within
    assert taken_in(own).organisation_id == people.organisation(own.receiver)
    taken_in(foreign, bed=1)
    kinds = {here.organisations[each.receiver].kind for each in (own, foreign)}
    assert kinds <= {OrganisationKind.STATE_SHELTER, OrganisationKind.NGO_SHELTER}
    mine, hers = (db.session.get_one(Case, each.case_id) for each in (own, foreign))
    assert (mine.citizenship_class, hers.citizenship_class) == ("home", "third_country")
    today = clock.today(here.timezone)
    check_repatriation(mine.citizenship_class, PermitFacts(), on=today)
    with pytest.raises(GateClosed):
        check_repatriation(hers.citizenship_class, PermitFacts(), on=today)
    now = Quarter.of(today)
    with db.engine.connect() as connection:
        accommodated_now = counting.people(connection, now, by=COUNTING)
        returned = crossing_counting.returnees(connection, now, now, by=COUNTING)
    assert sorted(each.citizenship for each in accommodated_now) == sorted((here.iso, abroad))
    assert sum(returned.values()) == 1  # the own citizen alone, at the post of this country
    assert post.crossing_point in next(iter(returned))
    front = anywhere.test_client().get("/sign-in")
    assert (front.status_code, f'<html lang="{here.language}"' in front.text) == (200, True)


@pytest.mark.slow
@pytest.mark.parametrize("anywhere", ["north_macedonia"], indirect=True)
def test_an_officer_asks_from_page_to_page_in_the_language_of_the_country(anywhere: Flask) -> None:
    post = next(each.code for each in country().organisations.values() if each.crossing_point)
    officer = Person(anywhere.test_client(), factories.login_of(post, Role.BORDER_OFFICER))
    answers = interviews.example(language="mk", citizenship="MK", returned_from="DE")
    loaded = interviews.walk(officer, answers, interviews.begin(officer), until=interviews.last_of(answers))
    assert len(loaded) == len(interviews.pages(interviews.questionnaire(), answers))
    assert '<html lang="mk"' in officer.get("/")


@pytest.mark.slow
@pytest.mark.parametrize("anywhere", ["north_macedonia"], indirect=True)
def test_report_ix_of_a_quarter_is_a_page_and_a_paper_in_the_script_of_the_country(anywhere: Flask) -> None:
    """Albania's reports are in the tests of reports."""
    accommodated.at(CLOSED_ON)
    accommodated.many(40, seed=7, code="OPEN_GATE")
    statistician, quarter = works("NRM_OFFICE", Role.STATISTICIAN), CLOSED[0]
    with papers(only_the_first()):
        accommodated.release(quarter, by=statistician)
    assert report_store.release(quarter, by=COUNTING).formats >= {"html.mk", "html.sq", "html.en", "pdf.mk"}
    reader = Person(anywhere.test_client(), factories.login_of("NRM_OFFICE", Role.STATISTICIAN))
    page = reader.get(f"/reports/ix/{quarter}?lang=mk")
    title = country().tables["ix"].title
    assert title["mk"] in page
    assert title["en"] not in page
    paper = reader.client.get(f"/reports/ix/{quarter}.pdf?lang=mk")
    printed = "".join(each.extract_text() for each in pypdf.PdfReader(io.BytesIO(paper.data)).pages)
    assert title["mk"] in " ".join(printed.split())
    assert "Shqip" not in printed
