"""The demo country's agreement: one version that everybody signed, one that waits for signatures, two contracts."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping
from datetime import date, timedelta

from nrm import clock
from nrm.actions.agreement import agreement_drafting, contracts
from nrm.actions.agreement import agreement_simulation as simulations
from nrm.actions.agreement import agreement_versions as versions
from nrm.actions.support import subsidies as signing
from nrm.demo.cast import cast
from nrm.domain.accounts.accounts import Actor
from nrm.domain.agreement import agreement_drafts
from nrm.domain.agreement.agreement_versions import signing_parties
from nrm.domain.support.contracts import Reason, Terms, Why
from nrm.steps.agreement import known_versions, version_studies
from nrm.store import names
from nrm.store.countries import country
from nrm.store.support import subsidies

BEGINS_AFTER = timedelta(days=14)


def sign_by_all(actors: Mapping[str, Actor]) -> None:
    """The shipped text as a version of the instance, signed by two people of each party, in force two weeks later."""
    version = _opened(f"{country().agreements[0].version}-2", _today() + BEGINS_AFTER, actors)
    for by in _signers(version, actors):
        _sign(version, by)


def leave_one_open(actors: Mapping[str, Actor]) -> None:
    """A draft of next year that only some have signed; two contracts, one of which ends soon."""
    today = _today()
    version = _opened(str(today.year + 1), date(today.year + 1, 3, 1), actors)
    for position, by in enumerate(_signers(version, actors)):
        if position % 3 == 0:
            _sign(version, by)
    for code, days, number in ((cast().houses[1], 40, 1), (cast().houses[2], 300, 2)):
        change_id, office = uuid.uuid4(), cast().coordinating
        contracts.record(
            change_id=change_id,
            organisation_id=names.organisation_by_code(code).id,
            terms=Terms(
                f"{number}/{today.year}",
                cast().writes["contract"],
                1_200_000 * number,
                today - timedelta(days=365 - days),
                today + timedelta(days=days),
                nights=(4_600 * number, 300_000 * number),
            ),
            reason=Reason(Why.SIGNED),
            by=actors[f"{office}/coordinator"],
        )
        contracts.agree(change_id=change_id, by=actors[f"{office}#2"])


def sign_nights(actors: Mapping[str, Actor]) -> None:
    """Managers sign the nights of the quarters that are closed, but for the newest one."""
    for code in cast().houses:
        by = actors.get(f"{code}/shelter_manager")
        if by is None:
            continue
        for line in subsidies.to_sign(by=by)[1:]:
            signing.sign(line.base.quarter, seen=signing.version(line), by=by)


def _today() -> date:
    return clock.today(country().timezone)


def _opened(name: str, starts_on: date, actors: Mapping[str, Actor]) -> str:
    text = agreement_drafts.begun(country().texts[country().agreements[0].version], name, starts_on)
    by = actors[f"{cast().coordinating}/coordinator"]
    version = agreement_drafting.propose(text=text, by=by)
    reasons = country().safeguards.accepted_in(country().agreements[0].version)
    for number in version_studies.study_of(version, by=by).weakened:
        reason = reasons[number][country().languages[0]]
        versions.accept_weakening(version=version, number=number, reason=reason, by=by)
    simulations.try_text(text, *simulations.last_quarters(1))
    versions.approve(version=version, on=_today(), note=f"{cast().writes['decision']}, {_today().year}", by=by)
    versions.open_for_signature(version=version, by=by)
    return version


def _signers(version: str, actors: Mapping[str, Actor]) -> Iterator[Actor]:
    """Two people of each party, party by party; the crossing points are one party."""
    agreement = known_versions.document(version, by=actors[f"{cast().coordinating}/coordinator"])
    of_party: dict[str, list[str]] = {}
    for organisation in sorted(names.organisations_by_id().values(), key=lambda each: each.code):
        of_party.setdefault(organisation.party, []).append(organisation.code)
    for party in signing_parties(agreement):
        code = of_party[party][0]
        yield from (actors[f"{code}#{number}"] for number in (1, 2))


def _sign(version: str, by: Actor) -> None:
    versions.sign(version=version, read=known_versions.digest_of(version, by=by), by=by)
