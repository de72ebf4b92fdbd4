"""A focal point files a table with the keyboard alone, and another one as a file."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask import Flask
from playwright.sync_api import Browser, expect

from nrm.domain.quarters import Quarter
from nrm.render.sheets import csv_bytes
from nrm.store import days
from tests.browser import checks, live
from tests.browser.conftest import new_context


@pytest.mark.parametrize("scripted", [True, False], ids=["with a script", "without"])
def test_a_table_is_filed_by_form_with_the_keyboard_alone(app: Flask, browser: Browser, scripted: bool) -> None:
    over = Quarter.of(days.today()).previous
    with live.serving(app) as base:
        page = new_context(browser, java_script_enabled=scripted).new_page()
        live.sign_in(page, base, "vatc.focal_point")
        page.goto(f"{base}/register/{over}/vatc?lang=en")
        page.locator("#answer").focus()
        page.keyboard.press("Space")
        page.locator("[name=r0c0]").focus()
        for number in ("12", "3", "2"):
            page.keyboard.type(number)
            page.keyboard.press("Tab")
        page.keyboard.press("Enter")  # sends the form from any box
        expect(page.locator(".errors")).to_contain_text("In Albania, Persons prosecuted: Enter a number")
        assert page.locator("[name=r0c0]").input_value() == "12"
        page.locator("#empty_zero").focus()
        page.keyboard.press("Space")
        page.locator("[name=r0c3]").focus()
        page.keyboard.press("Enter")
        expect(page.locator("h1")).to_have_text("Check and sign")
        if scripted:
            checks.assert_accessible(page)
            checks.assert_fits(page)
        page.locator("main form .btn").first.focus()
        page.keyboard.press("Enter")
        expect(page.locator("h1")).to_have_text(f"Outcomes of the Centre's work, {over}")
        expect(page.locator("tbody tr").first).to_contain_text("In Albania12320")
        if scripted:
            checks.assert_accessible(page)
        page.context.close()


def test_a_table_is_filed_by_file_and_a_bad_cell_is_shown_where_it_is(
    app: Flask, browser: Browser, tmp_path: Path
) -> None:
    over = Quarter.of(days.today()).previous
    with live.serving(app) as base:
        page = new_context(browser).new_page()
        live.sign_in(page, base, "customs.focal_point")
        page.goto(f"{base}/register/{over}/customs_sanctions?lang=en")
        with page.expect_download() as download:
            page.get_by_role("link", name="Template, CSV").click()
        template = download.value.path().read_text("utf-8-sig")
        rows = [line.split(",") for line in template.splitlines()]
        for row in rows[3:]:
            row[2:] = ["1", "0", "2", "0"]
        rows[3][2] = "one"
        file = tmp_path / "filled.csv"

        def send() -> None:
            rows[-1][2:] = [""] * 4
            file.write_bytes(csv_bytes(rows))
            page.set_input_files("#file", file)
            page.get_by_role("button", name="Send the file").click()

        send()
        expect(page.locator(".errors")).to_contain_text("(cell C4): Enter a whole number in figures")
        checks.assert_accessible(page)
        checks.assert_whole_form(page)
        checks.assert_fits(page)
        assert page.locator("[name=r1c2]").input_value() == "2"
        rows[3][2] = "1"
        send()
        expect(page.locator("h1")).to_have_text("Check and sign")
        page.get_by_role("button", name="Sign and file").click()
        expect(page.locator("tbody tr").last).to_contain_text("Total3060")
        page.context.close()
