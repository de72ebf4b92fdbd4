"""Signing closed reports: first the statistician, then the Responsible Authority; the second signature seals them.

A sealed release is a set of files that never change, chained to the release before. Each person signs the JSON of the
release without its signatures, with a key that only their session holds.

Decided in ADR 0020.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from flask import current_app
from sqlalchemy.orm import Session

from nrm import audit, clock
from nrm.db import db
from nrm.domain.accounts.accounts import Actor, NotVisible, Permission, Role
from nrm.domain.quarters import Quarter
from nrm.domain.reports import file_signatures
from nrm.domain.reports import reports as rules
from nrm.models.reports.reports import Release, ReleaseDraft, ReleaseFile, ReleaseMemory
from nrm.render import reports as render
from nrm.store import names as organisation_names
from nrm.store.countries import country
from nrm.store.reports import reports as store
from nrm.store.rows.accounts import accounts as account_rows
from nrm.store.rows.reports import reports as report_rows
from nrm.vault import signing

RELEASE = Actor.system("release")
SERVER, STATISTICIAN, AUTHORITY = "server", "statistician", "responsible_authority"


def draft_page(report: str, language: str, *, by: Actor) -> str:
    """The HTML of a draft as it will be sealed, without its signatures; for those who sign. Raises NotVisible."""
    by.must(Permission.REPORT_READ)
    if not (by.may(Permission.REPORT_CLOSE) or by.may(Permission.REPORT_COUNTERSIGN)):
        raise NotVisible
    value = _opened(report_rows.must_draft(report))["value"]
    return render.page(
        value,
        country().tables[report],
        language,
        signatures=(),
        names=organisation_names.names_by_code(language),
        **_pages(),
    ).decode()


def sign_drafts(session: Session, quarter: Quarter, *, by: Actor, reports: Collection[str] | None = None) -> int:
    """The statistician signs every draft of a quarter that is not signed, or those of `reports`; returns how many.

    Raises NotPermitted, NotVisible when there is none.
    """
    by.must(Permission.REPORT_CLOSE)
    signed = 0
    for draft in report_rows.drafts(quarter):
        if draft.signature is None and (reports is None or draft.report in reports):
            at = _current_second()
            message = rules.signed_message(_opened(draft)["value"], STATISTICIAN, _office(by), at.isoformat())
            draft.signature, _ = signing.sign_as(by, message)
            draft.signer_id, draft.signed_at = by.member_id, at
            _audit_release(session, audit.Event.RELEASE_SIGNED, draft, by)
            signed += 1
    if not signed:
        raise NotVisible
    return signed


def signed_drafts(quarter: Quarter, *, by: Actor, reports: Collection[str] | None = None) -> list[str]:
    """The reports of a quarter, or of `reports`, that the statistician signed.

    Raises NotPermitted, NotVisible when there is none.
    """
    by.must(Permission.REPORT_COUNTERSIGN)
    waiting = [
        draft.report
        for draft in report_rows.drafts(quarter)
        if draft.signature is not None and (reports is None or draft.report in reports)
    ]
    if not waiting:
        raise NotVisible
    return waiting


@dataclass(frozen=True, slots=True)
class SignedFiles:
    """The files of a release with both signatures in them, made before the transaction that keeps them."""

    report: str
    draft_id: uuid.UUID
    memory: dict[str, Any]
    files: Mapping[str, bytes]


def signed_files(report: str, *, by: Actor) -> SignedFiles:
    """Sign the draft of a report as the Responsible Authority and make its files. Takes seconds; writes nothing.

    Raises NotVisible, BrokenSignature.
    """
    draft = report_rows.must_draft(report)
    draft_id, opened = draft.id, _opened(draft)
    value = opened["value"]
    value["signatures"] = _signatures(value, draft, by)
    table_set = country().tables[report]
    signers = {language: _signers(value["signatures"], language) for language in country().languages}
    names = {language: organisation_names.names_by_code(language) for language in country().languages}
    db.session.rollback()  # nothing is held open while pages are made
    made = render.files(value, table_set, signatures=signers, names=names, area=country().iso, **_pages())
    files = {name: file_signatures.sign(name, content, signing.sign_release) for name, content in made.items()}
    return SignedFiles(report, draft_id, opened["memory"], files)


def seal(session: Session, made: SignedFiles, *, by: Actor) -> None:
    """Keep the release, chained to the one before, in place of its draft; raises NotVisible if the draft is gone."""
    _store(session, report_rows.must_draft(made.report, made.draft_id), made.memory, made.files, by)


def _store(
    session: Session, draft: ReleaseDraft, memory: dict[str, Any], files: Mapping[str, bytes], by: Actor
) -> None:
    last = report_rows.last_release(draft.report)
    _forget_who_was_there(session, draft.report)
    previous = last.hash if last else rules.FIRST_HASH
    hashed = rules.chain_hash(
        previous,
        report=draft.report,
        quarter=draft.quarter,
        released_at=draft.released_at.isoformat(),
        files=files,
    )
    session.add(
        Release(
            id=draft.id,
            report=draft.report,
            quarter=draft.quarter,
            first_quarter=draft.first_quarter,
            position=last.position + 1 if last else 1,
            released_at=draft.released_at,
            step=draft.step,
            previous_hash=previous,
            hash=hashed,
            signature=signing.sign_release(hashed),
        )
    )
    session.flush()
    session.add_all(ReleaseFile(release_id=draft.id, format=name, content=content) for name, content in files.items())
    sealed = signing.seal_memory(memory, draft.report, draft.quarter)
    session.add(ReleaseMemory(release_id=draft.id, verdict=draft.verdict, sealed_memory=sealed))
    _audit_release(session, audit.Event.RELEASE_SEALED, draft, by)
    session.delete(draft)


def _opened(draft: ReleaseDraft) -> dict[str, Any]:
    """The content of a draft: `value`, the JSON without its signatures; `memory`, what the next quarter must know."""
    return signing.open_memory(draft.sealed_draft, "draft", draft.report, draft.quarter)


def _signatures(value: Mapping[str, Any], draft: ReleaseDraft, by: Actor) -> list[dict[str, str]]:
    """The signatures of the server, of the statistician (who signed before), and of the actor."""
    assert draft.signer_id
    assert draft.signature
    assert draft.signed_at
    signer = _signer(draft.signer_id, draft.signed_at)
    at, signature = draft.signed_at.astimezone(UTC).isoformat(), draft.signature
    # The draft may have been signed before signatures had times.
    given = [
        (rules.signature_of(STATISTICIAN, signer.office, at, key, signature, over=over), key)
        for over in (rules.SIGNED_WITH_TIME, rules.SIGNED_OVER)
        for key in signer.keys
    ]
    sound = [each for each, key in given if _is_sound(value, each, signature, key)]
    if not sound:
        raise rules.BrokenSignature
    office, at = _office(by), _current_second().isoformat()
    own, own_key = signing.sign_as(by, rules.signed_message(value, AUTHORITY, office, at))
    server = signing.sign_release(rules.signed_message(value, SERVER, "", value["released_at"]))
    return [
        rules.signature_of(SERVER, "", value["released_at"], signing.release_public_key(), server),
        sound[0],
        rules.signature_of(AUTHORITY, office, at, own_key, own),
    ]


def _signer(member_id: uuid.UUID, at: datetime) -> signing.Signer:
    """The statistician with the keys of that hour: by the key log, else as this program made the account. Raises
    BrokenSignature for nobody, or somebody in another role."""
    found = signing.signer_then(member_id, at)
    if found is None:
        row = account_rows.signer(member_id)
        if row.public_key is None or not signing.is_key_outside(member_id, row.public_key):
            raise rules.BrokenSignature
        found = signing.Signer([row.public_key], Role(row.role), row.organisation)
    if found.role is not Role.STATISTICIAN:
        raise rules.BrokenSignature
    return found


def _is_sound(value: Mapping[str, Any], entry: Mapping[str, str], signature: bytes, key: bytes) -> bool:
    message = rules.message_of(value, entry)
    return message is not None and signing.is_signed(signature, message, key)


def _office(by: Actor) -> str:
    assert by.organisation_id
    return organisation_names.organisation(by.organisation_id).code


def _signers(signatures: list[dict[str, str]], language: str) -> list[tuple[str, str]]:
    names = organisation_names.names_by_code(language)
    return [(names.get(each.get("office", ""), rules.SERVER[language]), each["signed_at"]) for each in signatures]


def _pages() -> dict[str, Any]:
    return {"pages": current_app.jinja_env, "speaking": current_app.extensions["nrm.speaking"]}


def _audit_release(session: Session, event: audit.Event, draft: ReleaseDraft, by: Actor) -> None:
    audit.append(session, event, by=by, report=draft.report, quarter=draft.quarter, release_id=draft.id)


def _current_second() -> datetime:
    return clock.now().astimezone(UTC).replace(microsecond=0)


def _forget_who_was_there(session: Session, report: str) -> None:
    """Once the next release is published, only the figures of the one before are needed."""
    for memory in store.memories(by=RELEASE, report=report):
        kept = signing.open_memory(memory.sealed, report, memory.quarter)["kept"]
        bare = {"kept": kept, "present": {}}
        row = session.get_one(ReleaseMemory, memory.id)
        row.sealed_memory = signing.seal_memory(bare, report, memory.quarter)
