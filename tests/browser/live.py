"""A whole application behind a real socket, and hands to work its pages: sign in, fill in, open what is sealed."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any
from wsgiref.types import WSGIApplication

from playwright.sync_api import Page, expect
from werkzeug.serving import ThreadedWSGIServer, WSGIRequestHandler, make_server

from tests.factories import PASSWORD


class Silent(WSGIRequestHandler):
    """No lines among the results of the tests, and no longer a name than a production server's."""

    def log(self, type: str, message: str, *args: Any) -> None:
        pass

    def version_string(self) -> str:
        return "granian"


class Hands:
    """Threads that stay for the next request, as those of a production server do: each keeps its connections to the
    databases. There are as many as were busy at once; a browser holds some that it may need."""

    def __init__(self, server: ThreadedWSGIServer) -> None:
        self._server = server
        self._asked: queue.SimpleQueue[tuple[Any, Any] | None] = queue.SimpleQueue()
        self._idle = threading.Semaphore(0)
        self._number = 0

    def take(self, request: Any, address: Any) -> None:
        self._asked.put((request, address))
        if not self._idle.acquire(blocking=False):
            self._number += 1
            threading.Thread(target=self._work, daemon=True).start()

    def _work(self) -> None:
        while (asked := self._asked.get()) is not None:
            self._server.process_request_thread(*asked)
            self._idle.release()

    def rest(self) -> None:
        for _ in range(self._number):
            self._asked.put(None)


@contextmanager
def serving(app: WSGIApplication) -> Iterator[str]:
    """The address of a server for `app` on a free port of loopback; it ends with the block."""
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=Silent)
    assert isinstance(server, ThreadedWSGIServer)
    hands = Hands(server)
    server.process_request = hands.take  # type: ignore[method-assign]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join(10)
        hands.rest()
        server.server_close()


class Loads:
    """Counts the pages that a person has to wait for; a redirect and what follows it are one."""

    def __init__(self, page: Page) -> None:
        self.number = 0
        self.page = page
        page.on("domcontentloaded", lambda _: self._one_more())

    def _one_more(self) -> None:
        self.number += 1

    def since(self) -> int:
        """How many since the last time this was asked."""
        self.page.wait_for_load_state("domcontentloaded")
        number, self.number = self.number, 0
        return number


def sign_in(page: Page, base: str, login: str) -> None:
    """Through the form, to the home page."""
    page.goto(f"{base}/sign-in")
    page.fill("#login", login)
    page.fill("#password", PASSWORD)
    main_button(page).click()
    expect(page).to_have_url(f"{base}/")


def main_button(page: Page) -> Any:
    """The one main button of the page."""
    return page.locator("main .btn:not(.second)").first


def go_on(page: Page) -> None:
    """Press the main button; who is warned has read it and presses it again."""
    with page.expect_navigation():
        main_button(page).click()
    if page.locator(".warns").count():
        with page.expect_navigation():
            main_button(page).click()


def fill_in(page: Page, values: Mapping[str, Sequence[str]]) -> None:
    """Answer by the names of the controls: tick, choose or type whatever the control wants."""
    for name, wanted in values.items():
        controls = page.locator(f'main [name="{name}"]')
        kind = controls.first.evaluate("e => e.type") if wanted else ""
        for value in wanted:
            if kind in ("radio", "checkbox"):
                page.check(f'main [name="{name}"][value="{value}"]')
            elif kind == "select-one":
                controls.select_option(value)
            else:
                controls.fill(value)
