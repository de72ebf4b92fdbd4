"""Who is signed in: the cookies of a session, signing in again without losing a form, and asking for a fresh proof."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, cast
from urllib.parse import urlencode

from flask import Flask, Response, current_app, g, redirect, render_template, request, url_for
from flask_login import LoginManager, UserMixin, current_user
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.wrappers import Response as BaseResponse

from nrm import clock
from nrm.actions.accounts import accounts, passkeys, screen_lock, second_factor
from nrm.domain.accounts.accounts import ROLE_LABELS, Actor, Permission, SignInRefused, WaitsForColleague
from nrm.domain.accounts.failed_attempts import TooSoon, network_of
from nrm.domain.accounts.passkeys import LONGEST_ANSWER as LONGEST_OF_PASSKEY
from nrm.domain.accounts.passkeys import PasskeyRefused, Purpose
from nrm.domain.accounts.second_factor import is_fresh
from nrm.domain.words import N_
from nrm.steps.accounts.credentials import Asker
from nrm.store import signed_names, training
from nrm.web import carried_forms, carrying, errors, navigation, page_help, places
from nrm.web.language import COOKIE, gettext, languages, text_in

# Forms that are not given back: what was typed there must not be written into a page.
NEVER_CARRIED = carried_forms.SECRETS
# The form fields with a fresh proof (password, and code), and the one with the sealed address of the page that follows.
PROOF, CODE, CARRIED = "step_up", "step_up_code", "carried"
# The form field with what a passkey answered as a fresh proof.
PASSKEY = "passkey_proof"
_SHOWN_AGAIN = frozenset(
    {"accounts.sign_in", "passkeys.sign_in", "passkeys.recover", "feedback.answer", "complaints.complain"}
)
"""The views that look at `is_stale` and show their form again, with a new token and what was typed."""
_AROUND = frozenset({"csrf_token", PROOF, CODE, PASSKEY})
_STEP_UP = "_nrm_step_up"
_FORM = f"{_STEP_UP}.form"
LONGEST_ANSWER = 300
WAITS = N_(
    "Too many wrong codes were typed with your right password: somebody else knows it. Ask a colleague to let you in "
    "again, on the page Colleagues. Then change your password"
)
YEAR = 365 * 24 * 3600


class Visitor(UserMixin):  # type: ignore[misc]
    """The signed-in member as Flask-Login wants one."""

    def __init__(self, signed_in: accounts.SignedIn) -> None:
        self.signed_in = signed_in

    def get_id(self) -> str:
        return str(self.signed_in.actor.member_id)


def step_up(view: Callable[..., Any]) -> Callable[..., Any]:
    """Mark a view that asks for a proof at most five minutes old: members, keys, erasure, what leaves the instance.

    The proof is the password, and a code or a passkey where there is a second factor, in this session. A form that was
    sent is kept until the proof is given.
    """
    setattr(view, _STEP_UP, True)
    return view


def right_first(form: Callable[[Any], Any]) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Mark a view with `step_up` whose `form` has to be right first: of a wrong one the view itself says what is wrong,
    and nobody types a password for it. The view validates the same form."""

    def mark(view: Callable[..., Any]) -> Callable[..., Any]:
        setattr(view, _FORM, form)
        return step_up(view)

    return mark


def asks_for_proof(view: Callable[..., Any]) -> bool:
    """Whether the view is marked with `step_up`."""
    return bool(getattr(view, _STEP_UP, False))


def is_wrong(view: Callable[..., Any]) -> bool:
    """Whether the view is marked with `right_first`, and what was sent is wrong."""
    form = getattr(view, _FORM, None)
    return form is not None and not form(request.form).validate()


def is_secure() -> bool:
    """Whether cookies of this instance demand TLS: all but a demo instance on loopback."""
    return bool(current_app.extensions["nrm.secure"])


# What a page asks for by itself does not prolong the session: nobody may be sitting there.
UNSEEN = frozenset({"interviews.answer"})


def session_cookie() -> str:
    """The cookie's name; the prefix makes browsers refuse it over plain HTTP or for another host."""
    return "__Host-nrm" if is_secure() else "nrm"


def browser_cookie() -> str:
    """The name of the cookie by which a browser is known in which people signed in before."""
    return "__Host-nrm-known" if is_secure() else "nrm-known"


def remember_browser(response: BaseResponse, login: str) -> None:
    """Mark the browser as known for `login`: there it does not wait for failures that others make in its name."""
    before = request.cookies.get(browser_cookie(), "")
    known = accounts.remember_browser(login=login, browsers=before)
    response.set_cookie(browser_cookie(), known, YEAR, secure=is_secure(), httponly=True, samesite="Strict", path="/")


def nonce_cookie() -> str:
    """The name of the cookie that the token of a public form belongs to; the prefix as in `session_cookie`."""
    return "__Host-nrm-form" if is_secure() else "nrm-form"


def set_session(response: BaseResponse, cookie: str) -> None:
    """Set the cookie of the session in the browser."""
    response.set_cookie(session_cookie(), cookie, secure=is_secure(), httponly=True, samesite="Strict", path="/")


def clear_session(response: BaseResponse) -> None:
    """Delete the cookie of the session; `Clear-Site-Data` empties the browser's cache of this site."""
    response.delete_cookie(session_cookie(), secure=is_secure(), httponly=True, samesite="Strict", path="/")
    response.headers["Clear-Site-Data"] = '"cache"'


class _Manager(LoginManager):  # type: ignore[misc]
    """Flask-Login, reduced to what is used: `current_user` is the member whom this program's own cookie names.

    Its own session, its `remember me` and its check of the browser's name are left out: each costs time in every
    request.
    """

    def _load_user(self) -> None:
        found = accounts.resume(request.cookies.get(session_cookie(), ""), seen=request.endpoint not in UNSEEN)
        if isinstance(found, accounts.SignedIn):
            self._update_request_context_with_user(Visitor(found))
        else:
            g.ended = found
            self._update_request_context_with_user()


def asker() -> Asker:
    """Where an attempt comes from: the network (as a declared proxy names it) and the known browser."""
    agent = request.headers.get("User-Agent", "")
    return Asker(network_of(request.remote_addr), request.cookies.get(browser_cookie(), ""), agent)


def visitor_or_none() -> accounts.SignedIn | None:
    """The signed-in member on a public page; None if nobody is signed in."""
    return cast(Visitor, current_user).signed_in if current_user.is_authenticated else None


def nonce() -> str:
    """The value that the token of a public form belongs to: that of the cookie, or a new one."""
    return request.cookies.get(nonce_cookie()) or secrets.token_hex(16)


def remember_nonce(response: BaseResponse, nonce: str) -> None:
    """Set the cookie that the token of a public form belongs to."""
    response.set_cookie(nonce_cookie(), nonce, secure=is_secure(), httponly=True, samesite="Strict", path="/")


def sign_in_form(
    *,
    status: int,
    carried: str = "",
    undone: bool = False,
    login: str = "",
    signed_out: bool = False,
    hidden: bool = False,
    in_another_window: bool = False,
    by_time: bool = False,
    refused: bool = False,
    thrice: bool = False,
    stale: bool = False,
    not_shown: bool = False,
    waits: bool = False,
    out: str = "",
    why: str = "",
    too_soon: TooSoon | None = None,
    written: Sequence[str] = (),
    right: bool = False,
) -> Response:
    """The sign-in page with a fresh token; `carried` is a sealed form that waits to be given back, or is `undone`.

    `in_another_window`, `by_time`: how the session ended, else somebody ended it. `out`: that the
    organisation is suspended, `why` for what reason. `written`: what was written in a form
    that cannot be carried, because nobody can tell whose it was. `right`: the recovery code was right.
    """
    value = nonce()
    page = render_template(
        "accounts/accounts/sign_in.html",
        csrf_token=accounts.sign_in_token(value),
        carried=carried,
        undone=undone,
        login=login,
        signed_out=signed_out,
        hidden=hidden,
        in_another_window=in_another_window,
        by_time=by_time,
        refused=refused,
        thrice=thrice,
        stale=stale,
        not_shown=not_shown,
        wait=errors.waiting_text(too_soon) if too_soon else "",
        waits=waits,
        out=out,
        why=why,
        written=written,
        right=right,
        asks_code=second_factor.demanded(),
        passkeys_offered=passkeys.offered(),
    )
    response = Response(page, status)
    remember_nonce(response, value)
    return errors.with_retry(response, too_soon) if too_soon else response


def passkey_form(asked: accounts.PasskeyAsked, *, carried: str = "") -> Response:
    """The page after a right password that asks for the second factor of somebody who has passkeys."""
    value = nonce()
    page = render_template(
        "accounts/passkeys/sign_in.html",
        csrf_token=accounts.sign_in_token(value),
        token=asked.token,
        passkey=asked.options,
        takes_code=asked.takes_code,
        recovers=asked.purpose is Purpose.RECOVER,
        carried=carried,
    )
    response = Response(page, 200)
    remember_nonce(response, value)
    return response


def unlock_form(status: int, message: str = "", *, to: str = "", carried: str = "") -> Response:
    """The page of a covered screen. `to`: the page that was asked for; `carried`: a form that waits for its member."""
    value = nonce()
    token = accounts.sign_in_token(value)
    page = render_template("accounts/accounts/unlock.html", csrf_token=token, message=message, to=to, carried=carried)
    response = Response(page, status)
    remember_nonce(response, value)
    return response


def check_nonce() -> errors.Answer | None:
    """Check a form that is sent before there is a session: its token must belong to the cookie that was set with it.

    Returns None if it may go on, else the page of an error.
    """
    if request.endpoint == "accounts.hide_screen":
        return None
    if accounts.is_sign_in_token(request.cookies.get(nonce_cookie(), ""), request.form.get("csrf_token", "")):
        return None
    g.stale_form = True
    if request.endpoint in _SHOWN_AGAIN:
        return None
    return errors.error_page(400)


def is_stale() -> bool:
    """Whether the form that was sent without a session is of a page from before."""
    return bool(g.get("stale_form"))


def ask_to_sign_in() -> errors.Answer:
    """Lead to the sign-in page; a form that was sent is sealed into it, if it is one that may be given back."""
    ended = g.get("ended")
    if request.method in ("GET", "HEAD"):
        accounts.must_answer()  # an outage is shown here, not on the page that follows
        if not isinstance(ended, accounts.Ended) or not ended.locked:
            return redirect(url_for("accounts.sign_in_page"), 303)
        to = places.here() if ended.covered and request.endpoint != "home.index" else None
        return redirect(url_for("screen_lock.unlock_page", to=to), 303)
    kept = is_carried(request.endpoint or "") and not carrying.decides(request.endpoint or "", request.form)
    carried = ""
    if isinstance(ended, accounts.Ended) and kept:
        fields = [each for each in request.form.items(multi=True) if each[0] not in _AROUND | carried_forms.NEVER_KEPT]
        carried = accounts.carry(ended, accounts.Carry.FORM, path=places.path_here(), fields=fields)
    elif isinstance(ended, accounts.Ended) and request.endpoint != "accounts.sign_out":
        fields = _to_be_read() if may_be_filled_in(request.endpoint or "") else [("", each) for each in _written()]
        carried = accounts.carry(ended, accounts.Carry.UNDONE, path=places.path_here(), fields=fields)
    if isinstance(ended, accounts.Ended) and ended.covered:
        return unlock_form(401, carried=carried)
    written = _to_copy() if ended is None and _is_from_our_page() else ()
    return sign_in_form(
        status=401,
        carried=carried,
        signed_out=True,
        undone=not kept,
        hidden=isinstance(ended, accounts.Ended) and ended.locked,
        # Signing out takes the cookie away from all windows of the browser; one that is none is answered alike.
        in_another_window=ended is None,
        by_time=isinstance(ended, accounts.Ended) and ended.by_time,
        written=written,
    )


def may_be_filled_in(endpoint: str) -> bool:
    """Whether what was written in a form that is not given back stands on its page again, where its member reads it,
    chooses anew and sends it, or does not (ADR 0087). Not of one that asks for a proof: signing in would be it."""
    known = endpoint in carried_forms.WORDS and endpoint not in carried_forms.SECRETS
    return known and not asks_for_proof(current_app.view_functions[endpoint])


def _to_be_read() -> list[tuple[str, str]]:
    """What was written in the boxes of the form that came. What was chosen is chosen anew: it is the act itself."""
    around = _AROUND | carried_forms.NEVER_KEPT
    fields = [each for each in request.form.items(multi=True) if each[0] not in around]
    return [each for each in fields if carrying.written([each])]


def _written() -> list[str]:
    """What was written in the form that came; nothing of one whose fields are secrets."""
    if request.endpoint in carried_forms.SECRETS:
        return []
    kept = [each for each in request.form.items(multi=True) if each[0] not in _AROUND]
    return carrying.written(kept)


def _to_copy() -> list[str]:
    """What stood in the form that came, beside what it answers; nothing of one whose fields are secrets."""
    return [] if request.endpoint in carried_forms.SECRETS else carrying.to_copy(request.form.items(multi=True))


def _is_from_our_page() -> bool:
    """Whether the browser says that a page of this program sent the form; no other page can make it say so."""
    return request.headers.get("Sec-Fetch-Site") == "same-origin"


def of_another_session(signed_in: accounts.SignedIn) -> errors.Answer:
    """The answer to a form of a page that was made before the member signed in anew, in another window: it is named and
    not done. One press sends it, if it is one that may be given back.
    """
    path = carrying.unwrapped(places.path_here()) if request.endpoint else ""
    endpoint, values = carrying.form_at(path)
    if endpoint not in carried_forms.WORDS or not _is_from_our_page():
        return errors.error_page(400)
    g.of_another_session = True
    kept = is_carried(endpoint) and not carrying.decides(endpoint, request.form)
    around = _AROUND | carried_forms.NEVER_KEPT
    page = render_template(
        "accounts/accounts/continue.html",
        words=carried_forms.WORDS[endpoint],
        code=carrying.code_of(values, by=signed_in.actor),
        path=path if kept else "",
        page=carrying.page_of(path),
        fields=[each for each in request.form.items(multi=True) if each[0] not in around],
        said=carrying.in_words(request.form.items(multi=True)),
        written=() if kept else _written(),
    )
    return page, 409


def is_carried(endpoint: str) -> bool:
    """Whether a form is given back after signing in; one that asks for a proof is not, as signing in counts as one."""
    if endpoint not in carried_forms.WORDS or endpoint in carried_forms.SECRETS | carried_forms.ACTS:
        return False
    return not asks_for_proof(current_app.view_functions[endpoint])


def given_back(token: str, signed_in: accounts.SignedIn) -> str | None:
    """The page after signing in that names the form sent before: one press sends it, or it says that it was not done.

    None if there is no such form of this member. The program sends nothing by itself.
    """
    by = signed_in.actor
    for kind in (accounts.Carry.FORM, accounts.Carry.UNDONE):
        found = accounts.give_back(token, kind, by=by)
        if found is None:
            continue
        path, fields, at = carrying.unwrapped(found[0]), *found[1:]
        endpoint, values = carrying.form_at(path)
        if endpoint not in carried_forms.WORDS:
            return None
        undone, page = kind is accounts.Carry.UNDONE, carrying.page_of(path)
        filled = undone and may_be_filled_in(endpoint) and _fill_in(page, fields, signed_in)
        return render_template(
            "accounts/accounts/continue.html",
            words=carried_forms.WORDS[endpoint],
            code=carrying.code_of(values, by=by),
            path=path if kind is accounts.Carry.FORM and is_carried(endpoint) else "",
            page=f"{page}?kept=1" if filled else page,
            filled=filled,
            fields=fields,
            said=carrying.in_words(fields),
            sent_by=signed_in.name,
            sent_at=at,
            written=carrying.written(fields) if undone else (),
            csrf_token=signed_in.csrf_token,
            actor=_shown(signed_in),
        )
    return None


def _fill_in(page: str, fields: list[tuple[str, str]], signed_in: accounts.SignedIn) -> bool:
    """Keep what was typed for its page, sealed to the member, as when a screen is hidden; nothing is sent by that.

    Not in place of what the member had typed on the page that was hidden, and has not seen again yet.
    """
    by = signed_in.actor
    waits = screen_lock.hidden(by=by)
    fields = [each for each in fields if len(each[1].split()) > 1]  # one word may be the code of a choice
    if not fields or by.member_id is None or (waits is not None and waits[1]):
        return False
    screen_lock.keep(path=page, fields=fields, member_id=by.member_id)
    screen_lock.give_back(by=by)  # it is shown by a link, and not by itself
    return True


def ask_again(visitor: accounts.SignedIn) -> errors.Answer | None:
    """None if there is a fresh proof, or the form contains a right one; else the page that asks for it."""
    if is_fresh(visitor.proved_at, clock.now()):
        return None
    if request.method != "POST" or request.endpoint in NEVER_CARRIED:
        status = 401 if request.method == "POST" else 200
        return proof_page(visitor, fields=[(CARRIED, _here(visitor.actor))], status=status)
    fields = fields_of_form()
    if PROOF not in request.form and PASSKEY not in request.form:
        return proof_page(visitor, address=places.here(), fields=fields, status=401)
    return prove(visitor, address=places.here(), fields=fields)


def fields_of_form() -> list[tuple[str, str]]:
    """What was typed into the form of this request, without what every form and every proof has."""
    return [each for each in request.form.items(multi=True) if each[0] not in _AROUND]


def _here(by: Actor) -> str:
    """The address of this page, sealed for the member who asked for it."""
    assert by.member_id is not None
    return accounts.carry(accounts.Ended(by.member_id), accounts.Carry.PAGE, path=places.here())


def prove(visitor: accounts.SignedIn, *, fields: list[tuple[str, str]], address: str = "") -> errors.Answer | None:
    """Check the proof in the form; None if it is right, else the page that asks again."""
    passkey = request.form.get(PASSKEY, "")[: LONGEST_OF_PASSKEY + 1]
    try:
        password, code = (request.form.get(name, "")[:LONGEST_ANSWER] for name in (PROOF, CODE))
        second_factor.prove_again(password=password, code=code, passkey=passkey, by=visitor.actor, asker=asker())
    except WaitsForColleague:
        return proof_page(visitor, address=address, fields=fields, status=422, message=gettext(WAITS))
    except PasskeyRefused:
        message = gettext("The page had been open too long, or was answered already: press the button again")
        return proof_page(visitor, address=address, fields=fields, status=422, message=message)
    except SignInRefused:
        message = (
            gettext("Enter your password and press the button again: one of the two was wrong")
            if passkey
            else gettext("Enter your password and the code that your telephone shows now; each code works once")
            if visitor.has_second_factor
            else gettext("Enter your present password; this is not it")
        )
        return proof_page(visitor, address=address, fields=fields, status=422, message=message)
    except TooSoon as too_soon:
        page = proof_page(visitor, address=address, fields=fields, status=429, message=errors.waiting_text(too_soon))
        return errors.with_retry(page, too_soon)
    return None


def proof_page(
    visitor: accounts.SignedIn,
    *,
    fields: list[tuple[str, str]],
    status: int,
    address: str = "",
    message: str = "",
) -> Response:
    """The page that asks for a proof and sends `fields` with it to `address`; it says which form that is."""
    sent = request.endpoint if request.method == "POST" and request.endpoint != "second_factor.prove" else None
    asked = second_factor.ask_proof(by=visitor.actor)
    page = render_template(
        "accounts/second_factor/again.html",
        words=carried_forms.WORDS.get(sent, "") if sent else carrying.words_of_page(request.endpoint or ""),
        about=carrying.about_of(request.view_args or {}, by=visitor.actor),
        kept=any(name != CARRIED and value for name, value in fields),
        code=carrying.code_of(request.view_args or {}, by=visitor.actor) if sent else "",
        said=carrying.in_words(fields, sent) if sent else (),
        address=address or url_for("second_factor.prove"),
        fields=fields,
        asked=asked,
        message=message,
    )
    return Response(page, status)


def _for_templates() -> dict[str, object]:
    values: dict[str, object] = {
        "synthetic": current_app.extensions["nrm.synthetic"],
        "training": training.is_one(),
        "unsigned_names": signed_names.unsigned,
        "names_before": signed_names.before,
        "name_of": signed_names.name_of,
    }
    if current_user and current_user.is_authenticated:
        visitor = cast(Visitor, current_user).signed_in
        values["csrf_token"] = visitor.csrf_token
        values["actor"] = _shown(visitor)
        values["covers"] = 60 * (visitor.covers_after or 0)
        values["anew"] = visitor.anew
        values["trained"] = training.is_trained(visitor.actor)
        values["own_id"] = visitor.actor.member_id
        blocked = visitor.code_due or visitor.asks_password or visitor.suspended
        if not (visitor.waiting or visitor.enrolling or blocked):
            values["navigation"] = partial(navigation.of, visitor.actor)  # parts of a page are rendered without it
            values["help"] = page_help.of(request.endpoint, in_house=visitor.actor.may(Permission.STAY_MANAGE))
    if request and request.method == "POST":
        values |= _links_of_answer()
    return values


def in_another_language(language: str, path: str, signed_in: accounts.SignedIn) -> errors.Answer:
    """The page that names, in that language, the form that was typed and not sent: one press sends it, another one
    leads to its page, where what was typed stands again.

    A form that may not be given back is left out: then its page is loaded anew.
    """
    path = carrying.unwrapped(path)
    endpoint, values = carrying.form_at(path)
    if not is_carried(endpoint):
        return redirect(f"{carrying.page_of(path)}?{urlencode({COOKIE: language})}", 303)
    g.language = g.language_chosen = language
    kept = _AROUND | carried_forms.NEVER_KEPT
    fields = [each for each in request.form.items(multi=True) if each[0] not in kept]
    return render_template(
        "accounts/accounts/continue.html",
        words=carried_forms.WORDS[endpoint],
        code=carrying.code_of(values, by=signed_in.actor),
        path=path,
        page=carrying.page_of(path),
        fields=fields,
        said=carrying.in_words(fields),
        spoken=True,
        own_page=carrying.has_own_page(endpoint, path),
    )


def _links_of_answer() -> dict[str, object]:
    """The language links of a page that answers a form: its address cannot be loaded, and what was typed goes along.

    A file is not sent along: no browser shows one again.
    """
    path = carrying.unwrapped(places.path_here() if request.endpoint else request.path)
    typed = _to_take_along()
    if typed is None:
        page = carrying.page_of(path)
        links = [(code, name, f"{page}?{urlencode({COOKIE: code})}") for code, name in languages().items()]
        # A form of an act is sent from its own page alone: what was typed stands there again (`speak_meanwhile`).
        is_act = page == path and current_user.is_authenticated and _is_act(request.endpoint or "")
        return {"lang_links": links, "lang_page": page} if is_act else {"lang_links": links}
    links = [(code, name, f"/language/{code}{path}") for code, name in languages().items()]
    found: dict[str, object] = {"lang_links": links, "lang_fields": typed}
    # On its own page the form was refused: it stands there again in the language, and not on a page between.
    stays = request.endpoint != "accounts.speak" and carrying.has_own_page(request.endpoint or "", path)
    return {**found, "lang_page": carrying.page_of(path)} if stays else found


def _is_act(endpoint: str) -> bool:
    """Whether its form is an act, or asks for a proof, and holds no secret: then it may stand on its own page again."""
    if endpoint in carried_forms.SECRETS or endpoint not in carried_forms.WORDS:
        return False
    return endpoint in carried_forms.ACTS or asks_for_proof(current_app.view_functions[endpoint])


def _to_take_along() -> list[tuple[str, str]] | None:
    """The fields of the form that came, to go on with it in another language; None if it may not be given back, has a
    file in it, or was too large to be read."""
    if not is_carried(request.endpoint or "") or not current_user.is_authenticated or "of_another_session" in g:
        return None
    try:
        if request.files:
            return None
        around = _AROUND | carried_forms.NEVER_KEPT
        return [each for each in request.form.items(multi=True) if each[0] not in around]
    except RequestEntityTooLarge:
        return None


def _shown(visitor: accounts.SignedIn) -> dict[str, str]:
    """What the top of every page says of the member."""
    return {
        "name": visitor.name,
        "login": visitor.login,
        "organisation_name": text_in(visitor.organisation_name),
        "role_label": ROLE_LABELS[visitor.actor.role] if visitor.actor.role else "",
    }


def register(app: Flask) -> None:
    """Find the session of every request, and give every template the member who is signed in."""
    app.login_manager = _Manager()  # type: ignore[attr-defined]
    app.context_processor(_for_templates)
