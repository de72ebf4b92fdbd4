"""A statement that is built once answers each asker with what is theirs."""

from __future__ import annotations

import uuid

import pytest
from flask import Flask
from sqlalchemy import Select, and_, bindparam, select
from sqlalchemy.orm import aliased

from nrm.db import db, transaction
from nrm.domain.accounts.accounts import Actor, NotVisible, OrganisationKind, Permission, Role
from nrm.looks import looked_up, one_look
from nrm.models.accounts.accounts import Organisation
from nrm.store.statements import built_once


@pytest.fixture(params=["app", "postgres_app"])
def organisations(request: pytest.FixtureRequest) -> list[uuid.UUID]:
    app: Flask = request.getfixturevalue(request.param)
    assert app is not None
    with transaction():
        return list(db.session.scalars(select(Organisation.id).order_by(Organisation.code).limit(2)))


def test_one_statement_serves_all_who_ask_alike_and_each_sees_their_own(organisations: list[uuid.UUID]) -> None:
    built: list[Role | None] = []

    @built_once
    def own(by: Actor, reverse: bool) -> Select[uuid.UUID]:
        built.append(by.role)
        statement = select(Organisation.id).where(Organisation.id == by.organisation_id)
        if by.may(Permission.REFERRAL_DIRECT):
            statement = select(Organisation.id).where(Organisation.code != bindparam("but"))
        return statement.order_by(Organisation.code.desc() if reverse else Organisation.code)

    def asking(organisation_id: uuid.UUID | None, role: Role = Role.CASE_WORKER) -> Actor:
        return Actor(uuid.uuid4(), organisation_id, role, OrganisationKind.NGO_SHELTER, organisation_code="any")

    for organisation_id in organisations:
        for reverse in (False, True):
            assert list(own(asking(organisation_id), reverse)().scalars()) == [organisation_id]
    assert built == [Role.CASE_WORKER] * 2  # one for each shape, however many ask
    assert list(own(asking(None), False)().scalars()) == []
    assert len(built) == 3  # nobody's organisation is another statement
    seen = list(own(asking(organisations[0], Role.DUTY_OFFICER), False)(but="").scalars())
    assert set(organisations) <= set(seen)


def test_a_statement_that_is_kept_cannot_look_at_who_asked_first(organisations: list[uuid.UUID]) -> None:
    @built_once
    def looking(by: Actor) -> Select[uuid.UUID]:
        known = {organisations[0]: True}
        assert by.organisation_id is not None
        return select(Organisation.id).where(Organisation.id == bindparam("id") if known[by.organisation_id] else False)

    @built_once
    def reading(by: Actor) -> Select[uuid.UUID]:
        assert (by.organisation_code, by.crossing_point, by.session_id, by.keys) == ("", "", b"", None)
        return select(Organisation.id).where(Organisation.id == by.organisation_id)

    actor = Actor(
        uuid.uuid4(), organisations[0], Role.CASE_WORKER, OrganisationKind.NGO_SHELTER, "VATRA", "RINAS", b"s"
    )
    with pytest.raises(KeyError):
        looking(actor)
    assert list(reading(actor)().scalars()) == [organisations[0]]


def test_the_row_of_a_table_comes_as_it_is_and_none_where_nothing_was_joined(organisations: list[uuid.UUID]) -> None:
    @built_once
    def pairs(by: Actor) -> Select[Organisation, Organisation, str]:
        other = aliased(Organisation)
        joined = select(Organisation, other, Organisation.code)
        return joined.outerjoin(other, and_(other.id == by.organisation_id, Organisation.id != other.id))

    actor = Actor(uuid.uuid4(), organisations[0], Role.CASE_WORKER, OrganisationKind.NGO_SHELTER)
    found = {own.id: (own, other, code) for own, other, code in pairs(actor)()}
    assert set(organisations) <= set(found)
    for own, other, code in found.values():
        row = db.session.get_one(Organisation, own.id)
        assert (own.code, own.names, own.enabled) == (row.code, row.names, row.enabled)
        assert code == row.code
        assert (other.id if other is not None else None) == (None if own.id == organisations[0] else organisations[0])


def test_what_is_looked_up_is_read_once_for_a_page_and_anew_after_a_transaction(app: Flask) -> None:
    read: list[str] = []

    def ask(key: str) -> str:
        return looked_up((key,), lambda: read.append(key) or key)

    with app.app_context():
        assert [ask("a"), ask("a")] == ["a", "a"]
        assert read == ["a", "a"]  # nothing is kept where no page begins a look
        with one_look():
            assert [ask("b"), ask("c"), ask("b")] == ["b", "c", "b"]
            with pytest.raises(RuntimeError):
                one_look().__enter__()
            with transaction():
                ask("b")
            ask("b")
        assert read[2:] == ["b", "c", "b", "b"]
        with one_look():
            ask("b")
        assert read[-1] == "b"


def test_what_is_refused_is_asked_again(app: Flask) -> None:
    def refuse() -> None:
        asked.append(1)
        raise NotVisible

    asked: list[int] = []
    with app.app_context(), one_look():
        for _ in range(2):
            with pytest.raises(NotVisible):
                looked_up(("refused",), refuse)
    assert len(asked) == 2
