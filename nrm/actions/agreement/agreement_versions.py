"""Versions of the agreement in the instance: proposing, approving, signing, and taking them in (ADR 0021).

Each process reads once a minute from the database what is in force; the process that changed it reads it at once. A
text, a state or a signature that this program did not write as it is now is left out and reported; then the version
before it stays in force.
"""

from __future__ import annotations

import tomllib
import uuid
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from threading import Lock
from time import monotonic
from typing import Any, cast

from flask import current_app, g
from sqlalchemy import delete, select
from sqlalchemy.exc import DatabaseError, IntegrityError
from sqlalchemy.orm import Session

from nrm import audit, clock
from nrm.countries import Country, CountryError, accepted, draft_of, text_of_file
from nrm.db import transaction
from nrm.domain.accounts.accounts import PERMISSIONS, Actor, NotVisible, OrganisationKind, Permission
from nrm.domain.agreement import agreement_drafts
from nrm.domain.agreement.agreement_changes import Study, studied, study
from nrm.domain.agreement.agreement_versions import (
    LONGEST_TEXT,
    NAME,
    SIGNERS,
    IllegalVersionStep,
    Signed,
    VersionEvent,
    VersionStatus,
    VersionStepRefusal,
    as_signed,
    check_accepted,
    check_approval,
    check_reason,
    check_revisable,
    check_simulated,
    check_withdrawal,
    completed_at,
    decide,
    is_complete,
    place_taken,
    signing_parties,
)
from nrm.domain.agreement.agreements import ASKED_BY_KIND, Agreement
from nrm.domain.agreement.deceiving import deceiving, steps_of, unknown_steps
from nrm.domain.agreement.fact_diagrams import TooManyClasses
from nrm.domain.look_alikes import skeleton
from nrm.models.accounts.accounts import Organisation
from nrm.models.agreement.agreements import (
    AcceptedWeakening,
    AgreementSignature,
    AgreementVersion,
    AgreementWithdrawal,
    WithdrawalRead,
)
from nrm.steps import countries as country_steps
from nrm.steps.accounts import organisations as organisation_steps
from nrm.store import names as organisation_names
from nrm.store.agreement import agreement_versions as store
from nrm.store.countries import country
from nrm.store.rows.accounts import occasions as occasion_rows
from nrm.store.rows.agreement import agreement_versions as agreement_version_rows
from nrm.vault import agreements as vault
from nrm.vault.agreements import CannotOpen

EVERY_SECONDS = 60
_TAKING_IN = Lock()
"""Held while the rows are read and taken in: what was read before cannot replace what was read after it."""
COUNTRY, SHIPPED, KNOWN, DUE = "nrm.country", "nrm.country.shipped", "nrm.agreements", "nrm.agreements.due"
STUDIES = "nrm.agreements.studies"
FILES_READ = "nrm.country.digest"
"""The digest of the country's version in force; empty for the folder's files."""
MOST_STUDIES = 8
"""How many comparisons a process keeps."""


class Unusable(Exception):
    """The document, or what was entered about it, cannot be used: `field` of the form, `what` to do (`KEY: reason`)."""

    def __init__(self, what: str) -> None:
        super().__init__(what)
        self.what = what


@dataclass(frozen=True, slots=True)
class Known:
    """What this process knows: what it read, the versions that wait for signatures, those left out as changed."""

    read: tuple[object, ...]
    waiting: Mapping[str, frozenset[str]]  # version -> the parties that sign it
    refused: tuple[str, ...]
    untold: frozenset[uuid.UUID] = frozenset()  # who signed a version that was withdrawn, and has not read that


NOTHING_KNOWN = Known((), {}, ())


def known() -> Known:
    """What this process read last."""
    return cast(Known, current_app.extensions.get(KNOWN, NOTHING_KNOWN))


def refresh_if_due() -> None:
    """Take in, once a minute, what other processes changed."""
    if monotonic() >= current_app.extensions.get(DUE, 0.0):
        refresh()


def refresh() -> None:
    """Read the versions and make them part of the country of this process. Before the tables exist: nothing."""
    with _TAKING_IN:
        _read_and_take_in()


def _refresh_once() -> None:
    """Read once in each request: another process may have seen the last signature of a text within the last minute."""
    if not g.get("agreements_read", False):
        g.agreements_read = True
        refresh()


def _read_and_take_in() -> None:
    extensions = current_app.extensions
    extensions.setdefault(country_steps.FILES, extensions[COUNTRY])
    extensions[DUE] = monotonic() + EVERY_SECONDS
    try:
        base = country_steps.in_force()
    except DatabaseError:
        return  # what is known stays
    shipped = extensions[SHIPPED] = base.country
    extensions[FILES_READ] = base.line.digest if base.line else ""
    extensions[DUE] = monotonic() + min(EVERY_SECONDS, _until_tomorrow(shipped) + 0.1)
    try:
        rows, untold = agreement_version_rows.binding(), agreement_version_rows.untold()
    except DatabaseError:
        return
    versions_read = tuple((_columns(row), tuple(map(_columns, given))) for row, given in rows)
    read = (extensions[FILES_READ], untold, *versions_read)
    if read == known().read:
        return
    versions, refused = [], []
    waiting: dict[str, frozenset[str]] = {}
    for row, given in rows:
        bound = _taken_in(row, given, shipped)
        if row.status == VersionStatus.OPEN and bound is not None:
            waiting[row.version] = frozenset(signing_parties(_parsed(row.text, row.version, shipped)))
        elif isinstance(bound, Agreement):
            versions.append(bound)
            if _somebody_joins(bound):
                waiting[row.version] = frozenset(signing_parties(bound))
        else:
            current_app.logger.error("version %s of the agreement was changed by another hand: left out", row.version)
            refused.append(row.version)
    extensions[COUNTRY] = shipped.with_versions(versions)
    extensions[KNOWN] = Known(read, waiting, tuple(refused), untold)


def _until_tomorrow(there: Country) -> float:
    """Seconds until the next day begins on the country's clocks."""
    now = clock.now().astimezone(there.timezone)
    tomorrow = datetime.combine(clock.today(there.timezone) + timedelta(days=1), time(), there.timezone)
    return (tomorrow.astimezone(UTC) - now).total_seconds()


def _columns(row: AgreementVersion | AgreementSignature) -> tuple[object, ...]:
    """All columns of a row, except the results of simulations, which bind nobody; of what was found in a version, from
    which text it was written."""
    names = (column.key for column in row.__table__.columns if column.key not in ("study", "simulation"))
    base = (row.study.get("base"),) if isinstance(row, AgreementVersion) else ()
    return (*(getattr(row, name) for name in names), *base)


def _taken_in(row: AgreementVersion, given: list[AgreementSignature], shipped: Country) -> Agreement | bool | None:
    """The signed version as it binds; True for a version that is open; None when something in it was changed."""
    try:
        vault.check_version(row)
        agreement = _parsed(row.text, row.version, shipped)
        sound = _sound(row, given, agreement)
    except (CannotOpen, CountryError):
        return None
    return True if row.status == VersionStatus.OPEN else as_signed(agreement, sound)


def _sound(row: AgreementVersion, given: list[AgreementSignature], agreement: Agreement) -> list[Signed]:
    """The valid signatures. One that is not valid was not written by this program, and does not count."""
    sound = []
    for each in given:
        try:
            vault.check_signature(row, each)
        except CannotOpen:
            current_app.logger.error("a signature under version %s was changed by another hand", row.version)
            continue
        sound.append(Signed(each.party, agreement.day(each.signed_at)))
    return sound


def _somebody_joins(agreement: Agreement) -> bool:
    return any(agreement.parties[code].signed_on is None for code in signing_parties(agreement))


@lru_cache(maxsize=32)
def _parse(text: str, name: str, files: tuple[str, str]) -> Agreement:  # noqa: ARG001 - a part of the key
    return accepted(text, cast(Country, current_app.extensions[SHIPPED]), name)


def _parsed(text: str, name: str, shipped: Country) -> Agreement:
    return _parse(text, name, (shipped.code, current_app.extensions[FILES_READ]))


def document(version: str, *, by: Actor) -> Agreement:
    """The text of a version, in force or not. Raises NotVisible, and CannotOpen when another program changed it."""
    if not by.may(Permission.AGREEMENT_READ):
        raise NotVisible
    try:
        return country().agreement(version)
    except KeyError:
        row = store.version(version, by=by)
        vault.check_version(row)
        return _parsed(row.text, row.version, country())


def study_of(version: str, *, by: Actor) -> Study:
    """What the checks and the comparison find in a version now, from its text and not from what was kept about it.

    Raises NotVisible, CannotOpen, TooManyClasses. Tenths of a second for the first who asks.
    """
    row = store.version(version, by=by)
    vault.check_version(row)
    _refresh_once()
    return _study(row)


@dataclass(frozen=True, slots=True)
class Origin:
    """From which text one was written that is not signed yet, whose place it takes, and which one that is signed takes
    its place on a later day. `number`: of the safeguard under which it is accepted that the first two differ, empty
    where the country has none. `may_begin`: whether the reader writes texts."""

    base: str
    newest: Agreement
    next: Agreement | None
    number: str
    accepted: bool
    may_begin: bool

    @property
    def is_replaced(self) -> bool:
        """Whether another text was signed since this one was begun."""
        return self.newest.version != self.base

    @property
    def stops(self) -> bool:
        """Whether it can be neither approved nor opened nor signed as it is."""
        return self.is_replaced and not self.accepted


def origin(version: str, *, by: Actor) -> Origin | None:
    """None for a version that is signed or withdrawn, and for a text of the country's data. Raises CannotOpen."""
    try:
        row = store.version(version, by=by)
    except NotVisible:
        return None
    return _origin(row, by)


def origins(*, by: Actor) -> dict[str, Origin]:
    """As `origin`, of every version that has one; one that another program changed has none."""
    found: dict[str, Origin] = {}
    for row in store.versions(by=by):
        with suppress(CannotOpen):
            its = _origin(row, by)
            if its is not None:
                found[row.version] = its
    return found


def _origin(row: AgreementVersion, by: Actor) -> Origin | None:
    if row.status not in (VersionStatus.PROPOSED, VersionStatus.APPROVED, VersionStatus.OPEN):
        return None
    vault.check_version(row)
    _refresh_once()
    starts_on = _parsed(row.text, row.version, country()).starts_on
    later = [each for each in country().agreements if each.starts_on > starts_on]
    return Origin(
        _base(row),
        _against(row),
        later[0] if later else None,
        min(country().safeguards.of_newest_text, default=""),
        _is_accepted_as_replaced(row),
        by.may(Permission.AGREEMENT_MANAGE),
    )


def _is_accepted_as_replaced(row: AgreementVersion) -> bool:
    valid = {each.number for each, _ in _accepted(row) if vault.is_weakening(row, each)}
    return bool(country().safeguards.of_newest_text & valid)


def _check_newest(row: AgreementVersion) -> None:
    """Raise IllegalVersionStep where the text that it was written from was replaced, and nobody went on knowingly."""
    if _against(row).version != _base(row) and not _is_accepted_as_replaced(row):
        raise IllegalVersionStep(VersionStepRefusal.REPLACED)


def must_be_tried(version: str, *, by: Actor) -> bool:
    """Whether a version has to be tried before it can be approved, and was not. Raises NotVisible, CannotOpen."""
    row = store.version(version, by=by)
    vault.check_version(row)
    return row.simulation is None and not _study(row).numbers_alone


def untried(*, by: Actor) -> set[str]:
    """The proposals that must be tried before they can be approved; one that another program changed is among them."""

    def must(row: AgreementVersion) -> bool:
        try:
            return must_be_tried(row.version, by=by)
        except CannotOpen:
            return True

    return {row.version for row in store.versions(by=by) if row.status == VersionStatus.PROPOSED and must(row)}


def texts_compared(version: str, *, by: Actor) -> tuple[Agreement, Agreement]:
    """The text whose place a version takes, and its own, both as they are written and not as signatures bind them.

    Raises NotVisible, CannotOpen, TooManyClasses.
    """
    row = store.version(version, by=by)
    vault.check_version(row)
    _refresh_once()
    against = _study(row).against
    try:
        before = store.version(against.version, by=by)
        vault.check_version(before)
        against = _parsed(before.text, before.version, country())
    except NotVisible:
        pass  # it came with the country's data
    return against, _parsed(row.text, row.version, country())


def _study(row: AgreementVersion) -> Study:
    """Compared with the text whose place it takes: another may have been signed since it was proposed. Once it is
    signed itself or withdrawn, with the version that it was compared with, if that is known here."""
    against, base = _against(row), _base(row)
    kept = cast(dict[tuple[str, str, str, str], Study], current_app.extensions.setdefault(STUDIES, {}))
    key = (row.text, against.version, base, repr(country().safeguards))
    if key not in kept:
        if len(kept) >= MOST_STUDIES:
            kept.clear()
        kept[key] = studied(against, _parsed(row.text, row.version, country()), country().safeguards, base)
    return kept[key]


def _against(row: AgreementVersion) -> Agreement:
    known = {each.version: each for each in country().agreements if each.version != row.version}
    is_over = row.status in (VersionStatus.SIGNED, VersionStatus.WITHDRAWN)
    then = known.get(row.study["against"]) if is_over else None
    return then or _before(_parsed(row.text, row.version, country()).starts_on, row.version)


def _base(row: AgreementVersion) -> str:
    """The name of the text that a version was written from. Where that was not kept: the one it was compared with."""
    return str(row.study.get("base") or row.study["against"])


def _before(starts_on: date, version: str = "") -> Agreement:
    """The text whose place one takes that begins on that day: in force, or signed and waiting for its day."""
    here = country()
    others = [each for each in here.agreements if each.version != version] or [*here.agreements]
    return place_taken(others, starts_on, clock.today(here.timezone))


@dataclass(frozen=True, slots=True)
class AcceptedLine:
    """A weakening that was accepted; not `sound`: another program changed the row, and nothing in it is believed."""

    number: str
    reason: str
    name: str
    at: datetime
    sound: bool


def accepted_of(version: str, *, by: Actor) -> list[AcceptedLine]:
    """The weakenings of a version that were accepted, and why. Raises NotVisible."""
    row = store.version(version, by=by)
    return [
        AcceptedLine(each.number, each.reason, name, each.at, vault.is_weakening(row, each))
        for each, name in _accepted(row)
    ]


def _accepted(row: AgreementVersion) -> list[tuple[AcceptedWeakening, str]]:
    """What was accepted of a version, and by whom. Where the text that it was written from was replaced, what was
    accepted before that was a weakening beside another text, and counts no more."""
    given = agreement_version_rows.accepted_weakenings(row.id)
    since = None if (newest := _against(row)).version == _base(row) else _completed_at(newest.version)
    return [(each, name) for each, name in given if since is None or each.at > since]


def _completed_at(version: str) -> datetime | None:
    """When the last signature was given that a version needed; None for one that came with the country's data."""
    for row, given in agreement_version_rows.binding():
        if row.version == version:
            agreement = _parsed(row.text, row.version, country())
            return completed_at(agreement, [(each.party, each.signed_at) for each in given])
    return None


def accept_weakening(*, version: str, number: str, reason: str, by: Actor) -> None:
    """Accept that a version which is not open yet weakens the safeguard of that number.

    Raises NotVisible (also where it weakens no such one), IllegalVersionStep, WeakeningRefused.
    """
    by.must(Permission.AGREEMENT_MANAGE)
    assert by.member_id is not None
    refresh()
    with transaction() as session:
        row = store.version(version, by=by, lock=True)
        vault.check_version(row)
        if row.status not in (VersionStatus.PROPOSED, VersionStatus.APPROVED):
            raise IllegalVersionStep(VersionStepRefusal.STATE)
        if number not in _study(row).weakened:
            raise NotVisible
        given = [each for each, _ in _accepted(row)]
        if any(each.number == number for each in given):
            raise IllegalVersionStep(VersionStepRefusal.ACCEPTED)
        check_reason(reason, (each.reason for each in given))
        # One from before another text was signed gives way; the chain has it.
        stale = delete(AcceptedWeakening).where(AcceptedWeakening.version_id == row.id)
        session.execute(stale.where(AcceptedWeakening.number == number))
        accepted = AcceptedWeakening(
            id=uuid.uuid4(), version_id=row.id, number=number, reason=reason.strip(), by_id=by.member_id, at=clock.now()
        )
        vault.mark_weakening(row, accepted)
        session.add(accepted)
        session.flush()
        _record(session, audit.Event.AGREEMENT_WEAKENING_ACCEPTED, row, by)


def text_of(version: str, *, by: Actor) -> str:
    """The exact text of a version, from the country's data or the instance. Raises NotVisible, CannotOpen."""
    document(version, by=by)
    try:
        row = store.version(version, by=by)
    except NotVisible:
        return text_of_file(country(), version)
    vault.check_version(row)
    return row.text


def digest_of(version: str, *, by: Actor) -> str:
    """What a signature covers, in hexadecimal. Raises NotVisible."""
    return vault.digest(text_of(version, by=by))


def propose(*, text: str, by: Actor, base: str = "") -> str:
    """Check a text and keep it as a proposal; its version. `base`: the text that it was written from, else the one
    whose place it takes. Raises Unusable, parsing.BeyondLimits. Takes a second."""
    by.must(Permission.AGREEMENT_MANAGE)
    assert by.member_id is not None
    refresh()  # another process may have seen the last signature of a text within the last minute
    text = text.replace("\r\n", "\n")
    agreement = _usable(text)
    found = _studied(agreement, base)
    row = AgreementVersion(
        id=uuid.uuid4(),
        version=agreement.version,
        text=text,
        status=str(VersionStatus.PROPOSED),
        study=found,
        proposed_at=clock.now(),
        proposed_by=by.member_id,
        approval_note="",
    )
    vault.mark_version(row)
    try:
        with transaction() as session:
            session.add(row)
            session.flush()
            _record(session, audit.Event.AGREEMENT_PROPOSED, row, by)
    except IntegrityError:
        raise Unusable(f"version: `{agreement.version}` is the name of another version") from None
    return agreement.version


def begin(*, version: str, starts_on: date, by: Actor, withdrawn: str = "") -> str:
    """Propose the text that is in force on the day before, signed and waiting for its day or not, or that of a version
    that was `withdrawn`, under another name from that day on, to be changed by `revise`; its version.

    Raises Unusable, and for a version that was withdrawn NotVisible, CannotOpen, IllegalVersionStep.
    """
    by.must(Permission.AGREEMENT_MANAGE)
    if withdrawn:
        row = store.version(withdrawn, by=by)
        vault.check_version(row)
        if row.status != VersionStatus.WITHDRAWN:
            raise IllegalVersionStep(VersionStepRefusal.STATE)
        text, base = row.text, _base(row)
    else:
        refresh()
        base = _before(starts_on).version
        text = agreement_version_rows.text_of(base) or text_of_file(country(), base)
    return propose(text=agreement_drafts.begun(text, version, starts_on), by=by, base=base)


def revise(*, version: str, change: Callable[[str], str], by: Actor) -> str:
    """Change the text of a proposal that was not tried yet, check it and compare it anew; its name, which may have
    changed. Takes a second.

    Raises IllegalVersionStep (also where somebody changed it meanwhile), Unusable, NotVisible, CannotOpen, and what
    `change` raises.
    """
    by.must(Permission.AGREEMENT_MANAGE)
    refresh()
    row = store.version(version, by=by)
    vault.check_version(row)
    check_revisable(VersionStatus(row.status), row.simulation)
    before = row.text
    text = change(before)
    agreement = _usable(text, own=_parsed(before, version, country()))
    found = _studied(agreement, _base(row))
    with transaction() as session:
        row = store.version(version, by=by, lock=True)
        vault.check_version(row)
        check_revisable(VersionStatus(row.status), row.simulation)
        if row.text != before:
            raise IllegalVersionStep(VersionStepRefusal.STATE)
        row.version, row.text, row.study, row.proposed_at = agreement.version, text, found, clock.now()
        row.proposed_by = cast(uuid.UUID, by.member_id)
        vault.mark_version(row)
        # What was accepted was a weakening of the text that was there.
        session.execute(delete(AcceptedWeakening).where(AcceptedWeakening.version_id == row.id))
        session.flush()
        _record(session, audit.Event.AGREEMENT_PROPOSED, row, by)
    return agreement.version


def _studied(agreement: Agreement, base: str) -> dict[str, Any]:
    try:
        return study(_before(agreement.starts_on, agreement.version), agreement, country().safeguards, base)
    except TooManyClasses:
        raise Unusable("clause: the conditions tell too many profiles apart to look at each") from None


def _usable(text: str, *, own: Agreement | None = None) -> Agreement:
    """The agreement of a text that can be kept; `own`: the draft that it changes."""
    if not text.strip():
        raise Unusable("file: is empty")
    if len(text) > LONGEST_TEXT:
        raise Unusable(f"file: is longer than {LONGEST_TEXT} characters")
    try:
        agreement = draft_of(text, cast(Country, current_app.extensions[SHIPPED]), "")
    except CountryError as error:
        raise Unusable(str(error).removeprefix(": ")) from None
    if not NAME.fullmatch(agreement.version):
        raise Unusable("version: has letters, digits, `.`, `-` and `_`, 40 at most")
    _check_name(agreement.version, own)
    for position, party in enumerate(agreement.parties.values(), start=1):
        if not party.kind.holds_keys and party.kind is not OrganisationKind.COALITION:
            raise Unusable(f"party[{position}].kind: a {party.kind} holds no key and cannot be a party")
    _check_kinds(agreement)
    known = {step for each in country().agreements for _, step in steps_of(each)}
    for key, reason in [*deceiving(agreement), *unknown_steps(agreement, known)]:
        raise Unusable(f"{key}: {reason}")
    _check_days(agreement, own)
    return agreement


def _check_name(version: str, own: Agreement | None) -> None:
    """A name is given once: whoever read it on paper, in a letter or in the chain knows which text it was."""
    if own is not None and version == own.version:
        return
    others = {each.version for each in country().agreements} | {*agreement_version_rows.names()}
    for other in sorted(others - {own.version if own is not None else ""}):
        if other == version:
            raise Unusable(f"version: `{version}` is the name of another version")
        if skeleton(other) == skeleton(version):
            raise Unusable(f"version: `{version}` looks like `{other}`, the name of another version")


def _check_days(agreement: Agreement, own: Agreement | None) -> None:
    """No day that is over, but those that the draft, or the text whose place it takes, has already. So no text begins
    before the one in force."""
    today = clock.today(country().timezone)
    if agreement.starts_on < today and (own is None or agreement.starts_on != own.starts_on):
        raise Unusable(f"from: {agreement.starts_on} is over; choose today or a later day")
    before = _before(agreement.starts_on, agreement.version)
    for position, party in enumerate(agreement.parties.values(), start=1):
        known = {each.parties[party.code].until for each in (before, own) if each and party.code in each.parties}
        if party.until is not None and party.until < today and party.until not in known:
            raise Unusable(f"party[{position}].until: {party.until} is over; choose today or a later day")


def _check_kinds(agreement: Agreement) -> None:
    """A party stays what its organisation is; and who is asked by its kind alone does not come by a text, which nobody
    has signed when the organisation is made."""
    here = agreement_version_rows.kinds_here()
    for position, party in enumerate(agreement.parties.values(), start=1):
        known = here.get(party.code)
        if known is not None and known != party.kind:
            raise Unusable(f"party[{position}].kind: {party.code} is a {known}")
        if known is None and party.kind in ASKED_BY_KIND and country().is_proposed(party.code):
            raise Unusable(f"party[{position}].kind: a {party.kind} joins by the country's files, and not by a text")


def approve(*, version: str, on: date, note: str, by: Actor) -> None:
    """Record that the Minister of State approved the text, which was simulated before (`not_simulated`).

    Raises IllegalVersionStep, ApprovalRefused, NotVisible.
    """
    refresh()
    with transaction() as session:
        row = _to_change(version, VersionEvent.APPROVE, by)
        check_simulated(row.simulation, numbers_alone=_study(row).numbers_alone)
        _check_newest(row)
        _check_accepted(row)
        zone = country().timezone
        check_approval(on, note, proposed=clock.day_of(row.proposed_at, zone), today=clock.today(zone))
        row.approved_on, row.approval_note, row.approved_by = on, note.strip(), by.member_id
        _moved(session, row, VersionEvent.APPROVE, audit.Event.AGREEMENT_APPROVED, by)


def _check_accepted(row: AgreementVersion) -> None:
    check_accepted(_study(row).weakened, [each.number for each, _ in _accepted(row) if vault.is_weakening(row, each)])


def open_for_signature(*, version: str, by: Actor) -> None:
    """Let the parties sign. A party that has no organisation here yet gets one, so that its people can be invited.

    Raises IllegalVersionStep, NotVisible.
    """
    refresh()
    with transaction() as session:
        row = _to_change(version, VersionEvent.OPEN, by)
        _check_newest(row)
        _check_accepted(row)
        row.opened_at = clock.now()
        _found_parties(session, _parsed(row.text, row.version, country()), by)
        _moved(session, row, VersionEvent.OPEN, audit.Event.AGREEMENT_OPENED, by)
    refresh()


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
    agreement = _parsed(row.text, row.version, country())
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
    refresh()


@dataclass(frozen=True, slots=True)
class WithdrawalLine:
    """A version that was withdrawn, for somebody who had signed it; not `sound`: another program changed the row, and
    nothing in it is believed."""

    id: uuid.UUID
    version: str
    reason: str
    name: str
    organisation: Mapping[str, str]
    at: datetime
    sound: bool


def withdrawn_from(*, by: Actor) -> list[WithdrawalLine]:
    """What this person signed and was withdrawn, until they say that they have read it."""
    if by.member_id is None or by.member_id not in known().untold:
        return []
    return [
        WithdrawalLine(row.id, text.version, row.reason, name, names, row.at, vault.is_withdrawal(text, row))
        for row, text, name, names in agreement_version_rows.withdrawals_to_tell(by.member_id)
    ]


def withdrawal_of(version: str, *, by: Actor) -> WithdrawalLine | None:
    """Who withdrew a version, when and why; None where it was not. Raises NotVisible."""
    row = store.version(version, by=by)
    found = agreement_version_rows.withdrawal_of(row.id) if row.status == VersionStatus.WITHDRAWN else None
    if found is None:
        return None
    withdrawal, name, names = found
    sound = vault.is_withdrawal(row, withdrawal)
    return WithdrawalLine(withdrawal.id, row.version, withdrawal.reason, name, names, withdrawal.at, sound)


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
    refresh()


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
            refresh()
            _check_newest(row)
        agreement = _parsed(row.text, row.version, country())
        party = organisation_names.party_of(by.organisation_id)
        if party not in signing_parties(agreement):
            raise NotVisible
        decide(VersionStatus(row.status), VersionEvent.SIGN)
        if vault.digest(row.text) != read:
            raise IllegalVersionStep(VersionStepRefusal.CHANGED)
        given = list(agreement_version_rows.signatures(row.id))
        place = _place(given, party, by)
        if _is_newcomer(party, by):
            raise IllegalVersionStep(VersionStepRefusal.NEWCOMER)
        signature = vault.sign(row, party=party, place=place, at=clock.now(), by=by)
        session.add(signature)
        session.flush()
        audit.append(
            session, audit.Event.AGREEMENT_SIGNED, by=by, version_id=row.id, party=party, digest=vault.digest(row.text)
        )
        complete = is_complete(agreement, _sound(row, [*given, signature], agreement))
        if complete and row.status == VersionStatus.OPEN:
            row.study = {**row.study, "against": _against(row).version}
            row.status = str(decide(VersionStatus.OPEN, VersionEvent.COMPLETE))
            vault.mark_version(row)
    refresh()


def _is_newcomer(party: str, by: Actor) -> bool:
    """Whether the actor was let in lately, and leaves the signing for the party to those who were there before.

    Who lets in two accounts of one night must not bind a whole police by them. A party of which fewer than two people
    have been there for 14 days, such as a new one, is signed for by whoever is there.
    """
    assert by.member_id is not None
    if occasion_rows.is_seasoned(by.member_id):
        return False
    roles = [role for role, allowed in PERMISSIONS.items() if Permission.AGREEMENT_SIGN in allowed]
    return occasion_rows.number_seasoned(party, roles, most=SIGNERS) >= SIGNERS


def _place(given: list[AgreementSignature], party: str, by: Actor) -> int:
    if any(each.member_id == by.member_id for each in given):
        raise IllegalVersionStep(VersionStepRefusal.SIGNED)
    taken = [each.place for each in given if each.party == party]
    if len(taken) >= SIGNERS:
        raise IllegalVersionStep(VersionStepRefusal.COMPLETE)
    return 2 if 1 in taken else 1


def parties_to_sign() -> set[str]:
    """The parties of whom somebody has to sign a version of the agreement; it needs no key."""
    refresh_if_due()
    waiting = known().waiting
    return agreement_version_rows.unsigned(waiting) if waiting else set()


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
    return VersionStepRefusal.NEWCOMER if _is_newcomer(party, by) else VersionStepRefusal.STATE


def proposer_of(version: str, *, by: Actor) -> tuple[Mapping[str, str], str]:
    """(the names of the organisation that proposed a version, its telephone): whom to call. Raises NotVisible."""
    return agreement_version_rows.proposer(store.version(version, by=by).proposed_by)


def waits_for(*, by: Actor) -> list[str]:
    """The versions that wait for this person's signature: open to their party, not signed by two of it or by them."""
    waiting = known().waiting
    if not waiting or not by.may(Permission.AGREEMENT_SIGN):
        return []
    party, signed = store.signed_by_party(waiting, by=by)
    if _is_newcomer(party, by):
        return []
    return [
        version
        for version, members in signed.items()
        if party in waiting[version] and len(members) < SIGNERS and by.member_id not in members
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
    _record(session, recorded, row, by)


def _record(session: Session, event: audit.Event, row: AgreementVersion, by: Actor) -> None:
    audit.append(session, event, by=by, version_id=row.id, digest=vault.digest(row.text))


def effective(row: AgreementVersion) -> Agreement | None:
    """The version as its signatures bind; None while it is incomplete. For pages: the date it takes effect."""
    agreement = _parsed(row.text, row.version, country())
    return as_signed(agreement, _sound(row, list(agreement_version_rows.signatures(row.id)), agreement))
