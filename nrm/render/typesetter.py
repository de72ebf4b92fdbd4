"""The program that makes PDF files, in a process of its own: jobs from standard input, answers to standard output.

Started by `nrm.render.pdf` as a plain file, so that it imports neither the application nor its keys. A job is 8 bytes
(length, big endian) and JSON `{"html", "following": [html, ...], "attachments": [{"name", "description", "content"
(base64)}]}`; pages of what follows are counted from 1 again. An answer is
one byte (`K` the PDF follows, `U` WeasyPrint or Pango is missing, `R` something was refused), 8 bytes of length, and
the PDF or a sentence in UTF-8. The end of standard input ends it.

Nothing is fetched: no network, no file, no data address. The one exception is the font, which only the sheet below
may ask for.
"""

from __future__ import annotations

import base64
import gc
import importlib
import io
import json
import os
import sys
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any, BinaryIO, ClassVar

FONT_SCHEME = "typesetter-font:"
SHEET = """
@font-face { font-family: "Page"; src: url("%(scheme)sroman"); font-style: normal }
@font-face { font-family: "Page"; src: url("%(scheme)sitalic"); font-style: italic }
@font-face { font-family: "Page Arabic"; src: url("%(scheme)sarabic") }
@font-face { font-family: "Page Bengali"; src: url("%(scheme)sbengali"); font-weight: 400 }
@font-face { font-family: "Page Bengali"; src: url("%(scheme)sbengali-bold"); font-weight: 700 }
* { bookmark-level: none }
html { font-family: "Page", "Page Arabic", "Page Bengali", sans-serif }
@page { font-family: "Page", sans-serif }
"""


UA_XMP = b"""<rdf:Description xmlns:pdfuaid="http://www.aiim.org/pdfua/ns/id/" rdf:about="" pdfuaid:part="1"/>
<rdf:Description xmlns:pdfaExtension="http://www.aiim.org/pdfa/ns/extension/"
 xmlns:pdfaSchema="http://www.aiim.org/pdfa/ns/schema#" xmlns:pdfaProperty="http://www.aiim.org/pdfa/ns/property#"
 rdf:about=""><pdfaExtension:schemas><rdf:Bag><rdf:li rdf:parseType="Resource">
<pdfaSchema:schema>PDF/UA identification schema</pdfaSchema:schema>
<pdfaSchema:namespaceURI>http://www.aiim.org/pdfua/ns/id/</pdfaSchema:namespaceURI>
<pdfaSchema:prefix>pdfuaid</pdfaSchema:prefix>
<pdfaSchema:property><rdf:Seq><rdf:li rdf:parseType="Resource">
<pdfaProperty:name>part</pdfaProperty:name><pdfaProperty:valueType>Integer</pdfaProperty:valueType>
<pdfaProperty:category>internal</pdfaProperty:category>
<pdfaProperty:description>PDF/UA version</pdfaProperty:description>
</rdf:li></rdf:Seq></pdfaSchema:property></rdf:li></rdf:Bag></pdfaExtension:schemas></rdf:Description>
"""


FONTS = {
    "roman": ("fontpkg_noto_sans", "NotoSans[wdth,wght].ttf"),
    "italic": ("fontpkg_noto_sans", "NotoSans-Italic[wdth,wght].ttf"),
    "arabic": ("fontpkg_noto_sans_arabic", "NotoSansArabic[wdth,wght].ttf"),
    "bengali": ("fontpkg_hind_siliguri", "HindSiliguri-Regular.ttf"),
    "bengali-bold": ("fontpkg_hind_siliguri", "HindSiliguri-Bold.ttf"),
}


def font_files() -> dict[str, Path]:
    """The font files of the packages `fontpkg-...` by the name that the sheet gives them.

    Noto Sans itself has Latin, Greek, Cyrillic and Devanagari.
    """
    return {
        name: Path(str(importlib.import_module(package).__file__)).parent / "files" / file
        for name, (package, file) in FONTS.items()
    }


@cache
def _tools() -> tuple[Any, Any, Any, type[BaseException]]:
    """WeasyPrint, the font configuration, our sheet, and the error that stops a rendering; made once."""
    import weasyprint
    from weasyprint.text.fonts import FontConfiguration
    from weasyprint.urls import FatalURLFetchingError, URLFetcher, URLFetcherResponse

    class Nothing(URLFetcher):  # type: ignore[misc]
        """Refuses every address, and with it the document; `asked` also keeps addresses whose failure is ignored."""

        asked: ClassVar[list[str]] = []

        def fetch(self, url: str, headers: object = None) -> Any:  # noqa: ARG002 - WeasyPrint's signature
            self.asked.append(url.partition(":")[0])
            raise FatalURLFetchingError("no address may be fetched")

    class FontOnly(URLFetcher):  # type: ignore[misc]
        """Gives our own sheet its fonts, and nothing else."""

        def fetch(self, url: str, headers: object = None) -> Any:  # noqa: ARG002 - WeasyPrint's signature
            scheme, _, name = url.partition(FONT_SCHEME)
            if scheme or name not in fonts:
                raise FatalURLFetchingError("only the typesetter's own fonts")
            return URLFetcherResponse(url, fonts[name].read_bytes(), {"Content-Type": "font/ttf"})

    fonts = font_files()
    configuration = FontConfiguration()
    sheet = weasyprint.CSS(string=SHEET % {"scheme": FONT_SCHEME}, url_fetcher=FontOnly(), font_config=configuration)
    return weasyprint, (configuration, sheet), Nothing(), FatalURLFetchingError


def typeset(html: str, attachments: list[dict[str, str]], following: Sequence[str] = ()) -> tuple[bytes, bytes]:
    """The kind of answer and its payload for one job."""
    try:
        weasyprint, (configuration, sheet), nothing, refused = _tools()
    except (ImportError, OSError) as error:
        return b"U", str(error).partition("\n")[0].encode()
    files = [
        weasyprint.Attachment(
            file_obj=io.BytesIO(base64.b64decode(attachment["content"])),
            name=attachment["name"],
            description=attachment["description"],
            relationship="Data",
        )
        for attachment in attachments
    ]
    nothing.asked.clear()
    try:
        options = {"attachments": files, "pdf_variant": "pdf/a-3a"}
        documents = [
            weasyprint.HTML(string=each, url_fetcher=nothing).render(
                stylesheets=[sheet], font_config=configuration, **options
            )
            for each in (html, *following)
        ]
        document = documents[0].copy([page for each in documents for page in each.pages])
        _claim_ua(document.metadata)
        pdf: bytes = document.write_pdf(finisher=_finish, **options)
    except refused:
        pdf = b""
    if nothing.asked:
        return b"R", f"the document asks for an address ({nothing.asked[0]}:)".encode()
    return b"K", pdf


def _claim_ua(metadata: Any) -> None:
    """Let the document say that it is PDF/UA-1 as well as PDF/A-3a: WeasyPrint writes only one of the two names.

    PDF/A knows the name only from a description of its schema in the document (ISO 19005-3, 6.6.2.3.2).
    """
    described = metadata.generate_rdf_metadata
    metadata.generate_rdf_metadata = lambda *of: described(*of).replace(b"</rdf:RDF>", UA_XMP + b"</rdf:RDF>")


def _finish(_: object, pdf: Any) -> None:
    """Correct what WeasyPrint leaves undone, so that the document really conforms to what it claims."""
    import pydyf

    objects = {each.reference: each for each in pdf.objects}
    root = objects[pdf.catalog["StructTreeRoot"]]
    told = set()
    waiting = list(root["K"])
    while waiting:
        reference = waiting.pop()
        if reference in objects:  # and no number of a piece of the page
            told.add(reference)
            waiting += objects[reference].get("K", ())
    # What stands in the margins is read out on no page, and says so (ISO 14289-1, 7.1 and 7.8).
    pieces = objects[root["ParentTree"]]["Nums"]
    for number, elements in zip(pieces[::2], pieces[1::2], strict=True):
        if not isinstance(elements, list):
            continue  # a link's
        drawn = objects[objects[pdf.page_references[number]]["Contents"]].stream
        for place, operator in enumerate(drawn):
            if operator == b"BDC" and elements[drawn[place - 1]["MCID"]] not in told:
                drawn[place - 2 : place] = ["/Artifact", pydyf.Dictionary({"Type": "/Pagination"})]
        elements[:] = [each if each in told else "null" for each in elements]
    # Cells name their headers by identifiers, which ask for a tree of them (ISO 32000-1, table 322).
    headers = sorted((objects[each] for each in told if "ID" in objects[each]), key=lambda each: each["ID"].data)
    if headers:
        names = [part for each in headers for part in (each["ID"], each.reference)]
        root["IDTree"] = pydyf.Dictionary({"Names": pydyf.Array(names)})
    if "AF" in pdf.catalog:
        pdf.catalog["AF"][:] = dict.fromkeys(pdf.catalog["AF"])  # a file goes along once


def serve(jobs: BinaryIO, answers: BinaryIO) -> None:
    """Answer job after job until the input ends."""
    while head := jobs.read(8):
        job = json.loads(jobs.read(int.from_bytes(head, "big")))
        kind, payload = typeset(job["html"], job["attachments"], job.get("following", ()))
        answers.write(kind + len(payload).to_bytes(8, "big") + payload)
        answers.flush()
        gc.collect()


if __name__ == "__main__":
    os.nice(5)  # pages go before documents
    gc.disable()  # while a document is laid out all of it is in use, and walks through it took a tenth of the time
    serve(sys.stdin.buffer, sys.stdout.buffer)
