"""What is told of versions of the agreement that were withdrawn: to who signed one, who was asked to, and who keeps
them."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from nrm import clock
from nrm.db import transaction
from nrm.domain.accounts.accounts import Actor, NotVisible, Permission
from nrm.domain.agreement.agreement_versions import VersionStatus
from nrm.models.agreement.agreements import AgreementVersion, AgreementWithdrawal, WithdrawalRead
from nrm.steps.agreement import known_versions
from nrm.store import names as organisation_names
from nrm.store.agreement import agreement_versions as store
from nrm.store.rows.agreement import agreement_versions as agreement_version_rows
from nrm.vault import agreements as vault


@dataclass(frozen=True, slots=True)
class WithdrawalLine:
    """A version that was withdrawn, for somebody who had signed it or was asked to; not `sound`: another program
    changed the row, and nothing in it is believed."""

    id: uuid.UUID
    version: str
    reason: str
    name: str
    organisation: Mapping[str, str]
    at: datetime
    sound: bool


def withdrawn_from(*, by: Actor) -> list[WithdrawalLine]:
    """What this person signed and was withdrawn, until they say that they have read it."""
    if by.member_id is None or by.member_id not in known_versions.known().untold:
        return []
    return [_line(*found) for found in agreement_version_rows.withdrawals_to_tell(by.member_id)]


def recalled(*, by: Actor) -> list[WithdrawalLine]:
    """What waited for a signature of this person's party and was withdrawn within a week; nothing that the person
    signed, which is told until it was read."""
    lately = known_versions.known().recalled
    if not lately or by.member_id is None or not by.may(Permission.AGREEMENT_SIGN):
        return []
    party = organisation_names.party_of(by.organisation_id)
    asked = [version_id for version_id, parties in lately.items() if party in parties]
    return [_line(*found) for found in agreement_version_rows.recalled(asked, besides=by.member_id)]


def withdrawal_of(version: str, *, by: Actor) -> WithdrawalLine | None:
    """Who withdrew a version, when and why; None where it was not. Raises NotVisible."""
    row = store.version(version, by=by)
    found = agreement_version_rows.withdrawal_of(row.id) if row.status == VersionStatus.WITHDRAWN else None
    if found is None:
        return None
    withdrawal, name, names = found
    return _line(withdrawal, row, name, names)


def withdrawals(*, by: Actor) -> dict[str, WithdrawalLine]:
    """As `withdrawal_of`, of every version that was withdrawn."""
    by.must(Permission.AGREEMENT_MANAGE)
    found = (_line(*each) for each in agreement_version_rows.withdrawals())
    return {each.version: each for each in found}


def _line(
    row: AgreementWithdrawal, text: AgreementVersion, name: str, organisation: Mapping[str, str]
) -> WithdrawalLine:
    sound = vault.is_withdrawal(text, row)
    return WithdrawalLine(row.id, text.version, row.reason, name, organisation, row.at, sound)


def read_withdrawal(withdrawal_id: uuid.UUID, *, by: Actor) -> None:
    """This person has read that a version they had signed was withdrawn. Raises NotVisible for any other, also when
    they said so already."""
    if by.member_id is None:
        raise NotVisible
    with transaction() as session:
        there = {row.id for row, *_ in agreement_version_rows.withdrawals_to_tell(by.member_id)}
        if withdrawal_id not in there:
            raise NotVisible
        session.add(WithdrawalRead(withdrawal_id=withdrawal_id, member_id=by.member_id, at=clock.now()))
    known_versions.refresh()
