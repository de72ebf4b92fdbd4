"""A group: begun with its first person, shown, and gone on with person by person; what it shares, folded on a page."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from markupsafe import Markup
from werkzeug.wrappers import Response as BaseResponse

from nrm.actions.interviews import groups as actions
from nrm.actions.interviews import interviews
from nrm.actions.interviews.interviews import Draft, NoLongerDraft, OpeningEnded
from nrm.domain.accounts.accounts import Actor, NotVisible, Permission
from nrm.domain.interviews.groups import PAGE
from nrm.domain.interviews.interviews import Page, Questionnaire
from nrm.domain.interviews.questionnaire_flow import reachable
from nrm.domain.words import N_
from nrm.store.countries import country
from nrm.store.interviews import groups as store
from nrm.store.interviews.groups import GroupLine
from nrm.web import access, errors
from nrm.web.interviews import directives
from nrm.web.opened import answer_rows

blueprint = Blueprint("groups", __name__)
Answer = BaseResponse | tuple[str, int] | str

OVER = N_("This group is over, or it is not one of your post. Nobody was begun. Begin a group on the home page.")
Rows = list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Shown:
    """A group as pages show it: its line, what it shares, the answers that say which it is, and the id of the
    interview that the button begins."""

    line: GroupLine
    facts: Rows
    title: str
    next_id: uuid.UUID


def under_way(by: Actor) -> list[Shown]:
    """The groups of the actor's post, each with what its button needs."""
    return [_shown(line) for line in store.live(by=by)]


def _shown(line: GroupLine) -> Shown:
    questionnaire = country().questionnaires.get(line.questionnaire)
    titled = questionnaire.group.title if questionnaire is not None else ()
    words = " · ".join(answer for _, answer in facts_of(questionnaire, line.facts, titled))
    shared = questionnaire.group.questions if questionnaire is not None else ()
    return Shown(line, facts_of(questionnaire, line.facts, shared), words, uuid.uuid4())


def facts_of(questionnaire: Questionnaire | None, answers: Mapping[str, Any], names: Collection[str]) -> Rows:
    """(question, answer) of what is shared, in words."""
    known = [{name: answers[name]} for name in names if name in answers]
    return [row for each in known for row in answer_rows(questionnaire, each, {})]


# -- on a page of the interview


def shared_on(draft: Draft, page: Page) -> tuple[str, ...]:
    """The questions of the page that are folded: what came with the group, or was said before, and what another answer
    to that would open. None outside of a group, and none while nothing is known."""
    shared = draft.questionnaire.group.questions if draft.place is not None else ()
    asked = [name for name in page.questions if name in shared]
    if not any(name in draft.answers for name in asked):
        return ()
    open_ones = {each.id for each in reachable(draft.questionnaire, draft.answers)} - draft.answers.keys()
    return tuple(name for name in asked if name not in open_ones)


def part_of(page: Page, names: Collection[str]) -> Page:
    """The page with these questions alone."""
    return replace(page, questions=tuple(name for name in page.questions if name in names))


def rest_of(page: Page, names: Collection[str]) -> Page:
    """The page without them: itself, if there are none."""
    return part_of(page, [name for name in page.questions if name not in names]) if names else page


def folded(draft: Draft, inside: Markup, *, wrong: bool = False) -> Markup:
    """What the group shares as one line that opens to change it for this person; open if something in it is wrong."""
    assert draft.place is not None
    questions = draft.questionnaire.questions
    shared = [name for name in draft.questionnaire.group.questions if name in draft.answers]
    rows = facts_of(draft.questionnaire, draft.answers, shared)
    words = [
        f"{question} {answer}" if questions[name].kind == "yes_no" else answer
        for name, (question, answer) in zip(shared, rows, strict=True)
    ]
    return Markup(  # noqa: S704 - a template's own output
        render_template("interviews/groups/_facts.html", number=draft.place[1], words=words, inside=inside, wrong=wrong)
    )


# -- pages of their own


@blueprint.get("/groups/new")
@access.requires(Permission.INTERVIEW_CONDUCT)
def new_page() -> str:
    """What a group is, and what is told to do with it."""
    by = access.actor()
    return render_template(
        "interviews/groups/new.html",
        group_id=uuid.uuid4(),
        interview_id=uuid.uuid4(),
        groups=under_way(by),
        directives=directives.lines(PAGE),
        ticked=(),
        hours=country().retention.group_hours,
    )


@blueprint.post("/groups")
@access.requires(Permission.INTERVIEW_CONDUCT)
def begin() -> Answer:
    ids = [_id(request.form.get(name, "")) for name in ("group", "id")]
    if None in ids:
        return errors.error_page(422)
    group_id, interview_id = (each for each in ids if each is not None)
    directives.keep_ticked(PAGE)
    begun = actions.begin(group_id=group_id, interview_id=interview_id, by=access.actor())
    return _to_interview(begun, group_id)


@blueprint.get("/groups/<uuid:group_id>")
@access.requires(Permission.INTERVIEW_CONDUCT)
def show(group_id: uuid.UUID) -> Answer:
    """The group: what it shares, how many are done, who is not, and the button for the next person."""
    try:
        group = _shown(store.one(group_id, by=access.actor()))
    except NotVisible:
        return errors.error_page(404, OVER)
    lines = directives.lines(PAGE)
    return render_template("interviews/groups/show.html", group=group, directives=lines, ticked=())


@blueprint.post("/groups/<uuid:group_id>/next")
@access.requires(Permission.INTERVIEW_CONDUCT)
def next_person(group_id: uuid.UUID) -> Answer:
    interview_id = _id(request.form.get("id", ""))
    if interview_id is None:
        return errors.error_page(422)
    directives.keep_ticked(PAGE)
    try:
        begun = actions.next_person(group_id=group_id, interview_id=interview_id, by=access.actor())
    except NotVisible:
        return errors.error_page(404, OVER)
    return _to_interview(begun, group_id)


def _id(text: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(text[:36])
    except ValueError:
        return None


def _to_interview(interview_id: uuid.UUID, group_id: uuid.UUID) -> BaseResponse:
    """To the page where the interview goes on; to the group, if it is over: the button was an old one."""
    try:
        draft = interviews.read(interview_id=interview_id, by=access.actor())
    except NoLongerDraft:
        return redirect(url_for("groups.show", group_id=group_id), 303)
    except OpeningEnded:
        return redirect(url_for("interviews.tasks", interview_id=interview_id), 303)
    return redirect(url_for("interviews.page", interview_id=interview_id, page=draft.page_to_do.id), 303)
