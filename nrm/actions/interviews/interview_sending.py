"""Sending: the hand-over to the party that the officer picks from the proposed route.

Sending turns the sealed draft into a case. The sender keeps `hand_over`, `identity` and `story` until somebody accepts.
Every party of the route gets a pending grant, so that the next referral can be opened after a decline without any key.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from nrm import audit, clock
from nrm.db import db, transaction
from nrm.domain.accounts.accounts import Actor, OrganisationKind, Permission
from nrm.domain.agreement.agreements import RECEIVER
from nrm.domain.agreement.routes import RouteObligation
from nrm.domain.documents import Words
from nrm.domain.interviews.draft_owners import official_involved
from nrm.domain.interviews.facts import (
    SEVERAL,
    asked_urgently,
    asked_whole,
    beside,
    case_facts,
    compartments,
    concluded,
    consent_of,
    routing_facts,
    statistics_consent,
    struck_out,
)
from nrm.domain.interviews.interviews import Answers, Questionnaire
from nrm.domain.interviews.questionnaire_flow import set_aside
from nrm.domain.languages import ByLanguage
from nrm.domain.referrals.children_along import CHILDREN_ALONG, are_announced
from nrm.domain.referrals.referrals import ReferralRefused, needs_doctor
from nrm.domain.shelter.cases import UNKNOWN
from nrm.domain.shelter.consents import ByName, Naming, asked_in_interview, of_interview, towards
from nrm.models.accounts.accounts import Organisation
from nrm.models.interviews.interviews import Interview
from nrm.models.referrals.referrals import Obligation, Referral, RouteCandidate, RouteExclusion
from nrm.models.shelter.cases import Case
from nrm.steps.interviews import child_alerts as child_alert_steps
from nrm.steps.interviews import drafts, paper_entries
from nrm.steps.interviews.drafts import Draft, Incomplete, LastPage, NoLongerDraft, OpeningEnded, StaleAnswers
from nrm.steps.interviews.procedures import left_by
from nrm.steps.interviews.screenings import ending_of, local_day, screenings_of, steps_taken
from nrm.steps.referrals import proposals as proposal_steps
from nrm.steps.referrals import supplements as supplement_steps
from nrm.steps.referrals.proposals import Choice, Proposal, chosen
from nrm.steps.shelter import consent_records
from nrm.steps.shelter import withheld as withheld_steps
from nrm.store.countries import country
from nrm.store.interviews import interviews as store
from nrm.store.referrals.obligations import ASK_CONSENT
from nrm.store.rows.agreement import agreements as agreement_rows
from nrm.store.rows.interviews import screenings as screening_rows
from nrm.vault import compartments as vault
from nrm.vault import grants, sharing, shredding, tags

__all__ = ["Incomplete", "NoLongerDraft", "OpeningEnded", "ReferralRefused", "StaleAnswers"]

ANSWER = "answer"
FIRST_INTERVIEW = "first_interview"
NOTIFY = "notify"
_FALLBACK_ANSWER = timedelta(hours=1)
_SOURCES: Mapping[OrganisationKind | None, str] = {
    OrganisationKind.BORDER_POLICE: "crossing_point",
    OrganisationKind.HELPLINE: "helpline",
}


class NothingToSend(Exception):
    """These answers lead to no referral: `ending` is `refused` or `none`."""

    def __init__(self, ending: str) -> None:
        super().__init__(ending)
        self.ending = ending


@dataclass(frozen=True, slots=True)
class Sent:
    """What the sender needs to know; `again`: the same interview had been sent before."""

    case_id: uuid.UUID
    referral_id: uuid.UUID
    pseudonym: str
    receiver: str
    again: bool = False


def send(
    *,
    interview_id: uuid.UUID,
    party: str,
    by: Actor,
    override_reason: str = "",
    last: LastPage | None = None,
    by_name: ByName | None = None,
) -> Sent:
    """Hand the person over to `party`, under the clause that names it, or against it with a coded reason.

    A yes is valid for the parties that were named when it was given. `by_name`: what the person says about another
    `party`; without a yes no identity is sealed, and the receiver must ask first. Later only named parties are asked.

    Sent twice, it is sent once. Raises ReferralRefused, NothingToSend, Incomplete, StaleAnswers, OpeningEnded,
    NoLongerDraft, EnteredTwice, NotVisible, NotTheirsToLift.
    """
    by.must(Permission.REFERRAL_SEND)
    with transaction() as session:
        interview = store.interview(interview_id, by=by, lock=True)
        if interview.status == "sent":
            return _sent_before(interview, by)
        draft = drafts.opened_last(session, interview, by=by)
        answers = drafts.finished(draft, last)
        drafts.keep_struck_out(draft, answers, by=by)
        ending = ending_of(draft.questionnaire, answers)
        if ending is not None:
            raise NothingToSend(ending)
        named = _named(draft, last)
        consent, proposed, choice = _chosen(draft.questionnaire, answers, named, party, override_reason, by_name, by)
        # A yes is not extended to parties that were not named: of the route, only those that were named are asked.
        offered = [each for each in proposed.in_order(choice) if _may_be_asked(each.party, choice, consent, named)]
        now = clock.now()
        paper_entries.spend(session, interview, by=by)
        drafts.give(interview, by.member_id)  # a colleague who opened it may have been the one who sent it
        drafts.close(session, interview, "sent", by=by)
        case = _case(draft, answers, consent, now, by)
        session.add(case)
        session.flush()
        referral = _referral(interview_id, proposed, choice, override_reason, now, by)
        session.add(referral)
        owed = _owed(interview_id, proposed, now)
        child_alert_steps.told(session, interview_id, owed, by=by)
        session.add_all(owed)
        warned = drafts.still_warned(draft, answers, last)
        session.add_all(left_by(draft, answers, warned, by=by, owed=owed))
        session.flush()
        waits, sealed_tags = _seal(session, interview_id, draft, answers, warned, consent, proposed, offered, by)
        if answers.get(draft.questionnaire.home.questions[0]) == "yes":
            if not waits:
                session.add(supplement_steps.promised(interview_id, by.organisation_id, interview.pseudonym))
            elif not any(each.kind == ASK_CONSENT for each in owed):
                # What would be added was told before and waits for a yes to it: whoever receives the person asks.
                session.add(supplement_steps.owed(interview_id, ASK_CONSENT, referral.clause))
        if are_announced(draft.questionnaire, answers):
            session.add(supplement_steps.owed(interview_id, CHILDREN_ALONG, ""))  # of no clause: ADR 0281
        session.add_all(_stored_route(interview_id, proposed, offered, sealed_tags))
        heard = [*named, *([party] if by_name in (ByName.YES, ByName.NO) else [])]
        _write_consent(session, draft, answers, consent, heard, [each.party for each in offered], by)
        audit.append(
            session,
            audit.Event.REFERRAL_SENT,
            by=by,
            case_id=interview_id,
            referral_id=referral.id,
            receiver_id=choice.organisation.id,
            clause=referral.clause,
            override_reason=override_reason or None,
            age_class=case.age_class,
        )
        kind = OrganisationKind(choice.organisation.kind)
        counted = screenings_of(draft.questionnaire, answers, draft.started_at, by=by, receiver=kind)
        screening_rows.count(session, counted)
        screening_rows.count_steps(session, counted, steps_taken(draft, answers, counted))
        sent = Sent(interview_id, referral.id, interview.pseudonym, choice.party)
    shredding.work_off()
    return sent


def _chosen(
    questionnaire: Questionnaire,
    answers: Answers,
    named: Collection[str],
    party: str,
    override_reason: str,
    by_name: ByName | None,
    by: Actor,
) -> tuple[str, Proposal, Choice]:
    """The consent towards the party, the route under it, and the choice; raises ReferralRefused."""
    said = consent_of(questionnaire, answers) or "refused"
    proposed = proposal_steps.proposal(questionnaire, answers, by=by)
    choice = chosen(proposed, party, override_reason)
    consent = towards(said, party, named=named, struck_out=struck_out(questionnaire, answers), by_name=by_name)
    if consent != said:
        proposed = proposal_steps.proposal(questionnaire, answers, by=by, consent=consent)
        choice = chosen(proposed, party, override_reason)
    return consent, proposed, choice


def _named(draft: Draft, last: LastPage | None) -> Collection[str]:
    """The parties that were named to the person; on a screen nobody was, where the talk was elsewhere or on paper."""
    if draft.on_paper or draft.status == "completed":
        return ()
    return draft.named if last is None or last.named is None else last.named


def _may_be_asked(party: str, choice: Choice, consent: str, named: Collection[str]) -> bool:
    return consent != "given" or party == choice.party or party in named


def _write_consent(
    session: Session,
    draft: Draft,
    answers: Answers,
    consent: str,
    named: Iterable[str],
    agreed: Iterable[str],
    by: Actor,
) -> None:
    """Who was named and struck out, and what the person answered."""
    struck = struck_out(draft.questionnaire, answers)
    consent_records.name(session, draft.interview_id, {*named, *struck}, by)
    consent_records.name(session, draft.interview_id, struck, by, Naming.STRUCK_OUT, heard_by=draft.owner_id)
    said = of_interview(draft.questionnaire, answers, consent=consent, agreed=agreed, struck_out=struck)
    consent_records.record(session, draft.interview_id, said, asked_in_interview(draft.questionnaire, answers), by)


def _sent_before(interview: Interview, by: Actor) -> Sent:
    referral = store.hand_over_referral(interview.id, by=by)
    receiver = db.session.get_one(Organisation, referral.receiver_id)
    return Sent(interview.id, referral.id, interview.pseudonym, receiver.party, again=True)


def _case(draft: Draft, answers: Answers, consent: str, now: datetime, by: Actor) -> Case:
    """The case: a pseudonym and closed codes only; without the optional codes if the person is not to be counted."""
    questionnaire = draft.questionnaire
    facts = case_facts(questionnaire, answers, today=local_day(now))
    counted = statistics_consent(questionnaire, answers)
    countries = facts.pop("exploited_in")
    age_class = routing_facts(questionnaire, answers, entry_point=UNKNOWN, region_of_entry=UNKNOWN)["age_class"]
    kept: dict[str, Any] = {"statistics": counted}
    if counted != "no":
        named = ("age_band", "gender", "citizenship", "citizenship_class")
        kept |= {name: value for name, value in facts.items() if name not in named} | {"exploited_in": countries}
    return Case(
        id=draft.interview_id,
        pseudonym=draft.pseudonym,
        status="referred",
        source=_SOURCES.get(by.kind, "other_organisation"),
        opened_by_id=by.organisation_id,
        holder_id=by.organisation_id,
        registered_month=local_day(now).replace(day=1),
        questionnaire=questionnaire.id,
        age_class=age_class,
        age_band="99" if counted == "no" else facts["age_band"],
        gender=facts["gender"],
        citizenship="99" if counted == "no" else facts["citizenship"],
        citizenship_class=facts["citizenship_class"],
        exploited_in="99" if counted == "no" else countries[0] if len(countries) == 1 else SEVERAL,
        consent=consent,
        facts=kept,
    )


def _referral(
    case_id: uuid.UUID, proposed: Proposal, choice: Choice, override_reason: str, now: datetime, by: Actor
) -> Referral:
    asked = (*proposed.route.obligations, *proposed.route.of_whoever)
    within = [each.within for each in asked if each.kind == ANSWER and each.within]
    referral_id = uuid.uuid4()
    assert by.organisation_id is not None
    return Referral(
        id=referral_id,
        mark=grants.mark_of(referral_id, case_id, by.organisation_id, choice.organisation.id),
        case_id=case_id,
        sender_id=by.organisation_id,
        receiver_id=choice.organisation.id,
        position=1,
        status="sent",
        agreement=proposed.route.version,
        clause=choice.clause,
        must=choice.proposed and choice.must,
        overrides="" if choice.proposed else proposed.against,
        override_reason="" if choice.proposed else override_reason,
        sent_at=now,
        due_at=now + min(within, default=_FALLBACK_ANSWER),
        expires_at=now + proposed.agreement.expires_within,
    )


def _stored_route(
    case_id: uuid.UUID, proposed: Proposal, offered: Sequence[Choice], sealed: Mapping[uuid.UUID, tags.Sealed]
) -> list[RouteCandidate | RouteExclusion]:
    """The route as it is stored: the party that is asked first, then the others; and the excluded parties."""
    rows: list[RouteCandidate | RouteExclusion] = [
        RouteCandidate(
            case_id=case_id,
            position=position,
            organisation_id=each.organisation.id,
            clause=each.clause,
            must=each.must,
            reason=_kept(each.reason),
            tags_version=sealed[each.organisation.id][0],
            sealed_tags=sealed[each.organisation.id][1],
        )
        for position, each in enumerate(offered, start=1)
    ]
    for excluded in proposed.route.excluded:
        if excluded.party != offered[0].party:
            reason = proposed.reason_of(excluded.party, excluded.reason)
            rows.append(RouteExclusion(case_id=case_id, party=excluded.party, reason=_kept(reason)))
    return rows


def _kept(reason: Words) -> dict[str, str]:
    """The words as a row has them: the program's in the country's languages, the agreement's in all that they have."""
    return reason.among(country().languages) if isinstance(reason, ByLanguage) else dict(reason)


def _owed(case_id: uuid.UUID, proposed: Proposal, now: datetime) -> list[Obligation]:
    """What is owed in this case. `receiver` stands for the party that will accept, which is not known yet."""
    rows: dict[tuple[str, str], Obligation] = {}
    for each in (*proposed.route.obligations, *proposed.route.of_whoever):
        party = RECEIVER if _is_receivers(proposed, each) else each.party
        if each.kind in (ANSWER, FIRST_INTERVIEW) or (each.kind, party) in rows:
            continue  # the answer's own hour stands in the referral; the interview is over
        rows[each.kind, party] = Obligation(
            case_id=case_id,
            kind=each.kind,
            party=party,
            clause=each.clause,
            due_at=now + each.within if each.within else None,
        )
    return list(rows.values())


def _is_receivers(proposed: Proposal, owed: RouteObligation) -> bool:
    clause = proposed.agreement.clause(owed.clause)
    return any(duty.kind == owed.kind and duty.party == RECEIVER for duty in clause.duties)


def _seal(
    session: Session,
    case_id: uuid.UUID,
    draft: Draft,
    answers: Answers,
    warned: Mapping[str, int],
    consent: str,
    proposed: Proposal,
    offered: Sequence[Choice],
    by: Actor,
) -> tuple[bool, dict[uuid.UUID, tags.Sealed]]:
    """Seal the compartments, offer them to every party of the route, and grant what a clause grants at once.

    A compartment holds answers by question id; `hand_over` also holds `interviewed_at`, and `story` also `wordings` and
    the warnings that the officer saw (`warned`), and what they concluded.

    Identity and story are sealed with consent, or for a child. Otherwise there is neither, and the hand-over holds only
    what the urgent way asks; what else was told is withheld until the receiver has asked. What was said before the age
    or the haste was changed goes with them; an adult's yes to the urgent text does not cover it. Returns whether
    anything is withheld, and the tags that each of these parties may see in its list. Where an official may have taken
    part, the post gets no grant: until somebody accepts, who sends holds it by a key of their own (ADR 0059).
    """
    assert by.organisation_id is not None
    questionnaire = draft.questionnaire
    sealed = compartments(questionnaire, answers)
    aside = beside(questionnaire, set_aside(questionnaire, draft.answers, answers, draft.aside), consent)
    told = sealed["hand_over"]
    waits: dict[str, Any] = {}
    if consent == "not_asked_urgent":
        urgently = asked_urgently(questionnaire)
        told = {name: value for name, value in told.items() if name in urgently}
        rest = {name: value for part in sealed.values() for name, value in part.items() if name not in told}
        waits = {} if urgently.issuperset(rest) else rest
    if asked_whole(questionnaire, answers, consent):
        sealed = {name: {**part, **aside.get(name, {})} for name, part in sealed.items()}
    else:
        waits = {**waits, **aside["identity"], **aside["story"]}
    if waits:
        value = {"answers": waits, "wordings": draft.wordings}
        withheld_steps.withhold(session, case_id, value, [each.organisation.id for each in offered])
    hand_over = {**told, "interviewed_at": draft.started_at.isoformat()}
    own = draft.own or official_involved(draft.questionnaire, answers)
    holders, members = ([], [by.member_id]) if own and by.member_id is not None else ([by.organisation_id], [])
    vault.create(session, case_id, {"hand_over": hand_over}, holders, by=by if own else None, members=members)
    if consent in ("given", "not_asked_child"):
        said = {**sealed["story"], **concluded(questionnaire, answers)}
        story = {**said, "wordings": draft.wordings, "warned": warned}
        values = {"identity": sealed["identity"], "story": story}
        vault.create(session, case_id, values, holders, by=by if own else None, members=members)
    session.flush()
    recipients = sharing.offer(session, case_id, [each.organisation.id for each in offered], by=by)
    for owed in proposed.route.obligations:
        for compartment in owed.grant:
            _grant(session, case_id, str(compartment), owed.party, by)
    return bool(waits), tags.sealed_for(case_id, recipients, doctor=needs_doctor(told))


def _grant(session: Session, case_id: uuid.UUID, compartment: str, party: str, by: Actor) -> None:
    """Add the live grant that a clause gives to a party that is told: the Responsible Authority, child protection.

    A party that the person struck out is not told, so there is no such clause for it.
    """
    if compartment not in vault.compartments_of(session, case_id):
        return
    holders = grants.holders_of(session, case_id, compartment)
    new = [each.id for each in agreement_rows.every_desk(party) if each.id not in holders]
    if new:
        sharing.share(session, case_id, compartment, new, by=by)
        consent_records.name(session, case_id, [party], by, Naming.TOLD)
