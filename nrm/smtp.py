"""Sending messages to a mail server. It knows no tables, no pages, and only the settings of the server."""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from email.message import EmailMessage

from config import Smtp

SECONDS = 10
"""How long the server may be silent at each step before it counts as out of reach."""


class NotDelivered(Exception):
    """The server could not be reached, refused TLS, the password or the message; `str()` names no address."""


@dataclass(frozen=True, slots=True)
class Message:
    """One message to one address."""

    to: str
    subject: str
    body: str


def deliver(server: Smtp, messages: Sequence[Message]) -> list[bool]:
    """Whether each message was taken, over one connection. Raises NotDelivered when there is no connection at all."""
    taken = []
    with _connected(server) as connection:
        for each in messages:
            try:
                connection.send_message(_written(server, each))
                taken.append(True)
            except smtplib.SMTPServerDisconnected:
                break
            except (smtplib.SMTPException, OSError):
                taken.append(False)
    return taken + [False] * (len(messages) - len(taken))


@contextmanager
def _connected(server: Smtp) -> Iterator[smtplib.SMTP]:
    try:
        context = ssl.create_default_context()
        if server.tls == "tls":
            connection: smtplib.SMTP = smtplib.SMTP_SSL(server.host, server.port, timeout=SECONDS, context=context)
        else:
            connection = smtplib.SMTP(server.host, server.port, timeout=SECONDS)
    except (OSError, smtplib.SMTPException) as error:
        raise NotDelivered(type(error).__name__) from None
    try:
        try:
            if server.tls == "starttls":
                connection.starttls(context=context)
            if server.user:
                connection.login(server.user, server.password)
        except (OSError, smtplib.SMTPException) as error:
            raise NotDelivered(type(error).__name__) from None
        yield connection
    finally:
        try:
            connection.quit()
        except (OSError, smtplib.SMTPException):
            connection.close()


def _written(server: Smtp, message: Message) -> EmailMessage:
    """The message as plain text, with only the headers that a mail server needs."""
    written = EmailMessage()
    written["From"], written["To"], written["Subject"] = server.sender, message.to, message.subject
    written["Auto-Submitted"] = "auto-generated"
    written.set_content(message.body)
    return written
