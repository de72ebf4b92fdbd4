"""The home pages of the desks: what waits for each of them, and nothing else."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from flask import Blueprint, g, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from forms.interviews.endings import ANSWER_LABELS, REASON_LABELS, ChildAnswerForm
from forms.referrals.referrals import STATUS_LABELS
from forms.shelter.cases import FindCaseForm
from nrm import clock
from nrm.actions.interviews import child_alerts as child_actions
from nrm.domain.accounts.accounts import OrganisationKind, Permission, Role
from nrm.domain.agreement.agreements import Desk
from nrm.domain.interviews.endings import LAST_WORDS, ChildAnswer, as_answered
from nrm.domain.quarters import Quarter
from nrm.domain.referrals.critical_path import numbers_of
from nrm.domain.referrals.referrals import IllegalTransition, TransitionRefusal
from nrm.domain.referrals.transfers import Stand
from nrm.store import days as calendar
from nrm.store.agreement import agreements
from nrm.store.countries import country
from nrm.store.interviews import child_alerts, family_notices, written_answers
from nrm.store.paging import Page
from nrm.store.referrals import children_sent, meetings, obligations, promises, referrals
from nrm.store.shelter import (
    absences,
    arrivals,
    away,
    cases,
    guardians,
    others_there,
    permits,
    places,
    stay_history,
    stays,
)
from nrm.web import access, home, telephones
from nrm.web.interviews import helpline, officer_home
from nrm.web.interviews import holds as hold_pages
from nrm.web.language import gettext
from nrm.web.referrals import announced_returns, answered_since, to_do
from nrm.web.reports import contributions
from nrm.web.shelter import ages, child_returns, corrections, findings, key_workers, missing_told, shifts
from nrm.web.shelter import away as away_pages
from nrm.web.shelter import permits as permit_pages
from nrm.web.shelter import places as place_pages
from nrm.web.support import hearings, threats

blueprint = Blueprint("desks", __name__)

SHOWN = 10
"""How many rows of each list a home page shows; a link "show more" leads to the rest."""


@dataclass(frozen=True, slots=True)
class DirectoryLine:
    """One desk of the directory. `now`: the number to dial first, then the others. `duty`: what it is to all others."""

    names: Mapping[str, str]
    hours: str
    is_open: bool
    now: str
    others: tuple[str, ...]
    duty: str = ""


@home.page(Role.CASE_WORKER, Role.SHELTER_MANAGER)
def shelter_home() -> str:
    """A shelter's; child protection's case workers have no places and get a desk."""
    by = access.actor()
    if by.kind is OrganisationKind.CHILD_PROTECTION:
        return desk_home()
    room = places.room(by=by)
    there = to_do.waiting(by=by, taken=room.taken)
    tasks = to_do.tasks(there, by=by)
    missing = absences.missing(by=by) if g.top.missing else []
    steps = key_workers.next_steps({line.case_id for line in missing}, tasks)
    mine = [step.task for step in steps[: key_workers.SHOWN]]
    now = [task for task in tasks if task not in mine and not task.is_folded]
    received = referrals.received(by=by, size=SHOWN)
    coming = referrals.coming(by=by, size=SHOWN) if g.top.coming else Page([], "")
    waiting = arrivals.waiting(by=by) if g.top.without_place else ()
    shown = to_do.beside(now, len(received.rows) + len(coming.rows) + len(waiting))
    moved = away.moved_late(there.away, by=by)
    seen = {step.person.case_id for step in steps} | {task.case_id for task in shown if task.case_id is not None}
    labels = shifts.labels(seen)
    return render_template(
        "home/shelter.html",
        threats=threats.home_part() if g.top.threats else "",
        missing=missing,
        left=absences.left(by=by) if g.top.left else (),
        struck=stay_history.struck_by_another(by=by) if g.top.missing else (),
        late=[line for line in there.away if line.late],
        moved=moved,
        told_lately=away_pages.told_part({each.line.id for each in moved}) if g.top.told_lately else "",
        permits_told=permit_pages.told_part() if g.top.permits_told else "",
        stays_ended=stays.ended_lately(by=by)[:SHOWN] if g.top.stays_ended else (),
        overdue=[line for line in there.moves if line.stand is Stand.OVERDUE],
        people=key_workers.home_part(steps, labels),
        part=contributions.waiting_part() if g.top.quarter else "",
        paid=by.may(Permission.PAYMENT_READ),
        room=room,
        tonight=place_pages.tonight(room),
        kept=places.kept_for(by=by) if g.top.kept else (),
        received=received,
        withdrawn=promises.withdrawn(by=by) if g.top.withdrawn_referrals else (),
        coming=coming,
        not_left={line.referral_id for line in there.moves if line.stand is Stand.TAKEN_BACK and not line.sends},
        no_place=meetings.left_without(coming.rows),
        waiting=waiting,
        ending=agreements.leaving(by=by),
        guardians=guardians.named_lately(by=by) if g.top.guardians else (),
        tasks=shown,
        today=calendar.today(),
        quarter=str(Quarter.of(calendar.today())),
        tomorrow=calendar.today() + timedelta(days=1),
        yesterday=calendar.today() - timedelta(days=1),
        more=len(tasks) + g.top.later - len(shown) - sum(task is not None for task in mine),
        labels=labels,
        form=FindCaseForm(),
    )


_HOURS_FIRST = (Role.HELPLINE_OPERATOR, Role.WITNESS_LIAISON)
"""What has an hour stands on top of their page; the desks of children and of permits have lists of their own there."""


@home.page(
    Role.TRP_OFFICER,
    Role.WITNESS_LIAISON,
    Role.CONSULAR_OFFICER,
    Role.HELPLINE_OPERATOR,
    Role.CHILD_PROTECTION_OFFICER,
)
def desk_home() -> str:
    """A desk that is told of people or asked to do something for them."""
    by = access.actor()
    consular = by.role is Role.CONSULAR_OFFICER
    of_children = by.kind is OrganisationKind.CHILD_PROTECTION
    old = obligations.number_old(by=by) + len(child_alerts.alerts(by=by, old=True)) if of_children else 0
    strikes, ends = findings.home_parts() if of_children else ("", "")
    if of_children and g.top.away_struck:
        waiting, seen = away_pages.struck_part()
        strikes, ends = strikes + waiting, ends + seen
    owed = obligations.owed(by=by, size=SHOWN, old=False if of_children else None)
    drafts, more_drafts = officer_home.own_drafts() if by.role is Role.HELPLINE_OPERATOR else ((), "")
    return render_template(
        "home/desk.html",
        drafts=drafts,
        more_drafts=more_drafts,
        threats=threats.home_part() if g.top.threats else "",
        age_words=ages.home_part() + corrections.mistakes_at_home() if g.top.ages else "",
        unseen=hold_pages.unseen_part() if by.role is Role.HELPLINE_OPERATOR else "",
        hearings=hearings.home_part() if by.role is Role.WITNESS_LIAISON else "",
        owed=owed,
        hours_first=by.role in _HOURS_FIRST and any(line.due_at is not None for line in owed.rows),
        old=old,
        child_strikes=strikes + findings.written_part() if of_children else strikes,
        child_ends=ends,
        telephoned=obligations.telephoned(by=by) if of_children else (),
        arrival_only=consular,
        part=contributions.waiting_part() if g.top.quarter else "",
        sent=referrals.sent(by=by, size=SHOWN) if by.role is Role.HELPLINE_OPERATOR else None,
        shared=None if consular or by.role is Role.HELPLINE_OPERATOR else cases.shared(by=by, size=SHOWN),
        statuses=STATUS_LABELS,
        new_id=uuid.uuid4() if by.role is Role.HELPLINE_OPERATOR else None,
        form=FindCaseForm(),
        alerts=child_alerts.alerts(by=by) if of_children else (),
        own_alerts=True,
        children_sent=children_sent.lines(by=by) if g.top.children_sent else (),
        families=family_notices.of_desk(by=by, size=SHOWN) if of_children else (),
        others=others_there.of_desk(by=by) if g.top.others else (),
        missing=absences.missing(by=by) if g.top.missing else (),
        ended=absences.ended(by=by) if g.top.missing else (),
        children_away=away.of_children(by=by) if g.top.away else (),
        desk_number=missing_told.number_of_desk() if g.top.away else "",
        left=absences.left(by=by) if g.top.left else (),
        child_reasons=REASON_LABELS,
        child_answers=ANSWER_LABELS,
        may_record=by.may(Permission.REQUEST_RECORD),
        notices=announced_returns.recorded_part() if by.may(Permission.NOTICE_ANNOUNCE) else "",
        told=missing_told.home_part(),
        calls=helpline.home_part() if by.may(Permission.CALL_RECORD) else "",
        returns=child_returns.waiting_part() if by.may(Permission.CHILD_RETURN_READ) else "",
        permits_told=permit_pages.told_part() if g.top.permits_told else "",
        permits=permit_pages.waiting_part(permits.desk(by=by)) if by.may(Permission.PERMIT_RECORD) else "",
    )


@blueprint.post("/children/<uuid:interview_id>/known")
@access.requires(Permission.OBLIGATION_ACKNOWLEDGE)
def child_known(interview_id: uuid.UUID) -> BaseResponse:
    """The child authority knows of a child at a post."""
    child_actions.acknowledge(interview_id=interview_id, by=access.actor())
    return redirect(url_for("home.index"), 303)


@blueprint.post("/children/<uuid:interview_id>/not-known")
@access.requires(Permission.OBLIGATION_ACKNOWLEDGE)
def child_not_known(interview_id: uuid.UUID) -> BaseResponse:
    """The child authority takes back, soon after, that it knows of a child at a post."""
    child_actions.take_back_known(interview_id=interview_id, by=access.actor())
    return redirect(url_for("home.index"), 303)


@blueprint.get("/children/<uuid:interview_id>/answer")
@access.requires(Permission.OBLIGATION_ACKNOWLEDGE)
def child_answer_page(interview_id: uuid.UUID) -> tuple[str, int]:
    """What the post thinks of a child, and the question what happens with the child; once answered, the answer."""
    line = child_alerts.of_desk(interview_id, by=access.actor())
    if (line.answer and not line.answerable) or (line.contradictable and "again" not in request.args):
        said_by = child_alerts.answered_by(line)
        return render_template(
            "referrals/referrals/child_answered.html",
            line=line,
            said_by=said_by,
            answers=ANSWER_LABELS,
            written=written_answers.of_child(interview_id, by=access.actor()),
            hours=country().retention.hold_hours,
            most=country().retention.child_word_hours,
            seen=as_answered(line.answer, line.answered_at),
        ), 200
    if not line.answerable:
        raise IllegalTransition(TransitionRefusal.STATE)
    return _answer_page(line, ChildAnswerForm().of(line.age_class), 200)


def _answer_page(line: child_alerts.AlertLine, form: ChildAnswerForm, status: int) -> tuple[str, int]:
    return render_template(
        "referrals/referrals/child_answer.html",
        line=line,
        form=form,
        reasons=REASON_LABELS,
        seen=as_answered(line.answer, line.answered_at),
    ), status


@blueprint.post("/children/<uuid:interview_id>/answer")
@access.requires(Permission.OBLIGATION_ACKNOWLEDGE)
def child_answer(interview_id: uuid.UUID) -> BaseResponse | tuple[str, int]:
    """Record it; what lets the post destroy the interview, or end its rules for a child, is repeated first."""
    by = access.actor()
    line = child_alerts.of_desk(interview_id, by=by)
    form = ChildAnswerForm(request.form).of(line.age_class)
    if not line.answerable:
        if line.answer and form.answer.data == line.answer:
            return redirect(url_for("desks.child_answer_page", interview_id=interview_id), 303)
        raise IllegalTransition(TransitionRefusal.STATE)
    if not form.validate():
        return _answer_page(line, form, 422)
    answer, seen = ChildAnswer(form.answer.data), request.form.get("seen", "")
    if seen != as_answered(line.answer, line.answered_at):
        return _answered_since(line, form, answer)
    if answer in LAST_WORDS and request.form.get("sure") != "yes":
        return render_template(
            "referrals/referrals/child_sure.html", line=line, answer=answer, answers=ANSWER_LABELS, seen=seen
        ), 200
    try:
        child_actions.answer_child(interview_id=interview_id, answer=answer, seen=seen, by=by)
    except IllegalTransition as refused:
        if refused.reason is not TransitionRefusal.CHANGED:
            raise
        return _answered_since(child_alerts.of_desk(interview_id, by=by), form, answer)
    return redirect(url_for("home.index"), 303)


def _answered_since(
    line: child_alerts.AlertLine, form: ChildAnswerForm, answer: ChildAnswer
) -> BaseResponse | tuple[str, int]:
    """An old page does not replace what was recorded since: its answer is asked for once more. One press of two that
    say the same is enough."""
    if line.answer == answer:
        return redirect(url_for("home.index"), 303)
    form.answer.errors = [answered_since.words(line.answer, line.answered_at, child_alerts.answered_by(line))]
    return _answer_page(line, form, 409)


@blueprint.post("/children/<uuid:interview_id>/confirm")
@access.requires(Permission.OBLIGATION_ACKNOWLEDGE)
def confirm(interview_id: uuid.UUID) -> BaseResponse:
    """The child authority did say what was written down as said by telephone. An old page leads to what holds now."""
    back = redirect(url_for("desks.child_answer_page", interview_id=interview_id), 303)
    try:
        child_actions.confirm(interview_id=interview_id, seen=request.form.get("seen", ""), by=access.actor())
    except IllegalTransition as refused:
        if refused.reason is not TransitionRefusal.CHANGED:
            raise
        return back
    return redirect(url_for("home.index"), 303)


@blueprint.get("/children/<uuid:interview_id>/contradict")
@access.requires(Permission.OBLIGATION_ACKNOWLEDGE)
def contradict_page(interview_id: uuid.UUID) -> str:
    """What follows when the child authority denies what was written down as said by telephone (ADR 0240)."""
    line = child_alerts.of_desk(interview_id, by=access.actor())
    if not line.contradictable:
        raise IllegalTransition(TransitionRefusal.STATE)
    said_by = child_alerts.answered_by(line)
    return render_template(
        "referrals/referrals/contradict.html",
        line=line,
        said_by=said_by,
        answers=ANSWER_LABELS,
        seen=as_answered(line.answer, line.answered_at),
    )


@blueprint.post("/children/<uuid:interview_id>/contradict")
@access.requires(Permission.OBLIGATION_ACKNOWLEDGE)
def contradict(interview_id: uuid.UUID) -> BaseResponse:
    """The child authority did not say what was written down as said by telephone."""
    try:
        child_actions.contradict(interview_id=interview_id, seen=request.form.get("seen"), by=access.actor())
    except IllegalTransition as refused:
        if refused.reason is not TransitionRefusal.CHANGED:
            raise  # an old page denies nothing of what was answered since: it leads there
    return redirect(url_for("desks.child_answer_page", interview_id=interview_id), 303)


@blueprint.get("/directory")
@access.requires(Permission.OBLIGATION_ACKNOWLEDGE)
def directory() -> str:
    """Every desk's telephone, for everybody who works at one."""
    return render_template("referrals/referrals/directory.html", directory=_directory())


def _directory() -> list[DirectoryLine]:
    """Every party once, with its hours and whether it is open now; the crossing points are one party with one
    number."""
    agreement = country().in_force(clock.now())
    local = agreement.local(clock.now())
    lines = []
    seen: set[str] = set()
    for each in referrals.directory(by=access.actor()):
        if each.party and each.party in seen:
            continue
        seen.add(each.party)
        party = agreement.parties.get(each.party)
        if party is None:
            lines.append(DirectoryLine(each.names, "", True, each.telephone, ()))
            continue
        posts = each.kind == OrganisationKind.BORDER_POLICE
        numbers = numbers_of(party, local)
        names = dict(party.names) if posts else each.names
        lines.append(DirectoryLine(names, _hours(party.desk), party.desk.is_open(local), numbers[0], numbers[1:]))
    office = country().organisations[telephones.coordinator_office()].names
    return [*lines, *(DirectoryLine(office, "", True, each.number, (), each.name) for each in telephones.coordinator())]


def _hours(desk: Desk) -> str:
    around = desk.opens == desk.closes
    hours = gettext("day and night") if around else f"{desk.opens:%H:%M}–{desk.closes:%H:%M}"
    if around and not desk.weekends:
        return gettext("day and night from Monday to Friday, not at weekends")
    return hours if desk.weekends else hours + ", " + gettext("not at weekends")
