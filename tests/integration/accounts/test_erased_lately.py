"""Which house erased a case is read by the duty desk for a while, without a word about the person (ADR 0239)."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask

from nrm.actions.accounts import second_hands
from nrm.actions.shelter import erasures
from nrm.domain.accounts.accounts import Actor, NotPermitted
from nrm.store.accounts import erased_lately
from tests import factories
from tests.conftest import Person
from tests.integration.accounts.test_second_hands import MANAGER, WORKER, _leave, code, opened
from tests.second_hands import agreed, asked, withdrawn

SignIn = Callable[[str], Person]
DUTY = "ra.duty_officer"
PAGE = "/second-hands/erased?lang=en"
SAYS = "was erased in the last 14 days"


@pytest.mark.slow
def test_two_of_one_house_erase_a_case_and_the_duty_desk_reads_that_they_did(app: Flask, sign_in: SignIn) -> None:
    """Nobody outside of the house read anything of it."""
    assert app
    [case_id] = opened(1)
    pseudonym = code(case_id)
    _leave(case_id)
    duty = sign_in(DUTY)
    assert SAYS not in duty.get("/?lang=en")
    act_id = asked(lambda: erasures.erase(case_id=case_id, by=factories.actor(WORKER)))
    assert SAYS not in duty.get("/?lang=en")  # nothing is destroyed yet
    assert "Nothing was erased" in duty.get(PAGE)
    agreed(act_id, factories.actor(MANAGER))
    home, page = duty.get("/?lang=en"), duty.get(PAGE)
    assert f"1 case {SAYS}" in home
    assert PAGE.split("?", maxsplit=1)[0] in home
    for said in ("VATRA", WORKER, MANAGER, "I spoke with the person"):
        assert said.lower() in page.lower()
    for told in (pseudonym, str(case_id), str(act_id)):
        assert told not in page
    factories.later(days=14, minutes=1)
    duty = sign_in(DUTY)
    assert SAYS not in duty.get("/?lang=en")
    assert "Nothing was erased" in duty.get(PAGE)


@pytest.mark.slow
def test_by_time_and_by_taking_everything_back_it_is_read_alike_and_declined_it_is_not(
    app: Flask, sign_in: SignIn
) -> None:
    assert app
    first, second, third = opened(3)
    worker, manager = factories.actor(WORKER), factories.actor(MANAGER)
    withdrawn(first, worker)
    _leave(second)
    act_id = asked(lambda: erasures.erase(case_id=second, by=worker))
    second_hands.see(act_id=act_id, by=manager)
    _leave(third)
    not_done = asked(lambda: erasures.erase(case_id=third, by=manager))  # one too many: it waits
    second_hands.decline(act_id=not_done, by=manager)
    assert len(erased_lately.lately(by=factories.actor(DUTY))) == 1
    factories.later(hours=72, minutes=1)
    assert second_hands.expire(by=Actor.system("retention")) == 1
    by_time, by_hand = erased_lately.lately(by=factories.actor(DUTY))
    assert (by_time.kind, by_time.agreed_by, by_time.heard) == ("erase", "", None)
    assert MANAGER in by_time.seen_by
    assert by_hand.kind == "withdraw"
    assert "72 hours after" in sign_in(DUTY).get(PAGE)


@pytest.mark.parametrize("login", [WORKER, MANAGER, "child_protection.case_worker", "molsa.statistician"])
def test_nobody_but_the_duty_desk_reads_it(app: Flask, sign_in: SignIn, login: str) -> None:
    assert app
    person = sign_in(login)
    person.get(PAGE, status=403)
    assert "/second-hands/erased" not in person.get("/")
    with pytest.raises(NotPermitted):
        erased_lately.lately(by=factories.actor(login))
