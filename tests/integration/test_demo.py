"""The demo country: the same people for the same seed, four closed quarters, a chain that is whole."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from config import ARGON2_FLOOR_KIB, ARGON2_FLOOR_PASSES
from nrm import countries, db
from nrm.actions.accounts import accounts
from nrm.actions.reports import reports
from nrm.cli.demo import make_demo, table
from nrm.demo import cast
from nrm.demo.people import full_quarters, plans, tonight
from nrm.domain.accounts.accounts import Role
from tests import factories, thief
from tests.ports import free_port

UNTIL = date(2026, 11, 24)
CAST = cast.read(countries.load("albania"), countries.FOLDER / "albania")
# Passwords as cheap to check as a real instance may make them.
FLOOR = {"NRM_ARGON2_KIB": str(ARGON2_FLOOR_KIB), "NRM_ARGON2_PASSES": str(ARGON2_FLOOR_PASSES)}
ROLES = {str(role) for role in Role}


def nrm(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the command as a user would."""
    return subprocess.run(
        [sys.executable, "-c", "from nrm.cli import main; main()", *arguments],
        capture_output=True,
        text=True,
        timeout=240,
        env={**{k: v for k, v in os.environ.items() if not k.startswith("NRM_")}, **FLOOR, **environment},
        check=False,
    )


@dataclass
class Made:
    """What people met while a country was made: begun, stopped, begun again by the same command, and served."""

    folder: Path
    stopped: int  # the exit code
    first: str  # what the command said on standard error, of the first try
    second: str
    printed: dict[str, object]  # on standard output, of the second
    page: tuple[int, str, Mapping[str, str]]  # of the first try, before it was stopped
    posted: tuple[int, str, Mapping[str, str]]
    elsewhere: int
    after_stop: bool  # whether anybody answered
    unfinished: subprocess.CompletedProcess[str]  # what another command says of what is left
    killed: str
    pages: list[str]  # of the second, one after the other
    printed_before_signing_in: bool
    after: list[str]
    ended: int


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """A country of sixty people, as `make run` makes it."""
    folder = tmp_path_factory.mktemp("demo") / "country"
    port = free_port()
    words = ("demo", "--dir", str(folder), "--people", "60", "--until", str(UNTIL), "--json", "--port", str(port))
    with begun(folder.with_name("first"), *words) as command:
        until(lambda: bool(asked(port)), command)
        page, posted, elsewhere = asked(port), asked(port, method="POST"), asked(port, "/cases/ABC")[0]
        until(lambda: bool(TOLD.search(folder.with_name("first.err").read_text())), command)  # ten seconds later
        stopped = ended(command, signal.SIGINT)
    try:
        after_stop = bool(asked(port))
    except OSError:
        after_stop = False
    unfinished = nrm("tend", "--dir", str(folder))
    with begun(folder.with_name("killed"), *words) as command:
        until(lambda: bool(asked(port)), command)
        ended(command, signal.SIGKILL)
    with begun(folder.with_name("second"), *words) as command:
        pages: list[str] = []
        out, err = folder.with_name("second.out"), folder.with_name("second.err")

        def is_form() -> bool:
            pages.append(asked(port)[1])
            early.append(out.stat().st_size > 0 and FORM not in pages[-1])
            return FORM in pages[-1]

        early: list[bool] = []
        until(is_form, command)
        until(lambda: "serving at" in err.read_text(), command)
        after = [asked(port)[1] for _ in range(20)]
        code = ended(command, signal.SIGTERM)
    return Made(
        folder=folder,
        stopped=stopped,
        first=folder.with_name("first.err").read_text(),
        second=err.read_text(),
        printed=json.loads(out.read_text()),
        page=page,
        posted=posted,
        elsewhere=elsewhere,
        after_stop=after_stop,
        unfinished=unfinished,
        killed=folder.with_name("killed.err").read_text(),
        pages=pages,
        printed_before_signing_in=any(early),
        after=after,
        ended=code,
    )


FORM = 'name="password"'
TOLD = re.compile(r"^(accounts|people): \d+ of \d+", re.M)
LONGEST_SECONDS = 600.0


@contextlib.contextmanager
def begun(said: Path, *words: str) -> Iterator[subprocess.Popen[bytes]]:
    """The command in the background; what it prints is in `said`.out and `said`.err."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("NRM_")}
    with said.with_suffix(".out").open("wb") as out, said.with_suffix(".err").open("wb") as err:
        process = subprocess.Popen(
            [sys.executable, "-c", "from nrm.cli import main; main()", *words],
            stdout=out,
            stderr=err,
            env={**environment, **FLOOR},
        )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def asked(port: int, path: str = "/sign-in", *, method: str = "GET") -> tuple[int, str, Mapping[str, str]]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        connection.request(method, path, headers={"Accept-Language": "en"})
        answer = connection.getresponse()
        return answer.status, answer.read().decode(), answer.headers
    finally:
        connection.close()


def until(holds: Callable[[], bool], process: subprocess.Popen[bytes]) -> None:
    """Wait until it holds; while nobody listens, it does not."""
    end = time.monotonic() + LONGEST_SECONDS
    while True:
        with contextlib.suppress(ConnectionError):  # nobody yet, or somebody who just leaves
            if holds():
                return
        assert process.poll() is None, "the command ended"
        assert time.monotonic() < end
        time.sleep(0.2)


def ended(process: subprocess.Popen[bytes], number: int) -> int:
    """The exit code after a signal."""
    process.send_signal(number)
    return process.wait(60)


@pytest.fixture(scope="module")
def demo(made: Made) -> tuple[Path, dict[str, object]]:
    """The country, and what the command printed of it."""
    return made.folder, made.printed


@pytest.mark.slow
def test_from_the_beginning_a_page_says_what_is_being_made(made: Made) -> None:
    status, page, headers = made.page
    assert (status, headers["Refresh"]) == (200, "3")
    assert "The demonstration is being made" in page
    assert FORM not in page
    status, page, headers = made.posted
    assert status == 503
    assert "Nothing was done with what you sent." in page
    assert int(headers["Retry-After"]) > 0
    assert made.elsewhere == 303
    came = [int(found[1]) for page in made.pages if (found := re.search(r"(\d+) of 60 people", page))]
    assert came == sorted(came)
    assert len(set(came)) > 5
    assert any("Who came until" in page for page in made.pages)


@pytest.mark.slow
def test_a_demo_that_was_stopped_or_killed_says_what_to_do_and_the_same_command_makes_it(made: Made) -> None:
    assert made.stopped == 130
    assert made.first.splitlines()[-2:] == [
        f"{made.folder} is not complete: the same command removes what is there and begins again",
        "nrm: stopped",
    ]
    assert not made.after_stop
    assert (made.unfinished.returncode, len(made.unfinished.stderr.strip().splitlines())) == (2, 1)
    assert "holds an unfinished demo country" in made.unfinished.stderr
    assert "it is begun again" in made.killed
    assert "it is begun again" in made.second
    assert "Traceback" not in made.first + made.killed + made.second
    assert json.loads((made.folder / "accounts.json").read_text())["accounts"] == made.printed["accounts"]


@pytest.mark.slow
def test_accounts_are_printed_when_they_work_and_then_nobody_says_that_it_is_being_made(made: Made) -> None:
    assert not made.printed_before_signing_in
    assert f"serving at {made.printed['url']}" in made.second
    assert all(FORM in page for page in made.after)
    assert made.ended == 0
    assert TOLD.search(made.second)
    again = nrm("demo", "--dir", str(made.folder), "--json", "--no-serve")
    assert json.loads(again.stdout)["accounts"] == made.printed["accounts"]
    kept = f"{made.folder} holds a demo country already; it is kept as it is"
    assert again.stderr.strip() == kept
    other = nrm("demo", "--dir", str(made.folder), "--people", "20", "--json", "--no-serve")
    assert other.stderr.splitlines() == [
        kept,
        "it has 60 people, not 20: for another one name a new folder, or delete this one",
    ]
    assert other.stdout == again.stdout


@pytest.mark.parametrize(("totp", "shown"), [(None, ""), ("JBSWY3DP", "JBSWY3DP  ")])
def test_each_account_is_printed_with_its_role_and_its_place_in_words(totp: str | None, shown: str) -> None:
    own = {"login": "rinas.border_officer", "password": "a-b", "totp": totp}
    accounts = [
        {**own, "role": "border_officer", "organisation": "RINAS"},
        {"login": "x", "password": "c-d", "totp": None, "role": "case_worker", "organisation": "NOT_IN_THE_FILE"},
    ]
    described = {"url": "http://127.0.0.1:5000", "quarters": [], "accounts": accounts}
    assert table(described, countries.load("albania")).splitlines() == [
        "Demo country: http://127.0.0.1:5000   closed quarters: none",
        f"rinas.border_officer  a-b  {shown}Border officer, Rinas airport",
        "x                     c-d  Case worker",
    ]


def test_the_same_seed_gives_the_same_people_and_another_one_others() -> None:
    assert plans(1, 80, UNTIL, CAST) == plans(1, 80, UNTIL, CAST)
    assert plans(1, 80, UNTIL, CAST) != plans(2, 80, UNTIL, CAST)


@pytest.mark.parametrize("until", [UNTIL, date(2026, 1, 1), date(2025, 12, 31), date(2024, 2, 29), date(2026, 6, 30)])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_four_hundred_people_fill_the_last_two_quarters(seed: int, until: date) -> None:
    made = plans(seed, 400, until, CAST)
    assert len(made) == 400
    assert all(until - timedelta(days=4 * 365 + 1) <= plan.at.date() <= until for plan in made)
    for quarter in full_quarters(until, 2):
        there = [
            plan
            for plan in made
            if plan.ending == "referred"
            and plan.at.date() <= quarter.end
            and plan.at.date() + timedelta(days=plan.nights) > quarter.start
        ]
        assert len(there) >= 110, (quarter, len(there))


def test_tonight_three_people_wait_at_their_posts() -> None:
    now = datetime(2026, 11, 24, 22, tzinfo=UTC)
    made = tonight(plans(1, 60, UNTIL, CAST), now)
    assert len(made) == 60
    assert len([plan for plan in made if now - timedelta(hours=1) <= plan.at <= now]) >= 3


@pytest.mark.slow
def test_the_json_has_every_role_with_an_account_and_the_closed_quarters(
    demo: tuple[Path, dict[str, object]],
) -> None:
    _, said = demo
    assert set(said) == {"url", "quarters", "accounts"}
    assert said["quarters"] == ["2025Q4", "2026Q1", "2026Q2", "2026Q3"]
    accounts = said["accounts"]
    assert isinstance(accounts, list)
    assert {account["role"] for account in accounts} == ROLES
    for account in accounts:
        assert set(account) == {"login", "password", "totp", "role", "organisation"}
        assert account["totp"] is None
    assert "RINAS" in {account["organisation"] for account in accounts}


@pytest.mark.slow
def test_in_the_demo_country_each_organisation_opens_exactly_its_live_grants(
    demo: tuple[Path, dict[str, object]],
) -> None:
    """By the files and the passwords that the command printed; nothing of the program is asked."""
    folder, said = demo
    accounts = said["accounts"]
    assert isinstance(accounts, list)
    passwords = {each["login"]: each["password"] for each in accounts}
    files = thief.Files(folder, folder, ARGON2_FLOOR_PASSES, ARGON2_FLOOR_KIB, passwords)
    codes = files.organisations()
    granted: dict[str, set[thief.Key]] = {code: set() for code in codes.values()}
    for case, compartment, organisation, *_ in files.table(*thief.GRANTS):
        granted[codes[organisation]].add((case, compartment))
    for code, expected in granted.items():
        found = thief.opened(files, code, released=False, kinds=files.kinds(code))
        assert set(found) == expected, code
    assert len(granted["NRC"]) > 20
    assert not set().union(*(granted[code] for code in thief.OUTSIDE))
    assert thief.opened(files, *thief.OUTSIDE) == {}
    several = ("NRC", "RINAS", "RA", *thief.OUTSIDE)
    together = thief.opened(files, *several, released=False, kinds=files.kinds(*several))
    assert set(together) == set().union(*(granted[code] for code in several))
    # The organisation that handed somebody over holds nothing of the case once it was accepted.
    cases = thief.rows(folder / "main.db", "id, opened_by_id, holder_id, status", "cases")
    handed_over = {
        (case, opener) for case, opener, holder, status in cases if status != "referred" and holder != opener
    }
    assert len(handed_over) > 20
    assert not {(case, party) for case, _, party, *_ in files.table(*thief.GRANTS)} & handed_over


@pytest.mark.slow
@pytest.mark.slow
def test_the_quarter_that_ended_last_is_left_to_the_statistician_who_asks_for_it(tmp_path: Path) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("nrm.cli.usage.load_config", factories.cheap_config)
        made = make_demo(tmp_path / "country", people=12, seed=1, until=UNTIL, to_close=True)
    quarters = full_quarters(UNTIL, 4)
    assert made["quarters"] == [str(each) for each in quarters[:-1]]
    first, told, *_ = table({"url": "-", **made}, countries.load("albania")).splitlines()
    assert first.endswith(", ".join(made["quarters"]))
    assert told == (
        f"{quarters[-1]} was left to be closed: molsa.statistician closes and signs it, then ra.duty_officer or "
        "ra.duty_officer.2 signs it, which releases it"
    )
    del made["to_close"]
    assert "left to be closed" not in table({"url": "-", **made}, countries.load("albania"))
    with factories.open_instance(tmp_path / "country").app_context():
        [password] = [each["password"] for each in made["accounts"] if each["login"] == "molsa.statistician"]
        signed_in = accounts.resume(accounts.sign_in(login="molsa.statistician", password=password))
        assert isinstance(signed_in, accounts.SignedIn)
        assert isinstance(reports.close(quarters[-1], by=signed_in.actor), reports.Closed)
        db.disconnect()


def test_with_sixty_people_the_total_alone_is_published(demo: tuple[Path, dict[str, object]]) -> None:
    folder, said = demo
    accounts = said["accounts"]
    assert isinstance(accounts, list)
    statistician = next(each for each in accounts if each["role"] == "statistician")
    for quarter in ("2026Q2", "2026Q3"):
        read = nrm(
            *("report", "ix", "--quarter", quarter, "--dir", str(folder)),
            *("--as", statistician["login"], "--format", "json"),
            NRM_PASSWORD=statistician["password"],
        )
        assert read.returncode == 0, read.stderr
        report = json.loads(read.stdout)
        assert [len(table["rows"]) for table in report["tables"]] == [1]
        assert report["tables"][0]["rows"][0]["value"] % 5 == 0


@pytest.mark.slow
def test_of_some_people_two_sides_said_that_they_were_here_before(demo: tuple[Path, dict[str, object]]) -> None:
    folder, _ = demo
    counted = dict(thief.rows(folder / "main.db", "repeat, count(*)", "cases GROUP BY repeat"))
    assert counted.keys() == {"new", "repeat_again", "pending", "not_checkable", "not_checked"}
    assert counted["repeat_again"] >= 2
    assert counted["new"] > counted["not_checked"]
    came_as = {plan.came_as for plan in plans(1, 60, UNTIL, CAST)} - {None}
    assert counted["repeat_again"] <= len(came_as)  # nobody else was taken for somebody


@pytest.mark.slow
def test_the_houses_act_on_whoever_is_not_safe_after_the_shelter(demo: tuple[Path, dict[str, object]]) -> None:
    """Where a house has a manager nobody did once, and her home page named people for months."""
    folder, _ = demo
    waits = [since for (since,) in thief.rows(folder / "main.db", "alarm_on", "follow_up_dates") if since]
    assert thief.rows(folder / "main.db", "count(*)", "follow_up_dates")[0][0] > 10
    assert [since for since in waits if UNTIL - date.fromisoformat(since) > timedelta(days=11)] == []


@pytest.mark.slow
def test_the_chain_is_whole_and_tending_again_finds_nothing_to_do(demo: tuple[Path, dict[str, object]]) -> None:
    folder, _ = demo
    assert nrm("audit", "verify", "--dir", str(folder)).returncode == 0
    nrm("tend", "--dir", str(folder))
    again = nrm("tend", "--dir", str(folder))
    assert again.returncode == 0
    assert set(json.loads(again.stdout).values()) == {0}


@pytest.mark.slow
def test_the_demo_is_served_and_one_signs_in(demo: tuple[Path, dict[str, object]]) -> None:
    folder, said = demo
    accounts = said["accounts"]
    assert isinstance(accounts, list)
    with served(folder) as url:
        page = urllib.request.urlopen(f"{url}/sign-in", timeout=10)
        assert page.headers["Cache-Control"] == "no-store"
        assert "trilluar" in page.read().decode()  # every page says that its people are invented


@contextlib.contextmanager
def served(folder: Path) -> Iterator[str]:
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-c", "from nrm.cli import main; main()", "serve", "--dir", str(folder), "--port", str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        for _ in range(200):
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                break
            except OSError:
                time.sleep(0.1)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@pytest.mark.slow
def test_a_folder_that_is_not_empty_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("keep me")
    for command in (("demo", "--no-serve"), ("init", "--country", "albania")):
        refused = nrm(command[0], "--dir", str(tmp_path), *command[1:])
        assert (refused.returncode, refused.stdout) == (2, "")
        assert refused.stderr.strip().splitlines()[-1].startswith("nrm: --dir: ")
    assert [path.name for path in tmp_path.iterdir()] == ["letter.txt"]


@pytest.mark.slow
def test_a_real_instance_is_made_and_never_speaks_plain_http(tmp_path: Path) -> None:
    made = nrm("init", "--one-folder", "--dir", str(tmp_path / "real"), "--country", "albania")
    assert made.returncode == 0
    assert made.stdout.startswith("/invitations/")
    assert made.stdout.count("\n") == 1
    refused = nrm("serve", "--dir", str(tmp_path / "real"), "--port", "5999")
    assert refused.returncode == 2
    assert refused.stderr.startswith("nrm: NRM_TLS_CERTIFICATE: ")
    for path in (tmp_path / "real").rglob("*"):
        if path.is_file():
            assert path.stat().st_mode & 0o077 == 0, path


@pytest.mark.parametrize(
    "arguments",
    [
        ("init", "--country", "albania"),
        ("init", "--dir", "{empty}", "--country", "atlantis"),
        ("serve", "--dir", "{empty}", "--port", "5000"),
        ("serve", "--dir", "{empty}", "--port", "0"),
        ("tend", "--dir", "{empty}"),
        ("demo", "--dir", "{empty}", "--until", "2999-01-01", "--no-serve"),
        ("demo", "--dir", "{empty}", "--people", "-1"),
        ("no-such-command",),
        ("report", "ix", "--quarter", "2026Q5", "--dir", "{empty}", "--as", "x", "--format", "json"),
        ("interviews", "import", "/nowhere.jsonl", "--dir", "{empty}", "--as", "x"),
        ("audit", "verify", "--dir", "{empty}"),
    ],
)
def test_bad_usage_is_one_line_and_exit_2(
    tmp_path: Path, arguments: tuple[str, ...], typed: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    empty = tmp_path / "empty"
    ended = typed(*(each.format(empty=empty) for each in arguments))
    assert (ended.returncode, ended.stdout) == (2, "")
    assert len(ended.stderr.strip().splitlines()) == 1
    assert ended.stderr.startswith("nrm: ")
