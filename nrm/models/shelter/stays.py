"""Stays. Which place somebody had on which nights: `occupancies` (nrm/models/shelter/places.py)."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from datetime import date

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from nrm.db import Model, id_column
from nrm.domain.shelter.permits import REPATRIATION_DESTINATIONS
from nrm.domain.shelter.stays import DESTINATIONS, Destination


def _listed(codes: Iterable[str]) -> str:
    return ", ".join(f"'{code}'" for code in sorted(codes))


_EXITS = " OR ".join(
    f"(exit_reason = '{reason}' AND destination IN ({_listed(to)}))" for reason, to in DESTINATIONS.items()
)
_ABROAD = _listed(REPATRIATION_DESTINATIONS)


class Stay(Model):
    """From admission to exit. The day of exit is not a night."""

    __tablename__ = "stays"
    __table_args__ = (
        CheckConstraint("ended_on IS NULL OR ended_on >= admitted_on", name="ends_after_it_began"),
        CheckConstraint("anticipated_end_on >= admitted_on", name="anticipated_after_it_began"),
        CheckConstraint("(ended_on IS NULL) = (exit_reason = '')", name="ended_with_reason"),
        CheckConstraint("end_known_on IS NULL OR end_known_on >= ended_on", name="end_known_after_it_happened"),
        CheckConstraint(f"(ended_on IS NULL AND destination = '') OR {_EXITS}", name="destination_fits_reason"),
        # The two gates of the agreement: nobody leaves in these ways unless the gate is open.
        CheckConstraint(
            f"destination NOT IN ({_ABROAD}) OR repatriation_gate IN ('home_citizen', 'informed', 'left_alone')",
            name="repatriated_after_permit_information",
        ),
        CheckConstraint(
            "repatriation_gate <> 'informed' OR (informed_on IS NOT NULL AND informed_on <= ended_on)",
            name="informed_before_repatriated",
        ),
        CheckConstraint(
            "repatriation_gate <> 'informed' OR permit_state NOT IN ('', 'not_informed', 'applied', 'appealed')",
            name="no_open_application_repatriated",
        ),
        CheckConstraint("reflected_until IS NULL OR reflected_until < ended_on", name="repatriated_after_reflection"),
        # `refused_formerly`: ended before the period for an appeal held the gate shut.
        CheckConstraint(
            "repatriation_gate <> 'informed' OR permit_state <> 'renewal_applied'", name="no_open_renewal_repatriated"
        ),
        CheckConstraint("appeal_until IS NULL OR appeal_until < ended_on", name="repatriated_after_appeal_period"),
        CheckConstraint("permit_state <> 'refused' OR appeal_until IS NOT NULL", name="refused_with_appeal_period"),
        # Every other end names a country, and passes a gate unless it is the home country. `former_rule`: older ends.
        CheckConstraint(
            f"ended_on IS NULL OR destination = '{Destination.NONE}' OR exit_reason = 'missing'"
            " OR (destination_country <> '' AND repatriation_gate IN ('home_citizen', 'informed', 'left_alone'))"
            f" OR (destination_country = 'home' AND repatriation_gate = 'home' AND destination NOT IN ({_ABROAD}))"
            f" OR (destination_country = '' AND repatriation_gate = 'former_rule' AND destination NOT IN ({_ABROAD}))",
            name="gate_looks_at_the_country",
        ),
        CheckConstraint(
            "(exit_reason <> 'left_alone' AND repatriation_gate <> 'left_alone')"
            " OR (exit_reason = 'left_alone' AND repatriation_gate = 'left_alone' AND child_gate = 'adult'"
            " AND left_recorded_by_id IS NOT NULL AND left_confirmed_by_id IS NOT NULL"
            " AND left_recorded_by_id <> left_confirmed_by_id)",
            name="left_alone_by_two",
        ),
        CheckConstraint(
            "(exit_reason <> 'died' AND repatriation_gate <> 'died')"
            " OR (exit_reason = 'died' AND (repatriation_gate = 'former_rule' OR (repatriation_gate = 'died'"
            " AND left_recorded_by_id IS NOT NULL AND left_confirmed_by_id IS NOT NULL"
            " AND left_recorded_by_id <> left_confirmed_by_id)))",
            name="died_by_two",
        ),
        CheckConstraint(
            "exit_reason <> 'missing' OR child_gate IN ('missing', 'former_rule')", name="missing_by_its_alarm"
        ),
        # What opened the child gate. `former_rule`: ended before every way out had to pass it.
        CheckConstraint(
            "ended_on IS NULL OR child_gate IN ('adult', 'assessed', 'former_rule')"
            f" OR (child_gate = 'handed_over' AND destination = '{Destination.OTHER_SHELTER}')"
            f" OR (child_gate = 'died' AND destination = '{Destination.NONE}')"
            " OR (child_gate = 'missing' AND exit_reason = 'missing')"
            " OR (child_gate = 'not_there' AND exit_reason = 'entered_by_mistake')",
            name="child_leaves_after_findings",
        ),
        # A person who never came: the arrival was taken back, and a referral waits for them again; or the case was
        # opened by mistake.
        CheckConstraint(
            "(taken_back_on IS NULL AND exit_reason <> 'entered_by_mistake' AND child_gate <> 'not_there')"
            " OR (taken_back_on IS NOT NULL AND exit_reason = 'entered_by_mistake' AND child_gate = 'not_there'"
            " AND ended_on = admitted_on AND (referral_id IS NOT NULL OR left_recorded_by_id IS NOT NULL))",
            name="taken_back_with_its_arrival",
        ),
        CheckConstraint(
            "child_gate <> 'assessed' OR (safe_on IS NOT NULL AND safe_on <= ended_on)",
            name="found_safe_before_leaving",
        ),
        # Three findings, a second look by another organisation, a best-interest decision, in this order of days.
        CheckConstraint(
            "child_gate <> 'assessed' OR (safe_on IS NOT NULL AND looked_on IS NOT NULL AND decided_on IS NOT NULL"
            " AND child_decision_id IS NOT NULL AND assessed_by_id IS NOT NULL AND looked_by_id IS NOT NULL"
            " AND assessed_by_id <> looked_by_id AND safe_on <= looked_on AND looked_on <= decided_on"
            " AND decided_on <= ended_on)",
            name="decided_before_leaving",
        ),
        Index(
            "uq_stays_open_case",
            "case_id",
            unique=True,
            sqlite_where=text("ended_on IS NULL"),
            postgresql_where=text("ended_on IS NULL"),
        ),
        Index("ix_stays_organisation_id_ended_on", "organisation_id", "ended_on"),
        Index("ix_stays_admitted_on", "admitted_on", "organisation_id"),
        # People who count in a quarter were there or became known in it: found without reading earlier stays.
        Index("ix_stays_ended_on", "ended_on", "admitted_on", "case_id"),
        Index("ix_stays_known_on", "known_on", "admitted_on", "case_id"),
        Index("ix_stays_referral_id", "referral_id"),
        Index("ix_stays_counts_from", "organisation_id", "counts_from"),
    )

    id: Mapped[uuid.UUID] = id_column()
    case_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("cases.id"), index=True)
    organisation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisations.id"))
    referral_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("referrals.id"))
    admitted_on: Mapped[date]
    known_on: Mapped[date]  # the day it was entered: a late stay counts in the quarter it becomes known
    anticipated_end_on: Mapped[date]
    # Nights before this day count for payment only once a second member has confirmed them; None: all of them count.
    # Who entered them stays when they are confirmed.
    counts_from: Mapped[date | None]
    early_by_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("members.id"))  # who entered these nights
    ended_on: Mapped[date | None]
    exit_reason: Mapped[str] = mapped_column(default="")
    destination: Mapped[str] = mapped_column(default="")
    end_known_on: Mapped[date | None]  # the day the end was entered
    destination_country: Mapped[str] = mapped_column(default="", server_default="")  # home, ISO 3166 alpha-2, unknown
    repatriation_gate: Mapped[str] = mapped_column(default="")  # what opened it: home, home_citizen, informed ...
    left_recorded_by_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("members.id"))
    left_confirmed_by_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("members.id"))
    informed_on: Mapped[date | None]  # the day the permit's options were explained, where that opened the gate
    permit_state: Mapped[str] = mapped_column(default="", server_default="")  # of the permit at that moment
    child_gate: Mapped[str] = mapped_column(default="")  # what opened it: adult, assessed, handed_over ...
    safe_on: Mapped[date | None]  # the day from which risk, security and family were found safe, where that opened it
    taken_back_on: Mapped[date | None]  # the person was never there; counts nowhere
    looked_on: Mapped[date | None]
    decided_on: Mapped[date | None]
    assessed_by_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("organisations.id"))
    looked_by_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("organisations.id"))
    child_decision_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("child_decisions.id"))
    reflected_until: Mapped[date | None]  # last day of the reflection period, if the person went abroad
    appeal_until: Mapped[date | None]  # last day for an appeal against a refused permit, likewise
