"""A crossing point cannot look up where a person is: what its people may know of who takes somebody in (ADR 0106)."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from nrm.domain.accounts.accounts import OrganisationKind
from nrm.domain.referrals.referrals import ReferralStatus

POSTS = frozenset(
    {
        OrganisationKind.BORDER_POLICE,
        OrganisationKind.POLICE,
        OrganisationKind.HELPLINE,
        OrganisationKind.CONSULAR_SERVICE,
    }
)
"""Kinds of organisations to which no shelter is named from the acceptance on."""

MEETING_WITHIN = timedelta(hours=1)
"""How long after the acceptance nobody calls the shelter that has not said where it meets the person."""
MEETING_ENDS = timedelta(hours=12)
"""How long after the hour for which a person is expected the meeting place is destroyed, if nobody arrived."""


def is_told_receiver(kind: OrganisationKind | None, status: ReferralStatus, *, interviewer: bool) -> bool:
    """Whether somebody of an organisation of this kind may be told who is asked, in a referral with this status: at a
    post the interviewer alone, and only as long as there is no answer. Others see it as their relation lets them."""
    return kind not in POSTS or (interviewer and status is ReferralStatus.SENT)


ESCORT = "escort"
"""In the sealed meeting place: the id of the member of the post who alone opens it; none for the interviewer."""


class Brings(StrEnum):
    """Who goes with the person from the post."""

    POST = "post"  # to a public place at which the shelter meets them
    SHELTER = "shelter"  # it comes for the person, and says a code word


def meeting_ends(expected_at: datetime | None, accepted_at: datetime) -> datetime:
    """From when on the meeting place can be opened by nobody and is destroyed; without an expected hour it counts from
    the acceptance."""
    return (expected_at or accepted_at) + MEETING_ENDS


PASSED_LATELY = timedelta(hours=6)
"""An hour of a day that passed so short a time ago is perhaps not meant as that of the next day."""


def passed_lately(comes_at: datetime, now: datetime) -> datetime | None:
    """The same hour a day before the next one (`comes_at`), if it passed so lately that it is asked which is meant."""
    before = comes_at - timedelta(days=1)
    return before if now - before < PASSED_LATELY else None


def is_destroyed_before(hour: str, until: datetime) -> bool:
    """Whether what was said is destroyed (`until`) before the shelter comes at this hour, as it is sealed; no for an
    hour that was kept as it was typed."""
    try:
        return bool(hour) and datetime.fromisoformat(hour) >= until
    except ValueError:
        return False


@dataclass(frozen=True, slots=True, repr=False)
class Meeting:
    """Where the shelter that accepted meets the person, and who goes with them. `telephone`: of whoever meets the
    escort of the post; `hour` and `word`: when the shelter comes (ISO 8601, with the zone; as typed before ADR 0247),
    and the word by which its escort is known."""

    brings: Brings
    place: str
    telephone: str = ""
    hour: str = ""
    word: str = ""

    def to_value(self) -> dict[str, str]:
        """What is sealed."""
        return {**asdict(self), "brings": str(self.brings)}

    @classmethod
    def of_value(cls, value: Mapping[str, Any]) -> Meeting:
        """What was sealed, read again."""
        parts = {name: str(value.get(name, "")) for name in ("place", "telephone", "hour", "word")}
        return cls(Brings(value["brings"]), **parts)


def names_shelter(text: str, names: Collection[str]) -> bool:
    """Whether a text has one of these names, what of it stands before a comma or in quotation marks, its first three
    words where it has more, or the capitals it begins its words with; in capitals or not, with marks on letters or
    without, whatever stands between its words. Endings of a word are not seen through."""
    said = _words_of(text)
    known = [part for name in names for part in (name, name.partition(",")[0], *_QUOTED.findall(name), *_short(name))]
    return any(words and words in said for words in map(_words_of, known))


def _short(name: str) -> list[str]:
    """How people shorten a name of many words: its beginning, and its capitals from the third on."""
    words = re.findall(r"\w+", name)
    capitals = "".join(word[0] for word in words if word[0].isupper())
    beginning = [" ".join(words[:_FEW])] if len(words) > _FEW else []
    return beginning + [capitals[:length] for length in range(_FEW, len(capitals) + 1)]


def is_number_of(telephone: str, numbers: Collection[str]) -> bool:
    """Whether a telephone is one of these numbers, with the code of the country or without."""
    digits = _digits(telephone)
    known = {_digits(each) for each in numbers} - {""}
    return any(digits.endswith(each[-_LOCAL:]) for each in known)


_FEW = 3
_QUOTED = re.compile(r"[“„\"«](.+?)[”“\"»]")
_LOCAL = 8
"""So many digits at the end tell one telephone from another."""


def _digits(text: str) -> str:
    return "".join(each for each in text if each.isdigit())


def _words_of(text: str) -> str:
    bare = "".join(each for each in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(each))
    words = ["centre" if word == "center" else word for word in re.findall(r"\w+", bare)]
    return " " + " ".join(words) + " " if words else ""
