"""The agreement's pages: the coordinator's way from a draft to signatures, a party's two signers, contracts."""

from __future__ import annotations

import html
import io
import os
import re
import time
from collections.abc import Callable
from datetime import date, timedelta

import pytest
from flask import Flask
from sqlalchemy import select, update

from nrm import audit
from nrm.actions.agreement import agreement_drafting
from nrm.actions.agreement import agreement_simulation as simulations
from nrm.actions.agreement import agreement_versions as actions
from nrm.db import db
from nrm.models.agreement.agreements import AgreementVersion
from nrm.models.audit import AuditEntry
from nrm.steps import background
from nrm.steps.agreement import known_versions
from nrm.store.agreement.agreement_simulation import SIMULATION
from tests import accommodated, factories
from tests import factories_agreements as texts
from tests.conftest import Person

SignIn = Callable[[str], Person]
GAP = ('refer_to = ["NRC", "IOM", "ngo_shelter"]\n\n# --- 5', 'refer_to = ["IOM"]\n\n# --- 5')


def day(name: str, **shift: int) -> dict[str, object]:
    on = texts.today()
    return {f"{name}-day": on.day, f"{name}-month": on.month, f"{name}-year": on.year}


def test_from_a_file_to_the_signatures_of_a_party(app: Flask, sign_in: SignIn) -> None:
    coordinator = sign_in(texts.COORDINATOR)
    file = (io.BytesIO(texts.draft("2027", None, GAP).encode()), "draft.toml")
    assert coordinator.post("/agreements", {"file": file}) == "/agreement/2027/changes"
    page = coordinator.get("/agreement/2027/changes?lang=en")
    assert "nobody who is named may receive" in page
    assert "<li>May receive: IOM Tirana.</li>" in page.partition("Clause 4.3 changes")[2].partition("<h3>")[0]
    texts.tried(texts.draft("2027", None, GAP))
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
    assert "clause[6].must: duhet të jetë true ose false" in page
    for language, said in (("en", "clause[6].must: must be true or false"), ("sq", "file: nuk është TOML (rreshti 1")):
        text = broken if language == "en" else "version = ?"
        assert said in html.unescape(coordinator.post(f"/agreements?lang={language}", {"text": text}, status=422))
    assert "must = &#34;yes&#34;" in page
    assert "refer_to = [&#34;NRC&#34;, &#34;IOM&#34;, &#34;ngo_shelter&#34;]" in page
    for junk in (b"\xff\xfe\x00", b"", b"[" * 5000, b"version = 1\x00", "version = \u202e".encode()):
        coordinator.post("/agreements", {"file": (io.BytesIO(junk), "draft.toml")}, status=422)
    assert db.session.scalars(select(AgreementVersion)).all() == []


def test_a_text_of_three_hundred_parties_is_refused_at_once_with_the_bound(app: Flask, sign_in: SignIn) -> None:
    many = texts.draft() + "".join(f'\n[[party]]\ncode = "P{each}"\ncompetence = "everyone"\n' for each in range(300))
    began = time.process_time()
    page = sign_in(texts.COORDINATOR).post("/agreements?lang=en", {"text": many}, status=422)
    assert "party: a text of the agreement has at most 60 of these; this one has 311" in page
    assert time.process_time() - began < 2


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
    agreement_drafting.propose(text=texts.draft(), by=factories.actor(texts.COORDINATOR))
    texts.tried(texts.draft())
    vatra = sign_in("vatra.case_worker")
    for path in ("", "/parties", "/changes", "/sign"):
        vatra.get(f"/agreement/2027{path}", status=404)
    coordinator = sign_in(texts.COORDINATOR)
    coordinator.get("/agreement/2027/open", status=409)
    page = coordinator.post("/agreement/2027/approve?lang=en", {}, status=422)
    assert "Enter the number of the letter or decision" in page
    later = {**day("on"), "on-year": texts.today().year + 1, "note": "x"}
    assert "it cannot lie in the future" in coordinator.post("/agreement/2027/approve?lang=en", later, status=422)
    before = texts.today() - timedelta(days=1)
    early = {"on-day": before.day, "on-month": before.month, "on-year": before.year, "note": "Decision 12"}
    page = coordinator.post("/agreement/2027/approve?lang=en", early, status=422)
    assert "it cannot lie before the day on which this text was proposed here" in page
    assert status_of("2027") == "proposed"


def status_of(version: str) -> str:
    db.session.rollback()
    return db.session.scalars(select(AgreementVersion.status).where(AgreementVersion.version == version)).one()


def test_a_proposal_is_tried_on_past_cases_before_it_is_approved(app: Flask, sign_in: SignIn) -> None:
    accommodated.at(date(2026, 7, 10))
    accommodated.many(8, seed=1)
    coordinator = sign_in(texts.COORDINATOR)
    coordinator.post("/agreements", {"text": texts.draft("2027", None, ('closes = "20:00"', 'closes = "21:00"'))})
    assert "Provojeni me rastet e kaluara" in coordinator.get("/")
    page = coordinator.get("/agreement/2027/changes")
    assert "/agreement/2027/try" in page
    assert "/agreement/2027/approve" not in page
    assert "Para miratimit" in page
    approval = {"on-day": 10, "on-month": 7, "on-year": 2026, "note": "Decision 12"}
    for there in (coordinator.get("/"), early := coordinator.get("/agreement/2027/approve")):
        assert "/agreement/2027/changes#trial" in there
        assert "/agreement/2027/changes#weakened" in there
    assert '<form id="sheet"' not in early  # no button that would be refused
    assert "/agreement/2027/approve" not in coordinator.get("/")
    assert "nuk është provuar ende" in coordinator.post("/agreement/2027/approve", approval, status=409)
    assert status_of("2027") == "proposed"

    held = background.lock()  # a quarter is being closed
    background.tell(held, 2, 4)
    coordinator.post("/agreement/2027/try", {"quarters": "4"}, status=409)
    waits = coordinator.get("/agreement/2027/changes?lang=en")
    assert "another version is being tried; this one can be tried after that" in waits
    assert "Part 2" not in waits
    digest = known_versions.digest_of("2027", by=factories.actor(texts.COORDINATOR))
    os.pwrite(held, b"\n" + simulations.name_of_trial("2027", digest).encode(), 5)
    assert "Part 2 of at most 4." in coordinator.get("/agreement/2027/changes?lang=en")
    answer = coordinator.client.get("/agreement/2027/changes")
    assert answer.headers["Refresh"] == "10"
    os.close(held)
    assert "Refresh" not in coordinator.client.get("/agreement/2027/changes").headers

    for junk in ({"quarters": "5"}, {"quarters": "x"}):
        assert "Choose the quarters" in coordinator.post("/agreement/2027/try?lang=en", junk, status=422)
    assert coordinator.post("/agreement/2027/try", {"quarters": "4"}) == "/agreement/2027/changes#trial"
    while background.is_busy():
        pass
    db.session.rollback()
    simulation = db.session.scalars(select(AgreementVersion.simulation)).one()
    assert simulation is not None
    assert (simulation["from"], simulation["to"]) == ("2025-07-01", "2026-06-30")
    values = [each["value"] for table in simulation["tables"] for each in table["rows"]]
    assert values
    assert all(value % 5 == 0 for value in values)
    assert audit.Event.AGREEMENT_SIMULATED in set(db.session.scalars(select(AuditEntry.event)))
    page = coordinator.get("/agreement/2027/changes")
    assert "/agreement/2027/try" not in page
    coordinator.post("/agreement/2027/try", {"quarters": "4"}, status=409)
    texts.accepted("2027")
    coordinator.post("/agreement/2027/approve", approval)
    assert status_of("2027") == "approved"


def test_five_proposals_are_tried_on_the_same_quarters_and_no_more(app: Flask, sign_in: SignIn) -> None:
    by = factories.actor(texts.COORDINATOR)
    _, last = simulations.last_quarters(1)
    found = simulations.Withheld(last, last).to_json()
    for number in range(simulations.MOST_TRIALS):
        text = texts.draft(f"try-{number}")
        agreement_drafting.propose(text=text, by=by)
        simulations.keep(text=text, simulated=found, by=SIMULATION)
        actions.withdraw(version=f"try-{number}", reason="Another text takes its place", by=by)
    agreement_drafting.propose(text=texts.draft(), by=by)
    coordinator = sign_in(texts.COORDINATOR)
    page = coordinator.post("/agreement/2027/try", {"quarters": "4"}, status=409)
    assert "Pesë propozime" in page
    page = coordinator.get("/agreement/2027/changes")
    assert "Pesë propozime" in page
    assert "/agreement/2027/try" not in page
    assert not background.is_busy()


@pytest.mark.slow
def test_nobody_but_the_coordinator_tries_a_proposal(app: Flask, sign_in: SignIn) -> None:
    agreement_drafting.propose(text=texts.draft(), by=factories.actor(texts.COORDINATOR))
    for login in ("vatra.case_worker", "ra.duty_officer", "oms.monitor", "administrator", "molsa.statistician"):
        sign_in(login).post("/agreement/2027/try", status=403)
    assert not background.is_busy()


def test_the_figures_of_a_simulation_are_told_party_by_party_and_night_by_night(app: Flask, sign_in: SignIn) -> None:
    agreement_drafting.propose(text=texts.draft(), by=factories.actor(texts.COORDINATOR))
    simulations.keep(text=texts.draft(), simulated=texts.simulated(), by=SIMULATION)
    page = sign_in(texts.COORDINATOR).get("/agreement/2027/changes?lang=en")
    assert "About 45 people." in page
    assert re.search(r"National Reception Centre</th><td class=\"n\">30</td><td class=\"n\"><strong>20</strong>", page)
    assert re.search(r"Cases with something late</th><td class=\"n\">10</td><td class=\"n\">5</td>", page)
    assert "National Reception Centre → IOM Tirana: 10" in page
    assert "25 → <strong>15</strong>" in page
    assert "there_before" not in page
    assert len(page.encode()) < 40_000


def test_a_changed_text_is_told_on_the_coordinators_home_page(app: Flask, sign_in: SignIn) -> None:
    texts.opened(texts.draft())
    db.session.execute(select(AgreementVersion))
    row = db.session.scalars(select(AgreementVersion)).one()
    row.text = row.text.replace("P1D", "P9D")
    db.session.commit()
    known_versions.refresh()
    coordinator = sign_in(texts.COORDINATOR)
    assert "was changed in the database by another hand" in coordinator.get("/?lang=en")
    assert "was changed in the database by another hand" in coordinator.get("/agreement/2027?lang=en", status=404)


@pytest.mark.parametrize("state", ["signed", "withdrawn", "proposed"])
def test_a_state_that_the_signatures_do_not_say_is_shown_as_changed_at_once(
    app: Flask, sign_in: SignIn, state: str
) -> None:
    texts.opened(texts.draft())
    coordinator = sign_in(texts.COORDINATOR)
    assert "Waits for signatures" in coordinator.get("/?lang=en")
    db.session.execute(update(AgreementVersion).values(status=state))
    db.session.commit()
    home = coordinator.get("/?lang=en")
    assert "Version 2027 was changed in the database by another hand. It is not used." in home
    assert 'href="/agreement/2027"' not in home
    for page in ("", "/parties", "/changes"):
        shown = coordinator.get(f"/agreement/2027{page}?lang=en", status=404)
        assert "Version 2027 was changed in the database by another hand." in shown
    assert known_versions.changed() == ("2027",)


COALITION = """
[[party]]
code = "SOUTH"
kind = "coalition"
names = { sq = "Koalicioni i Jugut", en = "Southern Coalition" }
signed_on = 2005-07-18
regions = ["vlore"]
desk = { opens = "00:00", closes = "00:00", weekends = true }
on_call = "+355 4 000 0199"
members = ["VATRA", "TJETER_VIZION"]
"""


def test_the_page_of_the_parties_has_coalitions_with_their_members_and_numbers_for_the_night(
    app: Flask, sign_in: SignIn
) -> None:
    sent_south = ('"ngo_shelter"]\n\n# --- 5', '"SOUTH/VATRA"]\n\n# --- 5')
    text = texts.draft("2027", None, sent_south) + COALITION
    texts.opened(text)
    page = sign_in(texts.COORDINATOR).get("/agreement/2027/parties?lang=en")
    south = page.partition("<h3>Southern Coalition</h3>")[2]
    assert re.search(r"Vatra, Vlorë, <a href=\"tel:[^\"]+\">\+355 33 000 103</a>: clauses 4.3", south)
    assert re.search(r"Tjetër Vizion, Elbasan, <a [^>]+>\+355 54 000 104</a>: no clause names it", south)
    assert "by its members" in page
    assert "+355 33 000 203" in page  # the desk's own number beside the one for the night
    assert "<td>18 July 2005" not in page  # days of signature in the text count for nothing


def test_a_trial_shows_where_people_come_also_by_two_dimensions_and_what_is_not_told_apart(
    app: Flask, sign_in: SignIn
) -> None:
    coordinator = sign_in(texts.COORDINATOR)
    agreement_drafting.propose(text=texts.draft(), by=factories.actor(texts.COORDINATOR))
    simulated = texts.simulated()
    crossed = {
        "*": {"*": 60, "NRC": 35, "others_together": 20, "there_before": 5},
        "NRC": {"*": 50, "NRC": 35, "others_together": 15, "there_before": 0},
        "IOM": {"*": 10, "NRC": 0, "others_together": 5, "there_before": 5},
    }
    rows = [
        {"happened": old, "simulated": new, "value": value}
        for old, row in crossed.items()
        for new, value in row.items()
    ]
    # As a release of two dimensions is kept: neither dimension has a table of its own.
    simulated["tables"] = [{"name": "happened*simulated", "dimensions": ["happened", "simulated"], "rows": rows}]
    simulations.keep(text=texts.draft(), simulated=simulated, by=SIMULATION)
    page = coordinator.get("/agreement/2027/changes?lang=en")
    assert "too few people to say more" not in page
    lines = {
        re.sub("<[^>]+>", "", name): re.findall(r"<td[^>]*>(?:<strong>)?([^<]+)", cells)
        for name, cells in re.findall(r'<tr><th scope="row">(.*?)</th>(.*?)</tr>', page)
    }
    assert lines["all others together"] == ["–", "20"]
    assert [cells for name, cells in lines.items() if cells == ["10", "–"]] == [["10", "–"]]
    assert ["50", "35"] in lines.values()
    assert "A draft can be written for one person" in page
    assert "→ all others together" not in page
