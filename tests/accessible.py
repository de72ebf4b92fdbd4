"""What a PDF that says it is PDF/UA-1 and PDF/A-3a must have, looked at in its structure."""

from __future__ import annotations

import io
import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field

import pikepdf

PAINTS = {"Tj", "TJ", "'", '"', "f", "F", "f*", "S", "s", "B", "B*", "b", "b*", "sh", "Do", "INLINE IMAGE"}
ARCHIVE, ACCESS = "{http://www.aiim.org/pdfa/ns/id/}", "{http://www.aiim.org/pdfua/ns/id/}"
TITLE = "{http://purl.org/dc/elements/1.1/}title"


@dataclass(slots=True)
class Element:
    """One element of the structure tree."""

    kind: str
    raw: pikepdf.Object
    children: list[Element] = field(default_factory=list)
    marked: int = 0  # pieces of the pages' content that it names itself

    def all(self) -> Iterator[Element]:
        """This and everything beneath it, in reading order."""
        yield self
        for child in self.children:
            yield from child.all()


def check(data: bytes, language: str) -> tuple[pikepdf.Pdf, Element]:
    """Fail unless the file keeps what it claims; returns it with its structure, for what only the test knows."""
    pdf = pikepdf.open(io.BytesIO(data))
    root = pdf.Root
    assert str(root.Lang) == language
    assert root.MarkInfo.Marked is True
    assert root.ViewerPreferences.DisplayDocTitle is True
    with pdf.open_metadata() as metadata:
        said = {name: metadata[name] for name in metadata}
    assert said[TITLE]
    claims = (said[f"{ARCHIVE}part"], said[f"{ARCHIVE}conformance"], said[f"{ACCESS}part"])
    assert claims == ("3", "A", "1")
    assert [str(each.S) for each in root.OutputIntents] == ["/GTS_PDFA1"]
    document = structure(pdf)
    assert document.kind == "Document"
    _check_fonts(pdf)
    _check_headings(document)
    _check_pictures(document)
    _check_tables(pdf, document)
    _check_everything_is_tagged(pdf, document)
    _check_attachments(pdf)
    return pdf, document


def structure(pdf: pikepdf.Pdf) -> Element:
    """What a document says it is made of."""
    return _element(pdf.Root.StructTreeRoot.K[0])


def _element(raw: pikepdf.Object) -> Element:
    element = Element(str(raw.S).lstrip("/"), raw)
    kids = raw.get("/K", [])
    for kid in kids if isinstance(kids, pikepdf.Array) else [kids]:
        if isinstance(kid, pikepdf.Dictionary) and "/S" in kid:
            element.children.append(_element(kid))
        elif isinstance(kid, int) or kid.Type == "/MCR":
            element.marked += 1
    return element


def fonts(pdf: pikepdf.Pdf) -> Iterator[pikepdf.Object]:
    """Every font of every page and of the forms drawn on it."""
    for page in pdf.pages:
        stack = [page.Resources]
        while stack:
            resources = stack.pop()
            yield from resources.get("/Font", pikepdf.Dictionary()).values()
            drawn = resources.get("/XObject", pikepdf.Dictionary()).values()
            stack += [each.Resources for each in drawn if "/Resources" in each]


def _check_fonts(pdf: pikepdf.Pdf) -> None:
    found = list(fonts(pdf))
    assert found
    for font in found:
        described = font.DescendantFonts[0].FontDescriptor if "/DescendantFonts" in font else font.FontDescriptor
        assert "/FontFile2" in described or "/FontFile3" in described, described.FontName
        assert "/ToUnicode" in font, described.FontName


def _check_headings(document: Element) -> None:
    levels = [int(each.kind[1]) for each in document.all() if each.kind in ("H1", "H2", "H3", "H4", "H5", "H6")]
    assert levels[:1] == [1]
    assert all(after <= before + 1 for before, after in itertools.pairwise(levels)), levels


def _check_pictures(document: Element) -> None:
    for each in document.all():
        if each.kind == "Figure":
            assert str(each.raw.get("/Alt", "")).strip()


def _check_tables(pdf: pikepdf.Pdf, document: Element) -> None:
    names = pdf.Root.StructTreeRoot.get("/IDTree", pikepdf.Dictionary(Names=[])).Names
    known = {bytes(name): kid.objgen for name, kid in zip(names[::2], names[1::2], strict=True)}
    assert list(known) == sorted(known)
    for table in (each for each in document.all() if each.kind == "Table"):
        rows = [each for each in table.all() if each.kind == "TR"]
        assert {cell.kind for row in rows for cell in row.children} == {"TH", "TD"}
        headers = {bytes(each.raw.ID) for each in table.all() if each.kind == "TH"}
        for cell in (each for each in table.all() if each.kind == "TD"):
            named = {bytes(each) for each in cell.raw.A.Headers}
            assert named
            assert named <= headers
        assert all(known[bytes(each.raw.ID)] == each.raw.objgen for each in table.all() if each.kind == "TH")


def _check_everything_is_tagged(pdf: pikepdf.Pdf, document: Element) -> None:
    marked = 0
    for page in pdf.pages:
        open_: list[bool] = []  # of each open piece: whether it is in the structure
        for operands, operator in pikepdf.parse_content_stream(page):
            name = str(operator)
            if name in ("BDC", "BMC"):
                structured = len(operands) > 1 and "/MCID" in operands[1]
                assert structured or str(operands[0]) == "/Artifact"
                marked += structured
                open_.append(structured)
            elif name == "EMC":
                open_.pop()
            else:
                assert open_ or name not in PAINTS, f"{name} on a page outside of the structure"
        assert not open_
        for annotation in page.get("/Annots", []):
            assert page.Tabs == "/S"
            assert str(annotation.get("/Contents", ""))
    assert marked == sum(each.marked for each in document.all())


def _check_attachments(pdf: pikepdf.Pdf) -> None:
    named = [each.objgen for each in pdf.Root.get("/AF", [])]
    assert named == [each.obj.objgen for each in pdf.attachments.values()]
    for each in pdf.attachments.values():
        assert each.obj.AFRelationship == "/Data"
        assert each.description
        assert each.get_file().mime_type
