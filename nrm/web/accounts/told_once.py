"""What a session is told once, on the page that follows a form: an address alone tells nothing, as anybody writes one.

The mark is made with the secret of the session and the moment, so it is worth nothing in another one, or a minute
later, whoever keeps the cookie; nothing is kept on the server. Decided in ADR 0234 and ADR 0239.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterable
from urllib.parse import parse_qsl, urlsplit

from flask import Flask, after_this_request, g, redirect, request
from werkzeug.wrappers import Response as BaseResponse

from nrm import clock
from nrm.web import sessions
from nrm.web.language import COOKIE

WITHIN_SECONDS = 60
LED_SECONDS = 600
"""How long a page stays open that says as a whole what was done: people go to the leaflet, and back."""

LED = "nrm-led"
_DIGITS = 12


def lead(address: str) -> BaseResponse:
    """Lead to a page of ours, which says once what the parameters of `address` stand for."""
    at = urlsplit(address)
    response = redirect(address, 303)
    if at.query:
        mark = _dated(at.path, parse_qsl(at.query, keep_blank_values=True))
        response.set_cookie(
            _cookie(), mark, WITHIN_SECONDS, secure=sessions.is_secure(), httponly=True, samesite="Strict", path="/"
        )
    return response


def lead_to(address: str) -> BaseResponse:
    """Lead to a page of ours that as a whole says what was done; nobody else reaches it (`was_led`)."""
    response = redirect(address, 303)
    response.set_cookie(
        LED, _dated(address), LED_SECONDS, secure=sessions.is_secure(), httponly=True, samesite="Strict", path=address
    )
    return response


def was_led() -> bool:
    """Whether this session was led to this page by `lead_to` within ten minutes."""
    return _is_mark(request.cookies.get(LED, ""), request.script_root + request.path, (), LED_SECONDS)


def word(name: str) -> str:
    """The parameter `name` of the address if this session was just led here by `lead`, else empty; loaded again, the
    page says nothing."""
    value = request.args.get(name, "")
    return value if value and _is_told() else ""


def _is_told() -> bool:
    if "told" not in g:
        sent = request.cookies.get(_cookie(), "")
        here = request.script_root + request.path
        asked = [(key, value) for key, value in request.args.items(multi=True) if key != COOKIE]
        g.told = _is_mark(sent, here, asked, WITHIN_SECONDS)
        if g.told:
            after_this_request(_forget)
    return bool(g.told)


def _forget(response: BaseResponse) -> BaseResponse:
    response.delete_cookie(_cookie(), secure=sessions.is_secure(), path="/")
    return response


def _cookie() -> str:
    return "__Host-nrm-told" if sessions.is_secure() else "nrm-told"


def _dated(path: str, parameters: Iterable[tuple[str, str]] = ()) -> str:
    now = int(clock.now().timestamp())
    return f"{now}.{_mark(now, path, parameters)}"


def _is_mark(sent: str, path: str, parameters: Iterable[tuple[str, str]], seconds: int) -> bool:
    """Whether this session got that mark for this page, not longer ago than so many seconds."""
    at, _, mark = sent.partition(".")
    if not (at.isascii() and at.isdecimal() and len(at) <= _DIGITS):
        return False
    if not 0 <= clock.now().timestamp() - int(at) <= seconds:
        return False
    return hmac.compare_digest(mark.encode(), _mark(int(at), path, parameters).encode())


def _mark(at: int, path: str, parameters: Iterable[tuple[str, str]]) -> str:
    secret = request.cookies.get(sessions.session_cookie(), "")
    about = "\n".join([str(at), path, *(f"{key}={value}" for key, value in sorted(parameters))])
    return hmac.new(secret.encode(), about.encode(), "sha256").hexdigest()


def register(app: Flask) -> None:
    """Give templates `told_once(name)`, which is `word`."""
    app.jinja_env.globals["told_once"] = word
