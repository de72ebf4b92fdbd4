"""The guides of those who make, check and read figures, and see no person."""

from __future__ import annotations

from collections.abc import Mapping

from nrm.domain.accounts.accounts import Role
from nrm.domain.words import N_
from nrm.web.accounts.guide_words.parts import HOME, LEAVE, NO_PAGE, Guide, Step, Trouble

GUIDES: Mapping[Role, Guide] = {
    Role.STATISTICIAN: Guide(
        N_(
            "You make the reports of each quarter: you close it, read what the server has protected, and sign. Others"
            " decide by your figures, and nobody can be found in them."
        ),
        (
            Step(
                HOME,
                N_("Quarterly reports"),
                N_(
                    "Begin with “%(quarters)s”: it says what is due, and what waits for you.",
                    quarters=N_("Reports by quarter"),
                ),
            ),
            Step(
                HOME,
                N_("Quarterly reports"),
                N_("Before you close a quarter, call who has not yet confirmed their part of it."),
            ),
            Step(
                HOME,
                N_("Quarterly reports"),
                N_(
                    "Close it with the button that names it. The server counts, rounds, and attacks its own figures:"
                    " that takes some minutes, and is done once."
                ),
            ),
            Step(
                HOME,
                N_("Quarterly reports"),
                N_("Read the reports as a stranger would, then sign. The Responsible Authority signs after you."),
            ),
            Step(
                "register.index",
                N_("Register of reporting requirements"),
                N_("See which tables of other agencies are late, and call those agencies."),
            ),
            Step(
                "reports.methods",
                N_("How the figures are made"),
                N_("Somebody asks how a figure came about: read this page with them."),
            ),
            LEAVE,
        ),
        (
            Trouble(
                N_("The quarter cannot be closed."),
                N_(
                    "The page says what is open, or which figures did not withstand the attack. Nothing was"
                    " published. Do what it says, or call the technical operator."
                ),
            ),
            Trouble(
                N_("Somebody wants one figure more, or the figure of one shelter."),
                N_(
                    "What stands in no released report is not given out, not by telephone either. In small figures"
                    " people are found."
                ),
            ),
            Trouble(
                N_("A figure turns out to be wrong after the release."),
                N_(
                    "A closed quarter never changes. What became known later is counted in the next one; say so to"
                    " who asks."
                ),
            ),
        ),
        (N_("You never see a person, a case or a code, and no figure that was not protected first."),),
        meets_people=False,
    ),
    Role.READER: Guide(
        N_("You read the quarterly reports for your office. You see what was released and signed, and nothing else."),
        (
            Step(HOME, N_("Quarterly reports"), N_("Open the newest quarter from the list on this page.")),
            Step(
                "reports.methods",
                N_("How the figures are made"),
                N_(
                    "Before you quote a figure, read “%(methods)s”.",
                    methods=N_("How the figures are made, and what they cannot say"),
                ),
                on=(HOME,),
            ),
            Step(
                "reports.releases",
                N_("Quarterly reports"),
                N_("Compare quarters with care: figures are rounded, and a difference of a few people may be none."),
            ),
            Step(
                "reports.releases",
                N_("Quarterly reports"),
                N_("Take tables from the page of the report as they are, with their day; do not type them off."),
            ),
            LEAVE,
        ),
        (
            Trouble(
                N_("A figure that you need is not there."),
                N_("Ask the statistician which report has it. What could show a person is left out, for everybody."),
            ),
            Trouble(
                N_("Two reports seem to say different things."),
                N_(
                    "Read the notes below both: they may count other people, or another time. Then ask the"
                    " statistician."
                ),
            ),
            NO_PAGE,
        ),
        (N_("You never see a person, how full a shelter is tonight, or a quarter that is not released."),),
        meets_people=False,
    ),
    Role.MONITOR: Guide(
        N_(
            "You check whether interviews follow the procedure. You look at those that chance draws, and never at one"
            " that you would like to see."
        ),
        (
            Step(
                HOME,
                N_("Monitoring"),
                N_("Begin with “%(score)s”: open the first one.", score=N_("Interviews to score")),
            ),
            Step(
                HOME,
                N_("Monitoring"),
                N_(
                    "Answer the checklist by what stands there, and press “%(save)s”. Some are scored by a second"
                    " monitor, too, who does not see your score.",
                    save=N_("Save the score"),
                ),
                on=("monitoring.sample_page",),
            ),
            Step(
                HOME,
                N_("Monitoring"),
                N_("A quarter has ended: open it under “%(draws)s” and draw its sample.", draws=N_("Draws")),
            ),
            Step(
                "monitoring.mend_page",
                N_("Ask a post to mend something"),
                N_(
                    "The same thing goes wrong again at a crossing point: say what has to change and by when, and"
                    " press “%(ask)s”.",
                    ask=N_("Ask"),
                ),
            ),
            Step(
                HOME,
                N_("Monitoring"),
                N_("That day has come: see under “%(check)s” whether it changed.", check=N_("To be checked")),
            ),
            Step(
                "monitoring.scores",
                N_("Scores of all posts"),
                N_("Compare the crossing points, and see whether two monitors see the same."),
            ),
            LEAVE,
        ),
        (
            Trouble(
                N_("You think that you know the person of an interview."),
                N_(
                    "Look no further and tell nobody who it may be. Say to the duty desk that you cannot score this"
                    " one."
                ),
            ),
            Trouble(
                N_("A crossing point says that its score is wrong."),
                N_(
                    "Say which line of the checklist led to it. A score is not changed because somebody asks; the"
                    " next sample shows what got better."
                ),
            ),
            NO_PAGE,
        ),
        (N_("You never see who it is: no name, no document, no shelter."),),
        meets_people=False,
    ),
    Role.FOCAL_POINT: Guide(
        N_(
            "You file the tables of your agency each quarter. The coordinator puts the tables of all agencies together."
        ),
        (
            Step(
                HOME,
                N_("Tables of your agency"),
                N_("Begin with “%(filed)s”: each table has its day.", filed=N_("To be filed")),
            ),
            Step(
                HOME,
                N_("Tables of your agency"),
                N_(
                    "Open the table and take “%(xlsx)s” or “%(csv)s”: there is a line for each figure.",
                    xlsx=N_("Template, XLSX"),
                    csv=N_("Template, CSV"),
                ),
                on=("register.file_page",),
            ),
            Step(
                HOME,
                N_("Tables of your agency"),
                N_(
                    "Fill it in and press “%(send)s”; or type the figures on the page and press “%(go_on)s”.",
                    send=N_("Send the file"),
                    go_on=N_("Continue"),
                ),
                on=("register.file_page",),
            ),
            Step(
                HOME,
                N_("Tables of your agency"),
                N_("Read line by line what the page shows you, then sign. Without your signature nothing is filed."),
            ),
            Step(
                HOME,
                N_("Tables of your agency"),
                N_("A figure was wrong: open the filed table, “%(correct)s”.", correct=N_("Correct it")),
                on=("register.show",),
            ),
            Step(
                "register.index",
                N_("Register of reporting requirements"),
                N_(
                    "See under “%(all)s” what else your agency has to file this year.",
                    all=N_("The requirements of your agency"),
                ),
                on=(HOME,),
            ),
            LEAVE,
        ),
        (
            Trouble(
                N_("The file is refused."),
                N_(
                    "The page names the cell. Put it right there, or begin with a fresh template: formulas are not"
                    " read."
                ),
            ),
            Trouble(
                N_("The figures are not ready on the day."),
                N_(
                    "File nothing that is guessed. Tell the coordinator: a late table is shown as late, a wrong one"
                    " misleads."
                ),
            ),
            NO_PAGE,
        ),
        (
            N_(
                "You never see another agency’s table, and never a person. Nobody asks you for a list of people: a"
                " table holds numbers alone."
            ),
        ),
        meets_people=False,
    ),
}
