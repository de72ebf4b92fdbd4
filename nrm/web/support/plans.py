"""The plan of a person: goals, services, next steps, medication; a step done, moved or taken back in one press."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import date, timedelta

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from forms import SelectChoice
from forms.days import OTHER, TODAY, chosen_day, say_refused
from forms.shelter.strikes import STRIKE_LABELS, StrikeEntryForm
from forms.support.plans import (
    AT_LABELS,
    CAME_LABELS,
    FIELD_OF,
    HAPPENED_LABELS,
    KIND_LABELS,
    NOTHING,
    PLAN_REFUSED,
    STEP_ENDS,
    CameForm,
    EndMedicationForm,
    GoalForm,
    HandForm,
    MedicationForm,
    MoveForm,
    ReceivedForm,
    ServiceForm,
    StepForm,
)
from forms.typed import OnceForm, WriteForm
from nrm.actions.support import plans as actions
from nrm.domain.accounts.accounts import NotVisible, Permission
from nrm.domain.quarters import Quarter, UnreadableQuarter
from nrm.domain.shelter.strikes import StrikeReason
from nrm.domain.support.plans import At, Came, Entry, Kind, Plan, PlanRefused, Service, StepEnd
from nrm.domain.words import N_
from nrm.steps.support import plans as steps
from nrm.store import days as calendar
from nrm.store.shelter import cases, stays
from nrm.store.support import plans as store
from nrm.web import access, errors, formats
from nrm.web.accounts import told_once
from nrm.web.choices import label_of
from nrm.web.language import current_language, gettext, translated
from nrm.web.parts import Part
from nrm.web.shelter import shifts

Answer = Response | str | tuple[str, int]

blueprint = Blueprint("plans", __name__)

NOTHING_LABEL = N_("Nothing of this")


@blueprint.get("/cases/<uuid:case_id>/plan")
@access.requires(Permission.STAY_MANAGE)
def show(case_id: uuid.UUID) -> Answer:
    """The whole plan for who has care open; for others of the house the days and owners of its steps. Of a closed case
    it is read and not written."""
    by = access.actor()
    closed = stays.kept_case(case_id, by=by).status != "open"
    plan = _read(case_id)
    lines = store.of_case(case_id, by=by)
    if closed:
        words = [(line, _words(plan, line.id)) for line in lines]
        return render_template(
            "support/plans/closed.html",
            case=cases.case(case_id, by=by),
            plan=plan,
            kinds=Kind,
            steps=words,
            came=CAME_LABELS,
            ends=STEP_ENDS,
            when_taken=when_taken,
        )
    waits = store.waits_since(case_id, by=by)
    return render_template(
        "support/plans/show.html",
        case=cases.case(case_id, by=by),
        plan=plan,
        kinds=Kind,
        steps=[(line, _words(plan, line.id)) for line in lines if not line.outcome],
        over=[(line, _words(plan, line.id)) for line in lines if line.outcome],
        confirmed=steps.confirmed(plan) if plan is not None else None,
        waits=waits,
        version=actions.version(plan) if plan is not None else "",
        leads=by.may(Permission.TEAM_MANAGE),
        came=CAME_LABELS,
        ends=STEP_ENDS,
        happened=HAPPENED_LABELS,
        why=STRIKE_LABELS,
        done=told_once.word("done"),
        today=calendar.today(),
        when_taken=when_taken,
        quarter=Quarter.of(calendar.today()),
    )


def when_taken(entry: Entry, hours: str | None = None) -> str:
    """At which hours and parts of the day medication is taken; `hours`: instead of the hours that were typed."""
    typed = str(entry.value["hours"]) if hours is None else hours
    return ", ".join(filter(None, (typed, *(translated(AT_LABELS[each]) for each in entry.at))))


def _read(case_id: uuid.UUID) -> Plan | None:
    """The plan, if the reader's session has care open."""
    try:
        return steps.read(case_id=case_id, by=access.actor())
    except steps.CannotOpen:
        return None


def _words(plan: Plan | None, step_id: uuid.UUID) -> Entry | None:
    entries = plan.entries if plan is not None else ()
    return next((each for each in entries if each.id == step_id), None)


@blueprint.get("/cases/<uuid:case_id>/plan/goal")
@access.requires(Permission.STAY_MANAGE)
def goal_page(case_id: uuid.UUID) -> Answer:
    return _form_page(case_id, "goal", GoalForm())


@blueprint.post("/cases/<uuid:case_id>/plan/goal")
@access.requires(Permission.STAY_MANAGE)
def goal(case_id: uuid.UUID) -> Answer:
    form = GoalForm(request.form)
    return _write(
        case_id,
        "goal",
        form,
        lambda: actions.add_goal(case_id=case_id, text=_text(form.text.data), by=access.actor(), press=form.press),
    )


@blueprint.get("/cases/<uuid:case_id>/plan/service")
@access.requires(Permission.STAY_MANAGE)
def service_page(case_id: uuid.UUID) -> Answer:
    return _form_page(case_id, "service", _service_form())


@blueprint.post("/cases/<uuid:case_id>/plan/service")
@access.requires(Permission.STAY_MANAGE)
def service(case_id: uuid.UUID) -> Answer:
    form = _service_form()

    def write() -> uuid.UUID:
        return actions.add_service(
            case_id=case_id,
            service=Service(form.service.data),
            provider=_text(form.provider.data),
            text=_text(form.text.data),
            by=access.actor(),
            press=form.press,
        )

    return _write(case_id, "service", form, write)


def _service_form() -> ServiceForm:
    form = ServiceForm(request.form)
    offered = [SelectChoice(value=str(each), label=label_of("services", each)) for each in Service]
    form.service.choices = [SelectChoice(value="", label=""), *offered]
    return form


@blueprint.get("/cases/<uuid:case_id>/plan/step")
@access.requires(Permission.STAY_MANAGE)
def step_page(case_id: uuid.UUID) -> Answer:
    return _form_page(case_id, "step", _step_form())


@blueprint.post("/cases/<uuid:case_id>/plan/step")
@access.requires(Permission.STAY_MANAGE)
def step(case_id: uuid.UUID) -> Answer:
    form = _step_form()

    def write() -> uuid.UUID:
        return actions.add_step(
            case_id=case_id,
            text=_text(form.text.data),
            hour=_text(form.hour.data),
            due_on=_due(form),
            owner_id=uuid.UUID(form.owner.data),
            by=access.actor(),
            press=form.press,
        )

    return _write(case_id, "step", form, write)


def _step_form() -> StepForm:
    """The form with whoever of the house can do it; the reader is chosen already."""
    by, form = access.actor(), StepForm(request.form)
    form.owner.choices = [SelectChoice(value=str(id_), label=name) for id_, name in store.owners(by=by)]
    if request.method == "GET":
        form.owner.data = str(by.member_id)
    return form


def _due(form: StepForm) -> date:
    if form.due.data == OTHER and form.due_day.data is not None:
        return form.due_day.data
    return calendar.today() + timedelta(days=0 if form.due.data == TODAY else int(form.due.data))


@blueprint.get("/cases/<uuid:case_id>/plan/medication")
@access.requires(Permission.STAY_MANAGE)
def medication_page(case_id: uuid.UUID) -> Answer:
    return _form_page(case_id, "medication", MedicationForm())


@blueprint.post("/cases/<uuid:case_id>/plan/medication")
@access.requires(Permission.STAY_MANAGE)
def medication(case_id: uuid.UUID) -> Answer:
    form = MedicationForm(request.form)

    def write() -> uuid.UUID:
        return actions.add_medication(
            case_id=case_id,
            text=_text(form.text.data),
            hours=_text(form.hour.data),
            at=[At(each) for each in form.at.data or ()],
            from_on=chosen_day(form.since, form.since_day, calendar.today()),
            until_on=form.until_day.data if form.until.data == OTHER else None,
            by=access.actor(),
            press=form.press,
        )

    return _write(case_id, "medication", form, write)


def _text(typed: str | None) -> str:
    return (typed or "").replace("\r\n", "\n").strip()


def _form_page(case_id: uuid.UUID, what: str, form: WriteForm, status: int = 200) -> Answer:
    by = access.actor()
    stays.cared_for(case_id, by=by)
    form.once.data = str(form.press)
    page = render_template(f"support/plans/{what}.html", case=cases.case(case_id, by=by), form=form)
    return page, status


def _write(case_id: uuid.UUID, what: str, form: WriteForm, write: Callable[[], uuid.UUID]) -> Answer:
    """Check the form, write, and go back to the plan, where it stands."""
    stays.cared_for(case_id, by=access.actor())
    if not form.validate():
        return _form_page(case_id, what, form, 422)
    try:
        write()
    except actions.WrittenAlready:
        return _to_plan(case_id, "already")
    except PlanRefused as error:
        status = say_refused(form, error.reason, words=PLAN_REFUSED, fields=FIELD_OF, otherwise="text")
        return _form_page(case_id, what, form, status)
    return _to_plan(case_id, what)


def _to_plan(case_id: uuid.UUID, done: str) -> Response:
    return told_once.lead(url_for("plans.show", case_id=case_id, done=done))


@blueprint.get("/cases/<uuid:case_id>/plan/<uuid:plan_entry_id>/came")
@access.requires(Permission.STAY_MANAGE)
def came_page(case_id: uuid.UUID, plan_entry_id: uuid.UUID) -> Answer:
    return _entry_page(case_id, plan_entry_id, "came", CameForm(), Kind.SERVICE)


@blueprint.post("/cases/<uuid:case_id>/plan/<uuid:plan_entry_id>/came")
@access.requires(Permission.STAY_MANAGE)
def came(case_id: uuid.UUID, plan_entry_id: uuid.UUID) -> Answer:
    form = CameForm(request.form)
    if not form.validate():
        return _entry_page(case_id, plan_entry_id, "came", form, Kind.SERVICE, status=422)
    try:
        actions.say_came(
            case_id=case_id,
            entry_id=plan_entry_id,
            came=Came(form.came.data),
            on=chosen_day(form.on, form.on_day, calendar.today()),
            who=_text(form.who.data),
            by=access.actor(),
        )
    except PlanRefused as error:
        if error.reason not in FIELD_OF:
            return errors.error_page(409, PLAN_REFUSED[error.reason])
        status = say_refused(form, error.reason, words=PLAN_REFUSED, fields=FIELD_OF, otherwise="on")
        return _entry_page(case_id, plan_entry_id, "came", form, Kind.SERVICE, status=status)
    except steps.CannotOpen:
        return _to_open(case_id)
    return _to_plan(case_id, "came")


@blueprint.get("/cases/<uuid:case_id>/plan/<uuid:plan_entry_id>/end")
@access.requires(Permission.STAY_MANAGE)
def end_medication_page(case_id: uuid.UUID, plan_entry_id: uuid.UUID) -> Answer:
    return _entry_page(case_id, plan_entry_id, "end_medication", EndMedicationForm(), Kind.MEDICATION)


@blueprint.post("/cases/<uuid:case_id>/plan/<uuid:plan_entry_id>/end")
@access.requires(Permission.STAY_MANAGE)
def end_medication(case_id: uuid.UUID, plan_entry_id: uuid.UUID) -> Answer:
    form = EndMedicationForm(request.form)
    if not form.validate():
        return _entry_page(case_id, plan_entry_id, "end_medication", form, Kind.MEDICATION, status=422)
    until = chosen_day(form.until, form.until_day, calendar.today())
    try:
        actions.end_medication(case_id=case_id, entry_id=plan_entry_id, until_on=until, by=access.actor())
    except PlanRefused as error:
        if error.reason not in FIELD_OF:
            return errors.error_page(409, PLAN_REFUSED[error.reason])
        status = say_refused(form, error.reason, words=PLAN_REFUSED, fields=FIELD_OF, otherwise="until")
        return _entry_page(case_id, plan_entry_id, "end_medication", form, Kind.MEDICATION, status=status)
    except steps.CannotOpen:
        return _to_open(case_id)
    return _to_plan(case_id, "ended")


@blueprint.get("/cases/<uuid:case_id>/plan/<uuid:plan_entry_id>/strike")
@access.requires(Permission.STAY_MANAGE)
def strike_page(case_id: uuid.UUID, plan_entry_id: uuid.UUID) -> Answer:
    return _entry_page(case_id, plan_entry_id, "strike", StrikeEntryForm())


@blueprint.post("/cases/<uuid:case_id>/plan/<uuid:plan_entry_id>/strike")
@access.requires(Permission.STAY_MANAGE)
def strike(case_id: uuid.UUID, plan_entry_id: uuid.UUID) -> Answer:
    form = StrikeEntryForm(request.form)
    if not form.validate():
        return _entry_page(case_id, plan_entry_id, "strike", form, status=422)
    try:
        actions.strike(case_id=case_id, entry_id=plan_entry_id, why=StrikeReason(form.why.data), by=access.actor())
    except PlanRefused as error:
        return errors.error_page(409, PLAN_REFUSED[error.reason])
    except steps.CannotOpen:
        return _to_open(case_id)
    return _to_plan(case_id, "struck")


def _entry_page(
    case_id: uuid.UUID, plan_entry_id: uuid.UUID, what: str, form: OnceForm, *kinds: Kind, status: int = 200
) -> Answer:
    """A page about one entry, for who has care open."""
    by = access.actor()
    stays.cared_for(case_id, by=by)
    plan = _read(case_id)
    if plan is None:
        return _to_open(case_id)
    try:
        entry = plan.entry(plan_entry_id, *kinds)
    except PlanRefused:
        raise NotVisible from None
    page = render_template(
        f"support/plans/{what}.html",
        case=cases.case(case_id, by=by),
        entry=entry,
        kind=KIND_LABELS[entry.kind],
        when_taken=when_taken,
        form=form,
    )
    return page, status


def _to_open(case_id: uuid.UUID) -> Response:
    return redirect(url_for("cases.open_page", case_id=case_id, compartment="care"), 303)


@blueprint.post("/cases/<uuid:case_id>/plan/confirm")
@access.requires(Permission.TEAM_MANAGE)
def confirm(case_id: uuid.UUID) -> Answer:
    """The manager says, with her key, that she read the plan as it is."""
    try:
        actions.confirm(case_id=case_id, seen=request.form.get("seen", ""), by=access.actor())
    except PlanRefused as error:
        return errors.error_page(409, PLAN_REFUSED[error.reason])
    except steps.CannotOpen:
        stays.cared_for(case_id, by=access.actor())
        return _to_open(case_id)
    return _to_plan(case_id, "confirmed")


@blueprint.post("/plan-steps/<uuid:plan_step_id>/<any('done', 'dropped'):end>")
@access.requires(Permission.STAY_MANAGE)
def finish(plan_step_id: uuid.UUID, end: str) -> Answer:
    return _changed(lambda: actions.finish(step_id=plan_step_id, end=StepEnd(end), by=access.actor()), end)


@blueprint.post("/plan-steps/<uuid:plan_step_id>/move/<int:days>")
@access.requires(Permission.STAY_MANAGE)
def move(plan_step_id: uuid.UUID, days: int) -> Answer:
    """To so many days from today: one press, without a form."""
    if not 1 <= days <= 31:
        raise NotVisible
    to = calendar.today() + timedelta(days=days)
    return _changed(lambda: actions.move(step_id=plan_step_id, to=to, by=access.actor()), "moved")


@blueprint.get("/plan-steps/<uuid:plan_step_id>/move")
@access.requires(Permission.STAY_MANAGE)
def move_page(plan_step_id: uuid.UUID) -> Answer:
    return _move_page(store.step(plan_step_id, by=access.actor()), MoveForm())


def _move_page(line: store.StepLine, form: MoveForm, status: int = 200) -> Answer:
    words = _words(_read(line.case_id), line.id)
    return render_template("support/plans/move.html", line=line, form=form, words=words), status


@blueprint.post("/plan-steps/<uuid:plan_step_id>/move")
@access.requires(Permission.STAY_MANAGE)
def move_to(plan_step_id: uuid.UUID) -> Answer:
    by = access.actor()
    line, form = store.step(plan_step_id, by=by), MoveForm(request.form)
    if not form.validate() or form.to_day.data is None:
        return _move_page(line, form, 422)
    try:
        actions.move(step_id=plan_step_id, to=form.to_day.data, by=by)
    except PlanRefused as error:
        if error.reason not in FIELD_OF:
            return errors.error_page(409, PLAN_REFUSED[error.reason])
        form.to_day.errors = [PLAN_REFUSED[error.reason]]
        return _move_page(line, form, 422)
    return _to_plan(line.case_id, "moved")


@blueprint.get("/plan-steps/<uuid:plan_step_id>/owner")
@access.requires(Permission.STAY_MANAGE)
def hand_page(plan_step_id: uuid.UUID) -> Answer:
    line = store.step(plan_step_id, by=access.actor())
    return _hand_page(line, HandForm(owner=str(line.owner_id)))


def _hand_page(line: store.StepLine, form: HandForm, status: int = 200) -> Answer:
    _offer_owners(form)
    words = _words(_read(line.case_id), line.id)
    return render_template("support/plans/hand.html", line=line, form=form, words=words), status


def _offer_owners(form: HandForm) -> None:
    owners = store.owners(by=access.actor())
    form.owner.choices = [SelectChoice(value=str(id_), label=name) for id_, name in owners]


@blueprint.post("/plan-steps/<uuid:plan_step_id>/owner")
@access.requires(Permission.STAY_MANAGE)
def hand_to(plan_step_id: uuid.UUID) -> Answer:
    """Somebody else of the house does it."""
    by, form = access.actor(), HandForm(request.form)
    line = store.step(plan_step_id, by=by)
    _offer_owners(form)
    if not form.validate():
        return _hand_page(line, form, 422)
    try:
        actions.hand_to(step_id=plan_step_id, owner_id=uuid.UUID(form.owner.data), by=by)
    except PlanRefused as error:
        return errors.error_page(409, PLAN_REFUSED[error.reason])
    return _to_plan(line.case_id, "handed")


@blueprint.post("/plan-steps/<uuid:plan_step_id>/undo")
@access.requires(Permission.STAY_MANAGE)
def undo(plan_step_id: uuid.UUID) -> Answer:
    """On the same day: what was done with the step is taken back."""
    return _changed(lambda: actions.undo(step_id=plan_step_id, by=access.actor()), "undone")


def _changed(change: Callable[[], uuid.UUID], done: str) -> Answer:
    """Do it and go back to the list from which it was pressed: the plan, or the tasks of the week."""
    try:
        case_id = change()
    except PlanRefused as error:
        return errors.error_page(409, PLAN_REFUSED[error.reason])
    if request.form.get("back") == "tasks":
        return told_once.lead(url_for("tasks.index", done=done))
    return _to_plan(case_id, done)


@blueprint.get("/services/<quarter>")
@access.requires(Permission.STAY_MANAGE)
def received_list(quarter: str) -> Answer:
    """Everybody who was here in a quarter, and whose services were answered."""
    which = _quarter(quarter)
    lines = store.received(which, by=access.actor())
    return render_template(
        "support/plans/received_list.html",
        quarter=which,
        lines=lines,
        waiting=sum(line.services is None for line in lines),
        labels=shifts.labels({line.case_id for line in lines}),
    )


def _quarter(text: str) -> Quarter:
    """A quarter that has begun; raises NotVisible."""
    try:
        found = Quarter.parse(text)
    except UnreadableQuarter:
        raise NotVisible from None
    if found > Quarter.of(calendar.today()):
        raise NotVisible
    return found


@blueprint.get("/cases/<uuid:case_id>/services/<quarter>")
@access.requires(Permission.STAY_MANAGE)
def received_page(case_id: uuid.UUID, quarter: str) -> Answer:
    which = _quarter(quarter)
    known = store.answered(case_id, by=access.actor()).get(which)
    form = _received_form()
    form.services.data = list(known or [NOTHING]) if known is not None else []
    return _received_page(case_id, which, form)


def _received_form() -> ReceivedForm:
    form = ReceivedForm(request.form)
    offered = [SelectChoice(value=str(each), label=label_of("services", each)) for each in Service]
    form.services.choices = [*offered, SelectChoice(value=NOTHING, label=NOTHING_LABEL)]
    return form


def _received_page(case_id: uuid.UUID, quarter: Quarter, form: ReceivedForm, status: int = 200) -> Answer:
    by = access.actor()
    stays.held_case(case_id, by=by)
    page = render_template("support/plans/received.html", case=cases.case(case_id, by=by), quarter=quarter, form=form)
    return page, status


@blueprint.post("/cases/<uuid:case_id>/services/<quarter>")
@access.requires(Permission.STAY_MANAGE)
def say_received(case_id: uuid.UUID, quarter: str) -> Answer:
    which, form, by = _quarter(quarter), _received_form(), access.actor()
    stays.held_case(case_id, by=by)
    if not form.validate():
        return _received_page(case_id, which, form, 422)
    services = [Service(each) for each in form.services.data or () if each != NOTHING]
    try:
        actions.say_received(case_id=case_id, quarter=which, services=services, by=by)
    except PlanRefused as error:
        form.services.errors = [PLAN_REFUSED[error.reason]]
        return _received_page(case_id, which, form, 409)
    return redirect(url_for("plans.received_list", quarter=str(which), done=str(case_id)), 303)


def summary(case_id: uuid.UUID) -> Part | None:
    """What a case page says of the plan: when its next step is due; none for other readers."""
    by = access.actor()
    try:
        lines = [line for line in store.of_case(case_id, by=by) if not line.outcome]
        waits = store.waits_since(case_id, by=by)
    except NotVisible:
        return None
    state, due = gettext("no next step"), ""
    if lines:
        day = formats.day(lines[0].due_on, current_language())
        state = gettext("next step by %(day)s", day=day)
        due = gettext("The next step of the plan is due") if lines[0].due_on <= calendar.today() else ""
    return Part.rendered(
        "plan",
        gettext("Plan and services"),
        state,
        "support/plans/summary.html",
        due=due,
        case_id=case_id,
        lines=lines,
        waits=waits,
        holds=cases.visible(case_id, by=by) is cases.CaseRelation.HOLDER,
    )
