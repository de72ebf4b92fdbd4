"""Making a PDF, compared with WeasyPrint alone on the same document; and how long others wait meanwhile."""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

from bench import load, server
from bench.pages import OFFICER, PEOPLE, Browser
from nrm.cli.demo import make_demo
from nrm.render.pdf import to_pdf

TIMES = 5
ROWS = 36
PAGES = 6
SECONDS = 4.0
ASKED, PRINTED = "/referrals/sent", "/leaflets/sq"
_BARE = """
import statistics, sys, time
from weasyprint import HTML
html, took = sys.stdin.read(), []
for _ in range({times} + 1):
    started = time.perf_counter()
    HTML(string=html).write_pdf(pdf_variant="pdf/a-3a")
    took.append(time.perf_counter() - started)
print(statistics.median(took[1:]))
"""


def six_pages() -> str:
    """A report's kind of document: a heading, a sentence and a table with numbers on each page."""
    table = "".join(
        f'<tr><th scope="row">Shtetësia {row}</th>' + f"<td>{row * 5}</td>" * 6 + "</tr>" for row in range(ROWS)
    )
    page = f"<h2>Tabela</h2><p>Çdo shifër është shumëfish i 5-s.</p><table><tbody>{table}</tbody></table>"
    body = '<div style="break-after: page"></div>'.join([page] * PAGES)
    return f'<!doctype html><html lang="sq"><head><meta charset="utf-8"><title>Raporti</title></head><body>{body}'


def _ours(html: str) -> float:
    took = []
    for _ in range(TIMES + 1):
        started = time.perf_counter()
        to_pdf(html)
        took.append(time.perf_counter() - started)
    return statistics.median(took[1:])


def _bare(html: str) -> float:
    made = subprocess.run(
        [sys.executable, "-c", _BARE.format(times=TIMES)], input=html, capture_output=True, text=True, check=True
    )
    return float(made.stdout)


def _keep_printing(ask: Callable[[], object], over: threading.Event) -> None:
    while not over.is_set():
        ask()


def main() -> None:
    """Print seconds of a document, and the p95 of a page while documents are made all the time."""
    html = six_pages()
    ours, bare = _ours(html), _bare(html)
    said = "ok" if ours <= 1.1 * bare else "short"
    figures = f"{ours:6.2f} s  bare WeasyPrint, tagged alike {bare:.2f} s  {ours / bare:5.2f} x"
    print(f"PDF of six pages            {figures}  target 1.1 x {said}")
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "demo"
        described = make_demo(folder, people=PEOPLE, seed=1, until=None)
        password = next(each["password"] for each in described["accounts"] if each["login"] == OFFICER)
        with server.instance(folder) as served:
            officer, printer = (Browser(served.port, OFFICER, password) for _ in range(2))
            request = officer.get_request(ASKED)

            def p95() -> float:
                measured = load.measure(
                    served.port,
                    lambda _: request,
                    expect=b"HTTP/1.1 200",
                    seconds=SECONDS,
                    cpu_seconds=served.cpu_seconds,
                )
                return measured.p95

            p95()
            alone = p95()
            over = threading.Event()
            printing = threading.Thread(target=_keep_printing, args=(lambda: printer.ask("GET", PRINTED), over))
            printing.start()
            try:
                beside = p95()
            finally:
                over.set()
                printing.join(timeout=30)
    said = "ok" if beside <= 2 * alone else "short"
    print(
        f"GET p95 while one is made   {beside:6.1f} ms alone {alone:.1f} ms  {beside / alone:5.2f} x  target 2 x {said}"
    )
