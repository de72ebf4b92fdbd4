"""The pages of a demo country while it is being made: how far it is, in place of the sign-in page."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path
from typing import Any

from flask import Flask, Response, redirect, render_template, request

from nrm.countries import Country
from nrm.web import assets, headers, health, hosts, language
from nrm.web.errors import Answer

_TOP = Path(__file__).resolve().parents[2]
AGAIN_SECONDS = 3
"""After which the page asks once more by itself."""


def create(country: Country, state: Callable[[], Mapping[str, Any]], *, address: str = "") -> Flask:
    """An application without a database. `state`: `people`, and as soon as they are known `accounts`, `accounts_made`,
    `came`, `places`, `reached` and `left` (seconds)."""
    app = Flask("nrm", static_folder=None, template_folder=str(_TOP / "templates"), root_path=str(_TOP / "nrm"))
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.extensions["nrm.synthetic"] = True
    app.extensions["nrm.country"] = country
    language.register(app, spoken=country.languages, default=country.language, timezone=country.timezone)
    assets.register(app)
    headers.register(app, tls=False)
    hosts.register(app, address)

    names = {code: each.names for code, each in country.crossing_points.items()}
    names |= {code: each.names for code, each in country.organisations.items()}

    def page(status: int) -> Response:
        made = state()
        places = [(names[code], came) for code, came in Counter(made.get("places", {})).most_common()]
        left = made.get("left")
        answer = Response(
            render_template(
                "being_made.html",
                people=made["people"],
                came=made.get("came", 0),
                accounts=made.get("accounts", 0),
                accounts_made=made.get("accounts_made", 0),
                places=places,
                reached=date.fromisoformat(made["reached"]) if made.get("reached") else None,
                minutes=None if left is None else max(1, round(left / 60)),
                refused=status != 200,
            ),
            status,
        )
        if status == 200:
            answer.headers["Refresh"] = str(AGAIN_SECONDS)
        else:
            answer.headers["Retry-After"] = str(round(left) if left else 60)
        return answer

    def sign_in() -> Answer:
        return page(200 if request.method in ("GET", "HEAD") else 503)

    def elsewhere(path: str) -> Answer:  # noqa: ARG001 - as Flask calls it
        return redirect("/sign-in", 303) if request.method in ("GET", "HEAD") else page(503)

    def well() -> Answer:
        return Response('{"ok": false}\n', 503, mimetype="application/json")

    app.add_url_rule("/sign-in", "sign_in", sign_in, methods=["GET", "POST"])
    app.add_url_rule(health.ADDRESS, "well", well)
    app.add_url_rule("/", "home", elsewhere, defaults={"path": ""}, methods=["GET", "POST"])
    app.add_url_rule("/<path:path>", "elsewhere", elsewhere, methods=["GET", "POST"])
    return app
