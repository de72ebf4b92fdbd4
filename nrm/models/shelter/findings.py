"""What was found of a child's risk, security and family, the second look, the best-interest decision and the guardian:
entries that are added and never changed.

Households, places and reasons, the child's own view and every name are sealed in the compartment `child_file` under the
id of the file; a second look seals its own reasons under its own id.
"""

from __future__ import annotations

import uuid
from datetime import date

from sqlalchemy import CheckConstraint, ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from nrm.db import Model, id_column
from nrm.domain.shelter.child_returns import Assessment
from nrm.domain.shelter.findings import DecidedBy, Found, Outcome
from nrm.models.accounts.accounts import one_of


class ChildFile(Model):
    """Where the words of one child's assessments are sealed: to the service that assesses, to who holds the case and to
    the Responsible Authority."""

    __tablename__ = "child_files"
    __table_args__ = (UniqueConstraint("case_id"),)

    id: Mapped[uuid.UUID] = id_column()
    case_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("cases.id"))


class ChildHousehold(Model):
    """A household to which a child may go. Here stands only its number; who and where it is, is sealed."""

    __tablename__ = "child_households"
    __table_args__ = (UniqueConstraint("case_id", "position"),)

    id: Mapped[uuid.UUID] = id_column()
    case_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("cases.id"))
    position: Mapped[int]


class ChildFinding(Model):
    """One finding of one assessment. `subject_id`: the case, or the return that another country asks for."""

    __tablename__ = "child_findings"
    __table_args__ = (
        CheckConstraint(one_of("kind", Assessment), name="known_kind"),
        CheckConstraint(one_of("found", Found), name="known_found"),
        # Older entries, which said only "done", count as not clear yet, and name nobody.
        CheckConstraint(
            "found = 'not_yet_clear' OR (assessor <> '' AND member_id IS NOT NULL)", name="found_by_somebody"
        ),
        UniqueConstraint("subject_id", "kind", "position"),
    )

    id: Mapped[uuid.UUID] = id_column()
    subject_id: Mapped[uuid.UUID]
    kind: Mapped[str]
    position: Mapped[int]  # of this kind, from 1: the last one counts
    found: Mapped[str]
    found_on: Mapped[date]
    assessor: Mapped[str]  # the colleague who looked into it
    organisation_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("organisations.id"))
    member_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("members.id"))  # who recorded it
    # None: of a return, or from before a household was asked for, which opens nothing.
    household_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("child_households.id"))


class ChildLook(Model):
    """A second look at three findings, by a member of another organisation than the one that assessed."""

    __tablename__ = "child_looks"
    __table_args__ = (
        CheckConstraint(one_of("found", Found), name="known_found"),
        CheckConstraint("organisation_id <> assessed_by_id", name="by_another_organisation"),
        UniqueConstraint("case_id", "position"),
    )

    id: Mapped[uuid.UUID] = id_column()
    case_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("cases.id"))
    position: Mapped[int]
    household_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("child_households.id"))
    risk_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("child_findings.id"))
    security_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("child_findings.id"))
    family_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("child_findings.id"))
    assessed_by_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisations.id"))
    found: Mapped[str]
    looked_on: Mapped[date]
    organisation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisations.id"))
    member_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("members.id"))


class ChildDecision(Model):
    """A best-interest decision of the Responsible Authority or of a court; the last one counts."""

    __tablename__ = "child_decisions"
    __table_args__ = (
        CheckConstraint(one_of("outcome", Outcome), name="known_outcome"),
        CheckConstraint(one_of("decided_by", DecidedBy), name="known_decider"),
        CheckConstraint(
            "(outcome = 'goes') = (household_id IS NOT NULL) AND (outcome = 'goes') = (look_id IS NOT NULL)",
            name="goes_after_a_second_look",
        ),
        UniqueConstraint("case_id", "position"),
    )

    id: Mapped[uuid.UUID] = id_column()
    case_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("cases.id"))
    position: Mapped[int]
    outcome: Mapped[str]
    household_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("child_households.id"))
    look_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("child_looks.id"))
    decided_by: Mapped[str]
    decided_on: Mapped[date]
    organisation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisations.id"))
    member_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("members.id"))


class ChildGuardian(Model):
    """Who is a child's guardian, after a check for conflicts; the last one counts. The name is sealed."""

    __tablename__ = "child_guardians"
    __table_args__ = (
        CheckConstraint("no_companion AND not_of_household", name="without_conflict"),
        UniqueConstraint("case_id", "position"),
    )

    id: Mapped[uuid.UUID] = id_column()
    case_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("cases.id"))
    position: Mapped[int]
    since_on: Mapped[date]
    no_companion: Mapped[bool]
    not_of_household: Mapped[bool]
    organisation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisations.id"))
    member_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("members.id"))
