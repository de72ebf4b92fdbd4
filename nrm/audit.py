"""The audit chain: an entry is appended in the transaction of the change that it records (ADR 0010).

An entry's hash is SHA-256 over its number, its event, who, which ids, when, and the hash before. Details hold ids and
closed codes only, never free text. The chain has no key; checkpoints make up for that (`domain/checkpoints.py`).
"""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from hashlib import sha256
from json.encoder import encode_basestring, encode_basestring_ascii
from typing import Any, cast

from sqlalchemy import Connection, Row, Table, func, insert, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from nrm import clock
from nrm.db import Writer
from nrm.domain.accounts.accounts import Actor
from nrm.domain.checkpoints import Checkpoint
from nrm.models.audit import AuditEntry
from nrm.prepared import Prepared

_CHAIN_LOCK = 0x6E726D  # any fixed number: PostgreSQL's writers queue for the end of the chain behind it
_GENESIS = bytes(32)
_NOBODY = uuid.UUID(int=0)
_Entry = Row[int, str, str, str, str, str, bytes]  # id, event, at, member_id, organisation_id, details, hash
_AT_ONCE = 5000


class Event(StrEnum):
    """What can have happened, in the past tense."""

    INSTANCE_MADE = "instance_made"
    TRAINING_BEGUN = "training_begun"
    TRAINING_DONE = "training_done"
    TRAINING_CLEARED = "training_cleared"
    MEMBER_INVITED = "member_invited"
    INVITATION_ACCEPTED = "invitation_accepted"
    MEMBER_CONFIRMED = "member_confirmed"
    MEMBER_DISABLED = "member_disabled"
    MEMBER_BEGINS_ANEW = "member_begins_anew"
    MEMBER_BACK = "member_back"
    MEMBER_KEYS_FORGOTTEN = "member_keys_forgotten"
    MEMBER_SUSPENDED = "member_suspended"
    MEMBER_ROLE_CHANGED = "member_role_changed"
    MEMBER_RENAMED = "member_renamed"
    SUSPENSION_LONGER = "suspension_longer"
    SUSPENSION_ENDED = "suspension_ended"
    ANEW_ASKED = "anew_asked"
    ANEW_AGREED = "anew_agreed"
    ANEW_STOPPED = "anew_stopped"
    ORGANISATION_FOUNDED = "organisation_founded"
    WORDS_REFUSED = "words_refused"
    WORDS_TYPED_ONCE = "words_typed_once"
    OBJECTED = "objected"
    RECOVERY_CODE_MADE = "recovery_code_made"
    RECOVERY_CODE_CHECKED = "recovery_code_checked"
    KEYRING_RENEWED = "keyring_renewed"
    KEYRING_MOVED = "keyring_moved"
    KEYRING_REFUSED = "keyring_refused"
    HOLDING_SAID = "holding_said"
    KEYRING_GIVEN = "keyring_given"
    SEALED_ANEW = "sealed_anew"
    KEY_LOG_PROPOSED = "key_log_proposed"
    KEY_LOG_AGREED = "key_log_agreed"
    KEY_LOG_DECLINED = "key_log_declined"
    KEY_LOG_CONTRADICTED = "key_log_contradicted"
    KEY_LOG_MENDED = "key_log_mended"
    KEY_LOG_BEFORE_LISTED = "key_log_before_listed"
    COUNTRY_CHANGED = "country_changed"
    COUNTRY_FOLDER_READ = "country_folder_read"
    ORGANISATION_ADDED = "organisation_added"
    ORGANISATION_CHANGED = "organisation_changed"
    ORGANISATION_SUSPENDED = "organisation_suspended"
    ORGANISATION_READMITTED = "organisation_readmitted"
    SIGNED_IN = "signed_in"
    SIGN_IN_REFUSED = "sign_in_refused"
    SIGNED_OUT = "signed_out"
    SESSIONS_ENDED = "sessions_ended"
    ACCOUNT_WAITS = "account_waits"
    ACCOUNT_LET_IN = "account_let_in"
    SESSION_LOCKED = "session_locked"
    SESSION_UNLOCKED = "session_unlocked"
    SECOND_FACTOR_SET = "second_factor_set"
    SECOND_FACTOR_RESET = "second_factor_reset"
    TELEPHONE_GIVEN_UP = "telephone_given_up"
    PASSKEY_MADE = "passkey_made"
    PASSKEY_REMOVED = "passkey_removed"
    PASSKEY_WENT_BACK = "passkey_went_back"
    SECOND_FACTOR_LOST = "second_factor_lost"
    SECOND_FACTOR_KEPT = "second_factor_kept"
    SECOND_FACTOR_EXCHANGED = "second_factor_exchanged"
    IDENTITY_PROVED = "identity_proved"
    PASSWORD_CHANGED = "password_changed"  # noqa: S105 - an event's name
    COMPARTMENT_OPENED = "compartment_opened"
    OPENING_FAILED = "opening_failed"
    INTERVIEW_STARTED = "interview_started"
    INTERVIEW_SAVED = "interview_saved"
    INTERVIEW_HANDED_OVER = "interview_handed_over"
    INTERVIEW_DISCARDED = "interview_discarded"
    INTERVIEW_EXPIRED = "interview_expired"
    INTERVIEW_IMPORTED = "interview_imported"
    INTERVIEW_HELD = "interview_held"
    HELD_OPENED = "held_opened"
    INTERVIEW_TAKEN_BACK = "interview_taken_back"
    INTERVIEW_ENDED = "interview_ended"
    HELP_REFUSED = "help_refused"
    PAPERS_ISSUED = "papers_issued"
    PAPER_TYPED_IN = "paper_typed_in"
    KEYINGS_RECONCILED = "keyings_reconciled"
    CASE_OPENED = "case_opened"
    CASE_CLOSED = "case_closed"
    CASE_REOPENED = "case_reopened"
    COMPARTMENT_WRITTEN = "compartment_written"
    NOTE_ADDED = "note_added"
    NOTE_STRUCK = "note_struck"
    REFERRAL_SENT = "referral_sent"
    REFERRAL_ACCEPTED = "referral_accepted"
    REFERRAL_DECLINED = "referral_declined"
    REFERRAL_WITHDRAWN = "referral_withdrawn"
    REFERRAL_EXPIRED = "referral_expired"
    REFERRAL_ARRIVED = "referral_arrived"
    REFERRAL_NOT_ARRIVED = "referral_not_arrived"
    REFERRAL_ASSIGNED = "referral_assigned"
    REFERRAL_PROMISED = "referral_promised"
    PROMISE_TAKEN_BACK = "promise_taken_back"
    PROMISE_DENIED = "promise_denied"
    REFERRAL_DEPARTED = "referral_departed"
    REFERRAL_CALLED_OFF = "referral_called_off"
    DEPARTURE_TAKEN_BACK = "departure_taken_back"
    ACCEPTANCE_TAKEN_BACK = "acceptance_taken_back"
    ACCEPTED_AFTER_ALL = "accepted_after_all"
    AWAITED_AGAIN = "awaited_again"
    MOVE_KEYS_GIVEN_BACK = "move_keys_given_back"
    MEETING_SAID = "meeting_said"
    SAID_AFTER_CALL = "said_after_call"  # the escort was told, or somebody called, after what another office said
    SAID_AFTER_CALL_TAKEN_BACK = "said_after_call_taken_back"
    ESCORT_NAMED = "escort_named"
    REFERRED_OUT = "referred_out"
    CALLED = "called"
    REFERRAL_OFFERED = "referral_offered"
    CASE_SHARED = "case_shared"
    SHARE_ENDED = "share_ended"
    SHARE_TAKEN_UP = "share_taken_up"
    CONSENT_RECORDED = "consent_recorded"
    CONSENT_ENDED = "consent_ended"
    ACCESS_NARROWED = "access_narrowed"
    SUPPLEMENT_SENT = "supplement_sent"
    SUPPLEMENT_TAKEN = "supplement_taken"
    SUPPLEMENT_FILED = "supplement_filed"
    SUPPLEMENT_LAPSED = "supplement_lapsed"
    WITHHELD_RELEASED = "withheld_released"
    OWED_PART_WRITTEN = "owed_part_written"
    OTHERS_TOLD = "others_told"
    OTHERS_TAKEN_BACK = "others_taken_back"
    OTHERS_SEEN = "others_seen"
    OTHERS_OVER = "others_over"
    OBLIGATION_ACKNOWLEDGED = "obligation_acknowledged"
    OBLIGATION_OPEN_AGAIN = "obligation_open_again"
    CHASED = "chased"
    CHASE_TAKEN_BACK = "chase_taken_back"
    NUMBER_TRIED = "number_tried"
    MAILBOX_CHANGED = "mailbox_changed"
    CHILD_AUTHORITY_TOLD = "child_authority_told"
    CHILD_ALERT_WITHDRAWN = "child_alert_withdrawn"
    CHILD_ALERT_ACKNOWLEDGED = "child_alert_acknowledged"
    CHILD_ALERT_NOT_KNOWN = "child_alert_not_known"
    CHILD_OPINION_GIVEN = "child_opinion_given"
    CHILD_ANSWERED = "child_answered"
    CHILD_ANSWER_CONTRADICTED = "child_answer_contradicted"
    CHILD_ANSWER_CONFIRMED = "child_answer_confirmed"  # the child authority did say what others wrote down
    FAMILY_NOTICE_WRITTEN = "family_notice_written"
    FAMILY_NOTICE_ANSWERED = "family_notice_answered"
    FAMILY_NOTICE_OPEN_AGAIN = "family_notice_open_again"
    NOTICE_ANNOUNCED = "notice_announced"
    NOTICE_CANCELLED = "notice_cancelled"
    NOTICE_ARRIVED = "notice_arrived"
    NOTICE_NOT_COME = "notice_not_come"
    NOTICE_EXPIRED = "notice_expired"
    NOTICE_EXPECTED_AGAIN = "notice_expected_again"
    NOTICE_BACK_SEEN = "notice_back_seen"
    CHILD_RETURN_RECORDED = "child_return_recorded"
    CHILD_RETURN_ANSWERED = "child_return_answered"
    CHILD_RETURN_STEP = "child_return_step"
    CHILD_RETURN_FORGOTTEN = "child_return_forgotten"
    CHILD_RETURN_OUTCOME = "child_return_outcome"
    CHILD_FINDING_RECORDED = "child_finding_recorded"
    CHILD_FINDING_DENIED = "child_finding_denied"  # by the member who is named as the assessor
    CHILD_LOOKED_AT = "child_looked_at"
    CHILD_DECIDED = "child_decided"
    GUARDIAN_NAMED = "guardian_named"
    AGE_RECORDED = "age_recorded"
    CASE_MISTAKE_SAID = "case_mistake_said"  # that a child's case was opened by mistake, and what became of it
    CHILD_STRIKE_SEEN = "child_strike_seen"  # child protection has seen that a stay of a child was struck
    AGE_SAID = "age_said"  # that a child is 18 or over: one of two, and what became of it
    CALL_RECORDED = "call_recorded"
    CALL_SETTLED = "call_settled"
    CALL_NOT_REACHED = "call_not_reached"
    CALL_CORRECTED = "call_corrected"  # by whoever recorded it, within a day
    CALL_FOLLOWED = "call_followed"  # whether what it led to is done
    DIRECTIVE_ACKNOWLEDGED = "directive_acknowledged"
    REQUEST_RECORDED = "request_recorded"
    REQUEST_ANSWERED = "request_answered"
    REQUEST_MISTAKEN = "request_mistaken"  # it was recorded for the wrong person
    KEY_WORKER_SET = "key_worker_set"
    KEY_WORKER_ENDED = "key_worker_ended"
    HOUSE_LABEL_WRITTEN = "house_label_written"
    HOUSE_LABEL_TAKEN_AWAY = "house_label_taken_away"
    FEEDBACK_SLIPS_PRINTED = "feedback_slips_printed"
    FEEDBACK_NOTE_WRITTEN = "feedback_note_written"
    FEEDBACK_NOTE_TAKEN_OFF = "feedback_note_taken_off"
    COMPLAINT_AGREED = "complaint_agreed"
    COMPLAINT_DEALT = "complaint_dealt"
    COMPLAINT_KEPT_OPEN = "complaint_kept_open"
    COMPLAINT_TAKEN = "complaint_taken"
    COMPLAINT_GIVEN_BACK = "complaint_given_back"
    COMPLAINT_HOUSE_CORRECTED = "complaint_house_corrected"
    COMPLAINT_TAKEN_BACK = "complaint_taken_back"
    COMPLAINT_TAKEN_UP = "complaint_taken_up"
    COMPLAINT_FORGOTTEN = "complaint_forgotten"
    FOLLOW_UP_AGREED = "follow_up_agreed"
    FOLLOW_UP_CONTACT = "follow_up_contact"
    FOLLOW_UP_ACTED_ON = "follow_up_acted_on"
    FOLLOW_UP_ACT_TAKEN_BACK = "follow_up_act_taken_back"
    FOLLOW_UP_SAFE_TAKEN_BACK = "follow_up_safe_taken_back"
    FOLLOW_UP_SAFE = "follow_up_safe"
    FOLLOW_UP_NOT_SAFE = "follow_up_not_safe"
    FOLLOW_UP_NOT_THIS_PERSON = "follow_up_not_this_person"  # that she is not safe was written of the wrong person
    FEEDBACK_NOTE_SEEN = "feedback_note_seen"
    FEEDBACK_NOTE_PUT_BACK = "feedback_note_put_back"
    FEEDBACK_NOTE_TAKEN_DOWN = "feedback_note_taken_down"
    BENEFIT_OF_NOBODY = "benefit_of_nobody"
    BENEFIT_FOUND = "benefit_found"
    BENEFITS_LOOKED_THROUGH = "benefits_looked_through"
    EARLY_NIGHTS_CONFIRMED = "early_nights_confirmed"
    EARLY_NIGHTS_TAKEN_BACK = "early_nights_taken_back"
    PARTICULARS_WAIT = "particulars_wait"
    PARTICULARS_DESTROYED = "particulars_destroyed"
    PARTICULARS_GIVEN_BACK = "particulars_given_back"
    FOLLOW_UP_TAKEN_OVER = "follow_up_taken_over"
    FOLLOW_UP_ENDED = "follow_up_ended"
    FOLLOW_UP_END_TAKEN_BACK = "follow_up_end_taken_back"
    FOLLOW_UP_FORGOTTEN = "follow_up_forgotten"
    SHIFT_BEGUN = "shift_begun"
    SHIFT_ENDED = "shift_ended"
    SHIFT_LOOKED = "shift_looked"
    COVER_CHANGED = "cover_changed"
    STAY_BEGUN = "stay_begun"
    STAY_CHANGED = "stay_changed"
    STAY_ENDED = "stay_ended"
    AWAY_RECORDED = "away_recorded"
    AWAY_ENDED = "away_ended"
    AWAY_MOVED = "away_moved"  # another day of return
    AWAY_AGAIN = "away_again"  # that she was back was said of the wrong person
    STAY_CORRECTED = "stay_corrected"
    ARRIVAL_TAKEN_BACK = "arrival_taken_back"
    MISSING_REPORTED = "missing_reported"
    MISSING_FEARED = "missing_feared"  # danger is feared of whoever is missing already
    MISSING_KNOWN = "missing_known"
    MISSING_NOT_KNOWN = "missing_not_known"
    MISSING_FOUND = "missing_found"
    MISSING_BY_MISTAKE = "missing_by_mistake"
    MISSING_ENDED = "missing_ended"
    MISSING_PLACE_GIVEN_UP = "missing_place_given_up"
    POLICE_GROUND_SAID = "police_ground_said"
    POLICE_GROUND_CONFIRMED = "police_ground_confirmed"
    POLICE_GROUND_TAKEN_BACK = "police_ground_taken_back"
    MISSING_TOLD = "missing_told"
    MISSING_TOLD_OVER = "missing_told_over"
    LEFT_ALONE_RECORDED = "left_alone_recorded"
    LEFT_ALONE_CONFIRMED = "left_alone_confirmed"
    LEFT_ALONE_TAKEN_BACK = "left_alone_taken_back"
    LEFT_ALONE_KNOWN = "left_alone_known"
    LEFT_NOT_KNOWN = "left_not_known"
    END_DOUBTED = "end_doubted"
    END_DOUBT_TAKEN_BACK = "end_doubt_taken_back"
    DEATH_RECORDED = "death_recorded"
    DEATH_CONFIRMED = "death_confirmed"
    DEATH_TAKEN_BACK = "death_taken_back"
    DEATH_KNOWN = "death_known"
    PLACE_CHANGED = "bed_changed"  # this and the next four are as they have stood in the chain from the beginning
    PLACES_ADDED = "beds_added"
    PLACE_RENAMED = "bed_renamed"
    PLACE_CLOSED = "bed_closed"
    PLACE_REOPENED = "bed_reopened"
    EXTRA_PLACE_MADE = "extra_place_made"
    PLACE_PROMISED = "place_promised"
    PROMISE_RENEWED = "promise_renewed"
    PROMISE_RELEASED = "promise_released"
    UNIT_ADDED = "unit_added"
    UNIT_CHANGED = "unit_changed"
    UNIT_SPLIT = "unit_split"
    UNIT_CLOSED = "unit_closed"
    UNIT_REOPENED = "unit_reopened"
    PERMIT_RECORDED = "permit_recorded"
    PERMIT_MARKED = "permit_marked"
    TESTIMONY_RECORDED = "testimony_recorded"
    TESTIMONY_STRUCK = "testimony_struck"
    HEARING_RECORDED = "hearing_recorded"
    HEARING_STRUCK = "hearing_struck"
    HEARING_FORGOTTEN = "hearing_forgotten"  # what was kept of a case that is read no more
    THREAT_TOLD = "threat_told"
    THREAT_SEEN = "threat_seen"
    THREAT_NOT_SEEN = "threat_not_seen"  # pressed by mistake
    THREAT_DOUBTED = "threat_doubted"  # told twice, or by mistake
    THREAT_FORGOTTEN = "threat_forgotten"  # all of a case of which nothing is kept
    THREAT_STANDS = "threat_stands"  # it was no mistake after all
    WITNESS_ENTERED = "witness_entered"
    WITNESS_RECORDED = "witness_recorded"
    WITNESS_STRUCK = "witness_struck"
    WITNESS_CORRECTED = "witness_corrected"
    WITNESS_OVER = "witness_over"
    DOCUMENTS_GIVEN_BACK = "documents_given_back"
    DOCUMENTS_STILL_HERE = "documents_still_here"
    DEBTS_SETTLED = "debts_settled"
    DEBTS_STILL_OPEN = "debts_still_open"
    LINK_MADE = "link_made"
    LINK_TIED = "link_tied"
    LINK_REFUSED = "link_refused"
    LINK_ENDED = "link_ended"
    LINK_VOIDED = "link_voided"  # by the prosecution: it went to the wrong officer
    LINK_NUMBER_REMOVED = "link_number_removed"
    CLAIM_RECORDED = "claim_recorded"
    PLAN_WRITTEN = "plan_written"
    PLAN_STRUCK = "plan_struck"
    PLAN_CONFIRMED = "plan_confirmed"
    STEP_CHANGED = "step_changed"
    SERVICES_ANSWERED = "services_answered"
    IDENTIFICATION_RECORDED = "identification_recorded"
    AGREEMENT_PROPOSED = "agreement_proposed"
    AGREEMENT_SIMULATED = "agreement_simulated"
    AGREEMENT_WEAKENING_ACCEPTED = "agreement_weakening_accepted"
    AGREEMENT_APPROVED = "agreement_approved"
    AGREEMENT_OPENED = "agreement_opened"
    AGREEMENT_SIGNED = "agreement_signed"
    AGREEMENT_WITHDRAWN = "agreement_withdrawn"
    CONTRACT_RECORDED = "contract_recorded"
    CONTRACT_CHANGED = "contract_changed"
    CONTRACT_ASKED = "contract_asked"
    CONTRACT_DECLINED = "contract_declined"
    CONTRACT_TAKEN_BACK = "contract_taken_back"
    QUARTER_CLOSED = "quarter_closed"
    QUARTER_REFUSED = "quarter_refused"
    MATCHING_KEY_MADE = "matching_key_made"
    MATCH_SEEN = "match_seen"
    MATCH_ASKED = "match_asked"
    MATCH_REFUSED = "match_refused"
    MATCH_YES_BACK = "match_yes_back"
    MATCH_ENCODED = "match_encoded"
    MATCH_ANSWERED = "match_answered"
    MATCH_CONFIRMED = "match_confirmed"
    MATCH_BROKEN = "match_broken"
    MATCH_WORD = "match_word"
    MATCH_LOOKED = "match_looked"
    ALARM_RAISED = "alarm_raised"
    ALARM_ACKNOWLEDGED = "alarm_acknowledged"
    ACT_ASKED = "act_asked"
    ACT_BEGUN = "act_begun"
    ACT_SEEN = "act_seen"
    ACT_UNDONE = "act_undone"
    ACT_FINISHED = "act_finished"
    ACCESS_GIVEN_BACK = "access_given_back"
    ACT_AGREED = "act_agreed"
    ACT_DECLINED = "act_declined"
    ACT_EXPIRED = "act_expired"
    QUARTER_WAITS = "quarter_waits"
    QUARTER_ANSWERED = "quarter_answered"
    SILENCE_ASKED = "silence_asked"
    SILENCE_CONFIRMED = "silence_confirmed"
    RELEASE_SIGNED = "release_signed"
    RELEASE_SEALED = "release_sealed"
    PAPER_NOT_MADE = "paper_not_made"
    PAYMENT_READ = "payment_read"
    NIGHTS_SIGNED = "nights_signed"
    NIGHTS_PAID = "nights_paid"
    BENEFIT_SETTLED = "benefit_settled"
    BENEFIT_CALLED_OFF = "benefit_called_off"
    TABLE_FILED = "table_filed"
    KEYS_DESTROYED = "keys_destroyed"
    SEED_COMMITTED = "seed_committed"
    SAMPLE_DRAWN = "sample_drawn"
    SAMPLE_SCORED = "sample_scored"
    REMEDY_ASKED = "remedy_asked"
    REMEDY_CHECKED = "remedy_checked"
    CLOCK_BELIEVED = "clock_believed"
    BACKUP_MADE = "backup_made"
    BACKUP_RESTORED = "backup_restored"


def append(session: Session | Writer, event: Event, *, by: Actor, **details: uuid.UUID | str | int | None) -> None:
    """Add one entry in the current transaction. `details` are ids and closed codes.

    The session is flushed first. The transaction that has the end of the chain locked must not wait for a row that is
    locked by another transaction, because that one may be waiting for the end of the chain.
    """
    if isinstance(session, Session):
        session.flush()
        if session.get_bind().dialect.name == "postgresql":
            session.execute(_QUEUE, {"key": _CHAIN_LOCK})
    last = _LAST.first(session, {})
    # Written out for nobody, too: a refused sign-in takes as long without an account as with one.
    member, organisation = str(by.member_id or _NOBODY), str(by.organisation_id or _NOBODY)
    number, before = (last.id + 1, last.hash) if last else (1, _GENESIS)
    entry = {
        "id": number,
        "event": str(event),
        "at": clock.now().isoformat(timespec="microseconds"),
        "member_id": member if by.member_id else by.duty,
        "organisation_id": organisation if by.organisation_id else "",
        "details": _canonical(details),
    }
    _APPEND.run(session, {**entry, "hash": _hash(before, tuple(entry.values()))})


def _canonical(details: Mapping[str, uuid.UUID | str | int | None]) -> str:
    """JSON with its keys in order, no spaces, ASCII; written out for the same reason as in `_hash`."""
    text = encode_basestring_ascii
    given = sorted((key, value) for key, value in details.items() if value is not None)
    plain = {key: str(value).lower() if isinstance(value, bool) else value for key, value in given}
    shown = [f"{text(key)}:{plain[key] if isinstance(value, int) else text(str(value))}" for key, value in given]
    return "{" + ",".join(shown) + "}"


def details_of(text: str) -> Any:
    """What `_canonical` wrote. Older entries say `True` and `False` as Python does: they stay as they were hashed."""
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        return json.loads(re.sub(r"\":(True|False)(?=[,}])", lambda found: found[0].lower(), text))


def verify(
    session: Session, checkpoints: Sequence[Checkpoint] = (), *, since: Checkpoint | None = None
) -> Iterator[tuple[int, str]]:
    """The first finding, if any: (number of the bad entry, what is wrong with it). None means that the chain is intact.

    The chain must contain every one of `checkpoints`. With `since`, only the entries after it are read. The memory used
    does not grow with the chain.
    """
    points = sorted((*checkpoints, *([since] if since else [])), key=lambda point: point.entry)
    at = {point.entry: [each for each in points if each.entry == point.entry] for point in points}
    expected, before, known = (since.entry, b"", 0) if since else (1, _GENESIS, 0)
    for number, row in _numbered_entries(session.connection(), since.entry if since else None):
        if row is None:
            yield number, "changed: it cannot be read"
            return
        if number != expected:
            yield expected, f"missing; the next entry found is {number}"
            return
        if not (since and number == since.entry) and not _follows(before, row):
            yield number, "changed, or put in another place: its hash does not follow from the entry before"
            return
        for point in at.get(number, ()):
            if point.hash != row[-1]:
                yield number, f"not as in the checkpoint of {_moment_of(point)}: {_rewritten(known)}"
                return
        known = number if number in at else known
        before, expected = row[-1], number + 1
    for point in points:
        if point.entry >= expected:
            yield (
                expected,
                f"missing: the end was cut off; the checkpoint of {_moment_of(point)} goes to entry {point.entry}",
            )
            return


def last(session: Session) -> tuple[int, bytes] | None:
    """Number and hash of the newest entry."""
    row = _LAST.first(session, {})
    return (row.id, row.hash) if row else None


class BrokenChain(Exception):
    """Entries that do not follow from those before."""


def after(connection: Connection, number: int, hash_: bytes) -> list[dict[str, object]]:
    """The entries of another database after the one with this number and hash: `event`, `at` and their details.

    Raises BrokenChain unless each follows from the one before.
    """
    found: list[dict[str, object]] = []
    before, expected = hash_, number
    for at, row in _numbered_entries(connection, number):
        if row is None or at != expected:
            raise BrokenChain
        if (row[-1] != before) if at == number else not _follows(before, row):
            raise BrokenChain
        if at > number:
            found.append({"event": row[1], "at": row[2], **details_of(row[5])})
        before, expected = row[-1], at + 1
    if expected == number:
        raise BrokenChain
    return found


def length(session: Session) -> int:
    """How many entries there are."""
    return session.execute(select(func.count()).select_from(AuditEntry)).scalar_one()


def _numbered_entries(connection: Connection, first: int | None) -> Iterator[tuple[int, _Entry | None]]:
    """(number, entry) in order; None for the first entry that the database cannot read, which is then the last pair."""
    following = first if first is not None else 1
    statement = select(*_COLUMNS).order_by(_TABLE.c.id)
    if first is not None:
        statement = statement.where(_TABLE.c.id >= first)
    try:
        for row in connection.execute(statement.execution_options(yield_per=_AT_ONCE)):
            yield row[0], row
            following = row[0] + 1
        return
    except DBAPIError:
        pass  # one of the rows that were fetched together is broken: reading each separately shows which
    while True:
        try:
            alone = connection.execute(select(*_COLUMNS).where(_TABLE.c.id == following)).first()
        except DBAPIError:
            alone = None
        yield following, alone
        if alone is None:
            return
        following += 1


def _moment_of(point: Checkpoint) -> str:
    return point.at.isoformat(timespec="seconds")


def _rewritten(known: int) -> str:
    return f"the chain was written anew between entry {known} and this one"


def _follows(before: bytes, row: _Entry) -> bool:
    """Whether the row has the right hash; False also if a value in it has the wrong type."""
    try:
        return _hash(before, row) == row[-1]
    except (TypeError, ValueError):
        return False


def _hash(before: bytes, entry: Sequence[Any]) -> bytes:
    """SHA-256 of the hash before and of the entry as canonical JSON: keys in order, no spaces, UTF-8.

    The JSON is written by hand, because the chain of a year is verified with it and `json.dumps` takes more than twice
    as long for the same bytes.
    """
    number, event, at, member_id, organisation_id, details = entry[:6]
    text = encode_basestring
    canonical = (
        f'{{"at":{text(at)},"details":{text(details)},"event":{text(event)},"id":{number:d},'
        f'"member_id":{text(member_id)},"organisation_id":{text(organisation_id)}}}'
    )
    return sha256(before + canonical.encode()).digest()


_TABLE = cast(Table, AuditEntry.__table__)
_COLUMNS = (
    _TABLE.c.id,
    _TABLE.c.event,
    _TABLE.c.at,
    _TABLE.c.member_id,
    _TABLE.c.organisation_id,
    _TABLE.c.details,
    _TABLE.c.hash,
)
_LAST = Prepared(select(_TABLE.c.id, _TABLE.c.hash).order_by(_TABLE.c.id.desc()).limit(1))
_APPEND = Prepared(insert(_TABLE), [column.name for column in _TABLE.columns])
_QUEUE = text("SELECT pg_advisory_xact_lock(:key)")
