"""A country is a folder of data: places, organisations, lists, agreements, questionnaires, tables.

`load` reads it whole and refuses the first thing that is wrong with `FILE: KEY: reason`.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any, Protocol, TypeVar

from nrm import parsing
from nrm.countries import lists
from nrm.countries.country import Country, CrossingPoint, ListedOrganisation, NoAgreement
from nrm.countries.files import MalformedFile
from nrm.countries.former_words import in_present_words
from nrm.countries.procedures import read_directives, read_rollout
from nrm.countries.questionnaires import faults_of_texts, load_questionnaires, read_toml
from nrm.countries.reading import read_country
from nrm.countries.register import read_register
from nrm.domain.agreement.agreement_documents import MalformedAgreement, check_bounds, parse_agreement
from nrm.domain.agreement.agreements import Agreement
from nrm.domain.agreement.safeguards import MalformedSafeguards, Safeguards, parse_safeguards
from nrm.domain.documents import MalformedDocument, Table, keyed, said
from nrm.domain.interviews.answers import is_unknown
from nrm.domain.interviews.handouts import Handouts, parse_handouts
from nrm.domain.interviews.interviews import Questionnaire
from nrm.domain.interviews.monitoring import Checklist, parse_checklist
from nrm.domain.interviews.questionnaire_checks import MalformedQuestionnaire
from nrm.domain.interviews.spoken import Choices, parse_choices
from nrm.domain.reports.counting import NOT_GRANTED
from nrm.domain.reports.register import Register
from nrm.domain.reports.report_list import BY_NAME, COMPENSATION, FILED, MAIN, FiledReport, Report
from nrm.domain.shelter.claims import NOT_STATED
from nrm.domain.words import N_, Phrase
from nrm.statistics.description import parse as parse_tables
from nrm.statistics.description import words_lacking
from nrm.statistics.tables import Linked, MalformedTableSet, TableSet

__all__ = [
    "DEFAULT",
    "FOLDER",
    "Country",
    "CountryError",
    "CrossingPoint",
    "ListedOrganisation",
    "NoAgreement",
    "accepted",
    "disagreements",
    "draft_of",
    "load",
    "mismatches",
    "place_of",
    "read_agreement",
    "read_draft",
    "text_of_file",
    "unsaid",
]

FOLDER = Path(__file__).parent
AGREEMENTS = "mou-*.toml"
DEFAULT = min(file.parent.name for file in FOLDER.glob("*/country.toml"))
"""The country of commands that ask about files and name no instance."""


class CountryError(ValueError):
    """A country folder that cannot be used; the text is `FILE: KEY: reason`, the first of `findings`."""

    def __init__(self, *findings: str) -> None:
        super().__init__(findings[0])
        self.findings = findings


def place_of(name: str) -> tuple[str, Path | None]:
    """(code, folder) of the country that somebody names: the code of one shipped with the program, for which the folder
    is None, or a folder, whose `country.toml` has the code. Raises CountryError."""
    folder = Path(name)
    if name.isidentifier() and (FOLDER / name / "country.toml").is_file():
        return name, None
    if not folder.is_dir():
        shipped = sorted(file.parent.name for file in FOLDER.glob("*/country.toml"))
        meant = f"; is {name.lower()} meant?" if name.lower() in shipped else ""
        raise CountryError(f"{name}: no such folder, and no country of the program ({', '.join(shipped)}){meant}")
    try:
        return Table(_toml(folder / "country.toml")).text("code"), folder.absolute()
    except MalformedDocument as error:
        raise CountryError(f"country.toml: {error}") from None


def load(code: str, folder: Path | None = None) -> Country:
    """The country from `folder` (default: the one shipped under its code); raises CountryError."""
    place = folder if folder is not None else FOLDER / code
    if folder is None and (not code.isidentifier() or not (place / "country.toml").is_file()):
        raise CountryError(f"{code}: country.toml: there is no such country")
    country = assemble(place, code, at_once)
    assert country is not None, "the first mistake was raised"
    for fault in disagreements(country):
        raise CountryError(fault)
    return country


Read = TypeVar("Read")


class Attempt(Protocol):
    """Reads one part: its value, or None where it is wrong and that was kept."""

    def __call__(self, read: Callable[[], Read], /) -> Read | None: ...


def at_once(read: Callable[[], Read]) -> Read:
    """The first mistake ends everything."""
    return read()


def assemble(place: Path, code: str, attempt: Attempt) -> Country | None:
    """The country of a folder, part by part, each as far as those that it needs are there; None if one is not."""
    country = attempt(lambda: _places_and_lists(place, code))
    tables = attempt(lambda: _tables(place, country.languages if country is not None else ()))
    questionnaires = attempt(lambda: _questionnaires(place, country))
    choices = handouts = checklist = register = agreements = safeguards = None
    if questionnaires is not None:
        asked = questionnaires
        choices = attempt(lambda: _choices(place, asked))
        handouts = attempt(lambda: _handouts(place, asked))
        checklist = attempt(lambda: _checklist(place, asked, country.languages if country is not None else ()))
    if country is not None:
        based = country
        agreements = attempt(lambda: _agreements(place, based))
        if agreements is not None:
            bound = agreements
            safeguards = attempt(lambda: _safeguards(place, bound, based))
        if tables is not None:
            counted = tables
            attempt(lambda: _check_bands(counted, based))
            register = attempt(lambda: _register(place, based, counted))
    if (
        country is None
        or tables is None
        or questionnaires is None
        or choices is None
        or handouts is None
        or checklist is None
        or register is None
        or agreements is None
        or safeguards is None
    ):
        return None
    whole = replace(
        country,
        agreements=agreements,
        texts=_texts(place),
        safeguards=safeguards,
        tables=tables,
        questionnaires=questionnaires,
        choices=choices,
        handouts=handouts,
        checklist=checklist,
        register=register,
    )
    return attempt(lambda: _with_procedures(place, whole))


def _places_and_lists(place: Path, code: str) -> Country:
    """`country.toml`, without what the other files say."""
    file = place / "country.toml"
    try:
        return read_country(_toml(file), code)
    except MalformedFile as error:
        raise CountryError(*(f"{file.name}: {each}" for each in error.findings)) from None
    except MalformedDocument as error:
        raise CountryError(f"{file.name}: {error}") from None


def disagreements(country: Country) -> Iterator[str]:
    """`FILE: KEY: what to do` wherever an answer routes by a code that the country or an agreement does not know: an
    interview with that answer could not be sent."""
    for questionnaire, agreement in product(country.questionnaires.values(), country.agreements):
        for question in questionnaire.questions.values():
            known = agreement.facts.get(question.routing or "", ())
            if not question.options or not known or question.kind == "yes_no":
                continue
            for option in question.options:
                if option.stands_for not in known and not is_unknown(option.code) and option.code != "none":
                    yield (
                        f"questionnaire-{questionnaire.id}.toml: question.{question.id}.options.{option.code}: write "
                        f"one of {', '.join(sorted(map(str, known)))}, or say which it `means`: agreement "
                        f"{agreement.version} routes by `{question.routing}`"
                    )


def _with_procedures(place: Path, country: Country) -> Country:
    """The country with its rollout and its directives; a country without the files has none."""
    rollout, directives = place / "rollout.toml", place / "directives.toml"
    posts = [code for code, point in country.crossing_points.items() if point.region is not None]
    parties = {code for agreement in country.agreements for code in agreement.parties}
    file = rollout
    try:
        uses = read_rollout(Table(_toml(rollout)), posts, country.questionnaires) if rollout.is_file() else ()
        file = directives
        table = Table(_toml(file) if file.is_file() else {}, languages=country.languages)
        told = read_directives(table, parties, country.questionnaires) if table.data else ()
    except MalformedDocument as error:
        raise CountryError(f"{file.name}: {error}") from None
    return replace(country, uses=uses, directives=told)


def _register(place: Path, country: Country, tables: Mapping[str, TableSet]) -> Register:
    """The requirements of `register.toml`; every report that is filed belongs to a table of it."""
    file = place / "register.toml"
    try:
        read = read_register(Table(_toml(file), languages=country.languages), country.organisations, tables)
    except MalformedDocument as error:
        raise CountryError(f"{file.name}: {error}") from None
    for report in FILED:
        if report.name in tables and report.name not in read.protected:
            raise CountryError(f"tables-{report.name}.toml: file: no table of {file.name} is filed for it")
    return read


def _checklist(place: Path, questionnaires: dict[str, Questionnaire], languages: tuple[str, ...]) -> Checklist:
    """`monitoring.toml` of the folder, checked against the questionnaires."""
    file = place / "monitoring.toml"
    try:
        return parse_checklist(Table(_toml(file), languages=languages), questionnaires)
    except MalformedDocument as error:
        raise CountryError(f"{file.name}: {error}") from None


def _tables(place: Path, languages: tuple[str, ...]) -> dict[str, TableSet]:
    """Every `tables-*.toml` of the folder, by the name of its report, with its words in each of the languages."""
    read: dict[str, TableSet] = {}
    for file in sorted(place.glob("tables-*.toml")):
        document = _toml(file)
        try:
            read[file.stem.removeprefix("tables-")] = parse_tables(document)
        except MalformedTableSet as error:
            raise CountryError(f"{file.name}: {error}") from None
        if unsaid_here := [f"{file.name}: {key}: missing" for key in words_lacking(document, languages)]:
            raise CountryError(*unsaid_here)
    if MAIN.name not in read:
        raise CountryError(f"tables-{MAIN.name}.toml: file: missing")
    for name, table_set in read.items():
        report = BY_NAME.get(name)
        if report is None:
            raise CountryError(f"tables-{name}.toml: file: there is no such report")
        if isinstance(report, FiledReport):
            continue  # held against the register, which says what is filed
        if fault := _fault_of_dimensions(report, table_set):
            raise CountryError(f"tables-{name}.toml: dimension.{fault}")
    for name, table_set in read.items():
        for link in table_set.linked:
            if fault := _fault_of(link, read):
                raise CountryError(f"tables-{name}.toml: linked.{link.report}: {fault}")
    return read


def _fault_of_dimensions(report: Report, table_set: TableSet) -> str | None:
    """The dimension, and what is wrong: the tables have those that the report is counted by, and no other."""
    there = {*table_set.roots, *table_set.lacking(table_set.dimensions)}
    for name in sorted(there ^ {*report.dimensions})[:1]:
        return f"{name}: missing" if name in report.dimensions else f"{name}: is nothing people are counted by"
    for name in report.dimensions:
        if fault := _fault_of_recording(name, report, table_set):
            return f"{name}.not_recorded: {fault}"
    return None


def _fault_of_recording(name: str, report: Report, table_set: TableSet) -> str | None:
    """Nothing is printed as a result that nothing fills, and nothing that is recorded is left out."""
    why = table_set.dimensions[name].not_recorded
    if name in report.unfilled and not why:
        return "missing: nothing fills it yet; say why, in every language"
    if name not in report.unfilled and why:
        return "it is recorded"
    return None


def _fault_of(link: Linked, tables: Mapping[str, TableSet]) -> str | None:
    """What a link says wrongly about the other report; None if nothing."""
    if link.report not in tables:
        return "there is no such report"
    dimensions = tables[link.report].dimensions
    for name in (*link.by.values(), *link.there):
        if name not in dimensions:
            return f"it has no dimension `{name}`"
    for name, codes in link.there.items():
        for code in codes:
            if code not in dimensions[name].codes:
                return f"its dimension `{name}` has no code `{code}`"
    return None


def _check_bands(tables: Mapping[str, TableSet], country: Country) -> None:
    """The amounts that the tables of claims print are the country's bands, in their order, and what is no amount."""
    claims = tables.get(COMPENSATION.name)
    asked = (*country.amount_bands, NOT_STATED)
    for name, codes in (("asked", asked), ("granted", (*asked, NOT_GRANTED))):
        if claims is not None and claims.dimensions[name].codes != codes:
            raise CountryError(f"tables-{COMPENSATION.name}.toml: dimension.{name}.codes: must be {', '.join(codes)}")


def _questionnaires(place: Path, country: Country | None) -> dict[str, Questionnaire]:
    """Every `questionnaire-*.toml` of the folder, by id, in each language of the country; there is at least one."""
    try:
        read = load_questionnaires(place)
    except MalformedQuestionnaire as error:
        raise CountryError(*error.findings) from None
    if not read:
        raise CountryError("questionnaire-*.toml: file: missing")
    if country is None:
        return read
    for name, each in read.items():
        if lacking := [language for language in country.languages if language not in each.languages]:
            raise CountryError(
                f"questionnaire-{name}.toml: languages: add {', '.join(lacking)}: staff read it in these"
            )
    return {name: replace(each, home_country=country.iso) for name, each in read.items()}


def _choices(place: Path, questionnaires: Mapping[str, Questionnaire]) -> dict[str, Choices]:
    """The words of the answers for the person, `choices-ID.toml`, of each questionnaire that has them."""
    read: dict[str, Choices] = {}
    for identifier, questionnaire in questionnaires.items():
        file = place / f"choices-{identifier}.toml"
        if file.is_file():
            try:
                read[identifier] = parse_choices(_toml(file), questionnaire)
            except MalformedDocument as error:
                raise CountryError(f"{file.name}: {error}") from None
    return read


def _handouts(place: Path, questionnaires: Mapping[str, Questionnaire]) -> Handouts:
    """What people may be handed, in every language that anything is read out in."""
    languages = dict.fromkeys(
        language for each in questionnaires.values() for language in (*each.languages, *each.reading)
    )
    file = place / "handouts.toml"
    try:
        return parse_handouts(_toml(file), languages)
    except MalformedDocument as error:
        raise CountryError(f"{file.name}: {error}") from None


def read_agreement(file: Path) -> Agreement:
    """One agreement from any file, a draft for instance; raises CountryError."""
    try:
        data = _toml(file)
        check_bounds(data)
        return parse_agreement(data)
    except MalformedAgreement as error:
        raise CountryError(f"{file.name}: {error}") from None


def read_draft(file: Path, country: Country) -> Agreement:
    """An agreement from a file, checked against the country for which it is meant; raises CountryError."""
    try:
        agreement = parse_agreement(in_present_words(_toml(file), country.formerly), country.languages)
    except MalformedAgreement as error:
        raise CountryError(f"{file.name}: {error}") from None
    return _held_against(agreement, country, file.name)


def draft_of(text: str, country: Country, name: str = "") -> Agreement:
    """As `read_draft`, from a text that somebody sent; messages use `name` instead of a file name.

    Raises CountryError, parsing.BeyondLimits.
    """
    return _held_against(_draft(text, parsing.toml, country, name, country.languages), country, name)


def accepted(text: str, country: Country, name: str) -> Agreement:
    """As `draft_of`, for a text that was accepted before and not changed since: read without a child process."""
    return _held_against(_draft(text, tomllib.loads, country, name), country, name)


def _draft(
    text: str,
    reader: Callable[[str], dict[str, Any]],
    country: Country,
    name: str,
    languages: tuple[str, ...] = (),
) -> Agreement:
    try:
        return parse_agreement(in_present_words(reader(text), country.formerly), languages)
    except (tomllib.TOMLDecodeError, parsing.Damaged) as error:
        raise CountryError(_of(name, keyed("file", _not_toml(str(error), name)))) from None
    except MalformedAgreement as error:
        raise CountryError(_of(name, said(error))) from None
    except RecursionError:
        raise CountryError(_of(name, keyed("file", N_("is nested too deeply")))) from None


def _held_against(agreement: Agreement, country: Country, name: str) -> Agreement:
    try:
        _check_agreement(agreement, country, [])
        for wrong in _kinds_unlike(agreement, country):
            raise MalformedAgreement(wrong)
    except MalformedAgreement as error:
        raise CountryError(_of(name, said(error))) from None
    return agreement


def _of(name: str, what: str) -> str:
    """What is wrong with a text: of a file after its name, of what somebody sent as it is."""
    return f"{name}: {what}" if name else what


_PLACE_IN_FILE = re.compile(r"line ([0-9]+), column ([0-9]+)")


def _not_toml(told: str, name: str) -> Phrase:
    """The reader of TOML speaks English; of what somebody sent, a page says where it stopped."""
    if not name and (place := _PLACE_IN_FILE.search(told)):
        return N_("is not TOML (%(told)s)", told=N_("line %(line)s, column %(column)s", line=place[1], column=place[2]))
    return N_("is not TOML (%(told)s)", told=told)


def _agreements(place: Path, country: Country) -> tuple[Agreement, ...]:
    """Every `mou-*.toml` of the folder, oldest first, checked against the country's places and organisations."""
    read: list[Agreement] = []
    for file in sorted(place.glob(AGREEMENTS)):
        try:
            agreement = parse_agreement(in_present_words(_toml(file), country.formerly))
            _check_agreement(agreement, country, read)
        except MalformedDocument as error:
            raise CountryError(f"{file.name}: {error}") from None
        read.append(agreement)
    if not read:
        raise CountryError("mou-*.toml: file: missing")
    parties = {code: party.kind for agreement in read for code, party in agreement.parties.items()}
    for organisation in country.organisations.values():
        if organisation.party is not None and parties.get(organisation.party) is not organisation.kind:
            raise CountryError(
                f"country.toml: organisation {organisation.code}: "
                f"`{organisation.party}` is not a party of kind {organisation.kind}"
            )
    return tuple(sorted(read, key=lambda agreement: (agreement.starts_on, agreement.version)))


def _texts(place: Path) -> dict[str, str]:
    """The text of each agreement by its version; they were read before."""
    texts = [file.read_text("utf-8") for file in sorted(place.glob(AGREEMENTS))]
    return {tomllib.loads(text)["version"]: text for text in texts}


def _safeguards(place: Path, agreements: tuple[Agreement, ...], country: Country) -> Safeguards:
    """`safeguards.toml` of the folder; without the file nothing is held against a new version but the last one."""
    file = place / "safeguards.toml"
    if not file.is_file():
        return Safeguards()
    parties = {code for each in agreements for code in each.parties}
    roles = {role: country.party_in(role) for role in country.roles}
    table = Table(_toml(file), error=MalformedSafeguards, languages=country.languages)
    try:
        versions = {each.version for each in agreements}
        return parse_safeguards(table, agreements[-1].facts, parties, versions, roles)
    except MalformedSafeguards as error:
        raise CountryError(f"{file.name}: {error}") from None


def unsaid(country: Country) -> Iterator[str]:
    """`FILE: KEY: reason` where the newest agreement of the folder lacks a language of the country: a text that was
    signed stays as it is, and the next one has every language."""
    newest = country.agreements[-1].version
    document = tomllib.loads(country.texts[newest])
    try:
        parse_agreement(in_present_words(document, country.formerly), country.languages)
    except MalformedAgreement as error:
        yield f"mou-{newest}.toml: {error}"


def text_of_file(country: Country, version: str) -> str:
    """The text of the file of a version that came with the country's data; raises KeyError when there is none."""
    return country.texts[version]


def _check_agreement(agreement: Agreement, country: Country, others: list[Agreement]) -> None:
    if any(agreement.version == other.version for other in others):
        raise MalformedAgreement(f"version: `{agreement.version}` is the version of another file")
    for wrong in _places_unlike(agreement, country):
        raise MalformedAgreement(wrong)


def mismatches(agreement: Agreement, country: Country) -> Iterator[str]:
    """Where an agreement does not fit the country, each as `KEY: reason`: places, lists, organisations, time zone."""
    yield from _places_unlike(agreement, country)
    yield from _kinds_unlike(agreement, country)


def _kinds_unlike(agreement: Agreement, country: Country) -> Iterator[str]:
    for organisation in country.organisations.values():
        party = agreement.parties.get(organisation.party or "")
        if party is not None and party.kind is not organisation.kind:
            position = [*agreement.parties].index(party.code) + 1
            yield keyed(
                f"party[{position}].kind", N_("%(party)s is a %(kind)s", party=party.code, kind=str(organisation.kind))
            )


def _places_unlike(agreement: Agreement, country: Country) -> Iterator[str]:
    known = {
        "entry_point": country.crossing_points,
        "region_of_entry": country.regions,
        "wish_region": country.regions,
        "avoid_regions": country.regions,
        "needs": country.lists["needs"],
        "gender": country.lists["genders"],
        "age_class": country.lists["age_classes"],
        **lists.OF_THE_MECHANISM,
    }
    for fact, codes in known.items():
        kind = "crossing_point" if fact == "entry_point" else "region"
        for code in agreement.facts[fact]:
            if code not in codes and code not in ("none", "unknown"):
                yield keyed(f"fact.{fact}.values", N_("`%(code)s` is unknown to the country", code=code))
        for code in codes:
            if code not in agreement.facts[fact] and country.is_open(kind, code, agreement.starts_on):
                yield keyed(f"fact.{fact}.values", N_("`%(code)s` of the country is missing", code=code))
    if agreement.timezone != country.timezone:
        yield keyed("timezone", N_("the country has %(timezone)s", timezone=str(country.timezone)))
    for position, duty in enumerate(agreement.reporting, start=1):
        if duty.to not in country.organisations:
            yield keyed(
                f"reporting[{position}].to", N_("`%(code)s` is not an organisation of the country", code=duty.to)
            )


def _toml(file: Path) -> dict[str, Any]:
    """What a file says; raises CountryError. A text of the agreement may have been signed as it is, and of the places
    and lists their shape says more."""
    document = tables_of(file)
    if not file.match(AGREEMENTS) and file.name != "country.toml":
        for fault in faults_of_texts(document):
            raise CountryError(f"{file.name}: {fault}")
    return document


def tables_of(file: Path) -> dict[str, Any]:
    """The tables of a TOML file; raises CountryError."""
    try:
        return read_toml(file)
    except parsing.BeyondLimits as error:
        raise CountryError(f"{file.name}: file: {error}") from None
    except FileNotFoundError:
        raise CountryError(f"{file.name}: file: missing") from None
    except OSError as error:
        raise CountryError(f"{file.name}: file: {error.strerror or 'cannot be read'}") from None
    except (parsing.Damaged, UnicodeDecodeError) as error:
        raise CountryError(f"{file.name}: file: is not TOML ({error})") from None
