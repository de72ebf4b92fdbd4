"""Report ix as people meet it: on a screen, on a telephone, on paper."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask, render_template, request
from markupsafe import Markup
from playwright.sync_api import Page
from pypdf import PdfReader

from nrm.render import pdf, reports
from tests import accessible, rounded
from tests.browser import checks, live
from tests.browser.test_base import small_app


def values(people: int, lang: str) -> dict[str, Any]:
    """Of report ix, with the country's own tables; few people have their number alone."""
    release = rounded.release("ix", people, "three_way" if people > 20 else "total")
    return reports.values(release, rounded.tables("ix"), lang, [("MOLSA", release["released_at"])], {})


def report_app() -> Flask:
    app = small_app()
    app.add_url_rule("/methods", "reports.methods")
    app.add_url_rule("/reports", "reports.releases")
    app.add_url_rule("/reports/<report>/trend", "trends.show")

    @app.get("/report")
    def report() -> str:
        shown = values(int(request.args.get("people", 200)), request.args.get("lang", "sq"))
        return render_template(
            "reports/reports/show.html",
            actor={"name": "Arta Deda", "organisation_name": "MOLSA"},
            csrf_token="x",
            report="ix",
            quarter="2026Q3",
            about=shown["about"],
            downloads=[("PDF", "/ix.pdf"), ("CSV", "/ix.csv")],
            body=Markup(render_template("reports/reports/body.html", **shown)),
        )

    return app


@pytest.fixture(scope="module")
def base() -> Iterator[str]:
    with live.serving(report_app()) as address:
        yield address


def test_the_page_begins_with_sentences_then_charts_then_contents_then_the_tables(page: Page, base: str) -> None:
    page.goto(f"{base}/report?lang=en")
    heads = page.locator("main h2").all_inner_texts()
    assert heads[:3] == ["What the figures show", "At a glance", "Contents"]
    assert heads[-1] == "Tables"
    assert page.locator(".found li").count() == 5
    repeats = page.locator(".num", has_text="new and repeat victims").locator("tbody tr").count()
    assert repeats <= 28
    assert page.locator(".num tbody tr").count() - repeats < 250
    for link in page.locator("nav[aria-label=Contents] a").all():
        assert page.locator(link.get_attribute("href") or "").count() == 1


def test_charts_hold_in_forced_colours_and_say_all_their_figures_in_words(page: Page, base: str) -> None:
    page.emulate_media(forced_colors="active", color_scheme="dark")
    page.goto(f"{base}/report?lang=en")
    drawn = page.eval_on_selector_all(
        "figure svg *",
        """all => all.flatMap(each => ['fill', 'stroke'].filter(name => each.hasAttribute(name))
          .map(name => getComputedStyle(each)[name]))""",
    )
    page.emulate_media(forced_colors="none", color_scheme="light")
    assert set(drawn) <= {"rgb(255, 255, 255)", "rgb(0, 0, 0)", "none"}
    silent = page.locator("figure svg:not([role=img]):not([aria-hidden=true])")
    assert silent.count() == 0
    bars = page.locator("figure .bars li").all_inner_texts()
    assert [text for text in bars if not re.search(r": \d+", text)] == []


@pytest.mark.parametrize("lang", ["sq", "en"])
def test_the_report_is_lean_quiet_accessible_and_fits_a_telephone(page: Page, base: str, lang: str) -> None:
    checks.assert_good_page(page, f"{base}/report?lang={lang}", most=checks.HEAVY_PAGE)


def test_every_figure_in_a_table_is_a_multiple_of_five_and_every_cell_has_its_headers(page: Page, base: str) -> None:
    page.goto(f"{base}/report")
    figures = [text.removesuffix("%") for text in page.locator(".num td:not([colspan])").all_inner_texts()]
    assert len(figures) > 200
    assert [text for text in figures if text != "–" and int(text) % 5] == []
    shapes = page.eval_on_selector_all(
        ".num",
        "all => { const width = r => [...r.cells].reduce((sum, cell) => sum + cell.colSpan, 0);"
        " return all.map(t => [t.tHead.rows[0].cells.length, ...[...t.tBodies[0].rows].map(width)]); }",
    )
    for heads, *rows in shapes:
        assert set(rows) == {heads}
    assert page.locator(".num tbody th:not([scope=row])").count() == 0
    filled = [table for table in rounded.release("ix")["tables"] if table["rows"]]
    assert page.locator(".num caption").count() == len(shapes) == len(filled) + 1


def test_figures_stand_one_below_the_other(page: Page, base: str) -> None:
    page.goto(f"{base}/report")
    styles = page.eval_on_selector_all(
        ".num td",
        "all => [...new Set(all.map(c => getComputedStyle(c).textAlign + getComputedStyle(c).fontVariantNumeric))]",
    )
    assert styles == ["endtabular-nums"]  # the right, in languages that are written from left to right


def test_the_name_of_a_row_stays_in_sight_when_a_wide_table_is_moved(page: Page, base: str) -> None:
    page.set_viewport_size({"width": 320, "height": 640})
    page.goto(f"{base}/report")
    frame = page.locator(".wide")
    frame.evaluate("frame => { frame.scrollLeft = 400 }")
    head, box = frame.locator("tbody th").first.bounding_box(), frame.bounding_box()
    assert head
    assert box
    assert abs(head["x"] - box["x"]) < 2


def test_the_facts_a_reader_needs_are_said_in_both_languages(page: Page, base: str) -> None:
    for lang, words in {"sq": "asnjëherë me më shumë se 9", "en": "never more than 9 away"}.items():
        page.goto(f"{base}/report?lang={lang}")
        text = page.locator("section[aria-labelledby=reading]").inner_text()
        assert words in text
        assert [set(re.findall(r"\d+", line)) for line in text.splitlines() if re.search(r"\d", line)] == [
            {"5", "4", "9"},
            {"0", "4", "5", "14", "95", "100"},
            {"20", "0", "10"},
            {"0"},
        ]


def test_so_few_people_that_only_their_number_is_printed(page: Page, base: str) -> None:
    checks.assert_good_page(page, f"{base}/report?people=15&lang=en")
    assert "only their number is published" in page.locator(".note").inner_text()
    assert page.locator("table, svg").count() == 0
    assert "15" in page.locator("dl.sum").inner_text()


@pytest.mark.parametrize(("lang", "words"), [("sq", "faqja 1 nga"), ("en", "page 1 of")])
def test_on_paper_the_report_is_tagged_numbered_and_complete(lang: str, words: str) -> None:
    app = report_app()
    with app.test_request_context(f"/?lang={lang}"):
        app.preprocess_request()
        shown = values(200, lang)
        html = render_template("reports/reports/print.html", **shown)
    data = pdf.to_pdf(html)
    pdf._close()
    reader = PdfReader(io.BytesIO(data))
    assert len(reader.pages) <= 8
    text = "\n".join(sheet.extract_text() for sheet in reader.pages)
    assert words in text
    flat = re.sub(r"[\s-]", "", text)
    for number, table in enumerate(shown["tables"], 1):
        assert re.sub(r"[\s-]", "", f"{number}. {table.title}") in flat
    wide = [sheet for sheet in reader.pages if sheet.mediabox.width > sheet.mediabox.height]
    assert len(wide) == 1
    _, document = accessible.check(data, lang)
    tables = [each for each in document.all() if each.kind == "Table"]
    assert len(tables) == len(shown["tables"]) + 1
    alternatives = [str(each.raw.Alt) for each in document.all() if each.kind == "Figure"]
    for title, found in shown["glance"]:
        assert title in text
        for label, figure in found.rows:
            assert not figure or any(f"{label}: {figure}" in each for each in alternatives)
