"""Words that are read to a colleague: the page of who reads them, of who types them, and the accession sheet."""

from __future__ import annotations

import uuid

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from forms.accounts.words import TypeWordsForm
from nrm.actions.accounts import words as actions
from nrm.domain.accounts.accounts import ROLE_LABELS, NotVisible
from nrm.domain.accounts.failed_attempts import TooSoon
from nrm.domain.accounts.words import (
    AgreedBefore,
    AgreedBeside,
    AskerStopped,
    CameByTime,
    CannotVouch,
    MadeTheLink,
    NewToDesk,
    NoOccasion,
    OneHand,
    OutsideFirst,
    SecondStopped,
    TypedBefore,
    WordPurpose,
    WrongWords,
    spelling,
)
from nrm.domain.words import N_
from nrm.store.accounts import deeds, typists
from nrm.store.accounts import occasions as store
from nrm.web import access, errors, formats, sessions
from nrm.web.accounts import told_once
from nrm.web.accounts.happenings import HAPPENINGS
from nrm.web.carried_forms import ACT_WORDS
from nrm.web.language import current_language, in_language, languages
from nrm.web.telephones import duty_desk

blueprint = Blueprint("words", __name__)

NO_OCCASION = N_(
    "The page of this person shows no words now. Ask them to sign in: the words stand on their first page, once the "
    "recovery code is typed in."
)
NOT_YOURS = N_("You cannot do this for this person: a colleague who holds the key of their organisation does it.")
CAME_BY_TIME = N_(
    "The old account ended by time alone: no second hand agreed, and its owner did not answer. First one of the duty "
    "desk speaks with the owner, and agrees; then another one types the words."
)
SECOND_STOPPED = N_(
    "Who typed these words first suspended the colleague who could type them second. The duty desk does not stand in "
    "for that colleague. Ask why, and end the suspension if it is not right."
)
ASKER_STOPPED = N_(
    "Who let this person begin anew was suspended since, or their account was ended, so it is over. Speak with the "
    "person; if they lost their keys, let them begin anew yourself: they get another link."
)
TYPED_BEFORE = N_(
    "You typed these words already, and they were right. Their role may do more than yours: a second colleague has to "
    "type the same words."
)
TYPED_OUTSIDE = N_(
    "You typed these words already, and they were right. You are not of this organisation: another hand types the same "
    "words, too."
)
NEW_TO_DESK = N_(
    "You have been at the duty desk for less than 14 days: another one of it, who was there before, speaks with this "
    "person and types the words."
)
_NOT_NOW = (TypedBefore, OutsideFirst, AskerStopped, AgreedBefore, CameByTime, SecondStopped, NewToDesk)
_SAID = {AskerStopped: ASKER_STOPPED, CameByTime: CAME_BY_TIME, SecondStopped: SECOND_STOPPED, NewToDesk: NEW_TO_DESK}
TOO_OFTEN = N_("Ten wrong entries within an hour: wait some minutes, and let the person make sure who they speak with.")
HIDDEN = N_(
    "The key of this organisation or the key log is not as it should be, so nobody was let in. Tell the duty desk and "
    "whoever runs the server before you try again."
)
CHANGED = N_(
    "The database has another name or role for you than you signed when you joined. Print no sheet, read nobody your "
    "words: tell the duty desk and whoever runs the server."
)
# What stands on the accession sheet, in each language.
SHEET = {
    "title": N_("Accession sheet of a founder"),
    "rule": N_(
        "Whoever lets this organisation in types these words: in the founder’s presence, or after a call back to the "
        "number in the agreement. They hold for the keys made at this computer and for no others."
    ),
    "where": N_("Place and day"),
    "signed": N_("Signature of the founder"),
}

Answer = BaseResponse | str | tuple[str, int]


@blueprint.get("/my-words")
@access.signed_in
def mine() -> Answer:
    """The words of somebody who has lost a telephone and has set up another one."""
    shown = actions.shown(by=access.actor())
    if shown is None or shown.purpose is not WordPurpose.FACTOR:
        return redirect(url_for("home.index"), 303)
    return render_template("accounts/words/mine.html", shown=shown, spelling=spelling(current_language()))


def waiting_page() -> str:
    """The first page of somebody who has joined and waits: their words, and for founders who else is there."""
    by = access.actor()
    shown = actions.shown(by=by)
    founding = shown is not None and shown.purpose is WordPurpose.FOUNDED
    return render_template(
        "home/waiting.html",
        shown=shown,
        founders=store.founders(by=by) if founding else (),
        founding=founding,
        typists=typists.typists(by=by),
        others=typists.works_with_others(by=by),
        stopped=typists.stopped_by_typist(by=by),
        desk_first=typists.has_desk_first(by=by),
        spelling=spelling(current_language()),
    )


@blueprint.get("/accession-sheet")
@access.signed_in
def accession_sheet() -> Answer:
    """One page to be printed, in both languages: a founder signs it, and who types the founder's words reads it."""
    by, visitor = access.actor(), access.visitor()
    shown = actions.shown(by=by)
    if shown is None or shown.purpose is not WordPurpose.FOUNDED or shown.code_due:
        raise NotVisible
    if not shown.as_signed:
        return errors.error_page(409, CHANGED)
    return render_template(
        "accounts/words/accession_sheet.html",
        shown=shown,
        languages=languages(),
        said=in_language,
        texts=SHEET,
        name=visitor.name,
        role=ROLE_LABELS[by.role] if by.role is not None else "",
        organisation_name=visitor.organisation_name,
        code=by.organisation_code,
        spelling={each: spelling(each) for each in languages()},
    )


@blueprint.get("/members/<uuid:member_id>/words")
@access.signed_in
@sessions.step_up
def type_page(member_id: uuid.UUID) -> Answer:
    return _type_page(member_id, TypeWordsForm(), 200)


@blueprint.post("/members/<uuid:member_id>/words")
@access.signed_in
@sessions.step_up
def type_words(member_id: uuid.UUID) -> Answer:
    """Type them; if they are right, what they are for happens at once."""
    form = TypeWordsForm(request.form)
    if not form.validate():
        return _type_page(member_id, form, 422)
    try:
        holds = actions.type_words(
            member_id=member_id, typed=form.typed, called_back=bool(form.called_back.data), by=access.actor()
        )
    except WrongWords as error:
        form.mark(error.groups)
        return _type_page(member_id, form, 422)
    except TooSoon:
        return errors.error_page(429, TOO_OFTEN)
    except CannotVouch as error:
        return _refused(error, member_id)
    except NotVisible:
        if not form.called_back.data and _is_outside(member_id):
            form.called_back.errors = [N_("Make sure of it yourself first; then tick the box")]
            return _type_page(member_id, form, 422)
        raise
    except NoOccasion:
        return errors.error_page(409, NO_OCCASION)
    except actions.KeyringDisagrees:
        return errors.error_page(409, HIDDEN)
    if access.visitor().waiting:
        return redirect(url_for("home.index"), 303)
    once = "outside" if typists.is_of_another(member_id, by=access.actor()) else "once"
    return told_once.lead(url_for("accounts.members", typed="yes" if holds else once))


def _refused(error: CannotVouch, member_id: uuid.UUID) -> Answer:
    """The page of who does not type these words now."""
    return errors.error_page(409 if isinstance(error, _NOT_NOW) else 403, refusal_said(error, member_id))


def refusal_said(error: CannotVouch, member_id: uuid.UUID) -> str:
    """Why somebody does not type these words now, and who does."""
    if isinstance(error, TypedBefore):
        return TYPED_OUTSIDE if typists.is_of_another(member_id, by=access.actor()) else TYPED_BEFORE
    if isinstance(error, MadeTheLink):
        return _own_link(member_id)
    if isinstance(error, OneHand):
        return _one_hand(member_id)
    if isinstance(error, OutsideFirst):
        return N_(
            "You let this person begin anew, or are one hand with who did, and nobody else works there. So the duty "
            "desk of the Responsible Authority types the words first: let the person call it now, %(number)s. Then you "
            "type them, too.",
            number=duty_desk(),
        )
    if isinstance(error, AgreedBeside):
        return _agreed_beside(error)
    if isinstance(error, AgreedBefore):
        return _agreed(error)
    return next((text for kind, text in _SAID.items() if isinstance(error, kind)), NOT_YOURS)


def _agreed(error: AgreedBefore) -> str:
    if error.at is not None:
        return N_(
            "You agreed that this person begins anew, and nobody else of the duty desk can type the words now. You "
            "type them from %(moment)s on: until then the owner of the account can call.",
            moment=formats.moment(error.at, current_language()),
        )
    names = typists.others_at_desk(by=access.actor())
    if not names:
        return N_(
            "You agreed that this person begins anew. Another one of the duty desk types the words, and who could "
            "cannot work now: %(names)s. It waits for them: nobody becomes both hands because the other was stopped.",
            names=", ".join(typists.waited_for_at_desk(by=access.actor())),
        )
    return N_(
        "You agreed that this person begins anew. Another one of the duty desk speaks with them, and types the words: "
        "one who was deceived must not be both hands. Who can: %(names)s.",
        names=", ".join(names),
    )


def _agreed_beside(error: AgreedBeside) -> str:
    if error.at is not None:
        return N_(
            "You agreed that another one of this organisation begins anew, and the same hand asked for that and "
            "invited this person. Nobody else of the duty desk can type the words now: you type them from "
            "%(moment)s on.",
            moment=formats.moment(error.at, current_language()),
        )
    return N_(
        "You agreed that another one of this organisation begins anew, and the same hand asked for that and "
        "invited this person: one who was deceived must not let in both. Another one of the duty desk speaks with this "
        "person, and types the words. Who can: %(names)s.",
        names=", ".join(
            typists.others_at_desk(by=access.actor()) or typists.waited_for_at_desk(by=access.actor()),
        ),
    )


def _own_link(member_id: uuid.UUID) -> str:
    names = ", ".join(typists.who_may_type(member_id, by=access.actor()))
    if not names:
        return N_(
            "You let this person begin anew, or are one hand with who did. Another colleague speaks with them, and "
            "types the words."
        )
    return N_(
        "You let this person begin anew, or are one hand with who did. Another colleague speaks with them, and types "
        "the words. Who can: %(names)s.",
        names=names,
    )


def _one_hand(member_id: uuid.UUID) -> str:
    names = ", ".join(typists.who_may_type(member_id, by=access.actor()))
    if not names:
        return N_(
            "Somebody typed these words already, and you are one hand with them: one of you let the other in, or a "
            "third alone let in both. Nobody else here can type them now: call the duty desk."
        )
    return N_(
        "Somebody typed these words already, and you are one hand with them: one of you let the other in, or a third "
        "alone let in both. Another hand is needed. Who can: %(names)s.",
        names=names,
    )


def _is_outside(member_id: uuid.UUID) -> bool:
    """Whether the person is of another organisation, and their words are the actor's to type after a call back."""
    try:
        return not store.one(member_id, by=access.actor()).own
    except NotVisible:
        return False


def _type_page(member_id: uuid.UUID, form: TypeWordsForm, status: int) -> Answer:
    by = access.actor()
    try:
        purpose = actions.check(member_id, called_back=True, by=by)
    except CannotVouch as error:
        return _refused(error, member_id)
    except NoOccasion:
        return errors.error_page(409, NO_OCCASION)
    if purpose is WordPurpose.FOUNDED:
        line = next((each for each in store.founders(by=by) if each.member_id == member_id), None)
    else:
        line = store.one(member_id, by=by)
    around = deeds.of_words(member_id, by=by) if purpose is not WordPurpose.FOUNDED else None
    if purpose is WordPurpose.ANEW:
        form.of_anew()
    elif around is not None:
        form.of_invited()
    if line is None:
        raise NotVisible
    page = render_template(
        "accounts/words/type.html",
        line=line,
        form=form,
        purpose=purpose,
        around=around,
        happenings=HAPPENINGS,
        act_words=ACT_WORDS,
        roles=ROLE_LABELS,
        role=ROLE_LABELS.get(line.role, ""),  # type: ignore[call-overload]
        holds_keys=by.kind is not None and by.kind.holds_keys,
        spelling=spelling(current_language()),
    )
    return page, status
