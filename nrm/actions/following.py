"""An instance follows its country's file: each difference is applied, or the words say why not and what to do instead.

The file adds and renames. It removes nothing that people or their cases depend on, changes no kind and no party (both
are part of every key), and undoes nothing that a manager did with places.
"""

from __future__ import annotations

import tomllib
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from flask import current_app
from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from nrm import audit, clock
from nrm.countries import Country, ListedOrganisation
from nrm.db import transaction
from nrm.domain.accounts.accounts import Actor, OrganisationKind
from nrm.models.accounts.accounts import Member, Organisation
from nrm.models.agreement.agreements import AgreementVersion
from nrm.models.countries import CountryVersion
from nrm.models.referrals.referrals import Referral
from nrm.models.shelter.cases import Case
from nrm.models.shelter.places import Place
from nrm.steps import countries as country_steps
from nrm.steps.instances import add_organisation
from nrm.steps.shelter import places as place_steps
from nrm.store import days
from nrm.store.rows.accounts import accounts as rows

_BY = Actor.system("upgrade")


@dataclass(frozen=True, slots=True)
class Change:
    """One difference in words. `done`: it was applied (in a dry run: would be); else the words say what to do."""

    text: str
    done: bool


@dataclass(frozen=True, slots=True)
class _Step:
    """One difference; `apply` is None if it cannot be applied."""

    text: str
    apply: Callable[[Session], None] | None


class OtherCountry(Exception):
    """The instance was made of another country; the argument is its code."""


def follow(file: Country, *, dry_run: bool = False) -> list[Change]:
    """Apply what differs between the file and the instance, unless `dry_run`; returns it. Raises OtherCountry."""
    with transaction() as session:
        made_of = rows.instance().country
        if made_of != file.code:
            raise OtherCountry(made_of)
        steps = list(_steps(session, file))
        if not dry_run:
            for step in steps:
                if step.apply is not None:
                    step.apply(session)
            _adopt(session, file)
    return [Change(step.text, step.apply is not None) for step in steps]


def follow_in_force() -> list[Change]:
    """Follow the version of the country that was recorded and is in force since today; nothing where that was done."""
    found = country_steps.in_force()
    if found.line is None or found.line.followed_at is not None:
        return []
    changes = follow(found.country)
    for each in changes:
        if not each.done:
            current_app.logger.warning(
                "the country that counts from %s on: not done: %s", found.line.starts_on, each.text
            )
    with transaction() as session:
        session.get_one(CountryVersion, found.line.id).followed_at = clock.now()
    return changes


def _steps(session: Session, file: Country) -> Iterator[_Step]:
    here = {each.code: each for each in session.scalars(select(Organisation).order_by(Organisation.code))}
    for code, data in file.organisations.items():
        if code not in here:
            yield _added(data)
        elif data.kind != here[code].kind:
            yield _refused_change(code, "kind", here[code].kind, str(data.kind))
        elif (data.party or "") != here[code].party:
            yield _refused_change(code, "party", here[code].party, data.party or "")
        else:
            yield from _changed(session, here[code], data)
    joined = _named_by_versions(session) - {code for each in file.agreements for code in each.parties}
    for code, organisation in here.items():
        if code not in file.organisations and organisation.party not in joined and organisation.enabled:
            yield _removed_organisation(session, organisation)
    acting = {each.party for each in file.organisations.values()} | {each.party for each in here.values()}
    for agreement in file.agreements:
        for party in agreement.parties.values():
            if party.code not in acting and party.kind is not OrganisationKind.COALITION:
                yield _Step(
                    f"party {party.code} of agreement {agreement.version} has no organisation: "
                    f'add an [[organisation]] with party = "{party.code}" to country.toml',
                    None,
                )


def _named_by_versions(session: Session) -> set[str]:
    """The parties of every version that was ever proposed here: a party that joined by one is not in the file."""
    texts = session.scalars(select(AgreementVersion.text))
    return {str(party.get("code")) for text in texts for party in tomllib.loads(text).get("party", ())}


def _added(data: ListedOrganisation) -> _Step:
    def apply(session: Session) -> None:
        id_ = add_organisation(session, data, opened_on=days.today())
        audit.append(session, audit.Event.ORGANISATION_ADDED, by=_BY, organisation=id_)

    places = f"{_number(len(data.beds))}, " if data.beds else ""
    return _Step(f"added organisation {data.code} ({places}no accounts yet)", apply)


def _refused_change(code: str, what: str, here: str, there: str) -> _Step:
    return _Step(
        f"{code} is of {what} {here or 'none'} here and {there or 'none'} in the file: a {what} never changes, "
        "every key is made for it; put it back, and add an organisation with another code",
        None,
    )


def _changed(session: Session, organisation: Organisation, data: ListedOrganisation) -> Iterator[_Step]:
    code, id_ = organisation.code, organisation.id

    def put(what: str, **values: str) -> Callable[[Session], None]:
        def apply(session: Session) -> None:
            found = session.get_one(Organisation, id_)
            for name, value in values.items():
                setattr(found, name, value)
            audit.append(session, audit.Event.ORGANISATION_CHANGED, by=_BY, organisation=id_, what=what)

        return apply

    for language, there in data.names.items():
        here = organisation.names.get(language, "")
        if here != there:
            yield _Step(f"renamed {code}: {here or 'none'} -> {there} ({language})", _rename(id_, language, there))
    if organisation.telephone != data.on_call:
        yield _Step(
            f"changed telephone of {code}: {organisation.telephone or 'none'} -> {data.on_call or 'none'}",
            put("telephone", telephone=data.on_call),
        )
    if data.beds:
        yield from _places(session, organisation, data)


def _rename(id_: uuid.UUID, language: str, name: str) -> Callable[[Session], None]:
    def apply(session: Session) -> None:
        found = session.get_one(Organisation, id_)
        found.names = {**found.names, language: name}
        audit.append(session, audit.Event.ORGANISATION_CHANGED, by=_BY, organisation=id_, what="names")

    return apply


def _places(session: Session, organisation: Organisation, data: ListedOrganisation) -> Iterator[_Step]:
    code, id_ = organisation.code, organisation.id
    here = session.scalars(select(Place).where(Place.organisation_id == id_).order_by(Place.label)).all()
    known = {place.label for place in here} | {place.file_label for place in here}
    new = [label for label in data.beds if label not in known]
    if new:

        def apply(session: Session) -> None:
            from_on = days.today()
            unit_id = place_steps.unit_of_file(session, id_, from_on)
            place_steps.enter(
                session, unit_id=unit_id, organisation_id=id_, labels=new, from_on=from_on, from_file=True
            )
            audit.append(session, audit.Event.PLACES_ADDED, by=_BY, organisation=id_, number=len(new))

        yield _Step(f"added {_number(len(new))} to {code}: {_listed(new)}", apply)
    more = [place.label for place in here if place.file_label not in (None, *data.beds) and place.until_on is None]
    if more:
        yield _Step(
            f"{code} has {_number(len(more))} more than the file ({_listed(more)}): its manager closes them, with a "
            "day and a reason (Places, Units and places, Close); or put them back into the file",
            None,
        )


def _adopt(session: Session, file: Country) -> None:
    """Treat a place that a manager entered, and whose name the file has now, as the file's place too."""
    session.flush()
    for code, data in file.organisations.items():
        if data.beds:
            own = select(Organisation.id).where(Organisation.code == code).scalar_subquery()
            taken = set(session.scalars(select(Place.file_label).where(Place.organisation_id == own)))
            statement = select(Place).where(
                Place.organisation_id == own, Place.file_label.is_(None), Place.label.in_(set(data.beds) - taken)
            )
            for place in session.scalars(statement):
                place.file_label = place.label


def _removed_organisation(session: Session, organisation: Organisation) -> _Step:
    id_, code = organisation.id, organisation.code

    def count(*wanted: object) -> int:
        return session.scalar(select(func.count()).where(*wanted)) or 0  # type: ignore[arg-type]

    holds = (
        (count(Member.organisation_id == id_, Member.status != "disabled"), "account", "accounts"),
        (count(or_(Case.holder_id == id_, Case.opened_by_id == id_)), "case", "cases"),
        (count(or_(Referral.receiver_id == id_, Referral.sender_id == id_)), "referral", "referrals"),
    )
    found = [f"{number} {one if number == 1 else many}" for number, one, many in holds if number]
    if found:
        return _Step(
            f"organisation {code} is gone from the file but has {', '.join(found)}: hand its open cases on, end its "
            "part in the agreement, then suspend it (administrator, page Organisations); or put it back into the file",
            None,
        )

    def apply(session: Session) -> None:
        session.get_one(Organisation, id_).enabled = False
        audit.append(session, audit.Event.ORGANISATION_SUSPENDED, by=_BY, organisation_id_concerned=id_)

    return _Step(f"suspended organisation {code}: it is gone from the file, and has no account and no case", apply)


def _number(places: int) -> str:
    return f"{places} place" if places == 1 else f"{places} places"


def _listed(labels: list[str]) -> str:
    return ", ".join(labels) if len(labels) <= 5 else f"{labels[0]} ... {labels[-1]}"
