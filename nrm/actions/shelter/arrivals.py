"""What is told at an arrival and sealed with the care of the person: the hour, and whom to tell if she goes missing."""

from __future__ import annotations

import uuid
from collections.abc import Mapping

from nrm import audit, clock
from nrm.db import transaction
from nrm.domain.accounts.accounts import Actor, Permission
from nrm.domain.shelter.cases import Compartment
from nrm.steps.shelter import cases as steps
from nrm.store.shelter import cases as store
from nrm.vault import care_notes


def seal(*, case_id: uuid.UUID, note: str, answers: Mapping[str, str], by: Actor) -> None:
    """Append the note, and write the answers into the compartment `care`; whatever is empty is left out.

    Raises NotPermitted, NotVisible, CannotOpen, CaseRefused.
    """
    by.must(Permission.STAY_MANAGE)
    told = {name: text for name, text in answers.items() if text}
    if not note and not told:
        return
    with transaction() as session:
        steps.check_written(case_id, by)
        steps.begin(session, case_id, Compartment.CARE, by)
        if told:
            steps.merge(session, case_id, {Compartment.CARE: told}, by)
        if note:
            written = {"text": note, "at": clock.now().isoformat(), "login": store.login_of(by)}
            note_id = care_notes.add(session, case_id, written, by=by)
            audit.append(session, audit.Event.NOTE_ADDED, by=by, case_id=case_id, note_id=note_id)
