"""Deciding by hand where a person goes: by the duty officer, or by the organisation that has the case."""

from __future__ import annotations

import uuid
from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from forms import SelectChoice
from forms.referrals.referrals import DECLINE_LABELS, STATUS_LABELS, PlaceReferralForm
from forms.referrals.transfers import MovePersonForm
from forms.shelter.stays import CHILDREN_FIRST
from nrm import clock
from nrm.actions.referrals import next_receiver as actions
from nrm.domain.accounts.accounts import SHELTERS, Actor, NotVisible, Permission
from nrm.domain.referrals.referrals import (
    Asked,
    DeclineReason,
    OverrideReason,
    ReferralRefusal,
    ReferralRefused,
    ReferralStatus,
)
from nrm.domain.shelter.cases import CaseRefused
from nrm.domain.shelter.consents import ByName
from nrm.domain.shelter.direct_intake import REFER_ON
from nrm.domain.words import N_, Phrase
from nrm.steps.referrals import next_receiver as steps
from nrm.store import names
from nrm.store.countries import country
from nrm.store.referrals import next_receiver as store
from nrm.store.referrals import obligations, referrals
from nrm.store.shelter import cases as case_store
from nrm.store.shelter import places, stays
from nrm.store.shelter.cases import CaseRelation
from nrm.web import access, errors
from nrm.web.agreement import agreement_words
from nrm.web.language import gettext, text_in, translated
from nrm.web.referrals import transfers

blueprint = Blueprint("next_receiver", __name__)
Answer = BaseResponse | tuple[str, int] | str

UNREAD = N_("Was not read out to the person: name it to them, and say what they answer.")
REFUSED = {
    ReferralRefusal.ALREADY_OPEN: N_(
        "Somebody is being asked already. Wait for the answer, or withdraw the referral first."
    ),
    ReferralRefusal.NO_HELP: N_("The person does not want help arranged any more. Ask for consent again first."),
    ReferralRefusal.DUTY_OFFICER_DECIDES: N_(
        "Two parties have declined. The duty officer decides now; call the duty desk."
    ),
    ReferralRefusal.STRUCK_OUT: N_("Choose another shelter: the person does not want this one"),
    ReferralRefusal.ASKED_BY_ANOTHER: N_(
        "The person struck this one out when a colleague asked. Only that colleague takes it back: choose another, or "
        "call the duty desk"
    ),
    ReferralRefusal.BY_NAME: N_("Name it to the person, and choose what the person says"),
    ReferralRefusal.ASK_FIRST: N_("The person is in a shelter and can be asked: ask first, then choose"),
    ReferralRefusal.NO_REASON: N_("Choose why this shelter"),
    ReferralRefusal.NO_SHELTER: N_("Choose another shelter: this one cannot be asked now"),
    ReferralRefusal.ITSELF: N_("Choose another shelter: the person is with this one"),
    ReferralRefusal.CANNOT_ACCEPT: N_("Choose another shelter, or tick that you called this one"),
    ReferralRefusal.NOT_SAFE: N_("Choose another shelter, or tick that you called this one"),
    ReferralRefusal.NO_HAND_OVER: N_("Write the hand-over first: the other shelter decides by it"),
}


@blueprint.get("/cases/<uuid:case_id>/direct")
@access.requires(Permission.REFERRAL_DIRECT)
def direct_page(case_id: uuid.UUID) -> Answer:
    return _placing_page("referrals/referrals/direct.html", case_id, PlaceReferralForm())


@blueprint.post("/cases/<uuid:case_id>/direct")
@access.requires(Permission.REFERRAL_DIRECT)
def direct(case_id: uuid.UUID) -> Answer:
    return _place("referrals/referrals/direct.html", case_id, actions.direct)


@blueprint.get("/cases/<uuid:case_id>/refer")
@access.requires(Permission.REFERRAL_SEND)
def refer_page(case_id: uuid.UUID) -> Answer:
    form = _moves(case_id)()
    if isinstance(form, MovePersonForm):
        transfers.prefill(case_id, case_store.case(case_id, by=access.actor()).questionnaire, form)
    return _placing_page("referrals/referrals/refer.html", case_id, form)


def _moves(case_id: uuid.UUID) -> type[PlaceReferralForm]:
    """The form of the holder, who writes a hand-over, or of a post that asks again; raises NotVisible."""
    holds = case_store.visible(case_id, by=access.actor()) is CaseRelation.HOLDER
    return MovePersonForm if holds else PlaceReferralForm


@blueprint.post("/cases/<uuid:case_id>/refer")
@access.requires(Permission.REFERRAL_SEND)
def refer(case_id: uuid.UUID) -> Answer:
    return _place("referrals/referrals/refer.html", case_id, actions.refer)


def _place(template: str, case_id: uuid.UUID, action: Any) -> Answer:
    form = _moves(case_id)(request.form) if action is actions.refer else PlaceReferralForm(request.form)
    _offer_shelters(case_id, form)
    valid = form.validate()
    if not _seen(case_id, form) or not valid:
        return _placing_page(template, case_id, form, 422)
    readers = {value for value, *_ in _readers(case_id)} if action is actions.refer else set()
    chosen = [uuid.UUID(each) for each in form.go_on_reading.data or () if each in readers]
    by_name = form.answered(form.receiver.data) if form.by_name_of.data else None
    more: dict[str, Any] = {"go_on_reading": chosen} if readers else {}
    if action is actions.direct:
        more["anyway"] = form.anyway.data
        more["though_unsafe"] = form.though_unsafe.data and form.unsafe_of.data == form.receiver.data
    if isinstance(form, MovePersonForm):
        more["hand_over"] = form.hand_over(transfers.as_words(form))
    try:
        if by_name is ByName.NO:
            actions.strike_out(case_id=case_id, receiver_id=uuid.UUID(form.receiver.data), by=access.actor())
            form.receiver.errors, form.receiver.data, form.asks = [REFUSED[ReferralRefusal.STRUCK_OUT]], None, False
            return _placing_page(template, case_id, form, 422)
        referral_id = action(
            case_id=case_id,
            receiver_id=uuid.UUID(form.receiver.data),
            reason=OverrideReason(form.reason.data),
            by_name=by_name,
            **more,
            by=access.actor(),
        )
    except actions.CannotOpen as error:
        return errors.not_from_here(error)
    except ReferralRefused as error:
        if error.reason in (ReferralRefusal.BY_NAME, ReferralRefusal.STRUCK_OUT):
            if form.answered(form.receiver.data) is not None:
                form.by_name.errors = [REFUSED[ReferralRefusal.STRUCK_OUT]]
        elif error.reason is ReferralRefusal.CANNOT_ACCEPT:
            form.anyway.errors = [REFUSED[error.reason]]
        elif error.reason is ReferralRefusal.NOT_SAFE:
            form.though_unsafe.errors, form.though_unsafe.data = [REFUSED[error.reason]], False
            form.unsafe_of.data = form.receiver.data
        elif error.reason in (ReferralRefusal.ASK_FIRST, ReferralRefusal.ASKED_BY_ANOTHER):
            form.by_name.errors = [REFUSED[error.reason]]
        elif error.reason in (
            ReferralRefusal.ALREADY_OPEN,
            ReferralRefusal.DUTY_OFFICER_DECIDES,
            ReferralRefusal.NO_HELP,
        ):
            return errors.error_page(409, REFUSED[error.reason])
        else:
            form.receiver.errors = [REFUSED[error.reason]]
        return _placing_page(template, case_id, form, 422)
    return redirect(url_for("referrals.show", referral_id=referral_id), 303)


def _seen(case_id: uuid.UUID, form: PlaceReferralForm) -> bool:
    """Whether somebody looked for the children who came along, where a shelter hands on and has such in the house."""
    if isinstance(form, MovePersonForm) and not form.children_seen.data and _along(case_id):
        form.children_seen.errors = [CHILDREN_FIRST]
        return False
    return True


def _along(case_id: uuid.UUID) -> list[stays.StayLine]:
    by = access.actor()
    return stays.came_along(case_id, by=by) if _is_of_a_shelter(case_store.case(case_id, by=by), by) else []


def _placing_page(template: str, case_id: uuid.UUID, form: PlaceReferralForm, status: int = 200) -> Answer:
    by = access.actor()
    case = case_store.case(case_id, by=by)
    if case.status == "closed":
        raise NotVisible
    _offer_shelters(case_id, form)
    readers = _readers(case_id) if case.relation is CaseRelation.HOLDER else []
    form.go_on_reading.choices = [SelectChoice(value=value, label=label) for value, label in readers]
    page = render_template(
        template,
        case=case,
        moves=case.relation is CaseRelation.HOLDER,
        form=form,
        candidates=store.candidates(case_id, by=by),
        last=referrals.newest_of(case_id, by=by),
        statuses=STATUS_LABELS,
        reasons=DECLINE_LABELS,
        rooms=places.rooms(by=by) if by.may(Permission.REFERRAL_DIRECT) else [],
        asked_of=_asked_of(form),
        duty_officer_decides=store.duty_officer_owes(case),
        children=stays.with_person(case_id, by=by) if _is_of_a_shelter(case, by) else (),
        along=_along(case_id) if isinstance(form, MovePersonForm) else [],
    )
    return page, status


def _is_of_a_shelter(case: case_store.SeenCase, by: Actor) -> bool:
    return case.relation is CaseRelation.HOLDER and by.kind in SHELTERS and by.may(Permission.STAY_MANAGE)


def _asked_of(form: PlaceReferralForm) -> str:
    """The name of the shelter that the person is to be asked about; empty where nobody has to be."""
    choices: list[Any] = list(form.receiver.choices or ()) if form.asks else []
    return next((str(each.label) for each in choices if each.value == form.receiver.data), "")


def _readers(case_id: uuid.UUID) -> list[tuple[str, str]]:
    """(id, name) of all who read a part because the person agreed; empty for a reader who does not hold the case."""
    try:
        shared = case_store.shares(case_id, by=access.actor())
    except (NotVisible, CaseRefused):
        return []
    return [(str(each.organisation_id), text_in(each.names)) for each in shared if each.by_consent]


def _offer_shelters(case_id: uuid.UUID, form: PlaceReferralForm) -> None:
    by = access.actor()
    barred = store.barred(case_id, by=by)
    candidates = {each.code: each for each in store.candidates(case_id, by=by)}
    order = list(candidates)
    shelters = [
        each
        for each in names.shelters_that_signed(clock.now())
        if each.id != by.organisation_id and each.party not in barred.forbidden
    ]
    named, read_out = _named_by_clause(case_id, by), steps.read_out(case_id, by=by)
    answers = store.answers(case_id, by=by)
    shelters.sort(
        key=lambda each: (
            each.party not in named,
            order.index(each.code) if each.code in candidates else len(order),
            each.code,
        )
    )
    form.receiver.choices = [
        SelectChoice(
            value=str(each.id),
            label=text_in(each.names),
            render_kw={
                "hint": _hint(
                    candidates.get(each.code),
                    ask_again=each.party in barred.with_a_new_yes,
                    before=each.id in barred.were_with,
                    named=named.get(each.party, ""),
                    routed=bool(candidates),
                ),
                "note": " ".join(filter(None, (_answered(answers.get(each.code)), _note(each.party, read_out)))),
            },
        )
        for each in shelters
    ]


def _named_by_clause(case_id: uuid.UUID, by: Actor) -> dict[str, str]:
    """Party -> the clause that names it, of a case that a shelter opened itself: it has no route."""
    if case_store.visible(case_id, by=by) is not CaseRelation.HOLDER:
        return {}
    owed = {line.clause for line in obligations.of_case(case_id, by=by) if line.kind == REFER_ON}
    clauses = country().in_force(clock.now()).clauses
    return {
        target.party: clause.number
        for clause in clauses
        if clause.number in owed
        for target in clause.refer_to
        if target.party
    }


def _hint(
    candidate: store.CandidateLine | None, *, ask_again: bool, before: bool, named: str, routed: bool
) -> str | Phrase:
    if ask_again:
        return N_("Left out of the route: only if the person, asked again, agrees")
    if before:
        return N_("The person was here before")
    if named:
        return N_("Clause %(clause)s names this shelter for this person", clause=named)
    if candidate is None and not routed:
        return ""
    if candidate is None:
        return N_("Not on the route: goes against the clause")
    if candidate.asked:
        return N_("On the route; was asked already")
    return N_("On the route, clause %(clause)s", clause=candidate.clause)


def _answered(said: Asked | None) -> str:
    """Why a shelter did not take the person when it was asked in this case."""
    if said is None:
        return ""
    if said.status is ReferralStatus.EXPIRED:
        return gettext("It did not answer in time.")
    return gettext("It declined: %(reason)s.", reason=translated(DECLINE_LABELS[DeclineReason(said.reason)]))


def _note(party: str, read_out: set[str] | None) -> str:
    """What is to be known of a shelter before it is asked; `read_out`: the parties to which the person said yes, None
    where nobody is asked for each."""
    unread = read_out is not None and party not in read_out
    return " ".join(each for each in (gettext(UNREAD) if unread else "", _receives(party)) if each)


def _receives(party: str) -> str:
    """The people whom the shelter receives, by the agreement."""
    agreement = country().in_force(clock.now())
    known = agreement.parties.get(party)
    return agreement_words.whom(known, agreement_words.names_of(agreement)) if known is not None else ""
