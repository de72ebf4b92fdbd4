"""The page of a recovery code or an invitation link that was just made: loaded again it shows the same one."""

from __future__ import annotations

import uuid
from collections.abc import Mapping

from flask import Blueprint, g, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from nrm.actions.accounts import accounts
from nrm.actions.accounts import shown_secrets as actions
from nrm.domain.accounts.accounts import SHOWN_MINUTES, NotPermitted, NotVisible
from nrm.store.accounts import begun
from nrm.web import access, errors, sessions

blueprint = Blueprint("shown_secrets", __name__)

PAGES: Mapping[str, str] = {
    "code": "accounts/members/code.html",
    "invitation": "accounts/accounts/invited.html",
    "joined": "accounts/accounts/joined.html",
    "recovered": "accounts/accounts/recovered.html",
}


def _cookie() -> str:
    return "__Host-nrm-shown" if sessions.is_secure() else "nrm-shown"


def lead_to_own(page: str, **values: object) -> BaseResponse:
    """Lead the member who is signed in to what was just made; `values` are those of the page of `PAGES`."""
    token = actions.keep({"page": page, **values}, member_id=access.visitor().actor.member_id)
    return _led(url_for("shown_secrets.own"), token)


def lead_to(page: str, **values: object) -> BaseResponse:
    """Lead somebody who is not signed in to what was just made."""
    token = actions.keep({"page": page, **values}, beside=request.cookies.get(sessions.session_cookie(), ""))
    return _led(url_for("shown_secrets.of_nobody"), token)


def _led(address: str, token: str) -> BaseResponse:
    response = redirect(address, 303)
    response.set_cookie(
        _cookie(),
        token,
        SHOWN_MINUTES * 60,
        secure=sessions.is_secure(),
        httponly=True,
        samesite="Strict",
        path="/",
    )
    return response


@blueprint.get("/shown")
@access.signed_in
@sessions.step_up
def own() -> errors.Answer:
    """A code or a link of the member; a fresh proof is asked for, as where it was made."""
    found = actions.shown(request.cookies.get(_cookie(), ""), member_id=access.visitor().actor.member_id)
    if found is not None and found.get("waits"):
        found["begun"] = _begun(uuid.UUID(str(found["of"]))) if "of" in found else None
        found["over"] = "of" in found and found["begun"] is None
    return _page(found)


def _begun(member_id: uuid.UUID) -> begun.Begun | None:
    """What became of it since the link was made."""
    try:
        return begun.begun(member_id, by=access.actor())
    except (NotPermitted, NotVisible):
        return None


@blueprint.get("/shown/code")
def of_nobody() -> errors.Answer:
    """A code of somebody who joined or has a new password. Not after somebody signed in here, or under a hidden screen:
    then whoever presses Back is perhaps another."""
    ended = g.get("ended") if sessions.visitor_or_none() is None else None
    if isinstance(ended, accounts.Ended) and ended.locked:
        return _page(None)
    beside = request.cookies.get(sessions.session_cookie(), "")
    return _page(actions.shown(request.cookies.get(_cookie(), ""), beside=beside))


def _page(found: dict[str, object] | None) -> errors.Answer:
    if found is None:
        return render_template("accounts/accounts/shown_before.html"), 404
    return render_template(PAGES[str(found.pop("page"))], **found)


def forget(*, by: accounts.SignedIn | None = None) -> None:
    """Show no more what was just made: it was written down, somebody leaves, or hides the screen and is not asked for a
    password before this page."""
    actions.forget(request.cookies.get(_cookie(), ""), member_id=by.actor.member_id if by is not None else None)
