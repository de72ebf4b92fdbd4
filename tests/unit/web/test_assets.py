"""Static files: names that change with their content, compressed once."""

from __future__ import annotations

import gzip
import unicodedata
from pathlib import Path

import brotli
import pytest
from flask import Flask
from flask.testing import FlaskClient

from nrm.web import assets, headers
from tests.browser import card_fonts


@pytest.fixture
def client() -> FlaskClient:
    app = Flask("small", static_folder=None)
    assets.register(app)
    headers.register(app, tls=True)
    return app.test_client()


def test_the_name_changes_with_the_content(tmp_path: Path) -> None:
    (tmp_path / "a.css").write_text("p { margin: 0 }")
    (tmp_path / "folder").mkdir()
    first = assets.load(tmp_path)["a.css"].address
    (tmp_path / "a.css").write_text("p { margin: 1px }")
    assert assets.load(tmp_path)["a.css"].address != first
    assert list(assets.load(tmp_path)) == ["a.css"]


def test_the_words_that_a_style_sheet_shows_are_sent_as_they_are_written(tmp_path: Path) -> None:
    (tmp_path / "a.css").write_text('/* a */ td::before { content: attr(data-l) ": " }\np { margin: 0; }')
    assert assets.load(tmp_path)["a.css"].bodies[""] == b'td::before{content:attr(data-l) ": "}p{margin:0}'


def test_every_file_comes_in_the_encoding_the_browser_takes(client: FlaskClient) -> None:
    for name, asset in assets.load().items():
        raw = asset.bodies[""]
        if name.endswith(".woff2"):  # compressed already
            assert client.get(asset.address).data == raw
            continue
        if not name.endswith(".css"):
            assert b"//" not in raw
            files = [name]
            while files[0] in assets.BEFORE:
                files.insert(0, assets.BEFORE[files[0]])
            written = [assets.FOLDER / each for each in files]
            assert raw.split() == [
                word
                for path in written
                for line in path.read_bytes().splitlines()
                if not line.strip().startswith(b"//")
                for word in line.split()
            ]
        plain = client.get(asset.address, headers={"Accept-Encoding": "identity"})
        packed = client.get(asset.address, headers={"Accept-Encoding": "gzip"})
        best = client.get(asset.address, headers={"Accept-Encoding": "gzip, deflate, br"})
        assert plain.data == gzip.decompress(packed.data) == brotli.decompress(best.data) == raw
        assert "Content-Encoding" not in plain.headers
        assert packed.headers["Content-Encoding"] == "gzip"
        assert best.headers["Content-Encoding"] == "br"
        assert len(best.data) < len(raw)
        assert plain.headers["Vary"] == "Accept-Encoding"
        assert plain.headers["Cache-Control"] == "public, max-age=31536000, immutable"


def test_an_encoding_that_is_refused_is_not_used(client: FlaskClient) -> None:
    address = assets.load()["nrm.css"].address
    assert "Content-Encoding" not in client.get(address, headers={"Accept-Encoding": "br;q=0, gzip;q=0"}).headers


def test_a_file_that_did_not_change_is_not_sent_again(client: FlaskClient) -> None:
    address = assets.load()["nrm.css"].address
    tag = client.get(address).headers["ETag"]
    again = client.get(address, headers={"If-None-Match": tag})
    assert (again.status_code, again.data) == (304, b"")


@pytest.mark.parametrize("name", ["nrm.css", "nrm.000000000000.css", "../web/assets.py", "..%2fweb%2fassets.py", ""])
def test_nothing_but_the_hashed_names_is_served(client: FlaskClient, name: str) -> None:
    answer = client.get(f"/assets/{name}")
    assert answer.status_code == 404
    assert answer.headers["Cache-Control"] == "no-store"


def test_a_style_sheet_finds_its_font_under_the_hashed_name(tmp_path: Path) -> None:
    (tmp_path / "a.woff2").write_bytes(b"letters")
    (tmp_path / "a.css").write_text("@font-face { src: url(a.woff2) }")
    found = assets.load(tmp_path)
    assert f"url({found['a.woff2'].address})" in found["a.css"].bodies[""].decode()


@pytest.mark.parametrize("name", card_fonts.FONTS)
def test_a_font_of_the_cards_has_every_letter_that_they_show(name: str) -> None:
    """Otherwise run `make fonts`; for Chinese `make fonts CJK=` a Noto Sans CJK."""
    _, languages = card_fonts.FONTS[name]
    letters = {each for each in card_fonts.letters_of(languages) if each.isalpha() or unicodedata.combining(each)}
    assert letters
    assert letters <= card_fonts.letters_in(name)
    assert "ж" not in card_fonts.letters_in(name)


def test_style_and_script_stay_small() -> None:
    sizes = {name: len(asset.bodies["gzip"]) for name, asset in assets.load().items() if "gzip" in asset.bodies}
    assert max(sizes[name] for name in sizes if name.endswith(".css")) <= 3_150
    assert sizes["lists.css"] <= 2_700
    assert sizes["questions.css"] <= 2_400
    # Loaded alone, by the few pages that ask for a passkey.
    assert sizes.pop("passkeys.js") <= 1_400
    # Loaded by two pages on the tablet of a house.
    assert sizes.pop("tablet.js") <= 1_400
    assert max(sizes[name] for name in sizes if name.endswith(".js")) <= 1_050
    assert sizes["nrm.js"] <= 650


def test_a_sheet_or_script_comes_behind_those_that_stand_before_it() -> None:
    found = {name: asset.bodies[""] for name, asset in assets.load().items()}
    assert set(assets.BEFORE) == {name for name in found if name.endswith((".css", ".js"))} - {"nrm.css", "nrm.js"}
    for name, before in assets.BEFORE.items():
        assert found[name].startswith(found[before] + b"\n")
        assert len(found[name]) > len(found[before]) + 100


def test_an_instance_behind_tls_says_so_on_every_answer(client: FlaskClient) -> None:
    for path in ("/nowhere", assets.load()["nrm.js"].address):
        assert client.get(path).headers["Strict-Transport-Security"] == "max-age=63072000; includeSubDomains"


def test_a_style_sheet_loses_comments_and_the_spaces_it_does_not_need_and_nothing_else(tmp_path: Path) -> None:
    sheet = '/* why */\np > a,\nb { margin: 0 auto;\n  width: calc(1px + 2px);\n}\n\nq::before { content: "\u2190 " }\n'
    (tmp_path / "a.css").write_text(sheet, "utf-8")
    body = assets.load(tmp_path)["a.css"].bodies[""].decode()
    assert body == 'p > a,b{margin:0 auto;width:calc(1px + 2px)}q::before{content:"\u2190 "}'
