"""The telephones for danger: on the officers' home page, on the pages of the urgent way, and on every error page."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from flask import Flask

from nrm import clock
from nrm.countries.country import NoAgreement
from nrm.domain.accounts.accounts import OrganisationKind
from nrm.domain.words import N_
from nrm.store import names
from nrm.store.countries import country
from nrm.web import access


@dataclass(frozen=True, slots=True)
class Telephone:
    """Whom a number reaches, as a phrase, and the number."""

    name: str
    number: str


def numbers(struck: Collection[str] = ()) -> tuple[Telephone, ...]:
    """Ambulance, police, the two help lines and the duty desk; read from the country alone, so that they are there when
    the database is not. `struck`: parties that the person of this page struck out."""
    known = country().emergency
    lines = [
        Telephone(N_("Ambulance"), known.ambulance),
        Telephone(N_("Police"), known.police),
        Telephone(N_("Help line"), known.helpline),
        Telephone(N_("Help line for children"), known.children),
    ]
    return (*lines, *desk(struck))


def desk(struck: Collection[str] = ()) -> tuple[Telephone, ...]:
    """The duty desk, without `struck`; nothing where no agreement is in force."""
    try:
        parties = country().in_force(clock.now()).parties.values()
    except NoAgreement:
        return ()
    desks = [each for each in parties if each.kind == "responsible_authority" and each.code not in struck]
    return tuple(Telephone(N_("Duty desk"), each.on_call) for each in desks[:1])


def protecting() -> tuple[Telephone, ...]:
    """Who protects a witness that is threatened: the police, and the duty desk, which is told whatever is struck."""
    return tuple(each for each in numbers() if each.name in ("Police", "Duty desk"))


def operator() -> tuple[Telephone, ...]:
    """Whoever runs the server, where the country names a number."""
    there = (each for each in country().organisations.values() if each.kind is OrganisationKind.OPERATOR)
    return tuple(Telephone(N_("Technical operator"), each.on_call) for each in there if each.on_call)


def duty_desk() -> str:
    """The number of the duty desk; empty where there is none today."""
    return next((each.number for each in numbers() if each.name == "Duty desk"), "")


def of_office(code: str) -> str:
    """The number of an organisation by its code: what the agreement names for its party now, else that of the country's
    data (ADR 0250); empty where neither names one."""
    there = country().organisations.get(code)
    return (names.number_now(there.party or "") or there.on_call) if there is not None else ""


def coordinator_office() -> str:
    """The code of the office in which the coordinator works: the one that the reports go to."""
    return country().calendar.recipient


def coordinator() -> tuple[Telephone, ...]:
    """The coordinator; nothing where that office has no number."""
    number = of_office(coordinator_office())
    return (Telephone(N_("Coordinator"), number),) if number else ()


def by_telephone() -> bool:
    """Whether who is signed in talks by telephone alone and hands nothing over (ADR 0282)."""
    return names.talks_by_telephone(access.actor())


def register(app: Flask) -> None:
    """Give templates `telephones()`, `duty_desk()`, `number_of_office(code)`, `coordinator_office()` and
    `by_telephone()`."""
    app.jinja_env.globals["by_telephone"] = by_telephone
    app.jinja_env.globals["telephones"] = numbers
    app.jinja_env.globals["duty_desk"] = duty_desk
    app.jinja_env.globals["number_of_office"] = of_office
    app.jinja_env.globals["coordinator_office"] = coordinator_office
