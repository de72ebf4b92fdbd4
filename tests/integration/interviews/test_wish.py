"""A yes that was not free or not understood is a wish; what the page says of it, and what it reads out before."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from nrm import clock
from nrm.actions.referrals import referrals
from nrm.actions.shelter import consents
from nrm.db import db
from nrm.domain.interviews.facts import consent_of, statistics_consent, wish
from nrm.domain.interviews.questionnaire_flow import pages
from nrm.domain.interviews.understanding import Doubt
from nrm.domain.shelter.consents import Answer, Asking, Said, Topic
from nrm.models.interviews.interviews import Interview
from nrm.models.referrals.referrals import Referral
from nrm.models.shelter.cases import Case, SealedCompartment
from nrm.models.shelter.consents import Consent, NamedParty
from nrm.store.countries import country
from tests.conftest import Person
from tests.factories import actor
from tests.factories_interviews import LOGIN, begin, example, fields, last_of, page_id, questionnaire, walk
from tests.factories_referrals import bed, organisation

pytestmark = pytest.mark.usefixtures("app")
SignIn = Callable[[str], Person]
DOUBTFUL: list[tuple[dict[str, Any], Doubt, str]] = [
    ({"purpose_read": "not_read"}, Doubt.NOT_READ, "teksti nuk u lexua"),
    ({"purpose_read": "partly"}, Doubt.IN_PART, "teksti u kuptua vetëm pjesërisht"),
    ({"language": "ro", "interpreter": "not_found"}, Doubt.NO_INTERPRETER, "askush nuk përktheu"),
    ({"language": "bn", "interpreter": "nobody"}, Doubt.NO_INTERPRETER, "askush nuk përktheu"),
    ({"language": "dont_know", "interpreter": "nobody"}, Doubt.NO_INTERPRETER, "askush nuk përktheu"),
    ({"language": "ro", "interpreter": "nobody"}, Doubt.DRAFT, "ende i pamiratuar dhe askush"),
    ({"alone": "no", "apart": "telephone"}, Doubt.NOT_ALONE, "nuk ishit vetëm me personin"),
    ({"alone": "dont_know"}, Doubt.NOT_ALONE, "nuk ishit vetëm me personin"),
]
FREE: list[dict[str, Any]] = [
    {},
    {"language": "en", "interpreter": "nobody"},
    {"language": "ro", "interpreter": "telephone"},
    {"language": "bn", "interpreter": "present"},
    {"alone": "no", "apart": "go_on"},
]
# What the form of a page offers; a file or a paper has the others, too.
ON_A_PAGE = [each for each in DOUBTFUL if "dont_know" not in each[0].values()]
IDS = [doubt for _, doubt, _ in DOUBTFUL]


def _page_asking(question: str) -> str:
    return next(page.id for page in questionnaire().pages.values() if question in page.questions)


def _plain(body: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", body))


@pytest.mark.parametrize(("said", "doubt", "_"), DOUBTFUL, ids=IDS)
def test_such_a_yes_is_a_wish_and_asks_for_no_name(said: dict[str, Any], doubt: Doubt, _: str) -> None:
    answers = example(**said)
    assert wish(questionnaire(), answers) == (doubt,)
    assert consent_of(questionnaire(), answers) == "not_asked_urgent"
    assert statistics_consent(questionnaire(), answers) == "not_asked"
    assert "identity" not in {page.id for page in pages(questionnaire(), answers)}
    refused = example(**said, consent_services="no")
    assert (consent_of(questionnaire(), refused), wish(questionnaire(), refused)) == ("refused", ())
    child = example(**said, age="child")
    assert consent_of(questionnaire(), child) == "not_asked_child"


@pytest.mark.parametrize("said", FREE)
def test_such_a_yes_is_a_yes(said: dict[str, Any]) -> None:
    answers = example(**said)
    assert (wish(questionnaire(), answers), consent_of(questionnaire(), answers)) == ((), "given")
    assert "identity" in {page.id for page in pages(questionnaire(), answers)}


@pytest.mark.slow
@pytest.mark.parametrize(("said", "_", "words"), ON_A_PAGE)
def test_the_page_says_so_before_it_is_sent_and_no_name_goes(
    app: Flask, sign_in: SignIn, said: dict[str, Any], _: Doubt, words: str
) -> None:
    person, answers = sign_in(LOGIN), example(**said)
    loaded = walk(person, answers, begin(person), until=last_of(answers))
    assert "identity" not in loaded
    address = f"/interviews/{_draft()}/{loaded[-1]}"
    body = person.get(address)
    assert "Po-ja vlen si dëshirë, sepse:" in body
    assert words in body
    assert "72 orësh" in body
    assert body.index("Po-ja vlen si dëshirë") < body.index("<button class=btn>")
    sent = person.post(address, fields(loaded[-1], body, answers))
    assert "detyra e parë" in person.get(sent)
    db.session.rollback()
    case = db.session.scalars(select(Case)).one()
    assert case.consent == "not_asked_urgent"
    there = select(SealedCompartment.compartment).where(SealedCompartment.case_id == case.id)
    assert set(db.session.scalars(there)) == {"hand_over"}
    given = select(Consent).where(Consent.case_id == case.id, Consent.said == "given")
    assert db.session.scalars(given).all() == []


def _draft() -> str:
    db.session.rollback()
    return str(db.session.scalars(select(Interview.id)).one())


@pytest.mark.parametrize("question", ["consent_services", "consent_urgent"])
def test_every_page_that_asks_for_consent_has_a_wording_in_every_language(question: str) -> None:
    asked = questionnaire()
    page = asked.pages[_page_asking(question)]
    (wording,) = [asked.wordings[name] for name in page.wordings]
    assert wording.version >= 1
    assert set(wording.text) == {"sq", "en", "el", "it", "ro", "ru", "sr", "tr"}


def test_what_is_read_says_who_learns_and_who_does_not() -> None:
    text = questionnaire().wordings["consent"].text
    assert text["en"].startswith(
        "One of these will receive you. Who is asked learns only what you need and what threatens you, without a name; "
        "what you told us, only the one that says yes. Whom must we not ask?"
    )
    assert "the one that is asked and the duty desk learn only what you need and what threatens you" in text["en"]
    assert text["sq"].startswith("Njëra nga këto do t’ju pranojë.")
    assert f"{country().retention.thinking_hours} hours" in text["en"]
    assert f"{country().retention.thinking_hours} orë" in text["sq"]


def test_the_urgent_page_reads_the_wording_out_and_its_hash_is_kept(app: Flask, sign_in: SignIn) -> None:
    person, answers = sign_in(LOGIN), example(consent_urgent="given")
    page = _page_asking("consent_urgent")
    address = begin(person, urgent=True)
    walk(person, answers, address, until=page)
    assert "Mund t’ju çojmë tani në një vend të sigurt." in person.get(f"/interviews/{_draft()}/{page}")
    rest = walk(person, answers, f"/interviews/{_draft()}/{page}")
    assert rest[-1] == "sent"
    db.session.rollback()
    kept = set(db.session.execute(select(Consent.wording, Consent.wording_version, Consent.language)))
    assert {tuple(each) for each in kept} == {("consent_urgent", 1, "sq")}
    assert {len(each) for each in db.session.scalars(select(Consent.wording_sha256))} == {64}


def test_a_language_without_a_text_says_so(app: Flask, sign_in: SignIn) -> None:
    person, answers = sign_in(LOGIN), example(language="bn", interpreter="telephone")
    page = _page_asking("consent_services")
    loaded = walk(person, answers, begin(person), until=page)
    body = person.get(f"/interviews/{_draft()}/{loaded[-1]}")
    assert "në këtë gjuhë nuk ka tekst" in body
    assert "Njëra nga këto do t’ju pranojë." in body


def test_a_language_with_a_text_does_not_say_that_it_has_none(app: Flask, sign_in: SignIn) -> None:
    person, answers = sign_in(LOGIN), example(language="ro", interpreter="telephone")
    page = _page_asking("consent_services")
    loaded = walk(person, answers, begin(person), until=page)
    body = person.get(f"/interviews/{_draft()}/{loaded[-1]}")
    assert "nuk ka tekst" not in body
    assert "Una dintre acestea vă va primi." in body


@pytest.mark.parametrize("danger", ["yes", "no"])
def test_after_a_no_help_is_offered_once_and_nobody_asks_why(app: Flask, sign_in: SignIn, danger: str) -> None:
    person = sign_in(LOGIN)
    answers = example(consent_services="no", danger=danger, risk="low", refusal_reason=None, assessment="suspected")
    page = next(each.id for each in pages(questionnaire(), answers) if "refusal_reason" in each.questions)
    loaded = walk(person, answers, begin(person), until=page)
    body = person.get(f"/interviews/{_draft()}/{loaded[-1]}")
    assert body.count("116 006") >= 1
    assert "/leaflets/sq" in body
    assert ("129" in _plain(body), "127" in _plain(body)) == (danger == "yes", danger == "yes")
    assert questionnaire().questions["refusal_reason"].by == "officer"
    following = person.post(f"/interviews/{_draft()}/{loaded[-1]}", fields(loaded[-1], body, answers))
    assert page_id(following).split("?")[0] == "end"  # without any reason


@pytest.mark.slow
def test_the_three_lists_stand_on_the_page_of_the_case_and_the_sender_learns_of_nothing_later(
    app: Flask, sign_in: SignIn
) -> None:
    person, answers = sign_in(LOGIN), example(gender="feminine", risk="low")
    page = _page_asking("consent_services")
    walk(person, answers, begin(person), until=page)
    address = f"/interviews/{_draft()}/{page}"
    following = person.post(address, {**fields(page, person.get(address), answers), "parties": ["VATRA"]})
    walk(person, answers, following)
    db.session.rollback()
    referral = db.session.scalars(select(Referral)).one()
    case_id, referral_id = referral.case_id, referral.id
    code = next(each for each in ("NRC", "IOM", "TJETER_VIZION") if organisation(each) == referral.receiver_id)
    desk = f"{code.lower()}.case_worker"
    rows = {(each.naming, each.party) for each in db.session.scalars(select(NamedParty))}
    assert ("named", "VATRA") in rows
    assert ("named", code) in rows
    assert ("struck_out", "VATRA") in rows
    assert ("told", code) not in rows  # nobody has said yes
    referrals.accept(referral_id=referral_id, place_id=bed(code), by=actor(desk))
    db.session.rollback()
    told = select(NamedParty.party).where(NamedParty.naming == "told")
    assert code in set(db.session.scalars(told))
    assert "VATRA" not in set(db.session.scalars(told))
    words = _plain(sign_in(desk).get(f"/cases/{case_id}"))
    for label in ("Iu përmendën personit", "I hoqi personi", "U treguan"):
        assert label in words
    referrals.arrive(referral_id=referral_id, by=actor(desk))
    before = person.get(f"/referrals/{referral_id}")
    authority = country().in_force(clock.now()).parties["RA"].on_call
    assert authority in before
    no = [
        *(Answer(topic, Said.GIVEN) for topic in (Topic.SERVICES, Topic.SHARING)),
        Answer(Topic.SHARING, Said.REFUSED, "RA"),
    ]
    consents.ask(case_id=case_id, answers=no, asking=Asking("returnee-1", "sq", "nobody"), by=actor(desk))
    assert authority in person.get(f"/referrals/{referral_id}")


@pytest.mark.slow
def test_one_strike_leaves_the_others(app: Flask, sign_in: SignIn) -> None:
    """The one shelter that must receive is struck out: those that its clause names after it are asked."""
    person, answers = sign_in(LOGIN), example(gender="feminine", risk="low", proceedings="tirana")
    page = _page_asking("consent_services")
    walk(person, answers, begin(person), until=page)
    address = f"/interviews/{_draft()}/{page}"
    following = person.post(address, {**fields(page, person.get(address), answers), "parties": ["NRC"]})
    assert page_id(following) != page  # it goes on
    assert "Nuk mbetet askush" not in person.get(following)
    last = last_of(answers)
    walk(person, answers, following, until=last)
    decision = f"/interviews/{_draft()}/{last}"
    body = person.get(decision)
    offered = set(re.findall(r'name="party" value="(\w+)"', body))
    assert offered
    assert "NRC" not in offered
    one = next(each for each in ("VATRA", "TJETER_VIZION", "IOM") if each in offered)
    form = {**fields(last, body, answers), "party": one}
    sent = person.post(decision, form)
    assert page_id(sent) == "sent"
