"""What a border post and a shelter do all day, in a process of its own: `sys.argv` has the folder of an instance.

`test_small_server.py` runs it where numpy and the solvers are absent.
"""

from __future__ import annotations

import html
import re
import sys
from datetime import timedelta
from pathlib import Path

from nrm import extras
from nrm.actions import tending
from nrm.actions.interviews import holds
from nrm.db import db, disconnect
from nrm.models.shelter.matching import MatchEncoding
from nrm.web.errors import WITHOUT_STATISTICS
from tests import factories
from tests.client import Person
from tests.factories_interviews import begin, example, walk
from tests.factories_referrals import bed


def main() -> None:
    app = factories.open_instance(Path(sys.argv[1]))
    with app.app_context():
        assert not extras.installed()
        officer = Person(app.test_client(), "rinas.border_officer")
        walk(officer, example(), begin(officer))
        page = officer.get("/")
        holds.finish_due(by=factories.actor("rinas.border_officer"))
        asked = re.search(r"/referrals/([0-9a-f-]{36})", page)
        assert asked, page
        shelter = Person(app.test_client(), "nrc.case_worker")
        assert f"/referrals/{asked.group(1)}" in shelter.get("/")
        where = shelter.post(f"/referrals/{asked.group(1)}/accept", {"bed": str(bed("NRC"))})
        case = re.search(r"/cases/([0-9a-f-]{36})", where + shelter.get(where))
        assert case
        said = html.escape(WITHOUT_STATISTICS, quote=False)
        before = f"/cases/{case.group(1)}/who-was-here"
        shown = shelter.get(f"{before}?lang=en")
        assert said in shown
        assert 'name="said" value="refused"' in shown
        assert 'name="said" value="yes"' not in shown
        assert said in shelter.post(f"{before}?lang=en", {"said": "yes", "read": ""}, 409)
        assert said in shelter.post("/who-was-here/encode?lang=en", {}, 409)
        assert shelter.post(before, {"said": "refused", "read": ""})
        assert tending.tend()["people_compared"] == 0
        assert db.session.query(MatchEncoding).count() == 0

        factories.later(timedelta(days=200))
        statistician = Person(app.test_client(), "molsa.statistician")
        home = statistician.get("/?lang=en")
        assert said in home
        quarters = re.findall(r"\d{4}Q\d", home)
        assert quarters
        assert f"/reports/ix/{quarters[0]}/close" not in home
        for quarter in sorted({*quarters}):
            assert said in statistician.post(f"/reports/ix/{quarter}/close?lang=en", {}, 409)
        assert statistician.get("/reports")
        disconnect()
    print("all of it")
