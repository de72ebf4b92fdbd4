"""The register of Albania as shipped, and every kind of broken file with its exact message."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from nrm import countries
from nrm.countries import FOLDER, CountryError
from nrm.domain.quarters import Quarter
from nrm.domain.reports.register import Answer, State, open_quarters, state_of

ALBANIA = countries.load("albania").register


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    copy = tmp_path / "albania"
    shutil.copytree(FOLDER / "albania", copy)
    return copy


def refused(folder: Path) -> str:
    with pytest.raises(CountryError) as caught:
        countries.load("albania", folder)
    return str(caught.value)


def test_the_eleven_requirements_stand_in_their_order_with_their_section_and_lead_of_the_plan() -> None:
    found = {each.number: (each.section, each.lead, each.release) for each in ALBANIA.requirements}
    assert found == {
        1: ("I.1(a)(iv)", "MOPO", None),
        2: ("I.1(b)(iv)", "MOPO", None),
        3: ("I.1(d)(vi)", "MOPO", None),
        4: ("I.1(d)(vii)", "MOPO", None),
        5: ("I.1(d)(viii)", "MOPO", None),
        6: ("I.1(d)(ix)", "MOJ", None),
        7: ("II.1(a)(vi)", "MOPO", "vi"),
        8: ("II.1(a)(vii)", "MOJ", None),
        9: ("II.1(b)(ix)", "MOLSA", "ix"),
        10: ("II.1(b)(x)", "MOPO", "x"),
        11: ("II.2(a)(vi)", "OMS", "children"),
    }
    assert ALBANIA.protected == {"victims"}
    assert {table.filed_by for table in ALBANIA.tables.values()} == {"MOPO", "GPO", "MOJ", "CUSTOMS", "VATC"}
    assert all(table.due_after_days == 14 for table in ALBANIA.tables.values())


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("due_after_days = 14", "due_after_days = 0", "due_after_days: must be a whole number, 1 or more"),
        ('lead = "OMS"', 'lead = "MINISTER"', "requirement[11].lead: `MINISTER` is none of "),
        ('"MFA"]', '"MFA", "MFA"]', "requirement[11].contributing: `MFA` stands twice"),
        ('"MFA"]', '"OMS"]', "requirement[11].contributing: `OMS` is the lead agency already"),
        ("number = 2\n", "number = 3\n", "requirement[2].number: must be 2: requirements are numbered in their order"),
        ('release = "vi"', 'release = "vii"', "requirement[7].release: `vii` is none of "),
        ('release = "vi"', "", "requirement[7].table: a requirement has a `release` or tables that are filed, one of"),
        ('filed_by = "GPO"', 'filed_by = "VATC"', "requirement[1].table[2].filed_by: `VATC` is none of GPO, MOJ, MOL"),
        ('code = "vatc"', 'code = "tims"', "requirement: table `tims` stands twice"),
        ('code = "vatc"', 'code = "trp"', "requirement[3].table[1].code: `trp` is the name of a report"),
        ('code = "vatc"', 'code = "total"', "requirement[3].table[1].total: a code has letters, digits and _, and is"),
        ('rows = ["place"]', 'rows = ["spot"]', "requirement[3].table[1].rows: `spot` is none of "),
        ('rows = ["place"]', 'rows = ["vatc_outcome"]', "requirement[3].table[1].rows: must name at least one dimensi"),
        ('rows = ["place"]', 'rows = ["place", "partner"]', "requirement[3].table[1].rows: makes more than 80 cells"),
        ('columns = "measure"', "", "requirement[8].table[1].columns: missing"),
        ('columns = "measure"', 'columns = "measure"\nunit = 1', "requirement[8].table[1].unit: is not a key of this"),
        ('"courtrooms >= equipped"', '"courtrooms > equipped"', "requirement[8].table[1].rules: `courtrooms >"),
        ('"courtrooms >= equipped"', '"hall >= equipped"', "requirement[8].table[1].rules: `hall` is none"),
        ('"courtrooms >= equipped"', '"equipped >= equipped"', "requirement[8].table[1].rules: `equipped` stand"),
        ("[reason]", "[why]", "reason: must name at least one"),
        ("protected = true", 'protected = true\nrules = ["witness >= victim"]', "requirement[1].table[4].rules: a p"),
        ('totals = ["rows"]\n', 'totals = ["sums"]\n', "requirement[1].table[1].totals: `sums` is none of columns, r"),
        ("protected = true", 'protected = "yes"', "requirement[1].table[4].protected: must be true or false"),
        ('totals = ["rows", "columns"]', 'totals = ["rows"]', "requirement[1].table[4].totals: a protected table"),
        ('line = "albanian/unknown/', 'line = "roman/unknown/', "requirement[1].table[4].joined: `roman/unknown/"),
        ('lines = ["albanian/unknown/feminine", ', 'lines = ["albanian/unknown/masculine", ',
         "requirement[1].table[4].joined[1].lines: `albanian/unknown/masculine` stands twice"),
        ('code = "victims"', 'code = "persons"', "requirement[1].table[4].code: `persons` is protected: it must be"),
        ('rows = ["nationality", "age_class", "sex"]', 'rows = ["nationality", "sex"]',
         "requirement[1].table[4].rows: tables-victims.toml has the dimensions nationality, age_class, sex, victim_st"),
        ("third_country = {", "foreign = {", "requirement[1].table[4].rows: tables-victims.toml has other codes in di"),
        ("[dimension.sex.codes]\n", '[dimension.sex.codes]\n"x-y" = { sq = "a", en = "b" }\n',
         "dimension.sex.codes.x-y: a code has letters, digits and _"),
        (', en = "Female" }', " }", "dimension.sex.codes.feminine.en: missing"),
        ('names = { sq = "Gjinia", en = "Gender" }', "", "dimension.sex.names: missing"),
    ],
)  # fmt: skip
def test_a_broken_register_is_refused_by_file_key_and_reason(folder: Path, old: str, new: str, message: str) -> None:
    file = folder / "register.toml"
    text = file.read_text("utf-8")
    assert old in text
    file.write_text(text.replace(old, new, 1), "utf-8")
    assert refused(folder).startswith(f"register.toml: {message}")


def test_a_register_that_is_missing_or_without_the_tables_of_a_report_is_refused(folder: Path) -> None:
    tables = folder / "tables-children.toml"
    text = tables.read_text("utf-8")
    tables.unlink()
    assert refused(folder).startswith("register.toml: requirement[11].release: `children` is none of ")
    tables.write_text(text, "utf-8")
    (folder / "register.toml").unlink()
    assert refused(folder) == "register.toml: file: missing"


def test_quarters_are_open_from_the_end_of_the_quarter_until_the_joint_report_and_not_for_ever() -> None:
    table = ALBANIA.tables["arrests"]
    q = Quarter.parse
    day = q("2026Q2").end
    assert q("2026Q2") not in open_quarters(day, q("2026Q1"))
    after = q("2026Q3").start
    assert list(open_quarters(after, q("2026Q1"))) == [q("2026Q1"), q("2026Q2")]
    assert list(open_quarters(after, q("2020Q1"))) == [q("2025Q3"), q("2025Q4"), q("2026Q1"), q("2026Q2")]
    assert list(open_quarters(after, q("2020Q1"), closed=q("2026Q1"))) == [q("2026Q2")]
    assert list(open_quarters(after, q("2026Q3"))) == []
    due = table.due_on(q("2026Q2"))
    assert (str(due), table.days_late(q("2026Q2"), due)) == ("2026-07-14", 0)
    late = due.replace(day=15)
    assert table.days_late(q("2026Q2"), late) == 1
    assert state_of(None, table, q("2026Q2"), due) is State.DUE
    assert state_of(None, table, q("2026Q2"), late) is State.LATE


def test_zero_no_report_and_does_not_apply_are_three_states_and_a_protected_zero_is_no_ones_business() -> None:
    exact, protected = ALBANIA.tables["arrests"], ALBANIA.tables["victims"]
    quarter, day = Quarter(2026, 2), Quarter(2026, 3).end
    states = [state_of(answer, exact, quarter, day) for answer in Answer]
    assert states == [State.FILED, State.ZERO, State.NO_REPORT, State.NOT_APPLICABLE]
    assert state_of(Answer.ZERO, protected, quarter, day) is State.FILED
