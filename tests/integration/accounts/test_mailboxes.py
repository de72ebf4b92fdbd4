"""E-mail to desks: what a message says, how often it comes, and a server that is down, hangs or refuses."""

from __future__ import annotations

import contextlib
import dataclasses
import re
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from flask import Flask
from sqlalchemy import select

from config import MisConfigured, Smtp, load_config
from nrm import clock, smtp
from nrm.actions.accounts import mailboxes
from nrm.actions.agreement import agreement_versions
from nrm.actions.referrals import referrals
from nrm.db import db
from nrm.domain.accounts.accounts import Actor, NotPermitted
from nrm.domain.accounts.mailboxes import EVERY, is_address, pause_after
from nrm.models.accounts.mailboxes import Mailbox
from nrm.models.referrals.referrals import Referral
from tests import factories
from tests import factories_agreements as texts
from tests import factories_referrals as people
from tests.conftest import Person

HOME = "https://nrm.example.al/"


class Server:
    """A mail server for one test: `refuse` answers that verb with an error, `silent` never greets."""

    def __init__(self, refuse: str = "", silent: bool = False) -> None:
        self.refuse, self.silent = refuse, silent
        self.messages: list[str] = []
        self.to: list[str] = []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.held: list[socket.socket] = []
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            if self.silent:
                self.held.append(connection)
            else:
                self._talk(connection)

    def _talk(self, connection: socket.socket) -> None:
        with connection, connection.makefile("rwb") as lines:

            def say(text: str) -> None:
                lines.write(text.encode() + b"\r\n")
                lines.flush()

            say("220 here")
            for raw in lines:
                line = raw.decode().strip()
                verb = line.partition(" ")[0].upper()
                if verb == self.refuse:
                    say("550 no")
                elif verb == "DATA":
                    say("354 go on")
                    body = []
                    for part in lines:
                        if part == b".\r\n":
                            break
                        body.append(part.decode())
                    self.messages.append("".join(body))
                    say("250 taken")
                elif verb == "QUIT":
                    say("221 bye")
                    return
                else:
                    if verb == "RCPT":
                        self.to.append(line)
                    say("250 here")

    def close(self) -> None:
        with contextlib.suppress(OSError):  # closed before
            self.listener.shutdown(socket.SHUT_RDWR)  # who waits in accept() keeps a closed socket listening
        self.listener.close()
        for each in self.held:
            each.close()


@contextmanager
def server(**how: object) -> Iterator[Server]:
    made = Server(**how)  # type: ignore[arg-type]
    try:
        yield made
    finally:
        made.close()


def use(app: Flask, port: int, tls: str = "none") -> None:
    """Let the application send to that port of this machine."""
    config = app.extensions["nrm.config"]
    carrier = Smtp("127.0.0.1", port, tls, "", "", "nrm@example.al", HOME)
    app.extensions["nrm.config"] = dataclasses.replace(config, smtp=carrier)


@pytest.fixture
def nrc(app: Flask) -> Actor:
    """The reception centre, whose desk has an address."""
    by = factories.actor("nrc.case_worker")
    mailboxes.set_address(address="desk@nrc.example.al", language="en", by=by)
    return by


def box() -> Mailbox:
    return db.session.scalars(select(Mailbox).execution_options(populate_existing=True)).one()


def test_a_desk_is_told_that_it_has_a_task_and_not_a_word_more(app: Flask, nrc: Actor) -> None:
    sent = people.sent(factories.actor("rinas.border_officer"))
    with server() as mail:
        use(app, mail.port)
        assert mailboxes.send_due() == 1
    (message,) = mail.messages
    assert mail.to == ["RCPT TO:<desk@nrc.example.al>"] or "desk@nrc.example.al" in mail.to[0]
    assert "Subject: You have a task" in message
    assert HOME in message
    said = message.lower()
    for word in (
        sent.pseudonym,
        people.PLANTED,
        "rinas",
        "4.3",
        "adult",
        "referral",
        "victim",
        str(sent.case_id),
        "1 ",
    ):
        assert word.lower() not in said.replace("mime-version: 1.0", "").replace('charset="utf-8"', ""), word


def test_in_albanian_where_the_desk_asked_for_it(app: Flask, nrc: Actor) -> None:
    mailboxes.set_address(address="desk@nrc.example.al", language="sq", by=nrc)
    people.sent(factories.actor("rinas.border_officer"))
    with server() as mail:
        use(app, mail.port)
        assert mailboxes.send_due() == 1
    assert "Subject: Keni nj" in mail.messages[0] or "=?utf-8?" in mail.messages[0]


def test_nothing_waits_nothing_is_sent_and_no_address_no_message(app: Flask, nrc: Actor) -> None:
    with server() as mail:
        use(app, mail.port)
        assert mailboxes.send_due() == 0
        people.sent(factories.actor("rinas.border_officer"))
        mailboxes.set_address(address="", language="sq", by=nrc)
        assert mailboxes.send_due() == 0
    assert mail.messages == []


def test_at_most_one_message_in_half_an_hour_while_something_waits(app: Flask, nrc: Actor) -> None:
    factories.later()
    for _ in range(3):
        people.sent(factories.actor("rinas.border_officer"))
    with server() as mail:
        use(app, mail.port)
        assert [mailboxes.send_due() for _ in range(3)] == [1, 0, 0]
        factories.later(seconds=EVERY.total_seconds() - 1)
        assert mailboxes.send_due() == 0
        factories.later(seconds=1)
        assert mailboxes.send_due() == 1
    assert len(mail.messages) == 2


def test_a_party_is_reminded_once_a_day_to_sign_the_agreement_until_two_have(app: Flask, nrc: Actor) -> None:
    version = texts.opened(texts.draft())

    def told() -> int:
        return mailboxes.send_due(agreement_versions.parties_to_sign())

    with server() as mail:
        use(app, mail.port)
        assert told() == 0, "the address was set a moment ago: not before a day"
        factories.later(days=1)
        assert [told() for _ in range(2)] == [1, 0]
        factories.later(hours=23)
        assert told() == 0
        factories.later(hours=1)
        assert told() == 1
        (first, second) = texts.signers("NRC")
        texts.sign(version, first)
        factories.later(days=1)
        assert told() == 1, "one of two has signed"
        texts.sign(version, second)
        factories.later(days=1)
        assert told() == 0
    assert len(mail.messages) == 3
    assert all("agreement" not in each.lower() and version not in each for each in mail.messages)


def test_a_reminder_that_failed_is_tried_again_after_a_minute_and_not_after_a_day(app: Flask, nrc: Actor) -> None:
    texts.opened(texts.draft())
    signing = agreement_versions.parties_to_sign()
    factories.later(days=1)
    with server(refuse="RCPT") as mail:
        use(app, mail.port)
        assert mailboxes.send_due(signing) == 0
    factories.later(minutes=2)
    with server() as mail:
        use(app, mail.port)
        assert [mailboxes.send_due(signing) for _ in range(2)] == [1, 0]
        factories.later(hours=1)
        assert mailboxes.send_due(signing) == 0


def test_the_authority_is_told_once_something_is_late_and_not_before(app: Flask) -> None:
    mailboxes.set_address(address="duty@ra.example.al", language="en", by=factories.actor("ra.duty_officer"))
    sent = people.sent(factories.actor("rinas.border_officer"))
    ra = factories.actor("ra.duty_officer")
    from nrm.store.referrals import obligations

    for line in obligations.owed(by=ra).rows:
        referrals.acknowledge(obligation_id=line.id, by=ra)
    with server() as mail:
        use(app, mail.port)
        assert mailboxes.send_due() == 0
        factories.later(hours=1)
        assert mailboxes.send_due() == 1
    assert sent.pseudonym not in mail.messages[0]


@pytest.mark.parametrize("how", ["down", "silent", "no tls", "refuses"])
def test_a_server_that_fails_loses_nothing_and_is_tried_again(
    app: Flask, nrc: Actor, how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(smtp, "SECONDS", 0.3)
    sent = people.sent(factories.actor("rinas.border_officer"))
    with server(silent=how == "silent", refuse="MAIL" if how == "refuses" else "") as mail:
        if how == "down":
            mail.close()
        use(app, mail.port, "starttls" if how == "no tls" else "none")
        before = clock.now()
        clock.set_clock(lambda: before)
        assert mailboxes.send_due() == 0
        assert (box().failures, box().next_at) == (1, before + pause_after(1))
        assert mailboxes.send_due() == 0, "not before its pause is over"
        assert db.session.get_one(Referral, sent.referral_id).status == "sent"
        assert mail.messages == []
    factories.later(minutes=1)
    with server() as mail:
        use(app, mail.port)
        assert mailboxes.send_due() == 1
        assert box().failures == 0


def test_no_lock_and_no_connection_is_held_while_the_server_is_waited_for(
    app: Flask, nrc: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the middle of the delivery somebody else sends a referral: it goes through."""
    people.sent(factories.actor("rinas.border_officer"))
    use(app, 1)
    went: list[object] = []

    def deliver(_: Smtp, messages: list[smtp.Message]) -> list[bool]:
        assert not db.session().in_transaction()
        went.append(people.sent(factories.actor("rinas.border_officer")))
        return [True] * len(messages)

    monkeypatch.setattr(smtp, "deliver", deliver)
    assert mailboxes.send_due() == 1
    assert len(went) == 1


def test_the_pauses_grow_to_half_an_hour() -> None:
    assert [pause_after(number).total_seconds() / 60 for number in (1, 2, 3, 5, 6, 99)] == [1, 2, 4, 16, 30, 30]


@pytest.mark.parametrize(
    "text", ["", "x", "a@b", "a b@c.al", "a@c.al\nBcc: x@y.al", "a@c.al,b@c.al", "ë@c.al", "<a@c.al>"]
)
def test_what_is_no_address(text: str) -> None:
    assert not is_address(text)


def test_the_page_keeps_what_was_typed_and_says_what_to_do(app: Flask, sign_in: Callable[[str], Person]) -> None:
    person = sign_in("vatra.case_worker")
    assert "checked" not in person.get("/desk/e-mail")
    page = person.post("/desk/e-mail", {"address": "desk at vatra", "language": "sq"}, 422)
    assert "desk at vatra" in page
    assert "desk@example.org" in page
    person.post("/desk/e-mail", {"address": " desk@vatra.example.al ", "language": "sq"})
    assert "desk@vatra.example.al" in person.get("/desk/e-mail")
    assert "desk@vatra.example.al" not in sign_in("nrc.case_worker").get("/desk/e-mail"), "each desk sees its own"
    sign_in("molsa.statistician").get("/desk/e-mail", 403)
    with pytest.raises(NotPermitted):
        mailboxes.set_address(address="", language="sq", by=factories.actor("molsa.statistician"))


@pytest.mark.parametrize(
    ("change", "names"),
    [
        ({"NRM_SMTP_TLS": "maybe"}, "NRM_SMTP_TLS"),
        ({"NRM_SMTP_TLS": "none"}, "NRM_SMTP_TLS"),
        ({"NRM_SMTP_FROM": ""}, "NRM_SMTP_FROM"),
        ({"NRM_ADDRESS": "ftp://x"}, "NRM_ADDRESS"),
        ({"NRM_SMTP_USER": "nrm"}, "NRM_SMTP_USER"),
        ({"NRM_SMTP_USER": "nrm", "NRM_SMTP_PASSWORD_FILE": "/nowhere"}, "NRM_SMTP_PASSWORD_FILE"),
        ({"NRM_SMTP_PORT": "x"}, "NRM_SMTP_PORT"),
    ],
)
def test_a_wrong_setting_is_named(app: Flask, change: dict[str, str], names: str) -> None:
    right = {
        "NRM_DIR": str(app.extensions["nrm.config"].directory),
        "NRM_SMTP_HOST": "mail.example.al",
        "NRM_SMTP_FROM": "nrm@example.al",
        "NRM_ADDRESS": HOME,
    }
    read = load_config(right).smtp
    assert read is not None
    assert (read.port, read.tls) == (587, "starttls")
    with pytest.raises(MisConfigured, match=names):
        load_config({**right, **change})


def test_the_page_that_asks_for_a_proof_calls_what_was_typed_as_the_form_does(
    app: Flask, sign_in: Callable[[str], Person]
) -> None:
    person = sign_in("vatra.case_worker")
    factories.later(minutes=10)
    for address, shown in (("desk@vatra.example.al", "desk@vatra.example.al"), ("", "none")):
        page = person.post("/desk/e-mail?lang=en", {"address": address, "language": "sq"}, 401)
        said = re.sub(r"\s*<[^>]+>\s*", "|", page.partition("What it says")[2].partition("What you typed is kept")[0])
        assert [each for each in said.split("|") if each] == [
            "E-mail address of the desk",
            shown,
            "Language of the messages",
            "Shqip",
        ]
