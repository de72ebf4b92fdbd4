"""The critical path of a case as a part of pages, and how late something is, in words."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import Any

from flask import Blueprint, render_template
from markupsafe import Markup

from forms.referrals.children_along import CAME_LABELS
from forms.referrals.referrals import STATUS_LABELS
from nrm import clock
from nrm.domain.accounts.accounts import NotVisible
from nrm.domain.agreement.agreements import RECEIVER
from nrm.domain.quarters import Quarter
from nrm.domain.referrals.critical_path import DECISION, DUTY_OFFICER, StepState, late_by
from nrm.domain.roles import MechanismRole
from nrm.domain.words import N_
from nrm.store import names as organisation_names
from nrm.store.countries import country
from nrm.store.referrals import critical_path
from nrm.web import access
from nrm.web.language import gettext, ngettext, text_in, translated
from nrm.web.parts import Part

blueprint = Blueprint("critical_path", __name__)


@blueprint.app_template_filter("lateness")
def lateness(late: timedelta | datetime | None) -> str:
    """`35 minutes late`, `2 hours late`, `3 days late`; for a moment: the time from it until now."""
    if isinstance(late, datetime):
        late = late_by(late, clock.now())
    minutes = int(late.total_seconds()) // 60 if late is not None else 0
    if minutes < 1:
        return gettext("late")
    if minutes < 60:
        return ngettext("%(num)s minute late", "%(num)s minutes late", minutes)
    if minutes < 48 * 60:
        return ngettext("%(num)s hour late", "%(num)s hours late", minutes // 60)
    return ngettext("%(num)s day late", "%(num)s days late", minutes // (24 * 60))


def section(case_id: uuid.UUID) -> Markup:
    """What is done, due and late in a case, by whom and by which clause; empty for a reader for whom it is not
    meant."""
    values = _values(case_id)
    page = render_template("referrals/critical_path/section.html", **values) if values is not None else ""
    return Markup(page)  # noqa: S704 - a template of ours, escaped there


@access.part_of_page
def summary(case_id: uuid.UUID) -> Part | None:
    """The same as a part of a case page that folds."""
    values = _values(case_id)
    if values is None:
        return None
    steps = values["path"].steps
    waiting = sum(step.state not in (StepState.DONE, StepState.ENDED) for step in steps)
    late = sum(step.state is StepState.LATE for step in steps)
    state = ngettext("%(num)s step open", "%(num)s steps open", waiting) if waiting else gettext("no step is open")
    if late:
        state += ", " + ngettext("%(num)s late", "%(num)s late", late)
    return Part.rendered("path", gettext("Critical path"), state, "referrals/critical_path/steps.html", **values)


def _values(case_id: uuid.UUID) -> dict[str, Any] | None:
    """What the templates need; None for a reader for whom the path is not meant."""
    try:
        path = critical_path.of_case(case_id, by=access.actor())
    except NotVisible:
        return None
    return {
        "path": path,
        "names": step_names(),
        "parties": names_of_parties(),
        "outcomes": {
            **{str(status): label for status, label in STATUS_LABELS.items()},
            "promised": N_("Promised by telephone"),
        },
        "came": CAME_LABELS,
        "quarter_of": _quarter,
    }


def step_names() -> dict[str, str]:
    """The steps of the critical path in the reader's language, and the decision that no path has."""
    steps = country().in_force(clock.now()).path
    return {DECISION: gettext("Decision of the duty officer"), **{each.step: text_in(each.names) for each in steps}}


def names_of_parties() -> dict[str, str]:
    """Every organisation and party in the reader's language, by code."""
    names = {code: text_in(party.names) for code, party in country().in_force(clock.now()).parties.items()}
    names |= {each.code: text_in(each.names) for each in organisation_names.organisations_by_id().values()}
    duty_officer = names.get(country().party_in(MechanismRole.AUTHORITY), "")
    return names | {RECEIVER: translated(N_("whoever receives the person")), DUTY_OFFICER: duty_officer}


def _quarter(at: datetime) -> str:
    return str(Quarter.of(clock.day_of(at, country().timezone)))
