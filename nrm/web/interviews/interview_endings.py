"""Ending an interview without a case, or destroying a draft: a page of its own shows what was said and will be lost.

The post alone cannot end a child's interview here: the page asks the child authority, waits, and shows its answer.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from flask import redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from forms.interviews.endings import ANSWER_LABELS, REASON_LABELS, EndForm, OpinionForm, RefusalForm, RetractedForm
from forms.typed import OnceForm
from nrm import clock
from nrm.actions.interviews import interviews as actions
from nrm.actions.interviews.interviews import Draft, LastPage
from nrm.domain.interviews.answers import is_unknown
from nrm.domain.interviews.endings import FINAL, TOOK_BACK, Against, is_child
from nrm.domain.interviews.facts import agreed_to
from nrm.domain.interviews.indicators import said_words
from nrm.domain.interviews.interviews import Question
from nrm.domain.interviews.questionnaire_flow import first_incomplete, set_aside
from nrm.domain.interviews.screenings import NONE, NOT_ASKED, REFUSED
from nrm.domain.words import N_
from nrm.steps.interviews.screenings import ending_of
from nrm.store import names as organisation_names
from nrm.store.countries import country
from nrm.store.interviews import child_alerts, written_answers
from nrm.store.interviews.child_alerts import AlertLine
from nrm.store.referrals import notification_calls
from nrm.web import access
from nrm.web.accounts import told_once
from nrm.web.interviews import handouts, holds
from nrm.web.language import current_language, gettext, text_in
from nrm.web.opened import answer_rows

DISCARDED = "discarded"
WHY = "assessment_why"
# Answers that need not be shown before an interview is destroyed.
QUIET: dict[str, Any] = {"alone": "yes", "companions": ["none"], "hurt": "no", "needs": ["none"], "children": "0"}
TEXTS = ("short_text", "long_text")
# Fields of the page that are not answers, and are made anew.
AROUND = frozenset({"csrf_token", "seen", "shorter", "reason", "sentence", "leave", "aloud"})
NOT_CARRIED = frozenset({"csrf_token", "seen", "losing"})
NOT_SENT = N_("You chose “No indicator”: nothing is sent with it. Choose another assessment, or end without a referral")
NOT_ENDED = N_(
    "To end without a referral choose “No indicator”; otherwise send, or choose “The person leaves without a shelter”"
)
Rows = list[tuple[str, str]]


def is_a_childs(draft: Draft) -> bool:
    """Whether the rules for children apply: by the answers, or because the child authority was told and has not given
    its final answer."""
    if is_child(draft.answers.get(draft.questionnaire.derive["age"])):
        return True
    told = _told_alert(draft)
    return told is not None and told.answer not in list(FINAL)


def outcome(draft: Draft, *, discard: bool) -> str | None:
    """`none`, `refused`, or `discarded` if the draft is to be destroyed; None if these answers do not end it."""
    if first_incomplete(draft.questionnaire, draft.answers) is None:
        ending = ending_of(draft.questionnaire, draft.answers)
        if ending is not None and (not discard or is_a_childs(draft)):
            return ending
    # A child's interview may also end before it is complete; there is only one way to do it.
    return DISCARDED if discard or (is_a_childs(draft) and _told_alert(draft) is not None) else None


def shelter_chosen() -> str:
    """The party that was ticked before, if it is one."""
    code = (request.form if request.method == "POST" else request.args).get("shelter", "")
    return code if code in country().in_force(clock.now()).parties else ""


def _form_of(draft: Draft, ending: str, data: Any = None) -> OnceForm:
    """What is asked before it ends: of a child why, of a no how it was asked, of others why and in a sentence."""
    if is_a_childs(draft):
        return OpinionForm(data)
    if ending == REFUSED:
        return RetractedForm(data) if actions.takes_back(draft, draft.answers) else RefusalForm(data)
    return EndForm(data)


def show(draft: Draft, ending: str, form: OnceForm | None = None, status: int = 200) -> tuple[str, int]:
    """The page that asks once more; of a child, what the child authority is asked and answered."""
    form = form or _form_of(draft, ending)
    kept = country().retention
    shelter = shelter_chosen()
    against = actions.against(draft, draft.answers, shelter=bool(shelter), discard=ending == DISCARDED)
    child = is_a_childs(draft)
    told = _told_alert(draft) if child else None
    asks = child and (told is None or told.opinion_at is None)
    return (
        render_template(
            "interviews/interviews/end.html",
            interview_id=draft.interview_id,
            code=draft.pseudonym,
            back=_address_back(draft, ending),
            ending=ending,
            child=child,
            told=told,
            numbers=_numbers(told),
            answer_labels=ANSWER_LABELS,
            reason_labels=REASON_LABELS,
            may_end=not child or (told is not None and told.answer in list(FINAL)),
            retracted=not child and ending == REFUSED and actions.takes_back(draft, draft.answers),
            asks_reason=asks or (not child and ending != REFUSED and bool(against)),
            asks=asks,
            by_telephone=told is not None and told.contradictable,
            confirmed=told is not None and not told.to_confirm,
            written=written_answers.of_child(draft.interview_id, by=access.actor()) if told else None,
            hours=kept.hold_hours,
            most=kept.child_word_hours,
            minutes=kept.refused_minutes,
            rows=_summary_rows(draft, against, shelter),
            shelter=shelter,
            form=form,
            revision=draft.revision,
        ),
        status,
    )


def _address_back(draft: Draft, ending: str) -> str:
    if ending == DISCARDED:
        return url_for("interviews.tasks", interview_id=draft.interview_id)
    return url_for("interviews.page", interview_id=draft.interview_id, page=draft.pages[-1].id)


def _told_alert(draft: Draft) -> AlertLine | None:
    told = child_alerts.of_interview(draft.interview_id, by=access.actor())
    return told if told is not None and not told.withdrawn_why else None


def _numbers(told: AlertLine | None) -> list[tuple[str, str]]:
    """Whom the post calls about a child meanwhile: the child authority first, the duty desk last."""
    if told is None:
        desks = organisation_names.organisations_by_id().values()
        return [(text_in(each.names), each.telephone) for each in desks if each.kind == "responsible_authority"]
    found = notification_calls.of_alert(told, by=access.actor())
    return [(text_in(each.names), each.telephone) for each in found]


def said(draft: Draft) -> Rows:
    """What was said in an interview that is to be destroyed, without any words of the person."""
    return _summary_rows(draft, actions.against(draft, draft.answers), "")


def of_what_happened(draft: Draft) -> Rows:
    """What was told of what happened: named, noticed, and that there are own words. Without consent nobody gets it."""
    return [*_told_of(actions.against(draft, draft.answers)), *_own_words(draft)]


def _own_words(draft: Draft) -> Rows:
    """A row that says that there are own words; never the words themselves."""
    asked = draft.questionnaire.questions.values()
    texts = [each for each in asked if each.kind in TEXTS and each.by == "person" and each.compartment == "story"]
    if not any(draft.answers.get(each.id) or draft.aside.get(each.id) for each in texts):
        return []
    return [(gettext("The person’s own words"), gettext("There are some, and they are not shown here"))]


def _told_of(against: Against) -> Rows:
    """Rows that say what was named or noticed, or that little or nothing was said."""
    language, profile = current_language(), against.profile
    rows: Rows = [(gettext("Named"), said_words(each, language)) for each in profile.said]
    rows += [
        (finding.text[language], "; ".join(each.text[language] for each in finding.named))
        for finding in profile.findings
        if finding.named
    ]
    if profile.border:
        rows.append((gettext("Noticed"), "; ".join(each.text[language] for each in profile.border)))
    if profile.nothing_said:
        words = gettext("Nothing was asked or said. That means “suspected”, not “no indicator”.")
        rows.append((gettext("Said"), words))
    elif profile.little_said:
        rows.append((gettext("Said"), gettext("Little. That means “suspected”, not “no indicator”.")))
    return rows


def _summary_rows(draft: Draft, against: Against, shelter: str) -> Rows:
    """What was said: a yes, named, noticed, how much danger, hurt, not alone, needs, children along, that there are
    own words, the shelter; and the officer's own words."""
    agreed = agreed_to(draft.questionnaire, {**draft.aside, **draft.answers})
    rows = [*_answered(draft, list(agreed)), *_told_of(against)]
    if against.agreed and not agreed:
        rows.append((gettext("Said before"), gettext("Yes to help or to telling; it was changed.")))
    shown = [each for each in draft.questionnaire.questions.values() if _tells_danger(each) or _counts(draft, each)]
    rows += [*_answered(draft, shown), *_own_words(draft)]
    if shelter:
        rows.append((gettext("Shelter chosen"), text_in(country().in_force(clock.now()).parties[shelter].names)))
    if against.was_child:
        rows.append((gettext("Age"), gettext("Under 18 or not sure was chosen before.")))
    if WHY in draft.answers:
        rows += _answered(draft, [draft.questionnaire.questions[WHY]])
    return rows


def _tells_danger(question: Question) -> bool:
    return question.routing == "security_risk"


def _counts(draft: Draft, question: Question) -> bool:
    """Whether it was answered that the person is hurt, is not alone, needs something, has children along."""
    quiet = QUIET.get(question.id)
    return quiet is not None and draft.answers.get(question.id, quiet) != quiet


def _answered(draft: Draft, questions: list[Question]) -> Rows:
    own = {each.id: draft.answers[each.id] for each in questions if each.id in draft.answers}
    return answer_rows(draft.questionnaire, own, {})


def carry_out(draft: Draft, ending: str, seen: int) -> BaseResponse | tuple[str, int]:
    """Do what was confirmed, or show again what is missing. Raises StaleAnswers, EnteredTwice, NoLongerDraft."""
    interview_id, by = draft.interview_id, access.actor()
    form = _form_of(draft, ending, request.form)
    right = form.validate()
    handouts.remember(draft, draft.answers)
    reason, sentence = (request.form.get(name, "") for name in ("reason", "sentence"))
    try:
        if is_a_childs(draft) and not _may_end(draft):
            told = _told_alert(draft)
            if told is not None and told.opinion_at is not None:
                return show(draft, ending, status=409)
            actions.ask_child_authority(interview_id=interview_id, reason=reason, seen=seen, by=by)
            return redirect(url_for("interviews.end_page", interview_id=interview_id), 303)
        if isinstance(form, RetractedForm):
            reason = TOOK_BACK
        # What is wrong with a sentence is said only where one is asked for.
        sentence = sentence if right else ""
        if ending == DISCARDED:
            actions.discard(interview_id=interview_id, reason=reason, sentence=sentence, seen=seen, by=by)
        else:
            ending = actions.end(
                interview_id=interview_id,
                reason=reason,
                sentence=sentence,
                shelter=bool(shelter_chosen()),
                asked_properly=right,
                seen=seen,
                by=by,
            )
    except (actions.ReasonNeeded, actions.NotAskedProperly):
        return show(draft, ending, form, 422)
    except actions.ChildWaits:
        return show(draft, ending, status=409)
    return after_ending(interview_id, ending)


def after_ending(interview_id: uuid.UUID, ending: str) -> BaseResponse:
    """To the page that says what was done: that it is held, and the way back; or that it is destroyed."""
    held = holds.address(interview_id)
    return redirect(held, 303) if held else told_once.lead_to(url_for("interviews.ended", ending=ending))


def _may_end(draft: Draft) -> bool:
    told = _told_alert(draft)
    return told is not None and told.answer in list(FINAL)


def after_last_page(draft: Draft, last: LastPage, *, preset: str | None) -> BaseResponse:
    """The officer ends the interview on its last page: at once if nothing speaks against it, else on a page of its own.

    `preset`: the shelter that the form had ticked before anybody chose.
    """
    interview_id, by = draft.interview_id, access.actor()
    chosen = request.form.get("party", "")
    known = chosen in country().in_force(clock.now()).parties
    shelter = chosen if known and chosen != preset else ""
    asked_apart = ending_of(draft.questionnaire, draft.filled(last.page, last.given)) != NONE
    if not asked_apart:
        try:
            ending = actions.end(interview_id=interview_id, last=last, shelter=bool(shelter), by=by)
            return after_ending(interview_id, ending)
        except (actions.ReasonNeeded, actions.ChildWaits, actions.Anothers):
            pass
    actions.save_page(
        draft=draft,
        page=last.page,
        given=last.given,
        seen=last.seen,
        by=by,
        asked_again=not asked_apart,
        warned=last.warned,
    )
    return redirect(url_for("interviews.end_page", interview_id=interview_id, shelter=shelter or None), 303)


def after_screen(draft: Draft, given: dict[str, Any], *, page: str, seen: int) -> BaseResponse | tuple[str, int]:
    """The short screen ends the interview: at once, or after one more page if more was said before, or if nobody could
    ask (ADR 0225); whoever sees the third circle of the page does not read there that the answers are destroyed.

    Raises StaleAnswers, EnteredTwice, Incomplete, NoLongerDraft.
    """
    answers = draft.filled(page, given)
    lost = [
        name
        for name in {**draft.answers, **draft.aside}
        if name not in answers and name not in draft.questionnaire.pages[page].questions
    ]
    against = actions.against_end(draft, answers)
    form, confirmed = EndForm(request.form), "shorter" in request.form
    unasked = ending_of(draft.questionnaire, answers) == NOT_ASKED
    if (lost or against or unasked) and not confirmed:
        return _shorter(draft, answers, page, lost, against, EndForm(), 200)
    handouts.remember(draft, answers)
    try:
        last = actions.LastPage(page, given, seen)
        right = not against or form.validate()
        ending = actions.end(
            interview_id=draft.interview_id,
            last=last,
            reason=str(form.reason.data or ""),
            # What is wrong with a sentence is said only where one is asked for.
            sentence=str(form.sentence.data or "") if right else "",
            by=access.actor(),
        )
    except actions.ReasonNeeded:
        return _shorter(draft, answers, page, lost, against, form, 422)
    except actions.ChildWaits:
        actions.save_page(draft=draft, page=page, given=given, seen=seen, by=access.actor())
        return ask_again(draft.interview_id, discard=False)
    return after_ending(draft.interview_id, ending)


def _shorter(
    draft: Draft, answers: Mapping[str, Any], page: str, lost: list[str], against: Against, form: EndForm, status: int
) -> tuple[str, int]:
    """The page before the short screen ends what was more: what was said, and what would be destroyed."""
    questions = draft.questionnaire.questions
    texts = [name for name in lost if questions[name].by == "person" or questions[name].kind in TEXTS]
    return (
        render_template(
            "interviews/interviews/shorter.html",
            draft=draft,
            here=url_for("interviews.page", interview_id=draft.interview_id, page=page),
            ending=ending_of(draft.questionnaire, answers),
            # That little was said is no news where nobody could ask.
            rows=_told_of(against) if lost or against else [],
            lost=[questions[name].text[current_language()] for name in texts],
            asks_reason=bool(against),
            hours=country().retention.hold_hours,
            kept=[(name, value) for name, value in request.form.items(multi=True) if name not in AROUND],
            form=form,
        ),
        status,
    )


def before_losing(draft: Draft, answers: Mapping[str, Any], page: str) -> str | None:
    """The page that asks before `answers` destroy what was told on other pages than `page`; None where nothing is
    lost, or it was answered. What stays because the age or the haste is another is not lost."""
    questionnaire = draft.questionnaire
    stays = set_aside(questionnaire, draft.answers, answers, draft.aside)
    left = draft.answers.keys() - answers.keys() - stays.keys() - set(questionnaire.pages[page].questions)
    lost = [each for each in questionnaire.questions.values() if each.id in left and _is_told(each, draft.answers)]
    if not lost or "losing" in request.form:
        return None
    return render_template(
        "interviews/interviews/losing.html",
        draft=draft,
        here=url_for("interviews.page", interview_id=draft.interview_id, page=page),
        lost=[each.text[current_language()] for each in lost],
        kept=[(name, value) for name, value in request.form.items(multi=True) if name not in NOT_CARRIED],
    )


def _is_told(question: Question, answers: Mapping[str, Any]) -> bool:
    """Whether the answer says something of what happened, of who the person is, or of what was seen."""
    said = answers[question.id]
    told = question.compartment in ("story", "identity") and question.id not in handouts.LEAFLET
    return told and not is_unknown(said) and said not in ([NONE], "")


def ask_again(interview_id: uuid.UUID, *, discard: bool) -> BaseResponse:
    """Back to the page that asks, after what it showed was changed."""
    name = "interviews.discard_page" if discard else "interviews.end_page"
    return redirect(url_for(name, interview_id=interview_id), 303)
