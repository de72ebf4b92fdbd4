"""Two hands on the same thing in the same instant, on both databases: one wins, nothing is half done."""

from __future__ import annotations

import io
import threading
import uuid
from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask, request
from psycopg.errors import DeadlockDetected
from sqlalchemy import func, select, update
from sqlalchemy.exc import OperationalError

from nrm import audit, clock
from nrm.actions import tending
from nrm.actions.accounts import accounts, joining, words
from nrm.actions.interviews import interview_imports, interview_sending, interviews
from nrm.actions.referrals import next_receiver, referrals
from nrm.actions.shelter import cases
from nrm.application import TIMES_AGAIN
from nrm.db import db, transaction
from nrm.domain.accounts.accounts import Actor, NotVisible, Role, SignInRefused
from nrm.domain.accounts.members import KeyHappening
from nrm.domain.accounts.words import NoOccasion
from nrm.domain.interviews.example_interview import example_answers
from nrm.domain.referrals.referrals import DeclineReason, OverrideReason
from nrm.domain.shelter.cases import Compartment, Purpose
from nrm.models.accounts.accounts import Keyring, KeyringWrap, Member, Organisation
from nrm.models.referrals.referrals import Referral
from nrm.models.shelter.cases import Destruction, Grant, PendingGrant, ShredKey
from nrm.steps.accounts import credentials
from nrm.steps.accounts.key_events import happened
from nrm.steps.shelter import cases as case_steps
from nrm.store.rows.accounts import accounts as account_rows
from nrm.vault import compartments
from tests import factories
from tests import factories_referrals as people
from tests.races import race

SHARED = (Compartment.LEGAL, Compartment.IDENTITY)


@pytest.fixture(params=["app", "postgres_app"])
def instance(request: pytest.FixtureRequest) -> Flask:
    found: Flask = request.getfixturevalue(request.param)
    return found


def statuses(case_id: uuid.UUID) -> list[str]:
    found = select(Referral.status).where(Referral.case_id == case_id).order_by(Referral.position)
    return list(db.session.scalars(found))


def holders(case_id: uuid.UUID, compartment: str) -> set[uuid.UUID]:
    return set(
        db.session.scalars(
            select(Grant.organisation_id).where(Grant.case_id == case_id, Grant.compartment == compartment)
        )
    )


def consistent(case_id: uuid.UUID) -> None:
    """The holder of the case opens it, and no key waits for anybody who is not on the way to being asked."""
    last = statuses(case_id)[-1]
    rinas, nrc = people.organisation("RINAS"), people.organisation("NRC")
    holder = nrc if last == "accepted" else rinas
    assert holders(case_id, "identity") == holders(case_id, "story") == {holder}
    waiting = set(db.session.scalars(select(PendingGrant.organisation_id).where(PendingGrant.case_id == case_id)))
    assert bool(waiting) == (last == "sent")
    login = "nrc.case_worker" if holder == nrc else "rinas.border_officer"
    by = factories.actor(login)
    cases.open_compartment(case_id=case_id, compartment=Compartment.IDENTITY, purpose=Purpose.CARE, by=by)
    assert case_steps.opened(case_id=case_id, by=by)[Compartment.IDENTITY].value["given"] == people.PLANTED
    assert db.session.scalar(select(func.count()).select_from(Destruction)) == 0
    with db.engines["shred"].connect() as connection:
        keys = connection.execute(select(ShredKey.compartment).where(ShredKey.case_id == case_id)).scalars().all()
    assert sorted(keys) == ["hand_over", "identity", "story"]
    assert list(audit.verify(db.session())) == []


def test_of_an_acceptance_a_decline_and_a_withdrawal_one_happens(instance: Flask) -> None:
    rinas, nrc = factories.actor("rinas.border_officer"), factories.actor("nrc.case_worker")
    for number in range(3):
        sent, bed = people.sent(rinas), people.bed("NRC", number)

        def accept(referral_id: uuid.UUID = sent.referral_id, place_id: uuid.UUID = bed) -> object:
            return referrals.accept(referral_id=referral_id, place_id=place_id, by=nrc)

        def decline(referral_id: uuid.UUID = sent.referral_id) -> object:
            return referrals.decline(referral_id=referral_id, reason=DeclineReason.FULL, by=nrc)

        def withdraw(referral_id: uuid.UUID = sent.referral_id) -> object:
            return referrals.withdraw(referral_id=referral_id, by=rinas)

        assert len(race(instance, accept, decline, withdraw, accept, withdraw)) == 1
        assert statuses(sent.case_id) in (["accepted"], ["declined", "sent"], ["withdrawn"])
        consistent(sent.case_id)


@pytest.mark.slow
def test_of_two_directions_one_is_sent_and_an_acceptance_or_a_withdrawal_ends_it(instance: Flask) -> None:
    rinas, duty = factories.actor("rinas.border_officer"), factories.actor("ra.duty_officer")
    sent = people.sent(rinas)
    for code, reason in (("nrc", DeclineReason.CANNOT_KEEP_SAFE), ("iom", DeclineReason.FULL)):
        waiting = db.session.scalars(
            select(Referral.id).where(Referral.case_id == sent.case_id, Referral.status == "sent")
        ).one()
        referrals.decline(referral_id=waiting, reason=reason, by=factories.actor(f"{code}.case_worker"))
    vatra, other = people.organisation("VATRA"), people.organisation("TJETER_VIZION")

    def direct(receiver_id: uuid.UUID) -> object:
        return next_receiver.direct(
            case_id=sent.case_id, receiver_id=receiver_id, reason=OverrideReason.SAFETY, by=duty
        )

    given = race(instance, lambda: direct(vatra), lambda: direct(other), lambda: direct(vatra))
    assert len(given) == 1
    assert statuses(sent.case_id) == ["declined", "declined", "sent"]
    (directed,) = given
    assert isinstance(directed, uuid.UUID)
    code = "VATRA" if db.session.get_one(Referral, directed).receiver_id == vatra else "TJETER_VIZION"
    receiver, bed = factories.actor(f"{code.lower()}.case_worker"), people.bed(code)
    won = race(
        instance,
        lambda: referrals.accept(referral_id=directed, place_id=bed, by=receiver),
        lambda: referrals.withdraw(referral_id=directed, by=rinas),
        lambda: direct(vatra),
        lambda: direct(other),
    )
    # A direction after the withdrawal is one that is not too many.
    ended = statuses(sent.case_id)[2:]
    assert ended in (["accepted"], ["withdrawn"], ["withdrawn", "sent"])
    assert len(won) == len(ended)
    assert list(audit.verify(db.session())) == []


def test_of_an_acceptance_and_an_expiry_one_happens(instance: Flask) -> None:
    sent, bed = people.sent(factories.actor("rinas.border_officer")), people.bed("NRC")
    deadline = db.session.get_one(Referral, sent.referral_id).expires_at
    clock.set_clock(lambda: deadline - timedelta(seconds=1))
    nrc, duty = factories.actor("nrc.case_worker"), factories.actor("ra.duty_officer")
    given = race(
        instance,
        lambda: referrals.accept(referral_id=sent.referral_id, place_id=bed, by=nrc),
        lambda: referrals.expire(referral_id=sent.referral_id, by=duty),
        lambda: referrals.expire(referral_id=sent.referral_id, by=duty),
    )
    assert len(given) == 1
    assert statuses(sent.case_id) in (["accepted"], ["expired", "sent"])
    consistent(sent.case_id)


@pytest.mark.parametrize("again", [False, True], ids=["ended twice", "ended and given again"])
def test_a_share_that_ends_while_it_is_ended_or_given_again_is_there_or_not_and_never_half(
    instance: Flask, again: bool
) -> None:
    nrc, case_id = factories.actor("nrc.case_worker"), taken_in()
    who, liaison = people.organisation("PROSECUTION"), "prosecution.witness_liaison"

    def give() -> str:
        cases.share(case_id=case_id, organisation_id=who, compartments=SHARED, agreed=True, by=nrc)
        return "given"

    def end() -> str:
        cases.end_share(case_id=case_id, organisation_id=who, by=nrc)
        return "ended"

    give()
    done = race(instance, end, give if again else end, end, refusals=(NotVisible,))
    assert done.count("ended") in ((1, 2) if again else (1,))
    shared = {holders(case_id, name) == {nrc.organisation_id, who} for name in SHARED}
    assert shared in ({True}, {False})
    assert shared == {False} or again
    for name in SHARED:
        assert holders(case_id, name) - {who} == {nrc.organisation_id}
        assert compartments.opens(db.session(), case_id, name, by=nrc)
        assert compartments.opens(db.session(), case_id, name, by=factories.actor(liaison)) == (shared == {True})
    assert db.session.scalar(select(func.count()).select_from(Destruction)) == 0
    with db.engines["shred"].connect() as connection:
        keys = connection.execute(select(ShredKey.compartment).where(ShredKey.case_id == case_id)).scalars().all()
    assert sorted(keys) == ["hand_over", "identity", "legal", "story"]
    assert list(audit.verify(db.session())) == []


def taken_in() -> uuid.UUID:
    """A case that NRC holds."""
    sent = people.sent(factories.actor("rinas.border_officer"))
    nrc = factories.actor("nrc.case_worker")
    return referrals.accept(referral_id=sent.referral_id, place_id=people.bed("NRC"), by=nrc)


def test_two_workers_that_tend_at_once_ask_the_next_party_once(instance: Flask) -> None:
    sent = people.sent(factories.actor("rinas.border_officer"))
    deadline = db.session.get_one(Referral, sent.referral_id).expires_at
    clock.set_clock(lambda: deadline)
    race(instance, *[tending.tend] * 4)
    assert statuses(sent.case_id) == ["expired", "sent"]
    consistent(sent.case_id)


def test_sending_twice_at_once_sends_once_and_tells_both_the_same(instance: Flask) -> None:
    rinas = factories.actor("rinas.border_officer")
    interview_id = people.interview(rinas)
    given = race(
        instance, *[lambda: interview_sending.send(interview_id=interview_id, party="NRC", by=rinas).referral_id] * 4
    )
    assert len(given) == 4
    assert len(set(given)) == 1
    assert statuses(interview_id) == ["sent"]
    consistent(interview_id)


def test_sending_and_destroying_at_once_does_one_of_them(instance: Flask) -> None:
    rinas = factories.actor("rinas.border_officer")
    interview_id = people.interview(rinas)
    given = race(
        instance,
        lambda: interview_sending.send(interview_id=interview_id, party="NRC", by=rinas),
        lambda: interviews.discard(interview_id=interview_id, reason="mistaken", sentence="Fjali.", by=rinas),
    )
    assert len(given) == 1
    assert statuses(interview_id) == ([] if given == [None] else ["sent"])
    if given != [None]:
        consistent(interview_id)


def test_an_invitation_is_accepted_once_however_many_have_the_link(instance: Flask) -> None:
    """The second would otherwise put a password and keys of their own in the place of the first one's."""
    colleague, vatra = factories.actor("vatra.case_worker"), people.organisation("VATRA")
    token = joining.invite(organisation_id=vatra, login="vatra.new", name="New", role=Role.CASE_WORKER, by=colleague)
    passwords = [f"{number} lives of a border cat" for number in range(4)]

    def join(password: str) -> Callable[[], str]:
        return lambda: f"{joining.join(token=token, password=password).login} {password}"

    given = race(instance, *[join(password) for password in passwords])
    assert len(given) == 1
    for password in passwords:
        if given == [f"vatra.new {password}"]:
            assert accounts.sign_in(login="vatra.new", password=password)
        else:
            with pytest.raises(SignInRefused):
                accounts.sign_in(login="vatra.new", password=password)


def test_founders_who_join_at_once_all_wait_and_two_who_type_at_once_make_one_keyring(instance: Flask) -> None:
    administrator, shelter = factories.actor("administrator"), uuid.uuid4()
    with transaction() as session:
        session.add(
            Organisation(id=shelter, code="NEW", kind="ngo_shelter", party="NEW", names={"sq": "E re", "en": "New"})
        )
    tokens = [
        joining.invite(
            organisation_id=shelter, login=f"new.{number}", name="New", role=Role.CASE_WORKER, by=administrator
        )
        for number in range(3)
    ]

    def join(token: str) -> Callable[[], bool]:
        return lambda: joining.join(token=token, password=factories.PASSWORD).waiting

    assert race(instance, *map(join, tokens)) == [True, True, True]
    db.session.rollback()
    with transaction() as session:
        session.execute(update(Member).where(Member.organisation_id == shelter).values(code_checked_at=clock.now()))
    one, other = (factories.actor(f"new.{number}") for number in range(2))

    def read_to(typist: Actor, reader: Actor) -> Callable[[], bool]:
        shown = words.shown(by=reader)
        assert shown is not None
        assert reader.member_id is not None
        whose, said = reader.member_id, shown.words
        return lambda: bool(words.type_words(member_id=whose, typed=said, by=typist))

    assert race(instance, read_to(one, other), read_to(other, one)) == [True, True]
    db.session.rollback()
    made = select(func.count()).select_from(Keyring).where(Keyring.organisation_id == shelter)
    assert db.session.scalar(made) == 1
    statuses_there = select(Member.status).where(Member.organisation_id == shelter).order_by(Member.login)
    assert list(db.session.scalars(statuses_there)) == ["active", "active", "waiting"]


def test_one_sign_in_name_is_given_once(instance: Flask) -> None:
    colleague, vatra = factories.actor("vatra.case_worker"), people.organisation("VATRA")

    def invite() -> str:
        return joining.invite(organisation_id=vatra, login="vatra.new", name="New", role=Role.CASE_WORKER, by=colleague)

    assert len(race(instance, *[invite] * 4)) == 1
    assert db.session.scalar(select(func.count()).where(Member.login == "vatra.new")) == 1


def test_a_colleague_confirmed_by_two_at_once_has_the_keyring_once(instance: Flask) -> None:
    colleague, vatra = factories.actor("vatra.case_worker"), people.organisation("VATRA")
    token = joining.invite(organisation_id=vatra, login="vatra.new", name="New", role=Role.CASE_WORKER, by=colleague)
    factories.join(token)
    shown = words.shown(by=factories.actor("vatra.new"))
    assert shown is not None
    member_id = db.session.scalars(select(Member.id).where(Member.login == "vatra.new")).one()
    said = shown.words
    db.session.rollback()
    typing: list[Callable[[], object]] = [
        lambda: words.type_words(member_id=member_id, typed=said, by=colleague) for _ in range(4)
    ]
    assert race(instance, *typing, refusals=(NoOccasion,)) == [True]
    assert db.session.scalar(select(func.count()).where(KeyringWrap.member_id == member_id)) == 1


def test_the_chain_stays_whole_when_many_write_at_once(instance: Flask) -> None:
    before = audit.length(db.session())
    race(instance, *[lambda: bool(factories.actor("nrc.case_worker"))] * 12)
    assert audit.length(db.session()) == before + 12
    assert list(audit.verify(db.session())) == []


def test_a_line_imported_by_several_at_once_is_one_interview(instance: Flask) -> None:
    rinas = factories.actor("rinas.border_officer")
    questionnaire = interviews.questionnaires()[interviews.CURRENT]
    line = {
        "questionnaire": questionnaire.id,
        "interviewed_at": "2026-01-01T10:30",
        "answers": example_answers(questionnaire),
    }
    given = race(instance, *[lambda: interview_imports.take_in(line=line, by=rinas)] * 4)
    assert len(given) == 4
    assert len(set(given)) == 1


def test_a_page_saved_in_the_instant_of_sending_is_in_the_case_or_refused(instance: Flask) -> None:
    """The second one is told: no page says that something is kept which no case has."""
    rinas = factories.actor("rinas.border_officer")
    interview_id = people.interview(rinas)
    draft = interviews.read(interview_id=interview_id, by=rinas)
    page = next(each for each in draft.pages if "story" in each.questions)
    given = {name: draft.answers[name] for name in page.questions if name in draft.answers}
    given["story"] = "saved at the last moment"

    def save() -> str:
        interviews.save_page(draft=draft, page=page.id, given=given, seen=draft.revision, by=rinas)
        return "saved"

    def send() -> str:
        interview_sending.send(interview_id=interview_id, party="NRC", by=rinas)
        return "sent"

    done = race(instance, save, send)
    assert "sent" in done
    cases.open_compartment(case_id=interview_id, compartment=Compartment.STORY, purpose=Purpose.CORRECTION, by=rinas)
    story = case_steps.opened(case_id=interview_id, by=rinas)[Compartment.STORY].value["story"]
    assert (story == "saved at the last moment") == ("saved" in done)


def test_nobody_at_the_head_of_the_audit_chain_waits_for_somebody_behind(postgres_app: Flask) -> None:
    nrc = factories.actor("nrc.case_worker")
    account = account_rows.credentials("nrc.case_worker")
    assert account is not None
    held, added = threading.Event(), threading.Event()

    def signs_in() -> None:
        with transaction() as session:
            credentials.hold(session, account)
            held.set()
            assert added.wait(20)
            audit.append(session, audit.Event.SIGNED_IN, by=nrc)

    def works(change: Callable[[Member], object]) -> Callable[[], None]:
        def run() -> None:
            with transaction() as session:
                member = session.get_one(Member, nrc.member_id)
                assert held.wait(20)
                change(member)
                added.set()
                audit.append(session, audit.Event.SIGNED_OUT, by=nrc)

        return run

    for change in (
        lambda member: setattr(member, "name", "Changed"),
        lambda member: happened(db.session(), KeyHappening.CODE_CHECKED, member, by=nrc),
    ):
        held.clear()
        added.clear()
        assert len(race(postgres_app, signs_in, works(change))) == 2


@pytest.mark.parametrize("times", [1, TIMES_AGAIN, TIMES_AGAIN + 1])
def test_what_a_deadlock_ended_is_begun_again(app: Flask, times: int) -> None:
    read: list[bytes] = []

    def view() -> str:
        read.append(request.files["table"].read())
        if len(read) <= times:
            raise OperationalError("UPDATE", {}, DeadlockDetected())
        return "done"

    app.view_functions["accounts.sign_in"] = view
    with app.test_request_context("/sign-in", method="POST", data={"table": (io.BytesIO(b"all"), "a.csv")}):
        if times > TIMES_AGAIN:
            with pytest.raises(OperationalError):
                app.dispatch_request()
        else:
            assert app.dispatch_request() == "done"
    assert read == [b"all"] * (min(times, TIMES_AGAIN) + 1)
