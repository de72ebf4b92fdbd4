"""What the last page of an interview says of the route: who can be asked, who cannot, and what is left."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from forms.interviews.interview_sending import SendInterviewForm
from nrm.actions.interviews.interviews import Draft
from nrm.domain.accounts.accounts import Actor
from nrm.domain.agreement.routes import FALLBACKS, Excluded, Exclusion
from nrm.domain.interviews.facts import consent_of, struck_out
from nrm.domain.interviews.interviews import Answers, Page
from nrm.domain.interviews.questionnaire_flow import with_page
from nrm.domain.interviews.screenings import REFUSED
from nrm.steps.referrals import proposals as proposal_steps
from nrm.steps.referrals.proposals import Choice, Proposal
from nrm.store import names as organisation_names
from nrm.store.countries import country
from nrm.web.agreement import agreement_words
from nrm.web.interviews import handouts
from nrm.web.language import current_language, text_in


def sending(
    draft: Draft, answers: Answers, picked: SendInterviewForm | None, read_out: Collection[str], *, by: Actor
) -> dict[str, Any]:
    """The parties that can be asked, in the agreement's order; none is ticked before, unless exactly one must be asked.

    If nobody can be asked: what is left to do. A struck-out party is never offered, and neither is its telephone.
    `read_out`: those that the page itself names to the person; who was named neither here nor before is marked.
    """
    proposed = proposal_steps.proposal(draft.questionnaire, answers, by=by, before_consent=True)
    struck = struck_out(draft.questionnaire, answers)
    nobody = not proposed.choices
    if nobody:
        more: dict[str, Any] = {"left": _numbers(proposed, struck), "leaflets": handouts.of_talk(draft, answers)}
        more["refused_all"] = bool(struck)
    else:
        more = {}
    if picked is None:
        picked = SendInterviewForm()
        only = proposed.proposed
        picked.party.data = only[0].party if len(only) == 1 and only[0].must else None
    language = current_language()
    agrees = consent_of(draft.questionnaire, answers) == "given"
    unread = {choice.party for choice in proposed.choices} - draft.named - set(read_out) if agrees else set()
    asked = picked.party.data if picked.asks else None
    return more | {
        "picked": picked,
        "asked_of": next((_choice(each)["name"] for each in proposed.choices if each.party == asked), ""),
        "proposed": [_choice(choice) for choice in proposed.proposed],
        "others": [_choice(choice) | _against(proposed, choice) for choice in proposed.choices if not choice.proposed],
        "unread": unread,
        "excluded": _excluded(proposed),
        "fallback": FALLBACKS[proposed.route.fallback][language] if proposed.route.fallback else "",
        "duty_desks": _duty_desks(proposed, struck),
        "agreement": text_in(proposed.agreement.title),
    }


def _choice(choice: Choice) -> dict[str, Any]:
    organisation = choice.organisation
    return {
        "party": choice.party,
        "name": text_in(organisation.names),
        "telephone": organisation_names.number_of(organisation),
        "room": str(choice.room),
        "must": choice.must,
        "clause": choice.clause,
        "reason": text_in(choice.reason),
        "desk_open": choice.desk_open,
        "caution": text_in(choice.caution) if choice.caution else "",
    }


def _against(proposed: Proposal, choice: Choice) -> dict[str, str]:
    """Of a party that the route leaves out: why it does, which no clause says; empty of one that has its own clause."""
    left_out = next((each for each in proposed.route.excluded if each.party == choice.party), None)
    return {} if left_out is None else {"why_not": _why_not(proposed, left_out)}


def _why_not(proposed: Proposal, left_out: Excluded) -> str:
    """Why a party does not receive; of one that receives others, whom: a clause may name it beside those who do."""
    why = text_in(proposed.reason_of(left_out.party, left_out.reason))
    party = proposed.agreement.parties[left_out.party]
    if left_out.reason is not Exclusion.NOT_COMPETENT or left_out.party in proposed.unreachable:
        return why
    return f"{why} {agreement_words.whom(party, agreement_words.names_of(proposed.agreement))}".rstrip()


def _excluded(proposed: Proposal) -> list[tuple[str, str]]:
    """(name, why not) of the parties that cannot be asked at all; who was struck out stands only where it was asked."""
    offered = {choice.party for choice in proposed.choices}
    return [
        (text_in(proposed.agreement.parties[each.party].names), _why_not(proposed, each))
        for each in proposed.route.excluded
        if each.party not in offered and each.reason is not Exclusion.STRUCK_OUT
    ]


def _duty_desks(proposed: Proposal, struck: Collection[str]) -> list[tuple[str, str]]:
    """The duty desks of the Responsible Authority, unless the person struck it out."""
    parties = proposed.agreement.parties.values()
    return [
        (text_in(each.names), each.on_call)
        for each in parties
        if each.kind == "responsible_authority" and each.code not in struck
    ]


def _numbers(proposed: Proposal, struck: Collection[str]) -> list[tuple[str, str]]:
    """Whom one can call when nobody can be asked: duty desk and help line, unless they were struck out."""
    lines = [each for each in proposed.agreement.parties.values() if each.kind == "helpline"]
    helped = [(text_in(each.names), country().emergency.helpline) for each in lines if each.code not in struck]
    return [*_duty_desks(proposed, struck), *helped[:1]]


def numbers_left(draft: Draft, answers: Answers, *, by: Actor) -> list[tuple[str, str]]:
    """The numbers that are left for a person who struck out others."""
    proposed = proposal_steps.proposal(draft.questionnaire, answers, by=by, before_consent=True)
    return _numbers(proposed, struck_out(draft.questionnaire, answers))


def after_a_no(draft: Draft, *, by: Actor) -> dict[str, Any]:
    """What is offered once to a person who said no: the help line unless it was struck out, the leaflet; in danger the
    police and the ambulance."""
    emergency, answers = country().emergency, draft.answers
    helpline = [number for _, number in numbers_left(draft, answers, by=by) if number == emergency.helpline]
    danger = answers.get("danger") == "yes" or answers.get("risk") == "high"
    return {
        "helpline": helpline,
        "emergency": emergency if danger else None,
        "leaflets": handouts.of_talk(draft, answers),
    }


def nobody_left(draft: Draft, *, by: Actor) -> bool:
    """Whether an adult wants none of those that could be asked to know."""
    if not struck_out(draft.questionnaire, draft.answers) or consent_of(draft.questionnaire, draft.answers) == REFUSED:
        return False
    return not proposal_steps.proposal(draft.questionnaire, draft.answers, by=by, before_consent=True).choices


def preset_shelter(draft: Draft, *, by: Actor) -> str | None:
    """The one shelter that must be asked, and so is ticked before anybody chooses; None if there is none."""
    only = proposal_steps.proposal(draft.questionnaire, draft.answers, by=by, before_consent=True).proposed
    return only[0].party if len(only) == 1 and only[0].must else None


def proposal_with(draft: Draft, page: Page, given: Mapping[str, Any], *, by: Actor) -> Proposal:
    """The route with the answers of the last page, which may strike out a party."""
    return proposal_steps.proposal(
        draft.questionnaire, with_page(draft.questionnaire, draft.answers, page, given), by=by
    )
