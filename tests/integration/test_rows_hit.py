"""`db.hit_one` and `db.rows_hit`: what they say of a statement that changes none, one or several rows."""

from __future__ import annotations

import uuid

from flask import Flask
from sqlalchemy import update

from nrm.db import hit_one, rows_hit, transaction
from nrm.models.accounts.accounts import Organisation
from tests import factories


def test_only_a_statement_that_changes_exactly_one_row_has_hit(app: Flask) -> None:
    one = factories.actor("rinas.border_officer")
    nobody = update(Organisation).where(Organisation.id == uuid.uuid4()).values(enabled=True)
    this = update(Organisation).where(Organisation.id == one.organisation_id).values(enabled=True)
    every = update(Organisation).values(enabled=True)
    with transaction() as session:
        assert [hit_one(session, each) for each in (nobody, this, every)] == [False, True, False]
        assert rows_hit(session, nobody) == 0
        assert rows_hit(session, every) > 1
