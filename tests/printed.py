"""The cells of the tables of a tagged PDF, as a reader of any kind is told them: by the structure, not by the place."""

from __future__ import annotations

import io
import re
from collections import defaultdict
from typing import Any

import pikepdf

from tests.accessible import structure

Place = tuple[tuple[int, int], int]
"""(the page, the number of a marked piece of its content)."""


def tables(content: bytes) -> list[list[list[str]]]:
    """Per table and row the texts of its data cells; rows without any (headings) are left out."""
    pdf = pikepdf.open(io.BytesIO(content))
    document, texts = structure(pdf), _texts(pdf)
    found = []
    for table in (each for each in document.all() if each.kind == "Table"):
        rows = [
            [_text(cell.raw, texts) for cell in row.children if cell.kind == "TD"]
            for row in table.all()
            if row.kind == "TR"
        ]
        found.append([row for row in rows if row])
    return found


def _text(raw: Any, texts: dict[Place, str], page: Any = None) -> str:
    page = raw.get("/Pg", page)
    kids = raw.get("/K", [])
    said = []
    for kid in kids if isinstance(kids, pikepdf.Array) else [kids]:
        if isinstance(kid, int):
            said.append(texts[page.objgen, kid])
        elif "/S" in kid:
            said.append(_text(kid, texts, page))
        elif kid.Type == "/MCR":
            said.append(texts[kid.get("/Pg", page).objgen, int(kid.MCID)])
    return " ".join("".join(said).split())


def _texts(pdf: pikepdf.Pdf) -> dict[Place, str]:
    """What each marked piece of each page says."""
    found: dict[Place, str] = defaultdict(str)
    for page in pdf.pages:
        fonts = {name: _signs(font) for name, font in page.Resources.get("/Font", {}).items()}
        open_: list[int | None] = []
        signs: dict[bytes, str] = {}
        for operands, operator in pikepdf.parse_content_stream(page):
            name = str(operator)
            if name in ("BDC", "BMC"):
                marked = len(operands) > 1 and "/MCID" in operands[1]
                open_.append(int(operands[1].MCID) if marked else None)
            elif name == "EMC":
                open_.pop()
            elif name == "Tf":
                signs = fonts[str(operands[0])]
            elif name in ("Tj", "TJ") and open_ and open_[-1] is not None:
                pieces = operands[0] if name == "TJ" else [operands[0]]
                raw = b"".join(bytes(each) for each in pieces if isinstance(each, pikepdf.String))
                found[page.objgen, open_[-1]] += "".join(signs[raw[at : at + 2]] for at in range(0, len(raw), 2))
    return found


def _signs(font: pikepdf.Object) -> dict[bytes, str]:
    """The sign of each code of two bytes, by the font's own table for readers."""
    told = font.ToUnicode.read_bytes().decode("latin-1")
    return {
        bytes.fromhex(code): bytes.fromhex(sign).decode("utf-16-be")
        for block in re.findall(r"beginbfchar(.*?)endbfchar", told, re.DOTALL)
        for code, sign in re.findall(r"<([0-9A-Fa-f]{4})>\s*<([0-9A-Fa-f]+)>", block)
    }
