"""What translators get, and that what they bring back is what pages say."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.frontend import CommandLineInterface
from babel.messages.pofile import read_po, write_po
from click.testing import CliRunner, Result

from nrm import catalogues
from nrm.cli import translations
from nrm.cli.refusals import Refused


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where catalogues lie: nothing yet."""
    monkeypatch.setattr(catalogues, "FOLDER", tmp_path)
    catalogues.forget()
    yield tmp_path
    catalogues.forget()


def said(*words: str) -> Result:
    return CliRunner().invoke(translations.translations, words)


def read(text: str, code: str | None = None) -> Catalog:
    return read_po(io.BytesIO(text.encode()), locale=code, abort_invalid=True)


def filled_in(catalog: Catalog) -> Catalog:
    """As a translator would, in an invented language."""
    for entry in catalog:
        if entry.id:
            many = not isinstance(entry.id, str)
            mark = f"‹{entry.context or ''}"
            entry.string = (
                tuple(f"{mark}{entry.id[1]}›" for _ in range(catalog.num_plurals)) if many else f"{mark}{entry.id}›"
            )
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
    merged = catalogues.catalogue("mk")
    assert merged.singular["Sign in"] == "‹Sign in›"
    assert len(merged.singular) + len(merged.plural) == len(every)
    assert merged.singular["Left"] == "‹Left›"
    assert merged.singular[catalogues.key("Left", "from the crossing point")] == "‹from the crossing pointLeft›"
    again = said("catalogue", "mk").output
    assert {(entry.id, entry.context): entry.string for entry in read(again, "mk") if entry.id} == {
        (entry.id, entry.context): entry.string for entry in every if entry.id
    }


@pytest.mark.slow
def test_one_catalogue_says_what_the_many_files_say(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    catalogues.forget()
    many = catalogues.catalogue("sq")
    whole = said("catalogue", "sq").output
    monkeypatch.setattr(catalogues, "FOLDER", folder)
    catalogues.forget()
    (folder / "sq").mkdir()
    (folder / "sq" / "messages.po").write_text(whole, "utf-8")
    one = catalogues.catalogue("sq")
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


def test_what_a_language_lacks_is_counted_by_the_file_in_which_another_one_has_it(folder: Path) -> None:
    head = 'msgid ""\nmsgstr ""\n"Content-Type: text/plain; charset=utf-8\\n"\n\n'
    bed = 'msgid "%(num)s bed"\nmsgid_plural "%(num)s beds"\nmsgstr[0] "%(num)s {one}"\nmsgstr[1] "{many}"\n\n'
    left = 'msgid "Left"\nmsgstr "{left}"\n\nmsgctxt "from the post"\nmsgid "Left"\nmsgstr "{went}"\n\n'
    for code, name, text in (
        ("sq", "beds.po", bed.format(one="shtrat", many="%(num)s shtretër")),
        ("sq", "stays.po", left.format(left="Largimi", went="Nisja")),
        ("mk", "messages.po", left.format(left="Заминување", went="") + bed.format(one="легло", many="")),
    ):
        (folder / code).mkdir(exist_ok=True)
        (folder / code / name).write_text(head + text, "utf-8")
    answer = said("coverage")
    assert answer.exit_code == 0
    assert answer.output.splitlines() == [
        "mk: all: 1 of 3, 2 missing",
        "mk: beds.po: 0 of 1, 1 missing",
        "mk: stays.po: 1 of 2, 1 missing",
        "sq: all: 3 of 3, 0 missing",
        "sq: beds.po: 1 of 1, 0 missing",
        "sq: stays.po: 2 of 2, 0 missing",
    ]
    told = json.loads(said("coverage", "mk", "--json").output)
    assert told["mk"]["files"]["stays.po"] == {"messages": 2, "translated": 1, "missing": ["from the post / Left"]}
    assert (told["mk"]["messages"], told["mk"]["missing"]) == (3, 2)
    assert json.loads(said("coverage", "el", "--json").output)["el"]["missing"] == 3, "nobody has begun"
    assert said("coverage", "xx").exit_code == 1
