"""A case that a house makes up to hear of somebody learns nothing, for weeks: neither open, nor closed after weeks, nor
written down half right (ADR 0180)."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import event

from nrm.actions.shelter import matching as actions
from nrm.actions.shelter.direct_intake import Opened
from nrm.db import db
from nrm.domain.accounts.accounts import Actor
from nrm.domain.shelter.matching import Said
from nrm.store.shelter import matching as store
from tests import factories
from tests.conftest import Person
from tests.integration.shelter import test_matching as there
from tests.integration.shelter.test_matching import AGAIN, MIRA, NRC, OTHER, VATRA, later, left, said_yes, the_same
from tests.integration.shelter.test_matching_told import shown

SignIn = Callable[[str], Person]
_now, nrc, vatra = there._now, there.nrc, there.vatra
DUTY = "ra.duty_officer"
HALF = {"given": "Mirela", "family": "Kola"}
"""Too little to be an alarm, and enough to be found."""
NOBODY = {**OTHER, "given": "Drita"}


def made_up(by: Actor, identity: dict[str, Any], bed: int) -> Opened:
    """A case that no other organisation ever saw, with a yes and a bed."""
    opened = there.taken_in(by, identity, known_elsewhere=False, bed=bed)
    actions.ask(case_id=opened.case_id, said=Said.YES, with_guardian=False, by=by)
    return opened


@pytest.mark.slow
@pytest.mark.parametrize(
    ("identity", "closed", "bands"),
    [(MIRA, False, {"strong"}), (MIRA, True, {"strong"}), (HALF, True, {"weak"})],
    ids=["open", "closed after weeks", "half right"],
)
def test_a_decoy_learns_nothing_whether_somebody_of_its_name_comes_or_not(
    nrc: Actor, vatra: Actor, sign_in: SignIn, identity: dict[str, Any], closed: bool, bands: set[str]
) -> None:
    """In content, status and size, and in time: the same statements; for as long as checks run, and after the desk."""
    decoy, nobody = made_up(vatra, identity, bed=0), made_up(vatra, {**NOBODY, "birth": "1970"}, bed=3)
    assert actions.search_due() == 2
    if closed:
        later(days=20)
        for each in (decoy, nobody):
            left(each, factories.actor(VATRA))
    later(days=3)
    statements: list[str] = []

    def note(*each: Any) -> None:
        if "FROM agreement_versions" not in each[2]:  # looked at every few seconds, by whichever request comes then
            statements.append(each[2])

    event.listen(db.engine, "before_cursor_execute", note)

    def reads(insider: Person, address: str) -> tuple[str, int]:
        statements.clear()
        page = insider.get(f"{address}?lang=en").split("<footer")[0]
        for opened in (decoy, nobody):
            page = the_same(page, opened)
        return page, len(statements)

    def says_nothing() -> None:
        db.session.rollback()
        insider = sign_in(VATRA)
        pages = [
            [reads(insider, f"/cases/{opened.case_id}{more}") for more in ("", "/who-was-here")]
            for opened in (decoy, nobody)
        ]
        assert pages[0] == pages[1]
        for address in ("/", "/to-do", "/who-was-here"):
            page = insider.get(f"{address}?lang=en").split("<footer")[0]
            assert page.count(decoy.pseudonym) == page.count(nobody.pseudonym), address
            assert not re.search(r"omebody asks|may be this one|/theirs/", page), address
        assert store.to_answer(by=factories.actor(VATRA)) == []

    says_nothing()
    said_yes(factories.actor(NRC), AGAIN)
    says_nothing()
    assert actions.search_due() == 1
    (line,) = store.desk(by=factories.actor(DUTY))
    assert {pair.band for each in store.rows.with_pairs() for pair in each.pairs} == bands
    assert (line.alarm, line.thin) == (bands != {"weak"}, True)
    says_nothing()
    for days in (1, 8, 12):  # an answer would be late; the check is over
        later(days=days)
        says_nothing()
    for address in (f"/who-was-here/theirs/{line.id}", f"/who-was-here/{line.id}/break"):
        sign_in(VATRA).get(address, 404)
    officer = sign_in(DUTY)
    page = shown(officer, "/").split('id="asked-for"')[1]
    assert "no other organisation ever saw the person" in page
    assert "Do not call" in page
    assert ("By its own records" in page) is not closed
    assert ("only a little alike" in page) is (bands == {"weak"})
    press = f"/duty/who-was-here/{line.id}"
    officer.post(press, {}, 303)
    says_nothing()
    # A mistake of the desk is taken back; who holds the case for a real one lets its house be asked.
    officer = sign_in(DUTY)
    officer.post(press, {"undo": "yes"}, 303)
    officer.post(press, {"ask": "yes"}, 303)
    assert "That shelter is asked now" in shown(officer, "/")
    (asked,) = store.to_answer(by=factories.actor(VATRA))
    assert (asked.case_id, asked.asked_by) == (decoy.case_id, None)
    page = shown(sign_in(VATRA), f"/who-was-here/theirs/{line.id}")
    assert "National Reception" not in page
    assert ("often only the names sound alike" in page) is (bands == {"weak"})


@pytest.mark.slow
def test_an_alarm_that_outlives_its_question_sends_nobody_to_the_decoy(
    nrc: Actor, vatra: Actor, sign_in: SignIn
) -> None:
    made_up(vatra, MIRA, bed=0)
    assert actions.search_due() == 1
    later(days=3)
    resident = said_yes(factories.actor(NRC), AGAIN)
    assert actions.search_due() == 1
    actions.take_back(case_id=resident.case_id, by=factories.actor(NRC))
    (line,) = store.desk(by=factories.actor(DUTY))
    assert (line.stand, line.thin, line.alarm) == (None, True, True)
    page = shown(sign_in(DUTY), "/").split('id="asked-for"')[1].split("</section>")[0]
    assert "and not the other one, which was not told of it" in page
    assert page.count("tel:") == 1  # that of the house that asked
    assert "call both" not in page.lower()
    board = store.board(by=factories.actor(VATRA))
    assert (board.to_answer, board.gone) == ([], [])
