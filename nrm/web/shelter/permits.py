"""Residence permits: what is recorded, and recording the next step."""

from __future__ import annotations

import uuid

from flask import Blueprint, redirect, render_template, request
from werkzeug.wrappers import Response

from forms import SelectChoice
from forms.days import chosen_day
from forms.names import language_name
from forms.shelter.permits import EVENT_LABELS, FIELD_OF, GIVEN, REFUSED, RecordPermitForm
from nrm.actions.shelter import permits as actions
from nrm.domain.accounts.accounts import Permission
from nrm.domain.shelter.permits import Ground, PermitEvent, PermitRefusal, PermitRefused
from nrm.store.days import today
from nrm.store.shelter import permits as store
from nrm.web import access
from nrm.web.choices import label_of, of_list
from nrm.web.language import current_language, gettext
from nrm.web.shelter.parts import Part, address

Answer = Response | str | tuple[str, int]

blueprint = Blueprint("permits", __name__)


@blueprint.get("/cases/<uuid:case_id>/permit")
@access.requires(Permission.PERMIT_RECORD)
def record_page(case_id: uuid.UUID) -> Answer:
    permit = store.of_case(case_id, by=access.actor())
    return _permit_page(permit, _form(permit))


@blueprint.post("/cases/<uuid:case_id>/permit")
@access.requires(Permission.PERMIT_RECORD)
def record(case_id: uuid.UUID) -> Answer:
    by = access.actor()
    permit = store.of_case(case_id, by=by)
    form = _form(permit)
    if not form.validate():
        return _permit_page(permit, form, 422)
    given = form.event.data in GIVEN
    try:
        actions.record(
            case_id=case_id,
            event=PermitEvent(form.event.data),
            on=chosen_day(form.on, form.on_day, today()),
            language=form.language_code,
            ground=Ground(form.ground.data) if given else None,
            issued_from=form.valid_from.data,
            issued_until=form.until.data,
            by=by,
        )
    except PermitRefused as error:
        name = FIELD_OF.get(error.reason, "event")
        field = form.on_day if name == "on" and form.on.data == "other" else form[name]
        field.errors = [REFUSED[error.reason]]
        return _permit_page(permit, form, 409 if error.reason is PermitRefusal.STATE else 422)
    return redirect(address(case_id, "permit"), 303)


def _form(permit: store.PermitView) -> RecordPermitForm:
    form = RecordPermitForm(request.form)
    form.event.choices = [
        SelectChoice(value=str(event), label=EVENT_LABELS[event]) for event in permit.events if event in EVENT_LABELS
    ]
    form.ground.choices = of_list("permit_grounds")
    return form


def _permit_page(permit: store.PermitView, form: RecordPermitForm, status: int = 200) -> Answer:
    page = render_template("shelter/permits/record.html", permit=permit, form=form, given=GIVEN, **_words(permit))
    return page, status


def _words(permit: store.PermitView) -> dict[str, str]:
    language = permit.informed_language
    return {
        "status_label": label_of("permit_statuses", permit.status),
        "ground_label": label_of("permit_grounds", permit.ground) if permit.ground else "",
        "language_label": language_name(language, current_language()) if language else "",
    }


@access.part_of_page
def summary(case_id: uuid.UUID) -> Part:
    """What a case page shows of the permit."""
    permit = store.of_case(case_id, by=access.actor())
    words = _words(permit)
    state = words["status_label"] if permit.needed else gettext("not needed")
    title = gettext("Residence permit")
    return Part.rendered("permit", title, state, "shelter/permits/summary.html", permit=permit, **words)
