"""Synthetic people of a demo country: what will happen to each of them, drawn once from a seed.

Nothing here does anything: a plan says when a person comes, what she answers, and how things go on; the demo carries
it out through the real actions. The same seed, number of people and last day give the same plans. Every person draws
from a generator of her own, so that one more choice for one person changes nothing for the others.
"""

from __future__ import annotations

import math
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Literal

from nrm.demo.cast import Cast
from nrm.domain.quarters import Quarter
from nrm.domain.referrals.referrals import DeclineReason
from nrm.domain.shelter.claims import ClaimEvent, Forum
from nrm.domain.shelter.permits import Ground
from nrm.domain.shelter.stays import Destination, ExitReason, Source
from nrm.domain.shelter.testimony import WithdrawalReason, WitnessStatus

YEARS = 4
Way = Literal["post", "helpline", "shelter"]
Ending = Literal["referred", "negative", "refused"]

NEEDS = ("medical", "psychological", "interpreter", "legal", "schooling", "security")


@dataclass(frozen=True, slots=True)
class Permit:
    """The residence permit of a third-country victim, in days after admission; None: it never comes to that."""

    informed: int
    applied: int | None
    issued: int | None
    months: int
    ground: Ground


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a victim-witness, on a day of the stay."""

    day: int
    status: WitnessStatus
    reason: WithdrawalReason | None = None


@dataclass(frozen=True, slots=True)
class Claim:
    """A claim for compensation: where, how much as a place among the country's bands, and (days, what) of each step.

    `asked` is in days after the admission; the days of a step are after the one before it.
    """

    forum: Forum
    band: int
    asked: int
    steps: Sequence[tuple[int, ClaimEvent]]


@dataclass(frozen=True, slots=True)
class Plan:
    """One person's way. Times are aware UTC; what depends on the system's answers is given as wishes."""

    number: int
    at: datetime
    way: Way
    ending: Ending
    post: str  # crossing point, else the organisation's code
    source: Source
    answers: Mapping[str, Any]  # fixed answers; the rest of the interview is a random walk with `walk`
    walk: int  # seed of the walk
    declines: int  # how many parties say no before one accepts
    decline_reason: DeclineReason
    acknowledged_after: timedelta
    travel: timedelta
    nights: int
    anticipated_nights: int
    exit: ExitReason
    destination: Destination
    permit: Permit | None
    testimony: Sequence[Step]
    note: str
    children: Sequence[int] = ()  # the ages of those who come along
    claim: Claim | None = None
    came_as: int | None = None  # the number of who this person is, who was here before

    @property
    def announced(self) -> bool:
        """Whether the consulate announced the return two days before."""
        return self.way == "post" and self.number % 6 == 0

    @property
    def looked_for(self) -> Literal["yes", "no", "not_asked"]:
        """What she answers whether she may be looked for among whoever was here before."""
        if self.came_as is not None:
            return "yes"
        return "not_asked" if self.number % 9 == 4 else "no" if self.number % 11 == 3 else "yes"


def plans(seed: int, people: int, until: date, cast: Cast) -> list[Plan]:
    """The plans of `people` persons who come in the four years up to `until`, in the order of time."""
    rng = random.Random(f"calendar/{seed}/{people}")  # noqa: S311 - plausible, not secret
    days = _days(rng, people, until)
    made = [_plan(seed, number, day, cast) for number, day in enumerate(sorted(days), start=1)]
    return _some_again(sorted(made, key=lambda plan: plan.at), cast.heard)


def _some_again(made: list[Plan], heard: Mapping[str, str]) -> list[Plan]:
    """The plans, in which some are of people who were here and left: their names are written down another way."""
    found: list[Plan] = []
    gone: list[Plan] = []
    number = 0
    for plan in made:
        again = next((each for each in gone if _could_be(each, plan)), None)
        number += again is not None
        if again is not None and number % _AGAIN == 1:
            gone.remove(again)
            age = again.answers["age_stated"] + (plan.at - again.at).days // 365
            said = {**written_again(again.answers, heard), "age_stated": age}
            found.append(replace(plan, answers={**plan.answers, **said}, came_as=again.number))
            continue
        if plan.answers["age"] == "adult" and plan.ending == "referred" and plan.looked_for == "yes":
            gone.append(plan)
        found.append(plan)
    return found


_AGAIN = 10


def _could_be(before: Plan, plan: Plan) -> bool:
    left = before.at + timedelta(days=before.nights + 10)
    alike = all(before.answers[name] == plan.answers[name] for name in ("age", "gender", "citizenship"))
    return left < plan.at and alike and plan.ending == "referred" and plan.nights > _TIME_TO_ASK


_TIME_TO_ASK = 15


def written_again(answers: Mapping[str, Any], heard: Mapping[str, str]) -> dict[str, str]:
    """Who somebody is, as another officer writes it down who hears it: `heard` says what they write for letters."""
    said = {name: _as_heard(answers[name], heard) for name in ("given", "family")}
    return {**said, "birth": answers["birth"]}


def _as_heard(name: str, heard: Mapping[str, str]) -> str:
    """A name with other letters for some; one letter of a pair is left out."""
    for written, other in heard.items():
        name = name.replace(written, other).replace(written.capitalize(), other.capitalize())
    return "".join(letter for place, letter in enumerate(name) if place == 0 or name[place - 1] != letter)


def full_quarters(until: date, count: int) -> list[Quarter]:
    """The last `count` quarters that were over before `until`, oldest first."""
    quarter = Quarter.of(until).previous
    found = [quarter]
    while len(found) < count:
        quarter = quarter.previous
        found.append(quarter)
    return found[::-1]


def _days(rng: random.Random, people: int, until: date) -> list[date]:
    """The day each person comes on: few at first, most in the last year, as posts take the questionnaire into use."""
    first = until - timedelta(days=YEARS * 365)
    last_quarters = full_quarters(until, 4)
    spans = [
        (first, last_quarters[0].start - timedelta(days=1), 0.16),
        (last_quarters[0].start, last_quarters[0].end, 0.13),
        (last_quarters[1].start, last_quarters[1].end, 0.15),
        (last_quarters[2].start, last_quarters[2].end, 0.198),
        (last_quarters[3].start, last_quarters[3].end, 0.162),
    ]
    open_days = (until - last_quarters[3].end).days
    if open_days:
        spans.append((last_quarters[3].end + timedelta(days=1), until, 0.13 * min(1.0, open_days / 91)))
    weights = sum(share for _, _, share in spans)
    days: list[date] = []
    for index, (start, end, _) in enumerate(spans):
        due = round(people * sum(s for _, _, s in spans[: index + 1]) / weights) - len(days)
        length = (end - start).days
        # Early on, more come towards the end of the span than at its beginning.
        power = 0.55 if index == 0 else 1.0
        days += [
            start + timedelta(days=math.floor((length + 1) * rng.random() ** power * 0.999999)) for _ in range(due)
        ]
    return [min(day, until) for day in days]


def _plan(seed: int, number: int, day: date, cast: Cast) -> Plan:
    rng = random.Random(f"person/{seed}/{number}")  # noqa: S311 - plausible, not secret
    at = datetime.combine(day, time(rng.randint(4, 21), rng.randint(0, 59)), UTC)
    way: Way = _choose(rng, {"post": 84, "helpline": 4, "shelter": 12})
    ending: Ending = "referred"
    if way == "post":
        ending = _choose(rng, {"referred": 88, "negative": 9, "refused": 3})
    gender = _choose(rng, {"feminine": 82, "masculine": 17, "transgender_feminine": 1})
    foreign = rng.random() < 0.2
    child = not foreign and ending != "refused" and rng.random() < 0.2
    citizenship = _choose(rng, cast.foreign) if foreign else cast.country.iso
    country = _choose(rng, cast.returned_from)
    witness = rng.random() < 0.22 and not child
    nights = max(3, round(rng.lognormvariate(4.05, 0.75)))
    answers = _answers(rng, day, gender, child, citizenship, country, witness, ending, cast)
    exit_reason, destination = _exit(rng, child, foreign, nights)
    return Plan(
        number=number,
        at=at,
        way=way,
        ending=ending,
        post=_place(rng, way, gender, child, foreign, cast),
        source=_choose(rng, {Source.OWN: 5, Source.POLICE: 4, Source.HELPLINE: 2, Source.SOCIAL_SERVICES: 1}),
        answers=answers,
        walk=rng.getrandbits(48),
        declines=_choose(rng, {0: 88, 1: 11, 2: 1}),
        decline_reason=_choose(
            rng,
            {
                DeclineReason.FULL: 5,
                DeclineReason.CANNOT_KEEP_SAFE: 2,
                DeclineReason.CONFLICT_WITH_RESIDENT: 1,
            },
        ),
        acknowledged_after=timedelta(minutes=rng.randint(5, 55)),
        travel=timedelta(minutes=rng.randint(60, 360)),
        nights=nights,
        anticipated_nights=max(7, round(nights * rng.uniform(0.6, 1.5) / 7) * 7),
        exit=exit_reason,
        destination=destination,
        permit=_permit(rng, nights) if foreign else None,
        testimony=_testimony(rng, nights) if witness else (),
        note=rng.choice(cast.stories),
        children=() if child or gender != "feminine" else _children(rng),
        claim=_claim(rng, witness),
    )


def _children(rng: random.Random) -> tuple[int, ...]:
    """The ages of the children a woman brings with her: most bring none."""
    return tuple(sorted(rng.randint(0, 13) for _ in range(_choose(rng, {0: 76, 1: 16, 2: 8}))))


def _place(rng: random.Random, way: Way, gender: str, child: bool, foreign: bool, cast: Cast) -> str:
    """The crossing point, the help line, or the shelter somebody came to."""
    if way == "post":
        return str(_choose(rng, cast.posts))
    if way == "helpline":
        return cast.helpline
    state, *others = cast.houses
    if foreign or gender != "feminine":
        return state
    return str(rng.choices([*others, state], (4, 3, 1 if child else 2))[0])


def tonight(made: Sequence[Plan], now: datetime) -> list[Plan]:
    """The plans, with the last three referred people at their posts within this hour and not answered yet."""
    came = [plan for plan in made if plan.way == "post" and plan.ending == "referred"][-3:]
    moved = [
        replace(plan, at=now - timedelta(minutes=minutes), acknowledged_after=timedelta(hours=2))
        for plan, minutes in zip(came, (50, 32, 11), strict=False)
    ]
    return [plan for plan in made if plan not in came] + moved


def _answers(
    rng: random.Random,
    day: date,
    gender: str,
    child: bool,
    citizenship: str,
    country: str,
    witness: bool,
    ending: Ending,
    cast: Cast,
) -> dict[str, Any]:
    names = "masculine" if gender == "masculine" else "feminine"
    home = citizenship == cast.country.iso
    spoken = cast.home_language if home else cast.language[citizenship]
    called = cast.names if home else cast.names_abroad
    surnames = "family_masculine" if names == "masculine" else "family"
    given, family = rng.choice(called[names]), rng.choice(called[surnames])
    own = cast.code("where_more", "home")
    age = rng.randint(12, 17) if child else min(60, 18 + int(rng.expovariate(1 / 9)))
    born = day - timedelta(days=age * 365 + age // 4 + rng.randint(1, 360))
    needs = sorted({rng.choice(NEEDS) for _ in range(rng.randint(0, 2))})
    refused = ending == "refused"
    return {
        "urgent": "no",
        "language": spoken,
        "interpreter": "nobody" if spoken == cast.home_language else "telephone",
        "purpose_read": "understood",
        "alone": "yes",
        "age": "child" if child else "adult",
        "age_stated": age,
        "gender": gender,
        "citizenship_class": cast.code("citizenship_class", "home") if home else "third_country",
        "returned_from": country,
        "where": country,
        "where_more": _choose(rng, {"no": 88, own: 5, "country": 5, "many": 2}),
        "announced": _choose(rng, {"yes": 45, "no": 55}),
        "return_manner": _choose(rng, {"deported": 40, "assisted_voluntary": 30, "voluntary": 20, "intercepted": 10}),
        "official": "yes" if rng.random() < 0.03 else "no",
        "apart": "go_on",
        **({} if ending == "negative" else {"could_leave": "no"}),
        "story": rng.choice(cast.stories),
        "forms": [_choose(rng, {"sexual_exploitation": 60, "forced_labour": 22, "forced_begging": 12, "servitude": 6})],
        "needs": needs or ["none"],
        "children": "0" if child else _choose(rng, {"0": 80, "1": 14, "2+": 6}),
        "risk": _choose(rng, {"low": 50, "medium": 32, "high": 10, "unknown": 8}),
        "avoid": ["none"] if rng.random() < 0.9 else [_choose(rng, cast.avoid)],
        "proceedings": cast.code("proceedings", "capital") if witness and rng.random() < 0.6 else "none",
        "parties": [],
        "consent_services": "no" if refused else "yes",
        "consent_sharing": "no" if refused else "yes",
        "consent_statistics": "yes",
        "refusal_reason": _choose(rng, {"no_need": 4, "fear": 3, "family": 2, "go_home": 2}),
        "given": given,
        "family": family,
        "birth": born.isoformat(),
        "sex": "m" if names == "masculine" else "f",
        "citizenship": citizenship,
        "assessment": "none" if ending == "negative" else _choose(rng, {"possible": 70, "suspected": 30}),
    }


def _exit(rng: random.Random, child: bool, foreign: bool, nights: int) -> tuple[ExitReason, Destination]:
    """How the stay is meant to end; what a gate refuses then, the demo ends as an independent life."""
    home = (ExitReason.REINTEGRATED_WITH_FAMILY, Destination.FAMILY)
    own = (ExitReason.INDEPENDENT_LIVING, Destination.OWN_HOME)
    left = (ExitReason.LEFT_VOLUNTARILY, Destination.UNKNOWN)
    kin = (ExitReason.FOSTER_OR_EXTENDED_FAMILY, Destination.EXTENDED_FAMILY)
    foster = (ExitReason.FOSTER_OR_EXTENDED_FAMILY, Destination.FOSTER_FAMILY)
    if foreign:
        back = (ExitReason.REPATRIATED, Destination.COUNTRY_OF_CITIZENSHIP)
        return _choose(rng, {back: 6, own: 3, left: 1})  # type: ignore[no-any-return]
    if child:
        return _choose(rng, {kin: 6, foster: 4})  # type: ignore[no-any-return]
    if nights < 10:
        return _choose(rng, {left: 5, home: 5})  # type: ignore[no-any-return]
    missing = (ExitReason.MISSING, Destination.UNKNOWN)
    return _choose(rng, {home: 55, own: 28, left: 12, missing: 2})  # type: ignore[no-any-return]


def _permit(rng: random.Random, nights: int) -> Permit:
    applied = rng.randint(3, 20) if rng.random() < 0.75 and nights > 25 else None
    issued = applied + rng.randint(10, 28) if applied is not None and rng.random() < 0.85 else None
    return Permit(
        rng.randint(0, 2), applied, issued, rng.choice((3, 6)), _choose(rng, {Ground.LEGAL: 4, Ground.RECUPERATIVE: 6})
    )


def _testimony(rng: random.Random, nights: int) -> list[Step]:
    day = rng.randint(1, 5)
    steps = [Step(day, WitnessStatus.STATEMENT_GIVEN)]
    day += rng.randint(10, 40)
    if rng.random() < 0.7:
        heard = {WitnessStatus.EVIDENCE_SERIOUS_CRIMES_COURT: 6, WitnessStatus.EVIDENCE_DISTRICT_COURT: 4}
        steps.append(Step(day, _choose(rng, heard)))
        if rng.random() < 0.15:
            steps.append(Step(day + rng.randint(5, 20), WitnessStatus.IN_WITNESS_PROTECTION))
    elif rng.random() < 0.5:
        why = {
            WithdrawalReason.THREAT_TO_FAMILY: 4,
            WithdrawalReason.TRAUMA: 3,
            WithdrawalReason.FAMILY_PRESSURE: 2,
        }
        steps.append(Step(day, WitnessStatus.TESTIMONY_WITHDRAWN, _choose(rng, why)))
    return [step for step in steps if step.day < nights]


def _claim(rng: random.Random, witness: bool) -> Claim | None:
    """A witness asks in the proceedings; of the others some ask, mostly the state."""
    if rng.random() >= (0.6 if witness else 0.25):
        return None
    others = {Forum.STATE_SCHEME: 6, Forum.CIVIL_SUIT: 2, Forum.ABROAD: 2}
    forum = Forum.CRIMINAL_PROCEEDINGS if witness else _choose(rng, others)
    decisions = {
        ClaimEvent.GRANT: 3,
        ClaimEvent.GRANT_IN_PART: 4,
        ClaimEvent.REJECT: 2,
        ClaimEvent.WITHDRAW: 1,
    }
    steps = []
    if rng.random() < 0.75:
        steps.append((rng.randint(60, 240), _choose(rng, decisions)))
        if steps[0][1] in (ClaimEvent.GRANT, ClaimEvent.GRANT_IN_PART) and rng.random() < 0.7:
            steps.append((rng.randint(20, 120), _choose(rng, {ClaimEvent.PAY: 3, ClaimEvent.PAY_PART: 2})))
    return Claim(forum, _choose(rng, {0: 3, 1: 4, 2: 2, 3: 1}), rng.randint(5, 50), steps)


def _choose(rng: random.Random, weights: Mapping[Any, int]) -> Any:
    return rng.choices(list(weights), list(weights.values()))[0]
