"""How a command prints: its answer on standard output, remarks on standard error, and the two options that change it.

Every command has `--quiet` (`quiet_everywhere`); one whose answer is no file has `--json` (`json_option`), and the keys
that its option names are the keys that it prints.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable
from functools import cache
from typing import IO, Any

import click

from nrm.domain.unseen import escaped

_QUIET, _JSON = "nrm.quiet", "nrm.json"


def tell(line: object, *, err: bool = False) -> None:
    """Print one line, with every character that nobody sees written out (`<U+202E>`)."""
    click.echo(escaped(str(line)), err=err)


def remark(line: object) -> None:
    """Say on standard error what nobody has to act upon: left out by `--quiet`."""
    if not is_quiet():
        tell(line, err=True)


def is_quiet() -> bool:
    """Whether the command was called with `--quiet`."""
    context = click.get_current_context(silent=True)
    return context is not None and bool(context.meta.get(_QUIET))


def coloured(text: str, colour: str, stream: IO[str]) -> str:
    """The text in that colour where a terminal shows it, and NO_COLOR is not set (no-color.org)."""
    dull = os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb" or not stream.isatty()
    return text if dull else click.style(text, fg=colour)


class _Json(click.Option):
    """`--json`; `keys`: those of the object that it prints."""

    def __init__(self, *given: Any, keys: tuple[str, ...], **named: Any) -> None:
        super().__init__(*given, **named)
        self.keys = keys


def json_option(*keys: str, lines: bool = False, always: bool = False) -> Callable[[Any], Any]:
    """`--json`: one JSON object with these keys, or one a line. `always`: it is printed without the option, too.

    The command prints by `answer`, or asks `wants_json`.
    """
    what = "A JSON object a line" if lines else "One JSON object, as without it" if always else "One JSON object"

    def remember(context: click.Context, _: click.Parameter, value: bool) -> None:
        context.meta[_JSON] = value

    return click.option(
        "--json",
        cls=_Json,
        keys=keys,
        is_flag=True,
        expose_value=False,
        callback=remember,
        help=f"{what}: {', '.join(keys)}.",
    )


@cache
def json_keys(command: click.Command) -> tuple[str, ...] | None:
    """The keys of what the command prints with `--json`; None where it has no such option."""
    return next((each.keys for each in command.params if isinstance(each, _Json)), None)


def wants_json() -> bool:
    """Whether the command was called with `--json`."""
    context = click.get_current_context(silent=True)
    return context is not None and bool(context.meta.get(_JSON))


def answer(lines: Iterable[object], /, **values: Any) -> None:
    """Print what was asked for: `lines`, or with `--json` an object with the keys that the command's option names."""
    context = click.get_current_context()
    keys = json_keys(context.command)
    if keys is None or values.keys() != set(keys):
        raise TypeError(f"--json names {keys}")
    if context.meta.get(_JSON):
        click.echo(json.dumps({key: values[key] for key in keys}, ensure_ascii=False))
        return
    for line in lines:
        tell(line)


def quiet_everywhere(command: click.Command) -> click.Command:
    """The command, and each one below it, with `--quiet`."""
    if isinstance(command, click.Group):
        for each in command.commands.values():
            quiet_everywhere(each)
    elif not any("--quiet" in each.opts for each in command.params):
        command.params.append(
            click.Option(
                ["-q", "--quiet"],
                is_flag=True,
                expose_value=False,
                is_eager=True,
                callback=_remember_quiet,
                help="Say nothing but the answer, and what has to be put right.",
            )
        )
    return command


def _remember_quiet(context: click.Context, _: click.Parameter, value: bool) -> None:
    context.meta[_QUIET] = value
