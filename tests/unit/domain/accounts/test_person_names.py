"""Names of people: whom a name is taken for, what cannot be read with care, and that people's real names pass."""

from __future__ import annotations

import tomllib
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nrm.domain.accounts.accounts import ROLE_LABELS
from nrm.domain.accounts.person_names import (
    NameRefusal,
    holds_login,
    holds_title,
    is_nearly,
    is_shortened,
    is_taken_for,
    likeness,
    logins_look_alike,
    unreadable,
)

COUNTRIES = Path(__file__).parents[4] / "nrm/countries"
REAL = """Ëngjëll Çela|Xhevahire Gjoka|Shpëtim O’Neil-Gjoka|Anna Kelliçi|Ilir Llalla|Rrok Prrenjasi|Dh. Kola|M. Hoxha
J.P. Marku|Arben d'Angelo|Ndue i Lleshit|Νίκος Παπαδόπουλος|Ελένη Χατζηγιάννη|Ηλίας Ξυδάς|Ђорђе Ђокић|Јована Џаферовић
Đorđe Ljubičić|Sead Šećić|Љиљана Ѓорѓиева|Ќерим Љутви|Наташа Ѕвездановска|Ана-Марија Петрова|Romané Ćhavorro
Śaban Bajramović|Źivko Ðurić|Džemila Kher|Gönül Işık|İbrahim Yılmaz|Ştefan Țepeș|Łucja Żak|Zoë Weiß
Þóra Æsirdóttir|Mʼhamed Ben Ali|Berat Vlora|Blerta MORINA|Hani Muriqi|Teuta|AGRON KOLA
Mercedes Gómez y Núñez|Nuñez-Iñaki Peña|Renée François"""
NAMES = [each for line in REAL.splitlines() for each in line.split("|")]
OFFICES = ("Qendra Psiko-Sociale “Vatra”, Vlorë", "Responsible Authority", "Morina", "Hani i Hotit")
CODES = ("VATRA", "RA", "NRC", "MOLSA", "TRP_UNIT")
ROLES = {*map(str, ROLE_LABELS.values()), "Duty desk", "Drejtues i qendrës", "Statisticien"}


def of_the_demo() -> list[str]:
    """Given names and family names of the countries' own invented people."""
    found: set[str] = set()
    for country in ("albania", "north_macedonia"):
        for part in ("names", "names_abroad"):
            lists = tomllib.loads((COUNTRIES / country / "demo.toml").read_text("utf-8")).get(part, {})
            found |= {each for names in lists.values() for each in names.split()}
    return sorted(found)


@pytest.mark.parametrize(
    "name",
    [
        "Genti Rama", "GENTI  RAMA", "Rama Genti", "Rama, Genti", "Gentii Rama", "Genti Raama", "Genttii Ramma",
        "Genti Ra'ma", "Gent’i Rama", "Genti M. Rama", "G. Rama", "Rama", "Genti", "Gentl Rama", "G3nt1 Râma",
        "Genti Rarna", "Geŋti Rama", "Genti-Rama", "GentiRama", "RamaGenti", "Gen ti Rama", "Gеnti Rаma", "Genti Rama.",
        "Ꮐenti M Rama",
    ],
)  # fmt: skip
def test_a_name_is_taken_for_that_of_a_colleague(name: str) -> None:
    assert is_taken_for(name, "Genti Rama") or unreadable(name)


def test_a_name_of_one_letter_more_less_or_other_is_nearly_that_of_the_desk() -> None:
    for name in (
        *("Neritan Velai", "Neritan Velj", "Nerita Velaj", "Meritan Velaj", "Velaj Neritn", "Neritan Velaju"),
        *("Eneritan Velaj", "NeritanVelai", "Neritan B. Velai", "Нeritan Velaj", "Neritan Velaj"),
    ):
        assert is_nearly(name, "Neritan Velaj"), name
    assert is_nearly("Gentiana Dushk", "Gentiana Dushku")
    for name in ("Neritan Vela Kola", "Neritan Agim Velaj", "Neritan Balaj", "Merita Velaj", "Velaj", "N. N."):
        assert not is_nearly(name, "Neritan Velaj"), name


def test_initials_and_short_forms_are_the_name_of_the_desk() -> None:
    for name in ("N. Velaj", "Ner Velaj", "Neritan V.", "V. Neritan", "Velaj N", "N. V.", "Nеr. Velaj", "Nerit Vel"):
        assert is_shortened(name, "Neritan Velaj"), name
    assert is_shortened("Gentiana D.", "Gentiana Dushku")
    assert is_shortened("N. Velaj", "Neritan Agim Velaj")
    for name in ("Velaj", "Neritan", "M. Velaj", "Neritan Vata", "Nora Velaj", "Agim Velaj", "Neritan Agim Velaj", ""):
        assert not is_shortened(name, "Neritan Velaj"), name


def test_other_people_are_taken_for_nobody() -> None:
    for name in (
        "Genti Agron Rama",
        "Gent Rama",
        "Genta Rama",
        "Genti Ramadani",
        "Agron Rama",
        "Анета Рама",
        "M. Kola",
    ):
        assert not is_taken_for(name, "Genti Rama")
    assert not is_taken_for("Ана Петровска", "Ана Петреска")
    assert not is_taken_for("N. N.", "M. M.")
    assert is_taken_for("N. N.", "N.N")
    assert likeness("Genti A. Rama") == likeness("Rama Genti")


@pytest.mark.parametrize("name", NAMES)
def test_real_names_pass(name: str) -> None:
    for each in (name, name.upper(), name.title(), unicodedata.normalize("NFD", name)):
        assert unreadable(each) is None
        assert not holds_title(each, ROLES, OFFICES, CODES)
    assert not any(is_taken_for(name, other) for other in NAMES if other != name)


@settings(max_examples=40)
@given(st.sampled_from(of_the_demo()), st.sampled_from(of_the_demo()), st.sampled_from(of_the_demo()))
def test_people_of_the_country_pass_and_a_second_name_tells_a_namesake_apart(one: str, two: str, three: str) -> None:
    name = f"{one} {two}"
    assert unreadable(name) is None
    assert not holds_title(name, ROLES, OFFICES, CODES)
    assert is_taken_for(name, name)
    if not set(likeness(three).split()) <= set(likeness(name).split()):
        assert not is_taken_for(f"{one} {three} {two}", name)


@settings(max_examples=40)
@given(st.sampled_from(of_the_demo()), st.sampled_from(of_the_demo()), st.data())
def test_no_small_change_makes_another_person(one: str, two: str, data: st.DataObject) -> None:
    name = f"{one} {two}"
    place = data.draw(st.integers(0, len(name) - 1))
    changed = data.draw(st.sampled_from([
        name[:place] + name[place] + name[place:],
        name[:place] + "’" + name[place:],
        f"{two} {one}",
        f"{one} K. {two}",
        f"{one}-{two}",
        two,
        name.swapcase(),
    ]))  # fmt: skip
    assert is_taken_for(changed, name)


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("Ꮐenti Rama", NameRefusal.SCRIPTS),
        ("Genti Rаma", NameRefusal.SCRIPTS),
        ("ᎡᎪ", NameRefusal.LETTERS),
        ("ɢenti ʀama", NameRefusal.LETTERS),
        ("Genti Ɍama", NameRefusal.LETTERS),
        ("Ԛеnti", NameRefusal.SCRIPTS),
        ("Ԛԝԁ", NameRefusal.LETTERS),
        ("Genti Rama2", NameRefusal.MORE),
        ("Genti Rama (desk)", NameRefusal.MORE),
        ("Genti, NRC", NameRefusal.MORE),
        ("Genti Rama vatra.x", NameRefusal.MORE),
        ("Genti shelter_manager", NameRefusal.MORE),
        ("Genti · Rama", NameRefusal.MORE),
    ],
)
def test_what_nobody_reads_with_care_is_no_name(name: str, why: NameRefusal) -> None:
    assert unreadable(name) is why


@pytest.mark.parametrize(
    "name",
    ["Duty desk", "duty-desk", "DutyDesk", "Administrator", "Ana Dyla Administrator", "Shelter manager", "Manager Desk",
     "Drejtues i qendrës", "Drejtuesi i Qendrës", "Statisticienia Ana", "Administratori",
     "Responsible Authority", "Ana Qendra Psiko-Sociale", "Ana NRC",
     "Ana RA", "Duty Dеsk"],
)  # fmt: skip
def test_a_role_or_an_office_is_no_name(name: str) -> None:
    assert holds_title(name, ROLES, OFFICES, CODES)


def test_a_sign_in_name_is_no_part_of_a_name() -> None:
    for name in (
        "Genti Rama vatra shelter manager",
        "Vatra Sheltermanager",
        "Ana vatrasheltermanager",
        "VATRA she1ter manager",
    ):
        assert holds_login(name, "vatra.shelter_manager")
    assert not holds_login("Ana Vatra", "vatra.shelter_manager")


@pytest.mark.parametrize(
    ("login", "alike"),
    [
        ("shelter-manager", True), ("she1ter_manager", True), ("shelter_rnanager", True), ("sheltermanager", True),
        ("shelter.managger", True), ("she11ter_manager", True), ("shleter_manager", True), ("shelter_manager2", False),
        ("case_worker", False), ("shelter_manageress", False),
    ],
)  # fmt: skip
def test_which_sign_in_names_look_alike(login: str, alike: bool) -> None:
    assert logins_look_alike(f"vatra.{login}", "vatra.shelter_manager") is alike


def test_numbers_at_the_end_tell_sign_in_names_apart() -> None:
    assert not logins_look_alike("vatra.worker1", "vatra.worker11")
    assert not logins_look_alike("vatra.worker12", "vatra.worker21")
    assert logins_look_alike("vatra.worker1", "vatra.workerl")
