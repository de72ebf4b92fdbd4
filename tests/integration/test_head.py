"""HEAD answers as GET does, without a body."""

from __future__ import annotations

import pytest
from flask import Flask

from tests.conftest import Person

PUBLIC = ("/", "/sign-in", "/blank", "/recover", "/invitations/nothing", "/unlock", "/nothing-here", "/referrals")


@pytest.mark.parametrize("path", PUBLIC)
def test_a_visitor_gets_the_status_and_the_place_that_get_gives(app: Flask, path: str) -> None:
    client = app.test_client()
    asked, told = client.get(path), client.head(path)
    assert (told.status_code, told.headers.get("Location")) == (asked.status_code, asked.headers.get("Location"))
    assert told.data == b""
    assert told.headers["Content-Type"] == asked.headers["Content-Type"]


def test_somebody_who_is_signed_in_gets_it_too_and_nothing_is_done(app: Flask) -> None:
    person = Person(app.test_client(), "vatra.case_worker")
    for path in ("/", "/referrals", "/stays", "/reports"):
        assert person.client.head(path).status_code == person.client.get(path).status_code
