"""The demo country: synthetic people, every role with an account, four years of work, four closed quarters."""

from __future__ import annotations

import fcntl
import json
import os
import re
import secrets
import shutil
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from functools import partial
from pathlib import Path
from typing import Any, cast

import click
from flask import Flask

from nrm import clock, countries
from nrm.actions import accounts, factors, members
from nrm.cli import demo_agreements, demo_register
from nrm.cli.demo_desks import add_desks
from nrm.cli.demo_life import Life
from nrm.cli.demo_monitoring import monitor
from nrm.cli.demo_tonight import add_tonight
from nrm.cli.instance import make_instance
from nrm.cli.serving import run_server
from nrm.cli.usage import Refused, application
from nrm.countries import Country
from nrm.db import checkpoint, disconnect
from nrm.domain.accounts import ROLES_OF, Actor, OrganisationKind, Role
from nrm.domain.synthetic import FAMILY, GIVEN, YEARS, full_quarters, plans, tonight
from nrm.store import accounts as store
from nrm.store.countries import country

COUNTRY = "albania"
QUESTIONNAIRE = "returnee-1"
CLOSED_QUARTERS = 4
FIRST_DAY = date(2005, 12, 31)
ACCOUNTS_FILE = "accounts.json"
_PASSWORD_SYLLABLES = 10
_UNFINISHED = ".nrm-demo-unfinished"
# All that may lie in the folder of a demo country.
_MADE = re.compile(
    rf"{re.escape(_UNFINISHED)}|keys|checkpoints|instance\.toml|accounts\.json|erased\.jsonl|(main|shred)\.db(-\w+)?|\w+\.lock"
)

Account = dict[str, Any]


@click.command()
@click.option("--dir", "directory", envvar="NRM_DIR", required=True, type=click.Path(path_type=Path))
@click.option("--people", default=400, type=click.IntRange(0, 20_000), help="How many come in the four years.")
@click.option("--seed", default=1, help="The same seed and last day give the same people.")
@click.option("--until", type=click.DateTime(["%Y-%m-%d"]), help="The last day (default: today).")
@click.option("--json", "as_json", is_flag=True, help="The accounts as JSON, alone on standard output.")
@click.option("--no-serve", is_flag=True, help="Make the country and stop.")
@click.option("--port", default=5000, type=click.IntRange(1, 65535))
@click.option("--second-factor", is_flag=True, help="Give every account a second factor and ask for it.")
def demo(
    directory: Path,
    people: int,
    seed: int,
    until: datetime | None,
    as_json: bool,
    no_serve: bool,
    port: int,
    second_factor: bool,
) -> None:
    """Make a demo country of synthetic people and serve it on this machine; an existing one is served as it is."""
    known = directory / ACCOUNTS_FILE
    clear_unfinished(directory)
    if known.is_file() and application(directory).extensions["nrm.synthetic"]:
        described = json.loads(known.read_text("utf-8"))
        _tell_user(f"{directory} holds a demo country already; it is kept as it is")
    else:
        last_day = until.date() if until else None
        with built_aside(directory) as place:
            described = make_demo(place, people=people, seed=seed, until=last_day, second_factor=second_factor)
            (place / ACCOUNTS_FILE).touch(mode=0o600)
            (place / ACCOUNTS_FILE).write_text(json.dumps(described, indent=1), "utf-8")
    described = {"url": f"http://127.0.0.1:{port}", **described}
    click.echo(json.dumps(described, ensure_ascii=False) if as_json else _table(described))
    sys.stdout.flush()
    if not no_serve:
        run_server(directory, host="127.0.0.1", port=port, workers=2)


@contextmanager
def built_aside(directory: Path) -> Iterator[Path]:
    """A new folder inside an empty one; what it holds moves into that when the block ends whole. Raises Refused."""
    if directory.exists() and (not directory.is_dir() or any(directory.iterdir())):
        raise Refused(f"--dir: {directory} is not empty; a demo country is made in a new folder")
    place = directory / _UNFINISHED
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
    place = directory / _UNFINISHED
    if not place.is_dir():
        return
    with _build_lock(place):
        whole = (directory / ACCOUNTS_FILE).is_file()
        made = {place, *place.iterdir(), *(() if whole else directory.iterdir())}
        if foreign := sorted(path for path in made if not _MADE.fullmatch(path.name)):
            raise Refused(f"--dir: {foreign[0]} was not made by nrm demo; move it away, or name a new folder")
        if not whole:
            _tell_user(f"{directory} holds an unfinished demo country; it is begun again")
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
    directory: Path, *, people: int, seed: int, until: date | None, second_factor: bool = False
) -> dict[str, Any]:
    """Build the country; returns its closed quarters and accounts."""
    zone = countries.load(COUNTRY).timezone
    last = last_instant(until, zone)
    last_day = clock.day_of(last, zone)
    _tell_user("making the instance")
    clock.set_clock(lambda: last - timedelta(days=YEARS * 365 + 1))
    app = make_instance(
        directory, COUNTRY, language="sq", synthetic=True, second_factor=second_factor, synchronous="OFF"
    )
    with app.app_context():
        try:
            described, actors = _people_of_the_mechanism()
            demo_agreements.sign_by_all(actors)
            life = Life(actors, _country(app).questionnaires[QUESTIONNAIRE], last)
            tell = _progress(last)
            for plan in tonight(plans(seed, people, last_day), last):
                life.at(plan.at, life.come(plan))
                if plan.announced:
                    life.at(plan.at - timedelta(days=2), life.announce(plan))
            quarters = full_quarters(last_day, CLOSED_QUARTERS)
            for quarter in quarters:
                due = datetime.combine(quarter.end + timedelta(days=14), time(9), UTC)
                filed = datetime.combine(quarter.end + timedelta(days=9), time(9), UTC)
                life.at(min(filed, last), demo_register.file_all(quarter, actors, complete=quarter != quarters[-1]))
                life.at(min(due, last), life.close(quarter, tell))
                life.at(min(due + timedelta(days=6), last), partial(monitor, life, quarter))
            life.at(last - timedelta(minutes=5), demo_register.join(quarters[:-1], actors, tell))
            life.at(last - timedelta(minutes=4), life.begin("rinas"))
            add_tonight(life, last)
            add_desks(life, last, seed)
            life.run(tell)
            demo_agreements.leave_one_open(actors)
            checkpoint()
        finally:
            clock.set_clock(None)
            disconnect()
    if life.refused:
        _tell_user("refused by the disclosure control: " + ", ".join(map(str, life.refused)))
    return {"quarters": [str(quarter) for quarter in life.closed], "accounts": described}


def last_instant(until: date | None, zone: tzinfo) -> datetime:
    """The last minute of that day on the country's clocks, or now if that is still to come.

    Raises Refused for a day of the future.
    """
    now = clock.now().replace(microsecond=0)
    if until is None:
        return now
    if until < FIRST_DAY:
        raise Refused(f"--until: enter a day from {FIRST_DAY} on: the agreement was signed in that year")
    if until > clock.day_of(now, zone):
        raise Refused("--until: enter a day that is not in the future")
    return min(now, datetime.combine(until, time(23, 59), zone).astimezone(UTC))


def _people_of_the_mechanism() -> tuple[list[Account], Mapping[str, Actor]]:
    """An account for every role in every organisation, two where a keyring is held; who acts for each, by its code."""
    described: list[Account] = []
    actors: dict[str, Actor] = {}
    token = accounts.invite_first(login="administrator", name=_name(0))
    admin = _join(token, "administrator", Role.ADMINISTRATOR, "OPERATOR", described)
    actors["OPERATOR"] = admin
    for organisation in store.organisations(by=admin):
        holder: Actor | None = None
        # The case worker comes first: what the demo does in a shelter, it does as one.
        logins = _logins(organisation.code, OrganisationKind(organisation.kind))
        for number, (login, role) in enumerate(logins, start=1):
            # The administrator invites the founder; who holds the key then invites the colleagues.
            inviting = holder if holder is not None and OrganisationKind(organisation.kind).holds_keys else admin
            token = accounts.invite(
                organisation_id=organisation.id, login=login, name=_name(len(described)), role=role, by=inviting
            )
            actor = _join(token, login, role, organisation.code, described, holder)
            holder = holder or actor
            actors.setdefault(organisation.code, actor)
            actors.setdefault(f"{organisation.code}/{role}", actor)
            actors[f"{organisation.code}#{number}"] = actor
            if organisation.crossing_point:
                actors.setdefault(organisation.crossing_point, actor)
    return described, actors


def _logins(code: str, kind: OrganisationKind) -> Sequence[tuple[str, Role]]:
    """(login, role) of an organisation's people: with a single key holder its cases would hang on one password."""
    roles: list[Role] = [
        role for role in sorted(ROLES_OF[kind]) if role is not Role.ADMINISTRATOR and not _is_needless(code, role)
    ]
    desk: list[Role] = [role for role in roles if role != Role.IDENTIFICATION_OFFICER] or roles
    second: list[Role] = desk if kind.holds_keys and len(desk) == 1 else []
    if Role.MONITOR in roles:
        second = [Role.MONITOR]  # some interviews are scored by two
    return [
        *((f"{code.lower()}.{role}", role) for role in desk),
        *((f"{code.lower()}.{role}.2", role) for role in second),
        *((f"{code.lower()}.{role}", role) for role in roles if role not in desk),
    ]


def _name(number: int) -> str:
    """A member of staff, invented too."""
    given = [*GIVEN["feminine"].split(), *GIVEN["masculine"].split()]
    family = FAMILY.split()
    return f"{given[number * 7 % len(given)]} {family[number * 5 % len(family)]}"


def _is_needless(code: str, role: Role) -> bool:
    """Who counts and who pays work at the ministry of labour; every other role of a ministry at the other office.

    The agencies that file tables have a focal point and nobody else.
    """
    if code in country().register.agencies and OrganisationKind(country().organisations[code].kind) == "ministry":
        return role is not Role.FOCAL_POINT
    if code not in ("OMS", "MOLSA"):
        return False
    counts_or_pays = role in (Role.STATISTICIAN, Role.PAYMENT_OFFICER)
    return role is Role.FOCAL_POINT or counts_or_pays is (code == "OMS")


def _join(
    token: str, login: str, role: Role, organisation: str, described: list[Account], holder: Actor | None = None
) -> Actor:
    password = _password()
    joined = accounts.join(token=token, password=password)
    members.check_code_of_invitation(token=token, code=joined.recovery_code)
    if joined.waiting and holder is not None:
        member = store.member_by_login(login)
        assert member is not None
        accounts.confirm(member_id=member.id, by=holder)
    cookie = accounts.sign_in(login=login, password=password)
    found = accounts.resume(cookie)
    assert isinstance(found, accounts.SignedIn)
    secret = None
    if found.enrolling:
        secret = factors.propose(by=found.actor).secret
        factors.set_up(code=factors.code_now(secret), by=found.actor)
        found = accounts.resume(cookie)
        assert isinstance(found, accounts.SignedIn)
    described.append(
        {"login": login, "password": password, "totp": secret, "role": str(role), "organisation": organisation}
    )
    return found.actor


def _password() -> str:
    """Random, and easy to type: `bako-rituze-menola`."""
    syllables = [secrets.choice("bdfgklmnprstvz") + secrets.choice("aeiou") for _ in range(_PASSWORD_SYLLABLES)]
    return "-".join("".join(syllables[start : start + 3]) for start in range(0, _PASSWORD_SYLLABLES, 3))


def _country(app: Flask) -> Country:
    return cast(Country, app.extensions["nrm.country"])


def _remember_stop() -> list[int]:
    """Raise KeyboardInterrupt at Ctrl-C, and fill the list: where it was raised a library may have swallowed it."""
    stopped: list[int] = []

    def stop(number: int, _: object) -> None:
        stopped.append(number)
        raise KeyboardInterrupt

    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGINT, stop)
    return stopped


def _progress(last: datetime) -> Callable[[str], None]:
    """Say each month once, and every quarter that is closed."""
    told: set[str] = set()
    stopped = _remember_stop()

    def tell(what: str) -> None:
        if stopped:
            raise KeyboardInterrupt
        if what not in told:
            told.add(what)
            _tell_user(f"{what} (until {last:%Y-%m-%d})" if what[:2] == "20" else what)

    return tell


def _table(described: Mapping[str, Any]) -> str:
    width = max(len(account["login"]) for account in described["accounts"])
    lines = [
        f"{account['login']:<{width}}  {account['password']}  {account['totp'] or ''}".rstrip()
        for account in described["accounts"]
    ]
    quarters = ", ".join(described["quarters"]) or "none"
    return "\n".join([f"Demo country: {described['url']}   closed quarters: {quarters}", *lines])


def _tell_user(text: str) -> None:
    click.echo(text, err=True)
