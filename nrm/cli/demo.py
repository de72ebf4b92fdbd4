"""The demo country: synthetic people, every role with an account, four years of work, four closed quarters."""

from __future__ import annotations

import fcntl
import json
import os
import re
import shutil
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from functools import partial
from pathlib import Path
from typing import Any, cast

import click
from click.core import ParameterSource
from flask import Flask

from config import UNFINISHED_DEMO
from nrm import clock, countries, extras
from nrm.cli.instance import folder_of_country, named_country
from nrm.cli.places.new import no_folder_left
from nrm.cli.progress import stopped_by_ctrl_c
from nrm.cli.refusals import Refused
from nrm.cli.said.kinds import DAY, Whole
from nrm.cli.serving import run_server
from nrm.cli.telling import json_option, remark, wants_json
from nrm.cli.trying.building import Told, instance_of_invented_people, tell_each
from nrm.cli.trying.trainings import FOLDER, make_training, slips
from nrm.cli.usage import application, settings
from nrm.cli.waiting import Making, Waiting
from nrm.countries import Country
from nrm.demo import agreements, register, staff
from nrm.demo.cast import Cast, NoDemo
from nrm.demo.cast import read as read_cast
from nrm.demo.desks import add_desks
from nrm.demo.feedback import add_feedback
from nrm.demo.life import Life
from nrm.demo.monitoring import monitor
from nrm.demo.people import YEARS, full_quarters, plans, tonight
from nrm.demo.progress import Progress
from nrm.demo.tonight import add_tonight
from nrm.demo.training import MOST
from nrm.demo.witnesses import add_witnesses
from nrm.domain.accounts.accounts import PERMISSIONS, ROLE_LABELS, Permission, Role
from nrm.steps import health
from nrm.steps.interviews import drafts
from nrm.store.countries import country

COUNTRY = countries.DEFAULT
QUESTIONNAIRE = drafts.CURRENT
CLOSED_QUARTERS = 4
TRAINEES = 8
ACCOUNTS_FILE = "accounts.json"
PEOPLE = "people"  # how many it was made with, beside the accounts in their file
HOST = "127.0.0.1"
# All that may lie in the folder of a demo country.
_MADE = re.compile(
    rf"{re.escape(UNFINISHED_DEMO)}|keys|{FOLDER}|keys\.check(\.partial)?|checkpoints|instance\.toml|accounts\.json|erased\.jsonl"
    r"|keylog\.(log|state|changed)|tended|drilled|(main|shred)\.db(-\w+)?|\w+\.lock"
)


@click.command()
@click.option("--dir", "directory", envvar="NRM_DIR", required=True, type=click.Path(path_type=Path))
@click.option("--country", "named", help=f"A country of the program, by its code, or a folder (default: {COUNTRY}).")
@click.option("--people", default=400, type=Whole(0, 20_000), help="How many come in the four years (default: 400).")
@click.option("--seed", default=1, type=Whole(), help="The same seed and last day give the same people (default: 1).")
@click.option("--until", type=DAY, help="The last day (default: today).")
@click.option("--to-close", is_flag=True, help="Leave the quarter that ended last for the statistician to close.")
@json_option("url", "quarters", "to_close", "accounts", "trainees")
@click.option("--no-serve", is_flag=True, help="Make the country and stop.")
@click.option("--port", default=5000, type=Whole(1, 65535), help="The port to serve at (default: 5000).")
@click.option("--second-factor", is_flag=True, help="Give every account a second factor and ask for it.")
@click.option(
    "--trainee",
    "trainees",
    is_flag=False,
    flag_value=str(TRAINEES),
    type=Whole(1, MOST),
    help=f"A training in place of four years of work: so many trainees (1 to {MOST}; without a number {TRAINEES}) each "
    "get a post and a shelter of their own, and the page of tonight's exercises.",
)
def demo(
    directory: Path,
    named: str | None,
    people: int,
    seed: int,
    until: date | None,
    to_close: bool,
    no_serve: bool,
    port: int,
    second_factor: bool,
    trainees: int | None,
) -> None:
    """Make a demo country of synthetic people and serve it on this machine; an existing one is served as it is."""
    if trainees:
        _refuse_years_of_work()
    known = directory / ACCOUNTS_FILE
    clear_unfinished(directory)
    with ExitStack() as until_served:
        waiting = None
        if known.is_file() and (there := application(directory)).extensions["nrm.synthetic"]:
            made_of = _country(there).code
            known_trainees = len(json.loads(known.read_text("utf-8")).get("trainees", ()))
            # Without a number it is not asked for so many: the training that is there goes on.
            if trainees and trainees != known_trainees and not (known_trainees and trainees == TRAINEES):
                raise Refused(
                    f"--trainee: {directory} holds "
                    + (f"a training of {known_trainees}" if known_trainees else "a demo without trainees")
                    + "; name a new folder"
                )
            if named is not None and (code := named_country(named)[0]) != made_of:
                raise Refused(f"--country: {directory} holds a demo of {made_of}, not of {code}; name a new folder")
            described = json.loads(known.read_text("utf-8"))
            remark(f"{directory} holds a demo country already; it is kept as it is")
            there_are = described.pop(PEOPLE, None)
            if there_are not in (None, people) and not known_trainees and _was_asked("people"):
                remark(
                    f"it has {there_are} people, not {people}: for another one name a new folder, or delete this one"
                )
            health.note(directory, health.TENDED)  # it may have slept for months, and nobody is hurt by what is due
        else:
            if not trainees:
                extras.needed()  # it closes quarters
            code, folder = named_country(named or str(folder_of_country() or COUNTRY))
            data, invented = _invented(code, folder)
            last_instant(until, data.timezone, _first_day(data))
            with (
                no_folder_left(directory),
                built_aside(directory) as place,
                _saying_how_to_go_on(directory),
                stopped_by_ctrl_c() as go_on,
                Making() as making,
            ):
                if not no_serve:
                    waiting = until_served.enter_context(Waiting(data, 0 if trainees else people, host=HOST, port=port))
                    remark(f"http://{HOST}:{port} says how far it is; accounts are printed when they work")
                heard = [lambda _: go_on(), making.tell, *([waiting.tell] if waiting is not None else [])]
                if trainees:
                    described = make_training(
                        place,
                        count=trainees,
                        data=data,
                        invented=invented,
                        source=folder or countries.FOLDER / code,
                        second_factor=second_factor,
                        tell=heard,
                    )
                else:
                    described = make_demo(
                        place,
                        people=people,
                        seed=seed,
                        until=until,
                        to_close=to_close,
                        second_factor=second_factor,
                        code=code,
                        folder=folder,
                        tell=heard,
                    )
                (place / ACCOUNTS_FILE).touch(mode=0o600)
                kept = described if trainees else {**described, PEOPLE: people}
                (place / ACCOUNTS_FILE).write_text(json.dumps(kept, indent=1), "utf-8")
        described = {"url": settings(directory).address or f"http://{HOST}:{port}", **described}
        answer = json.dumps(described, ensure_ascii=False) if wants_json() else _page(described, directory)
        if no_serve:
            click.echo(answer)
            return
        leave = waiting.leave if waiting is not None else None
        run_server(directory, host=HOST, port=port, workers=2, answer=answer, takes_over=leave)


def _refuse_years_of_work() -> None:
    """Raise Refused for an option that a training could only pass over in silence."""
    for name in ("people", "seed", "until", "to_close"):
        if _was_asked(name):
            option = name.replace("_", "-")
            raise Refused(f"--{option}: a training has no four years of work; leave it out, or leave out --trainee")


def _was_asked(name: str) -> bool:
    return click.get_current_context().get_parameter_source(name) is not ParameterSource.DEFAULT


@contextmanager
def _saying_how_to_go_on(directory: Path) -> Iterator[None]:
    """Say at Ctrl-C what happens to a country that is not complete."""
    try:
        yield
    except KeyboardInterrupt:
        remark(f"{directory} is not complete: the same command removes what is there and begins again")
        raise


@contextmanager
def built_aside(directory: Path) -> Iterator[Path]:
    """A new folder inside an empty one; what it holds moves into that when the block ends whole. Raises Refused."""
    if directory.exists() and (not directory.is_dir() or any(directory.iterdir())):
        raise Refused(f"--dir: {directory} is not empty; a demo country is made in a new folder")
    place = directory / UNFINISHED_DEMO
    try:
        place.mkdir(mode=0o700, parents=True)
    except OSError as error:
        raise Refused(f"--dir: {directory} cannot be written: {error.strerror}") from None
    with _build_lock(place):
        try:
            yield place
        except Refused:
            shutil.rmtree(place)
            raise
        # The accounts are last: where they are, all is there.
        for path in sorted(place.iterdir(), key=lambda path: path.name == ACCOUNTS_FILE):
            path.rename(directory / path.name)
        place.rmdir()


def clear_unfinished(directory: Path) -> None:
    """Remove what a demo left that was stopped while it was built; nothing else. Raises Refused."""
    place = directory / UNFINISHED_DEMO
    if not place.is_dir():
        return
    with _build_lock(place):
        whole = (directory / ACCOUNTS_FILE).is_file()
        made = {place, *place.iterdir(), *(() if whole else directory.iterdir())}
        if foreign := sorted(path for path in made if not _MADE.fullmatch(path.name)):
            raise Refused(f"--dir: {foreign[0]} was not made by nrm demo; move it away, or name a new folder")
        if not whole:
            remark(f"{directory} holds an unfinished demo country; it is begun again")
            for path in directory.iterdir():
                if path != place:
                    shutil.rmtree(path) if path.is_dir() else path.unlink()
        shutil.rmtree(place)


@contextmanager
def _build_lock(place: Path) -> Iterator[None]:
    """Raise Refused while another process builds there."""
    descriptor = os.open(place, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError:
        raise Refused(f"--dir: a demo country is being made in {place.parent} at this moment") from None
    finally:
        os.close(descriptor)


def make_demo(
    directory: Path,
    *,
    people: int,
    seed: int,
    until: date | None,
    to_close: bool = False,
    second_factor: bool = False,
    code: str = COUNTRY,
    folder: Path | None = None,
    tell: Told = (),
) -> dict[str, Any]:
    """Build the country, from its `folder` if it did not come with the program; returns its quarters and accounts.

    `to_close`: the quarter that ended last stays open; `tell`: who is told how far it is, after each step.
    Raises Refused, also for a country that lacks what a demo needs.
    """
    data, invented = _invented(code, folder)
    zone = data.timezone
    last = last_instant(until, zone, _first_day(data))
    last_day = clock.day_of(last, zone)
    remark("making the instance")
    progress = Progress(people, CLOSED_QUARTERS - to_close, partial(tell_each, tell))
    with instance_of_invented_people(
        directory,
        code,
        begins=last - timedelta(days=YEARS * 365 + 1),
        folder=folder,
        language=data.language,
        second_factor=second_factor,
    ) as app:
        described, actors = staff.everybody(progress)
        agreements.sign_by_all(actors)
        life = Life(actors, _country(app).questionnaires[QUESTIONNAIRE], last, progress)
        for plan in tonight(plans(seed, people, last_day, invented), last):
            life.at(plan.at, life.come(plan))
            if plan.announced:
                life.at(plan.at - timedelta(days=2), life.announce(plan))
        quarters = full_quarters(last_day, CLOSED_QUARTERS)
        for quarter in quarters:
            due = datetime.combine(quarter.end + timedelta(days=14), time(9), UTC)
            filed = datetime.combine(quarter.end + timedelta(days=9), time(9), UTC)
            life.at(min(filed, last), register.file_all(quarter, actors, complete=quarter != quarters[-1]))
            stays_open = to_close and quarter == quarters[-1]
            life.at(min(due, last), life.confirm(quarter) if stays_open else life.close(quarter))
            life.at(min(due + timedelta(days=6), last), partial(monitor, life, quarter))
        life.at(last - timedelta(minutes=5), register.join(quarters[:-1], actors, progress))
        life.at(last - timedelta(minutes=4), life.begin(invented.first_posts[0]))
        add_tonight(life, last)
        add_desks(life, last, seed)
        add_witnesses(life, last, seed)
        add_feedback(life, quarters, last, seed)
        life.run()
        agreements.leave_one_open(actors)
        agreements.sign_nights(actors)
    if life.refused:
        remark("refused by the disclosure control: " + ", ".join(map(str, life.refused)))
    left = {"to_close": str(quarters[-1])} if to_close and quarters else {}
    return {"quarters": [str(quarter) for quarter in life.closed], **left, "accounts": described}


def _invented(code: str, folder: Path | None) -> tuple[Country, Cast]:
    """The country, and who and what its demo is made of; raises Refused."""
    try:
        data = countries.load(code, folder)
        return data, read_cast(data, folder or countries.FOLDER / code)
    except countries.CountryError as error:
        raise Refused(f"--country: {error}") from None
    except NoDemo as lacking:
        raise Refused(f"--country: {lacking}") from None


def last_instant(until: date | None, zone: tzinfo, first: date = date.min) -> datetime:
    """The last minute of that day on the country's clocks, or now if that is still to come.

    Raises Refused for a day of the future.
    """
    now = clock.now().replace(microsecond=0)
    if until is None:
        return now
    if until < first:
        raise Refused(f"--until: enter a day from {first} on: the agreement was signed in that year")
    if until > clock.day_of(now, zone):
        raise Refused("--until: enter a day that is not in the future")
    return min(now, datetime.combine(until, time(23, 59), zone).astimezone(UTC))


def _first_day(data: Country) -> date:
    """No demo ends before it: the agreement was signed in that year."""
    return date(data.agreements[0].starts_on.year, 12, 31)


def _country(app: Flask) -> Country:
    return cast(Country, app.extensions["nrm.country"])


def _page(described: Mapping[str, Any], directory: Path) -> str:
    """What is printed: the accounts, or the slips of a training."""
    app = application(directory)
    if "trainees" not in described:
        return table(described, _country(app))
    with app.app_context():
        return slips(described, country())


def table(described: Mapping[str, Any], data: Country) -> str:
    """A line for each account: name to sign in, password, secret of the second factor if it has one, and in English
    whose it is: the role and where."""
    width = max(len(account["login"]) for account in described["accounts"])
    lines = [
        "  ".join(
            [
                f"{account['login']:<{width}}",
                account["password"],
                *([account["totp"]] if account["totp"] else []),
                _whose(account, data),
            ]
        )
        for account in described["accounts"]
    ]
    quarters = ", ".join(described["quarters"]) or "none"
    left = [_who_closes(described)] if "to_close" in described else []
    return "\n".join([f"Demo country: {described['url']}   closed quarters: {quarters}", *left, *lines])


def _who_closes(described: Mapping[str, Any]) -> str:
    """Who closes the quarter that was left, and who signs after that."""

    def who(permission: Permission) -> str:
        named = [each["login"] for each in described["accounts"] if permission in PERMISSIONS[Role(each["role"])]]
        return " or ".join(named[:2])

    return (
        f"{described['to_close']} was left to be closed: {who(Permission.REPORT_CLOSE)} closes and signs it, then "
        f"{who(Permission.REPORT_COUNTERSIGN)} signs it, which releases it"
    )


def _whose(account: Mapping[str, Any], data: Country) -> str:
    """`Border officer, Rinas airport`; the name in the country's own language where it has no English one."""
    role = ROLE_LABELS[Role(account["role"])]
    organisation = data.organisations.get(account["organisation"])
    if organisation is None:
        return role
    return f"{role}, {organisation.names.get('en') or organisation.names[data.language]}"
