"""One of everything: a draft, a person who waits for an answer, one on the way, one in a shelter, one shared."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select, update

from nrm import clock
from nrm.actions.agreement import agreement_drafting, contracts
from nrm.actions.agreement import agreement_simulation as simulations
from nrm.actions.interviews import family_notices, groups, helpline, holds, interview_sending, interviews, monitoring
from nrm.actions.referrals import announced_returns, outside_referrals, referrals
from nrm.actions.shelter import (
    away,
    cases,
    child_returns,
    claims,
    data_requests,
    direct_intake,
    identifications,
    matching,
    permits,
    promises,
    stays,
    testimony,
)
from nrm.actions.support import complaint_sending, feedback, feedback_notes, hearings, plans, threats, witnesses
from nrm.db import db, transaction
from nrm.domain.accounts.accounts import Actor
from nrm.domain.interviews.family_notices import ALLOWS
from nrm.domain.interviews.helpline import Caller, Outcome, Topic
from nrm.domain.interviews.monitoring import RemedyAction, RemedyOwner
from nrm.domain.quarters import Quarter
from nrm.domain.referrals.announced_returns import Announcement, Origin
from nrm.domain.referrals.outside_referrals import OutsideKind, OutsideReason
from nrm.domain.shelter.cases import Compartment, new_pseudonym
from nrm.domain.shelter.child_returns import Asked
from nrm.domain.shelter.claims import Forum
from nrm.domain.shelter.data_requests import RequestKind
from nrm.domain.shelter.direct_intake import OwnCase
from nrm.domain.shelter.matching import Pair, Said
from nrm.domain.shelter.permits import PermitEvent
from nrm.domain.shelter.stays import Source
from nrm.domain.shelter.testimony import WitnessStatus
from nrm.domain.support.contracts import Terms
from nrm.domain.support.feedback import Note, Question, Reply
from nrm.domain.support.hearings import Hearing
from nrm.domain.support.plans import Service
from nrm.models.interviews.interviews import Interview
from nrm.models.interviews.monitoring import MonitoringSample, ProcedureRecord
from nrm.models.referrals.referrals import Obligation
from nrm.models.shelter.cases import Case, Supplement
from nrm.models.shelter.permits import PermitEntry
from nrm.models.shelter.testimony import Testimony
from nrm.models.support.complaints import Complaint
from nrm.models.support.threats import ThreatAlarm
from nrm.steps.shelter import matching as matching_steps
from nrm.store import days
from nrm.store.agreement.agreement_simulation import SIMULATION
from nrm.store.rows.shelter import matching as matching_rows
from nrm.store.shelter import places as place_store
from nrm.store.support import hearings as hearing_store
from tests import contracts_by_two, factories, factories_stays
from tests import factories_agreements as texts
from tests import factories_filings as filings
from tests import factories_referrals as people

NOTED = "Liridona"
"""In what a house is to hang out, which nobody else has read yet."""
PLANTED = (people.PLANTED, people.TOLD, NOTED)


@dataclass(frozen=True, slots=True)
class World:
    """Ids of what there is. Rinas is the post, NRC the shelter that was asked, VATRA has a case of its own."""

    draft: uuid.UUID
    asked: uuid.UUID  # a referral that waits for NRC's answer
    asked_case: uuid.UUID
    coming: uuid.UUID  # one that NRC accepted
    coming_case: uuid.UUID
    arrived: uuid.UUID
    case: uuid.UUID  # in NRC, with a stay; shared with the permit unit
    stay: uuid.UUID
    own_case: uuid.UUID  # VATRA's own; it asked the police and the Responsible Authority for formal identification
    own_stay: uuid.UUID
    away: uuid.UUID  # the same person is away from VATRA
    pair: uuid.UUID  # VATRA asked for the same person, who may be the one of `case`
    bed: uuid.UUID  # a free place of NRC
    building_unit: uuid.UUID  # of NRC, in which all its places are
    out: uuid.UUID  # days to come in which a place of NRC is out of service
    promise: uuid.UUID  # a place of NRC that is kept for a code
    obligation: uuid.UUID  # the Responsible Authority has to be told of the asked case
    supplement: uuid.UUID  # TJETER_VIZION took somebody in urgently; Rinas may add, and has added nothing
    urgent_case: uuid.UUID
    letter: uuid.UUID  # VATRA wrote it to a hospital
    notice: uuid.UUID  # announced by the consulate, expected at Rinas today
    entry: uuid.UUID  # of the permit of the person in NRC
    witness_step: uuid.UUID  # of the same person
    hearing: uuid.UUID  # of the same person
    alarm: uuid.UUID  # that the same person is threatened as a witness: NRC and the duty desk have not seen it
    witness: uuid.UUID  # whom the prosecution entered as a witness only
    complaint: uuid.UUID  # about somebody who works in VATRA, where two slips were printed and one was answered
    claim: uuid.UUID  # for compensation, of the person in NRC
    plan_entry: uuid.UUID  # a service that is planned for the same person
    plan_step: uuid.UUID  # what is to be done next for that person, tomorrow
    child_return: uuid.UUID  # Greece asks the Responsible Authority for it
    call: uuid.UUID  # somebody who is to be called back by the help line
    sample: uuid.UUID  # an interview at Rinas that was drawn for monitoring in the last quarter
    remedy: uuid.UUID  # what Rinas is asked to mend
    request: uuid.UUID  # the person in NRC asked the help line for a copy
    member: uuid.UUID
    organisation: uuid.UUID  # the permit unit
    filing: uuid.UUID  # the Ministry of Public Order filed its table of victims for the quarter that is over
    family: uuid.UUID  # children with their own parent at Rinas, of whom the child authority was told
    group: uuid.UUID  # people who came back together to Rinas
    group_draft: uuid.UUID  # of the first of them
    contract: uuid.UUID  # of VATRA; beside it a version of the agreement waits for signatures, and one is proposed
    contract_change: uuid.UUID  # a contract of IOM that waits for a second one of the office
    made_at: datetime  # half an hour later the agreement calls others about those who wait


def build() -> World:
    """Carry these people through the real actions; needs an application context on a populated instance."""
    rinas, nrc, vatra = (
        factories.actor(login) for login in ("rinas.border_officer", "nrc.case_worker", "vatra.case_worker")
    )
    draft = people.interview(rinas)
    asked = people.sent(rinas)
    coming = people.sent(rinas)
    referrals.accept(referral_id=coming.referral_id, place_id=people.bed("NRC", 0), by=nrc)
    foreign = people.sent(rinas, citizenship="MD", citizenship_class="third_country")
    referrals.accept(referral_id=foreign.referral_id, place_id=people.bed("NRC", 1), by=nrc)
    referrals.arrive(referral_id=foreign.referral_id, by=nrc)
    stay = _admit(foreign.case_id, people.bed("NRC", 1), nrc)
    today = days.today()
    permits.record(case_id=foreign.case_id, event=PermitEvent.INFORM, on=today, language="ro", by=nrc)
    permits.record(case_id=foreign.case_id, event=PermitEvent.APPLY, on=today, by=nrc)
    unit = people.organisation("TRP_UNIT")
    cases.share(
        case_id=foreign.case_id,
        organisation_id=unit,
        compartments={Compartment.LEGAL, Compartment.IDENTITY},
        agreed=True,
        by=nrc,
    )
    own = direct_intake.open_case(
        case=OwnCase(
            source=Source.OWN,
            age_class="adult",
            age=25,
            gender="feminine",
            citizenship="AL",
            consent="given",
            statistics="yes",
            home="AL",
        ),
        place_id=people.bed("VATRA", 0),
        admitted_on=today,
        anticipated_end_on=today + timedelta(days=30),
        identity={"given": people.PLANTED},
        story=people.TOLD,
        by=vatra,
    )
    readers = [people.organisation(code) for code in ("STATE_POLICE", "RA")]
    identifications.ask(case_id=own.case_id, organisations=readers, agreed=True, by=vatra)
    tjeter = factories.actor("tjeter_vizion.case_worker")
    urgent = people.sent(rinas, "TJETER_VIZION", urgent=True, consent_urgent="given", override_reason="other")
    referrals.accept(referral_id=urgent.referral_id, place_id=people.bed("TJETER_VIZION", 0), by=tjeter)
    supplement = db.session.scalars(select(Supplement.id).where(Supplement.case_id == urgent.case_id)).one()
    obligation = db.session.scalars(
        select(Obligation.id).where(Obligation.case_id == asked.case_id, Obligation.kind == interview_sending.NOTIFY)
    ).one()
    assert nrc.member_id is not None
    group, group_draft = _came_together(rinas)
    return World(
        draft=draft,
        asked=asked.referral_id,
        asked_case=asked.case_id,
        coming=coming.referral_id,
        coming_case=coming.case_id,
        arrived=foreign.referral_id,
        case=foreign.case_id,
        stay=stay,
        own_case=own.case_id,
        own_stay=own.stay_id,
        away=_away(own.stay_id, vatra),
        pair=_looked_for(own.case_id, foreign.case_id, vatra),
        bed=people.bed("NRC", 5),
        **_building(nrc),
        obligation=obligation,
        supplement=supplement,
        urgent_case=urgent.case_id,
        letter=_written(own.case_id, vatra),
        notice=_announced(),
        entry=db.session.scalars(select(PermitEntry.id).where(PermitEntry.position == 2)).one(),
        witness_step=_testified(foreign.case_id, nrc),
        hearing=_announced_in_court(foreign.case_id, nrc),
        alarm=_threatened(foreign.case_id, nrc),
        witness=_witness(),
        complaint=_complained(),
        claim=_claimed(foreign.case_id, nrc),
        **_planned(foreign.case_id, nrc),
        child_return=_child_return(),
        call=_called(),
        sample=_drawn(rinas),
        remedy=_to_mend(),
        request=_asked(foreign.case_id),
        member=nrc.member_id,
        organisation=unit,
        filing=filings.file("victims", days.span().quarters[-1]),
        family=_with_parent(rinas),
        group=group,
        group_draft=group_draft,
        made_at=clock.now(),
        contract=_agreed(),
        contract_change=_asked_for(),
    )


def _away(stay_id: uuid.UUID, by: Actor) -> uuid.UUID:
    today = days.today()
    return away.record(stay_id=stay_id, since_on=today, expected_on=today + timedelta(days=3), reason="", by=by)


def _looked_for(case_id: uuid.UUID, found_id: uuid.UUID, by: Actor) -> uuid.UUID:
    """The person of a case said yes, and the other case was found to be alike."""
    matching.seen(case_id=case_id, by=factories.actor("vatra.shelter_manager"))
    matching.ask(case_id=case_id, said=Said.YES, with_guardian=False, by=by)
    pair = Pair(uuid.uuid4(), found_id, "strong", days.today())
    with transaction() as session:
        matching_steps.put_pairs(session, matching_rows.question(case_id), [pair], searched=True)
    return pair.id


def _building(nrc: Actor) -> dict[str, uuid.UUID]:
    manager, today = factories.actor("nrc.shelter_manager"), days.today()
    first, last = today + timedelta(days=40), today + timedelta(days=42)
    kept = {"place_id": people.bed("NRC", 8), "code": new_pseudonym(bytes(range(16)))}
    return {
        "building_unit": place_store.units(by=nrc)[0].id,
        "out": factories_stays.out_of_service(people.bed("NRC", 9), manager, from_on=first, until_on=last),
        "promise": promises.promise(**kept, from_on=first, until_on=last, by=nrc),
    }


def _came_together(rinas: Actor) -> tuple[uuid.UUID, uuid.UUID]:
    group_id, interview_id = uuid.uuid4(), uuid.uuid4()
    groups.begin(group_id=group_id, interview_id=interview_id, by=rinas)
    return group_id, interview_id


def _with_parent(rinas: Actor) -> uuid.UUID:
    family_id = uuid.uuid4()
    return family_notices.write(family_id=family_id, children=2, ages=[3, 9], said=dict(ALLOWS), by=rinas)


def _announced() -> uuid.UUID:
    notice_id = uuid.uuid4()
    announced_returns.announce(
        notice_id=notice_id,
        post_id=people.organisation("RINAS"),
        announced=Announcement(Origin.CONSULATE, "IT", days.today(), "unknown", hour=23),
        identity={"name": people.PLANTED},
        by=factories.actor("consular.consular_officer"),
    )
    return notice_id


def _claimed(case_id: uuid.UUID, by: Actor) -> uuid.UUID:
    claim_id, quarter = uuid.uuid4(), Quarter.of(days.today())
    claims.ask(
        claim_id=claim_id,
        case_id=case_id,
        forum=Forum.CRIMINAL_PROCEEDINGS,
        asked="up_to_1000000",
        happened=quarter,
        by=by,
    )
    return claim_id


def _planned(case_id: uuid.UUID, by: Actor) -> dict[str, uuid.UUID]:
    tomorrow = days.today() + timedelta(days=1)
    assert by.member_id is not None
    service = plans.add_service(case_id=case_id, service=Service.LEGAL, provider="lawyer", text="", by=by)
    step = plans.add_step(case_id=case_id, text="go there", hour="", due_on=tomorrow, owner_id=by.member_id, by=by)
    return {"plan_entry": service, "plan_step": step}


def _testified(case_id: uuid.UUID, by: Actor) -> uuid.UUID:
    testimony.record(case_id=case_id, status=WitnessStatus.WILLING, happened_on=days.today(), by=by)
    return db.session.scalars(select(Testimony.id).where(Testimony.case_id == case_id)).one()


def _announced_in_court(case_id: uuid.UUID, by: Actor) -> uuid.UUID:
    hearing = Hearing("other", days.today() + timedelta(days=9), ())
    return hearings.announce(person=hearing_store.of_case(case_id, by=by), hearing=hearing, by=by)


def _threatened(case_id: uuid.UUID, by: Actor) -> uuid.UUID:
    threats.tell(case_id=case_id, by=by)
    return db.session.scalars(select(ThreatAlarm.id)).one()


def _witness() -> uuid.UUID:
    """Somebody who is no victim, and is heard soon."""
    by = factories.actor("prosecution.witness_liaison")
    witness_id = witnesses.enter(gender="masculine", age_class="adult", reference=people.PLANTED, by=by)
    hearing = Hearing("other", days.today() + timedelta(days=9), ())
    hearings.announce(person=hearing_store.of_witness(witness_id, by=by), hearing=hearing, by=by)
    return witness_id


def _complained() -> uuid.UUID:
    manager = factories.actor("vatra.shelter_manager")
    codes = feedback.draw(number=2, by=manager)
    feedback.keep(codes=codes, by=manager)
    feedback.answer(code=codes[0], replies={Question.SAFE: Reply.NO})
    feedback_notes.write(note=Note("sq", NOTED), by=manager)
    complaint_sending.complain(text=people.PLANTED, reach=people.PLANTED, house_id=manager.organisation_id)
    return db.session.scalars(select(Complaint.id)).one()


def _child_return() -> uuid.UUID:
    return_id = uuid.uuid4()
    today = days.today()
    child_returns.record(
        return_id=return_id,
        iso="GR",
        asked=Asked.BOTH,
        received_on=today,
        due_on=today + timedelta(days=20),
        identity={"name": people.PLANTED},
        by=factories.actor("ra.duty_officer"),
    )
    return return_id


def _called() -> uuid.UUID:
    call_id = uuid.uuid4()
    helpline.record(
        call_id=call_id,
        language="sq",
        caller=Caller.FAMILY,
        topic=Topic.MISSING,
        outcome=Outcome.CALL_BACK,
        note=people.PLANTED,
        by=factories.actor("helpline.helpline_operator"),
    )
    return call_id


def _drawn(rinas: Actor) -> uuid.UUID:
    """A fifth interview ends without a finding; all five are taken to be of the last quarter, and drawn."""
    interview_id = people.interview(rinas, assessment="none")
    interviews.end(interview_id=interview_id, reason="explained", sentence="Fjali.", by=rinas)
    with transaction() as session:
        session.get_one(Interview, interview_id).expires_at = clock.now()  # it is not held for hours here
    holds.finish_due(by=Actor.system("tend"))
    before = Quarter.of(days.today()).previous
    with transaction() as session:
        session.execute(update(ProcedureRecord).values(quarter_on=before.start))
    monitoring.commit_seeds()
    monitoring.draw(before, by=factories.actor("oms.monitor"))
    return db.session.scalars(select(MonitoringSample.id).where(MonitoringSample.number == 1)).one()


def _to_mend() -> uuid.UUID:
    remedy_id = uuid.uuid4()
    today = days.today()
    monitoring.ask_to_mend(
        remedy_id=remedy_id,
        organisation_id=people.organisation("RINAS"),
        quarter=Quarter.of(today),
        item="alone",
        action=RemedyAction.ROOM,
        owner=RemedyOwner.POST_CHIEF,
        due_on=today + timedelta(days=30),
        by=factories.actor("oms.monitor"),
    )
    return remedy_id


def _asked(case_id: uuid.UUID) -> uuid.UUID:
    request_id = uuid.uuid4()
    pseudonym = db.session.get_one(Case, case_id).pseudonym
    helpline = factories.actor("helpline.helpline_operator")
    data_requests.record(request_id=request_id, pseudonym=pseudonym, kind=RequestKind.COPY, by=helpline)
    return request_id


def _written(case_id: uuid.UUID, by: Actor) -> uuid.UUID:
    return outside_referrals.refer_out(
        case_id=case_id,
        kind=OutsideKind.HOSPITAL,
        addressee=people.PLANTED,
        reason=OutsideReason.TREATMENT,
        needs=["medical"],
        language="sq",
        agreed=True,
        closes=False,
        by=by,
    )


def _admit(case_id: uuid.UUID, place_id: uuid.UUID, by: Actor) -> uuid.UUID:
    today = days.today()
    return stays.admit(
        case_id=case_id,
        place_id=place_id,
        admitted_on=today,
        anticipated_end_on=today + timedelta(days=30),
        by=by,
    )


def _agreed() -> uuid.UUID:
    """A contract with VATRA; version 2027 of the agreement waits for signatures, 2028 is proposed and was simulated."""
    coordinator = factories.actor(texts.COORDINATOR)
    texts.opened(texts.draft("2027"), by=coordinator)
    agreement_drafting.propose(text=texts.draft("2028"), by=coordinator)
    simulations.keep(text=texts.draft("2028"), simulated=texts.simulated(), by=SIMULATION)
    today = texts.today()
    terms = Terms("12/2026", "Accommodation", 1_200_000, today, today + timedelta(days=40))
    return contracts_by_two.recorded(people.organisation("VATRA"), terms)


def _asked_for() -> uuid.UUID:
    """A contract with another centre that waits for a second one of the office."""
    change_id, today = uuid.uuid4(), texts.today()
    contracts.record(
        change_id=change_id,
        organisation_id=people.organisation("IOM"),
        terms=Terms("13/2026", "Accommodation", 300_000, today, today + timedelta(days=40)),
        reason=contracts_by_two.REASON,
        by=factories.actor(texts.COORDINATOR),
    )
    return change_id
