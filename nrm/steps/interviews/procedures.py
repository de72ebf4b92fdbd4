"""What an interview leaves for monitoring when it is sent or ends: codes for how it was led, and for a negative one its
answers; nothing that leads to the person."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta

from nrm import clock
from nrm.db import Model
from nrm.domain.accounts.accounts import Actor, OrganisationKind
from nrm.domain.interviews.facts import screening_facts, statistics_consent
from nrm.domain.interviews.indicators import profile
from nrm.domain.interviews.interviews import Answers
from nrm.domain.interviews.procedures import child_told, goes_on, indicated, procedure
from nrm.domain.interviews.screenings import NONE, REFUSED
from nrm.domain.quarters import Quarter
from nrm.models.interviews.monitoring import NegativeScreen, ProcedureRecord
from nrm.models.referrals.referrals import Obligation
from nrm.steps.interviews.drafts import Draft
from nrm.steps.interviews.screenings import ending_of, local_day
from nrm.store.countries import country


def left_by(
    draft: Draft, answers: Answers, warned: Mapping[str, int], *, by: Actor, owed: Iterable[Obligation] = ()
) -> list[Model]:
    """The rows to keep. None for an adult who refused help: only what they were told is kept of them.

    For a person who does not want to be counted, no profile, no assessment, no warnings and no answers are kept.
    `warned`: which warnings the officer saw and went on. `owed`: the obligations of the case, which say who is told.
    """
    questionnaire, checklist = draft.questionnaire, country().checklist
    ending = ending_of(questionnaire, answers)
    if ending == REFUSED or checklist is None:
        return []
    counted = statistics_consent(questionnaire, answers) != "no"
    facts = screening_facts(questionnaire, answers)
    said = profile(questionnaire, answers, child=facts["age_class"] != "adult").outcome
    assessed = facts["assessment"] if facts["assessment"] in ("possible", "suspected", "none") else ""
    now = clock.now()
    led = procedure(
        questionnaire,
        answers,
        checklist.kept,
        wordings=draft.wordings,
        times=draft.times,
        took=max(now - draft.started_at, timedelta(0)),
        profile=said if counted and assessed else "",
        assessment=assessed if counted else "",
    )
    today = local_day(now)
    rows: list[Model] = [
        ProcedureRecord(
            organisation_id=by.organisation_id,
            quarter_on=Quarter.of(today).start,
            questionnaire=questionnaire.id,
            route=led.route,
            language=led.language,
            duration=led.duration,
            profile=led.profile,
            assessment=led.assessment,
            in_time=led.in_time,
            child_told=_child_told(owed),
            answers=dict(led.answers),
            wordings=[dict(each) for each in led.wordings],
            asked=list(led.asked),
            not_asked=list(led.not_asked),
            pages=dict(led.pages),
            warned=sorted(warned) if counted else [],
        )
    ]
    if ending == NONE and counted and assessed:
        rows.append(
            NegativeScreen(
                goes_on=goes_on(today, country().retention.negative_screen_days),
                questionnaire=questionnaire.id,
                profile=said,
                answers=indicated(questionnaire, answers),
            )
        )
    return rows


def _child_told(owed: Iterable[Obligation]) -> str:
    """Whether child protection knows about a child, as a code."""
    services = {
        party.code
        for party in country().in_force(clock.now()).parties.values()
        if party.kind is OrganisationKind.CHILD_PROTECTION
    }
    for each in owed:
        if each.kind == "notify" and each.party in services:
            return child_told(each.due_at, each.done_at, clock.now())
    return ""
