"""Closing a case with a checklist, opening a closed one again, the closed cases, and somebody who comes back."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from flask import Blueprint, redirect, render_template, request, url_for
from markupsafe import Markup
from werkzeug.wrappers import Response as BaseResponse

from forms.shelter.cases import CASE_REFUSED, COMPARTMENT_LABELS, MISTYPED, FindCaseForm
from forms.shelter.closings import (
    AT_CLOSING_LABELS,
    DEBTS_LABELS,
    DOCUMENTS_LABELS,
    FOLLOW_UP_LABELS,
    REASON_LABELS,
    REFUSED,
    REMINDER_LABELS,
    WAY_LABELS,
    CloseCaseForm,
    ReopenCaseForm,
)
from forms.shelter.stays import CLOSED
from forms.support.follow_ups import REFUSED as FOLLOW_UP_REFUSED
from nrm.actions.shelter import cases as actions
from nrm.actions.support.hearings import CannotOpen
from nrm.domain.accounts.accounts import NotPermitted, NotVisible, Permission
from nrm.domain.quarters import Quarter
from nrm.domain.shelter.cases import CaseRefusal, CaseRefused, MistypedPseudonym, parse_pseudonym
from nrm.domain.shelter.closings import (
    Answers,
    Debts,
    Documents,
    FollowUp,
    Owed,
    Reminder,
    ReopenReason,
    ReopenRefused,
)
from nrm.domain.shelter.permits import GateClosed
from nrm.domain.support.follow_ups import FollowUpRefused, check_closing
from nrm.domain.support.plans import AtClosing
from nrm.domain.words import N_
from nrm.steps.shelter import closings as closing_steps
from nrm.steps.support import hearings as hearing_steps
from nrm.store import days
from nrm.store.referrals import referrals
from nrm.store.shelter import absences, cases, matching, places, stays
from nrm.store.shelter import closings as store
from nrm.store.shelter.cases import CaseRelation, SeenCase
from nrm.store.support import follow_up_ends, follow_ups, plans, threats
from nrm.store.support import hearings as people
from nrm.web import access, errors, formats
from nrm.web.language import current_language, gettext
from nrm.web.parts import Part, address
from nrm.web.support import open_benefits
from nrm.web.support.hearings import court_name

blueprint = Blueprint("closings", __name__)
Answer = BaseResponse | tuple[str, int] | str

NOT_HERE = N_("No case with this code was held here last. Check the code, or open a new case.")
CLOSED_ALREADY = N_("This case is closed already.")
OPEN_ALREADY = N_("This case is open already.")
STAYS_HERE = N_("The person of this case stays here: there is nothing to open.")


def _held(case_id: uuid.UUID, *status: str) -> SeenCase:
    case = cases.case(case_id, by=access.actor())
    if case.relation is not CaseRelation.HOLDER or case.status not in status:
        raise NotVisible
    return case


@blueprint.get("/cases/<uuid:case_id>/close")
@access.requires(Permission.STAY_MANAGE)
def close_page(case_id: uuid.UUID) -> Answer:
    """What stops the closing, what is still open, and what is asked."""
    case = _held(case_id, "open", "closed")
    if case.status == "closed":
        return errors.error_page(409, CLOSED_ALREADY)
    form = _form(case_id)
    form.follow_up.data = str(FollowUp.AGREED) if _is_agreed(case_id) else None
    return _close_page(case, form)


def _form(case_id: uuid.UUID) -> CloseCaseForm:
    """The checklist; what becomes of open steps of the plan is asked where there are some."""
    form = CloseCaseForm(request.form)
    if closing_steps.nobody_found(case_id):  # who has not been seen has said nothing (ADR 0249)
        form.offer_nothing_that_nobody_said()
    if not _open_steps(case_id):
        del form.open_steps
    return form


def _open_steps(case_id: uuid.UUID) -> list[plans.StepLine]:
    return [line for line in plans.of_case(case_id, by=access.actor()) if not line.outcome]


def _is_agreed(case_id: uuid.UUID) -> bool:
    """Whether it was agreed with the person that somebody stays in touch."""
    found = follow_ups.of_case(case_id, by=access.actor())
    return found is not None and found.ended_on is None


def _is_not_safe(case_id: uuid.UUID) -> bool:
    """Whether the person said after the shelter that she is not safe, and nobody recorded that she is."""
    found = follow_ups.of_case(case_id, by=access.actor())
    return found is not None and found.alarms


def _close_page(case: SeenCase, form: CloseCaseForm, status: int = 200) -> tuple[str, int]:
    by = access.actor()
    blockers = actions.why_not_closed(case_id=case.id, by=by)
    page = render_template(
        "shelter/closings/close.html",
        case=case,
        form=form,
        quarter=str(Quarter.of(days.today())),
        blockers=[blocker(case, why) for why in blockers],
        may_be_mistake=any(isinstance(why, GateClosed) for why in blockers),
        reminders=[(REMINDER_LABELS[each], _where(case.id, each), kinds) for each, kinds in _reminders(case.id)],
        before=_is_asked_about(case.id),
        open_steps=_open_steps(case.id),
        benefits=open_benefits.of_case(case.id),
        of_witness=_of_witness(case.id),
        not_safe=_is_not_safe(case.id),
    )
    return page, status


@dataclass(frozen=True, slots=True)
class OfWitness:
    """What is ahead of somebody as a witness: (day, court) of hearings, and when a threat was told that a desk has not
    seen. `unread`: the hearings do not open for the reader."""

    hearings: list[tuple[date, str]]
    threats: list[datetime]
    unread: bool = False

    def __bool__(self) -> bool:
        return bool(self.hearings or self.threats or self.unread)


def _of_witness(case_id: uuid.UUID) -> OfWitness:
    by = access.actor()
    if not by.may(Permission.TESTIMONY_RECORD):
        return OfWitness([], [])
    person = people.of_case(case_id, by=by)
    told = threats.told(person, by=by)
    unseen = [each.told_at for each in told if each.by_desk is None or each.by_holder is None]
    try:
        ahead = hearing_steps.ahead_of(person, by=by)
    except CannotOpen:
        return OfWitness([], unseen, unread=True)
    return OfWitness([(each.hearing.on, court_name(each.hearing.court)) for each in ahead], unseen)


def _is_asked_about(case_id: uuid.UUID) -> bool:
    """Whether it is not said yet whether the person was here before, or another organisation waits."""
    try:
        stands = matching.of_case(case_id, by=access.actor())
    except (NotPermitted, NotVisible):
        return False
    waits = [*(not line.settled for line in stands.pairs), *(not line.settled for line in stands.theirs)]
    return stands.under_way or stands.to_say or any(waits)


def _reminders(case_id: uuid.UUID) -> list[tuple[Reminder, list[str]]]:
    return list(store.reminders(case_id, by=access.actor()).items())


def blocker(
    case: SeenCase, why: CaseRefused | GateClosed, words: Mapping[CaseRefusal, str] = CASE_REFUSED
) -> tuple[str, str]:
    """(what stops the closing, or with these `words` the erasing; the address where it is settled, empty for none)."""
    if isinstance(why, GateClosed):
        return CLOSED[why.reason], address(case.id, "child-gate")
    by = access.actor()
    settled = address(case.id, "stay")
    if why.reason is CaseRefusal.STAY_OPEN:
        current = stays.of_case(case.id, by=by).current
        settled = url_for("stay_endings.end_page", stay_id=current.id) if current else settled
    elif why.reason is CaseRefusal.MISSING:
        alarm = absences.of_case(case.id, by=by)
        settled = url_for("absences.end_page", missing_id=alarm.id) if alarm else settled
    elif why.reason in (CaseRefusal.NOT_COME, CaseRefusal.MISTAKEN):
        waits = referrals.waits_for_word(case.id, by=by)
        settled = url_for("referrals.show", referral_id=waits) if waits else address(case.id, "path")
    elif why.reason is CaseRefusal.REFERRAL_OPEN:
        settled = address(case.id, "path")
    elif why.reason is CaseRefusal.NOT_SAFE:
        settled = url_for("follow_ups.show", case_id=case.id)
    elif why.reason is CaseRefusal.PARKED:
        settled = url_for("cases.show", case_id=case.id)
    elif why.reason is CaseRefusal.NOTHING_TO_ERASE:
        settled = ""
    return words[why.reason], settled


def _where(case_id: uuid.UUID, reminder: Reminder) -> str:
    """Where it is settled."""
    parts = {
        Reminder.OWED: "path",
        Reminder.PERMIT_UNDECIDED: "permit",
        Reminder.PERMIT_RUNS: "permit",
        Reminder.IDENTIFICATION: "identification",
        Reminder.CLAIM: "claims",
        Reminder.CONSENT: "consent",
    }
    if reminder in parts:
        return address(case_id, parts[reminder])
    return url_for("data_requests.index" if reminder is Reminder.REQUEST else "accounts.members")


@blueprint.post("/cases/<uuid:case_id>/close")
@access.requires(Permission.STAY_MANAGE)
def close(case_id: uuid.UUID) -> Answer:
    """The answers, then the page that says what follows, then it is done."""
    by = access.actor()
    case = _held(case_id, "open", "closed")
    if case.status == "closed":
        return errors.error_page(409, CLOSED_ALREADY)
    form = _form(case_id)
    if actions.why_not_closed(case_id=case_id, by=by):
        return _close_page(case, form, 409)
    if not form.validate():
        return _close_page(case, form, 422)
    try:
        check_closing(agreed=form.follow_up.data == FollowUp.AGREED, stands=_is_agreed(case_id))
    except FollowUpRefused as error:
        form.follow_up.errors = [FOLLOW_UP_REFUSED[error.reason]]
        return _close_page(case, form, 422)
    if "back" in request.form:
        return _close_page(case, form)
    if form.step.data != "2":
        return _confirm_page(case, form)
    try:
        actions.close(
            case_id=case_id,
            by=by,
            answers=Answers(FollowUp(form.follow_up.data), Documents(form.documents.data), Debts(form.debts.data)),
            note=(form.note.data or "").replace("\r\n", "\n").strip(),
            open_steps=AtClosing(form.open_steps.data) if "open_steps" in form else AtClosing.KEPT,
        )
    except CaseRefused as error:
        return errors.error_page(409, CASE_REFUSED[error.reason])
    except FollowUpRefused as error:
        return errors.error_page(409, FOLLOW_UP_REFUSED[error.reason])
    except GateClosed as error:
        return errors.error_page(409, CLOSED[error.reason])
    return redirect(address(case_id, "closing"), 303)


def _confirm_page(case: SeenCase, form: CloseCaseForm) -> str:
    by = access.actor()
    return render_template(
        "shelter/closings/confirm.html",
        case=case,
        form=form,
        answers=[
            (form.follow_up.label.text, FOLLOW_UP_LABELS[FollowUp(form.follow_up.data)]),
            (form.documents.label.text, DOCUMENTS_LABELS[Documents(form.documents.data)]),
            (form.debts.label.text, DEBTS_LABELS[Debts(form.debts.data)]),
            *_of_steps(form),
        ],
        shares=cases.shares(case.id, by=by),
        kept=store.kept(case.id, by=by),
        labels=COMPARTMENT_LABELS,
        benefits=open_benefits.of_case(case.id),
        of_witness=_of_witness(case.id),
        not_safe=_is_not_safe(case.id),
    )


def _of_steps(form: CloseCaseForm) -> list[tuple[str, str]]:
    if "open_steps" not in form:
        return []
    return [(form.open_steps.label.text, AT_CLOSING_LABELS[AtClosing(form.open_steps.data)])]


@access.part_of_page
def summary(case_id: uuid.UUID) -> Part | None:
    """What a case page shows of closing: the history, and for a closed case the way to open it again."""
    by = access.actor()
    lines = store.history(case_id, by=by)
    if not lines:
        return None
    case = cases.case(case_id, by=by)
    closed = case.status == "closed"
    day = formats.day(lines[0].closed_on if closed else lines[0].reopened_on, current_language())
    return Part.rendered(
        "closing",
        gettext("Closing"),
        gettext("closed on %(day)s", day=day) if closed else gettext("opened again on %(day)s", day=day),
        "shelter/closings/summary.html",
        lines=lines,
        words=_words(),
        **(_reopening(case) if closed else {"case": case}),
    )


def _words() -> dict[str, object]:
    return {"way": WAY_LABELS, "follow_up": FOLLOW_UP_LABELS, "documents": DOCUMENTS_LABELS} | {
        "debts": DEBTS_LABELS,
        "reason": REASON_LABELS,
    }


def _reopening(case: SeenCase, form: ReopenCaseForm | None = None) -> dict[str, object]:
    """What the form that opens a case again needs."""
    by = access.actor()
    refused = store.why_not(case.id, by=by)
    return {
        "case": case,
        "reopen": form or ReopenCaseForm(),
        "refused": REFUSED[refused] if refused else "",
        "kept": store.kept(case.id, by=by),
        "labels": COMPARTMENT_LABELS,
        "may_reopen": by.may(Permission.STAY_MANAGE),
    }


@blueprint.get("/cases/<uuid:case_id>/reopen")
@access.requires(Permission.STAY_MANAGE)
def reopen_page(case_id: uuid.UUID) -> Answer:
    form = ReopenCaseForm(reason=str(ReopenReason.CAME_BACK) if "back" in request.args else None)
    case = _held(case_id, "open", "closed")
    if case.status == "open":
        return errors.error_page(409, OPEN_ALREADY)
    return render_template("shelter/closings/reopen.html", **_reopening(case, form))


@blueprint.post("/cases/<uuid:case_id>/reopen")
@access.requires(Permission.STAY_MANAGE)
def reopen(case_id: uuid.UUID) -> Answer:
    case = _held(case_id, "open", "closed")
    if case.status == "open":
        return errors.error_page(409, OPEN_ALREADY)
    form = ReopenCaseForm(request.form)
    if not form.validate():
        return render_template("shelter/closings/reopen.html", **_reopening(case, form)), 422
    reason = ReopenReason(form.reason.data)
    try:
        actions.reopen(case_id=case_id, reason=reason, by=access.actor())
    except ReopenRefused as error:
        return errors.error_page(409, REFUSED[error.reason])
    except CaseRefused as error:
        return errors.error_page(409, CASE_REFUSED[error.reason])
    if reason is ReopenReason.CAME_BACK and stays.of_case(case_id, by=access.actor()).may_admit:
        return redirect(url_for("stays.admit_page", case_id=case_id), 303)
    return redirect(address(case_id, "closing"), 303)


def _settled(case_id: uuid.UUID, owed: Owed, *, is_open: bool = False) -> Answer:
    _held(case_id, "closed")
    try:
        actions.settle(case_id=case_id, owed=owed, is_open=is_open, by=access.actor())
    except CaseRefused as error:
        return errors.error_page(409, CASE_REFUSED[error.reason])
    return redirect(address(case_id, "closing"), 303)


@blueprint.post("/cases/<uuid:case_id>/documents-given-back")
@access.requires(Permission.STAY_MANAGE)
def documents_given_back(case_id: uuid.UUID) -> Answer:
    """The person has the documents now that were still in the house when the case was closed."""
    return _settled(case_id, Owed.DOCUMENTS)


@blueprint.post("/cases/<uuid:case_id>/documents-still-here")
@access.requires(Permission.STAY_MANAGE)
def documents_still_here(case_id: uuid.UUID) -> Answer:
    """That they were given back was entered by mistake."""
    return _settled(case_id, Owed.DOCUMENTS, is_open=True)


@blueprint.post("/cases/<uuid:case_id>/debts-settled")
@access.requires(Permission.STAY_MANAGE)
def debts_settled(case_id: uuid.UUID) -> Answer:
    """Money and things that were open when the case was closed are not any more."""
    return _settled(case_id, Owed.DEBTS)


@blueprint.post("/cases/<uuid:case_id>/debts-still-open")
@access.requires(Permission.STAY_MANAGE)
def debts_still_open(case_id: uuid.UUID) -> Answer:
    """That nothing is open was entered by mistake."""
    return _settled(case_id, Owed.DEBTS, is_open=True)


@blueprint.get("/cases/closed")
@access.requires(Permission.STAY_MANAGE)
def index() -> str:
    """The closed cases that this organisation held last, by month."""
    by = access.actor()
    after = request.args.get("after", "")
    page = store.closed(by=by, after=after)
    touch = follow_up_ends.of_cases([line.id for line in page.rows], by=by)
    lately = [] if after else store.lately(by=by)
    return render_template(
        "shelter/closings/index.html", page=page, months=store.by_month(page.rows), touch=touch, lately=lately
    )


def of_missing_part() -> Markup:
    """The part of the duty desk's home page that says who was closed without being found."""
    lines = store.of_missing(by=access.actor())
    return Markup(render_template("shelter/closings/of_missing.html", lines=lines))  # noqa: S704 - a template of ours


@blueprint.get("/cases/returning")
@access.requires(Permission.STAY_MANAGE)
def returning_page() -> str:
    """Somebody comes back: the code of the case from then."""
    places.room(by=access.actor())  # only a shelter takes somebody in
    return render_template("shelter/closings/returning.html", form=FindCaseForm())


@blueprint.post("/cases/returning")
@access.requires(Permission.STAY_MANAGE)
def returning() -> Answer:
    places.room(by=access.actor())
    form = FindCaseForm(request.form)
    if form.validate():
        try:
            return _came_back(parse_pseudonym(form.code.data or ""))
        except MistypedPseudonym as error:
            form.code.errors = [MISTYPED[str(error)]]
        except NotVisible:
            form.code.errors = [NOT_HERE]
        except CaseRefused:
            form.code.errors = [STAYS_HERE]
    return render_template("shelter/closings/returning.html", form=form), 422


def _came_back(pseudonym: str) -> Answer:
    """To where the person is admitted again. Raises NotVisible for a case that was not held here last, CaseRefused."""
    by = access.actor()
    case = cases.case(cases.by_pseudonym(pseudonym, by=by), by=by)
    if case.relation is not CaseRelation.HOLDER:
        raise NotVisible
    if case.status == "closed":
        return redirect(url_for("closings.reopen_page", case_id=case.id, back=1), 303)
    found = stays.of_case(case.id, by=by)
    if found.current is not None:
        raise CaseRefused(CaseRefusal.STAY_OPEN)
    if found.may_admit:
        return redirect(url_for("stays.admit_page", case_id=case.id), 303)
    return redirect(url_for("cases.show", case_id=case.id), 303)
