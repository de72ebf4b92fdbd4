"""The officer's way through the pages, without scripts."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from nrm import clock
from nrm.actions.interviews import interviews
from nrm.db import db, transaction
from nrm.models.interviews.interviews import Interview
from nrm.models.referrals.referrals import Referral
from nrm.models.shelter.cases import Case, SealedCompartment, ShredKey
from tests import factories, screened
from tests.conftest import Person
from tests.factories import actor
from tests.factories_interviews import (
    LOGIN,
    begin,
    confirmation,
    example,
    fields,
    last_of,
    page_id,
    questionnaire,
    walk,
)

SignIn = Callable[[str], Person]


def _now() -> Session:
    """The database as it is now, not as an earlier read of this test saw it."""
    db.session.rollback()
    session: Session = db.session()
    return session


def _count(model: type) -> int:
    return _now().scalar(select(func.count()).select_from(model)) or 0


def _id_of(address: str) -> uuid.UUID:
    return uuid.UUID(address.split("/")[2])


def test_a_standard_interview_is_ten_page_loads_from_home_to_sent(app: Flask, sign_in: SignIn) -> None:
    person = sign_in(LOGIN)
    loaded = walk(person, example(), begin(person))
    assert loaded == ["screen", "six", "way", "happened", "signs", "consent", "identity", "check", "decision", "sent"]
    assert _count(Case) == 1
    assert _now().scalars(select(SealedCompartment.compartment)).all().count("draft") == 0
    assert _now().scalars(select(Interview.status)).all() == ["sent"]
    assert screened.counted().total() == 1


def test_the_questions_stand_in_the_language_of_the_person_from_the_first_page_on(app: Flask, sign_in: SignIn) -> None:
    """What is most urgent is asked on the page on which the language is chosen."""
    hurt = questionnaire().questions["hurt"].reads["ro"]
    person = sign_in(LOGIN)
    address = begin(person)
    page = person.get(address)
    assert hurt not in page
    assert "name=spoken>Shfaqni edhe këtë gjuhë<" in page
    seen = confirmation(page)
    sent = {"language": "ro", "interpreter": "telephone", **seen}
    assert person.post(address, {**sent, "spoken": ""}) == address
    page = person.get(address)
    assert hurt in page
    assert re.search("name=language value=ro[^>]* checked", page)
    assert re.search("name=interpreter value=telephone[^>]* checked", page)
    # Who went on and forgot an answer reads them, too; in the officer's own language nothing stands twice.
    for language, said in (("el", questionnaire().questions["hurt"].reads["el"]), ("sq", "")):
        shown = person.post(address, {**sent, **confirmation(page), "language": language}, status=422)
        assert (hurt in shown, said in shown) == (False, True)
    # Without a language, or with one that nobody knows, that alone is asked for, and nothing is kept.
    for typed in ("", "Xyzzy"):
        wrong = {**confirmation(page), "language-other": typed, "hurt": "no", "spoken": ""}
        shown = person.post(address, wrong, status=422)
        assert typed in shown
        assert re.findall('<li><a href="#(\\w+)', shown) == ["language"]
        assert re.search("name=hurt value=no[^>]* checked", shown)
        assert not re.search("name=hurt value=no[^>]* checked", person.get(address))


@pytest.mark.slow
def test_no_page_of_an_interview_has_the_address_of_another(app: Flask, sign_in: SignIn) -> None:
    """The button of the other language sent what was typed to the interview that was shown before, of another post."""
    assert app
    answers, shown = example(), []
    for login in (LOGIN, "durres.border_officer"):
        person = sign_in(login)
        address = begin(person)
        loaded = walk(person, answers, address, until=last_of(answers))
        folder = address.rsplit("/", 1)[0]
        shown.append((folder, {page: person.get(f"{folder}/{page}") for page in loaded}))
    (before, _), (own, pages) = shown
    assert len(pages) > 6
    for page, body in pages.items():
        assert before not in body, page
        assert f'formaction="/spoken/en{own}/{page}"' in body, page


def test_the_home_page_stays_light_however_much_waits(app: Flask, sign_in: SignIn) -> None:
    by = actor(LOGIN)
    started = [interviews.start(interview_id=uuid.uuid4(), by=by) for _ in range(24)]
    with transaction() as session:
        imported = update(Interview).where(Interview.id.in_(started[::2]))
        session.execute(imported.values(status="completed", expires_at=None))
    person = sign_in(LOGIN)
    page = person.get("/")
    assert len(page.encode()) < 12 * 1024  # style and script are three more
    assert page.count("/resume") == 12
    for status in ("completed", "draft"):
        (older,) = re.findall(rf'href="(/interviews/unsent/{status}[^"]+)"', page)
        assert person.get(older.replace("&amp;", "&")).count("/resume") == 6


def test_an_urgent_hand_over_is_four_loads_and_asks_no_name(app: Flask, sign_in: SignIn) -> None:
    person = sign_in(LOGIN)
    address = begin(person, urgent=True)
    answers = example(consent_urgent="not_asked")
    loaded = walk(person, answers, address)
    assert loaded == ["urgent_first", "urgent_consent", "urgent_send", "sent"]
    case = _now().scalars(select(Case)).one()
    assert case.consent == "not_asked_urgent"
    assert set(_now().scalars(select(SealedCompartment.compartment))) == {"hand_over"}
    assert "detyra e parë" in person.get(f"/interviews/{case.id}/sent")


@pytest.mark.parametrize("age", ["child", "unsure"])
def test_a_child_or_who_may_be_one_is_not_asked_for_consent_and_every_summary_says_so(
    app: Flask, sign_in: SignIn, age: str
) -> None:
    person = sign_in(LOGIN)
    answers = example(age=age, age_stated=None, birth=None, child_with="me xhaxhain", noticed_child=["alone"])
    last = last_of(answers)
    loaded = walk(person, answers, begin(person), until=last)
    assert "consent" not in loaded
    assert "happened" not in loaded
    draft = _now().scalars(select(Interview)).one()
    body = person.get(f"/interviews/{draft.id}/{last}")
    assert "Pëlqimi nuk u kërkua" in body
    address = person.post(f"/interviews/{draft.id}/{last}", fields(last, body, answers))
    assert "Pëlqimi nuk u kërkua" in person.get(address)
    assert "Shërbimi i Mbrojtjes së Fëmijëve" in person.get(address)
    assert _now().scalars(select(Case.consent)).one() == "not_asked_child"


def test_answers_of_a_branch_that_was_left_are_dropped(app: Flask, sign_in: SignIn) -> None:
    person = sign_in(LOGIN)
    address = begin(person)
    walk(person, example(), address, until="decision")
    by = actor(LOGIN)
    interview_id = _id_of(address)
    interviews.resume(interview_id=interview_id, by=by)
    assert "cooperate" in interviews.read(interview_id=interview_id, by=by).answers
    purpose = f"/interviews/{interview_id}/screen"
    child = example(age="child", age_stated=None)
    following = person.post(purpose, fields("screen", person.get(purpose), child))
    _now()
    answers = interviews.read(interview_id=interview_id, by=by).answers
    assert answers["age"] == "child"
    for left in ("cooperate", "consent_services", "story", "forms", "assessment"):
        assert left not in answers
    assert page_id(following) in ("way_child", "signs_child")


def test_what_was_read_to_a_child_was_not_read_to_an_adult(app: Flask, sign_in: SignIn) -> None:
    person = sign_in(LOGIN)
    address = begin(person)
    walk(person, example(age="unsure", age_stated=None, noticed_child=["none"]), address, until="people_child")
    by, interview_id = actor(LOGIN), _id_of(address)
    interviews.resume(interview_id=interview_id, by=by)
    assert interviews.read(interview_id=interview_id, by=by).answers["purpose_read"] == "understood"
    screen = f"/interviews/{interview_id}/screen"
    person.post(screen, {**fields("screen", person.get(screen), example(age="adult")), "losing": "1"})
    assert "purpose_read" not in interviews.read(interview_id=interview_id, by=by).answers


def test_a_no_after_the_name_says_what_it_would_destroy(app: Flask, sign_in: SignIn) -> None:
    person = sign_in(LOGIN)
    address = begin(person)
    walk(person, example(), address, until="check")
    by, interview_id = actor(LOGIN), _id_of(address)
    interviews.resume(interview_id=interview_id, by=by)
    consent = f"/interviews/{interview_id}/consent"
    sent = fields("consent", person.get(consent), example(consent_sharing="no"))
    for more in ({}, {"leave": "1"}):
        body = person.post(consent, {**sent, **more}, status=200)
        assert "asgjësohet menjëherë" in body
        assert questionnaire().questions["given"].text["sq"] in body
        assert "given" in interviews.read(interview_id=interview_id, by=by).answers
    person.post(consent, {**sent, "losing": "1"})
    assert "given" not in interviews.read(interview_id=interview_id, by=by).answers


def test_a_refusal_shreds_the_draft_and_keeps_gender_class_month_and_reason(app: Flask, sign_in: SignIn) -> None:
    person = sign_in(LOGIN)
    address = begin(person)
    answers = example(consent_services="no", refusal_reason="fear")
    loaded = walk(person, answers, address)
    assert loaded[-3:] == ["refusal", "end", "held"]
    # The same button again leads to the same page and counts nothing twice.
    assert person.post(f"/interviews/{_id_of(address)}/refusal", {"seen": "9"}).endswith("/held")
    assert factories.end_holds() == 1
    (screening,) = screened.counted().elements()
    assert (screening.outcome, screening.reason, screening.gender) == ("refused", "fear", answers["gender"])
    assert (screening.crossing_point, screening.returned_from, screening.announced) == ("", "99", "99")
    assert _count(SealedCompartment) == 0
    with db.engines["shred"].connect() as connection:
        assert connection.execute(select(func.count()).select_from(ShredKey)).scalar() == 0
    assert _count(Case) == 0


def test_no_indicator_ends_without_a_referral(app: Flask, sign_in: SignIn) -> None:
    person = sign_in(LOGIN)
    loaded = walk(person, example(assessment="none"), begin(person))
    assert loaded[-1] == "held"
    assert factories.end_holds() == 1
    (screening,) = screened.counted().elements()
    assert (screening.outcome, screening.processed, screening.crossing_point) == ("none", "no_indicator", "rinas")
    assert _count(SealedCompartment) == _count(Case) == 0


def test_who_refused_to_be_counted_leaves_no_screening(app: Flask, sign_in: SignIn) -> None:
    person = sign_in(LOGIN)
    walk(person, example(consent_statistics="no"), begin(person))
    assert screened.counted().total() == 0
    case = _now().scalars(select(Case)).one()
    assert case.facts == {"statistics": "no"}
    assert (case.age_band, case.citizenship, case.exploited_in) == ("99", "99", "99")


def test_pressing_send_twice_sends_once(app: Flask, sign_in: SignIn) -> None:
    person = sign_in(LOGIN)
    address = begin(person)
    walk(person, example(), address, until="decision")
    check = f"/interviews/{_id_of(address)}/decision"
    sent = fields("decision", person.get(check), example())
    told = check.replace("/decision", "/sent")
    assert person.post(check, sent) == told
    assert "nuk u dërgua dy herë" not in person.get(told)
    assert person.post(check, {**sent, "parties": ["IOM"]}) == f"{told}?again=1"
    assert _count(Referral) == 1
    # What was struck out too late is not swallowed without a word.
    assert "nuk u dërgua dy herë. Ajo që u ndryshua në faqe pas dërgimit nuk është në të" in person.get(
        f"{told}?again=1"
    )


def test_the_start_button_pressed_twice_begins_one_interview(app: Flask, sign_in: SignIn) -> None:
    person = sign_in(LOGIN)
    number = str(uuid.uuid4())
    assert person.post("/interviews", {"id": number}) == person.post("/interviews", {"id": number})
    assert _count(Interview) == 1
    refused = sign_in("durres.border_officer").post("/interviews", {"id": number}, status=404)
    assert "404" not in re.sub("[0-9a-f]{8,}", "", refused)  # tokens and codes are random


def test_two_windows_keep_both_texts(app: Flask, sign_in: SignIn) -> None:
    person = sign_in(LOGIN)
    address = begin(person)
    walk(person, example(), address, until="happened")
    page = f"/interviews/{_id_of(address)}/happened"
    body = person.get(page)
    first = fields("happened", body, example(story="E para, nga dritarja tjetër."))
    second = fields("happened", body, example(story="E dyta, nga kjo dritare."))
    person.post(page, first)
    conflict = person.post(page, second, status=409)
    assert "E para, nga dritarja tjetër." in conflict
    assert "E dyta, nga kjo dritare." in conflict
    kept = dict(second, seen=re.findall(r'name="seen" value="(\d+)"', conflict)[-1])
    person.post(page, kept)
    assert "E dyta, nga kjo dritare." in person.get(page)


def test_the_same_page_sent_twice_is_no_conflict(app: Flask, sign_in: SignIn) -> None:
    person = sign_in(LOGIN)
    address = begin(person)
    sent = fields("screen", person.get(address), example())
    assert person.post(address, sent) == person.post(address, sent)


def test_after_a_quarter_of_an_hour_a_page_asks_to_continue_and_a_form_loses_nothing(
    app: Flask, sign_in: SignIn
) -> None:
    person = sign_in(LOGIN)
    address = begin(person)
    sent = fields(
        "screen",
        person.get(address),
        example(alone="no", companions=["relative"], companions_who="kushëriri nga fshati"),
    )
    for minutes in (10, 20):  # the session lives on, the opening does not
        at = clock.now() + timedelta(minutes=minutes if minutes == 10 else 10)
        clock.set_clock(lambda at=at: at)
        person.get("/members")
    body = person.get(address)
    assert "Vazhdoni këtë intervistë" in body
    assert "kushëriri" not in body
    assert page_id(person.post(address, sent)) == "apart"
    assert "kushëriri nga fshati" in person.get(address)


def test_save_and_leave_keeps_what_is_there_and_what_is_missing_holds_nobody_up(app: Flask, sign_in: SignIn) -> None:
    person = sign_in(LOGIN)
    address = begin(person)
    seen = fields("screen", person.get(address), {})
    assert person.post(address, {**seen, "language": "el", "leave": "1"}) == "/"
    assert re.search(r"value=el [^>]*checked", person.get(address))
    body = person.post(address, {**seen, "seen": "2", "language-other": "zzzzz", "leave": "1"}, status=422)
    assert "zzzzz" in body


def test_stop_leads_to_the_shelter_with_what_is_there(app: Flask, sign_in: SignIn) -> None:
    person = sign_in(LOGIN)
    address = begin(person)
    walk(person, example(), address, until="way")
    way = f"/interviews/{_id_of(address)}/way"
    seen = fields("way", person.get(way), {})
    urgent = person.post(way, {**seen, "stop": "1"})
    assert page_id(urgent) == "urgent_first"
    assert "value=adult checked" in person.get(urgent)
    assert walk(person, example(consent_urgent="given"), urgent)[-1] == "sent"


def test_a_struck_out_party_is_neither_asked_nor_told(app: Flask, sign_in: SignIn) -> None:
    person = sign_in(LOGIN)
    address = begin(person)
    walk(person, example(), address, until="consent")
    consent = f"/interviews/{_id_of(address)}/consent"
    body = person.get(consent)
    named = re.findall(r'name="parties" value="(\w+)"', body)
    assert "RA" in named
    struck = [named[0], "RA", "NO_SUCH_PARTY"]
    identity = person.post(consent, {**fields("consent", body, example()), "parties": struck})
    loaded = walk(person, example(), identity, until="decision")
    check = f"/interviews/{_id_of(address)}/decision"
    body = person.get(check)
    assert named[0] not in re.findall(r'name="party" value="(\w+)"', body)
    refused = person.post(check, {**fields("decision", body, example()), "party": named[0]}, status=422)
    assert "Zgjidhni qendrën" in refused
    assert loaded[-1] == "decision"
    sent = person.get(person.post(check, fields("decision", body, example())))
    assert "Autoriteti Përgjegjës (" not in sent


def test_where_everybody_is_struck_out_the_page_says_at_its_top_what_to_do(app: Flask, sign_in: SignIn) -> None:
    person = sign_in(LOGIN)
    address = begin(person)
    walk(person, example(), address, until="consent")
    consent = f"/interviews/{_id_of(address)}/consent"
    body = person.get(f"{consent}?lang=en")
    assert 'class="errors"' not in body
    everybody = re.findall(r'name="parties" value="(\w+)"', body)
    assert person.post(consent, {**fields("consent", body, example()), "parties": everybody}) == consent
    page = person.get(f"{consent}?lang=en")
    assert "<title>Error: " in page
    summary, rest = page.split('class="errors"')[1].split("</div>", 1)
    assert '<a href="#parties">Nobody is left who could receive the person' in summary
    assert "“The person leaves without a shelter”" in summary
    assert 'id="parties-error"' in rest
    some = {**fields("consent", page, example()), "parties": everybody[1:]}
    assert page_id(person.post(consent, some)) == "identity"
    assert 'class="errors"' not in person.get(consent)


def test_a_message_about_a_choice_of_another_page_says_which_page(app: Flask, sign_in: SignIn) -> None:
    person = sign_in(LOGIN)
    address = begin(person)
    walk(person, example(), address, until="signs")
    signs = f"/interviews/{_id_of(address)}/signs"
    refused = person.post(f"{signs}?lang=en", fields("signs", person.get(signs), example(age_stated=12)), status=422)
    assert "choose “Under 18” or “Not sure” for the age (asked on “Short screen”)" in refused
    assert 'value="12"' in refused


def test_against_the_agreement_only_with_a_reason(app: Flask, sign_in: SignIn) -> None:
    person = sign_in(LOGIN)
    answers = example(proceedings="tirana")  # clause 2.2: the National Reception Centre must be asked
    address = begin(person)
    walk(person, answers, address, until="decision")
    check = f"/interviews/{_id_of(address)}/decision"
    body = person.get(check)
    assert 'value="NRC" checked' in body
    against = {**fields("decision", body, answers), "party": "VATRA"}
    assert "Zgjidhni pse" in person.post(check, against, status=422)
    assert "Zgjidhni pse" in person.post(check, {**against, "override_reason": "because"}, status=422)
    person.post(check, {**against, "override_reason": "safety"})
    referral = _now().scalars(select(Referral)).one()
    assert (referral.overrides, referral.override_reason, referral.must) == ("2.2", "safety", False)


def test_who_is_left_out_by_its_competence_says_whom_it_receives_and_names_no_clause(
    app: Flask, sign_in: SignIn
) -> None:
    """The clause names IOM for this person, and IOM receives nobody at high risk: the page said only the first."""
    person = sign_in(LOGIN)
    answers = example(urgent="no", risk="high")
    address = begin(person)
    walk(person, answers, address, until="decision")
    body = person.get(f"/interviews/{_id_of(address)}/decision?lang=en")
    others = body[body.index("Another shelter, with a reason") :]
    iom = others[others.index('value="IOM"') :]
    iom = iom[: iom.index("</label>")]
    assert "in this situation. Receives: Age group: 18 or over and Risk: low or medium<br>" in iom
    assert "Clause" not in iom


def test_nothing_is_chosen_before_when_more_than_one_may_be_asked(app: Flask, sign_in: SignIn) -> None:
    person = sign_in(LOGIN)
    address = begin(person)
    walk(person, example(citizenship_class="albanian", needs=["medical"]), address, until="decision")
    body = person.get(f"/interviews/{_id_of(address)}/decision")
    shelters = re.findall(r'name="party" value="\w+"( checked)?', body)
    assert len(shelters) > 1
    assert not any(shelters)


def test_another_post_sees_no_interview_of_this_one(app: Flask, sign_in: SignIn) -> None:
    address = begin(sign_in(LOGIN))
    interview = f"/interviews/{_id_of(address)}"
    for login, status in (("durres.border_officer", 404), ("vatra.case_worker", 404), ("molsa.statistician", 403)):
        stranger = sign_in(login)
        for path in (interview, address, f"{interview}/sent", f"{interview}/discard"):
            stranger.get(path, status=status)
        for path in (address, f"{interview}/resume", f"{interview}/discard"):
            stranger.post(path, status=status)
    assert _count(Interview) == 1


def test_a_destroyed_interview_is_gone(app: Flask, sign_in: SignIn) -> None:
    person = sign_in(LOGIN)
    interview = f"/interviews/{_id_of(begin(person))}"
    body = person.get(f"{interview}/discard")
    assert "asgjësohen" in body
    sent = confirmation(body)
    assert "reason" not in sent  # nothing was said yet
    person.post(f"{interview}/discard", status=409)  # without having seen what is in it
    assert person.post(f"{interview}/discard", sent) == "/interviews/ended/discarded"
    assert person.post(f"{interview}/discard", sent) == "/interviews/ended/before"
    assert _count(SealedCompartment) == 0
    assert screened.counted().total() == 0


def test_a_page_that_lies_ahead_leads_back_to_the_one_that_is_due(app: Flask, sign_in: SignIn) -> None:
    person = sign_in(LOGIN)
    address = begin(person)
    interview = f"/interviews/{_id_of(address)}"
    answer = person.client.get(f"{interview}/decision")
    assert (answer.status_code, answer.headers["Location"]) == (303, address)
    person.get(f"{interview}/no-such-page", status=404)
    body = person.get(interview)
    assert "Nuk mund të fillojë ende" in body


def test_a_drafts_days_are_shown_and_then_it_is_destroyed(app: Flask, sign_in: SignIn) -> None:
    begin(sign_in(LOGIN))
    assert "edhe 7 ditë" in sign_in(LOGIN).get("/")
    at = clock.now() + timedelta(days=6)
    clock.set_clock(lambda: at)
    assert 'class="tag late">edhe 1 ditë' in sign_in(LOGIN).get("/")
    late = at + timedelta(days=2)
    clock.set_clock(lambda: late)
    assert interviews.expire_drafts(by=actor(LOGIN)) == 1
    assert interviews.expire_drafts(by=actor(LOGIN)) == 0
    assert _count(SealedCompartment) == 0


JUNK = (
    {},
    {"seen": "x" * 5000},
    {"age": ["child", "adult"], "language": ["sq", "en"]},
    {"age": "\0", "story": "a\0b", "birth": "\0", "parties": ["\0"], "party": "\0", "override_reason": "\0"},
    {"story": "\u202eabc", "given": "\u202eabc", "assessment_why": "\u202e"},
    {"story": "x" * 200_000, "given": "x" * 200_000},
    {"seen": "99999999999999999999", "party": "NRC", "override_reason": "safety"},
    {"seen": "²", "needs": ["medical"] * 200, "birth": "9999", "birth-day": "99", "birth-month": "-1"},
)


@pytest.mark.parametrize("page", ["screen", "six", "consent", "decision"])
def test_junk_is_answered_and_nothing_is_lost(app: Flask, sign_in: SignIn, page: str) -> None:
    person = sign_in(LOGIN)
    address = begin(person)
    walk(person, example(), address, until=page)
    path = f"/interviews/{_id_of(address)}/{page}"
    before = person.get(path)
    for fields_sent in JUNK:
        answer = person.client.post(path, data={"csrf_token": person.csrf_token, **fields_sent})
        assert answer.status_code in (409, 422, 413), (page, answer.status_code)
    assert person.get(path) == before
    too_much = person.client.post(path, data={"csrf_token": person.csrf_token, "story": "x" * 1_000_000})
    assert too_much.status_code in (400, 413)
    for junk_id in ("", "\0", "x" * 1000, "not-a-number"):
        person.post("/interviews", {"id": junk_id}, status=422)
    assert person.get(path) == before


def test_every_page_stays_within_its_weight(app: Flask, sign_in: SignIn) -> None:
    person = sign_in(LOGIN)
    address = begin(person)
    for _ in range(9):
        body = person.get(address)
        assert len(body.encode()) < 60_000
        page = page_id(address)
        if page == "sent":
            break
        address = person.post(address, fields(page, body, example()))
