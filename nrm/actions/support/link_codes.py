"""Making a link code at the prosecution, and tying a number of the police to it (ADR 0151).

The police never see more than whether a code is valid. What they type is sealed to the prosecution; a number can be
added and not looked at, changed or taken away by them; the prosecution removes a wrong one. A wrong code and one that
was withdrawn take the same way, because of both there is no row.
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import delete, func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from nrm import audit
from nrm.db import db, transaction
from nrm.domain.accounts.accounts import Actor, NotVisible, OrganisationKind, Permission
from nrm.domain.support.link_codes import (
    LINK,
    MOST_NUMBERS,
    NUMBER,
    RANDOM_BYTES,
    TRIES,
    LinkRefusal,
    LinkRefused,
    NotValid,
    new_code,
    parse_number,
)
from nrm.models.shelter.cases import Case, SealedCompartment
from nrm.models.support.link_codes import LinkCode, LinkNumber
from nrm.steps.support import link_codes as steps
from nrm.store import days
from nrm.store.rows.accounts import failed_attempts as failed_attempt_rows
from nrm.store.rows.accounts.failed_attempts import Counter
from nrm.store.support import link_codes as store
from nrm.vault import compartments as vault
from nrm.vault import epochs, rows, second_factor, shredding


@dataclass(frozen=True, slots=True, repr=False)
class Link:
    """What the prosecution sees: the code, and (number, day, id) of what the police tied, as they came. `repr` hides
    it."""

    code: str
    numbers: Sequence[tuple[str, str, uuid.UUID]]


def make(*, case_id: uuid.UUID, by: Actor) -> None:
    """Make the code of a case whose person agreed to it. Raises NotPermitted, NotVisible, CannotOpen, LinkRefused."""
    by.must(Permission.LINK_MAKE)
    try:
        with transaction() as session:
            session.get_one(Case, store.of_case(case_id, by=by).case_id, with_for_update=True)
            found = store.of_case(case_id, by=by)
            if not found.agreed:
                raise LinkRefused(LinkRefusal.NO_YES)
            if found.link_id is not None:
                raise LinkRefused(LinkRefusal.STANDS)
            if by.organisation_id is None:
                raise NotVisible
            code = new_code(os.urandom(RANDOM_BYTES))
            link = LinkCode(
                id=uuid.uuid4(),
                organisation_id=by.organisation_id,
                whose_mark=rows.link_mark(case_id),
                code_mark=rows.link_code_mark(code),
            )
            session.add(link)
            session.flush()
            vault.create(session, link.id, {LINK: {"code": code}}, [by.organisation_id], by=by)
            # With neither the case nor the id of the link.
            audit.append(session, audit.Event.LINK_MADE, by=by)
    except IntegrityError:
        raise LinkRefused(LinkRefusal.STANDS) from None


def link(*, case_id: uuid.UUID, by: Actor) -> Link | None:
    """The code of a case and what is tied to it, for the prosecution; None without one, or where it does not open.

    Raises NotPermitted, NotVisible.
    """
    by.must(Permission.LINK_MAKE)
    found = store.of_case(case_id, by=by)
    if found.link_id is None:
        return None
    code = vault.glance(db.session(), found.link_id, LINK, by=by)
    if code is None:
        return None
    opened = [(vault.glance(db.session(), each, NUMBER, by=by), each) for each in found.number_ids]
    numbers = [(value["on"], value["place"], value["number"], id_) for value, id_ in opened if value is not None]
    return Link(code["code"], [(number, on, id_) for on, _, number, id_ in sorted(numbers)])


def remove_number(*, case_id: uuid.UUID, number_id: uuid.UUID, by: Actor) -> None:
    """A number was wrong: it is destroyed, and the police, who never see what is tied, enter the right one. Raises
    NotPermitted, NotVisible."""
    by.must(Permission.LINK_MAKE)
    with transaction() as session:
        found = store.of_case(case_id, by=by)
        if number_id not in found.number_ids:
            raise NotVisible
        epochs.erase(session, number_id, [NUMBER])
        session.execute(delete(LinkNumber).where(LinkNumber.id == number_id))
        # As with the other acts, without the case and the link.
        audit.append(session, audit.Event.LINK_NUMBER_REMOVED, by=by)
    shredding.work_off()


def void(*, case_id: uuid.UUID, by: Actor) -> None:
    """The code went to the wrong officer: it is destroyed with what was tied to it, and another can be made. Raises
    NotPermitted, NotVisible (also without a code)."""
    by.must(Permission.LINK_MAKE)
    with transaction() as session:
        session.get_one(Case, store.of_case(case_id, by=by).case_id, with_for_update=True)
        if not steps.end(session, case_id, by, audit.Event.LINK_VOIDED):
            raise NotVisible
    shredding.work_off()


def tie(*, code: str, number: str, by: Actor) -> None:
    """Tie a number of the police to a link code in its usual form.

    Raises NotPermitted, NotVisible for who is not of the police, NotValid for a code that does not hold (whatever the
    reason), TooSoon after ten of these in an hour, MistypedNumber for what has not the form of a number.
    """
    by.must(Permission.LINK_TIE)
    number = parse_number(number)
    if by.kind is not OrganisationKind.POLICE:
        raise NotVisible
    tries = Counter(second_factor.try_mark("link code", str(by.member_id)), TRIES)
    failed_attempt_rows.check_all(tries)
    with transaction() as session:
        found = session.execute(
            select(LinkCode.id, LinkCode.organisation_id)
            .join(SealedCompartment, SealedCompartment.case_id == LinkCode.id)  # none of one that a backup brought back
            .where(LinkCode.code_mark == rows.link_code_mark(code), SealedCompartment.compartment == LINK)
        ).first()
        tied = found is not None and _add(session, found.id, found.organisation_id, number)
        # Of neither does the chain say which link: the case could be found by the hour.
        audit.append(session, audit.Event.LINK_TIED if tied else audit.Event.LINK_REFUSED, by=by)
        if not tied:
            failed_attempt_rows.count(session, [tries])
    if not tied:
        raise NotValid


def _add(session: Session, link_id: uuid.UUID, organisation_id: uuid.UUID, number: str) -> bool:
    """Seal the number to the prosecution; False once there are as many as there can be."""
    session.get_one(LinkCode, link_id, populate_existing=True, with_for_update=True)
    there = session.scalar(select(func.count()).select_from(LinkNumber).where(LinkNumber.link_id == link_id)) or 0
    if there >= MOST_NUMBERS:
        return False
    row = LinkNumber(id=uuid.uuid4(), link_id=link_id)
    session.add(row)
    session.flush()
    value = {"number": number, "on": days.today().isoformat(), "place": there}
    vault.create(session, row.id, {NUMBER: value}, [organisation_id])
    return True
