"""Reading `rollout.toml` and `directives.toml`: who uses the questionnaire from when, and what officers are told."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from nrm.domain.documents import Table
from nrm.domain.interviews.directives import Directive
from nrm.domain.interviews.groups import PAGE as GROUP
from nrm.domain.interviews.interviews import Questionnaire
from nrm.domain.interviews.rollout import Use

# The longest text: with a longer one the page of an interview would become too large.
LONGEST_TEXT = 600


def read_rollout(table: Table, crossing_points: Collection[str], questionnaires: Collection[str]) -> tuple[Use, ...]:
    """Every use, in the order of the file; raises MalformedDocument with `KEY: reason`."""
    read: list[Use] = []
    for entry in table.tables("use", optional=True):
        starts_on = entry.day("starts_on")
        assert starts_on is not None
        use = Use(
            entry.one_of("crossing_point", crossing_points), entry.one_of("questionnaire", questionnaires), starts_on
        )
        if any((each.crossing_point, each.starts_on) == (use.crossing_point, use.starts_on) for each in read):
            entry.wrong("starts_on", f"{use.crossing_point} begins with another questionnaire on that day")
        read.append(use)
        entry.close()
    table.close()
    return tuple(read)


def read_directives(
    table: Table, parties: Collection[str], questionnaires: Mapping[str, Questionnaire]
) -> tuple[Directive, ...]:
    """Every version of every directive; raises MalformedDocument.

    Of one directive the versions count up, each begins after the one before, and all are one party's.
    """
    pages = {GROUP, *(page for each in questionnaires.values() for page in each.pages)}
    read: dict[str, Directive] = {}
    every: list[Directive] = []
    for entry in table.tables("directive", optional=True):
        directive = _directive(entry, parties, pages)
        before = read.get(directive.id)
        if directive.version != (before.version + 1 if before else 1):
            entry.wrong("version", f"the versions of `{directive.id}` are 1, 2, 3, one after the other")
        if before and directive.party != before.party:
            entry.wrong("party", f"`{directive.id}` is a directive of {before.party}")
        if before and directive.starts_on <= before.starts_on:
            entry.wrong("starts_on", f"must be after version {before.version} of `{directive.id}` began")
        read[directive.id] = directive
        every.append(directive)
    table.close()
    return tuple(every)


def _directive(entry: Table, parties: Collection[str], pages: Collection[str]) -> Directive:
    identifier = entry.text("id")
    if not identifier.isidentifier() or identifier != identifier.lower() or len(identifier) > 40:
        entry.wrong("id", "has small letters, digits and _, at most 40")
    starts_on, ends_on = entry.day("starts_on"), entry.day("ends_on", optional=True)
    assert starts_on is not None
    if ends_on is not None and ends_on < starts_on:
        entry.wrong("ends_on", "lies before the beginning")
    read = Directive(
        id=identifier,
        version=entry.number("version", least=1),
        party=entry.one_of("party", parties),
        starts_on=starts_on,
        ends_on=ends_on,
        pages=entry.texts("pages", codes=pages),
        issuer=entry.words("issuer"),
        title=entry.words("title"),
        text=entry.words("text"),
    )
    for language, text in read.text.items():
        if len(text) > LONGEST_TEXT:
            entry.wrong(f"text.{language}", f"has more than {LONGEST_TEXT} characters")
    entry.close()
    return read
