"""The log begins with people who typed each other's words: all of it stands on these keys."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from flask import Flask
from sqlalchemy import select, update

from nrm import crypto
from nrm.actions.accounts import key_log as actions
from nrm.db import db, transaction
from nrm.domain.accounts.accounts import Actor
from nrm.domain.accounts.failed_attempts import TooSoon
from nrm.domain.accounts.words import NoOccasion, WrongWords
from nrm.models.accounts.accounts import Member
from nrm.vault.keylog import log
from tests import factories
from tests.conftest import Command, Person

FOUR = ("ra.duty_officer", "ra.identification_officer", "nrc.case_worker", "nrc.shelter_manager")
WRONG = ["bababa"] * 4


@pytest.fixture
def unbegun(app: Flask) -> Flask:
    """An instance whose people have keys, and no log yet."""
    factories.without_key_log(app)
    return app


def four() -> list[Actor]:
    return [factories.actor(each) for each in FOUR]


def words(said: dict[object, Sequence[str]], of: Actor) -> str:
    return "-".join(said[of.member_id])


@pytest.mark.slow
def test_each_of_the_four_types_the_words_of_the_colleague_and_of_one_of_the_other_organisation(unbegun: Flask) -> None:
    one, two, three, other = four()
    said = factories.sheets(one, two, three, other)
    found = {"other": FOUR[1], "further": FOUR[2:], "by": one}
    with pytest.raises(WrongWords):
        actions.found(**found)  # type: ignore[arg-type]
    with pytest.raises(WrongWords):  # those of the own sheet, and of the others
        actions.found(**found, typed={two.member_id: said[one.member_id]})  # type: ignore[arg-type, dict-item, index]
    mine = {two.member_id: said[two.member_id]}
    for typed in (mine, {**mine, three.member_id: said[other.member_id]}):  # the colleague's alone, or the wrong one's
        with pytest.raises(WrongWords):
            actions.found(**found, typed=typed)  # type: ignore[arg-type]
    assert not log.state(db.session).number
    digest = actions.found(**found, typed=said)  # type: ignore[arg-type]
    address = f"/key-log/{digest.hex()}"
    second = Person(unbegun.test_client(), FOUR[1])
    page = second.get(f"{address}?lang=en")
    assert "Words of Test duty_officer" in page and "Words of Test shelter_manager" in page  # noqa: PT018
    assert "Words of Test case_worker" not in page
    right = {"compared": "y", "first": words(said, one), "second": words(said, other)}
    second.post(f"{address}/agree", {"compared": "y"}, 422)
    wrong = second.post(f"{address}/agree?lang=en", {**right, "first": " ".join(WRONG)}, 422)
    assert "Not the words of Test duty_officer" in wrong and "Not the words of Test shelter" not in wrong  # noqa: PT018
    wrong = second.post(f"{address}/agree?lang=en", {**right, "second": words(said, three)}, 422)
    assert "Not the words of Test shelter_manager" in wrong and "Not the words of Test duty" not in wrong  # noqa: PT018
    second.post(f"{address}/agree", {**right, "first": words(said, two)}, 422)  # their own
    second.post(f"{address}/agree", right, 303)
    # The two of the other organisation in the same way: nobody signs for whom one of the two was not typed.
    for left_out in (other, one):
        typed = {key: value for key, value in said.items() if key != left_out.member_id}
        with pytest.raises(WrongWords):
            actions.agree(proposal=digest, typed=typed, by=three)  # type: ignore[arg-type]
    assert not actions.agree(proposal=digest, typed=said, by=three)  # type: ignore[arg-type]
    assert actions.agree(proposal=digest, typed=said, by=other)  # type: ignore[arg-type]
    assert log.state(db.session).begun


def test_other_keys_in_the_row_of_a_founder_have_other_words(unbegun: Flask) -> None:
    """Who writes rows puts keys of their own there before the log begins."""
    one, two, *_ = four()
    said = factories.sheets(one, two)
    with transaction() as session:
        session.execute(update(Member).where(Member.login == FOUR[1]).values(kem_public=crypto.key_pair()[1]))
    with pytest.raises((WrongWords, NoOccasion)):
        actions.found(other=FOUR[1], further=(), typed=said, by=one)  # type: ignore[arg-type]
    assert not log.state(db.session).number


def test_ten_wrong_entries_within_an_hour_are_enough(unbegun: Flask) -> None:
    one, two, *_ = four()
    said = factories.sheets(one, two)
    typed = {two.member_id: WRONG}
    for _ in range(10):
        with pytest.raises(WrongWords):
            actions.found(other=FOUR[1], further=(), typed=typed, by=one)  # type: ignore[arg-type]
    with pytest.raises(TooSoon):
        actions.found(other=FOUR[1], further=(), typed=said, by=one)  # type: ignore[arg-type]


def test_who_may_begin_the_log_finds_the_own_sheet_and_nobody_else(unbegun: Flask) -> None:
    me = Person(unbegun.test_client(), FOUR[0])
    assert "/accession-sheet" in me.get("/key-log")
    assert "Test duty_officer" in me.get("/accession-sheet")
    office = Person(unbegun.test_client(), "molsa.reader")
    assert "/accession-sheet" not in office.get("/key-log")
    office.get("/accession-sheet", 404)


def test_once_the_log_has_begun_nobody_has_a_sheet_for_it(app: Flask) -> None:
    me = Person(app.test_client(), FOUR[0])
    assert "/accession-sheet" not in me.get("/key-log")
    me.get("/accession-sheet", 404)
    assert db.session.scalar(select(Member.id).where(Member.login == FOUR[0])) is not None


def test_the_command_asks_for_the_words_in_one_line(unbegun: Flask, command: Command) -> None:
    one, two, *_ = four()
    said = factories.sheets(one, two)
    db.session.rollback()
    given = ["keylog", "found", "--with", FOUR[1], "--as", FOUR[0]]
    for words_ in ([], ["--words", "no such words"]):
        code, _, error = command(unbegun, *given, *words_)
        assert (code, error.count("\n")) == (2, 1)
        assert "--words: give the four words" in error
    code, out, _ = command(unbegun, *given, "--words", words(said, two))  # type: ignore[arg-type]
    assert code == 0
    digest = out.decode().strip()
    again = ["keylog", "agree", digest, "--as", FOUR[1]]
    assert command(unbegun, *again)[0] == 2
    assert command(unbegun, *again, "--words", FOUR[0], words(said, one))[1] == b"holds now\n"  # type: ignore[arg-type]


@pytest.mark.slow
def test_the_command_takes_the_words_of_the_other_organisation_too(unbegun: Flask, command: Command) -> None:
    one, two, three, other = four()
    said = factories.sheets(one, two, three, other)
    db.session.rollback()
    given = ["keylog", "found", "--with", FOUR[1], "--begin-with", *FOUR[2:], "--as", FOUR[0]]
    colleagues = ["--words", words(said, two)]  # type: ignore[arg-type]
    code, _, error = command(unbegun, *given, *colleagues)
    assert (code, error.count("\n")) == (2, 1)
    assert "once more those of the first of --begin-with" in error
    code, out, _ = command(unbegun, *given, *colleagues, "--words", words(said, three))  # type: ignore[arg-type]
    assert code == 0
    again = ["keylog", "agree", out.decode().strip(), "--as", FOUR[2], "--words", FOUR[3], words(said, other)]  # type: ignore[arg-type]
    assert command(unbegun, *again)[0] == 2
    assert command(unbegun, *again, "--words", FOUR[0], words(said, one))[1] == b"agreed; others have to agree too\n"  # type: ignore[arg-type]
