"""Report ix of a quarter as SQL for DuckDB: what the program does by its rules (`domain/reports/tabulation.py`).

It says of each person the same as the program, for the made-up people of `bench tabulation`: without permits,
corrections, changes of age and what was found of earlier stays, of which these people have none.
"""

from __future__ import annotations

from collections.abc import Collection

from nrm.domain.quarters import Quarter
from nrm.domain.reports import exploitation as told
from nrm.domain.reports.tabulation import DIMENSIONS, NOT_WITNESSES, Classification
from nrm.domain.shelter.cases import AGE_BANDS, GENDERS
from nrm.domain.shelter.matching import Repeat
from nrm.domain.shelter.stays import LENGTHS, length_bucket
from nrm.domain.shelter.testimony import WitnessStatus

COLUMNS = ("person", *DIMENSIONS)
_LISTS = ("exploitation", "labour", "sexual", "means_of_control")
_SHAPE = ", ".join(f'"{name}": ["VARCHAR"]' for name in _LISTS) + ', "recruiter_relation": "VARCHAR"'


def _in(codes: Collection[str]) -> str:
    return ", ".join(f"'{code}'" for code in sorted(codes))


def _listed(column: str, codes: Collection[str]) -> str:
    country = f"WHEN regexp_full_match({column}, '[A-Z]{{2}}') THEN 'other'"
    return f"CASE WHEN {column} IN ({_in(codes)}) THEN {column} {country} ELSE 'unknown' END"


def _known(column: str, codes: Collection[str], other: str) -> str:
    return f"CASE WHEN {column} IN ({_in(codes)}) THEN {column} ELSE '{other}' END"


def _yes(condition: str) -> str:
    return f"CASE WHEN {condition} THEN 'yes' ELSE 'no' END"


def _kind(column: str, known: Collection[str]) -> str:
    kinds = f"list_intersect({column}, [{_in(known)}])"
    return f"CASE len({kinds}) WHEN 0 THEN '{told.NOT_SAID}' WHEN 1 THEN {kinds}[1] ELSE '{told.SEVERAL}' END"


def _bucket(nights: str) -> str:
    longest = [max(n for n in range(400) if length_bucket(n) == name) for name in LENGTHS[:-1]]
    cases = " ".join(f"WHEN {nights} <= {most} THEN '{name}'" for most, name in zip(longest, LENGTHS, strict=False))
    return f"CASE {cases} ELSE '{LENGTHS[-1]}' END"


def _exploitation() -> dict[str, str]:
    first = " ".join(f"WHEN list_contains(named, '{form}') THEN '{form}'" for form in (*told.ORDER, told.OTHER))
    labour = _in(told.LABOUR)
    rest = f"list_filter(named, lambda x: x <> main AND NOT (main IN ({labour}) AND x IN ({labour})))"
    sexual, labours = _kind("told.sexual", told.SEXUAL), _kind("told.labour", told.LABOURS)
    return {
        "first": f"CASE {first} ELSE '{told.UNKNOWN}' END",
        "sexual_kind": f"CASE WHEN list_contains(named, 'sexual_exploitation') THEN {sexual} ELSE '{told.NONE}' END",
        "labour_kind": f"CASE WHEN list_has_any(named, [{labour}]) THEN {labours} ELSE '{told.NONE}' END",
        **{name: _yes(f"list_has_any({rest}, [{_in(forms)}])") for name, forms in told.BESIDES.items()},
        **{name: _yes(f"list_has_any(told.means_of_control, [{_in(means)}])") for name, means in told.CONTROL.items()},
        "recruiter": _known("told.recruiter_relation", told.RECRUITERS, told.UNKNOWN),
    }


def people(quarter: Quarter, listed: Classification) -> str:
    """One row of COLUMNS for each person who counts."""
    start, end = f"DATE '{quarter.start}'", f"DATE '{quarter.end}'"
    known = f"admitted_on <= {end} AND known_on <= {end} AND taken_back_on IS NULL"
    said = _exploitation()
    printed = {
        "person": "replace(CAST(case_id AS VARCHAR), '-', '')",
        "nationality": _listed("citizenship", listed.nationalities),
        "sex": _known("gender", GENDERS, "unknown"),
        "age_band": _known("age_band", AGE_BANDS, "unknown"),
        "country_of_trafficking": _listed("exploited_in", listed.countries),
        "stay_bucket": _bucket("nights"),
        "stay_status": "CASE WHEN there THEN 'still_there' ELSE 'left' END",
        "arrival": "CASE WHEN opening THEN 'opening' ELSE 'admitted' END",
        "protection": f"CASE WHEN status IS NULL OR status IN ({_in(NOT_WITNESSES)}) THEN 'none' ELSE 'witness' END",
        "repeat": _known("repeat", list(Repeat), Repeat.NOT_CHECKED),
        "exploitation": "main",
        **said,
    }
    lists = ", ".join(f"{name} := coalesce(told.{name}, [])" for name in _LISTS)
    return f"""
WITH wanted AS MATERIALIZED (
    SELECT DISTINCT case_id FROM stays
    WHERE {known} AND (ended_on IS NULL OR ended_on >= {start} OR known_on >= {start})
),
stayed AS (
    SELECT case_id, list(
        {{'a': admitted_on, 'e': ended_on, 'k': known_on, 'p': anticipated_end_on}}
        ORDER BY admitted_on DESC, ended_on DESC NULLS FIRST
    ) AS every
    FROM stays SEMI JOIN wanted USING (case_id) WHERE {known} GROUP BY case_id
),
last AS (
    SELECT case_id, every[1] AS stay, coalesce(every[1].e > {end}, true) AS there,
        list_reduce(every, lambda x, y: CASE WHEN y.e = x.a THEN y ELSE x END).a AS first_day,
        len(list_filter(
            every, lambda x: x.k < {start} AND x.a < {start} AND coalesce(x.e >= {start}, true)
        )) > 0 AS opening
    FROM stayed
),
held AS (
    SELECT case_id, there, opening, CASE WHEN there THEN {end} ELSE stay.e END AS day,
        CASE WHEN there THEN greatest(stay.p, {end}) ELSE stay.e END - first_day AS nights
    FROM last
),
witness AS (
    SELECT case_id, arg_max(status, (happened_on, position)) AS status FROM testimony JOIN held USING (case_id)
    WHERE happened_on <= day AND status <> '{WitnessStatus.LEFT_WITNESS_PROTECTION}' GROUP BY case_id
),
read AS (
    SELECT held.*, cases.*, status, from_json(facts, '{{{_SHAPE}}}') AS told
    FROM held JOIN cases ON cases.id = held.case_id LEFT JOIN witness ON witness.case_id = held.case_id
    WHERE coalesce(facts->>'statistics', '') <> 'no' AND source <> 'with_a_victim'
),
filled AS (
    SELECT * REPLACE (struct_pack({lists}, recruiter_relation := told.recruiter_relation) AS told) FROM read
),
named AS (
    SELECT *, list_transform(
        list_filter(told.exploitation, lambda x: NOT regexp_full_match(x, '[0-9]+')),
        lambda x: {_known("x", told.ORDER, told.OTHER)}
    ) AS named, {said["first"]} AS main
    FROM filled
)
SELECT {", ".join(f"{printed[name]} AS {name}" for name in COLUMNS)} FROM named
"""
