"""Ending a stay, and correcting an end: the reason, where to of what fits it, then one page that says what follows."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from forms import SelectChoice
from forms.days import chosen_day
from forms.shelter.corrections import CORRECTION_REFUSED
from forms.shelter.findings import chosen_household
from forms.shelter.stays import (
    ABROAD,
    ASK_UNIT,
    CHILDREN_FIRST,
    CLOSED,
    IMPOSSIBLE,
    NAME_IT,
    CorrectEndForm,
    EndReasonForm,
    EndWhereForm,
)
from nrm.actions.shelter import corrections
from nrm.actions.shelter import stays as actions
from nrm.domain.accounts.accounts import NotVisible, Permission
from nrm.domain.shelter.absences import BY_ANOTHER_PAGE
from nrm.domain.shelter.corrections import CorrectionRefused, Why
from nrm.domain.shelter.permits import REPATRIATION_DESTINATIONS, GateClosed, GateRefusal
from nrm.domain.shelter.stays import (
    DESTINATIONS,
    HOME,
    Destination,
    ExitReason,
    ImpossibleStay,
    StayOver,
    StayRefusal,
    asks_country,
)
from nrm.domain.words import N_
from nrm.steps.shelter.leaving import Exit
from nrm.store import days as calendar
from nrm.store import permits_told
from nrm.store.countries import country
from nrm.store.referrals import obligations
from nrm.store.shelter import absences as absence_store
from nrm.store.shelter import cases
from nrm.store.shelter import stays as store
from nrm.store.shelter.cases import CaseRelation
from nrm.web import access, errors
from nrm.web.choices import label_of, of_list
from nrm.web.language import text_in
from nrm.web.shelter import absences, findings
from nrm.web.shelter.stays import OVER, mark_impossible

Answer = Response | str | tuple[str, int]

blueprint = Blueprint("stay_endings", __name__)

DAY_AND_REASON = frozenset({"ended", "reason"})


@dataclass(frozen=True, slots=True)
class _Typed:
    """The two steps as they were sent. `correcting`: an end that stands there is struck."""

    stay: store.StayLine
    correcting: bool
    first: EndReasonForm
    second: EndWhereForm

    def page(self, name: str, status: int = 200, **more: object) -> tuple[str, int]:
        """One of the three pages: `reason`, `where` or `confirm`."""
        text = render_template(
            f"shelter/stay_endings/{name}.html",
            stay=self.stay,
            correcting=self.correcting,
            first=self.first,
            second=self.second,
            **more,
        )
        return text, status


@blueprint.get("/stays/<uuid:stay_id>/end")
@access.requires(Permission.STAY_MANAGE)
def end_page(stay_id: uuid.UUID) -> Answer:
    stay = store.stay(stay_id, by=access.actor())
    if stay.ended_on is not None:
        return errors.error_page(409, OVER)
    return _of_missing(stay) or _typed(stay, correcting=False).page("reason")


@blueprint.post("/stays/<uuid:stay_id>/end")
@access.requires(Permission.STAY_MANAGE)
def end(stay_id: uuid.UUID) -> Answer:
    stay = store.stay(stay_id, by=access.actor())
    if stay.ended_on is not None:
        return errors.error_page(409, OVER)
    first = request.form.get("step", "1") == "1"  # said meanwhile, it stands at the reason, and what was typed stays
    return (_of_missing(stay) if first else None) or _step(_typed(stay, correcting=False))


def _of_missing(stay: store.StayLine) -> tuple[str, int] | None:
    """What is said in place of the first step where the person is missing: nothing that is typed then ends the stay."""
    missing = absence_store.of_case(stay.case_id, by=access.actor())
    if missing is None:
        return None
    return render_template("shelter/stay_endings/missing.html", stay=stay, missing=missing), 409


@blueprint.get("/stays/<uuid:stay_id>/correct/end")
@access.requires(Permission.STAY_MANAGE)
def correct_page(stay_id: uuid.UUID) -> Answer:
    stay = store.stay(stay_id, by=access.actor())
    if stay.ended_on is None:
        return errors.error_page(409, NOT_OVER)
    return not_open(stay) or _typed(stay, correcting=True).page("reason")


@blueprint.post("/stays/<uuid:stay_id>/correct/end")
@access.requires(Permission.STAY_MANAGE)
def correct(stay_id: uuid.UUID) -> Answer:
    stay = store.stay(stay_id, by=access.actor())
    if stay.ended_on is None:
        return errors.error_page(409, NOT_OVER)
    return _step(_typed(stay, correcting=True))


NOT_OVER = N_("This stay has not ended: there is no end to correct.")


def not_open(stay: store.StayLine) -> tuple[str, int] | None:
    """What is said at once where the case is closed, or with another organisation: nothing is corrected then."""
    try:
        case = cases.case(stay.case_id, by=access.actor())
    except NotVisible:
        return render_template("shelter/corrections/closed.html", stay=stay, held=False), 409
    held = case.relation is CaseRelation.HOLDER
    if held and case.status == "open":
        return None
    return render_template("shelter/corrections/closed.html", stay=stay, held=held), 409


def _typed(stay: store.StayLine, *, correcting: bool) -> _Typed:
    first = (CorrectEndForm if correcting else EndReasonForm)(request.form)
    first.reason.choices = of_list("exit_reasons", [each for each in ExitReason if each not in BY_ANOTHER_PAGE])
    # On the way from the first page to the second nothing of the second was sent yet.
    second = EndWhereForm(request.form if request.form.get("step") in ("2", "3") else None)
    second.offer_countries(text_in(country().names))
    second.destination.choices = []
    return _Typed(stay, correcting, first, second)


def _step(typed: _Typed) -> Answer:
    """All three pages are sent here; nothing is kept until the last one was."""
    first, second, step = typed.first, typed.second, request.form.get("step", "1")
    if "back" in request.form:
        return typed.page("reason")
    if not first.validate():
        for elsewhere, why in BY_ANOTHER_PAGE.items():
            if first.reason.data == elsewhere:
                first.reason.errors = [IMPOSSIBLE[why]]
        return typed.page("reason", 422)
    reason = ExitReason(first.reason.data)
    fitting = [each for each in Destination if each in DESTINATIONS[reason]]
    only = fitting[0] if len(fitting) == 1 else None
    second.destination.choices = of_list("destinations", fitting)
    if only is None:
        second.destination.choices.insert(0, SelectChoice(value="", label=N_("Choose")))
    elif not second.destination.data:
        second.destination.data = str(only)
    if step not in ("2", "3"):
        second.destination.data = second.destination.data or ""
        return _where_page(typed, reason)
    valid = second.validate()
    if not second.destination.data:
        second.destination.errors, valid = [N_("Choose where the person went")], False
    if not valid:
        return _where_page(typed, reason, 422)
    return _decide(typed, reason, Destination(second.destination.data), act=step == "3")


def _decide(typed: _Typed, reason: ExitReason, destination: Destination, *, act: bool) -> Answer:
    """The last page, or the act; what a rule or a gate does not let pass stands at its field."""
    first, second, stay, by = typed.first, typed.second, typed.stay, access.actor()
    exit_ = Exit(
        ended_on=chosen_day(first.ended, first.ended_day, calendar.today()),
        reason=reason,
        destination=destination,
        where=second.where(country().iso) if asks_country(destination) else "",
        household=chosen_household(second.household),
    )
    elsewhere = asks_country(destination) and exit_.where != HOME
    leaves = reason is ExitReason.REPATRIATED or destination in REPATRIATION_DESTINATIONS or elsewhere
    told = permits_told.of_case(stay.case_id, by=by) if leaves else []
    unasked = act and bool(told) and not second.asked.data
    along = [] if typed.correcting else store.came_along(stay.case_id, by=by)
    unseen = act and bool(along) and not second.children_seen.data
    act = act and not unasked and not unseen
    try:
        if typed.correcting and act:
            corrections.correct_exit(stay_id=stay.id, exit_=exit_, why=Why(first["why"].data), by=by)
        elif typed.correcting:
            corrections.check_exit(stay_id=stay.id, exit_=exit_, by=by)
        elif act:
            actions.end(
                stay_id=stay.id,
                ended_on=exit_.ended_on,
                exit_reason=reason,
                destination=destination,
                where=exit_.where,
                household=exit_.household,
                by=by,
            )
        else:
            actions.check_end(stay_id=stay.id, exit_=exit_, by=by)
    except ImpossibleStay as error:
        if error.reason in (StayRefusal.COUNTRY, StayRefusal.DESTINATION):
            status = mark_impossible(second, error)
            mark_country(second, error)
            return _where_page(typed, reason, status)
        return typed.page("reason", mark_impossible(first, error))
    except CorrectionRefused as error:
        first.reason.errors = [CORRECTION_REFUSED[error.reason]]
        return typed.page("reason", 409)
    except GateClosed as error:
        if error.reason is GateRefusal.NOT_AS_DECIDED:
            first.reason.errors = [CLOSED[error.reason]]
            return typed.page("reason", 422)
        field = second.household if error.reason is GateRefusal.OTHER_HOUSEHOLD else second.destination
        if error.reason is GateRefusal.WHEREABOUTS and destination is not Destination.UNKNOWN:
            field = second.country
        field.errors = [CLOSED[error.reason]]
        return _where_page(typed, reason, 422, gate=error.reason)
    except StayOver:
        return errors.error_page(409, OVER)
    if act:
        return redirect(url_for("stays.show", stay_id=stay.id, did="corrected" if typed.correcting else "ended"), 303)
    if unasked:
        second.asked.errors = [ASK_UNIT]
    if unseen:
        second.children_seen.errors = [CHILDREN_FIRST]
    return typed.page(
        "confirm",
        422 if unasked or unseen else 200,
        told=told,
        exit=exit_,
        reason=label_of("exit_reasons", reason),
        destination=label_of("destinations", destination),
        country=absences.place(exit_.where),
        abroad=not asks_country(destination) or exit_.where != HOME,
        child=findings.gate(stay.case_id),
        children=() if typed.correcting else store.with_person(stay.case_id, by=by),
        along=along,
        announced=None if typed.correcting else obligations.announced_with(stay.case_id, by=by),
    )


def _where_page(typed: _Typed, reason: ExitReason, status: int = 200, *, gate: str = "") -> tuple[str, int]:
    """Where to; of a child with the households, and what the decision is now used for."""
    fitting = [each for each in Destination if each in DESTINATIONS[reason]]
    found = findings.gate(typed.stay.case_id)
    typed.second.household.choices = findings.offered(typed.stay.case_id, found) if found else ()
    return typed.page(
        "where",
        status,
        reason=label_of("exit_reasons", reason),
        only=label_of("destinations", fitting[0]) if len(fitting) == 1 else "",
        gate=gate,
        found=found,
    )


def mark_country(form: EndWhereForm, error: ImpossibleStay) -> None:
    """Show the error at the name of the country, if another country was chosen."""
    if error.reason is StayRefusal.COUNTRY and form.country.data == ABROAD:
        form.country.errors = []
        form.country_name.errors = [NAME_IT]
