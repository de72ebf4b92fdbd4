"""The guides of those who meet or announce a person: crossing point, consulate, help line."""

from __future__ import annotations

from collections.abc import Mapping

from nrm.domain.accounts.accounts import Role
from nrm.domain.words import N_
from nrm.web.accounts.guide_words.parts import HOME, LEAVE, NO_PAGE, OWED, STRANGE_CALL, Guide, Step, Trouble

GUIDES: Mapping[Role, Guide] = {
    Role.BORDER_OFFICER: Guide(
        N_(
            "You are the first whom a returning person meets. You ask the questions once, apart from others, and hand"
            " the person over to those who help."
        ),
        (
            Step(
                "announced_returns.index",
                N_("Expected returns"),
                N_(
                    "Look whom to expect tonight, and at what hour. Whoever of them stands before you: open the line"
                    " and press “%(arrived)s”, so that nobody goes on waiting for the person.",
                    arrived=N_("Has arrived: begin the interview"),
                ),
                on=("announced_returns.show",),
            ),
            Step(
                HOME,
                N_("Home"),
                N_(
                    "Somebody stands before you: take the person apart and press “%(new)s”. Who is hurt or in danger"
                    " now: “%(urgent)s”, three short pages without a name.",
                    new=N_("New interview"),
                    urgent=N_("Urgent hand-over"),
                ),
            ),
            Step(
                "cards.greetings",
                N_("I do not know the language"),
                N_(
                    "You have no language in common: open “%(unknown)s”, turn the screen, and let the person show you"
                    " theirs.",
                    unknown=N_("I do not know the language"),
                ),
            ),
            Step(
                "groups.new_page",
                N_("A group"),
                N_(
                    "Several people came together: open “%(group)s” and press “%(begin)s”. What they share is asked"
                    " once; each is asked apart.",
                    group=N_("A group"),
                    begin=N_("Begin with the first person"),
                ),
            ),
            Step(
                HOME,
                N_("Home"),
                N_(
                    "You are interrupted: press “%(leave)s”. Nothing is lost; the interview stands under “%(drafts)s”.",
                    leave=N_("Save and leave"),
                    drafts=N_("My drafts"),
                ),
                on=(HOME, "interviews.page"),
            ),
            Step(
                "referrals.sent",
                N_("Sent referrals"),
                N_(
                    "The referral is sent: stay with the person until there is an answer. Then open it and read who"
                    " comes and where you meet; when they go, press “%(left)s”.",
                    left=N_("They have left"),
                ),
                on=("referrals.show", "departures.depart_page"),
            ),
            Step(
                "paper_forms.index",
                N_("Paper forms"),
                N_(
                    "Keep paper ready for a night without a line: “%(print)s”. Later it is typed in with “%(type)s”.",
                    print=N_("Print with new numbers"),
                    type=N_("Type in a paper"),
                ),
            ),
            LEAVE,
        ),
        (
            Trouble(
                N_("Nobody answers the referral, and its hour is over."),
                N_(
                    "Call the shelter; its number stands on the referral. Then call the duty desk, which"
                    " decides where the person goes. Nobody leaves the crossing point without an answer."
                ),
            ),
            Trouble(
                N_("The person is a child, or you are not sure."),
                N_(
                    "Go on as with a child, and stay with the child. The program asks for no consent, and sends the"
                    " child authority a notice at once. The duty desk calls it if nobody answers in time. You need not"
                    " call, unless a page says whom to call."
                ),
            ),
            STRANGE_CALL,
        ),
        (
            N_(
                "Once the hand-over is accepted you see that the person arrived, and nothing more. You never see an"
                " interview of another crossing point."
            ),
        ),
    ),
    Role.CONSULAR_OFFICER: Guide(
        N_(
            "Before a return you say who comes, when and where. After it you learn one thing alone: that the person"
            " arrived."
        ),
        (
            Step(
                "announced_returns.announce_page",
                N_("Announce a return"),
                N_(
                    "Announce a return as soon as you know the day and the crossing point: fill in the page, and"
                    " press “%(announce)s”.",
                    announce=N_("Announce"),
                ),
            ),
            Step(
                "announced_returns.announce_page",
                N_("Announce a return"),
                N_(
                    "Write the name only under “%(sealed)s”. Check it before you send it: you cannot read it again.",
                    sealed=N_("Who it is, under seal"),
                ),
            ),
            Step(
                HOME,
                N_("Home"),
                N_("See under “%(announced)s” what became of it.", announced=N_("Announced returns")),
            ),
            Step(
                HOME,
                N_("Home"),
                N_("The person does not come after all: “%(back)s”, beside the notice.", back=N_("Take back")),
            ),
            Step(
                "desks.directory",
                N_("Directory, day and night"),
                N_(
                    "The person is in danger on the way, or comes tonight: call the crossing point and the duty desk,"
                    " too."
                ),
            ),
            OWED,
            LEAVE,
        ),
        (
            Trouble(
                N_("You announced a wrong day or a wrong crossing point."),
                N_(
                    "Take the notice back and announce the return anew. Then call both crossing points; their numbers"
                    " stand on the page “%(telephones)s”.",
                    telephones=N_("Telephones"),
                ),
            ),
            STRANGE_CALL,
            NO_PAGE,
        ),
        (N_("You never see anything after the arrival: no shelter, no story, no other notice than your office’s."),),
    ),
    Role.HELPLINE_OPERATOR: Guide(
        N_(
            "You answer the line that costs nothing. You turn a call into help: advice, a call back, an announced"
            " return, or an interview and a referral."
        ),
        (
            Step(
                "helpline.record_page",
                N_("A call is on the line"),
                N_(
                    "The telephone rings: open “%(line)s”. Ask first whether the caller can speak safely. At the end"
                    " press “%(record)s”.",
                    line=N_("A call is on the line"),
                    record=N_("Record the call"),
                ),
            ),
            Step(
                HOME,
                N_("Home"),
                N_(
                    "The caller needs a safe place: press “%(new)s”. It leads to a referral, as at a crossing point."
                    " Somebody comes home soon: “%(announce)s”.",
                    new=N_("New interview"),
                    announce=N_("Announce a return"),
                ),
            ),
            Step(
                "obligations.owed",
                N_("What this desk is asked"),
                N_(
                    "Somebody needs an interpreter by telephone: it stands first on your first page, with its hour, and"
                    " here. Find one and connect the call. Say that it is done only once the interpreter speaks with"
                    " the person: whoever waits reads your name, and can say that there is none."
                ),
            ),
            Step(
                "directives.index",
                N_("Directives"),
                N_(
                    "Before your first talk read what the ministry directs, and say of each directive that you have"
                    " read it."
                ),
            ),
            Step(
                HOME,
                N_("Home"),
                N_(
                    "Call back who stands under “%(back)s”, on the number and at the hour that the caller named, and"
                    " no others. Then say on the page of the call what came of it: who was not reached stays there.",
                    back=N_("To be called back"),
                ),
            ),
            Step(
                "helpline.index",
                N_("Calls of the last 30 days"),
                N_("Somebody calls again: look here first, so that nobody has to tell it twice."),
            ),
            Step(
                "referrals.sent",
                N_("Sent referrals"),
                N_(
                    "Look for the answer to each referral that you sent. If its hour is over, call the"
                    " shelter, then the duty desk. A shelter that accepted reaches the person; tell who calls again who"
                    " comes and where they meet."
                ),
            ),
            Step(
                "data_requests.index",
                N_("Requests for a copy or for erasure"),
                N_(
                    "Somebody asks what is kept about them, or wants it erased: “%(record)s”.",
                    record=N_("Record a request"),
                ),
            ),
            LEAVE,
        ),
        (
            Trouble(
                N_("The caller is in danger now."),
                N_(
                    "Stay on the line. With another telephone call the police or an ambulance; the numbers stand"
                    " below. Record the call afterwards."
                ),
            ),
            Trouble(
                N_("The line breaks off."),
                N_(
                    "Record what you know. Call back only if the caller said that it is safe: somebody else may hold"
                    " the telephone."
                ),
            ),
            STRANGE_CALL,
        ),
        (N_("You never see the cases of a shelter. What you sent is no longer yours to read once it is accepted."),),
    ),
}
