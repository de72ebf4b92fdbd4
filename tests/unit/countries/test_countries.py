"""The shipped country, and a broken copy of each kind with its exact message."""

from __future__ import annotations

import shutil
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import chain, product
from pathlib import Path

import pytest

from nrm import countries, parsing
from nrm.countries import FOLDER, CountryError, NoAgreement
from nrm.domain.accounts.accounts import OrganisationKind
from nrm.domain.agreement import agreement_checks
from nrm.domain.agreement.agreements import Agreement
from nrm.domain.agreement.routing_facts import parse_facts
from nrm.domain.interviews.answers import is_unknown
from nrm.domain.interviews.facts import routing_facts
from nrm.domain.interviews.questionnaire_checks import incomplete
from nrm.domain.quarters import Quarter
from nrm.domain.shelter.cases import Compartment
from nrm.domain.shelter.stays import ExitReason
from nrm.render.reports import words_of
from nrm.statistics.printed import STEPS, at_step
from tests import shared

every_country = pytest.mark.parametrize("code", sorted(file.parent.name for file in FOLDER.glob("*/country.toml")))


@pytest.fixture(scope="module")
def albania() -> countries.Country:
    return countries.load("albania")


@every_country
def test_every_folder_is_a_country_whose_documents_have_no_finding(code: str):
    country = countries.load(code)
    assert [*chain.from_iterable(incomplete(each) for each in country.questionnaires.values())] == []
    found = chain.from_iterable(agreement_checks.check(each).findings for each in country.agreements)
    assert [str(each) for each in found] == []


def test_albania_has_its_prefectures_crossing_points_and_organisations(albania: countries.Country):
    assert len(albania.regions) == 12
    assert list(albania.crossing_points) == [
        "rinas",
        "durres",
        "vlora_port",
        "kakavija",
        "kapshtica",
        "qafe_thane",
        "hani_i_hotit",
        "morine",
        "muriqan",
        "qafe_bote",
        "other",
    ]
    assert str(albania.timezone) == "Europe/Tirane"
    without_party = {code for code, each in albania.organisations.items() if each.party is None}
    assert without_party == {"MFA", "MOLSA", "OMS", "OPERATOR", "STATE_POLICE", *albania.register.agencies}
    assert albania.organisations["RA"].kind is OrganisationKind.RESPONSIBLE_AUTHORITY


def test_every_listed_crossing_point_is_an_organisation_of_the_border_police(albania: countries.Country):
    posts = [each for each in albania.organisations.values() if each.party == "BORDER_POLICE"]
    assert {post.crossing_point for post in posts} == set(albania.crossing_points) - {"other"}
    for post in posts:
        assert post.kind is OrganisationKind.BORDER_POLICE
        assert post.code == str(post.crossing_point).upper()
        assert albania.crossing_points[str(post.crossing_point)].region == post.region


def test_shelters_have_labelled_beds_and_nobody_else_has(albania: countries.Country):
    beds = {code: len(each.beds) for code, each in albania.organisations.items() if each.beds}
    assert beds == {"NRC": 60, "IOM": 30, "VATRA": 45, "TJETER_VIZION": 30}
    assert albania.organisations["VATRA"].beds[:2] == ("V01", "V02")
    labels = [label for each in albania.organisations.values() for label in each.beds]
    assert len(labels) == len(set(labels))


def test_an_organisation_that_can_be_called_has_a_telephone(albania: countries.Country):
    for each in albania.organisations.values():
        assert each.on_call, each.code  # a ministry, too: it is called for its tables (ADR 0250)


@every_country
def test_no_number_of_the_directory_reaches_two_offices(code: str):
    """A child protection unit had the number of another party's desk: whoever called it reached neither for sure."""
    country = countries.load(code)
    parties = country.agreements[-1].parties.values()
    told = [(party.code, number) for party in parties for number in {party.on_call, party.desk.telephone}]
    told += [(each.names["en"], each.telephone) for each in country.next_numbers]
    numbers = [number for _, number in told if number]
    assert sorted(each for each in told if numbers.count(each[1]) > 1) == []


def test_every_code_has_words_in_both_languages(albania: countries.Country):
    for reason in ExitReason:
        assert albania.label("exit_reasons", reason, "sq") != albania.label("exit_reasons", reason, "en")
    with pytest.raises(KeyError):
        albania.label("exit_reasons", "bored", "sq")


def test_who_meets_those_with_whom_it_talks_is_said_by_the_country() -> None:
    there = [
        each.code
        for code in ("albania", "north_macedonia")
        for each in countries.load(code).organisations.values()
        if each.face_to_face
    ]
    assert there == ["MOBILE_TEAMS"]


def test_retention_and_calendar_are_read(albania: countries.Country):
    kept = albania.retention.years_after_closing
    assert (kept[Compartment.IDENTITY], kept[Compartment.CARE], kept[Compartment.LEGAL]) == (2, 5, None)
    assert albania.retention.children_until_age == 21
    assert albania.calendar.first_quarter == Quarter(2005, 3)
    assert albania.calendar.recipient == "OMS"


def test_the_agreement_is_in_force_from_the_first_minute_of_its_first_day_in_tirana(albania: countries.Country):
    assert albania.in_force(datetime(2005, 7, 17, 22, 0, tzinfo=UTC)).version == "2005"
    with pytest.raises(NoAgreement, match="no agreement is in force on 2005-07-17"):
        albania.in_force(datetime(2005, 7, 17, 21, 59, tzinfo=UTC))
    assert albania.agreement("2005") is albania.agreements[0]
    with pytest.raises(KeyError):
        albania.agreement("2004")


def test_what_an_unanswered_interview_says_can_be_routed(albania: countries.Country):
    (questionnaire,) = albania.questionnaires.values()
    data = routing_facts(questionnaire, {}, entry_point="rinas", region_of_entry="tirane")
    facts = parse_facts(data, albania.agreements[0])
    assert (facts.age_class, facts.gender) == ("unsure", "unknown")


@every_country
def test_every_answer_that_routes_is_a_value_the_agreement_knows(code: str):
    country = countries.load(code)
    for agreement, questionnaire in product(country.agreements, country.questionnaires.values()):
        routed = [question for question in questionnaire.questions.values() if question.routing]
        closed = [question for question in routed if question.options and agreement.facts[str(question.routing)]]
        assert len(closed) > 5
        for question in closed:
            said = {option.stands_for for option in question.options if not is_unknown(option.code)} - {"none"}
            assert said <= set(agreement.facts[str(question.routing)]), question.id


# A broken copy of each kind.


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    copy = tmp_path / "albania"
    shutil.copytree(FOLDER / "albania", copy)
    return copy


def _refused(folder: Path) -> str:
    with pytest.raises(CountryError) as caught:
        countries.load("albania", folder)
    return str(caught.value)


@pytest.mark.slow
def test_an_unbroken_copy_is_the_shipped_country(folder: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(parsing, "toml", shared.READ_APART)
    assert list(countries.load("albania", folder).organisations) == list(countries.load("albania").organisations)


@pytest.mark.parametrize("code", ["atlantis", "../albania", "", "albania/"])
def test_a_country_that_is_not_shipped_is_refused(code: str):
    with pytest.raises(CountryError) as caught:
        countries.load(code)
    assert str(caught.value) == f"{code}: country.toml: there is no such country"


@pytest.mark.parametrize(
    ("name", "old", "new", "message"),
    [
        ("country.toml", 'code = "albania"', 'code = "kosova"', "code: `kosova` is none of albania"),
        ("country.toml", 'iso = "AL"', 'iso = "al"', "iso: must be two capital letters"),
        ("country.toml", "Europe/Tirane", "Europe/Tirana", "timezone: `Europe/Tirana` is not a time zone"),
        ("country.toml", '["sq", "en"]', "[]", "languages: needs 1 or more"),
        ("country.toml", '["sq", "en"]', '["sq", "en", "sq"]', "languages: `sq` stands twice"),
        (
            "country.toml",
            '["sq", "en"]',
            '["sq", "xx"]',
            "languages: `xx` is no language whose dates and numbers are known: a code such as mk, sq, en, sr_Latn",
        ),
        ("country.toml", '["sq", "en"]', '["sq"]', "names.en: is not a key of this table"),
        ("country.toml", '["sq", "en"]', '["sq", "en", "mk"]', "names.mk: missing"),
        ("tables-ix.toml", 'en = "Gender", ', "", "dimension.sex.title.en: missing"),
        ("country.toml", 'police = "129"', "police = 129", "emergency.police: must be text"),
        ("country.toml", 'police = "129"', 'polcie = "129"', "emergency.police: missing"),
        ("country.toml", ', en = "Tirana" }', " }", "region.tirane.en: missing"),
        (
            "country.toml",
            'region = "kukes"',
            'region = "kosova"',
            "crossing_point.morine.region: `kosova` is none of berat, diber, durres, elbasan, fier, gjirokaster, "
            "korce, kukes, lezhe, shkoder, tirane, vlore",
        ),
        (
            "country.toml",
            'group = "airport"',
            'group = "air"',
            "crossing_point.rinas.group: `air` is none of airport, north_east, other, sea, south",
        ),
        (
            "country.toml",
            "[crossing_point.muriqan]",
            "[crossing_point.Muriqan]",
            "crossing_point.Muriqan: a code has small letters, digits and _",
        ),
        ("country.toml", "[crossing_point.other]", "[crossing_point.else]", "crossing_point.else.region: missing"),
        ("country.toml", 'code = "IOM"', 'code = "NRC"', "organisation[2].code: `NRC` stands twice"),
        ("country.toml", 'code = "IOM"', 'code = "RINAS"', "organisation[2].code: `RINAS` stands twice"),
        ("country.toml", 'code = "IOM"', 'code = "iom"', "organisation[2].code: has capital letters, digits and _"),
        ("country.toml", "beds = 30", "beds = 0", "organisation[2].beds: must be a whole number, 1 or more"),
        ("country.toml", 'bed_prefix = "N"', "", "organisation[1].bed_prefix: missing"),
        ("country.toml", 'party = "RA"', "beds = 4", "organisation[5].beds: an organisation of kind "
         "responsible_authority has no beds"),
        ("country.toml", 'party = "RA"', "", "organisation[5].party: missing"),
        ("country.toml", 'party = "RA"', 'party = "NRC"', "organisation RA: `NRC` is not a party of kind "
         "responsible_authority"),
        ("country.toml", 'party = "BORDER_POLICE"', 'party = "POLICE"', "organisation RINAS: `POLICE` is not a party "
         "of kind border_police"),
        ("country.toml", 'code = "MOLSA"', 'face_to_face = true\ncode = "MOLSA"', "organisation[12].face_to_face: "
         "said only of a helpline: all others meet people"),
        ("country.toml", "child_word_hours = 72", "child_word_hours = 11", "retention.child_word_hours: not below "
         "`hold_hours`: it is held longer, not shorter"),
        ("country.toml", "draft_warning_days = 5", "draft_warning_days = 7", "retention.draft_warning_days: the "
         "warning must come before the end"),
        ("country.toml", '"court_file"', '"forever"', "retention.legal.as_long_as: `forever` is none of court_file"),
        ("country.toml", "care = { years_after_closing = 5 }", "", "retention.care: missing"),
        ("country.toml", '"2005Q3"', '"2005-3"', "calendar.first_quarter: a quarter is written as in 2006Q1"),
        ("country.toml", "[list.sources]\n", "[list.sources]\nmoon = { sq = 'h', en = 'm' }\n",
         "list.sources.moon: is not a code of this list"),
        ("country.toml", "stateless = {", "statelesss = {", "list.citizenship_classes.stateless: missing"),
        ("country.toml", 'authority = "RA"', 'authority = "RB"', "role.authority: `RB` is none of CHILD_PROTECTION, "
         "CONSULAR, CUSTOMS, DURRES, GPO, HANI_I_HOTIT, HELPLINE, IOM, KAKAVIJA, KAPSHTICA, MFA, MOJ, MOLSA, MOPO, "
         "MORINE, MURIQAN, NRC, OMS, OPERATOR, PROSECUTION, QAFE_BOTE, QAFE_THANE, RA, RINAS, STATE_POLICE, "
         "TJETER_VIZION, TRP_UNIT, VATC, VATRA, VLORA_PORT"),
        ("country.toml", 'authority = "RA"', 'authority = "NRC"',
         "role.authority: `NRC` is not of kind responsible_authority"),
        ("country.toml", 'child_authority = "CHILD_PROTECTION"', "", "role.child_authority: missing"),
        ("country.toml", 'tirana = "capital"', 'tirana = "town"', "formerly.proceedings_in.tirana: `town` is none of "
         "capital, elsewhere, none, unknown"),
        ("country.toml", "[formerly.proceedings_in]", "[formerly.needs]",
         "formerly.needs: is not a key of this table"),
        ("mou-2005.toml", '"capital", "elsewhere"', '"town", "elsewhere"',
         "clause[7].when: `capital` is not a value of `proceedings_in`"),
        ("country.toml", "[list.permit_grounds]", "[list.grounds]", "list.permit_grounds: missing"),
        ("country.toml", "\nup_to_500000 = {", "\nnone = {", "compensation.band.none: a code has small letters, digits "
         "and _, and is none of none, not_stated"),
        ("country.toml", "[list.claim_forums]", "[list.forums]", "list.claim_forums: missing"),
        ("tables-vi.toml", 'report = "victims"', 'report = "police"', "linked.police: there is no such report"),
        ("tables-vi.toml", 'age_band = "age_class"', 'age_band = "age"', "linked.victims: it has no dimension `age`"),
        ("tables-children.toml", '["child"] }', '["young"] }',
         "linked.x: its dimension `age_class` has no code `young`"),
        ("tables-compensation.toml", '"over_3000000", "not_stated"]', '"not_stated", "over_3000000"]',
         "dimension.asked.codes: must be up_to_500000, up_to_1000000, up_to_3000000, over_3000000, not_stated"),
        ("mou-2005.toml", 'eq = ["proceedings_in"', 'eq = ["hearing_in"', "clause[7].when: `hearing_in` is not a "
         "declared fact"),
        ("mou-2005.toml", '"vlore", "none"', '"vlore", "sarande", "none"', "fact.wish_region.values: `sarande` is "
         "unknown to the country"),
        ("mou-2005.toml", '"mobility", "other"', '"other"', "fact.needs.values: `mobility` of the country is missing"),
        ("mou-2005.toml", 'to = "OMS"', 'to = "MINISTER"', "reporting[1].to: `MINISTER` is not an organisation of "
         "the country"),
    ],
)  # fmt: skip
def test_a_broken_country_is_refused_by_file_key_and_reason(folder: Path, name: str, old: str, new: str, message: str):
    file = folder / name
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new, 1), encoding="utf-8")
    assert _refused(folder) == f"{name}: {message}"


def test_a_file_that_is_not_toml_is_refused_with_the_line(folder: Path):
    (folder / "mou-2005.toml").write_text("version = ", encoding="utf-8")
    assert _refused(folder) == "mou-2005.toml: file: is not TOML (Invalid value (at end of document))"
    (folder / "country.toml").write_bytes(b"\xff\xfe")
    assert _refused(folder).startswith("country.toml: file: is not TOML (")


def test_a_missing_file_is_refused_by_name(folder: Path):
    (folder / "mou-2005.toml").unlink()
    assert _refused(folder) == "mou-*.toml: file: missing"
    (folder / "country.toml").unlink()
    assert _refused(folder) == "country.toml: file: missing"


def test_two_files_cannot_be_the_same_version(folder: Path):
    shutil.copy(folder / "mou-2005.toml", folder / "mou-2006.toml")
    assert _refused(folder) == "mou-2006.toml: version: `2005` is the version of another file"


def test_a_later_version_takes_over_on_its_day_and_the_earlier_one_is_kept(folder: Path):
    text = (folder / "mou-2005.toml").read_text(encoding="utf-8")
    later = text.replace('version = "2005"', 'version = "2006"').replace("\nfrom = 2005-07-18", "\nfrom = 2006-01-01")
    (folder / "mou-2006.toml").write_text(later, encoding="utf-8")
    country = countries.load("albania", folder)
    assert country.in_force(datetime(2005, 12, 31, 22, 59, tzinfo=UTC)).version == "2005"
    assert country.in_force(datetime(2005, 12, 31, 23, 0, tzinfo=UTC)).version == "2006"
    assert country.agreement("2005").clause("2.1").must


TODAY = date(2026, 3, 4)


def _with(albania: countries.Country, *versions: Agreement) -> countries.Country:
    return replace(albania, agreements=(*albania.agreements, *versions))


def _version(agreement: Agreement, starts_on: date, **until: date) -> Agreement:
    parties = {
        code: replace(party, until=until.get(code), signed_on=agreement.signed_on, joined_on=None)
        for code, party in agreement.parties.items()
        if code != "IOM"
    }
    return replace(agreement, version=f"{starts_on}", starts_on=starts_on, parties=parties)


def test_nobody_leaves_an_agreement_without_an_end(albania: countries.Country):
    assert albania.leaving(TODAY) == {}


@pytest.mark.parametrize(("days", "leaves"), [(-400, True), (0, True), (30, True), (31, False)])
def test_a_party_leaves_with_the_version_that_leaves_it_out(albania: countries.Country, days: int, leaves: bool):
    last_day = TODAY + timedelta(days=days)
    country = _with(albania, _version(albania.agreements[0], last_day + timedelta(days=1)))
    if days < 30:
        assert country.binds("IOM", last_day)
        assert not country.binds("IOM", last_day + timedelta(days=1))
    assert country.leaving(TODAY) == ({"IOM": last_day} if leaves else {})


def test_a_party_leaves_on_its_last_day_unless_it_comes_back(albania: countries.Country):
    old = albania.agreements[0]
    last_day = TODAY + timedelta(days=5)
    ends = replace(old.parties["VATRA"], until=last_day)
    shorter = replace(albania, agreements=(replace(old, parties={**old.parties, "VATRA": ends}),))
    assert shorter.leaving(TODAY) == {"VATRA": last_day}
    back = replace(old, version="new", starts_on=last_day + timedelta(days=10))
    assert _with(shorter, back).leaving(TODAY) == {}


def test_where_no_version_is_in_force_nobody_leaves(albania: countries.Country):
    over = replace(albania, agreements=(replace(albania.agreements[0], ends_on=TODAY - timedelta(days=1)),))
    assert over.leaving(TODAY) == {}
    assert not over.binds("NRC", TODAY)
    assert set(over.leaving(TODAY - timedelta(days=1))) == set(albania.agreements[0].parties)


@pytest.mark.parametrize("step", [name for name, *_ in STEPS])
def test_every_table_has_words_of_its_own_in_whatever_detail_it_is_printed(step: str) -> None:
    """“Age × At the end of the quarter” is no title."""
    for report, table_set in countries.load("albania").tables.items():
        printed = at_step(table_set, step)
        for language in ("sq", "en"):
            words = words_of(printed, language)
            for table in printed.tables:
                called = words.table({"name": table.name, "dimensions": table.by})
                assert called or len(table.by) < 2, (report, table.name, language)


def test_a_text_that_was_signed_before_is_read_with_the_codes_of_today(albania: countries.Country):
    text = (FOLDER / "albania" / "mou-2005.toml").read_text("utf-8")
    older = (
        text.replace('["home", "third', '["albanian", "third')
        .replace('["abroad", "home"', '["abroad", "albania"')
        .replace('"capital"', '"tirana"')
    )
    assert older.count("tirana") == 3
    assert countries.accepted(older, albania, "x") == countries.accepted(text, albania, "x")
    without = replace(albania, formerly={})
    with pytest.raises(CountryError, match="`albanian` is unknown to the country"):
        countries.draft_of(older, without)
