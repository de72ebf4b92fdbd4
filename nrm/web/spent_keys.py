"""What somebody meets who would seal something to a key that a colleague held who left: nothing is sealed, and what was
typed is kept. One of their own organisation makes the new key with the next press, and the form goes on. The same for
a party that takes no part for 72 hours, without that press.

Decided in ADR 0114 and ADR 0115.
"""

from __future__ import annotations

from flask import Flask, request

from nrm.actions.accounts import accounts, sealing_again
from nrm.domain.accounts.accounts import Permission
from nrm.domain.referrals.crossing_points import POSTS
from nrm.domain.words import N_
from nrm.store import names
from nrm.store.countries import country
from nrm.web import errors, places, sessions
from nrm.web.language import gettext, text_in

_GOES_ON = "renew_first"
OWN = N_(
    "Nothing was sealed yet: somebody left who held the key of your organisation, and the new key is not made. With "
    "your password it is made now, and then this form is sent."
)
UNNAMED = N_(
    "Nothing was sealed and nothing is done: where this would be read somebody left who held the key, and nobody there "
    "has made the new one yet. Call the duty desk; one press there is enough. Then send this again: go back, it is "
    "still in the form."
)

OUT_UNNAMED = N_(
    "Nothing was sealed and nothing is done: where this would be read nobody takes part now. Call the duty desk. What "
    "you typed is still in the form: go back."
)


def goes_on() -> bool:
    """Whether the form comes from the page of a spent key, and makes the new one first."""
    return _GOES_ON in request.form


def renew_first(visitor: accounts.SignedIn) -> errors.Answer | None:
    """Ask for a fresh proof and make the new key; None when that is done and the form can go on."""
    answer = sessions.ask_again(visitor)
    if answer is None:
        sealing_again.renew_spent_keyring(by=visitor.actor)
    return answer


def _spent(error: accounts.KeyringSpent) -> errors.Answer:
    visitor = sessions.visitor_or_none()
    own = visitor is not None and visitor.actor.organisation_id == error.organisation_id
    if own and visitor is not None and visitor.actor.may(Permission.ACCOUNT_CONFIRM) and _can_be_sent_again():
        fields = [*sessions.fields_of_form(), (_GOES_ON, "1")]
        return sessions.proof_page(visitor, address=places.here(), fields=fields, status=409, message=gettext(OWN))
    # A post is not told which shelter it is (ADR 0106).
    if visitor is not None and visitor.actor.kind in POSTS and not own:
        return errors.error_page(409, gettext(UNNAMED))
    organisation = names.organisation(error.organisation_id)
    name = text_in(organisation.names)
    telephone = organisation.telephone or country().emergency.helpline
    words = gettext(
        "Nothing was sealed and nothing is done: somebody left %(name)s who held its key, and nobody there has made "
        "the new one yet. Call them (%(telephone)s) or the duty desk; one press of theirs is enough, on the page Keys. "
        "Then send this again: go back, it is still in the form.",
        name=name,
        telephone=telephone,
    )
    return errors.error_page(409, words)


def _takes_no_part(error: accounts.PartyTakesNoPart) -> errors.Answer:
    visitor = sessions.visitor_or_none()
    if visitor is not None and visitor.actor.kind in POSTS:
        return errors.error_page(409, gettext(OUT_UNNAMED))
    organisation = names.organisation(error.organisation_id)
    words = gettext(
        "Nothing was sealed and nothing is done: two duty officers said that %(name)s takes no part for 72 hours. Call "
        "the duty desk. What you typed is still in the form: go back.",
        name=text_in(organisation.names),
    )
    return errors.error_page(409, words)


def _can_be_sent_again() -> bool:
    """Whether all of the form is fields: a file would have to be chosen again. Never twice."""
    return request.method == "POST" and not request.files and not goes_on()


def register(app: Flask) -> None:
    """Answer for every page that seals something."""
    app.register_error_handler(accounts.KeyringSpent, _spent)
    app.register_error_handler(accounts.PartyTakesNoPart, _takes_no_part)
