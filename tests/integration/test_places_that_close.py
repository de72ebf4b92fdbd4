"""A crossing point or a region closes on a day: it is offered no more, and its records keep its words."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta

import pytest
from flask import Flask

from nrm.actions.referrals import announced_returns
from nrm.domain.referrals.announced_returns import AnnouncedReturnRefused, Announcement, Origin
from nrm.steps.agreement import known_versions
from nrm.store import days, names
from nrm.store.countries import country
from tests import factories
from tests import factories_referrals as people
from tests.conftest import Person

SignIn = Callable[[str], Person]


def closing(app: Flask, on: date, kind: str = "crossing_point", code: str = "rinas") -> None:
    closed = {**country().closed, kind: {code: on}}
    for name in (known_versions.COUNTRY, known_versions.SHIPPED):
        app.extensions[name] = replace(app.extensions[name], closed=closed)


@pytest.mark.slow
def test_a_return_is_announced_to_no_post_that_is_closed_on_its_day(app: Flask, sign_in: SignIn) -> None:
    closing(app, days.today() + timedelta(days=3))
    consul = sign_in("consular.consular_officer")
    assert 'value="RINAS"' in consul.get("/notices/new")
    rinas = next(each.id for each in names.posts() if each.code == "RINAS")

    def announce(in_days: int) -> None:
        made = Announcement(Origin.CONSULATE, "IT", days.today() + timedelta(days=in_days), "no")
        announced_returns.announce(
            notice_id=people.uuid.uuid4(),
            post_id=rinas,
            announced=made,
            identity={"name": "Ana Kola"},
            by=factories.actor("consular.consular_officer"),
        )

    announce(2)
    with pytest.raises(AnnouncedReturnRefused):
        announce(3)
    closing(app, days.today())
    page = consul.get("/notices/new")
    assert 'value="RINAS"' not in page
    assert 'value="DURRES"' in page


@pytest.mark.slow
def test_officers_of_a_post_that_closes_read_it_and_still_help_who_stands_before_them(
    app: Flask, sign_in: SignIn
) -> None:
    officer = sign_in("rinas.border_officer")
    assert "mbyll" not in officer.get("/")
    closing(app, days.today() + timedelta(days=1))
    assert "mbyllet më" in officer.get("/")
    closing(app, days.today())
    assert "është e mbyllur" in officer.get("/")
    assert people.sent(factories.actor("rinas.border_officer")).referral_id
    assert "pika kufitare është e mbyllur që më" in sign_in("oms.coordinator").get("/rollout")


def test_a_text_that_is_older_than_a_post_routes_it_as_another_place(app: Flask) -> None:
    agreement = country().agreements[0]
    assert country().entry(agreement, "rinas") == ("rinas", "tirane")
    points = {**country().crossing_points, "new": replace(country().crossing_points["rinas"], code="new", region="x")}
    later = replace(country(), crossing_points=points)
    assert later.entry(agreement, "new") == ("other", "unknown")
    assert later.entry(agreement, "") == ("unknown", "unknown")
