"""A training: own desks for each trainee, exercises, and answers from what the desks recorded."""

from __future__ import annotations

import contextvars
import io
import json
import random
import re
import shutil
import subprocess
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pypdf
import pytest
from click.testing import CliRunner
from flask import Flask

from nrm import catalogues, clock, countries
from nrm.actions.accounts import accounts, own_sessions
from nrm.actions.interviews import interview_sending, interviews
from nrm.actions.referrals import proposals, referrals
from nrm.cli import demo, nrm
from nrm.cli.refusals import Refused
from nrm.cli.trying import trainings
from nrm.countries import texts
from nrm.countries.comparing import differences
from nrm.countries.keeping import broken
from nrm.demo import staff
from nrm.demo.life import everybody
from nrm.demo.made_up_interviews import random_answers
from nrm.domain.accounts.accounts import Actor, NotVisible
from nrm.domain.exercises import BY_CODE, EXERCISES, At, Kind, of_desk
from nrm.domain.referrals.referrals import DeclineReason
from nrm.render import pdf
from nrm.steps import background, training_findings
from nrm.steps import training as steps
from nrm.store import training as store
from nrm.store.countries import country
from nrm.store.referrals import obligations
from nrm.store.shelter import places
from tests import factories
from tests.conftest import Person, once, token_in

pytestmark = pytest.mark.slow
Typed = Callable[..., subprocess.CompletedProcess[str]]


@dataclass(frozen=True)
class Training:
    app: Flask

    def person(self, login: str) -> Person:
        return Person(self.app.test_client(), login)

    def actor(self, login: str) -> Actor:
        cookie = accounts.sign_in(login=login, password=factories.PASSWORD)
        found = accounts.resume(cookie)
        assert isinstance(found, accounts.SignedIn)
        return found.actor


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A training of two, whose accounts all have the password of the tests."""

    def make(folder: Path) -> None:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("nrm.cli.usage.load_config", factories.cheap_config)
            patch.setattr(staff, "_password", lambda: factories.PASSWORD)
            data, invented = demo._invented("albania", None)
            source = countries.FOLDER / "albania"
            trainings.make_training(folder, count=2, data=data, invented=invented, source=source, second_factor=False)

    return once(tmp_path_factory, "training", make)[0]


@pytest.fixture
def training(made: Path, tmp_path: Path) -> Iterator[Training]:
    app = factories.copy_instance(made, tmp_path / "training")
    with app.app_context():
        yield Training(app)
    clock.set_clock(None)


POST, HOUSE = "training_1.border_officer", "training_1_shelter.case_worker"


def interview(by: Actor, code: str, **other: Any) -> uuid.UUID:
    """What an officer enters who does the exercise right; `other`: answers that are not as the person gave them."""
    questionnaire = country().questionnaires["returnee-1"]
    answers = random_answers(
        questionnaire,
        random.Random(3),
        today=clock.today(country().timezone),
        fixed={**training_findings.coded(questionnaire, BY_CODE[code].whole), "language": "sq", **other},
        severity=0.0,
        answered=0.0,
    )
    interview_id = uuid.uuid4()
    interviews.start(interview_id=interview_id, by=by)
    interviews.save_answers(interview_id=interview_id, answers=answers, named=everybody(), by=by)
    return interview_id


def referred(by: Actor, code: str, choice: int = 0, **other: Any) -> interview_sending.Sent:
    interview_id = interview(by, code, **other)
    party = proposals.propose(interview_id=interview_id, by=by).choices[choice].party
    return interview_sending.send(interview_id=interview_id, party=party, by=by)


def answer(person: Person, code: str) -> str:
    """What the page says once the trainee says that she is done."""
    there = person.post(f"/training/{code}/done")
    page = person.get(f"{there}{'&' if '?' in there else '?'}lang=en")
    return re.sub(r"\s+", " ", re.sub("<[^>]+>", " ", page[page.index('id="answer"') :]))


def test_each_exercise_leads_by_the_rules_where_its_story_says(training: Training) -> None:
    """Nobody wrote down a shelter: who reads the exercises can say which one it must be."""
    questionnaire = country().questionnaires["returnee-1"]
    own = store.own(by=training.actor(POST))
    first = {}
    for exercise in EXERCISES:
        if exercise.kind is Kind.INTERVIEW and exercise.code not in ("refuses", "stopped"):
            said = training_findings.coded(questionnaire, exercise.whole)
            first[exercise.code] = steps.expected_route(questionnaire, said, own, clock.now()).candidates[0].party
    # Vatra has no free place: who has children with her goes to the next centre outside Tirana.
    assert first == {"ferry": "TRAINING_1_SHELTER", "child": "TRAINING_1_SHELTER", "full": "TJETER_VIZION"}


def test_a_woman_who_was_referred_as_she_said_is_found_right(training: Training) -> None:
    officer, by = training.person(POST), training.actor(POST)
    page = officer.get("/training/ferry?lang=en")
    assert "Lira Vesa" in page
    assert 'id="answer"' not in page
    assert "Training shelter" not in page
    officer.post("/training/ferry/begin")
    assert "No interview was begun" not in officer.get("/training/ferry?lang=en")
    sent = referred(by, "ferry")
    said = answer(officer, "ferry")
    assert "comes first by the agreement: Training shelter 1" in said
    assert "Consent is recorded as the person gave it" in said
    assert "All answers that matter here are as the person gave them." in said
    assert "In time: the agreement allows 24 hours for the first interview." in said
    assert BY_CODE["ferry"].learned in said
    assert "look again" not in said
    assert store.begun(by.organisation_id, by=by)["ferry"].right == "yes"  # type: ignore[arg-type]
    # Once the shelter has accepted, the post cannot compare any more, and the shelter can.
    house = training.actor(HOUSE)
    free, _ = places.free_places(by=house)[0]
    referrals.accept(
        referral_id=sent.referral_id, place_id=free, expected_at=clock.now() + timedelta(hours=2), by=house
    )
    assert "your post cannot read the answers any more" in officer.get("/training/ferry?lang=en")
    assert "All answers that matter here" in training.person(HOUSE).get("/training/ferry?lang=en")


def test_what_was_entered_otherwise_is_named(training: Training) -> None:
    officer, by = training.person(POST), training.actor(POST)
    officer.post("/training/ferry/begin")
    referred(by, "ferry", 1, consent_statistics="yes", needs=["none"], given="Lora")
    said = answer(officer, "ferry")
    assert said.count("look again") == 3
    assert "look again Consent is not recorded as the person gave it." in said
    assert "Consent is recorded as the person gave it" not in said
    assert (
        "look again The referral went to a place that the agreement allows; the exercise asks for the first one: Train"
        in said
    )
    questions = country().questionnaires["returnee-1"].questions
    for name in ("consent_statistics", "needs", "given"):
        assert questions[name].text["en"] in said
    assert questions["family"].text["en"] not in said.replace(questions["given"].text["en"], "")
    assert "Expected: Lira Entered: Lora" in said
    assert "Expected: No Entered: Yes" in said
    assert BY_CODE["ferry"].learned not in said
    # What the officer judges is nothing that the person said, and more than one judgement agrees with the story.
    assert questions["risk"].text["en"] not in said
    officer.post("/training/ferry/begin")
    referred(by, "ferry", risk="medium")
    assert "look again" not in answer(officer, "ferry")
    officer.post("/training/ferry/begin")
    referred(by, "ferry", risk="high")
    said = answer(officer, "ferry")
    assert "than the person said" not in said
    assert f"you see something else: {questions['risk'].text['en']} Expected: Low or Medium Entered: High" in said
    assert store.begun(by.organisation_id, by=by)["ferry"].right == "no"  # type: ignore[arg-type]


def test_a_child_a_no_and_a_person_who_is_no_victim(training: Training) -> None:
    officer, by = training.person(POST), training.actor(POST)
    officer.post("/training/child/begin")
    referred(by, "child")
    said = answer(officer, "child")
    # As the page “Sent” says it: the notice lies there, and nobody has said yet that they know.
    assert "The notice was sent to the child authority, and is not answered yet" in said
    assert "look again" not in said
    alert = training.actor("child_protection.case_worker")
    for line in (each for each in obligations.owed(by=alert).rows if each.kind == "notify"):
        referrals.acknowledge(obligation_id=line.id, by=alert)
    assert "The child authority knows: it said so" in answer(officer, "child")
    officer.post("/training/refuses/begin")
    interviews.end(interview_id=interview(by, "refuses"), by=by)
    said = answer(officer, "refuses")
    assert "The no of the person was taken down as the person gave it" in said
    assert "All answers that matter here" in said
    assert "look again" not in said
    officer.post("/training/stopped/begin")
    interviews.end(interview_id=interview(by, "stopped"), by=by)
    said = answer(officer, "stopped")
    assert "The interview ended without a referral, and the person was counted without a name." in said
    assert "look again" not in said
    # Thrown away is nothing that was counted.
    officer.post("/training/stopped/begin")
    interviews.discard(interview_id=interview(by, "stopped"), by=by)
    said = answer(officer, "stopped")
    assert "ended in another way" in said
    assert BY_CODE["stopped"].learned not in said
    # The other way round: nobody is referred who said no, and a no is no end of a referral.
    officer.post("/training/refuses/begin")
    referred(by, "ferry")
    assert "What was said leads to no referral" in answer(officer, "refuses")
    officer.post("/training/ferry/begin")
    interviews.end(interview_id=interview(by, "refuses"), by=by)
    assert "What was said leads to a shelter" in answer(officer, "ferry")
    officer.post("/training/ferry/begin")
    interview(by, "ferry")
    assert "The interview is not finished" in answer(officer, "ferry")
    officer.post("/training/ferry/begin")
    assert "No interview was begun at your post" in answer(officer, "ferry")


def test_the_full_shelter_is_passed_over(training: Training) -> None:
    officer, by = training.person(POST), training.actor(POST)
    officer.post("/training/full/begin")
    sent = referred(by, "full")
    assert sent.receiver == "TJETER_VIZION"
    assert "look again" not in answer(officer, "full")


def test_a_shelter_answers_waits_and_is_full(training: Training) -> None:
    by, house, shelter = training.actor(POST), training.actor(HOUSE), training.person(HOUSE)
    shelter.post("/training/answer/begin")
    said = answer(shelter, "answer")
    assert "has accepted no referral" in said
    assert BY_CODE["answer"].learned not in said
    # Nothing is done: it is not called so, and goes on from where it was begun.
    page = shelter.get("/training?lang=en")
    assert "begun at" in page
    assert "read the answer</span>" not in page
    first = referred(by, "ferry")
    free, _ = places.free_places(by=house)[0]
    referrals.accept(
        referral_id=first.referral_id, place_id=free, expected_at=clock.now() + timedelta(hours=2), by=house
    )
    said = answer(shelter, "answer")
    assert "The answer came before it was due." in said
    assert "look again" not in said
    shelter.post("/training/no_arrival/begin")
    assert "has not recorded" in answer(shelter, "no_arrival")
    referrals.not_arrived(referral_id=first.referral_id, by=house)
    assert "It is recorded that the person did not come." in answer(shelter, "no_arrival")
    shelter.post("/training/house_full/begin")
    second = referred(by, "ferry")
    late = clock.now() + timedelta(minutes=70)
    clock.set_clock(lambda: late)
    referrals.decline(referral_id=second.referral_id, reason=DeclineReason.FULL, by=house)
    clock.set_clock(None)
    said = answer(shelter, "house_full")
    assert "declined because it is full" in said
    assert "The answer came after it was due." in said
    assert "Another party was asked at once." in said


def test_a_lost_telephone_is_signed_out(training: Training) -> None:
    officer = training.person(POST)
    officer.post("/training/lost/begin")
    said = answer(officer, "lost")
    assert "Nobody of your desk has signed out" in said
    assert BY_CODE["lost"].learned not in said
    assert 'href="/sessions"' in officer.get("/training/lost")
    training.person(POST)
    own_sessions.end_others(by=training.actor(POST))
    assert "No other one of yours may stand" in answer(training.person(POST), "lost")


def test_nobody_sees_the_exercises_of_another(training: Training) -> None:
    one, two, by = training.person(POST), training.person("training_2.border_officer"), training.actor(POST)
    one.post("/training/ferry/begin")
    sent = referred(by, "ferry")
    one.post("/training/ferry/done")
    assert "not begun" in two.get("/training?lang=en")
    assert "done, and right" not in two.get("/training?lang=en")
    page = two.get("/training/ferry?lang=en")
    assert 'id="answer"' not in page
    assert "Begin the exercise" in page
    two.get(f"/referrals/{sent.referral_id}", 404)
    training.person("training_2_shelter.case_worker").get("/training/ferry", 404)
    two.get("/training/answer", 404)
    two.get("/training/none", 404)
    two.post("/training/ferry/done")  # pressed without a beginning
    assert "not begun" in two.get("/training?lang=en")
    # Nobody sends a person to the shelter of another trainee, with a reason neither.
    interview_id = interview(by, "ferry")
    offered = {each.party for each in proposals.propose(interview_id=interview_id, by=by).choices}
    assert "TRAINING_1_SHELTER" in offered
    assert not offered & {"TRAINING_2_SHELTER", "NRC"}
    one.post(f"/interviews/{interview_id}/resume")
    page = re.sub(r"\s+", " ", one.get(f"/interviews/{interview_id}/decision?lang=en"))
    assert "Training shelter 2" not in page
    assert "In this training Training shelter 1" in page
    for other in ("training_2.border_officer", "training_2_shelter.case_worker", "nrc.case_worker"):
        with pytest.raises(NotVisible):
            store.begun(by.organisation_id, by=training.actor(other))  # type: ignore[arg-type]
    assert "ferry" in store.begun(by.organisation_id, by=training.actor(HOUSE))  # type: ignore[arg-type]
    assert "ferry" in store.begun(by.organisation_id, by=training.actor("administrator"))  # type: ignore[arg-type]
    # Nor does anybody else of the training read the page, or begin a trainee anew.
    rest = training.person("nrc.case_worker")
    rest.get("/training", 404)
    assert "/training" not in rest.get("/")
    assert "nothing here is real" in rest.get("/?lang=en")
    for other in (two, rest):
        other.post("/training/anew", {"post": "TRAINING_1"}, 404)


def test_the_trainer_sees_who_did_what_and_lets_one_begin_anew(training: Training) -> None:
    one, two, by = training.person(POST), training.person("training_2.border_officer"), training.actor(POST)
    for each in (one, two):
        each.post("/training/ferry/begin")
    referred(by, "ferry")
    for each in (one, two):
        each.post("/training/ferry/done")
    trainer = training.person("administrator")
    page = trainer.get("/training?lang=en")
    assert page.count("done, and right") == 1
    assert page.count("begun at") == 1  # pressed too early: it goes on
    lines = len(of_desk(At.POST)) + len(of_desk(At.HOUSE))
    assert page.count("not begun") == 2 * lines - 2
    assert "Lira" not in page
    # A wrong answer stays wrong where nobody can compare any more; the trainer sees what is so now.
    two.post("/training/ferry/begin")
    other = training.actor("training_2.border_officer")
    sent = referred(other, "ferry", given="Lora")
    two.post("/training/ferry/done")
    house = training.actor("training_2_shelter.case_worker")
    free, _ = places.free_places(by=house)[0]
    referrals.accept(
        referral_id=sent.referral_id, place_id=free, expected_at=clock.now() + timedelta(hours=2), by=house
    )
    for each in (two, trainer):
        assert "done, read the answer" in each.get("/training?lang=en")
    assert "some answers were otherwise" in two.get("/training/ferry?lang=en")
    # She reads every exercise, and what its answer looks for, and does none.
    for exercise in EXERCISES:
        page = trainer.get(f"/training/{exercise.code}?lang=en")
        assert "What the answer looks for" in page
        assert "Begin the exercise" not in page
    page = trainer.get("/training/ferry?lang=en")
    assert "Training shelter 1" in page
    assert "<b>Low or Medium</b>" in page
    trainer.get("/training/none", 404)
    trainer.post("/training/anew", {"post": "TRAINING_1"})
    assert "done" not in re.sub(r"(?s)^.*<tbody>", "", one.get("/training?lang=en")).split("</tbody>")[0]
    assert "done, read the answer" in two.get("/training?lang=en")
    trainer.post("/training/anew", {"post": "RINAS"}, 404)


def test_a_home_page_says_nothing_of_a_time_before_the_course(training: Training) -> None:
    """Nobody has signed in before, and no quarter of a desk is over that was made today."""
    for login in (POST, HOUSE):
        client = training.app.test_client()
        typed = {"csrf_token": token_in(client.get("/sign-in").text), "login": login, "password": "mistyped"}
        assert client.post("/sign-in", data=typed).status_code == 422
        home = training.person(login).get("/?lang=en")
        assert "Since your account was made, one try to sign in as you failed." in home
        assert "last signed in" not in home
        assert "Confirm your part of" not in home


def test_files_and_every_page_say_that_it_is_a_training(training: Training) -> None:
    officer = training.person(POST)
    for path in ("/", "/referrals/sent", "/guide", "/members"):
        assert "Training: nothing here is real." in officer.get(f"{path}?lang=en"), path
    assert "Training: nothing here is real." in training.app.test_client().get("/sign-in?lang=en").text
    for kind in ("text", "pdf"):
        given = officer.client.get(f"/agreement/2005/{kind}")
        assert given.status_code == 200
        assert "filename=training-agreement-2005." in given.headers["Content-Disposition"]


TYPED = '<!doctype html><html lang="{}"><head><meta charset="utf-8"><title>-</title></head><body><p>-</p></body></html>'
SAID = {
    "sq": "Stërvitje: këtu asgjë nuk është e vërtetë.",
    "en": "Training: nothing here is real.",
    "mk": "Обука: ништо овде не е вистинско.",
}


def printed(language: str) -> str:
    made = pdf.to_pdf(TYPED.format(language))
    return " ".join(pypdf.PdfReader(io.BytesIO(made)).pages[0].extract_text().split())


@pytest.mark.parametrize("language", SAID)
def test_each_page_of_a_pdf_says_it_in_the_language_of_the_file_whoever_makes_it(
    training: Training, language: str
) -> None:
    """A report is made in a thread of its own, or by a command: no request is there."""
    found: list[str] = []
    for number, work in enumerate((lambda: printed(language), lambda: 1 / 0)):
        background.go_on(lambda work=work: found.append(str(work())), f"test {number}", background.lock())
        while background.is_busy():
            time.sleep(0.01)
    assert found == [f"- {SAID[language]}"]
    assert contextvars.Context().run(of_a_command, training.app, language) == found[0]
    officer = training.person(POST)
    officer.get("/?lang=en")
    assert printed(language) == found[0]


def of_a_command(app: Flask, language: str) -> str:
    with app.app_context():
        return printed(language)


def test_the_slips_name_the_address_that_people_open(made: Path, tmp_path: Path, typed: Typed) -> None:
    folder = tmp_path / "made"
    shutil.copytree(made, folder)
    accounts_ = [{"login": "a", "password": "-", "totp": None, "role": "border_officer", "organisation": "TRAINING_1"}]
    trainees = [{"number": 1, "post": "TRAINING_1", "shelter": "TRAINING_1_SHELTER"}]
    kept = {"quarters": [], "accounts": accounts_, "trainees": trainees}
    (folder / demo.ACCOUNTS_FILE).write_text(json.dumps(kept), "utf-8")
    words = ("demo", "--dir", str(folder), "--trainee", "--no-serve", "--port", "5055")
    with pytest.MonkeyPatch.context() as patch:
        assert "Adresa: http://127.0.0.1:5055\n" in typed(*words).stdout
        patch.setenv("NRM_ADDRESS", "https://stervitje.example.al")
        done = typed(*words)
        assert done.returncode == 0, done.stderr
        assert "Adresa: https://stervitje.example.al\n" in done.stdout
        assert "127.0.0.1" not in done.stdout
        assert json.loads(typed(*words, "--json").stdout)["url"] == "https://stervitje.example.al"


@pytest.mark.parametrize("there", [False, True])
@pytest.mark.parametrize("option", [("--people", "9"), ("--people", "400"), ("--seed", "1"), ("--until", "2026-01-01")])
def test_what_a_training_does_not_have_is_refused(
    option: tuple[str, str], there: bool, made: Path, tmp_path: Path, typed: Typed
) -> None:
    folder = tmp_path / "made"
    if there:
        shutil.copytree(made, folder)
        (folder / demo.ACCOUNTS_FILE).write_text('{"quarters": [], "accounts": [], "trainees": [1, 2]}')
    done = typed("demo", "--dir", str(folder), "--trainee", "2", *option, "--no-serve")
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1), done.stderr
    assert f"{option[0]}: a training has no four years of work" in done.stderr
    assert folder.exists() is there


def test_a_slip_says_of_each_line_which_desk_and_role_it_is(training: Training) -> None:
    shelter, post = "TRAINING_1_SHELTER", "TRAINING_1"
    logins = (("b", shelter, "case_worker"), ("a", post, "border_officer"), ("c", "NRC", "shelter_manager"))
    accounts_ = [
        {"login": login, "password": "-", "totp": None, "role": role, "organisation": organisation}
        for login, organisation, role in logins
    ]
    described = {"url": "-", "accounts": accounts_, "trainees": [{"number": 1, "post": post, "shelter": shelter}]}
    own, rest = trainings.slips(described, country()).split(f"\n{trainings._CUT}\n")
    names = {code: each.names["sq"] for code, each in country().organisations.items()}
    assert re.findall(r"(?m)^\d\. .*$", own) == [
        f"1. {catalogues.said('Border officer', 'sq')} te {names[post]}",
        f"2. {catalogues.said('Case worker', 'sq')} te {names[shelter]}",
    ]
    assert own.index("1. ") < own.index("Emri për të hyrë: a") < own.index("2. ")
    assert "Filloni në pikën tuaj kufitare me rreshtin 1." in own
    assert names["NRC"] in rest
    assert "rreshtin 1" not in rest


def test_an_instance_is_made_a_training_or_never_is_one(made: Path, tmp_path: Path) -> None:
    folder = made / trainings.FOLDER
    for words, said in (
        (["init", "--dir", str(tmp_path / "real"), "--country", str(folder), "--one-folder"], "country of a training"),
        (
            ["demo", "--dir", str(tmp_path / "demo"), "--trainee", "21", "--no-serve"],
            "`21` is not a whole number from 1 to 20",
        ),
        (["demo", "--dir", str(tmp_path / "demo"), "--trainee", "two", "--no-serve"], "`two` is not a whole number"),
    ):
        result = CliRunner().invoke(nrm, words)
        assert result.exit_code == 2 or isinstance(result.exception, Refused)
        assert said in f"{result.output}{result.exception}"
    assert not (tmp_path / "real" / "main.db").exists()
    # Neither is it added to a country, nor changed or taken away, by applying files.
    plain = texts.parsed(texts.of_folder(countries.FOLDER / "albania"))
    trained = texts.parsed(texts.of_folder(folder))
    for before, after in ((plain, trained), (trained, plain)):
        refused = list(broken(differences(before, after)))
        assert any(each.startswith("country.toml: training") for each in refused)


def test_a_real_instance_and_a_plain_demo_have_no_trace_of_it(app: Flask) -> None:
    officer = Person(app.test_client(), "rinas.border_officer")
    assert "training" not in officer.get("/?lang=en").lower()
    for path in ("/training", "/training/ferry"):
        officer.get(path, 404)
    officer.post("/training/ferry/begin", status=404)
    # To who is not signed in they are as an address that there is not, and in a training they are there.
    stranger = app.test_client()
    there_is_not, page = stranger.get("/trainees"), stranger.get("/training")
    assert (
        (page.status_code, len(page.text))
        == (there_is_not.status_code, len(there_is_not.text))
        == (404, len(page.text))
    )
    # Neither the country's file alone nor invented people alone make one.
    known = app.extensions["nrm.country"]
    app.extensions["nrm.country"] = replace(known, training=(countries.country.TrainingDesks("RINAS", "NRC"),))
    app.extensions["nrm.synthetic"] = False
    officer.get("/training", 404)
    assert {each.at for each in EXERCISES} == set(At)
