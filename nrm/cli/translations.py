"""What translators work with: every sentence, one catalogue of a language, and what that lacks (ADR 0140)."""

from __future__ import annotations

import io
import json
from functools import cache
from pathlib import Path

import click
from babel import Locale
from babel.messages.catalog import Catalog
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir
from babel.messages.pofile import read_po, write_po

from nrm import catalogues
from nrm.catalogues import Coverage, texts_of
from nrm.cli.refusals import Refused
from nrm.cli.telling import answer, json_option, remark, wants_json

_NRM = Path(__file__).resolve().parent.parent
# The folders whose words people read, beside each other in the tree and where a wheel is installed (ADR 0133).
# What marks a sentence, beside the names that every gettext tool knows.
KEYWORDS = {**DEFAULT_KEYWORDS, "ByLanguage": None, "CountedByLanguage": (1, 2), "NP_": ((1, "c"), 2)}
SOURCES = {"nrm": ("**.py", "python"), "forms": ("**.py", "python"), "templates": ("**.html", "jinja2")}


@click.group()
def translations() -> None:
    """The sentences of the program for translators."""


@translations.command()
def template() -> None:
    """Print every sentence with the places where it stands, as a .pot file."""
    click.echo(_printed(sentences()), nl=False)


@translations.command()
@click.argument("language")
def catalogue(language: str) -> None:
    """Print the one catalogue of LANGUAGE, a .po file: every sentence, its places, and its translation if there is one.

    Filled in, it lies at nrm/translations/LANGUAGE/messages.po; files of other names beside it go, as it holds them.
    """
    click.echo(_printed(filled(_known(language))), nl=False)


@translations.command()
@click.argument("language")
@json_option("language", "sentences", "missing")
def lacking(language: str) -> None:
    """List what LANGUAGE has no translation of, by place; exit code 1 if there is something."""
    made = filled(_known(language))
    left = [each for each in made if each.id and not texts_of(each)]
    lines, missing = [], []
    for each in left:
        file, line = each.locations[0]
        context = f"{each.context} / " if each.context else ""
        text = each.id if isinstance(each.id, str) else each.id[0]
        lines.append(f"{file}:{line}: {context}{text}")
        missing.append({"place": f"{file}:{line}", "context": each.context or None, "text": text})
    number = len(made)
    answer(lines, language=language, sentences=number, missing=missing)
    remark(f"{language}: {number - len(left)} of {number} sentences")
    if left:
        click.get_current_context().exit(1)


@translations.command()
@click.argument("languages", nargs=-1)
@json_option("LANGUAGE")
def coverage(languages: tuple[str, ...]) -> None:
    """Print how many sentences each language has, by catalogue file; without LANGUAGES, of every language there is.

    A sentence that a language lacks counts for the file in which another one has it. With --json each language has
    `messages`, `translated`, `missing` and `files`.
    """
    found = {language: _covered(_known(language)) for language in languages or catalogues.languages()}
    if wants_json():
        click.echo(json.dumps({name: _described(name, files) for name, files in found.items()}, ensure_ascii=False))
        return
    for language, files in found.items():
        for name, each in (("all", catalogues.whole(files, language)), *((each.file, each) for each in files)):
            click.echo(f"{language}: {name}: {each.translated} of {each.messages}, {len(each.missing)} missing")


def _covered(language: str) -> list[Coverage]:
    try:
        return catalogues.coverage(language)
    except catalogues.UnreadableCatalogue as error:
        raise Refused(str(error)) from None


def _described(language: str, files: list[Coverage]) -> dict[str, object]:
    def numbers(each: Coverage) -> dict[str, object]:
        return {"messages": each.messages, "translated": each.translated, "missing": list(each.missing)}

    all_of_it = catalogues.whole(files, language)
    return {
        "messages": all_of_it.messages,
        "translated": all_of_it.translated,
        "missing": len(all_of_it.missing),
        "files": {each.file: numbers(each) for each in files},
    }


def sentences() -> Catalog:
    """Every sentence of the source with its places, by file and line; nothing is said yet."""
    found = _template()
    return read_po(io.BytesIO(_printed(found).encode()))


@cache
def _template() -> Catalog:
    made = Catalog(project="nrm", charset="utf-8", fuzzy=False, header_comment="# Sentences of nrm.")
    for folder, (pattern, method) in SOURCES.items():
        options = {pattern: {"trimmed": "true", "silent": "false"}}
        for file, line, message, comments, context in extract_from_dir(
            _NRM.parent / folder,
            method_map=[(pattern, method)],
            options_map=options,
            keywords=KEYWORDS,
            comment_tags=("Translators:",),
            strip_comment_tags=True,
        ):
            made.add(message, None, [(f"{folder}/{file}", line)], auto_comments=comments, context=context)
    return made


def filled(language: str) -> Catalog:
    """Every sentence, with its translation wherever a file of the language has it. Raises Refused."""
    made = sentences()
    made.locale = Locale.parse(language)
    made.fuzzy = False
    try:
        for path, entry in catalogues.entries(language):
            there = made.get(entry.id, entry.context)
            texts = texts_of(entry)
            if there is None or not texts:
                continue
            if texts_of(there) not in ((), texts):
                raise Refused(f"{path.name}: {entry.id!r} is translated otherwise in another file of {language}")
            there.string = entry.string
    except catalogues.UnreadableCatalogue as error:
        raise Refused(str(error)) from None
    return made


def _known(language: str) -> str:
    if not catalogues.is_language(language):
        raise Refused(f"LANGUAGE: {language} is no code of a language such as mk or sr_Latn")
    return language


def _printed(made: Catalog) -> str:
    """The file, the same for the same sentences: no time stands in it."""
    out = io.BytesIO()
    write_po(out, made, width=0, sort_by_file=True, omit_header=False)
    lines = out.getvalue().decode().splitlines(keepends=True)
    return "".join(line for line in lines if not line.startswith(('"POT-Creation-Date', '"PO-Revision-Date')))
