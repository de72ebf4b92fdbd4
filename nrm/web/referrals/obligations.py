"""What a desk is asked to know or to do."""

from __future__ import annotations

import uuid

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from forms.interviews.endings import ANSWER_LABELS
from forms.referrals.children_along import NO_CHILD_HERE, ChildrenAlongForm
from nrm import clock
from nrm.actions.referrals import referrals as actions
from nrm.domain.accounts.accounts import OrganisationKind, Permission
from nrm.domain.agreement.agreements import Clause
from nrm.domain.referrals.children_along import CHILDREN_ALONG, Came, NoChildHere
from nrm.domain.referrals.referrals import IllegalTransition, Relation
from nrm.domain.shelter.direct_intake import REFER_ON
from nrm.store import names
from nrm.store.countries import country
from nrm.store.interviews import child_alerts
from nrm.store.referrals import obligations, referrals
from nrm.store.shelter import stays
from nrm.web import access
from nrm.web.language import text_in
from nrm.web.referrals import refused_steps

blueprint = Blueprint("obligations", __name__)
Answer = BaseResponse | tuple[str, int] | str


@blueprint.get("/obligations")
@access.requires(Permission.OBLIGATION_ACKNOWLEDGE)
def owed() -> str:
    """Everything this desk is asked to know or to do; of child protection what is `old` on a page of its own."""
    by, after = access.actor(), request.args.get("after", "")
    if by.kind is not OrganisationKind.CHILD_PROTECTION:
        return render_template("referrals/referrals/owed.html", page=obligations.owed(by=by, after=after), old=False)
    old = "old" in request.args
    return render_template(
        "referrals/referrals/owed.html",
        page=obligations.owed(by=by, after=after, old=old),
        old=old,
        alerts=child_alerts.alerts(by=by, old=True) if old and not after else (),
        own_alerts=True,
        child_answers=ANSWER_LABELS,
    )


@blueprint.get("/obligations/<uuid:obligation_id>/acknowledge")
@access.requires(Permission.OBLIGATION_ACKNOWLEDGE)
def acknowledge_page(obligation_id: uuid.UUID) -> Answer:
    """What is said to be done, of whom, before it is: that is not taken back."""
    obligation, pseudonym = obligations.to_acknowledge(obligation_id, by=access.actor())
    if obligation.kind == CHILDREN_ALONG:
        return _children_page(obligation_id, ChildrenAlongForm(), 200)
    return render_template(
        "referrals/referrals/acknowledge.html",
        obligation=obligation,
        pseudonym=pseudonym,
        unread=obligations.is_unread(obligation, by=access.actor()),
        clause=_clause(obligation.clause) if obligation.kind == REFER_ON else None,
        named=_named(obligation.clause) if obligation.kind == REFER_ON else (),
    )


def _clause(number: str) -> Clause | None:
    """The clause of the agreement in force; None where it has none of this number."""
    return next((each for each in country().in_force(clock.now()).clauses if each.number == number), None)


def _named(number: str) -> list[tuple[str, str]]:
    """(name, number to call now) of each party that the clause names."""
    clause, parties = _clause(number), country().in_force(clock.now()).parties
    codes = [each.party for each in clause.refer_to if each.party] if clause is not None else []
    return [(text_in(parties[code].names), names.number_now(code)) for code in codes if code in parties]


@blueprint.post("/obligations/<uuid:obligation_id>/acknowledge")
@access.requires(Permission.OBLIGATION_ACKNOWLEDGE)
def acknowledge(obligation_id: uuid.UUID) -> Answer:
    """Told, or done; of children who were announced, with what became of them."""
    by, came, form = access.actor(), None, ChildrenAlongForm(request.form)
    if obligations.row(obligation_id, by=by).kind == CHILDREN_ALONG:
        if not form.validate():
            return _children_page(obligation_id, form, 422)
        came = Came(form.came.data)
    try:
        actions.acknowledge(obligation_id=obligation_id, by=by, came=came)
    except NoChildHere:
        form.came.errors = [NO_CHILD_HERE]
        return _children_page(obligation_id, form, 422)
    return redirect(url_for("home.index"), 303)


def _children_page(obligation_id: uuid.UUID, form: ChildrenAlongForm, status: int) -> tuple[str, int]:
    by = access.actor()
    obligation, pseudonym = obligations.to_acknowledge(obligation_id, by=by)
    page = render_template(
        "referrals/referrals/children_along.html",
        obligation=obligation,
        pseudonym=pseudonym,
        children=stays.children_since(obligation.case_id, by=by),
        form=form,
    )
    return page, status


@blueprint.post("/obligations/<uuid:obligation_id>/known/back")
@access.requires(Permission.OBLIGATION_ACKNOWLEDGE)
def take_back_known(obligation_id: uuid.UUID) -> Answer:
    """Say that "we know", or where children are, was pressed by mistake, some minutes after; with the mark of what was
    `seen` as done, whoever waits for it says that it is not."""
    if seen := request.form.get("seen"):
        return _denied(obligation_id, seen)
    actions.take_back_known(obligation_id=obligation_id, by=access.actor())
    return redirect(url_for("home.index"), 303)


def _denied(obligation_id: uuid.UUID, seen: str) -> Answer:
    by = access.actor()
    try:
        case_id = actions.deny_done(obligation_id=obligation_id, seen=seen, by=by)
    except IllegalTransition as error:
        return refused_steps.conflict(error)
    line = referrals.newest_of(case_id, by=by)
    if line is not None and line.relation is Relation.SENDER:
        return redirect(url_for("referrals.show", referral_id=line.id), 303)
    return redirect(url_for("cases.show", case_id=case_id), 303)
