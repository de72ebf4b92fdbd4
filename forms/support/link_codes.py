"""What the police type to tie a number of theirs to a link code."""

from __future__ import annotations

from wtforms import StringField, ValidationError
from wtforms.validators import DataRequired

from forms.typed import OnceForm, PlainText
from nrm.domain.support.link_codes import (
    LONGEST_NUMBER,
    LinkRefusal,
    MistypedCode,
    MistypedNumber,
    parse_code,
    parse_number,
)
from nrm.domain.words import N_

REFUSED = {
    LinkRefusal.NO_YES: N_("The person has not said yes to a link code, or not any more. The shelter asks the person."),
    LinkRefusal.STANDS: N_("There is a link code already."),
}


class TieNumberForm(OnceForm):
    """The code that the prosecution gave, and the police's own number."""

    code = StringField(
        N_("Link code"),
        description=N_("Sixteen letters and figures, as the prosecution gave them"),
        validators=[PlainText(60)],
    )
    number = StringField(
        N_("Number of your case"),
        description=N_("As in your register, for example PP 1234/2026. The prosecution sees it; nobody else does."),
        validators=[DataRequired(N_("Enter the number of your case")), PlainText(LONGEST_NUMBER)],
    )

    def validate_number(self, field: StringField) -> None:
        """A number, and no name beside it."""
        try:
            parse_number(field.data or "")
        except MistypedNumber:
            raise ValidationError(
                N_("Enter the number alone: capital letters of the register, figures, and / between")
            ) from None

    def validate_code(self, field: StringField) -> None:
        """What cannot be a code at all is no try."""
        try:
            parse_code(field.data or "")
        except MistypedCode:
            raise ValidationError(N_("Enter the sixteen letters and figures of the link code")) from None

    @property
    def parsed(self) -> str:
        """The code of a valid form, as it is written."""
        return parse_code(self.code.data or "")
