"""Pages of a shelter's places: the board of the next days, the list, and what is done with one of them."""

from __future__ import annotations

import uuid
from datetime import date, timedelta

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response
from wtforms import Form

from forms import SelectChoice
from forms.days import OTHER, chosen_day
from forms.shelter.places import (
    ALREADY,
    CLOSED_WORDS,
    EXTRA_REASONS,
    FIELD_OF,
    OUT_REASONS,
    REFUSED,
    AddPlacesForm,
    ClosePlaceForm,
    ExtraPlaceForm,
    OutForm,
    PromiseForm,
    RenamePlaceForm,
    RenewForm,
)
from nrm.actions.shelter import places as actions
from nrm.actions.shelter import promises as promise_actions
from nrm.domain import presses
from nrm.domain.accounts.accounts import NotVisible, Permission
from nrm.domain.shelter.places import CloseReason, ExtraReason, On, OutReason, PlaceRefusal, PlaceRefused
from nrm.domain.words import N_
from nrm.store import days
from nrm.store.countries import country
from nrm.store.shelter import places as store
from nrm.store.shelter import stays as stay_store
from nrm.web import access, errors
from nrm.web.formats import day
from nrm.web.language import current_language, gettext, ngettext, text_in

Answer = Response | str | tuple[str, int]

blueprint = Blueprint("places", __name__)

SHOWN = 40
"""How many places a page lists, so that it stays light."""
CLOSED = REFUSED[PlaceRefusal.CLOSED]
NONE_LEFT = N_("Enter a unit first: an extra place stands in one.")


def for_whom(code: str) -> str:
    """For whom a unit is, in the reader's language; the code itself where the country's list has it no longer."""
    words = country().building.for_whom.get(code)
    return text_in(words) if words is not None else code


def tonight(room: store.Room) -> str:
    """What is free tonight and for whom, in one sentence; for the board and the home page of a shelter."""
    free = room.tonight
    if not free:
        return gettext("Tonight no place is free.")
    said = [f"{number} {for_whom(code)}" for code, number in free]
    number = sum(each for _, each in free)
    sentence = ngettext(
        "Tonight %(num)s place is free: %(which)s.",
        "Tonight %(num)s places are free: %(which)s.",
        number,
        which=", ".join(said),
    )
    asked = number - room.free
    if asked <= 0:
        return sentence
    return sentence + " " + ngettext("%(num)s of them is asked for.", "%(num)s of them are asked for.", asked)


def mark(form: Form, reason: PlaceRefusal, otherwise: str) -> None:
    """Say at the field that it is about why something is refused; `otherwise`: the field for all other reasons."""
    name = FIELD_OF[reason] if reason in FIELD_OF and FIELD_OF[reason] in form else otherwise
    if name == "begins" and form[name].data == OTHER:
        name = "begins_day"
    form[name].errors = [REFUSED[reason]]


@blueprint.get("/beds")
@access.requires(Permission.STAY_MANAGE)
def board() -> str:
    """Every place and the next fourteen days, by unit."""
    by = access.actor()
    room = store.room(by=by)
    board_days, rows = store.board(by=by)
    units: dict[str, list[tuple[store.PlaceLine, list[tuple[str, int]]]]] = {}
    for line, runs in rows:
        shown = [(_planned(what) if number else str(what), length) for number, (what, length) in enumerate(runs)]
        units.setdefault(f"{line.unit}, {for_whom(line.for_whom)}" if line.unit else "", []).append((line, shown))
    return render_template(
        "shelter/places/board.html",
        room=room,
        tonight=tonight(room),
        days=board_days,
        units=units,
        without=stay_store.without_place(by=by),
        small=store.with_mother(by=by),
    )


def _planned(what: On) -> str:
    """What a place will be on days to come: nobody is late yet whose day has not passed."""
    return "kept_on" if what is On.KEPT_OVERDUE else str(what)


@blueprint.get("/beds/list")
@access.requires(Permission.STAY_MANAGE)
def index() -> str:
    """Every place of the shelter, closed ones too, `SHOWN` at a time; `from` says how many stand before."""
    by = access.actor()
    lines = store.places(by=by, closed=True)
    asked = request.args.get("from", "0")
    start = int(asked) if asked.isascii() and asked.isdigit() and len(asked) <= 4 else 0
    return render_template(
        "shelter/places/index.html",
        room=store.room(by=by),
        lines=lines[start : start + SHOWN],
        more=start + SHOWN if len(lines) > start + SHOWN else 0,
        closed_words=CLOSED_WORDS,
        out_reasons=OUT_REASONS,
        may_manage=by.may(Permission.PLACE_MANAGE),
    )


@blueprint.get("/beds/<uuid:place_id>")
@access.requires(Permission.STAY_MANAGE)
def show(place_id: uuid.UUID) -> str:
    """One place: who has it, for whom it is kept, when it is out of service, and what can be done with it."""
    by = access.actor()
    line = store.place_line(place_id, by=by)
    return render_template(
        "shelter/places/show.html",
        place=line,
        known={each.id: store.known_code(each.code, by=by) for each in line.kept if not each.referred},
        for_whom=for_whom,
        closed_words=CLOSED_WORDS,
        out_reasons=OUT_REASONS,
        extra_reasons=EXTRA_REASONS,
        may_manage=by.may(Permission.PLACE_MANAGE),
    )


@blueprint.get("/beds/add")
@access.requires(Permission.PLACE_MANAGE)
def add_page() -> str:
    form = AddPlacesForm(number="1", unit=request.args.get("unit", ""))
    return _add_page(form)


def _add_page(form: AddPlacesForm) -> str:
    _offer_units(form)
    return render_template("shelter/places/add.html", form=form)


def _offer_units(form: AddPlacesForm | ExtraPlaceForm) -> None:
    """The units that are not closed; the only one is taken."""
    choices = _units()
    form.unit.choices = choices
    if len(choices) == 1 and not form.unit.data:
        form.unit.data = choices[0].value


def _units() -> list[SelectChoice]:
    lines = (line for line in store.units(by=access.actor()) if line.until_on is None)
    return [SelectChoice(value=str(line.id), label=f"{line.label}, {for_whom(line.for_whom)}") for line in lines]


def chosen_unit(value: str) -> uuid.UUID:
    """The unit that was chosen; raises NotVisible."""
    try:
        return uuid.UUID(value)
    except ValueError:
        raise NotVisible from None


def number_in(typed: str | None) -> int:
    """A small whole number as it was typed; 0 where it is none."""
    text = (typed or "").strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 4 else 0


@blueprint.post("/beds/add")
@access.requires(Permission.PLACE_MANAGE)
def add() -> Answer:
    form = AddPlacesForm(request.form)
    _offer_units(form)
    if not form.validate():
        return _add_page(form), 422
    try:
        actions.add(
            name=form.name.data or "",
            number=number_in(form.number.data),
            unit_id=chosen_unit(form.unit.data),
            from_on=chosen_day(form.begins, form.begins_day, days.today()),
            there_already=form.begins.data == ALREADY,
            by=access.actor(),
        )
    except PlaceRefused as error:
        mark(form, error.reason, "name")
        return _add_page(form), 422
    return redirect(url_for("places.index"), 303)


@blueprint.get("/beds/<uuid:place_id>/rename")
@access.requires(Permission.PLACE_MANAGE)
def rename_page(place_id: uuid.UUID) -> str:
    line = store.place_line(place_id, by=access.actor())
    return render_template("shelter/places/rename.html", place=line, form=RenamePlaceForm(name=line.label))


@blueprint.post("/beds/<uuid:place_id>/rename")
@access.requires(Permission.PLACE_MANAGE)
def rename(place_id: uuid.UUID) -> Answer:
    line = store.place_line(place_id, by=access.actor())
    form = RenamePlaceForm(request.form)
    if not form.validate():
        return render_template("shelter/places/rename.html", place=line, form=form), 422
    try:
        actions.rename(place_id=place_id, name=form.name.data or "", by=access.actor())
    except PlaceRefused as error:
        form.name.errors = [REFUSED[error.reason]]
        return render_template("shelter/places/rename.html", place=line, form=form), 422
    return redirect(url_for("places.show", place_id=place_id), 303)


@blueprint.get("/beds/<uuid:place_id>/close")
@access.requires(Permission.PLACE_MANAGE)
def close_page(place_id: uuid.UUID) -> Answer:
    line = store.place_line(place_id, by=access.actor())
    if line.closing:
        return errors.error_page(409, CLOSED)
    return render_template("shelter/places/close.html", place=line, form=ClosePlaceForm())


@blueprint.post("/beds/<uuid:place_id>/close")
@access.requires(Permission.PLACE_MANAGE)
def close(place_id: uuid.UUID) -> Answer:
    by = access.actor()
    line = store.place_line(place_id, by=by)
    form = ClosePlaceForm(request.form)
    if not form.validate():
        return render_template("shelter/places/close.html", place=line, form=form), 422
    closed_from = chosen_day(form.closed, form.day, days.today())
    try:
        actions.close(place_id=place_id, closed_from=closed_from, why=CloseReason(form.reason.data), by=by)
    except PlaceRefused as error:
        if error.reason is PlaceRefusal.CLOSED:
            return errors.error_page(409, CLOSED)
        (form.day if form.closed.data == OTHER else form.closed).errors = [_refusal(error.reason, line)]
        return render_template("shelter/places/close.html", place=line, form=form), 422
    return redirect(url_for("places.show", place_id=place_id), 303)


def _refusal(reason: PlaceRefusal, line: store.PlaceLine) -> str:
    if reason is not PlaceRefusal.OCCUPIED or line.stay is None or line.stay.anticipated_end_on <= days.today():
        return REFUSED[reason]
    return N_(
        "Enter %(day)s or a later day: until then somebody sleeps in this place. Or move the person first",
        day=day(line.stay.anticipated_end_on, current_language()),
    )


@blueprint.post("/beds/<uuid:place_id>/reopen")
@access.requires(Permission.PLACE_MANAGE)
def reopen(place_id: uuid.UUID) -> Answer:
    try:
        actions.reopen(place_id=place_id, by=access.actor())
    except PlaceRefused as error:
        return errors.error_page(409, REFUSED[error.reason])
    return redirect(url_for("places.show", place_id=place_id), 303)


@blueprint.get("/beds/<uuid:place_id>/out")
@access.requires(Permission.PLACE_MANAGE)
def take_out_page(place_id: uuid.UUID) -> str:
    line = store.place_line(place_id, by=access.actor())
    return render_template("shelter/places/out.html", place=line, form=OutForm(ends="open"))


@blueprint.post("/beds/<uuid:place_id>/out")
@access.requires(Permission.PLACE_MANAGE)
def take_out(place_id: uuid.UUID) -> Answer:
    by = access.actor()
    line = store.place_line(place_id, by=by)
    form = OutForm(request.form)
    if not form.validate():
        return render_template("shelter/places/out.html", place=line, form=form), 422
    try:
        actions.take_out(
            place_id=place_id,
            from_on=chosen_day(form.begins, form.begins_day, days.today()),
            until_on=form.ends_day.data,
            reason=OutReason(form.reason.data),
            reference=(form.reference.data or "").strip(),
            when_free=form.when_free.data,
            by=by,
        )
    except PlaceRefused as error:
        begins = form.begins_day if form.begins.data == OTHER else form.begins
        late = (PlaceRefusal.ENDS_BEFORE_IT_BEGINS, PlaceRefusal.CLOSED_TOO_LATE)
        field = form.ends_day if error.reason in late else begins
        words = (
            N_("Enter a later day, or tick that it goes out of service when the person has left")
            if error.reason is PlaceRefusal.OCCUPIED
            else REFUSED[error.reason]
        )
        field.errors = [words]
        return render_template("shelter/places/out.html", place=line, form=form), 422
    return redirect(url_for("places.show", place_id=place_id), 303)


@blueprint.post("/beds/out/<uuid:out_id>/back")
@access.requires(Permission.PLACE_MANAGE)
def put_back(out_id: uuid.UUID) -> Answer:
    return redirect(url_for("places.show", place_id=actions.put_back(out_id=out_id, by=access.actor())), 303)


@blueprint.get("/beds/extra")
@access.requires(Permission.STAY_MANAGE)
def extra_page() -> Answer:
    form = _extra_form()
    if not form.unit.choices:
        return errors.error_page(409, NONE_LEFT)
    return _extra_page(form)


def _extra_form() -> ExtraPlaceForm:
    form = ExtraPlaceForm(request.form)
    _offer_units(form)
    form.nights.choices = [
        SelectChoice(value=str(number), label=ngettext("%(num)s night", "%(num)s nights", number))
        for number in range(1, country().building.extra_place_days + 1)
    ]
    return form


def _extra_page(form: ExtraPlaceForm, status: int = 200) -> Answer:
    form.once.data = str(form.press)
    return render_template("shelter/places/extra.html", form=form), status


@blueprint.post("/beds/extra")
@access.requires(Permission.STAY_MANAGE)
def extra() -> Answer:
    form, by = _extra_form(), access.actor()
    if not form.validate():
        return _extra_page(form, 422)
    assert by.organisation_id is not None
    said = (form.unit.data, form.nights.data, form.reason.data)
    place_id = presses.id_of(by.organisation_id, form.press, *said)
    if store.is_known(place_id, by=by):  # pressed twice: now one place more is free
        return redirect(url_for("places.show", place_id=place_id), 303)
    if form.reason.data == ExtraReason.BUILDING_FULL and not form.though_free.data:
        free = len(store.free_lines(by=by))
        if free:
            form.though_free.errors = [
                N_("Free places on your board tonight: %(num)s. Can nobody be put there?", num=free)
            ]
            return _extra_page(form, 422)
    first = days.today()
    try:
        made = actions.extra(
            unit_id=chosen_unit(form.unit.data),
            from_on=first,
            until_on=first + timedelta(days=number_in(form.nights.data)),
            why=ExtraReason(form.reason.data),
            by=by,
            place_id=place_id,
        )
    except PlaceRefused as error:
        field = form.unit if error.reason is PlaceRefusal.NOT_THERE else form.nights
        field.errors = [REFUSED[error.reason]]
        return _extra_page(form, 422)
    return redirect(url_for("places.show", place_id=made), 303)


@blueprint.get("/beds/<uuid:place_id>/promise")
@access.requires(Permission.STAY_MANAGE)
def promise_page(place_id: uuid.UUID) -> str:
    line = store.place_line(place_id, by=access.actor())
    return render_template("shelter/places/promise.html", place=line, form=PromiseForm())


@blueprint.post("/beds/<uuid:place_id>/promise")
@access.requires(Permission.STAY_MANAGE)
def promise(place_id: uuid.UUID) -> Answer:
    by = access.actor()
    line = store.place_line(place_id, by=by)
    form = PromiseForm(request.form)
    if not form.validate():
        return render_template("shelter/places/promise.html", place=line, form=form), 422
    try:
        promise_actions.promise(
            place_id=place_id,
            code=form.code.data or "",
            from_on=chosen_day(form.begins, form.begins_day, days.today()),
            until_on=_day_after(form.ends_day.data),
            by=by,
        )
    except PlaceRefused as error:
        mark(form, error.reason, "begins")
        return render_template("shelter/places/promise.html", place=line, form=form), 422
    return redirect(url_for("places.show", place_id=place_id), 303)


def _day_after(last: date | None) -> date:
    return last + timedelta(days=1) if last is not None and last < date.max else date.max


@blueprint.get("/beds/promises/<uuid:promise_id>")
@access.requires(Permission.STAY_MANAGE)
def kept_page(promise_id: uuid.UUID) -> str:
    """A place that is kept: renew or release it."""
    line, kept = store.kept_line(promise_id, by=access.actor())
    return render_template("shelter/places/kept.html", place=line, kept=kept, form=RenewForm())


@blueprint.post("/beds/promises/<uuid:promise_id>/renew")
@access.requires(Permission.STAY_MANAGE)
def renew(promise_id: uuid.UUID) -> Answer:
    by = access.actor()
    line, kept = store.kept_line(promise_id, by=by)
    form = RenewForm(request.form)
    if not form.validate():
        return render_template("shelter/places/kept.html", place=line, kept=kept, form=form), 422
    try:
        promise_actions.renew(promise_id=promise_id, until_on=_day_after(form.ends_day.data), by=by)
    except PlaceRefused as error:
        form.ends_day.errors = [REFUSED[error.reason]]
        return render_template("shelter/places/kept.html", place=line, kept=kept, form=form), 422
    return redirect(url_for("places.show", place_id=line.id), 303)


@blueprint.post("/beds/promises/<uuid:promise_id>/release")
@access.requires(Permission.STAY_MANAGE)
def release(promise_id: uuid.UUID) -> Answer:
    place_id = promise_actions.release(promise_id=promise_id, by=access.actor())
    return redirect(url_for("places.show", place_id=place_id), 303)
