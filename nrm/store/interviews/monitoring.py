"""What a monitor reads: draws, sampled procedure records, scores and what is to be mended; a post, its own alone.

No function here leads to an interview, a case or a person, and none counts interviews.
"""

from __future__ import annotations

import uuid
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Select, exists, func, select

from nrm.db import db
from nrm.domain.accounts.accounts import Actor, NotVisible, Permission
from nrm.domain.interviews.monitoring import agreement_class, kappa, share_met
from nrm.domain.quarters import Quarter
from nrm.models.accounts.accounts import Organisation
from nrm.models.interviews.monitoring import (
    MonitoringDraw,
    MonitoringSample,
    MonitoringScore,
    NegativeScreen,
    ProcedureRecord,
    Remedy,
)
from nrm.models.interviews.screenings import ScreeningCount, ScreeningKind

_MOST = 200


@dataclass(frozen=True, slots=True)
class SampleLine:
    """One sampled interview that waits for the asker's score. `second`: somebody else has scored it, unseen."""

    id: uuid.UUID
    quarter: str
    post: dict[str, str]
    number: int
    second: bool


@dataclass(frozen=True, slots=True)
class Sample:
    """A sampled interview with its record; `record` None once that is gone. `mine`: the asker's own marks."""

    id: uuid.UUID
    quarter: str
    organisation_id: uuid.UUID
    post: dict[str, str]
    number: int
    record: ProcedureRecord | None
    mine: Mapping[str, str] | None
    full: bool


@dataclass(frozen=True, slots=True)
class ScoreLine:
    """One post: its score in each quarter that has one, in hundredths to the nearest five."""

    organisation_id: uuid.UUID
    post: dict[str, str]
    shares: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class ScoreTable:
    """Posts over quarters, the weakest item of each post, and how far two monitors agree."""

    quarters: tuple[str, ...]
    lines: tuple[ScoreLine, ...]
    weakest: Mapping[uuid.UUID, tuple[str, ...]]
    agreement: str


@dataclass(frozen=True, slots=True)
class RemedyLine:
    """What a post is asked to mend."""

    id: uuid.UUID
    organisation_id: uuid.UUID
    post: dict[str, str]
    quarter: str
    item: str
    action: str
    owner: str
    due_on: date
    checked_on: date | None
    outcome: str


def draws(*, by: Actor) -> Sequence[MonitoringDraw]:
    """Every quarter with a committed seed, the latest first."""
    by.must(Permission.MONITORING_SCORE)
    return db.session.scalars(select(MonitoringDraw).order_by(MonitoringDraw.quarter.desc()).limit(_MOST)).all()


def draw_of(quarter: Quarter, *, by: Actor, lock: bool = False) -> MonitoringDraw:
    """The draw of one quarter; raises NotVisible, NotPermitted."""
    by.must(Permission.MONITORING_SCORE)
    statement = (
        select(MonitoringDraw).where(MonitoringDraw.quarter == str(quarter)).execution_options(populate_existing=True)
    )
    found = db.session.scalar(statement.with_for_update() if lock else statement)
    if found is None:
        raise NotVisible
    return found


def sizes(quarter: Quarter, *, by: Actor) -> list[tuple[dict[str, str], int]]:
    """(post, how many were drawn): always a multiple of five."""
    by.must(Permission.MONITORING_SCORE)
    statement = (
        select(Organisation, func.count())
        .join(MonitoringSample, MonitoringSample.organisation_id == Organisation.id)
        .where(MonitoringSample.quarter == str(quarter))
        .group_by(Organisation.id)
        .order_by(Organisation.code)
    )
    return [(post.names, number) for post, number in db.session.execute(statement)]


def to_score(*, by: Actor, limit: int = _MOST) -> list[SampleLine]:
    """Interviews that wait for the actor's score, the oldest quarter first."""
    by.must(Permission.MONITORING_SCORE)
    scores = (
        select(func.count()).where(MonitoringScore.sample_id == MonitoringSample.id).correlate(MonitoringSample)
    ).scalar_subquery()
    mine = exists().where(MonitoringScore.sample_id == MonitoringSample.id, MonitoringScore.member_id == by.member_id)
    there = exists().where(ProcedureRecord.id == MonitoringSample.record_id)
    statement = (
        _samples()
        .add_columns(scores)
        .where(~mine, there, (scores == 0) | (MonitoringSample.twice & (scores == 1)))
        .order_by(MonitoringSample.quarter, Organisation.code, MonitoringSample.number)
        .limit(limit)
    )
    return [
        SampleLine(sample.id, sample.quarter, post.names, sample.number, bool(scored))
        for sample, post, scored in db.session.execute(statement)
    ]


def sample(sample_id: uuid.UUID, *, by: Actor) -> Sample:
    """One sampled interview, without the scores of others. Raises NotVisible, NotPermitted."""
    by.must(Permission.MONITORING_SCORE)
    found = db.session.execute(_samples().where(MonitoringSample.id == sample_id)).first()
    if found is None:
        raise NotVisible
    row, post = found
    scores = db.session.scalars(select(MonitoringScore).where(MonitoringScore.sample_id == sample_id)).all()
    mine = next((each.marks for each in scores if each.member_id == by.member_id), None)
    return Sample(
        row.id,
        row.quarter,
        row.organisation_id,
        post.names,
        row.number,
        db.session.get(ProcedureRecord, row.record_id),
        mine,
        len(scores) >= (2 if row.twice else 1),
    )


def scores(*, by: Actor) -> ScoreTable:
    """The table of scores; for a post, its own line and nothing of how monitors agree."""
    statement = (
        _samples()
        .add_columns(MonitoringScore.round, MonitoringScore.marks)
        .join(MonitoringScore, MonitoringScore.sample_id == MonitoringSample.id)
        .order_by(Organisation.code, MonitoringSample.quarter, MonitoringSample.id, MonitoringScore.round)
    )
    if not by.may(Permission.MONITORING_SCORE):
        statement = statement.where(MonitoringSample.organisation_id == _own_post(by))
    posts: dict[uuid.UUID, dict[str, str]] = {}
    marks: dict[uuid.UUID, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    missed: dict[uuid.UUID, Counter[str]] = defaultdict(Counter)
    both: dict[uuid.UUID, list[Mapping[str, str]]] = defaultdict(list)
    for row, post, _, found in db.session.execute(statement):
        posts[post.id] = post.names
        marks[post.id][row.quarter] += found.values()
        missed[post.id].update(item for item, mark in found.items() if mark == "not_met")
        both[row.id].append(found)
    pairs = [
        (first[item], second[item])
        for each in both.values()
        if len(each) == 2
        for first, second in [each]
        for item in first.keys() & second.keys()
    ]
    lines = [
        ScoreLine(
            post,
            names,
            {quarter: share for quarter in marks[post] if (share := share_met(marks[post][quarter])) is not None},
        )
        for post, names in posts.items()
    ]
    scored = sorted({quarter for line in lines for quarter in line.shares})
    quarters = scored[:1]
    while scored and quarters[-1] < scored[-1]:  # one in which nothing was scored has its column, too
        quarters.append(str(Quarter.parse(quarters[-1]).next))
    weakest = {post: tuple(item for item, _ in counted.most_common(3)) for post, counted in missed.items()}
    agreement = agreement_class(kappa(pairs)) if by.may(Permission.MONITORING_SCORE) else "none"
    return ScoreTable(tuple(quarters), tuple(lines), weakest, agreement)


def remedies(*, by: Actor, open_only: bool = False) -> list[RemedyLine]:
    """What posts are asked to mend, the first due first; for a post, its own."""
    statement = (
        select(Remedy, Organisation)
        .join(Organisation, Organisation.id == Remedy.organisation_id)
        .order_by(Remedy.checked_on.is_not(None), Remedy.due_on, Remedy.id)
        .limit(_MOST)
    )
    if not by.may(Permission.MONITORING_SCORE):
        statement = statement.where(Remedy.organisation_id == _own_post(by))
    if open_only:
        statement = statement.where(Remedy.checked_on.is_(None))
    return [_remedy(*found) for found in db.session.execute(statement)]


def remedy(remedy_id: uuid.UUID, *, by: Actor) -> RemedyLine:
    """One of them; raises NotVisible, NotPermitted."""
    by.must(Permission.MONITORING_SCORE)
    found = db.session.execute(
        select(Remedy, Organisation)
        .join(Organisation, Organisation.id == Remedy.organisation_id)
        .where(Remedy.id == remedy_id)
    ).first()
    if found is None:
        raise NotVisible
    return _remedy(*found)


def monitored_posts(*, by: Actor) -> list[tuple[uuid.UUID, dict[str, str]]]:
    """The posts of which anything was drawn."""
    by.must(Permission.MONITORING_SCORE)
    drawn = select(MonitoringSample.organisation_id)
    posts = db.session.scalars(select(Organisation).where(Organisation.id.in_(drawn)).order_by(Organisation.code))
    return [(post.id, post.names) for post in posts]


def frames(quarter: Quarter, *, by: Actor) -> dict[str, list[uuid.UUID]]:
    """Post -> the ids of the records from which its sample is drawn, for the draw itself and for repeating it.

    Before the draw: those of the quarter or an earlier one that took part in none. The system alone.
    """
    _must_draw(by)
    drawn = db.session.get(MonitoringDraw, str(quarter))
    statement = select(Organisation.code, ProcedureRecord.id).join(
        Organisation, Organisation.id == ProcedureRecord.organisation_id
    )
    if drawn is not None and drawn.drawn_on is not None:
        statement = statement.where(ProcedureRecord.considered_in == str(quarter))
    else:
        statement = statement.where(
            ProcedureRecord.considered_in.is_(None), ProcedureRecord.quarter_on <= quarter.start
        )
    found: dict[str, list[uuid.UUID]] = defaultdict(list)
    for code, record_id in db.session.execute(statement.order_by(Organisation.code, ProcedureRecord.id)):
        found[code].append(record_id)
    return dict(found)


def drawn(quarter: Quarter, *, by: Actor) -> dict[str, list[uuid.UUID]]:
    """Post -> the ids of its sampled records in the order of the draw. The system alone."""
    _must_draw(by)
    statement = (
        select(Organisation.code, MonitoringSample.record_id)
        .join(Organisation, Organisation.id == MonitoringSample.organisation_id)
        .where(MonitoringSample.quarter == str(quarter))
        .order_by(Organisation.code, MonitoringSample.number)
    )
    found: dict[str, list[uuid.UUID]] = defaultdict(list)
    for code, record_id in db.session.execute(statement):
        found[code].append(record_id)
    return dict(found)


def profiles_and_assessments(quarter: Quarter, *, by: Actor) -> dict[str, Counter[tuple[str, str]]]:
    """Crossing point -> how often which profile met which assessment in the quarter. The system alone."""
    _must_draw(by)
    statement = (
        select(ScreeningKind.crossing_point, ScreeningCount.profile, ScreeningCount.assessment, ScreeningCount.number)
        .join(ScreeningKind, ScreeningKind.id == ScreeningCount.kind_id)
        .where(ScreeningCount.quarter_on.between(quarter.start, quarter.end), ScreeningKind.crossing_point != "")
    )
    found: dict[str, Counter[tuple[str, str]]] = defaultdict(Counter)
    for point, profile, assessment, number in db.session.execute(statement):
        found[point][profile, assessment] += number
    return dict(found)


def quarters_without_seed(today: date, *, by: Actor) -> list[Quarter]:
    """The quarters that need a seed: the running one, and earlier ones with undrawn records, if they have none."""
    _must_draw(by)
    starts = db.session.scalars(
        select(ProcedureRecord.quarter_on).where(ProcedureRecord.considered_in.is_(None)).distinct()
    )
    wanted = {Quarter.of(today), *map(Quarter.of, starts)}
    known = set(db.session.scalars(select(MonitoringDraw.quarter)))
    return sorted(each for each in wanted if str(each) not in known)


def negative_screens(*, by: Actor) -> Sequence[NegativeScreen]:
    """The answers behind “no indicator” where the profile said otherwise, in the order of their random ids."""
    by.must(Permission.MONITORING_SCORE)
    statement = select(NegativeScreen).where(NegativeScreen.profile != "none").order_by(NegativeScreen.id)
    return db.session.scalars(statement.limit(_MOST)).all()


def _must_draw(by: Actor) -> None:
    if by.duty != "monitoring":
        raise NotVisible


def _own_post(by: Actor) -> uuid.UUID:
    if by.organisation_id is None or not by.may(Permission.MONITORING_OWN):
        raise NotVisible
    return by.organisation_id


def _samples() -> Select[MonitoringSample, Organisation]:
    return select(MonitoringSample, Organisation).join(
        Organisation, Organisation.id == MonitoringSample.organisation_id
    )


def _remedy(row: Remedy, post: Organisation) -> RemedyLine:
    return RemedyLine(
        row.id,
        post.id,
        post.names,
        row.quarter,
        row.item,
        row.action,
        row.owner,
        row.due_on,
        row.checked_on,
        row.outcome,
    )
