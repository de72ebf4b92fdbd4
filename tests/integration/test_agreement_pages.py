"""The agreement's pages: the coordinator's way from a draft to signatures, a party's two signers, contracts."""

from __future__ import annotations

import io
import re
from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import select

from nrm.actions import agreement_versions as actions
from nrm.db import db
from nrm.models.agreements import AgreementVersion, Contract
from tests import factories
from tests import factories_agreements as texts
from tests.conftest import Person

SignIn = Callable[[str], Person]
GAP = ('refer_to = ["NRC", "IOM", "ngo_shelter"]', 'refer_to = ["IOM"]')


def day(name: str, **shift: int) -> dict[str, object]:
    on = texts.today()
    return {f"{name}-day": on.day, f"{name}-month": on.month, f"{name}-year": on.year}


def test_from_a_file_to_the_signatures_of_a_party(app: Flask, sign_in: SignIn) -> None:
    coordinator = sign_in(texts.COORDINATOR)
    file = (io.BytesIO(texts.draft("2027", None, GAP).encode()), "draft.toml")
    assert coordinator.post("/agreements", {"file": file}) == "/agreement/2027/changes"
    page = coordinator.get("/agreement/2027/changes?lang=en")
    assert "nobody who is named may receive" in page
    assert "Clause 4.3 changes: who receives" in page
    coordinator.post("/agreement/2027/approve", {**day("on"), "note": "Decision 12"})
    coordinator.post("/agreement/2027/open")
    assert "Waits for signatures" in coordinator.get("/")
    for login in ("vatra.case_worker", "vatra.shelter_manager"):
        person = sign_in(login)
        assert "/agreement/2027" in person.get("/")
        sign = person.get("/agreement/2027/sign?lang=en")
        read = re.search(r'name="read" value="([0-9a-f]{64})"', sign)
        assert read
        assert "Tick the box to sign" in person.post("/agreement/2027/sign", {"read": read[1]}, status=422)
        person.post("/agreement/2027/sign", {"read": read[1], "agreed": "y"})
        assert "/agreement/2027" not in person.get("/")
        person.post("/agreement/2027/sign", {"read": read[1], "agreed": "y"}, status=409)
    given = coordinator.get("/agreement/2027/parties")
    assert given.count("Test case_worker") == 1


def test_a_broken_draft_comes_back_with_key_and_value_and_nothing_is_lost(app: Flask, sign_in: SignIn) -> None:
    coordinator = sign_in(texts.COORDINATOR)
    broken = texts.draft("2027", None, ("must = true", 'must = "yes"'))
    file = (io.BytesIO(broken.encode()), "draft.toml")
    page = coordinator.post("/agreements", {"file": file}, status=422)
    assert "clause[6].must: must be true or false" in page
    assert "must = &#34;yes&#34;" in page
    assert "refer_to = [&#34;NRC&#34;, &#34;IOM&#34;, &#34;ngo_shelter&#34;]" in page
    for junk in (b"\xff\xfe\x00", b"", b"[" * 5000, b"version = 1\x00", "version = \u202e".encode()):
        coordinator.post("/agreements", {"file": (io.BytesIO(junk), "draft.toml")}, status=422)
    assert db.session.scalars(select(AgreementVersion)).all() == []


def test_what_a_signer_sees_says_what_it_changes_for_them(app: Flask, sign_in: SignIn) -> None:
    texts.opened(texts.draft("2027", None, ('refer_to = ["NRC"]\nmust = true', 'refer_to = ["IOM"]\nmust = true')))
    vatra = sign_in("vatra.case_worker").get("/agreement/2027/changes?lang=en")
    assert "Nobody is sent to us, or away from us, who was not before." in vatra
    nrc = sign_in("nrc.case_worker").get("/agreement/2027/changes?lang=en")
    assert "Nobody is sent to us" not in nrc
    assert "IOM Tirana (must)" in nrc


@pytest.mark.parametrize("login", ["molsa.statistician", "oms.monitor", "administrator", "molsa.reader"])
def test_who_is_no_party_reads_and_signs_nothing(app: Flask, sign_in: SignIn, login: str) -> None:
    texts.opened(texts.draft())
    person = sign_in(login)
    for path in ("", "/parties", "/changes", "/sign"):
        person.get(f"/agreement/2027{path}", status=403)
    person.post("/agreement/2027/sign", {"read": "0" * 64, "agreed": "y"}, status=403)
    assert "agreement/2027" not in person.get("/")


def test_the_coordinator_opens_no_case_and_signs_nothing(app: Flask, sign_in: SignIn) -> None:
    texts.opened(texts.draft())
    coordinator = sign_in(texts.COORDINATOR)
    coordinator.get("/cases", status=403)
    coordinator.get("/agreement/2027/sign", status=403)
    coordinator.post("/agreement/2027/approve", {**day("on"), "note": "Decision 12"}, status=409)
    coordinator.get("/agreement/2028", status=404)


def test_a_proposal_is_not_found_by_a_party_and_an_empty_approval_is_told_what_to_do(
    app: Flask, sign_in: SignIn
) -> None:
    actions.propose(text=texts.draft(), by=factories.actor(texts.COORDINATOR))
    vatra = sign_in("vatra.case_worker")
    for path in ("", "/parties", "/changes", "/sign"):
        vatra.get(f"/agreement/2027{path}", status=404)
    coordinator = sign_in(texts.COORDINATOR)
    coordinator.get("/agreement/2027/open", status=409)
    page = coordinator.post("/agreement/2027/approve?lang=en", {}, status=422)
    assert "Enter the number of the letter or decision" in page
    later = {**day("on"), "on-year": texts.today().year + 1, "note": "x"}
    assert "it cannot lie in the future" in coordinator.post("/agreement/2027/approve?lang=en", later, status=422)


def test_a_changed_text_is_told_on_the_coordinators_home_page(app: Flask, sign_in: SignIn) -> None:
    texts.opened(texts.draft())
    db.session.execute(select(AgreementVersion))
    row = db.session.scalars(select(AgreementVersion)).one()
    row.text = row.text.replace("P1D", "P9D")
    db.session.commit()
    actions.refresh()
    coordinator = sign_in(texts.COORDINATOR)
    assert "was changed in the database by another hand" in coordinator.get("/?lang=en")
    coordinator.get("/agreement/2027", status=404)


CONTRACT = {"centre": "VATRA", "number": "12/2026", "subject": "Accommodation", "amount": "1 200 000"}


def contract_form(**changes: object) -> dict[str, object]:
    year = texts.today().year
    days = {"starts": (1, 1, year), "ends": (31, 12, year), "ended": ("", "", "")}
    parts = {
        f"{name}-{part}": value
        for name, three in days.items()
        for part, value in zip(("day", "month", "year"), three, strict=True)
    }
    return {"id": "7c9e6679-7425-40de-944b-e07fc1f90ae7", **CONTRACT, **parts, **changes}


def test_a_contract_is_recorded_once_corrected_and_ended(app: Flask, sign_in: SignIn) -> None:
    coordinator = sign_in(texts.COORDINATOR)
    for _ in range(2):
        coordinator.post("/contracts", contract_form())
    (row,) = db.session.scalars(select(Contract))
    assert (row.number, row.amount) == ("12/2026", 1_200_000)
    assert "12/2026" in coordinator.get("/contracts")
    page = coordinator.post("/contracts?lang=en", contract_form(id=str(row.organisation_id)), status=422)
    assert "this centre has a contract with this one already" in page
    ended = contract_form(over="y", **{"ended-day": 1, "ended-month": 1, "ended-year": texts.today().year})
    coordinator.post(f"/contracts/{row.id}", ended)
    db.session.rollback()
    assert db.session.get_one(Contract, row.id, populate_existing=True).ended_on is not None


BAD = {
    "amount": ({"amount": "-5"}, "whole lek"),
    "no amount": ({"amount": "0"}, "whole lek"),
    "huge": ({"amount": "9" * 19}, "whole lek"),
    "backwards": ({"ends-year": 1999}, "not before the first day"),
    "no day": ({"starts-day": "31", "starts-month": "2"}, "a day that exists"),
    "no centre": ({"centre": "RA"}, "Choose the centre"),
    "no number": ({"number": ""}, "Enter the number of the contract"),
    "no subject": ({"subject": ""}, "Enter what is paid for"),
}


@pytest.mark.parametrize("what", BAD)
def test_a_bad_contract_is_told_what_to_do_and_keeps_what_was_typed(app: Flask, sign_in: SignIn, what: str) -> None:
    changes, message = BAD[what]
    page = sign_in(texts.COORDINATOR).post("/contracts?lang=en", contract_form(**changes), status=422)
    assert message in page
    assert "12/2026" in page or what == "no number"
    assert db.session.scalars(select(Contract)).all() == []


@pytest.mark.parametrize("login", ["vatra.case_worker", "molsa.statistician", "administrator", "oms.monitor"])
def test_nobody_else_sees_the_contracts(app: Flask, sign_in: SignIn, login: str) -> None:
    person = sign_in(login)
    person.get("/contracts", status=403)
    person.post("/contracts", contract_form(), status=403)
