"""What the house does about somebody who is not safe after the shelter, and that the person is safe (ADR 0182)."""

from __future__ import annotations

import uuid

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from forms.shelter.cases import CASE_REFUSED
from forms.support.follow_ups import REFUSED, STANDS_LABELS, ActForm, AnotherForm, SafeForm, TellForm
from nrm.actions.support import follow_up_alarms as actions
from nrm.domain.accounts.accounts import NotVisible, Permission
from nrm.domain.shelter.cases import CaseRefused
from nrm.domain.support.follow_ups import Acts, FollowUpRefusal, FollowUpRefused
from nrm.domain.words import N_
from nrm.store.shelter import cases
from nrm.store.support import follow_ups as store
from nrm.web import access, errors
from nrm.web.accounts import told_once
from nrm.web.support.follow_up_words import in_months

blueprint = Blueprint("follow_up_alarms", __name__)
Answer = BaseResponse | tuple[str, int] | str

NO_LINE = N_(
    "What was agreed with this person does not open for you. Leave the line empty and send it again, so that the alarm "
    "stands; then tell the manager what was said."
)
NO_KEY = N_("What was agreed with this person does not open for you: a colleague who can open it writes it down.")


def _case(case_id: uuid.UUID) -> tuple[cases.SeenCase, store.CaseLine]:
    case = cases.case(case_id, by=access.actor())
    found = store.of_case(case_id, by=access.actor()) if case.relation is cases.CaseRelation.HOLDER else None
    if found is None:
        raise NotVisible
    return case, found


def _refused(error: CaseRefused | FollowUpRefused) -> Answer:
    return errors.error_page(409, _words(error))


def _words(error: CaseRefused | FollowUpRefused) -> str:
    return CASE_REFUSED[error.reason] if isinstance(error, CaseRefused) else REFUSED[error.reason]


@blueprint.get("/cases/<uuid:case_id>/follow-up/not-safe")
@access.requires(Permission.STAY_MANAGE)
def tell_page(case_id: uuid.UUID) -> Answer:
    """The person said so between two contacts."""
    case, found = _case(case_id)
    if not found.may_alarm:
        return errors.error_page(409, REFUSED[FollowUpRefusal.ENDED if found.ended_on else FollowUpRefusal.NOT_BEGUN])
    return _tell_page(case, TellForm(formdata=None))


def _tell_page(case: cases.SeenCase, form: TellForm, status: int = 200, refused: str = "") -> Answer:
    """`refused`: why nothing is recorded; what was typed stays, and the page says whom to call."""
    return render_template("support/follow_ups/tell.html", case=case, form=form, refused=refused), status


@blueprint.post("/cases/<uuid:case_id>/follow-up/not-safe")
@access.requires(Permission.STAY_MANAGE)
def tell(case_id: uuid.UUID) -> Answer:
    """The alarm stands on the lists at once."""
    case, _ = _case(case_id)
    form = TellForm(request.form)
    if not form.validate():
        return _tell_page(case, form, 422)
    try:
        stopped = actions.tell(case_id=case_id, text=_text(form), by=access.actor())
    except actions.CannotOpen:
        form.text.errors = [NO_LINE]
        return _tell_page(case, form, 409)
    except (CaseRefused, FollowUpRefused) as error:
        return _tell_page(case, form, 409, _words(error))
    return told_once.lead(url_for("follow_ups.show", case_id=case_id, stopped=1 if stopped else None))


@blueprint.get("/cases/<uuid:case_id>/follow-up/acting")
@access.requires(Permission.STAY_MANAGE)
def act_page(case_id: uuid.UUID) -> Answer:
    """What is done: nothing leaves a list by a press alone."""
    case, found = _case(case_id)
    if not found.may_act:
        return errors.error_page(409, REFUSED[FollowUpRefusal.MANAGER])
    if not (found.waiting or found.alarms):
        return errors.error_page(409, REFUSED[FollowUpRefusal.NO_ALARM])
    return _act_page(case, found, ActForm(formdata=None, seen=found.stands_as))


def _act_page(case: cases.SeenCase, found: store.CaseLine, form: ActForm, status: int = 200) -> Answer:
    return render_template("support/follow_ups/act.html", case=case, found=found, form=form, months=in_months), status


@blueprint.post("/cases/<uuid:case_id>/follow-up/acting")
@access.requires(Permission.STAY_MANAGE)
def act(case_id: uuid.UUID) -> Answer:
    """The house says what it does."""
    case, found = _case(case_id)
    form = ActForm(request.form)
    if not form.validate():
        return _act_page(case, found, form, 422)
    try:
        actions.act(
            case_id=case_id, what=Acts(form.what.data), text=_text(form), seen=form.seen.data or None, by=access.actor()
        )
    except actions.CannotOpen:
        form.text.errors = [NO_KEY]
        return _act_page(case, found, form, 409)
    except CaseRefused as error:
        return _refused(error)
    except FollowUpRefused as error:
        _keep(form, found, error.reason)
        return _act_page(case, found, form, 409)
    return redirect(url_for("follow_ups.show", case_id=case_id), 303)


def _keep(form: ActForm | SafeForm, found: store.CaseLine, why: FollowUpRefusal) -> None:
    """Nothing is recorded, and the form stays as it was typed. Sent again it is held to what stands now."""
    form.seen.data, form.text.errors = found.stands_as, [REFUSED[why]]


def _text(form: ActForm | SafeForm | TellForm) -> str:
    return (form.text.data or "").replace("\r\n", "\n").strip()


@blueprint.post("/cases/<uuid:case_id>/follow-up/acting/undo")
@access.requires(Permission.STAY_MANAGE)
def take_back(case_id: uuid.UUID) -> Answer:
    """It was pressed by mistake: the alarm waits again."""
    _case(case_id)
    try:
        actions.take_back(case_id=case_id, by=access.actor())
    except (CaseRefused, FollowUpRefused) as error:
        return _refused(error)
    return redirect(url_for("follow_ups.show", case_id=case_id), 303)


@blueprint.get("/cases/<uuid:case_id>/follow-up/not-safe/another")
@access.requires(Permission.STAY_MANAGE)
def another_page(case_id: uuid.UUID) -> Answer:
    """What follows where it was written down of the wrong person."""
    case, found = _case(case_id)
    if not found.may_be_of_another:
        return _stands(case_id)
    return _another_page(case, AnotherForm(formdata=None))


def _stands(case_id: uuid.UUID) -> Answer:
    """Why the alarm stands all the same."""
    why = store.why_stands(case_id, by=access.actor())
    return errors.error_page(409, STANDS_LABELS[why] if why is not None else REFUSED[FollowUpRefusal.OF_ANOTHER])


def _another_page(case: cases.SeenCase, form: AnotherForm, status: int = 200) -> Answer:
    return render_template("support/follow_ups/another.html", case=case, form=form), status


@blueprint.post("/cases/<uuid:case_id>/follow-up/not-safe/another")
@access.requires(Permission.STAY_MANAGE)
def was_another(case_id: uuid.UUID) -> Answer:
    """It was written down of the wrong person: no alarm stands of this one."""
    case, found = _case(case_id)
    form = AnotherForm(request.form)
    if found.may_be_of_another and not form.validate():
        return _another_page(case, form, 422)
    try:
        actions.was_another(case_id=case_id, by=access.actor())
    except (CaseRefused, FollowUpRefused) as error:
        if error.reason is FollowUpRefusal.OF_ANOTHER:
            return _stands(case_id)
        return _refused(error)
    return redirect(url_for("follow_ups.show", case_id=case_id), 303)


@blueprint.post("/cases/<uuid:case_id>/follow-up/safe/undo")
@access.requires(Permission.STAY_MANAGE)
def is_not_safe(case_id: uuid.UUID) -> Answer:
    """It was said of the wrong person: the alarm waits again."""
    _case(case_id)
    try:
        actions.is_not_safe(case_id=case_id, by=access.actor())
    except (CaseRefused, FollowUpRefused) as error:
        return _refused(error)
    return redirect(url_for("follow_ups.show", case_id=case_id), 303)


@blueprint.get("/cases/<uuid:case_id>/follow-up/safe")
@access.requires(Permission.STAY_MANAGE)
def safe_page(case_id: uuid.UUID) -> Answer:
    """Whether somebody spoke with the person since."""
    case, found = _case(case_id)
    if not found.may_act:
        return errors.error_page(409, REFUSED[FollowUpRefusal.MANAGER])
    if not found.alarms:
        return errors.error_page(409, REFUSED[FollowUpRefusal.NO_ALARM])
    if found.waiting:
        return errors.error_page(409, REFUSED[_not_acted(found)])
    return _safe_page(case, found, SafeForm(formdata=None, seen=found.stands_as))


def _not_acted(found: store.CaseLine) -> FollowUpRefusal:
    return FollowUpRefusal.ACT_AGAIN if found.acted else FollowUpRefusal.NOT_ACTED


def _since(found: store.CaseLine) -> FollowUpRefusal:
    """Why a page that could be shown records nothing now: danger was told, or what was done taken back."""
    return FollowUpRefusal.ACT_AGAIN if found.acted else FollowUpRefusal.DANGER_SINCE


def _safe_page(case: cases.SeenCase, found: store.CaseLine, form: SafeForm, status: int = 200) -> Answer:
    return render_template("support/follow_ups/safe.html", case=case, found=found, form=form), status


@blueprint.post("/cases/<uuid:case_id>/follow-up/safe")
@access.requires(Permission.STAY_MANAGE)
def say_safe(case_id: uuid.UUID) -> Answer:
    """The person is safe: the alarm leaves the lists."""
    case, found = _case(case_id)
    form = SafeForm(request.form)
    if not form.validate():
        return _safe_page(case, found, form, 422)
    try:
        actions.say_safe(case_id=case_id, text=_text(form), seen=form.seen.data or None, by=access.actor())
    except actions.CannotOpen:
        form.text.errors = [NO_KEY]
        return _safe_page(case, found, form, 409)
    except CaseRefused as error:
        return _refused(error)
    except FollowUpRefused as error:
        _keep(form, found, _since(found) if found.waiting else error.reason)
        return _safe_page(case, found, form, 409)
    return redirect(url_for("follow_ups.show", case_id=case_id), 303)
