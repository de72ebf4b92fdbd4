"""Statements of pages that are loaded all day: built once (ADR 0039), and handed to the driver itself (ADR 0224).

Building a statement costs more than the database takes for it, and so does what SQLAlchemy does around it.
"""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from operator import itemgetter
from typing import Any, Concatenate, ParamSpec, TypeVarTuple, cast

from sqlalchemy import IteratorResult, Result, Select, Uuid, bindparam, inspect
from sqlalchemy.engine.result import SimpleResultMetaData
from sqlalchemy.orm import Mapper

from nrm.db import db
from nrm.domain.accounts.accounts import Actor, OrganisationKind, Role
from nrm.prepared import Prepared

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
    few values. No value of the statement is a list.

    What it selects as the row of a table comes as a named tuple of its columns: nothing can be changed through it.
    """
    named = cast("Callable[..., Select[*_Columns]]", build)

    @lru_cache(maxsize=128)
    def built(like: tuple[Any, ...], *shape: Any) -> _HandedOver:
        return _HandedOver(named(_actor_with(*like), *shape))

    def asked(by: Actor, /, *shape: _Shape.args, **none: _Shape.kwargs) -> Execute[*_Columns]:
        assert not none, "a shape is given by position"
        like = (by.role, by.kind, by.duty, by.organisation_id is not None, by.member_id is not None)
        statement = built(like, *shape)
        ids = {_ORGANISATION.key: by.organisation_id, _MEMBER.key: by.member_id}
        return lambda **values: statement.execute({**ids, **values})

    return asked


class _HandedOver:
    """A statement as the driver itself is given it, and how the values that come back are put together."""

    def __init__(self, statement: Select[*tuple[Any, ...]]) -> None:
        asked = statement.column_descriptions
        columns: list[Any] = []
        parts: list[_Part] = []
        for each in asked:
            if each["expr"] is not each["entity"]:
                parts.append(itemgetter(len(columns)))
                columns.append(each["expr"])
            else:
                table: Mapper[Any] = inspect(each["expr"]).mapper
                parts.append(_row_of(table, len(columns)))
                columns += [getattr(each["expr"], column.key) for column in table.column_attrs]
        has_rows = any(each["expr"] is each["entity"] for each in asked)
        self._parts = parts if has_rows else None
        self._named = SimpleResultMetaData([each["name"] for each in asked])
        self._prepared = Prepared(statement.with_only_columns(*columns) if has_rows else statement, heard=True)

    def execute(self, values: Mapping[str, Any]) -> Result[*tuple[Any, ...]]:
        """What the session would give for it."""
        found: list[tuple[Any, ...]] = self._prepared.all(db.session, values)
        if self._parts:
            found = [tuple(part(row) for part in self._parts) for row in found]
        return IteratorResult(self._named, iter(found))


_Part = Callable[[Sequence[Any]], Any]


def _row_of(table: Mapper[Any], start: int) -> _Part:
    """Takes the row of a table out of the values that begin with `start`; None where an outer join found none."""
    names = [column.key for column in table.column_attrs]
    end, key = start + len(names), start + names.index(table.get_property_by_column(table.primary_key[0]).key)
    row: Any = namedtuple(table.class_.__name__, names)  # type: ignore[misc]
    return lambda values: None if values[key] is None else row._make(values[start:end])


def _actor_with(role: Role | None, kind: OrganisationKind | None, duty: str, organised: bool, member: bool) -> Actor:
    organisation_id, member_id = (_ORGANISATION if organised else None), (_MEMBER if member else None)
    return Actor(cast(Any, member_id), cast(Any, organisation_id), role, kind, duty=duty)
