"""Moves between two shelters: the hand-over, where a move stands, the meeting place, and calling it off (ADR 0068)."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from markupsafe import Markup
from werkzeug.wrappers import Response as BaseResponse

from forms.referrals.transfers import (
    CALL_OFF_LABELS,
    FIELD_LABELS,
    MOVE_REASON_LABELS,
    TRANSFER_REFUSED,
    CallOffForm,
    HandOverFields,
    MeetingForm,
)
from nrm.actions.referrals import referrals as referral_actions
from nrm.actions.referrals import transfers as actions
from nrm.domain.accounts.accounts import NotVisible, Permission
from nrm.domain.referrals.referrals import IllegalTransition, needs_doctor
from nrm.domain.referrals.transfers import MEETING, TRANSFER, CallOff, MoveReason, Stand, TransferRefused
from nrm.domain.shelter.cases import Compartment
from nrm.domain.words import N_
from nrm.steps.referrals import hand_overs
from nrm.steps.shelter import cases as case_steps
from nrm.store import names
from nrm.store.countries import country
from nrm.store.referrals import transfers as store
from nrm.store.referrals.transfers import MoveLine
from nrm.web import access, carrying, errors
from nrm.web.language import gettext, text_in, translated
from nrm.web.opened import Rows, answer_rows

blueprint = Blueprint("transfers", __name__)
Answer = BaseResponse | tuple[str, int] | str

OVER = N_("The move is over, or the person has left already. Look where it stands, and call the other shelter.")
TOO_LATE = N_("You do not hold this case any more: another shelter has it. Tell it what you wrote, by telephone.")
BEFORE_LEAVING = (Stand.BOTH, Stand.OVERDUE, Stand.AT_ONCE, Stand.TAKEN_BACK)
# Which answers of the hand-over and the story say something for each box, as far as they are open. Who the children are
# is asked at the post (ADR 0276).
_SAID = {
    "needs": ("hurt", "hurt_what", "needs", "needs_note"),
    "risk": ("risk", "danger", "danger_who", "avoid", "waited_for", "fears"),
    "children": ("children", "children_who"),
    "wishes": ("wish", "wish_region"),
}
_WRITTEN = {"needs": "health", "wishes": "plan"}


def prefill(case_id: uuid.UUID, questionnaire: str, form: HandOverFields) -> None:
    """Fill the boxes of a form that nobody has sent yet with what the asker's session has open of the case."""
    opened = case_steps.opened(case_id=case_id, by=access.actor())
    told: dict[str, Any] = {}
    for compartment in (Compartment.STORY, Compartment.HAND_OVER):
        told |= opened[compartment].value if compartment in opened else {}
    care = opened[Compartment.CARE].value if Compartment.CARE in opened else {}
    for name, answers in _SAID.items():
        rows = answer_rows(
            country().questionnaires.get(questionnaire), {each: told[each] for each in answers if each in told}, {}
        )
        lines = [f"{question} {answer}" for question, answer in rows]
        written = str(care.get(_WRITTEN.get(name, "")) or "")
        form[name].data = "\n".join([*lines, *([written] if written else [])])
    if Compartment.HAND_OVER in opened:
        form.doctor.data = "yes" if needs_doctor(told) else "no"


def as_words(form: HandOverFields) -> str:
    """The hand-over as one text in the writer's language, as it becomes a note of the case."""
    by = access.actor()
    assert by.organisation_id is not None
    sender = text_in(names.organisation(by.organisation_id).names)
    lines = [gettext("Hand-over written by %(shelter)s", shelter=sender)]
    lines.append(f"{translated(form.why.label.text)} {translated(MOVE_REASON_LABELS[MoveReason(form.why.data)])}")
    lines += [f"{translated(label)} {form.text(name)}" for name, label in FIELD_LABELS.items() if form.text(name)]
    return "\n\n".join(lines)


def hand_over_rows(referral_id: uuid.UUID) -> Rows | None:
    """What the sender wrote for this move, once the asker's session opened it; None before. Raises NotVisible."""
    value = hand_overs.written(referral_id, TRANSFER, by=access.actor())
    if value is None:
        return None
    rows = [(gettext("Why does the person move?"), _reason(value))]
    rows.append((gettext("A doctor is needed"), gettext("Yes") if value.get("doctor") else gettext("No")))
    rows += [(translated(label), str(value[name])) for name, label in FIELD_LABELS.items() if value.get(name)]
    return [*rows, (gettext("Written by"), str(value.get("login", "")))]


def _reason(value: Mapping[str, Any]) -> str:
    reason = value.get("reason")
    return translated(MOVE_REASON_LABELS[MoveReason(reason)]) if reason in list(MoveReason) else ""


def summary(case_id: uuid.UUID) -> Markup:
    """Where the move of a case stands and what comes next, for its two shelters; empty for others."""
    return _part(store.of_case(case_id, by=access.actor()))


def of_referral(referral_id: uuid.UUID) -> Markup:
    """As `summary`, on the page of the referral."""
    return _part(store.of_referral(referral_id, by=access.actor()), here=True)


def _part(move: MoveLine | None, *, here: bool = False) -> Markup:
    if move is None:
        return Markup("")
    by, meets = access.actor(), move.stand in BEFORE_LEAVING
    part = render_template(
        "referrals/transfers/stand.html",
        move=move,
        here=here,
        place=store.sleeps_here(move, by=by) if move.sends and meets else None,
        meeting=_meeting(move) if meets else None,
        said=meets and store.is_said(move),
    )
    return Markup(part)  # noqa: S704 - a template of ours, escaped there


def _meeting(move: MoveLine) -> str | None:
    try:
        found = hand_overs.written(move.referral_id, MEETING, by=access.actor())
    except NotVisible:
        return None
    return str(found["text"]) if found else None


def too_late(case_id: uuid.UUID) -> tuple[str, int]:
    """What somebody wrote in a case that another shelter has since: shown to them once more, and not saved.

    Raises NotVisible for a case that their shelter never had a move of.
    """
    other = store.was_of(case_id, by=access.actor())
    if other is None:
        raise NotVisible
    return not_saved(TOO_LATE, text_in(other.names), other.telephone)


def not_saved(why: str, shelter: str = "", telephone: str = "") -> tuple[str, int]:
    """Why a text was not saved, with the text: nothing that was typed is lost."""
    page = render_template(
        "referrals/transfers/not_saved.html",
        why=why,
        shelter=shelter,
        telephone=telephone,
        written=carrying.written((name, value) for name, value in request.form.items() if name != "csrf_token"),
    )
    return page, 409


@blueprint.post("/referrals/<uuid:referral_id>/meeting/open")
@access.requires(Permission.CASE_OPEN)
def open_meeting(referral_id: uuid.UUID) -> Answer:
    """Show where the person is met; recorded first."""
    actions.open_written(referral_id=referral_id, what=MEETING, by=access.actor())
    return redirect(url_for("referrals.show", referral_id=referral_id), 303)


@blueprint.get("/referrals/<uuid:referral_id>/meeting")
@access.requires(Permission.REFERRAL_DECIDE)
def meeting_page(referral_id: uuid.UUID) -> Answer:
    return _meeting_page(_standing(referral_id, sends=False), MeetingForm(), 200)


def _standing(referral_id: uuid.UUID, *, sends: bool | None = None) -> MoveLine:
    """A move before the person has left, for one of its two shelters; raises NotVisible."""
    move = store.of_referral(referral_id, by=access.actor())
    if move is None or move.stand not in BEFORE_LEAVING or sends not in (None, move.sends):
        raise NotVisible
    return move


def _meeting_page(move: MoveLine, form: MeetingForm, status: int) -> tuple[str, int]:
    return render_template("referrals/transfers/meeting.html", move=move, form=form), status


@blueprint.post("/referrals/<uuid:referral_id>/meeting")
@access.requires(Permission.REFERRAL_DECIDE)
def say_meeting(referral_id: uuid.UUID) -> Answer:
    """Say where and when the person is met."""
    move, form = _standing(referral_id, sends=False), MeetingForm(request.form)
    if not form.validate():
        return _meeting_page(move, form, 422)
    text = (form.text.data or "").replace("\r\n", "\n").strip()
    try:
        actions.say_meeting(referral_id=referral_id, text=text, by=access.actor())
    except referral_actions.CannotOpen as error:
        return errors.not_from_here(error)
    return redirect(url_for("referrals.show", referral_id=referral_id), 303)


@blueprint.get("/referrals/<uuid:referral_id>/call-off")
@access.requires(Permission.REFERRAL_SEND, Permission.REFERRAL_DECIDE)
def call_off_page(referral_id: uuid.UUID) -> Answer:
    return _call_off_page(_standing(referral_id), CallOffForm(), 200)


def _call_off_page(move: MoveLine, form: CallOffForm, status: int) -> tuple[str, int]:
    cannot = move.sends and move.stand in (Stand.AT_ONCE, Stand.TAKEN_BACK)
    return render_template("referrals/transfers/call_off.html", move=move, form=form, cannot=cannot), status


@blueprint.post("/referrals/<uuid:referral_id>/call-off")
@access.requires(Permission.REFERRAL_SEND, Permission.REFERRAL_DECIDE)
def call_off(referral_id: uuid.UUID) -> Answer:
    """The person stays where they are: the case is the sender's alone again."""
    by, form = access.actor(), CallOffForm(request.form)
    move = store.of_referral(referral_id, by=by)
    try:
        if not form.validate() and move is not None and move.stand in BEFORE_LEAVING:
            return _call_off_page(move, form, 422)
        reason = CallOff(form.reason.data) if form.reason.data in list(CallOff) else CallOff.OTHER
        said = [gettext("The move was called off: %(reason)s", reason=translated(CALL_OFF_LABELS[reason]))]
        said += [(form.more.data or "").replace("\r\n", "\n").strip()]
        case_id = referral_actions.call_off(
            referral_id=referral_id, reason=reason, words="\n".join(each for each in said if each), by=by
        )
    except IllegalTransition:
        return errors.error_page(409, OVER)
    except TransferRefused as error:
        return errors.error_page(409, TRANSFER_REFUSED[error.reason])
    except referral_actions.CannotOpen as error:
        return errors.not_from_here(error)
    if move is not None and move.sends:
        return redirect(url_for("cases.show", case_id=case_id), 303)
    return redirect(url_for("referrals.show", referral_id=referral_id), 303)
