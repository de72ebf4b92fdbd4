"""What child protection found of a child: the form, and the section of the case page."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from markupsafe import Markup
from werkzeug.wrappers import Response as BaseResponse

from forms import SelectChoice
from forms.days import chosen_day
from forms.shelter.child_returns import ASSESSMENT_LABELS
from forms.shelter.corrections import WHY_LABELS
from forms.shelter.findings import FOUND_LABELS, IMPOSSIBLE, NEW, CaseFindingsForm, FindingsForm
from forms.shelter.stays import CLOSED
from nrm import clock
from nrm.actions.shelter import best_interests
from nrm.actions.shelter import findings as actions
from nrm.domain.accounts.accounts import NotVisible, Permission
from nrm.domain.shelter.absences import child_authority
from nrm.domain.shelter.child_returns import State
from nrm.domain.shelter.findings import FindingRefusal, FindingRefused
from nrm.domain.words import N_
from nrm.store import names as organisation_names
from nrm.store.countries import country
from nrm.store.days import today
from nrm.store.shelter import child_returns
from nrm.store.shelter import findings as store
from nrm.web import access, errors
from nrm.web.language import gettext
from nrm.web.parts import Part
from nrm.web.shelter.absences import place as country_in_words

blueprint = Blueprint("findings", __name__)
Answer = BaseResponse | tuple[str, int] | str

OVER = N_("This return is over; nothing more is found of it.")


@blueprint.get("/cases/<uuid:case_id>/findings")
@access.requires(Permission.OBLIGATION_ACKNOWLEDGE)
def case_page(case_id: uuid.UUID) -> Answer:
    store.to_assess(case_id, by=access.actor())
    return _of_case(case_id, _case_form(case_id))


def _case_form(case_id: uuid.UUID) -> CaseFindingsForm:
    """The form with the households that are known, and a new one."""
    form = CaseFindingsForm(request.form)
    known = gate(case_id)
    assert known is not None
    form.household.choices = [*offered(case_id, known), SelectChoice(value=NEW, label=N_("A household not named yet"))]
    return form


def offered(case_id: uuid.UUID, known: store.Gate) -> list[SelectChoice]:
    """The households of a case as choices: their numbers, with their words for a session that opened them."""
    told = best_interests.opened(case_id=case_id, by=access.actor()) or {}
    return [SelectChoice(value=str(each.id), label=called(each, told)) for each in known.households]


def called(household: store.HouseholdLine, told: Mapping[str, Any]) -> str:
    """A household by its number, and by its words where they were opened."""
    words = told.get(f"household:{household.id}")
    number = gettext("Household %(number)s", number=household.number)
    return f"{number}: {words}" if words else number


def _of_case(case_id: uuid.UUID, form: FindingsForm, status: int = 200) -> Answer:
    case = store.to_assess(case_id, by=access.actor())
    known = gate(case_id)
    assert known is not None
    told = best_interests.opened(case_id=case_id, by=access.actor()) or {}
    page = render_template(
        "shelter/findings/record.html",
        form=form,
        gate=known,
        called={each.id: called(each, told) for each in known.households},
        back=(url_for("home.index"), gettext("Home")),
        code=case.pseudonym,
        case_id=case_id,
        **words(),
    )
    return page, status


@blueprint.post("/cases/<uuid:case_id>/findings")
@access.requires(Permission.OBLIGATION_ACKNOWLEDGE)
def of_case(case_id: uuid.UUID) -> Answer:
    store.to_assess(case_id, by=access.actor())
    form = _case_form(case_id)
    record = partial(actions.record, case_id=case_id, household=form.home, where=form.where.data or "")
    return _recorded(form, partial(_of_case, case_id), record, url_for("best_interests.show", case_id=case_id))


@blueprint.get("/child-returns/<uuid:return_id>/findings")
@access.requires(Permission.CHILD_RETURN_ANSWER)
def return_page(return_id: uuid.UUID) -> Answer:
    return _of_return(return_id, FindingsForm())


def _of_return(return_id: uuid.UUID, form: FindingsForm, status: int = 200) -> Answer:
    line = child_returns.one(return_id, by=access.actor())
    if State(line.state).is_over:
        return errors.error_page(409, OVER)
    back = url_for("child_returns.show", return_id=return_id)
    return _findings_page(form, store.lines(line), back, gettext("Return of a child"), "", status)


@blueprint.post("/child-returns/<uuid:return_id>/findings")
@access.requires(Permission.CHILD_RETURN_ANSWER)
def of_return(return_id: uuid.UUID) -> Answer:
    form = FindingsForm(request.form)
    by = access.actor()
    if State(child_returns.one(return_id, by=by).state).is_over:
        return errors.error_page(409, OVER)
    record = partial(actions.record_of_return, return_id=return_id)
    return _recorded(form, partial(_of_return, return_id), record, url_for("child_returns.show", return_id=return_id))


def _recorded(
    form: FindingsForm, page: Callable[[FindingsForm, int], Answer], record: Callable[..., object], after: str
) -> Answer:
    """Record what the form says and go on to `after`, or give the page back with what is wrong."""
    if not form.validate():
        return page(form, 422)
    try:
        record(
            found=form.found,
            on=chosen_day(form.when, form.on, today()),
            assessor=(form.assessor.data or "").strip(),
            by=access.actor(),
        )
    except FindingRefused as error:
        if error.reason is FindingRefusal.STATE:
            return errors.error_page(409, IMPOSSIBLE[error.reason][1])
        return page(_marked(form, error), 422)
    return redirect(after, 303)


def _marked(form: FindingsForm, error: FindingRefused) -> FindingsForm:
    """The form with the error message at the field that it concerns."""
    name, words = IMPOSSIBLE[error.reason]
    field = form.when if name == "on" and form.when.data != "other" else form[name]
    if name == "household_words" and form["household"].data != NEW:
        field = form["household"]
    field.errors = [words]
    return form


def _findings_page(
    form: FindingsForm, lines: Sequence[store.FindingLine], back: str, name: str, code: str, status: int
) -> Answer:
    page = render_template(
        "shelter/findings/record.html",
        form=form,
        lines=lines,
        back=(back, name),
        code=code,
        gate=None,
        **words(),
    )
    return page, status


def written_part() -> Markup:
    """The part of a home page of child protection that says which assessments colleagues wrote down in one's name."""
    lines = store.written_in_my_name(by=access.actor())
    page = render_template("shelter/findings/written.html", lines=lines, **words()) if lines else ""
    return Markup(page)  # noqa: S704 - a template of ours, escaped there


@blueprint.post("/children/findings/<uuid:finding_id>/not-mine")
@access.requires(Permission.OBLIGATION_ACKNOWLEDGE)
def deny(finding_id: uuid.UUID) -> Answer:
    """The member in whose name a colleague wrote down an assessment did not assess it."""
    try:
        actions.deny(finding_id=finding_id, by=access.actor())
    except FindingRefused as error:
        return errors.error_page(409, IMPOSSIBLE[error.reason][1])
    return redirect(url_for("home.index"), 303)


def home_parts() -> tuple[Markup, Markup]:
    """Two parts of the home page of child protection: of which child a house says that it was never there, until
    somebody has seen that; and whose stay ended by a decision, why and where to, which of these ends a house took back
    or changed, and the strikes that were seen."""
    by = access.actor()
    lines, changed, struck = store.ended_lately(by=by), store.changed_lately(by=by), store.struck_lately(by=by)
    return _strikes([each for each in struck if each.seen_on is None]), _ends(
        lines, changed, [each for each in struck if each.seen_on is not None]
    )


def _ends(
    lines: Sequence[store.EndLine], changed: Sequence[store.ChangedLine], struck: Sequence[store.StruckLine]
) -> Markup:
    if not lines and not changed and not struck:
        return Markup()
    page = render_template(
        "shelter/findings/ends.html",
        lines=lines,
        changed=changed,
        struck=struck,
        whys=WHY_LABELS,
        place=country_in_words,
    )
    return Markup(page)  # noqa: S704 - a template of ours, escaped there


def unseen_part() -> Markup:
    """The part of the home page of the duty desk that says which strikes child protection has not seen for a day."""
    return _strikes(store.struck_unseen(by=access.actor()), of_desk=True)


def _strikes(struck: Sequence[store.StruckLine], *, of_desk: bool = False) -> Markup:
    if not struck:
        return Markup()
    number = organisation_names.number_now(child_authority(country().in_force(clock.now()))) if of_desk else ""
    page = render_template(
        "shelter/findings/struck.html", struck=struck, whys=WHY_LABELS, of_desk=of_desk, child_number=number
    )
    return Markup(page)  # noqa: S704 - a template of ours, escaped there


@blueprint.post("/children/struck/<uuid:stay_id>/seen")
@access.requires(Permission.OBLIGATION_ACKNOWLEDGE)
def see_strike(stay_id: uuid.UUID) -> Answer:
    """Child protection has seen that the stay of a child was struck."""
    actions.see_strike(stay_id=stay_id, by=access.actor())
    return redirect(url_for("home.index"), 303)


def words() -> dict[str, Any]:
    """The labels that the lists of findings use."""
    return {"kind_labels": ASSESSMENT_LABELS, "found_labels": FOUND_LABELS}


def gate(case_id: uuid.UUID) -> store.Gate | None:
    """The state of a child's gate; None for an adult's case, and for a reader for whom it is not meant."""
    try:
        return store.of_case(case_id, by=access.actor())
    except NotVisible:
        return None


def summary(case_id: uuid.UUID) -> Part | None:
    """A child's gate as a part of a case page; none for an adult's case, and for a reader for whom it is not meant."""
    found = gate(case_id)
    if found is None:
        return None
    return Part.rendered(
        "child-gate",
        gettext("Before the child leaves"),
        gettext("decided where the child may go") if found.opening else gettext("not decided yet"),
        "shelter/findings/summary.html",
        gate=found,
        case_id=case_id,
        closed=CLOSED[found.shut_by],
    )
