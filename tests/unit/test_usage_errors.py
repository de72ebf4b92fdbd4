"""Wrong options and arguments: one shape, plain words, and what to do; of every command."""

from __future__ import annotations

from typing import Any

import click
import pytest

from nrm.cli import leaves, nrm
from nrm.cli.said import usage_errors
from nrm.cli.said.kinds import DAY, Whole

LEAVES = {" ".join(path): command for path, command in leaves()}
# Words of the library for its kinds of values.
TECHNICAL = ("Invalid value", "valid integer", "<=", "%Y", "does not match", "No such", "Missing", "Error", "Got un")


def told(*words: str) -> str:
    with pytest.raises(click.UsageError) as caught:
        nrm.main(list(words), prog_name="nrm", standalone_mode=False)
    line = usage_errors.told(caught.value)
    assert caught.value.exit_code == 2
    assert "\n" not in line
    assert not [word for word in TECHNICAL if word in line], line
    return line


@pytest.mark.parametrize(
    ("words", "line"),
    [
        ("demo --dir a --people x", "--people: `x` is not a whole number from 0 to 20000"),
        ("demo --dir a --people -3", "--people: `-3` is not a whole number from 0 to 20000"),
        ("demo --dir a --seed x", "--seed: `x` is not a whole number"),
        ("demo --dir a --trainee two", "--trainee: `two` is not a whole number from 1 to 20"),
        ("demo --dir a --until 2026-02-31", "--until: `2026-02-31` is not a date such as 2026-01-31"),
        ("mou simulate --dir a --from 31.2.2026 --to x", "--from: `31.2.2026` is not a date such as 2026-01-31"),
        ("doctor --wrong", "--wrong: there is no such option; `nrm doctor -h` says what it takes"),
        ("doctor --qiet", "--qiet: there is no such option; is --quiet meant?"),
        ("doktor", "doktor: there is no such command; is doctor meant?"),
        *(
            (
                f"{word} bob",
                f"{word}: there is no such command; people are invited on the page Colleagues, the first administrator "
                "by the link of `nrm init`",
            )
            for word in ("invite", "user", "users", "member")
        ),
        ("initt", "initt: there is no such command; is init meant?"),
        ("keys invite", "invite: there is no such command; `nrm keys -h` says what it takes"),
        (
            "report sign --quarter 2026Q3",
            "--quarter: there is no such option; write QUARTER without it: `nrm report sign QUARTER`",
        ),
        ("report ix --quarters", "--quarters: there is no such option; is --quarter meant?"),
        ("xyz", "xyz: there is no such command; `nrm -h` says what it takes"),
        ("doctor", "--dir: is missing, and NRM_DIR is not set; `nrm doctor -h` says what it takes"),
        ("doctor --dir", "--dir: needs a value; -h says what the command takes"),
        ("doctor --quiet=yes", "--quiet: takes no value; -h says what the command takes"),
        ("doctor --dir a b c", "b c: is more than the command takes; `nrm doctor -h` says what it takes"),
        ("doctor --dir /etc/hosts", "--dir: /etc/hosts: is a file; name a folder"),
        (
            "backup --dir a --to nosuch",
            "--to: nosuch: there is no such folder; mount its disk, or make it: install -d -m 0700 nosuch",
        ),
        ("backup --dir a --to /etc/hosts", "--to: /etc/hosts: is a file; name a folder"),
        ("drill --dir a --to nosuch", "--to: nosuch: there is no such folder"),
        ("protect --spec README.md --out b", "MICRODATA: is missing; `nrm protect -h` says what it takes"),
    ],
)
def test_what_is_wrong_and_what_to_do_is_one_plain_line(words: str, line: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NRM_DIR", raising=False)
    assert told(*words.split()) == line


@pytest.mark.parametrize("word", ["passwd", "password"])
def test_no_command_changes_a_password_and_none_is_guessed(word: str) -> None:
    line = told(word, "bob")
    assert "page Change my password" in line
    assert "meant?" not in line


def options() -> list[tuple[str, click.Parameter]]:
    return [(name, each) for name, command in LEAVES.items() for each in command.params]


def test_every_number_and_every_day_is_of_a_kind_that_says_what_is_wrong_with_it() -> None:
    library: tuple[Any, ...] = (click.types.IntParamType, click.types.FloatParamType, click.DateTime)
    astray = [
        (name, each.name)
        for name, each in options()
        if isinstance(each.type, library) and not isinstance(each.type, Whole)
    ]
    assert astray == []
    assert {each.name for _, each in options() if each.type is DAY} >= {"until", "day", "first", "last"}


@pytest.mark.parametrize("name", LEAVES)
def test_every_command_says_plainly_that_an_option_is_not_there_and_which_one_is_missing(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for setting in ("NRM_DIR", "NRM_DATABASE", "NRM_SHRED_DATABASE"):
        monkeypatch.delenv(setting, raising=False)
    path = name.split()
    assert told(*path, "--no-such-thing").startswith("--no-such-thing: there is no such option; ")
    if any(each.required for each in LEAVES[name].params):
        assert ": is missing" in told(*path)
