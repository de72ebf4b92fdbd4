"""norm-1: spellings of one name share most of their tokens, whatever the alphabet; and no text is too strange."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nrm.linkage.normalising import Birth, birth, day_tokens, name_tokens, number, readings, words, year_tokens

# Two spellings of one name, by people who read and write different languages.
SPELLINGS = """
Θανάσης Thanasis · Thanasis Athanasios · Θανάσης Athanasios · Џафери Xhaferi · Xhaferi Dzaferi · Џафери Dzaferi
Çelaj Tselai · Tselai Celaj · Çelaj Celaj · Ștefănescu Stefanesku · Τσελάι Çelaj · Τζαφέρι Xhaferi · Hoxha Χότζα
Hoxha Hodza · Hoxha Хоџа · Shehu Σέχου · Shehu Šehu · Gjergj Ђерђ · Gjergj Gerg · Gjoka Đoka · Qemal Ćemal
Qemal Kemal · Qemal Cemal · Çela Τσέλα · Kaçi Kaci · Kaçi Κάτσι · Zhupa Жупа · Zhupa Župa · Xhevahire Djevahire
Ndoja Ντόγια · Shpresa Σπρέσα · Shpresa Špresa · Vjollca Violtsa · Vjollca Βιόλτσα · Lleshi Lesi · Myftari Miftari
Γεώργιος Georgios · Γιώργος Giorgos · Γιώργος Yorgos · Γιάννης Yannis · Γιάννης Giannis · Ευάγγελος Evangelos
Ευαγγελία Evaggelia · Μπάμπης Babis · Μπάμπης Mpampis · Ντίνα Dina · Ντίνα Ntina · Γκίκα Gkika · Γκίκα Gjika
Αικατερίνη Aikaterini · Αικατερίνη Ekaterini · Αικατερίνη Екатерини · Χρήστος Christos · Χρήστος Hristos
Παπαδοπούλου Papadopoulou · Παπαδοπούλου Papadopulu · Παπαδοπούλου Пападопулу · Τσακίρη Tsakiri · Τσακίρη Çakiri
Τζαβέλλα Xhavela · Μιχαήλ Mihail · Σταύρου Stavrou · Ξένια Xenia · Ξένια Kseniia · Ђорђевић Đorđević
Ђорђевић Djordjevic · Живковић Zivkovic · Живковић Zhivkovich · Шарић Sharich · Јелена Jelena · Јелена Γιέλενα
Јелена Ielena · Љубица Ljubica · Љиљана Ljiljana · Ћирић Ciric · Хаџић Hadžić · Хаџић Hadzich · Țurcanu Turcanu
Țurcanu Цуркану · Lăcătuș Lacatus · Șerban Shërban · Gheorghe Георге · Ceaușu Ciausu · Crenguța Crenguta · Юлия Yulia
Юлия Iuliia · Юлия Julija · Щербакова Shcherbakova · Екатерина Yekaterina · Наталья Natalya · Шевченко Shevchenko
Шевченко Σεβτσένκο · Фёдорова Fyodorova · Жанна Zhanna · Хоменко Khomenko · Цветкова Tsvetkova · Цветкова Cvetkova
Khadija Hadixha · Jahanara Dzahanara · Chowdhury Choudhuri · Hossain Hosein · Sheikh Seih · Peña Pena
Quiñones Kinones · Jennifer Dzenifer · O'Brien Obrien · Gashi Гаши · Krasniqi Krasnići · Krasniqi Κρασνίκι
Thaçi Thaqi · Bytyqi Bitici · Dervishaj Ντερβισάι
"""
PAIRS = [tuple(pair.split()) for line in SPELLINGS.strip().splitlines() for pair in line.split(" · ")]
TEXTS = st.text() | st.text(st.sampled_from("açÇIİıßŠđΐΆς'ʹ-. \u0301\u0345ÅJСѢতি名𐌰\ud800\x00")) | st.just("ﬁ" * 300)


def alike(one: str, other: str) -> float:
    mine, theirs = set(name_tokens(one)), set(name_tokens(other))
    return len(mine & theirs) / max(len(mine), len(theirs))


@pytest.mark.parametrize(("one", "other"), PAIRS)
def test_two_spellings_of_a_name_share_half_of_their_tokens(one: str, other: str) -> None:
    assert alike(one, other) >= 0.5


def test_other_names_share_little() -> None:
    different = [
        alike(one, other) for place, (one, _) in enumerate(PAIRS) for _, other in PAIRS[place + 12 :] if one != other
    ]
    assert sorted(different)[len(different) * 95 // 100] < 0.25


@pytest.mark.parametrize(
    ("word", "hard", "soft"),
    [
        ("celaj", "kelai", "Celai"),
        ("gjon", "gon", "Don"),
        ("μπάμπης", "bampis", "babis"),
        ("ταύρος", "tavros", "tavros"),
        ("ευτυχία", "eftihia", "eftihia"),
        ("μαΐου", "maiu", "maiu"),
        ("αϊβαλή", "aivali", "aivali"),
        ("λουτσία", "luCia", "luCia"),
        ("ђурђа", "DurDa", "DurDa"),
    ],
)
def test_a_word_has_a_hard_and_a_soft_reading(word: str, hard: str, soft: str) -> None:
    assert readings(word) == (hard, soft)


def test_marks_and_capitals_make_no_difference() -> None:
    assert words("O'Brien-Çela  Md. IŞIK İnci") == ["obrien", "çela", "md", "işik", "inci"]
    assert name_tokens("JOSÉ") == name_tokens(unicodedata.normalize("NFD", "josé")) == name_tokens("Jose")
    assert name_tokens("ΑΘΑΝΑΣΙΟΣ") == name_tokens("Αθανάσιος")
    assert name_tokens("Dela Cruz") == name_tokens("Cruz, dela")


@pytest.mark.parametrize(
    ("text", "known"),
    [
        ("1987-03-12", Birth(1987, 3, 12)),
        ("1987-03", Birth(1987, 3)),
        ("1987", Birth(1987)),
        ("1987-01-01", Birth(1987)),
        ("1987-01", Birth(1987, 1)),
        ("17@2026", Birth(2009, loose=True)),
        ("1987-13-40", Birth(1987)),
        ("1987-02-00", Birth(1987, 2)),
        ("", Birth()),
        ("12.3.1987", Birth()),
        ("0000-03-12", Birth()),
        ("٢٠٠١", Birth()),
    ],
)
def test_a_birth_is_as_much_as_is_known(text: str, known: Birth) -> None:
    assert birth(text) == known


def test_what_is_not_known_has_no_token() -> None:
    assert name_tokens("") == name_tokens(" -.'7 ") == year_tokens(Birth()) == day_tokens(Birth(1987)) == {}
    assert year_tokens(Birth(1987)).keys() == year_tokens(birth("1987-01-01")).keys()
    assert not any(token.startswith(("d", "#12")) for token in day_tokens(birth("1987-03")))


def test_neighbouring_years_and_swapped_days_share_tokens() -> None:
    def shared(one: dict[str, int], other: dict[str, int]) -> float:
        return sum(weight for token, weight in one.items() if token in other) / max(sum(one.values()), 1)

    assert shared(year_tokens(birth("1987")), year_tokens(birth("1988"))) > 0.6
    assert shared(year_tokens(birth("1987")), year_tokens(birth("1995"))) == 0
    assert shared(day_tokens(birth("1987-03-12")), day_tokens(birth("1987-12-03"))) > 0.6


def test_a_number_is_the_same_however_it_is_spaced() -> None:
    assert number("ba 123-4567") == number("BA1234567") == "BA1234567"
    assert number("+355 69 123 4567") == number("069/1234567") == number("00355691234567")
    assert number("J50312045K") == "J50312045K"
    assert number("12") == number("") == number("—") == ""


@given(TEXTS)
def test_no_text_is_too_strange(text: str) -> None:
    tokens = name_tokens(text)
    assert tokens == name_tokens(text)
    assert all(token and weight > 0 for token, weight in tokens.items())
    assert bool(tokens) == any(any(readings(word)) for word in words(text))
    known = birth(text)
    year_tokens(known), day_tokens(known), number(text)


@given(st.text("aeioustrnCDçqxΑΒάŠЖ", min_size=1))
def test_letters_always_give_tokens(text: str) -> None:
    assert name_tokens(text)
