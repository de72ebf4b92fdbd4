"""The evening before the minister's meeting: the wrong button first at each step, and first lines alone are read."""

from __future__ import annotations

import csv
import io
import json
import re
import time
from collections import defaultdict
from collections.abc import Callable
from datetime import date
from html import unescape

import openpyxl
import pytest
from flask import Flask
from sqlalchemy import func, select

from nrm.db import db, transaction
from nrm.domain.quarters import Quarter
from nrm.models.reports.filings import Filing
from nrm.models.reports.reports import Release
from nrm.render.reports import About
from nrm.store import names
from nrm.web.language import speaking
from tests import accommodated
from tests import factories_filings as filed
from tests.conftest import Person

QUARTER, TODAY = Quarter(2026, 2), date(2026, 7, 20)
CLOSE, STATE = "/reports/ix/2026Q2/close", "/reports/quarter/2026Q2"
SignIn = Callable[[str], Person]


def named(person: Person) -> dict[str, object]:
    """The reports or the organisations that the page of the quarter asks this person about."""
    asked: dict[str, list[str]] = defaultdict(list)
    for name, value in re.findall(r'name="(report|part)" value="([^"]+)"', person.get(STATE)):
        asked[name].append(value)
    return dict(asked)


def until_done(who: Person, address: str) -> str:
    """Where the page that waits for a work leads when it is done."""
    deadline = time.monotonic() + 60
    while (answer := who.client.get(address)).status_code == 200:
        assert time.monotonic() < deadline
        time.sleep(0.1)
    return str(answer.headers["Location"])


def first_lines(page: str) -> list[str]:
    """The sentences with which a report begins, as they are read."""
    begins = page.index('class="found"')
    found = page[begins : page.index("</ul>", begins)].split("<li>")[1:]
    return [unescape(" ".join(re.sub("<[^>]+>", "", each).split())) for each in found]


@pytest.mark.slow
def test_a_quarter_is_closed_with_the_wrong_button_first_and_read_in_its_first_lines(
    app: Flask, sign_in: SignIn
) -> None:
    filed.begin(TODAY)
    vatra = names.organisation_by_code("VATRA").id
    with transaction() as session:
        for _ in range(3):
            accommodated.stay(session, accommodated.person(session, vatra), vatra, date(2026, 5, 4))
    statistician, officer = sign_in("molsa.statistician"), sign_in("ra.duty_officer")
    reader, paying = sign_in("oms.reader"), sign_in("molsa.payment_officer")

    a_table_of_victims_with_the_wrong_answer(sign_in("mopo.focal_point"))
    accommodated.confirm(QUARTER, but="TJETER_VIZION")

    # Closed too soon: somebody is silent, and only the other office can say that it goes on without them.
    page = statistician.post(f"{CLOSE}?lang=en", status=409)
    assert "Tjetër Vizion" in page
    statistician.post(f"{STATE}/without", status=403)
    statistician.post(CLOSE, status=409)  # pressed again: the same
    officer.post(f"{STATE}/without", named(officer))
    assert statistician.post(CLOSE) == "/reports/ix/2026Q2/closing"
    assert until_done(statistician, "/reports/ix/2026Q2/closing") == STATE
    reader.get("/reports/ix/2026Q2", 404)  # a draft is nobody's figure
    reader.get("/reports/ix/draft", 403)

    # The signatures: the second one first, twice the first, and the other office's by the same hand.
    officer.post(f"{STATE}/countersign", status=404)
    shown = named(statistician)
    statistician.post(f"{STATE}/sign", shown)
    # In two windows it is signed once, and nobody is told that there is nothing here.
    assert statistician.post(f"{STATE}/sign", shown) == STATE
    statistician.post(f"{STATE}/countersign", status=403)
    reader.get("/reports/ix/2026Q2", 404)
    officer.post(f"{STATE}/countersign", named(officer))
    until_done(officer, f"{STATE}/sealing")
    assert db.session.scalar(select(func.count()).select_from(Release).where(Release.report == "ix")) == 1

    # The minister reads the first line.
    said = first_lines(reader.get("/reports/ix/2026Q2?lang=en"))
    total = json.loads(reader.client.get("/reports/ix/2026Q2.json").data)["tables"][0]["rows"][0]["value"]
    assert said[0].startswith(f"April–June 2026: {total} in all, as published. ")
    assert said[0].endswith(
        "Some offices gave no report: whom they had not entered is not counted. See “About this report”."
    )
    assert ("That is 0 to 4, and not “none”." in said[0]) == (total == 0)

    # A spreadsheet opens the workbook: a sheet has the number that the table has on the page, and says so when printed.
    book = openpyxl.load_workbook(io.BytesIO(reader.client.get("/reports/ix/2026Q2.xlsx").data))
    for sheet in book.worksheets[1:]:
        assert str(sheet.oddHeader.left.text).startswith(f"ix 2026Q2, {sheet.title}. ")
    assert (
        "One release: there is nothing to compare yet"
        in reader.client.get("/reports/ix/trend?lang=en", follow_redirects=True).text
    )

    # Who pays for a small shelter reads of what the number is, and no night of anybody.
    page = paying.get("/payment?lang=en")
    assert "Places kept, each by the day" in page
    sheet_rows = csv.reader(
        io.StringIO(paying.client.post("/payment/csv", data={"csrf_token": paying.csrf_token}).data.decode("utf-8-sig"))
    )
    assert {row[3] for row in sheet_rows if row[1] == "VATRA"} == {"Places kept, each by the day"}
    assert not re.search(r"\b174\b", page)  # three people, 58 nights each
    paying.get("/reports/ix/2026Q2", 403)


def a_table_of_victims_with_the_wrong_answer(focal: Person) -> None:
    """Figures from a paper with gaps: nothing that was typed is lost, and nothing is filed that was not meant."""
    address, typed = "/register/2026Q2/victims?lang=en", {"r0c0": "12", "r0c1": "3?"}
    for answer in ("zero", "no_report", "not_applicable"):
        page = focal.post(address, {**typed, "answer": answer}, status=422)
        assert "There are figures in the boxes" in page
        assert 'value="12"' in page
    page = focal.post(address, {**typed, "answer": "figures"}, status=422)
    assert "Enter a whole number in figures" in page
    assert "Enter a number; 0 if there was nobody" in page  # a gap is no zero until somebody says so
    page = focal.post(address, {"r0c0": "12", "answer": "figures", "empty_zero": "y"}, status=200)
    assert "nobody can read them here any more" in page
    assert db.session.scalar(select(func.count()).select_from(Filing)) == 0  # read once more, and not signed


@pytest.mark.parametrize(
    ("total", "silent", "said"),
    [
        (0, [], "2026: 0 in all, as published. That is 0 to 4, and not “none”."),
        (65, [], "2026: 65 in all, as published. The real number is at most 4 more or less."),
        (
            65,
            ["Vatra"],
            "2026: 65 in all, as published. The real number is at most 4 more or less. Some offices gave no report: "
            "whom they had not entered is not counted. See “About this report”.",
        ),
    ],
)
def test_the_first_line_says_what_a_0_is_and_that_somebody_did_not_report(
    app: Flask, total: int, silent: list[str], said: str
) -> None:
    with app.test_request_context(), speaking("en"):
        markup = app.jinja_env.get_template("reports/reports/sentences.html").render(
            about=About("", "", "Everybody.", "en"),
            months="2026",
            total=total,
            flow=None,
            sentences=[],
            no_report_from=silent,
        )
    assert "Who is counted: Everybody." in markup  # before any number is read
    assert first_lines(markup) == [said]
