"""The pages people use most, under load, against an empty route under the same server in the same run."""

from __future__ import annotations

import http.client
import re
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from bench import databases, load, server
from bench.load import Measured
from forms.interviews.interviews import form_data
from nrm import countries
from nrm.cli.demo import QUESTIONNAIRE, make_demo
from nrm.domain.interviews.example_interview import example_answers
from nrm.domain.interviews.interviews import Questionnaire
from nrm.domain.interviews.questionnaire_flow import pages

PEOPLE = 60  # of the demo country; how many there are does not change what a page costs
SECONDS = 4.0
LANGUAGE = "sq"
WRITTEN = "happened"  # the page with the longest form
FORM_BYTES = 2048
OFFICER, CASE_WORKER, STATISTICIAN = "rinas.border_officer", "vatra.case_worker", "molsa.statistician"
_HIDDEN = re.compile(rb'name="(csrf_token|seen)" value="([^"]*)"')
_NAMED = re.compile(rb'name="named" value="([^"]*)"')

Request = Callable[[int], bytes]


@dataclass(frozen=True, slots=True)
class Target:
    """The least part of the anchor's requests a second, and the most ms of CPU and p95/p50, where one is set."""

    part: int | None = None
    cpu_ms: float | None = None
    spread: float | None = None


@dataclass(frozen=True, slots=True)
class Answered:
    """What a request over HTTP brought."""

    status: int
    headers: http.client.HTTPMessage
    body: bytes


class Browser:
    """A signed-in member on one keep-alive connection."""

    def __init__(self, port: int, login: str, password: str) -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", port)
        self.cookie = f"lang={LANGUAGE}"
        first = self.ask("GET", "/sign-in")
        self._keep(first)
        form = {"login": login, "password": password, "csrf_token": hidden(first.body)["csrf_token"]}
        self._keep(self.ask("POST", "/sign-in", form))
        if "nrm=" not in self.cookie:
            raise RuntimeError(f"{login} could not sign in")
        self.csrf_token = hidden(self.ask("GET", "/").body)["csrf_token"]

    def _keep(self, answered: Answered) -> None:
        for cookie in answered.headers.get_all("Set-Cookie", []):
            self.cookie += "; " + cookie.partition(";")[0]

    def ask(self, method: str, path: str, form: Mapping[str, Any] | None = None) -> Answered:
        """One request; redirects are not followed. Raises RuntimeError for an answer that is none of success."""
        headers = {"Cookie": self.cookie}
        if form is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        self.connection.request(method, path, urlencode(form, doseq=True) if form is not None else None, headers)
        response = self.connection.getresponse()
        answered = Answered(response.status, response.headers, response.read())
        if answered.status >= 400:
            raise RuntimeError(f"{method} {path} answered {answered.status}")
        return answered

    def send(self, path: str, form: Mapping[str, Any]) -> Answered:
        """POST with the session's token."""
        return self.ask("POST", path, {**form, "csrf_token": self.csrf_token})

    def get_request(self, path: str) -> bytes:
        """The bytes of a GET."""
        return f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: {self.cookie}\r\n\r\n".encode()

    def post_request(self, path: str, form: Mapping[str, Any]) -> bytes:
        """The bytes of a POST with the session's token."""
        body = urlencode({**form, "csrf_token": self.csrf_token}, doseq=True).encode()
        head = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: {self.cookie}\r\n"
        head += f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(body)}\r\n\r\n"
        return head.encode() + body


def hidden(body: bytes) -> dict[str, str]:
    """The hidden fields of a page's forms that every form of ours must send back."""
    return {name.decode(): value.decode() for name, value in _HIDDEN.findall(body)}


class Drafts:
    """One draft interview per connection, led to its last page but one by what a browser would send."""

    def __init__(self, officer: Browser, questionnaire: Questionnaire) -> None:
        self.officer = officer
        self.answers = example_answers(questionnaire)
        self.pages = [page for page in pages(questionnaire, self.answers) if page.id != "decision"]
        self.forms = {page.id: form_data(questionnaire, page, self.answers, LANGUAGE) for page in self.pages}
        self.ids = [self._lead() for _ in range(load.CONNECTIONS)]
        self.seen = [int(hidden(self.get(number, WRITTEN).body)["seen"]) for number in range(load.CONNECTIONS)]
        self.written = 0

    def _lead(self) -> str:
        interview = str(uuid.uuid4())
        self.officer.send("/interviews", {"id": interview})
        for page, form in self.forms.items():
            body = self.officer.ask("GET", f"/interviews/{interview}/{page}").body
            # The organisations that the page of consent names are what is answered; no other page names any.
            back = {"seen": hidden(body)["seen"], "named": [each.decode() for each in _NAMED.findall(body)]}
            self.officer.send(f"/interviews/{interview}/{page}", {**form, **back})
        return interview

    def get(self, number: int, page: str) -> Answered:
        """A page of one of the drafts."""
        return self.officer.ask("GET", f"/interviews/{self.ids[number]}/{page}")

    def sizes(self) -> dict[str, int]:
        """Page -> bytes, the lightest first."""
        found = {page: len(self.get(0, page).body) for page in self.forms}
        return dict(sorted(found.items(), key=lambda item: item[1]))

    def reading(self, page: str) -> Request:
        """Each connection reads the page of its own draft."""
        requests = [self.officer.get_request(f"/interviews/{interview}/{page}") for interview in self.ids]
        return lambda place: requests[place]

    def writing(self) -> Request:
        """Each connection saves its own draft with another story each time, so that every form is sealed."""
        form = self.forms[WRITTEN]
        rest = len(urlencode(form, doseq=True))

        def next_form(place: int) -> bytes:
            seen = self.seen[place]
            self.seen[place] += 1  # what the answer will make it; a form over an old revision is answered 409
            self.written += 1
            story = f"{self.written} ".ljust(max(40, FORM_BYTES - rest - 90), "x")
            path = f"/interviews/{self.ids[place]}/{WRITTEN}"
            return self.officer.post_request(path, {**form, "story": story, "seen": seen})

        return next_form


def main() -> None:
    """Print a line for each page: rates, times, and its ratio to the anchor with the target beside it; the whole table
    on SQLite, and the same one on PostgreSQL."""
    with tempfile.TemporaryDirectory() as place:
        for database, folder in databases.each(Path(place)):
            print(f"-- {database}", flush=True)
            described = make_demo(folder, people=PEOPLE, seed=1, until=None)
            _cold_start(folder)
            with server.empty() as empty, server.instance(folder) as served:
                print(f"memory of two workers at rest (PSS)  {served.memory_kb() / 1024:6.0f} MB  target 130 MB")
                _measure(empty, served, described)


_LIBRARIES = "import babel, cryptography, flask_login, flask_sqlalchemy, sqlalchemy.orm, wtforms"


def _cold_start(folder: Path) -> None:
    """From nothing to the first page, the interpreter's own start included; the best of five."""
    libraries, first_page = (
        _fastest(script, folder) for script in (_LIBRARIES, "from wsgi import app; app.test_client().get('/sign-in')")
    )
    print(
        f"cold start to the first page        {first_page:7.2f} s   target 0.6 s, the libraries alone {libraries:.2f} s"
    )


def _fastest(script: str, folder: Path) -> float:
    environment = {**server.compiled_modules(), "NRM_DIR": str(folder)}
    took = []
    for _ in range(5):
        started = time.perf_counter()
        subprocess.run([sys.executable, "-c", script], cwd=server.TOP, env=environment, check=True)
        took.append(time.perf_counter() - started)
    return min(took)


def _measure(empty: server.Running, served: server.Running, described: Mapping[str, Any]) -> None:
    passwords = {account["login"]: account["password"] for account in described["accounts"]}
    officer, worker, statistician = (
        Browser(served.port, login, passwords[login]) for login in (OFFICER, CASE_WORKER, STATISTICIAN)
    )
    drafts = Drafts(officer, countries.load("albania").questionnaires[QUESTIONNAIRE])
    sizes = drafts.sizes()
    heaviest, average = list(sizes)[-1], list(sizes)[len(sizes) // 2]
    ix = f"/reports/ix/{described['quarters'][-1]}"
    print(
        f"{'':34}{'per s':>8}{'CPU ms':>8}{'p50 ms':>8}{'p95 ms':>8}{'p95/p50':>8}{'rate':>9}{'CPU':>9}  target",
        flush=True,
    )

    def anchor(name: str, request: Request) -> Measured:
        found = _loaded(empty, request, b"HTTP/1.1 200")
        _print(name, found, found, Target())
        return found

    def page(name: str, request: Request, beside: Measured, target: Target, expect: bytes = b"HTTP/1.1 200") -> None:
        _print(name, _loaded(served, request, expect), beside, target)

    nothing = anchor("empty route, GET", _same(b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"))
    for kind, name in (("heaviest", heaviest), ("average", average)):
        title = f"interview GET, {kind} ({name}, {sizes[name] / 1024:.0f} KB)"
        page(title, drafts.reading(name), nothing, Target(part=8, cpu_ms=0.8))
    form = {"story": "x" * (FORM_BYTES - 100)}
    posted = anchor("empty route, POST 2 KB", _same(officer.post_request("/", form)))
    target = Target(part=18, spread=2)
    page("interview POST 2 KB, sealed", drafts.writing(), posted, target, b"HTTP/1.1 303")
    nothing = anchor("empty route, GET", _same(b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"))
    for who, browser in (("border officer", officer), ("case worker", worker), ("statistician", statistician)):
        target = Target() if browser is statistician else Target(part=20, cpu_ms=4)
        page(f"home of the {who}", _same(browser.get_request("/")), nothing, target)
    for name, path in (("page", ix), ("CSV", f"{ix}.csv"), ("PDF", f"{ix}.pdf")):
        page(f"report ix, {name}", _same(statistician.get_request(path)), nothing, Target())


def _same(request: bytes) -> Request:
    return lambda _: request


def _loaded(running: server.Running, request: Request, expect: bytes) -> Measured:
    load.measure(running.port, request, expect=expect, seconds=0.5, cpu_seconds=running.cpu_seconds)  # warm
    return load.measure(running.port, request, expect=expect, seconds=SECONDS, cpu_seconds=running.cpu_seconds)


def _print(name: str, found: Measured, anchor: Measured, target: Target) -> None:
    slower, dearer, spread = (
        anchor.per_second / found.per_second,
        found.cpu_ms / anchor.cpu_ms,
        found.p95 / found.p50,
    )
    verdicts = []
    for limit, actual, text in (
        (target.part, slower, f"1/{target.part}"),
        (target.cpu_ms, found.cpu_ms, f"CPU {target.cpu_ms} ms"),
        (target.spread, spread, f"p95/p50 {target.spread}"),
    ):
        if limit is not None:
            verdicts.append(f"{text} {'ok' if actual <= limit else 'short'}")
    figures = f"{found.per_second:8.0f}{found.cpu_ms:8.2f}{found.p50:8.1f}{found.p95:8.1f}{spread:8.1f}"
    print(f"{name:34}{figures}{f'1/{slower:.1f}':>9}{f'{dearer:.1f} x':>9}  {', '.join(verdicts)}", flush=True)
