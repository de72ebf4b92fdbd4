"""People referred to organisations outside of the agreement: closed codes only; the addressee of the letter is
sealed."""

from __future__ import annotations

import uuid
from datetime import date
from typing import Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from nrm.db import Model, id_column
from nrm.domain.referrals.outside_referrals import ABROAD, OutsideKind, OutsideReason
from nrm.models.accounts.accounts import one_of

_STEP_ABROAD = f"({one_of('kind', tuple(sorted(ABROAD)))} OR reason = 'return_abroad')"


class OutsideReferral(Model):
    """One letter out of the system. `reference` is what the letter carries instead of the case's code."""

    __tablename__ = "departures"
    __table_args__ = (
        CheckConstraint(one_of("kind", OutsideKind), name="known_kind"),
        CheckConstraint(one_of("reason", OutsideReason), name="known_reason"),
        # The gate of the residence permit, as for the end of a stay.
        CheckConstraint(
            f"NOT {_STEP_ABROAD} OR repatriation_gate IN ('home_citizen', 'informed')",
            name="abroad_after_permit_information",
        ),
        CheckConstraint(
            "repatriation_gate <> 'informed' OR (informed_on IS NOT NULL AND informed_on <= written_on)",
            name="informed_before_abroad",
        ),
        CheckConstraint(
            "repatriation_gate <> 'informed' OR permit_state NOT IN ('', 'not_informed', 'applied', 'appealed')",
            name="no_open_application_abroad",
        ),
        CheckConstraint("reflected_until IS NULL OR reflected_until < written_on", name="abroad_after_reflection"),
        # `refused_formerly`: written before the period for an appeal held the gate shut.
        CheckConstraint(
            "repatriation_gate <> 'informed' OR permit_state <> 'renewal_applied'", name="no_open_renewal_abroad"
        ),
        CheckConstraint("appeal_until IS NULL OR appeal_until < written_on", name="abroad_after_appeal_period"),
        CheckConstraint("permit_state <> 'refused' OR appeal_until IS NOT NULL", name="refused_with_appeal_period"),
        # The gate of a child, likewise. `former_rule`: written before it was kept what opened it.
        CheckConstraint("child_gate IN ('', 'adult', 'assessed', 'former_rule')", name="known_child_gate"),
        CheckConstraint(f"NOT {_STEP_ABROAD} OR child_gate <> ''", name="child_abroad_by_the_gate"),
        CheckConstraint(
            "child_gate <> 'assessed' OR (safe_on IS NOT NULL AND looked_on IS NOT NULL AND decided_on IS NOT NULL"
            " AND child_decision_id IS NOT NULL AND assessed_by_id IS NOT NULL AND looked_by_id IS NOT NULL"
            " AND assessed_by_id <> looked_by_id AND safe_on <= looked_on AND looked_on <= decided_on"
            " AND decided_on <= written_on)",
            name="decided_before_abroad",
        ),
    )

    id: Mapped[uuid.UUID] = id_column()
    case_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("cases.id"), index=True)
    organisation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisations.id"))
    reference: Mapped[str]
    kind: Mapped[str]
    reason: Mapped[str]
    needs: Mapped[list[Any]] = mapped_column(JSON)
    written_on: Mapped[date]
    language: Mapped[str]
    closes: Mapped[bool]  # the case was closed with it
    repatriation_gate: Mapped[str] = mapped_column(default="")
    informed_on: Mapped[date | None]
    permit_state: Mapped[str] = mapped_column(default="")
    reflected_until: Mapped[date | None]  # the last day of the reflection period, where the letter leads abroad
    appeal_until: Mapped[date | None]  # the last day for an appeal against a refused permit, likewise
    child_gate: Mapped[str] = mapped_column(default="", server_default="")  # what opened it; empty: no step abroad
    safe_on: Mapped[date | None]  # the day from which risk, security and family were found safe
    looked_on: Mapped[date | None]
    decided_on: Mapped[date | None]
    assessed_by_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("organisations.id"))
    looked_by_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("organisations.id"))
    child_decision_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("child_decisions.id"))
