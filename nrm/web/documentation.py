"""`/documentation`: the documents of the program as `make site` wrote them beside it, for members of a server without
network. They name nobody; who is not signed in reads nothing of how this server is kept (ADR 0191)."""

from __future__ import annotations

import sys
from functools import cache
from mimetypes import guess_type
from pathlib import Path

from flask import Blueprint, Response, redirect, url_for
from werkzeug.wrappers import Response as BaseResponse

from nrm.domain.accounts.accounts import NotVisible
from nrm.web import access

FOLDER = Path(sys.prefix) / "share" / "doc" / "site"
FIRST = "index.html"

blueprint = Blueprint("documentation", __name__)


@cache
def files(folder: Path) -> frozenset[str]:
    """The names of what may be read: asked once, so that no address leads to anything else."""
    return frozenset(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def is_there() -> bool:
    return FIRST in files(FOLDER)


@blueprint.get("/documentation")
@access.signed_in
def index() -> BaseResponse:
    """The first page. Raises NotVisible where the documents were not installed."""
    if not is_there():
        raise NotVisible
    return redirect(url_for("documentation.show", name=FIRST), 303)


@blueprint.get("/documentation/<path:name>")
@access.signed_in
def show(name: str) -> Response:
    """One of the files. Raises NotVisible for every other name."""
    if name not in files(FOLDER):
        raise NotVisible
    kind = guess_type(name)[0] or "text/plain"
    return Response((FOLDER / name).read_bytes(), mimetype=kind)
