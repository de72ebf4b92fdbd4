"""What the pages of an interview show: questions, the proposed route, the profile, what is done and what is left."""

from __future__ import annotations

import dataclasses
import math
import re
import uuid
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import current_app, render_template, request
from markupsafe import Markup

from forms import latin
from forms.interviews.interview_sending import SendInterviewForm
from forms.interviews.interviews import PageForm
from nrm import clock
from nrm.actions.interviews import interviews
from nrm.actions.interviews.interviews import Draft, OpeningEnded
from nrm.domain.accounts.accounts import Actor
from nrm.domain.agreement.routes import FALLBACKS, Exclusion
from nrm.domain.interviews import answer_warnings
from nrm.domain.interviews.endings import LAST_WORDS
from nrm.domain.interviews.facts import asked_whole, beside, consent_of, struck_out, wish
from nrm.domain.interviews.indicators import Profile, outcome_sentence, profile
from nrm.domain.interviews.interviews import Answers, AnswerWarning, Page, Questionnaire, content_of
from nrm.domain.interviews.questionnaire_flow import with_page
from nrm.domain.interviews.screenings import NONE, REFUSED
from nrm.domain.interviews.short_screen import screen_of
from nrm.domain.interviews.understanding import Doubt
from nrm.domain.interviews.wordings import language_question
from nrm.domain.words import N_
from nrm.steps.referrals import proposals as proposal_steps
from nrm.steps.referrals.proposals import Choice, Proposal
from nrm.store.countries import country
from nrm.store.interviews.child_alerts import AlertLine
from nrm.store.interviews.interviews import ToldLine, UnsentLine
from nrm.web import access, carrying, frames, telephones
from nrm.web.interviews import directives, groups, handouts, interview_endings, name_help, naming
from nrm.web.interviews.questions import Controls, QuestionMarkup
from nrm.web.language import current_language, gettext, text_in, translated
from nrm.web.shelter.opened import answer_rows

DAY = 24 * 3600
SHOWN_OF_A_TEXT = 2_000
FOLDED_AFTER = 180
"""Of a text on a summary: about four lines; the rest opens."""
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
AROUND = frozenset({"csrf_token", "seen", "stop", "leave", "aloud", "without", *carrying.NEVER_KEPT, directives.FIELD})
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


@dataclass(frozen=True, slots=True)
class DraftLine:
    """One interview that was not sent yet; `days_left` None: it does not run out.

    `child`: `asked` while the child authority is asked whether it may end, then `answered`.
    """

    id: Any
    code: str
    started_at: datetime
    days_left: int | None
    warn: bool
    child: str = ""
    waits: bool = False  # for the child authority's last word: until then it does not run out
    alone: bool = False  # no key of the post opens it
    lost: bool = False
    age: str = ""  # in words, as the page
    page: str = ""


@dataclass(frozen=True, slots=True)
class Aside:
    """What was said on the way before: question, answer and the folded part of it; the questions of which nothing is
    sent. `goes`: it is told with the hand-over; else it waits until the receiver has asked."""

    rows: list[tuple[str, str, str]]
    left_out: list[str]
    goes: bool


@dataclass(frozen=True, slots=True)
class Told:
    """Who has to be told by when, and when they said that they were."""

    name: str
    telephone: str
    due_at: datetime | None
    done_at: datetime | None


def draft_line(row: UnsentLine, age: str = "", page: str = "") -> DraftLine:
    """The line of a list for one unsent interview; `age` and `page`: in words, if they are known."""
    child = "" if row.asked_at is None else "answered" if row.answer else "asked"
    waits = row.asked_at is not None and row.answer not in list(LAST_WORDS)
    rest = (child, waits, row.alone, row.lost, age, page)
    if row.expires_at is None or waits:
        return DraftLine(row.id, row.pseudonym, row.started_at, None, False, *rest)
    left = max(0, math.ceil((row.expires_at - clock.now()).total_seconds() / DAY))
    kept = country().retention
    warn = left <= kept.draft_days - kept.draft_warning_days and not row.lost
    return DraftLine(row.id, row.pseudonym, row.started_at, left, warn, *rest)


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


def _spoken(draft: Draft) -> str | None:
    return draft.answers.get(language_question(draft.questionnaire))


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


def warned(
    draft: Draft, page: Page, form: PageForm, warnings: Sequence[AnswerWarning], *, by: Actor, answers: Answers
) -> str:
    """The page as it was typed, with warnings that nobody has seen yet; sent again as it is, it goes on."""
    markup = markup_of(draft.questionnaire)
    body = markup.again(form, draft.answers, staff=current_language(), spoken=_spoken(draft), warnings=warnings)
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
    staff, spoken = current_language(), _spoken(draft)
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
        if form is None and not last and nobody_left(draft, by=by):
            more |= {"left": numbers_left(draft, answers, by=by), "leaflets": handouts.leaflets()}
    if last and any(handouts.consent_parts(draft)):
        more["receipt"] = True
    if ends:
        more |= _after_a_no(draft, by=by)
    if last and not ends:
        more |= _sending(draft, answers, picked, by=by)
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
            more |= {"helpline": country().emergency.helpline, "leaflets": handouts.leaflets()}
    if page.summary or _shows_paper(draft, page):
        more["summary"] = _summary(draft, page)
    if draft.aside and (page.summary or (last and not any(each.summary for each in journey))):
        more |= {"aside": _aside(draft, consent), "aside_hours": country().retention.thinking_hours}
    asked_form = picked if picked is not None and picked.errors else form
    urgent = draft.answers.get(draft.questionnaire.home.questions[0]) == "yes"
    shown = {
        "page_id": page.id,
        "title": page.title[language],
        "number": place + 1,
        "pages": _pages_known(draft, screens),
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
    spoken = _spoken(draft)
    wordings = markup_of(draft.questionnaire).wordings(page, staff=language, spoken=spoken)
    if asked_form is None and not more and not request.query_string:
        synthetic = current_app.extensions["nrm.synthetic"]
        back = journey[place - 1].id if place else ""
        visitor = access.visitor()
        around = (language, spoken, synthetic, visitor.covers_after)
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


def _pages_known(draft: Draft, screens: bool) -> int:
    """How many pages there are: of the short screen until its answers make it the whole interview."""
    screen = [page for page in draft.pages if page in screen_of(draft.questionnaire)]
    if screens and any(page.id in draft.journey.lacking for page in screen):
        return len(screen)
    return len(draft.pages)


def _ends_the_screen(questionnaire: Questionnaire, page: Page) -> bool:
    """Whether the interview may end on this page because nothing on it is an alarm."""
    return any(questionnaire.questions[name].alarm for name in page.questions)


def _struck_on_page(draft: Draft, answers: Answers) -> set[str]:
    """The parties that were struck out, saved or only typed: no number of theirs stands on the page."""
    typed = request.form.getlist("parties")[:100]
    return {*struck_out(draft.questionnaire, answers), *(answers.get("parties") or ()), *typed}


def _key(shown: Mapping[str, Any]) -> tuple[Any, ...]:
    told = tuple((repr(line.directive), line.read) for line in shown["directives"])
    return (*(shown[name] for name in ("pages", "last", "ends", "urgent", "numbers", "child", "screens")), told)


def _frame(mark: Mapping[str, str], shown: Mapping[str, Any], wordings: Markup) -> str:
    """The page with marks for what differs from one showing to the next."""
    return render_template(
        "interviews/interviews/page.html",
        interview_id=uuid.UUID(mark["id"]),
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


def _sending(draft: Draft, answers: Answers, picked: SendInterviewForm | None, *, by: Actor) -> dict[str, Any]:
    """The parties that can be asked, in the agreement's order; none is ticked before, unless exactly one must be asked.

    If nobody can be asked: what is left to do. A struck-out party is never offered, and neither is its telephone.
    """
    proposed = proposal_steps.proposal(draft.questionnaire, answers, by=by, before_consent=True)
    struck = struck_out(draft.questionnaire, answers)
    nobody = not proposed.choices
    if nobody:
        more: dict[str, Any] = {"left": _numbers(proposed, struck), "leaflets": handouts.leaflets()}
        more["refused_all"] = bool(struck)
    else:
        more = {}
    if picked is None:
        picked = SendInterviewForm()
        only = proposed.proposed
        picked.party.data = only[0].party if len(only) == 1 and only[0].must else None
    language = current_language()
    asked = picked.party.data if picked.asks else None
    return more | {
        "picked": picked,
        "asked_of": next((_choice(each)["name"] for each in proposed.choices if each.party == asked), ""),
        "proposed": [_choice(choice) for choice in proposed.proposed],
        "others": [_choice(choice) for choice in proposed.choices if not choice.proposed],
        "excluded": _excluded(proposed),
        "fallback": FALLBACKS[proposed.route.fallback][language] if proposed.route.fallback else "",
        "duty_desks": _duty_desks(proposed, struck),
        "agreement": text_in(proposed.agreement.title),
    }


def _choice(choice: Choice) -> dict[str, Any]:
    organisation = choice.organisation
    return {
        "party": choice.party,
        "name": text_in(organisation.names),
        "telephone": organisation.telephone,
        "room": str(choice.room),
        "must": choice.must,
        "clause": choice.clause,
        "reason": text_in(choice.reason),
        "desk_open": choice.desk_open,
    }


def _excluded(proposed: Proposal) -> list[tuple[str, str]]:
    """(name, why not) of the parties that cannot be asked at all; who was struck out stands only where it was asked."""
    offered = {choice.party for choice in proposed.choices}
    return [
        (text_in(proposed.agreement.parties[each.party].names), text_in(proposed.reason_of(each.party, each.reason)))
        for each in proposed.route.excluded
        if each.party not in offered and each.reason is not Exclusion.STRUCK_OUT
    ]


def _duty_desks(proposed: Proposal, struck: Collection[str]) -> list[tuple[str, str]]:
    """The duty desks of the Responsible Authority, unless the person struck it out."""
    parties = proposed.agreement.parties.values()
    return [
        (text_in(each.names), each.on_call)
        for each in parties
        if each.kind == "responsible_authority" and each.code not in struck
    ]


def _numbers(proposed: Proposal, struck: Collection[str]) -> list[tuple[str, str]]:
    """Whom one can call when nobody can be asked: duty desk and help line, unless they were struck out."""
    lines = [each for each in proposed.agreement.parties.values() if each.kind == "helpline"]
    helped = [(text_in(each.names), country().emergency.helpline) for each in lines if each.code not in struck]
    return [*_duty_desks(proposed, struck), *helped[:1]]


def numbers_left(draft: Draft, answers: Answers, *, by: Actor) -> list[tuple[str, str]]:
    """The numbers that are left for a person who struck out others."""
    proposed = proposal_steps.proposal(draft.questionnaire, answers, by=by, before_consent=True)
    return _numbers(proposed, struck_out(draft.questionnaire, answers))


def _after_a_no(draft: Draft, *, by: Actor) -> dict[str, Any]:
    """What is offered once to a person who said no: the help line unless it was struck out, the leaflet; in danger the
    police and the ambulance."""
    emergency, answers = country().emergency, draft.answers
    helpline = [number for _, number in numbers_left(draft, answers, by=by) if number == emergency.helpline]
    danger = answers.get("danger") == "yes" or answers.get("risk") == "high"
    return {"helpline": helpline, "emergency": emergency if danger else None, "leaflets": handouts.leaflets()}


def nobody_left(draft: Draft, *, by: Actor) -> bool:
    """Whether an adult wants none of those that could be asked to know."""
    if not struck_out(draft.questionnaire, draft.answers) or consent_of(draft.questionnaire, draft.answers) == REFUSED:
        return False
    return not proposal_steps.proposal(draft.questionnaire, draft.answers, by=by, before_consent=True).choices


def _profile(draft: Draft) -> Profile:
    age = draft.answers.get(draft.questionnaire.derive["age"])
    return profile(draft.questionnaire, draft.answers, child=age != "adult")


def _shows_paper(draft: Draft, page: Page) -> bool:
    """Whether the last page shows what was typed in from a paper: the urgent way, or a no, has no page for it."""
    return draft.on_paper and page is draft.pages[-1] and not any(each.summary for each in draft.pages)


def _summary(draft: Draft, here: Page) -> list[tuple[Page, list[tuple[str, str, str]]]]:
    """The pages before this one on which something was answered: question, answer, and the part of it that is folded.

    Very long texts are cut, the page itself has them whole.
    """
    names = {code: text_in(party.names) for code, party in country().in_force(clock.now()).parties.items()}
    rows: list[tuple[Page, list[tuple[str, str, str]]]] = []
    for page in draft.pages:
        if page is here:
            return rows
        own = {name: draft.answers[name] for name in page.questions if name in draft.answers}
        shown = [
            (question, *_folded(_cut(answer))) for question, answer in answer_rows(draft.questionnaire, own, names)
        ]
        if shown:
            rows.append((page, shown))
    return rows


def _aside(draft: Draft, consent: str | None) -> Aside:
    """What was said before the age or the haste was changed; and the questions of it whose answers are not sent."""
    names = {code: text_in(party.names) for code, party in country().in_force(clock.now()).parties.items()}
    questionnaire = draft.questionnaire
    sent = beside(questionnaire, draft.aside, consent or "")
    told = sent["identity"] | sent["story"]
    rows = [(question, *_folded(_cut(answer))) for question, answer in answer_rows(questionnaire, told, names)]
    left = [text_in(each.text) for name, each in questionnaire.questions.items() if name in draft.aside.keys() - told]
    return Aside(rows, left, asked_whole(questionnaire, draft.answers, consent or ""))


def _folded(text: str) -> tuple[str, str]:
    """The beginning of a text and the rest, which is empty for one of up to four lines."""
    lines = text.split("\n")
    kept = "\n".join(lines[:4])
    if len(kept) > FOLDED_AFTER:
        kept = re.sub(r"\s\S*$", "", kept[:FOLDED_AFTER])
    return kept, text[len(kept) :].strip()


def _cut(text: str) -> str:
    return text if len(text) <= SHOWN_OF_A_TEXT else text[:SHOWN_OF_A_TEXT].rstrip() + "…"


def is_end(draft: Draft, page: Page, given: Mapping[str, Any]) -> bool:
    """Whether the interview ends on this page without a referral."""
    answers = with_page(draft.questionnaire, draft.answers, page, given)
    return consent_of(draft.questionnaire, answers) == REFUSED or answers.get("assessment") == NONE


def is_refused(draft: Draft, page: Page, given: Mapping[str, Any]) -> bool:
    """Whether an adult said no to help, this page included."""
    answers = with_page(draft.questionnaire, draft.answers, page, given)
    return consent_of(draft.questionnaire, answers) == REFUSED


def preset_shelter(draft: Draft, *, by: Actor) -> str | None:
    """The one shelter that must be asked, and so is ticked before anybody chooses; None if there is none."""
    only = proposal_steps.proposal(draft.questionnaire, draft.answers, by=by, before_consent=True).proposed
    return only[0].party if len(only) == 1 and only[0].must else None


def proposal_with(draft: Draft, page: Page, given: Mapping[str, Any], *, by: Actor) -> Proposal:
    """The route with the answers of the last page, which may strike out a party."""
    return proposal_steps.proposal(
        draft.questionnaire, with_page(draft.questionnaire, draft.answers, page, given), by=by
    )


def tasks(draft: Draft, alert: AlertLine | None) -> str:
    """The list of parts; `alert`: what the child authority was told."""
    to_do = draft.page_to_do
    lines = []
    for place, page in enumerate(draft.pages):
        sends = page is draft.pages[-1]  # nothing was sent yet
        done = page.id in draft.visited and page.id not in draft.journey.lacking and not sends
        reachable = place <= draft.pages.index(to_do)
        status, kind = (
            (N_("Done"), "ok") if done else (N_("To do"), "todo") if reachable else (N_("Cannot start yet"), "ok")
        )
        lines.append((page, reachable, status, kind))
    return render_template(
        "interviews/interviews/tasks.html",
        draft=draft,
        lines=lines,
        to_do=to_do,
        line=_line_of(draft, alert),
        alert=alert,
        mine=draft.owner_id == access.actor().member_id,
    )


def _line_of(draft: Draft, alert: AlertLine | None) -> DraftLine:
    asked_at = alert.opinion_at if alert is not None and not alert.withdrawn_why else None
    answer = alert.answer if alert is not None else ""
    kept = (draft.interview_id, draft.pseudonym, draft.started_at, draft.expires_at)
    return draft_line(UnsentLine(*kept, asked_at, answer))


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


def told(rows: Sequence[ToldLine]) -> list[Told]:
    """Who has to be told of a case that was sent."""
    parties = country().in_force(clock.now()).parties
    return [
        Told(
            text_in(parties[row.party].names) if row.party in parties else row.party,
            parties[row.party].on_call if row.party in parties else "",
            row.due_at,
            row.done_at,
        )
        for row in rows
    ]
