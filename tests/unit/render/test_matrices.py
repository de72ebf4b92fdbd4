"""Tables of a release, turned: nothing computed, nothing lost, groups above their members."""

from __future__ import annotations

from typing import Any

from nrm.render.matrices import Matrix, Words, finding, grand_total, in_order, matrix, page_values
from tests.unit.render import sample


def turned(*by: str, **changes: Any) -> Matrix:
    table = sample.release(tables=[list(by)])["tables"][0] | changes
    return matrix(table, words=sample.words(), groups=sample.GROUPS, impossible=sample.impossible)


def test_every_figure_of_the_release_is_on_the_page_once() -> None:
    release = sample.release()
    values = page_values(
        release, words=sample.words(), groups=sample.GROUPS, impossible=lambda _: False, told=["nationality"]
    )
    shown = {table.name: table for table in values["tables"]}
    assert len(shown) == len(release["tables"])
    for table in release["tables"]:
        printed = sorted(figure for row in shown[table["name"]].rows for figure in row.figures if figure is not None)
        assert printed == sorted(row["value"] for row in table["rows"])


def test_two_dimensions_become_a_matrix_with_the_totals_last() -> None:
    shown = turned("nationality", "sex")
    table = sample.release(tables=[["nationality", "sex"]])["tables"][0]
    figure = {(row["nationality"], row["sex"]): row["value"] for row in table["rows"]}
    assert [column.label for column in shown.columns] == ["Gra dhe vajza", "masculine", "Gjithsej"]
    assert shown.rows[-1].label == "Gjithsej"
    assert shown.rows[-1].kind == "all"
    assert shown.rows[-1].figures == (figure["*", "feminine"], figure["*", "masculine"], figure["*", "*"])
    assert shown.rows[0].figures == (figure["AL", "feminine"], figure["AL", "masculine"], figure["AL", "*"])
    assert shown.title == "Tabela nationality*sex"


def test_groups_stand_above_their_members_and_are_told_apart() -> None:
    rows = [(row.label, row.kind) for row in turned("nationality", "sex").rows]
    assert rows == [
        ("Shqipëri", ""),
        ("region", "part"),
        ("XK", "in"),
        ("MK", "in"),
        ("Bashkimi Evropian", "part"),
        ("GR", "in"),
        ("RO", "in"),
        ("E panjohur", ""),
        ("Gjithsej", "all"),
    ]


def test_groups_that_come_after_their_members_are_still_above_them() -> None:
    table = sample.release(tables=[["age", "sex"]])["tables"][0]
    shown = turned("age", "sex", rows=table["rows"][::-1])
    labels = [row.label for row in shown.rows]
    assert labels.index("child") < labels.index("0-8")
    assert labels.index("adult") < labels.index("30+")
    assert labels[-1] == "Gjithsej"


def test_three_dimensions_become_blocks_headed_by_their_sum() -> None:
    shown = turned("age", "sex", "permit")
    assert [(row.label, row.kind) for row in shown.rows[:3]] == [
        ("child", "part"),
        ("Gra dhe vajza", "in"),
        ("masculine", "in"),
    ]
    assert [row.label for row in shown.rows[-3:]] == ["Gjithsej", "Gra dhe vajza", "masculine"]
    assert shown.heading == "Age / Sex"
    assert shown.title == "Age × Sex × Permit"
    assert len(shown.rows) == 3 * (len(sample.CODES["age"]) + 1)


def test_one_dimension_and_the_mere_total_are_tables_too() -> None:
    one = turned("nationality")
    assert [len(row.figures) for row in one.rows] == [1] * len(one.rows)
    assert [column.label for column in one.columns] == ["Gjithsej"]
    total = turned()
    assert [(row.label, row.figures) for row in total.rows] == [("Gjithsej", (200,))]
    assert total.ways == 0


def test_empty_rows_stay_and_only_what_cannot_occur_is_a_dash() -> None:
    empty = sample.release(people=0, tables=[["nationality", "permit"]])["tables"][0]
    shown = matrix(empty, words=sample.words(), groups=sample.GROUPS, impossible=sample.impossible)
    assert shown.rows[0].figures == (0, None, 0)
    assert [row.figures for row in shown.rows[1:]] == [(0, 0, 0)] * 8


def test_only_a_table_of_many_columns_takes_the_long_side_of_the_paper() -> None:
    assert turned("nationality", "country").wide
    assert not turned("nationality", "sex").wide


def test_the_total_is_the_one_of_the_release() -> None:
    assert grand_total(sample.release(people=35)) == 35
    assert grand_total({"tables": []}) is None


def rows_of(**figures: int) -> dict[str, Any]:
    rows = [{"nationality": code, "value": figure} for code, figure in figures.items()]
    total = {"nationality": "*", "value": sum(figures.values())}
    return {"tables": [{"name": "n", "dimensions": ["nationality"], "rows": [*rows, total]}]}


def test_a_finding_names_the_largest_group_only_when_rounding_cannot_hide_another() -> None:
    clear = finding(rows_of(AL=80, region=60), "nationality", words=sample.words(), groups=sample.GROUPS)
    assert clear
    assert (clear.label, clear.figure, clear.total) == ("Shqipëri", 80, 140)
    close = finding(rows_of(AL=80, region=65), "nationality", words=sample.words(), groups=sample.GROUPS)
    assert close
    assert close.label == ""


def test_a_finding_shows_groups_without_their_members() -> None:
    found = finding(rows_of(AL=80, eu=10, GR=5, RO=5), "nationality", words=sample.words(), groups=sample.GROUPS)
    assert found
    assert found.rows == (("Shqipëri", 80), ("Bashkimi Evropian", 10))


def test_there_is_no_finding_about_nobody_or_about_another_dimension() -> None:
    assert finding(rows_of(AL=0, eu=0), "nationality", words=sample.words(), groups=sample.GROUPS) is None
    assert finding(rows_of(AL=5, eu=5), "sex", words=sample.words(), groups=sample.GROUPS) is None


def test_a_table_and_its_view_by_groups_are_shown_once_where_both_are_by_groups() -> None:
    rows = [{"nationality": n, "sex": s, "value": v} for n, s, v in (("eu", "f", 5), ("*", "f", 5), ("*", "*", 5))]
    by_groups = [{**row, "group": row["nationality"]} for row in rows]
    for row in by_groups:
        del row["nationality"]
    tables = [
        {"name": "nationality*sex", "dimensions": ["nationality", "sex"], "rows": rows},
        {"name": "group*sex", "dimensions": ["group", "sex"], "rows": by_groups},
        {"name": "other", "dimensions": ["group", "sex"], "rows": [{**by_groups[0], "value": 10}, *by_groups[1:]]},
    ]
    words = Words(lambda _, member: member, str, lambda table: table["name"], "all")
    shown = in_order({"tables": tables}, words=words, groups={}, impossible=lambda _: False)
    assert [name for name, _ in shown] == ["nationality*sex", "other"]
