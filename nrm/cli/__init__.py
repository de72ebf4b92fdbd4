"""The commands.

Exit codes: 0 ok; 1 findings, or some lines failed; 2 bad usage or input, or a disk that is full or closed, said in one
line; 3 refused by protection, or not released; 130 stopped by Ctrl-C; 141 nobody reads its output any more.
"""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Iterator
from importlib import import_module
from typing import Any, NamedTuple, cast

import click
from click.shell_completion import CompletionItem

from nrm import extras
from nrm.cli import wiping
from nrm.cli.said.failures import NOBODY_READS, STOPPED, ended_by
from nrm.cli.telling import quiet_everywhere
from nrm.domain.unseen import escaped


class Entry(NamedTuple):
    """A command as `nrm --help` lists it, and where it is: a module and an object of it.

    The module is imported when the command is called: tables and solvers alone take more than a second.
    """

    place: str
    help: str


COMMANDS = {
    "init": Entry("instance.init", "Make an instance; prints its first invitation link."),
    "demo": Entry("demo.demo", "Make a demo country of invented people, and serve it."),
    "serve": Entry("serving.serve", "Serve the instance until stopped."),
    "upgrade": Entry("instance.upgrade", "Bring an instance to this version of the program."),
    "tend": Entry("serving.tend", "Do all that time brings: expiry, destroyed keys."),
    "doctor": Entry("doctor.doctor", "Say what is wrong with an instance, and what to do."),
    "interviews": Entry("interviews.interviews", "Take interviews in from a file."),
    "stays": Entry("stays.stays", "Take residents in from a file."),
    "questionnaire": Entry("questionnaires.questionnaire", "Check and compare questionnaires."),
    "mou": Entry("agreements.mou", "Check, compare and try agreements."),
    "report": Entry("reports.report", "Protected reports of a quarter."),
    "audit": Entry("audit.audit", "Check the record of what was done, and by whom."),
    "protect": Entry("protect.protect", "Publish tables that nobody can be found in."),
    "monitoring": Entry("monitoring.monitoring", "Draw the interviews that are monitored."),
    "keys": Entry("keys.keys", "The keyrings of organisations."),
    "keylog": Entry("keylog.keylog", "Which keys there are, and who vouched for them."),
    "backup-key": Entry("backups.backup_key", "Make the key of one who keeps backups."),
    "backup": Entry("backups.backup", "Write both databases, while others go on working."),
    "restore": Entry("backups.restore", "Make an instance from a backup."),
    "drill": Entry("backups.drill", "Restore the newest backup for trial, and remove it."),
    "erase-expired": Entry("erasures.erase_expired", "Erase what is kept no longer than now."),
    "match": Entry("matching.match", "Try how well matching finds names again."),
    "country": Entry("country.country", "Check, copy and change the files of a country."),
    "translations": Entry("translations.translations", "The sentences of the program for translators."),
}


HOLDS_NAMES = "serve"
"""It unseals, for hours, in one process: it runs where freed memory is wiped."""


class _Stopped(click.ClickException):
    exit_code = STOPPED


class _Unread(click.ClickException):
    exit_code = NOBODY_READS  # click itself would end with 1, which means findings


class _Commands(click.Group):
    def make_context(self, *given: Any, **named: Any) -> click.Context:
        try:
            return super().make_context(*given, **named)
        except BrokenPipeError:
            raise _Unread("") from None

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            raise _Stopped("stopped") from None
        except BrokenPipeError:
            raise _Unread("") from None

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - as click calls it
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - as click calls it
        if cmd_name not in COMMANDS:
            return None
        module, _, name = COMMANDS[cmd_name].place.partition(".")
        try:
            found = getattr(import_module(f"nrm.cli.{module}"), name)
        except ModuleNotFoundError as error:
            if extras.is_missing(error):
                raise extras.NotInstalled from None
            raise
        return quiet_everywhere(cast("click.Command", found))

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - as click calls it
        with formatter.section("Commands"):
            formatter.write_dl([(name, entry.help) for name, entry in COMMANDS.items()])

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        names = [
            CompletionItem(name, help=entry.help) for name, entry in COMMANDS.items() if name.startswith(incomplete)
        ]
        return names + click.Command.shell_complete(self, ctx, incomplete)  # without asking each command's module


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="nrm", prog_name="nrm", message="%(prog)s %(version)s")
def nrm() -> None:
    """A National Referral Mechanism for victims of human trafficking.

    Completion in a shell: eval "$(_NRM_COMPLETE=bash_source nrm)", or zsh_source, fish_source.
    """


def leaves(command: click.Command = nrm, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """Every command that does something, by the words that call it."""
    if not isinstance(command, click.Group):
        yield path, command
        return
    context = click.Context(command)
    for name in command.list_commands(context):
        found = command.get_command(context, name)
        if found is not None:
            yield from leaves(found, (*path, name))


def main() -> None:
    """Run a command; whatever goes wrong is one line on standard error."""
    open_what_is_closed()
    wiping.leave_no_core()
    os.umask(0o077)  # whatever is written is for this user alone
    if sys.argv[1:2] == [HOLDS_NAMES]:
        wiping.begin_again()
        gc.disable()  # a quarter of the start was walks through what stays anyway; the server turns it on again
    try:
        code = nrm.main(standalone_mode=False)
        sys.stdout.flush()  # a full disk shows here, while it can still be said
    except click.exceptions.NoArgsIsHelpError as error:
        for line in error.format_message().splitlines():
            print(escaped(line), file=sys.stderr)  # noqa: T201
        code = error.exit_code
    except BaseException as error:
        if isinstance(error, SystemExit):
            raise
        code = ended_by(error)
        _let_go_of_output()
    finally:
        gc.enable()
    sys.exit(code if isinstance(code, int) else 0)


def open_what_is_closed() -> None:
    """Put something in the place of a standard stream that was closed: else the next file that is opened, as that of a
    database, gets its number. An answer cannot be written there, which ends the command; a remark can, and is lost."""
    for number, name, flags in ((0, "stdin", os.O_RDONLY), (1, "stdout", os.O_RDONLY), (2, "stderr", os.O_WRONLY)):
        if getattr(sys, name) is not None:
            continue
        opened = os.open(os.devnull, flags)
        if opened == number:
            os.set_inheritable(number, True)
        else:
            os.dup2(opened, number)
            os.close(opened)
        mode = "r" if name == "stdin" else "w"
        setattr(sys, name, open(number, mode, encoding="utf-8", closefd=False))  # noqa: SIM115 - until the end


def _let_go_of_output() -> None:
    """Give up what could not be written: Python would try again at its end, and say so in lines of its own."""
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
