"""Recording consent, and ending what somebody reads by consent. Both run in the caller's transaction (ADR 0033).

When a consent runs out, the program deletes the reader's grants, which needs no key: the reader can open nothing here
any more. To stop the reader from opening an old backup as well, the case needs a new epoch, and that needs a session of
the holder. There is a button for it on the holder's desk; it is also done when a member of the holder next opens
anything of the case.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable
from datetime import date

from sqlalchemy import delete, or_, select
from sqlalchemy.orm import Session

from nrm import audit, clock
from nrm.domain.accounts.accounts import Actor, OrganisationKind
from nrm.domain.agreement.agreements import RECEIVER
from nrm.domain.referrals.referrals import ReferralRefusal, ReferralRefused
from nrm.domain.shelter.cases import Compartment
from nrm.domain.shelter.consents import (
    MISTAKEN,
    Answer,
    Asking,
    ByName,
    Ended,
    Naming,
    Narrowing,
    Said,
    Topic,
    Weighed,
    due_on,
    read_by_consent,
    towards,
)
from nrm.models.accounts.accounts import Organisation
from nrm.models.referrals.referrals import Obligation
from nrm.models.shelter.cases import Case, Reading
from nrm.models.shelter.consents import Consent, NamedParty
from nrm.steps.support import kept_hearings
from nrm.steps.support import link_codes as link_steps
from nrm.store import days
from nrm.store.countries import country
from nrm.store.referrals.obligations import ASK_CONSENT
from nrm.store.rows.shelter import consents as consent_rows
from nrm.vault import compartments as vault
from nrm.vault import epochs, grants, sharing
from nrm.vault import rows as row_marks


def end_reading(
    session: Session,
    case_id: uuid.UUID,
    organisations: Collection[Organisation],
    by: Actor,
    *,
    also: Collection[Compartment] = (),
) -> bool:
    """Start a new epoch, without these organisations, of what they read by consent; returns whether they read anything.

    The actor must hold the keys. The new keys are also offered to a party that is being asked to take the person.
    `also`: parts that end whoever let them be read.
    """
    case = session.get_one(Case, case_id)
    gone = {each.id: consent_rows.given_by_consent(case, each).union(also) for each in organisations}
    keep: dict[str, Collection[uuid.UUID]] = {}
    ended: dict[uuid.UUID, list[str]] = {}
    for compartment in vault.compartments_of(session, case_id):
        holders = grants.holders_of(session, case_id, compartment)
        leaving = {each for each, compartments in gone.items() if each in holders and compartment in compartments}
        if leaving:
            keep[compartment] = holders - leaving
            for each in leaving:
                ended.setdefault(each, []).append(compartment)
    if not keep:
        return False
    _follow(session, case_id, keep, by)
    for organisation_id in sorted(ended, key=str):
        audit.append(
            session,
            audit.Event.SHARE_ENDED,
            by=by,
            case_id=case_id,
            organisation_id_shared=organisation_id,
            compartments="+".join(sorted(ended[organisation_id])),
        )
    return True


def end_all_reading(session: Session, case_id: uuid.UUID, by: Actor) -> bool:
    """As `end_reading`, for every reader except the holder; the actor is a member of the holder."""
    others = session.scalars(select(Organisation).where(Organisation.id != by.organisation_id))
    return end_reading(session, case_id, [each for each in others if read_by_consent(OrganisationKind(each.kind))], by)


def narrow(session: Session, case_id: uuid.UUID, by: Actor) -> bool:
    """Start the new epoch that is due after a consent ran out; returns whether one was. The actor must hold keys."""
    waiting = (Consent.case_id == case_id, Consent.narrowing == Narrowing.WAITS, Consent.ended == Ended.LAPSED)
    if session.scalar(select(Consent.id).where(*waiting).limit(1)) is None:
        return False
    shared = frozenset[Compartment]().union(*(read_by_consent(kind, ()) for kind in OrganisationKind))
    keep: dict[str, Collection[uuid.UUID]] = {
        compartment: grants.holders_of(session, case_id, compartment)
        for compartment in vault.compartments_of(session, case_id)
        if compartment in shared
    }
    _follow(session, case_id, keep, by)
    for consent in session.scalars(select(Consent).where(*waiting)):
        set_narrowing(consent, Narrowing.DONE)
    audit.append(session, audit.Event.ACCESS_NARROWED, by=by, case_id=case_id)
    return True


def set_narrowing(consent: Consent, narrowing: Narrowing) -> None:
    """Say what is still to be done after the answer ended, or was a no."""
    consent.narrowing = str(narrowing)
    consent.mark = row_marks.consent_mark(consent)


def _follow(session: Session, case_id: uuid.UUID, keep: dict[str, Collection[uuid.UUID]], by: Actor) -> None:
    if Compartment.LEGAL in keep:
        kept_hearings.keep(session, case_id, keep[Compartment.LEGAL], by)
    asked = grants.waiting(session, case_id)
    epochs.rotate(session, case_id, keep, by=by)
    sharing.offer(session, case_id, asked, by=by, compartments=keep)


class NotNamed(Exception):
    """A yes would be written down to an organisation that nobody named to the person: the caller is wrong."""


def name(
    session: Session,
    case_id: uuid.UUID,
    parties: Iterable[str],
    by: Actor,
    naming: Naming = Naming.NAMED,
    *,
    heard_by: uuid.UUID | None = None,
) -> None:
    """Put these parties on one of the person's lists; those that stand there stay as they are.

    `heard_by`: the member to whom the person said it, if that was not the actor.
    """
    member_id = heard_by or by.member_id
    there = named(session, case_id, naming)
    for party in sorted(set(parties) - there - {""}):
        session.add(
            NamedParty(case_id=case_id, party=party, naming=str(naming), noted_on=days.today(), member_id=member_id)
        )
    session.flush()


def named(session: Session, case_id: uuid.UUID, naming: Naming = Naming.NAMED) -> set[str]:
    """The parties on one of the person's lists."""
    statement = select(NamedParty.party).where(NamedParty.case_id == case_id, NamedParty.naming == naming)
    return set(session.scalars(statement))


def record(
    session: Session,
    case_id: uuid.UUID,
    answers: Iterable[Answer],
    asking: Asking,
    by: Actor,
    weighed: Weighed | None = None,
    *,
    read_by: Actor | None = None,
) -> None:
    """Record the answers in the caller's transaction; each ends the one before it to the same question.

    `read_by`: who heard them, if that was not the actor.

    Raises NotNamed for a yes to a party that was not named to the person (`name` writes down who was).
    """
    today, said = days.today(), list(answers)
    agreed = {each.party for each in said if each.topic is Topic.SHARING and each.said is Said.GIVEN and each.party}
    if agreed and not agreed <= named(session, case_id):
        raise NotNamed
    for answer in said:
        before = current(session, case_id, Consent.topic == answer.topic, Consent.party == answer.party)
        end(session, before, Ended.ASKED_AGAIN, by)
        consent = Consent(
            id=uuid.uuid4(),
            case_id=case_id,
            topic=str(answer.topic),
            party=answer.party,
            said=str(answer.said),
            weighed=str(weighed or "") if answer.topic is Topic.WISH else "",
            questionnaire=asking.questionnaire,
            wording=asking.wording,
            wording_version=asking.version,
            wording_sha256=asking.sha256,
            language=asking.language,
            interpreter=asking.interpreter,
            read_by_id=(read_by or by).member_id,
            read_at_id=(read_by or by).organisation_id,
            asked_on=today,
            due_on=due_on(answer, today, country().validity),
            ended="",
            narrowing="",
        )
        consent.mark = row_marks.consent_mark(consent)
        session.add(consent)
    if any(each.said is Said.REFUSED and _carries_link(session, each) for each in said):
        link_steps.end(session, case_id, by)
    for answer in said:
        last = due_on(answer, today, country().validity)
        if answer.topic is Topic.SHARING and answer.party and last is not None:
            case = session.get_one(Case, case_id)
            for reader in readers(session, answer.party):
                grants.hold_until(session, case_id, reader.id, consent_rows.given_by_consent(case, reader), last)
    # The rows first: a transaction that has locked the end of the audit chain must wait for nothing else (PostgreSQL).
    session.flush()
    for answer in said:
        audit.append(
            session,
            audit.Event.CONSENT_RECORDED,
            by=by,
            case_id=case_id,
            topic=str(answer.topic),
            party=answer.party,
            said=str(answer.said),
        )


def readers(session: Session, party: str) -> list[Organisation]:
    """The organisations that act as a party, of those that read by consent."""
    acts = or_(Organisation.party == party, (Organisation.party == "") & (Organisation.code == party))
    found = session.scalars(select(Organisation).where(acts)).all()
    return [each for each in found if read_by_consent(OrganisationKind(each.kind))]


def agreed_parties(session: Session, case: Case) -> set[str] | None:
    """The parties that were named to the person and may be told.

    None if consent is not asked for each party: for a child, and for a person who said no or has not been asked yet.
    """
    # A yes that this program did not write down is none: the person is asked.
    given = [each for each in current(session, case.id, Consent.said == Said.GIVEN) if row_marks.is_consent(each)]
    helped = any(each.topic == Topic.SERVICES for each in given)
    if not (case.consent == "given" or (case.consent == "not_asked_urgent" and helped)):
        return None
    return {each.party for each in given if each.topic == Topic.SHARING and each.party}


def face(session: Session, case: Case, party: str, by_name: ByName | None, by: Actor) -> str:
    """Set the case's consent to the one that holds towards `party`, which is to be asked now; returns it.

    A yes by name is recorded. Without a yes, the party has to ask the person first; that becomes an obligation. Raises
    ReferralRefused (`by_name`: nobody recorded what the person says about this party; `ask_first`: nobody asked, and
    the person is in a shelter; `struck_out`).
    """
    agreed = agreed_parties(session, case)
    if agreed is None:
        return case.consent
    consent = towards("given", party, named=agreed, struck_out=(), by_name=by_name)
    if consent != "given" and case.status != "referred":
        raise ReferralRefused(ReferralRefusal.ASK_FIRST)
    if by_name is ByName.YES:
        name(session, case.id, [party], by)
        record(session, case.id, [Answer(Topic.SHARING, Said.GIVEN, party)], Asking("", "", ""), by)
    if consent != case.consent:
        case.consent = consent
        _asks_first(session, case.id, owed=consent == "not_asked_urgent")
    return consent


def _asks_first(session: Session, case_id: uuid.UUID, *, owed: bool) -> None:
    """Record whether the party that receives the person must first ask for consent (`owed`)."""
    mine = (Obligation.case_id == case_id, Obligation.kind == ASK_CONSENT, Obligation.party == RECEIVER)
    session.execute(delete(Obligation).where(*mine, Obligation.done_at.is_(None)))
    if not owed or session.scalar(select(Obligation.id).where(*mine)) is not None:
        return
    now = clock.now()
    named = (
        (clause.number, duty.within)
        for clause in country().in_force(now).clauses
        for duty in clause.duties
        if duty.kind == ASK_CONSENT and duty.party == RECEIVER
    )
    clause, within = next(named, ("", None))
    due_at = now + within if within else None
    session.add(Obligation(case_id=case_id, kind=ASK_CONSENT, party=RECEIVER, clause=clause, due_at=due_at))
    session.flush()


def end(
    session: Session,
    consents: Iterable[Consent],
    how: Ended,
    by: Actor,
    *,
    narrowing: Narrowing = Narrowing.NONE,
) -> None:
    """End these answers today."""
    over = list(consents)
    for consent in over:
        consent.ended, consent.ended_on, consent.ended_by_id = str(how), days.today(), by.member_id
        consent.narrowing = str(narrowing)
        consent.mark = row_marks.consent_mark(consent)
    session.flush()
    for consent in over:
        audit.append(
            session,
            audit.Event.CONSENT_ENDED,
            by=by,
            case_id=consent.case_id,
            topic=consent.topic,
            party=consent.party,
            how=str(how),
        )
    # Asking again ends no code: `record` does, where the new answer is a no.
    if how is not Ended.ASKED_AGAIN:
        given = [each for each in over if each.said == Said.GIVEN]
        for case_id in {each.case_id for each in given if _carries_link(session, each)}:
            link_steps.end(session, case_id, by)


def _carries_link(session: Session, answer: Consent | Answer) -> bool:
    """Whether a link code stands on this answer: the one to it, or that to telling the prosecution, who has it."""
    if answer.topic == Topic.LINK:
        return True
    of_party = answer.topic == Topic.SHARING and answer.party
    return bool(of_party) and any(each.kind == OrganisationKind.PROSECUTION for each in readers(session, answer.party))


def end_with_case(session: Session, case_id: uuid.UUID, by: Actor) -> None:
    """End every yes to sharing and to a link code: the case is closed, and everybody but the holder stops reading."""
    given = Consent.topic.in_((Topic.SHARING, Topic.LINK))
    shared = current(session, case_id, given, Consent.said == Said.GIVEN)
    end(session, shared, Ended.LAPSED, by, narrowing=Narrowing.DONE)


def current(session: Session, case_id: uuid.UUID, *wanted: object) -> list[Consent]:
    """The answers of a case that hold now, in a stable order."""
    statement = (
        select(Consent)
        .where(Consent.case_id == case_id, Consent.ended_on.is_(None), *wanted)  # type: ignore[arg-type]
        .order_by(Consent.topic, Consent.party)
        .execution_options(populate_existing=True)
    )
    return list(session.scalars(statement))


def end_all(session: Session, case_id: uuid.UUID, by: Actor) -> None:
    """End every yes, because nothing is kept any more. Whether the person is counted is not changed."""
    end(
        session,
        current(session, case_id, Consent.said == Said.GIVEN, Consent.topic != Topic.STATISTICS),
        Ended.WITHDRAWN,
        by,
        narrowing=Narrowing.DONE,
    )


def undo_yes(session: Session, case_id: uuid.UUID, organisation: Organisation, by: Actor, *, times: int) -> None:
    """What the actor wrote down today as a yes to this organisation ends as one that the person had not said, `times`
    of them if it was pressed so often, and what they had said before holds again. The lists forget what this yes alone
    had put there: that the organisation was named, and, if nobody there opened anything, that it was told."""
    party, today = organisation.party or organisation.code, days.today()
    of_party = (Consent.topic == Topic.SHARING, Consent.party == party)
    wrong = current(session, case_id, *of_party, Consent.said == Said.GIVEN)
    wrong = [each for each in wrong if each.asked_on == today and each.read_by_id == by.member_id]
    replaced = (Consent.ended == Ended.ASKED_AGAIN, Consent.ended_on == today, Consent.ended_by_id == by.member_id)
    statement = select(Consent).where(Consent.case_id == case_id, *of_party)
    before = [each for each in session.scalars(statement.where(*replaced)) if not is_mistaken(each)]
    end(session, wrong, Ended.ASKED_AGAIN, by, narrowing=Narrowing.DONE)
    alike = [each for each in before if each.said == Said.GIVEN and each.asked_on == today]
    for each in [each for each in alike if each.read_by_id == by.member_id][: max(0, times - 1)]:
        set_narrowing(each, Narrowing.DONE)
        before.remove(each)
    if wrong and len({was.said for was in before}) == 1:  # of several answers of one day nobody knows the last
        say_again(session, before[0])
    read = session.scalar(
        select(Reading.id).where(Reading.case_id == case_id, Reading.organisation_id == organisation.id).limit(1)
    )
    asked = any(not is_mistaken(each) for each in session.scalars(statement))
    listed = [*([] if asked else [Naming.NAMED]), *([] if read else [Naming.TOLD])]
    session.execute(
        delete(NamedParty).where(
            NamedParty.case_id == case_id,
            NamedParty.party == party,
            NamedParty.naming.in_(listed),
            NamedParty.noted_on == today,
            NamedParty.member_id == by.member_id,
        )
    )
    session.flush()


def go_on(session: Session, was: Consent, reader: Organisation, compartments: Collection[str], by: Actor) -> None:
    """A yes that was ended by mistake holds on, with its day and its last day, and its reader reads the same parts
    under the keys of now. The actor must hold them. A link code that ended with it does not come back."""
    was.ended, was.ended_on, was.ended_by_id, was.narrowing = "", None, None, ""
    was.mark = row_marks.consent_mark(was)
    session.flush()
    for compartment in compartments:
        sharing.share(session, was.case_id, compartment, [reader.id], by=by)
    if was.due_on is not None:
        grants.hold_until(session, was.case_id, reader.id, compartments, was.due_on)
    audit.append(
        session,
        audit.Event.SHARE_TAKEN_UP,
        by=by,
        case_id=was.case_id,
        organisation_id_shared=reader.id,
        compartments="+".join(compartments),
    )


def is_mistaken(answer: Consent) -> bool:
    """Whether it ended as a yes that the person had not said."""
    return (answer.said, answer.ended, answer.narrowing) == MISTAKEN


_OF_ASKING = (Topic.SERVICES, Topic.SHARING, Topic.STATISTICS)


def undo_refusals(session: Session, case: Case, by: Actor, *, heard_by_id: uuid.UUID | None, on: date) -> None:
    """A no by which nothing would have been kept was recorded by mistake: what a member wrote down that day as a no
    ends, and what the person had said before holds again, as it was said. Without such a no nothing changes.

    What was erased because nobody wanted to be counted does not come back.
    """
    own = (
        Consent.asked_on == on,
        Consent.read_by_id == heard_by_id,
        Consent.party == "",
        Consent.topic.in_(_OF_ASKING),
    )
    wrong = current(session, case.id, *own, Consent.said == Said.REFUSED)
    if not any(each.topic != Topic.STATISTICS for each in wrong):
        return
    for each in wrong:
        same = (Consent.topic == each.topic, Consent.party == "", Consent.case_id == case.id)
        replaced = (Consent.ended == Ended.ASKED_AGAIN, Consent.ended_on == on, Consent.ended_by_id == heard_by_id)
        before = list(session.scalars(select(Consent).where(*same, *replaced).order_by(Consent.asked_on.desc())))
        end(session, [each], Ended.WITHDRAWN, by)
        if before and len({was.said for was in before}) == 1:  # of several answers of one day nobody knows the last
            say_again(session, before[0])
            if each.topic == Topic.STATISTICS and before[0].said == Said.GIVEN:
                case.facts = {**case.facts, "statistics": "yes"}
    helped = current(session, case.id, Consent.topic == Topic.SERVICES)
    told = current(session, case.id, Consent.topic == Topic.SHARING, Consent.said == Said.GIVEN)
    if helped and helped[0].said == Said.GIVEN and told:
        case.consent = "given"
    elif not helped:
        case.consent = "not_asked_urgent"  # nobody had asked: it is still to be done
        owed = (Obligation.case_id == case.id, Obligation.kind == ASK_CONSENT, Obligation.done_by_id == heard_by_id)
        for duty in session.scalars(select(Obligation).where(*owed)):
            duty.done_at = duty.done_by_id = None
    session.flush()


def say_again(session: Session, was: Consent) -> None:
    """Let an answer that ended hold again, as it was said: with its day, its wording and who heard it."""
    kept = {
        column.key: getattr(was, column.key)
        for column in Consent.__table__.columns
        if column.key not in ("id", "ended", "ended_on", "ended_by_id", "narrowing", "mark")
    }
    again = Consent(id=uuid.uuid4(), **kept, ended="", narrowing="")
    again.mark = row_marks.consent_mark(again)
    session.add(again)
    session.flush()
