"""What a role's guide is made of, and the sentences that several guides share.

A guide quotes a button or a link by its own message: `N_("press “%(new)s”", new=N_("New interview"))`. So it says the
same word as the page, in every language; that the word stands on the page is tested (ADR 0178).
"""

from __future__ import annotations

from dataclasses import dataclass

from nrm.domain.accounts.accounts import OrganisationKind
from nrm.domain.words import N_, Phrase

HOME = "home.index"


@dataclass(frozen=True, slots=True)
class Step:
    """One numbered line: what to do, and the page to begin it on.

    `title` is what that page is called, on itself or in the navigation. `on`: endpoints of the pages on which the
    quoted words stand, where they are not on `page`. `only`: to which kind of organisation alone the page is open.
    """

    page: str
    title: Phrase
    text: Phrase
    on: tuple[str, ...] = ()
    only: OrganisationKind | None = None


@dataclass(frozen=True, slots=True)
class Trouble:
    """What goes wrong, and what to do then. `on`: where the quoted words stand, if not on the home page."""

    what: Phrase
    do: Phrase
    on: tuple[str, ...] = (HOME,)


@dataclass(frozen=True, slots=True)
class Guide:
    """What a role reads on one or two sheets of paper.

    `never` is what this role does not see; to it comes what nobody is asked for (NEVER_ASKED). `meets_people`: whether
    the numbers for danger are shown beside the desks.
    """

    who: Phrase
    steps: tuple[Step, ...]
    troubles: tuple[Trouble, ...]
    never: tuple[Phrase, ...]
    meets_people: bool = True


NEVER_ASKED = (
    N_(
        "Nobody asks you for your password, for a code from your telephone or for your recovery code: not by"
        " telephone, not by e-mail, not even the technical operator. Whoever asks is not one of us: tell the duty"
        " desk."
    ),
    N_(
        "Nobody asks you to send something about a person by e-mail or by a message, or as a picture of the screen,"
        " or to let somebody else work in your name."
    ),
)

# Steps.
LEAVE = Step(
    HOME,
    N_("Home"),
    N_(
        "Whenever you turn away, press “%(hide)s”: the page empties, and your password brings it back. At the end"
        " press “%(out)s”.",
        hide=N_("Hide screen"),
        out=N_("Sign out"),
    ),
)
OWED = Step(
    "obligations.owed",
    N_("What this desk is asked"),
    N_(
        "What the agreement asks of your desk, and by which hour, stands on one page. Answer it there, the first due"
        " first."
    ),
)
SHARED = Step(
    "cases.shared",
    N_("Cases of which you may read a part"),
    N_(
        "A case that is shared with you stands in a list of its own. Open a part only when you need it: you are asked"
        " why, and others read what you answer."
    ),
)
OF_THE_QUARTER = Step(
    HOME,
    N_("Home"),
    N_(
        "After a quarter has ended, your first page asks you to confirm your part of it. Look at what is still open,"
        " then answer."
    ),
)

# What goes wrong.
STRANGE_CALL = Trouble(
    N_("Somebody calls and asks about a person, or wants something done at once."),
    N_(
        "Say nothing, not even whether the person is known here. Ask for name and office, look up their number on the"
        " page “%(telephones)s”, and call back on that one. Tell the duty desk.",
        telephones=N_("Telephones"),
    ),
)
NO_PAGE = Trouble(
    N_("The page does not come, or it says that something went wrong."),
    N_(
        "What you saved before is safe. Try again in a minute. If somebody is in danger do not wait: go on by"
        " telephone and on paper. If it stays like this, call the technical operator and read out the code on the"
        " page."
    ),
)
WRONG_PRESS = Trouble(
    N_("You pressed the wrong button."),
    N_(
        "Open the person’s page again: for some minutes there are words on it that take it back. After that call the"
        " duty desk and say what happened. Whoever says so at once does nothing wrong."
    ),
)
NOTHING_OPENS = Trouble(
    N_("You may see a person’s case, but nothing in it opens."),
    N_(
        "Look at “%(keys)s”, on the page of your colleagues: it says which key you lack, and who can give it to you."
        " Or the part is sealed to another organisation alone: call that one.",
        keys=N_("Keys of the organisation"),
    ),
    on=("accounts.members",),
)
