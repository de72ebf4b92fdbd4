"""Referrals, the stored route of a case, and who has to be told."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, UniqueConstraint, false, text
from sqlalchemy.orm import Mapped, mapped_column

from nrm.db import Model, id_column
from nrm.domain.interviews.endings import FINAL, OPINIONS, ChildAnswer
from nrm.domain.referrals.referrals import Escort
from nrm.models.accounts.accounts import one_of

STATUSES = ("sent", "accepted", "declined", "withdrawn", "expired", "arrived", "not_arrived", "called_off", "mistaken")
_OPEN = text("status IN ('sent', 'accepted')")
_KEPT = text("status = 'accepted'")


class Referral(Model):
    """The asking of one organisation's desk to take one person; cites the clause and version it was made under."""

    __tablename__ = "referrals"
    __table_args__ = (
        CheckConstraint(one_of("status", STATUSES), name="known_status"),
        CheckConstraint("sender_id <> receiver_id", name="not_to_itself"),
        CheckConstraint("status <> 'declined' OR decline_reason <> ''", name="declined_with_reason"),
        CheckConstraint("overrides = '' OR override_reason <> ''", name="overridden_with_reason"),
        CheckConstraint(
            f"(departed_at IS NULL AND escort = '') OR (departed_at IS NOT NULL AND {one_of('escort', Escort)})",
            name="departed_with_escort",
        ),
        CheckConstraint("(sealed_tags IS NULL) = (tags_version IS NULL)", name="tags_with_version"),
        CheckConstraint(
            f"NOT epoch_due OR {one_of('status', ('accepted', 'arrived', 'not_arrived'))}", name="epoch_due_once_taken"
        ),
        Index("uq_referrals_open_case", "case_id", unique=True, sqlite_where=_OPEN, postgresql_where=_OPEN),
        Index("ix_referrals_receiver_id_status", "receiver_id", "status"),
        Index("ix_referrals_sender_id_sent_at", "sender_id", "sent_at", "id"),
        Index("ix_referrals_status_expires_at", "status", "expires_at"),
        Index("ix_referrals_case_id_status", "case_id", "status", "receiver_id"),
    )

    id: Mapped[uuid.UUID] = id_column()
    case_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("cases.id"))
    sender_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisations.id"))
    receiver_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisations.id"))
    position: Mapped[int]  # first, second ... of this case's chain
    status: Mapped[str]
    agreement: Mapped[str]  # the version it was made under
    clause: Mapped[str]
    must: Mapped[bool]
    assigned: Mapped[bool] = mapped_column(default=False)  # directed by the duty officer, binding
    overrides: Mapped[str] = mapped_column(default="")  # the clause it goes against
    override_reason: Mapped[str] = mapped_column(default="")
    sent_at: Mapped[datetime]
    due_at: Mapped[datetime]  # when the answer is owed
    expires_at: Mapped[datetime]  # from then on nobody can accept
    promised_at: Mapped[datetime | None]
    promised_by: Mapped[str] = mapped_column(default="", server_default="")  # the colleague who promised, until arrival
    decided_at: Mapped[datetime | None]
    decline_reason: Mapped[str] = mapped_column(default="")
    answered_in: Mapped[str] = mapped_column(default="")  # a class of domain.referrals, kept when the hours go
    departed_at: Mapped[datetime | None]
    escort: Mapped[str] = mapped_column(default="", server_default="")
    expected_at: Mapped[datetime | None]
    missed_at: Mapped[datetime | None]  # the hour of the alarm, where another one was said later (ADR 0244)
    put_off: Mapped[int] = mapped_column(default=0, server_default="0")  # how often another hour was said on the way
    arrived_at: Mapped[datetime | None]
    # From one shelter to another: what `RouteCandidate.sealed_tags` is for a party of the route, written by the sender.
    sealed_tags: Mapped[bytes | None]
    tags_version: Mapped[int | None]
    # The sender's grants ended without a key to hand, so the next session of the receiver makes the new epoch.
    epoch_due: Mapped[bool] = mapped_column(default=False, server_default=false())
    mark: Mapped[bytes]  # a MAC over id, case and receiver: no key is released for a referral written by hand


class RouteCandidate(Model):
    """One party of the route as it was computed; from it the next party is asked without any key."""

    __tablename__ = "route_candidates"
    __table_args__ = (UniqueConstraint("case_id", "position"), UniqueConstraint("case_id", "organisation_id"))

    id: Mapped[uuid.UUID] = id_column()
    case_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("cases.id"))
    position: Mapped[int]
    organisation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisations.id"))
    clause: Mapped[str]
    must: Mapped[bool]
    reason: Mapped[dict[str, str]] = mapped_column(JSON, server_default=text("'{}'"))  # in words, by language
    # Whether a doctor is needed, sealed to a version of the party's keyring; none once nobody is asked or awaited.
    sealed_tags: Mapped[bytes | None]
    tags_version: Mapped[int | None]


class RouteExclusion(Model):
    """A party that was not a candidate, and why (no reason where an official may be involved)."""

    __tablename__ = "route_exclusions"
    __table_args__ = (UniqueConstraint("case_id", "party"),)

    id: Mapped[uuid.UUID] = id_column()
    case_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("cases.id"))
    party: Mapped[str]
    reason: Mapped[dict[str, str]] = mapped_column(JSON, server_default=text("'{}'"))  # in words, by language


_STILL_OPEN = text("done_at IS NULL")


class Obligation(Model):
    """Something the agreement asks of a party in this case, by when, and who acknowledged it."""

    __tablename__ = "obligations"
    __table_args__ = (
        UniqueConstraint("case_id", "kind", "party"),
        Index("ix_obligations_open", "party", sqlite_where=_STILL_OPEN, postgresql_where=_STILL_OPEN),
        Index("ix_obligations_done_by_id_done_at", "done_by_id", "done_at"),
    )

    id: Mapped[uuid.UUID] = id_column()
    case_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("cases.id"))
    kind: Mapped[str]
    party: Mapped[str]
    clause: Mapped[str]
    due_at: Mapped[datetime | None]
    done_at: Mapped[datetime | None]
    done_by_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("members.id"))


class Call(Model):
    """A telephone call to tell somebody what they have to know. `subject_id`: the obligation, or the child alert.

    `name` is the colleague who answered, empty where nobody did; never the person it was about.
    """

    __tablename__ = "calls"
    __table_args__ = (
        CheckConstraint("answered = (name <> '')", name="answered_by_somebody"),
        CheckConstraint("number <> ''", name="a_number"),
        Index("ix_calls_subject_id", "subject_id"),
    )

    id: Mapped[uuid.UUID] = id_column()
    subject_id: Mapped[uuid.UUID]
    number: Mapped[str]
    answered: Mapped[bool]
    name: Mapped[str]  # sealed: `vault/unattended/call_names.py`
    called_at: Mapped[datetime]
    called_by_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("members.id"))


class ChildAlert(Model):
    """A child, or a person who may be one, is at a post: told to the child authority before anything is sent.

    The id is the interview's. Nothing sealed is here, and nothing by which the person could be known.

    `age_class`: what the post says now; `adult` if the post reported a child before.

    `opinion_at`: since when the post wants to end the interview, for `opinion_why`, and waits for an answer until
    `answer_due_at`; `answer`: the answer of the child authority, in the system or by telephone (`answered_name`: the
    colleague who was spoken to).
    """

    __tablename__ = "child_alerts"
    __table_args__ = (
        CheckConstraint(one_of("age_class", ("child", "unsure", "adult")), name="known_age_class"),
        CheckConstraint(
            f"withdrawn_at IS NULL OR {one_of('withdrawn_why', ('age_changed', 'ended', 'not_named', 'answered'))}",
            name="withdrawn_with_reason",
        ),
        CheckConstraint(
            "(opinion_at IS NULL) = (opinion_why = '') AND (opinion_at IS NULL) = (answer_due_at IS NULL) "
            f"AND {one_of('opinion_why', ('', *OPINIONS))}",
            name="asked_with_reason",
        ),
        CheckConstraint(
            "(answer = '') = (answered_at IS NULL) AND (answer = '') = (answered_by_id IS NULL) "
            "AND (answer = '') = (answer_how = '') AND (answer_how = 'telephone') = (answered_name <> '')",
            name="answered_by_somebody",
        ),
        CheckConstraint(
            f"{one_of('answer', ('', *ChildAnswer))} AND {one_of('answer_how', ('', 'system', 'telephone'))} "
            "AND (answer = '' OR opinion_at IS NOT NULL)",
            name="known_answer",
        ),
        # `ended` without an opinion: the row is older than the question to the child authority.
        CheckConstraint(
            "withdrawn_at IS NULL OR withdrawn_why NOT IN ('ended', 'answered') "
            f"OR (withdrawn_why = 'ended' AND opinion_at IS NULL) OR {one_of('answer', FINAL)}",
            name="ended_only_when_answered",
        ),
        # The post alone cannot turn a reported child into an adult, and nobody can while the post says "child".
        CheckConstraint(
            "(answer <> 'adult' OR (age_class = 'adult' AND withdrawn_at IS NOT NULL)) "
            "AND (age_class <> 'adult' OR withdrawn_why <> 'age_changed' OR answer = 'adult')",
            name="adult_only_when_agreed",
        ),
        Index("ix_child_alerts_party_told_at", "party", "told_at"),
        Index("ix_child_alerts_withdrawn_at_done_at", "withdrawn_at", "done_at"),
    )

    id: Mapped[uuid.UUID] = id_column()
    organisation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisations.id"))
    party: Mapped[str]
    clause: Mapped[str]
    age_class: Mapped[str]
    told_at: Mapped[datetime]
    due_at: Mapped[datetime]
    done_at: Mapped[datetime | None]
    done_by_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("members.id"))
    withdrawn_at: Mapped[datetime | None]
    withdrawn_why: Mapped[str] = mapped_column(default="")
    opinion_at: Mapped[datetime | None]
    answer_due_at: Mapped[datetime | None]
    opinion_why: Mapped[str] = mapped_column(default="", server_default="")
    answer: Mapped[str] = mapped_column(default="", server_default="")
    answer_how: Mapped[str] = mapped_column(default="", server_default="")
    answered_at: Mapped[datetime | None]
    answered_by_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("members.id"))
    answered_name: Mapped[str] = mapped_column(default="", server_default="")  # sealed, as that of a call
