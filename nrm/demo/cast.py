"""Who and what a demo of a country is made of: its organisations by what they do, and `demo.toml` of its folder."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import cast as typed

from flask import current_app

from nrm import countries
from nrm.countries import Country
from nrm.countries.questionnaires import read_toml
from nrm.domain.accounts.accounts import SHELTERS, OrganisationKind
from nrm.domain.documents import MalformedDocument, Table
from nrm.domain.interviews.interviews import Questionnaire
from nrm.domain.referrals.announced_returns import Origin
from nrm.domain.reports.register import Answer
from nrm.domain.roles import MechanismRole
from nrm.steps import countries as steps
from nrm.steps.interviews.drafts import CURRENT
from nrm.store.countries import country

FILE = "demo.toml"
WRITTEN = (
    "ended",
    "decision",
    "contract",
    "call_back",
    "visited",
    "account",
    "reasons",
    "otherwise",
    "added",
    "repairs",
    "mothers",
    "done",
    "complained",
    "complained_again",
    "needs",
    "risk",
    "wishes",
    "hand_over",
    "hospital",
)
_EXTENSION = "nrm.demo.cast"


class NoDemo(Exception):
    """The country lacks what a demo needs; the text is `FILE: KEY: what to do`."""


@dataclass(frozen=True)
class Cast:
    """Names and sentences of a country's demo, weights of its places, and which organisation does what."""

    country: Country
    counting: str  # the ministry that counts and pays
    home_language: str
    posts: Mapping[str, int]  # crossing point -> how many of a hundred return there
    returned_from: Mapping[str, int]
    foreign: Mapping[str, int]  # the citizenships of foreign people
    language: Mapping[str, str]  # citizenship -> what its people speak
    avoid: Mapping[str, int]
    names: Mapping[str, Sequence[str]]  # feminine, masculine, family, family_masculine
    names_abroad: Mapping[str, Sequence[str]]
    heard: Mapping[str, str]  # letters -> what another officer writes for them, in this order
    stories: Sequence[str]
    labels: Sequence[str]
    late: str
    in_words: Mapping[str, Answer]
    writes: Mapping[str, str]

    @property
    def questionnaire(self) -> Questionnaire:
        """The one that people are asked by."""
        return self.country.questionnaires[CURRENT]

    def code(self, question: str, meaning: str) -> str:
        """The answer of the question that stands for a code of the mechanism."""
        options = self.questionnaire.questions[question].options
        return next((each.code for each in options if each.stands_for == meaning), meaning)

    @property
    def texts(self) -> dict[str, Sequence[str]]:
        """What people of the country answer to questions in their own words."""
        regions = [words[self.country.language] for words in self.country.regions.values()]
        return {"origin": regions, "father": self.names["masculine"]}

    def person(self, number: int) -> tuple[str, str]:
        """(given, family) of somebody who is invented, too."""
        given, family = self.names["feminine"], self.names["family"]
        return given[number * 7 % len(given)], family[number * 5 % len(family)]

    def full_name(self, number: int) -> str:
        """`person`, in one line."""
        return " ".join(self.person(number))

    @cached_property
    def authority(self) -> str:
        """The organisation that has the duty desk."""
        return self.country.roles[MechanismRole.AUTHORITY]

    @cached_property
    def child_authority(self) -> str:
        """The organisation that is told of every child."""
        return self.country.roles[MechanismRole.CHILD_AUTHORITY]

    @cached_property
    def child_officer(self) -> str:
        """Who assesses there, among the actors."""
        return f"{self.child_authority}/child_protection_officer"

    @cached_property
    def trp_unit(self) -> str:
        """The organisation that decides on permits."""
        return self.country.roles[MechanismRole.TRP_UNIT]

    @cached_property
    def prosecution(self) -> str:
        """The organisation that is told of statements."""
        return self.country.roles[MechanismRole.PROSECUTION]

    @cached_property
    def coordinating(self) -> str:
        """The office that the reports go to."""
        return self.country.calendar.recipient

    @cached_property
    def helpline(self) -> str:
        """The help line."""
        return self._of(OrganisationKind.HELPLINE)[0]

    @cached_property
    def police(self) -> str:
        """The investigating police."""
        return self._of(OrganisationKind.POLICE)[0]

    @cached_property
    def operator(self) -> str:
        """Who runs the machine."""
        return self._of(OrganisationKind.OPERATOR)[0]

    @cached_property
    def announcing(self) -> tuple[str, Origin]:
        """Who announces returns: the consular service; where there is none the help line, for an authority abroad."""
        consular = self._of(OrganisationKind.CONSULAR_SERVICE)
        return (consular[0], Origin.CONSULATE) if consular else (self.helpline, Origin.FOREIGN_AUTHORITY)

    @cached_property
    def houses(self) -> tuple[str, str, str]:
        """Three shelters, the state's first; where there are two, the third is the first again."""
        state, ngo = self._of(OrganisationKind.STATE_SHELTER), self._of(OrganisationKind.NGO_SHELTER)
        found = [*state, *ngo, *self._of(OrganisationKind.INTERNATIONAL_ORGANISATION)]
        return found[0], found[1], found[2] if len(found) > 2 else found[0]

    @cached_property
    def first_posts(self) -> tuple[str, str, str]:
        """Three crossing points as the file has them; with fewer, some of them twice."""
        posts = [*self.posts]
        return posts[0], posts[1 % len(posts)], posts[2 % len(posts)]

    @cached_property
    def abroad(self) -> tuple[str, str, str]:
        """Three countries from which people return; with fewer, some of them twice."""
        isos = [*self.returned_from]
        return isos[0], isos[1 % len(isos)], isos[2 % len(isos)]

    def organisation_of(self, party: str) -> str:
        """The organisation that acts as a party."""
        found = (code for code, each in self.country.organisations.items() if each.party == party)
        return next(found, party)

    def _of(self, kind: OrganisationKind) -> list[str]:
        return [code for code, each in self.country.organisations.items() if each.kind is kind]


def cast() -> Cast:
    """That of the running instance; raises NoDemo."""
    extensions = current_app.extensions
    if _EXTENSION not in extensions:
        extensions[_EXTENSION] = read(country(), steps.folder())
    return typed(Cast, extensions[_EXTENSION])


def read(data: Country, folder: Path) -> Cast:
    """The cast of a country whose files lie in `folder`; raises NoDemo with the first thing that is missing."""
    file = folder / FILE
    if not file.is_file():
        raise NoDemo(f"{FILE}: file: missing: names, stories and places of a demo stand there (see {_EXAMPLE})")
    try:
        found = _read(Table(read_toml(file)), data)
    except MalformedDocument as error:
        raise NoDemo(f"{FILE}: {error}") from None
    except (ValueError, OSError) as error:
        raise NoDemo(f"{FILE}: file: is not TOML ({error})") from None
    for kind in (OrganisationKind.HELPLINE, OrganisationKind.POLICE, OrganisationKind.OPERATOR):
        if not any(each.kind is kind for each in data.organisations.values()):
            raise NoDemo(f"country.toml: organisation: a demo needs one of kind {kind}")
    if sum(each.kind in SHELTERS for each in data.organisations.values()) < 2:
        raise NoDemo("country.toml: organisation: a demo needs two that take people in")
    if CURRENT not in data.questionnaires:
        raise NoDemo(f"questionnaire-{CURRENT}.toml: file: missing: people of a demo are asked by it")
    return found


_EXAMPLE = f"nrm/countries/{countries.DEFAULT}/{FILE}"


def _read(table: Table, data: Country) -> Cast:
    isos = {}
    for name in ("returned_from", "foreign"):
        isos[name] = {iso: each for iso, each in _weights(table.table(name)).items() if iso != data.iso}
        if not isos[name]:
            table.wrong(name, "name a country other than this one")
    register, names, abroad, writes = (table.table(each) for each in ("register", "names", "names_abroad", "writes"))
    heard = table.table("heard")
    tables = data.register.tables
    said = register.table("in_words")
    languages = table.table("language")
    language = {iso: languages.text(iso) for iso in languages.data}
    for iso in isos["foreign"]:
        if iso not in language:
            languages.wrong(iso, "missing: what its people speak")
    dated = {*data.opened.get("crossing_point", ()), *data.closed.get("crossing_point", ())}
    there = [code for code, point in data.crossing_points.items() if point.region and code not in dated]
    ministries = [code for code, each in data.organisations.items() if each.kind is OrganisationKind.MINISTRY]
    return Cast(
        country=data,
        counting=table.one_of("counting", [code for code in ministries if code != data.calendar.recipient]),
        home_language=table.text("home_language"),
        posts=_weights(table.table("posts"), there),
        returned_from=isos["returned_from"],
        foreign=isos["foreign"],
        language=language,
        avoid=_weights(table.table("avoid"), data.regions),
        names=_names(names),
        names_abroad=_names(abroad),
        heard={letters: heard.text(letters) for letters in heard.data},
        stories=table.texts("stories"),
        labels=table.text("labels").split(),
        late=register.one_of("late", tables),
        in_words={code: Answer(said.one_of(code, [*Answer])) for code in said.data if code in tables},
        writes={name: writes.text(name) for name in WRITTEN},
    )


def _weights(table: Table, codes: Sequence[str] | Mapping[str, object] = ()) -> dict[str, int]:
    """Code -> a number of 1 or more; of `codes` alone, if they are given."""
    for code in table.data:
        if codes and code not in codes:
            table.wrong(code, f"is none of {', '.join(sorted(codes))}")
    if not table.data:
        table.wrong("", "needs one or more")
    return {code: table.number(code, least=1) for code in table.data}


def _names(table: Table) -> dict[str, list[str]]:
    names = {name: table.text(name).split() for name in ("feminine", "masculine", "family")}
    # Where a family name differs for men: the same names in the same order.
    men = table.text("family_masculine", "").split() or names["family"]
    if len(men) != len(names["family"]):
        table.wrong("family_masculine", f"needs as many names as `family`: {len(names['family'])}")
    return names | {"family_masculine": men}
