"""What was agreed with a person about staying in touch after the shelter, and its contacts, as closed codes."""

from __future__ import annotations

import uuid
from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from nrm.db import Model, id_column
from nrm.domain.support.follow_ups import Acts, Ended, Outcome, Stand
from nrm.models.accounts.accounts import one_of

_STANDS = text("ended_on IS NULL")


class FollowUp(Model):
    """One agreement. How she is reached, what may be said to whom and every word of a contact are sealed in the
    `follow_up` compartment of the same id, to the holder of the case alone."""

    __tablename__ = "follow_ups"
    __table_args__ = (
        CheckConstraint(one_of("ended_why", ("", *Ended)), name="known_end"),
        CheckConstraint("(ended_on IS NULL) = (ended_why = '')", name="ended_with_reason"),
        Index("uq_follow_ups_standing", "case_id", unique=True, sqlite_where=_STANDS, postgresql_where=_STANDS),
        Index("ix_follow_ups_case_id", "case_id"),
        Index("ix_follow_ups_organisation_id_ended_on", "organisation_id", "ended_on"),
    )

    id: Mapped[uuid.UUID] = id_column()
    case_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("cases.id"))
    organisation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisations.id"))  # the holder
    worker_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("members.id"))  # who stays in touch
    agreed_month: Mapped[date]
    begins_on: Mapped[date | None]  # the day on which the stay ended, or the case was closed; None: she is still here
    ended_on: Mapped[date | None]
    ended_why: Mapped[str] = mapped_column(default="")


class FollowUpDate(Model):
    """One contact that is due. Nothing says in clear what she told: how she lives and whether she is safe is sealed."""

    __tablename__ = "follow_up_dates"
    __table_args__ = (
        UniqueConstraint("follow_up_id", "months"),
        CheckConstraint(one_of("state", tuple(Stand)), name="known_state"),
        CheckConstraint(one_of("outcome", ("", *Outcome)), name="known_outcome"),
        CheckConstraint("outcome = '' OR state = 'reached'", name="outcome_of_who_was_reached"),
        CheckConstraint("(state = 'open') = (counts_on IS NULL)", name="settled_in_a_quarter"),
        CheckConstraint("months > 0 AND tries >= 0", name="counted"),
        CheckConstraint(one_of("acted_what", ("", *Acts)), name="known_act"),
        CheckConstraint("(acted_what = '') = (acted_at IS NULL)", name="acted_at_an_hour"),
        Index("ix_follow_up_dates_state_next_on", "state", "next_on"),
        Index("ix_follow_up_dates_due_on", "due_on"),
        Index("ix_follow_up_dates_alarm_on", "alarm_on"),
    )

    id: Mapped[uuid.UUID] = id_column()
    follow_up_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("follow_ups.id"))
    months: Mapped[int]
    due_on: Mapped[date]  # follows from the end of the stay
    next_on: Mapped[date]  # from this day on it is to be done; later than `due_on` when it is tried again
    tries: Mapped[int] = mapped_column(default=0)
    state: Mapped[str] = mapped_column(default=Stand.OPEN)
    outcome: Mapped[str] = mapped_column(default="")
    counts_on: Mapped[date | None]  # the first day of the quarter in which it was settled
    alarm_on: Mapped[date | None]  # somebody must act, until the person is safe; or decide, until the house says what
    # Who raised the alarm; None with a day: nobody did, the contact was given up because she was not reached.
    alarm_by_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("members.id"))
    acted_what: Mapped[str] = mapped_column(default="", server_default="")  # what the house said that it does
    acted_at: Mapped[datetime | None]
    acted_by_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("members.id"))
    safe_at: Mapped[datetime | None]  # the last time somebody recorded that the person is safe
    safe_by_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("members.id"))
