"""The way from a post to the shelter: who has left and is promised until when, and who did not arrive."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import timedelta

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from forms import SelectChoice
from forms.referrals.referrals import (
    ESCORT_LABELS,
    DepartReferralForm,
    PromiseReferralForm,
)
from nrm import clock
from nrm.actions.referrals import referrals as actions
from nrm.domain.accounts.accounts import Permission
from nrm.domain.referrals.duty import PRESSED_WRONG_WITHIN
from nrm.domain.referrals.referrals import (
    NO_SHOW_AFTER,
    Escort,
    IllegalTransition,
    ReferralEvent,
    ReferralStatus,
    Relation,
    TransitionRefusal,
    actors_of,
    as_departed,
    escorts_for,
)
from nrm.domain.words import N_, Phrase
from nrm.store.referrals import meetings as meeting_store
from nrm.store.referrals import promises
from nrm.store.referrals import referrals as store
from nrm.store.referrals import transfers as transfer_store
from nrm.store.referrals.referrals import ReferralLine
from nrm.web import access, errors
from nrm.web.referrals import meetings, openers, refused_steps
from nrm.web.shelter.arrivals import not_awaited

blueprint = Blueprint("departures", __name__)
Answer = BaseResponse | tuple[str, int] | str

NOWHERE_TO_MEET = N_(
    "The shelter has not said where you meet. Have they really left? Otherwise call the duty desk first"
)
SAID_SINCE = N_(
    "The shelter has said since then who comes and where you meet. Read it above, and tell whoever escorts the person"
)
CHANGED_SINCE = N_(
    "The meeting place was changed after you opened this page: read it above, tell whoever escorts the person, and "
    "send again"
)
SAID_TO_ANOTHER = N_(
    "The shelter has said or changed the meeting place since then. Ask %(name)s, who alone sees it, to read it and to "
    "tell whoever escorts the person. Then send again",
    name="",
)
SAID_TO_NOBODY = N_(
    "The shelter has said or changed the meeting place since then, and nobody at this post can see it: call the duty "
    "desk. Then send again"
)
RECORDED_SINCE = N_(
    "Somebody recorded another departure since you loaded this page: it stands above. Send this only if it is right "
    "now."
)


@blueprint.get("/referrals/<uuid:referral_id>/depart")
@access.requires(Permission.REFERRAL_SEND, Permission.REFERRAL_DIRECT)
def depart_page(referral_id: uuid.UUID) -> Answer:
    if (over := _is_over(referral_id)) is not None:
        return over
    line = refused_steps.to_decide(referral_id, ReferralEvent.DEPART)
    form = form_of(line)
    if line.departed_at is not None:
        form.escort.data = line.escort
    return _depart_page(line, form)


def _is_over(referral_id: uuid.UUID) -> Answer | None:
    """What was recorded of somebody who is on the way no more, for who sent them; None while they are awaited."""
    line = store.referral(referral_id, by=access.actor())
    if line.relation not in (Relation.SENDER, Relation.DUTY_OFFICER) or line.status not in refused_steps.OVER:
        return None
    return errors.error_page(409, refused_steps.OVER[line.status])


def _depart_page(
    line: ReferralLine, form: DepartReferralForm, now: ReferralLine | None = None, unread: MeetingNow | None = None
) -> str:
    """`now`: what somebody recorded since the page was loaded, beside what this form says; `unread`: where they meet,
    which was said and nobody has read."""
    return render_template(
        "referrals/referrals/depart.html",
        line=line,
        form=form,
        moves=transfer_store.is_move(line),
        now=now,
        escorts=ESCORT_LABELS,
        meeting=meetings.section(line) if line.departed_at is None else "",
        unread=unread,
    )


def _says_the_same(line: ReferralLine, form: DepartReferralForm) -> bool:
    """Whether it was recorded just so some minutes ago."""
    if line.departed_at is None or line.expected_at is None or line.escort != form.escort.data:
        return False
    expected = clock.now() + timedelta(hours=int(form.expected.data))
    return abs(expected - line.expected_at) <= PRESSED_WRONG_WITHIN


@dataclass(frozen=True, slots=True)
class MeetingNow:
    """Where it stands of the meeting place before the post has let the person go. `mark`: empty before the shelter has
    said it; `read`: by who opens it; `shown`: on the page that is made now; `mine`: the asker opens it; `name`: else
    the colleague who does, empty if there is none."""

    mark: str = ""
    read: bool = False
    shown: bool = False
    mine: bool = False
    name: str = ""


def _meeting(line: ReferralLine) -> MeetingNow | None:
    """None after the departure, and for who is not of the post."""
    stand = meeting_store.stand(line) if line.departed_at is None else None
    if stand is None or not stand.sends:
        return None
    if not stand.said:
        return MeetingNow()
    by = access.actor()
    opens = openers.of(line)
    said = meeting_store.said_last(line, opens.id if opens is not None else None)
    mine = opens is not None and opens.id == by.member_id
    shown = mine and openers.is_open(line)
    return MeetingNow(said.mark, said.read, shown, mine, opens.name if opens is not None else "")


def form_of(line: ReferralLine) -> DepartReferralForm:
    """The form as a page of now shows it: what was recorded, and whether the shelter has said where it meets them."""
    return _form(line, _meeting(line))


def _form(line: ReferralLine, meeting: MeetingNow | None) -> DepartReferralForm:
    now = meeting if meeting is not None and request.method != "POST" else MeetingNow()
    seen = as_departed(line.departed_at, line.escort, line.expected_at)
    form = DepartReferralForm(request.form, seen=seen, met=now.mark, known=now.mark if now.shown else "")
    offered = escorts_for(line.gender)
    form.escort.choices = [SelectChoice(value=str(each), label=ESCORT_LABELS[each]) for each in offered]
    form.escort.description = (
        N_("Never a companion.")
        if len(offered) == len(Escort)
        else N_("A woman for a woman or girl; never a companion.")
    )
    return form


@blueprint.post("/referrals/<uuid:referral_id>/depart")
@access.requires(Permission.REFERRAL_SEND, Permission.REFERRAL_DIRECT)
def depart(referral_id: uuid.UUID) -> Answer:
    """The person is on the way."""
    if (over := _is_over(referral_id)) is not None:
        return over
    line = refused_steps.to_decide(referral_id, ReferralEvent.DEPART)
    meeting = _meeting(line)
    form = _form(line, meeting)
    if not form.validate():
        return _depart_page(line, form), 422
    if meeting is not None and (asked := _asked_of_meeting(line, form, meeting)) is not None:
        return asked
    try:
        actions.depart(
            referral_id=referral_id,
            escort=Escort(form.escort.data),
            expected_at=clock.now() + timedelta(hours=int(form.expected.data)),
            seen=form.seen.data or "",
            met=form.met.data if meeting is not None else None,
            by=access.actor(),
        )
    except IllegalTransition as error:
        if error.reason is TransitionRefusal.MEETING and (meeting := _meeting(line)) is not None:
            return _said_since(line, form, meeting)
        if error.reason is TransitionRefusal.TOO_LONG:
            form.expected.errors = [refused_steps.TOO_LONG]
            return _depart_page(line, form), 422
        if error.reason not in (TransitionRefusal.MISSING, TransitionRefusal.CHANGED):
            raise
        if error.reason is TransitionRefusal.MISSING:
            form.escort.errors = [refused_steps.MISSING]
            return _depart_page(line, form), 409
        line = store.referral(referral_id, by=access.actor())
        if _says_the_same(line, form):  # pressed twice, or sent again after *Back*: it was answered
            return redirect(url_for("referrals.show", referral_id=referral_id), 303)
        form.escort.errors = [RECORDED_SINCE]
        form.seen.data = as_departed(line.departed_at, line.escort, line.expected_at)
        return _depart_page(line, form, now=line), 409
    return redirect(url_for("referrals.show", referral_id=referral_id), 303)


def _asked_of_meeting(line: ReferralLine, form: DepartReferralForm, meeting: MeetingNow) -> Answer | None:
    """What is asked or said first of where they meet; None where the page knew it and it was read (ADR 0247)."""
    if not meeting.mark:
        form.met.data = ""
        if form.without.data:
            return None
        form.without.errors = [NOWHERE_TO_MEET]
        return _depart_page(line, form), 422
    if form.met.data != meeting.mark:
        return _said_since(line, form, meeting)
    if meeting.read or form.known.data == meeting.mark:
        return None
    form.known.data = meeting.mark
    return _depart_page(line, form, unread=meeting), 200


def _said_since(line: ReferralLine, form: DepartReferralForm, meeting: MeetingNow) -> Answer:
    """The page did not know where they meet now: it comes back as it was typed."""
    if meeting.mine:
        said: str | Phrase = CHANGED_SINCE if form.met.data else SAID_SINCE
    else:
        said = Phrase(SAID_TO_ANOTHER.message, {"name": meeting.name}) if meeting.name else SAID_TO_NOBODY
    form.met.data, form.known.data, form.without.data = meeting.mark, meeting.mark if meeting.shown else "", False
    form.escort.errors = [said]
    return _depart_page(line, form), 409


@blueprint.get("/referrals/<uuid:referral_id>/promise")
@access.requires(Permission.REFERRAL_SEND, Permission.REFERRAL_DIRECT)
def promise_page(referral_id: uuid.UUID) -> Answer:
    line = refused_steps.to_decide(referral_id, ReferralEvent.PROMISE)
    return _promise_page(line, PromiseReferralForm())


def _promise_page(line: ReferralLine, form: PromiseReferralForm, status: int = 200) -> Answer:
    if line.promise_denied and line.relation is not Relation.DUTY_OFFICER:
        return errors.error_page(409, refused_steps.PROMISE_DENIED)
    if store.was_promised_before(line.id, by=access.actor()):
        return errors.error_page(409, refused_steps.PROMISED_BEFORE)
    short = promises.is_short(line.case_id, by=access.actor())
    return render_template("referrals/referrals/promise.html", line=line, form=form, short=short), status


@blueprint.post("/referrals/<uuid:referral_id>/promise")
@access.requires(Permission.REFERRAL_SEND, Permission.REFERRAL_DIRECT)
def promise(referral_id: uuid.UUID) -> Answer:
    """They said yes by telephone."""
    line = refused_steps.to_decide(referral_id, ReferralEvent.PROMISE)
    form = PromiseReferralForm(request.form)
    if not form.validate():
        return _promise_page(line, form, 422)
    try:
        actions.promise(referral_id=referral_id, promised_by=(form.name.data or "").strip(), by=access.actor())
    except IllegalTransition as error:
        return refused_steps.conflict(error)
    return redirect(url_for("referrals.show", referral_id=referral_id), 303)


@blueprint.post("/referrals/<uuid:referral_id>/promise/back")
@access.requires(Permission.REFERRAL_SEND, Permission.REFERRAL_DIRECT)
def take_back_promise(referral_id: uuid.UUID) -> Answer:
    """Say some minutes after that nobody promised it, or that it was another person's."""
    try:
        actions.take_back_promise(referral_id=referral_id, by=access.actor())
    except IllegalTransition as error:
        return refused_steps.conflict(error)
    return redirect(url_for("referrals.show", referral_id=referral_id), 303)


@blueprint.post("/referrals/<uuid:referral_id>/promise/deny")
@access.requires(Permission.REFERRAL_DECIDE, Permission.REFERRAL_DIRECT)
def deny_promise(referral_id: uuid.UUID) -> Answer:
    """Say that one's own house promised nothing, or told the desk so, whoever wrote that down; pressed twice, it is
    said."""
    try:
        actions.deny_promise(referral_id=referral_id, by=access.actor())
    except IllegalTransition as error:
        if not store.referral(referral_id, by=access.actor()).promise_denied:
            return refused_steps.conflict(error)
    return redirect(url_for("referrals.show", referral_id=referral_id), 303)


@blueprint.get("/referrals/<uuid:referral_id>/not-arrived")
@access.requires(Permission.REFERRAL_DECIDE, Permission.REFERRAL_DIRECT)
def not_arrived_page(referral_id: uuid.UUID) -> Answer:
    return _not_arrived_page(referral_id)


def _not_arrived_page(referral_id: uuid.UUID, status: int = 200) -> Answer:
    line = store.referral(referral_id, by=access.actor())
    if line.relation not in actors_of(line.status, ReferralEvent.NOT_ARRIVE):
        return errors.error_page(409, not_awaited(referral_id))
    if transfer_store.is_before_leaving(line.id, by=access.actor()):
        return errors.error_page(409, refused_steps.STILL_THERE)
    early = _is_early(line)
    too_early = early and line.relation is not Relation.DUTY_OFFICER
    page = render_template(
        "referrals/referrals/not_arrived.html",
        line=line,
        early=early,
        too_early=too_early,
        not_left=_has_not_left(line),
        wrong=status == 422,
    )
    return page, status


def _has_not_left(line: ReferralLine) -> bool:
    """Whether the person is awaited from a post that has not said that they left."""
    return line.status is ReferralStatus.ACCEPTED and line.departed_at is None and meeting_store.of_post(line)


def _is_early(line: ReferralLine) -> bool:
    """Whether the duty desk would say so before the person can be late: it asks both sides first. The shelter is asked
    once more before the hour that was said; both are of whom no post has said that they left."""
    if _has_not_left(line):
        return True
    if line.relation is not Relation.DUTY_OFFICER:
        return line.expected_at is not None and clock.now() < line.expected_at
    awaited = line.expected_at or line.decided_at
    return awaited is not None and clock.now() < awaited + NO_SHOW_AFTER


@blueprint.post("/referrals/<uuid:referral_id>/not-arrived")
@access.requires(Permission.REFERRAL_DECIDE, Permission.REFERRAL_DIRECT)
def not_arrived(referral_id: uuid.UUID) -> Answer:
    if request.form.get("asked") != "y" and _is_early(store.referral(referral_id, by=access.actor())):
        return _not_arrived_page(referral_id, 422)
    try:
        actions.not_arrived(referral_id=referral_id, by=access.actor())
    except IllegalTransition as error:
        return errors.error_page(409, refused_steps.why_not(error) or not_awaited(referral_id))
    return redirect(url_for("referrals.show", referral_id=referral_id), 303)
