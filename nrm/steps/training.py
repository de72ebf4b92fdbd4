"""What the program finds of an exercise in the records of the trainee's own desks, against what should be there.

It writes nothing. What should be there comes from the rules that every interview is held to: the route from the
agreement in force, the hours from its clauses, the consent from the questionnaire. A person's answers are read by the
keys of who asks, and only whether they are as they were said leaves this module (ADR 0189).
"""

from __future__ import annotations

import uuid
from dataclasses import replace
from datetime import datetime
from enum import StrEnum
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
from nrm.steps.interviews.screenings import leads_to
from nrm.steps.training_findings import (
    CLASS,
    Differs,
    Finding,
    answers_as_said,
    coded,
    compared,
    is_right,
    is_unfinished,
)
from nrm.store import names
from nrm.store import training as store
from nrm.store.countries import country
from nrm.store.training import Begun, Own
from nrm.vault import compartments as vault

FIRST_INTERVIEW = "first_interview"
_FIRST = N_("The referral went to the place that comes first by the agreement:")
_CONSENT = N_("Consent is recorded as the person gave it, or was not asked where it is not asked.")
_ACCEPTED = N_("Your shelter accepted, and a place is kept.")
_DECLINED = N_("Your shelter declined because it is full.")
_BEFORE_DUE = N_("The answer came before it was due.")
_NOT_ARRIVED = N_("It is recorded that the person did not come. The duty desk sees it, and the place is free.")
_SIGNED_OUT = N_(
    "Somebody of your desk signed out other browsers. No other one of yours may stand on “Where I am signed in” now."
)
_ASKED_FOR_CONSENT = "consent_"
_SEALED = ("hand_over", "identity", "story")


class State(StrEnum):
    """How far an exercise is now."""

    NOT_BEGUN = "not_begun"
    BEGUN = "begun"
    WRONG = "wrong"
    UNREAD = "unread"  # right in what can be seen without the keys of the desk, and never compared with them
    RIGHT = "right"


def _unfinished(text: Phrase) -> list[Finding]:
    return [Finding(False, text, unfinished=True)]


def state(exercise: Exercise, own: Own, begun: Begun | None, *, by: Actor) -> State:
    """How far the desk is now, by the findings that the page of the exercise shows."""
    if begun is None:
        return State.NOT_BEGUN
    if begun.done_at is None:
        return State.BEGUN
    found = findings(exercise, own, begun, by=by)
    if is_unfinished(found):
        return State.BEGUN
    if not is_right(found):
        return State.WRONG
    unread = not answers_as_said(found) and any(each.compares for each in found)
    return State.UNREAD if unread and begun.answers != "yes" else State.RIGHT


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


def looked_for(exercise: Exercise, own: Own) -> list[Finding]:
    """What the answer says where everything is right, at the desks of this trainee now: for whoever leads it."""
    match exercise.kind:
        case Kind.ANSWER:
            return [Finding(None, _ACCEPTED), Finding(None, _BEFORE_DUE)]
        case Kind.FULL:
            return [Finding(None, _DECLINED), Finding(None, _BEFORE_DUE)]
        case Kind.NO_ARRIVAL:
            return [Finding(None, _NOT_ARRIVED)]
        case Kind.LOST:
            return [Finding(None, _SIGNED_OUT)]
        case Kind.INTERVIEW:
            pass
    questionnaire = drafts.questionnaire_called(drafts.CURRENT)
    wanted = coded(questionnaire, exercise.whole)
    ending = leads_to(questionnaire, wanted)
    if ending is not None:
        found = [replace(_of_ending(ending, ending), right=None)]
    else:
        places = _places(expected_route(questionnaire, wanted, own, clock.now()))
        found = [Finding(None, _FIRST, places=places[:1]), Finding(None, _CONSENT)]
    said = {name: [value] for name, value in coded(questionnaire, exercise.answers).items()}
    answers = [Differs(name, agree, None) for name, agree in {**said, **exercise.seen}.items()]
    return [*found, Finding(None, N_("These answers matter:"), differ=answers, questionnaire=questionnaire)]


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
        return _unfinished(N_("No interview was begun at your post since you began this exercise."))
    questionnaire = drafts.questionnaire_called(interview.questionnaire)
    if interview.status in drafts.UNSENT:
        return _unfinished(N_("The interview is not finished: go on with it on the home page of your post."))
    ending = leads_to(questionnaire, coded(questionnaire, exercise.whole))
    if interview.status == "sent":
        if ending is not None:
            return [Finding(False, N_("The person was referred. What was said leads to no referral."))]
        return _of_case(questionnaire, exercise, interview, own, begun, by)
    held = store.happened(Event.INTERVIEW_HELD, own.post.id, begun, interview_id=str(interview.id))
    ended = str(held.said.get("ending")) if held is not None else Holding.NONE
    if store.happened(Event.INTERVIEW_DISCARDED, own.post.id, begun, interview_id=str(interview.id)) is not None:
        ended = Holding.DISCARDED
    found = [_of_ending(ending, ended)]
    kept = vault.glance(db.session(), interview.id, DRAFT, by=by) if interview.status == "held" else None
    if kept is None:
        found.append(
            _unread(begun, N_("What was said is destroyed, or opens for nobody: no answers are left to compare."))
            if held is not None
            else Finding(None, N_("What was said is destroyed, or opens for nobody: no answers are left to compare."))
        )
    else:
        found += compared(questionnaire, exercise, kept["answers"])
    return found


def _unread(begun: Begun, text: Phrase) -> Finding:
    """The answers do not open here and now: what was found when the desk compared them stands."""
    if begun.answers == "no":
        words = N_("When you were done, some answers were otherwise than the exercise says. They do not open here now.")
        return Finding(False, words, compares=True)
    return Finding(None, text, compares=True)


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
    questionnaire: Questionnaire, exercise: Exercise, interview: Interview, own: Own, begun: Begun, by: Actor
) -> list[Finding]:
    case = store.case(interview.id, own)
    sent = store.first_referral(interview.id, own)
    if case is None or sent is None:
        return [Finding(False, N_("The person was referred, but the case is not to be found at your post."))]
    event = store.happened(Event.REFERRAL_SENT, own.post.id, begun, case_id=str(case.id))
    at = event.at if event is not None else sent.sent_at
    wanted = coded(questionnaire, exercise.whole)
    recorded = _recorded(case, by)
    expected = expected_route(questionnaire, {**(recorded or {}), **wanted}, own, at, sent)
    found = [_of_place(expected, sent, surely=recorded is not None), _of_time(expected, begun, at)]
    answers = compared(questionnaire, exercise, recorded) if recorded is not None else []
    otherwise = {each.question for finding in answers for each in finding.differ}
    not_asked_so = any(each.startswith(_ASKED_FOR_CONSENT) for each in otherwise)
    if case.consent != consent_of(questionnaire, wanted) or not_asked_so:
        found.append(Finding(False, N_("Consent is not recorded as the person gave it.")))
    else:
        found.append(Finding(True, _CONSENT))
    for owed in expected.obligations:
        if owed.kind == "notify" and owed.party == names.party_of(_child_authority()):
            found.append(_of_telling(store.told(case.id, owed.party)))
    if recorded is None:
        found.append(
            _unread(
                begun,
                N_(
                    "The shelter has accepted: your post cannot read the answers any more, as in "
                    "earnest. To compare them "
                    "sign in at your shelter and open this exercise there."
                )
                if own.at is At.POST
                else N_("Your shelter holds no key to the answers: it has not accepted this person."),
            )
        )
    return [*found, *answers]


def _of_telling(notice: tuple[datetime | None, datetime | None] | None) -> Finding:
    """What the page “Sent” says of the same notice."""
    if notice is None:
        return Finding(False, N_("The child authority is not on the list of those that are told."))
    due_at, done_at = notice
    if done_at is not None:
        return Finding(True, N_("The child authority knows: it said so, or answered the telephone."))
    if due_at is not None and due_at < clock.now():
        return Finding(
            None,
            N_("The notice was sent, nobody there has answered, and the hour has passed: the duty desk calls now."),
        )
    return Finding(
        None,
        N_(
            "The notice was sent to the child authority, and is not answered yet: it knows once it says so, or answers"
            " the telephone. The page “Sent” shows by when."
        ),
    )


def _of_place(expected: Route, sent: Referral, *, surely: bool) -> Finding:
    """`surely`: what was answered besides the story is known, which may lead to another place first."""
    parties, places = [each.party for each in expected.candidates], _places(expected)
    went = names.party_of(sent.receiver_id)
    if parties and went == parties[0]:
        return Finding(True, _FIRST, places=places[:1])
    if went in parties:
        words = N_("The referral went to a place that the agreement allows; the exercise asks for the first one:")
        return Finding(False if surely else None, words, places=places[:1])
    if not parties:
        return Finding(False, N_("By the agreement nobody is asked tonight: the duty officer decides."))
    return Finding(
        False, N_("The referral went to another place. The agreement proposes, in this order:"), places=places
    )


def _places(expected: Route) -> list[Words]:
    agreement = country().in_force(clock.now())
    return [agreement.parties[each.party].names for each in expected.candidates]


def _of_time(expected: Route, begun: Begun, at: datetime) -> Finding:
    within = next((each.within for each in expected.obligations if each.kind == FIRST_INTERVIEW), None)
    minutes = max(1, round((at - begun.at).total_seconds() / 60))
    if within is None:
        return Finding(
            None, N_("It was sent %(minutes)s min after you began. No clause says how soon.", minutes=minutes)
        )
    said = {"minutes": minutes, "hours": round(within.total_seconds() / 3600)}
    if at - begun.at <= within:
        words = N_(
            "It was sent %(minutes)s min after you began. In time: the agreement allows %(hours)s hours for the first"
            " interview.",
            **said,
        )
        return Finding(True, words)
    words = N_(
        "It was sent %(minutes)s min after you began. Too late: the agreement allows %(hours)s hours for the first"
        " interview.",
        **said,
    )
    return Finding(False, words)


def _child_authority() -> uuid.UUID:
    return names.organisation_by_code(country().roles[MechanismRole.CHILD_AUTHORITY]).id


def _recorded(case: Case, by: Actor) -> dict[str, Any] | None:
    """The answers of a case as far as the actor's own keys open them; None where they open nothing."""
    opened = [vault.glance(db.session(), case.id, each, by=by) for each in _SEALED]
    if not any(opened):
        return None
    answers: dict[str, Any] = {"gender": case.gender, CLASS: case.citizenship_class}
    for part in opened:
        answers |= part or {}
    return answers


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
        return _unfinished(words)
    found = []
    if declines:
        full = done.said.get("reason") == DeclineReason.FULL
        found.append(
            Finding(True, _DECLINED)
            if full
            else Finding(False, N_("Your shelter declined for another reason than that it is full."))
        )
    else:
        found.append(Finding(True, _ACCEPTED))
    row = store.referral(uuid.UUID(done.said["referral_id"]), own)
    if row is not None and not row.answered_in:
        in_time = done.at <= row.due_at
        words = _BEFORE_DUE if in_time else N_("The answer came after it was due.")
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
        return _unfinished(N_("Your shelter has not recorded since you began that somebody did not come."))
    return [Finding(True, _NOT_ARRIVED)]


def _of_lost(own: Own, begun: Begun) -> list[Finding]:
    done = store.happened(Event.SESSIONS_ENDED, own.desk.id, begun)
    if done is None:
        return _unfinished(N_("Nobody of your desk has signed out other browsers since you began."))
    return [Finding(True, _SIGNED_OUT)]
