"""The commands.

Exit codes: 0 ok; 1 findings, or some lines failed; 2 bad usage or input, said in one line; 3 refused by protection.
"""

from __future__ import annotations

import os
import sys

import click

from nrm import faults
from nrm.cli import agreements, audit, demo, instance, interviews, protect, reports, serving
from nrm.cli.usage import Refused


@click.group()
def nrm() -> None:
    """A National Referral Mechanism for victims of human trafficking."""


for command in (
    instance.init,
    demo.demo,
    serving.serve,
    serving.tend,
    interviews.interviews,
    agreements.mou,
    reports.report,
    audit.audit,
    protect.protect,
):
    nrm.add_command(command)


def main() -> None:
    """Run a command; whatever goes wrong is one line on standard error."""
    os.umask(0o077)  # whatever is written is for this user alone
    try:
        code = nrm.main(standalone_mode=False)
    except click.exceptions.Abort:
        print("nrm: stopped", file=sys.stderr)  # noqa: T201
        code = 2
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
