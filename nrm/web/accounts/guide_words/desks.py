"""The guides of those who decide and are told: duty desk, child authority, formal identification."""

from __future__ import annotations

from collections.abc import Mapping

from nrm.domain.accounts.accounts import OrganisationKind, Role
from nrm.domain.words import N_
from nrm.web.accounts.guide_words.parts import HOME, LEAVE, OWED, SHARED, STRANGE_CALL, Guide, Step, Trouble

GUIDES: Mapping[Role, Guide] = {
    Role.DUTY_OFFICER: Guide(
        N_(
            "You keep the desk that is awake day and night. You see what was handed over, chase what is late, and"
            " decide where no rule fits."
        ),
        (
            Step(
                HOME,
                N_("Duty desk"),
                N_(
                    "Begin with “%(post)s”: children and people in danger stand first. Then “%(late)s”.",
                    post=N_("Who waits at a post now"),
                    late=N_("Late, or due within 12 hours"),
                ),
            ),
            Step(
                "duty.index",
                N_("What waits or is late"),
                N_(
                    "Call who has not answered; the number stands beside it. Then press “%(reached)s” or “%(nobody)s”.",
                    reached=N_("Reached"),
                    nobody=N_("Nobody answered"),
                ),
            ),
            Step(
                "duty.system_map",
                N_("Map of the system"),
                N_("Before you call a shelter, look which one is free, and for whom."),
            ),
            Step(
                HOME,
                N_("Duty desk"),
                N_(
                    "No shelter takes the person: call one, open “%(decide)s” on the case, choose it, and"
                    " press “%(direct)s”.",
                    decide=N_("Decide where the person goes"),
                    direct=N_("Direct the person there"),
                ),
                on=("next_receiver.direct_page",),
            ),
            Step(
                "obligations.owed",
                N_("What this desk is asked"),
                N_(
                    "You are told of a person: read it, do what is asked, and press “%(know)s”. Until then it counts"
                    " as not known.",
                    know=N_("We know"),
                ),
            ),
            Step(
                "announced_returns.announce_page",
                N_("Announce a return"),
                N_("You hear that somebody comes back: “%(announce)s”.", announce=N_("Announce a return")),
            ),
            Step(
                "complaints.index",
                N_("Complaints about staff"),
                N_(
                    "A complaint about staff waits: open it and press “%(mine)s”. Call nobody of whom it speaks.",
                    mine=N_("I deal with it"),
                ),
                on=("complaints.show",),
            ),
            LEAVE,
        ),
        (
            Trouble(
                N_("The shelter does not answer the telephone."),
                N_(
                    "Try its number out of hours, on the page “%(telephones)s”, then the next shelter of the"
                    " route. Write down each call, also the vain ones: they show that you tried.",
                    telephones=N_("Telephones"),
                ),
            ),
            Trouble(
                N_("A person is missing from a shelter."),
                N_(
                    "Read what the shelter wrote and whom the page says you may tell. Of an adult that is"
                    " what she allowed, and no more. Call the shelter back before you call anybody else."
                ),
            ),
            Trouble(
                N_("Somebody wants to know where a person is: an office, a lawyer, a relative."),
                N_(
                    "Say nothing, not even whether the person is known. Ask for name and office, call back on the"
                    " number of the page “%(telephones)s”, and tell the head of your own office.",
                    telephones=N_("Telephones"),
                ),
            ),
        ),
        (
            N_(
                "You never need the story to decide where a person goes. If you open one, you say why, and others"
                " read that."
            ),
        ),
    ),
    Role.CHILD_PROTECTION_OFFICER: Guide(
        N_(
            "You are told at once of every child, and of everybody who may be one. You see to a guardian, to a safe"
            " place, and to children who come back from abroad."
        ),
        (
            Step(
                HOME,
                N_("Home"),
                N_(
                    "A child who waits stands on top of the home page, and after the case was sent too, until it has"
                    " arrived. Say there that you know as soon as you act; call the number beside it when you have to"
                    " talk first."
                ),
            ),
            Step(
                "family_notices.index",
                N_("Children with their own parent"),
                N_(
                    "Children who came with their own parent are told apart. Answer each notice while they still"
                    " stand there."
                ),
            ),
            Step(
                "child_returns.index",
                N_("Returns of children"),
                N_(
                    "Another country asks for the return of a child: open it, “%(answer)s”.",
                    answer=N_("Answer the request"),
                ),
                on=("child_returns.show",),
            ),
            Step(
                "child_returns.index",
                N_("Returns of children"),
                N_(
                    "Write down what you found out about the family: “%(found)s”. Nobody travels before that.",
                    found=N_("Record what was found"),
                ),
                on=("child_returns.show",),
            ),
            SHARED,
            Step(
                "cases.shared",
                N_("Cases of which you may read a part"),
                N_(
                    "In such a case name the guardian, and write down what is best for the child before anything is"
                    " decided."
                ),
            ),
            OWED,
            LEAVE,
        ),
        (
            Trouble(
                N_("Nobody knows whether the person is a child."),
                N_("Treat the person as a child until an assessment says otherwise. Nobody loses anything by that."),
            ),
            Trouble(
                N_("No guardian can be found tonight."),
                N_(
                    "Call the duty desk: together you decide where the child sleeps and which adult answers for the"
                    " child until the morning."
                ),
            ),
            STRANGE_CALL,
        ),
        (
            N_(
                "You never see the case of an adult that nobody shared with you, and no child’s story without a"
                " reason that others can read."
            ),
        ),
    ),
    Role.IDENTIFICATION_OFFICER: Guide(
        N_(
            "You hold the joint interview of police and social services, or you look at its record without having"
            " seen the person. You say whether somebody is a victim, and on what that rests."
        ),
        (
            Step(
                "identifications.index",
                N_("Formal identification"),
                N_("Begin with the codes on the list: each says what waits for you."),
            ),
            Step(
                "identifications.index",
                N_("Formal identification"),
                N_(
                    "You hold the interview: open the code and choose “%(record)s”.",
                    record=N_("Record the joint interview"),
                ),
                on=("identifications.show",),
            ),
            Step(
                "identifications.index",
                N_("Formal identification"),
                N_(
                    "Agree with the other office on “%(conclude)s”, write it down, and press “%(button)s”. Then the"
                    " other one reads it here, and says whether it was so.",
                    conclude=N_("What you conclude together"),
                    button=N_("Record"),
                ),
                on=("identifications.interview_page",),
            ),
            Step(
                "identifications.index",
                N_("Formal identification"),
                N_("You look second: read the record alone, ask nobody who was there, and give an answer of your own."),
            ),
            Step(
                "link_codes.tie_page",
                N_("Link code of a witness"),
                N_(
                    "Police only: a witness agreed that a file of the police is tied to the case: type in the code,"
                    " and press “%(send)s”.",
                    send=N_("Send"),
                ),
                only=OrganisationKind.POLICE,
            ),
            LEAVE,
        ),
        (
            Trouble(
                N_("The second look says something else than you did."),
                N_(
                    "That is what it is for. Somebody decides who has had no part in either; nobody has to be talked"
                    " round."
                ),
            ),
            Trouble(
                N_("The person does not want to go on."),
                N_(
                    "Stop. The person may come another day, with somebody they trust. No help depends on this"
                    " interview."
                ),
            ),
            Trouble(
                N_("You know the person, or had a part in the case before."),
                N_("Then you do not look at it. Call the duty desk, its number stands below: it finds somebody else."),
            ),
        ),
        (
            N_(
                "You never read the story, the care or where the person lives: only the record of the joint"
                " interview, in cases that were shared with you."
            ),
        ),
    ),
}
