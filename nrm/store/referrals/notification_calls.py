"""Whom to call to tell somebody what they have to know, in the order of the directory, and who was called."""

from __future__ import annotations
