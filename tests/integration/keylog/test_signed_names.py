"""Pages on which trust is decided show names as they were signed; a changed row gets a code shown, and a warning."""

from __future__ import annotations

import uuid

import pytest
from flask import Flask
from sqlalchemy import select, update

from nrm.actions.accounts import beginning_anew, joining, words
from nrm.db import db, transaction
from nrm.domain.accounts.accounts import Role
from nrm.models.accounts.accounts import Member, Organisation
from nrm.vault.keylog import people
from tests import factories
from tests import factories_agreements as texts
from tests.conftest import Person

WORKER, MANAGER, DESK = "vatra.case_worker", "vatra.shelter_manager", "ra.duty_officer"
WARNS = "the name in the database is not the one that was signed"


def member(login: str) -> Member:
    db.session.rollback()
    return db.session.scalars(select(Member).where(Member.login == login)).one()


def code(login: str, of: str = "VATRA") -> str:
    return f"{of}-{member(login).id.hex[:8]}"


def by_hand(login: str, /, **values: object) -> None:
    """As somebody who writes to the main database does it."""
    with transaction() as session:
        session.execute(update(Member).where(Member.login == login).values(**values))


def test_colleagues_and_what_happened_show_a_code_for_a_name_that_was_changed_by_hand(app: Flask) -> None:
    me, called = Person(app.test_client(), MANAGER), code(WORKER)
    assert WARNS not in me.get("/members?lang=en")
    by_hand(WORKER, name="Test shelter_manager")
    page = me.get("/members?lang=en")
    assert called in page and WARNS in page  # noqa: PT018
    assert page.count('<th scope="row">Test shelter_manager') == 1  # the reader's own
    page = me.get("/members/keys?lang=en")
    assert called in page and WARNS in page  # noqa: PT018
    # A sign-in name is covered, too; and a name with other random bytes is no more than a name.
    by_hand(WORKER, name="Test case_worker", login="vatra.shelter_manager2")
    page = me.get("/members?lang=en")
    assert called in page and "vatra.shelter_manager2" not in page  # noqa: PT018
    by_hand("vatra.shelter_manager2", login=WORKER, name_salt=bytes(16))
    assert called in me.get("/members?lang=en")
    by_hand(WORKER, name_salt=None)
    assert called in me.get("/members?lang=en")


def test_other_keys_in_the_row_make_no_other_name_of_an_active_colleague(app: Flask) -> None:
    me, called = Person(app.test_client(), MANAGER), code(WORKER)
    for signing in (None, bytes(32)):
        by_hand(WORKER, name="Test shelter_manager", sign_public=signing)
        page = me.get("/members?lang=en")
        assert called in page and WARNS in page  # noqa: PT018


def test_two_names_that_were_swapped_are_two_codes(app: Flask) -> None:
    one, other = member(WORKER), member(MANAGER)
    (was, one_salt), (is_, other_salt) = (one.name, one.name_salt), (other.name, other.name_salt)
    by_hand(WORKER, name=is_, name_salt=other_salt)
    by_hand(MANAGER, name=was, name_salt=one_salt)
    page = Person(app.test_client(), WORKER).get("/members?lang=en")
    assert code(WORKER) in page and code(MANAGER) in page  # noqa: PT018


def test_home_notices_and_the_page_of_who_types_words_show_the_code(app: Flask) -> None:
    manager = factories.actor(MANAGER)
    assert manager.organisation_id is not None
    token = joining.invite(
        organisation_id=manager.organisation_id, login="vatra.new", name="New", role=Role.CASE_WORKER, by=manager
    )
    factories.join(token)
    factories.let_in(factories.actor("vatra.new"), by=manager)
    me = Person(app.test_client(), WORKER)
    assert "Test shelter_manager" in me.get("/?lang=en")  # who let the new colleague in
    by_hand(MANAGER, name="Zana Deda")
    page = me.get("/?lang=en")
    assert "Zana Deda" not in page and code(MANAGER) in page and WARNS in page  # noqa: PT018
    # A colleague who is to begin anew: who asks for it stands on the page, and is no name of a row.
    beginning_anew.begin_again(member_id=member("vatra.new").id, by=factories.actor(MANAGER))
    page = me.get(f"/members/{member('vatra.new').id}/anew/agree?lang=en")
    assert "Zana Deda" not in page and code(MANAGER) in page  # noqa: PT018
    their = Person(app.test_client(), "vatra.new").get("/?lang=en")
    assert "Zana Deda" not in their and code(MANAGER) in their  # noqa: PT018


def test_who_is_suspended_and_by_whom_are_names_that_were_signed(app: Flask) -> None:
    me, worker = Person(app.test_client(), MANAGER), member(WORKER).id
    me.post(f"/members/{worker}/suspend", {"reason": "asked"}, 303)
    by_hand(MANAGER, name="Zana Deda")
    page = Person(app.test_client(), WORKER).get("/?lang=en")
    assert "Zana Deda" not in page and code(MANAGER) in page  # noqa: PT018
    by_hand(WORKER, name="Somebody Else")
    page = Person(app.test_client(), DESK).get("/?lang=en")
    assert "Somebody Else" not in page and code(WORKER) in page and WARNS in page  # noqa: PT018


def test_an_organisation_whose_names_were_changed_by_hand_stands_there_by_its_code(app: Flask) -> None:
    with transaction() as session:
        session.execute(
            update(Organisation)
            .where(Organisation.code == "VATRA")
            .values(names={"sq": "Qendra Kombëtare", "en": "NRC"})
        )
    for login, path in ((DESK, "/key-log/organisations"), (texts.COORDINATOR, "/parties")):
        page = Person(app.test_client(), login).get(f"{path}?lang=en")
        assert "NRC</th>" not in page and "NRC (VATRA)" not in page and WARNS in page  # noqa: PT018
    vatra: uuid.UUID = db.session.scalars(select(Organisation.id).where(Organisation.code == "VATRA")).one()
    page = Person(app.test_client(), DESK).get(f"/parties/{vatra}/suspension?lang=en")
    assert "<b>VATRA (VATRA)</b>" in page


@pytest.mark.parametrize("act", ["disable", "suspend", "anew", "role"])
def test_who_is_ended_suspended_or_changed_is_called_as_they_signed(app: Flask, act: str) -> None:
    by_hand(WORKER, name="Zana Deda")
    page = Person(app.test_client(), MANAGER).get(f"/members/{member(WORKER).id}/{act}?lang=en")
    assert "Zana Deda" not in page and page.count(code(WORKER)) >= 2 and WARNS in page  # noqa: PT018


def test_a_name_that_was_signed_anew_is_a_name(app: Flask) -> None:
    me = Person(app.test_client(), MANAGER)
    by_hand(WORKER, name="Drita Hoxha")
    assert code(WORKER) in me.get("/members?lang=en")
    Person(app.test_client(), WORKER).post(f"/members/{member(WORKER).id}/name", {"name": "Drita Hoxha"}, 303)
    page = me.get("/members?lang=en")
    assert "Drita Hoxha" in page and WARNS not in page and code(WORKER) not in page  # noqa: PT018


@pytest.mark.parametrize("values", [{"name": "Another"}, {"role": "shelter_manager"}], ids=["name", "role"])
def test_a_founder_prints_no_sheet_from_a_row_that_was_changed(app: Flask, values: dict[str, str]) -> None:
    admin = factories.actor("administrator")
    made = Organisation(
        id=uuid.uuid4(), code="NEW", kind="ngo_shelter", party="", crossing_point="", names={"sq": "E re", "en": "New"}
    )
    with transaction() as session:
        session.add(made)
    founder = factories._member(made, Role.CASE_WORKER, admin)
    shown = words.shown(by=founder)
    assert shown is not None
    assert shown.as_signed
    me = Person(app.test_client(), "new.case_worker")
    assert "Test case_worker" in me.get("/accession-sheet")
    by_hand("new.case_worker", **values)
    assert "Print no sheet" in me.get("/accession-sheet?lang=en", 409)


def digest(names: dict[str, str]) -> bytes:
    return people.names_digest(Organisation(code="VATRA", names=names, names_salt=bytes(16)))


def test_two_sets_of_names_have_two_digests_in_any_order_and_that_of_two_languages_is_the_one_that_was_signed() -> None:
    assert digest({"en": "Hearth", "sq": "Vatra"}) == digest({"sq": "Vatra", "en": "Hearth"})
    assert digest({"sq": "Vatra", "en": "Hearth"}).hex()[:16] == "075ca91693956a73"
    sets: list[dict[str, str]] = [
        {"sq": "Vatra", "en": "Hearth"},
        {"sq": "Hearth", "en": "Vatra"},
        {"mk": "Vatra", "en": "Hearth"},
        {"mk": "Vatra"},
        {"sq": "Vatra", "en": "Hearth", "mk": "Огниште"},
        {"sq": "Vatra"},
        {},
        {"sq": '{"mk":"Vatra"}', "en": ""},
    ]
    assert len({digest(each) for each in sets}) == len(sets)
