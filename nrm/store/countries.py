"""The country of the running instance, for actions, steps, stores and pages."""

from __future__ import annotations

from typing import cast

from flask import current_app

from nrm.countries import Country


def country() -> Country:
    """The country whose data this instance started with."""
    return cast(Country, current_app.extensions["nrm.country"])
