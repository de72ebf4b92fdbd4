"""Who is asked next: by the stored route, by the duty officer, or by the organisation that has the case (ADR 0023)."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from nrm import audit, clock
from nrm.db import transaction
from nrm.domain.accounts.accounts import Actor, NotVisible, Permission
from nrm.domain.referrals.referrals import (
    Asked,
    DeclineReason,
    IllegalTransition,
    OverrideReason,
    ReferralRefusal,
    ReferralRefused,
    ReferralStatus,
    Relation,
    TransitionRefusal,
    check_new,
    duty_officer_decides,
)
from nrm.domain.referrals.transfers import HandOver
from nrm.domain.shelter.cases import Compartment
from nrm.domain.shelter.consents import Answer, Asking, ByName, Ended, Naming, Narrowing, Said, Topic
from nrm.models.accounts.accounts import Organisation
from nrm.models.shelter.cases import Case
from nrm.models.shelter.consents import Consent
from nrm.steps.referrals import hand_overs
from nrm.steps.referrals import next_receiver as steps
from nrm.steps.shelter import cases as case_steps
from nrm.steps.shelter import consent_records
from nrm.steps.shelter import matching as matching_steps
from nrm.steps.shelter import withheld as withheld_steps
from nrm.store import names
from nrm.store.referrals import referrals as store
from nrm.store.rows.accounts import accounts as account_rows
from nrm.store.rows.accounts import members as member_rows
from nrm.store.rows.referrals import next_receiver as next_receiver_rows
from nrm.store.rows.shelter import consents as consent_rows
from nrm.vault import grants, members, sharing, shredding

CannotOpen = members.CannotOpen


def direct(
    *,
    case_id: uuid.UUID,
    receiver_id: uuid.UUID,
    reason: OverrideReason,
    by: Actor,
    by_name: ByName | None = None,
    anyway: bool = False,
    though_unsafe: bool = False,
) -> uuid.UUID:
    """The duty officer's binding decision when nobody is being asked; returns the new referral.

    A party without pending keys (they are destroyed, or it was no candidate) can open nothing until the holder has sent
    the keys (`offer`). `by_name`: what an adult says about a party that was not named to them, or that they struck out;
    without a yes the party learns only needs and danger, and must ask the person first. `anyway`: whoever directs has
    read that the party cannot accept anybody yet; `though_unsafe`: or that it said in this case that it cannot keep the
    person safe. Raises NotPermitted, NotVisible, ReferralRefused.
    """
    by.must(Permission.REFERRAL_DIRECT)
    with transaction() as session:
        case = session.get(Case, case_id, with_for_update=True)
        last = next_receiver_rows.last_of(case_id)
        chain = next_receiver_rows.chain(case_id)
        if case is None or not _is_the_duty_officers(case, chain):
            raise NotVisible
        receiver = _shelter(receiver_id, case_id)
        route = {code: candidate for candidate, code in next_receiver_rows.route_of(case_id)}
        candidate = route.get(receiver.code)
        check_new(
            [each.status for each in chain],
            Relation.DUTY_OFFICER,
            follows_route=candidate is not None,
            override=reason,
            struck_out=by_name is ByName.NO or receiver.party in next_receiver_rows.only_with_a_new_yes(case_id),
            agreed_again=by_name is ByName.YES,
        )
        sender_id = last.sender_id if last is not None else case.opened_by_id
        if receiver.id == sender_id:
            raise ReferralRefused(ReferralRefusal.ITSELF)
        if not anyway and not member_rows.may_accept(receiver.id):
            raise ReferralRefused(ReferralRefusal.CANNOT_ACCEPT)
        said = next_receiver_rows.answers(case_id).get(receiver.code)
        if not though_unsafe and said is not None and said.reason == DeclineReason.CANNOT_KEEP_SAFE:
            raise ReferralRefused(ReferralRefusal.NOT_SAFE)
        consent_records.face(session, case, receiver.party, by_name, by)
        first = next(iter(route.values()), None)
        clause = candidate.clause if candidate is not None else first.clause if first is not None else "duty_officer"
        referral = steps.new_referral(
            session,
            case_id,
            sender_id,
            receiver.id,
            clause=clause,
            must=candidate.must if candidate is not None else False,
            assigned=True,
            overrides="" if candidate is not None else clause,
            override_reason=str(reason),
            like=last,
        )
        steps.record(
            session, audit.Event.REFERRAL_ASSIGNED, referral, by, reason=reason, agreed_anew=int(by_name is ByName.YES)
        )
        return referral.id


def _is_the_duty_officers(case: Case, chain: Sequence[Asked]) -> bool:
    """Whether the duty officer decides: nobody has taken the person, or two shelters declined to take them over."""
    return case.status == "referred" or (
        case.status == "open" and duty_officer_decides([each.status for each in chain])
    )


def refer(
    *,
    case_id: uuid.UUID,
    receiver_id: uuid.UUID,
    reason: OverrideReason,
    by: Actor,
    by_name: ByName | None = None,
    go_on_reading: Collection[uuid.UUID] | None = None,
    hand_over: HandOver | None = None,
) -> uuid.UUID:
    """The organisation that has the case asks another shelter: after a withdrawal, to hand the person on, or to give
    them back to where they came from. Returns the referral.

    `go_on_reading`: the organisations that read by consent and to which the person says yes for the time after the
    move; all others stop reading now. None: the person was not asked, so all continue. `by_name`: as in `direct`; a
    person who is in a shelter must be asked before the move. `hand_over`: what a shelter that holds the case writes for
    the one that it asks, and seals to it alone.
    Raises NotPermitted, NotVisible, CannotOpen, ReferralRefused, CaseRefused (`parked`).
    """
    by.must(Permission.REFERRAL_SEND)
    with transaction() as session:
        case = session.get(Case, case_id, with_for_update=True)
        if case is None or by.organisation_id is None or custodian(case) != by.organisation_id:
            raise NotVisible
        case_steps.check_not_parked(case_id)
        receiver = _shelter(receiver_id, case_id)
        if receiver.id == by.organisation_id:
            raise ReferralRefused(ReferralRefusal.ITSELF)
        if case.status == "closed":
            raise NotVisible
        if not consent_rows.wants_help(case_id):
            raise ReferralRefused(ReferralRefusal.NO_HELP)
        last = next_receiver_rows.last_of(case_id)
        if last is not None and ReferralStatus(last.status).is_open:
            raise ReferralRefused(ReferralRefusal.ALREADY_OPEN)
        route = {code: candidate for candidate, code in next_receiver_rows.route_of(case_id)}
        candidate = route.get(receiver.code)
        check_new(
            [each.status for each in next_receiver_rows.chain(case_id)],
            Relation.SENDER,
            follows_route=candidate is not None,
            override=reason,
            struck_out=by_name is ByName.NO or receiver.party in next_receiver_rows.only_with_a_new_yes(case_id),
            agreed_again=by_name is ByName.YES,
        )
        if case.status == "open" and hand_over is None:
            raise ReferralRefused(ReferralRefusal.NO_HAND_OVER)
        if case.status == "referred" and by_name is ByName.YES:
            _must_have_asked(case_id, receiver.party, by)
        if go_on_reading is not None:
            _end_shares(session, case_id, go_on_reading, by)
        consent = consent_records.face(session, case, receiver.party, by_name, by)
        if receiver.id not in grants.waiting(session, case_id):
            sharing.offer(session, case_id, [receiver.id], by=by, compartments=_compartments_to_offer(consent))
        first = next(iter(route.values()), None)
        clause = candidate.clause if candidate is not None else first.clause if first is not None else "holder"
        referral = steps.new_referral(
            session,
            case_id,
            by.organisation_id,
            receiver.id,
            clause=clause,
            overrides="" if candidate is not None else clause,
            override_reason=str(reason),
            due_at=_hour_of_before(case, by.organisation_id, receiver.id),
        )
        if hand_over is not None and case.status == "open":
            hand_overs.write(session, referral, hand_over, by)
        steps.record(
            session, audit.Event.REFERRAL_SENT, referral, by, reason=reason, agreed_anew=int(by_name is ByName.YES)
        )
        steps.asked_as_owed(session, case_id, receiver.party, by)
    shredding.work_off()
    return referral.id


def _hour_of_before(case: Case, sender_id: uuid.UUID, receiver_id: uuid.UUID) -> datetime | None:
    """By when a shelter answers that a post asks again after it took that back: as when it was asked first, late at
    once where that has passed. None: it gets its own hour (ADR 0254)."""
    if case.status != "referred":  # who is in a shelter waits at no post
        return None
    return next_receiver_rows.first_hour(case.id, sender_id, receiver_id)


def _must_have_asked(case_id: uuid.UUID, party: str, by: Actor) -> None:
    """Raise ReferralRefused (`asked_by_another`) for a party that the person struck out when a colleague asked.

    At the post nobody but that colleague hears that the person wants it after all; and the duty officer, who decides.
    """
    if consent_rows.struck_out_before(case_id, party) not in (None, by.member_id):
        raise ReferralRefused(ReferralRefusal.ASKED_BY_ANOTHER)


def _compartments_to_offer(consent: str) -> Collection[str] | None:
    """The compartments that may be offered under a consent; None: all."""
    return [Compartment.HAND_OVER] if consent == "not_asked_urgent" else None


def strike_out(*, case_id: uuid.UUID, receiver_id: uuid.UUID, by: Actor) -> None:
    """The person, asked by name, does not want this shelter: it is not asked, not even automatically after a decline.

    For the duty officer who decides, and for the organisation that has the case. Raises NotPermitted, NotVisible,
    ReferralRefused.
    """
    if not by.may(Permission.REFERRAL_DIRECT):
        by.must(Permission.REFERRAL_SEND)
    with transaction() as session:
        case = session.get(Case, case_id, with_for_update=True)
        if case is None or not _decides(case, by):
            raise NotVisible
        party = _shelter(receiver_id, case_id).party
        if case.age_class == "adult":
            consent_records.name(session, case_id, [party], by)
            consent_records.name(session, case_id, [party], by, Naming.STRUCK_OUT)
            said = [Answer(Topic.SHARING, Said.REFUSED, party)]
            consent_records.record(session, case_id, said, Asking("", "", ""), by)
            matching_steps.consent_changed(session, case_id)
        if ReferralStatus.SENT not in [each.status for each in next_receiver_rows.chain(case_id)]:
            grants.let_go(session, case_id, receiver_id)
            withheld_steps.let_go(session, case_id, receiver_id)
    shredding.work_off()


def _decides(case: Case, by: Actor) -> bool:
    if by.may(Permission.REFERRAL_DIRECT):
        return _is_the_duty_officers(case, next_receiver_rows.chain(case.id))
    return case.status != "closed" and by.organisation_id is not None and custodian(case) == by.organisation_id


def _end_shares(session: Session, case_id: uuid.UUID, go_on_reading: Collection[uuid.UUID], by: Actor) -> None:
    """Give a new epoch to what is read by consent by those to whom the person did not say yes again."""
    gone = [each for each in account_rows.readers_by_consent() if each.id not in set(go_on_reading)]
    if consent_records.end_reading(session, case_id, gone, by):
        parties = {each.party or each.code for each in gone}
        sharing = (Consent.topic == Topic.SHARING, Consent.party.in_(parties), Consent.said == Said.GIVEN)
        given = consent_records.current(session, case_id, *sharing)
        consent_records.end(session, given, Ended.WITHDRAWN, by, narrowing=Narrowing.DONE)


def offer(*, referral_id: uuid.UUID, by: Actor, hand_over: HandOver | None = None) -> None:
    """The sender seals the pending keys for a party the duty officer chose outside the route; a shelter that holds the
    case writes the hand-over, too.

    Raises NotPermitted, NotVisible, IllegalTransition, ReferralRefused (`no_hand_over`), CannotOpen.
    """
    by.must(Permission.REFERRAL_SEND)
    with transaction() as session:
        referral = store.row(referral_id, by=by, lock=True)
        if store.relation_to(referral, by=by) is not Relation.SENDER:
            raise NotVisible
        if referral.status != ReferralStatus.SENT or referral.receiver_id in grants.waiting(session, referral.case_id):
            raise IllegalTransition(TransitionRefusal.STATE)
        case = session.get_one(Case, referral.case_id)
        if case.status == "open" and hand_over is None:
            raise ReferralRefused(ReferralRefusal.NO_HAND_OVER)
        told = _compartments_to_offer(case.consent)
        sharing.offer(session, referral.case_id, [referral.receiver_id], by=by, compartments=told)
        if hand_over is not None and case.status == "open":
            hand_overs.write(session, referral, hand_over, by)
        steps.record(session, audit.Event.REFERRAL_OFFERED, referral, by)


def custodian(case: Case) -> uuid.UUID:
    """The organisation that has the case: its holder, or, before anybody accepted it, the one that opened it."""
    return case.holder_id or case.opened_by_id


def _shelter(receiver_id: uuid.UUID, case_id: uuid.UUID) -> Organisation:
    """A shelter that can be asked and that no clause forbids; raises ReferralRefused."""
    barred = next_receiver_rows.forbidden(case_id)
    found = [
        each for each in names.shelters_that_signed(clock.now()) if each.id == receiver_id and each.party not in barred
    ]
    if not found:
        raise ReferralRefused(ReferralRefusal.NO_SHELTER)
    return found[0]
