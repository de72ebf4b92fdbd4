"""`nrm country apply`: a country changes from a day on, without another instance, and nothing is taken away."""

from __future__ import annotations

import json
import shutil
import tomllib
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.exc import OperationalError

from nrm import clock, countries, parsing
from nrm.actions import country_versions, following
from nrm.actions.tending import tend
from nrm.countries import comparing, texts
from nrm.countries.weakening import weakens
from nrm.db import db
from nrm.domain.accounts.accounts import Actor
from nrm.domain.unseen import unseen
from nrm.models.accounts.accounts import Organisation
from nrm.models.audit import AuditEntry
from nrm.models.countries import CountryVersion
from nrm.steps.agreement import known_versions
from nrm.store import days
from nrm.store.countries import country
from tests import country_files, factories, in_languages
from tests import factories_agreements as texts_of_agreement
from tests import factories_referrals as people
from tests.conftest import Command, Person

SignIn = Callable[[str], Person]
TELEPHONE = ('on_call = "+355 4 000 0101"', 'on_call = "+355 4 000 0999"')


@pytest.fixture(autouse=True)
def read_here(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files are read in this process: apart, each would take one of its own."""
    monkeypatch.setattr(parsing, "toml", country_files.read_here)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the country, to be edited and applied."""
    return shutil.copytree(countries.FOLDER / "albania", tmp_path / "copy")


def edit(folder: Path, *changes: tuple[str, str], file: str = "country.toml") -> None:
    text = (folder / file).read_text("utf-8")
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new, 1)
    (folder / file).write_text(text, "utf-8")


def telephone(code: str) -> str:
    db.session.rollback()
    return db.session.scalars(select(Organisation.telephone).where(Organisation.code == code)).one()


def recorded() -> list[CountryVersion]:
    db.session.rollback()
    return list(db.session.scalars(select(CountryVersion).order_by(CountryVersion.position)))


def kept(folder: Path, in_days: int) -> None:
    """Record the folder without the command."""
    day = days.today() + timedelta(days=in_days)
    outlook = country_versions.look(texts.of_folder(folder), day, read_from=folder)
    assert outlook.findings == ()
    country_versions.record(outlook, by=Actor.system("test"), account=0)


@pytest.mark.slow
def test_it_says_what_changes_records_who_and_a_running_server_follows(
    app: Flask, command: Command, folder: Path, sign_in: SignIn
) -> None:
    edit(folder, TELEPHONE, ("Aeroporti i Rinasit", "Aeroporti Nënë Tereza"))
    officer = sign_in("rinas.border_officer")
    assert "Aeroporti Nënë Tereza" not in officer.get("/")
    today = str(days.today())
    words = ("country", "apply", str(folder), "--from", today, "--yes", "--as")
    code, _, error = command(app, *words, "vatra.shelter_manager")
    assert (code, error) == (2, "nrm: --as: only an administrator changes the country's files\n")
    code, out, error = command(app, *words, "administrator")
    assert (code, error) == (0, "")
    said = out.decode().splitlines()
    assert said[0] == f"from {today} (2 changes):"
    assert '  country.toml: organisation[NRC].on_call: changed: "+355 4 000 0101" -> "+355 4 000 0999"' in said
    assert any(each.startswith("  country.toml: crossing_point.rinas.names.sq: renamed: ") for each in said)
    assert any(each.startswith("note: the directory shows ") for each in said)
    (row,) = recorded()
    assert f"recorded: from {today}, digest {row.digest}" in said
    assert telephone("NRC") == "+355 4 000 0999"
    entry = db.session.scalars(select(AuditEntry).where(AuditEntry.event == "country_changed")).one()
    details: dict[str, Any] = json.loads(entry.details)
    assert (details["digest"], details["starts_on"]) == (row.digest, today)
    assert entry.member_id == str(factories.actor("administrator").member_id) == str(row.recorded_by)
    # The process that serves was not restarted: within a minute it reads what another one recorded.
    app.extensions[known_versions.DUE] = 0.0
    assert "Aeroporti Nënë Tereza" in sign_in("oms.coordinator").get("/rollout")
    again = command(app, "country", "apply", str(folder), "--from", str(days.today() + timedelta(days=9)), "--yes")
    assert again[0] == 0
    assert b"nothing changes from" in again[1]
    assert len(recorded()) == 1


@pytest.mark.slow
def test_what_is_for_later_counts_from_its_day_and_the_clock_brings_it(app: Flask, folder: Path) -> None:
    edit(folder, TELEPHONE, ("[closed]\n", f"[closed.crossing_point]\nmuriqan = {days.today() + timedelta(days=2)}\n"))
    kept(folder, in_days=2)
    known_versions.refresh()
    assert country().organisations["NRC"].on_call == "+355 4 000 0101"
    assert tend()["country_followed"] == 0
    now = clock.now()
    clock.set_clock(lambda: now + timedelta(days=2))
    known_versions.refresh()
    assert country().organisations["NRC"].on_call == "+355 4 000 0999"
    assert not country().is_open("crossing_point", "muriqan", days.today())
    assert country().crossing_points["muriqan"].names["en"] == "Muriqan"  # what was recorded there keeps its words
    assert tend()["country_followed"] == 1
    assert telephone("NRC") == "+355 4 000 0999"
    assert tend()["country_followed"] == 0


@pytest.mark.slow
def test_what_is_in_use_is_said_and_nothing_that_records_hold_goes(app: Flask, command: Command, folder: Path) -> None:
    people.sent(factories.actor("durres.border_officer"))
    today = days.today()
    edit(folder, ("[closed]\n", f"[closed.crossing_point]\ndurres = {today}\n"))
    code, out, _ = command(app, "country", "apply", str(folder), "--from", str(today), "--yes")
    assert code == 0
    (note,) = [line for line in out.decode().splitlines() if line.startswith("note: crossing point durres")]
    assert "has 1 open referral, 1 open case, " in note
    edit(folder, ("[crossing_point.muriqan]", "[crossing_point.muriqani]"), TELEPHONE)
    for file in ("mou-2005.toml", "rollout.toml"):
        edit(folder, ('"muriqan"', '"muriqani"'), file=file)
    code, out, error = command(app, "country", "apply", str(folder), "--from", str(today), "--yes")
    said = out.decode()
    assert code == 1
    assert "country.toml: crossing_point.muriqan: records name it: keep it, and say from when it is closed" in said
    assert "mou-2005.toml: " in said
    assert error.endswith("nothing was recorded\n")
    assert len(recorded()) == 1


@pytest.mark.slow
def test_each_refusal_is_one_line_and_records_nothing(
    app: Flask, command: Command, folder: Path, tmp_path: Path
) -> None:
    edit(folder, TELEPHONE)
    today = days.today()

    def said(place: Path, day: object = today, *more: str) -> str:
        code, out, error = command(app, "country", "apply", str(place), "--from", str(day), *more)
        assert (code, error.count("\n")) == (2, 1), (out, error)
        return error

    assert "is over; name today or a later day" in said(folder, today - timedelta(days=1), "--yes")
    assert "--from" in said(folder, "tomorrow", "--yes")
    assert "say --yes" in said(folder)
    assert "country.toml: file: missing" in said(tmp_path, today, "--yes")
    assert "name a folder" in said(tmp_path / "nowhere", today, "--yes")
    assert "the instance reads this folder itself" in said(countries.FOLDER / "albania", today, "--yes")
    half = shutil.copytree(folder, tmp_path / "half")
    (half / "rollout.toml").write_text((half / "rollout.toml").read_text("utf-8")[:-9], "utf-8")
    (half / "handouts.toml").unlink()
    code, out, _ = command(app, "country", "apply", str(half), "--from", str(today), "--yes")
    assert code == 1
    assert out.decode().startswith("handouts.toml: file: missing")
    (half / "country.toml").write_text("code = ", "utf-8")
    assert "country.toml: file: is not TOML" in said(half, today, "--yes")
    edit(folder, ('code = "albania"', 'code = "elsewhere"'))
    assert "`elsewhere` is another country" in said(folder, today, "--yes")
    assert recorded() == []


@pytest.mark.slow
def test_two_for_one_day_two_at_once_and_one_that_comes_after(app: Flask, command: Command, folder: Path) -> None:
    edit(folder, TELEPHONE)
    later = days.today() + timedelta(days=5)
    seen = country_versions.look(texts.of_folder(folder), later, read_from=folder)
    kept(folder, in_days=5)
    with pytest.raises(country_versions.Stale):
        country_versions.record(seen, by=Actor.system("test"), account=0)
    edit(folder, ("Aeroporti i Rinasit", "Aeroporti Nënë Tereza"))
    code, out, _ = command(app, "country", "apply", str(folder), "--from", str(later), "--yes")
    said = out.decode().splitlines()
    assert code == 0
    assert said[0].startswith("takes the place of the version for the same day that was recorded on ")
    assert said[1] == f"from {later} (1 change):"
    code, out, _ = command(app, "country", "apply", str(folder), "--from", str(days.today()), "--yes")
    assert code == 0
    assert any(line.startswith(f"note: on {later} the version recorded on ") for line in out.decode().splitlines())
    assert [row.position for row in recorded()] == [1, 2, 3]


@pytest.mark.slow
def test_who_writes_into_the_database_alone_changes_no_country(app: Flask, folder: Path) -> None:
    edit(folder, TELEPHONE)
    kept(folder, in_days=0)
    (row,) = recorded()
    row.files = {**row.files, "country.toml": row.files["country.toml"].replace("0999", "0666")}
    db.session.commit()
    known_versions.refresh()
    assert country().organisations["NRC"].on_call == "+355 4 000 0101"
    assert following.follow_in_force() == []
    (row,) = recorded()
    row.files, row.starts_on = texts.of_folder(folder), days.today() - timedelta(days=1)
    db.session.commit()
    known_versions.refresh()
    assert country().organisations["NRC"].on_call == "+355 4 000 0101"
    (unfit,) = country_versions.standing().unfit  # `nrm upgrade` says it
    assert "was changed by another hand" in unfit


@pytest.mark.slow
def test_a_language_comes_with_a_version_and_none_goes(
    app: Flask, folder: Path, sign_in: SignIn, tmp_path: Path
) -> None:
    """The agreement stays as it was signed, and may lack the new language."""
    edit(folder, ('languages = ["sq", "en"]', 'languages = ["en", "sq"]'))
    outlook = country_versions.look(texts.of_folder(folder), days.today(), read_from=folder)
    assert [each for each in outlook.findings if "keep every language" in each]
    three = in_languages.copy_in(tmp_path / "three", ("sq", "en", "mk"))
    shutil.copy(countries.FOLDER / "albania" / "mou-2005.toml", three)
    kept(three, in_days=0)
    assert "lang=mk" not in sign_in("nrc.case_worker").get("/")
    known_versions.refresh()
    page = sign_in("nrc.case_worker").get("/?lang=mk")
    assert '<html lang="mk"' in page
    assert sign_in(texts_of_agreement.COORDINATOR).get("/agreements/begin?lang=mk")


@pytest.mark.slow
def test_a_database_that_is_away_for_a_moment_changes_no_country(
    app: Flask, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    edit(folder, TELEPHONE)
    kept(folder, in_days=0)
    known_versions.refresh()

    def away() -> None:
        raise OperationalError("SELECT", {}, Exception("away"))

    monkeypatch.setattr("nrm.store.rows.countries.lines", away)
    known_versions.refresh()
    assert country().organisations["NRC"].on_call == "+355 4 000 0999"


@pytest.mark.slow
def test_what_protects_people_less_stands_first_and_needs_its_own_number(
    app: Flask, command: Command, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = (folder / "safeguards.toml").read_text("utf-8")
    second, third = whole.index('[[safeguard]]\nnumber = "2"'), whole.index('[[safeguard]]\nnumber = "3"')
    (folder / "safeguards.toml").write_text(whole[:second] + whole[third:], "utf-8")
    edit(folder, TELEPHONE, ("hold_hours = 12", "hold_hours = 2"), ("ended_after_days = 2", "ended_after_days = 3"))
    words = ("country", "apply", str(folder), "--from", str(days.today()))
    code, out, error = command(app, *words, "--yes")
    said = out.decode().splitlines()
    assert said[0] == f"WEAKER from {days.today()}: people are protected less (2 changes):"
    assert {line.partition(": ")[2].partition(":")[0] for line in said[1:3]} == {"retention.hold_hours", "safeguard[2]"}
    assert all(line.startswith("! ") for line in said[1:3])
    assert said[3] == f"from {days.today()} (2 changes):"
    assert (code, error) == (2, "nrm: nothing was recorded: 2 changes protect people less; say --weaker 2\n")
    assert command(app, *words, "--yes", "--weaker", "1")[0] == 2
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("click.confirm", lambda *_, **__: True)
    typed = [4, 2]
    monkeypatch.setattr("click.prompt", lambda *_, **__: typed.pop(0))
    assert command(app, *words)[0] == 2
    assert recorded() == []
    assert command(app, *words)[0] == 0
    assert len(recorded()) == 1


@pytest.mark.parametrize(
    ("before", "after", "weaker"),
    [
        ('within = "PT15M", when', 'within = "PT30M", when', True),
        ('within = "PT15M", when', 'within = "PT10M", when', False),
        ('compartments = ["story", "identity", "care"], but', 'compartments = ["story", "care"], but', True),
        ('en = "Of every child, and', 'en = "Of each child, and', False),
        ('source = { sq = "Propozim", en', 'source = { sq = "Propozimi", en', False),
    ],
)
def test_a_safeguard_is_weaker_or_stronger_by_its_rule(before: str, after: str, weaker: bool) -> None:
    text = (countries.FOLDER / "albania" / "safeguards.toml").read_text("utf-8")
    assert before in text
    sides = [tomllib.loads(each) for each in (text, text.replace(before, after, 1))]
    (found,) = comparing.differences({"safeguards.toml": sides[0]}, {"safeguards.toml": sides[1]})
    assert weakens(found) is weaker


@pytest.mark.slow
def test_a_text_of_a_file_moves_no_cursor_and_hides_nothing(app: Flask, command: Command, folder: Path) -> None:
    hostile = "\\u202e\\u001b[2J\\u200b"
    edit(folder, (f"{TELEPHONE[0]}", f'on_call = "+355 4 000 0999{hostile}"'), ("Aeroporti i Rinasit", f"R{hostile}"))
    for words in (("apply", str(folder), "--from", str(days.today()), "--yes"), ("check", str(folder))):
        _, out, error = command(app, "country", *words)
        said = out.decode() + error
        assert [each for each in said if unseen(each) and each != "\n"] == []
        assert words[0] == "check" or "<U+202E>" in said


@pytest.mark.slow
def test_no_is_no_and_the_files_of_a_day_are_written_out(
    app: Flask, command: Command, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    edit(folder, TELEPHONE)
    later = days.today() + timedelta(days=9)
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("click.confirm", lambda *_, **__: False)
    code, _, error = command(app, "country", "apply", str(folder), "--from", str(later))
    assert (code, "nothing was recorded" in error, recorded()) == (2, True, [])
    kept(folder, in_days=9)
    for day, number in ((days.today(), "0101"), (later, "0999")):
        target = tmp_path / number
        assert command(app, "country", "export", "--to", str(target), "--on", str(day))[0] == 0
        assert f'on_call = "+355 4 000 {number}"' in (target / "country.toml").read_text("utf-8")
