"""The month in which a minor turns 18, the birthday, and an assessed age."""

from __future__ import annotations

import uuid
from collections.abc import Callable

from flask import Blueprint, redirect, render_template, request, url_for
from markupsafe import Markup
from werkzeug.datastructures import ImmutableMultiDict
from werkzeug.wrappers import Response as BaseResponse

from forms import SelectChoice
from forms.days import chosen_day
from forms.shelter.ages import (
    CLASS_LABELS,
    IMPOSSIBLE,
    KIND_LABELS,
    AssessForm,
    MonthForm,
    MonthWordForm,
    TurnedForm,
    WordForm,
)
from forms.typed import OnceForm
from nrm.actions.shelter import ages as actions
from nrm.domain.accounts.accounts import NotVisible, Permission
from nrm.domain.shelter import ages as rules
from nrm.domain.shelter.ages import ADULT, AgeRefused
from nrm.store.days import today
from nrm.store.shelter import ages as store
from nrm.web import access, errors
from nrm.web.language import gettext
from nrm.web.parts import Part

blueprint = Blueprint("ages", __name__)
Answer = BaseResponse | tuple[str, int] | str


@blueprint.get("/cases/<uuid:case_id>/age")
@access.requires(Permission.CASE_READ)
def show(case_id: uuid.UUID) -> Answer:
    """As what the person counts and since when; the day of 18 once the identity was opened."""
    return _show(case_id, 200)


def _show(
    case_id: uuid.UUID,
    status: int,
    *,
    month: MonthForm | None = None,
    turned: TurnedForm | None = None,
    assess: AssessForm | None = None,
    word: WordForm | None = None,
) -> tuple[str, int]:
    by = access.actor()
    age = store.of_case(case_id, by=by)
    assess = assess or AssessForm()
    assess.age_class.choices = [SelectChoice(value=each, label=CLASS_LABELS[each]) for each in age.may_assess]
    sent = next((each for each in (month, turned, assess, word) if each is not None and each.errors), None)
    begun = age.adult_month is not None and rules.has_begun(age.adult_month, today())
    sure = actions.turned_from(case_id=case_id, by=by) if begun and age.holds and age.age_class != ADULT else None
    page = render_template(
        "shelter/ages/show.html",
        case_id=case_id,
        age=age,
        birthday=actions.birthday(case_id=case_id, by=by) if age.holds else None,
        begun=begun,
        sure=sure,
        is_sure=sure is not None and sure <= today(),
        month=month or MonthForm(),
        turned=turned or TurnedForm(),
        assess=assess,
        answer=word or _word_form(age),
        form=sent or assess,
        adult=age.age_class == ADULT,
        kinds=KIND_LABELS,
        classes=CLASS_LABELS,
    )
    return page, status


def _word_form(age: store.Age, data: ImmutableMultiDict[str, str] | None = None) -> WordForm:
    of_month = age.word is not None and age.word.of_month
    return MonthWordForm(data) if of_month else WordForm(data)


@blueprint.post("/cases/<uuid:case_id>/age/month")
@access.requires(Permission.STAY_MANAGE)
def set_month(case_id: uuid.UUID) -> Answer:
    form, by = MonthForm(request.form), access.actor()
    if not store.of_case(case_id, by=by).holds:
        raise NotVisible
    return _done(
        case_id,
        form,
        lambda: _show(case_id, 422, month=form),
        lambda: actions.set_month(case_id=case_id, month=form.first, by=by),
    )


@blueprint.post("/cases/<uuid:case_id>/age/turned")
@access.requires(Permission.STAY_MANAGE)
def turned(case_id: uuid.UUID) -> Answer:
    form, by = TurnedForm(request.form), access.actor()
    if not store.of_case(case_id, by=by).holds:
        raise NotVisible
    return _done(
        case_id,
        form,
        lambda: _show(case_id, 422, turned=form),
        lambda: actions.turned(case_id=case_id, agrees=form.agrees.data == "yes", by=by),
    )


@blueprint.post("/cases/<uuid:case_id>/age/assessed")
@access.requires(Permission.CASE_READ)
def assess(case_id: uuid.UUID) -> Answer:
    form, by = AssessForm(request.form), access.actor()
    age = store.of_case(case_id, by=by)
    form.age_class.choices = [SelectChoice(value=each, label=CLASS_LABELS[each]) for each in age.may_assess]
    return _done(
        case_id,
        form,
        lambda: _show(case_id, 422, assess=form),
        lambda: actions.assess(
            case_id=case_id,
            age_class=form.age_class.data,
            on=chosen_day(form.when, form.on, today()),
            by=by,
            sure=bool(form.sure.data),
        ),
    )


@blueprint.post("/cases/<uuid:case_id>/age/answer")
@access.requires(Permission.CASE_READ)
def answer(case_id: uuid.UUID) -> Answer:
    """Agree, or not, that a child is an adult, as another organisation says."""
    by = access.actor()
    form = _word_form(store.of_case(case_id, by=by), request.form)
    act = actions.agree if form.answer.data == "yes" else actions.decline
    return _done(case_id, form, lambda: _show(case_id, 422, word=form), lambda: act(case_id=case_id, by=by))


@blueprint.post("/cases/<uuid:case_id>/age/take-back")
@access.requires(Permission.CASE_READ)
def take_back(case_id: uuid.UUID) -> Answer:
    """The own organisation's word that a child is an adult is taken back; or a shelter's word that an adult is a child
    was a mistake, which another organisation confirms."""
    by = access.actor()
    form, slip = OnceForm(request.form), "slip" in request.form
    act = actions.by_mistake if slip else actions.take_back
    return _done(case_id, form, lambda: _show(case_id, 422), lambda: act(case_id=case_id, by=by))


def home_part() -> Markup:
    """The part of a home page that says of which children another organisation says that they are adults."""
    found = store.words_at_home(by=access.actor())
    return Markup(render_template("shelter/ages/words.html", lines=found)) if found else Markup()  # noqa: S704


def _done(case_id: uuid.UUID, form: OnceForm, page: Callable[[], Answer], act: Callable[[], object]) -> Answer:
    """Do what a valid form says and show the age, or give the page back with what is wrong."""
    if not form.validate():
        return page()
    try:
        act()
    except AgeRefused as error:
        name, words = IMPOSSIBLE[error.reason]
        if name == "agrees" and "year" in form:
            name = "year"
        if name not in form:
            return errors.error_page(409, words)
        form["on" if name == "when" and form["when"].data == "other" else name].errors = [words]
        return page()
    try:
        store.relation(case_id, by=access.actor())
    except NotVisible:  # who assessed an adult has no more to do with her
        return redirect(url_for("home.index"), 303)
    return redirect(url_for("ages.show", case_id=case_id), 303)


def summary(case_id: uuid.UUID) -> Part | None:
    """The age as a part of a case page, for the holder: the month of 18 of a minor, or since when she is an adult."""
    try:
        age = store.of_case(case_id, by=access.actor())
    except NotVisible:
        return None
    if not age.holds or (age.age_class == ADULT and not age.lines):
        return None
    adult = age.age_class == ADULT
    begun = age.adult_month is not None and not adult and rules.has_begun(age.adult_month, today())
    return Part.rendered(
        "age",
        gettext("Age"),
        gettext("counts as an adult") if adult else gettext("a minor"),
        "shelter/ages/summary.html",
        due=gettext("Turns 18 this month") if begun else "",
        case_id=case_id,
        age=age,
        adult=adult,
        begun=begun,
    )
