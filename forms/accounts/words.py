"""What people type while somebody reads words to them, and about a lost telephone."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Self

from wtforms import BooleanField, Field, PasswordField, StringField
from wtforms.validators import InputRequired

from forms.typed import OnceForm
from nrm.domain.words import N_

AGAIN = (
    N_("First word: let it be read again, it is another one"),
    N_("Second word: let it be read again, it is another one"),
    N_("Third word: let it be read again, it is another one"),
    N_("Fourth word: let it be read again, it is another one"),
)


SPOKE_WITH_OWNER = N_(
    "I saw the person whose account this is, or called them at a number of their own that was known before. They told "
    "me themselves that password and recovery code are lost"
)


SPOKE_WITHOUT_INVITER = N_(
    "I saw the person, or called them at a number of their own that was known before, or spoke, at the number in the "
    "agreement, with somebody who did not invite them; and know who spoke"
)


class TypeWordsForm(OnceForm):
    """Four words, one in each field."""

    first = StringField(N_("First word"))
    second = StringField(N_("Second word"))
    third = StringField(N_("Third word"))
    fourth = StringField(N_("Fourth word"))
    called_back = BooleanField(
        N_("I called the number that was known of this organisation before, and know who spoke"),
    )

    def of_anew(self) -> Self:
        """With the tick for who begins anew: not the organisation is called, but the person."""
        self.called_back.label.text = SPOKE_WITH_OWNER
        return self

    def of_invited(self) -> Self:
        """With the tick for whom a colleague invited, who may answer at the number of the organisation."""
        self.called_back.label.text = SPOKE_WITHOUT_INVITER
        return self

    @property
    def words(self) -> list[Field]:
        """The fields of the words, in their order."""
        return [self.first, self.second, self.third, self.fourth]

    @property
    def typed(self) -> list[str]:
        """What was typed into them."""
        return [(field.data or "")[:100] for field in self.words]

    def mark(self, wrong: Iterable[int]) -> None:
        """Say which words are to be read again."""
        for number in wrong:
            self.words[number].errors = [AGAIN[number]]


class AgreeToAnewForm(OnceForm):
    """The second hand that lets somebody begin anew: a colleague, or the duty desk after a call back."""

    sure = BooleanField(SPOKE_WITH_OWNER)


class LostTelephoneForm(OnceForm):
    """Who has lost a telephone: the sign-in name and the password."""

    login = StringField(N_("Sign-in name"), validators=[InputRequired(N_("Enter a sign-in name"))])
    password = PasswordField(N_("Password"), validators=[InputRequired(N_("Enter your present password"))])
