"""What translators work with: every sentence, one catalogue of a language, and what that lacks (ADR 0140)."""

from __future__ import annotations

import io
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import click
from babel import Locale, UnknownLocaleError
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import PoFileError, read_po, write_po

from nrm.cli.refusals import Refused

_NRM = Path(__file__).resolve().parent.parent
FOLDER = _NRM / "translations"
# The folders whose words people read, beside each other in the tree and where a wheel is installed (ADR 0133).
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
def lacking(language: str) -> None:
    """List what LANGUAGE has no translation of, by place; exit code 1 if there is something."""
    made = filled(_known(language))
    left = [each for each in made if each.id and not _is_said(each)]
    for each in left:
        file, line = each.locations[0]
        click.echo(f"{file}:{line}: {each.id if isinstance(each.id, str) else each.id[0]}")
    number = len(made)
    click.echo(f"{language}: {number - len(left)} of {number} sentences", err=True)
    if left:
        click.get_current_context().exit(1)


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
    for path, entry in _entries(language):
        there = made.get(entry.id, entry.context)
        if there is None or entry.fuzzy:
            continue
        if _is_said(there) and there.string != entry.string:
            raise Refused(f"{path.name}: {entry.id!r} is translated otherwise in another file of {language}")
        there.string = entry.string
    return made


def _known(language: str) -> str:
    try:
        Locale.parse(language)
    except (UnknownLocaleError, ValueError):
        raise Refused(f"LANGUAGE: {language} is no code of a language such as mk or sr_Latn") from None
    return language


def _entries(language: str) -> Iterator[tuple[Path, Message]]:
    for path in sorted((FOLDER / language).glob("*.po")):
        try:
            with path.open("rb") as stream:
                read = read_po(stream, locale=language, abort_invalid=True)
        except PoFileError as error:
            raise Refused(f"{path}: {error}") from None
        yield from ((path, entry) for entry in read if entry.id)


def _is_said(entry: Message) -> bool:
    texts = (entry.string,) if isinstance(entry.string, str) else tuple(entry.string or ())
    return bool(texts) and all(texts)


def _printed(made: Catalog) -> str:
    """The file, the same for the same sentences: no time stands in it."""
    out = io.BytesIO()
    write_po(out, made, width=0, sort_by_file=True, omit_header=False)
    lines = out.getvalue().decode().splitlines(keepends=True)
    return "".join(line for line in lines if not line.startswith(('"POT-Creation-Date', '"PO-Revision-Date')))
