"""The gateway against a server that is not there: what the application is given, and what comes of its answers."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any
from wsgiref.validate import validator

import pytest
from flask import Flask, Response, request

from nrm.cli.gateway import Gateway

LARGEST = 1000


class Headers:
    """Header lines in the order they came, as the server's own class gives them."""

    def __init__(self, *lines: tuple[str, str]) -> None:
        self._lines = lines

    def items(self) -> list[tuple[str, str]]:
        return list(self._lines)


@dataclass
class Scope:
    method: str = "GET"
    path: str = "/"
    query_string: str = ""
    http_version: str = "1.1"
    scheme: str = "http"
    server: str = "127.0.0.1:8000"
    client: str = "192.0.2.7:51000"
    headers: Headers = field(default_factory=lambda: Headers(("host", "nrm.example.al")))


class Exchange:
    """One request and its answer: status, header lines and body."""

    def __init__(self, body: bytes = b"", error: type[Exception] | None = None, *, never: bool = False) -> None:
        self._body, self._error, self._never = body, error, never
        self.read = False
        self.answer: tuple[int, list[tuple[str, str]], bytes] | None = None

    async def __call__(self) -> bytes:
        self.read = True
        if self._never:
            await asyncio.Event().wait()
        if self._error is not None:
            raise self._error
        return self._body

    def response_bytes(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
        assert self.answer is None
        self.answer = (status, headers, body)

    def response_str(self, status: int, headers: list[tuple[str, str]], body: str) -> None:
        self.response_bytes(status, headers, body.encode())


def exchanged(app: Callable[..., Any], scope: Scope, exchange: Exchange) -> tuple[int, list[tuple[str, str]], bytes]:
    gateway: Any = Gateway(app, threads=1, largest=LARGEST, seconds=0.05)
    with ThreadPoolExecutor(1) as server:  # in a thread of its own: that of the tests may have a loop of a browser's
        server.submit(asyncio.run, gateway.__rsgi__(scope, exchange)).result()
    assert exchange.answer is not None
    return exchange.answer


def environ_of(scope: Scope, exchange: Exchange | None = None) -> dict[str, Any]:
    """What the application is given."""
    seen: dict[str, Any] = {}

    def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
        seen.update(environ)
        start_response("204 No Content", [])
        return []

    assert exchanged(app, scope, exchange or Exchange())[0] == 204
    return seen


def never_reached(_: dict[str, Any], __: Callable[..., Any]) -> list[bytes]:
    raise AssertionError("a request that is not whole")


def post(length: str, *more: tuple[str, str]) -> Scope:
    return Scope("POST", headers=Headers(("content-type", "text/plain"), ("content-length", length), *more))


def test_it_speaks_wsgi_as_the_standard_says() -> None:
    app = Flask(__name__)

    @app.route("/<name>", methods=["GET", "POST"])
    def page(name: str) -> Response:
        answer = Response(f"{name} {request.args['a']} {request.get_data(as_text=True)}", 201)
        answer.set_cookie("one", "1")
        answer.set_cookie("two", "2")
        return answer

    scope = post("5")
    scope.path, scope.query_string = "/ë", "a=b%20c"
    status, headers, body = exchanged(validator(app), scope, Exchange(b"hello"))
    assert (status, body.decode()) == (201, "ë b c hello")
    assert [line.split("=")[0] for name, line in headers if name == "Set-Cookie"] == ["one", "two"]
    scope = Scope("HEAD", "/x", "a=")
    status, headers, body = exchanged(validator(app), scope, Exchange())
    assert (status, dict(headers)["Content-Length"], body) == (201, "3", b"")


def test_the_application_is_told_who_asks_for_what() -> None:
    told = environ_of(Scope("GET", "/\u2603", "q=1", client="[2001:db8::7]:51000", server="[::1]:8443", scheme="https"))
    assert told["PATH_INFO"].encode("latin-1").decode() == "/\u2603"
    assert (told["REMOTE_ADDR"], told["SERVER_NAME"], told["SERVER_PORT"]) == ("2001:db8::7", "::1", "8443")
    assert (told["wsgi.url_scheme"], told["QUERY_STRING"], told["HTTP_HOST"]) == ("https", "q=1", "nrm.example.al")


def test_a_header_sent_twice_is_joined_and_none_passes_for_that_of_a_proxy() -> None:
    told = environ_of(
        Scope(
            headers=Headers(
                ("x-forwarded-for", "192.0.2.1"),
                ("x_forwarded_for", "10.0.0.1"),
                ("x-forwarded-for", "192.0.2.2"),
                ("cookie", "a=1"),
                ("cookie", "b=2"),
            )
        )
    )
    assert told["HTTP_X_FORWARDED_FOR"] == "192.0.2.1, 192.0.2.2"
    assert told["HTTP_COOKIE"] == "a=1; b=2"
    assert "HTTP_CONTENT_TYPE" not in environ_of(post("0"))


@pytest.mark.parametrize(
    ("scope", "exchange", "status"),
    [
        (post("5"), Exchange(never=True), 408),
        (post("5"), Exchange(error=RuntimeError), 400),
        (Scope("POST", headers=Headers(("transfer-encoding", "chunked"))), Exchange(b"hello"), 411),
    ],
    ids=["too late", "broken off", "of no length"],
)
def test_what_is_not_whole_never_reaches_the_application(scope: Scope, exchange: Exchange, status: int) -> None:
    answered, headers, body = exchanged(never_reached, scope, exchange)
    assert answered == status
    assert ("connection", "close") in headers
    assert len(body.decode().splitlines()) == 2  # in both languages


def test_the_largest_body_is_read_and_a_larger_one_is_not() -> None:
    assert environ_of(post(str(LARGEST)), Exchange(b"x" * LARGEST))["wsgi.input"].read() == b"x" * LARGEST
    exchange = Exchange(b"x" * (LARGEST + 1))
    told = environ_of(post(str(LARGEST + 1)), exchange)
    assert (told["wsgi.input"].read(), told["CONTENT_LENGTH"], exchange.read) == (b"", str(LARGEST + 1), False)


def test_an_answer_is_closed_also_when_it_fails() -> None:
    closed = []

    class Pieces:
        def __iter__(self) -> Any:
            yield b"some"
            raise ZeroDivisionError

        def close(self) -> None:
            closed.append(True)

    def app(_: dict[str, Any], start_response: Callable[..., Any]) -> Pieces:
        start_response("200 OK", [])
        return Pieces()

    with pytest.raises(ZeroDivisionError):
        exchanged(app, Scope(), Exchange())
    assert closed == [True]
