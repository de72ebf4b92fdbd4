"""Benefits without a label: the holder of a case asks the payment desk for money by a payment code.

The code is random and stands nowhere beside the case but under the seal of the holder. The desk sees how much, for
which months, and on which way; the money goes to the holder's account, or is a numbered voucher of the holder: never to
an account, a name or a number of the person. Nothing of it is free text. Decided in ADR 0156.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any

from nrm.domain.quarters import Quarter
from nrm.domain.shelter.cases import ALPHABET
from nrm.domain.support.witnesses import symbols

BENEFIT, CALLED_OFF, AGREED, BACK = "benefit", "benefit_called_off", "benefit_agreed", "benefit_back"
KNOWS, KNOWS_NOT = "benefit_told", "benefit_not_told"
"""What an entry under seal says that it is, among the notes on care or in what is sealed of a follow-up."""
RANDOM_BYTES = 24
MOST_MONTHS = 12
MOST_AMOUNT = 10_000_000
TOGETHER_WITHIN = timedelta(days=30)
"""What is asked for one person within so long counts together: parts of an amount are no way around a second hand."""
MONTHS_BACK, MONTHS_AHEAD = 3, 12
KEPT_MONTHS = 24
"""So long after its last month a benefit is kept for who pays and who got the money."""
_SURELY_KEPT = timedelta(days=28 * (KEPT_MONTHS - MONTHS_BACK - 1))
_MARK, _GROUPS, _GROUP, _DIGITS = "P", 3, 4, 8


class Channel(StrEnum):
    """How the money comes: to an account of the holder, or as a voucher that the holder gives out."""

    ACCOUNT = "account"
    VOUCHER = "voucher"


class State(StrEnum):
    """How a benefit stands."""

    ASKED = "asked"
    PAID = "paid"
    RETURNED = "returned"  # it was not paid, or came back
    CALLED_OFF = "called_off"  # by the holder, before it was paid


PAID_AFTER_OFF = "paid_after_off"
"""How a benefit stands of which the payment desk said that the money had gone out, after the holder called it off."""


class Second(StrEnum):
    """Whether a second member of the house agrees to it."""

    NONE = ""  # none is needed
    WANTED = "wanted"  # until then the payment desk sees nothing of it
    GIVEN = "given"


SETTLES: Mapping[State, frozenset[State]] = {
    State.ASKED: frozenset({State.PAID, State.RETURNED}),
    State.PAID: frozenset({State.RETURNED}),
    State.RETURNED: frozenset(),
    State.CALLED_OFF: frozenset({State.PAID, State.RETURNED}),
}
"""What the payment desk can say of a benefit that stands like this. Money that went out is recorded whatever happened
meanwhile: also of one that was called off while the desk had it in hand. That none went out is said, too: the
house then needs to know no more whose it was."""
ANSWERED_MONTHS = 3
"""For so many months after it was called off the payment desk is asked whether the money had gone out."""
UNDONE_WITHIN = timedelta(days=1)
"""What the desk recorded can be taken back on the day itself and on the one after; that the person knows it, for so
long."""


OF_NOBODY_AFTER = timedelta(days=7)
"""So long everybody of the house reads that nobody is said to know whose a code is, before it is called off."""


def may_come_back(state: State, settled_month: date | None, today: date) -> bool:
    """Whether what was called off can be asked for again: as long as the payment desk is asked about it."""
    return state is State.CALLED_OFF and settled_month is not None and settled_month >= answer_since(today)


class BenefitRefusal(StrEnum):
    """Why nothing is asked for, called off or settled."""

    CLOSED = "closed"  # the case is closed, and nobody stays in touch
    AMOUNT = "amount"
    PERIOD = "period"
    OVER = "over"  # it is paid, returned or called off already
    GONE = "gone"  # there is no such code with this person
    LATE = "late"  # it was recorded too long ago to be taken back
    UNDONE = "undone"  # it was taken back already
    CHANGED = "changed"  # it stands otherwise than on the page that was answered
    FOREIGN = "foreign"  # another hand changed the row in the database
    ASKED = "asked"  # the first press of the same form asked for it
    AGREED = "agreed"  # already, as the three below
    OFF = "off"
    BACK = "back"
    SAID = "said"  # that nobody finds whose it is
    PUT_BACK = "put_back"  # and the row is an older one, with its mark: the payment desk said something since
    KNOWN = "known"  # it was said more than a day ago that the person knows
    OWN = "own"  # who asked for it, or is one hand with who did, does not agree to it


class BenefitRefused(Exception):
    """Nothing is recorded; `reason` says why."""

    def __init__(self, reason: BenefitRefusal) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is asked for: so much in all, for so many months from the first of one on."""

    amount: int
    from_month: date
    months: int
    channel: Channel


@dataclass(frozen=True, slots=True)
class Deed:
    """What somebody did with a benefit (`what`): agreed to it, called it off, asked for it again, or said that the
    person knows what became of it, or does not know it yet."""

    what: str
    at: str
    login: str


@dataclass(frozen=True, slots=True)
class Entry:
    """What stands under seal of one benefit: its code, who asked for it and when, and what others did, the oldest
    first."""

    code: str
    once: str
    at: str
    login: str
    deeds: tuple[Deed, ...] = ()

    @property
    def asked_last(self) -> str:
        """When it was asked for: what was called off and is asked for again is asked for then."""
        return max([self.at, *(deed.at for deed in self.deeds if deed.what == BACK)])

    def is_kept(self, now: datetime) -> bool:
        """Whether the payment desk keeps it still, whenever it began: one that is not there was taken out by hand."""
        return datetime.fromisoformat(self.at) > now - _SURELY_KEPT

    @property
    def askers(self) -> set[str]:
        """The sign-in names of who asked for it, and of who asked again."""
        return {self.login, *(deed.login for deed in self.deeds if deed.what == BACK)}

    def said_known(self, now: datetime) -> bool:
        """Whether the last word is that the person knows what became of it, and it can still be taken back."""
        last = self.deeds[-1] if self.deeds else None
        return last is not None and last.what == KNOWS and datetime.fromisoformat(last.at) > now - UNDONE_WITHIN

    @property
    def concerns_another(self) -> bool:
        """Of one that is called off: whether another one than who asked for it ever agreed to it or called it off. What
        was called off by no press of theirs was, too (ADR 0198)."""
        asker, off = self.login, False
        for deed in self.deeds:
            if deed.what in (KNOWS, KNOWS_NOT):
                continue
            if (
                deed.what == AGREED
                or (deed.what == BACK and not off)
                or (deed.what == CALLED_OFF and deed.login != asker)
            ):
                return True
            asker, off = (deed.login, False) if deed.what == BACK else (asker, True)
        return not off


MOST_NUMBER = 8
"""How many benefits of a house need no second member within `TOGETHER_WITHIN`, where the country says nothing."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How much is asked for without a second member: for one person within `TOGETHER_WITHIN`; and of one house that
    waits to be paid, or was paid since the month in which that time began: how much, and how many benefits."""

    alone: int = 0
    together: int = 0
    number: int = MOST_NUMBER


@dataclass(frozen=True, slots=True)
class AskedAlone:
    """What was asked for without a second member, and was not called off: `person` within `TOGETHER_WITHIN` for the
    same person; `house`, `number`: of all people of the house, what waits to be paid or was paid lately
    (`paid_since`)."""

    person: int
    house: int
    number: int = 0


def check(wanted: Wanted, *, today: date) -> None:
    """Raise BenefitRefused for an impossible amount or period."""
    if not 0 < wanted.amount <= MOST_AMOUNT:
        raise BenefitRefused(BenefitRefusal.AMOUNT)
    if wanted.from_month not in months(today) or not 1 <= wanted.months <= MOST_MONTHS:
        raise BenefitRefused(BenefitRefusal.PERIOD)


def months(today: date) -> list[date]:
    """The months with which a benefit can begin, the first one first."""
    return [month_after(today, number) for number in range(-MONTHS_BACK, MONTHS_AHEAD + 1)]


def month_after(day: date, number: int) -> date:
    """The first day of the month so many months after that of a day."""
    count = day.year * 12 + day.month - 1 + number
    return date(count // 12, count % 12 + 1, 1)


REVIEWED_MONTHS = 3
"""So many months that are over a manager can look through what her house asked for."""


def review_months(today: date) -> list[date]:
    """The months that are over and that a manager looks through, the newest first."""
    return [month_after(today, -number) for number in range(1, REVIEWED_MONTHS + 1)]


def answer_since(today: date) -> date:
    """What was called off in this month or later is not over before the payment desk says whether money went out."""
    return month_after(today, -ANSWERED_MONTHS)


def second_for(amount: int, asked: AskedAlone, limits: Limits) -> Second:
    """Whether so much waits for a second member, after what was asked without one."""
    within = amount + asked.person <= limits.alone and amount + asked.house <= limits.together
    return Second.NONE if within and asked.number < limits.number else Second.WANTED


def paid_since(today: date) -> date:
    """The month from which on what was paid counts for the house: whatever was asked for within `TOGETHER_WITHIN` waits
    still, or was paid in it or later. A benefit says no day, so up to a month more counts."""
    return (today - TOGETHER_WITHIN).replace(day=1)


def lately(entries: Iterable[Entry], now: datetime) -> list[str]:
    """The codes of what was asked for within `TOGETHER_WITHIN`."""
    return [each.code for each in entries if datetime.fromisoformat(each.asked_last) > now - TOGETHER_WITHIN]


def quarter_sums(amounts: Iterable[tuple[date, int]]) -> list[tuple[str, int]]:
    """What amounts to how much in each quarter, by the month with which each begins, the newest quarter first."""
    sums: dict[str, int] = {}
    for month, amount in amounts:
        quarter = str(Quarter.of(month))
        sums[quarter] = sums.get(quarter, 0) + amount
    return sorted(sums.items(), reverse=True)


def check_settled(state: State, to: State) -> None:
    """Raise BenefitRefused unless the payment desk can say this now."""
    if to not in SETTLES[state]:
        raise BenefitRefused(BenefitRefusal.OVER)


def new_code(random_bytes: bytes) -> str:
    """A code such as `P-7K4Q-M2TX-9DHR`, of at least 24 random bytes: 54 bits of it count. It follows from nothing."""
    if len(random_bytes) < RANDOM_BYTES:
        raise ValueError(f"a payment code needs {RANDOM_BYTES} random bytes")
    drawn = "".join(symbols(random_bytes, _GROUPS * _GROUP))
    return "-".join((_MARK, *(drawn[at : at + _GROUP] for at in range(0, len(drawn), _GROUP))))


def new_voucher(random_bytes: bytes) -> str:
    """The number of a voucher, such as `2741-9036`: nor does the paper tell the payment code."""
    if len(random_bytes) < RANDOM_BYTES:
        raise ValueError(f"the number of a voucher needs {RANDOM_BYTES} random bytes")
    digits = f"{int.from_bytes(random_bytes, 'big') % 10**_DIGITS:0{_DIGITS}}"
    return f"{digits[:4]}-{digits[4:]}"


_NO_MATTER = frozenset("-‐‑‒–—−_.,/")
_ALIKE = {ord(typed): meant for typed, meant in zip("BGSZ", "8652", strict=True)}
"""Of two signs that look alike the alphabet of codes has one: the other one is read as it. It has none of 0, O, 1, I
and L, so these are read as nothing else."""
_ALIKE_DIGITS = _ALIKE | {ord(typed): meant for typed, meant in zip("OQDIL|", "000111", strict=True)}
"""The number of a voucher has digits alone."""


def parse_code(text: str) -> str:
    """A payment code, or the number of a voucher, in its usual form, as somebody types it from paper: with small
    letters, with or without `P`, blanks and dashes; a letter that is none of the alphabet and looks like one sign of it
    is read as that one. Empty for what can be neither."""
    folded = unicodedata.normalize("NFKC", text).upper()
    typed = "".join(each for each in folded if not each.isspace() and each not in _NO_MATTER)
    digits = typed.translate(_ALIKE_DIGITS)
    if len(digits) == _DIGITS and digits.isascii() and digits.isdigit():
        return f"{digits[:4]}-{digits[4:]}"
    if len(typed) == _GROUPS * _GROUP + len(_MARK):
        typed = typed.removeprefix(_MARK)
    code = typed.translate(_ALIKE)
    if len(code) != _GROUPS * _GROUP or not set(code) <= set(ALPHABET):
        return ""
    return "-".join((_MARK, *(code[at : at + _GROUP] for at in range(0, len(code), _GROUP))))


def _is_copy(note: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether both are one entry: it lies in two places after a person came back, and that was a mistake."""
    return all(note[name] == other[name] for name in ("code", "once", "at", "login"))


def entries(notes: Iterable[Mapping[str, Any]]) -> list[Entry]:
    """The benefits among what was sealed, the oldest first, whatever order it lies in."""
    asked, deeds = list[Mapping[str, Any]](), dict[str, list[Deed]]()
    for note in notes:
        if note.get("plan") == BENEFIT:
            if not any(_is_copy(note, each) for each in asked):
                asked.append(note)
        elif note.get("plan") in (AGREED, CALLED_OFF, BACK, KNOWS, KNOWS_NOT):
            done = Deed(str(note["plan"]), str(note["at"]), str(note["login"]))
            if done not in deeds.setdefault(str(note["code"]), []):
                deeds[str(note["code"])].append(done)
    found = [
        Entry(
            str(note["code"]),
            str(note["once"]),
            str(note["at"]),
            str(note["login"]),
            tuple(sorted(deeds.get(str(note["code"]), ()), key=lambda deed: deed.at)),
        )
        for note in asked
    ]
    return sorted(found, key=lambda entry: (entry.at, entry.code))
