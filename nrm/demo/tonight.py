"""What is under way when a demo country opens: returns announced, a child at a post, urgent hand-overs added to."""

from __future__ import annotations

import random
import uuid
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

from nrm import clock
from nrm.actions.interviews import interview_sending, interviews
from nrm.actions.referrals import next_receiver, outside_referrals, proposals, referrals, supplements
from nrm.actions.shelter import away, direct_intake, promises
from nrm.actions.shelter import places as place_actions
from nrm.actions.shelter import stays as stay_actions
from nrm.actions.shelter import units as unit_actions
from nrm.demo.cast import cast
from nrm.demo.life import Life, everybody
from nrm.demo.made_up_interviews import random_answers
from nrm.demo.residents import enter_month
from nrm.domain.accounts.accounts import Actor, NotVisible
from nrm.domain.interviews.interview_findings import turns_adult
from nrm.domain.referrals.announced_returns import Announcement, Origin
from nrm.domain.referrals.outside_referrals import OutsideKind, OutsideReason
from nrm.domain.referrals.referrals import Escort, OverrideReason, ReferralRefused, ReferralStatus
from nrm.domain.referrals.transfers import HandOver, MoveReason
from nrm.domain.shelter.ages import after
from nrm.domain.shelter.away import AwayRefused
from nrm.domain.shelter.cases import ADULT_AGE
from nrm.domain.shelter.consents import ByName
from nrm.domain.shelter.direct_intake import OwnCase
from nrm.domain.shelter.places import ExtraReason, OutReason, PlaceRefused
from nrm.domain.shelter.stays import Source
from nrm.store import days as calendar
from nrm.store.countries import country
from nrm.store.rows.referrals import next_receiver as next_receiver_rows
from nrm.store.rows.referrals import supplements as supplement_rows
from nrm.store.shelter import places, stays

_HOUR = timedelta(hours=1)


def add_tonight(life: Life, last: datetime) -> None:
    """Let all of it happen in the hours before `last`."""
    state, second, _ = cast().houses
    main, large, third = cast().first_posts
    often, other, _ = cast().abroad
    announcing, origin = cast().announcing
    life.at(last - 120 * _HOUR, lambda: life.here_before.let_one_come_again(second))
    life.at(last - 75 * _HOUR, lambda: _look_after_the_building(life))
    life.at(last - 72 * _HOUR, lambda: _go(life, state, nights=1))
    life.at(last - 5 * _HOUR, lambda: _go(life, second, nights=1))
    life.at(last - 4.5 * _HOUR, lambda: _turn_18(life, state))
    life.at(last - 30 * _HOUR, lambda: _expect(life, cast().helpline, large, Origin.FOREIGN_NGO, often, 0, "no"))
    life.at(last - 6 * _HOUR, lambda: _expect(life, announcing, main, origin, other, 0, "no"))
    life.at(last - 5 * _HOUR, lambda: _expect(life, announcing, main, Origin.FOREIGN_AUTHORITY, often, 1, "yes"))
    life.at(last - 4 * _HOUR, lambda: _hand_over_urgently(life, main, add=True))
    life.at(last - 3 * _HOUR, lambda: _hand_over_urgently(life, main, add=False))
    life.at(last - 2 * _HOUR, lambda: _move_and_return(life))
    life.at(last - 1 * _HOUR, lambda: _refer_out(life))
    life.at(last - timedelta(minutes=9), lambda: _ask_a_child(life, third))


def _expect(life: Life, recorder: str, post: str, origin: Origin, country: str, days: int, child: str) -> None:
    day = calendar.today() + timedelta(days=days)
    made = Announcement(origin, country, day, child, hour=8, companions=1 if child == "yes" else 0)
    life.notice(uuid.uuid4(), recorder, life.organisation_at(post), made)


def _hand_over_urgently(life: Life, post: str, *, add: bool) -> None:
    """Somebody hurt is handed over by the short way and taken in; the post adds what was left out, or may still."""
    officer = life.actors[post]
    fixed: dict[str, Any] = {"urgent": "yes", "age": "adult", "consent_urgent": "given", "gender": "feminine"}
    fixed |= {"alone": "yes", "language": cast().home_language, "interpreter": "nobody"}
    interview_id = interviews.start(interview_id=uuid.uuid4(), urgent=True, by=officer)
    answers = _walk(life, {**fixed, "risk": "medium", "avoid": ["none"], "parties": []})
    interviews.save_answers(interview_id=interview_id, answers=answers, named=everybody(), by=officer)
    for choice in proposals.propose(interview_id=interview_id, by=officer).named:
        by = life.actors[choice.organisation.code]
        free = places.free_places(by=by)
        if not free:
            continue
        try:
            why = "" if choice.proposed else str(OverrideReason.NO_ANSWER_IN_TIME)
            sent = interview_sending.send(
                interview_id=interview_id, party=choice.party, override_reason=why, by=officer
            )
        except ReferralRefused:
            continue
        expected_at = clock.now() + 6 * _HOUR
        referrals.accept(referral_id=sent.referral_id, place_id=free[0][0], expected_at=expected_at, by=by)
        life.duties.look(sent.case_id)
        if add:
            supplement = supplement_rows.of_case(sent.case_id)
            assert supplement is not None
            given, family = cast().person(3)
            told = {"given": given, "family": family, "story": cast().writes["added"]}
            supplements.send(supplement_id=supplement.id, answers=told, by=officer)
        return


def _look_after_the_building(life: Life) -> None:
    """Mothers get a corridor of their own, one place is repaired, one is extra, and one is kept for who comes next."""
    manager, today = life.actors[f"{cast().houses[1]}/shelter_manager"], calendar.today()
    free = places.free_places(by=manager)
    units = places.units(by=manager)
    coming = _settled(life, cast().houses[0])
    if len(free) < _FEW or not units or coming is None:
        return
    (broken, _), (kept, _), *others = free
    place_actions.take_out(
        place_id=broken,
        from_on=today,
        until_on=today + timedelta(days=9),
        reason=OutReason.REPAIRS,
        reference=cast().writes["repairs"],
        by=manager,
    )
    place_actions.extra(
        unit_id=units[0].id,
        from_on=today,
        until_on=today + timedelta(days=min(6, country().building.extra_place_days)),
        why=ExtraReason.CAME_TOGETHER,
        by=manager,
    )
    promises.promise(
        place_id=kept, code=coming.pseudonym, from_on=today, until_on=today + timedelta(days=5), by=manager
    )
    mothers = [place_id for place_id, _ in others[:4]]
    unit_actions.split(
        unit_id=units[0].id,
        place_ids=mothers,
        label=cast().writes["mothers"],
        for_whom="mother_with_children",
        on=today,
        by=manager,
    )


_FEW = 8
"""With fewer free places than these a building is left as it is."""


def _go(life: Life, shelter: str, *, nights: int) -> None:
    """A resident is away: expected back after these nights."""
    by, today = life.actors[shelter], calendar.today()
    for line in stays.stays(by=by).rows:
        if line.nights <= 3 or line.overdue or line.small_child or line.away_id is not None:
            continue
        with suppress(AwayRefused):  # she came back today, or is missing
            back = today + timedelta(days=nights)
            away.record(stay_id=line.id, since_on=today, expected_on=back, reason="", by=by)
            return


def _turn_18(life: Life, shelter: str) -> None:
    """A girl who came by herself turns 18 before this month is over."""
    by, today = life.actors[shelter], calendar.today()
    free = places.free_places(by=by)
    last = after(today.replace(day=1)) - timedelta(days=1)
    leap = (last.month, last.day) == (2, 29)
    born = (last - timedelta(days=1) if leap else last).replace(year=last.year - ADULT_AGE)
    if not free or turns_adult(born) < today:
        return
    given, family = cast().person(4)
    opened = direct_intake.open_case(
        case=OwnCase(
            source=Source.SOCIAL_SERVICES,
            age_class="child",
            age=ADULT_AGE - 1,
            gender="feminine",
            citizenship=country().iso,
            consent="not_asked_child",
            statistics="not_asked",
            home=country().iso,
        ),
        place_id=free[0][0],
        admitted_on=today,
        anticipated_end_on=today + timedelta(days=60),
        identity={"given": given, "family": family, "birth": born.isoformat()},
        by=by,
    )
    life.duties.look(opened.case_id, by)
    enter_month(opened.case_id, born, by, life.actors[cast().child_officer])


def _settled(life: Life, shelter: str) -> stays.StayLine | None:
    """Somebody who has been in the shelter for a while and whom nobody is asked to take over."""
    for line in stays.stays(by=life.actors[shelter]).rows:
        if line.away_id is not None or line.missing_since is not None or line.small_child:
            continue
        last = next_receiver_rows.last_of(line.case_id)
        if line.nights > 3 and not line.overdue and (last is None or not ReferralStatus(last.status).is_open):
            return line
    return None


def _move_and_return(life: Life) -> None:
    """A woman moves from one shelter to another, and another one comes back to where she was."""
    state, second, third = cast().houses
    line = _settled(life, second)
    if line is None:
        return
    _move(life, line.case_id, second, third, OverrideReason.LONGER_REINTEGRATION)
    _move(life, line.case_id, third, second, OverrideReason.CONFLICT_WITH_RESIDENT)
    line = _settled(life, state)
    if line is not None:
        _move(life, line.case_id, state, third if third != state else second, OverrideReason.PERSON_WISHES)
    line = _settled(life, second)
    if line is not None:
        _move(life, line.case_id, second, state, OverrideReason.PERSON_WISHES, leaves=False)


_WHY = {
    OverrideReason.LONGER_REINTEGRATION: MoveReason.LONGER_HELP,
    OverrideReason.CONFLICT_WITH_RESIDENT: MoveReason.CONFLICT_WITH_RESIDENT,
}


def _hand_over(reason: OverrideReason) -> HandOver:
    """What a shelter writes for the next one, in its language; nobody real is meant."""
    said = cast().writes
    return HandOver(
        reason=_WHY.get(reason, MoveReason.OWN_WISH),
        doctor=False,
        needs=said["needs"],
        risk=said["risk"],
        wishes=said["wishes"],
        words=said["hand_over"],
    )


def _move(life: Life, case_id: uuid.UUID, old: str, new: str, reason: OverrideReason, *, leaves: bool = True) -> None:
    """From asking to the place, if the other shelter has one; or only to the acceptance, when she leaves tomorrow."""
    by, receiver = life.actors[old], life.actors[new]
    free = places.free_places(by=receiver)
    if not free or receiver.organisation_id is None:
        return
    try:
        referral_id = next_receiver.refer(
            case_id=case_id,
            receiver_id=receiver.organisation_id,
            reason=reason,
            hand_over=_hand_over(reason),
            by=by,
            by_name=ByName.YES,
        )
    except (ReferralRefused, NotVisible):
        return
    place_id = _accept(referral_id, [place_id for place_id, _ in free], receiver)
    if place_id is None or not leaves:
        return
    referrals.depart(referral_id=referral_id, escort=Escort.WOMAN_STAFF, expected_at=clock.now() + 2 * _HOUR, by=by)
    referrals.arrive(referral_id=referral_id, by=receiver)
    today = calendar.today()
    stay_actions.admit(
        case_id=case_id,
        place_id=place_id,
        admitted_on=today,
        anticipated_end_on=today + timedelta(days=60),
        by=receiver,
    )


def _accept(referral_id: uuid.UUID, free: list[uuid.UUID], by: Actor) -> uuid.UUID | None:
    """The first of these places that is free until tomorrow, too; without one it is not answered yet."""
    for place_id in free:
        with suppress(PlaceRefused):
            referrals.accept(referral_id=referral_id, place_id=place_id, expected_at=clock.now() + 14 * _HOUR, by=by)
            return place_id
    return None


def _refer_out(life: Life) -> None:
    """A shelter asks a hospital for treatment, by a letter without name."""
    line = _settled(life, cast().houses[0])
    if line is None:
        return
    outside_referrals.refer_out(
        case_id=line.case_id,
        kind=OutsideKind.HOSPITAL,
        addressee=cast().writes["hospital"],
        reason=OutsideReason.TREATMENT,
        needs=["medical"],
        language=country().language,
        agreed=True,
        closes=False,
        by=life.actors[cast().houses[0]],
    )


def _ask_a_child(life: Life, post: str) -> None:
    """An officer has just learned that the person is under 18."""
    officer = life.actors[post]
    interview_id = interviews.start(interview_id=uuid.uuid4(), by=officer)
    draft = interviews.read(interview_id=interview_id, by=officer)
    page = draft.pages[0]
    made = _walk(life, {"urgent": "no", "age": "child", "gender": "feminine"})
    given = {question: made[question] for question in page.questions if question in made}
    interviews.save_page(draft=draft, page=page.id, given=given, seen=draft.revision, by=officer)


def _walk(life: Life, fixed: Mapping[str, Any]) -> dict[str, Any]:
    return random_answers(
        life.questionnaire,
        random.Random(7),  # noqa: S311 - plausible, not secret
        today=clock.today(country().timezone),
        fixed=fixed,
        severity=0.35,
        answered=0.95,
        texts=cast().texts,
    )
