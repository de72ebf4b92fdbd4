"""The demo of a country other than the first, and of one that lacks something."""

from __future__ import annotations

import re
import shutil
import sqlite3
import tomllib
from datetime import date
from pathlib import Path

import pytest
from click.testing import CliRunner

from nrm import parsing
from nrm.cli import demo, nrm
from nrm.cli.refusals import Refused
from nrm.countries import FOLDER
from tests import factories

RANDOM = {
    "benefits.code",
    "benefits.voucher",
    "cases.pseudonym",
    "departures.reference",
    "interviews.pseudonym",
    "match_questions.revision",
    "monitoring_draws.commitment",
    "monitoring_draws.seed",
    "promises.code",
    "witnesses.code",
}
"""What is never twice the same, of the columns with words, numbers and days; keys and what is sealed are none.
What was found of a person is sealed anew as often as one more encoding under the key of the country is like theirs."""
ROUNDED = re.compile("release|audit_entries")
"""Tables that hang on how figures were rounded, which is by chance: now and then a report is refused."""


def told(rows: sqlite3.Connection) -> dict[str, list[object]]:
    """What the columns of a country say in words, numbers and days, each sorted."""
    found = {}
    for (table,) in rows.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
        if ROUNDED.match(table):
            continue
        for _, name, kind, *_ in rows.execute(f"PRAGMA table_info({table})").fetchall():
            if re.match("VARCHAR|DATE|INTEGER|BOOLEAN", kind) and f"{table}.{name}" not in RANDOM:
                column = rows.execute(f"SELECT {name} FROM {table}")
                found[f"{table}.{name}"] = sorted((each for (each,) in column), key=repr)
    return found


@pytest.mark.slow
def test_a_demo_of_the_second_country_is_made_of_its_own_people_and_places_and_the_same_each_time(
    tmp_path: Path,
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(parsing, "toml", tomllib.loads)
        patch.setattr("nrm.cli.usage.load_config", factories.cheap_config)
        until = date(2026, 11, 24)
        made, _ = (
            demo.make_demo(tmp_path / name, people=8, seed=1, until=until, code="north_macedonia")
            for name in ("made", "again")
        )
    assert {each["organisation"] for each in made["accounts"]} >= {"SKOPJE_AIRPORT", "CENTRE", "COORDINATOR"}
    rows = sqlite3.connect(tmp_path / "made" / "main.db")
    names = " ".join(name for (name,) in rows.execute("SELECT name FROM members"))
    assert "Ангеловска" in names
    men = re.findall(r"(?:Александар|Борис|Влатко|Горан|Дарко|Зоран|Игор|Кирил|Љупчо|Никола|Петар) (\w+)", names)
    assert men
    assert not [family for family in men if family.endswith("а")]
    assert re.search("[A-Za-z]", names.replace("Administrator", "")) is None
    assert {code for (code,) in rows.execute("SELECT country FROM instances")} == {"north_macedonia"}
    citizens = {each for (each,) in rows.execute("SELECT citizenship_class FROM cases")}
    assert "home" in citizens
    # The office that counts files a table of the register, too.
    assert {code for (code,) in rows.execute("SELECT DISTINCT matrix FROM filings")} >= {"field_work", "victims"}
    again = sqlite3.connect(tmp_path / "again" / "main.db")
    once, twice = told(rows), told(again)
    assert sum(map(len, once.values())) > 5_000
    assert [each for each in once if once[each] != twice[each]] == []
    rows.close()
    again.close()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (None, None, "demo.toml: file: missing: names, stories and places of a demo stand there"),
        ('home_language = "sq"\n', "", "demo.toml: home_language: missing"),
        ("rinas = 40", "rinaz = 40", "demo.toml: posts.rinaz: is none of durres, "),
        ("durres = 10", "durres = 11", "demo.toml: posts.durres: is none of "),  # that closed
        ("MD = 34", "MD = 34\nJP = 1", "demo.toml: language.JP: missing: what its people speak"),
        ("[names]", "[names", "demo.toml: file: is not TOML"),
        ("[names]", '[names]\nfamily_masculine = "Hoxhi"', "demo.toml: names.family_masculine: needs as many names"),
        ('counting = "MOLSA"', 'counting = "RA"', "demo.toml: counting: `RA` is none of "),
    ],
)
def test_what_a_demo_lacks_is_one_line(old: str | None, new: str | None, said: str, tmp_path: Path) -> None:
    folder = shutil.copytree(FOLDER / "albania", tmp_path / "copy")
    file = folder / "demo.toml"
    if said.startswith("demo.toml: posts.durres"):
        place = folder / "country.toml"
        place.write_text(
            place.read_text("utf-8").replace("[closed]\n", "[closed.crossing_point]\ndurres = 2020-01-01\n"), "utf-8"
        )
    if old is None or new is None:
        file.unlink()
    else:
        text = file.read_text("utf-8")
        assert old in text
        file.write_text(text.replace(old, new, 1), "utf-8")
    result = CliRunner().invoke(nrm, ["demo", "--dir", str(tmp_path / "made"), "--country", str(folder), "--no-serve"])
    assert isinstance(result.exception, Refused)
    assert str(result.exception).startswith(f"--country: {said}")
    assert "\n" not in str(result.exception)
    assert not (tmp_path / "made" / "main.db").exists()
