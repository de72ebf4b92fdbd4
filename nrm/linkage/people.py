"""What is compared: the names, places and dates that somebody said, as they were written down."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Alias:
    """Another name of the same person: a marriage name, a name in false papers, a nickname."""

    given: str
    family: str = ""


@dataclass(frozen=True)
class Person:
    """One person as one organisation wrote her down. Everything may be empty, and anything may be any text.

    `birth` is what is known of the day: "1987", "1987-03", "1987-03-12"; or an age and the year in which it was said:
    "17@2026". What is none of these counts as not known. `sex` and `citizenship` are the codes that the case has
    anyway; they are not encoded. `exact` are numbers that belong to one person: of a document, a telephone, an older
    pseudonym. Of `aliases` the first `encoding.ALIASES` count, of `exact` the first `encoding.NUMBERS`.
    """

    given: str
    family: str
    father: str = ""
    place: str = ""
    birth: str = ""
    sex: str = ""
    citizenship: str = ""
    aliases: tuple[Alias, ...] = ()
    exact: tuple[str, ...] = ()
