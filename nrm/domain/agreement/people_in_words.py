"""What a party's words say whom it receives, held against its rule, its other languages and the text before (ADR 0173).

The words say what a rule cannot (boys under 14 when agreed by telephone), so they may name more people than the rule;
they may not hide somebody whom it receives, nor promise everybody where it does not.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from nrm import catalogues
from nrm.domain.agreement.agreements import Agreement, Party
from nrm.domain.agreement.fact_diagrams import NOWHERE, Profiles
from nrm.domain.conditions import Condition
from nrm.domain.words import N_, Phrase

EVERYBODY = "everybody"
_ADULT, _CHILD = (Condition("eq", "age_class", code) for code in ("adult", "child"))
_FEMININE, _MASCULINE = (Condition("eq", "gender", code) for code in ("feminine", "masculine"))
_GROUPS = {
    "women": Condition("and", parts=(_ADULT, _FEMININE)),
    "girls": Condition("and", parts=(_CHILD, _FEMININE)),
    "men": Condition("and", parts=(_ADULT, _MASCULINE)),
    "boys": Condition("and", parts=(_CHILD, _MASCULINE)),
}
_PATTERNS = {
    language: {group: re.compile(rf"\b(?:{said})\b") for group, said in words.items()}
    for language, words in catalogues.people().items()
}
_NUMBER = re.compile(r"[0-9]+")


def receives_against(agreement: Agreement, before: Agreement | None) -> Iterator[Phrase]:
    """What the words of each party say otherwise than its rule, than in another language, or than before."""
    for code, party in agreement.parties.items():
        if party.receives is not None:
            yield from _against_rule(party, agreement)
            yield from _numbers(code, party)
        was = before.parties.get(code) if before is not None else None
        if was is not None and (party.receives or was.receives):
            same_words, same_rule = party.receives == was.receives, party.competence == was.competence
            if same_rule and not same_words:
                yield N_("what %(party)s says it receives is worded otherwise; its rule is as before", party=code)
            elif same_words and not same_rule:
                yield N_("%(party)s receives other people than before, and says so in the same words", party=code)


def said(text: str, language: str) -> frozenset[str]:
    """The groups of people that words name in a language."""
    patterns = _PATTERNS.get(language, {})
    return frozenset(group for group, pattern in patterns.items() if pattern.search(text.casefold()))


def _against_rule(party: Party, agreement: Agreement) -> Iterator[Phrase]:
    named = {language: said(text, language) for language, text in (party.receives or {}).items()}
    received = _received(party, agreement) if any(named.values()) else frozenset()
    for language, groups in named.items():
        values = {"party": party.code, "language": language}
        if EVERYBODY in groups:
            if EVERYBODY not in received:
                yield N_("%(party)s says in %(language)s that it receives everybody; its rule does not", **values)
        elif _tells_apart(groups):
            for group in sorted(received - groups - {EVERYBODY}):
                yield N_(
                    "%(party)s receives %(group)s by its rule, and does not say so in %(language)s",
                    group=group,
                    **values,
                )


def _tells_apart(groups: frozenset[str]) -> bool:
    """Whether the words name people by their sex: not children alone, nor adults."""
    return any((one in groups) != (other in groups) for one, other in (("women", "men"), ("girls", "boys")))


def _received(party: Party, agreement: Agreement) -> frozenset[str]:
    """The groups of whom the rule receives somebody; everybody, where it leaves out nobody."""
    if party.competence is None:
        return frozenset()
    profiles = Profiles([party.competence, *_GROUPS.values()], agreement.facts)
    where = profiles.where(party.competence)
    found = {group for group, who in _GROUPS.items() if profiles.both(where, profiles.where(who)) != NOWHERE}
    return frozenset(found | ({EVERYBODY} if profiles.opposite(where) == NOWHERE else set()))


def _numbers(code: str, party: Party) -> Iterator[Phrase]:
    """An age that stands in one language, and not in another."""
    numbers = {language: set(_NUMBER.findall(text)) for language, text in (party.receives or {}).items()}
    for number in sorted(set().union(*numbers.values())):
        lacking = [language for language, found in numbers.items() if number not in found]
        if lacking:
            has = next(language for language, found in numbers.items() if number in found)
            values = {"party": code, "figure": number, "language": has, "lacking": lacking[0]}
            yield N_("what %(party)s says it receives has %(figure)s in %(language)s, and not in %(lacking)s", **values)
