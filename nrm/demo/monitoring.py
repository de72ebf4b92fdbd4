"""The monitors of a demo country at work: they draw each quarter that is over, score it and follow it up."""

from __future__ import annotations

import uuid
from collections import Counter
from datetime import timedelta

from nrm.actions.interviews import monitoring
from nrm.demo.life import Life
from nrm.domain.accounts.accounts import Actor, Role
from nrm.domain.interviews.monitoring import Mark, RemedyAction, RemedyOutcome, RemedyOwner
from nrm.domain.quarters import Quarter
from nrm.models.interviews.monitoring import ProcedureRecord
from nrm.store import days
from nrm.store.interviews import monitoring as store

_REMEDIES = {
    "language": (RemedyAction.INTERPRETER, RemedyOwner.REGIONAL_DIRECTORATE),
    "alone": (RemedyAction.ROOM, RemedyOwner.POST_CHIEF),
    "questions": (RemedyAction.TRAIN, RemedyOwner.TRAINING_CENTRE),
}
_OTHERWISE = (RemedyAction.INSTRUCT, RemedyOwner.POST_CHIEF)


def monitor(life: Life, quarter: Quarter) -> None:
    """Draw a quarter that is over; two people score it; each post mends what it missed most."""
    first, second = (each for key, each in life.actors.items() if each.role is Role.MONITOR and "#" in key)
    monitoring.draw(quarter, by=first)
    missed: dict[uuid.UUID, Counter[str]] = {}
    for by in (first, second):
        for line in store.to_score(by=by):
            sample = store.sample(line.id, by=by)
            assert sample.record is not None
            marks = {item.id: _mark(item.id, sample.record, strict=by is first) for item in monitoring.items_of(sample)}
            monitoring.score(sample_id=line.id, marks=marks, by=by)
            found = missed.setdefault(sample.organisation_id, Counter())
            found.update(item for item, mark in marks.items() if mark is Mark.NOT_MET)
    for post, counted in missed.items():
        for item, _ in counted.most_common(1):
            _ask_to_mend(life, quarter, post, item, first)


def _mark(item: str, record: ProcedureRecord, *, strict: bool) -> Mark:
    """What a monitor reads off the record; the second one is milder about questions left blank."""
    answers = record.answers
    facts = {
        "language": answers.get("interpreter") != "not_found",
        "alone": answers.get("alone") == "yes",
        "purpose": answers.get("purpose_read") != "not_read",
        "child_authority": record.child_told != "late",
        "questions": len(record.not_asked) <= (1 if strict else 4),
        "assessment": record.profile == record.assessment or "assessment_why" in record.asked,
        "in_time": record.in_time == "yes",
        "leaflet": bool(answers.get("leaflet") or answers.get("leaflet_read")),
    }
    unknown = (item == "pace" and not record.duration) or (item == "assessment" and not record.assessment)
    if unknown:
        return Mark.NOT_APPLICABLE
    return Mark.MET if facts.get(item, True) else Mark.NOT_MET


def _ask_to_mend(life: Life, quarter: Quarter, post: uuid.UUID, item: str, by: Actor) -> None:
    remedy_id = uuid.uuid4()
    action, owner = _REMEDIES.get(item, _OTHERWISE)
    monitoring.ask_to_mend(
        remedy_id=remedy_id,
        organisation_id=post,
        quarter=quarter,
        item=item,
        action=action,
        owner=owner,
        due_on=days.today() + timedelta(days=60),
        by=by,
    )
    outcome = RemedyOutcome.PARTLY if item == "questions" else RemedyOutcome.DONE
    life.after(timedelta(days=62), lambda: monitoring.check_mended(remedy_id=remedy_id, outcome=outcome, by=by))
