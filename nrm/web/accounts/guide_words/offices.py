"""The guides of those who keep accounts, the agreement and payments, and see no person."""

from __future__ import annotations

from collections.abc import Mapping

from nrm.domain.accounts.accounts import Role
from nrm.domain.words import N_
from nrm.web.accounts.guide_words.parts import HOME, LEAVE, NO_PAGE, Guide, Step, Trouble

GUIDES: Mapping[Role, Guide] = {
    Role.ADMINISTRATOR: Guide(
        N_(
            "You let organisations and people in, and keep the server and its backups in order. You hold no key:"
            " nothing about a person opens for you."
        ),
        (
            Step(
                HOME,
                N_("Organisations and accounts"),
                N_(
                    "Look first at “%(keys)s”: an organisation that needs a key and has fewer than two such"
                    " people is close to losing its cases.",
                    keys=N_("Hold its key"),
                ),
            ),
            Step(
                "accounts.invite_page",
                N_("Invite a person"),
                N_(
                    "An organisation is new: invite its first two people with “%(link)s”. Give each link yourself, to"
                    " the person and nobody else.",
                    link=N_("Make the link"),
                ),
            ),
            Step(
                "accounts.invite_page",
                N_("Invite a person"),
                N_(
                    "You are the only administrator: invite a second one with “%(link)s”, so that each can let the"
                    " other in again.",
                    link=N_("Make the link"),
                ),
            ),
            Step(
                "accounts.members",
                N_("Colleagues"),
                N_(
                    "Somebody of an office without a key cannot get in any more: see who it is, or call a"
                    " number that you had before; then “%(anew)s”. Elsewhere a colleague of theirs does it.",
                    anew=N_("Begin anew"),
                ),
            ),
            Step(
                "accounts.members",
                N_("Colleagues"),
                N_(
                    "Somebody of an office without a key has left: “%(end)s”; elsewhere their colleagues do"
                    " it. Somebody must stop at once, wherever it is: “%(suspend)s”.",
                    end=N_("End the account"),
                    suspend=N_("Suspend"),
                ),
            ),
            Step(
                HOME,
                N_("Organisations and accounts"),
                N_(
                    "A whole organisation must stop: “%(suspend)s”, beside its name. Call the duty desk before you do"
                    " it.",
                    suspend=N_("Suspend"),
                ),
            ),
            Step(
                "languages.index",
                N_("The country’s languages"),
                N_("See what a language of the country still lacks, and ask for it."),
            ),
            Step(
                HOME,
                N_("Organisations and accounts"),
                N_(
                    "Once a week, at the server: “nrm doctor” names what is not well, and what to do. “backup: ok” says"
                    " that there is a backup of the last day."
                ),
            ),
            LEAVE,
        ),
        (
            Trouble(
                N_("Somebody calls and has to be let in quickly."),
                N_(
                    "Hurry is how thieves get in. Hang up, call back on a number that you had before, and ask"
                    " somebody else who knows the caller."
                ),
            ),
            Trouble(
                N_("An organisation lost its last key."),
                N_(
                    "Nobody can open its cases any more, you neither. Call the duty desk at once, and invite nobody"
                    " there until it has decided."
                ),
            ),
            Trouble(
                N_("The server does not answer."),
                N_(
                    "Tell the duty desk first, so that all work on paper. Then go through the operator’s"
                    " guide, the file docs/operator.md of the program, in its order: disk, database, keys,"
                    " backup."
                ),
            ),
        ),
        (
            N_(
                "You never see anything about a person, and nobody can ask you to look: there is nothing that you"
                " could open."
            ),
        ),
        meets_people=False,
    ),
    Role.COORDINATOR: Guide(
        N_(
            "You keep the text of the agreement, its parties, and the contracts with centres. What you write becomes"
            " the rule by which people are sent, once all have signed."
        ),
        (
            Step(
                HOME,
                N_("The agreement"),
                N_("Begin with “%(versions)s”: beside each stands what can be done with it.", versions=N_("Versions")),
            ),
            Step(
                "agreement_drafts.begin_page",
                N_("Begin from the text in force"),
                N_(
                    "Times, words or parties have to change: press “%(begin)s” and change them there. A rule itself is"
                    " changed in the file of the text, which is then proposed. Try the text on past cases.",
                    begin=N_("Begin"),
                ),
            ),
            Step(
                HOME,
                N_("The agreement"),
                N_(
                    "Beside the version in work, open “%(changes)s”: it says what is missing before the approval. "
                    "Record that only with the paper before you.",
                    changes=N_("What it changes"),
                ),
            ),
            Step(
                HOME,
                N_("The agreement"),
                N_("Follow the signatures: “%(signed)s”.", signed=N_("Who has signed")),
            ),
            Step(
                "readiness.index",
                N_("Who is ready to be asked"),
                N_("Call the parties that lack people, keys or places."),
            ),
            Step(
                "contracts.index",
                N_("Register of contracts"),
                N_(
                    "A contract with a centre begins or changes: “%(add)s”, and say why. A second one of your office"
                    " compares it with the paper and agrees: until then nothing is different. A shelter or the payment"
                    " desk calls because places or a sum seem wrong: open the contract there, and compare.",
                    add=N_("Add a contract"),
                ),
            ),
            Step(
                "register.index",
                N_("Register of reporting requirements"),
                N_(
                    "See which tables are late. When a quarter is complete, make its joint report. Somebody says that a"
                    " figure is wrong: the office that filed it corrects its table before that; afterwards nothing"
                    " changes."
                ),
            ),
            Step(
                "parties.index",
                N_("Parties in the key log"),
                N_(
                    "No version names a party any more: propose here that it is struck off. One of the Responsible"
                    " Authority agrees."
                ),
            ),
            LEAVE,
        ),
        (
            Trouble(
                N_("A text was changed in the database by another hand."),
                N_("The program does not use it. Call the technical operator, and compare with what was signed."),
            ),
            Trouble(
                N_("A party does not sign."),
                N_(
                    "Then the new text does not begin: it needs two signatures of every party. Ask what stands in the"
                    " way. A text that is open is not changed: it is withdrawn, and another one begun."
                ),
            ),
            Trouble(
                N_("A telephone number of a party is wrong."),
                N_(
                    "Call the duty desk: it tells who asks, and whoever runs the server changes the number on the pages"
                    " of a referral the same day. Then begin from the text in force and change the number; two people"
                    " of each party sign it."
                ),
            ),
        ),
        (N_("You never see a person or a case. A trial on past cases gives numbers alone."),),
        meets_people=False,
    ),
    Role.PAYMENT_OFFICER: Guide(
        N_(
            "You pay the nights of shelters, and benefits of people whom you do not know. You see codes, sums"
            " and months, and nothing else."
        ),
        (
            Step(
                "payment_lines.index",
                N_("Nights that shelters are paid for"),
                N_("Look which nights are signed: only what the manager of the shelter has signed is paid."),
            ),
            Step(
                "payment_lines.index",
                N_("Nights that shelters are paid for"),
                N_("Take the signed file, pay what it says, and record on the same line what was paid."),
            ),
            Step(
                "benefits.of_desk",
                N_("Benefits"),
                N_(
                    "Benefits that wait stand first: open the code and pay to the account of the shelter, or"
                    " against its voucher."
                ),
            ),
            Step(
                "benefits.of_desk",
                N_("Benefits"),
                N_("A benefit was called off: say whether the money had gone out."),
            ),
            LEAVE,
        ),
        (
            Trouble(
                N_("Somebody wants to know for whom the money is."),
                N_("You do not know, and need not know. Ask the shelter nothing; its papers are with the shelter."),
            ),
            Trouble(
                N_("The sum is not what the contract says."),
                N_(
                    "Ask the coordinator, and pay what was signed, not what was said by telephone. Once the contract is"
                    " corrected, the manager of the shelter signs the quarter again."
                ),
            ),
            NO_PAGE,
        ),
        (
            N_(
                "You never see a name, a case or a reason. If a shelter tells you one, write it down nowhere,"
                " and tell the duty desk."
            ),
        ),
        meets_people=False,
    ),
}
