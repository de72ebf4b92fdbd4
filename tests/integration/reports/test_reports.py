"""Report ix from the records to sealed bytes: who may ask for it, what it tells, and what it never tells."""

from __future__ import annotations

import csv
import dataclasses
import fcntl
import io
import json
import re
import shutil
import time
import uuid
from collections.abc import Callable, Mapping
from datetime import date
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import openpyxl
import pypdf
import pytest
from flask import Flask
from sqlalchemy import func, select, update

from nrm import audit, clock
from nrm.actions.reports import reports as actions
from nrm.actions.shelter import cases, corrections, stays
from nrm.countries import load
from nrm.db import db, transaction
from nrm.domain.accounts.accounts import Actor, NotPermitted, NotVisible, Role
from nrm.domain.quarters import Quarter
from nrm.domain.reports import reports as rules
from nrm.domain.reports.report_list import COUNTED, MAIN
from nrm.domain.reports.tabulation import Classification, tabulate
from nrm.domain.shelter.closings import ReopenReason
from nrm.domain.shelter.corrections import Why
from nrm.models.audit import AuditEntry
from nrm.models.reports.reports import Release, ReleaseDraft, ReleaseFile, ReleaseMemory
from nrm.models.shelter.cases import Case
from nrm.models.shelter.places import Occupancy
from nrm.models.shelter.stays import Stay
from nrm.render import reports as render
from nrm.statistics import release as statistics
from nrm.statistics.attack import Finding
from nrm.statistics.tables import TOTAL, MalformedMicrodata
from nrm.statistics.verdicts import Refused, Verdict
from nrm.store import names
from nrm.store.accounts import accounts
from nrm.store.reports import counting
from nrm.store.reports import reports as store
from nrm.store.shelter import payment_lines
from nrm.store.shelter import places as place_store
from nrm.vault import signing
from nrm.web.reports.reports import downloads
from tests import accessible, accommodated, factories, printed
from tests.conftest import CLOSED, CLOSED_ON, Person
from tests.published import FORMATS

FIRST, SECOND = CLOSED
TODAY = CLOSED_ON
TABLES = load("albania").tables["ix"]
READERS = ("molsa.statistician", "oms.monitor", "oms.reader", "ra.duty_officer")
NEVER = ("administrator", "molsa.payment_officer", "vatra.case_worker", "rinas.border_officer", "trp_unit.trp_officer")


@pytest.fixture
def statistician(app: Flask) -> Actor:
    accommodated.at(TODAY)
    return factories.actor("molsa.statistician")


def sealed(name: str, quarter: Quarter = SECOND) -> bytes:
    return store.release_file(quarter, name, by=Actor.system("release"))


def published(quarter: Quarter = SECOND) -> dict[str, Any]:
    value: dict[str, Any] = json.loads(sealed("json", quarter))
    return value


TOO_FEW = ("cannot be said", "nuk mund të thuhet")  # in the place of a band that is too wide
NONE = "not_recorded"  # in the place of a figure, where nothing in the program can fill the table


def figures(table: Mapping[str, Any]) -> dict[tuple[str, ...], int]:
    return {tuple(row[name] for name in table["dimensions"]): row["value"] for row in table["rows"]}


class SealedPage(HTMLParser):
    """Figures of the tables of a page, percentages of the one made of them, and every other text on it."""

    def __init__(self, markup: str) -> None:
        super().__init__()
        self.tables: list[list[str]] = []
        self.unsaid = 0
        self.shares: list[str] = []
        self.texts: list[str] = []
        self.tag = ""
        self.feed(markup)

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.tag = tag
        if tag == "table":
            self.tables.append([])

    def handle_data(self, data: str) -> None:
        if not data.strip():
            return
        if data.strip() in TOO_FEW:
            self.unsaid += 1
            return
        if self.tag == "td" and data.strip().endswith("%"):
            self.shares.append(data.strip())
        elif self.tag == "td":
            self.tables[-1].append(data.strip())
        else:
            self.texts.append(data.strip())


def foreign_numerals(text: str, language: str) -> list[str]:
    """Numerals of a report's text that are neither multiples of 5 nor one of the listed exceptions."""
    days = [str(day - 1) for day in TABLES.survival.first_days.values() if day] if TABLES.survival else []
    longer = {"sq": "Më shumë se {} ditë", "en": "More than {} days"}[language]
    scale = [" ".join(days), *(longer.format(day) for day in days)]
    named = [texts[language] for dimension in TABLES.dimensions.values() for texts in dimension.labels.values()]
    labels = [label for label in named if any(sign.isdigit() for sign in label)]
    explained = {
        "sq": ("5-s", "më shumë se 4", "më shumë se 9", "0 deri në 4 persona", "0 deri në 14", "së shumti 4 më"),
        "en": ("multiple of 5", "within 4 of", "than 9 away", "0 to 4 people", "0 to 14", "at most 4 more"),
    }[language]
    text = " ".join(text.split())
    for exception in sorted(
        [*labels, *(label[:1].lower() + label[1:] for label in labels), *explained, *scale], key=len, reverse=True
    ):
        text = text.replace(exception, " ")
    text = re.sub(r"\b20\d\dQ[1-4]\b|\bII\.1\(b\)", " ", text)
    # Days and hours, months of a year, page numbers, the numbers of the tables.
    text = re.sub(r"\b\d{1,2} \w+ 20\d\d(, (ora )?\d\d:\d\d)?", " ", text)
    text = re.sub(r"\w+–\w+ 20\d\d", " ", text)
    text = re.sub(r"\b(faqja|page) \d+ (nga|of) \d+", " ", text)
    text = re.sub(r"(?<!\d)\d{1,2}\. (?=\w)", " ", text)
    return [number for number in re.findall(r"\d+", text) if int(number) % 5]


# What is published


@pytest.mark.parametrize("language", ["sq", "en"])
def test_every_numeral_of_the_page_is_a_multiple_of_5(closed: Flask, language: str) -> None:
    page = SealedPage(sealed(f"html.{language}").decode())
    shown = [cell for table in page.tables for cell in table]
    assert len(shown) > 50
    assert [cell for cell in shown if cell != "–" and int(cell) % 5] == []
    assert len(page.shares) + 3 * page.unsaid == 3 * 8  # of each length three shares, or words
    assert [share for share in page.shares if int(share.rstrip("%")) % 5] == []
    assert foreign_numerals(" ".join(page.texts), language) == []


@pytest.mark.slow
@pytest.mark.parametrize("language", ["sq", "en"])
def test_every_numeral_of_the_printed_report_is_a_multiple_of_5(closed: Flask, language: str) -> None:
    text = " ".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(sealed(f"pdf.{language}"))).pages)
    assert len(re.findall(r"\d+", text)) > 50
    assert foreign_numerals(text, language) == []


@pytest.mark.parametrize("language", ["sq", "en"])
def test_the_printed_report_keeps_what_it_claims_to_readers_of_every_kind(closed: Flask, language: str) -> None:
    pdf, document = accessible.check(sealed(f"pdf.{language}"), language)
    tables = [each for each in document.all() if each.kind == "Table"]
    assert len(tables) > len(published()["tables"]) / 2
    assert len(pdf.pages) <= 8
    assert len(pdf.attachments) == 1
    words = [str(each.raw.Alt) for each in document.all() if each.kind == "Figure"]
    assert words
    assert foreign_numerals(" ".join(words), language) == []


def test_the_search_for_foreign_numerals_finds_them() -> None:
    assert foreign_numerals("2026Q2, faqja 3 nga 7; 20 korrik 2026, ora 14:00; 1. Shtetësia 10 35", "sq") == []
    assert foreign_numerals("Persona gjithsej 37", "sq") == ["37"]


def test_every_value_of_json_and_csv_is_a_multiple_of_5(closed: Flask) -> None:
    values = [row["value"] for table in published()["tables"] for row in table["rows"]]
    rows = [row for row in csv.DictReader(io.StringIO(sealed("csv").decode("utf-8-sig"))) if row["value"] != NONE]
    assert len(values) == len(rows) > 50
    assert [value for value in values if type(value) is not int or value % 5] == []
    assert [row["value"] for row in rows if int(row["value"]) % 5] == []


@pytest.mark.slow
def test_all_formats_say_the_same(closed: Flask) -> None:
    tables = rules.filled(published())
    rows = list(csv.DictReader(io.StringIO(sealed("csv").decode("utf-8-sig"))))
    for table in tables:
        own = [row for row in rows if row["table"] == table["name"]]
        said = {tuple(row[name] for name in table["dimensions"]): int(row["value"]) for row in own}
        assert said == figures(table)
    for language in ("sq", "en"):
        page = SealedPage(sealed(f"html.{language}").decode())
        # Rows of 0 share one, and the page has its tables in another order.
        shown_tables = [each for each in page.tables if each]
        shown = [sorted(int(cell) for cell in each if cell.strip("–0")) for each in shown_tables]
        assert sorted(shown) == sorted(sorted(filter(None, figures(table).values())) for table in tables)
        on_paper = [[cell for row in table for cell in row] for table in printed.tables(sealed(f"pdf.{language}"))]
        assert [cells for cells in on_paper if not cells[0].endswith("%")] == shown_tables
        assert next(iter(pypdf.PdfReader(io.BytesIO(sealed(f"pdf.{language}"))).attachments.values())) == [
            sealed("csv")
        ]
    book = openpyxl.load_workbook(io.BytesIO(sealed("xlsx")))
    head, *lines = book["data"].iter_rows(values_only=True)
    assert [
        dict(zip(head, map(str, (cell if cell is not None else "" for cell in line)), strict=True)) for line in lines
    ] == rows


def test_all_totals_are_the_sums_of_their_parts_in_every_table(closed: Flask) -> None:
    grand_totals = set()
    for table in rules.filled(published()):
        said = figures(table)
        grand_totals.add(said[(TOTAL,) * len(table["dimensions"])])
        for key, value in said.items():
            for position, name in enumerate(table["dimensions"]):
                dimension = TABLES.dimensions[TABLES.dimensions[name].root]
                parts = dimension.top if key[position] == TOTAL else dimension.groups.get(key[position], ())
                parts = tuple(part for part in parts if (*key[:position], part, *key[position + 1 :]) in said)
                if parts:
                    assert value == sum(said[(*key[:position], part, *key[position + 1 :])] for part in parts), key
    assert len(grand_totals) == 1


def test_the_opening_is_the_closing_of_the_quarter_before(closed: Flask) -> None:
    def margin(quarter: Quarter, name: str) -> dict[str, int]:
        table = next(table for table in published(quarter)["tables"] if name in table["dimensions"])
        others = [TOTAL] * (len(table["dimensions"]) - 1)
        return {key[-1]: value for key, value in figures(table).items() if list(key[:-1]) == others}

    flow, stock = margin(SECOND, "arrival"), margin(SECOND, "stay_status")
    assert flow["opening"] == margin(FIRST, "stay_status")["still_there"]
    assert flow["opening"] + flow["admitted"] - stock["left"] == stock["still_there"]


def test_the_json_has_exactly_its_keys(closed: Flask) -> None:
    value = published()
    assert list(value) == ["format", "report", "quarter", "released_at", "tables", "signatures"]
    assert (value["report"], value["quarter"]) == ("ix", "2026Q2")
    for table in value["tables"]:
        assert list(table) == ["name", "dimensions", "rows", *(["not_recorded"] if not table["rows"] else [])]
        assert all(list(row) == [*table["dimensions"], "value"] for row in table["rows"])


def test_no_file_and_no_page_names_a_case_or_an_organisation_that_took_somebody_in(closed: Flask) -> None:
    cases = db.session.scalars(select(Case.id)).all()
    assert len(cases) == 100
    for name, content in {each: sealed(each) for each in FORMATS}.items():
        assert b"Vatra" not in content, name
        assert [case_id for case_id in cases if case_id.hex.encode() in content] == [], name


@pytest.mark.slow
def test_with_few_people_only_the_total_is_published(app: Flask, statistician: Actor) -> None:
    accommodated.many(14, seed=3, months=(date(2026, 4, 1), date(2026, 6, 20)))
    outcome = accommodated.release(SECOND, by=statistician)
    assert outcome == actions.Closed(SECOND, "total")
    (table,) = published()["tables"]
    assert (table["name"], table["dimensions"]) == ("total", [])
    assert [row["value"] % 5 for row in table["rows"]] == [0]
    assert abs(table["rows"][0]["value"] - 14) < 5
    page = SealedPage(sealed("html.en").decode())
    assert page.tables == []
    assert any("only their number is published" in text for text in page.texts)


def test_who_does_not_wish_to_be_counted_is_not(app: Flask) -> None:
    agreed, refused, child = (
        {"facts": {"statistics": "yes"}},
        {"facts": {"statistics": "no"}, "citizenship": "99", "age_band": "99"},
        {"facts": {"statistics": "not_asked"}, "age_class": "child", "age_band": "9-17"},
    )
    accommodated.at(TODAY)
    with transaction() as session:
        nrc = names.organisation_by_code("NRC").id
        ids = [accommodated.person(session, nrc, **codes) for codes in (agreed, refused, child)]
        for case_id in ids:
            accommodated.stay(session, case_id, nrc, FIRST.start, None)
    with db.engine.connect() as connection:
        counted = {each.person for each in counting.people(connection, FIRST, by=Actor.system("release"))}
    assert counted == {ids[0].hex, ids[2].hex}


@pytest.mark.slow
def test_a_late_stay_changes_no_closed_quarter_and_counts_in_the_next(app: Flask, statistician: Actor) -> None:
    accommodated.many(14, seed=3, months=(date(2026, 1, 2), date(2026, 3, 20)))
    accommodated.release(FIRST, by=statistician)
    before = {name: sealed(name, FIRST) for name in FORMATS}
    organisation_id = names.organisation_by_code("VATRA").id
    with transaction() as session:
        for _ in range(20):
            case_id = accommodated.person(session, organisation_id)
            days = {"ended_on": date(2026, 3, 1), "known_on": date(2026, 5, 1)}
            accommodated.stay(session, case_id, organisation_id, date(2026, 2, 1), **days)
    assert actions.close(FIRST, by=statistician) == actions.Closed(FIRST, "total", already=True)
    assert {name: sealed(name, FIRST) for name in FORMATS} == before
    accommodated.release(SECOND, by=statistician)
    assert published()["tables"][0]["rows"][0]["value"] >= 20


@pytest.mark.parametrize("reason", [ReopenReason.CAME_BACK, ReopenReason.BY_MISTAKE])
def test_somebody_who_comes_back_and_a_case_that_is_opened_again_change_nothing_of_a_closed_quarter(
    closed: Flask, reason: ReopenReason
) -> None:
    vatra = factories.actor("vatra.shelter_manager")
    left = select(Stay.case_id, Stay.id).where(Stay.ended_on.between(SECOND.start, SECOND.end)).order_by(Stay.ended_on)
    case_id, stay_id = db.session.execute(left).first() or pytest.fail("nobody left in that quarter")
    home = {"destination": "own_home", "destination_country": "home", "repatriation_gate": "home"}
    with transaction() as session:
        went = update(Stay).where(Stay.id == stay_id)
        session.execute(went.values(exit_reason="independent_living", child_gate="adult", **home))
    cases.close(case_id=case_id, by=vatra)
    release = Actor.system("release")

    def stands() -> list[object]:
        db.session.rollback()
        files = [sealed(name, quarter) for quarter in CLOSED for name in FORMATS]
        people = counting.people(db.session.connection(), SECOND, by=release)
        rows = tabulate(people, SECOND, Classification("AL", frozenset(), frozenset()))
        # `earlier`: nights of quarters before that the next one would pay.
        late = [(line.organisation_id, line.earlier) for line in payment_lines.lines(SECOND.next, by=release)]
        return [files, sorted(rows, key=str), payment_lines.bases(by=vatra), sorted(late, key=str)]

    before = stands()
    cases.reopen(case_id=case_id, reason=reason, by=vatra)
    assert stands() == before
    since = db.session.get_one(Stay, stay_id).ended_on
    slept_in = set(db.session.scalars(select(Occupancy.place_id).where(Occupancy.until_on > since)))
    free = next(place for place, _ in place_store.free_places(by=vatra) if place not in slept_in)
    if reason is ReopenReason.CAME_BACK:
        today = clock.now().date()
        stays.admit(case_id=case_id, place_id=free, admitted_on=today, anticipated_end_on=today, by=vatra)
        assert stands() == before
    else:
        # The end itself was wrong: what she slept there since is known now, and is paid and counted from now on.
        corrections.reopen(stay_id=stay_id, place_id=free, why=Why.MISTYPED, by=vatra)
        after = stands()
        assert after[:3] == before[:3]
        assert after[3] != before[3]
    assert actions.close(SECOND, by=factories.actor("molsa.statistician")).already  # type: ignore[union-attr]
    assert stands()[:3] == before[:3]


# Frozen, chained, signed


def test_g6_the_same_address_gives_the_same_bytes_for_ever(closed: Flask) -> None:
    accommodated.many(30, seed=11)
    reader = Person(closed.test_client(), "molsa.statistician")
    for ending, (name, _, _) in downloads().items():
        address = f"/reports/ix/2026Q2.{ending}"
        answers = [reader.client.get(path).data for path in (address, address, f"{address}?base=1&x=2026Q1")]
        assert answers == [sealed(name)] * 3
    for language in ("sq", "en"):
        assert sealed(f"html.{language}").decode() in reader.get(f"/reports/ix/2026Q2?lang={language}")


def test_a_page_that_was_sealed_in_an_older_form_is_shown_as_it_was_sealed(closed: Flask) -> None:
    """Nothing is laid out anew: no sentence, no picture and no folded row comes into what was signed."""
    old = (
        '<dl class="sum"><div><dt>Quarter</dt><dd>2026Q2</dd></div></dl>\n<h2>At a glance: Nationality</h2>\n'
        '<div class="scroll"><table class="num"><tr class="in"><th scope="row">Kosovo<td>0</table></div>'
    )
    with transaction() as session:
        session.execute(
            update(ReleaseFile)
            .where(
                ReleaseFile.release_id
                == select(Release.id).where(Release.report == "ix", Release.quarter == str(SECOND)).scalar_subquery(),
                ReleaseFile.format == "html.en",
            )
            .values(content=old.encode())
        )
    page = Person(closed.test_client(), "oms.reader").get("/reports/ix/2026Q2?lang=en")
    assert old in page
    assert "What the figures show" not in page
    assert 'href="/reports/methods"' in page
    assert 'href="/reports/ix/trend"' in page


def test_the_downloads_have_their_types_and_names(closed: Flask) -> None:
    reader = Person(closed.test_client(), "molsa.statistician")
    for ending, media_type in {"pdf": "application/pdf", "csv": "text/csv", "json": "application/json"}.items():
        answer = reader.client.get(f"/reports/ix/2026Q2.{ending}")
        assert answer.mimetype == media_type
        assert answer.headers["Content-Disposition"] == f"attachment; filename=ix-2026Q2.{ending}"


def test_a_quarter_has_one_spelling_and_an_unknown_ending_leads_nowhere(closed: Flask) -> None:
    reader = Person(closed.test_client(), "molsa.statistician")
    for address in ("2026q2", "2026Q5", "2024Q1", "2026Q2.xls", "2026Q2.sq.pdf", "2026q2.csv", "2024Q1.csv", "%00"):
        reader.get(f"/reports/ix/{address}", 404)


def test_the_releases_are_chained_and_signed(closed: Flask) -> None:
    by = factories.actor("molsa.statistician")
    assert actions.check(by=by) == []
    first, second = store.chain(by=by)
    assert first.previous_hash == rules.FIRST_HASH
    assert second.previous_hash == first.hash
    assert signing.is_signed(second.signature, second.hash)
    assert not signing.is_signed(first.signature, second.hash)


@pytest.mark.parametrize("name", FORMATS)
def test_a_changed_byte_of_any_file_is_found(closed: Flask, name: str) -> None:
    release_id = db.session.scalar(select(Release.id).where(Release.quarter == str(FIRST)))
    with transaction() as session:
        session.execute(
            update(ReleaseFile)
            .where(ReleaseFile.release_id == release_id, ReleaseFile.format == name)
            .values(content=sealed(name, FIRST) + b" ")
        )
    findings = actions.check(by=factories.actor("molsa.statistician"))
    assert findings == [("2026Q1", "a file is not the one that was sealed")]


def test_the_json_carries_a_signature_over_what_it_says(closed: Flask) -> None:
    value = published()
    assert actions.is_genuine(value)
    assert not actions.is_genuine({**value, "quarter": "2026Q1"})
    assert not actions.is_genuine({**value, "signatures": []})
    assert not actions.is_genuine({**value, "signatures": [{"signature": "zz"}, 1]})
    changed = published()
    changed["tables"][0]["rows"][0]["value"] += 5
    assert not actions.is_genuine(changed)


def test_what_a_release_leaves_for_the_next_is_sealed_and_shrinks_when_the_next_is_out(closed: Flask) -> None:
    by = Actor.system("release")
    memories = [
        (memory.sealed, signing.open_memory(memory.sealed, "ix", memory.quarter)) for memory in store.memories(by=by)
    ]
    assert b"figures" not in memories[0][0] + memories[1][0]
    assert [bool(memory["present"]) for _, memory in memories] == [False, True]
    assert all(set(memory["kept"]) == {"format", "base", "step", "figures"} for _, memory in memories)


def test_the_kept_verdict_has_no_cell_and_no_count(closed: Flask) -> None:
    for verdict in db.session.scalars(select(ReleaseMemory.verdict)):
        assert set(verdict) == {"ok", "step", "findings", "scenarios", "tables", "one_person"}
        assert re.findall(r"\d{2,}", json.dumps(verdict["findings"])) == []


def test_what_a_release_tells_of_one_person_counts_beside_reports_on_the_same_people(closed: Flask) -> None:
    with transaction() as session:
        release = session.scalars(select(Release).where(Release.report == "ix", Release.quarter == str(SECOND))).one()
        told = {"one_person": {"draws": 100, "named": 0.0, "p95_bits": 2.5, "by_series": 0.0}}
        session.execute(update(ReleaseMemory).where(ReleaseMemory.release_id == release.id).values(verdict=told))
    bits = [
        store.told_of_one_person("ix", rules.Window(first, last), by=store.RELEASE)
        for first, last in ((FIRST, FIRST), (FIRST, SECOND), (SECOND.next, SECOND.next))
    ]
    assert bits == [0.0, 2.5, 0.0]
    with pytest.raises(NotPermitted):
        store.told_of_one_person("ix", rules.Window(FIRST, SECOND), by=factories.actor("molsa.statistician"))


@pytest.mark.parametrize(
    ("total", "words"),
    [
        (20, {"en": "So few people are concerned", "sq": "Bëhet fjalë për aq pak persona"}),
        (25, {"en": "Every draw of tables that was tried", "sq": "Çdo variant i tabelave që u provua"}),
    ],
)
def test_a_bare_total_says_why_there_is_no_table(closed: Flask, total: int, words: Mapping[str, str]) -> None:
    value = published()
    value["tables"] = [{"name": "total", "dimensions": [], "rows": [{"value": total}]}]
    frame = {"pages": closed.jinja_env, "speaking": closed.extensions["nrm.speaking"]}
    for language, said in words.items():
        page = render.page(value, TABLES, language, signatures=(), names={}, **frame).decode()
        assert (said in page, page.count('class="note"')) == (True, 1)


@pytest.mark.parametrize(
    ("total", "words"),
    [(50, "So few people are concerned that only tables of one"), (55, "Every finer table that was")],
)
def test_who_is_not_few_is_not_called_few_where_no_finer_table_withstood(closed: Flask, total: int, words: str) -> None:
    value = published()
    rows = [{"sex": code, "value": total} for code in ("*", "feminine")]
    value["tables"] = [{"name": "sex", "dimensions": ["sex"], "rows": rows}]
    frame = {"pages": closed.jinja_env, "speaking": closed.extensions["nrm.speaking"]}
    assert words in render.page(value, TABLES, "en", signatures=(), names={}, **frame).decode()


# In order, once, or not at all


def test_a_quarter_that_has_not_ended_cannot_be_closed(app: Flask, statistician: Actor) -> None:
    with pytest.raises(rules.QuarterNotEnded):
        actions.close(Quarter.of(TODAY), by=statistician)


def test_after_a_release_the_next_quarter_is_the_only_one(closed: Flask) -> None:
    by = factories.actor("molsa.statistician")
    for quarter in (FIRST.previous, Quarter(2026, 4)):
        with pytest.raises(rules.QuarterOutOfOrder) as raised:
            actions.close(quarter, by=by)
        assert raised.value.expected == SECOND.next


def test_closing_again_answers_the_same_and_writes_nothing(closed: Flask) -> None:
    by = factories.actor("molsa.statistician")
    entries = audit.length(db.session())
    outcome = actions.close(SECOND, by=by)
    assert isinstance(outcome, actions.Closed)
    assert outcome.already
    assert audit.length(db.session()) == entries
    assert db.session.scalar(select(func.count()).select_from(Release).where(Release.report == "ix")) == 2


def test_while_one_closes_another_is_told_so(app: Flask, statistician: Actor) -> None:
    with (app.extensions["nrm.config"].directory / "release.lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        with pytest.raises(rules.BeingClosed):
            actions.close(SECOND, by=statistician)
        assert actions.state(SECOND, by=statistician) == "closing"
    assert actions.state(SECOND, by=statistician) == "open"


def refused(*_: object, **__: object) -> Refused:
    finding = Finding("G3", "A1", "nationality*sex", (("nationality", "MD"), ("sex", "feminine")))
    return Refused(Verdict(False, "refused", (finding,), {"A1": False}, (), (), 0, 0, 0.0, 0.0, 0, 1.0))


def test_a_refused_release_stores_nothing_but_that_it_was_refused(
    app: Flask, statistician: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(statistics, "make", refused)
    accommodated.many(14, seed=3)
    accommodated.without(SECOND)
    outcome = actions.close(SECOND, by=statistician)
    assert outcome == actions.Refused(SECOND, (("nationality*sex", "A1", "G3"),))
    assert "MD" not in repr(outcome)
    for table in (Release, ReleaseDraft, ReleaseFile, ReleaseMemory):
        assert db.session.scalar(select(func.count()).select_from(table)) == 0
    last = db.session.scalars(select(AuditEntry).order_by(AuditEntry.id.desc())).first()
    assert last is not None
    assert (last.event, json.loads(last.details)) == (
        "quarter_refused",
        {"findings": "nationality*sex:A1:G3", "quarter": "2026Q2", "report": "ix"},
    )
    assert actions.state(SECOND, by=statistician) == outcome
    with pytest.raises(NotVisible):
        store.release_file(SECOND, "json", by=statistician)


def test_a_record_outside_the_classification_is_not_quoted(
    app: Flask, statistician: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unfit(*_: object, **__: object) -> None:
        raise MalformedMicrodata(41, "sex", "'secret' is not in the classification")

    monkeypatch.setattr(statistics, "make", unfit)
    accommodated.without(SECOND)
    with pytest.raises(actions.CannotTabulate) as raised:
        actions.close(SECOND, by=statistician)
    assert str(raised.value) == "sex"
    assert raised.value.__suppress_context__


def test_closing_is_audited_without_any_figure(closed: Flask) -> None:
    entries = db.session.scalars(select(AuditEntry).where(AuditEntry.event == "quarter_closed")).all()
    # Those that are published for each quarter alone; the others wait for more people.
    every_quarter = [each.name for each in COUNTED if load("albania").tables[each.name].windows == (1,)]
    assert sorted(json.loads(entry.details)["report"] for entry in entries) == sorted(every_quarter * 2)
    assert MAIN.name in every_quarter
    assert set(json.loads(entries[0].details)) == {"quarter", "report", "release_id", "step"}


# Who may ask


@pytest.mark.parametrize("role", list(Role))
def test_nobody_with_an_account_can_count_people(app: Flask, role: Role) -> None:
    member = Actor(uuid.uuid4(), uuid.uuid4(), role)
    for by in (member, dataclasses.replace(member, duty="release"), Actor.system("tend")):
        with pytest.raises(NotPermitted), db.engine.connect() as connection:
            counting.people(connection, SECOND, by=by)
        with pytest.raises(NotPermitted):
            store.memories(by=by)


@pytest.mark.parametrize("login", [*READERS[1:], *NEVER])
def test_nobody_but_the_statistician_closes_a_quarter(app: Flask, login: str) -> None:
    accommodated.at(TODAY)
    with pytest.raises(NotPermitted):
        actions.close(SECOND, by=factories.actor(login))
    with pytest.raises(NotPermitted):
        actions.begin(SECOND, by=factories.actor(login))
    someone = Person(app.test_client(), login)
    someone.post("/reports/ix/2026Q2/close", status=403)
    someone.get("/reports/ix/2026Q2/closing", 403)


@pytest.mark.parametrize("login", READERS)
def test_who_reads_reports_reads_sealed_releases(closed: Flask, login: str) -> None:
    reader = Person(closed.test_client(), login)
    assert 'href="/reports' in reader.get("/")
    assert "/reports/ix/2026Q2" in reader.get("/reports")
    assert "/reports/ix/2026Q2.csv" in reader.get("/reports/ix/2026Q2")


@pytest.mark.parametrize("login", NEVER)
def test_who_does_not_read_reports_is_refused(closed: Flask, login: str) -> None:
    someone = Person(closed.test_client(), login)
    for address in ("/reports", "/reports/ix/2026Q2", "/reports/ix/2026Q2.json"):
        someone.get(address, 403)


@pytest.mark.slow
@pytest.mark.parametrize("login", ["molsa.statistician", "oms.monitor", "administrator"])
def test_g8_the_ministry_and_the_operator_reach_no_page_of_a_case(closed: Flask, login: str) -> None:
    someone = Person(closed.test_client(), login)
    case_id = db.session.scalars(select(Case.id)).first()
    tried = 0
    for rule in closed.url_map.iter_rules():
        nouns = ("/cases", "/referrals", "/interviews", "/stays", "/permits", "/testimony", "/beds", "/arrivals")
        if not rule.rule.startswith(nouns):
            continue
        address = re.sub(r"<[^>]*uuid[^>]*>", str(case_id), rule.rule)
        address = re.sub(r"<[^>]*>", "1", address)
        methods = rule.methods or set()
        for method in methods & {"GET", "POST"}:
            answer = someone.client.open(address, method=method, data={"csrf_token": someone.csrf_token})
            assert answer.status_code in (403, 404), (method, address, answer.status_code)
            tried += 1
    assert tried > 5


# The pages


@pytest.mark.slow
def test_the_statistician_closes_a_quarter_in_two_steps_from_the_home_page(
    app: Flask, sign_in: Callable[[str], Person]
) -> None:
    accommodated.at(TODAY)
    accommodated.many(14, seed=3)
    accommodated.without(SECOND)
    reader = sign_in("molsa.statistician")
    assert "/reports/ix/2026Q2/close" in reader.get("/")
    assert reader.post("/reports/ix/2026Q2/close") == "/reports/ix/2026Q2/closing"
    deadline = time.monotonic() + 60
    while (answer := reader.client.get("/reports/ix/2026Q2/closing")).status_code == 200:
        assert "po mbyllet" in answer.text
        assert answer.headers["Refresh"] == "10"
        assert time.monotonic() < deadline
        time.sleep(0.1)
    assert answer.headers["Location"] == "/reports/quarter/2026Q2"
    assert "/reports/ix/draft" in reader.get("/reports/quarter/2026Q2")
    assert "Çdo viktimë e strehuar" in reader.get("/reports/ix/draft")
    reader.get("/reports/ix/2026Q2", 404)
    assert reader.post("/reports/ix/2026Q2/close") == "/reports/quarter/2026Q2"


def test_a_refused_closing_names_table_scenario_and_guarantee(
    app: Flask, sign_in: Callable[[str], Person], monkeypatch: pytest.MonkeyPatch
) -> None:
    accommodated.at(TODAY)
    monkeypatch.setattr(statistics, "make", refused)
    accommodated.without(SECOND)
    reader = sign_in("molsa.statistician")
    reader.post("/reports/ix/2026Q2/close")
    deadline = time.monotonic() + 30
    while "nuk është mbyllur" not in (page := reader.get("/reports/ix/2026Q2/closing")):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    assert "nationality*sex" in page
    assert "G3" in page
    reader.get("/reports/ix/2026Q2", 404)


def test_a_failure_in_the_background_is_logged_without_what_it_says(
    app: Flask, sign_in: Callable[[str], Person], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise ValueError("37 people, and one of them is MD")

    accommodated.at(TODAY)
    monkeypatch.setattr(statistics, "make", fail)
    accommodated.without(SECOND)
    reader = sign_in("molsa.statistician")
    reader.post("/reports/ix/2026Q2/close")
    deadline = time.monotonic() + 30
    while "po mbyllet" in reader.get("/reports/ix/2026Q2/closing"):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    assert "ValueError" in caplog.text
    assert "37 people" not in caplog.text


def test_a_quarter_out_of_turn_is_explained(closed: Flask) -> None:
    reader = Person(closed.test_client(), "molsa.statistician")
    assert "2026Q3" in reader.post("/reports/ix/2026Q4/close", status=409)
    assert "nuk ka mbaruar" in reader.post("/reports/ix/2026Q3/close", status=409)
    reader.post("/reports/ix/2026q2/close", status=404)


def test_the_home_of_the_statistician_shows_due_dates_and_no_count_of_anybody(
    app: Flask, sign_in: Callable[[str], Person]
) -> None:
    accommodated.at(TODAY)
    reader = sign_in("molsa.statistician")
    before = reader.get("/")
    assert "14 korrik 2026" in before
    accommodated.many(60, seed=5)
    assert reader.get("/") == before


def test_a_report_that_is_overdue_is_marked_and_closed_ones_are_linked(closed: Flask) -> None:
    accommodated.at(date(2027, 1, 20))
    page = Person(closed.test_client(), "molsa.statistician").get("/")
    assert page.count("Me vonesë") == 3
    assert "/reports/ix/2026Q3/close" in page
    assert "/reports/ix/2026Q4/close" not in page
    assert 'href="/reports/quarter/2026Q2"' in page


def test_the_home_of_the_monitor_links_sealed_releases_alone(closed: Flask) -> None:
    page = Person(closed.test_client(), "oms.monitor").get("/")
    assert 'href="/reports"' in page
    assert 'href="/reports/ix/2026Q2"' in Person(closed.test_client(), "oms.monitor").get("/reports")
    assert "/close" not in page


def test_the_home_of_the_administrator_counts_accounts_and_nothing_else(app: Flask) -> None:
    administrator = Person(app.test_client(), "administrator")
    before = administrator.get("/")
    accommodated.at(TODAY)
    accommodated.many(5, seed=1)
    clock.set_clock(None)
    assert administrator.get("/") == before
    lines = {line.code: line for line in accounts.key_holding(by=factories.actor("administrator"))}
    assert (lines["VATRA"].active, lines["VATRA"].key_holders) == (2, 2)
    assert (lines["MOLSA"].key_holders, lines["MOLSA"].kind.holds_keys) == (0, False)
    assert lines["VATRA"].invitations == 0
    with pytest.raises(NotPermitted):
        accounts.key_holding(by=factories.actor("molsa.statistician"))


def test_a_copy_of_the_instance_is_whole(closed_instance: Path, tmp_path: Path) -> None:
    shutil.copytree(closed_instance, tmp_path / "other")
    app = factories.copy_instance(tmp_path / "other", tmp_path / "third")
    with app.app_context():
        assert list(audit.verify(db.session())) == []


def test_a_window_has_inertia_towards_the_last_one_of_the_same_length() -> None:
    first, second, third = (Quarter.parse(name) for name in ("2025Q1", "2025Q2", "2025Q3"))
    released = [rules.Window(first, second), rules.Window(third, third)]
    assert rules.of_same_length(rules.Window(third.next, third.next), released) == {"2025Q3"}
    assert rules.of_same_length(rules.Window(third.next, third.next.next), released) == {"2025Q2"}
    assert rules.of_same_length(rules.Window(first, third.next), released) == frozenset()
