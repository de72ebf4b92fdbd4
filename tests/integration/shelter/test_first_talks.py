"""The first talk after the arrival: asked by whoever holds the case, sealed, and read by nobody else (ADR 0062)."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from nrm.actions.interviews import interviews
from nrm.actions.referrals import referrals
from nrm.actions.shelter import cases, consents, first_talks
from nrm.db import db, transaction
from nrm.domain.accounts.accounts import Actor, NotPermitted, NotVisible
from nrm.domain.shelter.cases import CaseRefused, Compartment, Purpose
from nrm.domain.shelter.consents import Answer, Asking, Said, Topic
from nrm.models.shelter.cases import Case, SealedCompartment
from nrm.steps.shelter import cases as case_steps
from nrm.vault import compartments as vault
from tests import factories
from tests import factories_referrals as people
from tests.conftest import Person
from tests.integration.accounts.test_carried_forms import signed_in_with

WORD = "Kalamajka"
SignIn = Callable[[str], Person]


def arrived(**answers: Any) -> uuid.UUID:
    """Somebody whom NRC took in."""
    nrc = factories.actor("nrc.case_worker")
    sent = people.sent(factories.actor("rinas.border_officer"), **answers)
    case_id = referrals.accept(referral_id=sent.referral_id, place_id=people.bed("NRC"), by=nrc)
    referrals.arrive(referral_id=sent.referral_id, by=nrc)
    return case_id


def opened(person: Person, case_id: uuid.UUID, compartment: str = "story") -> None:
    person.post(f"/cases/{case_id}/open", {"compartment": compartment, "purpose": "care"}, 303)


def form_of(page: str) -> dict[str, Any]:
    """What a browser would send of the page as it stands."""
    hidden = re.findall(r'<input type="hidden" name="(rows-[a-z_]+|revision|shown|beside)" value="([\w.]+)"', page)
    texts = re.findall(r'<input (?:class=\w+ inputmode=numeric )?id=([\w-]+) name=([\w-]+) value="([^"]+)"', page)
    areas = re.findall(r"<textarea rows=5 id=\w+ name=(\w+)[^>]*>\n([^<]+)</textarea>", page)
    ticked = re.findall(r"<input type=(?:radio|checkbox)(?: id=\w+)? name=(\w+) value=(\w+)[^>]* checked", page)
    listed = [
        (name, code)
        for name, options in re.findall(r"<select id=\w+ name=(\w+)[^>]*>(.*?)</select>", page, re.S)
        for code in re.findall(r"<option value=(\w+) selected", options)
    ]
    sent: dict[str, Any] = {}
    for name, value in [*hidden, *((name, value) for _, name, value in texts), *areas, *listed]:
        sent[name] = value
    for name, value in ticked:
        sent.setdefault(name, []).append(value)
    return sent


def facts(case_id: uuid.UUID) -> dict[str, Any]:
    db.session.expire_all()
    return db.session.get_one(Case, case_id).facts


def story(case_id: uuid.UUID, by: Actor) -> dict[str, Any]:
    cases.open_compartment(case_id=case_id, compartment=Compartment.STORY, purpose=Purpose.CARE, by=by)
    return case_steps.opened(case_id=case_id, by=by)[Compartment.STORY].value


@pytest.mark.slow
def test_the_holder_asks_what_the_post_did_not_and_the_statistics_learn_its_code(app: Flask, sign_in: SignIn) -> None:
    assert app
    case_id = arrived(relation="friend", forms=["forced_begging", "forced_labour"])
    assert facts(case_id)["recruitment_method"] == "99"
    worker = sign_in("nrc.case_worker")
    before = worker.get(f"/cases/{case_id}?lang=en")
    assert f"/cases/{case_id}/first-talk" in before
    worker.get(f"/cases/{case_id}/first-talk", 303)  # it is opened first, for a purpose that is recorded
    opened(worker, case_id)
    page = worker.get(f"/cases/{case_id}/first-talk")
    # What is kept as coded facts alone is told with the story, and asked of nobody again (ADR 0166).
    colleague = sign_in("nrc.shelter_manager").get(f"/cases/{case_id}?lang=en")
    for words in ("Who proposed that you leave?", "Friend or acquaintance", "What were you made to do?", "Begging"):
        assert words in page
        assert words in worker.get(f"/cases/{case_id}")
        assert words not in before + colleague  # who has not opened the story
    rows = form_of(page)
    assert (rows["rows-receiver_episodes"], rows["episode_kind_0"]) == ("3", "forced_begging")
    assert (rows["episode_kind_1"], rows.get("episode_kind_2")) == ("forced_labour", None)
    sent = form_of(page) | {
        "method": "at_work",
        "before": ["poverty", "law"],
        "depend": "need",
        "why_late": WORD,
        "father": "Agim",
        "exploiter": f"a man called {WORD}",
    }
    worker.post(f"/cases/{case_id}/first-talk", sent, 303)
    by = factories.actor("nrc.case_worker")
    kept = story(case_id, by)
    assert (kept["before"], kept["depend"], kept["method"]) == (["poverty", "law"], ["need"], "at_work")
    assert kept["story"] == people.TOLD  # what was told at the post stands beside it
    assert facts(case_id)["recruitment_method"] == "at_work"
    cases.open_compartment(case_id=case_id, compartment=Compartment.IDENTITY, purpose=Purpose.CARE, by=by)
    identity = case_steps.opened(case_id=case_id, by=by)[Compartment.IDENTITY].value
    assert (identity["father"], identity["given"]) == ("Agim", people.PLANTED)
    assert "father" not in kept  # the identity may be erased earlier than the story
    done = worker.get(f"/cases/{case_id}/first-talk/saved?lang=en")
    assert WORD in done
    assert "Recruitment by abuse of vulnerability" in done
    assert "Poverty" in done
    assert "You decide and say why" not in done


@pytest.mark.slow
def test_a_saved_form_comes_back_filled_with_one_more_row_and_what_is_emptied_is_gone(
    app: Flask, sign_in: SignIn
) -> None:
    assert app
    case_id = arrived()
    worker = sign_in("nrc.case_worker")
    opened(worker, case_id)
    address = f"/cases/{case_id}/first-talk"
    sent = form_of(worker.get(address)) | {
        "episode_where_0": "GR",
        "episode_from_0": "2023",
        "episode_from_0-month": "4",
        "episode_kind_0": "forced_begging",
        "episode_who_note_0": WORD,
        "method": "family",
    }
    for number in range(1, 6):
        worker.post(address, sent, 303)
        page = worker.get(address)
        sent = form_of(page)
        rows = min(5, number + 1)
        assert sent["rows-receiver_episodes"] == str(rows)
        assert sent["episode_from_0-month"] == "4"
        assert sent["episode_who_note_0"] == WORD
        if number < 5:
            sent[f"episode_kind_{number}"] = "other"
    kept = story(case_id, factories.actor("nrc.case_worker"))
    assert kept["receiver_episodes"][0] == {
        "episode_where": "GR",
        "episode_from": "2023-04",
        "episode_kind": "forced_begging",
        "episode_who_note": WORD,
    }
    assert len(kept["receiver_episodes"]) == 5
    assert WORD in worker.get(f"/cases/{case_id}")  # among what is open of the story
    emptied = {name: value for name, value in sent.items() if name in ("revision",) or name.startswith("rows-")}
    worker.post(address, emptied, 303)
    kept = story(case_id, factories.actor("nrc.case_worker"))
    assert "receiver_episodes" not in kept
    assert "method" not in kept
    assert facts(case_id)["recruitment_method"] == "99"


def test_what_was_written_meanwhile_is_not_lost_and_neither_is_what_was_typed(app: Flask, sign_in: SignIn) -> None:
    assert app
    case_id = arrived()
    one, two = sign_in("nrc.case_worker"), sign_in("nrc.shelter_manager")
    for person in (one, two):
        opened(person, case_id)
    address = f"/cases/{case_id}/first-talk"
    first = form_of(one.get(address)) | {"why_late": "the first"}
    second = form_of(two.get(address)) | {"why_late": "the second"}
    one.post(address, first, 303)
    one.post(address, first, 303)  # the same button twice: it stands there already
    page = two.post(address, second, 409)
    assert "the first" in page
    both = form_of(page)
    assert both["why_late"] == "the first; the second"
    assert int(both["revision"]) == int(first["revision"]) + 1
    # Who takes the colleague's words out is asked once more.
    alone = both | {"why_late": "the second"}
    asked = two.post(f"{address}?lang=en", alone, 409)
    assert "Nothing is saved yet" in asked
    assert "the first" in asked
    assert form_of(asked)["why_late"] == "the second"
    nrc = factories.actor("nrc.case_worker")
    assert story(case_id, nrc)["why_late"] == "the first"
    two.post(address, both, 303)
    assert story(case_id, nrc)["why_late"] == "the first; the second"
    one.post(address, form_of(one.get(address)) | {"why_late": "the third"}, 303)  # read before, so nobody asks
    page = two.post(address, both | {"why_late": "mine"}, 409)
    two.post(address, form_of(page) | {"why_late": "mine", "over": form_of(page)["revision"]}, 303)
    assert story(case_id, nrc)["why_late"] == "mine"
    assert "the third" in two.get(f"/cases/{case_id}")  # as what was replaced
    with transaction() as session:
        vault.end_leave(session, case_id, Compartment.STORY)
    page = two.post(address, second | {"why_late": "the fourth"}, 409)  # nothing is shown that is not open any more
    assert "the fourth" in page
    assert f'href="/cases/{case_id}" target' in page


def test_of_two_who_save_each_keeps_what_the_other_did_not_touch(app: Flask, sign_in: SignIn) -> None:
    """Rows, ticks and texts of the one stand beside those of the other, without a choice that takes one away."""
    assert app
    case_id = arrived()
    one, two = sign_in("nrc.case_worker"), sign_in("nrc.shelter_manager")
    for person in (one, two):
        opened(person, case_id)
    address = f"/cases/{case_id}/first-talk"
    begun, late = form_of(one.get(address)), form_of(two.get(address))
    one.post(address, begun | {"method": "at_work", "episode_who_note_0": "a cousin", "before": "poverty"}, 303)
    page = two.post(address, late | {"why_late": WORD, "before": "school", "episode_who_note_0": "a neighbour"}, 409)
    both = form_of(page)
    assert both["method"] == "at_work"
    two.post(address, both, 303)
    kept = story(case_id, factories.actor("nrc.case_worker"))
    assert (kept["method"], kept["why_late"]) == ("at_work", WORD)
    assert set(kept["before"]) == {"poverty", "school"}
    assert {row["episode_who_note"] for row in kept["receiver_episodes"]} == {"a cousin", "a neighbour"}


def test_what_cannot_be_kept_comes_back_with_what_to_do(app: Flask, sign_in: SignIn) -> None:
    assert app
    case_id = arrived()
    worker = sign_in("nrc.case_worker")
    opened(worker, case_id)
    address = f"/cases/{case_id}/first-talk"
    begun = form_of(worker.get(address))
    wrong = begun | {
        "episode_from_0": "2024",
        "episode_until_0": "2022",
        "along_code_0": "nonsense",
        "last_contact": "next year",
        "why_late": WORD,
    }
    page = worker.post(f"{address}?lang=en", wrong, 422)
    for field in ("episode_until_0", "along_code_0", "last_contact"):
        assert f"href=#{field}" in page.replace('"', "")
    assert WORD in page
    assert "Enter the code of a case that your organisation holds" in page
    worker.post(address, begun | {"revision": "x"}, 422)
    worker.post(address, begun | {"method": "dragon"}, 422)
    assert "why_late" not in story(case_id, factories.actor("nrc.case_worker"))


def test_a_child_who_came_along_is_linked_by_the_code_of_a_case_that_is_held_here(app: Flask, sign_in: SignIn) -> None:
    assert app
    mother = arrived()
    nrc = factories.actor("nrc.case_worker")
    sent = people.sent(factories.actor("rinas.border_officer"), age="child")
    child = referrals.accept(referral_id=sent.referral_id, place_id=people.bed("NRC", 1), by=nrc)
    elsewhere = people.sent(factories.actor("rinas.border_officer"), "VATRA", override_reason="own_request")
    worker = sign_in("nrc.case_worker")
    opened(worker, mother)
    address = f"/cases/{mother}/first-talk"
    row = form_of(worker.get(address)) | {"along_age_0": "child", "along_relation_0": "child"}
    worker.post(address, row | {"along_code_0": elsewhere.pseudonym}, 422)  # not theirs, as if there were none
    worker.post(address, row, 303)
    assert f"/cases/{mother}/child" in worker.get(f"{address}/saved")
    row = form_of(worker.get(address)) | {"along_code_0": sent.pseudonym.lower()}
    worker.post(address, row, 303)
    assert f'href="/cases/{child}"' in worker.get(f"{address}/saved")
    assert story(mother, nrc)["receiver_people"][0]["along_code"] == sent.pseudonym


@pytest.mark.parametrize(
    ("answers", "told"),
    [
        ({"others_there": "yes", "others_tell": "yes", "others_official": "no"}, "desk"),
        ({"others_there": "yes", "others_tell": "yes", "others_official": "yes"}, "prosecution"),
        ({"others_there": "yes", "others_tell": "yes", "others_official": "unsure"}, "prosecution"),
        ({"others_there": "yes", "others_tell": "yes"}, "prosecution"),
        (
            {"others_there": "yes", "others_tell": "yes", "others_official": "no", "episode_who_0": "official"},
            "prosecution",
        ),
        ({"others_there": "yes", "others_tell": "no", "others_official": "no"}, ""),
        ({"others_there": "yes"}, ""),
        ({"others_there": "no", "others_tell": "yes"}, ""),
    ],
)
def test_others_who_are_still_there_are_told_only_as_the_person_says_and_never_past_an_official(
    app: Flask, sign_in: SignIn, answers: dict[str, str], told: str
) -> None:
    assert app
    case_id = arrived()
    worker = sign_in("nrc.case_worker")
    opened(worker, case_id)
    address = f"/cases/{case_id}/first-talk"
    worker.post(address, form_of(worker.get(address)) | answers, 303)
    page = worker.get(f"{address}/saved?lang=en")
    assert ("Call the duty desk of the Responsible Authority" in page) is (told == "desk")
    assert ("tell the prosecution alone" in page) is (told == "prosecution")


def test_an_official_named_at_the_post_keeps_it_from_the_duty_desk(app: Flask, sign_in: SignIn) -> None:
    assert app
    case_id = arrived(official="dont_know")
    worker = sign_in("nrc.case_worker")
    opened(worker, case_id)
    address = f"/cases/{case_id}/first-talk"
    answers = {"others_there": "yes", "others_tell": "yes", "others_official": "no"}
    worker.post(address, form_of(worker.get(address)) | answers, 303)
    page = worker.get(f"{address}/saved?lang=en")
    assert "tell the prosecution alone" in page
    assert "Call the duty desk" not in page


def test_nobody_is_asked_before_they_said_yes(app: Flask, sign_in: SignIn) -> None:
    assert app
    nrc = factories.actor("nrc.case_worker")
    sent = people.sent(factories.actor("rinas.border_officer"), urgent=True, consent_urgent="not_asked")
    referrals.accept(referral_id=sent.referral_id, place_id=people.bed("NRC"), by=nrc)
    assert db.session.get_one(Case, sent.case_id).consent == "not_asked_urgent"
    worker = sign_in("nrc.case_worker")
    address = f"/cases/{sent.case_id}/first-talk"
    assert address not in worker.get(f"/cases/{sent.case_id}")
    page = worker.get(address)
    assert "<textarea" not in page
    assert f"/cases/{sent.case_id}/consents/ask" in page
    worker.post(address, {"revision": "0", "why_late": WORD}, 409)
    with pytest.raises(CaseRefused, match="consent_first"):
        first_talks.save(case_id=sent.case_id, answers={"why_late": WORD}, seen=None, by=nrc)
    asked = [Answer(Topic.SERVICES, Said.GIVEN), Answer(Topic.SHARING, Said.GIVEN, "NRC")]
    consents.ask(case_id=sent.case_id, answers=asked, asking=Asking("", "sq", ""), by=nrc)
    page = worker.get(address)  # no story was sealed at the post: the form begins empty
    worker.post(address, form_of(page) | {"why_late": WORD}, 303)
    assert story(sent.case_id, nrc) == {"why_late": WORD}


def test_a_child_is_asked_by_the_rules_for_children_and_as_a_child(app: Flask, sign_in: SignIn) -> None:
    assert app
    case_id = arrived(age="child")
    worker = sign_in("nrc.case_worker")
    opened(worker, case_id)
    page = worker.get(f"/cases/{case_id}/first-talk")
    assert "Në cilin qark do të jesh?" in page
    assert "Në cilin qark doni të jeni?" not in page


OTHERS = (
    "vatra.case_worker",
    "tjeter_vizion.shelter_manager",
    "iom.case_worker",
    "rinas.border_officer",
    "ra.duty_officer",
    "prosecution.witness_liaison",
)


@pytest.mark.parametrize("login", OTHERS)
def test_nobody_but_the_holder_reaches_it(app: Flask, sign_in: SignIn, login: str) -> None:
    assert app
    case_id = arrived()
    other = sign_in(login)
    address = f"/cases/{case_id}/first-talk"
    for path in (address, f"{address}/saved"):
        assert other.client.get(path).status_code in (403, 404)
    sent = {"csrf_token": other.csrf_token, "revision": "0", "why_late": WORD}
    assert other.client.post(address, data=sent).status_code in (403, 404)
    with pytest.raises((NotVisible, NotPermitted, CaseRefused)):
        first_talks.save(case_id=case_id, answers={"why_late": WORD}, seen=None, by=factories.actor(login))
    assert "why_late" not in story(case_id, factories.actor("nrc.case_worker"))


def test_the_rows_hold_no_word_of_it(app: Flask) -> None:
    assert app
    case_id, nrc = arrived(), factories.actor("nrc.case_worker")
    before = set(facts(case_id))
    answers = {"exploiter": WORD, "episode_who_note_0": WORD, "along_name_0": WORD, "method": "at_work"}
    first_talks.save(case_id=case_id, answers=answers, seen=None, by=nrc)
    assert set(facts(case_id)) == before
    for engine in (db.engine, db.engines["shred"]):
        with engine.connect() as connection:
            tables = db.metadatas[None if engine is db.engine else "shred"].sorted_tables
            for table in tables:
                for row in connection.execute(select(table)):
                    assert WORD not in repr(tuple(row))
    kept = db.session.scalars(select(SealedCompartment.compartment).where(SealedCompartment.case_id == case_id))
    assert set(kept) == {"hand_over", "identity", "story"}


def test_who_is_not_to_be_counted_leaves_no_code(app: Flask) -> None:
    assert app
    case_id, nrc = arrived(consent_statistics="no", relation="friend"), factories.actor("nrc.case_worker")
    first_talks.save(case_id=case_id, answers={"method": "at_work"}, seen=None, by=nrc)
    assert facts(case_id) == {"statistics": "no"}
    assert story(case_id, nrc)["method"] == "at_work"
    assert "relation" not in story(case_id, nrc)  # nothing more is kept, so that the talk asks it


def test_an_older_interview_that_answers_it_already_is_taken_in_whole(app: Flask) -> None:
    assert app
    rinas, nrc = factories.actor("rinas.border_officer"), factories.actor("nrc.case_worker")
    interview_id = people.interview(rinas)
    answers = dict(interviews.read(interview_id=interview_id, by=rinas).answers)
    older = {"method": "online_advertisement", "before": ["poverty"], "father": "Agim", "travel_by": "employer"}
    draft = interviews.save_answers(
        interview_id=interview_id, answers={**answers, **older}, named=people.NAMED, by=rinas
    )
    assert {name: draft.answers[name] for name in older} == older
    sent = people.interview_sending.send(interview_id=interview_id, party="NRC", by=rinas)
    referrals.accept(referral_id=sent.referral_id, place_id=people.bed("NRC"), by=nrc)
    assert facts(sent.case_id)["recruitment_method"] == "online_advertisement"
    assert story(sent.case_id, nrc)["before"] == ["poverty"]


def test_the_form_begins_with_the_code_that_an_older_interview_gave(app: Flask, sign_in: SignIn) -> None:
    assert app
    case_id = arrived()
    first_talks.save(case_id=case_id, answers={"method": "at_work"}, seen=None, by=factories.actor("nrc.case_worker"))
    worker = sign_in("nrc.case_worker")
    opened(worker, case_id)
    assert form_of(worker.get(f"/cases/{case_id}/first-talk"))["method"] == "at_work"


def test_what_was_typed_survives_the_end_of_the_session(app: Flask, sign_in: SignIn) -> None:
    case_id = arrived()
    worker = sign_in("nrc.case_worker")
    opened(worker, case_id)
    address = f"/cases/{case_id}/first-talk"
    typed = form_of(worker.get(address)) | {"why_late": WORD, "episode_kind_0": "other"}
    factories.later(minutes=20)
    late = worker.post(address, typed, 401)
    assert WORD not in late  # it travels sealed
    stranger = app.test_client()
    theirs = re.sub(r'name="csrf_token" value="[0-9a-f]+"', "", late) + stranger.get("/sign-in").text
    assert WORD not in signed_in_with(stranger, theirs, "nrc.shelter_manager")
    page = signed_in_with(worker.client, late, "nrc.case_worker")
    assert f'value="{WORD}"' in page
    assert "Shënoni bisedën e parë" in page


def test_a_refused_form_is_shown_again_with_all_that_was_typed(app: Flask, sign_in: SignIn) -> None:
    assert app
    case_id = arrived()
    worker = sign_in("nrc.case_worker")
    opened(worker, case_id)
    address = f"/cases/{case_id}/first-talk"
    typed = form_of(worker.get(address)) | {"why_late": WORD}
    db.session.get_one(Case, case_id).consent = "not_asked_urgent"
    db.session.commit()
    page = worker.post(f"{address}?lang=en", typed, 409)
    assert "Ask the person for consent first" in page
    assert form_of(page)["why_late"] == WORD
