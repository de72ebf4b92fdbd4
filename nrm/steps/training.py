"""What the program finds of an exercise in the records of the trainee's own desks, against what should be there.

It writes nothing. What should be there comes from the rules that every interview is held to: the route from the
agreement in force, the hours from its clauses, the consent from the questionnaire. A person's answers are read by the
keys of who asks, and only whether they are as they were said leaves this module (ADR 0189).
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from nrm import clock
from nrm.audit import Event
from nrm.db import db
from nrm.domain.accounts.accounts import Actor
from nrm.domain.agreement.routes import Route
from nrm.domain.agreement.routing import Capacity, route
from nrm.domain.agreement.routing_facts import parse_facts
from nrm.domain.documents import Words
from nrm.domain.exercises import At, Exercise, Kind
from nrm.domain.interviews.draft_owners import DRAFT
from nrm.domain.interviews.endings import Holding
from nrm.domain.interviews.facts import consent_of, routing_facts
from nrm.domain.interviews.interviews import Answers, Questionnaire
from nrm.domain.referrals.referrals import DeclineReason
from nrm.domain.roles import MechanismRole
from nrm.domain.words import N_, Phrase
from nrm.models.interviews.interviews import Interview
from nrm.models.referrals.referrals import Referral
from nrm.models.shelter.cases import Case
from nrm.steps.interviews import drafts
from nrm.steps.interviews.screenings import ending_of
from nrm.store import names
from nrm.store import training as store
from nrm.store.countries import country
from nrm.store.training import Begun, Own
from nrm.vault import compartments as vault

FIRST_INTERVIEW = "first_interview"
_CLASS = "citizenship_class"
_SEALED = ("hand_over", "identity", "story")


@dataclass(frozen=True, slots=True)
class Finding:
    """One sentence of the answer. `right`: None where it is neither; `questions`: those that differ, in the words of
    the questionnaire; `places`: by name, what the rules propose."""

    right: bool | None
    text: Phrase
    questions: Sequence[Words] = ()
    places: Sequence[Words] = ()


def is_right(found: Sequence[Finding]) -> bool:
    """Whether nothing is wrong, and something is right."""
    return any(each.right for each in found) and all(each.right is not False for each in found)


def findings(exercise: Exercise, own: Own, begun: Begun, *, by: Actor) -> list[Finding]:
    """The answer to an exercise, as it is now."""
    match exercise.kind:
        case Kind.INTERVIEW:
            return _of_interview(exercise, own, begun, by)
        case Kind.ANSWER:
            return _of_answer(own, begun, Event.REFERRAL_ACCEPTED)
        case Kind.FULL:
            return _of_answer(own, begun, Event.REFERRAL_DECLINED)
        case Kind.NO_ARRIVAL:
            return _of_no_arrival(own, begun)
        case Kind.LOST:
            return _of_lost(own, begun)


def coded(questionnaire: Questionnaire, answers: Answers) -> dict[str, Any]:
    """The answers of an exercise by the codes of this country's questionnaire."""
    found: dict[str, Any] = {}
    for name, value in answers.items():
        options = questionnaire.questions[name].options
        by_meaning = {option.stands_for: option.code for option in options}
        if isinstance(value, str):
            found[name] = by_meaning.get(value, value)
        else:
            found[name] = [by_meaning.get(each, each) for each in value]
    return found


def expected_route(
    questionnaire: Questionnaire, answers: Answers, own: Own, at: datetime, sent: Referral | None = None
) -> Route:
    """The route that the agreement in force proposes for these answers at the trainee's post. The place that is kept
    for the person herself does not make a shelter full."""
    agreement = country().in_force(at)
    entry_point, region = country().entry(agreement, own.post.crossing_point)
    facts = parse_facts(
        routing_facts(questionnaire, answers, entry_point=entry_point, region_of_entry=region), agreement
    )
    rooms = names.capacity()
    if sent is not None and not sent.overrides:
        party = names.party_of(sent.receiver_id)
        rooms[party] = Capacity.FREE if rooms.get(party) is Capacity.NONE_FREE else rooms[party]
    return route(facts, agreement, at, rooms)


def _of_interview(exercise: Exercise, own: Own, begun: Begun, by: Actor) -> list[Finding]:
    now = clock.now()
    interview = store.interview(own, begun, now)
    if interview is None:
        return [Finding(False, N_("No interview was begun at your post since you began this exercise."))]
    questionnaire = drafts.questionnaire_called(interview.questionnaire)
    wanted = coded(questionnaire, exercise.answers)
    if interview.status in drafts.UNSENT:
        return [Finding(False, N_("The interview is not finished: go on with it on the home page of your post."))]
    ending = ending_of(questionnaire, wanted)
    if interview.status == "sent":
        if ending is not None:
            return [Finding(False, N_("The person was referred. What was said leads to no referral."))]
        return _of_case(questionnaire, wanted, interview, own, begun, by)
    held = store.happened(Event.INTERVIEW_HELD, own.post.id, begun, interview_id=str(interview.id))
    ended = str(held.said.get("ending")) if held is not None else Holding.NONE
    found = [_of_ending(ending, ended)]
    kept = vault.glance(db.session(), interview.id, DRAFT, by=by) if interview.status == "held" else None
    if kept is None:
        found.append(
            Finding(None, N_("What was said is destroyed, or opens for nobody: no answers are left to compare."))
        )
    else:
        found.append(_compared(questionnaire, wanted, kept["answers"]))
    return found


def _of_ending(wanted: str | None, ended: str) -> Finding:
    if wanted is None:
        return Finding(False, N_("The interview ended without a referral. What was said leads to a shelter."))
    if ended != wanted:
        if wanted == Holding.REFUSED:
            return Finding(False, N_("The interview ended, but the no of the person was not taken down as a no."))
        return Finding(False, N_("The interview ended in another way than what was said leads to."))
    if wanted == Holding.REFUSED:
        return Finding(True, N_("The no of the person was taken down as the person gave it, and nobody was asked."))
    return Finding(True, N_("The interview ended without a referral, and the person was counted without a name."))


def _of_case(
    questionnaire: Questionnaire, wanted: Answers, interview: Interview, own: Own, begun: Begun, by: Actor
) -> list[Finding]:
    case = store.case(interview.id, own)
    sent = store.first_referral(interview.id, own)
    if case is None or sent is None:
        return [Finding(False, N_("The person was referred, but the case is not to be found at your post."))]
    event = store.happened(Event.REFERRAL_SENT, own.post.id, begun, case_id=str(case.id))
    at = event.at if event is not None else sent.sent_at
    expected = expected_route(questionnaire, wanted, own, at, sent)
    found = [_of_place(expected, sent), _of_time(expected, begun, at)]
    asked = consent_of(questionnaire, wanted)
    if case.consent != asked:
        found.append(Finding(False, N_("Consent is not recorded as the person gave it.")))
    else:
        found.append(
            Finding(True, N_("Consent is recorded as the person gave it, or was not asked where it is not asked."))
        )
    for owed in expected.obligations:
        if owed.kind == "notify" and owed.party == names.party_of(_child_authority()):
            told = store.is_told(case.id, owed.party)
            words = N_("The child authority was told.") if told else N_("The child authority was not told.")
            found.append(Finding(told, words))
    recorded = _recorded(case, by)
    if recorded is None:
        found.append(
            Finding(
                None,
                N_(
                    "The shelter has accepted: your post cannot read the answers any more, as in "
                    "earnest. To compare them "
                    "sign in at your shelter and open this exercise there."
                )
                if own.at is At.POST
                else N_("Your shelter holds no key to the answers: it has not accepted this person."),
            )
        )
    else:
        found.append(_compared(questionnaire, wanted, recorded))
    return found


def _of_place(expected: Route, sent: Referral) -> Finding:
    parties = [each.party for each in expected.candidates]
    agreement = country().in_force(clock.now())
    places = [agreement.parties[party].names for party in parties]
    went = names.party_of(sent.receiver_id)
    if parties and went == parties[0]:
        return Finding(True, N_("The referral went to the place that comes first by the agreement:"), places=places[:1])
    if went in parties:
        return Finding(
            None, N_("The referral went to a place that the agreement allows. First comes:"), places=places[:1]
        )
    if not parties:
        return Finding(False, N_("By the agreement nobody is asked tonight: the duty officer decides."))
    return Finding(
        False, N_("The referral went to another place. The agreement proposes, in this order:"), places=places
    )


def _of_time(expected: Route, begun: Begun, at: datetime) -> Finding:
    within = next((each.within for each in expected.obligations if each.kind == FIRST_INTERVIEW), None)
    minutes = max(1, round((at - begun.at).total_seconds() / 60))
    if within is None or at - begun.at <= within:
        return Finding(True, N_("It was sent in time, %(minutes)s min after you began.", minutes=minutes))
    return Finding(False, N_("It was sent too late, %(minutes)s min after you began.", minutes=minutes))


def _child_authority() -> uuid.UUID:
    return names.organisation_by_code(country().roles[MechanismRole.CHILD_AUTHORITY]).id


def _recorded(case: Case, by: Actor) -> dict[str, Any] | None:
    """The answers of a case as far as the actor's own keys open them; None where they open nothing."""
    opened = [vault.glance(db.session(), case.id, each, by=by) for each in _SEALED]
    if not any(opened):
        return None
    answers: dict[str, Any] = {"gender": case.gender, _CLASS: case.citizenship_class}
    for part in opened:
        answers |= part or {}
    return answers


def _compared(questionnaire: Questionnaire, wanted: Answers, recorded: Mapping[str, Any]) -> Finding:
    """Which questions were answered otherwise than the person did. What is kept as a fact and not as an answer, and was
    not found among the answers, is left out."""
    meant = {option.code: option.stands_for for option in questionnaire.questions[_CLASS].options}
    differ = []
    for name, value in wanted.items():
        question = questionnaire.questions[name]
        if question.compartment == "fact" and name not in recorded:
            continue
        if not _same(value, recorded.get(name), meant if name == _CLASS else {}):
            differ.append(question.text)
    if differ:
        return Finding(False, N_("These questions are answered otherwise than the person said:"), questions=differ)
    return Finding(True, N_("All answers that matter here are as the person gave them."))


def _same(wanted: Any, found: Any, meant: Mapping[str, str]) -> bool:
    if isinstance(wanted, list):
        return isinstance(found, list) and set(wanted) == set(found)
    if isinstance(found, str):
        said = {str(wanted).casefold(), meant.get(str(wanted), str(wanted)).casefold()}
        return found.strip().casefold() in said
    return bool(wanted == found)


def _of_answer(own: Own, begun: Begun, event: Event) -> list[Finding]:
    """Whether a referral was accepted, or declined as full, before its answer was due."""
    declines = event is Event.REFERRAL_DECLINED
    done = store.happened(event, own.house.id, begun)
    if done is None:
        words = (
            N_("Your shelter has declined no referral since you began this exercise.")
            if declines
            else N_("Your shelter has accepted no referral since you began this exercise.")
        )
        return [Finding(False, words)]
    found = []
    if declines:
        full = done.said.get("reason") == DeclineReason.FULL
        found.append(
            Finding(True, N_("Your shelter declined because it is full."))
            if full
            else Finding(False, N_("Your shelter declined for another reason than that it is full."))
        )
    else:
        found.append(Finding(True, N_("Your shelter accepted, and a place is kept.")))
    row = store.referral(uuid.UUID(done.said["referral_id"]), own)
    if row is not None and not row.answered_in:
        in_time = done.at <= row.due_at
        words = N_("The answer came before it was due.") if in_time else N_("The answer came after it was due.")
        found.append(Finding(in_time, words))
    if row is not None and declines:
        asked = store.asked_after(row)
        words = (
            N_("Another party was asked at once.")
            if asked
            else N_("Nobody else could be asked: the duty officer decides.")
        )
        found.append(Finding(None, words))
    return found


def _of_no_arrival(own: Own, begun: Begun) -> list[Finding]:
    done = store.happened(Event.REFERRAL_NOT_ARRIVED, own.house.id, begun)
    if done is None:
        return [Finding(False, N_("Your shelter has not recorded since you began that somebody did not come."))]
    return [
        Finding(True, N_("It is recorded that the person did not come. The duty desk sees it, and the place is free."))
    ]


def _of_lost(own: Own, begun: Begun) -> list[Finding]:
    done = store.happened(Event.SESSIONS_ENDED, own.desk.id, begun)
    if done is None:
        return [Finding(False, N_("Nobody of your desk has signed out other browsers since you began."))]
    return [Finding(True, N_("The other browsers were signed out."))]
