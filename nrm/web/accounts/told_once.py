"""What a session is told once, on the page that follows a form: an address alone tells nothing, as anybody writes one.

The mark is made with the secret of the session, so it is worth nothing in another one; nothing is kept on the server.
Decided in ADR 0234.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterable
from urllib.parse import parse_qsl, urlsplit

from flask import Flask, after_this_request, g, redirect, request
from werkzeug.wrappers import Response as BaseResponse

from nrm.web import sessions
from nrm.web.language import COOKIE

WITHIN_SECONDS = 60


def lead(address: str) -> BaseResponse:
    """Lead to a page of ours, which says once what the parameters of `address` stand for."""
    at = urlsplit(address)
    response = redirect(address, 303)
    if at.query:
        mark = _mark(at.path, parse_qsl(at.query, keep_blank_values=True))
        response.set_cookie(
            _cookie(), mark, WITHIN_SECONDS, secure=sessions.is_secure(), httponly=True, samesite="Strict", path="/"
        )
    return response


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
        g.told = bool(sent) and hmac.compare_digest(sent.encode(), _mark(here, asked).encode())
        if g.told:
            after_this_request(_forget)
    return bool(g.told)


def _forget(response: BaseResponse) -> BaseResponse:
    response.delete_cookie(_cookie(), secure=sessions.is_secure(), path="/")
    return response


def _cookie() -> str:
    return "__Host-nrm-told" if sessions.is_secure() else "nrm-told"


def _mark(path: str, parameters: Iterable[tuple[str, str]]) -> str:
    secret = request.cookies.get(sessions.session_cookie(), "")
    about = "\n".join([path, *(f"{key}={value}" for key, value in sorted(parameters))])
    return hmac.new(secret.encode(), about.encode(), "sha256").hexdigest()


def register(app: Flask) -> None:
    """Give templates `told_once(name)`, which is `word`."""
    app.jinja_env.globals["told_once"] = word
