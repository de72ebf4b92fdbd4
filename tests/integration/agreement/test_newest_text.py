"""A text that was signed while another one is being written: what is begun after it begins from it, and what was begun
before does not put it aside in silence."""

from __future__ import annotations

import html
from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select, update

from nrm.actions.agreement import agreement_drafting
from nrm.actions.agreement import agreement_versions as actions
from nrm.db import db
from nrm.domain.agreement.agreement_versions import IllegalVersionStep, VersionStatus, VersionStepRefusal
from nrm.domain.agreement.agreements import Agreement
from nrm.models.agreement.agreements import AcceptedWeakening, AgreementVersion
from nrm.steps.agreement import known_versions, version_studies
from tests import factories
from tests import factories_agreements as texts
from tests.conftest import Person

SignIn = Callable[[str], Person]
SAID = "Written from a text that was replaced"
WHY = "The new house is written into the next text"


def joins_later() -> tuple[str, str]:
    """A shelter that joins three weeks after the text begins, so that nobody waits for its signatures."""
    day = texts.today() + timedelta(days=31)
    return (
        '[[party]]\ncode = "RA"',
        '[[party]]\ncode = "SHPRESA"\nkind = "ngo_shelter"\nnames = { sq = "Shpresa", en = "Hope, Shkodër" }\n'
        f'from = {day}\ndesk = {{ opens = "00:00", closes = "00:00", weekends = true }}\non_call = "+355 1"\n'
        'regions = ["shkoder"]\ncompetence = "everyone"\n\n[[party]]\ncode = "RA"',
    )


def signed_in_another_process(app: Flask) -> None:
    """Version 2027 is signed by everybody, and this process does not know that yet."""
    before = {name: app.extensions[name] for name in (known_versions.COUNTRY, known_versions.KNOWN)}
    texts.sign_all("2027")
    app.extensions |= {**before, known_versions.DUE: app.extensions[known_versions.DUE] + 3600}


def accepted() -> list[str]:
    db.session.rollback()
    return sorted(db.session.scalars(select(AcceptedWeakening.number).distinct()))


@pytest.mark.slow
def test_a_text_that_is_signed_and_waits_for_its_day_is_seen_by_every_draft(app: Flask, sign_in: SignIn) -> None:
    coordinator, by = sign_in(texts.COORDINATOR), factories.actor(texts.COORDINATOR)
    day = texts.today() + timedelta(days=40)
    agreement_drafting.begin(version="tel", starts_on=day, by=by)
    texts.accepted("tel")
    early = accepted()
    assert early
    texts.opened(texts.draft("2028", day))
    texts.opened(texts.draft("2027", None, joins_later()))
    for path in ("edit", "changes", ""):
        assert SAID not in coordinator.get(f"/agreement/tel/{path}?lang=en".replace("/?", "?"))
    assert "was signed meanwhile" not in coordinator.get("/?lang=en")
    signer, _ = texts.signers("VATRA")
    signed_in_another_process(app)
    # The next one begins from it, although this process had not heard of the last signature.
    begun = {"version": "2029", "starts_on-day": day.day, "starts_on-month": day.month, "starts_on-year": day.year}
    assert coordinator.post("/agreements/begin", begun) == "/agreement/2029/edit"
    page = html.unescape(coordinator.get("/agreement/2029/edit?lang=en"))
    assert "Hope, Shkodër" in page
    assert "Beside version 2027, the heaviest first." in page
    assert "Written from version 2027." in page
    assert SAID not in page
    # One that was begun before says so on its pages, and what it drops.
    for path in ("edit", "changes", ""):
        page = html.unescape(coordinator.get(f"/agreement/tel/{path}?lang=en".replace("/?", "?")))
        assert SAID in page, path
        assert "/agreement/tel/weakened/33" in page, path
        assert "/agreement/tel/withdraw" in page, path
    assert "Party Hope, Shkodër is gone" in html.unescape(coordinator.get("/agreement/tel/changes?lang=en"))
    assert "Written from version 2005, and version 2027 was signed meanwhile." in coordinator.get("/?lang=en")
    # A change of its words does not make it one that was written from the newer text.
    coordinator.post("/agreement/tel/edit/clause/1.3", {"sq": "Përgjigjet.", "en": "It answers."})
    assert SAID in coordinator.get("/agreement/tel/edit?lang=en")
    # What was changed by a form goes into a text that begins again from the newer one; that one is written from it.
    page = html.unescape(coordinator.get("/agreement/tel/again?lang=en"))
    assert "Begin again from version 2027" in page
    assert "Clause 1.3: its words" in page
    assert "file: do it again by hand" not in page
    coordinator.post("/agreement/tel/again", {**begun, "version": "tel"}, status=422)
    assert coordinator.post("/agreement/tel/again", {**begun, "version": "tel-again"}) == "/agreement/tel-again/edit"
    page = html.unescape(coordinator.get("/agreement/tel-again/edit?lang=en"))
    assert "Written from version 2027." in page
    assert "Hope, Shkodër" in page
    assert SAID not in page
    assert document("tel-again").clause("1.3").text["en"] == "It answers."
    coordinator.get("/agreement/tel-again/again", status=303)  # it is the newest itself
    letter = {"on-day": texts.today().day, "on-month": texts.today().month, "on-year": texts.today().year, "note": "12"}
    texts.tried(text_of("tel"), but="33")
    letter |= {"step_up": factories.PASSWORD}
    assert SAID in coordinator.get("/agreement/tel/approve?lang=en")
    assert "Another text was signed" in coordinator.post("/agreement/tel/approve?lang=en", letter, status=409)
    assert status("tel") == "proposed"
    coordinator.post("/agreement/tel/weakened/33", {"reason": WHY, "step_up": factories.PASSWORD})
    coordinator.post("/agreement/tel/approve", letter)
    coordinator.post("/agreement/tel/open", {"step_up": factories.PASSWORD})
    assert status("tel") == "open"
    # Whoever signs reads first why it goes on.
    page = html.unescape(sign_in("vatra.case_worker").get("/agreement/tel/sign?lang=en"))
    assert SAID in page
    assert WHY in page
    texts.sign("tel", signer)
    # One that was open before is signed by nobody any more.
    with pytest.raises(IllegalVersionStep) as refused:
        texts.sign("2028", signer)
    assert refused.value.reason is VersionStepRefusal.REPLACED
    page = sign_in("vatra.shelter_manager").get("/agreement/2028/sign?lang=en", status=409)
    assert "Another text was signed since this one was written" in page
    assert "Nobody can sign it as it is." in coordinator.get("/agreement/2028?lang=en")
    # Nobody is asked for a signature that cannot be given.
    assert "waits for your signature: 2028" not in sign_in("vatra.shelter_manager").get("/?lang=en")
    assert "waits for your signature: tel" in sign_in("vatra.shelter_manager").get("/?lang=en")
    # Nobody makes it look as if it had been written from the newer text.
    row = db.session.scalars(select(AgreementVersion).where(AgreementVersion.version == "2028")).one()
    study = {**row.study, "base": "2027"}
    db.session.execute(update(AgreementVersion).where(AgreementVersion.id == row.id).values(study=study))
    db.session.commit()
    known_versions.refresh()
    assert "2028" in known_versions.known().refused


def document(version: str) -> Agreement:
    return known_versions.document(version, by=factories.actor(texts.COORDINATOR))


def text_of(version: str) -> str:
    db.session.rollback()
    return db.session.scalars(select(AgreementVersion.text).where(AgreementVersion.version == version)).one()


def status(version: str) -> VersionStatus:
    db.session.rollback()
    return db.session.scalars(select(AgreementVersion.status).where(AgreementVersion.version == version)).one()


@pytest.mark.slow
def test_what_was_accepted_before_another_text_was_signed_counts_no_more(app: Flask) -> None:
    by, day = factories.actor(texts.COORDINATOR), texts.today() + timedelta(days=40)
    agreement_drafting.propose(text=texts.draft("tel", day), by=by)
    texts.tried(text_of("tel"))
    actions.approve(version="tel", on=texts.today(), note="Letter 12 of the Minister", by=by)
    before = {each.number for each in version_studies.accepted_of("tel", by=by)}
    assert before
    texts.opened(texts.draft("2027", None, joins_later()))
    texts.sign_all("2027")
    assert version_studies.accepted_of("tel", by=by) == []
    for number in version_studies.study_of("tel", by=by).weakened:
        with pytest.raises(IllegalVersionStep):
            actions.open_for_signature(version="tel", by=by)
        texts.accepted_one("tel", number)
    # The house that came with the other text is no party of this one, and is not asked.
    gone = {"33", "39", "41"}
    assert {each.number for each in version_studies.accepted_of("tel", by=by)} == before | gone
    actions.open_for_signature(version="tel", by=by)
    # A text that begins again from one that was withdrawn was written from what that one was written from.
    actions.withdraw(version="tel", reason="The ministry asks for another clause 4.3", by=by)
    agreement_drafting.begin(version="tel-2", starts_on=day, by=by, withdrawn="tel")
    found = version_studies.origin("tel-2", by=by)
    assert found is not None
    assert (found.base, found.newest.version, found.stops) == ("2005", "2027", True)
