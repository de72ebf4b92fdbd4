"""Which crossing points use the questionnaire, who has read the directives, and assessment against profile."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from flask import Blueprint, render_template

from nrm import clock
from nrm.domain.accounts.accounts import Actor, Permission
from nrm.domain.interviews import rollout as rules
from nrm.domain.interviews.rollout import State, Use
from nrm.domain.interviews.screenings import FEWEST, ComparedShares
from nrm.domain.quarters import Quarter
from nrm.domain.words import N_
from nrm.store.countries import country
from nrm.store.interviews import directives, screenings
from nrm.web import access
from nrm.web.language import gettext, text_in

blueprint = Blueprint("rollout", __name__)
STATE_WORDS = {
    State.NO_DATE: N_("no day is set"),
    State.LATER: N_("not yet in use"),
    State.UNUSED: N_("its day has come; no interview yet"),
    State.QUIET: N_("no interview in the last quarter nor in this one"),
    State.USED: N_("uses it"),
}
QUARTERS = 4


@dataclass(frozen=True, slots=True)
class Post:
    """A crossing point: what it uses and from when, and whether it does."""

    name: str
    starts_on: date | None
    questionnaire: str
    following: Use | None
    state: State
    closes: date | None  # the first day on which it is closed
    closed: bool


@dataclass(frozen=True, slots=True)
class Difference:
    """Assessment against profile at one post; None where too few were assessed."""

    name: str
    shares: ComparedShares | None


def today() -> date:
    """The day on the country's clocks."""
    return clock.today(country().timezone)


def first_use(by: Actor) -> Use | None:
    """The date of use that is still to come for the actor's crossing point; None after it, or for other
    organisations."""
    uses = country().uses
    if not by.crossing_point or rules.present(uses, by.crossing_point, today()) is not None:
        return None
    return rules.following(uses, by.crossing_point, today())


def closing(by: Actor) -> date | None:
    """The first day on which the actor's crossing point is closed; None where no such day is set."""
    return country().closed["crossing_point"].get(by.crossing_point)


@blueprint.get("/rollout")
@access.requires(Permission.ROLLOUT_READ)
def index() -> str:
    """Every crossing point with its day, and how many officers of each post have read each directive."""
    by = access.actor()
    data, counted = country(), screenings.last_counted(by=by)
    posts = []
    for code, point in data.crossing_points.items():
        if point.region is None:
            continue
        own, present = rules.of(data.uses, code), rules.present(data.uses, code, today())
        posts.append(
            Post(
                text_in(point.names),
                own[0].starts_on if own else None,
                _called((present or own[0]).questionnaire) if own else "",
                rules.following(data.uses, code, today()) if present else None,
                rules.state(data.uses, code, today(), counted=counted.get(code)),
                closes := data.closed["crossing_point"].get(code),
                closes is not None and closes <= today(),
            )
        )
    return render_template(
        "interviews/rollout/index.html",
        posts=posts,
        words=STATE_WORDS,
        readers=directives.readers(by=by),
        actor=by,
        called=_called,
    )


def _called(code: str) -> str:
    """A questionnaire as its people know it: its title and version; its code where the country has it no more."""
    known = country().questionnaires.get(code)
    if known is None:
        return code
    version = gettext("version %(number)s", number=known.version)
    return f"{text_in(known.title)}, {version}"


def _order(shares: ComparedShares | None) -> tuple[int, int]:
    """Where officers most often saw less stands first; posts with too few people last, in no order of theirs."""
    return (-shares.less, -shares.more) if shares is not None else (1, 0)


@blueprint.get("/rollout/assessments")
@access.requires(Permission.ASSESSMENT_READ)
def assessments() -> str:
    """How often officers of each post assessed otherwise than the profile, in the last four whole quarters."""
    last = Quarter.of(today()).previous
    first = last
    for _ in range(QUARTERS - 1):
        first = first.previous
    points = country().crossing_points
    by = access.actor()
    found = screenings.against_profile(first, last, by=by)
    shares = screenings.shares(first, last, by=by)
    rows = [
        Difference(text_in(points[code].names) if code in points else gettext("Help line and shelters"), shown)
        for code, shown in sorted(found.items(), key=lambda item: (*_order(item[1]), item[0]))
    ]
    screened = [
        (text_in(points[code].names), each)
        for code, each in sorted(shares.items(), key=lambda item: (-(item[1].not_asked or 0), item[0]))
        if code in points
    ]
    return render_template(
        "interviews/rollout/assessments.html", rows=rows, screened=screened, first=first, last=last, fewest=FEWEST
    )
