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
