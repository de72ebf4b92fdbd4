"""The first talk: what whoever took a person in asks in peace after the arrival, all of it optional (ADR 0062)."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from markupsafe import Markup
from werkzeug.wrappers import Response as BaseResponse

from forms.interviews.interviews import PageForm, page_form
from forms.shelter.cases import CASE_REFUSED
from nrm.actions.shelter import first_talks as actions
from nrm.domain.accounts.accounts import NotVisible, Permission
from nrm.domain.interviews.indicators import Profile, profile_of_answered
from nrm.domain.interviews.interviews import Answers, Page, Questionnaire
from nrm.domain.interviews.questionnaires import LONGEST
from nrm.domain.shelter import first_talks as rules
from nrm.domain.shelter.cases import CaseRefused, Compartment, MistypedPseudonym, parse_pseudonym
from nrm.domain.words import N_
from nrm.domain.written_over import Beside, mark, together
from nrm.steps.shelter import cases as case_steps
from nrm.store import names
from nrm.store.accounts import second_hands
from nrm.store.countries import country
from nrm.store.days import today
from nrm.store.shelter import cases as case_store
from nrm.store.shelter import first_talks as store
from nrm.store.shelter import others_there
from nrm.store.shelter.cases import CaseRelation, SeenCase
from nrm.web import access, errors
from nrm.web.interviews import interview_pages
from nrm.web.language import current_language, gettext, text_in, translated
from nrm.web.opened import Rows, answer_rows, unless_parked
from nrm.web.parts import Part

blueprint = Blueprint("first_talks", __name__)
Answer = BaseResponse | tuple[str, int] | str

MEANWHILE_CLOSED = N_(
    "Somebody else wrote here in the meantime, and the story is closed again. Your text is in the boxes: open the "
    "story in another window, then save again and see what they wrote."
)
NOT_HELD = N_("Enter the code of a case that your organisation holds, or leave it empty")


@dataclass(frozen=True, slots=True)
class _Part:
    """A heading of the form, and what stands below it: (heading of the row or empty, markup)."""

    id: str
    title: str
    rows: tuple[tuple[str, Markup], ...]


def _held(case_id: uuid.UUID) -> tuple[SeenCase, Questionnaire]:
    """An open case that the organisation holds, with its questionnaire; raises NotVisible."""
    case = case_store.case(case_id, by=access.actor())
    questionnaire = country().questionnaires.get(case.questionnaire)
    if case.relation is not CaseRelation.HOLDER or case.status != "open" or questionnaire is None:
        raise NotVisible
    return case, questionnaire


@access.part_of_page
def summary(case_id: uuid.UUID) -> Part | None:
    """What a case page says of the first talk: the step, or that consent comes first."""
    case = case_store.case(case_id, by=access.actor())
    if case.relation is not CaseRelation.HOLDER or case.status != "open":
        return None
    if second_hands.of_case(case_id, by=access.actor()) is not None:  # closed to everybody: nothing is written
        return None
    may_ask = rules.may_ask(case.consent)
    state = gettext("can be held") if may_ask else gettext("consent comes first")
    return Part.rendered(
        "first-talk", gettext("First talk"), state, "shelter/first_talks/summary.html", case=case, may_ask=may_ask
    )


@blueprint.get("/cases/<uuid:case_id>/first-talk")
@access.requires(Permission.CASE_OPEN)
@unless_parked
def write_page(case_id: uuid.UUID) -> Answer:
    """The form, with what is answered already. What is sealed is opened first, with a purpose."""
    by = access.actor()
    case, questionnaire = _held(case_id)
    if not rules.may_ask(case.consent):
        return render_template("shelter/first_talks/consent_first.html", case=case)
    opened = case_steps.opened(case_id=case_id, by=by)
    told = opened.get(Compartment.STORY)
    if told is None and Compartment.STORY in case.compartments:
        return redirect(url_for("cases.open_page", case_id=case_id, compartment=Compartment.STORY), 303)
    parts: dict[str, Mapping[str, Any]] = {str(name): each.value for name, each in opened.items()}
    coded = store.coded(case_id, by=by)
    before = _not_asked_here(questionnaire, rules.told_before(questionnaire, parts.get("story", {}), coded))
    shown = _marks(questionnaire, _as_typed(questionnaire, parts.get("story", {}), coded))
    parts = {**parts, "story": rules.begun_with(questionnaire, parts.get("story", {}), coded)}
    begun = rules.typed_from(questionnaire, parts, coded)
    talk, body = _filled(case, questionnaire, parts["story"], begun)
    return _form_page(case, talk, body, told.revision if told else 0, shown=shown, before=before)


def _filled(
    case: SeenCase, questionnaire: Questionnaire, story: Mapping[str, Any], begun: Mapping[str, Any]
) -> tuple[rules.FirstTalk, list[_Part]]:
    """The form with a row for each that `story` has, and its parts with the answers it begins with."""
    talk = rules.form_of(questionnaire, rules.rows_for(questionnaire, story))
    answers = {**begun, questionnaire.derive["age"]: case.age_class}
    markup, language = interview_pages.markup_of(talk.questionnaire), current_language()
    return talk, _parts(talk, lambda page: markup.page(page, answers, staff=language, spoken=None, leads=False))


def _as_typed(questionnaire: Questionnaire, story: Mapping[str, Any], coded: Mapping[str, Any]) -> dict[str, Any]:
    """What a browser would send of the story for a form that begins with what stands there, by question or page."""
    begun = {"story": rules.begun_with(questionnaire, story, coded)}
    return rules.sorted_into(questionnaire, rules.typed_from(questionnaire, begun, coded))["story"]


def _marks(questionnaire: Questionnaire, typed: Mapping[str, Any]) -> str:
    return ".".join(mark(typed[name]) for name in _keys(questionnaire))


def _keys(questionnaire: Questionnaire) -> list[str]:
    """What the form writes into the story, in its order: questions, and pages that have rows."""
    return list(rules.sorted_into(questionnaire, {})["story"])


def _parts(talk: rules.FirstTalk, body: Callable[[Page], Markup]) -> list[_Part]:
    return [
        _Part(
            section.page.id,
            text_in(section.page.title),
            tuple((text_in(row.title), body(row)) for row in section.rows) or (("", body(section.page)),),
        )
        for section in talk.sections
    ]


def _form_page(
    case: SeenCase,
    talk: rules.FirstTalk,
    parts: list[_Part],
    revision: int,
    *,
    shown: str = "",
    beside: str = "",
    form: PageForm | None = None,
    before: Rows | None = None,
    stored: Rows | None = None,
    gone: Rows | None = None,
    refused: str = "",
    status: int = 200,
) -> tuple[str, int]:
    """The form; `before`: what was told before the talk; `stored`: what somebody else wrote meanwhile, shown next to
    what was typed here; `gone`: what of it is not in what was typed; `refused`: why it is not saved; `shown`, `beside`:
    with which answers the form came, and where somebody else wrote meanwhile."""
    counts = {section.page.id: len(section.rows) for section in talk.sections if section.rows}
    page = render_template(
        "shelter/first_talks/write.html",
        case=case,
        parts=parts,
        counts=counts,
        revision=revision,
        shown=shown,
        beside=beside,
        form=form,
        before=before,
        stored=stored,
        gone=gone,
        refused=refused,
    )
    return page, status


@blueprint.post("/cases/<uuid:case_id>/first-talk")
@access.requires(Permission.CASE_OPEN)
def save(case_id: uuid.UUID) -> Answer:
    by = access.actor()
    case, questionnaire = _held(case_id)
    seen = request.form.get("revision", "")
    if not (seen.isascii() and seen.isdigit() and len(seen) < 10):
        return errors.error_page(422)
    talk = rules.form_of(questionnaire, _rows_sent(questionnaire))
    language = current_language()
    form = page_form(talk.questionnaire, talk.page, language)(request.form)
    age = {questionnaire.derive["age"]: case.age_class}
    given = _checked(form, questionnaire, form.accept(age, today=today()), language)

    shown = request.form.get("shown", "")
    keys = _keys(questionnaire)
    names = [name for name in keys if name in request.form.get("beside", "").split(".")]

    def again(revision: int, status: int, refused: str = "", gone: Rows | None = None) -> Answer:
        markup = interview_pages.markup_of(talk.questionnaire)
        parts = _parts(talk, lambda page: markup.again(form, age, staff=language, spoken=None, only=page, leads=False))
        beside = ".".join(names)
        return _form_page(
            case,
            talk,
            parts,
            revision,
            shown=shown,
            beside=beside,
            form=form,
            gone=gone,
            refused=refused,
            status=status,
        )

    if given is None:
        return again(int(seen), 422)
    try:
        meanwhile = Beside(names, sure=request.form.get("over") == seen)
        actions.save(case_id=case_id, answers=given, seen=int(seen), beside=meanwhile, by=by)
    except actions.StaleRevision:
        opened = case_steps.opened(case_id=case_id, by=by).get(Compartment.STORY)
        if opened is None:
            return again(int(seen), 409, gettext(MEANWHILE_CLOSED))
        return _both_page(case, questionnaire, given, opened.value, opened.revision, shown.split("."), names)
    except actions.WouldGo as error:
        opened = case_steps.opened(case_id=case_id, by=by).get(Compartment.STORY)
        there = {name: opened.value[name] for name in error.names} if opened is not None else {}
        return again(int(seen), 409, gone=answer_rows(questionnaire, there, {}))
    except CaseRefused as error:
        return again(int(seen), 409, translated(CASE_REFUSED[error.reason]))
    return redirect(url_for("first_talks.saved", case_id=case_id), 303)


def _both_page(
    case: SeenCase,
    questionnaire: Questionnaire,
    given: Mapping[str, Any],
    there: Mapping[str, Any],
    revision: int,
    came: list[str],
    beside: list[str],
) -> Answer:
    """The form with what somebody else wrote since it came, and what was typed here; `there`: the story; `came`: marks
    of the answers with which it came; `beside`: where somebody else had written before."""
    sorted_in = rules.sorted_into(questionnaire, given)
    mine = sorted_in["story"]
    theirs = _as_typed(questionnaire, there, store.coded(case.id, by=access.actor()))
    both, changed = dict(mine), set(beside)
    marks = came if len(came) == len(mine) else [""] * len(mine)
    for (name, typed), was in zip(mine.items(), marks, strict=True):
        if mark(theirs[name]) == was:
            continue
        changed.add(name)
        both[name] = theirs[name] if mark(typed) == was else _together(questionnaire, name, theirs[name], typed)
    begun = rules.typed_from(questionnaire, {**sorted_in, "story": both}, {})
    talk, body = _filled(case, questionnaire, {name: value for name, value in both.items() if value}, begun)
    wrote = {name: value for name, value in there.items() if name in changed}
    return _form_page(
        case,
        talk,
        body,
        revision,
        shown=_marks(questionnaire, theirs),
        beside=".".join(sorted(changed)),
        stored=answer_rows(questionnaire, wrote, {}),
        status=409,
    )


def _together(questionnaire: Questionnaire, name: str, theirs: Any, mine: Any) -> Any:
    """Two answers to one question, or the rows of a page, as one where they can be."""
    if (page := questionnaire.pages.get(name)) is not None:
        return together(theirs, mine, longest=page.repeat)
    question = questionnaire.questions[name]
    if question.kind in ("short_text", "long_text"):
        between = "\n\n" if question.kind == "long_text" else "; "
        return together(theirs, mine, longest=LONGEST[question.kind], between=between)
    return together(theirs, mine, longest=len(question.options) if question.kind == "some_of" else 0)


def _rows_sent(questionnaire: Questionnaire) -> tuple[tuple[str, int], ...]:
    """How many rows the form had that was sent; never more than there may be."""
    counts = []
    for page in rules.pages(questionnaire):
        if page.repeat:
            sent = request.form.get(f"rows-{page.id}", "")
            number = int(sent) if sent.isascii() and sent.isdigit() and len(sent) < 3 else page.repeat
            counts.append((page.id, max(1, min(number, page.repeat))))
    return tuple(counts)


def _checked(
    form: PageForm, questionnaire: Questionnaire, given: dict[str, Any] | None, language: str
) -> dict[str, Any] | None:
    """The answers with each code of a case as it is written; None if something must be put right, which is said of
    the rows too where another field is wrong."""
    fields = form.question_fields()
    read = {name: each.data for name, each in fields.items() if not each.errors} if given is None else dict(given)
    for name, texts in rules.wrong_spans(questionnaire, read).items():
        fields[name].errors = [texts[language]]
    for name, value in list(read.items()):
        if value is not None and name.rpartition("_")[0] == rules.CODE:
            read[name] = _held_code(value)
            if not read[name]:
                fields[name].errors = [gettext(NOT_HELD)]
    return None if form.errors else read


def _held_code(typed: str) -> str:
    """The code of a case that this organisation holds, as it is written; empty if it is no such code."""
    by = access.actor()
    try:
        code = parse_pseudonym(typed)
        case = case_store.case(case_store.by_pseudonym(code, by=by), by=by)
    except (MistypedPseudonym, NotVisible):
        return ""
    return code if case.relation is CaseRelation.HOLDER else ""


def _asked_here(questionnaire: Questionnaire) -> set[str]:
    return {name for page in rules.pages(questionnaire) for name in (page.id, *page.questions)}


def _not_asked_here(questionnaire: Questionnaire, told: Mapping[str, Any]) -> Rows:
    """What was told before and is not asked in this form, in words."""
    asked = _asked_here(questionnaire)
    return answer_rows(questionnaire, {name: value for name, value in told.items() if name not in asked}, {})


def _written(questionnaire: Questionnaire, story: Mapping[str, Any]) -> Rows:
    """What stands in the case of all that the form asks, in words."""
    asked = _asked_here(questionnaire)
    return answer_rows(questionnaire, {name: value for name, value in story.items() if name in asked}, {})


@blueprint.get("/cases/<uuid:case_id>/first-talk/saved")
@access.requires(Permission.CASE_OPEN)
def saved(case_id: uuid.UUID) -> Answer:
    """What is written now, what the answers show together, and what comes next."""
    by = access.actor()
    case, questionnaire = _held(case_id)
    opened = case_steps.opened(case_id=case_id, by=by)
    told = opened.get(Compartment.STORY)
    if told is None:
        return redirect(url_for("cases.show", case_id=case_id), 303)
    parts = [each.value for name, each in opened.items() if name in (Compartment.HAND_OVER, Compartment.STORY)]
    known = {**rules.from_facts(questionnaire, store.coded(case_id, by=by))}
    for part in parts:
        known |= {name: value for name, value in part.items() if name in questionnaire.questions}
    tell = rules.whom_to_tell(questionnaire, told.value)
    return render_template(
        "shelter/first_talks/saved.html",
        case=case,
        rows=_written(questionnaire, told.value),
        profile=_profile(questionnaire, known, case.age_class),
        tell=tell,
        number=names.number_now(country().party_in(tell)) if tell else "",
        stands=others_there.of_case(case_id, by=by),
        children=_children(told.value, questionnaire),
        may_open=by.may(Permission.STAY_MANAGE),
    )


def _profile(questionnaire: Questionnaire, known: Answers, age_class: str) -> Profile:
    return profile_of_answered(questionnaire, known, child=rules.is_to_child(age_class))


def _children(story: Mapping[str, Any], questionnaire: Questionnaire) -> tuple[list[tuple[str, uuid.UUID]], bool]:
    """(code and case of everybody who came along and has a case here, whether there is a child without one)."""
    by, linked, without = access.actor(), [], False
    for row in rules.came_along(questionnaire, story):
        code = str(row.get(rules.CODE, ""))
        if not code:
            without = without or rules.is_child_row(row)
            continue
        try:
            linked.append((code, case_store.by_pseudonym(code, by=by)))
        except NotVisible:
            continue
    return linked, without
