"""Versions of the agreement in an instance: who may do what to them, what binds whom, and texts changed by hand."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select, text

from nrm import clock, create_app
from nrm.actions.agreement import agreement_drafting
from nrm.actions.agreement import agreement_simulation as simulations
from nrm.actions.agreement import agreement_versions as actions
from nrm.db import db
from nrm.domain.accounts.accounts import NotPermitted, NotVisible
from nrm.domain.agreement.agreement_versions import IllegalVersionStep, VersionStatus, needed
from nrm.domain.agreement.routes import Exclusion
from nrm.domain.agreement.routing import Capacity, route
from nrm.domain.agreement.routing_facts import parse_facts
from nrm.models.accounts.accounts import Member, Organisation
from nrm.models.agreement.agreements import AgreementSignature, AgreementVersion
from nrm.models.referrals.referrals import Referral
from nrm.steps.agreement import known_versions
from nrm.store import names as organisation_names
from nrm.store.agreement.agreement_simulation import SIMULATION
from nrm.store.countries import country
from nrm.store.rows.agreement import agreement_versions as agreement_version_rows
from nrm.vault.agreements import CannotOpen
from tests import factories
from tests import factories_agreements as texts
from tests import factories_referrals as people
from tests.conftest import Command
from tests.races import raised_by
from tests.unit.domain.agreement.agreement_facts import PLAIN

NRC_RULE = ('refer_to = ["NRC"]\nmust = true', 'refer_to = ["IOM"]\nmust = true')


@pytest.fixture(params=["app", "postgres_app"])
def instance(request: pytest.FixtureRequest) -> Flask:
    found: Flask = request.getfixturevalue(request.param)
    return found


def row(version: str) -> AgreementVersion:
    db.session.rollback()
    return db.session.scalars(select(AgreementVersion).where(AgreementVersion.version == version)).one()


def day_of(days: int) -> datetime:
    """Noon that many days from now."""
    return datetime.combine(texts.today() + timedelta(days=days), time(11), UTC)


@pytest.mark.slow
def test_a_version_is_in_force_once_everybody_signed_and_its_day_has_come(instance: Flask) -> None:
    version = texts.opened(texts.draft("2027", None, NRC_RULE))
    texts.sign_all(version, but="RA")
    first, second = texts.signers("RA")
    texts.sign(version, first)
    assert country().in_force(day_of(30)).version == "2005"
    assert row(version).status == VersionStatus.OPEN
    texts.sign(version, second)
    assert row(version).status == VersionStatus.SIGNED
    assert country().in_force(day_of(9)).version == "2005"
    assert country().in_force(day_of(10)).version == "2027"
    assert db.session.scalar(select(func.count()).select_from(AgreementSignature)) == 2 * len(
        needed(country().agreement("2027"))
    )


@pytest.mark.slow
def test_a_referral_is_judged_by_the_text_it_was_made_under_for_ever(app: Flask) -> None:
    before = people.sent(factories.actor("rinas.border_officer"), citizenship="MD", citizenship_class="third_country")
    version = texts.opened(texts.draft("2027", None, NRC_RULE))
    texts.sign_all(version)
    at = day_of(11)
    clock.set_clock(lambda: at)
    moldovan = {"citizenship": "MD", "citizenship_class": "third_country"}
    after = people.sent(factories.actor("rinas.border_officer"), "IOM", **moldovan)
    rows = {each.id: each for each in db.session.scalars(select(Referral))}
    june, july = rows[before.referral_id], rows[after.referral_id]
    assert (june.agreement, july.agreement) == ("2005", "2027")
    asked = {each.id: each.party for each in db.session.scalars(select(Organisation))}
    assert (asked[june.receiver_id], asked[july.receiver_id]) == ("NRC", "IOM")
    clauses = [country().agreement(each.agreement).clause(each.clause) for each in (june, july)]
    assert [clause.refer_to[0].party for clause in clauses] == ["NRC", "IOM"]


@pytest.mark.slow
def test_who_has_not_signed_receives_nothing(app: Flask) -> None:
    later = ('code = "VATRA"\n', f'code = "VATRA"\nfrom = {texts.today() + timedelta(days=20)}\n')
    signed = ('signed_on = 2005-07-18\nregions = ["vlore"]', 'signed_on = 2005-07-18\nregions = ["vlore"]')
    version = texts.opened(texts.draft("2027", None, later, signed))
    texts.sign_all(version)
    facts = parse_facts({**PLAIN, "wish_region": "vlore"}, country().agreement("2027"))

    def answer(days: int) -> tuple[set[str], dict[str, Exclusion]]:
        agreement = country().in_force(day_of(days))
        assert agreement.version == "2027"
        found = route(facts, agreement, day_of(days), dict.fromkeys(agreement.parties, Capacity.FREE))
        return {each.party for each in found.candidates}, {each.party: each.reason for each in found.excluded}

    received, excluded = answer(25)
    assert "VATRA" not in received
    assert excluded["VATRA"] is Exclusion.NOT_SIGNED
    for by in texts.signers("VATRA"):
        texts.sign(version, by)
    assert "VATRA" not in answer(15)[0]
    assert "VATRA" in answer(25)[0]


@pytest.mark.slow
@pytest.mark.parametrize("status", [*VersionStatus])
def test_every_step_out_of_turn_is_refused_and_changes_nothing(app: Flask, status: VersionStatus) -> None:
    coordinator, vatra = factories.actor(texts.COORDINATOR), factories.actor("vatra.case_worker")
    version = agreement_drafting.propose(text=texts.draft(), by=coordinator)
    texts.tried(texts.draft())
    if status in (VersionStatus.APPROVED, VersionStatus.OPEN, VersionStatus.SIGNED):
        actions.approve(version=version, on=texts.today(), note="Letter 12", by=coordinator)
    if status in (VersionStatus.OPEN, VersionStatus.SIGNED):
        actions.open_for_signature(version=version, by=coordinator)
    if status is VersionStatus.SIGNED:
        texts.sign_all(version)
    if status is VersionStatus.WITHDRAWN:
        actions.withdraw(version=version, reason="Another text takes its place", by=coordinator)
    digest = "0" * 64 if status is VersionStatus.WITHDRAWN else known_versions.digest_of(version, by=coordinator)
    steps: dict[str, Callable[[], object]] = {
        "approve": lambda: actions.approve(version=version, on=texts.today(), note="Letter 12", by=coordinator),
        "open": lambda: actions.open_for_signature(version=version, by=coordinator),
        "sign": lambda: actions.sign(version=version, read=digest, by=vatra),
        "withdraw": lambda: actions.withdraw(version=version, reason="Another text takes its place", by=coordinator),
    }
    legal = {
        VersionStatus.PROPOSED: {"approve", "withdraw"},
        VersionStatus.APPROVED: {"open", "withdraw"},
        VersionStatus.OPEN: {"sign", "withdraw"},
    }.get(status, set())
    before = row(version)
    seen = (before.status, before.mark, before.approved_on, before.opened_at)
    for name, step in steps.items():
        if name not in legal:
            with pytest.raises((IllegalVersionStep, NotVisible)):
                step()
            now = row(version)
            assert (now.status, now.mark, now.approved_on, now.opened_at) == seen, name


def test_one_person_signs_once_and_two_are_enough(app: Flask) -> None:
    version = texts.opened(texts.draft())
    first, second = texts.signers("VATRA")
    texts.sign(version, first)
    with pytest.raises(IllegalVersionStep) as refused:
        texts.sign(version, first)
    assert refused.value.reason == "signed"
    texts.sign(version, second)
    third = texts.colleague(db.session.get_one(Organisation, first.organisation_id), "third.vatra", first)
    with pytest.raises(IllegalVersionStep) as refused:
        texts.sign(version, factories.actor(third))
    assert refused.value.reason == "complete"


def test_who_was_let_in_lately_does_not_bind_a_party_of_others(app: Flask) -> None:
    version = texts.opened(texts.draft("2027", None, NRC_RULE))
    first = factories.actor("rinas.border_officer")
    post = organisation_names.organisation(first.organisation_id)
    new = texts.colleague(post, "rinas.border_officer", first)
    assert actions.waits_for(by=factories.actor(new)) == []
    with pytest.raises(IllegalVersionStep) as refused:
        texts.sign(version, factories.actor(new))
    assert refused.value.reason == "newcomer"
    factories.later(days=14)
    assert actions.waits_for(by=factories.actor(new)) == [version]
    texts.sign(version, factories.actor(new))


@pytest.mark.slow  # two people join a party
def test_the_last_signature_of_a_party_is_of_nobody_new_while_one_of_before_has_not_signed(app: Flask) -> None:
    version = texts.opened(texts.draft("2027", None, NRC_RULE))
    first = factories.actor("rinas.border_officer")
    post = organisation_names.organisation(first.organisation_id)
    party = organisation_names.party_of(first.organisation_id)
    for each in db.session.scalars(select(Member).join(Organisation).where(Organisation.party == party)):
        if each.login != "rinas.border_officer":
            each.status = "disabled"
    db.session.commit()
    one, two = (factories.actor(texts.colleague(post, name, first)) for name in ("rinas.one", "rinas.two"))
    texts.sign(version, one)
    assert actions.waits_for(by=two) == []
    assert actions.why_not_to_sign(version, by=two) == "seasoned_first"
    with pytest.raises(IllegalVersionStep) as refused:
        texts.sign(version, two)
    assert refused.value.reason == "seasoned_first"
    assert actions.waits_for(by=first) == [version]
    texts.sign(version, first)


def test_nobody_signs_for_a_party_that_is_not_theirs_or_without_having_read(app: Flask) -> None:
    version = texts.opened(texts.draft())
    coordinator, vatra = factories.actor(texts.COORDINATOR), factories.actor("vatra.case_worker")
    with pytest.raises(NotPermitted):
        texts.sign(version, coordinator)
    for login in ("molsa.statistician", "oms.monitor", "administrator"):
        with pytest.raises(NotPermitted):
            actions.sign(version=version, read="", by=factories.actor(login))
    with pytest.raises(IllegalVersionStep) as refused:
        actions.sign(version=version, read="0" * 64, by=vatra)
    assert refused.value.reason == "changed"
    texts.sign(version, vatra)
    (signature,) = db.session.scalars(select(AgreementSignature))
    assert (signature.party, signature.member_id) == ("VATRA", vatra.member_id)


def test_a_proposal_is_not_there_for_the_parties_before_it_is_open(app: Flask) -> None:
    coordinator, vatra = factories.actor(texts.COORDINATOR), factories.actor("vatra.case_worker")
    version = agreement_drafting.propose(text=texts.draft(), by=coordinator)
    texts.tried(texts.draft())
    for _ in range(2):
        with pytest.raises(NotVisible):
            known_versions.document(version, by=vatra)
        with pytest.raises(NotVisible):
            texts.sign(version, vatra)
        if row(version).status == VersionStatus.PROPOSED:
            actions.approve(version=version, on=texts.today(), note="Letter 12", by=coordinator)
    with pytest.raises(NotPermitted):
        agreement_drafting.propose(text=texts.draft("2028"), by=vatra)
    with pytest.raises(NotPermitted):
        actions.withdraw(version=version, reason="Another text takes its place", by=vatra)


CHANGES = {
    "the text": "UPDATE agreement_versions SET text = replace(text, 'refer_to = [\"NRC\"]', 'refer_to = [\"IOM\"]')",
    "the state": "UPDATE agreement_versions SET status = 'signed'",
    "the approval": "UPDATE agreement_versions SET approval_note = 'Letter 13'",
}


@pytest.mark.slow
@pytest.mark.parametrize("what", CHANGES)
def test_what_was_changed_in_the_database_is_refused_and_reported(
    instance: Flask, what: str, caplog: pytest.LogCaptureFixture
) -> None:
    version = texts.opened(texts.draft("2027", None, NRC_RULE))
    if what == "the state":
        texts.sign_all(version, but="RA")
    else:
        texts.sign_all(version)
        assert country().in_force(day_of(11)).version == "2027"
    db.session.execute(text(CHANGES[what]))
    db.session.commit()
    known_versions.refresh()
    assert known_versions.known().refused == ("2027",)
    assert country().in_force(day_of(11)).version == "2005"
    assert "2027 of the agreement was changed by another hand" in caplog.text
    with pytest.raises(CannotOpen):
        known_versions.document(version, by=factories.actor(texts.COORDINATOR))
    with pytest.raises(CannotOpen):
        texts.sign(version, texts.signers("RA")[0])


@pytest.mark.slow
@pytest.mark.parametrize("column", ["public", "signature", "party", "member_id"])
def test_a_signature_put_there_by_hand_counts_for_nothing(app: Flask, column: str) -> None:
    version = texts.opened(texts.draft())
    texts.sign_all(version)
    assert country().in_force(day_of(11)).version == "2027"
    chosen = db.session.scalars(select(AgreementSignature).where(AgreementSignature.party == "RA")).first()
    assert chosen is not None
    other = {
        "public": bytes(32),
        "signature": bytes(64),
        "party": "NOBODY",
        "member_id": factories.actor(texts.COORDINATOR).member_id,
    }[column]
    setattr(chosen, column, other)
    db.session.commit()
    known_versions.refresh()
    assert known_versions.known().refused == ("2027",)
    assert country().in_force(day_of(11)).version == "2005"


@pytest.mark.slow
def test_a_signature_that_is_taken_away_takes_the_version_away(app: Flask) -> None:
    version = texts.opened(texts.draft())
    texts.sign_all(version)
    db.session.execute(text("DELETE FROM agreement_signatures WHERE party = 'RA'"))
    db.session.commit()
    known_versions.refresh()
    assert known_versions.known().refused == ("2027",)


@pytest.mark.slow
def test_the_last_two_sign_in_the_same_instant(instance: Flask) -> None:
    version = texts.opened(texts.draft())
    texts.sign_all(version, but="RA")
    first, second = texts.signers("RA")
    assert raised_by(instance, lambda: texts.sign(version, first), lambda: texts.sign(version, second)) == []
    assert row(version).status == VersionStatus.SIGNED
    assert country().in_force(day_of(11)).version == "2027"


@pytest.mark.slow
def test_what_was_read_before_a_signature_does_not_replace_what_was_read_after_it(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    version = texts.opened(texts.draft())
    texts.sign_all(version, but="RA")
    first, second = texts.signers("RA")
    texts.sign(version, first)
    read, signed = threading.Event(), threading.Event()
    binding = agreement_version_rows.binding

    def slow() -> object:
        found = binding()
        if threading.current_thread() is reader:
            read.set()
            signed.wait(1)  # long enough for the signature, unless that waits for this reading
        return found

    def refresh() -> None:
        with app.app_context():
            known_versions.refresh()
            db.session.remove()

    monkeypatch.setattr(agreement_version_rows, "binding", slow)
    app.extensions[known_versions.KNOWN] = known_versions.NOTHING_KNOWN
    db.session.rollback()
    reader = threading.Thread(target=refresh)
    reader.start()
    assert read.wait(10)
    texts.sign(version, second)
    signed.set()
    reader.join()
    assert country().in_force(day_of(11)).version == "2027"


def test_one_person_who_signs_twice_in_the_same_instant_signed_once(instance: Flask) -> None:
    version = texts.opened(texts.draft())
    by, _ = texts.signers("VATRA")
    raised = raised_by(instance, *(lambda: texts.sign(version, by) for _ in range(4)))
    assert [type(each) for each in raised] == [IllegalVersionStep] * 3
    assert len(agreement_version_rows.signatures(row(version).id)) == 1


def test_signing_and_withdrawing_in_the_same_instant_leave_no_version_half_withdrawn(instance: Flask) -> None:
    version = texts.opened(texts.draft())
    coordinator, (by, _) = factories.actor(texts.COORDINATOR), texts.signers("VATRA")
    raised = raised_by(
        instance,
        lambda: actions.withdraw(version=version, reason="Another text takes its place", by=coordinator),
        lambda: actions.sign(version=version, read=known_versions.digest_of(version, by=by), by=by),
    )
    assert all(isinstance(each, IllegalVersionStep | NotVisible) for each in raised)
    assert row(version).status == VersionStatus.WITHDRAWN


def _as_2027(*changes: tuple[str, str]) -> str:
    text = texts.SHIPPED
    for old, new in (('version = "2005"', 'version = "2027"'), *changes):
        assert old in text, old
        text = text.replace(old, new, 1)
    return text


BROKEN = {
    "empty": ("", "file: is empty"),
    "not TOML": ("version = ", "file: is not TOML"),
    "a key that nobody knows": (texts.SHIPPED.replace("title =", "titel =", 1), "title: missing"),
    "a value that is none": (
        texts.SHIPPED.replace('\norigin = "proposal"', '\norigin = "rumour"', 1),
        "clause[1].origin: `rumour` is none of agreement, proposal",
    ),
    "the name of the shipped one": (texts.SHIPPED, "version: `2005` is the name of another version"),
    "a name for no address": (texts.SHIPPED.replace('"2005"', '"20/27"', 1), "version: has letters"),
    "another kind": (
        texts.SHIPPED.replace('kind = "ngo_shelter"', 'kind = "state_shelter"', 1),
        "party[3].kind: VATRA is a ngo_shelter",
    ),
    "a ministry": (
        texts.SHIPPED.replace('code = "HELPLINE"\nkind = "helpline"', 'code = "HELPLINE"\nkind = "ministry"', 1),
        "party[9].kind: HELPLINE is a helpline",
    ),
    "the name of another party": (
        _as_2027(('sq = "OIM Tiranë"', 'sq = "Qendra Kombëtarе Pritëse"')),
        "party[2].names.sq: is the name of `NRC`, too",
    ),
    "letters that nobody sees": (
        _as_2027(('"OIM Tiranë"', '"OIM \\u202eTiranë"')),
        "party[2].names.sq: has a character",
    ),
    "a step that nobody knows": (
        _as_2027(('step = "legal_counsel"', 'step = "legal_counse1"'), ("\nfrom = 2005-07-18", "\nfrom = 2030-01-01")),
        "clause[20]: `legal_counse1` is no known step, and looks like `legal_counsel`",
    ),
    "a day that is over": (_as_2027(), "from: 2005-07-18 is over"),
    "a year that is mistyped": (
        _as_2027(("\nfrom = 2005-07-18", "\nfrom = 2127-01-01")),
        "from: 2127-01-01 is more than",
    ),
    "a number that is none": (
        _as_2027(('"+355 4 000 0102"', '"javascript:alert(1)"')),
        "party[2].on_call: is no telephone number",
    ),
}


@pytest.mark.parametrize("what", BROKEN)
def test_a_broken_text_is_refused_with_the_key_and_what_is_wrong(app: Flask, what: str) -> None:
    broken, message = BROKEN[what]
    with pytest.raises(agreement_drafting.Unusable) as refused:
        agreement_drafting.propose(text=broken, by=factories.actor(texts.COORDINATOR))
    assert refused.value.what.startswith(message)
    assert db.session.scalar(select(func.count()).select_from(AgreementVersion)) == 0


def test_a_name_is_given_once_and_none_that_looks_like_it(app: Flask) -> None:
    coordinator = factories.actor(texts.COORDINATOR)
    version = agreement_drafting.propose(text=texts.draft(), by=coordinator)
    with pytest.raises(agreement_drafting.Unusable):
        agreement_drafting.propose(text=texts.draft(), by=coordinator)
    actions.withdraw(version=version, reason="Another text takes its place", by=coordinator)
    for name in (version, "2O27", "20.27"):
        with pytest.raises(agreement_drafting.Unusable) as refused:
            agreement_drafting.propose(text=texts.draft(name), by=coordinator)
        assert refused.value.what.startswith("version: ")
    assert agreement_drafting.propose(text=texts.draft("2028"), by=coordinator) == "2028"


def test_what_the_checks_and_the_comparison_found_is_kept_with_the_proposal(app: Flask) -> None:
    version = agreement_drafting.propose(
        text=texts.draft(
            "2027", None, ('refer_to = ["NRC", "IOM", "ngo_shelter"]\n\n# --- 5', 'refer_to = ["IOM"]\n\n# --- 5')
        ),
        by=factories.actor(texts.COORDINATOR),
    )
    study = row(version).study
    assert study["against"] == "2005"
    assert {each["kind"] for each in study["findings"]} == {"gap", "weakened"}
    assert {"noun": "clause", "key": "4.3", "what": "changes", "parts": ["refer to"]} in study["changes"]
    assert study["rerouted"]


@pytest.mark.slow
def test_a_new_party_gets_an_organisation_when_the_text_is_opened(app: Flask) -> None:
    new = (
        '[[party]]\ncode = "RA"',
        '[[party]]\ncode = "DIFFERENT"\nkind = "ngo_shelter"\nnames = { sq = "Të ndryshëm", en = "Different" }\n'
        'desk = { opens = "00:00", closes = "00:00", weekends = true }\non_call = "+355 1"\n'
        'regions = ["tirane"]\ncompetence = "everyone"\n\n[[party]]\ncode = "RA"',
    )
    version = texts.opened(texts.draft("2027", None, new))
    made = db.session.scalars(select(Organisation).where(Organisation.party == "DIFFERENT")).one()
    assert (made.kind, made.names["sq"], made.telephone) == ("ngo_shelter", "Të ndryshëm", "+355 1")
    texts.sign_all(version, but="DIFFERENT")
    assert row(version).status == VersionStatus.OPEN


@pytest.mark.slow
def test_another_process_sees_it_and_a_start_reads_it(app: Flask) -> None:
    version = texts.opened(texts.draft())
    texts.sign_all(version)
    started = create_app(app.extensions["nrm.config"])
    with started.app_context():
        assert country().in_force(day_of(11)).version == "2027"
        db.engine.dispose()


def test_the_command_lists_what_binds_and_reports_what_was_changed(app: Flask, command: Command) -> None:
    texts.opened(texts.draft())
    code, out, _ = command(app, "mou", "versions")
    assert (code, out.decode().splitlines()) == (0, ["2005  signed  2005-07-18", "2027  waits for signatures"])
    db.session.execute(text("UPDATE agreement_versions SET text = text || '#'"))
    db.session.commit()
    code, out, _ = command(app, "mou", "versions")
    assert (code, out.decode().splitlines()[-1]) == (1, "2027  changed by another hand: left out")


def test_a_simulation_of_the_very_text_is_kept_with_the_proposal(app: Flask) -> None:
    version = agreement_drafting.propose(text=texts.draft(), by=factories.actor(texts.COORDINATOR))
    found: dict[str, Any] = {"from": "2026-01-01", "to": "2026-03-31", "step": "x", "tables": []}
    assert simulations.keep(text=texts.draft() + "#", simulated=found, by=SIMULATION) is None
    assert simulations.keep(text=texts.draft(), simulated=found, by=SIMULATION) == version
    assert row(version).simulation == {**found, "tried": hashlib.sha256(texts.draft().encode()).hexdigest()}
    with pytest.raises(NotPermitted):
        simulations.keep(text=texts.draft(), simulated=found, by=factories.actor(texts.COORDINATOR))
