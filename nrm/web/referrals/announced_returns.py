"""Returns announced before they happen: recording one, expecting one, and what became of it."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import TypeVar

from flask import Blueprint, g, redirect, render_template, request, url_for
from markupsafe import Markup
from werkzeug.wrappers import Response as BaseResponse

from forms import SelectChoice
from forms.names import country_code, country_name
from forms.referrals.announced_returns import (
    AGE_LABELS,
    BACK_REASON_LABELS,
    IDENTITY_FIELDS,
    IMPOSSIBLE,
    ORIGIN_LABELS,
    STATUS_LABELS,
    AnnounceReturnForm,
    OpenNoticeForm,
    SentOneForm,
    TakeBackForm,
)
from nrm import clock
from nrm.actions.referrals import announced_returns as actions
from nrm.domain.accounts.accounts import NotVisible, OrganisationKind, Permission
from nrm.domain.presses import SentAlready
from nrm.domain.quarters import Quarter
from nrm.domain.referrals.announced_returns import (
    OPEN,
    ORIGINS_OF,
    TO_SEE,
    UNTOLD,
    AnnouncedReturnRefusal,
    AnnouncedReturnRefused,
    AnnouncedReturnStatus,
    Announcement,
    BackReason,
    Origin,
    Said,
)
from nrm.domain.referrals.duty import OLD_AFTER
from nrm.domain.shelter.cases import Purpose
from nrm.domain.words import N_
from nrm.steps.referrals import announced_returns as steps
from nrm.store import days, names
from nrm.store.countries import country
from nrm.store.interviews import interviews as interview_store
from nrm.store.referrals import announced_returns as store
from nrm.store.referrals import notices_told
from nrm.web import access, carrying, errors, formats
from nrm.web.accounts import told_once
from nrm.web.choices import label_of, of_list
from nrm.web.interviews import helpline
from nrm.web.language import current_language, gettext, text_in, translated

blueprint = Blueprint("announced_returns", __name__)
Answer = BaseResponse | tuple[str, int] | str

_, OVER = IMPOSSIBLE[AnnouncedReturnRefusal.STATE]
NOT_BACK = N_("This notice was not taken back: take it back first, then announce the return again.")


SHOWN = 6
"""How many the Responsible Authority's home page shows; all posts together may expect many."""
UNRESOLVED = (*UNTOLD, Said.TAKEN_BACK)
"""What was said of somebody of whom nothing tells where they are: these come first, then whose interview ended."""


def _rank(line: store.ExpectedLine) -> int:
    if line.said in UNRESOLVED or (line.said == Said.ARRIVED and line.late):
        return 0
    return 1 if line.said == Said.ENDED else 2


def expected_part() -> Markup:
    """The part of a home page that says whom to expect; empty where nobody is."""
    lines = store.listed(by=access.actor())
    if not lines and told_once.word("did") != "taken_back":
        return Markup("")
    shown, authority = lines, _is_authority()
    if authority:
        recent = clock.today(country().timezone) - OLD_AFTER
        new = [line for line in lines if line.expected_on > recent or _rank(line) < 2]
        shown = sorted(new, key=_rank)[:SHOWN]
    part = render_template(
        "referrals/announced_returns/expected.html",
        lines=shown,
        more=len(lines) - len(shown),
        country_of=_country,
        authority=authority,
        back_reasons=BACK_REASON_LABELS,
        made=_made(lines),
        ages=AGE_LABELS,
    )
    return Markup(part)  # noqa: S704 - a template of ours, escaped there


@blueprint.get("/notices")
@access.requires(Permission.NOTICE_RECEIVE)
def index() -> str:
    """Everybody who is expected, or did not come."""
    return render_template(
        "referrals/announced_returns/index.html",
        lines=store.listed(by=access.actor()),
        more=0,
        country_of=_country,
        authority=_is_authority(),
        back_reasons=BACK_REASON_LABELS,
    )


_Made = TypeVar("_Made", store.ExpectedLine, store.RecordedLine)


def _made(lines: Sequence[_Made]) -> _Made | None:
    """The one that was announced just now, of what a page lists: it is read back once."""
    notice = told_once.word("notice")
    return next((line for line in lines if str(line.id) == notice), None)


def recorded_part() -> Markup:
    """The part of a home page that says what became of one's own notices."""
    by = access.actor()
    lines = store.recorded(by=by)
    part = render_template(
        "referrals/announced_returns/recorded.html",
        lines=lines,
        told=notices_told.lines(by=by) if g.top.notices_told else [],
        made=_made(lines),
        country_of=_country,
        labels=STATUS_LABELS,
        ages=AGE_LABELS,
        back_reasons=BACK_REASON_LABELS,
        quarter_of=lambda day: str(Quarter.of(day)),
    )
    return Markup(part)  # noqa: S704 - a template of ours, escaped there


def sent_part(interview_id: uuid.UUID) -> Markup:
    """The part of the page of what was sent that asks whether the person was announced, where somebody is expected, or
    shows who was said to be it; never who it is (ADR 0240)."""
    by = access.actor()
    if not by.may(Permission.NOTICE_RECEIVE):
        return Markup("")
    said = store.said_of_sent(interview_id, by=by)
    if said is None and not store.may_be_of(interview_id, by=by):
        return Markup("")
    part = render_template("referrals/announced_returns/sent_part.html", said=said, interview_id=interview_id)
    return Markup(part)  # noqa: S704 - a template of ours, escaped there


def _country(code: str) -> str:
    return country_name(code, current_language())


def _is_authority() -> bool:
    return access.actor().kind is OrganisationKind.RESPONSIBLE_AUTHORITY


@blueprint.get("/notices/new")
@access.requires(Permission.NOTICE_ANNOUNCE)
def announce_page() -> Answer:
    form = _form()
    form.id.data = str(uuid.uuid4())
    again = request.args.get("again", "")
    if again and not _filled_again(form, again):
        return errors.error_page(409, NOT_BACK)
    return render_template("referrals/announced_returns/announce.html", form=form)


def _filled_again(form: AnnounceReturnForm, again: str) -> bool:
    """Fill in what is not sealed of a notice that was taken back, and of no other. How many come along stands in the
    address where nothing of it is kept. Raises NotVisible."""
    try:
        notice = store.own(uuid.UUID(again), by=access.actor())
    except ValueError as error:
        raise NotVisible from error
    if notice.status != AnnouncedReturnStatus.CANCELLED:
        return False
    form.again.data = str(notice.id)
    form.origin.data, form.country.data, form.child.data = notice.origin, _country(notice.country), notice.child
    form.post.data = names.organisation(notice.post_id).code
    come = request.args.get("come", "")[:3] or str(notice.companions or "")
    form.companions.data = come if come.isascii() and come.isdigit() else ""
    form.needs.data = list(notice.needs or ())
    return True


def _form() -> AnnounceReturnForm:
    form = AnnounceReturnForm(request.form)
    kind = access.actor().kind
    origins = ORIGINS_OF.get(kind, ()) if kind is not None else ()
    form.origin.choices = [SelectChoice(value=str(each), label=ORIGIN_LABELS[each]) for each in origins]
    form.post.choices = [
        SelectChoice(value="", label=N_("Choose")),
        *(SelectChoice(value=each.code, label=text_in(each.names)) for each in names.posts(days.today())),
    ]
    form.needs.choices = of_list("needs")
    return form


@blueprint.post("/notices")
@access.requires(Permission.NOTICE_ANNOUNCE)
def announce() -> Answer:
    form = _form()
    try:
        press = carrying.pressed(form.id.data, by=access.actor())
    except ValueError:
        return errors.error_page(422)
    posts = {each.code: each.id for each in names.posts(days.today())}
    if form.validate() and form.post.data not in posts:
        form.post.errors = [N_("Choose the crossing point")]
    if form.errors:
        return render_template("referrals/announced_returns/announce.html", form=form), 422
    assert form.day.data is not None
    announced = Announcement(
        origin=Origin(form.origin.data),
        country=country_code(form.country.data or "") or "",
        expected_on=form.day.data,
        child=form.child.data,
        hour=int(form.hour.data) if form.hour.data else None,
        companions=int((form.companions.data or "").strip() or 0),
        needs=frozenset(form.needs.data or ()),
    )
    in_time = form.comes_in_time(days.today(), clock.now(), country().timezone)
    alike = notices_told.alike(announced, post_id=posts[form.post.data], but=press.id, by=access.actor())
    if alike is not None and notices_told.is_sent(press, by=access.actor()):
        return _sent_already(form, alike)
    new = alike is None or form.is_meant(str(alike.id), name=alike.name, at=alike.at)
    if not (in_time and new):
        return render_template("referrals/announced_returns/announce.html", form=form), 422
    try:
        actions.announce(
            notice_id=press.id,
            post_id=posts[form.post.data],
            announced=announced,
            identity=form.identity,
            press=press,
            by=access.actor(),
        )
    except SentAlready:
        return _sent_already(form, alike)
    except AnnouncedReturnRefused as error:
        field, what = IMPOSSIBLE[error.reason]
        if not field:
            return errors.error_page(409, what)
        form[field].errors = [what]
        return render_template("referrals/announced_returns/announce.html", form=form), 422
    helpline.was_done(request.args.get("call", "")[:36])
    return told_once.lead(url_for("home.index", did="announced", notice=press.id))


def _sent_already(form: AnnounceReturnForm, alike: notices_told.Alike | None) -> Answer:
    """Whoever is told that the form was sent already is asked by that whether it is another person, and not again."""
    form.id.data = str(carrying.sent_already(form.origin))
    if alike is not None:
        form.asked_alike.data, form.is_another.data = str(alike.id), True
    return render_template("referrals/announced_returns/announce.html", form=form), 409


@blueprint.get("/notices/<uuid:notice_id>/cancel")
@access.requires(Permission.NOTICE_ANNOUNCE)
def cancel_page(notice_id: uuid.UUID) -> Answer:
    return _cancel_page(notice_id, TakeBackForm(), 200)


def _cancel_page(notice_id: uuid.UUID, form: TakeBackForm, status: int) -> Answer:
    notice = store.own(notice_id, by=access.actor())
    if notice.expected_on is None or notice.status not in OPEN:
        return errors.error_page(409, OVER)
    page = render_template(
        "referrals/announced_returns/cancel.html",
        notice=notice,
        line=store.own_line(notice_id, by=access.actor()),
        ages=AGE_LABELS,
        country_of=_country,
        overdue=steps.is_overdue(notice),
        needs_reason=steps.needs_reason(notice, by=access.actor()),
        form=form,
    )
    return page, status


@blueprint.post("/notices/<uuid:notice_id>/cancel")
@access.requires(Permission.NOTICE_ANNOUNCE)
def cancel(notice_id: uuid.UUID) -> Answer:
    """Take it back; where the duty desk is to read it, with a reason. Who returns on another day, or elsewhere, is
    announced again on the page to which it leads (ADR 0257)."""
    form = TakeBackForm(request.form)
    why = BackReason(form.why.data) if form.validate() else None
    come = store.own(notice_id, by=access.actor()).companions
    try:
        actions.cancel(notice_id=notice_id, why=why, by=access.actor())
    except AnnouncedReturnRefused as error:
        if error.reason is AnnouncedReturnRefusal.REASON:
            return _cancel_page(notice_id, form, 422)
        return errors.error_page(409, OVER)
    if why is BackReason.ELSEWHERE or request.form.get("again"):
        new = url_for("announced_returns.announce_page", again=notice_id, come=come or None, did="taken_back")
        return told_once.lead(new)
    return told_once.lead(url_for("home.index", did="taken_back"))


@blueprint.post("/notices/<uuid:notice_id>/seen")
@access.requires(Permission.REFERRAL_DIRECT)
def back_seen(notice_id: uuid.UUID) -> Answer:
    """The duty desk has seen that it was taken back, or that its interview told nothing. Where that destroys who it was
    it is asked once more, and only a page that says what is said now does it (ADR 0239)."""
    by, read, sure = access.actor(), request.form.get("read", "")[:40], request.form.get("sure") == "yes"
    line = _to_destroy(notice_id)
    if line is not None and line.said_at is not None and (not sure or not read):
        if read not in ("", line.said_at.isoformat()):
            return errors.error_page(409, OVER)
        return render_template(
            "referrals/announced_returns/seen_sure.html", line=line, back_reasons=BACK_REASON_LABELS, ages=AGE_LABELS
        ), 200
    try:
        actions.back_seen(notice_id=notice_id, read=read, by=by)
    except AnnouncedReturnRefused as error:
        return errors.error_page(409, IMPOSSIBLE[error.reason][1])
    return redirect(url_for("home.index"), 303)


def _to_destroy(notice_id: uuid.UUID) -> store.ExpectedLine | None:
    """A return of which the press of the duty desk destroys who it was; None of another, or once that is done."""
    try:
        line = store.one_expected(notice_id, by=access.actor())
    except NotVisible:
        return None
    return line if line.said in TO_SEE and line.status not in OPEN else None


@blueprint.get("/notices/<uuid:notice_id>")
@access.requires(Permission.NOTICE_RECEIVE)
def show(notice_id: uuid.UUID) -> Answer:
    """Who is expected and when; the name only after it was opened. An old window of whoever began the interview says
    what became of it, and where that goes on."""
    try:
        return _show(notice_id, OpenNoticeForm(), 200)
    except NotVisible:
        begun = store.begun_by_me(notice_id, by=access.actor())
        if begun is None:
            raise
        return render_template("referrals/announced_returns/begun.html", notice=begun), errors.NOTHING_THERE


def _show(notice_id: uuid.UUID, form: OpenNoticeForm, status: int) -> tuple[str, int]:
    by = access.actor()
    line = store.one_expected(notice_id, by=by)
    identity = actions.opened(notice_id=notice_id, by=by)
    rows = None
    if identity is not None:
        rows = [(translated(label), identity[name]) for name, label in IDENTITY_FIELDS.items() if name in identity]
    page = render_template(
        "referrals/announced_returns/show.html",
        line=line,
        back_reasons=BACK_REASON_LABELS,
        form=form,
        rows=rows,
        country=_country(line.country),
        origin=ORIGIN_LABELS[Origin(line.origin)],
        needs=", ".join(label_of("needs", code) for code in line.needs),
        receives=by.may(Permission.INTERVIEW_CONDUCT),
        closed=line.status == AnnouncedReturnStatus.ARRIVED and not line.late and line.said != Said.ENDED,
        authority=_is_authority(),
        unseen=line.said in TO_SEE,
        new_id=uuid.uuid4(),
    )
    return page, status


@blueprint.post("/notices/<uuid:notice_id>/open")
@access.requires(Permission.NOTICE_RECEIVE)
def open_identity(notice_id: uuid.UUID) -> Answer:
    """Open what is sealed for the purpose that is named; the opening is recorded before anything is shown."""
    form = OpenNoticeForm(request.form)
    if not form.validate():
        return _show(notice_id, form, 422)
    actions.open_identity(notice_id=notice_id, purpose=Purpose(form.purpose.data), by=access.actor())
    return redirect(url_for("announced_returns.show", notice_id=notice_id), 303)


@blueprint.post("/notices/<uuid:notice_id>/arrived")
@access.requires(Permission.INTERVIEW_CONDUCT)
def arrived(notice_id: uuid.UUID) -> Answer:
    """One click: the interview begins, with the answer that the return was announced."""
    try:
        interview_id = uuid.UUID(request.form.get("id", "")[:36])
    except ValueError:
        return errors.error_page(422)
    try:
        begun = actions.arrive(notice_id=notice_id, interview_id=interview_id, by=access.actor())
    except AnnouncedReturnRefused:
        return errors.error_page(409, OVER)
    return redirect(url_for("interviews.tasks", interview_id=begun), 303)


@blueprint.get("/notices/sent/<uuid:interview_id>")
@access.requires(Permission.INTERVIEW_CONDUCT)
def of_sent_page(interview_id: uuid.UUID) -> Answer:
    """Which of those who are expected was handed over with an interview that did not begin with "has arrived"."""
    return _of_sent(interview_id, _sent_form(interview_id), 200)


def _sent_form(interview_id: uuid.UUID) -> SentOneForm:
    form = SentOneForm(request.form)
    lines = store.may_be_of(interview_id, by=access.actor())
    form.notice.choices = [SelectChoice(value=str(line.id), label=_in_a_line(line)) for line in lines]
    return form


def _of_sent(interview_id: uuid.UUID, form: SentOneForm, status: int) -> tuple[str, int]:
    if interview_store.interview(interview_id, by=access.actor()).status != "sent":
        raise NotVisible
    page = render_template("referrals/announced_returns/of_sent.html", form=form, interview_id=interview_id)
    return page, status


def _in_a_line(line: store.ExpectedLine) -> str:
    """Who is expected, without who it is."""
    day = formats.day(line.expected_on, current_language())
    when = day if line.hour is None else f"{day}, {line.hour:02}:00"
    return ", ".join((when, translated(AGE_LABELS[line.child]), _country(line.country)))


@blueprint.post("/notices/sent/<uuid:interview_id>")
@access.requires(Permission.INTERVIEW_CONDUCT)
def of_sent(interview_id: uuid.UUID) -> Answer:
    """The person was announced: the duty desk reads it, and until then nothing of it is destroyed."""
    by, form = access.actor(), _sent_form(interview_id)
    if store.said_of_sent(interview_id, by=by) is None:  # else it was pressed twice, or said by a colleague
        if not form.validate():
            return _of_sent(interview_id, form, 422)
        try:
            actions.sent_otherwise(notice_id=uuid.UUID(form.notice.data), interview_id=interview_id, by=by)
        except AnnouncedReturnRefused as error:
            return errors.error_page(409, IMPOSSIBLE[error.reason][1])
    return redirect(url_for("interviews.sent", interview_id=interview_id), 303)


@blueprint.post("/notices/<uuid:notice_id>/another")
@access.requires(Permission.INTERVIEW_CONDUCT)
def another(notice_id: uuid.UUID) -> Answer:
    """It was another person who was handed over: the return is expected again."""
    try:
        interview_id = actions.another_was_sent(notice_id=notice_id, by=access.actor())
    except AnnouncedReturnRefused:
        return errors.error_page(409, OVER)
    return redirect(url_for("interviews.sent", interview_id=interview_id), 303)


@blueprint.get("/notices/<uuid:notice_id>/not-come")
@access.requires(Permission.NOTICE_RECEIVE)
def not_come_page(notice_id: uuid.UUID) -> Answer:
    line = store.one_expected(notice_id, by=access.actor())
    if line.status not in OPEN:
        return errors.error_page(409, OVER)
    if line.status == AnnouncedReturnStatus.ANNOUNCED and not line.late:
        return _early(line)
    if line.said in UNTOLD:
        return errors.error_page(409, IMPOSSIBLE[AnnouncedReturnRefusal.SAID][1])
    return render_template("referrals/announced_returns/not_come.html", line=line)


def _early(line: store.ExpectedLine) -> Answer:
    said = gettext(
        "The hour for which this return is announced is not over yet: from %(moment)s on you can say that the person "
        "did not come. Is the day or the crossing point wrong? Call whoever announced it: they take it back and "
        "announce it again.",
        moment=formats.moment(line.late_from, current_language()),
    )
    return errors.error_page(409, said)


@blueprint.post("/notices/<uuid:notice_id>/not-come")
@access.requires(Permission.NOTICE_RECEIVE)
def not_come(notice_id: uuid.UUID) -> Answer:
    try:
        actions.not_come(notice_id=notice_id, by=access.actor())
    except AnnouncedReturnRefused as error:
        if error.reason is AnnouncedReturnRefusal.EARLY:
            return _early(store.one_expected(notice_id, by=access.actor()))
        return errors.error_page(409, IMPOSSIBLE[error.reason][1])
    return redirect(url_for("home.index"), 303)
