"""Whether a PDF file shows letters: every sign that it draws is one of the font's, and no box."""

from __future__ import annotations

import io
from collections.abc import Iterator

import pikepdf
from fontTools.ttLib import TTFont

from nrm.render.typesetter import font_files

_SHOWS = ("TJ", "Tj")


def drawn(data: bytes) -> Iterator[tuple[str, int]]:
    """(font, number of the glyph) of every glyph on every page."""
    with pikepdf.open(io.BytesIO(data)) as pdf:
        for page in pdf.pages:
            fonts = {name: str(font.BaseFont) for name, font in page.Resources.get("/Font", {}).items()}
            now = ""
            for operands, operator in pikepdf.parse_content_stream(page):
                if str(operator) == "Tf":
                    now = fonts[str(operands[0])]
                elif str(operator) in _SHOWS:
                    for piece in operands[0] if isinstance(operands[0], pikepdf.Array) else operands:
                        if isinstance(piece, pikepdf.String):
                            code = bytes(piece)
                            yield from ((now, int.from_bytes(code[at : at + 2])) for at in range(0, len(code), 2))


def boxes(data: bytes) -> int:
    """How many signs have no glyph: number 0 of a font, or one beyond its last."""
    counts = {name: TTFont(path)["maxp"].numGlyphs for name, path in font_files().items()}
    found = 0
    for font, glyph in drawn(data):
        name = "arabic" if "Arabic" in font else "bengali" if "Bengali" in font else "roman"
        assert "Page" in font, f"{font} is a font of the computer"
        found += glyph == 0 or glyph >= counts[name]
    return found
