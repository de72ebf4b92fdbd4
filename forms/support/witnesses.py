"""What the witness liaison types about witnesses who are no victims."""

from __future__ import annotations

from wtforms import BooleanField, RadioField, StringField
from wtforms.validators import DataRequired

from forms.typed import Offered, OnceForm, PlainText
from nrm.domain.support.witnesses import LONGEST_REFERENCE
from nrm.domain.words import N_


class EnterWitnessForm(OnceForm):
    """Two codes for the report, and by what the prosecution knows the person."""

    reference = StringField(
        N_("By what do you know this witness?"),
        description=N_("Your file number, for example. It is sealed: only your organisation opens it."),
        validators=[DataRequired(N_("Enter by what you know this witness")), PlainText(LONGEST_REFERENCE)],
    )
    gender = RadioField(N_("Gender"), validators=[Offered(N_("Choose the gender"))], validate_choice=False)
    age_class = RadioField(
        N_("Child or adult"), validators=[Offered(N_("Choose child or adult"))], validate_choice=False
    )

    another = BooleanField(N_("It is another person, known to us by the same"))


SAME_REFERENCE = N_(
    "A witness is known to you by this already: look at that record first. Is it another person? Tick it"
)


class CorrectWitnessForm(EnterWitnessForm):
    """What was entered, corrected: by what the prosecution knows the person stays as it is where nothing is typed."""

    reference = StringField(
        N_("By what do you know this witness?"),
        description=N_("Leave it empty if it stays as it is. It is sealed: only your organisation opens it."),
        validators=[PlainText(LONGEST_REFERENCE)],
    )


SAY_IT = N_("Read what still speaks against it, and tick that it is destroyed all the same")


class EndWitnessForm(OnceForm):
    """That the record of a witness is destroyed although something speaks against it."""

    despite = BooleanField(N_("I have read this: the proceedings are over all the same"))
