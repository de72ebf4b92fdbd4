"""Saving what whoever took a person in asked after the arrival (ADR 0062)."""

from __future__ import annotations

import uuid

from nrm.db import transaction
from nrm.domain import written_over
from nrm.domain.accounts.accounts import Actor, Permission
from nrm.domain.interviews.interviews import Answers
from nrm.domain.shelter import first_talks as rules
from nrm.domain.shelter.cases import CaseRefusal, CaseRefused, Compartment
from nrm.domain.written_over import NOTHING_BESIDE, Beside
from nrm.models.shelter.cases import Case
from nrm.steps.shelter import cases as steps
from nrm.steps.shelter import erasures as erasure_steps
from nrm.steps.shelter import others_there as others_steps
from nrm.store.countries import country
from nrm.vault import compartments as vault

StaleRevision, WouldGo = vault.StaleRevision, written_over.WouldGo


def save(*, case_id: uuid.UUID, answers: Answers, seen: int | None, by: Actor, beside: Beside = NOTHING_BESIDE) -> None:
    """Seal the answers of the form (`first_talks.form_of`) in the case, and keep the coded facts among them in clear,
    unless the person is not to be counted.

    `seen`: the revision of `story` that the writer had read, 0 if there was none; None writes over any, which is for
    answers that nobody typed. `beside`: what the writer was shown that somebody else wrote meanwhile; what goes of it
    stays under seal beside the answers (ADR 0249). The same answers again change nothing. What was told of others who
    are still there is taken back if, by these answers, nobody or another desk may be told. Raises NotPermitted,
    NotVisible, CannotOpen, CaseRefused (`consent_first`: the person has not said yes; `not_holder`, `closed`),
    StaleRevision, WouldGo.
    """
    by.must(Permission.CASE_OPEN)
    with transaction() as session:
        steps.held_open_case(case_id, by)
        case = session.get_one(Case, case_id)
        if not rules.may_ask(case.consent):
            raise CaseRefused(CaseRefusal.CONSENT_FIRST)
        questionnaire = country().questionnaires[case.questionnaire]
        parts = rules.sorted_into(questionnaire, answers)
        told = {str(Compartment.STORY): parts.pop(Compartment.STORY)}
        steps.merge(session, case_id, told, by, seen=seen, beside=beside)
        steps.merge(session, case_id, parts, by)
        if case.facts.get("statistics") != "no":
            case.facts = {**case.facts, **rules.facts_of(questionnaire, answers)}
        written = vault.glance(session, case_id, Compartment.STORY, by=by) or {}
        told_party = country().party_in(rules.whom_to_tell(questionnaire, written))
        gone = others_steps.only_to(session, case_id, told_party, by)
    if gone:
        erasure_steps.carry_out()
