"""What people type about consent: what the person said to each question, and what they take back."""

from __future__ import annotations

from wtforms import BooleanField, HiddenField, RadioField, SelectMultipleField, StringField, ValidationError
from wtforms.validators import DataRequired

from forms import SelectChoice
from forms.accounts.second_hands import SignedForm
from forms.names import language_code
from forms.typed import Offered, OnceForm, PlainText
from nrm.domain.shelter.consents import Ended, Interpreter, Naming, Said, Topic, Weighed
from nrm.domain.words import N_

TOPIC_LABELS = {
    Topic.SERVICES: N_("Help"),
    Topic.SHARING: N_("Telling and keeping"),
    Topic.STATISTICS: N_("Being counted, without a name"),
    Topic.WISH: N_("What the child wishes"),
    Topic.LINK: N_("A link code for the police"),
}
SAID_LABELS = {
    Said.GIVEN: N_("yes"),
    Said.REFUSED: N_("no"),
    Said.AGREES: N_("wants what is planned"),
    Said.AGAINST: N_("does not want what is planned"),
    Said.UNSAID: N_("could not or would not say"),
}
WEIGHED_LABELS = {
    Weighed.FOLLOWED: N_("It is followed"),
    Weighed.NOT_SAFE: N_("It is not followed: it would not be safe"),
    Weighed.TOO_YOUNG: N_("It is not followed: the child is too young to see what follows"),
    Weighed.OTHER_INTEREST: N_("It is not followed: something else is better for the child"),
}
NAMING_LABELS = {
    Naming.NAMED: N_("Named to the person"),
    Naming.STRUCK_OUT: N_("Struck out by the person"),
    Naming.TOLD: N_("Told"),
}
ENDED_LABELS = {
    Ended.WITHDRAWN: N_("taken back"),
    Ended.LAPSED: N_("ran out, or the case was closed"),
    Ended.ASKED_AGAIN: N_("asked again"),
}
INTERPRETER_LABELS = {
    Interpreter.NOBODY: N_("No interpreter was needed"),
    Interpreter.PRESENT: N_("An interpreter was here"),
    Interpreter.TELEPHONE: N_("An interpreter by telephone"),
}
YES_NO = (SelectChoice(value="yes", label=N_("Yes")), SelectChoice(value="no", label=N_("No")))


def _yes_no(label: str, missing: str, hint: str = "") -> RadioField:
    return RadioField(
        label, description=hint, choices=list(YES_NO), validators=[Offered(missing)], validate_choice=False
    )


class HowAskedForm(OnceForm):
    """In which language it was asked, and through whom."""

    language = StringField(N_("Language in which you asked"), validators=[PlainText(60)])
    interpreter = RadioField(
        N_("Interpreter"),
        choices=[SelectChoice(value=str(each), label=label) for each, label in INTERPRETER_LABELS.items()],
        validators=[Offered(N_("Choose how it was interpreted"))],
        validate_choice=False,
    )

    def validate_language(self, field: StringField) -> None:
        """A language by its name or code; `language_code` of a valid form."""
        if language_code((field.data or "")[:60]) is None:
            raise ValidationError(N_("Enter the name of a language, for example Romanian"))

    @property
    def language_code(self) -> str:
        """Of a valid form."""
        return language_code(self.language.data or "") or ""


class AskConsentForm(HowAskedForm):
    """Each question separately: the person may refuse any of them."""

    FIRST = ("services", "sharing", "struck", "statistics")

    services = _yes_no(
        N_("Does the person accept the help that is offered?"), N_("Choose whether the person accepts the help")
    )
    sharing = _yes_no(
        N_("May what the person told be kept, and told to the organisations named?"),
        N_("Choose whether what the person told may be kept and told"),
        N_("After a no everything that is kept under seal is destroyed"),
    )
    struck = SelectMultipleField(N_("Which organisations must not know?"), choices=[], validate_choice=True)
    statistics = _yes_no(
        N_("Does the person agree to be counted in statistics, without a name?"),
        N_("Choose whether the person agrees to be counted"),
    )


LINK_IS_DESTROYED = N_("Read what a no destroys, and tick that the person says no all the same")


class AskLinkForm(HowAskedForm):
    """Whether the person agrees to a code by which the police tie a number of theirs to the case at the prosecution.
    `stands`: how it stood when the page was shown."""

    FIRST = ("link", "sure")

    link = _yes_no(N_("Does the person agree to a link code?"), N_("Choose whether the person agrees to a link code"))
    sure = BooleanField(N_("The person knows that the code and the number are destroyed, and says no"))
    stands = HiddenField()


class WeighWishForm(HowAskedForm):
    """A child is not asked to consent: what it wishes is heard and weighed."""

    wish = RadioField(
        N_("What does the child say to what is planned?"),
        choices=[
            SelectChoice(value=str(each), label=SAID_LABELS[each]) for each in (Said.AGREES, Said.AGAINST, Said.UNSAID)
        ],
        validators=[Offered(N_("Choose what the child says"))],
        validate_choice=False,
    )
    weighed = RadioField(
        N_("What becomes of the wish?"),
        choices=[SelectChoice(value=str(each), label=label) for each, label in WEIGHED_LABELS.items()],
        validate_choice=False,
    )

    def validate_weighed(self, field: RadioField) -> None:
        """A wish that was said is weighed."""
        if self.wish.data in (Said.AGREES, Said.AGAINST):
            Offered(N_("Choose what becomes of the wish"))(self, field)


class WithdrawConsentForm(SignedForm):
    """What is taken back (`everything`, or a topic with the party of a sharing after a colon)."""

    what = RadioField(
        N_("What does the person take back?"),
        validators=[Offered(N_("Choose what the person takes back"))],
        validate_choice=False,
    )
    told = BooleanField(
        N_("The person was told what follows, and wants it"),
        validators=[DataRequired(N_("Tick that the person was told what follows"))],
    )
