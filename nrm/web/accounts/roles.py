"""Changing the role of a colleague, or one's own name."""

from __future__ import annotations

import uuid
from collections.abc import Mapping

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.datastructures import MultiDict

from forms.accounts.accounts import NAME_REFUSALS
from forms.accounts.roles import ChangeRoleForm, RenameForm
from nrm.actions.accounts import roles as actions
from nrm.domain.accounts.accounts import ROLE_LABELS, NotVisible, Role
from nrm.domain.accounts.members import ChangeRefusal, ChangeRefused, KeyHoldersDecide, OwnAccount
from nrm.domain.accounts.person_names import NameRefused
from nrm.domain.words import N_
from nrm.store import signed_names
from nrm.store.accounts import members as store
from nrm.store.countries import country
from nrm.web import access, errors, sessions
from nrm.web.accounts.members import ELSEWHERE, OWN

blueprint = Blueprint("roles", __name__)
Answer = errors.Answer

REFUSALS: Mapping[ChangeRefusal, str] = {
    ChangeRefusal.NOT_IN: N_("This person has no account that works, or the key log does not have them yet."),
    ChangeRefusal.ROLE: N_("Choose a role that exists in this organisation"),
    ChangeRefusal.SAME: N_("That is so already: nothing was changed."),
    ChangeRefusal.SIGNED: N_("You have signed this. A second colleague has to agree, on the page Key log."),
    ChangeRefusal.OPEN: N_(
        "Another role is proposed for this person already. Look at the page Key log: whoever proposed it takes it back "
        "first, or a colleague answers it."
    ),
    ChangeRefusal.NEW: N_(
        "You alone let this person in less than 14 days ago. A role that may do more takes another hand: a colleague "
        "opens this page, and gives it or proposes it to you."
    ),
    ChangeRefusal.NOT_THEIRS: N_("Nobody but the person changes a name: on the page Colleagues, at “Change my name”."),
    ChangeRefusal.NEWCOMER: N_(
        "You have been here for less than 14 days, and this colleague was here before you. Another colleague can "
        "change the role."
    ),
    ChangeRefusal.LATELY: N_(
        "A name stays as it is for 14 days after it was changed, or after a colleague typed your words with it. Then "
        "you can change it."
    ),
    ChangeRefusal.SUSPENDED: N_(
        "You suspended this person within 14 days, or are one hand with who did. Another colleague proposes a role "
        "that may do less; if there is none, call the duty desk."
    ),
    ChangeRefusal.HANDS: N_("The key log does not take your hand for this. Ask another colleague."),
}


@blueprint.errorhandler(ChangeRefused)
def _refused(error: ChangeRefused) -> Answer:
    return errors.error_page(409, REFUSALS[error.reason])


@blueprint.errorhandler(OwnAccount)
def _own(_error: OwnAccount) -> Answer:
    return errors.error_page(409, OWN)


@blueprint.errorhandler(KeyHoldersDecide)
def _elsewhere(_error: KeyHoldersDecide) -> Answer:
    return errors.error_page(403, ELSEWHERE)


@blueprint.get("/members/<uuid:member_id>/role")
@access.signed_in
@sessions.step_up
def page(member_id: uuid.UUID) -> Answer:
    """The role of a colleague, and what another one needs."""
    return _page(member_id, None, 200)


def _page(member_id: uuid.UUID, role: ChangeRoleForm | None, status: int) -> Answer:
    by = access.actor()
    member = store.changeable(member_id, by=by)
    if member.id == by.member_id:
        return errors.error_page(409, OWN)
    why_not = store.role_refusal(member_id, by=by)
    return render_template(
        "accounts/roles/change.html",
        member=member,
        role=role or _role_form(member.role),
        label=ROLE_LABELS[Role(member.role)],
        why_not=REFUSALS[why_not] if why_not else "",
    ), status


def _role_form(present: str, sent: MultiDict[str, str] | None = None) -> ChangeRoleForm:
    by = access.actor()
    known = country().roles_of(by.organisation_code, by.kind) if by.kind is not None else frozenset()
    others = [each for each in sorted(known) if each != present]
    return ChangeRoleForm(sent).of(others)


@blueprint.post("/members/<uuid:member_id>/role")
@access.signed_in
@sessions.step_up
def change(member_id: uuid.UUID) -> Answer:
    by = access.actor()
    form = _role_form(store.changeable(member_id, by=by).role, request.form)
    if not form.validate():
        return _page(member_id, form, 422)
    holds = actions.change(member_id=member_id, role=Role(form.role.data), by=by)
    return redirect(url_for("accounts.members" if holds else "key_log.index"), 303)


@blueprint.get("/members/<uuid:member_id>/name")
@access.signed_in
@sessions.step_up
def name_page(member_id: uuid.UUID) -> Answer:
    """The own name, which nobody else changes."""
    return _name_page(member_id, None, 200)


def _name_page(member_id: uuid.UUID, form: RenameForm | None, status: int) -> Answer:
    by = access.actor()
    member = store.colleague(member_id, by=by)
    if member.organisation_id != by.organisation_id:
        raise NotVisible
    if member.id != by.member_id:
        raise ChangeRefused(ChangeRefusal.NOT_THEIRS)
    present = "" if member.id in signed_names.codes([member.id]) else member.name
    form = form or RenameForm(data={"name": present})
    return render_template("accounts/roles/name.html", member=member, form=form), status


@blueprint.post("/members/<uuid:member_id>/name")
@access.signed_in
@sessions.step_up
def rename(member_id: uuid.UUID) -> Answer:
    form = RenameForm(request.form)
    if not form.validate():
        return _name_page(member_id, form, 422)
    try:
        actions.rename(member_id=member_id, name=form.name.data or "", by=access.actor())
    except NameRefused as error:
        form.name.errors = [NAME_REFUSALS[error.reason]]
        return _name_page(member_id, form, 422)
    return redirect(url_for("accounts.members"), 303)
