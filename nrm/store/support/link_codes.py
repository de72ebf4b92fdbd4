"""Whether the person of a case agreed to a link code, and whether there is one: for the prosecution alone."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import date

from sqlalchemy import exists, select

from nrm.db import db
from nrm.domain.accounts.accounts import Actor, NotVisible, Permission
from nrm.domain.shelter.consents import Said, Topic
from nrm.models.shelter.cases import Case
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


@dataclass(frozen=True, slots=True)
class LinkStand:
    """What the holder of a case knows of a link code: what the person said last and when, and what a no destroys."""

    consent_id: uuid.UUID | None
    said: Said | None
    on: date | None
    has_code: bool
    has_numbers: bool

    @property
    def token(self) -> str:
        """Another one once it stands otherwise."""
        return f"{self.consent_id or ''}.{int(self.has_code)}.{int(self.has_numbers)}"


def stand(case_id: uuid.UUID, *, by: Actor) -> LinkStand:
    """How it stands, for the holder of the case; raises NotVisible."""
    held = exists().where(Case.id == case_id, Case.holder_id == by.organisation_id)
    if by.organisation_id is None or not by.may(Permission.CASE_OPEN) or not db.session.scalar(select(held)):
        raise NotVisible
    mine = (Consent.case_id == case_id, Consent.topic == Topic.LINK, Consent.ended_on.is_(None))
    said = db.session.scalar(select(Consent).where(*mine).execution_options(populate_existing=True))
    link_id = db.session.scalar(select(LinkCode.id).where(LinkCode.whose_mark == rows.link_mark(case_id)))
    tied = link_id is not None and db.session.scalar(select(exists().where(LinkNumber.link_id == link_id)))
    if said is None:
        return LinkStand(None, None, None, link_id is not None, bool(tied))
    return LinkStand(said.id, Said(said.said), said.asked_on, link_id is not None, bool(tied))


def _has_agreed(case_id: uuid.UUID) -> bool:
    """Whether a yes to a link code holds that this program wrote down, in a case that was seen already."""
    mine = (Consent.case_id == case_id, Consent.topic == Topic.LINK, Consent.said == Said.GIVEN)
    found = db.session.scalar(select(Consent).where(*mine, Consent.ended_on.is_(None)))
    return found is not None and rows.is_consent(found)
