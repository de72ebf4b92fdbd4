"""What the documents on data protection say is what the country's files and the program do, in both languages."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

from nrm.domain.shelter.cases import OF_IDENTIFICATION, Compartment

TOP = Path(__file__).resolve().parents[2]
ENGLISH, ALBANIAN = (
    (TOP / "docs" / name).read_text("utf-8") for name in ("data-protection.md", "data-protection.sq.md")
)
NAMED = {
    Compartment.HAND_OVER: ("hand-over", "dorëzimi"),
    Compartment.IDENTITY: ("identity", "identiteti"),
    Compartment.STORY: ("story", "rrëfimi"),
    Compartment.CARE: ("care", "kujdesi"),
    Compartment.LEGAL: ("legal", "dosja ligjore"),
    **dict.fromkeys(OF_IDENTIFICATION, ("joint interview, decisions", "intervista e përbashkët, vendimet")),
}


def parts(text: str) -> dict[str, list[str]]:
    """The rows of the table of what a record consists of, by the part."""
    table = text.split("\n## ")[3]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in table.split("\n") if line.startswith("|")]
    return {row[0]: row for row in rows[2:]}


def test_each_part_has_a_ground_a_reader_and_the_time_that_the_country_sets() -> None:
    assert set(NAMED) == set(Compartment)
    country = tomllib.loads((TOP / "nrm" / "countries" / "albania" / "country.toml").read_text("utf-8"))
    for compartment, names in NAMED.items():
        kept = country["retention"][str(compartment)]
        years = kept.get("years_after_closing")
        for text, name, words in zip((ENGLISH, ALBANIAN), names, ("years", "vjet"), strict=True):
            row = parts(text)[name]
            assert all(row), row
            assert re.search(r"\b[6-9]\b", row[3]), row  # the article of its ground
            assert row[-1] == f"{years} {words}" if years else "court" in row[-1] or "gjykatës" in row[-1]


def test_both_languages_have_the_same_sections_and_rows() -> None:
    ways = [
        [section.count("\n|") for section in text.split("\n## ")]  # of each section how many rows of tables
        for text in (ENGLISH, ALBANIAN)
    ]
    assert ways[0] == ways[1]
    assert len(ways[0]) == 9
    for text, said in ((ENGLISH, "Commissioner"), (ALBANIAN, "Komisioner")):
        assert said in text


def test_the_operators_page_on_a_leak_says_who_does_what_in_thirty_minutes() -> None:
    (page,) = re.findall(r"\n## It has leaked.*?(?=\n## )", (TOP / "docs" / "operator.md").read_text("utf-8"), re.S)
    rows = re.findall(r"^\| (\d+)(?: to (\d+))? \| ([^|]+) \|", page, re.M)
    assert rows[0][0] == "0"
    assert rows[-1][1] == "30"
    begun = [int(first) for first, _, _ in rows]
    assert begun == sorted(begun)
    for said in (
        "duty desk",
        "suspends the account",
        "who is moved",
        "tells each person",
        "An officer is arrested",
        "laptop",
    ):
        assert said in page, said
