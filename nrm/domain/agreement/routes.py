"""The answer of routing as a value: candidates, exclusions, obligations, fallback, each with its words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from nrm.domain.documents import Words
from nrm.domain.durations import duration_text
from nrm.domain.languages import ByLanguage
from nrm.domain.shelter.cases import Compartment


class Exclusion(StrEnum):
    """Why a party does not receive; `WITHHELD` where the reason itself would tell too much."""

    NOT_SIGNED = "not_signed"
    NOT_IN_FORCE = "not_in_force"
    AVOIDED_REGION = "avoided_region"
    STRUCK_OUT = "struck_out"
    OFFICIAL_INVOLVED = "official_involved"
    FORBIDDEN = "forbidden"
    NOT_COMPETENT = "not_competent"
    NO_ROOM = "no_room"
    NOT_VOUCHED = "not_vouched"
    NO_KEY = "no_key"
    NO_PLACES = "no_beds"
    WITHHELD = "withheld"


SILENT = ""  # a reason that would tell too much has no words
EXCLUSIONS: Mapping[Exclusion, Words] = MappingProxyType(
    {
        Exclusion.NOT_SIGNED: ByLanguage("Has not signed the agreement."),
        Exclusion.NOT_IN_FORCE: ByLanguage("Is not bound by the agreement on this date."),
        Exclusion.AVOIDED_REGION: ByLanguage("Lies in a region to be avoided."),
        Exclusion.STRUCK_OUT: ByLanguage("The person struck this party out."),
        Exclusion.OFFICIAL_INVOLVED: ByLanguage("A party on the side of the police."),
        Exclusion.FORBIDDEN: ByLanguage("A clause of the agreement forbids it."),
        Exclusion.NOT_COMPETENT: ByLanguage("Does not receive people in this situation."),
        Exclusion.NO_ROOM: ByLanguage("Has no free place."),
        Exclusion.NOT_VOUCHED: ByLanguage("Is not ready: nobody vouches for its key."),
        Exclusion.NO_KEY: ByLanguage("Is not ready: nobody there holds its key."),
        Exclusion.NO_PLACES: ByLanguage("Is not ready: no building entered."),
        Exclusion.WITHHELD: ByLanguage(SILENT),
    }
)


class Fallback(StrEnum):
    """Why there is no candidate; the duty officer decides (after `ENDED`: nobody is asked)."""

    ENDED = "ended"
    CONTRADICTION = "contradiction"
    NO_ROOM = "no_room"
    EXCLUDED = "excluded"
    NO_CLAUSE = "no_clause"


FALLBACKS: Mapping[Fallback, Words] = MappingProxyType(
    {
        Fallback.ENDED: ByLanguage(
            "The person is not referred; the duty officer is called only if the person thinks again."
        ),
        Fallback.CONTRADICTION: ByLanguage("The duty officer decides: two clauses name different parties."),
        Fallback.NO_ROOM: ByLanguage("The duty officer decides: no party that may receive has a free place."),
        Fallback.EXCLUDED: ByLanguage("The duty officer decides: no party can receive."),
        Fallback.NO_CLAUSE: ByLanguage("The duty officer decides: no clause names a party."),
    }
)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A party that may be asked. A closed desk stays a candidate, with its on-call number."""

    party: str
    clause: str
    must: bool
    reason: Words
    desk_open: bool
    on_call: str


@dataclass(frozen=True, slots=True)
class Excluded:
    """A party that does not receive, and the clause that forbids it if one does."""

    party: str
    reason: Exclusion
    clause: str | None = None


@dataclass(frozen=True, slots=True)
class RouteObligation:
    """What is owed besides: `kind` is `notify` or a step; `within` counts from sending (None: before `before`)."""

    kind: str
    party: str
    clause: str
    within: timedelta | None
    before: str | None = None
    grant: tuple[Compartment, ...] = ()

    @property
    def within_text(self) -> str | None:
        """ISO 8601."""
        return None if self.within is None else duration_text(self.within)


@dataclass(frozen=True, slots=True)
class Route:
    """The answer. `reserve` are may-parties to ask in the interim when every party under a must declines as full.

    `of_whoever`: without candidates, what whoever receives the person all the same owes (a party asked against the
    route).
    """

    version: str
    candidates: tuple[Candidate, ...]
    excluded: tuple[Excluded, ...]
    obligations: tuple[RouteObligation, ...]
    fallback: Fallback | None
    reserve: tuple[Candidate, ...] = ()
    ended_by: str | None = None
    of_whoever: tuple[RouteObligation, ...] = ()

    def to_json(self, language: str = "en") -> dict[str, Any]:
        """The stable interface: candidates, excluded, obligations, fallback (a sentence or None)."""
        return {
            "candidates": [
                {"party": each.party, "clause": each.clause, "must": each.must, "reason": each.reason[language]}
                for each in self.candidates
            ],
            "excluded": [{"party": each.party, "reason": EXCLUSIONS[each.reason][language]} for each in self.excluded],
            "obligations": [
                {"kind": each.kind, "party": each.party, "clause": each.clause, "within": each.within_text}
                for each in self.obligations
            ],
            "fallback": None if self.fallback is None else FALLBACKS[self.fallback][language],
        }
