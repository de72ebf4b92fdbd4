"""Beginning an exercise of a training, saying that it is done, and beginning anew (ADR 0189).

What is kept of it are entries of the audit chain: who, which exercise, when, and whether it was right.
"""

from __future__ import annotations

from nrm import audit
from nrm.db import transaction
from nrm.domain.accounts.accounts import Actor, NotVisible
from nrm.domain.exercises import BY_CODE, At, Exercise, of_desk
from nrm.steps import training as steps
from nrm.steps import training_findings
from nrm.store import training as store


class NotBegun(Exception):
    """Nobody at the desk has begun the exercise, or it is done already."""


def begin(*, exercise: str, by: Actor) -> None:
    """Begin it, or begin it anew: what was recorded before counts no more. Raises NotVisible."""
    own = store.own(by=by)
    found = _of_desk(exercise, own)
    with transaction() as session:
        audit.append(session, audit.Event.TRAINING_BEGUN, by=by, exercise=found.code)


def finish(*, exercise: str, by: Actor) -> bool:
    """Say that it is done; from then on its answer is shown. False, and nothing is written, while there is nothing that
    could be right or wrong: it goes on. Raises NotVisible, NotBegun."""
    own = store.own(by=by)
    found = _of_desk(exercise, own)
    begun = store.begun(own.desk.id, by=by).get(found.code)
    if begun is None or begun.done_at is not None:
        raise NotBegun
    answer = steps.findings(found, own, begun, by=by)
    if training_findings.is_unfinished(answer):
        return False
    with transaction() as session:
        said, compared = (
            "yes" if training_findings.is_right(answer) else "no",
            training_findings.answers_as_said(answer) or None,
        )
        done = audit.Event.TRAINING_DONE
        audit.append(session, done, by=by, exercise=found.code, right=said, answers=compared)
    return True


def clear(*, organisation: str, by: Actor) -> None:
    """For the trainer: let the trainee of this post begin everything anew. Raises NotVisible."""
    for each in store.trainees(by=by):
        if each.post.code == organisation:
            with transaction() as session:
                for desk in (each.post, each.house):
                    audit.append(session, audit.Event.TRAINING_CLEARED, by=by, desk_id=desk.id)
            return
    raise NotVisible


def exercise_of(*, exercise: str, by: Actor) -> tuple[Exercise, store.Own, store.Begun | None]:
    """One exercise, and how far it is: of the desk that asks, and at the shelter also one that its post has done, whose
    answers the shelter reads. Raises NotVisible."""
    own = store.own(by=by)
    found = BY_CODE.get(exercise)
    if found is not None and own.at is At.HOUSE and found.at is At.POST:
        begun = store.begun(own.post.id, by=by).get(found.code)
        if begun is not None and begun.done_at is not None:
            return found, own, begun
    found = _of_desk(exercise, own)
    return found, own, store.begun(own.desk.id, by=by).get(found.code)


def exercise_called(code: str) -> Exercise:
    """Any exercise, for the trainer; raises NotVisible."""
    found = BY_CODE.get(code)
    if found is None:
        raise NotVisible
    return found


def _of_desk(exercise: str, own: store.Own) -> Exercise:
    found = BY_CODE.get(exercise)
    if found is None or found not in of_desk(own.at):
        raise NotVisible
    return found
