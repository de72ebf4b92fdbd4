"""Who counts in the reports other than ix, and as what: codes of records as the country's tables print them (ADR 0017).

A row is one record: a code per dimension, and an opaque `person`. What a table set does not list is printed with
`other`, a missing value with `unknown`, as far as the dimension has them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

from nrm.domain.referrals.referrals import ANSWERED_IN
from nrm.domain.reports import exploitation
from nrm.domain.shelter.claims import NOT_STATED, Counted, foremost
from nrm.domain.shelter.testimony import WitnessStatus
from nrm.domain.support.feedback import Question, Reply
from nrm.domain.support.plans import Service

Row = dict[str, str]
Codes = Mapping[str, Collection[str]]
"""The codes of each dimension that records may have."""

RETURNEE = ("crossing_point", "outcome", "processed", "age_class", "sex", "returned_from", "announced", "agency")
WITNESS = ("witness", "evidence", "programme", "withdrawal", "sex", "age_band")
VICTIM, NOT_VICTIM = "victim", "not_victim"
"""Who a witness of report vi is: the person of a case, or somebody whom the prosecution entered as a witness only."""
PERMIT = ("ground", "decision", "sex", "age_band")
CLAIM = ("lodged", "forum", "asked", "outcome", "granted", "paid", "sex", "age_band")
IDENTIFICATION = ("status", "way", "citizenship_class", "sex", "age_band")
REFERRAL = ("party", "outcome", "answered")
RETURNED_CHILD = ("returned_from", "sex", "integration")
DEPENDANT = ("age_band", "sex", "stay_status")
AFTERWARDS = ("outcome", "contacts", "sex", "age_band")
EXPLOITED = ("age_class", "sex", *exploitation.DIMENSIONS)

FEEDBACK = ("house", *map(str, Question))
SERVICE = tuple(str(each) for each in Service)

NOT_GRANTED = "none"
"""The band, and the payment, of a claim of which nothing was granted."""

_DECISIONS = {
    "applied": "pending",
    "appealed": "pending",
    "renewal_applied": "pending",
    "issued": "issued",
    "expired": "issued",
    "refused": "refused",
    "withdrawn": "withdrawn",
}


def listed(value: str, codes: Collection[str]) -> str:
    """The code as printed."""
    if value in codes:
        return value
    is_country = len(value) == 2 and value.isalpha() and value.isupper()
    return "other" if "other" in codes and (is_country or "unknown" not in codes) else "unknown"


def returnees(counted: Iterable[tuple[tuple[str, ...], int]], codes: Codes, *, quarters: Iterable[str]) -> list[Row]:
    """Rows of report x from (values in the order of RETURNEE, how many). A screening belongs to its quarter alone."""
    rows = []
    when = " ".join(quarters)
    for values, number in counted:
        row = {name: listed(value, codes[name]) for name, value in zip(RETURNEE, values, strict=True)}
        rows += [{**row, "person": f"{when} {' '.join(values)} {each}"} for each in range(number)]
    return rows


def exploited(person: str, age_class: str, gender: str, told: exploitation.Told, codes: Codes) -> Row:
    """One person whom a crossing point referred in the period; `age_class`: at the interview, as in report x."""
    return {
        "person": person,
        "age_class": age_class,
        "sex": listed(gender, codes["sex"]),
        **exploitation.codes(told),
    }


def witness(
    person: str, steps: Collection[tuple[str, str]], gender: str, age_band: str, codes: Codes, *, kind: str = VICTIM
) -> Row | None:
    """One witness from the (status, reason) of the steps in the period, in their order; None when none is counted."""
    taken = {status for status, _ in steps}
    serious = WitnessStatus.EVIDENCE_SERIOUS_CRIMES_COURT in taken
    district = WitnessStatus.EVIDENCE_DISTRICT_COURT in taken
    reasons = [reason for status, reason in steps if status == WitnessStatus.TESTIMONY_WITHDRAWN]
    protected = WitnessStatus.IN_WITNESS_PROTECTION in taken
    if not (serious or district or reasons or protected):
        return None
    evidence = "both" if serious and district else "serious_crimes" if serious else "district" if district else "none"
    return {
        "person": person,
        "witness": kind,
        "evidence": evidence,
        "programme": "admitted" if protected else "not_admitted",
        "withdrawal": reasons[-1] if reasons else "none",
        "sex": listed(gender, codes["sex"]),
        "age_band": listed(age_band, codes["age_band"]),
    }


def permit(person: str, state: str, ground: str, gender: str, age_band: str, codes: Codes) -> Row | None:
    """One person whose permit was asked for or decided in the period; None when it was neither."""
    if state not in _DECISIONS:
        return None
    decision = _DECISIONS[state]
    return {
        "person": person,
        "ground": ground if decision == "issued" else "none",
        "decision": decision,
        "sex": listed(gender, codes["sex"]),
        "age_band": listed(age_band, codes["age_band"]),
    }


def claimant(
    person: str, claims: Collection[Counted], bands: Sequence[str], gender: str, age_band: str, codes: Codes
) -> Row | None:
    """One person with claims in the period, by the one that brought most; None without any."""
    if not claims:
        return None
    most = foremost(claims, bands)
    # A band that the country no longer has is treated as unknown.
    asked, granted = (
        band if band in (*bands, "") else NOT_STATED for band in (most.standing.asked, most.standing.granted)
    )
    return {
        "person": person,
        "lodged": "in_period" if most.new else "earlier",
        "forum": str(most.standing.forum),
        "asked": asked,
        "outcome": str(most.standing.outcome),
        "granted": granted or NOT_GRANTED,
        "paid": str(most.standing.paid) or NOT_GRANTED,
        "sex": listed(gender, codes["sex"]),
        "age_band": listed(age_band, codes["age_band"]),
    }


def identified(person: str, status: str, way: str, citizenship: str, gender: str, age_band: str, codes: Codes) -> Row:
    """One person whose formal identification was asked for or decided in the period, as it stood at its end."""
    return {
        "person": person,
        "status": status,
        "way": way,
        "citizenship_class": listed(citizenship, codes["citizenship_class"]),
        "sex": listed(gender, codes["sex"]),
        "age_band": listed(age_band, codes["age_band"]),
    }


def referral(person: str, party: str, status: str, answered: str, codes: Codes) -> Row:
    """One referral sent in the period. A move that was called off, or a person who was accepted by mistake: it was
    accepted, and nobody came. The report has no code of its own for it, because a series keeps the codes of its first
    release (ADR 0042)."""
    return {
        "person": person,
        "party": listed(party, codes["party"]),
        "outcome": "not_arrived" if status in ("called_off", "mistaken") else status,
        "answered": answered if answered in ANSWERED_IN else "not_recorded",
    }


def dependant(person: str, gender: str, age_band: str, left: bool, codes: Codes) -> Row:
    """One child who was accommodated in the period with somebody who is a victim; `left`: not there at its end."""
    return {
        "person": person,
        "sex": listed(gender, codes["sex"]),
        "age_band": listed(age_band, codes["age_band"]),
        "stay_status": "left" if left else "still_there",
    }


def served(person: str, received: Collection[str]) -> Row:
    """One person of whom it was answered which services they received in the period: of each whether or not."""
    return {"person": person, **{each: "received" if each in received else "not_received" for each in SERVICE}}


def afterwards(person: str, outcome: str, contacts: str, gender: str, age_band: str, codes: Codes) -> Row:
    """One person whose last contact after the shelter was due in the period; `contacts`: how the earlier ones went."""
    return {
        "person": person,
        "outcome": outcome,
        "contacts": contacts,
        "sex": listed(gender, codes["sex"]),
        "age_band": listed(age_band, codes["age_band"]),
    }


def returned_child(person: str, country: str, sex: str, integration: str, codes: Codes) -> Row:
    """A child that returned or was followed up in the period."""
    return {
        "person": person,
        "returned_from": listed(country, codes["returned_from"]),
        "sex": listed(sex, codes["sex"]),
        "integration": integration,
    }


def feedback(person: str, house: str, replies: Mapping[Question, Reply]) -> Row:
    """One slip of paper: the house, and what was answered to each question."""
    return {"person": person, "house": house, **{str(each): str(reply) for each, reply in replies.items()}}
