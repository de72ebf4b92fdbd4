"""The sealed draft of an interview, read and rewritten inside the transaction of an action.

The draft is the compartment `draft` of the interview, sealed to its post: `answers` by question id, `wordings` that
were read out, the ids of the pages that were `visited`, the codes of the parties that were `named` to the person, and
which warnings somebody saw and went on (`warned`). Once an official may have taken part it is sealed to the interviewer
alone (ADR 0059). `handed`: why it was handed over. `aside`: what was said on the way before the age or the haste was
changed, and is not asked on this one.
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from types import MappingProxyType
from typing import Any, cast

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from nrm import audit, clock
from nrm.db import Writer, db, hit_one
from nrm.domain.accounts.accounts import Actor
from nrm.domain.interviews import answer_warnings, rollout
from nrm.domain.interviews.draft_owners import (
    DRAFT,
    Lost,
    NotTheirsToEnd,
    NotTheirsToLift,
    OnlyTheirs,
    official_involved,
)
from nrm.domain.interviews.facts import agreed_to
from nrm.domain.interviews.interviews import Answers, Page, Questionnaire
from nrm.domain.interviews.questionnaire_flow import (
    Journey,
    Settled,
    decided_anew,
    first_incomplete,
    journey,
    set_aside,
    settled,
    taken_up,
    with_page,
)
from nrm.domain.interviews.wordings import language_question, reading_language, wording_read
from nrm.domain.referrals.announced_returns import Said
from nrm.domain.shelter.cases import RANDOM_BYTES, new_pseudonym
from nrm.models.accounts.accounts import Member
from nrm.models.interviews.interviews import Interview
from nrm.prepared import AnySession, Row
from nrm.steps.interviews import child_alerts as child_alert_steps
from nrm.steps.interviews import groups as group_steps
from nrm.steps.referrals import announced_returns as announced_return_steps
from nrm.store.countries import country
from nrm.store.rows.interviews import interviews as rows
from nrm.vault import compartments as vault
from nrm.vault import epochs, members
from nrm.vault import rows as vault_rows

CURRENT = "returnee-1"
UNSENT = ("draft", "completed")
# How long the row of an ended interview is kept, so that a second press of the same button gets the same answer.
ENDED_STAYS = timedelta(days=1)
NOTHING_SEEN: Mapping[str, int] = MappingProxyType({})


Place = tuple[uuid.UUID, int]


class OpeningEnded(Exception):
    """The quarter of an hour is over, or this session never opened the draft: it must be resumed first."""


class NoLongerDraft(Exception):
    """The interview was sent or has ended; `status` says which."""

    def __init__(self, status: str) -> None:
        super().__init__(status)
        self.status = status


class UnknownQuestionnaire(Exception):
    """The interview was begun with a questionnaire that this instance no longer has."""


class Incomplete(Exception):
    """The interview cannot be finished yet: `page` is the first one with something missing."""

    def __init__(self, page: Page) -> None:
        super().__init__(page.id)
        self.page = page


@dataclass(frozen=True, repr=False)
class Draft:
    """A draft as it was read. `wordings`: which text was read out, by its id; `visited`: pages that were saved.

    `answers` are only those on the present way through the questionnaire. `found` is the compartment as it was opened,
    None for a draft that was made from another. `on_paper`: it is typed in from a numbered paper. `place`: its group
    and its number there. `asked_again`: the officer saw the page that asks once more before "no indicator". `owner_id`:
    whose it is; `own`: only by a key of the member's own it opens, and not by the post's. `handed`: why it was handed
    over.
    """

    interview_id: uuid.UUID
    pseudonym: str
    status: str
    started_at: datetime
    expires_at: datetime | None
    questionnaire: Questionnaire
    answers: Settled
    wordings: dict[str, Any]
    visited: tuple[str, ...]
    revision: int
    found: vault.Opened | None = field(default=None, compare=False)
    times: Mapping[str, int] = field(default_factory=dict, compare=False)  # page -> seconds after the beginning
    named: frozenset[str] = field(default=frozenset(), compare=False)  # on the page where consent was asked last
    on_paper: bool = field(default=False, compare=False)
    place: Place | None = field(default=None, compare=False)
    asked_again: bool = field(default=False, compare=False)
    owner_id: uuid.UUID | None = field(default=None, compare=False)
    own: bool = field(default=False, compare=False)
    handed: str = field(default="", compare=False)
    warned: Mapping[str, int] = field(default_factory=dict, compare=False)  # warnings that were seen -> version
    aside: Answers = field(default_factory=dict, compare=False)  # said, and not asked on this way
    agreed: bool = field(default=False, compare=False)  # a yes was saved once, whatever stands there now (ADR 0278)
    _filled: list[Any] = field(default_factory=list, init=False, compare=False)

    @cached_property
    def journey(self) -> Journey:
        """The way through the questionnaire that these answers lead; computed once."""
        return journey(self.questionnaire, self.answers)

    def filled(self, page: str, given: Answers) -> Settled:
        """The answers after the page was filled in with `given`; kept, so that a second call does not compute it."""
        before = self._filled
        if not (before and before[0] == page and before[1] == given):
            asked = self.questionnaire.pages[page]
            after = with_page(self.questionnaire, self.answers, asked, given)
            if self.aside:
                after = taken_up(self.questionnaire, after, self.aside, asked)
            before[:] = [page, dict(given), after]
        return cast(Settled, before[2])

    @property
    def pages(self) -> tuple[Page, ...]:
        """The pages of this journey, in order."""
        return self.journey.pages

    @property
    def page_to_do(self) -> Page:
        """Where the interview continues: the first page that was not seen or lacks an answer, else the last page."""
        ahead = self.journey
        for page in ahead.pages[:-1]:
            if page.id not in self.visited or page.id in ahead.lacking:
                return page
        return ahead.pages[-1]


@dataclass(frozen=True, slots=True, repr=False)
class LastPage:
    """The last page as it was filled in, not saved yet; `seen` is the revision that the page was made from.

    `named`: the parties that it named to the person; None for a page that names none. `warned`: the warnings that it
    showed.
    """

    page: str
    given: Answers
    seen: int
    named: Collection[str] | None = None
    warned: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, repr=False)
class ForOwner:
    """The next revision of a draft that the post can open until it is kept, and only its interviewer from then on."""

    case_id: uuid.UUID
    owner_id: uuid.UUID | None
    seen: int
    value: dict[str, Any]

    @property
    def revision(self) -> int:
        """The number it is kept under."""
        return self.seen + 1


class StaleAnswers(Exception):
    """Somebody saved this interview since it was read; `current` is the draft as it is now."""

    def __init__(self, current: Draft) -> None:
        super().__init__("stale")
        self.current = current


def questionnaire_called(identifier: str) -> Questionnaire:
    """The questionnaire with that id; raises UnknownQuestionnaire."""
    found = country().questionnaires.get(identifier)
    if found is None:
        raise UnknownQuestionnaire(identifier)
    return found


def used_by(by: Actor) -> str:
    """The id of the questionnaire that the actor's crossing point uses today; elsewhere that of the current one."""
    known = country()
    use = rollout.present(known.uses, by.crossing_point, clock.today(known.timezone))
    return use.questionnaire if use else CURRENT


def unused_pseudonym() -> str:
    """A new pseudonym that no case has yet."""
    while True:
        pseudonym = new_pseudonym(os.urandom(RANDOM_BYTES))
        if not rows.is_pseudonym_taken(pseudonym):
            return pseudonym


def told_by_telephone(asked: Questionnaire) -> dict[str, str]:
    """What an interview of the help line has answered by itself: that the talk is by telephone (ADR 0282)."""
    return {asked.telephone: "yes"} if asked.telephone else {}


def begin(
    session: Session,
    interview_id: uuid.UUID,
    asked: Questionnaire,
    started_at: datetime,
    answers: Answers,
    *,
    by: Actor,
    place: Place | None = None,
) -> None:
    """A new draft with its first answers, which the actor's session has leave to read; `place`: in a group."""
    interview = new_interview(session, interview_id, asked, started_at, by=by, place=place)
    seal_new(session, interview, answers, by=by)
    vault.extend(session, interview_id, DRAFT, "interview", by=by)
    audit.append(session, audit.Event.INTERVIEW_STARTED, by=by, interview_id=interview_id)


def new_interview(
    session: Session,
    interview_id: uuid.UUID,
    questionnaire: Questionnaire,
    started_at: datetime,
    *,
    by: Actor,
    place: Place | None = None,
) -> Interview:
    """The row of an interview that begins; nothing is sealed yet."""
    group_id, number = place or (None, None)
    interview = Interview(
        id=interview_id,
        organisation_id=by.organisation_id,
        member_id=by.member_id,
        questionnaire=questionnaire.id,
        status="draft",
        pseudonym=unused_pseudonym(),
        started_at=started_at,
        expires_at=clock.now() + timedelta(days=country().retention.draft_days),
        group_id=group_id,
        group_number=number,
    )
    give(interview, by.member_id)
    session.add(interview)
    session.flush()
    return interview


def give(interview: Interview, member_id: uuid.UUID | None) -> None:
    """Write down whose interview it is."""
    assert member_id is not None
    interview.member_id = member_id
    interview.owner_mark = vault_rows.owner_mark(interview.id, interview.organisation_id, member_id)


def is_owner(interview: Interview | Row, *, by: Actor) -> bool:
    """Whether the interview is the actor's."""
    return interview.member_id == by.member_id and vault_rows.is_owners(interview)


def must_own(interview: Interview | Row, *, by: Actor) -> None:
    """Raise NotTheirsToEnd for an interview that is a colleague's."""
    if not is_owner(interview, by=by):
        raise NotTheirsToEnd


def lend(session: Session, interview: Interview, purpose: str, *, by: Actor) -> None:
    """Give the actor's session leave to read the draft, and record it; raises Lost, OnlyTheirs."""
    if DRAFT not in vault.compartments_of(session, interview.id):
        raise Lost
    try:
        vault.allow(session, interview.id, DRAFT, purpose, by=by)
    except members.CannotOpen:
        if is_owner(interview, by=by):
            raise
        raise OnlyTheirs from None


def seal_new(
    session: Session, interview: Interview, answers: Answers, visited: Iterable[str] = (), *, by: Actor
) -> None:
    """The first revision of the draft, for the interview's post alone, or for the interviewer alone."""
    value = {"answers": dict(answers), "wordings": {}, "visited": list(visited)}
    if official_involved(questionnaire_called(interview.questionnaire), answers):
        vault.create(session, interview.id, {DRAFT: value}, [], by=by, members=[interview.member_id])
    else:
        vault.create(session, interview.id, {DRAFT: value}, [interview.organisation_id], by=by)


def opened(session: AnySession, interview: Interview | Row, *, by: Actor) -> Draft:
    """The draft; raises OpeningEnded, NoLongerDraft, CannotOpen, UnknownQuestionnaire."""
    if interview.status not in UNSENT:
        raise NoLongerDraft(interview.status)
    try:
        found = vault.read(session, interview.id, DRAFT, by=by)
    except vault.NoLeave:
        raise OpeningEnded from None
    questionnaire = questionnaire_called(interview.questionnaire)
    return Draft(
        interview.id,
        interview.pseudonym,
        interview.status,
        interview.started_at,
        interview.expires_at,
        questionnaire,
        settled(questionnaire, found.value["answers"]),
        found.value["wordings"],
        tuple(found.value["visited"]),
        found.revision,
        found,
        found.value.get("times", {}),
        frozenset(found.value.get("named", ())),
        interview.paper_mark is not None,
        None if interview.group_id is None else (interview.group_id, interview.group_number or 0),
        bool(found.value.get("asked_again")),
        interview.member_id if vault_rows.is_owners(interview) else None,
        found.own,
        found.value.get("handed", ""),
        found.value.get("warned", {}),
        found.value.get("aside", {}),
        bool(found.value.get("agreed")),
    )


def opened_last(session: Session, interview: Interview, *, by: Actor) -> Draft:
    """As `opened`, and locked: nobody saves a page until the transaction ends. For actions that end the draft."""
    vault.hold(session, interview.id, DRAFT)
    return opened(session, interview, by=by)


def rewritten(
    session: Session,
    draft: Draft,
    answers: Answers,
    visited: Iterable[str],
    *,
    by: Actor,
    named: Collection[str] | None = None,
    warned: Mapping[str, int] = NOTHING_SEEN,
) -> Draft:
    """The draft with other answers, sealed and kept as its next revision; raises StaleAnswers."""
    after, following = sealed_next(session, draft, answers, visited, by=by, named=named, warned=warned)
    try:
        keep(session, following, by=by)
    except vault.StaleRevision:
        raise StaleAnswers(draft) from None
    return after


def sealed_next(
    session: AnySession,
    draft: Draft,
    answers: Answers,
    visited: Iterable[str],
    *,
    by: Actor,
    named: Collection[str] | None = None,
    asked_again: bool = False,
    warned: Mapping[str, int] = NOTHING_SEEN,
) -> tuple[Draft, vault.NextRevision | ForOwner]:
    """The draft with other answers, and its next revision sealed but not kept yet; writes nothing.

    Where an official may have taken part and the post can still open it, the revision is sealed when it is kept.
    `visited` are the pages saved now: what they have to read out was read. A page that lost answers because another
    changed must be looked at again, unless they were only set aside; where it was the one that names parties to the
    person, nobody was named. `named`, `warned`: by the page that is saved now.
    """
    keep_struck_out(draft, answers, by=by)
    aside = set_aside(draft.questionnaire, draft.answers, answers, draft.aside)
    lost = draft.answers.keys() - answers.keys() - (aside.keys() - decided_anew(draft.questionnaire))
    every_page = draft.questionnaire.pages.values() if lost else ()
    again = {page.id for page in every_page if lost.intersection(page.questions)}
    looked_at = tuple(dict.fromkeys([page for page in draft.visited if page not in again] + list(visited)))
    questionnaire = draft.questionnaire
    wordings = wordings_read(draft, answers, visited)
    times = _times(draft, visited)
    if named is None:
        named = () if names_parties(questionnaire) & again else draft.named
    known = {**draft.warned, **warned}
    value: dict[str, Any] = {
        "answers": dict(answers),
        "wordings": wordings,
        "visited": list(looked_at),
        "times": times,
        "named": sorted(named),
        "warned": known,
    }
    asked_again = asked_again or draft.asked_again
    if asked_again:
        value["asked_again"] = True
    agreed = draft.agreed or any(agreed_to(questionnaire, each) for each in (draft.answers, answers))
    if agreed:
        value["agreed"] = True
    if draft.handed:
        value["handed"] = draft.handed
    if aside:
        value["aside"] = aside
    own = draft.own or official_involved(questionnaire, {**aside, **answers})
    following: vault.NextRevision | ForOwner
    if own and not draft.own:
        following = ForOwner(draft.interview_id, draft.owner_id, draft.revision, value)
    elif draft.found is None:
        following = vault.sealed_next(session, draft.interview_id, DRAFT, value, seen=draft.revision, by=by)
    else:
        following = vault.sealed_after(session, draft.found, value, by=by, step="" if own else _last(visited))
    after = Draft(
        draft.interview_id,
        draft.pseudonym,
        draft.status,
        draft.started_at,
        draft.expires_at,
        questionnaire,
        settled(questionnaire, answers),
        wordings,
        looked_at,
        following.revision,
        times=times,
        named=frozenset(named),
        on_paper=draft.on_paper,
        place=draft.place,
        asked_again=asked_again,
        owner_id=draft.owner_id,
        own=own,
        handed=draft.handed,
        warned=known,
        aside=aside,
        agreed=agreed,
    )
    return after, following


def keep_struck_out(draft: Draft, answers: Answers, *, by: Actor) -> None:
    """Raise NotTheirsToLift if a colleague's answers miss a party that the person struck out before."""
    if draft.owner_id == by.member_id:
        return
    asked = [question.id for question in draft.questionnaire.questions.values() if question.kind == "parties"]
    if any(set(draft.answers.get(name) or ()) - set(answers.get(name) or ()) for name in asked):
        raise NotTheirsToLift


def wordings_read(draft: Draft, answers: Answers, saved: Iterable[str]) -> dict[str, Any]:
    """What was read out until now, and on the pages that are saved now."""
    questionnaire = draft.questionnaire
    spoken = answers.get(language_question(questionnaire))
    language = reading_language(questionnaire, spoken, staff=questionnaire.languages[0])
    found = dict(draft.wordings)
    for page in saved:
        if read := wording_read(questionnaire, answers, language, among=questionnaire.pages[page].wordings):
            found[read.id] = {
                "version": read.version,
                "language": read.language,
                "status": read.status,
                "sha256": read.sha256,
            }
    return found


def _last(visited: Iterable[str]) -> str:
    """The page that is saved now, or the last of several."""
    return next(iter(list(visited)[::-1]), "")


@dataclass(frozen=True, slots=True)
class Glance:
    """What the list of one's own interviews says of each: the age class, and the page that was saved last."""

    age: str
    page: str
    language: str = ""
    urgent: bool = False


def glance(interview_id: uuid.UUID, questionnaire: str, *, by: Actor) -> Glance:
    """The age class, the last page and the language of the actor's own draft, as codes, and whether it is urgent; empty
    for what was not answered or does not open. Reads no more than these out of what is sealed, so no leave is needed
    and nothing is recorded."""
    value = vault.glance(db.session, interview_id, DRAFT, by=by)
    if value is None:
        return Glance("", "")
    asked, answers = questionnaire_called(questionnaire), value["answers"]
    language = next((each.id for each in asked.questions.values() if each.kind == "language"), "")
    return Glance(
        str(answers.get(asked.derive["age"], "")),
        next(iter(value["visited"][::-1]), ""),
        str(answers.get(language, "")),
        answers.get(asked.home.questions[0]) == "yes",
    )


def names_parties(questionnaire: Questionnaire) -> set[str]:
    """The pages that name the parties of the route to the person."""
    asked = {question.id for question in questionnaire.questions.values() if question.kind == "parties"}
    return {page.id for page in questionnaire.pages.values() if asked.intersection(page.questions)}


def _times(draft: Draft, saved: Iterable[str]) -> dict[str, int]:
    """When each page was last saved; an interview whose answers are given all at once has no times."""
    names = list(saved)
    if len(names) > 1:
        return {}
    after = int((clock.now() - draft.started_at).total_seconds())
    return {**draft.times, **dict.fromkeys(names, max(0, after))}


def keep(session: Session | Writer, following: vault.NextRevision | ForOwner, *, by: Actor) -> None:
    """Keep the revision and restart the session's quarter of an hour; raises vault.StaleRevision.

    `ForOwner` needs a transaction, and `shredding.work_off` after it.
    """
    if isinstance(following, ForOwner):
        assert isinstance(session, Session)
        holders = _with_keys(session, {by.member_id, following.owner_id})
        place = (following.case_id, DRAFT)
        epochs.give_to_members(session, *place, holders, seen=following.seen, value=following.value, by=by)
        vault.end_leave(session, *place, but=by)
    else:
        vault.keep(session, following)
    vault.extend(session, following.case_id, DRAFT, "interview", by=by)


def _with_keys(session: Session, members: Collection[uuid.UUID | None]) -> list[uuid.UUID]:
    """Those of the members who have keys of their own: of an account that was ended there are none."""
    has_keys = (Member.id.in_([each for each in members if each is not None]), Member.kem_public.is_not(None))
    return list(session.scalars(select(Member.id).where(*has_keys).order_by(Member.id)))


def hand_over(session: Session, interview: Interview, draft: Draft, to: uuid.UUID, why: str, *, by: Actor) -> None:
    """Make the interview a colleague's, with why: the actor opens it no more. Raises StaleAnswers.

    What the post may not open goes to the colleague's own key, under a new epoch.
    """
    assert draft.found is not None
    value = {**draft.found.value, "handed": why}
    try:
        if draft.own:
            epochs.give_to_members(session, interview.id, DRAFT, [to], seen=draft.revision, value=value, by=by)
        else:
            vault.keep(session, vault.sealed_after(session, draft.found, value, by=by))
    except vault.StaleRevision:
        raise StaleAnswers(draft) from None
    vault.end_leave(session, interview.id, DRAFT)
    give(interview, to)


def finished(draft: Draft, last: LastPage | None) -> dict[str, Any]:
    """The answers, with those of the last page if it comes with them; raises StaleAnswers, Incomplete."""
    answers = draft.answers
    if last is not None:
        if draft.revision != last.seen:
            raise StaleAnswers(draft)
        answers = draft.filled(last.page, last.given)
    missing = first_incomplete(draft.questionnaire, answers)
    if missing is not None:
        raise Incomplete(missing)
    return answers


def still_warned(draft: Draft, answers: Answers, last: LastPage | None) -> dict[str, int]:
    """The warnings that were seen, the last page's too, and that still hold at the end."""
    seen = {**draft.warned, **(last.warned if last is not None else {})}
    return answer_warnings.still_seen(draft.questionnaire, answers, seen)


def close(
    session: Session, interview: Interview, status: str, *, by: Actor, child: bool = False, done: bool = True
) -> None:
    """Turn a draft or completed interview into `sent` or `ended` and destroy its draft; raises NoLongerDraft.

    Its place in a group goes with it. `done`: it was not thrown away; who was announced is expected again otherwise,
    unless the child authority said what becomes of them, and is read of by the duty desk where nobody was handed over.

    Raises ChildWaits if the child authority was told of the interview (or, by `child`, had to be told) and has not
    given an answer that allows the end.
    """
    answered = status != "sent" and child_alert_steps.let_go(session, interview.id, child=child, by=by)
    group_steps.leave(session, interview, done=done)
    hit = hit_one(
        session,
        update(Interview)
        .where(Interview.id == interview.id, Interview.status.in_(UNSENT))
        .values(status=status, expires_at=None if status == "sent" else clock.now() + ENDED_STAYS),
    )
    if not hit:
        raise NoLongerDraft(status)
    how = Said.ENDED if done else Said.DESTROYED if by.member_id else Said.RAN_OUT
    lost = None if status == "sent" or answered else how
    announced_return_steps.interview_over(session, interview.id, lost, by=by.member_id, who=by)
    # What was sent is needed again if an older backup is restored; what was thrown away is not.
    (epochs.shred if status == "sent" else epochs.erase)(session, interview.id, [DRAFT])
