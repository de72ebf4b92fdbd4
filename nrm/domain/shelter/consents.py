"""Consent as several answers, each of which can be given, refused, taken back, and runs out (ADR 0043).

A child is not asked for consent: its wish is recorded, and the decision about the wish. A person whose age is not
certain is treated as a child.
"""

from __future__ import annotations

from collections.abc import Collection, Container, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from types import MappingProxyType

from nrm.domain.accounts.accounts import OrganisationKind
from nrm.domain.interviews.facts import statistics_consent
from nrm.domain.interviews.interviews import Answers, Page, Questionnaire
from nrm.domain.interviews.wordings import reading_language, wording_read
from nrm.domain.referrals.referrals import ReferralRefusal, ReferralRefused
from nrm.domain.shelter.cases import BY_CONSENT, OF_IDENTIFICATION, SHAREABLE, Compartment


class Topic(StrEnum):
    """The things that are asked, each separately."""

    SERVICES = "services"
    SHARING = "sharing"  # with one party, or with those the agreement names
    STATISTICS = "statistics"
    WISH = "wish"  # of a child, or of who may be one
    LINK = "link"  # a code by which the police tie a number of theirs to a witness


class Said(StrEnum):
    """What the person answered; a child's wish is one of the last three."""

    GIVEN = "given"
    REFUSED = "refused"
    AGREES = "agrees"
    AGAINST = "against"
    UNSAID = "unsaid"


SAID_OF: Mapping[Topic, tuple[Said, ...]] = MappingProxyType(
    {
        Topic.SERVICES: (Said.GIVEN, Said.REFUSED),
        Topic.SHARING: (Said.GIVEN, Said.REFUSED),
        Topic.STATISTICS: (Said.GIVEN, Said.REFUSED),
        Topic.WISH: (Said.AGREES, Said.AGAINST, Said.UNSAID),
        Topic.LINK: (Said.GIVEN, Said.REFUSED),
    }
)


class Weighed(StrEnum):
    """What became of a child's wish."""

    FOLLOWED = "followed"
    NOT_SAFE = "not_safe"
    TOO_YOUNG = "too_young"
    OTHER_INTEREST = "other_interest"


class Ended(StrEnum):
    """How an answer stopped holding."""

    WITHDRAWN = "withdrawn"
    LAPSED = "lapsed"  # its days are over, or the case was closed
    ASKED_AGAIN = "asked_again"


class Narrowing(StrEnum):
    """Whether, after the end of a consent, new keys or a destruction are still to be done."""

    NONE = ""
    WAITS = "waits"
    DONE = "done"


MISTAKEN = (Said.GIVEN, Ended.ASKED_AGAIN, Narrowing.DONE)
"""What was said, how it ended and what was done of a yes that the person had not said: nobody asked, and the reader's
keys are gone (ADR 0166). Of a yes that was really asked about again no reader loses a key."""
SHARED_BY_MISTAKE_WITHIN = timedelta(minutes=15)
"""How long whoever shared a part can say that it was a mistake; later the person is asked."""


class Interpreter(StrEnum):
    """How it was interpreted; the codes of the questionnaire."""

    NOBODY = "nobody"
    PRESENT = "present"
    TELEPHONE = "telephone"


class ByName(StrEnum):
    """What a person said about an organisation that was named to them later than the others."""

    YES = "yes"
    NO = "no"
    NOT_ASKED = "not_asked"


class Naming(StrEnum):
    """On which of the lists of a person an organisation stands (ADR 0058)."""

    NAMED = "named"  # its name was said to the person, who could answer
    STRUCK_OUT = "struck_out"
    TOLD = "told"  # it was given a key to something that the person told


AGAIN = "consent_again"
"""The wording that is read out by whoever has received the person."""
EVERYTHING = "everything"
"""The word for taking back everything: what is sealed is destroyed."""


class ConsentRefusal(StrEnum):
    """Why an answer of a person is refused."""

    CHILD = "child"  # no consent is asked
    ADULT = "adult"  # no wish is weighed
    NOTHING = "nothing"  # no such answer holds
    WEIGHED = "weighed"  # what became of the wish is missing
    CHANGED = "changed"  # it stands otherwise than the page said


class ConsentRefused(Exception):
    """It cannot be recorded or taken back; `reason` says why."""

    def __init__(self, reason: ConsentRefusal) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Validity:
    """How many days an answer holds, and how many before the end the holder is told to ask again."""

    services_days: int
    sharing_days: int
    ask_again_days: int


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer as it was given. `party`: the code of a party of the agreement; empty: those the agreement names."""

    topic: Topic
    said: Said
    party: str = ""


@dataclass(frozen=True, slots=True)
class Asking:
    """How it was asked: the wording that was read (`version` 0: none), in which language, and through whom."""

    questionnaire: str
    language: str
    interpreter: str
    wording: str = ""
    version: int = 0
    sha256: str = ""


def due_on(answer: Answer, asked_on: date, validity: Validity) -> date | None:
    """The last day on which the answer holds; None: it does not run out.

    A no does not run out. Neither does a wish, because it is weighed and not binding, nor the consent to be counted,
    because that gives nobody access.
    """
    if answer.said is not Said.GIVEN:
        return None
    days = {
        Topic.SERVICES: validity.services_days,
        Topic.SHARING: validity.sharing_days,
        Topic.LINK: validity.sharing_days,
    }.get(answer.topic)
    return asked_on + timedelta(days=days) if days is not None else None


def is_due(due: date | None, today: date, validity: Validity) -> bool:
    """Whether the holder is to ask again by now."""
    return due is not None and due - timedelta(days=validity.ask_again_days) <= today


def check_asked(age_class: str, answers: Iterable[Answer]) -> None:
    """Raise ConsentRefused unless these can be asked of a person of that age class."""
    for answer in answers:
        wish = answer.topic is Topic.WISH
        if wish and age_class == "adult":
            raise ConsentRefused(ConsentRefusal.ADULT)
        if not wish and age_class != "adult":
            raise ConsentRefused(ConsentRefusal.CHILD)
        if answer.said not in SAID_OF[answer.topic] or (answer.party and answer.topic is not Topic.SHARING):
            raise ConsentRefused(ConsentRefusal.NOTHING)


def check_weighed(answer: Answer, weighed: Weighed | None) -> None:
    """Raise ConsentRefused if a wish that was said is not weighed, or if anything else is."""
    needed = answer.topic is Topic.WISH and answer.said is not Said.UNSAID
    if needed != (weighed is not None):
        raise ConsentRefused(ConsentRefusal.WEIGHED)


def consent_of_case(answers: Iterable[Answer]) -> str:
    """`given` or `refused`, as the agreement's rules see the answers of an adult: help and sharing make a yes."""
    said = {(each.topic, each.said) for each in answers}
    no_help = (Topic.SERVICES, Said.GIVEN) not in said
    return "refused" if no_help or (Topic.SHARING, Said.GIVEN) not in said else "given"


def nothing_is_kept(answers: Collection[Answer], *, before: str) -> bool:
    """Whether, by these answers of an adult, nothing that was told may be kept. `before`: the consent of the case."""
    if not any(each.topic is Topic.SERVICES for each in answers):
        return False
    return Answer(Topic.SHARING, Said.REFUSED) in answers or (
        consent_of_case(answers) == "refused" and before != "given"
    )


def towards(
    said: str, party: str, *, named: Container[str], struck_out: Container[str], by_name: ByName | None = None
) -> str:
    """The consent that holds towards the party that is to be asked, as the agreement's rules see it.

    `said`: what the person answered about the parties that were `named` to them. A yes is valid only for these, and for
    another party only if it was named later (`by_name`). Without that yes, the party may be asked for a place and must
    ask the person first (`not_asked_urgent`). Raises ReferralRefused: `struck_out`, also for a party that was named
    later and refused; `by_name` if nobody has recorded yet whether the person was asked.
    """
    if party in struck_out or by_name is ByName.NO:
        raise ReferralRefused(ReferralRefusal.STRUCK_OUT)
    if said != "given" or party in named or by_name is ByName.YES:
        return said
    if by_name is None:
        raise ReferralRefused(ReferralRefusal.BY_NAME)
    return "not_asked_urgent"


def of_interview(
    questionnaire: Questionnaire, answers: Answers, *, consent: str, agreed: Iterable[str], struck_out: Iterable[str]
) -> tuple[Answer, ...]:
    """The answers of an adult in an interview that is sent; none for a child.

    `consent`: as it holds towards the party that is asked. For a person who could not be asked, or did not decide, only
    the refusals. Who does not know whether to be counted is not counted, and has refused nothing.
    `agreed`: the parties that were named and may be told; `struck_out`: those that may not.
    """
    if consent not in ("given", "not_asked_urgent"):
        return ()
    given = []
    refused = set(struck_out)
    if consent == "given":
        given.append(Answer(Topic.SERVICES, Said.GIVEN))
        given += [Answer(Topic.SHARING, Said.GIVEN, party) for party in dict.fromkeys(agreed) if party not in refused]
    given += [Answer(Topic.SHARING, Said.REFUSED, party) for party in sorted(refused)]
    if statistics_consent(questionnaire, answers) == "yes":
        given.append(Answer(Topic.STATISTICS, Said.GIVEN))
    elif answers.get(questionnaire.derive["consent_statistics"]) == "no":
        given.append(Answer(Topic.STATISTICS, Said.REFUSED))
    return tuple(given)


def of_own_case(consent: str, statistics: str) -> tuple[Answer, ...]:
    """The answers of an adult who came to a shelter. Taking a place is consent to help, independent of the other
    answers."""
    if consent == "not_asked_child":
        return ()
    kept = Said.GIVEN if consent == "given" else Said.REFUSED
    counted = Said.GIVEN if statistics == "yes" else Said.REFUSED
    return (Answer(Topic.SERVICES, Said.GIVEN), Answer(Topic.SHARING, kept), Answer(Topic.STATISTICS, counted))


def asking(
    questionnaire: Questionnaire, answers: Answers, *, language: str, interpreter: str, page: Page | None = None
) -> Asking:
    """How consent is asked in `language`: with the wording of the page that asks for it, if there is one that fits.

    Where there is none in that language, the wording of the officers' language was interpreted. Without a `page`
    whoever has received the person asks: what is read at a post does not fit there.
    """
    among = page.wordings if page is not None else [AGAIN] if AGAIN in questionnaire.wordings else ()
    staff = questionnaire.languages[0]
    spoken = reading_language(questionnaire, language, staff=staff)
    read = wording_read(questionnaire, answers, spoken, among=among) or wording_read(
        questionnaire, answers, staff, among=among
    )
    if read is None:
        return Asking(questionnaire.id, language, interpreter)
    return Asking(questionnaire.id, language, interpreter, read.id, read.version, read.sha256)


def texts_to_ask(questionnaire: Questionnaire) -> frozenset[str]:
    """The languages in which whoever received the person can read out what is asked: of the wording, if there is one,
    and of those who ask."""
    wording = questionnaire.wordings.get(AGAIN)
    return frozenset((*questionnaire.languages, *(wording.text if wording is not None else ())))


def is_interpreted(language: str, interpreter: str, texts: Collection[str]) -> bool:
    """Whether somebody interpreted, or nobody had to: of a language without a text nobody understands what is read
    (ADR 0249)."""
    return language in texts or interpreter != Interpreter.NOBODY


def read_from(questionnaire: Questionnaire, wording: str, sha256: str) -> str:
    """The language of the text that was read, by its digest; empty where no text of today is the one."""
    found = questionnaire.wordings.get(wording)
    for language in found.text if found is not None else ():
        read = wording_read(questionnaire, {"age": "adult"}, language, among=[wording])
        if read is not None and read.sha256 == sha256:
            return language
    return ""


def asked_in_interview(questionnaire: Questionnaire, answers: Answers) -> Asking:
    """How it was asked in an interview, on the page whose answer decides; without a wording where it was not asked."""
    question = next((each.id for each in questionnaire.questions.values() if each.kind == "language"), "")
    language, interpreter = str(answers.get(question) or ""), str(answers.get("interpreter") or "")
    decide = frozenset[str]().union(*(when.names() for _, when in questionnaire.consent)) - {
        questionnaire.derive["age"]
    }
    answered = decide & answers.keys()
    page = next((each for each in questionnaire.pages.values() if answered.intersection(each.questions)), None)
    if page is None:
        return Asking(questionnaire.id, language, interpreter)
    return asking(questionnaire, answers, language=language, interpreter=interpreter, page=page)


def read_by_consent(kind: OrganisationKind, granted: Collection[Compartment] | None = None) -> frozenset[Compartment]:
    """What an organisation of this kind reads because the person agrees: that stops when the consent ends.

    `granted`: what the clauses give it of this person; None: all that a clause can give to such a kind.
    """
    shared = SHAREABLE.get(kind, frozenset())
    if kind not in BY_CONSENT:
        clause = shared - OF_IDENTIFICATION if granted is None else frozenset(granted)
        shared -= clause - OF_IDENTIFICATION
    return shared | OF_IDENTIFICATION if Compartment.JOINT_INTERVIEW in shared else shared


def reads_by_consent(kind: OrganisationKind) -> bool:
    """Whether it reads anything so."""
    return bool(read_by_consent(kind))


KEPT_FOR = timedelta(days=14)
"""How long the particulars of somebody who is not counted any more wait for another member, and can be put back; then
they are destroyed (ADR 0188)."""


class UncountedRefusal(StrEnum):
    """Why a member decides nothing about it."""

    NONE = "none"  # nothing waits
    OWN = "own"  # who wrote it down, or is one hand with who did


class UncountedRefused(Exception):
    """Nothing is done; `reason` says why."""

    def __init__(self, reason: UncountedRefusal) -> None:
        super().__init__(reason)
        self.reason = reason
