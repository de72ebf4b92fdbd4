"""`/metrics`: how the server is, in OpenMetrics; nothing about people, and no kind of page (ADR 0169).

Each worker counts for itself in a file of a folder that all of them share, and whichever is asked adds them up.
"""

from __future__ import annotations

import hmac
import os
import time
from collections.abc import Callable, Iterable, Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

from flask import Flask

from config import LOOPBACK
from nrm.domain.health import State
from nrm.steps import health
from nrm.web.accounts import access_log

ADDRESS = "/metrics"
_SECONDS = (0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0)


def register(app: Flask, token: str) -> None:
    """Count what is answered; tell it to this machine, and to who sends `token`, if any, as a bearer (RFC 6750).

    Pages on which people say how it is in a shelter are not counted: a figure each 15 seconds would say when somebody
    stood at the tablet, as a line of the access log would.
    """
    if health.FIGURES not in os.environ:
        return
    from prometheus_client import Counter, Gauge, Histogram  # what it counts in is decided when it is loaded

    answered = Counter(
        "nrm_requests", "Requests that were answered, by the first digit of the status.", ["status"], registry=None
    )
    refused = Counter("nrm_refusals", "Requests that were answered with 403 or 404.", registry=None)
    seconds = Histogram(
        "nrm_request_seconds", "From the beginning of an answer to its end.", buckets=_SECONDS, registry=None
    )
    waiting = Histogram(
        "nrm_request_waiting_seconds", "What a whole request waited for a thread.", buckets=_SECONDS, registry=None
    )
    working = Gauge(
        "nrm_requests_working", "Requests that have a thread now.", multiprocess_mode="livesum", registry=None
    )
    connections = Gauge(
        "nrm_database_connections",
        "Connections that the workers hold.",
        ["database"],
        multiprocess_mode="livesum",
        registry=None,
    )
    with app.app_context():
        held = health.connections()
    wsgi = app.wsgi_app

    def answer(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        began, status, is_refused = time.perf_counter(), "5xx", False

        def start(line: str, *more: Any) -> Any:
            nonlocal status, is_refused
            status, is_refused = f"{line[0]}xx", line[:3] in ("403", "404")
            return start_response(line, *more)

        if environ.get("PATH_INFO") == ADDRESS and environ.get("REQUEST_METHOD") == "GET" and _may_read(environ, token):
            return _tell(app, start_response)
        is_counted = environ.get("PATH_INFO") not in access_log.UNWRITTEN
        if is_counted:
            working.inc()
        try:
            return wsgi(environ, start)
        finally:
            if is_counted:
                working.dec()
                for database, number in held().items():
                    connections.labels(database).set(number)
                answered.labels(status).inc()
                refused.inc(is_refused)
                seconds.observe(time.perf_counter() - began)
                waiting.observe(began - environ.get(health.RECEIVED, began))

    app.wsgi_app = answer  # type: ignore[method-assign]


def _may_read(environ: dict[str, Any], token: str) -> bool:
    if environ.get("REMOTE_ADDR") in LOOPBACK:
        return True
    given = environ.get("HTTP_AUTHORIZATION", "")
    return bool(token) and hmac.compare_digest(given.encode("latin-1"), f"Bearer {token}".encode())


def _tell(app: Flask, start_response: Callable[..., Any]) -> list[bytes]:
    from prometheus_client import CollectorRegistry
    from prometheus_client.multiprocess import MultiProcessCollector
    from prometheus_client.openmetrics.exposition import CONTENT_TYPE_LATEST, generate_latest

    _forget_ended_workers()
    registry = CollectorRegistry()
    MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    with app.app_context():
        registry.register(_Instance())
        told = generate_latest(registry)  # type: ignore[no-untyped-call]
    headers = [*app.extensions["nrm.headers"].items(), ("Cache-Control", "no-store")]
    start_response("200 OK", [*headers, ("Content-Type", CONTENT_TYPE_LATEST), ("Content-Length", str(len(told)))])
    return [told]


def _forget_ended_workers() -> None:
    """What a worker had at hand when it ended, nobody has: its files of such figures are taken away."""
    from prometheus_client.multiprocess import mark_process_dead

    for file in Path(os.environ[health.FIGURES]).glob("gauge_livesum_*.db"):
        process = int(file.stem.rpartition("_")[2])
        if not Path("/proc", str(process)).exists():
            mark_process_dead(process)  # type: ignore[no-untyped-call]


class _Instance:
    """What `/healthz` looks at, as figures."""

    def describe(self) -> list[Any]:
        return []

    def collect(self) -> Iterator[Any]:
        from prometheus_client.core import GaugeMetricFamily, InfoMetricFamily

        yield InfoMetricFamily("nrm_build", "The program.", {"version": version("nrm")})
        well = GaugeMetricFamily("nrm_well", "1 where nothing is to be done about a part, else 0.", labels=["part"])
        since = GaugeMetricFamily("nrm_since_seconds", "How long ago it was done last.", labels=["part"])
        for each in health.readings():
            well.add_metric([each.part], each.state is State.OK)
            if each.age is not None:
                since.add_metric([each.part], each.age.total_seconds())
        yield well
        yield since
