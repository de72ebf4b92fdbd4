"""Claims for compensation in a demo country."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Protocol

from nrm.actions.shelter import claims
from nrm.demo.people import Claim
from nrm.domain.accounts.accounts import Actor, NotVisible
from nrm.domain.quarters import Quarter
from nrm.domain.shelter.claims import ClaimEvent
from nrm.store import days as calendar
from nrm.store.countries import country


class Life(Protocol):
    """What happens next."""

    def after(self, pause: timedelta, happens: Callable[[], None]) -> None: ...


def begin(life: Life, claim: Claim, case_id: uuid.UUID, by: Actor) -> Callable[[], None]:
    """The person asks; what was planned follows, also after the stay, while the shelter holds the case."""

    def happens() -> None:
        claim_id, bands = uuid.uuid4(), tuple(country().amount_bands)
        try:
            claims.ask(
                claim_id=claim_id,
                case_id=case_id,
                forum=claim.forum,
                asked=bands[claim.band],
                happened=_this_quarter(),
                by=by,
            )
        except NotVisible:
            return  # the person moved to another shelter
        granted = bands[max(claim.band - 1, 0)]
        _go_on(life, claim_id, claim.steps, 1, granted, by)

    return happens


def _go_on(
    life: Life, claim_id: uuid.UUID, steps: Sequence[tuple[int, ClaimEvent]], seen: int, granted: str, by: Actor
) -> None:
    if not steps:
        return
    (days, event), *others = steps

    def happens() -> None:
        try:
            claims.record(claim_id=claim_id, event=event, happened=_this_quarter(), seen=seen, granted=granted, by=by)
        except NotVisible:
            return
        _go_on(life, claim_id, others, seen + 1, granted, by)

    life.after(timedelta(days=days), happens)


def _this_quarter() -> Quarter:
    return Quarter.of(calendar.today())
