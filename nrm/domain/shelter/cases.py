"""The case: its pseudonym, its compartments, and the closed statistical codes that are kept in clear."""

from __future__ import annotations

from collections.abc import Collection, Container, Mapping
from dataclasses import dataclass, fields
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from nrm.domain.accounts.accounts import OrganisationKind

ALPHABET = "23456789CDFHJKMNPQRTVWX"
"""23 symbols, a prime number of them. No vowel, so no word; none of 0 O 1 I L, B 8, G 6, S 5, Z 2 beside its double."""

_SYMBOLS = len(ALPHABET)
_BODY = 8
_WEIGHTS = range(2, 2 + _BODY)
RANDOM_BYTES = 16


class MistypedPseudonym(ValueError):
    """The argument says how: `length`, `character` or `check`; never the text itself."""


def new_pseudonym(random_bytes: bytes) -> str:
    """A pseudonym such as `K7QM-4T2X-9` from at least 16 random bytes (fewer: ValueError).

    The bytes are reduced to 8 symbols of 23; the bias of the reduction is below 2**-90.
    """
    if len(random_bytes) < RANDOM_BYTES:
        raise ValueError(f"a pseudonym needs {RANDOM_BYTES} random bytes")
    number = int.from_bytes(random_bytes, "big")
    digits = []
    for _ in range(_BODY):
        number, digit = divmod(number, _SYMBOLS)
        digits.append(digit)
    return _written("".join(ALPHABET[digit] for digit in digits) + _check_character(digits))


def parse_pseudonym(text: str) -> str:
    """The pseudonym in its usual form; case, spaces and dashes may be typed freely. Raises MistypedPseudonym."""
    typed = "".join(character for character in text if not character.isspace() and character not in "-‐‑‒–—_.")
    typed = typed.upper()
    if any(character not in ALPHABET for character in typed):
        raise MistypedPseudonym("character")
    if len(typed) != _BODY + 1:
        raise MistypedPseudonym("length")
    digits = [ALPHABET.index(character) for character in typed]
    if typed[-1] != _check_character(digits[:-1]):
        raise MistypedPseudonym("check")
    return _written(typed)


def _check_character(digits: list[int]) -> str:
    """The character that makes the weighted sum 0 modulo 23.

    The weights are all different and not 0, and the modulus is prime. So every wrong character and every exchange of
    two characters changes the sum.
    """
    weighted = sum(weight * digit for weight, digit in zip(_WEIGHTS, digits, strict=True))
    return ALPHABET[-weighted % _SYMBOLS]


def _written(symbols: str) -> str:
    return f"{symbols[:4]}-{symbols[4:8]}-{symbols[8:]}"


class Compartment(StrEnum):
    """The parts of a case; each is sealed under its own key."""

    HAND_OVER = "hand_over"
    IDENTITY = "identity"
    STORY = "story"
    CARE = "care"
    LEGAL = "legal"
    JOINT_INTERVIEW = "joint_interview"
    FIRST_DECISION = "first_decision"
    SECOND_DECISION = "second_decision"
    THIRD_DECISION = "third_decision"


WRITTEN_BY_HOLDER = frozenset({Compartment.CARE, Compartment.LEGAL})
"""What the holder writes; the others stay as the interview sealed them."""


OF_IDENTIFICATION = frozenset(
    {
        Compartment.JOINT_INTERVIEW,
        Compartment.FIRST_DECISION,
        Compartment.SECOND_DECISION,
        Compartment.THIRD_DECISION,
    }
)
"""What formal identification writes, each part sealed to the holder and to those alone who may read that part."""


SUPPLEMENT = "supplement"
"""What the sender of an urgent hand-over added later: a compartment of the case until its holder has dealt with it."""
SUPPLEMENT_HOURS = 24
HOUSE_LABEL = "house_label"
"""What a person is called in the house, and her room: a compartment of the holder alone, which goes with the case."""


class Purpose(StrEnum):
    """Why somebody opens a compartment; recorded before anything is shown."""

    ANSWER = "answer"
    ADMISSION = "admission"
    CARE = "care"
    SAFETY = "safety"
    LEGAL_HELP = "legal_help"
    PERMIT = "permit"
    COURT = "court"
    CHILD_PROTECTION = "child_protection"
    FAMILY_CONTACT = "family_contact"
    HANDING_ON = "handing_on"
    DUTY_DECISION = "duty_decision"
    CORRECTION = "correction"
    IDENTIFICATION = "identification"
    HELD = "held"
    HERE_BEFORE = "here_before"  # another organisation asks whether it is the same person
    CALL_BACK = "call_back"  # of the help line, somebody who called
    COPY = "copy"  # all of it at once, at the person's request


SHAREABLE: Mapping[OrganisationKind, frozenset[Compartment]] = MappingProxyType(
    {
        OrganisationKind.TRP_UNIT: frozenset({Compartment.IDENTITY, Compartment.LEGAL}),
        OrganisationKind.PROSECUTION: frozenset({Compartment.IDENTITY, Compartment.LEGAL}),
        OrganisationKind.CHILD_PROTECTION: frozenset({Compartment.IDENTITY, Compartment.JOINT_INTERVIEW}),
        OrganisationKind.POLICE: frozenset({Compartment.JOINT_INTERVIEW}),
        OrganisationKind.RESPONSIBLE_AUTHORITY: frozenset({Compartment.JOINT_INTERVIEW}),
    }
)
"""What a holder may share, with whom. The story of the first interview and care are never shared."""


BY_CONSENT = frozenset({OrganisationKind.TRP_UNIT, OrganisationKind.PROSECUTION, OrganisationKind.POLICE})
"""Kinds of organisations that read because the person agrees, which can be taken back. The others read because a clause
says so, except the parts of formal identification, which nobody reads without the person's consent."""


OF_CHILDREN = frozenset({OrganisationKind.CHILD_PROTECTION})
"""Kinds of organisations whose clauses are about children, and about whoever may be one: of an adult a holder shares
nothing with them (ADR 0170)."""


class CaseRefusal(StrEnum):
    """Why the holder of a case cannot do something now."""

    NOT_HOLDER = "not_holder"
    NOT_AGREED = "not_agreed"
    NOT_HERE = "not_here"  # away or missing: nobody can have asked the person today
    NOT_SHAREABLE = "not_shareable"
    NOTHING_TO_SHARE = "nothing_to_share"
    BY_CLAUSE = "by_clause"
    NO_MISTAKE = "no_mistake"  # it was shared longer ago, or by somebody else
    NO_END_BY_MISTAKE = "no_end_by_mistake"  # it was ended longer ago, by somebody else, or something was said since
    NOT_APPLIED = "not_applied"
    ASKED = "asked"  # a shelter is being asked to take the person
    MOVE_OVERDUE = "move_overdue"  # seven days after a move was accepted, and nobody said what happened
    REFERRAL_OPEN = "referral_open"
    STAY_OPEN = "stay_open"
    CLOSED = "closed"
    MISSING = "missing"
    NOT_COME = "not_come"  # the person did not arrive, and nobody has said since where the person is
    MISTAKEN = "mistaken"  # accepted by mistake, and no other shelter is asked
    NOT_FOUND = "not_found"  # the last alarm ended without the person, who has come to no shelter since
    NOTHING_TO_ERASE = "nothing_to_erase"
    CONSENT_FIRST = "consent_first"
    NOTHING_ADDED = "nothing_added"
    COMPLETED = "completed"
    BORN_LATER = "born_later"  # by the date of birth the adult of this case is a child
    NOT_SAFE = "not_safe"  # after the shelter, and nobody recorded yet that the person is safe
    PARKED = "parked"  # the person took everything back, or asked for erasure: nobody opens the case


class CaseRefused(Exception):
    """The holder cannot do this now; `reason` says why."""

    def __init__(self, reason: CaseRefusal) -> None:
        super().__init__(reason)
        self.reason = reason


def shareable(kind: OrganisationKind, age_class: str) -> frozenset[Compartment]:
    """What a holder may share of a person of that age class with an organisation of this kind."""
    if kind in OF_CHILDREN and age_class == "adult":
        return frozenset()
    return SHAREABLE.get(kind, frozenset())


AGREED = "agreed"
"""Why an organisation reads something, as the audit chain tells it: the person agreed, the one who shared it says."""


def check_share(
    kind: OrganisationKind,
    compartments: Collection[Compartment],
    *,
    age_class: str,
    agreed: bool,
    granted: Container[Compartment] = (),
) -> None:
    """Raise CaseRefused unless these compartments of this person may be shared with an organisation of this kind.

    `granted`: what a clause in force gives it of this person. Whatever no clause gives is read only if the person
    agrees; so are all that a permit unit and a prosecutor read, and the parts of formal identification.
    """
    if not compartments or not set(compartments) <= shareable(kind, age_class):
        raise CaseRefused(CaseRefusal.NOT_SHAREABLE)
    by_clause = all(each in granted and each not in OF_IDENTIFICATION for each in compartments)
    if not agreed and (kind in BY_CONSENT or not by_clause):
        raise CaseRefused(CaseRefusal.NOT_AGREED)


class CaseStatus(StrEnum):
    """The state of a case (after IOM HTCDS: active, follow-up, closed, closed and referred)."""

    REFERRED = "referred"
    ACTIVE = "active"
    FOLLOW_UP = "follow_up"
    CLOSED = "closed"
    CLOSED_REFERRED = "closed_referred"

    @property
    def is_open(self) -> bool:
        """Whether somebody still works on it."""
        return self in (CaseStatus.REFERRED, CaseStatus.ACTIVE, CaseStatus.FOLLOW_UP)


class IdentificationStatus(StrEnum):
    """The formal outcome; until a joint interview decides, a person is a possible victim."""

    POSSIBLE = "possible"
    IDENTIFIED = "identified"
    NOT_A_VICTIM = "not_a_victim"


UNFINISHED = ("referred", "open")
"""The stored states of a case that is not closed."""
ADULT_AGE = 18
_BAND_LOWER = (0, 9, 18, 21, 24, 27, 30, 39, 48)
AGE_BANDS = ("0-8", "9-17", "18-20", "21-23", "24-26", "27-29", "30-38", "39-47", "48+")


def age_band(age: int) -> str:
    """The CTDC band (`ageBroad`) of an age in completed years; ValueError outside 0 to 120."""
    if not 0 <= age <= 120:
        raise ValueError("an age lies between 0 and 120")
    return AGE_BANDS[sum(age >= lower for lower in _BAND_LOWER) - 1]


STATELESS = "stateless"
UNKNOWN = "unknown"
HOME_CITIZEN = "home"
THIRD_COUNTRY = "third_country"
CITIZENSHIP_CLASSES = (HOME_CITIZEN, THIRD_COUNTRY, STATELESS, UNKNOWN)


def citizenship_class(*codes: str, home: str) -> str:
    """The class of a person with these citizenships (ISO 3166 alpha-2, `stateless`, `unknown`; none: unknown).

    `home` is the country's own code; a person who has that citizenship among others counts as `home`.
    """
    known = [code for code in codes if code and code != UNKNOWN]
    if home in known:
        return HOME_CITIZEN
    if any(code != STATELESS for code in known):
        return THIRD_COUNTRY
    return STATELESS if known else UNKNOWN


DOES_NOT_KNOW, PREFERS_NOT, NOT_COLLECTED = "8", "9", "99"
MISSING = (DOES_NOT_KNOW, PREFERS_NOT, NOT_COLLECTED)
"""Missing values of every closed fact, as HUD codes them."""

GENDERS = ("feminine", "masculine", "transgender_feminine", "transgender_masculine", "non_conforming", UNKNOWN)

CODES: Mapping[str, tuple[str, ...]] = {
    "gender": GENDERS,
    "age_band": AGE_BANDS,
    "majority_now": ("child", "adult", "unsure"),
    "majority_at_exploitation": ("child", "adult", "unsure"),
    "majority_at_entry": ("child", "adult", "unsure"),
    "citizenship_class": CITIZENSHIP_CLASSES,
    "recruiter_relation": ("intimate_partner", "friend", "family", "other", "unknown"),
    "abduction": ("yes", "no"),
    "recruitment_method": (
        "place_of_business",
        "educational_institution",
        "at_work",
        "online_social_network",
        "online_advertisement",
        "television_advertisement",
        "newspaper_advertisement",
        "family",
        "friends_or_social_events",
        "other",
    ),
    "means_of_control": (
        "debt_bondage",
        "takes_earnings",
        "restricts_financial_access",
        "threats",
        "psychological_abuse",
        "physical_abuse",
        "sexual_abuse",
        "false_promises",
        "psychoactive_substances",
        "restricts_movement",
        "restricts_medical_care",
        "excessive_working_hours",
        "uses_children",
        "threat_of_law_enforcement",
        "withholds_necessities",
        "withholds_documents",
        "other",
    ),
    "exploitation": (
        "forced_labour",
        "sexual_exploitation",
        "child_labour",
        "forced_marriage",
        "servitude",
        "forced_military",
        "organ_removal",
        "forced_begging",
        "forced_criminality",
        "forced_adoption",
        "surrogacy",
        "other",
    ),
    "labour": (
        "agriculture",
        "aquafarming",
        "begging",
        "construction",
        "domestic_work",
        "hospitality",
        "illicit_activities",
        "manufacturing",
        "mining_or_drilling",
        "peddling",
        "transportation",
        "other",
        "not_specified",
    ),
    "sexual": ("prostitution", "pornography", "remote_interactive_services", "private_sexual_services"),
    "identification": tuple(IdentificationStatus),
    "decided_by": ("police", "ngo", "court_or_prosecution", "other_government", "other"),
}
"""Fact -> its closed codes (names after IOM HTCDS 2.0 and the CTDC Global Dataset)."""

SETS = frozenset({"means_of_control", "exploitation", "labour", "sexual", "exploited_in"})
COUNTRIES = frozenset({"citizenship", "exploited_in"})


class UnknownCode(ValueError):
    """`fact: reason` of a statistical fact that is not in its list."""


@dataclass(frozen=True, slots=True)
class CaseFacts:
    """The statistical spine of one person. Sets are sorted tuples; nothing here is free text."""

    gender: str = NOT_COLLECTED
    age_band: str = NOT_COLLECTED
    majority_now: str = NOT_COLLECTED
    majority_at_exploitation: str = NOT_COLLECTED
    majority_at_entry: str = NOT_COLLECTED
    citizenship: str = NOT_COLLECTED
    citizenship_class: str = UNKNOWN
    exploited_in: tuple[str, ...] = ()
    duration_months: int | None = None
    recruiter_relation: str = NOT_COLLECTED
    abduction: str = NOT_COLLECTED
    recruitment_method: str = NOT_COLLECTED
    means_of_control: tuple[str, ...] = ()
    exploitation: tuple[str, ...] = ()
    labour: tuple[str, ...] = ()
    sexual: tuple[str, ...] = ()
    identification: str = IdentificationStatus.POSSIBLE
    decided_by: str = NOT_COLLECTED

    def to_json(self) -> dict[str, Any]:
        """Plain values, lists for sets; `parse_case_facts` reads them back."""
        read = {each.name: getattr(self, each.name) for each in fields(self)}
        return {name: list(value) if isinstance(value, tuple) else value for name, value in read.items()}


def parse_case_facts(data: Mapping[str, Any]) -> CaseFacts:
    """Read facts strictly; what is absent is `not collected`. Raises UnknownCode."""
    names = {each.name for each in fields(CaseFacts)}
    read: dict[str, Any] = {}
    for name, value in data.items():
        if name not in names:
            raise UnknownCode(f"{name}: is not a statistical fact")
        if name == "duration_months":
            if value is not None and (not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= 1200):
                raise UnknownCode(f"{name}: must be a number of months")
            read[name] = value
        elif name in SETS:
            if not isinstance(value, list | tuple | set | frozenset):
                raise UnknownCode(f"{name}: must be a list of codes")
            read[name] = tuple(sorted({_code(name, item) for item in value}))
        else:
            read[name] = _code(name, value)
    return CaseFacts(**read)


def _code(name: str, value: object) -> str:
    if not isinstance(value, str):
        raise UnknownCode(f"{name}: must be a code")
    if name in COUNTRIES:
        country = len(value) == 2 and value.isascii() and value.isalpha() and value.isupper()
        if not (country or value in (*MISSING, STATELESS, UNKNOWN)):
            raise UnknownCode(f"{name}: `{value}` is not a country code")
    elif value not in CODES[name] and value not in MISSING:
        raise UnknownCode(f"{name}: `{value}` is none of its codes")
    return str(value)
