"""A new country from one that is there: its files with marks where another country says something else (ADR 0122).

The rules come along, because a mechanism is copied more than invented. Names, telephones and the words of places are
marked: what was there before stands behind the mark, so that whoever writes the new one sees what is meant.
"""

from __future__ import annotations

import re
import shutil
import tomllib
from collections.abc import Collection, Mapping
from pathlib import Path

from nrm.countries.checking import MARK
from nrm.domain.shelter.cases import HOME_CITIZEN

CODE = re.compile(r"[a-z][a-z0-9_]{1,39}")
ISO = re.compile(r"[A-Z]{2}")
# What differs wherever it stands, by file: keys whose text, or whose words, are to be written.
_KEYS = {
    "country.toml": ("names", "on_call", "telephone", "timezone", "currency", "first_unit", "source"),
    "demo.toml": ("feminine", "masculine", "family", "hospital"),
    "mou": ("title", "names", "on_call", "timezone"),
}
MECHANISM = frozenset({HOME_CITIZEN, "capital"})
"""Codes that stand for something of each country where a question routes, and are words as others elsewhere."""
_TABLES = ("emergency", "region", "crossing_group", "court", "compensation.band")
"""Tables of `country.toml` of which every value differs."""


class Unmakeable(ValueError):
    """The text says what to name otherwise."""


def make(code: str, iso: str, source: Path, target: Path) -> None:
    """Copy the country of `source` to the new folder `target`. `iso`: ISO 3166 alpha-2, empty where it is not known.

    Raises Unmakeable, OSError.
    """
    if not CODE.fullmatch(code):
        raise Unmakeable(f"{code}: a code has small letters, digits and _, and begins with a letter")
    if iso and not ISO.fullmatch(iso):
        raise Unmakeable(f"{iso}: two capital letters, as in ISO 3166")
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise Unmakeable(f"{target} is not empty: a country is made in a new folder")
    text = (source / "country.toml").read_text("utf-8")
    country = tomllib.loads(text)
    older = {old: new for codes in country.get("formerly", {}).values() for old, new in codes.items()}
    own = {*MECHANISM, *country["region"]}
    standing = _standing_for(own, source, older)
    shutil.copytree(source, target, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
    for file in sorted(target.glob("*.toml")):
        text = _written(file.name, file.read_text("utf-8"), older, standing, country["iso"], iso or MARK)
        if file.name.startswith("choices-"):
            text = _with_marked_choices(text, standing)
        file.write_text(text, "utf-8")
    written = (target / "country.toml").read_text("utf-8")
    written = re.sub(r"^#:schema .*\n", "", written)  # its place is relative to the program
    written = re.sub(r"^code = .*$", f'code = "{code}"', written, count=1, flags=re.M)
    written = re.sub(r"^iso = .*$", f'iso = "{iso or MARK}"', written, count=1, flags=re.M)
    (target / "country.toml").write_text(_without_older_words(written), "utf-8")


def _written(
    name: str, text: str, older: Mapping[str, str], standing: Collection[tuple[str, str]], home: str, iso: str
) -> str:
    """One file with the codes of the mechanism in place of those of the country, and with its marks. `standing`: the
    answers, each with its question, whose words differ in each country."""
    if not name.endswith((".read-out.toml", ".signs.toml")):
        for old, new in older.items():
            text = re.sub(rf'(?<=["/]){old}(?=["/])', new, text)
            text = re.sub(rf"^{old} = ", f"{new} = ", text, flags=re.M)
            text = text.replace(f'code = "{new}", means = "{new}"', f'code = "{new}"')
            text = text.replace(f'{{ {new} = "{new}", ', "{ ")
    if name.startswith("questionnaire-"):
        # The two countries change places: the new one was a neighbour in lists of countries, and the old one is now.
        text = re.sub(rf'"({home}|{re.escape(iso)})"', lambda found: f'"{iso if found[1] == home else home}"', text)
    keys = _KEYS.get("mou" if name.startswith("mou-") else name, ())
    lines, table, question = [], "", ""
    named = not name.startswith("choices-")  # there the question says what an answer stands for
    for line in text.splitlines():
        if heading := re.fullmatch(r"\[+([\w.]+)\]+", line):
            table = heading[1]
        if asked := re.fullmatch(r'id = "(\w+)"', line):
            question = asked[1]
        key, equals, _ = line.partition(" = ")
        whole = name == "country.toml" and table in _TABLES
        option = re.match(r'  \{ code = "(\w+)"(?:, means = "(\w+)")?', line)
        if (equals and (key in keys or whole)) or (named and re.match(r"(home|capital) = \{", line)):
            lines.append(_marked(line))
        elif option and (question, option[1]) in standing:
            lines.append(re.sub(r'\b([a-z]{2}) = "', rf'\1 = "{MARK} ', line))
        else:
            lines.append(line)
    return "\n".join(lines) + "\n"


def _standing_for(own: Collection[str], source: Path, older: Mapping[str, str]) -> set[tuple[str, str]]:
    """(question, answer) of those that stand for a place or for the country itself, so that their words differ in each
    country. An answer that happens to have such a code, to a question that routes nobody, does not."""
    return {
        (question["id"], code)
        for file in source.glob("questionnaire-*.toml")
        if "." not in file.stem  # else it is read out, or explains
        for question in tomllib.loads(file.read_text("utf-8")).get("question", ())
        for option in question.get("options", ())
        if option.get("means", option["code"] if option["code"] not in MECHANISM or question.get("routing") else "")
        in own
        for code in (option["code"], older.get(option["code"], option["code"]))
    }


def _with_marked_choices(text: str, standing: Collection[tuple[str, str]]) -> str:
    """The words of these answers for the person, marked, too."""
    lines, question = [], ""
    for line in text.splitlines():
        if heading := re.fullmatch(r"\[choice\.(\w+)\]", line):
            question = heading[1]
        lines.append(_marked(line) if (question, line.partition(" = ")[0]) in standing else line)
    return "\n".join(lines) + "\n"


def _marked(line: str) -> str:
    """Every text of the line behind a mark."""
    key, equals, value = line.partition(" = ")
    return key + equals + re.sub(r'"((?:[^"\\]|\\.)*)"', rf'"{MARK} \1"', value)


def _without_older_words(text: str) -> str:
    """A new country signed no text with older words."""
    return re.sub(r"(^# How texts[^\n]*\n)?^\[formerly\.\w+\]\n(?:[^\[\n][^\n]*\n)*\n?", "", text, flags=re.M)
