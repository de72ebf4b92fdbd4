"""The MACs of rows that make the program destroy something, show a request, or seal for somebody who holds no key.

Such a row opens nothing. But a person who can write to the main database alone could use it to have cases of others
destroyed, or to make an honest colleague agree to what nobody asked for. So each gets a MAC in the transaction that
makes or changes it, and is checked where it is used: a row without the right MAC is reported and ignored.

Decided in ADR 0051, ADR 0104, ADR 0193.
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from typing import Any

from nrm import crypto
from nrm.models.accounts.accounts import Instance
from nrm.models.accounts.second_hands import HeavyAct
from nrm.models.accounts.suspensions import Suspension
from nrm.models.agreement.agreements import Contract, ContractChange, ContractVersion
from nrm.models.countries import CountryVersion
from nrm.models.referrals.mistakes import ReferralMistake
from nrm.models.reports.reports import PaymentLine
from nrm.models.shelter.cases import Supplement, Withheld
from nrm.models.shelter.consents import Consent
from nrm.models.support.benefits import Benefit
from nrm.models.support.subsidies import NightPayment
from nrm.vault.marks import is_right_row_mac, row_mac


def _moment_text(when: datetime | None) -> str:
    return "" if when is None else when.astimezone(UTC).isoformat(timespec="microseconds")


def destruction_mark(row: Any) -> bytes:
    """The MAC of a line of the destruction list: which key it destroys."""
    return row_mac(*_of_destruction(row))


def is_destruction(row: Any) -> bool:
    """Whether this program listed that key; otherwise it is reported."""
    return is_right_row_mac(row.mark, *_of_destruction(row))


def _of_destruction(row: Any) -> tuple[Any, ...]:
    return (f"destruction of {row.compartment}", row.case_id, row.kind, row.epoch, row.organisation_id or "")


def erasure_mark(case_id: uuid.UUID, compartment: str, erased_at: datetime) -> bytes:
    """The MAC of an erasure; its line in the list outside the databases carries the same one."""
    return row_mac("erased", case_id, compartment, erased_at.isoformat())


def is_erasure(row: Any) -> bool:
    """Whether this program erased that; otherwise it is reported."""
    return is_right_row_mac(row.mark, "erased", row.case_id, row.compartment, row.erased_at.isoformat())


def act_mark(act: HeavyAct, **changed: Any) -> bytes:
    """The MAC of an act that destroys, as it is now, or with the columns in `changed`."""
    return row_mac(*_of_act(act, changed))


def is_act(act: HeavyAct) -> bool:
    """Whether this program wrote the act as it is now; otherwise it is reported."""
    return is_right_row_mac(act.mark, *_of_act(act, {}))


def _of_act(act: HeavyAct, changed: dict[str, Any]) -> tuple[Any, ...]:
    def now(name: str) -> Any:
        return changed[name] if name in changed else getattr(act, name)

    whose = (act.organisation_id, act.asked_by_id, _moment_text(act.asked_at), str(act.kind), str(act.reason))
    about = (act.case_id or "", act.member_id or "", _moment_text(act.expires_at))
    state = (str(now("status")), _moment_text(now("decided_at")), now("decided_by_id") or "")
    parts = ("act", act.id, *whose, *about, *state)
    if act.parked_at is None and now("heard") == "" and now("undone") == "":
        return parts  # as acts were marked before a case could be closed to everybody
    signed = "" if act.signed_on is None else act.signed_on.isoformat()
    parked = (_moment_text(act.parked_at), _moment_text(now("final_at")), int(act.many), signed)
    seen = (_moment_text(now("seen_at")), now("seen_by_id") or "")
    return (*parts, *parked, *seen, str(now("heard")), str(now("undone")))


def suspension_mark(row: Suspension) -> bytes:
    """The MAC of a suspension, as it is now."""
    return row_mac(*_of_suspension(row))


def is_suspension(row: Suspension) -> bool:
    """Whether this program wrote the suspension as it is now; otherwise it is reported."""
    return is_right_row_mac(row.mark, *_of_suspension(row))


def _of_suspension(row: Suspension) -> tuple[Any, ...]:
    whose = (row.organisation_id, row.member_id, row.by_id, int(row.by_administrator), str(row.reason))
    when = (_moment_text(row.at), _moment_text(row.until), row.longer_by_id or "")
    about = () if row.event_id is None else ("objected to", row.event_id)
    return (
        "suspension",
        row.id,
        *whose,
        *when,
        _moment_text(row.ended_at),
        row.ended_by_id or "",
        row.how_ended,
        *about,
    )


def country_version_mark(row: CountryVersion) -> bytes:
    """The MAC of a version of the country's files: which files, from when, and who recorded them."""
    return row_mac(*_of_country_version(row))


def is_country_version(row: Any) -> bool:
    """Whether this program recorded that version of the country; otherwise it is reported. Needs no files."""
    return is_right_row_mac(row.mark, *_of_country_version(row))


def _of_country_version(row: Any) -> tuple[Any, ...]:
    said = (row.position, row.starts_on.isoformat(), row.digest)
    return ("country version", row.id, *said, _moment_text(row.recorded_at), row.recorded_by or "")


def contract_version_mark(row: ContractVersion) -> bytes:
    """The MAC of what a contract said from one moment on, and of who wrote it."""
    return row_mac(*_of_contract_version(row))


def is_contract_version(row: ContractVersion) -> bool:
    """Whether this program wrote the version as it is now; otherwise it is reported."""
    return is_right_row_mac(row.mark, *_of_contract_version(row))


def _of_contract_version(row: ContractVersion) -> tuple[Any, ...]:
    said = _said_by(row)
    return ("contract version", row.id, row.contract_id, row.position, *said, row.by_id or "", _moment_text(row.at))


_CONTRACT_SAYS = ("number", "subject", "amount", "from_on", "until_on", "ended_on", "quarter_nights", "quarter_amount")


def is_contract_whole(row: Contract, versions: Sequence[ContractVersion]) -> bool:
    """Whether a contract says what the newest of its versions says, and none is missing or was changed by another
    program."""
    if not versions or [each.position for each in versions] != list(range(len(versions), 0, -1)):
        return False
    same = all(getattr(row, name) == getattr(versions[0], name) for name in _CONTRACT_SAYS)
    return same and all(is_contract_version(each) for each in versions)


def contract_change_mark(row: ContractChange) -> bytes:
    """The MAC of what a contract shall say: why, who asked for it, and what became of that."""
    return row_mac(*_of_contract_change(row))


def is_contract_change(row: ContractChange) -> bool:
    """Whether this program wrote the row as it is now; otherwise it is reported."""
    return is_right_row_mac(row.mark, *_of_contract_change(row))


def _of_contract_change(row: ContractChange) -> tuple[Any, ...]:
    asked = (row.why, row.words, row.asked_by_id, _moment_text(row.asked_at))
    decided = (row.state, row.decided_by_id or "", _moment_text(row.decided_at), row.position or 0)
    return ("contract change", row.id, row.contract_id, row.organisation_id, *_said_by(row), "", *asked, *decided)


def _said_by(row: ContractVersion | ContractChange) -> tuple[Any, ...]:
    days = (row.from_on.isoformat(), row.until_on.isoformat(), row.ended_on.isoformat() if row.ended_on else "")
    nights = () if row.quarter_nights is None else (row.quarter_nights, row.quarter_amount or 0)
    return (row.number, row.subject, row.amount, *days, *nights)


def benefit_mark(row: Benefit) -> bytes:
    """The MAC of a benefit: what is to be paid, to whose account or voucher, and how it stands."""
    return row_mac(*_of_benefit(row))


def is_benefit(row: Benefit) -> bool:
    """Whether this program wrote the row as it is now; otherwise it is reported."""
    return is_right_row_mac(row.mark, *_of_benefit(row))


def _of_benefit(row: Benefit) -> tuple[Any, ...]:
    paid = (row.code, row.amount, row.from_month.isoformat(), row.months, row.channel, row.voucher)
    days = (each.isoformat() if each else "" for each in (row.settled_month, row.settled_on, row.nobody_on))
    told = (row.nobody_by_id or "", int(row.untold), int(row.off_unseen))
    return ("benefit", row.organisation_id, *paid, row.state, row.second, row.was, *days, *told)


def payment_line_mark(row: PaymentLine) -> bytes:
    """The MAC of the nights of a shelter in a quarter, by which it is paid."""
    return row_mac(*_of_payment_line(row))


def is_payment_line(row: PaymentLine) -> bool:
    """Whether this program froze the nights as the row has them now; otherwise it is reported."""
    return is_right_row_mac(row.mark, *_of_payment_line(row))


def _of_payment_line(row: PaymentLine) -> tuple[Any, ...]:
    nights = (str(row.nights), str(row.earlier), str(row.payable))  # as text: some are below zero
    days = () if row.by_day is None else (row.by_day,)
    return ("nights of a quarter", row.organisation_id, row.quarter, *nights, row.basis, int(row.to_sign), *days)


def night_payment_mark(row: NightPayment) -> bytes:
    """The MAC of what the payment desk recorded for the nights of a quarter."""
    return row_mac(*_of_night_payment(row))


def is_night_payment(row: NightPayment) -> bool:
    """Whether this program wrote the record as it is now; otherwise it is reported."""
    return is_right_row_mac(row.mark, *_of_night_payment(row))


def _of_night_payment(row: NightPayment) -> tuple[Any, ...]:
    paid = (row.position, str(row.amount), row.statement, row.paid_on.isoformat(), row.reason)
    return ("nights paid", row.organisation_id, row.quarter, *paid, row.member_id)


def withheld_mark(row: Withheld) -> bytes:
    """The MAC of what is withheld: of which case, and until when."""
    return row_mac("withheld", row.id, row.case_id, _moment_text(row.until))


def is_withheld(row: Withheld) -> bool:
    """Whether this program withheld it until that hour; otherwise it is reported."""
    return is_right_row_mac(row.mark, "withheld", row.id, row.case_id, _moment_text(row.until))


def others_mark(case_id: uuid.UUID) -> bytes:
    """The MAC under which a notice of others who are still there is found by its case, and the case by nobody."""
    return row_mac("others there", case_id)


def link_mark(case_id: uuid.UUID) -> bytes:
    """The MAC under which a link code is found by its case, and the case by nobody."""
    return row_mac("link of a case", case_id)


def link_code_mark(code: str) -> bytes:
    """The MAC under which a link is found by its code, and the code by nobody."""
    return row_mac("link code", uuid.UUID(int=0), code)


def slip_mark(organisation_id: uuid.UUID, code: str) -> bytes:
    """The MAC under which a slip of a house is found by its number, and the number by nobody."""
    return row_mac("slip", organisation_id, code)


def house_page(organisation_id: uuid.UUID) -> str:
    """What stands in the address of the page for those who live in a house: nobody finds another house's by it."""
    return row_mac("page of a house", organisation_id)[:12].hex()


def owner_mark(interview_id: uuid.UUID, organisation_id: uuid.UUID, member_id: uuid.UUID) -> bytes:
    """The MAC of whose interview it is: nobody becomes the interviewer by a change in the database."""
    return row_mac("interviewer", interview_id, organisation_id, member_id)


def is_owners(interview: Any) -> bool:
    """Whether this program wrote down whose interview it is; otherwise it is reported."""
    parts = (interview.organisation_id, interview.member_id)
    return is_right_row_mac(interview.owner_mark, "interviewer", interview.id, *parts)


def supplement_mark(row: Supplement, pseudonym: str, open_until: datetime | None) -> bytes:
    """The MAC of a supplement that waits or is open: the case (by its code too), the post, and until when it may add.

    It is not checked after the supplement was sent or its time is over.
    """
    return row_mac(*_of_supplement(row.id, row.case_id, row.organisation_id, pseudonym, open_until))


def is_supplement(row: Any, pseudonym: str) -> bool:
    """Whether this program gave the supplement to the post, for the case with that code; otherwise it is reported."""
    return is_right_row_mac(
        row.mark, *_of_supplement(row.id, row.case_id, row.organisation_id, pseudonym, row.open_until)
    )


def _of_supplement(
    id_: uuid.UUID, case_id: uuid.UUID, post: uuid.UUID, pseudonym: str, open_until: datetime | None
) -> tuple[Any, ...]:
    return ("supplement", id_, case_id, post, pseudonym, _moment_text(open_until))


def mistake_mark(row: ReferralMistake) -> bytes:
    """The MAC of what was taken back of a referral: because of it keys may be given back."""
    return row_mac(*_of_mistake(row))


def is_mistake(row: ReferralMistake) -> bool:
    """Whether this program wrote that as it is now; otherwise it is reported."""
    return is_right_row_mac(row.mark, *_of_mistake(row))


def _of_mistake(row: ReferralMistake) -> tuple[Any, ...]:
    return ("mistake", row.id, row.referral_id, row.position, row.kind, int(row.settled))


def instance_mark(row: Instance) -> bytes:
    """The MAC of what the instance is: of which country, whether its people are invented, whether a second factor is
    asked."""
    return row_mac(*_of_instance(row))


def is_instance(row: Instance) -> bool:
    """Whether this program founded the instance as its row says; otherwise it is reported."""
    return is_right_row_mac(row.mark, *_of_instance(row))


def _of_instance(row: Instance) -> tuple[Any, ...]:
    return ("instance", row.id, row.country, int(row.synthetic), int(row.second_factor), _moment_text(row.created_at))


def consent_mark(row: Consent) -> bytes:
    """The MAC of an answer of a person, as it is now."""
    return row_mac(*_of_consent(row))


def is_consent(row: Consent) -> bool:
    """Whether this program wrote down the answer as it is now; otherwise it is reported."""
    return is_right_row_mac(row.mark, *_of_consent(row))


def _of_consent(row: Consent) -> tuple[Any, ...]:
    return ("consent", row.id, row.case_id, *map(str, (row.topic, row.party, row.said, row.narrowing, row.ended)))


def taken_mark(complaint_id: uuid.UUID, member_id: uuid.UUID) -> bytes:
    """The MAC of who deals with a complaint."""
    return row_mac("complaint taken", complaint_id, member_id)


def is_taken(mark: bytes | None, complaint_id: uuid.UUID, member_id: uuid.UUID) -> bool:
    """Whether that member said so; otherwise it is reported, and nobody deals with it."""
    return is_right_row_mac(mark, "complaint taken", complaint_id, member_id)


def box_mark(box_id: uuid.UUID, organisation_id: uuid.UUID) -> bytes:
    """The MAC of whose box it is: no house shows or counts what is another one's."""
    return row_mac("feedback box", box_id, organisation_id)


def is_box(row: Any) -> bool:
    """Whether the box was made for that house; otherwise it is reported."""
    return is_right_row_mac(row.mark, "feedback box", row.id, row.organisation_id)


MOST_MARKS, MARK_BYTES = 12, 8


def not_for(complaint_id: uuid.UUID, members: Collection[uuid.UUID]) -> bytes:
    """Marks of the members whom a complaint names, filled up with bytes of nobody, sorted: always as long."""
    marks = [_not_for_mark(complaint_id, each) for each in sorted(members)[:MOST_MARKS]]
    return b"".join(sorted([*marks, *(os.urandom(MARK_BYTES) for _ in range(MOST_MARKS - len(marks)))]))


def is_not_for(marks: bytes | None, complaint_id: uuid.UUID, member_id: uuid.UUID) -> bool:
    """Whether the member's mark is among them."""
    mine, found = _not_for_mark(complaint_id, member_id), marks or b""
    return any(crypto.same(found[at : at + MARK_BYTES], mine) for at in range(0, len(found), MARK_BYTES))


def _not_for_mark(complaint_id: uuid.UUID, member_id: uuid.UUID) -> bytes:
    return row_mac("complaint not for", complaint_id, member_id)[:MARK_BYTES]
