"""A line for every request, if the operator wants one: the kind of page, the status, and how long it took.

It never contains an address, a query, a cookie, who asked or from where; of the time only the minute. A stolen log must
not reveal whose case was read, and must not allow a request to be matched with the audit chain. Of the pages without an
account on which people say how it is in a shelter there is no line: its minute would lead to who stood at the tablet.
"""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Callable, Iterable
from logging.handlers import WatchedFileHandler
from typing import Any

from flask import Flask, Response, request

from nrm import clock
from nrm.log_lines import FIELDS, JSON, JsonLine

TO_STANDARD_ERROR = "-"
_ROUTE = "nrm.route"
UNWRITTEN = frozenset({"/feedback", "/feedback/answer", "/feedback/thanks", "/feedback/complain", "/feedback/sent"})
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"})
_log = logging.getLogger("nrm.access")

Wsgi = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


def register(app: Flask, target: str, form: str = "text") -> None:
    """Write to `target`: a file, or `-` for standard error; empty: write nothing. `form`: of `config.LOG_FORMATS`.

    To be registered last.
    """
    if not target:
        return
    handler = (
        logging.StreamHandler(sys.stderr) if target == TO_STANDARD_ERROR else WatchedFileHandler(target, delay=True)
    )
    handler.setFormatter(JsonLine() if form == JSON else logging.Formatter("%(message)s"))
    for former in _log.handlers[:]:
        _log.removeHandler(former)
        former.close()
    _log.addHandler(handler)
    _log.setLevel(logging.INFO)
    _log.propagate = False
    app.after_request(_note_route)
    app.wsgi_app = _timed(app.wsgi_app)  # type: ignore[method-assign, assignment]


def _note_route(response: Response) -> Response:
    if request.url_rule is not None:
        request.environ[_ROUTE] = request.url_rule.rule
    return response


def _timed(wsgi: Wsgi) -> Wsgi:
    def answer(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        started = time.perf_counter()
        ended = {"status": "-", "length": "-"}

        def start(status: str, headers: list[tuple[str, str]], *more: Any) -> Any:
            ended["status"] = status[:3]
            ended["length"] = next((value for name, value in headers if name.lower() == "content-length"), "-")
            return start_response(status, headers, *more)

        body = wsgi(environ, start)
        if environ.get(_ROUTE) in UNWRITTEN:
            return body
        method = environ.get("REQUEST_METHOD", "")
        fields = {
            "at": f"{clock.now():%Y-%m-%dT%H:%MZ}",
            "method": method if method in _METHODS else "other",
            "page": environ.get(_ROUTE, "no-such-page"),
            "status": ended["status"],
            "milliseconds": round((time.perf_counter() - started) * 1000),
            "bytes": ended["length"],
        }
        _log.info("%s %s %s %s %d ms %s B", *fields.values(), extra={FIELDS: fields | _numbers(ended)})
        return body

    return answer


def _numbers(ended: dict[str, str]) -> dict[str, int | None]:
    """What a collector counts with: numbers, and nothing where the answer did not say it."""
    names = {"status": "status", "length": "bytes"}
    return {name: int(ended[key]) if ended[key].isdigit() else None for key, name in names.items()}
