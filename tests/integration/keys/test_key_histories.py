"""Random histories: after every step what each organisation opens from the files is what a small model says, exactly.

The model knows one thing of each compartment: who holds it, who was offered it, and how often its keys were changed.
It knows no key, no table and nothing of the program. What opens is computed by `tests/thief.py` from both databases,
the pepper and every password. Old main databases are tried beside the second database of today as well.

NRM_TEST_HISTORIES=N tries N histories of 60 steps, each another one every time; without it a few fixed short ones.
"""

from __future__ import annotations

import itertools
import os
import shutil
import tempfile
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import current_app
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from sqlalchemy import update

from nrm import clock, db
from nrm.actions import tending
from nrm.actions.accounts import sealing_again
from nrm.actions.interviews import child_alerts, interviews
from nrm.actions.referrals import announced_returns, next_receiver, referrals, supplements
from nrm.actions.shelter import cases, permits, stays
from nrm.domain.accounts.accounts import NotPermitted, NotVisible
from nrm.domain.interviews.endings import ChildAnswer
from nrm.domain.referrals.announced_returns import AnnouncedReturnRefused, Announcement, BackReason, Origin
from nrm.domain.referrals.referrals import DeclineReason, Escort, IllegalTransition, OverrideReason, ReferralRefused
from nrm.domain.referrals.transfers import BOTH_WRITE, CallOff
from nrm.domain.shelter.cases import CaseRefused, Compartment, Purpose
from nrm.domain.shelter.consents import ByName
from nrm.domain.shelter.permits import GateClosed, PermitEvent
from nrm.domain.shelter.stays import Destination, ExitReason
from nrm.models.accounts.accounts import KeyEvent
from nrm.models.referrals.referrals import Referral
from nrm.models.shelter.cases import Supplement
from nrm.steps.shelter import cases as case_steps
from nrm.store import days
from nrm.store.rows.accounts import accounts as rows
from nrm.store.shelter import places as place_store
from nrm.store.shelter import stays as stay_store
from tests import factories, factories_stays
from tests import factories_referrals as people
from tests import second_hands as hands
from tests.thief import OUTSIDE, Files, Key, opened

HISTORIES = int(os.environ.get("NRM_TEST_HISTORIES", "0"))
POST, AUTHORITY, CHILDREN = "RINAS", "RA", "CHILD_PROTECTION"
# Whom the agreement names for these people: each is offered what was sealed when it is sent.
CENTRES = ("NRC", "IOM", "VATRA", "TJETER_VIZION")
# The IOM receives adults whose risk is known; of a child it is never asked, and the urgent way does not ask the risk.
WITHOUT_IOM = ("NRC", "VATRA", "TJETER_VIZION")
SHARED = {
    "TRP_UNIT": (Compartment.LEGAL, Compartment.IDENTITY),
    "PROSECUTION": (Compartment.LEGAL, Compartment.IDENTITY),
}
LOGINS = {
    "RINAS": "rinas.border_officer",
    "DURRES": "durres.border_officer",
    "RA": "ra.duty_officer",
    "NRC": "nrc.shelter_manager",
    "IOM": "iom.shelter_manager",
    "VATRA": "vatra.shelter_manager",
    "TJETER_VIZION": "tjeter_vizion.shelter_manager",
    "TRP_UNIT": "trp_unit.trp_officer",
    "PROSECUTION": "prosecution.witness_liaison",
    "CHILD_PROTECTION": "child_protection.case_worker",
    "MOLSA": "molsa.statistician",
    "OPERATOR": "administrator",
}
REFUSED = (NotPermitted, NotVisible, CaseRefused, IllegalTransition, ReferralRefused, case_steps.CannotOpen)
_SERIAL = itertools.count(1)
# What a few short histories may not come to.
RARE = frozenset({"erase", "close", "offer", "direct", "depart", "call_off", "end_share"})
# With so many nobody new comes: what happens to those who are there is what counts.
MANY = 9


@dataclass
class Lot:
    """One compartment: its holders, the parties it waits for, and which keys it lies under."""

    holders: set[str]
    waiting: dict[str, int] = field(default_factory=dict)  # party -> number of the offer
    keys: int = field(default_factory=lambda: next(_SERIAL))

    def change_keys(self, holders: set[str]) -> None:
        """All old keys die, those of the offers too."""
        self.holders, self.waiting, self.keys = holders, {}, next(_SERIAL)


@dataclass
class Somebody:
    """One person's way: who has the case, who is asked, and what is sealed."""

    case_id: uuid.UUID
    holder: str
    stage: str  # draft, referred, open, closed, gone
    lots: dict[str, Lot]
    referral: uuid.UUID | None = None  # while open
    sender: str = ""
    asked: str = ""
    answer: str = ""  # sent, accepted
    stay: uuid.UUID | None = None
    urgent: bool = False  # its sender may add something for a day
    applied: bool = False  # for a residence permit: only then is anything shared with its unit
    hand_over: tuple[uuid.UUID, Lot] | None = None  # what one shelter wrote for another, under the referral's id
    at_once: bool = False  # by its reason the keys move on acceptance
    since: datetime | None = None  # two shelters have the case: the one that hands on, too
    notice: Somebody | None = None  # of an interview that began with an announced return

    @property
    def having(self) -> set[str]:
        return {self.holder, self.sender} if self.since else {self.holder}

    def begin(self, name: str) -> None:
        waiting = {party for lot in self.lots.values() for party in lot.waiting}
        if name not in self.lots:
            self.lots[name] = Lot(self.having, {party: next(_SERIAL) for party in waiting})

    def everything(self) -> Iterator[tuple[Key, Lot]]:
        yield from (((self.case_id.hex, name), lot) for name, lot in self.lots.items())
        if self.hand_over is not None:
            yield (self.hand_over[0].hex, "transfer"), self.hand_over[1]

    def offer(self, party: str) -> None:
        for lot in self.lots.values():
            lot.waiting.setdefault(party, next(_SERIAL))


Seen = dict[tuple[str, bool], set[tuple[Key, int, int]]]


class Idle(Exception):
    """Nobody is where this could be done: the step is left out."""


@contextmanager
def the_gate_of_a_child() -> Iterator[None]:
    """Nobody found here that a child is safe, so that a child does not leave."""
    try:
        yield
    except GateClosed:
        raise Idle from None


def only_if(possible: object) -> None:
    if not possible:
        raise Idle


@dataclass(frozen=True)
class Step:
    """What may happen: to somebody in one of these stages whose referral waits for this answer, or to nobody yet."""

    act: Callable[..., None]
    stages: tuple[str, ...]
    answer: tuple[str, ...]
    drawn: dict[str, st.SearchStrategy[Any]]

    def ready(self, people: list[Somebody]) -> list[Somebody]:
        return [
            each for each in people if each.stage in self.stages and (not self.answer or each.answer in self.answer)
        ]


STEPS: list[Step] = []
SEEN: set[str] = set()


def step(*stages: str, answer: tuple[str, ...] = (), **drawn: Any) -> Callable[[Callable[..., None]], Any]:
    """One of the steps. All are as likely as another, so that few histories see each of them."""

    def kept(act: Callable[..., None]) -> Callable[..., None]:
        STEPS.append(Step(act, stages, answer, drawn))
        return act

    return kept


class Histories(RuleBasedStateMachine):
    """Whatever people of all organisations do to each other's cases, in any order."""

    folder: Path
    app: Any

    @initialize()
    def begin(self) -> None:
        """A fresh instance, at noon, with so many people that a few short histories come to almost every step."""
        db.disconnect()
        for name in ("main.db", "shred.db"):
            for file in self.folder.glob(f"{name}*"):
                file.unlink()
            shutil.copy(self.template / name, self.folder / name)
        factories.forget_key_log(current_app._get_current_object())  # type: ignore[attr-defined]
        self.people: list[Somebody] = []
        self.old: list[tuple[Files, Seen]] = []
        self.left: set[str] = set()  # the shelters that one of two key holders has left
        self.at = datetime(2026, 3, 2, 11, tzinfo=UTC)
        clock.set_clock(lambda: self.at)
        with db.transaction() as session:  # everybody has been there for long
            session.execute(update(KeyEvent).values(at=self.at - timedelta(days=60)))
        self._sent(child=False)
        for _ in range(2):
            self._sent(child=False, urgent=True)
            self.accept(self.people[-1])
        self.add(self.people[-1])
        self._sent(child=True)
        self.open_own(foreign=True, code="VATRA")
        self.share(self.people[-1], "PROSECUTION")
        self.refer(self.people[-1], "NRC", False)
        self.accept(self.people[-1])
        self.announce("DURRES", 0)

    def by(self, code: str) -> Any:
        return factories.actor(LOGINS[code])

    def bed(self, code: str) -> uuid.UUID:
        free = place_store.free_places(by=self.by(code))
        only_if(free)
        return free[0][0]

    @rule(data=st.data())
    def something(self, data: st.DataObject) -> None:
        """Where a step turns out not to be possible nothing happens, rather than that the history is thrown away."""
        crowded = len(self.people) >= MANY
        possible = [each for each in STEPS if each.ready(self.people) or not (each.stages or crowded)]
        chosen = data.draw(st.sampled_from(possible))
        whom = [data.draw(st.sampled_from(chosen.ready(self.people)))] if chosen.stages else []
        values = {name: data.draw(strategy) for name, strategy in chosen.drawn.items()}
        try:
            chosen.act(self, *whom, **values)
        except Idle:
            return
        SEEN.add(chosen.act.__name__)

    # What people do

    @step(child=st.booleans())
    def interview(self, child: bool) -> None:
        # Of an adult who does not know yet: a draft with a yes is held before it is destroyed (ADR 0278).
        undecided = {"consent_services": "dont_know", "consent_sharing": "dont_know"}
        answers = {"age": "child"} if child else undecided
        draft = people.interview(self.by(POST), **answers)
        self.people.append(Somebody(draft, POST, "draft", {"draft": Lot({POST})}))

    @step("draft")
    def discard(self, gone: Somebody) -> None:
        by = self.by(POST)
        interviews.resume(interview_id=gone.case_id, by=by)
        try:
            interviews.discard(interview_id=gone.case_id, by=by)
        except interviews.ChildWaits:
            seen = interviews.read(interview_id=gone.case_id, by=by).revision
            interviews.ask_child_authority(interview_id=gone.case_id, reason="mistaken", seen=seen, by=by)
            authority = self.by("CHILD_PROTECTION")
            child_alerts.answer_child(interview_id=gone.case_id, answer=ChildAnswer.NOTHING, by=authority)
            interviews.discard(interview_id=gone.case_id, by=by)
        gone.stage, gone.lots = "gone", {}
        if gone.notice is not None:
            gone.notice.stage = "announced"  # nothing tells what became of the person

    @step(child=st.booleans())
    def send(self, child: bool) -> None:
        self._sent(child)

    @step()
    def send_urgently(self) -> None:
        self._sent(child=False, urgent=True)

    def _sent(self, child: bool, urgent: bool = False) -> None:
        only_if("NRC" not in self.left)
        answers = {"age": "child"} if child else {"consent_urgent": "given"} if urgent else {}
        sent = people.sent(self.by(POST), urgent=urgent, **answers)
        told = {"hand_over": {POST, AUTHORITY}, "identity": {POST}, "story": {POST}}
        if child:
            told["identity"].add(CHILDREN)
        lots = {name: Lot(holders) for name, holders in told.items()}
        somebody = Somebody(sent.case_id, POST, "referred", lots, sent.referral_id, POST, "NRC", "sent", urgent=urgent)
        for party in WITHOUT_IOM if child or urgent else CENTRES:
            somebody.offer(party)  # also where one holder is left: it is asked, and accepts once two hold the key
        self.people.append(somebody)

    @step(foreign=st.booleans(), code=st.sampled_from(CENTRES))
    def open_own(self, foreign: bool, code: str) -> None:
        by = self.by(code)
        only_if(place_store.free_places(by=by))
        case = factories_stays.MOLDOVAN if foreign else factories_stays.ALBANIAN
        new = factories_stays.admitted(by, case, identity={"given": people.PLANTED}, story=people.TOLD)
        if foreign:
            today = days.today()
            permits.record(case_id=new.case_id, event=PermitEvent.INFORM, on=today, language="ro", by=by)
            permits.record(case_id=new.case_id, event=PermitEvent.APPLY, on=today, by=by)
        lots = {"hand_over": Lot({code, AUTHORITY}), "identity": Lot({code}), "story": Lot({code})}
        self.people.append(Somebody(new.case_id, code, "open", lots, stay=new.stay_id, applied=foreign))

    @step("referred", "open", answer=("sent",))
    def accept(self, them: Somebody) -> None:
        only_if(not self._late(them))
        only_if(all(them.asked in lot.waiting for lot in them.lots.values()))
        only_if(them.asked not in self.left)
        assert them.referral
        referrals.accept(referral_id=them.referral, place_id=self.bed(them.asked), by=self.by(them.asked))
        stays = them.hand_over is not None and not them.at_once
        for name, lot in them.lots.items():
            told = {AUTHORITY} if name == "hand_over" else set()
            lot.change_keys((lot.holders - (set() if stays else {them.sender})) | {them.asked} | told)
        them.stage, them.holder, them.answer, them.stay = "open", them.asked, "accepted", None
        them.since = self.at if stays else None

    @step("referred", "open", answer=("sent",))
    def decline(self, them: Somebody) -> None:
        only_if(not self._late(them))
        assert them.referral
        try:
            following = referrals.decline(referral_id=them.referral, reason=DeclineReason.FULL, by=self.by(them.asked))
        except IllegalTransition as refused:
            raise Idle from refused  # the duty officer's direction binds
        self._next(them, following)

    @step("referred", "open", answer=("sent",), tended=st.booleans())
    def expire(self, them: Somebody, tended: bool) -> None:
        assert them.referral
        row = db.db.session.get_one(Referral, them.referral, populate_existing=True)
        self.at = max(self.at, row.expires_at + timedelta(minutes=1))
        db.db.session.rollback()
        if tended:
            tending.tend()
            for each in self.people:  # everybody else whose time has passed by then too
                if each.answer == "sent" and self._status(each) == "expired":
                    self._next(each, self._newest(each))
        else:
            self._next(them, referrals.expire(referral_id=them.referral, by=self.by("RA")))

    def _status(self, them: Somebody) -> str:
        db.db.session.rollback()
        return db.db.session.get_one(Referral, them.referral, populate_existing=True).status

    def _newest(self, them: Somebody) -> uuid.UUID | None:
        found = db.db.session.query(Referral.id).where(Referral.case_id == them.case_id, Referral.status == "sent")
        row = found.one_or_none()
        db.db.session.rollback()
        return row.id if row else None

    def _next(self, them: Somebody, following: uuid.UUID | None) -> None:
        """A no: what waited for the asked party is dead; whom the program asks next is its own affair."""
        for lot in them.lots.values():
            lot.waiting.pop(them.asked, None)
        them.referral, them.asked, them.answer, them.hand_over = None, "", "", None
        if following is not None:
            self._asked(them, following, them.sender)

    def _asked(self, them: Somebody, referral_id: uuid.UUID, sender: str) -> None:
        db.db.session.rollback()
        row = db.db.session.get_one(Referral, referral_id, populate_existing=True)
        receiver = next(code for code in CENTRES if people.organisation(code) == row.receiver_id)
        db.db.session.rollback()
        them.referral, them.sender, them.asked, them.answer = referral_id, sender, receiver, "sent"

    @step("referred", "open", answer=("sent",))
    def withdraw(self, them: Somebody) -> None:
        assert them.referral
        referrals.withdraw(referral_id=them.referral, by=self.by(them.sender))
        for lot in them.lots.values():
            lot.change_keys(lot.holders)
        them.referral, them.asked, them.answer, them.hand_over = None, "", "", None

    @step("referred", "open", answer=("",), receiver=st.sampled_from(CENTRES), at_once=st.booleans())
    def refer(self, them: Somebody, receiver: str, at_once: bool) -> None:
        """The holder of the case asks somebody: after a withdrawal, or to hand the person on."""
        only_if(them.holder != receiver)
        try:
            referral_id = next_receiver.refer(
                case_id=them.case_id,
                receiver_id=people.organisation(receiver),
                reason=OverrideReason.SAFETY,
                hand_over=people.NOT_SAFE if at_once else people.HAND_OVER,
                by=self.by(them.holder),
                by_name=ByName.YES,
            )
        except ReferralRefused as refused:
            raise Idle from refused  # after two declines the duty officer decides
        if not any(receiver in lot.waiting for lot in them.lots.values()):
            them.offer(receiver)
        if them.stage == "open":
            them.hand_over, them.at_once = (referral_id, Lot({receiver})), at_once
        self._asked(them, referral_id, them.holder)

    @step("referred", answer=("",), receiver=st.sampled_from(CENTRES))
    def direct(self, them: Somebody, receiver: str) -> None:
        """The duty officer decides; keys come from the sender if none wait."""
        referral_id = next_receiver.direct(
            case_id=them.case_id,
            receiver_id=people.organisation(receiver),
            reason=OverrideReason.OTHER,
            by=self.by("RA"),
            by_name=ByName.YES,
        )
        self._asked(them, referral_id, POST)

    @step("referred", "open", answer=("sent",))
    def offer(self, them: Somebody) -> None:
        only_if(not any(them.asked in lot.waiting for lot in them.lots.values()))
        assert them.referral
        next_receiver.offer(referral_id=them.referral, hand_over=people.HAND_OVER, by=self.by(them.sender))
        them.offer(them.asked)

    @step("open", answer=("accepted",))
    def depart(self, them: Somebody) -> None:
        assert them.referral
        by = self.by(them.sender)
        soon = self.at + timedelta(hours=2)
        referrals.depart(referral_id=them.referral, escort=Escort.WOMAN_STAFF, expected_at=soon, by=by)
        self._left(them)

    def _left(self, them: Somebody) -> None:
        for lot in them.lots.values():
            if them.since:
                lot.change_keys(lot.holders - {them.sender})
        them.since = None

    @step("open", answer=("accepted",), came=st.booleans())
    def arrive(self, them: Somebody, came: bool) -> None:
        assert them.referral
        act = referrals.arrive if came else referrals.not_arrived
        try:
            act(referral_id=them.referral, by=self.by(them.asked))
        except IllegalTransition as refused:
            assert not came
            assert them.hand_over
            raise Idle from refused  # she sleeps where she slept: that is called off
        self._left(them)
        if them.hand_over:
            them.begin("care")
        them.referral, them.asked, them.answer, them.hand_over = None, "", "", None

    @step("open", answer=("accepted",), by_sender=st.booleans())
    def call_off(self, them: Somebody, by_sender: bool) -> None:
        only_if(them.hand_over and (them.since or not by_sender))
        assert them.referral
        by = self.by(them.sender if by_sender else them.asked)
        try:
            referrals.call_off(referral_id=them.referral, reason=CallOff.ILL, words="ill", by=by)
        except IllegalTransition as refused:
            raise Idle from refused  # she has left
        them.begin("care")
        for lot in them.lots.values():
            lot.change_keys((lot.holders - {them.asked}) | {them.sender})
        them.holder, them.since = them.sender, None
        them.referral, them.asked, them.answer, them.hand_over = None, "", "", None

    @step("open", answer=("", "sent", "accepted"), compartment=st.sampled_from([Compartment.CARE, Compartment.LEGAL]))
    def write(self, them: Somebody, compartment: Compartment) -> None:
        by = self.by(them.sender if self._both(them) and self.at.minute % 2 else them.holder)
        seen = 0
        if compartment in them.lots:
            cases.open_compartment(case_id=them.case_id, compartment=compartment, purpose=Purpose.CARE, by=by)
            seen = case_steps.opened(case_id=them.case_id, by=by)[compartment].revision
        cases.write(case_id=them.case_id, compartment=compartment, value={"plan": "rest"}, seen=seen, by=by)
        them.begin(compartment)

    def _both(self, them: Somebody) -> bool:
        return them.since is not None and self.at < them.since + BOTH_WRITE

    @step("open", answer=("", "sent", "accepted"))
    def note(self, them: Somebody) -> None:
        cases.add_note(case_id=them.case_id, text="slept well", by=self.by(them.holder))
        them.begin("care")

    @step("open", answer=("", "accepted"), whom=st.sampled_from(sorted(SHARED)))
    def share(self, them: Somebody, whom: str) -> None:
        only_if(whom != "TRP_UNIT" or them.applied)
        cases.share(
            case_id=them.case_id,
            organisation_id=people.organisation(whom),
            compartments=set(SHARED[whom]),
            agreed=True,
            by=self.by(them.holder),
        )
        them.begin("legal")
        for compartment in SHARED[whom]:
            them.lots[compartment].holders.add(whom)

    @step("open", whom=st.sampled_from(sorted(SHARED)))
    def end_share(self, them: Somebody, whom: str) -> None:
        shared = [lot for lot in them.lots.values() if whom in lot.holders]
        only_if(shared)
        cases.end_share(case_id=them.case_id, organisation_id=people.organisation(whom), by=self.by(them.holder))
        waiting = {party for lot in them.lots.values() for party in lot.waiting}
        for lot in shared:
            lot.change_keys(lot.holders - {whom})
            lot.waiting = {party: next(_SERIAL) for party in waiting}

    @step("open", answer=("",))
    def close(self, them: Somebody) -> None:
        by = self.by(them.holder)
        stay = stay_store.of_case(them.case_id, by=by).current
        with the_gate_of_a_child():
            if stay is not None:
                stays.end(
                    stay_id=stay.id,
                    ended_on=days.today(),
                    exit_reason=ExitReason.LEFT_VOLUNTARILY,
                    destination=Destination.UNKNOWN,
                    where="home",
                    by=by,
                )
            cases.close(case_id=them.case_id, by=by)
        for lot in them.lots.values():
            lot.change_keys({them.holder})
        them.stage = "closed"

    @step("open", "closed", answer=("",))
    def erase(self, them: Somebody) -> None:
        """The person no longer agrees that anything is kept."""
        by = self.by(them.holder)
        only_if(stay_store.of_case(them.case_id, by=by).current is None)
        only_if(them.lots)
        self.at += timedelta(minutes=1)  # who was let in at this very moment is no second hand
        with the_gate_of_a_child():
            hands.erased(them.case_id, by)
        them.stage, them.lots = "closed", {}

    @step("open")
    def add(self, them: Somebody) -> None:
        """The post that sent somebody urgently adds what it did not ask, and keeps no key to it."""
        only_if(them.urgent)
        row = db.db.session.query(Supplement).filter_by(case_id=them.case_id).one()
        found, may = row.id, row.status == "open" and row.open_until is not None and row.open_until > self.at
        db.db.session.rollback()
        only_if(may)
        supplements.send(supplement_id=found, answers={"story": people.TOLD}, by=self.by(POST))
        them.begin("supplement")

    @step("open", answer=("", "sent", "accepted"))
    def take_over(self, them: Somebody) -> None:
        """The holder writes it into the case; it is then destroyed."""
        only_if("supplement" in them.lots)
        by = self.by(them.holder)
        cases.open_compartment(case_id=them.case_id, compartment="supplement", purpose=Purpose.CARE, by=by)
        supplements.take_over(case_id=them.case_id, by=by)
        del them.lots["supplement"]

    @step(post=st.sampled_from([POST, "DURRES"]), hour=st.sampled_from([0, 23]))
    def announce(self, post: str, hour: int) -> None:
        notice_id = uuid.uuid4()
        announced_returns.announce(
            notice_id=notice_id,
            post_id=people.organisation(post),
            announced=Announcement(Origin.CONSULATE, "IT", days.today(), "unknown", hour=hour),
            identity={"name": people.PLANTED},
            by=factories.actor("consular.consular_officer"),
        )
        self.people.append(Somebody(notice_id, post, "announced", {"identity": Lot({post, AUTHORITY})}))

    @step("announced", how=st.sampled_from(["arrived", "taken back", "not come"]))
    def expected(self, them: Somebody, how: str) -> None:
        if how == "not come":
            try:
                announced_returns.not_come(notice_id=them.case_id, by=self.by(them.holder))
            except AnnouncedReturnRefused as early:
                raise Idle from early
            them.stage = "missed"  # those who look for the person go on reading
            return
        if how == "taken back":
            why = BackReason.MISTAKE
            announced_returns.cancel(notice_id=them.case_id, why=why, by=factories.actor("consular.consular_officer"))
            announced_returns.back_seen(notice_id=them.case_id, by=self.by(AUTHORITY))
        else:
            draft = announced_returns.arrive(notice_id=them.case_id, interview_id=uuid.uuid4(), by=self.by(them.holder))
            stage = "draft" if them.holder == POST else "elsewhere"
            self.people.append(Somebody(draft, them.holder, stage, {"draft": Lot({them.holder})}, notice=them))
            them.stage = "arrived"  # kept until the interview has ended
            return
        them.stage, them.lots = "gone", {}

    @step(code=st.sampled_from([POST, AUTHORITY, "NRC", "VATRA"]))
    def new_keyring(self, code: str) -> None:
        sealing_again.renew_keyring(by=self.by(code))
        self._sealed_again(code)

    @step(code=st.sampled_from(["VATRA", "TJETER_VIZION"]))
    def leave(self, code: str) -> None:
        """One of two who hold the keys leaves; the other makes a new keyring and seals again."""
        only_if(code not in self.left)
        leaver = rows.member_by_login(f"{code.lower()}.case_worker")
        assert leaver is not None
        hands.ended(leaver.id, self.by(code))
        self.left.add(code)
        self._sealed_again(code)

    def _sealed_again(self, code: str) -> None:
        by = self.by(code)
        assert sealing_again.move_grants(by=by).done
        assert sealing_again.seal_again(by=by).left == 0
        for them in self.people:
            for _, lot in them.everything():
                if code in lot.holders:
                    waiting = lot.waiting
                    lot.change_keys(lot.holders)
                    lot.waiting = {party: next(_SERIAL) for party in waiting}

    # What others try

    @step(
        "referred",
        "open",
        "closed",
        code=st.sampled_from(sorted(LOGINS)),
        compartment=st.sampled_from(list(Compartment)),
    )
    def look(self, them: Somebody, code: str, compartment: Compartment) -> None:
        """Through the program, for each who asks: it opens just what the keys open, or what one is asked about."""
        by = self.by(code)
        lot = them.lots.get(compartment)
        held = lot is not None and code in lot.holders
        late = them.answer == "sent" and self._late(them)
        asked = compartment == "hand_over" and lot is not None and them.answer == "sent" and not late
        asked = asked and them.asked == code and lot is not None and code in lot.waiting
        only_if(not them.since or code != them.sender or self._both(them))
        try:
            cases.open_compartment(case_id=them.case_id, compartment=compartment, purpose=Purpose.CARE, by=by)
            value = case_steps.opened(case_id=them.case_id, by=by)[compartment].value
        except (*REFUSED, KeyError):
            assert not held, (code, compartment)
            assert not asked, (code, compartment)
        else:
            assert held or asked, (code, compartment, value)

    def _late(self, them: Somebody) -> bool:
        row = db.db.session.get_one(Referral, them.referral, populate_existing=True)
        late = row.expires_at <= self.at
        db.db.session.rollback()
        return late

    @step("referred", "open", "closed", code=st.sampled_from(sorted(LOGINS)), act=st.integers(0, 6))
    def meddle(self, them: Somebody, code: str, act: int) -> None:
        """Somebody with no business there does what they may not: it is refused, and nothing changes."""
        only_if(code not in (them.holder, them.sender, them.asked, "RA"))
        by, referral = self.by(code), them.referral or uuid.uuid4()
        anybody = people.organisation("PROSECUTION" if code != "PROSECUTION" else "TRP_UNIT")
        acts = (
            lambda: referrals.accept(referral_id=referral, place_id=people.bed("NRC"), by=by),
            lambda: referrals.decline(referral_id=referral, reason=DeclineReason.FULL, by=by),
            lambda: referrals.withdraw(referral_id=referral, by=by),
            lambda: next_receiver.refer(
                case_id=them.case_id,
                receiver_id=people.organisation("IOM" if code != "IOM" else "NRC"),
                reason=OverrideReason.OTHER,
                hand_over=people.HAND_OVER,
                by=by,
                by_name=ByName.YES,
            ),
            lambda: cases.share(
                case_id=them.case_id,
                organisation_id=anybody,
                compartments={Compartment.LEGAL},
                agreed=True,
                by=by,
            ),
            lambda: cases.close(case_id=them.case_id, by=by),
            lambda: cases.end_share(case_id=them.case_id, organisation_id=anybody, by=by),
        )
        with pytest.raises(REFUSED):
            acts[act]()

    # What must be so after every step

    def model(self, codes: list[str]) -> Seen:
        """(organisation, with release keys) -> the compartments that open, under which keys and by which offer."""
        seen: Seen = {(code, released): set() for code in codes for released in (False, True)}
        for them in self.people:
            for key, lot in them.everything():
                for code in lot.holders:
                    seen[code, False].add((key, lot.keys, 0))
                    seen[code, True].add((key, lot.keys, 0))
                for code, number in lot.waiting.items():
                    if code not in lot.holders:
                        seen[code, True].add((key, lot.keys, number))
        return seen

    @invariant()
    def what_opens_is_what_was_granted(self) -> None:
        if not hasattr(self, "people"):
            return
        db.db.session.remove()
        files = Files(self.folder, self.folder)
        codes = list(files.organisations().values())
        now = self.model(codes)
        for (code, released), expected in now.items():
            found = set(opened(files, code, released=released, kinds=files.kinds(code)))
            assert found == {key for key, _, _ in expected}, (code, released)
            if code in OUTSIDE:
                assert found == set()
        for before, then in self.old[-2:]:
            self._dead(before.with_shred_of(files), then, now)
        self.old.append((files, now))
        self.at += timedelta(minutes=1)

    def _dead(self, stolen: Files, then: Seen, now: Seen) -> None:
        """An old main database beside today's second one opens what was granted then and under the same keys still."""
        for (code, released), expected in now.items():
            if not then.get((code, released)):
                continue
            found = set(opened(stolen, code, released=released, kinds=stolen.kinds(code)))
            assert found == {key for key, keys, number in then[code, released] if self._lives(key, keys, number)}
            assert found <= {key for key, _, _ in expected}, (code, released)

    def _lives(self, key: Key, keys: int, number: int) -> bool:
        for them in self.people:
            lot = dict(them.everything()).get(key)
            if lot is not None and lot.keys == keys:
                return number == 0 or number in lot.waiting.values()
        return False

    def teardown(self) -> None:
        """All of them together open no more than each alone; and the ministry and the operator add nothing."""
        if not self.old:
            return
        files, now = self.old[-1]
        for before, then in self.old[:-3]:
            self._dead(before.with_shred_of(files), then, now)
        several = ("NRC", "TRP_UNIT", "RINAS", *OUTSIDE)
        together = set(opened(files, *several, released=False, kinds=files.kinds(*several)))
        assert together == {key for code in several for key, _, _ in now[code, False]}


@pytest.mark.slow
def test_after_every_step_of_any_history_each_opens_exactly_what_it_was_granted(template: Path) -> None:
    with tempfile.TemporaryDirectory() as folder:
        Histories.template, Histories.folder = template, Path(folder) / "instance"
        app = factories.copy_instance(template, Histories.folder)
        chosen = (
            settings(max_examples=HISTORIES, stateful_step_count=60)
            if HISTORIES
            else settings(
                max_examples=12, stateful_step_count=31, phases=[Phase.generate], derandomize=True, database=None
            )
        )
        try:
            with app.app_context():
                run_state_machine_as_test(
                    Histories,
                    settings=settings(chosen, suppress_health_check=list(HealthCheck), print_blob=True),
                )
                db.disconnect()
        finally:
            clock.set_clock(None)
    # Otherwise a step that is never possible would go unnoticed.
    assert {each.act.__name__ for each in STEPS} - SEEN <= RARE
