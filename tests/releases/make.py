"""Make the database of an earlier release with that release's own code and test data: what `test_releases.py` upgrades.

    git archive COMMIT | tar -x -C OLD && cd OLD && python -W ignore .../tests/releases/make.py VERSION OUT.tar.xz

COMMIT is the last one that called itself VERSION (README.md beside this file). Everybody in it is invented.
"""

from __future__ import annotations

import importlib
import inspect
import io
import json
import sqlite3
import sys
import tarfile
import tempfile
from contextlib import closing
from pathlib import Path
from typing import Any

sys.path.insert(0, ".")

PEOPLE = 40


def module(*names: str) -> Any:
    """The module by the first of these names that the release has."""
    for name in names:
        try:
            return importlib.import_module(name)
        except ModuleNotFoundError as error:
            if error.name is None or not name.startswith(error.name):
                raise
    raise SystemExit(f"none of {names}")


def close_a_quarter(factories: Any, accommodated: Any) -> dict[str, Any]:
    """A quarter of people in shelters, closed and signed; what its report says, by report."""
    reports = module("nrm.actions.reports.reports", "nrm.actions.reports")
    quarter = module("nrm.domain.quarters", "nrm.domain.reports").Quarter(2026, 1)
    by = factories.actor("molsa.statistician")
    outcome = (
        accommodated.release(quarter, by=by) if hasattr(accommodated, "release") else reports.close(quarter, by=by)
    )
    assert isinstance(outcome, reports.Closed), outcome
    return {"quarter": str(quarter)}


def take_in(factories: Any) -> dict[str, Any]:
    """Somebody who was sent by a crossing point and taken in, and somebody who still waits for an answer."""
    people = module("tests.factories_referrals")
    referrals = module("nrm.actions.referrals.referrals", "nrm.actions.referrals")
    officer, shelter = factories.actor("rinas.border_officer"), factories.actor("nrc.case_worker")
    sent = people.sent(officer)
    place = "bed_id" if "bed_id" in inspect.signature(referrals.accept).parameters else "place_id"
    case_id = referrals.accept(referral_id=sent.referral_id, by=shelter, **{place: people.bed("NRC")})
    people.sent(officer)
    return {"case": str(case_id), "holder": "nrc.case_worker", "secret": people.PLANTED}


def packed(folder: Path, about: dict[str, Any]) -> bytes:
    """The folder as a small archive: databases in one file each, nothing that only a running server needs."""
    for name in ("main.db", "shred.db"):
        with closing(sqlite3.connect(folder / name)) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            connection.execute("PRAGMA journal_mode=DELETE")
            connection.execute("VACUUM")
    (folder / "about.json").write_text(json.dumps(about, indent=1) + "\n", "utf-8")
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w:xz", preset=9) as archive:
        for path in sorted(folder.rglob("*")):
            if path.is_file() and not path.name.endswith((".lock", "-wal", "-shm")):
                archive.add(path, path.relative_to(folder), filter=_nobodys)
    return content.getvalue()


def _nobodys(entry: tarfile.TarInfo) -> tarfile.TarInfo:
    entry.uid = entry.gid = entry.mtime = 0
    entry.uname = entry.gname = ""
    return entry


def main() -> None:
    version, out = sys.argv[1], Path(sys.argv[2])
    factories, accommodated = module("tests.factories"), module("tests.accommodated")
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "instance"
        factories.build_instance(folder)
        with factories.open_instance(folder).app_context():
            accommodated.at(module("datetime").date(2026, 7, 20))
            accommodated.many(PEOPLE, seed=7)
            about = {"version": version, **close_a_quarter(factories, accommodated), **take_in(factories)}
            db = module("nrm.db")
            db.db.session.remove()
            (db.disconnect if hasattr(db, "disconnect") else db.db.engine.dispose)()
        out.write_bytes(packed(folder, about))
    print(version, out.stat().st_size, about)


if __name__ == "__main__":
    main()
