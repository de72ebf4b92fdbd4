"""What every page must pass in a real browser, as functions that say what is wrong."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from playwright.sync_api import BrowserContext, ConsoleMessage, Error, Page

ORDINARY_PAGE, HEAVY_PAGE = 15 * 1024, 60 * 1024
PAGE_IN_TWO_LANGUAGES = 18_500  # ADR 0061
MOST_REQUESTS = 3
# The fonts of the cards, for a computer that has none of its own: asked for once, and kept for a year (ADR 0061).
FONTS = 70 * 1024
NARROW = 320
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
MOST_SCROLLS = 8
SCROLL_ON = """() => [...document.querySelectorAll('.scroll')].map(frame => {
  const before = frame.scrollLeft
  frame.scrollLeft += frame.clientWidth / 2
  return frame.scrollLeft > before
}).some(moved => moved)"""

# How a page is built: every element with its attributes, and words by their number. The same words have the same
# number, so that two names which must differ still do. The content of `main` and the frame around it are told apart: a
# desk has few frames, and many desks share a content.
WALKED = """root => {
  const worded = new Set([
    'href', 'action', 'formaction', 'value', 'title', 'alt', 'aria-label', 'placeholder', 'content',
  ])
  const built = (root, without) => {
    const numbers = new Map()
    const number = words => { if (!numbers.has(words)) numbers.set(words, numbers.size); return numbers.get(words) }
    const built = []
    const walk = node => {
      if (node.nodeType === Node.TEXT_NODE) { const words = node.data.trim(); if (words) built.push(number(words)) }
      if (node.nodeType !== Node.ELEMENT_NODE || node === without) return
      built.push('<', node.localName)
      for (const { name, value } of node.attributes)
        // Of the links to the two languages one is the present one on every page.
        if (name !== 'aria-current' || !node.lang)
          built.push(name, worded.has(name) || node === root ? number(value) : value)
      if (!['script', 'style'].includes(node.localName)) node.childNodes.forEach(walk)
      built.push('>')
    }
    walk(root)
    return built.join(' ')
  }
  const content = root.querySelector('main')
  return [built(root, content), content ? built(content) : '']
}"""
BUILT = f"""() => {{
  const shown = [innerWidth, document.activeElement.id, document.querySelector('link[rel=stylesheet]')?.href]
  return ({WALKED})(document.documentElement).map(part => [...shown, part].join(' '))
}}"""
# The frames and the contents that passed, each beside some other.
_passed: set[str] = set()

# Puts a page that was sent in the place of the one that is shown, under the style that is loaded, and says how it is
# built. Its script does not run: that changes nothing until somebody acts.
PUT = f"""sent => {{
  const read = new DOMParser().parseFromString(sent, 'text/html')
  const built = ({WALKED})(read.documentElement)
  document.title = read.title
  document.documentElement.lang = read.documentElement.lang
  document.body.replaceWith(read.body)
  return built
}}"""
STYLES = re.compile(r"<link rel=.?stylesheet[^>]*>|<style.*?</style>", re.DOTALL)
# What a page that passed weighed besides its document, by its frame and what came with it.
_weights: dict[str, int] = {}
# The contents that passed in a frame, with their styles.
_contents: set[str] = set()
# These differ from answer to answer, and change nothing of how it is shown.
PASSING = {"content-length", "date", "set-cookie"}


@dataclass
class Visit:
    """One navigation as the network saw it: answers that came over the wire, their bytes, and the console.

    Fonts are counted apart.
    """

    status: int = 0
    addresses: list[str] = field(default_factory=list)
    transferred: int = 0
    fonts: dict[str, int] = field(default_factory=dict)
    console: list[str] = field(default_factory=list)


@contextmanager
def watching(page: Page) -> Iterator[Visit]:
    """Record what the block makes the page load, with an empty cache; what is recorded is complete after the block."""
    page.wait_for_load_state("load")  # what a page before this one still asks for is none of its weight
    seen = Visit()
    session = page.context.new_cdp_session(page)
    cached: set[str] = set()
    asked: dict[str, str] = {}
    sizes: dict[str, int] = {}
    session.on("Network.requestWillBeSent", lambda event: asked.update({event["requestId"]: event["request"]["url"]}))
    session.on("Network.requestServedFromCache", lambda event: cached.add(event["requestId"]))
    session.on("Network.loadingFinished", lambda event: sizes.update({event["requestId"]: event["encodedDataLength"]}))

    def say(message: ConsoleMessage) -> None:
        seen.console.append(message.text)

    def cry(error: Error) -> None:
        seen.console.append(str(error))

    page.on("console", say)
    page.on("pageerror", cry)
    session.send("Network.enable")
    session.send("Network.clearBrowserCache")
    try:
        yield seen
    finally:
        session.detach()
        page.remove_listener("console", say)
        page.remove_listener("pageerror", cry)
    for identifier, url in asked.items():
        size = 0 if identifier in cached else int(sizes.get(identifier, 0))
        if url.endswith(".woff2"):
            seen.fonts[url] = size
        elif identifier not in cached:
            seen.addresses.append(url)
            seen.transferred += size


def assert_light(seen: Visit, most: int = ORDINARY_PAGE) -> None:
    """At most three requests and 15 KB on the wire, style and script included (60 KB for tables); fonts for cards."""
    assert len(seen.addresses) <= MOST_REQUESTS, seen.addresses
    assert seen.transferred <= most, f"{seen.transferred} bytes: {seen.addresses}"
    assert sum(seen.fonts.values()) <= (FONTS if any("/assets/cards." in url for url in seen.addresses) else 0)


def assert_quiet(seen: Visit) -> None:
    """Nothing in the console but the line a browser writes about an answer of 4xx or 5xx."""
    loud = [text for text in seen.console if not text.startswith("Failed to load resource: the server responded")]
    assert loud == []
    if seen.status < 400:
        assert seen.console == []


def assert_accessible(page: Page) -> None:
    """No violation of WCAG 2.2 AA or axe's best practice, and no contrast that could not be judged.

    The page's context has axe from `conftest.new_context`. A page whose frame and whose content are built exactly like
    some that passed in this run, and say the same things in the same places if in other words, is not judged again.
    """
    page.wait_for_load_state()  # a click ends when the next page begins, which has no body yet
    built = page.evaluate(BUILT)
    if _passed.issuperset(built):
        return
    found = _judged(page, None, {"runOnly": RULES})
    assert _told(found["violations"]) == []
    unseen = found["incomplete"]
    # What is scrolled out of a table's frame cannot be judged until it is in sight.
    for _ in range(MOST_SCROLLS):
        if not unseen or not page.evaluate(SCROLL_ON):
            break
        targets = [node["target"] for rule in unseen for node in rule["nodes"]]
        found = _judged(page, {"include": targets}, {"runOnly": ["color-contrast"]})
        assert _told(found["violations"]) == []
        unseen = found["incomplete"]
    page.evaluate("document.querySelectorAll('.scroll').forEach(frame => { frame.scrollLeft = 0 })")
    assert _told(unseen) == []
    _passed.update(built)


# What axe found of these kinds, without what it says of every element besides: to send it takes longer than to find it.
# No style sheet is fetched a second time for it: only rules about turning the screen and playing sounds read them.
JUDGED = """async ([where, options]) => {
  if (!window.axe) window.withAxe()
  const found = await axe.run(where || document, {
    ...options, resultTypes: ['violations', 'incomplete'], preload: false,
  })
  const brief = rules => rules.map(({ id, help, nodes }) => ({
    id, help, nodes: nodes.map(({ html, target }) => ({ html, target })),
  }))
  return {
    violations: brief(found.violations),
    incomplete: brief(found.incomplete.filter(rule => rule.id === 'color-contrast')),
  }
}"""


def _judged(page: Page, where: dict[str, Any] | None, options: dict[str, Any]) -> dict[str, list[dict[str, Any]]]:
    """What a page violates, and the contrasts that could not be judged."""
    found: dict[str, list[dict[str, Any]]] = page.evaluate(JUDGED, [where, options])
    return found


def _told(rules: list[dict[str, Any]]) -> list[str]:
    return [f"{rule['id']}: {rule['help']}: {node['html'][:200]}" for rule in rules for node in rule["nodes"]]


def assert_fits(page: Page, width: int = NARROW) -> None:
    """No sideways scrolling at `width` pixels."""
    before = page.viewport_size
    page.set_viewport_size({"width": width, "height": 640})
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    if before:
        page.set_viewport_size(before)


def assert_whole_form(page: Page) -> None:
    """Every group of radios is in a fieldset with a legend; every link of the error summary leads to a control.

    Enter in a box presses the first button of its form, which sends what was typed and does not hide the screen. No two
    elements have the same id.
    """
    loose, astray, pressed, twice = page.evaluate("""() => [
      [...document.querySelectorAll('input[type=radio]')]
        .filter(e => !e.closest('fieldset')?.querySelector('legend')).map(e => e.name),
      [...document.querySelectorAll('[data-errors] a')]
        .filter(a => !document.querySelector(a.hash)?.matches('input,select,textarea')).map(a => a.hash),
      [...document.forms].filter(f => f.querySelector('input:not([type=hidden])'))
        .map(f => [...f.elements].find(e => e.type === 'submit')?.getAttribute('formaction')).filter(to => to),
      [...document.querySelectorAll('[id]')].map(e => e.id).filter((id, at, all) => all.indexOf(id) !== at),
    ]""")
    assert loose == []
    assert astray == []
    assert pressed == []
    assert twice == []


def assert_no_raw_part(page: Page) -> None:
    """No part of the page is shown as the text of its elements: such a page is accessible, light and useless."""
    shown = page.evaluate("""() => {
      const found = /<\\/?(section|h[1-6]|table|form|ul|li|input|button)\\b|csrf_token/.exec(document.body.innerText)
      return found && document.body.innerText.slice(found.index, found.index + 200)
    }""")
    assert not shown, f"shown as text: {shown}"


def assert_good_page(page: Page, address: str, *, status: int = 200, most: int = ORDINARY_PAGE) -> Visit:
    """All of the above for one address."""
    with watching(page) as seen:
        answer = page.goto(address)
        assert answer
        seen.status = answer.status
        assert seen.status == status
        assert_accessible(page)
        assert_whole_form(page)
        assert_no_raw_part(page)
        assert_fits(page)
    assert_light(seen, most)
    assert_quiet(seen)
    return seen


class Narrow:
    """Pages of a browser at 320 pixels in which a page that was sent is laid out without loading it."""

    def __init__(self, context: BrowserContext) -> None:
        self.context = context
        self._of_styles: dict[tuple[str, ...], Page] = {}

    def put(self, address: str, sent: str) -> tuple[Page, list[str]]:
        """The page in which it stands, under the styles it asks for, and how its frame and its content are built."""
        styles = tuple(STYLES.findall(sent))
        page = self._of_styles.get(styles)
        if page is None:
            page = self._of_styles[styles] = self.context.new_page()
            page.set_viewport_size({"width": NARROW, "height": 640})
            page.goto(address)
        frame, content = page.evaluate(PUT, sent)
        return page, [f"{styles} {frame}", f"{styles} {content}"]


def assert_good_page_once(
    page: Page, narrow: Narrow, address: str, *, status: int = 200, most: int = ORDINARY_PAGE
) -> Page:
    """`assert_good_page`, but a page of which frame and content are built like some that passed is not loaded.

    The frame's page came with the same headers. Whether its words fit a telephone and what it weighs is asked of each:
    the words are laid out in `narrow`. What it loads, what the console hears and what axe finds follows from how it is
    built. Returns the page in which it stands.
    """
    answer = page.request.get(address, max_redirects=0)
    placed, (frame, content) = narrow.put(address, answer.text())
    said = {name: value for name, value in answer.headers.items() if name not in PASSING}
    framed = f"{answer.status} {sorted(said.items())} {frame}"
    weight = int(answer.headers["content-length"]) + sum(
        len(name) + len(value) for name, value in answer.headers.items()
    )
    if framed not in _weights or content not in _contents:
        seen = assert_good_page(page, address, status=status, most=most)
        _weights[framed] = seen.transferred - weight
        _contents.add(content)
        return page
    assert answer.status == status
    assert_whole_form(placed)
    assert_no_raw_part(placed)
    assert placed.evaluate("document.documentElement.scrollWidth") <= NARROW
    assert weight + _weights[framed] <= most, f"{weight + _weights[framed]} bytes"
    return placed
