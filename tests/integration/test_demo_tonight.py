"""The last evening of the demo: somebody moves, somebody comes back, somebody is referred out."""

from __future__ import annotations

from types import SimpleNamespace

from flask import Flask
from sqlalchemy import select

from nrm.db import db
from nrm.demo import tonight
from nrm.models.referrals.outside_referrals import OutsideReferral
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
