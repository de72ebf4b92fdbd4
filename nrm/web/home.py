"""The first page of each role: what waits for them. The module of a role's noun fills its page with `page`."""

from __future__ import annotations

from collections.abc import Callable

from flask import Blueprint, g

from forms.accounts.organisations import ORGANISATION_REASONS
from nrm.actions.accounts import key_log
from nrm.actions.agreement import agreement_versions, withdrawals
from nrm.domain.accounts.accounts import ROLE_LABELS, Permission, Role
from nrm.looks import one_look
from nrm.store import home as store
from nrm.store.accounts import changes, holding, members, occasions, second_hands, suspensions
from nrm.store.accounts import key_log as key_log_store
from nrm.store.interviews import directives, family_notices
from nrm.store.referrals import obligations
from nrm.web import access, sessions
from nrm.web.accounts import words
from nrm.web.accounts.happenings import HAPPENINGS
from nrm.web.accounts.key_log import SHORT
from nrm.web.accounts.second_hands import REASONS
from nrm.web.referrals import critical_path

blueprint = Blueprint("home", __name__)

Page = Callable[[], str]
_pages: dict[Role, Page] = {}


def page(*roles: Role) -> Callable[[Page], Page]:
    """Mark the view that renders the home page of these roles."""

    def mark(view: Page) -> Page:
        _pages.update(dict.fromkeys(roles, view))
        return view

    return mark


@blueprint.get("/")
@access.signed_in
@one_look()
def index() -> str:
    by = access.actor()
    visitor = sessions.visitor_or_none()
    if visitor is not None and visitor.waiting:
        return words.waiting_page()
    g.top = store.top(by=by)
    g.act_alarms = g.top.act_alarms + g.top.refused
    g.holding = holding.stands(g.top.keys, by=by)
    g.of_older = holding.of_older(by=by) if g.top.keys.old_wraps else []
    g.own_end = second_hands.own_end(by=by) if g.top.own_end else []
    g.own_role, g.why_ended = key_log_store.own_role(by=by), REASONS
    g.acts = second_hands.waiting(by=by) if g.top.acts else []
    g.occasions = occasions.waiting(by=by) if g.top.occasions else []
    g.changes, g.more_changes = changes.at_home(by=by) if g.top.changes else ([], False)
    g.happenings, g.may_let_back = HAPPENINGS, by.may(Permission.ACCOUNT_DISABLE)
    g.is_office = by.kind is not None and not by.kind.holds_keys
    g.locked_out = members.who_waits_for_colleague(by=by) if g.top.locked_out else []
    g.failed = visitor if visitor is not None and (visitor.failed_known or visitor.failed_elsewhere) else None
    g.suspensions = suspensions.standing(by=by) if g.top.suspended else []
    g.unread = directives.unread(by=by)
    g.agreements, g.withdrawn = agreement_versions.waits_for(by=by), withdrawals.withdrawn_from(by=by)
    g.recalled = withdrawals.recalled(by=by)
    g.key_log, g.suspended_for = key_log.standing(by=by), ORGANISATION_REASONS
    g.proposed, g.roles = SHORT, ROLE_LABELS
    g.known, g.called = obligations.said_lately(by=by) if g.top.known else ([], [])
    if g.top.known:
        g.called = [*g.called, *family_notices.called_lately(by=by)]
    g.parties = critical_path.names_of_parties() if g.called else {}
    assert by.role is not None
    return _pages[by.role]()
