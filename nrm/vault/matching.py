"""The matching key, and what lies under it: encodings of names, and what was found by them (ADR 0130).

The matching key is the value of the compartment `matching` of a case that is none, granted to the organisations that
take people in, and moved, sealed again and backed up as any other compartment. What encodes, K_link, is derived from it
within a request of their members. An encoding is sealed once more under the key file `match` before it is stored, and
so is what was found.

So the database alone holds nothing; the database and the key files hold hardened encodings that nobody can make or try
without K_link; K_link alone holds nothing. The name itself goes from one sealed column to the other and leaves the
vault nowhere.
"""

from __future__ import annotations

import json
import secrets
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from flask import current_app
from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from nrm import clock, crypto
from nrm.domain.accounts.accounts import SHELTERS, Actor
from nrm.domain.shelter.cases import Compartment
from nrm.domain.shelter.matching import MOST_PAIRS, Gone, Pair, number
from nrm.models.accounts.accounts import Keyring, Organisation
from nrm.models.shelter.cases import Case
from nrm.models.shelter.matching import MatchEncoding, MatchKey, MatchQuestion
from nrm.vault import blobs, compartments, keyrings, sharing
from nrm.vault.grants import holders_of
from nrm.vault.keyrings import CannotOpen
from nrm.vault.marks import check_row_mac, config, report, row_mac

if TYPE_CHECKING:
    from nrm.linkage.people import Person

MATCHING = "matching"
"""The compartment in which the matching key lies."""
_SEALED_BYTES = 4096
"""What was found is as long as this, whatever it is: ten pairs with all that both sides said take 3,700."""
_MOST_GONE = 8
"""Of so many pairs that are asked about no more it is known at the most that they were."""


class NoName(Exception):
    """Nothing is sealed by which the person could be compared."""


@dataclass(frozen=True, slots=True, repr=False)
class Link:
    """What encodes, under one version of the matching key."""

    version: int
    key: bytes

    def __repr__(self) -> str:
        return "<hidden>"


def newest(session: Session) -> MatchKey | None:
    """The newest version of the matching key; None while nobody has asked anybody yet. Raises CannotOpen for a row that
    was written by hand."""
    statement = select(MatchKey).order_by(MatchKey.version.desc()).limit(1)
    found = session.scalar(statement.execution_options(populate_existing=True))
    if found is not None:
        check_row_mac(found.mark, "matching key", found.id, found.version, found.made_on.isoformat())
    return found


def make(session: Session, *, by: Actor) -> int:
    """The next version of the matching key, for every organisation that takes people in and can be sealed to; returns
    it. The actor's must be one of them."""
    before = newest(session)
    version = 1 if before is None else before.version + 1
    id_, today = uuid.uuid4(), clock.today(current_app.extensions["nrm.country"].timezone)
    made = MatchKey(version=version, id=id_, made_on=today)
    made.mark = row_mac("matching key", id_, version, today.isoformat())
    session.add(made)
    session.flush()
    holders = _admitting(session, by)
    compartments.create(session, id_, {MATCHING: {"key": crypto.new_key().hex()}}, holders, by=by)
    return version


def hand_on(session: Session, *, by: Actor) -> int:
    """Grant the newest version to the organisations that take people in and have it not; returns to how many. Raises
    CannotOpen for who has it not themselves."""
    found = newest(session)
    if found is None:
        return 0
    lacking = _admitting(session, by) - holders_of(session, found.id, MATCHING)
    if lacking:
        sharing.share(session, found.id, MATCHING, sorted(lacking, key=str), by=by)
    return len(lacking)


def _admitting(session: Session, by: Actor) -> set[uuid.UUID]:
    """The organisations that take people in and for whose key somebody vouches; none whose text waits for
    signatures."""
    there = exists().where(Keyring.organisation_id == Organisation.id)
    chosen = select(Organisation.id, Organisation.party).where(
        Organisation.kind.in_(SHELTERS), Organisation.enabled.is_(True), there
    )
    here = current_app.extensions["nrm.country"]
    found = {id_ for id_, party in session.execute(chosen) if not here.is_proposed(party)}
    return found - (keyrings.not_known(session, found) - {by.organisation_id})


def link(session: Session, *, by: Actor) -> Link | None:
    """K_link of the newest version; None where the actor's organisation does not hold the matching key (yet)."""
    found = newest(session)
    if found is None or by.kind not in SHELTERS:
        return None
    value = compartments.glance(session, found.id, MATCHING, by=by)
    if value is None:
        return None
    key = crypto.expand(bytes.fromhex(value["key"]), crypto.ctx("matching link", found.version))
    return Link(found.version, key)


def encode_case(session: Session, case: Case, under: Link, *, by: Actor) -> None:
    """Encode the person of a case the actor's organisation holds, in place of what was encoded before. Raises NoName,
    CannotOpen."""
    from nrm.linkage.encoding import ENC, NORM, encode  # late: it loads numpy, which no page needs

    row, compartment_key, shred_key = compartments.keys(session, case.id, Compartment.IDENTITY, by=by)
    person = _person(case, blobs.open_value(row, compartment_key, shred_key))
    if not (person.given.strip() or person.family.strip()):
        raise NoName
    record = uuid.uuid4()
    plain = encode(person, under.key, record)
    before = session.scalar(select(MatchEncoding).where(MatchEncoding.case_id == case.id))
    if before is not None:
        session.delete(before)
        session.flush()
    session.add(
        MatchEncoding(
            id=record,
            case_id=case.id,
            norm=NORM,
            enc=ENC,
            key_version=under.version,
            sealed_encoding=crypto.seal(
                config().secrets.match, plain, _of_encoding(record, case.id, NORM, ENC, under.version)
            ),
        )
    )


def _person(case: Case, told: Mapping[str, Any]) -> Person:
    """What is compared, of what lies sealed as `identity` and of the codes of the case."""
    from nrm.linkage.people import Alias, Person

    said = {
        name: text
        for name in ("given", "family", "father", "origin", "birth", "known_as", "document")
        if isinstance(text := told.get(name), str)
    }
    papers = number(said.get("document", ""))
    return Person(
        given=said.get("given", ""),
        family=said.get("family", ""),
        father=said.get("father", ""),
        place=said.get("origin", ""),
        birth=said.get("birth", ""),
        sex=sex_of(case),
        citizenship=citizenship_of(case),
        aliases=(Alias(said["known_as"]),) if said.get("known_as") else (),
        exact=(papers,) if papers else (),
    )


def sex_of(case: Case) -> str:
    """As it is compared; empty where people are written down in more than one way."""
    return case.gender if case.gender in ("feminine", "masculine") else ""


def citizenship_of(case: Case) -> str:
    """As it is compared; empty where it is not known."""
    return case.citizenship if len(case.citizenship) == 2 else ""


def opened_encoding(row: MatchEncoding) -> bytes:
    """The encoding, which needs no key of anybody's to be compared; raises CannotOpen."""
    context = _of_encoding(row.id, row.case_id, row.norm, row.enc, row.key_version)
    return _unsealed(row.sealed_encoding, context, "encoding", row.case_id)


def _of_encoding(record: uuid.UUID, case_id: uuid.UUID, norm: str, enc: str, version: int) -> bytes:
    return crypto.ctx("encoding", record, case_id, norm, enc, version)


@dataclass(frozen=True, slots=True)
class Found:
    """What lies sealed with a question. `number`: six random digits that both sides can say on the telephone; of older
    ones 0; `gone`: pairs of these people about which nobody is asked any more, the newest last."""

    pairs: tuple[Pair, ...] = ()
    number: int = 0
    gone: tuple[Gone, ...] = ()


def numbered(found: Found) -> Found:
    """With a number, where there is none yet. Only for what is done whatever was found: whoever asked sees it."""
    return found if found.number else replace(found, number=100_000 + secrets.randbelow(900_000))


def sealed_pairs(case_id: uuid.UUID, revision: int, found: Found) -> bytes:
    """What was found, always as long; the caller stores it as this revision. Of what is gone the oldest makes room."""
    if len(found.pairs) > MOST_PAIRS:
        raise ValueError("more was found than is kept")
    pairs, gone = [each.to_list() for each in found.pairs], [each.to_list() for each in found.gone[-_MOST_GONE:]]
    while True:
        plain = json.dumps([found.number, pairs, gone], separators=(",", ":")).encode()
        if len(plain) <= _SEALED_BYTES:
            break
        if not gone:
            raise ValueError("more was found than is kept")
        gone = gone[1:]
    return crypto.seal(config().secrets.match, plain.ljust(_SEALED_BYTES), _of_pairs(case_id, revision))


_JSON = json.JSONDecoder()


def found_of(row: Any) -> Found:
    """What was found for the case, of the columns of `MatchQuestion`; nothing before the answer was yes. Raises
    CannotOpen."""
    if row.sealed_pairs is None:
        return Found()
    try:
        return _opened(config().secrets.match, row.sealed_pairs, row.case_id, row.revision)
    except CannotOpen:
        report("question", row.case_id)
        raise


@lru_cache(maxsize=4096)
def _opened(secret: bytes, sealed: bytes, case_id: uuid.UUID, revision: int) -> Found:
    """What lies in these bytes, which are other ones after each search and each answer. Every home page of a shelter
    reads all questions of the country, so that it opens what it opened before only once (ADR 0275)."""
    plain = crypto.unseal(secret, sealed, _of_pairs(case_id, revision))
    said, _ = _JSON.raw_decode(plain.decode())  # to read the padding costs more than what it pads
    if not said or isinstance(said[0], list):  # older ones are the pairs alone
        return Found(tuple(map(Pair.of, said)))
    number, pairs, gone = said
    return Found(tuple(map(Pair.of, pairs)), number, tuple(map(Gone.of, gone)))


def _unsealed(sealed: bytes, context: bytes, what: str, case_id: uuid.UUID) -> bytes:
    """What lies under the key file; raises CannotOpen, and reports it, for a row of another hand."""
    try:
        return crypto.unseal(config().secrets.match, sealed, context)
    except CannotOpen:
        report(what, case_id)
        raise


def lies_under_our_key(row: MatchEncoding | MatchQuestion) -> bool:
    """Whether what is sealed in the row lies under our key file `match`; nothing of it is shown or reported."""
    if isinstance(row, MatchEncoding):
        sealed = row.sealed_encoding
        context = _of_encoding(row.id, row.case_id, row.norm, row.enc, row.key_version)
    else:
        sealed, context = row.sealed_pairs or b"", _of_pairs(row.case_id, row.revision)
    try:
        crypto.unseal(config().secrets.match, sealed, context)
    except CannotOpen:
        return False
    return True


def _of_pairs(case_id: uuid.UUID, revision: int) -> bytes:
    return crypto.ctx("pairs", case_id, revision)


__all__ = [
    "MOST_PAIRS",
    "CannotOpen",
    "Found",
    "Link",
    "NoName",
    "citizenship_of",
    "encode_case",
    "found_of",
    "hand_on",
    "lies_under_our_key",
    "link",
    "make",
    "newest",
    "numbered",
    "opened_encoding",
    "sealed_pairs",
    "sex_of",
]
