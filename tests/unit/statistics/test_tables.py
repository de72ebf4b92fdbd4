"""What a description of tables may say, and what each mistake is told."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nrm.statistics.cells import lay_out
from nrm.statistics.description import parse
from nrm.statistics.tables import MalformedMicrodata, MalformedTableSet
from tests.unit.statistics.sets import people, report_ix, small

PLAIN: dict[str, Any] = {
    "dimension": {
        "age": {"column": "age", "codes": ["0-8", "9-17", "18+"], "hierarchy": {"child": ["0-8", "9-17"]}},
        "majority": {"of": "age"},
        "sex": {"column": "sex", "codes": ["f", "m"]},
    },
    "table": [{"by": ["age", "sex"]}],
}

SURVIVAL = {"length": "age", "status": "sex", "ended": "f", "going_on": "m"}


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        (["base"], 3, "base: 3; only 5 is supported"),
        (["tabel"], [], "unknown key 'tabel'"),
        (["dimension"], {}, "dimension: at least one [dimension.NAME] is needed"),
        (["dimension", "a*b"], {"column": "x"}, "dimension.a*b: a name may not be empty nor contain '*'"),
        (["dimension", "value"], {"column": "x"}, "dimension.value: the name is taken"),
        (["dimension", "sex", "column"], 3, "dimension.sex.column: a text is needed"),
        (["dimension", "sex", "codes"], [], "dimension.sex.codes: the classification is empty"),
        (["dimension", "sex", "codes"], ["f", "f"], "dimension.sex.codes: 'f' is there twice"),
        (["dimension", "sex", "codes"], ["f", 1], "dimension.sex.codes: a list of texts is needed"),
        (
            ["dimension", "sex", "codes"],
            ["f", "*"],
            "dimension.sex: '*' stands for the total and cannot be a code or a group",
        ),
        (
            ["dimension", "age", "hierarchy"],
            {"child": ["0-8"], "young": ["0-8"]},
            "dimension.age.hierarchy: code '0-8' is in 'child' and in 'young'",
        ),
        (
            ["dimension", "age", "hierarchy"],
            {"18+": ["18+"]},
            "dimension.age.hierarchy: '18+' is the name of a group and of a code",
        ),
        (
            ["dimension", "age", "hierarchy"],
            {"child": ["0-9"]},
            "dimension.age.hierarchy.child: '0-9' is not in the codes",
        ),
        (["dimension", "age", "hierarchy"], {"child": []}, "dimension.age.hierarchy.child: the group is empty"),
        (["dimension", "age", "recode"], {"x": "y"}, "dimension.age.recode.x: 'y' is not in the codes"),
        (["dimension", "age", "labels"], {"x": {"en": "X"}}, "dimension.age.labels: 'x' is neither a code nor a group"),
        (["dimension", "majority", "of"], "ages", "dimension.majority.of: 'ages' is not a dimension with codes"),
        (["dimension", "majority", "of"], "sex", "dimension.majority.of: 'sex' has no hierarchy"),
        (["dimension", "majority", "codes"], ["x"], "dimension.majority.codes: not allowed beside 'of'"),
        (["table"], [], "table: at least one [[table]] is needed"),
        (["table"], [{"by": ["sex"]}, {"by": ["sex"]}], "table 2: sex is there twice"),
        (["table"], [{"by": ["gender"]}], "table 1.by: there is no dimension 'gender'"),
        (["table"], [{"by": ["age", "majority"]}], "table 1.by: 'majority' and 'age' are the same dimension"),
        (["table"], [{"by": []}], "table 1.by: one to 3 dimensions are allowed, there are 0"),
        (["impossible"], [{"age": "19"}], "impossible 1.age: '19' is neither a code nor a group"),
        (["impossible"], [{}], "impossible 1: names no dimension"),
        (["known"], [{"by": ["x"]}], "known 1.by: there is no dimension 'x'"),
        (["sizes"], [0, 10, 55, 105], "sizes: 10 for 1 dimensions is below 25"),
        (["weights"], [1, 1, 1], "weights: four integers are needed"),
        (["stock_flow"], {"by": ["sex"]}, "stock_flow.arrival: a table of keys is needed"),
        (["adds_up"], "yes", "adds_up: 'yes'; true or false is needed"),
        (["survival"], {"length": "age"}, "survival.status: a text is needed"),
        (["survival"], SURVIVAL | {"x": 1}, "survival: unknown key 'x'"),
        (["survival"], SURVIVAL | {"length": "majority"}, "survival: there is no table by 'majority' and 'sex'"),
        (["survival"], SURVIVAL | {"ended": "x"}, "survival: 'sex' must have exactly the codes ['x', 'm']"),
    ],
)
def test_a_mistake_in_a_description_is_named_with_its_place(path: list[str], value: object, message: str) -> None:
    data = copy.deepcopy(PLAIN)
    place: Any = data
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    with pytest.raises(MalformedTableSet) as caught:
        parse(data)
    assert str(caught.value) == message


def test_a_stock_needs_a_dimension_with_exactly_its_two_codes() -> None:
    end = {"dimension": "age", "opening": "0-8", "admitted": "9-17"}
    with pytest.raises(MalformedTableSet) as caught:
        parse(PLAIN | {"stock_flow": {"by": ["sex"], "arrival": end, "departure": end}})
    assert str(caught.value) == "stock_flow.arrival: 'age' must be a dimension with exactly the codes ['0-8', '9-17']"


@pytest.mark.slow
@given(
    st.recursive(st.none() | st.integers() | st.text(), lambda part: st.lists(part) | st.dictionaries(st.text(), part))
)
@settings(max_examples=100)
def test_any_other_data_is_refused_as_malformed(data: object) -> None:
    with pytest.raises(MalformedTableSet):
        parse({"dimension": {"a": {"column": "a", "codes": data}}, "table": [{"by": ["a", "b"]}]})


def test_a_margin_shared_by_tables_is_one_figure_and_a_view_shares_it_too() -> None:
    layout = lay_out(small())
    first, second = ({row.members: row.cell for row in rows} for _, rows in layout.rows)
    assert first["*", "*"] == second["*", "*", "*"] == 0
    assert first["region", "f"] == second["region", "f", "*"]
    assert first["AL", "m"] == second["AL", "m", "*"]
    assert ("XK", "f", "*") not in second


def test_every_relation_holds_for_true_counts() -> None:
    table_set = small(flow=True)
    layout = lay_out(table_set)
    records, _ = table_set.records(people(table_set, 70, 1))
    counts = layout.membership(records).sum(axis=1)
    assert counts[0] == 70
    assert layout.relations
    for whole, parts in layout.relations:
        assert counts[whole] == counts[list(parts)].sum()


def test_fewer_dimensions_leave_the_margins_of_larger_tables() -> None:
    names = [table.name for table in small().reduced(2).tables]
    assert names == ["nationality*sex", "nationality_group*sex", "nationality_group*age", "sex*age"]
    assert [table.name for table in small().reduced(0).tables] == ["total"]
    assert lay_out(small().reduced(0)).cells == ((),)


def test_groups_alone_leave_no_row_of_a_single_country() -> None:
    cells = lay_out(small().reduced(2, coarse=True)).cells
    assert (("nationality", "region"),) in cells
    assert not any(member in ("XK", "MK", "RO", "BG") for cell in cells for _, member in cell)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([{"age": "child", "sex": "f"}], "record 1, nationality: is missing"),
        (
            [{"nationality": "GR", "age": "child", "sex": "f"}],
            "record 1, nationality: 'GR' is not in the classification",
        ),
        (
            [{"nationality": "AL", "age": "child", "sex": "f"}, {"nationality": "AL", "age": "unknown", "sex": "f"}],
            "record 2, nationality: impossible with nationality, age",
        ),
        (
            [
                {"person": "a", "nationality": "AL", "age": "child", "sex": "f"},
                {"person": "a", "nationality": "AL", "age": "child", "sex": "m"},
            ],
            "record 2, person: the same person was met with other codes",
        ),
    ],
)
def test_a_record_that_does_not_fit_is_named(rows: list[dict[str, str]], message: str) -> None:
    with pytest.raises(MalformedMicrodata) as caught:
        small(impossible=[{"nationality": "AL", "age": "unknown"}]).records(rows)
    assert str(caught.value) == message


def test_a_person_met_twice_is_counted_once() -> None:
    row = {"person": "a", "nationality": "AL", "age": "child", "sex": "f"}
    records, persons = small().records([row, dict(row), {**row, "person": "b"}])
    assert (len(records), persons) == (2, ["a", "b"])


def test_report_ix_is_whole_in_both_languages() -> None:
    table_set = report_ix()
    for name, dimension in table_set.dimensions.items():
        assert set(dimension.title) == {"sq", "en"}, name
        if dimension.of is None:
            assert set(dimension.labels) == {*dimension.codes, *dimension.groups}, name
            assert all(set(texts) == {"sq", "en"} for texts in dimension.labels.values()), name
    assert all(set(table.title) == {"sq", "en"} for table in table_set.tables)


def test_report_ix_prints_no_row_for_a_gender_few_people_have() -> None:
    table_set = report_ix()
    row = people(table_set, 1, 1)[0] | {"sex": "transgender_feminine"}
    records, _ = table_set.records([row, row | {"person": "other", "sex": "non_conforming"}])
    place = table_set.roots.index("sex")
    assert [record[place] for record in records] == ["feminine", "other_or_unknown"]


def test_an_albanian_cannot_hold_a_permit_for_foreigners() -> None:
    table_set = report_ix()
    assert table_set.is_impossible((("nationality", "AL"), ("protection", "trp")))
    assert not table_set.is_impossible((("nationality", "XK"), ("protection", "trp")))
    assert not table_set.is_impossible((("protection", "trp"),))


def test_membership_of_nobody_is_empty() -> None:
    layout = lay_out(small())
    assert np.array_equal(layout.membership([]).sum(axis=1), np.zeros(len(layout.cells)))


@pytest.mark.parametrize(
    "codes", [["0-8", "9-17"], ["0-8", "10-17", "18+"], ["1-8", "9+"], ["0+"], ["0-8", "9+", "18+"]]
)
def test_classes_of_a_survival_curve_follow_one_another(codes: list[str]) -> None:
    data = copy.deepcopy(PLAIN) | {"survival": SURVIVAL}
    data["dimension"]["age"] = {"column": "age", "codes": codes, "hierarchy": {"child": codes[:1]}}
    with pytest.raises(MalformedTableSet, match="classes of days that follow one another are needed"):
        parse(data)


def test_a_survival_curve_has_the_first_day_of_each_class_and_leaves_what_is_no_class() -> None:
    data = copy.deepcopy(PLAIN) | {"survival": SURVIVAL}
    data["dimension"]["age"]["codes"] = ["0-8", "9-17", "18+", "unknown"]
    survival = parse(data).survival
    assert survival
    assert dict(survival.first_days) == {"0-8": 0, "9-17": 9, "18+": 18}
