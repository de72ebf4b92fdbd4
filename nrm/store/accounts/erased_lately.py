"""What the duty desk reads of cases of which nothing is kept any more: which house, when, and by whose two hands.

Nothing of the person: neither the code nor the age (ADR 0239). The rows are those of the acts, which stay for a month.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, bindparam, func, literal, select
from sqlalchemy.orm import aliased

from nrm import clock
from nrm.db import db
from nrm.domain.accounts.accounts import Actor, Permission
from nrm.domain.accounts.second_hands import OF_CASES, ActKind, ActStatus, Heard
from nrm.models.accounts.accounts import Member, Organisation
from nrm.models.accounts.second_hands import HeavyAct
from nrm.store import names, signed_names
from nrm.vault import rows

SHOWN_FOR = timedelta(days=14)
_MOST = 100
_Asker, _Hand, _Seer = aliased(Member), aliased(Member), aliased(Member)


@dataclass(frozen=True, slots=True)
class ErasedLine:
    """One case. `agreed_by`: the second hand, empty where the time was over after `seen_by` had seen it; `heard`: from
    where the second hand knew that it was the person's wish."""

    at: datetime
    kind: ActKind
    organisation: Mapping[str, str]
    telephone: str
    asked_by: str
    agreed_by: str
    seen_by: str
    heard: Heard | None


def number(by: Actor) -> ColumnElement[int]:
    """How many `lately` gives, as a column of another statement with the values of `moment`; 0 for everybody else."""
    if not by.may(Permission.REFERRAL_DIRECT):
        return literal(0)
    done = _done(bindparam("erased_since"))
    return select(func.count()).select_from(HeavyAct).where(*done).scalar_subquery()


def moment(by: Actor) -> dict[str, datetime]:
    """The value that `number` needs."""
    return {"erased_since": _since()} if by.may(Permission.REFERRAL_DIRECT) else {}


def lately(*, by: Actor) -> list[ErasedLine]:
    """Cases that were erased, or in which everything was taken back, for good, the last one first; of all houses.
    Raises NotPermitted."""
    by.must(Permission.REFERRAL_DIRECT)
    hands = [part for each in (_Asker, _Hand, _Seer) for part in (each.name, each.login)]
    found = db.session.execute(
        select(HeavyAct, Organisation, *hands)
        .join(Organisation, Organisation.id == HeavyAct.organisation_id)
        .join(_Asker, _Asker.id == HeavyAct.asked_by_id)
        .outerjoin(_Hand, _Hand.id == HeavyAct.decided_by_id)
        .outerjoin(_Seer, _Seer.id == HeavyAct.seen_by_id)
        .where(*_done(_since()))
        .order_by(HeavyAct.decided_at.desc(), HeavyAct.id)
        .limit(_MOST)
        .execution_options(populate_existing=True)
    ).all()
    whose = (part for act, *_ in found for part in (act.asked_by_id, act.decided_by_id, act.seen_by_id))
    codes = signed_names.codes(whose)
    return [
        ErasedLine(
            act.decided_at,
            ActKind(act.kind),
            signed_names.organisation_names(house),
            names.number_of(house),
            signed_names.who(codes, act.asked_by_id, *called[:2]),
            signed_names.who(codes, act.decided_by_id, *called[2:4]),
            signed_names.who(codes, act.seen_by_id, *called[4:]),
            Heard(act.heard) if act.heard else None,
        )
        for act, house, *called in found
        if rows.is_act(act) and act.decided_at is not None
    ]


def _since() -> datetime:
    return clock.now() - SHOWN_FOR


def _done(since: Any) -> tuple[ColumnElement[bool], ...]:
    return (
        HeavyAct.kind.in_(OF_CASES),
        HeavyAct.status.in_((ActStatus.AGREED, ActStatus.DONE)),
        HeavyAct.decided_at > since,
    )
