"""A browser without JavaScript, for tests of pages."""

from __future__ import annotations

import re

from flask.testing import FlaskClient

from nrm.vault.unattended import call_names
from tests import factories

SEALED_NAME = re.compile(rf"{call_names.SEALED}[A-Za-z0-9+/]{{40}}")
ESCAPED_TWICE = re.compile(r"&lt;/?(section|h[1-6]|table|form|ul|li|input|button)\b[^<]{0,80}|&(#34|quot);csrf_token")

SUMMARY = re.compile(r'<div class="errors".*?</div>', re.DOTALL)
SUMMARY_LINK = re.compile(r'<a href="#([^"]+)"')


def whole(page: str) -> str:
    """The page, in which no part of ours stands as text (it was made as words and not as a part, `Markup`), and no name
    as it lies under its seal."""
    assert SEALED_NAME.search(page) is None
    found = ESCAPED_TWICE.search(page)
    assert found is None, f"a part of a page is shown as raw text: {page[found.start() : found.start() + 200]}"
    errors_in_order(page)
    return page


def errors_in_order(page: str) -> None:
    """What is wrong is listed in the order in which the fields stand on the page."""
    shown = SUMMARY.search(page)
    if shown is None:
        return
    found = {target: re.search(rf'\bid="?{re.escape(target)}["\s>]', page) for target in SUMMARY_LINK.findall(shown[0])}
    places = {target: each.start() for target, each in found.items() if each is not None}
    assert list(places) == sorted(places, key=places.__getitem__), f"not in the order of the page: {places}"


def words(page: str) -> str:
    """What somebody reads of a page."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", page))


WARNED = re.compile(r'name="warned" value="([a-z0-9_-]+)"')


class Person:
    """A browser without JavaScript in which one person is signed in."""

    def __init__(self, client: FlaskClient, login: str, code: str = "") -> None:
        self.client = client
        self.login = login
        page = client.get("/sign-in")
        answer = client.post(
            "/sign-in",
            data={
                "login": login,
                "password": factories.PASSWORD,
                "code": code,
                "csrf_token": token_in(page.text),
            },
        )
        assert answer.status_code == 303, answer.text
        self.csrf_token = token_in(self.get("/"))

    def get(self, path: str, status: int = 200) -> str:
        """The page, which must answer with `status`."""
        answer = self.client.get(path)
        assert answer.status_code == status, (path, answer.status_code, answer.text[:2000])
        return whole(answer.text)

    def post(self, path: str, data: dict[str, object] | None = None, status: int = 303) -> str:
        """Send a form with the session's token; returns the address redirected to, or the page.

        Who expects to get on and is warned, or told what would be destroyed, has read it and sends the same again;
        `status=200` shows that page.
        """
        sent = {"csrf_token": self.csrf_token, **(data or {})}
        answer = self.client.post(path, data=sent)
        if status == 303 and answer.status_code == 200 and (seen := WARNED.findall(answer.text)):
            sent["warned"] = seen
            answer = self.client.post(path, data=sent)
        if status == 303 and answer.status_code == 200 and 'name="losing"' in answer.text:
            answer = self.client.post(path, data={**sent, "losing": "1"})
        assert answer.status_code == status, (path, answer.status_code, answer.text[:3000])
        return answer.headers["Location"] if status == 303 else whole(answer.text)

    def made(self, path: str, data: dict[str, object] | None = None, lang: str = "sq") -> str:
        """Send a form that makes a recovery code or a link; returns the page that shows it."""
        assert self.post(path, data) == "/shown"
        return self.get(f"/shown?lang={lang}")


def token_in(page: str) -> str:
    """The token of the first form on a page."""
    found = re.search(r'name="csrf_token" value="([0-9a-f]+)"', page)
    assert found, page[:2000]
    return found.group(1)
