"""An instance that is reached by a name, and members who have passkeys there."""

from __future__ import annotations

import dataclasses
from typing import Any

from flask import Flask

from nrm.actions.accounts import passkeys as actions
from nrm.domain.accounts.accounts import Actor
from tests import factories
from tests.authenticator import Device

ADDRESS, ORIGIN, HOST = "https://nrm.example.al/", "https://nrm.example.al", "nrm.example.al"


def at_address(app: Flask, address: str = ADDRESS, passkeys: str = "offered") -> None:
    """The instance is reached there, and offers or demands passkeys."""
    config = dataclasses.replace(app.extensions["nrm.config"], address=address, passkeys=passkeys)
    app.extensions["nrm.config"] = config


def made(by: Actor, name: str = "this laptop", **device: Any) -> Device:
    """A device on which this actor has just made a passkey."""
    new = Device(ORIGIN, **device)
    actions.make(name=name, answer=new.make(actions.ask_making(by=by)), by=by)
    return new


def passkey(login: str, **device: Any) -> Device:
    """A device on which a person who had none has just made a passkey."""
    return made(factories.actor(login), **device)
