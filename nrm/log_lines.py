"""Lines of the server's log: as text, or each as one line of JSON for whatever collects them (ADR 0245).

What a line says is decided where it is said. Nothing is added that Python knows beside it: no message of an exception,
no thread, no path, because any of them can be somebody's name (`nrm.faults`).
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from datetime import UTC, datetime

JSON = "json"  # of `config.LOG_FORMATS`
FIELDS = "fields"
"""Under this name `extra` of a line holds what stands in it beside its message: a mapping of names to plain values."""


class JsonLine(logging.Formatter):
    """`at` (UTC, to the millisecond), `level`, `source`, `message`, and the fields of the line, which go before."""

    def format(self, record: logging.LogRecord) -> str:
        """One line, whatever the message holds; a field that is no plain value is written as its text."""
        source = record.name if record.name != "nrm" else f"nrm.{record.module}"
        at = datetime.fromtimestamp(record.created, UTC)
        return line(record.levelname.lower(), source, record.getMessage(), at, getattr(record, FIELDS, {}))


def line(level: str, source: str, message: str, at: datetime, fields: Mapping[str, object] | None = None) -> str:
    """A line of JSON, without its end."""
    said = {"at": at.isoformat(timespec="milliseconds"), "level": level, "source": source, "message": message}
    return json.dumps({**said, **(fields or {})}, ensure_ascii=False, default=str)


def register(form: str, *, former: logging.Handler) -> None:
    """Write what the logger of the program is told to standard error in that form; `former` is what writes text."""
    log = logging.getLogger("nrm")
    for earlier in [each for each in log.handlers if isinstance(each.formatter, JsonLine)]:
        log.removeHandler(earlier)
    if form == JSON:
        log.removeHandler(former)
        handler = logging.StreamHandler()
        handler.setFormatter(JsonLine())
        log.addHandler(handler)


def of_granian(form: str) -> dict[str, object] | None:
    """How the server below writes its own lines; None for its own way."""
    if form != JSON:
        return None
    return {"formatters": {name: {"()": f"{__name__}.{JsonLine.__name__}"} for name in ("generic", "access")}}
