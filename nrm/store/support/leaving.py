"""What somebody of a house leaves behind when the account ends: for how many people they answer, and which steps of
plans are theirs. Counted for colleagues alone, with codes for those of them who look after people."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from sqlalchemy import select

from nrm.db import db
from nrm.domain.accounts.accounts import Actor, Permission
from nrm.domain.shelter.key_workers import Place
from nrm.models.shelter.cases import Case
from nrm.models.shelter.key_workers import KeyWorker
from nrm.models.support.plans import PlanStep
from nrm.store.accounts import members
from nrm.vault import shifts as vault


@dataclass(frozen=True, slots=True)
class Leaves:
    """How many people have this key worker, and how many open steps are theirs; the codes for who may see them."""

    people: int
    people_codes: tuple[str, ...]
    steps: int
    steps_codes: tuple[str, ...]


def left_by(member_id: uuid.UUID, *, by: Actor) -> Leaves | None:
    """What a colleague in a house leaves behind; None elsewhere, or if it is nothing. Raises NotPermitted,
    NotVisible."""
    member = members.manageable(member_id, by=by)
    own = by.organisation_id
    if own is None or member.organisation_id != own or by.kind is None or not by.kind.takes_people_in:
        return None
    held = (Case.holder_id == own, Case.status == "open")
    place = (KeyWorker.member_id == member_id, KeyWorker.place == Place.KEY, KeyWorker.ended_at.is_(None))
    answers = select(KeyWorker, Case.pseudonym).join(Case, Case.id == KeyWorker.case_id).where(*held, *place)
    people = sorted(code for row, code in db.session.execute(answers) if vault.is_genuine(row))
    owns = (PlanStep.owner_id == member_id, PlanStep.outcome == "")
    steps = list(
        db.session.scalars(select(Case.pseudonym).join(PlanStep, PlanStep.case_id == Case.id).where(*held, *owns))
    )
    if not people and not steps:
        return None
    reads = by.may(Permission.STAY_MANAGE)
    return Leaves(len(people), tuple(people) if reads else (), len(steps), tuple(sorted(set(steps))) if reads else ())
