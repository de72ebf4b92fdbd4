"""Beds and stays: the bed board, admitting, changing, letting go."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import date, timedelta

from flask import Blueprint, redirect, render_template, request, url_for
from markupsafe import Markup
from werkzeug.wrappers import Response

from forms import SelectChoice
from forms.days import chosen_day, planned_day
from forms.shelter.corrections import KIND_LABELS, WHY_LABELS, ReopenStayForm
from forms.shelter.stays import FIELD_OF, IMPOSSIBLE, PLAN_LABELS, AdmitStayForm, ChangeStayForm
from forms.typed import OnceForm
from nrm.actions.shelter import stays as actions
from nrm.domain.accounts.accounts import Permission
from nrm.domain.shelter.away import Over
from nrm.domain.shelter.planned_ends import CHANGES
from nrm.domain.shelter.planned_ends import Why as Plan
from nrm.domain.shelter.stays import (
    BedInUse,
    ImpossibleStay,
    StayOver,
    StayRefusal,
)
from nrm.domain.words import N_, Phrase
from nrm.store import days as calendar
from nrm.store.shelter import absences as absence_store
from nrm.store.shelter import away as away_store
from nrm.store.shelter import stay_history as history_store
from nrm.store.shelter import stays as store
from nrm.web import access, errors
from nrm.web.choices import label_of
from nrm.web.shelter import absences

Answer = Response | str | tuple[str, int]

blueprint = Blueprint("stays", __name__)

OVER = N_("This stay has ended already.")
BED_CLOSED = N_("This bed is closed. Reopen it on the list of beds.")
IN_USE = N_("Somebody sleeps in this bed, or it is kept for somebody. Change that first.")


@blueprint.get("/stays")
@access.requires(Permission.STAY_MANAGE)
def index() -> str:
    """The shelter's open stays, the first planned end first."""
    by = access.actor()
    return render_template(
        "shelter/stays/index.html", room=store.room(by=by), page=store.stays(by=by, after=request.args.get("after", ""))
    )


@blueprint.get("/beds")
@access.requires(Permission.STAY_MANAGE)
def beds() -> str:
    """Every bed and the next fourteen days."""
    by = access.actor()
    first = calendar.today()
    days = [first + timedelta(days=number) for number in range(store.BOARD_DAYS)]
    return render_template(
        "shelter/stays/beds.html",
        room=store.room(by=by),
        days=days,
        rows=[(bed, store.runs(bed, days)) for bed in store.beds(by=by)],
        may_manage=by.may(Permission.BED_MANAGE),
    )


@blueprint.post("/beds/<uuid:bed_id>/out-of-use")
@access.requires(Permission.BED_MANAGE)
def take_out_of_use(bed_id: uuid.UUID) -> Answer:
    try:
        actions.take_out_of_use(bed_id=bed_id, by=access.actor())
    except BedInUse:
        return errors.error_page(409, IN_USE)
    return redirect(url_for("stays.beds"), 303)


@blueprint.post("/beds/<uuid:bed_id>/back")
@access.requires(Permission.BED_MANAGE)
def put_back(bed_id: uuid.UUID) -> Answer:
    try:
        actions.put_back(bed_id=bed_id, by=access.actor())
    except BedInUse:
        return errors.error_page(409, BED_CLOSED)
    return redirect(url_for("stays.beds"), 303)


@blueprint.get("/cases/<uuid:case_id>/admit")
@access.requires(Permission.STAY_MANAGE)
def admit_page(case_id: uuid.UUID) -> str:
    person = store.admittable(case_id, by=access.actor())
    return render_template("shelter/stays/admit.html", person=person, form=_admit_form(case_id))


@blueprint.post("/cases/<uuid:case_id>/admit")
@access.requires(Permission.STAY_MANAGE)
def admit(case_id: uuid.UUID) -> Answer:
    by = access.actor()
    person = store.admittable(case_id, by=by)
    form = _admit_form(case_id)
    if not form.validate():
        return render_template("shelter/stays/admit.html", person=person, form=form), 422
    admitted_on = chosen_day(form.admitted, form.admitted_day, calendar.today())
    try:
        stay_id = actions.admit(
            case_id=case_id,
            bed_id=chosen_bed(form),
            admitted_on=admitted_on,
            anticipated_end_on=planned_day(form.planned, form.planned_day, admitted_on),
            by=by,
        )
    except ImpossibleStay as error:
        status = mark_impossible(form, error)
        return render_template("shelter/stays/admit.html", person=person, form=form), status
    return redirect(url_for("stays.show", stay_id=stay_id, did="admitted"), 303)


def _admit_form(case_id: uuid.UUID) -> AdmitStayForm:
    form = AdmitStayForm(request.form)
    offer_beds(form, for_case=case_id)
    return form


def offer_beds(form: AdmitStayForm, *, for_case: uuid.UUID | None = None) -> None:
    """The shelter's free beds; the one kept for this person, or the only one, stands first and is taken."""
    free = store.free_beds(by=access.actor(), for_case=for_case)
    form.bed.choices = [SelectChoice(value=label, label=label) for _, label in free]


def chosen_bed(form: AdmitStayForm | ChangeStayForm | ReopenStayForm) -> uuid.UUID:
    """The id of the bed whose label was chosen; labels are short, and one shelter's are all different."""
    return store.bed_called(form.bed.data, by=access.actor())


def mark_impossible(form: OnceForm, error: ImpossibleStay) -> int:
    """Show the message at its field; returns the HTTP status: 409 when somebody else was faster, else 422."""
    name = FIELD_OF.get(error.reason, "bed")
    field = form[name if name in form else "bed"]
    other = f"{name}_day"
    if other in form and field.data == "other":
        field = form[other]
    field.errors = [IMPOSSIBLE[error.reason]]
    return 409 if error.reason in (StayRefusal.BED_TAKEN, StayRefusal.ALREADY_THERE) else 422


@blueprint.get("/stays/<uuid:stay_id>")
@access.requires(Permission.STAY_MANAGE)
def show(stay_id: uuid.UUID) -> str:
    stay = store.stay(stay_id, by=access.actor())
    return render_template(
        "shelter/stays/show.html",
        stay=stay,
        reason=label_of("exit_reasons", stay.exit_reason) if stay.exit_reason else "",
        destination=label_of("destinations", stay.destination) if stay.destination else "",
        country=absences.place(stay.destination_country),
        left=absence_store.left_of_stay(stay_id, by=access.actor()),
        missing=absence_store.of_case(stay.case_id, by=access.actor()),
        happened=HAPPENED.get(request.args.get("did", "")),
        away=away_store.of_stay(stay_id, by=access.actor()),
        outcomes=OUTCOMES,
        plans=history_store.planned(stay_id, by=access.actor()),
        corrections=[
            (line, label_of("exit_reasons", line.exit_reason) if line.exit_reason else "")
            for line in history_store.corrections(stay_id, by=access.actor())
        ],
        words={"plan": PLAN_LABELS, "kind": KIND_LABELS, "why": WHY_LABELS},
    )


HAPPENED: Mapping[str, Phrase] = {
    "arrived": N_("She has arrived and is admitted. Next: ask what she needs, and write the first talk from her case."),
    "admitted": N_("She is admitted. Next: ask what she needs, and write the first talk from her case."),
    "changed": N_("The stay is changed. What was planned before stays in the history below."),
    "ended": N_(
        "The stay has ended and the place is free. The case stays with you: follow her up from it, or close it."
    ),
    "reopened": N_("The end is struck and the stay goes on. Its nights count as if it had never ended."),
    "corrected": N_("The entry is corrected. What stood there is kept below, with who corrected it and why."),
    "away": N_("She is away. If she is not back on the day, your home page says so; then record that she is missing."),
    "back": N_("She is back. Her nights are counted again from that day on."),
    "not_away": N_("The days away are struck; their nights count."),
}
"""What an act did, and what comes next, for the page of the stay it was done to."""
OUTCOMES: Mapping[str, Phrase] = {
    "": N_("away"),
    str(Over.BACK): N_("came back"),
    str(Over.MISSING): N_("did not come back: missing"),
    str(Over.LEFT): N_("the stay ended"),
    str(Over.STRUCK): N_("struck: she was not away"),
}


@blueprint.get("/stays/<uuid:stay_id>/change")
@access.requires(Permission.STAY_MANAGE)
def change_page(stay_id: uuid.UUID) -> Answer:
    stay = store.stay(stay_id, by=access.actor())
    if stay.ended_on is not None:
        return errors.error_page(409, OVER)
    return render_template("shelter/stays/change.html", stay=stay, form=_change_form(stay))


@blueprint.post("/stays/<uuid:stay_id>/change")
@access.requires(Permission.STAY_MANAGE)
def change(stay_id: uuid.UUID) -> Answer:
    by = access.actor()
    stay = store.stay(stay_id, by=by)
    form = _change_form(stay)
    valid = form.validate()
    if form.planned.data not in (None, stay.anticipated_end_on) and form.plan_why.data not in CHANGES:
        form.plan_why.errors, valid = [N_("Choose why the planned end changes")], False
    if not valid:
        return render_template("shelter/stays/change.html", stay=stay, form=form), 422
    try:
        actions.change(
            stay_id=stay_id,
            bed_id=chosen_bed(form),
            anticipated_end_on=form.planned.data or date.min,
            why=Plan(form.plan_why.data or Plan.OTHER),
            by=by,
        )
    except ImpossibleStay as error:
        status = mark_impossible(form, error)
        return render_template("shelter/stays/change.html", stay=stay, form=form), status
    except StayOver:
        return errors.error_page(409, OVER)
    return redirect(url_for("stays.show", stay_id=stay_id, did="changed"), 303)


def _change_form(stay: store.StayLine) -> ChangeStayForm:
    form = ChangeStayForm(request.form, bed=stay.bed, planned=stay.anticipated_end_on)
    free = store.free_beds(by=access.actor())
    form.bed.choices = [SelectChoice(value=label, label=label) for label in [stay.bed, *(label for _, label in free)]]
    return form


def summary(case_id: uuid.UUID) -> Markup:
    """What a case page shows of the stays in the reader's own shelter; nothing for others."""
    found = store.of_case(case_id, by=access.actor())
    if found.current is None and not found.past and not found.may_admit:
        return Markup("")
    page = render_template(
        "shelter/stays/summary.html",
        case_id=case_id,
        stays=found,
        reasons={line.id: label_of("exit_reasons", line.exit_reason) for line in found.past},
    )
    return Markup(page)  # noqa: S704 - a template of ours, its values are escaped
