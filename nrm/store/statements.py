"""Statements of pages that are loaded all day: built once (ADR 0039).

Building a statement costs more than the database takes for it.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any, Concatenate, ParamSpec, TypeVarTuple, cast

from sqlalchemy import Result, Select, Uuid, bindparam

from nrm.db import db
from nrm.domain.accounts.accounts import Actor, OrganisationKind, Role

_Shape = ParamSpec("_Shape")
_Columns = TypeVarTuple("_Columns")
_ORGANISATION = bindparam("asker_organisation_id", type_=Uuid())
_MEMBER = bindparam("asker_member_id", type_=Uuid())

Execute = Callable[..., Result[*_Columns]]


def built_once(
    build: Callable[Concatenate[Actor, _Shape], Select[*_Columns]],
) -> Callable[Concatenate[Actor, _Shape], Execute[*_Columns]]:
    """Decorator: `build` makes its statement once for each role and kind of organisation; it runs with the actor's ids.

    The decorated function returns a function that takes the values of the statement's own parameters and executes it.
    `build` gets an actor of that role and kind whose ids are bound parameters: it may compare columns with them and
    test them for None, but not use their values. Its other arguments are the shape of the statement: hashable, and of
    few values.
    """
    named = cast("Callable[..., Select[*_Columns]]", build)

    @lru_cache(maxsize=128)
    def built(like: tuple[Any, ...], *shape: Any) -> Select[*_Columns]:
        return named(_actor_with(*like), *shape)

    def asked(by: Actor, /, *shape: _Shape.args, **none: _Shape.kwargs) -> Execute[*_Columns]:
        assert not none, "a shape is given by position"
        like = (by.role, by.kind, by.duty, by.organisation_id is not None, by.member_id is not None)
        statement = built(like, *shape)
        ids = {_ORGANISATION.key: by.organisation_id, _MEMBER.key: by.member_id}
        return lambda **values: db.session.execute(statement, {**ids, **values})

    return asked


def _actor_with(role: Role | None, kind: OrganisationKind | None, duty: str, organised: bool, member: bool) -> Actor:
    organisation_id, member_id = (_ORGANISATION if organised else None), (_MEMBER if member else None)
    return Actor(cast(Any, member_id), cast(Any, organisation_id), role, kind, duty=duty)
