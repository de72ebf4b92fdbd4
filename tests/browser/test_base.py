"""Layout, form macros, error pages and hiding the screen, in a small application of their own."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlencode

import pytest
from flask import Flask, Response, redirect, render_template, render_template_string, request
from playwright.sync_api import Page, Route, expect
from wtforms import BooleanField, Form, PasswordField, RadioField, SelectField, SelectMultipleField, StringField
from wtforms import TextAreaField as TextArea
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired, Optional

from nrm.domain.words import N_
from nrm.web import assets, headers, language
from nrm.web.telephones import Telephone
from tests.browser import checks, live

TEMPLATES = Path(__file__).resolve().parents[2] / "templates"
PAGE = """
{% extends "layout.html" %}{% import "macros.html" as m %}
{% block title %}{{ _("Tables") }}{% endblock %}
{% block strip %}{{ m.strip([(_("Quarter"), "K7QM-4T2X-9")], _("Demonstration") ~ " 2") }}{% endblock %}
{% block main %}<div class="narrow">
{{ m.back("/", _("Home page")) }}
{{ m.error_summary(form) }}
<h1>{{ _("Tables") }}</h1>
<form method="post" novalidate data-guard>
{{ m.text(form.who) }}
{{ m.text(form.secret, kind="password", autocomplete="current-password") }}
{{ m.textarea(form.story, words={"lang": "el", "language": "Ελληνικά", "text": "Τι έγινε;"}) }}
{{ m.radios(form.papers, reveals={"other": m.text(form.holder)}) }}
{{ m.checkboxes(form.needs) }}
{{ m.select(form.place) }}
{{ m.partial_date(form.left, parts={"day": "", "month": "3", "year": "2024"}) }}
{{ m.tick(form.told) }}
{% call m.buttons(csrf_token, _("Continue")) %}{{ m.second_button(_("Sign out"), "leave") }}{% endcall %}
</form>
{{ m.summary_list([(_("Day"), "15", "/"), (_("Month"), "A… D…")]) }}
{{ m.task_list([
  (_("Day"), "/", _("Released"), "ok"), (_("Month"), none, _("Change"), ""), (_("Year"), "/", _("Change"), "todo")
]) }}
{% call m.table(_("Tables"), [_("Day"), (_("Month"), "n"), (_("Change"), "vh")]) %}
<tr><th scope="row">1</th><td class="n">35</td><td>{{ m.tag(_("Change"), "late") }}</td></tr>
{% endcall %}
</div>{% endblock %}
"""


class SampleForm(Form):
    """One field of each kind; the sentences are entries of the layout's own catalogue."""

    who = StringField(N_("Language"), [InputRequired(N_("Skip to the content"))], description=N_("Continue"))
    secret = PasswordField(N_("Hide screen"))
    story = TextArea(N_("Demonstration"), [Optional()])
    papers = RadioField(
        N_("Signed by"),
        [InputRequired(N_("There is a problem"))],
        choices=[
            SelectChoice("own", N_("Day"), render_kw={"hint": N_("Month")}),
            SelectChoice("other", N_("Change")),
            SelectChoice("none", N_("Year"), render_kw={"disabled": True}),
        ],
    )
    holder = StringField(N_("Who is counted"))
    needs = SelectMultipleField(
        N_("Released"), [InputRequired(N_("Error:"))], choices=[SelectChoice("a", N_("Day")), SelectChoice("b", "B")]
    )
    place = SelectField(N_("Quarter"), choices=[SelectChoice("", "–"), SelectChoice("x", N_("Month"))])
    left = StringField(N_("Year"), [InputRequired(N_("Change"))])
    told = BooleanField(N_("Home page"), [InputRequired(N_("Continue"))])


NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def small_app() -> Flask:
    app = Flask("small", template_folder=str(TEMPLATES), static_folder=None)
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    language.register(app, spoken=("sq", "en"))
    assets.register(app)
    headers.register(app, tls=False)
    app.jinja_env.globals["telephones"] = lambda: (Telephone(N_("Ambulance"), "127"), Telephone(N_("Police"), "129"))
    app.jinja_env.globals["unsigned_names"] = list
    app.jinja_env.globals["doubted_clock"] = lambda: NOON if request.args.get("clock") == "doubted" else None
    app.jinja_env.globals["names_before"] = list
    actor = {"name": "Arta Deda", "organisation_name": "Vatra"}
    hidden: list[str] = []

    @app.route("/form", methods=["GET", "POST"])
    def form() -> tuple[str, int]:
        sample = SampleForm(request.form if request.method == "POST" else None)
        status = 422 if request.method == "POST" and not sample.validate() else 200
        messages = [("done", N_("Released"))] if status == 200 else []
        return render_template_string(
            PAGE, form=sample, actor=actor, synthetic=True, csrf_token="x", messages=messages
        ), status

    @app.get("/error/<int:status>")
    def error(status: int) -> tuple[str, int]:
        calls = [Telephone(N_("Technical operator"), "+355 4 000 0190")]
        return render_template("errors/error.html", status=status, code="a1b2c3", calls=calls), status

    @app.get("/said")
    def said() -> Response:
        page = "{% extends 'layout.html' %}{% block main %}<h1>Said</h1><div>{{ body|safe }}</div>{% endblock %}"
        answer = Response(render_template_string(page, body=request.args["body"]))
        answer.headers.extend({"Link": request.args["link"]} if "link" in request.args else {})
        return answer

    @app.get("/moved")
    def moved() -> Response:
        return redirect("/form")  # type: ignore[return-value]

    @app.post("/hide-screen")
    def hide() -> str:
        hidden.append(request.method)
        return render_template("blank.html")

    @app.get("/hidden")
    def hidden_with() -> str:
        return ",".join(hidden)

    return app


@pytest.fixture(scope="module")
def base() -> Iterator[str]:
    with live.serving(small_app()) as address:
        yield address


def test_what_is_said_of_a_wrong_clock_can_be_read(page: Page, base: str) -> None:
    """It was white on pale yellow."""
    page.goto(f"{base}/form?lang=en&clock=doubted")
    note = page.locator("header .note")
    expect(note).to_contain_text("The clock of the server may be wrong")
    assert note.evaluate("e => getComputedStyle(e).color") == "rgb(16, 23, 31)"
    checks.assert_accessible(page)
    checks.assert_fits(page)


@pytest.mark.parametrize("lang", ["sq", "en"])
def test_the_empty_form_is_light_quiet_accessible_and_fits_a_telephone(page: Page, base: str, lang: str) -> None:
    seen = checks.assert_good_page(page, f"{base}/form?lang={lang}")
    assert len(seen.addresses) == 3
    assert page.locator("html").get_attribute("lang") == lang


@pytest.mark.parametrize("lang", ["sq", "en"])
def test_the_form_with_errors_is_accessible_and_its_summary_leads_to_the_fields(
    page: Page, base: str, lang: str
) -> None:
    page.goto(f"{base}/form?lang={lang}")
    page.locator("main .btn").first.click()
    expect(page.locator("[data-errors]")).to_be_focused()
    assert page.title().startswith({"sq": "Gabim:", "en": "Error:"}[lang])
    checks.assert_accessible(page)
    checks.assert_whole_form(page)
    checks.assert_fits(page)
    assert page.locator("[data-errors] a").count() == 5
    page.locator("[data-errors] a").nth(1).click()
    expect(page.locator("#papers")).to_be_focused()


WORDS = "<pre>some words</pre>"


def test_a_page_that_is_built_like_one_that_passed_is_not_loaded_and_what_differs_is_judged(
    page: Page, base: str
) -> None:
    narrow = checks.Narrow(page.context)

    def visit(body: str, link: str = "") -> Page:
        found = f"{base}/said?{urlencode({'body': body} | ({'link': link} if link else {}))}"
        return checks.assert_good_page_once(page, narrow, found)

    assert visit(WORDS) is page
    placed = visit(WORDS.replace("some words", "other words"))
    assert placed is not page
    assert placed.inner_text("pre") == "other words"
    with pytest.raises(AssertionError, match="320"):
        visit(WORDS.replace("some words", "w" * 200))
    with pytest.raises(AssertionError, match="bytes"):
        visit(WORDS.replace("some words", "word\n" * 2000))
    with pytest.raises(AssertionError, match="preload"):  # said in the console, of a header
        visit(WORDS, link="</other.css>; rel=preload")
    for fault in (
        '<p style="color: red">some words</p>',
        '<p id="main">some words</p>',
        "<input>",
        '<p onclick="1">some words</p>',
    ):
        for _ in range(2):  # what did not pass is loaded again
            with pytest.raises(AssertionError):
                visit(fault)


def test_what_was_typed_stays_but_never_a_password(page: Page, base: str) -> None:
    page.goto(f"{base}/form")
    page.fill("#who", 'Ënd <b> "x"')
    page.fill("#secret", "hapësirë")
    page.fill("#story", "\nrreshti i dytë")
    page.locator("main .btn").first.click()
    assert page.input_value("#who") == 'Ënd <b> "x"'
    assert page.input_value("#story").strip() == "rreshti i dytë"
    assert page.input_value("#secret") == ""


def test_a_button_that_is_pressed_again_while_the_network_is_slow_sends_once(page: Page, base: str) -> None:
    page.goto(f"{base}/form")
    sent: list[Route] = []

    def keep(route: Route) -> None:  # and give no answer
        sent.append(route)

    page.route(f"{base}/form", keep)
    button = page.locator("main .btn").first
    button.evaluate("button => button.after(button.cloneNode(true))")
    button.scroll_into_view_if_needed()
    places = [page.locator("main .btn").nth(number).bounding_box() for number in (0, 1)]

    def press(place: int, *, after: int = 0) -> int:
        at = places[place]
        assert at is not None
        page.wait_for_timeout(after)
        page.mouse.click(at["x"] + 5, at["y"] + 5)
        page.wait_for_timeout(100)
        return len(sent)

    assert [press(0, after=pause) for pause in (0, 0, 400)] == [1, 1, 1]
    assert press(1) == 2  # another button is another press: two files, say
    assert press(0, after=3_000) == 3  # nothing came: who presses again now means it
    for each in sent:
        each.abort()


def test_a_question_opens_with_its_answer_without_any_script(plain_page: Page, base: str) -> None:
    plain_page.goto(f"{base}/form")
    expect(plain_page.locator("#holder")).to_be_hidden()
    plain_page.check("#papers-1")
    expect(plain_page.locator("#holder")).to_be_visible()


def test_no_radio_is_chosen_beforehand(page: Page, base: str) -> None:
    page.goto(f"{base}/form")
    assert page.locator("input[type=radio]:checked").count() == 0


@pytest.mark.parametrize("how", ["button", "keys"])
def test_hiding_the_screen_empties_the_page_and_tells_the_server(page: Page, base: str, how: str) -> None:
    page.goto(f"{base}/form")
    page.fill("#who", "not yet saved")
    if how == "button":
        page.locator("[data-cover] button").click()
    else:
        for _ in range(3):
            page.keyboard.press("Shift")
    page.wait_for_url("**/hide-screen")
    assert "Demonstrim" not in page.content()
    assert page.title() == "–"
    checks.assert_accessible(page)
    assert page.request.get(f"{base}/hidden").text()


def test_typing_capital_letters_does_not_hide_the_screen(page: Page, base: str) -> None:
    page.goto(f"{base}/form")
    page.locator("#who").focus()
    for letter in "ABC":
        page.keyboard.press(f"Shift+{letter}")
    page.wait_for_timeout(200)
    assert page.input_value("#who") == "ABC"
    assert page.url.endswith("/form")


def test_the_screen_is_hidden_without_script_too(plain_page: Page, base: str) -> None:
    plain_page.goto(f"{base}/form")
    plain_page.locator("[data-cover] button").click()
    plain_page.wait_for_url("**/hide-screen")


@pytest.mark.parametrize("status", [400, 403, 404, 405, 409, 413, 422, 429, 500, 503])
def test_an_error_speaks_both_languages_and_says_whom_to_call(page: Page, base: str, status: int) -> None:
    seen = checks.assert_good_page(page, f"{base}/error/{status}", status=status)
    assert len(seen.addresses) == 3
    assert page.locator("section[lang=en]").count() == 1
    for part in (page.locator("main"), page.locator("section[lang=en]")):
        assert "a1b2c3" in part.inner_text()
        for number in ("+355 4 000 0190", "127", "129"):
            assert number in part.inner_text()


def test_language_links_keep_the_page_and_its_filters(page: Page, base: str) -> None:
    page.goto(f"{base}/form?after=3&lang=sq")
    page.locator(".lang a", has_text="English").click()
    assert page.url == f"{base}/form?after=3&lang=en"
    page.goto(f"{base}/form")
    assert page.locator("html").get_attribute("lang") == "en"


def test_every_answer_carries_the_protective_headers(base: str) -> None:
    client = small_app().test_client()
    style = client.get("/form").text.split("stylesheet href=")[1].split(">")[0]
    for path in ("/form", "/moved", "/nowhere", "/error/500", style, "/assets/none.css"):
        answer = client.get(path)
        policy = headers.POLICY_OF_STATIC if path == style else headers.POLICY
        assert answer.headers["Content-Security-Policy"] == policy
        assert "unsafe" not in answer.headers["Content-Security-Policy"]
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"
        if path != style:
            assert answer.headers["Cross-Origin-Opener-Policy"] == "same-origin"
            assert "camera=()" in answer.headers["Permissions-Policy"]
        assert "Strict-Transport-Security" not in answer.headers
        expected = assets.KEEP if path == style else "no-store"
        assert answer.headers["Cache-Control"] == expected, path


def test_the_first_key_leads_past_the_bar_to_the_content(page: Page, base: str) -> None:
    page.goto(f"{base}/form")
    page.keyboard.press("Tab")
    expect(page.locator(".skip")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#main")).to_be_focused()


def test_the_form_is_filled_in_and_sent_by_keyboard_alone(page: Page, base: str) -> None:
    page.goto(f"{base}/form?lang=en")
    page.locator("#who").focus()
    page.keyboard.type("A")
    for _ in range(3):
        page.keyboard.press("Tab")
    page.keyboard.press("Space")
    page.keyboard.press("ArrowDown")
    assert page.locator("#papers-1").is_checked()
    page.keyboard.press("Tab")
    page.keyboard.type("B")
    assert page.input_value("#holder") == "B"
    page.keyboard.press("Enter")
    expect(page.locator("[data-errors]")).to_be_focused()
    assert page.locator("#papers-1").is_checked()


def test_paper_carries_no_bar_and_no_buttons_but_who_printed_it(page: Page, base: str) -> None:
    page.goto(f"{base}/form?lang=en")
    page.emulate_media(media="print")
    for part in (".top > .wrap", ".back", ".bar", ".skip"):
        expect(page.locator(part).first).to_be_hidden()
    expect(page.locator("footer")).to_have_text("Confidential. For authorised staff only. Printed by Arta Deda")
    expect(page.locator("h1")).to_be_visible()
