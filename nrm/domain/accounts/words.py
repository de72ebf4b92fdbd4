"""Words by which a person is recognised: four groups of three syllables, read aloud to a colleague who types them.

72 bits: whoever wants other keys under the same words would have to try 2**71 pairs of keys, for one occasion. The
syllables are said alike in every language of the program, so there is no list to translate (ADR 0100).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum

from nrm.domain.accounts.failed_attempts import Limit
from nrm.domain.languages import ByLanguage

CONSONANTS, VOWELS = "bdfghjklmnprstvz", "aeio"
GROUPS, SYLLABLES = 4, 3
BYTES = 9
TRIES = Limit(10, timedelta(minutes=6))
"""Ten wrong entries an hour, of one person about one colleague."""
SHOWN_FOR = timedelta(hours=48)
"""How long the words of one occasion hold; afterwards the page shows others."""
TELEPHONE_FOR = timedelta(hours=2)
"""How long those of a lost telephone hold."""
FOUNDED_FOR = timedelta(days=30)
"""How long those of a founder hold: as long as others can agree to the founding."""

Words = tuple[str, ...]


def span_of(purpose: WordPurpose) -> timedelta:
    """How long words for this purpose hold."""
    return {WordPurpose.FACTOR: TELEPHONE_FOR, WordPurpose.FOUNDED: FOUNDED_FOR}.get(purpose, SHOWN_FOR)


_SPELLED = "abdefghijklmnoprstvz"
# Translators: one word for each of the letters a b d e f g h i j k l m n o p r s t v z, in this order, with one blank
# between them: names of places, or what people say on the telephone in your language.
_SPELLING = ByLanguage(
    "Alfa Bravo Delta Echo Foxtrot Golf Hotel India Juliett Kilo Lima Mike November Oscar Papa Romeo Sierra Tango "
    "Victor Zulu"
)


def spelling(language: str) -> dict[str, str]:
    """Letter -> by which word it is said: names of places (Albanian), words of the alphabet of radio (English). A
    translation that has not one word for each letter is not used."""
    said = _SPELLING[language].split()
    return dict(zip(_SPELLED, said if len(said) == len(_SPELLED) else _SPELLING.message.split(), strict=True))


class WordPurpose(StrEnum):
    """What the words are read for."""

    JOINED = "joined"
    ANEW = "anew"
    FACTOR = "factor"  # another telephone, in place of a lost one
    FOUNDED = "founded"


class OccasionStatus(StrEnum):
    """What became of an occasion to read words."""

    WAITS = "waits"  # somebody lets a colleague begin anew: for 24 hours the old account goes on
    OPEN = "open"
    TYPED = "typed"
    OVER = "over"  # stopped, objected to, replaced


class AtDesk(StrEnum):
    """Whether somebody of the duty desk types first, where everybody inside is a hand of who asked."""

    YES = "yes"
    NEW = "new"  # let in at the desk lately, where another one was before: another one types
    AGREES = "agrees"  # it came by time alone: first one of the desk speaks with the person, and agrees
    ANOTHER = "another"  # they agreed: another one of the desk types
    LATER = "later"  # they agreed, and nobody else of the desk could: a day after


class WrongWords(Exception):
    """What was typed is not what the other person's page shows. `groups`: which of them, counted from 0."""

    def __init__(self, groups: Sequence[int]) -> None:
        super().__init__(tuple(groups))
        self.groups = tuple(groups)


class NoOccasion(Exception):
    """There is nothing to type: the other person's page shows no words, or others by now."""


class CannotVouch(Exception):
    """This person does not let that colleague in: not a holder, not a member, the person themselves."""


class MadeTheLink(CannotVouch):
    """They let this person begin anew, or are one hand with who did, and somebody else could type the words."""


class OneHand(CannotVouch):
    """Another one typed the words already, and this person's hand would be no second one."""


class OutsideFirst(CannotVouch):
    """Everybody of the organisation is a hand of who let this person begin anew: somebody from outside types first."""


class AgreedBefore(CannotVouch):
    """They agreed for the duty desk that this person begins anew. `at`: None where another one of the desk types the
    words; else from when on they do, because nobody else could."""

    def __init__(self, at: datetime | None = None) -> None:
        super().__init__(at)
        self.at = at


class NewToDesk(CannotVouch):
    """They were let in at the duty desk lately, and others there were before."""


class AgreedBeside(AgreedBefore):
    """They agreed that another one of that house begins anew, for the same hand that invited this person."""


class CameByTime(CannotVouch):
    """The account ended by time alone: first one of the duty desk speaks with its owner, and agrees."""


class SecondStopped(CannotVouch):
    """Who typed the words first suspended the colleague who could type them second: the desk does not stand in."""


class AskerStopped(CannotVouch):
    """Who let this person begin anew was suspended since, or their account was ended: it is over with them."""


class TypedBefore(CannotVouch):
    """This person typed the words already; a second colleague types them, too, because the role may do more."""


def words_of(bits: bytes) -> Words:
    """Nine bytes as four groups, six letters each; raises ValueError for another length."""
    if len(bits) != BYTES:
        raise ValueError(len(bits))
    number = int.from_bytes(bits, "big")
    syllables = []
    for _ in range(GROUPS * SYLLABLES):
        number, rest = divmod(number, len(CONSONANTS) * len(VOWELS))
        syllables.append(CONSONANTS[rest // len(VOWELS)] + VOWELS[rest % len(VOWELS)])
    syllables.reverse()
    return tuple("".join(syllables[at : at + SYLLABLES]) for at in range(0, len(syllables), SYLLABLES))


def letters(typed: str) -> str:
    """What counts of one typed group: its letters, small, without spaces, hyphens and commas. No word has a digit: a 0
    is an o, and a 1 an i."""
    return "".join(each for each in typed.casefold().replace("0", "o").replace("1", "i") if each.isalpha())


def wrong_groups(typed: Sequence[str], right: Words) -> list[int]:
    """Which groups were typed wrong, counted from 0.

    What was typed into the first field alone counts as all four.
    """
    given = [letters(each) for each in typed or ("",)][:GROUPS]
    size = len(right[0])
    if len(given) < GROUPS or (len(given[0]) == GROUPS * size and not any(given[1:])):
        whole = "".join(given)
        given = [whole[at : at + size] for at in range(0, GROUPS * size, size)]
    return [number for number, group in enumerate(right) if given[number] != group]
