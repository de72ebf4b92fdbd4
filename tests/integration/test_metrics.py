"""`/metrics`: who may read it, and that no figure leads to anybody."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
from flask import Flask
from prometheus_client.openmetrics.parser import text_string_to_metric_families
from werkzeug.test import TestResponse

from config import MisConfigured, load_config
from nrm.application import create_app
from nrm.steps import health

AWAY = "203.0.113.7"
TOKEN = "k7" * 16


@pytest.fixture
def counting(app: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Flask:
    """As `nrm serve` makes it, with a token."""
    monkeypatch.setenv(health.FIGURES, str(tmp_path))
    return create_app(dataclasses.replace(app.extensions["nrm.config"], metrics_token=TOKEN), synchronous="OFF")


def asked(app: Flask, address: str, **headers: str) -> TestResponse:
    return app.test_client().get("/metrics", environ_base={"REMOTE_ADDR": address}, headers=headers)


def figures(told: str) -> dict[str, dict[str, float]]:
    """Each figure by its name and the values of its labels."""
    return {
        family.name: {"/".join((sample.name, *sample.labels.values())): sample.value for sample in family.samples}
        for family in text_string_to_metric_families(told)
    }


def test_this_machine_reads_it_and_others_with_the_token_alone(counting: Flask) -> None:
    answer = asked(counting, "127.0.0.1")
    assert (answer.status_code, answer.mimetype) == (200, "application/openmetrics-text")
    assert "Set-Cookie" not in answer.headers
    told = figures(answer.text)
    assert told["nrm_well"]["nrm_well/main_database"] == 1
    assert told["nrm_well"]["nrm_well/drill"] == 0
    assert asked(counting, AWAY, Authorization=f"Bearer {TOKEN}").status_code == 200
    for wrong in ("", TOKEN, "Bearer ", f"Bearer {TOKEN}x", "Bearer ë", f"Basic {TOKEN}"):
        assert asked(counting, AWAY, **({"Authorization": wrong} if wrong else {})).status_code == 404, wrong


def test_without_a_token_nobody_reads_it_from_elsewhere(counting: Flask, app: Flask) -> None:
    del counting
    without = create_app(app.extensions["nrm.config"], synchronous="OFF")
    assert asked(without, "127.0.0.1").status_code == 200
    assert asked(without, AWAY, Authorization="Bearer ").status_code == 404


def test_behind_a_proxy_it_is_asked_where_the_request_comes_from(counting: Flask) -> None:
    config = dataclasses.replace(counting.extensions["nrm.config"], proxies=1, address="https://nrm.example.al")
    behind = create_app(config, synchronous="OFF")
    usual = {"Host": "nrm.example.al", "X-Forwarded-Host": "nrm.example.al", "X-Forwarded-Proto": "https"}
    answer = asked(behind, "127.0.0.1", **usual, **{"X-Forwarded-For": f"127.0.0.1, {AWAY}"})
    assert answer.status_code == 404
    assert asked(behind, "127.0.0.1", **usual, **{"X-Forwarded-For": "127.0.0.1"}).status_code == 200


def test_where_nothing_is_counted_there_is_no_such_page(app: Flask) -> None:
    assert asked(app, "127.0.0.1").status_code == 404


@pytest.mark.parametrize(
    ("text", "mode"), [(TOKEN, 0o644), ("short", 0o600), (f"{TOKEN}\n{TOKEN}", 0o600), ("", 0o600)]
)
def test_a_token_is_long_and_for_the_server_alone(app: Flask, tmp_path: Path, text: str, mode: int) -> None:
    file = tmp_path / "token"
    file.write_text(TOKEN + "\n")
    file.chmod(0o600)
    env = {"NRM_DIR": str(app.extensions["nrm.config"].directory), "NRM_METRICS_TOKEN_FILE": str(file)}
    assert load_config(env).metrics_token == TOKEN
    file.write_text(text)
    file.chmod(mode)
    with pytest.raises(MisConfigured, match="NRM_METRICS_TOKEN_FILE"):
        load_config(env)
