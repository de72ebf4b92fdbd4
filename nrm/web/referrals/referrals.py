"""Referrals: what waits for a desk, the answer, the arrival, and the duty officer's decisions."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from forms import SelectChoice
from forms.referrals.mistakes import StillComesForm
from forms.referrals.referrals import (
    DECLINE_LABELS,
    ESCORT_LABELS,
    OVERRIDE_LABELS,
    STATUS_LABELS,
    AcceptReferralForm,
    DeclineReferralForm,
    DepartReferralForm,
)
from forms.referrals.transfers import HandOverFields
from forms.shelter.cases import PURPOSE_LABELS, OpenCaseForm
from nrm import clock
from nrm.actions.referrals import next_receiver
from nrm.actions.referrals import referrals as actions
from nrm.actions.referrals import transfers as transfer_actions
from nrm.actions.shelter import cases as case_actions
from nrm.actions.shelter import shifts
from nrm.domain.accounts.accounts import NotVisible, Permission
from nrm.domain.accounts.members import TooFewKeyHolders
from nrm.domain.interviews.interviews import telephoned_answers
from nrm.domain.referrals.crossing_points import POSTS
from nrm.domain.referrals.referrals import (
    OF_THE_SHELTER,
    REASONS_UNDER_MUST,
    DeclineReason,
    IllegalTransition,
    PlaceNotFree,
    ReferralEvent,
    ReferralStatus,
    Relation,
    TransitionRefusal,
    actors_of,
)
from nrm.domain.referrals.transfers import TRANSFER
from nrm.domain.roles import MechanismRole
from nrm.domain.shelter.cases import Compartment, Purpose
from nrm.domain.words import N_
from nrm.steps.referrals import next_receiver as next_receiver_steps
from nrm.steps.shelter import cases as case_steps
from nrm.store import names
from nrm.store.countries import country
from nrm.store.interviews import child_alerts
from nrm.store.referrals import meetings as meeting_store
from nrm.store.referrals import mistakes as mistake_store
from nrm.store.referrals import obligations
from nrm.store.referrals import referrals as store
from nrm.store.referrals import transfers as transfer_store
from nrm.store.referrals.referrals import ReferralLine
from nrm.store.shelter import arrivals, consents, places
from nrm.store.shelter import cases as case_store
from nrm.web import access, errors
from nrm.web.interviews import handouts
from nrm.web.language import text_in
from nrm.web.opened import Rows, answer_rows
from nrm.web.referrals import (
    critical_path,
    departures,
    meetings,
    post_tasks,
    refused_steps,
    sent_filter,
    taken_back,
    transfers,
)
from nrm.web.shelter.stays import is_only_choice, place_choices

blueprint = Blueprint("referrals", __name__)
Answer = BaseResponse | tuple[str, int] | str

NOT_FREE = N_("Choose another place: this one is no longer free")


def questionnaire_of(identifier: str) -> Any:
    """The questionnaire a case was told under, or None for one that is no longer kept."""
    return country().questionnaires.get(identifier)


def party_names() -> dict[str, str]:
    """The names of all organisations in the reader's language, by code."""
    return {each.code: text_in(each.names) for each in names.organisations_by_id().values()}


@blueprint.get("/referrals")
@access.requires(Permission.REFERRAL_DECIDE)
def received() -> str:
    """Everything that waits for this desk's answer."""
    after = request.args.get("after", "")
    return render_template("referrals/referrals/received.html", page=store.received(by=access.actor(), after=after))


@blueprint.get("/referrals/coming")
@access.requires(Permission.REFERRAL_DECIDE)
def coming() -> str:
    """Everybody this desk accepted who has not arrived."""
    after = request.args.get("after", "")
    return render_template("referrals/referrals/coming.html", page=store.coming(by=access.actor(), after=after))


@blueprint.get("/referrals/sent")
@access.requires(Permission.REFERRAL_SEND)
def sent() -> str:
    """What this desk sent, with the answer; found by whose it is, the day and the answer."""
    after = request.args.get("after", "")
    form = sent_filter.SentFilter(request.args if "whose" in request.args else None, whose="post")
    page = store.sent(by=access.actor(), after=after, wanted=form.wanted())
    return render_template(
        "referrals/referrals/sent.html", page=page, statuses=STATUS_LABELS, form=form, filtered="whose" in request.args
    )


@blueprint.get("/referrals/<uuid:referral_id>")
@access.requires(Permission.REFERRAL_SEND, Permission.REFERRAL_DECIDE, Permission.REFERRAL_DIRECT)
def show(referral_id: uuid.UUID) -> str:
    line = store.referral(referral_id, by=access.actor())
    if line.relation is Relation.SENDER:
        return _sender_page(line, departures.form_of(line))
    return _receiver_page(line, AcceptReferralForm())


def _sender_page(line: ReferralLine, form: DepartReferralForm) -> str:
    by = access.actor()
    return render_template(
        "referrals/referrals/sent_one.html",
        line=line,
        form=form,
        escorts=ESCORT_LABELS,
        statuses=STATUS_LABELS,
        reasons=DECLINE_LABELS,
        may=_allowed_events(line),
        path=post_tasks.denied(line) + critical_path.section(line.case_id),
        calls=handouts.duty_of(line),
        closed=handouts.closed_desk(line),
        desk=not consents.struck_out(line) & {country().party_in(MechanismRole.AUTHORITY)},
        send_now=store.waits_for_keys(line),
        newest=store.newest_of(line.case_id, by=by),
        custodian=_is_custodian(line),
        move=transfers.of_referral(line.id),
        moves=transfer_store.is_move(line),
        taken_back=taken_back.section(line),
        withdrawn=store.withdrawal(line, by=by),
        promised_lately=store.may_take_back_promise(line, by=access.actor()),
        asked_again=line.told and store.is_asked_again(line.id, by=by),
        may_promise=line.status is ReferralStatus.SENT and not store.was_promised_before(line.id, by=by),
        not_left=taken_back.may_say_not_left(line),
        never_left=mistake_store.may_say_never_left(line),
        goes_to=mistake_store.goes_to(line),
        post=by.kind in POSTS,
        drives=line.departed_at is None and by.may(Permission.INTERVIEW_CONDUCT),
        on_the_line=meeting_store.of_telephone(line),
        unsaid=bool(arrivals.unsaid_of([line])),
        task=post_tasks.section(line),
        meeting=meetings.section(line),
    )


def _is_custodian(line: ReferralLine) -> bool:
    try:
        case_store.visible(line.case_id, by=access.actor())
    except NotVisible:
        return False
    return True


def _allowed_events(line: ReferralLine) -> dict[str, bool]:
    """What the table of transitions lets the asker do; the rules look again when it is done."""
    return {str(event): line.relation in actors_of(line.status, event) for event in ReferralEvent}


def _receiver_page(line: ReferralLine, form: AcceptReferralForm) -> str:
    by = access.actor()
    can_open = _reads_hand_over(line)
    no_key = can_open and line.relation is Relation.DUTY_OFFICER and not _holds_hand_over(line)
    if can_open:
        shifts.look(case_id=line.case_id, by=by)
    opened = case_steps.opened(case_id=line.case_id, by=by) if can_open else {}
    hand_over = opened.get(Compartment.HAND_OVER)
    written = _written_now(line) if can_open else None
    rows, found = None, []
    if hand_over is not None:
        asked = questionnaire_of(line.questionnaire)
        at = telephoned_answers(asked, hand_over.value) if asked is not None else {}
        found = answer_rows(asked, {name: each for name, each in at.items() if name != asked.telephone}, party_names())
        rows = answer_rows(
            asked, {name: each for name, each in hand_over.value.items() if name not in at}, party_names()
        )
    if line.relation is Relation.RECEIVER and line.status is ReferralStatus.SENT:
        offer_places(form)
    return render_template(
        "referrals/referrals/received_one.html",
        children=obligations.children_announced(line),
        line=line,
        form=form,
        hand_over=rows,
        found=found,
        withdrawn=store.withdrawal(line, by=by),
        written=written,
        move=transfers.of_referral(line.id),
        moves=transfer_store.is_move(line),
        not_come=store.has_not_come(line),
        said_escorts=store.escorts_said(line, by=by),
        sent_nobody=line.relation is Relation.RECEIVER
        and line.escort in OF_THE_SHELTER
        and meeting_store.of_post(line),
        doubted=line.relation is Relation.DUTY_OFFICER and child_alerts.is_doubted(line.case_id, by=by),
        taken_back=taken_back.section(line),
        arrival_back="did" in request.args and store.took_arrival_back(line, by=by),
        promised_lately=store.may_take_back_promise(line, by=access.actor()),
        asked_again=line.told and store.is_asked_again(line.id, by=by),
        not_left=taken_back.may_say_not_left(line),
        not_taken=taken_back.may_say_not_taken(line),
        on_the_way=taken_back.may_say_on_the_way(line),
        statuses=STATUS_LABELS,
        reasons=DECLINE_LABELS,
        overrides=OVERRIDE_LABELS,
        escorts=ESCORT_LABELS,
        clause=_clause(line),
        may=_allowed_events(line),
        can_open=can_open,
        no_key=no_key,
        unsealed=store.waits_for_keys(line),
        bound=line.assigned,
        asked_next=line.status is ReferralStatus.DECLINED and store.is_another_asked(line),
        may_accept=store.receiver_may_accept(line),
        purpose=PURPOSE_LABELS[_purpose(line)],
        path=critical_path.section(line.case_id) if line.relation is Relation.DUTY_OFFICER else "",
        task=post_tasks.section(line) if line.status is ReferralStatus.ARRIVED else "",
        meeting=meetings.section(line),
    )


def _written_now(line: ReferralLine) -> Rows | None:
    """What the other shelter wrote for this move, once this session opened it; None too where nothing was written."""
    try:
        return transfers.hand_over_rows(line.id)
    except NotVisible:
        return None


def _reads_hand_over(line: ReferralLine) -> bool:
    """Whether the hand-over is read on the referral's page: only while somebody is asked or the person is awaited."""
    return line.status.is_open


def _holds_hand_over(line: ReferralLine) -> bool:
    return Compartment.HAND_OVER in case_store.case(line.case_id, by=access.actor()).compartments


def _purpose(line: ReferralLine) -> Purpose:
    if line.relation is Relation.DUTY_OFFICER:
        return Purpose.DUTY_DECISION
    return Purpose.ANSWER if line.status is ReferralStatus.SENT else Purpose.ADMISSION


def _clause(line: ReferralLine) -> dict[str, str]:
    """The clause the referral was made under, in words; none for one made without a route."""
    try:
        return dict(country().agreement(line.agreement).clause(line.clause).text)
    except KeyError:
        return {}


def offer_places(form: AcceptReferralForm | StillComesForm) -> None:
    """Let the form name the free places of the actor's shelter."""
    free = places.free_lines(by=access.actor())
    form.bed.choices = [] if is_only_choice(free) else [SelectChoice(value="", label=N_("Choose a place"))]
    named = zip(free, place_choices(free), strict=True)
    form.bed.choices += [SelectChoice(value=str(line.id), label=each.label) for line, each in named]


@blueprint.post("/referrals/<uuid:referral_id>/open")
@access.requires(Permission.REFERRAL_SEND, Permission.REFERRAL_DECIDE, Permission.REFERRAL_DIRECT)
def open_hand_over(referral_id: uuid.UUID) -> Answer:
    """Open what must be known to say yes. The purpose is what the asker is here for."""
    by = access.actor()
    line = store.referral(referral_id, by=by)
    if not _reads_hand_over(line):
        return errors.error_page(409)
    form = OpenCaseForm(request.form)
    form.offer(Compartment.HAND_OVER, frozenset({_purpose(line)}))
    if not form.validate() or form.compartment.data != Compartment.HAND_OVER:
        return errors.error_page(422)
    case_actions.open_compartment(
        case_id=line.case_id, compartment=Compartment.HAND_OVER, purpose=_purpose(line), by=by
    )
    if line.relation is Relation.RECEIVER and transfer_store.is_written(line):
        transfer_actions.open_written(referral_id=referral_id, what=TRANSFER, by=by)
    return redirect(url_for("referrals.show", referral_id=referral_id), 303)


@blueprint.post("/referrals/<uuid:referral_id>/accept")
@access.requires(Permission.REFERRAL_DECIDE)
def accept(referral_id: uuid.UUID) -> Answer:
    try:
        return _accept(referral_id)
    except IllegalTransition as error:
        referral = store.row(referral_id, by=access.actor())
        accepted = referral.status == ReferralStatus.ACCEPTED
        receiver = accepted and store.relation_to(referral, by=access.actor()) is Relation.RECEIVER
        kept = places.kept_place(referral.case_id, by=access.actor()) if receiver else None
        if kept is not None and str(kept) == request.form.get("bed"):
            # This form came before, and its answer was lost on the way.
            return _accepted(referral_id)
        return refused_steps.conflict(error)


def _accepted(referral_id: uuid.UUID) -> Answer:
    """To the case; of a person who comes from a post, the shelter first says where it meets them."""
    by = access.actor()
    line = store.referral(referral_id, by=by)
    stand = meeting_store.stand(line)
    if stand is not None and not stand.said:
        return redirect(url_for("meetings.say_page", referral_id=referral_id), 303)
    return redirect(url_for("cases.show", case_id=line.case_id), 303)


def _accept(referral_id: uuid.UUID) -> Answer:
    by = access.actor()
    line = refused_steps.to_decide(referral_id, ReferralEvent.ACCEPT)
    form = AcceptReferralForm(request.form)
    offer_places(form)
    if not form.validate():
        return _receiver_page(line, form), 422
    hours = int(form.expected.data or 0)
    try:
        actions.accept(
            referral_id=referral_id,
            place_id=uuid.UUID(form.bed.data),
            expected_at=clock.now() + timedelta(hours=hours) if hours else None,
            by=by,
        )
    except PlaceNotFree:
        form.bed.errors = [NOT_FREE]
        return _receiver_page(line, form), 422
    except TooFewKeyHolders:
        return errors.error_page(409, refused_steps.TOO_FEW)
    return _accepted(referral_id)


@blueprint.get("/referrals/<uuid:referral_id>/decline")
@access.requires(Permission.REFERRAL_DECIDE)
def decline_page(referral_id: uuid.UUID) -> Answer:
    line = refused_steps.to_decide(referral_id, ReferralEvent.DECLINE)
    if line.assigned:
        return errors.error_page(409, refused_steps.BINDING)
    return render_template("referrals/referrals/decline.html", line=line, form=_decline_form(line))


def _decline_form(line: ReferralLine) -> DeclineReferralForm:
    form = DeclineReferralForm(request.form)
    form.reason.choices = [
        SelectChoice(value=str(reason), label=label)
        for reason, label in DECLINE_LABELS.items()
        if not line.must or reason in REASONS_UNDER_MUST
    ]
    return form


@blueprint.post("/referrals/<uuid:referral_id>/decline")
@access.requires(Permission.REFERRAL_DECIDE)
def decline(referral_id: uuid.UUID) -> Answer:
    line = refused_steps.to_decide(referral_id, ReferralEvent.DECLINE)
    form = _decline_form(line)
    if not form.validate():
        return render_template("referrals/referrals/decline.html", line=line, form=form), 422
    if form.reason.data == DeclineReason.FULL and not form.though_free.data:
        free = len(places.free_lines(by=access.actor()))
        if free:
            asked = N_("Free places on your board tonight: %(num)s. Is none of them for this person?", num=free)
            form.though_free.errors = [asked]
            return render_template("referrals/referrals/decline.html", line=line, form=form), 422
    try:
        actions.decline(referral_id=referral_id, reason=DeclineReason(form.reason.data), by=access.actor())
    except IllegalTransition as error:
        return refused_steps.conflict(error)
    return redirect(url_for("referrals.show", referral_id=referral_id), 303)


@blueprint.get("/referrals/<uuid:referral_id>/withdraw")
@access.requires(Permission.REFERRAL_SEND)
def withdraw_page(referral_id: uuid.UUID) -> Answer:
    line = refused_steps.to_decide(referral_id, ReferralEvent.WITHDRAW)
    return render_template("referrals/referrals/withdraw.html", line=line)


@blueprint.post("/referrals/<uuid:referral_id>/withdraw")
@access.requires(Permission.REFERRAL_SEND)
def withdraw(referral_id: uuid.UUID) -> Answer:
    try:
        case_id = actions.withdraw(referral_id=referral_id, by=access.actor())
    except actions.CannotOpen as error:
        return errors.not_from_here(error)
    return redirect(url_for("next_receiver.refer_page", case_id=case_id), 303)


@blueprint.get("/referrals/<uuid:referral_id>/direction")
@access.requires(Permission.REFERRAL_DIRECT)
def direction_page(referral_id: uuid.UUID) -> Answer:
    """What happens when the duty desk takes its own direction back."""
    line = refused_steps.to_decide(referral_id, ReferralEvent.TAKE_BACK_DIRECTION)
    if not line.assigned:
        raise IllegalTransition(TransitionRefusal.STATE)
    return render_template("referrals/referrals/direction.html", line=line)


@blueprint.post("/referrals/<uuid:referral_id>/direction")
@access.requires(Permission.REFERRAL_DIRECT)
def take_back_direction(referral_id: uuid.UUID) -> Answer:
    case_id = actions.take_back_direction(referral_id=referral_id, by=access.actor())
    return redirect(url_for("next_receiver.direct_page", case_id=case_id), 303)


@blueprint.get("/referrals/<uuid:referral_id>/offer")
@access.requires(Permission.REFERRAL_SEND)
def offer_page(referral_id: uuid.UUID) -> Answer:
    """A shelter writes the hand-over for the party that the duty officer chose."""
    line, form = _to_offer(referral_id), HandOverFields()
    transfers.prefill(line.case_id, line.questionnaire, form)
    return render_template("referrals/transfers/offer.html", line=line, form=form)


def _to_offer(referral_id: uuid.UUID) -> ReferralLine:
    """A move of the asker's own that waits for its keys; raises NotVisible."""
    line = store.referral(referral_id, by=access.actor())
    if line.relation is not Relation.SENDER or not transfer_store.is_move(line) or store.can_be_opened(line):
        raise NotVisible
    return line


@blueprint.post("/referrals/<uuid:referral_id>/offer")
@access.requires(Permission.REFERRAL_SEND)
def offer(referral_id: uuid.UUID) -> Answer:
    """Seal the keys for a party the duty officer chose outside the route, and what a shelter writes for it."""
    by, hand_over = access.actor(), None
    line = store.referral(referral_id, by=by)
    if line.relation is Relation.SENDER and transfer_store.is_move(line) and line.status is ReferralStatus.SENT:
        form = HandOverFields(request.form)
        if not form.validate():
            return render_template("referrals/transfers/offer.html", line=line, form=form), 422
        hand_over = form.hand_over(transfers.as_words(form))
    try:
        next_receiver.offer(referral_id=referral_id, hand_over=hand_over, by=by)
    except next_receiver.CannotOpen as error:
        return errors.not_from_here(error)
    return redirect(url_for("referrals.show", referral_id=referral_id), 303)


@blueprint.get("/referrals/<uuid:referral_id>/expire")
@access.requires(Permission.REFERRAL_DIRECT)
def expire_page(referral_id: uuid.UUID) -> Answer:
    """Whom it closes out, and who is asked then, before it is done: it is not taken back."""
    line = refused_steps.to_decide(referral_id, ReferralEvent.EXPIRE)
    following = next_receiver_steps.asked_next(referral_id, by=access.actor())
    return render_template("referrals/referrals/expire.html", line=line, following=following)


@blueprint.post("/referrals/<uuid:referral_id>/expire")
@access.requires(Permission.REFERRAL_DIRECT)
def expire(referral_id: uuid.UUID) -> Answer:
    """The duty officer ends a referral that is late; the next party is asked, or the duty officer decides."""
    case_id = store.referral(referral_id, by=access.actor()).case_id
    following = actions.expire(referral_id=referral_id, by=access.actor())
    if following is None:
        return redirect(url_for("next_receiver.direct_page", case_id=case_id), 303)
    return redirect(url_for("referrals.show", referral_id=following), 303)
