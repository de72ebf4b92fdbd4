"""What is to be done in a shelter, in one list by day: each row leads to the page where it is done."""

from __future__ import annotations

import uuid
from calendar import monthrange
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from flask import Blueprint, g, render_template, url_for

from forms.shelter.closings import OWED_LABELS
from forms.shelter.data_requests import KIND_LABELS
from forms.shelter.identifications import STATE_LABELS
from nrm import clock
from nrm.domain.accounts.accounts import Actor, Permission
from nrm.domain.quarters import Quarter
from nrm.domain.referrals.children_along import CHILDREN_ALONG
from nrm.domain.referrals.duty import OLD_AFTER
from nrm.domain.referrals.transfers import Stand
from nrm.domain.reports.reports import due_on
from nrm.domain.shelter.permits import PermitStatus
from nrm.domain.support.hearings import HearingEntryKind, is_ahead
from nrm.domain.support.plans import LONGEST_AHEAD
from nrm.domain.words import N_
from nrm.steps.support import hearings as hearing_steps
from nrm.store import days as calendar
from nrm.store import identification_waits
from nrm.store.countries import country
from nrm.store.home import top
from nrm.store.referrals import meetings, obligations, transfers
from nrm.store.referrals.obligations import ObligationLine
from nrm.store.referrals.transfers import MoveLine
from nrm.store.shelter import (
    ages,
    away,
    closings,
    consents,
    data_requests,
    key_workers,
    match_lines,
    matching,
    permits,
    stays,
)
from nrm.store.shelter.away import AwayLine
from nrm.store.support import follow_up_ends, follow_ups, hearings, kept_ends, plans, subsidies
from nrm.web import access, formats
from nrm.web.language import current_language, gettext, text_in, translated
from nrm.web.referrals import second_words
from nrm.web.shelter import shifts
from nrm.web.support.follow_up_words import kept_ended
from nrm.web.support.hearings import court_name

blueprint = Blueprint("to_do", __name__)
NIGHTS_SIGNED_WITHIN = timedelta(days=7)
"""So long after the closing of a quarter nobody is late who has not signed its nights."""

SHOWN, LEAST = 10, 3
"""How many rows the home page shows, and on a full evening; one line says how many more there are."""
MOST = 200
"""How many obligations of the shelter are looked through."""
_AHEAD = timedelta(days=30)
_WITHOUT_HOUR = (
    obligations.READ_SUPPLEMENT,
    obligations.COMPLETE_INTERVIEW,
    obligations.ASK_CONSENT,
    CHILDREN_ALONG,
)
_NOT_DATED = date.max


@dataclass(frozen=True, slots=True)
class Task:
    """One row. `day`: by when, if there is a day; `at`: the hour; `owed`: what the agreement asks, whose words and page
    follow its kind, else `text` and `address`; `others_wait`: another organisation does, so a home page shows it;
    `urgent`: somebody is not safe since that day, which comes before everything else; `post_waits`: nobody sets off
    from a post before it is said where they meet."""

    pseudonym: str
    case_id: uuid.UUID | None
    day: date | None
    text: str = ""
    address: str = ""
    late: bool = False
    at: datetime | None = None
    owed: ObligationLine | None = None
    others_wait: bool = False
    step: plans.StepLine | None = None
    own: bool = False
    urgent: bool = False
    post_waits: bool = False

    @property
    def is_folded(self) -> bool:
        """Whether a home page counts it only: it has no day, is far ahead, or the agreement asked it long ago. What
        follows an urgent hand-over has no hour and is shown."""
        if self.day is None:
            return self.owed is None or self.owed.kind not in _WITHOUT_HOUR
        today = calendar.today()
        return self.day > today + _AHEAD or (self.owed is not None and self.day < today - OLD_AFTER)

    @property
    def in_order(self) -> tuple[bool, bool, bool, bool, date, bool, datetime, str]:
        """The sort key: who is not safe, then who waits at a post, then who was handed over urgently and is not there
        yet, then children who are nowhere in the records, then by day; of one day what has an hour first; without a day
        last."""
        handed_over = self.owed is not None and self.owed.urgent
        children = self.owed is not None and self.owed.kind == CHILDREN_ALONG
        return (
            not self.urgent,
            not self.post_waits,
            not handed_over,
            not children,
            self.day or _NOT_DATED,
            self.at is None,
            self.at or clock.now(),
            self.pseudonym,
        )


@dataclass(frozen=True, slots=True)
class Waiting:
    """What has been read already for other parts of a page."""

    permits: permits.Desk
    away: Collection[AwayLine]
    moves: Collection[MoveLine]
    nowhere: Collection[stays.StayLine]


def waiting(*, by: Actor, taken: int | None = None) -> Waiting:
    """What waits of permits, absences, moves and people without a place; read only where the top of the page says that
    there is some, or not as many places are `taken` as people stay here."""
    return Waiting(
        permits.desk(by=by),
        away.away(by=by) if g.top.away else (),
        transfers.moves(by=by) if g.top.moves else (),
        stays.without_place(by=by) if g.top.stays and g.top.stays != taken else (),
    )


def tasks(there: Waiting, *, by: Actor, until: date | None = None) -> list[Task]:
    """Everything that is to be done, the first day first; what has no day comes last. `until`: steps of plans that are
    due by then, and not only by today; what closed cases left behind; and who waits at a post, whom the home page shows
    with those who come.

    Whatever else asks somebody of the house for something by a day adds its lines here: the home page, "to do" and "my
    tasks this week" then have them.
    """
    found = [
        *(map(_meeting, meetings.to_say(by=by)) if until is not None and g.top.coming else ()),
        *(_owed(each) for each in obligations.owed(by=by, size=MOST).rows if not _is_too_soon(each)),
        *_planned_ends(by),
        *_permits(there.permits),
        *(task for each in there.away if not each.late for task in _back(each)),
        *(task for each in there.moves if each.stand is not Stand.OVERDUE for task in _move(each)),
        *(map(_consent, consents.to_ask_again(by=by)) if g.top.to_ask_again else ()),
        *(map(_request, data_requests.waiting(by=by)) if g.top.requests else ()),
        *(map(_identification, identification_waits.waiting(by=by)) if g.top.identifications else ()),
        *(map(_turning, ages.turning(by=by)) if g.top.turning else ()),
        *(_nowhere(each) for each in there.nowhere if each.missing_since is None),
        *(task for each in (follow_ups.of_house(by=by) if g.top.follow_ups else ()) for task in _after(each, by)),
        *(map(_ended, follow_up_ends.ended_by_others(by=by)) if g.top.follow_ups else ()),
        *(map(_kept, kept_ends.by_others(by=by)) if g.top.follow_ups else ()),
        *(_before(each) for each in (matching.due(by=by) if g.top.unasked or g.top.looked_for else ()) if each.day),
        *(_heard(by) if g.top.hearings else ()),
        *_steps(by, until),
        *(map(_unsettled, closings.owed(by=by)) if until is not None else ()),
        *(map(_look, plans.to_confirm(by=by)) if g.top.plans else ()),
        *(map(_nights, subsidies.to_sign(by=by)) if g.top.nights else ()),
        *(Task(*each, own=True) for each in second_words.waiting(by=by)),
    ]
    return sorted(found, key=lambda task: task.in_order)


def beside(found: Sequence[Task], comers: int) -> list[Task]:
    """The rows that a home page shows beside so many people who come: what is due today or late, and what follows an
    urgent hand-over, in any case; of the rest the fewer, the more people come. All of it is a press away."""
    due = [task for task in found if task.day is None or task.day <= calendar.today() or task.others_wait]
    later = [task for task in found if task not in due]
    shown = due + later[: max(0, max(LEAST, SHOWN - comers) - len(due))]
    return sorted(shown, key=lambda task: task.in_order)[:SHOWN]


def first_of(found: Iterable[Task]) -> dict[uuid.UUID, Task]:
    """Case -> what comes first there: what is folded, only if there is nothing else."""
    first: dict[uuid.UUID, Task] = {}
    for task in sorted(found, key=lambda each: each.is_folded):
        if task.case_id is not None:
            first.setdefault(task.case_id, task)
    return first


@blueprint.get("/to-do")
@access.requires(Permission.STAY_MANAGE)
def index() -> str:
    """All that is to be done in the house, also what is old or has no day."""
    by = access.actor()
    g.top = top(by=by)
    found = tasks(waiting(by=by), by=by, until=calendar.today() + LONGEST_AHEAD)
    ids = {task.case_id for task in found if task.case_id is not None}
    return render_template(
        "shelter/to_do/index.html", tasks=found, labels=shifts.labels(ids), workers=key_workers.names(ids, by=by)
    )


def _owed(line: ObligationLine) -> Task:
    due = line.due_at
    on = clock.day_of(due, country().timezone) if due is not None else None
    return Task(line.pseudonym, line.case_id, on, "", _page_of(line.kind, line.case_id), line.late, due, line)


def _is_too_soon(line: ObligationLine) -> bool:
    """Whether it is of children who were announced with somebody who has not arrived: the pages of the way say it."""
    return line.kind == CHILDREN_ALONG and not line.arrived


def _meeting(line: meetings.Unsaid) -> Task:
    text = gettext("Say who goes and where you meet: the person waits")
    address = url_for("meetings.say_page", referral_id=line.referral_id)
    return Task(line.pseudonym, line.case_id, calendar.today(), text, address, others_wait=True, post_waits=True)


def _page_of(kind: str, case_id: uuid.UUID) -> str:
    """The page where it is done, where the words of the kind are no link themselves."""
    return url_for("permits.record_page" if kind in _OF_PERMIT else "cases.show", case_id=case_id)


_OF_PERMIT = ("inform_of_trp_options", "legal_counsel", obligations.PERMIT_DECISION)


def _planned_ends(by: Actor) -> Iterator[Task]:
    for line in stays.leaving(by=by):
        if line.missing_since is not None:  # the alarm says what is to be done
            continue
        yield Task(
            line.pseudonym,
            line.case_id,
            line.anticipated_end_on,
            gettext("The stay is planned until then: prolong it, or end it"),
            url_for("stays.show", stay_id=line.id),
            line.overdue,
        )


def _permits(desk: permits.Desk) -> Iterator[Task]:
    for line in desk.papers:
        yield _permit(line, line.day, gettext("A second member confirms what was entered of the permit"))
    for line in desk.applications:
        if line.status is PermitStatus.REFUSED:
            yield _permit(line, line.day, gettext("The permit was refused: record the appeal"))
        elif line.unknown:
            text = gettext("The permit unit does not know of the application: let it read it")
            yield _permit(line, calendar.today(), text)
        elif line.late:
            yield _permit(
                line, line.day, gettext("No answer to the application: ask the permit unit, record its answer")
            )
    for within, lines in desk.ending:
        for line in lines:
            if within and line.status is not PermitStatus.RENEWAL_APPLIED:
                yield _permit(line, line.day, gettext("The permit ends then: apply for its renewal"))
            elif not within:
                yield _permit(line, line.day, gettext("The permit has ended and the person is still here"))


def _permit(line: permits.PermitLine, on: date, text: str) -> Task:
    late = on < calendar.today()
    return Task(line.pseudonym, line.case_id, on, text, url_for("permits.record_page", case_id=line.case_id), late)


def _back(line: AwayLine) -> Iterator[Task]:
    yield Task(
        line.pseudonym,
        line.case_id,
        line.expected_on,
        gettext("Away and expected back: record the return"),
        url_for("away.back_page", away_id=line.id),
    )


def _move(line: MoveLine) -> Iterator[Task]:
    """What the sender does, and the receiver where a departure was taken back; whom the other one expects comes with
    those on their way."""
    if not line.sends and line.stand is not Stand.TAKEN_BACK:
        return
    if not line.sends:
        back = gettext("%(shelter)s took back that they have left: let both write", shelter=text_in(line.other))
        if line.struck:
            back = gettext(
                "%(shelter)s says that the person never left: call the move off", shelter=text_in(line.other)
            )
        address = url_for("referrals.show", referral_id=line.referral_id)
        yield Task(line.pseudonym, line.case_id, calendar.today(), back, address)
        return
    words = {
        Stand.ON_THE_WAY: gettext("on the way to %(shelter)s", shelter=text_in(line.other)),
        Stand.ASKED: gettext("%(shelter)s has not answered yet", shelter=text_in(line.other)),
        Stand.TAKEN_BACK: gettext(
            "Has not left: %(shelter)s gives the case back, call it", shelter=text_in(line.other)
        ),
        Stand.NOT_COME: gettext("Did not arrive at %(shelter)s: where is the person?", shelter=text_in(line.other)),
    }
    accepted = gettext("%(shelter)s accepted: record that they have left", shelter=text_in(line.other))
    yield Task(
        line.pseudonym,
        line.case_id,
        calendar.today(),
        words.get(line.stand, accepted),
        url_for("referrals.show", referral_id=line.referral_id),
        late=line.stand is Stand.NOT_COME,
    )


def _consent(line: consents.DueLine) -> Task:
    text = (
        gettext("Sharing ran out: seal anew")
        if line.waits
        else gettext("An answer runs out then: ask for consent again")
    )
    on = line.due_on or calendar.today()
    address = url_for("consents.show" if line.waits else "consents.ask_page", case_id=line.case_id)
    return Task(line.pseudonym, line.case_id, on, text, address, on < calendar.today())


def _request(line: data_requests.RequestLine) -> Task:
    text = gettext("Answer what the person asks for: %(what)s", what=translated(KIND_LABELS[line.kind]))
    return Task(
        line.pseudonym, line.case_id, line.due_on, text, url_for("data_requests.show", request_id=line.id), line.late
    )


def _turning(line: ages.TurningLine) -> Task:
    if line.adult_month is None:
        text = gettext("Enter the month in which the child turns 18: nothing reminds of it before")
        return Task(line.pseudonym, line.case_id, None, text, url_for("ages.show", case_id=line.case_id))
    last = line.adult_month.replace(day=monthrange(line.adult_month.year, line.adult_month.month)[1])
    address = url_for("ages.show", case_id=line.case_id)
    late = last < calendar.today()
    return Task(line.pseudonym, line.case_id, last, gettext("Turns 18 this month"), address, late)


def _identification(line: identification_waits.WaitLine) -> Task:
    since = formats.day(line.since, current_language())
    text = gettext(
        "Formal identification: %(state)s since %(day)s. Ask the police and social services",
        state=translated(STATE_LABELS[line.state]),
        day=since,
    )
    address = url_for("identifications.of_case", case_id=line.case_id)
    return Task(line.pseudonym, line.case_id, calendar.today(), text, address)


def _nowhere(line: stays.StayLine) -> Task:
    address = url_for("stays.change_page", stay_id=line.id)
    return Task(line.pseudonym, line.case_id, calendar.today(), gettext("Has no place now: give one"), address, True)


_DID = N_("Another organisation answered, or broke a link: read what it says")
BEFORE: Mapping[match_lines.Due, tuple[str, str]] = {
    match_lines.Due.ASK: (
        N_("Ask whether the person may be looked for among those who were here before"),
        "matching.of_case",
    ),
    match_lines.Due.ALARM: (N_("Somebody asks for a person who is with you: read what to do"), "matching.theirs"),
    match_lines.Due.ANSWER: (N_("Somebody asks for a person who may be this one: answer"), "matching.theirs"),
    match_lines.Due.CONFIRM: (N_("Another organisation says it is the same person: answer"), "matching.ours"),
    match_lines.Due.READ_THEIRS: (
        N_("Another organisation answered, or broke a link: read what it says"),
        "matching.theirs",
    ),
    match_lines.Due.READ_OURS: (_DID, "matching.ours"),
    match_lines.Due.ENCODE: (N_("The person said yes and is not compared: let it be done"), "matching.of_case"),
    match_lines.Due.SAY: (N_("The check is over: say whether it is a new person"), "matching.of_case"),
}
"""What is to be done about people who were here before, and on which page."""


def _steps(by: Actor, until: date | None) -> Iterator[Task]:
    """Steps of plans. What they say is under seal; the page of the plan shows it."""
    if until is None and not g.top.steps:
        return
    for line in plans.due(by=by, until=until or calendar.today()):
        text = gettext("The next step of the plan")
        if not line.own:
            text = gettext("A step of the plan was not done: ask why")
        address, day = url_for("plans.show", case_id=line.case_id, _anchor="steps"), line.due_on
        if line.left:  # whatever its day: it is nobody's until somebody takes it over
            text = gettext(
                "A step for %(day)s is of somebody who works here no more: give it to somebody",
                day=formats.day(line.due_on, current_language()),
            )
            address = url_for("plans.hand_page", plan_step_id=line.id)
            day = min(day, calendar.today())
        yield Task(line.pseudonym, line.case_id, day, text, address, line.late, step=line, own=line.own)


def _unsettled(line: closings.OwedLine) -> Task:
    """The case is closed, and documents, money or things are open still: nobody else reminds of them."""
    address = url_for("cases.show", case_id=line.case_id, part="closing", _anchor="closing")
    return Task(line.pseudonym, line.case_id, None, translated(OWED_LABELS[line.owed]), address)


def _look(line: plans.LookLine) -> Task:
    address = url_for("plans.show", case_id=line.case_id)
    return Task(line.pseudonym, line.case_id, None, gettext("The plan changed: read and confirm it"), address, own=True)


def _nights(line: subsidies.Line) -> Task:
    named = formats.quarter(str(line.base.quarter), current_language())
    text = gettext("Sign the nights of %(quarter)s: unsigned they are not paid", quarter=named)
    if line.nothing:
        text = gettext("Sign the nights of %(quarter)s: no contract pays for them", quarter=named)
    elif line.is_signed:
        text = gettext(
            "The contract was changed after you signed the nights of %(quarter)s: look whether you sign them again. "
            "Until then what you signed is paid",
            quarter=named,
        )
    address = url_for("subsidies.sign_page", quarter=str(line.base.quarter))
    due = due_on(Quarter.parse(str(line.base.quarter)), country().calendar.release_after_days)
    return Task("", None, min(calendar.today(), due), text, address, _nights_late(line, due), own=True)


def _nights_late(line: subsidies.Line, due: date) -> bool:
    """Whether the day has passed, and a week after the closing of the quarter: before that, nobody could sign. Nothing
    is late that was signed, and of which the contract was changed since."""
    at = line.base.frozen_at
    open_for = calendar.today() - clock.day_of(at, country().timezone) if at else NIGHTS_SIGNED_WITHIN
    return not line.is_signed and due < calendar.today() and open_for >= NIGHTS_SIGNED_WITHIN


def _before(line: match_lines.DueLine) -> Task:
    text, page = BEFORE[line.what]
    address = url_for(page, pair_id=line.pair_id) if line.pair_id else url_for(page, case_id=line.case_id)
    task = Task(line.pseudonym, line.case_id, line.day, translated(text), address, line.late)
    return replace(task, others_wait=line.of_others)


def _after(line: follow_ups.HouseLine, by: Actor) -> Iterator[Task]:
    """A contact after the shelter: who stays in touch has it from its day on, the manager when it is late. An alarm is
    the manager's at once, and so is that somebody could not be reached."""
    address, leads = url_for("follow_ups.show", case_id=line.case_id), by.may(Permission.TEAM_MANAGE)
    if line.given_up:
        if line.may_act:
            text = gettext("Could not be reached after the shelter: decide what is done")
            yield Task(line.pseudonym, line.case_id, line.since_on, text, address, True)
        return
    if line.next_on > calendar.today() and not line.alarm:
        return
    if not line.mine and not (leads and (line.late or line.alarm)):
        return
    if line.alarm and line.acted:
        text = gettext("Was not safe after the shelter: write down when the person is safe")
        yield Task(line.pseudonym, line.case_id, line.since_on, text, address, False, own=line.mine)
        if not line.is_due(calendar.today()) or not (line.mine or line.late):
            return
    elif line.alarm:
        text = gettext("Not safe, or needs help now: see what was said after the shelter")
        yield Task(line.pseudonym, line.case_id, line.since_on, text, address, True, own=line.mine, urgent=True)
        return
    text = gettext("Ask how the person is, after the shelter")
    yield Task(line.pseudonym, line.case_id, line.next_on, text, address, line.late, own=line.mine)


def _ended(line: follow_up_ends.EndedLine) -> Task:
    text = gettext("Was not safe when staying in touch was ended: look whether that was right")
    if line.name:
        text = gettext("Was not safe when %(name)s ended staying in touch: look whether that was right", name=line.name)
    return Task(line.pseudonym, line.case_id, line.on, text, url_for("follow_ups.show", case_id=line.case_id), own=True)


def _kept(line: kept_ends.KeptEnd) -> Task:
    """Somebody else ended it, also of another house: the manager looks whether the person wants that."""
    return Task(
        line.pseudonym, line.case_id, line.on, kept_ended(line), url_for("follow_ups.show", case_id=line.case_id)
    )


def _heard(by: Actor) -> Iterator[Task]:
    """The hearings of the next days: who looks after the person goes along, or sees that the person is fit for it."""
    for person, view in hearing_steps.ahead(by=by, later=True):
        if person.case_id is None:
            continue
        if order := view.refused_lately(by=by):
            address = url_for("hearings.of_case", case_id=person.case_id)
            yield Task(person.code, person.case_id, order.entered_on, _refused(order, by), address)
        if not is_ahead(view.hearing.on, calendar.today()):
            continue
        text = gettext("Hearing: %(court)s", court=court_name(view.hearing.court))
        if view.standing(HearingEntryKind.ORDERED) is None:
            text = gettext("Hearing: %(court)s; no protection is ordered yet", court=court_name(view.hearing.court))
        address = url_for("hearings.of_case", case_id=person.case_id)
        yield Task(person.code, person.case_id, view.hearing.on, text, address)


def _refused(order: hearing_steps.EntryView, by: Actor) -> str:
    """That somebody else wrote lately that the court ordered no protection, though it was asked for (ADR 0263)."""
    if name := hearings.writers([order.wrote], by=by).get(order.wrote):
        return gettext("%(name)s wrote that the court ordered no protection at the hearing: is that so?", name=name)
    return gettext("It was written that the court ordered no protection at the hearing: is that so?")


def next_steps(*, by: Actor) -> dict[uuid.UUID, Task]:
    """Case -> what comes next, for lists of the shelter."""
    g.top = top(by=by)
    return {case: task for case, task in first_of(tasks(waiting(by=by), by=by)).items() if not task.is_folded}
