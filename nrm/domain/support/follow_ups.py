"""The months after a shelter: what is agreed with a person, when she is asked how she is, and what comes of it.

Source: National Action Plan 2005-2007, II.1(b)(vi): a confidential mechanism that follows a person after the shelter.
Decided in ADR 0152.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

FOLLOW_UP = "follow_up"
"""What is sealed of a follow-up, under its own id: the holder of the case alone has a key."""
FOLLOW_UP_CODES = "follow_up_codes"
"""What is sealed beside it once the person wants no contact any more, while the payment desk owes an answer: the codes
of her benefits alone, which are there still when all else is destroyed (ADR 0215)."""
SAID = "follow_up_alarm"
"""What an entry under seal says that it is, where the house wrote what it does about an alarm."""
BEFORE = "before"
"""How the name of an entry under seal begins that keeps what was agreed before, until it was changed."""
WORDS = ("channel", "who", "say", "when")
"""What is agreed in words: how she is reached, who may answer, what may be said to them, when."""
EARLY = timedelta(days=14)
"""So long before its day a contact can be entered: she called, or came by."""
LAPSES_AFTER = timedelta(days=90)
KEPT_FOR_BENEFITS = timedelta(days=90)
"""So much longer than else what is sealed of an agreement that is over is kept while a benefit of the house waits."""
"""So long after its last day a follow-up that nobody finished is over."""


@dataclass(frozen=True, slots=True)
class FollowUpRules:
    """What a country says. `months`: after how many months she is asked; the last one asks for the outcome.

    `again_days`: when it is tried again; `tries`: after how many a contact counts as missed; `late_days`: after how
    many days the manager is told.
    """

    months: tuple[int, ...] = (1, 3, 6, 12)
    again_days: int = 7
    tries: int = 3
    late_days: int = 7


class Ended(StrEnum):
    """Why a follow-up is over."""

    FINISHED = "finished"
    NO_LONGER = "no_longer"  # she does not want it any more
    CAME_BACK = "came_back"  # she lives in the shelter again
    MOVED = "moved"  # another organisation has the case
    LAPSED = "lapsed"  # nobody finished it


class Stand(StrEnum):
    """How one contact stands."""

    OPEN = "open"
    REACHED = "reached"
    NOT_REACHED = "not_reached"
    ENDED = "ended"  # the follow-up was over before


class Result(StrEnum):
    """What came of trying to reach her."""

    REACHED = "reached"
    NOT_REACHED = "not_reached"
    NO_LONGER = "no_longer"
    OTHER_PERSON = "other_person"  # what was entered of it was about somebody else: nothing was tried


class How(StrEnum):
    """How she was reached, or was tried to be."""

    TELEPHONE = "telephone"
    MESSAGE = "message"
    VISIT = "visit"
    CAME_TO_US = "came_to_us"
    THROUGH_SOMEBODY = "through_somebody"


class Living(StrEnum):
    """Where she lives."""

    OWN_HOME = "own_home"
    FAMILY = "family"
    FRIENDS = "friends"
    INSTITUTION = "institution"
    ABROAD = "abroad"
    NO_HOME = "no_home"
    NOT_KNOWN = "not_known"


class Occupation(StrEnum):
    """Whether she works or goes to school."""

    WORK = "work"
    SCHOOL = "school"
    BOTH = "both"
    NEITHER = "neither"
    NOT_KNOWN = "not_known"


class Safe(StrEnum):
    """Whether she is safe, in her own words."""

    YES = "yes"
    NO = "no"
    NOT_SURE = "not_sure"


class Outcome(StrEnum):
    """What became of her at the last contact."""

    SETTLED = "settled"
    SAFE_WITHOUT_INCOME = "safe_without_income"
    NEEDS_SUPPORT = "needs_support"
    NOT_SAFE = "not_safe"
    EXPLOITED_AGAIN = "exploited_again"
    LEFT_COUNTRY = "left_country"
    NOT_KNOWN = "not_known"


class Acts(StrEnum):
    """What the house does about somebody who is not safe, or whom nobody reached."""

    POLICE = "police"  # the police were called
    FETCHED = "fetched"  # somebody fetches the person
    MET = "met"  # somebody met the person
    OTHER_OFFICE = "other_office"  # another office was asked
    LOOKED_FOR = "looked_for"  # somebody looks for the person


SAFE_IS_SHOWN = timedelta(days=7)
"""How long the duty desk still reads that a house recorded that a child is safe."""
END_IS_KEPT = SAFE_IS_SHOWN
"""How long what is sealed is kept after somebody pressed that the person does not want it any more (ADR 0215)."""
UNSAFE_END_IS_SHOWN = timedelta(days=30)
"""How long the house and the duty desk read who ended a follow-up while the person was not safe."""


TOLD_OF_ANOTHER_WITHIN = timedelta(days=1)
"""So long who wrote down that a person is not safe can say that it was another one."""


class Stands(StrEnum):
    """Why an alarm stands of which somebody says that it was another person's; the first that applies (ADR 0277)."""

    CHILD = "child"
    NO_MANAGER = "no_manager"
    ACTED = "acted"
    COLLEAGUE = "colleague"
    AGAIN = "again"  # it was said more than once
    CONTACT = "contact"  # it was said at a contact, which is corrected there
    BETWEEN = "between"  # it was said between two contacts, and is taken back beside the alarm
    LATE = "late"  # written down more than a day ago


class FollowUpRefusal(StrEnum):
    """Why nothing is recorded."""

    STANDS = "stands"  # it is agreed already
    NONE = "none"  # nothing is agreed
    CHILD_RETURN = "child_return"  # the child is followed by the record of her return
    CHANNEL = "channel"
    ENDED = "ended"
    NOT_YET = "not_yet"
    EARLIER_FIRST = "earlier_first"
    ANSWERS = "answers"  # she was reached, and it is not said how she is
    OUTCOME = "outcome"  # the last contact asks for it
    NOT_AGREED = "not_agreed"  # the case is closed as if it were
    AGREED = "agreed"  # the case is closed as if it were not
    MANAGER = "manager"  # says that the house acts
    NO_ALARM = "no_alarm"
    WHAT_IS_DONE = "what_is_done"  # it is not written down what the house does
    NOT_ACTED = "not_acted"  # nobody said yet that the house acts
    NOT_SAFE = "not_safe"  # nobody said within a week that she is safe
    MANAGER_ENDS = "manager_ends"  # she is not safe: the manager alone ends it
    ACT_FIRST = "act_first"  # she is not safe: it ends after the house said what it does
    SAFE_FIRST = "safe_first"  # agreed anew once it is settled that she was not safe
    CHILD_NOT_SAFE = "child_not_safe"  # it ends once somebody recorded that the child is safe
    NOT_BEGUN = "not_begun"  # the person is in the shelter still
    SAID_SINCE = "said_since"  # somebody wrote something after the page was shown
    ACT_AGAIN = "act_again"  # she said once more that she is not safe, and nobody said what is done about that
    DANGER_SINCE = "danger_since"  # after the page was shown she said that she is not safe, or that nobody acts
    WHO_SPOKE = "who_spoke"  # it is not written down who spoke with her
    CHILD_MANAGER = "child_manager"  # of a child the manager alone ends it
    NOTHING_ENTERED = "nothing_entered"  # nothing is there that was about another person
    OF_ANOTHER = "of_another"  # that she is not safe stays: others said it, too, or somebody acts on it
    END_MANAGER = "end_manager"  # the manager alone takes back that it ended


class FollowUpRefused(Exception):
    """Nothing is recorded; `reason` says why."""

    def __init__(self, reason: FollowUpRefusal) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Contact:
    """The coded answers of one try. Where she was not reached, `how` and `text` alone."""

    result: Result
    how: How
    living: Living | None = None
    occupation: Occupation | None = None
    safe: Safe | None = None
    needs: tuple[str, ...] = ()
    help_now: bool = False
    outcome: Outcome | None = None

    @property
    def alarms(self) -> bool:
        """Whether somebody must act today."""
        return self.result is Result.REACHED and (self.help_now or self.safe is Safe.NO)

    @property
    def says_safe(self) -> bool:
        """Whether the person says that she is safe, and needs no help now."""
        return self.result is Result.REACHED and self.safe is Safe.YES and not self.help_now

    def sealed(self) -> dict[str, object]:
        """The answers that stand under seal."""
        said = {"result": self.result, "how": self.how, "living": self.living, "occupation": self.occupation}
        codes: dict[str, object] = {name: str(each) for name, each in {**said, "safe": self.safe}.items() if each}
        return codes | {"needs": list(self.needs), "help_now": self.help_now}


def due_on(begins_on: date, months: int) -> date:
    """The same day so many months later; the last day of a shorter month."""
    number = begins_on.year * 12 + begins_on.month - 1 + months
    year, month = number // 12, number % 12 + 1
    return date(year, month, min(begins_on.day, monthrange(year, month)[1]))


def is_late(next_on: date, rules: FollowUpRules, today: date) -> bool:
    """Whether the manager is told of it."""
    return today > next_on + timedelta(days=rules.late_days)


def check_agreed(*, stands: bool, channel: str, child_return: bool) -> None:
    """Raise FollowUpRefused unless a follow-up can be agreed: there is a way to reach her, and no other one."""
    if stands:
        raise FollowUpRefused(FollowUpRefusal.STANDS)
    if child_return:
        raise FollowUpRefused(FollowUpRefusal.CHILD_RETURN)
    if not channel.strip():
        raise FollowUpRefused(FollowUpRefusal.CHANNEL)


def check_contact(contact: Contact, *, state: Stand, due: date, last: bool, earlier_open: bool, today: date) -> None:
    """Raise FollowUpRefused unless this contact can be entered now. `last`: it asks for the outcome."""
    if state is Stand.ENDED:
        raise FollowUpRefused(FollowUpRefusal.ENDED)
    if today < due - EARLY:
        raise FollowUpRefused(FollowUpRefusal.NOT_YET)
    if earlier_open:
        raise FollowUpRefused(FollowUpRefusal.EARLIER_FIRST)
    if contact.result is Result.REACHED:
        if contact.living is None or contact.occupation is None or contact.safe is None:
            raise FollowUpRefused(FollowUpRefusal.ANSWERS)
        if last and contact.outcome is None:
            raise FollowUpRefused(FollowUpRefusal.OUTCOME)


def why_not_ended(*, alarm: bool, acted: bool, adult: bool, leads: bool) -> FollowUpRefusal | None:
    """Why nobody, or not this member, ends it because the person wants it: while she is not safe nothing by which she
    is found is destroyed before the house acts, and of a child nothing before the child is safe. A child's is ended by
    who leads the house alone. None: it can end."""
    if not alarm:
        return None if adult or leads else FollowUpRefusal.CHILD_MANAGER
    if not adult:
        return FollowUpRefusal.CHILD_NOT_SAFE
    if not leads:
        return FollowUpRefusal.MANAGER_ENDS
    return None if acted else FollowUpRefusal.ACT_FIRST


def is_tried_again(*, ended: bool, later_settled: bool) -> bool:
    """Whether a contact that was settled as reached by mistake is tried again: not once a later one was made."""
    return not ended and not later_settled


def after(result: Result, tries: int, rules: FollowUpRules, *, corrects: bool = False) -> Stand:
    """How a contact stands after this try, which was number `tries`. `corrects`: it was settled already, and is not
    tried again."""
    if result is Result.REACHED:
        return Stand.REACHED
    if result is Result.NO_LONGER:
        return Stand.ENDED
    if result is Result.OTHER_PERSON:
        return Stand.NOT_REACHED if corrects else Stand.OPEN
    return Stand.NOT_REACHED if corrects or tries >= rules.tries else Stand.OPEN


def check_closing(*, agreed: bool, stands: bool) -> None:
    """Raise FollowUpRefused where the checklist of a closing says something else than what was agreed with her."""
    if agreed and not stands:
        raise FollowUpRefused(FollowUpRefusal.NOT_AGREED)
    if stands and not agreed:
        raise FollowUpRefused(FollowUpRefusal.AGREED)


NOT_REACHED, NO_LONGER, CAME_BACK, NOT_RECORDED = "not_reached", "no_longer", "came_back", "not_recorded"
AT_THE_END = (*Outcome, NOT_REACHED, NO_LONGER, CAME_BACK, NOT_RECORDED)
"""What the report counts of one person."""


def outcome_at_the_end(state: Stand, outcome: str, ended: Ended | None) -> str:
    """What the report says of the last contact, as it is known at the end of the period. `ended`: why the follow-up was
    over by then, if it was."""
    if state is Stand.REACHED:
        return outcome or str(Outcome.NOT_KNOWN)
    if state is Stand.NOT_REACHED:
        return NOT_REACHED
    if ended is Ended.NO_LONGER:
        return NO_LONGER
    return CAME_BACK if ended is Ended.CAME_BACK else NOT_RECORDED


def contacts_before(states: Sequence[Stand] | Collection[Stand]) -> str:
    """At how many of the contacts before the last one she was reached."""
    reached = sum(each is Stand.REACHED for each in states)
    if not reached:
        return "none"
    return "all" if reached == len(states) else "some"
