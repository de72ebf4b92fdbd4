"""Kinds of values that options take, with what is said of a wrong one."""

from __future__ import annotations

from datetime import date
from typing import Any

import click


class Day(click.ParamType[date]):
    """A day, as a `date`."""

    name = "day"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> date:
        if isinstance(value, date):
            return value
        try:
            return date.fromisoformat(value)
        except ValueError:
            self.fail(f"`{value}` is not a date such as 2026-01-31", param, ctx)


class Whole(click.IntRange):
    """A whole number, with bounds that count or without."""

    name = "number"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        try:
            return int(super().convert(value, param, ctx))
        except click.BadParameter:
            bounds = self._describe_range()
            self.fail(f"`{value}` is not a whole number{f' {bounds}' if bounds else ''}", param, ctx)

    def _describe_range(self) -> str:
        """As `--help` and an error say it."""
        if self.min is None:
            return ""
        return f"from {self.min} on" if self.max is None else f"from {self.min} to {self.max}"


DAY = Day()
