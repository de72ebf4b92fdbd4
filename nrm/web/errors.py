"""What a failure looks like: the status of each exception of the rules, and the page of an error."""

from __future__ import annotations

import logging
import secrets
from typing import Any, cast

from flask import Flask, Response, current_app, g, redirect, render_template, request, url_for
from werkzeug.exceptions import HTTPException, MethodNotAllowed
from werkzeug.wrappers import Response as BaseResponse

from forms.shelter.cases import CASE_REFUSED
from nrm import extras, faults
from nrm.actions.accounts import accounts
from nrm.domain.accounts.accounts import NotPermitted, NotVisible
from nrm.domain.accounts.failed_attempts import TooSoon
from nrm.domain.accounts.second_hands import WaitsForSecond
from nrm.domain.referrals.referrals import IllegalTransition
from nrm.domain.shelter.cases import CaseRefused
from nrm.domain.shelter.stays import StayOver
from nrm.domain.words import N_, Moment, Phrase
from nrm.log_lines import FIELDS
from nrm.steps import health
from nrm.store.accounts import holding
from nrm.store.referrals import faster
from nrm.web import floods, telephones
from nrm.web.accounts.access_log import UNWRITTEN
from nrm.web.language import gettext

Answer = BaseResponse | str | tuple[str, int]
SIGN_IN_AGAIN = N_("Sign out and sign in again first: your password was changed since you signed in here.")
LACKS_KEY = N_(
    "You do not hold the newest key of your organisation, so this does not open for you. Your home page says what to "
    "do. What you typed is not saved: keep it, and send it again afterwards."
)
DISAGREES = N_(
    "The newest key of an organisation is not the one that is known here. Nothing was sealed to it and nothing was "
    "lost. Tell the duty desk and whoever runs the server."
)
WITHOUT_STATISTICS = N_(
    "This server calculates no reports, tries no agreement on past cases and compares no names: the part that does was "
    "not installed. Whoever runs the server can add it."
)
LAGS = N_(
    "A database of this server is of an earlier hour than the other one, so some of what is sealed opens for nobody. "
    "Nothing is lost if that is put right now: tell whoever runs the server."
)
FASTER = N_("%(name)s of your organisation was faster: it was recorded on %(moment)s.", name="", moment="")
ALREADY = N_("You recorded it yourself already, on %(moment)s.", moment="")
TRY_AGAIN_SECONDS = 30
CONFLICT = 409
NOTHING_THERE = 404
INSUFFICIENT_STORAGE = 507


def error_page(status: int, explanation: str = "", *, call: str = "") -> Answer:
    """The page of every error: what is kept, a code to quote, a telephone number; `call`: that of whom the explanation
    says to call. The log has the same code; of a page of which nothing is written there is neither a line nor a code,
    as both would lead to who stood at the tablet."""
    unwritten = request.path in UNWRITTEN
    faster_one = "" if explanation or status != CONFLICT else _by_colleague()
    code = "" if unwritten else secrets.token_hex(4)
    if not unwritten:
        _log(status, code)
    try:
        page = render_template(
            "errors/error.html",
            status=status,
            explanation=explanation or faster_one,
            faster=bool(faster_one),
            code=code,
            calls=() if unwritten else telephones.operator() or telephones.desk(),
            call=call,
        )
    except Exception as error:
        if status == 503 or not faults.is_of_a_database_that_is_gone(error):
            raise
        return _out_of_order()  # who is signed in cannot be read either
    return page, status


def _by_colleague() -> str | Phrase:
    """Who of the reader's own organisation was faster with a referral, and when; empty for all else."""
    visitor: accounts.SignedIn | None = g.get("visitor")
    referral_id = (request.view_args or {}).get("referral_id")
    if visitor is None or referral_id is None:
        return ""
    found = faster.by_colleague(referral_id, by=visitor.actor)
    if found is None:
        return ""
    values = {"name": found.name, "moment": Moment.of(found.at)}
    return Phrase(ALREADY.message if found.own else FASTER.message, values)


def _log(status: int, code: str) -> None:
    """A line for an error page. What nobody signed in asks for is written once a minute and counted, however much:
    a stranger must not fill the disk, or hide in the log what matters. That they found nothing is no warning, and is
    counted apart."""
    rule, known = request.url_rule, "visitor" in g
    found_nothing = status == NOTHING_THERE and not known
    level = logging.INFO if found_nothing else logging.WARNING
    kind = "nothing there" if found_nothing else "no such page" if rule is None else "not signed in"
    unseen = 0 if rule is not None and known else floods.counted(kind)
    if unseen is None:
        return
    fields = {"status": status, "page": str(rule or "no such page"), "code": code}
    current_app.logger.log(level, "answered %s: %s (%s)", *fields.values(), extra={FIELDS: fields})
    if unseen:
        current_app.logger.log(level, "answered so or alike, and not written here since the line before: %s", unseen)


def not_from_here(error: accounts.CannotOpen) -> Answer:
    """Whom to ask in place of a member who has no key to the case, without why. A keyring that disagrees is raised
    again: that is no matter of the case."""
    if isinstance(error, accounts.KeyringDisagrees):
        raise error
    if _lacks_key():
        return error_page(409, LACKS_KEY)
    return render_template("referrals/referrals/not_from_here.html"), 409


def cannot_open(_: accounts.CannotOpen) -> Answer:
    """Nothing is said of what does not open; but who lacks the key of their own organisation is told so, and everybody
    that the second database is not the one of this hour."""
    if _lacks_key():
        return error_page(409, LACKS_KEY)
    return error_page(409, LAGS) if health.second_database_lags() else error_page(404)


def _lacks_key() -> bool:
    visitor: accounts.SignedIn | None = g.get("visitor")
    return visitor is not None and holding.lacks(by=visitor.actor)


def waiting_text(too_soon: TooSoon) -> str:
    """How long to wait, in words. They give the whole wait and not what is left of it, which would tell more."""
    seconds = int(too_soon.delay.total_seconds())
    return gettext("Too many tries. Wait %(seconds)s seconds, then try again", seconds=seconds)


def with_retry(response: Response, too_soon: TooSoon) -> Response:
    """Add the seconds that are left as the header `Retry-After`."""
    response.headers["Retry-After"] = str(too_soon.left)
    return response


def _http_error(error: HTTPException) -> Answer:
    if error.code is None or error.code < 400:
        return error.get_response()
    answer = error_page(error.code if error.code in (400, 404, 405, 413, 415, 422, 429) else 500)
    if isinstance(error, MethodNotAllowed) and isinstance(answer, tuple):
        return Response(*answer, headers={"Allow": ", ".join(sorted(error.valid_methods or ()))}, mimetype="text/html")
    return answer


def _out_of_order() -> Answer:
    """The page while the database cannot be reached; it is that of a visitor, as no session can be read."""
    g._login_user = current_app.login_manager.anonymous_user()  # type: ignore[attr-defined]
    if request.endpoint == "accounts.hide_screen":  # the screen is emptied in any case
        return redirect(url_for("accounts.blank"), 303)
    response = Response(*cast("tuple[str, int]", error_page(503)))
    response.headers["Retry-After"] = str(TRY_AGAIN_SECONDS)
    return response


def _too_soon(error: TooSoon) -> Answer:
    answer = error_page(429)
    return with_retry(Response(*answer), error) if isinstance(answer, tuple) else answer


def _waits(error: WaitsForSecond) -> Answer:
    """Lead to the page of the act, which says that a colleague has to agree."""
    return redirect(url_for("second_hands.show", act_id=error.act_id), 303)


def _crashed(error: Exception) -> Answer:
    if faults.is_of_a_database_that_is_gone(error):
        return _out_of_order()
    if faults.is_of_a_disk_that_takes_nothing(error):
        current_app.logger.error("nothing can be written: a disk is full, or can only be read; see nrm doctor")
        return error_page(INSUFFICIENT_STORAGE)
    if request.path not in UNWRITTEN:
        current_app.logger.error("unexpected %s", faults.described(error))
    else:  # that it happened, once a minute at most and counted: whoever runs the server must know
        unseen = floods.counted("a page that is not written down")
        if unseen is not None:
            current_app.logger.error("unexpected %s, on a page without an account", faults.described(error))
    return error_page(500)


def _log_exception(exc_info: Any) -> None:
    """Replaces Flask's own method, which writes the address and the message; used if the page of an error fails."""
    current_app.logger.error("the page of an error failed: %s", faults.described(exc_info[1]))


def register(app: Flask) -> None:
    """Answer every failure of the application with its status and a page."""
    app.log_exception = _log_exception  # type: ignore[method-assign]
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(TooSoon, _too_soon)
    app.register_error_handler(WaitsForSecond, _waits)
    app.register_error_handler(NotVisible, lambda _: error_page(404))
    app.register_error_handler(accounts.CannotOpen, cannot_open)
    app.register_error_handler(accounts.KeyringDisagrees, lambda _: error_page(409, DISAGREES))
    app.register_error_handler(accounts.SessionTooOld, lambda _: error_page(409, SIGN_IN_AGAIN))
    app.register_error_handler(CaseRefused, lambda error: error_page(409, CASE_REFUSED[error.reason]))
    app.register_error_handler(NotPermitted, lambda _: error_page(403))
    app.register_error_handler(IllegalTransition, lambda _: error_page(409))
    app.register_error_handler(StayOver, lambda _: error_page(409))
    app.register_error_handler(extras.NotInstalled, lambda _: error_page(409, WITHOUT_STATISTICS))
    app.register_error_handler(Exception, _crashed)
