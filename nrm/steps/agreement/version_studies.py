"""What the checks and the comparison find in a version, from which text it was written, and which weakenings of it were
accepted (ADR 0124, ADR 0161, ADR 0167)."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime
from typing import cast

from flask import current_app

from nrm import clock
from nrm.domain.accounts.accounts import Actor, NotVisible, Permission
from nrm.domain.agreement.agreement_changes import Study, studied
from nrm.domain.agreement.agreement_versions import (
    IllegalVersionStep,
    VersionStatus,
    VersionStepRefusal,
    check_accepted,
    completed_at,
    is_trial_of,
    place_taken,
)
from nrm.domain.agreement.agreements import Agreement
from nrm.domain.agreement.fact_diagrams import TooManyClasses
from nrm.domain.agreement.safeguards_beside import Called
from nrm.models.agreement.agreements import (
    AcceptedWeakening,
    AgreementVersion,
)
from nrm.steps.agreement import known_versions
from nrm.store.agreement import agreement_versions as store
from nrm.store.countries import country
from nrm.store.rows.agreement import agreement_versions as agreement_version_rows
from nrm.vault import agreements as vault
from nrm.vault.agreements import CannotOpen

STUDIES = "nrm.agreements.studies"
MOST_STUDIES = 8
"""How many comparisons a process keeps."""


def study_of(version: str, *, by: Actor) -> Study:
    """What the checks and the comparison find in a version now, from its text and not from what was kept about it.

    Raises NotVisible, CannotOpen, TooManyClasses. Tenths of a second for the first who asks.
    """
    row = store.version(version, by=by)
    vault.check_version(row)
    known_versions.refresh_once()
    return found_in(row)


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
    known_versions.refresh_once()
    starts_on = known_versions.parsed(row.text, row.version, country()).starts_on
    later = [each for each in country().agreements if each.starts_on > starts_on]
    return Origin(
        base_of(row),
        place_taken_by(row),
        later[0] if later else None,
        min(country().safeguards.of_newest_text, default=""),
        _is_accepted_as_replaced(row),
        by.may(Permission.AGREEMENT_MANAGE),
    )


def _is_accepted_as_replaced(row: AgreementVersion) -> bool:
    valid = {each.number for each, _ in accepted_in(row) if vault.is_weakening(row, each)}
    return bool(country().safeguards.of_newest_text & valid)


def check_newest(row: AgreementVersion) -> None:
    """Raise IllegalVersionStep where the text that it was written from was replaced, and nobody went on knowingly."""
    if place_taken_by(row).version != base_of(row) and not _is_accepted_as_replaced(row):
        raise IllegalVersionStep(VersionStepRefusal.REPLACED)


@dataclass(frozen=True, slots=True)
class Lacking:
    """What has to come before a version can be approved, or once it is, be opened: a trial of this very text, a reason
    for each of these safeguards, a decision about the text that was signed meanwhile."""

    trial: bool
    reasons: tuple[str, ...]
    decision: bool

    @property
    def anything(self) -> bool:
        """Whether its next step would be refused."""
        return self.trial or bool(self.reasons) or self.decision


def lacking(version: str, *, by: Actor) -> Lacking:
    """What a version lacks for its next step. Raises NotVisible, CannotOpen."""
    row = store.version(version, by=by)
    vault.check_version(row)
    return _lacking(row)


def _lacking(row: AgreementVersion) -> Lacking:
    found = found_in(row)
    valid = {each.number for each, _ in accepted_in(row) if vault.is_weakening(row, each)}
    tried = found.numbers_alone or is_trial_of(row.simulation, vault.digest(row.text))
    return Lacking(
        row.status == VersionStatus.PROPOSED and not tried,
        tuple(number for number in found.weakened if number not in valid),
        place_taken_by(row).version != base_of(row) and not _is_accepted_as_replaced(row),
    )


def lacking_by_version(*, by: Actor) -> dict[str, Lacking]:
    """As `lacking`, of every version that waits for its approval or its opening; none that another program changed, or
    that cannot be compared with the text that is in force now."""
    found: dict[str, Lacking] = {}
    for row in store.versions(by=by):
        if row.status in (VersionStatus.PROPOSED, VersionStatus.APPROVED):
            with suppress(CannotOpen, TooManyClasses):
                vault.check_version(row)
                found[row.version] = _lacking(row)
    return found


def texts_compared(version: str, *, by: Actor) -> tuple[Agreement, Agreement]:
    """The text whose place a version takes, and its own, both as they are written and not as signatures bind them.

    Raises NotVisible, CannotOpen, TooManyClasses.
    """
    row = store.version(version, by=by)
    vault.check_version(row)
    known_versions.refresh_once()
    against = found_in(row).against
    try:
        before = store.version(against.version, by=by)
        vault.check_version(before)
        against = known_versions.parsed(before.text, before.version, country())
    except NotVisible:
        pass  # it came with the country's data
    return against, known_versions.parsed(row.text, row.version, country())


def found_in(row: AgreementVersion) -> Study:
    """Compared with the text whose place it takes: another may have been signed since it was proposed. Once it is
    signed itself or withdrawn, with the version that it was compared with, if that is known here."""
    against, base = place_taken_by(row), base_of(row)
    kept = cast(dict[tuple[str, str, str, str], Study], current_app.extensions.setdefault(STUDIES, {}))
    called = organisations_called()
    key = (row.text, against.version, base, repr((country().safeguards, called)))
    if key not in kept:
        if len(kept) >= MOST_STUDIES:
            kept.clear()
        kept[key] = studied(
            against, known_versions.parsed(row.text, row.version, country()), country().safeguards, base, called
        )
    return kept[key]


def organisations_called() -> tuple[Called, ...]:
    """What the organisations of the instance are called, and what those of its country are called there."""
    listed = country().organisations.values()
    here = agreement_version_rows.organisations_called()
    return (*here, *(Called(each.code, each.party or "", each.names) for each in listed))


def place_taken_by(row: AgreementVersion) -> Agreement:
    """The text whose place a version takes; once it is over, the one that it was compared with, if that is known."""
    known = {each.version: each for each in country().agreements if each.version != row.version}
    is_over = row.status in (VersionStatus.SIGNED, VersionStatus.WITHDRAWN)
    then = known.get(row.study["against"]) if is_over else None
    return then or taken_on(known_versions.parsed(row.text, row.version, country()).starts_on, row.version)


def base_of(row: AgreementVersion) -> str:
    """The name of the text that a version was written from. Where that was not kept: the one it was compared with."""
    return str(row.study.get("base") or row.study["against"])


def taken_on(starts_on: date, version: str = "") -> Agreement:
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
        for each, name in accepted_in(row)
    ]


def accepted_in(row: AgreementVersion) -> list[tuple[AcceptedWeakening, str]]:
    """What was accepted of a version, and by whom. Where the text that it was written from was replaced, what was
    accepted before that was a weakening beside another text, and counts no more."""
    given = agreement_version_rows.accepted_weakenings(row.id)
    since = None if (newest := place_taken_by(row)).version == base_of(row) else _completed_at(newest.version)
    return [(each, name) for each, name in given if since is None or each.at > since]


def _completed_at(version: str) -> datetime | None:
    """When the last signature was given that a version needed; None for one that came with the country's data."""
    for row, given in agreement_version_rows.binding():
        if row.version == version:
            agreement = known_versions.parsed(row.text, row.version, country())
            return completed_at(agreement, [(each.party, each.signed_at) for each in given])
    return None


def check_all_accepted(row: AgreementVersion) -> None:
    """Raise IllegalVersionStep unless everything that the version weakens was accepted."""
    check_accepted(
        found_in(row).weakened, [each.number for each, _ in accepted_in(row) if vault.is_weakening(row, each)]
    )
