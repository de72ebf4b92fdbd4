"""Random monitoring: the seed and its commitment, the draw, scoring, and what posts are asked to mend (ADR 0025)."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import delete, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from nrm import audit
from nrm.db import db, hit_one, rows_hit, transaction
from nrm.domain.accounts.accounts import Actor, NotVisible, Permission
from nrm.domain.interviews import monitoring as rules
from nrm.domain.interviews.monitoring import (
    DrawRefusal,
    DrawRefused,
    Item,
    MonitoringRefusal,
    MonitoringRefused,
    RemedyAction,
    RemedyOutcome,
    RemedyOwner,
)
from nrm.domain.quarters import Quarter
from nrm.models.interviews.monitoring import (
    MonitoringDraw,
    MonitoringSample,
    MonitoringScore,
    NegativeScreen,
    ProcedureRecord,
    Remedy,
)
from nrm.store import days, names
from nrm.store.countries import country
from nrm.store.interviews import monitoring as store
from nrm.vault import signing

SYSTEM = Actor.system("monitoring")


@dataclass(frozen=True, slots=True)
class Redrawn:
    """A draw that was repeated: what is stored, what the repetition gives, and the documents to repeat it elsewhere.

    `problems`: `POST: what`; empty when both agree.
    """

    quarter: Quarter
    commitment: str
    seed: str
    frames: Mapping[str, list[uuid.UUID]]
    drawn: Mapping[str, list[uuid.UUID]]
    problems: tuple[str, ...]


def commit_seeds() -> int:
    """Make and seal the seed of the running quarter, and of earlier ones that have none; returns how many.

    From then on everybody can see the hash of the seed; the seed itself is shown only after the draw.
    """
    today = days.today()
    wanted = store.quarters_without_seed(today, by=SYSTEM)
    made = 0
    for quarter in wanted:
        seed = signing.secret_seed()
        try:
            with transaction() as session:
                session.add(
                    MonitoringDraw(
                        quarter=str(quarter),
                        commitment=rules.commitment(seed),
                        committed_on=today,
                        sealed_seed=signing.seal_memory({"seed": seed.hex()}, "monitoring", str(quarter)),
                    )
                )
                session.flush()
                audit.append(
                    session,
                    audit.Event.SEED_COMMITTED,
                    by=SYSTEM,
                    quarter=str(quarter),
                    commitment=rules.commitment(seed),
                )
                made += 1
        except IntegrityError:
            continue  # another process made it first
    return made


def draw(quarter: Quarter, *, by: Actor) -> int:
    """Draw the sample of a quarter that is over and show its seed; how many were drawn.

    Raises NotPermitted, DrawRefused.
    """
    by.must(Permission.MONITORING_SCORE)
    today = days.today()
    if today <= quarter.end:
        raise DrawRefused(DrawRefusal.RUNNING)
    with transaction() as session:
        try:
            row = store.draw_of(quarter, by=by, lock=True)
        except NotVisible:
            raise DrawRefused(DrawRefusal.NO_SEED) from None
        if row.drawn_on is not None or row.sealed_seed is None:
            raise DrawRefused(DrawRefusal.DRAWN)
        seed = bytes.fromhex(signing.open_memory(row.sealed_seed, "monitoring", str(quarter))["seed"])
        posts = {each.code: each for each in names.organisations_by_id().values()}
        waiting, number, differing = [], 0, _differing(quarter)
        for code, frame in store.frames(quarter, by=SYSTEM).items():
            chosen = rules.draw(seed, quarter, code, frame)
            if not chosen:
                waiting.append(str(posts[code].id))
                continue
            number += len(chosen)
            session.execute(
                update(ProcedureRecord)
                .where(ProcedureRecord.id.in_(frame))
                .values(considered_in=str(quarter))
                .execution_options(synchronize_session=False)
            )
            session.add_all(_samples(quarter, posts[code].id, chosen))
        hit = hit_one(
            session,
            update(MonitoringDraw)
            .where(MonitoringDraw.quarter == str(quarter), MonitoringDraw.drawn_on.is_(None))
            .values(
                seed=seed.hex(),
                sealed_seed=None,
                drawn_on=today,
                waiting=waiting,
                differing={
                    str(each.id): differing[each.crossing_point]
                    for each in posts.values()
                    if each.crossing_point in differing
                },
            )
            .execution_options(synchronize_session=False),
        )
        if not hit:
            raise DrawRefused(DrawRefusal.DRAWN)
        audit.append(session, audit.Event.SAMPLE_DRAWN, by=by, quarter=str(quarter), seed=seed.hex())
    return number


def _samples(quarter: Quarter, post: uuid.UUID, chosen: list[uuid.UUID]) -> list[MonitoringSample]:
    twice = rules.scored_twice(len(chosen))
    return [
        MonitoringSample(
            quarter=str(quarter), organisation_id=post, record_id=record_id, number=number, twice=number <= twice
        )
        for number, record_id in enumerate(chosen, start=1)
    ]


def _differing(quarter: Quarter) -> dict[str, str]:
    """Crossing point -> milder or stricter, for points where officers judge differently from the profiles."""
    counted = store.profiles_and_assessments(quarter, by=SYSTEM)
    return {point: how for point, pairs in counted.items() if (how := rules.differs(pairs))}


def redraw(quarter: Quarter) -> Redrawn:
    """Repeat the draw from what is kept, and compare. Needs no account. Raises NotVisible before the draw."""
    row = db.session.get(MonitoringDraw, str(quarter))
    if row is None or row.seed is None:
        raise NotVisible
    frames, drawn = store.frames(quarter, by=SYSTEM), store.drawn(quarter, by=SYSTEM)
    problems = []
    try:
        seed = bytes.fromhex(row.seed)
    except ValueError:
        seed = b""
    if rules.commitment(seed) != row.commitment:
        problems.append("seed: is not the one that was committed to")
    for code in sorted({*frames, *drawn}):
        if rules.draw(seed, quarter, code, frames.get(code, [])) != drawn.get(code, []):
            problems.append(f"{code}: the sample is not the one this seed draws")
    return Redrawn(quarter, row.commitment, row.seed, frames, drawn, tuple(problems))


def items_of(sample: store.Sample) -> tuple[Item, ...]:
    """The items of the checklist that apply to a sampled interview."""
    checklist = country().checklist
    if checklist is None or sample.record is None:
        return ()
    return checklist.asked_of(sample.record.route)


def score(*, sample_id: uuid.UUID, marks: Mapping[str, str], by: Actor) -> None:
    """Keep a monitor's scores of a sampled interview, once. Some interviews are scored by a second person too, and
    neither sees the other's scores.

    Raises NotPermitted, NotVisible (also once the record is gone), MonitoringRefused (`own`, `scored`, `answers`).
    """
    by.must(Permission.MONITORING_SCORE)
    try:
        with transaction() as session:
            sample = store.sample(sample_id, by=by)
            if sample.record is None:
                raise NotVisible
            if sample.mine is not None:
                raise MonitoringRefused(MonitoringRefusal.OWN)
            if sample.full:
                raise MonitoringRefused(MonitoringRefusal.SCORED)
            rules.check_marks(marks, items_of(sample))
            first = session.get(MonitoringScore, (sample_id, 1)) is None
            session.add(
                MonitoringScore(
                    sample_id=sample_id,
                    round=1 if first else 2,
                    member_id=by.member_id,
                    scored_on=days.today(),
                    marks={item: str(mark) for item, mark in marks.items()},
                )
            )
            session.flush()
            audit.append(session, audit.Event.SAMPLE_SCORED, by=by, sample_id=sample_id)
    except IntegrityError:
        raise MonitoringRefused(
            MonitoringRefusal.SCORED
        ) from None  # two people, or one button twice, in the same instant


def ask_to_mend(
    *,
    remedy_id: uuid.UUID,
    organisation_id: uuid.UUID,
    quarter: Quarter,
    item: str,
    action: RemedyAction,
    owner: RemedyOwner,
    due_on: date,
    by: Actor,
) -> None:
    """Ask a post to mend something, under an id the caller chose; the same id again asks nothing twice.

    Raises NotPermitted, NotVisible for a post of which nothing was drawn, MonitoringRefused (`due`, `item`).
    """
    by.must(Permission.MONITORING_SCORE)
    today = days.today()
    rules.check_due(due_on, today)
    checklist = country().checklist
    if checklist is None or item not in checklist.items:
        raise MonitoringRefused(MonitoringRefusal.ITEM)
    if organisation_id not in {post for post, _ in store.monitored_posts(by=by)}:
        raise NotVisible
    try:
        with transaction() as session:
            if session.get(Remedy, remedy_id) is not None:
                return
            session.add(
                Remedy(
                    id=remedy_id,
                    organisation_id=organisation_id,
                    quarter=str(quarter),
                    item=item,
                    action=str(action),
                    owner=str(owner),
                    asked_on=today,
                    due_on=due_on,
                )
            )
            session.flush()
            audit.append(
                session, audit.Event.REMEDY_ASKED, by=by, remedy_id=remedy_id, post_id=organisation_id, item=item
            )
    except IntegrityError:
        return  # the same button, pressed twice at once


def check_mended(*, remedy_id: uuid.UUID, outcome: RemedyOutcome, by: Actor) -> None:
    """Record what was found when it was checked; once.

    Raises NotPermitted, NotVisible, MonitoringRefused (`checked`).
    """
    by.must(Permission.MONITORING_SCORE)
    with transaction() as session:
        store.remedy(remedy_id, by=by)
        hit = hit_one(
            session,
            update(Remedy)
            .where(Remedy.id == remedy_id, Remedy.checked_on.is_(None))
            .values(checked_on=days.today(), outcome=str(outcome))
            .execution_options(synchronize_session=False),
        )
        if not hit:
            raise MonitoringRefused(MonitoringRefusal.CHECKED)
        audit.append(session, audit.Event.REMEDY_CHECKED, by=by, remedy_id=remedy_id, outcome=str(outcome))


def forget_screens() -> int:
    """Delete the answers of screenings without indicators whose time is over; returns how many."""
    with transaction() as session:
        return _gone(session, NegativeScreen.goes_on <= days.today(), NegativeScreen)


def forget_records() -> int:
    """Delete procedure records that are older than the country keeps them; scores stay. Returns how many."""
    checklist = country().checklist
    if checklist is None:
        return 0
    last = days.today() - timedelta(days=checklist.keep_days)
    with transaction() as session:
        return _gone(session, ProcedureRecord.quarter_on < Quarter.of(last).start, ProcedureRecord)


def _gone(session: Session, old: object, model: type[NegativeScreen] | type[ProcedureRecord]) -> int:
    return rows_hit(session, delete(model).where(old))  # type: ignore[arg-type]
