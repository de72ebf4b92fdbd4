"""An account for every role in every organisation of a demo country."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from typing import Any

from nrm.actions.accounts import accounts, members, second_factor
from nrm.demo import founding
from nrm.demo.people import FAMILY, GIVEN
from nrm.domain.accounts.accounts import ROLES_OF, Actor, OrganisationKind, Role
from nrm.store.accounts import accounts as store
from nrm.store.countries import country
from nrm.store.rows.accounts import accounts as account_rows

_PASSWORD_SYLLABLES = 10


Account = dict[str, Any]


def everybody() -> tuple[list[Account], Mapping[str, Actor]]:
    """An account for every role in every organisation, two where a keyring is held; who acts for each, by its code."""
    described: list[Account] = []
    actors: dict[str, Actor] = {}
    token = accounts.invite_first(login="administrator", name=_name(0))
    admin = _join(token, "administrator", Role.ADMINISTRATOR, "OPERATOR", described)
    actors["OPERATOR"] = actors["OPERATOR#1"] = admin
    for organisation in store.organisations(by=admin):
        holder: Actor | None = None
        # The case worker comes first: what the demo does in a shelter, it does as one.
        logins = _logins(organisation.code, OrganisationKind(organisation.kind))
        for number, (login, role) in enumerate(logins, start=1):
            # The administrator invites the founder; who holds the key then invites the colleagues.
            inviting = holder if holder is not None and OrganisationKind(organisation.kind).holds_keys else admin
            token = accounts.invite(
                organisation_id=organisation.id, login=login, name=_name(len(described)), role=role, by=inviting
            )
            actor = _join(token, login, role, organisation.code, described, holder)
            holder = holder or actor
            actors.setdefault(organisation.code, actor)
            actors.setdefault(f"{organisation.code}/{role}", actor)
            actors[f"{organisation.code}#{number}"] = actor
            if organisation.crossing_point:
                actors.setdefault(organisation.crossing_point, actor)
    founding.found(actors)
    return described, actors


def _logins(code: str, kind: OrganisationKind) -> Sequence[tuple[str, Role]]:
    """(login, role) of an organisation's people: with a single key holder its cases would hang on one password."""
    roles: list[Role] = [
        role for role in sorted(ROLES_OF[kind]) if role is not Role.ADMINISTRATOR and not _is_needless(code, role)
    ]
    desk: list[Role] = [role for role in roles if role != Role.IDENTIFICATION_OFFICER] or roles
    second: list[Role] = desk if kind.holds_keys and len(desk) == 1 else []
    if Role.MONITOR in roles:
        second = [Role.MONITOR]  # some interviews are scored by two
    return [
        *((f"{code.lower()}.{role}", role) for role in desk),
        *((f"{code.lower()}.{role}.2", role) for role in second),
        *((f"{code.lower()}.{role}", role) for role in roles if role not in desk),
    ]


def _name(number: int) -> str:
    """A member of staff, invented too."""
    given = [*GIVEN["feminine"].split(), *GIVEN["masculine"].split()]
    family = FAMILY.split()
    return f"{given[number * 7 % len(given)]} {family[number * 5 % len(family)]}"


def _is_needless(code: str, role: Role) -> bool:
    """Who counts and who pays work at the ministry of labour; every other role of a ministry at the other office.

    Every other ministry and agency of the register has a focal point and nobody else.
    """
    if code not in ("OMS", "MOLSA"):
        is_ministry = OrganisationKind(country().organisations[code].kind) is OrganisationKind.MINISTRY
        return is_ministry and role is not Role.FOCAL_POINT
    counts_or_pays = role in (Role.STATISTICIAN, Role.PAYMENT_OFFICER)
    return role is Role.FOCAL_POINT or counts_or_pays is (code == "OMS")


def _join(
    token: str, login: str, role: Role, organisation: str, described: list[Account], holder: Actor | None = None
) -> Actor:
    password = _password()
    joined = accounts.join(token=token, password=password)
    members.check_code_of_invitation(token=token, code=joined.recovery_code)
    if joined.waiting and holder is not None:
        member = account_rows.member_by_login(login)
        assert member is not None
        accounts.confirm(member_id=member.id, by=holder)
    cookie = accounts.sign_in(login=login, password=password)
    found = accounts.resume(cookie)
    assert isinstance(found, accounts.SignedIn)
    secret = None
    if found.enrolling:
        secret = second_factor.propose(by=found.actor).secret
        second_factor.set_up(code=second_factor.code_now(secret), by=found.actor)
        found = accounts.resume(cookie)
        assert isinstance(found, accounts.SignedIn)
    described.append(
        {"login": login, "password": password, "totp": secret, "role": str(role), "organisation": organisation}
    )
    return found.actor


def _password() -> str:
    """Random, and easy to type: `riremo-nuguse-bobeba-su`."""
    syllables = [secrets.choice("bdfgklmnprstvz") + secrets.choice("aeiou") for _ in range(_PASSWORD_SYLLABLES)]
    return "-".join("".join(syllables[start : start + 3]) for start in range(0, _PASSWORD_SYLLABLES, 3))
