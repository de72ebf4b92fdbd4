"""What is shown at the top of every home page, read in one statement."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import timedelta
from typing import Any

from sqlalchemy import Select

from nrm import clock
from nrm.domain.accounts.accounts import Actor
from nrm.domain.accounts.members import Keys
from nrm.domain.accounts.vouching import TOLD_FOR
from nrm.domain.quarters import Quarter
from nrm.domain.support.follow_ups import SAFE_IS_SHOWN
from nrm.domain.support.threats import SEEN_IS_SHOWN
from nrm.store import days, identification_waits, permits_told, told_lately
from nrm.store.accounts import alarms, changes, erased_lately, members, occasions, one_hand, second_hands, suspensions
from nrm.store.countries import country
from nrm.store.interviews import child_alerts, family_notices, groups, holds, written_answers
from nrm.store.referrals import children_sent, notices_told, obligations, post_tasks, promises, referrals, transfers
from nrm.store.reports import contributions, reports
from nrm.store.rows.shelter import absences as absence_rows
from nrm.store.rows.shelter import ages as age_rows
from nrm.store.rows.shelter import places as place_rows
from nrm.store.rows.support import follow_ups as follow_up_rows
from nrm.store.shelter import (
    absences,
    age_words,
    ages,
    arrivals,
    away,
    closings,
    consents,
    data_requests,
    findings,
    guardians,
    identifications,
    key_workers,
    matching,
    missing_told,
    others_there,
    places,
    stays,
    uncounted,
)
from nrm.store.statements import built_once
from nrm.store.support import (
    benefit_reviews,
    benefits,
    complaints,
    early_nights,
    feedback,
    follow_ups,
    hearings,
    plans,
    subsidies,
    threats,
)


@dataclass(frozen=True, slots=True)
class Top:
    """The state of the organisation's keys; how many alarms wait about openings, and about acts that destroy; how many
    such acts wait for a second member; whether a closed report waits for its second signature; how many people are
    missing, or were until yesterday, and how many left on their own; how often the desk was told of others still there;
    how many people arrived and have no place, or are away; how many minors turn 18 this month; how many moves between
    shelters are not over; how often the desk was told under seal of somebody who is missing; how many people are on
    their way, for how many codes a place is kept, how many answers run out soon or did, how many requests of persons
    wait, whether a quarter waits for an answer, for how many people the actor answers, how many people stay here, how
    many colleagues wait to be let in again, and how many people are suspended; for how many colleagues words may have
    to be typed, and how much changed lately about colleagues' keys; how many residents have not been asked whether they
    may be looked for, and how many people anywhere said yes; how many threats to witnesses the desk has not seen, or
    saw lately; how many steps of plans are due, and how many plans wait for the actor to confirm them; how many
    contacts after the shelter are due, or ended lately while the person was not safe or so that it can be taken back;
    how many complaints about staff wait; how many people of the house have a hearing announced; how many quarters wait
    for a signature under their nights; how many invitations into the organisation are open; of how many benefits the
    house has not seen what became of them; how often somebody asked to end the actor's account; how many calls about a
    child at a post the desk can still take back; how many benefits were called off unseen by the manager, how many one
    member alone asked for, where that is much, and how many of the month before no manager has looked through; how many
    notes of a house wait to be read; how much the actor may have said to know some minutes ago; how many benefits are
    asked for again after another one called them off; of how many children of the house a guardian is recorded; how
    often somebody said, or answered, that a child is an adult; how many interviews are held at the post, how many
    groups of returnees it has, and whether it told the child authority of any family; how many alarms wait about
    accounts to which many pages were refused; how many cases were erased lately, and how many stays of children were
    struck; how many people arrived lately of whom no post said that they left, how many calls others wrote down
    lately, how much a post may have to tell an escort, or to ask about who did not arrive, how many days away of
    children were struck, of how many children at the post an answer was written down or asked lately, how many cases
    colleagues closed lately (for the desk: of people who may be missing), what colleagues said lately of somebody,
    how many referrals to the house were withdrawn lately, or with a promise written down in its name, how many returns
    that the office announced colleagues took back lately, of how many stays that ended lately the desk may read that
    one hand alone did it, how many stays of the actor's people ended lately while the case is open, how often
    lately whoever is named in a joint interview objected, how many permits somebody else struck or withdrew lately,
    how many children whose case was sent have not arrived, how many formal identifications wait for long, and how many
    steps of plans have a later day, with what closed cases left behind, and how many people have no key worker.
    An actor who has no part in one of them gets 0.
    """

    keys: Keys
    alarms: int
    to_countersign: bool
    act_alarms: int = 0
    acts: int = 0
    missing: int = 0
    left: int = 0
    others: int = 0
    without_place: int = 0
    away: int = 0
    turning: int = 0
    moves: int = 0
    told: int = 0
    coming: int = 0
    kept: int = 0
    to_ask_again: int = 0
    requests: int = 0
    quarter: int = 0
    mine: int = 0
    stays: int = 0
    locked_out: int = 0
    suspended: int = 0
    occasions: int = 0
    changes: int = 0
    unasked: int = 0
    looked_for: int = 0
    threats: int = 0
    steps: int = 0
    plans: int = 0
    follow_ups: int = 0
    complaints: int = 0
    hearings: int = 0
    nights: int = 0
    invited: int = 0
    benefits: int = 0
    own_end: int = 0
    to_agree: int = 0
    calls_of_children: int = 0
    early_nights: int = 0
    uncounted: int = 0
    of_nobody: int = 0
    benefits_off: int = 0
    benefits_alone: int = 0
    benefits_to_review: int = 0
    notes: int = 0
    known: int = 0
    benefits_again: int = 0
    guardians: int = 0
    ages: int = 0
    held: int = 0
    groups: int = 0
    families: bool = False
    refused: int = 0
    erased: int = 0
    struck: int = 0
    unsaid: int = 0
    told_of: int = 0
    post_tasks: int = 0
    away_struck: int = 0
    written: int = 0
    closed_lately: int = 0
    told_lately: int = 0
    withdrawn_referrals: int = 0
    notices_told: int = 0
    one_hand: int = 0
    stays_ended: int = 0
    objected: int = 0
    permits_told: int = 0
    children_sent: int = 0
    identifications: int = 0
    later: int = 0
    without_worker: int = 0


def top(*, by: Actor) -> Top:
    """The top of the actor's home page."""
    today = days.today()
    quarter = Quarter.of(today).previous
    values = {
        "soon": today + timedelta(days=country().validity.ask_again_days),
        "told_since": clock.now() - TOLD_FOR,
        "ended_since": absence_rows.ended_since(),
        "struck_since": absence_rows.struck_since(),
        "follow_up_until": today,
        "follow_up_now": clock.now(),
        "follow_up_safe_since": clock.now() - SAFE_IS_SHOWN,
        "follow_up_over_since": follow_up_rows.shown_since(),
        "follow_up_kept_since": follow_up_rows.kept_since(),
        "age_said_since": age_rows.said_since(),
        "threats_since": clock.now() - SEEN_IS_SHOWN,
        "quarter": str(quarter),
        **erased_lately.moment(by),
        **findings.strikes_moment(by),
        **place_rows.days_of(today),
        **second_hands.moments(by),
        **suspensions.moment(by),
        **members.moment(by),
        **child_alerts.moment(by),
        **benefit_reviews.moment(by),
        **obligations.known_moments(by),
        **arrivals.moment(by),
        **obligations.telephoned_moment(by),
        **family_notices.moment(by),
        **post_tasks.moments(by),
        **away.strikes_moment(by),
        **written_answers.post_moment(by),
        **closings.moment(by),
        **told_lately.moment(by),
        **promises.moment(by),
        **notices_told.moment(by),
        **one_hand.moment(by),
        **stays.ended_moment(by),
        **identifications.objected_moment(by),
        **identification_waits.moment(by),
        **permits_told.moment(by),
        **children_sent.moment(by),
        **contributions.moment(quarter, by=by),
    }
    row = _top(by)(**values).one()
    keys = members.keys_of(row, by=by)
    waiting, closed, *numbers = row[-len(fields(Top)) + 1 :]
    return Top(keys, waiting, bool(closed), *numbers)


@built_once
def _top(by: Actor) -> Select[*tuple[Any, ...]]:
    return members.key_columns(by).add_columns(
        alarms.number_waiting(by),
        reports.waits_to_countersign(by),
        alarms.number_waiting(by, acts=True),
        second_hands.number_waiting(by),
        absences.number_missing(by),
        absences.number_left(by),
        others_there.number_told(by),
        arrivals.number_waiting(by),
        away.number_away(by),
        ages.number_turning(by),
        transfers.number_open(by),
        missing_told.number_told(by),
        referrals.number_coming(by),
        places.number_kept(by),
        consents.number_to_ask_again(by),
        data_requests.number_to_answer(by),
        contributions.number_waiting(by),
        key_workers.number_of_mine(by),
        stays.number_open(by),
        members.waiting_for_colleague(by),
        suspensions.number_standing(by),
        occasions.number_waiting(by),
        changes.number_told(by),
        matching.number_unasked(by),
        matching.number_under_way(by),
        threats.number_told(by),
        plans.number_due(by),
        plans.number_to_confirm(by),
        follow_ups.number_due(by),
        complaints.number_there(by),
        hearings.number_of_people(by),
        subsidies.number_to_sign(by),
        members.number_invited(by),
        benefits.number_untold(by),
        second_hands.number_of_own_end(by),
        benefits.number_for_second(by),
        child_alerts.number_recorded(by),
        early_nights.number_waiting(by),
        uncounted.number_waiting(by),
        benefits.number_of_nobody(by),
        benefit_reviews.number_off(by),
        benefit_reviews.number_alone(by),
        benefit_reviews.number_to_review(by),
        feedback.number_to_read(by),
        obligations.number_known(by) + family_notices.number_called(by),
        benefits.number_again(by),
        guardians.number_of(by),
        age_words.number_said(by),
        holds.number_held(by),
        groups.number_there(by),
        family_notices.has_written(by),
        alarms.number_waiting(by, refusals=True),
        erased_lately.number(by),
        findings.number_struck(by),
        arrivals.number_unsaid(by),
        obligations.number_telephoned(by),
        post_tasks.number(by),
        away.number_struck(by),
        written_answers.number_of_post(by),
        closings.number_lately(by),
        told_lately.number(by),
        promises.number_withdrawn(by),
        notices_told.number(by),
        one_hand.number(by),
        stays.number_ended(by),
        identifications.number_objected(by),
        permits_told.number(by),
        children_sent.number(by),
        identification_waits.number(by),
        plans.number_later(by) + closings.number_owed(by),
        key_workers.number_without(by),
    )
