"""What a manager looks through of the benefits of her house, month by month, and what her home page says of them: codes
and sums, and nobody's name (ADR 0187)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sqlalchemy import ColumnElement, Date, Integer, bindparam, case, exists, func, literal, or_, select

from nrm.db import db
from nrm.domain.accounts.accounts import Actor, Permission
from nrm.domain.support.benefits import Second, State, month_after, paid_since, review_months
from nrm.models.accounts.accounts import Member
from nrm.models.support.benefits import Benefit, BenefitReview
from nrm.store import days
from nrm.store.countries import country
from nrm.store.rows.support.benefits import is_lately_alone, lately_alone
from nrm.store.support import benefits
from nrm.store.support.benefits import BenefitLine


@dataclass(frozen=True, slots=True)
class Review:
    """What became of benefits in a month, and who looked through it; `lines`: what was paid, came back or was called
    off in it; `seen_by` is empty where nobody has; `over_on`: from
    which day on it can be looked through, of the month that is not over."""

    month: date
    lines: list[BenefitLine]
    seen_by: str = ""
    seen_on: date | None = None
    over_on: date | None = None

    @property
    def alone(self) -> list[BenefitLine]:
        """Those that were paid by the word of one member."""
        return [each for each in self.lines if each.state is State.PAID and each.second is Second.NONE]


def reviews(*, by: Actor) -> list[Review]:
    """The running month, and those that are over and can be looked through, the newest first. Raises NotPermitted."""
    by.must(Permission.TEAM_MANAGE)
    today = days.today()
    lines = benefits.of_house(by=by)
    statement = (
        select(BenefitReview.month, Member.name, BenefitReview.seen_on)
        .join(Member, Member.id == BenefitReview.member_id)
        .where(BenefitReview.organisation_id == by.organisation_id)
    )
    seen = {month: (name, on) for month, name, on in db.session.execute(statement)}

    def review(month: date, over_on: date | None = None) -> Review:
        settled = [each for each in lines if each.settled_month == month]
        name, on = seen.get(month, ("", None))
        return Review(month, settled, name, on, over_on)

    return [review(month_after(today, 0), month_after(today, 1)), *map(review, review_months(today))]


def alone_lately(*, by: Actor) -> tuple[int, int]:
    """(how much, in how many benefits) of the house waits or was paid lately by the word of one member each. Raises
    NotPermitted."""
    by.must(Permission.TEAM_MANAGE)
    assert by.organisation_id
    return lately_alone(by.organisation_id, paid_since(days.today()))


def moment(by: Actor) -> dict[str, date | int]:
    """The values of the columns below, for whoever is told of any."""
    if not by.may(Permission.TEAM_MANAGE):
        return {}
    limits, today = country().benefit_limits, days.today()
    return {
        "benefits_since": paid_since(today),
        "benefits_before": month_after(today, -1),
        "benefits_most": limits.number,
        "benefits_sum": limits.together - limits.alone,
    }


def number_off(by: Actor) -> ColumnElement[int]:
    """How many benefits of the house were called off without its manager having said that she saw it, as a column of
    another statement; 0 for everybody else."""
    if not by.may(Permission.TEAM_MANAGE):
        return literal(0)
    off = (Benefit.organisation_id == by.organisation_id, Benefit.off_unseen, Benefit.state != str(State.ASKED))
    return select(func.count()).select_from(Benefit).where(*off).scalar_subquery()


def number_alone(by: Actor) -> ColumnElement[int]:
    """How many benefits of the house wait or were paid lately by the word of one member each, if these are so many, or
    so much, that another one may need a second member; else 0. A column of another statement; 0 for everybody else."""
    if not by.may(Permission.TEAM_MANAGE):
        return literal(0)
    since = bindparam("benefits_since", type_=Date)
    most, most_sum = bindparam("benefits_most", type_=Integer), bindparam("benefits_sum", type_=Integer)
    number = func.count()
    full = or_(number >= most, func.coalesce(func.sum(Benefit.amount), 0) > most_sum)
    counted = select(case((full, number), else_=0)).select_from(Benefit)
    return counted.where(*is_lately_alone(by.organisation_id, since)).scalar_subquery()


def number_to_review(by: Actor) -> ColumnElement[int]:
    """Of how many benefits something was said in the month before, if no manager has looked through it; a column of
    another statement; 0 for everybody else."""
    if not by.may(Permission.TEAM_MANAGE):
        return literal(0)
    month = bindparam("benefits_before", type_=Date)
    seen = exists().where(BenefitReview.organisation_id == by.organisation_id, BenefitReview.month == month)
    settled = (Benefit.organisation_id == by.organisation_id, Benefit.settled_month == month, ~seen)
    return select(func.count()).select_from(Benefit).where(*settled).scalar_subquery()
