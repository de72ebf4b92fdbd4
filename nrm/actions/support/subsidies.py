"""The manager of a shelter signs the nights of a quarter with her own key; whoever may takes the signed file away."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import UTC
from typing import Any

from sqlalchemy.exc import IntegrityError

from nrm import audit, clock
from nrm.db import transaction
from nrm.domain.accounts.accounts import Actor, Permission, Role
from nrm.domain.quarters import Quarter
from nrm.domain.reports import reports as release_rules
from nrm.domain.support import subsidies as rules
from nrm.domain.support.subsidies import NightsRefusal, NightsRefused, PaymentRefusal, PaymentRefused, Stand
from nrm.models.support.subsidies import NightPayment, NightStatement
from nrm.store import days, names
from nrm.store.rows.accounts import accounts as account_rows
from nrm.store.rows.support import subsidies as rows
from nrm.store.support import subsidies as store
from nrm.store.support.subsidies import Line
from nrm.vault import members, signing
from nrm.vault import rows as marked

CannotOpen = members.CannotOpen


def sign(quarter: Quarter, *, seen: str, by: Actor) -> None:
    """Sign what the payment desk sees of a quarter of the actor's own shelter. `seen`: `version` of what was shown.

    Raises NotPermitted, NotVisible, CannotOpen, NightsRefused (`signed`, `changed`, `foreign`).
    """
    by.must(Permission.NIGHTS_SIGN)
    try:
        _sign(quarter, seen, by)
    except IntegrityError:
        raise NightsRefused(NightsRefusal.SIGNED) from None


def _sign(quarter: Quarter, seen: str, by: Actor) -> None:
    assert by.organisation_id
    assert by.member_id
    with transaction() as session:
        line = store.line(quarter, by.organisation_code, by=by)
        if line.stand is Stand.FOREIGN:
            raise NightsRefused(NightsRefusal.FOREIGN)
        if not line.waits:
            raise NightsRefused(NightsRefusal.SIGNED)
        if version(line) != seen:
            raise NightsRefused(NightsRefusal.CHANGED)
        value = _value(line)
        at = clock.now().astimezone(UTC).replace(microsecond=0)
        message = release_rules.signed_message(value, rules.SIGNER, line.base.code, at.isoformat())
        signature, key = signing.sign_as(by, message)
        entry = release_rules.signature_of(rules.SIGNER, line.base.code, at.isoformat(), key, signature)
        session.add(
            NightStatement(
                organisation_id=by.organisation_id,
                quarter=str(quarter),
                position=rows.last_position(by.organisation_id, str(quarter)) + 1,
                signer_id=by.member_id,
                signed_at=at,
                content=rules.file_of({**value, "signatures": [entry]}),
            )
        )
        audit.append(session, audit.Event.NIGHTS_SIGNED, by=by, quarter=str(quarter))


def version(line: Line) -> str:
    """What a page says of what it shows, so that nobody signs anything else."""
    return hashlib.sha256(release_rules.canonical(_value(line))).hexdigest()


def take(quarter: Quarter, code: str, *, by: Actor) -> bytes:
    """The signed file of a quarter; it is recorded in the audit chain. Raises NotPermitted, NotVisible."""
    by.must(Permission.PAYMENT_READ)
    with transaction() as session:
        content = store.file(quarter, code, by=by)
        audit.append(session, audit.Event.PAYMENT_READ, by=by, quarter=str(quarter), shelter=code)
    return content


def is_genuine(value: Mapping[str, Any]) -> bool:
    """Whether a signed file is by somebody who managed the shelter at that hour, as the key log of the instance has
    it."""
    return store.is_genuine(value, by=Actor.system("release"))


def public_keys() -> list[tuple[bytes, str, str]]:
    """(key, who signs with it, code of the shelter) of everybody whose signature may be on such a file. No person is
    named."""
    found = [(key, rules.SIGNER, office) for key, _, office in signing.keys_of_roles((Role.SHELTER_MANAGER,))]
    for each in account_rows.signers((Role.SHELTER_MANAGER,)):
        if each.public_key is not None and signing.is_key_outside(each.member_id, each.public_key):
            found.append((each.public_key, rules.SIGNER, each.organisation))
    return list(dict.fromkeys(found))


def _value(line: Line) -> dict[str, Any]:
    assert line.counted_now is not None  # what is withheld is not to be signed
    return rules.statement(line.base.code, line.base.quarter, line.base.basis, line.counted_now, line.now)


def pay(quarter: Quarter, code: str, *, seen: str, reason: str = "", by: Actor) -> None:
    """The payment desk records that what is left was paid, or taken off. `seen`: `left_of` what was shown;
    `reason`: why, where the contract of now gives another amount than what was signed.

    Raises NotPermitted, NotVisible, PaymentRefused (`nothing`, `already`, `changed`, `differs`, `foreign`).
    """
    line = _to_record(quarter, code, seen, by, paying=True)
    if not line.left:
        raise PaymentRefused(PaymentRefusal.NOTHING)
    if line.differs and not reason.strip():
        raise PaymentRefused(PaymentRefusal.DIFFERS)
    _record(line, line.left, by, reason.strip()[: rules.LONGEST_REASON] if line.differs else "")


def take_back(quarter: Quarter, code: str, *, seen: str, returned: bool = False, by: Actor) -> None:
    """What was recorded last was a mistake, or the money came back (`returned`): another record takes its amount off
    again. Where it was a mistake that the money came back, what was paid is paid again. Raises as `pay`."""
    line = _to_record(quarter, code, seen, by)
    if not (line.may_come_back if returned else line.may_be_mistaken):
        raise PaymentRefused(PaymentRefusal.NOTHING)
    if returned:
        _record(line, -line.may_come_back, by, rules.RETURNED, why=rules.RETURNED)
    elif line.may_be_mistaken == rules.RETURNED:
        _record(line, -line.paid[-1].amount, by, rules.NOT_RETURNED, why=rules.NOT_RETURNED)
    else:
        _record(line, -line.paid[-1].amount, by, why=rules.MISTAKE)


def check_seen(quarter: Quarter, code: str, *, seen: str, paying: bool, by: Actor) -> None:
    """Raise what `pay` or `take_back` raises where something else stands there now than was shown, and nothing else."""
    _to_record(quarter, code, seen, by, paying=paying)


def left_of(line: Line) -> str:
    """What a page says of what it shows, so that nothing is recorded twice."""
    return f"{line.position}.{len(line.paid)}.{line.amount_now if line.differs else ''}"


def _to_record(quarter: Quarter, code: str, seen: str, by: Actor, *, paying: bool = False) -> Line:
    by.must(Permission.NIGHTS_PAY)
    line = store.line(quarter, code, by=by)
    if line.stand is Stand.FOREIGN:
        raise PaymentRefused(PaymentRefusal.FOREIGN)
    if left_of(line) != seen:
        raise PaymentRefused(PaymentRefusal.ALREADY if paying and line.left == 0 else PaymentRefusal.CHANGED)
    return line


def _record(line: Line, amount: int, by: Actor, reason: str = "", **why: str) -> None:
    """`why`: of a record that is no payment, for the audit chain."""
    quarter, code = str(line.base.quarter), line.base.code
    try:
        with transaction() as session:
            payment = NightPayment(
                organisation_id=names.organisation_by_code(code).id,
                quarter=quarter,
                position=len(line.paid) + 1,
                amount=amount,
                statement=line.position,
                paid_on=days.today(),
                reason=reason,
                member_id=by.member_id,
            )
            payment.mark = marked.night_payment_mark(payment)
            session.add(payment)
            paid: dict[str, str | int] = {"quarter": quarter, "shelter": code, "amount": amount}
            audit.append(session, audit.Event.NIGHTS_PAID, by=by, **paid, **why)
    except IntegrityError:  # the same button, pressed twice at once
        raise PaymentRefused(PaymentRefusal.CHANGED) from None


def is_overtaken(value: Mapping[str, Any]) -> bool:
    """Whether another file of the same shelter and quarter was signed after this one."""
    return store.is_overtaken(value, by=Actor.system("release"))
