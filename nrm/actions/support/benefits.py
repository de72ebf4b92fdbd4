"""The holder asks the payment desk for a benefit by a payment code and calls it off; the desk says what became of it.

What the holder does stands in the audit chain as an entry under seal of the case, with no code; what the desk does,
with the code and no case (ADR 0156).
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Collection, Mapping
from datetime import date

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from nrm import audit, clock
from nrm.db import transaction
from nrm.domain.accounts.accounts import Actor, NotVisible, Permission
from nrm.domain.shelter.cases import CaseRefused
from nrm.domain.support import benefits as rules
from nrm.domain.support.benefits import (
    RANDOM_BYTES,
    UNDONE_WITHIN,
    BenefitRefusal,
    BenefitRefused,
    Channel,
    State,
    Wanted,
)
from nrm.models.support.benefits import Benefit, BenefitReview
from nrm.steps.support import benefits as steps
from nrm.store import days
from nrm.store.countries import country
from nrm.store.rows.support import benefits as rows
from nrm.store.support import benefits as store

CannotOpen = steps.CannotOpen


def ask(*, case_id: uuid.UUID, wanted: Wanted, once: uuid.UUID, by: Actor) -> str:
    """Ask for a benefit of a person whose care, or follow-up, the session has open; returns its payment code. The same
    `once` again changes nothing.

    Raises NotPermitted, NotVisible, CaseRefused, CannotOpen, BenefitRefused (`closed`, `amount`, `period`; `asked`: the
    same `once` was, and what it asked for is not open).
    """
    rules.check(wanted, today=days.today())
    assert by.organisation_id
    with transaction() as session:
        try:
            steps.check_asked(case_id=case_id, by=by)
            there = steps.read(case_id=case_id, by=by)
        except CannotOpen:
            if steps.is_written(case_id, once):
                raise BenefitRefused(BenefitRefusal.ASKED) from None
            raise
        again = next((each.code for each in there if each.once == str(once)), None)
        if again is not None:
            return again
        code, voucher = _drawn(wanted.channel)
        entry_id = steps.entry_id_of(case_id, once)
        steps.write(session, case_id, rules.BENEFIT, {"code": code, "once": str(once)}, by, entry_id)
        rows.add(
            session,
            Benefit(
                code=code,
                organisation_id=by.organisation_id,
                amount=wanted.amount,
                from_month=wanted.from_month,
                months=wanted.months,
                channel=str(wanted.channel),
                voucher=voucher,
                state=str(State.ASKED),
                second=str(_second_for(wanted.amount, there, by.organisation_id)),
            ),
        )
        rows.stir(session)
        return code


def _second_for(amount: int, there: list[rules.Entry], organisation_id: uuid.UUID) -> rules.Second:
    person = rows.asked_alone(rules.lately(there, clock.now()))
    asked = rules.AskedAlone(person, *rows.lately_alone(organisation_id, rules.paid_since(days.today())))
    return rules.second_for(amount, asked, country().benefit_limits)


def _drawn(channel: Channel) -> tuple[str, str]:
    """A new payment code, and the number of a voucher where it is one."""
    while True:
        code = rules.new_code(os.urandom(RANDOM_BYTES))
        voucher = rules.new_voucher(os.urandom(RANDOM_BYTES)) if channel is Channel.VOUCHER else ""
        if not rows.is_taken(code, voucher):
            return code, voucher


def agree(*, case_id: uuid.UUID, code: str, by: Actor) -> None:
    """A second member of the house, who opened the notes of the person, agrees to a benefit that waits for one; who it
    was lies under seal with it. What was asked for before the case was closed is agreed to afterwards, too.

    Raises NotPermitted, NotVisible, CaseRefused, CannotOpen, BenefitRefused (`closed`, `gone`, `own`, `over`).
    """
    with transaction() as session:
        entry = next((each for each in steps.read(case_id=case_id, by=by) if each.code == code), None)
        if entry is None:
            raise BenefitRefused(BenefitRefusal.GONE)
        if not steps.is_second(entry, by):
            raise BenefitRefused(BenefitRefusal.OWN)
        steps.write_end(session, case_id, rules.AGREED, code, by)
        if not rows.agree(session, code):
            raise _refused(code, BenefitRefusal.OVER)
        rows.stir(session)


def _refused(code: str, otherwise: BenefitRefusal) -> BenefitRefused:
    """Why the row of a code was not changed: another hand did it, or `otherwise`."""
    return BenefitRefused(BenefitRefusal.FOREIGN if rows.is_foreign(code) else otherwise)


def may_agree(entry: rules.Entry, *, by: Actor) -> bool:
    """Whether the actor could be the second one of this benefit."""
    return steps.is_second(entry, by)


def call_off(*, case_id: uuid.UUID, code: str, by: Actor) -> None:
    """The person does not need it any more, or it was a mistake: it is not paid. Only while it waits; who did it stands
    under seal with it, and the manager of the house is told that it happened.

    Raises NotPermitted, NotVisible, CaseRefused, CannotOpen, BenefitRefused (`closed`, `gone`, `over`).
    """
    with transaction() as session:
        if code not in {each.code for each in steps.read(case_id=case_id, by=by)}:
            raise BenefitRefused(BenefitRefusal.GONE)
        steps.write_end(session, case_id, rules.CALLED_OFF, code, by)
        if not rows.call_off(session, code, days.today().replace(day=1)):
            raise _refused(code, BenefitRefusal.OVER)
        rows.stir(session)


def bring_back(*, case_id: uuid.UUID, code: str, by: Actor) -> None:
    """It was called off by mistake: it waits to be paid again under the same code, with the number of the same voucher.
    As long as the payment desk is asked about it. Where another one than who asked had agreed to it, or had called it
    off, a second member agrees again (ADR 0198); else it counts as if it was asked for now. Raises NotPermitted,
    NotVisible, CaseRefused, CannotOpen, BenefitRefused (`closed`, `gone`, `over`)."""
    with transaction() as session:
        steps.check_asked(case_id=case_id, by=by)
        there = steps.read(case_id=case_id, by=by)
        line = next((each for each in store.of_house(by=by) if each.code == code), None)
        entry = next((each for each in there if each.code == code), None)
        if line is None or entry is None:
            raise BenefitRefused(BenefitRefusal.GONE)
        assert by.organisation_id
        tell = line.second is rules.Second.GIVEN or entry.concerns_another
        second = rules.Second.WANTED if tell else line.second
        if second is rules.Second.NONE:
            second = _second_for(line.amount, there, by.organisation_id)
        steps.write(session, case_id, rules.BACK, {"code": code}, by)
        if not rows.bring_back(session, code, by.organisation_id, rules.answer_since(days.today()), second, tell=tell):
            raise _refused(code, BenefitRefusal.OVER)
        rows.stir(session)


def off_seen(*, codes: Collection[str], by: Actor) -> int:
    """The manager has seen that these were called off in the house; returns how many. Raises NotPermitted."""
    by.must(Permission.TEAM_MANAGE)
    assert by.organisation_id
    with transaction() as session:
        return rows.off_seen(session, by.organisation_id, codes)


def look_through(*, month: date, by: Actor) -> None:
    """The manager looked through what the house asked for and was paid in a month that is over; the same month again
    changes nothing. It stands in the audit chain, with no code. Raises NotPermitted, BenefitRefused (`period`)."""
    by.must(Permission.TEAM_MANAGE)
    if month not in rules.review_months(days.today()):
        raise BenefitRefused(BenefitRefusal.PERIOD)
    assert by.organisation_id
    assert by.member_id
    with transaction() as session:
        if session.get(BenefitReview, (by.organisation_id, month)) is not None:
            return
        seen_on = days.today()
        review = BenefitReview(organisation_id=by.organisation_id, month=month, member_id=by.member_id, seen_on=seen_on)
        try:
            with session.begin_nested():
                session.add(review)
        except IntegrityError:  # the same button, pressed twice at once
            return
        audit.append(session, audit.Event.BENEFITS_LOOKED_THROUGH, by=by, month=f"{month:%Y-%m}")


def settle(*, code: str, to: State, by: Actor) -> None:
    """The payment desk says that a benefit was paid, or came back; that it was paid also of one that was called off
    while the desk had it in hand. Raises NotPermitted, NotVisible, BenefitRefused (`over`)."""
    by.must(Permission.BENEFIT_SETTLE)
    with transaction() as session:
        line = store.line(code, by=by)
        if not line.sound:
            raise BenefitRefused(line.why_foreign)
        rules.check_settled(line.state, to)
        if not rows.settle_by_desk(session, code, line.state, to, days.today()):
            raise _refused(code, BenefitRefusal.OVER)
        _say(session, code, to, by, after_off=line.state is State.CALLED_OFF or line.was_off)


def undo(*, code: str, by: Actor) -> None:
    """The payment desk takes back what it said of a benefit last, today or yesterday. Raises NotPermitted, NotVisible,
    BenefitRefused (`undone`: that was done already; `late`)."""
    by.must(Permission.BENEFIT_SETTLE)
    with transaction() as session:
        line = store.line(code, by=by)
        if not line.sound:
            raise BenefitRefused(line.why_foreign)
        if not rows.undo(session, code, days.today() - UNDONE_WITHIN):
            stands = line.state in (State.ASKED, State.CALLED_OFF)
            raise _refused(code, BenefitRefusal.UNDONE if stands else BenefitRefusal.LATE)
        rows.stir(session)
        _say(session, code, State(line.was), by, after_off=line.was_off and line.was == State.PAID)


def _say(session: Session, code: str, state: State, by: Actor, *, after_off: bool) -> None:
    """The chain tells how it stands, and whether it had been called off before the desk said what became of it."""
    was = str(State.CALLED_OFF) if after_off else None
    audit.append(session, audit.Event.BENEFIT_SETTLED, by=by, code=code, state=str(state), was=was)


def told(*, case_id: uuid.UUID, stands: Mapping[str, str], by: Actor) -> int:
    """The person knows what became of these benefits (`stands`, by code, as the page showed it); returns of how many
    nobody had said so. Who says it stands under seal with each. Raises NotPermitted, NotVisible, CaseRefused,
    CannotOpen, BenefitRefused (`closed`; `changed`: the payment desk said something else since)."""
    with transaction() as session:
        mine = {line.code: line for _, line in of_person(case_id=case_id, by=by) if line is not None and line.sound}
        if not stands or any(code not in mine or mine[code].state != state for code, state in stands.items()):
            raise BenefitRefused(BenefitRefusal.CHANGED)
        untold = [code for code in stands if mine[code].untold]
        for code in untold:
            steps.write_end(session, case_id, rules.KNOWS, code, by)
            if not rows.told(session, code, mine[code].state):
                raise _refused(code, BenefitRefusal.CHANGED)
        rows.stir(session, settled=True)
        return len(untold)


def not_told(*, case_id: uuid.UUID, code: str, by: Actor) -> None:
    """It was a mistake that the person knows what became of it: the house has to tell her. For a day, and as long as
    the payment desk said nothing else; who says it stands under seal. Raises NotPermitted, NotVisible, CaseRefused,
    CannotOpen, BenefitRefused (`closed`, `gone`, `known`)."""
    with transaction() as session:
        found = ((entry, line) for entry, line in of_person(case_id=case_id, by=by) if entry.code == code)
        entry, line = next(found, (None, None))
        if entry is None or line is None:
            raise BenefitRefused(BenefitRefusal.GONE)
        if line.untold:
            return
        if not entry.said_known(clock.now()):
            raise BenefitRefused(BenefitRefusal.KNOWN)
        steps.write_end(session, case_id, rules.KNOWS_NOT, code, by)
        if not rows.not_told(session, code):
            raise _refused(code, BenefitRefusal.CHANGED)
        rows.stir(session, settled=True)


def seen(*, stands: Mapping[str, str], by: Actor) -> int:
    """Nobody has to be told any more what became of these benefits of the house (`stands`, by code): its manager says
    so, with her name. Raises NotPermitted, BenefitRefused (`changed`: the payment desk said something else since)."""
    by.must(Permission.TEAM_MANAGE)
    with transaction() as session:
        new = {each.code: str(each.state) for each in store.of_house(by=by) if each.is_new}
        if any(new.get(code) != state for code, state in stands.items()):
            raise BenefitRefused(BenefitRefusal.CHANGED)
        return rows.seen(session, stands, days.today(), by.member_id)


def call_off_of_nobody(*, code: str, by: Actor) -> None:
    """The manager of a house says that nobody finds the person of a code any more: everybody of the house reads it for
    a week, and then it is called off, unless somebody knows whose it is (`found`). It stands in the audit chain with
    the code, and no case. Raises NotPermitted, NotVisible, BenefitRefused (`over`)."""
    by.must(Permission.TEAM_MANAGE)
    with transaction() as session:
        if code not in {each.code for each in store.of_house(by=by)}:
            raise NotVisible
        if not rows.say_nobody(session, code, days.today(), by.member_id):
            raise _refused(code, BenefitRefusal.OVER)
        audit.append(session, audit.Event.BENEFIT_OF_NOBODY, by=by, code=code)


def found(*, code: str, by: Actor) -> None:
    """Somebody of the house knows whose it is: it is not called off. Of one that the manager put by with `seen` she
    alone says that the person has to be told after all; as that was, it is in no audit chain. Raises NotPermitted,
    NotVisible, BenefitRefused (`over`)."""
    by.must(Permission.STAY_MANAGE)
    with transaction() as session:
        line = next((each for each in store.of_house(by=by) if each.code == code), None)
        if line is None:
            raise NotVisible
        if line.is_put_by:
            by.must(Permission.TEAM_MANAGE)
            rows.say_found(session, code)
            return
        if line.state is not State.ASKED or not rows.say_found(session, code):
            raise _refused(code, BenefitRefusal.OVER)
        audit.append(session, audit.Event.BENEFIT_FOUND, by=by, code=code)


def check_asked(*, case_id: uuid.UUID, by: Actor) -> None:
    """Raise what `ask` would raise before it looks at what is wanted."""
    steps.check_asked(case_id=case_id, by=by)


def may_ask(*, case_id: uuid.UUID, by: Actor) -> bool:
    """Whether the session could ask for a benefit now."""
    try:
        steps.check_asked(case_id=case_id, by=by)
    except (CaseRefused, BenefitRefused, CannotOpen):
        return False
    return True


def of_person(*, case_id: uuid.UUID, by: Actor) -> list[tuple[rules.Entry, store.BenefitLine | None]]:
    """The benefits of a person, for a session that opened where they lie, each as it stands now; None where it is kept
    no more. Raises NotPermitted, NotVisible, CaseRefused, CannotOpen, BenefitRefused (`closed`)."""
    there = steps.read(case_id=case_id, by=by)
    known = {each.code: each for each in store.by_codes([each.code for each in there], by=by)}
    return [(each, known.get(each.code)) for each in there]


def forget(*, by: Actor) -> int:
    """Call off what nobody of a house has known for a week, and delete what is kept long enough; returns how many were
    deleted. It needs no key."""
    with transaction() as session:
        today = days.today()
        for code in rows.of_nobody(today - rules.OF_NOBODY_AFTER):
            if rows.settle(session, code, State.ASKED, State.CALLED_OFF, today.replace(day=1)):
                audit.append(session, audit.Event.BENEFIT_CALLED_OFF, by=by, code=code)
        rows.forget_days(session, days.today() - UNDONE_WITHIN)
        return rows.forget(session, days.today())
