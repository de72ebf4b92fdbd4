"""The exercises of a training: what an invented person says, what to do, and what the answers should be.

What should be there is computed from `answers` by the rules of the country, as for an interview that was held: nothing
here names a shelter, a clause or an hour (ADR 0189).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from nrm.domain.words import N_, Phrase


class At(StrEnum):
    """Which desk of a trainee does it."""

    POST = "post"
    HOUSE = "house"
    BOTH = "both"


class Kind(StrEnum):
    """By what it is seen whether it was done."""

    INTERVIEW = "interview"  # a person at the post: `answers` say how it should end
    ANSWER = "answer"  # a referral that the house accepts
    NO_ARRIVAL = "no_arrival"  # a person whom the house accepted and who does not come
    FULL = "full"  # a referral that the house declines because it is full
    LOST = "lost"  # a telephone that is lost


@dataclass(frozen=True, slots=True)
class Exercise:
    """One of them. `answers`: question -> what the person said, by the codes of the mechanism where a country has its
    own; only those that matter. `seen`: what the officer judges, and every judgement that agrees with the story; the
    first is taken for the route."""

    code: str
    at: At
    kind: Kind
    title: Phrase
    story: Sequence[Phrase]
    steps: Sequence[Phrase]
    learned: Phrase
    answers: Mapping[str, Any] = field(default_factory=dict)
    seen: Mapping[str, Sequence[str]] = field(default_factory=dict)

    @property
    def whole(self) -> Mapping[str, Any]:
        """All by which it is computed where the exercise leads."""
        return {**self.answers, **{name: agree[0] for name, agree in self.seen.items()}}


_SCREEN: Mapping[str, Any] = {"urgent": "no", "alone": "yes", "hurt": "no", "danger": "no"}
_NOTHING: Mapping[str, Any] = dict.fromkeys(
    ("papers_kept", "debt_work", "could_leave", "pay_taken", "hurt_for", "waited_for"), "no"
) | {"could_leave": "yes"}
_NO_HIGH_DANGER: Mapping[str, Sequence[str]] = {"risk": ("low", "medium")}
_YOU_SEE = N_("You look at what she told and see no high danger.")
_INTERVIEW = N_("Press “New interview” on the home page of your post and ask what the program asks.")
_SEND = N_("Send the person to the place that the program proposes first.")
_WOMAN: Mapping[str, Any] = {
    **_SCREEN,
    "age": "adult",
    "gender": "feminine",
    "citizenship_class": "home",
    "purpose_read": "understood",
    "proceedings": "none",
    "official": "no",
}

EXERCISES: Sequence[Exercise] = (
    Exercise(
        "ferry",
        At.POST,
        Kind.INTERVIEW,
        N_("A young woman comes back from Italy at 23:40"),
        (
            N_(
                "Police in Italy sent her back; nobody announced her. She is alone, 22 years old, and"
                " a citizen of this country."
            ),
            N_("She says: “I am not hurt, and nobody waits for me outside. I am not in danger tonight.”"),
            N_(
                "She says: “They promised me work in a hotel. When I arrived, the boss took my "
                "passport. I had to work off a debt, and he kept my pay.”"
            ),
            N_("She says: “I could not go out alone. Nobody beat me. No official had a part in it.”"),
            N_("She wants a doctor to look at her. She has no children with her, and no court awaits her."),
            N_(
                "She understands what you read out. She agrees to be helped and that the shelter "
                "learns what she told. She does not want to be counted in the statistics."
            ),
            _YOU_SEE,
            N_("She gives her name: Lira Vesa."),
        ),
        (_INTERVIEW, _SEND),
        N_("What she told is sealed to the shelter. A no to the statistics takes no help away from her."),
        {
            **_WOMAN,
            "returned_from": "IT",
            "return_manner": "deported",
            "announced": "no",
            "papers_kept": "yes",
            "debt_work": "yes",
            "could_leave": "no",
            "pay_taken": "yes",
            "hurt_for": "no",
            "waited_for": "no",
            "needs": ["medical"],
            "children": "0",
            "consent_services": "yes",
            "consent_sharing": "yes",
            "consent_statistics": "no",
            "given": "Lira",
            "family": "Vesa",
        },
        _NO_HIGH_DANGER,
    ),
    Exercise(
        "child",
        At.POST,
        Kind.INTERVIEW,
        N_("A child stands alone at the post"),
        (
            N_("A girl of 14 came over the border on foot from Greece. She is alone and a citizen of this country."),
            N_("She is not hurt. She says that nobody threatens her tonight."),
            N_(
                "She says: “A man I do not know brought me to sell things in the street. He took the "
                "money every evening.”"
            ),
            N_("She is tired and afraid of strangers. She has no child with her, and you see no high danger."),
            N_("She gives her name: Era Mali. You do not ask a child for consent."),
        ),
        (_INTERVIEW, N_("Choose the age as soon as you know it, and see who is told."), _SEND),
        N_(
            "For a child the notice goes to the child authority at once, and no consent is asked. “Not sure” is "
            "the same way."
        ),
        {
            **_SCREEN,
            "age": "child",
            "gender": "feminine",
            "citizenship_class": "home",
            "returned_from": "GR",
            "announced": "no",
            "children": "0",
            "given": "Era",
            "family": "Mali",
        },
        _NO_HIGH_DANGER,
    ),
    Exercise(
        "refuses",
        At.POST,
        Kind.INTERVIEW,
        N_("A man refuses help"),
        (
            N_("A man of 30 was sent back from Germany. He is alone and a citizen of this country."),
            N_("He says: “I am not hurt and not in danger. They kept my papers and did not pay me.”"),
            N_("He says: “I could leave when I wanted. Nobody beat me, and there was no debt.”"),
            N_(
                "He understands what you read out. When you ask whether he wants help, he says: “No. "
                "I have a brother in the town and I go home.”"
            ),
        ),
        (_INTERVIEW, N_("Ask for the yes or no alone with him, take his no down, and end the interview.")),
        N_("A no is respected. What he told is destroyed, and he keeps the leaflet if it is safe for him."),
        {
            **_SCREEN,
            "age": "adult",
            "gender": "masculine",
            "citizenship_class": "home",
            "returned_from": "DE",
            "purpose_read": "understood",
            "papers_kept": "yes",
            "pay_taken": "yes",
            "consent_services": "no",
            "refusal_reason": "go_home",
        },
    ),
    Exercise(
        "stopped",
        At.POST,
        Kind.INTERVIEW,
        N_("A person was stopped who is no victim"),
        (
            N_("A man of 45 was stopped because his passport ran out. He is alone and a citizen of this country."),
            N_("He drove a lorry from Italy for his own firm. He is not hurt, not in danger, and speaks freely."),
            N_(
                "He answers no to everything about papers, debt, pay, blows and people who wait for "
                "him. He could leave his work whenever he wanted."
            ),
        ),
        (_INTERVIEW, N_("Ask the short screen whole. If nothing is an alarm, it ends there.")),
        N_("He is counted without a name, and nothing that he said is kept. Six questions are enough."),
        {
            **_SCREEN,
            **_NOTHING,
            "age": "adult",
            "gender": "masculine",
            "citizenship_class": "home",
            "returned_from": "IT",
        },
    ),
    Exercise(
        "full",
        At.POST,
        Kind.INTERVIEW,
        N_("The shelter that she needs is full"),
        (
            N_(
                "A woman of 28 comes back from Greece with two small children. She is a citizen of "
                "this country; no other adult is with her."
            ),
            N_("She is not hurt. She is in no danger tonight, and no official had a part in it."),
            N_("She says: “The man for whom I cleaned kept our papers and my pay. I could not leave the house.”"),
            N_("She needs things for the small children and a school for the older one. No court awaits her."),
            _YOU_SEE,
            N_(
                "She understands what you read out. She agrees to be helped, to the sharing, and to "
                "be counted. She gives her name: Mira Deti."
            ),
        ),
        (_INTERVIEW, N_("Read why a shelter is not asked tonight, and send her to the first one that can take her.")),
        N_("The program leaves out who has no free place and says so. You need not telephone from shelter to shelter."),
        {
            **_WOMAN,
            "returned_from": "GR",
            "papers_kept": "yes",
            "pay_taken": "yes",
            "could_leave": "no",
            "needs": ["baby_care", "schooling"],
            "children": "2+",
            "consent_services": "yes",
            "consent_sharing": "yes",
            "consent_statistics": "yes",
            "given": "Mira",
            "family": "Deti",
        },
        _NO_HIGH_DANGER,
    ),
    Exercise(
        "answer",
        At.HOUSE,
        Kind.ANSWER,
        N_("A referral waits for your answer"),
        (
            N_("It is night, and the post has sent you a person. The post waits at the telephone."),
            N_("If nothing waits: sign in at your post, send the young woman of the first exercise, and come back."),
        ),
        (
            N_(
                "Open the referral on the home page of your shelter, read what the person needs, and "
                "accept with a place."
            ),
            N_("Do it before the hour by which the answer is due."),
        ),
        N_("From your yes on the post cannot read any more what the person told. The place is kept."),
    ),
    Exercise(
        "no_arrival",
        At.HOUSE,
        Kind.NO_ARRIVAL,
        N_("The person you expect does not come"),
        (
            N_(
                "You accepted a person (exercise “A referral waits for your answer”). The hour has "
                "passed, and nobody came."
            ),
            N_("You telephone the post: the car left, and nobody knows where it is."),
        ),
        (N_("Open the referral and record that the person did not come."),),
        N_(
            "The duty desk sees it at once and searches. The place is free again; if she comes later,"
            " you still record her arrival."
        ),
    ),
    Exercise(
        "house_full",
        At.HOUSE,
        Kind.FULL,
        N_("Your shelter has no place tonight"),
        (
            N_("The post sends you one more person, but two rooms are under water and you cannot take anybody in."),
            N_(
                "If nothing waits: sign in at your post, send the young woman of the first exercise "
                "once more, and come back."
            ),
        ),
        (N_("Decline with the reason that the shelter is full, before the hour by which the answer is due."),),
        N_(
            "A quick no helps: the next party is asked at once. A referral that nobody answers costs "
            "the person an hour at the border."
        ),
    ),
    Exercise(
        "lost",
        At.BOTH,
        Kind.LOST,
        N_("Your telephone is lost"),
        (
            N_("Your telephone is gone. You were signed in on it, and its browser knows your session."),
            N_("To try it: sign in a second time in another browser, and leave that one open."),
        ),
        (
            N_(
                "Open “Where I am signed in” (the link stands below, and on the page “Colleagues”) and sign out"
                " the other browsers."
            ),
            N_("Tell a colleague or the administrator in person, not by a message."),
        ),
        N_(
            "Whoever has the telephone is out once its browser is signed out. A new telephone begins with a "
            "colleague who knows your voice."
        ),
    ),
)
BY_CODE: Mapping[str, Exercise] = MappingProxyType({each.code: each for each in EXERCISES})


def of_desk(at: At) -> tuple[Exercise, ...]:
    """Those that a post or a house does."""
    return tuple(each for each in EXERCISES if each.at in (at, At.BOTH))
