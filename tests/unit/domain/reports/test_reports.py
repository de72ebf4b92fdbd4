"""When a quarter may be closed, and what a seal covers."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nrm.domain.quarters import Quarter
from nrm.domain.reports import reports as rules

Q1, Q2, Q3 = Quarter(2026, 1), Quarter(2026, 2), Quarter(2026, 3)
FILES = {"csv": b"one", "json": b"two"}
SEAL = {"report": "ix", "quarter": "2026Q1", "released_at": "2026-04-14T09:00:00+00:00"}


def test_a_quarter_can_be_closed_on_the_day_after_its_last_day() -> None:
    rules.check_closing(Q1, last=None, today=date(2026, 4, 1))


def test_a_quarter_cannot_be_closed_on_its_last_day() -> None:
    with pytest.raises(rules.QuarterNotEnded):
        rules.check_closing(Q1, last=None, today=date(2026, 3, 31))


def test_the_first_release_may_be_of_any_quarter_that_has_ended() -> None:
    rules.check_closing(Quarter(2024, 2), last=None, today=date(2026, 4, 1))


@pytest.mark.parametrize("asked", [Quarter(2025, 4), Q3])
def test_after_the_first_release_no_quarter_is_left_out_and_none_is_made_up_for(asked: Quarter) -> None:
    with pytest.raises(rules.QuarterOutOfOrder) as raised:
        rules.check_closing(asked, last=Q1, today=date(2027, 1, 1))
    assert raised.value.expected == Q2


def test_the_quarter_after_the_last_release_is_offered_once_it_has_ended() -> None:
    assert rules.next_to_close(Q1, date(2026, 6, 30)) is None
    assert rules.next_to_close(Q1, date(2026, 7, 1)) == Q2
    assert rules.next_to_close(Q1, date(2027, 2, 1)) == Q2


def test_before_the_first_release_the_last_quarter_that_ended_is_offered() -> None:
    assert rules.next_to_close(None, date(2026, 7, 1)) == Q2


def test_the_report_is_due_days_after_the_last_day() -> None:
    assert rules.due_on(Q1, 14) == date(2026, 4, 14)


@given(st.binary(max_size=20), st.binary(max_size=20))
def test_a_release_whose_files_differ_has_another_hash(left: bytes, right: bytes) -> None:
    hashes = [rules.chain_hash(rules.FIRST_HASH, **SEAL, files={**FILES, "pdf.sq": each}) for each in (left, right)]
    assert (hashes[0] == hashes[1]) == (left == right)


def test_the_hash_covers_the_release_before_the_quarter_and_which_file_is_which() -> None:
    whole = rules.chain_hash(rules.FIRST_HASH, **SEAL, files=FILES)
    exchanged = {"csv": FILES["json"], "json": FILES["csv"]}
    assert whole != rules.chain_hash(bytes([1]) * 32, **SEAL, files=FILES)
    assert whole != rules.chain_hash(rules.FIRST_HASH, **{**SEAL, "quarter": "2026Q2"}, files=FILES)
    assert whole != rules.chain_hash(rules.FIRST_HASH, **SEAL, files=exchanged)
    assert whole == rules.chain_hash(rules.FIRST_HASH, **SEAL, files=dict(reversed(FILES.items())))


def test_what_is_signed_is_the_release_without_its_signatures() -> None:
    release = {"report": "ix", "tables": [{"value": 5}]}
    assert rules.canonical({**release, "signatures": ["x"]}) == rules.canonical(release)
    assert rules.canonical(release) != rules.canonical({**release, "tables": [{"value": 10}]})


def test_findings_survive_the_audit_chain() -> None:
    findings = (("nationality*sex", "A1", "G3"), ("", "shape", "G2"))
    assert rules.findings_of(rules.findings_code(findings)) == findings
    assert rules.findings_of("") == ()
