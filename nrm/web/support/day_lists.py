"""The list of a day: who comes, leaves, is away; medication and appointments; who turns 18; which permits end."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date

from flask import Blueprint, Response, g, render_template, url_for
from werkzeug.wrappers import Response as BaseResponse

from nrm import clock
from nrm.domain.accounts.accounts import Actor, Permission
from nrm.domain.hours import hours_alone, is_hour
from nrm.domain.support.plans import Plan
from nrm.domain.words import N_
from nrm.render.pdf import PdfUnavailable, to_pdf
from nrm.steps.support import hearings
from nrm.store import days as calendar
from nrm.store import names
from nrm.store.countries import country
from nrm.store.home import top
from nrm.store.referrals import referrals
from nrm.store.shelter import absences, ages, arrivals, away, key_workers, permits, stays
from nrm.store.shelter.stays import StayLine
from nrm.store.support import plans
from nrm.web import access, errors, formats
from nrm.web.language import current_language, gettext
from nrm.web.shelter import shifts
from nrm.web.support import tasks
from nrm.web.support.hearings import court_name
from nrm.web.support.plans import when_taken

blueprint = Blueprint("day_lists", __name__)

NO_PDF = N_("No PDF can be made on this server now. The list is on the page.")
Answer = BaseResponse | tuple[str, int] | str


@dataclass(frozen=True, slots=True)
class Line:
    """One person on the list. `place`: the label of the place, which says nothing outside of the house; `when`: an hour
    or a day, and `printed` what of it is printed. `words` are from under seal and are never printed; nor are the code
    and what the house calls a person."""

    case_id: uuid.UUID
    pseudonym: str
    place: str
    when: str = ""
    words: str = ""
    address: str = ""
    printed: str = ""


@dataclass(frozen=True, slots=True)
class Section:
    """One heading of the list. `sealed`: of what is shown to who has opened care for a shift only; `others`: of so many
    people in the house it is not opened for this reader, so nobody may read that there is nothing."""

    id: str
    title: str
    lines: list[Line]
    sealed: bool = False
    others: int = 0


@dataclass(slots=True)
class Today:
    """What has been read for the whole list."""

    by: Actor
    day: date
    open_stays: list[StayLine]
    plans: Mapping[uuid.UUID, Plan]
    opened: bool
    places: dict[uuid.UUID, str] = field(default_factory=dict)

    def line(self, case_id: uuid.UUID, pseudonym: str, when: str = "", words: str = "", address: str = "") -> Line:
        """A line of this person, with the place and the page of the case."""
        where = address or url_for("cases.show", case_id=case_id)
        return Line(case_id, pseudonym, self.places.get(case_id, ""), when, words, where, when)

    def others(self) -> int:
        """How many people of the house have a plan that is not opened for this reader."""
        return sum(stay.case_id not in self.plans for stay in self.open_stays)


def _arriving(today: Today) -> Iterator[Line]:
    for each in arrivals.waiting(by=today.by) if g.top.without_place else ():
        if each.came:
            address = url_for("arrivals.arrive_page", referral_id=each.referral_id)
            yield today.line(each.case_id, each.pseudonym, gettext("here already"), address=address)
    for line in referrals.coming(by=today.by).rows if g.top.coming else ():
        expected = line.expected_at
        if expected is not None and clock.day_of(expected, country().timezone) > today.day:
            continue
        when = formats.clock(expected) if expected is not None else ""
        address = url_for("arrivals.arrive_page", referral_id=line.id)
        yield Line(line.case_id, line.pseudonym, line.place, when, "", address, when)


def _leaving(today: Today) -> Iterator[Line]:
    for line in today.open_stays:
        if line.missing_since is None and line.anticipated_end_on <= today.day:
            when = "" if line.anticipated_end_on == today.day else _day(line.anticipated_end_on)
            yield today.line(line.case_id, line.pseudonym, when, address=url_for("stays.show", stay_id=line.id))


def _absent(today: Today) -> Iterator[Line]:
    for each in absences.missing(by=today.by) if g.top.missing else ():
        yield today.line(each.case_id, each.pseudonym, gettext("missing since %(day)s", day=_day(each.since_on)))
    for line in away.away(by=today.by) if g.top.away else ():
        if line.since_on <= today.day:
            when = gettext("back on %(day)s", day=_day(line.expected_on))
            address = url_for("stays.show", stay_id=line.stay_id)
            yield today.line(line.case_id, line.pseudonym, when, address=address)


def _medication(today: Today) -> Iterator[Line]:
    for stay in today.open_stays:
        plan = today.plans.get(stay.case_id)
        for each in plan.medication_on(today.day) if plan is not None else ():
            hours, words = str(each.value["hours"]), str(each.value["text"])
            address = url_for("plans.show", case_id=stay.case_id, _anchor="medication")
            line = today.line(stay.case_id, stay.pseudonym, when_taken(each, hours), words, address)
            yield replace(line, printed=when_taken(each, hours_alone(hours)))


def _appointments(today: Today) -> Iterator[Line]:
    for step in plans.of_day(today.day, by=today.by):
        plan = today.plans.get(step.case_id)
        entry = next((each for each in plan.entries if each.id == step.id), None) if plan is not None else None
        when, words = (str(entry.value.get(name, "")) for name in ("hour", "text")) if entry is not None else ("", "")
        address = url_for("plans.show", case_id=step.case_id, _anchor="steps")
        yield replace(today.line(step.case_id, step.pseudonym, when, words, address), printed=hours_alone(when))
    # A hearing is read by who may record what a witness did, with or without a shift. On paper it has no word.
    for person, view in hearings.ahead(by=today.by) if g.top.hearings else ():
        if view.hearing.on == today.day and person.case_id is not None:
            words = gettext("Hearing: %(court)s", court=court_name(view.hearing.court))
            address = url_for("hearings.of_case", case_id=person.case_id)
            yield today.line(person.case_id, person.code, "", words, address)


def _turning(today: Today) -> Iterator[Line]:
    for line in ages.turning(by=today.by) if g.top.turning else ():
        if line.adult_month is None:
            continue
        when = formats.month(line.adult_month, current_language())
        yield today.line(line.case_id, line.pseudonym, when, address=url_for("ages.show", case_id=line.case_id))


def _permits(today: Today) -> Iterator[Line]:
    for _, lines in permits.desk(by=today.by).ending:
        for line in lines:
            address = url_for("permits.record_page", case_id=line.case_id)
            yield today.line(line.case_id, line.pseudonym, _day(line.day), address=address)


def _day(day: date) -> str:
    return formats.day(day, current_language())


# (id, title, whether its words are under seal, what fills it). Follow-ups that are due add theirs here.
SECTIONS: tuple[tuple[str, str, bool, Callable[[Today], Iterator[Line]]], ...] = (
    ("arriving", N_("Arriving"), False, _arriving),
    ("leaving", N_("Leaving"), False, _leaving),
    ("absent", N_("Absent"), False, _absent),
    ("medication", N_("Medication"), True, _medication),
    ("appointments", N_("Appointments and steps of plans"), True, _appointments),
    ("turning", N_("Turning 18 this month"), False, _turning),
    ("permits", N_("Permits that end"), False, _permits),
)


def _sections() -> tuple[list[Section], Today]:
    by = access.actor()
    g.top = top(by=by)
    residents = stays.open_ones(by=by)
    read = tasks.plans_of({line.case_id for line in residents})
    today = Today(by, calendar.today(), residents, read, bool(key_workers.my_shifts(by=by)))
    today.places = {line.case_id: line.place for line in residents}
    found = [
        Section(
            id_,
            title,
            sorted(lines(today), key=_in_order),
            sealed,
            today.others() if sealed and today.opened else 0,
        )
        for id_, title, sealed, lines in SECTIONS
    ]
    return found, today


def _in_order(line: Line) -> tuple[str, str, str]:
    """By the hour: 8:00 stands before 14:30."""
    return line.when.rjust(5, "0") if is_hour(line.when) else line.when, line.place, line.pseudonym


@blueprint.get("/day")
@access.requires(Permission.STAY_MANAGE)
def show() -> Answer:
    """Today, for whoever works in the house."""
    sections, today = _sections()
    ids = {line.case_id for section in sections for line in section.lines}
    return render_template(
        "support/day_lists/show.html",
        sections=sections,
        day=today.day,
        labels=shifts.labels(ids),
        opened=today.opened,
    )


@blueprint.get("/day/pdf")
@access.requires(Permission.STAY_MANAGE)
def pdf() -> Answer:
    """The same for paper: places and hours, without a code, a name or a word from under seal."""
    sections, today = _sections()
    assert today.by.organisation_id is not None
    house = names.organisation(today.by.organisation_id)
    page = render_template(
        "support/day_lists/print.html", sections=sections, day=today.day, house=house.names, opened=today.opened
    )
    try:
        content = to_pdf(page)
    except PdfUnavailable:
        return errors.error_page(503, NO_PDF)
    response = Response(content, content_type="application/pdf")
    response.headers.set("Content-Disposition", "attachment", filename="day.pdf")
    return response
