"""The anonymous screening that an interview leaves: nothing links it to a case or to a person (ADR 0009)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime

from nrm import clock
from nrm.domain.accounts.accounts import Actor, OrganisationKind
from nrm.domain.interviews.facts import case_facts, consent_of, refused_facts, screening_facts, statistics_consent
from nrm.domain.interviews.indicators import profile
from nrm.domain.interviews.interviews import Answers, Questionnaire
from nrm.domain.interviews.questionnaire_flow import ended_as, ends_with
from nrm.domain.interviews.screenings import (
    NONE,
    NOT_ASKED,
    PROCESSED_WITHOUT_HELP,
    REFUSED,
    UNDECIDED,
    Screening,
    agency_of,
    check_processed,
    outcome_of,
    processed_as,
    steps_of,
)
from nrm.steps.interviews.drafts import Draft
from nrm.store.countries import country


def local_day(at: datetime) -> date:
    """The day on the country's clocks."""
    return clock.day_of(at, country().timezone)


def ending_of(questionnaire: Questionnaire, answers: Answers) -> str | None:
    """`refused`, `none` or `not_asked` when these answers lead to no referral, else None.

    `none` is what the officer concludes, or that the short screen was answered whole and nothing in it was an alarm.
    """
    if consent_of(questionnaire, answers) == REFUSED:
        return REFUSED
    if ended := ended_as(questionnaire, answers):
        return ended
    return NONE if screening_facts(questionnaire, answers)["assessment"] == NONE else None


def leads_to(questionnaire: Questionnaire, answers: Answers) -> str | None:
    """As `ending_of`, for what a person says, where what the post itself adds is not there: the same way, before its
    last page is whole."""
    return ending_of(questionnaire, answers) or ends_with(questionnaire, answers) or None


def screenings_of(
    questionnaire: Questionnaire,
    answers: Answers,
    started_at: datetime,
    *,
    by: Actor,
    receiver: OrganisationKind | None = None,
    left: bool = False,
) -> list[Screening]:
    """The screening of an interview; none when the person did not agree to be counted.

    For an adult who refused help it contains what the person was told: gender, citizenship class, month and reason. For
    one who `left` without a shelter and without a no, it contains the same without a reason.
    `receiver` is the kind of organisation that was asked to take the person in.
    """
    day = local_day(started_at)
    month = day.replace(day=1)
    outcome = UNDECIDED if left else ending_of(questionnaire, answers)
    if outcome is not None and outcome in PROCESSED_WITHOUT_HELP:
        kept = refused_facts(questionnaire, answers, today=day)
        return [
            Screening(
                month=month,
                citizenship_class=kept["citizenship_class"],
                outcome=outcome,
                processed=PROCESSED_WITHOUT_HELP[outcome],
                age_class="adult",
                gender=kept["gender"],
                reason="" if left else kept["refusal_reason"],
            )
        ]
    if statistics_consent(questionnaire, answers) == "no":
        return []
    facts = screening_facts(questionnaire, answers)
    age_class = facts["age_class"]
    processed = NOT_ASKED if outcome == NOT_ASKED else processed_as(facts["assessment"], receiver)
    check_processed(processed, age_class)
    return [
        Screening(
            month=month,
            citizenship_class=facts["citizenship_class"],
            outcome=outcome or outcome_of(facts["assessment"]),
            processed=processed,
            age_class=age_class,
            gender=str(case_facts(questionnaire, answers, today=day)["gender"]),
            crossing_point=by.crossing_point,
            returned_from=facts["returned_from"],
            announced=facts["announced"],
            agency=agency_of(facts["return_manner"]),
            profile="" if outcome == NOT_ASKED else profile(questionnaire, answers, child=age_class != "adult").outcome,
            assessment=facts["assessment"],
        )
    ]


def steps_taken(
    draft: Draft, answers: Answers, counted: Iterable[Screening], *, reason: str | None = None
) -> tuple[str, ...]:
    """How far an adult came whom this post screened, for what is `counted` of them. `reason`: one was asked for.

    Not of an urgent hand-over, which asks for no indicator, and not of what was typed in from paper.
    """
    urgent = answers.get(draft.questionnaire.home.questions[0]) == "yes"
    for one in counted:
        if one.age_class == "adult" and not urgent and not draft.on_paper:
            short = bool(ended_as(draft.questionnaire, answers))
            return steps_of(one.outcome, short=short, asked_again=draft.asked_again or reason is not None)
    return ()
