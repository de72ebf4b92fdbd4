"""Interviews of a file: each line is one that was held already, and becomes a completed one or a screening."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from sqlalchemy.exc import IntegrityError

from nrm import audit, clock
from nrm.db import transaction
from nrm.domain.accounts.accounts import Actor, Permission
from nrm.domain.interviews.answers import EARLIEST_YEAR, message
from nrm.domain.interviews.endings import HIGH, Against, is_child
from nrm.domain.interviews.facts import routing_facts
from nrm.domain.interviews.indicators import profile
from nrm.domain.interviews.interview_findings import UnacceptableInterview, whole_interview
from nrm.domain.interviews.interviews import Answers, Questionnaire, Texts
from nrm.domain.interviews.questionnaire_flow import pages
from nrm.domain.interviews.screenings import NONE
from nrm.domain.shelter.cases import UNKNOWN
from nrm.steps.interviews import drafts
from nrm.steps.interviews.screenings import ending_of, local_day, screenings_of
from nrm.store.countries import country
from nrm.store.interviews import interviews as store
from nrm.store.rows.interviews import screenings as screening_rows
from nrm.vault import keyrings


def take_in(*, line: Mapping[str, Any], by: Actor) -> str | None:
    """Take in one interview of a file, `{"questionnaire", "interviewed_at", "answers"}`: its pseudonym, or None.

    None: the interview ends without a case and only an anonymous screening is kept. The interview of a child never ends
    in this way; it waits for an officer. The same line again changes nothing and gives the same answer. Raises
    UnacceptableInterview, UnknownQuestionnaire; ValueError for an invalid time.
    """
    by.must(Permission.INTERVIEW_CONDUCT)
    questionnaire = drafts.questionnaire_called(str(line["questionnaire"]))
    started_at = interviewed_at(line["interviewed_at"])
    answers, findings = whole_interview(questionnaire, line["answers"], today=local_day(started_at))
    if findings:
        raise UnacceptableInterview(findings)
    canonical = json.dumps(line, sort_keys=True, separators=(",", ":")).encode()
    try:
        return _take_in(questionnaire, started_at, answers, canonical, by)
    except IntegrityError:  # the same line was taken in at the same moment: now it is there
        return _take_in(questionnaire, started_at, answers, canonical, by)


def _take_in(
    questionnaire: Questionnaire, started_at: datetime, answers: Answers, canonical: bytes, by: Actor
) -> str | None:
    with transaction() as session:
        mark = keyrings.organisation_mark(session, canonical, by=by)
        before = store.imported(mark, by=by)
        if before is not None:
            return before.pseudonym
        if screening_rows.is_screened(mark):
            return None
        if findings := _unknown_parties(questionnaire, answers):
            raise UnacceptableInterview(findings)
        if ending_of(questionnaire, answers) is not None and not is_child(answers.get(questionnaire.derive["age"])):
            if findings := _against_told(questionnaire, answers):
                raise UnacceptableInterview(findings)
            counted = screenings_of(questionnaire, answers, started_at, by=by)
            if counted:
                screening_rows.remember_line(session, mark)
            audit.append(session, audit.Event.INTERVIEW_IMPORTED, by=by)
            screening_rows.count(session, counted)
            return None
        interview = drafts.new_interview(session, uuid.uuid4(), questionnaire, started_at, by=by)
        interview.status, interview.expires_at, interview.import_mark = "completed", None, mark
        visited = [page.id for page in pages(questionnaire, answers)]
        drafts.seal_new(session, interview, answers, visited, by=by)
        audit.append(session, audit.Event.INTERVIEW_IMPORTED, by=by, interview_id=interview.id)
        return interview.pseudonym


def _against_told(questionnaire: Questionnaire, answers: Answers) -> dict[str, Texts]:
    """What to do about "no indicator" where what was told speaks against it: that is ended on its page alone, with a
    reason, and held there (ADR 0057)."""
    routed = routing_facts(questionnaire, answers, entry_point=UNKNOWN, region_of_entry=UNKNOWN)
    opposed = Against(profile(questionnaire, answers, child=False), routed["security_risk"] == HIGH)
    if ending_of(questionnaire, answers) != NONE or not opposed:
        return {}
    question = next(each for each in questionnaire.questions.values() if each.fact == "assessment")
    return {question.id: message("against_told", question)}


def _unknown_parties(questionnaire: Questionnaire, answers: Answers) -> dict[str, Texts]:
    """What to do about struck-out parties that are not in the agreement in force, by question id.

    Only a new line is checked: a line that was taken in stays valid when a party leaves.
    """
    parties = country().in_force(clock.now()).parties
    return {
        name: message("choose_party", question, parties=", ".join(sorted(parties)))
        for name, question in questionnaire.questions.items()
        if question.kind == "parties" and not set(answers.get(name) or ()) <= parties.keys()
    }


def interviewed_at(text: object) -> datetime:
    """The time in ISO 8601; without a zone, the country's time. Raises ValueError for other text or a future time."""
    if not isinstance(text, str) or len(text) > 40:
        raise ValueError("not a date and time")
    try:
        read = datetime.fromisoformat(text)
        at = (read if read.tzinfo else read.replace(tzinfo=country().timezone)).astimezone(UTC)
    except OverflowError:
        raise ValueError("not a date and time") from None
    if at > clock.now() or at.year < EARLIEST_YEAR:
        raise ValueError("not in the past")
    return at
