"""What stands between a request and a view: signed in, permitted, meant; and what errors become.

Everything is denied that is not listed: a view is public by standing in PUBLIC, or names its permission with
`requires`, or is for any member with `signed_in`. A view without any of these is never reached.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import Any, cast

from flask import Flask, Response, current_app, g, redirect, render_template, request, url_for
from flask_login import LoginManager, UserMixin, current_user
from werkzeug.exceptions import HTTPException, MethodNotAllowed
from werkzeug.wrappers import Response as BaseResponse

from forms.accounts import ROLE_LABELS
from nrm import clock, faults
from nrm.actions import accounts as actions
from nrm.actions import factors
from nrm.actions.proving import Asker
from nrm.countries import Country
from nrm.domain.accounts import Actor, NotPermitted, NotVisible, Permission, SignInRefused
from nrm.domain.factors import is_fresh
from nrm.domain.limits import TooSoon, network_of
from nrm.domain.referrals import IllegalTransition
from nrm.domain.second_hands import WaitsForSecond
from nrm.domain.stays import StayOver
from nrm.domain.words import N_
from nrm.web import carrying, places
from nrm.web.language import gettext, text_in

View = Callable[..., Any]
DISAGREES = N_(
    "The newest key of an organisation is not the one that is known here. Nothing was sealed to it and nothing was "
    "lost. Tell the duty desk and whoever runs the server."
)
Answer = BaseResponse | str | tuple[str, int]

PUBLIC = frozenset(
    {
        "assets.file",
        "accounts.sign_in_page",
        "accounts.sign_in",
        "accounts.invitation",
        "accounts.join",
        "accounts.recover_page",
        "accounts.recover",
        "accounts.hide_screen",
        "accounts.blank",
        "hidden.unlock",
        "hidden.unlock_page",
        "members.joined_page",
        "members.check_joined",
    }
)
# What hides a screen does so also while the database is gone.
ALWAYS_THERE = frozenset({"accounts.hide_screen", "accounts.blank"})
# What a member may do who has to set up a second factor first.
ENROLLING = frozenset({"factors.set_up_page", "factors.set_up", "accounts.sign_out"})
# What a member may do who waits for a colleague's confirmation.
WAITING = ENROLLING | {
    "home.index",
    "members.code_page",
    "members.check_code",
    "members.new_code_page",
    "members.new_code",
}
# Forms that are not given back: what was typed there must not lie in a page.
NEVER_CARRIED = carrying.SECRETS
_ACCESS, _STEP_UP = "_nrm_access", "_nrm_step_up"
# The field of a form that carries a fresh proof, and the one that carries where to go on.
PROOF, CARRIED = "step_up", "carried"
ANY_MEMBER = "any member"
LONGEST_ANSWER = 300
TRY_AGAIN_SECONDS = 30
YEAR = 365 * 24 * 3600


class Visitor(UserMixin):  # type: ignore[misc]
    """The signed-in member as Flask-Login wants one."""

    def __init__(self, signed_in: actions.SignedIn) -> None:
        self.signed_in = signed_in

    def get_id(self) -> str:
        return str(self.signed_in.actor.member_id)


def requires(permission: Permission) -> Callable[[View], View]:
    """The view is for members whose role has the permission."""

    def mark(view: View) -> View:
        setattr(view, _ACCESS, permission)
        return view

    return mark


def signed_in(view: View) -> View:
    """The view is for every member."""
    setattr(view, _ACCESS, ANY_MEMBER)
    return view


def step_up(view: View) -> View:
    """The view asks for a proof that is at most five minutes old: members, keys, erasure, what leaves the instance.

    The code of the second factor; the password where there is none. A form that was sent is not lost by it.
    """
    setattr(view, _STEP_UP, True)
    return view


def access_of(app: Flask, endpoint: str) -> str:
    """`public`, `any member`, or the permission an endpoint asks for; for the table of all endpoints."""
    if endpoint in PUBLIC:
        return "public"
    return str(getattr(app.view_functions[endpoint], _ACCESS, "nobody"))


def actor() -> Actor:
    """Who is asking, on a page that is not public."""
    return visitor().actor


def country() -> Country:
    """The country of this instance."""
    return cast(Country, current_app.extensions["nrm.country"])


def is_secure() -> bool:
    """Whether cookies of this instance demand TLS: all but a demo instance on loopback."""
    return bool(current_app.extensions["nrm.secure"])


def session_cookie() -> str:
    """The cookie's name; the prefix makes browsers refuse it over plain HTTP or for another host."""
    return "__Host-nrm" if is_secure() else "nrm"


def browser_cookie() -> str:
    """The name of the cookie by which a browser is known in which people signed in before."""
    return "__Host-nrm-known" if is_secure() else "nrm-known"


def remember_browser(response: BaseResponse, login: str) -> None:
    """Whoever signed in here does not wait for the failures of others in their name."""
    before = request.cookies.get(browser_cookie(), "")
    known = actions.remember_browser(login=login, browsers=before)
    response.set_cookie(browser_cookie(), known, YEAR, secure=is_secure(), httponly=True, samesite="Strict", path="/")


def nonce_cookie() -> str:
    """The name of the cookie that the token of a public form belongs to; the prefix as above."""
    return "__Host-nrm-form" if is_secure() else "nrm-form"


def set_session(response: BaseResponse, cookie: str) -> None:
    """Hand the session to the browser."""
    response.set_cookie(session_cookie(), cookie, secure=is_secure(), httponly=True, samesite="Strict", path="/")


def clear_session(response: BaseResponse) -> None:
    """Take it away; `Clear-Site-Data` empties the browser's cache of this site."""
    response.delete_cookie(session_cookie(), secure=is_secure(), httponly=True, samesite="Strict", path="/")
    response.headers["Clear-Site-Data"] = '"cache"'


class _Manager(LoginManager):  # type: ignore[misc]
    """Flask-Login as far as it is used: `current_user` is whom our own cookie names.

    Its session, its `remember me` and its look at the browser's name are not: each costs something in every request.
    """

    def _load_user(self) -> None:
        found = actions.resume(request.cookies.get(session_cookie(), ""))
        if isinstance(found, actions.SignedIn):
            self._update_request_context_with_user(Visitor(found))
        else:
            g.ended = found
            self._update_request_context_with_user()


def _before() -> Answer | None:
    # Looked for once: the proxy looks for it at each mention.
    asked = request._get_current_object()  # type: ignore[attr-defined]
    endpoint, reads = asked.endpoint, asked.method in ("GET", "HEAD", "OPTIONS")
    if endpoint is None:
        # No such page, or not with this method: the same answer whether signed in or not.
        return None
    if endpoint == "assets.file":
        return None
    if not reads and asked.headers.get("Sec-Fetch-Site", "none") not in ("same-origin", "none"):
        return error_page(403)
    if endpoint in PUBLIC:
        if endpoint not in ALWAYS_THERE:
            actions.must_answer()  # nobody types a password into a page that cannot take it
        return None if reads else _check_nonce()
    # Looked for once and kept for the rest of the request: Flask-Login asks anew at each mention.
    user = current_user._get_current_object()
    if not user.is_authenticated:
        return _ask_to_sign_in()
    visitor = g.visitor = cast(Visitor, user).signed_in
    if asked.method == "POST" and not actions.is_token(visitor.csrf_token, asked.form.get("csrf_token", "")):
        return error_page(400)
    if visitor.enrolling and endpoint not in ENROLLING:
        return redirect(url_for("factors.set_up_page"), 303)
    if visitor.waiting and endpoint not in WAITING:
        return error_page(403)
    view = current_app.view_functions[endpoint]
    access = getattr(view, _ACCESS, None)
    if access != ANY_MEMBER and not (isinstance(access, Permission) and visitor.actor.may(access)):
        return error_page(403)
    return _ask_again(visitor) if getattr(view, _STEP_UP, False) else None


def _ask_again(visitor: actions.SignedIn) -> Answer | None:
    """Ask for a fresh proof, unless there is one or the form brings it along."""
    if is_fresh(visitor.proved_at, clock.now()):
        return None
    if request.method != "POST" or request.endpoint in NEVER_CARRIED:
        status = 401 if request.method == "POST" else 200
        return proof_page(visitor, fields=[(CARRIED, _here(visitor.actor))], status=status)
    fields = [each for each in request.form.items(multi=True) if each[0] not in ("csrf_token", PROOF)]
    if PROOF not in request.form:
        return proof_page(visitor, address=places.here(), fields=fields, status=401)
    return prove(visitor, address=places.here(), fields=fields)


def _here(by: Actor) -> str:
    """The address of this page, sealed for who asked for it."""
    assert by.member_id is not None
    return actions.carry(actions.Ended(by.member_id), actions.Carry.PAGE, path=places.here())


def prove(visitor: actions.SignedIn, *, fields: list[tuple[str, str]], address: str = "") -> Answer | None:
    """None if the form carries a proof that is right, else the page that asks again."""
    try:
        factors.prove_again(answer=request.form.get(PROOF, "")[:LONGEST_ANSWER], by=visitor.actor, asker=asker())
    except SignInRefused:
        message = (
            gettext("Enter the code that your telephone shows now; each code works once")
            if visitor.has_second_factor
            else gettext("Enter your present password; this is not it")
        )
        return proof_page(visitor, address=address, fields=fields, status=422, message=message)
    except TooSoon as too_soon:
        page = proof_page(visitor, address=address, fields=fields, status=429, message=waiting_text(too_soon))
        return with_retry(page, too_soon)
    return None


def proof_page(
    visitor: actions.SignedIn,
    *,
    fields: list[tuple[str, str]],
    status: int,
    address: str = "",
    message: str = "",
) -> Response:
    """The page that asks for a proof and sends `fields` with it to `address`; it says which form that is."""
    sent = request.endpoint if request.method == "POST" and request.endpoint != "factors.prove" else None
    page = render_template(
        "factors/again.html",
        words=carrying.WORDS.get(sent or "", ""),
        code=carrying.code_of(request.view_args or {}, by=visitor.actor) if sent else "",
        address=address or url_for("factors.prove"),
        fields=fields,
        by_code=visitor.has_second_factor,
        message=message,
    )
    return Response(page, status)


def asker() -> Asker:
    """From where the visitor tries. The address is the one a declared proxy names, if there is one."""
    return Asker(network_of(request.remote_addr), request.cookies.get(browser_cookie(), ""))


def waiting_text(too_soon: TooSoon) -> str:
    """How long to wait, in words that do not tell more than the length of the whole wait."""
    seconds = int(too_soon.delay.total_seconds())
    return gettext("Too many tries. Wait %(seconds)s seconds, then try again", seconds=seconds)


def with_retry(response: Response, too_soon: TooSoon) -> Response:
    """The same in the header that programs read."""
    response.headers["Retry-After"] = str(too_soon.left)
    return response


def visitor() -> actions.SignedIn:
    """Who is asking and what their pages say of them, on a page that is not public."""
    return cast(actions.SignedIn, g.visitor)


def visitor_or_none() -> actions.SignedIn | None:
    """Who is asking, on a public page."""
    return cast(Visitor, current_user).signed_in if current_user.is_authenticated else None


def nonce() -> str:
    """What the token of a public form belongs to: the cookie's value, or a new one."""
    return request.cookies.get(nonce_cookie()) or secrets.token_hex(16)


def _check_nonce() -> Answer | None:
    """A form that is sent before there is a session: its token belongs to a cookie set with the form."""
    if request.endpoint == "accounts.hide_screen":
        return None
    if actions.is_sign_in_token(request.cookies.get(nonce_cookie(), ""), request.form.get("csrf_token", "")):
        return None
    g.stale_form = True
    if request.endpoint == "accounts.sign_in":
        return None  # shown again, with a new token
    return error_page(400)


def _ask_to_sign_in() -> Answer:
    ended = g.get("ended")
    if request.method in ("GET", "HEAD"):
        actions.must_answer()  # at once, and not on the page after it
        locked = isinstance(ended, actions.Ended) and ended.locked
        return redirect(url_for("hidden.unlock_page" if locked else "accounts.sign_in_page"), 303)
    kept = is_carried(request.endpoint or "") and not _closes(request.endpoint or "")
    carried = ""
    if isinstance(ended, actions.Ended) and kept:
        fields = [each for each in request.form.items(multi=True) if each[0] not in ("csrf_token", PROOF)]
        carried = actions.carry(ended, actions.Carry.FORM, path=places.path_here(), fields=fields)
    elif isinstance(ended, actions.Ended) and request.endpoint != "accounts.sign_out":
        carried = actions.carry(ended, actions.Carry.UNDONE, path=places.path_here())
    return sign_in_form(status=401, carried=carried, signed_out=True, undone=not kept)


def _closes(endpoint: str) -> bool:
    """Whether the form that was sent closes a case by one of its fields, which its endpoint alone does not say."""
    field, value = carrying.CLOSES.get(endpoint, ("", ""))
    return bool(field) and value in request.form.getlist(field)


def is_carried(endpoint: str) -> bool:
    """Whether a form is given back after signing in: not one that asks for a fresh proof, which signing in would be."""
    if endpoint not in carrying.WORDS or endpoint in carrying.SECRETS | carrying.ACTS:
        return False
    return not getattr(current_app.view_functions[endpoint], _STEP_UP, False)


def given_back(token: str, signed_in: actions.SignedIn) -> str | None:
    """The page that says in words what came before signing in: to be sent by a press, or that it was not done.

    None if nothing was this member's. Nothing is sent by itself.
    """
    by = signed_in.actor
    for kind in (actions.Carry.FORM, actions.Carry.UNDONE):
        found = actions.give_back(token, kind, by=by)
        if found is None:
            continue
        path, fields = found
        endpoint, values = carrying.form_at(path)
        if endpoint not in carrying.WORDS:
            return None
        return render_template(
            "accounts/continue.html",
            words=carrying.WORDS[endpoint],
            code=carrying.code_of(values, by=by),
            path=path if kind is actions.Carry.FORM and is_carried(endpoint) else "",
            page=carrying.page_of(path),
            fields=fields,
            csrf_token=signed_in.csrf_token,
            actor=_shown(signed_in),
        )
    return None


def sign_in_form(
    *,
    status: int,
    carried: str = "",
    undone: bool = False,
    login: str = "",
    signed_out: bool = False,
    refused: bool = False,
    stale: bool = False,
    too_soon: TooSoon | None = None,
) -> Response:
    """The sign-in page with a fresh token; `carried` is a sealed form that waits to be given back, or is `undone`."""
    value = nonce()
    page = render_template(
        "accounts/sign_in.html",
        csrf_token=actions.sign_in_token(value),
        carried=carried,
        undone=undone,
        login=login,
        signed_out=signed_out,
        refused=refused,
        stale=stale,
        wait=waiting_text(too_soon) if too_soon else "",
        asks_code=factors.demanded(),
    )
    response = Response(page, status)
    remember_nonce(response, value)
    return with_retry(response, too_soon) if too_soon else response


def remember_nonce(response: BaseResponse, nonce: str) -> None:
    """The cookie that the token of a public form belongs to."""
    response.set_cookie(nonce_cookie(), nonce, secure=is_secure(), httponly=True, samesite="Strict", path="/")


def error_page(status: int, explanation: str = "") -> Answer:
    """The uniform page of an error: what is safe, a code to quote, a telephone."""
    code = secrets.token_hex(4)
    current_app.logger.warning("answered %s: %s (%s)", status, request.url_rule or "no such page", code)
    try:
        page = render_template(
            "errors/error.html",
            status=status,
            explanation=explanation,
            code=code,
            telephone=country().emergency.helpline,
        )
    except Exception as error:
        if status == 503 or not faults.is_of_a_database_that_is_gone(error):
            raise
        return _out_of_order()  # not even who is asking can be known
    return page, status


def _http_error(error: HTTPException) -> Answer:
    if error.code is None or error.code < 400:
        return error.get_response()
    answer = error_page(error.code if error.code in (400, 404, 405, 413, 415, 422, 429) else 500)
    if isinstance(error, MethodNotAllowed) and isinstance(answer, tuple):
        return Response(*answer, headers={"Allow": ", ".join(sorted(error.valid_methods or ()))}, mimetype="text/html")
    return answer


def _out_of_order() -> Answer:
    """The database cannot be reached: nobody can be known, so the page is that of a visitor."""
    g._login_user = current_app.login_manager.anonymous_user()  # type: ignore[attr-defined]
    if request.endpoint == "accounts.hide_screen":  # what is on the screen goes, whatever happens
        return redirect(url_for("accounts.blank"), 303)
    response = Response(*cast("tuple[str, int]", error_page(503)))
    response.headers["Retry-After"] = str(TRY_AGAIN_SECONDS)
    return response


def _too_soon(error: TooSoon) -> Answer:
    answer = error_page(429)
    return with_retry(Response(*answer), error) if isinstance(answer, tuple) else answer


def _waits(error: WaitsForSecond) -> Answer:
    """To the page that says what became of it, and that a colleague has to agree."""
    return redirect(url_for("second_hands.show", act_id=error.act_id), 303)


def _crashed(error: Exception) -> Answer:
    if faults.is_of_a_database_that_is_gone(error):
        return _out_of_order()
    current_app.logger.error("unexpected %s", faults.described(error))
    return error_page(500)


def _log_exception(exc_info: Any) -> None:
    """In the place of Flask's own, which writes the address and the message: when the page of an error fails itself."""
    current_app.logger.error("the page of an error failed: %s", faults.described(exc_info[1]))


def _for_templates() -> dict[str, object]:
    values: dict[str, object] = {"synthetic": current_app.extensions["nrm.synthetic"]}
    if current_user and current_user.is_authenticated:
        visitor = cast(Visitor, current_user).signed_in
        values["csrf_token"] = visitor.csrf_token
        values["actor"] = _shown(visitor)
    return values


def _shown(visitor: actions.SignedIn) -> dict[str, str]:
    """What stands of the person on top of every page."""
    return {
        "name": visitor.name,
        "login": visitor.login,
        "organisation_name": text_in(visitor.organisation_name),
        "role_label": ROLE_LABELS[visitor.actor.role] if visitor.actor.role else "",
    }


def register(app: Flask) -> None:
    """Guard every request of the application."""
    app.log_exception = _log_exception  # type: ignore[method-assign]
    app.login_manager = _Manager()  # type: ignore[attr-defined]
    app.before_request(_before)
    app.context_processor(_for_templates)
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(TooSoon, _too_soon)
    app.register_error_handler(WaitsForSecond, _waits)
    app.register_error_handler(NotVisible, lambda _: error_page(404))
    app.register_error_handler(actions.CannotOpen, lambda _: error_page(404))
    app.register_error_handler(actions.KeyringDisagrees, lambda _: error_page(409, DISAGREES))
    app.register_error_handler(NotPermitted, lambda _: error_page(403))
    app.register_error_handler(IllegalTransition, lambda _: error_page(409))
    app.register_error_handler(StayOver, lambda _: error_page(409))
    app.register_error_handler(Exception, _crashed)
