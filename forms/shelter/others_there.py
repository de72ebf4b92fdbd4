"""What a case worker tells one desk of others who are still there, and why somebody there opens it."""

from __future__ import annotations

from collections.abc import Collection

from wtforms import BooleanField, RadioField, StringField
from wtforms import ValidationError as Wrong
from wtforms.validators import InputRequired, Optional

from forms import SelectChoice
from forms.shelter.cases import PURPOSE_LABELS
from forms.typed import Offered, OnceForm, PlainText
from nrm.domain.shelter.cases import Purpose
from nrm.domain.shelter.others_there import (
    HOW_MANY,
    KNOWN,
    LONGEST_LINE,
    LONGEST_PLACE,
    OthersRefusal,
    StillThere,
    says_who,
)
from nrm.domain.words import N_

HOW_MANY_LABELS = {
    "1": N_("One person"),
    "2_5": N_("Two to five"),
    "6_10": N_("Six to ten"),
    "over_10": N_("More than ten"),
    "unknown": N_("Not known"),
}
KNOWN_LABELS = {"yes": N_("Yes"), "no": N_("No"), "unknown": N_("Not known")}
FIELD_LABELS = {
    "place": N_("Where are they?"),
    "how_many": N_("How many are there?"),
    "children": N_("Are children among them?"),
    "danger": N_("Are they in danger today?"),
    "line": N_("What else must be known, in one line"),
}
REFUSED = {
    OthersRefusal.NOT_WANTED: N_("The first talk does not say that the person wants it told. Ask, and write it there."),
    OthersRefusal.STANDS: N_("It was told already. To tell it anew, take it back first."),
    OthersRefusal.NO_DESK: N_("Nobody at that desk can open it yet. Call the number."),
}
PURPOSES = (Purpose.SAFETY, Purpose.CHILD_PROTECTION, Purpose.COURT)
_SAYS_WHO = N_("Leave out codes, and the name of your organisation: they would say who told it")


class TellOthersForm(OnceForm):
    """Coded, with one line; and the person's yes to this desk by name."""

    place = StringField(
        FIELD_LABELS["place"], validators=[InputRequired(N_("Enter where they are")), PlainText(LONGEST_PLACE)]
    )
    how_many = RadioField(
        FIELD_LABELS["how_many"],
        choices=[SelectChoice(value=each, label=HOW_MANY_LABELS[each]) for each in HOW_MANY],
        validators=[Offered(N_("Choose how many"))],
        validate_choice=False,
    )
    children = RadioField(
        FIELD_LABELS["children"],
        choices=[SelectChoice(value=each, label=KNOWN_LABELS[each]) for each in KNOWN],
        validators=[Offered(N_("Choose whether children are among them"))],
        validate_choice=False,
    )
    danger = RadioField(
        FIELD_LABELS["danger"],
        choices=[SelectChoice(value=each, label=KNOWN_LABELS[each]) for each in KNOWN],
        validators=[Offered(N_("Choose whether they are in danger today"))],
        validate_choice=False,
    )
    line = StringField(FIELD_LABELS["line"], validators=[Optional(), PlainText(LONGEST_LINE)])
    agreed = BooleanField(
        N_("The person was told who reads this, by name, and says yes"),
        validators=[InputRequired(N_("Tick that the person says yes; without it nobody is told"))],
    )
    names: Collection[str] = ()
    """What the organisation is called; none of it may stand in what is told."""

    def validate_place(self, field: StringField) -> None:
        """Nothing that says who told it."""
        if says_who(field.data or "", self.names):
            raise Wrong(_SAYS_WHO)

    validate_line = validate_place

    @property
    def there(self) -> StillThere:
        """What is told, of a valid form."""
        return StillThere(
            (self.place.data or "").strip(),
            str(self.how_many.data),
            str(self.children.data),
            str(self.danger.data),
            (self.line.data or "").strip(),
        )


class OpenOthersForm(OnceForm):
    """Why somebody opens it."""

    purpose = RadioField(
        N_("Why do you open it?"),
        choices=[SelectChoice(value=str(each), label=PURPOSE_LABELS[each]) for each in PURPOSES],
        validators=[Offered(N_("Choose why you open it"))],
        validate_choice=False,
    )
