"""`nrm upgrade` compares an edited country folder with the instance: does what it can, and says why not otherwise."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import func, select

from nrm import countries
from nrm.actions.shelter import places
from nrm.cli.instance import make_instance
from nrm.cli.refusals import Refused
from nrm.cli.usage import account_of_machine
from nrm.db import db, disconnect
from nrm.domain.shelter.places import CloseReason
from nrm.models.accounts.accounts import Organisation
from nrm.models.audit import AuditEntry
from nrm.models.shelter.places import Place
from nrm.steps import countries as steps
from nrm.store import days
from tests import factories
from tests import factories_agreements as texts
from tests import factories_referrals as people
from tests.conftest import Command

FILE = "country.toml"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the shipped country, as an operator makes one, that the instance reads."""
    place = tmp_path / "country"
    shutil.copytree(countries.FOLDER / "albania", place)
    monkeypatch.setenv("NRM_COUNTRY_FOLDER", str(place))
    return place


def edit(folder: Path, *changes: tuple[str, str], file: str = FILE) -> None:
    text = (folder / file).read_text("utf-8")
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new, 1)
    (folder / file).write_text(text, "utf-8")


def lines(found: tuple[int, bytes, str]) -> list[str]:
    """What was said of the country, without the line about the tables and those about what was kept."""
    _, out, error = found
    assert error == ""
    return [line for line in out.decode().splitlines()[1:] if not line.startswith("kept: ")]


def kept(found: tuple[int, bytes, str]) -> list[str]:
    """What was said of edits that were kept."""
    return [line for line in found[1].decode().splitlines() if line.startswith(("kept: ", "not read: "))]


def organisation(code: str) -> Organisation | None:
    db.session.rollback()
    return db.session.scalar(select(Organisation).where(Organisation.code == code))


def number_of_beds(code: str) -> int:
    db.session.rollback()
    statement = select(func.count()).select_from(Place).join(Organisation, Organisation.id == Place.organisation_id)
    return db.session.scalar(statement.where(Organisation.code == code)) or 0


NEW_OFFICE = """[[organisation]]
code = "OMBUDS"
kind = "ministry"
names = { sq = "Avokati i Popullit", en = "People's Advocate" }
region = "tirane"

[[organisation]]
code = "OPERATOR"
"""


def test_an_unchanged_country_has_nothing_to_do(app: Flask, command: Command, folder: Path) -> None:
    found = command(app, "upgrade")
    assert (found[0], lines(found)) == (0, ["country: nothing to do"])


@pytest.mark.slow
def test_an_edit_of_any_file_is_said_with_its_key_and_kept(app: Flask, command: Command, folder: Path) -> None:
    assert kept(command(app, "upgrade", "--dry-run")) == []
    edit(folder, ('helpline = "116 006"', 'helpline = "116 007"'))
    edit(folder, ("starts_on = 2025-09-01", "starts_on = 2025-09-02"), file="rollout.toml")
    edit(folder, ("keep_days = 730", "keep_days = 800"), file="monitoring.toml")
    found = command(app, "upgrade")
    said = kept(found)
    assert found[0] == 0
    assert 'kept: country.toml: emergency.helpline: "116 007" (the program ships "116 006")' in said
    assert "kept: monitoring.toml: keep_days: 800 (the program ships 730)" in said
    assert "kept: rollout.toml: use[rinas 2025-09-01]: not there (the program ships rinas / returnee-1)" in said
    assert "kept: rollout.toml: use[rinas 2025-09-02]: rinas / returnee-1 (the program ships nothing)" in said
    assert len(said) == 5
    assert f"into {folder}" in said[-1]


@pytest.mark.slow
def test_an_edit_that_an_applied_version_hides_is_said_too(app: Flask, command: Command, folder: Path) -> None:
    copy = shutil.copytree(folder, folder.with_name("applied"))
    edit(copy, ("Women’s Hearth “Vatra”, Vlorë", "Vatra Centre, Vlorë"))
    today = str(days.today())
    assert command(app, "country", "apply", str(copy), "--from", today, "--yes")[0] == 0
    edit(folder, ('helpline = "116 006"', 'helpline = "116 007"'))
    said = kept(command(app, "upgrade"))
    vatra = "country.toml: organisation[VATRA].names.en:"
    assert f'kept: {vatra} "Vatra Centre, Vlorë" (the program ships "Women’s Hearth “Vatra”, Vlorë")' in said
    assert 'not read: country.toml: emergency.helpline: changed: "116 006" -> "116 007"' in said
    assert said[-1].endswith("apply the edit, too (nrm country apply)")
    out = folder.with_name("out")
    assert command(app, "country", "export", "--to", str(out))[0] == 0
    assert (out / "country.toml").read_text("utf-8") == (copy / "country.toml").read_text("utf-8")
    assert command(app, "country", "export", "--to", str(out))[0] == 2


@pytest.mark.slow
def test_an_applied_version_that_the_program_cannot_use_is_said_and_the_one_before_it_counts(
    app: Flask, command: Command, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = shutil.copytree(folder, folder.with_name("applied"))
    edit(copy, ("Women’s Hearth “Vatra”, Vlorë", "Vatra Centre, Vlorë"))
    assert command(app, "country", "apply", str(copy), "--from", str(days.today()), "--yes")[0] == 0

    def no_longer(code: str, found: object) -> None:
        raise countries.CountryError("country.toml: newer: missing")

    steps._read.cache_clear()
    monkeypatch.setattr("nrm.countries.texts.load", no_longer)
    code, out, error = command(app, "upgrade")
    said = out.decode().splitlines()
    assert (code, error) == (1, "")
    assert said[-1].startswith(f"not done: the version that was recorded from {days.today()} on: country.toml: newer")
    assert not [line for line in said if line.endswith("-> Vatra Centre, Vlorë (en)")]


@pytest.mark.slow
def test_what_was_edited_is_said_done_and_the_second_time_there_is_nothing(
    app: Flask, command: Command, folder: Path
) -> None:
    edit(
        folder,
        ('[[organisation]]\ncode = "OPERATOR"\n', NEW_OFFICE),
        ("Women’s Hearth “Vatra”, Vlorë", "Vatra Centre, Vlorë"),
        ("beds = 45", "beds = 49"),
        ('on_call = "+355 4 000 0105"', 'on_call = "+355 4 000 0999"'),
    )
    dry = command(app, "upgrade", "--dry-run")
    said = [
        "added organisation OMBUDS (no accounts yet)",
        "renamed VATRA: Women’s Hearth “Vatra”, Vlorë -> Vatra Centre, Vlorë (en)",
        "added 4 places to VATRA: V46, V47, V48, V49",
        "changed telephone of RA: +355 4 000 0105 -> +355 4 000 0999",
    ]
    assert dry[0] == 0
    assert sorted(lines(dry)) == sorted(f"would be done: {each}" for each in said)
    assert organisation("OMBUDS") is None
    assert number_of_beds("VATRA") == 45
    found = command(app, "upgrade")
    assert (found[0], sorted(lines(found))) == (0, sorted(said))
    assert organisation("OMBUDS") is not None
    assert number_of_beds("VATRA") == 49
    changed = organisation("RA")
    assert changed is not None
    assert changed.telephone == "+355 4 000 0999"
    again = command(app, "upgrade")
    assert (again[0], lines(again)) == (0, ["country: nothing to do"])


@pytest.mark.slow
def test_what_a_manager_did_by_hand_is_not_undone(app: Flask, command: Command, folder: Path) -> None:
    by = factories.actor("vatra.shelter_manager")
    places.add(name="V46", number=1, by=by)
    places.add(name="Garden", number=1, by=by)
    places.rename(place_id=people.bed("VATRA", 1), name="Lule", by=by)
    db.session.rollback()
    closed = db.session.scalars(select(Place).where(Place.label == "V45")).one().id
    places.close(place_id=closed, closed_from=days.today(), why=CloseReason.REPAIRS, by=by)
    found = command(app, "upgrade")
    assert (found[0], lines(found)) == (0, ["country: nothing to do"])
    edit(folder, ("beds = 45", "beds = 47"))
    found = command(app, "upgrade")
    assert (found[0], lines(found)) == (0, ["added 1 place to VATRA: V47"])
    assert number_of_beds("VATRA") == 48
    edit(folder, ("beds = 47", "beds = 44"))
    found = command(app, "upgrade")
    assert found[0] == 1
    (line,) = lines(found)
    assert line.startswith("not done: VATRA has 2 places more than the file (V46, V47)")
    assert "closes them" in line


@pytest.mark.slow
def test_what_cannot_be_done_says_why_and_what_to_do(app: Flask, command: Command, folder: Path) -> None:
    people.sent(factories.actor("durres.border_officer"))
    text = (folder / FILE).read_text("utf-8")
    start = text.index('[[organisation]]\ncode = "VATC"')
    end = text.index("[[organisation]]", start + 5)
    edit(folder, (text[start:end], ""), ('kind = "police"', 'kind = "ministry"'))
    edit(folder, ('on_call = "+355 4 000 0110"\n', ""))
    text = (folder / "register.toml").read_text("utf-8").replace('"VATC"', '"CUSTOMS"')
    (folder / "register.toml").write_text(text, "utf-8")
    found = command(app, "upgrade")
    said = lines(found)
    assert found[0] == 1, said
    assert "not done: STATE_POLICE is of kind police here and ministry in the file: a kind never changes" in " ".join(
        said
    )
    (gone,) = [line for line in said if "VATC" in line]
    assert gone.startswith("not done: organisation VATC is gone from the file but has 2 accounts")
    assert "suspend it" in gone
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NRM_COUNTRY_FOLDER", str(folder))
        assert command(app, "upgrade")[0] == 1, "it is said each time"


@pytest.mark.slow
def test_an_organisation_that_holds_nothing_and_is_gone_is_suspended(
    app: Flask, command: Command, folder: Path
) -> None:
    shipped = (folder / FILE).read_text("utf-8")
    edit(folder, ('[[organisation]]\ncode = "OPERATOR"\n', NEW_OFFICE))
    command(app, "upgrade")
    (folder / FILE).write_text(shipped, "utf-8")
    found = command(app, "upgrade")
    assert found[0] == 0
    assert lines(found) == ["suspended organisation OMBUDS: it is gone from the file, and has no account and no case"]
    again = command(app, "upgrade")
    assert (again[0], lines(again)) == (0, ["country: nothing to do"])


def test_a_bad_file_is_one_line_with_file_key_and_value(app: Flask, command: Command, folder: Path) -> None:
    edit(folder, ("beds = 45", "beds = -1"))
    code, out, error = command(app, "upgrade")
    assert (code, out, error.count("\n")) == (2, b"", 1)
    assert "country.toml: organisation[3].beds" in error


def test_two_organisations_that_receive_people_are_never_one_party(app: Flask, command: Command, folder: Path) -> None:
    second = NEW_OFFICE.replace('"OMBUDS"', '"SARANDA"').replace(
        'kind = "ministry"',
        'kind = "ngo_shelter"\nparty = "VATRA"\non_call = "+355 33 000 999"\nbed_prefix = "S"\nbeds = 3',
    )
    edit(folder, ('[[organisation]]\ncode = "OPERATOR"\n', second))
    code, out, error = command(app, "upgrade")
    assert (code, out, error.count("\n")) == (2, b"", 1)
    assert "`VATRA` is VATRA already" in error


@pytest.mark.slow
def test_the_folder_that_was_followed_is_followed_by_every_later_command(
    app: Flask, command: Command, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    edit(folder, ("Women’s Hearth “Vatra”, Vlorë", "Vatra Centre, Vlorë"))
    assert any(line.startswith("renamed VATRA") for line in lines(command(app, "upgrade")))
    monkeypatch.delenv("NRM_COUNTRY_FOLDER")
    assert lines(command(app, "upgrade", "--dry-run")) == ["country: nothing to do"]


def test_an_instance_of_another_country_is_left_alone(
    app: Flask, command: Command, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    edit(folder, ('code = "albania"', 'code = "elsewhere"'))
    monkeypatch.setenv("NRM_COUNTRY", "elsewhere")
    code, out, error = command(app, "upgrade")
    assert (code, out) == (2, b"")
    assert "this instance is of albania" in error


@pytest.mark.slow
def test_files_of_a_country_that_nobody_recorded_are_told_and_erase_nothing(
    app: Flask, command: Command, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One variable gave half of the time to keep and more money by one hand, with no entry and no word."""
    assert lines(command(app, "upgrade")) == ["country: nothing to do"]
    assert settings_line(app, command) == "settings: ok"
    edit(folder, ("identity = { years_after_closing = 2 }", "identity = { years_after_closing = 1 }"))
    assert settings_line(app, command).startswith(
        f"settings: wrong: the files of the country in {folder} are not those"
    )
    code, out, error = command(app, "erase-expired")
    assert (code, out) == (2, b"")
    assert error.startswith("nrm: nothing is erased: the files of the country in ")
    assert command(app, "erase-expired", "--dry-run")[0] == 0
    command(app, "upgrade", "--dry-run")
    assert settings_line(app, command) != "settings: ok"
    command(app, "upgrade")
    assert settings_line(app, command) == "settings: ok"
    assert command(app, "erase-expired")[0] == 0
    told = db.session.scalars(select(AuditEntry).where(AuditEntry.event == "country_folder_read")).all()
    assert len({each.details for each in told}) == 2
    assert all(f'"account":{account_of_machine()},' in each.details for each in told)
    disconnect()
    # The files of the program in their place are other files, too.
    (Path(app.extensions["nrm.config"].directory) / "instance.toml").write_text(
        'country = "albania"\nlanguage = "sq"\n'
    )
    monkeypatch.delenv("NRM_COUNTRY_FOLDER")
    assert settings_line(app, command) != "settings: ok"


def settings_line(app: Flask, command: Command) -> str:
    return next(line for line in command(app, "doctor")[1].decode().splitlines() if line.startswith("settings: "))


@pytest.mark.parametrize("words", [("erase-expired", "--dry-run"), ("tend",), ("doctor",), ("serve", "--port", "1")])
def test_no_command_works_by_the_rules_of_another_country(
    app: Flask, command: Command, words: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is kept, who is asked and what is ended was taken from the other country, without a word."""
    monkeypatch.setenv("NRM_COUNTRY", "north_macedonia")
    code, out, error = command(app, *words)
    assert (code, out) == (2, b"")
    assert error.strip() == "nrm: NRM_COUNTRY: this instance is of albania, not of north_macedonia; leave it out"


def test_a_language_that_the_country_has_not_is_one_line(
    app: Flask, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NRM_LANGUAGE", "xx")
    code, out, error = command(app, "doctor")
    assert (code, out) == (2, b"")
    assert error.strip() == "nrm: NRM_LANGUAGE: 'xx' is not one of sq, en"


@pytest.mark.slow
def test_init_uses_the_named_folder_or_refuses(
    app: Flask, command: Command, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    edit(folder, ("Women’s Hearth “Vatra”, Vlorë", "Vatra Centre, Vlorë"))
    with make_instance(tmp_path / "made", "albania", language="sq", synthetic=True, synchronous="OFF").app_context():
        made = db.session.scalar(select(Organisation.names).where(Organisation.code == "VATRA"))
        disconnect()
    assert made is not None
    assert made["en"] == "Vatra Centre, Vlorë"
    with pytest.raises(Refused, match=r"country\.toml"):
        make_instance(tmp_path / "other", "elsewhere", language="sq", synthetic=True)
    assert not (tmp_path / "other").exists()
    monkeypatch.delenv("NRM_COUNTRY_FOLDER")
    settings = (tmp_path / "made" / "instance.toml").read_text("utf-8")
    assert f'country_folder = "{folder}"' in settings, "and every later command reads the same"


def test_who_joined_by_a_version_of_the_agreement_is_in_no_file_and_stays(
    app: Flask, command: Command, folder: Path
) -> None:
    party = """
[[party]]
code = "SHPRESA"
kind = "ngo_shelter"
names = { sq = "Shpresa", en = "Shpresa" }
signed_on = 2026-01-01
regions = ["shkoder"]
languages = ["sq"]
desk = { opens = "00:00", closes = "00:00", weekends = true }
on_call = "+355 22 000 111"
competence = "everyone"

[[party]]
code = "RA"
"""
    texts.opened(texts.draft("2027", None, ('\n[[party]]\ncode = "RA"\n', party)))
    assert organisation("SHPRESA") is not None
    found = command(app, "upgrade")
    assert (found[0], lines(found)) == (0, ["country: nothing to do"])
