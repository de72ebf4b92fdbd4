"""Which safeguards of the country a text of the agreement weakens, and for whom (ADR 0124).

Some of them hold a text against the one whose place it takes: who is reached, and by when (ADR 0147); what may not come
in silence stands in safeguards_beside.py.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from functools import partial
from typing import Any

from nrm.domain.agreement.agreement_people import Person, somebody
from nrm.domain.agreement.agreements import FACTS, MISSING, Agreement, Party, PathStep
from nrm.domain.agreement.changed_words import doubted
from nrm.domain.agreement.effects import Effects
from nrm.domain.agreement.fact_diagrams import NOWHERE, Cube, Profiles, Work
from nrm.domain.agreement.people_in_words import receives_against
from nrm.domain.agreement.routing_diagrams import OFFICIAL, Receiving, deciding_conditions, everyone_signed
from nrm.domain.agreement.safeguards import (
    AnswersStay,
    AtMost,
    Before,
    Escalates,
    KnownFirst,
    Lasts,
    LearnsNoMore,
    NeverReads,
    NewestText,
    NoLater,
    PartiesStay,
    ReadsNoLess,
    ReadsNoMore,
    ReceiversAtLeast,
    ReportsStay,
    Safeguard,
    Safeguards,
    SameHands,
    SameHours,
    SameNames,
    SameNumbers,
    SameOrder,
    SameOrigin,
    SameWords,
    StaysParty,
    StepsStay,
    StillAsked,
    StillReceived,
    TimeToAnswer,
    Told,
    WordsAgree,
)
from nrm.domain.agreement.safeguards_beside import ByPerson, Called, at_large, for_whom
from nrm.domain.agreement.safeguards_of_parties import answers_stay, by_day, few_receivers, parties_stay, still_asked
from nrm.domain.agreement.times_in_words import words_against
from nrm.domain.conditions import ALWAYS, Condition
from nrm.domain.durations import duration_text
from nrm.domain.words import N_, Phrase


@dataclass(frozen=True, slots=True)
class Weakening:
    """One safeguard that the text does not keep: what it does in its place, for which profiles, for whom for example.

    `example` is None where it concerns everybody alike (a step of the path, a party that leaves). `before`: the text
    whose place it takes has it, too, for everybody whom it concerns.
    """

    safeguard: Safeguard
    text: Phrase
    cubes: tuple[Cube, ...] = ()
    example: Person | None = None
    before: bool = False
    where: int | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class _Text:
    """A text by itself, and beside the one whose place it takes: both over the profiles that both know (None where
    there is no such text, or no profile that both know). `written_from`: the text that it was begun from, where it is
    another than the one before. `called`: the organisations that are known."""

    agreement: Agreement
    effects: Effects
    before: Agreement | None
    pair: tuple[Effects, Effects] | None
    written_from: str = ""
    called: Collection[Called] = ()
    days: tuple[tuple[str, Effects, Effects], ...] = ()

    def is_bound(self, code: str) -> bool:
        """Whether the party is bound from the first day of the text to the last, or as long as by the text before."""
        party = self.agreement.parties.get(code)
        if party is None or (party.joined_on is not None and party.joined_on > self.agreement.starts_on):
            return False
        known = self.before.parties.get(code) if self.before is not None else None
        last = (known.until if known is not None else None) or self.agreement.ends_on
        return party.until is None or (last is not None and last <= party.until)


def weakenings(
    agreement: Agreement,
    safeguards: Safeguards,
    before: Agreement | None = None,
    written_from: str = "",
    called: Collection[Called] = (),
    work: Work | None = None,
) -> list[Weakening]:
    """Every weakening in the order of the safeguards; raises TooManyClasses. `before`: whose place the text takes;
    `written_from`: the name of the text that it was begun from, where that is known; `called`: the organisations that
    are known; `work`: how much may be looked at."""
    work = work or Work()
    signed = everyone_signed(agreement)
    asked = [condition for each in safeguards.all for condition in _conditions(each)]
    receiving = Receiving(signed, Profiles([*deciding_conditions(signed), *asked, OFFICIAL], signed.facts, work))
    pair = _beside(everyone_signed(before), signed, asked, work) if before is not None and safeguards.all else None
    days = tuple(by_day(before, agreement, pair[1].profiles)) if before is not None and pair is not None else ()
    text = _Text(agreement, Effects(receiving), before, pair, written_from, called, days)
    there = _there_before(safeguards, text)
    return [
        replace(found, before=(found.safeguard.number, found.text) in there)
        for each in safeguards.all
        for found in _weakened(each, text)
    ]


def _there_before(safeguards: Safeguards, text: _Text) -> set[tuple[str, Phrase]]:
    """(number, what is said) of what the text before weakens, too, and for everybody for whom this one does."""
    if text.before is None or text.pair is None or not _knows_all(text.before, text.agreement):
        return set()
    old, new = (
        {
            (found.safeguard.number, found.text): found.where
            for each in safeguards.all
            for found in _weakened(each, _Text(agreement, effects, None, None))
        }
        for agreement, effects in zip((text.before, text.agreement), text.pair, strict=True)
    )
    profiles = text.pair[1].profiles
    return {
        key
        for key, where in new.items()
        if key in old and profiles.without(where or NOWHERE, old[key] or NOWHERE) == NOWHERE
    }


def _knows_all(before: Agreement, after: Agreement) -> bool:
    """Whether the text before knows every value of the facts; whoever strikes out a new party is no new person."""
    return all(set(after.facts[name]) <= set(before.facts[name]) for name in FACTS if name != "refused_parties")


def _beside(old: Agreement, new: Agreement, asked: list[Condition], work: Work) -> tuple[Effects, Effects] | None:
    """The effects of both over the profiles that both know; None where there is no such profile."""
    common = {name: tuple(code for code in new.facts[name] if code in old.facts[name]) for name in FACTS}
    known = replace(old, facts=common), replace(new, facts=common)
    conditions = [*asked, *deciding_conditions(known[0]), *deciding_conditions(known[1]), OFFICIAL]
    profiles = Profiles(conditions, common, work)
    if not all(each.values for each in profiles.variables):
        return None
    return Effects(Receiving(known[0], profiles)), Effects(Receiving(known[1], profiles))


def _conditions(safeguard: Safeguard) -> Iterator[Condition]:
    rule = safeguard.rule
    if isinstance(rule, Told | Before | NeverReads | AtMost | ReceiversAtLeast | StillReceived | KnownFirst):
        yield rule.when
    if isinstance(rule, NeverReads):
        yield from (each.when for each in rule.but)


def _weakened(safeguard: Safeguard, text: _Text) -> Iterator[Weakening]:
    effects = text.effects
    match safeguard.rule:
        case Told() as rule:
            yield from _by_person(safeguard, effects, rule.when, _told(rule, effects), lambda said: said)
            if (party := text.agreement.parties.get(rule.whom)) is not None:
                yield from (Weakening(safeguard, said) for said in _bound(party, text.agreement))
        case Before() as rule:
            yield from _by_person(safeguard, effects, rule.when, _before(rule, effects), lambda said: said)
        case AtMost() as rule:
            yield from _by_person(safeguard, effects, rule.when, _at_most(rule, effects), lambda said: said)
        case ReceiversAtLeast() as rule:
            yield from _by_person(safeguard, effects, rule.when, _receivers(rule, effects), lambda said: said)
            for few in few_receivers(text.days, rule.number):
                assert text.pair is not None
                yield from _by_person(safeguard, text.pair[1], rule.when, few, lambda said: said)
        case NeverReads() as rule:
            for diagram, say in _never_reads(rule, effects):
                yield from _by_person(safeguard, effects, rule.when, diagram, say)
        case Escalates() as rule:
            yield from (Weakening(safeguard, said) for said in _escalates(rule, text))
        case StaysParty() as rule:
            yield from (Weakening(safeguard, said) for said in _stays(rule, text))
        case TimeToAnswer() as rule:
            yield from _by_person(safeguard, effects, ALWAYS, _time_to_answer(rule, effects), lambda said: said)
            if text.agreement.expires_within < rule.expires:
                values = {"within": duration_text(text.agreement.expires_within), "least": duration_text(rule.expires)}
                waits = N_("a referral waits for an answer for %(within)s; must be at least %(least)s", **values)
                yield Weakening(safeguard, waits)
        case Lasts() as rule:
            yield from (Weakening(safeguard, said) for said in _lasts(rule, text.agreement))
        case SameHours() | SameNumbers() | SameNames() | SameOrigin() | SameHands() | ReportsStay() as rule:
            if text.before is not None:
                yield from (
                    Weakening(safeguard, said) for said in at_large(rule, text.before, text.agreement, text.called)
                )
        case WordsAgree():
            yield from (Weakening(safeguard, said) for said in words_against(text.agreement))
            yield from (Weakening(safeguard, said) for said in receives_against(text.agreement, text.before))
        case PartiesStay() if text.before is not None:
            yield from (Weakening(safeguard, said) for said in parties_stay(text.before, text.agreement))
        case AnswersStay() if text.before is not None:
            for said, person in answers_stay(text.before, text.agreement):
                yield Weakening(safeguard, said, example=person)
        case SameWords() if text.before is not None:
            yield from (Weakening(safeguard, said) for said in doubted(text.before, text.agreement))
        case NewestText():
            if text.before is not None and text.written_from not in ("", text.before.version):
                values = {"old": text.written_from, "new": text.before.version}
                written = N_(
                    "it was written from version %(old)s, and takes the place of version %(new)s: what came with that "
                    "one goes where it is not written here, too",
                    **values,
                )
                yield Weakening(safeguard, written)
        case NoLater() | StillReceived() | StillAsked() as rule:
            yield from _compared(safeguard, rule, text)
        case ReadsNoMore() | ReadsNoLess() | KnownFirst() | LearnsNoMore() | SameOrder() | StepsStay() as rule:
            yield from _compared(safeguard, rule, text)


def _by_person(
    safeguard: Safeguard, effects: Effects, when: Condition, judged: int, text: Callable[[Any], Phrase]
) -> Iterator[Weakening]:
    """One weakening for each outcome of `judged` (None: kept) where `when` holds."""
    profiles = effects.profiles
    diagram = profiles.choose(profiles.where(when), judged, profiles.always(None))
    for outcome, cubes in profiles.cubes(diagram).items():
        wide = tuple(sorted(cubes, key=len))
        where = profiles.joined(profiles.always(True), diagram, partial(_is, outcome))
        yield Weakening(safeguard, text(outcome), wide, somebody(effects.agreement, wide[0]), where=where)


def _is(outcome: Any, _: bool, other: Any) -> bool:
    return bool(outcome == other)


def _judged(effects: Effects, diagram: int, judge: Callable[[Any], Any], *, ended: bool = False) -> int:
    """The outcomes judged; None where a clause ends the way, if that is no matter of the rule."""
    profiles = effects.profiles
    judged = profiles.joined(profiles.always(True), diagram, lambda _, outcome: judge(outcome))
    return judged if ended else profiles.choose(effects.receiving.ended, profiles.always(None), judged)


def _told(rule: Told, effects: Effects) -> int:
    profiles = effects.profiles
    earliest = effects.told(rule.whom) if rule.whom in effects.agreement.parties else profiles.always(None)

    def judge(within: Any) -> Phrase | None:
        values = {"whom": rule.whom, "allowed": duration_text(rule.within)}
        if within is None:
            return N_("%(whom)s is not told; must be within %(allowed)s", **values)
        if within > rule.within:
            return N_(
                "%(whom)s is told within %(within)s; must be within %(allowed)s", within=duration_text(within), **values
            )
        return None

    return _judged(effects, earliest, judge, ended=True)


def _before(rule: Before, effects: Effects) -> int:
    def judge(owed: Any) -> Phrase | None:
        if not owed:
            return N_("`%(step)s` need not come before `%(other)s`", step=rule.step, other=rule.other)
        if rule.by and all(party != rule.by for party, _ in owed):
            values = {"step": rule.step, "other": rule.other, "whom": rule.by}
            return N_("`%(step)s` before `%(other)s` is not done by %(whom)s", **values)
        return None

    return _judged(effects, effects.owed(rule.step, rule.other), judge)


def _at_most(rule: AtMost, effects: Effects) -> int:
    def judge(within: Any) -> Phrase | None:
        values = {"step": rule.step, "allowed": duration_text(rule.duration)}
        if within is None:
            return N_("`%(step)s` has no time; must be at most %(allowed)s", **values)
        if within > rule.duration:
            return N_("`%(step)s` has %(within)s; must be at most %(allowed)s", within=duration_text(within), **values)
        return None

    return _judged(effects, effects.within(rule.step), judge)


def _time_to_answer(rule: TimeToAnswer, effects: Effects) -> int:
    waits = effects.agreement.expires_within

    def judge(within: Any) -> Phrase | None:
        if within is None:
            return None
        values = {"within": duration_text(within)}
        if within < rule.answer:
            least = duration_text(rule.answer)
            return N_("the answer has %(within)s; nobody can give it in less than %(least)s", least=least, **values)
        if within > waits:
            after = duration_text(waits)
            return N_("the next party is asked after %(after)s, and the answer has %(within)s", after=after, **values)
        return None

    return _judged(effects, effects.within("answer"), judge)


def _lasts(rule: Lasts, agreement: Agreement) -> Iterator[Phrase]:
    if agreement.ends_on is not None and agreement.ends_on - agreement.starts_on + timedelta(days=1) < rule.least:
        values = {"day": agreement.ends_on.isoformat(), "least": duration_text(rule.least)}
        yield N_("the text ends on %(day)s; it must be in force for at least %(least)s", **values)


def _receivers(rule: ReceiversAtLeast, effects: Effects) -> int:
    def judge(number: Any) -> Phrase | None:
        if number >= rule.number:
            return None
        values = {"number": int(number), "least": rule.number}
        return N_("parties that can be asked one after the other: %(number)s; must be at least %(least)s", **values)

    return _judged(effects, effects.receivers(), judge, ended=True)


def _never_reads(rule: NeverReads, effects: Effects) -> Iterator[tuple[int, Callable[[Any], Phrase]]]:
    profiles = effects.profiles
    for reader in effects.readers:
        kind = effects.kind_of(reader)
        if kind not in rule.kinds:
            continue
        for on in ("", MISSING):
            read = profiles.joined(
                profiles.always(True), effects.reads(reader, on), lambda _, found: frozenset(found) & rule.compartments
            )
            for named in rule.but:
                if (named.kind, named.on) == (kind, on):
                    allowed = profiles.choose(
                        profiles.where(named.when), profiles.always(named.compartments), profiles.always(frozenset())
                    )
                    read = profiles.joined(allowed, read, lambda given, found: found - given)
            judged = profiles.joined(profiles.always(True), read, lambda _, found: tuple(sorted(found)) or None)

            def text(found: Any, reader: str = reader, on: str = on) -> Phrase:
                values = {"party": reader, "compartments": ", ".join(found)}
                if on:
                    return N_("%(party)s reads %(compartments)s of a missing person; must never", **values)
                return N_("%(party)s reads %(compartments)s; must never", **values)

            yield judged, text


def _escalates(rule: Escalates, text: _Text) -> Iterator[Phrase]:
    """Steps that are not there, and those of which nobody is told in time. One that is shorter than in the text before,
    and climbs no later, is worse for nobody."""
    agreement = text.agreement
    earlier = {each.step: each for each in text.before.path} if text.before is not None else {}
    there = {each.step for each in agreement.path}
    for step in rule.steps:
        if step not in there:
            yield N_("`%(step)s` is no step of the critical path", step=step)
    for each in agreement.path:
        if not each.escalation:
            yield N_("`%(step)s` climbs to nobody when it is late", step=each.step)
        elif each.escalation[0].after > each.within and not _is_shorter(each, earlier.get(each.step)):
            values = {"after": duration_text(each.escalation[0].after), "within": duration_text(each.within)}
            yield N_("`%(step)s` climbs to somebody after %(after)s; its time is %(within)s", step=each.step, **values)


def _is_shorter(now: PathStep, was: PathStep | None) -> bool:
    if was is None or not was.escalation:
        return False
    return now.within < was.within and now.escalation[0].after <= was.escalation[0].after


def _stays(rule: StaysParty, text: _Text) -> Iterator[Phrase]:
    party = text.agreement.parties.get(rule.code)
    if party is None:
        yield N_("%(party)s is no party", party=rule.code)
        return
    yield from _bound(party, text.agreement, rule.until)
    if text.pair is not None and rule.code in text.pair[0].agreement.parties:
        before, after = (each.receiving.asked(rule.code) for each in text.pair)
        if before != NOWHERE and after == NOWHERE:
            yield N_("nobody is sent to %(party)s any more", party=rule.code)


def _bound(party: Party, agreement: Agreement, until: date | None = None) -> Iterator[Phrase]:
    """What is said where the party is not bound from the first day of the version on until that day, or to its last."""
    if party.joined_on is not None and party.joined_on > agreement.starts_on:
        yield N_("%(party)s is a party from %(day)s on alone", party=party.code, day=party.joined_on.isoformat())
    last = min((day for day in (party.until, agreement.ends_on) if day is not None), default=None)
    if last is not None and (until is None or last < until):
        if last == agreement.ends_on and until is None and party.until is None:
            return  # the version ends for everybody; nothing is said of the next one
        yield N_("%(party)s is a party until %(day)s alone", party=party.code, day=last.isoformat())


# Held against the text whose place it takes.


def _compared(
    safeguard: Safeguard, rule: NoLater | StillReceived | StillAsked | ByPerson, text: _Text
) -> Iterator[Weakening]:
    if text.before is None:
        return
    if text.pair is None:
        different = N_(
            "cannot be compared with version %(version)s: they know no facts in common", version=text.before.version
        )
        yield Weakening(safeguard, different)
    elif isinstance(rule, ByPerson):
        when = rule.when if isinstance(rule, KnownFirst) else ALWAYS
        for diagram in for_whom(rule, *text.pair):
            yield from _by_person(safeguard, text.pair[1], when, diagram, lambda said: said)
    elif isinstance(rule, StillReceived):
        yield from _by_person(safeguard, text.pair[1], rule.when, _nobody_left(text), lambda said: said)
    elif isinstance(rule, StillAsked):
        for diagram in still_asked(*text.pair):
            yield from _by_person(safeguard, text.pair[1], ALWAYS, diagram, lambda said: said)
    else:
        for diagram in _later(text, *text.pair):
            yield from _by_person(safeguard, text.pair[1], ALWAYS, diagram, lambda said: said)
        yield from (Weakening(safeguard, said) for said in _later_rungs(text.before, text.agreement))


def _nobody_left(text: _Text) -> int:
    """Where somebody could be asked, and now nobody of whom the text before knew, on the first day on which that is so.
    A party that comes new with the text has signed nothing yet, and nobody was ever with it."""
    assert text.pair is not None
    found = text.pair[1].profiles.always(None)
    for day, before, after in reversed(text.days or (("", *text.pair),)):
        profiles = after.profiles
        there = profiles.any_of(before.receiving.asked(code) for code in before.agreement.parties)
        known = [code for code in before.agreement.parties if code in after.agreement.parties]
        still = profiles.any_of(after.receiving.asked(code) for code in known)
        nobody = N_("nobody is left who may receive such a person; before there was somebody")
        if day:
            nobody = N_(
                "from %(day)s on nobody is left who may receive such a person; before there was somebody", day=day
            )
        found = profiles.choose(profiles.without(there, still), profiles.always(nobody), found)
    return found


def _later(text: _Text, before: Effects, after: Effects) -> Iterator[int]:
    """For every notice and every time of a step: where it comes later, or not at all any more."""
    profiles = after.profiles
    never = profiles.always(None)
    for on in ("", MISSING):
        for reader in before.readers:
            there = reader in after.readers and (reader not in before.agreement.parties or text.is_bound(reader))
            told = after.told(reader, on) if there else never
            yield _slower(profiles, before.told(reader, on), told, partial(_told_later, reader, on))
    deadlines = [step for step, waits in before.steps() if not waits]
    for step in dict.fromkeys([*(each.step for each in text.before.path), *deadlines]) if text.before else ():
        yield _slower(profiles, before.within(step), after.within(step), partial(_longer, step))
    for step, waits in before.steps():
        if waits:
            times = before.soonest(step, waits), after.soonest(step, waits)
            yield _slower(profiles, *times, partial(_longer, step))


def _slower(profiles: Profiles, before: int, after: int, say: Callable[[timedelta, timedelta | None], Phrase]) -> int:
    """What is said where a time is longer than it was, or gone (None)."""
    was = profiles.joined(profiles.always(True), before, lambda _, within: (within,))

    def judge(one: tuple[timedelta | None], now: timedelta | None) -> Phrase | None:
        return say(one[0], now) if one[0] is not None and (now is None or now > one[0]) else None

    return profiles.joined(was, after, judge)


def _told_later(reader: str, on: str, was: timedelta, now: timedelta | None) -> Phrase:
    if now is None and on:
        values = {"whom": reader, "was": duration_text(was)}
        return N_("%(whom)s is not told of a missing person any more; was within %(was)s", **values)
    if now is None:
        return N_("%(whom)s is not told any more; was within %(was)s", whom=reader, was=duration_text(was))
    values = {"whom": reader, "within": duration_text(now), "was": duration_text(was)}
    if on:
        return N_("%(whom)s is told of a missing person within %(within)s; was within %(was)s", **values)
    return N_("%(whom)s is told within %(within)s; was within %(was)s", **values)


def _longer(step: str, was: timedelta, now: timedelta | None) -> Phrase:
    if now is None:
        return N_("`%(step)s` has no time any more; was %(was)s", step=step, was=duration_text(was))
    values = {"step": step, "within": duration_text(now), "was": duration_text(was)}
    return N_("`%(step)s` has %(within)s; was %(was)s", **values)


def _later_rungs(before: Agreement, after: Agreement) -> Iterator[Phrase]:
    """Whom each step of the path climbs to, and how long a referral waits before the next party is asked."""
    if after.expires_within > before.expires_within:
        values = {"within": duration_text(after.expires_within), "was": duration_text(before.expires_within)}
        yield N_("the next party is asked when nobody answered for %(within)s; was for %(was)s", **values)
    present = {each.step: each for each in after.path}
    for step in before.path:
        now = {rung.to: rung.after for rung in reversed(present[step.step].escalation)} if step.step in present else {}
        for rung in step.escalation:
            values = {"step": step.step, "to": rung.to, "was": duration_text(rung.after)}
            if rung.to not in now:
                yield N_("`%(step)s` does not climb to %(to)s any more; was after %(was)s", **values)
            elif now[rung.to] > rung.after:
                later = duration_text(now[rung.to])
                yield N_("`%(step)s` climbs to %(to)s after %(after)s; was after %(was)s", after=later, **values)
