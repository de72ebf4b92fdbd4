"""What a hostile colleague, a hand in the database or a reader of the log tries, and does not get."""

from __future__ import annotations

import re
import sqlite3
import uuid
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select, update

from nrm import cli, clock, crypto, faults
from nrm.actions.accounts import accounts, joining, words
from nrm.actions.interviews import interviews
from nrm.actions.referrals import next_receiver, referrals
from nrm.actions.shelter import cases
from nrm.db import db, transaction
from nrm.domain.accounts.accounts import Actor, NotVisible, Role
from nrm.domain.accounts.words import WrongWords
from nrm.domain.quarters import Quarter
from nrm.domain.referrals.referrals import OverrideReason
from nrm.domain.shelter.cases import CaseRefused, Compartment, Purpose
from nrm.domain.shelter.consents import ByName
from nrm.models.accounts.accounts import Keyring, KeyringWrap, Member, Organisation
from nrm.models.referrals.referrals import Referral
from nrm.models.shelter.cases import Case, Grant
from nrm.steps.shelter import cases as case_steps
from nrm.store import names
from nrm.store.rows.accounts import accounts as account_rows
from nrm.vault import grants
from nrm.web import formats
from tests import factories
from tests import factories_referrals as people
from tests.conftest import Person
from tests.factories_stays import admitted
from tests.world import World

Planted = tuple[Flask, World]


def handed_on(case_id: uuid.UUID, nrc: Actor, by_name: ByName | None = None) -> uuid.UUID:
    """The case of NRC, which asks IOM to take the person."""
    return next_receiver.refer(
        case_id=case_id,
        receiver_id=people.organisation("IOM"),
        reason=OverrideReason.SAFETY,
        hand_over=people.HAND_OVER,
        by_name=by_name,
        by=nrc,
    )


def opens(case_id: uuid.UUID, compartment: Compartment, login: str) -> dict[str, object]:
    by = factories.actor(login)
    cases.open_compartment(case_id=case_id, compartment=compartment, purpose=Purpose.CARE, by=by)
    return case_steps.opened(case_id=case_id, by=by)[compartment].value


def test_once_its_time_has_passed_the_asked_party_opens_nothing_even_before_it_is_tended(world_app: Planted) -> None:
    _, world = world_app
    deadline = db.session.get_one(Referral, world.asked).expires_at
    db.session.rollback()
    clock.set_clock(lambda: deadline - timedelta(seconds=1))
    nrc = factories.actor("nrc.case_worker")
    cases.open_compartment(case_id=world.asked_case, compartment=Compartment.HAND_OVER, purpose=Purpose.ANSWER, by=nrc)
    assert Compartment.HAND_OVER in case_steps.opened(case_id=world.asked_case, by=nrc)
    clock.set_clock(lambda: deadline)
    assert case_steps.opened(case_id=world.asked_case, by=nrc) == {}
    with pytest.raises(case_steps.CannotOpen):
        opens(world.asked_case, Compartment.HAND_OVER, "nrc.case_worker")


def test_while_a_shelter_is_asked_the_holder_writes_but_lets_nobody_new_read(app: Flask) -> None:
    nrc = factories.actor("nrc.case_worker")
    case_id = admitted(nrc, identity={"given": people.PLANTED}).case_id
    cases.write(case_id=case_id, compartment=Compartment.LEGAL, value={"lawyer": "x"}, seen=0, by=nrc)
    referral_id = handed_on(case_id, nrc, ByName.YES)
    with pytest.raises(CaseRefused, match="asked"):
        cases.share(
            case_id=case_id,
            organisation_id=people.organisation("PROSECUTION"),
            compartments={Compartment.LEGAL},
            agreed=True,
            by=nrc,
        )
    # What begins while the other shelter is asked is offered to it, too: else it could not accept any more.
    cases.write(case_id=case_id, compartment=Compartment.CARE, value={"health": "x"}, seen=0, by=nrc)
    cases.add_note(case_id=case_id, text="x", by=nrc)
    with pytest.raises(case_steps.CannotOpen):
        opens(case_id, Compartment.CARE, "iom.case_worker")
    assert opens(case_id, Compartment.IDENTITY, "nrc.case_worker")["given"] == people.PLANTED
    referrals.accept(referral_id=referral_id, place_id=people.bed("IOM"), by=factories.actor("iom.case_worker"))
    assert opens(case_id, Compartment.IDENTITY, "iom.case_worker")["given"] == people.PLANTED
    assert opens(case_id, Compartment.CARE, "iom.case_worker") == {"health": "x"}


def test_a_share_that_ends_while_a_shelter_is_asked_does_not_keep_it_from_accepting(world_app: Planted) -> None:
    _, world = world_app
    nrc = factories.actor("nrc.case_worker")
    referral_id = handed_on(world.case, nrc)
    cases.end_share(case_id=world.case, organisation_id=world.organisation, by=nrc)
    with pytest.raises(case_steps.CannotOpen):
        opens(world.case, Compartment.IDENTITY, "iom.case_worker")
    referrals.accept(referral_id=referral_id, place_id=people.bed("IOM"), by=factories.actor("iom.case_worker"))
    assert opens(world.case, Compartment.IDENTITY, "iom.case_worker")["given"] == people.PLANTED
    assert opens(world.case, Compartment.STORY, "iom.case_worker")["story"] == people.TOLD


def test_a_referral_turned_to_an_accomplice_by_hand_releases_no_key(world_app: Planted) -> None:
    """IOM is a party of the route: its pending grants wait, and so do their release keys."""
    _, world = world_app
    iom, bed = factories.actor("iom.case_worker"), people.bed("IOM")
    with transaction() as session:
        session.execute(
            update(Referral).where(Referral.id == world.asked).values(receiver_id=iom.organisation_id, must=False)
        )
    with pytest.raises(case_steps.CannotOpen):
        opens(world.asked_case, Compartment.HAND_OVER, "iom.case_worker")
    with pytest.raises(case_steps.CannotOpen):
        referrals.accept(referral_id=world.asked, place_id=bed, by=iom)
    copied = db.session.get_one(Referral, world.coming).mark
    with transaction() as session:
        session.execute(update(Referral).where(Referral.id == world.asked).values(mark=copied))
    with pytest.raises(case_steps.CannotOpen):
        opens(world.asked_case, Compartment.HAND_OVER, "iom.case_worker")
    nrc = people.organisation("NRC")
    honest = grants.mark_of(world.asked, world.asked_case, people.organisation("RINAS"), nrc)
    with transaction() as session:
        session.execute(update(Referral).where(Referral.id == world.asked).values(receiver_id=nrc, mark=honest))
    assert opens(world.asked_case, Compartment.HAND_OVER, "nrc.case_worker")


def test_nothing_is_sealed_to_a_public_key_that_was_put_into_the_database(
    world_app: Planted, caplog: pytest.LogCaptureFixture
) -> None:
    """Writing to the main database alone must not redirect the next hand-over to a key of one's own."""
    _, world = world_app
    prosecution = people.organisation("PROSECUTION")
    _, mine = crypto.key_pair()
    with transaction() as session:
        session.execute(update(Keyring).where(Keyring.organisation_id == prosecution).values(public=mine))
    nrc = factories.actor("nrc.case_worker")
    with pytest.raises(case_steps.CannotOpen):
        cases.share(
            case_id=world.case, organisation_id=prosecution, compartments={Compartment.LEGAL}, agreed=True, by=nrc
        )
    assert db.session.get(Grant, (world.case, "legal", prosecution)) is None
    assert str(prosecution) in caplog.text


def test_the_keyring_of_a_shelter_given_to_a_ministry_by_hand_is_not_sealed_to(world_app: Planted) -> None:
    _, world = world_app
    molsa, vatra, prosecution = (people.organisation(code) for code in ("MOLSA", "VATRA", "PROSECUTION"))
    ring = db.session.scalars(select(Keyring).where(Keyring.organisation_id == vatra)).one()
    with transaction() as session:
        session.add(
            Keyring(
                id=uuid.uuid4(),
                organisation_id=molsa,
                version=1,
                public=ring.public,
                mark=ring.mark,
                created_at=clock.now(),
            )
        )
        session.execute(update(Organisation).where(Organisation.id == molsa).values(kind="prosecution"))
        session.execute(update(Keyring).where(Keyring.organisation_id == prosecution).values(version=2))
    nrc = factories.actor("nrc.case_worker")
    for organisation_id in (molsa, prosecution):
        with pytest.raises(case_steps.CannotOpen):
            cases.share(
                case_id=world.case,
                organisation_id=organisation_id,
                compartments={Compartment.LEGAL},
                agreed=True,
                by=nrc,
            )


def test_a_colleague_confirms_no_key_that_the_new_member_did_not_make(app: Flask) -> None:
    colleague = factories.actor("vatra.case_worker")
    vatra = names.organisation_by_code("VATRA")
    token = joining.invite(organisation_id=vatra.id, login="vatra.new", name="New", role=Role.CASE_WORKER, by=colleague)
    factories.join(token)
    new = factories.actor("vatra.new")
    shown = words.shown(by=new)
    assert shown is not None
    member = account_rows.member_by_login("vatra.new")
    assert member is not None
    _, mine = crypto.key_pair()
    made = member.kem_public
    with transaction() as session:
        session.execute(update(Member).where(Member.id == member.id).values(kem_public=mine))
    with pytest.raises(WrongWords):  # what she reads was made of her own key
        words.type_words(member_id=member.id, typed=shown.words, by=colleague)
    with pytest.raises(accounts.CannotOpen):  # and if somebody could read the words of the other key
        factories.let_in(new, by=colleague)
    assert db.session.scalars(select(KeyringWrap).where(KeyringWrap.member_id == member.id)).all() == []
    with transaction() as session:
        session.execute(update(Member).where(Member.id == member.id).values(kem_public=made))
    db.session.rollback()
    words.type_words(member_id=member.id, typed=shown.words, by=colleague)
    assert len(db.session.scalars(select(KeyringWrap).where(KeyringWrap.member_id == member.id)).all()) == 1


def test_an_unexpected_error_leaves_its_kind_and_place_in_the_log_and_no_value(
    app: Flask, caplog: pytest.LogCaptureFixture
) -> None:
    def failing() -> str:
        try:
            return {"a": "b"}[people.PLANTED]
        except KeyError:
            raise ValueError(f"{people.PLANTED} is no code") from None

    app.view_functions["accounts.blank"] = failing
    answer = app.test_client().get("/blank")
    assert answer.status_code == 500
    assert "ValueError" in caplog.text
    assert "in failing" in caplog.text
    for said in (caplog.text, answer.text, *(str(record.exc_info) for record in caplog.records)):
        assert people.PLANTED not in said


def test_an_error_is_described_with_those_that_led_to_it() -> None:
    try:
        try:
            int("Zamira")
        except ValueError as error:
            raise RuntimeError("of Zamira") from error
    except RuntimeError as error:
        told = faults.described(error)
    assert told.startswith("RuntimeError")
    assert "after ValueError" in told
    assert "Zamira" not in told


def test_the_shelter_reads_what_it_sealed_in_a_case_of_its_own(world_app: Planted) -> None:
    app, world = world_app
    person = Person(app.test_client(), "vatra.case_worker")
    assert people.PLANTED not in person.get(f"/cases/{world.own_case}")
    for compartment in ("identity", "story"):
        person.post(f"/cases/{world.own_case}/open", {"compartment": compartment, "purpose": "care"})
    page = person.get(f"/cases/{world.own_case}")
    assert people.PLANTED in page
    assert people.TOLD in page


def test_a_command_that_fails_unexpectedly_says_where_and_no_value(
    app: Flask, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def failing(**_: object) -> None:
        raise KeyError(people.PLANTED)

    monkeypatch.setattr(cli.nrm, "main", failing)
    with pytest.raises(SystemExit) as ended:
        cli.main()
    told = capsys.readouterr().err
    assert ended.value.code == 1
    assert "KeyError" in told
    assert people.PLANTED not in told


def test_screenings_do_not_keep_the_order_in_which_they_were_written(world_app: Planted, tmp_path: Path) -> None:
    """Beside the audit chain that order would say which case each of them is of."""
    assert world_app
    rinas = factories.actor("rinas.border_officer")
    for _ in range(6):
        people.sent(rinas)
    db.session.remove()
    with closing(sqlite3.connect(tmp_path / "world" / "main.db")) as connection:
        for table in ("screening_kinds", "screening_counts"):
            with pytest.raises(sqlite3.OperationalError, match="rowid"):
                connection.execute(f"SELECT rowid FROM {table}")
        # Without an index, so that the table itself is read and not an index in its order.
        kinds = [row[0] for row in connection.execute("SELECT id, agency FROM screening_kinds NOT INDEXED")]
        numbers = connection.execute("SELECT quarter_on, kind_id, number FROM screening_counts NOT INDEXED").fetchall()
    assert sum(number for *_, number in numbers) >= 9
    assert numbers == sorted(numbers)
    assert kinds == sorted(kinds)
    assert min(kinds) > 1 << 32  # random, not in the order of their coming


def test_the_posts_home_page_keeps_the_quarter_alone_of_who_arrived(world_app: Planted) -> None:
    app, world = world_app
    pseudonym = db.session.get_one(Case, world.case).pseudonym
    page = Person(app.test_client(), "rinas.border_officer").get("/")
    before, *rows = page.split("<tr>")
    row = next(line for line in rows if pseudonym in line)
    assert "ora" not in row.split("</td>")[0]
    # Nor does the line of somebody who arrived and of whom no post said that they left (ADR 0241).
    (waits,) = (line for line in re.split("<li>", before) if pseudonym in line)
    assert "ora" not in waits.split("</li>")[0]
    assert formats.quarter(str(Quarter.of(clock.now().date())), "sq") in row


def test_no_interview_is_begun_under_the_id_of_a_shelters_own_case(world_app: Planted) -> None:
    _, world = world_app
    rinas = factories.actor("rinas.border_officer")
    with pytest.raises(NotVisible):
        interviews.start(interview_id=world.own_case, by=rinas)
    with pytest.raises(NotVisible):
        interviews.read(interview_id=world.own_case, by=rinas)
    assert opens(world.own_case, Compartment.IDENTITY, "vatra.case_worker")["given"] == people.PLANTED
