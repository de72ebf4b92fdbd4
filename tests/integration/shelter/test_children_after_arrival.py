"""After an arrival the case of a child is one press away and says what follows; who has no key worker is seen."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask

from nrm.actions.shelter import key_workers
from nrm.domain.accounts.accounts import Actor
from nrm.domain.shelter.key_workers import Place
from tests import factories
from tests.conftest import Person
from tests.factories_stays import admitted
from tests.integration.shelter.test_dependants import WHO, child_of

SignIn = Callable[[str], Person]
NOBODY = "%s has no key worker."


@pytest.fixture
def vatra(app: Flask) -> Actor:
    return factories.actor("vatra.case_worker")


def test_the_page_of_a_new_stay_opens_the_case_of_a_child_and_gives_a_key_worker(sign_in: SignIn, vatra: Actor) -> None:
    mother = admitted(vatra)
    worker = sign_in("vatra.case_worker")
    stay = f"/stays/{mother.stay_id}?lang=en"
    shown = worker.get(stay)
    child, keyed = f'href="/cases/{mother.case_id}/child"', f'href="/cases/{mother.case_id}/key-worker"'
    assert f'<a class="btn second" {child}>' in shown
    assert f'<a class="btn second" {keyed}>' in shown
    assert vatra.member_id is not None
    key_workers.appoint(case_id=mother.case_id, place=Place.KEY, member_id=vatra.member_id, by=vatra)
    assert keyed not in worker.get(stay)
    # Of a child who came along itself no child is asked for.
    dependant = child_of(mother, vatra)
    assert "/child" not in worker.get(f"/stays/{dependant.stay_id}?lang=en")


def test_who_has_no_key_worker_is_on_the_pages_of_the_day_of_every_worker(sign_in: SignIn, vatra: Actor) -> None:
    worker, other = sign_in("vatra.case_worker"), sign_in("tjeter_vizion.case_worker")
    pages = ("/?lang=en", "/to-do?lang=en", "/day?lang=en")
    for page in pages:
        assert "no key worker" not in worker.get(page), page
    mother = admitted(vatra)
    for page in pages:
        shown = worker.get(page)
        assert NOBODY % "1 person" in shown, page
        assert 'href="/key-workers"' in shown, page
        assert "no key worker" not in other.get(page), page
    assert mother.pseudonym in worker.get("/key-workers?lang=en")
    assert vatra.member_id is not None
    key_workers.appoint(case_id=mother.case_id, place=Place.KEY, member_id=vatra.member_id, by=vatra)
    for page in pages:
        assert "no key worker" not in worker.get(page), page


def test_what_follows_from_the_case_of_a_child_is_said_before_it_is_opened(sign_in: SignIn, vatra: Actor) -> None:
    mother = admitted(vatra)
    worker = sign_in("vatra.case_worker")
    path = f"/cases/{mother.case_id}/child?lang=en"
    for shown in (worker.get(path), worker.post(path, WHO, 200)):
        assert "The child protection service is told at once" in shown
        assert "also together with its mother or father" in shown
    strange = worker.get("/cases/new?lang=en")
    assert "also together with its mother or father" not in strange
