"""Drafts of the agreement, and two people of every party who sign them."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from nrm import clock, countries
from nrm.actions.accounts import joining
from nrm.actions.agreement import agreement_drafting
from nrm.actions.agreement import agreement_simulation as simulations
from nrm.actions.agreement import agreement_versions as actions
from nrm.domain.accounts.accounts import PERMISSIONS, Actor, Permission, Role
from nrm.domain.agreement.agreement_simulation import week_name, weeks
from nrm.domain.agreement.agreement_versions import needed
from nrm.domain.agreement.agreements import Agreement
from nrm.models.accounts.accounts import Organisation
from nrm.steps.agreement import known_versions, version_studies
from nrm.store import names as organisation_names
from nrm.store.accounts import accounts as store
from nrm.store.agreement.agreement_simulation import SIMULATION
from nrm.store.countries import country
from nrm.store.rows.agreement import agreement_versions as agreement_version_rows
from tests import factories

SHIPPED = (countries.FOLDER / "albania" / "mou-2005.toml").read_text("utf-8")
COORDINATOR = "oms.coordinator"


def today() -> date:
    return clock.now().astimezone(country().timezone).date()


def draft(version: str = "2027", starts_on: date | None = None, *changes: tuple[str, str]) -> str:
    """The shipped text under another name and day, with parts replaced; each part must be there."""
    day = starts_on or today() + timedelta(days=10)
    text = SHIPPED
    for old, new in (
        ('version = "2005"', f'version = "{version}"'),
        ("\nfrom = 2005-07-18", f"\nfrom = {day}"),
        *changes,
    ):
        assert old in text, old
        text = text.replace(old, new, 1)
    return text


def opened(text: str, *, by: Actor | None = None) -> str:
    """Propose, approve and open a text; its version."""
    by = by or factories.actor(COORDINATOR)
    version = agreement_drafting.propose(text=text, by=by)
    tried(text)
    actions.approve(version=version, on=today(), note="Letter 12 of the Minister", by=by)
    actions.open_for_signature(version=version, by=by)
    return version


def accepted(version: str, *, but: str = "") -> None:
    """Every weakening of the text is accepted with a reason, `but` one."""
    for number in version_studies.study_of(version, by=factories.actor(COORDINATOR)).weakened:
        if number != but:
            accepted_one(version, number)


def accepted_one(version: str, number: str) -> None:
    """One weakening is accepted with a reason."""
    by = factories.actor(COORDINATOR)
    reason = f"No other centre is a party yet, so {number} waits"
    actions.accept_weakening(version=version, number=number, reason=reason, by=by)


def tried(text: str, *, but: str = "") -> None:
    """What the text weakens was accepted, `but` one; it was simulated, and nothing could be told."""
    for _, version in agreement_version_rows.with_text(text):
        accepted(version, but=but)
    simulated = simulations.Withheld(date(2026, 1, 1), date(2026, 3, 31)).to_json()
    assert simulations.keep(text=text, simulated=simulated, by=SIMULATION)


def simulated() -> dict[str, Any]:
    """What a simulation of one quarter found: the National Reception Centre has less to do, IOM more."""

    def table(*names: str, **values: int) -> dict[str, Any]:
        rows = [{**dict(zip(names, key.split("__"), strict=True)), "value": value} for key, value in values.items()]
        return {"name": " x ".join(names), "dimensions": list(names), "rows": rows}

    first, last = date(2026, 1, 1), date(2026, 3, 31)
    tables = [
        table("happened", **{"*": 45, "NRC": 30, "IOM": 5, "nobody": 5, "there_before": 5}),
        table("simulated", **{"*": 45, "NRC": 20, "IOM": 15, "duty_officer": 5, "nobody": 0, "there_before": 5}),
        table("happened", "simulated", **{"*__*": 45, "NRC__*": 30, "NRC__NRC": 20, "NRC__IOM": 10, "IOM__IOM": 5}),
        table("late_happened", **{"*": 45, "yes": 10, "no": 35}),
        table("late_simulated", **{"*": 45, "yes": 5, "no": 40}),
    ]
    for night in weeks(first, last):
        tables.append(table(week_name(night, "happened"), **{"*": 45, "NRC": 25, "IOM": 5, "elsewhere": 15}))
        tables.append(table(week_name(night, "simulated"), **{"*": 45, "NRC": 15, "IOM": 15, "elsewhere": 15}))
    return {"from": first.isoformat(), "to": last.isoformat(), "step": "two_way", "tables": tables}


def signers(party: str) -> tuple[Actor, Actor]:
    """Two people of a party; where the instance has one, another joins."""
    organisations = [each for each in organisation_names.organisations_by_id().values() if each.party == party]
    organisation = min(organisations, key=lambda each: each.code)
    members = [
        each
        for each in store.members(by=factories.actor("administrator"), size=1000).rows
        if each.status == "active" and Permission.AGREEMENT_SIGN in PERMISSIONS[Role(each.role)]
    ]
    logins = [each.login for each in members if each.organisation_code in {each.code for each in organisations}]
    first = factories.actor(logins[0])
    if len(logins) == 1:
        return first, factories.actor(colleague(organisation, logins[0], first))
    return first, factories.actor(logins[1])


def colleague(organisation: Organisation, login: str, holder: Actor) -> str:
    """Somebody more joins; their sign-in name."""
    assert holder.role is not None
    keyless = holder.kind is None or not holder.kind.holds_keys
    inviting = factories.actor("administrator") if keyless else holder
    new = f"{login}.2"
    token = joining.invite(organisation_id=organisation.id, login=new, name="Second", role=holder.role, by=inviting)
    if factories.join(token).waiting:
        factories.confirm(new, by=holder)
    return new


def sign(version: str, by: Actor) -> None:
    """Sign what stands there."""
    actions.sign(version=version, read=known_versions.digest_of(version, by=by), by=by)


def sign_all(version: str, *, but: str = "") -> None:
    """Two of every party that is needed sign."""
    agreement: Agreement = known_versions.document(version, by=factories.actor(COORDINATOR))
    for party in needed(agreement):
        if party != but:
            for by in signers(party):
                sign(version, by)
