"""Whether an instance is well: what is looked at, what is late, and what to do. Nothing of it counts people."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum


class Part(StrEnum):
    """What is looked at."""

    MAIN_DATABASE = "main_database"
    SHRED_DATABASE = "shred_database"
    KEYS = "keys"
    KEY_LOG = "key_log"
    RECORDS = "records"
    REFUSALS = "refusals"
    DISK = "disk"
    CLOCK = "clock"
    TENDING = "tending"
    CHECKPOINT = "checkpoint"
    BACKUP = "backup"
    DRILL = "drill"
    SETTINGS = "settings"


class State(StrEnum):
    """How it is with a part."""

    OK = "ok"
    LATE = "late"
    NEVER = "never"
    WRONG = "wrong"
    UNKNOWN = "unknown"  # it cannot be looked at before something else is right


NEEDED = frozenset({Part.MAIN_DATABASE, Part.SHRED_DATABASE, Part.KEYS})
"""Without these nobody is answered; a balancer takes such a machine out."""
AT_MOST = {
    Part.TENDING: timedelta(minutes=5),
    Part.CHECKPOINT: timedelta(hours=26),
    Part.BACKUP: timedelta(hours=26),
    Part.DRILL: timedelta(days=40),
}
"""How old the last one may be: tending is due every minute, checkpoint and backup every night, a drill every month."""
LEAST_FREE = 1 << 30  # bytes; below it a backup or an interview of the night may not fit any more

WHAT_TO_DO = {
    Part.MAIN_DATABASE: "the main database does not answer: is its disk mounted, or its server running?",
    Part.SHRED_DATABASE: "the second database does not answer: is its disk mounted, or its server running?",
    Part.KEYS: "a key file cannot be read; put it back before you start the server again (it runs on what it read)",
    Part.KEY_LOG: "the key log is not whole: nrm keylog verify says which entry, and which copy mends it",
    Part.RECORDS: "records of people are not as the audit chain tells: another hand changed the main database",
    Part.REFUSALS: "an account asked for many pages that it may not see or that do not exist",
    Part.DISK: "less than 1 GiB is free where the databases or backups lie",
    Part.CLOCK: "the clock of this machine may be wrong",
    Part.TENDING: "nothing was tended for too long: is `nrm serve` running, and does its log say `tend failed`?",
    Part.CHECKPOINT: "no checkpoint of the audit chain for a day: is `nrm serve` running?",
    Part.BACKUP: "no backup for a day: look at the timer of `nrm backup`, and set NRM_BACKUPS to its folder",
    Part.SETTINGS: "a setting has a name that the program does not know",
    Part.DRILL: "no drill for a month: `nrm drill` shows whether the backups can be restored",
}
NEVER_DONE = {
    Part.TENDING: "it was never tended: `nrm serve` does it every minute; start it",
    Part.CHECKPOINT: "there is no checkpoint of the audit chain yet: `nrm serve` makes one within minutes of its "
    "start: start it, or look at its log",
    Part.BACKUP: "there is no backup in the folder of NRM_BACKUPS: is it the folder that `nrm backup` writes to?",
    Part.DRILL: "there was no drill yet: `nrm drill` shows whether the backups can be restored",
}
FIRST_CHECKPOINT = "the first one is written within minutes of the start of `nrm serve`"


@dataclass(frozen=True, slots=True)
class Reading:
    """One part, how it is, and for how long nothing was done where that is what counts.

    `why`: what is wrong and what to do, where that is more than `WHAT_TO_DO` says; of a part that is well, why it is.
    """

    part: Part
    state: State
    age: timedelta | None = None
    why: str = ""


def by_age(part: Part, age: timedelta | None) -> Reading:
    """A part that has to be done again and again; `age`: since the last time, None for never."""
    if age is None:
        return Reading(part, State.NEVER, why=NEVER_DONE[part])
    return Reading(part, State.OK if age <= AT_MOST[part] else State.LATE, age)


def checkpoint_by_age(age: timedelta | None, of_instance: timedelta | None) -> Reading:
    """The checkpoint of the audit chain, of which a new instance cannot have one yet; `of_instance`: since it was made,
    None where nobody knows."""
    if age is None and of_instance is not None and of_instance <= AT_MOST[Part.CHECKPOINT]:
        return Reading(Part.CHECKPOINT, State.OK, why=FIRST_CHECKPOINT)
    return by_age(Part.CHECKPOINT, age)


def by_look(part: Part, *, well: bool, why: str = "") -> Reading:
    """A part that is well or is not."""
    return Reading(part, State.OK) if well else Reading(part, State.WRONG, why=why)


def by_finding(part: Part, why: str) -> Reading:
    """A part that is well if nothing is to be said of it."""
    return by_look(part, well=not why, why=why)
