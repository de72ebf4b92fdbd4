"""Static files: hashed names that may be kept for a year, compressed when they are first asked for."""

from __future__ import annotations

import gzip
import hashlib
import importlib
import mimetypes
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from flask import Blueprint, Flask, Response, abort, request

FOLDER = Path(__file__).resolve().parent.parent / "static"
PREFIX = "/assets"
BEFORE: Mapping[str, str] = {
    "lists.css": "nrm.css",
    "figures.css": "lists.css",
    "folds.css": "lists.css",
    "board.css": "lists.css",
    "guides.css": "lists.css",
    "map.css": "lists.css",
    "questions.css": "nrm.css",
    "cards.css": "nrm.css",
    "idle.js": "nrm.js",
    "asking.js": "nrm.js",
    "tablet.js": "nrm.js",
    "letters.js": "idle.js",
    "passkeys.js": "idle.js",
}
"""What is served in front of a style sheet or script, in one file: a page makes three requests, for what it needs."""
ENDPOINT = "assets.file"
_FONT = re.compile(rb"url\((\w+\.woff2)\)")
KEEP = "public, max-age=31536000, immutable"


@dataclass(frozen=True)
class Asset:
    """One file under its hashed name."""

    address: str
    mimetype: str
    etag: str
    raw: bytes

    @cached_property
    def bodies(self) -> Mapping[str, bytes]:
        """Its bytes by content encoding ("" is uncompressed), without those that are longer so.

        To compress all files at each start took a quarter of a second, and most processes serve none.
        """
        bodies = {"": self.raw, "gzip": gzip.compress(self.raw, 9, mtime=0), "br": _brotli(self.raw)}
        return {coding: body for coding, body in bodies.items() if body is not None and len(body) <= len(self.raw)}


def _brotli(raw: bytes) -> bytes | None:
    try:
        brotli = importlib.import_module("brotli")
    except ImportError:
        return None
    packed: bytes = brotli.compress(raw, quality=11)
    return packed


def _compact(sheet: bytes) -> bytes:
    """The style sheet without comments, line breaks, and the spaces and semicolons that it does not need.

    What stands in quotes is shown to people, and stays as it is.
    """
    text = re.sub(r"/\*.*?\*/", "", sheet.decode(), flags=re.DOTALL)
    return (
        re.sub(r'("[^"]*")|\s*([{};])\s*|([:,])\s+|\s+', lambda found: found[1] or found[2] or found[3] or " ", text)
        .strip()
        .replace(";}", "}")
        .encode()
    )


def _without_comments(script: bytes) -> bytes:
    """The script without indentation and without lines that are comments."""
    lines = (line.strip() for line in script.decode().splitlines())
    return "\n".join(line for line in lines if line and not line.startswith("//")).encode()


SHORTENED: Mapping[str, Callable[[bytes], bytes]] = {".css": _compact, ".js": _without_comments}


def _in_order(path: Path) -> list[Path]:
    """The file behind those that stand before it."""
    before = BEFORE.get(path.name)
    return [*(_in_order(path.with_name(before)) if before else ()), path]


def load(folder: Path = FOLDER) -> dict[str, Asset]:
    """Plain name -> asset, for every file of the folder. A style sheet names a font plainly, as `url(a.woff2)`.

    A sheet or script has what stands before it in front of it, see BEFORE.
    """
    found: dict[str, Asset] = {}
    for path in sorted(folder.iterdir(), key=lambda each: (each.suffix != ".woff2", each.name)):
        if not path.is_file():
            continue
        raw = b"\n".join(SHORTENED.get(path.suffix, bytes)(each.read_bytes()) for each in _in_order(path))
        if path.suffix == ".css":
            raw = _FONT.sub(lambda named: f"url({found[named[1].decode()].address})".encode(), raw)
        digest = hashlib.sha256(raw).hexdigest()[:12]
        mimetype = mimetypes.types_map.get(path.suffix, "application/octet-stream")
        found[path.name] = Asset(f"{PREFIX}/{path.stem}.{digest}{path.suffix}", mimetype, digest, raw)
    return found


def serve(asset: Asset) -> Response:
    """The asset in the best encoding that the browser takes."""
    coding = next((code for code in ("br", "gzip") if code in asset.bodies and _accepts(code)), "")
    response = Response(asset.bodies[coding], mimetype=asset.mimetype)
    if coding:
        response.headers["Content-Encoding"] = coding
    response.headers["Vary"] = "Accept-Encoding"
    response.headers["Cache-Control"] = KEEP
    response.set_etag(f"{asset.etag}{coding}")
    response.make_conditional(request.environ)
    return response


def _accepts(coding: str) -> bool:
    return bool(request.accept_encodings.quality(coding))


def register(app: Flask) -> None:
    """Serve the static files, and give templates `asset("nrm.css")`. The endpoint `assets.file` is public."""
    by_name = load()
    by_address = {asset.address.removeprefix(PREFIX + "/"): asset for asset in by_name.values()}
    blueprint = Blueprint("assets", __name__, url_prefix=PREFIX)

    def file(name: str) -> Response:
        if name not in by_address:
            abort(404)
        return serve(by_address[name])

    blueprint.add_url_rule("/<name>", "file", file)
    app.register_blueprint(blueprint)
    app.jinja_env.globals["asset"] = {name: asset.address for name, asset in by_name.items()}.__getitem__
