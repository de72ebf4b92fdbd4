"""What each page is for and what happens next, in one sentence at its foot, beside the way to the guide (ADR 0189).

By the noun of the page: the pages of a noun are steps of one thing. Pages that are turned to a person have none, as
they have no way to people; a test holds every other page against this table.
"""

from __future__ import annotations

from collections.abc import Mapping

from nrm.domain.words import N_

HELP: Mapping[str, str] = {
    "absences": N_(
        "Here you say that somebody is missing, was found, left or died; the duty desk is told, and the alarm"
        " stands until somebody ends it."
    ),
    "accounts": N_("Here are your colleagues; who is invited is let in by one of them."),
    "ages": N_(
        "Here stands how old the person is and how that is known; a new assessment changes what the case must do next."
    ),
    "agreement_drafts": N_(
        "Here a draft of the agreement is written; it changes nothing until it is proposed, checked and "
        "signed by the parties."
    ),
    "agreement_texts": N_(
        "Here is the text of the agreement as it is signed; it can be read and kept, and nothing is changed here."
    ),
    "agreements": N_(
        "Here are the versions of the agreement, and which one counts; a new one counts once every party has signed it."
    ),
    "announced_returns": N_(
        "Here are people whose return was announced; when one arrives, begin the interview from here, so that"
        " the notice is closed."
    ),
    "arrivals": N_("Here you record that the person has arrived; from then on your shelter answers for the person."),
    "away": N_(
        "Here you record that a resident is away for a time, or is back; if nobody comes back by then, the "
        "home page says so."
    ),
    "benefits": N_(
        "Here money or things are asked for a person by a payment code; somebody else agrees, and the desk "
        "pays without a name."
    ),
    "benefit_reviews": N_(
        "Here the manager looks through what the shelter asked for month by month; no line says for whom it was."
    ),
    "benefit_ends": N_(
        "Here you put right a benefit that was called off; asked for again it keeps its code and its voucher."
    ),
    "benefit_codes": N_(
        "Here you find a benefit from the paper of a voucher or code; you see the amount, and nobody’s name."
    ),
    "best_interests": N_(
        "Here the best interest of a child is looked at and decided; where the child may go depends on it."
    ),
    "cases": N_(
        "Here are the people your organisation answers for or may read of; open one to see what is known and "
        "what comes next."
    ),
    "changes": N_("Here you object to a change of a colleague’s account; it stops until others have looked at it."),
    "child_returns": N_(
        "Here are children whose return another country asks for; the child authority assesses, and only then"
        " is an answer given."
    ),
    "claims": N_(
        "Here is the person’s claim for compensation, step by step; what a court decides is entered when it is known."
    ),
    "closings": N_(
        "Here a case is closed, or opened again; what is kept after that, and until when, stands on the page."
    ),
    "comparisons": N_(
        "Here you see what a version of the agreement changes for people and for those who read; nothing is "
        "changed by looking."
    ),
    "complaints": N_("Here a complaint is read and dealt with; the one it is about does not read it."),
    "consents": N_(
        "Here stands what the person agreed to, with whom and until when; a yes can be asked for again or "
        "taken back at any time."
    ),
    "contract_changes": N_(
        "Here stands what a contract shall say; it counts once a second one of the office has agreed."
    ),
    "contracts": N_("Here are the contracts with the shelters; paid nights are counted against them."),
    "contributions": N_(
        "Here you say whether your part of the last quarter is complete; then the quarter can be closed."
    ),
    "corrections": N_("Here you put right what was entered by mistake; what stood there before stays in the record."),
    "data_requests": N_(
        "Here are requests of people about what is kept of them; each has a day by which it is answered."
    ),
    "day_lists": N_(
        "Here is what is to be done with people today, to read or to print; print it only for the day, and "
        "shred it then."
    ),
    "departures": N_(
        "Here you say that a person left for the place that was agreed, and what became of who did not arrive."
    ),
    "desks": N_(
        "Here are the telephones of all desks, now and at night; call by these numbers, and not by one that a"
        " caller gives."
    ),
    "direct_intake": N_(
        "Here a shelter opens a case itself, for whoever came without a post; the duties of the agreement begin then."
    ),
    "directives": N_("Here are the directives for your work; read a new one and say that you have read it, once."),
    "documentation": N_("Here is the documentation of the program, to read without network."),
    "draft_owners": N_(
        "Here an interview that is not finished passes from one officer to another, with a reason that is recorded."
    ),
    "duty": N_(
        "Here is everything that waits or is late in the country, the most urgent first; each line leads to "
        "where you act."
    ),
    "early_nights": N_(
        "Here are nights from before a stay was entered; they are paid once a second member has confirmed them."
    ),
    "family_notices": N_(
        "Here you tell the child authority of children who come with their own parents; they need not wait for its "
        "answer."
    ),
    "feedback": N_(
        "Here is what people say about the shelter, without names; it is read by the shelter and by those who"
        " watch over it."
    ),
    "feedback_notes": N_(
        "Here are notes to those who live in the shelter; each is shown only after somebody else has read it."
    ),
    "findings": N_(
        "Here the child authority writes what it found about a child’s safety and family; a return waits for it."
    ),
    "first_talks": N_(
        "Here the shelter writes down the first talk with the person, at rest; it adds to what was told at the post."
    ),
    "follow_up_alarms": N_(
        "Here is who is not safe after the shelter; the line stays until somebody records that the person is safe."
    ),
    "follow_ups": N_(
        "Here are people who agreed to be asked how they are after the shelter; record each talk, and the "
        "next day is set."
    ),
    "groups": N_(
        "Here people who come back together are interviewed one after another; each talks alone, and what "
        "they share is asked once."
    ),
    "guides": N_(
        "Here is the guide of a role: what to do tonight, what goes wrong and whom to call; print it for the desk."
    ),
    "handouts": N_("Here are the papers that are given to a person or to the driver; none of them has a name on it."),
    "hearings": N_(
        "Here are the hearings of a witness with days and protection; whoever brings the person there is told in time."
    ),
    "helpline": N_(
        "Here calls to the help line are recorded; a call can become an interview, a notice or a call back."
    ),
    "holding": N_("Here stands who does not hold the newest key of the organisation, and how they get it."),
    "holds": N_(
        "Here is an interview that has ended; it says until when it is kept and can be taken back. Then it is"
        " destroyed."
    ),
    "home": N_("Here stands what waits for you, the most urgent first; each line leads to the page where you do it."),
    "identifications": N_(
        "Here police and social services decide together whether the person is a victim; the person can ask "
        "for a second look."
    ),
    "interviews": N_("Here an interview is held, sent or ended; each page is saved when you press Continue."),
    "joint_report": N_(
        "Here several reports of a quarter are made into one file; it takes a while, and the page says when "
        "it is ready."
    ),
    "key_log": N_(
        "Here stands who belongs to which organisation, signed by its people; what is not there opens nothing."
    ),
    "key_workers": N_(
        "Here stands who answers for whom in the shelter; the key worker and the deputy see their people on"
        " the home page."
    ),
    "languages": N_("Here are the languages of the pages and how much of each is translated."),
    "link_codes": N_(
        "Here a number of the police is tied to the code of a case, so that each side knows what it must and no more."
    ),
    "mailboxes": N_("Here you say to which mailbox a message goes that something waits; the message names nobody."),
    "matching": N_(
        "Here a person who agreed is asked whether they were here before; two shelters learn of each other"
        " only if both say so."
    ),
    "meetings": N_(
        "Here the shelter says where the post meets it, and the post opens that once; no address stands anywhere else."
    ),
    "members": N_(
        "Here a colleague’s account is ended, begun anew or let in again; others of your organisation are told."
    ),
    "missing_told": N_("Here you write what the police may know of a missing person; it is sealed to them alone."),
    "mistakes": N_("Here you take back what was recorded by mistake; the page says first what follows."),
    "monitoring": N_(
        "Here interviews that were drawn by chance are checked for how they were held; the post reads what to"
        " do better."
    ),
    "next_receiver": N_("Here it is decided by hand who is asked next to take the person in; the reason is recorded."),
    "notification_calls": N_(
        "Here you write down that you told somebody by telephone who has to know; the line goes once they know."
    ),
    "opening_log": N_(
        "Here stands who opened what of your people, and why; if an opening seems wrong, speak about it today."
    ),
    "organisations": N_(
        "Here an organisation is suspended or let in again; while it is suspended, nobody is sent to it."
    ),
    "others_there": N_(
        "Here is what a person said about others who are still there; the desk that is named reads it and acts."
    ),
    "outside_referrals": N_(
        "Here a letter goes to somebody outside the mechanism, without a name; the case stays with you unless"
        " you close it."
    ),
    "own_sessions": N_(
        "Here stands where you are signed in; sign out the other browsers if you do not know one of them."
    ),
    "obligations": N_(
        "Here stands what the agreement asks of your organisation, by the hour; what another party is"
        " told is said here, too."
    ),
    "paper_forms": N_(
        "Here papers with numbers are printed for when no computer works, and typed in afterwards; then shred"
        " the paper."
    ),
    "parties": N_(
        "Here stands who takes part in the mechanism; to let a party in or out takes hands of several organisations."
    ),
    "passkeys": N_(
        "Here are the passkeys with which you sign in; make a second one, so that a lost one does not keep you out."
    ),
    "payment_lines": N_(
        "Here are nights that managers have signed, to be paid by contract; no line says who slept there."
    ),
    "permits": N_(
        "Here is the way to a residence permit, step by step; nobody is sent back before the person knows of it."
    ),
    "places": N_(
        "Here are the rooms and places of the shelter by day; what is free here is what a post can be promised."
    ),
    "plans": N_(
        "Here is the person’s own plan with goals, services and steps; what is due stands on the home page of"
        " the key worker."
    ),
    "readiness": N_("Here stands what a party still needs to receive people; do these steps in their order."),
    "referrals": N_(
        "Here people are sent, answered for, expected and received; who is asked must answer by the hour that"
        " stands here."
    ),
    "register": N_("Here are the tables that agencies file each quarter; what is late stands on top."),
    "reports": N_(
        "Here are the reports of each quarter; figures are rounded and attacked first, and what is signed "
        "never changes."
    ),
    "roles": N_(
        "Here the role or the name of a colleague is changed; the others of the organisation can object for 14 days."
    ),
    "rollout": N_("Here stands which crossing point uses which questionnaire, and since when."),
    "second_factor": N_(
        "Here you set up your telephone for signing in; keep the recovery code on paper, away from it."
    ),
    "second_hands": N_(
        "Here is an act that waits for a second person or for time; agree only if you know the reason, else stop it."
    ),
    "shown_secrets": N_(
        "Here is a code or a link that was just made; write it down or hand it over now, it is shown for a "
        "quarter of an hour."
    ),
    "signs": N_("Here stands what a sign that an officer ticks looks like, and what it does not mean."),
    "slips": N_(
        "Here slips and sheets are printed on which people say what they think of the shelter; they go into"
        " the box, unread."
    ),
    "stay_endings": N_("Here a stay ends, with the reason and where the person goes; the place is free from then on."),
    "stays": N_(
        "Here are the people who live in the shelter, with nights and planned end; from a stay you record what changes."
    ),
    "subsidies": N_(
        "Here the manager signs the nights of a quarter; the payment desk then sees a number and no people."
    ),
    "supplements": N_(
        "Here the post adds what was left out of an urgent hand-over; the shelter takes it into the case."
    ),
    "suspensions": N_("Here the account of somebody is stopped for some days; others are asked whether it goes on."),
    "tasks": N_(
        "Here is what is due for your own people this week, by day; what you did today can still be taken back."
    ),
    "testimony": N_(
        "Here stands what a witness did in court, and why testimony was withdrawn; the shelter’s address is not here."
    ),
    "threats": N_(
        "Here you tell that a witness is threatened: the duty desk reads it at once, and the shelter that has"
        " the person; each says when it has seen it."
    ),
    "to_do": N_("Here is what is to be done in the shelter, by day; each row leads to the page where it is done."),
    "training": N_(
        "Here are exercises with invented people: a trainee begins one, does it on the pages of the program and "
        "reads the answer; whoever leads the training sees how far each is."
    ),
    "transfers": N_(
        "Here a move from one shelter to another is prepared or called off; until the person has left, nothing changes."
    ),
    "trends": N_(
        "Here are figures of several quarters side by side; small differences come from rounding and mean nothing."
    ),
    "uncounted": N_(
        "Here a second member decides whether a person is counted no more; until then the figures stay as they are."
    ),
    "units": N_(
        "Here the manager enters the rooms, flats or floors of the shelter and for whom each is; places are"
        " counted from them."
    ),
    "witnesses": N_(
        "Here are witnesses without a case of their own; each has a code, and hearings and protection stand with it."
    ),
    "words": N_(
        "Here are the four words that you read to a colleague, and where you type a colleague’s; so both know"
        " that nobody stands between you."
    ),
    "years": N_("Here is a calendar year at a glance, from the quarters that are signed; it is for yearly reports."),
}
TO_A_PERSON = frozenset({"assets", "cards", "screen_lock", "security_contact"})
"""Nouns of which no page has a navigation: what is shown to a person, or lies before the first page."""


OF_PAGES: Mapping[str, str] = {
    # Long forms, whose headings say it: with a sentence they would be more than 15 KB on the wire in Albanian.
    "register.file_page": "",
    "register.check": "",
    "stays.admit_page": "",
    "stays.admit": "",
    "monitoring.sample_page": "",
    "monitoring.score": "",
    "announced_returns.announce_page": N_(
        "Here you announce who comes home, when and where; the crossing point reads it at once."
    ),
    "announced_returns.cancel_page": N_(
        "Here a return that was announced is taken back; where only the day or the crossing point was wrong, announce "
        "it again."
    ),
    "accounts.password_page": N_("Here you change your own password; your other browsers are signed out by it."),
    "accounts.recover_page": N_(
        "Here you come in again with your recovery code when the password is lost, and choose a new password."
    ),
    "members.new_code_page": N_(
        "Here you make a new recovery code for yourself; from then on the old one opens nothing."
    ),
    "supplements.complete_page": N_("Here the shelter writes what the urgent interview left out; it is done once."),
    "desks.child_answer_page": N_(
        "Here the child authority answers the post that told it of a child; the post reads the answer at once."
    ),
    "members.code_page": N_(
        "Here stands your own recovery code on paper; type it in once, and keep it away from your telephone."
    ),
    "members.keys": N_(
        "Here are the keys of your organisation and what happened with them; tell a colleague what you do not know."
    ),
    "second_hands.erased": N_(
        "Here you read which shelter erased cases lately and whose hands did it; nothing is decided here."
    ),
    "second_hands.by_one_hand": N_(
        "Here you read which stays one member of a shelter alone ended; call somebody else there, nothing is pressed."
    ),
    "departures.promise_page": N_(
        "Here you write down what was promised by telephone; who is said to have promised reads it, and can deny it."
    ),
    "desks.contradict_page": N_(
        "Here the child authority says that an answer was not its own; the post reads it at once, and keeps the child."
    ),
    "plans.received_list": N_("Here is who was here in a quarter; say of each which services the person received."),
}
"""Pages that are about something else than the others of their noun."""

OF_HOUSES: Mapping[str, str] = {
    "payment_lines": N_(
        "Here are the nights of your shelter by quarter and what pays for them; once signed they are paid. No"
        " line says who slept there."
    ),
}
"""What the people of a shelter read in place of the payment desk's sentence."""


def of(endpoint: str | None, *, in_house: bool = False) -> str:
    """The sentence of a page; empty where there is none. A form that is sent back with errors is the page it was.

    `in_house`: whoever reads it is of a shelter.
    """
    name = endpoint or ""
    if in_house and (house := OF_HOUSES.get(name.partition(".")[0])):
        return house
    own = name if name in OF_PAGES else f"{name}_page"
    return OF_PAGES[own] if own in OF_PAGES else HELP.get(name.partition(".")[0], "")
