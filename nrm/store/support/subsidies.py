"""What each shelter is to be paid for a quarter: its nights as its manager signed them, against the contract."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, exists, func, literal, select

from nrm.db import db
from nrm.domain.accounts.accounts import Actor, NotVisible, Permission, Role
from nrm.domain.quarters import Quarter
from nrm.domain.reports import reports as release_rules
from nrm.domain.shelter.payment_lines import Basis, grew
from nrm.domain.support import subsidies as rules
from nrm.domain.support.subsidies import NightTerms, Share, Stand
from nrm.models.accounts.accounts import Organisation
from nrm.models.agreement.agreements import Contract, ContractVersion
from nrm.models.reports.reports import PaymentLine
from nrm.models.support.subsidies import NightStatement
from nrm.store.rows.accounts import accounts as account_rows
from nrm.store.rows.agreement import contracts as contract_rows
from nrm.store.rows.support import subsidies as rows
from nrm.store.shelter import payment_lines
from nrm.store.shelter.payment_lines import Base
from nrm.vault import signing


@dataclass(frozen=True, slots=True)
class Paid:
    """One record of the payment desk: how much, on which day, and why although the contract of now gives another
    amount."""

    amount: int
    on: date
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """A quarter of a shelter. `agreed`: what its contracts said of it when it was signed, whatever they say since; of
    one that is not signed, what they say now. `amount`: what follows, None without a contract. `now`, `amount_now`: by
    what the contracts say now, which is what is signed next. `signed_at`, `position`: of the newest signed file, which
    counts; `paid`: what the payment desk recorded, one by one; `in_part`: a contract begins or ends within it; `grew`:
    places kept by the day in the quarter before and in this one, where they are many more. The nights of `base` are
    those of `agreed`, `counted_now` those of `now`: of the days for which a contract pays (ADR 0209)."""

    base: Base
    agreed: tuple[Share, ...]
    amount: int | None
    stand: Stand
    signed_at: datetime | None
    now: tuple[Share, ...]
    counted_now: int | None = None
    position: int = 0
    paid: tuple[Paid, ...] = ()
    in_part: bool = False
    grew: tuple[int, int] | None = None

    @property
    def amount_now(self) -> int | None:
        """What would be paid if it were signed now."""
        return None if self.counted_now is None else rules.amount(self.counted_now, self.now)

    @property
    def is_signed(self) -> bool:
        """Whether a file that counts says what is paid, whatever the contract says now."""
        return self.stand in (Stand.SIGNED, Stand.CHANGED)

    @property
    def nights_paid(self) -> int | None:
        """How many nights are paid for: those that count, and no more than the contract says."""
        if self.base.paid is None or not self.agreed:
            return None
        return min(self.base.paid, self.agreed_nights)

    @property
    def paid_amount(self) -> int:
        """What was paid in all."""
        return sum(each.amount for each in self.paid)

    @property
    def may_come_back(self) -> int:
        """The amount that was paid last, and stands; 0: none does."""
        return (rules.standing(each.amount for each in self.paid) or [0])[-1]

    @property
    def may_be_mistaken(self) -> str:
        """Whether what was recorded last can be called a mistake, and what it was: that something was paid
        (`MISTAKE`), or that it came back (`RETURNED`). Nothing: it cannot."""
        if self.paid and self.paid[-1].reason == rules.RETURNED:
            return rules.RETURNED
        return rules.MISTAKE if self.paid_amount else ""

    @property
    def left(self) -> int | None:
        """What is still to be paid, below zero for what is taken off; None: nothing can be paid."""
        return None if self.to_pay is None else self.to_pay - self.paid_amount

    @property
    def agreed_nights(self) -> int:
        """The most nights that are paid for."""
        return sum(each.nights for each in self.agreed)

    @property
    def agreed_amount(self) -> int:
        """What they cost together."""
        return sum(each.amount for each in self.agreed)

    @property
    def over(self) -> int:
        """How many nights there are beyond those of the contract: nobody pays for them."""
        return max(0, (self.base.paid or 0) - self.agreed_nights) if self.agreed else 0

    @property
    def over_now(self) -> int:
        """As `over`, by what the contracts say now."""
        return max(0, (self.counted_now or 0) - sum(each.nights for each in self.now)) if self.now else 0

    @property
    def to_pay(self) -> int | None:
        """What is paid; None: nothing yet, or nobody can say how much."""
        return self.amount if self.is_signed else None

    @property
    def differs(self) -> bool:
        """Whether the contract of now would give another amount than what was signed, and is paid."""
        return self.stand is Stand.CHANGED and self.amount_now != self.to_pay

    @property
    def nothing(self) -> bool:
        """Whether there is nothing to pay, signed or not: no contract pays for nights."""
        return not self.agreed and self.stand in (Stand.UNSIGNED, Stand.SIGNED)

    @property
    def waits(self) -> bool:
        """Whether its manager has to sign."""
        return self.stand in (Stand.UNSIGNED, Stand.CHANGED, Stand.BROKEN)


def lines(*, by: Actor) -> list[Line]:
    """The newest quarter first: of every shelter for the payment desk, of their own for a manager. Raises
    NotPermitted."""
    bases = payment_lines.bases(by=by)
    ids = dict(db.session.execute(select(Organisation.code, Organisation.id)).all())
    terms = rows.night_terms({ids[each.code] for each in bases})
    newest = _newest({ids[each.code] for each in bases})
    paid = rows.payments({ids[each.code] for each in bases})
    told = rows.told()
    foreign = {each for those in contract_rows.changed_by_another_hand().values() for each in those}
    found = []
    of_places = {(each.code, each.quarter): each for each in bases if each.basis is Basis.PLACES and each.sound}
    for base in bases:
        place = ids[base.code], str(base.quarter)
        recorded = paid.get(place, ())
        signed = newest.get(place)
        whole = rows.are_payments(recorded, told.paid.get((base.code, place[1]), ()))
        whole = whole and (signed.position if signed is not None else 0) == told.signed.get(place, 0)
        frozen, sound = replace(base, sound=base.sound and whole), place[0] not in foreign
        line = _line(frozen, terms.get(place[0], ()), signed, by, contracts_sound=sound)
        paid_one_by_one = tuple(Paid(each.amount, each.paid_on, each.reason) for each in recorded)
        more = _grew(base, of_places, place[0], terms) if line.stand is not Stand.FOREIGN else None
        found.append(replace(line, paid=paid_one_by_one, grew=more))
    return found


def _grew(
    base: Base,
    of_places: Mapping[tuple[str, Quarter], Base],
    shelter: uuid.UUID,
    terms: Mapping[uuid.UUID, Sequence[NightTerms]],
) -> tuple[int, int] | None:
    now, before = (of_places.get((base.code, each)) for each in (base.quarter, base.quarter.previous))
    if now is None or before is None:
        return None
    counted = []
    for each in (before, now):  # each divided by the days on which it was counted
        then = terms.get(shelter, ())
        if each.by_day is None and each.frozen_at is not None:
            then = rows.terms_then(shelter, each.frozen_at)[-1]
        days = rules.covered(then, each.quarter)
        counted.append((each.on(days) or 0, days))
    return grew(*counted)


def line(quarter: Quarter, code: str, *, by: Actor) -> Line:
    """One of `lines`; raises NotPermitted, NotVisible."""
    for each in lines(by=by):
        if each.base.quarter == quarter and each.base.code == code:
            return each
    raise NotVisible


def file(quarter: Quarter, code: str, *, by: Actor) -> bytes:
    """What the manager signed, as it was signed; raises NotPermitted, NotVisible where there is none that counts."""
    if not line(quarter, code, by=by).is_signed:
        raise NotVisible
    organisation_id = db.session.scalars(select(Organisation.id).where(Organisation.code == code)).one()
    return _newest({organisation_id})[organisation_id, str(quarter)].content


def number_to_sign(by: Actor) -> ColumnElement[int]:
    """More than 0 where quarters of the actor's shelter may wait that `to_sign` gives: nobody has signed them, or not
    since a contract changed; a part of another statement."""
    if not by.may(Permission.NIGHTS_SIGN):
        return literal(0)
    changed = exists().where(
        ContractVersion.contract_id == Contract.id,
        Contract.organisation_id == by.organisation_id,
        ContractVersion.at >= NightStatement.signed_at,  # which is a whole second
    )
    signed = exists().where(
        NightStatement.organisation_id == PaymentLine.organisation_id,
        NightStatement.quarter == PaymentLine.quarter,
        ~changed,
    )
    counted = select(func.count()).select_from(PaymentLine)
    return counted.where(
        PaymentLine.organisation_id == by.organisation_id, PaymentLine.to_sign, ~signed
    ).scalar_subquery()


def to_sign(*, by: Actor) -> list[Line]:
    """The quarters that wait for the signature of the actor; raises NotPermitted."""
    by.must(Permission.NIGHTS_SIGN)
    return [each for each in lines(by=by) if each.waits]


def is_genuine(value: Mapping[str, Any], *, by: Actor) -> bool:
    """Whether a signed file carries the one signature of somebody who managed that shelter at its hour.

    Raises NotPermitted.
    """
    if by.duty != "release":
        by.must(Permission.PAYMENT_READ)
    entries = value.get("signatures")
    if not isinstance(entries, list) or len(entries) != 1 or not isinstance(entries[0], dict):
        return False
    (entry,) = entries
    message = release_rules.message_of(value, entry)
    try:
        key, signature = bytes.fromhex(entry["public_key"]), bytes.fromhex(entry["signature"])
        at = datetime.fromisoformat(entry["signed_at"])
        signer = signing.owner_then(key, at)
    except (KeyError, TypeError, ValueError, OverflowError):
        return False
    if message is None or entry.get("signer") != rules.SIGNER or entry.get("office") != value.get("shelter"):
        return False
    if signer is None:
        known = (key, entry["office"]) in _keys_outside()
    else:
        known = key in signer.keys and (str(signer.role), signer.office) == (rules.SIGNER, entry["office"])
    return known and signing.is_signed(signature, message, key)


def _keys_outside() -> set[tuple[bytes, str]]:
    """(key, code of the shelter) of managers whom the key log does not have."""
    return {
        (each.public_key, each.organisation)
        for each in account_rows.signers((Role.SHELTER_MANAGER,))
        if each.public_key is not None and signing.is_key_outside(each.member_id, each.public_key)
    }


def _line(
    base: Base, terms: Sequence[NightTerms], signed: NightStatement | None, by: Actor, *, contracts_sound: bool
) -> Line:
    """`contracts_sound`: no other hand changed what the contracts of the shelter say now (ADR 0196)."""
    if not base.sound:
        return _foreign(base)
    if not base.to_sign:  # from before nights were signed: contracts of today say nothing of it
        return Line(base, (), None, Stand.BEFORE, None, ())
    now = _by(terms, base)
    stand, then = _stand(base, now, signed, by)
    if not contracts_sound:
        if stand not in (Stand.SIGNED, Stand.CHANGED) or not _was_agreed(then, base, signed):
            return _foreign(base)
        stand, now = Stand.SIGNED, then
    amount = None if then.nights is None else rules.amount(then.nights, then.agreed)
    part = rules.in_part(terms, base.quarter)
    at, position = (signed.signed_at, signed.position) if signed else (None, 0)
    paid_for = replace(base, paid=then.nights)
    return Line(paid_for, then.agreed, amount, stand, at, now.agreed, now.nights, position, in_part=part)


class _Counted(NamedTuple):
    """What the contracts say of a quarter, and the nights of the days for which they pay."""

    agreed: tuple[Share, ...]
    nights: int | None


def _by(terms: Sequence[NightTerms], base: Base) -> _Counted:
    return _Counted(rules.shares(terms, base.quarter), base.on(rules.covered(terms, base.quarter)))


def _foreign(base: Base) -> Line:
    """Without the figures: who changed one of them, or of what they follow from, may have written the others, too."""
    return Line(replace(base, nights=None, earlier=None, paid=None), (), None, Stand.FOREIGN, None, ())


def _stand(base: Base, now: _Counted, signed: NightStatement | None, by: Actor) -> tuple[Stand, _Counted]:
    """How a quarter stands, and what the contracts said of it: when it was signed, else now. A signed file counts with
    the figures that the contracts had at its hour, and with no others."""
    if signed is None or now.nights is None:
        return Stand.UNSIGNED, now
    try:
        value = json.loads(signed.content)
        there = rules.said(value) if isinstance(value, dict) else {}
        then = _Counted(rules.shares_in(there), there["nights"])
        same = there == rules.statement(base.code, base.quarter, base.basis, there["nights"], then.agreed)
    except (ValueError, RecursionError, KeyError, TypeError):  # a row that somebody wrote by hand
        return Stand.BROKEN, now
    if not same or not is_genuine(value, by=by):
        return Stand.BROKEN, now
    if then == now:
        return Stand.SIGNED, then
    return (Stand.CHANGED, then) if _was_agreed(then, base, signed) else (Stand.BROKEN, now)


def _was_agreed(then: _Counted, base: Base, signed: NightStatement | None) -> bool:
    """Whether the contracts said this when the file was signed, by the versions that are kept of them."""
    if signed is None:
        return False
    at = datetime.fromisoformat(json.loads(signed.content)["signatures"][0]["signed_at"])
    return any(then == _by(terms, base) for terms in rows.terms_then(signed.organisation_id, at))


def is_overtaken(value: Mapping[str, Any], *, by: Actor) -> bool:
    """Whether another file of the same shelter and quarter was signed after this one. Raises NotPermitted."""
    if by.duty != "release":
        by.must(Permission.PAYMENT_READ)
    statement = (
        select(NightStatement.content)
        .join(Organisation, Organisation.id == NightStatement.organisation_id)
        .where(Organisation.code == str(value.get("shelter")), NightStatement.quarter == str(value.get("quarter")))
        .order_by(NightStatement.position.desc())
    )
    newest = db.session.scalars(statement.limit(1)).first()
    return newest is not None and json.loads(newest) != value


def _newest(organisation_ids: set[uuid.UUID]) -> dict[tuple[uuid.UUID, str], NightStatement]:
    """The newest statement by shelter and quarter."""
    statement = select(NightStatement).where(NightStatement.organisation_id.in_(organisation_ids))
    in_order = statement.order_by(NightStatement.position)
    return {(each.organisation_id, each.quarter): each for each in db.session.scalars(in_order)}
