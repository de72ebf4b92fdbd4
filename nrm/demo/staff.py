"""An account for every role in every organisation of a demo country."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import update
from sqlalchemy.orm import Session

from nrm.actions.accounts import accounts, joining, members, second_factor, words
from nrm.demo import founding
from nrm.demo.cast import cast
from nrm.demo.progress import Progress
from nrm.domain.accounts.accounts import Actor, OrganisationKind, Role
from nrm.models.accounts.accounts import Member, Organisation
from nrm.store.accounts import accounts as store
from nrm.store.countries import country

_PASSWORD_SYLLABLES = 10
FOUNDERS = 2


Account = dict[str, Any]


def everybody(progress: Progress) -> tuple[list[Account], Mapping[str, Actor]]:
    """An account for every role in every organisation, two where a keyring is held; who acts for each, by its code."""
    token = joining.invite_first(login="administrator", name=_name(0))
    administrator, admin = _join(token, "administrator", Role.ADMINISTRATOR, cast().operator)
    logins = {
        organisation: _logins(organisation.code, OrganisationKind(organisation.kind))
        for organisation in store.organisations(by=admin)
    }
    progress.accounts = 1 + sum(map(len, logins.values()))
    progress.account()
    described, number = {0: administrator}, 1
    actors: dict[str, Actor] = {cast().operator: admin, f"{cast().operator}#1": admin}
    there: dict[str, list[Actor]] = {}
    later: list[tuple[int, Organisation, str, Role]] = []
    for organisation, own in logins.items():
        # The case worker comes first: what the demo does in a shelter, it does as one.
        for place, (login, role) in enumerate(own):
            if place < FOUNDERS:
                described[number], actor = _invited(organisation, login, role, number, admin)
                _let_in(actor, there.setdefault(organisation.code, []), organisation)
                _acts(actors, actor, organisation, role, there[organisation.code])
                progress.account()
            else:
                later.append((number, organisation, login, role))
            number += 1
    founding.found(actors)
    # Who holds the key invites the colleagues, elsewhere the administrator; who is there types the words.
    for number, organisation, login, role in later:
        staff = there[organisation.code]
        inviting = staff[0] if OrganisationKind(organisation.kind).holds_keys else admin
        described[number], actor = _invited(organisation, login, role, number, inviting)
        read_to(actor, *staff[:FOUNDERS])
        _acts(actors, actor, organisation, role, staff)
        progress.account()
    return [described[each] for each in sorted(described)], actors


def _invited(organisation: Organisation, login: str, role: Role, number: int, by: Actor) -> tuple[Account, Actor]:
    token = joining.invite(organisation_id=organisation.id, login=login, name=_name(number), role=role, by=by)
    return _join(token, login, role, organisation.code)


def _acts(actors: dict[str, Actor], actor: Actor, organisation: Organisation, role: Role, staff: list[Actor]) -> None:
    staff.append(actor)
    actors.setdefault(organisation.code, actor)
    actors.setdefault(f"{organisation.code}/{role}", actor)
    actors[f"{organisation.code}#{len(staff)}"] = actor
    if organisation.crossing_point:
        actors.setdefault(organisation.crossing_point, actor)


def _logins(code: str, kind: OrganisationKind) -> Sequence[tuple[str, Role]]:
    """(login, role) of an organisation's people: with a single key holder its cases would hang on one password."""
    roles: list[Role] = [
        role
        for role in sorted(country().roles_of(code, kind))
        if role is not Role.ADMINISTRATOR and not _is_needless(code, role)
    ]
    desk: list[Role] = [role for role in roles if role != Role.IDENTIFICATION_OFFICER] or roles
    second: list[Role] = desk if kind.holds_keys and len(desk) == 1 else []
    if Role.MONITOR in roles:
        second = [Role.MONITOR]  # some interviews are scored by two
    twice: list[Role] = [role for role in desk if role is Role.COORDINATOR]  # two of them decide what a contract says
    return [
        *((f"{code.lower()}.{role}{number}", role) for role in twice for number in ("", ".2")),
        *((f"{code.lower()}.{role}", role) for role in desk if role not in twice),
        *((f"{code.lower()}.{role}.2", role) for role in second),
        *((f"{code.lower()}.{role}", role) for role in roles if role not in desk),
    ]


def _name(number: int) -> str:
    """A member of staff, invented too."""
    names = cast().names
    given = [*names["feminine"], *names["masculine"]]
    first = number * 7 % len(given)
    family = names["family" if first < len(names["feminine"]) else "family_masculine"]
    return f"{given[first]} {family[number * 5 % len(family)]}"


def _is_needless(code: str, role: Role) -> bool:
    """Who counts and who pays work at the ministry that counts; every other role of a ministry at the coordinating one.

    Whoever files a table of the register has a focal point, also who counts (ADR 0142); every other ministry and agency
    has nobody else.
    """
    coordinates = code == cast().coordinating
    if not coordinates and code != cast().counting:
        is_ministry = OrganisationKind(country().organisations[code].kind) is OrganisationKind.MINISTRY
        return is_ministry and role is not Role.FOCAL_POINT
    if role is Role.FOCAL_POINT:
        return all(table.filed_by != code for table in country().register.tables.values())
    counts_or_pays = role in (Role.STATISTICIAN, Role.PAYMENT_OFFICER)
    return counts_or_pays is coordinates


def _let_in(actor: Actor, staff: Sequence[Actor], organisation: Organisation) -> None:
    """Two founders type each other's words; in an office without keys whoever works there lets the others in."""
    if staff:
        read_to(actor, staff[0])
        if OrganisationKind(organisation.kind).holds_keys:
            read_to(staff[0], actor)


def read_to(reader: Actor, *typists: Actor) -> None:
    """One reads the words of the own page, the others type them until that is enough."""
    shown = words.shown(by=reader)
    assert shown is not None
    assert reader.member_id is not None
    for typist in typists:
        if words.type_words(member_id=reader.member_id, typed=shown.words, by=typist):
            break


def _join(token: str, login: str, role: Role, organisation: str) -> tuple[Account, Actor]:
    password = _password()
    joined = joining.join(token=token, password=password)
    members.check_code_of_invitation(token=token, code=joined.recovery_code)
    cookie = accounts.sign_in(login=login, password=password)
    found = accounts.resume(cookie)
    assert isinstance(found, accounts.SignedIn)
    secret = None
    if found.enrolling:
        secret = second_factor.propose(by=found.actor).secret
        assert found.enrolling_as is not None
        second_factor.set_up(code=second_factor.code_now(secret), by=found.enrolling_as)
        found = accounts.resume(cookie)
        assert isinstance(found, accounts.SignedIn)
    account = {"login": login, "password": password, "totp": secret, "role": str(role), "organisation": organisation}
    return account, found.actor


def hand_over(session: Session) -> None:
    """Nobody who is given an account has signed in before: whoever built the country did, as all of them."""
    session.execute(update(Member).values(signed_in_at=None))


def _password() -> str:
    """Random, and easy to type: `riremo-nuguse-bobeba-su`."""
    syllables = [secrets.choice("bdfgklmnprstvz") + secrets.choice("aeiou") for _ in range(_PASSWORD_SYLLABLES)]
    return "-".join("".join(syllables[start : start + 3]) for start in range(0, _PASSWORD_SYLLABLES, 3))
