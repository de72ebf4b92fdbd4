"""Arrival and admission on one page, who has arrived and has no place yet, and taking a wrong arrival back."""

from __future__ import annotations

import uuid
from datetime import date

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from forms import SelectChoice
from forms.days import chosen_day, planned_day
from forms.shelter.cases import CASE_REFUSED
from forms.shelter.corrections import CORRECTION_REFUSED, TakeBackForm
from forms.shelter.stays import NO_PLACE, ArrivalForm
from nrm import clock
from nrm.actions.referrals import mistakes as mistake_actions
from nrm.actions.referrals import referrals as referral_actions
from nrm.actions.shelter import corrections
from nrm.actions.shelter import stays as stay_actions
from nrm.domain.accounts.accounts import Permission
from nrm.domain.hours import on_day
from nrm.domain.referrals.referrals import (
    IllegalTransition,
    ReferralEvent,
    ReferralStatus,
    Relation,
    actors_of,
    is_too_soon,
)
from nrm.domain.shelter.cases import CaseRefused
from nrm.domain.shelter.corrections import CorrectionRefused, Why
from nrm.domain.shelter.places import may_be_with_mother
from nrm.domain.shelter.stays import ImpossibleStay
from nrm.domain.words import N_, Moment, Phrase
from nrm.steps.shelter.arrivals import Admission, Told
from nrm.store import days as calendar
from nrm.store.countries import country
from nrm.store.referrals import meetings, mistakes, obligations, referrals, transfers
from nrm.store.shelter import stays as store
from nrm.web import access, errors
from nrm.web.formats import day as day_in_words
from nrm.web.formats import moment
from nrm.web.language import current_language, gettext
from nrm.web.referrals.refused_steps import OVER, why_not
from nrm.web.shelter.stays import chosen_place, is_how_it_began, mark_impossible, offer_places

Answer = Response | str | tuple[str, int]

blueprint = Blueprint("arrivals", __name__)

NOT_YET = N_("This hour of today has not come yet: enter the hour of arrival, or choose the day before")
NOT_SENT = N_("The referral was sent on %(moment)s, after this hour: is it right?", moment="")
BEFORE_LEAVING = N_("They left on %(moment)s, as was recorded: is this hour right?", moment="")
NOT_LEFT = N_("The post has not said that they left: is it this person who stands before you?")
TOO_SOON = N_(
    "They left on %(left)s and are expected on %(expected)s: is it this person who stands before you?",
    left="",
    expected="",
)
MOVE_NOT_LEFT = N_("The other shelter has not said that the person left: is it this person who stands before you?")
ALARM_ENDS = N_(
    "The alarm that this person is missing ends with it. Have you seen the person yourself, and is it the right code?"
)
NOT_AWAITED = N_("This person is not awaited any more: the arrival was recorded, or it was said that nobody came.")
NOT_ACCEPTED = N_("Nobody has accepted this person yet. The referral is answered first; then the arrival is recorded.")
NOT_COME_SINCE = N_(
    "Nothing is recorded: after this page was opened %(name)s recorded on %(moment)s that the person did not arrive. "
    "Is it this person who stands before you? Then press once more.",
    name="",
    moment="",
)
MISTAKEN_SINCE = N_(
    "Nothing is recorded: after this page was opened %(name)s recorded on %(moment)s that the person was accepted by "
    "mistake. Is the person here after all? Then press once more.",
    name="",
    moment="",
)
BACK_SINCE = N_(
    "Nothing is recorded: this arrival was taken back by %(name)s on %(moment)s, after the page was opened. Is the "
    "person there? Then open the page again.",
    name="",
    moment="",
)


@blueprint.get("/referrals/<uuid:referral_id>/arrival")
@access.requires(Permission.REFERRAL_DECIDE)
def arrive_page(referral_id: uuid.UUID) -> Answer:
    line = _awaited(referral_id)
    if line is None:
        return errors.error_page(409, not_awaited(referral_id))
    form, back = _form(line, empty=True), referrals.arrival_taken_back(line, by=access.actor())
    form.seen.data = back.mark if back is not None else ""
    form.stood.data = str(line.status)
    return _page(line, form)


def not_awaited(referral_id: uuid.UUID) -> str:
    """Why somebody is not awaited, for who may know of the referral; raises NotVisible."""
    status = referrals.referral(referral_id, by=access.actor()).status
    return NOT_ACCEPTED if status is ReferralStatus.SENT else OVER.get(status, NOT_AWAITED)


def _awaited(referral_id: uuid.UUID) -> referrals.ReferralLine | None:
    """A referral whose person is awaited, did not come, or arrived and was not admitted yet; raises NotVisible."""
    by = access.actor()
    line = referrals.referral(referral_id, by=by)
    if line.relation in actors_of(line.status, ReferralEvent.ARRIVE):
        gone = line.status is not ReferralStatus.ACCEPTED and not referrals.has_not_come(line)
        return None if gone else line
    there = line.status is ReferralStatus.ARRIVED and store.of_case(line.case_id, by=by).may_admit
    return line if there else None


def _form(line: referrals.ReferralLine, *, empty: bool = False) -> ArrivalForm:
    form = ArrivalForm(None if empty else request.form)
    person = store.held_case(line.case_id, by=access.actor())
    small = may_be_with_mother(age_class=person.age_class, age_band=person.age_band)
    offer_places(form, for_case=line.case_id, small_child=small)
    if line.status is not ReferralStatus.ARRIVED:
        none = SelectChoice(value=NO_PLACE, label=N_("No place yet: the person has arrived and waits"))
        form.bed.choices = [*(form.bed.choices or ()), none]
    return form


def _page(line: referrals.ReferralLine, form: ArrivalForm, status: int = 200) -> Answer:
    return render_template(
        "shelter/arrivals/arrive.html",
        line=line,
        form=form,
        adult=line.age_class == "adult",
        children=obligations.children_announced(line),
        door=transfers.at_the_door(line, by=access.actor()),
    ), status


@blueprint.post("/referrals/<uuid:referral_id>/arrival")
@access.requires(Permission.REFERRAL_DECIDE)
def arrive(referral_id: uuid.UUID) -> Answer:
    """Both acts in one: if the place is refused nothing is recorded, and the form comes back as it was typed."""
    try:
        answer = _arrive(referral_id)
    except IllegalTransition:
        if (recorded := _recorded(referral_id)) is None:
            raise
        return recorded
    return answer if isinstance(answer, Response) else _recorded(referral_id) or answer


def _recorded(referral_id: uuid.UUID) -> Response | None:
    """What was answered to the first of two presses: the person is there, and whoever presses said so a moment ago
    (ADR 0223)."""
    by = access.actor()
    line = referrals.referral(referral_id, by=by)
    if not referrals.recorded_arrival(line, by=by):
        return None
    form = ArrivalForm(request.form)
    begun = store.begun_by_me(line.case_id, by=by)
    if begun is not None:
        same = is_how_it_began(form, begun)
        return redirect(url_for("stays.show", stay_id=begun.id, did="arrived"), 303) if same else None
    form.bed.choices = [SelectChoice(value=NO_PLACE, label="")]
    return redirect(url_for("cases.show", case_id=line.case_id), 303) if form.validate() else None


def _arrive(referral_id: uuid.UUID) -> Answer:
    by = access.actor()
    line = _awaited(referral_id)
    if line is None:
        return errors.error_page(409, not_awaited(referral_id))
    form, back = _form(line), referrals.arrival_taken_back(line, by=by)
    if back is not None and form.seen.data != back.mark:  # sent from a page of before (ADR 0232)
        values = {"name": back.name, "moment": Moment.of(back.at)}
        return errors.error_page(409, Phrase(BACK_SINCE.message, values))
    if referrals.has_not_come(line) and form.stood.data == ReferralStatus.ACCEPTED:
        return _said_since(line, form)
    if not form.validate():
        return _page(line, form, 422)
    arrived_on = chosen_day(form.admitted, form.admitted_day, calendar.today())
    if arrived_on > calendar.today():
        form.admitted_day.errors = [N_("Enter a day that is not in the future")]
        return _page(line, form, 422)
    if arrived_on == calendar.today() and _is_to_come(form.hour.data or ""):
        form.hour.errors = [NOT_YET]
        return _page(line, form, 422)
    if not _fits_way(line, form, arrived_on):
        return _page(line, form, 422)
    if not form.is_here.data and (doubt := _doubt(line)) is not None:
        form.is_here.errors = [doubt]
        return _page(line, form, 422)
    try:
        _record(line, form, arrived_on)
    except ImpossibleStay as error:
        return _page(line, form, mark_impossible(form, error))
    except CaseRefused as error:
        return errors.error_page(409, CASE_REFUSED[error.reason])
    current = store.of_case(line.case_id, by=by).current
    if current is None:
        return redirect(url_for("cases.show", case_id=line.case_id), 303)
    return redirect(url_for("stays.show", stay_id=current.id, did="arrived"), 303)


def _fits_way(line: referrals.ReferralLine, form: ArrivalForm, arrived_on: date) -> bool:
    """Whether the hour that was told is not before the sending, nor before the departure, unless that was asked: what
    was written on paper first is typed in later. Of who arrived before, only the quarter of both is left."""
    if not form.hour.data or line.quarter or form.sooner.data:
        return True
    at = on_day(form.hour.data, arrived_on, country().timezone)
    for recorded, words in ((line.sent_at, NOT_SENT), (line.departed_at, BEFORE_LEAVING)):
        if recorded is not None and at < recorded.replace(second=0, microsecond=0):
            form.hour.errors = [Phrase(words.message, {"moment": Moment.of(recorded)})]
            form.sooner.errors = [N_("Is the hour right? Then tick it")]
            return False
    return True


def _said_since(line: referrals.ReferralLine, form: ArrivalForm) -> Answer:
    """A page that awaited somebody does not undo what was recorded since: it comes back with what that was, and one
    more press says that the person is here after all (ADR 0238)."""
    said = referrals.said_not_to_come(line, by=access.actor())
    values = {
        "name": said.name if said is not None else "",
        "moment": moment(said.at if said is not None else None, current_language()),
    }
    question = MISTAKEN_SINCE if line.status is ReferralStatus.MISTAKEN else NOT_COME_SINCE
    form.stood.data = str(line.status)
    form.bed.errors = [Phrase(question.message, values)]
    return _page(line, form, 409)


def _doubt(line: referrals.ReferralLine) -> str | Phrase | None:
    """Why it may be somebody else: an alarm runs that the person is missing, the shelter from which the person moves
    has not said that they left (ADR 0261), or the person is awaited from a post that has not said so, or too soon after
    it said so for the way (ADR 0254)."""
    door = transfers.at_the_door(line, by=access.actor())
    if door.missing_since is not None:
        return ALARM_ENDS
    if door.not_left:
        return MOVE_NOT_LEFT
    if line.status is not ReferralStatus.ACCEPTED or not meetings.of_post(line):
        return None
    if line.departed_at is None:
        return NOT_LEFT
    if line.expected_at is None or not is_too_soon(line.departed_at, line.expected_at, clock.now()):
        return None
    return Phrase(TOO_SOON.message, {"left": Moment.of(line.departed_at), "expected": Moment.of(line.expected_at)})


def _is_to_come(hour: str) -> bool:
    """Whether this hour of today (3:10) is after now; no for an empty one."""
    if not hour:
        return False
    hours, minutes = hour.replace(".", ":").split(":")
    now = clock.now().astimezone(country().timezone)
    return (int(hours), int(minutes)) > (now.hour, now.minute)


def _record(line: referrals.ReferralLine, form: ArrivalForm, arrived_on: date) -> None:
    """The arrival, unless it is recorded already; the admission, if a place was chosen; and what was told."""
    by, told = access.actor(), _told(form, arrived_on)
    admission = None
    if form.has_place:
        chosen = chosen_place(form)
        planned = planned_day(form.planned, form.planned_day, arrived_on)
        admission = Admission(chosen.place_id, chosen.with_stay_id, arrived_on, planned)
    if line.status is not ReferralStatus.ARRIVED:
        referral_actions.arrive(referral_id=line.id, admission=admission, told=told, by=by)
    elif admission is not None:
        stay_actions.admit(
            case_id=line.case_id,
            place_id=admission.place_id,
            with_stay_id=admission.with_stay_id,
            admitted_on=admission.admitted_on,
            anticipated_end_on=admission.anticipated_end_on,
            told=told,
            by=by,
        )


def _told(form: ArrivalForm, arrived_on: date) -> Told:
    note = ""
    if form.hour.data:
        on = day_in_words(arrived_on.isoformat(), current_language())
        note = gettext("Arrived on %(day)s at %(hour)s, as told.", day=on, hour=form.hour.data)
    return Told(note, form.if_missing)


@blueprint.get("/referrals/<uuid:referral_id>/arrival/back")
@access.requires(Permission.REFERRAL_DECIDE)
def take_back_page(referral_id: uuid.UUID) -> Answer:
    """What follows from taking an arrival back, before it is done."""
    by, form = access.actor(), TakeBackForm()
    line = referrals.referral(referral_id, by=by)
    if mistakes.may_say_never_left(line):
        return render_template("shelter/arrivals/never_left.html", line=line, form=form)
    if line.relation in actors_of(line.status, ReferralEvent.TAKE_BACK_ARRIVAL) and not transfers.is_move(line):
        try:
            corrections.check_arrival_back(referral_id=referral_id, by=by)
        except CorrectionRefused as error:
            return errors.error_page(409, CORRECTION_REFUSED[error.reason])
    return _back_page(referral_id, form)


def _back_page(referral_id: uuid.UUID, form: TakeBackForm, status: int = 200) -> Answer:
    line = referrals.referral(referral_id, by=access.actor())
    if line.relation not in actors_of(line.status, ReferralEvent.TAKE_BACK_ARRIVAL):
        return errors.error_page(409, NO_ARRIVAL)
    if transfers.is_move(line):
        return render_template("shelter/arrivals/of_a_move.html", line=line), status if status != 200 else 409
    return render_template("shelter/arrivals/back.html", line=line, form=form, of_post=meetings.of_post(line)), status


NOT_DENIED = N_("This arrival cannot be taken back here now. Call the other shelter, and the duty desk.")
NO_ARRIVAL = N_("No arrival is recorded here that could be taken back.")


@blueprint.post("/referrals/<uuid:referral_id>/arrival/back")
@access.requires(Permission.REFERRAL_DECIDE)
def take_back(referral_id: uuid.UUID) -> Answer:
    form = TakeBackForm(request.form)
    line = referrals.referral(referral_id, by=access.actor())
    if line.relation is Relation.SENDER:
        return _never_left(line, form)
    if not form.validate():
        return _back_page(referral_id, form, 422)
    try:
        corrections.take_back_arrival(referral_id=referral_id, why=Why(form.why.data), by=access.actor())
    except CorrectionRefused as error:
        form.why.errors = [CORRECTION_REFUSED[error.reason]]
        return _back_page(referral_id, form, 409)
    except IllegalTransition:
        line = referrals.referral(referral_id, by=access.actor())
        if not referrals.took_arrival_back(line, by=access.actor()):  # else pressed twice: it was answered
            raise
    return redirect(url_for("referrals.show", referral_id=referral_id, did="arrival-back"), 303)


def _never_left(line: referrals.ReferralLine, form: TakeBackForm) -> Answer:
    """The shelter from which the person moves says that the person is there still (ADR 0267)."""
    if not mistakes.may_say_never_left(line):
        return errors.error_page(409, NOT_DENIED, call=line.receiver_telephone)
    if not form.validate():
        return render_template("shelter/arrivals/never_left.html", line=line, form=form), 422
    try:
        mistake_actions.never_left(referral_id=line.id, why=Why(form.why.data), by=access.actor())
    except CorrectionRefused:  # the stay there has ended since
        return errors.error_page(409, NOT_DENIED, call=line.receiver_telephone)
    except IllegalTransition as error:
        return errors.error_page(409, why_not(error) or NOT_DENIED, call=line.receiver_telephone)
    return redirect(url_for("referrals.show", referral_id=line.id), 303)
