"""Benefits as the payment desk sees them, and as the house does that asked: by their codes, never by a person."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import ColumnElement, func, literal, select

from nrm.db import db
from nrm.domain.accounts.accounts import Actor, NotVisible, Permission
from nrm.domain.support.benefits import (
    ANSWERED_MONTHS,
    OF_NOBODY_AFTER,
    PAID_AFTER_OFF,
    UNDONE_WITHIN,
    BenefitRefusal,
    Channel,
    Second,
    State,
    answer_since,
    may_come_back,
    month_after,
    quarter_sums,
)
from nrm.models.accounts.accounts import Member, Organisation
from nrm.models.support.benefits import Benefit
from nrm.store import days
from nrm.store.rows import entries
from nrm.store.rows.support.benefits import NEW, SHOWN, is_put_back
from nrm.vault import rows as vault_rows


@dataclass(frozen=True, slots=True)
class BenefitLine:
    """One payment code. `holder`: whose account it goes to, or whose voucher it is, by language; it says nothing of a
    person. `was`, `settled_on`: how it stood before the desk said what became of it, and on which day that was, for as
    long as that can be taken back; `untold`: the person has not been told yet; `nobody_on`, `nobody_by`: since when,
    and who says that nobody of the house knows whose it is, or, once it does not wait, that nobody has to be told any
    more; `off_unseen`: called off, and the manager has not seen it; not `sound`: another hand changed the row
    in the database, or put an older one back (`put_back`), and nothing of it is believed; `was_off`: the payment desk
    said what became of it after it was called off."""

    code: str
    holder: Mapping[str, str]
    amount: int
    from_month: date
    months: int
    channel: Channel
    voucher: str
    state: State
    settled_month: date | None
    was: str = ""
    settled_on: date | None = None
    untold: bool = False
    second: Second = Second.NONE
    nobody_on: date | None = None
    nobody_by: str = ""
    off_unseen: bool = False
    sound: bool = True
    put_back: bool = False
    was_off: bool = False

    @property
    def shown(self) -> str:
        """How it stands, for the words of pages: a `State`, or PAID_AFTER_OFF."""
        return PAID_AFTER_OFF if self.was_off and self.state is State.PAID else self.state

    @property
    def why_foreign(self) -> BenefitRefusal:
        """Why nothing is recorded where it is not `sound`. What was put back may be paid: nobody asks for it again."""
        return BenefitRefusal.PUT_BACK if self.put_back else BenefitRefusal.FOREIGN

    @property
    def waits_for_second(self) -> bool:
        """Whether a second member of the house has to agree before the payment desk sees it."""
        return self.sound and self.state is State.ASKED and self.second is Second.WANTED

    @property
    def is_asked_again(self) -> bool:
        """Whether it was called off and is asked for again, and another one than who asked agreed to it before, or had
        called it off."""
        return self.sound and self.off_unseen and self.state is State.ASKED

    @property
    def is_off_unseen(self) -> bool:
        """Whether the manager can say that she saw that it was called off: not while it waits for a second member
        again."""
        return self.sound and self.off_unseen and not self.waits_for_second

    @property
    def is_taken_back(self) -> bool:
        """Whether the desk took back what it had said, and the house has not been told that yet."""
        return self.untold and self.state in (State.ASKED, State.CALLED_OFF)

    @property
    def is_new(self) -> bool:
        """Whether the house still has to tell somebody what the payment desk said."""
        return self.sound and self.untold and (self.state is State.ASKED or self.nobody_on is None)

    @property
    def is_put_by(self) -> bool:
        """Whether the manager said that nobody has to be told any more, and the person was not told since."""
        return self.sound and self.untold and not self.is_new

    @property
    def back_until(self) -> date | None:
        """Until which day it can be asked for again, where it was called off."""
        if self.state is not State.CALLED_OFF or self.settled_month is None:
            return None
        return month_after(self.settled_month, ANSWERED_MONTHS + 1) - timedelta(days=1)

    def may_undo(self, today: date) -> bool:
        """Whether the payment desk can still take back what it said of it last."""
        return self.settled_on is not None and self.settled_on >= today - UNDONE_WITHIN

    def may_come_back(self, today: date) -> bool:
        """Whether the house can ask for it again under the same code, after it was called off."""
        return self.sound and may_come_back(self.state, self.settled_month, today)

    def is_asked_about(self, since: date) -> bool:
        """Whether it was called off in that month or later and the payment desk has not said whether money went out."""
        return self.state is State.CALLED_OFF and self.settled_month is not None and self.settled_month >= since

    @property
    def nobody_until(self) -> date | None:
        """On which day it is called off, unless somebody knows whose it is."""
        waits = self.sound and self.state is State.ASKED and self.nobody_on is not None
        return self.nobody_on + OF_NOBODY_AFTER if waits and self.nobody_on else None

    @property
    def last_month(self) -> date:
        """The last month that it is for."""
        return month_after(self.from_month, self.months - 1)


def of_desk(*, by: Actor) -> list[BenefitLine]:
    """Every benefit, those that wait first, by code: the order says nothing. Raises NotPermitted."""
    by.must(Permission.BENEFIT_SETTLE)
    return _lines(SHOWN)


def of_house(*, by: Actor) -> list[BenefitLine]:
    """Those that the actor's organisation asked for. Raises NotPermitted."""
    by.must(Permission.STAY_MANAGE)
    return _lines(Benefit.organisation_id == by.organisation_id)


def by_codes(codes: Collection[str], *, by: Actor) -> list[BenefitLine]:
    """Those of these payment codes that are kept; also of another house, for the one to which the person moved. Raises
    NotPermitted."""
    by.must(Permission.STAY_MANAGE)
    return _lines(Benefit.code.in_(codes)) if codes else []


def line(code: str, *, by: Actor) -> BenefitLine:
    """One of `of_desk`; raises NotPermitted, NotVisible."""
    by.must(Permission.BENEFIT_SETTLE)
    found = _lines((Benefit.code == code) & SHOWN)
    if not found:
        raise NotVisible
    return found[0]


def on_paper(code: str, *, by: Actor) -> BenefitLine | None:
    """That of `of_desk` with this payment code, or this number of a voucher; None where there is none. Raises
    NotPermitted."""
    by.must(Permission.BENEFIT_SETTLE)
    which = (Benefit.code == code) | (Benefit.voucher == code)
    return next(iter(_lines(which & SHOWN)), None) if code else None


def number_asked(*, by: Actor) -> tuple[int, int, int]:
    """(how many wait to be paid, how many another hand changed in the database, of how many that were called off the
    desk is asked whether the money had gone out). Raises NotPermitted."""
    lines, since = of_desk(by=by), answer_since(days.today())
    sound = [each for each in lines if each.sound]
    waiting = sum(each.state is State.ASKED for each in sound)
    return waiting, len(lines) - len(sound), sum(each.is_asked_about(since) for each in sound)


def number_untold(by: Actor) -> ColumnElement[int]:
    """Of how many benefits the house has not seen what became of them, as a column of another statement; 0 for
    everybody else."""
    if not by.may(Permission.STAY_MANAGE):
        return literal(0)
    untold = (Benefit.organisation_id == by.organisation_id, NEW)
    return select(func.count()).select_from(Benefit).where(*untold).scalar_subquery()


def number_of_nobody(by: Actor) -> ColumnElement[int]:
    """Of how many benefits of the house it is said that nobody knows whose they are, as a column of another statement;
    0 for everybody else."""
    if not by.may(Permission.STAY_MANAGE):
        return literal(0)
    own = (Benefit.organisation_id == by.organisation_id, Benefit.state == str(State.ASKED))
    said = select(func.count()).select_from(Benefit).where(*own, Benefit.nobody_on.is_not(None))
    return said.scalar_subquery()


def number_for_second(by: Actor) -> ColumnElement[int]:
    """How many benefits of the house wait for a second member, as a column of another statement; 0 for everybody
    else."""
    if not by.may(Permission.STAY_MANAGE):
        return literal(0)
    waits = (Benefit.organisation_id == by.organisation_id, Benefit.state == str(State.ASKED), ~SHOWN)
    return select(func.count()).select_from(Benefit).where(*waits).scalar_subquery()


def number_again(by: Actor) -> ColumnElement[int]:
    """How many benefits of the house are asked for again after another one called them off or had agreed to them, as a
    column of another statement; 0 for everybody else. Who that was lies under seal, so everybody of the house is
    told."""
    if not by.may(Permission.STAY_MANAGE):
        return literal(0)
    again = (Benefit.organisation_id == by.organisation_id, Benefit.state == str(State.ASKED), Benefit.off_unseen)
    return select(func.count()).select_from(Benefit).where(*again).scalar_subquery()


def sums(*, by: Actor) -> list[tuple[str, int, int]]:
    """(quarter, what was paid to the house or the payment desk is asked for, what waits for a second member of it), the
    newest first. Raises NotPermitted."""
    by.must(Permission.TEAM_MANAGE)
    counted = [each for each in of_house(by=by) if each.sound and each.state in (State.ASKED, State.PAID)]
    waiting = dict(quarter_sums((each.from_month, each.amount) for each in counted if each.waits_for_second))
    every = quarter_sums((each.from_month, each.amount) for each in counted)
    return [(quarter, amount - waiting.get(quarter, 0), waiting.get(quarter, 0)) for quarter, amount in every]


def _lines(wanted: ColumnElement[bool]) -> list[BenefitLine]:
    statement = (
        select(Benefit, Organisation.names, Member.name)
        .join(Organisation, Organisation.id == Benefit.organisation_id)
        .outerjoin(Member, Member.id == Benefit.nobody_by_id)
        .where(wanted)
        .order_by(Benefit.state != str(State.ASKED), Benefit.code)
        .execution_options(populate_existing=True)
    )
    rows = db.session.execute(statement).all()
    told = entries.of_benefits() if rows else {}
    return [
        BenefitLine(
            each.code,
            holder,
            each.amount,
            each.from_month,
            each.months,
            Channel(each.channel),
            each.voucher,
            State(each.state),
            each.settled_month,
            each.was,
            each.settled_on,
            each.untold,
            Second(each.second),
            each.nobody_on,
            nobody_by or "",
            each.off_unseen,
            vault_rows.is_benefit(each) and not put_back,
            put_back,
            was == State.CALLED_OFF,
        )
        for each, holder, nobody_by in rows
        for said, was in (told.get(each.code, (None, "")),)
        for put_back in (is_put_back(State(each.state), said),)
    ]
