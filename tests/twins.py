"""Two worlds that differ only in who took the people in: what a post reads in one, it reads in the other.

Everything else is the same: the people, what the post did, the hours. The ids and codes are drawn anew, so they are
compared as what they are (`plain`).
"""

from __future__ import annotations

import io
import re
import uuid
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pypdf
from flask import Flask
from sqlalchemy import select
from werkzeug.test import TestResponse

from nrm import clock
from nrm.actions.accounts import joining
from nrm.actions.referrals import meetings, mistakes, next_receiver, referrals
from nrm.actions.shelter import absences, cases, data_requests, identifications, missing_told, stays
from nrm.db import db, disconnect
from nrm.domain.accounts.accounts import Actor, Role
from nrm.domain.referrals.crossing_points import Brings, Meeting
from nrm.domain.referrals.referrals import DeclineReason, Escort, OverrideReason
from nrm.domain.shelter.absences import Danger, Feared, Ground
from nrm.domain.shelter.cases import Compartment, Purpose
from nrm.domain.shelter.consents import ByName
from nrm.domain.shelter.corrections import Why
from nrm.domain.shelter.data_requests import RequestKind
from nrm.models.accounts.accounts import Member, Organisation
from nrm.models.referrals.referrals import Obligation, Referral
from nrm.models.shelter.cases import Case, Supplement
from nrm.models.shelter.places import Place
from nrm.store import days
from tests import factories
from tests.factories_referrals import HAND_OVER, bed, organisation, sent
from tests.invariants.test_routes import each_address, known_ids

INTERVIEWER, SECOND, THIRD = "rinas.border_officer", "rinas.second", "rinas.third"
OPERATOR, NEXT_OPERATOR = "helpline.helpline_operator", "helpline.second"
# Whose accounts are of a post, beside the interviewer of people who are still asked for.
POST = (
    INTERVIEWER,
    THIRD,
    OPERATOR,
    NEXT_OPERATOR,
    "durres.border_officer",
    "consular.consular_officer",
    "state_police.identification_officer",
)
START = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
_STEP = timedelta(minutes=1)


@dataclass(frozen=True)
class Receivers:
    """Who takes the people of one world in. `declines`: who is asked before and says no or nothing."""

    takes: str
    declines: str
    other: str


ONE = Receivers("NRC", "IOM", "TJETER_VIZION")
TWO = Receivers("VATRA", "TJETER_VIZION", "IOM")


@dataclass
class Twin:
    """One of the two worlds. `people`: name -> (case, its referrals in order)."""

    app: Flask
    receivers: Receivers
    people: dict[str, tuple[uuid.UUID, list[uuid.UUID]]] = field(default_factory=dict)
    waits: Collection[str] = ()
    same: frozenset[str] = frozenset()
    """Ids that both worlds had before: of organisations, members and places."""

    def owed(self) -> dict[tuple[str, str, str], uuid.UUID]:
        """Every obligation: (person, kind, party) -> id."""
        names = {case_id: name for name, (case_id, _) in self.people.items()}
        with self.app.app_context():
            found = db.session.execute(select(Obligation.case_id, Obligation.kind, Obligation.party, Obligation.id))
            return {(names[case_id], kind, party): each for case_id, kind, party, each in found}

    def known(self, owed: Collection[tuple[str, str, str]]) -> dict[str, list[Any]]:
        """What stands in addresses, by the name of the argument: of every person, in the same order in both worlds."""
        cases = [case for case, _ in self.people.values()]
        asked = [each for _, all_of in self.people.values() for each in all_of]
        there = self.owed()
        of_desk = [there[each] for each in sorted(owed)]
        with self.app.app_context():
            added = [
                db.session.scalars(select(Supplement.id).where(Supplement.case_id == case_id)).one_or_none()
                for case_id in cases
            ]
        ids = {
            "referral_id": asked,
            "case_id": cases,
            "interview_id": cases,
            "obligation_id": of_desk,
            "supplement_id": [each for each in added if each is not None],
            "subject_id": [*asked, *of_desk],
        }
        return {**known_ids(None), **ids}


def pairs(twins: tuple[Twin, Twin], method: str) -> Iterator[tuple[str, str, str]]:
    """(endpoint, address in the first world, in the second) of everything that the method reaches."""
    one, two = twins
    owed = one.owed().keys() & two.owed().keys()
    both = [list(each_address(each.app, each.known(owed), method)) for each in twins]
    for (endpoint, first), (_, second) in zip(*both, strict=True):
        yield endpoint, first, second


def base(folder: Path) -> None:
    """Three more officers at the posts; an application context of a populated instance is needed."""
    with factories.open_instance(folder).app_context():
        joins(INTERVIEWER, SECOND, Role.BORDER_OFFICER, "RINAS")
        joins(INTERVIEWER, THIRD, Role.BORDER_OFFICER, "RINAS")
        joins(OPERATOR, NEXT_OPERATOR, Role.HELPLINE_OPERATOR, "HELPLINE")
        disconnect()


def joins(holder: str, login: str, role: Role, code: str) -> None:
    """One more active member of the organisation with this code, let in by `holder`."""
    by = factories.actor(holder)
    token = joining.invite(organisation_id=organisation(code), login=login, name=f"Test {login}", role=role, by=by)
    if factories.join(token).waiting:
        factories.confirm(login, by=by)


def build(app: Flask, receivers: Receivers) -> Twin:
    """Carry these people through the real actions, a minute between two of them."""
    twin = Twin(app, receivers)
    with app.app_context():
        shared = [select(table.id) for table in (Organisation, Member, Place)]
        twin.same = frozenset(str(each) for ids in shared for each in db.session.scalars(ids))
        _Life(twin).begin()
        disconnect()
    return twin


class _Life:
    """What happens to the people of a world."""

    def __init__(self, twin: Twin) -> None:
        self.twin, self.at, self.beds = twin, START, dict[str, int]()
        self.post, self.second = (self._actor(login) for login in (INTERVIEWER, SECOND))
        self.line = self._actor(OPERATOR)
        self.desk = self._actor("ra.duty_officer")

    def _actor(self, login: str) -> Actor:
        self._later()
        return factories.actor(login)

    def _later(self, by: timedelta = _STEP) -> datetime:
        self.at += by
        at = self.at
        clock.set_clock(lambda: at)
        return at

    def begin(self) -> None:
        """Everybody, in an order that is the same in both worlds."""
        takes = self.twin.receivers.takes
        for by, names in ((self.post, ("accepted", "child", "foreign")), (self.line, ("line_accepted",))):
            for name in names:
                self._ask(name, takes, by, **ANSWERS.get(name, {}))
                self._accept(name)
        self._ask("departed", takes, self.post)
        self._accept("departed")
        self._depart("departed")
        self._ask("urgent", takes, self.post, urgent=True, consent_urgent="given")
        self._accept("urgent")
        for by, name in ((self.post, "arrived"), (self.line, "line_arrived")):
            self._ask(name, takes, by)
            self._accept(name)
            self._depart(name, by)
            self._arrive(name)
        self._ask("not_arrived", takes, self.post)
        self._accept("not_arrived")
        self._later()
        referrals.not_arrived(referral_id=self._last("not_arrived"), by=self._worker(takes))
        self._ask("promised", takes, self.post)
        self._later()
        referrals.promise(referral_id=self._last("promised"), promised_by="Drita", by=self.post)
        self._accept("promised")
        self._ask("not_left", takes, self.post)
        self._accept("not_left")
        self._depart("not_left")
        at = self._later()
        mistakes.take_back_departure(
            referral_id=self._last("not_left"), why=Why.MISTYPED, expected_at=at + timedelta(hours=6), by=self.post
        )
        self._mistaken()
        self._afterwards()
        self._by_another_way()
        self._still_asked()
        self._ask("late", takes, self.post)
        self._accept("late", expected=timedelta(minutes=30))
        self._later(timedelta(hours=2))

    def _mistaken(self) -> None:
        """Accepted by mistake: nobody is asked; another is; another has said yes."""
        takes, other = self.twin.receivers.takes, self.twin.receivers.other
        for name in ("mistaken", "mistaken_asked", "mistaken_taken"):
            self._ask(name, takes, self.post)
            self._accept(name)
            self._later()
            mistakes.take_back_acceptance(referral_id=self._last(name), why=Why.MISTYPED, by=self._worker(takes))
            if name != "mistaken":
                self._later()
                next_receiver.refer(
                    case_id=self.twin.people[name][0],
                    receiver_id=organisation(other),
                    reason=OverrideReason.OTHER,
                    by_name=ByName.YES,
                    hand_over=HAND_OVER,
                    by=self._worker(takes),
                )
        self._accept("mistaken_taken", by=other)

    def _afterwards(self) -> None:
        """In the shelter: the police look at an identification, are told of a missing person; a request waits."""
        takes = self.twin.receivers.takes
        for name in ("identified", "missing"):
            self._ask(name, takes, self.post)
            self._accept(name)
            self._arrive(name)
        worker = self._worker(takes)
        readers = [organisation(code) for code in ("STATE_POLICE", "RA")]
        identifications.ask(
            case_id=self.twin.people["identified"][0], organisations=readers, agreed=True, by=worker, wants_now=True
        )
        at, case_id = self._later(), self.twin.people["missing"][0]
        stays.admit(
            case_id=case_id,
            place_id=bed(takes, self.beds[takes]),
            admitted_on=days.today(),
            anticipated_end_on=days.today() + timedelta(days=30),
            by=worker,
        )
        missing = absences.report(case_id=case_id, since=at - timedelta(minutes=1), feared=Feared.YES, by=worker)
        missing_told.say_ground(missing_id=missing, ground=Ground.DANGER, danger=Danger.ILL, by=worker)
        missing_told.confirm_danger(missing_id=missing, by=self._actor(f"{takes.lower()}.shelter_manager"))
        missing_told.share(missing_id=missing, given={"description": "a red coat"}, official=False, by=worker)
        for name in ("arrived", "missing"):
            pseudonym = db.session.get_one(Case, self.twin.people[name][0]).pseudonym
            data_requests.record(request_id=uuid.uuid4(), pseudonym=pseudonym, kind=RequestKind.COPY, by=self.line)

    def _by_another_way(self) -> None:
        """Another party accepted than the one that was asked first: asked by the program, the post, or the desk."""
        takes, declines = self.twin.receivers.takes, self.twin.receivers.declines
        self._ask("declined_once", declines, self.post)
        self._decline("declined_once")
        self._accept("declined_once", by="")
        self._ask("withdrawn", declines, self.post)
        self._later()
        referrals.withdraw(referral_id=self._last("withdrawn"), by=self.post)
        self._later()
        next_receiver.refer(
            case_id=self.twin.people["withdrawn"][0],
            receiver_id=organisation(takes),
            reason=OverrideReason.OTHER,
            by_name=ByName.YES,
            by=self.post,
        )
        self._accept("withdrawn")
        self._ask("directed", declines, self.post)
        self._decline("directed")
        self._decline("directed")
        self._direct("directed", takes)
        self._later()
        if not self._is_open("directed"):
            next_receiver.offer(referral_id=self._last("directed"), by=self.post)
        self._accept("directed")

    def _still_asked(self) -> None:
        """Of the second officer: who is asked stands on that officer's pages alone."""
        takes, declines, by = self.twin.receivers.takes, self.twin.receivers.declines, self.second
        self._ask("asked", takes, by)
        self._ask("asked_promised", takes, by)
        self._later()
        referrals.promise(referral_id=self._last("asked_promised"), promised_by="Drita", by=by)
        self._ask("asked_next", declines, by)
        self._decline("asked_next")
        self._ask("asked_nobody", declines, by)
        self._decline("asked_nobody")
        self._decline("asked_nobody")
        self._ask("asked_withdrawn", takes, by)
        self._later()
        referrals.withdraw(referral_id=self._last("asked_withdrawn"), by=by)
        self.twin.waits = [name for name in self.twin.people if name.startswith("asked")]

    def _ask(self, name: str, code: str, by: Actor, **answers: Any) -> None:
        self._later()
        made = sent(by, code, override_reason="other", **answers)
        self.twin.people[name] = (made.case_id, [made.referral_id])

    def _last(self, name: str) -> uuid.UUID:
        """The newest referral of a person."""
        case_id, known = self.twin.people[name]
        newest = db.session.scalars(select(Referral.id).where(Referral.case_id == case_id).order_by(Referral.position))
        known[:] = newest
        return known[-1]

    def _receiver(self, name: str) -> str:
        receiver = db.session.get_one(Referral, self._last(name), populate_existing=True).receiver_id
        return db.session.get_one(Organisation, receiver).code

    def _is_open(self, name: str) -> bool:
        from nrm.store.rows.referrals import next_receiver as rows

        receiver = db.session.get_one(Referral, self._last(name), populate_existing=True).receiver_id
        return rows.has_key_waiting(self.twin.people[name][0], receiver)

    def _accept(self, name: str, by: str = "", expected: timedelta | None = None) -> None:
        code = by or self._receiver(name)
        if code == self.twin.receivers.takes or not by:  # it reads what it decides by; the post sees that somebody did
            self._later()
            purpose = {"compartment": Compartment.HAND_OVER, "purpose": Purpose.ANSWER}
            cases.open_compartment(case_id=self.twin.people[name][0], **purpose, by=self._worker(code))
        number = self.beds[code] = self.beds.get(code, -1) + 1
        at = self._later()
        referrals.accept(
            referral_id=self._last(name),
            place_id=bed(code, number),
            expected_at=at + (expected or timedelta(hours=6)),
            by=self._worker(code),
        )
        if name in ("accepted", "departed", "line_accepted", "urgent"):
            self._later()
            meeting = Meeting(Brings.POST, f"The square of {code}", telephone=f"+355 69 555 {len(code):04}")
            meetings.say(referral_id=self._last(name), meeting=meeting, by=self._worker(code))

    def _decline(self, name: str) -> None:
        worker = self._worker(self._receiver(name))
        self._later()
        referrals.decline(referral_id=self._last(name), reason=DeclineReason.FULL, by=worker)
        self._last(name)

    def _direct(self, name: str, code: str) -> None:
        self._later()
        next_receiver.direct(
            case_id=self.twin.people[name][0],
            receiver_id=organisation(code),
            reason=OverrideReason.OTHER,
            by_name=ByName.YES,
            by=self.desk,
        )

    def _depart(self, name: str, by: Actor | None = None) -> None:
        at = self._later()
        referrals.depart(
            referral_id=self._last(name),
            escort=Escort.WOMAN_OFFICER,
            expected_at=at + timedelta(hours=6),
            by=by or self.post,
        )

    def _arrive(self, name: str) -> None:
        worker = self._worker(self._receiver(name))
        self._later()
        referrals.arrive(referral_id=self._last(name), by=worker)

    def _worker(self, code: str) -> Actor:
        return self._actor(f"{code.lower()}.case_worker")


ANSWERS: Mapping[str, dict[str, Any]] = {
    "child": {"age": "child"},
    "foreign": {"citizenship": "MD", "citizenship_class": "third_country"},
}

_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_CODE = re.compile(r"\b[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]\b")
_TOKEN = re.compile(r"\b(?:[0-9a-f]{32}){1,2}\b")
_FAULT = re.compile(r"(?<=<strong>)[0-9a-f]{8}(?=</strong>)")


def plain(text: str, twin: Twin) -> str:
    """The text with something of the same length in place of every id, code and token that is drawn anew in each
    world; what both worlds had before, as the id of a shelter, stays."""
    text = _UUID.sub(lambda found: found[0] if found[0] in twin.same else "u" * 36, text)
    return _FAULT.sub("f" * 8, _TOKEN.sub(lambda found: "t" * len(found[0]), _CODE.sub("CODE-CODE-C", text)))


def answer(answer: TestResponse, twin: Twin) -> tuple[int, list[tuple[str, str]], str]:
    """Everything that somebody can tell an answer by: status, headers, and what stands in the page or the file."""
    headers = sorted((name, plain(value, twin)) for name, value in answer.headers if name not in ("Set-Cookie", "Date"))
    if answer.data.startswith(b"%PDF"):
        text = "\n".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(answer.data)).pages)
        headers = [each for each in headers if each[0] != "Content-Length"]  # the shapes of other letters of the code
    else:
        text = answer.data.decode("utf-8", "backslashreplace")
    return answer.status_code, headers, plain(text, twin)
