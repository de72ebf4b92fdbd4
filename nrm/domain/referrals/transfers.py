"""A person moves from one shelter to another: what is told of them now, and until when both write (ADR 0068)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

TRANSFER = "transfer"
"""The hand-over that the sender wrote for this move: a compartment under the id of the referral."""
MEETING = "meeting"
"""Where and when the person is met, written by the receiver: a compartment under the id of the referral."""

BOTH_WRITE = timedelta(days=7)
"""How long after the acceptance the sender reads and writes, if nobody records that the person left or arrived."""


class MoveReason(StrEnum):
    """Why somebody moves to another shelter; kept under seal, in the hand-over."""

    OWN_WISH = "own_wish"
    FAMILY_TOGETHER = "family_together"
    MEDICAL_NEED = "medical_need"
    LONGER_HELP = "longer_help"
    CONFLICT_WITH_RESIDENT = "conflict_with_resident"
    NO_ROOM = "no_room"
    NOT_SAFE_HERE = "not_safe_here"
    COMPLAINT = "complaint"
    OTHER = "other"

    @property
    def keys_move_at_once(self) -> bool:
        """Whether the sender loses the case on acceptance, because the person is to be safe from it."""
        return self in (MoveReason.NOT_SAFE_HERE, MoveReason.COMPLAINT)


class CallOff(StrEnum):
    """Why a move that was accepted does not happen; kept under seal, in a note of the case."""

    DOES_NOT_WANT = "does_not_want"
    ILL = "ill"
    MISSING = "missing"
    CANNOT_BE_TAKEN = "cannot_be_taken"
    OTHER_PLACE = "other_place"
    OTHER = "other"


@dataclass(frozen=True, slots=True, repr=False)
class HandOver:
    """What the sender writes now for the shelter that it asks. `words`: all of it as one text, in the writer's
    language, which becomes a note of the case once the person is there."""

    reason: MoveReason
    doctor: bool
    needs: str
    risk: str
    children: str = ""
    wishes: str = ""
    words: str = ""

    def to_value(self, login: str, at: datetime) -> dict[str, Any]:
        """What is sealed: with who wrote it and when."""
        return {**asdict(self), "reason": str(self.reason), "login": login, "at": at.isoformat()}


def is_at_once(value: Mapping[str, Any]) -> bool:
    """Whether the keys move on acceptance by what a hand-over says; also where it gives no reason that is known."""
    reason = value.get("reason")
    return reason not in list(MoveReason) or MoveReason(reason).keys_move_at_once


def as_note(value: Mapping[str, Any]) -> dict[str, Any]:
    """The hand-over as a note of the case, under the name of who wrote it."""
    told = [value.get(each) for each in ("needs", "risk", "children", "wishes")]
    text = value.get("words") or "\n\n".join(str(each) for each in told if each)
    return {"text": text, "at": value.get("at", ""), "login": value.get("login", "")}


def both_write_until(accepted_at: datetime) -> datetime:
    """When the sender stops reading and writing if nobody says what happened."""
    return accepted_at + BOTH_WRITE


class Stand(StrEnum):
    """Where a move stands, for the two shelters."""

    ASKED = "asked"
    BOTH = "both"  # accepted; the person still sleeps at the sender's, and both write
    OVERDUE = "overdue"  # as BOTH, seven days later: the sender opens nothing until one of them says what happened
    AT_ONCE = "at_once"  # accepted; the keys moved, and the person still sleeps at the sender's
    TAKEN_BACK = "taken_back"  # they had not left after all: the keys are with the receiver until it gives them back
    ON_THE_WAY = "on_the_way"
    NOT_COME = "not_come"  # was said not to have arrived, and nobody said since where the person is; for the sender


def stand(
    status: str,
    *,
    departed_at: datetime | None,
    accepted_at: datetime | None,
    sender_holds_keys: bool,
    at: datetime,
    taken_back: bool = False,
) -> Stand | None:
    """Where the move stands at `at`; None for one that is over, or that was never accepted.

    `taken_back`: a departure was recorded by mistake, and nothing has happened since.
    """
    if status == "sent":
        return Stand.ASKED
    if status != "accepted":
        return None
    if departed_at is not None:
        return Stand.ON_THE_WAY
    if not sender_holds_keys:
        return Stand.TAKEN_BACK if taken_back else Stand.AT_ONCE
    if accepted_at is not None and at >= both_write_until(accepted_at):
        return Stand.OVERDUE
    return Stand.BOTH


class TransferRefusal(StrEnum):
    """Why a step of a move is refused."""

    NO_KEY = "no_key"  # the sender does not hold all of the case: only the receiver can give it back
    MOVED_AT_ONCE = "moved_at_once"  # by why the person moves, or nobody can read any more why


class TransferRefused(Exception):
    """Nothing changes; `reason` says why."""

    def __init__(self, reason: TransferRefusal) -> None:
        super().__init__(reason)
        self.reason = reason
