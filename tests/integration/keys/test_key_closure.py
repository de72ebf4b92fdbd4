"""Who can open what, computed from the files and the passwords alone (`tests/thief.py`), moment by moment."""

from __future__ import annotations

import shutil
import uuid
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select

from nrm import db
from nrm.actions import tending
from nrm.actions.interviews import interview_sending, interviews
from nrm.actions.referrals import announced_returns, referrals, supplements
from nrm.actions.shelter import cases, stays
from nrm.domain.referrals.announced_returns import BackReason
from nrm.domain.referrals.referrals import DeclineReason
from nrm.domain.shelter.cases import Compartment, Purpose
from nrm.domain.shelter.stays import Destination, ExitReason
from nrm.models.shelter.matching import MatchKey
from nrm.store import days as stay_store
from tests import factories
from tests import factories_referrals as people
from tests.thief import OUTSIDE, Files, Key, keyrings, opened, personal_keys
from tests.world import World


class Closure:
    """The instance as a thief sees it now, and copies of how it was."""

    def __init__(self, folder: Path, copies: Path) -> None:
        self._folder, self._copies = folder, copies

    def copy(self, name: str) -> Path:
        """All files of the server, as they lie on its disk now."""
        db.disconnect()
        shutil.copytree(self._folder, self._copies / name)
        return self._copies / name

    def now(self, name: str) -> Files:
        here = self.copy(name)
        return Files(here, here)


@pytest.fixture
def closure(tmp_path: Path) -> Closure:
    return Closure(tmp_path / "world", tmp_path / "stolen")


def keys(case: uuid.UUID, *compartments: str) -> set[Key]:
    return {(case.hex, compartment) for compartment in compartments}


def expected(world: World) -> dict[str, set[Key]]:
    """What each organisation was granted, by the agreement's sequence; all others were granted nothing."""
    told = ("hand_over", "identity", "story")
    # The matching key: under it names are compared, and nothing of anybody is told by it (ADR 0130).
    matching = keys(db.db.session.scalars(select(MatchKey.id)).one(), "matching")
    return {
        "RINAS": keys(world.draft, "draft")
        | keys(world.group_draft, "draft")
        | keys(world.asked_case, *told)
        | keys(world.notice, "identity"),
        "NRC": keys(world.coming_case, *told) | keys(world.case, *told, "care", "legal") | matching,
        "VATRA": keys(world.own_case, *told, "care", "joint_interview")
        | matching,  # whom the letter is for is a note under its key
        "TJETER_VIZION": keys(world.urgent_case, *told) | matching,
        "IOM": matching,
        "RA": {
            (case.hex, "hand_over")
            for case in (world.asked_case, world.coming_case, world.case, world.own_case, world.urgent_case)
        }
        | keys(world.notice, "identity")
        | keys(world.child_return, "identity")
        | keys(world.own_case, "joint_interview")
        | keys(world.complaint, "complaint"),
        "STATE_POLICE": keys(world.own_case, "joint_interview"),
        "CHILD_PROTECTION": keys(world.child_return, "identity"),
        "HELPLINE": keys(world.call, "identity"),
        "TRP_UNIT": keys(world.case, "identity", "legal"),
        "PROSECUTION": keys(world.witness, "witness"),
    }


@pytest.mark.slow
def test_each_organisation_opens_exactly_what_it_was_granted(world_app: tuple[Flask, World], closure: Closure) -> None:
    _, world = world_app
    files, granted = closure.now("now"), expected(world)
    for code in files.organisations().values():
        assert set(opened(files, code, released=False)) == granted.get(code, set()), code


def test_what_opens_is_the_plaintext_so_the_rules_here_are_the_real_ones(
    world_app: tuple[Flask, World], closure: Closure
) -> None:
    _, world = world_app
    found = opened(closure.now("now"), "NRC")
    assert found[world.coming_case.hex, "identity"]["given"] == people.PLANTED
    assert found[world.coming_case.hex, "story"]["story"] == people.TOLD


@pytest.mark.slow
def test_the_ministry_and_the_operator_open_nothing_with_every_file_and_all_their_passwords(
    world_app: tuple[Flask, World], closure: Closure
) -> None:
    files = closure.now("now")
    assert len(personal_keys(files, OUTSIDE)) >= 4
    assert keyrings(files, OUTSIDE) == frozenset()
    assert opened(files, *OUTSIDE) == {}


def test_a_coalition_of_thieves_opens_the_union_and_nothing_more(
    world_app: tuple[Flask, World], closure: Closure
) -> None:
    _, world = world_app
    granted = expected(world)
    together = opened(closure.now("now"), "TRP_UNIT", "VATRA", *OUTSIDE, released=False)
    assert set(together) == granted["TRP_UNIT"] | granted["VATRA"]


def test_a_party_of_the_route_needs_its_release_key_and_a_declined_one_has_none(
    world_app: tuple[Flask, World], closure: Closure
) -> None:
    _, world = world_app
    told = keys(world.asked_case, "hand_over", "identity", "story")
    before = closure.now("before")
    waiting = {party for case, _, _, party in before.release_keys if case == world.asked_case.hex}
    named = {code for id_, code in before.organisations().items() if id_ in waiting}
    assert {"NRC", "IOM"} <= named
    assert not told & set(opened(before, "NRC", released=False))
    assert told <= set(opened(before, "NRC"))  # so the shred database needs a guard of its own
    nrc = factories.actor("nrc.case_worker")
    referrals.decline(referral_id=world.asked, reason=DeclineReason.FULL, by=nrc)
    after = closure.now("after")
    assert not told & set(opened(after, "NRC"))
    # The next was asked without anybody's key, and it is no nearer than before.
    assert not told & set(opened(after, "IOM", released=False))
    # An old main database with the pending grants is of no use any more either.
    assert not told & set(opened(Files(before.main, after.main), "NRC"))
    assert told <= set(opened(after, "RINAS"))


@pytest.mark.slow
def test_after_acceptance_the_sender_opens_nothing_also_with_the_old_main_database(
    world_app: tuple[Flask, World], closure: Closure
) -> None:
    _, world = world_app
    told = keys(world.asked_case, "hand_over", "identity", "story")
    before = closure.now("before")
    assert told <= set(opened(before, "RINAS"))
    nrc = factories.actor("nrc.case_worker")
    referrals.accept(referral_id=world.asked, place_id=world.bed, by=nrc)
    after = closure.now("after")
    everybody_else = set(after.organisations().values()) - {"NRC", "RA"}
    assert not told & set(opened(after, *everybody_else))
    assert not told & set(opened(Files(before.main, after.main), *everybody_else))
    assert told <= set(opened(after, "NRC"))
    assert told & set(opened(after, "RA")) == keys(world.asked_case, "hand_over")
    # Not even who may open it now does so by the old rows: each epoch has halves of its own.
    assert not told & set(opened(Files(before.main, after.main), "NRC", "RA"))


def test_withdrawing_leaves_the_case_to_the_sender_and_kills_what_lay_with_the_asked(
    world_app: tuple[Flask, World], closure: Closure
) -> None:
    _, world = world_app
    told = keys(world.asked_case, "hand_over", "identity", "story")
    before = closure.now("before")
    referrals.withdraw(referral_id=world.asked, by=factories.actor("rinas.border_officer"))
    after = closure.now("after")
    shelters = ("NRC", "IOM", "VATRA", "TJETER_VIZION")
    assert not told & set(opened(after, *shelters))
    assert not told & set(opened(Files(before.main, after.main), *shelters, "RINAS", "RA"))
    assert told <= set(opened(after, "RINAS"))
    assert not [place for place in after.release_keys if place[0] == world.asked_case.hex]


def test_a_share_opens_what_it_says_and_ending_it_kills_it_in_old_copies(
    world_app: tuple[Flask, World], closure: Closure
) -> None:
    _, world = world_app
    nrc = factories.actor("nrc.case_worker")
    prosecution = people.organisation("PROSECUTION")
    cases.share(case_id=world.case, organisation_id=prosecution, compartments={Compartment.LEGAL}, agreed=True, by=nrc)
    shared = closure.now("shared")
    assert set(opened(shared, "PROSECUTION")) == keys(world.case, "legal") | keys(world.witness, "witness")
    cases.end_share(case_id=world.case, organisation_id=world.organisation, by=nrc)
    ended = closure.now("ended")
    assert set(opened(ended, "TRP_UNIT")) == set()
    assert set(opened(Files(shared.main, ended.main), "TRP_UNIT")) == set()
    # Who still shares goes on reading.
    assert set(opened(ended, "PROSECUTION")) == keys(world.case, "legal") | keys(world.witness, "witness")
    assert keys(world.case, "hand_over", "identity", "story", "legal") <= set(opened(ended, "NRC"))


@pytest.mark.slow
def test_after_closing_nobody_but_the_holder_opens_anything(world_app: tuple[Flask, World], closure: Closure) -> None:
    _, world = world_app
    nrc = factories.actor("nrc.shelter_manager")
    everything = keys(world.case, "hand_over", "identity", "story", "legal")
    before = closure.now("before")
    stays.end(
        stay_id=world.stay,
        ended_on=stay_store.today(),
        exit_reason=ExitReason.INDEPENDENT_LIVING,
        destination=Destination.OWN_HOME,
        where="home",
        by=nrc,
    )
    cases.close(case_id=world.case, by=nrc)
    after = closure.now("after")
    others = set(after.organisations().values()) - {"NRC"}
    assert not everything & set(opened(after, *others))
    assert not everything & set(opened(Files(before.main, after.main), *others))
    assert everything <= set(opened(after, "NRC"))


def test_discarding_a_draft_leaves_it_to_nobody(world_app: tuple[Flask, World], closure: Closure) -> None:
    _, world = world_app
    before = closure.now("before")
    officer = factories.actor("rinas.border_officer")
    interviews.resume(interview_id=world.draft, by=officer)
    interviews.discard(interview_id=world.draft, reason="mistaken", sentence="Fjali.", by=officer)
    factories.later(hours=13)
    tending.tend()
    after = closure.now("after")
    everybody = after.organisations().values()
    assert not keys(world.draft, "draft") & set(opened(after, *everybody))
    assert not keys(world.draft, "draft") & set(opened(Files(before.main, after.main), *everybody))


def test_a_supplement_opens_to_the_holder_alone_never_to_who_wrote_it(
    world_app: tuple[Flask, World], closure: Closure
) -> None:
    _, world = world_app
    supplements.send(
        supplement_id=world.supplement, answers={"story": people.TOLD}, by=factories.actor("rinas.border_officer")
    )
    added = keys(world.urgent_case, "supplement")
    sent = closure.now("sent")
    everybody_else = set(sent.organisations().values()) - {"TJETER_VIZION"}
    assert not added & set(opened(sent, *everybody_else))
    assert opened(sent, "TJETER_VIZION")[world.urgent_case.hex, "supplement"] == {"answers": {"story": people.TOLD}}
    holder = factories.actor("tjeter_vizion.case_worker")
    cases.open_compartment(case_id=world.urgent_case, compartment="supplement", purpose=Purpose.CARE, by=holder)
    supplements.take_over(case_id=world.urgent_case, by=holder)
    taken = closure.now("taken")
    everybody = taken.organisations().values()
    assert not added & set(opened(taken, *everybody))
    assert not added & set(opened(Files(sent.main, taken.main), *everybody))


@pytest.mark.parametrize("how", ["arrived", "taken back"])
def test_a_notice_that_is_over_opens_to_nobody_also_with_an_old_copy(
    world_app: tuple[Flask, World], closure: Closure, how: str
) -> None:
    _, world = world_app
    who = keys(world.notice, "identity")
    before = closure.now("before")
    assert not who & set(opened(before, "CONSULAR", "DURRES", "NRC", *OUTSIDE))
    if how == "arrived":
        officer, interview_id = factories.actor("rinas.border_officer"), uuid.uuid4()
        announced_returns.arrive(notice_id=world.notice, interview_id=interview_id, by=officer)
        interviews.resume(interview_id=interview_id, by=officer)
        people.interview(officer, begun=interview_id)  # handed over: now it is over (ADR 0230)
        interview_sending.send(interview_id=interview_id, party="NRC", by=officer)
    else:
        why, consul = BackReason.MISTAKE, factories.actor("consular.consular_officer")
        announced_returns.cancel(notice_id=world.notice, why=why, by=consul)
        announced_returns.back_seen(notice_id=world.notice, by=factories.actor("ra.duty_officer"))
    after = closure.now("after")
    everybody = after.organisations().values()
    assert not who & set(opened(after, *everybody))
    assert not who & set(opened(Files(before.main, after.main), *everybody))
