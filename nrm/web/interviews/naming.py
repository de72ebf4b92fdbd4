"""Whom a page of an interview names to the person, and whom the person struck out."""

from __future__ import annotations

from dataclasses import dataclass

from flask import request

from forms.interviews.interviews import PageForm
from nrm.actions.interviews import interview_sending
from nrm.actions.interviews.interviews import Draft
from nrm.domain.accounts.accounts import Actor
from nrm.domain.interviews.facts import consent_of
from nrm.domain.interviews.interviews import Answers, Page
from nrm.steps.referrals import proposals as proposal_steps
from nrm.web.language import text_in


@dataclass(frozen=True, slots=True)
class NamedParty:
    """A party that the page names to the person; `receives`, or is only told. `fixed`: struck out before a colleague of
    the interviewer, who does not take it back."""

    code: str
    name: str
    receives: bool
    struck_out: bool
    fixed: bool


def strikes_out(draft: Draft, page: Page) -> bool:
    """Whether the page asks the person who must not know. A child is not asked for consent, and so not for this."""
    return "parties" in page.questions and draft.questionnaire.questions["parties"].when.holds(draft.answers)


def names_on(draft: Draft, *, by: Actor) -> set[str]:
    """The codes of the parties that a page on consent names to the person."""
    return {each.code for each in named(draft, by=by)}


def not_yet_named(draft: Draft, page: Page, given: Answers, *, by: Actor) -> list[NamedParty]:
    """Those who would be told or may receive by a yes that is given on this page, and whom its form did not name.

    Nobody, if the person was interviewed elsewhere or on paper: then no name on a screen counts.
    """
    if not strikes_out(draft, page) or draft.on_paper or draft.status == "completed":
        return []
    if consent_of(draft.questionnaire, draft.filled(page.id, given)) != "given":
        return []
    said = request.form.getlist("named")
    return [each for each in named(draft, by=by) if each.code not in said]


def named(draft: Draft, form: PageForm | None = None, *, by: Actor) -> list[NamedParty]:
    """The parties of the route that is proposed, those that receive first; and those struck out before.

    Parties that are asked automatically when the first declines are named too: a yes is valid only for named parties.
    """
    struck_out = set(draft.answers.get("parties") or ())
    fixed = struck_out if draft.owner_id != by.member_id else set()
    if form is not None:
        struck_out = (struck_out - set(request.form.getlist("named"))) | set(request.form.getlist("parties"))
    answers = {name: value for name, value in draft.answers.items() if name != "parties"}
    proposed = proposal_steps.proposal(draft.questionnaire, answers, by=by, before_consent=True)
    receive = [choice.party for choice in proposed.named]
    told = [each.party for each in proposed.route.obligations if each.kind == interview_sending.NOTIFY]
    parties = proposed.agreement.parties
    return [
        NamedParty(code, text_in(parties[code].names), code in receive, code in struck_out, code in fixed)
        for code in dict.fromkeys([*receive, *told, *sorted(struck_out & parties.keys())])
    ]
