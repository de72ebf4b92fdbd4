"""A crossing point cannot look up where somebody is: whoever took them in, every account of a post reads the same."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from nrm import clock
from nrm.db import disconnect
from nrm.domain.accounts.accounts import Role
from tests import factories, twins
from tests.conftest import Person, once
from tests.invariants.test_routes import ACCESS, reaches
from tests.twins import Twin

Twins = tuple[Twin, Twin]
ROLES = {
    twins.SECOND: Role.BORDER_OFFICER,
    twins.THIRD: Role.BORDER_OFFICER,
    twins.NEXT_OPERATOR: Role.HELPLINE_OPERATOR,
}


@pytest.fixture(scope="module")
def base(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The populated instance with more people at the posts."""

    def make(folder: Path) -> None:
        with factories.copy_instance(template, folder).app_context():
            disconnect()
        twins.base(folder)

    return once(tmp_path_factory, "posts", make)[0]


@pytest.fixture(scope="module")
def pair(base: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Twins]:
    """The two worlds; they are only read."""
    folder = tmp_path_factory.mktemp("twins")
    yield tuple(  # type: ignore[misc]
        twins.build(factories.copy_instance(base, folder / each.takes), each) for each in (twins.ONE, twins.TWO)
    )
    clock.set_clock(None)


def role_of(login: str) -> Role:
    return ROLES[login] if login in ROLES else Role(login.partition(".")[2])


def differences(pair: Twins, login: str, method: str = "GET") -> dict[str, str]:
    """Address in the first world -> what differs in the second, of everything that the account reaches."""
    people = [Person(twin.app.test_client(), login) for twin in pair]
    found: dict[str, str] = {}
    for endpoint, first, second in twins.pairs(pair, method):
        if not reaches(role_of(login), ACCESS[endpoint]) or endpoint in ("accounts.sign_out", "accounts.hide_screen"):
            continue
        if method == "GET":
            said = [person.client.get(each) for person, each in zip(people, (first, second), strict=True)]
        else:
            said = [
                person.client.post(each, data={"csrf_token": person.csrf_token})
                for person, each in zip(people, (first, second), strict=True)
            ]
        one, two = (twins.answer(each, twin) for each, twin in zip(said, pair, strict=True))
        if one != two:
            found[f"{endpoint} {first}"] = _what_differs(str(one), str(two))
    return found


def _what_differs(one: str, two: str) -> str:
    """The first words that are not the same, with what stands before them."""
    pieces = [re.split(r"(?=<)|\\n", each) for each in (one, two)]
    lines = difflib.unified_diff(*pieces, n=0, lineterm="")
    return "\n".join(each[:200] for each in list(lines)[2:14] if not each.startswith("@@"))


@pytest.mark.slow
@pytest.mark.parametrize("login", twins.POST)
def test_no_page_of_a_post_tells_one_receiver_from_another(pair: Twins, login: str) -> None:
    found = differences(pair, login)
    first = {where.partition(" ")[0]: what for where, what in reversed(found.items())}
    assert not found, "\n\n".join(f"{where}\n{what}" for where, what in first.items())
