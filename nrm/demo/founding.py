"""The key log of a demo country: its own people found their organisations."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from datetime import timedelta

from nrm import clock
from nrm.actions.accounts import key_log as actions
from nrm.actions.accounts import words
from nrm.demo.cast import cast
from nrm.domain.accounts.accounts import Actor

_EARLIER = timedelta(days=20)
"""Who begins the log attests after fourteen days: the demo begins it so long before its first day."""


def found(actors: Mapping[str, Actor]) -> None:
    """Genesis and foundings, each entry signed by its person; `actors` as `staff.everybody` gave."""
    people = _people(actors)
    first, second = cast().authority, cast().houses[0]
    now = clock.now()
    try:
        clock.set_clock(lambda: now - _EARLIER)
        four = [*people[first][:2], *people[second][:2]]
        begins = [(_organisation(people[code][0]), _ids(people[code][:2])) for code in (first, second)]
        said = _sheets(four)
        _agree(actions.propose_genesis(founders=begins, typed=said, by=four[0]), four[1:], said)
    finally:
        clock.set_clock(lambda: now)
    attestors = [people[first][0], people[second][0]]
    for code, members in people.items():
        if code not in (first, second):
            proposal = actions.propose_founding(founders=_ids(members[:2]), by=members[0])
            _agree(proposal, [*members[1:2], *attestors], _sheets(members[:2]))


def _people(actors: Mapping[str, Actor]) -> dict[str, list[Actor]]:
    """The people of each organisation, offices without keys and who runs the machine too, in the order of joining."""
    found: dict[str, list[Actor]] = {}
    for name, actor in actors.items():
        code, _, number = name.partition("#")
        if number:
            found.setdefault(code, []).append(actor)
    return found


def _ids(members: list[Actor]) -> list[uuid.UUID]:
    return [member.member_id for member in members if member.member_id is not None]


def _organisation(member: Actor) -> uuid.UUID:
    assert member.organisation_id is not None
    return member.organisation_id


def _sheets(founders: Sequence[Actor]) -> dict[uuid.UUID, Sequence[str]]:
    """The words of these founders, from their sheets."""
    return {each.member_id: shown.words for each in founders if each.member_id and (shown := words.shown(by=each))}


def _agree(proposal: bytes, others: list[Actor], said: Mapping[uuid.UUID, Sequence[str]]) -> None:
    """`said`: what the others type."""
    for each in others:
        actions.agree(proposal=proposal, typed=said, by=each)
