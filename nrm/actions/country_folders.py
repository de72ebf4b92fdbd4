"""From which files a country is read, as the newest entry of the audit chain that says so has it.

Decided in ADR 0222.
"""

from __future__ import annotations

from flask import current_app
from sqlalchemy import select

from nrm import audit
from nrm.countries import texts
from nrm.db import db, transaction
from nrm.domain.accounts.accounts import Actor
from nrm.models.audit import AuditEntry
from nrm.steps import countries as steps

_RECORDED = (
    select(AuditEntry.details)
    .where(AuditEntry.event == audit.Event.COUNTRY_FOLDER_READ)
    .order_by(AuditEntry.id.desc())
    .limit(1)
)
SHIPPED = "shipped"
"""In place of a digest: the files are those of the program."""


def _read() -> str:
    own = current_app.extensions["nrm.config"].country_folder is not None
    return texts.digest(texts.of_folder(steps.folder())) if own else SHIPPED


def _recorded() -> str:
    try:
        details = db.session.scalars(_RECORDED).first()
    finally:
        db.session.rollback()
    return str(audit.details_of(details)["digest"]) if details is not None else SHIPPED


def record(*, account: int) -> None:
    """Record the files that are read, where others were recorded before. `account`: of the machine, as a number.

    Raises CountryError.
    """
    digest = _read()
    if digest == _recorded():
        return
    with transaction() as session:
        by = Actor.system("country")
        audit.append(session, audit.Event.COUNTRY_FOLDER_READ, by=by, digest=digest, account=account)


def unrecorded() -> str:
    """What is to be said where the country is read from files that nobody recorded; nothing where a version that was
    applied counts, which no folder changes. Raises CountryError."""
    if steps.in_force().line is not None or _read() == _recorded():
        return ""
    return (
        f"the files of the country in {steps.folder()} are not those that were recorded: what they say of times to "
        "keep and of second hands counts, and nobody answered for it. `nrm upgrade --dry-run` says what is otherwise "
        "than in the program, and `nrm upgrade` records who took them"
    )
