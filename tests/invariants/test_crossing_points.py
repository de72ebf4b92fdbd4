"""A crossing point cannot look up where somebody is: whoever took them in, every account of a post reads the same."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, delete, event, select

from nrm import clock
from nrm.db import db, disconnect, transaction
from nrm.domain.accounts.accounts import Role
from nrm.domain.referrals.transfers import MEETING
from nrm.domain.shelter.cases import Compartment
from nrm.models.accounts.mailboxes import Mailbox
from nrm.models.shelter.cases import Grant
from nrm.store import names
from nrm.store.rows.accounts import accounts as account_rows
from nrm.store.rows.accounts import mailboxes
from nrm.web.interviews import handouts
from tests import factories, twins
from tests.conftest import Command, Person, once
from tests.factories_referrals import TOLD, organisation
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
def lived(base: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[list[Twin], datetime]:
    """The two worlds after everything that happens in them, to be copied, and when that was."""
    folder = tmp_path_factory.mktemp("lived")
    built = [twins.build(factories.copy_instance(base, folder / each.takes), each) for each in (twins.ONE, twins.TWO)]
    at = clock.now()
    clock.set_clock(None)
    return built, at


def copied(lived: tuple[list[Twin], datetime], folder: Path) -> Twins:
    """Two worlds of one's own, and their time."""
    built, at = lived
    clock.set_clock(lambda: at)
    one, two = (
        replace(each, app=factories.copy_instance(each.app.extensions["nrm.config"].directory, folder / name))
        for name, each in zip(("one", "two"), built, strict=True)
    )
    return one, two


@pytest.fixture(scope="module")
def pair(lived: tuple[list[Twin], datetime], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Twins]:
    """The two worlds; they are only read."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(handouts, "to_pdf", lambda html: html.encode())  # a sheet to the letter, and in no time
        yield copied(lived, tmp_path_factory.mktemp("twins"))
    clock.set_clock(None)


def role_of(login: str) -> Role:
    return ROLES[login] if login in ROLES else Role(login.partition(".")[2])


# Not about people; the new keys of a post at one instant stand in the order of ids that are drawn anew in each world.
LEFT_OUT = {"accounts.sign_out", "accounts.sign_in", "accounts.hide_screen", "accounts.password", "members.renew"}
MANY = {
    "purpose": "handing_on",
    "compartment": "hand_over",
    "name": twins.THIRD,
    "escort": "woman_officer",
    "expected": "6",
    "reason": "other",
    "why": "mistyped",
    "code": "junk",
    "whose": "post",
}
"""Fields of many forms at once: what each page makes of those that are its own."""


def lists(pair: Twins) -> Iterator[str]:
    """Addresses with a question after them, and ids that one post cannot have from a page of its own."""
    yield from (f"/openings?whose={whose}" for whose in ("cases", "colleagues", "mine"))
    for status in ("", "accepted", "declined", "arrived", "mistaken"):
        yield f"/referrals/sent?whose=post&day=&answer={status}"
        yield f"/referrals/sent?whose=mine&day=today&answer={status}"
    with pair[0].app.app_context():
        shelters = {each.receivers.takes for each in pair}
        workers = [account_rows.member_by_login(f"{code.lower()}.case_worker") for code in shelters]
        for worker in workers:
            assert worker is not None
            yield from (f"/openings?whose={whose}&member={worker.id}" for whose in ("cases", "colleagues"))
        disconnect()
    yield from ("/?lang=en", "/referrals/sent?lang=en", "/?lang=sq")


class Statements:
    """How many statements about people a request sends to the database: what its time depends on, without a clock."""

    def __enter__(self) -> Statements:
        self.number = 0
        event.listen(Engine, "before_cursor_execute", self._note)
        return self

    def __exit__(self, *_: object) -> None:
        event.remove(Engine, "before_cursor_execute", self._note)

    def _note(self, _: object, __: object, statement: str, *___: object) -> None:
        self.number += any(table in statement for table in ("referrals", "cases", "interviews", "sealed_compartments"))


def asked(pair: Twins, login: str, method: str) -> Iterator[tuple[str, str, str]]:
    """(endpoint, address in the first world, in the second) of everything that the account reaches."""
    for endpoint, first, second in twins.pairs(pair, method):
        if reaches(role_of(login), ACCESS[endpoint]) and endpoint not in LEFT_OUT:
            yield endpoint, first, second
    if method == "GET":
        yield from (("", each, each) for each in lists(pair))


def differences(pair: Twins, login: str, method: str = "GET") -> dict[str, str]:
    """Address in the first world -> what differs in the second, of everything that the account reaches."""
    people = [Person(twin.app.test_client(), login) for twin in pair]
    found: dict[str, str] = {}
    for endpoint, *addresses in asked(pair, login, method):
        said = []
        if method == "POST":  # what two of them record stands in one order in both worlds
            factories.later(seconds=1)
        for person, twin, address in zip(people, pair, addresses, strict=True):
            with Statements() as statements:
                if method == "GET":
                    answer = person.client.get(address)
                else:
                    answer = person.client.post(address, data={"csrf_token": person.csrf_token, **MANY})
            assert answer.status_code < 500, address
            said.append((*twins.answer(answer, twin), statements.number))
        if said[0] != said[1]:
            found[f"{endpoint} {addresses[0]}"] = _what_differs(*map(str, said))
    return found


def _what_differs(one: str, two: str) -> str:
    """The first words that are not the same, with what stands before them."""
    pieces = [re.split(r"(?=<)|\\n", each) for each in (one, two)]
    lines = difflib.unified_diff(*pieces, n=0, lineterm="")
    return "\n".join(each[:200] for each in list(lines)[2:14] if not each.startswith("@@"))


def told(found: dict[str, str]) -> str:
    """One difference of each endpoint, for whoever reads that the test failed."""
    first = {where.partition(" ")[0]: what for where, what in reversed(found.items())}
    return "\n\n".join(f"{where}\n{what}" for where, what in first.items())


@pytest.mark.slow
@pytest.mark.parametrize("login", twins.POST)
def test_no_page_of_a_post_tells_one_receiver_from_another(pair: Twins, login: str) -> None:
    found = differences(pair, login)
    assert not found, told(found)


@pytest.mark.slow
def test_the_walk_meets_everybody_and_would_see_a_receiver(pair: Twins) -> None:
    """The duty desk, which is told, reads another shelter in each world; so does the interviewer before the answer."""
    desk = differences(pair, "ra.duty_officer")
    assert {each.partition(" ")[0] for each in desk} >= {"referrals.show", "cases.show", "duty.index"}
    second = differences(pair, twins.SECOND)
    asked = [str(pair[0].people[name][1][0]) for name in ("asked", "asked_promised")]
    assert all(f"referrals.show /referrals/{each}" in second for each in asked)
    others = [all_of for name, (_, all_of) in pair[0].people.items() if name not in pair[0].waits]
    of_others = {str(each) for all_of in others for each in all_of}
    assert not [where for where in second if where.rpartition("/")[2] in of_others]


@pytest.fixture
def spoilt(lived: tuple[list[Twin], datetime], tmp_path: Path) -> Iterator[Twins]:
    """The two worlds, in which a test may change something."""
    yield copied(lived, tmp_path)
    clock.set_clock(None)


@pytest.mark.slow
def test_no_answer_to_a_form_tells_one_receiver_from_another(spoilt: Twins) -> None:
    for login in (twins.THIRD, twins.OPERATOR, twins.INTERVIEWER):
        found = differences(spoilt, login, "POST")
        assert not found, told(found)
    found = differences(spoilt, twins.INTERVIEWER)
    assert not found, told(found)


@pytest.mark.slow
def test_what_a_colleague_opens_before_the_answer_does_not_say_who_is_asked(spoilt: Twins) -> None:
    """A colleague may open what the interviewer sent, with a purpose that is recorded, until somebody accepts."""
    people = [Person(twin.app.test_client(), twins.THIRD) for twin in spoilt]
    for name in spoilt[0].waits:
        pages = []
        for person, twin in zip(people, spoilt, strict=True):
            case_id, _ = twin.people[name]
            opened = [
                person.client.post(
                    f"/cases/{case_id}/open",
                    data={"csrf_token": person.csrf_token, "compartment": each, "purpose": "handing_on"},
                ).status_code
                for each in Compartment
            ]
            assert 303 in opened
            text = person.get(f"/cases/{case_id}")
            assert TOLD in text  # it is open
            pages.append((opened, twins.plain(text, twin)))
        assert pages[0] == pages[1], _what_differs(*map(str, pages))


@pytest.mark.slow
def test_a_sheet_for_the_driver_has_the_number_of_the_duty_desk(spoilt: Twins) -> None:
    for twin in spoilt:
        with twin.app.app_context():
            desk, shelter = (names.organisation_by_code(code).telephone for code in ("RA", twin.receivers.takes))
            disconnect()
        address = f"/interviews/{twin.people['accepted'][0]}/transport/pdf"
        status, _, text = twins.answer(Person(twin.app.test_client(), twins.INTERVIEWER).client.get(address), twin)
        assert status == 200
        assert desk in text
        assert shelter not in text


@pytest.mark.slow
def test_no_message_tells_one_receiver_from_another(pair: Twins) -> None:
    """A desk gets a message at the same hours, and it is the same for all (ADR 0022)."""
    posts = ("RINAS", "DURRES", "HELPLINE", "CONSULAR", "STATE_POLICE")
    hours: list[list[bool]] = []
    for twin in pair:
        with twin.app.app_context():
            at = clock.now()
            with transaction() as session:
                session.execute(delete(Mailbox))
                for code in posts:
                    box = {"address": f"{code.lower()}@example.org", "language": "sq", "next_at": at, "failures": 0}
                    session.add(Mailbox(organisation_id=organisation(code), **box))
            ids = [organisation(code) for code in posts]
            after = [at + timedelta(hours=number) for number in range(0, 48, 4)]
            hours.append([each in mailboxes.to_be_told(hour, 50) for hour in after for each in ids])
            disconnect()
    assert hours[0] == hours[1]


@pytest.mark.slow
def test_no_command_of_a_post_tells_one_receiver_from_another(spoilt: Twins, command: Command) -> None:
    said = []
    for twin in spoilt:
        keys = command(twin.app, "keys", "rotate", "--organisation", "RINAS", "--anew", "--as", twins.INTERVIEWER)
        stays = command(twin.app, "stays", "import", __file__, "--as", twins.INTERVIEWER)
        said.append((keys, stays))
    assert said[0] == said[1]
    assert said[0][0][0] == 0


@pytest.mark.slow
def test_nothing_of_a_receiver_opens_by_the_keys_of_a_post(pair: Twins) -> None:
    """No compartment of a person who was accepted has a grant of the post, but the meeting place."""
    for twin in pair:
        with twin.app.app_context():
            accepted = [case_id for name, (case_id, _) in twin.people.items() if name not in twin.waits]
            post = Grant.organisation_id.in_([organisation("RINAS"), organisation("HELPLINE")])
            assert not db.session.scalars(select(Grant.compartment).where(post, Grant.case_id.in_(accepted))).all()
            of_referrals = [each for _, all_of in twin.people.values() for each in all_of]
            held = db.session.scalars(select(Grant.compartment).where(post, Grant.case_id.in_(of_referrals))).all()
            assert set(held) == {MEETING}
            disconnect()
