"""The steps of a version of the agreement: approved, opened, signed, withdrawn (ADR 0021)."""

from __future__ import annotations

import tomllib
import uuid
from collections.abc import Collection, Mapping
from datetime import date
from typing import cast

from flask import current_app
from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from nrm import audit, clock
from nrm.db import transaction
from nrm.domain.accounts.accounts import PERMISSIONS, Actor, NotVisible, Permission
from nrm.domain.agreement.agreement_versions import (
    SIGNERS,
    IllegalVersionStep,
    VersionEvent,
    VersionStatus,
    VersionStepRefusal,
    check_approval,
    check_reason,
    check_simulated,
    check_withdrawal,
    decide,
    is_complete,
    signing_parties,
)
from nrm.domain.agreement.agreements import Agreement
from nrm.models.accounts.accounts import Organisation
from nrm.models.agreement.agreements import (
    AcceptedWeakening,
    AgreementSignature,
    AgreementVersion,
    AgreementWithdrawal,
)
from nrm.steps.accounts import organisations as organisation_steps
from nrm.steps.agreement import known_versions, version_studies
from nrm.store import names as organisation_names
from nrm.store.agreement import agreement_versions as store
from nrm.store.countries import country
from nrm.store.rows.accounts import occasions as occasion_rows
from nrm.store.rows.agreement import agreement_versions as agreement_version_rows
from nrm.vault import agreements as vault

_STOPS = "nrm.agreements.stops"


def approve(*, version: str, on: date, note: str, by: Actor, read: str = "") -> None:
    """Record that the Minister of State approved the text, which was simulated before (`not_simulated`). `read`: the
    digest of the text that was shown, where it is known.

    Raises IllegalVersionStep, ApprovalRefused, NotVisible.
    """
    known_versions.refresh()
    with transaction() as session:
        row = _to_change(version, VersionEvent.APPROVE, by)
        known_versions.check_read(row, read)
        check_simulated(
            row.simulation, vault.digest(row.text), numbers_alone=version_studies.found_in(row).numbers_alone
        )
        version_studies.check_newest(row)
        version_studies.check_all_accepted(row)
        zone = country().timezone
        check_approval(on, note, proposed=clock.day_of(row.proposed_at, zone), today=clock.today(zone))
        row.approved_on, row.approval_note, row.approved_by = on, note.strip(), by.member_id
        _moved(session, row, VersionEvent.APPROVE, audit.Event.AGREEMENT_APPROVED, by)


def accept_weakening(*, version: str, number: str, reason: str, by: Actor, read: str = "") -> None:
    """Accept that a version which is not open yet weakens the safeguard of that number, or say better why.

    `read`: the digest of the text that was shown, where it is known.

    Raises NotVisible (also where it weakens no such one), IllegalVersionStep, WeakeningRefused.
    """
    by.must(Permission.AGREEMENT_MANAGE)
    assert by.member_id is not None
    known_versions.refresh()
    with transaction() as session:
        row = store.version(version, by=by, lock=True)
        vault.check_version(row)
        if row.status not in (VersionStatus.PROPOSED, VersionStatus.APPROVED):
            raise IllegalVersionStep(VersionStepRefusal.STATE)
        known_versions.check_read(row, read)
        if number not in version_studies.found_in(row).weakened:
            raise NotVisible
        given = [each for each, _ in version_studies.accepted_in(row)]
        check_reason(reason, (each.reason for each in given if each.number != number))
        # A reason that is put right, and one from before another text was signed, give way; the chain has them.
        stale = delete(AcceptedWeakening).where(AcceptedWeakening.version_id == row.id)
        session.execute(stale.where(AcceptedWeakening.number == number))
        accepted = AcceptedWeakening(
            id=uuid.uuid4(), version_id=row.id, number=number, reason=reason.strip(), by_id=by.member_id, at=clock.now()
        )
        vault.mark_weakening(row, accepted)
        session.add(accepted)
        session.flush()
        known_versions.record(session, audit.Event.AGREEMENT_WEAKENING_ACCEPTED, row, by)


def open_for_signature(*, version: str, by: Actor) -> None:
    """Let the parties sign. A party that has no organisation here yet gets one, so that its people can be invited.

    Raises IllegalVersionStep, NotVisible.
    """
    known_versions.refresh()
    with transaction() as session:
        row = _to_change(version, VersionEvent.OPEN, by)
        version_studies.check_newest(row)
        version_studies.check_all_accepted(row)
        row.opened_at = clock.now()
        _found_parties(session, known_versions.parsed(row.text, row.version, country()), by)
        _moved(session, row, VersionEvent.OPEN, audit.Event.AGREEMENT_OPENED, by)
    known_versions.refresh()


def _found_parties(session: Session, agreement: Agreement, by: Actor) -> None:
    """An organisation for each party that has none: who is to sign has to be there first. One that went with a text
    that was withdrawn comes back."""
    here = agreement_version_rows.parties_here()
    for code in signing_parties(agreement):
        if code not in here:
            party = agreement.parties[code]
            gone = session.scalar(select(Organisation).where(Organisation.code == code))
            if gone is not None:
                gone.party = code
                session.flush()
                organisation_steps.let_in(session, gone.id, by)
                continue
            session.add(
                Organisation(
                    id=uuid.uuid4(),
                    code=code,
                    kind=str(party.kind),
                    party=code,
                    names=dict(party.names),
                    telephone=party.on_call,
                )
            )
    session.flush()


def only_of(version: str, *, by: Actor) -> list[Organisation]:
    """The organisations that this text alone made: no other text that was signed or is open names their party. Raises
    NotVisible, CannotOpen."""
    by.must(Permission.AGREEMENT_MANAGE)
    row = store.version(version, by=by)
    vault.check_version(row)
    return _only_of(row) if row.status == VersionStatus.OPEN else []


def _only_of(row: AgreementVersion) -> list[Organisation]:
    named = {code for text in agreement_version_rows.other_texts(row.id) for code in _codes(text)}
    agreement = known_versions.parsed(row.text, row.version, country())
    codes = {code for code in signing_parties(agreement) if country().is_proposed(code)} - named
    return [each for each in agreement_version_rows.acting_for(codes) if each.code not in country().organisations]


def _codes(text: str) -> set[str]:
    return {str(party.get("code")) for party in tomllib.loads(text).get("party", ())}


def _leave_nothing(session: Session, row: AgreementVersion, by: Actor) -> None:
    """Remove what the text alone made. An organisation of which somebody was invited stays as a row, for what its
    people did is recorded; it is no party any more, and they cannot sign in (ADR 0148)."""
    for organisation in _only_of(row):
        if agreement_version_rows.has_people(organisation.id) or not _removed(session, organisation):
            organisation_steps.take_out(session, organisation.id, by, reason="withdrawn")
            organisation.party = ""
            session.flush()


def _removed(session: Session, organisation: Organisation) -> bool:
    """Whether the row could go: something that was recorded may name it."""
    try:
        with session.begin_nested():
            session.delete(organisation)
            session.flush()
    except IntegrityError:
        return False
    return True


def withdraw(*, version: str, reason: str, by: Actor) -> None:
    """Give up a version that does not bind anybody yet. Who has signed it is told on the home page; organisations that
    it alone made are parties no more.

    Raises IllegalVersionStep, NotVisible, WithdrawalRefused.
    """
    assert by.member_id is not None or not by.may(Permission.AGREEMENT_MANAGE)
    with transaction() as session:
        row = _to_change(version, VersionEvent.WITHDRAW, by)
        check_withdrawal(reason)
        if row.status == VersionStatus.OPEN:
            _leave_nothing(session, row, by)
        withdrawal = AgreementWithdrawal(
            id=uuid.uuid4(),
            version_id=row.id,
            reason=reason.strip(),
            by_id=cast(uuid.UUID, by.member_id),
            at=clock.now(),
        )
        vault.mark_withdrawal(row, withdrawal)
        session.add(withdrawal)
        _moved(session, row, VersionEvent.WITHDRAW, audit.Event.AGREEMENT_WITHDRAWN, by)
    known_versions.refresh()


def sign(*, version: str, read: str, by: Actor) -> None:
    """Sign for one's party the text whose digest is `read`. The second signature of the last party completes it.

    Raises IllegalVersionStep (also if this person or two of the party have signed already, the person is new in a party
    of others, or another text was signed since this one was begun), NotVisible, CannotOpen.
    """
    by.must(Permission.AGREEMENT_SIGN)
    with transaction() as session:
        # Of two texts that are completed at once one waits, and sees the other.
        agreement_version_rows.lock_binding(session)
        row = store.version(version, by=by, lock=True)
        vault.check_version(row)
        if row.status == VersionStatus.OPEN:
            known_versions.refresh()
            version_studies.check_newest(row)
        agreement = known_versions.parsed(row.text, row.version, country())
        party = organisation_names.party_of(by.organisation_id)
        if party not in signing_parties(agreement):
            raise NotVisible
        decide(VersionStatus(row.status), VersionEvent.SIGN)
        if vault.digest(row.text) != read:
            raise IllegalVersionStep(VersionStepRefusal.CHANGED)
        given = list(agreement_version_rows.signatures(row.id))
        place = _place(given, party, by)
        _check_seasoned(party, {each.member_id for each in given if each.party == party}, by)
        signature = vault.sign(row, party=party, place=place, at=clock.now(), by=by)
        session.add(signature)
        session.flush()
        audit.append(
            session, audit.Event.AGREEMENT_SIGNED, by=by, version_id=row.id, party=party, digest=vault.digest(row.text)
        )
        complete = is_complete(agreement, known_versions.sound_signatures(row, [*given, signature], agreement))
        if complete and row.status == VersionStatus.OPEN:
            row.study = {**row.study, "against": version_studies.place_taken_by(row).version}
            row.status = str(decide(VersionStatus.OPEN, VersionEvent.COMPLETE))
            vault.mark_version(row)
    known_versions.refresh()


def _check_seasoned(party: str, signed: Collection[uuid.UUID | None], by: Actor) -> None:
    """Raise IllegalVersionStep where the actor was let in lately, and leaves the signing for the party, of whom
    `signed` have signed, to those who were there before.

    Who lets in two accounts of one night must not bind a whole police by them. A party of which fewer than two people
    have been there for 14 days, such as a new one, is signed for by whoever is there; but the last signature is of
    nobody new while one who was there before has not signed.
    """
    assert by.member_id is not None
    if occasion_rows.is_seasoned(by.member_id):
        return
    roles = [role for role, allowed in PERMISSIONS.items() if Permission.AGREEMENT_SIGN in allowed]
    if occasion_rows.number_seasoned(party, roles, most=SIGNERS) >= SIGNERS:
        raise IllegalVersionStep(VersionStepRefusal.NEWCOMER)
    last = len(signed) + 1 >= SIGNERS
    if last and occasion_rows.number_seasoned(party, roles, most=1, besides=signed):
        raise IllegalVersionStep(VersionStepRefusal.SEASONED_FIRST)


def _newcomer_refusal(party: str, signed: Collection[uuid.UUID | None], by: Actor) -> VersionStepRefusal | None:
    try:
        _check_seasoned(party, signed, by)
    except IllegalVersionStep as error:
        return error.reason
    return None


def _place(given: list[AgreementSignature], party: str, by: Actor) -> int:
    if any(each.member_id == by.member_id for each in given):
        raise IllegalVersionStep(VersionStepRefusal.SIGNED)
    taken = [each.place for each in given if each.party == party]
    if len(taken) >= SIGNERS:
        raise IllegalVersionStep(VersionStepRefusal.COMPLETE)
    return 2 if 1 in taken else 1


def parties_to_sign() -> set[str]:
    """The parties of whom somebody has to sign a version of the agreement; it needs no key."""
    known_versions.refresh_if_due()
    waiting = known_versions.known().waiting
    if not waiting:
        return set()
    replaced = {row.version for row, _ in agreement_version_rows.binding() if _is_replaced(row)}
    return agreement_version_rows.unsigned({each: waiting[each] for each in waiting if each not in replaced})


def why_not_to_sign(version: str, *, by: Actor) -> VersionStepRefusal:
    """Why `waits_for` does not have a version for this person. Raises NotVisible."""
    row = store.version(version, by=by)
    if row.status not in (VersionStatus.OPEN, VersionStatus.SIGNED):
        return VersionStepRefusal.STATE
    party, signed = store.signed_by_party([version], by=by)
    members = signed.get(version, set())
    if by.member_id in members:
        return VersionStepRefusal.SIGNED
    if len(members) >= SIGNERS:
        return VersionStepRefusal.COMPLETE
    if _is_replaced(row):
        return VersionStepRefusal.REPLACED
    return _newcomer_refusal(party, members, by) or VersionStepRefusal.STATE


def _stops(version: str, by: Actor) -> bool:
    """`_is_replaced`, found once for as long as this process knows the same versions: every home page asks it."""
    known = known_versions.known()
    held, found = current_app.extensions.get(_STOPS, (None, {}))
    if held is not known:
        found = {}
        current_app.extensions[_STOPS] = (known, found)
    if version not in found:
        found[version] = _is_replaced(store.version(version, by=by))
    return bool(found[version])


def _is_replaced(row: AgreementVersion) -> bool:
    """Whether another text was signed since an open one was written, so that nobody can sign it as it is."""
    try:
        version_studies.check_newest(row)
    except IllegalVersionStep:
        return row.status == VersionStatus.OPEN
    return False


def proposer_of(version: str, *, by: Actor) -> tuple[Mapping[str, str], str]:
    """(the names of the organisation that proposed a version, its code): whom to call. Raises NotVisible."""
    return agreement_version_rows.proposer(store.version(version, by=by).proposed_by)


def waits_for(*, by: Actor) -> list[str]:
    """The versions that wait for this person's signature: open to their party, not signed by two of it or by them, and
    written from the text whose place they take."""
    waiting = known_versions.known().waiting
    if not waiting or not by.may(Permission.AGREEMENT_SIGN):
        return []
    party, signed = store.signed_by_party(waiting, by=by)
    return [
        version
        for version, members in signed.items()
        if party in waiting[version] and len(members) < SIGNERS and by.member_id not in members
        if _newcomer_refusal(party, members, by) is None and not _stops(version, by)
    ]


def _to_change(version: str, event: VersionEvent, by: Actor) -> AgreementVersion:
    """The locked row, as this program wrote it, in a state in which the event is allowed; raises otherwise."""
    by.must(Permission.AGREEMENT_MANAGE)
    row = store.version(version, by=by, lock=True)
    vault.check_version(row)
    decide(VersionStatus(row.status), event)
    return row


def _moved(session: Session, row: AgreementVersion, event: VersionEvent, recorded: audit.Event, by: Actor) -> None:
    row.status = str(decide(VersionStatus(row.status), event))
    vault.mark_version(row)
    session.flush()
    known_versions.record(session, recorded, row, by)
