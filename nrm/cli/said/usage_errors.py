"""How wrong options and arguments are told: what is meant, then what is wrong with it, then what to do, in one line.

Click says them in its own words, which name its kinds of values, and in a shape that no other refusal has.
"""

from __future__ import annotations

import re
from difflib import SequenceMatcher

import click

_NEAR = 0.8  # of two words that are alike: --qiet and --quiet, but not --wrong and --json
_OF_PATHS = {
    "does not exist": "there is no such {kind}",
    "is a file": "is a file; name a folder",
    "is a directory": "is a folder; name a file",
    "is not readable": "this user may not read it; call the command as the user to whom it belongs",
    "is not writable": "this user may not write there",
}
_INVITED = "people are invited on the page Colleagues, the first administrator by the link of `nrm init`"
_OWN = "everybody changes their own on the page Change my password; a colleague lets in who has lost it"
_OF_PEOPLE = {
    **dict.fromkeys(("invite", "user", "users", "member", "members", "account", "accounts", "adduser"), _INVITED),
    **dict.fromkeys(("passwd", "password", "passwords"), f"{_OWN}; {_INVITED}"),
}
"""No command does it: what looks like one, as `init` does, is not to be guessed."""
_PATH = re.compile(rf"^(File|Directory|Path) '(.*)' ({'|'.join(_OF_PATHS)})\.$", re.DOTALL)
_EXTRA = re.compile(r"^Got unexpected extra arguments? \((.*)\)$", re.DOTALL)
_KINDS = {"File": "file", "Directory": "folder", "Path": "file or folder"}


def told(error: click.UsageError) -> str:
    """The line of an error of usage."""
    more = f"`{error.ctx.command_path} -h` says what it takes" if error.ctx else "-h says what the command takes"
    if isinstance(error, click.NoSuchOption):
        if error.ctx and (argument := _argument(error.option_name, error.ctx.command)):
            written = f"`{error.ctx.command_path} {argument}`"
            return f"{error.option_name}: there is no such option; write {argument} without it: {written}"
        return f"{error.option_name}: there is no such option; {_near(error.option_name, error.possibilities) or more}"
    if isinstance(error, click.NoSuchCommand):
        group = error.ctx.command if error.ctx else None
        if error.ctx and error.ctx.parent is None and (people := _OF_PEOPLE.get(error.command_name.lower())):
            return f"{error.command_name}: there is no such command; {people}"
        there = group.list_commands(error.ctx) if isinstance(group, click.Group) and error.ctx else []
        return f"{error.command_name}: there is no such command; {_near(error.command_name, there) or more}"
    if isinstance(error, click.MissingParameter):
        return f"{_name(error)}: is missing{_choices(error.param)}{_setting(error.param)}; {more}"
    if isinstance(error, click.BadParameter):
        return f"{_name(error)}: {_wrong(error)}"
    if isinstance(error, click.BadOptionUsage):
        return f"{error.option_name}: {'needs a' if 'requires' in error.message else 'takes no'} value; {more}"
    if found := _EXTRA.match(error.message):
        return f"{found[1]}: is more than the command takes; {more}"
    return error.format_message()


def _name(error: click.BadParameter) -> str:
    """The option or argument as `--help` writes it."""
    param = error.param
    if isinstance(param, click.Option):
        return max(param.opts, key=len)
    if param is not None and param.metavar:
        return param.metavar
    return str(param.human_readable_name if param is not None else error.param_hint)


def _argument(option: str, command: click.Command) -> str:
    """The argument, as `--help` writes it, that is named like an option that is not there."""
    for each in command.params:
        if isinstance(each, click.Argument) and f"--{each.name}" == option:
            return each.metavar or each.human_readable_name.upper()
    return ""


def _near(word: str, others: list[str] | None) -> str:
    near = max(others or [""], key=lambda other: SequenceMatcher(None, word, other).ratio())
    return f"is {near} meant?" if SequenceMatcher(None, word, near).ratio() >= _NEAR else ""


def _choices(param: click.Parameter | None) -> str:
    kind = param.type if param is not None else None
    return f" (one of {', '.join(map(str, kind.choices))})" if isinstance(kind, click.Choice) else ""


def _setting(param: click.Parameter | None) -> str:
    return f", and {param.envvar} is not set" if param is not None and isinstance(param.envvar, str) else ""


def _wrong(error: click.BadParameter) -> str:
    kind = error.param.type if error.param is not None else None
    if found := _PATH.match(error.message):
        return f"{found[2]}: {_OF_PATHS[found[3]].format(kind=_KINDS[found[1]])}"
    if isinstance(kind, click.Choice) and (given := re.match(r"^'(.*?)' is not", error.message, re.DOTALL)):
        return f"`{given[1]}` is not one of {', '.join(map(str, kind.choices))}"
    return error.message
