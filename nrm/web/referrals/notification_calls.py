"""Telling somebody by telephone: the numbers in the order of the directory, and what came of each call."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from forms import SelectChoice
from forms.interviews.endings import ChildCallForm
from forms.referrals.notification_calls import ANSWERED, MINUTES_AGO, CallForm
from nrm import clock
from nrm.actions.interviews import child_alerts as child_actions
from nrm.actions.referrals import notification_calls as actions
from nrm.domain.accounts.accounts import NotVisible, Permission
from nrm.domain.interviews.endings import CHILD_ROUTE, FINAL, as_answered
from nrm.domain.presses import id_of
from nrm.domain.referrals.notification_calls import CallRefusal, CallRefused, MadeCall, may_be_at, next_number
from nrm.domain.referrals.referrals import IllegalTransition, TransitionRefusal
from nrm.domain.words import N_, Phrase
from nrm.store import names
from nrm.store.interviews import child_alerts, family_notices
from nrm.store.interviews.child_alerts import AlertLine
from nrm.store.referrals import notification_calls as store
from nrm.store.referrals import obligations
from nrm.store.referrals.notification_calls import NumberLine, WrittenCall
from nrm.web import access, errors, formats, telephones
from nrm.web.language import current_language, gettext, text_in
from nrm.web.referrals import answered_since

blueprint = Blueprint("notification_calls", __name__)
Answer = BaseResponse | tuple[str, int] | str
DENIED = N_("They say that nobody told them: it counts once they say themselves that they know, or the duty desk calls")
WITH_A_SHELTER = N_(
    "Nothing is recorded: a shelter has accepted meanwhile, and whoever is told now is told by the duty desk. Call it, "
    "%(desk)s, and say whom you called and who answered.",
    desk="",
)
TYPED = N_(
    "Nothing is recorded: a shelter has accepted meanwhile, and whoever is told now is told by the duty desk. Call it, "
    "%(desk)s, and say whom you called and who answered. You typed: %(typed)s",
    desk="",
    typed="",
)
DENIED_TO_DESK = N_("They say that nobody told them: ask for a name, and write down who answers")


@dataclass(frozen=True, slots=True)
class Subject:
    """What somebody is told of by telephone: the `code` of its case, if there is one yet, whom to call, from when on
    there is something to tell (None: long ago), the call that is `denied`, `why` the child authority is asked, whether
    the interview was `sent`, and whether the post alone says 18 or over (`doubted`). `desk`: the call that reached the
    duty desk in place of the party; `is_child`: whether it is about a child."""

    code: str
    numbers: list[NumberLine]
    since: datetime | None
    denied: WrittenCall | None = None
    why: str = ""
    sent: bool = False
    doubted: bool = False
    seen: str | None = None  # of an answer about a child: the one that stands, for the form
    desk: WrittenCall | None = None
    is_child: bool = True
    post: Mapping[str, str] = field(default_factory=dict)  # with the age and the hour: what is said to whom is called
    age_class: str = ""
    ages: Sequence[int] = ()

    @property
    def in_vain(self) -> bool:
        """Whether the asker records only calls that nobody answered: a post whose call was denied (ADR 0228)."""
        return self.denied is not None and not access.actor().may(Permission.REFERRAL_DIRECT)


@blueprint.get("/obligations/<uuid:obligation_id>/call")
@access.requires(Permission.REFERRAL_SEND, Permission.REFERRAL_DIRECT)
def obligation_page(obligation_id: uuid.UUID) -> Answer:
    """Whom to call so that a party knows what it has to know."""
    try:
        return _call_page(_of_obligation(obligation_id), CallForm())
    except NotVisible:
        return _with_a_shelter(obligation_id)


def _of_obligation(obligation_id: uuid.UUID) -> Subject:
    """Raises NotVisible, IllegalTransition."""
    found = store.of_obligation(obligation_id, by=access.actor())
    if found.is_done:
        raise IllegalTransition(TransitionRefusal.STATE)
    told = Subject(found.code, found.numbers, found.since, found.denied, desk=found.desk, is_child=found.is_child)
    return replace(told, post=found.post, age_class=found.age_class)


@blueprint.post("/obligations/<uuid:obligation_id>/call")
@access.requires(Permission.REFERRAL_SEND, Permission.REFERRAL_DIRECT)
def tell(obligation_id: uuid.UUID) -> Answer:
    again = url_for("notification_calls.obligation_page", obligation_id=obligation_id)
    try:
        return _record(_of_obligation(obligation_id), partial(actions.tell, obligation_id=obligation_id), again)
    except (IllegalTransition, NotVisible) as refused:
        if not obligations.called_lately(obligation_id, by=access.actor()):
            if isinstance(refused, NotVisible):
                return _with_a_shelter(obligation_id)
            raise
        return redirect(url_for("home.index"), 303)  # pressed twice: the home page says what was recorded (ADR 0223)


def _with_a_shelter(obligation_id: uuid.UUID) -> Answer:
    """A shelter accepted while the post was on the telephone: where the call is recorded now, and what was typed.
    Raises NotVisible of whom the post did not send."""
    if not store.is_with_a_shelter(obligation_id, by=access.actor()):
        raise NotVisible
    fields = (request.form.get(name, "").strip()[:100] for name in ("name", "number"))
    values = {"desk": telephones.duty_desk(), "typed": ", ".join(each for each in fields if each)}
    return errors.error_page(409, Phrase((TYPED if values["typed"] else WITH_A_SHELTER).message, values))


@blueprint.post("/obligations/<uuid:obligation_id>/call/back")
@access.requires(Permission.REFERRAL_SEND, Permission.REFERRAL_DIRECT)
def take_back(obligation_id: uuid.UUID) -> Answer:
    """Nobody was told: the call was pressed by mistake, some minutes ago. Pressed twice, it is taken back."""
    by = access.actor()
    try:
        actions.take_back(obligation_id=obligation_id, by=by)
    except NotVisible:
        if not obligations.taken_back_lately(obligation_id, by=by):
            raise
    return redirect(url_for("home.index"), 303)  # ADR 0223


@blueprint.get("/children/<uuid:interview_id>/call")
@access.requires(Permission.REFERRAL_DIRECT)
def child_page(interview_id: uuid.UUID) -> Answer:
    """Whom to call about a child at a post; once the child authority knows, who said so and when."""
    by = access.actor()
    alert = _of_child(interview_id)
    if alert.done_at is not None:
        return render_template("referrals/notification_calls/known_of_child.html", line=alert, by_id=by.member_id)
    return _call_page(_told_of(alert), CallForm())


def _told_of(alert: AlertLine) -> Subject:
    told = Subject("", store.of_child(alert, by=access.actor()), alert.told_at, doubted=alert.doubted)
    return replace(told, post=alert.post, age_class=alert.age_class)


def _of_child(interview_id: uuid.UUID) -> AlertLine:
    alert = child_alerts.of_duty(interview_id, by=access.actor())
    if alert.withdrawn_why:
        raise IllegalTransition(TransitionRefusal.STATE)
    return alert


@blueprint.post("/children/<uuid:interview_id>/call")
@access.requires(Permission.REFERRAL_DIRECT)
def tell_of_child(interview_id: uuid.UUID) -> Answer:
    alert = _of_child(interview_id)
    again = url_for("notification_calls.child_page", interview_id=interview_id)
    if alert.done_at is not None:  # pressed twice, or a colleague was faster: the page says who, and when
        return redirect(again, 303)
    return _record(_told_of(alert), partial(actions.tell_of_child, interview_id=interview_id), again)


@blueprint.post("/children/<uuid:interview_id>/call/back")
@access.requires(Permission.REFERRAL_DIRECT)
def take_back_of_child(interview_id: uuid.UUID) -> Answer:
    """Nobody answered: it was pressed by mistake."""
    child_actions.take_back_known(interview_id=interview_id, by=access.actor())
    return redirect(url_for("home.index"), 303)


@blueprint.get("/family-notices/<uuid:family_id>/call")
@access.requires(Permission.REFERRAL_DIRECT)
def family_page(family_id: uuid.UUID) -> Answer:
    """Whom to call about children with their own parent, of whom the child authority has not seen the notice."""
    return _call_page(_of_family(family_id), CallForm())


def _of_family(family_id: uuid.UUID) -> Subject:
    """Raises NotVisible."""
    notice, numbers = store.of_family(family_id, by=access.actor())
    return Subject("", numbers, notice.told_at, post=names.organisation(notice.organisation_id).names, ages=notice.ages)


@blueprint.post("/family-notices/<uuid:family_id>/call")
@access.requires(Permission.REFERRAL_DIRECT)
def tell_of_family(family_id: uuid.UUID) -> Answer:
    try:
        subject = _of_family(family_id)
    except NotVisible:
        if not family_notices.called_lately(by=access.actor(), family_id=family_id):
            raise
        return redirect(url_for("home.index"), 303)  # pressed twice, as in `tell`
    again = url_for("notification_calls.family_page", family_id=family_id)
    return _record(subject, partial(actions.tell_of_family, family_id=family_id), again)


@blueprint.post("/family-notices/<uuid:family_id>/call/back")
@access.requires(Permission.REFERRAL_DIRECT)
def take_back_of_family(family_id: uuid.UUID) -> Answer:
    """As `take_back`, of a family notice."""
    by = access.actor()
    try:
        actions.take_back_of_family(family_id=family_id, by=by)
    except NotVisible:
        if not family_notices.taken_back_lately(family_id, by=by):
            raise
    return redirect(url_for("home.index"), 303)


@blueprint.get("/children/<uuid:interview_id>/answer/call")
@access.requires(Permission.REFERRAL_DIRECT, Permission.INTERVIEW_CONDUCT)
def child_answer_page(interview_id: uuid.UUID) -> Answer:
    """Whom to ask what happens with a child at a post, and what they said: for the duty desk, and the post itself."""
    subject, age_class = _of_answer(interview_id)
    return _call_page(subject, ChildCallForm().of(age_class))


def _of_answer(interview_id: uuid.UUID) -> tuple[Subject, str]:
    """(whom to call, the age class whose answers are offered: that of a child where the post itself records it)."""
    by = access.actor()
    alert, numbers, denied, sent = store.of_answer(interview_id, by=by)
    if alert.opinion_at is None or alert.answer in list(FINAL) or alert.withdrawn_at is not None:
        raise IllegalTransition(TransitionRefusal.STATE)
    of_desk = by.may(Permission.REFERRAL_DIRECT)
    offered = alert.age_class if of_desk else CHILD_ROUTE[0]
    doubted = of_desk and child_alerts.is_doubted(interview_id, by=by)
    seen = as_answered(alert.answer, alert.answered_at)
    told = Subject("", numbers, alert.told_at, denied, alert.opinion_why, sent, doubted, seen)
    return replace(told, post=names.organisation(alert.organisation_id).names, age_class=alert.age_class), offered


@blueprint.post("/children/<uuid:interview_id>/answer/call")
@access.requires(Permission.REFERRAL_DIRECT, Permission.INTERVIEW_CONDUCT)
def child_answer(interview_id: uuid.UUID) -> Answer:
    try:
        subject, age_class = _of_answer(interview_id)
    except IllegalTransition:
        answer, _, name = store.answered(interview_id, by=access.actor())
        if (answer, name) != (request.form.get("decision"), request.form.get("name", "").strip()):
            raise
        return redirect(url_for("home.index"), 303)  # pressed twice (ADR 0223)
    again = url_for("notification_calls.child_answer_page", interview_id=interview_id)
    form = ChildCallForm(request.form).of(age_class)
    decision, seen = str(form.decision.data or ""), request.form.get("seen", "")
    action = partial(actions.answer_for_child, interview_id=interview_id, decision=decision, seen=seen)
    try:
        return _record(subject, action, again, form)
    except IllegalTransition as refused:
        if refused.reason is not TransitionRefusal.CHANGED:
            raise
    return _answered_since(interview_id, form, decision)


def _answered_since(interview_id: uuid.UUID, form: ChildCallForm, decision: str) -> Answer:
    """An old page does not replace what was recorded since: its answer is asked for once more. One press of two that
    say the same is enough."""
    answer, at, name = store.answered(interview_id, by=access.actor())
    if answer == decision:
        return redirect(url_for("home.index"), 303)
    form.decision.errors = [answered_since.words(answer, at, name)]
    return _call_page(_of_answer(interview_id)[0], form, 409)


def _record(subject: Subject, action: Callable[..., bool], again: str, form: CallForm | None = None) -> Answer:
    form = form or CallForm(request.form)
    _offer(form, subject)
    early = form.when.data in map(str, MINUTES_AGO) and not _is_offered(int(form.when.data), subject)
    tells = subject.in_vain and form.answer.data == ANSWERED
    if not form.validate() or tells:
        if early:
            form.when.errors = [_too_early(subject)]
        if tells:
            form.answer.errors = [DENIED]
        return _call_page(subject, form, 422)
    by, name = access.actor(), (form.name.data or "").strip()
    assert by.member_id is not None
    try:
        call = MadeCall(
            form.number.data,
            name,
            form.answer.data == ANSWERED,
            clock.now() - timedelta(minutes=int(form.when.data)),
            id_of(by.member_id, form.press, form.number.data, form.answer.data, name, form.when.data),
        )
        told = action(call=call, by=by)
    except CallRefused as error:
        if error.reason is CallRefusal.EARLY:  # told anew meanwhile
            form.when.errors = [_too_early(subject)]
        elif error.reason is CallRefusal.DENIED:
            form.answer.errors = [DENIED]
        else:  # the directory changed meanwhile
            form.number.errors = [N_("Choose the number you called")]
        return _call_page(subject, form, 422)
    return redirect(url_for("home.index") if told else again, 303)


def _is_offered(minutes: int, subject: Subject) -> bool:
    return may_be_at(clock.now() - timedelta(minutes=minutes), subject.since)


def _too_early(subject: Subject) -> str:
    assert subject.since is not None
    since = formats.moment(subject.since, current_language())
    return gettext("Choose a time from %(moment)s on: before that there was nothing to tell", moment=since)


def _offer(form: CallForm, subject: Subject) -> None:
    if subject.in_vain:
        form.offer_in_vain()
    form.number.choices = [
        SelectChoice(
            value=each.telephone,
            label=f"{text_in(each.names)}: {each.telephone}",
            render_kw={"hint": _hint(each)},
        )
        for each in subject.numbers
    ]
    offered = [minutes for minutes in MINUTES_AGO if _is_offered(minutes, subject)]
    form.offer_hours(offered)
    if len(offered) < len(MINUTES_AGO):
        form.when.description = _too_early(subject)


def _hint(line: NumberLine) -> str:
    if line.unanswered_at:
        return N_("No answer so far")
    if line.of_desk and not access.actor().may(Permission.REFERRAL_DIRECT):
        return N_("The last one to call. It goes on calling; nobody else is told by it.")
    return ""


def _tried_at(line: NumberLine) -> datetime:
    assert line.unanswered_at is not None
    return line.unanswered_at


def _call_page(subject: Subject, form: CallForm, status: int = 200) -> tuple[str, int]:
    numbers = subject.numbers
    form.once.data = str(form.press)
    _offer(form, subject)
    first = next_number(
        [each.telephone for each in numbers], [each.telephone for each in numbers if each.unanswered_at]
    )
    following = next((each for each in numbers if each.telephone == first), None)
    of_desk = access.actor().may(Permission.REFERRAL_DIRECT)
    page = render_template(
        "referrals/notification_calls/call.html",
        code=subject.code,
        following=following,
        tried=max((each for each in numbers if each.unanswered_at), key=_tried_at, default=None),
        denied=subject.denied,
        why=subject.why,
        sent=subject.sent,
        doubted=subject.doubted,
        denial=DENIED_TO_DESK if of_desk else DENIED,
        in_vain=subject.in_vain,
        desk=subject.desk,
        is_child=subject.is_child,
        of_desk=of_desk,
        form=form,
        seen=subject.seen,
        post=subject.post,
        age_class=subject.age_class,
        ages=subject.ages,
        since=subject.since,
    )
    return page, status
