"""Whether people were here before, inside the transaction of an action: what was found, what is counted, forgetting."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any

from sqlalchemy import delete, exists, select, update
from sqlalchemy.orm import Session

from nrm import audit, clock, extras
from nrm.db import hit_one
from nrm.domain.accounts.accounts import SHELTERS, Actor
from nrm.domain.shelter.matching import (
    Gone,
    House,
    MatchRefusal,
    MatchRefused,
    Pair,
    PairStand,
    Repeat,
    Said,
    Where,
    Word,
    alarms_desk,
    hidden_from_all,
    hidden_from_asker,
    hidden_from_holder,
    kept_apart,
    repeat_of,
)
from nrm.models.accounts.accounts import Instance, Organisation
from nrm.models.shelter.cases import Case
from nrm.models.shelter.matching import MatchEncoding, MatchQuestion, RepeatValue, SeenByMember
from nrm.store import days
from nrm.store.rows.shelter import matching as rows
from nrm.store.rows.shelter.matching import Asked
from nrm.vault import matching as vault


def put_pairs(
    session: Session,
    row: Any,
    pairs: Iterable[Pair],
    *,
    searched: bool | None = None,
    gone: tuple[Gone, ...] | None = None,
) -> None:
    """Seal what was found as the next revision, in place of the one that was read; `gone`: what is asked about no more,
    if that changes. Raises MatchRefused (`decided`) when somebody else wrote meanwhile."""
    found, revision, before = tuple(pairs), row.revision + 1, rows.sealed(row)
    sealed = replace(before, pairs=found, gone=before.gone if gone is None else gone)
    if searched:  # of older questions: by every search, and by no answer, which whoever asked must not see
        sealed = vault.numbered(sealed)
    values = {"revision": revision, "sealed_pairs": vault.sealed_pairs(row.case_id, revision, sealed)}
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
    row, asker = rows.question(case_id), rows.house_of(case_id)
    case = session.get_one(Case, case_id)
    if row is None:
        value = Repeat.NOT_CHECKED
    else:
        found = list(rows.opened(row) if pairs is None else pairs)
        known = rows.known({each.case_id for each in found})
        heard = [each for each in found if not _asks_nobody(each, asker, known)]
        word = Word(row.word) if row.word else None
        value = repeat_of(Said(row.said), heard, word, with_all=not _struck_a_house(session, asker.struck))
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


def _asks_nobody(pair: Pair, asker: House, known: Mapping[uuid.UUID, rows.Known]) -> bool:
    """Whether nobody is asked about a pair, because one of the people struck out the house of the other, or because the
    duty desk looked at it and let nobody be asked. What both said before is a fact, and stays counted."""
    other = known.get(pair.case_id)
    if other is None or pair.stand is PairStand.LINKED:
        return False
    return kept_apart(asker, other.house) or (pair.held and pair.looked_on is not None)


def _struck_a_house(session: Session, parties: Collection[str]) -> bool:
    """Whether one of these parties takes people in: then the person was not compared with all."""
    if not parties:
        return False
    takes_in = exists().where(Organisation.party.in_(parties), Organisation.kind.in_(SHELTERS))
    return session.scalar(select(takes_in)) is True


def consent_changed(session: Session, case_id: uuid.UUID) -> None:
    """The person struck out an organisation, or takes that back: they are compared anew with whom they may be, and it
    is counted again."""
    row = rows.question(case_id)
    if row is not None and row.said == Said.YES:
        row.searched = False
        session.flush()
        for asked in list(rows.with_pairs()):
            if asked.row.case_id == case_id or any(pair.case_id == case_id for pair in asked.pairs):
                count(session, asked.row.case_id)


def link(session: Session, by: Actor) -> vault.Link | None:
    """What encodes; the first who asks makes the key, and every later one hands it to whoever has it not yet. None
    where the actor's organisation waits for it."""
    session.execute(select(Instance.id).with_for_update())  # one key, however many ask first (PostgreSQL)
    if vault.newest(session) is None:
        version = vault.make(session, by=by)
        audit.append(session, audit.Event.MATCHING_KEY_MADE, by=by, version=version)
    found = vault.link(session, by=by)
    if found is not None:
        vault.hand_on(session, by=by)
    return found


def encode(session: Session, case: Case, by: Actor) -> None:
    """Encode the person; without the key, or what encodes, it is done later (`actions.encode_due`). Raises MatchRefused
    (`no_name`), CannotOpen."""
    under = link(session, by)
    if under is None or not extras.installed():
        return
    try:
        vault.encode_case(session, case, under, by=by)
    except vault.NoName:
        raise MatchRefused(MatchRefusal.NO_NAME) from None


def resume(session: Session, case: Case, by: Actor) -> None:
    """The case can be opened again, and the yes of before holds: its holder encodes the person, who is compared anew.
    Who cannot do that, as the duty desk, leaves it to the holder's list."""
    row = rows.question(case.id)
    takes_in = by.kind is not None and by.kind.takes_people_in
    if row is None or row.said != Said.YES or not takes_in or by.organisation_id != case.holder_id:
        return
    if not rows.yes_holds(case.id):
        return
    row.searched = False
    with suppress(vault.CannotOpen, MatchRefused):
        encode(session, case, by)


def forget(session: Session, case_id: uuid.UUID, *, links: bool = False) -> None:
    """Forget the encoding of a person, and every pair that names the case and is not linked: the case is erased, or the
    person takes the yes back. `links`: forget the links of the person's own question, too. Whoever was part of a pair
    is told that nobody is asked about it any more; what is counted of a link stays."""
    session.execute(delete(MatchEncoding).where(MatchEncoding.case_id == case_id))
    every = {each.row.case_id: each for each in rows.with_pairs()}
    known = rows.all_known()
    kept: dict[uuid.UUID, list[Pair]] = {}
    gone: dict[uuid.UUID, list[Gone]] = {}
    for asked in every.values():
        mine = asked.row.case_id == case_id
        here = []
        for pair in asked.pairs:
            if not (mine or pair.case_id == case_id) or (pair.stand is PairStand.LINKED and not (mine and links)):
                here.append(pair)
                continue
            # It is kept with the other case: of a question whose yes is taken back nothing is sealed any more.
            told, there = _part_of(pair, asked, known), pair.case_id if mine else asked.row.case_id
            alarmed = _alarmed(pair, asked, known)
            if (told or alarmed) and there in every:
                gone.setdefault(there, []).append(Gone(pair.id, told, days.today(), asked.number, alarmed))
        if len(here) < len(asked.pairs):
            kept[asked.row.case_id] = here
    for id_ in {*kept, *gone}:
        asked = every[id_]
        put_pairs(session, asked.row, kept.get(id_, asked.pairs), gone=(*asked.gone, *gone.get(id_, ())))


def _alarmed(pair: Pair, asked: Asked, known: Mapping[uuid.UUID, rows.Known]) -> tuple[uuid.UUID, uuid.UUID] | None:
    """Who asked, and where the person is, if the duty desk has an alarm of it: whoever asks must not be able to take
    that back."""
    other = known.get(pair.case_id)
    if other is None or other.holder_id is None or asked.holder_id in (None, other.holder_id):
        return None
    hidden = hidden_from_all(pair, asked.house, other.house)
    assert asked.holder_id is not None
    return (asked.holder_id, other.holder_id) if alarms_desk(pair, other.where) and not hidden else None


def _part_of(pair: Pair, asked: Asked, known: Mapping[uuid.UUID, rows.Known]) -> tuple[uuid.UUID, ...]:
    """The organisations that have seen a pair, and may still know of it."""
    other = known.get(pair.case_id)
    if other is None or other.holder_id is None or asked.holder_id is None:
        return ()
    asker, holder = asked.house, other.house
    told = [] if hidden_from_holder(pair, asker, holder) else [holder.id]
    if pair.ever_told and not hidden_from_asker(pair, asker, holder):
        told.append(asker.id)
    return tuple(dict.fromkeys(told))


def pause(session: Session, case_id: uuid.UUID) -> None:
    """The case is closed to everybody, or is to be: the person withdrew everything, or asks for erasure. Nobody looks
    for them any more. If somebody undoes that, their house encodes them again and they are compared anew (`resume`); if
    the request only runs out, they are asked again first (`rows.not_encoded`)."""
    forget(session, case_id)
    row = rows.question(case_id)
    if row is not None and row.said == Said.YES:
        row.searched = False
        session.flush()


def end(session: Session, case_id: uuid.UUID) -> None:
    """The case is erased: of a check that nobody has ended nobody can tell any more, so nobody is asked to. What is
    counted stays, as every fact of an erased case."""
    session.execute(delete(SeenByMember).where(SeenByMember.case_id == case_id))
    row = rows.question(case_id)
    if row is not None and row.said == Said.YES and not row.word:
        row.word = str(Word.UNKNOWN)
        session.flush()


def search(session: Session, version: int, case_ids: Iterable[uuid.UUID]) -> int:
    """Compare these cases with all that are encoded under the same version, and seal what is found; returns how many
    were compared. Needs no key of anybody."""
    from nrm.linkage.encoding import ENC, NORM  # late: it loads numpy, which no page needs
    from nrm.linkage.matching import Register

    people, of_case, is_there, house_of, thin = [], {}, {}, {}, {}
    columns = (MatchEncoding, Case, rows.LIVES_THERE, rows.PARTY, rows.STRUCK_OUT, rows.SENT)
    statement = select(*columns).join(Case, Case.id == MatchEncoding.case_id)
    alike = (MatchEncoding.key_version == version, MatchEncoding.norm == NORM, MatchEncoding.enc == ENC)
    for row, case, lives_there, party, struck_out, sent in session.execute(statement.where(*alike)).all():
        try:
            encoding = vault.opened_encoding(row)
        except vault.CannotOpen:
            continue  # sealed under a key file that was lost: its organisation encodes it again
        people.append((case.id, encoding, vault.sex_of(case), vault.citizenship_of(case)))
        of_case[case.id] = people[-1]
        house_of[case.id] = rows.house(case.holder_id, party, struck_out)
        is_there[case.id] = Where(lives_here=bool(lives_there), followed=case.status != "closed").guarded
        thin[case.id] = not sent
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
            other = candidate.record
            if other == case_id or other in before | waiting:
                continue
            if kept_apart(house_of[case_id], house_of[other]):
                continue  # told nothing
            found = Pair(uuid.uuid4(), other, str(candidate.band), days.today(), found_at=clock.now())
            held = thin[other] and house_of[case_id].id != house_of[other].id
            there.append(replace(found, there=is_there[other], thin=held))
        put_pairs(session, mine.row, _most(there), searched=True)
        asked[case_id] = replace(mine, pairs=there)
        compared += 1
    return compared


def _most(pairs: list[Pair]) -> list[Pair]:
    """As many as are kept: what somebody said anything about first, then in the order in which they were found."""
    return sorted(pairs, key=lambda each: each.theirs is None)[: vault.MOST_PAIRS]
