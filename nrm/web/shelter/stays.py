"""Places and stays: the place board, admitting, changing, letting go."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from flask import Blueprint, redirect, render_template, request, url_for
from markupsafe import Markup
from werkzeug.wrappers import Response

from forms import SelectChoice
from forms.days import chosen_day, planned_day
from forms.shelter.stays import (
    ABROAD,
    CLOSED,
    FIELD_OF,
    IMPOSSIBLE,
    NAME_IT,
    AdmitStayForm,
    ChangeStayForm,
    EndStayForm,
    WhereForm,
)
from nrm.actions.shelter import stays as actions
from nrm.domain.accounts.accounts import Permission
from nrm.domain.shelter.absences import BY_ANOTHER_PAGE
from nrm.domain.shelter.permits import GateClosed, GateRefusal
from nrm.domain.shelter.places import may_be_with_mother
from nrm.domain.shelter.stays import (
    DESTINATIONS,
    Destination,
    ExitReason,
    ImpossibleStay,
    StayOver,
    StayRefusal,
)
from nrm.domain.words import N_
from nrm.store import days as calendar
from nrm.store.countries import country
from nrm.store.shelter import absences as absence_store
from nrm.store.shelter import places
from nrm.store.shelter import stays as store
from nrm.web import access, errors
from nrm.web.choices import label_of, of_list
from nrm.web.language import gettext, text_in
from nrm.web.shelter import absences, findings

Answer = Response | str | tuple[str, int]

blueprint = Blueprint("stays", __name__)

OVER = N_("This stay has ended already.")


@blueprint.get("/stays")
@access.requires(Permission.STAY_MANAGE)
def index() -> str:
    """The shelter's open stays, the first planned end first."""
    by = access.actor()
    return render_template(
        "shelter/stays/index.html",
        room=places.room(by=by),
        page=store.stays(by=by, after=request.args.get("after", "")),
    )


@blueprint.get("/cases/<uuid:case_id>/admit")
@access.requires(Permission.STAY_MANAGE)
def admit_page(case_id: uuid.UUID) -> str:
    person = store.admittable(case_id, by=access.actor())
    return render_template("shelter/stays/admit.html", person=person, form=_admit_form(person))


@blueprint.post("/cases/<uuid:case_id>/admit")
@access.requires(Permission.STAY_MANAGE)
def admit(case_id: uuid.UUID) -> Answer:
    by = access.actor()
    person = store.admittable(case_id, by=by)
    form = _admit_form(person)
    if not form.validate():
        return render_template("shelter/stays/admit.html", person=person, form=form), 422
    admitted_on = chosen_day(form.admitted, form.admitted_day, calendar.today())
    chosen = chosen_place(form)
    try:
        stay_id = actions.admit(
            case_id=case_id,
            place_id=chosen.place_id,
            with_stay_id=chosen.with_stay_id,
            admitted_on=admitted_on,
            anticipated_end_on=planned_day(form.planned, form.planned_day, admitted_on),
            by=by,
        )
    except ImpossibleStay as error:
        status = mark_impossible(form, error)
        return render_template("shelter/stays/admit.html", person=person, form=form), status
    return redirect(url_for("stays.show", stay_id=stay_id), 303)


def _admit_form(person: store.Admittable) -> AdmitStayForm:
    form = AdmitStayForm(request.form)
    small = may_be_with_mother(age_class=person.age_class, age_band=person.age_band)
    offer_places(form, for_case=person.case_id, small_child=small)
    return form


WITH = "with "
"""How the value of a choice begins that is no place: with the stay of the mother, and then her code."""


def offer_places(form: AdmitStayForm, *, for_case: uuid.UUID | None = None, small_child: bool = False) -> None:
    """The shelter's free places; the one kept for this person, or the only one, stands first and is taken.

    `small_child`: it may be under three, and be with its mother.
    """
    form.bed.choices = place_choices(places.free_lines(by=access.actor(), for_case=for_case))
    if small_child:
        form.bed.choices += _mothers()


def place_choices(lines: Iterable[places.PlaceLine]) -> list[SelectChoice]:
    """Each place by its name, with its unit and for whom that is."""
    words = country().building.for_whom
    return [
        SelectChoice(
            value=line.label,
            label=f"{line.label} · {line.unit}, {text_in(words[line.for_whom])}"
            if line.for_whom in words
            else line.label,
        )
        for line in lines
    ]


def _mothers() -> list[SelectChoice]:
    return [
        SelectChoice(
            value=WITH + line.pseudonym,
            label=gettext("Under 3, with the mother %(code)s: no place of its own", code=line.pseudonym),
        )
        for line in store.mothers(by=access.actor())
    ]


@dataclass(frozen=True, slots=True)
class Chosen:
    """What was chosen: a place, or with whose stay a small child is."""

    place_id: uuid.UUID | None
    with_stay_id: uuid.UUID | None


def chosen_place(form: AdmitStayForm | ChangeStayForm) -> Chosen:
    """The place whose name was chosen; names are short, and one shelter's are all different."""
    by = access.actor()
    if form.bed.data.startswith(WITH):
        code = form.bed.data.removeprefix(WITH)
        return Chosen(None, next((line.id for line in store.mothers(by=by) if line.pseudonym == code), None))
    return Chosen(places.place_called(form.bed.data, by=by), None)


def mark_impossible(form: AdmitStayForm | ChangeStayForm | EndStayForm, error: ImpossibleStay) -> int:
    """Show the message at its field; returns the HTTP status: 409 when somebody else was faster, else 422."""
    name = FIELD_OF.get(error.reason, "bed")
    field = form[name if name in form else "bed"]
    other = f"{name}_day"
    if other in form and field.data == "other":
        field = form[other]
    field.errors = [IMPOSSIBLE[error.reason]]
    return 409 if error.reason in (StayRefusal.PLACE_TAKEN, StayRefusal.PLACE_KEPT, StayRefusal.ALREADY_THERE) else 422


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
    )


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
    if not form.validate():
        return render_template("shelter/stays/change.html", stay=stay, form=form), 422
    chosen = chosen_place(form)
    try:
        actions.change(
            stay_id=stay_id,
            place_id=chosen.place_id,
            with_stay_id=chosen.with_stay_id,
            anticipated_end_on=form.planned.data or date.min,
            by=by,
        )
    except ImpossibleStay as error:
        status = mark_impossible(form, error)
        return render_template("shelter/stays/change.html", stay=stay, form=form), status
    except StayOver:
        return errors.error_page(409, OVER)
    return redirect(url_for("stays.show", stay_id=stay_id), 303)


def _change_form(stay: store.StayLine) -> ChangeStayForm:
    by = access.actor()
    mother = next((line.pseudonym for line in store.mothers(by=by) if line.id == stay.with_stay_id), None)
    now = WITH + mother if mother is not None else stay.place
    form = ChangeStayForm(request.form, bed=now, planned=stay.anticipated_end_on)
    lines = [line for line in places.places(by=by) if line.id == stay.place_id]
    form.bed.choices = place_choices([*lines, *places.free_lines(by=by, for_case=stay.case_id)])
    if not now:
        form.bed.choices.insert(0, SelectChoice(value="", label=N_("Choose a place")))
    if stay.small_child:
        form.bed.choices += _mothers()
    return form


@blueprint.get("/stays/<uuid:stay_id>/end")
@access.requires(Permission.STAY_MANAGE)
def end_page(stay_id: uuid.UUID) -> Answer:
    stay = store.stay(stay_id, by=access.actor())
    if stay.ended_on is not None:
        return errors.error_page(409, OVER)
    return _end_page(stay, _end_form())


@blueprint.post("/stays/<uuid:stay_id>/end")
@access.requires(Permission.STAY_MANAGE)
def end(stay_id: uuid.UUID) -> Answer:
    by = access.actor()
    stay = store.stay(stay_id, by=by)
    if stay.ended_on is not None:
        return errors.error_page(409, OVER)
    form = _end_form()
    if not form.validate():
        for elsewhere, why in BY_ANOTHER_PAGE.items():
            if form.reason.data == elsewhere:
                form.reason.errors = [IMPOSSIBLE[why]]
        return _end_page(stay, form), 422
    reason = ExitReason(form.reason.data)
    fitting = DESTINATIONS[reason]
    if not form.destination.data and len(fitting) > 1:
        form.destination.errors = [N_("Choose where the person went")]
        return _end_page(stay, form), 422
    destination = Destination(form.destination.data) if form.destination.data else next(iter(fitting))
    try:
        actions.end(
            stay_id=stay_id,
            ended_on=chosen_day(form.ended, form.ended_day, calendar.today()),
            exit_reason=reason,
            destination=destination,
            where=form.where(country().iso),
            same_household=form.same_household.data,
            by=by,
        )
    except ImpossibleStay as error:
        status = mark_impossible(form, error)
        mark_country(form, error)
        return _end_page(stay, form), status
    except GateClosed as error:
        if error.reason is not GateRefusal.OTHER_HOUSEHOLD:
            form.reason.errors = [CLOSED[error.reason]]
            return _end_page(stay, form, gate=error.reason), 422
        form.same_household.errors = [CLOSED[error.reason]]
        used_for = [label_of("exit_reasons", reason), label_of("destinations", destination)]
        return _end_page(stay, form, used_for=", ".join(used_for)), 422
    except StayOver:
        return errors.error_page(409, OVER)
    return redirect(url_for("stays.show", stay_id=stay_id), 303)


def _end_page(stay: store.StayLine, form: EndStayForm, *, gate: str = "", used_for: str = "") -> str:
    """The form; of a child with what was found, and `used_for`: the reason and destination it is now used for."""
    found = findings.gate(stay.case_id)
    return render_template(
        "shelter/stays/end.html", stay=stay, form=form, gate=gate, found=found, used_for=used_for, **findings.words()
    )


def mark_country(form: WhereForm, error: ImpossibleStay) -> None:
    """Show the error at the name of the country, if another country was chosen."""
    if error.reason is StayRefusal.COUNTRY and form.country.data == ABROAD:
        form.country.errors = []
        form.country_name.errors = [NAME_IT]


def _end_form() -> EndStayForm:
    form = EndStayForm(request.form)
    form.offer_countries(text_in(country().names))
    form.reason.choices = of_list("exit_reasons", [each for each in ExitReason if each not in BY_ANOTHER_PAGE])
    form.destination.choices = [
        SelectChoice(value="", label=N_("As the reason says")),
        *of_list("destinations"),
    ]
    if form.destination.data is None:
        form.destination.data = ""
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
