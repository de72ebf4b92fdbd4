"""Two offices sign; contributors answer; nights are frozen: who may, in which order, and what each never gets."""

from __future__ import annotations

import csv
import dataclasses
import io
import json
import re
import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import openpyxl
import pytest
from flask import Flask
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, func, select, update

from nrm import clock, crypto
from nrm.actions.accounts import beginning_anew
from nrm.actions.reports import contributions, reports
from nrm.actions.support import payment_lines
from nrm.db import db, transaction
from nrm.domain.accounts.accounts import Actor, NotPermitted, NotVisible, Role
from nrm.domain.accounts.accounts import OrganisationKind as Kind
from nrm.domain.quarters import Quarter
from nrm.domain.reports import contributions as parts
from nrm.domain.reports import reports as rules
from nrm.domain.reports.contributions import Answer
from nrm.domain.reports.report_list import ACCOMMODATED, REFERRALS, RETURNEES, WITNESSES
from nrm.domain.shelter import payment_lines as nights
from nrm.models.accounts.accounts import Instance, Member
from nrm.models.audit import AuditEntry
from nrm.models.reports.reports import PaymentLine, Release, ReleaseDraft, ReleaseFile, ReleaseMemory
from nrm.render import reports as render
from nrm.render.pdf import PdfTooSlow
from nrm.steps.reports import release_signing
from nrm.store import names
from nrm.store.reports import reports as store
from nrm.store.rows.accounts import accounts as account_rows
from nrm.store.rows.reports import reports as report_rows
from nrm.store.shelter import payment_lines as payments
from nrm.vault import rows as marked
from nrm.vault import signing
from tests import accommodated, factories
from tests.conftest import Person

Q1, Q2 = Quarter(2026, 1), Quarter(2026, 2)
EARLY, TODAY = date(2026, 7, 10), date(2026, 7, 20)
RELEASE = Actor.system("release")


@pytest.fixture
def closed(app: Flask) -> Flask:
    """A quarter of fourteen people, closed and not signed."""
    accommodated.at(TODAY)
    accommodated.many(14, seed=3, months=(date(2026, 4, 1), date(2026, 6, 20)))
    accommodated.confirm(Q2, but="TJETER_VIZION")
    accommodated.without(Q2)
    assert isinstance(reports.close(Q2, by=factories.actor("molsa.statistician")), reports.Closed)
    return app


def refuses(error: type[Exception], action: Callable[..., object], login: str) -> None:
    with pytest.raises(error):
        action(Q2, by=factories.actor(login))


# Signing


@pytest.mark.slow
def test_nothing_is_released_before_both_have_signed_in_their_order(closed: Flask) -> None:
    refuses(NotVisible, reports.countersign, "ra.duty_officer")
    for login in ("ra.duty_officer", "oms.monitor", "vatra.case_worker", "administrator", "molsa.payment_officer"):
        refuses(NotPermitted, reports.sign, login)
    reports.sign(Q2, by=factories.actor("molsa.statistician"))
    for login in ("molsa.statistician", "oms.reader", "nrc.shelter_manager"):
        refuses(NotPermitted, reports.countersign, login)
    assert db.session.scalar(select(func.count()).select_from(Release)) == 0
    refuses(NotVisible, reports.sign, "molsa.statistician")  # signed once
    reports.countersign(Q2, by=factories.actor("ra.duty_officer"))
    assert db.session.scalar(select(func.count()).select_from(ReleaseDraft)) == 0
    refuses(NotVisible, reports.countersign, "ra.duty_officer")
    events = db.session.scalars(
        select(AuditEntry.event).where(AuditEntry.event.like("release_s%")).order_by(AuditEntry.id)
    ).all()
    assert set(events) == {"release_signed", "release_sealed"}


@pytest.mark.slow
def test_a_report_whose_paper_a_busy_server_did_not_typeset_is_not_sealed_without_it(
    closed: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was sealed for ever without its PDF, and nobody was told."""
    reports.sign(Q2, by=factories.actor("molsa.statistician"))
    waiting = {line.report for line in store.waiting(by=RELEASE)}
    typeset = render.to_pdf

    def busy(html: str, **named: Any) -> bytes:
        if "II.1(b)(x)" in html:
            raise PdfTooSlow
        return typeset(html, **named)

    monkeypatch.setattr(render, "to_pdf", busy)
    with pytest.raises(rules.PaperNotMade, match=r"\bx\b") as told:
        reports.countersign(Q2, by=factories.actor("ra.duty_officer"))
    late = set(str(told.value).split(", "))
    assert store.without_paper(Q2, by=RELEASE) == late < waiting
    sealed = {report for report in waiting if store.releases(by=RELEASE, report=report)}
    assert sealed == waiting - late
    assert all("pdf.sq" in store.releases(by=RELEASE, report=report)[0].formats for report in sealed)
    page = Person(closed.test_client(), "ra.duty_officer").get("/reports/quarter/2026Q2")
    assert page.count("serveri ishte tepër i ngarkuar") == len(late)
    monkeypatch.setattr(render, "to_pdf", typeset)
    assert reports.countersign(Q2, by=factories.actor("ra.duty_officer")) == len(late)
    assert store.without_paper(Q2, by=RELEASE) == frozenset()
    assert all("pdf.en" in store.releases(by=RELEASE, report=report)[0].formats for report in late)


@pytest.mark.slow
def test_a_release_carries_three_signatures_and_one_that_is_touched_is_found(closed: Flask) -> None:
    accommodated.sign(Q2, by=factories.actor("molsa.statistician"))
    value = json.loads(store.release_file(Q2, "json", by=RELEASE))
    assert reports.is_genuine(value)
    assert value["no_report_from"] == ["TJETER_VIZION"]
    by_signer = {each["signer"]: each for each in value["signatures"]}
    assert set(by_signer) == rules.SIGNERS
    for signer, each in by_signer.items():
        without = [other for other in value["signatures"] if other is not each]
        assert not reports.is_genuine({**value, "signatures": without}), signer
        forged = {**each, "signature": bytes(64).hex()}
        assert not reports.is_genuine({**value, "signatures": [*without, forged]}), signer
    # A key nobody here has, however well it signs, is no office.
    keys = factories.actor("vatra.case_worker")
    message = rules.message_of(value, by_signer["responsible_authority"])
    assert message
    signature, key = signing.sign_as(keys, message)
    own = {**by_signer["responsible_authority"], "public_key": key.hex(), "signature": signature.hex()}
    others = [each for each in value["signatures"] if each["signer"] != "responsible_authority"]
    assert not reports.is_genuine({**value, "signatures": [*others, own]})
    page = store.release_file(Q2, "html.sq", by=RELEASE).decode()
    assert "<dt>Nuk raportuan</dt>" in page
    assert "Tjetër Vizion" in page


def test_a_signature_by_another_key_than_the_statisticians_present_one_is_not_sealed(closed: Flask) -> None:
    reports.sign(Q2, by=factories.actor("molsa.statistician"))
    other = account_rows.member_by_login("vatra.case_worker")
    assert other
    with transaction() as session:
        session.execute(update(ReleaseDraft).values(signer_id=other.id))
    refuses(rules.BrokenSignature, reports.countersign, "ra.duty_officer")
    assert db.session.scalar(select(func.count()).select_from(Release)) == 0


def test_a_draft_is_sealed_and_shown_to_those_who_sign_alone(closed: Flask) -> None:
    draft = report_rows.must_draft("ix")
    assert b"tables" not in draft.sealed_draft
    for login in ("molsa.statistician", "ra.duty_officer"):
        assert "Çdo viktimë e strehuar" in release_signing.draft_page("ix", "sq", by=factories.actor(login))
    with pytest.raises(NotVisible):
        release_signing.draft_page("ix", "sq", by=factories.actor("oms.reader"))
    with pytest.raises(NotPermitted):
        release_signing.draft_page("ix", "sq", by=factories.actor("nrc.shelter_manager"))


def test_the_next_quarter_waits_for_the_signatures_of_this_one(closed: Flask) -> None:
    accommodated.at(date(2026, 10, 20))
    with pytest.raises(rules.WaitsForSignatures):
        reports.close(Q2.next, by=factories.actor("molsa.statistician"))


@pytest.mark.slow
def test_a_quarter_whose_sealed_reports_another_hand_took_out_is_not_closed_with_other_figures(closed: Flask) -> None:
    """Seen: the released quarter stood as to be closed, and was closed once more, with other figures and nights."""
    assert reports.sign(Q2, by=factories.actor("molsa.statistician"))
    assert reports.countersign(Q2, by=factories.actor("ra.duty_officer"))
    accommodated.at(date(2026, 10, 20))
    statistician = factories.actor("molsa.statistician")
    with transaction() as session:
        for table in (ReleaseFile, ReleaseMemory, Release, PaymentLine):
            session.execute(delete(table))
    for quarter in (Q2, Q2.next):
        with pytest.raises(rules.ReleasesGone, match="2026Q2"):
            reports.close(quarter, by=statistician)
    page = Person(closed.test_client(), "molsa.statistician").post("/reports/ix/2026Q2/close?lang=en", {}, 409)
    assert "Sealed reports of these quarters were taken out of the database by another hand" in page
    assert db.session.scalars(select(ReleaseDraft)).all() == []


@pytest.mark.slow
def test_after_the_second_signature_a_quarter_is_being_published_and_before_it_is_being_closed(
    closed: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reports, "state", lambda *_, **__: "closing")
    statistician = Person(closed.test_client(), "molsa.statistician")
    page = statistician.get("/reports/ix/2026Q2/closing?lang=en")
    assert "is being closed</h1>" in page
    assert "is being published" not in page
    reports.sign(Q2, by=factories.actor("molsa.statistician"))
    authority = Person(closed.test_client(), "ra.duty_officer")
    page = authority.get("/reports/quarter/2026Q2/sealing?lang=en")
    assert "is being published</h1>" in page
    assert "is being closed" not in page


@pytest.mark.slow
def test_the_pages_lead_from_the_draft_to_the_release(closed: Flask) -> None:
    statistician = Person(closed.test_client(), "molsa.statistician")
    assert 'href="/reports/quarter/2026Q2"' in statistician.get("/")
    page = statistician.get("/reports/quarter/2026Q2")
    assert "/reports/quarter/2026Q2/sign" in page
    shown = re.findall(r'name="report" value="([a-z]+)"', page)
    authority = Person(closed.test_client(), "ra.duty_officer")
    assert "/countersign" not in authority.get("/reports/quarter/2026Q2")
    assert statistician.post("/reports/quarter/2026Q2/sign", {"report": shown}) == "/reports/quarter/2026Q2"
    assert 'href="/reports/quarter/2026Q2"' in authority.get("/")
    assert authority.post("/reports/quarter/2026Q2/countersign", {"report": shown}) == "/reports/quarter/2026Q2/sealing"
    deadline = time.monotonic() + 90
    while authority.client.get("/reports/quarter/2026Q2/sealing").status_code == 200:
        assert time.monotonic() < deadline
        time.sleep(0.2)
    assert "/reports/ix/2026Q2.xlsx" in authority.get("/reports/ix/2026Q2")
    assert "2026Q2" in authority.get("/reports/ix/trend", status=303)
    reader = Person(closed.test_client(), "oms.reader")
    assert "Tjetër Vizion" in reader.get("/reports/quarter/2026Q2")
    reader.get("/reports/methods")


@pytest.mark.slow
def test_a_signature_is_under_the_reports_that_the_page_showed_and_under_no_other(closed: Flask) -> None:
    """A report may be closed, or signed by the statistician, while somebody reads the page and signs it."""
    statistician = Person(closed.test_client(), "molsa.statistician")
    shown = re.findall(r'name="report" value="([a-z]+)"', statistician.get("/reports/quarter/2026Q2"))
    assert {"ix", "x"} <= set(shown)
    statistician.post("/reports/quarter/2026Q2/sign", status=404)
    statistician.post("/reports/quarter/2026Q2/sign", {"report": "ix"})
    authority = Person(closed.test_client(), "ra.duty_officer")
    page = authority.get("/reports/quarter/2026Q2")
    assert re.findall(r'name="report" value="([a-z]+)"', page) == ["ix"]
    statistician.post("/reports/quarter/2026Q2/sign", {"report": shown})
    by = factories.actor("ra.duty_officer")
    assert release_signing.signed_drafts(Q2, by=by, reports=["ix"]) == ["ix"]
    assert set(release_signing.signed_drafts(Q2, by=by)) == set(shown)
    authority.post("/reports/quarter/2026Q2/countersign", {"report": "annual"}, status=404)


def test_after_five_minutes_a_signature_asks_for_a_fresh_proof(closed: Flask) -> None:
    statistician = Person(closed.test_client(), "molsa.statistician")
    at = clock.now()
    clock.set_clock(lambda: at.replace(minute=at.minute + 6))
    statistician.post("/reports/quarter/2026Q2/sign", status=401)
    assert report_rows.must_draft("ix").signature is None


# Contributors


def test_before_the_day_is_over_a_quarter_waits_for_its_contributors(app: Flask) -> None:
    accommodated.at(EARLY)
    with pytest.raises(parts.PartsOutstanding) as raised:
        reports.close(Q2, by=factories.actor("molsa.statistician"))
    assert {"VATRA", "NRC", "TRP_UNIT", "PROSECUTION"} <= set(raised.value.codes)
    assert "MOLSA" not in raised.value.codes
    statistician = Person(app.test_client(), "molsa.statistician")
    assert "14 korrik 2026" in statistician.post("/reports/ix/2026Q2/close", status=409)
    accommodated.confirm(Q2)
    assert isinstance(reports.close(Q2, by=factories.actor("molsa.statistician")), reports.Closed)


def test_a_contributor_answers_once_and_sees_its_own_tasks_alone(app: Flask) -> None:
    accommodated.at(EARLY)
    accommodated.many(3, seed=2, months=(date(2026, 4, 1), date(2026, 4, 3)))
    manager = Person(app.test_client(), "nrc.shelter_manager")
    assert 'href="/quarter/2026Q2"' in manager.get("/")
    page = manager.get("/quarter/2026Q2")
    assert "Vatra" not in page
    assert "checked" not in page
    assert "Zgjidhni" in manager.post("/quarter/2026Q2", status=422)
    assert manager.post("/quarter/2026Q2", {"answer": "confirmed"}) == "/quarter/2026Q2"
    manager.post("/quarter/2026Q2", {"answer": "no_report"}, status=409)
    assert 'href="/quarter/2026Q2"' not in manager.get("/")
    manager.post("/quarter/2026Q3", {"answer": "confirmed"}, status=409)  # not over
    by = factories.actor("rinas.border_officer")
    with pytest.raises(NotPermitted):
        contributions.answer(Q2, Answer.CONFIRMED, by=by)
    child = factories.actor("child_protection.case_worker")
    with pytest.raises(NotVisible):
        contributions.answer(Q2, Answer.CONFIRMED, by=child)


def test_an_organisation_that_came_after_a_quarter_is_not_asked_about_it(app: Flask) -> None:
    accommodated.at(TODAY)
    late, manager = factories.actor("tjeter_vizion.shelter_manager"), "tjeter_vizion.shelter_manager"
    began, came = datetime(2026, 1, 5, tzinfo=UTC), datetime(2026, 6, 30, 22, tzinfo=UTC)  # midnight in Albania
    with transaction() as session:
        session.execute(update(Instance).values(created_at=began))
        session.execute(update(Member).values(created_at=began))
    assert 'href="/quarter/2026Q2"' in Person(app.test_client(), manager).get("/")
    with transaction() as session:
        session.execute(update(Member).where(Member.organisation_id == late.organisation_id).values(created_at=came))
    page = Person(app.test_client(), manager)
    assert 'href="/quarter/2026Q2"' not in page.get("/")
    page.get("/quarter/2026Q2", 404)
    with pytest.raises(NotVisible):
        contributions.answer(Q2, Answer.CONFIRMED, by=late)
    accommodated.confirm(Q2, but="TJETER_VIZION")
    assert isinstance(reports.close(Q2, by=factories.actor("molsa.statistician")), reports.Closed)
    value = signing.open_memory(report_rows.must_draft("ix").sealed_draft, "draft", "ix", "2026Q2")["value"]
    assert "no_report_from" not in value


def test_a_quarter_closes_without_a_silent_contributor_only_after_a_second_office_confirms(app: Flask) -> None:
    accommodated.at(TODAY)
    accommodated.confirm(Q2, but="TJETER_VIZION")
    by, authority = factories.actor("molsa.statistician"), factories.actor("ra.duty_officer")
    with pytest.raises(NotVisible):
        contributions.confirm_silence(Q2, by=authority)  # nobody has asked
    statistician, officer = (Person(app.test_client(), login) for login in ("molsa.statistician", "ra.duty_officer"))
    assert "Autoriteti Përgjegjës u pyet" in statistician.post("/reports/ix/2026Q2/close", status=409)
    with pytest.raises(parts.SilenceUnconfirmed) as silence:
        reports.close(Q2, by=by)
    assert silence.value.codes == ("TJETER_VIZION",)
    for login in ("molsa.statistician", "oms.reader", "vatra.shelter_manager", "molsa.payment_officer"):
        with pytest.raises(NotPermitted):
            contributions.confirm_silence(Q2, by=factories.actor(login))
    statistician.post("/reports/quarter/2026Q2/without", status=403)
    assert "pret që të konfirmoni" in officer.get("/")
    page = officer.get("/reports/quarter/2026Q2")
    assert "Të mbyllet pa këta?" in page
    assert officer.post("/reports/quarter/2026Q2/without", {"part": "TJETER_VIZION"}) == "/reports/quarter/2026Q2"
    assert "Të mbyllet pa këta?" not in officer.get("/reports/quarter/2026Q2")
    assert "pret që të konfirmoni" not in officer.get("/")
    events = db.session.scalars(
        select(AuditEntry.event).where(AuditEntry.event.like("silence_%")).order_by(AuditEntry.id)
    ).all()
    assert events == ["silence_asked", "silence_confirmed"]
    assert isinstance(reports.close(Q2, by=by), reports.Closed)
    with pytest.raises(NotVisible):
        contributions.confirm_silence(Q2, by=authority)  # it is closed
    value = signing.open_memory(report_rows.must_draft("ix").sealed_draft, "draft", "ix", "2026Q2")["value"]
    assert value["no_report_from"] == ["TJETER_VIZION"]
    assert [each["office"] for each in value["silence_confirmed"]] == ["RA"]
    db.session.rollback()
    draft = officer.get("/reports/ix/draft")
    assert "Bërë pa ata që nuk u përgjigjën" in draft


def test_who_is_silent_or_does_not_report_is_named_by_report() -> None:
    said = (
        parts.Part("A", Kind.NGO_SHELTER, {}, Answer.CONFIRMED),
        parts.Part("B", Kind.NGO_SHELTER, {}, Answer.NO_REPORT),
        parts.Part("C", Kind.STATE_SHELTER, {}),
        parts.Part("D", Kind.PROSECUTION, {}),
    )
    assert parts.silent(said, ACCOMMODATED) == parts.silent(said, REFERRALS) == ("B", "C")
    assert (parts.silent(said, WITNESSES), parts.silent(said, RETURNEES)) == (("D",), ())
    with pytest.raises(parts.SilenceUnconfirmed) as silence:
        parts.check_parts(said, Q2, days=14, today=date(2026, 7, 14))
    assert silence.value.codes == ("C", "D")
    at = datetime(2026, 7, 14, 9, tzinfo=UTC)
    confirmed = tuple(
        dataclasses.replace(part, without=parts.Without("RA", at)) if part.answer is None else part for part in said
    )
    parts.check_parts(confirmed, Q2, days=14, today=date(2026, 7, 14))
    assert parts.confirmations(confirmed, ACCOMMODATED) == (("RA", at),)
    assert parts.confirmations(said, ACCOMMODATED) == parts.confirmations(confirmed, RETURNEES) == ()
    with pytest.raises(parts.PartsOutstanding):
        parts.check_parts(said, Q2, days=14, today=date(2026, 7, 13))


# Nights


def test_the_nights_of_a_quarter_by_hand() -> None:
    """April to June has 30 + 31 + 30 = 91 nights."""
    of = nights.Nights.of
    assert nights.of_quarter(of([(date(2026, 1, 5), None)]), Q2) == 91
    assert nights.of_quarter(of([(date(2026, 4, 1), date(2026, 4, 1))]), Q2) == 0  # in and out on one day
    assert nights.of_quarter(of([(date(2026, 6, 30), date(2026, 7, 1))]), Q2) == 1  # the last night
    assert nights.of_quarter(of([(date(2026, 3, 31), date(2026, 4, 1))]), Q2) == 0  # the day of exit is none
    assert nights.of_quarter(of([(date(2026, 5, 10), date(2026, 5, 13)), (date(2026, 7, 1), None)]), Q2) == 3
    assert nights.earlier(of([(date(2026, 3, 30), date(2026, 4, 2))]), Q2, since=Q1, paid=0) == 2
    assert nights.earlier(of([]), Q2, since=Q1, paid=5) == -5
    assert nights.earlier(of([(date(2026, 1, 1), None)]), Q2, since=None, paid=0) == 0


_DAY = st.dates(date(2025, 11, 1), date(2026, 8, 31))


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(_DAY, st.none() | _DAY).filter(lambda stay: stay[1] is None or stay[0] <= stay[1])))
def test_nights_from_the_numbers_of_days_are_those_of_each_stay(stays: list[nights.Days]) -> None:
    counted = nights.Nights.of(stays)
    for quarter in (Q1, Q2):
        each = [nights.nights(*stay, first=quarter.start, last=quarter.end) for stay in stays]
        assert nights.of_quarter(counted, quarter) == sum(each)


@pytest.mark.slow
def test_nights_are_frozen_with_the_quarter_and_what_is_known_later_comes_with_the_next(app: Flask) -> None:
    accommodated.at(TODAY)
    nrc = names.organisation_by_code("NRC").id
    with transaction() as session:
        person = accommodated.person(session, nrc, facts={"statistics": "no"})
        accommodated.stay(session, person, nrc, date(2026, 3, 30), date(2026, 4, 11))
    by = factories.actor("molsa.statistician")
    accommodated.release(Q1, by=by)
    manager = factories.actor("nrc.shelter_manager")

    def base(quarter: Quarter) -> tuple[int | None, int | None]:
        return next(
            (each.nights, each.earlier)
            for each in payments.bases(by=manager)
            if each.quarter == quarter and each.code == "NRC"
        )

    assert base(Q1) == (2, 0)
    with transaction() as session:
        late = accommodated.person(session, nrc)
        accommodated.stay(session, late, nrc, date(2026, 2, 1), date(2026, 2, 8), known_on=date(2026, 5, 1))
    assert base(Q1) == (2, 0)
    accommodated.release(Q2, by=by)
    assert (base(Q1), base(Q2)) == ((2, 0), (10, 7))
    own = payments.bases(by=factories.actor("nrc.shelter_manager"))
    assert {each.code for each in own} == {"NRC"}


@pytest.mark.parametrize("role", [each for each in Role if each not in (Role.PAYMENT_OFFICER, Role.SHELTER_MANAGER)])
def test_no_other_role_reads_nights(app: Flask, role: Role) -> None:
    by = dataclasses.replace(factories.actor("molsa.payment_officer"), role=role)
    for ask in (payments.bases, payment_lines.read, payment_lines.take):
        with pytest.raises(NotPermitted):
            ask(by=by)
    for caller in (by, factories.actor("molsa.payment_officer")):
        with pytest.raises(NotPermitted):
            payments.lines(Q2, by=caller)


def nights_in(page: str) -> set[str]:
    """The whole numbers in the cells of a page; its tokens are random and may hold any digits."""
    return set(re.findall(r"<td[^>]*>(\d+)\b", page))


def test_the_payment_desk_takes_the_same_figures_as_files_and_that_is_recorded(app: Flask) -> None:
    accommodated.at(TODAY)
    nrc, member = names.organisation_by_code("NRC").id, "molsa.payment_officer"
    with transaction() as session:
        figures = {"nights": 491, "earlier": -3, "payable": 488, "basis": "nights"}
        frozen = PaymentLine(organisation_id=nrc, quarter="2026Q2", frozen_at=clock.now(), to_sign=False, **figures)
        frozen.mark = marked.payment_line_mark(frozen)
        session.add(frozen)
    desk = Person(app.test_client(), member)
    page = desk.get("/")
    assert nights_in(page) & {"491", "488"} == {"488"}
    data = {"csrf_token": desk.csrf_token}
    sheet = desk.client.post("/payment/csv", data=data)
    rows = list(csv.reader(io.StringIO(sheet.data.decode("utf-8-sig"))))
    assert rows[1][0] == "2026Q2"
    told = dict(zip(rows[0], rows[1], strict=True))
    assert {name: each for name, each in told.items() if each and name != "Qendra"} == {
        "Tremujori": "2026Q2",
        "Kodi": "NRC",
        "Paguhet sipas": "Net",
        "Net të numëruara": "488",
        "Nënshkrimi": "nga koha para se të nënshkruheshin netët",
    }
    book = openpyxl.load_workbook(io.BytesIO(desk.client.post("/payment/xlsx", data=data).data))
    cells = book.worksheets[0].iter_rows(values_only=True)
    assert [["" if each is None else str(each) for each in line] for line in cells] == rows
    assert db.session.scalar(select(func.count()).where(AuditEntry.event == "payment_read")) == 2
    for login in ("molsa.statistician", "oms.monitor", "oms.reader", "ra.duty_officer", "nrc.case_worker"):
        someone = Person(app.test_client(), login)
        someone.get("/payment", 403)
        someone.post("/payment/csv", status=403)
    assert not nights_in(Person(app.test_client(), "vatra.shelter_manager").get("/payment")) & {"491", "488"}
    assert nights_in(Person(app.test_client(), "nrc.shelter_manager").get("/payment")) >= {"491", "488"}
    for address in ("/reports", "/cases", "/stays", "/referrals"):
        assert desk.client.get(address).status_code in (403, 404)


def _moved(each: dict[str, str]) -> dict[str, str]:
    return {**each, "signed_at": "2020" + each["signed_at"][4:]}


@pytest.mark.slow
def test_the_time_and_the_office_stand_under_each_signature(closed: Flask) -> None:
    accommodated.sign(Q2, by=factories.actor("molsa.statistician"))
    value = json.loads(store.release_file(Q2, "json", by=RELEASE))
    keys = [bytes.fromhex(each["public_key"]) for each in value["signatures"]]
    assert reports.is_genuine(value)
    assert reports.is_signed_by(value, keys)
    for place, each in enumerate(value["signatures"]):
        for changed in (
            _moved(each),
            {**each, "office": "NRC"},
            {**each, "signer": "monitor"},
            {**each, "over": rules.SIGNED_OVER},
            {name: text for name, text in each.items() if name != "over"},
            {name: text for name, text in each.items() if name != "signed_at"},
        ):
            other = [*value["signatures"]]
            other[place] = changed
            assert not reports.is_genuine({**value, "signatures": other}), changed
            assert not reports.is_signed_by({**value, "signatures": other}, keys), changed
    assert reports.without_time(value) == []


def test_a_draft_that_was_signed_by_hand_in_the_statisticians_name_is_not_sealed(closed: Flask) -> None:
    """A person who writes to the database puts a public half of their own into the row, and its signature."""
    reports.sign(Q2, by=factories.actor("molsa.statistician"))
    private, public = crypto.signing_pair()
    with transaction() as session:
        for draft in session.scalars(select(ReleaseDraft)):
            value = signing.open_memory(draft.sealed_draft, "draft", draft.report, draft.quarter)["value"]
            assert draft.signed_at
            at = draft.signed_at.astimezone(UTC).isoformat()
            draft.signature = crypto.sign(private, rules.signed_message(value, "statistician", "MOLSA", at))
        session.execute(update(Member).where(Member.login == "molsa.statistician").values(sign_public=public))
    refuses(rules.BrokenSignature, reports.countersign, "ra.duty_officer")


def test_the_time_of_a_draft_that_was_moved_by_hand_is_not_sealed(closed: Flask) -> None:
    reports.sign(Q2, by=factories.actor("molsa.statistician"))
    with transaction() as session:
        draft = session.scalars(select(ReleaseDraft).where(ReleaseDraft.report == "ix")).one()
        draft.signed_at = draft.signed_at - timedelta(days=1)  # type: ignore[operator]
    refuses(rules.BrokenSignature, reports.countersign, "ra.duty_officer")


@pytest.mark.slow
def test_signatures_from_before_times_were_signed_stay_good_and_say_so(closed: Flask) -> None:
    """A statistician signed the draft with the version before this one; and a release that was sealed with it."""
    reports.sign(Q2, by=factories.actor("molsa.statistician"))
    by = factories.actor("molsa.statistician")
    with transaction() as session:
        for draft in session.scalars(select(ReleaseDraft)):
            value = signing.open_memory(draft.sealed_draft, "draft", draft.report, draft.quarter)["value"]
            draft.signature, _ = signing.sign_as(by, rules.canonical(value))
    reports.countersign(Q2, by=factories.actor("ra.duty_officer"))
    value = json.loads(store.release_file(Q2, "json", by=RELEASE))
    assert reports.is_genuine(value)
    assert reports.without_time(value) == ["statistician"]
    server = value["signatures"][0]
    old = {**server, "over": rules.SIGNED_OVER, "signature": signing.sign_release(rules.canonical(value)).hex()}
    before = {**value, "signatures": [old, *value["signatures"][1:]]}
    assert reports.is_genuine(before)
    assert reports.without_time(before) == ["server", "statistician"]
    assert not reports.is_genuine({**value, "signatures": [{**old, "over": server["over"]}, *value["signatures"][1:]]})


# Whose key it was at that hour


def began_anew(login: str, colleague: str) -> None:
    """They lost password and code: other keys from now on, which a colleague put into the key log."""
    member = account_rows.member_by_login(login)
    assert member
    token = beginning_anew.begin_again(member_id=member.id, by=factories.actor("administrator"))
    factories.later(hours=24)
    assert beginning_anew.take_effect_of_anew(by=Actor.system("tend")) == 1
    factories.join(token)
    factories.confirm(login, by=factories.actor(colleague), second=factories.actor("molsa.focal_point"))


def test_a_draft_holds_that_was_signed_with_the_key_of_its_hour(closed: Flask) -> None:
    """The statistician signed, and began anew before the other office did: the signature is as good as before."""
    reports.sign(Q2, by=factories.actor("molsa.statistician"))
    factories.later(hours=2)
    began_anew("molsa.statistician", "molsa.reader")
    assert reports.countersign(Q2, by=factories.actor("ra.duty_officer"))
    value = json.loads(store.release_file(Q2, "json", by=RELEASE))
    assert reports.is_genuine(value)


def test_a_release_stays_genuine_when_who_signed_has_left_and_a_key_is_none_before_and_after_its_time(
    closed: Flask,
) -> None:
    before = factories.actor("molsa.statistician")
    accommodated.sign(Q2, by=before)
    value = json.loads(store.release_file(Q2, "json", by=RELEASE))
    founded = datetime.now(UTC)  # the log of the instance that tests copy begins there, whatever day the test has
    clock.set_clock(lambda: founded + timedelta(hours=9))
    began_anew("molsa.statistician", "molsa.reader")
    assert reports.is_genuine(value)
    # The key of before signs nothing later, and that of now nothing earlier, whatever hour stands beside it.
    (old,) = (each for each in value["signatures"] if each["signer"] == "statistician")
    others = [each for each in value["signatures"] if each is not old]
    earlier, later = ((founded + timedelta(hours=n)).replace(microsecond=0).isoformat() for n in (4, 36))
    for by, at in ((before, later), (factories.actor("molsa.statistician"), earlier)):
        assert by.keys is not None
        message = rules.signed_message(value, "statistician", "MOLSA", at)
        public = crypto.verifying_key_of(by.keys.sign_private)
        forged = rules.signature_of("statistician", "MOLSA", at, public, crypto.sign(by.keys.sign_private, message))
        assert reports.is_signed_by({**value, "signatures": [forged]}, [public])  # a right signature
        assert not reports.is_genuine({**value, "signatures": [*others, forged]}), at
    now = factories.actor("molsa.statistician").keys
    assert now is not None
    signature = crypto.sign(now.sign_private, rules.signed_message(value, "statistician", "MOLSA", later))
    public = crypto.verifying_key_of(now.sign_private)
    right = rules.signature_of("statistician", "MOLSA", later, public, signature)
    assert reports.is_genuine({**value, "signatures": [*others, right]})


def test_a_key_that_only_a_row_gives_an_office_signs_no_release(closed: Flask) -> None:
    """Who writes to the main database makes a case worker a statistician of the ministry, or gives one another key."""
    accommodated.sign(Q2, by=factories.actor("molsa.statistician"))
    value = json.loads(store.release_file(Q2, "json", by=RELEASE))
    worker = factories.actor("vatra.case_worker")
    private, public = crypto.signing_pair()
    with transaction() as session:
        molsa = session.scalars(select(Member.organisation_id).where(Member.login == "molsa.statistician")).one()
        session.execute(
            update(Member).where(Member.id == worker.member_id).values(role="statistician", organisation_id=molsa)
        )
        session.execute(
            update(Member).where(Member.login == "molsa.reader").values(role="statistician", sign_public=public)
        )
    assert worker.keys is not None
    others = [each for each in value["signatures"] if each["signer"] != "statistician"]
    at = value["released_at"]
    for key in (worker.keys.sign_private, private):
        own = crypto.verifying_key_of(key)
        message = rules.signed_message(value, "statistician", "MOLSA", at)
        forged = rules.signature_of("statistician", "MOLSA", at, own, crypto.sign(key, message))
        assert own not in {each for each, *_ in reports.public_keys()}
        assert not reports.is_genuine({**value, "signatures": [*others, forged]})


def test_a_draft_that_somebody_of_another_role_signed_is_not_sealed(closed: Flask) -> None:
    """The row says that the case worker signed it, and they did, with their own key and the hour in it."""
    reports.sign(Q2, by=factories.actor("molsa.statistician"))
    worker = factories.actor("vatra.case_worker")
    with transaction() as session:
        for draft in session.scalars(select(ReleaseDraft)):
            value = signing.open_memory(draft.sealed_draft, "draft", draft.report, draft.quarter)["value"]
            assert draft.signed_at
            at = draft.signed_at.astimezone(UTC).isoformat()
            draft.signature = signing.sign_as(worker, rules.signed_message(value, "statistician", "VATRA", at))[0]
            draft.signer_id = worker.member_id
    refuses(rules.BrokenSignature, reports.countersign, "ra.duty_officer")
