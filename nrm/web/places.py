"""Addresses to go back to. The program builds them from its own pages; it never takes one from a request as it is."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import parse_qsl, unquote, urlencode

from flask import current_app, request, url_for
from werkzeug.exceptions import HTTPException

LONGEST = 500


def built(address: str) -> str:
    """Build the address of the page that `address` names; empty if none of the program's pages is there."""
    path, _, query = address[:LONGEST].partition("?")
    try:
        found, values = current_app.url_map.bind("").match(unquote(path), method="GET")
    except HTTPException:  # none, or one that would send on elsewhere
        return ""
    return _path_with_query(url_for(found, **values), parse_qsl(query, keep_blank_values=True))


def here() -> str:
    """The address of the page that was asked for."""
    return _path_with_query(path_here(), request.args.items(multi=True))


def path_here() -> str:
    """The address of the page that was asked for, without the query."""
    assert request.endpoint is not None
    return url_for(request.endpoint, **(request.view_args or {}))


def _path_with_query(path: str, arguments: Iterable[tuple[str, str]]) -> str:
    query = urlencode(list(arguments))
    return f"{path}?{query}" if query else path
