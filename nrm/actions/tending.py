"""What has to happen when time passes: done every minute by the server, and by `nrm tend`. It needs no key.

Every step can be repeated and can run twice at the same time: a row is changed only if it is still as it was read.
"""

from __future__ import annotations

from datetime import timedelta

from flask import current_app
from sqlalchemy import delete

from nrm import clock
from nrm.actions import backups, following
from nrm.actions.accounts import accounts, alarms, beginning_anew, members, organisations, second_hands
from nrm.actions.interviews import child_alerts, family_notices, groups, helpline, holds, interviews, monitoring
from nrm.actions.referrals import announced_returns, meetings, notification_calls, referrals, supplements
from nrm.actions.shelter import (
    ages,
    child_returns,
    consents,
    erasures,
    key_workers,
    matching,
    others_there,
    permits,
)
from nrm.actions.support import benefits, complaint_sending, complaints, feedback, follow_ups, hearings
from nrm.db import rows_hit, transaction
from nrm.domain.accounts.accounts import Actor
from nrm.models.shelter.cases import Opening
from nrm.steps.shelter import erasures as erasure_steps
from nrm.store.rows.accounts import members as member_rows
from nrm.vault import keyrings, shredding, sweeping
from nrm.vault.keylog import copies, log

_BATCH = 200
_COMPARES_EVERY = timedelta(minutes=10)
"""How often all of the key log is read: 0.1 seconds for 10,000 entries."""


def tend() -> dict[str, int]:
    """Do it; how many of each: `referrals_expired`, `drafts_expired`, `groups_forgotten`, `holds_over`, `others_over`,
    `tags_forgotten`, `meetings_over`, `places_ended`, `papers_settled`, `sessions_covered`, `sessions_ended`,
    `alarms_raised`,
    `acts_expired`, `begun_anew`, `keys_forgotten`, `openings_lapsed`, `alerts_forgotten`, `families_forgotten`,
    `supplements_lapsed`, `notices_over`, `follow_ups_on`, `feedback_counted`, `complaints_forgotten`,
    `complaints_moved`, `benefits_forgotten`, `grown_up`, `consents_lapsed`, `thinking_ended`, `particulars_destroyed`,
    `child_returns_forgotten`, `hearings_forgotten`, `calls_forgotten`, `screens_forgotten`,
    `records_forgotten`, `seeds_committed`, `names_sealed`, `rows_coarsened`, `erased_listed`,
    `keys_destroyed`, `keys_left_over`, `keyrings_settled`, `key_log_settled`, `key_log_changed`, `country_followed`,
    `rows_followed`, `people_compared`, `shred_files_deleted`; and `keyrings_due`: for how many organisations a key
    holder must do something, `keyrings_disagree`: of how many the newest keyring is not the known one.
    """
    by = Actor.system("tend")
    organisations.pass_over()
    return {
        "referrals_expired": referrals.expire_unanswered(limit=_BATCH, by=by),
        "drafts_expired": interviews.expire_drafts(by=by),
        "groups_forgotten": groups.forget(),
        "holds_over": holds.finish_due(by=by),
        "papers_settled": permits.settle_papers(by=by),
        "sessions_covered": accounts.cover_idle_sessions(),
        "sessions_ended": accounts.forget_ended_sessions(),
        "alarms_raised": alarms.raise_due(by=by),
        "acts_expired": second_hands.expire(by=by),
        "keys_forgotten": members.forget_left(by=by),
        "begun_anew": beginning_anew.take_effect_of_anew(by=by),
        "openings_lapsed": _forget_openings(),
        "alerts_forgotten": child_alerts.forget_withdrawn(),
        "families_forgotten": family_notices.forget(),
        "supplements_lapsed": supplements.lapse(by=by),
        "tags_forgotten": referrals.forget_tags(),
        "meetings_over": meetings.forget(),
        "places_ended": key_workers.end_without_case(by=by),
        "notices_over": announced_returns.expire(by=by),
        "others_over": others_there.expire(by=by),
        "follow_ups_on": follow_ups.pass_time(by=by),
        "feedback_counted": feedback.pass_time(),
        "complaints_forgotten": complaints.forget(by=by),
        "complaints_moved": complaint_sending.stir(),
        "benefits_forgotten": benefits.forget(by=by),
        "grown_up": ages.grow_up(by=by),
        "consents_lapsed": consents.lapse(by=by),
        "thinking_ended": consents.end_thinking(by=by),
        "particulars_destroyed": consents.destroy_uncounted(by=by),
        "child_returns_forgotten": child_returns.forget(),
        "hearings_forgotten": hearings.forget_kept_long_ago(),
        "calls_forgotten": helpline.forget(),
        "screens_forgotten": monitoring.forget_screens(),
        "records_forgotten": monitoring.forget_records(),
        "seeds_committed": monitoring.commit_seeds(),
        "people_compared": matching.search_due(),
        "names_sealed": notification_calls.seal_names(),
        "rows_coarsened": erasures.forget_rows(),
        "erased_listed": erasure_steps.complete_lists(),
        "keys_destroyed": shredding.work_off(),
        "keys_left_over": sweeping.sweep(),
        "keyrings_settled": keyrings.settle(),
        "key_log_settled": log.settle(),
        "key_log_changed": int(log.compare(every=_COMPARES_EVERY) is not None),
        "country_followed": sum(each.done for each in following.follow_in_force()),
        "rows_followed": _follow_the_log(),
        "shred_files_deleted": backups.forget_shred_files(current_app.extensions["nrm.config"].backups),
        "keyrings_due": member_rows.keyrings_due(),
        "keyrings_disagree": len(keyrings.disagreeing()),
    }


def keep_watch() -> int:
    """What goes on while nobody should believe the clock, because it ends and destroys nothing: how many alarms were
    raised (ADR 0194)."""
    return alarms.raise_due(by=Actor.system("tend"))


def _follow_the_log() -> int:
    """Bring the rows of members and organisations to what was signed; none while the log is wrong."""
    try:
        with transaction() as session:
            return copies.follow(session, log.state(session))
    except log.LogWrong:
        return 0


def _forget_openings() -> int:
    with transaction() as session:
        return rows_hit(session, delete(Opening).where(Opening.expires_at <= clock.now()))
