"""Making an instance: its organisations and places from the country's data, and the mark whether it is synthetic.

Decided in ADR 0004, ADR 0104.
"""

from __future__ import annotations

import uuid

from sqlalchemy.exc import DatabaseError, NoResultFound

from nrm import audit, clock
from nrm.countries import Country
from nrm.db import db, transaction
from nrm.domain.accounts.accounts import Actor
from nrm.models.accounts.accounts import Instance
from nrm.steps import instances as steps
from nrm.store.rows.accounts import accounts as rows
from nrm.vault import rows as row_marks
from nrm.vault.keylog import belief


def found(country: Country, *, synthetic: bool, second_factor: bool = True) -> None:
    """Fill an empty database.

    `synthetic` (whether its people are invented) and `second_factor` (whether one is asked for) never change later.
    Only a synthetic instance can do without a second factor.
    """
    with transaction() as session:
        made = Instance(
            id=uuid.uuid4(),
            singleton=1,
            country=country.code,
            synthetic=synthetic,
            second_factor=second_factor or not synthetic,
            created_at=clock.now(),
        )
        made.mark = row_marks.instance_mark(made)
        session.add(made)
        for data in country.organisations.values():
            steps.add_organisation(session, data)
        audit.append(session, audit.Event.INSTANCE_MADE, by=Actor.system("init"), country=country.code)


def keep_what_was_before() -> int:
    """After an upgrade to the key log: list the organisations whose keyring is genuine, for the 60 days in which they
    are founded (`vault.keylog.belief`). Done once; returns how many were listed."""
    with transaction() as session:
        listed = belief.freeze(session)
        if listed:
            audit.append(session, audit.Event.KEY_LOG_BEFORE_LISTED, by=Actor.system("upgrade"), organisations=listed)
    return listed


def nature() -> tuple[bool, bool]:
    """(whether this is a demo country, whether everybody is asked for a second factor).

    Before the database exists: an instance of real people. A row that this program did not write is reported, and is
    no word for plain HTTP or for a password alone.
    """
    try:
        instance = rows.instance()
        if not row_marks.is_instance(instance):
            return False, True
        return instance.synthetic, instance.second_factor or not instance.synthetic
    except (DatabaseError, NoResultFound):
        return False, True
    finally:
        db.session.rollback()


def made_of() -> str | None:
    """The code of the country that the instance was made of; None before there is one."""
    try:
        return rows.instance().country
    except (DatabaseError, NoResultFound):
        return None
    finally:
        db.session.rollback()
