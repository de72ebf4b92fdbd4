"""The application behind the server: a request is received completely before a thread answers it (ADR 0041).

The server's own WSGI interface gives a request to a thread as soon as its headers are there, and the thread waits for
the rest: four forms whose rest never comes would block two workers. Here the event loop waits for all requests at once.
"""

from __future__ import annotations

import asyncio
import io
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from nrm.steps.health import RECEIVED

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication, WSGIEnvironment
    from granian.rsgi import HTTPProtocol, Scope  # type: ignore[attr-defined]

_PLAIN = [
    ("content-type", "text/plain; charset=utf-8"),
    ("x-content-type-options", "nosniff"),
    ("cache-control", "no-store"),
    ("connection", "close"),
]
_NO_LENGTH = 411, "Kërkesa duhet të thotë sa e gjatë është.\nA request has to say how long it is.\n"
_TOO_LATE = 408, "Formulari nuk mbërriti në kohë. Dërgojeni përsëri.\nThe form did not arrive in time. Send it again.\n"
_NOT_WHOLE = 400, "Formulari nuk mbërriti i plotë. Dërgojeni përsëri.\nThe form did not arrive whole. Send it again.\n"


class Gateway:
    """An RSGI application (the server's specification 1.5) that answers with a WSGI application (PEP 3333)."""

    def __init__(self, app: WSGIApplication, *, threads: int, largest: int, seconds: float) -> None:
        """At most `threads` requests are answered at once; a body has `largest` bytes and `seconds` to arrive."""
        self._app = app
        self._threads = ThreadPoolExecutor(threads, "answer")  # started by the first request: after the fork
        self._largest = largest
        self._seconds = seconds

    async def __rsgi__(self, scope: Scope, proto: HTTPProtocol) -> None:
        """Take in the body, then let a thread answer; a body that is not whole never reaches the application."""
        environ = _environ(scope)
        refused = await self._take_in(environ, proto)
        if refused is not None:
            proto.response_str(refused[0], _PLAIN, refused[1])
            return
        environ[RECEIVED] = time.perf_counter()
        await asyncio.get_running_loop().run_in_executor(self._threads, self._answer, environ, proto)

    async def _take_in(self, environ: WSGIEnvironment, proto: HTTPProtocol) -> tuple[int, str] | None:
        """Put the body into the environment, or say why not. The application itself refuses one that is too large."""
        if "HTTP_TRANSFER_ENCODING" in environ:
            return _NO_LENGTH
        if int(environ.get("CONTENT_LENGTH", 0)) not in range(1, self._largest + 1):
            return None
        try:
            async with asyncio.timeout(self._seconds):
                environ["wsgi.input"] = io.BytesIO(await proto())
        except TimeoutError:
            return _TOO_LATE
        except RuntimeError:  # the connection broke
            return _NOT_WHOLE
        return None

    def _answer(self, environ: WSGIEnvironment, proto: HTTPProtocol) -> None:
        status, headers, body = 500, list[tuple[str, str]](), list[bytes]()

        def start_response(line: str, given: list[tuple[str, str]], _: Any = None, /) -> Callable[[bytes], None]:
            nonlocal status, headers
            status, headers = int(line[:3]), given
            return body.append

        pieces = self._app(environ, start_response)
        try:
            body.extend(pieces)
        finally:
            close = getattr(pieces, "close", None)
            if close is not None:
                close()
        proto.response_bytes(status, headers, b"".join(body))


def _environ(scope: Scope) -> WSGIEnvironment:
    server, port = _split(scope.server)
    environ: WSGIEnvironment = {
        "REQUEST_METHOD": scope.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": scope.path.encode().decode("latin-1"),
        "QUERY_STRING": scope.query_string,
        "SERVER_NAME": server,
        "SERVER_PORT": port,
        "SERVER_PROTOCOL": f"HTTP/{scope.http_version}",
        "REMOTE_ADDR": _split(scope.client)[0],
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope.scheme,
        "wsgi.input": io.BytesIO(),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }
    for name, value in scope.headers.items():
        if "_" in name:  # it would look like the header with a hyphen, which only a proxy may set
            continue
        key = name.upper().replace("-", "_")
        if name not in ("content-type", "content-length"):
            key = f"HTTP_{key}"
        before = environ.get(key)
        environ[key] = value if before is None else f"{before}{';' if name == 'cookie' else ','} {value}"
    return environ


def _split(address: str) -> tuple[str, str]:
    """Host and port of `192.0.2.1:443` or `[2001:db8::1]:443`."""
    host, _, port = address.rpartition(":")
    return host.strip("[]"), port
