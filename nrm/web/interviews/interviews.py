"""Conducting an interview page by page, and ending or sending it. Everything here works without scripts."""

from __future__ import annotations

import uuid
from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from forms.interviews.endings import LeaveForm
from forms.interviews.interview_sending import SendInterviewForm
from forms.interviews.interviews import PageForm, page_form
from forms.referrals.referrals import STATUS_LABELS
from nrm import clock
from nrm.actions.interviews import interview_sending
from nrm.actions.interviews import interviews as actions
from nrm.actions.interviews.interviews import (
    Anothers,
    Draft,
    Incomplete,
    LastPage,
    NoLongerDraft,
    OpeningEnded,
    StaleAnswers,
)
from nrm.domain.accounts.accounts import NotVisible, Permission
from nrm.domain.interviews import answer_warnings
from nrm.domain.interviews.draft_owners import NotTheirsToEnd
from nrm.domain.interviews.facts import consent_of
from nrm.domain.interviews.interviews import Page
from nrm.domain.interviews.questionnaire_flow import ended_as, journey
from nrm.domain.referrals.crossing_points import POSTS
from nrm.domain.referrals.referrals import ReferralRefusal
from nrm.domain.shelter.consents import ByName
from nrm.domain.words import N_
from nrm.steps.interviews import paper_entries
from nrm.store.countries import country
from nrm.store.interviews import child_alerts
from nrm.store.interviews import interviews as store
from nrm.store.referrals import referrals as referral_store
from nrm.store.referrals.referrals import ReferralLine
from nrm.web import access, errors
from nrm.web.accounts import told_once
from nrm.web.interviews import (
    directives,
    draft_lines,
    draft_owners,
    groups,
    handouts,
    helpline,
    holds,
    interview_endings,
    interview_pages,
    name_help,
    naming,
    officer_home,
    proposed_routes,
)
from nrm.web.language import current_language, gettext
from nrm.web.referrals import announced_returns, next_receiver

blueprint = Blueprint("interviews", __name__)
Answer = BaseResponse | tuple[str, int] | str

REFUSALS = {
    **next_receiver.REFUSED,
    ReferralRefusal.ALREADY_OPEN: N_("Somebody is being asked already. Wait for the answer."),
    ReferralRefusal.DUTY_OFFICER_DECIDES: N_("The duty officer decides now. Call the duty desk."),
}
ENDINGS = ("refused", "none", "not_asked", "undecided", "discarded", "before")


@blueprint.get("/interviews/unsent/<status>")
@access.requires(Permission.INTERVIEW_CONDUCT)
def unsent(status: str) -> str:
    """All drafts, or all imported interviews that wait to be referred, page by page."""
    if status not in ("draft", "completed"):
        raise NotVisible
    found = store.listed(status, by=access.actor(), after=request.args.get("after", ""))
    return render_template(
        "interviews/interviews/unsent.html",
        status=status,
        lines=officer_home.urgent_first(found.rows),
        after=found.after,
    )


@blueprint.post("/interviews")
@access.requires(Permission.INTERVIEW_CONDUCT)
def start() -> Answer:
    try:
        interview_id = uuid.UUID(request.form.get("id", "")[:36])
    except ValueError:
        return errors.error_page(422)
    by = access.actor()
    actions.start(interview_id=interview_id, urgent=request.form.get("urgent") == "yes", by=by)
    return _go_on(interview_id)


@blueprint.post("/interviews/<uuid:interview_id>/resume")
@access.requires(Permission.INTERVIEW_CONDUCT)
def resume(interview_id: uuid.UUID) -> Answer:
    """Give leave to read the draft, then go on where it stopped (or on the page the form names)."""
    by = access.actor()
    try:
        actions.resume(interview_id=interview_id, by=by)
    except NoLongerDraft as error:
        return _address_after_ending(interview_id, error)
    page = request.form.get("page", "")
    draft = actions.read(interview_id=interview_id, by=by)
    if page in ("end", "discard"):
        return redirect(url_for(f"interviews.{page}_page", interview_id=interview_id), 303)
    if page in draft.questionnaire.pages:
        kept = request.form.get("kept") and "1"
        return redirect(url_for("interviews.page", interview_id=interview_id, page=page, kept=kept), 303)
    return _go_on(interview_id)


def _go_on(interview_id: uuid.UUID) -> Answer:
    try:
        draft = actions.read(interview_id=interview_id, by=access.actor())
    except NoLongerDraft as error:
        return _address_after_ending(interview_id, error)
    except OpeningEnded:
        return _ask_to_continue(interview_id, "")
    return _to_page(draft, draft.page_to_do)


def _to_page(draft: Draft, page: Page) -> BaseResponse:
    # Without the text that `redirect` adds: no browser shows it, and making it takes a tenth of the time of saving.
    address = url_for("interviews.page", interview_id=draft.interview_id, page=page.id)
    return BaseResponse(status=303, headers={"Location": address})


def _address_after_ending(interview_id: uuid.UUID, error: NoLongerDraft, *, form: bool = False) -> BaseResponse:
    """Where a page leads whose interview was sent or ended meanwhile, by the same button or another.

    `form`: answers came with it, of which nothing can be kept any more.
    """
    if error.status == "sent":
        again = "1" if form else None
        return told_once.lead(url_for("interviews.sent", interview_id=interview_id, again=again))
    if error.status == "held":
        return redirect(holds.address(interview_id) or url_for("home.index"), 303)
    # Nothing is kept of how it ended, so the page does not say whether it was counted.
    return told_once.lead_to(url_for("interviews.ended", ending="before"))


def _ask_to_continue(interview_id: uuid.UUID, page: str) -> str:
    row = store.interview(interview_id, by=access.actor())
    if draft_owners.closed_to_me(row):
        raise Anothers
    return render_template(
        "interviews/interviews/continue.html", interview_id=interview_id, code=row.pseudonym, page=page
    )


@blueprint.get("/interviews/<uuid:interview_id>")
@access.requires(Permission.INTERVIEW_CONDUCT)
def tasks(interview_id: uuid.UUID) -> Answer:
    """The parts of the interview and which of them are done."""
    try:
        draft = actions.read(interview_id=interview_id, by=access.actor())
    except OpeningEnded:
        return _ask_to_continue(interview_id, "")
    except NoLongerDraft as error:
        return _address_after_ending(interview_id, error)
    return draft_lines.tasks(draft, child_alerts.of_interview(interview_id, by=access.actor()))


@blueprint.get("/interviews/<uuid:interview_id>/<page>")
@access.requires(Permission.INTERVIEW_CONDUCT)
def page(interview_id: uuid.UUID, page: str) -> Answer:
    """One page of the interview as it was saved."""
    by = access.actor()
    try:
        draft = actions.read(interview_id=interview_id, by=by)
    except OpeningEnded:
        return _ask_to_continue(interview_id, page)
    except NoLongerDraft as error:
        return _address_after_ending(interview_id, error)
    asked = _page_of(draft, page)
    if asked is None or not _within_reach(draft, asked):
        return _to_page(draft, draft.page_to_do)
    return interview_pages.show(draft, asked, by=by)


def _page_of(draft: Draft, name: str) -> Page | None:
    """The page if it is on the way of these answers, else None; raises NotVisible for an unknown page."""
    if name not in draft.questionnaire.pages:
        raise NotVisible
    asked = draft.questionnaire.pages[name]
    return asked if asked in draft.pages else None


def _within_reach(draft: Draft, page: Page) -> bool:
    """Whether everything before it was looked at: a page depends on the answers of earlier ones."""
    return draft.pages.index(page) <= draft.pages.index(draft.page_to_do)


@blueprint.post("/interviews/<uuid:interview_id>/<page>")
@access.requires(Permission.INTERVIEW_CONDUCT)
def save(interview_id: uuid.UUID, page: str) -> Answer:
    """Check and keep the page, then go on; the last page ends or sends the interview."""
    by = access.actor()
    try:
        draft = interview_pages.draft_of_form(interview_id, actions.read)
    except NoLongerDraft as error:
        return _address_after_ending(interview_id, error, form=True)
    asked = _page_of(draft, page)
    if asked is None:
        if page == draft.questionnaire.home.id and "whole" in request.form:
            return _whole(draft)
        return _to_page(draft, draft.page_to_do)
    directives.keep_ticked(page)
    today = clock.today(country().timezone)
    sent = name_help.sent_with_latin(asked)
    if name_help.is_asked(asked):
        helped = name_help.given(draft.questionnaire, asked, sent, today=today)
        return interview_pages.helped(draft, asked, helped, by=by)
    form = page_form(draft.questionnaire, asked, current_language())(sent)
    given = form.accept(draft.answers, today=today)
    seen = interview_pages.revision_of_form()
    if "spoken" in request.form and (lacking := interview_pages.language_first(draft, asked, form, by=by)):
        return lacking
    try:
        if "stop" in request.form:
            so_far = _acceptable(form)
            urgent = actions.make_urgent(interview_id=interview_id, page=page, given=so_far, seen=seen, by=by)
            return _to_page(urgent, urgent.page_to_do)
        ends = ended_as(draft.questionnaire, draft.filled(page, given or _acceptable(form)))
        if ends and _loses(draft, asked, given or _acceptable(form)):
            return interview_endings.after_screen(draft, given or _acceptable(form), page=page, seen=seen)
        unnamed = naming.not_yet_named(draft, asked, given or _acceptable(form), by=by)
        if unnamed and draft.revision == seen:
            return interview_pages.name_first(draft, asked, form, unnamed, by=by)
        if _before_complete() and not _wrongly_typed(form):
            so_far = {**_acceptable(form), **_struck_out(draft, asked)}
            losing = interview_endings.before_losing(draft, draft.filled(page, so_far), page)
            if losing is not None and draft.revision == seen:
                return losing
            named, warned = _named(draft, asked), interview_pages.warned_of_form(draft, asked)
            after = actions.save_page(
                draft=draft, page=page, given=so_far, seen=seen, by=by, named=named, warned=warned
            )
            if "spoken" in request.form:
                return _to_page(after, asked)
            aloud = url_for("cards.aloud", interview_id=interview_id, page=page)
            without = url_for("interviews.without_page", interview_id=interview_id)
            left = url_for("draft_owners.kept", interview_id=interview_id) if after.own else url_for("home.index")
            return redirect(aloud if "aloud" in request.form else without if _leaves() else left, 303)
        if given is None:
            return interview_pages.again(draft, asked, form, by=by)
        given |= _struck_out(draft, asked)
        warned = interview_pages.warned_of_form(draft, asked)
        warnings = answer_warnings.unseen(draft.questionnaire, draft.filled(page, given), {**draft.warned, **warned})
        answers = draft.filled(page, given)
        losing = interview_endings.before_losing(draft, answers, page)
        if warnings and (draft.revision == seen or answers == draft.answers):
            if losing is None and interview_pages.says_child(draft, answers):
                named = _named(draft, asked)
                draft = actions.save_page(draft=draft, page=page, given=given, seen=seen, by=by, named=named)
            return interview_pages.warned(draft, asked, form, warnings, by=by, answers=answers)
        if ends:
            return interview_endings.after_screen(draft, given, page=page, seen=seen)
        if losing is not None and draft.revision == seen:
            return losing
        if journey(draft.questionnaire, draft.filled(page, given)).after(page) is None:
            return _finish(draft, asked, form, given, seen)
        named = _named(draft, asked)
        after = actions.save_page(draft=draft, page=page, given=given, seen=seen, by=by, named=named, warned=warned)
        if "parties" in given and proposed_routes.nobody_left(after, by=by):
            return _to_page(after, asked)
        return _go_on_after(after, page)
    except StaleAnswers as error:
        return interview_pages.stale(error.current, asked, form)
    except NoLongerDraft as error:
        return _address_after_ending(interview_id, error, form=True)


def _whole(draft: Draft) -> Answer:
    """Back from the short way to the whole interview, with everything that was said on either."""
    home, by = draft.questionnaire.home, access.actor()
    given, seen = {home.questions[0]: "no"}, interview_pages.revision_of_form()
    try:
        after = actions.save_page(draft=draft, page=home.id, given=given, seen=seen, by=by)
    except StaleAnswers as error:
        return _to_page(error.current, error.current.page_to_do)
    except NoLongerDraft as error:
        return _address_after_ending(draft.interview_id, error)
    return _to_page(after, after.page_to_do)


def _acceptable(form: PageForm) -> dict[str, Any]:
    """What can be kept of a page that is left before it is complete."""
    fields = form.question_fields().items()
    return {name: field.data for name, field in fields if not field.errors and field.data is not None}


def _loses(draft: Draft, page: Page, given: dict[str, Any]) -> bool:
    """Whether answers of other pages would be lost with these."""
    after = draft.filled(page.id, given)
    return any(name not in after and name not in page.questions for name in draft.answers)


def _wrongly_typed(form: PageForm) -> bool:
    """Whether something was typed that cannot be kept; something that is only missing is no error here."""
    return any(
        field.errors and any(value.strip() for values in field.typed.values() for value in values)
        for field in form.question_fields().values()
    )


def _struck_out(draft: Draft, page: Page) -> dict[str, Any]:
    """The parties that were struck out on a page that names some; those it does not name stay so."""
    if not naming.strikes_out(draft, page):
        return {}
    before = set(draft.answers.get("parties") or ()) - _known("named")
    return {"parties": sorted(before | _known("parties"))}


def _named(draft: Draft, page: Page) -> set[str] | None:
    """The parties that the page named to the person: those in the form that this page really names.

    None if the person was interviewed elsewhere or on paper, and so was not there.
    """
    if not naming.strikes_out(draft, page):
        return None
    if draft.on_paper or draft.status == "completed":
        return set()
    return _known("named") & naming.names_on(draft, by=access.actor())


def _known(field: str) -> set[str]:
    known = country().in_force(clock.now()).parties
    return {code for code in request.form.getlist(field)[:100] if code in known}


def _leaves() -> bool:
    return "without" in request.form


def _before_complete() -> bool:
    """Whether a button was pressed that keeps what is there already, before the page is complete."""
    return _leaves() or not {"leave", "aloud", "spoken"}.isdisjoint(request.form)


def _go_on_after(draft: Draft, page: str) -> BaseResponse:
    """The next page of the journey; back to an earlier one that this answer opened again."""
    following = draft.journey.after(page)
    to_do = draft.page_to_do
    if following is None or draft.pages.index(to_do) < draft.pages.index(following):
        return _to_page(draft, to_do)
    return _to_page(draft, following)


def _finish(draft: Draft, page: Page, form: PageForm, given: dict[str, Any], seen: int) -> Answer:
    """The last page: send the interview to the shelter that was picked, or end it, as the pressed button says."""
    by = access.actor()
    named = _named(draft, page)
    warned = interview_pages.warned_of_form(draft, page)
    last = LastPage(page.id, given, seen, named, warned)
    picked = None
    handouts.remember(draft, draft.filled(page.id, given))
    if draft.page_to_do.id != page.id:
        saved = actions.save_page(draft=draft, page=page.id, given=given, seen=seen, by=by, named=named, warned=warned)
        return _to_page(saved, saved.page_to_do)
    try:
        ends, asked_to_end = interview_pages.is_end(draft, page, given), "end" in request.form
        refused = interview_pages.is_refused(draft, page, given)
        if ends != asked_to_end and not refused and "assessment" in page.questions:
            field = form.question_fields()["assessment"]
            field.errors = [gettext(interview_endings.NOT_SENT if ends else interview_endings.NOT_ENDED)]
            return interview_pages.again(draft, page, form, by=by)
        if ends:
            preset = proposed_routes.preset_shelter(draft, by=by)
            return interview_endings.after_last_page(draft, last, preset=preset)
        picked = SendInterviewForm(request.form)
        proposed = proposed_routes.proposal_with(draft, page, given, by=by)
        routed = {choice.party for choice in proposed.proposed}
        others = {choice.party for choice in proposed.choices} - routed
        answers = draft.filled(page.id, given)
        agreed = consent_of(draft.questionnaire, answers) == "given"
        unnamed = (routed | others) - (draft.named if named is None else named) if agreed else set()
        if not picked.accept(routed, others, unnamed, given.get("parties", ())):
            return interview_pages.again(draft, page, form, by=by, picked=picked, answers=answers)
        if picked.said is ByName.NO:
            struck = {picked.party.data, *given.get("parties", ())}
            after = actions.strike_out(draft=_as_seen(draft, seen), parties=struck, by=by)
            picked.party.errors = [REFUSALS[ReferralRefusal.STRUCK_OUT]]
            picked.party.data, picked.asks = None, False
            return interview_pages.again(after, page, form, by=by, picked=picked, revision=after.revision)
        interview_sending.send(
            interview_id=draft.interview_id,
            party=picked.party.data,
            override_reason=picked.reason if picked.party.data in others else "",
            last=last,
            by_name=picked.said,
            by=by,
        )
    except Incomplete as error:
        return _to_page(draft, error.page)
    except paper_entries.EnteredTwice:
        return redirect(url_for("paper_forms.twin_page", interview_id=draft.interview_id), 303)
    except interview_sending.ReferralRefused as error:
        assert picked is not None
        if error.reason is ReferralRefusal.BY_NAME:  # the route changed in the same instant
            picked.answered(picked.party.data)
        else:
            picked.party.errors = [REFUSALS[error.reason]]
        return interview_pages.again(draft, page, form, by=by, picked=picked)
    helpline.was_sent(draft.interview_id)
    return redirect(url_for("interviews.sent", interview_id=draft.interview_id), 303)


def _as_seen(draft: Draft, seen: int) -> Draft:
    """The draft, if it is still the revision that the form was made from; raises StaleAnswers."""
    if draft.revision != seen:
        raise StaleAnswers(draft)
    return draft


@blueprint.get("/interviews/<uuid:interview_id>/without")
@access.requires(Permission.INTERVIEW_CONDUCT)
def without_page(interview_id: uuid.UUID) -> Answer:
    """What becomes of what was told when the person leaves without a shelter and did not say no."""
    by = access.actor()
    try:
        draft = actions.read(interview_id=interview_id, by=by)
    except OpeningEnded:
        return _ask_to_continue(interview_id, "")
    except NoLongerDraft as error:
        return _address_after_ending(interview_id, error)
    if draft.owner_id != by.member_id:
        raise NotTheirsToEnd
    if interview_endings.is_a_childs(draft):
        return interview_endings.ask_again(interview_id, discard=False)
    if not actions.may_leave(draft):
        return _to_page(draft, draft.page_to_do)
    return _leaving(draft, LeaveForm(), 200)


def _leaving(draft: Draft, form: LeaveForm, status: int) -> tuple[str, int]:
    kept = country().retention
    return (
        render_template(
            "interviews/interviews/without.html",
            interview_id=draft.interview_id,
            code=draft.pseudonym,
            back=draft.page_to_do.id,
            rows=interview_endings.said(draft),
            asks_reason=bool(actions.against(draft, draft.answers, leaves=True)),
            counted=actions.is_undecided(draft),
            form=form,
            numbers=proposed_routes.numbers_left(draft, draft.answers, by=access.actor()),
            leaflets=handouts.of_talk(draft, draft.answers),
            hours=kept.hold_hours,
            minutes=kept.refused_minutes,
        ),
        status,
    )


@blueprint.post("/interviews/<uuid:interview_id>/without")
@access.requires(Permission.INTERVIEW_CONDUCT)
def without(interview_id: uuid.UUID) -> Answer:
    try:
        draft = interview_pages.draft_of_form(interview_id, actions.read)
        handouts.remember(draft, draft.answers)
        form = LeaveForm(request.form)
        # What is wrong with a sentence is said only where one is asked for.
        sentence = str(form.sentence.data) if form.validate() else ""
        reason = str(form.reason.data or "")
        actions.leave(interview_id=interview_id, reason=reason, sentence=sentence, by=access.actor())
    except NoLongerDraft as error:
        return _address_after_ending(interview_id, error)
    except actions.ChildWaits:
        return interview_endings.ask_again(interview_id, discard=False)
    except actions.ReasonNeeded:
        return _leaving(draft, form, 422)
    except actions.NotAnEnd:
        return _go_on(interview_id)
    except paper_entries.EnteredTwice:
        return redirect(url_for("paper_forms.twin_page", interview_id=interview_id), 303)
    return interview_endings.after_ending(interview_id, "undecided")


@blueprint.get("/interviews/<uuid:interview_id>/discard")
@access.requires(Permission.INTERVIEW_CONDUCT)
def discard_page(interview_id: uuid.UUID) -> Answer:
    """What is in the draft and would be destroyed."""
    return _asked_once_more(interview_id, discard=True)


@blueprint.post("/interviews/<uuid:interview_id>/discard")
@access.requires(Permission.INTERVIEW_CONDUCT)
def discard(interview_id: uuid.UUID) -> Answer:
    return _confirmed(interview_id, discard=True)


@blueprint.get("/interviews/<uuid:interview_id>/end")
@access.requires(Permission.INTERVIEW_CONDUCT)
def end_page(interview_id: uuid.UUID) -> Answer:
    """What was said and would be destroyed, before an interview ends without a case."""
    return _asked_once_more(interview_id, discard=False)


@blueprint.post("/interviews/<uuid:interview_id>/end")
@access.requires(Permission.INTERVIEW_CONDUCT)
def end(interview_id: uuid.UUID) -> Answer:
    return _confirmed(interview_id, discard=False)


def _asked_once_more(interview_id: uuid.UUID, *, discard: bool) -> Answer:
    try:
        draft = actions.read(interview_id=interview_id, by=access.actor())
    except OpeningEnded:
        return _ask_to_continue(interview_id, "discard" if discard else "end")
    except NoLongerDraft as error:
        return _address_after_ending(interview_id, error)
    if draft.owner_id != access.actor().member_id:
        raise NotTheirsToEnd
    ending = interview_endings.outcome(draft, discard=discard)
    if ending is None:
        return _to_page(draft, draft.page_to_do)
    return interview_endings.show(draft, ending)


def _confirmed(interview_id: uuid.UUID, *, discard: bool) -> Answer:
    try:
        draft = interview_pages.draft_of_form(interview_id, actions.read)
        if draft.owner_id != access.actor().member_id:
            raise NotTheirsToEnd
        ending = interview_endings.outcome(draft, discard=discard)
        if ending is None:
            return _to_page(draft, draft.page_to_do)
        return interview_endings.carry_out(draft, ending, interview_pages.revision_of_form())
    except StaleAnswers as error:
        now = interview_endings.outcome(error.current, discard=discard)
        if now is None:
            return _to_page(error.current, error.current.page_to_do)
        return interview_endings.show(error.current, now, status=409)
    except Incomplete as error:
        return _to_page(draft, error.page)
    except paper_entries.EnteredTwice:
        return redirect(url_for("paper_forms.twin_page", interview_id=interview_id), 303)
    except NoLongerDraft as error:
        return _address_after_ending(interview_id, error)


@blueprint.get("/interviews/ended/<ending>")
@access.requires(Permission.INTERVIEW_CONDUCT)
def ended(ending: str) -> str:
    """What was kept and what was destroyed, without any code: nothing leads back to the person. It says so to whom
    ending an interview led here, for ten minutes; to everybody else there is no such page (ADR 0239)."""
    if ending not in ENDINGS or not told_once.was_led():
        raise NotVisible
    return render_template(
        "interviews/interviews/ended.html",
        ending=ending,
        telephone=country().emergency.helpline,
        leaflets=handouts.after_talk(None),
        groups=groups.under_way(access.actor()),
    )


@blueprint.get("/interviews/<uuid:interview_id>/sent")
@access.requires(Permission.INTERVIEW_CONDUCT)
def sent(interview_id: uuid.UUID) -> Answer:
    """The code, who answers by when, who was told or not yet, whom to call."""
    by = access.actor()
    row = store.interview(interview_id, by=by)
    if row.status != "sent":
        return redirect(url_for("interviews.tasks", interview_id=interview_id), 303)
    line = _newest_referral(interview_id)
    return render_template(
        "interviews/interviews/sent.html",
        line=line,
        send_now=referral_store.waits_for_keys(line),
        told=draft_lines.told(store.to_be_told(interview_id, by=by)),
        duty=handouts.duty_of(line),
        closed=handouts.closed_desk(line),
        post=by.kind in POSTS,
        status_labels=STATUS_LABELS,
        leaflets=handouts.after_talk(interview_id),
        interview_id=interview_id,
        groups=groups.under_way(by),
        announced=announced_returns.sent_part(interview_id),
        calls=helpline.sent_part(),
    )


def _newest_referral(interview_id: uuid.UUID) -> ReferralLine:
    by = access.actor()
    return referral_store.referral(store.hand_over_referral(interview_id, by=by).id, by=by)


@blueprint.get("/interviews/<uuid:interview_id>/answer")
@access.requires(Permission.INTERVIEW_CONDUCT)
def answer(interview_id: uuid.UUID) -> str:
    """The part of the page of what was sent that says who answers. The page asks for it by itself, so it does not
    prolong the session (`sessions.UNSEEN`)."""
    line = _newest_referral(interview_id)
    return render_template(
        "interviews/interviews/answer.html",
        line=line,
        send_now=referral_store.waits_for_keys(line),
        duty=handouts.duty_of(line),
        closed=handouts.closed_desk(line),
        post=access.actor().kind in POSTS,
        status_labels=STATUS_LABELS,
        interview_id=interview_id,
    )
