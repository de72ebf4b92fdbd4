"""What a thief of the main database learns of who sleeps where, and what not."""

from __future__ import annotations

import dataclasses
import re
from datetime import timedelta
from pathlib import Path

from flask import Flask
from sqlalchemy import text

import nrm.models
from nrm.actions.shelter import away, direct_intake, house_labels
from nrm.db import Model, db
from nrm.store import days
from tests import factories
from tests.factories_stays import ALBANIAN, CHILD, admitted

assert nrm.models
# Whatever points to a stay, a place or a unit says something of where a person is: the section of the threat model on
# what is in clear explains each of these tables.
POINT_TO_WHERE = {
    "away": {"stay_id", "since_on", "expected_on", "over_on", "outcome", "recorded_by_id"},
    "left_alone": None,  # how a stay ended
    "missing": None,
    "occupancies": {
        *("stay_id", "place_id", "with_stay_id", "from_on", "until_on"),
        *("struck_on", "struck_by_id", "replaced_by_id"),
    },
    "out_of_service": {"place_id", "from_on", "until_on", "reason", "reference", "when_free", "entered_by_id"},
    "places_in_units": {"place_id", "unit_id", "label", "from_on", "until_on"},
    "planned_ends": {"stay_id", "position", "planned_on", "why", "entered_on", "entered_by_id"},
    "promises": {"place_id", "referral_id", "code", "from_on", "until_on", "made_by_id", "over_on", "over_by_id"},
    "stay_corrections": None,  # what stood before
}
WHO_OPENS = {
    "key_workers": {
        *("case_id", "organisation_id", "member_id", "place", "set_by_id"),
        *("begun_at", "ended_at", "ended_why", "ended_by_id", "mark"),
    },
    "missing_told": {
        *("missing_id", "organisation_id", "way", "told_on", "told_by_id", "number", "reached", "given", "over_on"),
    },
    "shift_pages": {"shift_id", "case_id", "pages", "first_at", "last_at"},
}
NICKNAME, ROOM, WHY_AWAY = "Zogu i vogel", "dhoma me ballkon", "vizite te gjinekologu"
WHO_HAS_WHICH_PLACE = """
    SELECT places.label FROM cases JOIN stays ON stays.case_id = cases.id
    JOIN occupancies ON occupancies.stay_id = stays.id JOIN places ON places.id = occupancies.place_id
    WHERE cases.pseudonym = :code AND occupancies.until_on IS NULL AND occupancies.struck_on IS NULL
"""
WITH_WHOM = """
    SELECT hers.pseudonym FROM cases AS child JOIN stays ON stays.case_id = child.id
    JOIN occupancies ON occupancies.stay_id = stays.id JOIN stays AS other ON other.id = occupancies.with_stay_id
    JOIN cases AS hers ON hers.id = other.case_id WHERE child.pseudonym = :code
"""


def _columns(name: str) -> set[str]:
    return {column.name for column in Model.metadata.tables[name].columns} - {"id"}


def test_what_tells_who_sleeps_where_is_what_the_threat_model_says(app: Flask) -> None:
    where = {"stays", "places", "units", "occupancies"}
    pointing = {
        table.name
        for table in Model.metadata.tables.values()
        if any(key.column.table.name in where for key in table.foreign_keys)
    }
    assert pointing == set(POINT_TO_WHERE)
    for name, said in {**POINT_TO_WHERE, **WHO_OPENS}.items():
        assert said is None or _columns(name) == said, name

    vatra = factories.actor("vatra.shelter_manager")
    woman = admitted(vatra, ALBANIAN)
    tomorrow = days.today() + timedelta(days=1)
    baby = direct_intake.open_case(
        case=dataclasses.replace(CHILD, age=1),
        place_id=None,
        with_stay_id=woman.stay_id,
        admitted_on=days.today(),
        anticipated_end_on=tomorrow,
        by=vatra,
    )
    house_labels.write(case_id=woman.case_id, nickname=NICKNAME, room=ROOM, by=vatra)
    away.record(stay_id=woman.stay_id, since_on=days.today(), expected_on=tomorrow, reason=WHY_AWAY, by=vatra)
    place = db.session.scalars(text(WHO_HAS_WHICH_PLACE), {"code": woman.pseudonym}).one()
    assert re.fullmatch(r"V\d+", str(place))
    assert db.session.scalars(text(WITH_WHOM), {"code": baby.pseudonym}).one() == woman.pseudonym
    db.session.rollback()
    folder = Path(app.extensions["nrm.config"].directory)
    stored = b"".join(path.read_bytes() for path in folder.rglob("*.db*"))
    assert woman.pseudonym.encode() in stored
    for words in (NICKNAME, ROOM, WHY_AWAY):
        assert words.encode() not in stored
