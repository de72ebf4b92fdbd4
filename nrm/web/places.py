"""Where one is: the country of the instance, and addresses to go back to.

Addresses are written by the program from what it knows of its own pages, never taken from a request.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import cast
from urllib.parse import parse_qsl, unquote, urlencode

from flask import current_app, request, url_for
from werkzeug.exceptions import HTTPException

from nrm.countries import Country

LONGEST = 500


def country() -> Country:
    """The country of this instance."""
    return cast(Country, current_app.extensions["nrm.country"])


def built(address: str) -> str:
    """The address of the page that somebody named, written anew; empty when no page of ours can be opened there."""
    path, _, query = address[:LONGEST].partition("?")
    try:
        found, values = current_app.url_map.bind("").match(unquote(path), method="GET")
    except HTTPException:  # none, or one that would send on elsewhere
        return ""
    return _with(url_for(found, **values), parse_qsl(query, keep_blank_values=True))


def here() -> str:
    """The address of the page that was asked for."""
    return _with(path_here(), request.args.items(multi=True))


def path_here() -> str:
    """The same without what stands behind the question mark."""
    assert request.endpoint is not None
    return url_for(request.endpoint, **(request.view_args or {}))


def _with(path: str, arguments: Iterable[tuple[str, str]]) -> str:
    query = urlencode(list(arguments))
    return f"{path}?{query}" if query else path
