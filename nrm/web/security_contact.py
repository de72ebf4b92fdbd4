"""`/.well-known/security.txt`: whom to tell of a hole in this instance (RFC 9116)."""

from __future__ import annotations

from datetime import timedelta

from flask import Blueprint, Response, current_app

from nrm import clock
from nrm.domain.accounts.accounts import NotVisible
from nrm.web.language import languages

ADDRESS = "/.well-known/security.txt"
LASTS = timedelta(days=180)  # the standard asks for less than a year

blueprint = Blueprint("security_contact", __name__)


@blueprint.get(ADDRESS)
def show() -> Response:
    """The fields of the standard as plain text. Raises NotVisible where the operator named no contact."""
    config = current_app.extensions["nrm.config"]
    if not config.security_contact:
        raise NotVisible
    until = (clock.now() + LASTS).replace(hour=0, minute=0, second=0, microsecond=0)
    lines = [f"Contact: {config.security_contact}", f"Expires: {until:%Y-%m-%dT%H:%M:%SZ}"]
    if config.security_key:
        lines.append(f"Encryption: {config.security_key}")
    lines.append(f"Preferred-Languages: {', '.join(code.replace('_', '-') for code in languages())}")
    if config.address:
        lines.append(f"Canonical: {config.address}{ADDRESS}")
    return Response("\n".join(lines) + "\n", mimetype="text/plain")
