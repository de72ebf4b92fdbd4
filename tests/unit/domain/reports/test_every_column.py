"""Every column of every report can be filled: each printed code is written by the code that counts, or nothing is said.

What nothing can fill is marked as not recorded in the country's file and in `Report.unfilled`. Here the functions that
make rows are called with whatever the program can store, one value after the other, and the codes they write are held
against those that the tables print.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import date, timedelta
from functools import partial
from typing import Any

import pytest

from nrm.countries import load
from nrm.domain.accounts.accounts import OrganisationKind
from nrm.domain.interviews import screenings
from nrm.domain.quarters import Quarter
from nrm.domain.referrals.referrals import ANSWERED_IN, ReferralStatus
from nrm.domain.reports import counting, tabulation, year
from nrm.domain.reports.exploitation import Told
from nrm.domain.reports.report_list import COUNTED, Report
from nrm.domain.shelter.cases import AGE_BANDS, CITIZENSHIP_CLASSES, CODES, GENDERS
from nrm.domain.shelter.child_returns import Outcome as OfChild
from nrm.domain.shelter.child_returns import Sex
from nrm.domain.shelter.claims import Counted, Forum, Outcome, Paid, Standing
from nrm.domain.shelter.identifications import IdentificationStatus
from nrm.domain.shelter.matching import Repeat
from nrm.domain.shelter.permits import Ground, PermitStatus
from nrm.domain.shelter.stays import Source
from nrm.domain.shelter.testimony import WithdrawalReason, WitnessStatus
from nrm.domain.support.feedback import Question, Reply, combination, counted
from nrm.domain.support.follow_ups import AT_THE_END
from nrm.domain.support.plans import Service

ALBANIA = load("albania")
QUARTER = Quarter(2026, 2)
ISO = ("XX", "", "stateless", "several")
"""A country that no table has, none, and what is no country; the countries of the tables come beside them."""

ALWAYS_KNOWN = {("ix", "stay_bucket", "unknown"), ("annual", "stay_bucket", "unknown")}
"""What nobody can have, because a stay has its days: the 0 is a result. A series keeps its codes (ADR 0042)."""


def one_by_one(
    makes: Callable[..., Mapping[str, str] | None], usual: Mapping[str, Any], values: Mapping[str, Iterable[Any]]
) -> Iterator[Mapping[str, str]]:
    """The rows that it makes of the usual values with one of them changed."""
    for name, each in values.items():
        for value in each:
            row = makes(**{**usual, name: value})
            if row is not None:
                yield row


def codes(report: str) -> dict[str, tuple[str, ...]]:
    """The codes that records may have: those of the tables, and what is recoded to them."""
    dimensions = ALBANIA.tables[report].dimensions
    return {name: (*each.codes, *each.recode) for name, each in dimensions.items() if each.of is None}


TOLD = [
    Told(),
    *(Told(exploitation=(form,)) for form in CODES["exploitation"]),
    *(Told(exploitation=("sexual_exploitation", form)) for form in CODES["exploitation"]),
    *(Told(exploitation=("sexual_exploitation",), sexual=(kind,)) for kind in CODES["sexual"]),
    *(Told(exploitation=("forced_labour",), labour=(kind,)) for kind in CODES["labour"]),
    Told(exploitation=CODES["exploitation"], sexual=CODES["sexual"], labour=CODES["labour"]),
    *(Told(means_of_control=(means,)) for means in CODES["means_of_control"]),
    *(Told(recruiter_relation=each) for each in CODES["recruiter_relation"]),
]
BANDS = (*AGE_BANDS, "")
COUNTRIES = (*ALBANIA.tables["ix"].dimensions["nationality"].codes, *ISO)
WHO = {"gender": GENDERS, "age_band": BANDS}
USUAL = {"person": "1", "gender": "feminine", "age_band": "18-20"}


def accommodated() -> Iterator[Mapping[str, str]]:
    came, day = QUARTER.start, timedelta(days=1)
    stay = tabulation.StayRecord(came, came, came + 9 * day)
    permit = tabulation.PermitRecord("issued", came, came, QUARTER.end)
    stays = [
        *((stay._replace(ended_on=came + nights * day),) for nights in (1, 9, 18, 25, 40, 70)),
        *((stay._replace(anticipated_end_on=came + nights * day),) for nights in (120, 300, 500)),
        (stay._replace(admitted_on=came - 20 * day, known_on=came - 20 * day),),
    ]
    usual = tabulation.PersonRecord("1", "MD", "feminine", "18-20", "IT", "new", (stay,), permit)
    values: dict[str, Iterable[Any]] = {
        "citizenship": COUNTRIES,
        "gender": GENDERS,
        "age_band": BANDS,
        "exploited_in": (*codes("ix")["country_of_trafficking"], *ISO),
        "repeat": tuple(Repeat),
        "stays": stays,
        "permit": (None, replace(permit, state="applied", issued_from=None, issued_until=None)),
        "testimony": (((WitnessStatus.STATEMENT_GIVEN, came),),),
        "told": TOLD,
    }
    of = codes("ix")
    printed = tabulation.Classification("AL", of["nationality"], of["country_of_trafficking"])
    for name, each in values.items():
        for value in each:
            people = [usual._replace(**{name: value})]
            if name == "testimony":
                people.append(people[0]._replace(permit=None))
            yield from (row for one in people for _, row in tabulation.tabulate([one], QUARTER, printed))


def in_the_year() -> Iterator[Mapping[str, str]]:
    of, days = codes("annual"), (date(2026, 1, 1), date(2026, 12, 31))
    foreign = next(row for row in accommodated() if row["nationality"] == "MD")
    asked = tabulation.PermitRecord("applied", days[0])
    person = tabulation.PersonRecord("1", "MD", "feminine", "18-20", "IT", "new", (), asked)
    makes = partial(year.row, home="AL", year=days, codes=of)
    usual = {"last": foreign, "person": person, "facts": year.YearFacts("police")}
    facts = [year.YearFacts(source) for source in (*Source, "crossing_point")]
    facts += [year.YearFacts("own", identification=each) for each in IdentificationStatus]
    facts += [year.YearFacts("own", claimed=one, testified=other) for one in (True, False) for other in (True, False)]
    permits = [asked, replace(asked, state="refused"), replace(asked, issued_from=days[0], issued_until=days[1]), None]
    people = [person._replace(permit=each) for each in permits]
    yield from one_by_one(makes, usual, {"last": list(accommodated()), "person": people, "facts": facts})


def screened() -> Iterator[Mapping[str, str]]:
    kinds = [None, OrganisationKind.STATE_SHELTER, OrganisationKind.NGO_SHELTER, OrganisationKind.CHILD_PROTECTION]
    processed = {screenings.processed_as(each, kind) for each in screenings.ASSESSMENTS for kind in kinds}
    values = {
        "crossing_point": (*ALBANIA.crossing_points, "elsewhere", ""),
        "outcome": (*screenings.ASSESSMENTS, *screenings.PROCESSED_WITHOUT_HELP, screenings.NOT_ASKED),
        "processed": {*processed, *screenings.PROCESSED_WITHOUT_HELP.values(), screenings.NOT_ASKED},
        "age_class": CODES["majority_now"],
        "sex": GENDERS,
        "returned_from": (*COUNTRIES, *codes("x")["returned_from"]),
        "announced": ("yes", "no", "99"),
        "agency": ("yes", "no", "99"),
    }
    usual = {name: next(iter(each)) for name, each in values.items()}
    for name, each in values.items():
        for value in each:
            told = tuple({**usual, name: value}[dimension] for dimension in counting.RETURNEE)
            yield from counting.returnees([(told, 1)], codes("x"), quarters=["2026Q2"])


def exploited() -> Iterator[Mapping[str, str]]:
    usual = {"person": "1", "age_class": "adult", "gender": "feminine", "told": Told(), "codes": codes("exploited")}
    values = {"age_class": CODES["majority_now"], "gender": GENDERS, "told": TOLD}
    yield from one_by_one(counting.exploited, usual, values)


def witnesses() -> Iterator[Mapping[str, str]]:
    of, none = WitnessStatus, ""
    courts = (of.EVIDENCE_SERIOUS_CRIMES_COURT, none), (of.EVIDENCE_DISTRICT_COURT, none)
    steps = [courts, courts[:1], courts[1:], [(of.IN_WITNESS_PROTECTION, none)]]
    steps += [[(of.TESTIMONY_WITHDRAWN, reason)] for reason in WithdrawalReason]
    usual = {**USUAL, "steps": courts, "codes": codes("vi")}
    kinds = (counting.VICTIM, counting.NOT_VICTIM)
    yield from one_by_one(counting.witness, {**usual, "kind": kinds[0]}, {"steps": steps, "kind": kinds, **WHO})


def with_permits() -> Iterator[Mapping[str, str]]:
    usual = {**USUAL, "state": "issued", "ground": "legal", "codes": codes("trp")}
    yield from one_by_one(counting.permit, usual, {"state": PermitStatus, "ground": Ground, **WHO})


def claimants() -> Iterator[Mapping[str, str]]:
    bands = tuple(ALBANIA.amount_bands)
    claim = Standing(Forum.ABROAD, bands[-1], Outcome.GRANTED, bands[-1], Paid.NO)
    claims = [
        *(replace(claim, forum=each) for each in Forum),
        *(replace(claim, asked=each) for each in (*bands, "gone")),
        *(replace(claim, granted=each) for each in (*bands, "gone")),
        *(replace(claim, paid=each) for each in Paid),
        *(replace(claim, outcome=each, granted="", paid="") for each in Outcome if each is not Outcome.MISTAKEN),
    ]
    counted = [[Counted(each, new)] for each in claims for new in (True, False)]
    usual = {**USUAL, "claims": counted[0], "bands": bands, "codes": codes("compensation")}
    yield from one_by_one(counting.claimant, usual, {"claims": counted, **WHO})


def identified() -> Iterator[Mapping[str, str]]:
    of = codes("identifications")
    usual = {**USUAL, "status": "possible", "way": "none", "citizenship": "home", "codes": of}
    ways = ("two_looks", "third_look", "appeal", "none")  # domain/shelter/identifications.counted
    values = {"status": IdentificationStatus, "way": ways, "citizenship": CITIZENSHIP_CLASSES, **WHO}
    yield from one_by_one(counting.identified, usual, values)


def referred() -> Iterator[Mapping[str, str]]:
    usual = {"person": "1", "party": "NRC", "status": "sent", "answered": "1h", "codes": codes("referrals")}
    values = {"party": ALBANIA.organisations, "status": ReferralStatus, "answered": ANSWERED_IN}
    yield from one_by_one(counting.referral, usual, values)


def dependants() -> Iterator[Mapping[str, str]]:
    usual = {**USUAL, "left": True, "codes": codes("dependants")}
    yield from one_by_one(counting.dependant, usual, {"left": (True, False), **WHO})


def served() -> Iterator[Mapping[str, str]]:
    for each in Service:
        yield counting.served("1", [each])


def afterwards() -> Iterator[Mapping[str, str]]:
    usual = {**USUAL, "outcome": "settled", "contacts": "all", "codes": codes("followup")}
    values = {"outcome": AT_THE_END, "contacts": ("all", "some", "none"), **WHO}
    yield from one_by_one(counting.afterwards, usual, values)


def answered() -> Iterator[Mapping[str, str]]:
    houses = ALBANIA.tables["feedback"].dimensions["house"].codes
    by_house = {house: {combination(dict.fromkeys(Question, each)): 2 for each in Reply} for house in houses[:-1]}
    by_house["SMALL"] = {combination({}): 1}
    for house, replies in counted(by_house, houses, "other"):
        yield counting.feedback("1", house, replies)


def returned() -> Iterator[Mapping[str, str]]:
    usual = {"person": "1", "country": "GR", "sex": "feminine", "integration": "care", "codes": codes("children")}
    values = {"country": (*COUNTRIES, "IT"), "sex": Sex, "integration": OfChild}
    yield from one_by_one(counting.returned_child, usual, values)


ROWS = {
    "ix": accommodated,
    "annual": in_the_year,
    "x": screened,
    "exploited": exploited,
    "vi": witnesses,
    "trp": with_permits,
    "compensation": claimants,
    "identifications": identified,
    "referrals": referred,
    "dependants": dependants,
    "services": served,
    "followup": afterwards,
    "feedback": answered,
    "children": returned,
}


@pytest.mark.parametrize("report", COUNTED, ids=lambda each: each.name)
def test_each_printed_code_is_written_by_something_or_said_to_be_not_recorded(report: Report) -> None:
    written = defaultdict(set)
    for row in ROWS[report.name]():
        for name in report.dimensions:
            written[name].add(row[name])
    for name, dimension in ALBANIA.tables[report.name].dimensions.items():
        if dimension.of is not None or dimension.not_recorded:
            continue
        found = {dimension.recode.get(code, code) for code in written[name]}
        assert found <= set(dimension.codes), name
        for code in set(dimension.codes) - found:
            said = dimension.labels[code]
            marked = "not recorded" in said["en"] and "nuk regjistrohet" in said["sq"]
            assert marked or (report.name, name, code) in ALWAYS_KNOWN, (name, code)
        for code in found:
            assert "not recorded" not in dimension.labels[code]["en"] or code == "not_recorded", (name, code)
