"""What the mechanism did for people in a period, and what became of them, as coarse codes; for the program alone."""

from __future__ import annotations

import uuid
from collections import Counter, defaultdict
from datetime import datetime, time, timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    and_,
    case,
    func,
    or_,
    select,
)

from nrm.domain.accounts.accounts import Actor
from nrm.domain.quarters import Quarter
from nrm.domain.referrals.referrals import answer_class
from nrm.domain.reports import counting as rules
from nrm.domain.reports.reports import Window
from nrm.domain.shelter.child_returns import Direction, integration
from nrm.domain.shelter.stays import Source
from nrm.domain.support import feedback as feedback_rules
from nrm.domain.support.follow_ups import Ended, Stand, contacts_before, outcome_at_the_end
from nrm.models.accounts.accounts import Organisation
from nrm.models.referrals.referrals import Referral
from nrm.models.shelter.cases import Case
from nrm.models.shelter.child_returns import ChildReturn, ChildReturnOutcome
from nrm.models.shelter.stays import Stay
from nrm.models.support.feedback import FeedbackBox
from nrm.models.support.follow_ups import FollowUp, FollowUpDate
from nrm.models.support.plans import ServiceAnswer
from nrm.store.countries import country
from nrm.store.reports import counting
from nrm.store.rows.shelter import corrections as correction_rows
from nrm.vault import rows as marked
from nrm.vault.keyrings import CannotOpen
from nrm.vault.unattended import feedback_boxes


def referrals(
    connection: Connection, first: Quarter, last: Quarter, codes: rules.Codes, *, by: Actor
) -> list[rules.Row]:
    """The referrals sent in the period."""
    counting.must_count(by)
    begins = [datetime.combine(day, time.min, country().timezone) for day in (first.start, last.next.start)]
    statement = (
        select(
            Referral.id,
            Organisation.code,
            Referral.status,
            Referral.answered_in,
            Referral.sent_at,
            Referral.due_at,
            Referral.decided_at,
        )
        .join(Organisation, Organisation.id == Referral.receiver_id)
        .join(Case, Case.id == Referral.case_id)
        .where(Referral.sent_at >= begins[0], Referral.sent_at < begins[1], counting.AGREES)
        .order_by(Referral.id)
    )
    return [
        rules.referral(
            row.id.hex,
            row.code,
            row.status,
            row.answered_in or answer_class(row.status, row.sent_at, row.due_at, row.decided_at),
            codes,
        )
        for row in connection.execute(statement)
    ]


def dependants(
    connection: Connection, first: Quarter, last: Quarter, codes: rules.Codes, *, by: Actor
) -> list[rules.Row]:
    """The children accommodated in the period with somebody who is a victim, each once; they are not in report ix."""
    counting.must_count(by)
    then = Stay.id.in_(correction_rows.stays_known_after(last.end))
    now = ~then & or_(Stay.ended_on.is_(None), Stay.ended_on > last.end)
    there = or_(now, Stay.id.in_(correction_rows.touching(last.end + timedelta(days=1), last.end)))
    statement = (
        select(Case.id, Case.gender, Case.age_band, func.max(case((there, 1), else_=0)).label("there"))
        .join(Stay, Stay.case_id == Case.id)
        .where(_touches(first, last), Case.source == Source.WITH_A_VICTIM, counting.AGREES)
        .group_by(Case.id, Case.gender, Case.age_band)
        .order_by(Case.id)
    )
    return [
        rules.dependant(row.id.hex, row.gender, row.age_band, not row.there, codes)
        for row in connection.execute(statement)
    ]


def _touches(first: Quarter, last: Quarter) -> ColumnElement[bool]:
    """The condition for stays of the period; one that became known late belongs to the period in which it did."""
    now = and_(
        Stay.admitted_on <= last.end,
        or_(Stay.ended_on.is_(None), Stay.ended_on >= first.start, Stay.known_on >= first.start),
        Stay.taken_back_on.is_(None),
        Stay.id.not_in(correction_rows.stays_known_after(last.end)),
    )
    return and_(Stay.known_on <= last.end, or_(now, Stay.id.in_(correction_rows.touching(first.start, last.end))))


def services(
    connection: Connection, first: Quarter, last: Quarter, codes: rules.Codes, *, by: Actor
) -> list[rules.Row]:
    """The people of whom the holder answered in the period which services they received, each with all of them."""
    counting.must_count(by)
    statement = (
        select(ServiceAnswer.case_id, ServiceAnswer.services)
        .join(Case, Case.id == ServiceAnswer.case_id)
        .where(ServiceAnswer.counts_on.between(first.start, last.end), counting.AGREES)
        .order_by(ServiceAnswer.case_id)
    )
    received: dict[str, set[str]] = {}
    for row in connection.execute(statement):
        received.setdefault(row.case_id.hex, set()).update(set(row.services) & codes.keys())
    return [rules.served(person, kinds) for person, kinds in received.items()]


def followed_up(
    connection: Connection, first: Quarter, last: Quarter, codes: rules.Codes, *, by: Actor
) -> list[rules.Row]:
    """The people whose last contact after the shelter was due in the period, as it was known at its end. Of several
    agreements with one person the newest counts; one that went elsewhere with the case is nobody's to answer."""
    counting.must_count(by)
    final = select(FollowUpDate.follow_up_id, func.max(FollowUpDate.months).label("months"))
    final_of = final.group_by(FollowUpDate.follow_up_id).subquery()
    in_question = (
        select(FollowUpDate.follow_up_id)
        .join(
            final_of,
            and_(final_of.c.follow_up_id == FollowUpDate.follow_up_id, final_of.c.months == FollowUpDate.months),
        )
        .where(FollowUpDate.due_on.between(first.start, last.end))
    )
    statement = (
        select(
            FollowUp.id,
            FollowUp.case_id,
            FollowUp.begins_on,
            FollowUp.ended_on,
            FollowUp.ended_why,
            FollowUpDate.state,
            FollowUpDate.outcome,
            FollowUpDate.counts_on,
            Case.gender,
            Case.age_band,
        )
        .join(FollowUpDate, FollowUpDate.follow_up_id == FollowUp.id)
        .join(Case, Case.id == FollowUp.case_id)
        .where(FollowUp.id.in_(in_question), FollowUp.ended_why != Ended.MOVED, counting.AGREES)
        .order_by(FollowUp.case_id, FollowUp.begins_on, FollowUp.id, FollowUpDate.months)
    )
    agreements: dict[uuid.UUID, dict[uuid.UUID, list[Row[*tuple[Any, ...]]]]] = defaultdict(lambda: defaultdict(list))
    for row in connection.execute(statement):
        agreements[row.case_id][row.id].append(row)
    ages = counting.Ages(connection)
    found = []
    for case_id, each in agreements.items():
        *before, final_one = list(each.values())[-1]
        why = Ended(final_one.ended_why) if final_one.ended_on is not None and final_one.ended_on <= last.end else None
        outcome = outcome_at_the_end(_known(final_one, last), final_one.outcome, why)
        contacts = contacts_before([_known(contact, last) for contact in before])
        band = ages.band(case_id, final_one.age_band, last.end)
        found.append(rules.afterwards(case_id.hex, outcome, contacts, final_one.gender, band, codes))
    return found


def _known(contact: Row[*tuple[Any, ...]], last: Quarter) -> Stand:
    """How a contact stood at the end of a period: what was settled later is open still."""
    settled = contact.counts_on is not None and contact.counts_on <= last.end
    return Stand(contact.state) if settled else Stand.OPEN


def answered(
    connection: Connection, first: Quarter, last: Quarter, codes: rules.Codes, *, by: Actor
) -> list[rules.Row]:
    """The slips that were answered in the period, by house; one with fewer than five is not told apart (ADR 0158)."""
    counting.must_count(by)
    houses = select(FeedbackBox.__table__, Organisation.code).join(
        Organisation, Organisation.id == FeedbackBox.organisation_id
    )
    by_house: dict[str, Counter[str]] = {}
    for box in connection.execute(houses.order_by(Organisation.code)).all():
        if not marked.is_box(box):
            raise CannotOpen  # nothing is published before it is known whose answers they are
        answers = feedback_boxes.read(connection, box.id).answers
        by_house[box.code] = sum((Counter(answers.get(each, {})) for each in Window(first, last).quarters), Counter())
    slips = feedback_rules.counted(by_house, codes["house"], rest="other")
    return [rules.feedback(f"{number}", house, replies) for number, (house, replies) in enumerate(slips)]


def returned_children(
    connection: Connection, first: Quarter, last: Quarter, codes: rules.Codes, *, by: Actor
) -> list[rules.Row]:
    """The children that returned from another country in the period, or of whom it was entered in it what became of
    them, each once, as it was known at its end."""
    counting.must_count(by)
    told = select(ChildReturnOutcome.return_id).where(ChildReturnOutcome.quarter_on.between(first.start, last.end))
    here = (ChildReturn.direction == Direction.HERE, ChildReturn.sex != "")
    counts = or_(ChildReturn.returned_month.between(first.start, last.end), ChildReturn.id.in_(told))
    children = connection.execute(
        select(ChildReturn.id, ChildReturn.country, ChildReturn.sex, ChildReturn.guardian).where(*here, counts)
    ).all()
    entries: dict[uuid.UUID, list[tuple[int, str]]] = defaultdict(list)
    known = (
        select(ChildReturnOutcome.return_id, ChildReturnOutcome.months, ChildReturnOutcome.outcome)
        .where(
            ChildReturnOutcome.quarter_on <= last.end, ChildReturnOutcome.return_id.in_([each.id for each in children])
        )
        .order_by(ChildReturnOutcome.return_id, ChildReturnOutcome.position)
    )
    for return_id, months, outcome in connection.execute(known):
        entries[return_id].append((months, outcome))
    return [
        rules.returned_child(each.id.hex, each.country, each.sex, integration(each.guardian, entries[each.id]), codes)
        for each in sorted(children, key=lambda each: each.id.hex)
    ]
