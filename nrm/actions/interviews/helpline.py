"""Recording a call to the help line; it can begin an interview of the help line, if the person wants one."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import timedelta

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from nrm import audit, clock
from nrm.db import db, transaction
from nrm.domain.accounts.accounts import Actor, NotVisible, Permission
from nrm.domain.interviews.helpline import (
    OTHER_LANGUAGE,
    Caller,
    CameOf,
    Followed,
    HelplineRefusal,
    HelplineRefused,
    Outcome,
    Topic,
    check_note,
    part_of_day,
)
from nrm.domain.presses import Press
from nrm.domain.quarters import Quarter
from nrm.domain.shelter.cases import Compartment, Purpose
from nrm.models.interviews.helpline import HelplineCall
from nrm.steps import presses
from nrm.steps.interviews import drafts
from nrm.store import days
from nrm.store.countries import country
from nrm.store.interviews import helpline as store
from nrm.store.interviews import interviews as interview_store
from nrm.store.rows.interviews import helpline as helpline_rows
from nrm.store.rows.interviews import interviews as interview_rows
from nrm.vault import compartments as vault
from nrm.vault import epochs, members, shredding

CannotOpen = members.CannotOpen
_NOTE = str(Compartment.IDENTITY)
_BATCH = 100


def languages() -> Mapping[str, str]:
    """The languages in which texts can be read out: code -> the language's own name."""
    asked = drafts.questionnaire_called(drafts.CURRENT)
    return {code: asked.language_names[code] for code in (*asked.languages, *asked.reading)}


def record(
    *,
    call_id: uuid.UUID,
    language: str,
    caller: Caller,
    topic: Topic,
    outcome: Outcome,
    note: str = "",
    interview_id: uuid.UUID | None = None,
    press: Press | None = None,
    by: Actor,
) -> uuid.UUID | None:
    """Record a call of this moment under an id the caller chose; the same id again records nothing twice. `press`: of
    the form.

    Returns the id of the interview that begins with it (`interview_id`, chosen by the caller too), None if none does.
    Nothing kept leads from the one to the other. `note` is sealed. Raises NotPermitted, HelplineRefused, SentAlready,
    NotVisible.
    """
    by.must(Permission.CALL_RECORD)
    check_note(outcome, note)
    _check_language(language)
    if outcome.begins_interview and interview_id is None:
        raise NotVisible
    begun = interview_id if outcome.begins_interview else None
    try:
        with transaction() as session:
            if helpline_rows.is_known(call_id):
                store.row(call_id, by=by)
                return interview_store.interview(begun, by=by).id if begun is not None else None
            presses.check(press, audit.Event.CALL_RECORDED)
            if interview_rows.is_known(call_id) or call_id == begun:
                raise NotVisible
            _keep(session, call_id, language, caller, topic, outcome, note, by)
            if begun is not None:
                _begin(session, begun, language, urgent=outcome is Outcome.URGENT, by=by)
            said: dict[str, uuid.UUID | str | None] = {
                "call_id": call_id,
                "outcome": str(outcome),
                "press": press.mark if press else None,
            }
            audit.append(session, audit.Event.CALL_RECORDED, by=by, **said)
    except IntegrityError:
        store.row(call_id, by=by)  # the same button, pressed twice at once
    return begun


def _check_language(language: str) -> None:
    if language != OTHER_LANGUAGE and language not in languages():
        raise HelplineRefused(HelplineRefusal.LANGUAGE)


def correct(
    *,
    call_id: uuid.UUID,
    language: str,
    caller: Caller,
    topic: Topic,
    outcome: Outcome,
    note: str = "",
    interview_id: uuid.UUID | None = None,
    by: Actor,
) -> uuid.UUID | None:
    """Whoever recorded a call corrects within a day what was ticked of it; the audit chain names what it was (ADR
    0277). A note that is under seal stays; one is sealed where the person is to be called back after all.

    Returns the id of the interview that begins with it, None if none does: one that the call had begun goes on. Raises
    NotPermitted, NotVisible, HelplineRefused (`late`; `over`: of a call back that was dealt with only the rest is
    corrected; `note`, `language`).
    """
    by.must(Permission.CALL_RECORD)
    _check_language(language)
    if outcome.begins_interview and interview_id is None:
        raise NotVisible
    with transaction() as session:
        call = store.row(call_id, by=by, lock=True)
        if outcome.begins_interview and interview_id is not None and interview_rows.is_known(interview_id):
            return interview_store.interview(interview_id, by=by).id  # the same button again
        if call.called_on is None or call_id not in store.may_be_corrected([call_id], by=by):
            raise HelplineRefused(HelplineRefusal.LATE)
        before = Outcome(call.outcome)
        if outcome is not before and before is Outcome.CALL_BACK and not call.noted:
            raise HelplineRefused(HelplineRefusal.OVER)
        if outcome is Outcome.CALL_BACK and outcome is not before and not call.noted:
            check_note(outcome, note)
            if helpline_rows.is_note_gone(call_id):
                raise HelplineRefused(HelplineRefusal.OVER)
            call.noted = True
            _seal(session, call_id, note, by)
        said = {"language": language, "caller": str(caller), "topic": str(topic), "outcome": str(outcome)}
        was = {name: getattr(call, name) for name, value in said.items() if getattr(call, name) != value}
        if not was:
            return None
        for name, value in said.items():
            setattr(call, name, value)
        begun = interview_id if outcome.begins_interview and not before.begins_interview else None
        if "outcome" in was:
            call.followed = _owed(outcome)
        if begun is not None:
            if begun == call_id:
                raise NotVisible
            _begin(session, begun, language, urgent=outcome is Outcome.URGENT, by=by)
        told = {f"was_{name}": str(value) for name, value in was.items()}
        audit.append(session, audit.Event.CALL_CORRECTED, by=by, call_id=call_id, outcome=str(outcome), **told)
        return begun


def follow(*, call_id: uuid.UUID, done: bool, by: Actor) -> None:
    """Say whether what a call led to is done: the hand-over, or the notice of a return; said twice it is said once.
    Raises NotPermitted, NotVisible, HelplineRefused (`over`: it leads to nothing, or is older than thirty days)."""
    by.must(Permission.CALL_RECORD)
    said = str(Followed.DONE if done else Followed.OWED)
    with transaction() as session:
        call = store.row(call_id, by=by, lock=True)
        if call.called_on is None or not Outcome(call.outcome).owes:
            raise HelplineRefused(HelplineRefusal.OVER)
        if call.followed == said:
            return
        call.followed = said
        audit.append(session, audit.Event.CALL_FOLLOWED, by=by, call_id=call_id, followed=said)


def _keep(
    session: Session,
    call_id: uuid.UUID,
    language: str,
    caller: Caller,
    topic: Topic,
    outcome: Outcome,
    note: str,
    by: Actor,
) -> None:
    today = days.today()
    session.add(
        HelplineCall(
            id=call_id,
            organisation_id=by.organisation_id,
            quarter_on=Quarter.of(today).start,
            called_on=today,
            part=str(part_of_day(clock.now().astimezone(country().timezone))),
            language=language,
            caller=str(caller),
            topic=str(topic),
            outcome=str(outcome),
            noted=bool(note),
            followed=_owed(outcome),
        )
    )
    session.flush()
    if note:
        _seal(session, call_id, note, by)


def _owed(outcome: Outcome) -> str:
    return str(Followed.OWED) if outcome.owes else ""


def _seal(session: Session, call_id: uuid.UUID, note: str, by: Actor) -> None:
    assert by.organisation_id is not None
    vault.create(session, call_id, {_NOTE: {"note": note}}, [by.organisation_id])


def _begin(session: Session, interview_id: uuid.UUID, language: str, *, urgent: bool, by: Actor) -> None:
    """The interview of the help line, with the language the operator speaks with the person already answered."""
    if interview_rows.is_known(interview_id):
        raise NotVisible
    asked = drafts.questionnaire_called(drafts.CURRENT)
    answers = {asked.home.questions[0]: "yes" if urgent else "no", **drafts.told_by_telephone(asked)}
    question = next((each for each in asked.questions.values() if each.kind == "language"), None)
    if question is not None and language != OTHER_LANGUAGE:
        answers[question.id] = language
    drafts.begin(session, interview_id, asked, clock.now(), answers, by=by)


def open_note(*, call_id: uuid.UUID, purpose: Purpose, by: Actor) -> None:
    """Let the session read the note for a quarter of an hour; recorded first.

    Raises NotPermitted, NotVisible, CannotOpen.
    """
    by.must(Permission.CALL_RECORD)
    if not store.row(call_id, by=by).noted:
        raise NotVisible
    with transaction() as session:
        vault.allow(session, call_id, _NOTE, purpose, by=by)


def opened(*, call_id: uuid.UUID, by: Actor) -> str | None:
    """The note, for a session that opened it; None otherwise. Raises NotPermitted, NotVisible."""
    by.must(Permission.CALL_RECORD)
    store.row(call_id, by=by)
    session = db.session()
    if not vault.is_allowed(session, call_id, _NOTE, by=by):
        return None
    try:
        return str(vault.read(session, call_id, _NOTE, by=by).value["note"])
    except CannotOpen:  # destroyed in between
        return None


def settle(*, call_id: uuid.UUID, came: CameOf, by: Actor) -> None:
    """What came of calling back: the note is destroyed, or stays where nobody was reached. Raises NotPermitted,
    NotVisible, HelplineRefused (`over`)."""
    by.must(Permission.CALL_RECORD)
    with transaction() as session:
        call = store.row(call_id, by=by, lock=True)
        if not call.noted:
            raise HelplineRefused(HelplineRefusal.OVER)
        if came is CameOf.NOT_REACHED:
            audit.append(session, audit.Event.CALL_NOT_REACHED, by=by, call_id=call_id)
            return
        call.noted = False
        epochs.erase(session, call_id, [_NOTE])
        audit.append(session, audit.Event.CALL_SETTLED, by=by, call_id=call_id, came=str(came))
    shredding.work_off()


def forget() -> int:
    """Delete the note and the day of calls that are thirty days old; returns how many."""
    last = days.today() - timedelta(days=country().retention.notice_days)
    with transaction() as session:
        over = helpline_rows.old(last, _BATCH)
        for call in over:
            if call.noted:
                epochs.erase(session, call.id, [_NOTE])
            call.called_on, call.part, call.noted, call.followed = None, "", False, ""
    if over:
        shredding.work_off()
    return len(over)
