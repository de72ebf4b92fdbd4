"""Who answers for a person: her part of a case page, "my people" at home, the manager's view of the house."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from flask import Blueprint, g, redirect, render_template, request, url_for
from markupsafe import Markup
from werkzeug.wrappers import Response as BaseResponse

from forms import SelectChoice
from forms.shelter.key_workers import (
    END_LABELS,
    KEY_WORKER_REFUSED,
    PLACE_LABELS,
    AppointForm,
    CoverForm,
    HouseLabelForm,
)
from nrm.actions.shelter import house_labels
from nrm.actions.shelter import key_workers as actions
from nrm.domain.accounts.accounts import NotVisible, Permission
from nrm.domain.shelter.key_workers import KeyWorkerRefusal, KeyWorkerRefused, Place
from nrm.store.shelter import cases, stays
from nrm.store.shelter import key_workers as store
from nrm.store.shelter.key_workers import MyPerson
from nrm.web import access, errors
from nrm.web.accounts import told_once
from nrm.web.language import gettext
from nrm.web.parts import Part
from nrm.web.referrals.to_do import Task, first_of
from nrm.web.shelter import shifts

blueprint = Blueprint("key_workers", __name__)
Answer = BaseResponse | tuple[str, int] | str
SHOWN = 4
"""How many of one's own people a home page shows, of those with a next step; the others are folded."""


@dataclass(frozen=True, slots=True)
class NextStep:
    """A person of one's own and what is to be done next: a kind, the page where it is done, and the row of it."""

    person: MyPerson
    kind: str  # missing, task, admit, none
    address: str
    task: Task | None = None


@blueprint.get("/cases/<uuid:case_id>/key-worker")
@access.requires(Permission.STAY_MANAGE)
def show(case_id: uuid.UUID) -> Answer:
    """Who answers for the person now and before, and who it shall be."""
    return _page(case_id, _form(case_id))


def _form(case_id: uuid.UUID) -> AppointForm:
    """The form with whom the reader may appoint; a place and a person that are the only ones are chosen already."""
    form = AppointForm(request.form)
    there = store.of_case(case_id, by=access.actor())
    form.member.choices = [SelectChoice(value=str(id_), label=name) for id_, name in there.members]
    if request.method == "GET" and len(there.members) == 1:
        form.member.data = str(there.members[0][0])
        free = [place for place in Place if place not in there.now]
        form.place.data = str(free[0]) if free else None
    return form


def _page(case_id: uuid.UUID, form: AppointForm, status: int = 200) -> Answer:
    by = access.actor()
    page = render_template(
        "shelter/key_workers/show.html",
        case=cases.case(case_id, by=by),
        there=store.of_case(case_id, by=by),
        form=form,
        places=PLACE_LABELS,
        ends=END_LABELS,
        me=by.member_id,
    )
    return page, status


@blueprint.post("/cases/<uuid:case_id>/key-worker")
@access.requires(Permission.STAY_MANAGE)
def appoint(case_id: uuid.UUID) -> Answer:
    form = _form(case_id)
    if not form.validate():
        return _page(case_id, form, 422)
    try:
        actions.appoint(
            case_id=case_id,
            place=Place(form.place.data),
            member_id=uuid.UUID(form.member.data),
            by=access.actor(),
        )
    except KeyWorkerRefused as error:
        field = form.place if error.reason is KeyWorkerRefusal.TAKEN else form.member
        field.errors = [KEY_WORKER_REFUSED[error.reason]]
        return _page(case_id, form, 422)
    return redirect(url_for("key_workers.show", case_id=case_id, set=form.place.data), 303)


@blueprint.post("/cases/<uuid:case_id>/key-worker/<place>/off")
@access.requires(Permission.STAY_MANAGE)
def take_off(case_id: uuid.UUID, place: str) -> Answer:
    """End the place of a key worker or deputy."""
    if place not in {str(each) for each in Place}:
        raise NotVisible
    try:
        actions.take_off(case_id=case_id, place=Place(place), by=access.actor())
    except KeyWorkerRefused as error:
        return errors.error_page(409, KEY_WORKER_REFUSED[error.reason])
    return redirect(url_for("key_workers.show", case_id=case_id, off=place), 303)


@blueprint.get("/cases/<uuid:case_id>/house-label")
@access.requires(Permission.STAY_MANAGE)
def label_page(case_id: uuid.UUID) -> Answer:
    by = access.actor()
    form = HouseLabelForm()
    stays.held_case(case_id, by=by)
    label = house_labels.read([case_id], by=by).get(case_id, {})
    form.nickname.data, form.room.data = label.get("nickname", ""), label.get("room", "")
    return _label_page(case_id, form)


def _label_page(case_id: uuid.UUID, form: HouseLabelForm, status: int = 200) -> Answer:
    by = access.actor()
    page = render_template(
        "shelter/key_workers/house_label.html",
        case=cases.case(case_id, by=by),
        form=form,
        shown=bool(house_labels.read([case_id], by=by).get(case_id)),
        hidden=not house_labels.unlocked(by=by) and bool(store.with_label([case_id], by=by)),
    )
    return page, status


@blueprint.post("/cases/<uuid:case_id>/house-label")
@access.requires(Permission.STAY_MANAGE)
def write_label(case_id: uuid.UUID) -> Answer:
    by = access.actor()
    stays.held_case(case_id, by=by)
    form = HouseLabelForm(request.form)
    form.may_be_empty = bool(house_labels.read([case_id], by=by).get(case_id))
    if not form.validate():
        return _label_page(case_id, form, 422)
    nickname, room = ((field.data or "").strip() for field in (form.nickname, form.room))
    if nickname or room:
        house_labels.write(case_id=case_id, nickname=nickname, room=room, by=by)
    else:
        house_labels.take_away(case_id=case_id, by=by)
    return redirect(url_for("cases.show", case_id=case_id, _anchor="key-worker"), 303)


@blueprint.get("/key-workers")
@access.requires(Permission.STAY_MANAGE)
def team() -> Answer:
    """Who answers for whom in this house, and who has nobody."""
    return _team(CoverForm())


def _team(form: CoverForm, status: int = 200) -> Answer:
    house = store.team(by=access.actor())
    if form.minutes.data is None:
        form.minutes.data = str(house.cover_minutes)
    news = store.news(by=access.actor())
    where = {line.case_id: line for line in stays.open_ones(by=access.actor())} if house.without else {}
    page = render_template(
        "shelter/key_workers/team.html", house=house, news=news, form=form, places=PLACE_LABELS, where=where
    )
    return page, status


@blueprint.post("/key-workers/cover")
@access.requires(Permission.TEAM_MANAGE)
def set_cover() -> Answer:
    """After how many minutes screens cover, for shifts that begin from now on."""
    form = CoverForm(request.form)
    if not form.validate():
        return _team(form, 422)
    actions.set_cover(minutes=int(form.minutes.data), by=access.actor())
    return told_once.lead(url_for("key_workers.team", saved="cover", _anchor="cover"))


def summary(case_id: uuid.UUID) -> Part | None:
    """Who answers for the person, and what the house calls her, as a part of a case page; none for other readers."""
    by = access.actor()
    try:
        there = store.of_case(case_id, by=by)
    except NotVisible:
        return None
    names = [line.name for line in there.now.values()]
    return Part.rendered(
        "key-worker",
        gettext("Who answers for the person"),
        ", ".join(names) or gettext("nobody"),
        "shelter/key_workers/summary.html",
        due=gettext("Nobody answers for the person any more: choose a key worker")
        if there.before and not there.now
        else "",
        there=there,
        case_id=case_id,
        places=PLACE_LABELS,
        label=shifts.labels([case_id]).get(case_id, ""),
        has_label=bool(store.with_label([case_id], by=by)),
        mine=any(line.member_id == by.member_id for line in there.now.values()),
        shifts=store.my_shifts(by=by),
    )


def home_part(steps: Sequence[NextStep], labels: Mapping[uuid.UUID, str]) -> Markup:
    """ "My people" with the next step of each, the buttons of a shift, and what the manager has to know."""
    by = access.actor()
    part = render_template(
        "shelter/key_workers/home.html",
        shown=[step for step in steps[:SHOWN] if step.kind != "none"],
        rest=[step for number, step in enumerate(steps) if number >= SHOWN or step.kind == "none"],
        labels=labels,
        shifts=store.my_shifts(by=by),
        covers=access.visitor().covers_after,
        begun=told_once.word("shift"),
        house=store.news(by=by) if by.may(Permission.TEAM_MANAGE) else None,
        places=PLACE_LABELS,
    )
    return Markup(part)  # noqa: S704 - a template of ours, escaped there


def next_steps(missing: Collection[uuid.UUID], tasks: Iterable[Task]) -> list[NextStep]:
    """One's own people with what is to be done next for each of them; what is long past or far ahead is no step."""
    first = first_of(tasks)
    steps = []
    for each in store.my_people(by=access.actor()) if g.top.mine else ():
        case, task = url_for("cases.show", case_id=each.case_id), first.get(each.case_id)
        if each.case_id in missing:
            steps.append(NextStep(each, "missing", case))
        elif task is not None and not task.is_folded:
            steps.append(NextStep(each, "task", case, task))
        elif not each.in_stay:
            steps.append(
                NextStep(each, "admit", url_for("cases.show", case_id=each.case_id, part="stay", _anchor="stay"))
            )
        else:
            steps.append(NextStep(each, "none", case))
    kinds = ("missing", "task", "admit", "none")
    return sorted(steps, key=lambda step: (kinds.index(step.kind), step.task.in_order if step.task else ()))
