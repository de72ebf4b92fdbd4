"""What a text of the agreement may not hold, because who signs it would read something else than what is meant.

Asked of every text that is proposed. Texts that were signed before stay as they are, to the letter.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator

from nrm.domain.agreement.agreements import Agreement
from nrm.domain.documents import Words
from nrm.domain.telephones import EXAMPLE, is_telephone
from nrm.domain.unseen import fault_of_name, unseen

# Letters of the Cyrillic and Greek alphabets that look like Latin ones, after `casefold`.
_ALIKE = str.maketrans("авекмнорстухіјѕћαβεηικμνορτυχ", "abekmhopctyxijshabehikmvoptux")


def deceiving(agreement: Agreement) -> Iterator[tuple[str, str]]:
    """(KEY, what is wrong with it), in the order of the document."""
    yield from _unseen("title", agreement.title)
    yield from _parties(agreement)
    for position, clause in enumerate(agreement.clauses, start=1):
        yield from _unseen(f"clause[{position}].text", clause.text)
    for position, step in enumerate(agreement.path, start=1):
        yield from _names(f"path[{position}].names", step.names)
    for position, duty in enumerate(agreement.reporting, start=1):
        yield from _unseen(f"reporting[{position}].text", duty.text)


def _parties(agreement: Agreement) -> Iterator[tuple[str, str]]:
    called: dict[tuple[str, str], str] = {}
    for position, party in enumerate(agreement.parties.values(), start=1):
        key = f"party[{position}]"
        yield from _names(f"{key}.names", party.names)
        for language, name in party.names.items():
            other = called.setdefault((language, looks(name)), party.code)
            if other != party.code:
                yield f"{key}.names.{language}", f"is the name of `{other}`, too, or looks like it"
        if party.receives is not None:
            yield from _unseen(f"{key}.receives", party.receives)
        for name, number in (("on_call", party.on_call), ("desk.telephone", party.desk.telephone)):
            if number and not is_telephone(number):
                yield f"{key}.{name}", f"is no telephone number, such as {EXAMPLE}"


def _names(key: str, names: Words) -> Iterator[tuple[str, str]]:
    for language, name in names.items():
        if fault := fault_of_name(name):
            yield f"{key}.{language}", fault


def _unseen(key: str, words: Words) -> Iterator[tuple[str, str]]:
    for language, text in words.items():
        if found := unseen(text):
            yield f"{key}.{language}", f"has a character that nobody sees (U+{ord(found):04X}), or more than one line"


def looks(name: str) -> str:
    """A name as the eye takes it: names that give the same cannot be told apart."""
    folded = unicodedata.normalize("NFKC", name).casefold().translate(_ALIKE)
    return "".join(each for each in folded if each.isalnum())
