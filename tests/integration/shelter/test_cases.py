"""Opening, writing, sharing and closing a case, each with who must not."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from nrm import clock
from nrm.actions.referrals import next_receiver, referrals
from nrm.actions.shelter import cases, permits
from nrm.db import db, transaction
from nrm.domain.accounts.accounts import Actor, NotPermitted, NotVisible
from nrm.domain.referrals.referrals import OverrideReason
from nrm.domain.shelter.cases import CaseRefused, Compartment, Purpose
from nrm.domain.shelter.permits import PermitEvent
from nrm.models.audit import AuditEntry
from nrm.steps.shelter import cases as case_steps
from nrm.store import days as stay_store
from nrm.store.accounts import opening_log
from nrm.store.shelter import case_lists
from nrm.store.shelter import cases as store
from nrm.vault import compartments as vault
from nrm.vault import members
from tests import factories
from tests import factories_referrals as people
from tests.conftest import Person

BOTH = (Compartment.IDENTITY, Compartment.LEGAL)


@pytest.fixture
def nrc(app: Flask) -> Actor:
    return factories.actor("nrc.case_worker")


@pytest.fixture
def held(nrc: Actor) -> uuid.UUID:
    """A case that the National Reception Centre accepted."""
    return held_by_nrc(nrc)


def held_by_nrc(nrc: Actor) -> uuid.UUID:
    foreign = {"citizenship": "MD", "citizenship_class": "third_country"}
    sent = people.sent(factories.actor("rinas.border_officer"), **foreign)
    case_id = referrals.accept(referral_id=sent.referral_id, place_id=people.bed("NRC"), by=nrc)
    referrals.arrive(referral_id=sent.referral_id, by=nrc)
    return case_id


def applied(case_id: uuid.UUID, by: Actor) -> None:
    """The person was told of the permit and applied for it."""
    today = stay_store.today()
    permits.record(case_id=case_id, event=PermitEvent.INFORM, on=today, language="ro", by=by)
    permits.record(case_id=case_id, event=PermitEvent.APPLY, on=today, by=by)


def opened(case_id: uuid.UUID, compartment: Compartment, by: Actor) -> vault.Opened:
    cases.open_compartment(case_id=case_id, compartment=compartment, purpose=Purpose.CARE, by=by)
    return case_steps.opened(case_id=case_id, by=by)[compartment]


def test_nothing_is_read_without_an_opening_and_none_outlives_a_quarter_of_an_hour(held: uuid.UUID, nrc: Actor) -> None:
    assert case_steps.opened(case_id=held, by=nrc) == {}
    opened(held, Compartment.IDENTITY, nrc)
    assert set(case_steps.opened(case_id=held, by=nrc)) == {Compartment.IDENTITY}
    colleague = factories.actor("nrc.shelter_manager")
    assert case_steps.opened(case_id=held, by=colleague) == {}
    then = clock.now() + timedelta(minutes=15)
    clock.set_clock(lambda: then)
    assert case_steps.opened(case_id=held, by=nrc) == {}


def test_the_holder_sees_who_opened_what_and_why_and_nobody_else_does(held: uuid.UUID, nrc: Actor) -> None:
    duty = factories.actor("ra.duty_officer")
    cases.open_compartment(case_id=held, compartment=Compartment.IDENTITY, purpose=Purpose.COURT, by=nrc)
    cases.open_compartment(case_id=held, compartment=Compartment.HAND_OVER, purpose=Purpose.DUTY_DECISION, by=duty)
    lines = opening_log.of_case(held, by=nrc).rows
    assert [(line.compartment, line.purpose) for line in lines] == [
        ("hand_over", "duty_decision"),
        ("identity", "court"),
    ]
    assert lines[0].organisation["en"] == "Responsible Authority"
    for other in (duty, factories.actor("vatra.case_worker"), factories.actor("rinas.border_officer")):
        with pytest.raises(NotVisible):
            opening_log.of_case(held, by=other)


def test_a_refused_opening_leaves_no_reading_and_a_trace_in_the_audit_chain(held: uuid.UUID, nrc: Actor) -> None:
    duty = factories.actor("ra.duty_officer")
    with pytest.raises(members.CannotOpen):
        cases.open_compartment(case_id=held, compartment=Compartment.IDENTITY, purpose=Purpose.COURT, by=duty)
    assert opening_log.of_case(held, by=nrc).rows == []
    last = db.session.scalars(select(AuditEntry).order_by(AuditEntry.id.desc()).limit(1)).one()
    assert last.event == "opening_failed"


def test_care_is_begun_by_its_first_writing_and_a_stale_one_is_refused(held: uuid.UUID, nrc: Actor) -> None:
    write = {"case_id": held, "compartment": Compartment.CARE, "by": nrc}
    assert cases.write(**write, value={"plan": "first"}, seen=0) == 1  # type: ignore[arg-type]
    assert cases.write(**write, value={"plan": "second"}, seen=1) == 2  # type: ignore[arg-type]
    for seen in (0, 1, 7):
        with pytest.raises(cases.StaleRevision):
            cases.write(**write, value={"plan": "lost"}, seen=seen)  # type: ignore[arg-type]
    assert opened(held, Compartment.CARE, nrc).value == {"plan": "second"}


def test_a_box_that_was_not_touched_takes_what_somebody_else_wrote_there(
    held: uuid.UUID, nrc: Actor, app: Flask
) -> None:
    """An allergy that a colleague wrote down was gone after both had saved: the box came back as it was before."""
    write = {"case_id": held, "compartment": Compartment.CARE, "by": nrc}
    cases.write(**write, value={"health": "a headache", "plan": ""}, seen=0)  # type: ignore[arg-type]
    person = Person(app.test_client(), "nrc.case_worker")
    path = f"/cases/{held}/write/care"
    person.post(f"/cases/{held}/open", {"compartment": "care", "purpose": "care"})
    sent = {**hidden_of(person.get(path)), "health": "a headache", "plan": "the doctor\r\non Monday"}
    cases.write(**write, value={"health": "allergic to penicillin", "plan": ""}, seen=1)  # type: ignore[arg-type]
    both = person.post(path, sent, 409)
    assert re.search(r'name="health"[^>]*>\s*allergic to penicillin</textarea>', both)
    assert re.search(r'name="plan"[^>]*>\s*the doctor\s+on Monday</textarea>', both)
    # Whoever saves again as it stands keeps both; who comes without the mark of the page keeps what was typed.
    person.post(path, {**hidden_of(both), "health": "allergic to penicillin", "plan": "the doctor\non Monday"}, 303)
    there = opened(held, Compartment.CARE, nrc).value
    assert (there["health"], there["plan"]) == ("allergic to penicillin", "the doctor\non Monday")
    assert "mine alone</textarea>" in person.post(path, {"revision": "1", "health": "mine alone"}, 409)


def test_a_second_save_without_the_colleagues_words_is_asked_about_and_nothing_is_gone(
    held: uuid.UUID, nrc: Actor, app: Flask
) -> None:
    """An allergy was gone: the second one saved late, got only the own text in the box, and pressed Save again."""
    worker, manager = (Person(app.test_client(), f"nrc.{role}") for role in ("case_worker", "shelter_manager"))
    path, theirs, mine = f"/cases/{held}/write/care", "Bandage changed,\nallergic to penicillin", "Slept well"
    first = worker.get(path)
    late = manager.get(path)
    worker.post(path, {**hidden_of(first), "health": theirs}, 303)
    for person in (worker, manager):
        person.post(f"/cases/{held}/open", {"compartment": "care", "purpose": "care"})
    both = manager.post(f"{path}?lang=en", {**hidden_of(late), "health": mine}, 409)
    assert f"{theirs}\n\n{mine}</textarea>" in both.replace("\r", "")
    asked = manager.post(path, {**every_hidden(both), "health": mine}, 409)
    assert "Nothing is saved yet" in asked
    assert "allergic to penicillin</dd>" in asked
    assert opened(held, Compartment.CARE, nrc).value["health"] == theirs
    again = {**every_hidden(asked), "health": mine}
    manager.post(path, {**again, "over": "7"}, 409)  # of another revision
    assert opened(held, Compartment.CARE, nrc).value["health"] == theirs
    worker.post(path, {**hidden_of(worker.get(path)), "health": f"{theirs}, no fever"}, 303)
    both = manager.post(path, {**again, "over": again["revision"]}, 409)  # somebody wrote once more
    assert f"{theirs}, no fever\n\n{mine}</textarea>" in both.replace("\r", "")
    sure = {**every_hidden(both), "health": mine}
    manager.post(path, {**sure, "over": sure["revision"]}, 303)
    assert opened(held, Compartment.CARE, nrc).value["health"] == mine
    page = manager.get(f"/cases/{held}")
    assert "penicillin, no fever" in page  # as what was replaced, by whom
    assert "replaced on" in page
    assert "nrc.shelter_manager" in page
    # Whoever keeps both is asked nothing.
    manager.post(path, {**sure, "revision": "3", "health": mine, "plan": "rest"}, 303)


@pytest.mark.parametrize(("part", "field"), [("care", "health"), ("legal", "counsel")])
def test_of_two_who_write_a_part_first_the_second_opens_it_and_both_texts_are_kept(
    held: uuid.UUID, nrc: Actor, app: Flask, part: str, field: str
) -> None:
    """The second one was told of words that stood nowhere, and every further press said the same."""
    worker, manager = (Person(app.test_client(), f"nrc.{role}") for role in ("case_worker", "shelter_manager"))
    path, theirs, mine = f"/cases/{held}/write/{part}", "allergic to penicillin", "slept well"
    first, late = worker.get(path), manager.get(path)
    worker.post(path, {**hidden_of(first), field: theirs}, 303)
    refused = manager.post(f"{path}?lang=en", {**hidden_of(late), field: mine}, 409)
    assert "Nothing is saved yet" in refused
    assert "The boxes have it too" not in refused
    assert f'href="/cases/{held}/open/{part}" target="_blank"' in refused
    assert theirs not in refused
    assert f"{mine}</textarea>" in refused
    again = manager.post(path, {**every_hidden(refused), field: mine}, 409)  # not opened yet: the same is said
    assert f'href="/cases/{held}/open/{part}" target="_blank"' in again
    manager.post(f"/cases/{held}/open", {"compartment": part, "purpose": "care" if part == "care" else "legal_help"})
    both = manager.post(path, {**every_hidden(again), field: mine}, 409)
    assert f"{theirs}\n\n{mine}</textarea>" in both.replace("\r", "")
    manager.post(path, {**every_hidden(both), field: f"{theirs}\n\n{mine}"}, 303)
    there = opened(held, Compartment(part), nrc).value
    assert there[field] == f"{theirs}\n\n{mine}"


def test_a_note_beside_a_text_that_is_being_written_asks_for_nothing_but_the_opening(
    held: uuid.UUID, nrc: Actor, app: Flask
) -> None:
    """A note begins the part on care: a text that was begun before it had no way in."""
    manager, path = Person(app.test_client(), "nrc.shelter_manager"), f"/cases/{held}/write/care"
    late = {**hidden_of(manager.get(path)), "plan": "the doctor on Monday"}
    cases.add_note(case_id=held, text="had a headache", by=nrc)
    manager.post(path, late, 409)
    manager.post(f"/cases/{held}/open", {"compartment": "care", "purpose": "care"})
    manager.post(path, late, 303)
    assert opened(held, Compartment.CARE, nrc).value["plan"] == "the doctor on Monday"


def test_a_text_that_would_go_is_not_shown_as_nothing_once_the_part_is_closed_again(
    held: uuid.UUID, nrc: Actor, app: Flask
) -> None:
    cases.write(case_id=held, compartment=Compartment.CARE, value={"health": "allergic"}, seen=0, by=nrc)
    manager, path = Person(app.test_client(), "nrc.shelter_manager"), f"/cases/{held}/write/care"
    sent = {"revision": "1", "beside": "health", "health": "slept well"}
    closed = manager.post(f"{path}?lang=en", sent, 409)
    assert f'href="/cases/{held}/open/care" target="_blank"' in closed
    assert "let it go" not in closed
    assert "slept well</textarea>" in closed


def every_hidden(page: str) -> dict[str, str]:
    """The hidden fields of the form of a part, with where somebody else wrote meanwhile."""
    form = page[page.index('id="sheet"') :]
    fields = [re.findall(r'(name|value)="([^"]*)"', each) for each in re.findall(r"<input[^>]*hidden[^>]*>", form)]
    return {each["name"]: each["value"] for each in map(dict, fields) if each["name"] != "csrf_token"}


def hidden_of(page: str) -> dict[str, str]:
    """The hidden fields of the form of a part."""
    return dict(re.findall(r'type="hidden" name="(revision|shown)" value="([^"]*)"', page))


@pytest.mark.parametrize("compartment", [Compartment.HAND_OVER, Compartment.IDENTITY, Compartment.STORY])
def test_what_the_interview_sealed_is_not_written_over(held: uuid.UUID, nrc: Actor, compartment: Compartment) -> None:
    with pytest.raises(CaseRefused, match="not_holder"):
        cases.write(case_id=held, compartment=compartment, value={}, seen=1, by=nrc)


def test_nobody_but_the_holder_writes_notes_shares_or_closes(held: uuid.UUID) -> None:
    for login in ("vatra.case_worker", "rinas.border_officer", "iom.shelter_manager", "prosecution.witness_liaison"):
        by = factories.actor(login)
        with pytest.raises(NotVisible):
            cases.write(case_id=held, compartment=Compartment.CARE, value={}, seen=0, by=by)
        with pytest.raises(NotVisible):
            cases.add_note(case_id=held, text="x", by=by)
        with pytest.raises(NotVisible):
            cases.share(
                case_id=held, organisation_id=people.organisation("TRP_UNIT"), compartments=BOTH, agreed=True, by=by
            )
        with pytest.raises((NotVisible, NotPermitted)):
            cases.close(case_id=held, by=by)
    duty = factories.actor("ra.duty_officer")
    with pytest.raises(CaseRefused, match="not_holder"):
        cases.add_note(case_id=held, text="x", by=duty)


def test_notes_are_appended_and_survive_a_new_epoch(held: uuid.UUID, nrc: Actor) -> None:
    cases.add_note(case_id=held, text="first", by=nrc)
    cases.add_note(case_id=held, text="second", by=nrc)
    opened(held, Compartment.CARE, nrc)
    assert [note["text"] for note in case_steps.notes(case_id=held, by=nrc)] == ["first", "second"]
    cases.close(case_id=held, by=nrc)
    opened(held, Compartment.CARE, nrc)
    assert [note["login"] for note in case_steps.notes(case_id=held, by=nrc)] == ["nrc.case_worker"] * 2


def test_the_permit_unit_reads_identity_and_legal_file_only_when_the_person_agrees(held: uuid.UUID, nrc: Actor) -> None:
    unit = factories.actor("trp_unit.trp_officer")
    share = {"case_id": held, "organisation_id": people.organisation("TRP_UNIT"), "by": nrc}
    with pytest.raises(NotVisible):
        store.case(held, by=unit)
    with pytest.raises(CaseRefused, match="not_agreed"):
        cases.share(**share, compartments=BOTH, agreed=False)  # type: ignore[arg-type]
    for narrative in (Compartment.STORY, Compartment.CARE, Compartment.HAND_OVER):
        with pytest.raises(CaseRefused, match="not_shareable"):
            cases.share(**share, compartments=[narrative], agreed=True)  # type: ignore[arg-type]
    with pytest.raises(NotVisible):
        store.case(held, by=unit)
    with pytest.raises(CaseRefused, match="not_applied"):
        cases.share(**share, compartments=BOTH, agreed=True)  # type: ignore[arg-type]
    applied(held, nrc)
    cases.share(**share, compartments=BOTH, agreed=True)  # type: ignore[arg-type]
    assert store.case(held, by=unit).compartments == BOTH
    assert [line.id for line in store.shared(by=unit).rows] == [held]
    assert opened(held, Compartment.IDENTITY, unit).value["given"] == people.PLANTED
    for closed in (Compartment.STORY, Compartment.HAND_OVER, Compartment.CARE):
        with pytest.raises(members.CannotOpen):
            cases.open_compartment(case_id=held, compartment=closed, purpose=Purpose.PERMIT, by=unit)
    with pytest.raises(CaseRefused):
        cases.write(case_id=held, compartment=Compartment.LEGAL, value={}, seen=1, by=unit)


@pytest.mark.parametrize("code", ["MOLSA", "OMS", "OPERATOR", "CONSULAR", "HELPLINE", "VATRA", "RINAS", "RA"])
def test_nothing_can_be_shared_with_anybody_else(held: uuid.UUID, nrc: Actor, code: str) -> None:
    for compartment in Compartment:
        # The Responsible Authority reviews the record of a joint interview, and there is none yet.
        why = "nothing_to_share" if (code, compartment) == ("RA", Compartment.JOINT_INTERVIEW) else "not_shareable"
        with pytest.raises(CaseRefused, match=why):
            cases.share(
                case_id=held,
                organisation_id=people.organisation(code),
                compartments=[compartment],
                agreed=True,
                by=nrc,
            )


def test_a_share_that_ended_opens_nothing_though_the_session_had_leave(held: uuid.UUID, nrc: Actor) -> None:
    unit = factories.actor("trp_unit.trp_officer")
    organisation_id = people.organisation("TRP_UNIT")
    applied(held, nrc)
    cases.share(case_id=held, organisation_id=organisation_id, compartments=BOTH, agreed=True, by=nrc)
    opened(held, Compartment.IDENTITY, unit)
    cases.end_share(case_id=held, organisation_id=organisation_id, by=nrc)
    with pytest.raises(NotVisible):
        case_steps.opened(case_id=held, by=unit)
    with pytest.raises(members.CannotOpen), transaction() as session:
        vault.allow(session, held, "identity", "test", by=unit)
    assert opened(held, Compartment.IDENTITY, nrc).value["given"] == people.PLANTED
    with pytest.raises(NotVisible):
        cases.end_share(case_id=held, organisation_id=organisation_id, by=nrc)


@pytest.mark.parametrize("code", ["NRC", "RA", "CHILD_PROTECTION", "VATRA"])
def test_what_is_read_by_a_clause_or_held_is_no_share_that_can_be_ended(held: uuid.UUID, nrc: Actor, code: str) -> None:
    with pytest.raises(CaseRefused, match="by_clause"):
        cases.end_share(case_id=held, organisation_id=people.organisation(code), by=nrc)
    assert opened(held, Compartment.HAND_OVER, factories.actor("ra.duty_officer"))


def test_a_closed_case_is_open_to_nobody_but_its_holder(held: uuid.UUID, nrc: Actor) -> None:
    duty = factories.actor("ra.duty_officer")
    unit = factories.actor("trp_unit.trp_officer")
    applied(held, nrc)
    cases.share(case_id=held, organisation_id=people.organisation("TRP_UNIT"), compartments=BOTH, agreed=True, by=nrc)
    cases.close(case_id=held, by=nrc)
    for other in (duty, unit):
        with pytest.raises(NotVisible):
            store.case(held, by=other)
        for compartment in Compartment:
            with pytest.raises(members.CannotOpen), transaction() as session:
                vault.allow(session, held, compartment, "test", by=other)
    assert opened(held, Compartment.IDENTITY, nrc).value["given"] == people.PLANTED
    for again in (
        lambda: cases.close(case_id=held, by=nrc),
        lambda: cases.add_note(case_id=held, text="x", by=nrc),
        lambda: cases.write(case_id=held, compartment=Compartment.CARE, value={}, seen=0, by=nrc),
    ):
        with pytest.raises(CaseRefused, match="closed"):
            again()


def test_a_case_is_not_closed_while_somebody_is_asked_or_stays(held: uuid.UUID, nrc: Actor) -> None:
    next_receiver.refer(
        case_id=held,
        receiver_id=people.organisation("VATRA"),
        reason=OverrideReason.KEEP_FAMILY_TOGETHER,
        hand_over=people.HAND_OVER,
        by=nrc,
    )
    with pytest.raises(CaseRefused, match="referral_open"):
        cases.close(case_id=held, by=nrc)


def test_handing_on_moves_everything_and_the_old_holder_loses_it(held: uuid.UUID, nrc: Actor) -> None:
    cases.write(case_id=held, compartment=Compartment.CARE, value={"plan": "rest"}, seen=0, by=nrc)
    cases.add_note(case_id=held, text="sleeps badly", by=nrc)
    referral_id = next_receiver.refer(
        case_id=held,
        receiver_id=people.organisation("VATRA"),
        reason=OverrideReason.PERSON_WISHES,
        hand_over=people.HAND_OVER,
        by=nrc,
    )
    vatra = factories.actor("vatra.case_worker")
    with pytest.raises(members.CannotOpen):
        cases.open_compartment(case_id=held, compartment=Compartment.CARE, purpose=Purpose.CARE, by=vatra)
    referrals.accept(referral_id=referral_id, place_id=people.bed("VATRA"), by=vatra)
    assert opened(held, Compartment.CARE, vatra).value == {"plan": "rest"}
    assert [note["text"] for note in case_steps.notes(case_id=held, by=vatra)] == ["sleeps badly"]
    referrals.arrive(referral_id=referral_id, by=vatra)
    with pytest.raises(NotVisible):
        store.case(held, by=nrc)
    with pytest.raises(members.CannotOpen), transaction() as session:
        vault.allow(session, held, "care", "test", by=nrc)


def test_a_code_leads_to_the_case_for_those_who_see_it_only(held: uuid.UUID, nrc: Actor) -> None:
    code = store.case(held, by=nrc).pseudonym
    assert store.by_pseudonym(code, by=nrc) == held
    for login in ("vatra.case_worker", "rinas.border_officer", "trp_unit.trp_officer"):
        with pytest.raises(NotVisible):
            store.by_pseudonym(code, by=factories.actor(login))


def test_open_cases_come_in_pages(nrc: Actor) -> None:
    rinas = factories.actor("rinas.border_officer")
    ids = set()
    for number in range(3):
        sent = people.sent(rinas)
        ids.add(referrals.accept(referral_id=sent.referral_id, place_id=people.bed("NRC", number), by=nrc))
    first = case_lists.held(by=nrc, size=2)
    second = case_lists.held(by=nrc, size=2, after=first.after)
    assert [len(first.rows), len(second.rows), second.after] == [2, 1, ""]
    assert {line.id for line in (*first.rows, *second.rows)} == ids


@pytest.mark.slow
def test_a_wrong_note_is_struck_by_who_wrote_it_or_a_manager_and_that_it_was_stays(
    held: uuid.UUID, nrc: Actor, sign_in: Callable[[str], Person]
) -> None:
    manager = factories.actor("nrc.shelter_manager")
    cases.add_note(case_id=held, text="sleeps badly", by=nrc)
    cases.add_note(case_id=held, text="has a visa for Kukël", by=manager)
    worker, leads, other = sign_in("nrc.case_worker"), sign_in("nrc.shelter_manager"), sign_in("vatra.shelter_manager")
    care = {"compartment": "care", "purpose": "care"}
    for page in (worker, leads):
        page.post(f"/cases/{held}/open", care)
    own, hers = (note_id(worker, held, words) for words in ("sleeps badly", "has a visa for Kukël"))
    assert own
    assert not hers, "somebody else wrote it"
    hers = note_id(leads, held, "has a visa for Kukël")
    worker.get(hers, 404)
    worker.post(hers, {"why": "wrong_person"}, 404)
    other.post(hers, {"why": "wrong_person"}, 404)
    assert "sleeps badly" in worker.get(own)
    worker.post(own, {"why": "astrology"}, 422)
    for _ in range(2):
        assert worker.post(own, {"why": "wrong_person"}).endswith("#care")
    leads.post(hers, {"why": "twice"})
    for page in (worker, leads):
        shown = page.get(f"/cases/{held}?lang=en")
        assert "sleeps badly" not in shown
        assert "Kukël" not in shown
        assert "A note was struck: It is about another person" in shown
        assert "A note was struck: It was entered twice" in shown
        assert "/strike" not in shown
    said = db.session.scalars(select(AuditEntry.details).where(AuditEntry.event == "note_struck")).all()
    assert len(said) == 2
    assert {tuple(sorted(json.loads(each))) for each in said} == {("case_id", "note_id")}
    # Who has just written a note strikes it without opening what others wrote.
    worker = sign_in("nrc.case_worker")
    worker.post(f"/cases/{held}/notes", {"text": "to the wrong person"})
    worker.post(note_id(worker, held, "to the wrong person"), {"why": "wrong_person"})
    shown = worker.get(f"/cases/{held}?lang=en")
    assert "to the wrong person" not in shown
    assert "A note was struck" in shown


def note_id(page: Person, case_id: uuid.UUID, words: str) -> str:
    """Where the page leads to strike the note with these words; empty where it does not."""
    shown = page.get(f"/cases/{case_id}?lang=en").partition(words)[2].partition("</p>")[0]
    return "".join(re.findall(rf"/cases/{case_id}/notes/[0-9a-f-]+/strike", shown))
