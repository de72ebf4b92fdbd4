"""A shelter opens a case for somebody who came without a referral."""

from __future__ import annotations

import uuid

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from forms import SelectChoice
from forms.days import chosen_day, planned_day
from forms.shelter.direct_intake import IMPOSSIBLE, LATE, AdmitPersonForm, OpenCaseForm, OpenChildCaseForm
from nrm import clock
from nrm.actions.shelter import direct_intake as actions
from nrm.domain.accounts.accounts import NotVisible, Permission
from nrm.domain.shelter.cases import HOME_CITIZEN
from nrm.domain.shelter.direct_intake import REFER_ON, ImpossibleCase, IntakeRefusal, OwnCase
from nrm.domain.shelter.places import LONGEST_WITH_MOTHER
from nrm.domain.shelter.stays import ImpossibleStay, Source, StayRefusal
from nrm.domain.words import N_
from nrm.steps.shelter.arrivals import Told
from nrm.store import days
from nrm.store.countries import country
from nrm.store.referrals import obligations
from nrm.store.shelter import cases, places
from nrm.store.shelter import stays as store
from nrm.web import access, errors
from nrm.web.accounts import told_once
from nrm.web.choices import label_of, of_list
from nrm.web.language import text_in
from nrm.web.shelter.stays import chosen_place, mark_impossible, offer_places

Answer = Response | str | tuple[str, int]

blueprint = Blueprint("direct_intake", __name__)
NOT_HERE = N_("The person it came with has no place here: is the child here already, and is it the right case?")
OPENED_ALREADY = N_(
    "This form opened a case already, which your shelter does not hold any more. No second case was opened."
)


@blueprint.get("/cases/new")
@access.requires(Permission.STAY_MANAGE)
def open_page() -> str:
    places.room(by=access.actor())  # only a shelter opens a case of its own
    return _who_page(_person_form(), None)


@blueprint.post("/cases/new")
@access.requires(Permission.STAY_MANAGE)
def open_case() -> Answer:
    places.room(by=access.actor())
    return _open(_person_form(), None)


@blueprint.get("/cases/<uuid:case_id>/child")
@access.requires(Permission.STAY_MANAGE)
def child_page(case_id: uuid.UUID) -> str:
    """A case for a child who came with the person of this one."""
    return _who_page(_person_form(OpenChildCaseForm), _parent(case_id))


@blueprint.post("/cases/<uuid:case_id>/child")
@access.requires(Permission.STAY_MANAGE)
def open_child(case_id: uuid.UUID) -> Answer:
    return _open(_person_form(OpenChildCaseForm), _parent(case_id))


def _who_page(form: OpenCaseForm, parent: cases.SeenCase | None) -> str:
    kept = _of_second_page()
    form.once.data = str(form.press)
    return render_template("shelter/direct_intake/who.html", form=form, parent=parent, kept=kept)


def _of_second_page() -> list[tuple[str, str]]:
    """(name, value) of what was typed and chosen on the second page; a field of parts has a name for each of them."""
    names = {field.name for field in AdmitPersonForm()}
    return [each for each in request.form.items(multi=True) if each[0].partition("-")[0] in names]


def _parent(case_id: uuid.UUID) -> cases.SeenCase:
    found = cases.case(case_id, by=access.actor())
    if found.relation is not cases.CaseRelation.HOLDER or found.status != "open":
        raise NotVisible
    return found


def _open(who: OpenCaseForm, parent: cases.SeenCase | None) -> Answer:
    """Both steps come here; nothing is kept until the second one is complete. Who goes back to the first finds the
    second as it was, and who sends the sheet again, once the case is open, the case."""
    by = access.actor()
    case_id = actions.case_id_of(who.press, by)
    before = _opened_before(case_id)
    if before is not None:
        return before
    who.once.data = str(who.press)
    if not who.validate():
        return _who_page(who, parent), 422
    if parent is not None and not _is_here(who, parent):
        return _who_page(who, parent), 422
    if "back" in request.form:
        return _who_page(who, parent)
    if request.form.get("step") != "2":
        form = _admit(who, parent, empty=not _of_second_page())
        return render_template("shelter/direct_intake/admit.html", who=who, form=form, parent=parent)
    form = _admit(who, parent)
    if not form.validate():
        return render_template("shelter/direct_intake/admit.html", who=who, form=form, parent=parent), 422
    admitted_on = chosen_day(form.admitted, form.admitted_day, days.today())
    named = who.may_name
    identity = {name: form[name].data for name in ("given", "family", "known_as", "birth", "contact")} if named else {}
    chosen = chosen_place(form)
    try:
        opened = actions.open_case(
            case=_own_case(who, form),
            place_id=chosen.place_id,
            with_stay_id=chosen.with_stay_id,
            admitted_on=admitted_on,
            anticipated_end_on=planned_day(form.planned, form.planned_day, admitted_on),
            identity=identity,
            story=form.story.data or "" if named else "",
            note=who.needs_note.data or "",
            told=Told(answers=form.if_missing if who.is_adult else {}),
            came_with=parent.id if parent is not None else None,
            case_id=case_id,
            by=by,
        )
    except actions.OpenedAlready:
        return _opened_before(case_id) or errors.error_page(409, OPENED_ALREADY)
    except ImpossibleStay as error:
        status = mark_impossible(form, error)
        if error.reason is StayRefusal.ADMISSION_BEFORE_CASE:
            form.admitted_day.errors = [LATE]
        return render_template("shelter/direct_intake/admit.html", who=who, form=form, parent=parent), status
    except ImpossibleCase as error:
        if error.reason is IntakeRefusal.BIRTH:
            form.birth.errors = [IMPOSSIBLE[error.reason]]
            return render_template("shelter/direct_intake/admit.html", who=who, form=form, parent=parent), 422
        who.age_class.errors = [IMPOSSIBLE[error.reason]]
        return _who_page(who, parent), 422
    return redirect(url_for("direct_intake.opened", case_id=opened.case_id), 303)


def _is_here(who: OpenCaseForm, parent: cases.SeenCase) -> bool:
    """Whether the person with whom the child came lives here, or it was said that the child came first (ADR 0281)."""
    if not isinstance(who, OpenChildCaseForm) or who.comes_first.data:
        return True
    if store.of_case(parent.id, by=access.actor()).current is not None:
        return True
    who.comes_first.errors = [NOT_HERE]
    return False


def _opened_before(case_id: uuid.UUID) -> Response | None:
    """To the case that the sheet opened already, while the shelter holds it."""
    try:
        found = cases.case(case_id, by=access.actor())
    except NotVisible:
        return None
    if found.relation is not cases.CaseRelation.HOLDER:
        return None
    return told_once.lead(url_for("direct_intake.opened", case_id=case_id, already=1))


@blueprint.get("/cases/<uuid:case_id>/opened")
@access.requires(Permission.STAY_MANAGE)
def opened(case_id: uuid.UUID) -> str:
    """The code, and what the agreement asks now."""
    by = access.actor()
    case = cases.case(case_id, by=by)
    held = store.of_case(case_id, by=by)
    owed = obligations.of_case(case_id, by=by)
    agreement = country().in_force(clock.now())
    elsewhere = next((agreement.clause(line.clause) for line in owed if line.kind == REFER_ON), None)
    return render_template(
        "shelter/direct_intake/opened.html",
        case=case,
        already=bool(told_once.word("already")),
        stay=held.current,
        owed=[line for line in owed if line.kind != REFER_ON],
        elsewhere=elsewhere,
        parties={code: text_in(party.names) for code, party in agreement.parties.items()},
    )


def _person_form(kind: type[OpenCaseForm] = OpenCaseForm) -> OpenCaseForm:
    form = kind(request.form)
    if form.source is not None:
        others = [code for code in Source if code is not Source.WITH_A_VICTIM]
        form.source.choices = [SelectChoice(value="", label=N_("Choose")), *of_list("sources", others)]
    form.gender.choices = of_list("genders")
    home = label_of("citizenship_classes", HOME_CITIZEN)
    form.offer_home_citizenship(country().iso, home[:1].upper() + home[1:])
    form.needs.choices = of_list("needs")
    return form


def _admit(who: OpenCaseForm, parent: cases.SeenCase | None, *, empty: bool = False) -> AdmitPersonForm:
    form = AdmitPersonForm() if empty else AdmitPersonForm(request.form)
    small = who.age_class.data == "child" and (who.years is None or who.years < LONGEST_WITH_MOTHER)
    offer_places(form, small_child=small, came_with=parent.pseudonym if parent is not None else "")
    return form


def _own_case(who: OpenCaseForm, form: AdmitPersonForm) -> OwnCase:
    consent = {"yes": "given", "no": "refused"}[who.consent.data] if who.is_adult else "not_asked_child"
    counted = who.may_count
    return OwnCase(
        source=who.came,
        age_class=who.age_class.data,
        age=who.years,
        gender=who.gender.data,
        citizenship=who.citizenship_code,
        consent=consent,
        statistics=who.statistics.data if who.is_adult else "not_asked",
        home=country().iso,
        exploited_in=form.country_codes if counted else (),
        exploitation=tuple(form.forms.data or ()) if counted else (),
        needs=frozenset(who.needs.data or ()),
        official_involved=who.official.data,
    )
