"""The key log for people: what waits for their hand, who waits in an office, the own name, who is not vouched for."""

from __future__ import annotations

import uuid
from collections.abc import Mapping

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.datastructures import MultiDict
from wtforms.validators import DataRequired

from forms.accounts.key_log import NO_LABELS, AgreeForm, AttestForm, DeclineForm
from forms.accounts.organisations import ORGANISATION_REASONS
from forms.accounts.second_hands import REASON_LABELS
from nrm.actions.accounts import key_log as actions
from nrm.actions.accounts import organisations as organisations_actions
from nrm.actions.accounts import words as word_actions
from nrm.domain.accounts.accounts import ROLE_LABELS, NotVisible, Permission
from nrm.domain.accounts.failed_attempts import TooSoon
from nrm.domain.accounts.key_log_entries import EntryKind, EntryRefused, No, PartyState
from nrm.domain.accounts.vouching import NoSecondHand
from nrm.domain.accounts.words import CannotVouch, NoOccasion, WrongWords
from nrm.domain.agreement.parties import PartyRefused
from nrm.domain.words import N_
from nrm.store.accounts import changes, deeds, occasions, typists
from nrm.store.accounts import key_log as store
from nrm.store.accounts import own_entries as entries
from nrm.web import access, errors, sessions
from nrm.web.accounts.happenings import HAPPENINGS
from nrm.web.accounts.organisations import left_by
from nrm.web.accounts.words import NO_OCCASION, refusal_said
from nrm.web.carried_forms import ACT_WORDS

blueprint = Blueprint("key_log", __name__)
Answer = errors.Answer

KINDS: Mapping[EntryKind, str] = {
    EntryKind.GENESIS: N_("The key log begins"),
    EntryKind.FOUNDED: N_("An organisation is founded"),
    EntryKind.JOINED: N_("Somebody joins"),
    EntryKind.ANEW: N_("Somebody begins anew"),
    EntryKind.LEFT: N_("Somebody leaves"),
    EntryKind.SUSPENDED: N_("A suspension"),
    EntryKind.RESUMED: N_("The end of a suspension"),
    EntryKind.ROLE: N_("Another role"),
    EntryKind.RENAMED: N_("Another name"),
    EntryKind.KEYRING: N_("A new key of an organisation"),
    EntryKind.HOLDING: N_("Who does not hold the key"),
    EntryKind.PARTY: N_("A party of the agreement"),
    EntryKind.BOX: N_("A key for papers without a connection"),
    EntryKind.RESTORED: N_("The key log was put back from a copy"),
}
PARTY_WORDS: Mapping[PartyState, str] = {
    PartyState.OPENED: N_("takes part"),
    PartyState.SUSPENDED: N_("takes no part for 72 hours"),
    PartyState.STRUCK_OFF: N_("struck off: takes part no more"),
}
WRONG = N_(
    "The key log is wrong: nothing is signed before it is put right. Tell the duty desk and whoever runs the server."
)
HOLDS_CASES = N_(
    "This organisation has open cases, or is asked for somebody. It hands them on first; then strike it off."
)
SHORT: Mapping[EntryKind, str] = {
    EntryKind.GENESIS: N_("The key log is to begin"),
    EntryKind.FOUNDED: N_("An organisation is to be founded"),
    EntryKind.JOINED: N_("Somebody is to join"),
    EntryKind.ANEW: N_("Somebody is to begin anew"),
    EntryKind.SUSPENDED: N_("An organisation is to be suspended"),
    EntryKind.ROLE: N_("Somebody is to have another role"),
    EntryKind.PARTY: N_("A party of the agreement"),
    EntryKind.RESTORED: N_("The key log was put back from a copy"),
}
"""What waits for several hands, in the words of a home page."""
NEW_AT_DESK = N_(
    "You have been at the duty desk for less than 14 days: you decide nothing of another organisation. Call one of the "
    "desk who was there before."
)
ELSEWHERE = N_(
    "You type no words here: colleagues of the person do, or, where nobody there could, one of the duty desk who has "
    "been there for 14 days."
)
KNOWN = N_("I have read this, and know from the people themselves that it is right")
NOT_TICKED = N_("Call them first; then tick the box")
NO_SHEET = N_(
    "The founders have no words for these keys: ask each to sign in and to open the accession sheet. If they have, do "
    "not agree, and call the duty desk: somebody has put other keys in their place."
)
TOO_OFTEN = N_("Ten wrong entries within an hour: wait some minutes, and make sure who you speak with.")
REFUSED = N_("This was completed already, its time is over, or it needs another hand than yours.")


@blueprint.errorhandler(actions.LogWrong)
def _wrong(_error: actions.LogWrong) -> Answer:
    return errors.error_page(409, WRONG)


@blueprint.errorhandler(NoSecondHand)
def _new(_error: NoSecondHand) -> Answer:
    return errors.error_page(409, NEW_AT_DESK)


@blueprint.get("/key-log")
@access.signed_in
def index() -> Answer:
    """What waits for the reader's hand, or has it and waits for others."""
    by = access.actor()
    return render_template(
        "accounts/key_log/index.html",
        lines=store.proposals(by=by),
        waiting=occasions.to_attest(by=by),
        renamed=store.own_name_differs(by=by),
        desk=by.may(Permission.REFERRAL_DIRECT),
        begins=store.may_begin(by=by),
        out=store.desk_out(by=by),
        reasons=ORGANISATION_REASONS,
        listed=store.is_founded(by=by),
        kinds=KINDS,
        roles=ROLE_LABELS,
        states=PARTY_WORDS,
        short=SHORT,
        vouched=entries.vouched(by=by),
        own_sheet=occasions.has_sheet(by=by),
    )


@blueprint.get("/key-log/own")
@access.signed_in
def own() -> Answer:
    """Every entry about the reader's organisation, the newest first."""
    found = entries.page(by=access.actor(), before=request.args.get("before", type=int))
    return render_template(
        "accounts/key_log/own.html",
        page=found,
        kinds=KINDS,
        roles=ROLE_LABELS,
        reasons={**REASON_LABELS, **ORGANISATION_REASONS},
        objectionable={each.id for each in changes.told(by=access.actor()) if each.may_object},
        vouched=entries.vouched(by=access.actor()),
    )


@blueprint.get("/key-log/<digest>")
@access.signed_in
def show(digest: str) -> Answer:
    """All that a proposal says, to compare before signing."""
    return _page(digest, None, 200)


def _page(digest: str, form: AgreeForm | None, status: int, no: DeclineForm | None = None) -> Answer:
    page = store.proposal(_bytes(digest), by=access.actor())
    form = form if form is not None else _form(page)
    return render_template(
        "accounts/key_log/show.html",
        page=page,
        form=form,
        no=no or DeclineForm(),
        noes=NO_LABELS,
        kinds=SHORT,
        roles=ROLE_LABELS,
        states=PARTY_WORDS,
        reasons=ORGANISATION_REASONS,
        left=left_by(page.suspends) if page.suspends is not None else None,
        around=_around(page),
        new_at_desk=NEW_AT_DESK,
        happenings=HAPPENINGS,
        act_words=ACT_WORDS,
        **_typing(page),
    ), status


def _typing(page: store.ProposalPage) -> dict[str, object]:
    """Of who joins: whether the reader types the words now; else why not, and who can."""
    if not page.line.elsewhere or not page.line.wanted:
        return {}
    about = page.people[0].member_id
    try:
        word_actions.check(about, called_back=True, by=access.actor())
        return {"types_now": True}
    except CannotVouch as error:
        return {"types_not": refusal_said(error, about)}
    except NoOccasion:
        return {"types_not": NO_OCCASION}
    except NotVisible:
        names = typists.who_may_type(about, by=access.actor())
        return {"types_not": ELSEWHERE, "typists": names}


def _around(page: store.ProposalPage) -> deeds.Around | None:
    """Of who begins anew: who let them, and what else these did; of another role, and of who joins, the same of who
    proposed it."""
    if not page.is_of_person or page.line.mine:
        return None
    about = page.role.member_id if page.role is not None else page.people[0].member_id
    found = None
    try:
        if page.line.kind is EntryKind.ANEW:
            found = deeds.of_words(about, by=access.actor())
    except NotVisible:  # the words are shown no more
        pass
    if found is not None or page.proposed_at is None:
        return found
    try:
        return deeds.of_proposal(page.proposer_id, about=about, at=page.proposed_at, by=access.actor())
    except NotVisible:  # who vouches for an office from outside
        return None


def _form(page: store.ProposalPage, sent: MultiDict[str, str] | None = None) -> AgreeForm:
    if page.types:
        return AttestForm(sent).of([each.name for each in page.types])
    form = AgreeForm(sent)
    form.compared.label.text = KNOWN
    form.compared.validators = [DataRequired(NOT_TICKED)]
    return form


def _bytes(digest: str) -> bytes:
    try:
        return bytes.fromhex(digest)
    except ValueError:
        raise NotVisible from None


@blueprint.post("/key-log/<digest>/agree")
@access.signed_in
@sessions.step_up
def agree(digest: str) -> Answer:
    """Sign what others proposed, with the reader's own key."""
    page = store.proposal(_bytes(digest), by=access.actor())
    if page.line.for_older:
        return errors.error_page(409, NEW_AT_DESK)
    if not page.line.wanted or page.line.elsewhere:
        return errors.error_page(409, REFUSED)
    form = _form(page, request.form)
    if not form.validate():
        return _page(digest, form, 422)
    said = form.typed if isinstance(form, AttestForm) else ()
    typed = {each.member_id: words for each, words in zip(page.types, said, strict=False)}
    try:
        actions.agree(proposal=page.line.digest, typed=typed, by=access.actor())
    except WrongWords as error:
        assert isinstance(form, AttestForm)
        form.mark(error.groups)
        return _page(digest, form, 422)
    except NoOccasion:
        return errors.error_page(409, NO_SHEET)
    except TooSoon:
        return errors.error_page(429, TOO_OFTEN)
    except EntryRefused:
        return errors.error_page(409, REFUSED)
    except PartyRefused:
        return errors.error_page(409, HOLDS_CASES)
    return redirect(url_for("key_log.index"), 303)


@blueprint.post("/key-log/let-in/<uuid:organisation_id>")
@access.signed_in
@sessions.step_up
def let_in(organisation_id: uuid.UUID) -> Answer:
    """Sign that the suspended Responsible Authority takes part again: two do it, of two other organisations."""
    organisations_actions.ask_back(organisation_id=organisation_id, by=access.actor())
    return redirect(url_for("key_log.index"), 303)


@blueprint.post("/key-log/<digest>/decline")
@access.signed_in
@sessions.step_up
def decline(digest: str) -> Answer:
    """Take back what the reader proposed, or say why they do not agree."""
    page = store.proposal(_bytes(digest), by=access.actor())
    form = DeclineForm(request.form)
    if not page.line.may_take_back and not form.validate():
        return _page(digest, None, 422, form)
    reason = No.MISTAKE if page.line.may_take_back else No(form.why.data)
    try:
        actions.decline(proposal=page.line.digest, reason=reason, by=access.actor())
    except EntryRefused:
        return errors.error_page(409, REFUSED)
    return redirect(url_for("key_log.index"), 303)


@blueprint.post("/key-log/name")
@access.signed_in
@sessions.step_up
def rename() -> Answer:
    """Sign the name that the reader's organisation has now."""
    try:
        actions.sign_name(by=access.actor())
    except EntryRefused:
        return errors.error_page(409, REFUSED)
    return redirect(url_for("key_log.index"), 303)


@blueprint.get("/key-log/organisations")
@access.requires(Permission.REFERRAL_DIRECT)
def organisations() -> Answer:
    """For the duty desk: for whose keys nobody has vouched yet, how many days they are still asked, and all others."""
    return render_template("accounts/key_log/organisations.html", lines=store.organisations(by=access.actor()))
