"""The same rules on a real PostgreSQL server."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import text

from nrm import audit
from nrm.db import db
from tests.conftest import Person
from tests.integration import test_vault

pytestmark = pytest.mark.xdist_group("postgresql")


def test_people_sign_in_and_the_chain_is_whole(postgres_app: Flask) -> None:
    assert db.session.execute(text("SELECT version()")).scalar_one().startswith("PostgreSQL")
    Person(postgres_app.test_client(), "vatra.case_worker").get("/members")
    assert list(audit.verify(db.session())) == []


@pytest.mark.parametrize(
    "rule",
    [
        test_vault.test_a_holder_opens_and_everybody_else_does_not,
        test_vault.test_a_pending_party_opens_nothing_even_with_the_status_flipped_by_hand,
        test_vault.test_a_write_over_a_newer_revision_is_refused,
        test_vault.test_keys_listed_before_a_crash_are_destroyed_later,
        test_vault.test_a_transaction_that_fails_leaves_neither_grant_nor_listing,
    ],
)
def test_the_vaults_rules_hold(postgres_app: Flask, rule: Callable[[Flask], None]) -> None:
    rule(postgres_app)
