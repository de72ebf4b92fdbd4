"""Hiding the screen, coming back, and putting what was typed back into the page it was typed on."""

from __future__ import annotations

from collections import Counter
from html import escape
from html.parser import HTMLParser
from urllib.parse import parse_qsl, unquote, urlencode

from flask import Blueprint, Flask, Response, current_app, redirect, request, url_for
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response as BaseResponse

from nrm.actions.accounts import accounts
from nrm.actions.accounts import screen_lock as actions
from nrm.domain.accounts.accounts import Actor, SignInRefused
from nrm.domain.accounts.failed_attempts import TooSoon
from nrm.web import carried_forms, errors, places, sessions
from nrm.web.language import COOKIE, gettext

blueprint = Blueprint("screen_lock", __name__)
AROUND = frozenset(
    {"csrf_token", "hidden_at", sessions.PROOF, sessions.CODE, "password", "old", "again", *carried_forms.NEVER_KEPT}
)
KEPT = "kept"


def hide(by: accounts.SignedIn | accounts.Ended) -> None:
    """Lock the session, unless it has covered itself, and keep what the form of the page held, if it may be kept."""
    path = places.built(request.form.get("hidden_at", ""))
    fields = [each for each in request.form.items(multi=True) if each[0] not in AROUND]
    if not path or _holds_secrets(path):
        path, fields = "", []
    if isinstance(by, accounts.Ended):
        actions.keep(path=path, fields=fields, member_id=by.member_id)
    else:
        actions.hide(path=path, fields=fields, by=by.actor)


def _holds_secrets(path: str) -> bool:
    adapter = current_app.url_map.bind("")
    try:
        return adapter.match(unquote(path.partition("?")[0]), method="POST")[0] in sessions.NEVER_CARRIED
    except HTTPException:
        return False


@blueprint.get("/unlock")
def unlock_page() -> BaseResponse:
    return sessions.unlock_form(200, to=places.built(request.args.get("to", "")))


@blueprint.post("/unlock")
def unlock() -> BaseResponse:
    """The password brings the session back, and the person to the page they hid."""
    before = request.cookies.get(sessions.session_cookie(), "")
    waits = {"to": places.built(request.form.get("to", "")), "carried": request.form.get("carried", "")}
    try:
        cookie = actions.unlock(
            cookie=before,
            password=request.form.get("password", "")[: sessions.LONGEST_ANSWER],
            asker=sessions.asker(),
        )
    except SignInRefused:
        found = accounts.resume(before)
        if isinstance(found, accounts.Ended) and not found.locked:
            return sessions.sign_in_form(status=422, carried=waits["carried"], thrice=True)
        return sessions.unlock_form(422, gettext("Enter your present password; this is not it"), **waits)
    except TooSoon as too_soon:
        page = sessions.unlock_form(429, errors.waiting_text(too_soon), **waits)
        return errors.with_retry(page, too_soon)
    signed_in = accounts.resume(cookie)
    given = None
    if waits["carried"] and isinstance(signed_in, accounts.SignedIn):
        given = sessions.given_back(waits["carried"], signed_in)
    response: BaseResponse = Response(given) if given is not None else back(signed_in, waits["to"])
    sessions.set_session(response, cookie)
    return response


def signed_in(cookie: str, login: str, carried: str) -> BaseResponse:
    """The answer that begins a session in the browser: with the form that waits for its member, or where they were."""
    found = accounts.resume(cookie)
    page = sessions.given_back(carried, found) if carried and isinstance(found, accounts.SignedIn) else None
    response: BaseResponse = Response(page) if page is not None else back(found)
    sessions.set_session(response, cookie)
    sessions.remember_browser(response, login)
    return response


def back(found: object, to: str = "") -> BaseResponse:
    """To the page that was hidden, or to the one that was asked for, or to the home page."""
    kept = actions.give_back(by=found.actor) if isinstance(found, accounts.SignedIn) and found.actor.keys else None
    path = places.built(kept) if kept else ""
    if not path:
        return redirect(to or url_for("home.index"), 303)
    return redirect(f"{path}{'&' if '?' in path else '?'}{KEPT}=1", 303)


def in_another_language(language: str, address: str, by: Actor) -> BaseResponse:
    """To the page in that language, with what was typed there and not sent: kept under seal, as when it is hidden."""
    to = places.built(address)
    path, _, query = (to or url_for("home.index")).partition("?")
    words = [each for each in parse_qsl(query, keep_blank_values=True) if each[0] not in (COOKIE, KEPT)]
    words.append((COOKIE, language))
    if to and not _holds_secrets(path):
        fields = [each for each in request.form.items(multi=True) if each[0] not in AROUND]
        actions.keep_shown(path=path, fields=fields, by=by)
        words.append((KEPT, "1"))
    return redirect(f"{path}?{urlencode(words)}", 303)


def _put_back(response: Response) -> Response:
    """Fill in what was typed before the page was hidden, if the address asks for it; else leave the page as it is."""
    if KEPT not in request.args or request.method != "GET" or response.status_code != 200:
        return response
    visitor = sessions.visitor_or_none()
    found = actions.hidden(by=visitor.actor) if visitor is not None else None
    if found and unquote(found[0].partition("?")[0]) == request.path and response.mimetype == "text/html":
        response.set_data(filled(response.get_data(as_text=True), found[1]))
    return response


def register(app: Flask) -> None:
    """Put kept answers back into pages that are asked for with `?kept=1`."""
    app.after_request(_put_back)


def filled(page: str, fields: list[tuple[str, str]]) -> str:
    """The page with the values of `fields` in the controls of its form `sheet`; nothing else of it changes."""
    filler = _Filler(fields)
    filler.feed(page)
    filler.close()
    return "".join(filler.parts)


class _Filler(HTMLParser):
    """Copies a page and changes the controls of one form."""

    def __init__(self, fields: list[tuple[str, str]]) -> None:
        super().__init__(convert_charrefs=False)
        self.parts: list[str] = []
        self.left = Counter(fields)
        self.values: dict[str, list[str]] = {}
        for name, value in fields:
            self.values.setdefault(name, []).append(value)
        self.inside = self.skipping = False
        self.select = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "form":
            self.inside = given.get("id") == "sheet"
        if self.inside and tag in ("input", "textarea", "select", "option"):
            self._control(tag, given)
        else:
            self.parts.append(self.get_starttag_text() or "")

    def _control(self, tag: str, given: dict[str, str | None]) -> None:
        name, kind = given.get("name") or "", given.get("type") or "text"
        if tag == "select":
            self.select = name
        elif tag == "option":
            self._mark(given, "selected", given.get("value") or "", self.select)
        elif tag == "input" and kind in ("radio", "checkbox"):
            self._mark(given, "checked", given.get("value") or "on", name)
        elif tag == "input" and kind not in ("password", "submit") and name != "csrf_token" and name in self.values:
            given["value"] = self.values[name].pop(0) if self.values[name] else ""
        self.parts.append(f"<{tag}{''.join(_attribute(*each) for each in given.items())}>")
        if tag == "textarea" and self.values.get(name):
            self.parts.append("\n" + escape(self.values[name].pop(0)))
            self.skipping = True

    def _mark(self, given: dict[str, str | None], mark: str, value: str, name: str) -> None:
        given.pop(mark, None)
        if self.left[name, value]:
            given[mark] = None

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea":
            self.skipping = False
        if tag == "form":
            self.inside = False
        self.parts.append(f"</{tag}>")

    def handle_data(self, data: str) -> None:
        self._copy(data)

    def handle_entityref(self, name: str) -> None:
        self._copy(f"&{name};")

    def handle_charref(self, name: str) -> None:
        self._copy(f"&#{name};")

    def handle_comment(self, data: str) -> None:
        self._copy(f"<!--{data}-->")

    def handle_decl(self, decl: str) -> None:
        self._copy(f"<!{decl}>")

    def _copy(self, text: str) -> None:
        if not self.skipping:
            self.parts.append(text)


def _attribute(name: str, value: str | None) -> str:
    return f" {name}" if value is None else f' {name}="{escape(value)}"'
