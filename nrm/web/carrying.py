"""Forms that came after their session had ended: which are given back, and what is said of them, in words (ADR 0003).

A form that opens, ends or destroys something is never given back: anybody at the machine could have sent it, and the
person who signs in afterwards would do it for them. They are told that it was not done, and where to do it.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from flask import current_app
from werkzeug.exceptions import HTTPException
from werkzeug.routing import RequestRedirect

from forms.typed import Asked, every_form
from nrm.domain.accounts.accounts import Actor, NotPermitted, NotVisible
from nrm.domain.accounts.second_hands import ActKind
from nrm.domain.interviews.interviews import Question
from nrm.domain.words import N_
from nrm.store import signed_names
from nrm.store.accounts import members, second_hands
from nrm.store.countries import country
from nrm.store.referrals import obligations, referrals, supplements
from nrm.store.shelter import (
    absences,
    away,
    cases,
    claims,
    data_requests,
    findings,
    identifications,
    stay_history,
    stays,
)
from nrm.store.support import hearings, plans
from nrm.web.language import gettext, text_in, translated

ACT_WORDS: Mapping[ActKind, str] = {
    ActKind.WITHDRAW: N_("Take everything back and destroy what is kept"),
    ActKind.ERASE: N_("Erase what is kept"),
    ActKind.END_ACCOUNT: N_("End an account"),
    ActKind.BEGIN_ANEW: N_("Let a colleague begin anew"),
    ActKind.LET_BACK: N_("Let somebody in again who left"),
}
# Forms whose fields are secrets: what was typed there must not be carried in a page at all.
SECRETS = frozenset(
    {"accounts.password", "second_factor.set_up", "passkeys.make", "members.check_code", "members.new_code"}
)
# Besides all that ask for a fresh proof: what gives somebody else leave to read, or ends or destroys something.
ACTS = frozenset(
    {
        "absences.confirm_left",
        "absences.end",
        "absences.give_up_place",
        "absences.mistake",
        "absences.record_death",
        "absences.record_left",
        "ages.assess",
        "ages.turned",
        "arrivals.take_back",
        "best_interests.decide",
        "best_interests.look",
        "best_interests.name_guardian",
        "best_interests.open_file",
        "best_interests.pass_on",
        "cases.end_share",
        "cases.share",
        "closings.close",
        "complaints.complain",
        "complaints.deal",
        "complaints.open_all",
        "complaints.open_words",
        "complaints.take",
        "complaints.take_up",
        "feedback.answer",
        "feedback.take_off_note",
        "slips.again",
        "slips.complaint_sheet",
        "slips.paper",
        "slips.print_slips",
        "follow_ups.act",
        "follow_ups.end",
        "follow_ups.open_words",
        "follow_ups.take_over",
        "closings.reopen",
        "consents.ask",
        "contracts.change",
        "corrections.reopen",
        "corrections.take_back_doubt",
        "missing_told.confirm_danger",
        "missing_told.say_ground",
        "missing_told.share",
        "draft_owners.hand_over",
        "draft_owners.open_anothers",
        "own_sessions.end",
        "own_sessions.end_others",
        "second_factor.prove",
        "findings.of_case",
        "findings.of_return",
        "identifications.ask",
        "holding.hold",
        "holding.lack",
        "holds.give_back",
        "holds.open_held",
        "interviews.discard",
        "interviews.end",
        "key_workers.appoint",
        "key_workers.take_off",
        "interviews.without",
        "members.stop_anew",
        "announced_returns.cancel",
        "meetings.name_escort",
        "mistakes.acceptance",
        "mistakes.departure",
        "mistakes.keys_back",
        "mistakes.not_come",
        "matching.break_link",
        "matching.give_yes_back",
        "matching.looked",
        "matching.read",
        "matching.seen",
        "others_there.take_back",
        "places.close",
        "places.release",
        "units.close",
        "payment_lines.download",
        "benefits.agree",
        "benefits.call_off",
        "benefits.of_nobody",
        "benefits.seen",
        "benefits.settle",
        "benefits.told",
        "benefits.undo",
        "subsidies.paid",
        "subsidies.sign",
        "subsidies.take",
        "plans.confirm",
        "plans.strike",
        "permits.answer",
        "permits.second",
        "permits.strike",
        "cases.take_up_share",
        "duty.take_back_call",
        "referrals.expire",
        "referrals.take_back_known",
        "referrals.take_back_promise",
        "referrals.withdraw",
        "reports.close",
        "reports.without",
        "second_hands.decline",
        "shifts.begin_duty",
        "shifts.begin_people",
        "shifts.end",
        "stay_endings.correct",
        "stay_endings.end",
        "hearings.call_off",
        "hearings.strike",
        "closings.documents_given_back",
        "link_codes.make",
        "link_codes.remove",
        "link_codes.tie",
        "testimony.strike",
        "threats.seen",
        "threats.tell",
        "threats.tell_of_witness",
        "witnesses.end",
        "witnesses.strike",
        "consents.ask_link",
        "transfers.call_off",
    }
)
# Fields that are nowhere kept, not even for the moment in which a screen is hidden: the lines of a passport, and what a
# passkey answered.
NEVER_KEPT = frozenset({"zone", "passkey", "passkey_proof"})
# A form that closes a case, or gives one back, by one of its fields: endpoint -> (field, what it says then).
CLOSES: Mapping[str, tuple[str, str]] = {
    "outside_referrals.write": ("closes", "close"),
    "data_requests.record": ("kind", "keep"),
}
# What says yes or no for a person, or decides who receives them, was said to whoever sat there: who signs in afterwards
# must not send what another hand may have typed. Of the pages of an interview that is where the person answers whether
# they want help, and where a shelter is asked.
DECIDES = frozenset(
    {
        "family_notices.write",
        "next_receiver.direct",
        "next_receiver.refer",
        "others_there.tell",
        "matching.ask",
        "matching.take_back",
    }
)
# Forms of a page that is not called as they are, and shows them as its one form (`id="sheet"`).
_ON_PAGE = frozenset({"matching.answer", "matching.confirm", "interviews.save", "feedback.write_note"})
_YES = re.compile(r"consent_\w+|named|parties|party|by_name")
# What each form does, in the words of the person who sent it.
WORDS: Mapping[str, str] = {
    "absences.confirm_left": N_("Confirm that the person left on their own"),
    "absences.end": N_("End a stay because nobody was found"),
    "absences.give_up_place": N_("Keep the place of a missing person no longer"),
    "absences.found": N_("Record that the person is back"),
    "absences.known": N_("Say that we know of who is missing"),
    "absences.left_known": N_("Say that we know who left"),
    "absences.mistake": N_("Strike an alarm that was recorded by mistake"),
    "absences.not_known": N_("Take back that we know of who is missing"),
    "absences.record_death": N_("Record that the person died"),
    "missing_told.call": N_("Record a call about a missing person"),
    "missing_told.confirm_danger": N_("Confirm that a missing person’s life is in danger"),
    "missing_told.open_told": N_("Open what was told of a missing person"),
    "missing_told.say_ground": N_("Say why the police may be told"),
    "missing_told.share": N_("Tell of a missing person under seal"),
    "corrections.take_back_doubt": N_("Say that an end was right after all"),
    "absences.record_left": N_("Record that the person left on their own"),
    "absences.report": N_("Report a person missing"),
    "absences.take_back_left": N_("Take back that the person left"),
    "accounts.invite": N_("Invite a person"),
    "accounts.password": N_("Change my password"),
    "accounts.speak": N_("Use another language"),
    "accounts.speak_meanwhile": N_("Use another language"),
    "direct_intake.open_case": N_("Open a case for somebody who came without a referral"),
    "direct_intake.open_child": N_("Open a case for a child who came along"),
    "ages.assess": N_("Record an assessed age"),
    "ages.set_month": N_("Enter the month in which somebody turns 18"),
    "ages.turned": N_("Record that somebody is 18"),
    "agreements.accept": N_("Accept that a safeguard is weakened"),
    "agreements.approve": N_("Record the approval"),
    "agreements.open_for_signature": N_("Open for signature"),
    "agreements.propose": N_("Propose a new version"),
    "agreements.read_withdrawal": N_("Say that you have read that a version was withdrawn"),
    "agreements.sign": N_("Sign the agreement"),
    "agreements.try_it": N_("Try it on past cases"),
    "agreements.withdraw": N_("Withdraw the version"),
    "arrivals.arrive": N_("Record that the person has arrived"),
    "arrivals.take_back": N_("Take back a wrong arrival"),
    "away.back": N_("Record that the person is back"),
    "away.go": N_("Record that a resident is away"),
    "away.strike": N_("Strike days away"),
    "places.add": N_("Add places"),
    "places.close": N_("Close a place"),
    "places.rename": N_("Rename a place"),
    "places.reopen": N_("Reopen a place"),
    "notification_calls.child_answer": N_("Record the answer about a child"),
    "notification_calls.tell": N_("Record that it was told by telephone"),
    "notification_calls.tell_of_child": N_("Record that the child authority was told by telephone"),
    "notification_calls.tell_of_family": N_("Record that the child authority was told by telephone"),
    "best_interests.decide": N_("Record the best-interest decision"),
    "best_interests.look": N_("Record the second look"),
    "best_interests.name_guardian": N_("Record the guardian of a child"),
    "best_interests.open_file": N_("Open what was found about a child"),
    "best_interests.pass_on": N_("Let the shelter read what was found about a child"),
    "cases.add_note": N_("Add a note to the case"),
    "cases.end_share": N_("End what another organisation reads"),
    "cases.take_up_share": N_("Take up again what another organisation read"),
    "cases.erase": N_("Erase what is kept"),
    "cases.find": N_("Find a case by its code"),
    "cases.open_case": N_("Open a part of the case"),
    "cases.share": N_("Let another organisation read a part"),
    "cases.write": N_("Write a part of the case"),
    "child_returns.open_identity": N_("Open who the child is"),
    "child_returns.record": N_("Record a request from abroad"),
    "child_returns.tell_outcome": N_("Record what became of a returned child"),
    "child_returns.take_step": N_("Record a step of the return of a child"),
    "claims.ask": N_("Record a claim for compensation"),
    "claims.correct": N_("Correct the last entry"),
    "claims.record": N_("Record what became of the claim for compensation"),
    "closings.close": N_("Close the case"),
    "complaints.complain": N_("Send a complaint"),
    "complaints.deal": N_("Mark a complaint as dealt with"),
    "complaints.open_all": N_("Open all complaints that wait"),
    "complaints.open_words": N_("Open a complaint"),
    "complaints.take": N_("Say that I deal with a complaint"),
    "complaints.take_down": N_("Type in a complaint"),
    "complaints.take_up": N_("Mark a complaint as not dealt with"),
    "feedback.answer": N_("Send answers about a house"),
    "slips.again": N_("Make the slips of the last file again"),
    "slips.complaint_sheet": N_("Print a sheet for a complaint"),
    "slips.paper": N_("Take down answers from paper"),
    "slips.print_slips": N_("Print slips"),
    "feedback.take_off_note": N_("Take a note off the page of those who live in the house"),
    "feedback.write_note": N_("Show those who live in the house what was done"),
    "follow_ups.act": N_("Say that we act on what was said after the shelter"),
    "follow_ups.agree": N_("Agree how to stay in touch"),
    "follow_ups.end": N_("End staying in touch"),
    "follow_ups.open_words": N_("Open how the person is reached"),
    "follow_ups.record": N_("Enter a contact after the shelter"),
    "follow_ups.take_over": N_("Stay in touch from now on"),
    "closings.reopen": N_("Open the case again"),
    "closings.returning": N_("Find a case by its code"),
    "consents.ask": N_("Ask for consent"),
    "consents.narrow": N_("Seal anew what somebody may no longer read"),
    "consents.withdraw": N_("The person takes something back"),
    "corrections.admission": N_("Correct the day of an admission"),
    "corrections.place": N_("Correct the place of a stay"),
    "corrections.reopen": N_("Strike the end of a stay"),
    "contracts.change": N_("Change a contract with a centre"),
    "contracts.record": N_("Add a contract"),
    "contributions.answer": N_("Answer for the quarter"),
    "draft_owners.hand_over": N_("Hand over an interview to a colleague"),
    "draft_owners.open_anothers": N_("Open an interview of a colleague"),
    "draft_owners.urgent": N_("Send an interview as urgent"),
    "outside_referrals.write": N_("Write the letter"),
    "desks.child_answer": N_("Answer what happens with a child"),
    "desks.contradict": N_("Contradict an answer about a child"),
    "desks.child_not_known": N_("Take back that we know of the child"),
    "desks.child_known": N_("Say that we know of the child"),
    "directives.acknowledge": N_("Say that I have read the directive"),
    "duty.call": N_("Record a call"),
    "duty.take_back_call": N_("Take back a call that nobody made"),
    "readiness.call": N_("Record a call"),
    "agreement_drafts.again": N_("Begin again from the newer text"),
    "agreement_drafts.begin": N_("Begin from the text in force"),
    "agreement_drafts.clause": N_("Change the draft of an agreement"),
    "agreement_drafts.join": N_("Change the draft of an agreement"),
    "agreement_drafts.joining": N_("Change the draft of an agreement"),
    "agreement_drafts.name": N_("Change the name or the first day of a draft"),
    "agreement_drafts.party": N_("Change the draft of an agreement"),
    "agreement_drafts.step_time": N_("Change the draft of an agreement"),
    "agreement_drafts.take_out": N_("Change the draft of an agreement"),
    "passkeys.make": N_("Make a passkey"),
    "passkeys.remove": N_("Remove a passkey"),
    "passkeys.telephone": N_("Use no telephone any more"),
    "own_sessions.end": N_("Sign out another browser"),
    "own_sessions.end_others": N_("Sign out all other browsers"),
    "second_factor.let_in": N_("Let a colleague in again"),
    "second_factor.prove": N_("Show that it is you"),
    "second_factor.set_up": N_("Your telephone as a second key"),
    "family_notices.answer": N_("Answer a family notice"),
    "family_notices.write": N_("Send a family notice"),
    "findings.of_case": N_("Record what was found about a child"),
    "findings.of_return": N_("Record what was found about a child"),
    "first_talks.save": N_("Write down the first talk"),
    "groups.begin": N_("Begin a group"),
    "groups.next_person": N_("Begin the interview of the next person of a group"),
    "helpline.open_note": N_("Open the note of a call"),
    "helpline.record": N_("Record a call to the help line"),
    "helpline.settle": N_("Dealt with: destroy the note"),
    "holds.give_back": N_("Give an interview back to its post"),
    "holds.open_held": N_("Open an interview that a post ended"),
    "holds.take_back": N_("Go on with an interview that had ended"),
    "identifications.appeal": N_("Record that somebody appealed"),
    "identifications.ask": N_("Ask for formal identification"),
    "identifications.decide": N_("Decide the appeal"),
    "identifications.interview": N_("Record the joint interview"),
    "identifications.look": N_("Look at the record and conclude"),
    "identifications.open_part": N_("Open what the formal identification rests on"),
    "identifications.open_record": N_("Open the record of the joint interview"),
    "interviews.discard": N_("Destroy this interview"),
    "interviews.end": N_("End an interview without a referral"),
    "interviews.resume": N_("Continue the interview"),
    "interviews.save": N_("Save a page of the interview"),
    "interviews.start": N_("Begin an interview"),
    "interviews.without": N_("The person leaves without a shelter"),
    "key_workers.appoint": N_("Make somebody key worker or deputy"),
    "key_workers.set_cover": N_("Say after how long screens cover"),
    "key_workers.take_off": N_("Take a key worker or deputy off"),
    "key_workers.write_label": N_("Write the house label"),
    "joint_report.make": N_("Make the joint report"),
    "mailboxes.set_address": N_("Change the e-mail address of the desk"),
    "matching.answer": N_("Say whether somebody is the same person"),
    "matching.ask": N_("Record whether a person may be looked for"),
    "matching.break_link": N_("Break a link between two cases"),
    "matching.confirm": N_("Say whether somebody is the same person"),
    "matching.encode": N_("Encode people under the new key"),
    "matching.looked": N_("Say that an alarm is dealt with"),
    "matching.say": N_("Say whether somebody is a new person"),
    "matching.read": N_("Say that I have read what another organisation did"),
    "matching.seen": N_("Say that I have seen a person"),
    "matching.give_yes_back": N_("Say that a yes was taken back by mistake"),
    "matching.take_back": N_("Record that a person takes back a yes to being looked for"),
    "members.begin_again": N_("Let a colleague begin anew"),
    "members.agree_to_anew": N_("Agree that a colleague begins anew"),
    "members.stop_anew": N_("End that a colleague begins anew"),
    "changes.object_to": N_("Object to a change of an account"),
    "words.type_words": N_("Type the words of a colleague"),
    "members.check_code": N_("Type in the recovery code"),
    "key_log.agree": N_("Agree to what was proposed in the key log"),
    "key_log.let_in": N_("Let the Responsible Authority in again"),
    "key_log.decline": N_("Say that you do not agree, or take back what you proposed, in the key log"),
    "key_log.rename": N_("Sign the name of the organisation"),
    "members.disable": N_("End an account"),
    "members.new_code": N_("Make a new recovery code"),
    "members.renew": N_("Make a new key"),
    "holding.lack": N_("Say that you do not hold the key"),
    "holding.hold": N_("Say that you hold the key again"),
    "holding.give": N_("Give the key to a colleague"),
    "holding.make_next": N_("Make the next key"),
    "monitoring.check": N_("Check what was to be mended"),
    "monitoring.draw": N_("Draw the sample"),
    "monitoring.mend": N_("Ask a post to mend something"),
    "monitoring.score": N_("Score an interview"),
    "announced_returns.announce": N_("Announce a return"),
    "announced_returns.arrived": N_("Has arrived: begin the interview"),
    "announced_returns.cancel": N_("Take the notice back"),
    "announced_returns.not_come": N_("Record that the person did not come"),
    "announced_returns.open_identity": N_("Open who is expected"),
    "opening_log.acknowledge": N_("Say that I have looked into it"),
    "organisations.readmit": N_("Lift a suspension"),
    "organisations.suspend": N_("Suspend an organisation"),
    "paper_forms.begin": N_("Type in a paper"),
    "paper_forms.issue": N_("Print paper forms"),
    "paper_forms.open_twin": N_("Compare the two"),
    "paper_forms.reconcile": N_("Keep one of two papers"),
    "paper_forms.type_in": N_("Type in a paper"),
    "parties.open_party": N_("Say that a party takes part"),
    "parties.resume": N_("Let a party take part again"),
    "parties.strike_off": N_("Strike a party off"),
    "parties.suspend": N_("Leave a party out for 72 hours"),
    "payment_lines.download": N_("Nights that shelters are paid for"),
    "benefits.agree": N_("Agree to a benefit"),
    "benefits.ask": N_("Ask for a benefit"),
    "benefits.call_off": N_("Call a benefit off"),
    "benefits.of_nobody": N_("Call off a code of nobody"),
    "benefits.seen": N_("Say that nobody has to be told any more what became of our benefits"),
    "benefits.settle": N_("Record what became of a benefit"),
    "benefits.told": N_("Say that the person knows what became of her benefits"),
    "benefits.undo": N_("Take back what was recorded of a benefit"),
    "subsidies.paid": N_("Record what was paid for nights"),
    "subsidies.sign": N_("Sign the nights of a quarter"),
    "subsidies.take": N_("Take a signed file of nights"),
    "plans.came": N_("Record what became of a service"),
    "plans.confirm": N_("Confirm a plan with your key"),
    "plans.finish": N_("Say that a step of a plan is done, or not needed"),
    "plans.goal": N_("Write down a goal"),
    "plans.medication": N_("Write down medication"),
    "plans.move": N_("Put a step of a plan to another day"),
    "plans.move_to": N_("Put a step of a plan to another day"),
    "plans.say_received": N_("Say which services a person received"),
    "plans.service": N_("Plan a service"),
    "plans.step": N_("Write down a next step"),
    "plans.strike": N_("Strike an entry of a plan"),
    "plans.undo": N_("Take back what was done with a step of a plan"),
    "permits.answer": N_("Answer whether a paper is the permit unit’s"),
    "permits.record": N_("Record a step of the residence permit"),
    "permits.second": N_("Confirm as a second member"),
    "permits.strike": N_("Strike what was recorded of the residence permit"),
    "next_receiver.direct": N_("Decide where the person goes"),
    "next_receiver.refer": N_("Ask another shelter to receive the person"),
    "referrals.accept": N_("Accept the person"),
    "referrals.acknowledge": N_("Record that what is owed was done"),
    "referrals.take_back_known": N_("Take back that the desk knows"),
    "matching.change_course": N_("Change what a linked case is"),
    "referrals.take_back_promise": N_("Take back what nobody promised by telephone"),
    "referrals.decline": N_("Decline a referral"),
    "mistakes.acceptance": N_("Take back that we accepted a person"),
    "mistakes.after_all": N_("Take a person in after all"),
    "mistakes.departure": N_("Take back that they have left"),
    "mistakes.not_come": N_("Take back that a person did not arrive"),
    "mistakes.keys_back": N_("Let the other shelter read and write again"),
    "referrals.depart": N_("Record that they have left"),
    "referrals.expire": N_("Ask the next party"),
    "referrals.not_arrived": N_("Record that the person did not arrive"),
    "referrals.offer": N_("Offer the case again"),
    "referrals.open_hand_over": N_("Open the hand-over"),
    "referrals.promise": N_("Record what was promised by telephone"),
    "referrals.withdraw": N_("Withdraw a referral"),
    "register.check": N_("Check a table"),
    "register.sign": N_("Sign and file a table"),
    "register.upload": N_("Upload a table"),
    "reports.close": N_("Close a quarter"),
    "reports.countersign": N_("Sign and release the reports"),
    "reports.sign": N_("Sign the reports"),
    "reports.without": N_("Confirm that a quarter is closed without somebody"),
    "data_requests.give": N_("Record that the person has the copy"),
    "data_requests.open_copy": N_("Open a copy of what is kept"),
    "data_requests.record": N_("Record a request"),
    "data_requests.refuse": N_("Refuse a request"),
    "second_hands.agree": N_("Agree to what a colleague asked for"),
    "second_hands.see": N_("Say that you have seen that a case opens for nobody"),
    "second_hands.undo": N_("Give a case back that opens for nobody"),
    "suspensions.suspend": N_("Suspend a person"),
    "suspensions.end": N_("End a suspension"),
    "suspensions.lengthen": N_("Make a suspension longer"),
    "members.bring_back": N_("Let somebody in again who left"),
    "roles.change": N_("Change a role"),
    "roles.rename": N_("Change a name"),
    "second_hands.decline": N_("Do not agree to what was asked for"),
    "places.extra": N_("Make an extra place"),
    "places.promise": N_("Keep a place for somebody"),
    "places.put_back": N_("Use a place again"),
    "places.release": N_("Release a place"),
    "places.renew": N_("Keep a place longer"),
    "places.take_out": N_("Take a place out of service"),
    "units.add": N_("Add a unit"),
    "units.change": N_("Change a unit"),
    "units.close": N_("Close a unit"),
    "units.reopen": N_("Reopen a unit"),
    "units.split": N_("Split a unit"),
    "shifts.begin_duty": N_("Begin a duty shift"),
    "shifts.begin_people": N_("Open my people for this shift"),
    "shifts.end": N_("End the shift"),
    "stays.admit": N_("Admit the person"),
    "stays.change": N_("Change place or planned end"),
    "stay_endings.correct": N_("Correct the end of a stay"),
    "stay_endings.end": N_("End the stay"),
    "others_there.open_notice": N_("Open what was told of others"),
    "others_there.seen": N_("Say that we have seen what was told of others"),
    "others_there.take_back": N_("Take back what was told of others"),
    "others_there.tell": N_("Tell under seal of others who are still there"),
    "supplements.complete": N_("Complete the urgent interview"),
    "supplements.file": N_("File what was added to the hand-over"),
    "supplements.open_supplement": N_("Open what was added to the hand-over"),
    "supplements.send": N_("Add to an urgent hand-over"),
    "supplements.take_over": N_("Take what was added over into the case"),
    "transfers.call_off": N_("Call the move off"),
    "transfers.open_meeting": N_("Show the meeting place"),
    "transfers.say_meeting": N_("Say where you meet the person"),
    "meetings.name_escort": N_("Let a colleague go with the person"),
    "meetings.say": N_("Say who goes with the person and where you meet"),
    "testimony.record": N_("Record a step as a witness"),
    "testimony.strike": N_("Strike a step as a witness"),
    "consents.ask_link": N_("Record what the person says to a link code"),
    "hearings.announce": N_("Announce a hearing"),
    "hearings.announce_of_witness": N_("Announce a hearing"),
    "hearings.call_off": N_("Say that there is no hearing"),
    "hearings.order": N_("Enter what the court ordered"),
    "hearings.strike": N_("Strike an entry about a hearing"),
    "closings.documents_given_back": N_("Say that the documents were given back"),
    "link_codes.make": N_("Make the link code"),
    "link_codes.remove": N_("Remove a number of the police"),
    "link_codes.tie": N_("Tie a number to a link code"),
    "threats.seen": N_("Say that you have seen the threat"),
    "threats.tell": N_("Tell that a witness is threatened"),
    "threats.tell_of_witness": N_("Tell that a witness is threatened"),
    "witnesses.end": N_("End what is kept of a witness"),
    "witnesses.enter": N_("Enter a witness"),
    "witnesses.open_reference": N_("Show by what you know the witness"),
    "witnesses.record": N_("Record a step as a witness"),
    "witnesses.strike": N_("Strike a step as a witness"),
}
# What stands around the answers of a form.
AROUND = frozenset({"csrf_token", "step_up", "step_up_code", "carried", "id", "losing", "warned"})
_ID = re.compile(r"[0-9a-f-]{16,}")
# A part of a date, an entry of a list.
_PART = re.compile(r".*-(day|month|year|hour|minute|[0-9]+)(-.*)?")
# Ids, numbers and the codes of what is chosen from a list.
_CODE = re.compile(r"[0-9a-f-]{16,}|[0-9]+|[a-z]+(_[a-z]+)*")
# How to find the code of the case that a part of an address names, for an actor who may see it.
_CODE_BY: Mapping[str, tuple[Callable[[uuid.UUID, Actor], str], ...]] = {
    "case_id": (
        lambda id_, by: cases.case(id_, by=by).pseudonym,
        lambda id_, by: identifications.of_case(id_, by=by).pseudonym,
        lambda id_, by: findings.code_of(id_, by=by),
    ),
    "referral_id": (lambda id_, by: referrals.referral(id_, by=by).pseudonym,),
    "missing_id": (lambda id_, by: stay_history.alarm(id_, by=by).pseudonym,),
    "left_id": (lambda id_, by: absences.left_one(id_, by=by).pseudonym,),
    "stay_id": (lambda id_, by: stays.stay(id_, by=by).pseudonym,),
    "away_id": (lambda id_, by: away.one(id_, by=by).pseudonym,),
    "witness_id": (lambda id_, by: hearings.of_witness(id_, by=by).code,),
    "hearing_id": (lambda id_, by: hearings.of_entry(id_, by=by)[0].code,),
    "plan_step_id": (lambda id_, by: plans.step(id_, by=by).pseudonym,),
    "claim_id": (lambda id_, by: claims.one(id_, by=by).pseudonym,),
    "request_id": (lambda id_, by: data_requests.one(id_, by=by).pseudonym,),
    "supplement_id": (lambda id_, by: supplements.one_open(id_, by=by).pseudonym,),
    "obligation_id": (lambda id_, by: cases.case(obligations.row(id_, by=by).case_id, by=by).pseudonym,),
}


def decides(endpoint: str, fields: Mapping[str, str]) -> bool:
    """Whether a form closes a case, says yes or no for a person, or decides who receives them; some by their fields."""
    field, value = CLOSES.get(endpoint, ("", ""))
    if field:
        return fields.get(field) == value
    return endpoint in DECIDES or (endpoint == "interviews.save" and any(map(_YES.fullmatch, fields)))


def in_words(fields: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """What a form says, as (question, answer) in the reader's language, with what else somebody wrote: whoever sends a
    form that was typed before reads what it says."""
    known = _questions()
    found: dict[str, list[str]] = {}
    others: list[tuple[str, str]] = []
    for name, value in fields:
        question = known.get(name) or known.get(name.rpartition("-")[0])
        if question is None:
            others.append((name, value))
        elif value.strip():
            option = question.option(value)
            found.setdefault(text_in(question.text), []).append(text_in(option.text) if option else value)
    said = [(question, ", ".join(each)) for question, each in found.items()]
    wrote, chose = written(others), _chosen(others)
    return [
        *said,
        *([(gettext("What is written:"), ", ".join(wrote))] if wrote else []),
        *([(gettext("What is chosen:"), ", ".join(chose))] if chose else []),
    ]


def _chosen(fields: Iterable[tuple[str, str]]) -> list[str]:
    """What was chosen or ticked in a form, in the words of the form. Ids say nothing to anybody and are left out."""
    told = [(name, value) for name, value in fields if value.strip() and name not in AROUND]
    asked = _asked_by(told)
    return [
        _labelled(name, value, asked) for name, value in told if _CODE.fullmatch(value) and not _ID.fullmatch(value)
    ]


def _asked_by(fields: Iterable[tuple[str, str]]) -> Mapping[str, Asked]:
    """The fields of the form that has all that was sent and offers most of what was chosen, of several the smallest;
    without those that another one like it says otherwise."""
    wanted = [each for each in fields if not _PART.fullmatch(each[0])]
    fitting: dict[tuple[int, int], list[Mapping[str, Asked]]] = {}
    for form in every_form():
        if all(_offers(form.get(name), value) for name, value in wanted):
            chosen = sum(value in form[name].choices for name, value in wanted)
            fitting.setdefault((-chosen, len(form)), []).append(form)
    alike = fitting[min(fitting)] if fitting else []
    return {name: alike[0][name] for name, _ in wanted if alike and all(each[name] == alike[0][name] for each in alike)}


def _offers(asked: Asked | None, value: str) -> bool:
    return asked is not None and (not asked.choices or value in asked.choices)


def _labelled(name: str, value: str, asked: Mapping[str, Asked]) -> str:
    """A choice with the words of its form; the code where no form knows it. A tick says what it stands beside."""
    field = asked.get(name)
    if field is None or not field.label:
        return f"{name}: {value}"
    label = translated(field.label)
    if value in field.choices:
        return f"{label}: {translated(field.choices[value])}"
    if value == "y":
        return label
    return f"{name}: {value}" if field.choices else f"{label}: {value}"  # of no choice: a number, or one word, typed


def _questions() -> Mapping[str, Question]:
    return {
        name: each
        for questionnaire in country().questionnaires.values()
        for name, each in questionnaire.questions.items()
    }


def written(fields: Iterable[tuple[str, str]]) -> list[str]:
    """What somebody wrote in a form in their own words, without what was chosen, what stands around the answers and
    what is nowhere kept; for a page that only shows it."""
    known = _questions()
    found = []
    for name, value in fields:
        question = known.get(name)
        # A box of another form may be called as a question: what has several words was written, and not chosen.
        listed = question is not None and (question.closed or question.kind == "parties")
        chosen = len(value.split()) == 1 if listed else question is None and _CODE.fullmatch(value)
        if value.strip() and name not in NEVER_KEPT and not chosen:
            found.append(value)
    return found


def form_at(path: str) -> tuple[str, Mapping[str, Any]]:
    """(endpoint, the parts of its address) of the form that is sent to `path`; an empty endpoint if there is none."""
    return _endpoint_at(unwrapped(path), "POST")


def unwrapped(path: str) -> str:
    """The address of the form itself, where `path` only chooses a language for it, once or several times: nobody is led
    to such an address again."""
    while path:
        endpoint, values = _endpoint_at(path, "POST")
        if endpoint != "accounts.speak":
            break
        path = f"/{values['form']}"
    return path


def code_of(values: Mapping[str, Any], *, by: Actor) -> str:
    """The code of the case that a form is about; empty if there is none, or the actor may not see it."""
    for name, ways in _CODE_BY.items():
        for way in ways if name in values else ():
            try:
                return way(values[name], by)
            except (NotVisible, NotPermitted):
                continue
    return ""


def about_of(values: Mapping[str, Any], *, by: Actor) -> list[tuple[str, str]]:
    """Whom an act on an account, or of two hands, is about, in words; nothing the actor may not see."""
    try:
        if "act_id" in values:
            act = second_hands.one(values["act_id"], by=by)
            what = (gettext("What was asked for"), translated(ACT_WORDS[act.kind]))
            whose = (gettext("Code"), act.pseudonym) if act.pseudonym else (gettext("Who"), act.called)
            return [what, whose]
        if "member_id" in values:
            found = members.colleague(values["member_id"], by=by)
            return [(gettext("Who"), f"{signed_names.name_of(found)} ({found.login})")]
    except (NotVisible, NotPermitted):
        pass
    return []


def words_of_page(endpoint: str) -> str:
    """The words of the form that a page shows; empty for a page of several, or of none."""
    return WORDS.get(endpoint.removesuffix("_page"), "")


def page_of(path: str) -> str:
    """The page that contains the form that was sent to `path`: that address, or the nearest one above that is a
    page."""
    path = unwrapped(path)
    while path.strip("/"):
        if _endpoint_at(path, "GET")[0]:
            return path
        path = path.rstrip("/").rpartition("/")[0]
    return "/"


def has_own_page(endpoint: str, path: str) -> bool:
    """Whether the nearest page of `path` is the page of that form alone, and not a list, or a page of several."""
    if endpoint in _ON_PAGE:
        return True
    shown = _endpoint_at(path, "GET")[0]
    return bool(shown) and (shown == endpoint or shown.endswith("_page"))


def _endpoint_at(path: str, method: str) -> tuple[str, Mapping[str, Any]]:
    try:
        return current_app.url_map.bind("").match(path, method=method)
    except (HTTPException, RequestRedirect):
        return "", {}
