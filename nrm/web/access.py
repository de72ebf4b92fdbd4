"""Who may open which view: it is public, for any member, or for members who have one of the permissions it names.

A public view is listed in PUBLIC; all others are marked, with `signed_in` for any member or with `requires` for
permissions. A view that is neither listed nor marked is refused to everybody.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar, cast

from flask import Flask, Request, current_app, g, redirect, render_template, request, url_for
from flask_login import current_user

from forms.accounts.second_hands import REASON_LABELS
from nrm.actions.accounts import accounts, passkeys, words
from nrm.domain.accounts.accounts import Actor, NotVisible, Permission
from nrm.domain.words import N_
from nrm.store.accounts import suspensions as suspension_store
from nrm.web import errors, sessions, spent_keys

View = Callable[..., Any]
_Part = TypeVar("_Part")
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
        "passkeys.sign_in_page",
        "passkeys.sign_in",
        "passkeys.recover_page",
        "passkeys.recover",
        "screen_lock.unlock",
        "screen_lock.unlock_page",
        "members.joined_page",
        "shown_secrets.of_nobody",
        "members.check_joined",
        "second_factor.lost_page",
        "second_factor.lost",
        "security_contact.show",
        "feedback.index",
        "feedback.answer_page",
        "feedback.answer",
        "feedback.thanks",
        "complaints.complain_page",
        "complaints.complain",
        "complaints.sent",
    }
)
# Hiding the screen also works while the database cannot be reached.
ALWAYS_THERE = frozenset({"accounts.hide_screen", "accounts.blank"})
# The views for a member who has to set up a second factor first.
ENROLLING = frozenset(
    {
        "second_factor.set_up_page",
        "second_factor.set_up",
        "passkeys.make_page",
        "passkeys.make",
        "second_factor.prove",
        "accounts.sign_out",
    }
)
# The views for a member whose password is no longer good enough.
ASKED_FOR_PASSWORD = frozenset(
    {"accounts.password_page", "accounts.password", "second_factor.prove", "accounts.sign_out"}
)
# The views for a member who has lost a telephone, in a session that opens nothing.
LOST = frozenset(
    {
        "second_factor.set_up_page",
        "second_factor.set_up",
        "second_factor.prove",
        "words.mine",
        "accounts.sign_out",
    }
)
# The views for a member who waits for a colleague's confirmation.
WAITING = ENROLLING | {
    "home.index",
    "passkeys.index",
    "passkeys.remove_page",
    "passkeys.remove",
    "members.code_page",
    "members.check_code",
    "members.new_code_page",
    "members.new_code",
    "shown_secrets.own",
    "own_sessions.index",
    "own_sessions.end",
    "own_sessions.end_others",
    "words.accession_sheet",
    "words.type_page",
    "words.type_words",
    "second_factor.prove",
    "guides.own",
    "guides.show",
    "guides.pictured",
    "guides.picture",
}
# What a suspended member can still do: leave, and keep the account that a colleague lets begin anew.
SUSPENDED = frozenset({"accounts.sign_out", "members.stop_anew"})
# The views for a member whose next recovery code has to be typed in first.
CODE_DUE = frozenset(
    {
        "members.code_page",
        "members.check_code",
        "members.new_code_page",
        "members.new_code",
        "shown_secrets.own",
        "second_factor.prove",
        "accounts.sign_out",
    }
)
WAITS = N_("You wait for a colleague who types your words: they stand on the home page. Until then nothing else opens.")
_ACCESS = "_nrm_access"
ANY_MEMBER = "any member"
# Stands between permissions in the table of all endpoints: one of them is enough.
OR = " or "


def requires(permission: Permission, *others: Permission) -> Callable[[View], View]:
    """Mark a view for members whose role has at least one of the permissions."""

    def mark(view: View) -> View:
        setattr(view, _ACCESS, (permission, *others))
        return view

    return mark


def signed_in(view: View) -> View:
    """Mark a view for every member."""
    setattr(view, _ACCESS, ANY_MEMBER)
    return view


def access_of(app: Flask, endpoint: str) -> str:
    """The access of an endpoint as the table of all endpoints says it: `public`, `any member`, or its permissions."""
    if endpoint in PUBLIC:
        return "public"
    asked = getattr(app.view_functions[endpoint], _ACCESS, "nobody")
    return asked if isinstance(asked, str) else OR.join(asked)


def part_of_page(part: Callable[[uuid.UUID], _Part]) -> Callable[[uuid.UUID], _Part | None]:
    """Decorate a function that makes a part of a case's page: None for members to whom the store shows nothing."""

    @wraps(part)
    def shown(case_id: uuid.UUID) -> _Part | None:
        try:
            return part(case_id)
        except NotVisible:
            return None

    return shown


def actor() -> Actor:
    """The member who asks, on a page that is not public."""
    return visitor().actor


def visitor() -> accounts.SignedIn:
    """The member who asks and what the pages show of them, on a page that is not public."""
    return cast(accounts.SignedIn, g.visitor)


def enrolling_actor() -> Actor:
    """The member who asks, with the key that signs their passkeys also before there is any."""
    return visitor().enrolling_as or actor()


def _of_another_site(asked: Request) -> bool:
    """Whether the browser says that another site sent this. Our own pages tell no address and send `Origin: null`."""
    if asked.headers.get("Sec-Fetch-Site", "none") not in ("same-origin", "none"):
        return True
    origin = asked.headers.get("Origin", "null")
    host = asked.host.casefold()
    return origin.casefold() not in ("null", f"https://{host}", f"http://{host}")


def _before() -> errors.Answer | None:
    # Resolved once: the proxy looks the request up at every use.
    asked = request._get_current_object()  # type: ignore[attr-defined]
    endpoint, reads = asked.endpoint, asked.method in ("GET", "HEAD", "OPTIONS")
    if endpoint is None:
        # No such page, or not with this method: the same answer whether signed in or not.
        return None
    if endpoint == "assets.file":
        return None
    if not reads and _of_another_site(asked):
        return errors.error_page(403)
    if endpoint in PUBLIC:
        if endpoint not in ALWAYS_THERE:
            accounts.must_answer()  # no page asks for a password while it cannot be checked
        return None if reads else sessions.check_nonce()
    # Resolved once for the rest of the request: Flask-Login looks it up at every use.
    user = current_user._get_current_object()
    if not user.is_authenticated:
        return sessions.ask_to_sign_in()
    visitor = g.visitor = cast(sessions.Visitor, user).signed_in
    if asked.method == "POST" and not accounts.is_token(visitor.csrf_token, asked.form.get("csrf_token", "")):
        return sessions.of_another_session(visitor)
    if visitor.suspended:
        return _told_why(visitor) if endpoint not in SUSPENDED else None
    if visitor.lacks_factor and endpoint not in LOST:
        shown = words.shown(by=visitor.actor) is not None
        return redirect(url_for("words.mine" if shown else "second_factor.set_up_page"), 303)
    if visitor.enrolling and endpoint not in (LOST if visitor.lacks_factor else ENROLLING):
        return redirect(url_for("passkeys.make_page" if passkeys.demanded() else "second_factor.set_up_page"), 303)
    if visitor.code_due and endpoint not in CODE_DUE:
        return redirect(url_for("members.code_page"), 303)
    if visitor.asks_password and reads and endpoint not in ASKED_FOR_PASSWORD and endpoint not in ENROLLING | LOST:
        # A form that was typed before is taken: nothing typed is lost by this, and every page leads here.
        return redirect(url_for("accounts.password_page"), 303)
    if visitor.waiting and endpoint not in WAITING | ASKED_FOR_PASSWORD:
        return errors.error_page(403, WAITS)
    view = current_app.view_functions[endpoint]
    if not _reaches(visitor.actor, getattr(view, _ACCESS, None)):
        return errors.error_page(403)
    if not reads and spent_keys.goes_on():
        return spent_keys.renew_first(visitor)
    return sessions.ask_again(visitor) if sessions.asks_for_proof(view) and not sessions.is_wrong(view) else None


def _told_why(visitor: accounts.SignedIn) -> errors.Answer:
    """The one page of a suspended member, in place of every other: why, until when, and whom to call."""
    if visitor.suspension_id is not None:
        told = suspension_store.told(visitor.suspension_id, by=visitor.actor)
        page = render_template("accounts/suspensions/told.html", told=told, reasons=REASON_LABELS)
    elif visitor.by_log_alone:
        call = suspension_store.whom_to_call(by=visitor.actor)
        page = render_template("accounts/suspensions/by_log.html", until=visitor.log_until, call=call)
    else:
        desks = suspension_store.duty_desks(by=visitor.actor)
        page = render_template("accounts/suspensions/party.html", until=visitor.party_until, call=desks)
    return page, 200 if request.endpoint == "home.index" else 403


def is_open_to(by: Actor, endpoint: str) -> bool:
    """Whether the role of a signed-in member may open a page."""
    return _reaches(by, getattr(current_app.view_functions[endpoint], _ACCESS, None))


def _reaches(by: Actor, asked: object) -> bool:
    """Whether a signed-in member may open a view that is marked with `asked`; never if there is no mark."""
    return asked == ANY_MEMBER or (isinstance(asked, tuple) and any(map(by.may, asked)))


def register(app: Flask) -> None:
    """Check before every request of the application whether it may be answered."""
    app.before_request(_before)
