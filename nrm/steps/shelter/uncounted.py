"""A person is not counted any more: at once; and the particulars wait for another member (ADR 0188)."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from sqlalchemy.orm import Session

from nrm import audit
from nrm.domain.accounts.accounts import Actor
from nrm.domain.shelter.cases import NOT_COLLECTED
from nrm.domain.shelter.consents import Ended, Narrowing, Said, Topic
from nrm.models.shelter.cases import Case
from nrm.models.shelter.consents import Consent
from nrm.steps.shelter import consent_records
from nrm.store import days


def uncount(session: Session, case: Case, ended: Sequence[Consent], by: Actor) -> None:
    """Count the person no more. `ended`: the yes that ended by it; a case that is older than the table of answers has
    none, and gets it. The particulars wait for another member: one hand destroys nothing."""
    case.facts = {**case.facts, "statistics": "no"}
    for each in ended or [_yes(session, case, by)]:
        consent_records.set_narrowing(each, Narrowing.WAITS)
    audit.append(session, audit.Event.PARTICULARS_WAIT, by=by, case_id=case.id)
    session.flush()


def destroy(case: Case) -> None:
    """Keep only what the gates need."""
    case.facts = {"statistics": "no"}
    case.age_band = case.citizenship = case.exploited_in = NOT_COLLECTED


def settle(waiting: Sequence[Consent]) -> None:
    """Nothing waits any more: they are destroyed, or the person is counted again."""
    for each in waiting:
        consent_records.set_narrowing(each, Narrowing.DONE if each.ended == Ended.WITHDRAWN else Narrowing.NONE)


def _yes(session: Session, case: Case, by: Actor) -> Consent:
    """The yes to being counted that a case has as a fact alone, as an answer that ended today."""
    given = Consent(
        id=uuid.uuid4(),
        case_id=case.id,
        topic=str(Topic.STATISTICS),
        party="",
        said=str(Said.GIVEN),
        read_by_id=by.member_id,
        read_at_id=by.organisation_id,
        asked_on=case.registered_month,
        due_on=None,
        ended="",
        narrowing="",
        weighed="",
        questionnaire="",
        wording="",
        wording_version=0,
        wording_sha256="",
        language="",
        interpreter="",
    )
    session.add(given)
    given.ended, given.ended_on, given.ended_by_id = str(Ended.WITHDRAWN), days.today(), by.member_id
    session.flush()
    return given
