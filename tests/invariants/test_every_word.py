"""Every word that the program shows can be translated: each page, in a made-up language that marks what it says.

The catalogue of that language says «...» for each sentence that Albanian has, and its country's texts stand in ‹...›.
Whatever else is on a page has to be data: what the country's files say without a language or in another one, codes,
names that CLDR has, names of people, and what the people of the world typed. All the rest came past the catalogues.
"""

from __future__ import annotations

import os
import re
import shutil
import tomllib
from collections import Counter
from collections.abc import Iterator, Mapping
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from babel import Locale
from flask import Flask
from sqlalchemy import select

from nrm import catalogues, clock, parsing
from nrm.application import create_app
from nrm.db import db, disconnect
from nrm.domain.accounts.accounts import Role
from nrm.models.accounts.accounts import Member
from tests import factories, in_languages
from tests.conftest import Person
from tests.invariants.test_routes import LOGINS, addresses, allowed
from tests.world import World

MADE_UP = "eo"
TIMES = 2
"""How often an endpoint is looked at, for whichever role reaches it and whatever it is about; the home page, which says
something else to each role, for every one of them."""
TRIES = 9
"""How often it is asked for at most: what belongs to one organisation is not there for the others."""
ATTRIBUTES = ("alt", "aria-label", "data-l", "placeholder", "title")
TYPED = (
    "Accommodation",
    "Letter 12 of the Minister",
    "Ndërtesa",
    "Nga letra",
    "No other centre is a party yet, so 17 waits",
)
"""What the people of the world typed into fields that are shown."""
SAID = re.compile("«[^«»]*»|‹[^‹›]*›")
LOGGED = re.compile(r"\b[0-9a-f]{8}\b")  # by which an answer is found in the log
MARKED = re.compile(r"\b[A-F]{4}\b")  # of the four signs by which alarms are told apart, those that are letters alone
LETTERS = re.compile(r"[^\W\d_]{2,}")
SIGNS = ".,;:!?()[]“”„\"'–"


class Shown(HTMLParser):
    """The texts of a page, those in attributes too, but for commands and file names (`code`) and for what
    is marked as in another language (`lang`)."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []
        self._silent = ""  # the element whose content is not looked at

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if self._silent and tag != self._silent:
            return
        given = dict(attrs)
        elsewhere = tag in ("code", "script", "style") or given.get("lang", MADE_UP) != MADE_UP
        self._silent = tag if elsewhere else ""
        if not elsewhere:
            self.texts += [value for name, value in attrs if name in ATTRIBUTES and value]

    def handle_endtag(self, tag: str) -> None:
        if tag == self._silent:
            self._silent = ""

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self.texts.append(data)


def shown_on(page: str) -> list[str]:
    parser = Shown()
    parser.feed(page)
    return parser.texts


def data_texts(value: Any) -> Iterator[str]:
    """Each text and each code of the country's files, without the texts in English and in the made-up language."""
    if isinstance(value, Mapping):
        for key, each in value.items():
            yield from (key, key.upper())
            if key not in (catalogues.SOURCE, MADE_UP):
                yield from data_texts(each)
    elif isinstance(value, list):
        for each in value:
            yield from data_texts(each)
    elif isinstance(value, str):
        yield value


def known_texts(folder: Path) -> set[str]:
    """What may stand on a page without a translation."""
    known = set(TYPED)
    for file in folder.glob("*.toml"):
        known.update(data_texts(tomllib.loads(file.read_text("utf-8"))))
    locale = Locale.parse(MADE_UP)
    dates = (*locale.months["format"]["wide"].values(), *locale.days["format"]["abbreviated"].values())
    named = (*dates, *locale.languages.values(), *locale.territories.values())
    known.update(each for text in named for each in (text, text.capitalize()))
    own = (Locale.parse(each) for each in ("sq", "en", MADE_UP))
    known.update(str(each.display_name).capitalize() for each in own)
    known.update(text for row in db.session.execute(select(Member.name, Member.login)) for text in row)
    return {each for each in known if LETTERS.search(each)}


def foreign(text: str, data: set[str]) -> str:
    """The words of a text that neither a catalogue nor the data say."""
    left = MARKED.sub(" ", LOGGED.sub(" ", text))
    while (shorter := SAID.sub(" ", left)) != left:  # a sentence that was filled in stands around another
        left = shorter
    if not LETTERS.search(left) or left.strip() in data:
        return ""
    for each in sorted((each for each in data if each in left), key=len, reverse=True):
        left = re.sub(rf"(?<!\w){re.escape(each)}(?!\w)", " ", left)
    words = (each.strip(SIGNS) for each in left.split())
    return " ".join(each for each in words if LETTERS.fullmatch(each))


@pytest.fixture
def speaking_it(
    world_template: tuple[Path, World], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[Flask, World, set[str]]]:
    """The world in a country that has the made-up language, and what its data say."""
    template, world = world_template
    monkeypatch.setattr(parsing, "toml", tomllib.loads)
    folder = in_languages.copy_in(tmp_path / "data", ("sq", "en", MADE_UP), lambda _, text: f"‹{text}›")
    shutil.copytree(template, tmp_path / "world")
    real = catalogues.catalogue
    whole = real("sq")
    made_up = catalogues.Catalogue(
        {key: f"«{catalogues.message_of(key)}»" for key in whole.singular},
        {key: (f"«{catalogues.message_of(key)}»",) * 2 for key in whole.plural},
        whole.form_of,
    )
    monkeypatch.setattr(catalogues, "catalogue", lambda code: made_up if code == MADE_UP else real(code))
    settings = {**os.environ, "NRM_DIR": str(tmp_path / "world"), "NRM_COUNTRY_FOLDER": str(folder)}
    app = create_app(factories.cheap_config(settings), synchronous="OFF")
    app.test_client_class = factories.OutsideClient
    with app.app_context():
        yield app, world, known_texts(folder)
        disconnect()
    clock.set_clock(None)


@pytest.mark.slow
def test_no_page_says_a_word_that_no_catalogue_can_say_otherwise(
    speaking_it: tuple[Flask, World, set[str]],
) -> None:
    app, world, data = speaking_it
    tried, shown = Counter[str](), Counter[str]()
    files: set[str] = set()  # endpoints that answer with something else than a page
    judged: dict[str, str] = {}
    found: dict[str, str] = {}

    def worth_it(endpoint: str, role: Role) -> bool:
        if endpoint in files or not allowed(role, endpoint):
            return False
        return endpoint == "home.index" or (shown[endpoint] < TIMES and tried[endpoint] < TRIES)

    for role, login in LOGINS.items():
        client = Person(app.test_client(), login).client
        client.get(f"/?lang={MADE_UP}")
        for endpoint, address in addresses(app, world, "GET"):
            if not worth_it(endpoint, role):
                continue
            answer = client.get(address)
            if answer.mimetype != "text/html":
                files.add(endpoint)
                continue
            tried[endpoint] += 1
            shown[endpoint] += answer.status_code == 200
            if answer.status_code == 303 or (answer.status_code == 404 and shown["not there"] > TIMES):
                continue
            shown["not there"] += answer.status_code == 404
            for text in shown_on(answer.text):
                if text not in judged:
                    judged[text] = foreign(text, data)
                if judged[text]:
                    found.setdefault(" ".join(text.split()), f"{judged[text]} ({endpoint})")
    assert found == {}
    assert len(+shown) > 180


@pytest.mark.parametrize(
    ("page", "words"),
    [
        ("<p>«Sign in» 12:30</p>", []),
        ("<p>«%s of ‹Vatra›» 3 B</p>".replace("%s", "«two» places"), []),
        ("<p>«Sign in» Password</p>", ["Password"]),
        ('<input placeholder="Your name"><p title="«Close»">«Name»', ["Your name"]),
        ("<p lang=en>Welcome<p>Left over", ["Left over"]),
        ("<script>var words</script><p>Drop it", ["Drop it"]),
        ("<p>Qendra (VATRA), not known (deadbeef)</p>", ["not known"]),
    ],
)
def test_a_word_that_came_past_the_catalogues_would_be_found(page: str, words: list[str]) -> None:
    found = [foreign(text, {"Qendra", "VATRA"}) for text in shown_on(page)]
    assert [each for each in found if each] == words
