"""Files of other people are read in the child process of `nrm.parsing` (ADR 0048): who else parses, and what.

A module that calls a parser stands in the table with its reason, or the test names it. What the commands do with files
that were made to do harm is in `tests/integration/test_every_file_in.py`.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import nrm

TOP = Path(nrm.__file__).parent
PARSERS = {
    "json": {"load", "loads", "JSONDecoder"},
    "tomllib": {"load", "loads"},
    "csv": {"reader", "DictReader"},
    "zipfile": {"ZipFile"},
    "openpyxl": {"load_workbook"},
}
OURS = "What this program wrote itself: under seal, signed, or in its own tables."
CHECKED = "After `parsing.check_json` of the same bytes."
BOUNDED = (
    "In place, because a limit of bytes, columns and lines comes first, and the reader neither recurses nor expands."
)
SHIPPED = "A file that comes with the program, or a text that was taken in through `parsing` and is marked."
WHO = {
    "parsing/__init__.py": "The answer of the child, which is bounded.",
    "parsing/child.py": "The child itself.",
    "actions/accounts/accounts.py": OURS,
    "actions/accounts/key_log.py": OURS,
    "actions/accounts/passkeys.py": OURS,
    "actions/accounts/screen_lock.py": OURS,
    "actions/accounts/shown_secrets.py": OURS,
    "actions/agreement/agreement_versions.py": SHIPPED,
    "actions/following.py": SHIPPED,
    "actions/reports/joint_report.py": OURS,
    "actions/reports/reports.py": OURS,
    "audit.py": OURS,
    "catalogues.py": SHIPPED,
    "cli/csv_files.py": BOUNDED,
    "cli/demo.py": OURS,
    "cli/reports.py": CHECKED,
    "cli/stays.py": BOUNDED,
    "cli/usage.py": CHECKED,
    "cli/waiting.py": "What the process that makes the country says to the one that shows how far it is.",
    "countries/__init__.py": SHIPPED,
    "countries/making.py": SHIPPED,
    "countries/questionnaires.py": SHIPPED,
    "countries/texts.py": SHIPPED,
    "domain/checkpoints.py": BOUNDED,
    "domain/interviews/import_lines.py": BOUNDED,
    "domain/reports/file_signatures.py": CHECKED,
    "domain/reports/filings.py": OURS,
    "render/typesetter.py": "The process that typesets: a page of this program's own.",
    "steps/accounts/signing_in.py": OURS,
    "steps/reports/release_building.py": OURS,
    "store/agreement/readiness.py": SHIPPED,
    "store/reports/counting.py": OURS,
    "store/reports/reports.py": OURS,
    "store/support/feedback.py": OURS,
    "store/support/subsidies.py": OURS,
    "vault/backup_files/backups.py": BOUNDED,
    "vault/backup_files/key_checks.py": "The operator's own file; what is no object of texts says nothing.",
    "vault/blobs.py": OURS,
    "vault/backup_files/dumping.py": OURS,
    "vault/erased.py": "Lines of the list with a mark each; the operator's own file.",
    "vault/keylog/files.py": "A line of the file of the key log at a time; its signatures are checked after that.",
    "vault/matching.py": OURS,
    "vault/passkeys.py": "What a browser answers, after a limit of characters.",
    "vault/signing.py": OURS,
    "vault/unattended/request_limits.py": OURS,
    "web/reports/reports.py": OURS,
    "web/reports/trends.py": OURS,
    "web/reports/years.py": OURS,
}


def parsers(source: str) -> Iterator[str]:
    """The calls of parsers, and their functions that are handed on."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            if node.attr in PARSERS.get(node.value.id, ()):
                yield f"{node.value.id}.{node.attr}"
        elif isinstance(node, ast.ImportFrom) and node.module in PARSERS:
            yield from (f"{node.module}.{each.name}" for each in node.names if each.name in PARSERS[node.module])


@pytest.mark.slow
def test_every_module_that_parses_says_why_it_may() -> None:
    found = {
        str(path.relative_to(TOP)) for path in TOP.rglob("*.py") if list(parsers(path.read_text(encoding="utf-8")))
    }
    assert found == set(WHO)


def test_a_parser_is_found_however_it_is_called() -> None:
    assert list(parsers("import json\njson.loads(x)")) == ["json.loads"]
    assert list(parsers("from csv import reader")) == ["csv.reader"]
    assert list(parsers("import json\njson.JSONDecoder().decode(x)")) == ["json.JSONDecoder"]
    assert list(parsers("read(text, tomllib.loads)")) == ["tomllib.loads"]
    assert list(parsers("import json\njson.dumps(x)")) == []


def test_no_page_takes_a_file_but_the_two_that_pass_it_to_the_child() -> None:
    """A workbook or CSV of a filing, and the text of an agreement."""
    found = {
        str(path.relative_to(TOP))
        for path in (TOP / "web").rglob("*.py")
        if "request.files.get" in path.read_text(encoding="utf-8")
    }
    assert found == {"web/agreement/agreements.py", "web/reports/register.py"}
