"""Whether people were here before, inside the transaction of an action: what was found, what is counted, forgetting."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from nrm.db import hit_one
from nrm.domain.shelter.matching import (
    MatchRefusal,
    MatchRefused,
    Pair,
    PairStand,
    Repeat,
    Said,
    Where,
    Word,
    repeat_of,
)
from nrm.models.shelter.cases import Case
from nrm.models.shelter.matching import MatchEncoding, MatchQuestion, RepeatValue, SeenByMember
from nrm.store import days
from nrm.store.rows.shelter import matching as rows
from nrm.vault import matching as vault


def put_pairs(session: Session, row: Any, pairs: Iterable[Pair], *, searched: bool | None = None) -> None:
    """Seal what was found as the next revision, in place of the one that was read. Raises MatchRefused (`decided`) when
    somebody else wrote meanwhile."""
    found, revision = list(pairs), row.revision + 1
    values = {"revision": revision, "sealed_pairs": vault.sealed_pairs(row.case_id, revision, found)}
    statement = (
        update(MatchQuestion)
        .where(MatchQuestion.case_id == row.case_id, MatchQuestion.revision == row.revision)
        .values(**values, **({} if searched is None else {"searched": searched}))
    )
    if not hit_one(session, statement):
        raise MatchRefused(MatchRefusal.DECIDED)
    count(session, row.case_id, found)


def put_pair(session: Session, row: Any, pair: Pair) -> None:
    """`put_pairs` with one of them changed."""
    put_pairs(session, row, [pair if each.id == pair.id else each for each in rows.opened(row)])


def count(session: Session, case_id: uuid.UUID, pairs: Iterable[Pair] | None = None) -> None:
    """Write down what is counted of the case from today on, if it is another value than before."""
    row = rows.question(case_id)
    if row is None:
        value = Repeat.NOT_CHECKED
    else:
        found = rows.opened(row) if pairs is None else pairs
        value = repeat_of(Said(row.said), found, Word(row.word) if row.word else None)
    case = session.get_one(Case, case_id)
    if case.repeat == value:
        return
    case.repeat = str(value)
    today = days.today()
    there = session.get(RepeatValue, (case_id, today))
    if there is None:
        session.add(RepeatValue(case_id=case_id, from_on=today, value=str(value)))
    else:
        there.value = str(value)
    session.flush()


def forget(session: Session, case_id: uuid.UUID) -> None:
    """Forget the encoding of a person, and every pair that names the case and is not linked: the case is erased, or the
    person takes the yes back. What is counted of a link stays."""
    session.execute(delete(MatchEncoding).where(MatchEncoding.case_id == case_id))
    session.execute(delete(SeenByMember).where(SeenByMember.case_id == case_id))
    for asked in list(rows.with_pairs()):
        mine = asked.row.case_id == case_id
        kept = [each for each in asked.pairs if each.stand is PairStand.LINKED or not (mine or each.case_id == case_id)]
        if len(kept) < len(asked.pairs):
            put_pairs(session, asked.row, kept)


def pause(session: Session, case_id: uuid.UUID) -> None:
    """The case is closed to everybody, or is to be: the person withdrew everything, or asks for erasure. Nobody looks
    for them any more. If somebody undoes that, their house encodes them again and they are compared anew; if the
    request only runs out, they are asked again first (`rows.not_encoded`)."""
    forget(session, case_id)
    row = rows.question(case_id)
    if row is not None and row.said == Said.YES:
        row.searched = False
        session.flush()


def end(session: Session, case_id: uuid.UUID) -> None:
    """The case is erased: of a check that nobody has ended nobody can tell any more, so nobody is asked to. What is
    counted stays, as every fact of an erased case."""
    row = rows.question(case_id)
    if row is not None and row.said == Said.YES and not row.word:
        row.word = str(Word.UNKNOWN)
        session.flush()


def search(session: Session, version: int, case_ids: Iterable[uuid.UUID]) -> int:
    """Compare these cases with all that are encoded under the same version, and seal what is found; returns how many
    were compared. Needs no key of anybody."""
    from nrm.linkage.encoding import ENC, NORM  # late: it loads numpy, which no page needs
    from nrm.linkage.matching import Register

    people, of_case, is_there = [], {}, {}
    statement = select(MatchEncoding, Case, rows.LIVES_THERE).join(Case, Case.id == MatchEncoding.case_id)
    alike = (MatchEncoding.key_version == version, MatchEncoding.norm == NORM, MatchEncoding.enc == ENC)
    for row, case, lives_there in session.execute(statement.where(*alike)).all():
        try:
            encoding = vault.opened_encoding(row)
        except vault.CannotOpen:
            continue  # sealed under a key file that was lost: its organisation encodes it again
        people.append((case.id, encoding, vault.sex_of(case), vault.citizenship_of(case)))
        of_case[case.id] = people[-1]
        is_there[case.id] = Where(lives_here=bool(lives_there), followed=case.status != "closed").guarded
    register = Register.of(people)
    asked = {each.row.case_id: each for each in rows.with_pairs()}
    # Of two that wait, the one who was asked later finds the earlier one.
    waiting = {other for other, each in asked.items() if not each.row.searched}
    compared = 0
    for case_id in case_ids:
        waiting.discard(case_id)
        if case_id not in of_case or case_id not in asked:
            continue
        mine, (_, encoding, sex, citizenship) = asked[case_id], of_case[case_id]
        there = list(mine.pairs)
        before = {each.case_id for each in there}
        before |= {other for other, each in asked.items() if any(pair.case_id == case_id for pair in each.pairs)}
        for candidate in register.candidates(encoding, sex, citizenship):
            if candidate.record != case_id and candidate.record not in before | waiting:
                found = Pair(uuid.uuid4(), candidate.record, str(candidate.band), days.today())
                there.append(replace(found, there=is_there[candidate.record]))
        put_pairs(session, mine.row, _most(there), searched=True)
        asked[case_id] = replace(mine, pairs=there)
        compared += 1
    return compared


def _most(pairs: list[Pair]) -> list[Pair]:
    """As many as are kept: what somebody said anything about first, then in the order in which they were found."""
    return sorted(pairs, key=lambda each: each.theirs is None)[: vault.MOST_PAIRS]
