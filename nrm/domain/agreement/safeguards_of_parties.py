"""Who takes part and who can be asked, beside the text before: no party goes, comes late or receives fewer people, and
no answer that protected somebody is gone, without its being said first (ADR 0181)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date

from nrm.domain.agreement.agreement_people import Person, usual
from nrm.domain.agreement.agreements import FACTS, SET, Agreement, Party
from nrm.domain.agreement.effects import Effects
from nrm.domain.agreement.fact_diagrams import NOWHERE, Profiles
from nrm.domain.agreement.routing_diagrams import Receiving, as_on, partly
from nrm.domain.words import N_, Phrase

STRIKE_OUT = "refused_parties"


def parties_stay(before: Agreement, after: Agreement) -> Iterator[Phrase]:
    """Parties that are gone, end before their time or begin after the text; what a party offers no more."""
    for code, was in before.parties.items():
        now = after.parties.get(code)
        if now is None:
            yield N_("%(party)s is no party any more", party=code)
            continue
        begins = max(filter(None, (was.joined_on, after.starts_on)))
        if now.joined_on is not None and now.joined_on > begins:
            yield N_("%(party)s is a party from %(day)s on alone", party=code, day=now.joined_on.isoformat())
        if now.until is not None and now.until < min(filter(None, (was.until, after.ends_on)), default=date.max):
            yield N_("%(party)s is a party until %(day)s alone", party=code, day=now.until.isoformat())
        yield from _offers(was, now)


def _offers(was: Party, now: Party) -> Iterator[Phrase]:
    for code in was.languages:
        if code not in now.languages:
            yield N_("%(party)s does not offer %(spoken)s any more", party=now.code, spoken=code)
    for region in was.regions:
        if region not in now.regions:
            values = {"party": now.code, "region": region}
            yield N_("%(party)s is not said to lie in %(region)s any more: who avoids it can be sent there", **values)
    for member in was.members:
        if member not in now.members:
            yield N_("%(whom)s is no member of %(party)s any more", whom=member, party=now.code)


def answers_stay(before: Agreement, after: Agreement) -> Iterator[tuple[Phrase, Person | None]]:
    """Answers that somebody could give by the text before and cannot any more, with somebody who would; parties that
    receive people and that nobody can strike out."""
    for fact, codes in before.facts.items():
        for code in codes:
            if code in after.facts[fact] or (fact == STRIKE_OUT and code not in after.parties):
                continue
            if fact == STRIKE_OUT:
                yield N_("nobody can strike out %(party)s any more", party=code), None
                continue
            somebody = usual(before)
            somebody[fact] = frozenset({code}) if FACTS[fact] == SET else code
            answer = f"{fact}: {code}"
            gone = N_("`%(answer)s` is no answer any more: no rule knows such a person", answer=answer)
            yield gone, somebody
    for code, party in after.parties.items():
        if party.competence is not None and code not in {*after.facts[STRIKE_OUT], *before.facts[STRIKE_OUT]}:
            yield N_("nobody can strike out %(party)s", party=code), None


def still_asked(before: Effects, after: Effects) -> Iterator[int]:
    """For each party of the text before: where it was asked, and is not any more."""
    profiles = after.profiles
    for code in before.agreement.parties:
        now = after.receiving.asked(code) if code in after.agreement.parties else NOWHERE
        said = N_("%(party)s is not asked any more for such a person", party=code)
        lost = profiles.without(before.receiving.asked(code), now)
        yield profiles.choose(lost, profiles.always(said), profiles.always(None))


def by_day(before: Agreement, after: Agreement, profiles: Profiles) -> Iterator[tuple[str, Effects, Effects]]:
    """(the day, empty for the first; the effects of both texts) of each day on which a party of either is not bound."""
    for day in partly(after, before):
        said = "" if day == after.starts_on else day.isoformat()
        one, other = (Effects(Receiving(as_on(text, day), profiles)) for text in (before, after))
        yield said, one, other


def few_receivers(days: Iterable[tuple[str, Effects, Effects]], least: int) -> Iterator[int]:
    """On each of these days: where fewer parties can be asked than `least`, and than by the text before."""
    for day, before, after in days:
        from_on = day or after.agreement.starts_on.isoformat()

        def judge(one: tuple[int], number: int, day: str = from_on) -> Phrase | None:
            if number >= least or number >= one[0]:
                return None
            values = {"number": int(number), "least": least, "day": day}
            return N_(
                "from %(day)s on, parties that can be asked one after the other: %(number)s; must be at least "
                "%(least)s",
                **values,
            )

        profiles = after.profiles
        pairs = profiles.joined(profiles.always(True), before.receivers(), lambda _, number: (number,))
        yield profiles.joined(pairs, after.receivers(), judge)
