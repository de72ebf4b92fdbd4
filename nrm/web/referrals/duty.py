"""The duty desk of the Responsible Authority: what waits or is late, whom to call, and the map of the system."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

from flask import Blueprint, g, redirect, render_template, request, url_for
from markupsafe import Markup
from werkzeug.wrappers import Response as BaseResponse

from forms.referrals.referrals import OVERRIDE_LABELS, STATUS_LABELS
from forms.shelter.cases import FindCaseForm
from forms.support.follow_ups import ACT_LABELS
from nrm import clock
from nrm.actions.referrals import reminder_calls as actions
from nrm.actions.support import complaints
from nrm.domain.accounts.accounts import Permission, Role
from nrm.domain.agreement.routing import Capacity
from nrm.domain.quarters import Quarter
from nrm.domain.referrals.critical_path import ANSWER, ARRIVAL, DECISION
from nrm.domain.referrals.duty import CHILD, CHILD_ANSWER, FAMILY, MOVE, NO_MEETING, NOT_COME, OLD_AFTER, Tag
from nrm.domain.words import N_
from nrm.store.accounts import one_hand
from nrm.store.agreement import agreements
from nrm.store.countries import country
from nrm.store.days import today
from nrm.store.interviews import child_alerts, holds
from nrm.store.referrals import duty as store
from nrm.store.referrals import obligations
from nrm.store.referrals import system as system_store
from nrm.store.referrals.duty import DutyLine
from nrm.store.referrals.system import Place
from nrm.store.reports import contributions, reports
from nrm.store.shelter import absences, arrivals, matching, others_there
from nrm.store.support import complaints as complaint_store
from nrm.store.support import feedback, follow_up_ends, follow_ups
from nrm.web import access, errors, home
from nrm.web.choices import label_of
from nrm.web.language import gettext, ngettext, text_in, translated
from nrm.web.referrals import announced_returns, critical_path
from nrm.web.shelter import ages, away, closings, corrections, data_requests, findings, identifications
from nrm.web.shelter.absences import place as country_in_words
from nrm.web.support import threats

blueprint = Blueprint("duty", __name__)
_Line = TypeVar("_Line")
Answer = BaseResponse | tuple[str, int] | str

CAPACITY_WORDS = {
    Capacity.FREE: N_("free"),
    Capacity.NONE_FREE: N_("none free"),
    Capacity.NOT_VOUCHED: N_("nobody vouches for its key"),
    Capacity.NO_KEY: N_("nobody holds its key"),
    Capacity.NO_PLACES: N_("no building entered yet"),
    Capacity.ASK: N_("ask"),
}
FIRST = frozenset({Tag.DENIED, Tag.CHILD, Tag.UNSURE, Tag.DANGER})
"""Who waits at a post with one of these stands above every alarm."""
TWO_ANSWERS = N_(
    "Two answers were sent about one call, and nothing is recorded. Go back and press the one that is right."
)
SHOWN = 6
"""How many rows of each part the home page shows, so that it stays small; a link "show more" leads to the rest."""

TAG_WORDS = {
    Tag.DENIED: N_("the answer that was written down is denied: ask where the child is"),
    Tag.NOT_PROMISED: N_("they say that they promised nothing"),
    Tag.NOT_TOLD: N_("they say that nobody told them"),
    Tag.NOT_DONE: N_("they say that no interpreter is on the telephone"),
    Tag.NO_PLACE: N_("left, and no meeting place is agreed"),
    Tag.DANGER: N_("danger"),
    Tag.CHILD: N_("child"),
    Tag.UNSURE: N_("may be a child"),
    Tag.URGENT: N_("urgent"),
    Tag.LATE: N_("late"),
}
WAYS: dict[str, Callable[[DutyLine], str]] = {
    ANSWER: lambda line: url_for("referrals.show", referral_id=line.id),
    ARRIVAL: lambda line: url_for("referrals.show", referral_id=line.id),
    MOVE: lambda line: url_for("referrals.show", referral_id=line.id),
    NOT_COME: lambda line: url_for("referrals.show", referral_id=line.id),
    NO_MEETING: lambda line: url_for("referrals.show", referral_id=line.id),
    DECISION: lambda line: url_for("next_receiver.direct_page", case_id=line.case_id),
    CHILD: lambda line: url_for(
        "notification_calls.child_answer_page" if line.step == CHILD_ANSWER else "notification_calls.child_page",
        interview_id=line.id,
    ),
    FAMILY: lambda line: url_for("notification_calls.family_page", family_id=line.id),
}
"""Kind of thing -> the page on which it is done; of all others the page of the case."""


def _address_of(line: DutyLine) -> str:
    if line.kind in WAYS:
        return WAYS[line.kind](line)
    if line.telling and line.may_acknowledge:
        return url_for("notification_calls.obligation_page", obligation_id=line.id)
    if line.closed:  # its page shows the desk nothing any more: whoever is late is called
        return url_for("desks.directory")
    return url_for("cases.show", case_id=line.case_id)


def _words() -> dict[str, Any]:
    """The words that the rows of every list use, for the template."""
    return {
        "names": critical_path.step_names(),
        "statuses": STATUS_LABELS,
        "tags": TAG_WORDS,
        "way": _address_of,
        "overrides": OVERRIDE_LABELS,
    }


@home.page(Role.DUTY_OFFICER)
def duty_home() -> str:
    """Who waits at a post now, what is due soon, what is old in one line, whom to expect, and links to the rest.

    A child or somebody in danger at a post comes first, then alarms of the last days, then old ones that still stand.
    """
    by = access.actor()
    desk = store.desk(by=by, size=SHOWN)
    lately = clock.now() - OLD_AFTER
    since = clock.day_of(lately, country().timezone)
    missing = _parted(absences.missing(by=by) if g.top.missing else (), lambda each: each.since_at > lately)
    children = _parted(
        follow_ups.children(by=by) if g.top.follow_ups else (),
        lambda each: not each.acted and not each.safe and each.since_on is not None and each.since_on > since,
    )
    return render_template(
        "home/duty_officer.html",
        to_sign=reports.to_countersign(by=by) if g.top.to_countersign else [],
        to_confirm=contributions.to_confirm(by=by) if g.top.to_countersign else [],
        desk=desk,
        post_first=any(not FIRST.isdisjoint(line.tags) or line.late for line in desk.post),
        **_words(),
        threats=threats.home_part() if g.top.threats else "",
        age_words=ages.home_part() + corrections.mistakes_at_home() if g.top.ages else "",
        strikes=(findings.unseen_part() if g.top.struck else Markup())
        + (away.struck_part(of_desk=True)[0] if g.top.away_struck else ""),
        objected=identifications.objected_part() if g.top.objected else "",
        missing=missing[0],
        missing_long=missing[1],
        ended=absences.ended(by=by) if g.top.missing else (),
        left=absences.left(by=by) if g.top.left else (),
        left_number=absences.left_number(Quarter.of(today()), by=by) if g.top.left else 0,
        held=holds.of_desk(by=by),
        unsaid=arrivals.unsaid(by=by) if g.top.unsaid else (),
        telephoned=obligations.telephoned(by=by) if g.top.told_of else (),
        recorded=child_alerts.recorded(by=by) if g.top.calls_of_children else (),
        others=others_there.of_desk(by=by) if g.top.others else (),
        asked_for=matching.desk(by=by) if g.top.looked_for else (),
        children=children[0],
        acts=ACT_LABELS,
        children_long=children[1],
        not_safe_at_end=follow_up_ends.not_safe_at_end(by=by) if g.top.follow_ups else (),
        ended_of_children=follow_up_ends.of_children(by=by) if g.top.follow_ups else (),
        one_hand=len(one_hand.lately(by=by)) if g.top.one_hand else 0,
        closed_missing=closings.of_missing_part() if g.top.closed_lately else "",
        place=country_in_words,
        destination=partial(label_of, "destinations"),
        expected=announced_returns.expected_part(),
        requests=data_requests.waiting_part(),
        notes=feedback.number_to_show(by=by) if g.top.notes else 0,
        complaints=complaints.waiting(by=by) if g.top.complaints or complaint_store.is_missed(by=by) else None,
        leaving=agreements.leaving(by=by),
        form=FindCaseForm(),
    )


def _parted(lines: Iterable[_Line], is_new: Callable[[_Line], bool]) -> tuple[list[_Line], list[_Line]]:
    """Those of the last days, and the others that still stand, each in their order."""
    found = list(lines)
    return [each for each in found if is_new(each)], [each for each in found if not is_new(each)]


@blueprint.get("/duty")
@access.requires(Permission.REFERRAL_DIRECT)
def index() -> str:
    """What waits or is late and is not older than seven days, page by page, of one clause if one is asked for."""
    by = access.actor()
    clause = request.args.get("clause")
    return render_template(
        "referrals/duty/index.html",
        missing=absences.missing(by=by) if clause is None and "after" not in request.args else (),
        page=store.waiting(by=by, clause=clause, after=request.args.get("after", "")),
        clauses=store.clauses(by=by),
        clause=clause,
        **_words(),
    )


@blueprint.get("/duty/old")
@access.requires(Permission.REFERRAL_DIRECT)
def old() -> str:
    """What the home page says in one line: everything older than seven days, page by page."""
    by = access.actor()
    page = store.waiting(by=by, old=True, after=request.args.get("after", ""))
    return render_template("referrals/duty/old.html", page=page, number=store.counts(by=by).old, **_words())


@blueprint.post("/duty/calls/<kind>/<uuid:subject_id>")
@access.requires(Permission.REFERRAL_DIRECT)
def call(kind: str, subject_id: uuid.UUID) -> Answer:
    """Record a call that was made just now: `call` is `yes` or `no`, the party and the number, separated by |.

    `list`: the list from which the call was made (all, of one `clause`, or what is old); the answer leads back there.
    """
    said = request.form.getlist("call")
    if len(set(said)) > 1:
        return errors.error_page(422, TWO_ANSWERS)
    reached, _, rest = "".join(said[:1]).partition("|")
    party, _, telephone = rest.partition("|")
    if reached not in ("yes", "no"):
        return errors.error_page(422)
    try:
        actions.record(
            kind=kind,
            subject_id=subject_id,
            party=party,
            telephone=telephone,
            reached=reached == "yes",
            by=access.actor(),
        )
    except actions.UnknownNumber:
        return errors.error_page(
            422, gettext("This number is no longer in the directory. Go back and load the page again.")
        )
    return _to_list()


@blueprint.post("/duty/calls/<uuid:call_id>/back")
@access.requires(Permission.REFERRAL_DIRECT)
def take_back_call(call_id: uuid.UUID) -> Answer:
    """Take back a call that was recorded by mistake some minutes ago; `list` as for `call`."""
    actions.take_back(call_id=call_id, by=access.actor())
    return _to_list()


def _to_list() -> BaseResponse:
    listed = request.form.get("list")
    if listed is None:
        return redirect(url_for("home.index"), 303)
    return redirect(
        url_for("duty.old") if listed == "old" else url_for("duty.index", clause=request.form.get("clause")), 303
    )


@dataclass(frozen=True, slots=True)
class Tile:
    """One region of the map. `entries`: (name, what is said of it, its room, whether something of it is late)."""

    name: str
    entries: tuple[tuple[str, str, Capacity | None, bool], ...]

    @property
    def late(self) -> bool:
        return any(late for *_, late in self.entries)


@blueprint.get("/duty/map")
@access.requires(Permission.REFERRAL_DIRECT)
def system_map() -> str:
    """Who has room, what waits and what is late: as a map of regions, and as a table."""
    shown = system_store.places(by=access.actor())
    late = sum(place.late for place in shown)
    title = ngettext("%(num)s thing is late", "%(num)s things are late", late) if late else gettext("Nothing is late")
    names = {code: text_in(words) for code, words in country().regions.items()}
    return render_template(
        "referrals/duty/map.html",
        rows=_tile_rows(shown, names),
        title=title,
        places=shown,
        words=CAPACITY_WORDS,
        regions=names,
    )


def _tile_rows(shown: Sequence[Place], names: Mapping[str, str]) -> list[list[Tile | None]]:
    """The tiles from north to south, each row from west to east; None where the country has no region."""
    said: dict[str, list[tuple[str, str, Capacity | None, bool]]] = {}
    for place in shown:
        if place.room is not None or place.waiting:
            room = place.capacity if place.room is None or place.accepts else Capacity.NO_KEY
            line = text_in(place.names), ", ".join(_place_words(place)), room, bool(place.late)
            said.setdefault(place.region, []).append(line)
    tiles = country().region_tiles
    at = {
        place: Tile(names[region], tuple(said.get(region, ())))
        for region, place in tiles.items()
        if region in said or country().is_open("region", region, today())
    }
    columns, rows = ({place[axis] for place in at} for axis in (0, 1))
    return [[at.get((column, row)) for column in range(max(columns) + 1)] for row in sorted(rows)]


def _place_words(place: Place) -> list[str]:
    """Room in words, or how many places of all are free; what waits and what is late."""
    said = []
    if place.capacity is not None and place.room is not None:
        if place.is_suspended:
            said.append(gettext("everybody there is suspended: nobody can answer"))
        elif not place.room.may_accept and place.capacity in (Capacity.FREE, Capacity.NONE_FREE):
            said.append(gettext("cannot accept yet"))
        elif place.capacity is Capacity.FREE and place.room.places:
            said.append(gettext("%(free)s of %(places)s places free", free=place.room.free, places=place.room.places))
        else:
            said.append(translated(CAPACITY_WORDS[place.capacity]))
        if place.room.extra and place.accepts:
            said.append(ngettext("%(num)s extra place", "%(num)s extra places", place.room.extra))
    if place.waiting:
        said.append(ngettext("%(num)s waits", "%(num)s wait", place.waiting))
    if place.late:
        said.append(ngettext("%(num)s late", "%(num)s late", place.late))
    return said
