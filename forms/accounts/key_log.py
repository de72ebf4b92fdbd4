"""What somebody confirms who signs in the key log what others proposed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from wtforms import BooleanField, StringField
from wtforms.validators import DataRequired, InputRequired

from forms.typed import OnceForm
from nrm.domain.accounts.words import GROUPS
from nrm.domain.words import N_


class AgreeForm(OnceForm):
    """The confirmation that what is signed was compared with what the people themselves say or signed on paper."""

    compared = BooleanField(
        N_("I compared this with the sheet they signed, or called them back at the number in the agreement"),
        validators=[DataRequired(N_("Compare it first; then tick the box"))],
    )


NOT_THE_WORDS = N_(
    "These are not the words of this founder: compare them with the sheet. If they are as on the sheet, do not agree, "
    "and call the duty desk: somebody has put other keys in their place"
)


class AttestForm(AgreeForm):
    """The same, with the words of the accession sheet of each founder, in the order of the page."""

    first = StringField(
        N_("Words of the first founder"),
        description=N_("The four words from the sheet they signed, or read to you on a call back."),
        validators=[InputRequired(N_("Type the four words of the sheet"))],
    )
    second = StringField(
        N_("Words of the second founder"), validators=[InputRequired(N_("Type the four words of the sheet"))]
    )

    def of(self, founders: int) -> AttestForm:
        """The form for so many founders: an office may have one."""
        if founders < len(self.words):
            del self.second
        return self

    @property
    def words(self) -> list[StringField]:
        """The fields of the words."""
        return [field for field in (self.first, getattr(self, "second", None)) if field is not None]

    @property
    def typed(self) -> Sequence[Sequence[str]]:
        """The four words of each founder, as they were typed."""
        return [(field.data or "")[:200].replace("-", " ").split() for field in self.words]

    def mark(self, wrong: Iterable[int]) -> None:
        """Say which founder's words are wrong; numbers of words go on from one founder to the next."""
        for place in {number // GROUPS for number in wrong}:
            self.words[place].errors = [NOT_THE_WORDS]
