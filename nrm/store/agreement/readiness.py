"""What is still missing before a party can be sent somebody: for the coordinator, the duty desk, and the party itself.

It says nothing of people in cases: how many places a building has, or whether one is free, is not here.
"""

from __future__ import annotations

import tomllib
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from sqlalchemy import Select, exists, func, select

from nrm import clock
from nrm.countries import NoAgreement
from nrm.db import db
from nrm.domain.accounts.accounts import Actor, NotPermitted, NotVisible, OrganisationKind, Permission
from nrm.domain.accounts.words import OccasionStatus, WordPurpose
from nrm.domain.agreement.agreements import Party
from nrm.domain.agreement.readiness import Caution, Missing, Number, Readiness, Unread, tried
from nrm.domain.interviews import directives as directive_rules
from nrm.models.accounts.accounts import Member, Organisation
from nrm.models.accounts.occasions import Occasion
from nrm.models.agreement.trial_calls import TrialCall
from nrm.models.interviews.directives import DirectiveAcknowledgement
from nrm.store import signed_names
from nrm.store.countries import country
from nrm.store.interviews.directives import CONDUCTING
from nrm.store.rows.accounts.members import number_of_holders
from nrm.store.rows.agreement import agreement_versions as agreement_version_rows
from nrm.store.rows.shelter.places import has_entered_any
from nrm.vault import agreements, keyrings
from nrm.vault.keylog import belief, log

Readers = Mapping[uuid.UUID, tuple[int, Mapping[tuple[str, int], int]]]


@dataclass(frozen=True, slots=True)
class ReadinessLine:
    """An organisation that acts for a party, and what is there of it; `called`: what the text that binds it calls the
    party, or will bind it, else what the organisation is called."""

    organisation_id: uuid.UUID
    code: str
    names: Mapping[str, str]
    party: str
    readiness: Readiness
    missing: tuple[Missing, ...]
    cautions: tuple[Caution, ...]
    called: Mapping[str, str]


def sees_all(by: Actor) -> bool:
    """Whether the actor sees every party, and records that a number was tried: the coordinator and the duty desk."""
    return by.may(Permission.AGREEMENT_MANAGE) or by.may(Permission.REFERRAL_DIRECT)


def lines(*, by: Actor) -> list[ReadinessLine]:
    """Every party that holds keys but the crossing points, those that are not ready first. Raises NotPermitted."""
    if not sees_all(by):
        raise NotPermitted(Permission.REFERRAL_DIRECT)
    found = _lines(select(Organisation).where(Organisation.kind != OrganisationKind.BORDER_POLICE))
    return sorted(found, key=lambda line: (not line.missing, not line.cautions, line.code))


def with_many_posts(*, by: Actor) -> list[Mapping[str, str]]:
    """What the parties of the text in force are called whose posts have a page of their own, and are not in `lines`.
    Raises NotPermitted."""
    if not sees_all(by):
        raise NotPermitted(Permission.REFERRAL_DIRECT)
    try:
        parties = country().in_force(clock.now()).parties.values()
    except NoAgreement:
        return []
    return [each.names for each in parties if each.kind is OrganisationKind.BORDER_POLICE]


def line(organisation_id: uuid.UUID, *, by: Actor) -> ReadinessLine:
    """One of `lines`, or that of the actor's own organisation. Raises NotVisible."""
    own = organisation_id == by.organisation_id and by.may(Permission.AGREEMENT_READ)
    if not (own or sees_all(by)):
        raise NotVisible
    found = _lines(select(Organisation).where(Organisation.id == organisation_id))
    if not found:
        raise NotVisible
    return found[0]


def begins_anew(line: ReadinessLine) -> bool:
    """Whether somebody of the organisation is to begin anew, or has, and reads words. Not who."""
    waits = (OccasionStatus.WAITS, OccasionStatus.OPEN)
    found = exists().where(
        Occasion.organisation_id == line.organisation_id,
        Occasion.purpose == WordPurpose.ANEW,
        Occasion.status.in_([str(each) for each in waits]),
    )
    return bool(db.session.scalar(select(found)))


def _lines(statement: Select[Organisation]) -> list[ReadinessLine]:
    kinds = [str(each) for each in OrganisationKind if each.holds_keys]
    chosen = statement.where(Organisation.party != "", Organisation.kind.in_(kinds), Organisation.enabled)
    rows = db.session.execute(
        chosen.add_columns(number_of_holders(Organisation.id), has_entered_any()).order_by(Organisation.code)
    ).all()
    ids = [row[0].id for row in rows]
    today = clock.today(country().timezone)
    differs = keyrings.not_known(db.session(), ids)
    state, days = log.last_state(db.session), belief.all_days_left(db.session)
    calls, readers = _newest_calls({row[0].party for row in rows}), _readers(ids)
    found = []
    for organisation, holders, has_building in rows:
        party, binds_from = _bound(organisation.party, today)
        is_vouched = state.is_vouched_for(organisation.id) or bool(days.get(organisation.id))
        readiness = Readiness(
            OrganisationKind(organisation.kind),
            binds_from,
            is_vouched,
            organisation.id not in differs,
            holders,
            has_building,
            party.desk if party is not None else None,
            tuple(_numbers(organisation, party, calls)),
            tuple(_unread(organisation, today, readers)),
        )
        found.append(
            ReadinessLine(
                organisation.id,
                organisation.code,
                organisation.names,
                organisation.party,
                readiness,
                readiness.missing(today),
                readiness.cautions,
                party.names if party is not None else organisation.names,
            )
        )
    return found


def _bound(code: str, today: date) -> tuple[Party | None, date | None]:
    """(the party in the text that binds it today, else in the next signed one; the day from which it binds)."""
    if country().binds(code, today):
        try:
            return country().in_force(clock.now()).parties[code], today
        except (NoAgreement, KeyError):
            return None, None
    for agreement in country().agreements:
        party = agreement.parties.get(code)
        begins = max(agreement.starts_on, party.joined_on or agreement.starts_on) if party is not None else today
        if party is not None and begins > today and party.in_force(begins):
            return party, begins
    return None, None


def _directory(organisation: Organisation, party: Party | None) -> list[str]:
    """The numbers to be tried: of the desk and out of hours; of one without a text those of the
    text that waits for signatures, else the one that it was entered with."""
    known: Iterable[str] = (organisation.telephone,)
    if party is not None:
        known = (party.desk.telephone, party.on_call)
    elif proposed := _proposed_numbers(organisation.party):
        known = proposed
    return list(dict.fromkeys(number for number in known if number))


def _proposed_numbers(code: str) -> list[str]:
    """The numbers that the newest text which waits for signatures gives a party, to be tried before it binds."""
    for row in agreement_version_rows.open_for_signature():
        try:
            agreements.check_version(row)
        except agreements.CannotOpen:
            continue
        for party in tomllib.loads(row.text).get("party", ()):
            if party.get("code") == code:
                return [number for number in (party["desk"].get("telephone", ""), party["on_call"]) if number]
    return []


class _Call(NamedTuple):
    """The newest call that tried a number: of which organisation the caller was, and what the caller is called."""

    call: TrialCall
    names: Mapping[str, str]
    who: str


def _newest_calls(parties: Iterable[str]) -> dict[tuple[str, str], _Call]:
    """(party, number) -> the newest call that tried it."""
    statement = (
        select(TrialCall, Organisation.names, Member.name, Member.login)
        .join(Member, Member.id == TrialCall.member_id)
        .join(Organisation, Organisation.id == Member.organisation_id)
        .where(TrialCall.party.in_(list(parties)))
        .order_by(TrialCall.called_at)
    )
    newest = {(row[0].party, row[0].telephone): row for row in db.session.execute(statement)}
    codes = signed_names.codes(row[0].member_id for row in newest.values())
    return {
        key: _Call(call, names, signed_names.who(codes, call.member_id, name, login))
        for key, (call, names, name, login) in newest.items()
    }


def _numbers(
    organisation: Organisation, party: Party | None, calls: Mapping[tuple[str, str], _Call]
) -> Iterable[Number]:
    for number in _directory(organisation, party):
        found = calls.get((organisation.party, number))
        if found is None:
            yield Number(number, tried(None, False, clock.now()))
            continue
        call, at = found.call, found.call.called_at
        yield Number(number, tried(at, call.reached, clock.now()), at, found.names, found.who)


def _readers(ids: list[uuid.UUID]) -> Readers:
    """Organisation -> (how many of it read directives, how many of them have read which); nothing where the country has
    no directive."""
    if not country().directives:
        return {}
    conducting = (Member.status == "active", Member.role.in_(CONDUCTING), Member.organisation_id.in_(ids))
    officers = db.session.execute(
        select(Member.organisation_id, func.count()).where(*conducting).group_by(Member.organisation_id)
    )
    found: dict[uuid.UUID, tuple[int, dict[tuple[str, int], int]]] = {row[0]: (row[1], {}) for row in officers}
    acknowledged = (DirectiveAcknowledgement.directive, DirectiveAcknowledgement.version)
    for of, name, version, number in db.session.execute(
        select(Member.organisation_id, *acknowledged, func.count())
        .join(Member, Member.id == DirectiveAcknowledgement.member_id)
        .where(*conducting)
        .group_by(Member.organisation_id, *acknowledged)
    ):
        found[of][1][name, version] = number
    return found


def _unread(organisation: Organisation, today: date, readers: Readers) -> Iterable[Unread]:
    officers, read = readers.get(organisation.id, (0, {}))
    for each in directive_rules.in_force(country().directives, country().party_of(organisation.code), today):
        if read.get(each.key, 0) < officers:
            yield Unread(each.title, read.get(each.key, 0), officers)
