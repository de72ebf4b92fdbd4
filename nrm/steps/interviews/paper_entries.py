"""Ending an interview that was typed in from paper: one paper makes one record. Part of the transaction that ends
it."""

from __future__ import annotations

from sqlalchemy import update
from sqlalchemy.orm import Session

from nrm.db import hit_one
from nrm.domain.accounts.accounts import Actor
from nrm.models.interviews.interviews import Interview, PaperForm
from nrm.store.interviews import paper_forms as store


class EnteredTwice(Exception):
    """Two people typed in one paper, and the two entries are not compared yet."""


def spend(session: Session, interview: Interview, *, by: Actor) -> None:
    """Mark the interview's paper, if it has one, as used; raises EnteredTwice."""
    if interview.paper_mark is None:
        return
    if len(store.paper_entries(interview.paper_mark, by=by)) > 1:
        raise EnteredTwice
    hit = hit_one(
        session,
        update(PaperForm)
        .where(
            PaperForm.organisation_id == interview.organisation_id,
            PaperForm.mark == interview.paper_mark,
            PaperForm.used.is_(False),
        )
        .values(used=True),
    )
    if not hit:
        raise EnteredTwice


def give_back(session: Session, interview: Interview) -> None:
    """The interview goes on: its paper, if it has one, is not used up any more."""
    if interview.paper_mark is not None:
        session.execute(
            update(PaperForm)
            .where(PaperForm.organisation_id == interview.organisation_id, PaperForm.mark == interview.paper_mark)
            .values(used=False)
        )
