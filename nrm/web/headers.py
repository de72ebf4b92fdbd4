"""What every answer tells the browser: load nothing from elsewhere, frame nothing, keep nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

from flask import Flask, Response, request

from nrm import faults
from nrm.web import assets

POLICY = "; ".join(
    (
        "default-src 'none'",
        "style-src 'self'",
        "script-src 'self'",
        "img-src 'self'",
        "font-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
FEATURES = ("camera", "microphone", "geolocation", "payment", "usb", "serial", "hid", "display-capture")
ALWAYS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": ", ".join(f"{feature}=()" for feature in FEATURES),
}
# A page must stay small on a slow line: only headers that mean something are sent, and nothing else is loaded.
FOR_PAGES = frozenset({"Cross-Origin-Opener-Policy", "Permissions-Policy"})
POLICY_OF_STATIC = "default-src 'none'; frame-ancestors 'none'"
_BARE = b"500\n"
TLS_ONLY = {"Strict-Transport-Security": "max-age=63072000; includeSubDomains"}


def _set(response: Response, headers: dict[str, str]) -> Response:
    is_static = request.endpoint == assets.ENDPOINT and response.status_code in (200, 304)
    if is_static:
        for name, value in headers.items():
            if name not in FOR_PAGES:
                response.headers[name] = value
        response.headers["Content-Security-Policy"] = POLICY_OF_STATIC
    else:
        # No view sets any of these headers, so none has to be replaced.
        response.headers.extend(headers)
        response.headers["Cache-Control"] = "no-store"
    return response


def catch(app: Flask) -> None:
    """Send the headers even when the error page itself fails; register it after everything that wraps the app."""
    wsgi = app.wsgi_app
    headers = [*app.extensions["nrm.headers"].items(), ("Cache-Control", "no-store"), ("Content-Type", "text/plain")]

    def caught(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        try:
            return wsgi(environ, start_response)
        except Exception as error:  # noqa: BLE001 - the server below would answer without headers, and log the message
            app.logger.error("answered without a page: %s", faults.described(error))
            start_response("500 Internal Server Error", [*headers, ("Content-Length", str(len(_BARE)))])
            return [_BARE]

    app.wsgi_app = caught  # type: ignore[method-assign]


def register(app: Flask, *, tls: bool) -> None:
    """Set the headers on every answer; `tls`: the instance is only reached over TLS."""
    app.extensions["nrm.headers"] = {**ALWAYS, **(TLS_ONLY if tls else {})}
    app.after_request(partial(_set, headers=app.extensions["nrm.headers"]))
