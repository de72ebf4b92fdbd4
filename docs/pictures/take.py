"""Take the pictures of README.md from a demo country: `make pictures`.

    python docs/pictures/take.py DIR ACCOUNTS

DIR is a demo country that nobody serves, ACCOUNTS what `nrm demo --json` printed when it made it. Each picture is one
page in English as a browser shows it, cut at the bottom, with few colours so that the file stays small.
"""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, FloatRect, Locator, Page, sync_playwright

SHELL, WITH_WINDOWS = Path("/usr/bin/chromium-headless-shell"), Path("/usr/bin/chromium")
CHROMIUM = SHELL if SHELL.exists() else WITH_WINDOWS
ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
PORT = 5077
BASE = f"http://127.0.0.1:{PORT}"
HERE = Path(__file__).parent
WIDTH, COLOURS = 960, 32


def answers() -> bool:
    """Whether the server is there."""
    try:
        socket.create_connection(("127.0.0.1", PORT)).close()
    except OSError:
        return False
    return True


@contextmanager
def serving(directory: Path) -> Iterator[None]:
    """Serve the demo country while the block runs."""
    nrm = Path(sys.executable).with_name("nrm")
    command = [str(nrm), "serve", "--dir", str(directory), "--port", str(PORT), "--workers", "1"]
    server = subprocess.Popen(command)  # noqa: S603 - a program of this tree
    try:
        while not answers():
            assert server.poll() is None, "nrm serve has ended"
            time.sleep(0.2)
        yield
    finally:
        server.terminate()
        server.wait(30)


def signed_in(browser: Browser, login: str, password: str) -> Page:
    """The home page of a member, in English."""
    page = browser.new_context(viewport={"width": WIDTH, "height": 900}, locale="en-GB").new_page()
    page.goto(f"{BASE}/sign-in?lang=en")
    page.fill("#login", login)
    page.fill("#password", password)
    page.locator("main .btn").first.click()
    page.wait_for_url(f"{BASE}/")
    return page


def officer(page: Page) -> Locator:
    """The second page of the short screen with somebody who speaks Romanian: the words to read out, then questions."""
    page.get_by_role("button", name="New interview").click()
    chosen = ("language=ro", "interpreter=telephone", "alone=yes", "hurt=no", "danger=no", "age=adult")
    chosen += ("gender=feminine", "citizenship_class=third_country", "returned_from=IT", "return_manner=voluntary")
    for name, value in (each.split("=") for each in (*chosen, "announced=no")):
        page.check(f'main [name="{name}"][value="{value}"]')
    page.get_by_role("button", name="Continue").click()
    page.wait_for_load_state()
    return page.locator("main fieldset").nth(3)


def shelter(page: Page) -> Locator:
    """The home page: places that are free tonight, who comes, whom one answers for, and what is to be done."""
    return page.get_by_role("heading", name="More")


def report(page: Page) -> Locator:
    """Report ix of the newest closed quarter: what its figures show in sentences, and its charts."""
    page.goto(f"{BASE}/reports")
    page.locator('main a[href^="/reports/ix/20"]').first.click()
    return page.get_by_role("heading", name="Contents")


# Who is signed in, and what goes to the page and gives the first thing below the picture.
PICTURES = {
    "officer": ("rinas.border_officer.2", officer),
    "shelter": ("nrc.case_worker", shelter),
    "report": ("oms.reader", report),
}


def main(directory: Path, accounts: Path) -> None:
    """Write the three files beside this one."""
    passwords = {each["login"]: each["password"] for each in json.loads(accounts.read_text("utf-8"))["accounts"]}
    with serving(directory), sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        for name, (login, go) in PICTURES.items():
            page = signed_in(browser, login, passwords[login])
            below = go(page).bounding_box()
            assert below is not None, f"{name}: what stands below the picture is not shown"
            path = HERE / f"{name}.png"
            cut: FloatRect = {"x": 0, "y": 0, "width": WIDTH, "height": below["y"]}
            page.screenshot(path=path, full_page=True, clip=cut)
            Image.open(path).convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE).save(path, optimize=True)
        browser.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
