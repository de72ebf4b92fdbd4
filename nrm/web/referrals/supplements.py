"""Adding to an urgent hand-over, and what its holder does with what was added."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from flask import Blueprint, redirect, render_template, request, url_for
from markupsafe import Markup
from werkzeug.wrappers import Response as BaseResponse

from forms.interviews.interviews import PageForm, page_form
from forms.referrals.supplements import SureForm, accept_some
from forms.shelter.cases import CASE_REFUSED, COMPARTMENT_LABELS, OpenCaseForm
from nrm.actions.referrals import supplements as actions
from nrm.actions.shelter import cases as case_actions
from nrm.domain.accounts.accounts import NotVisible, Permission
from nrm.domain.interviews.interviews import Answers
from nrm.domain.referrals.referrals import IllegalTransition
from nrm.domain.referrals.supplements import against_age, owed_part
from nrm.domain.shelter.ages import CHILD
from nrm.domain.shelter.cases import SUPPLEMENT, CaseRefusal, CaseRefused, Purpose
from nrm.domain.words import N_, Phrase
from nrm.steps.referrals import supplements as supplement_steps
from nrm.store import days
from nrm.store.countries import country
from nrm.store.referrals import obligations
from nrm.store.referrals import supplements as store
from nrm.store.shelter import cases as case_store
from nrm.store.shelter.cases import CaseRelation, SeenCase
from nrm.web import access, errors
from nrm.web.interviews import interview_pages
from nrm.web.language import current_language, translated
from nrm.web.opened import answer_rows

blueprint = Blueprint("supplements", __name__)
Answer = BaseResponse | tuple[str, int] | str

NOTHING = N_("Answer at least one question")
IS_IT_THIS_PERSON = N_("This person has not arrived yet: is it %(code)s with whom you have spoken?", code="")
UNDER_18 = N_(
    "By this date the person is under 18, and the case says 18 or over. Enter the date again, or record first on the "
    "page of the age that the person is a child"
)
UNDER_18_SAYS_POST = N_(
    "By this date the person is under 18, and was handed over as 18 or over. Enter the date again. If it is right, "
    "call the duty desk now and say so; then tick that the date is right"
)
OVER_18 = N_(
    "By this date the person is 18 or over, and the case says under 18. Enter the date again, or tick that it is "
    "right: the person counts as a child until the age is changed on the page of the age"
)


def _form(questionnaire: str, consent: str) -> tuple[PageForm, Markup]:
    """The form as it was sent, or empty, and its markup."""
    asked, page = owed_part(country().questionnaires[questionnaire], consent)
    language = current_language()
    form = page_form(asked, page, language)(request.form)
    return form, interview_pages.markup_of(asked).page(page, {}, staff=language, spoken=None)


def _against_age(form: PageForm, sure: SureForm, given: Answers, age_class: str, *, post: bool) -> str | None:
    """Say at the date of birth that it contradicts the age of the case, and ask whether it is right. Not asked of the
    shelter about the date of a child, whom it protects first; what was ticked is asked no more."""
    born = against_age(form.questionnaire, given, age_class, today=days.today())
    if born is None:
        return None
    refused = born == CHILD and not post
    if sure.birth_is_right.data and not refused:
        return born
    words = (UNDER_18_SAYS_POST if post else UNDER_18) if born == CHILD else OVER_18
    form.question_fields()[form.questionnaire.derive["birth"]].errors = [translated(words)]
    if refused:
        sure.birth_is_right.data = False
    else:
        sure.birth_is_right.errors = [N_("Is the date right? Then tick it")]
    return born


def _wrong(form: PageForm, sure: SureForm, given: Answers | None) -> list[tuple[str, str | Phrase]]:
    """(id, words) of what stands beside the errors of the answers: nothing was answered, or something is asked."""
    nothing: list[tuple[str, str | Phrase]] = []
    if given is not None and not given and not sure.errors:
        nothing = [(next(iter(form.question_fields())), NOTHING)]
    return [(field.id, field.errors[0]) for field in sure if field.errors] + nothing


def _page_again(form: PageForm) -> Markup:
    markup = interview_pages.markup_of(form.questionnaire)
    return markup.again(form, {}, staff=current_language(), spoken=None)


@blueprint.get("/supplements/<uuid:supplement_id>")
@access.requires(Permission.INTERVIEW_CONDUCT)
def write_page(supplement_id: uuid.UUID) -> str:
    """What was left out, to be added within the hours there are."""
    line = store.one_open(supplement_id, by=access.actor())
    _, body = _form(line.questionnaire, line.consent)
    sure = SureForm()
    return render_template("referrals/supplements/write.html", line=line, body=body, form=None, nothing=(), sure=sure)


@blueprint.post("/supplements/<uuid:supplement_id>")
@access.requires(Permission.INTERVIEW_CONDUCT)
def send(supplement_id: uuid.UUID) -> Answer:
    """Sealed to the holder of the case; nobody here can read it again."""
    by = access.actor()
    if store.row(supplement_id, by=by).status == "sent":
        return redirect(url_for("supplements.sent", supplement_id=supplement_id), 303)
    line = store.one_open(supplement_id, by=by)
    form, _ = _form(line.questionnaire, line.consent)
    given, sure = accept_some(form, today=days.today()), SureForm(request.form)
    if given and sure.validate():
        _against_age(form, sure, given, line.age_class, post=True)
    if not given or form.errors or sure.errors:
        nothing = _wrong(form, sure, given)
        page = render_template(
            "referrals/supplements/write.html", line=line, body=_page_again(form), form=form, nothing=nothing, sure=sure
        )
        return page, 422
    try:
        actions.send(supplement_id=supplement_id, answers=given, by=by)
    except CaseRefused as error:
        return errors.error_page(409, CASE_REFUSED[error.reason])
    except IllegalTransition:
        pass  # the same button, pressed twice at once
    return redirect(url_for("supplements.sent", supplement_id=supplement_id), 303)


@blueprint.get("/supplements/<uuid:supplement_id>/sent")
@access.requires(Permission.INTERVIEW_CONDUCT)
def sent(supplement_id: uuid.UUID) -> Answer:
    if store.row(supplement_id, by=access.actor()).status in ("waiting", "open"):
        raise NotVisible
    return render_template("referrals/supplements/sent.html")


def _holders(case_id: uuid.UUID) -> SeenCase:
    case = case_store.case(case_id, by=access.actor())
    if case.relation is not CaseRelation.HOLDER or store.of_case(case) is None:
        raise NotVisible
    return case


@blueprint.get("/cases/<uuid:case_id>/supplement")
@access.requires(Permission.CASE_OPEN)
def show(case_id: uuid.UUID) -> Answer:
    """What the sender added: hidden until it is opened, then its answers and what to do with them."""
    return _show(case_id, _open_form(), 200)


def _open_form() -> OpenCaseForm:
    form = OpenCaseForm(request.form)
    form.offer(SUPPLEMENT)
    form.compartment.data = SUPPLEMENT
    return form


def _show(case_id: uuid.UUID, form: OpenCaseForm, status: int) -> tuple[str, int]:
    case = _holders(case_id)
    supplement = store.of_case(case)
    assert supplement is not None
    if supplement.status not in ("sent", "filed"):
        raise NotVisible
    opened = supplement_steps.read(case_id=case_id, by=access.actor())
    rows, born = None, None
    if opened is not None:
        questionnaire = country().questionnaires.get(case.questionnaire)
        rows = answer_rows(questionnaire, opened.value["answers"], {})
        if questionnaire is not None:
            born = against_age(questionnaire, opened.value["answers"], case.age_class, today=days.today())
    page = render_template(
        "referrals/supplements/show.html",
        case=case,
        form=form,
        rows=rows,
        born=born,
        filed=supplement.status == "filed",
        label=COMPARTMENT_LABELS[SUPPLEMENT],
    )
    return page, status


@blueprint.post("/cases/<uuid:case_id>/supplement/open")
@access.requires(Permission.CASE_OPEN)
def open_supplement(case_id: uuid.UUID) -> Answer:
    """Open what is sealed for the purpose that is named; the opening is recorded before anything is shown."""
    _holders(case_id)
    form = _open_form()
    if not form.validate():
        return _show(case_id, form, 422)
    case_actions.open_compartment(
        case_id=case_id, compartment=SUPPLEMENT, purpose=Purpose(form.purpose.data), by=access.actor()
    )
    return redirect(url_for("supplements.show", case_id=case_id), 303)


@blueprint.post("/cases/<uuid:case_id>/supplement/take")
@access.requires(Permission.CASE_OPEN)
def take_over(case_id: uuid.UUID) -> Answer:
    """Move the answers into the case; the supplement itself is destroyed."""
    _holders(case_id)
    try:
        actions.take_over(case_id=case_id, by=access.actor())
    except CaseRefused as error:
        return errors.error_page(409, CASE_REFUSED[error.reason])
    except case_actions.StaleRevision:
        return errors.error_page(409)
    return redirect(url_for("cases.show", case_id=case_id), 303)


@blueprint.post("/cases/<uuid:case_id>/supplement/file")
@access.requires(Permission.CASE_OPEN)
def file(case_id: uuid.UUID) -> Answer:
    """Keep the supplement in the case as it is."""
    _holders(case_id)
    actions.file(case_id=case_id, by=access.actor())
    return redirect(url_for("cases.show", case_id=case_id), 303)


@blueprint.get("/cases/<uuid:case_id>/complete")
@access.requires(Permission.CASE_OPEN)
def complete_page(case_id: uuid.UUID) -> Answer:
    """The holder's own task: what the urgent interview left out."""
    case = _completable(case_id)
    if not obligations.is_owed(case, obligations.COMPLETE_INTERVIEW):
        return errors.error_page(409, CASE_REFUSED[CaseRefusal.COMPLETED])
    _, body = _form(case.questionnaire, _consent(case))
    return _complete_page(case, body, None, SureForm())


def _complete_page(
    case: SeenCase,
    body: Markup,
    form: PageForm | None,
    sure: SureForm,
    *,
    nothing: Sequence[tuple[str, str | Phrase]] = (),
    born: str | None = None,
) -> str:
    """`born`: as what the person counts by the date of birth that was typed, where the case says something else."""
    return render_template(
        "referrals/supplements/complete.html",
        case=case,
        body=body,
        form=form,
        nothing=nothing,
        sure=sure,
        awaited=store.is_awaited(case, by=access.actor()),
        born=born,
    )


@blueprint.post("/cases/<uuid:case_id>/complete")
@access.requires(Permission.CASE_OPEN)
def complete(case_id: uuid.UUID) -> Answer:
    case = _completable(case_id)
    if not obligations.is_owed(case, obligations.COMPLETE_INTERVIEW):
        return errors.error_page(409, CASE_REFUSED[CaseRefusal.COMPLETED])
    form, _ = _form(case.questionnaire, _consent(case))
    given, sure, born = accept_some(form, today=days.today()), SureForm(request.form), None
    if given and sure.validate():
        born = _against_age(form, sure, given, case.age_class, post=False)
        if not sure.is_here.data and store.is_awaited(case, by=access.actor()):
            sure.is_here.errors = [Phrase(IS_IT_THIS_PERSON.message, {"code": case.pseudonym})]
    if not given or form.errors or sure.errors:
        nothing = _wrong(form, sure, given)
        return _complete_page(case, _page_again(form), form, sure, nothing=nothing, born=born), 422
    try:
        actions.complete(case_id=case_id, answers=given, by=access.actor())
    except CaseRefused as error:
        return errors.error_page(409, CASE_REFUSED[error.reason])
    except case_actions.StaleRevision:
        return errors.error_page(409)
    return redirect(url_for("cases.show", case_id=case_id), 303)


def _completable(case_id: uuid.UUID) -> SeenCase:
    case = _holders(case_id)
    if case.status != "open":
        raise NotVisible
    return case


def _consent(case: SeenCase) -> str:
    """The holder asks the person first (the action refuses otherwise), so that names may be written down."""
    return case.consent if case.consent == "not_asked_child" else "given"
