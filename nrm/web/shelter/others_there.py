"""Others who are still there: told under seal by the holder of a case, opened and seen by one desk (ADR 0064)."""

from __future__ import annotations

import uuid

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from forms.shelter.cases import CASE_REFUSED
from forms.shelter.others_there import (
    FIELD_LABELS,
    HOW_MANY_LABELS,
    KNOWN_LABELS,
    REFUSED,
    OpenOthersForm,
    TellOthersForm,
)
from nrm import clock
from nrm.actions.shelter import others_there as actions
from nrm.domain.accounts.accounts import NotVisible, Permission
from nrm.domain.roles import MechanismRole
from nrm.domain.shelter import first_talks as rules
from nrm.domain.shelter.cases import CaseRefused, Compartment, Purpose
from nrm.domain.shelter.others_there import OthersRefusal, OthersRefused, StillThere
from nrm.domain.words import N_
from nrm.steps.shelter import cases as case_steps
from nrm.store import names
from nrm.store.countries import country
from nrm.store.shelter import cases as case_store
from nrm.store.shelter import others_there as store
from nrm.store.shelter.cases import CaseRelation, SeenCase
from nrm.web import access, errors
from nrm.web.language import translated

blueprint = Blueprint("others_there", __name__)
Answer = BaseResponse | tuple[str, int] | str

OPEN_FIRST = N_("Open it first, and say why.")
OPEN_STORY = N_(
    "The story is closed again. Your text is in the boxes: open the story in another window, then send again."
)


def _held(case_id: uuid.UUID) -> SeenCase:
    """A case that the organisation holds; raises NotVisible."""
    case = case_store.case(case_id, by=access.actor())
    if case.relation is not CaseRelation.HOLDER:
        raise NotVisible
    return case


def _whom(case: SeenCase) -> str | None:
    """The party that may be told by what stands in the story; empty: nobody; None: the story is not open."""
    told = case_steps.opened(case_id=case.id, by=access.actor()).get(Compartment.STORY)
    questionnaire = country().questionnaires.get(case.questionnaire)
    if told is None or questionnaire is None:
        return None
    return country().party_in(rules.whom_to_tell(questionnaire, told.value))


@blueprint.get("/cases/<uuid:case_id>/others")
@access.requires(Permission.CASE_OPEN)
def tell_page(case_id: uuid.UUID) -> Answer:
    """The form; once it was told, to whom, and the way to take it back."""
    case = _held(case_id)
    stands = store.of_case(case_id, by=access.actor())
    if stands is not None:
        return render_template("shelter/others_there/told.html", case=case, stands=stands)
    party = _whom(case) if case.status == "open" else ""
    if party is None:
        return redirect(url_for("cases.open_page", case_id=case_id, compartment=Compartment.STORY), 303)
    if not party:
        return errors.error_page(409, translated(REFUSED[OthersRefusal.NOT_WANTED]))
    return _form_page(case, party, TellOthersForm(), 200)


def _form_page(case: SeenCase, party: str, form: TellOthersForm, status: int, refused: str = "") -> tuple[str, int]:
    agreed = country().in_force(clock.now()).parties.get(party)
    page = render_template(
        "shelter/others_there/tell.html",
        case=case,
        form=form,
        desk=agreed.names if agreed is not None else {},
        number=names.number_now(party) if party else "",
        official=party == country().party_in(MechanismRole.PROSECUTION),
        refused=refused,
    )
    return page, status


@blueprint.post("/cases/<uuid:case_id>/others")
@access.requires(Permission.CASE_OPEN)
def tell(case_id: uuid.UUID) -> Answer:
    by, case = access.actor(), _held(case_id)
    form, party = TellOthersForm(request.form), _whom(case)
    assert by.organisation_id is not None
    own = names.organisation(by.organisation_id)
    form.names = {own.code, *own.names.values()}
    if not form.validate():
        return _form_page(case, party or "", form, 422)
    try:
        actions.tell(case_id=case_id, there=form.there, by=by)
    except actions.CannotOpen:
        return _form_page(case, party or "", form, 409, translated(OPEN_STORY))
    except CaseRefused as error:
        return _form_page(case, party or "", form, 409, translated(CASE_REFUSED[error.reason]))
    except OthersRefused as error:
        if error.reason is not OthersRefusal.STANDS:
            return _form_page(case, party or "", form, 409, translated(REFUSED[error.reason]))
    return redirect(url_for("others_there.tell_page", case_id=case_id), 303)


@blueprint.post("/cases/<uuid:case_id>/others/take-back")
@access.requires(Permission.CASE_OPEN)
def take_back(case_id: uuid.UUID) -> BaseResponse:
    """The person does not want it told any more."""
    _held(case_id)
    actions.take_back(case_id=case_id, by=access.actor())
    return redirect(url_for("cases.show", case_id=case_id), 303)


@blueprint.get("/others/<uuid:notice_id>")
@access.requires(Permission.CASE_OPEN)
def show(notice_id: uuid.UUID) -> Answer:
    """What the desk was told, once this session opened it."""
    return _show(notice_id, OpenOthersForm(), 200)


def _show(notice_id: uuid.UUID, form: OpenOthersForm, status: int) -> tuple[str, int]:
    by = access.actor()
    line = store.of_desk_one(notice_id, by=by)
    there = actions.opened(notice_id=notice_id, by=by)
    rows = None if there is None else _rows(there)
    return render_template("shelter/others_there/show.html", line=line, form=form, rows=rows), status


def _rows(there: StillThere) -> list[tuple[str, str]]:
    said = {
        "place": there.place,
        "how_many": translated(HOW_MANY_LABELS[there.how_many]),
        "children": translated(KNOWN_LABELS[there.children]),
        "danger": translated(KNOWN_LABELS[there.danger]),
        "line": there.line,
    }
    return [(translated(FIELD_LABELS[name]), text) for name, text in said.items() if text]


@blueprint.post("/others/<uuid:notice_id>")
@access.requires(Permission.CASE_OPEN)
def open_notice(notice_id: uuid.UUID) -> Answer:
    """Open it for the purpose that is named; the opening is recorded before anything is shown."""
    form = OpenOthersForm(request.form)
    if not form.validate():
        return _show(notice_id, form, 422)
    actions.open_notice(notice_id=notice_id, purpose=Purpose(form.purpose.data), by=access.actor())
    return redirect(url_for("others_there.show", notice_id=notice_id), 303)


@blueprint.post("/others/<uuid:notice_id>/seen")
@access.requires(Permission.CASE_OPEN)
def seen(notice_id: uuid.UUID) -> Answer:
    """The desk has seen it."""
    try:
        actions.seen(notice_id=notice_id, by=access.actor())
    except actions.CannotOpen:
        return errors.error_page(409, translated(OPEN_FIRST))
    return redirect(url_for("home.index"), 303)
