"""The cookie of a page that a session was led to by doing something, without doing it; a press that is asked twice."""

from __future__ import annotations

import re

from flask import Flask

from nrm.web.accounts import told_once
from tests.client import Person


def cookie_of(app: Flask, session: str, address: str) -> str:
    """The cookie that `told_once.lead_to` sets for this session on the way to a page."""
    with app.test_request_context(address, headers={"Cookie": f"nrm={session}"}):
        led = told_once.lead_to(address)
    return led.headers["Set-Cookie"].partition(";")[0].partition("=")[2]


def lead(app: Flask, person: Person, address: str) -> None:
    """Let the person's browser have it."""
    session = person.client.get_cookie("nrm")
    assert session is not None
    person.client.set_cookie(told_once.LED, cookie_of(app, session.value, address), path=address)


def seen(desk: Person, address: str) -> str:
    """Say of an announced return that it was seen, and once more what that destroys; where that leads. Once it is over
    it is as pressed a second time."""
    again = desk.client.post(f"{address}/seen", data={"csrf_token": desk.csrf_token})
    if again.status_code == 303:
        return again.headers["Location"]
    assert again.status_code == 200, again.text[:2000]
    read = re.findall(r'name="read" value="([^"]+)"', again.text)[0]
    return desk.post(f"{address}/seen", {"read": read, "sure": "yes"})
