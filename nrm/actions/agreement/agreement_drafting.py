"""Texts of the agreement as they are written: proposed, begun as another one, changed until tried (ADR 0127)."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import date, timedelta
from typing import NamedTuple, cast

from flask import current_app
from sqlalchemy import delete
from sqlalchemy.exc import IntegrityError

from nrm import audit, clock
from nrm.countries import Country, CountryError, draft_of, text_of_file
from nrm.db import transaction
from nrm.domain.accounts.accounts import Actor, OrganisationKind, Permission
from nrm.domain.agreement import agreement_drafts
from nrm.domain.agreement.agreement_changes import Study, as_kept, studied
from nrm.domain.agreement.agreement_versions import (
    LONGEST_TEXT,
    NAME,
    IllegalVersionStep,
    VersionStatus,
    VersionStepRefusal,
    check_revisable,
)
from nrm.domain.agreement.agreements import ASKED_BY_KIND, Agreement
from nrm.domain.agreement.carried_changes import Carried, carried
from nrm.domain.agreement.deceiving import deceiving, steps_of, unknown_steps
from nrm.domain.agreement.fact_diagrams import TooManyClasses
from nrm.domain.documents import keyed, said
from nrm.domain.look_alikes import skeleton
from nrm.domain.words import N_, Phrase
from nrm.models.agreement.agreements import (
    AcceptedWeakening,
    AgreementVersion,
)
from nrm.steps.agreement import known_versions, version_studies
from nrm.store.agreement import agreement_versions as store
from nrm.store.countries import country
from nrm.store.rows.agreement import agreement_versions as agreement_version_rows
from nrm.vault import agreements as vault

FURTHEST = timedelta(days=5 * 366)
"""From today to the first day of a text: a year further away is a mistyped one."""


class Unusable(Exception):
    """The document, or what was entered about it, cannot be used: `what` says so (`KEY: reason`)."""

    def __init__(self, what: str) -> None:
        super().__init__(what)
        self.what = what

    @property
    def key(self) -> str:
        """Where in the text; empty where that is not known."""
        return str(self.what.values.get("key", "")) if isinstance(self.what, Phrase) else ""

    @property
    def reason(self) -> str:
        """What is wrong there."""
        found = self.what.values.get("reason", self.what) if isinstance(self.what, Phrase) else self.what
        return found if isinstance(found, str) else str(found)


def propose(*, text: str, by: Actor, base: str = "") -> str:
    """Check a text and keep it as a proposal; its version. `base`: the text that it was written from, else the one
    whose place it takes. Raises Unusable, parsing.BeyondLimits. Takes a second."""
    by.must(Permission.AGREEMENT_MANAGE)
    assert by.member_id is not None
    known_versions.refresh()  # another process may have seen the last signature of a text within the last minute
    text = text.replace("\r\n", "\n")
    agreement = _usable(text)
    found = as_kept(_studied(agreement, base), base)
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
            known_versions.record(session, audit.Event.AGREEMENT_PROPOSED, row, by)
    except IntegrityError:
        raise Unusable(_of_another(agreement.version)) from None
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
        text, base = row.text, version_studies.base_of(row)
    else:
        known_versions.refresh()
        base = version_studies.taken_on(starts_on).version
        text = agreement_version_rows.text_of(base) or text_of_file(country(), base)
    return propose(text=agreement_drafts.begun(text, version, starts_on), by=by, base=base)


def changes_carried(version: str, *, by: Actor, starts_on: date | None = None) -> tuple[Agreement, Carried]:
    """What would be carried from a text that another one replaced, into the text whose place it takes on that day, or
    on its own; both. Raises NotVisible, CannotOpen, and IllegalVersionStep where nothing replaced it."""
    by.must(Permission.AGREEMENT_MANAGE)
    known_versions.refresh_once()
    origin = version_studies.origin(version, by=by)
    if origin is None or not origin.is_replaced:
        raise IllegalVersionStep(VersionStepRefusal.STATE)
    newest = origin.newest if starts_on is None else version_studies.taken_on(starts_on, version)
    base, draft, text = (known_versions.text_of(each, by=by) for each in (origin.base, version, newest.version))
    return newest, carried(base, draft, text)


def begin_again(*, old: str, version: str, starts_on: date, by: Actor) -> str:
    """Propose the text whose place a draft takes, with the changes that the draft made by forms, under another name;
    its version. The draft stays as it is.

    Raises Unusable, NotVisible, CannotOpen, IllegalVersionStep.
    """
    known_versions.refresh()
    newest, made = changes_carried(old, by=by, starts_on=starts_on)
    text = agreement_drafts.begun(made.text, version, starts_on)
    return propose(text=text, by=by, base=newest.version)


class Revised(NamedTuple):
    """The name of a draft that was changed, which may be another one now, and the numbers of the safeguards that have
    to be accepted anew: what was accepted of them was something else."""

    version: str
    fallen: tuple[str, ...]


def revise(*, version: str, change: Callable[[str], str], by: Actor, read: str = "") -> Revised:
    """Change the text of a proposal that was not tried yet, check it and compare it anew. Takes a second.

    `read`: the digest of the text for which the change was entered, where it is known.

    Raises IllegalVersionStep (also where somebody changed it meanwhile), Unusable, NotVisible, CannotOpen, and what
    `change` raises.
    """
    by.must(Permission.AGREEMENT_MANAGE)
    known_versions.refresh()
    row = store.version(version, by=by)
    vault.check_version(row)
    check_revisable(VersionStatus(row.status), row.simulation)
    known_versions.check_read(row, read)
    before = row.text
    text = change(before)
    agreement = _usable(text, own=known_versions.parsed(before, version, country()))
    base = version_studies.base_of(row)
    found = _studied(agreement, base)
    same = version_studies.found_in(row).same_weakenings(found)
    with transaction() as session:
        row = store.version(version, by=by, lock=True)
        vault.check_version(row)
        check_revisable(VersionStatus(row.status), row.simulation)
        if row.text != before:
            raise IllegalVersionStep(VersionStepRefusal.CHANGED)
        accepted = _accepted(row)
        row.version, row.text, row.study, row.proposed_at = agreement.version, text, as_kept(found, base), clock.now()
        row.proposed_by = cast(uuid.UUID, by.member_id)
        vault.mark_version(row)
        session.execute(delete(AcceptedWeakening).where(AcceptedWeakening.version_id == row.id))
        session.flush()
        for each in accepted:
            if each.number in same:
                vault.mark_weakening(row, each)
                session.add(each)
        session.flush()
        known_versions.record(session, audit.Event.AGREEMENT_PROPOSED, row, by)
    weakened = set(found.weakened)
    fallen = [each.number for each in accepted if each.number in weakened - same]
    return Revised(agreement.version, tuple(fallen))


def _accepted(row: AgreementVersion) -> list[AcceptedWeakening]:
    """What was accepted of the text that is there, as rows that are not kept yet: it was a weakening of that text, and
    stays accepted where the new one weakens the same for the same people."""
    return [
        AcceptedWeakening(
            id=uuid.uuid4(), version_id=row.id, number=each.number, reason=each.reason, by_id=each.by_id, at=each.at
        )
        for each, _ in version_studies.accepted_in(row)
        if vault.is_weakening(row, each)
    ]


def _studied(agreement: Agreement, base: str) -> Study:
    try:
        return studied(
            version_studies.taken_on(agreement.starts_on, agreement.version),
            agreement,
            country().safeguards,
            base,
            version_studies.organisations_called(),
        )
    except TooManyClasses:
        raise Unusable(keyed("clause", N_("the conditions tell too many profiles apart to look at each"))) from None


def _usable(text: str, *, own: Agreement | None = None) -> Agreement:
    """The agreement of a text that can be kept; `own`: the draft that it changes."""
    if not text.strip():
        raise Unusable(keyed("file", N_("is empty")))
    if len(text) > LONGEST_TEXT:
        raise Unusable(keyed("file", N_("is longer than %(longest)s characters", longest=LONGEST_TEXT)))
    try:
        agreement = draft_of(text, cast(Country, current_app.extensions[known_versions.SHIPPED]), "")
    except CountryError as error:
        raise Unusable(said(error)) from None
    if not NAME.fullmatch(agreement.version):
        raise Unusable(keyed("version", N_("has letters, digits, `.`, `-` and `_`, 40 at most")))
    _check_name(agreement.version, own)
    for position, party in enumerate(agreement.parties.values(), start=1):
        if not party.kind.holds_keys and party.kind is not OrganisationKind.COALITION:
            raise Unusable(
                keyed(
                    f"party[{position}].kind",
                    N_("a %(kind)s holds no key and cannot be a party", kind=str(party.kind)),
                )
            )
    _check_kinds(agreement)
    known = {step for each in country().agreements for _, step in steps_of(each)}
    for key, reason in [*deceiving(agreement), *unknown_steps(agreement, known)]:
        raise Unusable(keyed(key, reason))
    _check_days(agreement, own)
    return agreement


def _check_name(version: str, own: Agreement | None) -> None:
    """A name is given once: whoever read it on paper, in a letter or in the chain knows which text it was."""
    if own is not None and version == own.version:
        return
    others = {each.version for each in country().agreements} | {*agreement_version_rows.names()}
    for other in sorted(others - {own.version if own is not None else ""}):
        if other == version:
            raise Unusable(_of_another(version))
        if skeleton(other) == skeleton(version):
            raise Unusable(
                keyed(
                    "version",
                    N_(
                        "`%(version)s` looks like `%(other)s`, the name of another version",
                        version=version,
                        other=other,
                    ),
                )
            )


def _of_another(version: str) -> str:
    return keyed("version", N_("`%(version)s` is the name of another version", version=version))


def _is_over(day: date) -> str:
    return N_("%(day)s is over; choose today or a later day", day=day.isoformat())


def _check_days(agreement: Agreement, own: Agreement | None) -> None:
    """No day that is over, but those that the draft, or the text whose place it takes, has already. So no text begins
    before the one in force."""
    today = clock.today(country().timezone)
    if agreement.starts_on < today and (own is None or agreement.starts_on != own.starts_on):
        raise Unusable(keyed("from", _is_over(agreement.starts_on)))
    if agreement.starts_on > today + FURTHEST:
        raise Unusable(
            keyed(
                "from",
                N_("%(day)s is more than five years ahead; is the year right?", day=agreement.starts_on.isoformat()),
            )
        )
    before = version_studies.taken_on(agreement.starts_on, agreement.version)
    for position, party in enumerate(agreement.parties.values(), start=1):
        known = {each.parties[party.code].until for each in (before, own) if each and party.code in each.parties}
        if party.until is not None and party.until < today and party.until not in known:
            raise Unusable(keyed(f"party[{position}].until", _is_over(party.until)))


def _check_kinds(agreement: Agreement) -> None:
    """A party stays what its organisation is; and who is asked by its kind alone does not come by a text, which nobody
    has signed when the organisation is made."""
    here = agreement_version_rows.kinds_here()
    for position, party in enumerate(agreement.parties.values(), start=1):
        known = here.get(party.code)
        if known is not None and known != party.kind:
            raise Unusable(
                keyed(f"party[{position}].kind", N_("%(party)s is a %(kind)s", party=party.code, kind=known))
            )
        if known is None and party.kind in ASKED_BY_KIND and country().is_proposed(party.code):
            raise Unusable(
                keyed(
                    f"party[{position}].kind",
                    N_("a %(kind)s joins by the country’s files, and not by a text", kind=str(party.kind)),
                )
            )
