"""Random monitoring: drawing a quarter, scoring what was drawn, what posts are asked to mend; a post sees its own."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from forms import SelectChoice
from forms.interviews.monitoring import (
    ACTION_LABELS,
    AGREEMENT_LABELS,
    DIFFERING_LABELS,
    MARK_LABELS,
    OUTCOME_LABELS,
    OWNER_LABELS,
    REFUSED,
    AskToMendForm,
    CheckMendedForm,
    ScoreForm,
    score_form,
)
from nrm.actions.interviews import monitoring as actions
from nrm.domain.accounts.accounts import Permission, Role
from nrm.domain.interviews.interviews import Questionnaire
from nrm.domain.interviews.monitoring import (
    DrawRefusal,
    DrawRefused,
    MonitoringRefusal,
    MonitoringRefused,
    RemedyAction,
    RemedyOutcome,
    RemedyOwner,
)
from nrm.domain.quarters import Quarter, UnreadableQuarter
from nrm.domain.words import N_
from nrm.store import names as organisation_names
from nrm.store.countries import country
from nrm.store.days import today
from nrm.store.interviews import monitoring as store
from nrm.web import access, errors, home
from nrm.web.language import current_language, gettext, text_in

blueprint = Blueprint("monitoring", __name__)
Answer = BaseResponse | tuple[str, int] | str

NOT_DRAWN = {
    DrawRefusal.RUNNING: N_("The quarter is not over yet: it is drawn from the day after its last day."),
    DrawRefusal.NO_SEED: N_("This quarter has no seed yet; it is made within a day."),
    DrawRefusal.DRAWN: N_("This quarter was drawn before. A draw is made once."),
}
PAGE_WORDS = {
    "under_1": N_("under 1 minute"),
    "1_5": N_("1 to 5 minutes"),
    "5_15": N_("5 to 15 minutes"),
    "over_15": N_("over 15 minutes"),
    "": N_("not known"),
}
DURATION_WORDS = {
    "under_10": N_("under 10 minutes"),
    "10_30": N_("10 to 30 minutes"),
    "30_60": N_("30 to 60 minutes"),
    "1_3h": N_("1 to 3 hours"),
    "over_3h": N_("over 3 hours"),
    "": N_("not known, it was typed in later"),
}
TOLD_WORDS = {
    "": N_("no child"),
    "known": N_("told, and it said in time that it knows"),
    "told": N_("told, it still had time to say that it knows"),
    "late": N_("told, but it did not say in time that it knows"),
}
OUTCOME_WORDS = {
    "possible": N_("possible victim"),
    "suspected": N_("suspected"),
    "none": N_("no indicator"),
    "": N_("not kept, or not assessed"),
}


@dataclass(frozen=True, slots=True)
class DrawLine:
    """One quarter on the home page; `may_draw` once it is over."""

    quarter: str
    committed_on: object
    drawn_on: object
    may_draw: bool


@home.page(Role.MONITOR)
def monitor_home() -> str:
    """What waits for the monitor: quarters to draw, interviews to score, remedies to check."""
    by = access.actor()
    lines = [
        DrawLine(each.quarter, each.committed_on, each.drawn_on, today() > Quarter.parse(each.quarter).end)
        for each in store.draws(by=by)
    ]
    to_draw = [each for each in lines if each.may_draw and not each.drawn_on]
    return render_template(
        "home/monitor.html",
        draws=[each for each in lines if each not in to_draw][:8],
        to_draw=to_draw[::-1],
        samples=store.to_score(by=by, limit=20),
        remedies=store.remedies(by=by, open_only=True),
        items=_items(),
        today=today(),
    )


def _items() -> dict[str, str]:
    checklist = country().checklist
    return {item.id: text_in(item.text) for item in checklist.items.values()} if checklist else {}


@blueprint.get("/monitoring/quarters/<quarter>")
@access.requires(Permission.MONITORING_SCORE)
def quarter_page(quarter: str) -> Answer:
    """The draw of a quarter: its commitment, afterwards its seed, and what was drawn."""
    try:
        wanted = Quarter.parse(quarter)
    except UnreadableQuarter:
        return errors.error_page(404)
    by = access.actor()
    row = store.draw_of(wanted, by=by)
    posts = {str(each.id): each.names for each in organisation_names.organisations_by_id().values()}
    return render_template(
        "interviews/monitoring/quarter.html",
        draw=row,
        may_draw=row.drawn_on is None and today() > wanted.end,
        late=row.committed_on > wanted.end,
        sizes=store.sizes(wanted, by=by),
        differing=[
            (posts[each], DIFFERING_LABELS[how]) for each, how in (row.differing or {}).items() if each in posts
        ],
    )


@blueprint.post("/monitoring/quarters/<quarter>/draw")
@access.requires(Permission.MONITORING_SCORE)
def draw(quarter: str) -> Answer:
    try:
        wanted = Quarter.parse(quarter)
        actions.draw(wanted, by=access.actor())
    except UnreadableQuarter:
        return errors.error_page(404)
    except DrawRefused as error:
        return errors.error_page(409, NOT_DRAWN[error.reason])
    return redirect(url_for("monitoring.quarter_page", quarter=str(wanted)), 303)


@blueprint.get("/monitoring/samples/<uuid:sample_id>")
@access.requires(Permission.MONITORING_SCORE)
def sample_page(sample_id: uuid.UUID) -> Answer:
    """One interview, as its procedure record tells of it, and the checklist."""
    found = store.sample(sample_id, by=access.actor())
    form = score_form(actions.items_of(found), current_language())()
    return _sample(found, form)


@blueprint.post("/monitoring/samples/<uuid:sample_id>")
@access.requires(Permission.MONITORING_SCORE)
def score(sample_id: uuid.UUID) -> Answer:
    by = access.actor()
    found = store.sample(sample_id, by=by)
    form = score_form(actions.items_of(found), current_language())(request.form)
    if found.mine is None and not found.full and not form.validate():
        return _sample(found, form, 422)
    try:
        actions.score(sample_id=sample_id, marks=form.marks, by=by)
    except MonitoringRefused as error:
        return errors.error_page(409, REFUSED[error.reason])
    return redirect(url_for("monitoring.after", sample_id=sample_id), 303)


@blueprint.get("/monitoring/samples/<uuid:sample_id>/after")
@access.requires(Permission.MONITORING_SCORE)
def after(sample_id: uuid.UUID) -> str:
    """It is scored: what was not met, and the next one."""
    by = access.actor()
    found = store.sample(sample_id, by=by)
    missed = [item for item, mark in (found.mine or {}).items() if mark == "not_met"]
    following = store.to_score(by=by, limit=1)
    return render_template(
        "interviews/monitoring/after.html",
        sample=found,
        missed=missed,
        items=_items(),
        following=following[0] if following else None,
    )


def _sample(found: store.Sample, form: ScoreForm, status: int = 200) -> tuple[str, int]:
    return (
        render_template(
            "interviews/monitoring/sample.html",
            sample=found,
            form=form,
            rows=_record_rows(found),
            pages=_pages(found),
            blank=_texts(found, found.record.not_asked) if found.record else [],
            marks=MARK_LABELS,
            items=_items(),
        ),
        status,
    )


def _record_rows(found: store.Sample) -> list[tuple[str, str]]:
    """The record in words, in the order in which it is checked."""
    record = found.record
    questionnaire = country().questionnaires.get(record.questionnaire) if record else None
    if record is None or questionnaire is None:
        return []
    words = questionnaire.language_words.get(record.language)
    name = text_in(words) if words else questionnaire.language_names.get(record.language)
    rows = [(gettext("Language of the interview"), name or gettext("another language"))]
    for question_id, code in record.answers.items():
        question = questionnaire.questions.get(question_id)
        if question is not None:
            option = question.option(code)
            rows.append((text_in(question.text), text_in(option.text) if option is not None else code))
    for each in record.wordings:
        rows.append(
            (
                gettext("Text read out: %(name)s", name=text_in(questionnaire.wordings[each["id"]].title)),
                gettext(
                    "%(language)s, version %(version)s, %(hash)s",
                    language=questionnaire.language_names.get(each["language"], each["language"]),
                    version=each["version"],
                    hash=each["sha256"][:12],
                ),
            )
        )
    rows += [
        (gettext("What the indicators say"), gettext(OUTCOME_WORDS[record.profile])),
        (gettext("What the officer said"), gettext(OUTCOME_WORDS[record.assessment])),
        (gettext("How long it took"), gettext(DURATION_WORDS[record.duration])),
        (gettext("Sent within 24 hours"), gettext("yes") if record.in_time == "yes" else gettext("no")),
        (gettext("Child protection"), gettext(TOLD_WORDS[record.child_told])),
    ]
    return rows


def _pages(found: store.Sample) -> list[tuple[str, str]]:
    questionnaire = country().questionnaires.get(found.record.questionnaire) if found.record else None
    if found.record is None or questionnaire is None:
        return []
    return [
        (text_in(questionnaire.pages[page].title), PAGE_WORDS[spent])
        for page, spent in found.record.pages.items()
        if page in questionnaire.pages
    ]


def _texts(found: store.Sample, names: list[str]) -> list[str]:
    questionnaire = country().questionnaires.get(found.record.questionnaire) if found.record else None
    if questionnaire is None:
        return []
    return [text_in(questionnaire.questions[name].text) for name in names if name in questionnaire.questions]


@blueprint.get("/monitoring/scores")
@access.requires(Permission.MONITORING_SCORE)
def scores() -> str:
    """Every post over the quarters, how far monitors agree, and what posts are asked to mend."""
    by = access.actor()
    table = store.scores(by=by)
    return render_template(
        "interviews/monitoring/scores.html",
        table=table,
        headings=_headings(table),
        agreement=AGREEMENT_LABELS[table.agreement],
        items=_items(),
        own=False,
        **_mending(),
    )


@blueprint.get("/monitoring/ours")
@access.requires(Permission.MONITORING_OWN)
def ours() -> str:
    """What monitoring found at the reader's own post, and what it is asked to mend."""
    table = store.scores(by=access.actor())
    return render_template(
        "interviews/monitoring/scores.html",
        table=table,
        headings=_headings(table),
        agreement="",
        items=_items(),
        own=True,
        **_mending(),
    )


def _mending() -> dict[str, object]:
    return {
        "remedies": store.remedies(by=access.actor()),
        "actions": ACTION_LABELS,
        "owners": OWNER_LABELS,
        "outcomes": OUTCOME_LABELS,
        "today": today(),
    }


def _headings(table: store.ScoreTable) -> list[object]:
    return [gettext("Post or help line"), *((quarter, "n") for quarter in table.quarters)]


@blueprint.get("/monitoring/remedies/new")
@access.requires(Permission.MONITORING_SCORE)
def mend_page() -> str:
    form = _mend_form()
    form.id.data = str(uuid.uuid4())
    form.post.data = request.args.get("post", "")[:36]
    form.item.data = request.args.get("item", "")[:40]
    return render_template("interviews/monitoring/mend.html", form=form)


def _mend_form() -> AskToMendForm:
    form = AskToMendForm(request.form)
    form.post.choices = [
        SelectChoice(value="", label=N_("Choose")),
        *(
            SelectChoice(value=str(post), label=text_in(names))
            for post, names in store.monitored_posts(by=access.actor())
        ),
    ]
    form.item.choices = [
        SelectChoice(value="", label=N_("Choose")),
        *(SelectChoice(value=item, label=words) for item, words in _items().items()),
    ]
    return form


@blueprint.post("/monitoring/remedies")
@access.requires(Permission.MONITORING_SCORE)
def mend() -> Answer:
    form = _mend_form()
    try:
        remedy_id = uuid.UUID((form.id.data or "")[:36])
    except ValueError:
        return errors.error_page(422)
    valid = form.validate()
    for field, words in ((form.post, N_("Choose the post")), (form.item, N_("Choose what was not met"))):
        if not field.data and not field.errors:
            field.errors, valid = [words], False
    if not valid or form.due.data is None:
        return render_template("interviews/monitoring/mend.html", form=form), 422
    try:
        actions.ask_to_mend(
            remedy_id=remedy_id,
            organisation_id=uuid.UUID(form.post.data),
            quarter=Quarter.of(today()),
            item=form.item.data,
            action=RemedyAction(form.action.data),
            owner=RemedyOwner(form.owner.data),
            due_on=form.due.data,
            by=access.actor(),
        )
    except MonitoringRefused as error:
        (form.due if error.reason is MonitoringRefusal.DUE else form.item).errors = [REFUSED[error.reason]]
        return render_template("interviews/monitoring/mend.html", form=form), 422
    return redirect(url_for("home.index"), 303)


@blueprint.get("/monitoring/remedies/<uuid:remedy_id>")
@access.requires(Permission.MONITORING_SCORE)
def check_page(remedy_id: uuid.UUID) -> Answer:
    """What was asked, and the question whether it was done."""
    return _check(store.remedy(remedy_id, by=access.actor()), CheckMendedForm())


def _check(remedy: store.RemedyLine, form: CheckMendedForm, status: int = 200) -> tuple[str, int]:
    return (
        render_template(
            "interviews/monitoring/check.html",
            remedy=remedy,
            form=form,
            items=_items(),
            actions=ACTION_LABELS,
            owners=OWNER_LABELS,
            outcomes=OUTCOME_LABELS,
            early=today() < remedy.due_on,
        ),
        status,
    )


@blueprint.post("/monitoring/remedies/<uuid:remedy_id>")
@access.requires(Permission.MONITORING_SCORE)
def check(remedy_id: uuid.UUID) -> Answer:
    form = CheckMendedForm(request.form)
    by = access.actor()
    if not form.validate():
        return _check(store.remedy(remedy_id, by=by), form, 422)
    try:
        actions.check_mended(remedy_id=remedy_id, outcome=RemedyOutcome(form.outcome.data), by=by)
    except MonitoringRefused as error:
        return errors.error_page(409, REFUSED[error.reason])
    return redirect(url_for("home.index"), 303)


@blueprint.get("/monitoring/screens")
@access.requires(Permission.MONITORING_SCORE)
def screens() -> str:
    """“No indicator” although the profile said otherwise: the coded answers, without place, hour and person."""
    found: list[tuple[str, list[tuple[str, str]]]] = []
    for each in store.negative_screens(by=access.actor()):
        questionnaire = country().questionnaires.get(each.questionnaire)
        if questionnaire is not None:
            line = (OUTCOME_WORDS[each.profile], _named(questionnaire, each.answers))
            if line not in found:  # once: how often it occurs is not shown
                found.append(line)
    return render_template(
        "interviews/monitoring/screens.html", screens=found, days=country().retention.negative_screen_days
    )


def _named(questionnaire: Questionnaire, answers: dict[str, object]) -> list[tuple[str, str]]:
    """(question, answer) of what carries an indicator and was said."""
    rows = []
    for name, value in answers.items():
        question = questionnaire.questions.get(name)
        if question is None:
            continue
        codes = value if isinstance(value, list) else [value]
        options = [option for option in question.options if option.code in codes and option.indicators]
        if options:
            rows.append((text_in(question.text), "; ".join(text_in(option.text) for option in options)))
    return rows
