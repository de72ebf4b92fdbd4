"""Residents of the first day from a CSV: what is right comes in, what is not is said by line and column."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from click.testing import CliRunner
from flask import Flask
from sqlalchemy import func, select

from nrm.actions.shelter import places
from nrm.cli.stays import template
from nrm.db import db
from nrm.domain.shelter.resident_lines import COLUMNS, EXAMPLE, codes, notes, read
from nrm.models.shelter.cases import Case
from nrm.models.shelter.stays import Stay
from nrm.store import days
from nrm.store.countries import country
from nrm.store.shelter import places as store
from tests import factories
from tests.conftest import Command

LOGIN = "vatra.shelter_manager"


def _file(folder: Path, *lines: dict[str, str], name: str = "residents.csv") -> Path:
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS)
    writer.writeheader()
    writer.writerows(lines)
    file = folder / name
    file.write_text(text.getvalue(), encoding="utf-8")
    return file


@pytest.mark.slow
def test_who_is_right_comes_in_and_the_same_file_again_changes_nothing(
    app: Flask, command: Command, tmp_path: Path
) -> None:
    vatra = factories.actor(LOGIN)
    free = [line.label for line in store.free_lines(by=vatra)]
    child = {"age_class": "child", "age": "9", "consent": "", "statistics": "", "place": free[1], "given": "Ëndrra"}
    file = _file(
        tmp_path,
        {**EXAMPLE, "place": free[0], "given": "Mira", "story": "Më mbyllën"},
        {**EXAMPLE, **child, "exploited_in": "", "exploitation": ""},
        {**EXAMPLE, "place": free[0]},  # somebody is in it by now
        {**EXAMPLE, "place": "nowhere"},
        {
            **EXAMPLE,
            "place": free[2],
            "admitted_on": "1.2.2026",
            "gender": "x",
            "consent": "refused",
            "given": "Mira",
        },
        {**EXAMPLE, "place": free[2], "admitted_on": "2026-10-01", "planned_end_on": "2026-09-01"},
        {**EXAMPLE, **child, "place": free[2], "consent": "given"},
        {**EXAMPLE, "place": free[2], "age": "", "birth": "2015-03-01"},  # a child that is entered as an adult
        {**EXAMPLE, **child, "place": free[2], "birth": "1990"},
        {**EXAMPLE, "place": free[2], "birth": "2004-02-31"},
        {**EXAMPLE, "place": free[2], "citizenship": "ZZ"},
        {**EXAMPLE, "place": free[2], "exploited_in": "IT;XX"},
    )
    code, out, err = command(app, "stays", "import", str(file), "--as", LOGIN)
    said = out.decode().splitlines()
    assert code == 1
    assert "2 taken in, 10 not" in err
    assert [each.split(": ")[:2] for each in said if ".csv" in each] == [
        ["residents.csv:4", "place"],
        ["residents.csv:5", "place"],
        ["residents.csv:6", "admitted_on"],
        ["residents.csv:6", "gender"],
        ["residents.csv:6", "given"],
        ["residents.csv:7", "planned_end_on"],
        ["residents.csv:8", "consent"],
        ["residents.csv:9", "birth"],
        ["residents.csv:10", "birth"],
        ["residents.csv:11", "birth"],
        ["residents.csv:12", "citizenship"],
        ["residents.csv:13", "exploited_in"],
    ]
    codes = [each for each in said if ".csv" not in each]
    db.session.rollback()
    rows = db.session.execute(select(Case.pseudonym, Case.source, Stay.admitted_on).join(Stay)).all()
    assert {row.pseudonym for row in rows} == set(codes)
    assert {(row.source, str(row.admitted_on)) for row in rows} == {("already_there", "2026-01-15")}
    again = command(app, "stays", "import", str(file), "--as", LOGIN)[1].decode().splitlines()
    assert [each for each in again if ".csv" not in each] == codes
    assert db.session.scalar(select(func.count()).select_from(Case)) == 2
    stored = b"".join(path.read_bytes() for path in Path(app.extensions["nrm.config"].directory).rglob("*.db*"))
    assert codes[0].encode() in stored
    assert "Ëndrra".encode() not in stored
    assert "mbyllën".encode() not in stored


@pytest.mark.slow
def test_what_is_no_table_of_residents_is_said_in_one_line(app: Flask, command: Command, tmp_path: Path) -> None:
    wrong = {
        "latin": "place,admitted_on\nËndrra".encode("latin-1"),
        "head": b"name,room\nMira,1\n",
        "empty": b"",
        "quotes": ",".join(COLUMNS).encode() + b'\n"V01,2026-01-15\n',
        "wide": ",".join(COLUMNS).encode() + b"\n" + b"," * len(COLUMNS) + b"x\n",
    }
    for name, content in wrong.items():
        file = tmp_path / f"{name}.csv"
        file.write_bytes(content)
        code, out, err = command(app, "stays", "import", str(file), "--as", LOGIN)
        assert code == 1, name
        assert out.decode().count("\n") == 1, name
        assert f"{name}.csv:" in out.decode()
        assert "0 taken in, 1 not" in err
    code, _, err = command(app, "stays", "import", str(file), "--as", "rinas.border_officer")
    assert (code, err.count("\n")) == (2, 1)
    assert db.session.scalar(select(func.count()).select_from(Case)) == 0


@pytest.mark.slow
def test_a_file_of_a_spreadsheet_with_semicolons_comes_in_and_a_place_of_today_is_called_one(
    app: Flask, command: Command, tmp_path: Path
) -> None:
    vatra = factories.actor(LOGIN)
    old, before = (line.label for line in store.free_lines(by=vatra)[:2])
    db.session.rollback()
    places.add(name="New 1", number=1, by=vatra)
    file = tmp_path / "residents.csv"
    lines = [{**EXAMPLE, "place": old}, {**EXAMPLE, "place": "New 1"}, {**EXAMPLE, "place": "nowhere"}]
    lines += [{**EXAMPLE, "place": before, "consent": "", "gender": ""}]
    with file.open("w", encoding="utf-8-sig", newline="") as stream:
        writer = csv.DictWriter(stream, COLUMNS, delimiter=";")
        writer.writeheader()
        writer.writerow(notes(codes(country().lists)))
        writer.writerows(lines)
    code, out, err = command(app, "stays", "import", str(file), "--as", LOGIN)
    said = out.decode().splitlines()
    assert (code, "1 taken in, 3 not" in err) == (1, True), said
    assert "nuk ishte ende në ndërtesë atë ditë" in said[1]
    assert "“Vendet”" in said[2]
    assert said[3].startswith("residents.csv:6: gender: Shkruani një nga këto: feminine")
    assert said[4] == "residents.csv:6: consent: Shkruani një nga këto: given, refused"


def test_the_template_is_a_line_that_can_be_read(app: Flask) -> None:
    assert app
    rows = list(csv.DictReader(io.StringIO(CliRunner().invoke(template).output)))
    assert (rows[0]["place"][0], rows[1]) == ("#", {**dict.fromkeys(COLUMNS, ""), **EXAMPLE})
    assert all(each in rows[0]["needs"] for each in country().lists["needs"])
    resident = read(dict(EXAMPLE), codes=codes(country().lists), home=country().iso, today=days.today())
    assert (resident.place, resident.case.age, resident.case.exploited_in) == ("V01", 24, ("GR", "IT"))
