"""The server's log as JSON: each line can be read by a machine, and the code of an error page is found in it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.client import HTTPConnection
from pathlib import Path

import pytest
from flask import Flask

from config import MisConfigured, load_config
from nrm import create_app
from nrm.db import disconnect
from tests.conftest import Person
from tests.ports import free_port

ROOT = Path(__file__).parents[2]
CODE = re.compile(r"<strong>([0-9a-f]{8})</strong>")


def lines(text: str) -> list[dict[str, object]]:
    return [json.loads(each) for each in text.splitlines()]


@contextmanager
def answering(app: Flask, tmp_path: Path) -> Iterator[Flask]:
    """The application with both logs in JSON: its handler writes to what is standard error now."""
    config = app.extensions["nrm.config"]
    yield create_app(replace(config, log_format="json", access_log=str(tmp_path / "access.log")))
    create_app(config)


@pytest.mark.slow
def test_the_code_of_an_error_page_stands_in_a_field_of_its_line(
    app: Flask, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with answering(app, tmp_path) as made:
        officer = Person(made.test_client(), "rinas.border_officer")
        capsys.readouterr()
        page = officer.client.get("/cases/00000000-0000-4000-8000-000000000000")
    said = [*lines(capsys.readouterr().err), lines((tmp_path / "access.log").read_text("utf-8"))[-1]]
    assert [each["source"] for each in said] == ["nrm.errors", "nrm.access"]
    code = CODE.search(page.text)
    assert code is not None
    assert (said[0]["code"], said[0]["status"], said[0]["page"]) == (code[1], 404, "/cases/<uuid:case_id>")
    assert (said[1]["status"], said[1]["method"], said[1]["page"]) == (404, "GET", "/cases/<uuid:case_id>")
    assert isinstance(said[1]["milliseconds"], int)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\dZ", str(said[1]["at"]))  # a minute, and no more


def test_a_crash_is_one_line_without_the_message(
    app: Flask, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with answering(app, tmp_path) as made:
        monkeypatch.setitem(made.view_functions, "accounts.sign_in_page", lambda: {}["Teuta Kola"])
        assert made.test_client().get("/sign-in").status_code == 500
    said = capsys.readouterr().err
    assert "Teuta" not in said
    assert next(each for each in lines(said) if "KeyError" in str(each["message"]))["level"] == "error"


@pytest.mark.slow
def test_all_that_a_server_says_from_its_start_to_its_end_is_json(app: Flask) -> None:
    folder: Path = app.extensions["nrm.config"].directory
    disconnect()
    port, env = free_port(), {**os.environ, "NRM_LOG_FORMAT": "json"}
    command = [
        sys.executable,
        "-c",
        "from nrm.cli import main; main()",
        "serve",
        "--dir",
        str(folder),
        "--port",
        str(port),
    ]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=ROOT, env=env)
    try:
        assert process.stdout is not None
        first = process.stdout.readline()  # written when somebody answers, or nothing when it ended
        connection = HTTPConnection("127.0.0.1", port, timeout=20)
        connection.request("GET", "/no-such-page")
        assert connection.getresponse().status == 404
        connection.close()
    finally:
        process.terminate()
        rest, _ = process.communicate(timeout=60)
    said = lines(first + rest)
    assert str(said[0]["message"]) == f"serving at http://127.0.0.1:{port}"
    assert all({"at", "level", "source", "message"} <= each.keys() for each in said)


def test_another_form_is_refused_by_the_name_of_the_setting(app: Flask) -> None:
    folder: Path = app.extensions["nrm.config"].directory
    with pytest.raises(MisConfigured, match=r"^NRM_LOG_FORMAT: 'xml' is not one of text, json$"):
        load_config({"NRM_DIR": str(folder), "NRM_LOG_FORMAT": "xml"})
