"""The small fonts of the card pages, made from the packages: `python -m tests.browser.card_fonts` writes them anew.

Each has the letters that the greetings and leaflets of all countries need in its languages, and no others.
"""

from __future__ import annotations

import sys
from pathlib import Path

from fontTools import subset
from fontTools.ttLib import TTFont
from fontTools.varLib import instancer

from nrm import countries
from nrm.render.typesetter import font_files
from nrm.web.assets import FOLDER

# File -> (the typesetter's font, languages). Chinese has no font in a package that is small enough: its file is made
# from a Noto Sans CJK, whose path is given to this command.
FONTS = {
    "arabic": ("arabic", ("ar", "fa", "ur")),
    "bengali": ("bengali", ("bn",)),
    "devanagari": ("roman", ("hi",)),
    "chinese": ("", ("zh",)),
}
NAMES = [0, 1, 2, 3, 4, 5, 6, 13, 14]  # with the licence, which asks to be in every copy


def letters_of(languages: tuple[str, ...]) -> set[str]:
    """Every letter that a card or a leaflet has in these languages; any computer has those of ASCII."""
    handouts = [countries.load(path.name).handouts for path in _countries()]
    return {
        letter
        for each in handouts
        for language in languages
        for handout in (each.greetings.get(language), each.leaflets.get(language))
        if handout is not None
        for part in handout.parts.values()
        for letter in part
        if not letter.isascii()
    }


def _countries() -> list[Path]:
    return [path.parent for path in Path(countries.__file__).parent.glob("*/country.toml")]


def letters_in(name: str) -> set[str]:
    """Every letter that the file has."""
    return {chr(code) for code in TTFont(FOLDER / f"{name}.woff2").getBestCmap()}


def make(name: str, path: Path, letters: set[str]) -> None:
    """Write the font with these letters, and whatever their joining needs."""
    font = TTFont(path)
    smaller = subset.Subsetter(subset.Options(hinting=False, notdef_outline=True, name_IDs=NAMES))
    smaller.populate(unicodes=[ord(letter) for letter in letters])
    smaller.subset(font)
    if "fvar" in font:
        font = instancer.instantiateVariableFont(font, {"wdth": 100, "wght": 400})
    font.flavor = "woff2"
    font.save(FOLDER / f"{name}.woff2")


if __name__ == "__main__":
    for name, (package, languages) in FONTS.items():
        given = Path(sys.argv[1]) if len(sys.argv) > 1 else None
        path = font_files()[package] if package else given
        if path is not None:
            make(name, path, letters_of(languages))
