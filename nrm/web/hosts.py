"""For which host a request may ask, and the address in links that leave the program.

A link that is built from the header `Host` leads wherever whoever sent the request says (CWE-644). So links carry the
address of the settings, and requests for another host are refused before anything is done.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import urlsplit

from flask import Flask, current_app, url_for

from config import LOOPBACK
from nrm.web import floods

_REFUSED = (
    "Kjo adresë nuk njihet këtu. Hapni adresën që ju është dhënë.\n"
    "This address is not known here. Open the address that you were given.\n"
).encode()


def link(endpoint: str, **values: Any) -> str:
    """The whole address of a page, for people to hand on: that of the settings, or that of this machine without one."""
    address: str = current_app.extensions["nrm.config"].address
    return f"{address}{url_for(endpoint, **values)}" if address else url_for(endpoint, _external=True, **values)


def register(app: Flask, address: str) -> None:
    """Refuse requests for a host that is not that of `address`; this machine's own names are for a demo country, and
    where no address is set. To be registered inside of what reads the headers of declared proxies."""
    known = urlsplit(address).netloc
    local = not known or bool(app.extensions["nrm.synthetic"])
    wsgi = app.wsgi_app
    headers = [*app.extensions["nrm.headers"].items(), ("Cache-Control", "no-store")]
    headers += [("Content-Type", "text/plain; charset=utf-8"), ("Content-Length", str(len(_REFUSED)))]

    def answer(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        host = environ.get("HTTP_HOST", "")
        if is_known(host, environ.get("wsgi.url_scheme", ""), known=known, local=local):
            return wsgi(environ, start_response)
        unseen = floods.counted("another host")
        if unseen is not None:
            app.logger.warning(
                "refused a request for %s, and %s more since the line before; %s",
                "another host" if host else "no host at all",  # never what a stranger wrote there
                unseen,
                f"NRM_ADDRESS is {address}"
                if address
                else "NRM_ADDRESS is not set, so this machine's own names alone are ours",
            )
        start_response("400 Bad Request", headers)
        return [_REFUSED]

    app.wsgi_app = answer  # type: ignore[method-assign]


def is_known(host: str, scheme: str, *, known: str, local: bool) -> bool:
    """Whether a request may ask for `host`, the header as it came; `known`: host and port of the settings."""
    asked = host.casefold().removesuffix(":443" if scheme == "https" else ":80")
    if known and asked == known:
        return True
    name, port = asked, ""
    if asked.startswith("[") and "]" in asked:
        name, _, port = asked[1:].partition("]")
        port = port.removeprefix(":") if port.startswith(":") or not port else "?"
    elif asked.count(":") == 1:
        name, _, port = asked.partition(":")
    return local and name in LOOPBACK and (not port or (port.isascii() and port.isdigit()))
