"""After the shelter: what was agreed about staying in touch, each contact, and what the house owes (ADR 0152)."""

from __future__ import annotations

import uuid
from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from forms.shelter.cases import CASE_REFUSED
from forms.support.follow_ups import (
    ACT_LABELS,
    ENDED_LABELS,
    LISTS,
    REFUSED,
    RESULT_LABELS,
    STANDS_LABELS,
    STATE_LABELS,
    AgreeForChildForm,
    AgreeForm,
    ContactForm,
    EndForm,
)
from nrm import clock
from nrm.actions.support import follow_ups as actions
from nrm.domain.accounts.accounts import NotVisible, Permission
from nrm.domain.shelter.cases import CaseRefusal, CaseRefused
from nrm.domain.support.follow_ups import SAFE_IS_SHOWN, FollowUpRefusal, FollowUpRefused, Result, Safe, Stand, Stands
from nrm.domain.words import N_
from nrm.store.accounts import second_hands
from nrm.store.days import today
from nrm.store.shelter import cases, stays
from nrm.store.shelter.cases import CaseRelation, SeenCase
from nrm.store.support import follow_up_ends as ends
from nrm.store.support import follow_ups as store
from nrm.store.support import kept_ends
from nrm.web import access, errors, formats
from nrm.web.accounts import told_once
from nrm.web.choices import of_list
from nrm.web.language import current_language, gettext
from nrm.web.parts import Part
from nrm.web.support.follow_up_words import agreed, agreed_before, done, entered_last, fill, in_months, kept_ended, told

blueprint = Blueprint("follow_ups", __name__)
Answer = BaseResponse | tuple[str, int] | str
Words = list[tuple[str, str]] | None

CHANGED = N_(
    "Somebody wrote here in the meantime, so nothing is recorded yet. What you typed is here still: send it again"
)
OPEN_FIRST = N_("Open it first: the quarter of an hour is over.")
NOT_BY_YOU = N_(
    "What was agreed does not open for you, so nobody could say whether a benefit of the person waits. A colleague who "
    "can open it ends it."
)


def _held(case_id: uuid.UUID) -> SeenCase:
    """A case that the organisation holds, open or closed; raises NotVisible."""
    case = cases.case(case_id, by=access.actor())
    if case.relation is not CaseRelation.HOLDER:
        raise NotVisible
    return case


@blueprint.get("/follow-ups")
@access.requires(Permission.STAY_MANAGE)
def index() -> str:
    """Whom the house has to ask now or in the next weeks, and whoever is not safe first."""
    by = access.actor()
    return render_template(
        "support/follow_ups/index.html",
        lines=store.of_house(by=by),
        left=ends.ended_lately(by=by),
        ended=ENDED_LABELS,
        today=today(),
        months=in_months,
    )


@blueprint.get("/cases/<uuid:case_id>/follow-up")
@access.requires(Permission.STAY_MANAGE)
def show(case_id: uuid.UUID) -> Answer:
    """How the follow-up stands, what is to be done, and what is under seal for a session that opened it."""
    by = access.actor()
    case = _held(case_id)
    found = store.of_case(case_id, by=by)
    opened = actions.opened(case_id=case_id, by=by) if found is not None and found.is_kept else None
    return render_template(
        "support/follow_ups/show.html",
        case=case,
        found=found,
        rows=agreed(opened[0]) if opened else None,
        rows_before=agreed_before(opened[0]) if opened else [],
        told=told(opened[0]) if opened else [],
        done=done(opened[0]) if opened else [],
        may_be_told=found is not None and found.may_be_told(today()),
        waiting=found.waiting if found is not None else (),
        safe_lately=found is not None and found.safe is not None and found.safe.at > clock.now() - SAFE_IS_SHOWN,
        may_agree=second_hands.of_case(case_id, by=by) is None,
        ended_by=ends.who_ended(found) if found is not None and found.unsafe_at_end else None,
        kept=kept_ends.of_case(case_id, by=by) if found is not None and found.kept_until else None,
        kept_ended=kept_ended,
        erasure_stopped=bool(told_once.word("stopped")),
        same_day=bool(told_once.word("again")),
        alarm_stands=STANDS_LABELS[Stands(why)] if (why := told_once.word("stands")) else "",
        me=by.member_id,
        acts=ACT_LABELS,
        may_admit=case.status == "open" and stays.of_case(case_id, by=by).may_admit,
        states=STATE_LABELS,
        ended=ENDED_LABELS,
        months=in_months,
        today=today(),
    )


@blueprint.post("/cases/<uuid:case_id>/follow-up/open")
@access.requires(Permission.CASE_OPEN)
def open_words(case_id: uuid.UUID) -> Answer:
    """Open how the person is reached; recorded before anything is shown."""
    _held(case_id)
    try:
        actions.open_words(case_id=case_id, by=access.actor())
    except (CaseRefused, FollowUpRefused) as error:
        return _refused(error)
    return redirect(url_for("follow_ups.show", case_id=case_id), 303)


def _refused(error: CaseRefused | FollowUpRefused) -> Answer:
    return errors.error_page(409, _words(error))


def _words(error: CaseRefused | FollowUpRefused) -> str:
    return CASE_REFUSED[error.reason] if isinstance(error, CaseRefused) else REFUSED[error.reason]


@blueprint.get("/cases/<uuid:case_id>/follow-up/agree")
@access.requires(Permission.STAY_MANAGE)
def agree_page(case_id: uuid.UUID) -> Answer:
    """The questions; to change what was agreed it must be open."""
    case = _held(case_id)
    form = _agree_form(case)
    found = _standing(case_id)
    if second_hands.of_case(case_id, by=access.actor()) is not None:
        return errors.error_page(409, CASE_REFUSED[CaseRefusal.PARKED])
    if found is None and case.status != "open":
        return errors.error_page(409, CASE_REFUSED[CaseRefusal.CLOSED])
    before = _to_end(case_id)
    if found is None and before is not None and before.alarms:
        return errors.error_page(409, REFUSED[FollowUpRefusal.SAFE_FIRST])
    if found is not None:
        opened = actions.opened(case_id=case_id, by=access.actor())
        if opened is None:
            return errors.error_page(409, OPEN_FIRST)
        form.revision.data = str(opened[1])
        form.show(opened[0])
    return _agree_page(case, form)


def _standing(case_id: uuid.UUID) -> store.CaseLine | None:
    found = store.of_case(case_id, by=access.actor())
    return found if found is not None and found.ended_on is None else None


def _agree_form(case: SeenCase) -> AgreeForm:
    asks = case.age_class != "adult" and _standing(case.id) is None
    return (AgreeForChildForm if asks else AgreeForm)(request.form)


def _agree_page(
    case: SeenCase, form: AgreeForm, status: int = 200, stored: Words = None, gone: Words = None, *, closed: str = ""
) -> tuple[str, int]:
    """`stored`: what somebody else wrote meanwhile; `gone`: what of it is not in what was typed; `closed`: where it is
    opened first, by who does not read it now."""
    page = render_template(
        "support/follow_ups/agree.html",
        case=case,
        form=form,
        found=_standing(case.id),
        stored=stored,
        gone=gone,
        closed=closed,
    )
    return page, status


@blueprint.post("/cases/<uuid:case_id>/follow-up/agree")
@access.requires(Permission.STAY_MANAGE)
def agree(case_id: uuid.UUID) -> Answer:
    by = access.actor()
    case = _held(case_id)
    form = _agree_form(case)
    if not form.validate():
        return _agree_page(case, form, 422)
    seen, closed = form.revision.data or "", url_for("follow_ups.show", case_id=case_id)
    found = _standing(case_id)
    if found is not None and seen and actions.opened(case_id=case_id, by=by) is None:
        return _agree_page(case, form, 409, closed=closed)  # open for a quarter of an hour
    try:
        if found is None:
            child_return = isinstance(form, AgreeForChildForm) and form.child_return.data == "yes"
            actions.agree(case_id=case_id, words=form.words, child_return=child_return, by=by)
        elif seen.isascii() and seen.isdigit() and len(seen) < 10:
            actions.change(case_id=case_id, words=form.words, seen=int(seen), beside=form.meanwhile, by=by)
        else:
            return errors.error_page(409, REFUSED[FollowUpRefusal.STANDS])
    except (actions.StaleRevision, actions.WouldGo) as error:
        opened = actions.opened(case_id=case_id, by=by)
        if opened is None:
            return _agree_page(case, form, 409, closed=closed)
        if isinstance(error, actions.WouldGo):
            return _agree_page(case, form, 409, gone=agreed({name: opened[0][name] for name in error.names}))
        form.show_both(opened[0])
        form.revision.data = str(opened[1])
        return _agree_page(case, form, 409, agreed(opened[0]))
    except FollowUpRefused as error:
        if error.reason is FollowUpRefusal.CHILD_RETURN and isinstance(form, AgreeForChildForm):
            form.child_return.errors = [REFUSED[error.reason]]
            return _agree_page(case, form, 422)
        return _refused(error)
    except CaseRefused as error:
        return _refused(error)
    return redirect(url_for("follow_ups.show", case_id=case_id), 303)


@blueprint.get("/cases/<uuid:case_id>/follow-up/<int:months>")
@access.requires(Permission.STAY_MANAGE)
def contact_page(case_id: uuid.UUID, months: int) -> Answer:
    case, line, form, why_not = _contact(case_id, months)
    if why_not is not None:
        return errors.error_page(409, REFUSED[why_not])
    settled = line.state is not Stand.OPEN
    opened = actions.opened(case_id=case_id, by=access.actor()) if settled or line.tries else None
    entered = entered_last(opened[0], months, settled=settled) if opened is not None else {}
    fill(form, {"outcome": line.outcome or None, **entered} if entered else {})
    return _contact_page(case, line, form, filled=bool(entered))


def _contact(
    case_id: uuid.UUID, months: int
) -> tuple[SeenCase, store.ContactLine, ContactForm, FollowUpRefusal | None]:
    """The contact, its form, and why nothing can be entered of it now; raises NotVisible."""
    case = _held(case_id)
    found = store.of_case(case_id, by=access.actor())
    line = next((each for each in found.contacts if each.months == months), None) if found is not None else None
    if found is None or line is None or not found.is_kept:
        raise NotVisible
    form = ContactForm(request.form)
    for name, (list_, _) in LISTS.items():
        field: Any = form[name]
        field.choices = of_list(list_) if name != "outcome" or line is found.contacts[-1] else []
    form.needs.choices = of_list("needs")
    form.offer_not_reached(again=line.again, corrects=line.state is not Stand.OPEN or line.tries > 0)
    why_not = line.why_not(today()) or (None if found.may_be_corrected else FollowUpRefusal.ENDED)
    if why_not is None and any(each.months < months and each.state is Stand.OPEN for each in found.contacts):
        why_not = FollowUpRefusal.EARLIER_FIRST
    return case, line, form, why_not


def _contact_page(
    case: SeenCase,
    line: store.ContactLine,
    form: ContactForm,
    status: int = 200,
    *,
    filled: bool = False,
    refused: str = "",
) -> tuple[str, int]:
    """`refused`: why danger that was typed is not recorded; it stays, and the page says whom to call."""
    page = render_template(
        "support/follow_ups/contact.html",
        case=case,
        line=line,
        form=form,
        title=in_months(line.months),
        filled=filled,
        refused=refused,
        struck=store.entered_last(case.id, line.months, by=access.actor()),
        results=RESULT_LABELS,
    )
    return page, status


@blueprint.post("/cases/<uuid:case_id>/follow-up/<int:months>")
@access.requires(Permission.STAY_MANAGE)
def record(case_id: uuid.UUID, months: int) -> Answer:
    """What came of it. That she does not want it any more destroys how she is reached, so a second page asks."""
    case, line, form, why_not = _contact(case_id, months)
    danger = form.result.data == Result.REACHED and (form.help_now.data or form.safe.data == Safe.NO)
    if why_not is not None and not (danger and why_not is FollowUpRefusal.ENDED):
        return errors.error_page(409, REFUSED[why_not])
    if not form.validate():
        return _contact_page(case, line, form, 422)
    contact = form.contact
    if contact.result is Result.NO_LONGER and (stops := _to_end(case_id)) is not None and stops.why_not_ended:
        form.result.errors = [REFUSED[stops.why_not_ended]]
        return _contact_page(case, line, form, 422)
    if contact.result is Result.NO_LONGER:
        return redirect(url_for("follow_ups.end_page", case_id=case_id), 303)
    try:
        text = (form.text.data or "").replace("\r\n", "\n").strip()
        state = actions.record(case_id=case_id, months=months, contact=contact, text=text, by=access.actor())
    except (CaseRefused, FollowUpRefused) as error:
        if danger:
            return _contact_page(case, line, form, 409, refused=_words(error))
        return _refused(error)
    except actions.StaleRevision:
        form.text.errors = [CHANGED]
        return _contact_page(case, line, form, 409)
    found = _standing(case_id)
    now = found.next if found is not None and state is Stand.OPEN else None
    another = contact.result is Result.OTHER_PERSON
    same = line.state is Stand.OPEN and now is not None and now.months == months and now.tries == line.tries
    again = 1 if same and not another else None
    alarm = another and line.alarm and found is not None and found.alarms
    stands = store.why_stands(case_id, by=access.actor()) if alarm else None
    return told_once.lead(url_for("follow_ups.show", case_id=case_id, again=again, stands=stands))


@blueprint.get("/cases/<uuid:case_id>/follow-up/end")
@access.requires(Permission.STAY_MANAGE)
def end_page(case_id: uuid.UUID) -> Answer:
    case = _held(case_id)
    found = _to_end(case_id)
    if found is None:
        return errors.error_page(409, REFUSED[FollowUpRefusal.ENDED])
    return _end_page(case, found, EndForm(formdata=None))


def _to_end(case_id: uuid.UUID) -> store.CaseLine | None:
    found = store.of_case(case_id, by=access.actor())
    return found if found is not None and found.may_be_ended else None


def _end_page(
    case: SeenCase, found: store.CaseLine, form: EndForm, status: int = 200, *, others: bool = False
) -> Answer:
    """What waits and is called off; `others`: it is not what the page said before. Where it cannot end now, who can do
    what about it."""
    why_not = REFUSED[found.why_not_ended] if found.why_not_ended else ""
    waiting = actions.waiting(case_id=case.id, by=access.actor())
    status = 409 if why_not else status
    page = render_template(
        "support/follow_ups/end.html",
        case=case,
        found=found,
        form=form,
        waiting=waiting,
        others=others,
        why_not=why_not,
        acts=ACT_LABELS,
        months=in_months,
    )
    return page, status


@blueprint.post("/cases/<uuid:case_id>/follow-up/end")
@access.requires(Permission.STAY_MANAGE)
def end(case_id: uuid.UUID) -> Answer:
    """She does not want it any more."""
    case, found = _held(case_id), _to_end(case_id)
    if found is None:
        return errors.error_page(409, REFUSED[FollowUpRefusal.ENDED])
    form = EndForm(request.form)
    if found.why_not_ended or (found.alarms and not request.form.get("not_safe")):
        return _end_page(case, found, form, 409)  # also where the person became not safe after the page was read
    if not form.validate():
        return _end_page(case, found, form, 422)
    try:
        actions.end(case_id=case_id, seen=request.form.getlist("seen"), by=access.actor())
    except actions.OthersWait:
        return _end_page(case, found, form, 409, others=True)
    except actions.CannotOpen:
        return errors.error_page(409, NOT_BY_YOU)
    except (CaseRefused, FollowUpRefused) as error:
        return _refused(error)
    return redirect(url_for("follow_ups.show", case_id=case_id), 303)


@blueprint.post("/cases/<uuid:case_id>/follow-up/end/undo")
@access.requires(Permission.STAY_MANAGE)
def take_end_back(case_id: uuid.UUID) -> Answer:
    """It is not the person who wants it no more: staying in touch goes on as before."""
    _held(case_id)
    try:
        actions.take_end_back(case_id=case_id, by=access.actor())
    except (CaseRefused, FollowUpRefused) as error:
        return _refused(error)
    return redirect(url_for("follow_ups.show", case_id=case_id), 303)


@blueprint.post("/cases/<uuid:case_id>/follow-up/mine")
@access.requires(Permission.STAY_MANAGE)
def take_over(case_id: uuid.UUID) -> Answer:
    """The reader stays in touch from now on."""
    _held(case_id)
    try:
        actions.take_over(case_id=case_id, by=access.actor())
    except (CaseRefused, FollowUpRefused) as error:
        return _refused(error)
    return redirect(url_for("follow_ups.show", case_id=case_id), 303)


@access.part_of_page
def summary(case_id: uuid.UUID) -> Part | None:
    """What a case page shows of the months after; one link."""
    by = access.actor()
    case = cases.case(case_id, by=by)
    if case.relation is not CaseRelation.HOLDER or not by.may(Permission.STAY_MANAGE):
        return None
    found = store.of_case(case_id, by=by)
    if found is None and case.status != "open":
        return None
    return Part.rendered(
        "follow-up",
        gettext("After the shelter"),
        _state(found),
        "support/follow_ups/summary.html",
        due=_due(found),
        case=case,
        found=found,
        ended=ENDED_LABELS,
    )


def _due(found: store.CaseLine | None) -> str:
    if found is None or not (found.waiting or found.alarms):
        return ""
    if not found.waiting:
        return gettext("Was not safe after the shelter: write down when the person is safe")
    if found.alarms:
        return gettext("Not safe, or needs help now: see what was said after the shelter")
    return gettext("Could not be reached after the shelter: decide what is done")


def _state(found: store.CaseLine | None) -> str:
    if found is None:
        return gettext("not agreed")
    if found.ended_on is not None:
        return gettext("over")
    if found.next is None or found.begins_on is None:
        return gettext("agreed; begins when the stay ends")
    if found.lives_here:
        return gettext("agreed; goes on when the stay ends")
    day = formats.day(found.next.next_on, current_language())
    return gettext("next contact on %(day)s", day=day)
