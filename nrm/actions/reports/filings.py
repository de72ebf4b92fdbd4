"""A focal point files and signs one table of its agency for one quarter; a correction names the filing it replaces.

Figures about victims or children are sealed at once. From then on nobody reads them; they are published only as rounded
figures when the quarter is closed (`steps/reports/release_building.py`).
"""

from __future__ import annotations

import uuid
from datetime import UTC

from sqlalchemy.orm import Session

from nrm import audit, clock
from nrm.db import transaction
from nrm.domain.accounts.accounts import Actor, NotVisible, Permission
from nrm.domain.quarters import Quarter
from nrm.domain.reports import filings as rules
from nrm.domain.reports.filings import Figures
from nrm.domain.reports.register import Answer, FiledMeanwhile, Matrix
from nrm.models.reports.filings import SEALED, Filing
from nrm.store import days
from nrm.store.countries import country
from nrm.store.reports import register as store
from nrm.store.rows.interviews import interviews as interview_rows
from nrm.store.rows.reports import register as register_rows
from nrm.vault import filings as vault
from nrm.vault import shredding

CannotOpen = vault.CannotOpen


def file(
    *,
    filing_id: uuid.UUID,
    code: str,
    quarter: Quarter,
    answer: Answer,
    figures: Figures | None,
    seen: uuid.UUID | None,
    reason: str = "",
    by: Actor,
) -> None:
    """File the table under an id the caller chose; the same id again files nothing twice.

    `figures` only with the answer `figures`. `seen`: the last filing that the page showed. `reason`: a code of the
    register's reasons, for figures that break a rule of the table; it is signed with them. Raises NotPermitted,
    NotVisible, WithoutReason, NotOverYet, QuarterIsClosed, FiledMeanwhile, CannotOpen.
    """
    by.must(Permission.REGISTER_FILE)
    table = store.matrix(code, by=by)
    if (answer is Answer.FIGURES) != (figures is not None):
        raise ValueError("figures belong to the answer `figures`, and to no other")
    if figures is None or not rules.broken(table, figures):
        reason = ""
    elif reason not in country().register.reasons:
        raise rules.WithoutReason
    if figures is not None and rules.is_zero(figures):
        answer, figures = Answer.ZERO, None
    with transaction() as session:
        register_rows.hold(session)
        if store.is_own(filing_id, table, quarter, by=by):
            return
        if interview_rows.is_known(filing_id):  # figures sealed under a case's id would be a part of that case
            raise NotVisible
        days.check_open(table, quarter)
        before = register_rows.newest(table, quarter)
        if (before.id if before else None) != seen:
            raise FiledMeanwhile
        row = _append(session, filing_id, table, quarter, before, answer, figures, reason, by)
        audit.append(
            session,
            audit.Event.TABLE_FILED,
            by=by,
            filing_id=row.id,
            table=table.code,
            quarter=str(quarter),
            position=row.position,
            digest=row.digest.hex(),
        )
    if before is not None and before.answer == SEALED:
        shredding.work_off()


def _append(
    session: Session,
    filing_id: uuid.UUID,
    table: Matrix,
    quarter: Quarter,
    before: Filing | None,
    answer: Answer,
    figures: Figures | None,
    reason: str,
    by: Actor,
) -> Filing:
    assert by.member_id
    assert by.organisation_id
    is_sealed = table.protected and answer in (Answer.FIGURES, Answer.ZERO)
    row = Filing(
        id=filing_id,
        matrix=table.code,
        quarter=str(quarter),
        position=before.position + 1 if before else 1,
        replaces_id=before.id if before else None,
        organisation_id=by.organisation_id,
        member_id=by.member_id,
        answer=SEALED if is_sealed else str(answer),
        content=None,
        reason=reason,
        filed_at=clock.now().astimezone(UTC).replace(microsecond=0),
    )
    content = b""
    if is_sealed:
        counted = figures if figures is not None else rules.zeros(table)
        content = vault.seal(session, row.id, {"figures": [list(line) for line in counted]})
    elif figures is not None:
        content = rules.canonical(figures)
        row.content = content.decode()
    vault.sign(row, content, by=by)
    session.add(row)
    if before is not None and before.answer == SEALED:
        vault.destroy(session, before.id)  # wrong figures about people are not kept
    session.flush()
    return row


def read(filing_id: uuid.UUID, *, by: Actor) -> tuple[Filing, Figures | None]:
    """A filing whose signature holds, and its figures where they are not sealed.

    Raises NotPermitted, NotVisible, CannotOpen.
    """
    row = store.filing(filing_id, by=by)
    return row, vault.figures(row, country().register.tables[row.matrix])
