"""`/healthz`: whether this machine can answer. It says nothing about people, and to other machines yes or no alone.

Also what every page says while the clock of the machine may be wrong (ADR 0190).

It is answered before any page: a page needs the database that may be gone.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

from flask import Flask, current_app

from config import LOOPBACK
from nrm import clock
from nrm.domain.health import NEEDED, Reading, State
from nrm.steps import health

ADDRESS = "/healthz"


def register(app: Flask) -> None:
    """Answer `ADDRESS` with 200 while people are answered, else 503. What is late is told on this machine alone.
    Templates get `doubted_clock()`."""
    app.jinja_env.globals["doubted_clock"] = doubted_clock
    wsgi = app.wsgi_app

    def answer(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        if environ.get("PATH_INFO") != ADDRESS or environ.get("REQUEST_METHOD") not in ("GET", "HEAD"):
            return wsgi(environ, start_response)
        with app.app_context():
            found = health.readings()
        answers = all(each.state is State.OK for each in found if each.part in NEEDED)
        told = _told(found, answers=answers, at_home=environ.get("REMOTE_ADDR") in LOOPBACK)
        headers = [*app.extensions["nrm.headers"].items(), ("Cache-Control", "no-store")]
        headers += [("Content-Type", "application/json"), ("Content-Length", str(len(told)))]
        start_response("200 OK" if answers else "503 Service Unavailable", headers)
        return [b"" if environ["REQUEST_METHOD"] == "HEAD" else told]

    app.wsgi_app = answer  # type: ignore[method-assign]


def doubted_clock() -> datetime | None:
    """What the clock says, where nobody should believe it."""
    return clock.now() if health.clock_jump(current_app.extensions["nrm.config"].directory) is not None else None


def _told(found: list[Reading], *, answers: bool, at_home: bool) -> bytes:
    told: dict[str, object] = {"ok": answers}
    if at_home:
        told["parts"] = {each.part: each.state for each in found}
        told["seconds_since"] = {each.part: int(each.age.total_seconds()) for each in found if each.age is not None}
    return json.dumps(told).encode()
