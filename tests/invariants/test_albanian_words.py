"""One word for one thing in Albanian, and one way to speak to people: *ju* to everybody, *ti* to a child.

The words were agreed with people who work in the field; a word that is forbidden here has another one beside it.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import nrm
from nrm.domain.interviews.questionnaire_flow import page_questions
from tests.unit.domain.interviews.small_questionnaire import returnee

PROGRAM = Path(nrm.__file__).parent
COUNTRIES = PROGRAM / "countries"
Q = returnee()
# What is not written, and what stands in its place.
FORBIDDEN = {
    r"servitut": "skllavëri, shërbim i detyruar",
    r"robëri": "skllavëri",
    r"adopt": "birësim",
    r"pafuqi": "gjendje e cenueshme",
    r"\bpresë\b|\b(ta|t’ju|të më) pres(in|ësh)?\b|\bta prisni\b": "ta pranojë, ta strehojë",
    r"ruhet e mbyllur": "mbetet konfidenciale",
    r"\boficer": "punonjës (i Policisë Kufitare)",
    r"\bqasj": "akses",
    r"gatshmëri": "zyra e gatishmërisë",
    r"(?<!zyra e )(?<!zyrës së )(?<!zyrën e )(?<!zyrat e )(?<!zyre )(?<!^në )gatishmëri": "zyra e gatishmërisë",
    r"punonjës(i|it|in)? kufiri|kujdestar[ie]? i ditës": "punonjës i Policisë Kufitare, zyra e gatishmërisë",
    r"gjini(a|në|së)? (në|sipas) dokument": "seksi në dokument",
    r"\bstreh(ë|ëz\w*|ës|ën|a|at|ave|e)\b": "qendër",
    r"(?<!raste )urgjent": "i ngutshëm, e ngutshme (“raste urgjente” stands in the agreements)",
}
# The same, in what the program says; the texts of agreements and directives are what was signed.
FORBIDDEN_HERE = {
    r"\b[Pp]ik(a|ë|ën|ës|e|at|ave) (e )?kalimi": "pikë kufitare",
    r"\b[Pp]ik(a|at|ë|ën) e (kontaktit|marrëveshjes|listës)": "personi i kontaktit, neni, zëri i listës",
    r"jashtë shërbimit": "jashtë përdorimit",
    r"([Tt]ë|t’u|ta) shtypur|[Ff]letëpalosje për shtyp|[Ss]htypur nga": "printuar",
    r"[Ss]htypni (formular|faqen e letrës|asnjë fletë)": "printoni",
    r"[Ss]htyp\w* (një herë )?kodin e rikthimit|kod(in|i) i? ?e? ?rikthimit.{0,20}shtypur": "shkruani, shkruar",
    r"[Ss]htëpi(a|në|së) (juaj|suaj|tuaj|tjetër|që pyet)": "qendra",
    r"ftes(ë|a) për në": "ftesë në",
    r"\b[Rr]rug\w+ kritike": "hapat dhe afatet",
    r"\b[Ss]hqyrtim\w* (i|e|të) shkurtër": "pyetësori i shkurtër",
    r"\bka gisht\b": "është i përfshirë",
    r"\be pret personin\b": "e pranon, do ta pranojë personin",
    r"^Kthejeni$": "rikthejeni rastin",
    r"Si është puna": "gjendja",
}
# A button speaks to one person, and politely: "Hapni", and not "Hap".
TO_A_FRIEND = re.compile(
    r"(Asgjëso|Dërgo(je)?|Dil|Fshije?|Gjej|Hap|Hidhe|Hiqe?|Hyr|Kalo|Konfirmo|Kontrollo|Korrigjo|Krijo|Kthehu|Lejo|Mbaj"
    r"|Mbylle?|Ndaje|Ndalo|Ndrysho|Ndërprite|Njoftoje|Nënshkruaj|Pezullo|Prano|Propozo|Përdore?|Referoje|Refuzo"
    r"|Regjistro|Ruaj|Shfaqi?|Shiko|Shkruaj|Shto|Shëno|Strehoje|Tërhiqe?|Vazhdo)(?![\w’])"
)
TI = re.compile(r"\b(ti|ty|yt|jote|tënde?|ke|je|të duhet|ndihesh|jesh)\b", re.IGNORECASE)
JU = re.compile(
    r"\b(ju|juaj|tuaja?|tuaj|t’ju|t’jua|keni|jeni|doni|vini|ndiheni|niseni|përgjigjeni)\b|\w(uat|yet)\b", re.IGNORECASE
)


def catalogue() -> Iterator[tuple[str, str]]:
    """(file, Albanian text) of everything in the catalogues."""
    for file in sorted((PROGRAM / "translations" / "sq").glob("*.po")):
        for found in re.findall(r'^msgstr(?:\[\d\])? "(.*)"$', file.read_text("utf-8"), re.MULTILINE):
            yield file.name, found


def country_texts(value: Any, name: str = "") -> Iterator[str]:
    """Every Albanian text below this value: by the key `sq`, or in a table that is one for the language."""
    if isinstance(value, dict):
        for key, each in value.items():
            yield from country_texts(each, "sq" if name == "sq" else key)
    elif isinstance(value, list):
        for each in value:
            yield from country_texts(each, name)
    elif isinstance(value, str) and name == "sq":
        yield value


def albanian() -> list[tuple[str, str]]:
    """(file, text) of every Albanian text: catalogues, the countries' files, and what stands in code."""
    found = list(catalogue())
    for file in sorted(COUNTRIES.glob("*/*.toml")):
        found += [(file.name, text) for text in country_texts(tomllib.loads(file.read_text("utf-8")))]
    for file in [*PROGRAM.rglob("*.py"), *(PROGRAM.parent / "forms").rglob("*.py")]:
        text = file.read_text("utf-8")
        found += [(file.name, each) for each in re.findall(r'"([^"\n]*[ëç’][^"\n]*)"', text)]
    return found


ALBANIAN = albanian()


def test_the_albanian_texts_are_found() -> None:
    files = {name for name, _ in ALBANIAN}
    assert len(ALBANIAN) > 3_000
    assert {"interviews.po", "questionnaire-returnee-1.toml", "directives.toml", "referrals.po", "words.po"} <= files


@pytest.mark.parametrize("word", FORBIDDEN, ids=range(1, len(FORBIDDEN) + 1))
def test_a_word_that_was_given_up_stands_nowhere(word: str) -> None:
    found = [(name, text) for name, text in ALBANIAN if re.search(word, text, re.IGNORECASE)]
    assert not found, f"write {FORBIDDEN[word]}"


@pytest.mark.parametrize("word", FORBIDDEN_HERE)
def test_what_the_program_says_has_one_word_for_one_thing(word: str) -> None:
    found = [(name, text) for name, text in catalogue() if re.search(word, text)]
    assert not found, f"write {FORBIDDEN_HERE[word]}"


def test_a_number_of_one_reads_right_where_numbers_stand_in_one_line() -> None:
    """The noun does not follow the number where another number of the line may be 1."""
    lines = [text for _, text in catalogue() if "të mbajtura" in text and "%(kept)s" in text]
    assert lines
    assert not [text for text in lines if re.search(r"%\(\w+\)s (i |të )?(zënë|zëna|mbajtura|lira)", text)]


def test_a_button_speaks_politely() -> None:
    assert not [(name, text) for name, text in catalogue() if TO_A_FRIEND.match(text)]


def test_the_forbidden_words_would_be_found() -> None:
    samples = {
        "Robëri ose servitut", "Birësim ose adoptim", "abuzim me pafuqinë", "që njëra t’ju presë", "ruhet e mbyllur",
        "Pyetni strehën tjetër", "Strehëza e pranoi", "dorëzim urgjent",
        "Oficer kufiri", "Pa qasje te paratë", "telefononi gatishmërinë", "zyra e gatshmërisë", "Gjinia në dokument",
    }  # fmt: skip
    for sample in samples:
        assert any(re.search(word, sample, re.IGNORECASE) for word in FORBIDDEN), sample
    for kept in ("Telefononi zyrën e gatishmërisë", "Strehim dhe kujdes", "u strehua këtu", "Urgjenca mjekësore"):
        assert not re.search("|".join(FORBIDDEN), kept, re.IGNORECASE), kept
    assert TO_A_FRIEND.match("Hap rastin")
    assert not TO_A_FRIEND.match("Hapni rastin")


def asked_of(age: str) -> Iterator[tuple[str, str]]:
    """(question, its Albanian text) of every question that a person of that age is asked, on every way."""
    for urgent in ("yes", "no"):
        answers = {"urgent": urgent, "age": age}
        for page in Q.pages.values():
            for question in page_questions(Q, page, answers):
                if question.by == "person":
                    yield question.id, question.text["sq"]


def on_the_way_of_a_child() -> set[str]:
    pages = {name for route in Q.routes if route.id in ("child", "urgent") for name in route.pages}
    named = {name for page in pages for name in Q.pages[page].questions}
    return named - {name for name in named if name.startswith(("consent", "parties", "refusal"))}


def test_a_child_is_a_ti_in_every_question_that_a_child_is_asked() -> None:
    child = on_the_way_of_a_child()
    for age in ("child", "unsure"):
        told = {name: text for name, text in asked_of(age) if name in child}
        assert not {name: text for name, text in told.items() if JU.search(text)}
        assert TI.search(told["danger"])
        assert TI.search(told["birth"])


def test_everybody_else_is_a_ju() -> None:
    children = {"child_with", "trusts", "fears"}
    assert not {name: text for name, text in asked_of("adult") if name not in children and TI.search(text)}


def test_gender_is_one_word_and_sex_another_and_each_is_asked_once() -> None:
    assert "gjinia" in Q.questions["gender"].text["sq"]
    assert Q.questions["sex"].text == {"sq": "Seksi në dokument", "en": "Sex in the document"}
    for route in Q.routes:
        asked = [name for page in route.pages for name in Q.pages[page].questions]
        assert asked.count("gender") <= 1
        assert asked.count("sex") <= 1
    assert not [text for name, text in asked_of("adult") if "gjini" in text.lower() and name != "gender"]


def test_what_is_read_to_an_adult_and_to_a_child() -> None:
    for wording in Q.wordings.values():
        text = wording.text["sq"]
        assert bool(TI.search(text)) == wording.id.endswith("child"), wording.id
