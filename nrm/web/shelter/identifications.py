"""Formal identification: the holder's page, and the desk of those who interview and make looks."""

from __future__ import annotations

import uuid
from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from markupsafe import Markup
from werkzeug.wrappers import Response as BaseResponse

from forms import SelectChoice
from forms.days import chosen_day
from forms.names import language_name
from forms.shelter.cases import CASE_REFUSED, COMPARTMENT_LABELS
from forms.shelter.identifications import (
    AGREES,
    APPEAL_LABELS,
    APPELLANT_LABELS,
    NO_APPEAL,
    PLACE_LABELS,
    STATE_LABELS,
    STATUS_LABELS,
    AppealForm,
    AskIdentificationForm,
    ConcludeForm,
    DecideAppealForm,
    JointInterviewForm,
    PartnerForm,
)
from nrm.actions.shelter import identifications as actions
from nrm.actions.shelter.identifications import Conclusion, JointInterview
from nrm.actions.support import complaints
from nrm.domain.accounts.accounts import NotVisible, OrganisationKind, Permission, Role
from nrm.domain.shelter.cases import CaseRefused, Compartment, IdentificationStatus
from nrm.domain.shelter.identifications import (
    POLICE_SIDE,
    Appellant,
    Basis,
    Event,
    IdentificationRefusal,
    IdentificationRefused,
    PlaceKind,
    check_conclusion,
)
from nrm.domain.words import N_, Phrase
from nrm.store import names as organisation_names
from nrm.store.countries import country
from nrm.store.days import today
from nrm.store.shelter import identifications as store
from nrm.web import access, errors, formats, home
from nrm.web.choices import label_of, of_list
from nrm.web.language import current_language, gettext, text_in, translated
from nrm.web.opened import written_rows
from nrm.web.parts import Part
from nrm.web.shelter import missing_told
from nrm.web.shelter.consents import interpreter_label

blueprint = Blueprint("identifications", __name__)
Page = tuple[str, int]
Answer = BaseResponse | Page | str

REFUSED = {
    IdentificationRefusal.STATE: N_("This step does not follow from how the identification stands now."),
    IdentificationRefusal.SIDES: N_("Choose one of the police and one of social services"),
    IdentificationRefusal.NOT_AGREED: N_("Tick that the person was told and agrees"),
    IdentificationRefusal.TOOK_PART: N_("You took part in this identification before. Somebody else looks at it now."),
    IdentificationRefusal.HAS_SEEN: N_(
        "You opened an earlier decision of this case. Somebody who has not seen it looks at it now."
    ),
    IdentificationRefusal.UNREAD: N_(
        "Open the record first, and read what the person told: nobody concludes without it."
    ),
    IdentificationRefusal.SAME_ORGANISATION: N_(
        "Your organisation looked first. Somebody of another organisation looks second."
    ),
    IdentificationRefusal.BASIS: N_("Choose at least one thing it rests on"),
    IdentificationRefusal.OUTCOME: N_("Choose what you conclude"),
    IdentificationRefusal.TIME: N_(
        "The reflection period runs until %(day)s: ask the person whether they want this now. If so, tick it; if not, "
        "wait",
        day="",
    ),
    IdentificationRefusal.CONTRADICTS: N_(
        "What you conclude and what it rests on contradict each other: choose the other conclusion, or take out the "
        "tick that says the opposite"
    ),
    IdentificationRefusal.DAY: N_("Enter a day that is not in the future and not before what came first"),
}


@home.page(Role.IDENTIFICATION_OFFICER)
def officer_home() -> str:
    """The home page of those who interview and make looks: the records they may read, undecided ones first."""
    by = access.actor()
    return render_template(
        "shelter/identifications/home.html",
        lines=store.to_review(by=by),
        states=STATE_LABELS,
        told=missing_told.home_part(),
        ties=by.kind is OrganisationKind.POLICE and by.may(Permission.LINK_TIE),
        complaints=complaints.waiting(by=by) if by.kind is OrganisationKind.RESPONSIBLE_AUTHORITY else None,
    )


@blueprint.get("/identifications")
@access.requires(Permission.IDENTIFICATION_DECIDE)
def index() -> str:
    return officer_home()


def summary(case_id: uuid.UUID) -> Part | None:
    """The identification as a part of a case page, for the holder; None for others."""
    by = access.actor()
    try:
        seen = store.of_case(case_id, by=by) if by.may(Permission.CASE_OPEN) else None
    except NotVisible:
        seen = None
    if seen is None or by.may(Permission.IDENTIFICATION_DECIDE):
        return None
    words = _words(seen)
    state = f"{words['status']}, {words['state']}"
    title = gettext("Formal identification")
    return Part.rendered("identification", title, state, "shelter/identifications/summary.html", **words)


def can_be_asked(case_id: uuid.UUID) -> bool:
    """Whether the reader holds the case, and formal identification was not asked for yet."""
    by = access.actor()
    return by.may(Permission.CASE_OPEN) and Event.ASK in store.of_case(case_id, by=by).events


def _words(seen: store.Seen) -> dict[str, Any]:
    """Everything a page says, in the reader's language."""
    language = current_language()
    return {
        "seen": seen,
        "status": translated(STATUS_LABELS[seen.status]),
        "state": translated(STATE_LABELS[seen.state]),
        "place": translated(PLACE_LABELS[PlaceKind(seen.place)]) if seen.place else "",
        "language": language_name(seen.language, language) if seen.language else "",
        "interpreter": interpreter_label(seen.interpreter),
        "appellant": translated(APPELLANT_LABELS[Appellant(seen.appellant)]) if seen.appellant else "",
        "appeal": translated(APPEAL_LABELS[seen.appeal_outcome]) if seen.appeal_outcome else "",
        "reflects": seen.reflection_until is not None and today() <= seen.reflection_until,
        "source": text_in(country().reflection.source),
        "looks": [(each, _concluded(each)) for each in seen.looks],
    }


def _concluded(look: store.LookLine) -> str:
    """What a look concluded and on which bases; or the words that this is not shown yet."""
    if look.outcome is None or look.bases is None:
        return gettext("not told before the next look is recorded")
    rests = ", ".join(label_of("identification_bases", each) for each in look.bases)
    return f"{translated(STATUS_LABELS[look.outcome])} ({rests})"


# ---- the holder


@blueprint.get("/cases/<uuid:case_id>/identification")
@access.requires(Permission.CASE_OPEN)
def of_case(case_id: uuid.UUID) -> str:
    return _show("shelter/identifications/of_case.html", case_id)


def _show(template: str, case_id: uuid.UUID, form: PartnerForm | None = None) -> str:
    seen = store.of_case(case_id, by=access.actor())
    opened = actions.opened(case_id=case_id, by=access.actor())
    parts = []
    for part in (Compartment.JOINT_INTERVIEW, *seen.decisions_to_open):
        if seen.interviewed_on is not None:
            here = opened.get(part)
            parts.append((str(part), COMPARTMENT_LABELS[part], _told_rows(here.value) if here is not None else None))
    barred = translated(REFUSED[seen.barred]) if seen.barred else ""
    return render_template(template, parts=parts, barred=barred, form=form or PartnerForm(), **_words(seen))


def _told_rows(value: dict[str, str]) -> list[tuple[str, str]]:
    """(heading, text) of the content of one part."""
    rows = written_rows({name: text for name, text in value.items() if name != "outcome"})
    if value.get("outcome"):
        rows.insert(0, (gettext("Concluded"), translated(STATUS_LABELS[IdentificationStatus(value["outcome"])])))
    return rows


@blueprint.post("/cases/<uuid:case_id>/identification/open")
@access.requires(Permission.CASE_OPEN)
def open_part(case_id: uuid.UUID) -> Answer:
    """Open what is sealed for the purpose that is named; the opening is recorded before anything is shown."""
    _open(case_id)
    return redirect(url_for("identifications.of_case", case_id=case_id), 303)


def _open(case_id: uuid.UUID) -> None:
    part = request.form.get("part", "")
    if part not in set(Compartment):
        raise NotVisible
    actions.open_part(case_id=case_id, compartment=Compartment(part), by=access.actor())


@blueprint.get("/cases/<uuid:case_id>/identification/ask")
@access.requires(Permission.CASE_OPEN)
def ask_page(case_id: uuid.UUID) -> Answer:
    return _ask_page(case_id, _ask_form())


def _ask_form() -> AskIdentificationForm:
    form = AskIdentificationForm(request.form)
    form.readers.choices = [
        SelectChoice(value=str(each.id), label=text_in(each.names) + " (" + _side_name(each.kind) + ")")
        for each in organisation_names.organisations_to_ask()
    ]
    return form


def _has_time(case_id: uuid.UUID) -> Phrase:
    """Why the tick is needed, with the last day of the reflection period."""
    until = store.of_case(case_id, by=access.actor()).reflection_until
    shown = formats.day(until, current_language()) if until is not None else ""
    return Phrase(REFUSED[IdentificationRefusal.TIME].message, {"day": shown})


def _side_name(kind: str) -> str:
    return gettext("police") if OrganisationKind(kind) in POLICE_SIDE else gettext("social services")


def _ask_page(case_id: uuid.UUID, form: AskIdentificationForm, status: int = 200) -> Page:
    seen = _visible_identification(case_id, Event.ASK)
    return render_template("shelter/identifications/ask.html", form=form, **_words(seen)), status


def _visible_identification(case_id: uuid.UUID, *events: Event) -> store.Seen:
    """The identification, if the actor can do one of these events now; raises NotVisible otherwise."""
    seen = store.of_case(case_id, by=access.actor())
    if not seen.events & set(events) or seen.barred:
        raise NotVisible
    return seen


@blueprint.post("/cases/<uuid:case_id>/identification/ask")
@access.requires(Permission.CASE_OPEN)
def ask(case_id: uuid.UUID) -> Answer:
    form = _ask_form()
    if not form.validate():
        return _ask_page(case_id, form, 422)
    chosen = [uuid.UUID(each) for each in form.readers.data or ()]
    try:
        actions.ask(
            case_id=case_id,
            organisations=chosen,
            agreed=bool(form.agreed.data),
            wants_now=bool(form.wants_now.data),
            by=access.actor(),
        )
    except IdentificationRefused as error:
        if error.reason is IdentificationRefusal.TIME:
            form.wants_now.errors = [_has_time(case_id)]
            return _ask_page(case_id, form, 422)
        if error.reason is not IdentificationRefusal.SIDES:
            return errors.error_page(409, REFUSED[error.reason])
        form.readers.errors = [REFUSED[error.reason]]
        return _ask_page(case_id, form, 422)
    except CaseRefused as error:
        return errors.error_page(409, CASE_REFUSED[error.reason])
    return redirect(url_for("identifications.of_case", case_id=case_id), 303)


@blueprint.get("/cases/<uuid:case_id>/identification/appeal")
@access.requires(Permission.CASE_OPEN)
def appeal_page(case_id: uuid.UUID) -> Answer:
    return _appeal_page(case_id, AppealForm(formdata=None))


def _appeal_page(case_id: uuid.UUID, form: AppealForm, status: int = 200) -> Page:
    return render_template(
        "shelter/identifications/appeal.html", seen=_visible_identification(case_id, Event.APPEAL), form=form
    ), status


@blueprint.post("/cases/<uuid:case_id>/identification/appeal")
@access.requires(Permission.CASE_OPEN)
def appeal(case_id: uuid.UUID) -> Answer:
    seen = store.of_case(case_id, by=access.actor())
    form = AppealForm(request.form)
    if not form.validate() or not form.is_sure(seen.status):
        return _appeal_page(case_id, form, 422)
    on = chosen_day(form.on, form.on_day, today())
    try:
        actions.appeal(case_id=case_id, appellant=Appellant(form.appellant.data), on=on, by=access.actor())
    except IdentificationRefused as error:
        if error.reason is not IdentificationRefusal.DAY:
            return errors.error_page(409, REFUSED[error.reason])
        form.on_day.errors = [REFUSED[error.reason]]
        return _appeal_page(case_id, form, 422)
    except CaseRefused as error:
        return errors.error_page(409, CASE_REFUSED[error.reason])
    return redirect(url_for("identifications.of_case", case_id=case_id), 303)


# ---- those who interview and make looks


@blueprint.get("/identifications/<uuid:case_id>")
@access.requires(Permission.IDENTIFICATION_DECIDE)
def show(case_id: uuid.UUID) -> Answer:
    return _show("shelter/identifications/show.html", case_id)


@blueprint.post("/identifications/<uuid:case_id>/answer")
@access.requires(Permission.IDENTIFICATION_DECIDE)
def answer(case_id: uuid.UUID) -> Answer:
    """Whoever is named beside the writer of the interview says whether it was so (ADR 0259)."""
    form = PartnerForm(request.form)
    if not form.validate():
        if not store.of_case(case_id, by=access.actor()).is_partner:
            raise NotVisible
        return _show("shelter/identifications/show.html", case_id, form), 422
    actions.answer(case_id=case_id, agrees=form.says.data == AGREES, by=access.actor())
    return redirect(url_for("identifications.show", case_id=case_id), 303)


def objected_part() -> Markup:
    """For the duty desk: the interviews of which the partner lately said that it was not so."""
    lines = store.objected(by=access.actor())
    page = render_template("shelter/identifications/objected.html", lines=lines) if lines else ""
    return Markup(page)  # noqa: S704 - a template of ours, escaped there


@blueprint.post("/identifications/<uuid:case_id>/open")
@access.requires(Permission.IDENTIFICATION_DECIDE)
def open_record(case_id: uuid.UUID) -> Answer:
    _open(case_id)
    return redirect(url_for("identifications.show", case_id=case_id), 303)


@blueprint.get("/identifications/<uuid:case_id>/interview")
@access.requires(Permission.IDENTIFICATION_DECIDE)
def interview_page(case_id: uuid.UUID) -> Answer:
    return _interview_page(case_id, _interview_form(case_id))


def _interview_form(case_id: uuid.UUID) -> JointInterviewForm:
    form = JointInterviewForm(request.form)
    form.bases.choices = of_list("identification_bases")
    form.partner.choices = [
        SelectChoice(value="", label=gettext("Choose")),
        *(
            SelectChoice(value=str(id_), label=f"{text_in(names)}: {login}")
            for id_, login, names in store.partners(case_id, by=access.actor())
        ),
    ]
    return form


def _interview_page(case_id: uuid.UUID, form: JointInterviewForm, status: int = 200) -> Page:
    seen = _visible_identification(case_id, Event.INTERVIEW)
    return render_template("shelter/identifications/interview.html", form=form, **_words(seen)), status


@blueprint.post("/identifications/<uuid:case_id>/interview")
@access.requires(Permission.IDENTIFICATION_DECIDE)
def interview(case_id: uuid.UUID) -> Answer:
    if taken := _taken(case_id, Event.INTERVIEW):
        return taken
    form = _interview_form(case_id)
    if not form.validate() or not form.partner.data:
        if not form.partner.data and not form.partner.errors:
            form.partner.errors = [N_("Choose who of the other side held the interview with you")]
        return _interview_page(case_id, form, 422)
    held = JointInterview(
        partner_id=uuid.UUID(form.partner.data),
        held_on=chosen_day(form.held, form.held_day, today()),
        place=PlaceKind(form.place.data),
        language=form.language_code,
        interpreter=form.interpreter.data,
        account=_plain(form.account.data),
        wants_now=bool(form.wants_now.data),
    )
    try:
        check_conclusion(form.outcome.data, form.bases.data or ())
        if not form.is_sure:
            return _interview_page(case_id, form, 422)
        actions.interview(case_id=case_id, held=held, concluded=_conclusion(form), by=access.actor())
    except IdentificationRefused as error:
        if error.reason is IdentificationRefusal.DAY:
            (form.held_day if form.held.data == "other" else form.held).errors = [REFUSED[error.reason]]
            return _interview_page(case_id, form, 422)
        if error.reason is IdentificationRefusal.TIME:
            form.wants_now.errors = [_has_time(case_id)]
            return _interview_page(case_id, form, 422)
        if error.reason is IdentificationRefusal.CONTRADICTS:
            form.bases.errors = [REFUSED[error.reason]]
            return _interview_page(case_id, form, 422)
        return _taken(case_id, Event.INTERVIEW) or errors.error_page(409, REFUSED[error.reason])
    except CaseRefused as error:
        return errors.error_page(409, CASE_REFUSED[error.reason])
    return redirect(url_for("identifications.show", case_id=case_id), 303)


def _taken(case_id: uuid.UUID, *events: Event) -> Answer | None:
    """Where somebody recorded the same first: who it was, and what was typed here, to be kept; None where the step can
    be done still."""
    seen = store.of_case(case_id, by=access.actor())
    if seen.events & set(events) or not seen.looks:
        return None
    is_interview = Event.INTERVIEW in events
    first = seen.looks[0] if is_interview else seen.looks[-1]
    page = render_template(
        "shelter/identifications/taken.html",
        typed=[(name, text) for name in ("account", "reasons") if (text := _plain(request.form.get(name)))],
        is_interview=is_interview,
        first=first,
        **_words(seen),
    )
    return page, 409


def _plain(text: str | None) -> str:
    return (text or "").replace("\r\n", "\n").strip()


def _conclusion(form: ConcludeForm) -> Conclusion:
    return Conclusion(form.outcome.data, [Basis(each) for each in form.bases.data or ()], _plain(form.reasons.data))


@blueprint.get("/identifications/<uuid:case_id>/look")
@access.requires(Permission.IDENTIFICATION_DECIDE)
def look_page(case_id: uuid.UUID) -> Answer:
    return _look_page(case_id, _look_form())


def _look_form() -> ConcludeForm:
    form = ConcludeForm(request.form)
    form.bases.choices = of_list("identification_bases")
    return form


def _look_page(case_id: uuid.UUID, form: ConcludeForm, status: int = 200) -> Answer:
    seen = _visible_identification(case_id, Event.SECOND, Event.THIRD)
    if seen.must_read:
        return errors.error_page(409, REFUSED[IdentificationRefusal.UNREAD])
    return render_template("shelter/identifications/look.html", form=form, **_words(seen)), status


@blueprint.post("/identifications/<uuid:case_id>/look")
@access.requires(Permission.IDENTIFICATION_DECIDE)
def look(case_id: uuid.UUID) -> Answer:
    store.of_case(case_id, by=access.actor())
    form = _look_form()
    if taken := _taken(case_id, Event.SECOND, Event.THIRD):
        return taken
    if not form.validate():
        return _look_page(case_id, form, 422)
    try:
        check_conclusion(form.outcome.data, form.bases.data or ())
        if not form.is_sure and not store.of_case(case_id, by=access.actor()).barred:
            return _look_page(case_id, form, 422)
        actions.look(case_id=case_id, concluded=_conclusion(form), by=access.actor())
    except CaseRefused as error:
        return errors.error_page(409, CASE_REFUSED[error.reason])
    except IdentificationRefused as error:
        if error.reason is IdentificationRefusal.CONTRADICTS:
            form.bases.errors = [REFUSED[error.reason]]
            return _look_page(case_id, form, 422)
        return _taken(case_id, Event.SECOND, Event.THIRD) or errors.error_page(409, REFUSED[error.reason])
    return redirect(url_for("identifications.show", case_id=case_id), 303)


@blueprint.get("/identifications/<uuid:case_id>/appeal")
@access.requires(Permission.IDENTIFICATION_DECIDE)
def decide_page(case_id: uuid.UUID) -> Answer:
    return _decide_page(case_id, DecideAppealForm(formdata=None))


def _decide_page(case_id: uuid.UUID, form: DecideAppealForm, status: int = 200) -> Answer:
    seen = _visible_identification(case_id, Event.DECIDE_APPEAL)
    if seen.must_read:
        return errors.error_page(409, REFUSED[IdentificationRefusal.UNREAD])
    return render_template("shelter/identifications/decide.html", form=form.offer(seen.status), **_words(seen)), status


@blueprint.post("/identifications/<uuid:case_id>/appeal")
@access.requires(Permission.IDENTIFICATION_DECIDE)
def decide(case_id: uuid.UUID) -> Answer:
    seen = store.of_case(case_id, by=access.actor())
    form = DecideAppealForm(request.form).offer(seen.status)
    if not form.validate() or not form.is_whole or not form.is_sure(seen.status):
        return _decide_page(case_id, form, 422)
    try:
        if form.outcome.data == NO_APPEAL:
            actions.no_appeal(case_id=case_id, by=access.actor())
        else:
            actions.decide_appeal(
                case_id=case_id,
                changed=form.outcome.data == "changed",
                reasons=_plain(form.reasons.data),
                by=access.actor(),
            )
    except CaseRefused as error:
        return errors.error_page(409, CASE_REFUSED[error.reason])
    except IdentificationRefused as error:
        return errors.error_page(409, REFUSED[error.reason])
    return redirect(url_for("identifications.show", case_id=case_id), 303)
