"""PDF files: tagged, in their language, with their fonts; and nothing is ever fetched."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pikepdf
import pytest
from pypdf import PdfReader

from nrm.render import pdf
from nrm.render.charts import bars
from nrm.render.pdf import Attachment, PdfRefused, PdfTooSlow, PdfUnavailable, to_pdf
from tests import accessible, shared

PAGE = """<!doctype html><html lang="sq"><head><meta charset="utf-8"><title>Raporti</title>{head}</head>
<body><h1>Çështje të ë-së</h1><p>Trup <b>i trashë</b> <i>i pjerrët</i> Ελληνικά</p>{body}</body></html>"""


def page(head: str = "", body: str = "") -> str:
    return PAGE.format(head=head, body=body)


@pytest.fixture(scope="module", autouse=True)
def _typesetter() -> Iterator[None]:
    """It prints every document, also one that it printed before, and ends."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pdf, "_print", shared.PRINT_APART)
        yield
    pdf._close()


@pytest.mark.slow
def test_the_file_is_tagged_has_its_language_its_fonts_and_a_neutral_title() -> None:
    data = to_pdf(page())
    pdf, _ = accessible.check(data, "sq")
    assert {str(font.BaseFont).split("+")[1] for font in accessible.fonts(pdf)} == {"Page", "Page-Bold", "Page-Italic"}
    reader = PdfReader(io.BytesIO(data))
    assert reader.metadata
    assert reader.metadata.title == "Raporti"
    assert reader.outline == []
    assert "Çështje të ë-së" in reader.pages[0].extract_text()


@pytest.mark.slow
def test_a_picture_has_words_for_those_who_do_not_see_it() -> None:
    _, document = accessible.check(to_pdf(page(body=bars([("Një e treta", 5)]))), "sq")
    words = [str(each.raw.Alt) for each in document.all() if each.kind == "Figure"]
    assert any("Një e treta: 5" in each for each in words)


@pytest.mark.slow
def test_what_stands_in_the_margins_is_read_out_on_no_page() -> None:
    margin = '<style>@page { @bottom-center { content: "faqja " counter(page) } }</style>'
    pdf, document = accessible.check(to_pdf(page(head=margin)), "sq")
    kinds = {str(part.operands[1].get("/Type", "")) for part in _begun(pdf) if str(part.operands[0]) == "/Artifact"}
    assert kinds == {"/Pagination"}
    assert {each.kind for each in document.all()} == {"Document", "H1", "P", "Span", "NonStruct"}


def _begun(pdf: pikepdf.Pdf) -> Iterator[pikepdf.ContentStreamInstruction]:
    for sheet in pdf.pages:
        for part in pikepdf.parse_content_stream(sheet):
            if isinstance(part, pikepdf.ContentStreamInstruction) and str(part.operator) == "BDC":
                yield part


def _untagged(pdf: pikepdf.Pdf) -> None:
    pdf.pages[0].contents_add(b"BT /F0 9 Tf (x) Tj ET", prepend=False)


def _out_of_the_tree(pdf: pikepdf.Pdf) -> None:
    pdf.Root.StructTreeRoot.K[0].K = pikepdf.Array(list(pdf.Root.StructTreeRoot.K[0].K)[:-1])


def _wordless(pdf: pikepdf.Pdf) -> None:
    _only(pdf, "/Figure").Alt = pikepdf.String("")


def _without_headers(pdf: pikepdf.Pdf) -> None:
    del _only(pdf, "/TD").A.Headers


def _of_another_level(pdf: pikepdf.Pdf) -> None:
    _only(pdf, "/H1").S = pikepdf.Name("/H2")


def _without_fonts(pdf: pikepdf.Pdf) -> None:
    for font in accessible.fonts(pdf):
        described = font.DescendantFonts[0].FontDescriptor
        for name in {"/FontFile2", "/FontFile3"} & set(described.keys()):
            del described[name]


def _twice(pdf: pikepdf.Pdf) -> None:
    pdf.Root.AF.append(pdf.Root.AF[0])


def _without_identifiers(pdf: pikepdf.Pdf) -> None:
    del pdf.Root.StructTreeRoot.IDTree


def _in_another_language(pdf: pikepdf.Pdf) -> None:
    pdf.Root.Lang = pikepdf.String("en")


def _without_its_claim(pdf: pikepdf.Pdf) -> None:
    with pdf.open_metadata() as said:
        del said[f"{accessible.ACCESS}part"]


def _only(pdf: pikepdf.Pdf, kind: str) -> pikepdf.Object:
    (found,) = [each for each in pdf.objects if isinstance(each, pikepdf.Dictionary) and each.get("/S") == kind]
    return found


@pytest.fixture(scope="module")
def whole() -> bytes:
    """A document with everything that is looked at, which keeps what it claims."""
    table = '<table><tr><th scope="col">a</th></tr><tr><td>5</td></tr></table>'
    body = table + '<svg width="9" height="9"><title>një</title><rect width="9" height="9"/></svg>'
    data = to_pdf(page(body=body), attachments=[Attachment("ix.csv", b"a\r\n", "Tabelat")])
    accessible.check(data, "sq")
    return data


@pytest.mark.parametrize(
    "broken",
    [
        _untagged,
        _out_of_the_tree,
        _wordless,
        _without_headers,
        _of_another_level,
        _without_fonts,
        _twice,
        _without_identifiers,
        _in_another_language,
        _without_its_claim,
    ],
)
def test_a_document_that_breaks_its_claim_is_found(whole: bytes, broken: Callable[[pikepdf.Pdf], None]) -> None:
    pdf = pikepdf.open(io.BytesIO(whole))
    broken(pdf)
    changed = io.BytesIO()
    pdf.save(changed)
    with pytest.raises((AssertionError, AttributeError, KeyError)):
        accessible.check(changed.getvalue(), "sq")


def test_who_waits_for_a_page_goes_before_who_waits_for_a_document() -> None:
    to_pdf(page())
    child = pdf._press.child
    assert child is not None
    assert os.getpriority(os.PRIO_PROCESS, child.pid) > os.getpriority(os.PRIO_PROCESS, 0)


def test_every_cell_names_its_headers_on_each_page_of_a_long_table() -> None:
    rows = "".join(f'<tr><th scope="row">{number}</th><td>5</td></tr>' for number in range(120))
    head = '<thead><tr><th scope="col">a</th><th scope="col">b</th></tr></thead>'
    pdf, document = accessible.check(to_pdf(page(body=f"<table>{head}<tbody>{rows}</tbody></table>")), "sq")
    assert len(pdf.pages) > 1
    assert sum(each.kind == "TD" for each in document.all()) == 120


def test_the_tables_go_along_as_a_file() -> None:
    data = to_pdf(page(), attachments=[Attachment("ix.csv", b"\xef\xbb\xbfa,b\r\n", "Tabelat")])
    pdf, _ = accessible.check(data, "sq")
    assert {name: each.get_file().read_bytes() for name, each in pdf.attachments.items()} == {
        "ix.csv": b"\xef\xbb\xbfa,b\r\n"
    }


@pytest.mark.parametrize(
    ("head", "body"),
    [
        ("", '<img src="{address}">'),
        ('<link rel="stylesheet" href="{address}">', ""),
        ('<style>@import "{address}";</style>', ""),
        ('<style>body {{ background: url("{address}") }}</style>', ""),
        ('<style>@font-face {{ font-family: X; src: url("{address}") }} p {{ font-family: X }}</style>', ""),
        ("", '<svg viewBox="0 0 9 9"><image href="{address}" width="9" height="9"/></svg>'),
        ("", '<object data="{address}"></object>'),
        ('<link rel="attachment" href="{address}">', ""),
    ],
)
@pytest.mark.parametrize("address", ["file:///etc/hostname", "http://127.0.0.1:{port}/x", "typesetter-font:roman"])
def test_a_document_that_asks_for_anything_is_refused_and_nothing_is_fetched(
    head: str, body: str, address: str, listener: HTTPServer
) -> None:
    address = address.format(port=listener.server_port)
    with pytest.raises(PdfRefused, match=f"the document asks for an address \\({address.partition(':')[0]}:\\)"):
        to_pdf(page(head.format(address=address), body.format(address=address)))
    assert listener.asked == []  # type: ignore[attr-defined]


class _Listens(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.server.asked.append(self.path)  # type: ignore[attr-defined]
        self.send_error(404)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing is printed."""


@pytest.fixture(scope="module")
def listener() -> Iterator[HTTPServer]:
    server = HTTPServer(("127.0.0.1", 0), _Listens)
    server.asked = []  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_refused_document_does_not_spoil_the_next_one() -> None:
    with pytest.raises(PdfRefused):
        to_pdf(page(body='<img src="file:///etc/hostname">'))
    assert to_pdf(page()).startswith(b"%PDF")


@pytest.mark.slow
def test_a_server_without_weasyprint_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pdf._close()
    (tmp_path / "weasyprint.py").write_text("raise OSError('cannot load library libpango')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with pytest.raises(PdfUnavailable, match="cannot load library libpango"):
        to_pdf(page())
    pdf._close()


@pytest.mark.slow
def test_a_typesetter_that_dies_is_told_and_the_next_document_gets_a_new_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pdf._close()
    broken = tmp_path / "broken.py"
    broken.write_text("import sys; sys.stdin.buffer.read(8); sys.exit(3)")
    with monkeypatch.context() as patched:
        patched.setattr(pdf, "TYPESETTER", broken)
        with pytest.raises(PdfUnavailable, match="the typesetter did not come back"):
            to_pdf(page())
    assert to_pdf(page()).startswith(b"%PDF")


def test_a_document_that_takes_too_long_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pdf._close()
    slow = tmp_path / "slow.py"
    slow.write_text("import time; time.sleep(60)")
    monkeypatch.setattr(pdf, "TYPESETTER", slow)
    monkeypatch.setattr(pdf, "LONGEST_SECONDS", 0.2)
    started = time.monotonic()
    with pytest.raises(PdfTooSlow):  # it was tried twice
        to_pdf(page())
    assert 0.4 < time.monotonic() - started < 20


@pytest.mark.slow
def test_the_typesetter_goes_away_when_nothing_comes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pdf, "IDLE_SECONDS", 0.05)
    to_pdf(page())
    child = pdf._press.child
    for _ in range(100):
        if child is None or child.poll() is not None:
            break
        time.sleep(0.05)
    assert pdf._press.child is None
    assert child is None or child.poll() is not None


def test_settings_and_passwords_do_not_reach_the_typesetter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pdf._close()
    nosy = tmp_path / "nosy.py"
    nosy.write_text(
        "import os, sys\n"
        "size = int.from_bytes(sys.stdin.buffer.read(8), 'big'); sys.stdin.buffer.read(size)\n"
        "text = ','.join(name for name in os.environ if name.startswith('NRM_')).encode()\n"
        "sys.stdout.buffer.write(b'K' + len(text).to_bytes(8, 'big') + text)\n"
    )
    monkeypatch.setenv("NRM_PASSWORD", "x")
    monkeypatch.setattr(pdf, "TYPESETTER", nosy)
    assert to_pdf(page()) == b""
    pdf._close()


def test_a_forked_worker_has_a_typesetter_of_its_own_and_does_not_keep_its_parents_alive(tmp_path: Path) -> None:
    who = tmp_path / "who.py"  # answers each document with its own number
    who.write_text(
        "import os, sys\n"
        "while len(head := sys.stdin.buffer.read(8)) == 8:\n"
        "    sys.stdin.buffer.read(int.from_bytes(head, 'big'))\n"
        "    text = str(os.getpid()).encode()\n"
        "    sys.stdout.buffer.write(b'K' + len(text).to_bytes(8, 'big') + text); sys.stdout.flush()\n"
    )
    script = f"""
import os
from pathlib import Path
from nrm.render import pdf
pdf.TYPESETTER = Path({str(who)!r})
before = pdf.to_pdf("")
assert pdf.to_pdf("") == before
parents = pdf._press.child
waits, goes_on = os.pipe()
if os.fork() == 0:
    other = pdf.to_pdf("")
    os.close(goes_on)
    os.read(waits, 1)  # until the parent has closed its own
    os._exit(0 if other != before else 3)
pdf._close()
os.close(goes_on)
assert os.wait()[1] == 0, "one typesetter served two processes"
assert parents.returncode == 0, "the parent's typesetter had to be killed"
"""
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 0, ended.stderr


def test_two_documents_are_made_side_by_side_each_in_its_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pdf._close()
    both = tmp_path / "both.py"  # answers when there are as many of it as processors, two at most
    both.write_text(
        "import os, sys, time\n"
        "from pathlib import Path\n"
        "job = sys.stdin.buffer.read(int.from_bytes(sys.stdin.buffer.read(8), 'big'))\n"
        f"here = Path({str(tmp_path)!r})\n"
        "(here / f'{os.getpid()}.there').touch()\n"
        "while len(list(here.glob('*.there'))) < min(2, len(os.sched_getaffinity(0))): time.sleep(0.01)\n"
        "sys.stdout.buffer.write((b'U' if b'none' in job else b'K') + len(job).to_bytes(8, 'big') + job)\n"
    )
    monkeypatch.setattr(pdf, "TYPESETTER", both)
    mark = pdf.MARK.set("Training")
    try:
        made = pdf.side_by_side([lambda: to_pdf("<head></head>first"), lambda: to_pdf("<head></head>none")])
    finally:
        pdf.MARK.reset(mark)
        pdf._close()
    assert made[0] is not None
    assert b"first" in made[0]
    assert b"Training" in made[0]
    assert made[1] is None


def test_what_a_page_asks_for_waits_for_the_first_and_leaves_the_other_processor_to_pages(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    at_work: list[str] = []

    def printed(press: object, job: bytes) -> tuple[bytes, bytes]:
        assert press is pdf._press
        at_work.append("one")
        time.sleep(0.05)
        assert at_work.pop() == "one"
        assert not at_work, "two at once"
        return b"K", job

    monkeypatch.setattr(pdf, "_print_on", printed)
    with ThreadPoolExecutor(4) as pool:
        assert len(list(pool.map(to_pdf, ["a", "b", "c", "d"]))) == 4


@pytest.mark.slow
def test_weasyprint_is_not_loaded_into_the_server() -> None:
    to_pdf(page())
    assert "weasyprint" not in sys.modules
