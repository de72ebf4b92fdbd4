"""Saying which records are not as the audit chain, or the country's files, tell (ADR 0207)."""

from __future__ import annotations

from sqlalchemy import select

from nrm.db import db
from nrm.models.accounts.accounts import Organisation
from nrm.steps import countries
from nrm.store.rows import lost_facts as facts
from nrm.store.rows import lost_records as rows
from nrm.store.rows import lost_states as states

_KINDS = (
    ("staying in touch after the shelter", rows.follow_ups),
    ("that somebody is not safe after the shelter", rows.not_safe),
    ("what a house does about somebody who is not safe", rows.acted_on),
    ("stays", rows.stays),
    ("the alarm that somebody is missing", rows.missing),
    ("hearings", rows.hearings),
    ("threats to witnesses", states.threats),
    ("what was decided about children", states.children),
    ("cases that are closed", states.closed_cases),
    ("which house holds a case", states.holders),
    ("at what age somebody counts", facts.ages),
    ("referrals", facts.referrals),
    ("duties that are done or owed", facts.duties),
    ("what the child authority was told at a post", facts.child_alerts),
    ("what people agreed to", facts.consents),
    ("acts that need two hands", states.acts),
    ("who lets whom begin anew", states.begun_anew),
    ("accounts and offices that are ended or suspended", states.accounts),
    ("who opened what lies under seal", rows.readings),
)
_NAMED = 5


def lost() -> str:
    """Which they are, by codes of cases and offices, and what to do; nothing where all are there. Reads the whole
    chain."""
    return ". ".join(each for each in (_of_people(), _of_offices()) if each)


def _of_people() -> str:
    said = []
    for words, look in _KINDS:
        codes = rows.codes(look())
        if codes:
            said.append(f"{words} ({_some(codes)})")
    if not said:
        return ""
    return (
        f"the main database says other than the audit chain of: {'; '.join(said)}. Another hand changed it: keep a "
        "copy as evidence, call the houses of these cases, and look in the operator's guide what to do"
    )


def _of_offices() -> str:
    """A wrong number of the police leads a call at night to somebody else."""
    found = countries.in_force()
    if found.line is not None and found.line.followed_at is None:
        return ""  # the next tend lets the rows follow
    statement = select(Organisation.code, Organisation.telephone, Organisation.names).order_by(Organisation.code)
    codes = [
        code
        for code, telephone, names in db.session.execute(statement)
        if (listed := found.country.organisations.get(code)) is not None
        and (telephone != listed.on_call or any(names.get(language) != name for language, name in listed.names.items()))
    ]
    if not codes:
        return ""
    return (
        f"the names or telephones of offices are others than in the country's files: {_some(codes)}. Unless the files "
        "were changed since the last `nrm upgrade`, another hand changed the main database: keep a copy as evidence, "
        "and run `nrm upgrade`, which puts them right"
    )


def _some(codes: list[str]) -> str:
    more = f" and {len(codes) - _NAMED} more" if len(codes) > _NAMED else ""
    return f"{', '.join(codes[:_NAMED])}{more}"
