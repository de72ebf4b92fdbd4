"""Quarterly reports from the command line: close a quarter, read a sealed release, check one."""

from __future__ import annotations

import json
import sys
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from nrm import parsing
from nrm.actions.reports import reports as actions
from nrm.actions.support import subsidies
from nrm.cli.progress import Progress
from nrm.cli.refusals import Refused
from nrm.cli.telling import answer, json_option, tell
from nrm.cli.usage import application, instance_option, login_option, signed_in
from nrm.domain.accounts.accounts import Actor, NotPermitted, NotVisible, Permission
from nrm.domain.quarters import Quarter, UnreadableQuarter
from nrm.domain.reports import file_signatures
from nrm.domain.reports import reports as rules
from nrm.domain.reports.contributions import PartsOutstanding, SilenceUnconfirmed
from nrm.domain.reports.report_list import BY_NAME, JOINT, MAIN, SEALED
from nrm.domain.support.subsidies import is_statement
from nrm.store import days
from nrm.store.countries import country
from nrm.store.reports import reports as store

LARGEST_FILE = 50 * 1024 * 1024
FORMATS = ("json", "csv", "csvw", "xlsx", "pdf")
_DETAIL = {
    "three_way": "tables of up to three characteristics",
    "two_way": "tables of up to two characteristics",
    "two_way_groups": "tables of up to two characteristics, with codes in groups",
    "one_way": "tables of one characteristic each",
    "total": "the number in all alone",
}
"""How detailed a report is, by its step (`nrm.statistics.printed.STEPS`)."""


def parse_quarter(_: click.Context, __: click.Parameter, value: str) -> Quarter:
    try:
        return Quarter.parse(value)
    except UnreadableQuarter as error:
        raise click.BadParameter(str(error)) from None


@click.group()
def report() -> None:
    """Quarterly reports: protected, sealed, never made twice."""


@contextmanager
def _said_in_one_line() -> Iterator[None]:
    try:
        yield
    except NotPermitted:
        raise Refused("--as: this account's role does not do that") from None
    except NotVisible:
        raise Refused("not released: close the quarter first, and let both offices sign", code=3) from None
    except rules.QuarterNotEnded as error:
        raise Refused(f"{error} is not over; it can be closed from the day after its last day") from None
    except rules.QuarterOutOfOrder as error:
        raise Refused(f"quarters are closed in their order; the next one is {error.expected}") from None
    except rules.WaitsForSignatures as error:
        raise Refused(f"{error} is closed and waits for its signatures: nrm report sign {error}") from None
    except rules.ReleasesGone as error:
        raise Refused(
            f"{error}: sealed reports were taken out of the database by another hand; nothing is closed: restore a "
            "backup, and keep this database as evidence"
        ) from None
    except SilenceUnconfirmed as error:
        raise Refused(
            f"{error} have not answered: the Responsible Authority is asked to confirm that the quarter is closed "
            "without them (its home page); then close it again"
        ) from None
    except PartsOutstanding as error:
        raise Refused(
            f"no answer yet from {error}; closing may go on without them from the day the report is due"
        ) from None
    except rules.BrokenSignature:
        raise Refused("the statistician's key is another one now: let them sign again") from None
    except rules.PaperNotMade as error:
        raise Refused(
            f"{error}: not sealed, because the machine was too busy to typeset the paper; the others are sealed: "
            "sign again when it is less busy",
            code=3,
        ) from None
    except rules.BeingClosed:
        raise Refused("a quarter is being closed at this moment; try again when that is done") from None
    except actions.CannotTabulate as error:
        raise Refused(f"a record does not fit the country's tables: dimension {error}") from None


@report.command()
@click.argument("quarter", callback=parse_quarter)
@json_option("quarter", "reports")
@instance_option
@login_option
def close(quarter: Quarter, directory: Path, login: str) -> None:
    """Count, protect and attack the reports of QUARTER. Those whose attack fails stand, and are signed next."""
    with signed_in(application(directory), login) as by, _said_in_one_line():
        with Progress() as progress:
            outcome = actions.close(quarter, by=by, progress=progress.phase)
        before = {name: _before(name, quarter, by) for name in country().tables}
    if isinstance(outcome, actions.Refused):
        raise Refused(f"{quarter}: refused, nothing was released ({_named(outcome.findings)})", code=3)
    states: dict[str, str] = {MAIN.name: before[MAIN.name] if outcome.already else _closed(outcome.step)}
    refused = []
    for name, other in outcome.others.items():
        if isinstance(other, actions.ReportRefused):
            refused.append(f"{name} ({_named(other.findings)})")
        elif isinstance(other, actions.Waits):
            states[name] = "waits for the quarters that follow"
        else:
            states[name] = before[name] if other.already else _closed(other.step)
    for name in sorted(set(before) - {MAIN.name, *outcome.others}):
        states[name] = before[name]
    answer([f"{quarter} {name}: {state}" for name, state in states.items()], quarter=str(quarter), reports=states)
    if refused:
        raise Refused(f"{quarter}: refused: {'; '.join(refused)}", code=3)


def _closed(step: str) -> str:
    return f"closed, waits for two signatures, with {_DETAIL[step]}"


def _before(name: str, quarter: Quarter, by: Actor) -> str:
    """What had become of a report of the quarter before this command, or why there is none."""
    for line in store.releases(by=by, report=name):
        if line.first_quarter <= quarter <= line.quarter:
            together = "" if line.first_quarter == line.quarter else f", for {line.first_quarter} to {line.quarter}"
            return f"was released before{together}, with {_DETAIL[line.step]}"
    if days.is_published(name, quarter):
        return "was closed before, waits for its signatures"
    if held := days.waits_until(quarter, None, report=name):
        return f"held back, published at the latest with {held}"
    if tried := store.attempt(quarter, by=by, report=name):
        state, findings = tried
        return (
            f"was refused before ({_named(findings)})" if state == "refused" else "waits for the quarters that follow"
        )
    return "not made, its tables were not filed"


@report.command()
@click.argument("quarter", callback=parse_quarter)
@json_option("quarter", "state")
@instance_option
@login_option
def sign(quarter: Quarter, directory: Path, login: str) -> None:
    """Sign the reports of QUARTER: first the statistician, then the Responsible Authority, which releases them."""
    with signed_in(application(directory), login) as by, _said_in_one_line():
        try:
            if by.may(Permission.REPORT_COUNTERSIGN):
                with Progress() as progress:
                    actions.countersign(quarter, by=by, progress=progress.phase)
                what = "signed and released"
            else:
                actions.sign(quarter, by=by)
                what = "signed; the Responsible Authority signs next"
        except NotVisible:
            raise Refused(f"{quarter}: nothing waits for your signature") from None
    answer([f"{quarter}: {what}"], quarter=str(quarter), state=what)


def _named(findings: Iterable[rules.Finding]) -> str:
    named = "; ".join(f"{table or 'all tables'}: {scenario} {guarantee}" for table, scenario, guarantee in findings)
    return named or "no rounding was found"


def _explain(quarter: Quarter, name: str, by: Actor) -> None:
    """Raise Refused with why nothing was released, where it is not that the quarter is still to be closed or signed."""
    if name == JOINT.name:
        return
    tried, findings = store.attempt(quarter, by=by, report=name) or (None, ())
    if tried == "refused":
        raise Refused(f"not released: refused ({_named(findings)})", code=3)
    until = days.waits_until(quarter, tried, report=name)
    if until is not None:
        why = f"quarters with few people are published together, at the latest with {until}"
        raise Refused(f"not released: {why}", code=3)


def _reader(name: str, what: str) -> click.Command:
    """The command that prints one sealed report."""

    @click.option("--quarter", callback=parse_quarter, required=True, help="Such as 2026Q1.")
    @click.option("--format", "format_", type=click.Choice(FORMATS), default="json", show_default=True)
    @click.option("--language", help="Of the PDF; without it the country's first.")
    @instance_option
    @login_option
    def read(quarter: Quarter, format_: str, language: str | None, directory: Path, login: str) -> None:
        app = application(directory)
        spoken = app.extensions["nrm.country"].languages
        if language is not None and language not in spoken:
            raise Refused(f"--language: {language} is none of the country's ({', '.join(spoken)})")
        file = f"pdf.{language or spoken[0]}" if format_ == "pdf" else format_
        with signed_in(app, login) as by, _said_in_one_line():
            try:
                content = store.release_file(quarter, file, by=by, report=name)
            except NotVisible:
                _explain(quarter, name, by)
                raise
            if not actions.is_sealed(content):
                raise Refused(f"{quarter}: the report is not as it was sealed; see nrm report audit {quarter}", code=1)
        sys.stdout.buffer.write(content)

    return click.command(name, help=f"The sealed report of a quarter on {what}, on standard output.")(read)


for _each in SEALED:
    report.add_command(_reader(_each.name, _each.title))


_UNTRIED = {
    "A3": "no register of the ministry's counts the same people",
    "A4": "no release before it was about the same people",
    "A5": "no margins of it are known elsewhere",
}


@report.command()
@click.argument("quarter", callback=parse_quarter)
@click.option("--scenario", type=click.Choice(["A0", "A1", "A2", "A3", "A4", "A5"]), help="That one alone.")
@click.option("--report", "name", type=click.Choice(tuple(BY_NAME)), default=MAIN.name, show_default=True)
@json_option("ok", "step", "findings", "scenarios", "tables", always=True)
@instance_option
def audit(quarter: Quarter, scenario: str | None, name: str, directory: Path) -> None:
    """The verdict of the attack on a report, and the shape and history of a sealed one checked again.

    Exit 1 on a finding, exit 2 for a scenario that was not tried. The people behind the figures are not kept, so the
    attack itself cannot be made again; before the signatures it is the verdict of the closing.
    """
    with application(directory).app_context(), _said_in_one_line():
        try:
            verdict = actions.verdict(quarter, report=name)
        except NotVisible:
            _explain(quarter, name, Actor.system("release"))
            raise
    if scenario is not None:
        if not verdict["findings"] and scenario not in verdict["scenarios"]:
            raise Refused(
                f"{quarter}: {scenario} was not tried on report {name}: {_UNTRIED.get(scenario, 'refused before')}"
            )
        verdict["scenarios"] = {key: held for key, held in verdict["scenarios"].items() if key == scenario}
        verdict["findings"] = [each for each in verdict["findings"] if each["scenario"] in (scenario, "shape", "seal")]
    click.echo(json.dumps(verdict, ensure_ascii=False, indent=1))
    gates = [held for key, held in verdict["scenarios"].items() if key != "A5" or scenario == "A5"]
    if verdict["findings"] or not all(gates):
        raise Refused(f"{quarter}: the audit has findings", code=1)


@report.command()
@json_option("keys")
@instance_option
def keys(directory: Path) -> None:
    """The public keys (Ed25519, hexadecimal) by which anyone can check a release, and who signs with each.

    The first one is the server's, then those of the offices, then those of shelters for the nights of a quarter.
    """
    with application(directory).app_context():
        found = [
            {"key": key.hex(), "signer": signer, "office": office}
            for key, signer, office in (*actions.public_keys(), *subsidies.public_keys())
        ]
    answer((" ".join(filter(None, each.values())) for each in found), keys=found)


@report.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--key", "key_texts", multiple=True, help="A public key in hexadecimal: check without an instance.")
@click.option("--dir", "directory", envvar="NRM_DIR", type=click.Path(path_type=Path), help="The instance.")
@json_option("file", "signed", "by", "time_not_signed", "overtaken")
def verify(file: Path, key_texts: tuple[str, ...], directory: Path | None) -> None:
    """Whether FILE, a file of a release or the nights of a quarter, is what was signed; exit 1 if it is not.

    With --key anyone can check the JSON by the keys of all who signed, the workbook, the PDF and the metadata of a CSV
    by the server's, and a CSV by its metadata beside it (FILE-metadata.json). With --dir the instance checks any file.
    """
    content = _content(file)
    overtaken = ""
    if key_texts:
        signed = _is_signed(file, content, [_public_key(text) for text in key_texts])
        by = "with this key" if len(key_texts) == 1 else "with these keys"
    elif directory is not None:
        with application(directory).app_context():
            signed = actions.is_sealed(content) or _is_signed(file, content, None)
            nights = _statement(content) if signed else None
            if nights is not None and subsidies.is_overtaken(nights):
                overtaken = f"overtaken: another file of {nights['quarter']} was signed after it, and that one counts"
        by = "by this server"
        if nights is not None:  # the server has signed nothing of it
            (entry,) = nights["signatures"]
            by = f"by the manager of {nights['shelter']}, with the key {entry['public_key']}"
    else:
        raise Refused("give --key with a public key, or --dir with the instance")
    unsigned = _without_time(content) if signed else []
    answer(
        [f"{file}: signed {by}"] if signed else [],
        file=str(file),
        signed=signed,
        by=by,
        time_not_signed=unsigned,
        overtaken=overtaken or None,
    )
    if not signed:
        raise Refused(f"{file}: not what was signed {by}", code=1)
    if unsigned:
        tell(f"{file}: time not signed: {', '.join(unsigned)}", err=True)
    if overtaken:  # it is what was signed, and nobody pays by it any more
        raise Refused(f"{file}: {overtaken}", code=1)


def _statement(content: bytes) -> dict[str, Any] | None:
    """What a file says that is the signed nights of a quarter; None for any other."""
    value = json.loads(content) if content.startswith(b"{") else None
    return value if is_statement(value) else None


def _without_time(content: bytes) -> list[str]:
    """The signers of a valid release's JSON whose signatures name a time that they do not cover."""
    if not content.startswith(b"{"):
        return []
    value = json.loads(content)
    return actions.without_time(value) if "signatures" in value else []


def _is_signed(file: Path, content: bytes, keys: Collection[bytes] | None) -> bool:
    """Whether the file is signed by these keys, or by those of the instance."""
    try:
        if not content.startswith((b"%PDF-", b"PK")):
            parsing.check_json(content)
        value = json.loads(content, object_pairs_hook=_without_doubles)
    except parsing.BeyondLimits as error:
        raise Refused(f"{file}: {error}") from None
    except _Doubled:
        return False  # readers differ in which of two equal names they believe
    except (ValueError, RecursionError):
        value = None
    if isinstance(value, dict) and "signatures" in value:
        if keys is None and is_statement(value):
            return subsidies.is_genuine(value)
        return actions.is_genuine(value) if keys is None else actions.is_signed_by(value, keys)
    try:
        return actions.carries_signature(content, [actions.public_key()] if keys is None else keys)
    except file_signatures.CannotCarry as problem:
        if keys is None or content.startswith((b"%PDF-", b"PK")):
            return False
        metadata = file.with_name(f"{file.name}-metadata.json")
        if not metadata.is_file():
            raise Refused(f"{file}: {problem}; a CSV is checked by {metadata.name} beside it") from None
    described = _content(metadata)
    try:
        parsing.check_json(described)
        return file_signatures.describes(described, content) and actions.carries_signature(described, keys)
    except (file_signatures.CannotCarry, parsing.BeyondLimits, parsing.Damaged) as problem:
        raise Refused(f"{metadata}: {problem}") from None


class _Doubled(ValueError):
    """A name that stands twice in an object of a JSON file."""


def _without_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise _Doubled
    return found


def _content(file: Path) -> bytes:
    try:
        with file.open("rb") as stream:
            return stream.read(LARGEST_FILE)
    except OSError as error:
        raise Refused(f"{file}: {error.strerror or 'cannot be read'}") from None


def _public_key(text: str) -> bytes:
    try:
        key = bytes.fromhex(next(iter(text.split()), ""))  # a whole line of `nrm report keys`, too
    except ValueError:
        key = b""
    if len(key) != 32:
        raise Refused("--key: 64 hexadecimal digits are needed, as `nrm report keys` prints them")
    return key
