"""Acknowledging a directive: an officer says once of each version that it was read."""

from __future__ import annotations

from sqlalchemy.exc import IntegrityError

from nrm import audit, clock
from nrm.db import transaction
from nrm.domain.accounts.accounts import Actor, NotVisible, Permission
from nrm.models.interviews.directives import DirectiveAcknowledgement
from nrm.steps.interviews.screenings import local_day
from nrm.store.interviews import directives as store


def acknowledge(*, directive: str, version: int, by: Actor) -> bool:
    """Record that the actor read it; returns whether that is new. A second time changes nothing.

    Raises NotPermitted; NotVisible for a directive that does not bind the actor's party today.
    """
    by.must(Permission.INTERVIEW_CONDUCT)
    key = (directive, version)
    if key not in {each.key for each in store.binding(by=by)}:
        raise NotVisible
    try:
        with transaction() as session:
            if key in store.acknowledged(by=by):
                return False
            session.add(
                DirectiveAcknowledgement(
                    member_id=by.member_id,
                    directive=directive,
                    version=version,
                    acknowledged_on=local_day(clock.now()),
                )
            )
            session.flush()
            audit.append(session, audit.Event.DIRECTIVE_ACKNOWLEDGED, by=by, directive=directive, version=version)
    except IntegrityError:  # the same button, pressed twice at once
        return False
    return True
