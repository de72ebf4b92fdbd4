"""Rows written by a hand in the database: never plaintext, always reported by ids, for every sealed column there is.

Each forgery writes something and gives back what an accomplice then tries, and which id the log must name.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask, current_app
from sqlalchemy import delete, insert, select, update

from nrm import audit, clock, crypto
from nrm.actions import tending
from nrm.actions.accounts import accounts, joining, members, passkeys, screen_lock, shown_secrets, words
from nrm.actions.interviews import interviews
from nrm.actions.referrals import announced_returns, next_receiver, referrals, supplements, transfers
from nrm.actions.shelter import cases, consents
from nrm.actions.support import hearings
from nrm.db import db, transaction
from nrm.domain.accounts.accounts import Actor, NotPermitted, NotVisible, Role, SignInRefused
from nrm.domain.accounts.passkeys import PasskeyRefused
from nrm.domain.accounts.words import NoOccasion
from nrm.domain.referrals.referrals import DeclineReason, OverrideReason
from nrm.domain.referrals.transfers import TRANSFER
from nrm.domain.shelter.cases import Compartment, Purpose
from nrm.domain.shelter.consents import EVERYTHING, ByName
from nrm.domain.support.hearings import Hearing
from nrm.models.accounts.accounts import (
    HiddenPage,
    Keyring,
    KeyringWrap,
    Member,
    MemberSession,
    Organisation,
    ShownSecret,
)
from nrm.models.accounts.occasions import Occasion
from nrm.models.accounts.passkeys import Passkey, PasskeyChallenge
from nrm.models.audit import AuditEntry
from nrm.models.interviews.interviews import Interview
from nrm.models.referrals.announced_returns import AnnouncedReturn
from nrm.models.referrals.referrals import Referral, RouteCandidate
from nrm.models.shelter.cases import (
    CareNote,
    Destruction,
    Grant,
    MemberGrant,
    Opening,
    ParkedGrant,
    PendingGrant,
    SealedCompartment,
    Supplement,
)
from nrm.models.shelter.matching import MatchEncoding, MatchQuestion
from nrm.models.support.hearings import HearingEntry
from nrm.steps.accounts.credentials import COMMAND
from nrm.steps.interviews import drafts
from nrm.steps.referrals import hand_overs
from nrm.steps.shelter import cases as case_steps
from nrm.steps.support import hearings as hearing_steps
from nrm.store import days
from nrm.store.referrals import referrals as referral_store
from nrm.store.rows.accounts import accounts as account_rows
from nrm.store.support import hearings as hearing_store
from nrm.vault import compartments, grants, keyrings, matching, parking, second_factor, shredding, signing
from nrm.vault.members import read_cookie
from tests import factories
from tests import factories_referrals as people
from tests import second_hands as hands
from tests.factories_passkeys import at_address, passkey
from tests.invariants.test_sealed import SEALED
from tests.world import PLANTED, World

Where = dict[str, object]
Attempt = Callable[[], object]
REFUSED = (case_steps.CannotOpen, NotVisible, NotPermitted, SignInRefused, PasskeyRefused, NoOccasion)


@dataclass(frozen=True, slots=True)
class Forgery:
    """`columns`: whose content is forged; `forge` does it, and says what is tried and whose id is reported."""

    columns: tuple[str, ...]
    forge: Callable[[World], tuple[Attempt, object]]


FORGERIES: dict[str, Forgery] = {}
Forge = Callable[[World], tuple[Attempt, object]]


def forging(*columns: str) -> Callable[[Forge], Forge]:
    def kept(forge: Forge) -> Forge:
        FORGERIES[forge.__name__] = Forgery(columns, forge)
        return forge

    return kept


def conditions(model: Any, where: Where) -> list[Any]:
    return [getattr(model, name) == value for name, value in where.items()]


def value(column: Any, **where: object) -> Any:
    found = db.session.execute(select(column).where(*conditions(column.class_, where))).scalar_one()
    db.session.rollback()
    return found


def put(model: Any, where: Where, **values: object) -> None:
    with transaction() as session:
        hit = session.execute(update(model).where(*conditions(model, where)).values(**values))
        assert hit.rowcount == 1  # type: ignore[attr-defined]


def place(case_id: uuid.UUID, compartment: str, **more: object) -> Where:
    return {"case_id": case_id, "compartment": compartment, **more}


def member_of(login: str) -> uuid.UUID:
    return uuid.UUID(str(value(Member.id, login=login)))


def reading(case_id: uuid.UUID, compartment: str, login: str) -> Attempt:
    """What this person sees after asking to open the compartment."""

    def attempt() -> object:
        by = factories.actor(login)
        cases.open_compartment(case_id=case_id, compartment=compartment, purpose=Purpose.CARE, by=by)
        return {name: opened.value for name, opened in case_steps.opened(case_id=case_id, by=by).items()}

    return attempt


def copy_grant(case_id: uuid.UUID, compartment: str, source: str, target: str) -> None:
    """The target's organisation gets a row with the source's wrapped key."""
    whose = place(case_id, compartment, organisation_id=people.organisation(source))
    row = db.session.execute(select(Grant.__table__).where(*conditions(Grant, whose))).one()
    with transaction() as session:
        session.execute(insert(Grant).values({**row._mapping, "organisation_id": people.organisation(target)}))


def swap(model: Any, column: str, one: Where, other: Where) -> None:
    attribute = getattr(model, column)
    first, second = value(attribute, **one), value(attribute, **other)
    put(model, one, **{column: second})
    put(model, other, **{column: first})


# Grants and what they open


@forging("member_grants.sealed_key")
def a_grant_to_an_interviewer_is_copied_to_a_colleague(world: World) -> tuple[Attempt, object]:
    """The colleague's own keys do not open what was wrapped to the interviewer's, with a mark or without."""
    by = factories.actor("rinas.border_officer")
    interviews.resume(interview_id=world.draft, by=by)
    with transaction() as session:
        draft = drafts.opened(session, session.get_one(Interview, world.draft), by=by)
        drafts.rewritten(session, draft, {**draft.answers, "official": "yes"}, [], by=by)
    colluder = member_of("durres.border_officer")
    row = db.session.execute(select(MemberGrant.__table__)).one()
    with transaction() as session:
        session.execute(insert(MemberGrant).values({**row._mapping, "member_id": colluder}))
    put(Interview, {"id": world.draft}, member_id=colluder, organisation_id=people.organisation("DURRES"))

    def attempt() -> object:
        thief = factories.actor("durres.border_officer")
        with transaction() as session:
            compartments.allow(session, world.draft, "draft", "interview", by=thief)
        return compartments.read(db.session, world.draft, "draft", by=thief).value

    return attempt, world.draft


@forging("grants.sealed_key")
def a_grant_is_copied_to_another_shelter(world: World) -> tuple[Attempt, object]:
    copy_grant(world.case, "identity", "NRC", "VATRA")
    return reading(world.case, "identity", "vatra.case_worker"), world.case


@forging("grants.sealed_key")
def a_grant_is_copied_to_the_ministry_and_kind_and_role_are_flipped(world: World) -> tuple[Attempt, object]:
    copy_grant(world.case, "identity", "NRC", "MOLSA")
    put(Organisation, {"code": "MOLSA"}, kind="state_shelter")
    put(Member, {"login": "molsa.statistician"}, role="case_worker")
    # The key log has them as what they are: they are not even asked whether they hold it.
    return reading(world.case, "identity", "molsa.statistician"), member_of("molsa.statistician")


@forging("grants.sealed_key")
def the_ministry_is_made_the_holder(world: World) -> tuple[Attempt, object]:
    copy_grant(world.case, "story", "NRC", "MOLSA")
    put(Organisation, {"code": "MOLSA"}, kind="state_shelter")
    put(Member, {"login": "molsa.statistician"}, role="shelter_manager")
    with transaction() as session:
        session.execute(
            update(Referral).where(Referral.id == world.arrived).values(receiver_id=people.organisation("MOLSA"))
        )
    return reading(world.case, "story", "molsa.statistician"), member_of("molsa.statistician")


@forging("grants.sealed_key")
def grants_of_two_cases_are_swapped(world: World) -> tuple[Attempt, object]:
    nrc = people.organisation("NRC")
    swap(
        Grant,
        "sealed_key",
        place(world.case, "identity", organisation_id=nrc),
        place(world.coming_case, "identity", organisation_id=nrc),
    )
    return reading(world.case, "identity", "nrc.case_worker"), world.case


@forging("grants.sealed_key")
def grants_of_two_compartments_are_swapped(world: World) -> tuple[Attempt, object]:
    """The duty officer was given the hand-over alone."""
    with transaction() as session:
        row = session.execute(
            select(Grant.__table__).where(
                *conditions(Grant, place(world.case, "hand_over", organisation_id=people.organisation("RA")))
            )
        ).one()
        session.execute(insert(Grant).values({**row._mapping, "compartment": "identity"}))
    return reading(world.case, "identity", "ra.duty_officer"), world.case


def accepted_with_the_old_grant_back(world: World, **changed: object) -> tuple[Attempt, object]:
    whose = place(world.asked_case, "identity", organisation_id=people.organisation("RINAS"))
    row = db.session.execute(select(Grant.__table__).where(*conditions(Grant, whose))).one()
    referrals.accept(referral_id=world.asked, place_id=world.bed, by=factories.actor("nrc.case_worker"))
    with transaction() as session:
        session.execute(insert(Grant).values({**row._mapping, **changed}))
    return reading(world.asked_case, "identity", "rinas.border_officer"), world.asked_case


@forging("grants.sealed_key")
def a_grant_that_ended_is_put_back(world: World) -> tuple[Attempt, object]:
    put_back = accepted_with_the_old_grant_back(world)
    put(Member, {"login": "rinas.border_officer"}, role="case_worker")
    return put_back


@forging("grants.sealed_key")
def a_grant_that_ended_is_put_back_as_one_of_the_new_epoch(world: World) -> tuple[Attempt, object]:
    put_back = accepted_with_the_old_grant_back(world, epoch=2)
    put(Member, {"login": "rinas.border_officer"}, role="case_worker")
    return put_back


@forging("grants.sealed_key")
def the_kind_of_an_organisation_is_flipped(world: World) -> tuple[Attempt, object]:
    put(Organisation, {"code": "NRC"}, kind="ngo_shelter")
    return reading(world.case, "identity", "nrc.case_worker"), world.case


@forging("pending_grants.sealed_key")
def a_pending_grant_is_made_a_live_one(world: World) -> tuple[Attempt, object]:
    iom = people.organisation("IOM")
    whose = conditions(PendingGrant, place(world.asked_case, "identity", organisation_id=iom))
    row = db.session.execute(select(PendingGrant.__table__).where(*whose)).one()
    with transaction() as session:
        session.execute(insert(Grant).values({**row._mapping, "mark": bytes(32)}))
    return reading(world.asked_case, "identity", "iom.case_worker"), world.asked_case


@forging("pending_grants.sealed_key")
def pending_grants_of_two_parties_are_swapped(world: World) -> tuple[Attempt, object]:
    nrc, iom = people.organisation("NRC"), people.organisation("IOM")
    swap(
        PendingGrant,
        "sealed_key",
        place(world.asked_case, "hand_over", organisation_id=nrc),
        place(world.asked_case, "hand_over", organisation_id=iom),
    )
    return reading(world.asked_case, "hand_over", "nrc.case_worker"), world.asked_case


@forging("pending_grants.sealed_key")
def a_declined_referral_is_set_to_sent_again_with_its_pending_grants(world: World) -> tuple[Attempt, object]:
    nrc = people.organisation("NRC")
    whose = conditions(PendingGrant, {"case_id": world.asked_case, "organisation_id": nrc})
    waited = [dict(row._mapping) for row in db.session.execute(select(PendingGrant.__table__).where(*whose))]
    referrals.decline(referral_id=world.asked, reason=DeclineReason.FULL, by=factories.actor("nrc.case_worker"))
    with transaction() as session:
        session.execute(delete(Referral).where(Referral.case_id == world.asked_case, Referral.id != world.asked))
        session.execute(insert(PendingGrant), waited)
        session.execute(
            update(Referral)
            .where(Referral.id == world.asked)
            .values(status="sent", expires_at=clock.now() + timedelta(hours=1))
        )
    return reading(world.asked_case, "hand_over", "nrc.case_worker"), world.asked_case


# Values


@forging("sealed_compartments.sealed_value")
def values_of_two_cases_are_swapped(world: World) -> tuple[Attempt, object]:
    swap(SealedCompartment, "sealed_value", place(world.case, "identity"), place(world.own_case, "identity"))
    return reading(world.case, "identity", "nrc.case_worker"), world.case


@forging("sealed_compartments.sealed_value")
def values_of_two_compartments_are_swapped(world: World) -> tuple[Attempt, object]:
    swap(SealedCompartment, "sealed_value", place(world.case, "legal"), place(world.case, "story"))
    return reading(world.case, "legal", "trp_unit.trp_officer"), world.case


@forging("sealed_compartments.sealed_value")
def an_older_value_is_put_back(world: World) -> tuple[Attempt, object]:
    nrc = factories.actor("nrc.case_worker")
    there = value(SealedCompartment.revision, **place(world.case, "care"))
    for number in (0, 1):
        old = value(SealedCompartment.sealed_value, **place(world.case, "care"))
        written = {"health": PLANTED[number]}
        cases.write(case_id=world.case, compartment=Compartment.CARE, value=written, seen=there + number, by=nrc)
    put(SealedCompartment, place(world.case, "care"), sealed_value=old)
    return reading(world.case, "care", "nrc.case_worker"), world.case


@forging("sealed_compartments.sealed_value")
def a_value_comes_from_another_installation(world: World) -> tuple[Attempt, object]:
    elsewhere = crypto.seal(crypto.new_key(), crypto.pad(json.dumps({"given": PLANTED[0]}).encode()), b"")
    put(SealedCompartment, place(world.case, "identity"), sealed_value=elsewhere)
    return reading(world.case, "identity", "nrc.case_worker"), world.case


@forging("sealed_compartments.sealed_value", "grants.sealed_key")
def a_supplement_is_turned_to_another_shelter(world: World) -> tuple[Attempt, object]:
    supplements.send(
        supplement_id=world.supplement,
        answers={"story": people.TOLD},
        by=factories.actor("rinas.border_officer"),
    )
    copy_grant(world.urgent_case, "supplement", "TJETER_VIZION", "VATRA")
    put(Supplement, {"case_id": world.urgent_case}, organisation_id=people.organisation("VATRA"))
    return reading(world.urgent_case, "supplement", "vatra.case_worker"), world.urgent_case


@forging("route_candidates.sealed_tags")
def a_tag_is_turned_to_another_person(world: World) -> tuple[Attempt, object]:
    nrc = people.organisation("NRC")
    tag = value(RouteCandidate.sealed_tags, case_id=world.urgent_case, organisation_id=nrc)
    put(RouteCandidate, {"case_id": world.asked_case, "organisation_id": nrc}, sealed_tags=tag)

    def attempt() -> object:
        by = factories.actor("nrc.case_worker")
        return [
            line for line in referral_store.received(by=by).rows if line.case_id == world.asked_case and line.doctor
        ]

    return attempt, world.asked_case


@forging("referrals.sealed_tags")
def a_tag_of_a_move_is_turned_to_another_person(world: World) -> tuple[Attempt, object]:
    nrc = people.organisation("NRC")
    tag = value(RouteCandidate.sealed_tags, case_id=world.urgent_case, organisation_id=nrc)
    put(Referral, {"case_id": world.asked_case, "status": "sent"}, sealed_tags=tag, tags_version=1)

    def attempt() -> object:
        by = factories.actor("nrc.case_worker")
        return [
            line for line in referral_store.received(by=by).rows if line.case_id == world.asked_case and line.doctor
        ]

    return attempt, world.asked_case


@forging("sealed_compartments.sealed_value", "grants.sealed_key")
def a_hand_over_of_a_move_is_turned_to_another_shelter(world: World) -> tuple[Attempt, object]:
    """The row of the move and the grant are pointed to an accomplice, who was never asked."""
    vatra = factories.actor("vatra.case_worker")
    moved = next_receiver.refer(
        case_id=world.own_case,
        receiver_id=people.organisation("IOM"),
        reason=OverrideReason.SAFETY,
        hand_over=people.HAND_OVER,
        go_on_reading=[people.organisation("STATE_POLICE"), people.organisation("RA")],
        by_name=ByName.YES,
        by=vatra,
    )
    copy_grant(moved, "transfer", "IOM", "TJETER_VIZION")
    put(Referral, {"id": moved}, receiver_id=people.organisation("TJETER_VIZION"))

    def attempt() -> object:
        by = factories.actor("tjeter_vizion.case_worker")
        transfers.open_written(referral_id=moved, what=TRANSFER, by=by)
        return hand_overs.written(moved, TRANSFER, by=by)

    return attempt, moved


@forging("sealed_compartments.sealed_value", "grants.sealed_key")
def a_notice_is_turned_to_another_post(world: World) -> tuple[Attempt, object]:
    copy_grant(world.notice, "identity", "RINAS", "DURRES")
    put(AnnouncedReturn, {"id": world.notice}, post_id=people.organisation("DURRES"))

    def attempt() -> object:
        by = factories.actor("durres.border_officer")
        announced_returns.open_identity(notice_id=world.notice, purpose=Purpose.ANSWER, by=by)
        return announced_returns.opened(notice_id=world.notice, by=by)

    return attempt, world.notice


@forging("care_notes.sealed_note")
def a_note_is_moved_to_another_case(world: World) -> tuple[Attempt, object]:
    nrc, vatra = factories.actor("nrc.case_worker"), factories.actor("vatra.case_worker")
    for case_id, by in ((world.case, nrc), (world.own_case, vatra)):
        cases.add_note(case_id=case_id, text=people.PLANTED, by=by)
    mine, other = (
        db.session.scalars(select(CareNote.id).where(CareNote.case_id == case_id)).first()
        for case_id in (world.own_case, world.case)
    )
    db.session.rollback()
    put(CareNote, {"id": mine}, sealed_note=value(CareNote.sealed_note, id=other))
    cases.open_compartment(case_id=world.own_case, compartment="care", purpose=Purpose.CARE, by=vatra)
    return lambda: case_steps.notes(case_id=world.own_case, by=vatra), mine


@forging("hearing_entries.sealed_entry")
def a_hearing_is_moved_to_another_person(world: World) -> tuple[Attempt, object]:
    nrc, vatra = factories.actor("nrc.case_worker"), factories.actor("vatra.case_worker")
    hearing = Hearing("other", days.today(), ())
    other = hearings.announce(person=hearing_store.of_case(world.case, by=nrc), hearing=hearing, by=nrc)
    own = hearing_store.of_case(world.own_case, by=vatra)
    mine = hearings.announce(person=own, hearing=hearing, by=vatra)
    put(HearingEntry, {"id": mine}, sealed_entry=value(HearingEntry.sealed_entry, id=other))
    return lambda: hearing_steps.of(own, by=vatra), mine


# Leave to read


def opening_by_hand(world: World, by: Actor, **changed: object) -> tuple[Attempt, object]:
    with transaction() as session:
        row = {
            "id": uuid.uuid4(),
            "session_digest": by.session_id,
            "case_id": world.case,
            "compartment": "identity",
            "purpose": "care",
            "expires_at": clock.now() + timedelta(minutes=10),
            "mark": bytes(32),
        }
        session.execute(insert(Opening).values({**row, **changed}))
    return lambda: case_steps.opened(case_id=world.case, by=by), world.case


@forging()
def leave_is_written_by_hand(world: World) -> tuple[Attempt, object]:
    """The organisation may open it; but nobody would know that this person did."""
    return opening_by_hand(world, factories.actor("nrc.case_worker"))


@forging()
def leave_of_a_colleague_is_copied(world: World) -> tuple[Attempt, object]:
    by, colleague = factories.actor("nrc.case_worker"), factories.actor("nrc.shelter_manager")
    cases.open_compartment(case_id=world.case, compartment="identity", purpose=Purpose.CARE, by=colleague)
    where = {"session_digest": colleague.session_id}
    return opening_by_hand(world, by, mark=value(Opening.mark, **where), expires_at=value(Opening.expires_at, **where))


@forging()
def leave_is_prolonged_by_hand(world: World) -> tuple[Attempt, object]:
    by = factories.actor("nrc.case_worker")
    cases.open_compartment(case_id=world.case, compartment="identity", purpose=Purpose.CARE, by=by)
    put(Opening, {"session_digest": by.session_id}, expires_at=clock.now() + timedelta(hours=8))
    return lambda: case_steps.opened(case_id=world.case, by=by), world.case


@forging()
def leave_for_one_compartment_is_turned_to_another(world: World) -> tuple[Attempt, object]:
    by = factories.actor("nrc.case_worker")
    cases.open_compartment(case_id=world.case, compartment="hand_over", purpose=Purpose.CARE, by=by)
    put(Opening, {"session_digest": by.session_id}, compartment="story")
    return lambda: case_steps.opened(case_id=world.case, by=by), world.case


# Members, keyrings, sessions


@forging("keyring_wraps.sealed_private")
def a_wrap_is_copied_to_a_member_of_another_organisation(world: World) -> tuple[Attempt, object]:
    colluder, member = member_of("iom.case_worker"), member_of("vatra.case_worker")
    wrap = db.session.execute(select(KeyringWrap.__table__).where(KeyringWrap.member_id == member)).one()
    with transaction() as session:
        session.execute(insert(KeyringWrap).values({**wrap._mapping, "id": uuid.uuid4(), "member_id": colluder}))
    put(Member, {"id": colluder}, organisation_id=people.organisation("VATRA"))
    return reading(world.own_case, "identity", "iom.case_worker"), colluder


@forging("keyring_wraps.sealed_private")
def wraps_of_two_colleagues_are_swapped(world: World) -> tuple[Attempt, object]:
    one, other = member_of("vatra.case_worker"), member_of("vatra.shelter_manager")
    swap(KeyringWrap, "sealed_private", {"member_id": one}, {"member_id": other})
    return reading(world.own_case, "identity", "vatra.case_worker"), one


@forging("keyring_wraps.sealed_private")
def a_waiting_member_is_made_active(world: World) -> tuple[Attempt, object]:
    colleague, vatra = factories.actor("vatra.case_worker"), people.organisation("VATRA")
    factories.join(
        joining.invite(organisation_id=vatra, login="vatra.new", name="New", role=Role.CASE_WORKER, by=colleague)
    )
    put(Member, {"login": "vatra.new"}, status="active")
    return reading(world.own_case, "identity", "vatra.new"), world.own_case


@forging("keyring_wraps.sealed_private")
def the_public_key_of_a_waiting_member_is_replaced(world: World) -> tuple[Attempt, object]:
    colleague, vatra = factories.actor("vatra.case_worker"), people.organisation("VATRA")
    factories.join(
        joining.invite(organisation_id=vatra, login="vatra.new", name="New", role=Role.CASE_WORKER, by=colleague)
    )
    new = member_of("vatra.new")
    put(Member, {"id": new}, kem_public=crypto.key_pair()[1])
    return lambda: factories.confirm("vatra.new", by=factories.actor("vatra.case_worker")), new


@forging("grants.sealed_key")
def the_public_key_of_an_organisation_is_replaced(world: World) -> tuple[Attempt, object]:
    prosecution = people.organisation("PROSECUTION")
    put(Keyring, {"organisation_id": prosecution}, public=crypto.key_pair()[1])
    nrc = factories.actor("nrc.case_worker")
    return (
        lambda: cases.share(
            case_id=world.case, organisation_id=prosecution, compartments={Compartment.LEGAL}, agreed=True, by=nrc
        ),
        prosecution,
    )


def signed_in(login: str) -> tuple[str, bytes]:
    """(the cookie, the digest of the session's id)."""
    cookie = accounts.sign_in(login=login, password=factories.PASSWORD)
    parts = read_cookie(cookie)
    assert parts is not None
    return cookie, parts[0]


@forging("member_sessions.sealed_keys")
def the_keys_of_a_session_are_copied_into_ones_own(_: World) -> tuple[Attempt, object]:
    _, victim = signed_in("nrc.case_worker")
    cookie, colluder = signed_in("iom.case_worker")
    put(MemberSession, {"digest": colluder}, sealed_keys=value(MemberSession.sealed_keys, digest=victim))
    return lambda: accounts.resume(cookie), member_of("iom.case_worker")


@forging("member_sessions.sealed_keys")
def ones_own_session_is_given_to_another_member(_: World) -> tuple[Attempt, object]:
    (cookie, colluder), victim = signed_in("iom.case_worker"), member_of("nrc.case_worker")
    put(MemberSession, {"digest": colluder}, member_id=victim)
    return lambda: accounts.resume(cookie), victim


@forging("member_sessions.sealed_head")
def the_end_of_the_key_log_of_another_session_is_put_in(_: World) -> tuple[Attempt, object]:
    """A session that forgot the end that it saw would seal by a log that was cut off."""
    (_, victim), (cookie, own) = signed_in("nrc.case_worker"), signed_in("iom.case_worker")
    put(MemberSession, {"digest": own}, sealed_head=value(MemberSession.sealed_head, digest=victim))

    def attempt() -> object:
        assert accounts.resume(cookie)
        return grants.recipients(db.session(), [people.organisation("NRC")])

    return attempt, member_of("iom.case_worker")


@forging("members.sealed_kem", "members.sealed_sign")
def keys_are_copied_with_the_verifier_to_another_member(_: World) -> tuple[Attempt, object]:
    """Then the colluder's password is the victim's."""
    colluder = db.session.execute(select(Member.__table__).where(Member.login == "iom.case_worker")).one()
    put(
        Member,
        {"login": "nrc.case_worker"},
        salt=colluder.salt,
        verifier=colluder.verifier,
        sealed_kem=colluder.sealed_kem,
        sealed_sign=colluder.sealed_sign,
    )
    return (
        lambda: accounts.sign_in(login="nrc.case_worker", password=factories.PASSWORD),
        member_of("nrc.case_worker"),
    )


@forging("members.sealed_kem_recovery", "members.sealed_sign_recovery")
def recovery_material_is_moved_to_another_member(_: World) -> tuple[Attempt, object]:
    code = members.make_code(password=factories.PASSWORD, by=factories.actor("iom.case_worker"))
    colluder = db.session.execute(select(Member.__table__).where(Member.login == "iom.case_worker")).one()
    put(
        Member,
        {"login": "nrc.case_worker"},
        sealed_kem_recovery=colluder.sealed_kem_recovery,
        sealed_sign_recovery=colluder.sealed_sign_recovery,
    )

    def attempt() -> object:
        accounts.recover(login="nrc.case_worker", code=code, new_password="a second life of a cat")
        return accounts.sign_in(login="nrc.case_worker", password="a second life of a cat")

    return attempt, member_of("nrc.case_worker")


@forging("members.sealed_totp")
def the_second_factor_is_moved_to_another_member(_: World) -> tuple[Attempt, object]:
    colluder, victim, secret = member_of("iom.case_worker"), member_of("nrc.case_worker"), bytes(range(20))
    put(Member, {"id": victim}, sealed_totp=second_factor.seal(colluder, secret))
    code = second_factor.code_now(second_factor.as_text(secret))
    return lambda: accounts.sign_in(login="nrc.case_worker", password=factories.PASSWORD, code=code), victim


@forging("occasions.sealed_totp")
def a_telephone_is_put_beside_words_that_nobody_reads(_: World) -> tuple[Attempt, object]:
    """A row by hand: a colleague who types words for it would give the intruder's telephone to the victim's account."""
    victim, occasion_id = member_of("vatra.case_worker"), uuid.uuid4()
    with transaction() as session:
        session.add(
            Occasion(
                id=occasion_id,
                member_id=victim,
                organisation_id=people.organisation("VATRA"),
                purpose="factor",
                status="open",
                serial=1,
                random=bytes(16),
                head_number=0,
                head_digest=bytes(32),
                began_at=clock.now(),
                sealed_totp=second_factor.seal(victim, bytes(range(20))),
                mark=bytes(32),
            )
        )
    by = factories.actor("vatra.shelter_manager")
    return lambda: words.type_words(member_id=victim, typed=["x"] * 4, by=by), occasion_id


def hidden_page_of(login: str) -> Actor:
    by = factories.actor(login)
    screen_lock.hide(path="/", fields=[("story", people.TOLD)], by=by)
    return by


@forging("passkey_challenges.sealed_waiting")
def what_waits_for_a_passkey_is_moved_to_another_member(_: World) -> tuple[Attempt, object]:
    """The password is the colluder's, the session would be the victim's."""
    at_address(current_app)
    device, victim = passkey("iom.case_worker"), member_of("nrc.case_worker")
    try:
        accounts.sign_in(login="iom.case_worker", password=factories.PASSWORD)
    except accounts.PasskeyAsked as asked:
        token, answer = asked.token, device.sign(asked.options)
    put(PasskeyChallenge, {"purpose": "sign_in"}, member_id=victim)
    put(Passkey, {}, member_id=victim)
    return lambda: passkeys.sign_in(token=token, browser="", answer=answer, code="", asker=COMMAND), victim


@forging("hidden_pages.sealed_page")
def what_was_typed_on_a_hidden_page_is_moved_to_another_member(_: World) -> tuple[Attempt, object]:
    victim, colluder = hidden_page_of("nrc.case_worker"), hidden_page_of("iom.case_worker")
    sealed = value(HiddenPage.sealed_page, member_id=victim.member_id)
    put(HiddenPage, {"member_id": colluder.member_id}, sealed_page=sealed)
    return lambda: screen_lock.hidden(by=colluder), colluder.member_id


@forging("hidden_pages.sealed_page")
def a_hidden_page_is_written_for_somebody_by_hand(_: World) -> tuple[Attempt, object]:
    """Anybody can seal to a public key: the victim would find other words in the form they hid."""
    victim = hidden_page_of("nrc.case_worker")
    public = value(Member.kem_public, id=victim.member_id)
    page = crypto.pad(bytes(32) + json.dumps({"path": "/", "fields": [["story", people.PLANTED]]}).encode())
    sealed = crypto.wrap(public, page, crypto.ctx("hidden page", victim.member_id or ""))
    put(HiddenPage, {"member_id": victim.member_id}, sealed_page=sealed)
    return lambda: screen_lock.hidden(by=victim), victim.member_id


@forging("shown_secrets.sealed_secret")
def the_link_that_another_member_made_is_shown(_: World) -> tuple[Attempt, object]:
    """The victim would give the intruder's link to a new colleague."""
    victim, colluder = member_of("nrc.case_worker"), member_of("iom.case_worker")
    token = shown_secrets.keep({"page": "invitation"}, member_id=victim)
    shown_secrets.keep({"page": "invitation"}, member_id=colluder)
    sealed = value(ShownSecret.sealed_secret, member_id=colluder)
    put(ShownSecret, {"member_id": victim}, sealed_secret=sealed)
    return lambda: shown_secrets.shown(token, member_id=victim), victim


@forging("match_encodings.sealed_encoding")
def an_encoding_that_somebody_sealed_is_put_in(world: World) -> tuple[Attempt, object]:
    """Whoever is like it would be asked for in another's name."""
    put(MatchEncoding, {"case_id": world.own_case}, sealed_encoding=crypto.seal(bytes(32), bytes(1448), b""))
    row = db.session.scalars(select(MatchEncoding).where(MatchEncoding.case_id == world.own_case)).one()
    return lambda: matching.opened_encoding(row), world.own_case


@forging("match_questions.sealed_pairs")
def what_was_found_before_is_put_back(world: World) -> tuple[Attempt, object]:
    """What was rejected meanwhile would wait again."""
    before = matching.sealed_pairs(world.own_case, 1, matching.Found())
    put(MatchQuestion, {"case_id": world.own_case}, sealed_pairs=before)
    row = db.session.scalars(select(MatchQuestion).where(MatchQuestion.case_id == world.own_case)).one()
    return lambda: matching.found_of(row), world.own_case


@forging("keyrings.sealed_import_key")
def the_import_key_of_another_post_is_put_in(_: World) -> tuple[Attempt, object]:
    rinas, durres = people.organisation("RINAS"), people.organisation("DURRES")
    put(
        Keyring,
        {"organisation_id": rinas},
        sealed_import_key=value(Keyring.sealed_import_key, organisation_id=durres),
    )
    by = factories.actor("rinas.border_officer")
    return lambda: keyrings.organisation_mark(db.session(), b"a line", by=by), rinas


@forging("release_memories.sealed_memory")
def the_memory_of_another_quarter_is_put_in(_: World) -> tuple[Attempt, object]:
    sealed = signing.seal_memory({"kept": PLANTED[0]}, "ix", "2026Q1")
    return lambda: signing.open_memory(sealed, "ix", "2026Q2"), "ix 2026Q2"


@forging("parked_grants.sealed_key")
def a_case_that_opens_for_nobody_is_turned_to_a_colluder(world: World) -> tuple[Attempt, object]:
    """Who gives it back would give it to the colluder's organisation."""
    nrc = factories.actor("nrc.case_worker")
    hands.asked(lambda: consents.withdraw(case_id=world.case, what=EVERYTHING, by=nrc))
    where = {"case_id": world.case, "compartment": "identity", "organisation_id": people.organisation("NRC")}
    put(ParkedGrant, where, organisation_id=people.organisation("VATRA"))

    def attempt() -> object:
        with transaction() as session:
            return parking.give_back(session, world.case, {"identity"})

    return attempt, world.case


@forging("monitoring_draws.sealed_seed")
def the_seed_of_another_quarter_is_put_in(_: World) -> tuple[Attempt, object]:
    sealed = signing.seal_memory({"seed": PLANTED[0]}, "monitoring", "2026Q1")
    return lambda: signing.open_memory(sealed, "monitoring", "2026Q2"), "monitoring 2026Q2"


@forging("release_drafts.sealed_draft")
def the_draft_of_another_report_is_put_in(_: World) -> tuple[Attempt, object]:
    sealed = signing.seal_memory({"kept": PLANTED[0]}, "draft", "ix", "2026Q1")
    return lambda: signing.open_memory(sealed, "draft", "vi", "2026Q1"), "draft vi 2026Q1"


# What looks like a wrong code is recorded as one.
AS_A_REFUSAL = {"recovery_material_is_moved_to_another_member"}

# The tests over the table


@pytest.mark.parametrize("name", FORGERIES)
def test_a_forged_row_gives_no_plaintext_and_is_reported_by_ids(
    world_app: tuple[Flask, World], caplog: pytest.LogCaptureFixture, name: str
) -> None:
    _, world = world_app
    attempt, whose = FORGERIES[name].forge(world)
    caplog.clear()
    before = len(refusals())
    try:
        got = attempt()
    except REFUSED:
        got = None
    db.session.rollback()
    assert not got, got
    refused = refusals()[before:]
    assert str(whose) in caplog.text or (name in AS_A_REFUSAL and str(whose) in "".join(refused))
    for planted in (*PLANTED, factories.PASSWORD):
        assert planted not in caplog.text


def refusals() -> list[str]:
    """Who signed in without success, by the audit chain."""
    refused = AuditEntry.event == str(audit.Event.SIGN_IN_REFUSED)
    found = list(db.session.scalars(select(AuditEntry.member_id).where(refused).order_by(AuditEntry.id)))
    db.session.rollback()
    return found


COUNTS = {"request_limits.sealed_counts"}
"""How often somebody sent something: what does not open counts as nothing, so that no row silences a tablet
(`test_rows_that_another_hand_deleted_silence_no_tablet_and_stop_nothing_else`)."""


def test_every_sealed_column_has_a_forgery() -> None:
    assert {column for forgery in FORGERIES.values() for column in forgery.columns} == SEALED - COUNTS


def test_a_key_that_was_taken_off_the_destruction_list_by_hand_dies_all_the_same_and_is_reported(
    world_app: tuple[Flask, World], caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, world = world_app
    old = shredding.shred_key(world.asked_case, "identity", 1)
    assert old is not None
    with monkeypatch.context() as patched:
        patched.setattr(shredding, "work_off", lambda: 0)  # before the worker comes to it
        referrals.accept(referral_id=world.asked, place_id=world.bed, by=factories.actor("nrc.case_worker"))
    with transaction() as session:
        assert session.execute(delete(Destruction)).rowcount  # type: ignore[attr-defined]
    assert shredding.shred_key(world.asked_case, "identity", 1) == old
    assert tending.tend()["keys_left_over"] > 3  # the release keys of the route too
    assert shredding.shred_key(world.asked_case, "identity", 1) is None
    assert str(world.asked_case) in caplog.text
    assert reading(world.asked_case, "identity", "nrc.case_worker")()
    assert tending.tend()["keys_left_over"] == 0


def test_keys_of_a_transaction_under_way_are_left_alone(world_app: tuple[Flask, World]) -> None:
    _, world = world_app
    interviews.start(interview_id=uuid.uuid4(), by=factories.actor("rinas.border_officer"))
    supplements.send(
        supplement_id=world.supplement, answers={"story": people.TOLD}, by=factories.actor("rinas.border_officer")
    )
    assert tending.tend()["keys_left_over"] == 0
    assert shredding.missing() == 0


def test_what_is_forged_here_opens_when_it_is_not_forged(world_app: tuple[Flask, World]) -> None:
    """Otherwise the attempts above might fail for any other reason."""
    _, world = world_app
    assert PLANTED[0] in repr(reading(world.case, "identity", "nrc.case_worker")())
    assert reading(world.asked_case, "hand_over", "nrc.case_worker")()
    assert PLANTED[0] in repr(reading(world.own_case, "identity", "vatra.case_worker")())
    assert screen_lock.hidden(by=hidden_page_of("nrc.case_worker")) == ("/", [("story", people.TOLD)])
    assert account_rows.member_by_login("nrc.case_worker") is not None
