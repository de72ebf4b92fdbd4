"""What translators get, and that what they bring back is what pages say."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.frontend import CommandLineInterface
from babel.messages.pofile import read_po, write_po
from click.testing import CliRunner, Result

from nrm.cli import translations
from nrm.cli.refusals import Refused
from nrm.web import language


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where catalogues lie: nothing yet."""
    monkeypatch.setattr(translations, "FOLDER", tmp_path)
    monkeypatch.setattr(language, "FOLDER", tmp_path)
    language.catalogue.cache_clear()
    yield tmp_path
    language.catalogue.cache_clear()


def said(*words: str) -> Result:
    return CliRunner().invoke(translations.translations, words)


def read(text: str, code: str | None = None) -> Catalog:
    return read_po(io.BytesIO(text.encode()), locale=code, abort_invalid=True)


def filled_in(catalog: Catalog) -> Catalog:
    """As a translator would, in an invented language."""
    for entry in catalog:
        if entry.id:
            many = not isinstance(entry.id, str)
            entry.string = tuple(f"‹{entry.id[1]}›" for _ in range(catalog.num_plurals)) if many else f"‹{entry.id}›"
    return catalog


@pytest.mark.slow
def test_a_catalogue_goes_through_pybabel_and_back_to_the_page(folder: Path) -> None:
    template = said("template")
    assert template.exit_code == 0
    assert said("template").output == template.output, "no time stands in it"
    (folder / "messages.pot").write_text(template.output, "utf-8")
    file = folder / "mk" / "messages.po"
    pybabel = CommandLineInterface()
    pybabel.run(["pybabel", "-q", "init", "-l", "mk", "-i", str(folder / "messages.pot"), "-o", str(file)])
    every = read(file.read_text("utf-8"), "mk")
    assert len(every) == len(read(template.output)) > 4000
    sign_in = every["Sign in"]
    assert any(place.startswith("templates/accounts/") for place, _ in sign_in.locations)
    assert said("lacking", "mk").exit_code == 1
    with file.open("wb") as stream:
        write_po(stream, filled_in(every))
    pybabel.run(["pybabel", "-q", "update", "-l", "mk", "-i", str(folder / "messages.pot"), "-o", str(file)])
    assert said("lacking", "mk").exit_code == 0
    merged = language.catalogue("mk")
    assert merged.singular["Sign in"] == "‹Sign in›"
    assert len(merged.singular) + len(merged.plural) == len(every)
    again = said("catalogue", "mk").output
    assert {entry.id: entry.string for entry in read(again, "mk") if entry.id} == {
        entry.id: entry.string for entry in every if entry.id
    }


@pytest.mark.slow
def test_one_catalogue_says_what_the_many_files_say(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    language.catalogue.cache_clear()
    many = language.catalogue("sq")
    whole = said("catalogue", "sq").output
    monkeypatch.setattr(language, "FOLDER", folder)
    language.catalogue.cache_clear()
    (folder / "sq").mkdir()
    (folder / "sq" / "messages.po").write_text(whole, "utf-8")
    one = language.catalogue("sq")
    assert (one.singular, one.plural) == (many.singular, many.plural)


@pytest.mark.slow
def test_a_language_that_there_is_not_a_damaged_file_and_two_that_disagree_are_named(folder: Path) -> None:
    def refused(code: str) -> str:
        with pytest.raises(Refused) as caught:
            CliRunner().invoke(
                translations.translations, ["lacking", code], catch_exceptions=False, standalone_mode=False
            )
        return str(caught.value)

    assert "xx is no code of a language" in refused("xx")
    (folder / "mk").mkdir()
    (folder / "mk" / "a.po").write_text('msgid "Sign in"\nmsgstr "A"\n', "utf-8")
    (folder / "mk" / "b.po").write_text('msgid "Sign in"\nmsgstr "B"\n', "utf-8")
    assert refused("mk") == "b.po: 'Sign in' is translated otherwise in another file of mk"
    (folder / "mk" / "a.po").write_text("msgid no quotes\n", "utf-8")
    assert "a.po" in refused("mk")
