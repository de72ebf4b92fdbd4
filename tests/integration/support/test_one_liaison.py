"""What one liaison of the prosecution writes or takes away alone is read by others (ADR 0263)."""

from __future__ import annotations

import pytest

from nrm.actions.shelter import testimony
from nrm.actions.support import link_codes
from nrm.domain.accounts.accounts import Actor
from nrm.domain.shelter.strikes import StrikeReason
from nrm.domain.shelter.testimony import WithdrawalReason, WitnessStatus
from nrm.domain.support.hearings import Measure
from nrm.store import days, names
from nrm.store.shelter import testimony as testimony_store
from tests import factories
from tests.factories_agreements import colleague
from tests.integration.support.test_hearings import SignIn, heard, vatra, witness
from tests.integration.support.test_link_codes import POLICE, linked

__all__ = ["vatra"]
LIAISON, WORKER = "prosecution.witness_liaison", "vatra.case_worker"


def second() -> str:
    return colleague(names.organisation_by_code("PROSECUTION"), LIAISON, factories.actor(LIAISON))


@pytest.mark.slow
def test_no_protection_where_it_was_asked_for_is_asked_about_once_and_read_by_others(
    vatra: Actor, sign_in: SignIn
) -> None:
    case_id, other = witness(vatra), second()
    hearing_id = heard(case_id, factories.actor(LIAISON), days_from_now=8)
    liaison, path = sign_in(LIAISON), f"/hearings/{hearing_id}/order"
    assert 'name="none"' not in liaison.get(path)
    page = liaison.post(path + "?lang=en", {"protection": "none"}, 422)
    assert 'name="none"' in page
    assert "Protection was asked for. Has the court refused it?" in page
    liaison.post(path, {"protection": "none", "none": "y"})
    wrote = "wrote that the court ordered no protection at the hearing"
    assert wrote in sign_in(WORKER).get("/?lang=en")
    page = sign_in(other).get("/?lang=en")
    told = page.partition("What colleagues changed")[2].partition("</ul>")[0]
    assert "wrote this down on" in told
    assert f"/cases/{case_id}/hearings" in told
    assert "What colleagues changed" not in liaison.get("/?lang=en")
    for login in (LIAISON, WORKER):
        assert "wrote this down on" in sign_in(login).get(f"/cases/{case_id}/hearings?lang=en")
    factories.later(days=7, hours=1)
    assert wrote not in sign_in(WORKER).get("/?lang=en")
    assert "What colleagues changed" not in sign_in(other).get("/?lang=en")


def test_protection_that_was_ordered_or_not_asked_for_is_asked_about_by_nobody(vatra: Actor, sign_in: SignIn) -> None:
    case_id, liaison = witness(vatra), sign_in(LIAISON)
    first = heard(case_id, factories.actor(LIAISON), days_from_now=8)
    liaison.post(f"/hearings/{first}/order", {"protection": "some", "measures": str(Measure.SCREEN)})
    assert "ordered no protection" not in sign_in(WORKER).get("/?lang=en")


@pytest.mark.slow
def test_a_statement_that_one_liaison_struck_is_read_by_the_others_for_a_week(vatra: Actor, sign_in: SignIn) -> None:
    case_id, other = witness(vatra), second()
    liaison = factories.actor(LIAISON)
    today = days.today()
    testimony.record(case_id=case_id, status=WitnessStatus.STATEMENT_GIVEN, happened_on=today, by=liaison)
    (*_, step) = testimony_store.of_case(case_id, by=liaison).steps
    testimony.strike(step_id=step.id, reason=StrikeReason.WRONG_PERSON, by=liaison)
    page = sign_in(other).get("/?lang=en").partition("What colleagues changed")[2].partition("</ul>")[0]
    assert "of what the witness did" in page
    assert "It is about another person" in page
    assert testimony_store.of_case(case_id, by=liaison).pseudonym in page
    assert "What colleagues changed" not in sign_in(LIAISON).get("/?lang=en")
    factories.later(days=8)
    assert "What colleagues changed" not in sign_in(other).get("/?lang=en")


@pytest.mark.slow
def test_a_number_of_the_police_that_one_liaison_removed_is_read_by_the_others(vatra: Actor, sign_in: SignIn) -> None:
    (case_id, code), other = linked(vatra), second()
    liaison = factories.actor(LIAISON)
    link_codes.tie(code=code, number="PP 1/2026", by=factories.actor(POLICE))
    link = link_codes.link(case_id=case_id, by=liaison)
    assert link is not None
    link_codes.remove_number(case_id=case_id, number_id=link.numbers[0][2], by=liaison)
    page = sign_in(other).get("/?lang=en").partition("What colleagues changed")[2].partition("</ul>")[0]
    assert "a number of the police from a link code" in page
    assert "PP 1" not in page
    link_codes.void(case_id=case_id, by=liaison)
    assert "a link code, with the numbers" in sign_in(other).get("/?lang=en")
    assert "What colleagues changed" not in sign_in(LIAISON).get("/?lang=en")


@pytest.mark.slow
def test_that_a_witness_withdrew_is_read_by_the_shelter_and_by_the_liaisons_whoever_wrote_it(
    vatra: Actor, sign_in: SignIn
) -> None:
    """One worker alone wrote that a witness withdrew: nobody else of the shelter read it, and no liaison."""
    case_id, person, other = witness(vatra), factories.actor(LIAISON), second()
    today = days.today()
    mate = colleague(names.organisation_by_code("VATRA"), WORKER, vatra)
    testimony.record(case_id=case_id, status=WitnessStatus.STATEMENT_GIVEN, happened_on=today, by=person)
    for login in (mate, LIAISON, other):
        assert "Withdrew testimony" not in sign_in(login).get("/?lang=en")
    withdrawn = {"status": WitnessStatus.TESTIMONY_WITHDRAWN, "reason": WithdrawalReason.TRAUMA}
    testimony.record(case_id=case_id, happened_on=today, by=vatra, **withdrawn)
    for login in (LIAISON, other):
        page = sign_in(login).get("/?lang=en").partition("What colleagues changed")[2].partition("</ul>")[0]
        assert "Somebody of the shelter wrote on" in page
        assert "Withdrew testimony" in page
    assert "Withdrew testimony" in sign_in(mate).get("/?lang=en")
    for login in (WORKER, "nrc.case_worker"):
        assert "Withdrew testimony" not in sign_in(login).get("/?lang=en")
    (*_, step) = testimony_store.of_case(case_id, by=vatra).steps
    testimony.strike(step_id=step.id, reason=StrikeReason.WRONG_PERSON, by=person)
    home = sign_in(WORKER).get("/?lang=en")
    assert "of what the witness did" in home
    assert 'href="tel:' in home.partition("of what the witness did")[2].partition("</li>")[0]
    factories.later(days=8)
    for login in (mate, other):
        assert "Withdrew testimony" not in sign_in(login).get("/?lang=en")
