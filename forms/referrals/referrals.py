"""What desks type about referrals."""

from __future__ import annotations

from wtforms import BooleanField, HiddenField, RadioField, SelectField, SelectMultipleField, StringField
from wtforms.validators import DataRequired, InputRequired

from forms import SelectChoice
from forms.interviews.by_name import ByNameForm
from forms.typed import Offered, OnceForm, PlainText
from nrm.domain.referrals.referrals import DeclineReason, Escort, OverrideReason, ReferralStatus
from nrm.domain.words import N_, Phrase

STATUS_LABELS = {
    ReferralStatus.SENT: N_("waits for an answer"),
    ReferralStatus.ACCEPTED: N_("accepted"),
    ReferralStatus.DECLINED: N_("declined"),
    ReferralStatus.WITHDRAWN: N_("withdrawn"),
    ReferralStatus.EXPIRED: N_("no answer in time"),
    ReferralStatus.ARRIVED: N_("arrived"),
    ReferralStatus.NOT_ARRIVED: N_("did not arrive"),
    ReferralStatus.CALLED_OFF: N_("called off"),
    ReferralStatus.MISTAKEN: N_("accepted by mistake"),
}
DECLINE_LABELS = {
    DeclineReason.FULL: N_("No free place"),
    DeclineReason.CANNOT_KEEP_SAFE: N_("We cannot keep the person safe"),
    DeclineReason.CANNOT_MEET_NEED: N_("We cannot meet a need"),
    DeclineReason.PERSON_DOES_NOT_WISH: N_("The person does not wish it"),
    DeclineReason.CONFLICT_WITH_RESIDENT: N_("Conflict with somebody who lives here"),
    DeclineReason.OTHER: N_("Another reason"),
}
OVERRIDE_LABELS = {
    OverrideReason.SAFETY: N_("Safety"),
    OverrideReason.PERSON_WISHES: N_("The person's wish"),
    OverrideReason.KEEP_FAMILY_TOGETHER: N_("To keep a family together"),
    OverrideReason.MEDICAL_NEED: N_("A medical need"),
    OverrideReason.LONGER_REINTEGRATION: N_("Longer reintegration"),
    OverrideReason.CONFLICT_WITH_RESIDENT: N_("Conflict with somebody who lives there"),
    OverrideReason.NO_ROAD_TONIGHT: N_("No way to travel tonight"),
    OverrideReason.NO_ANSWER_IN_TIME: N_("No answer in time"),
    OverrideReason.OTHER: N_("Another reason"),
}
ESCORT_LABELS = {
    Escort.WOMAN_OFFICER: N_("A woman officer"),
    Escort.WOMAN_STAFF: N_("A woman of the shelter"),
    Escort.WOMAN_SOCIAL_WORKER: N_("A woman social worker"),
    Escort.MAN_OFFICER: N_("A man officer"),
    Escort.MAN_STAFF: N_("A man of the shelter"),
    Escort.MAN_SOCIAL_WORKER: N_("A man social worker"),
}
EXPECTED_HOURS = (1, 2, 4, 8, 12, 24)


class AcceptReferralForm(OnceForm):
    """Which place is kept, and when the person is expected."""

    bed = SelectField(
        N_("Place"),
        validators=[InputRequired(N_("Choose a free place")), Offered(N_("Choose a free place"))],
        validate_choice=False,
    )
    expected = SelectField(
        N_("Expected to arrive"),
        choices=[
            SelectChoice(value="", label=N_("Not known yet")),
            *(
                SelectChoice(
                    value=str(each),
                    label=N_("Within %(hours)s hours", hours=each) if each > 1 else N_("Within an hour"),
                )
                for each in EXPECTED_HOURS
            ),
        ],
        default="",
        validators=[Offered(N_("Choose when the person is expected"))],
        validate_choice=False,
    )


class PromiseReferralForm(OnceForm):
    """Who said yes by telephone."""

    name = StringField(
        N_("Who promised it?"),
        description=N_("The name of the colleague you spoke with, never of the person."),
        validators=[DataRequired(N_("Enter the name of the colleague who promised it")), PlainText(60)],
    )


def expected_within(question: Phrase, *, or_unknown: bool = False) -> RadioField:
    """In how many hours they arrive; `or_unknown`: that nobody knows it yet is an answer, too."""
    return RadioField(
        question,
        choices=[
            *([SelectChoice(value="", label=N_("Not known yet"))] if or_unknown else ()),
            *(
                SelectChoice(
                    value=str(each),
                    label=N_("Within %(hours)s hours", hours=each) if each > 1 else N_("Within an hour"),
                )
                for each in EXPECTED_HOURS
            ),
        ],
        validators=[Offered(N_("Choose when they should arrive"))],
        validate_choice=False,
    )


class DepartReferralForm(OnceForm):
    """Who goes with the person, and when they should be there."""

    escort = RadioField(
        N_("Who escorts the person?"), validators=[Offered(N_("Choose who escorts the person"))], validate_choice=False
    )
    expected = expected_within(N_("When should they arrive?"))
    without = BooleanField(N_("They set off without a meeting place"))
    """Shown and asked for once, where the shelter has not said where it meets them."""
    seen = HiddenField()  # what was recorded when the page was loaded
    met = HiddenField()  # the mark of where the shelter had said by then that it meets them; empty before it did
    known = HiddenField()  # the mark of what the page showed of it, or asked about once because nobody had read it


class DeclineReferralForm(OnceForm):
    """Why the party says no."""

    reason = RadioField(
        N_("Why do you decline?"),
        choices=[SelectChoice(value=str(code), label=label) for code, label in DECLINE_LABELS.items()],
        validators=[Offered(N_("Choose why you decline"))],
        validate_choice=False,
    )
    though_free = BooleanField(N_("Decline all the same: none of the free places is for this person"))
    """Shown and asked for once, where places are free and the reason is that none is."""


class PlaceReferralForm(ByNameForm):
    """Whom somebody decides to ask, against or along the stored route."""

    receiver = RadioField(
        N_("Who receives the person?"),
        validators=[Offered(N_("Choose who receives the person"))],
        validate_choice=False,
    )
    reason = RadioField(
        N_("Why this shelter?"),
        description=N_("Why you ask this shelter and no other."),
        choices=[SelectChoice(value=str(code), label=label) for code, label in OVERRIDE_LABELS.items()],
        validators=[Offered(N_("Choose why this shelter"))],
        validate_choice=False,
    )
    anyway = BooleanField(
        N_("I called there: somebody will hold the key, and takes the person in"),
        description=N_("This shelter cannot accept anybody yet: too few people there hold its key."),
    )
    though_unsafe = BooleanField(
        N_("I called there: the person can be kept safe there now"),
        description=N_("This shelter said of this person: “We cannot keep the person safe”."),
    )
    """Shown and asked for once, where the one that is chosen said so in this case; `unsafe_of` is that one."""
    unsafe_of = HiddenField()
    go_on_reading = SelectMultipleField(
        N_("Who may go on reading a part after the move?"),
        description=N_("Ask the person. Who is not ticked stops reading now."),
        validate_choice=False,
    )
