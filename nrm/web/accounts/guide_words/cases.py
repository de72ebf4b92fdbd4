"""The guides of those who work in cases: shelter, permit unit, prosecution."""

from __future__ import annotations

from collections.abc import Mapping

from nrm.domain.accounts.accounts import Role
from nrm.domain.words import N_
from nrm.web.accounts.guide_words.parts import (
    HOME,
    LEAVE,
    NO_PAGE,
    NOTHING_OPENS,
    OF_THE_QUARTER,
    OWED,
    SHARED,
    STRANGE_CALL,
    WRONG_PRESS,
    Guide,
    Step,
    Trouble,
)

_BEGIN = Step(
    HOME,
    N_("Home"),
    N_(
        "Begin with “%(today)s” and “%(to_do)s”: who is not safe, and what is late, stands first.",
        today=N_("Who comes today"),
        to_do=N_("To do"),
    ),
)
_ANSWER = Step(
    "referrals.received",
    N_("Referrals that wait for an answer"),
    N_(
        "A referral waits: open it, press “%(open)s” to read what you have to know, then “%(accept)s”. If you cannot"
        " take the person: “%(decline)s”, with the reason.",
        open=N_("Open the hand-over"),
        accept=N_("Accept the person"),
        decline=N_("Decline"),
    ),
    on=("referrals.show",),
)
_OTHER_HOUSES = N_(
    "You never see the cases of another shelter. Nobody outside of yours sees the care that you write down,"
    " unless the person agreed or a clause of the agreement gives it."
)

GUIDES: Mapping[Role, Guide] = {
    Role.CASE_WORKER: Guide(
        N_(
            "You work in a shelter that takes people in. You answer referrals, receive people, plan with"
            " them, and stay at their side until they need no more help."
        ),
        (
            _BEGIN,
            _ANSWER,
            Step(
                "referrals.coming",
                N_("People on their way"),
                N_(
                    "The person is at the door: “%(arrived)s”. Choose the place, and ask what shall be done if the"
                    " person does not come back one day.",
                    arrived=N_("The person has arrived"),
                ),
                on=("referrals.show",),
            ),
            Step(
                "direct_intake.open_page",
                N_("Open a case"),
                N_(
                    "Somebody came without a referral: “%(open)s”. If it is somebody who lived here:"
                    " “%(before)s”, with the code from then.",
                    open=N_("Open a case for somebody who came without a referral"),
                    before=N_("Was the person here before?"),
                ),
                on=(HOME, "direct_intake.open_page"),
            ),
            Step(
                "cases.index",
                N_("Open cases"),
                N_(
                    "Press “%(open)s” on a part of a case only when you need it. You are asked why, and your"
                    " colleagues read the answer.",
                    open=N_("Open"),
                ),
                on=("cases.show",),
            ),
            Step(
                "cases.index",
                N_("Open cases"),
                N_(
                    "On the page of a case: “%(plan)s”, and “%(benefits)s” for money. Before the person leaves agree"
                    " under “%(after)s” on how you stay in touch; close the case once the stay has ended. The person"
                    " moves: “%(move)s”. A child: enter the month of 18 under “%(age)s”.",
                    plan=N_("Goals, services, next steps and medication"),
                    benefits=N_("Benefits"),
                    after=N_("After the shelter: what is agreed, and each contact"),
                    move=N_("Hand the person on to another shelter"),
                    age=N_("Age"),
                ),
                on=("cases.show", "ages.show"),
            ),
            Step(
                "tasks.index",
                N_("My tasks this week"),
                N_(
                    "What you planned with a person stands by days: press “%(done)s”, or put it to “%(other)s”.",
                    done=N_("Done"),
                    other=N_("Another day"),
                ),
            ),
            Step(
                "stays.index",
                N_("Stays"),
                N_(
                    "Somebody is not there: if you know where, “%(away)s”. If not, “%(missing)s”, and press"
                    " “%(tell)s”.",
                    away=N_("The person is away"),
                    missing=N_("Record that the person is missing"),
                    tell=N_("Tell the duty desk now"),
                ),
                on=("stays.show", "away.away_page", "absences.missing_page"),
            ),
            LEAVE,
        ),
        (WRONG_PRESS, NOTHING_OPENS, STRANGE_CALL),
        (_OTHER_HOUSES,),
    ),
    Role.SHELTER_MANAGER: Guide(
        N_(
            "You lead a shelter that takes people in. You do what a case worker does, and you answer for the"
            " places, for the team, and for what the shelter is paid."
        ),
        (
            _BEGIN,
            _ANSWER,
            Step(
                "places.board",
                N_("Places and the next 14 days"),
                N_(
                    "Keep the board true: a place that is wrong here is a person before a closed door. The"
                    " shelter is full and somebody has to sleep here: “%(extra)s”.",
                    extra=N_("Make an extra place"),
                ),
            ),
            Step(
                "units.index",
                N_("Units of the building"),
                N_(
                    "The building changes: “%(add)s”, “%(split)s” or “%(close)s”.",
                    add=N_("Add a unit"),
                    split=N_("Split"),
                    close=N_("Close"),
                ),
            ),
            Step(
                "key_workers.team",
                N_("Who answers for whom"),
                N_(
                    "Nobody stays under “%(without)s”: give each person a key worker, and somebody who stands in.",
                    without=N_("Without a key worker"),
                ),
            ),
            Step(
                "accounts.members",
                N_("Colleagues"),
                N_(
                    "Somebody begins: “%(invite)s”. She opens the link, types in her recovery code, signs in"
                    " and reads four words: type them only when you see her or know the voice. Somebody"
                    " leaves: “%(end)s”, the same day.",
                    invite=N_("Invite a person"),
                    end=N_("End the account"),
                ),
            ),
            Step(
                "feedback.house",
                N_("What people say about the shelter"),
                N_(
                    "Give everybody a way to say how it is here: “%(print)s”. Read what was said, and write what you"
                    " did.",
                    print=N_("Print slips"),
                ),
            ),
            Step(
                "payment_lines.index",
                N_("Nights that shelters are paid for"),
                N_(
                    "A quarter is closed: read its nights under “%(nights)s”, and sign them.",
                    nights=N_("Nights you are paid for"),
                ),
                on=(HOME,),
            ),
            LEAVE,
        ),
        (
            Trouble(
                N_("The shelter is full, and a referral waits."),
                N_(
                    "Look on the board for a place that is kept for nobody any more. If there is none,"
                    " decline at once and say why: only then the next shelter is asked."
                ),
            ),
            Trouble(
                N_("Somebody of the team must not work here any more, from this minute."),
                N_(
                    "On the page of your colleagues press “%(suspend)s”. Then see who answers for their people, and"
                    " tell the duty desk.",
                    suspend=N_("Suspend"),
                ),
                on=("accounts.members",),
            ),
            STRANGE_CALL,
        ),
        (_OTHER_HOUSES,),
    ),
    Role.TRP_OFFICER: Guide(
        N_(
            "You keep the residence permits of people from other countries. You record what was asked,"
            " decided and issued, in the cases that a shelter shares with you."
        ),
        (
            Step(
                HOME,
                N_("Home"),
                N_("Begin with “%(permits)s”: what waits for you stands first.", permits=N_("Residence permits")),
            ),
            Step(
                "permits.desk",
                N_("Residence permits"),
                N_(
                    "Open the code, enter the next step as it stands on paper, and press “%(record)s”.",
                    record=N_("Record"),
                ),
                on=("permits.record_page",),
            ),
            Step(
                "permits.desk",
                N_("Residence permits"),
                N_(
                    "What a shelter entered from a paper of yours counts, unless you object in time. Compare"
                    " it with your file, and answer."
                ),
            ),
            SHARED,
            OWED,
            OF_THE_QUARTER,
            LEAVE,
        ),
        (
            Trouble(
                N_("The paper and what is recorded here differ."),
                N_(
                    "Strike the wrong line with its reason, and record the right one. The old line stays readable; so"
                    " nobody wonders later."
                ),
            ),
            NO_PAGE,
            STRANGE_CALL,
        ),
        (
            N_(
                "You never read the story. You see the parts that were shared with you, and the numbers of a permit"
                " when you open them."
            ),
        ),
    ),
    Role.WITNESS_LIAISON: Guide(
        N_(
            "You keep what a witness does in court, and what puts a witness in danger. You tell the shelter"
            " before a hearing, and of a threat the duty desk, and the shelter that has the person."
        ),
        (
            Step(
                HOME,
                N_("Home"),
                N_("Begin with “%(hearings)s”.", hearings=N_("Hearings of the next 30 days")),
            ),
            Step(
                "witnesses.index",
                N_("Witnesses who are not victims"),
                N_(
                    "The court set a day: open the witness on the list, or a victim under “%(cases)s”; then"
                    " “%(hearings)s”, and fill in “%(announce)s” at once. The shelter needs the days before.",
                    cases=N_("Cases of which you may read a part"),
                    hearings=N_("Hearings"),
                    announce=N_("Announce a hearing"),
                ),
                on=(HOME, "witnesses.show", "hearings.of_witness"),
            ),
            Step(
                "hearings.index",
                N_("Hearings that lie ahead"),
                N_(
                    "The court ordered protection, or refused it: “%(order)s”.",
                    order=N_("Enter what the court ordered"),
                ),
                on=("hearings.of_witness",),
            ),
            Step(
                "witnesses.index",
                N_("Witnesses who are not victims"),
                N_("A witness has no case here: “%(enter)s”.", enter=N_("Enter a witness")),
            ),
            Step(
                "witnesses.index",
                N_("Witnesses who are not victims"),
                N_(
                    "A witness is threatened: open the witness, or a victim under “%(cases)s”, then"
                    " “%(threat)s”, and press “%(tell)s”. The page says who learns what. Then call: the"
                    " numbers stand there.",
                    cases=N_("Cases of which you may read a part"),
                    threat=N_("The witness is threatened"),
                    tell=N_("Tell them now"),
                ),
                on=(HOME, "witnesses.show", "threats.tell_of_witness_page"),
            ),
            SHARED,
            OWED,
            OF_THE_QUARTER,
            LEAVE,
        ),
        (
            Trouble(
                N_("The hearing is put to another day."),
                N_(
                    "Open the witness, and choose “%(off)s” for the old day: only then is the shelter told of"
                    " one day. The page that follows asks for the new day.",
                    off=N_("There is no hearing on that day"),
                ),
                on=("hearings.of_witness",),
            ),
            Trouble(
                N_("A witness takes the testimony back."),
                N_("Record it with its reason. Ask what stands behind it: if it is a threat, tell of the threat, too."),
            ),
            STRANGE_CALL,
        ),
        (N_("You never see the address of the shelter, and never what is written there about care."),),
    ),
}
