"""Missing people, adults who left on their own, and who died: reporting, finding, ending; recording and confirming."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from forms import SelectChoice
from forms.days import chosen_day
from forms.names import country_name
from forms.shelter.cases import CARE_FIELDS, IF_MISSING
from forms.shelter.corrections import TakeBackForm
from forms.shelter.stays import (
    ABSENCE_REFUSED,
    CHILDREN_FIRST,
    CLOSED,
    FIELD_OF,
    IMPOSSIBLE,
    DiedForm,
    LeftAloneForm,
    MissingChildForm,
    MissingForm,
)
from nrm import clock
from nrm.actions.shelter import absences as actions
from nrm.actions.shelter import corrections
from nrm.actions.support import what_desks_know as knowing
from nrm.domain.accounts.accounts import NotVisible, Permission
from nrm.domain.shelter.absences import AbsenceRefusal, AbsenceRefused, Feared, Outcome, Way, check_mistake
from nrm.domain.shelter.cases import Compartment
from nrm.domain.shelter.corrections import Why
from nrm.domain.shelter.permits import GateClosed
from nrm.domain.shelter.stays import (
    DESTINATIONS,
    HOME,
    UNKNOWN_COUNTRY,
    Destination,
    ExitReason,
    ImpossibleStay,
    StayOver,
    StayRefusal,
)
from nrm.domain.words import N_, Phrase
from nrm.steps.shelter import cases as case_steps
from nrm.store import days
from nrm.store.countries import country
from nrm.store.shelter import absences as store
from nrm.store.shelter import cases, stay_history, stays
from nrm.store.shelter import missing_told as told_store
from nrm.web import access, errors
from nrm.web.accounts import told_once
from nrm.web.choices import label_of, of_list
from nrm.web.language import current_language, gettext, text_in
from nrm.web.shelter import missing_told

blueprint = Blueprint("absences", __name__)
Answer = BaseResponse | tuple[str, int] | str

OVER = N_("This stay has ended already.")


@blueprint.errorhandler(AbsenceRefused)
def _refused(error: AbsenceRefused) -> Answer:
    return errors.error_page(409, ABSENCE_REFUSED[error.reason])


@blueprint.errorhandler(GateClosed)
def _closed(error: GateClosed) -> Answer:
    return errors.error_page(409, CLOSED[error.reason])


@blueprint.errorhandler(StayOver)
def _over(_: StayOver) -> Answer:
    return errors.error_page(409, OVER)


def place(code: str) -> str:
    """A country in words: of a stay or a record; empty where none was asked."""
    if code == HOME:
        return text_in(country().names)
    if code == UNKNOWN_COUNTRY:
        return gettext("country not known")
    return country_name(code, current_language()) if code else ""


@blueprint.get("/cases/<uuid:case_id>/missing")
@access.requires(Permission.STAY_MANAGE)
def missing_page(case_id: uuid.UUID) -> Answer:
    return _missing(case_id, _missing_form(case_id))


def _missing_form(case_id: uuid.UUID) -> MissingForm:
    """Of a child, or who may be one, with what is given in the same act."""
    adult = stays.sleeps_here(case_id, by=access.actor()).age_class == "adult"
    return MissingForm(request.form) if adult else MissingChildForm(request.form)


def _missing(
    case_id: uuid.UUID, form: MissingForm, status: int = 200, *, typed: Sequence[str] = (), feared: bool = False
) -> Answer:
    """`typed`: what nobody kept of it, as an alarm stands already; `feared`: that danger is feared was added to it."""
    by = access.actor()
    case = stays.sleeps_here(case_id, by=by)
    page = render_template(
        "shelter/absences/missing.html",
        case=case,
        form=form,
        standing=store.of_case(case_id, by=by),
        stays_here=stays.of_case(case_id, by=by).current is not None,
        kept_hours=country().building.missing_place_hours,
        police=country().emergency.police,
        children=country().emergency.children,
        small=stays.with_person(case_id, by=by),
        along=stays.came_along(case_id, by=by),
        asked=_was_asked(case_id),
        answers=_if_missing(case_id),
        typed=typed,
        feared=feared,
    )
    return page, status


def _typed(form: MissingForm) -> list[str]:
    """What was written into the form beside what is chosen."""
    day = form.since_day.parts if form.since.data == "other" else {}
    texts = form.given.values() if isinstance(form, MissingChildForm) else ()
    return [each for each in (" ".join(filter(None, day.values())), *texts) if each]


def _was_asked(case_id: uuid.UUID) -> bool:
    """Whether the care of the person is there for this reader; not for a shelter from which the keys moved at once."""
    try:
        return Compartment.CARE in cases.case(case_id, by=access.actor()).compartments
    except NotVisible:
        return False


def _if_missing(case_id: uuid.UUID) -> list[tuple[Phrase, str]] | None:
    """What the person answered at admission, as (question, answer); None until this session opened the care."""
    try:
        care = case_steps.opened(case_id=case_id, by=access.actor()).get(Compartment.CARE)
    except NotVisible:
        return None
    if care is None:
        return None
    return [(CARE_FIELDS[name], str(care.value[name])) for name in IF_MISSING if care.value.get(name)]


@blueprint.post("/cases/<uuid:case_id>/missing")
@access.requires(Permission.STAY_MANAGE)
def report(case_id: uuid.UUID) -> Answer:
    """The alarm, or, where one stands, what is worse than it says; nothing that was typed goes without a word."""
    by = access.actor()
    form = _missing_form(case_id)
    feared = actions.fear(case_id=case_id, by=by) if form.feared.data == Feared.YES else None
    if (standing := store.of_case(case_id, by=by)) is not None:
        if feared is not None and not _typed(form):
            return told_once.lead(url_for("missing_told.police_page", missing_id=standing.id, did="feared"))
        return _missing(case_id, form, 409, typed=_typed(form), feared=feared is not None)
    if feared is not None:  # another shelter raised it
        return redirect(url_for("cases.show", case_id=case_id), 303)
    if not form.validate():
        return _missing(case_id, form, 422)
    try:
        missing_id = actions.report(
            case_id=case_id,
            since=_since(form),
            feared=Feared(form.feared.data),
            given=form.given if isinstance(form, MissingChildForm) else None,
            official=not isinstance(form, MissingChildForm)
            or form.official.data != "no"
            or missing_told.said_of_official(case_id),
            by=by,
        )
    except AbsenceRefused as error:
        if error.reason is not AbsenceRefusal.SINCE:
            raise
        field = form.since_day if form.since.data == "other" else form.since
        field.errors = [ABSENCE_REFUSED[error.reason]]
        return _missing(case_id, form, 422)
    return told_once.lead(url_for("missing_told.police_page", missing_id=missing_id, did="raised"))


def _since(form: MissingForm) -> datetime:
    """The time since which the person is missing. For another day than today: noon, because nobody knows the hour."""
    now = clock.now()
    if form.since.data != "other" or form.since_day.data is None:
        return now - timedelta(hours=int(form.since.data))
    noon = datetime.combine(form.since_day.data, time(12), country().timezone).astimezone(UTC)
    return min(noon, now) if form.since_day.data == days.today() else noon


@blueprint.post("/missing/<uuid:missing_id>/known")
@access.requires(Permission.OBLIGATION_ACKNOWLEDGE)
def known(missing_id: uuid.UUID) -> Answer:
    """The duty desk, or the child authority, says that it knows."""
    knowing.known(missing_id=missing_id, by=access.actor())
    return redirect(url_for("home.index"), 303)


@blueprint.post("/missing/<uuid:missing_id>/not-known")
@access.requires(Permission.OBLIGATION_ACKNOWLEDGE)
def not_known(missing_id: uuid.UUID) -> Answer:
    """The desk takes back that it knows, as long as the alarm stands."""
    knowing.take_back_known(missing_id=missing_id, by=access.actor())
    return redirect(url_for("home.index"), 303)


@blueprint.get("/missing/<uuid:missing_id>/found")
@access.requires(Permission.STAY_MANAGE)
def found_page(missing_id: uuid.UUID) -> Answer:
    """Who is said to be back and what ends with it, before the alarm is over: of two codes the wrong one is pressed."""
    line = store.one(missing_id, by=access.actor())
    return render_template("shelter/absences/found.html", line=line)


@blueprint.post("/missing/<uuid:missing_id>/found")
@access.requires(Permission.STAY_MANAGE)
def found(missing_id: uuid.UUID) -> Answer:
    """The person is back: the alarm is over."""
    by = access.actor()
    case_id = actions.found(missing_id=missing_id, by=by)
    current = stays.of_case(case_id, by=by).current
    return _after(current.id if current is not None else None, case_id, "found")


def _after(stay_id: uuid.UUID | None, case_id: uuid.UUID, did: str) -> Answer:
    """To the page of the stay, which says what happened and what comes next; without a stay to the case."""
    if stay_id is None:
        return redirect(url_for("cases.show", case_id=case_id), 303)
    return redirect(url_for("stays.show", stay_id=stay_id, did=did), 303)


@blueprint.get("/missing/<uuid:missing_id>/mistake")
@access.requires(Permission.STAY_MANAGE)
def mistake_page(missing_id: uuid.UUID) -> Answer:
    """Of whom the alarm was by mistake, before it is struck; and after that, whom to call again."""
    line = stay_history.alarm(missing_id, by=access.actor())
    if line.outcome != Outcome.MISTAKE:
        check_mistake(line.outcome, reported_on=line.reported_on, today=days.today(), lives_here=line.lives_here)
    return _mistake_page(line, TakeBackForm())


def _mistake_page(line: stay_history.AlarmLine, form: TakeBackForm, status: int = 200) -> Answer:
    called = [each for each in told_store.of_alarm(line.id, by=access.actor()) if each.way == Way.TELEPHONE]
    stay = stays.stay(line.stay_id, by=access.actor()) if line.stay_id and line.lives_here else None
    return render_template("shelter/absences/mistake.html", line=line, form=form, called=called, stay=stay), status


@blueprint.post("/missing/<uuid:missing_id>/mistake")
@access.requires(Permission.STAY_MANAGE)
def mistake(missing_id: uuid.UUID) -> Answer:
    """The alarm was a mistake."""
    line, form = stay_history.alarm(missing_id, by=access.actor()), TakeBackForm(request.form)
    if not form.validate():
        return _mistake_page(line, form, 422)
    seen = request.form.get("seen", "")
    corrections.strike_alarm(missing_id=missing_id, why=Why(form.why.data), seen=seen, by=access.actor())
    return redirect(url_for("absences.mistake_page", missing_id=missing_id), 303)


@blueprint.post("/missing/<uuid:missing_id>/place")
@access.requires(Permission.STAY_MANAGE)
def give_up_place(missing_id: uuid.UUID) -> Answer:
    """After the hours for which it is kept, the place is there for others."""
    stay_id = actions.give_up_place(missing_id=missing_id, by=access.actor())
    return redirect(url_for("stays.show", stay_id=stay_id, did="place_free"), 303)


@blueprint.get("/missing/<uuid:missing_id>/end")
@access.requires(Permission.STAY_MANAGE)
def end_page(missing_id: uuid.UUID) -> Answer:
    """What follows from ending the alarm, before it is ended."""
    line = store.one(missing_id, by=access.actor())
    return render_template("shelter/absences/end.html", line=line, early=days.today() < line.may_end_on)


@blueprint.post("/missing/<uuid:missing_id>/end")
@access.requires(Permission.STAY_MANAGE)
def end(missing_id: uuid.UUID) -> Answer:
    by = access.actor()
    case_id = actions.end(missing_id=missing_id, by=by)
    past = stays.of_case(case_id, by=by).past
    newest = max(past, key=lambda each: (each.ended_on or date.min, each.admitted_on)) if past else None
    return _after(newest.id if newest is not None else None, case_id, "alarm_ended")


@blueprint.get("/stays/<uuid:stay_id>/left")
@access.requires(Permission.STAY_MANAGE)
def left_page(stay_id: uuid.UUID) -> Answer:
    stay = stays.stay(stay_id, by=access.actor())
    if stay.ended_on is not None:
        return errors.error_page(409, OVER)
    return _left_page(stay, _left_form())


def _left_page(stay: stays.StayLine, form: LeftAloneForm, status: int = 200) -> Answer:
    by = access.actor()
    children, along = stays.with_person(stay.case_id, by=by), stays.came_along(stay.case_id, by=by)
    page = render_template("shelter/absences/left.html", stay=stay, form=form, children=children, along=along)
    return page, status


def _seen(form: LeftAloneForm | DiedForm, stay: stays.StayLine) -> bool:
    """Whether somebody looked for the children who came along, where there are such in the house."""
    if form.children_seen.data or not stays.came_along(stay.case_id, by=access.actor()):
        return True
    form.children_seen.errors = [CHILDREN_FIRST]
    return False


def _died_page(stay: stays.StayLine, form: DiedForm, status: int = 200) -> Answer:
    along = stays.came_along(stay.case_id, by=access.actor())
    return render_template("shelter/absences/died.html", stay=stay, form=form, along=along), status


def _left_form() -> LeftAloneForm:
    form = LeftAloneForm(request.form)
    form.offer_countries(text_in(country().names))
    form.destination.description = ""
    fitting = [each for each in Destination if each in DESTINATIONS[ExitReason.LEFT_ALONE]]
    form.destination.choices = [SelectChoice(value="", label=N_("Choose")), *of_list("destinations", fitting)]
    if form.destination.data is None:
        form.destination.data = ""
    return form


@blueprint.post("/stays/<uuid:stay_id>/left")
@access.requires(Permission.STAY_MANAGE)
def record_left(stay_id: uuid.UUID) -> Answer:
    """The first member says that she left, when, and where to if that is known."""
    by = access.actor()
    stay = stays.stay(stay_id, by=by)
    form = _left_form()
    valid = form.validate()
    if not form.destination.data:
        form.destination.errors = [N_("Choose where the person went")]
        valid = False
    if not _seen(form, stay) or not valid:
        return _left_page(stay, form, 422)
    try:
        left_id = actions.record_left(
            stay_id=stay_id,
            left_on=chosen_day(form.left, form.left_day, days.today()),
            destination=Destination(form.destination.data),
            where=form.where(country().iso),
            by=by,
        )
    except ImpossibleStay as error:
        name = FIELD_OF.get(error.reason, "destination")
        field = form.left if name == "ended" else form[name]
        if name == "ended" and form.left.data == "other":
            field = form.left_day
        if error.reason is StayRefusal.COUNTRY and form.country.data == "abroad":
            field = form.country_name
        field.errors = [IMPOSSIBLE[error.reason]]
        return _left_page(stay, form, 422)
    except GateClosed as error:
        form.left.errors = [CLOSED[error.reason]]
        return _left_page(stay, form, 422)
    return redirect(url_for("absences.left_one", left_id=left_id), 303)


@blueprint.get("/stays/<uuid:stay_id>/died")
@access.requires(Permission.STAY_MANAGE)
def died_page(stay_id: uuid.UUID) -> Answer:
    stay = stays.stay(stay_id, by=access.actor())
    if stay.ended_on is not None:
        return errors.error_page(409, OVER)
    return _died_page(stay, DiedForm())


@blueprint.post("/stays/<uuid:stay_id>/died")
@access.requires(Permission.STAY_MANAGE)
def record_death(stay_id: uuid.UUID) -> Answer:
    """The first member says that the person died, and when."""
    by = access.actor()
    stay = stays.stay(stay_id, by=by)
    form = DiedForm(request.form)
    valid = form.validate()
    if not _seen(form, stay) or not valid:
        return _died_page(stay, form, 422)
    try:
        left_id = actions.record_death(
            stay_id=stay_id, died_on=chosen_day(form.died, form.died_day, days.today()), by=by
        )
    except ImpossibleStay as error:
        field = form.died_day if form.died.data == "other" else form.died
        field.errors = [IMPOSSIBLE[error.reason]]
        return _died_page(stay, form, 422)
    return redirect(url_for("absences.left_one", left_id=left_id), 303)


@blueprint.get("/left/<uuid:left_id>")
@access.requires(Permission.STAY_MANAGE)
def left_one(left_id: uuid.UUID) -> Answer:
    """What was recorded; for somebody else of the shelter, the button that confirms it."""
    line = store.left_one(left_id, by=access.actor())
    return render_template(
        "shelter/absences/left_one.html",
        line=line,
        destination=label_of("destinations", line.destination),
        country=place(line.country),
        no_hand=gettext(ABSENCE_REFUSED[AbsenceRefusal.NO_HAND]),
    )


@blueprint.post("/left/<uuid:left_id>/confirm")
@access.requires(Permission.STAY_MANAGE)
def confirm_left(left_id: uuid.UUID) -> Answer:
    kind = store.left_one(left_id, by=access.actor()).kind
    stay_id = actions.confirm_left(left_id=left_id, by=access.actor())
    return redirect(url_for("stays.show", stay_id=stay_id, did=kind), 303)


@blueprint.post("/left/<uuid:left_id>/back")
@access.requires(Permission.STAY_MANAGE)
def take_back_left(left_id: uuid.UUID) -> Answer:
    """Delete a record that was wrong."""
    stay_id = actions.take_back_left(left_id=left_id, by=access.actor())
    return redirect(url_for("stays.show", stay_id=stay_id, did="taken_back"), 303)


@blueprint.post("/left/<uuid:left_id>/known")
@access.requires(Permission.OBLIGATION_ACKNOWLEDGE)
def left_known(left_id: uuid.UUID) -> Answer:
    """The duty desk, or for a child that died the child authority, says that it knows."""
    knowing.left_known(left_id=left_id, by=access.actor())
    return redirect(url_for("home.index"), 303)


@blueprint.post("/left/<uuid:left_id>/not-known")
@access.requires(Permission.OBLIGATION_ACKNOWLEDGE)
def left_not_known(left_id: uuid.UUID) -> Answer:
    """The desk takes back that it knows, until the day after."""
    knowing.left_not_known(left_id=left_id, by=access.actor())
    return redirect(url_for("home.index"), 303)
