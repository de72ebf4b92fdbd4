"""What a person said last, for steps that saw the case; and consents that ran out."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import ScalarSelect, and_, exists, func, or_, select
from sqlalchemy.orm import aliased

from nrm import clock
from nrm.db import db
from nrm.domain.accounts.accounts import OrganisationKind
from nrm.domain.referrals.critical_path import NOTIFY
from nrm.domain.shelter.cases import UNFINISHED, Compartment
from nrm.domain.shelter.consents import (
    MISTAKEN,
    SHARED_BY_MISTAKE_WITHIN,
    Ended,
    Naming,
    Narrowing,
    Said,
    Topic,
    read_by_consent,
)
from nrm.models.accounts.accounts import Member, Organisation
from nrm.models.referrals.referrals import Obligation, Referral
from nrm.models.shelter.cases import Case, Reading, Withheld
from nrm.models.shelter.consents import Consent, NamedParty
from nrm.store.countries import country
from nrm.store.rows import entries


def over(today: date, most: int) -> Sequence[Consent]:
    """Sharing, and yes to a link code, whose last day is over, of open cases, the oldest first; for `tend`."""
    statement = (
        select(Consent)
        .join(Case, Case.id == Consent.case_id)
        .where(
            Consent.topic.in_((Topic.SHARING, Topic.LINK)),
            Consent.said == Said.GIVEN,
            Consent.ended_on.is_(None),
            Consent.due_on < today,
            Case.status.in_(UNFINISHED),
        )
        .order_by(Consent.due_on, Consent.id)
        .limit(most)
        .with_for_update(of=Consent)
        .execution_options(populate_existing=True)
    )
    return db.session.scalars(statement).all()


def kept_for_a_stay(most: int) -> Sequence[uuid.UUID]:
    """The cases of which the hand-over alone was kept, for a stay that may be over; for `tend`."""
    statement = select(Consent.case_id).where(Consent.narrowing == Narrowing.WAITS, Consent.ended == "").limit(most)
    found = db.session.scalars(statement).all()
    db.session.rollback()
    return found


def thought_over(at: datetime, most: int) -> Sequence[Withheld]:
    """What is withheld and whose hours are over, the oldest first; for `tend`."""
    statement = select(Withheld).where(Withheld.until <= at).order_by(Withheld.until, Withheld.id).limit(most)
    return db.session.scalars(statement.execution_options(populate_existing=True)).all()


def granted(case: Case, organisation: Organisation) -> frozenset[Compartment]:
    """What the clauses in force give this organisation of this person. A clause that looks at a fact that is not kept
    gives nothing: then the person is asked."""
    known = {**case.facts, "age_class": case.age_class}
    named = {organisation.party or organisation.code, organisation.kind}
    return frozenset(
        compartment
        for clause in country().in_force(clock.now()).of_referral
        for duty in clause.duties
        if duty.party in named and duty.grant and clause.when.names() <= known.keys() and clause.when.holds(known)
        for compartment in duty.grant
    )


def given_by_consent(case: Case, organisation: Organisation) -> frozenset[Compartment]:
    """What this organisation can read of this person only because she agrees."""
    return read_by_consent(OrganisationKind(organisation.kind), granted(case, organisation))


def shared_lately(case_id: uuid.UUID, member_id: uuid.UUID | None) -> dict[uuid.UUID, frozenset[Compartment]]:
    """Organisation -> the parts of the case that the member gave it within the minutes in which that may be called a
    mistake. The caller has checked the case."""
    found: dict[uuid.UUID, frozenset[Compartment]] = {}
    for said in _lately("case_shared", case_id, member_id):
        to = uuid.UUID(said["organisation_id_shared"])
        found[to] = found.get(to, frozenset()) | {Compartment(said["compartment"])}
    return found


def said_lately(case_id: uuid.UUID, party: str, member_id: uuid.UUID | None) -> int:
    """How often the member wrote down a yes to this party within these minutes. The caller has checked the case."""
    yes = {"topic": str(Topic.SHARING), "party": party, "said": str(Said.GIVEN)}
    return sum(yes.items() <= said.items() for said in _lately("consent_recorded", case_id, member_id))


def ended_lately(case_id: uuid.UUID, member_id: uuid.UUID | None) -> dict[uuid.UUID, tuple[str, ...]]:
    """Organisation -> what it read, of those whose reading the member ended within the minutes in which it may be
    called a mistake. The caller has checked the case."""
    return {
        uuid.UUID(said["organisation_id_shared"]): tuple(said["compartments"].split("+"))
        for said in _lately("share_ended", case_id, member_id)
        if said.get("compartments")
    }


def _lately(event: str, case_id: uuid.UUID, member_id: uuid.UUID | None) -> Iterator[Mapping[str, Any]]:
    """What the entries of this event by the member about the case say, the oldest first."""
    done = entries.since(clock.now() - SHARED_BY_MISTAKE_WITHIN, event, entries.by(member_id))
    return (each.said for each in done if each.said["case_id"] == str(case_id))


def ended_yes(case_id: uuid.UUID, party: str, member_id: uuid.UUID | None, today: date) -> Consent | None:
    """The yes to this party that the member ended last, if it would still hold and nothing was said since."""
    of_party = (Consent.case_id == case_id, Consent.topic == Topic.SHARING, Consent.party == party)
    if db.session.scalar(select(Consent.id).where(*of_party, Consent.ended_on.is_(None)).limit(1)) is not None:
        return None
    statement = (
        select(Consent)
        .where(
            *of_party,
            Consent.said == Said.GIVEN,
            Consent.ended == Ended.WITHDRAWN,
            Consent.ended_by_id == member_id,
            Consent.ended_on >= today - timedelta(days=1),
            or_(Consent.due_on.is_(None), Consent.due_on >= today),
        )
        .order_by(Consent.ended_on.desc(), Consent.asked_on.desc())
    )
    return db.session.scalars(statement.limit(1).execution_options(populate_existing=True)).first()


_NOT_MISTAKEN = or_(Consent.said != MISTAKEN[0], Consent.ended != MISTAKEN[1], Consent.narrowing != MISTAKEN[2])


def struck_out(case_id: uuid.UUID) -> set[str]:
    """The parties that the person does not want to know, by the last answer. The caller has checked the case.

    A yes that was taken back counts as a no; a yes that only ran out does not.
    """
    statement = (
        select(Consent.party, Consent.said, Consent.ended)
        .where(Consent.case_id == case_id, Consent.topic == Topic.SHARING, Consent.party != "", _NOT_MISTAKEN)
        .order_by(Consent.ended_on.is_(None), Consent.asked_on, Consent.ended_on)
    )
    last = {party: (said, ended) for party, said, ended in db.session.execute(statement)}
    return {party for party, (said, ended) in last.items() if said == Said.REFUSED or ended == Ended.WITHDRAWN}


def _struck_out_column() -> ScalarSelect[str]:
    later = aliased(Consent)
    is_later = exists().where(
        later.case_id == Consent.case_id,
        later.topic == Topic.SHARING,
        later.party == Consent.party,
        or_(later.said != MISTAKEN[0], later.ended != MISTAKEN[1], later.narrowing != MISTAKEN[2]),
        Consent.ended_on.is_not(None),
        or_(
            later.ended_on.is_(None),
            later.asked_on > Consent.asked_on,
            and_(later.asked_on == Consent.asked_on, later.ended_on > Consent.ended_on),
        ),
    )
    return (
        select(func.aggregate_strings(Consent.party, " "))
        .where(
            Consent.case_id == Case.id,
            Consent.topic == Topic.SHARING,
            Consent.party != "",
            or_(Consent.said == Said.REFUSED, Consent.ended == Ended.WITHDRAWN),
            ~is_later.correlate(Consent),
        )
        .correlate(Case)
        .scalar_subquery()
    )


STRUCK_OUT = _struck_out_column()
"""What `struck_out` gives of each `Case` of a statement, as codes with a space between them; None without any."""


def struck_out_before(case_id: uuid.UUID, party: str) -> uuid.UUID | None:
    """The member to whom the person said that the party must not know; None if nobody heard it, or if the person said
    yes since. The caller has checked the case."""
    still = exists().where(
        Consent.case_id == case_id,
        Consent.topic == Topic.SHARING,
        Consent.party == party,
        Consent.said == Said.REFUSED,
        Consent.ended_on.is_(None),
    )
    statement = select(NamedParty.member_id).where(
        NamedParty.case_id == case_id, NamedParty.party == party, NamedParty.naming == Naming.STRUCK_OUT, still
    )
    return db.session.scalar(statement)


def struck_out_when_sent(referral_id: uuid.UUID) -> set[str]:
    """The parties that the person had struck out when they were sent, by what was said to the senders until then.

    What they say to whoever received them is no news for the sender. The caller has checked the referral.
    """
    sent = db.session.get_one(Referral, referral_id)
    heard = select(Referral.sender_id).where(Referral.case_id == sent.case_id, Referral.position <= sent.position)
    senders = set(db.session.scalars(heard))
    statement = (
        select(Consent.party, Consent.said, Consent.ended, Member.organisation_id)
        .outerjoin(Member, Member.id == Consent.ended_by_id)
        .where(
            Consent.case_id == sent.case_id,
            Consent.read_at_id.in_(senders),
            Consent.topic == Topic.SHARING,
            Consent.party != "",
            _NOT_MISTAKEN,
        )
        .order_by(Consent.ended_on.is_(None), Consent.asked_on, Consent.ended_on)
    )
    last = {
        party: said == Said.REFUSED or (ended == Ended.WITHDRAWN and where in senders)
        for party, said, ended, where in db.session.execute(statement)
    }
    return {party for party, struck in last.items() if struck}


def lists(case_id: uuid.UUID) -> dict[Naming, list[str]]:
    """Who was named to the person, struck out by them, and told; the caller has checked the case."""
    statement = select(NamedParty.naming, NamedParty.party).where(NamedParty.case_id == case_id)
    found: dict[Naming, list[str]] = {each: [] for each in Naming}
    for naming, party in db.session.execute(statement.order_by(NamedParty.party)):
        found[Naming(naming)].append(party)
    return found


def not_told_yet(case_id: uuid.UUID) -> set[str]:
    """The parties that the agreement says are told of the case, and were not: it is owed still, and nobody there opened
    anything. The caller has checked the case."""
    theirs = select(Organisation.id).where(
        or_(Organisation.party == Obligation.party, Organisation.code == Obligation.party)
    )
    opened = exists().where(Reading.case_id == case_id, Reading.organisation_id.in_(theirs.correlate(Obligation)))
    owed = (Obligation.case_id == case_id, Obligation.kind == NOTIFY, Obligation.done_at.is_(None))
    return set(db.session.scalars(select(Obligation.party).where(*owed, ~opened)))


def withheld_until(case_id: uuid.UUID) -> datetime | None:
    """Until when what the person told waits for their yes; None where nothing waits."""
    return db.session.scalar(select(Withheld.until).where(Withheld.case_id == case_id))


def wants_help(case_id: uuid.UUID) -> bool:
    """Whether the person did not refuse help later or take the yes back. The caller has checked the case."""
    statement = (
        select(Consent.said, Consent.ended)
        .where(Consent.case_id == case_id, Consent.topic == Topic.SERVICES)
        .order_by(Consent.ended_on.is_not(None), Consent.asked_on.desc(), Consent.ended_on.desc())
        .limit(1)
    )
    last = db.session.execute(statement).first()
    return last is None or (last.said == Said.GIVEN and last.ended != Ended.WITHDRAWN)
