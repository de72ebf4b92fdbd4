"""Agencies file their tables: by form and by file, signed, corrected, sealed where they speak of people, and joined."""

from __future__ import annotations

import csv
import io
import json
import re
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import date
from html import unescape
from pathlib import Path
from typing import Any

import openpyxl
import pypdf
import pytest
from flask import Flask
from sqlalchemy import delete, func, select, update

from nrm.actions.reports import filings, joint_report, reports
from nrm.db import db, disconnect, transaction
from nrm.domain.accounts.accounts import PERMISSIONS, Actor, NotPermitted, NotVisible, Permission, Role
from nrm.domain.quarters import Quarter
from nrm.domain.reports import file_signatures, report_list
from nrm.domain.reports import filings as rules
from nrm.domain.reports import register as register_rules
from nrm.domain.reports import reports as report_rules
from nrm.domain.reports.contributions import PartsOutstanding
from nrm.domain.reports.filings import Missing
from nrm.domain.reports.register import Answer, JointMade
from nrm.models.audit import AuditEntry
from nrm.models.reports.filings import Filing
from nrm.models.reports.reports import Release, ReleaseFile
from nrm.models.shelter.cases import SealedCompartment
from nrm.render import joint_report as render
from nrm.render.pdf import to_pdf
from nrm.render.sheets import csv_bytes, xlsx_bytes
from nrm.statistics import release as statistics
from nrm.steps.reports import release_building
from nrm.store.countries import country
from nrm.store.reports import register as store
from nrm.store.reports import reports as report_store
from nrm.vault import filings as vault
from nrm.vault import shredding, sweeping
from tests import accessible, accommodated, factories, printed
from tests import factories_filings as filed
from tests.conftest import Command, Person, papers
from tests.published import FORMATS

Q1, Q2 = Quarter(2026, 1), Quarter(2026, 2)
EARLY, TODAY = date(2026, 7, 10), date(2026, 7, 20)
RELEASE = Actor.system("release")
SignIn = Callable[[str], Person]


@pytest.fixture
def begun(app: Flask) -> Flask:
    """The second quarter of 2026 is over, its tables are not due yet; the first is late."""
    filed.begin(EARLY)
    return app


def hidden(page: str) -> dict[str, object]:
    """The fields that a page carries on, but for the token."""
    found = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', page)
    return {name: unescape(value) for name, value in found if name not in ("csrf_token", "hidden_at")}


def messages(page: str) -> list[str]:
    """What the summary of errors says."""
    return [unescape(text) for text in re.findall(r'<li><a href="#[^"]+">([^<]+)</a></li>', page)]


def test_a_table_is_filed_by_form_read_once_more_signed_and_corrected(begun: Flask, sign_in: SignIn) -> None:
    focal = sign_in("mopo.focal_point")
    home = focal.get("/?lang=en")
    assert "Arrests by charge" in home
    assert "97 days late" not in home  # of the quarter that is not due
    assert "Convictions" not in home  # another agency's
    page = focal.post("/register/2026Q2/arrests?lang=en", {"r0c0": "7"}, status=422)
    assert messages(page) == ["Choose what you report for this quarter"]
    assert 'value="7"' in page  # what was typed is kept
    typed = {"answer": "figures", "empty_zero": "y", "r0c0": "7", "r0c1": "2", "tc0": "8", "r1c2": "nr", "r2c2": "na"}
    page = focal.post("/register/2026Q2/arrests?lang=en", typed, status=422)
    assert messages(page) == ["Total, Arrested: Correct the total or a part: the total says 8, the parts add up to 7"]
    assert 'aria-invalid="true"' in page
    page = focal.post("/register/2026Q2/arrests?lang=en", {**typed, "tc0": "7"}, status=200)
    assert all(text in page for text in ("Check and sign", "no report", "does not apply"))
    assert "<td>7<" in page.replace("\n", "")  # this total is whole
    assert page.count("without “no report”") == 1  # that of its column
    again = focal.post("/register/2026Q2/arrests?lang=en", {**hidden(page), "change": "1"}, status=200)
    assert 'value="7"' in again
    address = focal.post("/register/2026Q2/arrests/sign", hidden(page))
    assert focal.post("/register/2026Q2/arrests/sign", hidden(page)) == address  # pressed twice, filed once
    row = db.session.scalars(select(Filing)).one()
    assert row.content is not None
    figures = rules.figures_of(row.content.encode(), country().register.tables["arrests"])
    assert figures[0] == (7, 2, 0)
    assert (figures[1][2], figures[2][2]) == (Missing.NO_REPORT, Missing.NOT_APPLICABLE)
    shown = focal.get(address + "?lang=en")
    assert "Ministry of Public Order" in shown
    assert "Correct it" in shown

    # A correction begins with what was filed, without an answer, and nothing is late any more.
    begins = focal.get("/register/2026Q2/arrests?lang=en")
    assert re.findall(r'name=(r0c0|r1c2) value="([^"]+)"', begins) == [("r0c0", "7"), ("r1c2", "nr")]
    assert "checked" not in begins
    assert "late" not in begins.partition("Due on")[2].partition("</div>")[0]
    page = focal.post("/register/2026Q2/arrests", {"answer": "zero"}, status=200)
    corrected = focal.post("/register/2026Q2/arrests/sign", hidden(page))
    db.session.rollback()
    first, second = db.session.scalars(select(Filing).order_by(Filing.position))
    assert (second.replaces_id, second.answer, second.content) == (first.id, "zero", None)
    assert "see what holds now" in focal.get(address + "?lang=en")
    assert "Everything that was filed" in focal.get(corrected + "?lang=en")
    events = db.session.scalars(select(AuditEntry.details).where(AuditEntry.event == "table_filed")).all()
    assert [json.loads(text)["position"] for text in events] == [1, 2]
    assert [json.loads(text)["digest"] for text in events] == [first.digest.hex(), second.digest.hex()]


@pytest.mark.slow
@pytest.mark.parametrize("ending", ["csv", "xlsx"])
def test_a_table_is_filed_by_file_and_what_is_wrong_in_it_is_named_by_cell(
    begun: Flask, sign_in: SignIn, ending: str
) -> None:
    focal = sign_in("gpo.focal_point")
    content = focal.client.get(f"/register/2026Q2/officials_prosecuted/template.{ending}?lang=en").data
    assert (
        content == focal.client.get(f"/register/2026Q2/officials_prosecuted/template.{ending}?lang=en").data
        or ending == "xlsx"
    )
    table = country().register.tables["officials_prosecuted"]
    rows = rules.template(table, "2026Q2", "en", "Total")
    if ending == "csv":
        assert content == csv_bytes(rows)
    for row in rows[3:]:
        row[2:] = ["1"] * 4
    rows[-1][2:] = ["5", "5", "", "5"]

    def send(status: int) -> str:
        raw = csv_bytes(rows) if ending == "csv" else xlsx_bytes(rows, title="t")
        data = {"csrf_token": focal.csrf_token, "file": (io.BytesIO(raw), "any name")}
        answer = focal.client.post("/register/2026Q2/officials_prosecuted/upload?lang=en", data=data)
        assert answer.status_code == status, answer.text[:2000]
        return answer.text

    good = send(200)
    rows[4][2], rows[-1][2], rows[5][0] = "=2", "9", "people"
    assert messages(send(422)) == [
        "cell A6: Take out `people`: it is no code of this table",
        "Add the line `prosecutor`: it is missing",
    ]
    rows[5][0] = "prosecutor"
    page = send(422)
    formula = "Enter the number itself: this cell holds a formula"
    said = formula if ending == "csv" else "Enter a whole number in figures, without signs, points or blanks"
    assert messages(page)[0] in (
        f"Other police, Arrested (cell C5): {formula}",
        f"Other police, Arrested (cell C5): {said}",
    )
    rows[4][2] = "1"
    assert messages(send(422)) == [
        "Total, Arrested (cell C9): Correct the total or a part: the total says 9, the parts add up to 5"
    ]
    assert 'value="9"' in send(422)
    focal.post("/register/2026Q2/officials_prosecuted/sign", hidden(good))
    assert db.session.scalars(select(Filing.content)).one() == "[[1,1,1,1],[1,1,1,1],[1,1,1,1],[1,1,1,1],[1,1,1,1]]"


def test_three_answers_in_words_are_three_things_everywhere(begun: Flask, sign_in: SignIn) -> None:
    for code, answer in (("tims", Answer.ZERO), ("sanctions", Answer.NO_REPORT), ("operations", Answer.NOT_APPLICABLE)):
        filed.file(code, Q2, answer)
    register = sign_in("oms.coordinator").get("/register?lang=en")
    cells = re.findall(r">(Zero|No report|Does not apply|Filed)<span", register)
    assert sorted(cells) == ["Does not apply", "No report", "Zero"]
    with pytest.raises(ValueError, match="figures belong"):
        filings.file(
            filing_id=uuid.uuid4(),
            code="arrests",
            quarter=Q2,
            answer=Answer.ZERO,
            figures=filed.figures("arrests"),
            seen=None,
            by=factories.actor("mopo.focal_point"),
        )


def test_another_agencys_focal_point_finds_nothing_there(begun: Flask, sign_in: SignIn) -> None:
    filing_id = filed.file("arrests", Q2)
    stranger = sign_in("moj.focal_point")
    for address in (
        "/register/2026Q2/arrests",
        "/register/2026Q2/arrests/template.csv",
        f"/register/filings/{filing_id}",
        f"/register/filings/{uuid.uuid4()}",
        "/register/2026Q2/nothing",
    ):
        stranger.get(address, status=404)
    for address in ("", "/upload", "/sign"):
        stranger.post(f"/register/2026Q2/arrests{address}", {"answer": "zero", "id": str(uuid.uuid4())}, status=404)
    assert "Arrests by charge" not in stranger.get("/register?lang=en")
    for login in ("moj.focal_point", "molsa.focal_point"):
        with pytest.raises(NotVisible):
            store.filing(filing_id, by=factories.actor(login))
    for login in ("oms.reader", "nrc.shelter_manager", "administrator", "oms.coordinator"):
        with pytest.raises(NotPermitted):
            store.matrix("arrests", by=factories.actor(login))


def test_a_focal_point_opens_no_case_and_belongs_to_an_office_that_holds_no_key(app: Flask) -> None:
    assert PERMISSIONS[Role.FOCAL_POINT] == {Permission.REGISTER_FILE, Permission.REGISTER_READ}
    for agency in country().register.agencies:
        assert not country().organisations[agency].kind.holds_keys
    keys = factories.actor("mopo.focal_point").keys
    assert keys is not None
    assert keys.keyrings == {}


def test_what_is_not_over_cannot_be_filed_and_a_colleagues_filing_is_not_overwritten(
    begun: Flask, sign_in: SignIn
) -> None:
    focal = sign_in("mopo.focal_point")
    for quarter in ("2026Q3", "2025Q4", "2005Q1"):
        focal.get(f"/register/{quarter}/arrests", status=404)
    for quarter in ("2026q2", "2026Q5", "xxxxxx"):
        focal.get(f"/register/{quarter}/arrests", status=404)
    page = focal.post("/register/2026Q2/arrests", {"answer": "zero"}, status=200)
    filed.file("arrests", Q2)
    page = focal.post("/register/2026Q2/arrests/sign?lang=en", hidden(page), status=409)
    assert "A colleague filed this table in the meantime" in page
    assert db.session.scalar(select(func.count()).select_from(Filing)) == 1


def test_a_filing_that_was_changed_by_hand_is_not_shown(begun: Flask, sign_in: SignIn) -> None:
    filing_id = filed.file("arrests", Q2)
    coordinator = sign_in("oms.coordinator")
    coordinator.get(f"/register/filings/{filing_id}")
    content = rules.canonical(filed.figures("arrests", 2)).decode()
    for change in ({"content": content}, {"answer": "zero", "content": None}, {"quarter": "2026Q1"}):
        before = db.session.get_one(Filing, filing_id)
        kept = {name: getattr(before, name) for name in change}
        with transaction() as session:
            session.execute(update(Filing).values(**change))
        db.session.expire_all()
        coordinator.get(f"/register/filings/{filing_id}", status=404)
        with transaction() as session:
            session.execute(update(Filing).values(**kept))
        db.session.expire_all()
    coordinator.get(f"/register/filings/{filing_id}")


# Figures about people


def test_figures_about_people_are_sealed_when_they_are_filed_and_nobody_reads_them(
    begun: Flask, sign_in: SignIn
) -> None:
    filing_id = filed.file("victims", Q2, of=filed.planted())
    row = db.session.get_one(Filing, filing_id)
    assert (row.answer, row.content) == ("sealed", None)
    for login in ("mopo.focal_point", "molsa.statistician", "oms.coordinator"):
        page = sign_in(login).get(f"/register/filings/{filing_id}?lang=en")
        assert "sealed" in page
        assert not filed.leaks(page)
        assert "<table" not in page
        with pytest.raises(NotPermitted):
            vault.open_sealed(db.session(), row, by=factories.actor(login))
        with pytest.raises(NotPermitted):
            store.filed_for("victims", report_rules.Window(Q1, Q2), by=factories.actor(login))
    assert filed.leaks(f"<td>{filed.PLANTED[0]}<td>")
    value = vault.open_sealed(db.session(), row, by=RELEASE)
    assert value["figures"][0] == list(filed.PLANTED)
    db.session.rollback()
    folder: Path = begun.extensions["nrm.config"].directory
    for path in (folder / "main.db", folder / "main.db-wal", folder / "shred.db"):
        if path.exists():
            assert b"317,421" not in path.read_bytes()


def test_that_nobody_was_there_is_sealed_too_and_looks_like_any_other_filing(begun: Flask, sign_in: SignIn) -> None:
    ids = [filed.file("victims", Q1, Answer.ZERO), filed.file("victims", Q2, of=filed.planted())]
    sizes = {len(db.session.get_one(SealedCompartment, (each, "filed")).sealed_value) for each in ids}
    assert len(sizes) == 1
    page = sign_in("oms.coordinator").get("/register?lang=en")
    assert re.findall(r">(Zero|Filed)<span", page) == ["Filed", "Filed"]


def test_a_correction_destroys_what_was_wrong_about_people(begun: Flask) -> None:
    first = filed.file("victims", Q2, of=filed.planted())
    sealed = db.session.get_one(SealedCompartment, (first, "filed"))
    kept = (sealed.sealed_value, shredding.shred_key(first, "filed", 1))
    assert kept[1] is not None
    filed.file("victims", Q2, seen=first)
    db.session.expire_all()
    assert db.session.get(SealedCompartment, (first, "filed")) is None
    assert shredding.shred_key(first, "filed", 1) is None
    assert shredding.missing() == 0
    assert sweeping.sweep() == 0


def test_sealed_figures_that_were_swapped_or_taken_from_another_filing_are_not_counted(begun: Flask) -> None:
    one, other = filed.file("victims", Q1), filed.file("victims", Q2)
    with transaction() as session:
        value = session.get_one(SealedCompartment, (other, "filed")).sealed_value
        session.execute(update(SealedCompartment).where(SealedCompartment.case_id == one).values(sealed_value=value))
    db.session.expire_all()
    with pytest.raises(vault.CannotOpen):
        vault.open_sealed(db.session(), db.session.get_one(Filing, one), by=RELEASE)


def test_closing_a_quarter_waits_for_tables_about_people_until_they_are_due(begun: Flask, sign_in: SignIn) -> None:
    accommodated.confirm(Q2)
    with pytest.raises(PartsOutstanding) as caught:
        reports.close(Q2, by=factories.actor("molsa.statistician"))
    assert caught.value.codes == ("MOPO",)
    page = sign_in("molsa.statistician").post("/reports/ix/2026Q2/close?lang=en", status=409)
    assert "Ministry of Public Order" in page
    filed.file("victims", Q2)
    assert store.awaited(Q2, by=factories.actor("molsa.statistician")) == ()


@pytest.mark.slow
def test_the_attack_on_report_vi_reads_what_the_police_filed_on_the_same_quarters(
    begun: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    filed.file("victims", Q1, of=filed.planted())
    filed.file("victims", Q2, of=filed.planted())
    statistician, given = factories.actor("molsa.statistician"), []
    made = statistics.make

    def listen(*arguments: Any, **named: Any) -> Any:
        given.append(named["linked_reports"])
        return made(*arguments, **named)

    monkeypatch.setattr(statistics, "make", listen)
    filed.begin(TODAY)
    for report in ("vi", "victims", "vi"):
        reports._release(report_list.BY_NAME[report], Q2, statistician, lambda _: None)
        with transaction() as session:  # so that it is asked again
            session.execute(delete(AuditEntry).where(AuditEntry.event == "quarter_waits"))
    assert given[:2] == [[], []]
    (linked,) = given[2]
    ((table_set, figures),) = linked.releases
    assert (linked.link.report, linked.link.there) == ("victims", {"victim_status": ("witness", "protected_witness")})
    assert "victim_status" in table_set.dimensions
    assert abs(figures[()] - 2 * sum(filed.PLANTED)) <= 4
    assert {figure % 5 for figure in figures.values()} == {0}
    one_quarter = report_rules.Window(Q2, Q2)
    assert release_building._linked_reports(country().tables["vi"], one_quarter) == []


# Publishing


@pytest.fixture(scope="module")
def joint_template(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two quarters filed, the second closed, signed, and joined; made once and copied."""
    folder = tmp_path_factory.mktemp("joint") / "instance"
    with papers(to_pdf), factories.copy_instance(template, folder).app_context():
        filed.begin(EARLY)
        few = (*((2, 1, 0, 3) for _ in range(12)), *rules.zeros(country().register.tables["victims"])[12:])
        filed.file("victims", Q1, of=few)
        filed.file("victims", Q2, of=filed.planted())
        for code, table in country().register.tables.items():
            words = {"tims": Answer.ZERO, "sanctions": Answer.NO_REPORT, "vatc": Answer.NOT_APPLICABLE}
            if code not in ("victims", "courts"):
                of = filed.figures(code, 7)
                if code == "assistance":
                    of = ((Missing.NO_REPORT, *of[0][1:]), *of[1:])
                filed.file(code, Q2, words.get(code, Answer.FIGURES), of=of)
            assert table.code == code
        filed.begin(TODAY)
        accommodated.many(30, seed=3, months=(date(2026, 4, 1), date(2026, 6, 20)))
        accommodated.confirm(Q2)
        outcome = reports.close(Q2, by=factories.actor("molsa.statistician"))
        assert isinstance(outcome, reports.Closed)
        assert set(outcome.others) >= {"victims"}
        accommodated.sign(Q2, by=factories.actor("molsa.statistician"))
        joint_report.make(Q2, by=factories.actor("oms.coordinator"))
        db.session.remove()
    return folder


@pytest.fixture
def joint(joint_template: Path, tmp_path: Path) -> Iterator[Flask]:
    app = factories.copy_instance(joint_template, tmp_path / "joint")
    with app.app_context():
        filed.begin(TODAY)
        yield app
        disconnect()


def test_a_total_over_a_line_without_a_report_says_so_in_the_joint_report_too(joint: Flask) -> None:
    """A minister quoted 5 as the whole, where one country gave no report."""
    table = country().register.tables["assistance"]
    for language, words in (("en", "it is not the whole"), ("sq", "nuk është e tërë shuma")):
        page = report_store.release_file(Q2, f"html.{language}", by=RELEASE, report="joint").decode()
        assert re.findall(r"<td>([0-9]+)\*", page) == [str(7 * (len(table.lines) - 1))]
        assert page.count(words) == 1
    assert b"in no total" in report_store.release_file(Q2, "csvw", by=RELEASE, report="joint")


def value_of(report: str) -> dict[str, object]:
    found: dict[str, object] = json.loads(report_store.release_file(Q2, "json", by=RELEASE, report=report))
    return found


def test_filed_figures_about_people_leave_rounded_with_two_signatures_and_are_destroyed(joint: Flask) -> None:
    value = json.loads(report_store.release_file(Q2, "json", by=RELEASE, report="victims"))
    assert value["quarters"] == ["2026Q1", "2026Q2"]
    assert {row["value"] % 5 for table in value["tables"] for row in table["rows"]} == {0}
    totals = [
        row["value"]
        for table in value["tables"]
        for row in table["rows"]
        if set(row.values()) - {row["value"]} == {"*"}
    ]
    assert set(totals) == {totals[0]}
    assert abs(totals[0] - (sum(filed.PLANTED) + 72)) <= 4
    assert reports.is_genuine(value)
    assert reports.check(by=RELEASE) == []
    assert db.session.scalar(select(func.count()).where(SealedCompartment.compartment == "filed")) == 0
    for row in db.session.scalars(select(Filing).where(Filing.matrix == "victims")):
        assert shredding.shred_key(row.id, "filed", 1) is None
        vault.check(row)  # who filed it, and that, is signed for ever
    # No child returned, so nothing is said of them.
    with pytest.raises(NotVisible):
        report_store.release(Q2, by=RELEASE, report="children")


@pytest.mark.slow
def test_a_joint_report_that_another_hand_took_out_is_not_made_once_more(joint: Flask) -> None:
    """The figures that were filed are destroyed once it is sealed: a second one would say something else."""
    made = select(Release.id).where(Release.report == "joint")
    with transaction() as session:
        session.execute(delete(ReleaseFile).where(ReleaseFile.release_id.in_(made)))
        session.execute(delete(Release).where(Release.report == "joint"))
    with pytest.raises(report_rules.ReleasesGone, match="2026Q2"):
        joint_report.make(Q2, by=factories.actor("oms.coordinator"))
    person = Person(joint.test_client(), "oms.coordinator")
    page = person.post("/register/joint/2026Q2/make?lang=en", {}, 409)
    assert "Sealed reports of these quarters were taken out of the database by another hand" in page


def test_no_figure_that_was_filed_about_people_stands_in_anything_the_ministry_can_read(joint: Flask) -> None:
    """G1, over every page and file that its accounts reach from their home pages."""
    seen: dict[str, str] = {}
    for login in ("molsa.statistician", "oms.coordinator", "oms.reader", "mopo.focal_point"):
        person = Person(joint.test_client(), login)
        waiting = ["/", "/register", "/register/joint/2026Q2"]
        mine: set[str] = set()
        while waiting:
            address = waiting.pop()
            if address in mine or not address.startswith(("/register", "/reports", "/")):
                continue
            mine.add(address)
            answer = person.client.get(address)
            text = answer.text if "pdf" not in address and "xlsx" not in address else ""
            assert not filed.leaks(text), (login, address)
            seen[address] = login
            if answer.mimetype == "text/html" and len(mine) < 60:
                found = re.findall(r'href="(/(?:register|reports)[^"#?]*)"', text)
                waiting += [each for each in found if "/trend" not in each]
    assert any(address.endswith(".json") for address in seen)
    assert any("filings" in address for address in seen)


def test_the_joint_report_says_of_each_requirement_what_is_there_in_figures_or_in_words(joint: Flask) -> None:
    value = json.loads(report_store.release_file(Q2, "json", by=RELEASE, report="joint"))
    assert [each["number"] for each in value["requirements"]] == [*range(1, 12)]
    states = {part["table"]: part["state"] for each in value["requirements"] for part in each["parts"]}
    assert states == {
        "arrests": "filed", "prosecutions": "filed", "judgments": "filed", "victims": "released",
        "sanctions": "no_report", "customs_sanctions": "filed", "officials_prosecuted": "filed",
        "vatc": "not_applicable", "operations": "filed", "tims": "zero", "assistance": "filed",
        "vi": "held", "courts": "late", "ix": "released", "x": "released", "children": "held",
    }  # fmt: skip
    tables = {table["name"]: table for table in value["tables"]}
    (total,) = [row for row in tables["arrests"]["rows"] if row["charge"] == "*" and row["arrest"] == "arrested"]
    assert total["value"] == 7 * 6
    assert not any(name in tables for name in ("tims", "victims", "vatc"))
    of_release = json.loads(report_store.release_file(Q2, "json", by=RELEASE, report="ix"))
    for table in of_release["tables"]:
        if len(table["dimensions"]) <= 2:
            assert tables[f"ix:{table['name']}"]["rows"] == table["rows"]
    protected = [row["value"] for name, table in tables.items() if ":" in name for row in table["rows"]]
    assert protected
    assert {number % 5 for number in protected if number is not None} == {0}
    assert reports.is_genuine(value)
    assert {each["signer"] for each in value["signatures"]} == {"server", "coordinator"}
    for each in value["signatures"]:
        rest = [other for other in value["signatures"] if other is not each]
        assert not reports.is_genuine({**value, "signatures": rest})


@pytest.mark.parametrize("language", ["sq", "en"])
def test_the_printed_joint_report_is_tagged_speaks_its_language_and_says_who_signed(
    joint: Flask, language: str
) -> None:

    content = report_store.release_file(Q2, f"pdf.{language}", by=RELEASE, report="joint")
    accessible.check(content, language)
    pdf = pypdf.PdfReader(io.BytesIO(content))
    assert [*pdf.attachments] == ["joint-2026Q2.csv"]
    text = " ".join(page.extract_text() for page in pdf.pages)
    words = {
        "sq": (
            "Zero: institucioni",
            "Pa raport:",
            "Nuk zbatohet:",
            "Me vonesë:",
            "Pezull:",
            "Ministria e Rendit Publik",
        ),
        "en": (
            "Zero: the agency",
            "No report:",
            "Does not apply:",
            "Late: nothing",
            "Held back:",
            "Ministry of Public Order",
        ),
    }[language]
    flat = " ".join(text.split())
    for each in words:
        assert each in flat, each
    for number in range(1, 12):
        assert f"{number}. " in flat
    assert not filed.leaks(flat)


def of_every_release() -> Iterator[tuple[str, dict[str, bytes], dict[str, Any]]]:
    """(report, its files, what its JSON says) of everything that is sealed in this instance."""
    for report in report_list.SEALED:
        for release in report_store.chain(by=RELEASE, report=report.name):
            yield report.name, dict(release.files), json.loads(release.files["json"])


NONE = "not_recorded"  # in the place of a figure, where nothing in the program can fill the table
STATED = {
    "zero": {"value": "0", "status": "A"},
    "no_report": {"value": "no_report", "status": "O"},
    "not_applicable": {"value": "not_applicable", "status": "M"},
    "late": {"value": "late", "status": "O"},
    "held": {"value": "held", "status": "O"},
}


@pytest.mark.slow
def test_every_report_says_the_same_in_every_format(joint: Flask) -> None:
    """Figures of JSON, CSV, workbook, page and print of every report, the joint one too."""
    seen, signs = set(), set()
    for report, files, value in of_every_release():
        seen.add(report)
        assert set(files) == set(FORMATS)
        told = [
            {
                "table": table["name"],
                "status": "A",
                **{name: str(each) for name, each in row.items() if each is not None},
                **STATED.get(row["value"], {}),
            }
            for table in value["tables"]
            for row in table["rows"] or [dict.fromkeys(table["dimensions"], "*") | {"value": NONE, "status": "L"}]
        ]
        told += [
            {"table": f"no_report_from:{code}", "value": "no_report", "status": "O"}
            for code in value.get("no_report_from", ())
        ]
        parts = [part for each in value.get("requirements", ()) for part in each["parts"] if not part["printed"]]
        told += [{"table": part["table"], **STATED[part["state"]]} for part in parts]
        head, *lines = csv.reader(io.StringIO(files["csv"].decode("utf-8-sig")))
        book = openpyxl.load_workbook(io.BytesIO(files["xlsx"]))
        on_page = re.findall(r"<caption[^>]*><span>([0-9.]+?)\.? ", files["html.en"].decode())
        assert set(on_page) <= set(book.sheetnames)  # a table has one number, whatever it is read in
        sheet = book["data"]
        rows = [["" if cell is None else str(cell) for cell in line] for line in sheet.iter_rows(values_only=True)]
        assert rows == [head, *lines]
        named = [dict(zip(head[2:], line[2:], strict=True)) for line in lines]
        assert [{name: member for name, member in line.items() if member} for line in named] == told
        figures = Counter(each.get("value", "–") for each in told)
        for language in ("sq", "en"):
            page = files[f"html.{language}"].decode()
            assert len(page.encode()) < 50 * 1024  # with what stands around it, 60 KB
            cells = Counter(re.findall(r"<td[^>]*>\s*([0-9]+)\s*(?=<)", page))
            print_ = pypdf.PdfReader(io.BytesIO(files[f"pdf.{language}"]))
            text = Counter(re.findall(r"[0-9]+", " ".join(each.extract_text() for each in print_.pages)))
            assert cells.keys() <= figures.keys(), report
            assert not cells - figures, report
            assert not cells - text, report
            on_paper = [
                cell
                for table in printed.tables(files[f"pdf.{language}"])
                for row in table
                for cell in row
                if not cell.endswith("%")
            ]
            # Cell by cell, with dashes and words where there is no figure.
            on_page = [" ".join(unescape(cell).split()) for cell in re.findall(r"<td[^>]*>([^<]*)", page)]
            assert on_paper == [cell for cell in on_page if not cell.endswith("%")], report
            signs.update(on_paper)
            if value["tables"][0]["dimensions"]:
                assert cells.total() > 10
            assert next(iter(print_.attachments.values())) == [files["csv"]]
    assert seen >= {"ix", "x", "victims", "joint"}
    assert signs >= {"0", "5", "10"}


def test_every_print_is_tagged_and_says_in_words_what_its_pictures_show(joint: Flask) -> None:
    for report, files, value in of_every_release():
        is_total = all(not table["dimensions"] for table in value.get("tables", ()))
        for language in ("sq", "en"):
            _, document = accessible.check(files[f"pdf.{language}"], language)
            tags = Counter(each.kind for each in document.all())
            assert tags["H1"] == 1, (report, tags)
            assert tags["TH"] > 0 or is_total, (report, tags)


def test_what_the_csv_means_goes_with_every_report_and_is_signed(joint: Flask) -> None:
    for report, files, _ in of_every_release():
        described = json.loads(files["csvw"])
        assert file_signatures.describes(files["csvw"], files["csv"])
        assert reports.carries_signature(files["csvw"], [reports.public_key()])
        columns = {column["name"]: column for column in described["tableSchema"]["columns"]}
        head = files["csv"].decode("utf-8-sig").split("\r\n", 1)[0].split(",")
        assert head == [name for name, column in columns.items() if not column.get("virtual")]
        notation = "http://www.w3.org/2004/02/skos/core#notation"
        names = {column[notation] for column in columns.values() if notation in column}
        assert names >= {"TIME_PERIOD", "OBS_VALUE", "REF_AREA", "OBS_STATUS"}
        assert columns["REF_AREA"]["default"] == "AL"
        lines = csv.DictReader(io.StringIO(files["csv"].decode("utf-8-sig")))
        values = {int(text) if (text := line["value"]).isdigit() else text for line in lines if line["value"]}
        kind = columns["value"]["datatype"]
        assert (kind["base"] == "string") == any(isinstance(each, str) for each in values), report
        if kind["base"] == "string":
            assert all(re.fullmatch(kind["format"], str(each)) for each in values)


def test_the_joint_report_is_made_once_gives_the_same_bytes_for_ever_and_ends_the_quarter(
    joint: Flask, command: Command, tmp_path: Path
) -> None:
    reader = Person(joint.test_client(), "oms.reader")
    first = {
        ending: reader.client.get(f"/register/joint/2026Q2.{ending}").data
        for ending in ("pdf", "csv", "csv-metadata.json", "xlsx", "json")
    }
    assert all(first.values())
    with pytest.raises(JointMade):
        joint_report.make(Q2, by=factories.actor("oms.coordinator"))
    for ending, content in first.items():
        assert reader.client.get(f"/register/joint/2026Q2.{ending}?lang=en").data == content
    assert "Joint report of all requirements" in reader.get("/?lang=en")
    focal = Person(joint.test_client(), "mopo.focal_point")
    assert "This quarter is closed" in focal.get("/register/2026Q2/arrests?lang=en", status=409)
    focal.post("/register/2026Q2/arrests/sign", {"answer": "zero", "id": str(uuid.uuid4()), "seen": ""}, status=409)
    code, out, _ = command(joint, "report", "joint", "--quarter", "2026Q2", "--as", "oms.reader", "--format", "pdf")
    assert (code, out) == (0, first["pdf"])
    kept = tmp_path / "joint.json"
    kept.write_bytes(first["json"])
    assert command(joint, "report", "verify", str(kept))[0] == 0
    kept.write_bytes(first["json"].replace(b'"value": 42', b'"value": 43', 1))
    assert command(joint, "report", "verify", str(kept))[0] == 1
    assert reports.check(by=RELEASE) == []
    with transaction() as session:
        session.execute(update(Release).where(Release.report == "joint").values(released_at=Release.released_at))
    assert command(joint, "report", "joint", "--quarter", "2026Q1", "--as", "oms.reader")[0] == 3


@pytest.mark.slow
def test_the_joint_report_is_made_behind_the_page_that_asks_for_it(
    joint: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    with transaction() as session:
        session.execute(update(Release).where(Release.report == "joint").values(report="kept", quarter="2026Q1"))
    begin, made = threading.Event(), joint_report.make

    def slow(quarter: Quarter, *, by: Actor) -> None:
        begin.wait(30)
        made(quarter, by=by)

    monkeypatch.setattr(joint_report, "make", slow)
    coordinator = Person(joint.test_client(), "oms.coordinator")
    assert "was not made" in coordinator.get("/register/joint/2026Q2/in-work?lang=en")
    # Who left that page reads it on the home page, and the address of the report leads on.
    assert 'href="/register/joint/2026Q2/make">The joint report of 2026Q2 is not made yet' in coordinator.get(
        "/?lang=en"
    )
    assert coordinator.client.get("/register/joint/2026Q2").headers["Location"] == "/register/joint/2026Q2/make"
    reader = Person(joint.test_client(), "oms.reader")
    assert "The joint report of 2026Q2 is not made yet." in reader.get("/register/joint/2026Q2?lang=en", status=404)
    reader.get("/register/joint/2031Q2", status=404)
    for _ in range(2):  # pressed twice
        assert coordinator.post("/register/joint/2026Q2/make") == "/register/joint/2026Q2/in-work"
    answer = coordinator.client.get("/register/joint/2026Q2/in-work?lang=en")
    assert "is being made" in answer.text
    assert answer.headers["Refresh"] == "10"
    begin.set()
    deadline = time.monotonic() + 60
    while (answer := coordinator.client.get("/register/joint/2026Q2/in-work")).status_code == 200:
        assert time.monotonic() < deadline
        time.sleep(0.1)
    assert answer.headers["Location"] == "/register/joint/2026Q2"
    assert "is not made yet" not in coordinator.get("/?lang=en")
    assert coordinator.post("/register/joint/2026Q2/make") == "/register/joint/2026Q2/in-work"  # it is made
    assert reports.is_genuine(value_of("joint"))


def test_a_joint_report_waits_for_what_is_not_due_and_for_releases_that_are_not_sealed(
    begun: Flask, sign_in: SignIn
) -> None:
    coordinator = factories.actor("oms.coordinator")
    with pytest.raises(register_rules.JointTooEarly) as caught:
        joint_report.make(Q2, by=coordinator)
    assert {"arrests", "victims", "ix"} <= set(caught.value.names)
    page = sign_in("oms.coordinator").post("/register/joint/2026Q2/make?lang=en", status=409)
    assert "It cannot be made yet" in page
    for login in ("molsa.statistician", "oms.reader", "mopo.focal_point"):
        with pytest.raises(NotPermitted):
            joint_report.make(Q2, by=factories.actor(login))
        sign_in(login).post("/register/joint/2026Q2/make", status=403)
    filed.begin(TODAY)  # everything is late now, and the quarter is still not released
    with pytest.raises(register_rules.JointTooEarly) as caught:
        joint_report.make(Q2, by=coordinator)
    assert caught.value.names == ("ix",)


def test_the_late_list_says_what_whose_and_for_how_many_days_on_three_home_pages(begun: Flask, sign_in: SignIn) -> None:
    for login in ("oms.coordinator", "molsa.statistician"):
        page = sign_in(login).get("/?lang=en")
        assert "12 tables of the register are late" in page
        assert "Ministry of Public Order, State Police, 87 days late" in page
    assert "87 days late" in sign_in("vatc.focal_point").get("/?lang=en")
    late = store.late(by=factories.actor("oms.coordinator"))
    assert {(line.quarter, line.days_late) for line in late} == {(Q1, 87)}
    for code in country().register.tables:
        filed.file(code, Q1, Answer.NO_REPORT)
    assert store.late(by=factories.actor("oms.coordinator")) == []
    assert "late" not in sign_in("molsa.statistician").get("/?lang=en").split("Reports by quarter")[0]


def test_a_table_that_is_late_for_several_quarters_is_one_line_of_the_register(begun: Flask, sign_in: SignIn) -> None:
    filed.begin(TODAY)
    filed.file("arrests", Q2, Answer.NO_REPORT)
    page = sign_in("oms.coordinator").get("/register?lang=en")
    late = page[page.index('aria-labelledby="late"') : page.index('aria-labelledby="requirements"')]
    lines = re.findall(
        r'<tr><th scope="row">([^<]+)</th><td data-l="Quarter">([^<]+)</td>'
        r'<td data-l="Agency">[^<]+ <a href="tel:[^<]+</a></td><td class="n" data-l="Days">(\d+)</td>',
        late,
    )
    assert len(lines) == 12
    said = {name: (quarters, days) for name, quarters, days in lines}
    assert said["Arrests by charge"] == ("2026Q1", "97")
    assert said["Dismissals and sanctions"] == ("2026Q1, 2026Q2", "97")
    for code, quarter in (("arrests", Q1), ("sanctions", Q2)):
        due = country().register.tables[code].due_on(quarter)
        assert f"<small>Due on {due.day} {due:%B} {due.year}</small>" in page


def test_figures_that_break_a_rule_are_filed_with_a_reason_and_the_joint_report_prints_it(
    begun: Flask, sign_in: SignIn
) -> None:
    focal = sign_in("moj.focal_point")
    three = {"answer": "figures", "empty_zero": "y", "r0c0": "4", "r0c1": "2", "r0c3": "1", "r0c4": "1", "r0c5": "1"}
    page = focal.post("/register/2026Q2/judgments?lang=en", three, status=422)
    assert messages(page) == [
        "Trafficking in persons, Convicted: Correct it, or say below why it is so: "
        "2 is less than its parts, which are 3 together"
    ]
    assert 'name="reason"' in page
    assert 'value="4"' in page
    focal.post("/register/2026Q2/judgments?lang=en", {**three, "reason": "because"}, status=422)
    page = focal.post("/register/2026Q2/judgments?lang=en", {**three, "reason": "several"}, status=200)
    said = "The agency says why: The same person has several decisions or measures."
    assert said in page
    assert "Trafficking in persons: Convicted 2, its parts together 3" in page
    sent = hidden(page)
    focal.post("/register/2026Q2/judgments/sign", {**sent, "reason": ""}, status=422)
    address = focal.post("/register/2026Q2/judgments/sign", sent)
    assert said in focal.get(address + "?lang=en")
    row = db.session.scalars(select(Filing)).one()
    assert row.reason == "several"
    vault.check(row)
    row.reason = "as_recorded"  # the signature covers it
    with pytest.raises(vault.CannotOpen):
        vault.check(row)
    db.session.rollback()
    line = next(line for line in store.of_quarter(Q2, by=RELEASE) if line.matrix.code == "judgments")
    tables: list[dict[str, Any]] = []
    entry = joint_report._of_table(line, Q2, tables)
    assert entry["reason"] == "several"
    (printed,) = render._printed(entry, {"judgments": tables[0]}, country().register, {}, "en")
    assert printed.why == "The same person has several decisions or measures"
    assert list(printed.broken) == [("Trafficking in persons", "Convicted", 2, 3)]


def test_figures_that_break_no_rule_keep_no_reason(begun: Flask) -> None:
    judgments = country().register.tables["judgments"]
    filed.file("judgments", Q2, of=((1, 1, 1, 0, 0, 0, 0, 0), *rules.zeros(judgments)[1:]))
    assert db.session.scalars(select(Filing.reason)).one() == ""
    with pytest.raises(rules.WithoutReason):
        filed.file("judgments", Q2, reason="")


@pytest.mark.parametrize("answer", ["zero", "no_report", "not_applicable"])
def test_figures_in_the_boxes_are_not_thrown_away_by_the_wrong_answer(
    begun: Flask, sign_in: SignIn, answer: str
) -> None:
    focal = sign_in("mopo.focal_point")
    typed = {"answer": answer, "r0c0": "12"}
    for action in ("", "/sign"):
        page = focal.post(f"/register/2026Q2/victims{action}?lang=en", typed, status=422)
        assert messages(page) == ["There are figures in the boxes: choose “Figures”, or empty the boxes"]
        assert 'value="12"' in page
    assert db.session.scalar(select(func.count()).select_from(Filing)) == 0
    page = focal.post("/register/2026Q2/victims?lang=en", {"answer": answer, "r0c0": " 0 "}, status=200)
    assert "Check and sign" in page


def test_on_a_telephone_each_table_of_the_register_is_a_card(begun: Flask, sign_in: SignIn) -> None:
    assert begun
    page = sign_in("mopo.focal_point").get("/register?lang=en")
    # What a table is called, and the name of an agency, say themselves what they are.
    for name, unnamed in (("requirements", 2), ("late", 0)):
        [found] = re.findall(rf'<table class="stack">\s*<caption id="{name}">.*?</table>', page, re.DOTALL)
        rows = [re.findall(r"<td(?! colspan)[^>]*>", row) for row in found.split("</tr>")]
        assert any(rows)
        assert all(sum("data-l=" not in cell for cell in cells) == unnamed for cells in rows if cells), name
