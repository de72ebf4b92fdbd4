"""What was taken back of a referral, and what can be, for the pages of the referral (ADR 0086)."""

from __future__ import annotations

from flask import render_template
from markupsafe import Markup

from forms.referrals.referrals import ESCORT_LABELS
from forms.shelter.corrections import WHY_LABELS
from nrm.domain.referrals.referrals import ReferralEvent, Relation, actors_of
from nrm.store.referrals import mistakes as mistake_store
from nrm.store.referrals import referrals as referral_store
from nrm.store.referrals import transfers as transfer_store
from nrm.store.referrals.referrals import ReferralLine


def section(line: ReferralLine) -> Markup:
    """What was taken back of a referral, on its page; empty where nothing was."""
    lines = mistake_store.of_referral(line)
    if not lines:
        return Markup("")
    page = render_template("referrals/mistakes/taken_back.html", lines=lines, escorts=ESCORT_LABELS, words=WHY_LABELS)
    return Markup(page)  # noqa: S704 - a template of ours, escaped there


def may_say_not_left(line: ReferralLine) -> bool:
    """Whether the asker can take back that they have left."""
    if line.departed_at is None or line.relation not in actors_of(line.status, ReferralEvent.TAKE_BACK_DEPARTURE):
        return False
    return line.relation is Relation.SENDER or not transfer_store.is_move(line)


def may_say_not_taken(line: ReferralLine) -> bool:
    """Whether the asker can take back that it accepted; a move is called off instead."""
    able = line.relation in actors_of(line.status, ReferralEvent.TAKE_BACK_ACCEPTANCE)
    return able and line.departed_at is None and not transfer_store.is_move(line)


def may_say_on_the_way(line: ReferralLine) -> bool:
    """Whether the asker can take back that the person did not arrive: nothing else was recorded since."""
    able = line.relation in actors_of(line.status, ReferralEvent.AWAIT_AGAIN)
    return able and referral_store.has_not_come(line) and not transfer_store.is_move(line)
