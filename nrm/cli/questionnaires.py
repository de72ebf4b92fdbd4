"""The questionnaire from the command line: whether a file can be used, and what a new version changes."""

from __future__ import annotations

from pathlib import Path

import click

from nrm.cli.usage import Refused
from nrm.countries.questionnaires import read_questionnaire
from nrm.domain.interviews.interviews import Questionnaire
from nrm.domain.interviews.questionnaire_checks import MalformedQuestionnaire, incomplete
from nrm.domain.interviews.questionnaire_differences import diff as differences


@click.group()
def questionnaire() -> None:
    """The standardized questionnaire."""


@questionnaire.command()
@click.argument("file", type=click.Path(path_type=Path))
def check(file: Path) -> None:
    """What is wrong with the questionnaire in FILE: one finding a line, exit 1; nothing and exit 0 when there is none.

    The texts read out are looked for beside it, under the same name with `.read-out.toml`.
    """
    try:
        read = _read(file)
        findings = [f"{file.name}: {key}: {reason}" for key, reason in incomplete(read)]
    except MalformedQuestionnaire as error:
        findings = list(error.findings)
    for finding in findings:
        click.echo(finding)
    if findings:
        raise click.exceptions.Exit(1)
    drafts = [language for language, (status, _) in read.reading.items() if status == "draft"]
    said = f"; read out as a draft: {', '.join(drafts)}" if drafts else ""
    click.echo(f"{file.name}: no finding in {len(read.questions)} questions{said}", err=True)


@questionnaire.command()
@click.argument("old", type=click.Path(path_type=Path))
@click.argument("new", type=click.Path(path_type=Path))
def diff(old: Path, new: Path) -> None:
    """What NEW changes against OLD: questions, options, texts, gates, weights; empty when nothing is different."""
    try:
        before, after = _read(old), _read(new)
    except MalformedQuestionnaire as error:
        raise Refused(str(error)) from None
    for change in differences(before, after):
        click.echo(str(change))


def _read(file: Path) -> Questionnaire:
    """The questionnaire of a file; raises Refused for a file that cannot be read, MalformedQuestionnaire."""
    try:
        return read_questionnaire(file)
    except OSError as error:
        raise Refused(f"{file}: {error.strerror or 'cannot be read'}") from None
