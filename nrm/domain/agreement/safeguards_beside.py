"""What a text may not bring in silence beside the one whose place it takes: more that is read, somebody who is not
reached, a stranger who is asked first, a step that nobody has to do (ADR 0161), another name (ADR 0171), somebody who
learns of a person, another order (ADR 0173).

Where it depends on the person it is a diagram whose outcomes are what is said, None where nothing is; else phrases.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import time, timedelta
from typing import Any

from nrm.domain.agreement.agreements import MISSING, Agreement, Desk, Party
from nrm.domain.agreement.effects import Effects, Owed
from nrm.domain.agreement.routes import Fallback
from nrm.domain.agreement.safeguards import (
    KnownFirst,
    LearnsNoMore,
    ReadsNoLess,
    ReadsNoMore,
    ReportsStay,
    SameHands,
    SameHours,
    SameNames,
    SameNumbers,
    SameOrder,
    SameOrigin,
    StepsStay,
)
from nrm.domain.documents import Words
from nrm.domain.durations import duration_text
from nrm.domain.look_alikes import look_alike, share_words
from nrm.domain.words import N_, Phrase

ByPerson = ReadsNoMore | ReadsNoLess | KnownFirst | LearnsNoMore | SameOrder | StepsStay
AtLarge = SameHours | SameNumbers | SameNames | SameOrigin | SameHands | ReportsStay


@dataclass(frozen=True, slots=True)
class Called:
    """What an organisation is called; `party`: the one that it acts for, or empty."""

    code: str
    party: str
    names: Words


def for_whom(rule: ByPerson, before: Effects, after: Effects) -> Iterator[int]:
    """A diagram for each reader or step; both effects are over the same profiles."""
    match rule:
        case ReadsNoMore() | ReadsNoLess():
            for on in ("", MISSING):
                for reader in dict.fromkeys([*before.readers, *after.readers]):
                    yield _granted(reader, on, before, after, more=isinstance(rule, ReadsNoMore))
        case KnownFirst():
            yield _strangers(before, after)
        case LearnsNoMore():
            for on in ("", MISSING):
                for reader in after.readers:
                    yield _newly_told(reader, on, before, after)
            first = _pairs(after, _strangers(before, after))
            for code in after.agreement.parties:
                if code not in before.agreement.parties:
                    yield _newly_asked(code, first, after)
        case SameOrder():
            yield _order(before, after)
        case StepsStay():
            for on in ("", MISSING):
                for step, waits in before.steps(on):
                    yield _owed(step, waits, on, before, after)


def at_large(rule: AtLarge, before: Agreement, after: Agreement, called: Collection[Called] = ()) -> Iterator[Phrase]:
    """What is said of the document itself; `called`: the organisations that are known."""
    match rule:
        case SameHours():
            for code, was in before.parties.items():
                now = after.parties.get(code)
                if now is not None and not covers(now.desk, was.desk):
                    yield N_("the desk of %(party)s answers at fewer hours than before", party=code)
        case SameNumbers():
            for code, was in before.parties.items():
                now = after.parties.get(code)
                if now is not None and (not rule.kinds or rule.kinds & {was.kind, now.kind}):
                    yield from _numbers(was, now)
            yield from _one_number(before, after)
        case SameNames():
            yield from _names(before, after, called)
        case SameOrigin():
            yield from _origins(before, after)
        case SameHands():
            yield from _hands(before, after)
        case ReportsStay():
            there = {_key for each in after.reporting for _key in _reports(each)}
            for each in before.reporting:
                for who, through, to, every in _reports(each):
                    if (who, through, to, every) not in there:
                        yield N_("%(party)s does not report to %(code)s any more as before", party=who, code=to)
            yield from _silent(before, after)


def _pairs(effects: Effects, diagram: int) -> int:
    """Each outcome in a tuple: `joined` leaves the second diagram as it is where the first has none."""
    profiles = effects.profiles
    return profiles.joined(profiles.always(True), diagram, lambda _, outcome: (outcome,))


def _granted(reader: str, on: str, before: Effects, after: Effects, *, more: bool) -> int:
    """What the reader is given and was not; or was given, and is not while they are told all the same."""
    profiles = after.profiles
    nothing = profiles.always(frozenset())
    was = before.granted(reader, on) if reader in before.readers else nothing
    now = after.granted(reader, on) if reader in after.readers else nothing

    def judge(one: tuple[frozenset[Any]], other: frozenset[Any]) -> Phrase | None:
        different = other - one[0] if more else one[0] - other
        if not different:
            return None
        values = {"party": reader, "compartments": ", ".join(sorted(different))}
        if more and on:
            return N_("%(party)s is given %(compartments)s of a missing person; was not", **values)
        if more:
            return N_("%(party)s is given %(compartments)s; was not", **values)
        if on:
            return N_("%(party)s is told of a missing person, and not given %(compartments)s any more", **values)
        return N_("%(party)s is told, and not given %(compartments)s any more", **values)

    judged = profiles.joined(_pairs(before, was), now, judge)
    if more or reader not in after.readers:
        return judged if more else profiles.always(None)
    return profiles.joined(_pairs(after, after.told(reader, on)), judged, lambda one, said: said if one[0] else None)


def _strangers(before: Effects, after: Effects) -> int:
    """Where a party that is new is asked first, or must receive, and somebody was asked before."""
    known = before.agreement.parties

    def judge(one: tuple[Any], way: Any) -> Phrase | None:
        if isinstance(one[0], Fallback) or isinstance(way, Fallback) or not way:
            return None
        for party, must in way:
            if party not in known and must:
                return N_("%(party)s, which is new, must receive", party=party)
        first = way[0][0]
        return None if first in known else N_("%(party)s, which is new, is asked first", party=first)

    return after.profiles.joined(_pairs(before, before.receiving.ways()), after.receiving.ways(), judge)


def _newly_told(reader: str, on: str, before: Effects, after: Effects) -> int:
    """Where the reader is told, and was not; where it is given something with it, another safeguard says that."""
    profiles = after.profiles
    was = before.told(reader, on) if reader in before.readers else profiles.always(None)

    def judge(one: tuple[timedelta | None], now: timedelta | None) -> Phrase | None:
        if one[0] is not None or now is None:
            return None
        values = {"whom": reader, "within": duration_text(now)}
        if on:
            return N_("%(whom)s is told of a missing person within %(within)s; was not told", **values)
        return N_("%(whom)s is told within %(within)s; was not told", **values)

    told = profiles.joined(_pairs(before, was), after.told(reader, on), judge)
    given = _pairs(after, _granted(reader, on, before, after, more=True))
    return profiles.joined(given, told, lambda one, said: None if one[0] else said)


def _newly_asked(code: str, first: int, after: Effects) -> int:
    """Where a party that is new is asked; where it is asked first, or must receive (`first`), another safeguard says
    it."""
    profiles = after.profiles
    asked = profiles.choose(after.receiving.asked(code), profiles.always(True), profiles.always(False))
    said = N_("%(party)s, which is new, may be asked, and reads the whole case of whom it receives", party=code)

    def judge(one: tuple[Phrase | None], now: bool) -> Phrase | None:
        return said if now and (one[0] is None or one[0].values["party"] != code) else None

    return profiles.joined(first, asked, judge)


def _order(before: Effects, after: Effects) -> int:
    """Where a party that was known is asked before one that was asked before it, or that was asked while it was not."""
    known = before.agreement.parties

    def judge(one: tuple[Any], way: Any) -> Phrase | None:
        if isinstance(one[0], Fallback) or isinstance(way, Fallback):
            return None
        places = {party: place for place, (party, _) in enumerate(one[0])}
        for place, (party, _) in enumerate(way):
            for whom, _ in way[place + 1 :]:
                if party in known and whom in places and places.get(party, len(places)) > places[whom]:
                    if party in places:
                        return N_("%(party)s is asked before %(whom)s; was asked after", party=party, whom=whom)
                    return N_("%(party)s is asked before %(whom)s; was not asked", party=party, whom=whom)
        return None

    ways = before.receiving.ways(whole=True), after.receiving.ways(whole=True)
    return after.profiles.joined(_pairs(before, ways[0]), ways[1], judge)


def _owed(step: str, waits: str, on: str, before: Effects, after: Effects) -> int:
    """Where a party does not owe the step any more."""

    def judge(one: tuple[Owed], now: Owed) -> Phrase | None:
        there = {party for party, _ in now}
        gone = next((party for party, _ in one[0] if party not in there), None)
        if gone is None:
            return None
        if waits:
            values = {"step": step, "other": waits, "party": gone}
            return N_("`%(step)s` before `%(other)s` is not owed by %(party)s any more", **values)
        return N_("`%(step)s` is not owed by %(party)s any more", step=step, party=gone)

    return after.profiles.joined(_pairs(before, before.owed(step, waits, on)), after.owed(step, waits, on), judge)


def covers(now: Desk, was: Desk) -> bool:
    """Whether the desk answers whenever it did."""
    if was.weekends and not now.weekends:
        return False
    if now.opens == now.closes:
        return True
    if was.opens == was.closes:
        return (now.opens, now.closes) == (time(0), time.max)
    return now.opens <= was.opens and was.closes <= now.closes


def _digits(number: str) -> str:
    return "".join(each for each in number if each.isdigit() or each == "+")


def _numbers(was: Party, now: Party) -> Iterator[Phrase]:
    if _digits(was.on_call) != _digits(now.on_call):
        values = {"party": now.code, "number": now.on_call, "earlier": was.on_call}
        yield N_("%(party)s is called at %(number)s; was at %(earlier)s", **values)
    desk, earlier = now.desk.telephone or now.on_call, was.desk.telephone or was.on_call
    if _digits(desk) != _digits(earlier) and (now.desk.telephone or was.desk.telephone):
        values = {"party": now.code, "number": desk, "earlier": earlier}
        yield N_("the desk of %(party)s is called at %(number)s; was at %(earlier)s", **values)


def _one_number(before: Agreement, after: Agreement) -> Iterator[Phrase]:
    """Two parties that are reached by one number, and were not."""
    there = _shared(before)
    for (party, whom), number in _shared(after).items():
        if (party, whom) not in there:
            yield N_(
                "%(party)s and %(whom)s are called at one number, %(number)s", party=party, whom=whom, number=number
            )


def _shared(agreement: Agreement) -> dict[tuple[str, str], str]:
    """Every two parties that have a number in common, and that number."""
    found: dict[tuple[str, str], str] = {}
    had: dict[str, list[str]] = {}
    for code, party in agreement.parties.items():
        for number in dict.fromkeys(each for each in (party.on_call, party.desk.telephone) if each):
            for other in had.get(_digits(number), ()):
                if other != code:
                    found.setdefault((other, code), number)
            had.setdefault(_digits(number), []).append(code)
    return found


def _names(before: Agreement, after: Agreement, called: Collection[Called]) -> Iterator[Phrase]:
    """Parties whose name is another one, and whose it was. They are said by their codes: what they are called is what
    is in question."""
    known = [*(Called(code, code, party.names) for code, party in before.parties.items()), *called]
    for code, party in after.parties.items():
        was = before.parties.get(code)
        earlier = was.names if was is not None else {}
        others = [each for each in known if not {each.code, each.party} & {code, *party.members}]
        found: dict[str, Phrase] = {}
        for language, name in party.names.items():
            if earlier.get(language) != name and name not in found:
                values = {"coded": code, "name": name, "earlier": earlier.get(language, "")}
                if (said := _renamed(values, _owner(name, others), _near(name, others))) is not None:
                    found[name] = said
        yield from found.values()


def _owner(name: str, others: Collection[Called]) -> str:
    """The code of whoever else has that name, or one that looks like it, whole or as a part between commas; empty where
    nobody has."""
    for each in others:
        for other in each.names.values():
            if any(look_alike(name, part) for part in (other, *other.split(","))):
                return each.code
    return ""


def _near(name: str, others: Collection[Called]) -> str:
    """The code of whoever has a name of which it has the words, or nearly all of them. A place after a comma is no name
    of anybody."""
    for each in others:
        for other in each.names.values():
            first, *rest = other.split(",")
            if any(share_words(name, part) for part in (other, first, *(part for part in rest if " " in part.strip()))):
                return each.code
    return ""


def _renamed(values: Mapping[str, str], owner: str, near: str) -> Phrase | None:
    if owner and values["earlier"]:
        return N_(
            "the party with the code %(coded)s takes the name “%(name)s”, by which %(owner)s is known; was "
            "“%(earlier)s”",
            **values,
            owner=owner,
        )
    if owner:
        return N_(
            "the party with the code %(coded)s takes the name “%(name)s”, by which %(owner)s is known",
            **values,
            owner=owner,
        )
    if near and values["earlier"]:
        return N_(
            "the party with the code %(coded)s takes the name “%(name)s”, which has words of the name of %(owner)s; "
            "was “%(earlier)s”",
            **values,
            owner=near,
        )
    if near:
        return N_(
            "the party with the code %(coded)s takes the name “%(name)s”, which has words of the name of %(owner)s",
            **values,
            owner=near,
        )
    if values["earlier"]:
        return N_("the party with the code %(coded)s is called “%(name)s”; was “%(earlier)s”", **values)
    return None


def _origins(before: Agreement, after: Agreement) -> Iterator[Phrase]:
    was = {each.number: each.origin for each in before.clauses}
    for each in after.clauses:
        if each.number in was and each.origin != was[each.number]:
            if each.origin == "agreement":
                yield N_("clause %(number)s is said to come from the agreement; was a proposal", number=each.number)
            else:
                yield N_("clause %(number)s is said to be a proposal; came from the agreement", number=each.number)


def _hands(before: Agreement, after: Agreement) -> Iterator[Phrase]:
    present = {each.step: each for each in after.path}
    for step in before.path:
        now = present.get(step.step)
        if now is None:
            continue  # that it is gone is said by other safeguards
        values: Mapping[str, str] = {"step": step.step, "party": now.responsible, "whom": step.responsible}
        if now.responsible != step.responsible:
            yield N_("%(party)s answers for `%(step)s`; was %(whom)s", **values)
        keepers = {rung.party for rung in now.escalation if rung.party is not None}
        for rung in step.escalation:
            if rung.party is not None and keepers and rung.party not in keepers:
                values = {"step": step.step, "party": min(keepers), "whom": rung.party}
                yield N_("%(party)s keeps the emergency place of `%(step)s`; was %(whom)s", **values)


def _silent(before: Agreement, after: Agreement) -> Iterator[Phrase]:
    """Parties that are new, receive people and report to nobody, while others that receive people do."""
    reporting = {who for each in after.reporting for who in each.who}
    if any(after.parties[code].competence is not None for code in reporting if code in after.parties):
        for code, party in after.parties.items():
            if code not in before.parties and code not in reporting and party.competence is not None:
                yield N_("%(party)s, which is new, reports to nobody; others that receive people do", party=code)


def _reports(duty: Any) -> Iterator[tuple[str, str | None, str, str]]:
    for who in duty.who:
        yield who, duty.through, duty.to, duty.every
