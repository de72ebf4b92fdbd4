"""That a party of the agreement takes part, or does no more, in the key log: the coordinator and one of the Responsible
Authority sign it over the digest of the version that says so.

The versions themselves ask and leave out by date (`agreement_versions`). The entry is what nobody who writes rows can
take back: an organisation that was struck off is sealed nothing more, and its people open nothing. At night two duty
officers leave a party out for 72 hours: it keeps what it holds, is handed nothing new, and its people open nothing.

Decided in ADR 0113 and ADR 0115.
"""

from __future__ import annotations

import uuid

from nrm import audit, clock
from nrm.countries import text_of_file
from nrm.db import transaction
from nrm.domain.accounts.accounts import Actor, NotVisible, OrganisationKind, Permission
from nrm.domain.accounts.key_log_entries import EntryKind, EntryRefused, Party, PartyState, hour_of
from nrm.domain.agreement.agreements import Agreement
from nrm.domain.agreement.parties import PartyRefusal, PartyRefused
from nrm.models.accounts.accounts import Organisation
from nrm.store.countries import country
from nrm.store.rows.accounts import proposals as proposal_rows
from nrm.store.rows.agreement import agreement_versions as agreement_version_rows
from nrm.vault import agreements as vault
from nrm.vault import keyrings
from nrm.vault.keylog import log


def open_party(*, organisation_id: uuid.UUID, by: Actor) -> bool:
    """Sign that the organisation takes part under the version in force; whether it holds now. Raises NotPermitted,
    NotVisible, PartyRefused, Disagrees."""
    return _sign(organisation_id, PartyState.OPENED, by)


def strike_off(*, organisation_id: uuid.UUID, by: Actor) -> bool:
    """Sign that the organisation is no party any more; whether it holds now. From then on it is sealed nothing, and
    its people cannot sign in: whoever of the Responsible Authority agrees is told if it holds cases. Raises as
    `open_party`."""
    return _sign(organisation_id, PartyState.STRUCK_OFF, by)


def suspend(*, organisation_id: uuid.UUID, by: Actor) -> bool:
    """Sign as a duty officer that the organisation takes no part for 72 hours; whether it holds now, which takes two of
    them. Who waits for its answer is asked of the next (`organisations.pass_over`). Raises as `open_party`."""
    return _sign(organisation_id, PartyState.SUSPENDED, by, Permission.REFERRAL_DIRECT)


def resume(*, organisation_id: uuid.UUID, by: Actor) -> bool:
    """Sign as a duty officer that a suspended organisation takes part again before the 72 hours are over; whether it
    holds now, which takes two of them, or one and the coordinator. Raises as `open_party`."""
    return _sign(organisation_id, PartyState.OPENED, by, Permission.REFERRAL_DIRECT)


def _sign(
    organisation_id: uuid.UUID, state: PartyState, by: Actor, permission: Permission = Permission.AGREEMENT_MANAGE
) -> bool:
    by.must(permission)
    with transaction() as session:
        organisation = session.get(
            Organisation, organisation_id, with_for_update={"key_share": True}, populate_existing=True
        )
        if organisation is None or not organisation.party:
            raise NotVisible
        try:
            known = log.state(session).organisations.get(organisation.id)
            if known is None:
                raise PartyRefused(PartyRefusal.NOT_FOUNDED)
            agreement = _in_force()
            suspended = known.takes_no_part(hour_of(clock.now()))
            _check(organisation, state)
            body = Party(organisation.id, state, _digest(agreement))
            waits = log.proposal_of(log.state(session), EntryKind.PARTY, body)
            if state is PartyState.SUSPENDED or permission is Permission.REFERRAL_DIRECT:
                said = suspended is (state is PartyState.SUSPENDED)
            else:
                said = not suspended and (known.party_state, known.party_agreement) == (state, body.agreement)
            if said or (waits is not None and by.member_id in waits.signers):
                raise PartyRefused(PartyRefusal.SAID)
            now = log.state(session)
            if waits is not None and proposal_rows.is_for_older(now, waits, by.member_id, hour_of(clock.now())):
                raise PartyRefused(PartyRefusal.NEW)
            holds, _ = log.sign_or_agree(session, EntryKind.PARTY, body, by=by)
        except EntryRefused:
            raise PartyRefused(PartyRefusal.SAID) from None
        except log.LogWrong:
            raise keyrings.Disagrees from None
        event = audit.Event.KEY_LOG_AGREED if holds else audit.Event.KEY_LOG_PROPOSED
        audit.append(session, event, by=by, kind=EntryKind.PARTY)
    return holds


def _in_force() -> Agreement:
    return country().in_force(clock.now())


def _check(organisation: Organisation, state: PartyState) -> None:
    today = clock.today(country().timezone)
    if state is PartyState.SUSPENDED:
        if organisation.kind == OrganisationKind.RESPONSIBLE_AUTHORITY:
            raise PartyRefused(PartyRefusal.DESK)
        return
    bound = country().binds(organisation.party, today)
    if state is PartyState.OPENED:
        if not bound:
            raise PartyRefused(PartyRefusal.NOT_BOUND)
        return
    later = any(
        organisation.party in each.parties and each.parties[organisation.party].in_force(each.starts_on)
        for each in country().agreements
        if each.starts_on > today
    )
    if bound or later:
        raise PartyRefused(PartyRefusal.STILL_BOUND)


def _digest(agreement: Agreement) -> bytes:
    """SHA-256 of the text of the version: of the row that the parties signed, else of the country's file."""
    text = agreement_version_rows.text_of(agreement.version) or text_of_file(country(), agreement.version)
    return bytes.fromhex(vault.digest(text))
