"""The last evening of the demo: somebody moves, somebody comes back, somebody is referred out."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from types import SimpleNamespace

import pytest
from flask import Flask
from sqlalchemy import select

from nrm import clock
from nrm.db import db
from nrm.demo import tonight
from nrm.demo.cast import cast
from nrm.models.referrals.outside_referrals import OutsideReferral
from nrm.models.shelter.cases import Case
from nrm.models.shelter.stays import Stay
from tests import factories
from tests.factories_stays import admitted


def test_people_move_return_and_are_referred_out(app: Flask) -> None:
    assert app
    shelters = {code: factories.actor(f"{code.lower()}.case_worker") for code in ("VATRA", "NRC", "TJETER_VIZION")}
    life = SimpleNamespace(actors=shelters)
    tonight._move_and_return(life)  # type: ignore[arg-type]
    returned = admitted(shelters["VATRA"], days_ago=5)
    moved = admitted(shelters["NRC"], days_ago=5)
    asked = admitted(shelters["NRC"], days_ago=4)
    tonight._move_and_return(life)  # type: ignore[arg-type]
    tonight._refer_out(life)  # type: ignore[arg-type]
    ids = {code: by.organisation_id for code, by in shelters.items()}

    def places(case_id: object) -> list[str]:
        found = db.session.scalars(select(Stay.organisation_id).where(Stay.case_id == case_id)).all()
        return sorted(str(each) for each in found)

    assert places(returned.case_id) == sorted(str(ids[code]) for code in ("VATRA", "TJETER_VIZION", "VATRA"))
    (written,) = db.session.scalars(select(OutsideReferral.case_id)).all()
    (gone,) = {moved.case_id, asked.case_id} - {written}  # the one of the two that the list named first
    assert places(gone) == sorted(str(ids[code]) for code in ("NRC", "TJETER_VIZION"))
    assert places(written) == [str(ids["NRC"])]


@pytest.mark.parametrize("today", [date(2026, 11, 27), date(2026, 12, 31), date(2027, 2, 28)])
def test_on_every_day_of_a_month_somebody_turns_18_in_it(app: Flask, today: date) -> None:
    assert app
    at = datetime.combine(today, time(12), UTC)
    clock.set_clock(lambda: at)
    service = factories.actor("child_protection.child_protection_officer")
    life = SimpleNamespace(
        actors={"VATRA": factories.actor("vatra.case_worker"), cast().child_officer: service},
        duties=SimpleNamespace(look=lambda *_: None),
    )
    tonight._turn_18(life, "VATRA")  # type: ignore[arg-type]
    assert db.session.scalars(select(Case.adult_month)).all() == [date(today.year, today.month, 1)]
