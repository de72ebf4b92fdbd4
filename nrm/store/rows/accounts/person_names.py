"""Whether somebody may be called so in an organisation, and sign in so: what is asked of a new name (ADR 0164)."""

from __future__ import annotations

import uuid
from collections.abc import Iterable

from sqlalchemy import exists, or_, select

from nrm import catalogues, clock
from nrm.db import db
from nrm.domain.accounts.accounts import ROLE_LABELS, OrganisationKind
from nrm.domain.accounts.members import KeyHappening
from nrm.domain.accounts.person_names import (
    KEPT_FOR,
    RENAMED_AGAIN,
    NameRefusal,
    holds_login,
    holds_title,
    is_nearly,
    is_shortened,
    is_taken_for,
    logins_look_alike,
    unreadable,
)
from nrm.domain.words import N_
from nrm.models.accounts.accounts import KeyEvent, Member, Organisation
from nrm.store.countries import country

_DESKS = (N_("Duty desk"), N_("Help line"))
_POSTS = (OrganisationKind.BORDER_POLICE, OrganisationKind.POLICE)
"""Their codes are places, after which people are called."""


def refusal(organisation_id: uuid.UUID, name: str, *, but: uuid.UUID | None = None) -> NameRefusal | None:
    """Why nobody else than `but` is called so in the organisation; None if somebody may be.

    A colleague who would be taken for another one works there, is about to, or left within a year; or had the name
    within a year and has another one now. People of two organisations may share a name, but nobody elsewhere is called
    as somebody of the Responsible Authority, or but for one letter, or in short, and nobody there as a colleague in
    short: its duty desk decides for all houses, and pages name it.
    """
    if why := unreadable(name):
        return why
    if any(holds_login(name, each) for each in _logins(organisation_id)):
        return NameRefusal.LOGIN
    if _is_title(name):
        return NameRefusal.TITLE
    called = [each for id_, each in _called(organisation_id) if id_ != but]
    if any(is_taken_for(name, each) for each in called):
        return NameRefusal.NAMESAKE
    if any(is_nearly(name, each) or is_shortened(name, each) for each in _of_authority(organisation_id)):
        return NameRefusal.DESK
    if _is_authority(organisation_id) and any(is_shortened(name, each) for each in called):
        return NameRefusal.NAMESAKE
    return None


def looks_like_login(organisation_id: uuid.UUID, login: str) -> bool:
    """Whether a sign-in name is taken for another one of the organisation, also for one whose account was ended."""
    return any(logins_look_alike(login, each) for each in _logins(organisation_id))


def renamed_lately(member_id: uuid.UUID) -> bool:
    """Whether the member's name was changed so lately that it stays as it is."""
    since = clock.now() - RENAMED_AGAIN
    lately = exists().where(
        KeyEvent.member_id == member_id, KeyEvent.event == str(KeyHappening.RENAMED), KeyEvent.at > since
    )
    return bool(db.session.scalar(select(lately)))


def _called(organisation_id: uuid.UUID) -> list[tuple[uuid.UUID | None, str]]:
    since = clock.now() - KEPT_FOR
    within = (KeyEvent.organisation_id == organisation_id, KeyEvent.at > since)
    left = exists().where(*within, KeyEvent.event == str(KeyHappening.DISABLED), KeyEvent.member_id == Member.id)
    there = select(Member.id, Member.name).where(
        Member.organisation_id == organisation_id,
        or_(Member.status.in_(("active", "waiting", "invited")), left.correlate(Member)),
    )
    before = select(KeyEvent.member_id, KeyEvent.before).where(*within, KeyEvent.event == str(KeyHappening.RENAMED))
    return [(row[0], row[1]) for each in (there, before) for row in db.session.execute(each)]


def _is_authority(organisation_id: uuid.UUID) -> bool:
    kind = db.session.scalar(select(Organisation.kind).where(Organisation.id == organisation_id))
    return kind == OrganisationKind.RESPONSIBLE_AUTHORITY


def _of_authority(organisation_id: uuid.UUID) -> Iterable[str]:
    """The names of who works at the Responsible Authority, unless it is the organisation itself."""
    return db.session.scalars(
        select(Member.name)
        .join(Organisation, Organisation.id == Member.organisation_id)
        .where(
            Organisation.kind == str(OrganisationKind.RESPONSIBLE_AUTHORITY),
            Organisation.id != organisation_id,
            Member.status.in_(("active", "waiting", "invited")),
        )
    )


def _logins(organisation_id: uuid.UUID) -> list[str]:
    return list(db.session.scalars(select(Member.login).where(Member.organisation_id == organisation_id)))


def _is_title(name: str) -> bool:
    """Whether the name has a role or an office of the country in it, in English or a language of the country."""
    spoken = [each for each in country().languages if each != catalogues.SOURCE]
    labels = [str(each) for each in (*ROLE_LABELS.values(), *_DESKS)]
    roles = {*labels, *filter(None, (catalogues.said(each, language) for each in labels for language in spoken))}
    rows = db.session.execute(select(Organisation.code, Organisation.kind, Organisation.names)).all()
    offices = {each for row in rows for each in row.names.values()}
    return holds_title(name, roles, offices, [row.code for row in rows if row.kind not in _POSTS])
