"""The benchmarks run: what is measured once in a while is else noticed to be broken when it is needed."""

from __future__ import annotations

import re
from types import ModuleType

import pytest

from bench import agreements, audit, before, forms, keylog, keys, linkage, sealing, tabulation, vault

SMALL: list[tuple[ModuleType, dict[str, object]]] = [
    (agreements, {"ROUTES": 20, "CASES": 20, "GROWN": (2, 3)}),
    (audit, {"ENTRIES": 50}),
    (before, {"PEOPLE": 20}),
    (forms, {"ROUNDS": 2}),
    (keylog, {"ENTRIES": 40, "ACCEPTED": 1}),
    (keys, {"GRANTS": 4, "COMPARTMENTS": 2, "SIGN_INS": 1, "MEMORY_KIB": 64}),
    (linkage, {"SIZES": (2_000,), "DIFFERENT": 200, "found": lambda: None}),
    (sealing, {"ROUNDS": 2}),
    (tabulation, {"NUMBER": 3_000}),
    (vault, {"ROUNDS": 2, "AT_ONCE": 2}),
]


@pytest.mark.slow
@pytest.mark.parametrize(("module", "small"), SMALL, ids=[module.__name__ for module, _ in SMALL])
def test_a_benchmark_measures_something_against_its_anchor(
    module: ModuleType, small: dict[str, object], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, value in small.items():
        monkeypatch.setattr(module, name, value)
    module.main()
    printed = capsys.readouterr().out
    assert re.search(r"anchor|DuckDB|bare scan", printed)
    assert re.search(r"\d x|1/\d", printed)
    assert "-0." not in printed
    assert "nan" not in printed
