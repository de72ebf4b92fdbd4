"""Whether a party is ready to be asked: what is missing, who sees it, and that the route says the same."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import delete, select, update

from nrm import clock
from nrm.actions.agreement import trial_calls
from nrm.actions.agreement.trial_calls import UnknownNumber
from nrm.actions.referrals import proposals
from nrm.db import db, transaction
from nrm.domain.accounts.accounts import NotPermitted, NotVisible
from nrm.domain.agreement.readiness import TRIED_WITHIN, Caution, Missing, Tried
from nrm.domain.agreement.routes import Exclusion
from nrm.models.accounts.accounts import KeyringWrap, Member, Organisation
from nrm.models.agreement.trial_calls import TrialCall
from nrm.models.audit import AuditEntry
from nrm.models.shelter.places import Place
from nrm.store.agreement import readiness as store
from nrm.store.agreement.readiness import ReadinessLine
from nrm.vault import keyrings
from tests import factories
from tests import factories_agreements as texts
from tests import factories_referrals as people
from tests import second_hands as hands
from tests.conftest import Person

SignIn = Callable[[str], Person]
DESK, VATRA = "ra.duty_officer", "VATRA"


def id_of(code: str) -> uuid.UUID:
    db.session.rollback()
    return db.session.scalars(select(Organisation.id).where(Organisation.code == code)).one()


def line_of(code: str, by: str = DESK) -> ReadinessLine:
    return store.line(id_of(code), by=factories.actor(by))


def forget_holders(code: str, *, but: int = 0) -> None:
    """All but some of its people hold its key no more."""
    at = id_of(code)
    with transaction() as session:
        members = session.scalars(select(Member.id).where(Member.organisation_id == at).order_by(Member.login))
        session.execute(delete(KeyringWrap).where(KeyringWrap.member_id.in_(members.all()[but:])))


def no_building(code: str) -> None:
    """It never entered a place: these are another's."""
    at, other = id_of(code), id_of("RA")
    with transaction() as session:
        session.execute(update(Place).where(Place.organisation_id == at).values(organisation_id=other))


def other_key(code: str, monkeypatch: pytest.MonkeyPatch) -> None:
    known = keyrings.not_known
    at = id_of(code)
    monkeypatch.setattr(keyrings, "not_known", lambda session, ids: known(session, ids) | ({at} & set(ids)))


def test_a_country_that_works_is_ready_and_no_number_was_tried(app: Flask) -> None:
    for line in store.lines(by=factories.actor(DESK)):
        assert line.missing == (), line.code
        assert Caution.TELEPHONE in line.cautions, line.code
        assert {each.tried for each in line.readiness.numbers} == {Tried.NEVER}
    assert "RINAS" not in {line.code for line in store.lines(by=factories.actor(DESK))}


@pytest.mark.parametrize(
    ("missing", "exclusion"),
    [
        (Missing.NO_KEY, Exclusion.NO_KEY),
        (Missing.NO_BUILDING, Exclusion.NO_PLACES),
        (Missing.KEY_DIFFERS, Exclusion.NOT_VOUCHED),
    ],
)
def test_what_is_missing_is_what_the_route_says(
    app: Flask, monkeypatch: pytest.MonkeyPatch, missing: Missing, exclusion: Exclusion
) -> None:
    officer = factories.actor("rinas.border_officer")
    interview = people.interview(officer)
    assert VATRA in {each.party for each in proposals.propose(interview_id=interview, by=officer).choices}
    match missing:
        case Missing.NO_KEY:
            forget_holders(VATRA)
        case Missing.NO_BUILDING:
            no_building(VATRA)
        case _:
            other_key(VATRA, monkeypatch)
    assert line_of(VATRA).missing == (missing,)
    found = proposals.propose(interview_id=interview, by=officer)
    assert VATRA not in {each.party for each in found.choices}
    assert {each.party: each.reason for each in found.route.excluded}[VATRA] is exclusion


def test_one_key_holder_is_a_warning_and_the_party_is_still_asked(app: Flask) -> None:
    forget_holders(VATRA, but=1)
    line = line_of(VATRA)
    assert (line.missing, Caution.ONE_HOLDER in line.cautions) == ((), True)
    officer = factories.actor("rinas.border_officer")
    found = proposals.propose(interview_id=people.interview(officer), by=officer)
    (choice,) = [each for each in found.choices if each.party == VATRA]
    assert choice.proposed
    assert choice.caution is not None
    assert people.sent(officer, VATRA, override_reason="other" if not choice.proposed else "").referral_id


def test_a_number_is_tried_by_a_call_and_the_newest_call_counts_for_ninety_days(app: Flask) -> None:
    vatra, desk = id_of(VATRA), factories.actor(DESK)
    (number, *_) = [each.telephone for each in line_of(VATRA).readiness.numbers]
    for telephone in (each.telephone for each in line_of(VATRA).readiness.numbers):
        assert trial_calls.record(organisation_id=vatra, telephone=telephone, reached=True, by=desk)
    assert not trial_calls.record(organisation_id=vatra, telephone=number, reached=True, by=desk)  # a double click
    line = line_of(VATRA)
    assert Caution.TELEPHONE not in line.cautions
    assert line.readiness.numbers[0].by == {"sq": "Autoriteti Përgjegjës", "en": "Responsible Authority"}
    later = clock.now() + timedelta(hours=1)
    clock.set_clock(lambda: later)
    coordinator = factories.actor(texts.COORDINATOR)
    assert trial_calls.record(organisation_id=vatra, telephone=number, reached=False, by=coordinator)
    assert line_of(VATRA).readiness.numbers[0].tried is Tried.IN_VAIN
    with transaction() as session:
        session.execute(update(TrialCall).values(reached=True))
    at = later + TRIED_WITHIN
    clock.set_clock(lambda: at)
    assert line_of(VATRA).readiness.numbers[0].tried is Tried.ANSWERED
    clock.set_clock(lambda: at + timedelta(seconds=1))
    assert line_of(VATRA).readiness.numbers[0].tried is Tried.LONG_AGO
    recorded = db.session.scalars(select(AuditEntry.details).where(AuditEntry.event == "number_tried")).all()
    assert len(recorded) >= 2
    assert not any(number in str(each) for each in recorded)


def test_who_may_not_record_a_call_and_a_number_that_is_not_of_the_party(app: Flask) -> None:
    vatra = id_of(VATRA)
    (number, *_) = [each.telephone for each in line_of(VATRA).readiness.numbers]
    for login in ("vatra.shelter_manager", "rinas.border_officer", "administrator", "molsa.statistician"):
        with pytest.raises(NotPermitted):
            trial_calls.record(organisation_id=vatra, telephone=number, reached=True, by=factories.actor(login))
    with pytest.raises(NotPermitted):  # nobody says that their own number is answered
        trial_calls.record(
            organisation_id=id_of("RA"),
            telephone=line_of("RA").readiness.numbers[0].telephone,
            reached=True,
            by=factories.actor(DESK),
        )
    for wrong in ("", "+355 1", line_of("NRC").readiness.numbers[0].telephone):
        with pytest.raises(UnknownNumber):
            trial_calls.record(organisation_id=vatra, telephone=wrong, reached=True, by=factories.actor(DESK))
    with pytest.raises(NotVisible):
        trial_calls.record(organisation_id=uuid.uuid4(), telephone=number, reached=True, by=factories.actor(DESK))
    assert db.session.scalars(select(TrialCall)).all() == []


@pytest.mark.slow
def test_the_duty_desk_and_the_coordinator_see_all_and_a_party_itself_alone(app: Flask, sign_in: SignIn) -> None:
    no_building(VATRA)
    vatra, nrc = id_of(VATRA), id_of("NRC")
    for login in (DESK, texts.COORDINATOR):
        person = sign_in(login)
        assert "/readiness" in person.get("/")
        page = person.get("/readiness?lang=en")
        assert ">+355 4 000 0101</a>" in page  # the number of a party stands beside it
        assert "1 party is not ready" in page
        assert "no building entered" in page
        # By the name that the agreement says, too; the posts of the border police have a page of their own.
        assert f'/readiness/{vatra}">Vatra, Vlorë</a><br><small>Women’s Hearth “Vatra”, Vlorë</small>' in page
        assert "Border and Migration Police has many posts" in page
        assert ("nobody answered at a number" in page) is (login != DESK)  # the desk pressed that, below
        assert "a number was never tried" in page
        page = person.get(f"/readiness/{vatra}?lang=en")
        assert "1 thing is missing: until then no route names it." in page
        assert "Nobody answered" in page
        number = re.search(r'value="yes\|([^"]+)"', page)
        assert number
        person.post(f"/readiness/{vatra}/calls", {"call": f"no|{number[1]}"})
        assert "nobody answered" in person.get(f"/readiness/{vatra}?lang=en")
        for junk in ("", "maybe|1", "yes|", "yes|+355 1"):
            person.post(f"/readiness/{vatra}/calls", {"call": junk}, status=422)
        person.get(f"/readiness/{uuid.uuid4()}", status=404)
    manager = sign_in("vatra.shelter_manager")
    assert "/readiness/own" in manager.get("/")
    page = manager.get(f"/readiness/{vatra}?lang=en")
    assert "/beds/units" in page
    assert "<button" not in page.split('id="numbers"')[1].split("</main>")[0]
    manager.get(f"/readiness/{nrc}", status=404)
    manager.get("/readiness", status=403)
    manager.post(f"/readiness/{vatra}/calls", {"call": f"yes|{number[1]}"}, status=403)
    post = sign_in("rinas.border_officer")
    post.get(f"/readiness/{vatra}", status=404)
    for login in ("molsa.statistician", "administrator", "molsa.reader"):
        sign_in(login).get(f"/readiness/{vatra}", status=403)


def test_where_somebody_left_the_page_leads_to_the_next_key_and_not_to_a_founding(app: Flask, sign_in: SignIn) -> None:
    member_id = db.session.scalars(select(Member.id).where(Member.login == "vatra.case_worker")).one()
    hands.ended(member_id, factories.actor("vatra.shelter_manager"), renews=False)
    me, address = sign_in("vatra.shelter_manager"), f"/readiness/{id_of(VATRA)}?lang=en"
    page = me.get(address)
    assert "makes the next one" in page and 'href="/members/keys"' in page  # noqa: PT018
    assert "accession sheets" not in page
    me.post("/members/keys")
    assert "makes the next one" not in me.get(address)


@pytest.mark.slow
def test_who_said_that_a_number_answered_is_named_and_the_party_reads_whom_to_call(app: Flask, sign_in: SignIn) -> None:
    """The coordinator wrote "Answered" beside numbers that nobody had called: an office stood there, and no name."""
    vatra, wrong = id_of(VATRA), "Is it wrong that one of your numbers answered, or did nobody call?"
    manager = sign_in("vatra.shelter_manager")
    assert wrong not in manager.get(f"/readiness/{vatra}?lang=en")
    (number, *_) = [each.telephone for each in line_of(VATRA).readiness.numbers]
    by = factories.actor(texts.COORDINATOR)
    trial_calls.record(organisation_id=vatra, telephone=number, reached=True, by=by)
    name = db.session.scalars(select(Member.name).where(Member.id == by.member_id)).one()
    for login in ("vatra.shelter_manager", DESK):
        page = sign_in(login).get(f"/readiness/{vatra}?lang=en")
        assert f"({name}" in page
        assert (wrong in page) is (login != DESK)
