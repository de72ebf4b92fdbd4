"""Who receives whom, for all profiles at once: the rules of routing.py as diagrams, when everybody signed and has room.

routing.py answers for one person and is what is applied; tests compare the two, profile by profile.

Decided in ADR 0015.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from nrm.domain.agreement.agreements import FACTS, FLAG, POLICE_SIDE, SET, Agreement, Clause, Party, Target
from nrm.domain.agreement.fact_diagrams import EVERYWHERE, NOWHERE, Cube, Profiles
from nrm.domain.agreement.routes import Fallback
from nrm.domain.conditions import Condition

Way = tuple[tuple[str, bool], ...] | Fallback
"""Whom a profile is sent to: (party, whether it must receive) in the order in which they are asked; or why nobody."""

OFFICIAL = Condition("eq", "official_involved", "yes")


def everyone_signed(agreement: Agreement, on: date | None = None) -> Agreement:
    """The agreement as if every party had signed it on that day (default: its first) and stayed."""
    day = on or agreement.starts_on
    parties = {
        code: replace(party, signed_on=day, joined_on=None, until=None) for code, party in agreement.parties.items()
    }
    return replace(agreement, parties=parties)


# A party may leave, or come, weeks after the first day: what a text does is asked on each day on which other parties
# are bound than on the day before (ADR 0181).


def is_bound_on(party: Party, day: date) -> bool:
    """Whether the text binds the party on that day, once everybody has signed it."""
    return (party.joined_on is None or party.joined_on <= day) and (party.until is None or day <= party.until)


def as_on(agreement: Agreement, day: date) -> Agreement:
    """The agreement when everybody signed: whoever is not bound on that day receives nobody."""
    signed = everyone_signed(agreement)
    parties = {
        code: party if is_bound_on(agreement.parties[code], day) else replace(party, competence=None)
        for code, party in signed.parties.items()
    }
    return replace(signed, parties=parties)


def days_of(new: Agreement, old: Agreement | None = None) -> tuple[date, ...]:
    """The first day of `new`, and each later one within its life on which other parties of either text are bound than
    on every day that was named before."""
    texts = [new] if old is None else [new, old]
    turns = {new.starts_on}
    for text in texts:
        for party in text.parties.values():
            turns |= {party.joined_on} if party.joined_on is not None else set()
            turns |= {party.until + timedelta(days=1)} if party.until is not None and party.until < date.max else set()
    found: dict[tuple[frozenset[str], ...], date] = {}
    for day in sorted(turns):
        if new.starts_on <= day and (new.ends_on is None or day <= new.ends_on):
            found.setdefault(tuple(_bound(text, day) for text in texts), day)
    return tuple(found.values())


def partly(new: Agreement, old: Agreement | None = None) -> tuple[date, ...]:
    """Those of `days_of` on which a party of either is not bound."""
    texts = [new] if old is None else [new, old]
    return tuple(day for day in days_of(new, old) if any(_bound(text, day) != {*text.parties} for text in texts))


def _bound(agreement: Agreement, day: date) -> frozenset[str]:
    return frozenset(code for code, party in agreement.parties.items() if is_bound_on(party, day))


def neutral(agreement: Agreement) -> dict[str, Any]:
    """A profile to start from: the last code of a fact (`unknown` where there is one), no flag, empty sets."""
    shapes = {SET: frozenset[str](), FLAG: False}
    return {name: shapes.get(shape, (agreement.facts[name] or ("",))[-1]) for name, shape in FACTS.items()}


def deciding_conditions(agreement: Agreement) -> list[Condition]:
    """Every condition that decides who receives, who is told or owes something, and in which order they are asked."""
    named = (target for clause in agreement.clauses for target in (*clause.refer_to, *clause.then))
    kinds = {target.kind for target in named if target.kind is not None}
    found = [clause.when for clause in agreement.clauses]
    for party in agreement.parties.values():
        if party.competence is not None:
            found.append(party.competence)
            if party.kind in POLICE_SIDE:
                found.append(OFFICIAL)
        if party.kind in kinds and party.regions:
            found.append(_wished(party))
    return found


def _wished(party: Party) -> Condition:
    return Condition("in", "wish_region", frozenset(party.regions))


class Receiving:
    """The rules of one agreement over `profiles`, which know its conditions."""

    def __init__(self, agreement: Agreement, profiles: Profiles) -> None:
        self.agreement, self.profiles = agreement, profiles
        self.clauses = {clause.number: clause for clause in agreement.of_referral}
        self._above: dict[str, list[str]] = {}
        for clause in agreement.of_referral:
            for number in clause.overrides:
                self._above.setdefault(number, []).append(clause.number)
        self.referring = [clause for clause in agreement.of_referral if clause.refer_to]
        self.musts = [clause for clause in self.referring if clause.must]
        self.ended = profiles.any_of(self.applies(clause) for clause in agreement.of_referral if clause.ends)
        self.followed = dict(self._followed())
        self._stands: dict[str, int] = {}
        self._usable: dict[str, int] = {}
        self._ways: dict[bool, int] = {}
        self.bound = profiles.any_of(self.stands(clause.number) for clause in self.musts)
        self.named = {clause.number: dict.fromkeys(self._named(clause.refer_to)) for clause in self.referring}
        self.may_named = {clause.number: dict.fromkeys(self._named(clause.may)) for clause in self.referring}
        self.may = {code: self._may_receive(code) for code in agreement.parties}
        self.common = {code: self._common(code) for code in agreement.parties}
        self.only_musts = profiles.without(self.bound, self._follows())
        self.someone = profiles.any_of(
            profiles.both(self.usable(code), profiles.choose(self.only_musts, self.common[code], self.may[code]))
            for code in agreement.parties
        )

    def _followed(self) -> Iterator[tuple[str, int]]:
        """Number -> where what follows from the clause is owed: it applies, and no clause ends the way before it."""
        ended = NOWHERE
        for clause in self.agreement.of_referral:
            applies = self.applies(clause)
            yield clause.number, self.profiles.without(applies, ended if clause.ends else self.ended)
            if clause.ends:
                ended = self.profiles.any_of((ended, applies))

    def applies(self, clause: Clause) -> int:
        """Where the clause applies."""
        return self.profiles.where(clause.when)

    def stands(self, number: str) -> int:
        """Where the clause applies and no clause that stands overrides it."""
        if number not in self._stands:
            overridden = self.profiles.any_of(map(self.stands, self._above.get(number, ())))
            self._stands[number] = self.profiles.without(self.applies(self.clauses[number]), overridden)
        return self._stands[number]

    def _named(self, targets: Iterable[Target]) -> Iterable[str]:
        for target in targets:
            yield from (party.code for party in self._parties(target))

    def _parties(self, target: Target) -> list[Party]:
        """Those a target stands for, by place."""
        parties = self.agreement.parties
        if target.party is not None:
            return [parties[target.party]]
        return sorted((each for each in parties.values() if each.kind is target.kind), key=lambda each: each.asked)

    def _may_receive(self, code: str) -> int:
        """Where a clause that stands says that the party may receive."""
        naming = (each.number for each in self.referring if code in self.may_named[each.number])
        return self.profiles.any_of(map(self.stands, naming))

    def _common(self, code: str) -> int:
        """Where a clause that stands says that somebody must receive, and each of these names the party."""
        others = (each.number for each in self.musts if code not in self.named[each.number])
        return self.profiles.without(self.bound, self.profiles.any_of(map(self.stands, others)))

    def _follows(self) -> int:
        """Where the person wants none of those who must receive, and a must says who may be asked then."""
        profiles = self.profiles
        taken = profiles.any_of(profiles.both(self.common[code], self.usable(code)) for code in self.agreement.parties)
        unwanted = profiles.any_of(
            profiles.both(self.common[code], self._unwanted(party)) for code, party in self.agreement.parties.items()
        )
        named = profiles.any_of(self.stands(clause.number) for clause in self.musts if clause.then)
        return profiles.without(profiles.all_of((self.bound, unwanted, named)), taken)

    def _unwanted(self, party: Party) -> int:
        """Where a condition asks, and the person struck the party out or avoids its region."""
        own = [self.profiles.has("refused_parties", party.code)]
        own += [self.profiles.has("avoid_regions", region) for region in party.regions]
        return self.profiles.without(self.profiles.any_of(own), self._barred(party))

    def _barred(self, party: Party) -> int:
        """Where a party on the side of the police is nobody to turn to."""
        asked = party.competence is not None and party.kind in POLICE_SIDE
        return self.profiles.where(OFFICIAL) if asked else NOWHERE

    def usable(self, code: str) -> int:
        """Where the party can receive: competent, forbidden by no clause, not struck out or to be avoided where a
        condition asks for that, and not on the side of the police where an official took part."""
        if code not in self._usable:
            party = self.agreement.parties[code]
            competent = NOWHERE if party.competence is None else self.profiles.where(party.competence)
            barring = [self._barred(party)]
            barring += [self.profiles.has("refused_parties", code)]
            barring += [self.profiles.has("avoid_regions", region) for region in party.regions]
            barring += [self.applies(clause) for clause in self.agreement.of_referral if _forbids(clause, party)]
            self._usable[code] = self.profiles.without(competent, self.profiles.any_of(barring))
        return self._usable[code]

    def reached(self, code: str) -> int:
        """Where the party is asked, first or after others."""
        asked = self.profiles.any_of((self.common[code], self.profiles.both(self.may[code], self.someone)))
        return self.profiles.without(self.profiles.both(asked, self.usable(code)), self.ended)

    def asked(self, code: str) -> int:
        """Where the party is asked when everybody before it declined for a reason that counts."""
        named = self.profiles.choose(
            self.only_musts, self.profiles.any_of((self.common[code], self.may[code])), self.may[code]
        )
        asked = self.profiles.all_of((self.usable(code), named, self.someone))
        return self.profiles.without(asked, self.ended)

    def ways(self, *, whole: bool = False) -> int:
        """The diagram of the Way of each profile; `whole`: with those who are asked when every must declined."""
        if whole not in self._ways:
            self._ways[whole] = self._made_ways(whole=whole)
        return self._ways[whole]

    def _made_ways(self, *, whole: bool) -> int:
        found = self.profiles.always(())
        before = NOWHERE
        for clause in self.musts:
            # The order is that of the first clause that stands.
            first = self.profiles.without(self.stands(clause.number), before)
            found = self._asked(found, clause, first, must=True)
            before = self.profiles.any_of((before, first))
        for clause in self.referring:
            if clause.may:
                asked = self.stands(clause.number)
                found = self._asked(found, clause, asked if whole else self.profiles.without(asked, self.only_musts))
        for fallback, where in self.fallbacks().items():
            found = self.profiles.choose(where, self.profiles.always(fallback), found)
        return found

    def _asked(self, ways: int, clause: Clause, where: int, *, must: bool = False) -> int:
        """The ways with the parties of the clause asked at the end, where it says so and they can receive."""
        for target in clause.refer_to if must else clause.may:
            for code, wished in self._in_order(target):
                asked = self.profiles.all_of((where, wished, self.usable(code)))
                if must:
                    asked = self.profiles.both(asked, self.common[code])
                asked = self.profiles.choose(asked, self.profiles.always((code, must)), NOWHERE)
                ways = self.profiles.joined(asked, ways, _and_then)
        return ways

    def _in_order(self, target: Target) -> Iterable[tuple[str, int]]:
        """A kind stands for its parties: those in the wished region first."""
        parties = self._parties(target)
        if target.party is not None:
            return [(target.party, EVERYWHERE)]
        wished = {each.code: self.profiles.where(_wished(each)) if each.regions else NOWHERE for each in parties}
        last = [(code, self.profiles.opposite(where)) for code, where in wished.items()]
        return [*wished.items(), *last]

    def fallbacks(self) -> Mapping[Fallback, int]:
        """Where nobody receives, and why; nowhere twice."""
        profiles = self.profiles
        shared = profiles.any_of(self.common.values())
        names_nobody = (clause.number for clause in self.musts if not self.named[clause.number])
        agreed = profiles.any_of((shared, self.ended, *map(self.stands, names_nobody)))
        contradiction = profiles.without(self.bound, agreed)
        nobody = profiles.opposite(profiles.any_of((self.someone, self.ended, contradiction)))
        named = profiles.any_of(map(self.stands, self.named))
        return {
            Fallback.ENDED: self.ended,
            Fallback.CONTRADICTION: contradiction,
            Fallback.NO_CLAUSE: profiles.without(nobody, named),
            Fallback.EXCLUDED: profiles.both(nobody, named),
        }


def _forbids(clause: Clause, party: Party) -> bool:
    return any(target.party == party.code or target.kind is party.kind for target in clause.forbid)


def _and_then(asked: tuple[str, bool], way: tuple[tuple[str, bool], ...]) -> tuple[tuple[str, bool], ...]:
    return way if any(party == asked[0] for party, _ in way) else (*way, asked)


def left_without(agreement: Agreement, day: date, party: str, others: Collection[str]) -> tuple[Cube, ...]:
    """The people whom the party can be asked to receive, first or after the others declined, and none of the others
    can (ADR 0147); the widest description first. What a person does not want is no matter here. Raises TooManyClasses.

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
