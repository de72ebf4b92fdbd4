"""Where a post meets the shelter that accepted: said by the shelter, opened by one member of the post (ADR 0106)."""

from __future__ import annotations

import uuid
from datetime import datetime

from flask import Blueprint, redirect, render_template, request, url_for
from markupsafe import Markup
from werkzeug.wrappers import Response

from forms import SelectChoice
from forms.referrals.meetings import BRINGS_LABELS, EscortForm, MeetingForm
from nrm import clock
from nrm.actions.referrals import meetings as actions
from nrm.actions.referrals import transfers as transfer_actions
from nrm.domain.accounts.accounts import NotVisible, Permission
from nrm.domain.interviews.draft_owners import NoSuchColleague
from nrm.domain.referrals.crossing_points import Brings, Meeting
from nrm.domain.referrals.referrals import IllegalTransition, ReferralStatus, Relation
from nrm.domain.referrals.transfers import MEETING
from nrm.domain.words import N_
from nrm.steps.referrals import hand_overs
from nrm.store import names
from nrm.store.countries import country
from nrm.store.referrals import meetings as store
from nrm.store.referrals import referrals as referral_store
from nrm.store.referrals.referrals import ReferralLine
from nrm.web import access, errors
from nrm.web.formats import moment
from nrm.web.language import current_language
from nrm.web.referrals import openers, post_tasks

blueprint = Blueprint("meetings", __name__)
Answer = Response | tuple[str, int] | str

NO_SUCH = N_("Nobody at this post has exactly this name, or several do. Type the sign-in name.")
OVER = N_("The person is not awaited any more, or the hour is long past. Call the other side.")


def section(line: ReferralLine) -> Markup:
    """On the page of an accepted referral of a post: who comes and where they meet, as far as the reader may know it;
    empty for others."""
    by = access.actor()
    stand = store.stand(line)
    if stand is None:
        return Markup("")
    meeting, mine, escort = None, False, ""
    if stand.said:
        try:
            value = hand_overs.written(line.id, MEETING, by=by)
            meeting, mine = Meeting.of_value(value) if value is not None else None, True
        except NotVisible:
            goes = openers.of(line)
            escort = goes.name if goes is not None else ""
    part = render_template(
        "referrals/meetings/section.html",
        line=line,
        stand=stand,
        mine=mine,
        escort=escort,
        meeting=meeting,
        comes=_comes(meeting) if meeting is not None else "",
        brings=BRINGS_LABELS,
        on_the_line=store.of_telephone(line),
        task=post_tasks.section(line) if stand.said and not stand.sends else "",
    )
    return Markup(part)  # noqa: S704 - a template of ours, escaped there


def _comes(meeting: Meeting) -> str:
    """When the shelter comes, with the day; what was typed before that was kept stands as it is."""
    try:
        return moment(datetime.fromisoformat(meeting.hour), current_language()) if meeting.hour else ""
    except ValueError:
        return meeting.hour


@blueprint.get("/referrals/<uuid:referral_id>/where")
@access.requires(Permission.REFERRAL_DECIDE)
def say_page(referral_id: uuid.UUID) -> Answer:
    line = _to_say(referral_id)
    return _say_page(line, _form(line), 200)


def _form(line: ReferralLine) -> MeetingForm:
    """Nobody at the help line brings a person (ADR 0280)."""
    form = MeetingForm(request.form)
    if store.of_telephone(line):
        form.brings.choices = [SelectChoice(value=str(Brings.SHELTER), label=BRINGS_LABELS[Brings.SHELTER])]
    return form


def _to_say(referral_id: uuid.UUID) -> ReferralLine:
    """A referral of a post that the asker's shelter accepted; raises NotVisible."""
    line = referral_store.referral(referral_id, by=access.actor())
    if line.relation is not Relation.RECEIVER or line.status is not ReferralStatus.ACCEPTED or not store.of_post(line):
        raise NotVisible
    return line


def _say_page(line: ReferralLine, form: MeetingForm, status: int) -> tuple[str, int]:
    on_the_line = store.of_telephone(line)
    return render_template("referrals/meetings/say.html", line=line, form=form, on_the_line=on_the_line), status


@blueprint.post("/referrals/<uuid:referral_id>/where")
@access.requires(Permission.REFERRAL_DECIDE)
def say(referral_id: uuid.UUID) -> Answer:
    """The shelter says who goes with the person, and where they meet."""
    by, line = access.actor(), _to_say(referral_id)
    form = _form(line)
    if not form.fits(*_own_names()):
        return _say_page(line, form, 422)
    now, stand = clock.now().astimezone(country().timezone), store.stand(line)
    if stand is not None and stand.until > now and not form.comes_in_time(now, stand.until):
        return _say_page(line, form, 422)
    try:
        actions.say(referral_id=referral_id, meeting=form.meeting(now), by=by)
        transfer_actions.open_written(referral_id=referral_id, what=MEETING, by=by)  # the case page shows what was said
    except IllegalTransition:
        return errors.error_page(409, OVER)
    except actions.CannotOpen as error:
        return errors.not_from_here(error)
    return redirect(url_for("cases.show", case_id=line.case_id), 303)


def _own_names() -> tuple[set[str], set[str]]:
    """(names, telephones) by which anybody knows the asker's shelter."""
    by = access.actor()
    assert by.organisation_id is not None
    mine = names.organisation(by.organisation_id)
    party = country().in_force(clock.now()).parties.get(mine.party)
    known = {mine.code, *mine.names.values()} | (set(party.names.values()) if party is not None else set())
    numbers = {mine.telephone} | ({party.on_call, party.desk.telephone} if party is not None else set())
    return known, numbers


@blueprint.get("/referrals/<uuid:referral_id>/escort")
@access.requires(Permission.REFERRAL_SEND)
def escort_page(referral_id: uuid.UUID) -> Answer:
    return _escort_page(_as_escort(referral_id), EscortForm(), 200)


def _as_escort(referral_id: uuid.UUID) -> ReferralLine:
    """A referral of which the asker opens where they meet, and no other member of the post; raises NotVisible."""
    by = access.actor()
    hand_overs.readable(referral_id, MEETING, by=by)
    line = referral_store.referral(referral_id, by=by)
    if line.relation is not Relation.SENDER or not store.of_post(line):
        raise NotVisible
    return line


def _escort_page(line: ReferralLine, form: EscortForm, status: int) -> tuple[str, int]:
    return render_template("referrals/meetings/escort.html", line=line, form=form), status


@blueprint.post("/referrals/<uuid:referral_id>/escort")
@access.requires(Permission.REFERRAL_SEND)
def name_escort(referral_id: uuid.UUID) -> Answer:
    """A colleague goes with the person instead."""
    form, line = EscortForm(request.form), _as_escort(referral_id)
    if not form.validate():
        return _escort_page(line, form, 422)
    try:
        actions.name_escort(referral_id=referral_id, name=form.name.data or "", by=access.actor())
    except NoSuchColleague:
        form.name.errors = [NO_SUCH]
        return _escort_page(line, form, 422)
    except actions.CannotOpen as error:
        return errors.not_from_here(error)
    return redirect(url_for("referrals.show", referral_id=referral_id), 303)
