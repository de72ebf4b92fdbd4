"""The questionnaire from the command line: whether a file can be used, what is new in another, what answers show."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from nrm import countries
from nrm.cli.refusals import Refused
from nrm.cli.telling import answer, json_option, remark, tell, wants_json
from nrm.cli.usage import read_json
from nrm.countries.questionnaires import read_questionnaire
from nrm.domain.interviews.answers import UnacceptableAnswer, checked
from nrm.domain.interviews.endings import is_child
from nrm.domain.interviews.indicators import Finding, Profile, profile_of_answered
from nrm.domain.interviews.interviews import Questionnaire
from nrm.domain.interviews.questionnaire_checks import MalformedQuestionnaire, incomplete
from nrm.domain.interviews.questionnaire_differences import diff as differences
from nrm.domain.languages import SOURCE
from nrm.steps.interviews.drafts import CURRENT


@click.group()
def questionnaire() -> None:
    """The standardized questionnaire."""


@questionnaire.command()
@click.argument("file", type=click.Path(path_type=Path))
@json_option("findings", "questions", "drafts")
def check(file: Path) -> None:
    """What is wrong with the questionnaire in FILE: one finding a line, exit 1; nothing and exit 0 when there is none.

    Beside it, under the same name, the texts read out are looked for (`.read-out.toml`) and what explains the signs
    (`.signs.toml`).
    """
    try:
        read = _read(file)
        findings = [f"{file.name}: {key}: {reason}" for key, reason in incomplete(read)]
    except MalformedQuestionnaire as error:
        findings = list(error.findings)
    if findings:
        answer(findings, findings=findings, questions=None, drafts=[])
        raise click.exceptions.Exit(1)
    drafts = [language for language, (status, _) in read.reading.items() if status == "draft"]
    answer([], findings=[], questions=len(read.questions), drafts=drafts)
    said = f"; read out as a draft: {', '.join(drafts)}" if drafts else ""
    remark(f"{file.name}: no finding in {len(read.questions)} questions{said}")


@questionnaire.command()
@click.argument("old", type=click.Path(path_type=Path))
@click.argument("new", type=click.Path(path_type=Path))
@json_option("changes")
def diff(old: Path, new: Path) -> None:
    """What NEW changes against OLD: questions, options, texts, gates, weights; empty when nothing is different."""
    try:
        before, after = _read(old), _read(new)
    except MalformedQuestionnaire as error:
        raise Refused(str(error)) from None
    changes = [str(change) for change in differences(before, after)]
    answer(changes, changes=changes)


@questionnaire.command()
@click.option("--answers", "file", required=True, type=click.Path(path_type=Path), help="A JSON object of answers.")
@json_option("outcome", "named", "dimensions")
def profile(file: Path) -> None:
    """What the answers in FILE show by the indicators: the outcome, what was named, and each dimension.

    FILE is an object of question and answer, as in an interview that is imported. Each answer counts by itself: what
    FILE does not answer was not asked. `age` chooses the strengths, `child` and `unsure` those for children; without it
    they are those for adults.
    """
    try:
        asked = countries.load(countries.DEFAULT).questionnaires[CURRENT]
    except countries.CountryError as error:
        raise Refused(str(error)) from None
    answers = _answers(read_json(file, "--answers"), asked)
    drawn = profile_of_answered(asked, answers, child=is_child(answers.get(asked.derive["age"])))
    if wants_json():
        click.echo(json.dumps(_profile_json(drawn), ensure_ascii=False, indent=2))
        return
    click.echo(drawn.outcome)
    for sentence in drawn.sentences[SOURCE]:
        tell(f"- {sentence}")


def _answers(data: object, asked: Questionnaire) -> dict[str, Any]:
    """The answers as they are stored; raises Refused for the first that cannot be one."""
    if not isinstance(data, dict):
        raise Refused("--answers: must be a JSON object of question and answer")
    read = {}
    for name, value in data.items():
        if name not in asked.questions:
            raise Refused(f"--answers: `{name}` is no question of {asked.id}")
        try:
            read[name] = checked(asked.questions[name], value)
        except UnacceptableAnswer as error:
            raise Refused(f"--answers: `{name}`: {error.texts[SOURCE]}") from None
    return {name: value for name, value in read.items() if value is not None}


def _profile_json(drawn: Profile) -> dict[str, Any]:
    return {
        "outcome": drawn.outcome,
        "named": list(drawn.codes),
        "dimensions": {each.dimension: _dimension_json(each) for each in drawn.findings},
    }


def _dimension_json(finding: Finding) -> dict[str, Any]:
    """A dimension that was never asked about has no figures: a zero would say that it was."""
    return {
        "positive": finding.positive,
        "strong": finding.count("S") if finding.asked else None,
        "medium": finding.count("M") if finding.asked else None,
        "weak": finding.count("W") if finding.asked else None,
        "asked": finding.asked,
    }


def _read(file: Path) -> Questionnaire:
    """The questionnaire of a file; raises Refused for a file that cannot be read, MalformedQuestionnaire."""
    try:
        return read_questionnaire(file)
    except OSError as error:
        raise Refused(f"{file}: {error.strerror or 'cannot be read'}") from None
