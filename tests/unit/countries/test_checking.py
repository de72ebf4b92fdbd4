"""`nrm country check` and `nrm country new`: everything that is wrong with a folder, and a folder to begin with."""

from __future__ import annotations

import json
import os
import shutil
import tomllib
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from nrm import countries, parsing
from nrm.cli import nrm
from nrm.cli.refusals import Refused
from nrm.countries import FOLDER, CountryError, checking, files, lists, making
from nrm.domain.interviews.facts import routing_facts
from nrm.domain.interviews.questionnaire_flow import prune
from tests import country_files, shared

ADULT = {"urgent": "no", "age": "adult", "consent_services": "yes", "consent_sharing": "yes"}


@pytest.fixture(autouse=True)
def read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files outside the program are read in this process."""
    monkeypatch.setattr(parsing, "toml", country_files.read_here)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the shipped country."""
    copy = tmp_path / "copy"
    shutil.copytree(FOLDER / "albania", copy)
    return copy


def edit(folder: Path, name: str, *changes: tuple[str, str]) -> None:
    text = (folder / name).read_text("utf-8")
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new)
    (folder / name).write_text(text, "utf-8")


def said(*arguments: str) -> Result:
    return CliRunner().invoke(nrm, ["country", *arguments], standalone_mode=True)


def test_a_region_that_the_country_lacks_is_said_before_anybody_is_interviewed(folder: Path) -> None:
    edit(folder, "questionnaire-returnee-1.toml", ('code = "vlore"', 'code = "sarande"'))
    with pytest.raises(CountryError, match=r"question\.wish_region\.options\.sarande: write one of berat, "):
        countries.load("albania", folder)
    lines = checking.check(folder).findings
    assert [each.split(": ")[:2] for each in lines] == [
        ["questionnaire-returnee-1.toml", f"question.{name}.options.sarande"] for name in ("wish_region", "avoid")
    ]


def test_every_file_says_what_is_wrong_with_it_and_not_only_the_first(folder: Path) -> None:
    edit(folder, "tables-x.toml", ("title = {", "tilte = {"))
    edit(folder, "mou-2005.toml", ('to = "OMS"', 'to = "MINISTER"'))
    edit(folder, "handouts.toml", ("[", "[["))
    (folder / "monitoring.toml").unlink()
    (folder / "register.toml").write_bytes(b"x = '" + b"a" * (parsing.LARGEST_DOCUMENT + 1))
    files = [each.split(": ")[0] for each in checking.check(folder).findings]
    assert files == ["tables-x.toml", "handouts.toml", "monitoring.toml", "mou-2005.toml"]


@pytest.mark.parametrize(
    ("name", "old", "new", "finding"),
    [
        ("questionnaire-returnee-1.toml", 'means = "home", sq = "Shqiptare"', 'means = "unknown", sq = "Shqiptare"',
         "questionnaire-returnee-1.toml: question.citizenship_class.options: give one answer `means = \"home\"`"),
        ("questionnaire-returnee-1.toml", 'means = "capital"', 'means = "skopje"',
         "questionnaire-returnee-1.toml: question.proceedings.options.tirana: write one of capital, elsewhere, "),
        ("mou-2005.toml", '[clause.competence]', '[clause.competences]', "mou-2005.toml: "),
        ("country.toml", 'sq = "Berat"', 'sq = "?"', "country.toml: region.berat.sq: write it in place of `?`"),
        ("country.toml", 'en = "Durrës"', 'en = "? Durrës"',
         "country.toml: region.durres.en: write it in place of `?` (elsewhere: Durrës)"),
    ],
)  # fmt: skip
def test_each_finding_names_file_key_and_what_to_do(folder: Path, name: str, old: str, new: str, finding: str) -> None:
    if old == "[clause.competence]":
        old, new = 'eq = ["proceedings_in", "capital"]', 'eq = ["proceedings_in", "town"]'
    edit(folder, name, (old, new))
    assert any(each.startswith(finding) for each in checking.check(folder).findings)


def test_a_pipe_in_the_folder_is_a_finding_and_nobody_waits_for_it(folder: Path) -> None:
    (folder / "handouts.toml").unlink()
    os.mkfifo(folder / "handouts.toml")
    assert "handouts.toml: file: is a pipe, which nobody may ever write into" in checking.check(folder).findings


def test_the_shipped_countries_have_no_finding_and_their_proposals_are_counted() -> None:
    found = said("check", "albania")
    assert (found.exit_code, found.stdout) == (0, "")
    assert found.stderr.startswith("0 findings, ")
    assert checking.check(FOLDER / "albania").proposals > 10


@pytest.mark.parametrize("named", ["nowhere", "albania/../..", "x" * 300])
def test_what_is_no_country_is_refused_in_a_line(named: str) -> None:
    found = said("check", named)
    assert found.exit_code != 0
    assert found.stdout == ""


def test_a_new_country_has_a_mark_wherever_countries_differ(tmp_path: Path) -> None:
    made = said("new", "third", "--iso", "MK", "--to", str(tmp_path / "third"))
    assert made.exit_code == 0
    found = said("check", str(tmp_path / "third"))
    assert found.exit_code == 1
    keys = {": ".join(each.split(": ")[:2]) for each in found.stdout.splitlines()}
    assert all("in place of `?`" in each for each in found.stdout.splitlines())
    assert keys >= {
        "country.toml: names.en",
        "country.toml: timezone",
        "country.toml: emergency.police",
        "country.toml: organisation[1].on_call",
        "country.toml: next_number[1].telephone",
        "country.toml: compensation.band.up_to_500000.en",
        "country.toml: list.citizenship_classes.home.en",
        "mou-2005.toml: title.en",
        "mou-2005.toml: party[1].names.en",
        "choices-returnee-1.toml: choice.citizenship_class.home.el",
    }
    assert not {each for each in keys if "choice.before.home" in each or "choice.work.home" in each}
    with pytest.raises(CountryError):
        countries.load("third", tmp_path / "third")


def test_whoever_stands_for_home_and_capital_is_marked_in_a_copy_of_the_second_country(tmp_path: Path) -> None:
    making.make("fourth", "RS", FOLDER / "north_macedonia", tmp_path / "fourth")
    asked = tomllib.loads((tmp_path / "fourth" / "questionnaire-returnee-1.toml").read_text("utf-8"))
    said = tomllib.loads((tmp_path / "fourth" / "choices-returnee-1.toml").read_text("utf-8"))["choice"]
    found = set()
    for question in asked["question"]:
        for option in question.get("options", ()):
            if "means" in option:
                found.add((question["id"], option["code"]))
                spoken = said[question["id"]][option["code"]]
                texts = [*spoken.values(), *(option[language] for language in ("mk", "sq", "en"))]
                assert [text for text in texts if not text.startswith("? ")] == []
    assert found == {("citizenship_class", "macedonian"), ("where_more", "north_macedonia"), ("proceedings", "skopje")}
    assert not said["citizenship_class"]["third_country"]["el"].startswith("?")


def test_a_code_that_is_not_known_yet_is_marked_too(tmp_path: Path) -> None:
    making.make("third", "", FOLDER / "albania", tmp_path / "third")
    assert "country.toml: iso: write it in place of `?`" in checking.check(tmp_path / "third").findings


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("Third", "--to", "x"), "a code has small letters"),
        (("third", "--iso", "mk", "--to", "x"), "two capital letters"),
        (("third", "--from", "nowhere", "--to", "x"), "no such folder, and no country of the program"),
        (("third", "--to", "."), "is not an empty folder"),
        (("third", "--to", "there"), "is not an empty folder"),
        (("third", "--to", "nothing"), "is not an empty folder"),
        (("third", "--to", "there/inside"), "cannot be written"),
    ],
)
def test_a_new_country_that_cannot_be_made_is_refused(
    arguments: tuple[str, ...], reason: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "there").write_text("of somebody")
    (tmp_path / "nothing").symlink_to("nowhere")
    found = CliRunner().invoke(nrm, ["country", "new", *arguments], standalone_mode=False)
    assert isinstance(found.exception, Refused)
    assert found.exception.code == 2
    assert reason in str(found.exception)
    assert sorted(each.name for each in tmp_path.iterdir()) == ["nothing", "there"]
    assert (tmp_path / "there").read_text() == "of somebody"


def written(folder: Path) -> None:
    """Write whatever is marked: what stands behind the mark, and a time zone that exists."""
    for file in folder.glob("*.toml"):
        file.write_text(file.read_text("utf-8").replace('"? ', '"'), "utf-8")
    for name in ("country.toml", "mou-2005.toml"):
        edit(folder, name, ("Europe/Tirane", "Europe/Skopje"))


def test_in_another_country_its_own_citizens_are_at_home_and_albanians_are_not(tmp_path: Path) -> None:
    making.make("third", "MK", FOLDER / "albania", tmp_path / "third")
    written(tmp_path / "third")
    assert checking.check(tmp_path / "third").findings == ()
    country = countries.load("third", tmp_path / "third")
    (asked,) = country.questionnaires.values()

    def facts(**answers: str) -> dict[str, object]:
        kept = prune(asked, {**ADULT, **answers})
        return routing_facts(asked, kept, entry_point="rinas", region_of_entry="tirane")

    assert facts(where="MK")["exploited_in"] == "home"
    assert facts(where="AL")["exploited_in"] == "abroad"
    assert facts(where="AL", where_more="home")["exploited_in"] == "both"
    assert facts(citizenship_class="home")["citizenship_class"] == "home"
    assert facts(proceedings="capital")["proceedings_in"] == "capital"
    assert country.formerly == {}
    text = (FOLDER / "albania" / "mou-2005.toml").read_text("utf-8").replace('["home", "third', '["albanian", "third')
    with pytest.raises(CountryError, match="albanian"):  # words of Albania's texts are no words here
        countries.draft_of(text, country)


def test_a_folder_outside_the_program_is_read_apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []
    monkeypatch.setattr(parsing, "toml", lambda text: read.append(text) or shared.READ_APART(text))
    (tmp_path / "country.toml").write_text('code = "x"\n', "utf-8")
    assert countries.place_of(str(tmp_path)) == ("x", tmp_path)
    assert read == ['code = "x"\n']


@pytest.mark.parametrize(
    ("folder_set", "code_set", "named", "reason"),
    [
        (
            "copy",
            "",
            "elsewhere",
            "--country: NRM_COUNTRY_FOLDER holds albania, not elsewhere; name the one that is meant",
        ),
        ("copy", "", "other", "--country: NRM_COUNTRY_FOLDER names another folder; unset it"),
        ("", "albania", "other", "--country: NRM_COUNTRY names albania, not other; unset it"),
        (
            "",
            "",
            "nowhere",
            "--country: nowhere: no such folder, and no country of the program (albania, north_macedonia)",
        ),
        ("missing", "", "albania", "--country: "),
    ],
)
def test_an_instance_is_of_the_country_that_is_named_or_of_none(
    folder: Path, monkeypatch: pytest.MonkeyPatch, folder_set: str, code_set: str, named: str, reason: str
) -> None:
    other = folder.parent / "other"
    shutil.copytree(folder, other)
    edit(other, "country.toml", ('code = "albania"', 'code = "other"'))
    if folder_set:
        monkeypatch.setenv("NRM_COUNTRY_FOLDER", str(folder.parent / folder_set))
    if code_set:
        monkeypatch.setenv("NRM_COUNTRY", code_set)
    place = str(other) if named == "other" else named
    arguments = ["init", "--one-folder", "--dir", str(folder.parent / "made"), "--country", place]
    found = CliRunner().invoke(nrm, arguments, standalone_mode=False)
    assert str(found.exception).startswith(reason)
    assert not (folder.parent / "made").exists()


def test_every_mistake_of_country_toml_is_said_at_once(folder: Path) -> None:
    edit(
        folder,
        "country.toml",
        ('police = "129"', "police = 129"),
        (', en = "Berat" }', " }"),
        ("beds = 60", "bads = 60"),
    )
    assert checking.check(folder).findings == (
        "country.toml: emergency.police: must be text",
        "country.toml: region.berat.en: missing",
        "country.toml: organisation[1].bads: is not a key of this table",
    )


def test_a_time_of_more_than_a_hundred_years_is_refused(folder: Path) -> None:
    """With a day so far away no date can be counted, and what the server does each minute would stop."""
    edit(folder, "country.toml", ("notice_days = 30", "notice_days = 3000000"))
    (finding,) = checking.check(folder).findings
    assert finding.startswith("country.toml: retention.notice_days: ")


def test_the_published_schema_is_the_one_by_which_files_are_read() -> None:
    published = json.loads((FOLDER.parents[1] / "docs" / "schemas" / "country.json").read_text("utf-8"))
    assert published == files.schema()
    assert json.loads(said("schema").stdout) == published
    described = published["properties"]
    assert set(described) - {"training"} == set(tomllib.loads((FOLDER / "albania" / "country.toml").read_text("utf-8")))
    assert published["additionalProperties"] is False
    assert set(published["$defs"]["sources"]["properties"]) == set(lists.CODES["sources"])  # an editor completes these


def test_numbers_and_names_of_a_country_are_what_they_look_like(folder: Path) -> None:
    """All of them once said nothing of a number that nobody can call, and of a name that reads otherwise."""
    edit(
        folder,
        "country.toml",
        ('police = "129"', 'police = "call Ana"'),
        ('children = "116 000"', 'children = "<116 000>"'),
        ('telephone = "+355 4 000 0220"', 'telephone = "javascript:alert(1)"'),
        ('on_call = "+355 33 000 103"', 'on_call = "+355 33 000 103\\n9"'),
        ('en = "Rinas airport"', 'en = "Rinas \\u202eairport"'),
        ('en = "Kakavija"', 'en = "Kakavija\\u3164"'),
        ('en = "SOS help line"', 'en = "<b>SOS</b> help line"'),
        ('en = "Durrës" }\nelbasan', f'en = "{"D" * 121}" }}\nelbasan'),
        ('first_unit = "Ndërtesa"', 'first_unit = "Ndër\\ntesa"'),
        ('school = { sq = "Shkolla"', 'school = { sq = "Shko\u00adlla"'),
    )
    found = {each.removeprefix("country.toml: ").partition(": ")[::2] for each in checking.check(folder).findings}
    unseen = "has a character that nobody sees (U+{}), or more than one line"
    assert found == {
        ("emergency.police", "`call Ana` is no telephone number, such as +355 4 000 0105"),
        ("emergency.children", "`<116 000>` is no telephone number, such as +355 4 000 0105"),
        ("next_number[13].telephone", "`javascript:alert(1)` is no telephone number, such as +355 4 000 0105"),
        ("organisation[3].on_call", "`+355 33 000 103\n9` is no telephone number, such as +355 4 000 0105"),
        ("crossing_point.rinas.names.en", unseen.format("202E")),
        ("crossing_point.kakavija.names.en", unseen.format("3164")),
        ("organisation[9].names.en", "has a `<`: write words, and no marks of a page"),
        ("region.durres.en", "is longer than 120 characters"),
        ("building.first_unit", unseen.format("000A")),
        ("list.sources.school.sq", unseen.format("00AD")),
    }


def test_every_other_file_turns_no_line_around_and_safeguards_hold_a_text_against_the_one_before(folder: Path) -> None:
    edit(folder, "monitoring.toml", ('en = "', 'en = "\\u202e'))
    edit(folder, "safeguards.toml", ("no_later = {}", 'escalates = { steps = ["answer"] }'))
    found = checking.check(folder).findings
    assert [each.partition(":")[0] for each in found] == ["monitoring.toml"]
    assert found[0].endswith("has a character that nobody sees (U+202E)")
    shutil.copy(FOLDER / "albania" / "monitoring.toml", folder)
    edit(folder, "mou-2005.toml", ('en = "IOM Tirana"', 'en = "IOM\\u200b Tirana"'))
    assert checking.check(folder).findings == (
        "mou-2005.toml: party[2].names.en: has a character that nobody sees (U+200B), or more than one line",
        "safeguards.toml: safeguard: add one with `no_later`, as the shipped countries have it",
    )
