"""What differs between two versions of a country's files, in words, and what may never be taken away."""

from __future__ import annotations

import tomllib

import pytest

from nrm.countries import FOLDER, texts
from nrm.countries.comparing import differences
from nrm.countries.keeping import broken
from nrm.countries.weakening import weakens

SHIPPED = texts.parsed(texts.of_folder(FOLDER / "albania"))


def edited(file: str, *changes: tuple[str, str]) -> dict[str, dict[str, object]]:
    text = (FOLDER / "albania" / file).read_text("utf-8")
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new, 1)
    return {**SHIPPED, file: tomllib.loads(text)}


def said(file: str, *changes: tuple[str, str]) -> list[str]:
    return [str(each) for each in differences(SHIPPED, edited(file, *changes))]


def test_the_same_files_have_no_difference_and_neither_has_another_order() -> None:
    assert said("country.toml") == []
    use = '[[use]]\ncrossing_point = "rinas"\nquestionnaire = "returnee-1"\nstarts_on = 2025-09-01\n\n'
    other = '[[use]]\ncrossing_point = "durres"\nquestionnaire = "returnee-1"\nstarts_on = 2025-11-01\n\n'
    assert said("rollout.toml", (use + other, other + use)) == []


@pytest.mark.parametrize(
    ("file", "changes", "expected"),
    [
        (
            "country.toml",
            [('on_call = "+355 4 000 0101"', 'on_call = "+355 4 000 0999"')],
            'country.toml: organisation[NRC].on_call: changed: "+355 4 000 0101" -> "+355 4 000 0999"',
        ),
        (
            "country.toml",
            [('sq = "Kakavija", en', 'sq = "Kakavijë", en')],
            'country.toml: crossing_point.kakavija.names.sq: renamed: "Kakavija" -> "Kakavijë"',
        ),
        (
            "country.toml",
            [('tirane = { sq = "Tiranë", en', 'tirane = { sq = "Tirana e re", en')],
            'country.toml: region.tirane.sq: renamed: "Tiranë" -> "Tirana e re"',
        ),
        (
            "country.toml",
            [("[closed]\n", "[closed.crossing_point]\nmuriqan = 2027-01-01\n")],
            "country.toml: closed.crossing_point.muriqan: closed from 2027-01-01",
        ),
        (
            "country.toml",
            [("[opened]\n", "[opened.region]\nvlore = 2027-01-01\n")],
            "country.toml: opened.region.vlore: opened from 2027-01-01",
        ),
        (
            "country.toml",
            [
                (
                    "[crossing_point.other]",
                    '[crossing_point.han]\nnames = { sq = "Han", en = "Inn" }\n[crossing_point.other]',
                )
            ],
            "country.toml: crossing_point.han: added (Han / Inn)",
        ),
        (
            "rollout.toml",
            [("starts_on = 2025-11-01", "starts_on = 2027-11-01")],
            "rollout.toml: use[durres 2027-11-01]: added (durres / returnee-1)",
        ),
    ],
)
def test_each_change_is_said_with_its_file_and_key(file: str, changes: list[tuple[str, str]], expected: str) -> None:
    assert expected in said(file, *changes)
    assert list(broken(differences(SHIPPED, edited(file, *changes)))) == []


@pytest.mark.parametrize(
    ("file", "changes", "key", "what"),
    [
        ("country.toml", [("[crossing_point.muriqan]", "[crossing_point.m]")], "crossing_point.muriqan", "[closed."),
        ("country.toml", [("lezhe = { sq", "lezha = { sq")], "region.lezhe", "[closed.region] lezhe = DAY"),
        ("country.toml", [('code = "IOM"', 'code = "OIM"')], "organisation[IOM]", "suspends an organisation"),
        ("country.toml", [('iso = "AL"', 'iso = "MK"')], "iso", "never changes"),
        ("country.toml", [('kind = "state_shelter"', 'kind = "ngo_shelter"')], "organisation[NRC].kind", "every key"),
        ("mou-2005.toml", [('version = "2005"', 'version = "2006"')], "", "propose a new version"),
        ("questionnaire-returnee-1.toml", [('code = "vlore"', 'code = "v"')], "question[wish_region]", "sealed"),
        ("questionnaire-returnee-1.toml", [('id = "urgent"\nkind', 'id = "urge"\nkind')], "question[urgent]", "sealed"),
        ("monitoring.toml", [('id = "alone"', 'id = "lonely"')], "item[alone]", "scored by it"),
        ("directives.toml", [("e mbani larg derisa", "e mbani derisa")], "directive[apart 1].text.sq", "next version"),
        ("register.toml", [('code = "arrests"', 'code = "arrest"')], "table[arrests]", "filed are read"),
        ("register.toml", [('rows = ["charge"]', 'rows = ["arrest"]')], "table[arrests].rows", "filed are read"),
        ("register.toml", [("remanded = {", "held = {")], "dimension.arrest.codes.remanded", "filed are read"),
    ],
)
def test_what_records_hold_is_never_taken_away(file: str, changes: list[tuple[str, str]], key: str, what: str) -> None:
    found = [each for each in broken(differences(SHIPPED, edited(file, *changes))) if key in each]
    assert found
    assert all(each.startswith(f"{file}: ") and what in each for each in found)


def test_a_file_that_answers_or_tables_are_read_by_is_kept() -> None:
    without = {name: each for name, each in SHIPPED.items() if name not in ("tables-x.toml", "rollout.toml")}
    assert [each.partition(": ")[0] for each in broken(differences(SHIPPED, without))] == ["tables-x.toml"]


def test_a_digest_is_of_names_and_texts() -> None:
    one = texts.digest({"a.toml": "x", "b.toml": "y"})
    assert one == texts.digest({"b.toml": "y", "a.toml": "x"})
    assert one != texts.digest({"a.toml": "y", "b.toml": "x"})


def test_all_that_differs_in_a_long_text_is_shown_wherever_it_stands() -> None:
    text = "A long text that is read out to people, of which the beginning and the end are alike. "
    for before, after, shown in (
        (text, text + "Call +355 69 666 0000.", "Call +355 69 666 0000."),
        (text + "Once. " + text, text + "Twice, " + "and so on " * 20 + text, "and so on " * 20),
        (text, "Call +355 69 666 0000. " + text, "Call +355 69 666 0000."),
    ):
        (found,) = differences({"f.toml": {"key": before}}, {"f.toml": {"key": after}})
        assert shown.strip() in str(found)
        assert len(str(found)) < len(before) + len(after) + 40
    (added,) = differences({"f.toml": {}}, {"f.toml": {"key": text + "Call +355 69 666 0000."}})
    assert "Call +355 69 666 0000." in str(added)
    kinds = [f"kind_{number}" for number in range(20)]
    (listed,) = differences({"f.toml": {"key": kinds}}, {"f.toml": {"key": [*kinds[:-1], "ministry"]}})
    assert "…" in str(listed)
    assert "kind_19] -> " in str(listed)
    assert str(listed).endswith("ministry]")


@pytest.mark.parametrize(("file", "now", "shorter", "longer"), [("albania", 2, 1, 9), ("north_macedonia", 3, 2, 4)])
def test_an_alarm_that_can_be_ended_without_the_person_sooner_is_weaker_and_later_a_change(
    file: str, now: int, shorter: int, longer: int
) -> None:
    text = (FOLDER / file / "country.toml").read_text("utf-8")
    line = f"ended_after_days = {now}\n"
    assert line in text
    for days, weaker in ((shorter, True), (longer, False)):
        edited_text = text.replace(line, f"ended_after_days = {days}\n", 1)
        (found,) = differences(*({"country.toml": tomllib.loads(each)} for each in (text, edited_text)))
        assert "missing.ended_after_days" in str(found)
        assert weakens(found) is weaker


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('children = "116 000"', 'children = "116 001"'),
        ('telephone = "+355 4 000 0302"', 'telephone = "+355 4 000 0666"'),
        ("months = [1, 3, 6, 12]", "months = [12]"),
        ("answer_days = 7", "answer_days = 13"),
    ],
)
def test_who_is_called_in_danger_and_when_somebody_comes_back_is_agreed_by_number(old: str, new: str) -> None:
    text = (FOLDER / "albania" / "country.toml").read_text("utf-8")
    assert old in text
    sides = [{"country.toml": tomllib.loads(each)} for each in (text, text.replace(old, new, 1))]
    (found,) = differences(*sides)
    assert weakens(found)
