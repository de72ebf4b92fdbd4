"""The agreement: routes a second, a check as the document grows tenfold, a simulation of 10,000 cases."""

from __future__ import annotations

import copy
import random
import time
import tomllib
from collections.abc import Callable
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from nrm.domain.agreement.agreement_checks import check
from nrm.domain.agreement.agreement_documents import parse_agreement
from nrm.domain.agreement.agreement_simulation import PastCase, PastStay, simulate
from nrm.domain.agreement.agreements import FACTS, Agreement
from nrm.domain.agreement.routing import Capacity, route
from nrm.domain.agreement.routing_facts import RoutingFacts, parse_facts

DOCUMENT = Path(__file__).parent.parent / "nrm/countries/albania/mou-2005.toml"
ROUTES = 5_000
CASES = 10_000
GROWN = (10, 100)
NOON = datetime(2026, 3, 4, 12, tzinfo=ZoneInfo("Europe/Tirane"))


def main() -> None:
    """Print seconds and the ratio to reading one route's facts, which is the anchor."""
    data = tomllib.loads(DOCUMENT.read_text("utf-8"))
    agreement = parse_agreement(data)
    profiles = [somebody(agreement, random.Random(number)) for number in range(ROUTES)]
    anchor = _seconds(lambda: [parse_facts(each, agreement) for each in profiles]) / ROUTES
    print(f"parse_facts                         {1 / anchor:10.0f} per s   anchor")
    facts = [parse_facts(each, agreement) for each in profiles]
    room = dict.fromkeys(agreement.parties, Capacity.FREE)
    one = _seconds(lambda: [route(each, agreement, NOON, room) for each in facts]) / ROUTES
    print(f"route                               {1 / one:10.0f} per s   {one / anchor:.1f} x the anchor")
    small = _best(lambda: check(agreement))
    size = f"{len(agreement.clauses):4} clauses, {len(agreement.parties):3} parties"
    print(f"check, {size}    {1000 * small:10.1f} ms      {small / one:.0f} routes")
    for times in GROWN:
        large = parse_agreement(grown(data, times))
        grew = _best(lambda large=large: check(large))
        size = f"{len(large.clauses):4} clauses, {len(large.parties):3} parties"
        print(f"check, {size}    {1000 * grew:10.1f} ms      {grew / small:.1f} x for {times} x")
    cases = [somebody_past(number, facts[number % ROUTES]) for number in range(CASES)]
    places = dict.fromkeys(("NRC", "IOM", "VATRA", "TJETER_VIZION"), CASES // 4)
    first, last = date(2026, 1, 1), date(2026, 12, 31)
    simulated = _seconds(lambda: simulate(agreement, cases, {"2005": agreement}, places, first, last))
    print(
        f"simulation of {CASES} cases           {simulated:10.2f} s       {simulated / CASES / one:.1f} x a route each"
    )


def somebody(agreement: Agreement, chance: random.Random) -> dict[str, Any]:
    """Random facts; most people strike out nobody."""
    read: dict[str, Any] = {}
    for name, shape in FACTS.items():
        if shape == "flag":
            read[name] = chance.random() < 0.3
        elif shape == "set":
            most = 3 if name == "needs" else chance.choice((0, 0, 0, 1))
            read[name] = chance.sample(agreement.facts[name], chance.randint(0, most))
        else:
            read[name] = chance.choice(agreement.facts[name])
    return read


def grown(data: dict[str, Any], times: int) -> dict[str, Any]:
    """The document with further shelters, and every rule once more for each of some places where people enter."""
    grown = copy.deepcopy(data)
    points = data["fact"]["entry_point"]["values"]
    model = next(party for party in data["party"] if party["code"] == "VATRA")
    for number in range(1, times):
        grown["party"].append({**copy.deepcopy(model), "code": f"SHELTER_{number}"})
        here = {"eq": ["entry_point", points[number % len(points)]]}
        for clause in data["clause"]:
            when = {"and": [clause["when"], here]} if "when" in clause else here
            grown["clause"].append({**copy.deepcopy(clause), "number": f"{number}-{clause['number']}", "when": when})
    return grown


def somebody_past(number: int, facts: RoutingFacts) -> PastCase:
    """A case of two weeks to three months, with what is kept of it in clear."""
    on = date(2026, 1, 1) + timedelta(days=number % 365)
    known = {
        name: getattr(facts, name) for name in ("age_class", "gender", "citizenship_class", "exploited_in", "consent")
    }
    stay = PastStay("NRC", on, on + timedelta(days=14 + number % 77))
    return PastCase(str(number), on.replace(day=1), known, "2005", frozenset({"4.3"}), ("NRC",), None, (stay,), ())


def _best(work: Callable[[], object], times: int = 5) -> float:
    return min(_seconds(work) for _ in range(times))


def _seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started
