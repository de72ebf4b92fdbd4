"""What each process knows of the versions of the agreement: what is in force, what waits for signatures (ADR 0021).

Each process reads once a minute from the database what is in force; the process that changed it reads it at once. A
text, a state or a signature that this program did not write as it is now is left out and reported; then the version
before it stays in force.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from functools import lru_cache
from threading import Lock
from time import monotonic
from typing import cast

from flask import current_app, g
from sqlalchemy.exc import DatabaseError
from sqlalchemy.orm import Session

from nrm import audit, clock
from nrm.countries import Country, CountryError, accepted, text_of_file
from nrm.domain.accounts.accounts import Actor, NotVisible, Permission
from nrm.domain.agreement.agreement_versions import (
    IllegalVersionStep,
    Signed,
    VersionStatus,
    VersionStepRefusal,
    as_signed,
    signing_parties,
)
from nrm.domain.agreement.agreements import Agreement
from nrm.models.agreement.agreements import (
    AgreementSignature,
    AgreementVersion,
)
from nrm.steps import countries as country_steps
from nrm.store.agreement import agreement_versions as store
from nrm.store.countries import country
from nrm.store.rows.agreement import agreement_versions as agreement_version_rows
from nrm.vault import agreements as vault
from nrm.vault.agreements import CannotOpen

EVERY_SECONDS = 60
RECALLED = timedelta(days=7)
"""So long is whoever was asked to sign told that a text was withdrawn."""
_TAKING_IN = Lock()
"""Held while the rows are read and taken in: what was read before cannot replace what was read after it."""
COUNTRY, SHIPPED, KNOWN, DUE = "nrm.country", "nrm.country.shipped", "nrm.agreements", "nrm.agreements.due"
FILES_READ = "nrm.country.digest"
"""The digest of the country's version in force; empty for the folder's files."""


@dataclass(frozen=True, slots=True)
class Known:
    """What this process knows: what it read, the versions that wait for signatures, those left out as changed."""

    read: tuple[object, ...]
    waiting: Mapping[str, frozenset[str]]  # version -> the parties that sign it
    refused: tuple[str, ...]
    untold: frozenset[uuid.UUID] = frozenset()  # who signed a version that was withdrawn, and has not read that
    recalled: Mapping[uuid.UUID, frozenset[str]] = field(default_factory=dict)  # withdrawn lately -> who was to sign it


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


def refresh_once() -> None:
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
        lately = agreement_version_rows.withdrawn_since(clock.now() - RECALLED)
    except DatabaseError:
        return
    versions_read = tuple((_columns(row), tuple(map(_columns, given))) for row, given in rows)
    read = (extensions[FILES_READ], untold, tuple(lately), *versions_read)
    if read == known().read:
        return
    versions, refused = [], []
    waiting: dict[str, frozenset[str]] = {}
    for row, given in rows:
        bound = _taken_in(row, given, shipped)
        if row.status == VersionStatus.OPEN and bound is not None:
            waiting[row.version] = frozenset(signing_parties(parsed(row.text, row.version, shipped)))
        elif isinstance(bound, Agreement):
            versions.append(bound)
            if _somebody_joins(bound):
                waiting[row.version] = frozenset(signing_parties(bound))
        else:
            current_app.logger.error("version %s of the agreement was changed by another hand: left out", row.version)
            refused.append(row.version)
    extensions[COUNTRY] = shipped.with_versions(versions)
    extensions[KNOWN] = Known(read, waiting, tuple(refused), untold, _to_have_signed(lately, shipped))


def _to_have_signed(lately: list[tuple[uuid.UUID, str, str]], shipped: Country) -> dict[uuid.UUID, frozenset[str]]:
    """The parties whose signature each version waited for; one that cannot be read any more waits for nobody."""
    found: dict[uuid.UUID, frozenset[str]] = {}
    for version_id, name, text in lately:
        try:
            found[version_id] = frozenset(signing_parties(parsed(text, name, shipped)))
        except (CannotOpen, CountryError):
            continue
    return found


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
        agreement = parsed(row.text, row.version, shipped)
        sound = sound_signatures(row, given, agreement)
    except (CannotOpen, CountryError):
        return None
    return True if row.status == VersionStatus.OPEN else as_signed(agreement, sound)


def sound_signatures(row: AgreementVersion, given: list[AgreementSignature], agreement: Agreement) -> list[Signed]:
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


def parsed(text: str, name: str, shipped: Country) -> Agreement:
    """A text as an agreement; the last 32 are kept."""
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
        return parsed(row.text, row.version, country())


def status_of(version: str, *, by: Actor) -> str:
    """The state of a version of the instance. Raises NotVisible, and CannotOpen when another program changed it: the
    state is what this program wrote beside the text, and nothing else."""
    row = store.version(version, by=by)
    vault.check_version(row)
    return row.status


def is_changed(version: str, *, by: Actor) -> bool:
    """Whether another hand changed this version or its state. Raises NotVisible."""
    row = store.version(version, by=by)
    return not vault.is_version(row) or row.version in known().refused


def changed() -> tuple[str, ...]:
    """The versions that another hand changed: what binds as it was read last, what does not as it stands now."""
    rows = agreement_version_rows.all_of_them()
    return tuple(dict.fromkeys([*known().refused, *(row.version for row in rows if not vault.is_version(row))]))


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


def check_read(row: AgreementVersion, read: str) -> None:
    """Raise IllegalVersionStep where somebody changed the text since it was read; `read`: its digest then, or empty."""
    if read and vault.digest(row.text) != read:
        raise IllegalVersionStep(VersionStepRefusal.CHANGED)


def effective(row: AgreementVersion) -> Agreement | None:
    """The version as its signatures bind; None while it is incomplete. For pages: the date it takes effect."""
    agreement = parsed(row.text, row.version, country())
    return as_signed(agreement, sound_signatures(row, list(agreement_version_rows.signatures(row.id)), agreement))


def record(session: Session, event: audit.Event, row: AgreementVersion, by: Actor) -> None:
    """One line of the chain that names a version and the digest of its text."""
    audit.append(session, event, by=by, version_id=row.id, digest=vault.digest(row.text))
