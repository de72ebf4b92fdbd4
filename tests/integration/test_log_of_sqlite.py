"""The write-ahead log of SQLite groups what one transaction wrote: nothing of it is left a minute later (ADR 0208)."""

from __future__ import annotations

from pathlib import Path

from flask import Flask

from nrm.cli import serving
from nrm.db import db
from tests import factories
from tests.factories_stays import admitted
from tests.integration.support.test_benefits import ask


def test_the_log_that_ties_a_payment_code_to_a_case_is_empty_once_the_instance_was_tended(app: Flask) -> None:
    log = Path(app.extensions["nrm.config"].directory) / "main.db-wal"
    vatra = factories.actor("vatra.case_worker")
    code = ask(admitted(vatra).case_id, vatra)
    assert code.encode() in log.read_bytes()
    serving._do_what_is_due()
    assert log.read_bytes() == b""
    assert db.session.connection().exec_driver_sql("PRAGMA busy_timeout").scalar() == 30_000
    # Whoever reads in that moment is not waited for, and the next minute does it.
    db.session.rollback()
    again = ask(admitted(vatra, bed=1).case_id, vatra)
    with db.engine.connect() as reading:
        reading.exec_driver_sql("SELECT count(*) FROM cases").scalar()
        serving._do_what_is_due()
    serving._do_what_is_due()
    assert again.encode() not in log.read_bytes()
