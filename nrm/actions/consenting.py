"""Writing consent down, and ending what somebody reads by it: in the transactions of those who do either.

Where a consent runs out, the program takes the reader's grants away without a key, so that nothing opens for them here
any more. That an old backup opens nothing either needs a new epoch, and so a session of the holder: the button for it
is on the holder's desk, and whoever of the holder opens anything of the case next does it unasked.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from nrm import audit
from nrm.domain.accounts import Actor, OrganisationKind
from nrm.domain.cases import Compartment
from nrm.domain.consents import (
    Answer,
    Asking,
    Ended,
    Narrowing,
    Said,
    Topic,
    Weighed,
    due_on,
    read_by_consent,
)
from nrm.models.accounts import Organisation
from nrm.models.consents import Consent
from nrm.store import stays
from nrm.store.countries import country
from nrm.vault import compartments as vault
from nrm.vault import epochs, grants, sharing


def end_reading(session: Session, case_id: uuid.UUID, organisations: Collection[Organisation], by: Actor) -> bool:
    """A new epoch, without these organisations, of what they read by consent; returns whether they read anything.

    The actor must hold the keys. Whoever is being asked to take the person is offered the new keys.
    """
    gone = {each.id: read_by_consent(OrganisationKind(each.kind)) for each in organisations}
    keep: dict[str, Collection[uuid.UUID]] = {}
    ended: set[uuid.UUID] = set()
    for compartment in vault.compartments_of(session, case_id):
        holders = grants.holders_of(session, case_id, compartment)
        leaving = {each for each, compartments in gone.items() if each in holders and compartment in compartments}
        if leaving:
            keep[compartment] = holders - leaving
            ended |= leaving
    if not keep:
        return False
    _follow(session, case_id, keep, by)
    for organisation_id in sorted(ended, key=str):
        audit.append(session, audit.Event.SHARE_ENDED, by=by, case_id=case_id, organisation_id_shared=organisation_id)
    return True


def end_all_reading(session: Session, case_id: uuid.UUID, by: Actor) -> bool:
    """The same for everybody but the holder; the actor is of the holder."""
    others = session.scalars(select(Organisation).where(Organisation.id != by.organisation_id))
    return end_reading(session, case_id, [each for each in others if read_by_consent(OrganisationKind(each.kind))], by)


def narrow(session: Session, case_id: uuid.UUID, by: Actor) -> bool:
    """The new epoch that a lapsed consent waits for; returns whether one did. The actor must hold the keys."""
    waiting = (Consent.case_id == case_id, Consent.narrowing == Narrowing.WAITS, Consent.ended == Ended.LAPSED)
    if session.scalar(select(Consent.id).where(*waiting).limit(1)) is None:
        return False
    shared = frozenset[Compartment]().union(*(read_by_consent(kind) for kind in OrganisationKind))
    keep: dict[str, Collection[uuid.UUID]] = {
        compartment: grants.holders_of(session, case_id, compartment)
        for compartment in vault.compartments_of(session, case_id)
        if compartment in shared
    }
    _follow(session, case_id, keep, by)
    session.execute(update(Consent).where(*waiting).values(narrowing=str(Narrowing.DONE)))
    audit.append(session, audit.Event.ACCESS_NARROWED, by=by, case_id=case_id)
    return True


def _follow(session: Session, case_id: uuid.UUID, keep: dict[str, Collection[uuid.UUID]], by: Actor) -> None:
    asked = grants.waiting(session, case_id)
    epochs.rotate(session, case_id, keep, by=by)
    sharing.offer(session, case_id, asked, by=by, compartments=keep)


def record(
    session: Session,
    case_id: uuid.UUID,
    answers: Iterable[Answer],
    asking: Asking,
    by: Actor,
    weighed: Weighed | None = None,
) -> None:
    """Write the answers down in the caller's transaction; each ends the one before it to the same question."""
    today, said = stays.today(), list(answers)
    for answer in said:
        before = current(session, case_id, Consent.topic == answer.topic, Consent.party == answer.party)
        end(session, before, Ended.ASKED_AGAIN, by)
        session.add(
            Consent(
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
                read_by_id=by.member_id,
                read_at_id=by.organisation_id,
                asked_on=today,
                due_on=due_on(answer, today, country().validity),
            )
        )
    # The rows first: whoever has the end of the audit chain must not wait for anything else (PostgreSQL).
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


def end(
    session: Session,
    consents: Iterable[Consent],
    how: Ended,
    by: Actor,
    *,
    narrowing: Narrowing = Narrowing.NONE,
) -> None:
    """These answers hold no more, from today on."""
    over = list(consents)
    for consent in over:
        consent.ended, consent.ended_on, consent.ended_by_id = str(how), stays.today(), by.member_id
        consent.narrowing = str(narrowing)
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
    """Every yes ends, because nothing is kept any more; whether the person is counted is another question."""
    end(
        session,
        current(session, case_id, Consent.said == Said.GIVEN, Consent.topic != Topic.STATISTICS),
        Ended.WITHDRAWN,
        by,
        narrowing=Narrowing.DONE,
    )
