"""Languages: who decides, what is translated, how it is written."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from flask import Flask, g, render_template_string
from hypothesis import given
from hypothesis import strategies as st
from markupsafe import Markup

from nrm import catalogues
from nrm.domain.words import N_, Phrase, masked
from nrm.web import formats, language

PO = """msgid ""
msgstr ""
"Language: sq\\n"
"Content-Type: text/plain; charset=utf-8\\n"
"Plural-Forms: nplurals=2; plural=(n != 1);\\n"
"""


def po(*pairs: tuple[str, str]) -> str:
    return PO + "".join(f'\nmsgid "{one}"\nmsgstr "{other}"\n' for one, other in pairs)


@pytest.fixture(autouse=True)
def clocks_of_albania(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever application this process made before."""
    monkeypatch.setattr(formats, "_zone", ZoneInfo("Europe/Tirane"))


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    (tmp_path / "sq").mkdir()
    monkeypatch.setattr(catalogues, "FOLDER", tmp_path)
    catalogues.forget()
    yield tmp_path / "sq"
    catalogues.forget()


@pytest.fixture
def app(folder: Path) -> Flask:
    beds = '\nmsgid "one bed"\nmsgid_plural "%(num)s beds"\nmsgstr[0] "një shtrat"\nmsgstr[1] "%(num)s shtretër"\n'
    (folder / "beds.po").write_text(po(("Hello %(name)s", "Tungjatjeta %(name)s"), ("35%%", "35 %%")) + beds, "utf-8")
    app = Flask("small", static_folder=None)
    language.register(app, spoken=("sq", "en"))

    @app.get("/")
    def page() -> str:
        return render_template_string("{{ lang }} {{ _('Hello %(name)s', name='<Arta>') }}")

    return app


def test_the_address_decides_before_the_cookie_and_the_cookie_before_the_instance(app: Flask) -> None:
    client = app.test_client()
    assert client.get("/").text == "sq Tungjatjeta &lt;Arta&gt;"
    assert client.get("/?lang=en").text == "en Hello &lt;Arta&gt;"
    assert client.get("/").text.startswith("en")
    assert client.get("/?lang=sq").text.startswith("sq")


@pytest.mark.parametrize(
    ("asked", "shown"),
    [
        ("en-US,en;q=0.9", "en"),
        ("de,en;q=0.5,sq;q=0.7", "sq"),
        ("de-DE,fr", "sq"),  # none of them: the default
        ("*", "sq"),
        ("en;q=0", "sq"),
        (";;;q=x, ../..", "sq"),
    ],
)
def test_the_first_page_speaks_as_the_browser_asks_until_somebody_chooses(app: Flask, asked: str, shown: str) -> None:
    client, headers = app.test_client(), {"Accept-Language": asked}
    first = client.get("/", headers=headers)
    assert first.text.startswith(shown)
    assert "Set-Cookie" not in first.headers, "nobody chose anything"
    chosen = "en" if shown == "sq" else "sq"
    assert client.get(f"/?lang={chosen}", headers=headers).text.startswith(chosen)
    assert client.get("/", headers=headers).text.startswith(chosen), "the choice is kept, whatever the browser asks"


def test_a_sentence_is_said_in_the_readers_language_else_in_the_default_else_in_english(folder: Path) -> None:
    (folder / "a.po").write_text(po(("Hello", "Tungjatjeta"), ("Day", "Dita")), "utf-8")
    (folder.parent / "mk").mkdir()
    (folder.parent / "mk" / "a.po").write_text(po(("Hello", "Здраво")).replace("sq", "mk"), "utf-8")
    app = Flask("small", static_folder=None)
    language.register(app, spoken=("sq", "mk"))
    with app.test_request_context("/"):
        assert list(language.languages().items()) == [("sq", "Shqip"), ("mk", "Македонски")]
        g.language = "mk"
        assert [language.gettext(each) for each in ("Hello", "Day", "Year")] == ["Здраво", "Dita", "Year"]
        assert [language.translated(N_(each)) for each in ("Hello", "Day", "Year")] == ["Здраво", "Dita", "Year"]
        assert language.text_in({"en": "Hearth", "sq": "Vatra"}) == "Vatra"
        assert language.text_in({"it": "Focolare", "en": "Hearth"}) == "Hearth"
        assert language.text_in({"it": "Focolare"}) == "Focolare"
        assert language.text_in({"mk": "Огниште", "sq": "Vatra"}) == "Огниште"
        assert language.text_in({}) == ""
        g.language = "en"
        assert language.gettext("Hello") == "Hello"
        assert formats.day("2024-03-15", "mk") == "15 март 2024"
        assert formats.moment(datetime(2024, 7, 1, 12, 5, tzinfo=UTC), "mk").startswith("1 јули 2024")


def test_only_a_choice_sets_the_cookie(app: Flask) -> None:
    client = app.test_client()
    assert "Set-Cookie" not in client.get("/").headers
    assert "Set-Cookie" not in client.get("/?lang=xx").headers
    assert "HttpOnly" in client.get("/?lang=en").headers["Set-Cookie"]


def test_an_unknown_language_in_the_cookie_is_passed_over(app: Flask) -> None:
    client = app.test_client()
    client.set_cookie("lang", "../../etc")
    assert client.get("/").text.startswith("sq")


def test_language_links_keep_every_other_part_of_the_query(app: Flask) -> None:
    with app.test_request_context("/list?after=3&kind=a&kind=b&lang=en"):
        assert language.language_links()[0] == ("sq", "Shqip", "?after=3&kind=a&kind=b&lang=sq")


def test_a_counted_sentence_takes_the_form_of_its_number(app: Flask) -> None:
    with app.test_request_context("/"):
        g.language = "sq"
        assert language.ngettext("one bed", "%(num)s beds", 1) == "një shtrat"
        assert language.ngettext("one bed", "%(num)s beds", 0) == "0 shtretër"
        assert render_template_string("{{ ngettext('one bed', '%(num)s beds', 12) }}") == "12 shtretër"
        g.language = "en"
        assert language.ngettext("one bed", "%(num)s beds", 1) == "one bed"
        assert language.ngettext("one bed", "%(num)s beds", 2) == "2 beds"


def test_trans_blocks_and_percent_signs_work_like_the_short_form(app: Flask) -> None:
    with app.test_request_context("/"):
        g.language = "sq"
        block = "{% trans name='<x>' %}Hello {{ name }}{% endtrans %}"
        assert render_template_string(block) == "Tungjatjeta &lt;x&gt;"
        assert render_template_string("{% trans %}35%{% endtrans %}{{ _('35%%') }}") == "35 %35 %"
        assert language.gettext("35%%") == "35 %"


def test_a_phrase_of_a_form_is_translated_where_it_is_shown(app: Flask) -> None:
    with app.test_request_context("/"):
        g.language = "sq"
        assert language.translated(N_("Hello %(name)s", name="A")) == "Tungjatjeta A"
        assert (
            render_template_string("{{ x|translated }}", x=N_("Hello %(name)s", name="<A>")) == "Tungjatjeta &lt;A&gt;"
        )
        assert language.translated(N_("Hello %(name)s", name="A"), "en") == "Hello A"


def test_what_people_typed_is_neither_translated_nor_trusted(app: Flask) -> None:
    with app.test_request_context("/"):
        g.language = "sq"
        assert render_template_string("{{ x|translated }}", x="100% <b>") == "100% &lt;b&gt;"
        assert language.translated(Markup("<b>x</b>")) == Markup("<b>x</b>")


def test_a_block_speaks_its_own_language_and_gives_the_old_one_back(app: Flask) -> None:
    with app.app_context():
        with language.speaking("en"):
            assert language.current_language() == "en"
        assert language.current_language() == "sq"
    assert language.current_language() == "en"


def test_country_data_falls_back_to_a_language_that_is_there() -> None:
    assert language.text_in({"sq": "po", "en": "yes"}, "en") == "yes"
    assert language.text_in({"sq": "po", "en": ""}, "en") == "po"
    assert language.text_in({"el": "ναι"}, "en") == "ναι"
    assert language.text_in({}, "en") == ""
    assert language.text_in("Vatra", "en") == "Vatra"


def test_two_files_that_disagree_stop_the_start_and_are_named(folder: Path) -> None:
    (folder / "a.po").write_text(po(("Day", "Dita")), "utf-8")
    (folder / "b.po").write_text(po(("Day", "Ditë")), "utf-8")
    with pytest.raises(catalogues.ConflictingTranslation, match=r"b\.po and a\.po translate 'Day' differently"):
        catalogues.catalogue("sq")


def test_a_fuzzy_entry_is_not_used(folder: Path) -> None:
    (folder / "a.po").write_text(po(("Year", "Viti")) + '\n#, fuzzy\nmsgid "Day"\nmsgstr "Nata"\n', "utf-8")
    assert language.in_language("sq", "Day") == "Day"
    assert language.in_language("sq", "Year") == "Viti"


def test_a_phrase_prints_as_its_english_sentence() -> None:
    phrase = N_("at most %(most)d", most=5)
    assert phrase == "at most 5"
    assert isinstance(phrase, Phrase)
    assert (phrase.message, phrase.values) == ("at most %(most)d", {"most": 5})


@pytest.mark.parametrize(
    ("name", "shown"), [("Arta Deda", "A… D…"), ("  Ëma  ", "Ë…"), ("", "…"), ("Ana Maria Prifti", "A… M… P…")]
)
def test_a_masked_name_shows_first_letters_only(name: str, shown: str) -> None:
    assert masked(name) == shown


@pytest.mark.parametrize(
    ("value", "sq", "en"),
    [
        ("2024-03-15", "15 mars 2024", "15 March 2024"),
        (date(2024, 1, 2), "2 janar 2024", "2 January 2024"),
        ("2024-03", "mars 2024 (dita nuk dihet)", "March 2024 (day unknown)"),
        ("2024", "2024 (dita dhe muaji nuk dihen)", "2024 (day and month unknown)"),
        (datetime(2024, 12, 31, 23, 30, tzinfo=UTC), "1 janar 2025", "1 January 2025"),
        (None, "–", "–"),
        ("", "–", "–"),
        ("2024-13", "2024-13", "2024-13"),
        ("soon", "soon", "soon"),
    ],
)
def test_a_date_is_written_in_words_and_says_what_is_not_known(value: object, sq: str, en: str) -> None:
    assert formats.day(value, "sq") == sq  # type: ignore[arg-type]
    assert formats.day(value, "en") == en  # type: ignore[arg-type]


def test_a_time_is_shown_on_the_clocks_of_the_country_in_summer_and_winter() -> None:
    assert formats.moment(datetime(2024, 7, 1, 12, 5, tzinfo=UTC), "sq") == "1 korrik 2024, ora 14:05"
    assert formats.moment("2024-01-01T12:05:00+00:00", "en") == "1 January 2024, 13:05"
    assert formats.clock(datetime(2024, 1, 1, 12, 5, tzinfo=UTC)) == "13:05"
    assert formats.moment(None, "sq") == formats.clock(None) == "–"


def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="a time without its zone cannot be shown"):
        formats.moment(datetime(2024, 1, 1), "sq")  # noqa: DTZ001


def test_numbers_have_the_signs_of_the_language() -> None:
    assert formats.number(1234567, "sq") == "1\N{NO-BREAK SPACE}234\N{NO-BREAK SPACE}567"
    assert formats.number(1234.5, "en") == "1,234.5"
    assert formats.number(-0.5, "sq") == "\N{MINUS SIGN}0,5"
    assert formats.number(0, "sq") == "0"
    assert formats.percent(35, "en") == "35%"


@pytest.mark.parametrize(("spoken", "short"), [("en", "Wed"), ("sq", "mër"), ("mk", "сре.")])
def test_the_day_of_the_week_stands_in_short_beside_a_number(spoken: str, short: str) -> None:
    assert formats.weekday(date(2026, 12, 2), spoken) == short


def test_a_quarter_is_named_by_its_months() -> None:
    assert formats.quarter("2026Q1", "sq") == "janar–mars 2026"
    assert formats.quarter("2026Q4", "en") == "October–December 2026"
    assert formats.quarter("2026Q1", "en", "2026Q2") == "January–June 2026"
    assert formats.quarter("2024Q1", "sq", "2025Q4") == "janar 2024–dhjetor 2025"


def test_albanian_names_stand_in_the_order_of_the_36_letters() -> None:
    assert len(formats.ALBANIAN) == 36
    right = ["Cela", "Çela", "Dora", "Dhima", "Era", "Ëma", "Gora", "Gjoni", "Lula", "Llazi", "Nora", "Njazi"]
    right += ["Rama", "Rroku", "Sula", "Shehu", "Toska", "Thana", "Xama", "Xhafa", "Zeka", "Zhupa"]
    wrong = sorted(right)
    assert wrong != right
    assert sorted(wrong, key=lambda name: formats.sort_key(name, "sq")) == right
    assert sorted(["Zhupa", "Çela", "Zora"], key=lambda name: formats.sort_key(name, "en")) == ["Çela", "Zhupa", "Zora"]


ALBANIAN_TEXT = st.text(alphabet="abcçdeëghjlnrstxzABCÇDEËGHJLNRSTXZ 7")


@given(ALBANIAN_TEXT, ALBANIAN_TEXT)
def test_a_name_stands_before_every_longer_one_and_capitals_change_nothing(name: str, more: str) -> None:
    assert formats.sort_key(name, "sq") <= formats.sort_key(name + more, "sq")
    assert formats.sort_key(name.upper(), "sq") == formats.sort_key(name.lower(), "sq")
