"""Every role at every route with every method; and another organisation's ids are as good as ids of nothing."""

from __future__ import annotations

import cProfile
import random
import re
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from flask import Flask, request
from flask.testing import FlaskClient
from sqlalchemy import select

from nrm.cli.instance import make_instance
from nrm.db import db
from nrm.domain.accounts.accounts import Permission, Role
from nrm.models.shelter.cases import Case
from nrm.web import access
from tests import factories
from tests.conftest import Person
from tests.integration.accounts.test_sign_in_attacks import overlap
from tests.invariants.test_routes import ACCESS, DOCUMENT, LOGINS, SLOW, addresses, allowed, reaches
from tests.world import World

METHODS = ("GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE")
# Ending a session or changing who is signed in would spoil the rest of the walk.
ENDS_IT = {"accounts.sign_out", "accounts.hide_screen", "accounts.sign_in", "accounts.password"}


def document(app: Flask) -> str:
    """The table of all endpoints as docs/access.md shows it."""
    heads = [str(role).replace("_", " ") for role in LOGINS]
    lines = [
        "# Who reaches what",
        "",
        "Made from the marks on the views in `nrm/web` and from `nrm/domain/accounts/accounts.py` by `make access`.",
        "Tests compare it with the program and walk every role through every page: a changed mark shows here, where a",
        "reviewer sees it. Of several permissions one is enough.",
        "",
        "A yes lets a role ask; what it then sees or changes is decided by who holds each person's case.",
        "",
        f"| page or action | asks for | {' | '.join(heads)} |",
        "|" + "---|" * (2 + len(heads)),
    ]
    found = {rule.endpoint: access.access_of(app, rule.endpoint) for rule in app.url_map.iter_rules()}
    for endpoint, asked in sorted(found.items()):
        marks = ["yes" if reaches(role, asked) else "" for role in LOGINS]
        lines.append(f"| `{endpoint}` | {asked} | {' | '.join(marks)} |")
    return "\n".join(lines) + "\n"


def test_the_documented_table_is_the_real_one(app: Flask) -> None:
    assert DOCUMENT.read_text("utf-8") == document(app), "run `make access`"


@pytest.mark.parametrize(
    ("role", "reached"),
    [
        (Role.SHELTER_MANAGER, True),  # has the first
        (Role.DUTY_OFFICER, True),  # has the second
        (Role.TRP_OFFICER, False),  # has neither, though it reads cases
        (Role.STATISTICIAN, False),
        (Role.ADMINISTRATOR, False),
    ],
)
def test_one_of_several_permissions_is_enough_and_none_is_not(app: Flask, role: Role, reached: bool) -> None:
    either = access.requires(Permission.REFERRAL_DECIDE, Permission.REFERRAL_DIRECT)
    app.add_url_rule("/either", "either", either(lambda: "reached"))
    app.add_url_rule("/without-a-mark", "without", lambda: "reached")
    client = Person(app.test_client(), LOGINS[role]).client
    assert client.get("/either").status_code == (200 if reached else 403)
    assert client.get("/without-a-mark").status_code == 403
    assert access.access_of(app, "either") == "referral:decide or referral:direct"
    assert access.access_of(app, "without") == "nobody"


OF_A_REFERRAL = ("", "/promise", "/depart", "/not-arrived")
WITHOUT_A_PART = {
    Role.TRP_OFFICER: OF_A_REFERRAL,
    Role.WITNESS_LIAISON: OF_A_REFERRAL,
    Role.CHILD_PROTECTION_OFFICER: OF_A_REFERRAL,
    Role.BORDER_OFFICER: ("/not-arrived",),
    Role.HELPLINE_OPERATOR: ("/not-arrived",),
}


@pytest.mark.parametrize("role", WITHOUT_A_PART)
def test_a_referral_is_not_asked_for_by_who_has_no_part_in_any(world_app: tuple[Flask, World], role: Role) -> None:
    """They read cases, and may do none of this: refused at the door, whether the referral is there or not."""
    app, world = world_app
    person = Person(app.test_client(), LOGINS[role])
    for page in WITHOUT_A_PART[role]:
        for referral_id in (world.asked, world.coming, uuid.uuid4()):
            person.get(f"/referrals/{referral_id}{page}", 403)
            if page:
                person.post(f"/referrals/{referral_id}{page}", status=403)


def unsupported(app: Flask, method: str) -> Iterator[tuple[str, str]]:
    """(endpoint, address) of every address that knows the method not at all."""
    known = {address for _, address in addresses(app, None, method)}
    with_ids = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}")
    shapes = {with_ids.sub("*", address) for address in known}
    for other in ("GET", "POST"):
        for endpoint, address in addresses(app, None, other):
            if with_ids.sub("*", address) not in shapes and endpoint not in SLOW:
                yield endpoint, address


@pytest.mark.slow
@pytest.mark.parametrize("role", LOGINS)
def test_every_role_at_every_route_with_every_method_gets_what_the_table_says(app: Flask, role: Role) -> None:
    person = Person(app.test_client(), LOGINS[role])
    for method in METHODS:
        for endpoint, address in addresses(app, None, method):
            if method == "POST" and endpoint in ENDS_IT:
                continue
            answer = person.client.open(address, method=method, data=_token(person, method))
            if method == "OPTIONS":
                assert answer.text == "" or answer.status_code in (403, 404), (endpoint, answer.status_code)
            elif not allowed(role, endpoint):
                assert answer.status_code == 403, (method, endpoint)
            elif method == "GET":
                assert answer.status_code in (200, 303, 404), (endpoint, answer.status_code)
            else:
                assert answer.status_code in (200, 303, 400, 404, 409, 413, 422), (method, endpoint, answer.status_code)
    assert person.client.get("/").status_code == 200


@pytest.mark.slow
@pytest.mark.parametrize("role", LOGINS)
def test_a_method_that_an_address_does_not_know_is_refused_to_whoever_comes(app: Flask, role: Role) -> None:
    """Each address with each such method, by one of the roles in turn: which methods it knows is not asked of them."""
    person = Person(app.test_client(), LOGINS[role])
    turn = list(LOGINS).index(role)
    for method in METHODS:
        asked = list(unsupported(app, method))[turn :: len(LOGINS)]
        for endpoint, address in asked:
            answer = person.client.open(address, method=method, data=_token(person, method))
            assert answer.status_code in (403, 404, 405), (method, endpoint)
    assert person.client.get("/").status_code == 200


def _token(person: Person, method: str) -> dict[str, str] | None:
    return {"csrf_token": person.csrf_token} if method not in ("GET", "HEAD", "OPTIONS") else None


STRANGERS = (
    "iom.shelter_manager",
    "tjeter_vizion.case_worker",
    "durres.border_officer",
    "prosecution.witness_liaison",
    "child_protection.case_worker",
    "consular.consular_officer",
    "helpline.helpline_operator",
    "molsa.statistician",
    "oms.monitor",
    "administrator",
)
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
# Which organisations and beds there are is known to every signed-in member; whose case it is stands before it.
KNOWN_TO_ALL = {"next_receiver.direct", "accounts.invite"}
# The consulate announced the world's notice itself; the administrator keeps everybody's account and organisation; the
# statistician sees the whole register of filed tables, what speaks of victims excepted, which nobody opens.
THEIRS = {
    "molsa.statistician": {"register.show"},
    "consular.consular_officer": {"announced_returns.cancel", "announced_returns.cancel_page"},
    "helpline.helpline_operator": {
        *(each for each, asked in ACCESS.items() if asked == "call:record"),
        "data_requests.strike",  # the request is one that this operator recorded
        "data_requests.strike_page",
    },
    "oms.monitor": {each for each, asked in ACCESS.items() if asked == "monitoring:score"},
    "prosecution.witness_liaison": {  # a witness without a case is the prosecution's own
        *("hearings.of_witness", "hearings.announce_of_witness", "threats.tell_of_witness_page"),
        *("threats.tell_of_witness",),
        *("witnesses.show", "witnesses.record", "witnesses.open_reference", "witnesses.end_page", "witnesses.end"),
        *("witnesses.correct_page", "witnesses.correct"),
    },
    "administrator": {each for each, asked in ACCESS.items() if asked in ("account:disable", "organisation:suspend")}
    | {"second_factor.let_in", "second_factor.let_in_page"},
}


def pairs(app: Flask, world: World, method: str) -> Iterator[tuple[str, str, str]]:
    """(endpoint, an address with ids that exist, the same with ids of nothing)."""
    for endpoint, address in addresses(app, world, method):
        if UUID.search(address) and endpoint not in KNOWN_TO_ALL:
            yield endpoint, address, UUID.sub(lambda _: str(uuid.uuid4()), address)


def told(client: FlaskClient, address: str, method: str, data: dict[str, str] | None) -> tuple[object, ...]:
    """Everything an answer says, but for the id that was asked for and what is random in every answer."""
    answer = client.open(address, method=method, data=data)
    headers = sorted((name, UUID.sub("*", value)) for name, value in answer.headers if name != "Date")
    text = re.sub(r"\b[0-9a-f]{8}\b", "*", UUID.sub("*", answer.text))  # by which the answer is found in the log
    return answer.status_code, len(answer.data), tuple(headers), text


@pytest.mark.slow
@pytest.mark.parametrize("login", STRANGERS)
def test_anothers_ids_say_no_more_than_ids_of_nothing(world_app: tuple[Flask, World], login: str) -> None:
    app, world = world_app
    person = Person(app.test_client(), login)
    seen = 0
    for method in ("GET", "POST"):
        data = _token(person, method)
        for endpoint, real, nothing in pairs(app, world, method):
            if endpoint in THEIRS.get(login, ()):
                continue
            there = told(person.client, real, method, data)
            assert there == told(person.client, nothing, method, data), (method, endpoint, there[:2])
            assert there[0] in (403, 404, 422), (method, endpoint, there[0])
            seen += there[0] == 404
    assert seen or login in ("consular.consular_officer", "molsa.statistician", "oms.monitor", "administrator")


MOST_CALLS = 80
"""By so many calls of functions may two answers differ, of some 5,000 to 12,000: one question more to the database is
three hundred."""


@pytest.mark.slow
@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("login", ["iom.shelter_manager", "durres.border_officer"])
def test_nor_does_the_time_they_take(world_app: tuple[Flask, World], login: str, method: str) -> None:
    """What runs for the one is what runs for the other: counted, which no neighbour on the machine disturbs and which
    sees what is too short for a clock. A clock is asked only for what no call of Python shows, if it is long.
    """
    app, world = world_app
    person = Person(app.test_client(), login)
    data = _token(person, method)
    by_calls, by_time, seen = {}, {}, set()
    for endpoint, real, _ in pairs(app, world, method):
        if endpoint in seen or person.client.open(real, method=method, data=data).status_code != 404:
            continue
        seen.add(endpoint)
        # The first id says whose it is; an organisation, which stands behind it, is known to all. Both addresses are
        # fixed: one asked for the first time takes longer whatever it names.
        nothing = UUID.sub(str(uuid.uuid4()), real, count=1)
        person.client.open(nothing, method=method, data=data)
        # What is told is told every time: what falls due in one request, or a neighbour on the machine, disturbs one.
        more: list[int] = []
        while len(more) < 3 and not (more and abs(more[-1]) <= MOST_CALLS):
            calls = [calls_of(person.client, method, data, each) for each in (real, nothing)]
            more.append(calls[0] - calls[1])
        if abs(more[-1]) > MOST_CALLS:
            by_calls[endpoint] = more
        tries: list[float] = []
        while len(tries) < 5 and not (tries and 0.15 <= tries[-1] <= 0.85):
            tries.append(time_told(person.client, method, data, real, nothing))
        if not 0.15 <= tries[-1] <= 0.85:
            by_time[endpoint] = tries
    assert len(seen) > 30
    assert (by_calls, by_time) == ({}, {})


def calls_of(client: FlaskClient, method: str, data: dict[str, str] | None, address: str) -> int:
    """How many functions are called for an answer, those of libraries in C included."""
    profile = cProfile.Profile()
    profile.enable()
    client.open(address, method=method, data=data)
    profile.disable()
    return sum(each.callcount for each in profile.getstats())


def time_told(client: FlaskClient, method: str, data: dict[str, str] | None, real: str, nothing: str) -> float:
    """How often an answer about `real` took longer than one about `nothing`: 0.5 when the time tells nothing."""
    times: dict[str, list[float]] = {real: [], nothing: []}
    order = [real, nothing] * 10
    random.shuffle(order)
    for address in order:
        begun = time.perf_counter()
        client.open(address, method=method, data=data)
        times[address].append(time.perf_counter() - begun)
    return overlap(times[real], times[nothing])


@pytest.mark.slow
def test_an_answer_that_does_more_for_what_is_there_is_seen(world_app: tuple[Flask, World]) -> None:
    """One question more to the database by its calls, and ten milliseconds behind a single call by the clock."""
    app, world = world_app
    person = Person(app.test_client(), "iom.shelter_manager")
    real = next(real for endpoint, real, _ in pairs(app, world, "GET") if endpoint == "cases.show")
    nothing = UUID.sub(str(uuid.uuid4()), real, count=1)
    more: list[Callable[[], object]] = []

    def hook() -> None:
        if request.path == real:
            for do in more:
                do()

    app.before_request_funcs[None].insert(0, hook)

    def difference() -> int:
        for address in (real, nothing):
            assert person.client.get(address).status_code == 404
        return calls_of(person.client, "GET", None, real) - calls_of(person.client, "GET", None, nothing)

    assert abs(difference()) < MOST_CALLS
    more[:] = [lambda: db.session.scalar(select(Case.id).where(Case.id == uuid.uuid4()))]
    assert difference() > MOST_CALLS
    more[:] = [lambda: time.sleep(0.01)]
    assert abs(difference()) < MOST_CALLS
    assert time_told(person.client, "GET", None, real, nothing) > 0.85


if __name__ == "__main__":
    with TemporaryDirectory() as folder:
        make_instance(Path(folder) / "instance", "albania", language="sq", synthetic=True)
        DOCUMENT.write_text(document(factories.open_instance(Path(folder) / "instance")), "utf-8")
