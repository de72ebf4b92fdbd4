"""The commands.

Exit codes: 0 ok; 1 findings, or some lines failed; 2 bad usage or input, said in one line; 3 refused by protection;
130 stopped by Ctrl-C.
"""

from __future__ import annotations

import os
import sys
from importlib import import_module
from typing import cast

import click

from nrm import faults
from nrm.cli.usage import Refused

COMMANDS = {
    "init": "instance.init",
    "demo": "demo.demo",
    "serve": "serving.serve",
    "upgrade": "instance.upgrade",
    "tend": "serving.tend",
    "interviews": "interviews.interviews",
    "stays": "stays.stays",
    "questionnaire": "questionnaires.questionnaire",
    "mou": "agreements.mou",
    "report": "reports.report",
    "audit": "audit.audit",
    "protect": "protect.protect",
    "match": "matching.match",
    "monitoring": "monitoring.monitoring",
    "keys": "keys.keys",
    "keylog": "keylog.keylog",
    "backup-key": "backups.backup_key",
    "backup": "backups.backup",
    "restore": "backups.restore",
    "drill": "backups.drill",
    "erase-expired": "erasures.erase_expired",
}
"""Name -> module and object; a module is imported when its command is called: the solvers alone take half a second."""


STOPPED = 130  # as a shell says it of a command that Ctrl-C ended


class _Stopped(click.ClickException):
    exit_code = STOPPED


class _Commands(click.Group):
    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            raise _Stopped("stopped") from None

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - as click calls it
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - as click calls it
        if cmd_name not in COMMANDS:
            return None
        module, _, name = COMMANDS[cmd_name].partition(".")
        return cast("click.Command", getattr(import_module(f"nrm.cli.{module}"), name))


@click.group(cls=_Commands)
@click.version_option(package_name="nrm", prog_name="nrm", message="%(prog)s %(version)s")
def nrm() -> None:
    """A National Referral Mechanism for victims of human trafficking."""


def main() -> None:
    """Run a command; whatever goes wrong is one line on standard error."""
    os.umask(0o077)  # whatever is written is for this user alone
    try:
        code = nrm.main(standalone_mode=False)
    except KeyboardInterrupt:
        print("nrm: stopped", file=sys.stderr)  # noqa: T201
        code = STOPPED
    except click.exceptions.Abort as error:
        print("nrm: stopped", file=sys.stderr)  # noqa: T201
        code = STOPPED if isinstance(error.__context__, KeyboardInterrupt) else 2
    except click.ClickException as error:
        print(f"nrm: {error.format_message()}", file=sys.stderr)  # noqa: T201
        code = error.exit_code
    except Refused as error:
        print(f"nrm: {error}", file=sys.stderr)  # noqa: T201
        code = error.code
    except Exception as error:  # noqa: BLE001 - a traceback would repeat what was in the data
        print(f"nrm: unexpected {faults.described(error)}", file=sys.stderr)  # noqa: T201
        code = 1
    sys.exit(code if isinstance(code, int) else 0)
