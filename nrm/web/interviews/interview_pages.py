"""The pages of an interview: as they were saved, as they were typed, and beside what somebody else saved."""

from __future__ import annotations

import dataclasses
import uuid
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from flask import current_app, render_template, request, url_for
from markupsafe import Markup

from forms import latin
from forms.interviews.interview_sending import SendInterviewForm
from forms.interviews.interviews import PageForm
from nrm.actions.interviews import interviews
from nrm.actions.interviews.interviews import Draft, OpeningEnded
from nrm.domain.accounts.accounts import Actor
from nrm.domain.interviews import answer_warnings
from nrm.domain.interviews.endings import is_child
from nrm.domain.interviews.facts import consent_of, struck_out, wish
from nrm.domain.interviews.indicators import Profile, outcome_sentence, profile
from nrm.domain.interviews.interviews import Answers, AnswerWarning, Page, Questionnaire, content_of
from nrm.domain.interviews.questionnaire_flow import with_page
from nrm.domain.interviews.screenings import NONE, REFUSED
from nrm.domain.interviews.short_screen import screen_of
from nrm.domain.interviews.understanding import Doubt
from nrm.domain.interviews.wordings import language_question
from nrm.domain.words import N_
from nrm.store import training
from nrm.store.countries import country
from nrm.web import access, carried_forms, frames, telephones
from nrm.web.interviews import (
    answers_shown,
    directives,
    groups,
    handouts,
    interview_endings,
    name_help,
    naming,
    proposed_routes,
)
from nrm.web.interviews.questions import Controls, QuestionMarkup
from nrm.web.language import current_language, gettext, text_in, translated
from nrm.web.opened import answer_rows

LONGEST_NUMBER = 9
KEPT_MARKUPS = 16
DOUBTS = {
    Doubt.NOT_READ: N_("the text was not read out"),
    Doubt.IN_PART: N_("the text was understood in part only"),
    Doubt.NO_INTERPRETER: N_("nobody interpreted into the person’s language"),
    Doubt.DRAFT: N_("the text in the person’s language is a draft, and nobody interpreted it"),
    Doubt.NOT_ALONE: N_("you were not alone with the person"),
}
LETTERS = (("el", latin.GREEK), ("ru", latin.CYRILLIC))
# Of the form: the warnings that its page showed.
WARNED = "warned"
# Fields of the form that are not answers.
AROUND = frozenset(
    {"csrf_token", "seen", "stop", "leave", "aloud", "spoken", "without", *carried_forms.NEVER_KEPT, directives.FIELD}
)
FRAMES = frames.Frames(frames.marks("id", "code", "revision", "token", "name", "organisation", "body"))


def draft_of_form(interview_id: uuid.UUID, read: Callable[..., Draft]) -> Draft:
    """The draft for a form that was sent, by `read` of the actions; sending the form opens it, as resuming does."""
    by = access.actor()
    try:
        return read(interview_id=interview_id, by=by)
    except OpeningEnded:
        interviews.resume(interview_id=interview_id, by=by)
        return read(interview_id=interview_id, by=by)


def revision_of_form() -> int:
    """The revision the form was made from; 0, which none has, for anything that is not a number."""
    text = request.form.get("seen", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) <= LONGEST_NUMBER else 0


def warned_of_form(draft: Draft, page: Page) -> dict[str, int]:
    """The warnings that the page showed: those its form names, and those it shows as soon as an answer is ticked."""
    questionnaire = draft.questionnaire
    said = answer_warnings.seen_of(questionnaire, request.form.getlist(WARNED))
    return {**answer_warnings.shown_at_once(questionnaire, page), **said}


def markup_of(questionnaire: Questionnaire) -> QuestionMarkup:
    """The ready markup of the questionnaire, made once per process for each content."""
    made: dict[str, QuestionMarkup] = current_app.extensions.setdefault("nrm.question_markup", {})
    known, content = country(), content_of(questionnaire)
    choices, numbers = known.choices_of(questionnaire), dataclasses.asdict(known.emergency)
    kept = made.get(content)
    if kept is None or kept.choices is not choices or kept.numbers != numbers:
        if len(made) >= KEPT_MARKUPS:
            made.clear()
        kept = made[content] = QuestionMarkup(current_app.jinja_env, questionnaire, numbers, choices)
    return kept


def _spoken(draft: Draft, form: PageForm | None = None) -> str | None:
    """The person's language: as it was typed on this page, else as it was saved."""
    question = language_question(draft.questionnaire)
    typed = form.question_fields().get(question) if form else None
    return draft.answers.get(question) if typed is None or typed.errors else typed.data


def show(draft: Draft, page: Page, *, by: Actor) -> str:
    """The page with the answers that were saved."""
    markup, shared = markup_of(draft.questionnaire), groups.shared_on(draft, page)
    staff, spoken = current_language(), _spoken(draft)
    proposed = name_help.proposals(page, {name: {"": [str(draft.answers.get(name, ""))]} for name in name_help.NAMES})
    rest = groups.rest_of(page, shared)
    if proposed:
        body = markup.with_names(rest, draft.answers, None, proposed, {}, staff=staff, spoken=spoken)
    else:
        body = markup.page(rest, draft.answers, staff=staff, spoken=spoken)
    if shared:
        inside = markup.page(groups.part_of(page, shared), draft.answers, staff=staff, spoken=spoken)
        body = groups.folded(draft, inside) + body
    # Of answers that came from a file, or were saved before the page was finished, nobody has seen them yet.
    warnings = answer_warnings.unseen(draft.questionnaire, draft.answers, draft.warned)
    return _render(draft, page, body, by=by, form=None, picked=None, revision=draft.revision, warnings=warnings)


def says_child(draft: Draft, answers: Answers) -> bool:
    """Whether the person is a child, or may be one, by these answers and was not before: that counts as said, whatever
    else the page asks about (ADR 0255)."""
    age = draft.questionnaire.derive["age"]
    return is_child(answers.get(age)) and not is_child(draft.answers.get(age))


def warned(
    draft: Draft, page: Page, form: PageForm, warnings: Sequence[AnswerWarning], *, by: Actor, answers: Answers
) -> str:
    """The page as it was typed, with warnings that nobody has seen yet; sent again as it is, it goes on."""
    markup = markup_of(draft.questionnaire)
    spoken = _spoken(draft, form)
    body = markup.again(form, draft.answers, staff=current_language(), spoken=spoken, warnings=warnings)
    return _render(
        draft,
        page,
        body,
        by=by,
        form=form,
        picked=SendInterviewForm(request.form),
        revision=draft.revision,
        answers=answers,
        warnings=warnings,
    )


def helped(draft: Draft, page: Page, found: name_help.Helped, *, by: Actor) -> tuple[str, int]:
    """The page as it was typed, with names in Latin letters beside it and what the lines of a passport say."""
    typed = found.form.typed()
    body = markup_of(draft.questionnaire).with_names(
        page,
        draft.answers,
        Controls(typed),
        name_help.proposals(page, typed),
        found.beside,
        staff=current_language(),
        spoken=_spoken(draft),
    )
    seen = request.form.get("seen", "")
    shown = _render(draft, page, body, by=by, form=found.form, picked=None, revision=seen, names=found)
    return shown, 422 if found.problems else 200


def again(
    draft: Draft,
    page: Page,
    form: PageForm,
    *,
    by: Actor,
    picked: SendInterviewForm | None = None,
    answers: Answers | None = None,
    revision: int | None = None,
) -> tuple[str, int]:
    """The page as it was typed, with its error messages. `answers`: those of the draft and of the page; `revision`:
    that of what was kept of the page already."""
    markup, shared = markup_of(draft.questionnaire), groups.shared_on(draft, page)
    staff, spoken = current_language(), _spoken(draft, form)
    body = markup.again(form, draft.answers, only=groups.rest_of(page, shared), staff=staff, spoken=spoken)
    if shared:
        wrong = any(form.question_fields()[name].errors for name in shared)
        part = groups.part_of(page, shared)
        inside = markup.again(form, draft.answers, only=part, staff=staff, spoken=spoken)
        body = groups.folded(draft, inside, wrong=wrong) + body
    picked = picked or SendInterviewForm(request.form)  # a shelter that was ticked stays ticked
    seen = request.form.get("seen", "") if revision is None else revision
    shown = draft.answers if answers is None else answers
    return _render(draft, page, body, by=by, form=form, picked=picked, revision=seen, answers=shown), 422


def language_first(draft: Draft, page: Page, form: PageForm, *, by: Actor) -> tuple[str, int] | None:
    """The page as it was typed, which asks for a language alone, where none was chosen that it could be shown in."""
    fields = form.question_fields()
    asked = fields.get(language_question(draft.questionnaire))
    if asked is None or not asked.errors:
        return None
    for field in fields.values():
        field.errors = field.errors if field is asked else []
    return again(draft, page, form, by=by)


def name_first(
    draft: Draft, page: Page, form: PageForm, parties: Sequence[naming.NamedParty], *, by: Actor
) -> tuple[str, int]:
    """The page as it was typed, which says at the yes whom nobody named to the person before it."""
    asked = next(iter(form.question_fields().values()))
    names = "; ".join(each.name for each in parties)
    asked.errors = [gettext("Not named to the person before the yes: %(names)s. Name them, and ask again", names=names)]
    return again(draft, page, form, by=by)


def _render(
    draft: Draft,
    page: Page,
    body: Markup,
    *,
    by: Actor,
    form: PageForm | None,
    picked: SendInterviewForm | None,
    revision: int | str,
    answers: Answers | None = None,
    warnings: Sequence[AnswerWarning] = (),
    names: name_help.Helped | None = None,
) -> str:
    answers = draft.answers if answers is None else answers
    language = current_language()
    journey, place = draft.pages, draft.pages.index(page)
    screens = page in screen_of(draft.questionnaire)
    last = page is journey[-1] and not screens
    consent = consent_of(draft.questionnaire, draft.answers)
    ends = last and consent == REFUSED
    more: dict[str, Any] = {}
    before = answer_warnings.seen_of(draft.questionnaire, request.form.getlist(WARNED)) if form else {}
    if warnings or before:
        more |= {"warnings": warnings, "warning_numbers": country().emergency, "here_asked": page.questions}
        more["warned"] = answer_warnings.codes(warnings, before)
    if naming.strikes_out(draft, page):
        more["named"] = naming.named(draft, form, by=by)
        if form is None and not last and proposed_routes.nobody_left(draft, by=by):
            more |= {
                "left": proposed_routes.numbers_left(draft, answers, by=by),
                "leaflets": handouts.of_talk(draft, answers),
            }
    if last and any(handouts.consent_parts(draft)):
        more["receipt"] = True
    if ends:
        more |= proposed_routes.after_a_no(draft, by=by)
    if last and not ends:
        here = [each.code for each in more.get("named", ())]
        more |= proposed_routes.sending(draft, answers, picked, here, by=by)
        if consent == "not_asked_urgent":
            more |= {
                "undecided": True,
                "lost": interview_endings.of_what_happened(draft),
                "doubts": [translated(DOUBTS[each]) for each in wish(draft.questionnaire, answers)],
                "hours": country().retention.thinking_hours,
            }
        if "assessment" in page.questions:
            more["profile"] = drawn = _profile(draft)
            more["outcome"] = outcome_sentence(draft.questionnaire, drawn, draft.answers, language)
            more |= {"helpline": country().emergency.helpline, "leaflets": handouts.of_talk(draft, answers)}
    if page.summary or _shows_paper(draft, page):
        more["summary"] = answers_shown.summary(draft, page)
    if draft.aside and (page.summary or (last and not any(each.summary for each in journey))):
        more |= {"aside": answers_shown.aside(draft, consent), "aside_hours": country().retention.thinking_hours}
    asked_form = picked if picked is not None and picked.errors else form
    urgent = draft.answers.get(draft.questionnaire.home.questions[0]) == "yes"
    shown = {
        "page_id": page.id,
        "title": page.title[language],
        "number": place + 1,
        "pages": len(_screen_alone(draft, screens)) or len(draft.pages),
        "of_screen": bool(_screen_alone(draft, screens)),
        "screens": _ends_the_screen(draft.questionnaire, page),
        "back": journey[place - 1] if place else None,
        "last": last,
        "ends": ends,
        "urgent": urgent,
        "numbers": telephones.numbers(_struck_on_page(draft, answers)) if urgent or "apart" in page.questions else (),
        "child": consent == "not_asked_child",
        "asks_language": any(draft.questionnaire.questions[name].kind == "language" for name in page.questions),
        "directives": directives.lines(page.id),
        "letters": LETTERS if name_help.is_wanted(page) else (),
    }
    spoken = _spoken(draft, form)
    wordings = markup_of(draft.questionnaire).wordings(page, staff=language, spoken=spoken)
    if asked_form is None and not more and not request.query_string:
        said = (current_app.extensions["nrm.synthetic"], training.is_trained(access.actor()))
        back = journey[place - 1].id if place else ""
        visitor = access.visitor()
        around = (language, spoken, *said, visitor.covers_after)
        key = (content_of(draft.questionnaire), page.id, *around, place, back, *_key(shown))
        values = {
            "id": str(draft.interview_id),
            "code": draft.pseudonym,
            "revision": revision,
            "token": visitor.csrf_token,
            "name": visitor.name,
            "organisation": text_in(visitor.organisation_name),
            "body": body,
        }
        return FRAMES.fill(key, lambda mark: _frame(mark, shown, wordings), values)
    return render_template(
        "interviews/interviews/page.html",
        interview_id=draft.interview_id,
        code=draft.pseudonym,
        body=body,
        wordings=wordings,
        form=asked_form,
        revision=revision,
        draft=draft,
        ticked=request.form.getlist(directives.FIELD),
        helped=names,
        **shown,
        **more,
    )


def _screen_alone(draft: Draft, screens: bool) -> list[Page]:
    """The pages that are counted on a page of the short screen until its answers make it the whole interview."""
    screen = [page for page in draft.pages if page in screen_of(draft.questionnaire)]
    return screen if screens and any(page.id in draft.journey.lacking for page in screen) else []


def _ends_the_screen(questionnaire: Questionnaire, page: Page) -> bool:
    """Whether the interview may end on this page because nothing on it is an alarm."""
    return any(questionnaire.questions[name].alarm for name in page.questions)


def _struck_on_page(draft: Draft, answers: Answers) -> set[str]:
    """The parties that were struck out, saved or only typed: no number of theirs stands on the page."""
    typed = request.form.getlist("parties")[:100]
    return {*struck_out(draft.questionnaire, answers), *(answers.get("parties") or ()), *typed}


def _key(shown: Mapping[str, Any]) -> tuple[Any, ...]:
    told = tuple((repr(line.directive), line.read) for line in shown["directives"])
    return (
        *(shown[name] for name in ("pages", "of_screen", "last", "ends", "urgent", "numbers", "child", "screens")),
        told,
    )


def _frame(mark: Mapping[str, str], shown: Mapping[str, Any], wordings: Markup) -> str:
    """The page with marks for what differs from one showing to the next; its own address, too."""
    return render_template(
        "interviews/interviews/page.html",
        interview_id=uuid.UUID(mark["id"]),
        lang_page=url_for("interviews.page", interview_id=mark["id"], page=shown["page_id"]),
        code=mark["code"],
        body=mark["body"],
        wordings=wordings,
        form=None,
        helped=None,
        ticked=(),
        revision=mark["revision"],
        csrf_token=mark["token"],
        actor={"name": mark["name"], "organisation_name": mark["organisation"]},
        **shown,
    )


def _profile(draft: Draft) -> Profile:
    age = draft.answers.get(draft.questionnaire.derive["age"])
    return profile(draft.questionnaire, draft.answers, child=age != "adult")


def _shows_paper(draft: Draft, page: Page) -> bool:
    """Whether the last page shows what was typed in from a paper: the urgent way, or a no, has no page for it."""
    return draft.on_paper and page is draft.pages[-1] and not any(each.summary for each in draft.pages)


def is_end(draft: Draft, page: Page, given: Mapping[str, Any]) -> bool:
    """Whether the interview ends on this page without a referral."""
    answers = with_page(draft.questionnaire, draft.answers, page, given)
    return consent_of(draft.questionnaire, answers) == REFUSED or answers.get("assessment") == NONE


def is_refused(draft: Draft, page: Page, given: Mapping[str, Any]) -> bool:
    """Whether an adult said no to help, this page included."""
    answers = with_page(draft.questionnaire, draft.answers, page, given)
    return consent_of(draft.questionnaire, answers) == REFUSED


def stale(current: Draft, page: Page, form: PageForm) -> tuple[str, int]:
    """Two windows saved the same page: both texts, and the officer keeps one."""
    rows = []
    for name, field in form.question_fields().items():
        saved, mine = current.answers.get(name), field.data
        if saved != mine:
            rows.append(
                (
                    field.question.text[current_language()],
                    _words(current.questionnaire, name, saved),
                    _words(current.questionnaire, name, mine),
                )
            )
    kept = [(name, value) for name, value in request.form.items(multi=True) if name not in AROUND]
    page_html = render_template("interviews/interviews/stale.html", draft=current, page=page, rows=rows, kept=kept)
    return page_html, 409


def _words(questionnaire: Questionnaire, name: str, value: Any) -> str:
    if value is None:
        return gettext("not answered")
    rows = answer_rows(questionnaire, {name: value}, {})
    return rows[0][1] if rows else ""
