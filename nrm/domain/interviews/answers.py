"""Whether one answer is one its question can have, and what to do about it when it is not.

Used wherever answers come in: a page, a line of an import, a paper form. Messages say what to do, in each staff
language; none of them repeats what was typed.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from datetime import date
from types import MappingProxyType
from typing import Any

from nrm.domain.interviews.interviews import ALONE, UNKNOWN, Question, Texts
from nrm.domain.languages import SOURCE, ByLanguage, text_for
from nrm.domain.unseen import disturbing

EARLIEST_YEAR = 1900
# ISO 3166-1, alpha-2, and XK, by which Kosovo is called where it has no code. A test compares them with CLDR.
_CODES = """
AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY BZ CA CC
CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO FR GA GB GD
GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH
KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV MW
MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC
SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM US UY
UZ VA VC VE VG VI VN VU WF WS XK YE YT ZA ZM ZW
"""
COUNTRIES = frozenset(_CODES.split())
LANGUAGE_CODE = re.compile(r"[a-z]{2,3}")
PARTY_CODE = re.compile(r"[A-Z][A-Z0-9_]{0,39}")
DATE = re.compile(r"([0-9]{4})(?:-([0-9]{2})(?:-([0-9]{2}))?)?")

MESSAGES: Mapping[str, ByLanguage] = MappingProxyType(
    {
        "choose": ByLanguage("Choose an answer: %(question)s"),
        "enter": ByLanguage("Enter an answer: %(question)s"),
        "choose_listed": ByLanguage("Choose one of the answers in the list: %(question)s"),
        "choose_party": ByLanguage("Choose from the parties of the agreement (%(parties)s): %(question)s"),
        "against_told": ByLanguage(
            "Enter the interview on its pages, which ask why, as what was told speaks against it: %(question)s"
        ),
        "choose_alone": ByLanguage("Choose either the answers that apply or only the last one: %(question)s"),
        "enter_number": ByLanguage("Enter a number from %(lowest)s to %(highest)s: %(question)s"),
        "enter_year": ByLanguage("Enter the year with four digits: %(question)s"),
        "enter_month": ByLanguage("Enter the month as a number from 1 to 12: %(question)s"),
        "enter_day": ByLanguage("Enter a day that exists in that month: %(question)s"),
        "enter_day_month": ByLanguage("Enter the month as well, or leave the day empty: %(question)s"),
        "enter_past": ByLanguage("Enter a date that is not in the future: %(question)s"),
        "enter_later": ByLanguage("Enter a date that is not before the beginning: %(question)s"),
        "enter_birth": ByLanguage("Enter the date again, or change the age on “%(page)s”: %(question)s"),
        "enter_country": ByLanguage("Enter the name of a country, for example Sweden: %(question)s"),
        "enter_country_code": ByLanguage(
            "Enter the country’s code of two letters (ISO 3166), for example SE: %(question)s"
        ),
        "enter_language": ByLanguage("Enter the name of a language, for example Arabic, or “unknown”: %(question)s"),
        "choose_one_way": ByLanguage("Choose an answer or enter another, not both: %(question)s"),
        "enter_shorter": ByLanguage("Enter fewer than %(longest)s characters: %(question)s"),
        "enter_plain": ByLanguage("Enter the text again without invisible characters: %(question)s"),
        "enter_text": ByLanguage("Enter text: %(question)s"),
        "leave_out": ByLanguage("Leave this answer out, because the question is not asked: %(question)s"),
        "leave_unknown": ByLanguage("Leave this answer out, because the question is not in the questionnaire"),
    }
)


class UnacceptableAnswer(ValueError):
    """An answer its question cannot have; `texts` say by staff language what to do."""

    def __init__(self, texts: Texts) -> None:
        super().__init__(text_for(texts, SOURCE))
        self.texts = texts


def message(name: str, question: Question, **values: object) -> Texts:
    """The message called `name` in each staff language, with the question it is about."""
    return MESSAGES[name].filled(question=question.text, **values).among(question.text)


def unacceptable(name: str, question: Question, **values: object) -> UnacceptableAnswer:
    """The error with that message."""
    return UnacceptableAnswer(message(name, question, **values))


def checked(question: Question, value: object) -> Any:
    """The value as it is stored (text in NFC, codes in order, None for an empty text); raises UnacceptableAnswer."""
    match question.kind:
        case "yes_no" | "one_of":
            return _code(question, value)
        case "some_of":
            return _codes(question, value)
        case "country" | "language":
            return _country_or_language(question, value)
        case "number":
            return _number(question, value)
        case "partial_date":
            return _date(question, value)
        case "parties":
            return _parties(question, value)
    return plain_text(question, value)


def _code(question: Question, value: object) -> str:
    if not isinstance(value, str) or question.option(value) is None:
        raise unacceptable("choose_listed", question)
    return value


def _codes(question: Question, value: object) -> list[str]:
    if not isinstance(value, list | tuple) or not all(isinstance(code, str) for code in value):
        raise unacceptable("choose_listed", question)
    given = frozenset(value)
    if not given:
        raise unacceptable("choose", question)
    ordered = [option.code for option in question.options if option.code in given]
    if len(ordered) != len(given):
        raise unacceptable("choose_listed", question)
    if len(ordered) > 1 and given & ALONE:
        raise unacceptable("choose_alone", question)
    return ordered


def _country_or_language(question: Question, value: object) -> str:
    if isinstance(value, str) and question.option(value) is not None:
        return value
    if question.kind == "country":
        if isinstance(value, str) and value in COUNTRIES:
            return value
        raise unacceptable("enter_country_code", question)
    if isinstance(value, str) and LANGUAGE_CODE.fullmatch(value):
        return value
    raise unacceptable("enter_language", question)


def _number(question: Question, value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not question.lowest <= value <= question.highest:
        raise unacceptable("enter_number", question, lowest=question.lowest, highest=question.highest)
    return value


def _date(question: Question, value: object) -> str:
    found = DATE.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        raise unacceptable("enter_year", question)
    return date_from_parts(question, found[1], found[2] or "", found[3] or "")


def date_from_parts(question: Question, year: str, month: str, day: str) -> str:
    """The partial date of three typed parts, of which month and day may be empty; raises UnacceptableAnswer."""
    if not _digits(year, 4) or len(year) != 4 or not EARLIEST_YEAR <= int(year) <= 2999:
        raise unacceptable("enter_year", question)
    if day and not month:
        raise unacceptable("enter_day_month", question)
    if not month:
        return year
    if not _digits(month, 2) or not 1 <= int(month) <= 12:
        raise unacceptable("enter_month", question)
    if not day:
        return f"{year}-{int(month):02d}"
    try:
        if not _digits(day, 2):
            raise ValueError
        return date(int(year), int(month), int(day)).isoformat()
    except ValueError:
        raise unacceptable("enter_day", question) from None


def _digits(text: str, longest: int) -> bool:
    return 0 < len(text) <= longest and text.isascii() and text.isdigit()


def _parties(question: Question, value: object) -> list[str]:
    if not isinstance(value, list | tuple) or len(value) > 100:
        raise unacceptable("choose_listed", question)
    if not all(isinstance(code, str) and PARTY_CODE.fullmatch(code) for code in value):
        raise unacceptable("choose_listed", question)
    return sorted(set(value))


def plain_text(question: Question, value: object) -> str | None:
    """Text in NFC with plain line ends, trimmed, None when nothing is left; raises UnacceptableAnswer.

    Refused: control characters but the line end and the tab of a long text, direction overrides, lone surrogates,
    and text longer than the question allows.
    """
    if not isinstance(value, str):
        raise unacceptable("enter_text", question)
    if len(value) > 4 * question.longest:
        raise unacceptable("enter_shorter", question, longest=question.longest + 1)
    text = unicodedata.normalize("NFC", value.replace("\r\n", "\n").replace("\r", "\n")).strip()
    allowed = "\n\t" if question.kind == "long_text" else ""
    if disturbing(text, allowed):
        raise unacceptable("enter_plain", question)
    if len(text) > question.longest:
        raise unacceptable("enter_shorter", question, longest=question.longest + 1)
    return text or None


def earliest(value: str) -> date:
    """The first day a partial date can mean."""
    parts = [int(part) for part in value.split("-")]
    year, month, day = [*parts, 1, 1][:3]
    return date(year, month, day)


def latest(value: str) -> date:
    """The last day a partial date can mean."""
    parts = [int(part) for part in value.split("-")]
    if len(parts) == 3:
        return date(parts[0], parts[1], parts[2])
    year, month = (parts[0], parts[1]) if len(parts) == 2 else (parts[0], 12)
    following = date(year + month // 12, month % 12 + 1, 1)
    return date.fromordinal(following.toordinal() - 1)


def is_unknown(value: object) -> bool:
    """Whether the answer is "does not know" or "does not want to answer"."""
    return value in UNKNOWN or (isinstance(value, list | tuple) and any(code in UNKNOWN for code in value))
