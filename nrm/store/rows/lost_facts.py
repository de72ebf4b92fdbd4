"""Rows that say what a page shows as a fact, and that are not as the audit chain tells (ADR 0235): at what age somebody
counts, what a referral came to, which duties are done, what the child authority was told at a post, what people agreed
to. All of the chain is read: for the operator, and for no page.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from nrm.audit import Event
from nrm.db import db
from nrm.domain.referrals.referrals import ReferralStatus
from nrm.domain.shelter.ages import ADULT
from nrm.domain.shelter.consents import Ended, Said, Topic
from nrm.domain.shelter.findings import Found
from nrm.domain.shelter.permits import DISCHARGES
from nrm.models.referrals.referrals import ChildAlert, Obligation, Referral
from nrm.models.shelter.cases import Case
from nrm.models.shelter.consents import Consent
from nrm.store.rows.lost_records import events_of
from nrm.vault import rows as vault_rows

_BECOMES: Mapping[str, ReferralStatus] = {
    Event.REFERRAL_SENT: ReferralStatus.SENT,
    Event.REFERRAL_ASSIGNED: ReferralStatus.SENT,
    Event.REFERRAL_ACCEPTED: ReferralStatus.ACCEPTED,
    Event.ACCEPTED_AFTER_ALL: ReferralStatus.ACCEPTED,
    Event.DEPARTURE_TAKEN_BACK: ReferralStatus.ACCEPTED,
    Event.AWAITED_AGAIN: ReferralStatus.ACCEPTED,
    Event.ARRIVAL_TAKEN_BACK: ReferralStatus.ACCEPTED,
    Event.REFERRAL_DECLINED: ReferralStatus.DECLINED,
    Event.REFERRAL_EXPIRED: ReferralStatus.EXPIRED,
    Event.REFERRAL_WITHDRAWN: ReferralStatus.WITHDRAWN,
    Event.REFERRAL_ARRIVED: ReferralStatus.ARRIVED,
    Event.REFERRAL_NOT_ARRIVED: ReferralStatus.NOT_ARRIVED,
    Event.REFERRAL_CALLED_OFF: ReferralStatus.CALLED_OFF,
    Event.ACCEPTANCE_TAKEN_BACK: ReferralStatus.MISTAKEN,
}
"""What a referral is after each event; others leave it as it is."""
_ENDED = (ReferralStatus.DECLINED, ReferralStatus.EXPIRED, ReferralStatus.WITHDRAWN)
"""Of a referral that the chain never told of, and that did not begin here, at least this is missed."""
_SUPPLEMENTS = (
    Event.SUPPLEMENT_TAKEN,
    Event.SUPPLEMENT_FILED,
    Event.OWED_PART_WRITTEN,
    Event.CONSENT_RECORDED,
    Event.CONSENT_ENDED,
    Event.KEYS_DESTROYED,
    Event.ACT_AGREED,
    Event.ACT_FINISHED,
)
_PERMITS = (Event.PERMIT_RECORDED, Event.PERMIT_MARKED)
_DONE_BY: Mapping[str, tuple[Event, ...]] = {
    "answer": (Event.REFERRAL_ACCEPTED,),
    "arrival": (Event.REFERRAL_ARRIVED,),
    "ask_consent": (Event.CONSENT_RECORDED,),
    "notify": (Event.CHILD_ALERT_ACKNOWLEDGED, Event.CHILD_ANSWERED),
    "read_supplement": _SUPPLEMENTS,
    "complete_interview": _SUPPLEMENTS,
    **dict.fromkeys(("assess_risk", "assess_security", "assess_family"), (Event.AGE_RECORDED,)),
    **dict.fromkeys(DISCHARGES.values(), _PERMITS),
}
"""By which other events about the case a duty is done, without an entry of its own."""
_OWED_AGAIN = (Event.AGE_RECORDED, Event.CHILD_FINDING_RECORDED)


def ages() -> list[uuid.UUID]:
    """Cases of which a person counts as of another age than was recorded last. Of a case that was sent or opened before
    the chain took the age, and of which none was recorded since, it does not say."""
    told: dict[str, str] = {}
    for _, said in events_of(Event.CASE_OPENED, Event.REFERRAL_SENT, Event.AGE_RECORDED):
        if said.get("age_class"):
            told[said["case_id"]] = said["age_class"]
    rows = db.session.execute(select(Case.id, Case.age_class))
    return sorted(id_ for id_, age_class in rows if told.get(str(id_), age_class) != age_class)


def referrals() -> list[uuid.UUID]:
    """Cases of which a referral is gone, or stands where nobody's step brought it."""
    told: dict[str, tuple[str, str]] = {}
    for event, said in events_of(*map(Event, _BECOMES)):
        told[said["referral_id"]] = said["case_id"], _BECOMES[event]
    wrong, there = set(), set()
    for id_, case_id, status in db.session.execute(select(Referral.id, Referral.case_id, Referral.status)):
        there.add(str(id_))
        if str(id_) in told:
            right = told[str(id_)] == (str(case_id), status)
        else:
            right = status not in _ENDED
        if not right:
            wrong.add(case_id)
    return sorted(wrong | {uuid.UUID(case_id) for id_, (case_id, _) in told.items() if id_ not in there})


def duties() -> list[uuid.UUID]:
    """Cases of which a duty is marked as done though nobody did it, or by another one than did it, or as owed though
    somebody did it. That one which is gone was owed, no entry tells."""
    known: dict[str, str] = {}
    denied: dict[str, str] = {}
    done: dict[tuple[str, str], set[str]] = {}
    again: set[str] = set()
    events = {Event.OBLIGATION_ACKNOWLEDGED, Event.OBLIGATION_OPEN_AGAIN, Event.ARRIVAL_TAKEN_BACK, *_OWED_AGAIN}
    for event, said in events_of(*events.union(*_DONE_BY.values())):
        case_id = said.get("case_id") or said.get("interview_id") or said.get("subject_id") or ""
        if event == Event.OBLIGATION_ACKNOWLEDGED:
            known[said["obligation_id"]] = said["member_id"]
            denied.pop(said["obligation_id"], None)
        elif event == Event.OBLIGATION_OPEN_AGAIN:
            known.pop(said["obligation_id"], None)
            denied[said["obligation_id"]] = said.get("denied") or ""
        elif event == Event.ARRIVAL_TAKEN_BACK:
            done.pop((case_id, Event.REFERRAL_ARRIVED), None)
        else:
            done.setdefault((case_id, event), set()).add(said["member_id"])
        if event == Event.AGE_RECORDED or said.get("found") == Found.NOT_YET_CLEAR:
            again.add(case_id)
    rows = select(Obligation.id, Obligation.case_id, Obligation.kind, Obligation.done_at, Obligation.done_by_id)
    wrong = set()
    for id_, case_id, kind, done_at, done_by in db.session.execute(rows):
        by_entry = known.get(str(id_))
        if done_at is None:
            right = denied.get(str(id_), "") == str(done_by or "") and (by_entry is None or str(case_id) in again)
        elif by_entry is not None and by_entry == str(done_by):
            right = True
        else:
            others = set().union(*(done.get((str(case_id), event), ()) for event in _DONE_BY.get(kind, ())))
            right = bool(others) and (done_by is None or str(done_by) in others)
        if not right:
            wrong.add(case_id)
    return sorted(wrong)


@dataclass(slots=True)
class _Told:
    """What the child authority was told of one interview, by the chain."""

    known_by: str = ""
    withdrawn: str = ""
    answer: str = ""
    how: str = ""
    answered_by: str = ""
    asked: bool = False
    sent: bool = False

    def hear(self, event: str, said: Mapping[str, Any]) -> None:
        """Go on by one entry."""
        if event == Event.CHILD_ALERT_ACKNOWLEDGED:
            self.known_by = said["member_id"]
        elif event == Event.CHILD_ALERT_NOT_KNOWN:
            self.known_by = ""
        elif event == Event.CHILD_ALERT_WITHDRAWN:
            self.withdrawn = said["why"]
        elif event == Event.CHILD_ANSWERED:
            self.answer, self.how, self.answered_by = said["answer"], said["how"], said["member_id"]
            self.known_by = self.known_by or said["member_id"]
        else:  # asked, or asked again because it did not say what was written down
            self.answer = self.how = self.answered_by = ""
            self.asked = True
            if event == Event.CHILD_ANSWER_CONTRADICTED:
                self.withdrawn = ""

    def fits(self, row: ChildAlert) -> bool:
        """Whether the row says the same. That the post says `adult` asks the authority, and leaves an entry by that."""
        known, answered = (str(each or "") for each in (row.done_by_id, row.answered_by_id))
        return (
            (self.known_by, self.known_by != "", self.withdrawn, self.answer, self.how, self.answered_by)
            == (known, row.done_at is not None, row.withdrawn_why, row.answer, row.answer_how, answered)
            and (row.opinion_at is None or self.asked)
            and (row.age_class != ADULT or self.asked)
        )


def child_alerts() -> list[uuid.UUID]:
    """Interviews of which the child authority was told, and of which that is gone, or stands otherwise than people said
    it. Which of two ages a post says of a child, and when, no entry tells."""
    told: dict[str, _Told] = {}
    events = (
        Event.CHILD_AUTHORITY_TOLD,
        Event.CHILD_ALERT_ACKNOWLEDGED,
        Event.CHILD_ALERT_NOT_KNOWN,
        Event.CHILD_ALERT_WITHDRAWN,
        Event.CHILD_OPINION_GIVEN,
        Event.CHILD_ANSWERED,
        Event.CHILD_ANSWER_CONTRADICTED,
    )
    for event, said in events_of(*events, Event.REFERRAL_SENT):
        id_ = said.get("interview_id") or said["case_id"]
        if event == Event.CHILD_AUTHORITY_TOLD:
            told[id_] = _Told()
        elif event == Event.REFERRAL_SENT:
            told.setdefault(id_, _Told()).sent = True
        else:
            told.setdefault(id_, _Told()).hear(event, said)
    there = {str(each.id): each for each in db.session.scalars(select(ChildAlert))}
    wrong = {id_ for id_, row in there.items() if id_ not in told or not told[id_].fits(row)}
    # What was told becomes a duty of the case once it is sent; what was taken back is deleted a day later.
    gone = {id_ for id_, each in told.items() if id_ not in there and not each.sent and not each.withdrawn}
    return sorted(map(uuid.UUID, wrong | gone))


def consents() -> list[uuid.UUID]:
    """Cases of which an answer was not written by this program, holds though it ended, or does not hold though it was
    said and nobody ended it. Of a no that ended, and of an answer that was taken back as a mistake, the chain does not
    say which one holds again."""
    last: dict[tuple[str, str, str], tuple[str, str]] = {}
    for event, said in events_of(Event.CONSENT_RECORDED, Event.CONSENT_ENDED, Event.SHARE_TAKEN_UP):
        case_id = said["case_id"]
        if event == Event.SHARE_TAKEN_UP:  # a yes that had ended goes on; to whom, the entry names as an office
            for key in [each for each in last if each[:2] == (case_id, Topic.SHARING)]:
                last[key] = (last[key][0], "") if not last[key][1] else (last[key][0], Ended.ASKED_AGAIN)
            continue
        key = case_id, said["topic"], said["party"]
        before = last.get(key, ("", ""))[0]
        last[key] = (said["said"], "") if event == Event.CONSENT_RECORDED else (before, said["how"])
    wrong, holds = set(), dict[tuple[str, str, str], str]()
    for row in db.session.scalars(select(Consent)):
        if not vault_rows.is_consent(row):
            wrong.add(row.case_id)
        elif row.ended_on is None:
            holds[str(row.case_id), row.topic, row.party] = row.said
    for key, (said_last, how) in last.items():
        if how == "":
            right = holds.get(key) == said_last
        else:
            undecided = how == Ended.ASKED_AGAIN or said_last != Said.GIVEN or key[1] == Topic.STATISTICS
            right = undecided or key not in holds
        if not right:
            wrong.add(uuid.UUID(key[0]))
    return sorted(wrong)
