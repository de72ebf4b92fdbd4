"""What a telephone number looks like wherever one is written down for others to call."""

from __future__ import annotations

import re

TELEPHONE = re.compile(r"\+?[0-9][0-9 ()/.-]{1,28}")
EXAMPLE = "+355 4 000 0105"


def is_telephone(number: str) -> bool:
    """Whether somebody could call it: a short number, or a long one with or without the sign of a country."""
    return TELEPHONE.fullmatch(number) is not None
