"""What every answer tells the browser: load nothing from elsewhere, frame nothing, keep nothing."""

from __future__ import annotations

from functools import partial

from flask import Flask, Response, request

from nrm.web import assets

POLICY = "; ".join(
    (
        "default-src 'none'",
        "style-src 'self'",
        "script-src 'self'",
        "img-src 'self'",
        "font-src 'self'",
        "connect-src 'self'",
        "manifest-src 'self'",
        "worker-src 'self'",
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
# A page must stay light on a slow line: what comes with it says only what means something there, and loads nothing.
FOR_PAGES = frozenset({"Cross-Origin-Opener-Policy", "Permissions-Policy"})
POLICY_OF_STATIC = "default-src 'none'; frame-ancestors 'none'"
TLS_ONLY = {"Strict-Transport-Security": "max-age=63072000; includeSubDomains"}


def _set(response: Response, headers: dict[str, str]) -> Response:
    is_static = request.endpoint == assets.ENDPOINT and response.status_code in (200, 304)
    for name, value in headers.items():
        if not (is_static and name in FOR_PAGES):
            response.headers[name] = value
    if is_static:
        response.headers["Content-Security-Policy"] = POLICY_OF_STATIC
    else:
        response.headers["Cache-Control"] = "no-store"
    return response


def register(app: Flask, *, tls: bool) -> None:
    """Set the headers on every answer; `tls`: the instance is only reached over TLS."""
    app.after_request(partial(_set, headers={**ALWAYS, **(TLS_ONLY if tls else {})}))
