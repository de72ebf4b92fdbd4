"""Asking for consent, answer by answer, and what follows when an answer is taken back or runs out."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Sequence
from datetime import date

from sqlalchemy import ColumnElement, select, update
from sqlalchemy.orm import Session

from nrm import audit, clock
from nrm.db import db, transaction
from nrm.domain.accounts.accounts import Actor, NotVisible, Permission
from nrm.domain.accounts.second_hands import ActKind, ActReason, WaitsForSecond
from nrm.domain.shelter.consents import (
    EVERYTHING,
    KEPT_FOR,
    Answer,
    Asking,
    ConsentRefusal,
    ConsentRefused,
    Ended,
    Naming,
    Narrowing,
    Said,
    Topic,
    UncountedRefusal,
    UncountedRefused,
    Weighed,
    check_asked,
    check_weighed,
    nothing_is_kept,
)
from nrm.domain.shelter.data_requests import RequestKind, RequestStatus
from nrm.models.referrals.referrals import Obligation
from nrm.models.shelter.cases import Case
from nrm.models.shelter.consents import Consent
from nrm.steps.shelter import ages as age_steps
from nrm.steps.shelter import cases as case_steps
from nrm.steps.shelter import clear_rows, consent_records, parked
from nrm.steps.shelter import consents as steps
from nrm.steps.shelter import data_requests as data_request_steps
from nrm.steps.shelter import erasures as erasure_steps
from nrm.steps.shelter import matching as matching_steps
from nrm.steps.shelter import uncounted as uncounted_steps
from nrm.steps.shelter import withheld as withheld_steps
from nrm.store import days
from nrm.store.rows.accounts import occasions
from nrm.store.rows.accounts import second_hands as act_rows
from nrm.store.rows.shelter import consents as consent_rows
from nrm.store.shelter import consents as store
from nrm.store.shelter import uncounted as uncounted_store
from nrm.store.support import link_codes as link_store
from nrm.vault import grants, shredding
from nrm.vault import rows as row_marks

TEND = Actor.system("tend")
_BATCH = 200


def ask(
    *,
    case_id: uuid.UUID,
    answers: Collection[Answer],
    asking: Asking,
    by: Actor,
    weighed: Weighed | None = None,
    link_stands: str | None = None,
) -> None:
    """Record what the person answered when the holder asked; a no takes back an earlier yes. `link_stands`: how it
    stood with a link code on the page that was answered; otherwise now, and it is refused (`changed`).

    A person who was not asked at the post answers for the first time: after a no, nothing that they told is kept.
    Raises NotPermitted, NotVisible, CannotOpen, CaseRefused (`not_holder`, `closed`, `asked`), ConsentRefused.
    """
    by.must(Permission.CASE_OPEN)
    if not answers:
        raise ConsentRefused(ConsentRefusal.NOTHING)
    with transaction() as session:
        case_steps.check_unasked(session, case_id, by)
        if link_stands is not None and link_stands != link_store.stand(case_id, by=by).token:
            raise ConsentRefused(ConsentRefusal.CHANGED)
        case = session.get_one(Case, case_id)
        check_asked(case.age_class, answers)
        age_steps.seal_anew(session, case, by)
        for answer in answers:
            check_weighed(answer, weighed if answer.topic is Topic.WISH else None)
        nothing_told, act_id = nothing_is_kept(answers, before=case.consent), None
        reason = ActReason.TAKEN_BACK if case.consent == "given" else ActReason.REFUSED
        counted = consent_records.current(session, case_id, Consent.topic == Topic.STATISTICS)
        before = {each.said for each in counted}
        about = {each.party: each.said for each in answers if each.party}
        struck = [party for party, said in about.items() if said is Said.REFUSED]
        consent_records.name(session, case_id, about, by)
        consent_records.name(session, case_id, struck, by, Naming.STRUCK_OUT)
        consent_records.record(session, case_id, answers, asking, by, weighed)
        if any(about):
            matching_steps.consent_changed(session, case_id)
        for answer in answers:
            if answer.topic is Topic.SHARING and answer.said is Said.REFUSED and answer.party:
                consent_records.end_reading(session, case_id, consent_records.readers(session, answer.party), by)
            elif answer.topic is Topic.STATISTICS and answer.said not in before:
                if answer.said is Said.GIVEN:
                    case.facts = {**case.facts, "statistics": "yes"}
                    uncounted_steps.settle(_uncounted_rows(session, case_id))  # what waited is kept: it is said anew
                else:
                    uncounted_steps.uncount(session, case, [each for each in counted if each.said == Said.GIVEN], by)
        if any(each.topic is Topic.SERVICES for each in answers):
            _answered(session, case, answers, by)
        if nothing_told:
            act_id = parked.ask(session, ActKind.WITHDRAW, reason, case_id, case, by)
    erasure_steps.carry_out()
    if act_id is not None:
        raise WaitsForSecond(act_id)


def _answered(session: Session, case: Case, answers: Collection[Answer], by: Actor) -> None:
    """Update the facts that the agreement's rules use. A person who could not be asked at the post was asked now."""
    nothing_told = nothing_is_kept(answers, before=case.consent)
    case.consent = "refused" if nothing_told else "given"
    session.execute(
        update(Obligation)
        .where(Obligation.case_id == case.id, Obligation.kind == "ask_consent", Obligation.done_at.is_(None))
        .values(done_at=clock.now(), done_by_id=by.member_id)
    )
    if not nothing_told:
        withheld_steps.release(session, case, by)


def withdraw(*, case_id: uuid.UUID, what: str, party: str = "", by: Actor, signed_on: date | None = None) -> None:
    """The person takes back an answer (`what`: a Topic, with the `party` of a sharing), or all of it (EVERYTHING).

    Everything: the case is closed to everybody at once, and all that is sealed is destroyed when a second hand says so
    or in time (ADR 0102), except a witness's legal file; `signed_on`: the day on the form that she signed. What a
    shelter must know to keep a person safe who still sleeps there is destroyed when the stay ends. A share: a new epoch
    without the reader. Being counted: the person is no longer counted, and the particulars wait for another member.
    Help: none is arranged without a new yes.

    The gate of the residence permit does not block this: the right is hers, and nothing here sends her abroad. It ends
    no stay (a stay passes its gate when she leaves), and does not change whether she was told of the permit.
    Raises NotPermitted, NotVisible, CannotOpen, CaseRefused (`not_holder`, `asked`, `parked`), ConsentRefused
    (`nothing`, `child`: of a child nothing was consented to); and for everything WaitsForSecond always: the act's page
    says what is done and what waits. From the third in seven days on nothing is closed before a second hand agrees, but
    nobody reads by consent any more.
    """
    by.must(Permission.CASE_OPEN)
    act_id = None
    with transaction() as session:
        if what == EVERYTHING:
            case = store.held(case_id, by=by, lock=True)
            steps.check_takes_back(case)
            is_closed = act_rows.parking(case_id) is not None
            able = None if is_closed else case
            reason = ActReason.TAKEN_BACK
            act_id = parked.ask(session, ActKind.WITHDRAW, reason, case_id, able, by, signed_on=signed_on)
        else:
            case = steps.held_case(session, case_id, by)
            steps.check_takes_back(case)
            ended = _given_consents(session, case, Topic(what), party)
            done = Narrowing.DONE if Topic(what) in (Topic.SHARING, Topic.STATISTICS) else Narrowing.NONE
            consent_records.end(session, ended, Ended.WITHDRAWN, by, narrowing=done)
            if what == Topic.SHARING:
                consent_records.end_reading(session, case_id, consent_records.readers(session, party), by)
                matching_steps.consent_changed(session, case_id)
            elif what == Topic.STATISTICS:
                uncounted_steps.uncount(session, case, ended, by)
            data_request_steps.answer_by_doing(session, case_id, RequestKind.WITHDRAWAL, RequestStatus.WITHDRAWN, by)
    erasure_steps.carry_out()
    if act_id is not None:
        raise WaitsForSecond(act_id)


def _given_consents(session: Session, case: Case, topic: Topic, party: str) -> list[Consent]:
    """The yes that is taken back. Cases older than the table of answers keep their yes to being counted as a fact."""
    found = consent_records.current(
        session, case.id, Consent.topic == topic, Consent.party == party, Consent.said == Said.GIVEN
    )
    if not found and not (topic is Topic.STATISTICS and case.facts.get("statistics") == "yes"):
        raise ConsentRefused(ConsentRefusal.NOTHING)
    return found


def narrow(*, case_id: uuid.UUID, by: Actor) -> None:
    """Give new keys to what somebody read until the consent ran out. Raises NotPermitted, NotVisible, CannotOpen."""
    by.must(Permission.CASE_OPEN)
    with transaction() as session:
        store.held(case_id, by=by, lock=True)
        consent_records.narrow(session, case_id, by)
    shredding.work_off()


def lapse(*, by: Actor) -> int:
    """End what time ends: sharing whose consent was not renewed, and what was kept for a stay that is over.

    Returns how many. It needs no key. For the program alone: raises NotVisible for a person.
    """
    if by != TEND:
        raise NotVisible
    with transaction() as session:
        over = consent_rows.over(days.today(), _BATCH)
        for consent in over:
            reads = consent_records.readers(session, consent.party) if consent.topic == Topic.SHARING else []
            case = session.get_one(Case, consent.case_id)
            taken = [
                grants.take_back(session, consent.case_id, each.id, consent_rows.given_by_consent(case, each))
                for each in reads
            ]
            waits = Narrowing.WAITS if any(taken) else Narrowing.DONE
            consent_records.end(session, [consent], Ended.LAPSED, by, narrowing=waits)
    gone = 0
    for case_id in consent_rows.kept_for_a_stay(_BATCH):
        gone += _erase_after_the_stay(case_id, by)
    if over or gone:
        erasure_steps.carry_out()
    return len(over) + gone


def end_thinking(*, by: Actor) -> int:
    """Destroy what was told by those who did not say yes in their hours; returns how many. It needs no key.

    For the program alone: raises NotVisible for a person. A row that was written by hand destroys nothing.
    """
    if by != TEND:
        raise NotVisible
    gone = 0
    with transaction() as session:
        for row in consent_rows.thought_over(clock.now(), _BATCH):
            gone += withheld_steps.destroy(session, row.case_id, by)
    if gone:
        erasure_steps.carry_out()
    return gone


def _erase_after_the_stay(case_id: uuid.UUID, by: Actor) -> bool:
    with transaction() as session:
        case = session.get_one(Case, case_id, with_for_update=True, populate_existing=True)
        if steps.is_with_somebody(session, case_id):
            return False
        waiting = consent_records.current(session, case_id, Consent.narrowing == Narrowing.WAITS)
        if not any(row_marks.is_consent(each) for each in waiting):
            return False  # written by hand, and reported: a row alone destroys nothing
        erasure_steps.destroy(session, case_id, erasure_steps.to_erase(session, case_id), by)
        steps.close(session, case, by)
        for consent in waiting:
            consent_records.set_narrowing(consent, Narrowing.DONE)
        clear_rows.forget(session, case_id)
        return True


def destroy_particulars(*, case_id: uuid.UUID, by: Actor) -> None:
    """It is the person's own wish, as the actor heard: the particulars are destroyed. Raises NotPermitted, NotVisible,
    UncountedRefused (`none`, `own`)."""
    with transaction() as session:
        case, waiting = _uncounted(session, case_id, by)
        uncounted_steps.destroy(case)
        uncounted_steps.settle(waiting)
        audit.append(session, audit.Event.PARTICULARS_DESTROYED, by=by, case_id=case_id)


def count_again(*, case_id: uuid.UUID, by: Actor) -> None:
    """It was not the person's wish: the yes holds as before. Raises as `destroy_particulars`."""
    with transaction() as session:
        case, waiting = _uncounted(session, case_id, by)
        now = consent_records.current(session, case_id, Consent.topic == Topic.STATISTICS)
        consent_records.end(session, now, Ended.WITHDRAWN, by)
        uncounted_steps.settle(waiting)
        consent_records.say_again(session, waiting[0])
        case.facts = {**case.facts, "statistics": "yes"}
        audit.append(session, audit.Event.PARTICULARS_GIVEN_BACK, by=by, case_id=case_id)


def destroy_uncounted(*, by: Actor) -> int:
    """Destroy what waited so long, unless who wrote it down stopped a colleague lately: then a person decides; returns
    how many. It needs no key."""
    statement = (
        select(Consent.case_id).where(*_particulars_wait(), Consent.ended_on <= days.today() - KEPT_FOR).limit(_BATCH)
    )
    found = set(db.session.scalars(statement))
    db.session.rollback()
    gone = 0
    for case_id in found:
        with transaction() as session:
            case = session.get_one(Case, case_id, with_for_update=True, populate_existing=True)
            waiting = _uncounted_rows(session, case_id)
            stopped = any(occasions.has_stopped_a_colleague(each.ended_by_id, case.holder_id) for each in waiting)
            if stopped or not waiting or not all(row_marks.is_consent(each) for each in waiting):
                continue  # a row that was written by hand destroys nothing
            uncounted_steps.destroy(case)
            uncounted_steps.settle(waiting)
            audit.append(session, audit.Event.PARTICULARS_DESTROYED, by=by, case_id=case_id)
            gone += 1
    return gone


def _uncounted(session: Session, case_id: uuid.UUID, by: Actor) -> tuple[Case, Sequence[Consent]]:
    case = uncounted_store.row(case_id, by=by)
    line = uncounted_store.of_case(case_id, by=by)
    if line is None:
        raise UncountedRefused(UncountedRefusal.NONE)
    if line.why_not is not None:
        raise UncountedRefused(line.why_not)
    return case, _uncounted_rows(session, case_id)


def _uncounted_rows(session: Session, case_id: uuid.UUID) -> Sequence[Consent]:
    statement = (
        select(Consent)
        .where(*_particulars_wait(), Consent.case_id == case_id)
        .execution_options(populate_existing=True)
    )
    return session.scalars(statement).all()


def _particulars_wait() -> tuple[ColumnElement[bool], ...]:
    return Consent.topic == str(Topic.STATISTICS), Consent.narrowing == str(Narrowing.WAITS), Consent.ended != ""
