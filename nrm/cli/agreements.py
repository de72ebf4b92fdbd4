"""The agreement from the command line: who receives a person, by which clause."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import MAXYEAR, MINYEAR, date, datetime, time
from pathlib import Path
from typing import Any

import click

from nrm import countries
from nrm.actions.agreement import agreement_simulation as actions
from nrm.cli.progress import Steps
from nrm.cli.refusals import Refused
from nrm.cli.said.kinds import DAY
from nrm.cli.telling import answer, json_option, remark, tell, wants_json
from nrm.cli.usage import application, instance_option, read_json
from nrm.countries.questionnaires import faults_of_texts
from nrm.domain.agreement import agreement_checks, agreement_differences
from nrm.domain.agreement.agreement_documents import MalformedAgreement, parse_agreement
from nrm.domain.agreement.agreements import Agreement
from nrm.domain.agreement.deceiving import deceiving, steps_of, unknown_steps
from nrm.domain.agreement.fact_diagrams import TooManyClasses
from nrm.domain.agreement.routing import Capacity
from nrm.domain.agreement.routing import route as route_under
from nrm.domain.agreement.routing_facts import UnknownFact, parse_facts
from nrm.domain.agreement.safeguards_beside import Called
from nrm.domain.look_alikes import skeleton
from nrm.steps.agreement import known_versions
from nrm.store import names as organisation_names
from nrm.store.agreement.agreement_simulation import SIMULATION

NOON = time(12)


@click.group()
def mou() -> None:
    """The Memorandum of Understanding between the parties."""


@mou.command()
@json_option("candidates", "excluded", "obligations", "fallback", always=True)
@click.option("--facts", "file", required=True, type=click.Path(path_type=Path), help="A JSON object of all facts.")
@click.option("--on", "at", required=True, help="Date and time, such as 2026-03-04T22:30; a date alone means noon.")
@click.option(
    "--dir",
    "directory",
    type=click.Path(path_type=Path, file_okay=False),
    help=f"An instance: its country, and who has room now. Without it: {countries.DEFAULT}, and every party has room.",
)
def route(file: Path, at: str, directory: Path | None) -> None:
    """Who may or must receive a person with these facts, under the document in force."""
    instant, data = parse_instant(at), read_json(file, "--facts")
    if directory is not None:
        app = application(directory)
        with app.app_context():
            click.echo(_route_in(app.extensions["nrm.country"], data, instant, organisation_names.capacity()))
        return
    try:
        country = countries.load(countries.DEFAULT)
    except countries.CountryError as error:
        raise Refused(str(error)) from None
    click.echo(_route_in(country, data, instant, None))


@mou.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--country", "code", default=countries.DEFAULT, show_default=True, help="The country it is meant for.")
@json_option("findings", "accepted", "combinations")
def check(file: Path, code: str) -> None:
    """What is wrong with the document in FILE: one finding a line, exit 1; nothing and exit 0 when there is none.

    It is held against the places, organisations and safeguards of its country, too. Where clauses cannot be read,
    each is named, and nothing else is looked at.
    """
    agreement = _checked_first(file)
    try:
        country = countries.load(code)
    except countries.CountryError as error:
        raise Refused(f"--country: {error}") from None
    # What is accepted is so for the very document of the country, and for no other under its name.
    shipped = agreement in country.agreements
    safeguards = country.safeguards if shipped else replace(country.safeguards, accepted=())
    try:
        before = None if shipped else _place_taken(agreement, country)
        with Steps() as steps:
            checked = agreement_checks.check(
                agreement, steps.tell, safeguards=safeguards, before=before, called=_called(country)
            )
    except TooManyClasses:
        raise Refused(f"{file.name}: clause: the conditions tell too many profiles apart to look at each") from None
    findings = [f"country: {each}" for each in countries.mismatches(agreement, country)]
    known = {step for each in country.agreements for _, step in steps_of(each)}
    for key, reason in [*deceiving(agreement), *unknown_steps(agreement, known)]:
        findings.append(f"text: {_numbered(key, [each.number for each in agreement.clauses])}: {reason}")
    for other in country.agreements:
        if other.version != agreement.version and skeleton(other.version) == skeleton(agreement.version):
            findings.append(f"text: version: looks like `{other.version}`, the name of another version")
    if not country.safeguards.all:
        findings.append(f"country: safeguards.toml: {code} says of nothing that it must stay")
    findings += map(str, checked.findings)
    accepted = [str(each) for each in checked.accepted]
    answer(findings, findings=findings, accepted=accepted, combinations=checked.combinations)
    for each in accepted:
        remark(f"accepted, with a reason: {each}")
    if findings:
        raise click.exceptions.Exit(1)
    remark(f"{file.name}: no finding in {checked.combinations:,} combinations of facts")


_ENTRY = re.compile(r"(clause|path|reporting)\[([0-9]+)\]")


def _numbered(key: str, numbers: Sequence[object]) -> str:
    """A key of the document with the number of the clause that it stands in before it."""
    found = _ENTRY.match(key)
    if found is None or found[1] != "clause" or int(found[2]) > len(numbers):
        return key
    return f"clause {numbers[int(found[2]) - 1]}: {key}"


def _checked_first(file: Path) -> Agreement:
    """The document; exit 1 with a line for every clause, step or report that cannot be read, Refused for the rest."""
    try:
        return countries.read_agreement(file)
    except countries.CountryError as error:
        if _ENTRY.match(str(error).removeprefix(f"{file.name}: ")) is None:
            raise Refused(_reason(file, error)) from None
    data = countries.tables_of(file)
    found: list[str] = []
    numbers = [each.get("number", "?") for each in data["clause"]]
    for fault in faults_of_texts(data):
        key, _, reason = fault.partition(": ")
        found.append(f"text: {_numbered(key, numbers)}: {reason}")
    places = {name: list(range(1, len(data.get(name, ())) + 1)) for name in ("clause", "path", "reporting")}
    while True:
        try:
            parse_agreement(data)
        except MalformedAgreement as error:
            key, _, reason = str(error).partition(": ")
            entry = _ENTRY.match(key)
            if entry is None:
                found.append(f"text: {key}: {reason}")
                break
            part, place = entry[1], int(entry[2]) - 1
            there = f"{part}[{places[part].pop(place)}]{key[entry.end() :]}"
            found.append(f"text: {_numbered(there, numbers)}: {reason}")
            gone = data[part].pop(place)
            if not data[part]:
                break
            for each in data["clause"] if part == "clause" else ():
                each["overrides"] = [number for number in each.get("overrides", ()) if number != gone.get("number")]
        else:
            break
    answer(found, findings=found, accepted=[], combinations=0)
    raise click.exceptions.Exit(1)


def _called(country: countries.Country) -> list[Called]:
    """What the organisations of the country are called."""
    return [Called(each.code, each.party or "", each.names) for each in country.organisations.values()]


def _place_taken(agreement: Agreement, country: countries.Country) -> Agreement:
    """The text of the country whose place the document would take: the last that began before it, else the newest."""
    known = [each for each in country.agreements if each.starts_on <= agreement.starts_on]
    return (known or [*country.agreements])[-1]


@mou.command()
@click.argument("old", type=click.Path(path_type=Path))
@click.argument("new", type=click.Path(path_type=Path))
@json_option("rerouted", "changes")
def diff(old: Path, new: Path) -> None:
    """Which profiles NEW sends elsewhere than OLD, and what is different in the document; empty when nothing is."""
    before, after = _read(old), _read(new)
    try:
        with Steps() as steps:
            differences = agreement_differences.diff(before, after, steps.tell)
    except TooManyClasses:
        raise Refused(f"{new.name}: clause: the conditions tell too many profiles apart to look at each") from None
    lines, rerouted = [], []
    for each in differences.rerouted:
        day = each.day.isoformat() if each.day is not None else None
        profiles = [str(profile) for profile in each.profiles]
        lines.append(f"{each.before} -> {each.after}" + (f" (from {day} on)" if day else ""))
        lines += [f"    {profile}" for profile in profiles]
        rerouted.append({"before": str(each.before), "after": str(each.after), "day": day, "profiles": profiles})
    changes = [str(change) for change in differences.changes]
    answer([*lines, *changes], rerouted=rerouted, changes=changes)


@mou.command()
@click.argument("draft", type=click.Path(path_type=Path))
@instance_option
@click.option("--from", "first", required=True, type=DAY, help="A day of the first quarter, such as 2026-01-01.")
@click.option("--to", "last", required=True, type=DAY, help="A day of the last quarter.")
@json_option("from", "to", "step", "tables", "one_person", "enough")
def simulate(draft: Path, directory: Path, first: date, last: date) -> None:
    """What DRAFT would have done with the cases of whole quarters that are over, against what happened.

    Counts are multiples of 5 that survived the attack; exit 3 when none did.
    """
    if last < first:
        raise Refused("--to: lies before --from")
    app = application(directory)
    with app.app_context():
        try:
            agreement = countries.read_draft(draft, app.extensions["nrm.country"])
            text = draft.read_text("utf-8")
            with Steps() as steps:
                made = actions.simulate(agreement, first, last, by=SIMULATION, text=text, progress=steps.tell)
        except countries.CountryError as error:
            raise Refused(str(error)) from None
        except actions.NoWholeQuarter as error:
            raise Refused(f"--from, --to: {error}") from None
        if isinstance(made, actions.Withheld):
            raise Refused("withheld: no tables could be made that survive the attack", code=3)
        kept = actions.keep(text=text, simulated=made.to_json(), by=SIMULATION)
    if kept is not None:
        remark(f"kept with version {kept}, for the coordinator and the parties")
        # A report of a trial begins with what the text weakens.
        country = app.extensions["nrm.country"]
        unaccepted = replace(country.safeguards, accepted=())
        for finding in agreement_checks.check(
            agreement, safeguards=unaccepted, before=_place_taken(agreement, country), called=_called(country)
        ).findings:
            if finding.kind is agreement_checks.FindingKind.WEAKENED:
                tell(str(finding), err=True)
    remark(f"counted: {made.first} to {made.last}, whole quarters; tables: {made.step}")
    click.echo(
        json.dumps(made.to_json(), ensure_ascii=False, indent=2)
        if wants_json()
        else "\n\n".join(_table_text(table) for table in made.tables)
    )


@mou.command("versions")
@json_option("versions")
@instance_option
def list_versions(directory: Path) -> None:
    """The versions that bind or wait for signatures: name, state, first day. Exit 1 when any was changed by hand."""
    app = application(directory)
    with app.app_context():
        known = known_versions.known()
        signed = app.extensions["nrm.country"].agreements
        changed = known_versions.changed()
    found = [
        *({"version": each.version, "state": "signed", "starts_on": str(each.starts_on)} for each in signed),
        *({"version": name, "state": "waits for signatures", "starts_on": None} for name in known.waiting),
        *({"version": name, "state": "changed by another hand: left out", "starts_on": None} for name in changed),
    ]
    answer(("  ".join(filter(None, each.values())) for each in found), versions=found)
    if changed:
        raise click.exceptions.Exit(1)


def _table_text(table: Mapping[str, Any]) -> str:
    """One table as text: the codes of its dimensions and the figure, a line each; `*` is a total."""
    rows = [[*(str(row[name]) for name in table["dimensions"]), str(row["value"])] for row in table["rows"]]
    rows.insert(0, [*table["dimensions"], "people"])
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )


def _read(file: Path) -> Agreement:
    try:
        return countries.read_agreement(file)
    except countries.CountryError as error:
        raise Refused(_reason(file, error)) from None


def _reason(file: Path, error: countries.CountryError) -> str:
    if not file.exists():
        return f"{file}: there is no such file"
    if file.is_dir():
        return f"{file}: is a folder; name the file of a text"
    if not file.stat().st_size:
        return f"{file}: is empty"
    return str(error)


def _route_in(country: countries.Country, data: object, at: datetime, capacity: Mapping[str, Capacity] | None) -> str:
    try:
        agreement = country.in_force(at)
    except countries.NoAgreement as error:
        raise Refused(str(error)) from None
    room = dict.fromkeys(agreement.parties, Capacity.FREE) | dict(capacity or {})
    return route_text(data, agreement, at, room)


def route_text(data: object, agreement: Agreement, at: datetime, capacity: Mapping[str, Capacity]) -> str:
    """The route as JSON text; raises Refused for facts that cannot be read."""
    try:
        facts = parse_facts(data, agreement)
    except UnknownFact as error:
        raise Refused(f"--facts: {error}") from None
    return json.dumps(route_under(facts, agreement, at, capacity).to_json(), ensure_ascii=False, indent=2)


def parse_instant(text: str) -> datetime:
    """ISO 8601; without a time noon, without a zone the country's own time. Raises Refused."""
    try:
        if len(text) == len("2026-03-04"):
            return datetime.combine(date.fromisoformat(text), NOON)
        read = datetime.fromisoformat(text)
        if read.tzinfo is not None and read.year in (MINYEAR, MAXYEAR):
            # In another zone the instant may lie outside the calendar.
            raise ValueError(text)
        return read
    except ValueError:
        raise Refused(f"--on: `{text}` is not a date and time such as 2026-03-04T22:30") from None
