"""What was taken back of a referral, for whoever sees the referral; and where a person goes who was accepted by
mistake."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sqlalchemy import select

from nrm.db import db
from nrm.domain.quarters import Quarter
from nrm.domain.referrals.mistakes import Kind
from nrm.domain.referrals.referrals import ReferralStatus, Relation
from nrm.models.accounts.accounts import Organisation
from nrm.models.referrals.mistakes import ReferralMistake
from nrm.models.referrals.referrals import Referral
from nrm.store.referrals.referrals import ReferralLine
from nrm.store.rows.referrals import mistakes as rows

ARRIVAL = "arrival"
"""How a line calls the arrival of a move: the person had never left (ADR 0267)."""


@dataclass(frozen=True, slots=True)
class MistakeLine:
    """One entry: what was taken back, why and when (of a person who has arrived only the quarter)."""

    kind: str
    why: str
    escort: str
    known_on: date

    @property
    def quarter(self) -> str:
        """The quarter, where no more is kept; else empty. Of what was taken back on its first day nobody can tell."""
        found = Quarter.of(self.known_on)
        return str(found) if found.start == self.known_on else ""


@dataclass(frozen=True, slots=True)
class GoesTo:
    """The shelter that is asked in place of the one that accepted by mistake; `accepted`: it has said yes. Names and
    telephone are empty for who is not told (ADR 0106)."""

    receiver: dict[str, str]
    telephone: str
    accepted: bool


def of_referral(line: ReferralLine) -> list[MistakeLine]:
    """Everything that was taken back of a referral that was seen, the first one first."""
    statement = select(ReferralMistake).where(ReferralMistake.referral_id == line.id)
    moves = rows.is_move(line.id)
    return [
        MistakeLine(
            ARRIVAL if moves and each.kind == Kind.NOT_COME else each.kind, each.why, each.escort, each.known_on
        )
        for each in db.session.scalars(statement.order_by(ReferralMistake.position))
    ]


def may_say_never_left(line: ReferralLine) -> bool:
    """Whether the asker, from whose shelter somebody moves, can say that the person of a referral that was seen never
    left."""
    seen = line.relation is Relation.SENDER and line.status is ReferralStatus.ARRIVED
    return seen and rows.may_be_denied(line.id)


def is_taken_back(line: ReferralLine) -> bool:
    """Whether the departure of a referral that was seen was taken back, and nobody has left since."""
    return rows.is_taken_back(line.id)


def goes_to(line: ReferralLine) -> GoesTo | None:
    """Whom the receiver of a referral that was seen asks in its place, for the post where the person still is; None
    before it asked, and for every other referral."""
    if line.status is not ReferralStatus.MISTAKEN:
        return None
    own = select(Referral.position, Referral.receiver_id).where(Referral.id == line.id).subquery()
    statement = (
        select(Organisation, Referral.status)
        .join(Referral, Referral.receiver_id == Organisation.id)
        .join(own, Referral.sender_id == own.c.receiver_id)
        .where(
            Referral.case_id == line.case_id,
            Referral.position == own.c.position + 1,
            Referral.status.in_((ReferralStatus.SENT, ReferralStatus.ACCEPTED)),
        )
    )
    found = db.session.execute(statement).first()
    if found is None:
        return None
    shelter, status = found
    accepted = status == ReferralStatus.ACCEPTED
    return GoesTo(shelter.names, shelter.telephone, accepted) if line.told else GoesTo({}, "", accepted)
