"""The second factor: a code of six digits that a telephone computes every half minute (RFC 6238)."""

from __future__ import annotations

from datetime import datetime, timedelta
from urllib.parse import quote, urlencode

STEP_SECONDS = 30
DIGITS = 6
WINDOW = 1  # a telephone's clock may be this many steps early or late
SECRET_BYTES = 20  # RFC 4226, 4: the length of the hash
FRESH = timedelta(minutes=5)


class WrongCode(Exception):
    """The code belongs to another secret or another time, or was used already."""


def steps_at(at: datetime) -> range:
    """The steps whose codes are accepted at this instant."""
    now = int(at.timestamp()) // STEP_SECONDS
    return range(now - WINDOW, now + WINDOW + 1)


def typed_code(text: str) -> str:
    """What was typed without the spaces that telephones show; empty if it cannot be a code."""
    code = "".join(text.split())
    return code if len(code) == DIGITS and code.isascii() and code.isdigit() else ""


def is_fresh(proved_at: datetime | None, now: datetime) -> bool:
    """Whether the person proved who they are recently enough for acts that are unsafe on an unattended computer."""
    return proved_at is not None and now - proved_at < FRESH


def grouped(secret: str) -> str:
    """A secret in groups of four, to be typed by hand."""
    return " ".join(secret[start : start + 4] for start in range(0, len(secret), 4))


def address(secret: str, login: str, issuer: str) -> str:
    """The `otpauth` address of the QR code; the other parameters are the defaults of every application."""
    return f"otpauth://totp/{quote(f'{issuer}:{login}')}?{urlencode({'secret': secret, 'issuer': issuer})}"
