"""The hearings that the prosecution announced itself, kept for it when it stops reading the case (ADR 0200).

Only the day, the court and the protection, as they stand when it stops reading: nothing of the case comes later.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from nrm.domain.accounts.accounts import Actor, OrganisationKind
from nrm.domain.shelter.cases import Compartment
from nrm.domain.support.hearings import KEPT, HearingEntryKind
from nrm.models.accounts.accounts import Organisation
from nrm.models.shelter.cases import Case
from nrm.models.support.hearings import KeptHearing
from nrm.steps.support import hearings
from nrm.store import days
from nrm.store.support.hearings import Person
from nrm.vault import compartments as vault
from nrm.vault import epochs, grants
from nrm.vault.keyrings import CannotOpen, HoldsNoKeys, NothingNew


def keep(session: Session, case_id: uuid.UUID, reading: Collection[uuid.UUID], by: Actor) -> None:
    """Before the legal file gets a key for those in `reading` alone: keep what each prosecution that stops reading
    announced itself and lies ahead. What cannot be sealed to it is not kept, and keeps nothing from ending."""
    holders = grants.holders_of(session, case_id, Compartment.LEGAL) - set(reading)
    prosecution = Organisation.kind == OrganisationKind.PROSECUTION
    leaving = session.scalars(select(Organisation.id).where(Organisation.id.in_(holders), prosecution)).all()
    if not leaving:
        return
    case = session.get_one(Case, case_id)
    try:
        ahead = hearings.ahead_of(Person(case_id, case.pseudonym, has_case=True), by=by)
    except CannotOpen:
        return
    for organisation_id in leaving:
        forget(session, case_id, KeptHearing.organisation_id == organisation_id)
        for view in ahead:
            if view.announced.entered_by == organisation_id:
                _keep(session, case_id, organisation_id, view)


def _keep(session: Session, case_id: uuid.UUID, organisation_id: uuid.UUID, view: hearings.HearingView) -> None:
    order = view.standing(HearingEntryKind.ORDERED)
    ordered = [str(each) for each in order.ordered] if order is not None else None
    kept_id = uuid.uuid4()
    try:
        vault.create(session, kept_id, {KEPT: {**view.hearing.value, "ordered": ordered}}, [organisation_id])
    except (CannotOpen, HoldsNoKeys, NothingNew):
        return
    session.add(KeptHearing(id=kept_id, case_id=case_id, organisation_id=organisation_id, kept_on=days.today()))
    session.flush()


def forget(session: Session, case_id: uuid.UUID, *which: object) -> None:
    """Destroy what is kept of the hearings of a case. Call `erasures.carry_out` or `shredding.work_off` afterwards."""
    mine = (KeptHearing.case_id == case_id, *which)
    destroy(session, session.scalars(select(KeptHearing.id).where(*mine)).all())  # type: ignore[arg-type]


def destroy(session: Session, kept_ids: Collection[uuid.UUID]) -> None:
    """Destroy these. As `forget`."""
    for kept_id in kept_ids:
        epochs.erase(session, kept_id, [KEPT])
    session.execute(delete(KeptHearing).where(KeptHearing.id.in_(kept_ids)))
