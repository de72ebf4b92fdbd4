"""Telling of a missing person under seal, and the end of it, inside the transaction of an action (ADR 0076)."""

from __future__ import annotations

import uuid
from collections.abc import Mapping

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from nrm import audit
from nrm.domain.accounts.accounts import Actor, NotVisible, OrganisationKind
from nrm.domain.shelter.absences import ALARM, ASKED, GIVEN, Way
from nrm.domain.shelter.cases import Compartment
from nrm.models.accounts.accounts import Keyring, Organisation
from nrm.models.shelter.absences import Missing, MissingTold
from nrm.steps.shelter import cases as case_steps
from nrm.store import days
from nrm.store.shelter import cases
from nrm.vault import compartments as vault
from nrm.vault import epochs


def desk(session: Session, kind: OrganisationKind, party: str = "") -> Organisation | None:
    """The organisation of a kind (and party) that can open what it is told; None: nobody there holds a key."""
    wanted = [
        Organisation.kind == kind,
        Organisation.enabled,
        exists().where(Keyring.organisation_id == Organisation.id),
    ]
    if party:
        wanted.append(Organisation.party == party)
    return session.scalar(select(Organisation).where(*wanted).order_by(Organisation.code).limit(1))


def answered(case_id: uuid.UUID, by: Actor) -> str | None:
    """What the person answered on whom they may tell, and whether they may call the police; empty where there is no
    answer, or not for the actor. None: it may stand in the care, which the actor's session has not open."""
    try:
        if Compartment.CARE not in cases.case(case_id, by=by).compartments:
            return ""
        care = case_steps.opened(case_id=case_id, by=by).get(Compartment.CARE)
    except NotVisible:
        return ""
    return None if care is None else str(care.value.get(ASKED) or "").strip()


def instead_of_police(*, official: bool) -> OrganisationKind:
    """Whom to tell: never the police where an official may have a hand in it."""
    return OrganisationKind.PROSECUTION if official else OrganisationKind.POLICE


def share(
    session: Session, alarm: Missing, organisation: Organisation, given: Mapping[str, str], by: Actor
) -> uuid.UUID:
    """Seal what is given to this organisation alone, and keep in clear which fields that are; returns the telling."""
    told = {name: given[name] for name in GIVEN if given.get(name)}
    made = _row(alarm, organisation, Way.SHARE, by)
    made.given = list(told)
    session.add(made)
    session.flush()
    vault.create(session, made.id, {ALARM: told}, [organisation.id])
    audit.append(session, audit.Event.MISSING_TOLD, by=by, case_id=alarm.case_id, told_id=made.id, way=str(Way.SHARE))
    return made.id


def call(session: Session, alarm: Missing, organisation: Organisation, number: str, reached: bool, by: Actor) -> None:
    """Keep that this number was called."""
    made = _row(alarm, organisation, Way.TELEPHONE, by)
    made.number, made.reached = number, reached
    session.add(made)
    session.flush()
    audit.append(
        session, audit.Event.MISSING_TOLD, by=by, case_id=alarm.case_id, told_id=made.id, way=str(Way.TELEPHONE)
    )


def _row(alarm: Missing, organisation: Organisation, way: Way, by: Actor) -> MissingTold:
    if by.member_id is None:
        raise NotVisible
    return MissingTold(
        id=uuid.uuid4(),
        missing_id=alarm.id,
        organisation_id=organisation.id,
        way=str(way),
        told_on=days.today(),
        told_by_id=by.member_id,
        number="",
        given=[],
    )


def strike(session: Session, alarm: Missing, told_id: uuid.UUID, by: Actor) -> None:
    """One telling of an alarm that stands was wrong. Raises NotVisible."""
    statement = select(MissingTold).where(MissingTold.id == told_id, MissingTold.missing_id == alarm.id)
    told = session.scalar(statement.with_for_update().execution_options(populate_existing=True))
    if told is None:
        raise NotVisible
    if told.over_on is not None:
        return
    told.over_on = max(days.today(), told.told_on)
    if told.way == Way.SHARE:
        epochs.erase(session, told.id, [ALARM])
    session.flush()
    what = {"case_id": alarm.case_id, "missing_id": alarm.id, "told_id": told.id}
    audit.append(session, audit.Event.MISSING_TOLD_OVER, by=by, **what, struck=1)


def end(session: Session, case_id: uuid.UUID, by: Actor) -> None:
    """The alarm is over: what was told of it is destroyed with its key, and nobody opens it any more.

    Call `erasures.carry_out` after the transaction.
    """
    standing = (
        select(MissingTold)
        .join(Missing, Missing.id == MissingTold.missing_id)
        .where(Missing.case_id == case_id, MissingTold.over_on.is_(None))
    )
    for told in session.scalars(standing.execution_options(populate_existing=True)).all():
        told.over_on = max(days.today(), told.told_on)
        if told.way == Way.SHARE:
            epochs.erase(session, told.id, [ALARM])
        audit.append(session, audit.Event.MISSING_TOLD_OVER, by=by, case_id=case_id, told_id=told.id)
    session.flush()
