"""What an attacker reads off a release."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from nrm.statistics.reading import Crowd, matcher
from tests.unit.statistics.sets import small

SET = small(flow=True)
CODES = {root: SET.dimensions[root].codes for root in SET.roots}
people = st.lists(st.tuples(*(st.sampled_from(codes) for codes in CODES.values())), max_size=30)
wheres = st.fixed_dictionaries(
    {}, optional={root: st.frozensets(st.sampled_from([*codes, "of nobody"])) for root, codes in CODES.items()}
)


@settings(max_examples=60)
@given(people, wheres)
def test_a_crowd_counts_whom_the_predicate_matches(records: list[tuple[str, ...]], where: dict[str, frozenset[str]]):
    matches = matcher(SET)
    assert Crowd(SET, records).number(where) == sum(matches(record, where) for record in records)
