"""Whether the person of a case agreed to a link code, and whether there is one: for the prosecution alone."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from sqlalchemy import select

from nrm.db import db
from nrm.domain.accounts.accounts import Actor, Permission
from nrm.domain.shelter.consents import Said, Topic
from nrm.models.shelter.consents import Consent
from nrm.models.support.link_codes import LinkCode, LinkNumber
from nrm.store.shelter import permits
from nrm.vault import rows


@dataclass(frozen=True, slots=True)
class LinkView:
    """How it stands with the code of a case. `agreed`: she said yes, and it holds; `link_id`: None without a code."""

    case_id: uuid.UUID
    pseudonym: str
    agreed: bool
    link_id: uuid.UUID | None
    number_ids: tuple[uuid.UUID, ...]


def of_case(case_id: uuid.UUID, *, by: Actor) -> LinkView:
    """Of a case of which the prosecution reads the legal file; raises NotVisible."""
    case = permits.shared_case(case_id, Permission.LINK_MAKE, by=by)
    link_id = db.session.scalar(select(LinkCode.id).where(LinkCode.whose_mark == rows.link_mark(case_id)))
    numbers = db.session.scalars(select(LinkNumber.id).where(LinkNumber.link_id == link_id)).all() if link_id else ()
    return LinkView(case.id, case.pseudonym, _has_agreed(case_id), link_id, tuple(numbers))


def _has_agreed(case_id: uuid.UUID) -> bool:
    """Whether a yes to a link code holds that this program wrote down, in a case that was seen already."""
    mine = (Consent.case_id == case_id, Consent.topic == Topic.LINK, Consent.said == Said.GIVEN)
    found = db.session.scalar(select(Consent).where(*mine, Consent.ended_on.is_(None)))
    return found is not None and rows.is_consent(found)
