"""Writing a text without its file: it begins as the one in force, and forms change it until it is tried."""

from __future__ import annotations

import html
import os
import re
from collections.abc import Callable
from datetime import date, timedelta

import pytest
from flask import Flask
from sqlalchemy import select, update

from nrm.actions.agreement import agreement_drafting
from nrm.actions.agreement import agreement_simulation as simulations
from nrm.actions.agreement import agreement_versions as actions
from nrm.db import db, transaction
from nrm.domain.accounts.accounts import NotPermitted, NotVisible
from nrm.domain.agreement.agreement_versions import IllegalVersionStep
from nrm.models.accounts.accounts import Organisation
from nrm.models.agreement.agreements import AcceptedWeakening, AgreementVersion
from nrm.steps import background
from nrm.steps.agreement import known_versions, version_studies
from nrm.store.agreement.agreement_simulation import SIMULATION
from tests import factories
from tests import factories_agreements as texts
from tests.conftest import Person

SignIn = Callable[[str], Person]
VATRA = {
    "opens": "08:00",
    "closes": "20:00",
    "weekends": "y",
    "telephone": "+355 33 000 203",
    "on_call": "+355 33 000 999",
    "regions": "vlore",
    "receives": "",
    "languages": "sq",
}
NEW = {
    **VATRA,
    "code": "SHPRESA",
    "name_sq": "Shpresa, Shkodër",
    "name_en": "Shpresa, Shkodër",
    "kind": "ngo_shelter",
    "regions": "shkoder",
    "receives": "VATRA",
    "joins_on-day": 1,
    "joins_on-month": 2,
    "joins_on-year": 2030,
}
BEGUN = {"version": "2030", "starts_on-day": 1, "starts_on-month": 1, "starts_on-year": 2030}


def kept() -> AgreementVersion:
    db.session.rollback()
    return db.session.scalars(select(AgreementVersion)).one()


@pytest.mark.slow
def test_from_the_text_in_force_to_a_draft_with_a_new_party_and_a_new_telephone(app: Flask, sign_in: SignIn) -> None:
    coordinator = sign_in(texts.COORDINATOR)
    assert "/agreements/begin" in coordinator.get("/")
    assert coordinator.post("/agreements/begin", BEGUN) == "/agreement/2030/edit"
    fresh = coordinator.get("/agreement/2030/edit?lang=en").partition('id="different"')[2]
    assert [heading.partition("</h3>")[0] for heading in fresh.split("<h3>")[1:]] == ["The version changes"]
    path = "/agreement/2030/edit"
    form = coordinator.get(f"{path}/party/VATRA?lang=en")
    assert 'value="+355 33 000 103"' in form
    assert coordinator.post(f"{path}/party/VATRA", VATRA) == path
    assert "before Vatra, Vlorë" in html.unescape(coordinator.get(f"{path}/join?lang=en"))
    assert coordinator.post(f"{path}/join", {**NEW, "asked_before": "VATRA"}) == path
    assert coordinator.post(f"{path}/time/answer", {"minutes": "30"}) == path
    assert coordinator.post(f"{path}/clause/1.3", {"sq": "Përgjigjet.", "en": "It answers."}) == path
    page = coordinator.get(f"{path}?lang=en")
    assert "Shpresa, Shkodër" in page
    assert "Clause 1.3 changes" in page
    agreement = known_versions.document("2030", by=factories.actor(texts.COORDINATOR))
    assert agreement.parties["VATRA"].on_call == "+355 33 000 999"
    assert agreement.parties["SHPRESA"].joined_on == date(2030, 2, 1)
    assert agreement.parties["SHPRESA"].asked < agreement.parties["VATRA"].asked
    assert next(each for each in agreement.path if each.step == "answer").within.total_seconds() == 1800
    # The file's own comments and order stay.
    comments = [line for line in texts.SHIPPED.splitlines() if line.startswith("#")]
    assert [line for line in kept().text.splitlines() if line.startswith("#")] == comments
    assert "/agreement/2030/edit" in coordinator.get("/")


@pytest.mark.slow
def test_wrong_input_comes_back_with_the_field_and_changes_nothing(app: Flask, sign_in: SignIn) -> None:
    coordinator = sign_in(texts.COORDINATOR)
    for wrong in ({}, {**BEGUN, "version": "a b"}, {**BEGUN, "version": "2005"}, {**BEGUN, "starts_on-day": 32}):
        coordinator.post("/agreements/begin", wrong, status=422)
    coordinator.post("/agreements/begin", BEGUN)
    before, path = kept().text, "/agreement/2030/edit"
    for name, value in (
        ("opens", "8"),
        ("closes", "25:00"),
        ("on_call", ""),
        ("on_call", "call us"),
        ("regions", "atlantis"),
        ("receives", "NOBODY_THERE"),
        ("languages", ""),
        ("languages", "xx"),
    ):
        page = coordinator.post(f"{path}/party/VATRA?lang=en", {**VATRA, name: value}, status=422)
        assert "There is a problem" in page
    for name, value in (
        ("code", "shpresa"),
        ("name_sq", ""),
        ("kind", "ministry"),
        ("joins_on-year", "20"),
        ("receives", ""),
        ("languages", "xx"),
        ("asked_before", "NONE"),
        ("asked_before", "RA"),  # of another kind
    ):
        coordinator.post(f"{path}/join", {**NEW, name: value}, status=422)
    # A form that is right, and a text that is not: the party is there already.
    assert "VATRA" in coordinator.post(f"{path}/join?lang=en", {**NEW, "code": "VATRA"}, status=422)
    # A last day before the party signed.
    leaves = {**VATRA, "leaves": "y", "until-day": 1, "until-month": 1, "until-year": 2001}
    page = html.unescape(coordinator.post(f"{path}/party/VATRA?lang=sq", leaves, status=422))
    assert "Ndreqni projektin: është para se të hynte pala" in page  # at its field, without the words of the file
    assert page.count("Ndreqni projektin") == 2
    assert "party[" not in page
    near = {**NEW, "name_en": "Vatra, Vlorë"}
    page = html.unescape(coordinator.post(f"{path}/join?lang=sq", near, status=422))
    assert 'href="#name_en"' in page
    assert "është edhe emri i `VATRA`, ose duket si ai" in page
    for minutes in ("", "0", "-1", "x", "20161"):
        coordinator.post(f"{path}/time/answer", {"minutes": minutes}, status=422)
    coordinator.post(f"{path}/clause/1.3", {"sq": "", "en": "x"}, status=422)
    for nothing in ("party/NONE", "time/none", "clause/99"):
        coordinator.get(f"{path}/{nothing}", status=404)
    assert kept().text == before


def test_a_text_that_was_tried_and_one_that_another_wrote_stay_as_they_are(app: Flask, sign_in: SignIn) -> None:
    coordinator, by = sign_in(texts.COORDINATOR), factories.actor(texts.COORDINATOR)
    coordinator.post("/agreements/begin", BEGUN)

    def meanwhile(text: str) -> str:
        agreement_drafting.revise(
            version="2030", change=lambda each: each.replace("2030-01-01", "2030-01-02", 1), by=by
        )
        return text.replace("2030-01-01", "2030-01-03", 1)

    with pytest.raises(IllegalVersionStep):
        agreement_drafting.revise(version="2030", change=meanwhile, by=by)
    assert "from = 2030-01-02" in kept().text
    simulations.keep(text=kept().text, simulated=simulations.Withheld(*[date(2026, 1, 1)] * 2).to_json(), by=SIMULATION)
    db.session.rollback()
    coordinator.get("/agreement/2030/edit", status=409)
    coordinator.post("/agreement/2030/edit/party/VATRA", VATRA, status=409)
    assert "/agreement/2030/edit" not in coordinator.get("/")
    assert "from = 2030-01-02" in kept().text


@pytest.mark.slow  # a draft is changed, accepted and changed again
def test_what_was_accepted_stays_where_a_change_does_not_touch_it_and_what_falls_is_named(
    app: Flask, sign_in: SignIn
) -> None:
    coordinator, by = sign_in(texts.COORDINATOR), factories.actor(texts.COORDINATOR)
    coordinator.post("/agreements/begin", BEGUN)
    path = "/agreement/2030/edit"

    def accepted() -> list[version_studies.AcceptedLine]:
        db.session.rollback()
        return version_studies.accepted_of("2030", by=by)

    whole = {**VATRA, "languages": ["sq", "en", "it", "el"]}
    coordinator.post(f"{path}/party/VATRA", whole)
    texts.accepted("2030")
    before = {each.number: each for each in accepted()}
    assert set(before) == {"17", "28"}
    assert coordinator.post(f"{path}/time/arrival", {"minutes": "720"}) == path
    after = {each.number: each for each in accepted()}
    assert after == before
    assert all(each.sound for each in after.values())
    assert "Say why once more" not in coordinator.get(f"{path}?lang=en&fallen=17,28,99")
    assert "Correct the reason" in coordinator.get(f"{path}?lang=en")
    where = coordinator.post(f"{path}/party/VATRA", {**whole, "on_call": "+355 33 000 998"})
    assert where == f"{path}?fallen=28"
    assert "Say why once more: Safeguard 28</p>" in coordinator.get(f"{where}&lang=en")
    assert [each.number for each in accepted()] == ["17"]
    with transaction() as session:  # what another hand changed is not carried on as if it were right
        session.execute(update(AcceptedWeakening).values(reason="Nothing"))
    coordinator.post(f"{path}/time/arrival", {"minutes": "700"})
    assert accepted() == []


@pytest.mark.slow  # a draft is changed five times
def test_a_party_that_was_added_by_mistake_is_put_right_or_taken_out(app: Flask, sign_in: SignIn) -> None:
    coordinator, by = sign_in(texts.COORDINATOR), factories.actor(texts.COORDINATOR)
    coordinator.post("/agreements/begin", BEGUN)
    path, fresh = "/agreement/2030/edit", kept().text
    early = coordinator.post(f"{path}/join?lang=en", {**NEW, "joins_on-year": 2029}, status=422)
    assert "Enter the first day of the text, or a later one" in early
    coordinator.post(f"{path}/join", NEW)
    page = coordinator.get(path)
    assert f"{path}/party/SHPRESA/joining" in page
    assert f"{path}/party/VATRA/joining" not in page
    for of in ("joining", "remove"):
        coordinator.get(f"{path}/party/VATRA/{of}", status=404)
        coordinator.post(f"{path}/party/VATRA/{of}", {"sure": "y"}, status=404)
        sign_in("vatra.shelter_manager").get(f"{path}/party/SHPRESA/{of}", status=403)
    right = {"code": "AGIMI", "name_sq": "Agimi, Shkodër", "name_en": "Dawn, Shkodër"}
    right |= {"joins_on-day": 3, "joins_on-month": 3, "joins_on-year": 2030}
    for wrong in (
        {"code": "VATRA"},
        {"code": "a b"},
        {"name_en": ""},
        {"joins_on-year": 2029},
        {"name_en": "VATRA, Vlorë"},
    ):
        coordinator.post(f"{path}/party/SHPRESA/joining", {**right, **wrong}, status=422)
    assert 'value="SHPRESA"' in coordinator.get(f"{path}/party/SHPRESA/joining")
    assert coordinator.post(f"{path}/party/SHPRESA/joining", right).partition("?")[0] == path
    kept()
    party = known_versions.document("2030", by=by).parties["AGIMI"]
    assert (party.names["en"], party.joined_on) == ("Dawn, Shkodër", date(2030, 3, 3))
    coordinator.post(f"{path}/party/AGIMI/remove", {}, status=422)
    coordinator.post(f"{path}/party/AGIMI/remove", {"sure": "y"})
    assert kept().text == fresh


@pytest.mark.slow  # a draft is begun and changed by two, who then accept and approve
def test_who_changes_accepts_or_approves_a_draft_does_so_to_the_text_that_was_shown(
    app: Flask, sign_in: SignIn
) -> None:
    coordinator, by = sign_in(texts.COORDINATOR), factories.actor(texts.COORDINATOR)
    coordinator.post("/agreements/begin", BEGUN)
    path = "/agreement/2030/edit/party/VATRA"

    def shown(at: str) -> str:
        found = re.search('name="read" value="([0-9a-f]{64})"', coordinator.get(at))
        assert found is not None
        return found[1]

    def another(number: str) -> None:
        agreement_drafting.revise(version="2030", change=lambda text: text.replace("+355 4 000 0109", number, 1), by=by)

    mine = {**VATRA, "languages": ["sq", "en", "it", "el"], "read": shown(path)}
    another("+355 4 0000109")
    before = kept().text
    page = coordinator.post(f"{path}?lang=en", mine, status=422)
    assert "This draft was changed meanwhile" in page
    assert "languages-error" not in page
    assert "opens-error" not in page
    coordinator.post(path, mine, status=422)  # the form that was read before is still of the text from before
    assert kept().text == before
    # What was typed stands beside what the draft says now, and is saved by whoever has read that.
    assert re.search(r"<dd[^>]*>Now: [^<]+<br>Typed: .355 33 000 999", page)
    read_now = re.search('name="read" value="([0-9a-f]{64})"', page)
    assert read_now is not None
    assert coordinator.post(path, {**mine, "read": read_now[1]}) == "/agreement/2030/edit"
    accept = "/agreement/2030/weakened/28"
    accepts = {"reason": "The number of the house has moved", "read": shown(accept)}
    texts.accepted("2030")
    approval = {"note": "Letter 12", "read": shown("/agreement/2030/approve")}
    approval |= {f"on-{part}": getattr(texts.today(), part) for part in ("day", "month", "year")}
    change = kept().text.replace("+355 33 000 999", "+355 69 111 1111", 1)
    agreement_drafting.revise(version="2030", change=lambda _: change, by=by)
    coordinator.post(accept, accepts, status=409)
    texts.accepted("2030")
    refused = coordinator.post("/agreement/2030/approve?lang=en", approval, status=409)
    assert "somebody changed it" in refused
    assert kept().status == "proposed"
    coordinator.post("/agreement/2030/approve", {**approval, "read": shown("/agreement/2030/approve")})
    assert kept().status == "approved"


@pytest.mark.slow  # a draft is begun, tried and changed
def test_a_trial_is_of_the_text_that_it_tried_and_of_no_other(
    app: Flask, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    coordinator = sign_in(texts.COORDINATOR)
    coordinator.post("/agreements/begin", BEGUN)
    row, tried = kept(), kept().text
    digest = known_versions.digest_of("2030", by=factories.actor(texts.COORDINATOR))
    held = background.lock()
    os.pwrite(held, f" 1/ 4\n{simulations.name_of_trial('2030', digest)}".encode(), 0)
    path = "/agreement/2030/edit"
    assert "A change ends that trial" in coordinator.get(f"{path}?lang=en")
    ended = coordinator.post(f"{path}/party/VATRA", {**VATRA, "closes": "21:00"})
    assert ended == f"{path}?ended=yes"
    page = coordinator.get(f"{ended}&lang=en")
    assert "The trial of the text before your change was ended" in page
    assert "A change ends that trial" not in page
    changes = coordinator.get("/agreement/2030/changes?lang=en")
    assert "The trial of this version as it was before a change is still at work" in changes
    assert "another version is being tried" not in changes
    assert "What this version weakens" not in changes or "<h3>" in changes
    os.close(held)
    as_before = coordinator.get("/agreement/2030/changes?lang=en")
    assert ("can be approved without a trial" in as_before) != ("can approve a version once it was tried" in as_before)
    # The thread ends without having counted anybody, or kept anything.
    monkeypatch.setattr(simulations.rules, "simulate", None)
    simulations.try_text(tried, *simulations.last_quarters(1))
    assert kept().simulation is None
    # Whoever looks for the text a moment before it is changed does not keep the trial with the changed one.
    found = simulations.Withheld(*[date(2026, 1, 1)] * 2).to_json()
    with monkeypatch.context() as changed:
        changed.setattr(simulations.agreement_version_rows, "with_text", lambda _: [(row.id, "2030")])
        assert simulations.keep(text=tried, simulated=found, by=SIMULATION) is None
    assert kept().simulation is None
    assert simulations.keep(text=kept().text, simulated=found, by=SIMULATION) == "2030"
    texts.accepted("2030")
    assert '<form id="sheet"' in coordinator.get("/agreement/2030/approve")
    with transaction() as session:
        other = {**found, "tried": digest}
        session.execute(update(AgreementVersion).values(simulation=other))
    early = coordinator.get("/agreement/2030/approve")
    assert "/agreement/2030/changes#trial" in early
    assert '<form id="sheet"' not in early
    with pytest.raises(IllegalVersionStep):
        actions.approve(version="2030", on=texts.today(), note="Letter 12", by=factories.actor(texts.COORDINATOR))


@pytest.mark.parametrize("login", ["vatra.shelter_manager", "ra.duty_officer", "oms.monitor", "administrator"])
def test_nobody_but_the_coordinator_writes_a_text(app: Flask, sign_in: SignIn, login: str) -> None:
    by = factories.actor(texts.COORDINATOR)
    agreement_drafting.begin(version="2030", starts_on=date(2030, 1, 1), by=by)
    person = sign_in(login)
    for path in ("/agreements/begin", "/agreement/2030/edit", "/agreement/2030/edit/party/VATRA"):
        person.get(path, status=403)
    person.post("/agreement/2030/edit/party/VATRA", VATRA, status=403)
    with pytest.raises((NotPermitted, NotVisible)):
        agreement_drafting.revise(version="2030", change=str, by=factories.actor(login))
    with pytest.raises(NotPermitted):
        agreement_drafting.begin(version="2031", starts_on=date(2030, 1, 1), by=factories.actor(login))


@pytest.mark.slow
def test_days_and_names_of_a_draft_are_refused_where_they_are_over_or_taken_and_can_be_changed(
    app: Flask, sign_in: SignIn
) -> None:
    coordinator = sign_in(texts.COORDINATOR)
    over = {**BEGUN, "starts_on-year": 2020}
    assert "2020-01-01 is over" in coordinator.post("/agreements/begin?lang=en", over, status=422)
    alike = coordinator.post("/agreements/begin?lang=en", {**BEGUN, "version": "2OO5"}, status=422)
    assert "looks like `2005`" in alike
    coordinator.post("/agreements/begin", BEGUN)
    path = "/agreement/2030/edit"
    assert f"{path}/name" in coordinator.get(path)
    assert "is over" in coordinator.post(f"{path}/name?lang=en", over, status=422)
    renamed = {**BEGUN, "version": "2031-b", "starts_on-year": 2031}
    assert coordinator.post(f"{path}/name", renamed) == "/agreement/2031-b/edit"
    assert (kept().version, "from = 2031-01-01" in kept().text) == ("2031-b", True)
    coordinator.get(path, status=404)
    path = "/agreement/2031-b/edit"
    leaves = {**VATRA, "leaves": "y", "until-day": 1, "until-month": 1, "until-year": 2025}
    assert "2025-01-01 is over" in coordinator.post(f"{path}/party/VATRA?lang=en", leaves, status=422)
    # Which clauses a time reaches is said; a stranger who is asked first has to be accepted.
    assert "These clauses give the step a time of their own: 1.3, 1.4." in coordinator.get(
        f"{path}/time/answer?lang=en"
    )
    longer = {"minutes": "45", "clause_0": "60", "clause_1": "50"}
    refused = coordinator.post(f"{path}/time/answer?lang=en", longer, status=422)
    assert refused.count("Enter a time that is not longer than that of the step") == 2  # in the summary, at the field
    for wrong in ("0", "soon", "-1", "1" * 30):
        coordinator.post(f"{path}/time/answer", {**longer, "clause_1": wrong}, status=422)
    coordinator.post(f"{path}/time/answer", {**longer, "clause_1": "20"})
    document = known_versions.document("2031-b", by=factories.actor(texts.COORDINATOR))
    times = [document.clause(number).duties[0].within for number in ("1.3", "1.4")]
    assert times == [timedelta(minutes=45), timedelta(minutes=20)]
    coordinator.post(f"{path}/join", {**NEW, "joins_on-year": 2032, "languages": "it"})
    page = html.unescape(coordinator.get(f"{path}?lang=en"))
    assert "Place among those of its kind: last, after Vatra, Vlorë" in page
    assert "Shpresa, Shkodër, which is new, is asked first" in page
    first, there_before = page.index("Safeguard 29"), page.index("The text in force has this, too")
    assert first < there_before < page.index("Safeguard 17")


@pytest.mark.slow
def test_a_number_changes_without_a_trial_and_anything_else_does_not(app: Flask, sign_in: SignIn) -> None:
    coordinator, by = sign_in(texts.COORDINATOR), factories.actor(texts.COORDINATOR)
    organisation = db.session.scalars(select(Organisation.id).where(Organisation.code == "VATRA")).one()
    for page in ("/agreement/2005/parties", f"/readiness/{organisation}"):
        assert "/agreements/begin" in coordinator.get(page)
    coordinator.post("/agreements/begin", BEGUN)
    coordinator.post("/agreement/2030/edit/party/VATRA", {**VATRA, "languages": ["sq", "en", "it", "el"]})
    texts.accepted("2030")
    page = coordinator.get("/agreement/2030/changes?lang=en")
    assert "Nothing but names and telephones is different" in page
    assert "/agreement/2030/approve" in page
    assert "/agreement/2030/approve" in coordinator.get("/")
    actions.approve(version="2030", on=texts.today(), note="Letter 12", by=by)
    coordinator.post("/agreements/begin", {**BEGUN, "version": "2029", "starts_on-year": 2029})
    coordinator.post(
        "/agreement/2029/edit/party/VATRA", {**VATRA, "closes": "21:00", "languages": ["sq", "en", "it", "el"]}
    )
    texts.accepted("2029")
    assert "Nothing but names and telephones" not in coordinator.get("/agreement/2029/changes?lang=en")
    assert "/agreement/2029/changes#trial" in coordinator.get("/agreement/2029/approve")
    with pytest.raises(IllegalVersionStep):
        actions.approve(version="2029", on=texts.today(), note="Letter 12", by=by)


@pytest.mark.slow
def test_a_text_begins_as_the_one_that_is_signed_and_begins_before_it(app: Flask, sign_in: SignIn) -> None:
    """Otherwise the next version would drop a party that joins tomorrow, and say that nothing changes."""
    coordinator = sign_in(texts.COORDINATOR)
    waiting = texts.opened(texts.draft("2031", date(2031, 1, 1)))  # without the party, and open before it is signed
    assert coordinator.post("/agreements/begin", {**BEGUN, "version": "2029", "starts_on-year": 2029}) == (
        "/agreement/2029/edit"
    )
    joins = {**NEW, "joins_on-year": 2029}
    assert coordinator.post("/agreement/2029/edit/join", joins) == "/agreement/2029/edit"
    text = known_versions.text_of("2029", by=factories.actor(texts.COORDINATOR))
    texts.tried(text)
    by = factories.actor(texts.COORDINATOR)
    actions.approve(version="2029", on=texts.today(), note="Letter 12", by=by)
    actions.open_for_signature(version="2029", by=by)
    texts.sign_all("2029", but="SHPRESA")
    known_versions.refresh()
    assert coordinator.post("/agreements/begin", BEGUN) == "/agreement/2030/edit"
    assert "SHPRESA" in known_versions.document("2030", by=factories.actor(texts.COORDINATOR)).parties
    assert "Shpresa" in coordinator.get(f"/agreement/{waiting}/changes?lang=en")  # what it would drop
