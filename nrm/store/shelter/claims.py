"""Claims for compensation and who may see them: the holder of the case, and the prosecution with which it is shared."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from sqlalchemy import select

from nrm.db import db
from nrm.domain.accounts.accounts import Actor, Permission
from nrm.domain.shelter.claims import ClaimEvent, Entry, Standing, following
from nrm.models.shelter.cases import Case
from nrm.models.shelter.claims import Claim, ClaimEntry
from nrm.store.rows.shelter import claims as claim_rows
from nrm.store.shelter import permits


@dataclass(frozen=True, slots=True)
class ClaimView:
    """One claim with its history, the oldest entry first; `seen` is the number of the last one."""

    id: uuid.UUID
    case_id: uuid.UUID
    pseudonym: str
    history: tuple[Entry, ...]
    seen: int
    following: tuple[ClaimEvent, ...]

    @property
    def standing(self) -> Standing:
        """How it stands now."""
        return self.history[-1].standing


def of_case(case_id: uuid.UUID, *, by: Actor) -> list[ClaimView]:
    """The claims of one case, the one asked first coming first; raises NotVisible."""
    case = permits.shared_case(case_id, Permission.CLAIM_RECORD, by=by)
    statement = (
        select(ClaimEntry)
        .join(Claim, Claim.id == ClaimEntry.claim_id)
        .where(Claim.case_id == case_id)
        .order_by(ClaimEntry.position)
    )
    found: dict[uuid.UUID, list[ClaimEntry]] = {}
    for each in db.session.scalars(statement):
        found.setdefault(each.claim_id, []).append(each)
    views = [_view(claim_id, case.id, case.pseudonym, rows) for claim_id, rows in found.items()]
    return sorted(views, key=lambda view: (view.history[0].happened, view.id))


def one(claim_id: uuid.UUID, *, by: Actor) -> ClaimView:
    """One claim; raises NotVisible."""
    case = case_of(claim_id, by=by)
    return _view(claim_id, case.id, case.pseudonym, claim_rows.entries(claim_id))


def case_of(claim_id: uuid.UUID, *, by: Actor) -> Case:
    """The case of a claim; raises NotVisible, which takes the same time whether the claim exists or not."""
    found = select(Case).join(Claim, Claim.case_id == Case.id).where(Claim.id == claim_id)
    return permits.visible(found, Permission.CLAIM_RECORD, by=by)


def _view(claim_id: uuid.UUID, case_id: uuid.UUID, pseudonym: str, rows: list[ClaimEntry]) -> ClaimView:
    history = claim_rows.as_history(rows)
    return ClaimView(claim_id, case_id, pseudonym, tuple(history), len(rows), following(history[-1].standing))
