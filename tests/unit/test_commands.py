"""`nrm` without a command: quick, and true to what its commands say of themselves."""

from __future__ import annotations

import subprocess
import sys

import click
import pytest
from click.testing import CliRunner

from nrm.cli import COMMANDS, nrm

# What takes a second to load and says nothing about which commands there are.
HEAVY = {"flask", "numpy", "sqlalchemy", "weasyprint", "cryptography"}
PROGRAM = """
import sys
from nrm.cli import main
try:
    main()
finally:
    print("loaded", *sys.modules, file=sys.stderr)
"""


@pytest.mark.parametrize("word", ["-h", "--help", "--version"])
def test_help_and_version_load_no_table_and_no_solver(word: str) -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM, word], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout
    assert not HEAVY & set(done.stderr.split("loaded ")[1].split())


def test_help_names_each_command_with_what_it_does() -> None:
    said = CliRunner().invoke(nrm, ["--help"]).stdout
    for name, entry in COMMANDS.items():
        assert f"{name} " in said
        assert entry.help in " ".join(said.split())


@pytest.mark.parametrize("name", COMMANDS)
def test_each_command_that_is_listed_is_there_and_answers_to_both_words_for_help(name: str) -> None:
    command = nrm.get_command(click.Context(nrm), name)
    assert command is not None
    assert command.name == name
    assert command.help
    command._help_option = None  # click keeps the one of the first call, which in another test was without `nrm`
    answers = [CliRunner().invoke(nrm, [name, word]) for word in ("-h", "--help")]
    assert [answer.exit_code for answer in answers] == [0, 0]
    assert answers[0].stdout == answers[1].stdout


def test_a_shell_completes_names_without_loading_their_modules(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nrm, "get_command", lambda *_: pytest.fail("a module was loaded"))
    context = click.Context(nrm)
    assert [item.value for item in nrm.shell_complete(context, "back")] == ["backup-key", "backup"]
    assert "--version" in [item.value for item in nrm.shell_complete(context, "--")]
