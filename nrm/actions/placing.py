"""Who is asked next: by the stored route, by the duty officer, or by the organisation that has the case (ADR 0023)."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Sequence

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from nrm import audit, clock
from nrm.actions import consenting
from nrm.db import db, transaction
from nrm.domain.accounts import Actor, NotVisible, Permission
from nrm.domain.cases import Compartment
from nrm.domain.consents import Answer, Asking, ByName, Ended, Narrowing, Said, Topic
from nrm.domain.referrals import (
    Asked,
    IllegalTransition,
    OverrideReason,
    ReferralRefusal,
    ReferralRefused,
    ReferralStatus,
    Relation,
    TransitionRefusal,
    check_new,
    duty_officer_decides,
    next_asked,
)
from nrm.models.accounts import Organisation
from nrm.models.cases import Case
from nrm.models.consents import Consent
from nrm.models.referrals import Referral
from nrm.store import accounts
from nrm.store import consents as consent_store
from nrm.store import members as members_store
from nrm.store import placing as places
from nrm.store import referrals as store
from nrm.store.countries import country
from nrm.vault import grants, sharing, shredding


def lock_case(case_id: uuid.UUID) -> None:
    """Lock the case until the transaction ends (PostgreSQL); sealing to it waits meanwhile."""
    db.session.execute(select(Case.id).where(Case.id == case_id).with_for_update())


def ask_next(session: Session, ended: Referral, by: Actor) -> uuid.UUID | None:
    """After a decline or an expiry: destroy the asked party's pending keys, and ask the next of the stored route.

    Returns the new referral, or None when the duty officer decides. It needs no key, and not the sender.
    """
    grants.let_go(session, ended.case_id, ended.receiver_id)
    waiting = grants.waiting(session, ended.case_id)
    chain = places.chain(ended.case_id)
    asked = {each.party for each in chain}
    # A party is not asked if, since then, it was disabled, left the agreement or lost its second key holder.
    short = members_store.parties_short_of_holders()
    bound = {each.code: each for each in places.shelters_that_signed(clock.now()) if each.party not in short}
    case = session.get_one(Case, ended.case_id)
    agreed = consenting.agreed_parties(session, case)
    route = {
        code: candidate
        for candidate, code in places.route_of(ended.case_id)
        if code in asked
        or (code in bound and candidate.organisation_id in waiting and (agreed is None or bound[code].party in agreed))
    }
    party = next_asked([(code, each.must) for code, each in route.items()], chain)
    if party is None:
        return None
    consenting.face(session, case, bound[party].party, None, by)
    following = new_referral(
        session,
        ended.case_id,
        ended.sender_id,
        route[party].organisation_id,
        clause=route[party].clause,
        must=route[party].must,
        like=ended,
    )
    record(session, audit.Event.REFERRAL_SENT, following, by)
    return following.id


def new_referral(
    session: Session,
    case_id: uuid.UUID,
    sender_id: uuid.UUID,
    receiver_id: uuid.UUID,
    *,
    clause: str,
    must: bool = False,
    assigned: bool = False,
    overrides: str = "",
    override_reason: str = "",
    like: Referral | None = None,
) -> Referral:
    """A referral that is sent now. Its times are those of `before`, else the agreement's times for an answer."""
    now = clock.now()
    agreement = country().in_force(now)
    answer_within = like.due_at - like.sent_at if like is not None else None
    if not answer_within:
        answer_within = next(step.within for step in agreement.path if step.step == "answer")
    position = session.scalar(select(func.max(Referral.position)).where(Referral.case_id == case_id)) or 0
    referral_id = uuid.uuid4()
    referral = Referral(
        id=referral_id,
        mark=grants.mark_of(referral_id, case_id, sender_id, receiver_id),
        case_id=case_id,
        sender_id=sender_id,
        receiver_id=receiver_id,
        position=position + 1,
        status=ReferralStatus.SENT,
        agreement=like.agreement if like is not None else agreement.version,
        clause=clause,
        must=must,
        assigned=assigned,
        overrides=overrides,
        override_reason=override_reason,
        sent_at=now,
        due_at=now + answer_within,
        expires_at=now + agreement.expires_within,
    )
    session.add(referral)
    try:
        session.flush()
    except IntegrityError:  # somebody else asked in the same instant; one open referral a case
        raise ReferralRefused(ReferralRefusal.ALREADY_OPEN) from None
    return referral


def direct(
    *,
    case_id: uuid.UUID,
    receiver_id: uuid.UUID,
    reason: OverrideReason,
    by: Actor,
    by_name: ByName | None = None,
) -> uuid.UUID:
    """The duty officer's binding decision when nobody is being asked; returns the new referral.

    A party without pending keys (they are destroyed, or it was no candidate) can open nothing until the holder has sent
    the keys (`offer`). `by_name`: what an adult says about a party that was not named to them, or that they struck out;
    without a yes the party learns only needs and danger, and must ask the person first. Raises NotPermitted,
    NotVisible, ReferralRefused.
    """
    by.must(Permission.REFERRAL_DIRECT)
    with transaction() as session:
        case = session.get(Case, case_id, with_for_update=True)
        last = places.last_of(case_id)
        chain = places.chain(case_id)
        if case is None or not _is_the_duty_officers(case, chain):
            raise NotVisible
        receiver = _shelter(receiver_id, case_id)
        route = {code: candidate for candidate, code in places.route_of(case_id)}
        candidate = route.get(receiver.code)
        check_new(
            [each.status for each in chain],
            Relation.DUTY_OFFICER,
            follows_route=candidate is not None,
            override=reason,
            struck_out=by_name is ByName.NO or receiver.party in places.only_with_a_new_yes(case_id),
            agreed_anew=by_name is ByName.YES,
        )
        sender_id = last.sender_id if last is not None else case.opened_by_id
        if receiver.id == sender_id:
            raise ReferralRefused(ReferralRefusal.ITSELF)
        consenting.face(session, case, receiver.party, by_name, by)
        first = next(iter(route.values()), None)
        clause = candidate.clause if candidate is not None else first.clause if first is not None else "duty_officer"
        referral = new_referral(
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
        record(
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
) -> uuid.UUID:
    """The organisation that has the case asks another shelter: after a withdrawal, to hand the person on, or to give
    them back to where they came from. Returns the referral.

    `go_on_reading`: the organisations that read by consent and to which the person says yes for the time after the
    move; all others stop reading now. None: the person was not asked, so all continue. `by_name`: as in `direct`; a
    person who is in a shelter must be asked before the move.
    Raises NotPermitted, NotVisible, CannotOpen, ReferralRefused.
    """
    by.must(Permission.REFERRAL_SEND)
    with transaction() as session:
        case = session.get(Case, case_id, with_for_update=True)
        if case is None or by.organisation_id is None or custodian(case) != by.organisation_id:
            raise NotVisible
        receiver = _shelter(receiver_id, case_id)
        if receiver.id == by.organisation_id:
            raise ReferralRefused(ReferralRefusal.ITSELF)
        if case.status == "closed":
            raise NotVisible
        if not consent_store.wants_help(case_id):
            raise ReferralRefused(ReferralRefusal.NO_HELP)
        last = places.last_of(case_id)
        if last is not None and ReferralStatus(last.status).is_open:
            raise ReferralRefused(ReferralRefusal.ALREADY_OPEN)
        route = {code: candidate for candidate, code in places.route_of(case_id)}
        candidate = route.get(receiver.code)
        check_new(
            [each.status for each in places.chain(case_id)],
            Relation.SENDER,
            follows_route=candidate is not None,
            override=reason,
            struck_out=by_name is ByName.NO or receiver.party in places.only_with_a_new_yes(case_id),
            agreed_anew=by_name is ByName.YES,
        )
        if go_on_reading is not None:
            _end_shares(session, case_id, go_on_reading, by)
        consent = consenting.face(session, case, receiver.party, by_name, by)
        if receiver.id not in grants.waiting(session, case_id):
            sharing.offer(session, case_id, [receiver.id], by=by, compartments=_compartments_to_offer(consent))
        first = next(iter(route.values()), None)
        clause = candidate.clause if candidate is not None else first.clause if first is not None else "holder"
        referral = new_referral(
            session,
            case_id,
            by.organisation_id,
            receiver.id,
            clause=clause,
            overrides="" if candidate is not None else clause,
            override_reason=str(reason),
        )
        record(session, audit.Event.REFERRAL_SENT, referral, by, reason=reason, agreed_anew=int(by_name is ByName.YES))
    shredding.work_off()
    return referral.id


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
            said = [Answer(Topic.SHARING, Said.REFUSED, party)]
            consenting.record(session, case_id, said, Asking("", "", ""), by)
        if ReferralStatus.SENT not in [each.status for each in places.chain(case_id)]:
            grants.let_go(session, case_id, receiver_id)
    shredding.work_off()


def _decides(case: Case, by: Actor) -> bool:
    if by.may(Permission.REFERRAL_DIRECT):
        return _is_the_duty_officers(case, places.chain(case.id))
    return case.status != "closed" and by.organisation_id is not None and custodian(case) == by.organisation_id


def _end_shares(session: Session, case_id: uuid.UUID, go_on_reading: Collection[uuid.UUID], by: Actor) -> None:
    """Give a new epoch to what is read by consent by those to whom the person did not say yes again."""
    gone = [each for each in accounts.readers_by_consent() if each.id not in set(go_on_reading)]
    if consenting.end_reading(session, case_id, gone, by):
        parties = {each.party or each.code for each in gone}
        sharing = (Consent.topic == Topic.SHARING, Consent.party.in_(parties), Consent.said == Said.GIVEN)
        given = consenting.current(session, case_id, *sharing)
        consenting.end(session, given, Ended.WITHDRAWN, by, narrowing=Narrowing.DONE)


def offer(*, referral_id: uuid.UUID, by: Actor) -> None:
    """The sender seals the pending keys for a party the duty officer chose outside the route.

    Raises NotPermitted, NotVisible, IllegalTransition, CannotOpen.
    """
    by.must(Permission.REFERRAL_SEND)
    with transaction() as session:
        referral = store.row(referral_id, by=by, lock=True)
        if store.relation_to(referral, by=by) is not Relation.SENDER:
            raise NotVisible
        if referral.status != ReferralStatus.SENT or referral.receiver_id in grants.waiting(session, referral.case_id):
            raise IllegalTransition(TransitionRefusal.STATE)
        told = _compartments_to_offer(session.get_one(Case, referral.case_id).consent)
        sharing.offer(session, referral.case_id, [referral.receiver_id], by=by, compartments=told)
        record(session, audit.Event.REFERRAL_OFFERED, referral, by)


def custodian(case: Case) -> uuid.UUID:
    """The organisation that has the case: its holder, or, before anybody accepted it, the one that opened it."""
    return case.holder_id or case.opened_by_id


def _shelter(receiver_id: uuid.UUID, case_id: uuid.UUID) -> Organisation:
    """A shelter that can be asked and that no clause forbids; raises ReferralRefused."""
    barred = places.forbidden(case_id)
    found = [
        each for each in places.shelters_that_signed(clock.now()) if each.id == receiver_id and each.party not in barred
    ]
    if not found:
        raise ReferralRefused(ReferralRefusal.NO_SHELTER)
    return found[0]


def record(
    session: Session, event: audit.Event, referral: Referral, by: Actor, **details: uuid.UUID | str | int | None
) -> None:
    """Append what happened to a referral to the audit chain."""
    audit.append(
        session,
        event,
        by=by,
        case_id=referral.case_id,
        referral_id=referral.id,
        receiver_id=referral.receiver_id,
        **details,
    )
