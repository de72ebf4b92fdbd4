"""Several hands on the same thing in the same instant."""

from __future__ import annotations

import threading
from collections.abc import Callable

from flask import Flask

from nrm.db import db
from nrm.domain.accounts.accounts import NotVisible, UnusableInvitation, UnusableLogin
from nrm.domain.referrals.referrals import IllegalTransition, ReferralRefused
from nrm.steps.interviews.drafts import NoLongerDraft

# The unlucky ones of a race are refused in words that a page can show; anything else would be a failure of the server.
REFUSALS = (IllegalTransition, ReferralRefused, NotVisible, NoLongerDraft, UnusableInvitation, UnusableLogin)


def all_at_once(app: Flask, *doing: Callable[[], object]) -> tuple[list[object], list[BaseException]]:
    """Do all in the same instant, each in a thread: what they gave, and what they raised."""
    db.session.rollback()
    gate = threading.Barrier(len(doing))
    given: list[object] = []
    raised: list[BaseException] = []

    def run(one: Callable[[], object]) -> None:
        with app.app_context():
            gate.wait()
            try:
                given.append(one())
            except BaseException as error:
                raised.append(error)
            finally:
                db.session.remove()

    threads = [threading.Thread(target=run, args=(one,)) for one in doing]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    db.session.rollback()
    return given, raised


def race(app: Flask, *doing: Callable[[], object], refusals: tuple[type[Exception], ...] = REFUSALS) -> list[object]:
    """Do all at once; what those gave that were not refused. Nobody fails otherwise."""
    given, raised = all_at_once(app, *doing)
    assert [each for each in raised if not isinstance(each, refusals)] == []
    return given


def raised_by(app: Flask, *doing: Callable[[], object]) -> list[BaseException]:
    """Do all at once; what they raised."""
    return all_at_once(app, *doing)[1]
