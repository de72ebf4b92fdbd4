"""Whom to tell of a hole: a setting, and the address at which the standard looks for it."""

from __future__ import annotations

import dataclasses
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from flask import Flask

from config import MisConfigured, load_config
from nrm import clock

ADDRESS = "/.well-known/security.txt"


def told(app: Flask, **settings: str) -> list[str]:
    app.extensions["nrm.config"] = dataclasses.replace(app.extensions["nrm.config"], **settings)
    answer = app.test_client().get(ADDRESS)
    assert (answer.status_code, answer.mimetype) == (200, "text/plain")
    assert "Set-Cookie" not in answer.headers
    return answer.text.splitlines()


def test_a_contact_its_key_and_a_day_before_a_year_is_over(app: Flask) -> None:
    lines = told(app, security_contact="tel:+35542200300", security_key="openpgp4fpr:" + 40 * "a")
    fields = dict(line.split(": ", 1) for line in lines)
    assert list(fields) == ["Contact", "Expires", "Encryption", "Preferred-Languages"]
    assert (fields["Contact"], fields["Preferred-Languages"]) == ("tel:+35542200300", "sq, en")
    ends = datetime.fromisoformat(fields["Expires"].replace("Z", "+00:00"))
    assert timedelta(days=170) < ends - clock.now() < timedelta(days=365)
    lines = told(app, security_key="", address="https://nrm.example.al")
    assert lines[-1] == f"Canonical: https://nrm.example.al{ADDRESS}"
    assert not any(line.startswith("Encryption") for line in lines)


def test_where_nobody_is_named_there_is_no_such_page(app: Flask) -> None:
    assert app.test_client().get(ADDRESS).status_code == 404


@pytest.mark.parametrize(
    ("contact", "key", "read"),
    [
        ("security@nrm.example.al", "", ("mailto:security@nrm.example.al", "")),
        ("mailto:security@nrm.example.al", "", ("mailto:security@nrm.example.al", "")),
        ("+35542200300", "https://nrm.example.al/key.asc", ("tel:+35542200300", "https://nrm.example.al/key.asc")),
        ("https://nrm.example.al/tell", 10 * "AB12 ", ("https://nrm.example.al/tell", "openpgp4fpr:" + 10 * "ab12")),
        ("", "", ("", "")),
    ],
)
def test_settings_become_addresses_of_the_standard(app: Flask, contact: str, key: str, read: tuple[str, str]) -> None:
    config = load_config(environment(app) | {"NRM_SECURITY_CONTACT": contact, "NRM_SECURITY_KEY": key})
    assert (config.security_contact, config.security_key) == read


@pytest.mark.parametrize(
    ("contact", "key", "named"),
    [
        ("somebody", "", "NRM_SECURITY_CONTACT"),
        ("http://nrm.example.al/tell", "", "NRM_SECURITY_CONTACT"),
        ("a@example.al\nContact: mailto:b@example.al", "", "NRM_SECURITY_CONTACT"),
        ("https://nrm.example.al/\nContact: mailto:b@example.al", "", "NRM_SECURITY_CONTACT"),
        ("a@example.al", "ABCD", "NRM_SECURITY_KEY"),
        ("", 40 * "a", "NRM_SECURITY_CONTACT"),
    ],
)
def test_a_setting_that_cannot_be_one_is_named(app: Flask, contact: str, key: str, named: str) -> None:
    with pytest.raises(MisConfigured, match=f"^{named}: "):
        load_config(environment(app) | {"NRM_SECURITY_CONTACT": contact, "NRM_SECURITY_KEY": key})


def environment(app: Flask) -> dict[str, str]:
    directory = Path(app.extensions["nrm.config"].directory)
    return {"NRM_DIR": str(directory)}
