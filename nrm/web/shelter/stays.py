"""Places and stays: the place board, admitting, changing, letting go."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from forms import SelectChoice
from forms.days import chosen_day, planned_day
from forms.shelter.cases import CASE_REFUSED
from forms.shelter.corrections import KIND_LABELS, WHY_LABELS, CorrectPlaceForm, ReopenStayForm
from forms.shelter.stays import FIELD_OF, IMPOSSIBLE, PLAN_LABELS, AdmitAgainForm, AdmitStayForm, ChangeStayForm
from forms.typed import OnceForm
from nrm.actions.shelter import stays as actions
from nrm.domain.accounts.accounts import NotVisible, Permission
from nrm.domain.shelter.absences import AbsenceRefused, check_mistake
from nrm.domain.shelter.away import Over
from nrm.domain.shelter.cases import CaseRefused
from nrm.domain.shelter.places import may_be_with_mother
from nrm.domain.shelter.planned_ends import CHANGES
from nrm.domain.shelter.planned_ends import PlanWhy as Plan
from nrm.domain.shelter.stays import (
    ImpossibleStay,
    StayOver,
    StayRefusal,
)
from nrm.domain.words import N_, Phrase
from nrm.steps.shelter.arrivals import Told
from nrm.store import days as calendar
from nrm.store.countries import country
from nrm.store.shelter import absences as absence_store
from nrm.store.shelter import away as away_store
from nrm.store.shelter import cases, key_workers, places
from nrm.store.shelter import stay_history as history_store
from nrm.store.shelter import stays as store
from nrm.store.support import early_nights, follow_ups
from nrm.web import access, errors, formats
from nrm.web.accounts import told_once
from nrm.web.choices import label_of
from nrm.web.language import current_language, gettext, ngettext, text_in
from nrm.web.parts import Part
from nrm.web.referrals import to_do
from nrm.web.shelter import absences

Answer = Response | str | tuple[str, int]

blueprint = Blueprint("stays", __name__)

OVER = N_("This stay has ended already.")


@blueprint.get("/stays")
@access.requires(Permission.STAY_MANAGE)
def index() -> str:
    """The shelter's open stays, the first planned end first."""
    by = access.actor()
    page = store.stays(by=by, after=request.args.get("after", ""))
    return render_template(
        "shelter/stays/index.html",
        room=places.room(by=by),
        page=page,
        workers=key_workers.names([line.case_id for line in page.rows], by=by),
        steps=to_do.next_steps(by=by),
    )


@blueprint.get("/cases/<uuid:case_id>/admit")
@access.requires(Permission.STAY_MANAGE)
def admit_page(case_id: uuid.UUID) -> Answer:
    person = store.admittable(case_id, by=access.actor())
    return _admit_page(person, _admit_form(person))


def _admit_page(person: store.Admittable, form: AdmitStayForm, status: int = 200) -> Answer:
    touch = follow_ups.of_case(person.case_id, by=access.actor())
    not_safe = touch is not None and touch.alarms
    ended = store.of_case(person.case_id, by=access.actor()).ended_lately
    page = render_template("shelter/stays/admit.html", person=person, form=form, not_safe=not_safe, ended=ended)
    return page, status


@blueprint.post("/cases/<uuid:case_id>/admit")
@access.requires(Permission.STAY_MANAGE)
def admit(case_id: uuid.UUID) -> Answer:
    answer = _admit(case_id)
    if isinstance(answer, Response) or (begun := store.begun_by_me(case_id, by=access.actor())) is None:
        return answer
    if not is_how_it_began(AdmitStayForm(request.form), begun):
        return answer
    return redirect(url_for("stays.show", stay_id=begun.id, did="admitted"), 303)  # pressed twice: it was answered


def _admit(case_id: uuid.UUID) -> Answer:
    by = access.actor()
    person = store.admittable(case_id, by=by)
    form = _admit_form(person)
    if not form.validate():
        return _admit_page(person, form, 422)
    admitted_on = chosen_day(form.admitted, form.admitted_day, calendar.today())
    chosen = chosen_place(form)
    try:
        stay_id = actions.admit(
            case_id=case_id,
            place_id=chosen.place_id,
            with_stay_id=chosen.with_stay_id,
            admitted_on=admitted_on,
            anticipated_end_on=planned_day(form.planned, form.planned_day, admitted_on),
            told=Told(answers=form.if_missing if person.age_class == "adult" else {}),
            by=by,
        )
    except ImpossibleStay as error:
        return _admit_page(person, form, mark_impossible(form, error))
    except CaseRefused as error:
        return errors.error_page(409, CASE_REFUSED[error.reason])
    return redirect(url_for("stays.show", stay_id=stay_id, did="admitted"), 303)


def is_how_it_began(form: AdmitStayForm, stay: store.StayLine) -> bool:
    """Whether this form is the one by which the stay began: the same place, and the same days."""
    place = stay.place or WITH + stay.mother
    form.bed.choices = [SelectChoice(value=place, label=place)]
    if not form.validate():
        return False
    admitted_on = chosen_day(form.admitted, form.admitted_day, calendar.today())
    planned = planned_day(form.planned, form.planned_day, admitted_on)
    return (admitted_on, planned) == (stay.admitted_on, stay.anticipated_end_on)


def _admit_form(person: store.Admittable) -> AdmitStayForm:
    touch = follow_ups.of_case(person.case_id, by=access.actor())
    again = touch is not None and touch.begins_on is not None and touch.may_be_ended
    form = AdmitAgainForm(request.form) if again else AdmitStayForm(request.form)
    small = may_be_with_mother(age_class=person.age_class, age_band=person.age_band)
    offer_places(form, for_case=person.case_id, small_child=small)
    return form


WITH = "with "
"""How the value of a choice begins that is no place: with the stay of the mother, and then her code."""


def offer_places(
    form: AdmitStayForm, *, for_case: uuid.UUID | None = None, small_child: bool = False, came_with: str = ""
) -> None:
    """The shelter's free places. Chosen beforehand is the one that is kept for this person, or the only one if it is
    for everybody: of others nobody knows whether they fit (ADR 0162).

    `small_child`: it may be under three, and be with its mother; `came_with`: the code of whom it came with, who then
    stands first of all, and nothing is chosen beforehand.
    """
    by = access.actor()
    lines = places.free_lines(by=by, for_case=for_case)
    choices = place_choices(lines)
    with_whom = mothers() if small_child else []
    own = [each for each in with_whom if each.value == WITH + came_with]
    kept = lines and for_case is not None and places.kept_place(for_case, by=by) == lines[0].id
    if choices and (own or not (kept or is_only_choice(lines))):
        choices = [SelectChoice(value="", label=N_("Choose a place")), *own, *choices]
    form.bed.choices = [*choices, *(each for each in with_whom if each not in own)]


def is_only_choice(lines: Sequence[places.PlaceLine]) -> bool:
    """Whether there is one place, and it is for everybody."""
    return len(lines) == 1 and lines[0].for_whom in (next(iter(country().building.for_whom)), "")


def place_choices(lines: Iterable[places.PlaceLine]) -> list[SelectChoice]:
    """Each place by its name; one that is not for everybody with its unit and for whom that is."""
    words = country().building.for_whom
    everybody = next(iter(words))
    return [
        SelectChoice(
            value=line.label,
            label=f"{line.label} · {line.unit}, {text_in(words[line.for_whom])}"
            if line.for_whom in words and line.for_whom != everybody
            else line.label,
        )
        for line in lines
    ]


def mothers() -> list[SelectChoice]:
    """With whom a small child can be, as choices of a place."""
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


def chosen_place(form: AdmitStayForm | ChangeStayForm | ReopenStayForm | CorrectPlaceForm) -> Chosen:
    """The place whose name was chosen; names are short, and one shelter's are all different."""
    by = access.actor()
    if form.bed.data.startswith(WITH):
        code = form.bed.data.removeprefix(WITH)
        return Chosen(None, next((line.id for line in store.mothers(by=by) if line.pseudonym == code), None))
    return Chosen(places.place_called(form.bed.data, by=by), None)


def mark_impossible(form: OnceForm, error: ImpossibleStay) -> int:
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
        is_return=stay.opened_lately and stay.ended_on is None and store.is_return(stay_id, by=access.actor()),
        sees_case=stay.ended_on is None or _sees_case(stay.case_id),
        begins=(begins := stay.ended_on is None and stay.nights <= NEW and _is_held(stay.case_id)),
        brings=begins and not store.is_of_child_who_came(stay.case_id, by=access.actor()),
        answered=not begins or bool(key_workers.names([stay.case_id], by=access.actor())),
        reason=label_of("exit_reasons", stay.exit_reason) if stay.exit_reason else "",
        destination=label_of("destinations", stay.destination) if stay.destination else "",
        country=absences.place(stay.destination_country),
        left=absence_store.left_of_stay(stay_id, by=access.actor()),
        missing=absence_store.of_case(stay.case_id, by=access.actor()),
        happened=(happened := _happened(stay)),
        along=store.came_along(stay.case_id, by=access.actor()) if happened and stay.ended_on is not None else [],
        away=away_store.of_stay(stay_id, by=access.actor()),
        children=store.with_person(stay.case_id, by=access.actor()),
        outcomes=OUTCOMES,
        alarms=(alarms := history_store.alarms(stay_id, by=access.actor())),
        strikable=[each.id for each in alarms if _may_strike(each)],
        plans=history_store.planned(stay_id, by=access.actor()),
        corrections=[
            (line, label_of("exit_reasons", line.exit_reason) if line.exit_reason else "")
            for line in history_store.corrections(stay_id, by=access.actor())
        ],
        early=early_nights.confirmed(stay_id, by=access.actor()),
        words={"plan": PLAN_LABELS, "kind": KIND_LABELS, "why": WHY_LABELS},
    )


def _may_strike(alarm: history_store.AlarmLine) -> bool:
    """Whether the alarm can still be struck as one about the wrong person."""
    try:
        check_mistake(alarm.outcome, reported_on=alarm.reported_on, today=calendar.today(), lives_here=alarm.lives_here)
    except AbsenceRefused:
        return False
    return True


def _sees_case(case_id: uuid.UUID) -> bool:
    """Whether the case can be shown: after a move it is the other shelter's alone."""
    try:
        cases.case(case_id, by=access.actor())
    except NotVisible:
        return False
    return True


NEW = 7
"""So many nights the page of a stay offers what follows an arrival: the case of a child, and a key worker."""


def _is_held(case_id: uuid.UUID) -> bool:
    """Whether the reader's shelter holds the case, and it is open."""
    try:
        case = cases.case(case_id, by=access.actor())
    except NotVisible:
        return False
    return case.relation is cases.CaseRelation.HOLDER and case.status == "open"


def _happened(stay: store.StayLine) -> Phrase | None:
    """What the last act of the reader did, and to whom. The address alone says nothing: anybody can write one."""
    did = request.args.get("did", "")
    if did == SAME:
        return HAPPENED[did] if stay.ended_on is None and told_once.word("did") else None
    if did not in HAPPENED or not history_store.stands(did, stay, by=access.actor()):
        return None
    return Phrase(HAPPENED[did].message, {"code": stay.pseudonym})


SAME = "same"
HAPPENED: Mapping[str, Phrase] = {
    "arrived": N_(
        "%(code)s has arrived and is admitted. Next: ask what the person needs, and write the first talk from the "
        "case. A child came along? Open a case for the child: else it has no place here.",
        code="",
    ),
    "admitted": N_(
        "%(code)s is admitted. Next: ask what the person needs, and write the first talk from the case. A child came "
        "along? Open a case for the child: else it has no place here.",
        code="",
    ),
    "found": N_(
        "%(code)s is back and the alarm is over: the desks see that, and nobody opens what the police were told. "
        "Nights count again from today. Next: ask what the person needs. Was it somebody else? Then record at once "
        "that this person did not come back.",
        code="",
    ),
    "alarm_ended": N_(
        "The alarm about %(code)s is over without the person: the stay has ended as missing and the place is free. "
        "Next: close the case, or keep it; who comes back is admitted anew.",
        code="",
    ),
    "left": N_(
        "%(code)s left on their own: the stay has ended and the place is free; the duty desk sees that two members say "
        "so. Next: follow up from the case, or close it.",
        code="",
    ),
    "died": N_(
        "%(code)s died: the stay has ended and the place is free; the duty desk sees that two members say so. Next: "
        "close the case.",
        code="",
    ),
    "taken_back": N_("The record about %(code)s is taken back. The stay goes on.", code=""),
    "place_free": N_(
        "The place of %(code)s is free for others. The stay goes on and the alarm stands; give a place when the "
        "person is back.",
        code="",
    ),
    "doubted": N_(
        "You said that the end recorded for %(code)s is wrong. Next: a second member of your shelter confirms it; "
        "until then the stay has ended.",
        code="",
    ),
    "moved": N_("%(code)s has another place from today on. The place of the nights before stays as it was.", code=""),
    "planned": N_("The planned end is changed. What was planned before stays in the history below."),
    "changed": N_(
        "%(code)s has another place from today on, and the planned end is changed. What was planned before stays in "
        "the history below.",
        code="",
    ),
    "same": N_("Place and planned end are as you chose them; nothing else was changed."),
    "ended": N_(
        "The stay of %(code)s has ended and the place is free. The case stays with you: follow the person up from it, "
        "or close it.",
        code="",
    ),
    "reopened": N_("The end is struck and the stay goes on. Its nights count as if it had never ended."),
    "corrected": N_("The entry is corrected. What stood there is kept below, with who corrected it and why."),
    "away": N_(
        "%(code)s is away. If the person is not back on the day, your home page says so; then record that "
        "the person is missing.",
        code="",
    ),
    "away_later": N_(
        "Days away of %(code)s are planned; until then nothing changes. If the person is not back on the day, your "
        "home page says so; then record that the person is missing.",
        code="",
    ),
    "expected": N_(
        "%(code)s is expected back on another day. If the person is not back by then, your home page says so.", code=""
    ),
    "back": N_("%(code)s is back. The nights are counted again from that day on.", code=""),
    "nights_confirmed": N_("The nights are confirmed: they are paid with the next quarter that is signed."),
    "nights_wait": N_("It is taken back: the nights wait for a second member again."),
    "not_away": N_("The days away are struck; their nights count."),
}
"""What an act did, and what comes next, for the page of the stay it was done to."""
OUTCOMES: Mapping[str, Phrase] = {
    "": N_("away"),
    str(Over.BACK): N_("came back"),
    str(Over.MISSING): N_("did not come back: missing"),
    str(Over.LEFT): N_("the stay ended"),
    str(Over.STRUCK): N_("struck: the person was not away"),
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
    did = _what_changed(stay, form)
    if did != "same" and form.seen.data not in (None, "", _as_it_stands(stay)):
        # Sent from a page that was loaded before: what it says of the place or the end was never meant as a change.
        form.bed.errors = [CHANGED_MEANWHILE]
        form.seen.data = _as_it_stands(stay)
        return render_template("shelter/stays/change.html", stay=stay, form=form, now=stay), 409
    chosen = chosen_place(form)
    try:
        actions.change(
            stay_id=stay_id,
            place_id=chosen.place_id,
            with_stay_id=chosen.with_stay_id,
            anticipated_end_on=form.planned.data or date.min,
            why=Plan(form.plan_why.data or Plan.OTHER),
            by=by,
        )
    except ImpossibleStay as error:
        status = mark_impossible(form, error)
        return render_template("shelter/stays/change.html", stay=stay, form=form), status
    except StayOver:
        return errors.error_page(409, OVER)
    return told_once.lead(url_for("stays.show", stay_id=stay_id, did=did))


CHANGED_MEANWHILE = N_("This stay was changed since you loaded the page: look at both answers, then save again")


def _as_it_stands(stay: store.StayLine) -> str:
    """Place and planned end, for a form that says what was on the page when it was filled in."""
    return f"{stay.place_id or stay.with_stay_id or ''} {stay.anticipated_end_on.isoformat()}"


def _what_changed(stay: store.StayLine, form: ChangeStayForm) -> str:
    """The word for `HAPPENED`; `stay` as it was before."""
    chosen = chosen_place(form)
    moved = (chosen.place_id, chosen.with_stay_id) != (stay.place_id, stay.with_stay_id)
    planned = form.planned.data not in (None, stay.anticipated_end_on)
    return "changed" if moved and planned else "moved" if moved else "planned" if planned else "same"


def _change_form(stay: store.StayLine) -> ChangeStayForm:
    by = access.actor()
    mother = next((line.pseudonym for line in store.mothers(by=by) if line.id == stay.with_stay_id), None)
    now = WITH + mother if mother is not None else stay.place
    form = ChangeStayForm(request.form, bed=now, planned=stay.anticipated_end_on, seen=_as_it_stands(stay))
    lines = [line for line in places.places(by=by) if line.id == stay.place_id]
    form.bed.choices = place_choices([*lines, *places.free_lines(by=by, for_case=stay.case_id)])
    if not now:
        form.bed.choices.insert(0, SelectChoice(value="", label=N_("Choose a place")))
    if stay.small_child:
        form.bed.choices += mothers()
    return form


def summary(case_id: uuid.UUID) -> Part | None:
    """What a case page shows of the stays in the reader's own shelter; nothing for others."""
    found = store.of_case(case_id, by=access.actor())
    if found.current is None and not found.past and not found.may_admit:
        return None
    return Part.rendered(
        "stay",
        gettext("Stay"),
        _state(found),
        "shelter/stays/summary.html",
        due=_due(found),
        case_id=case_id,
        stays=found,
        reasons={line.id: label_of("exit_reasons", line.exit_reason) for line in found.past},
    )


def _due(found: store.StaysOfCase) -> str:
    """What is to be done now of a stay, for the top of the page of a case."""
    if found.current is not None and found.current.late_back:
        return gettext("Away and expected back: record the return")
    return gettext("Admit the person, or hand them on.") if found.may_admit and found.ended_on is None else ""


def _state(found: store.StaysOfCase) -> str:
    """Where the person sleeps and for how long, or since when no more, in one line; first, whether the person is
    away."""
    sleeps = _sleeps(found)
    here = found.current
    if here is None or not here.is_away or here.expected_on is None:
        return sleeps
    away = gettext("away, expected back on %(day)s", day=formats.day(here.expected_on, current_language()))
    return ", ".join([away, *([gettext("late")] if here.late_back else []), sleeps])


def _sleeps(found: store.StaysOfCase) -> str:
    if found.current is not None:
        nights = ngettext("%(num)s night", "%(num)s nights", found.current.nights)
        if found.current.mother:
            return gettext("with the mother, %(code)s", code=found.current.mother) + ", " + nights
        if not found.current.place:
            return gettext("no place now") + ", " + nights
        return gettext("place %(place)s, %(nights)s", place=found.current.place, nights=nights)
    if found.ended_on is not None:
        return gettext("ended on %(day)s", day=formats.day(found.ended_on, current_language()))
    return gettext("not admitted yet")
