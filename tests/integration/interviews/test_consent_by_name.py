"""A yes is only what was asked: who was named to the person, who was struck out, and who could not decide."""

from __future__ import annotations

import itertools
import re
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from nrm.actions.interviews import interview_sending, interviews
from nrm.actions.referrals import referrals
from nrm.db import db
from nrm.domain.interviews.questionnaire_flow import prune
from nrm.domain.referrals.referrals import ReferralRefused
from nrm.domain.shelter.consents import ByName
from nrm.models.referrals.referrals import Obligation, Referral
from nrm.models.shelter.cases import Case, PendingGrant, SealedCompartment
from nrm.models.shelter.consents import Consent
from nrm.store.countries import country
from tests import factories, screened, world
from tests.conftest import Person
from tests.factories import actor
from tests.factories_interviews import (
    LOGIN,
    begin,
    confirmation,
    example,
    fields,
    last_of,
    page_asking,
    questionnaire,
    walk,
)
from tests.factories_referrals import HAND_OVER_FORM, NAMED, bed, organisation, sent

SignIn = Callable[[str], Person]
# IOM receives nobody at high risk: it is no party of the route, and the officer may ask it with a reason.
UNNAMED: dict[str, Any] = {"risk": "high", "needs": ["medical"], "gender": "feminine"}
UNREAD = "Was not read out to the person"
AGAINST = {"party": "IOM", "override_reason": "medical_need"}


def _now() -> Session:
    db.session.rollback()
    session: Session = db.session()
    return session


def _given() -> set[str]:
    """The organisations of which it is written down that the person said yes to them."""
    told = select(Consent.party).where(Consent.topic == "sharing", Consent.said == "given", Consent.ended == "")
    return set(_now().scalars(told))


def _offered(party: str) -> set[str]:
    """What is sealed for the party in case it accepts."""
    mine = PendingGrant.organisation_id == organisation(party)
    return set(_now().scalars(select(PendingGrant.compartment).where(mine)))


def _id(address: str) -> uuid.UUID:
    return uuid.UUID(address.split("/")[2])


def _to(person: Person, page: str, answers: dict[str, Any], *, urgent: bool = False) -> str:
    """Begin an interview and walk to the page; its address."""
    address = begin(person, urgent=urgent)
    walk(person, answers, address, until=page)
    return f"/interviews/{_id(address)}/{page}"


def _consent(case_id: uuid.UUID) -> str:
    return str(_now().scalar(select(Case.consent).where(Case.id == case_id)))


def _compartments(case_id: uuid.UUID) -> set[str]:
    return set(_now().scalars(select(SealedCompartment.compartment).where(SealedCompartment.case_id == case_id)))


def _marked(page: str) -> dict[str, bool]:
    """Of each shelter that can be asked: whether it is marked as not read out."""
    choices = re.findall(r'name="party" value="(\w+)".*?</label>', page, re.S)
    parts = re.findall(r'name="party" value="\w+".*?</label>', page, re.S)
    return {code: UNREAD in part for code, part in zip(choices, parts, strict=True)}


@pytest.mark.slow
@pytest.mark.parametrize("urgent", [False, True])
def test_a_shelter_that_was_not_read_out_says_so_before_it_is_chosen(
    app: Flask, sign_in: SignIn, *, urgent: bool
) -> None:
    assert app
    person = sign_in(LOGIN)
    answers = example(**UNNAMED, consent_urgent="given")
    page = "urgent_send" if urgent else "decision"
    marked = _marked(person.get(f"{_to(person, page, answers, urgent=urgent)}?lang=en"))
    assert marked.pop("IOM")
    assert marked
    assert not any(marked.values())


@pytest.mark.slow
def test_the_next_shelter_says_which_was_not_read_out_to_the_person(app: Flask, sign_in: SignIn) -> None:
    assert app
    made = sent(actor(LOGIN), **UNNAMED)
    shelters = re.findall(
        r"<label for=.receiver[^>]*>(.*?)</label>",
        sign_in("ra.duty_officer").get(f"/cases/{made.case_id}/direct?lang=en"),
        re.S,
    )
    assert shelters
    unread = {each.split("<small>")[0] for each in shelters if UNREAD in each}
    agreed = {each for each in shelters if UNREAD not in each}
    assert unread
    assert agreed


def test_of_a_child_nobody_is_read_out_and_no_shelter_is_marked(app: Flask, sign_in: SignIn) -> None:
    assert app
    made = sent(actor(LOGIN), "VATRA", age="child", override_reason="other")
    assert UNREAD not in sign_in("ra.duty_officer").get(f"/cases/{made.case_id}/direct?lang=en")


@pytest.mark.slow
@pytest.mark.parametrize("urgent", [False, True])
def test_who_was_not_named_is_asked_about_by_name_and_nothing_is_chosen_before(
    app: Flask, sign_in: SignIn, *, urgent: bool
) -> None:
    person = sign_in(LOGIN)
    answers = example(**UNNAMED, consent_urgent="given")
    page = _to(person, "urgent_send" if urgent else "decision", answers, urgent=urgent)
    body = person.get(page)
    sent = {**fields(page.rsplit("/", 1)[1], body, answers), **AGAINST}
    asked = person.post(page, sent, status=422)
    assert "Organizata Ndërkombëtare për Migracionin" in asked
    assert re.findall(r'name="by_name" value="(\w+)"', asked) == ["yes", "no", "not_asked"]
    assert not re.search(r'name="by_name" value="\w+" checked', asked)
    assert _now().scalar(select(func.count()).select_from(Referral)) == 0


def _asked_by_name(person: Person, page: str, answers: dict[str, Any], said: str, status: int = 303) -> str:
    """Choose IOM, and answer what is asked about it by name."""
    name = page.rsplit("/", 1)[1]
    asked = person.post(page, {**fields(name, person.get(page), answers), **AGAINST}, status=422)
    answer = {**fields(name, asked, answers), **AGAINST, "by_name": said, "by_name_of": "IOM"}
    return person.post(page, answer, status=status)


def test_a_name_that_no_page_showed_counts_for_nobody(app: Flask, sign_in: SignIn) -> None:
    person = sign_in(LOGIN)
    answers = example(**UNNAMED)
    consent = next(page.id for page in questionnaire().pages.values() if "parties" in page.questions)
    page = _to(person, consent, answers)
    body = person.get(page)
    assert 'value="IOM"' not in body
    named = ["IOM", *re.findall(r'name="named" value="(\w+)"', body)]
    following = person.post(page, {**fields(consent, body, answers), "named": named})
    walk(person, answers, following, until="decision")
    check = f"{page.rsplit('/', 1)[0]}/decision"
    refused = person.post(check, {**fields("decision", person.get(check), answers), **AGAINST}, status=422)
    assert 'name="by_name"' in refused.replace("name=by_name", 'name="by_name"')
    assert "IOM" not in _given()


def test_a_yes_by_name_is_a_yes_to_this_one_as_well(app: Flask, sign_in: SignIn) -> None:
    person, answers = sign_in(LOGIN), example(**UNNAMED)
    page = _to(person, "decision", answers)
    _asked_by_name(person, page, answers, "yes")
    assert _consent(_id(page)) == "given"
    assert "IOM" in _given()
    assert "identity" in _offered("IOM")


def test_without_a_yes_by_name_no_identity_goes_and_asking_is_the_first_task(app: Flask, sign_in: SignIn) -> None:
    person, answers = sign_in(LOGIN), example(**UNNAMED)
    page = _to(person, "decision", answers)
    told = person.get(_asked_by_name(person, page, answers, "not_asked"))
    assert "detyra e parë" in told
    assert _consent(_id(page)) == "not_asked_urgent"
    assert _compartments(_id(page)) == {"hand_over"}
    assert _given() == set()
    assert "ask_consent" in _now().scalars(select(Obligation.kind)).all()


def test_a_no_by_name_strikes_the_party_out(app: Flask, sign_in: SignIn) -> None:
    person, answers = sign_in(LOGIN), example(**UNNAMED)
    page = _to(person, "decision", answers)
    refused = _asked_by_name(person, page, answers, "no", status=422)
    assert "personi nuk e do këtë" in refused
    assert 'name="party" value="IOM"' not in refused
    assert "OIM Tiranë" in person.get(f"{page.rsplit('/', 1)[0]}/check")  # where it is said who is struck out
    assert 'name="party" value="IOM"' not in person.get(page)
    # Also by a form that was made by hand.
    forged = {**fields("decision", person.get(page), answers), **AGAINST, "by_name": "yes", "by_name_of": "IOM"}
    person.post(page, forged, status=422)
    assert _now().scalar(select(func.count()).select_from(Referral)) == 0
    person.post(page, fields("decision", person.get(page), answers))
    assert "IOM" not in _given()


def test_an_answer_about_one_organisation_is_none_about_another(app: Flask, sign_in: SignIn) -> None:
    person, answers = sign_in(LOGIN), example(**UNNAMED)
    page = _to(person, "decision", answers)
    forged = {**fields("decision", person.get(page), answers), **AGAINST, "by_name": "yes", "by_name_of": "VATRA"}
    person.post(page, forged, status=422)
    assert _now().scalar(select(func.count()).select_from(Referral)) == 0


UNDECIDED = [
    {"consent_services": services, "consent_sharing": sharing}
    for services in ("yes", "dont_know", "no_answer")
    for sharing in ("yes", "dont_know", "no_answer")
    if (services, sharing) != ("yes", "yes")
]


@pytest.mark.parametrize("said", UNDECIDED, ids=lambda said: "-".join(said.values()))
def test_who_does_not_know_gets_a_bed_and_no_name_goes(app: Flask, sign_in: SignIn, said: dict[str, str]) -> None:
    person, answers = sign_in(LOGIN), example(**said)
    loaded = walk(person, answers, begin(person))
    assert loaded[-2:] == ["decision", "sent"]
    assert "identity" not in loaded
    case = _now().scalars(select(Case)).one()
    assert case.consent == "not_asked_urgent"
    assert _compartments(case.id) == {"hand_over"}
    assert _given() == set()
    assert "ask_consent" in _now().scalars(select(Obligation.kind)).all()


def test_who_does_not_know_on_the_urgent_way_gets_a_bed_too(app: Flask, sign_in: SignIn) -> None:
    person = sign_in(LOGIN)
    loaded = walk(person, example(consent_urgent="undecided"), begin(person, urgent=True))
    assert loaded[-2:] == ["urgent_send", "sent"]
    assert _now().scalars(select(Case.consent)).one() == "not_asked_urgent"


def test_who_leaves_without_a_shelter_did_not_decide_and_did_not_refuse(app: Flask, sign_in: SignIn) -> None:
    person, answers = sign_in(LOGIN), example(consent_sharing="dont_know")
    page = _to(person, "decision", answers)
    leaving = person.post(page, {**fields("decision", person.get(page), answers), "without": "1"})
    body = person.get(leaving)  # a page of its own says what is destroyed
    assert _compartments(_id(page)) == {"draft"}
    assert "116 006" in body
    person.post(leaving, status=422)  # a yes to help was recorded
    ended = person.post(leaving, confirmation(body))
    assert "116 006" in person.get(ended)
    assert person.post(leaving) == ended  # the same button again counts nothing twice
    assert factories.end_holds() == 1
    (counted,) = screened.counted().elements()
    assert (counted.outcome, counted.processed, counted.reason) == ("undecided", "did_not_decide", "")
    assert (counted.crossing_point, counted.returned_from, counted.announced) == ("", "99", "99")
    assert _compartments(_id(page)) == set()


@pytest.mark.parametrize("question", ["consent_services", "consent_sharing"])
def test_an_explicit_no_stays_a_refusal(app: Flask, sign_in: SignIn, question: str) -> None:
    person = sign_in(LOGIN)
    other = {"consent_services": "consent_sharing", "consent_sharing": "consent_services"}[question]
    loaded = walk(person, example(**{question: "no", other: "dont_know"}, refusal_reason="fear"), begin(person))
    assert "refusal" in loaded
    assert factories.end_holds() == 1
    (counted,) = screened.counted().elements()
    assert counted.outcome == "refused"


EVERYBODY = ["NRC", "IOM", "VATRA", "TJETER_VIZION", "RA"]
AUTHORITY = "+355 4 000 0105"


@pytest.mark.parametrize("way", ["consent", "decision", "urgent_send"])
def test_who_struck_everybody_out_is_offered_what_is_left_and_nobody_of_them(
    app: Flask, sign_in: SignIn, way: str
) -> None:
    person, answers = sign_in(LOGIN), example(consent_urgent="given")
    page = _to(person, "urgent_send" if way == "urgent_send" else "consent", answers, urgent=way == "urgent_send")
    name = page.rsplit("/", 1)[1]
    struck = {**fields(name, person.get(page), answers), "parties": EVERYBODY}
    if way == "urgent_send":
        body = person.post(page, struck, status=422)
    else:
        body = person.get(person.post(page, struck))
        if way == "decision":
            page = page.replace("/consent", "/decision")
            walk(person, answers, page.replace("/decision", "/identity"), until="decision")
            body = person.get(page)
    assert AUTHORITY not in body
    assert "+355 4 000 010" not in body  # nor any other of theirs
    not_asked = re.findall(r"Kush nuk pyetet dhe pse.*?</details>", body, re.DOTALL)
    assert all(name not in line for line in not_asked for name in ("Vatra", "OIM", "Tjetër Vizion", "Autoriteti"))
    assert 'name="party"' not in body
    assert "116 006" in body
    assert "/leaflets/" in body
    assert "name=without" in body
    for party in EVERYBODY:
        forged = {**fields(name, body, answers), "parties": EVERYBODY, "party": party, "override_reason": "safety"}
        if name != "consent":
            refused = person.post(page, forged, status=422)
            assert AUTHORITY not in refused
    assert _now().scalar(select(func.count()).select_from(Referral)) == 0


def test_a_shelter_that_is_struck_out_and_picked_on_one_page_says_so(app: Flask, sign_in: SignIn) -> None:
    """It said "Choose the shelter that is asked", of the one that was chosen."""
    person, answers = sign_in(LOGIN), example(consent_urgent="given")
    page = _to(person, "urgent_send", answers, urgent=True)
    sent = {**fields("urgent_send", person.get(page), answers), "parties": ["NRC"], "party": "NRC"}
    refused = person.post(f"{page}?lang=en", sent, status=422)
    assert "This shelter is ticked above: it is told nothing. Choose another, or untick it" in refused
    assert re.search(r'name="parties" value="NRC" checked', refused)
    assert _now().scalar(select(func.count()).select_from(Referral)) == 0


def test_a_shelter_that_is_left_is_offered_and_the_authority_is_not(app: Flask, sign_in: SignIn) -> None:
    person, answers = sign_in(LOGIN), example(**UNNAMED)
    consent = _to(person, "consent", answers)
    struck = [each for each in EVERYBODY if each != "IOM"]
    person.post(consent, {**fields("consent", person.get(consent), answers), "parties": struck})
    check = consent.replace("/consent", "/decision")
    walk(person, answers, consent.replace("/consent", "/identity"), until="decision")
    body = person.get(check)
    assert re.findall(r'name="party" value="(\w+)"', body) == ["IOM"]
    assert AUTHORITY not in body
    sent = person.get(_asked_by_name(person, check, answers, "yes"))
    assert AUTHORITY not in sent
    assert "116 006" in sent


def test_who_was_struck_out_stands_on_no_sheet_and_opens_nothing(
    app: Flask, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    pages: list[str] = []
    monkeypatch.setattr("nrm.web.interviews.handouts.to_pdf", lambda html: pages.append(html) or b"%PDF")
    person, answers = sign_in(LOGIN), example()
    consent = _to(person, "consent", answers)
    identity = person.post(consent, {**fields("consent", person.get(consent), answers), "parties": ["RA"]})
    walk(person, answers, identity)
    case_id = _id(consent)
    person.get(f"/interviews/{case_id}/transport/pdf")
    (sheet,) = pages
    assert AUTHORITY not in sheet
    assert "116 006" in sheet
    refused = select(Consent.party).where(Consent.case_id == case_id, Consent.said == "refused")
    assert "RA" in _now().scalars(refused).all()


def test_a_strike_holds_when_the_route_changes(app: Flask, sign_in: SignIn) -> None:
    person, answers = sign_in(LOGIN), example()
    consent = _to(person, "consent", answers)
    body = person.get(consent)
    person.post(consent, {**fields("consent", body, answers), "parties": ["VATRA"]})
    signs = consent.replace("/consent", "/signs")
    bound = {**answers, "proceedings": "tirana"}  # one party must receive, and others stand behind it
    person.post(signs, fields("signs", person.get(signs), bound))
    body = person.get(consent)
    sent = fields("consent", body, bound)
    sent["parties"] = re.findall(r'name="parties" value="(\w+)" checked', body)
    walk(person, bound, person.post(consent, sent), until="decision")
    check = consent.replace("/consent", "/decision")
    assert "VATRA" not in re.findall(r'name="party" value="(\w+)"', person.get(check))


@pytest.mark.slow
def test_whatever_is_named_and_said_no_yes_is_written_down_for_anybody_else(app: Flask) -> None:
    """Every set of one screen with every answer by name, sent to every shelter: the rows that are left."""
    by = actor(LOGIN)
    for named, party, by_name in itertools.product(((), ("NRC", "VATRA")), NAMED, (None, *ByName)):
        interview_id = interviews.start(interview_id=uuid.uuid4(), by=by)
        answers = prune(questionnaire(), example(gender="feminine", risk="low"))
        interviews.save_answers(interview_id=interview_id, answers=answers, named=named, by=by)
        why = ""
        try:
            interview_sending.send(
                interview_id=interview_id, party=party, override_reason="other", by_name=by_name, by=by
            )
        except ReferralRefused as error:
            why = error.reason
        if why or by_name is ByName.NO:
            assert why == ("struck_out" if by_name is ByName.NO else "by_name")
            continue
        agreed = {*named, *([party] if by_name is ByName.YES else [])}
        said_yes = party in agreed
        mine = (Consent.case_id == interview_id, Consent.topic == "sharing", Consent.said == "given")
        given = set(_now().scalars(select(Consent.party).where(*mine)))
        assert given <= agreed
        assert (party in given) == said_yes
        assert _consent(interview_id) == ("given" if said_yes else "not_asked_urgent")
        kept = select(PendingGrant.organisation_id, PendingGrant.compartment).where(
            PendingGrant.case_id == interview_id
        )
        reached = {row[0] for row in _now().execute(kept) if row[1] != "hand_over"}
        assert reached <= {organisation(each) for each in agreed}


def _withdrawn(person: Person, **answers: Any) -> uuid.UUID:
    """Somebody sent to NRC whose referral the post withdrew; only NRC was named."""
    by = actor(LOGIN)
    interview_id = interviews.start(interview_id=uuid.uuid4(), by=by)
    told = prune(questionnaire(), example(gender="feminine", risk="low", **answers))
    interviews.save_answers(interview_id=interview_id, answers=told, named=["NRC"], by=by)
    sent = interview_sending.send(interview_id=interview_id, party="NRC", override_reason="other", by=by)
    person.post(f"/referrals/{sent.referral_id}/withdraw")
    return sent.case_id


def _place(person: Person, case_id: uuid.UUID, said: str, status: int = 303) -> str:
    form = {"receiver": str(organisation("IOM")), "reason": "safety", **HAND_OVER_FORM}
    asked = person.post(f"/cases/{case_id}/refer", dict(form), status=422)
    assert "Organizata Ndërkombëtare për Migracionin" in asked
    assert re.findall(r'name="by_name" value="(\w+)"( checked)?', asked) == [("yes", ""), ("no", ""), ("not_asked", "")]
    answer = {**form, "by_name": said, "by_name_of": form["receiver"]}
    return person.post(f"/cases/{case_id}/refer", answer, status=status)


def test_who_is_asked_later_learns_nothing_without_a_yes_by_name(app: Flask, sign_in: SignIn) -> None:
    person = sign_in(LOGIN)
    case_id = _withdrawn(person)
    referral_id = uuid.UUID(_place(person, case_id, "not_asked").rsplit("/", 1)[1])
    assert _offered("IOM") == {"hand_over"}
    assert _consent(case_id) == "not_asked_urgent"
    assert "IOM" not in _given()
    referrals.accept(referral_id=referral_id, place_id=bed("IOM"), by=actor("iom.case_worker"))
    assert _compartments(case_id) == {"hand_over"}
    owed = select(Obligation.kind).where(Obligation.case_id == case_id, Obligation.done_at.is_(None))
    assert "ask_consent" in _now().scalars(owed).all()


def test_who_is_asked_later_and_was_agreed_to_by_name_gets_everything(app: Flask, sign_in: SignIn) -> None:
    person = sign_in(LOGIN)
    case_id = _withdrawn(person)
    _place(person, case_id, "yes")
    assert "identity" in _offered("IOM")
    assert (_consent(case_id), "IOM" in _given()) == ("given", True)


def test_who_is_refused_by_name_later_is_not_asked(app: Flask, sign_in: SignIn) -> None:
    person = sign_in(LOGIN)
    case_id = _withdrawn(person)
    _place(person, case_id, "no", status=422)
    refused = select(Consent.party).where(Consent.case_id == case_id, Consent.said == "refused")
    assert _now().scalars(refused).all() == ["IOM"]
    assert _offered("IOM") == set()
    assert _now().scalar(select(func.count()).select_from(Referral).where(Referral.case_id == case_id)) == 1


@pytest.mark.slow
def test_who_is_in_a_shelter_is_asked_before_the_move(app: Flask, sign_in: SignIn) -> None:
    case_id = world.build().own_case
    manager = sign_in("vatra.shelter_manager")
    assert "Personi është në qendër" in _place(manager, case_id, "not_asked", status=422)
    assert "identity" in _compartments(case_id)
    assert _now().scalar(select(func.count()).select_from(Referral).where(Referral.case_id == case_id)) == 0


def _offered_on(page: str) -> list[str]:
    return re.findall(r'name="party" value="(\w+)"', page)


def test_where_every_shelter_lies_where_she_is_not_safe_one_is_asked_after_the_desk_and_by_name(
    app: Flask, sign_in: SignIn
) -> None:
    """With one tick nobody could be asked, and nothing could be sent: all shelters of a country can lie in one town."""
    officer, everywhere = sign_in(LOGIN), sorted(country().regions)
    answers = example(avoid=everywhere)
    last = last_of(answers)
    address = _to(officer, last, answers)
    page = officer.get(f"{address}?lang=en")
    party, *_ = offered = _offered_on(page)
    assert page.count("Call the duty officer first") == len(offered)
    chosen = {**fields(last, page, answers), "party": party}
    for reason, said in (("", ""), ("safety", "")):
        page = officer.post(address, {**chosen, "override_reason": reason, "by_name": said}, status=422)
    page = officer.post(address, {**chosen, "override_reason": "safety"}, status=422)
    again = {**fields(last, page, answers), "party": party, "override_reason": "safety"}
    officer.post(address, {**again, "by_name": "yes", "by_name_of": party})
    case_id = _id(address)
    assert _now().scalar(select(Referral.status).where(Referral.case_id == case_id)) == "sent"


def test_while_a_shelter_is_left_elsewhere_none_is_offered_where_she_is_not_safe(app: Flask, sign_in: SignIn) -> None:
    officer, answers = sign_in(LOGIN), example(avoid=["tirane"])
    page = officer.get(f"{_to(officer, last_of(answers), answers)}?lang=en")
    assert "Call the duty officer first" not in page
    assert "NRC" not in _offered_on(page)
    assert _offered_on(page)


@pytest.mark.slow
def test_who_was_struck_out_is_not_offered_where_she_is_not_safe_either(app: Flask, sign_in: SignIn) -> None:
    """Where all shelters lie in unsafe regions they are offered all the same, without the one that is struck out."""
    officer, answers = sign_in(LOGIN), example(avoid=sorted(country().regions))
    asks, last = page_asking("parties", answers), last_of(answers)
    address = _to(officer, asks, answers)
    page = officer.get(f"{address}?lang=en")
    officer.post(address, {**fields(asks, page, answers), "parties": ["NRC"]})
    address = address.replace(asks, last)
    walk(officer, answers, address.replace(last, "identity"), until=last)
    page = officer.get(f"{address}?lang=en")
    assert set(_offered_on(page)) == {"IOM", "TJETER_VIZION", "VATRA"}
    assert page.count("Call the duty officer first") == 3
    chosen = {**fields(last, page, answers), "party": "NRC", "override_reason": "safety"}
    officer.post(address, {**chosen, "by_name": "yes", "by_name_of": "NRC"}, status=422)
    assert _now().scalar(select(func.count()).select_from(Referral).where(Referral.case_id == _id(address))) == 0


def _named_on(body: str) -> set[str]:
    return set(re.findall(r'name="named" value="(\w+)"', body))


def test_after_a_no_that_is_put_right_the_page_names_again_everybody_who_would_know(
    app: Flask, sign_in: SignIn
) -> None:
    person, struck = sign_in(LOGIN), ["NRC", "IOM", "TJETER_VIZION"]
    page = _to(person, "consent", example())
    body = person.get(page)
    named = _named_on(body)
    assert {"RA", *NAMED[:1]} <= named
    no = example(consent_services="no")
    person.post(page, {**fields("consent", body, no), "parties": struck})
    back = person.get(page)
    assert named <= _named_on(back)

    stale = {**fields("consent", back, example()), "named": struck, "parties": struck}
    asked = person.post(page, stale, status=422)
    assert "Nuk iu përmendën personit para se të thoshte po" in asked
    assert named <= _named_on(asked)
    assert "Nuk iu përmendën" in person.post(page, {**stale, "leave": "1"}, status=422)
    person.post(page, {**fields("consent", asked, example()), "parties": struck})
