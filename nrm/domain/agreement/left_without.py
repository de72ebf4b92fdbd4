"""Who has nobody left who may receive them, when one of those who can accept now cannot any more (ADR 0147)."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date

from nrm.domain.agreement.agreements import Agreement
from nrm.domain.agreement.fact_diagrams import NOWHERE, Cube, Profiles
from nrm.domain.agreement.routing_diagrams import OFFICIAL, Receiving, deciding_conditions, everyone_signed


def left_without(agreement: Agreement, day: date, party: str, others: Collection[str]) -> tuple[Cube, ...]:
    """The people whom the party can be asked to receive, first or after the others declined, and none of the others
    can; the widest description first. What a person does not want is no matter here. Raises TooManyClasses.

    A party of another day counts for nothing: `day` is the one on which it is asked.
    """
    signed = everyone_signed(agreement)
    profiles = Profiles([*deciding_conditions(signed), OFFICIAL], signed.facts)
    receiving = Receiving(signed, profiles)
    bound = {code for code, each in agreement.parties.items() if each.in_force(day)}
    if party not in bound:
        return ()
    still = profiles.any_of(receiving.asked(code) for code in sorted(bound & {*others} - {party}))
    lost = profiles.without(receiving.asked(party), still)
    if lost == NOWHERE:
        return ()
    found = profiles.cubes(profiles.choose(lost, profiles.always(True), profiles.always(None)))
    return tuple(sorted(found[True], key=len))
