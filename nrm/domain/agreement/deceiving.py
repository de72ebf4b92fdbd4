"""What a text of the agreement may not hold, because who signs it would read something else than what is meant.

Asked of every text that is proposed. Texts that were signed before stay as they are, to the letter.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

from nrm.domain.agreement.agreements import Agreement
from nrm.domain.agreement.effects import NOTIFY
from nrm.domain.documents import Words
from nrm.domain.look_alikes import look_alike
from nrm.domain.telephones import EXAMPLE, is_telephone
from nrm.domain.unseen import fault_of_name, fault_unseen, unseen
from nrm.domain.words import N_

STEPS = frozenset(
    {
        "first_interview",
        "tell_child_authority",
        "answer",
        "arrival",
        "ask_consent",
        "assess_risk",
        "assess_security",
        "assess_family",
        "return_to_family",
        "dates_and_protection",
        "hearing",
        "interpret",
        "inform_of_trp_options",
        "legal_counsel",
        "trp_application",
        "trp_decision",
        "repatriation",
    }
)
"""The steps that the program knows by name. Another one may stand in a text if one of the country has it already."""
# Numbers as people write them: a blank, another dot or a letter for a digit would make two that look the same.
_NUMBER = re.compile(r"(?:0|[1-9][0-9]{0,2})(?:\.(?:0|[1-9][0-9]{0,2}))*[a-hjkmnp-z]?")


def steps_of(agreement: Agreement) -> Iterator[tuple[str, str]]:
    """(KEY, step) of every step that the text names."""
    for position, clause in enumerate(agreement.clauses, start=1):
        for duty in clause.duties:
            if duty.kind != NOTIFY:
                yield f"clause[{position}]", duty.kind
            if duty.before is not None:
                yield f"clause[{position}]", duty.before
    for position, step in enumerate(agreement.path, start=1):
        yield f"path[{position}].step", step.step


def unknown_steps(agreement: Agreement, known: Collection[str]) -> Iterator[tuple[str, str]]:
    """(KEY, what is wrong with it): a step that neither the program nor a text of the country knows. Nobody would ever
    do it, and whoever reads it may take it for another one."""
    there = sorted({*STEPS, *known})
    for key, step in dict.fromkeys(steps_of(agreement)):
        if step not in there:
            like = next((each for each in there if look_alike(step, each)), "")
            if like:
                yield key, N_("`%(code)s` is no known step, and looks like `%(like)s`", code=step, like=like)
            else:
                yield key, N_("`%(code)s` is no known step", code=step)


def deceiving(agreement: Agreement) -> Iterator[tuple[str, str]]:
    """(KEY, what is wrong with it), in the order of the document."""
    yield from _unseen("title", agreement.title)
    yield from _parties(agreement)
    for position, clause in enumerate(agreement.clauses, start=1):
        if not _NUMBER.fullmatch(clause.number):
            yield f"clause[{position}].number", N_("`%(number)s` is no number such as 3.1", number=clause.number)
        yield from _unseen(f"clause[{position}].text", clause.text)
    for position, step in enumerate(agreement.path, start=1):
        yield from _names(f"path[{position}].names", step.names)
    for position, duty in enumerate(agreement.reporting, start=1):
        yield from _unseen(f"reporting[{position}].text", duty.text)


def _parties(agreement: Agreement) -> Iterator[tuple[str, str]]:
    called: list[tuple[str, str]] = []
    for position, party in enumerate(agreement.parties.values(), start=1):
        key = f"party[{position}]"
        yield from _names(f"{key}.names", party.names)
        for language, name in party.names.items():
            for other in dict.fromkeys(code for said, code in called if code != party.code and look_alike(said, name)):
                yield f"{key}.names.{language}", N_("is the name of `%(code)s`, too, or looks like it", code=other)
        called += [(name, party.code) for name in party.names.values()]
        if party.receives is not None:
            yield from _unseen(f"{key}.receives", party.receives)
        for name, number in (("on_call", party.on_call), ("desk.telephone", party.desk.telephone)):
            if number and not is_telephone(number):
                yield f"{key}.{name}", N_("is no telephone number, such as %(example)s", example=EXAMPLE)


def _names(key: str, names: Words) -> Iterator[tuple[str, str]]:
    for language, name in names.items():
        if fault := fault_of_name(name):
            yield f"{key}.{language}", fault


def _unseen(key: str, words: Words) -> Iterator[tuple[str, str]]:
    for language, text in words.items():
        if found := unseen(text):
            yield f"{key}.{language}", fault_unseen(found)
